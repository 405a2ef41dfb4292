"""Whether there is news on a question: the answer to the pages that ask every few seconds."""

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.permissions import visible
from questions import catalog, journal
from web import talk, views
from web.dependencies import viewer
from web.following import Looking, live_page, looking, said_by, tag_of
from web.live import Watch
from web.rendering import PRIVATE, draw
from web.views import Asked

router = APIRouter()


@router.get("/questions/{slug}/live")
async def live(request: Request) -> Response:
    slug: str = request.path_params["slug"]
    watch: Watch = request.state.watch
    tag = watch.tag(slug)
    if tag is not None and tag == request.headers.get("if-none-match"):
        return Response(status_code=304, headers={"ETag": tag})
    async with request.app.state.places:
        return await anyio.to_thread.run_sync(news, request, slug, watch)


def news(request: Request, slug: str, watch: Watch) -> Response:
    """What has changed on the page since the state that it shows, or that nothing has."""
    database: Database = request.app.state.database
    with database.reading() as session:
        moment = journal.moment(session, database.clock.now())
        who = viewer(request, session, moment)
        asked = views.one(session, catalog.find(session, slug, visible(who)), moment)
        watch.learn(session, asked.question, asked.path, moment)
        tag = tag_of(asked)
        if tag == request.headers.get("if-none-match"):
            return Response(status_code=304, headers={"ETag": tag})
        fragments = _fragments(session, asked, who, looking(request), watch)
    return HTMLResponse(fragments, headers={"ETag": tag, **PRIVATE})


def _fragments(session: Session, asked: Asked, who: Forecaster | None, sought: Looking, watch: Watch) -> str:
    """Drawn once for all who see the same: who said something here sees it on the charts."""
    said = said_by(session, asked, who)
    told = talk.news(session, asked.question, sought.seen, who)
    whose = who.id if who is not None and said.mine else 0

    def make() -> str:
        page = live_page(session, asked, who, said, sought, told)
        return draw(page, page.template)

    return watch.draw((tag_of(asked), whose, sought, told), make)
