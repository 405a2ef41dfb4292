"""Made-up seasons of forecasting in which everybody's skill is known: questions, people, what they said, what happened.

The truth about a question is a probability that wanders as the world goes on; people see it through noise of their
own. Time runs in slots of a day, so that a season is also a cube (questions, people, slots), by which the tests check
what the engine makes of the acts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import isnan

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtr

from forecasts.timeline import NEVER, Mask, Numbers, Table, Windows
from questions.shape import Vector

DAY = 24 * 3600 * 1_000_000
SLOTS = 12
EXTREMIZER, PICKER, TWIN = 0, 1, 2


@dataclass(frozen=True)
class People:
    """Who takes part, f of them: each column (f,).

    noise    the standard deviation of the error with which they see the truth, in logits
    stretch  what they multiply their logits by; 2 is the extremizer's
    share    of how many questions they answer
    late     the mean number of slots after the opening at which they join
    updates  the probability of a new look in each slot
    quits    the probability of withdrawing somewhere on a question; whoever looks again later is back
    picks    whether they answer the easiest questions, not just any
    """

    noise: Vector
    stretch: Vector
    share: Vector
    late: Vector
    updates: Vector
    quits: Vector
    picks: Mask

    @cached_property
    def skill(self) -> Vector:
        """(f,) minus the expected squared distance from the truth of whoever looks in every slot, on any question."""
        truth, _ = _wandering(500, np.random.default_rng(1))
        points, weight = np.polynomial.hermite_e.hermegauss(15)
        seen = logit(truth).ravel()[:, None]
        missed = [
            np.mean((expit(stretch * (seen + noise * points)) - expit(seen)) ** 2 @ weight) / weight.sum()
            for noise, stretch in zip(self.noise, self.stretch, strict=True)
        ]
        return -np.array(missed)


@dataclass(frozen=True)
class Act:
    """One thing that somebody said: a probability of YES, or None for a withdrawal. `at` is in microseconds."""

    question: int
    forecaster: int
    at: int
    probability: float | None


@dataclass(frozen=True)
class Season:
    """A season of q questions; forecasters are numbered as in `people`.

    people
    outcome  (q,) 1 for YES
    opens    (q,) microseconds from the season's beginning
    end      (q,) the slot at whose beginning the outcome became known; SLOTS where that was at the closing
    truth    (q, SLOTS) the probability of YES in each slot
    acted    (q, f, SLOTS) who said something at the beginning of which slot
    said     (q, f, SLOTS) what stands in each slot; NaN where nothing does
    """

    people: People
    outcome: Numbers
    opens: Numbers
    end: Numbers
    truth: Vector
    acted: Mask
    said: npt.NDArray[np.float64]

    @property
    def windows(self) -> Windows:
        """Those of the questions, in microseconds."""
        return Windows(self.opens, self.opens + SLOTS * DAY, self.opens + self.end * DAY)

    @property
    def acts(self) -> list[Act]:
        """Everything that was said, in order of time."""
        table, said = self.table
        columns = (column.tolist() for column in (table.question, table.forecaster, table.at, said))
        return [Act(one, who, when, None if isnan(p) else p) for one, who, when, p in zip(*columns, strict=True)]

    @cached_property
    def table(self) -> tuple[Table, Vector]:
        """The same as arrays for the engine, with the probability of YES in each act (n,), NaN in withdrawals."""
        question, forecaster, slot = np.nonzero(self.acted)
        at = self.opens[question] + slot * DAY
        order = np.lexsort((forecaster, question, at))
        said = self.said[question, forecaster, slot][order]
        never = np.full(len(order), NEVER)
        return Table(question[order], forecaster[order], at[order], np.isnan(said), never), said

    @cached_property
    def standing(self) -> Mask:
        """(q, f, SLOTS) who stands by a forecast in which slot, while the outcome is unknown."""
        found: Mask = ~np.isnan(self.said) & (np.arange(SLOTS) < self.end[:, None])[:, None]
        return found

    def peer(self, loss: npt.NDArray[np.float64]) -> Vector:
        """(q, f) the peer score over losses (q, f, SLOTS), by the definition: for each slot, then their mean."""
        counted = np.where(self.standing, loss, 0.0)
        several = self.standing.sum(axis=1, keepdims=True)
        others = (counted.sum(axis=1, keepdims=True) - counted) / np.maximum(several - 1, 1)
        found: Vector = np.where(self.standing & (several > 1), others - counted, 0.0).sum(axis=2) / SLOTS
        return found

    @property
    def scored(self) -> Vector:
        """(q, f, SLOTS) the Brier score of what stands."""
        found: Vector = (self.said - self.outcome[:, None, None]) ** 2
        return found

    @property
    def missed(self) -> Vector:
        """(q, f, SLOTS) the squared distance from the truth: the part of the expected Brier score that is one's own.

        E(p - y)² = truth (1 - truth) + (p - truth)², and the first part is the same for all.
        """
        found: Vector = (self.said - self.truth[:, None]) ** 2
        return found


def hundred(random: np.random.Generator) -> People:
    """A hundred people: an extremizer, somebody who picks easy questions, this one's twin who does not, and others.

    Picker and twin are about as good as the crowd is in the mean. Nobody else could tell whether picking pays: who is
    better than the crowd loses by it, since on easy questions there is less to be better at.
    """
    number = 100
    noise = random.lognormal(np.log(0.6), 0.35, number)
    stretch, picks = np.ones(number), np.zeros(number, dtype=bool)
    share = random.beta(1.0, 1.5, number) * 0.95 + 0.05
    late = np.where(random.random(number) < 0.25, random.uniform(2, 8, number), 0.3)
    quits = np.where(random.random(number) < 0.2, 0.4, 0.02)
    updates = random.uniform(0.05, 0.6, number)
    picks[PICKER] = True
    stretch[EXTREMIZER] = 2
    for one in (EXTREMIZER, PICKER, TWIN):
        late[one], updates[one], quits[one] = 0.0, 0.4, 0.02
    noise[EXTREMIZER], noise[PICKER], noise[TWIN] = 0.6, 0.8, 0.8
    share[EXTREMIZER], share[PICKER], share[TWIN] = 0.9, 0.4, 0.4
    return People(noise, stretch, share, late, updates, quits, picks)


def season(people: People, random: np.random.Generator, questions: int = 200) -> Season:
    """One season of these people."""
    truth, known = _wandering(questions, random)
    shape = (questions, len(people.noise), SLOTS)
    end = np.where(known.any(axis=1), np.maximum(known.argmax(axis=1), 1), SLOTS)
    outcome = (random.random(questions) < truth[np.arange(questions), end - 1]).astype(np.int64)
    join = np.where(_answered(people, truth[:, 0], random), np.floor(random.exponential(people.late, shape[:2])), SLOTS)
    slots = np.arange(SLOTS)
    looked = (slots == join[..., None]) | ((slots > join[..., None]) & (random.random(shape) < people.updates[:, None]))
    leaves = np.where(random.random(shape[:2]) < people.quits, random.integers(1, SLOTS, shape[:2]), SLOTS)
    left = (slots == leaves[..., None]) & (slots > join[..., None]) & ~looked
    error = (random.standard_normal(shape[:2])[..., None] + random.standard_normal(shape)) * np.sqrt(0.5)
    seen = logit(truth)[:, None] + people.noise[:, None] * error
    looks = np.clip(expit(people.stretch[:, None] * seen), 0.01, 0.99)
    acted = looked | left
    latest = np.maximum.accumulate(np.where(acted, slots, -1), axis=2)
    said = np.take_along_axis(np.where(looked, looks, np.nan), np.maximum(latest, 0), axis=2)
    acted &= slots < end[:, None, None]
    opens = np.arange(questions) * DAY // 4
    return Season(people, outcome, opens, end, truth, acted, np.where(latest < 0, np.nan, said))


def seasons(people: People, number: int, seed: int) -> Iterator[Season]:
    """Several of them, one after the other."""
    for child in np.random.SeedSequence(seed).spawn(number):
        yield season(people, np.random.default_rng(child))


def _wandering(questions: int, random: np.random.Generator) -> tuple[Vector, Mask]:
    """The probability of YES (questions, SLOTS) as a fair game, and where it is so high that YES is as good as known.

    Half of the questions are known once it is: those end early, and mostly with YES.
    """
    start = random.normal(0, 0.8, (questions, 1))
    steps = random.normal(0, np.sqrt(0.8 / SLOTS), (questions, SLOTS))
    steps[:, 0] = 0
    left = 1 - 0.8 * np.arange(SLOTS) / SLOTS
    truth = np.clip(ndtr((start + np.cumsum(steps, axis=1)) / np.sqrt(left)), 0.002, 0.998)
    return truth, (truth > 0.95) & (random.random((questions, 1)) < 0.5)


def _answered(people: People, opening: Vector, random: np.random.Generator) -> Mask:
    """Which questions (questions, f) each answers: any, or those that look most decided at their opening."""
    order = np.argsort(np.argsort(-np.abs(opening - 0.5)))[:, None] / len(opening)
    any_: Mask = random.random((len(opening), len(people.share))) < people.share
    return np.where(people.picks, order < people.share, any_)
