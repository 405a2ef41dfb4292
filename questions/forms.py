"""A question, a ladder or a source as somebody types it into a form, made into the table that a set file would hold.

So one judge, questions/setfile.py, says what a question is, wherever it comes from. What is typed stays as it was
typed; what a moment is taken for is worked out each time, so that its author can be shown it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from questions import deadlines, ladders, percent, setfile
from questions.errors import InvalidAnswer, InvalidQuestion, Refusal
from questions.kinds import KINDS
from questions.setfile import Draft, SetFile
from questions.shape import Kind, Shape

Typed = Mapping[str, str]

WORDS = ("title", "background", "criteria", "fine_print", "resolves_from", "claim", "paragraph")
CHECKS = {
    "check_who": "who decides",
    "check_source": "by which source",
    "check_counts": "what counts and what does not",
    "check_gone": "what happens if the source disappears",
    "check_zone": "in which time zone days end",
}
"""What criteria should say; an author ticks them off, and a moderator sees which are not."""

RANGE = ("low", "high", "open_below", "open_above", "step", "unit", "zero_point", "days")
_ASKED = ("slug", "kind", "group", "tags", "opens_at", "closes_at", "resolves_at", "outcomes", *RANGE, *CHECKS)
IMPLIED = ("implied_probability", "implied_shares", "implied_low", "implied_median", "implied_high", "reason")
CLAIM = (*WORDS, *_ASKED, *IMPLIED)
SHOWN = ("audience", "reveal", "reveals_at")
FIELDS: Mapping[str, Sequence[str]] = {
    "question": (*WORDS[:5], *_ASKED, "set", *SHOWN),
    "ladder": (
        *WORDS[:5], "slug", "tags", "opens_at", "closes_at", "resolves_at", "direction", "thresholds", *CHECKS, "set",
        *SHOWN,
    ),
    "source": (
        "name", "title", "author", "said_at", "read_on", "note", "slug", "set_title", "set_slug", "description",
        "claims", *SHOWN,
    ),
}  # fmt: skip
"""The fields of each form. A source has those of each claim too, as `claim-3-title`."""

MOST_CLAIMS = 60
MOST_RUNGS = 20
THRESHOLD = "{threshold}"

_LONGEST_MADE_SLUG = 50
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?|[+-]?\.[0-9]{1,18}")
_NAMES = {
    "title": "The title", "slug": "The slug", "kind": "The kind", "criteria": "What is asked for under “criteria”",
    "background": "The background", "fine_print": "The fine print", "resolves_from": "The source that decides",
    "tags": "A tag", "group": "The group", "claim": "The claim", "paragraph": "The paragraph", "name": "The name",
    "author": "The author", "note": "The note", "description": "The description", "outcomes": "An outcome",
    "reason": "The reason", "said_at": "When it was said", "read_on": "When it was read", "unit": "The unit",
    "reveals_at": "The moment from which on people see what others say",
}  # fmt: skip
_FIELDS = {f"range.{name}": name for name in RANGE} | {"range": "low", "ladder": "thresholds"}


# Texts


def tidy(typed: Typed) -> dict[str, str]:
    """What a browser sent, with the line breaks that everything else uses."""
    return {name: value.replace("\r\n", "\n").replace("\r", "\n") for name, value in typed.items()}


def slug_of(title: str) -> str:
    """A title as a name in addresses, cut between words; "" where none of its letters is Latin.

    >>> slug_of("Will Łódź's trams run in 2027?")
    'will-lodz-s-trams-run-in-2027'
    """
    plain = unicodedata.normalize("NFKD", title.casefold().replace("ł", "l")).encode("ascii", "ignore").decode()
    words = re.findall("[a-z0-9]+", plain)
    while len(words) > 1 and len("-".join(words)) > _LONGEST_MADE_SLUG:
        words.pop()
    return "-".join(words)[:_LONGEST_MADE_SLUG]


def lines(text: str) -> list[str]:
    """What stands on each line that is not blank."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _got(typed: Typed, name: str) -> str:
    return typed.get(name, "").strip()


