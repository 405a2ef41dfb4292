"""Whether what was said with 70% happened in 70 of 100 cases: bins and the pooled curve, and what chance does to both.

Chance is judged from one claim: whoever is calibrated at each update is as likely to be too high as too low, whatever
was known at that moment. The updates on one question share its outcome, so that no two of them are two cases.

Scales: everything here is a share from 0 to 1, save `z`, which is near 0 for a calibrated forecaster. Of the parts of a
score, less miscalibration is better and more discrimination is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import copysign, fsum, inf, nan, sqrt
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, betaincinv, ndtr, ndtri, stdtr, xlogy

from forecasts.timeline import Mask, Numbers
from questions.shape import Vector

MILLION = 1_000_000
# In millionths. No whole percent lies on an edge, except 0 and 1.
EDGES: Vector = np.array([0, *range(25_000, MILLION, 50_000), MILLION]) / MILLION
FLOOR = 0.001
NORMAL_FROM = 5  # the variance of a number of cases from which on a normal curve is close enough
CACHED = 32_768  # values whose columns fit into the processor's cache
CELLS = 4_000_000  # simulated outcomes held at once


@dataclass(frozen=True)
class Cases:
    """What somebody said on questions that are resolved, in time order within a question; n changed forecasts.

    question  (n,) ids; give the ids of groups instead where questions are linked
    p         (n,) the probability that was given
    y         (n,) 1 where it happened, else 0
    series    (n,) whose forecasts on which question: an id for each pair of forecaster and question
    outcome   (n,) which outcome p is for; 0 throughout for yes/no, where p is for YES. Of a choice question every act
              must give a case for each outcome
    """

    question: Numbers
    p: Vector
    y: npt.NDArray[Any]
    series: Numbers
    outcome: Numbers

    def __post_init__(self) -> None:
        _require_cases(self.p, self.y)
        if any(column.shape != self.p.shape for column in (self.question, self.series, self.outcome)):
            raise ValueError("The columns of these cases are not of one length.")

    @classmethod
    def of(
        cls,
        question: Numbers,
        p: Vector,
        y: npt.NDArray[Any],
        series: Numbers | None = None,
        outcome: Numbers | None = None,
    ) -> Self:
        """The cases of one forecaster on yes/no questions, unless `series` and `outcome` say otherwise."""
        return cls(
            question,
            p,
            y,
            question if series is None else series,
            np.zeros(len(p), dtype=np.int64) if outcome is None else outcome,
        )


@dataclass(frozen=True)
class Dot:
    """One bin that holds any case: `count` forecasts p with low <= p < high (p <= 1 in the last).

    forecast   their mean
    frequency  the share of them that came true
    """

    low: float
    high: float
    count: int
    forecast: float
    frequency: float


@dataclass(frozen=True)
class Band:
    """Where the dot of a calibrated forecaster would lie, nine times in ten: from `low` to `high` about the diagonal.

    effective  how many questions with one forecast each would leave as much to chance
    """

    dot: Dot
    effective: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the dot lies in its band, edges included."""
        return self.low - 1e-12 <= self.dot.frequency <= self.high + 1e-12


@dataclass(frozen=True)
class Curve:
    """The pooled curve over the d distinct forecasts.

    forecast   (d,) the distinct forecasts, rising
    frequency  (d,) how often what was said like this came true, never falling
    count      (d,) how many cases there are of each
    """

    forecast: Vector
    frequency: Vector
    count: Numbers


@dataclass(frozen=True)
class Spiegelhalter:
    """The generalised test of calibration.

    total     the sum of (1 - 2p)(y - p); above 0 where the Brier score is worse than a calibrated forecaster expects
    variance  what chance alone makes of it
    z         total / sqrt(variance); NaN where nothing is left to chance, infinite where it came otherwise all the same
    p_value   how often chance alone takes z so far from 0, to either side
    """

    total: float
    variance: float
    z: float
    p_value: float


@dataclass(frozen=True)
class Parts:
    """A mean loss taken apart: score = miscalibration - discrimination + uncertainty.

    score           the mean loss of the forecasts given, each with weight 1: not the board's, which weighs by time
    miscalibration  MCB >= 0: what the pooled curve in place of the forecasts would save
    discrimination  DSC >= 0: what the pooled curve saves against always saying the base rate
    uncertainty     UNC: the loss of always saying the base rate
    """

    score: float
    miscalibration: float
    discrimination: float
    uncertainty: float


