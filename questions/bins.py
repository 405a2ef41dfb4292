"""Ranges cut into bins: mass from quantiles, quantiles from mass, and how people answer on a range.

A kind whose outcomes are ordered (number, date) says in a `Scale` how one value is typed and shown; what both have in
common stands here. Values are floats in the units of the edges.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from questions import percent
from questions.errors import InvalidAnswer, InvalidQuestion
from questions.shape import Field, Series, Shape, Vector

MOST = 200

_NORMAL = NormalDist()
_TENTH = _NORMAL.inv_cdf(0.9)
_NEEDED = ("low", "high", "open_below", "open_above")
_INTERVAL = ("low", "median", "high")
_UNDER = ("under", "below", "before")
_OVER = ("over", "above", "after")
# What summing 202 floats can lose, and far less than any forecast means.
_NOISE = 1e-12


@dataclass(frozen=True)
class Scale:
    """How one value of an ordered kind is typed, shown and rounded.

    parse      what a person typed, as a value; raises InvalidAnswer. Takes (text, field, shape)
    accept     the same for what a program wrote. Takes (value, field, shape)
    typed      a value as it stands in a form field
    shown      a value as a person reads it, without its unit
    unit       what follows a value, with its space: "%", " USD"
    ends       the two ends of the range as the author wrote them
    under      the words for what lies below an open end, without unit; over likewise
    rounded    a value to the precision in which bins can tell it
    roundings  the precisions in which somebody may have typed a value, the coarsest first
    """

    parse: Callable[[str, str, Shape], float]
    accept: Callable[[Any, str, Shape], float]
    typed: Callable[[float], str]
    shown: Callable[[float], str]
    unit: Callable[[Shape], str]
    ends: Callable[[Shape], tuple[float, float]]
    under: Callable[[Shape], str]
    over: Callable[[Shape], str]
    rounded: Callable[[float, Shape], float]
    roundings: Callable[[Shape], Sequence[Callable[[float], float]]]


@dataclass(frozen=True)
class Density:
    """A vector as a curve of steps over the range, and what lies beyond its ends (0 where an end is closed)."""

    left: Vector
    right: Vector
    height: Vector
    below: float
    above: float


# Cutting a range


def written(spec: Mapping[str, Any], optional: Sequence[str]) -> Mapping[str, Any]:
    """The range that an author wrote, with all it needs and nothing unknown; null counts as left out."""
    _require_known(spec, ("range",), "")
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


def _zero_point(shape: Shape) -> float | None:
    found = shape.spec["range"].get("zero_point")
    return None if found is None else float(found)


def _measure(values: Vector, shape: Shape) -> Vector:
    """Values on the measure that bins are equal steps of: themselves or log(value - zero_point)."""
    zero_point = _zero_point(shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        return values if zero_point is None else np.asarray(np.log(values - zero_point))


def _unmeasure(measure: Vector, shape: Shape) -> Vector:
    zero_point = _zero_point(shape)
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
    an open end gives -inf or inf; a vector of NaN gives NaN.
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
    inside = np.where((after == 0) & shape.below, -np.inf, inside)
    return np.where((after == len(reached)) & shape.above, np.inf, inside)


def _reached(vector: Vector, shape: Shape) -> Vector:
    """How much mass lies at or under each edge."""
    total = np.cumsum(vector)
    return total[: len(shape.edges)] if shape.below else np.concatenate([[0.0], total[: len(shape.edges) - 1]])


def density(vector: Vector, shape: Shape) -> Density:
    """Mass per unit of the value in each bin inside the range, and the masses beyond its ends."""
    first, stop = int(shape.below), shape.size - int(shape.above)
    left, right = shape.edges[:-1], shape.edges[1:]
    below, above = float(vector[:first].sum()), float(vector[stop:].sum())
    return Density(left, right, vector[first:stop] / (right - left), below, above)


def recall(vector: Vector, shape: Shape, scale: Scale) -> tuple[float, float, float] | None:
    """The low, median and high that somebody typed to give this vector, None where it came about otherwise.

    Reading the quantiles off the bins would be off by a little. So the distribution is solved for, its quantiles are
    rounded as people type, and taken only where they make the vector again.
    """
    solved = _solve(vector, shape)
    if solved is None or not _makes(solved, vector, shape, 1e-4):
        return None
    for rounding in scale.roundings(shape):
        try:
            low, median, high = (rounding(value) for value in solved)
        except (OverflowError, ValueError):
            return None
        if _makes((low, median, high), vector, shape, percent.SLACK):
            return low, median, high
    return None


def _makes(interval: tuple[float, float, float], vector: Vector, shape: Shape, slack: float) -> bool:
    try:
        return bool(np.abs(masses(*interval, shape) - vector).max() <= slack)
    except InvalidAnswer:
        return False


def _solve(vector: Vector, shape: Shape) -> tuple[float, float, float] | None:
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


# Answering on a range


def fields(shape: Shape, vector: Vector | None, scale: Scale) -> tuple[Field, ...]:
    """Two ways of answering: a median with an 80% interval, or a percentage for each bin."""
    values = ("", "", "") if vector is None else _typed_interval(vector, shape, scale)
    words = (
        ("Low", "One chance in ten that it lies under this."),
        ("Median", "As likely to lie under this as over it."),
        ("High", "One chance in ten that it lies over this."),
    )
    interval = [
        Field(name, label, value, suffix=scale.unit(shape).strip(), hint=hint, way="interval")
        for name, (label, hint), value in zip(_INTERVAL, words, values, strict=True)
    ]
    shares = [""] * shape.size if vector is None else _typed_shares(vector)
    hints = ["An empty bin counts as 0.", *[""] * (shape.size - 1)]
    bins = [
        Field(f"bin-{index}", label, value, suffix="%", hint=hint, way="bins")
        for index, (label, value, hint) in enumerate(zip(shape.outcomes, shares, hints, strict=True))
    ]
    return (*interval, *bins)


def _typed_interval(vector: Vector, shape: Shape, scale: Scale) -> list[str]:
    """The interval as it was typed, else the vector's own quantiles; empty where one lies beyond an open end."""
    found = quantiles(vector, shape, (0.1, 0.5, 0.9)).tolist()
    values = recall(vector, shape, scale) or _rising(found, shape, scale)
    return [scale.typed(value) if math.isfinite(value) else "" for value in values]


