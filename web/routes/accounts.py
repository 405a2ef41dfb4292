"""Signing up, in and out."""

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from forecasts import accounts
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.errors import NotAllowed, Refusal
from web import cookies
from web.dependencies import COOKIE, Configured, Form, Reading, Viewer, Writer
from web.pages import SignInPage, SignUpPage
from web.rendering import Rendering, status_of
from web.security import local

router = APIRouter()


@router.get("/sign-in")
def ask(viewer: Viewer, settings: Configured, render: Rendering, back: str = "/") -> Response:
    return render(sign_in_page(viewer, settings, back=local(back)))


@router.post("/sign-in")
def sign_in(form: Form, reading: Reading, writing: Writer, settings: Configured, render: Rendering) -> Response:
    back = local(form.get("back", "/"))
    try:
        person = accounts.authenticate(reading, form.get("name", ""), form.get("password", ""))
        with writing() as (session, moment):
            token = accounts.sign_in(session, person, moment)
    except Refusal as refusal:
        page = sign_in_page(None, settings, name=form.get("name", ""), back=back, error=refusal)
        return render(page, status=status_of(refusal))
    return remember(render(sign_in_page(None, settings), otherwise=back), token, settings)


@router.get("/sign-up")
def offer(
    reading: Reading, viewer: Viewer, settings: Configured, render: Rendering, invitation: str = "", back: str = "/"
) -> Response:
    page = sign_up_page(reading, viewer, settings, invitation=invitation, back=local(back))
    return render(page, status=200 if page.is_open else 403)


@router.post("/sign-up")
def sign_up(form: Form, reading: Reading, writing: Writer, settings: Configured, render: Rendering) -> Response:
    name, invitation, back = form.get("name", ""), form.get("invitation", ""), local(form.get("back", "/"))
    try:
        _require_open(reading, settings, invitation)
        name, sealed = accounts.judge(name, form.get("password", ""), form.get("again", ""))
        with writing() as (session, moment):
            role = accounts.spend(session, invitation, moment).role if invitation else "forecaster"
            person = accounts.join(session, name, sealed, moment, role)
            token = accounts.sign_in(session, person, moment)
    except Refusal as refusal:
        page = sign_up_page(reading, None, settings, name=name, invitation=invitation, back=back, error=refusal)
        return render(page, status=status_of(refusal))
    return remember(render(sign_in_page(None, settings), otherwise=back), token, settings)


@router.post("/sign-out")
def sign_out(request: Request, writing: Writer, settings: Configured, render: Rendering) -> Response:
    if token := cookies.read(request, COOKIE):
        with writing() as (session, _):
            accounts.sign_out(session, token)
    return cookies.give(render(sign_in_page(None, settings), otherwise="/"), COOKIE, "", settings, 0)


def remember(answer: Response, token: str, settings: Settings) -> Response:
    """The answer with the session's cookie."""
    return cookies.give(answer, COOKIE, token, settings, int(accounts.STAYS.total_seconds()))


def _require_open(session: Session, settings: Settings, invitation: str) -> None:
    if invitation:
        accounts.invitation(session, invitation)
    elif not settings.sign_up_open:
        raise NotAllowed("Sign-up is closed here. Ask an administrator for an invitation.")


def sign_in_page(
    viewer: Forecaster | None, settings: Settings, *, name: str = "", back: str = "/", error: Refusal | None = None
) -> SignInPage:
    """The form that signs somebody in and leads them back to where they were."""
    return SignInPage(
        viewer=viewer, here="/sign-in", name=name, back=back, error=error, may_sign_up=settings.sign_up_open
    )


def sign_up_page(
    session: Session, viewer: Forecaster | None, settings: Settings,
    *, name: str = "", invitation: str = "", back: str = "/", error: Refusal | None = None,
) -> SignUpPage:  # fmt: skip
    """The form that makes an account; with an invitation the one that it promises. Opening it spends nothing."""
    role = "forecaster"
    try:
        _require_open(session, settings, invitation)
        role = accounts.invitation(session, invitation).role if invitation else role
    except Refusal as refusal:
        return SignUpPage(
            viewer=viewer, here="/sign-up", name=name, back=back, error=refusal,
            role=role, invitation="", is_open=False,
        )  # fmt: skip
    return SignUpPage(
        viewer=viewer, here="/sign-up", name=name, back=back, error=error,
        role=role, invitation=invitation, is_open=True,
    )  # fmt: skip
