"""The desk: what is open, what waits, what was decided."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import Session, col, select

from forecasts.models import Forecaster
from forecasts.permissions import visible
from questions import catalog
from questions.catalog import Listed
from questions.models import QuestionSet
from web import views
from web.dependencies import Configured, Now, Reading, Viewer
from web.first import NOTHING_ASKED, first
from web.pages import DeskPage, DeskRow, First, Section
from web.rendering import Rendering
from web.views import Typed

router = APIRouter()

ON_THE_DESK = ("open", "upcoming")
"""The states in which a question has a row with a form; in others it is listed below."""

MOST_DECIDED = 30

Tried = Annotated[str, Query(alias="try")]


@router.get("/")
def desk(
    reading: Reading, viewer: Viewer, moment: Now, settings: Configured, render: Rendering, tried: Tried = ""
) -> Response:
    introduced = first(reading, viewer, moment, tried, settings.sign_up_open)
    return render(desk_page(reading, viewer, moment, introduced=introduced))


def desk_page(
    session: Session, viewer: Forecaster | None, moment: datetime,
    *, refused: tuple[str, Typed] | None = None, introduced: First | None = None,
) -> DeskPage:  # fmt: skip
    """Every question that is not decided, and the latest that are.

    refused     the question whose form was refused, with what was typed
    introduced  what stands above it all for who comes for the first time
    """
    listed = catalog.listed(session, visible(viewer))
    by_status: dict[str, list[Listed]] = {}
    for one in listed:
        by_status.setdefault(catalog.status(one.question, one.resolution, moment), []).append(one)
    asked = [one for one in listed if catalog.status(one.question, one.resolution, moment) in ON_THE_DESK]
    waiting = sorted(by_status.get("closed", []), key=lambda one: one.question.closes_at)
    decided = [*by_status.get("resolved", []), *by_status.get("annulled", [])]
    decided.sort(key=lambda one: one.question.resolution, reverse=True)
    return DeskPage(
        viewer=viewer,
        here="/",
        sections=_sections(session, viewer, asked, moment, refused),
        waiting=[views.glance(views.look(session, one, moment)) for one in waiting],
        decided=[views.glance(views.look(session, one, moment)) for one in decided[:MOST_DECIDED]],
        more_decided=max(0, len(decided) - MOST_DECIDED),
        anything_open="open" in by_status,
        first=introduced if listed else NOTHING_ASKED,
    )


def _sections(
    session: Session, viewer: Forecaster | None, asked: Sequence[Listed], moment: datetime,
    refused: tuple[str, Typed] | None,
) -> list[Section]:  # fmt: skip
    """The rows of each set, in the sets' order."""
    standing = views.standing_forecasts(session, viewer, moment)
    rows: dict[int, list[DeskRow]] = {}
    for one in asked:
        typed = refused[1] if refused and refused[0] == one.question.slug else None
        made = views.row(views.look(session, one, moment), standing.get(one.question.id), typed=typed)
        rows.setdefault(one.question.set_id, []).append(made)
    sets = session.exec(select(QuestionSet).order_by(col(QuestionSet.id)))
    return [Section(one.slug, one.title, rows[one.id]) for one in sets if one.id in rows]
