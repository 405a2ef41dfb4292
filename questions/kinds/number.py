"""Questions that are answered by a number within a range."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from questions import bins, percent, ranges
from questions.errors import InvalidAnswer, InvalidQuestion
from questions.ranges import Scale
from questions.shape import Axis, Shape

NAME = "number"
TITLE = "Number"
ORDERED = True
HINT = (
    "Write the median and the two values between which the number falls with 80%, or a percentage for each bin; "
    "an empty bin counts as 0."
)

EXAMPLE = {"range": {"low": -4, "high": 5, "open_below": True, "open_above": True, "step": 0.1, "unit": "%"}}
SPEC = bins.SPEC
IMPLIED = ranges.IMPLIED

# Beyond this a float no longer tells neighbouring tenths apart.
_LARGEST = 10**15
_NUMBERS = ("low", "high", "step", "zero_point")
_TYPED = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)")


def shape(spec: Mapping[str, Any]) -> Shape:
    """One bin for each published value where the step makes few of them, else 200. Raises InvalidQuestion."""
    span = bins.written(spec, ("step", "unit", "zero_point"))
    numbers = {key: _number(span[key], f"range.{key}") for key in _NUMBERS if key in span}
    low, high = numbers["low"], numbers["high"]
    bins.require_rising(low, high)
    edges, labels = _cut(low, high, numbers.get("step"), numbers.get("zero_point"))
    unit = _suffix(span.get("unit"))
    ends = f"under {_shown(float(low))}{unit}", f"over {_shown(float(high))}{unit}"
    stored = {**span, **{key: _stored(number) for key, number in numbers.items()}}
    return bins.build(edges, [label + unit for label in labels], ends, stored)


def _cut(
    low: Fraction, high: Fraction, step: Fraction | None, zero_point: Fraction | None
) -> tuple[list[Fraction], list[str]]:
    """The edges of the bins inside, and what each bin is called."""
    count = _count(low, high, step)
    first = low - step / 2 if step and count else low
    if zero_point is not None and zero_point >= first:
        raise InvalidQuestion("The zero point must lie under all values of the range. Lower it.", "range.zero_point")
    if step and count:
        return bins.cut_by_value(low, step, count), [_shown(float(low + index * step)) for index in range(count)]
    edges = bins.cut(low, high) if zero_point is None else bins.cut_by_logarithm(low, high, zero_point)
    return edges, _labels(edges, exact=zero_point is None)


def _number(value: Any, field: str) -> Fraction:
    """A number as exactly as its author wrote it: 0.1 is one tenth."""
    if type(value) not in (int, float):
        raise InvalidQuestion(f"{percent.quote(str(value))} is not a number. Write one such as 0.5.", field)
    if not abs(value) <= _LARGEST:
        raise InvalidQuestion(f"{percent.quote(str(value))} is not a number up to 10¹⁵. Ask in a larger unit.", field)
    return Fraction(repr(value))


def _stored(number: Fraction) -> int | float:
    return int(number) if number.denominator == 1 else float(number)


def _suffix(unit: Any) -> str:
    """A unit as it follows a number: “%” closely, a word after a space."""
    if unit is None:
        return ""
    if not isinstance(unit, str) or unit != unit.strip() or not unit.isprintable() or not 0 < len(unit) <= 40:
        raise InvalidQuestion(f"{percent.quote(str(unit))} is not a unit. Write a word such as “USD”.", "range.unit")
    return unit if unit in ("%", "‰", "°") else f" {unit}"


def _count(low: Fraction, high: Fraction, step: Fraction | None) -> int:
    """How many published values there are, 0 where they are too many for a bin each or come in no steps."""
    if step is None:
        return 0
    if step <= 0 or (high - low) % step != 0:
        raise InvalidQuestion(
            f"Steps of {_shown(float(step))} do not lead from {_shown(float(low))} to {_shown(float(high))}. "
            "Write a step that divides the range.",
            "range.step",
        )
    count = int((high - low) / step) + 1
    return count if count <= bins.MOST else 0


def _labels(edges: Sequence[Fraction], exact: bool) -> list[str]:
    """ "30 to 30.4"; the edges of a logarithmic range are rounded to what tells its bins apart."""
    floats = [float(edge) for edge in edges]
    if not exact:
        narrower = (
            min(edge - left, right - edge)
            for left, edge, right in zip(floats[:-2], floats[1:-1], floats[2:], strict=True)
        )
        inner = [_round(edge, _decimals(width)) for edge, width in zip(floats[1:-1], narrower, strict=True)]
        floats = [floats[0], *inner, floats[-1]]
    return [f"{left} to {right}" for left, right in pairwise(_shown(value) for value in floats)]


def _round(value: float, decimals: int) -> float:
    return round(value, decimals)


def _decimals(width: float) -> int:
    """Decimals that divide a width at least in two; below 0 where tens or hundreds do."""
    return math.ceil(-math.log10(width / 2) - 1e-9)


def _step_decimals(shape: Shape) -> int | None:
    step = shape.spec["range"].get("step")
    return None if step is None else max(0, -int(Decimal(repr(step)).normalize().as_tuple().exponent))


def _rounded(value: float, shape: Shape) -> float:
    """To half a bin's width or the question's step, whichever is coarser."""
    inside = int(np.clip(np.searchsorted(shape.edges, value) - 1, 0, len(shape.edges) - 2))
    decimals = _decimals(float(shape.edges[inside + 1] - shape.edges[inside]))
    most = _step_decimals(shape)
    return _round(value, decimals if most is None else min(decimals, most))


def _roundings(shape: Shape) -> list[Callable[[float], float]]:
    """From whole tens (or hundreds ..) to two decimals more than the bins tell; up to four where the step has them."""
    widths = np.diff(shape.edges)
    coarsest = -math.ceil(math.log10(float(shape.edges[-1] - shape.edges[0])))
    told = _decimals(float(widths.min()))
    finest = min(max(told + 2, _step_decimals(shape) or 0), told + 4)
    return [partial(_round, decimals=decimals) for decimals in range(coarsest, finest + 1)]


def _parse(text: str, field: str, shape: Shape) -> float:
    """A number as people type it, with its unit or without."""
    unit = _unit(shape).strip()
    typed = text.strip().replace("−", "-")
    bare = typed.removesuffix(unit).strip()
    if len(bare) > percent.LONGEST or not _TYPED.fullmatch(bare):
        raise InvalidAnswer(f"{percent.quote(text)} is not a number. Write one such as 1250 or 0.8.", field)
    if percent.TWO_WAYS.fullmatch(bare):
        ways = f"{bare.replace(',', '')} or {bare.replace(',', '.')}"
        raise InvalidAnswer(f"{percent.quote(text)} can be read in two ways. Write {ways}.", field)
    return float(percent.plain(bare)) + 0.0


def _accept(value: Any, field: str, shape: Shape) -> float:
    """A number as programs write it. True, "0.8" and NaN are none."""
    if type(value) not in (int, float) or not abs(value) <= 1e300:
        raise InvalidAnswer(f"{percent.quote(str(value))} is not a number. Write one such as 0.8.", field)
    return float(value)


def _typed(value: float) -> str:
    """Without an exponent, as many digits as the float needs."""
    number = Decimal(repr(value + 0.0)).normalize()
    return f"{number:f}"


def _shown(value: float) -> str:
    return _typed(value).replace("-", "−")


def _unit(shape: Shape) -> str:
    return _suffix(shape.spec["range"].get("unit"))


def _ends(shape: Shape) -> tuple[float, float]:
    return float(shape.spec["range"]["low"]), float(shape.spec["range"]["high"])


def _under(shape: Shape) -> str:
    return f"under {_shown(_ends(shape)[0])}"


def _over(shape: Shape) -> str:
    return f"over {_shown(_ends(shape)[1])}"


_SCALE = Scale(_parse, _accept, _typed, _shown, _unit, _ends, _under, _over, _rounded, _roundings)


# What numbers and dates have in common, each on its own scale.
fields = partial(ranges.fields, scale=_SCALE)
read = partial(ranges.read, scale=_SCALE)
say = partial(ranges.say, scale=_SCALE)
resolve = partial(ranges.resolve, scale=_SCALE)
told = partial(ranges.told, scale=_SCALE)
imply = partial(ranges.imply, scale=_SCALE)
reading = partial(ranges.reading, scale=_SCALE)
quantiles = bins.quantiles
series = ranges.series


def axis(shape: Shape) -> Axis:
    """The range, labelled at round numbers."""
    low, high = float(shape.edges[0]), float(shape.edges[-1])
    power = math.floor(math.log10((high - low) / 5))
    gap = next(gap for gap in _gaps(power) if (high - low) / float(gap) <= 6)
    first, last = math.ceil(Fraction(low) / gap), math.floor(Fraction(high) / gap)
    places = [float(index * gap) for index in range(first, last + 1)]
    return Axis(low, high, tuple((place, _shown(place) + _unit(shape)) for place in places))


def _gaps(power: int) -> list[Fraction]:
    return [Fraction(10) ** power * gap for gap in (1, 2, 5, 10, 20)]
