"""What the API says when it refuses: {"error": {"field", "message"}}, with the sentence that the pages show."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from questions import percent
from questions.errors import Refusal
from web.refusing import BROKE, in_json
from web.rendering import status_of


class Malformed(Refusal):
    """A body that is no JSON, or none that everybody would read alike."""


class NotJson(Refusal):
    """A body of another kind than JSON."""


class Unauthorised(Refusal):
    """Nobody is signed in, or by a token that does not work."""


class Invalid(Refusal):
    """A field that is missing, unknown or of another kind than it must be."""


STATUS: Mapping[type[Refusal], int] = {Malformed: 400, Unauthorised: 401, NotJson: 415}

NAMED = {"expires": "expires_at", "comment": "text", "verdict": "outcome"}
"""What the API calls fields that forms call otherwise."""

SENTENCES = {
    "missing": "“{field}” is missing.",
    "float": "{value} is not a number. Write one without quotation marks.",
    "int": "{value} is not a whole number. Write one without quotation marks.",
    "bool": "{value} is neither true nor false.",
    "string_type": "{value} is not text. Put it in quotation marks.",
    "string_pattern_mismatch": "{value} is not what “{field}” can be.",
    "list_type": "{value} is not a list.",
    "dict_type": "{value} is not an object.",
    "model": "{value} is not an object.",
}  # fmt: skip


class Fault(BaseModel):
    """What was refused: the field at fault, "" where none is, and a sentence for a person."""

    field: str
    message: str


class Error(BaseModel):
    """A refusal. Nothing was changed."""

    error: Fault


def status_for(refusal: Refusal) -> int:
    """The HTTP status that says what kind of refusal this is."""
    return STATUS.get(type(refusal), status_of(refusal))


def refused(request: Request, refusal: Refusal) -> JSONResponse:
    """A refusal, wherever it was raised."""
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(refusal, Unauthorised) else {}
    field = refusal.field if isinstance(refusal, Invalid) else NAMED.get(refusal.field, refusal.field)
    return in_json(status_for(refusal), str(refusal), field, headers)


def not_served(request: Request, error: HTTPException) -> JSONResponse:
    """There is no such address, or not by this method."""
    sentences = {
        404: "Nothing is kept at this address. /api/v1/openapi.json lists what there is.",
        405: f"This address does not take {request.method[:20]}. /api/v1/openapi.json says what it takes.",
    }
    sentence = sentences.get(error.status_code, f"{str(error.detail).rstrip('.')}.")
    return in_json(error.status_code, sentence, headers=error.headers)


def misread(request: Request, error: RequestValidationError) -> JSONResponse:
    """A part of the address that cannot be read."""
    faults = [{**fault, "loc": fault["loc"][1:]} for fault in error.errors()]  # the first says which part it is
    refusal = told(faults)
    return in_json(422, str(refusal), refusal.field)


def failed(request: Request, error: Exception) -> JSONResponse:
    """A fault of ours; the log has the details."""
    return in_json(500, BROKE)


def judged(error: ValidationError, known: Iterable[str]) -> Invalid:
    """The first thing that is wrong with the fields of a body; `known` are those that it may have."""
    return told(error.errors(include_url=False), known)


def told(faults: Sequence[Mapping[str, Any]], known: Iterable[str] = ()) -> Invalid:
    """The first fault of those that pydantic found, in our words."""
    fault = faults[0]
    field = ".".join(map(str, fault["loc"]))[:80]
    kind = str(fault["type"])
    if kind == "extra_forbidden":
        return Invalid(f"{percent.quote(field)} is not a field. Known are {', '.join(known)}.", field)
    sentence = next((text for name, text in SENTENCES.items() if kind.startswith(name)), "")
    if not sentence:
        return Invalid(_own(fault, field), field)
    return Invalid(sentence.format(field=field, value=percent.quote(_shown(fault["input"]))), field)


def _own(fault: Mapping[str, Any], field: str) -> str:
    """The sentence of a fault that is our own already, or in which a limit stands."""
    limits, kind = fault.get("ctx", {}), str(fault["type"])
    if kind == "refusal":
        return str(limits["sentence"])
    if kind == "literal_error":
        return f"{percent.quote(_shown(fault['input']))} is not what “{field}” can be. Choose {limits['expected']}."
    if kind == "string_too_long":
        return f"The field “{field}” is longer than {limits['max_length']} characters. Shorten it."
    return f"“{field}”: {fault['msg'][:1].lower()}{fault['msg'][1:]}."


def _shown(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else f"{value}"[:100]
