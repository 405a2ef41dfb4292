"""The receipt for a score: what somebody lost and earned on one question, day by day, up to the number on the board.

Every line is a stretch of time in which one forecast of theirs stood, within one day of UTC. A line's numbers follow
from each other by the formulas that Item gives, so that whoever doubts a score can add it up by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from forecasts.timeline import Acts, Mask, Numbers, Window, clipped
from questions.shape import Vector

DAY: Final = 24 * 3600 * 1_000_000


@dataclass(frozen=True)
class Item:
    """One line of a receipt; W is the scheduled window, losses are by the question's main rule.

    start, stop   the stretch [start, stop), in microseconds since the epoch
    act           which act stood: its row in the acts given
    loss          what that forecast costs; lower is better
    others        the mean loss of the others of the crowd's base, over the time in which some stood; NaN where none did
    crowd         the crowd's loss, the mean over the time in which it stood; NaN where it did not
    share         (stop - start) / W
    compared      the share of W within the stretch in which others of the base stood; at most `share`
    contribution  loss × share: what the line adds to the loss on the board
    gain          (others - loss) × compared, and 0 where no others stood: what it adds to the peer score on the board
    """

    start: int
    stop: int
    act: int
    loss: float
    others: float
    crowd: float
    share: float
    compared: float
    contribution: float
    gain: float


@dataclass(frozen=True)
class _Pieces:
    """The p stretches of a receipt, [start, stop), rising, and the act that stood: three columns (p,)."""

    start: Numbers
    stop: Numbers
    act: Numbers


def items(
    acts: Acts, base: Mask, window: Window, losses: Vector, forecaster: int, crowd: int
) -> list[Item]:  # fmt: skip
    """The lines of one forecaster's receipt for one question, in the order of time; none for who never stood.

    acts        n acts of everybody on the question, the crowd's among them
    base        (n,) which acts are those of members of the crowd's base
    losses      (n,) what each act costs by the main rule, now that the outcome is known; NaN for withdrawals
    forecaster  whose receipt it is, inside the base or outside it
    crowd       the id under which the crowd's own acts are among them

    The contributions add up to the loss on the board and the gains to the peer score, whatever others did meanwhile.
    """
    if not losses.shape == base.shape == acts.at.shape:
        raise ValueError(f"There are {len(acts.at)} acts, but losses {losses.shape} and a base {base.shape}.")
    start, stop = clipped(acts, window)
    stood = stop > start
    own = np.flatnonzero(stood & (acts.forecaster == forecaster))
    if not own.size:
        return []
    pieces = _pieces(start, stop, own)
    others, compared = _integrals(pieces, start, stop, losses, stood & base & (acts.forecaster != forecaster))
    beside, present = _integrals(pieces, start, stop, losses, stood & (acts.forecaster == crowd))
    length, loss = pieces.stop - pieces.start, losses[pieces.act]
    columns = {
        "start": pieces.start, "stop": pieces.stop, "act": pieces.act, "loss": loss,
        "others": _mean(others, compared), "crowd": _mean(beside, present),
        "share": length / window.scheduled, "compared": compared / window.scheduled,
        "contribution": loss * length / window.scheduled, "gain": (others - loss * compared) / window.scheduled,
    }  # fmt: skip
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [Item(**dict(zip(columns, row, strict=True))) for row in rows]


def _pieces(start: Numbers, stop: Numbers, own: Numbers) -> _Pieces:
    """What the acts `own` stood for, cut at every midnight."""
    cut = [(a, b, row) for row in own[np.argsort(start[own])].tolist() for a, b in _days(start[row], stop[row])]
    columns = np.array(cut, dtype=np.int64).reshape(-1, 3).T
    return _Pieces(*columns)


def _days(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The stretch [start, stop) day by day."""
    midnights = range((int(start) // DAY + 1) * DAY, int(stop), DAY)
    cuts = [int(start), *midnights, int(stop)]
    yield from pairwise(cuts)


def _integrals(
    pieces: _Pieces, start: Numbers, stop: Numbers, losses: Vector, chosen: Mask
) -> tuple[Vector, Numbers]:  # fmt: skip
    """For each piece (p,): the integral of the mean loss of the chosen acts that stand, and how long any did."""
    start, stop, losses = start[chosen], stop[chosen], losses[chosen]
    edges = np.unique(np.concatenate([start, stop, pieces.start, pieces.stop]))
    count, mean = _between(edges, start, stop, losses)
    length = np.where(count > 0, np.diff(edges), 0)
    place = np.searchsorted(pieces.start, edges[:-1], side="right") - 1
    within = (place >= 0) & (edges[:-1] < pieces.stop[place])
    integral, time = np.zeros(len(pieces.act)), np.zeros(len(pieces.act), dtype=np.int64)
    np.add.at(integral, place[within], (mean * length)[within])
    np.add.at(time, place[within], length[within])
    return integral, time


def _between(edges: Numbers, start: Numbers, stop: Numbers, losses: Vector) -> tuple[Numbers, Vector]:
    """How many stand between one edge and the next, and the mean of their losses, 0 where none does; edges hold all.

    Sums of floats would gather rounding dust with everybody who comes and goes. These are sums of whole numbers, in a
    unit so small that all the losses together just fit into 63 bits.
    """
    bits = 62 - len(losses).bit_length() - int(np.frexp(np.max(losses, initial=0))[1])
    whole = np.rint(np.ldexp(losses, bits)).astype(np.int64)
    begins, ends = np.searchsorted(edges, start), np.searchsorted(edges, stop)
    count, sums = np.zeros((2, len(edges)), dtype=np.int64)
    for where, step in ((begins, 1), (ends, -1)):
        np.add.at(count, where, step)
        np.add.at(sums, where, step * whole)
    standing = np.cumsum(count)[:-1]
    return standing, np.ldexp(np.cumsum(sums)[:-1] / np.maximum(standing, 1), -bits)


def _mean(integral: Vector, time: Numbers) -> Vector:
    return np.where(time > 0, integral / np.maximum(time, 1), np.nan)