@dataclass(frozen=True)
class ByChance:
    """The miscalibration that a calibrated forecaster with these forecasts would show, by chance alone.

    mean     its mean: print it beside the miscalibration
    high     19 in 20 calibrated forecasters show less
    p_value  the share of them that show as much as was seen here, or more
    """

    mean: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Column:
    """How many forecasts lie in one bin, empty or not, and on how many questions."""

    low: float
    high: float
    forecasts: int
    questions: int


@dataclass(frozen=True)
class Slot:
    """One column of the histogram of where the truth fell, as shares of the forecaster's own distribution.

    count            how many truths fell there; fractions where a bin of the question straddles an edge
    expected         how many would, of a calibrated forecaster
    lower and upper  nine times in ten the count of a calibrated forecaster lies between these
    """

    low: float
    high: float
    count: float
    expected: float
    lower: float
    upper: float


@dataclass(frozen=True)
class HitRate:
    """How often the truth fell into the central interval that should hold it `share` of the time.

    rate          how often it did
    low and high  the 95% interval of it (Clopper and Pearson's, which holds at least that often)
    count         the number of forecasts
    """

    share: float
    rate: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Honest:
    """A band for the whole curve at once, over the d distinct forecasts: see honest_band."""

    forecast: Vector
    low: Vector
    high: Vector


def changed(series: Numbers, p: Vector) -> Mask:
    """Which forecasts differ from the one before in their series, (n,); the first of each does.

    series  (n,) ids of (forecaster, question), in time order within each, otherwise in any order
    p       (n,) probabilities, or (n, k) vectors, which differ where any of their outcomes does

    What is the same to a millionth is the same: who says 30% again has only said it again.

    >>> changed(np.array([1, 1, 2, 1, 2]), np.array([0.3, 0.3, 0.3, 0.4, 0.4])).tolist()
    [True, False, True, True, True]
    """
    order = np.argsort(series, kind="stable")
    said = np.rint(p * MILLION)[order]
    said = said[:, None] if p.ndim == 1 else said
    differs = (said[1:] != said[:-1]).any(axis=1) | (np.diff(series[order]) != 0)
    found = np.ones(len(p), dtype=bool)
    found[order[1:]] = differs
    return found


def bin_of(p: Vector, edges: Vector = EDGES) -> Numbers:
    """The number of each forecast's bin, (n,), from 0; a bin holds its lower edge, the last one both.

    A forecast is compared with the edges as a whole number of millionths: a third time 0.1 is 0.30000000000000004,
    and must lie where a typed 0.3 lies.
    """
    within = np.rint(edges[1:-1] * MILLION)
    return np.searchsorted(within, np.rint(p * MILLION), side="right").astype(np.int64)


def bins(p: Vector, y: npt.NDArray[Any], edges: Vector = EDGES) -> list[Dot]:
    """The cases by bins of the forecast, rising; only bins that hold any.

    p      (n,) the probabilities of YES
    y      (n,) 1 where YES happened, else 0
    edges  (b + 1,) of the bins, rising from 0 to 1
    """
    _require_cases(p, y)
    place = bin_of(p, edges)
    return [_dot(edges, int(number), p[place == number], y[place == number]) for number in np.unique(place)]


def bands(cases: Cases, level: float = 0.9, edges: Vector = EDGES) -> list[Band]:
    """The dots with the band in which each lies with chance `level`, if the forecaster is calibrated at each update.

    The band is centred on the bin's mean forecast. Its width is that of the sum of (y - p) over the bin's forecasts,
    by `variance`: updates within the bin and, in a crowd, forecasters on the same question are not counted as cases of
    their own. Where that leaves the equivalent of a few cases (a variance under 5), a normal curve is no likeness of
    what can happen, and the quantiles of a binomial number of `effective` cases take its place: these hold somewhat
    more often than `level`. An empty bin has no band. Each band is for itself: of 20 about two are missed.
    """
    lines, place = _lines(cases), bin_of(cases.p, edges)
    found = []
    for dot, number in zip(bins(cases.p, cases.y, edges), np.unique(place), strict=True):
        inside = place == number
        chance = _variance(lines, cases.p, inside.astype(np.float64))
        effective, (low, high) = _about(dot, chance, level)
        found.append(Band(dot, effective, low, high))
    return found