def _slug(typed: Typed, field: str, title: str) -> str:
    slug = _got(typed, field) or slug_of(title)
    if not slug:
        raise InvalidQuestion("The title gives no slug. Write one of small letters, digits and hyphens.", field)
    return slug


def _number(text: str, field: str) -> int | float:
    bare = text.replace("−", "-")
    if percent.TWO_WAYS.fullmatch(bare):
        ways = f"{bare.replace(',', '')} or {bare.replace(',', '.')}"
        raise InvalidQuestion(f"{percent.quote(text)} can be read in two ways. Write {ways}.", field)
    if not _NUMBER.fullmatch(percent.plain(bare)):
        raise InvalidQuestion(f"{percent.quote(text)} is not a number. Write one such as 1250 or 0.8.", field)
    number = Decimal(percent.plain(bare))
    return int(number) if number == number.to_integral_value() else float(number)


# Times


def _said(text: str, moment: datetime, field: str) -> datetime:
    """When a source spoke; of a day its noon."""
    start, stop = deadlines.span(text, moment, field)
    return min(start + timedelta(hours=12), moment) if start < stop and start < moment else start


def _after(text: str, moment: datetime, field: str) -> datetime:
    """The first moment after what is written: where a range of days ends."""
    return deadlines.span(text, moment, field)[1]


_TIMES: Mapping[str, Callable[[str, datetime, str], datetime]] = {
    "opens_at": deadlines.opening, "closes_at": deadlines.closing, "resolves_at": deadlines.closing,
    "said_at": _said, "read_on": deadlines.opening, "reveals_at": deadlines.opening,
}  # fmt: skip
_TIME_NAMES = {
    "opens_at": "The opening time", "closes_at": "The closing time", "resolves_at": "The expected resolution",
    "said_at": "When it was said", "low": "Where the range begins", "high": "Where the range ends",
    "reveals_at": _NAMES["reveals_at"],
}  # fmt: skip
_ENDS: Mapping[str, Callable[[str, datetime, str], datetime]] = {"low": deadlines.opening, "high": _after}


def _time(typed: Typed, name: str, moment: datetime) -> datetime:
    """What a time that is needed is taken for. Raises InvalidQuestion."""
    if not _got(typed, name):
        raise InvalidQuestion(f"{_TIME_NAMES[name]} is empty. {deadlines.SUCH}", name)
    return {**_TIMES, **_ENDS}[name](typed[name], moment, name)


def moments(typed: Typed, moment: datetime) -> dict[str, datetime]:
    """What each time that was typed is taken for, without those that cannot be read and those that mean “now”."""
    found = {}
    ends = _ENDS if _is_dated(KINDS.get(_got(typed, "kind"))) else {}
    for name, read in {**_TIMES, **ends}.items():
        text = _got(typed, name) if name != "reveals_at" or typed.get("reveal") == "at" else ""
        if text and text.casefold() != "now":
            try:
                found[name] = read(text, moment, name)
            except InvalidQuestion:
                continue
    return found


def fixed(typed: Typed, moment: datetime) -> dict[str, str]:
    """What was typed with each time as what it is taken for now, so that “in 3 weeks” does not move any more."""
    made = {**typed, **{name: stamp(found) for name, found in moments(typed, moment).items()}}
    if typed.get("direction") == "by":
        made["thresholds"] = "\n".join(
            stamp(deadlines.closing(line, moment, "thresholds")) for line in lines(typed.get("thresholds", ""))
        )
    for number in claims(typed):
        made |= {f"claim-{number}-{name}": value for name, value in fixed(claim_of(typed, number), moment).items()}
    return made


