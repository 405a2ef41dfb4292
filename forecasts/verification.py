"""Proof that the record holds: the journal's chain, every table that can be rebuilt from it, and every score."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import rfc8785
from sqlmodel import Session, SQLModel, col, func, or_, select

from forecasts import history, ledger
from forecasts.models import CrowdPoint, Forecast, Forecaster, Participation, Position, Score
from questions import catalog, journal
from questions.journal import Broken
from questions.kinds import KINDS
from questions.models import Entry, Question, QuestionSet, Resolution, Source

TABLES: Mapping[str, type[SQLModel]] = {
    "source": Source,
    "set": QuestionSet,
    "question": Question,
    "forecast": Forecast,
    "withdrawal": Forecast,
    "resolution": Resolution,
}
CLOSE = 1e-9


@dataclass
class _Known:
    """What rows refer to, by id."""

    sources: dict[int, Source]
    sets: dict[int, QuestionSet]
    questions: dict[int, Question]
    pseudonyms: dict[int, str]
    ordered: dict[int, bool]


def verify(session: Session) -> Iterator[str]:
    """Check everything, saying in lines what was checked. Raises Broken with the first entry that does not hold."""
    known = _know(session)
    counts: Counter[str] = Counter()
    for entry in journal.verify(session):
        counts[entry.kind] += 1
        if entry.kind in TABLES:
            _compare(session, entry, known)
    yield f"{counts.total()} entries stand in an unbroken chain."
    _require_nothing_more(session)
    said = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
    yield f"Every row of the public tables is what its entry says: {said or 'none yet'}."
    yield f"{_check_positions(session)} latest positions are the latest acts."
    yield f"{_check_scores(session)} questions have the scores that their forecasts and resolutions give."


def _know(session: Session) -> _Known:
    questions = {row.id: row for row in session.exec(select(Question))}
    return _Known(
        sources={row.id: row for row in session.exec(select(Source))},
        sets={row.id: row for row in session.exec(select(QuestionSet))},
        questions=questions,
        pseudonyms={row.id: row.pseudonym for row in session.exec(select(Forecaster))},
        ordered={key: row.kind in KINDS and KINDS[row.kind].ORDERED for key, row in questions.items()},
    )


def _compare(session: Session, entry: Entry, known: _Known) -> None:
    table: Any = TABLES[entry.kind]
    row = session.exec(select(table).where(table.entry == entry.seq)).first()
    if row is None:
        raise Broken(
            entry.seq, f"Entry {entry.seq}, a {entry.kind}, is missing from the table “{table.__tablename__}”."
        )
    facts = _facts(row, known)
    if entry.content is None:
        facts.pop("content")
    for name, fact in facts.items():
        if fact != getattr(entry, name):
            raise Broken(
                entry.seq, f"Entry {entry.seq}, a {entry.kind}, has another {name} in “{table.__tablename__}”."
            )


def _facts(row: Any, known: _Known) -> dict[str, Any]:
    """What a row says that its entry must say too."""
    if isinstance(row, Forecast):
        content = row.as_published(known.ordered[row.question_id])
        about, actor = known.questions[row.question_id].slug, known.pseudonyms[row.forecaster_id]
        kind = "withdrawal" if row.probabilities is None else "forecast"
        facts: dict[str, Any] = {"kind": kind, "subject": about, "actor": actor, "recorded_at": row.recorded_at}
    elif isinstance(row, Resolution):
        content = dict(row.as_published())
        facts = {"subject": known.questions[row.question_id].slug, "recorded_at": row.recorded_at}
    elif isinstance(row, Question):
        content, facts = row.as_published(known.sets[row.set_id].slug), {"subject": row.slug}
    elif isinstance(row, QuestionSet):
        content, facts = row.as_published(known.sources.get(row.source_id or 0)), {"subject": row.slug}
    else:
        content, facts = row.as_published(), {"subject": row.slug}
    return facts | {"content": rfc8785.dumps(content).decode()}


def _require_nothing_more(session: Session) -> None:
    for table in dict.fromkeys(TABLES.values()):
        kinds = [kind for kind, its in TABLES.items() if its is table]
        rows: Any = table
        misplaced = select(rows.entry).outerjoin(Entry, col(Entry.seq) == rows.entry)
        misplaced = misplaced.where(or_(col(Entry.seq).is_(None), col(Entry.kind).not_in(kinds)))
        if (seq := session.exec(misplaced.order_by(rows.entry)).first()) is not None:
            raise Broken(seq, f"Entry {seq} is no {kinds[0]}, though “{table.__tablename__}” has a row for it.")


def _check_positions(session: Session) -> int:
    latest = select(Forecast.question_id, Forecast.forecaster_id, func.max(Forecast.entry)).group_by(
        col(Forecast.question_id), col(Forecast.forecaster_id)
    )
    expected = {(question, who): seq for question, who, seq in session.exec(latest)}
    found = {(row.question_id, row.forecaster_id): row.entry for row in session.exec(select(Position))}
    pairs = expected.keys() | found.keys()
    if wrong := [expected.get(pair) or found[pair] for pair in pairs if expected.get(pair) != found.get(pair)]:
        seq = min(wrong)
        raise Broken(seq, f"Entry {seq} is not what the table “position” has for its forecaster and question.")
    return len(found)


def _check_scores(session: Session) -> int:
    checked = 0
    for question in session.exec(select(Question).order_by(col(Question.entry))).all():
        decisions = catalog.decisions(session, question)
        if question.resolution != (decisions[0].entry if decisions else 0):
            seq = decisions[0].entry if decisions else question.entry
            raise Broken(seq, f"“{question.slug}” does not stand as entry {seq} left it.")
        if not _scores_hold(session, question):
            seq = question.resolution or question.entry
            raise Broken(seq, f"The scores of “{question.slug}” are not those that entry {seq} gives. Run rescore.")
        checked += 1
    return checked


def _scores_hold(session: Session, question: Question) -> bool:
    found, expected = _kept(session, question), _due(session, question)
    return found.keys() == expected.keys() and all(
        np.allclose(found[key], expected[key], rtol=0, atol=CLOSE, equal_nan=True) for key in expected
    )


def _kept(session: Session, question: Question) -> dict[tuple[Any, ...], Any]:
    """Every derived number of a question as the tables have it."""
    size = catalog.shape_of(question).size
    kept: dict[tuple[Any, ...], Any] = {}
    for score in session.exec(select(Score).where(Score.question_id == question.id)):
        kept["score", score.forecaster_id, score.rule] = score.loss
    for part in session.exec(select(Participation).where(Participation.question_id == question.id)):
        kept["part", part.forecaster_id] = (part.coverage, part.presence)
        kept["last", part.forecaster_id] = _full(part.last, size)
    for point in session.exec(select(CrowdPoint).where(CrowdPoint.question_id == question.id)):
        kept["crowd", history.ticks(point.at)] = (
            point.count, *_full(point.middle, size), *_full(point.lower, size), *_full(point.upper, size)
        )  # fmt: skip
    return kept


def _due(session: Session, question: Question) -> dict[tuple[Any, ...], Any]:
    """Every derived number of a question as its forecasts and its resolution give it."""
    resolution = catalog.latest(session, question)
    if resolution is None or resolution.verdict != "resolved":
        return {}
    due: dict[tuple[Any, ...], Any] = {}
    path = history.read(session, question).crowd(catalog.kind_of(question).ORDERED)
    for i, at in enumerate(path.at):
        due["crowd", int(at)] = (path.count[i], *path.middle[i], *path.lower[i], *path.upper[i])
    decision = catalog.Decision("resolved", resolution.outcome, resolution.known_at)
    assessment = ledger.foresee(session, question, decision)
    if assessment is None:
        return due
    shared = assessment.shared
    for i, who in enumerate(shared.forecaster.tolist()):
        due["part", who] = (shared.coverage[i], shared.presence[i])
        due["last", who] = assessment.last[i]
        due |= {("score", who, rule): account.loss[i] for rule, account in assessment.accounts.items()}
    return due


def _full(vector: Any, size: int) -> np.ndarray:
    return np.full(size, np.nan) if vector is None else np.asarray(vector)