def variance(cases: Cases, weight: Vector) -> float:
    """The variance of the sum of weight x (y - p), if the forecaster is calibrated at each update.

    weight  (n,) each known at the moment of its forecast: of a bin, of p itself, never of what was said later

    For one series a_t (y - p_t) in time order it is the sum of p_t (1 - p_t) a_t (a_t + 2 (a_1 + .. + a_(t-1))): the
    later forecast knows all that the earlier one did, so E[(y - p_s)(y - p_t)] is p_t (1 - p_t). For the outcomes of a
    choice it is the same with p_t (1 - p_t) replaced by their covariances. With several series on one question nothing
    says how they hang together, and their standard deviations are added, as if fully: right within a bin, where all
    say nearly the same and share the outcome; too much where weights differ in sign (then see `spiegelhalter`).

    >>> once = Cases.of(np.array([1]), np.array([0.5]), np.array([1]))
    >>> twice = Cases.of(np.array([1, 1]), np.array([0.5, 0.5]), np.array([1, 1]))
    >>> variance(once, np.ones(1)), variance(twice, np.ones(2))
    (0.25, 1.0)
    """
    return _variance(_lines(cases), cases.p, weight)


def spiegelhalter(cases: Cases) -> Spiegelhalter:
    """Whether the Brier score differs from what these forecasts themselves expect, by more than chance.

    With one series a question the variance is that of `variance`, right however often the forecasts were updated. Over
    few questions its terms may cancel out, for whoever moved to and fro about fifty-fifty even to 0: where it is less
    than half of what the movements themselves show (`_moved`, whose mean is the same), these take its place.
    With several (a crowd) it is taken from the questions' own sums, squared, with Student's t for few questions: that
    needs many questions rather than many forecasters, and says nothing about one question alone.

    >>> calibrated = Cases.of(np.arange(4), np.array([0.1, 0.9, 0.8, 0.3]), np.array([0, 1, 1, 0]))
    >>> round(spiegelhalter(calibrated).z, 4)
    -0.8805

    Source: D. J. Spiegelhalter, Statistics in Medicine 5 (1986) 421-433; with one forecast a question it is that test.
    """
    weight = 1 - 2 * cases.p
    lines = _lines(cases)
    errors = np.bincount(lines.cluster, weight * (cases.y - cases.p))
    total = fsum(errors)
    crowded = len(lines.question_of_series) > len(errors)
    chance = fsum(errors**2) if crowded else _chance(lines, cases.p, weight)
    if chance <= 0:
        refuted = abs(total) > 1e-12
        return Spiegelhalter(total, chance, copysign(inf, total) if refuted else nan, 0.0 if refuted else nan)
    z = total / sqrt(chance)
    beyond = _beyond_own_spread(abs(z), len(errors)) if crowded else float(ndtr(-abs(z)))
    return Spiegelhalter(total, chance, z, 2 * beyond)


def pooled(p: Vector, y: npt.NDArray[Any]) -> Curve:
    """The rising curve that lies nearest to what happened: equal forecasts pooled, then adjacent violators.

    Ties are pooled first, so that the curve cannot depend on the order of the cases.

    Source: T. Dimitriadis, T. Gneiting, A. I. Jordan, PNAS 118 (2021) e2016191118 (CORP).
    """
    _require_cases(p, y)
    forecast, happened, count = _tied(p, y)
    return Curve(forecast, _rising(happened, count), count)


def rise(values: Vector, weights: npt.NDArray[Any] | None = None) -> Vector:
    """The never falling numbers nearest to `values` (n,) by squares weighted with `weights` (n,), all above 0.

    Found by pooling neighbours that fall. Whole runs that fall are pooled at once, in rounds, while that gets on;
    the few blocks that are left go one after another.

    >>> rise(np.array([1.0, 3.0, 2.0, 4.0])).tolist()
    [1.0, 2.5, 2.5, 4.0]

    Source: R. E. Barlow, D. J. Bartholomew, J. M. Bremner, H. D. Brunk, Statistical Inference under Order Restrictions
    (1972).
    """
    weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    if values.ndim != 1 or values.shape != weight.shape:
        raise ValueError(f"Values {values.shape} and weights {weight.shape} are not both (n,).")
    if not (np.isfinite(values).all() and (weight > 0).all()):
        raise ValueError("A value is not a number, or a weight is not above 0.")
    return _rising(values * weight, weight)


