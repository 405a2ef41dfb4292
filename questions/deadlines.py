"""Deadlines as people write them: “end of June”, “in 3 weeks”, “Q3 2026”, “31 Dec 2026 23:59”. All are read in UTC.

What is written names a stretch of time: a day, a month, a quarter, or one minute that has no length. `span` gives it,
`opening` takes its beginning, `closing` its last minute. Whoever asks shows what was read, so that the author sees it.
"""

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from questions import percent
from questions.errors import InvalidQuestion

LONGEST = 60
SUCH = "Write one such as 31 Dec 2026, end of June, in 3 weeks or 2026-12-31 23:59."
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

Span = tuple[datetime, datetime]

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS = {name: number for number, name in enumerate(_DAYS)} | {name[:3]: n for n, name in enumerate(_DAYS)}
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "six": 6}
_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_YEAR = "(?P<year>[0-9]{4})"
_CLOCK = (
    r"(?:(?:,| at|t)? ?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}(?::[0-9]{2})?)(?:\.[0-9]+)?"
    r" ?(?P<zone>z|utc|gmt|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_BY = "(?:by |on |in |until )?"
_PART = r"(?:the )?(?P<part>end|mid|middle|start|beginning)(?:[ -]of)?(?: the)?[ -]"
_TWO_WAYS = re.compile(r"(?P<first>[0-9]{1,2})[/.-](?P<second>[0-9]{1,2})[/.-](?P<year>[0-9]{4}|[0-9]{2})(?: .*)?")


def opening(text: str, moment: datetime, field: str) -> datetime:
    """When something begins: the first minute of what is written; “now” is this moment. Raises InvalidQuestion."""
    return span(text, moment, field)[0]


def closing(text: str, moment: datetime, field: str) -> datetime:
    """When something ends: the last minute of what is written, so that a bare day means 23:59 UTC.

    Raises InvalidQuestion.
    """
    start, stop = span(text, moment, field)
    return max(start, stop - MINUTE)


def span(text: str, moment: datetime, field: str) -> Span:
    """The stretch of time that is written, from its first moment up to the first after it; a minute has no length.

    Raises InvalidQuestion for what cannot be read, and for what can be read in two ways.
    """
    written = " ".join(text.split()).casefold()
    if not written:
        raise InvalidQuestion(f"The time is empty. {SUCH}", field)
    _require_one_way(written, text, field)
    if len(written) <= LONGEST:
        for pattern, read in _FORMS:
            if found := pattern.fullmatch(written):
                try:
                    return read(found, moment)
                except (ValueError, OverflowError):
                    break  # a day that no calendar has
    raise InvalidQuestion(f"{percent.quote(text)} is no day or time that can be read. {SUCH}", field)


def _require_one_way(written: str, text: str, field: str) -> None:
    """Refuse 03/04/2026, which is one day in London and another in Boston, and whatever is written like it."""
    found = _TWO_WAYS.fullmatch(written)
    if not found:
        return
    year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
    pairs = ((found["first"], found["second"]), (found["second"], found["first"]))
    ways = dict.fromkeys(f"{year}-{int(month):02}-{int(day):02}" for month, day in pairs if 1 <= int(month) <= 12)
    if len(ways) == 1:
        raise InvalidQuestion(f"{percent.quote(text)} is written in a way that many misread. Write {min(ways)}.", field)
    raise InvalidQuestion(
        f"{percent.quote(text)} can be read in two ways. Write {' or '.join(ways) or 'a day such as 2026-12-31'}.",
        field,
    )


# The stretches


def _at_midnight(year: int, month: int, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def _months(year: int, month: int, count: int) -> Span:
    """So many months from that one on; month 13 is the next year's first."""
    begins, ends = year * 12 + month - 1, year * 12 + month - 1 + count
    return _at_midnight(begins // 12, begins % 12 + 1), _at_midnight(ends // 12, ends % 12 + 1)


def _one_day(start: datetime) -> Span:
    return start, start + DAY


def _today(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time(), UTC)


def _clocked(found: re.Match[str], day: datetime) -> Span:
    """The day, or the minute of it that is named."""
    if not found["hour"]:
        return _one_day(day)
    zone = (found["zone"] or "z").replace("utc", "z").replace("gmt", "z").upper()
    clock = f"{int(found['hour']):02}:{found['minute']}"
    at = datetime.fromisoformat(f"{day:%Y-%m-%d}T{clock}{zone.replace('Z', '+00:00')}").astimezone(UTC)
    return at, at


def _next_year_of(month: int, day: int, moment: datetime) -> int:
    """The year in which that day of the year comes next, today included."""
    return moment.year + ((month, day) < (moment.month, moment.day))


# The ways of writing them


def _iso(found: re.Match[str], moment: datetime) -> Span:
    return _clocked(found, _at_midnight(int(found["year"]), int(found["number"]), int(found["day"])))


def _named(found: re.Match[str], moment: datetime) -> Span:
    """31 Dec 2026, December 31, 2026; without a year the next such day."""
    month, day = _MONTHS[found["month"]], int(found["day"])
    year = int(found["year"] or _next_year_of(month, day, moment))
    return _clocked(found, _at_midnight(year, month, day))


def _month(found: re.Match[str], moment: datetime) -> Span:
    month = _MONTHS[found["month"]]
    return _months(int(found["year"] or moment.year + (month < moment.month)), month, 1)


def _iso_month(found: re.Match[str], moment: datetime) -> Span:
    return _months(int(found["year"]), int(found["number"]), 1) if 1 <= int(found["number"]) <= 12 else _none()


def _none() -> Span:
    raise ValueError("no calendar has it")


def _year(found: re.Match[str], moment: datetime) -> Span:
    return _months(int(found["year"]), 1, 12)


def _quarter(found: re.Match[str], moment: datetime) -> Span:
    length = 3 if found["kind"] == "q" else 6
    number = int(found["count"])
    if not 1 <= number <= 12 // length:
        return _none()
    until = _months(int(found["year"] or moment.year), (number - 1) * length + 1, length)
    return until if found["year"] or until[1] > moment else _months(moment.year + 1, (number - 1) * length + 1, length)


def _part_of(whole: Span, part: str) -> Span:
    """The day on which a stretch begins, ends, or is in its middle: the 15th of a month, the 1st of July of a year."""
    start, stop = whole
    if part in ("start", "beginning"):
        return _one_day(start)
    if part in ("mid", "middle"):
        middle = start.replace(day=15) if stop - start < 32 * DAY else _at_midnight(start.year, start.month + 6)
        return _one_day(middle)
    return _one_day(stop - DAY)


def _part_of_month(found: re.Match[str], moment: datetime) -> Span:
    return _part_of(_month(found, moment), found["part"])


def _part_of_year(found: re.Match[str], moment: datetime) -> Span:
    return _part_of(_year(found, moment), found["part"])


def _part_of_this(found: re.Match[str], moment: datetime) -> Span:
    """The end of the day, this week, next month, the year."""
    today, ahead = _today(moment), int(found["which"] == "next")
    if found["unit"] == "day":
        return _one_day(today + ahead * DAY)
    if found["unit"] == "week":
        monday = today - today.weekday() * DAY + ahead * 7 * DAY
        days = {"start": 0, "beginning": 0, "mid": 2, "middle": 2}
        return _one_day(monday + days.get(found["part"], 6) * DAY)
    whole = (
        _months(today.year, today.month + ahead, 1) if found["unit"] == "month" else _months(today.year + ahead, 1, 12)
    )
    return _part_of(whole, found["part"])


def _from_now(found: re.Match[str], moment: datetime) -> Span:
    """In 3 weeks: that day; in 2 hours: that minute."""
    count = _COUNTS.get(found["count"]) or int(found["count"])
    unit, now = found["unit"], moment.replace(second=0, microsecond=0)
    if unit in ("minute", "hour"):
        at = now + count * (MINUTE if unit == "minute" else timedelta(hours=1))
        return at, at
    if unit in ("day", "week"):
        return _one_day(_today(moment) + count * (DAY if unit == "day" else 7 * DAY))
    (start, stop) = _months(moment.year, moment.month + count * (1 if unit == "month" else 12), 1)
    return _one_day(start + min(moment.day - 1, (stop - start).days - 1) * DAY)


def _weekday(found: re.Match[str], moment: datetime) -> Span:
    """The next such day after today."""
    today = _today(moment)
    ahead = (_WEEKDAYS[found["weekday"]] - today.weekday() - 1) % 7 + 1
    return _clocked(found, today + ahead * DAY)


def _near(found: re.Match[str], moment: datetime) -> Span:
    if found["near"] == "now":
        return moment, moment
    return _clocked(found, _today(moment) + (DAY if found["near"] == "tomorrow" else timedelta()))


_Read = Callable[[re.Match[str], datetime], Span]
_ANY_COUNT = "(?P<count>[0-9]{1,4}|" + "|".join(_COUNTS) + ")"
_ANY_WEEKDAY = "(?P<weekday>" + "|".join(sorted(_WEEKDAYS, key=len, reverse=True)) + ")"
_WRITTEN: tuple[tuple[str, _Read], ...] = (
    (rf"{_YEAR}-(?P<number>[0-9]{{2}})-(?P<day>[0-9]{{2}}){_CLOCK}", _iso),
    (rf"{_BY}(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? {_YEAR})?{_CLOCK}", _named),
    (rf"{_BY}{_MONTH} (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?(?:,? {_YEAR})?{_CLOCK}", _named),
    (rf"{_BY}{_MONTH}(?:,? {_YEAR})?", _month),
    (rf"{_YEAR}-(?P<number>[0-9]{{2}})", _iso_month),
    (rf"{_BY}{_YEAR}", _year),
    (rf"{_BY}(?:the )?(?:end of )?(?P<kind>[qh])(?P<count>[0-9])(?: ?{_YEAR})?", _quarter),
    (rf"{_BY}{_PART}{_MONTH}(?:,? {_YEAR})?", _part_of_month),
    (rf"{_BY}{_PART}{_YEAR}", _part_of_year),
    (rf"{_BY}{_PART}(?:(?P<which>this|next) )?(?P<unit>day|week|month|year)", _part_of_this),
    (rf"(?:in|within) {_ANY_COUNT} (?P<unit>minute|hour|day|week|month|year)s?", _from_now),
    (rf"{_BY}(?:next |this )?{_ANY_WEEKDAY}{_CLOCK}", _weekday),
    (rf"(?P<near>now|today|tomorrow){_CLOCK}", _near),
)
_FORMS = tuple((re.compile(pattern), read) for pattern, read in _WRITTEN)
