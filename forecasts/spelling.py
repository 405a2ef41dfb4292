"""What stands in one cell of a plain file: read strictly, and written so that it reads back as the same.

A reader takes the text of a cell and raises Refusal with the sentence that a person reads. An empty cell is the
column's to judge: see `maybe`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

from questions import percent
from questions.errors import Refusal
from questions.kinds import KINDS
from questions.setfile import LONGEST_LINE, LONGEST_SLUG, LONGEST_TEXT, SLUG

HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TEMPTING = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_SUCH = "Write one such as 2026-12-31T23:59:00Z."


# Spreadsheets


def guarded(text: str) -> str:
    """A text as a cell that no spreadsheet takes for a formula: one that begins like a formula gets an apostrophe.

    So does one whose own apostrophes stand before such a beginning, which is how `unguarded` can tell them apart.
    Numbers stay as they are.

    >>> [guarded(text) for text in ("=1+1", "'=1+1", "-0.4", "- a list", "it's", "'tis")]
    ["'=1+1", "''=1+1", '-0.4', "'- a list", "it's", "'tis"]
    """
    return f"'{text}" if _TEMPTING.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(cell: str) -> str:
    """The reverse of `guarded`.

    >>> [unguarded(cell) for cell in ("'=1+1", "''=1+1", "=1+1", "-0.4", "'tis")]
    ['=1+1', "'=1+1", '=1+1', '-0.4', "'tis"]
    """
    return cell[1:] if cell.startswith("'") and _TEMPTING.match(cell) else cell


# Reading


def maybe(read: Callable[[str], Any], empty: Any = "") -> Callable[[str], Any]:
    """A reader for which an empty cell means `empty`."""
    return lambda cell: read(cell) if cell else empty


def text(cell: str) -> str:
    """Any text that a page can show, exactly as it stands."""
    if len(cell) > LONGEST_TEXT:
        raise Refusal(f"is {len(cell)} characters long. Keep it to {LONGEST_TEXT}.")
    if _NOT_TEXT.search(cell):
        raise Refusal("holds a control character. Take it out.")
    return cell


def filled(cell: str) -> str:
    """A text that is not blank."""
    if not cell.strip():
        raise Refusal("is empty.")
    return text(cell)


def line(cell: str) -> str:
    """A text on one line."""
    if len(filled(cell)) > LONGEST_LINE:
        raise Refusal(f"is {len(cell)} characters long. Keep it to {LONGEST_LINE}.")
    if "\n" in cell or "\r" in cell:
        raise Refusal("holds a line break. Write it on one line.")
    return cell


def slug(cell: str) -> str:
    """A name as it stands in addresses."""
    if not SLUG.fullmatch(filled(cell)) or len(cell) > LONGEST_SLUG:
        raise Refusal(
            f"{percent.quote(cell)} is not a slug. Write small letters and digits joined by hyphens, "
            f"at most {LONGEST_SLUG}."
        )
    return cell


def handle(cell: str) -> str:
    """A forecaster's name as it stands in addresses."""
    if not HANDLE.fullmatch(filled(cell)) or len(cell) > LONGEST_SLUG:
        raise Refusal(
            f"{percent.quote(cell)} is not a handle. Write small letters, digits, and . _ - between them, "
            f"at most {LONGEST_SLUG}; the full name goes under forecaster_name."
        )
    return cell


def one_of(*words: str) -> Callable[[str], str]:
    """A reader that takes these words alone."""

    def read(cell: str) -> str:
        if cell not in words:
            raise Refusal(f"{percent.quote(cell)} is none of {', '.join(words)}. Write one of them.")
        return cell

    return read


def kind(cell: str) -> str:
    """The name of a kind of question."""
    return one_of(*KINDS)(filled(cell))


