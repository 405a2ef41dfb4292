"""Questions that are answered by a moment within a range of time. Values are seconds since 1970, UTC."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

from questions import bins, percent, ranges
from questions.errors import InvalidAnswer, InvalidQuestion
from questions.ranges import Scale
from questions.shape import Axis, Shape

NAME = "date"
TITLE = "Date"
ORDERED = True
HINT = (
    "Write the median and the two dates between which it happens with 80%, or a percentage for each bin; "
    "an empty bin counts as 0."
)
EXAMPLE = {
    "range": {
        "low": "2026-01-05T00:00:00Z",
        "high": "2027-01-01T00:00:00Z",
        "open_below": False,
        "open_above": True,
        "step": "day",
    }
}
SPEC = bins.SPEC
IMPLIED = ranges.IMPLIED

DAY = 86400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# No strftime: its names follow the machine's language.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Steps of an axis in months: parts of a year, then whole years.
_GAPS = (1, 2, 3, 6, *(12 * years for years in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)))
_TYPED = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[ Tt](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(?: ?(?P<zone>[Zz]|UTC|[+-][0-9]{2}:[0-9]{2}))?)?"
)


def shape(spec: Mapping[str, Any]) -> Shape:
    """One bin for each day where the step is “day” and there are few of them, else 200. Raises InvalidQuestion."""
    span = bins.written(spec, ("step",))
    low, high = _bound(span["low"], "range.low"), _bound(span["high"], "range.high")
    bins.require_rising(low, high)
    days = _days(low, high, span.get("step"))
    if high - low < bins.MOST and not days:
        raise InvalidQuestion("The range is shorter than 200 seconds. Widen it.", "range.high")
    stored = {**span, "low": _stored(low), "high": _stored(high)}
    if 0 < days <= bins.MOST:
        edges = [low + index * DAY for index in range(days + 1)]
        labels = [_shown(float(edge) + DAY / 2) for edge in edges[:-1]]
    else:
        edges = bins.cut(low, high)
        labels = _labels(edges)
    ends = _before(float(low)), _after(float(high))
    return bins.build(edges, labels, ends, stored)


def _bound(value: Any, field: str) -> Fraction:
    """An end of the range, out of JSON or TOML, exact to the microsecond."""
    moment = value if isinstance(value, datetime) else _zoned(value) if isinstance(value, str) else None
    if moment is None or moment.tzinfo is None or not _on_calendar(moment):
        raise InvalidQuestion(
            f"{percent.quote(str(value))} is not a moment with its zone. Write one such as 2026-01-05T00:00:00Z.",
            field,
        )
    return Fraction((moment - _EPOCH) // timedelta(microseconds=1), 10**6)


def _on_calendar(moment: datetime) -> bool:
    """Whether it lies within the years 1 to 9999 in UTC too."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _zoned(text: str) -> datetime | None:
    """The moment that a text names in full, with day, time and zone."""
    found = _TYPED.fullmatch(text)
    return _moment(found) if found and found["clock"] and found["zone"] else None


