"""What can be done with forecasts: record, withdraw, settle, rescore, and read the standings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy
from sqlalchemy import ColumnElement, bindparam, delete, insert, update
from sqlmodel import Session, col, select

from forecasts import crowd, history, leaderboard
from forecasts.models import CROWD, EVEN, CrowdPoint, Forecast, Forecaster, Participation, Position, Score
from forecasts.scoring import Assessment, assess, everybody, main_rule
from questions import catalog, journal
from questions.catalog import Decision
from questions.errors import QuestionNotOpen
from questions.models import Question, QuestionSet, Resolution, Source, table_of
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


def _add(session: Session, forecaster: Forecaster, question: Question, moment: datetime, **said: Any) -> Forecast:
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


def rescore(session: Session, question: Question) -> Assessment | None:
    """Replace all scores of one question by what its forecasts and its latest resolution give. Idempotent."""
    question = session.get_one(Question, question.id, populate_existing=True)
    for table in (Score, Participation, CrowdPoint):
        session.exec(delete(table).where(col(table.question_id) == question.id))
    resolution = catalog.latest(session, question)
    if resolution is None or resolution.verdict != "resolved":
        return None
    said = history.read(session, question)
    path = said.crowd(catalog.kind_of(question).ORDERED)
    if points := history.points_of(question, path):
        session.connection().execute(insert(table_of(CrowdPoint)), points)
    assessment = _assess(session, question, said, path, resolution.outcome or 0, resolution.known_at)
    if assessment is not None:
        _write(session, question, assessment)
    return assessment


def foresee(session: Session, question: Question, decision: Decision) -> Assessment | None:
    """The scores that this decision would give, without writing any; None where it gives none."""
    if decision.verdict != "resolved" or decision.known_at is None:
        return None
    said = history.read(session, question)
    path = said.crowd(catalog.kind_of(question).ORDERED)
    return _assess(session, question, said, path, decision.outcome or 0, decision.known_at)


def _assess(
    session: Session,
    question: Question,
    said: history.History,
    path: crowd.Path,
    outcome: int,
    known_at: datetime | None,
) -> Assessment | None:
    window = history.window_of(question, known_at)
    if not window.realised:
        return None
    ordered = catalog.kind_of(question).ORDERED
    yardsticks = select(Forecaster.handle, Forecaster.id).where(col(Forecaster.handle).in_((CROWD, EVEN)))
    named = dict(session.exec(yardsticks).all())
    acts = everybody(said.acts, path, window, named[CROWD], named[EVEN])
    return assess(acts, window, outcome, ordered)


def _write(session: Session, question: Question, assessment: Assessment) -> None:
    shared = assessment.shared
    took_part = [
        {
            "question_id": question.id, "forecaster_id": int(shared.forecaster[i]),
            "coverage": float(shared.coverage[i]), "presence": float(shared.presence[i]),
            "last": None if np.isnan(assessment.last[i, 0]) else assessment.last[i],
        }
        for i in range(len(shared.forecaster))
    ]  # fmt: skip
    scores = [
        {"question_id": question.id, "forecaster_id": int(who), "rule": rule, "loss": float(loss)}
        for rule, found in assessment.accounts.items()
        for who, loss in zip(found.forecaster, found.loss, strict=True)
    ]
    session.connection().execute(insert(table_of(Participation)), took_part)
    session.connection().execute(insert(table_of(Score)), scores)


@dataclass(frozen=True)
class Cells:
    """One number per forecaster and question, by one rule: parallel arrays."""

    question: np.ndarray
    forecaster: np.ndarray
    loss: np.ndarray
    coverage: np.ndarray
    presence: np.ndarray

    def of(self, question: int) -> tuple[list[int], list[float]]:
        """The forecasters on one question, and their losses."""
        here = self.question == question
        return self.forecaster[here].tolist(), self.loss[here].tolist()

    def replaced(self, question: int, assessment: Assessment | None, rule: str) -> "Cells":
        """These cells with one question's replaced by another assessment's, or taken out where that is None."""
        rest = self.question != question
        found = assessment.accounts.get(rule) if assessment else None
        columns = {name: getattr(self, name)[rest] for name in self.__dataclass_fields__}
        if found is None:
            return Cells(**columns)
        more = {"question": np.full(len(found.forecaster), question)}
        more |= {name: getattr(found, name) for name in ("forecaster", "loss", "coverage", "presence")}
        return Cells(**{name: np.concatenate([columns[name], more[name]]) for name in columns})


@dataclass(frozen=True)
class Standing:
    """A forecaster's place: the row by the board's rule, and the one by the ranked score, each where there is one."""

    forecaster: Forecaster
    row: leaderboard.Row | None
    ordered: leaderboard.Row | None


def cells(session: Session, rule: str, *conditions: ColumnElement[bool]) -> Cells:
    """The scores by one rule of all resolved questions that meet the conditions."""
    statement = (
        sqlalchemy.select(
            col(Score.question_id),
            col(Score.forecaster_id),
            col(Score.loss),
            col(Participation.coverage),
            col(Participation.presence),
        )
        .join(
            Participation,
            (col(Participation.question_id) == Score.question_id)
            & (col(Participation.forecaster_id) == Score.forecaster_id),
        )
        .join(Question, col(Question.id) == Score.question_id)
        .where(col(Score.rule) == rule, *conditions)
        .order_by(col(Score.question_id), col(Score.forecaster_id))
    )
    columns = list(zip(*session.execute(statement), strict=True)) or [()] * 5
    types = (np.int64, np.int64, np.float64, np.float64, np.float64)
    return Cells(*(np.array(column, dtype=kind) for column, kind in zip(columns, types, strict=True)))


def competitors(session: Session) -> set[int]:
    """Who may carry a rank: persons, bots, and texts that were read for their numbers when they were published.

    The crowd and always-50% are yardsticks; a text read later could have been read by what happened since.
    """
    timely = {one.id for one in session.exec(select(Source)) if one.read_on <= one.said_at.date()}
    everybody = session.exec(select(Forecaster))
    return {who.id for who in everybody if who.kind in ("person", "bot") or who.source_id in timely}


def ranked(session: Session, found: Cells) -> list[leaderboard.Row]:
    """The board that these cells give."""
    competes = competitors(session)
    return leaderboard.rank(found.forecaster, found.loss, found.coverage, found.presence, competes)


def standings(session: Session, within: QuestionSet | None = None) -> list[Standing]:
    """The board: by mean Brier over binary and choice questions, with the ranked score over ordered ones beside it."""
    conditions = [] if within is None else [col(Question.set_id) == within.id]
    rows = ranked(session, cells(session, main_rule(False), *conditions))
    ordered = {row.forecaster: row for row in ranked(session, cells(session, main_rule(True), *conditions))}
    people = {who.id: who for who in session.exec(select(Forecaster))}
    listed = [Standing(people[row.forecaster], row, ordered.pop(row.forecaster, None)) for row in rows]
    return listed + [Standing(people[row.forecaster], None, row) for row in ordered.values()]
