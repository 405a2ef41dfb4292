"""Which of two forecasters is better, question by question, and whether that can be told yet.

A is the first of the two and B the second. Differences are A's loss minus B's over the time for which both stood:
below 0, A was better. Linked questions make one step together, so that a group of ten is not ten pieces of evidence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from forecasts.rules import RULES
from forecasts.timeline import Numbers
from questions.shape import Vector

LEVEL: Final = 0.95
START: Final = 20
OPTIMISED_AT: Final = 200
LEAST: Final = 5  # steps under which no interval is given, as on the boards
UPSETS: Final = 5  # steps against the one who is ahead, under which the variance so far is not to be trusted
HORIZON: Final = 10_000  # steps beyond which nobody waits
DUST: Final = 1e-9
ROUNDING: Final = 1e-12  # a difference that sums in another order may leave between equals

Loss = Callable[[Vector, Vector], Vector]  # the loss (n,) of saying p (n,) when y (n,), 0 or 1, is what happened


class Verdict(StrEnum):
    """What a confidence sequence says of two forecasters."""

    A = "A is better"
    B = "B is better"
    OPEN = "cannot be told yet"


@dataclass(frozen=True)
class Steps:
    """The evidence in its order: one step per group, when the last of its questions became known.

    difference  (g,) the mean of its questions' differences
    at          (g,) when its last question became known, rising
    step        (q,) for each question, the number of its step, 0 <= step < g
    """

    difference: Vector
    at: Numbers
    step: Numbers


@dataclass(frozen=True)
class Paired:
    """The mean difference as if one had looked once, after a number of steps fixed in advance.

    mean       the mean of the steps; NaN without any
    low, high  its interval by Student's t, for whoever looks once; NaN under five steps
    statistic  Diebold and Mariano's, corrected; below 0 where A was better; NaN where it has no scale
    p_value    two-sided, by Student's t with steps - 1 degrees of freedom; NaN as above
    """

    steps: int
    mean: float
    low: float
    high: float
    statistic: float
    p_value: float


@dataclass(frozen=True)
class ConfidenceSequence:
    """The mean difference after each step, with an interval that holds at every step at once.

    mean       (g,) the mean of the steps so far
    low, high  (g,) the interval; NaN before the first step at which one may look
    against    (g,) how many of the steps so far went the other way than their mean. While there are hardly any,
               nobody knows how large an upset is, and the interval may be far too narrow
    """

    mean: Vector
    low: Vector
    high: Vector
    against: Numbers

    @property
    def verdict(self) -> Verdict:
        """What the latest interval says. Whoever reads it after each step is ever wrong with probability 1 - level."""
        return self._verdict_at(len(self.mean) - 1) if len(self.mean) else Verdict.OPEN

    @property
    def since(self) -> int | None:
        """The step, counted from 1, since which the verdict has stood without a break; None while it is open."""
        if self.verdict is Verdict.OPEN:
            return None
        agrees = self.high < 0 if self.verdict is Verdict.A else self.low > 0
        breaks = np.flatnonzero(~agrees)
        return int(breaks[-1]) + 2 if breaks.size else 1

    def _verdict_at(self, step: int) -> Verdict:
        if self.high[step] < 0:
            return Verdict.A
        return Verdict.B if self.low[step] > 0 else Verdict.OPEN


@dataclass(frozen=True)
class Needed:
    """About how many more questions until it can be told: `low` to `high` in four of five cases.

    high  None where that may take longer than anybody waits: "`low` or more"
    """

    low: int
    high: int | None


@dataclass(frozen=True)
class Comparison:
    """All that a page says of two forecasters on the questions that both answered.

    questions    how many both answered
    paired       the mean difference over the steps, for whoever looks once
    steps        the evidence in its order, for the chart's horizontal axis
    sequence     the mean after each step, with the interval that holds however often one looks
    verdict      what it says now, and `since` which step (from 1) without a break; None while it cannot be told
    binary       how many of the questions the e-values are from
    e_a, e_b     (g,) the evidence that A is better than B, and B than A, after each step; see e_process
    needed       how many more questions it may take; None where the difference is too near 0 to say
    approximate  whether questions of different groups were open at once, so that later forecasts could not know how
                 earlier questions ended; sequence and e-values are then approximate
    """

    questions: int
    paired: Paired
    steps: Steps
    sequence: ConfidenceSequence
    verdict: Verdict
    since: int | None
    binary: int
    e_a: Vector
    e_b: Vector
    needed: Needed | None
    approximate: bool

    @property
    def against(self) -> int:
        """How many steps went against the one who is ahead."""
        return int(self.sequence.against[-1]) if len(self.sequence.against) else 0

    @property
    def firm(self) -> bool:
        """Whether enough steps went against the one who is ahead to know what an upset costs; if not, say so."""
        return self.against >= UPSETS


@dataclass(frozen=True)
class Evidence:
    """What two forecasters did on the q questions on which both stood at once.

    difference   (q,) A's loss minus B's while both stood
    group        (q,) the set of linked questions it belongs to
    opens, known (q,) when it opened and when its outcome became known
    a, b         (q,) what each last said for YES while both stood; NaN where the question was not yes or no
    outcome      (q,) 1 for YES, 0 for NO; NaN where the question was not yes or no
    """

    difference: Vector
    group: Numbers
    opens: Numbers
    known: Numbers
    a: Vector
    b: Vector
    outcome: Vector

    def __post_init__(self) -> None:
        columns = (self.group, self.opens, self.known, self.a, self.b, self.outcome)
        if self.difference.ndim != 1 or any(column.shape != self.difference.shape for column in columns):
            raise ValueError("The columns of this evidence are not of one length.")


def compare(evidence: Evidence, rule: str | Loss = "brier") -> Comparison:
    """Everything there is to say of A against B; swapping the two turns every sign round and every verdict.

    rule  the scoring rule of the e-values, which take the yes/no questions alone
    """
    taken = steps(evidence.difference, evidence.group, evidence.known)
    sequence = confidence_sequence(taken.difference)
    per_step = len(evidence.difference) / max(len(taken.difference), 1)
    e_a, e_b = _both_ways(evidence, taken, rule)
    return Comparison(
        questions=len(evidence.difference),
        paired=paired(taken.difference),
        steps=taken,
        sequence=sequence,
        verdict=sequence.verdict,
        since=sequence.since,
        binary=int((~np.isnan(evidence.outcome)).sum()),
        e_a=e_a,
        e_b=e_b,
        needed=questions_needed(taken.difference, per_step),
        approximate=overlap(evidence.opens, evidence.known, evidence.group),
    )


def steps(difference: Vector, group: Numbers, known_at: Numbers) -> Steps:
    """One step per group, in the order in which groups became known in full; equal times by the group's number.

    A step is the mean of its questions' differences, not their sum: linked questions are answered by one piece of
    news, and a ladder of ten rungs is no more evidence than one of three. The mean also stays on the scale of the loss.

    >>> steps(np.array([0.1, -0.2, 0.3]), np.array([7, 5, 7]), np.array([1, 2, 3])).difference.round(3).tolist()
    [-0.2, 0.2]
    """
    if difference.ndim != 1 or not difference.shape == group.shape == known_at.shape:
        raise ValueError(f"Differences {difference.shape}, groups {group.shape}, times {known_at.shape} are not (q,).")
    if not np.isfinite(difference).all():
        raise ValueError("A difference is not a number. Give only questions on which both stood at once.")
    difference = np.where(np.abs(difference) < ROUNDING, 0.0, difference)
    _, place, count = np.unique(group, return_inverse=True, return_counts=True)
    last = np.full(len(count), np.iinfo(np.int64).min)
    np.maximum.at(last, place, known_at)
    order = np.argsort(last, kind="stable")
    turn = np.empty(len(count), dtype=np.int64)
    turn[order] = np.arange(len(count))
    mean = np.bincount(place, weights=difference, minlength=len(count)) / count
    return Steps(mean[order], last[order], turn[place])


def paired(difference: Vector, h: int = 1, level: float = LEVEL) -> Paired:
    """The mean of n steps, its interval by Student's t, and whether it differs from 0 by Diebold and Mariano's test.

    h  forecasts are h steps ahead: their differences may hang together over h - 1 steps, and so many autocovariances
       go into the test (not into the interval). With h = 1 it is the paired t-test.

    For whoever looks once. Looked at again and again, it finds a difference where there is none.

    >>> round(paired(np.array([0.1, -0.3, 0.2, -0.2, -0.3])).mean, 3)
    -0.1

    Sources: F. X. Diebold, R. S. Mariano, Journal of Business & Economic Statistics 13 (1995), 253-263; D. Harvey,
    S. Leybourne, P. Newbold, International Journal of Forecasting 13 (1997), 281-291.
    """
    n = len(difference)
    if h < 1:
        raise ValueError(f"Forecasts cannot be {h} steps ahead. Give 1 or more.")
    mean = float(difference.mean()) if n else np.nan
    statistic, p_value = _diebold_mariano(difference, h) if n >= max(2, h) else (np.nan, np.nan)
    if n < LEAST:
        return Paired(n, mean, np.nan, np.nan, statistic, p_value)
    half = float(stdtrit(n - 1, (1 + level) / 2)) * float(difference.std(ddof=1)) / n**0.5
    return Paired(n, mean, mean - half, mean + half, statistic, p_value)


def _diebold_mariano(difference: Vector, h: int) -> tuple[float, float]:
    n, mean = len(difference), float(difference.mean())
    apart = difference - mean
    covariances = [float(apart[lag:] @ apart[: n - lag]) / n for lag in range(h)]
    variance = (covariances[0] + 2 * sum(covariances[1:])) / n
    if variance <= 0:  # all steps equal, or autocovariances that outweigh the variance
        return np.nan, np.nan
    correction = (n + 1 - 2 * h + h * (h - 1) / n) / n
    statistic = mean / variance**0.5 * correction**0.5
    return statistic, 2 * float(stdtr(n - 1, -abs(statistic)))


def confidence_sequence(
    difference: Vector, start: int = START, optimised_at: int = OPTIMISED_AT, level: float = LEVEL
) -> ConfidenceSequence:
    """An interval for the mean of the steps so far, after each step, that all hold at once with probability `level`.

    difference    (g,) the steps, in their order
    start         the first step at which one may look; NaN before it
    optimised_at  the step at which the interval is to be narrowest

    So one may look after every step, and stop when one likes what one sees. It is asymptotic: it trusts the variance
    so far, which is far too small while upsets are rare and unseen. 1% against 3% on what happens in 2% of cases is
    equally good by Brier, and yet told apart in some 70% of runs; in 3% once five steps went against the one ahead.

    >>> sequence = confidence_sequence(np.tile([-0.3, 0.1], 100))
    >>> sequence.verdict.value, sequence.since
    ('A is better', 45)

    Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, Annals of Statistics 52 (2024), 2613-2640.
    """
    if start < 2:
        raise ValueError(f"One step has no variance, so nobody can look at step {start}. Start at 2 or later.")
    n = np.arange(1, len(difference) + 1)
    mean = np.cumsum(difference) / n
    half = np.sqrt(_running_variance(difference, mean)) * _width(n, optimised_at, level)
    half[: start - 1] = np.nan
    return ConfidenceSequence(mean, mean - half, mean + half, _against(difference, mean))


def _running_variance(difference: Vector, mean: Vector) -> Vector:
    """The variance of the steps so far, after each; 0 after the first. By Welford's sums, which never go below 0."""
    n = np.arange(1, len(difference) + 1)
    before = np.concatenate([[0.0], mean[:-1]]) if len(mean) else mean
    variance: Vector = np.cumsum((n - 1) / n * (difference - before) ** 2) / np.maximum(n - 1, 1)
    return variance


