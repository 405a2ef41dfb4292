"""Who sees a set or a question, and when they see what others say: the rules, and how they are changed."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, update

from questions import journal
from questions.errors import ChangedMeanwhile, InvalidQuestion
from questions.models import AS_ITS_SET, AUDIENCES, REVEALS, Question, QuestionSet, Showing


@dataclass(frozen=True)
class Shown:
    """Who sees it (an audience), when they see what others say (a reveal), and from when on where that is "at"."""

    audience: str
    reveal: str
    reveals_at: datetime | None = None


def judge(given: Mapping[str, Any], *, of_set: bool) -> Shown:
    """What is given, with what it is by default: public and always, or as the set has it. Raises InvalidQuestion."""
    audience = _one_of(AUDIENCES, given.get("audience"), "public" if of_set else AS_ITS_SET, "audience", of_set)
    reveal = _one_of(REVEALS, given.get("reveal"), "always" if of_set else AS_ITS_SET, "reveal", of_set)
    reveals_at: datetime | None = given.get("reveals_at") or None
    if (reveal == "at") != (reveals_at is not None):
        sentence = (
            "is missing. Say from when on" if reveal == "at" else "is given, but not asked for. Choose “at” with it"
        )
        raise InvalidQuestion(f"{sentence}, or choose another reveal.", "reveals_at")
    return Shown(audience, reveal, reveals_at)


def _one_of(known: Mapping[str, str], word: object, default: str, name: str, of_set: bool) -> str:
    if not word:
        return default
    choices = [*known, *([] if of_set else [AS_ITS_SET])]
    if word not in choices:
        raise InvalidQuestion(f"“{word!s:.40}” is no {name}. Choose {', '.join(choices)}.", name)
    return str(word)


def of(one: Question | QuestionSet) -> Shown:
    """What stands for a set or a question now."""
    return Shown(one.audience, one.reveal, one.reveals_at)


def key_for(audience: str, standing: str | None = None) -> str | None:
    """The key of the link to what is unlisted: the one that stands, or a new one; None for what is not."""
    return (standing or secrets.token_urlsafe(16)) if audience == "unlisted" else None


def show(
    session: Session, one: Question | QuestionSet, shown: Shown, *, by: str, moment: datetime, seen: Shown | None = None
) -> Showing | None:
    """Change who sees a set or a question, and when they see what others say; None where that is so already.

    seen  what stood when `shown` was made of it, where some of it is to stay; raises ChangedMeanwhile unless it stands

    A link to what is no longer unlisted works no more, and does not when it is unlisted again.
    """
    one = _as_it_stands(session, one)
    if of(one) == shown:
        return None
    if seen is not None and of(one) != seen:
        raise ChangedMeanwhile(f"Who sees “{one.title}” was changed by somebody else meanwhile. Look before you do so.")
    made = Showing(
        entry=0, recorded_at=moment, audience=shown.audience, reveal=shown.reveal, reveals_at=shown.reveals_at,
        question_id=one.id if isinstance(one, Question) else None,
        set_id=one.id if isinstance(one, QuestionSet) else None,
    )  # fmt: skip
    made.entry = journal.append(session, "showing", one.slug, made.as_published(), by=by, moment=moment).seq
    one.audience, one.reveal, one.reveals_at = shown.audience, shown.reveal, shown.reveals_at
    one.key = key_for(shown.audience, one.key)
    session.add_all([made, one])
    session.flush()
    touched = col(Question.id) == one.id if isinstance(one, Question) else col(Question.set_id) == one.id
    session.exec(update(Question).where(touched).values(revision=Question.revision + 1))
    return made


def _as_it_stands(session: Session, one: Question | QuestionSet) -> Question | QuestionSet:
    """The same as this session reads it."""
    if isinstance(one, Question):
        return session.get_one(Question, one.id, populate_existing=True)
    return session.get_one(QuestionSet, one.id, populate_existing=True)
