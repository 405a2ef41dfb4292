"""Erasing an account: what will be lost, the password and the name typed once more, and then it is gone for good."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from forecasts import entrance, erasing, sessions
from forecasts.models import Forecaster
from forecasts.permissions import require
from questions.errors import Refusal
from web import views
from web.cookies import drop
from web.dependencies import (
    COOKIE,
    Configured,
    Form,
    Now,
    Reading,
    Seat,
    SignedIn,
    Sitting,
    Teller,
    Writer,
    database_of,
)
from web.pages import ErasingPage, MessagePage
from web.rendering import Rendering, hold_off, status_of
from web.watching import Witness

router = APIRouter()
OWN = "/settings/erasure"


@router.get("/settings/erasure")
def consider_own(reading: Reading, person: SignedIn, seat: Seat, moment: Now, render: Rendering) -> Response:
    return render(erasing_page(reading, person, person, seat, moment))


@router.get("/people/{handle}/erasure")
def consider(
    handle: str, reading: Reading, administrator: SignedIn, seat: Seat, moment: Now, render: Rendering
) -> Response:
    who = views.named(reading, handle)
    require(administrator, "erase")
    return render(erasing_page(reading, who, administrator, seat, moment))


@router.post("/settings/erasure")
@router.post("/people/{handle}/erasure")
def erase(
    request: Request, form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat,
    configured: Configured, tell: Teller, known: Witness, render: Rendering,
) -> Response:  # fmt: skip
    """Oneself, or as an administrator somebody else: by one's own password and their name."""
    handle = request.path_params.get("handle", "")  # of the path alone: a query must name nobody
    who = views.named(reading, handle) if handle else person
    known.about(who)
    if handle:
        require(person, "erase")
    try:
        erasing.require_named(who, form.get("name", ""))
        shown = entrance.show(reading, person, form.get("old", ""), seat.token, seat.where, tell(), always=True)
        with writing(alone=True) as (session, moment):
            refusal = entrance.admit(session, shown, moment)
            if refusal is None:
                erasing.erase(session, who, by=person, moment=moment)
        entrance.insist(refusal)
    except Refusal as refused:
        page = erasing_page(reading, who, person, seat, tell(), typed=form, error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    database_of(request).forget()
    if handle:
        return render(gone(reading, who, person))
    return drop(render(gone(reading, who, None)), COOKIE, configured)


def erasing_page(
    session: Session, who: Forecaster, viewer: Forecaster, seat: Sitting, moment: datetime,
    *, typed: Mapping[str, str] | None = None, error: Refusal | None = None,
) -> ErasingPage:  # fmt: skip
    """What will be lost, and the form that has it done."""
    return ErasingPage(
        viewer=viewer,
        here=OWN if who.id == viewer.id else f"/people/{who.handle}/erasure",
        person=who,
        losing=erasing.weigh(session, who, moment),
        spared=viewer.password is None and sessions.is_fresh(session, seat.token, moment),
        typed=typed or {},
        error=error,
    )


def gone(session: Session, who: Forecaster, viewer: Forecaster | None) -> MessagePage:
    """That it was done. Whoever erased themselves is nobody here any more."""
    name = session.get_one(Forecaster, who.id, populate_existing=True).name
    sentence = f"What is left stands under {name}. Backups that were made before are for whoever runs this server."
    return MessagePage(viewer=viewer, here="/", title="Erased", sentence=sentence)
