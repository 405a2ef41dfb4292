"""Who is to be told of what, and where: addresses that were confirmed, digests, webhooks, the calendar's address."""

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, literal, update
from sqlmodel import Session, col, func, select

from forecasts import digest, webhooks
from forecasts.accounts import seal
from forecasts.happenings import EVENTS
from forecasts.models import Confirmation, Delivery, Forecaster, Postbox, Subscription
from forecasts.outbox import ENDED
from forecasts.permissions import sets_visible
from questions import catalog
from questions.errors import NotFound, Refusal
from questions.models import said

CHANNELS: Mapping[str, str] = {"webhook": "Signed JSON", "slack": "Slack", "discord": "Discord"}
EVERY: Mapping[str, str] = {"": "Off", "day": "Every day", "week": "Every Monday"}

EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
LONGEST = 254
STAYS = timedelta(days=3)
"""How long the link in a confirmation works."""

ASKED = 5
"""How many confirmations a person may ask for in a day, and an address may be sent."""

VOID = "void:"
"""What stands before the hash of a link that is to work no more."""

MOST = 10
"""How many webhooks a person may have."""

LATEST = 50

NO_SUCH = "You have no such webhook. The settings page lists those that you have."


class InvalidSubscription(Refusal):
    """Something that nobody can be told, or not there."""


# Where mail goes


def set_email(session: Session, person: Forecaster, email: str, moment: datetime) -> str:
    """Note that they want mail at this address, and give the token by which its owner says so.

    Until then it goes where it went. Raises InvalidSubscription for what is no address, and where too many were asked.
    """
    email = email.strip()
    if not EMAIL.fullmatch(email) or len(email) > LONGEST or ".." in email or ".@" in email or email[:1] == ".":
        raise InvalidSubscription(f"“{email[:80]}” is no mail address. Write one such as ada@example.org.", "email")
    session.exec(delete(Confirmation).where(col(Confirmation.made_at) <= moment - STAYS))
    for asked in (Confirmation.forecaster_id == person.id, func.lower(Confirmation.email) == email.lower()):
        recent = select(func.count()).where(asked, Confirmation.made_at > moment - timedelta(days=1))
        if session.exec(recent).one() >= ASKED:
            raise InvalidSubscription("Too many confirmations were asked for today. Try again tomorrow.", "email")
    token = secrets.token_urlsafe(24)
    session.add(Confirmation(token=seal(token), forecaster_id=person.id, email=email, made_at=moment))
    return token


def asked_for(session: Session, token: str, moment: datetime) -> Confirmation:
    """What the link with this token confirms. Raises NotFound where it works no more."""
    found = session.get(Confirmation, seal(token))
    if found is None or found.made_at <= moment - STAYS:
        raise NotFound("This link works no more. Ask for another one on the settings page.")
    return found


def confirm(session: Session, token: str, moment: datetime) -> Postbox:
    """Let mail go to the address that the token was sent to. Raises NotFound, InvalidSubscription where it is taken."""
    asked = asked_for(session, token, moment)
    taken = select(Postbox.forecaster_id).where(func.lower(Postbox.email) == asked.email.lower())
    if session.exec(taken.where(Postbox.forecaster_id != asked.forecaster_id)).first() is not None:
        raise InvalidSubscription(f"{asked.email} is another account's address here. Remove it there first.")
    box = session.get(Postbox, asked.forecaster_id) or Postbox(forecaster_id=asked.forecaster_id)
    box.email, box.confirmed_at = asked.email, moment
    session.add(box)
    _void(session, asked.forecaster_id)
    return box


def _void(session: Session, forecaster: int) -> None:
    """Let no link that was sent for them work any more. They stay, as they count among those that were asked for."""
    theirs = (col(Confirmation.forecaster_id) == forecaster, ~col(Confirmation.token).startswith(VOID))
    session.exec(update(Confirmation).where(*theirs).values(token=literal(VOID) + col(Confirmation.token)))


