"""What everybody together said at each moment, as a forecaster of its own; and the one who always says fifty-fifty.

Who belongs to the crowd is the caller's choice: it is whoever's acts are given. There is more than one way to make one
forecast of many: AGGREGATES has each by its name. All of them are worked out for every moment at once, exactly and
without a loop over forecasts: the median in n log n, the means in n, and the recency-weighted median, where whoever
withdraws changes the weight of everybody after them, in as many steps as there are pairs of a moment and a forecast
whose weight can still decide.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtrit

from forecasts.rules.brier import score
from forecasts.rules.log import floor_for
from forecasts.timeline import NEVER, Acts, Mask, Numbers, stands
from questions.shape import Vector

BLOCK: Final = 16_384  # what is searched for together: few enough to stay near the processor
COLUMNS: Final = 8  # outcomes that are summed together: one line of the processor's cache
CELLS: Final = 2**17  # weights that are looked through together
ROWS: Final = 256  # rows of a path whose weighted means are taken together
STRIDE: Final = 32  # weights that are added up before they are looked through
DECISIVE: Final = 13.0  # weights under e**-13 of the newest hardly ever move a median; where they may, all are used
VISIBLE: Final = 38.0  # weights under e**-38 of the newest are lost in the rounding of a mean
WIDEST: Final = 8.0  # the largest exponent that is tried, and the inverse of the smallest
TRIED: Final = 209  # exponents that are tried, 2% apart
MOVED: Final = 0.1  # by how much somebody's chance must have changed for the crowd to have moved
SLACK: Final = 1e-9  # what rounding may take from a difference that was typed as ten points
LEAST: Final = 5  # groups under which nothing is learned and no interval is given


@dataclass(frozen=True)
class Path:
    """The crowd after each of the t distinct moments at which somebody's forecast began or ceased to stand.

    at      (t,)   the moments, rising
    count   (t,)   how many forecasters stood from then on
    middle  (t, k) the crowd's forecast, a probability vector
    lower   (t, k) a quarter of the forecasters gave less than this to the outcome
    upper   (t, k) a quarter of them gave more

    NaN in every column where nobody stood. Only the medians have quartiles, and only where outcomes have no order; else
    `lower` and `upper` are NaN throughout. They are those of each outcome by itself and do not sum to 1; with three
    outcomes or more the middle, which does, may lie outside them.
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
    until  (t,) how many changes there are up to each moment, those at the moment included
    count  (t,) how many acts stood after it
    """

    row: Numbers
    step: Numbers
    at: Numbers
    until: Numbers
    count: Numbers

    @property
    def began(self) -> Numbers:
        """The acts that ever stood, (m,), in the order in which they began to; at one moment as in the journal."""
        return self.row[self.step > 0]


# The crowd over time


def path(acts: Acts, ordered: bool) -> Path:
    """The crowd over time by the median: see Path.

    Without an order the middle is the median of each outcome by itself, rescaled to sum to 1. Where all these medians
    are 0 (everybody is sure of another outcome) there is nothing to rescale, and the mean takes their place. With an
    order it is the mean of the cumulative distributions, which is the mean of the vectors; quartiles of single bins
    would say nothing there, so they stay empty: read the spread from the middle's own quantiles.

    Quartiles and medians are interpolated linearly between neighbours, as numpy does by default (Hyndman and Fan's
    type 7): the median of an even number of forecasts is half way between the two in the middle.
    """
    if ordered:
        return mean(acts, ordered)
    changes = _changes(acts)
    lower, medians, upper = _spread(acts.probabilities, changes)
    middle = _rescaled(medians, lambda rows: _means(acts.probabilities, changes, 1.0)[rows])
    return Path(changes.at, changes.count, middle, lower, upper)


def mean(acts: Acts, ordered: bool) -> Path:
    """The crowd over time by the mean of the vectors, with an order or without. It has no quartiles.

    Exact to about n times 2**-62 however many came and went: see _means.
    """
    changes = _changes(acts)
    return _bare(changes, _means(acts.probabilities, changes, 1.0))


def odds(acts: Acts, ordered: bool) -> Path:
    """The crowd over time by the geometric mean of odds. It has no quartiles.

    Over k outcomes without an order: the geometric mean of what was given to each, rescaled to sum to 1; for yes or no
    its odds are the geometric mean of everybody's odds. Nobody who says 0 or 1 decides alone: as by the log rule no
    probability counts as less than its floor (0.001), so that certainty counts as odds of 1000 to 1. Hence it never
    says 0 or 1 itself. With an order it is the mean of the cumulative distributions, as in `path`: a geometric mean of
    bins would leave next to nothing where two distributions do not overlap.

    Source: V. A. Satopää et al., International Journal of Forecasting 30 (2014), 344-356.
    """
    if ordered:
        return mean(acts, ordered)
    floor = floor_for(acts.probabilities.shape[1], ordered)
    changes = _changes(acts)
    logs = _means(np.log(np.maximum(acts.probabilities, floor)), changes, -np.log(floor))
    geometric = np.exp(logs)
    return _bare(changes, geometric / geometric.sum(axis=1, keepdims=True))


def recent(acts: Acts, ordered: bool) -> Path:
    """The crowd over time with more weight on forecasts that began to stand more recently: see recency_weights.

    Without an order: the weighted median of each outcome by itself, rescaled as in `path`, with the weighted quartiles
    (see weighted_quantiles). With an order: the weighted mean of the vectors, without quartiles.
    Of forecasts that began at one moment the later in the journal is the more recent.

    Source: Metaculus, "recency weighted" aggregation.
    """
    changes = _changes(acts)
    queue = _queued(changes)
    if ordered:
        every = np.arange(len(changes.at))
        return _bare(changes, _weighted_means(acts.probabilities, queue, every))
    lower, medians, upper = _weighted_spread(acts.probabilities, queue)
    middle = _rescaled(medians, lambda rows: _weighted_means(acts.probabilities, queue, rows))
    return Path(changes.at, changes.count, middle, lower, upper)


AGGREGATES: Final[Mapping[str, Callable[[Acts, bool], Path]]] = {
    "median": path, "mean": mean, "odds": odds, "recent": recent
}  # fmt: skip


def at(path: Path, moment: int) -> int | None:
    """The row of the path that holds at `moment`; None where nobody stood."""
    row = int(np.searchsorted(path.at, moment, side="right")) - 1
    return row if row >= 0 and path.count[row] else None


def rounded(vector: Vector) -> Vector:
    """A vector to a tenth of a percent, as percentages are read of it; what is not sure never becomes so."""
    near = np.round(vector, 3)
    return np.where((near == 0) | (near == 1), vector, near)


def moved(path: Path, since: int, now: int, ordered: bool) -> tuple[int, int] | None:
    """The rows of then and now where the crowd moved by ten points between them on any outcome, else None.

    Then is when somebody first stood, where nobody did at `since`. Of bins in order it is the chance of lying below
    any of their edges that must have moved, so that it matters how far the crowd went.
    """
    last, first = at(path, now), at(path, since)
    if last is None:
        return None
    if first is None:
        first = int(np.flatnonzero((path.at > since) & (path.count > 0))[0])
    change = path.middle[last] - path.middle[first]
    change = np.cumsum(change) if ordered else change
    return (first, last) if np.abs(change).max() >= MOVED - SLACK else None


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


# The crowd at one moment


def recency_weights(n: int) -> Vector:
    """The weights (n,) of n standing forecasts, the oldest first: exp(√k - √n) for the k-th; all 1 for one or two.

    >>> recency_weights(4).round(2).tolist()
    [0.37, 0.56, 0.76, 1.0]
    """
    if n <= 2:
        return np.ones(n)
    weights: Vector = np.exp(np.sqrt(np.arange(1, n + 1)) - np.sqrt(n))
    return weights


def weighted_quantiles(values: Vector, weights: Vector | None, levels: Vector) -> Vector:
    """The values at which the weights, added up in the order of the values, reach these shares of their sum.

    values   (n, k) n >= 1 forecasts; each of the k columns by itself
    weights  (n,)   above 0; None where all weigh the same
    levels   (q,)   shares, 0 < level < 1: 0.5 is the median
    returns  (q, k) where the share is reached exactly, half way to the next value. Nothing else is interpolated: three
             values of one weight have the first as their lower quartile

    >>> weighted_quantiles(np.array([[0.5], [0.6]]), None, np.array([0.4, 0.5])).round(2).tolist()
    [[0.5], [0.55]]
    """
    order = values.argsort(axis=0, kind="stable")
    rising = np.take_along_axis(values, order, axis=0)
    sums = np.cumsum(np.ones(values.shape) if weights is None else weights[order], axis=0)
    due = levels[:, None, None] * sums[-1]
    most = len(values) - 1
    first = np.minimum((sums < due).sum(axis=1), most)
    second = np.minimum((sums <= due).sum(axis=1), most)
    return (np.take_along_axis(rising, first, axis=0) + np.take_along_axis(rising, second, axis=0)) / 2


def histogram(probabilities: Vector) -> Numbers:
    """How many of these (n,) probabilities lie in each hundredth, (100,): in [0, .01), [.01, .02) .. [.99, 1].

    They are compared as millionths, so that .29 lies where it is written and not where 0.29 * 100 = 28.999.. does.

    >>> np.flatnonzero(histogram(np.array([0.0, 0.29, 1.0]))).tolist()
    [0, 29, 99]
    """
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError("A probability is not between 0 and 1.")
    cells = np.rint(probabilities * 1e6).astype(np.int64) // 10_000
    return np.bincount(np.minimum(cells, 99), minlength=100)


# Extremizing


@dataclass(frozen=True)
class Extremizing:
    """What raising the crowd's odds to a power would have gained it, judged on questions that the power is not from.

    exponent   learned from all questions, drawn towards 1, where nothing changes
    unshrunk   the same before it was drawn towards 1
    used       (q,) the exponent for each question, learned in the same way without its group
    gain       the mean over questions of the loss (Brier, 0 to 1) without it minus that with `used`; above 0 it helps
    low, high  the 95% interval of the gain, resampling groups in thought (Student's t); NaN under five groups
    groups     how many groups of linked questions there are

    Where there is nothing to be gained, an exponent learned without a group leans a little against that group: the gain
    then lies somewhat below 0, and so may the interval. That says that it does not help, and no more.
    """

    exponent: float
    unshrunk: float
    used: Vector
    gain: float
    low: float
    high: float
    groups: int

    @property
    def helps(self) -> bool:
        """Whether the interval excludes that it gains nothing. Only then has a page anything to show."""
        return self.low > 0


def extremized(probabilities: Vector, exponent: float | Vector) -> Vector:
    """Forecasts with their odds raised to a power: above 1 bolder, below 1 more timid, 1 as they are.

    probabilities  (n, k) vectors that sum to 1
    exponent       above 0; one for all, or (n,)
    returns        (n, k) each probability to that power, rescaled to sum to 1; 0 and 1 stay what they are

    >>> extremized(np.array([[0.2, 0.8]]), 2).round(3).tolist()
    [[0.059, 0.941]]

    Source: J. Baron et al., Decision Analysis 11 (2014), 133-145.
    """
    if not (np.asarray(exponent) > 0).all():
        raise ValueError("An exponent of odds is not above 0.")
    # Of the largest probability in each row, so that no power is too small to be told from 0.
    shares = probabilities / probabilities.max(axis=1, keepdims=True)
    power = np.reshape(exponent, (-1, 1))
    powers = shares**power
    return np.where(power == 1, probabilities, powers / powers.sum(axis=1, keepdims=True))


def neyman_factor(n: int) -> float:
    """The exponent for the geometric mean of the odds of n people who share one prior and nothing else.

    1 for one person, and towards √3 for many. A page should learn the exponent instead: see learn.

    >>> [round(neyman_factor(n), 3) for n in (1, 3, 1000)]
    [1.0, 1.415, 1.731]

    Source: E. Neyman and T. Roughgarden, Operations Research 71 (2023), 2175-2195.
    """
    if n < 1:
        raise ValueError(f"A crowd of {n} has no exponent. Give 1 or more.")
    return float(n * (np.sqrt(3 * n * n - 3 * n + 1) - 2) / (n * n - n - 1))


def learn(probabilities: Vector, outcomes: Numbers, groups: Numbers) -> Extremizing:
    """The exponent that would have served the crowd best, and what it gains on questions it was not learned from.

    probabilities  (q, k) the crowd's forecast on each question; with fewer than k outcomes, 0 in the columns beyond
    outcomes       (q,)   the index of the outcome that happened
    groups         (q,)   the set of linked questions that each belongs to; a group is learned from as a whole or not

    The exponent a is the one with the least Brier loss out of 209 from 1/8 to 8. With x = ln a and s its standard error
    (from how groups differ at the optimum), x is drawn to 0 by the factor max(0, 1 - s²/x²): nothing is left of what is
    smaller than its own error. Nothing is learned from fewer than five groups. For outcomes without an order.
    """
    distinct, group = np.unique(groups, return_inverse=True)
    if not len(outcomes):
        return Extremizing(1.0, 1.0, np.empty(0), np.nan, np.nan, np.nan, 0)
    tried = np.linspace(-np.log(WIDEST), np.log(WIDEST), TRIED)
    losses = np.empty((len(distinct) + 1, TRIED))
    for column, x in enumerate(tried):
        losses[:, column] = np.bincount(group, score(extremized(probabilities, np.exp(x)), outcomes), len(losses))
    best, shrunk = _learned(losses, tried)
    used = np.exp(shrunk[group])
    gains = score(probabilities, outcomes) - score(extremized(probabilities, used), outcomes)
    low, high = _interval(gains, group)
    whole = float(np.exp(shrunk[-1])), float(np.exp(best[-1]))
    return Extremizing(*whole, used, float(gains.mean()), low, high, len(distinct))


def _learned(losses: Vector, tried: Vector) -> tuple[Vector, Vector]:
    """The best x without each of the rows, (g + 1,), and the same drawn to 0; the last row has no losses to leave out.

    losses  (g + 1, a) what each group lost by each x tried
    """
    row = np.arange(len(losses))
    slope = np.gradient(losses, tried, axis=1)
    bend = np.gradient(slope, tried, axis=1)
    others, spread, bends = (whole.sum(axis=0) - whole for whole in (losses, slope**2, bend))
    best = others.argmin(axis=1)
    x, bent = tried[best], np.maximum(bends[row, best], 0)
    # s² = Σ slope² / (Σ bend)², as for every estimate that a sum of losses is least at.
    certain = spread[row, best] < (x * bent) ** 2
    kept = 1 - np.divide(spread[row, best], (x * bent) ** 2, out=np.ones(len(x)), where=certain)
    left = len(losses) - 1 - (row < len(losses) - 1)
    kept[left < LEAST] = 0.0
    return x, x * kept


def _interval(gains: Vector, group: Numbers) -> tuple[float, float]:
    """The 95% interval of their mean, when groups (numbered from 0) and not single gains are independent."""
    number = int(group.max()) + 1
    if number < LEAST:
        return np.nan, np.nan
    off = np.bincount(group, gains - gains.mean())
    error = np.sqrt(number / (number - 1) * (off**2).sum()) / len(gains)
    reach = float(stdtrit(number - 1, 0.975) * error)
    return float(gains.mean()) - reach, float(gains.mean()) + reach


# Who stood when


def _changes(acts: Acts) -> _Changes:
    start, stop = stands(acts)
    began = np.flatnonzero(stop > start)
    ceased = began[stop[began] < NEVER]
    moments = np.concatenate([start[began], stop[ceased]])
    order = np.argsort(moments, kind="stable")
    row = np.concatenate([began, ceased])[order]
    step = np.repeat(np.array([1, -1]), [len(began), len(ceased)])[order]
    distinct, first = np.unique(moments[order], return_index=True)
    until = np.append(first[1:], len(row))[: len(first)]
    return _Changes(row, step, distinct, until, np.cumsum(step)[until - 1])


def _bare(changes: _Changes, middle: Vector) -> Path:
    """A path without quartiles."""
    nothing = np.broadcast_to(np.nan, middle.shape)
    return Path(changes.at, changes.count, middle, nothing, nothing)


def _rescaled(medians: Vector, otherwise: Callable[[Numbers], Vector]) -> Vector:
    """Medians (t, k) to sum to 1; rows in which all are 0 as `otherwise` has them."""
    sums = medians.sum(axis=1, keepdims=True)
    empty = np.flatnonzero(sums[:, 0] == 0)
    sums[empty] = 1.0
    middle: Vector = medians / sums
    if len(empty):
        middle[empty] = otherwise(empty)
    return middle


# Means


def _means(values: Vector, changes: _Changes, most: float) -> Vector:
    """The mean of the standing rows of values (n, k) after each moment, (t, k), by running sums.

    most  no value is further from 0 than this

    Sums of floats would gather rounding dust with everybody who comes and goes. These are sums of whole numbers, in a
    unit so small that all n rows just fit into 63 bits: nothing is lost in them, whatever the order.
    """
    bits = 62 - len(values).bit_length() - int(np.ceil(np.log2(max(most, 1.0))))
    means = np.empty((len(changes.at), values.shape[1]))
    count = np.where(changes.count, changes.count, 1)[:, None]
    for first in range(0, values.shape[1], COLUMNS):
        moving = np.ldexp(values[changes.row, first : first + COLUMNS], bits)
        sums = np.rint(moving, out=moving).astype(np.int64)
        sums *= changes.step[:, None]
        np.cumsum(sums, axis=0, out=sums)
        np.ldexp(sums[changes.until - 1] / count, -bits, out=means[:, first : first + COLUMNS])
    means[changes.count == 0] = np.nan
    return means


# Medians and quartiles


def _spread(probabilities: Vector, changes: _Changes) -> Vector:
    """The lower quartile, median and upper quartile of each outcome after each moment, (3, t, k)."""
    part = np.maximum(changes.count - 1, 0) * np.array([[1], [2], [3]])
    whole, rest = part >> 2, part & 3
    nth = np.stack([whole, whole + (rest > 0)])
    spread = np.empty((3, len(changes.at), probabilities.shape[1]))
    orders = _orders(probabilities, changes.began)
    for outcome, rising in orders.items():
        below, above = _nth(rising, changes, nth)
        spread[:, :, outcome] = _between(probabilities[:, outcome], below, above, rest)
        if 0 not in orders:
            # Counted from above, the upper quartile of YES is the lower one of NO, between the same two people.
            spread[:, :, 0] = _between(probabilities[:, 0], above[::-1], below[::-1], -rest[::-1] & 3)
    spread[:, changes.count == 0] = np.nan
    return spread


def _orders(probabilities: Vector, began: Numbers) -> dict[int, Numbers]:
    """For each outcome the acts that ever stood, by what they gave to it, rising.

    The first of two outcomes is left out where it falls whenever the second rises: its order is then the other's, from
    the end.
    """
    said = probabilities[began]
    if said.shape[1] == 2:
        order = np.lexsort((-said[:, 0], said[:, 1]))
        if (np.diff(said[order, 0]) <= 0).all():
            return {1: began[order]}
    return {outcome: began[np.argsort(column, kind="stable")] for outcome, column in enumerate(said.T)}


def _between(values: Vector, below: Numbers, above: Numbers, quarters: Numbers) -> Vector:
    """What lies so many quarters of the way from the value of one act to that of another."""
    low = values[below]
    between: Vector = low + (values[above] - low) * quarters / 4
    return between


def _nth(rising: Numbers, changes: _Changes, nth: Numbers) -> Numbers:
    """The act that comes nth among those standing after each moment, in a given order; (.., t).

    rising  (m,) the acts that ever stood, in the order
    nth     (.., t) counted from 0; below the number that stood, or anything where nobody did

    A wavelet tree: the changes, in the order of time, are parted into those of the lower and those of the upper half of
    the order, these again into halves, and so on; at each level everybody who searches looks how many of the lower half
    stood at the time, and goes down to one of the halves. Each act has two changes (those that never cease do so at the
    end), so that whatever lies before a half cancels out, and a half that begins with place p begins with change 2p.
    """
    if not len(rising):
        return np.zeros(nth.shape, dtype=np.int64)
    event = _events(rising, changes)
    left = nth.astype(np.int64).ravel()
    spot = np.repeat(3 * changes.until[None], len(left) // len(changes.at), axis=0).ravel()
    for bit in range((len(rising) - 1).bit_length(), 0, -1):
        table, after = _level(event, bit)
        for first in range(0, len(left), BLOCK):
            _descend(table, left[first : first + BLOCK], spot[first : first + BLOCK])
        event = after
    return rising.take(spot // 6, mode="clip").reshape(nth.shape)


def _events(rising: Numbers, changes: _Changes) -> Numbers:
    """The changes in the order of time, (2m,): twice the act's place in the order, and 1 more where it began."""
    place = np.empty(int(rising.max()) + 1, dtype=np.int64)
    place[rising] = np.arange(len(rising))
    stays = np.ones(len(place), dtype=bool)
    stays[changes.row[changes.step < 0]] = False
    return np.concatenate([2 * place[changes.row] + (changes.step > 0), 2 * place[rising[stays[rising]]]])


def _level(event: Numbers, bit: int) -> tuple[Numbers, Numbers]:
    """One level of the tree as a table for _descend, (3 * 2m,), and the changes as they lie on the next level.

    For each place among the changes: how many acts of the lower half stood before it, and (times 3) the place on the
    next level of whoever goes on in the lower half, and in the upper.
    """
    low = event >> bit & 1 ^ 1
    stood = low * (2 * (event & 1) - 1)
    start = event >> (bit + 1) << bit
    before = np.cumsum(low) - low
    upper = np.arange(1 << bit, (1 << bit) + len(event)) - before + start
    lower = before + start
    after = np.empty_like(event)
    after[upper + low * (lower - upper)] = event
    table = np.empty((len(event), 3), dtype=np.int64)
    np.subtract(np.cumsum(stood), stood, out=table[:, 0])
    np.multiply(lower, 3, out=table[:, 1])
    np.multiply(upper, 3, out=table[:, 2])
    return table.ravel(), after


def _descend(table: Numbers, left: Numbers, spot: Numbers) -> None:
    """Go down one level, in place: `left` are how many to pass by yet, `spot` the places (times 3) reached so far."""
    more = left - table.take(spot, mode="clip")
    # Read without a sign, what fell below 0 is huge: so the lesser of the two is `left` for whoever goes to the lower.
    np.minimum(left.view(np.uint64), more.view(np.uint64), out=left.view(np.uint64))
    more >>= 63
    more += 2
    spot += more
    table.take(spot, mode="clip", out=spot)


# Recency


@dataclass(frozen=True)
class _Queue:
    """The acts that ever stood, (m,), in the order in which they began to.

    act     which
    begins  the first row of the path in which it stands
    ends    the row from which on it does not; the number of rows where it never ceases
    count   (t,) how many stood
    weight  (most + 1,) that of the kth oldest, in some unit; 0 for none
    total   (most + 1,) that of the k oldest together
    """

    act: Numbers
    begins: Numbers
    ends: Numbers
    count: Numbers
    weight: Vector
    total: Vector


def _queued(changes: _Changes) -> _Queue:
    rows = len(changes.at)
    row = np.repeat(np.arange(rows), np.diff(changes.until, prepend=0))
    began, most = changes.step > 0, int(changes.count.max(initial=0))
    ends = np.full(int(changes.row.max(initial=-1)) + 1, rows)
    ends[changes.row[~began]] = row[~began]
    # In a unit in the middle, so that two million can stand before the oldest or the newest is out of range.
    weight = np.append(0.0, np.exp(np.sqrt(np.arange(1, most + 1)) - np.sqrt(most) / 2))
    act = changes.row[began]
    return _Queue(act, row[began], ends[act], changes.count, weight, np.cumsum(weight))


def _batches(queue: _Queue, rows: Numbers, reach: float) -> Iterator[Numbers]:
    """Rows of the path, rising, in batches of about CELLS weights."""
    most = int(queue.count[rows].max(initial=1))
    width = max(1, CELLS // max(1, _within(most, reach)))
    for first in range(0, len(rows), width):
        yield rows[first : first + width]


def _within(n: int, reach: float) -> int:
    """How many of n standing forecasts weigh more than exp(-reach) of the newest one's weight."""
    return n - int(max(np.sqrt(n) - reach, 0) ** 2)


def _counting(queue: _Queue, rows: Numbers, reach: float) -> tuple[Numbers, int]:
    """Whoever has more than exp(-reach) of the newest one's weight in some of the rows, (u,) places in the queue.

    And how many of them, from the oldest on, stand and weigh the same in all these rows: nobody before them came or
    went, and so their place among those who stood did not change.
    """
    first, last, most = rows[0], rows[-1], int(queue.count[rows].max())
    found = np.flatnonzero((queue.begins <= last) & (queue.ends > first))
    moved = (queue.begins[found] > first) | (queue.ends[found] <= last)
    steady = int(moved.argmax()) if moved.any() else len(found)
    dropped = max(0, len(found) - _within(most, reach) - int(moved.sum()))
    return found[dropped:], 0 if queue.count[rows].min() <= 2 else max(0, steady - dropped)


def _weights(queue: _Queue, rows: Numbers, found: Numbers) -> tuple[Vector, Numbers]:
    """The weights (r, u) of the newest acts in some rows, 0 where they do not stand; and how many stand before them.

    found  (u,) places in the queue, rising; all that began to stand after the first of them and up to the last row
    """
    count = queue.count[rows, None]
    standing = (queue.begins[found] <= rows[:, None]) & (queue.ends[found] > rows[:, None])
    newest = np.cumsum(standing[:, ::-1], axis=1, dtype=np.int32)[:, ::-1]
    weights = queue.weight[(count + 1 - newest) * standing]
    two = count[:, 0] == 2
    weights[two] = standing[two]
    return weights, count[:, 0] - standing.sum(axis=1)


def _weighted_means(probabilities: Vector, queue: _Queue, rows: Numbers) -> Vector:
    """The weighted mean of the vectors in these rows of the path, (r, k); NaN where nobody stood."""
    means = np.full((len(queue.count), probabilities.shape[1]), np.nan)
    somebody = rows[queue.count[rows] > 0]
    for first in range(0, len(somebody), ROWS):
        batch = somebody[first : first + ROWS]
        found, steady = _counting(queue, batch, VISIBLE)
        said = probabilities[queue.act[found]]
        weights, before = _weights(queue, batch, found[steady:])
        oldest = queue.weight[before[0] - steady + 1 : before[0] + 1]
        old = oldest.sum()
        whole = weights.sum(axis=1, keepdims=True) + old
        weights /= whole
        means[batch] = weights @ said[steady:]
        if steady:
            means[batch] += oldest / old @ said[:steady] * (old / whole)
    return means[rows]


def _weighted_spread(probabilities: Vector, queue: _Queue) -> Vector:
    """The weighted lower quartile, median and upper quartile of each outcome in each row of the path, (3, t, k).

    Of three forecasts or more no part weighs exactly half or a quarter: exponentials of different square roots have no
    sum of multiples that is 0 (Lindemann and Weierstrass). So one act is the median. Of two, both are.
    """
    spread = np.full((3, len(queue.count), probabilities.shape[1]), np.nan)
    orders = _orders(probabilities, queue.act)
    for outcome, acts in _weighted_acts(orders, queue).items():
        spread[:, :, outcome] = probabilities[acts, outcome]
        if 0 not in orders:
            spread[:, :, 0] = probabilities[acts[::-1], 0]
    spread[:, queue.count == 0] = np.nan
    two = queue.count == 2
    spread[1, two] = (spread[0, two] + spread[2, two]) / 2
    return spread


def _weighted_acts(orders: Mapping[int, Numbers], queue: _Queue) -> dict[int, Numbers]:
    """Which acts are the weighted quartiles and medians, (3, t), for each of the orders of the acts.

    First by the weights alone that are likely to decide, and where they leave it open, by all.
    """
    chosen = {outcome: np.zeros((3, len(queue.count)), dtype=np.int64) for outcome in orders}
    rows = np.flatnonzero(queue.count)
    for reach in (DECISIVE, np.inf):
        unsure = []
        for batch in _batches(queue, rows, reach):
            found, _ = _counting(queue, batch, reach)
            weights, before = _weights(queue, batch, found)
            sure = np.full(len(batch), True)
            for outcome, rising in orders.items():
                order = _order_among(rising, queue.act[found])
                places, certain = _reached(weights[:, order], queue.total[before])
                chosen[outcome][:, batch] = queue.act[found[order]][places]
                sure &= certain
            unsure.append(batch[~sure])
        rows = np.concatenate([rows[:0], *unsure])
    return chosen


def _order_among(rising: Numbers, act: Numbers) -> Numbers:
    """The order (u,) in which some of the acts rise."""
    place = np.empty(int(rising.max()) + 1, dtype=np.int32)
    place[rising] = np.arange(len(rising), dtype=np.int32)
    return np.argsort(place[act])


def _reached(weights: Vector, rest: Vector) -> tuple[Numbers, Mask]:
    """Where the running sums of weights (r, u) reach each quarter of the whole, (3, r); and if that is certain, (r,).

    rest  (r,) the weight of those who are not there. It is certain where it would be the same with all of them before
          the first and with all of them after the last

    Sums of strides come first, so that only within the one that decides each weight is added.
    """
    row, most = np.arange(len(weights))[:, None], weights.shape[1] - 1
    strides = np.cumsum(np.add.reduceat(weights, np.arange(0, most + 1, STRIDE), axis=1), axis=1)
    whole = strides[:, -1] + rest
    places, certain = np.empty((3, len(weights)), dtype=np.int64), np.full(len(weights), True)
    for quarter, due in enumerate(np.array([[0.25], [0.5], [0.75]]) * whole):
        stride = np.minimum((strides < due[:, None]).sum(axis=1), strides.shape[1] - 1)
        before = np.where(stride, strides[row[:, 0], stride - 1], 0.0)
        place = stride[:, None] * STRIDE + np.arange(STRIDE)
        within = weights[row, np.minimum(place, most)] * (place <= most)
        sums = before[:, None] + np.cumsum(within, axis=1)
        # Two ways of adding may differ in the last digit; the last who has any weight is then the one who reaches it.
        short = sums < np.minimum(due, sums[:, -1])[:, None]
        places[quarter] = place[:, 0] + short.sum(axis=1)
        certain &= before + (within * short).sum(axis=1) + rest < due
    return places, certain