def _width(n: npt.NDArray[Any], optimised_at: int, level: float) -> Vector:
    """Half the interval after n steps of standard deviation 1."""
    error = 1 - level
    mixing = (-2 * np.log(error) + np.log(1 - 2 * np.log(error))) / optimised_at  # the paper's rho squared
    spread = n * mixing + 1
    width: Vector = np.sqrt(2 * spread / (n**2 * mixing) * np.log(np.sqrt(spread) / error))
    return width


def e_process(
    a: Vector,
    b: Vector,
    outcome: Vector,
    rule: str | Loss = "brier",
    lag: int = 1,
    weight: float = 0.75,
    step: Numbers | None = None,
) -> Vector:
    """The evidence that A is better than B on yes/no questions, after each of n steps; swap a and b for the other way.

    a, b     (q,) the probabilities of YES that they gave, in the order in which outcomes became known
    outcome  (q,) 1 for YES, 0 for NO
    rule     the name of a scoring rule, or a loss of one's own: what saying p costs when y happened
    lag      outcomes become known `lag` steps after their forecasts were made
    weight   what to bet on: weight * a + (1 - weight) * b, or fair odds where that is on B's side
    step     (q,) the step of each question, each of 0 to n - 1 at least once; without it each is a step of its own
    returns  (n,) e-values; 1 where nothing speaks for A, and at most e^700

    In words: somebody doubts that A is better than B, and takes bets at odds that are fair at best if B is at least as
    good. Starting with 1 and staking all on each question, this is what a backer of A holds now. If the doubter is
    right, the chance that it ever reaches 20 is at most 1 in 20, in samples of any size and however often one looks.
    Under 1, nothing speaks for A. With a lag over 1 there are `lag` such bettors in turn and this is their mean;
    it is valid `lag` - 1 steps after one decided to stop, not at once (the correction).

    Linked questions bet as one: each stakes an equal share of what there is, so they need not be independent.

    >>> e_process(np.array([0.8, 0.8]), np.array([0.4, 0.4]), np.array([1.0, 0.0])).round(3).tolist()
    [1.167, 0.875]

    Source: A. Henzi, J. F. Ziegel, Biometrika 109 (2022), 647-663, and its correction, 109 (2022), 1181-1182.
    """
    if lag < 1 or not 0 < weight <= 1:
        raise ValueError(f"A lag of {lag} and a weight of {weight} make no bet. Give 1 or more, and 0 to 1.")
    _require_answers(a, b, outcome)
    factors = _factors(a, b, outcome, _loss(rule), weight)
    if step is not None:
        factors = np.bincount(step, weights=factors) / np.bincount(step)
    with np.errstate(divide="ignore"):  # who stakes all on a certainty that fails has nothing, whose logarithm is -inf
        logs = np.log(factors)
    turns = [np.where(np.arange(len(logs)) % lag == turn, logs, 0.0) for turn in range(lag)]
    held: Vector = np.mean([np.exp(np.minimum(np.cumsum(turn), 700)) for turn in turns], axis=0)
    return held