def remove_email(session: Session, person: Forecaster, moment: datetime) -> None:
    """Forget the address, whatever waits to be confirmed, and with it the digest."""
    _void(session, person.id)
    box = session.get(Postbox, person.id)
    if box is not None:
        box.email = box.confirmed_at = None
    mail = digest_of(session, person)
    if mail is not None and mail.ended_at is None:
        _end(session, mail, moment)


def postbox(session: Session, person: Forecaster) -> Postbox:
    """Where they are reached; an empty one where nothing is known."""
    return session.get(Postbox, person.id) or Postbox(forecaster_id=person.id)


def waiting(session: Session, person: Forecaster, moment: datetime) -> str:
    """The address that they asked to be sent mail at last and that nobody has confirmed, "" where there is none."""
    asked = select(Confirmation).where(
        Confirmation.forecaster_id == person.id,
        Confirmation.made_at > moment - STAYS,
        ~col(Confirmation.token).startswith(VOID),
    )
    latest = session.exec(asked.order_by(col(Confirmation.made_at).desc())).first()
    return latest.email if latest else ""


# The digest


def choose_digest(
    session: Session, person: Forecaster, every: str, events: Sequence[str], within: str, moment: datetime
) -> None:
    """Send them a digest every day or week from now on, or none where `every` is "".

    within  the set whose questions it tells of, "" for all

    A person has one and always the same, so that no event comes twice. Raises InvalidSubscription.
    """
    mail = digest_of(session, person)
    if every not in EVERY:
        raise InvalidSubscription("Choose how often the digest is to come.", "every")
    if not every:
        if mail is not None and mail.ended_at is None:
            _end(session, mail, moment)
        return
    require_events(events)
    if postbox(session, person).email is None:
        raise InvalidSubscription("There is no confirmed address that mail could go to. Confirm one first.", "email")
    mail = mail or Subscription(forecaster_id=person.id, channel="mail", made_at=moment, stop=secrets.token_urlsafe(24))
    if mail.ended_at is not None:
        mail.made_at, mail.ended_at = moment, None
    mail.every, mail.events, mail.set_id = every, list(events), _set_id(session, person, within)
    session.add(mail)
    session.flush()
    _move_up(session, mail, moment)


def _move_up(session: Session, mail: Subscription, moment: datetime) -> None:
    """Let what waits for a digest come with the next of those that are now chosen."""
    waits = (col(Delivery.subscription_id) == mail.id, col(Delivery.state) == "due", col(Delivery.tries) == 0)
    session.exec(update(Delivery).where(*waits).values(due_at=digest.following(mail.every, moment)))


def digest_of(session: Session, person: Forecaster) -> Subscription | None:
    """Their digest, also where it was ended; None where they never had one."""
    return session.exec(
        select(Subscription).where(Subscription.forecaster_id == person.id, Subscription.channel == "mail")
    ).first()


def of_stop(session: Session, token: str) -> Subscription:
    """The subscription that the link in a mail ends. Raises NotFound."""
    named = select(Subscription).where(Subscription.stop == token)
    found = session.exec(named).first() if catalog.is_name(token) else None
    if found is None:
        raise NotFound("There is nothing to stop at this address. Copy the whole link out of the mail.")
    return found


def stop(session: Session, token: str, moment: datetime) -> None:
    """End a subscription by the link in its mail. A second time changes nothing. Raises NotFound."""
    found = of_stop(session, token)
    if found.ended_at is None:
        _end(session, found, moment)


# Webhooks


def add_webhook(
    session: Session, person: Forecaster, channel: str, address: str, events: Sequence[str], within: str,
    moment: datetime,
) -> Subscription:  # fmt: skip
    """Tell another program from now on. Our own form is signed by the subscription's secret.

    Raises InvalidSubscription, and InvalidAddress for what is no address on the web.
    """
    if channel not in CHANNELS:
        raise InvalidSubscription("Choose what form the webhook takes.", "channel")
    address = webhooks.judge(address)
    require_events(events)
    if len(webhooks_of(session, person)) >= MOST:
        raise InvalidSubscription(f"You have {MOST} webhooks, and no more can be had. Remove one first.", "address")
    added = Subscription(
        forecaster_id=person.id, channel=channel, made_at=moment, address=address, events=list(events),
        secret=webhooks.new_secret() if channel == "webhook" else "", set_id=_set_id(session, person, within),
    )  # fmt: skip
    session.add(added)
    session.flush()
    return added