def decompose(p: Vector, y: npt.NDArray[Any], rule: str = "brier", floor: float = FLOOR) -> Parts:
    """The mean loss of these forecasts, by `rule` “brier” or “log”, as miscalibration, discrimination and uncertainty.

    floor  by the log rule the forecasts are first kept within floor..1 - floor, so that no loss is infinite

    Miscalibration and discrimination are never negative. The first is too high by chance alone, the more so the fewer
    the questions: .033 with 50 of them for a perfect forecaster. So it is never shown without `by_chance` beside it.

    >>> decompose(np.array([0.1, 0.9, 0.8, 0.3]), np.array([0, 1, 1, 0])).discrimination
    0.25

    Source: as `pooled`.
    """
    _require_cases(p, y)
    if not len(p):
        raise ValueError("There is no forecast to decompose. Give one or more.")
    forecast, happened, count = _tied(p, y)
    columns = _parts(forecast, happened, count, _loss(rule, floor), _ENTROPIES[rule])
    return Parts(*(float(column) for column in columns))


def by_chance(cases: Cases, rule: str = "brier", floor: float = FLOOR, draws: int = 500, seed: int = 2026) -> ByChance:
    """What miscalibration calibrated forecasters show who said just this: drawn `draws` times from `seed`. Yes/no only.

    Whoever is calibrated at each update knows, at the last one, all that came before: so, given the whole path, y is 1
    with the last forecast's probability, and nothing else about its law can be known. The outcomes are drawn so, once
    a question, and every forecast of the path is judged by that draw. Over calibrated paths this gives the right mean,
    and a p-value that is exact. Of somebody whose early forecasts are off against his own last ones, the mean holds
    that too: the comparison then errs in his favour.

    With several series on one question each has its own last forecast. All compare theirs with the same uniform
    number, so that each is calibrated by itself and all err together.
    """
    forecast, place, count = np.unique(cases.p, return_inverse=True, return_counts=True)
    loss, entropy = _loss(rule, floor), _ENTROPIES[rule]
    seen = decompose(cases.p, cases.y, rule, floor).miscalibration
    random = np.random.default_rng(seed)
    order, starts = np.argsort(place, kind="stable"), np.cumsum(count) - count
    drawn: list[Vector] = []
    while (done := sum(map(len, drawn))) < draws:
        outcomes = _outcomes(cases, min(draws - done, max(1, CELLS // len(place))), random)
        happened = np.add.reduceat(outcomes[:, order], starts, axis=1, dtype=np.int64)
        drawn.append(_parts(forecast, happened, count, loss, entropy)[1])
    shown = np.concatenate(drawn)
    as_much = 1 + np.count_nonzero(shown >= seen - 1e-12)
    return ByChance(float(shown.mean()), float(np.quantile(shown, 0.95)), float(as_much / (draws + 1)))


def honest_band(p: Vector, y: npt.NDArray[Any], alpha: float = 0.05) -> Honest:
    """A band that holds the whole true curve with chance 1 - alpha, for any number of cases and whatever its shape.

    It needs one forecast a question, independent questions and a true curve that does not fall; no more. Each stretch
    of neighbouring forecasts gives Clopper and Pearson's bounds; what holds for one forecast holds for all above it
    (below it), and alpha is divided among all stretches. The work grows with the square of the number of distinct
    forecasts: with more than some hundreds round them to whole percents first.

    Source: T. Dimitriadis, L. Dümbgen, A. Henzi, M. Puke, J. Ziegel, Biometrika 110 (2023) 663-680.
    """
    _require_cases(p, y)
    forecast, happened, count = _tied(p, y)
    size = len(forecast)
    each = alpha / max(1, size * (size + 1))
    low = _least(happened, count, each)
    return Honest(forecast, low, 1 - _least((count - happened)[::-1], count[::-1], each)[::-1])


def sharpness(question: Numbers, p: Vector, edges: Vector = EDGES) -> list[Column]:
    """How the forecasts are spread over the bins, empty ones included: many near 0 and 1 is sharp, near 1/2 is not."""
    place, size = bin_of(p, edges), len(edges) - 1
    forecasts = np.bincount(place, minlength=size).tolist()
    pairs = np.unique(np.stack([place, question]), axis=1)
    questions = np.bincount(pairs[0], minlength=size).tolist()
    return [Column(*row) for row in zip(edges[:-1].tolist(), edges[1:].tolist(), forecasts, questions, strict=True)]


def reach(vectors: Sequence[Vector], outcomes: Sequence[int]) -> tuple[Vector, Vector]:
    """How much probability each vector put below the outcome that happened, and up to and with it: two arrays (n,).

    vectors  over bins in order; of different lengths where the questions are

    >>> [place.tolist() for place in reach([np.array([0.25, 0.5, 0.25])], [1])]
    [[0.25], [0.75]]
    """
    below = np.array([fsum(vector[:outcome]) for vector, outcome in zip(vectors, outcomes, strict=True)])
    upto = np.array([fsum(vector[: outcome + 1]) for vector, outcome in zip(vectors, outcomes, strict=True)])
    return np.clip(below, 0, 1), np.clip(upto, 0, 1)


def pit(
    below: Vector, upto: Vector, question: Numbers | None = None, columns: int = 10, level: float = 0.9
) -> list[Slot]:
    """Where the truth fell in the forecaster's own distributions: flat for a calibrated forecaster.

    below     (n,) and
    upto      (n,) as `reach` gives them
    question  (n,) ids; forecasts on one question count as one for the band, which may then be somewhat too wide

    Full at both ends means too narrow, full in the middle too wide, full at one side biased. A truth is known only to
    its bin: it is spread evenly over all that the bin covers, and none is drawn by lot.

    Source: C. Czado, T. Gneiting, L. Held, Biometrics 65 (2009) 1254-1261 (the nonrandomised form).
    """
    edges = np.linspace(0, 1, columns + 1)
    counts = np.diff(_shares(below, upto, edges).sum(axis=0))
    total, expected = len(below), len(below) / columns
    lower, upper = _interval(1 / columns, _independent(len(below), question), level)
    return [
        Slot(low, high, count, expected, lower * total, upper * total)
        for low, high, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    ]


def hit_rate(below: Vector, upto: Vector, question: Numbers | None = None, share: float = 0.8) -> HitRate:
    """How often the truth lay between the quantiles that should hold it `share` of the time; arrays as for `pit`.

    A truth whose bin straddles a quantile hits with that part of its bin that lies inside.

    >>> hit_rate(np.array([0.0, 0.4]), np.array([0.2, 0.6])).rate
    0.75
    """
    if not len(below):
        raise ValueError("There is no forecast whose interval could hold the truth. Give one or more.")
    rate = float(np.diff(_shares(below, upto, np.array([0.5 - share / 2, 0.5 + share / 2]))).mean())
    cases = _independent(len(below), question)
    low = _surely_over(rate * cases, cases, 0.025)
    high = 1 - _surely_over((1 - rate) * cases, cases, 0.025)
    return HitRate(share, rate, float(low), float(high), len(below))


# What chance does


@dataclass(frozen=True)
class _Lines:
    """The n cases in an order in which each line (one series, one outcome) is together, and what belongs to what.

    order               (n,) which case comes at each place
    first               (n,) at each place, the place where its line begins
    turn                (n,) at each place, the number of its act: the outcomes of one forecast share it
    series_of_turn      (t,) numbers from 0
    question_of_series  (s,) numbers from 0
    cluster             (n,) the number of each case's question, in the cases' own order
    """

    order: Numbers
    first: Numbers
    turn: Numbers
    series_of_turn: Numbers
    question_of_series: Numbers
    cluster: Numbers


def _lines(cases: Cases) -> _Lines:
    order = np.lexsort((cases.outcome, cases.series))
    series, outcome = cases.series[order], cases.outcome[order]
    places = np.arange(len(order))
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (np.diff(series) != 0) | (np.diff(outcome) != 0)
    first = np.maximum.accumulate(np.where(begins, places, 0))
    _, starts, whose = np.unique(series, return_index=True, return_inverse=True)
    step = places - first
    _, found, turn = np.unique(whose * (len(order) + 1) + step, return_index=True, return_inverse=True)
    _, cluster = np.unique(cases.question, return_inverse=True)
    question_of_series = cluster[order][starts]
    if (question_of_series[whose] != cluster[order]).any():
        raise ValueError("A series runs over two questions. Give each pair of forecaster and question its own.")
    return _Lines(order, first, turn, whose[found], question_of_series, cluster)


def _variance(lines: _Lines, p: Vector, weight: Vector) -> float:
    a, said = weight[lines.order], p[lines.order]
    before = np.cumsum(a) - a
    far = a + 2 * (before - before[lines.first]) if len(a) else a
    own, one, other = (np.bincount(lines.turn, column) for column in (a * far * said, a * said, far * said))
    of_series = np.bincount(lines.series_of_turn, own - one * other)
    alone = np.bincount(lines.question_of_series) == 1
    summed = np.bincount(lines.question_of_series, of_series)
    together = np.bincount(lines.question_of_series, np.sqrt(np.maximum(of_series, 0))) ** 2
    return fsum(np.where(alone, summed, together))


def _chance(lines: _Lines, p: Vector, weight: Vector) -> float:
    """The variance for one series a question: never below 0, and not next to 0 where forecasts moved."""
    found, seen = _variance(lines, p, weight), _moved(lines, p, weight)
    return found if found > seen / 2 else seen


def _moved(lines: _Lines, p: Vector, weight: Vector) -> float:
    """The variance as movements show it, for one series a question.

    With A_t = a_1 + .. + a_t the sum of a_t (y - p_t) is that of A_t (p_(t+1) - p_t), where the last step goes to y.
    Its terms do not hang together, so their squares add up; of the last one the mean is taken, A_T² p_T (1 - p_T).
    """
    a, said = weight[lines.order], p[lines.order]
    before = np.cumsum(a) - a
    so_far = a + before - before[lines.first] if len(a) else a
    last = np.append(lines.first[1:] == np.arange(1, len(a)), True)[: len(a)]
    step = np.where(last, 0.0, np.append(said[1:], 0.0)[: len(a)] - said)
    moved, own, one = (
        np.bincount(lines.turn, column) for column in (so_far * step, so_far**2 * said * last, so_far * said * last)
    )
    return fsum(moved**2 + own - one**2)


def _about(dot: Dot, chance: float, level: float) -> tuple[float, tuple[float, float]]:
    """How many cases are as good as this dot's, and the band about the diagonal. Nothing varies where chance is 0."""
    if chance <= 0:
        return float(dot.count), (dot.forecast, dot.forecast)
    effective = dot.forecast * (1 - dot.forecast) * dot.count**2 / chance
    return effective, _interval(dot.forecast, effective, level)


def _interval(p: float, effective: float, level: float) -> tuple[float, float]:
    """Where the share of `effective` cases lies with chance `level` that come true with chance p each."""
    tail = (1 - level) / 2
    if effective * p * (1 - p) >= NORMAL_FROM:
        half = float(-ndtri(tail)) * sqrt(p * (1 - p) / effective)
        return max(0.0, p - half), min(1.0, p + half)
    cases = max(1, round(effective))
    rare = min(p, 1 - p)
    # The variance is under 5, so the rarer of the two happens fewer than 60 times but for one time in 10**20.
    reached = bdtr(np.arange(min(cases, 60) + 1), cases, rare)
    low, high = (np.searchsorted(reached, np.array([tail, 1 - tail])) / cases).tolist()
    return (low, min(1.0, high)) if p <= 0.5 else (max(0.0, 1 - high), 1 - low)


def _beyond_own_spread(z: float, clusters: int) -> float:
    """How often |sum| / sqrt(sum of squares) of so many errors about 0 goes beyond z, to one side.

    It is a function of Student's t of the errors, and cannot go beyond the root of their number.
    """
    left = clusters - z**2
    if clusters < 2 or left <= 0:
        return 0.5 if clusters < 2 else 0.0
    return float(stdtr(clusters - 1, -z * sqrt((clusters - 1) / left)))


def _independent(count: int, question: Numbers | None) -> float:
    """How many independent forecasts these are worth, if those on one question always err together."""
    if question is None:
        return float(count)
    _, times = np.unique(question, return_counts=True)
    return float(count**2 / max(1, int((times**2).sum())))


def _surely_over(happened: Any, cases: Any, tail: float) -> Any:
    """Clopper and Pearson's lower bound of a share, too high in a share `tail` of all runs at most."""
    bound = betaincinv(np.maximum(happened, 1e-300), cases - happened + 1, tail)
    return np.where(np.asarray(happened) > 0, bound, 0.0)


def _least(happened: Numbers, count: Numbers, each: float) -> Vector:
    """The largest lower bound that any stretch ending at a forecast, or before it, gives for that forecast."""
    true, cases = (np.concatenate([[0], np.cumsum(column)]) for column in (happened, count))
    best = [
        _surely_over(true[end] - true[:end], cases[end] - cases[:end], each).max() for end in range(1, len(count) + 1)
    ]
    return np.maximum.accumulate(np.array(best, dtype=np.float64))


def _shares(below: Vector, upto: Vector, edges: Vector) -> Vector:
    """How much of each forecast's truth lies below each edge, (n, e): a bin without probability is a point."""
    width = (upto - below)[:, None]
    gone = np.clip((edges - below[:, None]) / np.where(width > 0, width, 1.0), 0, 1)
    return np.where(width > 0, gone, (edges > below[:, None]) | (edges >= 1))


def _outcomes(cases: Cases, draws: int, random: np.random.Generator) -> Mask:
    """Outcomes (draws, n) that calibrated forecasters with these last forecasts would have seen."""
    if cases.outcome.any():
        raise ValueError("Outcomes can be drawn for yes/no questions only.")
    _, cluster = np.unique(cases.question, return_inverse=True)
    _, reversed_ends, whose = np.unique(cases.series[::-1], return_index=True, return_inverse=True)
    last = cases.p[::-1][reversed_ends][whose[::-1]]
    lots = random.random((draws, int(cluster.max()) + 1))
    return np.asarray(lots[:, cluster] < last, dtype=np.bool_)


# Scores and their parts


def _brier(forecast: Vector, rate: Vector) -> Vector:
    return np.asarray(forecast**2 + rate * (1 - 2 * forecast))


def _log(forecast: Vector, rate: Vector) -> Vector:
    return np.asarray(-xlogy(rate, forecast) - xlogy(1 - rate, 1 - forecast))


# The mean loss of saying a rate that is right.
_ENTROPIES: Mapping[str, Callable[[Vector], Vector]] = {
    "brier": lambda rate: rate * (1 - rate),
    "log": lambda rate: _log(rate, rate),
}


def _loss(rule: str, floor: float) -> Callable[[Vector, Vector], Vector]:
    """The mean loss of saying `forecast` of what happens at `rate`."""
    if rule not in _ENTROPIES:
        raise ValueError(f"“{rule}” cannot be decomposed. Give “brier” or “log”.")
    return _brier if rule == "brier" else lambda forecast, rate: _log(np.clip(forecast, floor, 1 - floor), rate)


def _parts(
    forecast: Vector,
    happened: Numbers,
    count: Numbers,
    loss: Callable[[Vector, Vector], Vector],
    entropy: Callable[[Vector], Vector],
) -> tuple[Vector, Vector, Vector, Vector]:
    """Score, miscalibration, discrimination and uncertainty along the last axis of `happened` (..., d)."""
    share = count / count.sum()
    rate = happened / count
    score = (share * loss(forecast, rate)).sum(axis=-1)
    pooled_score = (share * entropy(_rise_each(happened, count))).sum(axis=-1)
    uncertainty = entropy((share * rate).sum(axis=-1))
    # Never negative but for rounding: the curve is the best there is, and the base rate is a curve too.
    return score, np.maximum(score - pooled_score, 0), np.maximum(uncertainty - pooled_score, 0), uncertainty


def _rise_each(happened: Numbers, count: Numbers) -> Vector:
    """The pooled frequencies along the last axis of `happened` (..., d), all rows at once."""
    rows = happened.reshape(-1, len(count))
    # Each row is lifted over the one before, so that no block reaches from one into another.
    lift = 2 * np.arange(len(rows))[:, None]
    risen = _rising((rows + lift * count).ravel(), np.tile(count, len(rows)))
    return np.clip(risen.reshape(rows.shape) - lift, 0, 1).reshape(happened.shape)


# Pooling


def _tied(p: Vector, y: npt.NDArray[Any]) -> tuple[Vector, Numbers, Numbers]:
    """The distinct forecasts, rising, how often each came true, and how many cases there are of each."""
    key = _in_order(p, y)
    happened = (key & np.uint64(1)).view(np.int64)
    key >>= np.uint64(1)
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])[: len(key)])
    count = np.diff(starts, append=len(key))
    if len(starts) < len(key):
        key, happened = key[starts], np.add.reduceat(happened, starts)
    return key.view(np.float64), happened, count