def _factors(a: Vector, b: Vector, outcome: Vector, loss: Loss, weight: float) -> Vector:
    """What each question multiplies the stake by, if all is staked: the likelihood ratio against fair odds.

    1 where the rule has nothing to tell: equal forecasts, or both under the floor of the log rule.
    """
    if_yes = loss(b, np.ones(len(b))) - loss(a, np.ones(len(a)))
    if_no = loss(b, np.zeros(len(b))) - loss(a, np.zeros(len(a)))
    # Forecasts that differ by the dust of arithmetic (0.1 + 0.2 and 0.3) are equal; odds made of dust are anything.
    tells = (if_yes * if_no < 0) & (np.abs(a - b) > DUST)
    fair = np.divide(if_no, if_no - if_yes, out=np.full(len(a), 0.5), where=tells)
    bet = weight * a + (1 - weight) * b
    # On B's side of the fair odds the ratio would favour B, and be no evidence in A's favour.
    bet = np.where(a > b, np.maximum(bet, fair), np.minimum(bet, fair))
    said, even = (np.where(outcome == 1, chance, 1 - chance) for chance in (bet, fair))
    factors: Vector = np.divide(said, even, out=np.ones(len(a)), where=tells)
    return factors


def _loss(rule: str | Loss) -> Loss:
    if not isinstance(rule, str):
        return rule
    if rule not in RULES:
        raise ValueError(f"There is no scoring rule “{rule}”. There are: {', '.join(sorted(RULES))}.")
    score = RULES[rule].score
    return lambda p, y: np.asarray(score(np.column_stack([1 - p, p]), y.astype(np.int64)))


