"""The outbox: what is due is claimed, sent, and what came of it is written down.

A delivery is "sending" from before it goes out, in a transaction of its own. Whoever dies in between leaves it so, and
nobody sends it again: a mail that may have left is never sent a second time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlmodel import Session, col, select

from forecasts import digest, ledger, mail, webhooks
from forecasts.models import Delivery, Forecaster, Postbox, Subscription
from forecasts.parcel import LeftUnknown, NotTaken, Parcel
from forecasts.settings import Settings
from questions import catalog
from questions.models import Question

TRIES = 8
FIRST = timedelta(minutes=1)
"""How long it waits after the first failure; four times as long after each further one, so that all take four days."""

STALE = "Left out: the question takes no more forecasts."
ENDED = "Left out: it was stopped before this was sent."


def put(session: Session, found: Iterable[Delivery]) -> None:
    """Add what is to be told."""
    session.add_all(found)
    session.flush()


def due(session: Session, moment: datetime, *, mail: bool) -> list[tuple[int, list[int]]]:
    """What goes out together, each with its subscription's id: all of one digest, and each webhook by itself."""
    statement = (
        select(Delivery.id, Delivery.subscription_id, Subscription.channel)
        .join(Subscription, col(Subscription.id) == Delivery.subscription_id)
        .where(Delivery.state == "due", Delivery.due_at <= moment)
        .order_by(col(Delivery.subscription_id), col(Delivery.id))
    )
    rows = [row for row in session.exec(statement).all() if mail or row[2] != "mail"]
    together = groupby(rows, key=lambda row: (row[1], 0 if row[2] == "mail" else row[0]))
    return [(subscription, [row[0] for row in group]) for (subscription, _), group in together]


def claim(session: Session, ids: Sequence[int], moment: datetime) -> Parcel | None:
    """Mark these as being sent, and give what is to be sent. None where nothing of it is to go out any more.

    What somebody else has claimed meanwhile, what is stale and what was stopped is left out.
    """
    waiting = select(Delivery).where(col(Delivery.id).in_(ids), Delivery.state == "due").order_by(col(Delivery.id))
    found = session.exec(waiting.with_for_update()).all()
    if not found:
        return None
    one = session.get_one(Subscription, found[0].subscription_id)
    email = _email(session, one)
    left = _left_out(session, found, moment) if one.ended_at is None and email is not None else found
    for delivery in left:
        delivery.state, delivery.answer = "failed", STALE if one.ended_at is None else ENDED
    going = [delivery for delivery in found if delivery not in left]
    for delivery in going:
        delivery.state, delivery.sent_at, delivery.tries = "sending", moment, delivery.tries + 1
    session.flush()
    return _parcel(session, one, email or "", going, moment) if going else None


def _email(session: Session, one: Subscription) -> str | None:
    """Where it goes by mail, "" where it goes otherwise, None where mail has nowhere to go."""
    if one.channel != "mail":
        return ""
    box = session.get(Postbox, one.forecaster_id)
    return box.email if box else None


def _left_out(session: Session, found: Sequence[Delivery], moment: datetime) -> list[Delivery]:
    """Those that tell of a closing that is over."""
    closing = [one for one in found if one.content["event"] == "closing"]
    asked = _questions(session, closing)
    return [one for one in closing if not _is_open(session, asked[one.content["question"]["slug"]], moment)]


def _questions(session: Session, closing: Iterable[Delivery]) -> dict[str, Question]:
    slugs = {one.content["question"]["slug"] for one in closing}
    return {one.slug: one for one in session.exec(select(Question).where(col(Question.slug).in_(slugs)))}


def _is_open(session: Session, question: Question, moment: datetime) -> bool:
    return catalog.status(question, catalog.latest(session, question), moment) == "open"


def _parcel(session: Session, one: Subscription, email: str, going: Sequence[Delivery], moment: datetime) -> Parcel:
    person = session.get_one(Forecaster, one.forecaster_id)
    asked = _questions(session, [delivery for delivery in going if delivery.content["event"] == "closing"])
    unanswered = {
        slug for slug, question in asked.items() if ledger.standing(session, person, question, moment) is None
    }
    return Parcel(one, person, email, going, frozenset(unanswered), moment)


def send(settings: Settings, parcel: Parcel) -> str:
    """Send it and give the other side's answer. Raises NotTaken and LeftUnknown."""
    if parcel.subscription.channel == "mail":
        return mail.send(settings, digest.compose(settings, parcel))
    return webhooks.send(settings, parcel)


def sent(session: Session, parcel: Parcel, answer: str) -> None:
    """Write down that the other side took it."""
    for one in _sending(session, parcel):
        one.state, one.answer = "sent", answer


def not_taken(session: Session, parcel: Parcel, error: NotTaken, moment: datetime) -> None:
    """Write down that it was not taken: it is tried again later, and after eight times no more."""
    for one in _sending(session, parcel):
        one.answer = str(error)
        one.state = "failed" if one.tries >= TRIES else "due"
        one.due_at = moment + FIRST * 4 ** (one.tries - 1)


def left_unknown(session: Session, parcel: Parcel, error: LeftUnknown) -> None:
    """Write down that nobody knows whether it left. It stays as it is, for good."""
    for one in _sending(session, parcel):
        one.answer = str(error)


def _sending(session: Session, parcel: Parcel) -> Sequence[Delivery]:
    ids = [one.id for one in parcel.deliveries]
    return session.exec(select(Delivery).where(col(Delivery.id).in_(ids), Delivery.state == "sending")).all()
