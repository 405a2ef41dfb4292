"""How a refusal is told: as a page, to htmx as the notice at the page's head, to a program as a line of text."""

from collections.abc import Mapping

from fastapi import Request, Response
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import Scope

from forecasts.models import Forecaster
from web.pages import MessagePage
from web.rendering import renderer
from web.watching import asked

NOTICE = {"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"}
TITLE = "That did not work"

BROKE = (
    "The fault is ours. If you sent something, look whether it is there before you send it again; "
    "if this goes on, tell who runs this server."
)
"""What is said of a fault of ours. It may come after all was stored: of a commit without an answer nobody knows."""


def told(request: Request, status: int, title: str, sentence: str, viewer: Forecaster | None = None) -> Response:
    """A page with one sentence, or for htmx the notice."""
    page = MessagePage(viewer=viewer, here=request.url.path, title=title, sentence=sentence)
    answer = renderer(request)(page, status=status)
    answer.headers.update(NOTICE)
    return answer


def in_json(
    status: int, sentence: str, field: str = "", headers: Mapping[str, str] | None = None
) -> JSONResponse:  # fmt: skip
    """The form that every refusal has under /api; `field` is the one at fault, "" where none is."""
    content = {"error": {"field": field, "message": sentence}}
    return JSONResponse(content, status, headers={"Cache-Control": "no-store", **(headers or {})})


def turned_away(scope: Scope, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to who is not let in: nobody looks up who that is. What asks for no page gets the sentence alone."""
    request = Request(scope)
    asked(request).event = "door"
    if request.url.path.startswith("/api/"):
        return in_json(status, sentence, headers=headers)
    reads = "text/html" in request.headers.get("accept", "")
    if reads or request.headers.get("hx-request") == "true":
        answer = told(request, status, TITLE, sentence)
    else:
        answer = PlainTextResponse(f"{sentence}\n", status, headers=NOTICE)
    answer.headers.update(headers or {})
    return answer