def _both_ways(evidence: Evidence, taken: Steps, rule: str | Loss) -> tuple[Vector, Vector]:
    """The evidence for A and for B after each step; a step without a yes/no question leaves both as they were."""
    asked = ~np.isnan(evidence.outcome)
    a, b, outcome = evidence.a[asked], evidence.b[asked], evidence.outcome[asked]
    bets, turn = np.unique(taken.step[asked], return_inverse=True)
    latest = np.searchsorted(bets, np.arange(len(taken.difference)), side="right")
    for_a, for_b = e_process(a, b, outcome, rule, step=turn), e_process(b, a, outcome, rule, step=turn)
    return np.append(1.0, for_a)[latest], np.append(1.0, for_b)[latest]


def questions_needed(
    difference: Vector,
    per_step: float = 1.0,
    start: int = START,
    optimised_at: int = OPTIMISED_AT,
    level: float = LEVEL,
    draws: int = 1000,
    seed: int = 0,
) -> Needed | None:
    """About how many more questions until the confidence sequence tells the two apart, if things go on as they did.

    difference  (g,) the steps so far
    per_step    how many questions make one step

    The true mean and spread are drawn from what the steps so far leave possible (no opinion beforehand), and each
    draw is carried on until its interval leaves 0 out. The range holds the middle four fifths of the draws.
    0 to 0 where it is decided. None under five steps, where all steps are equal, or where even the luckiest tenth
    would take over 10,000 steps.
    """
    if confidence_sequence(difference, start, optimised_at, level).verdict is not Verdict.OPEN:
        return Needed(0, 0)
    if len(difference) < LEAST or np.ptp(difference) == 0:
        return None
    more = np.unique(np.geomspace(1, HORIZON, 200).round())
    total = len(difference) + more
    # Seen from whoever is ahead, so that A against B and B against A get the same draws.
    ahead = difference * np.sign(difference.sum())
    mean, deviation = _carried_on(ahead, more, np.random.default_rng(seed), draws)
    told = (np.abs(mean) > deviation * _width(total, optimised_at, level)) & (total >= start)
    first = np.where(told.any(axis=1), more[told.argmax(axis=1)], np.inf)
    low, high = np.quantile(first, [0.1, 0.9], method="inverted_cdf")
    if np.isinf(low):
        return None
    return Needed(ceil(low * per_step), None if np.isinf(high) else ceil(high * per_step))


