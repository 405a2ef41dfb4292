"""What programs act with, made and ended in the settings: tokens and bots."""

from fastapi import APIRouter, Response

from forecasts import bots, tokens
from forecasts.models import Forecaster
from questions import deadlines
from questions.errors import Refusal
from web.dependencies import Configured, Form, Reading, Seat, SignedIn, Teller, Writer
from web.rendering import Rendering, status_of
from web.routes.settings import settings_page
from web.watching import Witness

router = APIRouter(prefix="/settings")


@router.post("/tokens")
def make_token(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering, known: Witness,
) -> Response:  # fmt: skip
    """Make a token for oneself, or for a bot of one's own."""
    ends = form.get("ends", "").strip()
    try:
        until = deadlines.closing(ends, tell(), "ends") if ends else None
        bearer = bots.find(reading, form["for"], person) if form.get("for") else person
        known.about(bearer)
        name, scopes = form.get("name", ""), [scope for scope in tokens.SCOPES if scope in form]
        with writing() as (session, moment):
            _, text = tokens.add(session, bearer, name, scopes, moment, expires_at=until)
    except Refusal as refusal:
        page = settings_page(reading, person, seat, configured, tell(), typed=form, failed="token", error=refusal)
        return render(page, status=status_of(refusal))
    return render(settings_page(reading, person, seat, configured, moment, made=("token", text)))


@router.post("/tokens/{number}/revocation")
def revoke_token(
    number: str,
    reading: Reading,
    writing: Writer,
    person: SignedIn,
    seat: Seat,
    configured: Configured,
    render: Rendering,
    known: Witness,
) -> Response:
    found = tokens.find(reading, number, person)
    known.about(reading.get(Forecaster, found.forecaster_id))
    with writing() as (session, moment):
        tokens.revoke(session, found, moment)
    return render(settings_page(reading, person, seat, configured, moment), otherwise="/settings#tokens")


@router.post("/bots")
def make_bot(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    name = form.get("name", "")
    try:
        with writing() as (session, moment):
            bots.add(session, person, name, moment)
    except Refusal as refusal:
        page = settings_page(reading, person, seat, configured, tell(), typed=form, failed="bot", error=refusal)
        return render(page, status=status_of(refusal))
    return render(settings_page(reading, person, seat, configured, moment), otherwise="/settings#tokens")
