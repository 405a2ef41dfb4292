"""Whether what was said with 70% happened in 70 of 100 cases: plain bins for reading, and the pooled curve."""

from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasts.timeline import Numbers
from questions.shape import Vector

# In millionths. No whole percent lies on an edge, except 0 and 1.
_EDGES = np.array([0, *range(25_000, 1_000_000, 50_000), 1_000_000])
EDGES: Vector = _EDGES / 1_000_000


@dataclass(frozen=True)
class Dot:
    """One bin that holds any case: `count` forecasts p with low <= p < high (p <= 1 in the last).

    forecast   their mean
    frequency  the share of them that came true
    """

    low: float
    high: float
    count: int
    forecast: float
    frequency: float


@dataclass(frozen=True)
class Curve:
    """The pooled curve over the d distinct forecasts.

    forecast   (d,) the distinct forecasts, rising
    frequency  (d,) how often what was said like this came true, never falling
    count      (d,) how many cases there are of each
    """

    forecast: Vector
    frequency: Vector
    count: Numbers


def bins(p: Vector, y: npt.NDArray[Any]) -> list[Dot]:
    """The cases by bins of the forecast, rising; only bins that hold any.

    p  (n,) the probabilities of YES
    y  (n,) 1 where YES happened, else 0

    A forecast is compared with the edges as a whole number of millionths: a third time 0.1 is 0.30000000000000004,
    and must lie where a typed 0.3 lies.
    """
    _require_cases(p, y)
    bin_of = np.searchsorted(_EDGES[1:-1], np.rint(p * 1_000_000), side="right")
    return [_dot(int(number), p[bin_of == number], y[bin_of == number]) for number in np.unique(bin_of)]


def pooled(p: Vector, y: npt.NDArray[Any]) -> Curve:
    """The rising curve that lies nearest to what happened: equal forecasts pooled, then adjacent violators.

    Ties are pooled first, so that the curve cannot depend on the order of the cases.

    Source: T. Dimitriadis, T. Gneiting, A. I. Jordan, PNAS 118 (2021) e2016191118 (CORP).
    """
    _require_cases(p, y)
    forecast, place, count = np.unique(p, return_inverse=True, return_counts=True)
    happened = np.bincount(place[y == 1], minlength=len(forecast))
    return Curve(forecast, _rising(happened.tolist(), count.tolist()), count)


def _rising(happened: list[int], count: list[int]) -> Vector:
    """The never falling frequencies nearest to happened / count, by pooling neighbours that fall."""
    blocks: list[tuple[int, int, int]] = []  # how often it happened, of how many cases, over how many forecasts
    for new_true, new_cases in zip(happened, count, strict=True):
        true, cases, width = new_true, new_cases, 1
        # Fractions compared crosswise, as whole numbers: equal frequencies are equal, whatever their denominators.
        while blocks and blocks[-1][0] * cases > true * blocks[-1][1]:
            earlier = blocks.pop()
            true, cases, width = true + earlier[0], cases + earlier[1], width + earlier[2]
        blocks.append((true, cases, width))
    frequencies = np.array([true / cases for true, cases, _ in blocks], dtype=np.float64)
    return np.repeat(frequencies, np.array([width for _, _, width in blocks], dtype=np.int64))


def _dot(number: int, p: Vector, y: npt.NDArray[Any]) -> Dot:
    count = len(p)
    # fsum is exact, so the mean does not depend on the order of the cases.
    return Dot(float(EDGES[number]), float(EDGES[number + 1]), count, fsum(p) / count, float((y == 1).sum()) / count)


def _require_cases(p: Vector, y: npt.NDArray[Any]) -> None:
    if p.ndim != 1 or p.shape != y.shape:
        raise ValueError(f"Forecasts {p.shape} and outcomes {y.shape} are not both (n,).")
    wrong = p[~((p >= 0) & (p <= 1))]
    if wrong.size:
        raise ValueError(f"{wrong[0]} is not a probability. Give numbers from 0 to 1.")
    neither = y[~((y == 0) | (y == 1))]
    if neither.size:
        raise ValueError(f"{neither[0]} is not an outcome of a yes/no question. Give 0 or 1.")
