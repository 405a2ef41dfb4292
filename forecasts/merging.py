"""Merging two forecasters who are one: what may be merged, what moves, and that all of it can go back.

What somebody said stays theirs in the journal for ever. The tables have it as whose it counts: the trigger on forecasts
lets it become that of whom the entry's actor was merged into, and no one else's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from forecasts import accounts, bots, ledger, roots, tokens
from forecasts.models import (
    BrowserSession,
    Comment,
    Draft,
    Forecast,
    Forecaster,
    HalfSignIn,
    Look,
    Merge,
    Position,
    ResetLink,
)
from questions import catalog
from questions.errors import NotAllowed, Refusal
from questions.models import Entry, Question

ACTS = ("person", "bot")
"""The kinds of forecasters that are somebody: a text, a crowd and a constant are what they are."""


class InvalidMerge(Refusal):
    """Two who cannot be one."""


@dataclass(frozen=True)
class Moving:
    """How much would move with somebody.

    forecasts  their acts, withdrawals among them
    both       the questions on which both have forecast: there the acts of both become one person's
    """

    forecasts: int
    comments: int
    drafts: int
    bots: int
    both: int


def weigh(session: Session, who: Forecaster, into: Forecaster) -> Moving:
    """How much would move if `who` were merged into `into`."""

    def number(table: Any, of: Any) -> int:
        return session.exec(select(func.count()).select_from(table).where(of == who.id)).one()

    theirs = select(Position.question_id).where(Position.forecaster_id == who.id)
    shared = select(func.count()).where(Position.forecaster_id == into.id, col(Position.question_id).in_(theirs))
    return Moving(
        forecasts=number(Forecast, Forecast.forecaster_id),
        comments=number(Comment, Comment.forecaster_id),
        drafts=number(Draft, Draft.author_id),
        bots=len(bots.of(session, who)),
        both=session.exec(shared).one(),
    )


# What may be merged


def named(session: Session, handle: str) -> Forecaster:
    """Whom somebody is to be merged into, by their name. Raises InvalidMerge where nobody has it."""
    handle = handle.strip()
    if not handle:
        raise InvalidMerge("Nobody is named. Write the name of whom they are the same as.", "into")
    found = accounts.named(session, handle)
    if found is None:
        raise InvalidMerge(f"There is no forecaster “{handle[:40]}”. The leaderboard lists those there are.", "into")
    return found


def require_mergeable(session: Session, who: Forecaster, into: Forecaster) -> None:
    """Raise NotAllowed for whom nobody can merge, InvalidMerge where these two cannot be one."""
    for one in (who, into):
        if one.kind not in ACTS:
            raise NotAllowed(f"“{one.name}” is neither a person nor a bot, and is merged with nobody.")
        if one.erasure is not None:
            raise NotAllowed(f"“{one.name}” was erased, and is merged with nobody.")
    if who.id == into.id:
        raise InvalidMerge(f"“{who.name}” is who is to be merged. Name somebody else.", "into")
    _require_roots(session, who, into)
    _require_alike(who, into)


def _require_roots(session: Session, who: Forecaster, into: Forecaster) -> None:
    if who.merged_into_id is not None:
        raise InvalidMerge(f"“{who.name}” is merged into “{roots.root(session, who).name}” already.")
    if into.merged_into_id is not None:
        root = roots.root(session, into).name
        raise InvalidMerge(f"“{into.name}” is merged into “{root}” already. Name “{root}” instead.", "into")


def _require_alike(who: Forecaster, into: Forecaster) -> None:
    if who.kind != into.kind:
        raise InvalidMerge(f"“{who.name}” is a {who.kind} and “{into.name}” a {into.kind}. Name a {who.kind}.", "into")
    if who.simulated != into.simulated:
        made_up = who.name if who.simulated else into.name
        raise InvalidMerge(f"“{made_up}” was made up by a program and the other was not. Name somebody else.", "into")
    if into.imported and not who.imported:
        raise InvalidMerge(
            f"“{into.name}” came by an import, and nobody signs in as them. Merge “{into.name}” into “{who.name}”.",
            "into",
        )
    if who.kind == "bot" and not who.imported and who.owner_id != into.owner_id:
        raise InvalidMerge(f"“{who.name}” and “{into.name}” belong to two people. Name a bot of the same.", "into")
    if into.suspended:
        raise InvalidMerge(f"“{into.name}” is suspended. Let them act again first.", "into")


# What moves


def take_along(session: Session, who: Forecaster, into: Forecaster) -> dict[str, list[int]]:
    """Give one the drafts and bots of another, and let each question be looked at when it last was by either.

    Returns the ids of what went along, as Merge keeps them.
    """
    went = {
        "drafts": list(session.exec(select(Draft.id).where(Draft.author_id == who.id).order_by(col(Draft.id)))),
        "bots": list(session.exec(select(Forecaster.id).where(Forecaster.owner_id == who.id))),
    }
    _hand_over(session, went, who.id, into.id)
    for look in session.exec(select(Look).where(Look.forecaster_id == who.id)).all():
        theirs = session.get(Look, (into.id, look.question_id)) or Look(
            forecaster_id=into.id, question_id=look.question_id, looked_at=look.looked_at
        )
        theirs.looked_at = max(theirs.looked_at, look.looked_at)
        session.add(theirs)
    return went


def give_back(session: Session, made: Merge, holder: Forecaster, who: Forecaster) -> None:
    """Give back what went along, as far as the holder still has it."""
    _hand_over(session, made.brought, holder.id, who.id)


def _hand_over(session: Session, things: dict[str, list[int]], giver: int, taker: int) -> None:
    drafts, robots = things.get("drafts", []), things.get("bots", [])
    session.exec(update(Draft).where(col(Draft.id).in_(drafts), col(Draft.author_id) == giver).values(author_id=taker))
    theirs = (col(Forecaster.id).in_(robots), col(Forecaster.owner_id) == giver)
    session.exec(update(Forecaster).where(*theirs).values(owner_id=taker))


def lock_out(session: Session, who: Forecaster, moment: datetime) -> None:
    """End every session, link and token of somebody."""
    for ends in (BrowserSession, HalfSignIn, ResetLink):
        session.exec(delete(ends).where(col(ends.forecaster_id) == who.id))
    for token in tokens.of(session, who):
        tokens.revoke(session, token, moment)


def attribute(session: Session, who: Forecaster, before: int) -> None:
    """Let all that somebody said, and whoever was merged into them, count as whose it is now; `before` is whose it was.

    Every question concerned is scored anew, and counts as changed.
    """
    now, actors = roots.root_id(session, who.id), [one.pseudonym for one in roots.family(session, who)]
    theirs, concerned = select(Entry.seq).where(col(Entry.actor).in_(actors)), set[int]()
    for table in (Forecast, Comment):
        moves = (col(table.forecaster_id) == before, col(table.entry).in_(theirs))
        concerned |= set(session.exec(select(table.question_id).where(*moves).distinct()))
        session.exec(
            update(table).where(*moves).values(forecaster_id=now), execution_options={"synchronize_session": False}
        )
    ledger.seat(session, [before, now])
    _renew(session, concerned)


def _renew(session: Session, concerned: Collection[int]) -> None:
    session.expunge_all()  # what was read before has other owners now
    for key in sorted(concerned):
        question = session.get_one(Question, key)
        ledger.rescore(session, question)
        catalog.bump(session, question)
