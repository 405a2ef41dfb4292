"""What moderators do about what people write and how they behave: on record, with a reason, and reversible."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from forecasts import bots
from forecasts.discussion import require_text
from forecasts.models import Comment, Forecaster, Hiding, Suspension
from forecasts.permissions import RANKS, require
from questions import catalog, journal
from questions.errors import NotAllowed, NotFound, Refusal
from questions.models import Question

BEYOND = 2**63
"""No database keeps a number as large."""


class InvalidModeration(Refusal):
    """Something that a moderator does without a reason, or that is so already."""


def find_comment(session: Session, entry: int) -> Comment:
    """The comment of that entry. Raises NotFound."""
    found = session.get(Comment, entry) if entry < BEYOND else None
    if found is None:
        raise NotFound(f"There is no comment {entry}. It may have been on another question.")
    return found


def hide(session: Session, comment: Comment, hidden: bool, note: str, *, by: Forecaster, moment: datetime) -> Hiding:
    """Hide a comment, or show it again. Raises NotAllowed, and InvalidModeration without a reason or a change."""
    require(by, "moderate")
    comment = session.get_one(Comment, comment.entry, populate_existing=True)
    if comment.hidden == hidden:
        raise InvalidModeration(f"The comment is {'hidden' if hidden else 'shown'} already. Look at it again.")
    question = session.get_one(Question, comment.question_id)
    made = Hiding(
        entry=0, comment_entry=comment.entry, recorded_at=moment, hidden=hidden, note=_reason(note)
    )  # fmt: skip
    made.entry = journal.append(
        session, "hiding", question.slug, made.as_published(), by=by.pseudonym, moment=moment
    ).seq  # fmt: skip
    comment.hidden = hidden
    session.add_all([made, comment])
    session.flush()
    catalog.bump(session, question)
    return made


def suspend(
    session: Session, who: Forecaster, suspended: bool, note: str, *, by: Forecaster, moment: datetime
) -> Suspension:
    """Let somebody do nothing but read, or let them act again, and their bots with them. What they said stays.

    Raises NotAllowed for whom it is not theirs to suspend, InvalidModeration without a reason or a change.
    """
    require(by, "moderate")
    who = session.get_one(Forecaster, who.id, populate_existing=True)
    _require_theirs(who, by)
    if who.suspended == suspended:
        raise InvalidModeration(f"“{who.name}” is {'suspended' if suspended else 'not suspended'} already.")
    reason = _reason(note)
    for bot in bots.of(session, who):
        if bot.suspended != suspended:
            _suspend(session, bot, suspended, reason, by=by, moment=moment)
    return _suspend(session, who, suspended, reason, by=by, moment=moment)


def _suspend(
    session: Session, who: Forecaster, suspended: bool, reason: str, *, by: Forecaster, moment: datetime
) -> Suspension:
    made = Suspension(entry=0, forecaster_id=who.id, recorded_at=moment, suspended=suspended, note=reason)
    content = made.as_published(who.pseudonym)
    made.entry = journal.append(session, "suspension", who.pseudonym, content, by=by.pseudonym, moment=moment).seq
    who.suspended = suspended
    session.add_all([made, who])
    session.flush()
    return made


def _require_theirs(who: Forecaster, by: Forecaster) -> None:
    if who.kind not in ("person", "bot") or who.imported:
        raise NotAllowed(f"“{who.name}” is nobody who acts here, so there is nothing to suspend.")
    if who.id == by.id:
        raise NotAllowed("You cannot suspend yourself. Ask another moderator.")
    if by.role != "administrator" and RANKS.index(who.role) >= RANKS.index(by.role):
        article = "an" if who.role == "administrator" else "a"
        raise NotAllowed(f"“{who.name}” is {article} {who.role}, whom an administrator alone may suspend.")


def _reason(note: str) -> str:
    found = require_text(note, "note")
    if not found:
        raise InvalidModeration("The reason is empty. Say why; it stays on record.", "note")
    return found


def hidings(session: Session, comment: Comment) -> Sequence[Hiding]:
    """When a comment was hidden and shown again, the latest first."""
    statement = select(Hiding).where(Hiding.comment_entry == comment.entry)
    return session.exec(statement.order_by(col(Hiding.entry).desc())).all()


def suspensions(session: Session, who: Forecaster) -> Sequence[Suspension]:
    """When somebody was suspended and let act again, the latest first."""
    statement = select(Suspension).where(Suspension.forecaster_id == who.id)
    return session.exec(statement.order_by(col(Suspension.entry).desc())).all()
