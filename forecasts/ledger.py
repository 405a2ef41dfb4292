"""What can be done with forecasts: record, withdraw, take over from elsewhere, settle and rescore."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session, col, exists, or_, select

from forecasts import derived, history, prospects
from forecasts.models import Forecast, Forecaster, Participation, Position, Tally
from forecasts.scoring import Assessment
from questions import catalog, journal
from questions.catalog import Decision
from questions.errors import NotAllowed, QuestionNotOpen
from questions.models import Question, Resolution, Source, table_of
from questions.shape import Vector

_POSITIONS = table_of(Position)
_MOVE = (
    update(_POSITIONS)
    .where(_POSITIONS.c.question_id == bindparam("question"), _POSITIONS.c.forecaster_id == bindparam("forecaster"))
    .values(entry=bindparam("seq"))
)
_TAKE = insert(_POSITIONS).values(
    question_id=bindparam("question"), forecaster_id=bindparam("forecaster"), entry=bindparam("seq")
)


def record(session: Session, forecaster: Forecaster, question: Question, answer: Vector, moment: datetime) -> Forecast:
    """Add a forecast. Earlier ones stay: each stood until this one. Raises QuestionNotOpen."""
    question = session.get_one(Question, question.id)
    catalog.require_open(session, question, moment)
    return _add(session, forecaster, question, moment, made_at=moment, probabilities=answer)


def quote(
    session: Session, source: Source, question: Question, answer: Vector, rationale: str, moment: datetime
) -> Forecast:
    """Add what a source said, as said when it was published. Raises QuestionNotOpen where it spoke after closing."""
    if source.said_at >= question.closes_at:
        raise QuestionNotOpen(
            f"“{question.title}” took forecasts until {catalog.spoken(question.closes_at)}; "
            f"“{source.name}” spoke on {catalog.spoken(source.said_at)}."
        )
    speaker = speaker_of(session, source)
    return _add(
        session,
        speaker,
        question,
        moment,
        made_at=min(source.said_at, moment),
        probabilities=answer,
        rationale=rationale,
    )


def withdraw(session: Session, forecaster: Forecaster, question: Question, moment: datetime) -> Forecast:
    """Take the standing forecast back; it counts until now. Raises QuestionNotOpen, also where none stands."""
    question = session.get_one(Question, question.id)
    catalog.require_open(session, question, moment)
    if standing(session, forecaster, question, moment) is None:
        raise QuestionNotOpen(f"You have no forecast on “{question.title}” to withdraw.")
    return _add(session, forecaster, question, moment, made_at=moment, probabilities=None)


def adopt(
    session: Session, forecaster: Forecaster, question: Question, answer: Vector | None, moment: datetime,
    *, made_at: datetime, claimed_at: datetime | None = None, expires_at: datetime | None = None, rationale: str = "",
) -> Forecast:  # fmt: skip
    """Add a forecast, or a withdrawal where `answer` is None, that was made elsewhere at `made_at`.

    Scores and the running state are left as they are: whoever adopts rescores once when all is there. Raises
    NotAllowed unless both the question and the forecaster came by an import, so that nobody can be back-dated here.
    """
    if not (question.imported and forecaster.imported):
        raise NotAllowed(
            f"“{forecaster.handle}” on “{question.slug}”: one of the two was made here, and takes nothing over."
        )
    said = {"made_at": made_at, "claimed_at": claimed_at, "expires_at": expires_at, "rationale": rationale}
    return _enter(session, forecaster, question, moment, probabilities=answer, **said)


def _add(session: Session, forecaster: Forecaster, question: Question, moment: datetime, **said: Any) -> Forecast:
    made = _enter(session, forecaster, question, moment, **said)
    prospects.advance(session, question, made, person=forecaster.kind == "person")
    return made


def _enter(session: Session, forecaster: Forecaster, question: Question, moment: datetime, **said: Any) -> Forecast:
    made = Forecast(entry=0, question_id=question.id, forecaster_id=forecaster.id, recorded_at=moment, **said)
    kind = "withdrawal" if made.probabilities is None else "forecast"
    content = made.as_published(catalog.kind_of(question).ORDERED)
    made.entry = journal.append(session, kind, question.slug, content, by=forecaster.pseudonym, moment=moment).seq
    session.add(made)
    session.flush()
    _take_position(session, made)
    catalog.bump(session, question)
    return made


def _take_position(session: Session, made: Forecast) -> None:
    taken = {"question": made.question_id, "forecaster": made.forecaster_id, "seq": made.entry}
    connection = session.connection()
    if connection.execute(_MOVE, taken).rowcount == 0:
        connection.execute(_TAKE, taken)


def standing(session: Session, forecaster: Forecaster, question: Question, moment: datetime) -> Forecast | None:
    """The forecast that stands at this moment, None where there is none or it was withdrawn or has expired."""
    statement = (
        select(Forecast)
        .join(Position, col(Position.entry) == Forecast.entry)
        .where(Position.question_id == question.id, Position.forecaster_id == forecaster.id)
    )
    latest = session.exec(statement).first()
    if latest is None or latest.probabilities is None or (latest.expires_at and latest.expires_at <= moment):
        return None
    return latest


def speaker_of(session: Session, source: Source) -> Forecaster:
    """The forecaster of kind "source" that speaks for a source."""
    return session.exec(select(Forecaster).where(Forecaster.source_id == source.id)).one()


def settle(session: Session, question: Question, decision: Decision, *, by: Forecaster, moment: datetime) -> Resolution:
    """Resolve, annul or reopen, and bring every score of the question to what it then is, in one transaction.

    Raises ChangedMeanwhile or NotResolvable, before anything is written.
    """
    question = session.get_one(Question, question.id, populate_existing=True)
    made = catalog.decide(session, question, decision, by=by.pseudonym, moment=moment)
    rescore(session, question)
    return made


def rescore(session: Session, question: Question) -> bool:
    """Bring whatever follows from the forecasts and the latest decision to what it is now.

    Returns whether anything changed; where nothing did, nothing is written.
    """
    question = session.get_one(Question, question.id, populate_existing=True)
    found = derived.due(session, question)
    if _stands(session, question, found):
        return False
    derived.replace(session, question, found)
    return True


def renew(session: Session, question: Question) -> bool:
    """Rescore where no act asks for it, and let readers know by the question's revision where anything changed."""
    changed = rescore(session, question)
    if changed:
        catalog.bump(session, question)
    return changed


def _stands(session: Session, question: Question, found: derived.Derived) -> bool:
    try:
        return derived.same(derived.kept(session, question), found)
    except journal.UNREADABLE:
        return False


def foresee(session: Session, question: Question, decision: Decision) -> Assessment | None:
    """The scores that this decision would give, without writing any; None where it gives none."""
    if decision.verdict != "resolved" or decision.outcome is None:
        return None
    said = history.read(session, question)
    path = said.crowd(catalog.kind_of(question).ORDERED)
    return derived.score(session, question, said, path, decision.outcome, decision.known_at)


def behind(session: Session) -> list[Question]:
    """The questions of which nothing is kept that should be, as after a migration: they wait to be rescored."""
    scored = exists().where(col(Participation.question_id) == Question.id)
    counted = exists().where(col(Tally.question_id) == Question.id)
    said = exists().where(col(Position.question_id) == Question.id)
    undecided = or_(col(Question.resolution) == 0, col(Resolution.verdict) == "reopened")
    statement = select(Question).outerjoin(Resolution, col(Resolution.entry) == Question.resolution)
    late = or_((col(Resolution.verdict) == "resolved") & ~scored, undecided & said & ~counted)
    return list(session.exec(statement.where(late).order_by(col(Question.id))))
