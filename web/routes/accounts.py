"""Signing up, in and out."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlmodel import Session

from forecasts import accounts, entrance, invitations, throttle
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.errors import NotAllowed, Refusal
from web.cookies import HALF, drop, kept, remember, wait_for_code
from web.dependencies import COOKIE, Configured, Form, Now, Reading, Seat, Teller, Viewer, Writer
from web.pages import CodePage, SignInPage, SignUpPage
from web.rendering import Rendering, hold_off, status_of
from web.security import local
from web.watching import Witness

router = APIRouter()

Half = Annotated[str, Depends(kept(HALF))]


@router.get("/sign-in")
def ask(viewer: Viewer, settings: Configured, render: Rendering, back: str = "/") -> Response:
    return render(sign_in_page(viewer, settings, back=local(back)))


@router.post("/sign-in")
def sign_in(
    form: Form, reading: Reading, writing: Writer, settings: Configured, seat: Seat, tell: Teller, render: Rendering,
    known: Witness,
) -> Response:  # fmt: skip
    name, back = form.get("name", ""), local(form.get("back", "/"))
    known.by(accounts.named(reading, name.strip()))
    try:
        knocked = entrance.knock(reading, name, form.get("password", ""), seat.where, tell())
        with writing() as (session, moment):
            opening = entrance.answer(session, knocked, moment, seat.browser, seat.token)
        entrance.insist(opening.refusal)
    except Refusal as refusal:
        page = sign_in_page(None, settings, name=name, back=back, error=refusal)
        return hold_off(render(page, status=status_of(refusal)), refusal)
    if opening.half:
        known.outcome = "half"
        answer = render(CodePage(None, "/sign-in", back=back, error=None))
        return wait_for_code(answer, opening.half, settings)
    return remember(render(sign_in_page(None, settings), otherwise=back), opening.token, settings)


@router.post("/sign-in/code")
def give_code(
    form: Form, reading: Reading, writing: Writer, settings: Configured, seat: Seat, tell: Teller, render: Rendering,
    half: Half, known: Witness,
) -> Response:  # fmt: skip
    code, back = form.get("code", ""), local(form.get("back", "/"))
    try:
        known.by(reading.get(Forecaster, entrance.half(reading, half, tell()).forecaster_id))
        with writing() as (session, moment):
            opening = entrance.finish(
                session, half, code, seat.where, moment, seat.browser, seat.token
            )  # fmt: skip
        entrance.insist(opening.refusal)
    except NotAllowed as refusal:
        return render(sign_in_page(None, settings, back=back, error=refusal), status=403)
    except Refusal as refusal:
        page = CodePage(None, "/sign-in", back=back, error=refusal)
        return hold_off(render(page, status=status_of(refusal)), refusal)
    answer = render(sign_in_page(None, settings), otherwise=back)
    return remember(drop(answer, HALF, settings), opening.token, settings)


@router.get("/sign-up")
def offer(
    reading: Reading, viewer: Viewer, settings: Configured, moment: Now, render: Rendering, invitation: str = "",
    back: str = "/",
) -> Response:  # fmt: skip
    page = sign_up_page(reading, viewer, settings, invitation=invitation, back=local(back), moment=moment)
    return render(page, status=200 if page.is_open else 403)


@router.post("/sign-up")
def sign_up(
    form: Form, reading: Reading, writing: Writer, settings: Configured, seat: Seat, tell: Teller, render: Rendering,
    known: Witness,
) -> Response:  # fmt: skip
    name, invitation, back = form.get("name", ""), form.get("invitation", ""), local(form.get("back", "/"))
    try:
        counts = throttle.signing_up(seat.where)
        throttle.require(reading, counts, tell(), "name")
        invitations.require_open(reading, settings.policy, invitation, tell())
        name, sealed = accounts.judge(name, form.get("password", ""), form.get("again", ""))
        with writing() as (session, moment):
            role = invitations.spend(session, invitation, moment).role if invitation else "forecaster"
            person = accounts.join(session, name, sealed, moment, role)
            throttle.note(session, counts, moment)
            token = accounts.sign_in(session, person, moment, seat.browser, seat.token)
    except Refusal as refusal:
        page = sign_up_page(
            reading, None, settings, name=name, invitation=invitation, back=back, error=refusal, moment=tell()
        )  # fmt: skip
        return hold_off(render(page, status=status_of(refusal)), refusal)
    known.join(person)
    return remember(render(sign_in_page(None, settings), otherwise=back), token, settings)


@router.post("/sign-out")
def sign_out(seat: Seat, writing: Writer, settings: Configured, render: Rendering, viewer: Viewer) -> Response:
    if seat.token:
        with writing() as (session, _):
            accounts.sign_out(session, seat.token)
    answer = drop(render(sign_in_page(None, settings), otherwise="/"), COOKIE, settings)
    answer.headers["Clear-Site-Data"] = '"cache"'  # what was seen is not to be seen by whoever comes next
    return answer


def sign_in_page(
    viewer: Forecaster | None, settings: Settings, *, name: str = "", back: str = "/", error: Refusal | None = None
) -> SignInPage:
    """The form that signs somebody in and leads them back to where they were."""
    return SignInPage(
        viewer=viewer, here="/sign-in", name=name, back=back, error=error, may_sign_up=settings.sign_up_open,
        provider=provider(settings),
    )  # fmt: skip


def provider(settings: Settings) -> str:
    """What single sign-on is called here, "" where there is none."""
    return settings.oidc_name if settings.single_sign_on else ""


def sign_up_page(
    session: Session, viewer: Forecaster | None, settings: Settings,
    *, moment: datetime, name: str = "", invitation: str = "", back: str = "/", error: Refusal | None = None,
) -> SignUpPage:  # fmt: skip
    """The form that makes an account; with an invitation the one that it promises. Opening it spends nothing."""
    role, is_open = "forecaster", True
    try:
        invitations.require_open(session, settings.policy, invitation, moment)
        role = invitations.find(session, invitation, moment).role if invitation else role
    except Refusal as refusal:
        invitation, is_open, error = "", False, refusal
    return SignUpPage(
        viewer=viewer, here="/sign-up", name=name, back=back, error=error, role=role, invitation=invitation,
        is_open=is_open, provider=provider(settings),
    )  # fmt: skip
