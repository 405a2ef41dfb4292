"""The tables of what people said and how well: forecasters, forecasts, scores, and the accounts behind them."""

from base64 import b64encode
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import CheckConstraint, Dialect, Index, LargeBinary, Text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from questions.models import Moment, Seq, said
from questions.shape import Vector

CROWD = "crowd"
EVEN = "always-50"


class Probabilities(TypeDecorator[Vector]):
    """A vector of float64, little-endian, as bytes: 202 bins in 1.6 KB."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Vector | None, dialect: Dialect) -> bytes | None:
        return None if value is None else np.asarray(value, dtype="<f8").tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Vector | None:
        return None if value is None else np.frombuffer(value, dtype="<f8")


class Forecaster(SQLModel, table=True):
    """Whoever forecasts: a person, a bot, a text, the crowd, or the one who always says 50%.

    pseudonym  a random id: how the journal names its actor, so that the chain tells no names
    handle     how addresses name them, lower case
    """

    __tablename__ = "forecaster"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'bot', 'source', 'crowd', 'constant')", name="kind"),
        CheckConstraint("role IN ('forecaster', 'moderator', 'administrator')", name="role"),
    )

    id: int = Field(default=None, primary_key=True)
    pseudonym: str = Field(unique=True)
    handle: str = Field(unique=True)
    name: str
    kind: str = "person"
    role: str = "forecaster"
    password: str | None = None
    source_id: int | None = Field(default=None, foreign_key="source.id", unique=True)
    joined_at: datetime = Field(sa_type=Moment)


class Forecast(SQLModel, table=True):
    """One forecast or withdrawal. Append-only: each stood until the forecaster's next.

    probabilities  None where this is a withdrawal
    made_at        when it was said; earlier than its entry only for an import or a source
    """

    __tablename__ = "forecast"
    __table_args__ = (Index("ix_forecast_question_id_forecaster_id", "question_id", "forecaster_id"),)

    entry: int = Field(
        primary_key=True, foreign_key="entry.seq", sa_type=Seq, sa_column_kwargs={"autoincrement": False}
    )
    question_id: int = Field(foreign_key="question.id")
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    made_at: datetime = Field(sa_type=Moment)
    recorded_at: datetime = Field(sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    probabilities: Any = Field(default=None, sa_type=Probabilities, nullable=True)
    rationale: str = Field(default="", sa_type=Text)

    def as_published(self, ordered: bool) -> dict[str, Any]:
        """What the journal says of this act: plain numbers, or for bins base64 of the bytes that the table holds."""
        times = {"made_at": self.made_at if self.made_at != self.recorded_at else None, "expires_at": self.expires_at}
        content: dict[str, Any] = {name: said(moment) for name, moment in times.items() if moment}
        if self.probabilities is not None:
            raw = np.asarray(self.probabilities, dtype="<f8")
            content["probabilities"] = b64encode(raw.tobytes()).decode() if ordered else raw.tolist()
        if self.rationale:
            content["rationale"] = self.rationale
        return content


class Position(SQLModel, table=True):
    """Each forecaster's latest act on each question, so that a page need not search their history for it."""

    __tablename__ = "position"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    forecaster_id: int = Field(primary_key=True, foreign_key="forecaster.id", index=True)
    entry: int = Field(foreign_key="forecast.entry", sa_type=Seq)


class Participation(SQLModel, table=True):
    """How much of a resolved question a forecaster stood for. Derived; replaced whole when the question is settled.

    coverage  share of the scheduled window, 0..1
    presence  share of the window until the outcome was known, 0..1
    last      the vector that stood at the end; None where none did
    """

    __tablename__ = "participation"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    forecaster_id: int = Field(primary_key=True, foreign_key="forecaster.id", index=True)
    coverage: float
    presence: float
    last: Any = Field(default=None, sa_type=Probabilities, nullable=True)


class Score(SQLModel, table=True):
    """A rule's loss, integrated over the time that forecasts stood and divided by the scheduled window. Derived."""

    __tablename__ = "score"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    forecaster_id: int = Field(primary_key=True, foreign_key="forecaster.id", index=True)
    rule: str = Field(primary_key=True)
    loss: float


class CrowdPoint(SQLModel, table=True):
    """The crowd of a resolved question after each moment at which it changed. Derived; replaced whole when settled.

    middle, lower, upper are None while nobody stood.
    """

    __tablename__ = "crowd_point"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    at: datetime = Field(primary_key=True, sa_type=Moment)
    count: int
    middle: Any = Field(default=None, sa_type=Probabilities, nullable=True)
    lower: Any = Field(default=None, sa_type=Probabilities, nullable=True)
    upper: Any = Field(default=None, sa_type=Probabilities, nullable=True)


class Invitation(SQLModel, table=True):
    """A link that lets whoever opens it sign up with a role, once. Only its hash is kept."""

    __tablename__ = "invitation"
    __table_args__ = (CheckConstraint("role IN ('forecaster', 'moderator', 'administrator')", name="role"),)

    token: str = Field(primary_key=True)
    role: str
    made_at: datetime = Field(sa_type=Moment)
    spent_at: datetime | None = Field(default=None, sa_type=Moment)


class BrowserSession(SQLModel, table=True):
    """A browser that somebody signed in with. Only the hash of its cookie is kept."""

    __tablename__ = "browser_session"

    token: str = Field(primary_key=True)
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    made_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