def stamp(moment: datetime) -> str:
    """A moment as forms hold it: 2026-12-31 23:59, in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "seconds" if moment.second else "minutes")


def _is_dated(kind: Kind | None) -> bool:
    """Whether the ends of its range are moments."""
    return kind is not None and isinstance(kind.EXAMPLE.get("range", {}).get("low"), str)


# One question


def question(typed: Typed, moment: datetime) -> Draft:
    """The question that was typed, judged; it opens now where it is not said. Raises InvalidQuestion."""
    with in_words():
        table = _table(typed, moment)
        table["opens_at"] = max(table.get("opens_at", moment), moment.replace(microsecond=0))
        _require_ahead(table, moment)
        return setfile.judge_question(table, with_source=False)


def written(table: Mapping[str, Any], moment: datetime) -> Draft:
    """The question that a program wrote, as a set file has it, judged; its slug and opening may be left out.

    Raises InvalidQuestion.
    """
    with in_words():
        if not table["title"].strip():
            raise InvalidQuestion("is empty.", "title")
        table = {**table, "slug": table.get("slug") or _slug({}, "slug", table["title"])}
        table["opens_at"] = max(table.get("opens_at", moment), moment.replace(microsecond=0))
        _require_ahead(table, moment)
        return setfile.judge_question(table, with_source=False)


def _table(typed: Typed, moment: datetime) -> dict[str, Any]:
    """The table under [[questions]] that a set file would hold."""
    if not _got(typed, "title"):
        raise InvalidQuestion("is empty.", "title")
    table: dict[str, Any] = {name: _got(typed, name) for name in (*WORDS, "kind", "group") if _got(typed, name)}
    table["slug"] = _slug(typed, "slug", typed["title"])
    if tags := _tags(typed):
        table["tags"] = tags
    for name in ("opens_at", "closes_at", "resolves_at"):
        if _got(typed, name) or name == "closes_at":
            table[name] = _time(typed, name, moment)
    kind = KINDS.get(_got(typed, "kind"))
    return (table if kind is None else table | _spec(typed, kind, moment)) | shown(typed, moment)


def shown(typed: Typed, moment: datetime) -> dict[str, Any]:
    """Who sees it and when they see what others say, as a set file says it; nothing where that is not typed.

    Of a moment only where it is asked for. Raises InvalidQuestion.
    """
    found: dict[str, Any] = {name: _got(typed, name) for name in SHOWN[:2] if _got(typed, name)}
    if found.get("reveal") == "at" and _got(typed, "reveals_at"):
        found["reveals_at"] = _time(typed, "reveals_at", moment)
    return found


def _spec(typed: Typed, kind: Kind, moment: datetime) -> dict[str, Any]:
    """What its kind needs, out of the fields that the form has for it."""
    spec: dict[str, Any] = {}
    if "outcomes" in kind.SPEC:
        spec["outcomes"] = lines(typed.get("outcomes", ""))
    if "range" in kind.SPEC:
        spec["range"] = _dates(typed, moment) if _is_dated(kind) else _numbers(typed)
    return spec


def _numbers(typed: Typed) -> dict[str, Any]:
    numbers = {
        name: _number(_got(typed, name), name) for name in ("low", "high", "step", "zero_point") if _got(typed, name)
    }
    unit = {"unit": _got(typed, "unit")} if _got(typed, "unit") else {}
    return numbers | unit | _open_ends(typed)


def _dates(typed: Typed, moment: datetime) -> dict[str, Any]:
    ends: dict[str, Any] = {name: _time(typed, name, moment) for name in _ENDS}
    step = {} if typed.get("days") == "no" else {"step": "day"}
    return ends | step | _open_ends(typed)


def _open_ends(typed: Typed) -> dict[str, Any]:
    return {name: typed.get(name) == "yes" for name in ("open_below", "open_above")}


def _require_ahead(table: Mapping[str, Any], moment: datetime) -> None:
    if table["closes_at"] <= moment:
        raise InvalidQuestion("The closing time is over already. Write a later one.", "closes_at")


@contextmanager
def in_words() -> Iterator[None]:
    """Let a refusal say its sentence whole and name the form's field."""
    try:
        yield
    except (InvalidQuestion, InvalidAnswer) as error:
        sentence = str(error)
        if sentence[:1].islower():
            sentence = f"{_NAMES.get(error.field, 'The question')} {sentence}"
        raise InvalidQuestion(sentence, _FIELDS.get(error.field, error.field)) from error


