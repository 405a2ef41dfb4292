"""The desk: the sheet of questions, one row each."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from forecasts.models import Forecaster
from web.dependencies import Configured, Now, Reading, Viewer
from web.first import NOTHING_ASKED, first
from web.pages import DeskPage, First
from web.rendering import Rendering
from web.sheet import Wanted, WantedSheet, sheet
from web.views import Typed

router = APIRouter()

ON_THE_DESK = ("open", "upcoming")
"""The states in which a question has a row with a form, or will have."""

Tried = Annotated[str, Query(alias="try")]


@router.get("/")
def desk(
    reading: Reading, viewer: Viewer, moment: Now, settings: Configured, view: WantedSheet, render: Rendering,
    saved: str = "", tried: Tried = "",
) -> Response:  # fmt: skip
    introduced = None if view.words else first(reading, viewer, moment, tried, settings.sign_up_open)
    return render(desk_page(reading, viewer, moment, view, saved=saved, introduced=introduced))


def desk_page(
    session: Session, viewer: Forecaster | None, moment: datetime, view: Wanted,
    *, refused: tuple[str, Typed] | None = None, saved: str = "", introduced: First | None = None,
) -> DeskPage:  # fmt: skip
    """The sheet as the address narrows it.

    refused     the question whose form was refused, with what was typed
    saved       the question that was saved just before
    introduced  what stands above it all for who comes for the first time
    """
    shown = sheet(session, viewer, moment, view, typed=refused, saved=saved)
    empty = not shown.total and not view.words
    return DeskPage(viewer=viewer, here="/", sheet=shown, first=NOTHING_ASKED if empty else introduced)
