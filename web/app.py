"""The application: routes, static files, and what happens to a refusal."""

import asyncio
import gzip
import logging
import mimetypes
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from time import monotonic
from types import ModuleType
from typing import Any
from urllib.parse import quote

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import compile_path
from starlette.types import ASGIApp

from forecasts import checkpoints, chores, demo, watchbook, wire
from forecasts.clock import SystemClock
from forecasts.database import Database
from forecasts.repeating import Repeated
from forecasts.settings import Settings
from questions.errors import Refusal
from web import api
from web.dependencies import SignInFirst, back_from, whose
from web.headers import ANYWHERE, Guarded
from web.limits import Bodies, Rates
from web.live import Watch
from web.once import ABOVE
from web.proxies import Proxies
from web.refusing import BROKE, TITLE, told
from web.rendering import static_files, status_of
from web.routes import (
    accounts,
    acts,
    calibration,
    comparison,
    desk,
    erasing,
    factors,
    feeds,
    invitations,
    journal,
    keys,
    ladders,
    leaderboard,
    live,
    merging,
    moderation,
    people,
    questions,
    receipts,
    resetting,
    resolutions,
    revisions,
    sessions,
    sets,
    settings,
    sharing,
    showing,
    signon,
    verification,
    writing,
)
from web.security import Heads, Named, SameOrigin
from web.watching import Templates, Watched, asked

THREADS = 4
"""More of them only wait for the one writer: four answer fastest under load."""

PLACES = 24
"""How many requests may hold a connection at once; forecasts/database.py keeps more than that."""

ROUTES = (
    live,
    desk,
    questions,
    acts,
    sharing,
    receipts,
    resolutions,
    revisions,
    showing,
    journal,
    verification,
    ladders,
    writing,
    sets,
    leaderboard,
    comparison,
    calibration,
    people,
    accounts,
    resetting,
    signon,
    sessions,
    factors,
    invitations,
    feeds,
    settings,
    erasing,
    merging,
    moderation,
    keys,
)

API = "/api/v1"
LOG = logging.getLogger("brierboard")
FOR_EVER = "public, max-age=31536000, immutable"


def served() -> FastAPI:
    """The application as `brierboard serve` starts it: settings from the environment, the machine's clock, its log."""
    wire.end_with_parent()
    watchbook.open_on_standard_error()
    chosen = Settings()
    database = Database(chosen.database_url, SystemClock())
    database.signer = checkpoints.signer(chosen, database)
    return create(chosen, database)


class Site(FastAPI):
    """The application; even a fault in what guards the door is answered with the headers that guard a page."""

    def build_middleware_stack(self) -> ASGIApp:
        return Guarded(super().build_middleware_stack(), self.state.settings)


def create(chosen: Settings, database: Database, ticking: Callable[[], float] = monotonic) -> FastAPI:
    """The application on a database that was prepared.

    Whether it is a demonstration is looked up once: a database is one from its first act on, or never.
    """
    app = Site(
        title="Brierboard", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan,
        redirect_slashes=False,  # that would be to whatever Host says
    )  # fmt: skip
    app.state.settings, app.state.database = chosen, database
    app.state.places = anyio.Semaphore(PLACES)
    with database.reading() as session:
        app.state.simulated = demo.simulated(session)
    _guard(app, chosen, ticking)
    for part in ROUTES:
        app.include_router(part.router)
    app.mount(API, api.create(app.state))
    app.add_api_route("/static/{key}/{name}", static, methods=["GET"])
    app.add_api_route("/healthz", healthz, methods=["GET"])
    app.exception_handler(Refusal)(refused)
    app.exception_handler(SignInFirst)(sign_in_first)
    app.exception_handler(Repeated)(done_already)
    app.exception_handler(HTTPException)(not_served)
    app.exception_handler(500)(failed)
    return app


def _guard(app: FastAPI, chosen: Settings, ticking: Callable[[], float]) -> None:
    """What a request passes on its way in; what is added last comes first."""
    app.add_middleware(GZipMiddleware, minimum_size=500, compresslevel=5)
    app.add_middleware(Bodies)
    app.add_middleware(SameOrigin, settings=chosen)
    app.add_middleware(Rates, settings=chosen, ticking=ticking)
    app.add_middleware(Named, settings=chosen)
    app.add_middleware(Watched, templates=_templates())
    app.add_middleware(Heads)
    app.add_middleware(Proxies, settings=chosen)


