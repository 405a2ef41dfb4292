"""How good forecasters are beyond luck, and beyond the questions that each happened to pick: pure arrays.

A cell is one forecaster on one resolved question; a group is a set of linked questions, and chance is taken to act on
groups, not on questions. Nothing here looks at a clock or at the machine's randomness: draws come from a generator
that the caller seeds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from forecasts.timeline import Mask, Numbers
from questions.shape import Vector

Drawn = npt.NDArray[np.float32]

DUST = 1e-24  # a variance that rounding alone may leave where there is none
_BLOCK = 1024  # forecasters that are resampled at once, so that memory does not grow with their number


# Difficulty


@dataclass(frozen=True)
class Difficulty:
    """Each cell's loss as excess of its forecaster + hardness of its question + a rest, by least squares.

    forecaster  (m,) ids, rising
    excess      (m,) what the forecaster loses more than the mean one; sums to 0 over each part
    question    (q,) ids, rising
    hardness    (q,) what the mean forecaster loses on the question
    part_of     (q,) which part a question belongs to, 0 to parts - 1
    parts       into how many parts the cells fall between which no chain of shared questions leads. Across them nothing
                can be compared; the numbers above take the forecasters of each part to be equally good in the mean
    """

    forecaster: Numbers
    excess: Vector
    question: Numbers
    hardness: Vector
    part_of: Numbers
    parts: int


def difficulty(question: Numbers, forecaster: Numbers, loss: Vector) -> Difficulty:
    """Tell hard questions from bad forecasters, over the observed cells: three columns (c,), one row per cell.

    The same as ordinary least squares with a dummy for each forecaster and each question, to 1e-9, without its matrix:
    alternating projections (each forecaster's mean rest, then each question's), two bincounts a sweep, with the
    directions of the sweeps made conjugate, so that a long chain of questions with one forecaster in common
    takes as many sweeps as it has links, and not their square.

    >>> found = difficulty(np.array([1, 2, 1]), np.array([7, 7, 8]), np.array([0.1, 0.3, 0.2]))
    >>> found.excess.round(6).tolist(), found.hardness.round(6).tolist()
    ([-0.05, 0.05], [0.15, 0.35])
    """
    if not question.shape == forecaster.shape == loss.shape or question.ndim != 1:
        raise ValueError("The columns of these cells are not of one length.")
    if not np.isfinite(loss).all():
        raise ValueError("A loss is not a number. Leave the cells out that have none.")
    forecasters, row = places(forecaster)
    questions, column = places(question)
    part_of_row, part_of_column, parts = _parts(row, column, len(forecasters), len(questions))
    hardness = _least_squares(row, column, loss, len(forecasters), len(questions))
    excess = np.bincount(row, loss - hardness[column], len(forecasters)) / np.bincount(row, minlength=len(forecasters))
    level = np.bincount(part_of_row, excess, parts) / np.bincount(part_of_row, minlength=parts)
    return Difficulty(
        forecasters, excess - level[part_of_row], questions, hardness + level[part_of_column], part_of_column, parts
    )


def throughout(own: Vector, beside: Vector, crowd: Vector) -> Vector:
    """What each cell would have lost over its question's whole window: the crowd's loss plus (mine - the crowd's).

    own     (c,) the forecaster's mean loss over its own standing time
    beside  (c,) the crowd's mean loss over that same time
    crowd   (c,) the crowd's mean loss over the whole realised window; NaN where no crowd stood, and own counts

    A question is easier at its end than at its opening. Who joins late and knows as much as the crowd then does gains
    nothing by this, while its plain mean loss would be far below that of those who stood from the beginning.

    >>> throughout(np.array([0.04]), np.array([0.05]), np.array([0.16])).round(6).tolist()
    [0.15]
    """
    return np.where(np.isnan(crowd), own, crowd + (own - beside))


@dataclass(frozen=True)
class Adjusted:
    """Each cell's loss as it would be on questions of mean hardness; a forecaster's score is the mean over its cells.

    loss   (c,) NaN on questions that nobody in the fit answered
    parts  see Difficulty; with more than one, scores can be compared within each alone
    """

    loss: Vector
    parts: int


def adjusted(
    question: Numbers, forecaster: Numbers, loss: Vector, fitted: Mask, even: int, own: Vector | None = None
) -> Adjusted:
    """Take each question's hardness out of the losses on it.

    question, forecaster, loss  (c,) the cells, with losses by `throughout`
    fitted                      (c,) which of them tell how hard a question is: those of persons
    even                        who always gives each outcome the same probability
    own                         (c,) the plain mean losses, where `throughout` made others of them

    score = mean(loss - hardness) + c, with c such that always fifty-fifty scores 0.25 on the yes/no questions (those
    on which it plainly lost just that). Where it answered none, c makes its score its own plain mean loss; and where
    it is not among the cells, c is the mean hardness.
    """
    own = loss if own is None else own
    found = difficulty(question[fitted], forecaster[fitted], loss[fitted])
    if not len(found.question):
        return Adjusted(np.full(len(loss), np.nan), 0)
    place = np.minimum(np.searchsorted(found.question, question), len(found.question) - 1)
    hardness = np.where(found.question[place] == question, found.hardness[place], np.nan)
    known = ~np.isnan(hardness)
    anchors = known & (forecaster == even)
    halves = anchors & (np.abs(own - 0.25) < 1e-9)
    chosen = next((mask for mask in (halves, anchors) if mask.any()), None)
    shift = np.mean(found.hardness) if chosen is None else np.mean((own - (loss - hardness))[chosen])
    return Adjusted(loss - hardness + float(shift), found.parts)


def _least_squares(row: Numbers, column: Numbers, loss: Vector, rows: int, columns: int) -> Vector:
    """One solution for the columns, by conjugate gradients over sweeps; a second start mends the first one's dust."""
    in_row, in_column = np.bincount(row, minlength=rows), np.bincount(column, minlength=columns)

    def swept(values: Vector) -> Vector:
        """The mean over each column of the means over each row: one sweep of two bincounts."""
        means = np.bincount(row, values, rows) / in_row
        return np.bincount(column, means[row], columns) / in_column

    solution = np.bincount(column, loss, columns) / in_column
    dust = float(np.finfo(float).eps) * float(np.abs(loss).max(initial=0.0))
    for _ in range(3):
        rest = loss - solution[column]
        towards = np.bincount(column, rest, columns) / in_column - swept(rest)
        if np.abs(towards).max(initial=0.0) <= 16 * dust:
            break
        solution = solution + _conjugate(lambda step: step - swept(step[column]), towards, in_column, dust)
    return solution


def _conjugate(apply: Callable[[Vector], Vector], towards: Vector, weight: Numbers, dust: float) -> Vector:
    """Solve apply(x) = towards for an `apply` that is symmetric under `weight`, until what rests is dust."""
    solution, rest, direction = np.zeros_like(towards), towards, towards
    size = float(weight @ (rest * rest))
    for _ in range(2 * len(towards) + 10):
        moved = apply(direction)
        curved = float(weight @ (direction * moved))
        if curved <= 0:
            break
        solution = solution + size / curved * direction
        rest = rest - size / curved * moved
        size, before = float(weight @ (rest * rest)), size
        if size <= dust**2 * float(weight.sum()):
            break
        direction = rest + size / before * direction
    return solution


def _parts(row: Numbers, column: Numbers, rows: int, columns: int) -> tuple[Numbers, Numbers, int]:
    """The connected part of each row and of each column, and how many there are.

    Where two labels meet, the higher one takes the lower one's place under it; then each label's label counts, until
    none meet that differ.
    """
    label = np.arange(rows + columns)
    one, other = row, column + rows
    while True:
        apart = label[one] != label[other]
        one, other = one[apart], other[apart]
        if not len(one):
            break
        np.minimum.at(label, np.maximum(label[one], label[other]), np.minimum(label[one], label[other]))
        while (label != label[label]).any():
            label = label[label]
    names, part = np.unique(label, return_inverse=True)
    return part[:rows], part[rows:], len(names)


# Shrinkage


@dataclass(frozen=True)
class Shrunk:
    """What remains of n values when luck is taken out of them.

    centre  the mean of those whom the values were drawn from
    spread  their variance about it, luck apart
    mean    (n,) the best guess of each one's true value
    sd      (n,) the standard deviation of that guess
    """

    centre: float
    spread: float
    mean: Vector
    sd: Vector


def shrink(x: Vector, v: Vector, among: Mask | None = None) -> Shrunk:
    """Empirical Bayes: draw each value towards the common mean by as much as its own variance is luck.

    x      (n,) what was observed
    v      (n,) the sampling variance of each, above 0
    among  (n,) whose values tell centre and spread; all by default

    The spread is DerSimonian and Laird's, the guesses take centre and spread as known:
    mean = centre + spread / (spread + v) · (x - centre), sd² = spread · v / (spread + v).

    >>> shrink(np.array([0.3, 0.1, -0.1]), np.array([0.01, 0.01, 0.01])).mean.round(6).tolist()
    [0.25, 0.1, -0.05]

    Source: R. DerSimonian, N. Laird, Controlled Clinical Trials 7 (1986), 177-188.
    """
    centre, spread = _population(x, v, among)
    kept = spread / (spread + v)
    return Shrunk(centre, spread, centre + kept * (x - centre), np.sqrt(kept * v))


def shrink_cautiously(x: Vector, v: Vector, among: Mask | None = None) -> Shrunk:
    """The same where few tell centre and spread, so that these are uncertain themselves: what boards use.

    With k who tell them, values are drawn by (k - 3)/(k - 1) of the way, and what is not known of centre and spread
    widens the sd. With three or fewer nothing is drawn; with hundreds it is `shrink`. Never does a spread that
    was estimated as 0 make all values equal and all of them certain.

    Source: C. N. Morris, Parametric empirical Bayes inference, JASA 78 (1983), 47-55, section 5.
    """
    centre, spread = _population(x, v, among)
    chosen = np.ones(len(x), dtype=bool) if among is None else among
    count = int(chosen.sum())
    if count <= 3:
        return Shrunk(centre, spread, x.copy(), np.sqrt(v))
    drawn = (count - 3) / (count - 1) * v / (v + spread)
    weight = 1 / (v + spread)
    share = weight / weight[chosen].sum()
    typical = float((weight * v)[chosen].sum() / weight[chosen].sum())
    unknown = 2 / (count - 3) * drawn**2 * (typical + spread) * weight * (x - centre) ** 2
    return Shrunk(centre, spread, x - drawn * (x - centre), np.sqrt(v * (1 - (1 - share) * drawn) + unknown))


def _population(x: Vector, v: Vector, among: Mask | None) -> tuple[float, float]:
    """The mean of those whom the values come from, and their variance about it."""
    if x.shape != v.shape or not (v > 0).all() or not np.isfinite(x).all():
        raise ValueError("Give one finite value and one variance above 0 for each forecaster.")
    told, by = (x, v) if among is None else (x[among], v[among])
    if not len(told):
        raise ValueError("Nobody is left to tell what forecasters are like.")
    weight = 1 / by
    middle = weight @ told / weight.sum()
    surplus = float(weight @ (told - middle) ** 2) - (len(told) - 1)
    spread = max(0.0, surplus / float(weight.sum() - weight @ weight / weight.sum())) if len(told) > 1 else 0.0
    weight = 1 / (by + spread)
    return float(weight @ told / weight.sum()), spread


# Chance


@dataclass(frozen=True)
class Sums:
    """What m forecasters have in each of g groups: p pairs of a forecaster and a group, by forecaster, then by group.

    row     (p,) which forecaster, 0 to m - 1
    group   (p,) which group, 0 to g - 1
    total   (p,) the sum over the cells of the pair
    weight  (p,) what that sum is divided by in the end: the number of cells, or the sum of their coverages
    shape   (m, g)
    """

    row: Numbers
    group: Numbers
    total: Vector
    weight: Vector
    shape: tuple[int, int]

    @property
    def value(self) -> Vector:
        """(m,) the sum of totals divided by the sum of weights."""
        total, weight = (np.bincount(self.row, column, self.shape[0]) for column in (self.total, self.weight))
        found: Vector = total / weight
        return found

    @property
    def groups(self) -> Numbers:
        """(m,) in how many groups each has anything."""
        return np.bincount(self.row, minlength=self.shape[0])

    @property
    def shares(self) -> Vector:
        """(p,) what each pair weighs in its forecaster's value: 1 in all for each forecaster."""
        found: Vector = self.weight / np.bincount(self.row, self.weight, self.shape[0])[self.row]
        return found

    @property
    def effective(self) -> Vector:
        """(m,) how many groups of equal weight are worth as much: fewer where one group holds most of the questions."""
        found: Vector = 1 / np.bincount(self.row, self.shares**2, self.shape[0])
        return found


def sums(row: Numbers, group: Numbers, total: Vector, weight: Vector) -> Sums:
    """Add cells up by forecaster and group: four columns (c,), rows and groups numbered from 0 without gaps."""
    m, g = (int(column.max(initial=-1)) + 1 for column in (row, group))
    pair, place = places(row * g + group)
    added = [np.bincount(place, column, len(pair)).astype(np.float64, copy=False) for column in (total, weight)]
    return Sums(pair // max(g, 1), pair % max(g, 1), added[0], added[1], (m, g))


def pooled_variance(found: Sums, among: Mask | None = None) -> float:
    """The variance of a forecaster's groups about its own value, pooled over those in `among` (m,), by default all.

    NaN where nobody has two groups.

    Divided by a forecaster's `effective` number of groups it is the sampling variance of its value. Each one's own
    variance would be of no use there: of somebody with two or three questions it is near 0 by chance, and makes luck
    look like skill.

    A group with the share h of a value draws it towards itself, so its rest r is too small: the mean of the sum of
    h² r² is the variance times the sum of h² (1 - 2h) + (sum of h²)². With n groups alike this is the usual
    sum of r² / (n - 1).
    """
    chosen = np.ones(found.shape[0], dtype=bool) if among is None or not among.any() else among
    share, several = found.shares, chosen & (found.groups > 1)
    rest = share * (found.total / found.weight - found.value[found.row])
    squares, lacking = (
        np.bincount(found.row, column, found.shape[0]) for column in (rest**2, share**2 * (1 - 2 * share))
    )
    seen = squares * found.effective**2
    due = (lacking + found.effective**-2.0) * found.effective**2
    free = float(due[several].sum())
    variance = float(seen[several].sum()) / free if free > 0 else float("nan")
    return 0.0 if variance < DUST else variance


def bootstrap(found: Sums, draws: int, random: np.random.Generator) -> Drawn:
    """How far each forecaster's value would lie off, had chance dealt other groups: (m, draws) draws minus value.

    Whole groups are drawn with replacement, as often as there are groups, and all forecasters share a draw. A
    forecaster of n groups differs more from the truth than its draws do from its value, so they are widened by
    `widening`. In a draw without any of its groups it is taken to be at its value.

    Single precision: of deviations that is a millionth of an interval's length.
    """
    times = _times(found.shape[1], draws, random)
    value, wider = found.value, widening(found.groups)
    off = (found.total - found.weight * value[found.row]) * wider[found.row]
    drawn = np.empty((found.shape[0], draws), dtype=np.float32)
    for first, chosen in _blocks(found):
        here = (found.row[chosen] - first, found.group[chosen])
        above, below = np.zeros((2, min(_BLOCK, found.shape[0] - first), found.shape[1]), dtype=np.float32)
        above[here], below[here] = off[chosen], found.weight[chosen]
        over = below @ times
        np.divide(above @ times, np.where(over > 0, over, 1), out=drawn[first : first + len(over)])
    return drawn


def widening(groups: Numbers) -> Vector:
    """By what draws of n groups are stretched: sqrt(n / (n - 1)) · t / z, at 97.5%. One group counts as two.

    Source: T. Hesterberg, What teachers should know about the bootstrap, American Statistician 69 (2015), 371-386.

    >>> widening(np.array([5, 20, 200])).round(3).tolist()
    [1.584, 1.096, 1.009]
    """
    several = np.maximum(groups, 2)
    wider: Vector = np.sqrt(several / (several - 1)) * stdtrit(several - 1, 0.975) / ndtri(0.975)
    return wider


def interval(value: Vector, off: Drawn, level: float = 0.95) -> tuple[Vector, Vector]:
    """The lower and upper ends (m,), (m,) of the middle `level` of draws, given as deviations (m, draws)."""
    rising = np.sort(off, axis=1)
    cut = (off.shape[1] - 1) * (1 - level) / 2
    below, part = int(cut), cut - int(cut)
    low = rising[:, below] * (1 - part) + rising[:, below + 1] * part
    high = rising[:, -1 - below] * (1 - part) + rising[:, -2 - below] * part
    return value + low, value + high


def _times(groups: int, draws: int, random: np.random.Generator) -> Drawn:
    """How often each group comes up in each draw, (groups, draws): multinomial, by counting what was drawn."""
    taken = random.integers(groups, size=(groups, draws), dtype=np.int32) * draws + np.arange(draws, dtype=np.int32)
    return np.bincount(taken.ravel(), minlength=groups * draws).reshape(groups, draws).astype(np.float32)


def _blocks(found: Sums) -> Iterator[tuple[int, slice]]:
    """The first forecaster of each block, and where its pairs stand."""
    firsts = np.arange(0, found.shape[0], _BLOCK)
    ends = np.searchsorted(found.row, [*firsts, found.shape[0]])
    for number, first in enumerate(firsts.tolist()):
        yield first, slice(int(ends[number]), int(ends[number + 1]))


# Ranks


@dataclass(frozen=True)
class Ranks:
    """Where n forecasters may stand, each (n,).

    first  the probability of being first
    top    the probability of being among the first ten
    best   with 95% probability no rank lies above this one
    worst  with 95% probability none lies below, so that best to worst holds 90%
    """

    first: Vector
    top: Vector
    best: npt.NDArray[np.int32]
    worst: npt.NDArray[np.int32]


def ranks(drawn: Drawn, top: int = 10) -> Ranks:
    """Where forecasters stand over many draws of what they are worth: (n, draws), the largest of a draw is first.

    Who are equal in a draw share what it says of the first place. Neighbours who are equal in all of them may each
    stand anywhere among themselves.
    """
    n, draws = drawn.shape
    who, when = np.nonzero(drawn == drawn.max(axis=0, initial=-np.inf))
    first = np.bincount(who, 1 / np.bincount(when, minlength=draws)[when], n) / draws
    order = np.argsort(np.negative(drawn.T, order="C"), axis=1)
    place = np.empty((draws, n), dtype=np.int32)
    np.put_along_axis(place, order, np.arange(1, n + 1, dtype=np.int32)[None], axis=1)
    taken = np.ascontiguousarray(place.T)
    rising = np.sort(taken, axis=1)
    cut = draws // 20
    among = np.count_nonzero(rising <= top, axis=1) / draws
    alike = (drawn[1:] == drawn[:-1]).all(axis=1)
    if not alike.any():
        return Ranks(first, among, rising[:, cut], rising[:, draws - 1 - cut])
    begins = np.flatnonzero(np.append(True, ~alike))
    kin = np.cumsum(np.append(True, ~alike)) - 1
    best = np.sort(np.minimum.reduceat(taken, begins), axis=1)[kin, cut]
    worst = np.sort(np.maximum.reduceat(taken, begins), axis=1)[kin, draws - 1 - cut]
    return Ranks(first, among, best, worst)


def rank_sets(
    x: Vector, se: Vector, *, level: float = 0.95, draws: int = 10_000, seed: int = 2026
) -> tuple[Numbers, Numbers]:
    """The best and the worst rank (n,), (n,) that each may have; with probability `level` all of them hold at once.

    x, se  (n,) independent estimates, larger is better, with their standard errors, above 0

    Every pair is tested for "this one is not better than that one" against the largest of all such statistics under
    chance; what was rejected leaves the comparison and the rest is tested again, until nothing more is rejected.
    Costs n² · draws: a hundred forecasters take a second or two.

    >>> best, worst = rank_sets(np.array([0.3, 0.2, 0.1]), np.array([0.01, 0.01, 0.2]))
    >>> best.tolist(), worst.tolist()
    ([1, 2, 1], [2, 3, 3])

    Source: M. Mogstad, J. P. Romano, A. M. Shaikh, D. Wilhelm, Review of Economic Studies 91 (2024), 476-518.
    """
    if x.shape != se.shape or not (se > 0).all():
        raise ValueError("Give one value and one standard error above 0 for each forecaster.")
    apart = np.sqrt(se[:, None] ** 2 + se**2)
    statistic = (x[:, None] - x) / apart
    chance = np.random.default_rng(seed).standard_normal((draws, len(x))) * se
    open_ = ~np.eye(len(x), dtype=bool)
    better = np.zeros_like(open_)
    while open_.any():
        largest = np.array([((one[:, None] - one) / apart)[open_].max() for one in chance])
        new = open_ & (statistic > np.quantile(largest, level))
        if not new.any():
            break
        better, open_ = better | new, open_ & ~new
    return 1 + better.sum(axis=0), len(x) - better.sum(axis=1)


# Small things


def brier_skill(p: Vector, y: Vector) -> float:
    """The Brier skill score: by which share of its loss forecasts p (n,) beat who always says the mean of y (n,).

    1 is perfect, 0 is no better, below 0 is worse; NaN where all outcomes are the same, since that other one then
    loses nothing. Outcomes are 0 or 1.

    >>> round(brier_skill(np.array([0.9, 0.2]), np.array([1.0, 0.0])), 6)
    0.9
    """
    lost, reference = ((p - y) ** 2).mean(), ((y.mean() - y) ** 2).mean()
    return float(1 - lost / reference) if reference > 0 else float("nan")


def places(ids: Numbers) -> tuple[Numbers, Numbers]:
    """The distinct ids, rising, and where each of `ids` stands among them: np.unique, without sorting where it can."""
    low, high = (int(ids.min()), int(ids.max())) if len(ids) else (0, -1)
    if high - low > 8 * len(ids) + 1024:
        distinct, place = np.unique(ids, return_inverse=True)
        return distinct, place
    there = np.zeros(high - low + 1, dtype=bool)
    there[ids - low] = True
    return np.flatnonzero(there) + low, (np.cumsum(there) - 1)[ids - low]