def webhooks_of(session: Session, person: Forecaster) -> Sequence[Subscription]:
    """Those that run, in the order in which they were added."""
    running = select(Subscription).where(
        Subscription.forecaster_id == person.id, Subscription.channel != "mail", col(Subscription.ended_at).is_(None)
    )
    return session.exec(running.order_by(col(Subscription.id))).all()


def remove(session: Session, person: Forecaster, number: int, moment: datetime) -> None:
    """End a webhook of theirs. Raises NotFound."""
    _end(session, _own(session, person, number), moment)


def try_out(session: Session, person: Forecaster, number: int, moment: datetime) -> None:
    """Send a test by a webhook of theirs. Raises NotFound, and InvalidSubscription while another test waits."""
    one = _own(session, person, number)
    tests = select(Delivery).where(Delivery.subscription_id == one.id, col(Delivery.event).startswith("test:"))
    earlier = session.exec(tests).all()
    if any(test.state == "due" for test in earlier):
        raise InvalidSubscription("A test waits to be sent already. Look at the log in a minute.")
    words = "This is a test. So it is told when something happens."
    about = {"slug": "", "title": "Brierboard", "set": ""}
    content = {"event": "test", "at": said(moment), "question": about, "sentence": words}
    event = f"test:{len(earlier) + 1}"
    session.add(Delivery(subscription_id=one.id, event=event, content=content, due_at=moment))


def numbered(text: str) -> int:
    """The number of a webhook, as an address has it. Raises NotFound for what is none."""
    if not re.fullmatch("[0-9]{1,18}", text):
        raise NotFound(NO_SUCH)
    return int(text)


def _own(session: Session, person: Forecaster, number: int) -> Subscription:
    found = next((one for one in webhooks_of(session, person) if one.id == number), None)
    if found is None:
        raise NotFound(NO_SUCH)
    return found


# The calendar


def make_calendar(session: Session, person: Forecaster) -> str:
    """Give the token in the secret address of their calendar; an earlier one works no more."""
    token = secrets.token_urlsafe(24)
    box = postbox(session, person)
    box.calendar = seal(token)
    session.add(box)
    return token


def drop_calendar(session: Session, person: Forecaster) -> None:
    """Let there be no calendar of theirs."""
    box = postbox(session, person)
    box.calendar = None
    session.add(box)


def of_calendar(session: Session, token: str) -> Forecaster:
    """Whose calendar has that token in its address. Raises NotFound."""
    statement = select(Forecaster).join(Postbox, col(Postbox.forecaster_id) == Forecaster.id)
    statement = statement.where(Postbox.calendar == seal(token), col(Forecaster.merged_into_id).is_(None))
    found = session.exec(statement).first()
    if found is None:
        raise NotFound("There is no calendar at this address. Make one on the settings page.")
    return found


# The log


def log(session: Session, person: Forecaster) -> Sequence[tuple[Delivery, Subscription]]:
    """The latest deliveries to them, the newest first."""
    statement = (
        select(Delivery, Subscription)
        .join(Subscription, col(Subscription.id) == Delivery.subscription_id)
        .where(Subscription.forecaster_id == person.id)
        .order_by(col(Delivery.id).desc())
    )
    return session.exec(statement.limit(LATEST)).all()


def require_events(events: Sequence[str]) -> None:
    """Raise InvalidSubscription unless there is something to be told."""
    if not events or not set(events) <= set(EVENTS):
        raise InvalidSubscription("Nothing is chosen. Choose at least one thing to be told of.", "events")


def _set_id(session: Session, person: Forecaster, slug: str) -> int | None:
    return catalog.find_set(session, slug, sets_visible(session, person)).id if slug else None


def _end(session: Session, one: Subscription, moment: datetime) -> None:
    one.ended_at = moment
    session.add(one)
    waits = (col(Delivery.subscription_id) == one.id, col(Delivery.state) == "due")
    session.exec(update(Delivery).where(*waits).values(state="failed", answer=ENDED))
