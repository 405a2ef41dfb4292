"""When somebody last looked at a question: what is new to them, and what has gone stale."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, func, select

from forecasts.models import Comment, Forecast, Forecaster, Look
from questions.models import Question


def look(session: Session, who: Forecaster, question: Question, moment: datetime) -> Look:
    """Remember that somebody has seen the question as it is at this moment."""
    seen = session.get(Look, (who.id, question.id)) or Look(
        forecaster_id=who.id, question_id=question.id, looked_at=moment
    )
    seen.looked_at = max(seen.looked_at, moment)
    session.add(seen)
    session.flush()
    return seen


def last(session: Session, who: Forecaster, question: Question) -> datetime | None:
    """When somebody last looked at the question or did anything about it; None where they never have."""
    here = col(Look.question_id) == question.id, col(Look.forecaster_id) == who.id
    looked = select(func.max(Look.looked_at)).where(*here)
    said = select(func.max(Forecast.recorded_at)).where(
        Forecast.question_id == question.id, Forecast.forecaster_id == who.id
    )
    wrote = select(func.max(Comment.recorded_at)).where(
        Comment.question_id == question.id, Comment.forecaster_id == who.id
    )
    found: list[datetime | None] = [session.exec(one).one() for one in (looked, said, wrote)]
    return max((at for at in found if at is not None), default=None)


def lasts(session: Session, who: Forecaster) -> Mapping[int, datetime]:
    """The same of every question, by its id; without those that somebody never looked at."""
    found: dict[int, datetime] = {}
    for question, at in (
        *session.exec(select(Look.question_id, Look.looked_at).where(Look.forecaster_id == who.id)),
        *session.exec(
            select(Forecast.question_id, func.max(Forecast.recorded_at))
            .where(Forecast.forecaster_id == who.id)
            .group_by(col(Forecast.question_id))
        ),
        *session.exec(
            select(Comment.question_id, func.max(Comment.recorded_at))
            .where(Comment.forecaster_id == who.id)
            .group_by(col(Comment.question_id))
        ),
    ):
        found[question] = max(at, found.get(question, at))
    return found
