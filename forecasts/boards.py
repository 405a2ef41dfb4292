"""Boards read out of the tables: the numbers of resolved questions, the filters, and who may carry a rank."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import ColumnElement, bindparam
from sqlmodel import Session, col, func, select

from forecasts import history, leaderboard
from forecasts.leaderboard import Board, Cells, Course
from forecasts.models import CROWD, EVEN, Forecaster, Participation, Score
from forecasts.scoring import Assessment
from forecasts.timeline import Numbers
from questions.models import Question, Resolution, Source
from questions.shape import Vector

KINDS = ("person", "bot", "source")
MOST = 200
"""How many boards are kept until something changes."""

MOST_MOMENTS = 36
"""At how many moments somebody's skill is looked at."""

_PART = select(Participation.forecasters).where(col(Participation.question_id) == bindparam("question"))
_SCORES = select(Score.name, Score.numbers).where(col(Score.question_id) == bindparam("question"))


@dataclass(frozen=True)
class Filter:
    """Which questions and whom a board is over; what is empty does not narrow it.

    since, until  when the outcome became known: since <= known_at < until
    kind          "person", "bot" or "source": only such may carry a rank, though the crowd is always persons
    least         how many questions somebody must have scores on
    """

    within: int | None = None
    tag: str = ""
    since: datetime | None = None
    until: datetime | None = None
    kind: str = ""
    least: int = 1


def numbers(session: Session, question: Question) -> tuple[Numbers, dict[str, Vector]]:
    """Who has scores on a question, and every number of theirs by name; see forecasts/derived.py for the names."""
    here = {"question": question.id}
    found = session.execute(_PART, here).scalar()
    return (np.empty(0, dtype=np.int64) if found is None else found), dict(session.execute(_SCORES, here).all())


@dataclass(frozen=True)
class Kept:
    """What boards are made of, and the boards and courses that were made of it."""

    cells: Cells
    boards: dict[tuple[object, ...], Board]
    courses: dict[tuple[object, ...], Course]


def cells(session: Session) -> Cells:
    """Every cell of every resolved question; a group goes by the first question in it."""
    return _kept(session).cells


def _kept(session: Session) -> Kept:
    """All that was read and worked out since something last changed on any question."""
    kept: dict[tuple[int, int], Kept] = session.info["boards"]
    state = session.exec(select(func.count(), func.coalesce(func.sum(Question.revision), 0))).one()
    found = kept.get(state)
    if found is None:
        found = Kept(_read(session), {}, {})
        kept.clear()  # another thread may do this at any moment, so nothing is looked for in it twice
        kept[state] = found
    return found


def _read(session: Session) -> Cells:
    parted = select(Participation.question_id, Participation.forecasters).order_by(col(Participation.question_id))
    parts = dict(session.execute(parted).all())
    firsts = select(Question.group, func.min(Question.id)).group_by(col(Question.group))
    first, groups = (
        dict(session.execute(firsts).all()),
        dict(session.execute(select(Question.id, Question.group)).all()),
    )
    sizes = [len(one) for one in parts.values()]
    columns: dict[str, dict[int, Vector]] = {}
    for question, name, values in session.execute(select(Score.question_id, Score.name, Score.numbers)):
        columns.setdefault(name, {})[question] = values
    blanks = {question: np.full(size, np.nan) for question, size in zip(parts, sizes, strict=True)}
    return Cells(
        question=np.repeat(np.array(list(parts), dtype=np.int64), sizes),
        group=np.repeat(np.array([first[groups[question]] for question in parts], dtype=np.int64), sizes),
        forecaster=np.concatenate([np.empty(0, dtype=np.int64), *parts.values()]),
        numbers={
            name: np.concatenate([np.empty(0), *(by.get(question, blanks[question]) for question in parts)])
            for name, by in columns.items()
        },
    )


def chosen(session: Session, narrowed: Filter, visible: ColumnElement[bool]) -> set[int]:
    """The resolved questions that a filter leaves."""
    statement = (
        select(Question.id)
        .join(Resolution, col(Resolution.entry) == Question.resolution)
        .where(visible, Resolution.verdict == "resolved")
    )
    if narrowed.within is not None:
        statement = statement.where(Question.set_id == narrowed.within)
    if narrowed.since is not None:
        statement = statement.where(col(Resolution.known_at) >= narrowed.since)
    if narrowed.until is not None:
        statement = statement.where(col(Resolution.known_at) < narrowed.until)
    if not narrowed.tag:
        return set(session.exec(statement))
    tagged = session.execute(statement.add_columns(col(Question.tags)))
    return {key for key, tags in tagged if narrowed.tag in tags}


