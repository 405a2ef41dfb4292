"""The tables of what people said and how well: forecasters, forecasts, scores, and the accounts behind them."""

from base64 import b64encode
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import CheckConstraint, Dialect, Index, LargeBinary, Text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from forecasts.timeline import Numbers
from questions.models import Moment, Seq, said
from questions.shape import Vector

CROWD = "crowd"
CROWDS = {CROWD: "median", "crowd-mean": "mean", "crowd-odds": "odds", "crowd-recent": "recent"}
"""The crowd as forecasters of its own: each one's handle, and the aggregate in forecasts/crowd.py that it is."""

EVEN = "always-50"


class Reals(TypeDecorator[Vector]):
    """A vector of float64, little-endian, as bytes: 202 bins in 1.6 KB."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Vector | None, dialect: Dialect) -> bytes | None:
        return None if value is None else np.asarray(value, dtype="<f8").tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Vector | None:
        return None if value is None else np.frombuffer(value, dtype="<f8")


class Wholes(TypeDecorator[Numbers]):
    """A row of whole numbers of 64 bits, little-endian, as bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Numbers | None, dialect: Dialect) -> bytes | None:
        return None if value is None else np.asarray(value, dtype="<i8").tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Numbers | None:
        return None if value is None else np.frombuffer(value, dtype="<i8")


class Forecaster(SQLModel, table=True):
    """Whoever forecasts: a person, a bot, a text, the crowd, or the one who always says 50%.

    pseudonym  a random id: how the journal names its actor, so that the chain tells no names
    handle     how addresses name them, lower case
    imported   whether they came by an import: nobody can sign in as them, and they forecast by imports alone
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
    imported: bool = False


class Forecast(SQLModel, table=True):
    """One forecast or withdrawal. Append-only: each stood until the forecaster's next.

    probabilities  None where this is a withdrawal
    made_at        when it was said; earlier than its entry only for an import or a source
    claimed_at     of an import: when whoever kept it before says that it was recorded
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
    claimed_at: datetime | None = Field(default=None, sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    probabilities: Any = Field(default=None, sa_type=Reals, nullable=True)
    rationale: str = Field(default="", sa_type=Text)

    def as_published(self, ordered: bool) -> dict[str, Any]:
        """What the journal says of this act: plain numbers, or for bins base64 of the bytes that the table holds."""
        times = {"made_at": self.made_at if self.made_at != self.recorded_at else None}
        times |= {"expires_at": self.expires_at, "claimed_at": self.claimed_at}
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


class Tally(SQLModel, table=True):
    """What an undecided question's scores so far rest on: forecasts/running.py's Tally. Derived."""

    __tablename__ = "tally"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    state: bytes = Field(sa_type=LargeBinary)


class Seat(SQLModel, table=True):
    """What one forecaster has earned so far on an undecided question: forecasts/running.py's Seat. Derived.

    until  when the standing forecast stops standing by itself, None where it does not
    """

    __tablename__ = "seat"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    forecaster_id: int = Field(primary_key=True, foreign_key="forecaster.id", index=True)
    until: datetime | None = Field(default=None, sa_type=Moment)
    state: bytes = Field(sa_type=LargeBinary)


class Participation(SQLModel, table=True):
    """Who has scores on a resolved question, in rising order of their ids. Derived; replaced whole when settled."""

    __tablename__ = "participation"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    forecasters: Any = Field(sa_type=Wholes)


class Score(SQLModel, table=True):
    """One number of each participant of a resolved question, in the order of `Participation.forecasters`. Derived.

    A question's numbers stand together, as boards read them: half a million cells are 500 rows and not as many.

    name     as in forecasts/scoring.py: "brier", "peer", "coverage", ..
    numbers  NaN where a participant has none
    """

    __tablename__ = "score"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    name: str = Field(primary_key=True)
    numbers: Any = Field(sa_type=Reals)


class CrowdPath(SQLModel, table=True):
    """The crowd of a resolved question over time: forecasts/crowd.py's Path, its vectors end to end. Derived.

    lower and upper are None where outcomes have an order.
    """

    __tablename__ = "crowd_path"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    at: Any = Field(sa_type=Wholes)
    count: Any = Field(sa_type=Wholes)
    middle: Any = Field(sa_type=Reals)
    lower: Any = Field(default=None, sa_type=Reals, nullable=True)
    upper: Any = Field(default=None, sa_type=Reals, nullable=True)


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
