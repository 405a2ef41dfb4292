"""Good Judgment's daily scores: a day counts by the forecast that stood at its end.

A day is a calendar day by UTC, as far as it lies within the window. It ends at midnight, the last one at the end of the
window. The forecast that counts for it is the one that stood up to that instant; what was said at the very instant
belongs to the next day. Brierboard's own scores know no days: these are for comparison, and to check imports by.
"""

from dataclasses import dataclass

import numpy as np

from forecasts.timeline import Acts, Lot, Mask, Numbers, Table, Window, Windows, in_order, lots, require_losses
from questions.shape import Vector

DAY = 24 * 60 * 60 * 1_000_000  # microseconds


@dataclass(frozen=True)
class Daily:
    """What came of m forecasters, day by day, on one question.

    forecaster  (m,) ids, rising
    days        (m,) on how many days a forecast of theirs counted
    mean        (m,) their mean daily loss over those days; NaN without any
    accuracy    (m,) (their mean daily loss - the mean of the crowd's median loss on the same days) · the share of the
                window's days that these are; lower is better, 0 is the crowd's median forecaster. Days on which nobody
                of the base stood are left out of it, as there is nothing to compare with; NaN where no day is left
    """

    forecaster: Numbers
    days: Numbers
    mean: Vector
    accuracy: Vector


def averages(acts: Acts, window: Window, losses: Vector, base: Mask) -> Daily:
    """Everybody's daily averages and accuracy on one question.

    losses  (n,) the loss of each act; what withdrawals have there is not looked at, even NaN
    base    (n,) which acts are those of members of the crowd's base, whose median loss is the crowd's

    >>> acts = Acts(np.array([7, 8]), np.array([0, DAY]), np.eye(2), np.zeros(2, bool), np.array([9 * DAY, 9 * DAY]))
    >>> found = averages(acts, Window(0, 2 * DAY, 2 * DAY), np.array([0.1, 0.5]), np.ones(2, bool))
    >>> found.days.tolist(), found.mean.tolist(), found.accuracy.round(3).tolist()
    ([2, 1], [0.1, 0.5], [-0.1, 0.1])

    Source: the Good Judgment Project's accuracy score, as Good Judgment Open and Cultivate describe it; on their scale
    of 0 to 2 it is twice this.
    """
    table, by_one = Table.of(acts), losses[:, None]
    require_losses(table, by_one)
    (lot,) = lots(table, Windows.of(window))
    return judged(lot, window, lot.own(by_one)[0], lot.of(base))


def judged(lot: Lot, window: Window, own: Vector, member: Mask) -> Daily:
    """The same for the laid-out acts of one question: their losses (c,), and which are the base's (c,)."""
    ends = day_ends(window) - window.opens
    begins, ceases = (np.searchsorted(ends, moment, side="right") for moment in (lot.start, lot.stop))
    some = np.flatnonzero(ceases > begins)
    begins, ceases, pair, loss = begins[some], ceases[some], lot.pair[some], own[some]
    member = member[some]
    crowd = medians(loss[member], begins[member], ceases[member], len(ends))
    known = ~np.isnan(crowd)
    compared = _between(known.astype(np.float64), begins, ceases)
    beyond = loss * compared - _between(np.where(known, crowd, 0.0), begins, ceases)
    days, total, shared, excess = (
        np.bincount(pair, column, len(lot.forecaster))
        for column in (ceases - begins, loss * (ceases - begins), compared, beyond)
    )
    mean = np.divide(total, days, out=np.full(len(days), np.nan), where=days > 0)
    accuracy = np.divide(excess, len(ends), out=np.full(len(days), np.nan), where=shared > 0)
    return Daily(lot.forecaster, days.astype(np.int64), mean, accuracy)


def day_ends(window: Window) -> Numbers:
    """When the days of the realised window end, rising: every midnight by UTC in it, and its own end."""
    if not window.realised:
        return np.empty(0, dtype=np.int64)
    return np.append(np.arange((window.opens // DAY + 1) * DAY, window.end, DAY), window.end)


def medians(values: Vector, begins: Numbers, ceases: Numbers, instants: int) -> Vector:
    """The median of the values that stand at each instant, (instants,); NaN where none does.

    begins, ceases  (m,) a value stands at the instants begins, begins + 1, .. ceases - 1

    All instants search at once. The values are ranked; in each round an instant knows by the leading binary digits of
    the rank where its median lies, counts how many standing values lie in the lower half of that, and learns one digit
    more. Values that lie in the same half are kept in the order in which they begin (and a second time in that in which
    they cease), so that to count is to look up a place. O((m + instants) log² m), whatever comes and goes.

    >>> medians(np.array([0.5, 0.1, 0.3]), np.array([0, 1, 2]), np.array([3, 3, 4]), 5).tolist()
    [0.5, 0.3, 0.3, 0.3, nan]
    """
    if not instants:
        return np.empty(0)
    moving = np.bincount(begins, minlength=instants + 1) - np.bincount(ceases, minlength=instants + 1)
    count = np.cumsum(moving)[:instants]
    order = np.argsort(values, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    middle = np.concatenate([(count - 1) // 2, count // 2])
    place = _standing_ranks(rank, (begins, ceases), middle, instants)
    found = np.full(2 * instants, np.nan)
    somebody = np.tile(count > 0, 2)
    found[somebody] = values[order][place[somebody]]
    both: Vector = found.reshape(2, instants).sum(axis=0) / 2
    return both


def _standing_ranks(rank: Numbers, bounds: tuple[Numbers, Numbers], wanted: Numbers, instants: int) -> Numbers:
    """The rank that is the `wanted`-th lowest, from 0, of those that stand; `wanted` holds all instants, over and over.

    Where none stands the answer means nothing.
    """
    instant = np.arange(len(wanted)) % instants
    sorted_by = [(moment[order], rank[order]) for moment in bounds for order in (in_order(moment),)]
    found, left = np.zeros(len(wanted), dtype=np.int64), wanted.copy()
    for digit in reversed(range(len(rank).bit_length())):
        lower = (2 * found) * (instants + 1) + instant
        begun, ceased = (
            np.searchsorted(_keys(moment, leading >> digit, instants + 1), lower, side="right")
            for moment, leading in sorted_by
        )
        higher = left >= begun - ceased
        left -= np.where(higher, begun - ceased, 0)
        found = 2 * found + higher
    return found


def _keys(moment: Numbers, leading: Numbers, span: int) -> Numbers:
    """Rising keys of moments that rise already, by leading digits first."""
    order = in_order(leading)
    return leading[order] * span + moment[order]


def _between(daily: Vector, begins: Numbers, ceases: Numbers) -> Vector:
    """The sum of what there is on each day, (days,), over the days of each act."""
    sums = np.append(0.0, np.cumsum(daily))
    between: Vector = sums[ceases] - sums[begins]
    return between
