"""The leaderboard, and the page that says how every number on it is worked out."""

from fastapi import APIRouter, Response
from sqlmodel import Session, select

from forecasts import boards
from forecasts.leaderboard import MEASURES
from forecasts.models import Forecaster
from forecasts.permissions import visible
from questions.errors import NotFound
from questions.models import Source
from web import filters, views
from web.dependencies import Reading, Viewer
from web.filters import Choice, Chosen
from web.pages import LeaderboardPage, ScoresPage
from web.rendering import Rendering

router = APIRouter()

DEFAULT = next(iter(MEASURES))


@router.get("/leaderboard")
def leaderboard(reading: Reading, viewer: Viewer, render: Rendering, chosen: Chosen, by: str = DEFAULT) -> Response:
    return render(leaderboard_page(reading, viewer, by, chosen))


@router.get("/scores")
def scores(viewer: Viewer, render: Rendering) -> Response:
    return render(ScoresPage(viewer=viewer, here="/scores", measures=MEASURES))


def leaderboard_page(session: Session, viewer: Forecaster | None, by: str, chosen: Choice) -> LeaderboardPage:
    """Everybody's standing by a measure, over the questions that are chosen. Raises NotFound or InvalidFilter."""
    if by not in MEASURES:
        raise NotFound(f"There is no board by “{by[:40]}”. There are {', '.join(MEASURES)}.")
    board = boards.board(session, by, filters.read(session, chosen, viewer), visible(session, viewer))
    return LeaderboardPage(
        viewer=viewer,
        here="/leaderboard",
        board=board,
        places=views.places(session, board),
        measures=list(MEASURES.values()),
        choosing=filters.choosing(session, chosen, viewer),
        sources={source.id: source for source in session.exec(select(Source))},
    )
