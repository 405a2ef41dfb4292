"""When somebody last looked at a question: what they may not know yet is told by it. No public act."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from forecasts.models import Forecast, Forecaster, Look, Position
from questions.models import Question


def look(session: Session, who: Forecaster, question: Question, moment: datetime) -> None:
    """Note that they have seen the question as it is at this moment."""
    found = session.get(Look, (who.id, question.id))
    if found is None:
        session.add(Look(forecaster_id=who.id, question_id=question.id, looked_at=moment))
    else:
        found.looked_at = moment
        session.add(found)


def last(session: Session, who: Forecaster, question: Question) -> datetime | None:
    """When they last looked at the question or said something on it, whichever was later; None where never."""
    return lasts(session, who, question).get(question.id)


def lasts(session: Session, who: Forecaster, only: Question | None = None) -> dict[int, datetime]:
    """The same of every question that they ever looked at, by id."""
    looked = select(Look.question_id, Look.looked_at).where(Look.forecaster_id == who.id)
    spoken = (
        select(Position.question_id, func.max(Forecast.recorded_at))
        .join(Forecast, col(Forecast.entry) == Position.entry)
        .where(Position.forecaster_id == who.id)
        .group_by(col(Position.question_id))
    )
    if only is not None:
        looked = looked.where(Look.question_id == only.id)
        spoken = spoken.where(Position.question_id == only.id)
    found = dict(session.exec(looked).all())
    for question, moment in session.exec(spoken):
        found[question] = max(moment, found.get(question, moment))
    return found
