"""What one forecaster said on many questions, whoever it is: a person, a text, the crowd, always-50%."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlmodel import Session, col

from forecasts import crowd, history
from forecasts.models import CROWD, CROWDS, Forecast, Forecaster
from forecasts.timeline import NEVER, Acts, Numbers
from questions import catalog
from questions.models import Question


@dataclass(frozen=True)
class Speech:
    """One forecaster's acts on one question, in the order of the journal.

    entry  (n,) the journal's numbers; 0 where the acts are nobody's, as the crowd's are
    """

    acts: Acts
    entry: Numbers


def of(session: Session, who: Forecaster, questions: Iterable[Question]) -> Mapping[int, Speech]:
    """What `who` said on each of these questions, by the question's id; without those on which nothing was said."""
    if who.kind == "crowd":
        found = {one.id: crowd.as_acts(_path(session, who, one), who.id) for one in questions}
    elif who.kind == "constant":
        found = {one.id: _even(one, who) for one in questions}
    else:
        return _own(session, who, questions)
    return {key: Speech(acts, np.zeros(len(acts.at), dtype=np.int64)) for key, acts in found.items() if len(acts.at)}


def _path(session: Session, who: Forecaster, question: Question) -> crowd.Path:
    if who.handle == CROWD:
        return history.crowd_of(session, question)
    said = history.read(session, question)
    return crowd.AGGREGATES[CROWDS[who.handle]](said.acts.only(said.persons), catalog.kind_of(question).ORDERED)


def _even(question: Question, who: Forecaster) -> Acts:
    return crowd.always_even(catalog.shape_of(question).size, history.ticks(question.opens_at), who.id)


def _own(session: Session, who: Forecaster, questions: Iterable[Question]) -> Mapping[int, Speech]:
    columns = (Forecast.question_id, Forecast.entry, Forecast.made_at, Forecast.probabilities, Forecast.expires_at)
    statement = select(*map(col, columns)).where(col(Forecast.forecaster_id) == who.id).order_by(col(Forecast.entry))
    said: dict[int, list[tuple[object, ...]]] = {}
    for question, *row in session.execute(statement):
        said.setdefault(question, []).append(tuple(row))
    return {one.id: _speech(who, one, said[one.id]) for one in questions if one.id in said}


def _speech(who: Forecaster, question: Question, rows: list[tuple[object, ...]]) -> Speech:
    entry, made_at, vectors, expires = zip(*rows, strict=True)
    blank = np.full(catalog.shape_of(question).size, np.nan)
    acts = Acts(
        forecaster=np.full(len(rows), who.id),
        at=np.array([history.ticks(moment) for moment in made_at], dtype=np.int64),
        probabilities=np.array([blank if vector is None else vector for vector in vectors]),
        withdrawn=np.array([vector is None for vector in vectors]),
        expires=np.array([history.ticks(moment) if moment else NEVER for moment in expires], dtype=np.int64),
    )
    return Speech(acts, np.array(entry, dtype=np.int64))
