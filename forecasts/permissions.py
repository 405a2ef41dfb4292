"""Who may do what, who sees what, and when. Every route, command and feed asks here."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case
from sqlmodel import Session, col, or_, select

from forecasts.models import Forecaster, Position
from questions.errors import ChangedMeanwhile, NotAllowed
from questions.models import AS_ITS_SET, Question, QuestionSet, Resolution

RANKS = ("forecaster", "moderator", "administrator")
LEAST = {
    "forecast": "forecaster", "ask": "forecaster", "resolve": "moderator", "load": "moderator",
    "publish": "moderator", "revise": "moderator", "show": "moderator", "moderate": "moderator",
    "appoint": "administrator", "erase": "administrator",
}  # fmt: skip

RULES = "reveals"
"""Where a session keeps when people see what others say, by their sets."""

OPENED = "opened"
"""Where a session keeps the keys of the links that whoever asks has opened: what they see besides."""


def may(actor: Forecaster | None, act: str) -> bool:
    """Whether somebody may do such an act at all; whoever is suspended or merged into another may do nothing."""
    if actor is None or actor.suspended or actor.merged_into_id is not None:
        return False
    return RANKS.index(actor.role) >= RANKS.index(LEAST[act])


def require(actor: Forecaster, act: str) -> None:
    """Raise NotAllowed unless the actor may."""
    if actor.suspended:
        raise NotAllowed("You are suspended: you may read, and do nothing else. Ask a moderator why.")
    if actor.merged_into_id is not None:
        raise NotAllowed("Your account was merged into another. Sign in with that one.")
    if not may(actor, act):
        raise NotAllowed(f"You are a {actor.role}, and this takes a {LEAST[act]}. Ask an administrator for the role.")


def require_same(session: Session, pseudonym: str, seen: Session) -> None:
    """Raise ChangedMeanwhile where somebody may do something else by now than when `seen` began to look.

    Whoever acts was judged before the writer's lock was held: they may have been suspended, merged or given another
    role while they waited for it.
    """
    rights = select(Forecaster.role, Forecaster.suspended, Forecaster.merged_into_id)
    theirs = rights.where(Forecaster.pseudonym == pseudonym)
    if pseudonym and session.exec(theirs).first() != seen.exec(theirs).first():
        raise ChangedMeanwhile("What you may do was changed meanwhile. Look at what it is now, and try again.")


# Who sees which question


def eyes(session: Session, actor: Forecaster | None) -> Forecaster | None:
    """With whose eyes somebody sees: a bot with its owner's, so that nobody learns more by having one."""
    if actor is None or actor.owner_id is None:
        return actor
    return session.get_one(Forecaster, actor.owner_id)


def visible(session: Session, actor: Forecaster | None) -> ColumnElement[bool]:
    """The condition on questions under which somebody sees them; `session` knows which links they have opened.

    A question without an audience of its own has its set's. What is unlisted is seen by whoever opened its link, and
    from then on by whoever forecast on it; what is a draft, by moderators alone, who see everything.
    """
    actor, published = eyes(session, actor), col(Question.state) == "published"
    if may(actor, "show"):
        return published
    sets = select(QuestionSet.id).where(sets_visible(session, actor))
    keys = _opened(session)
    seen: list[ColumnElement[bool]] = [
        col(Question.audience).in_(_audiences(actor)),
        (col(Question.audience) == AS_ITS_SET) & col(Question.set_id).in_(sets),
    ]
    if keys:
        seen.append(col(Question.key).in_(keys))
    if actor is not None:
        seen.append(_answered(actor))
    return published & or_(*seen)


def _answered(actor: Forecaster) -> ColumnElement[bool]:
    """The condition on questions that are no drafts, and on which somebody forecast."""
    forecast = select(Position.question_id).where(Position.forecaster_id == actor.id)
    drafts = select(QuestionSet.id).where(QuestionSet.audience == "draft")
    in_draft = (col(Question.audience) == AS_ITS_SET) & col(Question.set_id).in_(drafts)
    return col(Question.id).in_(forecast) & (col(Question.audience) != "draft") & ~in_draft


