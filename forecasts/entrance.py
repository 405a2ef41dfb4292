"""The entrance: what a name, a password and a code open, what a wrong one costs, and who must show the password again.

Nobody learns from an answer here whether there is an account of a name, nor from how long it takes. Whoever has a
second factor is asked for it whatever password was given, and is told of both together: so a password cannot be found
out without the authenticator. That somebody has a second factor can be seen, as they must be asked for it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col

from forecasts import accounts, passwords, secondfactor, sessions, throttle, tokens
from forecasts.accounts import seal
from forecasts.models import Forecaster, HalfSignIn
from forecasts.passwords import InvalidAccount
from forecasts.throttle import Count
from questions.errors import NotAllowed, Refusal

HALF = timedelta(minutes=5)
"""How long the second step may take after the first."""


@dataclass(frozen=True)
class Knock:
    """A name and a password that were tried.

    person  whose name it is, None where it is nobody's
    right   whether it is their password
    counts  what a failure counts towards
    """

    person: Forecaster | None
    right: bool
    counts: Sequence[Count]


@dataclass(frozen=True)
class Opening:
    """What came of a knock: a session's token, the token of a half that waits for a code, or a refusal."""

    token: str = ""
    half: str = ""
    refusal: Refusal | None = None


def knock(session: Session, name: str, password: str, where: str, moment: datetime) -> Knock:
    """Try a password. Slow by design: call it outside `writing()`. Raises TooOften, before anything is tried."""
    counts = throttle.signing_in(name, where)
    throttle.require(session, counts, moment, "password")
    person = accounts.named(session, name.strip())
    return Knock(person, passwords.fits(person.password if person else None, password), counts)


def answer(session: Session, knocked: Knock, moment: datetime, browser: str, earlier: str) -> Opening:
    """Open, ask for the second factor, or write down that it was wrong."""
    person = knocked.person
    if person is not None and secondfactor.factor(session, person) is not None:
        return _halve(session, knocked, person, moment)
    if person is None or not knocked.right:
        throttle.note(session, knocked.counts, moment)
        sentence = "This name and password do not belong together. Check both."
        return Opening(refusal=InvalidAccount(sentence, "password"))
    throttle.forget(session, knocked.counts)
    return Opening(accounts.sign_in(session, person, moment, browser, earlier))


def _halve(session: Session, knocked: Knock, person: Forecaster, moment: datetime) -> Opening:
    """Wait for the code. The password counts as wrong until both have turned out right."""
    throttle.note(session, knocked.counts, moment)
    return Opening(half=halve(session, person, knocked.right, moment))


def halve(session: Session, person: Forecaster, right: bool, moment: datetime) -> str:
    """The token of a sign-in that waits for a code; `right` is whether all before that was."""
    session.exec(delete(HalfSignIn).where(col(HalfSignIn.expires_at) <= moment))
    token = secrets.token_urlsafe(32)
    session.add(HalfSignIn(token=seal(token), forecaster_id=person.id, right=right, expires_at=moment + HALF))
    return token


def half(session: Session, token: str, moment: datetime) -> HalfSignIn:
    """The sign-in that waits for a code. Raises NotAllowed where there is none, or it waited for too long."""
    found = session.get(HalfSignIn, seal(token)) if token else None
    if found is None or found.expires_at <= moment:
        raise NotAllowed("This took too long, or it was done already. Begin with name and password again.")
    return found


def require_tries(session: Session, waiting: HalfSignIn, where: str, moment: datetime) -> Sequence[Count]:
    """What a wrong code for this sign-in counts towards. Raises TooOften where no more are taken from there."""
    counts = throttle.giving_codes(session.get_one(Forecaster, waiting.forecaster_id).handle, where)
    throttle.require(session, counts, moment, "code")
    return counts


def finish(
    session: Session, token: str, code: str, where: str, moment: datetime, browser: str, earlier: str
) -> Opening:  # fmt: skip
    """Open where password and code were both right, or write down that they were not.

    A code is used up by being right, whatever the password was. Raises NotAllowed, TooOften.
    """
    waiting = half(session, token, moment)
    counts = require_tries(session, waiting, where, moment)
    person = session.get_one(Forecaster, waiting.forecaster_id)
    fits = secondfactor.take(session, person, code, moment)
    if not fits or not waiting.right:
        throttle.note(session, counts, moment)
        sentence = "The password or the code is wrong. Type the code that is shown now, or begin again."
        return Opening(refusal=secondfactor.WrongCode(sentence, "code"))
    session.delete(waiting)
    throttle.forget(session, [*counts, *throttle.signing_in(person.handle, where)])
    return Opening(accounts.sign_in(session, person, moment, browser, earlier))


def insist(refusal: Refusal | None) -> None:
    """Raise what a verb had to write down before it could be raised."""
    if refusal is not None:
        raise refusal


# Showing the password again


def show(
    session: Session, person: Forecaster, password: str, token: str, where: str, moment: datetime,
    *, always: bool = False,
) -> Knock:  # fmt: skip
    """What somebody who is signed in shows before they change their account. Slow by design. Raises TooOften.

    Their password; or nothing where they signed in with this browser a moment ago, unless it is asked for `always` and
    they have one.
    """
    counts = throttle.signing_in(person.handle, where)
    if sessions.is_fresh(session, token, moment) and not (always and person.password):
        return Knock(person, True, counts)
    throttle.require(session, counts, moment, "old")
    return Knock(person, passwords.fits(person.password, password), counts)


def admit(session: Session, shown: Knock, moment: datetime) -> Refusal | None:
    """None where they showed what they had to; else the refusal, and it is written down that it was wrong."""
    if shown.right:
        return None
    throttle.note(session, shown.counts, moment)
    if shown.person is not None and shown.person.password is None:
        return InvalidAccount("You signed in a while ago. Sign out and in again, and do it within ten minutes.", "old")
    return InvalidAccount("This is not your password now. Type the one that you signed in with.", "old")


def change_password(
    session: Session, shown: Knock, password: str, moment: datetime, browser: str, *, keys: bool = False
) -> Opening:  # fmt: skip
    """Give whoever showed theirs another password, of which that is the hash, and this browser a session of its own.

    Every other session of theirs ends, and with `keys` so does every token of theirs and of their bots.
    """
    refusal = admit(session, shown, moment)
    if refusal is not None or shown.person is None:
        return Opening(refusal=refusal)
    person = accounts.change_password(session, shown.person, password)
    if keys:
        tokens.revoke_all(session, person, moment)
    return Opening(accounts.sign_in(session, person, moment, browser))


@dataclass(frozen=True)
class Turned:
    """A second factor that was turned on: the new session's token and the recovery codes; or why it was not."""

    token: str = ""
    codes: Sequence[str] = ()
    refusal: Refusal | None = None


def turn_on(session: Session, person: Forecaster, code: str, where: str, moment: datetime, browser: str) -> Turned:
    """Ask them for the second factor from now on, as this code shows that their authenticator has it.

    Every session of theirs ends, and this browser begins another. Raises NotAllowed, TooOften.
    """
    counts = throttle.giving_codes(person.handle, where)
    throttle.require(session, counts, moment, "code")
    try:
        codes = secondfactor.confirm(session, person, code, moment)
    except secondfactor.WrongCode as wrong:
        throttle.note(session, counts, moment)
        return Turned(refusal=wrong)
    sessions.revoke_others(session, person, "")
    return Turned(accounts.sign_in(session, person, moment, browser), codes)
