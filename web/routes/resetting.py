"""A new password for who has forgotten theirs, by a link that was mailed to them or handed to them."""

from fastapi import APIRouter, Response

from forecasts import mail, passwords, resetting
from questions.errors import NotAllowed, Refusal
from web.cookies import drop
from web.dependencies import COOKIE, Configured, Form, Now, Reading, Seat, Teller, Viewer, Writer
from web.pages import AskResetPage, ResetPage
from web.post import REVOKED, afterwards, telling
from web.rendering import Rendering, hold_off, status_of
from web.watching import Witness

router = APIRouter()

NO_MAIL = "No mail is sent from here. Ask an administrator for a link: it lets you choose a new password."


@router.get("/reset")
def ask(viewer: Viewer, settings: Configured, render: Rendering) -> Response:
    page = AskResetPage(viewer, "/reset", name="", mail_is_on=bool(settings.smtp_url), asked=False, error=None)
    return render(page)


@router.post("/reset")
def send(
    form: Form, writing: Writer, viewer: Viewer, settings: Configured, seat: Seat, render: Rendering, known: Witness
) -> Response:
    """The answer is the same whether or not there is somebody of that name; the mail goes out after it."""
    name, mail_is_on = form.get("name", ""), bool(settings.smtp_url)
    try:
        _require_mail(mail_is_on)
        with writing() as (session, moment):
            link = resetting.ask(session, name, seat.where, moment)
    except Refusal as refusal:
        page = AskResetPage(viewer, "/reset", name=name, mail_is_on=mail_is_on, asked=False, error=refusal)
        return hold_off(render(page, status=status_of(refusal)), refusal)
    answer = render(AskResetPage(viewer, "/reset", name=name, mail_is_on=True, asked=True, error=None))
    known.about(link.person if link else None)
    letter = mail.reset(settings, link.person.name, link.email, link.token, moment) if link else None
    return afterwards(answer, settings, letter)


def _require_mail(is_on: bool) -> None:
    if not is_on:
        raise NotAllowed(NO_MAIL)


@router.get("/reset/{token}")
def offer(token: str, reading: Reading, viewer: Viewer, moment: Now, render: Rendering) -> Response:
    name = resetting.whose(reading, token, moment).name
    return render(ResetPage(viewer, "/reset", token=token, name=name, keys=True, done=False, error=None))


@router.post("/reset/{token}")
def reset(
    token: str, form: Form, reading: Reading, writing: Writer, viewer: Viewer, settings: Configured, tell: Teller,
    render: Rendering, known: Witness,
) -> Response:  # fmt: skip
    person, keys = resetting.whose(reading, token, tell()), "tokens" in form
    known.about(person)
    name = person.name
    try:
        sealed = passwords.judge(name, form.get("password", ""), form.get("again", ""))
        with writing() as (session, moment):
            person = resetting.reset(session, token, sealed, moment, keys=keys)
    except Refusal as refusal:
        page = ResetPage(viewer, "/reset", token=token, name=name, keys=keys, done=False, error=refusal)
        return render(page, status=status_of(refusal))
    answer = render(ResetPage(None, "/reset", token="", name=name, keys=keys, done=True, error=None))
    happened = "Your password was changed by a link for those who have forgotten theirs, and you were signed out."
    happened += f" {REVOKED}" if keys else ""
    return drop(telling(answer, reading, settings, person, happened, moment), COOKIE, settings)
