"""The scores of one question worked out literally: plain loops over every stretch in which nothing changes.

Slow on purpose, and sharing no line with the engine: it asks anew for every stretch who stands there, and writes the
definitions of SCORING 2 and 3 down as they read. Beside it, made-up questions on which whatever can coincide does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, nan
from math import log as ln
from statistics import median
from typing import Any

import numpy as np
from hypothesis import strategies as st

from forecasts.timeline import NEVER, Acts, Mask, Window
from questions.shape import Vector

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR

PERSONS = (-4, 2, 3, 9, 70)
OUTSIDERS = (5, 41)


@dataclass(frozen=True)
class Plain:
    """What one forecaster gets on one question; see Assessment in forecasts/scoring.py.

    loss       the integral of the own loss over standing time, divided by the scheduled window
    peer       the same of the mean loss of the other standing base members minus the own; 0 where there are none
    beside     the same of the yardstick's loss over the own standing time; the own loss where it did not stand
    coverage   standing time divided by the scheduled window
    presence   standing time divided by the realised window; NaN where that is empty
    last       which act stood to the end; -1 where none did
    """

    loss: float
    peer: float
    beside: float
    coverage: float
    presence: float
    last: int


def score(
    acts: Acts, base: Mask, window: Window, losses: Vector, yardstick: int | None = None
) -> dict[int, Plain]:  # fmt: skip
    """Everybody's scores on one question, by forecaster; whoever never stood is there with a coverage of 0.

    base       (n,) which acts are those of members of the crowd's base
    losses     (n,) what each act costs if the outcome is what happened; NaN for withdrawals
    yardstick  the forecaster whose loss is `beside`; without one, the own loss is
    """
    members = {int(who) for who in acts.forecaster[base]}
    spans = list(stretches(acts, window))
    return {
        who: _one(who, members, spans, window, losses.tolist(), yardstick)
        for who in sorted({int(who) for who in acts.forecaster})
    }


def _one(
    who: int,
    members: set[int],
    spans: list[tuple[int, int, dict[int, int]]],
    window: Window,
    losses: list[float],
    yardstick: int | None,
) -> Plain:
    lost, gained, beside, stood, last = [], [], [], 0, -1
    for start, stop, held in spans:
        last = held.get(who, -1)
        if who not in held:
            continue
        own = losses[held[who]]
        others = [losses[row] for other, row in held.items() if other in members and other != who]
        stood += stop - start
        lost.append(own * (stop - start))
        gained.append((fsum(others) / len(others) - own) * (stop - start) if others else 0.0)
        beside.append((losses[held[yardstick]] if yardstick in held else own) * (stop - start))
    return Plain(
        loss=fsum(lost) / window.scheduled,
        peer=fsum(gained) / window.scheduled,
        beside=fsum(beside) / window.scheduled,
        coverage=stood / window.scheduled,
        presence=stood / window.realised if window.realised else nan,
        last=last,
    )


def stretches(acts: Acts, window: Window) -> Iterator[tuple[int, int, dict[int, int]]]:
    """Every longest stretch [start, stop) of the window without any act or expiry in it, and whose which act stands."""
    moments = {window.opens, window.end}
    moments |= {int(at) for at in [*acts.at, *acts.expires] if window.opens < at < window.end}
    rising = sorted(moments)
    for start, stop in pairwise(rising):
        yield start, stop, standing(acts, start)


def standing(acts: Acts, moment: int) -> dict[int, int]:
    """Which act of each forecaster stands at that moment: their latest by then, unless taken back or expired.

    Of two at the same moment the later in the journal is the latest.
    """
    latest: dict[int, int] = {}
    for row, (who, at) in enumerate(zip(acts.forecaster.tolist(), acts.at.tolist(), strict=True)):
        if at <= moment and (who not in latest or at >= acts.at[latest[who]]):
            latest[who] = row
    return {who: row for who, row in latest.items() if not acts.withdrawn[row] and acts.expires[row] > moment}


def half_brier(vector: Vector, outcome: int) -> float:
    """Half the sum of the squared differences."""
    return fsum((p - (place == outcome)) ** 2 for place, p in enumerate(vector.tolist())) / 2


def ranked(vector: Vector, outcome: int) -> float:
    """The mean over the k - 1 cuts of (forecast at or below the cut - happened there)²."""
    cuts = range(len(vector) - 1)
    return fsum((fsum(vector[: cut + 1].tolist()) - (outcome <= cut)) ** 2 for cut in cuts) / len(cuts)


def log(vector: Vector, outcome: int, floor: float = 0.001) -> float:
    """The surprise in nats; no probability counts as less than the floor."""
    return -ln(max(vector[outcome], floor))


def baseline(vector: Vector, outcome: int, floor: float, ordered: bool, below: bool, above: bool) -> float:
    """Metaculus' baseline score at one instant: a reward, 0 for equal odds.

    ordered  whether these are bins; `below` and `above` whether the first and the last of them are open ends
    """
    said, size = max(vector[outcome], floor), len(vector)
    if not ordered:
        return 100 * ln(said * size) / ln(size)
    inside = size - below - above
    bases = [0.05] * below + [(1 - 0.05 * (below + above)) / inside] * inside + [0.05] * above
    return 50 * ln(said / bases[outcome])


@dataclass(frozen=True)
class Days:
    """Good Judgment's daily numbers of one forecaster; see Daily in forecasts/daily.py."""

    days: int
    mean: float
    accuracy: float


