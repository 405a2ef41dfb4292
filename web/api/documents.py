"""The OpenAPI document: what every route says of itself beside its types, and the whole."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from web.api.errors import Error
from web.dependencies import COOKIE

TITLE: Final = "Brierboard"
ABOUT: Final = """Everything that the pages do, but for what guards an account: passwords, second factors, sessions,
mail addresses and invitations are changed on pages alone, so that a token that was stolen takes nobody's account.

Probabilities are fractions from 0 to 1, times are RFC 3339 in UTC.

A refusal is {"error": {"field", "message"}}; nothing was changed then, and the message is the sentence that the pages
show. Lists come in parts: send what a list gives as `next` as `after`, until it gives null."""

REFUSALS: Final = {
    400: "The body is no JSON that everybody reads alike.",
    401: "Nobody is signed in, or the token does not work.",
    403: "Whoever calls may not do this, or the token may not.",
    404: "There is no such thing, or none that whoever calls may see.",
    409: "Somebody else acted meanwhile, or the question's state does not permit it.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "A field or a word of the address cannot be used.",
    429: "Too many requests; Retry-After says when to go on.",
    503: "The record cannot be written to now.",
}
LOOKING = (401, 403, 404, 422, 429)

KNOWN: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"session": []}]
SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token out of /settings."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "A browser that is signed in."},
}
KEY: Final = "Idempotency-Key"
LONGEST_KEY: Final = 255
PARAMETER: Final[dict[str, Any]] = {
    "name": KEY,
    "in": "header",
    "required": False,
    "description": "A key of your own making, such as a UUID, for this one act. Sent again with the same key and body "
    "by the same caller within two days, it is done once and answered alike; with another body it is refused, and with "
    "409 while the first is still under way. Refusals are not kept.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
}
"""What the OpenAPI document says of it at every act."""

BODIES: list[type[BaseModel]] = []
"""The models of all bodies that routes take."""


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Error, "description": REFUSALS[status]} for status in statuses}


def looks() -> dict[str, Any]:
    """A route by which everybody looks at what they may see."""
    return {"responses": _refusals(*LOOKING), "openapi_extra": {"security": [{}, *KNOWN]}}


def owns() -> dict[str, Any]:
    """A route by which somebody looks at what is theirs."""
    return {"responses": _refusals(*LOOKING), "openapi_extra": {"security": KNOWN}}


def acts(model: type[BaseModel] | None = None, status: int = 201) -> dict[str, Any]:
    """A route by which somebody does something, with a body of that model or with none."""
    extra: dict[str, Any] = {"security": KNOWN, "parameters": [PARAMETER]}
    if model is not None:
        BODIES.append(model)
        schema = {"$ref": f"#/components/schemas/{model.__name__}"}
        extra["requestBody"] = {"required": _says(model), "content": {"application/json": {"schema": schema}}}
    return {"status_code": status, "responses": _refusals(*REFUSALS), "openapi_extra": extra}


def _says(model: type[BaseModel]) -> bool:
    """Whether a body of that model must hold something: an empty one, or none, counts as one without fields."""
    schema = model.model_json_schema()
    return bool(schema.get("required") or schema.get("minProperties"))


def document(app: FastAPI) -> Mapping[str, Any]:
    """The whole document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=TITLE, version=app.version, description=ABOUT, routes=app.routes, servers=[{"url": "/api/v1"}]
        )
        _, bodies = models_json_schema(
            [(model, "validation") for model in dict.fromkeys(BODIES)], ref_template="#/components/schemas/{model}"
        )
        made["components"]["schemas"] |= bodies["$defs"]
        made["components"]["securitySchemes"] = SCHEMES
        app.openapi_schema = made
    return app.openapi_schema
