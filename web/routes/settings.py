"""Settings: where somebody is reached, what they are told of, and how their pages behave."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response
from sqlmodel import Session
from starlette.convertors import IntegerConvertor, register_url_convertor

from forecasts import accounts, bots, entrance, mail, notices, passwords, sessions, signon, subscribing, tokens
from forecasts.happenings import EVENTS
from forecasts.models import Delivery, Forecaster, Subscription
from forecasts.settings import Settings
from questions.errors import NotAllowed, Refusal
from questions.models import QuestionSet
from web import filters
from web.cookies import remember
from web.dependencies import Configured, Form, Now, Reading, Seat, SignedIn, Sitting, Teller, Viewer, Writer
from web.pages import ConfirmPage, Hook, Sent, SettingsPage, Signing, StopPage, Wanted
from web.post import REVOKED, afterwards, telling
from web.rendering import Rendering, hold_off, status_of
from web.routes.accounts import provider
from web.watching import Witness


class ShortNumber(IntegerConvertor):
    """A number in an address that every database can hold: of more than 4,300 digits Python makes none at all."""

    regex = "[0-9]{1,18}"


register_url_convertor("int", ShortNumber())
router = APIRouter()

UNDER_WAY = timedelta(minutes=10)
"""How long something may be on its way; after that nobody knows whether it left."""

OFFERED: dict[str, Any] = {
    "every": subscribing.EVERY, "events": EVENTS, "channels": subscribing.CHANNELS, "scopes": tokens.SCOPES,
}  # fmt: skip
"""What there is to choose from, by the names that the page gives it."""

NO_MAIL = "No mail is sent from here: whoever runs this server has not set a mail server."


@router.get("/settings")
def settings(
    reading: Reading, person: SignedIn, seat: Seat, configured: Configured, moment: Now, render: Rendering
) -> Response:
    return render(settings_page(reading, person, seat, configured, moment))


@router.post("/settings/email")
def set_email(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    """Whoever is asked for a new password is asked at this address: so the password is asked for first."""
    email, token = form.get("email", "").strip(), ""
    try:
        _require_mail(configured)
        shown = entrance.show(reading, person, form.get("old", ""), seat.token, seat.where, tell())
        with writing() as (session, moment):
            refusal = entrance.admit(session, shown, moment)
            if refusal is None:
                token = subscribing.set_email(session, person, email, moment)
        entrance.insist(refusal)
        mail.send(configured, mail.confirmation(configured, person.name, email, token, moment))
    except Refusal as refused:
        page = settings_page(reading, person, seat, configured, tell(), typed=form, failed="email", error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    answer = render(settings_page(reading, person, seat, configured, moment), otherwise="/settings#mail")
    happened = f"Mail is to go to {email} instead of here, once the link that was sent there is opened."
    return telling(answer, reading, configured, person, happened, moment)


@router.post("/settings/email/removal")
def remove_email(
    reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    """That it was removed is told there, for the last time."""
    letter = notices.compose(reading, configured, person, "Mail comes here no more: this address was removed.", tell())
    with writing() as (session, moment):
        subscribing.remove_email(session, person, moment)
    answer = render(settings_page(reading, person, seat, configured, moment), otherwise="/settings#mail")
    return afterwards(answer, configured, letter)


@router.post("/settings/digest")
def choose_digest(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    wanted = _wanted(form)
    try:
        with writing() as (session, moment):
            subscribing.choose_digest(session, person, wanted.every, wanted.events, wanted.within, moment)
    except Refusal as refusal:
        page = settings_page(reading, person, seat, configured, tell(), typed=form, failed="digest", error=refusal)
        return render(page, status=status_of(refusal))
    return render(settings_page(reading, person, seat, configured, moment), otherwise="/settings#mail")


@router.post("/settings/webhooks")
def add_webhook(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    wanted, channel, address = _wanted(form), form.get("channel", ""), form.get("address", "")
    try:
        with writing() as (session, moment):
            added = subscribing.add_webhook(
                session, person, channel, address, wanted.events, wanted.within, moment
            )  # fmt: skip
    except Refusal as refusal:
        page = settings_page(reading, person, seat, configured, tell(), typed=form, failed="webhook", error=refusal)
        return render(page, status=status_of(refusal))
    made = ("secret", added.secret) if added.secret else None
    page = settings_page(reading, person, seat, configured, moment, made=made)
    return render(page, otherwise=None if made else "/settings#webhooks")


@router.post("/settings/webhooks/{number:int}/removal")
def remove_webhook(
    number: int,
    reading: Reading,
    writing: Writer,
    person: SignedIn,
    seat: Seat,
    configured: Configured,
    render: Rendering,
) -> Response:
    with writing() as (session, moment):
        subscribing.remove(session, person, number, moment)
    return render(settings_page(reading, person, seat, configured, moment), otherwise="/settings#webhooks")


@router.post("/settings/webhooks/{number:int}/test")
def try_webhook(
    number: int,
    reading: Reading,
    writing: Writer,
    person: SignedIn,
    seat: Seat,
    configured: Configured,
    render: Rendering,
) -> Response:
    with writing() as (session, moment):
        subscribing.try_out(session, person, number, moment)
    return render(settings_page(reading, person, seat, configured, moment), otherwise="/settings#log")


@router.post("/settings/calendar")
def make_calendar(
    reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured,
    render: Rendering,
) -> Response:  # fmt: skip
    with writing() as (session, moment):
        token = subscribing.make_calendar(session, person)
    made = ("calendar", f"{configured.address}/calendar/{token}.ics")
    return render(settings_page(reading, person, seat, configured, moment, made=made))


@router.post("/settings/calendar/removal")
def drop_calendar(
    reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured,
    render: Rendering,
) -> Response:  # fmt: skip
    with writing() as (session, moment):
        subscribing.drop_calendar(session, person)
    return render(settings_page(reading, person, seat, configured, moment), otherwise="/settings#calendar")


@router.post("/settings/pages")
def choose_pages(
    form: Form,
    reading: Reading,
    writing: Writer,
    person: SignedIn,
    seat: Seat,
    configured: Configured,
    render: Rendering,
) -> Response:
    with writing() as (session, moment):
        accounts.choose_shortcuts(session, person, "shortcuts" in form)
        accounts.keep_private(session, person, "private" in form)
    return render(settings_page(reading, person, seat, configured, moment), otherwise="/settings#pages")


@router.post("/settings/password")
def change_password(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    """The new one is judged first: else its refusal would tell, uncounted, that the one now was right."""
    keys = "tokens" in form
    try:
        sealed = passwords.judge(person.name, form.get("password", ""), form.get("again", ""))
        shown = entrance.show(
            reading, person, form.get("old", ""), seat.token, seat.where, tell(), always=True
        )  # fmt: skip
        with writing() as (session, moment):
            opening = entrance.change_password(session, shown, sealed, moment, seat.browser, keys=keys)
        entrance.insist(opening.refusal)
    except Refusal as refusal:
        page = settings_page(reading, person, seat, configured, tell(), typed=form, failed="password", error=refusal)
        return hold_off(render(page, status=status_of(refusal)), refusal)
    told = "Your password was changed. Every other browser was signed out."
    made = ("password", f"{told} {REVOKED}" if keys else told)
    page = settings_page(reading, person, replace(seat, token=opening.token), configured, moment, made=made)
    answer = remember(render(page), opening.token, configured)
    return telling(answer, reading, configured, person, made[1], moment)


# What links in mails lead to: without signing in, and without doing anything until the button is pressed


@router.get("/confirm/{token}")
def ask_to_confirm(token: str, reading: Reading, viewer: Viewer, moment: Now, render: Rendering) -> Response:
    asked = subscribing.asked_for(reading, token, moment)
    name = reading.get_one(Forecaster, asked.forecaster_id).name
    return render(ConfirmPage(viewer, "/confirm", token=token, name=name, email=asked.email, done=False, error=None))


@router.post("/confirm/{token}")
def confirm(
    token: str, reading: Reading, writing: Writer, viewer: Viewer, configured: Configured, moment: Now,
    render: Rendering, known: Witness,
) -> Response:  # fmt: skip
    """The address that mail went to before is told where it goes now."""
    asked = subscribing.asked_for(reading, token, moment)
    person, email = reading.get_one(Forecaster, asked.forecaster_id), asked.email
    name = person.name
    known.about(person)
    letter = notices.compose(reading, configured, person, f"Mail goes to {email} from now on, and not here.", moment)
    error: Refusal | None = None
    try:
        with writing() as (session, at):
            subscribing.confirm(session, token, at)
    except Refusal as refusal:
        error = refusal
    page = ConfirmPage(viewer, "/confirm", token=token, name=name, email=email, done=error is None, error=error)
    answer = render(page, status=status_of(error) if error else 200)
    return answer if error else afterwards(answer, configured, letter)


@router.get("/stop/{token}")
def ask_to_stop(token: str, reading: Reading, viewer: Viewer, render: Rendering) -> Response:
    ended = subscribing.of_stop(reading, token).ended_at is not None
    return render(StopPage(viewer, "/stop", token=token, ended=ended))


@router.post("/stop/{token}")
def stop(token: str, writing: Writer, viewer: Viewer, render: Rendering) -> Response:
    with writing() as (session, moment):
        subscribing.stop(session, token, moment)
    return render(StopPage(viewer, "/stop", token=token, ended=True))


# The page


def _require_mail(configured: Settings) -> None:
    if not configured.smtp_url:
        raise NotAllowed(NO_MAIL)


def _wanted(form: Mapping[str, str]) -> Wanted:
    return Wanted(form.get("every", ""), form.get("within", ""), [name for name in EVENTS if name in form])


def settings_page(
    session: Session, person: Forecaster, seat: Sitting, configured: Settings, moment: datetime,
    *, made: tuple[str, str] | None = None, typed: Mapping[str, str] | None = None, failed: str = "",
    error: Refusal | None = None,
) -> SettingsPage:  # fmt: skip
    """Everything that somebody can choose, and what became of telling them."""
    box, person = subscribing.postbox(session, person), session.get_one(Forecaster, person.id)
    return SettingsPage(
        viewer=person,
        here="/settings",
        mail_is_on=bool(configured.smtp_url),
        email=box.email or "",
        waiting=subscribing.waiting(session, person, moment),
        digest=_wanted(typed) if typed and failed == "digest" else _digest(session, person),
        **OFFERED,
        sets=filters.all_sets(session, person),
        hooks=[_hook(session, one) for one in subscribing.webhooks_of(session, person)],
        has_calendar=box.calendar is not None,
        bearers=[(one, tokens.of(session, one)) for one in (person, *bots.of(session, person))],
        sent=_log(session, person, moment),
        made=made,
        typed=typed or {},
        failed=failed,
        error=error,
        signing=_signing(session, person, seat, configured, moment),
    )


def _signing(session: Session, person: Forecaster, seat: Sitting, configured: Settings, moment: datetime) -> Signing:
    return Signing(
        fresh=sessions.is_fresh(session, seat.token, moment),
        has_password=person.password is not None,
        provider=provider(configured),
        linked=signon.is_linked(session, person, configured.oidc_issuer),
    )


def _digest(session: Session, person: Forecaster) -> Wanted:
    """What they chose; who never did finds everything ticked."""
    one = subscribing.digest_of(session, person)
    if one is None:
        return Wanted("", "", list(EVENTS))
    return Wanted("" if one.ended_at else one.every, _set_of(session, one, "slug"), one.events)


def _set_of(session: Session, one: Subscription, name: str) -> str:
    return "" if one.set_id is None else str(getattr(session.get_one(QuestionSet, one.set_id), name))


def _hook(session: Session, one: Subscription) -> Hook:
    form = subscribing.CHANNELS[one.channel]
    return Hook(one.id, form, one.address, [EVENTS[name] for name in one.events], _set_of(session, one, "title"))


def _log(session: Session, person: Forecaster, moment: datetime) -> list[Sent]:
    """The latest deliveries, by when each was sent or is to be."""
    found = [_sent(*row, moment) for row in subscribing.log(session, person)]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _sent(one: Delivery, through: Subscription, moment: datetime) -> Sent:
    about = one.content["question"]
    what = {"resolved": "Decided", "closing": "Closing soon", "moved": "Crowd moved", "test": "Test"}
    way = "Mail" if through.channel == "mail" else through.address
    at = one.sent_at if one.state in ("sending", "sent") and one.sent_at else one.due_at
    state = _state(one, moment)
    return Sent(at, what[one.content["event"]], about["title"], about["slug"], way, state, one.answer)


def _state(one: Delivery, moment: datetime) -> str:
    if one.state == "sending":
        late = one.answer or one.sent_at is None or moment - one.sent_at > UNDER_WAY
        return "Unknown whether it left; not sent again" if late else "On its way"
    if one.state == "due":
        return f"To be tried again, after {one.tries} of 8" if one.tries else "Waiting"
    return {"sent": "Sent", "failed": "Not sent"}[one.state]