def public() -> ColumnElement[bool]:
    """The condition on questions that everybody sees without opening any link: what caches and other sites may keep."""
    sets = select(QuestionSet.id).where(QuestionSet.audience == "public")
    as_set = (col(Question.audience) == AS_ITS_SET) & col(Question.set_id).in_(sets)
    return (col(Question.state) == "published") & ((col(Question.audience) == "public") | as_set)


def sets_visible(session: Session, actor: Forecaster | None) -> ColumnElement[bool]:
    """The condition on sets under which somebody sees them."""
    actor = eyes(session, actor)
    if may(actor, "show"):
        return col(QuestionSet.id).is_not(None)
    open_to_them = col(QuestionSet.audience).in_(_audiences(actor))
    keys = _opened(session)
    return open_to_them | col(QuestionSet.key).in_(keys) if keys else open_to_them


def _audiences(actor: Forecaster | None) -> tuple[str, ...]:
    return ("public",) if actor is None else ("public", "members")


def _opened(session: Session) -> Collection[str]:
    found: Collection[str] = session.info.get(OPENED, ())
    return found


# Who sees what others say


def reveal_of(session: Session, question: Question) -> tuple[str, datetime | None]:
    """When people see what others say of a question, by its own rule or its set's."""
    if question.reveal != AS_ITS_SET:
        return question.reveal, question.reveals_at
    rules = session.info.get(RULES)
    if rules is None or question.set_id not in rules:
        found = session.exec(select(QuestionSet.id, QuestionSet.reveal, QuestionSet.reveals_at))
        rules = session.info[RULES] = {key: (reveal, reveals_at) for key, reveal, reveals_at in found}
    found_rule: tuple[str, datetime | None] = rules[question.set_id]
    return found_rule


def hides(session: Session, actor: Forecaster | None, question: Question, status: str, moment: datetime) -> str:
    """The rule by which what others say of a question is kept from somebody at a moment; "" where it is not.

    Moderators are kept from it like anybody who forecasts. What is decided is open to all.
    """
    rule, reveals_at = reveal_of(session, question)
    if rule == "always" or status in ("resolved", "annulled"):
        return ""
    if rule == "at":
        return rule if reveals_at is None or moment < reveals_at else ""
    if status == "closed":
        return ""
    return "" if rule == "answered" and actor is not None and _has_answered(session, actor, question) else rule


def blind(session: Session, actor: Forecaster | None, moment: datetime) -> ColumnElement[bool]:
    """The condition on questions under which `hides` keeps what others say of them from somebody at a moment."""
    actor, own = eyes(session, actor), col(Question.reveal) != AS_ITS_SET
    rule = case((own, col(Question.reveal)), else_=_of_set(QuestionSet.reveal))
    reveals_at = case((own, col(Question.reveals_at)), else_=_of_set(QuestionSet.reveals_at))
    stands = select(Resolution.entry).where(
        Resolution.entry == Question.resolution, Resolution.verdict != "reopened"
    )  # fmt: skip
    said = select(Position.entry).where(
        Position.question_id == Question.id, Position.forecaster_id == (actor.id if actor else None)
    )
    waits = (rule == "at") & (reveals_at.is_(None) | (reveals_at > moment))
    runs = (rule == "closed") | ((rule == "answered") & ~said.correlate(Question).exists())
    return ~stands.correlate(Question).exists() & (waits | (runs & (col(Question.closes_at) > moment)))


def _of_set(column: Any) -> Any:
    """What a question's set has in that column."""
    return select(column).where(QuestionSet.id == Question.set_id).correlate(Question).scalar_subquery()


def _has_answered(session: Session, actor: Forecaster, question: Question) -> bool:
    actor = eyes(session, actor) or actor
    return session.get(Position, (question.id, actor.id)) is not None


# Who sees a forecaster's own pages


def sees(actor: Forecaster | None, who: Forecaster) -> bool:
    """Whether somebody may look at one forecaster's page, receipts, calibration and comparisons.

    All of that is open to everybody, unless a person keeps it private: then it is theirs and the administrators' alone.
    On boards and questions they stand like anybody, and their name leads nowhere.
    """
    if not who.private:
        return True
    return actor is not None and (actor.id == who.id or actor.role == "administrator")
