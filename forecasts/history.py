"""What was said on a question, read out of the tables into the arrays that scoring works on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from forecasts import crowd
from forecasts.models import CrowdPath, Forecast, Forecaster, Position
from forecasts.timeline import NEVER, Acts, Mask, Numbers, Window
from questions import catalog
from questions.models import Question
from questions.shape import Vector

Kept = TypeVar("Kept")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LARGEST = 200_000_000
"""How many bytes of computed paths are kept."""

MOST = 5_000
"""How many other things that follow from a question's acts are kept."""

_ACTS = (
    select(
        col(Forecast.forecaster_id),
        col(Forecast.made_at),
        col(Forecast.probabilities),
        col(Forecast.expires_at),
        col(Forecaster.kind),
        col(Forecast.entry),
    )
    .join(Forecaster, col(Forecaster.id) == Forecast.forecaster_id)
    .where(col(Forecast.question_id) == bindparam("question"))
    .order_by(col(Forecast.entry))
)
_PATH = select(CrowdPath).where(col(CrowdPath.question_id) == bindparam("question"))
_STANDING = (
    select(col(Forecast.probabilities), col(Forecast.expires_at))
    .join(Position, col(Position.entry) == Forecast.entry)
    .join(Forecaster, col(Forecaster.id) == Position.forecaster_id)
    .where(col(Position.question_id) == bindparam("question"), col(Forecaster.kind) == "person")
)


@dataclass(frozen=True)
class History:
    """Every act on one question.

    persons  (n,) which of them are a person's: those are the crowd's base
    entry    (n,) the journal's numbers of the acts
    """

    acts: Acts
    persons: Mask
    entry: Numbers

    def crowd(self, ordered: bool) -> crowd.Path:
        return crowd.path(self.acts.only(self.persons), ordered)


@dataclass
class KeptPaths:
    """Paths that were computed or read, by the question's id and revision; `size` is how many bytes they take.

    others  what else follows from a question's acts and is small, each by a key that names the state it follows from
    """

    paths: dict[tuple[int, int], crowd.Path] = field(default_factory=dict)
    size: int = 0
    others: dict[Any, Any] = field(default_factory=dict)

    def add(self, key: tuple[int, int], path: crowd.Path) -> None:
        """Keep one more; where all would be too large, forget the others first."""
        more = path.at.nbytes + path.count.nbytes + 3 * path.middle.nbytes
        if self.size + more > LARGEST:
            self.paths, self.size = {}, 0  # other threads may still read what was kept before
        self.paths[key] = path
        self.size += more

    def once(self, key: tuple[Any, ...], make: Callable[[], Kept]) -> Kept:
        """What `make` gives, made once for a key."""
        others = self.others
        if key not in others:
            if len(others) >= MOST:
                others = self.others = {}  # other threads may still read what was kept before
            others[key] = make()
        found: Kept = others[key]
        return found


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
    persons = np.array([row[4] == "person" for row in rows], dtype=bool)
    return History(acts, persons, np.array([row[5] for row in rows], dtype=np.int64))


def crowd_of(session: Session, question: Question) -> crowd.Path:
    """The crowd's path on the question: as it was settled, else computed and kept until the next act."""
    kept: KeptPaths = session.info["crowds"]
    key = (question.id, question.revision)
    path = kept.paths.get(key)
    if path is None:
        path = _settled(session, question) or read(session, question).crowd(catalog.kind_of(question).ORDERED)
        kept.add(key, path)
    return path


def nothing(question: Question) -> crowd.Path:
    """The path of a crowd of nobody."""
    size = catalog.shape_of(question).size
    none, blank = np.zeros(0, dtype=np.int64), np.zeros((0, size))
    silent = Acts(none, none, blank, np.zeros(0, dtype=bool), none)
    return crowd.path(silent, catalog.kind_of(question).ORDERED)


def turn(question: Question, path: crowd.Path, moment: datetime) -> int:
    """When the question became what it is now, in ticks: by an act, by an expiry, by its opening or its closing.

    Together with the question's id and revision it names a state: what is kept by these three holds until the next.
    """
    now = ticks(moment)
    row = int(np.searchsorted(path.at, now, side="right")) - 1
    times = (ticks(question.opens_at), ticks(question.closes_at), int(path.at[row]) if row >= 0 else 0)
    return max((at for at in times if at <= now), default=0)


def tenths(session: Session, question: Question, moment: datetime) -> Numbers:
    """How many of the people's standing forecasts call the last outcome 0 to 10% likely, 10 to 20%, .., (10,).

    Of a yes-or-no question that is yes. Nobody is named.
    """
    kept: KeptPaths = session.info["crowds"]
    key = ("tenths", question.id, question.revision, turn(question, crowd_of(session, question), moment))
    return kept.once(key, lambda: _tenths(session, question, moment))


def _tenths(session: Session, question: Question, moment: datetime) -> Numbers:
    rows = session.execute(_STANDING, {"question": question.id})
    said = [vector[-1] for vector, expires in rows if vector is not None and (expires is None or expires > moment)]
    counts: Numbers = crowd.histogram(np.array(said, dtype=np.float64)).reshape(10, 10).sum(axis=1)
    return counts


def _settled(session: Session, question: Question) -> crowd.Path | None:
    kept = session.execute(_PATH, {"question": question.id}).scalar()
    return None if kept is None else path_of(kept, catalog.shape_of(question).size)


def path_of(kept: CrowdPath, size: int) -> crowd.Path:
    """A path as it was kept, for a question of `size` outcomes. Raises ValueError where its parts do not fit."""

    def column(vectors: Vector | None) -> Vector:
        rows = len(kept.at)
        return np.full((rows, size), np.nan) if vectors is None else np.asarray(vectors).reshape(rows, size)

    return crowd.Path(kept.at, kept.count, column(kept.middle), column(kept.lower), column(kept.upper))


def kept_path(question: Question, path: crowd.Path) -> CrowdPath:
    """The path as a row to be kept; quartiles that say nothing are left out."""
    known = {name: None if np.isnan(rows := getattr(path, name)).all() else rows.ravel() for name in ("lower", "upper")}
    return CrowdPath(question_id=question.id, at=path.at, count=path.count, middle=path.middle.ravel(), **known)
