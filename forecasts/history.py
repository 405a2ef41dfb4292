"""What was said on a question, read out of the tables into the arrays that scoring works on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from forecasts import crowd
from forecasts.models import CrowdPoint, Forecast, Forecaster
from forecasts.timeline import NEVER, Acts, Mask, Window
from questions import catalog
from questions.models import Question
from questions.shape import Vector

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
KEPT = 500

_ACTS = (
    select(
        col(Forecast.forecaster_id),
        col(Forecast.made_at),
        col(Forecast.probabilities),
        col(Forecast.expires_at),
        col(Forecaster.kind),
    )
    .join(Forecaster, col(Forecaster.id) == Forecast.forecaster_id)
    .where(col(Forecast.question_id) == bindparam("question"))
    .order_by(col(Forecast.entry))
)
_POINTS = select(CrowdPoint).where(col(CrowdPoint.question_id) == bindparam("question")).order_by(col(CrowdPoint.at))


@dataclass(frozen=True)
class History:
    """Every act on one question, and which of them are a person's: those are the crowd's base."""

    acts: Acts
    persons: Mask

    def crowd(self, ordered: bool) -> crowd.Path:
        return crowd.path(self.acts.only(self.persons), ordered)


def ticks(moment: datetime) -> int:
    """Whole microseconds since the epoch."""
    return (moment - EPOCH) // MICROSECOND


def moment_of(at: int) -> datetime:
    """The moment that many microseconds after the epoch."""
    return EPOCH + int(at) * MICROSECOND


def window_of(question: Question, known_at: datetime | None = None) -> Window:
    """The question's scoring window, ended by `known_at` where the outcome is known."""
    opens, closes = ticks(question.opens_at), ticks(question.closes_at)
    return Window.running(opens, closes) if known_at is None else Window.until(opens, closes, ticks(known_at))


def read(session: Session, question: Question) -> History:
    """Every forecast and withdrawal on the question, in the order of the journal."""
    rows = session.execute(_ACTS, {"question": question.id}).all()
    size = catalog.shape_of(question).size
    blank = np.full(size, np.nan)
    acts = Acts(
        forecaster=np.array([row[0] for row in rows], dtype=np.int64),
        at=np.array([ticks(row[1]) for row in rows], dtype=np.int64),
        probabilities=np.array([blank if row[2] is None else row[2] for row in rows]).reshape(-1, size),
        withdrawn=np.array([row[2] is None for row in rows], dtype=bool),
        expires=np.array([ticks(row[3]) if row[3] else NEVER for row in rows], dtype=np.int64),
    )
    return History(acts, np.array([row[4] == "person" for row in rows], dtype=bool))


def crowd_of(session: Session, question: Question) -> crowd.Path:
    """The crowd's path on the question: as it was settled, else computed and kept until the next act."""
    kept: dict[tuple[int, int], crowd.Path] = session.info["crowds"]
    key = (question.id, question.revision)
    path = kept.get(key)
    if path is None:
        path = _settled(session, question) or read(session, question).crowd(catalog.kind_of(question).ORDERED)
        if len(kept) >= KEPT:
            kept.clear()  # another thread may do this at any moment, so nothing is looked for in it twice
        kept[key] = path
    return path


def _settled(session: Session, question: Question) -> crowd.Path | None:
    points = session.execute(_POINTS, {"question": question.id}).scalars().all()
    if not points:
        return None
    blank = np.full(catalog.shape_of(question).size, np.nan)

    def column(name: str) -> Vector:
        return np.array([blank if getattr(point, name) is None else getattr(point, name) for point in points])

    at = np.array([ticks(point.at) for point in points], dtype=np.int64)
    count = np.array([point.count for point in points], dtype=np.int64)
    return crowd.Path(at, count, column("middle"), column("lower"), column("upper"))


def points_of(question: Question, path: crowd.Path) -> list[dict[str, Any]]:
    """The crowd's path as rows of CrowdPoint."""
    known = {name: [_known(vector) for vector in getattr(path, name)] for name in ("middle", "lower", "upper")}
    return [
        {"question_id": question.id, "at": moment_of(at), "count": count, "middle": middle, "lower": low, "upper": high}
        for at, count, middle, low, high in zip(path.at.tolist(), path.count.tolist(), *known.values(), strict=True)
    ]


def _known(vector: Vector) -> Vector | None:
    return None if np.isnan(vector[0]) else vector
