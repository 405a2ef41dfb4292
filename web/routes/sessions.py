"""The browsers that somebody is signed in with, and signing them out."""

from datetime import datetime

from fastapi import APIRouter, Response
from sqlmodel import Session

from forecasts import entrance, sessions
from forecasts.accounts import seal
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.errors import Refusal
from web.dependencies import Configured, Form, Now, Reading, Seat, SignedIn, Sitting, Teller, Writer
from web.pages import SessionsPage, Signed
from web.post import telling
from web.rendering import Rendering, hold_off, status_of

router = APIRouter()
HERE = "/settings/sessions"


@router.get("/settings/sessions")
def look(
    reading: Reading, person: SignedIn, seat: Seat, configured: Configured, moment: Now, render: Rendering
) -> Response:
    return render(sessions_page(reading, person, seat, configured, moment))


@router.post("/settings/sessions/removal")
def end_one(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    mark = form.get("session", "")
    try:
        shown = entrance.show(reading, person, form.get("old", ""), seat.token, seat.where, tell())
        with writing() as (session, moment):
            refusal = entrance.admit(session, shown, moment)
            if refusal is None:
                sessions.revoke(session, person, mark)
        entrance.insist(refusal)
    except Refusal as refused:
        page = sessions_page(reading, person, seat, configured, tell(), error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    answer = render(sessions_page(reading, person, seat, configured, moment), otherwise=HERE)
    return telling(answer, reading, configured, person, "One of your browsers was signed out.", moment)


@router.post("/settings/sessions/others")
def end_others(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    try:
        shown = entrance.show(reading, person, form.get("old", ""), seat.token, seat.where, tell())
        with writing() as (session, moment):
            refusal = entrance.admit(session, shown, moment)
            if refusal is None:
                sessions.revoke_others(session, person, seat.token)
        entrance.insist(refusal)
    except Refusal as refused:
        page = sessions_page(reading, person, seat, configured, tell(), error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    answer = render(sessions_page(reading, person, seat, configured, moment), otherwise=HERE)
    return telling(answer, reading, configured, person, "Every other browser of yours was signed out.", moment)


def sessions_page(
    session: Session, person: Forecaster, seat: Sitting, configured: Settings, moment: datetime,
    *, error: Refusal | None = None,
) -> SessionsPage:  # fmt: skip
    """Where they are signed in."""
    here, lasting = seal(seat.token), configured.lasting
    signed = [
        Signed(sessions.mark(one), one.browser or "An unknown browser", one.made_at, one.seen_at, one.token == here)
        for one in sessions.listed(session, person, moment, lasting)
    ]
    fresh = sessions.is_fresh(session, seat.token, moment)
    return SessionsPage(
        session.get_one(Forecaster, person.id), HERE, signed=signed, fresh=fresh, lasting=lasting, error=error
    )
