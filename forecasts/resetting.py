"""Resetting: a link by which somebody who has forgotten their password chooses another one, once.

It lets nobody in: whoever has used it signs in as always, with the second factor where there is one.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col

from forecasts import accounts, secondfactor, throttle, tokens
from forecasts.accounts import seal
from forecasts.models import Forecaster, Postbox, ResetLink
from questions.errors import NotFound

STAYS = timedelta(hours=1)


@dataclass(frozen=True)
class Link:
    """A link that is to be sent to somebody."""

    person: Forecaster
    email: str
    token: str


def ask(session: Session, name: str, where: str, moment: datetime) -> Link | None:
    """A link for the person of that name; None where it has nowhere to go, which nobody is told.

    The same is written either way, so that it takes the same time. Raises TooOften, whether there is such a name or
    not.
    """
    counts = throttle.asking_for_mail(name, where)
    throttle.require(session, counts, moment, "name")
    throttle.note(session, counts, moment)
    person = accounts.named(session, name.strip())
    box = session.get(Postbox, person.id if person else 0)
    reached = person is not None and person.kind == "person" and box is not None and box.email is not None
    token = _make(session, person.id if person is not None and reached else None, moment)
    return Link(person, str(box.email), token) if person is not None and box is not None and reached else None


def link(session: Session, name: str, moment: datetime) -> str:
    """The token of a link that an administrator hands to the person of that name.

    Raises NotFound, and NotAllowed for who is no person.
    """
    return _make(session, accounts.person_named(session, name, "has no password").id, moment)


def _make(session: Session, forecaster: int | None, moment: datetime) -> str:
    """Make a link; an earlier one of theirs works no more."""
    over = (col(ResetLink.expires_at) <= moment) | (col(ResetLink.forecaster_id) == forecaster)
    session.exec(delete(ResetLink).where(over))
    token = secrets.token_urlsafe(24)
    session.add(ResetLink(token=seal(token), forecaster_id=forecaster, expires_at=moment + STAYS))
    return token


def whose(session: Session, token: str, moment: datetime) -> Forecaster:
    """Who chooses a new password by this link. Raises NotFound where it works no more."""
    found = session.get(ResetLink, seal(token))
    if found is None or found.forecaster_id is None or found.expires_at <= moment:
        raise NotFound("This link works no more: it was used, replaced, or its hour is over. Ask for another one.")
    return session.get_one(Forecaster, found.forecaster_id)


def reset(session: Session, token: str, password: str, moment: datetime, *, keys: bool = False) -> Forecaster:
    """Give whoever this link is for the password of which that is the hash, and sign them out everywhere.

    With `keys` every token of theirs and of their bots is revoked.

    Raises NotFound where the link works no more, or somebody was quicker.
    """
    person = accounts.change_password(session, whose(session, token, moment), password)
    if keys:
        tokens.revoke_all(session, person, moment)
    return person


def forget_second_factor(session: Session, name: str) -> Forecaster:
    """Ask somebody for their password alone, as they have lost their authenticator and every recovery code.

    Raises NotFound, and NotAllowed for who is no person.
    """
    person = accounts.person_named(session, name, "has no second factor")
    secondfactor.remove(session, person)
    return person
