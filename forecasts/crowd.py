"""What everybody together said at each moment, as a forecaster of its own; and the one who always says fifty-fifty.

Who belongs to the crowd is the caller's choice: it is whoever's acts are given.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecasts.timeline import NEVER, Acts, Numbers, stands
from questions.shape import Vector


@dataclass(frozen=True)
class Path:
    """The crowd after each of the t distinct moments at which somebody's forecast began or ceased to stand.

    at      (t,)   the moments, rising
    count   (t,)   how many forecasters stood from then on
    middle  (t, k) the crowd's forecast, a probability vector
    lower   (t, k) a quarter of the forecasters gave less than this to the outcome; NaN where outcomes have an order
    upper   (t, k) a quarter of them gave more; NaN where outcomes have an order

    NaN in every column where nobody stood. The quartiles are those of each outcome by itself and do not sum to 1; with
    three outcomes or more the middle, which does, may lie outside them.
    """

    at: Numbers
    count: Numbers
    middle: Vector
    lower: Vector
    upper: Vector


@dataclass(frozen=True)
class _Changes:
    """Forecasts that began or ceased to stand, by time: e of them, at t distinct moments.

    row    (e,) which act
    step   (e,) 1 where it began to stand, -1 where it ceased to
    at     (t,) the distinct moments, rising
    first  (t,) the place in `row` and `step` where those of each moment begin
    """

    row: Numbers
    step: Numbers
    at: Numbers
    first: Numbers


def path(acts: Acts, ordered: bool) -> Path:
    """The crowd over time: see Path.

    Without an order the middle is the median of each outcome by itself, rescaled to sum to 1. Where all these medians
    are 0 (everybody is sure of another outcome) there is nothing to rescale, and the mean takes their place. With an
    order it is the mean of the cumulative distributions, which is the mean of the vectors; quartiles of single bins
    would say nothing there, so they stay empty: read the spread from the middle's own quantiles.

    Quartiles and medians are interpolated linearly between neighbours, as numpy does by default (Hyndman and Fan's
    type 7): the median of an even number of forecasts is half way between the two in the middle.
    """
    changes = _changes(acts)
    count = np.cumsum(np.add.reduceat(changes.step, changes.first))
    mean = _mean(acts.probabilities, changes, count)
    if ordered:
        nothing = np.broadcast_to(np.nan, mean.shape)
        return Path(changes.at, count, mean, nothing, nothing)
    spread = np.empty((3, *mean.shape))
    for outcome, column in enumerate(acts.probabilities.T):
        spread[:, :, outcome] = _quartiles(column, changes).T
    lower, medians, upper = spread
    return Path(changes.at, count, _rescaled(medians, mean), lower, upper)


def at(path: Path, moment: int) -> int | None:
    """The row of the path that holds at `moment`; None where nobody stood."""
    row = int(np.searchsorted(path.at, moment, side="right")) - 1
    return row if row >= 0 and path.count[row] else None


def thin(path: Path, points: int) -> Path:
    """The path with at most `points` of its rows (2 or more), evenly chosen; the first and the last are always kept."""
    if points < 2:
        raise ValueError(f"A path cannot be drawn with {points} points. Give 2 or more.")
    rows = len(path.at)
    if rows <= points:
        return path
    kept = np.linspace(0, rows - 1, points).round().astype(np.int64)
    return Path(path.at[kept], path.count[kept], path.middle[kept], path.lower[kept], path.upper[kept])


def as_acts(path: Path, forecaster: int) -> Acts:
    """The crowd's acts under the id `forecaster`, to be scored as anybody's: it withdraws when nobody stands."""
    rows = len(path.at)
    return Acts(np.full(rows, forecaster), path.at, path.middle, path.count == 0, np.full(rows, NEVER))


def always_even(size: int, opens: int, forecaster: int) -> Acts:
    """The acts of somebody who knows nothing: the same probability for each of `size` outcomes from the opening on."""
    even = np.full((1, size), 1 / size)
    return Acts(np.array([forecaster]), np.array([opens]), even, np.array([False]), np.array([NEVER]))


def _changes(acts: Acts) -> _Changes:
    start, stop = stands(acts)
    began = np.flatnonzero(stop > start)
    ceased = began[stop[began] < NEVER]
    moments = np.concatenate([start[began], stop[ceased]])
    order = np.argsort(moments, kind="stable")
    row = np.concatenate([began, ceased])[order]
    step = np.repeat(np.array([1, -1]), [len(began), len(ceased)])[order]
    distinct, first = np.unique(moments[order], return_index=True)
    return _Changes(row, step, distinct, first)


def _mean(probabilities: Vector, changes: _Changes, count: Numbers) -> Vector:
    """The mean of the standing vectors after each moment, (t, k), by running sums.

    Sums of floats would gather rounding dust with everybody who comes and goes. These are sums of whole numbers, in a
    unit so small that all n vectors just fit into 63 bits: nothing is lost in them, whatever the order.
    """
    bits = 62 - len(probabilities).bit_length()
    moving = np.rint(np.ldexp(probabilities[changes.row], bits)).astype(np.int64) * changes.step[:, None]
    sums = np.cumsum(np.add.reduceat(moving, changes.first, axis=0), axis=0)
    means = np.full(sums.shape, np.nan)
    somebody = count > 0
    means[somebody] = np.ldexp(sums[somebody] / count[somebody, None], -bits)
    return means


def _quartiles(values: Vector, changes: _Changes) -> Vector:
    """The lower quartile, median and upper quartile of the standing values after each moment, (t, 3)."""
    moving, steps = values[changes.row].tolist(), changes.step.tolist()
    standing: list[float] = []
    rows = []
    for first, end in pairwise([*changes.first.tolist(), len(moving)]):
        for value, step in zip(moving[first:end], steps[first:end], strict=True):
            if step > 0:
                insort(standing, value)
            else:
                del standing[bisect_left(standing, value)]
        rows.append([_quantile(standing, quarters) for quarters in (1, 2, 3)])
    return np.array(rows).reshape(-1, 3)


def _quantile(rising: list[float], quarters: int) -> float:
    """The value below which `quarters` quarters of the rising values lie; NaN where there are none."""
    if not rising:
        return float("nan")
    whole, rest = divmod((len(rising) - 1) * quarters, 4)
    if not rest:
        return rising[whole]
    return rising[whole] + (rising[whole + 1] - rising[whole]) * rest / 4


def _rescaled(medians: Vector, means: Vector) -> Vector:
    sums = medians.sum(axis=1, keepdims=True)
    empty = sums == 0
    return np.where(empty, means, medians / np.where(empty, 1.0, sums))
