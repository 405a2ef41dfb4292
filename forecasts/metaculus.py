"""Metaculus' leaderboards out of scores, so that a tournament that moves here finds its numbers again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from forecasts.timeline import Numbers
from questions.shape import Vector

SQUARED = ("peer_tournament", "spot_peer_tournament", "spot_baseline_tournament")
LEGACY = "relative_legacy_tournament"
BOARDS = (*SQUARED, LEGACY, "peer_global", "peer_global_legacy", "baseline_global")


@dataclass(frozen=True)
class Entry:
    """One forecaster's line.

    score      the weighted sum of scores, on the global peer boards divided by what stands in `entries`
    coverage   the weighted sum of coverages; on the legacy board their share of what could be covered
    take       what prizes are shared out by; None on boards without prizes
    rank       1 is the best; of somebody who is excluded the rank that it would have
    prize      its share of the prizes, 0 to 1
    questions  how many scores it has
    """

    forecaster: int
    score: float
    coverage: float
    take: float | None
    rank: int
    prize: float
    questions: int


def entries(
    board: str,
    forecaster: Numbers,
    score: Vector,
    coverage: Vector,
    weight: Vector,
    *,
    coverable: float = 1.0,
    excluded: Collection[int] = (),
    least_prize: float = 0.0,
) -> list[Entry]:
    """A board by one of BOARDS, the best first, over scores: four columns (c,), one row per forecaster and question.

    score      of the kind that the board is named for (log peer scores on a peer board, and so on)
    coverage   0 to 1
    weight     the question's
    coverable  the sum of the weights of all resolved questions; only the legacy board asks for it
    excluded   who takes nobody's place and no prize, such as bots
    least_prize  shares of the prizes below this one are not paid, but shared out among the others

    Global peer boards divide the sum by the coverage, but by 30 at least (the legacy one by the number of questions,
    but by 40 at least), so that a few lucky questions win nothing. In tournaments the take is the square of a positive
    score (in the legacy ones coverage · e^score), and prizes are shared out in proportion to it.

    >>> columns = np.array([7, 8]), np.array([30.0, 10.0]), np.ones(2), np.ones(2)
    >>> [(one.forecaster, one.take, one.prize) for one in entries("peer_tournament", *columns)]
    [(7, 900.0, 0.9), (8, 100.0, 0.1)]

    Source: the definitions in Metaculus' published scoring/utils.py.
    """
    if board not in BOARDS:
        raise ValueError(f"“{board}” is no board of Metaculus. Choose among {', '.join(BOARDS)}.")
    _require_shareable(coverable, score, coverage, weight)
    who, total, covered, count = _sums(board, forecaster, score, coverage, weight)
    covered = covered / (coverable if board == LEGACY else 1.0)
    take, out = _takes(board, total, covered), np.isin(who, list(excluded))
    prize = np.zeros(len(who)) if take is None else _prizes(np.where(out, 0.0, take), least_prize)
    by = take if board == LEGACY and take is not None else total
    order = np.lexsort((who, -by))
    takes = [None] * len(who) if take is None else take[order].tolist()
    placed = ranks(by[order].tolist(), out[order].tolist())
    columns = [column[order].tolist() for column in (who, total, covered)]
    rest = [column[order].tolist() for column in (prize, count)]
    return [Entry(*line) for line in zip(*columns, takes, placed, *rest, strict=True)]


def _require_shareable(coverable: float, *columns: Vector) -> None:
    if not (coverable > 0 and all(np.isfinite(column).all() for column in columns)):
        raise ValueError("A score, a coverage, a weight or what could be covered is no number that can be shared by.")


def ranks(falling: Sequence[float], excluded: Sequence[bool] = ()) -> list[int]:
    """The rank of each score, the largest first: who is as good as equal to the one before shares its rank.

    As good as equal is what numpy.isclose calls so, a hundred-thousandth of the score; our own boards ask for 1e-12.

    >>> ranks([10, 9.9999999999, 5])
    [1, 1, 3]
    """
    placed: list[int] = []
    place, out = 1, excluded or [False] * len(falling)
    for number, (score, skipped) in enumerate(zip(falling, out, strict=True)):
        level = number > 0 and bool(np.isclose(score, falling[number - 1]))
        placed.append(placed[-1] if level else place)
        place += not skipped
    return placed


def _sums(
    board: str, forecaster: Numbers, score: Vector, coverage: Vector, weight: Vector
) -> tuple[Numbers, Vector, Vector, Numbers]:
    """Who has scores, their score on this board, the weighted sum of their coverages, and how many scores they have."""
    who, place, count = np.unique(forecaster, return_inverse=True, return_counts=True)
    total, covered = (np.bincount(place, one * weight, len(who)).astype(np.float64) for one in (score, coverage))
    if board == "peer_global":
        total = total / np.maximum(30, covered)
    if board == "peer_global_legacy":
        total = total / np.maximum(40, count)
    return who, total, covered, count


def _takes(board: str, score: Vector, coverage: Vector) -> Vector | None:
    if board in SQUARED:
        return np.maximum(score, 0) ** 2
    return coverage * np.exp(score) if board == LEGACY else None


def _prizes(take: Vector, least: float) -> Vector:
    """Each one's share. Who would have less than `least` goes out, the smallest first, and the rest share anew."""
    order = np.argsort(take, kind="stable")
    left = np.cumsum(take[order][::-1])[::-1]  # what there is to share if only those before this one went out
    enough = take[order] >= least * left
    paid = np.zeros_like(take)
    first = int(np.argmax(enough)) if enough.any() else len(take)
    paid[order[first:]] = take[order[first:]]
    shares: Vector = paid / (paid.sum() or 1.0)
    return shares
