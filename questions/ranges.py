"""Answering on a range: how a number or a date is typed, read, shown and resolved.

A kind whose outcomes are ordered says in a `Scale` how one value is typed and shown; what both have in common stands
here, and what bins are in questions/bins.py. Values are floats in the units of the edges.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import Any

import numpy as np

from questions import percent
from questions.bins import locate, masses, quantiles, solve, zero_point_of
from questions.errors import InvalidAnswer
from questions.shape import Field, Series, Shape, Vector

_INTERVAL = ("low", "median", "high")
IMPLIED = (*_INTERVAL, "probabilities")
_UNDER = ("under", "below", "before")
_OVER = ("over", "above", "after")


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


# What was typed


def recall(vector: Vector, shape: Shape, scale: Scale) -> tuple[float, float, float] | None:
    """The low, median and high that somebody typed to give this vector, None where it came about otherwise.

    Reading the quantiles off the bins would be off by a little. So the distribution is solved for, its quantiles are
    rounded as people type, and taken only where they make the vector again.
    """
    solved = solve(vector, shape)
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


def fields(shape: Shape, vector: Vector | None, scale: Scale) -> tuple[Field, ...]:
    """Two ways of answering: a median with an 80% interval, or a percentage for each bin."""
    values = ("", "", "") if vector is None else _typed_interval(vector, shape, scale)
    words = (
        ("Low", "One chance in ten that it lies under this."),
        ("Median", "As likely to lie under this as over it."),
        ("High", "One chance in ten that it lies over this."),
    )
    size = max(len(scale.typed(end)) for end in scale.ends(shape)) + 1
    interval = [
        Field(name, label, value, suffix=scale.unit(shape).strip(), hint=hint, way="interval", size=size)
        for name, (label, hint), value in zip(_INTERVAL, words, values, strict=True)
    ]
    shares = [""] * shape.size if vector is None else _typed_shares(vector)
    hints = ["An empty bin counts as 0.", *[""] * (shape.size - 1)]
    bins = [
        Field(f"bin-{index}", label, value, suffix="%", hint=hint, way="bins", size=12)
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
    zero_point = zero_point_of(shape)
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
    end = _end(text, shape, scale)
    if end is not None:
        return end
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


def told(text: str, shape: Shape, scale: Scale) -> str:
    """The value that was typed, not rounded, with its unit; for the words of an open end, what that end is called."""
    end = _end(text, shape, scale)
    return _told(scale.parse(text, "outcome", shape), shape, scale) if end is None else shape.called(end)


def _end(text: str, shape: Shape, scale: Scale) -> int | None:
    """The index of the open end that these words mean, None where they mean none."""
    wanted = " ".join(text.split()).casefold().replace("−", "-")
    first, last = shape.outcomes[0], shape.outcomes[-1]
    if shape.below and wanted in (*_UNDER, *_spellings(first, scale.unit(shape))):
        return 0
    if shape.above and wanted in (*_OVER, *_spellings(last, scale.unit(shape))):
        return shape.size - 1
    return None


def _spellings(label: str, unit: str) -> Iterator[str]:
    """A label as it may be typed: with and without its unit."""
    plain = label.casefold().replace("−", "-")
    yield plain
    yield plain.removesuffix(unit.casefold())


def series(middle: Vector, lower: Vector, upper: Vector, shape: Shape) -> tuple[Series, ...]:
    """The crowd's own median and quartiles over time, drawn at the range's end where they lie beyond an open one.

    `lower` and `upper`, what forecasters say bin by bin, tell nothing of a value and are not looked at.
    """
    rows = np.array([quantiles(row, shape, (0.25, 0.5, 0.75)) for row in middle]).reshape(-1, 3)
    low, median, high = np.clip(rows, shape.edges[0], shape.edges[-1]).T
    return (Series("Median", median, low, high),)