def _in_order(p: Vector, y: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """The forecasts' bits, rising, each with its outcome as the last bit.

    The bits of floats that are not negative rise with them. A radix sort by the first 16 bits of the probability as a
    fraction brings nearly all into place, and a merge sort finishes what is nearly sorted: half the time of one sort.
    """
    key: npt.NDArray[np.uint64] = np.add(p, 0.0, dtype=np.float64).view(np.uint64)  # + 0.0 makes -0.0 a plain 0
    key <<= np.uint64(1)
    key |= y == 1
    key = key[np.argsort((p * 65_535).astype(np.uint16), kind="stable")]
    key.sort(kind="stable")
    return key


def _rising(sums: npt.NDArray[Any], weights: npt.NDArray[Any]) -> Vector:
    """The never falling means nearest to sums / weights. Whole numbers of either are counted without rounding."""
    # First by stretches that fit into the processor's cache: what falls within one is pooled whatever lies beside it.
    parts = [_runs_pooled(sums[at : at + CACHED], weights[at : at + CACHED]) for at in range(0, len(sums), CACHED)]
    if not parts:
        return np.empty(0)
    blocks = [np.concatenate(column) for column in zip(*parts, strict=True)]
    before = len(sums)
    while before - len(blocks[0]) > before // 20:
        before = len(blocks[0])
        *pooled_further, joined = _runs_pooled(blocks[0], blocks[1])
        ends = np.cumsum(joined) - 1
        blocks = [*pooled_further, np.diff(np.cumsum(blocks[2])[ends], prepend=0)]
    means, widths = _pooled_one_by_one(*blocks)
    return np.repeat(means, widths)


def _runs_pooled(
    sums: npt.NDArray[Any], weights: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], Numbers]:
    """The sums and weights of the runs whose means do not rise, and how many values each run has."""
    means = sums / weights
    starts = np.concatenate([[0], np.flatnonzero(means[:-1] < means[1:]) + 1])
    return _summed(sums, starts), _summed(weights, starts), np.diff(starts, append=len(sums))


