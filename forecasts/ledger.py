"""What can be done with forecasts: record, reaffirm, withdraw, undo, take over from elsewhere, settle and rescore."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, bindparam, delete, func, insert, update
from sqlmodel import Session, col, exists, or_, select

from forecasts import checkpoints, derived, history, prospects, roots
from forecasts.models import Forecast, Forecaster, Participation, Position, Tally
from forecasts.scoring import Assessment
from questions import catalog, journal
from questions.catalog import Decision
from questions.errors import InvalidAnswer, NotAllowed, QuestionNotOpen
from questions.models import Question, QuestionSet, Resolution, Source, table_of
from questions.shape import Vector

UNDO_WITHIN = timedelta(hours=1)

_POSITIONS = table_of(Position)
_MOVE = (
    update(_POSITIONS)
    .where(_POSITIONS.c.question_id == bindparam("question"), _POSITIONS.c.forecaster_id == bindparam("forecaster"))
    .values(entry=bindparam("seq"))
)
_TAKE = insert(_POSITIONS).values(
    question_id=bindparam("question"), forecaster_id=bindparam("forecaster"), entry=bindparam("seq")
)


def record(
    session: Session, forecaster: Forecaster, question: Question, answer: Vector, moment: datetime,
    *, expires_at: datetime | None = None, rationale: str = "",
) -> Forecast:  # fmt: skip
    """Add a forecast. Earlier ones stay: each stood until this one. Raises QuestionNotOpen, and InvalidAnswer.

    expires_at  when it ceases to stand by itself; without it after the share of time that the set gives, if it does
    rationale   why, in Markdown
    """
    question = session.get_one(Question, question.id)
    catalog.require_open(session, question, moment)
    _require_later(expires_at, moment)
    said = {"expires_at": expires_at or by_default(session, question, moment), "rationale": rationale}
    return _add(session, forecaster, question, moment, made_at=moment, probabilities=answer, **said)


def by_default(session: Session, question: Question, moment: datetime) -> datetime | None:
    """When a forecast made at this moment expires where its forecaster does not say; None where it does not."""
    share = session.get_one(QuestionSet, question.set_id).expires_after
    return None if share is None else moment + share * (question.closes_at - question.opens_at)


def _require_later(expires_at: datetime | None, moment: datetime) -> None:
    if expires_at is not None and expires_at <= moment:
        raise InvalidAnswer(
            f"{catalog.spoken(expires_at)} is over already. Let the forecast expire later, or not at all.", "expires"
        )


def reaffirm(session: Session, forecaster: Forecaster, question: Question, moment: datetime) -> Forecast:
    """Say the latest forecast again, also where it has expired; it stands as long from now as it did from then.

    Raises QuestionNotOpen, also where there is none or it was withdrawn.
    """
    question = session.get_one(Question, question.id)
    catalog.require_open(session, question, moment)
    last = latest(session, forecaster, question)
    if last is None or last.probabilities is None:
        raise QuestionNotOpen(f"You have no forecast on “{question.title}” to say again.")
    expires_at = last.expires_at and moment + (last.expires_at - last.made_at)
    said = {"made_at": moment, "expires_at": expires_at, "probabilities": last.probabilities}
    return _add(session, forecaster, question, moment, **said)


def undo(session: Session, forecaster: Forecaster, question: Question, moment: datetime) -> Forecast:
    """Take the latest act back, by another act: what stood before it is said again, or withdrawn where nothing did.

    An undoing is not undone but goes one further back. Raises QuestionNotOpen, also where the last hour has nothing to
    take back.
    """
    question = session.get_one(Question, question.id)
    catalog.require_open(session, question, moment)
    acts = undoable(session, forecaster, question, moment)
    if not acts:
        raise QuestionNotOpen(f"You said nothing on “{question.title}” within the last hour that can be undone.")
    before = acts[1] if len(acts) > 1 else None
    stands = before is not None and (before.expires_at is None or before.expires_at > moment)
    said = {"probabilities": before.probabilities, "expires_at": before.expires_at} if before and stands else {}
    return _add(session, forecaster, question, moment, made_at=moment, undoes=acts[0].entry, **said)


def undoable(session: Session, forecaster: Forecaster, question: Question, moment: datetime) -> list[Forecast]:
    """The act that `undo` would take back, and the one that it would go back to; empty where it can do nothing."""
    mine = select(Forecast).where(Forecast.question_id == question.id, Forecast.forecaster_id == forecaster.id)
    stack: list[Forecast] = []
    for act in session.exec(mine.order_by(col(Forecast.entry))):
        if act.undoes is None:
            stack.append(act)
        else:  # not always the last one: those of two who were merged stand among each other
            stack = [one for one in stack if one.entry != act.undoes]
    stack.reverse()
    return stack[:2] if stack and moment - stack[0].recorded_at <= UNDO_WITHIN else []


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


def leave(session: Session, forecaster: Forecaster, question: Question, moment: datetime) -> None:
    """Take the standing forecast of somebody back who is being erased, also where the question has closed.

    That changes no score then: what stood until the close is what everybody was up against. Raises QuestionNotOpen.
    """
    question = session.get_one(Question, question.id)
    if not may_leave(session, forecaster, question, moment):
        raise QuestionNotOpen(f"“{question.title}” is decided, or nothing of theirs stands on it.")
    _add(session, forecaster, question, moment, made_at=moment, probabilities=None)


def may_leave(session: Session, forecaster: Forecaster, question: Question, moment: datetime) -> bool:
    """Whether `leave` would find anything to take back."""
    state = catalog.status(question, catalog.latest(session, question), moment)
    return state in ("open", "closed") and standing(session, forecaster, question, moment) is not None


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
    made = _enter(session, forecaster, question, moment, probabilities=answer, **said)
    if made.forecaster_id != forecaster.id:
        seat(session, [made.forecaster_id])  # who may have said something later already
    return made


def _add(session: Session, forecaster: Forecaster, question: Question, moment: datetime, **said: Any) -> Forecast:
    made = _enter(session, forecaster, question, moment, **said)
    prospects.advance(session, question, made, person=forecaster.kind == "person")
    return made


def _enter(session: Session, forecaster: Forecaster, question: Question, moment: datetime, **said: Any) -> Forecast:
    whose = roots.root_id(session, forecaster.id)
    made = Forecast(entry=0, question_id=question.id, forecaster_id=whose, recorded_at=moment, **said)
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


def seat(session: Session, people: Collection[int]) -> None:
    """Work out again where these forecasters stand on every question."""
    theirs = col(Position.forecaster_id).in_(people)
    session.exec(delete(Position).where(theirs))
    found = latest_acts(col(Forecast.forecaster_id).in_(people))
    session.execute(insert(Position).from_select(["question_id", "forecaster_id", "entry"], found))


def latest_acts(*conditions: ColumnElement[bool]) -> Any:
    """What asks for the latest act of each forecaster on each question, in the order of time: (question, who, entry).

    Of acts of one moment the later entry is the latest.
    """
    pair = (col(Forecast.question_id), col(Forecast.forecaster_id))
    order = (col(Forecast.made_at).desc(), col(Forecast.entry).desc())
    place = func.row_number().over(partition_by=pair, order_by=order).label("place")
    placed = sqlalchemy.select(*pair, col(Forecast.entry), place).where(*conditions).subquery()
    return sqlalchemy.select(placed.c.question_id, placed.c.forecaster_id, placed.c.entry).where(placed.c.place == 1)


def standing(session: Session, forecaster: Forecaster, question: Question, moment: datetime) -> Forecast | None:
    """The forecast that stands at this moment, None where there is none or it was withdrawn or has expired."""
    last = latest(session, forecaster, question)
    if last is None or last.probabilities is None or (last.expires_at and last.expires_at <= moment):
        return None
    return last


def latest(session: Session, forecaster: Forecaster, question: Question) -> Forecast | None:
    """The latest act, a forecast or a withdrawal, whether it stands or not; None where there is none."""
    statement = (
        select(Forecast)
        .join(Position, col(Position.entry) == Forecast.entry)
        .where(Position.question_id == question.id, Position.forecaster_id == forecaster.id)
    )
    return session.exec(statement).first()


def speaker_of(session: Session, source: Source) -> Forecaster:
    """The forecaster of kind "source" that speaks for a source."""
    return session.exec(select(Forecaster).where(Forecaster.source_id == source.id)).one()


def settle(session: Session, question: Question, decision: Decision, *, by: Forecaster, moment: datetime) -> Resolution:
    """Resolve, annul or reopen, bring every score of the question to what it then is and sign it, in one transaction.

    Raises ChangedMeanwhile or NotResolvable, before anything is written.
    """
    question = session.get_one(Question, question.id, populate_existing=True)
    made = catalog.decide(session, question, decision, by=by.pseudonym, moment=moment)
    rescore(session, question)
    checkpoints.make(session, moment)
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
