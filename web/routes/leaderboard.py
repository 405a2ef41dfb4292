"""The leaderboard."""

from fastapi import APIRouter, Response
from sqlmodel import Session, col, select

from forecasts import ledger
from forecasts.models import Forecaster
from questions import catalog
from questions.models import QuestionSet, Source
from web.dependencies import ChosenSet, Reading, Viewer
from web.pages import LeaderboardPage
from web.rendering import Rendering

router = APIRouter()


@router.get("/leaderboard")
def leaderboard(reading: Reading, viewer: Viewer, render: Rendering, chosen: ChosenSet = "") -> Response:
    return render(leaderboard_page(reading, viewer, chosen))


def leaderboard_page(session: Session, viewer: Forecaster | None, chosen: str) -> LeaderboardPage:
    """Everybody's standing over all resolved questions, or over those of one set. Raises NotFound."""
    within = catalog.find_set(session, chosen) if chosen else None
    return LeaderboardPage(
        viewer=viewer,
        here="/leaderboard",
        standings=ledger.standings(session, within),
        sets=all_sets(session),
        chosen=chosen,
        sources={source.id: source for source in session.exec(select(Source))},
    )


def all_sets(session: Session) -> list[QuestionSet]:
    """The sets to filter by."""
    return list(session.exec(select(QuestionSet).order_by(col(QuestionSet.title))))
