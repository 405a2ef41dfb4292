"""Tokens: the keys by which programs act for people and bots. Named, for some acts alone, shown once, revocable."""

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, or_, select

from forecasts.accounts import seal
from forecasts.database import Database
from forecasts.models import Forecaster, Token
from questions import percent
from questions.errors import NotAllowed, NotFound, Refusal

SCOPES: Mapping[str, str] = {
    "read": "See what you may see",
    "forecast": "Forecast, comment, write drafts and change settings for you",
    "moderate": "Decide, publish, revise and show, as far as your role goes",
}
"""What a token lets its bearer do."""

BEGINS = "brier_"
"""How every token begins, so that whoever finds one lying about knows what it is."""

LONGEST_NAME = 60
MOST = 50
EVERY = timedelta(hours=1)
"""How often at most it is noted that a token was used."""

_TOKEN = re.compile(BEGINS + "[A-Za-z0-9_-]{43}")


class InvalidToken(Refusal):
    """A token that cannot be made as asked."""


def of_bearer(session: Session, text: str, moment: datetime) -> tuple[Token, Forecaster] | None:
    """The token that somebody bears and whom they act for; None where it never was, was revoked or has expired."""
    if not _TOKEN.fullmatch(text):
        return None
    statement = select(Token, Forecaster).join(Forecaster, col(Forecaster.id) == Token.forecaster_id)
    acting = (Token.sealed == seal(text), col(Forecaster.merged_into_id).is_(None))
    found = session.exec(statement.where(*acting)).first()
    return found if found is not None and works(found[0], moment) else None


def works(token: Token, moment: datetime) -> bool:
    """Whether a token lets anybody in at a moment."""
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > moment)


def of(session: Session, who: Forecaster) -> Sequence[Token]:
    """Somebody's tokens that were not revoked, in the order in which they were made."""
    statement = select(Token).where(Token.forecaster_id == who.id, col(Token.revoked_at).is_(None))
    return session.exec(statement.order_by(col(Token.id))).all()


def add(
    session: Session, who: Forecaster, name: str, scopes: Sequence[str], moment: datetime,
    *, expires_at: datetime | None = None, by: Token | None = None,
) -> tuple[Token, str]:  # fmt: skip
    """Make a token, and give it with the text that its bearer sends, which nobody can look up again.

    by  the token with which it is made, None for who is signed in; it makes none that may do more or lives longer

    Raises InvalidToken and NotAllowed.
    """
    name, scopes = _judge(session, who, name, scopes)
    if by is not None:
        _require_working(session, by, moment)
    if expires_at is not None and expires_at <= moment:
        raise InvalidToken("The end lies in the past. Write a later one, or none.", "expires_at")
    if by is not None:
        _require_no_wider(by, scopes, expires_at)
    text = BEGINS + secrets.token_urlsafe(32)
    made = Token(
        forecaster_id=who.id, parent_id=by.id if by else None, sealed=seal(text), name=name, scopes=scopes,
        made_at=moment, expires_at=expires_at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made, text


def _judge(session: Session, who: Forecaster, name: str, scopes: Sequence[str]) -> tuple[str, list[str]]:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidToken(f"Give the token a name of 1 to {LONGEST_NAME} characters that says what it is for.", "name")
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise InvalidToken(f"{percent.quote(unknown[0])} is no scope. Choose {', '.join(SCOPES)}.", "scopes")
    if not scopes:
        raise InvalidToken(f"The token may do nothing. Choose {', '.join(SCOPES)}.", "scopes")
    if who.kind == "bot" and "moderate" in scopes:
        raise InvalidToken("A bot moderates nothing. Choose read, forecast.", "scopes")
    if len(of(session, who)) >= MOST:
        raise InvalidToken(f"There are {MOST} tokens already. Revoke one first.", "name")
    return name, [scope for scope in SCOPES if scope in scopes]


def _require_working(session: Session, by: Token, moment: datetime) -> None:
    """Raise NotAllowed where a token was revoked since it was looked up."""
    if not works(session.get_one(Token, by.id, populate_existing=True), moment):
        raise NotAllowed("This token works no more: it was revoked meanwhile. Sign in, or send another.")


def _require_no_wider(by: Token, scopes: Sequence[str], expires_at: datetime | None) -> None:
    """Raise NotAllowed for what somebody who stole a token could make of it."""
    if wider := [scope for scope in scopes if scope not in by.scopes]:
        raise NotAllowed(f"This token has not the scope “{wider[0]}”, so it makes none that has it.")
    if by.expires_at is not None and (expires_at is None or expires_at > by.expires_at):
        raise NotAllowed("This token makes none that works longer than itself.")


def find(session: Session, number: str, who: Forecaster) -> Token:
    """The token with that number, if it is theirs or a bot's of theirs and still works. Raises NotFound."""
    known = number.isascii() and number.isdigit() and len(number) < 10
    statement = select(Token).join(Forecaster, col(Forecaster.id) == Token.forecaster_id)
    mine = or_(col(Forecaster.id) == who.id, col(Forecaster.owner_id) == who.id)
    live = (col(Token.revoked_at).is_(None), Token.id == int(number)) if known else ()
    found = session.exec(statement.where(mine, *live)).first() if known else None
    if found is None:
        raise NotFound("There is no such token of yours. /settings lists those there are.")
    return found


def revoke(session: Session, token: Token, moment: datetime, *, by: Token | None = None) -> None:
    """Let a token work no more, nor any that was made with it. Raises NotAllowed where `by` may do less than it."""
    if by is not None:
        _require_working(session, by, moment)
    if by is not None and by.id != token.id and not set(token.scopes) <= set(by.scopes):
        raise NotAllowed("This token revokes none that may do more than itself. Sign in for that.")
    ended, family = {token.id}, {token.id}
    while family:
        family = set(session.exec(select(Token.id).where(col(Token.parent_id).in_(family)))) - ended
        ended |= family
    live = (col(Token.id).in_(ended), col(Token.revoked_at).is_(None))
    session.exec(update(Token).where(*live).values(revoked_at=moment))


def revoke_all(session: Session, who: Forecaster, moment: datetime) -> None:
    """Let no token of theirs work any more, nor any of their bots': whoever knew their password may have made some."""
    mine = select(Forecaster.id).where(or_(col(Forecaster.id) == who.id, col(Forecaster.owner_id) == who.id))
    live = (col(Token.forecaster_id).in_(mine), col(Token.revoked_at).is_(None))
    session.exec(update(Token).where(*live).values(revoked_at=moment))


def stale(token: Token, moment: datetime) -> bool:
    """Whether it is to be noted that a token is used now."""
    return token.used_at is None or moment - token.used_at >= EVERY


def note(database: Database, number: int) -> None:
    """Note that a token is used, in a transaction of its own, after whoever used it has been answered.

    Where the record cannot be written to, nothing is noted: nobody waits for it.
    """
    try:
        with database.writing() as (session, moment):
            older = or_(col(Token.used_at).is_(None), col(Token.used_at) <= moment - EVERY)
            session.exec(update(Token).where(col(Token.id) == number, older).values(used_at=moment))
    except Refusal:
        return
