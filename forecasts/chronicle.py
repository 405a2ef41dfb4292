"""The latest public acts on questions, out of the journal: what feeds tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from forecasts import roots
from forecasts.models import Comment, Forecast, Forecaster
from questions.models import Entry, Question, QuestionSet, Resolution, Revision

KINDS = ("question", "resolution", "revision", "comment")
"""What feeds tell of questions: that they were asked, decided, revised and spoken about."""

SPOKEN = ("forecast", "withdrawal")
"""What a person's feed tells besides."""

LATEST = 50


@dataclass(frozen=True)
class Act:
    """One act on a question. `actor` is None where no forecaster did it; the rest is what the act made, if it did."""

    entry: Entry
    question: Question
    actor: Forecaster | None
    resolution: Resolution | None
    revision: Revision | None
    comment: Comment | None
    forecast: Forecast | None

    @property
    def id(self) -> UUID:
        """A name that is the act's alone, on every server and for ever: it follows from its hash."""
        return UUID(bytes=self.entry.hash[:16], version=5)


def latest(session: Session, kinds: Sequence[str], *conditions: ColumnElement[bool]) -> list[Act]:
    """The latest acts of these kinds on the questions that fulfil the conditions, the newest first.

    Whoever was merged into another did theirs as that one.
    """
    made = [(model, col(model.entry) == Entry.seq) for model in (Resolution, Revision, Comment, Forecast)]
    statement = (
        select(Entry, Question, Forecaster, *(model for model, _ in made))
        .join(Question, col(Question.slug) == Entry.subject)
        .outerjoin(Forecaster, col(Forecaster.pseudonym) == Entry.actor)
    )
    for model, condition in made:
        statement = statement.outerjoin(model, condition)
    statement = statement.where(col(Entry.kind).in_(kinds), *conditions).order_by(col(Entry.seq).desc())
    rows = session.execute(statement.limit(LATEST)).all()
    return [Act(entry, asked, who and roots.root(session, who), *made) for entry, asked, who, *made in rows]


def name_of_all(session: Session) -> UUID:
    """A name for the whole record, which follows from its first act."""
    first = session.get(Entry, 1)
    return uuid5(NAMESPACE_OID, first.hash.hex() if first else "")


def name_of(session: Session, about: Question | QuestionSet) -> UUID:
    """A name for what is told of a question or a set, which follows from the act that published it."""
    return uuid5(NAMESPACE_OID, session.get_one(Entry, about.entry).hash.hex())


def name_of_person(who: Forecaster) -> UUID:
    """A name for what is told of a forecaster, which follows from the one that the journal gives them."""
    return uuid5(NAMESPACE_OID, who.pseudonym)


@dataclass(frozen=True)
class Dated:
    """A question in a calendar: how often it was changed in what a calendar shows, and when it was last."""

    question: Question
    resolution: Resolution | None
    changes: int
    changed_at: datetime


def dated(session: Session, listed: Sequence[tuple[Question, Resolution | None]]) -> list[Dated]:
    """The same questions with what calendars ask for besides. Forecasts and comments change nothing there."""
    ids = [question.id for question, _ in listed]
    numbers = dict.fromkeys(ids, 0)
    published = select(Question.id, Entry.recorded_at).join(Entry, col(Entry.seq) == Question.entry)
    moments = dict(session.exec(published.where(col(Question.id).in_(ids))).all())
    for model in (Resolution, Revision):
        counted = select(model.question_id, func.count(), func.max(model.recorded_at)).group_by(col(model.question_id))
        for key, number, changed_at in session.exec(counted.where(col(model.question_id).in_(ids))):
            numbers[key] += number
            moments[key] = max(moments[key], changed_at)
    return [Dated(one, resolution, numbers[one.id], moments[one.id]) for one, resolution in listed]
