"""The desk: the sheet of questions, one row each."""

from datetime import datetime

from fastapi import APIRouter, Response
from sqlmodel import Session

from forecasts.models import Forecaster
from web.dependencies import Now, Reading, Viewer
from web.pages import DeskPage
from web.rendering import Rendering
from web.sheet import Wanted, WantedSheet, sheet
from web.views import Typed

router = APIRouter()

ON_THE_DESK = ("open", "upcoming")
"""The states in which a question has a row with a form, or will have."""


@router.get("/")
def desk(
    reading: Reading, viewer: Viewer, moment: Now, view: WantedSheet, render: Rendering, saved: str = ""
) -> Response:
    return render(desk_page(reading, viewer, moment, view, saved=saved))


def desk_page(
    session: Session, viewer: Forecaster | None, moment: datetime, view: Wanted,
    *, refused: tuple[str, Typed] | None = None, saved: str = "",
) -> DeskPage:  # fmt: skip
    """The sheet as the address narrows it.

    refused  the question whose form was refused, with what was typed
    saved    the question that was saved just before
    """
    shown = sheet(session, viewer, moment, view, typed=refused, saved=saved)
    return DeskPage(viewer=viewer, here="/", sheet=shown)
