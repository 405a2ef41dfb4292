"""The journal as somebody may read it: which entries they see what was done in, and how it is narrowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, ColumnExpressionArgument
from sqlmodel import Session, col, or_, select

from forecasts.models import Comment, Forecast, Forecaster
from forecasts.permissions import blind, may, sets_visible, visible
from forecasts.roots import family
from questions.models import Entry, Question, QuestionSet, Resolution, Revision, Showing, Source

SPOKEN = ("forecast", "withdrawal")
RESTATED = "restatement"
"""What erasing somebody says again of a forecast, see forecasts/erasing.py: it tells no more than that did."""

PUBLIC = (
    "question", *SPOKEN, RESTATED, "comment", "revision", "resolution", "set", "source", "showing",
)  # fmt: skip
"""The kinds of entries of which anybody may see those that are about what they may see."""

MODERATION = ("review", "hiding", "suspension", "merge", "erasure")
"""The kinds that are moderators' to see."""

OF_QUESTIONS = ("question", *SPOKEN, RESTATED, "comment", "revision", "resolution", "review", "hiding")
"""The kinds whose subject is a question."""


@dataclass(frozen=True)
class Wanted:
    """What of the journal somebody asks for; what is empty does not narrow it.

    who            whose acts, and whose who were merged into them
    question       on which question
    within         on which set, its questions and its source
    since, until   recorded from a moment on, and before another
    """

    kind: str = ""
    who: Forecaster | None = None
    question: Question | None = None
    within: QuestionSet | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def looks_inside(self) -> bool:
        """Whether it depends on what was done, and not on the time alone, which everybody is told."""
        return bool(self.kind or self.who or self.question or self.within)


def seen(session: Session, viewer: Forecaster | None, moment: datetime) -> ColumnElement[bool]:
    """The condition on entries under which somebody sees what was done, and not only that something was.

    Everybody sees what pages show to them too: of the questions, sets and sources that they may see, that these were
    published, revised, decided and shown to others; comments that no moderator hides; and what people say, but neither
    while the question's crowd is hidden from whoever looks nor of a person who keeps theirs private. What is said again
    of somebody who was erased is seen as what they said was: they keep nothing private. One's own acts one sees always.
    Moderators see all acts, those of moderation and of kinds that this file does not know among them, but for what
    people say: that is kept from them as from anybody.
    """
    spoken = _of_question(
        Forecast, visible(session, viewer), _heard(session, viewer, moment), Forecaster.id == Forecast.forecaster_id
    )
    asked, sets = visible(session, viewer), sets_visible(session, viewer)
    heard = select(Question.id).where(Question.slug == Entry.subject, asked, ~blind(session, viewer, moment))
    spoken |= (col(Entry.kind) == RESTATED) & heard.correlate(Entry).exists()
    if may(viewer, "moderate"):
        return col(Entry.kind).not_in((*SPOKEN, RESTATED)) | spoken
    used = select(QuestionSet.source_id).where(sets)
    of_set = select(Showing.entry).join(QuestionSet, col(QuestionSet.id) == Showing.set_id)
    return or_(
        spoken,
        select(Question.entry).where(Question.entry == Entry.seq, asked).correlate(Entry).exists(),
        *(_of_question(model, asked) for model in (Revision, Resolution, Showing)),
        _of_question(Comment, asked, ~col(Comment.hidden)),
        of_set.where(Showing.entry == Entry.seq, sets).correlate(Entry).exists(),
        select(QuestionSet.entry).where(QuestionSet.entry == Entry.seq, sets).correlate(Entry).exists(),
        select(Source.entry).where(Source.entry == Entry.seq, col(Source.id).in_(used)).correlate(Entry).exists(),
    )


def _of_question(model: Any, *conditions: ColumnExpressionArgument[bool] | bool) -> ColumnElement[bool]:
    """That the entry made a row of this table, about a question, under these conditions."""
    made = select(model.entry).join(Question, col(Question.id) == model.question_id)
    return made.where(model.entry == Entry.seq, *conditions).correlate(Entry).exists()


def _heard(session: Session, viewer: Forecaster | None, moment: datetime) -> ColumnElement[bool]:
    """The condition on a question and a forecaster under which somebody may see what the one says of the other."""
    shown = (col(Forecaster.kind) == "source") | ~blind(session, viewer, moment)
    told = ~col(Forecaster.private) & shown
    return told if viewer is None else told | (col(Forecaster.id) == viewer.id)


Read = Sequence[tuple[Entry, bool]]
"""Entries, and of each whether what was done in it is seen."""


def before(
    session: Session, viewer: Forecaster | None, moment: datetime, wanted: Wanted, seq: int, limit: int
) -> Read:  # fmt: skip
    """The latest entries before one, the newest first."""
    found = _read(session, viewer, moment, wanted).where(Entry.seq < seq)
    return _told(session, found.order_by(col(Entry.seq).desc()).limit(limit))


def after(
    session: Session, viewer: Forecaster | None, moment: datetime, wanted: Wanted, seq: int, limit: int
) -> Read:  # fmt: skip
    """The next entries after one, the oldest first."""
    found = _read(session, viewer, moment, wanted).where(Entry.seq > seq)
    return _told(session, found.order_by(col(Entry.seq)).limit(limit))


def _told(session: Session, statement: Any) -> Read:
    return [(entry, bool(is_seen)) for entry, is_seen in session.execute(statement)]


def _read(session: Session, viewer: Forecaster | None, moment: datetime, wanted: Wanted) -> Any:
    """The entries that are wanted. Where that depends on what was done, of those alone that are seen.

    Else a hidden entry would tell by being left, or left out, what it is and whose.
    """
    shown = seen(session, viewer, moment)
    statement = sqlalchemy.select(Entry, shown).where(*_conditions(session, wanted))
    return statement.where(shown) if wanted.looks_inside else statement


def _conditions(session: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.kind:
        found.append(col(Entry.kind) == wanted.kind)
    if wanted.who is not None:
        found.append(col(Entry.actor).in_([one.pseudonym for one in family(session, wanted.who)]))
    if wanted.question is not None:
        found.append(_about_question(wanted.question))
    if wanted.within is not None:
        found.append(_about_set(wanted.within))
    if wanted.since is not None:
        found.append(col(Entry.recorded_at) >= wanted.since)
    if wanted.until is not None:
        found.append(col(Entry.recorded_at) < wanted.until)
    return found


def _about_question(question: Question) -> ColumnElement[bool]:
    shown = _made_showing(col(Showing.question_id) == question.id)
    return (col(Entry.subject) == question.slug) & (col(Entry.kind).in_(OF_QUESTIONS) | shown)


def _about_set(within: QuestionSet) -> ColumnElement[bool]:
    """About the set, a question in it, or the source that it comes from."""
    here = col(Question.set_id) == within.id
    slugs, ids = select(Question.slug).where(here), select(Question.id).where(here)
    asked = col(Entry.kind).in_(OF_QUESTIONS) | _made_showing(col(Showing.question_id).in_(ids))
    itself = col(Entry.kind).in_(("set", "review")) | _made_showing(col(Showing.set_id) == within.id)
    source = select(Source.entry).where(Source.id == within.source_id)
    return or_(
        col(Entry.subject).in_(slugs) & asked,
        (col(Entry.subject) == within.slug) & itself,
        col(Entry.seq).in_(source),
    )


def _made_showing(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(Showing.entry).where(Showing.entry == Entry.seq, condition).correlate(Entry).exists()
