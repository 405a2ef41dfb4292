"""The second factor: setting it up, its recovery codes, and doing without it again."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Response
from sqlmodel import Session

from forecasts import entrance, secondfactor, sessions
from forecasts.models import Forecaster
from questions.errors import Refusal
from web.cookies import remember
from web.dependencies import Configured, Form, Now, Reading, Seat, SignedIn, Sitting, Teller, Writer
from web.pages import FactorPage
from web.post import telling
from web.qr import qr
from web.rendering import Rendering, hold_off, status_of

router = APIRouter()
HERE = "/settings/second-factor"
ON = "A second factor was set up: signing in asks for a code from now on."
OFF = "Your second factor was removed: signing in asks for the password alone."
RENEWED = "New recovery codes were made for your second factor. The earlier ones work no more."


@router.get("/settings/second-factor")
def look(reading: Reading, person: SignedIn, seat: Seat, moment: Now, render: Rendering) -> Response:
    return render(factor_page(reading, person, seat, moment))


@router.post("/settings/second-factor")
def begin(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, tell: Teller, render: Rendering
) -> Response:
    try:
        shown = entrance.show(reading, person, form.get("old", ""), seat.token, seat.where, tell())
        with writing() as (session, moment):
            refusal = entrance.admit(session, shown, moment)
            if refusal is None:
                secondfactor.set_up(session, person, moment)
        entrance.insist(refusal)
    except Refusal as refused:
        page = factor_page(reading, person, seat, tell(), failed="set-up", error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    return render(factor_page(reading, person, seat, moment), otherwise=HERE)


@router.post("/settings/second-factor/confirmation")
def confirm(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    """Once confirmed every other browser is signed out, and this one has a session of its own."""
    code = form.get("code", "")
    try:
        with writing() as (session, moment):
            turned = entrance.turn_on(
                session, person, code, seat.where, moment, seat.browser
            )  # fmt: skip
        entrance.insist(turned.refusal)
    except Refusal as refused:
        page = factor_page(reading, person, seat, tell(), failed="confirm", error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    page = factor_page(reading, person, seat, moment, codes=turned.codes)
    answer = remember(render(page), turned.token, configured)
    return telling(answer, reading, configured, person, ON, moment)


@router.post("/settings/second-factor/codes")
def renew_codes(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    codes: Sequence[str] = ()
    try:
        shown = entrance.show(reading, person, form.get("old", ""), seat.token, seat.where, tell(), always=True)
        with writing() as (session, moment):
            refusal = entrance.admit(session, shown, moment)
            if refusal is None:
                codes = secondfactor.renew_codes(session, person)
        entrance.insist(refusal)
    except Refusal as refused:
        page = factor_page(reading, person, seat, tell(), failed="codes", error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    answer = render(factor_page(reading, person, seat, moment, codes=codes))
    return telling(answer, reading, configured, person, RENEWED, moment)


@router.post("/settings/second-factor/removal")
def remove(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    try:
        shown = entrance.show(reading, person, form.get("old", ""), seat.token, seat.where, tell(), always=True)
        with writing() as (session, moment):
            refusal = entrance.admit(session, shown, moment)
            if refusal is None:
                secondfactor.remove(session, person)
        entrance.insist(refusal)
    except Refusal as refused:
        page = factor_page(reading, person, seat, tell(), failed="remove", error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    answer = render(factor_page(reading, person, seat, moment), otherwise=HERE)
    return telling(answer, reading, configured, person, OFF, moment)


def factor_page(
    session: Session, person: Forecaster, seat: Sitting, moment: datetime,
    *, codes: Sequence[str] = (), failed: str = "", error: Refusal | None = None,
) -> FactorPage:  # fmt: skip
    """Whether there is one, or what the authenticator must be told so that there is."""
    begun = secondfactor.pending(session, person)
    person = session.get_one(Forecaster, person.id)
    return FactorPage(
        viewer=person, here=HERE, is_on=secondfactor.factor(session, person) is not None,
        secret=secondfactor.groups(begun.secret) if begun else "",
        code=qr(secondfactor.address(begun, person.name)) if begun else None, codes=codes,
        left=secondfactor.left(session, person), fresh=sessions.is_fresh(session, seat.token, moment),
        has_password=person.password is not None, failed=failed, error=error,
    )  # fmt: skip
