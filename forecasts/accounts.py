"""Accounts: sign up, sign in, sessions, and the single-use link by which the first administrator joins."""

import re
import secrets
import threading
from datetime import datetime, timedelta
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete
from sqlmodel import Session, col, select

from forecasts.models import BrowserSession, Forecaster, Invitation
from questions.catalog import is_name
from questions.errors import NotAllowed, NotFound, Refusal

HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,28}[a-z0-9])?")
SHORTEST = 8
LONGEST = 1000
STAYS = timedelta(days=30)

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_two_at_once = threading.Semaphore(2)
_NOBODY = _hasher.hash("nobody has this password")


class InvalidAccount(Refusal):
    """A name or a password that cannot be had."""


def judge(name: str, password: str, again: str | None = None) -> tuple[str, str]:
    """The name as it will be shown, and the hash of the password. Slow by design: call it outside `writing()`.

    Raises InvalidAccount.
    """
    name = name.strip()
    if not name.isascii() or not HANDLE.fullmatch(name.lower()):
        raise InvalidAccount(
            f"“{name[:40]}” cannot be a name. Use 1 to 30 letters a to z, digits, and . _ - between them.", "name"
        )
    if len(password) < SHORTEST:
        raise InvalidAccount(f"The password is too short. Use at least {SHORTEST} characters.", "password")
    if len(password) > LONGEST:
        raise InvalidAccount(f"The password is too long. Use at most {LONGEST} characters.", "password")
    if any("\ud800" <= sign <= "\udfff" for sign in password):
        raise InvalidAccount("The password holds a character that is not text. Type it again.", "password")
    if again is not None and again != password:
        raise InvalidAccount("The two passwords differ. Type the same one twice.", "again")
    with _two_at_once:
        return name, _hasher.hash(password)


def join(session: Session, name: str, password: str, moment: datetime, role: str = "forecaster") -> Forecaster:
    """Add a person. `password` is the hash that `judge` gave. Raises InvalidAccount where the name is taken."""
    if session.exec(select(Forecaster.id).where(Forecaster.handle == name.lower())).first() is not None:
        raise InvalidAccount(f"“{name}” is taken. Choose another name.", "name")
    person = Forecaster(
        pseudonym=secrets.token_hex(16), handle=name.lower(), name=name, role=role, password=password, joined_at=moment
    )
    session.add(person)
    session.flush()
    return person


def authenticate(session: Session, name: str, password: str) -> Forecaster:
    """The person with that name and password. Raises InvalidAccount; takes as long whether the name exists or not."""
    person = _named(session, name.strip())
    fits = _fits(person, password)
    if person is None or not fits:
        raise InvalidAccount("This name and password do not belong together. Check both.", "password")
    return person


def require_password(person: Forecaster, password: str) -> None:
    """Pass where that is their password. Slow by design. Raises InvalidAccount."""
    if not _fits(person, password):
        raise InvalidAccount("This is not your password now. Type the one that you signed in with.", "old")


def _fits(person: Forecaster | None, password: str) -> bool:
    known = person.password if person and person.password else _NOBODY
    with _two_at_once:
        try:
            _hasher.verify(known, password[: LONGEST + 1].encode(errors="surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False
    return known is not _NOBODY


def sign_in(session: Session, person: Forecaster, moment: datetime) -> str:
    """Begin a session and give the token for the browser's cookie. Sessions that have run out are swept away."""
    token = secrets.token_urlsafe(32)
    session.exec(delete(BrowserSession).where(col(BrowserSession.expires_at) <= moment))
    session.add(BrowserSession(token=seal(token), forecaster_id=person.id, made_at=moment, expires_at=moment + STAYS))
    return token


def sign_out(session: Session, token: str) -> None:
    """End a session."""
    session.exec(delete(BrowserSession).where(col(BrowserSession.token) == seal(token)))


def signed_in(session: Session, token: str, moment: datetime) -> Forecaster | None:
    """Whose session this is, None where there is none or it has run out."""
    statement = (
        select(Forecaster)
        .join(BrowserSession, col(BrowserSession.forecaster_id) == Forecaster.id)
        .where(BrowserSession.token == seal(token), BrowserSession.expires_at > moment)
    )
    return session.exec(statement).first()


def change_password(session: Session, person: Forecaster, password: str, token: str) -> None:
    """Give them another password, of which `judge` gave the hash, and end every session but the one of this token."""
    person = session.get_one(Forecaster, person.id)
    person.password = password
    session.add(person)
    others = (col(BrowserSession.forecaster_id) == person.id, col(BrowserSession.token) != seal(token))
    session.exec(delete(BrowserSession).where(*others))


def choose_shortcuts(session: Session, person: Forecaster, on: bool) -> None:
    """Let single keys act on their sheet, or not."""
    person = session.get_one(Forecaster, person.id)
    person.shortcuts = on
    session.add(person)


def invite_first_administrator(session: Session, moment: datetime) -> str | None:
    """A fresh single-use link's token, None once there is an administrator. Earlier unspent ones stop working."""
    session.exec(delete(Invitation).where(col(Invitation.role) == "administrator", col(Invitation.spent_at).is_(None)))
    if _has_administrator(session):
        return None
    token = secrets.token_urlsafe(24)
    session.add(Invitation(token=seal(token), role="administrator", made_at=moment))
    return token


def _has_administrator(session: Session) -> bool:
    return session.exec(select(Forecaster.id).where(Forecaster.role == "administrator")).first() is not None


def invitation(session: Session, token: str) -> Invitation:
    """The invitation behind a link. Raises NotFound where it is spent, or nobody's first to be any more."""
    found = session.get(Invitation, seal(token))
    if found is None or found.spent_at is not None or (found.role == "administrator" and _has_administrator(session)):
        raise NotFound(
            "This link works no more: it was used, a newer one replaced it, or there is an administrator already. "
            "Look at what the server printed last."
        )
    return found


def spend(session: Session, token: str, moment: datetime) -> Invitation:
    """Use an invitation up. Raises NotFound where somebody was quicker."""
    found = invitation(session, token)
    found.spent_at = moment
    session.add(found)
    return found


def appoint(session: Session, handle: str, role: str) -> Forecaster:
    """Give a person a role. Raises NotFound, and NotAllowed for who is no person."""
    person = _named(session, handle)
    if person is None:
        raise NotFound(f"There is no forecaster “{handle}”. `brierboard user list` shows who there is.")
    if person.kind != "person":
        raise NotAllowed(f"“{person.name}” is a {person.kind}, not a person, and takes no role.")
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


def _named(session: Session, name: str) -> Forecaster | None:
    if not is_name(name):
        return None
    return session.exec(select(Forecaster).where(Forecaster.handle == name.lower())).first()


def seal(token: str) -> str:
    """What is kept of a token: whoever reads the database cannot use it."""
    return sha256(token.encode()).hexdigest()