def board(session: Session, measure: str, narrowed: Filter, visible: ColumnElement[bool]) -> Board:
    """The board by a measure, over the questions that the filter leaves."""
    kept, questions = _kept(session), frozenset(chosen(session, narrowed, visible))
    competes = frozenset(competitors(session, narrowed.kind))
    key = (measure, questions, competes, narrowed.least)
    found = kept.boards.get(key)
    if found is None:
        if len(kept.boards) >= MOST:
            kept.boards.clear()
        here = kept.cells.only(np.isin(kept.cells.question, list(questions)))
        found = kept.boards[key] = ranked(session, here, measure, competes, narrowed.least)
    return found


def course(session: Session, who: Forecaster, narrowed: Filter, visible: ColumnElement[bool]) -> Course:
    """What the board by skill said of somebody whenever an outcome of theirs became known, over what the filter leaves.

    Where that was often, at the last such moment of each month instead.
    """
    kept, questions = _kept(session), frozenset(chosen(session, narrowed, visible))
    competes = frozenset(competitors(session, narrowed.kind))
    key = (who.id, questions, competes)
    found = kept.courses.get(key)
    if found is None:
        if len(kept.courses) >= MOST:
            kept.courses.clear()
        here = kept.cells.only(np.isin(kept.cells.question, list(questions)))
        known = _known(session, here)
        moments = _moments(known[here.forecaster == who.id])
        told = persons(session)
        found = kept.courses[key] = leaderboard.course(here, known, competes, who.id, moments, tells=told)
    return found


def _known(session: Session, cells: Cells) -> Numbers:
    """When the outcome of each cell's question became known."""
    resolved = select(Question.id, Resolution.known_at).join(Resolution, col(Resolution.entry) == Question.resolution)
    known = {key: history.ticks(at) for key, at in session.exec(resolved) if at is not None}
    return np.array([known[key] for key in cells.question.tolist()], dtype=np.int64)


def _moments(known: Numbers) -> Numbers:
    """When any of these became known; the last of each month where they are many, and at most every so many months."""
    moments = np.unique(known)
    if len(moments) <= MOST_MOMENTS:
        return moments
    months = moments.astype("datetime64[us]").astype("datetime64[M]")
    last = moments[np.append(months[1:] != months[:-1], True)]
    every = -(-len(last) // MOST_MOMENTS)
    thinned: Numbers = last[::-1][::every][::-1]
    return thinned


def ranked(session: Session, found: Cells, measure: str, competes: Collection[int], least: int = 1) -> Board:
    """The board that these cells give; persons alone tell what forecasters are like and how hard questions are."""
    yardsticks = select(Forecaster.handle, Forecaster.id).where(col(Forecaster.handle).in_((CROWD, EVEN)))
    named = dict(session.exec(yardsticks).all())
    return leaderboard.rank(found, measure, competes, named[CROWD], named[EVEN], tells=persons(session), least=least)


def persons(session: Session) -> set[int]:
    """Who tells what forecasters are like and how hard questions are."""
    return set(session.exec(select(Forecaster.id).where(Forecaster.kind == "person")))


def competitors(session: Session, kind: str = "") -> set[int]:
    """Who may carry a rank: persons, bots, and texts that were read for their numbers when they were published.

    The crowd and always-50% are yardsticks; a text read later could have been read by what happened since.
    """
    timely = {one.id for one in session.exec(select(Source)) if one.read_on <= one.said_at.date()}
    everybody = session.execute(select(Forecaster.id, Forecaster.kind, Forecaster.source_id)).all()
    return {
        key for key, its, source in everybody
        if its in KINDS and (not kind or its == kind) and (its != "source" or source in timely)
    }  # fmt: skip


def replaced(session: Session, found: Cells, question: Question, assessment: Assessment | None) -> Cells:
    """These cells with one question's replaced by another assessment's, or taken out where that is None."""
    rest = found.only(found.question != question.id)
    if assessment is None:
        return rest
    group = session.exec(select(func.min(Question.id)).where(Question.group == question.group)).one()
    given = {"coverage": assessment.coverage, "presence": assessment.presence, **assessment.numbers}
    here, before = len(assessment.forecaster), len(rest.question)
    return Cells(
        question=np.append(rest.question, np.full(here, question.id)),
        group=np.append(rest.group, np.full(here, group)),
        forecaster=np.append(rest.forecaster, assessment.forecaster),
        numbers={
            name: np.append(rest.numbers.get(name, np.full(before, np.nan)), given.get(name, np.full(here, np.nan)))
            for name in dict.fromkeys([*rest.numbers, *given])
        },
    )
