"""Whether somebody's forecasts move as much as what was learned justifies: the movement ratio.

Scale: 1 is right; above 1 they move back and forth too much, below 1 too little. It is no score: it says nothing about
how much somebody knows, only how he changes his mind.
"""

from dataclasses import dataclass

import numpy as np

from forecasts.calibration import Cases
from forecasts.timeline import Numbers
from questions.shape import Vector

LEAST = 5  # groups, below which an interval would be a guess
NEAR = (0.8, 1.25)  # an interval within these says “about as much”


@dataclass(frozen=True)
class Movement:
    """The movement ratio over all questions, and what it allows to say.

    ratio         NaN where every first forecast was 0 or 1, so that nothing was left to learn
    low and high  the 95% interval of it; None under five groups
    series        how many paths of forecasts there are
    groups        how many groups of linked questions they are on
    verdict       a sentence for a person, only as strong as the interval allows
    """

    ratio: float
    low: float | None
    high: float | None
    series: int
    groups: int
    verdict: str


def movement(cases: Cases, group: Numbers, level: float = 0.95, draws: int = 2000, seed: int = 2026) -> Movement:
    """The sum of all squared steps, the last one to the outcome included, over the sum of p(1 - p) of first forecasts.

    cases  yes/no questions; a path per series
    group  (n,) ids of linked questions; the interval resamples these

    Whoever is calibrated at each update expects p(1 - p) of squared steps from a forecast p to the end, however the
    news come and however often he speaks. Going back and forth adds to it; small steps that all go one way fall short.
    An overconfident first forecast also shows as too much movement, and one too near to 50% as too little. Who never
    moves and was right to begin with stands at 1.

    The interval is the bootstrap-t one of the ratio's logarithm, over groups: over 600 runs it held 1 in .90, .94 and
    .95 of them for a rational forecaster with 10, 15 and 60 questions.

    >>> path = Cases.of(np.array([1, 1, 1]), np.array([0.5, 0.7, 0.9]), np.array([1, 1, 1]))
    >>> round(movement(path, np.array([1, 1, 1])).ratio, 4)
    0.36

    Source: N. Augenblick, M. Rabin, Quarterly Journal of Economics 136 (2021) 933-985.
    """
    if not cases.p.shape == group.shape:
        raise ValueError(f"Forecasts {cases.p.shape} and groups {group.shape} are not both (n,).")
    moved, uncertain, groups = _sums(cases, group)
    series = len(np.unique(cases.series))
    if not uncertain.sum() > 0:
        return Movement(np.nan, None, None, series, len(groups), "Nothing was left open at the start.")
    ratio = float(moved.sum() / uncertain.sum())
    low, high = _interval(moved, uncertain, level, draws, seed)
    return Movement(ratio, low, high, series, len(groups), _verdict(low, high))


def _sums(cases: Cases, group: Numbers) -> tuple[Vector, Vector, Numbers]:
    """The squared steps and the first uncertainties by group."""
    if cases.outcome.any():
        raise ValueError("Movement is told of yes/no questions only.")
    order = np.argsort(cases.series, kind="stable")
    p, y, series = cases.p[order], cases.y[order], cases.series[order]
    goes_on = np.append(np.diff(series) == 0, np.zeros(min(1, len(p)), dtype=bool))
    begins = ~np.roll(goes_on, 1)
    step = np.where(goes_on, np.roll(p, -1), y) - p
    groups, place = np.unique(group[order], return_inverse=True)
    moved = np.bincount(place, step**2).astype(np.float64)
    return moved, np.bincount(place, np.where(begins, p * (1 - p), 0.0)).astype(np.float64), groups


def _interval(
    moved: Vector, uncertain: Vector, level: float, draws: int, seed: int
) -> tuple[float | None, float | None]:
    groups = len(moved)
    if groups < LEAST or not moved.sum() > 0:
        return None, None
    once = np.ones((1, groups), dtype=np.int64)
    weights = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), draws)
    (centre,), (error,) = _logs(once, moved, uncertain)
    logs, errors = _logs(weights, moved, uncertain)
    usable = np.isfinite(logs) & (errors > 0)
    if not usable.any():
        return None, None
    away = np.quantile((logs[usable] - centre) / errors[usable], [(1 + level) / 2, (1 - level) / 2])
    low, high = np.exp(np.clip(centre - away * error, -20, 20)).tolist()
    return low, high


def _logs(weights: Numbers, moved: Vector, uncertain: Vector) -> tuple[Vector, Vector]:
    """The logarithm of the ratio under each row of weights (b, groups), and its standard error."""
    above, below = weights @ moved, weights @ uncertain
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = above / below
        squares = (weights * (moved - ratio[:, None] * uncertain) ** 2).sum(axis=1)
        return np.log(ratio), np.sqrt(squares) / above


def _verdict(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "Too few questions to say how the forecasts move."
    for holds, sentence in (
        (low > 1, "Moves back and forth more than what was learned justifies."),
        (high < 1, "Moves too little, too late, for what was learned."),
        (low >= NEAR[0] and high <= NEAR[1], "Moves about as much as what was learned justifies."),
        (high <= NEAR[1], "Does not move much more than what was learned justifies; it may be too little."),
        (low >= NEAR[0], "Does not move much less than what was learned justifies; it may be too much."),
    ):
        if holds:
            return sentence
    return "Nothing says that the forecasts move too much or too little; more questions would tell."