def _templates() -> Templates:
    """What the addresses of our routes look like, those of pages and those of the API."""
    pages = [(route.path_regex, route.path) for part in ROUTES for route in _routes(part)]
    programs = [f"{API}{route.path}" for part in api.PARTS for route in _routes(part)]
    return [*pages, *((compile_path(path)[0], path) for path in programs)]


def _routes(part: ModuleType) -> list[APIRoute]:
    return [route for route in part.router.routes if isinstance(route, APIRoute)]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    static_files()
    watch, stopping = Watch(app.state.database), asyncio.Event()
    chore = asyncio.create_task(_keep_at_it(app, stopping))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch.keep_looking)
        yield {"watch": watch}
        tasks.cancel_scope.cancel()
    stopping.set()
    await chore
    app.state.database.close()


async def _keep_at_it(app: FastAPI, stopping: asyncio.Event) -> None:
    """Do the chores every minute until the server stops, in a thread that no request waits for."""
    alone = anyio.CapacityLimiter(1)
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), chores.EVERY.total_seconds())
            return
        await anyio.to_thread.run_sync(_do_chores, app, stopping, limiter=alone)


def _do_chores(app: FastAPI, stopping: asyncio.Event) -> None:
    """Once. What goes wrong is logged, and tried again a minute later."""
    try:
        chores.tick(app.state.database, app.state.settings, lambda: not stopping.is_set())
    except chores.TakenOver:
        return
    except Exception:
        LOG.exception("The chores were not done.")


def static(request: Request, key: str, name: str) -> Response:
    """A static file under the address that its content gives it; compressed once and not each time."""
    known, content = static_files().get(name, ("", b""))
    if not known or key != known:
        raise HTTPException(404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding", **ANYWHERE}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed(content), media_type=kind, headers={**headers, "Content-Encoding": "gzip"})
    return Response(content, media_type=kind, headers=headers)


@cache
def packed(content: bytes) -> bytes:
    """A file as small as gzip makes it."""
    return gzip.compress(content, 9, mtime=0)


def healthz(request: Request) -> Response:
    """Whether the database answers."""
    with request.app.state.database.reading() as session:
        session.connection().exec_driver_sql("SELECT 1")
    return JSONResponse({"status": "ok"})


def refused(request: Request, refusal: Refusal) -> Response:
    """A refusal that no form shows: a page with its sentence, or for htmx the notice at the page's head."""
    return _message(request, status_of(refusal), TITLE, str(refusal))


def sign_in_first(request: Request, reason: SignInFirst) -> Response:
    """To the sign-in page, which leads back."""
    asked(request).outcome = "refused"
    address = f"/sign-in?back={reason.back}"
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def done_already(request: Request, error: Repeated) -> Response:
    """To where the form led when it was sent first."""
    path, _, last = request.url.path.rpartition("/")
    address = quote(path) if last in ABOVE else back_from(request)
    if request.headers.get("hx-request") == "true":
        return Response(headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def not_served(request: Request, error: HTTPException) -> Response:
    """There is no such page, or not by this method."""
    if request.url.path.startswith("/api/"):
        return api.errors.not_served(request, error)
    if error.status_code == 404:
        return _message(request, 404, "There is no such page", "Nothing is kept at this address. Start at the desk.")
    answer = _message(request, error.status_code, TITLE, f"{error.detail.rstrip('.')}.")
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        allowed = _methods(request.url.path) | set(answer.headers["Allow"].split(", "))
        answer.headers["Allow"] = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
    return answer


def _methods(path: str) -> set[str]:
    """What may be done at an address, by whichever of its routes."""
    routes = [route for part in ROUTES for route in _routes(part)]
    return {method for route in routes if route.path_regex.match(path) for method in route.methods or ()}


def failed(request: Request, error: Exception) -> Response:
    """A fault of ours; the log has the details."""
    return _message(request, 500, "Something broke", BROKE)


def _message(request: Request, status: int, title: str, sentence: str) -> Response:
    database: Database = request.app.state.database
    with database.reading() as session:
        who = whose(request, session, database.clock.now()) if status < 500 else None
    return told(request, status, title, sentence, who)
