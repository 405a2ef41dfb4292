"""A set of questions as a TOML file: read whole and judged whole, so that a bad file changes nothing."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from questions import audiences, percent
from questions.errors import InvalidQuestion, Refusal
from questions.kinds import KINDS
from questions.shape import Kind, Vector

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_SLUG = 80
LONGEST_LINE = 300
LONGEST_TEXT = 20_000
DEEPEST = 10
NAMES_WITHIN_NAMES = re.compile(r"""(?:\.[ \t]*+(?:"[^"\n]*+"|'[^'\n]*+'|[^\s.=\[\]{},#"']++)[ \t]*+){50}""")
"""Reading those takes a time that grows with the square of their length: minutes for a file of 100 KB."""

NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

SHOWN = {"audience": "word?", "reveal": "word?", "reveals_at": "moment?"}
SET = {"slug": "slug", "title": "line", "description": "text?", "expires_after": "share?", **SHOWN}
SOURCE = {
    "slug": "slug", "name": "line", "title": "line", "author": "line?", "note": "text?",
    "said_at": "moment", "read_on": "date",
}  # fmt: skip
QUESTION = {
    "slug": "slug", "kind": "kind", "title": "line", "background": "text?", "criteria": "text", "fine_print": "text?",
    "resolves_from": "text?", "claim": "text?", "paragraph": "line?", "tags": "tags?", "group": "slug?",
    "opens_at": "moment", "closes_at": "moment", "resolves_at": "moment?", **SHOWN,
}  # fmt: skip


class InvalidFile(Refusal):
    """A set file that cannot be loaded; the sentence names the file, the question and the reason."""


@dataclass(frozen=True)
class Draft:
    """A question out of a file, judged. `implied` is what the source makes of it, None where it says nothing."""

    fields: Mapping[str, Any]
    implied: Vector | None
    reason: str


@dataclass(frozen=True)
class SetFile:
    """A set out of a file, judged: its own fields with its source's under "source" (None without one)."""

    fields: Mapping[str, Any]
    drafts: Sequence[Draft]


def parse(content: bytes, name: str) -> SetFile:
    """The set that a file holds. Raises InvalidFile, which names the file, the question and what is wrong with it."""
    try:
        text = content.decode()
        if NAMES_WITHIN_NAMES.search(text):
            raise InvalidFile(f"{name} holds a name of very many parts with dots between. Write shorter ones.")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise InvalidFile(f"{name} is not UTF-8 text. Save it as UTF-8.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidFile(f"{name} is not TOML: {error}.") from error
    except ValueError as error:
        raise InvalidFile(f"{name} holds a number of thousands of digits. Write a shorter one.") from error
    return judge(table, name)


def judge(table: Mapping[str, Any], name: str) -> SetFile:
    """The set that a table holds, out of a file or typed into a form. Raises InvalidFile, as `parse` does."""
    _require_modest(table, name)
    try:
        fields = judge_about(table)
    except InvalidQuestion as error:
        raise InvalidFile(f"{name}, the set itself{_at(error)}: {error}") from error
    return SetFile(fields, _drafts(table.get("questions"), "source" in table, name))


def judge_about(table: Mapping[str, Any]) -> dict[str, Any]:
    """The set's own fields with its source's, as SetFile has them. Raises InvalidQuestion, naming the field."""
    _require_known(table, ("set", "source", "questions"))
    fields = _judge(_table(table, "set"), SET)
    fields |= vars(audiences.judge(fields, of_set=True))
    fields["source"] = _judge(_table(table, "source"), SOURCE) if "source" in table else None
    return fields


def _require_modest(table: Mapping[str, Any], name: str) -> None:
    """Raise InvalidFile for what no set needs and Python cannot even quote back: deep nests and giant integers."""
    level: list[Any] = [table]
    for _ in range(DEEPEST):
        inner = [value for held in level for value in (held.values() if isinstance(held, dict) else held)]
        if any(isinstance(value, int) and value.bit_length() >= 64 for value in inner):
            raise InvalidFile(f"{name} holds a whole number of more than 18 digits. Write a shorter one.")
        level = [value for value in inner if isinstance(value, dict | list)]
    if level:
        raise InvalidFile(f"{name} is nested more than {DEEPEST} deep. Write it flatter.")


def _drafts(tables: object, with_source: bool, name: str) -> list[Draft]:
    if not isinstance(tables, list) or not tables:
        raise InvalidFile(f"{name} holds no question. Write at least one under [[questions]].")
    drafts: list[Draft] = []
    for number, table in enumerate(tables, 1):
        try:
            draft = judge_question(table, with_source)
            _require_new(draft, drafts)
        except Refusal as error:
            raise InvalidFile(f"{name}, question {number}{_at(error)}: {error}") from error
        drafts.append(draft)
    return drafts


def judge_question(table: object, with_source: bool) -> Draft:
    """One question, as a table under [[questions]] holds it. Raises InvalidQuestion or InvalidAnswer with the field."""
    if not isinstance(table, dict):
        raise InvalidQuestion("is not a table. Write it under [[questions]].")
    kind = _kind_of(table)
    _require_known(table, (*QUESTION, *kind.SPEC, "implied"))
    fields = _judge(_part(table, QUESTION), QUESTION)
    fields["resolves_at"] = fields["resolves_at"] or fields["closes_at"]
    fields["group"] = fields["group"] or fields["slug"]
    _require_order(fields)
    fields |= vars(audiences.judge(fields, of_set=False))
    spec = _part(table, kind.SPEC)
    _require_labels(spec)
    shape = kind.shape(spec)
    fields["spec"] = dict(shape.spec)
    implied = table.get("implied")
    if implied is None:
        return Draft(fields, None, "")
    if not with_source or not isinstance(implied, dict):
        raise InvalidQuestion("is a table of what a [source] makes of the question, and needs one.", "implied")
    _require_known(implied, (*kind.IMPLIED, "reason"))
    return Draft(fields, kind.imply(implied, shape), _text(implied.get("reason", ""), "reason", LONGEST_TEXT))


def judge_words(words: Mapping[str, Any]) -> dict[str, Any]:
    """Some words of a question, by its fields' names, each judged as in a file; what is left out is left out.

    Raises InvalidQuestion. A field that may be empty may be so here.
    """
    rules = {name: QUESTION[name] for name in words}
    return _judge({name: value for name, value in words.items() if value or not rules[name].endswith("?")}, rules)


def _kind_of(table: Mapping[str, Any]) -> Kind:
    """The question's kind, judged with its slug before the rest: it says which other fields there are."""
    first = {"slug": "slug?", "kind": "kind"}
    return KINDS[_judge(_part(table, first), first)["kind"]]


def _part(table: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: table[name] for name in names if name in table}


def _judge(table: Mapping[str, Any], schema: Mapping[str, str]) -> dict[str, Any]:
    _require_known(table, schema)
    judged: dict[str, Any] = {}
    for name, rule in schema.items():
        if name not in table and not rule.endswith("?"):
            raise InvalidQuestion("is missing.", name)
        judged[name] = _READ[rule.rstrip("?")](table[name], name) if name in table else _EMPTY.get(rule, "")
    return judged


def _require_known(table: Mapping[str, Any], known: Iterable[str]) -> None:
    if unknown := [name for name in table if name not in known]:
        raise InvalidQuestion(f"is not a field. Known are {', '.join(known)}.", percent.quote(str(unknown[0]))[1:-1])


def _require_order(fields: Mapping[str, Any]) -> None:
    if fields["opens_at"] >= fields["closes_at"]:
        raise InvalidQuestion("closes before it opens.", "closes_at")
    if fields["resolves_at"] < fields["closes_at"]:
        raise InvalidQuestion("is expected to resolve before it closes.", "resolves_at")


def _require_labels(spec: Mapping[str, Any]) -> None:
    """Raise InvalidQuestion for texts of a kind's own fields that nobody can read. The rest is the kind's to judge."""
    for name, written in spec.items():
        for label in written if isinstance(written, list) else [written]:
            if isinstance(label, str):
                _text(label, name, LONGEST_LINE)


def _require_new(draft: Draft, drafts: Sequence[Draft]) -> None:
    if draft.fields["slug"] in {earlier.fields["slug"] for earlier in drafts}:
        raise InvalidQuestion(f"“{draft.fields['slug']}” stands twice in the file.", "slug")


def _at(error: Refusal) -> str:
    return f" ({error.field})" if error.field else ""


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = table.get(name)
    if not isinstance(found, dict):
        raise InvalidQuestion(f"is missing. Write it under [{name}].", name)
    return found


def _text(value: object, name: str, longest: int) -> str:
    if not isinstance(value, str):
        raise InvalidQuestion(f"{value!r:.40} is not text. Put it in quotation marks.", name)
    if len(value) > longest:
        raise InvalidQuestion(f"is {len(value)} characters long. Keep it to {longest}.", name)
    if NOT_TEXT.search(value):
        raise InvalidQuestion("holds a control character. Take it out.", name)
    return value.strip()


def _filled(value: object, name: str, longest: int) -> str:
    if not (text := _text(value, name, longest)):
        raise InvalidQuestion("is empty.", name)
    return text


def _line(value: object, name: str) -> str:
    return _filled(value, name, LONGEST_LINE).replace("\n", " ")


def _long(value: object, name: str) -> str:
    return _filled(value, name, LONGEST_TEXT)


def _slug(value: object, name: str) -> str:
    slug = _filled(value, name, LONGEST_SLUG)
    if not SLUG.fullmatch(slug):
        raise InvalidQuestion(f"“{slug}” is not a slug. Write small letters and digits joined by hyphens.", name)
    return slug


def _kind(value: object, name: str) -> str:
    kind = _filled(value, name, LONGEST_SLUG)
    if kind not in KINDS:
        raise InvalidQuestion(f"“{kind}” is not a kind. Choose {', '.join(KINDS)}.", name)
    return kind


def _moment(value: object, name: str) -> datetime:
    try:
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
    except OverflowError:
        pass  # in UTC it lies before the year 1 or after 9999
    raise InvalidQuestion(f"{value!s:.40} is not a moment in UTC. Write one such as 2026-12-31T23:59:00Z.", name)


def _date(value: object, name: str) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidQuestion(f"{value!s:.40} is not a date. Write one such as 2026-11-23.", name)
    return value


def _tags(value: object, name: str) -> list[str]:
    if not isinstance(value, list):
        raise InvalidQuestion('is not a list. Write one such as ["economy", "energy"].', name)
    return [_line(tag, name) for tag in value]


def _share(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise InvalidQuestion(f"{value!s:.40} is not a share. Write one above 0 and at most 1, such as 0.25.", name)
    return float(value)


_READ = {
    "slug": _slug, "line": _line, "text": _long, "kind": _kind, "moment": _moment, "date": _date, "tags": _tags,
    "share": _share, "word": _slug,
}  # fmt: skip
_EMPTY: dict[str, Any] = {"tags?": [], "moment?": None, "share?": None}
