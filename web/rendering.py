"""From a page to an answer: Jinja's environment, the static files under hashed addresses, htmx or whole page."""

import hashlib
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import fields, replace
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forecasts.models import Forecaster
from forecasts.permissions import sees
from forecasts.throttle import TooOften
from questions import errors, percent
from questions.errors import Refusal
from web.pages import Page
from web.prose import prose

STATUS: dict[type[Refusal], int] = {
    errors.NotFound: 404,
    errors.NotAllowed: 403,
    errors.ChangedMeanwhile: 409,
    errors.QuestionNotOpen: 409,
    errors.WritingRefused: 503,
    TooOften: 429,
}

PRIVATE = {"Cache-Control": "private, no-cache"}
"""Pages show whose they are, so nobody else's cache may keep them, and one's own must ask first."""

UNKEPT = {"Cache-Control": "private, no-store"}
"""Pages on which secrets may stand are kept by no cache at all, nor by the browser."""

SECRET = ("/settings", "/invitations", "/reset/")
"""Where those are."""

WORD: ContextVar[str] = ContextVar("once")
"""The word of the page that is drawn, by which a form that is sent twice is known; see web/once.py."""

HERE = Path(__file__).parent
HTMX_SHA256 = "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"


class Tampered(Exception):
    """A file that we serve is not the one that we know."""


def environment() -> Environment:
    """Jinja as every template expects it: nothing undefined passes, everything is escaped."""
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(static=address_of, once=WORD.get)
    found.filters.update(day=day, moment=moment, minute=minute, score=score, percent=percent.say, share=share)
    found.filters.update(prose=prose, exact=exact, signed=signed, chance=chance, evidence=evidence)
    found.tests.update(known=isfinite, open_to=open_to)
    return found


def open_to(who: Forecaster, viewer: Forecaster | None) -> bool:
    """Whether the viewer may open a forecaster's own pages."""
    return sees(viewer, who)


def day(value: datetime) -> str:
    """31 Dec 2026"""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """31 Dec 2026, 23:59 UTC"""
    return f"{minute(value)} UTC"


def minute(value: datetime) -> str:
    """31 Dec 2026, 23:59, where the head of the column says that it is UTC."""
    return f"{day(value)}, {value:%H:%M}"


def score(value: float) -> str:
    """A loss with three decimals, as boards show it; rounding leaves no sign on 0."""
    text = f"{value:.3f}"
    return text.lstrip("-") if float(text) == 0 else text


def share(value: float) -> str:
    """A share of time in whole percent; what is not all of it never reads 100%, what is some never 0%."""
    whole = round(value * 100)
    if whole == 100 and value < 1:
        return "99%" if value < 0.995 else ">99%"
    return "<1%" if whole == 0 and value > 0 else f"{whole}%"


def exact(value: float) -> str:
    """A number with six decimals, as receipts show it."""
    return f"{value:.6f}"


def signed(value: float, decimals: int = 3) -> str:
    """A difference with its sign: +0.041, −0.020, 0.000."""
    text = f"{value:+.{decimals}f}".replace("-", "−")
    return text[1:] if float(f"{value:.{decimals}f}") == 0 else text


def chance(value: float) -> str:
    """A probability that was found by drawing, in whole percent: <1% and >99% rather than 0% and 100%."""
    whole = round(value * 100)
    return "<1%" if whole < 1 else ">99%" if whole > 99 else f"{whole}%"


def evidence(value: float) -> str:
    """An e-value to two digits: 0.03, 1.4, 270."""
    if value >= 1e6:
        return "over a million"
    return "under 0.01" if value < 0.01 else f"{float(f'{value:.2g}'):,g}"


@cache
def static_files() -> dict[str, tuple[str, bytes]]:
    """Every file that pages load, by name: its hashed address's key and its content.

    Raises Tampered where the htmx that was installed is not the one whose hash we know.
    """
    found = {path.name: path.read_bytes() for path in (HERE / "static").iterdir()}
    found["htmx.js"] = _htmx()
    return {name: (hashlib.sha256(content).hexdigest()[:16], content) for name, content in found.items()}


def _htmx() -> bytes:
    spec = find_spec("django_htmx")
    if spec is None or spec.origin is None:
        raise Tampered("htmx is not installed. Run `make serve` again.")
    content = (Path(spec.origin).parent / "static" / "django_htmx" / "htmx-2.min.js").read_bytes()
    if hashlib.sha256(content).hexdigest() != HTMX_SHA256:
        raise Tampered(
            "The installed htmx is not the one that Brierboard was tested with. Remove .venv and start again."
        )
    return content


def address_of(name: str) -> str:
    """Where a static file is served: the address changes with the content, so browsers may keep it for ever."""
    return f"/static/{static_files()[name][0]}/{name}"


JINJA = environment()
Render = Callable[..., Response]


def status_of(refusal: Refusal) -> int:
    """The HTTP status that says what kind of refusal this is."""
    return next((status for kind, status in STATUS.items() if isinstance(refusal, kind)), 422)


def hold_off(answer: Response, refusal: Refusal) -> Response:
    """The answer, with how long to wait where that is what was wrong."""
    if isinstance(refusal, TooOften):
        answer.headers["Retry-After"] = str(refusal.seconds)
    return answer


def renderer(request: Request) -> Render:
    """`render` for this request: the partial to htmx, else where `otherwise` leads, else the whole page.

    `whole` makes the page to show in full where that is another than the one the partial is drawn from.
    """

    def render(
        page: Page, *, status: int = 200, otherwise: str | None = None, whole: Callable[[], Page] | None = None
    ) -> Response:
        htmx = request.headers.get("hx-request") == "true" and request.method != "GET"
        keeping = UNKEPT if request.url.path.startswith(SECRET) else PRIVATE
        if htmx and page.partial:
            return HTMLResponse(draw(page, page.partial), status, headers=keeping)
        if otherwise is not None:
            leading = RedirectResponse(otherwise, 303)
            return HTMLResponse(headers={"HX-Redirect": leading.headers["location"]}) if htmx else leading
        shown = replace(whole() if whole else page, simulated=request.app.state.simulated)
        return HTMLResponse(draw(shown, shown.template), status, headers=keeping)

    return render


def draw(page: Page, template: str) -> str:
    """The template with the page's fields as its variables, and nothing else; its forms have one new word."""
    values: dict[str, Any] = {field.name: getattr(page, field.name) for field in fields(page)}
    drawing = WORD.set(secrets.token_urlsafe(12))
    try:
        return JINJA.get_template(template).render(values)
    finally:
        WORD.reset(drawing)


Rendering = Annotated[Render, Depends(renderer)]
