"""Whether there is news on an open page: the answer to those that ask every few seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from forecasts import history
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.permissions import OPENED, sets_visible, visible
from questions import catalog, journal
from web import setpage, talk, views
from web.dependencies import opened, whose
from web.following import Looking, live_page, looking, said_by, state_of
from web.live import State, Watch
from web.rendering import PRIVATE, draw
from web.setpage import SeenSet
from web.views import Asked

router = APIRouter()


@dataclass(frozen=True)
class Shown:
    """What somebody is shown: its state, the one question that it is of, if it is of one, and what draws it."""

    state: State
    alone: tuple[str, int] | None
    draw: Callable[[str], str]


Show = Callable[[Session, Forecaster | None, datetime], Shown]


@router.get("/questions/{slug}/live")
async def live_question(request: Request) -> Response:
    slug = request.path_params["slug"]
    return await _answer(request, f"questions/{slug}", partial(_question, request, slug))


@router.get("/sets/{slug}/live")
async def live_set(request: Request) -> Response:
    slug, page = request.path_params["slug"], request.query_params.get("page", "")
    return await _answer(request, f"sets/{slug}/{page}", partial(_set, request, slug, page))


async def _answer(request: Request, page: str, show: Show) -> Response:
    """That nothing is new, out of memory where that knows it; else what has changed since the state that is shown."""
    watch: Watch = request.state.watch
    tag = watch.tag(page)
    if tag is not None and tag == request.headers.get("if-none-match"):
        return Response(status_code=304, headers={"ETag": tag})
    async with request.app.state.places:
        return await anyio.to_thread.run_sync(_look, request, page, show)


def _look(request: Request, page: str, show: Show) -> Response:
    database: Database = request.app.state.database
    with database.reading() as session:
        session.info[OPENED] = opened(request)
        moment = journal.moment(session, database.clock.now())
        shown = show(session, whose(request, session, moment), moment)
        watch: Watch = request.state.watch
        watch.learn(session, page, shown.state, shown.alone)
        tag = shown.state.tag(history.ticks(moment))
        if tag == request.headers.get("if-none-match"):
            return Response(status_code=304, headers={"ETag": tag})
        return HTMLResponse(shown.draw(tag), headers={"ETag": tag, **PRIVATE})


def _question(request: Request, slug: str, session: Session, who: Forecaster | None, moment: datetime) -> Shown:
    asked = views.one(session, catalog.find(session, slug, visible(session, who)), who, moment)
    parts = partial(_question_parts, session, asked, who, looking(request), request.state.watch)
    return Shown(state_of(asked), (slug, asked.question.revision), parts)


def _question_parts(
    session: Session, asked: Asked, who: Forecaster | None, sought: Looking, watch: Watch, tag: str
) -> str:
    """Drawn once for all who see the same: who said something here sees it on the charts."""
    said = said_by(session, asked, who)
    told = talk.news(session, [asked.question.slug], sought.seen, who)
    whose = who.id if who is not None and said.mine else 0

    def make() -> str:
        page = live_page(session, asked, who, said, sought, told)
        return draw(page, page.template)

    return watch.draw((tag, whose, sought, told), make)


def _set(request: Request, slug: str, page: str, session: Session, who: Forecaster | None, moment: datetime) -> Shown:
    found = setpage.seen(session, catalog.find_set(session, slug, sets_visible(session, who)), who, moment, page)
    parts = partial(_set_parts, session, found, who, looking(request).seen, request.state.watch)
    return Shown(found.state, None, parts)


def _set_parts(session: Session, found: SeenSet, who: Forecaster | None, seen: int, watch: Watch, tag: str) -> str:
    """Drawn once for all who see the same questions."""
    told = talk.news(session, found.slugs, seen, who)

    def make() -> str:
        page = setpage.live_page(session, found, who, told)
        return draw(page, page.template)

    return watch.draw((tag, seen, told), make)