def moment(cell: str) -> datetime:
    """A moment with its zone, to the microsecond at most, in UTC."""
    found = _MOMENT.fullmatch(cell)
    if found is None:
        raise Refusal(f"{percent.quote(cell)} is not a moment. {_SUCH}" if cell else f"is empty. {_SUCH}")
    if not found["zone"]:
        raise Refusal(f"{percent.quote(cell)} names no time zone. {_SUCH}")
    try:
        return datetime.fromisoformat(cell.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal(f"{percent.quote(cell)} is not a moment of the calendar. {_SUCH}") from None


def day(cell: str) -> date:
    """A date such as 2026-11-23."""
    try:
        if len(cell) == 10:
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise Refusal(f"{percent.quote(cell)} is not a date. Write one such as 2026-11-23.")


def fraction(cell: str) -> float:
    """A probability from 0 to 1."""
    if not _NUMBER.fullmatch(cell):
        raise Refusal(f"{percent.quote(cell)} is not a number. Write a fraction such as 0.37.")
    if not 0 <= float(cell) <= 1:
        raise Refusal(f"{percent.quote(cell)} is outside 0 to 1. Write a fraction such as 0.37.")
    return float(cell)


def link(cell: str) -> str:
    """An address that a browser may be sent to."""
    try:
        parts = urlsplit(text(cell))
        sound = parts.scheme in ("http", "https") and parts.hostname and cell.isprintable() and " " not in cell
    except ValueError:
        sound = False
    if not sound:
        raise Refusal(f"{percent.quote(cell)} is not a link. Write one that begins with https, or leave it empty.")
    return cell


def structure(cell: str) -> Any:
    """JSON without NaN, without a name twice in one table, and without text that is none."""
    try:
        found = json.loads(cell, parse_constant=_refuse, object_pairs_hook=_table)
    except (ValueError, RecursionError):
        raise Refusal(f"{percent.quote(cell)} is not JSON. Write text in double quotes, and numbers plainly.") from None
    for word in _words(found):
        text(word)
    return found


def _words(found: Any) -> Iterator[str]:
    """Every text within it."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict | list):
        for part in [*found, *found.values()] if isinstance(found, dict) else found:
            yield from _words(part)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _table(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name stands twice")
    return table


def table(cell: str) -> dict[str, Any]:
    """A JSON object."""
    found = structure(cell)
    if not isinstance(found, dict):
        raise Refusal(f"{percent.quote(cell)} is not a table. Write JSON in braces.")
    return found


def numbers(cell: str) -> list[Any]:
    """A JSON list; what is in it is judged where it is known of what."""
    found = structure(cell)
    if not isinstance(found, list):
        raise Refusal(f"{percent.quote(cell)} is not a list. Write one such as [0.2, 0.5, 0.3].")
    return found


def listed(cell: str) -> list[str]:
    """Words separated by |, or a JSON list of them; each on one line.

    >>> listed("north | south"), listed('["a|b", "c"]'), listed("")
    (['north', 'south'], ['a|b', 'c'], [])
    """
    if not cell.startswith("["):
        return [line(word) for word in _split(cell)]
    found = structure(cell)
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise Refusal(f"{percent.quote(cell)} is not a list of words. Write them separated by |.")
    return [line(word) for word in found]


def _split(cell: str) -> list[str]:
    return [word.strip() for word in cell.split("|")] if cell else []


_SOURCE: Mapping[str, Callable[[str], Any]] = {
    "slug": slug, "name": line, "title": line, "author": maybe(line), "note": maybe(text),
    "said_at": moment, "read_on": day,
}  # fmt: skip


def source(cell: str) -> dict[str, Any]:
    """A JSON object with what a set file says under [source]: slug, name, title, author, note, said_at, read_on."""
    found = table(cell)
    if unknown := [name for name in found if name not in _SOURCE]:
        raise Refusal(f"{percent.quote(unknown[0])} is not known of a source. Known are {', '.join(_SOURCE)}.")
    judged = {}
    for name, read in _SOURCE.items():
        written = found.get(name, "")
        if not isinstance(written, str):
            raise Refusal(f"The source's {name} is not text. Put it in double quotes.")
        try:
            judged[name] = read(written)
        except Refusal as refusal:
            raise Refusal(f"The source's {name} cannot be used: {refusal}") from refusal
    return judged


# Writing


def stamped(at: datetime | None) -> str:
    """A moment in UTC, with as much of a second as it has.

    >>> stamped(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    '2026-12-31T23:59:00Z'
    """
    return "" if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def shown(number: float | None) -> str:
    """A number in the fewest digits that read back as this very one."""
    return "" if number is None else repr(float(number))


def dumped(found: Any) -> str:
    """JSON on one line; nothing for None."""
    return "" if found is None else json.dumps(found, ensure_ascii=False, default=_plain, allow_nan=False)


def _plain(value: Any) -> str:
    return stamped(value) if isinstance(value, datetime) else str(value.isoformat())


def joined(words: Sequence[str]) -> str:
    """Words separated by |, or as JSON where that would not read back."""
    plain = "|".join(words)
    return plain if not plain.startswith("[") and _split(plain) == list(words) else dumped(list(words))
