"""JSON read strictly: what two programs could read in two ways, or no database can hold, does not get in."""

import json
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, datetime
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request
from pydantic import BaseModel, BeforeValidator, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from forecasts import spelling
from questions import percent
from questions.errors import Refusal
from web.api.errors import Invalid, Malformed, NotJson, judged
from web.dependencies import NOT_TEXT

DEEPEST = 10
BEYOND = 2**63

Model = TypeVar("Model", bound=BaseModel)


# JSON


@dataclass(frozen=True)
class Bad:
    """A value that is written like JSON and must not get in; `key` is its own, where it is known already."""

    sentence: str
    key: str = ""


def parse(content: bytes) -> dict[str, Any]:
    """The object that a body holds. Raises Malformed, naming the field."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise Malformed("The body is not UTF-8 text. Send JSON in UTF-8.") from error
    try:
        found = json.loads(
            text, parse_int=_whole, parse_float=_real, parse_constant=_constant, object_pairs_hook=_table
        )
    except RecursionError as error:
        raise Malformed(f"The body is nested more than {DEEPEST} deep. Write it flatter.") from error
    except ValueError as error:
        raise Malformed("The body is not JSON. Write text and names in double quotes, and numbers plainly.") from error
    for path, value, depth in _walk(found):
        _require_sound(path, value, depth)
    if not isinstance(found, dict):
        raise Malformed("The body is not a JSON object. Write its fields in braces.")
    return found


def _whole(text: str) -> int | Bad:
    number = int(text) if len(text) <= 20 else BEYOND
    return number if -BEYOND <= number < BEYOND else Bad(f"{percent.quote(text)} is a larger number than can be kept.")


def _real(text: str) -> float | Bad:
    number = float(text)
    return number if math.isfinite(number) else Bad(f"{percent.quote(text)} is a larger number than can be kept.")


def _constant(text: str) -> Bad:
    return Bad(f"{text} is not a number. Write one such as 0.7.")


def _table(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any] | Bad:
    table = dict(pairs)
    if len(table) == len(pairs):
        return table
    names = [name for name, _ in pairs]
    twice = next(name for name in names if names.count(name) > 1)
    return Bad(f"The field {percent.quote(twice)} was sent twice. Send it once.", percent.quote(twice)[1:-1])


def _walk(found: Any) -> Iterator[tuple[str, Any, int]]:
    """Every value with where it stands and how deep, from the outside in; what is too deep is not entered."""
    waiting: list[tuple[str, Any, int]] = [("", found, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        yield path, value, depth
        inner: Sequence[tuple[Any, Any]] = []
        if isinstance(value, dict):
            inner = list(value.items())
        elif isinstance(value, list):
            inner = list(enumerate(value))
        waiting += [(f"{path}.{name}" if path else str(name), one, depth + 1) for name, one in reversed(inner)]


def _require_sound(path: str, value: Any, depth: int) -> None:
    field = percent.quote(path)[1:-1]
    if depth > DEEPEST:
        raise Malformed(f"The body is nested more than {DEEPEST} deep. Write it flatter.", field)
    if isinstance(value, Bad):
        raise Malformed(value.sentence, ".".join(part for part in (field, value.key) if part))
    names = value if isinstance(value, dict) else ()
    if any(NOT_TEXT.search(name) for name in names):
        raise Malformed("The name of a field holds a character that is not text. Write another.", field)
    if isinstance(value, str) and NOT_TEXT.search(value):
        raise Malformed(f"The field “{field}” holds a character that is not text. Type it again.", field)


# The body of a request


def body(model: type[Model]) -> Callable[[Request], Awaitable[Model]]:
    """What a route depends on to be given its body, judged as this model."""

    async def read(request: Request) -> Model:
        content = await request.body()
        if content:
            _require_json(request)
        return judge(parse(content) if content else {}, model)

    return read


def _require_json(request: Request) -> None:
    kind, _, more = request.headers.get("content-type", "").partition(";")
    charset = more.strip().lower().replace('"', "")
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        raise NotJson("Send JSON, with the header Content-Type: application/json.")


def judge(found: dict[str, Any], model: type[Model]) -> Model:
    """The fields of a body as a model has them: nothing is taken for what it is not. Raises Invalid."""
    try:
        return model.model_validate(found, strict=True)
    except ValidationError as error:
        raise judged(error, model.model_fields) from error


# Kinds of fields


def _refusing(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same reader, whose refusals reach pydantic."""

    def reader(value: Any) -> Any:
        try:
            return read(value)
        except Refusal as refusal:
            raise PydanticCustomError("refusal", "{sentence}", {"sentence": str(refusal)}) from refusal

    return reader


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Invalid(f"{percent.quote(str(value))} is not a moment. Write one such as 2026-12-31T23:59:00Z.")
    found = spelling.moment(value)
    if found.year == MAXYEAR:
        raise Invalid(f"{percent.quote(value)} is further away than anybody can wait. Write an earlier one.")
    return found


def _count(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid(f"{percent.quote(text)} is not a whole number. Write one such as 10.")
    return int(text)


def _point(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Invalid(f"{percent.quote(str(value))} is neither a number nor text.")
    return value


When = Annotated[
    datetime, BeforeValidator(_refusing(_moment)), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A moment with its zone, as RFC 3339 writes it."""

TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""The pattern of what is text; `parse` has refused the rest before it is looked at."""

MOST = 9e18

Point = Annotated[
    Any,
    BeforeValidator(_refusing(_point)),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": -MOST, "maximum": MOST}, {"type": "string", "pattern": TEXT}]}
    ),
]
"""A value on a range: a number, or a date as text."""

Share = Annotated[float, Field(json_schema_extra={"minimum": 0, "maximum": 1})]
"""A probability. That it lies between 0 and 1 is judged where the question is known."""

Count = Annotated[int, BeforeValidator(_refusing(_count))]
"""A whole number in an address."""

Limit = Annotated[Count, Query(ge=1, le=200, description="How many at most.")]
Before = Annotated[
    Count, Query(ge=0, lt=2**53, description="The entry before which the list ends; 0 for the newest part.")
]
