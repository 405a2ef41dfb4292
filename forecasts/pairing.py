"""Two forecasters side by side: on each resolved question, what they lost while both stood, and what both said last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlmodel import Session

from forecasts import history, speech
from forecasts.comparison import Evidence
from forecasts.models import Forecaster
from forecasts.rules import charge
from forecasts.scoring import main_rule
from forecasts.timeline import Acts, Window, clipped
from questions import catalog
from questions.catalog import Listed
from questions.models import Question, Resolution
from questions.shape import Vector


@dataclass(frozen=True)
class Pair:
    """One question on which both stood at the same time.

    losses  what each lost while both stood, by the question's main rule, divided by the scheduled window
    shared  the share of the scheduled window for which both stood
    last    what each said at the last instant at which both stood
    """

    question: Question
    resolution: Resolution
    losses: tuple[float, float]
    shared: float
    last: tuple[Vector, Vector]

    @property
    def known_at(self) -> datetime:
        """When the outcome became known."""
        return self.resolution.known_at or self.question.closes_at

    @property
    def difference(self) -> float:
        """The first's loss minus the second's: below 0 the first was better."""
        return self.losses[0] - self.losses[1]


def pairs(session: Session, first: Forecaster, second: Forecaster, listed: Sequence[Listed]) -> list[Pair]:
    """The resolved questions of these on which both stood at once, by when their outcomes became known."""
    resolved = [one for one in listed if one.resolution is not None and one.resolution.verdict == "resolved"]
    said = [speech.of(session, who, [one.question for one in resolved]) for who in (first, second)]
    found = []
    for one in resolved:
        both = [spoken[one.question.id].acts for spoken in said if one.question.id in spoken]
        if len(both) == 2 and one.resolution is not None:
            pair = _pair(one.question, one.resolution, both[0], both[1])
            found += [] if pair is None else [pair]
    return sorted(found, key=lambda pair: (pair.known_at, pair.question.id))


def evidence(found: Sequence[Pair]) -> Evidence:
    """What these questions say of the two; choices and ranges have no probability of YES."""
    asked = [pair.question for pair in found]
    binary = np.array([one.kind == "binary" for one in asked], dtype=bool)
    groups = {group: number for number, group in enumerate(dict.fromkeys(one.group for one in asked))}
    yes = np.array([[vector[1] for vector in pair.last] for pair in found], dtype=np.float64).reshape(-1, 2)
    happened = np.array([pair.resolution.outcome for pair in found], dtype=np.float64)
    return Evidence(
        difference=np.array([pair.difference for pair in found], dtype=np.float64),
        group=np.array([groups[one.group] for one in asked], dtype=np.int64),
        opens=np.array([history.ticks(one.opens_at) for one in asked], dtype=np.int64),
        known=np.array([history.ticks(pair.known_at) for pair in found], dtype=np.int64),
        a=np.where(binary, yes[:, 0], np.nan),
        b=np.where(binary, yes[:, 1], np.nan),
        outcome=np.where(binary, happened, np.nan),
    )


def _pair(question: Question, resolution: Resolution, first: Acts, second: Acts) -> Pair | None:
    window, ordered = history.window_of(question, resolution.known_at), catalog.kind_of(question).ORDERED
    cuts = np.unique(np.concatenate([*clipped(first, window), *clipped(second, window)]))
    held = [_held(acts, window, cuts[:-1]) for acts in (first, second)]
    both = (held[0] >= 0) & (held[1] >= 0)
    if not both.any():
        return None
    lasting = np.diff(cuts)[both]
    final = int(np.flatnonzero(both)[-1])
    losses = [
        charge(main_rule(ordered), acts, resolution.outcome or 0, ordered)[at[both]]
        for acts, at in zip((first, second), held, strict=True)
    ]
    lost = [float(loss @ lasting) / window.scheduled for loss in losses]
    last = [acts.probabilities[at[final]] for acts, at in zip((first, second), held, strict=True)]
    return Pair(question, resolution, (lost[0], lost[1]), float(lasting.sum()) / window.scheduled, (last[0], last[1]))


def _held(acts: Acts, window: Window, moments: np.ndarray) -> np.ndarray:
    """Which act stood at each of these rising moments, -1 where none did."""
    start, stop = clipped(acts, window)
    stood = np.flatnonzero(stop > start)
    order = stood[np.argsort(start[stood])]
    place = np.searchsorted(start[order], moments, side="right") - 1
    if not len(order):
        return np.full(len(moments), -1)
    at = order[np.maximum(place, 0)]
    return np.where((place >= 0) & (moments < stop[at]), at, -1)
