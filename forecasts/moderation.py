"""What moderators do about what people write and how they behave: on record, with a reason, and reversible."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from forecasts import merging, roots
from forecasts.discussion import require_text
from forecasts.models import Comment, Forecaster, Hiding, Merge, Suspension
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
        entry=0, comment_entry=comment.entry, recorded_at=moment, hidden=hidden, note=require_reason(note)
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
    _require_theirs(who, by, "suspend")
    if who.suspended == suspended:
        raise InvalidModeration(f"“{who.name}” is {'suspended' if suspended else 'not suspended'} already.")
    reason = require_reason(note)
    for bot in session.exec(select(Forecaster).where(Forecaster.owner_id == who.id).order_by(col(Forecaster.handle))):
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


def _require_theirs(who: Forecaster, by: Forecaster, act: str) -> None:
    if who.kind not in merging.ACTS or who.imported:
        raise NotAllowed(f"“{who.name}” is nobody who acts here, so there is nothing to {act}.")
    if who.id == by.id:
        raise NotAllowed(f"You cannot {act} yourself. Ask another moderator.")
    _require_lower(who, by, act)


def _require_lower(who: Forecaster, by: Forecaster, act: str) -> None:
    if by.role != "administrator" and RANKS.index(who.role) >= RANKS.index(by.role):
        article = "an" if who.role == "administrator" else "a"
        raise NotAllowed(f"“{who.name}” is {article} {who.role}, whom an administrator alone may {act}.")


# Merging


def merge(
    session: Session, who: Forecaster, into: Forecaster, note: str, *, by: Forecaster, moment: datetime
) -> Merge:  # fmt: skip
    """Let all that one forecaster said count as another's, as both are the same. Who is merged signs in no more.

    Raises NotAllowed for whom it is not theirs to merge, InvalidMerge where the two cannot be one, InvalidModeration
    without a reason.
    """
    require(by, "moderate")
    who, into = (session.get_one(Forecaster, one.id, populate_existing=True) for one in (who, into))
    require_merging(session, who, into, by=by)
    made = _merge(session, who, into, True, require_reason(note), by=by, moment=moment)
    made.brought = merging.take_along(session, who, into)
    merging.lock_out(session, who, moment)
    who.merged_into_id = into.id
    session.flush()
    merging.attribute(session, who, who.id)
    return made


def require_merging(session: Session, who: Forecaster, into: Forecaster, *, by: Forecaster) -> None:
    """Raise NotAllowed unless it is theirs to merge the two, InvalidMerge where they cannot be one."""
    merging.require_mergeable(session, who, into)
    if who.id == by.id:
        raise NotAllowed("You cannot merge yourself into somebody else. Ask another moderator.")
    for one in (who, into):
        _require_lower(one, by, "merge")


def separate(session: Session, who: Forecaster, note: str, *, by: Forecaster, moment: datetime) -> Merge:
    """Undo a merge: what they said counts as theirs again, and that of whoever was merged into them before.

    Raises NotAllowed for whom it is not theirs to separate, InvalidModeration without a reason or a merge.
    """
    require(by, "moderate")
    who = session.get_one(Forecaster, who.id, populate_existing=True)
    if who.merged_into_id is None:
        raise InvalidModeration(f"“{who.name}” is not merged into anybody. Look at them again.")
    into, holder = session.get_one(Forecaster, who.merged_into_id), roots.root(session, who)
    for one in (who, holder):
        _require_lower(one, by, "separate")
    before = merges(session, who)[0]
    made = _merge(session, who, into, False, require_reason(note), by=by, moment=moment)
    merging.give_back(session, before, holder, who)
    who.merged_into_id = None
    session.flush()
    merging.attribute(session, who, holder.id)
    return made


def _merge(
    session: Session, who: Forecaster, into: Forecaster, merged: bool, reason: str, *, by: Forecaster, moment: datetime
) -> Merge:  # fmt: skip
    made = Merge(entry=0, forecaster_id=who.id, into_id=into.id, recorded_at=moment, merged=merged, note=reason)
    content = made.as_published(who.pseudonym, into.pseudonym)
    made.entry = journal.append(session, "merge", who.pseudonym, content, by=by.pseudonym, moment=moment).seq
    session.add_all([made, who])
    return made


def merges(session: Session, who: Forecaster) -> Sequence[Merge]:
    """When somebody was merged into another and separated again, the latest first."""
    statement = select(Merge).where(Merge.forecaster_id == who.id)
    return session.exec(statement.order_by(col(Merge.entry).desc())).all()


def merged_into(session: Session, who: Forecaster) -> Sequence[Forecaster]:
    """Whoever is merged into somebody now, by name."""
    return sorted(roots.family(session, who)[1:], key=lambda one: one.handle)


# What was done


def require_reason(note: str) -> str:
    """Why it is done, as it stays on record. Raises InvalidModeration where that is empty, InvalidText where long."""
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