def words(typed: Typed, names: Sequence[str]) -> dict[str, Any]:
    """Some words of a question that is published, judged as when it was. Raises InvalidQuestion."""
    found: dict[str, Any] = {name: _got(typed, name) for name in names if name in typed}
    if "tags" in found:
        found["tags"] = _tags(typed)
    with in_words():
        return setfile.judge_words(found)


def _tags(typed: Typed) -> list[str]:
    return [tag.strip() for tag in typed.get("tags", "").split(",") if tag.strip()]


# A ladder


def ladder(typed: Typed, moment: datetime) -> list[Draft]:
    """The questions of a ladder, one for each threshold, judged. Raises InvalidQuestion."""
    with in_words():
        written = lines(typed.get("thresholds", ""))
        _require_rungs(typed, written)
        by = typed.get("direction") == "by"
        values = [_threshold(line, by, moment) for line in written]
        places = [value.timestamp() if isinstance(value, datetime) else float(value) for value in values]
        ladders.require_steps(places, written, "thresholds")
        return [_rung(typed, value, moment) for value in values]


def _require_rungs(typed: Typed, written: Sequence[str]) -> None:
    if THRESHOLD not in typed.get("title", ""):
        raise InvalidQuestion(f"The title lacks {THRESHOLD}. Write it where each threshold is to stand.", "title")
    if typed.get("direction") not in ladders.DIRECTIONS:
        raise InvalidQuestion("No direction is chosen. Choose above, below or by.", "direction")
    if _got(typed, "audience") == "unlisted":
        raise InvalidQuestion(
            "Each question of a ladder would have a link of its own. Put the ladder into a set that is unlisted.",
            "audience",
        )
    if not 2 <= len(written) <= MOST_RUNGS:
        raise InvalidQuestion(
            f"A ladder has 2 to {MOST_RUNGS} thresholds, and here are {len(written)}. Write one on each line.",
            "thresholds",
        )


def _threshold(text: str, by: bool, moment: datetime) -> datetime | int | float:
    return deadlines.closing(text, moment, "thresholds") if by else _number(text, "thresholds")


def _rung(typed: Typed, value: datetime | float, moment: datetime) -> Draft:
    label, suffix = called(value), _suffix(value)
    base = _slug(typed, "slug", typed["title"].replace(THRESHOLD, " "))
    texts = {name: typed.get(name, "").replace(THRESHOLD, label) for name in WORDS}
    own = {"slug": f"{base}-{typed['direction']}-{suffix}", "group": base, "kind": "binary"}
    if isinstance(value, datetime) and not _got(typed, "closes_at"):
        own["closes_at"] = stamp(value)
    table = _table({**typed, **texts, **own}, moment)
    table["opens_at"] = max(table.get("opens_at", moment), moment.replace(microsecond=0))
    _require_ahead(table, moment)
    table["ladder"] = {"threshold": value, "direction": typed["direction"]}
    return setfile.judge_question(table, with_source=False)


def called(value: datetime | float) -> str:
    """A threshold as a title says it: 31 March 2026, −1.5. A day's last minute is the day."""
    if not isinstance(value, datetime):
        return f"{Decimal(repr(value)):f}".replace("-", "−")
    day = f"{value.day} {value:%B} {value.year}"
    return day if (value.hour, value.minute) == (23, 59) else f"{day}, {value:%H:%M} UTC"


def _suffix(value: datetime | float) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if (value.hour, value.minute) == (23, 59) else f"{value:%Y-%m-%d-%H%M}"
    return f"{Decimal(repr(value)):f}".replace("-", "minus-").replace(".", "-")


# A source


def claims(typed: Typed) -> list[int]:
    """The numbers of a source's claims, in their order."""
    return [int(one) for one in typed.get("claims", "").split() if one.isascii() and one.isdigit()][:MOST_CLAIMS]


def claim_of(typed: Typed, number: int) -> dict[str, str]:
    """The fields of one claim, by their own names."""
    prefix = f"claim-{number}-"
    return {name.removeprefix(prefix): value for name, value in typed.items() if name.startswith(prefix)}