def _moment(found: re.Match[str]) -> datetime | None:
    """The moment of a match: noon without a time, UTC without a zone. None for the likes of 30 February."""
    zone = found["zone"] or "Z"
    offset = "+00:00" if zone.upper() in ("Z", "UTC") else zone
    try:
        return datetime.fromisoformat(f"{found['day']}T{found['clock'] or '12:00'}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _days(low: Fraction, high: Fraction, step: Any) -> int:
    """How many days the range has where it comes in days, else 0."""
    if step is None:
        return 0
    if step != "day":
        raise InvalidQuestion(f"{percent.quote(str(step))} is no step. Write “day” or leave it out.", "range.step")
    if low % DAY or high % DAY:
        raise InvalidQuestion("A range in days begins and ends at midnight UTC. Move its ends there.", "range.step")
    return int((high - low) / DAY)


def _stored(seconds: Fraction) -> str:
    return _at(float(seconds)).isoformat().replace("+00:00", "Z")


def _at(seconds: float) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


def _labels(edges: Sequence[Fraction]) -> list[str]:
    """ "5 Jan 2026 00:00 to 6 Jan 2026 19:12 UTC", with seconds where bins are shorter than an hour."""
    fine = edges[1] - edges[0] < 3600
    shown = [f"{_day(_at(float(edge)))} {_clock(_at(float(edge)), fine)}" for edge in edges]
    return [f"{left} to {right} UTC" for left, right in pairwise(shown)]


def _day(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _clock(moment: datetime, fine: bool) -> str:
    return moment.time().isoformat("seconds" if fine else "minutes")


def _before(low: float) -> str:
    return f"before {_day(_at(low)) if low % DAY == 0 else _shown(low)}"


def _after(high: float) -> str:
    return f"{_day(_at(high))} or later" if high % DAY == 0 else f"after {_shown(high)}"


def _shown(value: float) -> str:
    """A day, which its noon stands for, else a day with its time."""
    moment = _at(value)
    if value % DAY == DAY / 2:
        return _day(moment)
    return f"{_day(moment)}, {_clock(moment, fine=value % 60 != 0)} UTC"


def _typed(value: float) -> str:
    moment = _at(value)
    if value % DAY == DAY / 2:
        return moment.date().isoformat()
    return f"{moment.date().isoformat()} {_clock(moment, fine=value % 60 != 0)}"


def _in_days(shape: Shape) -> bool:
    return bool(shape.spec["range"].get("step") == "day")


def _noon(value: float) -> float:
    return float(math.floor(value / DAY) * DAY + DAY // 2)


def _minute(value: float) -> float:
    return float(round(value / 60) * 60)


def _parse(text: str, field: str, shape: Shape) -> float:
    """A date as people type it; a day is its noon, and so is any time of it where the question asks for days."""
    found = _TYPED.fullmatch(text.strip())
    moment = _moment(found) if found else None
    if moment is None:
        raise InvalidAnswer(
            f"{percent.quote(text)} is not a date. Write one such as 2026-05-09 or 2026-05-09 14:00.", field
        )
    return _seconds(moment, shape)


def _seconds(moment: datetime, shape: Shape) -> float:
    seconds = (moment - _EPOCH).total_seconds()
    return _noon(seconds) if _in_days(shape) else seconds


def _accept(value: Any, field: str, shape: Shape) -> float:
    """A date as programs write it: a text, or what TOML makes of one."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return _seconds(value, shape)
    if isinstance(value, date) and not isinstance(value, datetime):
        return _seconds(datetime.combine(value, time(12), UTC), shape)
    if isinstance(value, str):
        return _parse(value, field, shape)
    raise InvalidAnswer(f"{percent.quote(str(value))} is not a date. Write one such as 2026-05-09T14:00:00Z.", field)


def _unit(shape: Shape) -> str:
    return ""


def _ends(shape: Shape) -> tuple[float, float]:
    return float(shape.edges[0]), float(shape.edges[-1])


def _under(shape: Shape) -> str:
    return _before(_ends(shape)[0])


def _over(shape: Shape) -> str:
    return _after(_ends(shape)[1])


def _by_day(shape: Shape) -> bool:
    low, high = _ends(shape)
    return _in_days(shape) or high - low >= 60 * DAY


def _rounded(value: float, shape: Shape) -> float:
    """To a day, or to a minute where the range is shorter than two months."""
    return _noon(value) if _by_day(shape) else _minute(value)


def _roundings(shape: Shape) -> list[Callable[[float], float]]:
    return [_noon] if _in_days(shape) else [_noon, _minute, lambda value: float(round(value))]


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
    """The range, labelled at beginnings of months, days or hours."""
    low, high = _ends(shape)
    ticks = _months(low, high) if high - low >= 120 * DAY else _steps(low, high)
    return Axis(low, high, tuple(ticks))


def _months(low: float, high: float) -> Iterator[tuple[float, str]]:
    """Beginnings of months, at most seven or so, in steps that divide years or are whole years."""
    first, last = (moment.year * 12 + moment.month - 1 for moment in (_at(low), _at(high)))
    gap = next(gap for gap in _GAPS if last - first <= 7 * gap)
    for index in range(-(-first // gap) * gap, last + 1, gap):
        month = datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)
        place = (month - _EPOCH).total_seconds()
        if place >= low:
            yield place, f"{_MONTHS[month.month - 1]} {month.year}"


def _steps(low: float, high: float) -> Iterator[tuple[float, str]]:
    """Midnights, or round times of the day where the range is short."""
    days = [days * DAY for days in (1, 2, 5, 10, 20)]
    gaps = (10, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, *days)
    gap = next(gap for gap in gaps if (high - low) / gap <= 7)
    start = math.ceil(low / min(gap, DAY)) * min(gap, DAY)
    for place in range(start, math.floor(high) + 1, gap):
        moment = _at(place)
        day = f"{moment.day} {_MONTHS[moment.month - 1]}"
        yield float(place), day if gap >= DAY else f"{day} {_clock(moment, fine=gap < 60)}"
