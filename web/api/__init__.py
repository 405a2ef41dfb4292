"""The JSON API: all that the pages do, for programs; told by tokens who they act for, and described by OpenAPI."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.datastructures import State
from starlette.exceptions import HTTPException

from forecasts.repeating import OtherCall, Repeated
from questions.errors import Refusal
from web.api import (
    accounts,
    discussion,
    documents,
    drafts,
    errors,
    forecasts,
    journal,
    ladders,
    moderation,
    people,
    questions,
    reminders,
    repeats,
    resolutions,
    scores,
    sets,
)
from web.api.callers import known_words

VERSION = "1"
PARTS = (
    questions, forecasts, discussion, resolutions, scores, people, sets, drafts, ladders, accounts, reminders,
    moderation, journal,
)  # fmt: skip


def _named(route: APIRoute) -> str:
    """A route's operation_id: the name of its function."""
    return route.name


router = APIRouter()
for part in PARTS:
    router.include_router(part.router)


def create(state: State) -> FastAPI:
    """The API as an application of its own, to be mounted in one that has this state."""
    api = FastAPI(
        title=documents.TITLE, version=VERSION, docs_url=None, redoc_url=None, openapi_url=None,
        generate_unique_id_function=_named,
        redirect_slashes=False,  # that would be to whatever Host says
    )  # fmt: skip
    api.state = state
    state.under_way = repeats.UnderWay()
    api.include_router(router, dependencies=[Depends(known_words), Depends(repeats.noted)])
    api.add_middleware(repeats.Repeats, database=state.database, under_way=state.under_way)
    api.add_api_route("/openapi.json", lambda: JSONResponse(documents.document(api)), include_in_schema=False)
    handlers: dict[Any, Any] = {
        Refusal: errors.refused, HTTPException: not_served, RequestValidationError: errors.misread,
        500: errors.failed, Repeated: repeats.repeated, OtherCall: repeats.reused,
    }  # fmt: skip
    for kind, handler in handlers.items():
        api.exception_handler(kind)(handler)
    return api


def not_served(request: Request, error: HTTPException) -> JSONResponse:
    """There is no such address, or not by this method: then it is said by which, of whichever of its routes."""
    answer = errors.not_served(request, error)
    if error.status_code == 405:
        path = request.scope["path"].removeprefix(request.scope["root_path"])
        routes = [route for part in PARTS for route in part.router.routes if isinstance(route, APIRoute)]
        first = next((route.path for route in routes if route.path_regex.match(path)), "")
        allowed = {method for route in routes if route.path == first for method in route.methods or ()}
        answer.headers["Allow"] = ", ".join(sorted(allowed or {"GET"}))
    return answer