def _carried_on(difference: Vector, more: Vector, random: np.random.Generator, draws: int) -> tuple[Vector, Vector]:
    """The running mean and standard deviation after `more` (m,) further steps, in each of the draws: (draws, m)."""
    n, squares = len(difference), float(((difference - difference.mean()) ** 2).sum())
    sigma = np.sqrt(squares / random.chisquare(n - 1, size=(draws, 1)))
    mu = difference.mean() + sigma / n**0.5 * random.standard_normal((draws, 1))
    stretches = np.diff(more, prepend=0)
    noise = np.cumsum(random.standard_normal((draws, len(more))) * np.sqrt(stretches), axis=1)
    mean = (difference.sum() + mu * more + sigma * noise) / (n + more)
    deviation = np.sqrt((squares + more * sigma**2) / (n + more - 1))
    return mean, deviation


def overlap(opens: Numbers, known: Numbers, group: Numbers) -> bool:
    """Whether two questions of different groups were open at the same time, each from `opens` until before `known`.

    If so, a forecast on the later one could not yet know how the earlier one ended, nor is each step news by itself:
    what is said of sequences of steps then holds approximately.

    >>> overlap(np.array([0, 5]), np.array([5, 9]), np.array([1, 2]))
    False
    """
    alone = sum(_covered(opens[group == one], known[group == one]) for one in np.unique(group))
    return alone > _covered(opens, known)


def _covered(opens: Numbers, known: Numbers) -> int:
    """For how long any of these was open."""
    order = np.argsort(opens, kind="stable")
    start, end = opens[order], np.maximum.accumulate(known[order])
    already = np.concatenate([start[:1], end[:-1]])
    return int(np.maximum(end - np.maximum(start, already), 0).sum())


def _against(difference: Vector, mean: Vector) -> Numbers:
    """How many of the steps so far went the other way than their mean."""
    ups, downs = np.cumsum(difference > 0), np.cumsum(difference < 0)
    return np.where(mean < 0, ups, np.where(mean > 0, downs, 0))


def _require_answers(a: Vector, b: Vector, outcome: Vector) -> None:
    if a.ndim != 1 or not a.shape == b.shape == outcome.shape:
        raise ValueError(f"Forecasts {a.shape} and {b.shape} and outcomes {outcome.shape} are not all (q,).")
    said = np.concatenate([a, b])
    wrong = said[~((said >= 0) & (said <= 1))]
    if wrong.size:
        raise ValueError(f"{wrong[0]} is not a probability. Give numbers from 0 to 1.")
    neither = outcome[~((outcome == 0) | (outcome == 1))]
    if neither.size:
        raise ValueError(f"{neither[0]} is not an outcome of a yes/no question. Give 0 or 1.")