def _rising(values: Sequence[float], shape: Shape, scale: Scale) -> Sequence[float]:
    """Values rounded as far as they stay apart, so that what is shown in a form can be sent again."""
    for rounding in (lambda value: scale.rounded(value, shape), *scale.roundings(shape)):
        rounded = [rounding(value) if math.isfinite(value) else value for value in values]
        known = [value for value in rounded if math.isfinite(value)]
        if all(left < right for left, right in pairwise(known)):
            return rounded
    return values


def _typed_shares(vector: Vector) -> list[str]:
    """Percentages of nine decimals that add up to exactly 100: the largest remainders are rounded up."""
    unit = Decimal("1e-11")
    exact = [Decimal(repr(share)) for share in vector.tolist()]
    whole = [int((share / unit).to_integral_value(ROUND_FLOOR)) for share in exact]
    missing = 10**11 - sum(whole)
    by_remainder = sorted(range(len(exact)), key=lambda index: whole[index] * unit - exact[index])
    for index in by_remainder[: max(0, min(missing, len(exact)))]:
        whole[index] += 1
    return ["" if count == 0 else percent.exact(float(count * unit)) for count in whole]


def read(form: Mapping[str, str], shape: Shape, scale: Scale) -> Vector:
    """The vector of a form that was sent, by the way it names or, without one, by what is filled in."""
    way = form.get("way", "") or _way(form, shape)
    if way == "interval":
        return _read_interval(form, shape, scale)
    if way == "bins":
        return _read_bins(form, shape)
    raise InvalidAnswer(f"{percent.quote(way)} is no way of answering. Choose “interval” or “bins”.", "way")


def _way(form: Mapping[str, str], shape: Shape) -> str:
    if any(form.get(name, "").strip() for name in _INTERVAL):
        return "interval"
    return "bins" if any(form.get(f"bin-{index}", "").strip() for index in range(shape.size)) else "interval"


def _read_interval(form: Mapping[str, str], shape: Shape, scale: Scale) -> Vector:
    values = []
    for name in _INTERVAL:
        if not form.get(name, "").strip():
            raise InvalidAnswer(f"The {name} is empty. Write a low, a median and a high.", name)
        values.append(scale.parse(form[name], name, shape))
    return _judged(values, shape, scale)


def _read_bins(form: Mapping[str, str], shape: Shape) -> Vector:
    names = [f"bin-{index}" for index in range(shape.size)]
    shares = [percent.read(form[name], name) if form.get(name, "").strip() else Decimal(0) for name in names]
    percent.require_hundred(shares)
    return np.array([float(share) for share in shares])


def _judged(values: Sequence[float], shape: Shape, scale: Scale) -> Vector:
    """The masses of an interval that rises and lies inside closed ends."""
    for name, value in zip(_INTERVAL, values, strict=True):
        _require_inside(value, name, shape, scale)
    low, median, high = values
    for name, lower, upper in (("median", low, median), ("high", median, high)):
        if not lower < upper:
            raise InvalidAnswer(
                f"The {name}, {scale.shown(upper)}, is not over {scale.shown(lower)}. "
                "Write three rising values: low, median, high.",
                name,
            )
    return masses(low, median, high, shape)