def daily(acts: Acts, base: Mask, window: Window, losses: Vector) -> dict[int, Days]:
    """Everybody's, by forecaster: a day by UTC counts by what stood in its last microsecond within the window."""
    midnights = [day * DAY for day in range(window.opens // DAY, window.end // DAY + 1)]
    ends = [at for at in midnights if window.opens < at < window.end] + [window.end] * (window.realised > 0)
    held = [{who: float(losses[row]) for who, row in standing(acts, end - 1).items()} for end in ends]
    members = {int(who) for who in acts.forecaster[base]}
    crowd = [[loss for who, loss in day.items() if who in members] for day in held]
    return {
        who: Days(
            days=sum(who in day for day in held),
            mean=_mean([day[who] for day in held if who in day]),
            accuracy=_accuracy([
                (day[who], median(theirs)) for day, theirs in zip(held, crowd, strict=True) if who in day and theirs
            ], len(ends)),
        )
        for who in sorted({int(who) for who in acts.forecaster})
    }  # fmt: skip


def _mean(values: list[float]) -> float:
    return fsum(values) / len(values) if values else nan


def _accuracy(compared: list[tuple[float, float]], days: int) -> float:
    """(The mean own loss less the mean of the crowd's median) times the share of the days."""
    if not compared:
        return nan
    own, theirs = zip(*compared, strict=True)
    return (_mean(list(own)) - _mean(list(theirs))) * len(compared) / days


def charged(acts: Acts, outcome: int, rule: Callable[[Vector, int], float] = half_brier) -> Vector:
    """What each act costs by that rule if `outcome` happened, (n,); NaN for withdrawals."""
    return np.array([nan if row[0] != row[0] else rule(row, outcome) for row in acts.probabilities])


@dataclass(frozen=True)
class Asked:
    """A made-up question: what was said on it, by whom, when it was scored and what happened."""

    acts: Acts
    base: Mask
    window: Window
    outcome: int


@st.composite
def questions(draw: st.DrawFn, size: int | None = None, most: int = 24, ordinary: bool = False) -> Asked:
    """Questions with nothing to most acts, in any order, many at one moment and at the window's very ends.

    Among them: withdrawals (of what does not stand, too), expiries (in the past, too), two acts of one forecaster at
    one moment, acts before the opening and after the end, persons and outsiders, and windows that end as they open.

    size      how many outcomes; 2 to 5 where none is given
    ordinary  whether the acts come in the order of their moments, as where nothing is imported
    """
    outcomes = size or draw(st.integers(2, 5))
    unit = draw(st.sampled_from([1, 7, HOUR, 5 * HOUR + 1_234_567]))
    first = draw(st.sampled_from([0, -20, 1_795_000_000_123_456]))
    end = draw(st.integers(10, 34))
    ticks = st.one_of(st.sampled_from([10, 30, end]), st.integers(0, 40))
    rows = draw(st.lists(_acts(outcomes, ticks), max_size=most))
    rows = sorted(rows, key=lambda row: row[1]) if ordinary else rows
    window = Window.until(first + 10 * unit, first + 30 * unit, first + end * unit)
    acts = _columns(rows, outcomes, unit, first)
    return Asked(acts, np.isin(acts.forecaster, PERSONS), window, draw(st.integers(0, outcomes - 1)))


def _acts(outcomes: int, ticks: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[Any, ...]]:
    """(forecaster, tick, weights or None to withdraw, ticks until it expires or None)."""
    weights = st.lists(st.integers(0, 9), min_size=outcomes, max_size=outcomes).filter(any)
    said = st.one_of(weights, weights, weights, st.none())
    return st.tuples(st.sampled_from(PERSONS + OUTSIDERS), ticks, said, st.one_of(st.none(), st.integers(-2, 15)))


def _columns(rows: list[tuple[Any, ...]], outcomes: int, unit: int, first: int) -> Acts:
    vectors = [np.full(outcomes, np.nan) if said is None else np.array(said) / sum(said) for _, _, said, _ in rows]
    lapses = [NEVER if ticks is None else first + (at + ticks) * unit for _, at, _, ticks in rows]
    return Acts(
        forecaster=np.array([who for who, _, _, _ in rows], dtype=np.int64),
        at=np.array([first + at * unit for _, at, _, _ in rows], dtype=np.int64),
        probabilities=np.array(vectors, dtype=np.float64).reshape(-1, outcomes),
        withdrawn=np.array([said is None for _, _, said, _ in rows], dtype=bool),
        expires=np.array(lapses, dtype=np.int64),
    )
