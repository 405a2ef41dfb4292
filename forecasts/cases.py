"""The changed forecasts on resolved questions that calibration and update quality are judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlmodel import Session, col

from forecasts import calibration, history, speech
from forecasts.calibration import Cases
from forecasts.models import Forecast, Forecaster
from forecasts.timeline import NEVER, Mask, Numbers
from questions import catalog
from questions.catalog import Listed
from questions.shape import Vector

_SAID = (
    select(
        col(Forecast.question_id),
        col(Forecast.forecaster_id),
        col(Forecast.entry),
        col(Forecast.made_at),
        col(Forecast.expires_at),
        col(Forecast.probabilities),
    )
    .join(Forecaster, col(Forecaster.id) == Forecast.forecaster_id)
    .where(col(Forecaster.kind) == "person")
    .order_by(col(Forecast.entry))
)


@dataclass(frozen=True)
class Spoken:
    """Forecasts that counted and differed from the same forecaster's before, n of them.

    They stand by question, then forecaster, then time.

    question    (n,) ids
    forecaster  (n,) ids
    entry       (n,) the journal's numbers, 0 where the forecast is nobody's, as the crowd's is
    at          (n,) when each began to count
    vectors     n of them, as long as their questions have outcomes
    resolved    the questions with their resolutions, by id
    """

    question: Numbers
    forecaster: Numbers
    entry: Numbers
    at: Numbers
    vectors: Sequence[Vector]
    resolved: Mapping[int, Listed]

    def of_kind(self, *kinds: str) -> "Spoken":
        """Those on questions of these kinds."""
        return self.only(np.array([self.resolved[key].question.kind in kinds for key in self.question.tolist()]))

    def only(self, chosen: Mask) -> "Spoken":
        """Those that `chosen` (n,) marks."""
        at = np.flatnonzero(chosen)
        columns = (self.question[at], self.forecaster[at], self.entry[at], self.at[at])
        return Spoken(*columns, [self.vectors[i] for i in at.tolist()], self.resolved)

    @property
    def outcomes(self) -> Numbers:
        """(n,) the index of what happened."""
        happened = {key: one.resolution.outcome or 0 for key, one in self.resolved.items() if one.resolution}
        return np.array([happened[key] for key in self.question.tolist()], dtype=np.int64)

    @property
    def groups(self) -> Numbers:
        """(n,) an id for each group of linked questions."""
        names = [self.resolved[key].question.group for key in self.question.tolist()]
        return np.unique(names, return_inverse=True)[1].astype(np.int64) if names else np.empty(0, dtype=np.int64)

    @property
    def series(self) -> Numbers:
        """(n,) an id for each pair of forecaster and question."""
        pairs = np.stack([self.question, self.forecaster])
        return np.unique(pairs, axis=1, return_inverse=True)[1].ravel().astype(np.int64)


def spoken(session: Session, who: Forecaster | None, listed: Sequence[Listed]) -> Spoken:
    """What somebody said on the resolved ones of these questions; what all people said where `who` is None.

    What stood for no time within its question's window does not count: it was said after the end, or taken back before
    the opening.
    """
    resolved = {
        one.question.id: one for one in listed if one.resolution is not None and one.resolution.verdict == "resolved"
    }
    said = _everybody(session, resolved) if who is None else _one(session, who, resolved)
    return _counting(said, resolved)


Rows = list[tuple[int, int, int, int, int, Vector | None]]


def _everybody(session: Session, resolved: Mapping[int, Listed]) -> Rows:
    return [
        (question, who, entry, history.ticks(made_at), history.ticks(expires) if expires else NEVER, vector)
        for question, who, entry, made_at, expires, vector in session.execute(_SAID)
        if question in resolved
    ]


def _one(session: Session, who: Forecaster, resolved: Mapping[int, Listed]) -> Rows:
    found = speech.of(session, who, [one.question for one in resolved.values()])
    return [
        (question, who.id, entry, at, expires, None if withdrawn else vector)
        for question, said in found.items()
        for entry, at, expires, withdrawn, vector in zip(
            said.entry.tolist(), said.acts.at.tolist(), said.acts.expires.tolist(),
            said.acts.withdrawn.tolist(), said.acts.probabilities, strict=True,
        )
    ]  # fmt: skip


def _counting(said: Rows, resolved: Mapping[int, Listed]) -> Spoken:
    """The rows that stood within their window and changed something, in time order within each series."""
    columns = np.array([row[:5] for row in said], dtype=np.int64).reshape(-1, 5)
    order = np.lexsort((columns[:, 3], columns[:, 1], columns[:, 0]))  # stable: the journal's order breaks ties
    question, who, entry, at, expires = columns[order].T
    windows = {
        key: history.window_of(one.question, one.resolution.known_at) for key, one in resolved.items() if one.resolution
    }
    opens = np.array([windows[key].opens for key in question.tolist()], dtype=np.int64)
    ends = np.array([windows[key].end for key in question.tolist()], dtype=np.int64)
    following = np.full(len(at), NEVER)
    same = (question[1:] == question[:-1]) & (who[1:] == who[:-1])
    following[:-1] = np.where(same, at[1:], NEVER)
    start, stop = np.maximum(at, opens), np.minimum(np.minimum(following, expires), ends)
    vectors = [said[i][5] for i in order.tolist()]
    counts = (start < stop) & np.array([vector is not None for vector in vectors], dtype=bool)
    kept = np.flatnonzero(counts)
    found = Spoken(
        question[kept],
        who[kept],
        entry[kept],
        start[kept],
        [v for i in kept if (v := vectors[i]) is not None],
        resolved,
    )
    return found.only(_changed(found))


def _changed(found: Spoken) -> Mask:
    """Which differ from the one before in their series."""
    series, changed = found.series, np.ones(len(found.question), dtype=bool)
    sizes = np.array([len(vector) for vector in found.vectors])
    for size in np.unique(sizes):
        at = np.flatnonzero(sizes == size)
        changed[at] = calibration.changed(series[at], np.array([found.vectors[i] for i in at.tolist()]))
    return changed


def binary(found: Spoken) -> Cases:
    """The cases of yes-or-no questions: the probability of yes, and whether it happened."""
    yes = np.array([vector[1] for vector in found.vectors], dtype=np.float64)
    return Cases.of(found.groups, yes, found.outcomes, found.series)


def choice(found: Spoken) -> Cases:
    """One case for each outcome of each forecast: its probability, and whether it is the one that happened."""
    sizes = np.array([len(vector) for vector in found.vectors], dtype=np.int64)
    outcome = np.concatenate([np.empty(0, dtype=np.int64), *(np.arange(size) for size in sizes)])
    return Cases.of(
        np.repeat(found.groups, sizes),
        np.concatenate([np.empty(0), *found.vectors]),
        (outcome == np.repeat(found.outcomes, sizes)).astype(np.int64),
        np.repeat(found.series, sizes),
        outcome,
    )


def chosen(session: Session, questions: set[int]) -> list[Listed]:
    """These questions with their resolutions."""
    return [one for one in catalog.listed(session) if one.question.id in questions]
