"""Ranges cut into bins: mass from an interval, quantiles and intervals from mass. Values are in units of the edges.

The mass of an interval is that of the Johnson distribution through its three quantiles (Hadlock & Bickel 2017). How
people type intervals and bins is in questions/ranges.py.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from questions import percent
from questions.errors import InvalidAnswer, InvalidQuestion
from questions.shape import Shape, Vector

MOST = 200
SPEC = ("range",)

_NORMAL = NormalDist()
_TENTH = _NORMAL.inv_cdf(0.9)
_NEEDED = ("low", "high", "open_below", "open_above")
# What summing 202 floats can lose, and far less than any forecast means.
_NOISE = 1e-12


# Cutting a range


def written(spec: Mapping[str, Any], optional: Sequence[str]) -> Mapping[str, Any]:
    """The range that an author wrote, with all it needs and nothing unknown; null counts as left out."""
    _require_known(spec, SPEC, "")
    span = spec.get("range")
    if not isinstance(span, Mapping):
        raise InvalidQuestion("The question needs a “range” with low, high, open_below and open_above.", "range")
    _require_known(span, (*_NEEDED, *optional), "range.")
    for key in _NEEDED:
        if span.get(key) is None:
            raise InvalidQuestion(f"The range lacks “{key}”. Add it.", f"range.{key}")
        if key.startswith("open") and not isinstance(span[key], bool):
            raise InvalidQuestion(f"“{key}” is {percent.quote(str(span[key]))}. Write true or false.", f"range.{key}")
    return {key: value for key, value in span.items() if value is not None}


def _require_known(table: Mapping[str, Any], known: Sequence[str], prefix: str) -> None:
    for key in table:
        if key not in known:
            place = "A range" if prefix else "A question over a range"
            raise InvalidQuestion(f"{place} has no {percent.quote(str(key))}. Leave it out.", f"{prefix}{key}")


def require_rising(low: Fraction, high: Fraction) -> None:
    """Raise InvalidQuestion unless a range has a length."""
    if low >= high:
        raise InvalidQuestion("The range ends where it begins, or before. Write a low under the high.", "range.high")


def cut(low: Fraction, high: Fraction) -> list[Fraction]:
    """The edges of 200 bins, in equal steps of the value."""
    width = (high - low) / MOST
    return [low + index * width for index in range(MOST + 1)]


def cut_by_logarithm(low: Fraction, high: Fraction, zero_point: Fraction) -> list[Fraction]:
    """The edges of 200 bins, in equal steps of log(value - zero_point). The two ends are exact."""
    first, last = math.log(low - zero_point), math.log(high - zero_point)
    inner = [zero_point + Fraction(math.exp(first + (last - first) * index / MOST)) for index in range(1, MOST)]
    return [low, *inner, high]


def cut_by_value(low: Fraction, step: Fraction, count: int) -> list[Fraction]:
    """The edges of one bin for each of `count` values low, low + step, ..: half a step to both sides of each."""
    return [low + (index - Fraction(1, 2)) * step for index in range(count + 1)]


def build(edges: Sequence[Fraction], labels: Sequence[str], ends: tuple[str, str], span: Mapping[str, Any]) -> Shape:
    """The shape of a range from its exact edges, its inside labels and the words for what lies beyond open ends."""
    floats = np.array([float(edge) for edge in edges])
    if not (np.diff(floats) > 0).all():
        raise InvalidQuestion("The range is too narrow for its numbers to be cut into bins. Widen it.", "range")
    floats.setflags(write=False)
    below, above = bool(span["open_below"]), bool(span["open_above"])
    outcomes = (*ends[: int(below)], *labels, *ends[1 : 1 + int(above)])
    return Shape(outcomes, floats, below, above, {"range": dict(span)})


def locate(value: float, shape: Shape) -> int | None:
    """The index of the outcome that a value falls into, None beyond a closed end. Bins are right-closed.

    An edge is the float nearest to its exact value, and so is what a person typed: the two compare as exact ones do.
    """
    inside = int(np.searchsorted(shape.edges, value, side="left")) - 1
    if value == shape.edges[0]:
        inside = 0
    if inside < 0:
        return 0 if shape.below else None
    if inside >= len(shape.edges) - 1:
        return shape.size - 1 if shape.above else None
    return inside + int(shape.below)


# Mass from quantiles


def masses(low: float, median: float, high: float, shape: Shape) -> Vector:
    """The vector of somebody whose 10%, 50% and 90% quantiles these are. Raises InvalidAnswer.

    The distribution is the Johnson quantile-parameterised one: it passes through all three, is smooth, and with
    closed ends lies wholly inside them (on a transformed value, see `_lift`). Equal distances make it normal.

    Source: C. C. Hadlock, J. E. Bickel, Decision Analysis 14 (2017), 35-64.
    """
    quantiles = _lift(np.array([low, median, high]), shape)
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            scores = _scores(_lift(shape.edges, shape), *quantiles.tolist())
    except (ArithmeticError, ValueError):
        raise InvalidAnswer(
            "These three values lie too close together, or too unevenly, for a distribution. Spread them.", "median"
        ) from None
    # Complementary error functions keep the far tails, which 1 - F would lose.
    reached = np.array([math.erfc(-score / math.sqrt(2)) / 2 for score in scores])
    beyond = [0.0][: int(shape.below)], [1.0][: int(shape.above)]
    # No standard promises that erfc never falls by a last digit where it should rise.
    return np.diff(np.maximum.accumulate(np.concatenate([beyond[0], reached, beyond[1]])))


def _scores(points: Vector, low: float, median: float, high: float) -> Vector:
    """How many standard normal deviations each point lies from the median, under the Johnson distribution."""
    shorter = min(median - low, high - median)
    if not shorter > 0 or not math.isfinite(high - low):
        raise ValueError("the quantiles do not rise")
    lopsided = (high - low) / (2 * shorter)
    if lopsided <= 1 + _NOISE:
        return np.asarray((points - median) * (2 * _TENTH / (high - low)))
    bend = math.acosh(lopsided) / _TENTH
    size = (high - low) / math.sinh(2 * bend * _TENTH)
    side, origin = (1, low) if low + high > 2 * median else (-1, high)
    return np.asarray(np.arcsinh((points - origin) / size) / bend - side * _TENTH)


def zero_point_of(shape: Shape) -> float | None:
    """The value that every other lies over where the bins are even in their logarithm; None where they are not."""
    found = shape.spec["range"].get("zero_point")
    return None if found is None else float(found)


def _measure(values: Vector, shape: Shape) -> Vector:
    """Values on the measure that bins are equal steps of: themselves or log(value - zero_point)."""
    zero_point = zero_point_of(shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        return values if zero_point is None else np.asarray(np.log(values - zero_point))


def _unmeasure(measure: Vector, shape: Shape) -> Vector:
    zero_point = zero_point_of(shape)
    return measure if zero_point is None else np.asarray(np.exp(measure) + zero_point)


def _lift(values: Vector, shape: Shape) -> Vector:
    """Values stretched so that closed ends lie at infinity: by a logarithm for one, a normal quantile for both."""
    measure = _measure(values, shape)
    first, last = _measure(shape.edges[[0, -1]], shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        if not shape.below and not shape.above:
            return np.array([_deviate(share) for share in (measure - first) / (last - first)])
        if not shape.below:
            return np.asarray(np.log(measure - first))
        return measure if shape.above else np.asarray(-np.log(last - measure))


def _unlift(lifted: Vector, shape: Shape) -> Vector:
    """The reverse of `_lift`."""
    first, last = _measure(shape.edges[[0, -1]], shape)
    if not shape.below and not shape.above:
        measure = first + (last - first) * np.array([_NORMAL.cdf(value) for value in lifted])
    elif not shape.below:
        measure = first + np.exp(lifted)
    else:
        measure = lifted if shape.above else last - np.exp(-lifted)
    return _unmeasure(measure, shape)


def _deviate(share: float) -> float:
    if 0 < share < 1:
        return _NORMAL.inv_cdf(share)
    return -math.inf if share <= 0 else math.inf


# Quantiles from mass


def quantiles(vector: Vector, shape: Shape, levels: Sequence[float]) -> Vector:
    """Where a vector reaches each level: the least value with so much mass at or under it.

    Within a bin mass is spread evenly (over the logarithm where the range is logarithmic). A level that lies beyond
    an open end gives -inf or inf, one that is just reached at the range's end that end; a vector of NaN gives NaN.
    """
    if np.isnan(vector).any():
        return np.full(len(levels), np.nan)
    reached = _reached(vector, shape)
    wanted = np.asarray(levels, dtype=np.float64) - _NOISE
    after = np.searchsorted(reached, wanted, side="left")
    right = np.clip(after, 1, len(reached) - 1)
    rise = np.maximum(reached[right] - reached[right - 1], np.finfo(float).tiny)
    share = np.clip((wanted - reached[right - 1]) / rise, 0, 1)
    edges = _measure(shape.edges, shape)
    inside = _unmeasure(edges[right - 1] + share * (edges[right] - edges[right - 1]), shape)
    under = np.asarray(levels, dtype=np.float64) + _NOISE < reached[0]
    inside = np.where(under & shape.below, -np.inf, inside)
    return np.where((after == len(reached)) & shape.above, np.inf, inside)


def _reached(vector: Vector, shape: Shape) -> Vector:
    """How much mass lies at or under each edge."""
    total = np.cumsum(vector)
    return total[: len(shape.edges)] if shape.below else np.concatenate([[0.0], total[: len(shape.edges) - 1]])


def solve(vector: Vector, shape: Shape) -> tuple[float, float, float] | None:
    """The interval of the Johnson distribution that passes through three edges of a vector, near its middle."""
    reached = _reached(vector, shape)
    three = _telling(reached)
    if three is None:
        return None
    scores = np.array([_NORMAL.inv_cdf(share) for share in reached[three]])
    with np.errstate(all="ignore"):
        low, median, high = _unlift(_through(_lift(shape.edges[three], shape), scores), shape).tolist()
    return (low, median, high) if math.isfinite(high - low) else None


def _telling(reached: Vector) -> npt.NDArray[np.intp] | None:
    """Three edges between which a distribution shows its form, None where too little of it lies inside the range."""
    for least in (0.1, 1e-6):
        rising = np.diff(reached, prepend=-1) > 0
        chosen = np.flatnonzero((reached >= least) & (reached <= 1 - least) & rising)
        if len(chosen) >= 3 and reached[chosen[-1]] - reached[chosen[0]] > 0.01:
            return chosen[[0, len(chosen) // 2, -1]]
    return None


def _through(points: Vector, scores: Vector) -> Vector:
    """The 10%, 50% and 90% quantiles of the Johnson distribution with these three points at these three scores."""
    wanted = (points[2] - points[1]) / (points[1] - points[0])
    least, bend, most = -30.0, 0.0, 30.0
    for _ in range(80):
        first, second, third = _bent(scores, bend)
        least, most = (bend, most) if (third - second) < wanted * (second - first) else (least, bend)
        bend = (least + most) / 2
    bent = _bent(scores, bend)
    size = (points[2] - points[0]) / (bent[2] - bent[0])
    return np.asarray(points[0] + size * (_bent(np.array([-_TENTH, 0.0, _TENTH]), bend) - bent[0]))


def _bent(scores: Vector, bend: float) -> Vector:
    """Normal scores bent to the right (bend over 0) or to the left, as Johnson's distribution bends them."""
    if abs(bend) < 1e-9:
        return scores
    return np.asarray(np.sinh(abs(bend) * (scores + math.copysign(_TENTH, bend))))
