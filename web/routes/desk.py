"""The desk: what is open, what waits, what was decided."""

from datetime import datetime

from fastapi import APIRouter, Response
from sqlmodel import Session, col, select

from forecasts.models import Forecaster
from forecasts.permissions import visible
from questions import catalog
from questions.models import QuestionSet
from web import views
from web.dependencies import Now, Reading, Viewer
from web.pages import DeskPage, Row, Section
from web.rendering import Rendering
from web.views import Typed

router = APIRouter()

ON_THE_DESK = ("open", "upcoming")
"""The states in which a question has a row with a form; in others it is listed below."""


@router.get("/")
def desk(reading: Reading, viewer: Viewer, moment: Now, render: Rendering) -> Response:
    return render(desk_page(reading, viewer, moment))


def desk_page(
    session: Session, viewer: Forecaster | None, moment: datetime, *, refused: tuple[str, Typed] | None = None
) -> DeskPage:
    """Every question; `refused` is the one whose form was refused, with what was typed."""
    looked = [views.look(session, one, moment) for one in catalog.listed(session, visible(viewer))]
    standing = views.standing_forecasts(session, viewer, moment)
    sets = list(session.exec(select(QuestionSet).order_by(col(QuestionSet.id))))
    rows: dict[int, list[Row]] = {}
    for asked in looked:
        if asked.status in ON_THE_DESK:
            typed = refused[1] if refused and refused[0] == asked.question.slug else None
            made = views.row(asked, standing.get(asked.question.id), typed=typed)
            rows.setdefault(asked.question.set_id, []).append(made)
    waiting = sorted((one for one in looked if one.status == "closed"), key=lambda one: one.question.closes_at)
    decided = [one for one in looked if one.status in ("resolved", "annulled")]
    decided.sort(key=lambda one: one.question.resolution, reverse=True)
    return DeskPage(
        viewer=viewer,
        here="/",
        sections=[Section(one.slug, one.title, rows[one.id]) for one in sets if one.id in rows],
        waiting=[views.glance(one) for one in waiting],
        decided=[views.glance(one) for one in decided],
        anything_open=any(one.status == "open" for one in looked),
    )
