"""Accounts: who there is, and the sessions of their browsers."""

import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, delete
from sqlmodel import Session, col, func, select

from forecasts import passwords
from forecasts.models import BrowserSession, Forecaster, HalfSignIn, ResetLink
from forecasts.passwords import InvalidAccount
from forecasts.settings import Lasting
from questions import percent
from questions.catalog import is_name
from questions.errors import NotAllowed, NotFound

HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,28}[a-z0-9])?")
LONGEST = timedelta(days=365)
"""How long a session is kept at most, however long it may last."""


def judge(name: str, password: str, again: str | None = None) -> tuple[str, str]:
    """The name as it will be shown, and the hash of the password. Slow by design: call it outside `writing()`.

    Raises InvalidAccount.
    """
    name = judge_name(name)
    return name, passwords.judge(name, password, again)


def judge_name(name: str) -> str:
    """The name as it will be shown. Raises InvalidAccount."""
    name = name.strip()
    if not name.isascii() or not HANDLE.fullmatch(name.lower()):
        raise InvalidAccount(
            f"{percent.quote(name)} cannot be a name. Use 1 to 30 letters a to z, digits, and . _ - between them.",
            "name",
        )
    return name


def join(
    session: Session, name: str, password: str | None, moment: datetime, role: str = "forecaster"
) -> Forecaster:  # fmt: skip
    """Add a person. `password` is the hash that `judge` gave, None for who only comes by single sign-on.

    Raises InvalidAccount where the name is taken. That is said openly, unlike anything at signing in or resetting:
    names stand on boards beside forecasts, so it tells nobody what they could not see there.
    """
    require_free(session, name)
    person = Forecaster(
        pseudonym=secrets.token_hex(16), handle=name.lower(), name=name, role=role, password=password, joined_at=moment
    )
    session.add(person)
    session.flush()
    return person


def require_free(session: Session, name: str) -> None:
    """Raise InvalidAccount where somebody has that name."""
    if named(session, name) is not None:
        raise InvalidAccount(f"“{name}” is taken. Choose another name.", "name")


def sign_in(session: Session, person: Forecaster, moment: datetime, browser: str = "", earlier: str = "") -> str:
    """Begin a session and give the token for the browser's cookie. Sessions that have run out are swept away.

    browser  what it is, in words
    earlier  the token that this browser had before: it works no more

    Raises NotAllowed for whoever was merged into another.
    """
    if person.merged_into_id is not None:
        raise NotAllowed(f"“{person.name}” was merged into another account. Sign in with that one.")
    token = secrets.token_urlsafe(32)
    over = (col(BrowserSession.expires_at) <= moment) | (col(BrowserSession.token) == seal(earlier))
    session.exec(delete(BrowserSession).where(over))
    begun = {"made_at": moment, "seen_at": moment, "expires_at": moment + LONGEST}
    session.add(BrowserSession(token=seal(token), forecaster_id=person.id, browser=browser, **begun))
    session.flush()
    return token


def sign_out(session: Session, token: str) -> None:
    """End a session."""
    session.exec(delete(BrowserSession).where(col(BrowserSession.token) == seal(token)))


def signed_in(session: Session, token: str, moment: datetime, lasting: Lasting) -> Forecaster | None:
    """Whose session this is, None where there is none or it has run out."""
    statement = (
        select(Forecaster, BrowserSession)
        .join(BrowserSession, col(BrowserSession.forecaster_id) == Forecaster.id)
        .where(BrowserSession.token == seal(token), lasts(moment, lasting))
        .where(col(Forecaster.merged_into_id).is_(None))
    )
    found = session.exec(statement).first()
    if found is None:
        return None
    who, session.info["sitting"] = found  # held on to, so that nobody reads it again
    return who


def lasts(moment: datetime, lasting: Lasting) -> ColumnElement[bool]:
    """The condition on sessions that have not run out: neither long begun nor long unused."""
    seen_at = func.coalesce(BrowserSession.seen_at, BrowserSession.made_at)
    young = (col(BrowserSession.made_at) > moment - lasting.whole) & (col(BrowserSession.expires_at) > moment)
    return young & (seen_at > moment - lasting.idle)


def change_password(session: Session, person: Forecaster, password: str) -> Forecaster:
    """Give them another password, of which `passwords.judge` gave the hash.

    Every session of theirs ends, and so does every link and every half of a sign-in that the old one began.
    """
    person = session.get_one(Forecaster, person.id)
    person.password = password
    session.add(person)
    for ends in (BrowserSession, HalfSignIn, ResetLink):
        session.exec(delete(ends).where(col(ends.forecaster_id) == person.id))
    return person


def choose_shortcuts(session: Session, person: Forecaster, on: bool) -> None:
    """Let single keys act on their sheet, or not."""
    person = session.get_one(Forecaster, person.id)
    person.shortcuts = on
    session.add(person)


def appoint(session: Session, handle: str, role: str) -> Forecaster:
    """Give a person a role. Raises NotFound, and NotAllowed for who is no person."""
    person = person_named(session, handle, "takes no role")
    person.role = role
    session.add(person)
    return person


def keep_private(session: Session, person: Forecaster, private: bool) -> Forecaster:
    """Close a person's own pages to others, or open them again. Raises NotAllowed for who is no person."""
    person = session.get_one(Forecaster, person.id)
    if person.kind != "person":
        raise NotAllowed(f"“{person.name}” is a {person.kind}, not a person, and keeps nothing private.")
    person.private = private
    session.add(person)
    return person


def named(session: Session, name: str) -> Forecaster | None:
    """Whoever has that name, in whatever letters; None where nobody has."""
    if not is_name(name):
        return None
    return session.exec(select(Forecaster).where(Forecaster.handle == name.lower())).first()


def person_named(session: Session, name: str, but: str) -> Forecaster:
    """The person of that name. Raises NotFound, and NotAllowed for who is no person, `but` says why that matters."""
    name = name.strip()
    person = named(session, name)
    if person is None:
        raise NotFound(f"There is no forecaster {percent.quote(name)}. `brierboard user list` shows who there is.")
    if person.kind != "person":
        raise NotAllowed(f"“{person.name}” is a {person.kind}, not a person, and {but}.")
    if person.erasure is not None:
        raise NotAllowed(f"“{person.name}” was erased, and {but}.")
    return person


def seal(token: str) -> str:
    """What is kept of a token: whoever reads the database cannot use it."""
    return sha256(token.encode()).hexdigest()
