"""At which thresholds a forecaster is good: for everybody who acts when the chance reaches theta, what it cost him.

Somebody who acts from the chance theta on, be it low (a vaccine) or high (an arrest), loses |y - theta| whenever the
forecast and what happened lie on different sides of theta. The Murphy diagram draws the mean of that elementary loss
over theta. Twice the area under it is the mean Brier loss (p - y)²; every other proper rule weighs the thresholds in
another way. So whoever lies lower at every threshold is better by every proper rule.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from forecasts.timeline import Numbers
from questions.shape import Vector

LEVEL: Final = 0.95
LEAST: Final = 5  # groups under which no band is given, as on the boards
MOST: Final = 500  # thresholds that a band is computed at
_DUST: Final = 1e-12  # what rounding may add to a mean of losses


@dataclass(frozen=True)
class Diagram:
    """The mean elementary loss, exactly: straight between neighbouring points, and upright where it jumps.

    theta  (m,) thresholds from 0 to 1; each jump stands twice, just before it and at it
    loss   (m,) the mean elementary loss there, 0 to 1, lower is better
    """

    theta: Vector
    loss: Vector


@dataclass(frozen=True)
class Difference:
    """A's mean elementary loss minus B's: below 0, A is better for whoever acts at that threshold.

    theta       (m,) thresholds from 0 to 1; each jump stands twice, just before it and at it
    difference  (m,) straight between neighbouring points; exact at each of them
    low, high   (m,) the 95% band, threshold by threshold: at any one theta it holds, not at all of them together;
                NaN under five groups
    better      who loses less at some thresholds and more at none, in these cases; None where the two cross or are
                equal. It is said of what happened, not of what will: look at the band
    """

    theta: Vector
    difference: Vector
    low: Vector
    high: Vector
    better: Literal["A", "B"] | None


def elementary(p: Vector, y: npt.NDArray[Any], theta: Vector, group: Numbers | None = None) -> Vector:
    """The mean elementary loss |y - theta| 1{min(p, y) <= theta < max(p, y)} at each threshold.

    p        (n,) the probabilities of YES
    y        (n,) 1 where YES happened, else 0
    theta    (m,) thresholds, 0 to 1
    group    (n,) the linked questions each belongs to; groups weigh the same, whatever their size. Without it each
             case weighs the same
    returns  (m,) 0 to 1, lower is better. On the scale of the book; some packages give half of it

    >>> elementary(np.array([0.7, 0.2]), np.array([1, 1]), np.array([0.1, 0.4, 0.7])).round(3).tolist()
    [0.0, 0.3, 0.3]

    Source: W. Ehm, T. Gneiting, A. Jordan, F. Krüger, Journal of the Royal Statistical Society B 78 (2016), 505-562.
    """
    _require_cases(p, y)
    return _mean_at(p, y, theta, _weights(len(p), group), "right")


def diagram(p: Vector, y: npt.NDArray[Any], group: Numbers | None = None) -> Diagram:
    """The whole diagram of one forecaster, with every jump; arguments as for `elementary`."""
    _require_cases(p, y)
    theta, weights = _jumps(p), _weights(len(p), group)
    sides = [_mean_at(p, y, theta, weights, side) for side in ("left", "right")]
    return Diagram(np.repeat(theta, 2), np.column_stack(sides).ravel())


def difference(
    a: Vector, b: Vector, y: npt.NDArray[Any], group: Numbers | None = None, level: float = LEVEL, most: int = MOST
) -> Difference:
    """A's diagram minus B's, with a band that takes linked questions as one.

    a, b   (n,) the probabilities of YES that they gave; y and group as for `elementary`
    level  how sure the band is, at any one threshold
    most   where the two jump at more thresholds than this, so many of them are shown, evenly chosen

    The band is by Student's t over the groups' mean differences.
    """
    _require_cases(a, y)
    _require_cases(b, y)
    jumps = _jumps(np.concatenate([a, b]))
    better = _dominant(a, b, y, jumps, _weights(len(a), group))
    shown = jumps[np.unique(np.linspace(0, len(jumps) - 1, min(most, len(jumps))).round().astype(np.int64))]
    places = np.arange(len(y)) if group is None else np.unique(group, return_inverse=True)[1]
    rows = [_by_group(a, b, y, at, places, before) for at in shown for before in (True, False)]
    mean, half = _band(rows, level)
    return Difference(np.repeat(shown, 2), mean, mean - half, mean + half, better)


def _jumps(p: Vector) -> Vector:
    """Both ends, and every forecast between them: only there can the loss jump, and only the jumps bend it."""
    return np.unique(np.concatenate([p, [0.0, 1.0]]))


def _weights(count: int, group: Numbers | None) -> Vector:
    if group is None:
        return np.full(count, 1 / max(count, 1))
    if group.shape != (count,):
        raise ValueError(f"Groups {group.shape} and forecasts ({count},) are not both (n,).")
    _, place, size = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(1 / size[place] / max(len(size), 1))


def _mean_at(p: Vector, y: npt.NDArray[Any], theta: Vector, weights: Vector, side: Literal["left", "right"]) -> Vector:
    """The weighted mean at each threshold, or its limit from the left: two sorts and a running sum."""
    happened = y == 1
    under = _weight_under(p[happened], weights[happened], theta, side)
    over = weights[~happened].sum() - _weight_under(p[~happened], weights[~happened], theta, side)
    mean: Vector = (1 - theta) * under + theta * np.maximum(over, 0)
    return mean


def _weight_under(p: Vector, weights: Vector, theta: Vector, side: Literal["left", "right"]) -> Vector:
    """The weight of the forecasts up to each threshold; of those before it on the left side."""
    order = np.argsort(p, kind="stable")
    running = np.append(0.0, np.cumsum(weights[order]))
    return running[np.searchsorted(p[order], theta, side=side)]


def _dominant(a: Vector, b: Vector, y: npt.NDArray[Any], theta: Vector, weights: Vector) -> Literal["A", "B"] | None:
    """Who is nowhere worse and somewhere better. Both lines are straight between the jumps: to look there is enough."""
    apart = [_mean_at(a, y, theta, weights, side) - _mean_at(b, y, theta, weights, side) for side in ("left", "right")]
    lowest, highest = np.min(apart), np.max(apart)
    if lowest < -_DUST and highest <= _DUST:
        return "A"
    return "B" if highest > _DUST and lowest >= -_DUST else None


def _by_group(a: Vector, b: Vector, y: npt.NDArray[Any], theta: float, places: Numbers, before: bool) -> Vector:
    """Each group's mean difference at one threshold, or just before it."""
    reached = [p >= theta if before else p > theta for p in (a, b)]
    # Who did not act lost 1 - theta where it happened, who did lost theta where it did not.
    apart = np.where(y == 1, (1 - theta) * (~reached[0] * 1.0 - ~reached[1]), theta * (reached[0] * 1.0 - reached[1]))
    size = np.bincount(places)
    return np.asarray(np.bincount(places, weights=apart) / size)


def _band(rows: list[Vector], level: float) -> tuple[Vector, Vector]:
    """The mean over groups at each threshold, and half the width of its band."""
    groups = len(rows[0])
    if not groups:
        return np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    mean = np.array([row.mean() for row in rows])
    if groups < LEAST:
        return mean, np.full(len(rows), np.nan)
    deviation = np.array([row.std(ddof=1) for row in rows])
    half: Vector = float(stdtrit(groups - 1, (1 + level) / 2)) * deviation / groups**0.5
    return mean, half


def _require_cases(p: Vector, y: npt.NDArray[Any]) -> None:
    if p.ndim != 1 or p.shape != y.shape:
        raise ValueError(f"Forecasts {p.shape} and outcomes {y.shape} are not both (n,).")
    wrong = p[~((p >= 0) & (p <= 1))]
    if wrong.size:
        raise ValueError(f"{wrong[0]} is not a probability. Give numbers from 0 to 1.")
    neither = y[~((y == 0) | (y == 1))]
    if neither.size:
        raise ValueError(f"{neither[0]} is not an outcome of a yes/no question. Give 0 or 1.")