def _require_inside(value: float, field: str, shape: Shape, scale: Scale) -> None:
    """Refuse what lies beyond a closed end or, strictly, on the edge where no mass can lie under or over it."""
    low, high = scale.ends(shape)
    if not shape.below and (value < low or value <= shape.edges[0]):
        raise InvalidAnswer(f"The range begins at {scale.shown(low)}. The {field} must lie over that.", field)
    if not shape.above and (value > high or value >= shape.edges[-1]):
        raise InvalidAnswer(f"The range ends at {scale.shown(high)}. The {field} must lie under that.", field)
    zero_point = _zero_point(shape)
    if zero_point is not None and value <= zero_point:
        raise InvalidAnswer(f"Every value lies over {scale.shown(zero_point)}. The {field} must do so too.", field)


def imply(implied: Mapping[str, Any], shape: Shape, scale: Scale) -> Vector:
    """{"low", "median", "high"} of an 80% interval, or {"probabilities": [one for each bin]}."""
    given = [name for name in _INTERVAL if name in implied]
    if bool(given) == ("probabilities" in implied):
        raise InvalidAnswer("Write either “low”, “median” and “high” or “probabilities”, and not both.", "median")
    if not given:
        return percent.probabilities(implied["probabilities"], shape.size)
    for name in _INTERVAL:
        if name not in implied:
            raise InvalidAnswer(f"“{name}” is missing. Write a low, a median and a high.", name)
    return _judged([scale.accept(implied[name], name, shape) for name in _INTERVAL], shape, scale)


def say(vector: Vector, shape: Shape, scale: Scale) -> str:
    """The median and the 80% interval, such as "0.8% (80%: −0.4 to 1.8%)"."""
    found = quantiles(vector, shape, (0.1, 0.5, 0.9)).tolist()
    typed = recall(vector, shape, scale) or [math.nan] * 3
    low, median, high = (
        value if math.isinf(value) else scale.rounded(value, shape) if math.isnan(known) else known
        for value, known in zip(found, typed, strict=True)
    )
    if low == high and math.isinf(low):
        return _told(low, shape, scale)
    short = _told(low, shape, scale).removesuffix(scale.unit(shape))
    return f"{_told(median, shape, scale)} (80%: {short} to {_told(high, shape, scale)})"


def reading(value: float, shape: Shape, scale: Scale) -> str:
    """One value, rounded to what bins can tell, with its unit."""
    return _told(scale.rounded(value, shape) if math.isfinite(value) else value, shape, scale)


def _told(value: float, shape: Shape, scale: Scale) -> str:
    if math.isinf(value):
        return (scale.over(shape) if value > 0 else scale.under(shape)) + scale.unit(shape)
    return scale.shown(value) + scale.unit(shape)


def resolve(text: str, shape: Shape, scale: Scale) -> int:
    """The index of the outcome that a value falls into; the words for an open end are understood too."""
    wanted = " ".join(text.split()).casefold().replace("−", "-")
    first, last = shape.outcomes[0], shape.outcomes[-1]
    if shape.below and wanted in (*_UNDER, *_spellings(first, scale.unit(shape))):
        return 0
    if shape.above and wanted in (*_OVER, *_spellings(last, scale.unit(shape))):
        return shape.size - 1
    value = scale.parse(text, "outcome", shape)
    low, high = scale.ends(shape)
    found = locate(value, shape)
    if found is None or (value < low and not shape.below) or (value > high and not shape.above):
        raise InvalidAnswer(
            f"{percent.quote(text)} lies outside the range, which is closed: it runs from {scale.shown(low)} to "
            f"{scale.shown(high)}. Write a value inside it, or annul the question.",
            "outcome",
        )
    return found


def _spellings(label: str, unit: str) -> Iterator[str]:
    """A label as it may be typed: with and without its unit."""
    plain = label.casefold().replace("−", "-")
    yield plain
    yield plain.removesuffix(unit.casefold())


def series(middle: Vector, shape: Shape) -> tuple[Series, ...]:
    """The crowd's own median and quartiles over time, drawn at the range's end where they lie beyond an open one."""
    rows = np.array([quantiles(row, shape, (0.25, 0.5, 0.75)) for row in middle]).reshape(-1, 3)
    lower, median, upper = np.clip(rows, shape.edges[0], shape.edges[-1]).T
    return (Series("Median", median, lower, upper),)