def _summed(column: npt.NDArray[Any], starts: Numbers) -> npt.NDArray[Any]:
    """The sums of the stretches that begin at `starts`."""
    if column.dtype.kind == "f":
        return np.asarray(np.add.reduceat(column, starts))
    ends = np.append(starts[1:], len(column)) - 1  # running sums of whole numbers lose nothing and are faster
    return np.diff(np.cumsum(column)[ends], prepend=0)


def _pooled_one_by_one(sums: npt.NDArray[Any], weights: npt.NDArray[Any], widths: Numbers) -> tuple[Vector, Numbers]:
    blocks: list[tuple[float, float, float, int]] = []  # mean, sum, weight, over how many values
    for new_sum, new_weight, new_width in zip(sums.tolist(), weights.tolist(), widths.tolist(), strict=True):
        total, weight, width = new_sum, new_weight, new_width
        # Means of whole numbers below 2**26 are equal floats where they are equal fractions.
        while blocks and blocks[-1][0] > total / weight:
            _, earlier, heavier, wider = blocks.pop()
            total, weight, width = total + earlier, weight + heavier, width + wider
        blocks.append((total / weight, total, weight, width))
    means = np.array([block[0] for block in blocks], dtype=np.float64)
    return means, np.array([block[3] for block in blocks], dtype=np.int64)


def _dot(edges: Vector, number: int, p: Vector, y: npt.NDArray[Any]) -> Dot:
    count = len(p)
    # fsum is exact, so the mean does not depend on the order of the cases.
    low, high = float(edges[number]), float(edges[number + 1])
    return Dot(low, high, count, fsum(p) / count, float((y == 1).sum()) / count)


def _require_cases(p: Vector, y: npt.NDArray[Any]) -> None:
    if p.ndim != 1 or p.shape != y.shape:
        raise ValueError(f"Forecasts {p.shape} and outcomes {y.shape} are not both (n,).")
    if len(p) and not (p.min() >= 0 and p.max() <= 1):
        wrong = p[~((p >= 0) & (p <= 1))]
        raise ValueError(f"{wrong[0]} is not a probability. Give numbers from 0 to 1.")
    neither = y[~((y == 0) | (y == 1))]
    if neither.size:
        raise ValueError(f"{neither[0]} is not an outcome of a yes/no question. Give 0 or 1.")