def about(typed: Typed, moment: datetime) -> dict[str, Any]:
    """The set and source that were typed, judged, as setfile.SetFile has its fields. Raises InvalidQuestion."""
    with in_words():
        return setfile.judge_about(_about(typed, moment))


def _about(typed: Typed, moment: datetime) -> dict[str, Any]:
    if not _got(typed, "title"):
        raise InvalidQuestion("is empty.", "title")
    name = _got(typed, "name") or _got(typed, "title")
    source: dict[str, Any] = {one: _got(typed, one) for one in ("title", "author", "note") if _got(typed, one)}
    source |= {
        "name": name,
        "slug": _slug(typed, "slug", name),
        "said_at": _time(typed, "said_at", moment),
    }
    if source["said_at"] > moment:
        raise InvalidQuestion("lies in the future. Give the moment at which the source was published.", "said_at")
    source["read_on"] = deadlines.opening(_got(typed, "read_on") or "today", moment, "read_on").date()
    title = _got(typed, "set_title") or _got(typed, "title")
    of_set = {"title": title, "slug": _slug(typed, "set_slug", title)}
    of_set |= {"description": _got(typed, "description")} if _got(typed, "description") else {}
    return {"set": of_set | shown(typed, moment), "source": source}


def claim(typed: Typed, said_at: datetime, moment: datetime) -> Draft:
    """One claim with what it implies, judged; its question opens when the source spoke, where it is not said."""
    with in_words():
        return setfile.judge_question(_claim(typed, said_at, moment), with_source=True)


def _claim(typed: Typed, said_at: datetime, moment: datetime) -> dict[str, Any]:
    table = {"opens_at": said_at} | _table(typed, moment)
    kind = KINDS.get(_got(typed, "kind"))
    if kind is None or not any(_got(typed, name) for name in IMPLIED[:5]):
        return table
    shape = kind.shape({name: table[name] for name in kind.SPEC if name in table})
    return table | {"implied": {"probabilities": _implied(typed, kind, shape), "reason": _got(typed, "reason")}}


def _implied(typed: Typed, kind: Kind, shape: Shape) -> list[float]:
    """How likely the source makes each outcome, typed as people answer the question."""
    try:
        return [float(share) for share in kind.read(_answer(typed, kind, shape), shape)]
    except InvalidAnswer as error:
        field = f"implied_{error.field}"
        raise InvalidAnswer(str(error), field if field in IMPLIED else "implied_shares") from error


def _answer(typed: Typed, kind: Kind, shape: Shape) -> dict[str, str]:
    """What the source makes of the question, as its kind's own form sends it."""
    if "median" in kind.IMPLIED:
        return {"way": "interval"} | {name: _got(typed, f"implied_{name}") for name in ("low", "median", "high")}
    if "probability" in kind.IMPLIED:
        return {"probability": _got(typed, "implied_probability")}
    shares = lines(typed.get("implied_shares", ""))
    if len(shares) != shape.size:
        raise InvalidAnswer(
            f"There are {len(shares)} percentages for {shape.size} outcomes. Write one for each, in their order.",
            "shares",
        )
    return {f"outcome-{index}": share for index, share in enumerate(shares)}


def source(typed: Typed, moment: datetime) -> SetFile:
    """The whole source with its claims, judged as a file would be. Raises InvalidQuestion or InvalidFile."""
    table = _about(typed, moment) if about(typed, moment) else {}
    said_at = table["source"]["said_at"]
    numbers = claims(typed)
    if not numbers:
        raise InvalidQuestion("There is no claim yet. Add the first.", "claims")
    for place, number in enumerate(numbers, 1):
        try:
            claim(claim_of(typed, number), said_at, moment)
        except Refusal as error:
            raise InvalidQuestion(f"Claim {place}: {error}", "claims") from error
    tables = [_claim(claim_of(typed, number), said_at, moment) for number in numbers]
    return setfile.judge(table | {"questions": tables}, "The source")
