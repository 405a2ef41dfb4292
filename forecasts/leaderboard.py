"""Who forecast best over many questions: the board's rows, in the order in which they are shown."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from forecasts import skill
from forecasts.timeline import Mask, Numbers
from questions.shape import Vector

PRESENCE_FOR_A_RANK = 0.5
ENOUGH_FOR_AN_INTERVAL = 5  # groups
ENOUGH_FOR_A_PODIUM = 50  # questions: with ten, somebody who doubles all logits comes first far too often
TOLD_APART = 0.975  # how sure it must be that the upper of two neighbours is the better one
SAME = 1e-12  # sums of the same losses in another order differ by less, and must not decide who is first


@dataclass(frozen=True)
class Cells:
    """What boards are made of: one row for each forecaster and resolved question, c of them.

    question, group, forecaster  (c,) ids; questions of one group are linked, and chance acts on the group as a whole
    numbers  by name (c,): the numbers of scoring.Assessment, with "coverage" and "presence". NaN where a number does
             not apply, such as "brier" where outcomes are ordered; one that applies nowhere may be left out
    """

    question: Numbers
    group: Numbers
    forecaster: Numbers
    numbers: Mapping[str, Vector]

    def __post_init__(self) -> None:
        columns = (self.group, self.forecaster, *self.numbers.values())
        if self.question.ndim != 1 or any(column.shape != self.question.shape for column in columns):
            raise ValueError("The columns of these cells are not of one length.")

    def only(self, chosen: Mask) -> "Cells":
        """The cells that `chosen` (c,) marks."""
        if chosen.all():
            return self
        numbers = {name: column[chosen] for name, column in self.numbers.items()}
        return Cells(self.question[chosen], self.group[chosen], self.forecaster[chosen], numbers)


@dataclass(frozen=True)
class Measure:
    """One way in which a board can be ranked.

    about        its scale, its direction and what it is, in one line
    higher       whether higher is better
    decimals     how many of them are shown
    number       which of the cells' numbers it is made of
    reference    the value to hold others against: the crowd's, or that of always 50%; None where there is no such one
    by_coverage  whether a value is the sum of the numbers divided by the sum of the coverages; else it is their mean
    line         whether who was present for less than half the time stands below the line. It is so where the value
                 depends on when one stood: a mean loss over one's own time is smaller late, when more is known, and a
                 second before the end it is next to nothing. By the others there is nothing to gain: they give 0 for
                 time not covered, which is what the others have in the mean, or somebody who knows nothing
    """

    name: str
    title: str
    about: str
    higher: bool
    decimals: int
    number: str
    reference: float | None
    by_coverage: bool = False
    line: bool = False


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "skill",
            "Skill",
            "−1 to 1, higher is better, 0 is as good as the others: the mean peer score, drawn towards the mean of all "
            "people by as much of it as is likely to be luck (not with three or fewer, who do not tell how much)",
            higher=True,
            decimals=3,
            number="peer",
            reference=0.0,
        ),
        Measure(
            "peer",
            "Peer",
            "−1 to 1, higher is better, 0 is as good as the others: by how much less you lost than those who stood at "
            "the same moments, by Brier (by the ranked score where outcomes are ordered); the mean over your questions",
            higher=True,
            decimals=3,
            number="peer",
            reference=0.0,
        ),
        Measure(
            "peer_log",
            "Peer, log",
            "Without bounds, higher is better, 0 is as good as the others: the same by the log score, times 100, as on "
            "Metaculus",
            higher=True,
            decimals=1,
            number="peer_log",
            reference=0.0,
        ),
        Measure(
            "brier",
            "Brier",
            "0 to 1, lower is better, always 50% is 0.25 on yes/no questions, twice this is the Good Judgment scale: "
            "the sum of your losses divided by the sum of your coverages, on yes/no and choice questions",
            higher=False,
            decimals=3,
            number="brier",
            reference=0.25,
            by_coverage=True,
            line=True,
        ),
        Measure(
            "adjusted",
            "Adjusted Brier",
            "About 0 to 1, lower is better, always 50% is 0.25 on yes/no questions: the mean Brier score that you "
            "would have on questions of mean hardness, had you stood over the whole time",
            higher=False,
            decimals=3,
            number="brier",
            reference=0.25,
            line=True,
        ),
        Measure(
            "accuracy",
            "Accuracy",
            "−1 to 1, lower is better, 0 is the crowd's median forecaster, twice this is the Good Judgment scale: your "
            "mean daily loss less theirs on the same days, times the share of days on which you stood",
            higher=False,
            decimals=3,
            number="accuracy",
            reference=0.0,
            line=True,
        ),
        Measure(
            "baseline",
            "Baseline",
            "At most 100 on yes/no and choice questions, higher is better, 0 is equal odds on everything: Metaculus' "
            "baseline score, the mean over your questions",
            higher=True,
            decimals=1,
            number="baseline",
            reference=0.0,
        ),
        Measure(
            "ranked",
            "Ranked score",
            "0 to 1, lower is better: the sum of your ranked scores divided by the sum of your coverages, on questions "
            "whose outcomes are ordered (numbers and dates); not on the scale of Brier",
            higher=False,
            decimals=3,
            number="ranked",
            reference=None,
            by_coverage=True,
            line=True,
        ),
    )
}


@dataclass(frozen=True)
class Row:
    """One forecaster's row.

    value           by the board's measure
    low, high       its 95% interval; None under five groups, and where nobody's scores vary
    questions       on how many questions it rests
    groups          in how many groups these lie
    coverage        the mean, over those questions, of the share of the scheduled window
    presence        the same of the realised window
    rank            1 is the best; None for who does not compete, and below the line
    best, worst     its 90% rank interval; None without a rank and under five groups
    first           the probability of being first of those ranked; None without a rank, and where nobody has two
                    groups, so that nothing is known of chance
    top             the probability of being among the first ten of them; None as above
    tied            whether it cannot be told apart from the next ranked row below
    below_the_line  whether presence is too low for the measure, see Measure.line
    """

    forecaster: int
    value: float
    low: float | None
    high: float | None
    questions: int
    groups: int
    coverage: float
    presence: float
    rank: int | None
    best: int | None
    worst: int | None
    first: float | None
    top: float | None
    tied: bool
    below_the_line: bool


@dataclass(frozen=True)
class Board:
    """A whole board.

    rows       as they are shown, the best first, those below the line last
    questions  how many questions count by this measure, of those that anybody who competes answered
    groups     in how many groups these lie
    podium     whether they are enough to crown anybody
    parts      above 1 only where hardness was adjusted for: into how many parts forecasters and questions fall that no
               chain of shared questions links, so that nothing can be compared across them
    stand_ins  whether none of those has a number who should tell what forecasters are like, so that whoever competes
               tells it
    """

    measure: Measure
    rows: list[Row]
    questions: int
    groups: int
    podium: bool
    parts: int
    stand_ins: bool


def rank(
    cells: Cells,
    measure: str,
    competes: Collection[int],
    crowd: int,
    even: int,
    *,
    tells: Collection[int] | None = None,
    least: int = 1,
    draws: int = 1000,
    seed: int = 2026,
) -> Board:
    """The board by one of MEASURES.

    competes  the ids that may carry a rank. The others (crowds, always fifty-fifty, sources) stand among them by their
              value and take nobody's place
    crowd     whose loss on a question is that of the crowd; `even` who always gives each outcome the same probability
    tells     the ids that tell what forecasters are like, how much is luck, and how hard a question is: those of
              persons, so that nobody's value changes by a bad bot more. By default, and where none of them has a
              number by this measure, it is whoever competes
    least     who has fewer questions has no row and takes nobody's place; what others are worth does not change by it
    draws     how often chance is played through, seeded, so that a board is always the same

    Equal values share a rank, and the next one is as if they had not: 1, 2, 2, 4.
    """
    if measure not in MEASURES:
        raise ValueError(f"“{measure}” is no measure of a board. Choose among {', '.join(MEASURES)}.")
    how = MEASURES[measure]
    given = _counted(cells, how, competes, competes if tells is None else tells)
    if how.name == "adjusted":
        given = _adjusted(given, crowd, even)
    rows = _rows(_tally(given, how, even, draws, np.random.default_rng(seed)), how, least)
    questions, groups = given.answered
    return Board(how, rows, questions, groups, questions >= ENOUGH_FOR_A_PODIUM, given.parts, given.stand_ins)


@dataclass(frozen=True)
class _Counted:
    """The c cells that count by a measure.

    number     (c,) what each brings in
    competing  (c,) whose rows may carry a rank
    told       (c,) who tells what forecasters and questions are like
    stand_ins  see Board
    parts      see Board
    """

    cells: Cells
    number: Vector
    competing: Mask
    told: Mask
    stand_ins: bool
    parts: int = 1

    @property
    def answered(self) -> tuple[int, int]:
        """How many questions and groups those who compete answered; all, where nobody does."""
        here = self.competing if self.competing.any() else np.ones(len(self.competing), dtype=bool)
        questions, groups = (len(skill.places(one[here])[0]) for one in (self.cells.question, self.cells.group))
        return questions, groups


def _counted(cells: Cells, how: Measure, competes: Collection[int], tells: Collection[int]) -> _Counted:
    absent = np.full(len(cells.question), np.nan)
    names = {how.number, "coverage", "presence", "beside"}
    cells = replace(cells, numbers={name: cells.numbers.get(name, absent) for name in names})
    cells = cells.only((cells.numbers["coverage"] > 0) & ~np.isnan(cells.numbers[how.number]))
    competing, told = (np.isin(cells.forecaster, list(ids)) for ids in (competes, tells))
    stand_ins = bool(competing.any() and not told.any())
    return _Counted(cells, cells.numbers[how.number], competing, competing if stand_ins else told, stand_ins)


@dataclass(frozen=True)
class Course:
    """One forecaster's value on the board by skill as it was at t moments: five columns (t,).

    at         the moments, rising
    questions  on how many of their questions it rested
    value      NaN where they had none
    low, high  its 95% interval; NaN where the board would have shown none
    """

    at: Numbers
    questions: Numbers
    value: Vector
    low: Vector
    high: Vector


def course(
    cells: Cells, known: Numbers, competes: Collection[int], forecaster: int, at: Numbers,
    *, tells: Collection[int] | None = None,
) -> Course:  # fmt: skip
    """What the board by skill would have said of one forecaster at each of these moments.

    known  (c,) when the outcome of each cell's question became known; at a moment those count that were known by then
    at     (t,) rising
    tells  as for `rank`

    Scores are those of today: what was said is weighed by the windows that its questions came to have.
    """
    told = competes if tells is None else tells
    rows = [_then(cells.only(known <= moment), competes, told, forecaster) for moment in at.tolist()]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Course(at, columns[0].astype(np.int64), *columns[1:])


def _then(
    cells: Cells, competes: Collection[int], tells: Collection[int], forecaster: int
) -> tuple[float, float, float, float]:
    """On how many questions the value of one forecaster rests, the value and its interval, by these cells alone."""
    given = _counted(cells, MEASURES["skill"], competes, tells)
    if not (given.cells.forecaster == forecaster).any():
        return 0, np.nan, np.nan, np.nan
    found = _tally(given, MEASURES["skill"], -1, 1, np.random.default_rng(0))
    (one,) = np.flatnonzero(found.forecaster == forecaster).tolist()
    known = found.groups[one] >= ENOUGH_FOR_AN_INTERVAL
    low, high = (float(found.low[one]), float(found.high[one])) if known else (np.nan, np.nan)
    return int(found.questions[one]), float(found.value[one]), low, high


def _adjusted(given: _Counted, crowd: int, even: int) -> _Counted:
    """The same with the mean losses as if over the whole window, on questions of mean hardness.

    A question that nobody answered who tells how hard it is does not count.
    """
    cells = given.cells
    own, beside = (cells.numbers[name] / cells.numbers["coverage"] for name in ("brier", "beside"))
    names, place = skill.places(cells.question)
    theirs, whole = cells.forecaster == crowd, np.full(len(names), np.nan)
    whole[place[theirs]] = own[theirs]
    loss = skill.throughout(own, np.where(np.isnan(beside), own, beside), whole[place])
    found = skill.adjusted(cells.question, cells.forecaster, loss, given.told, even, own)
    known = ~np.isnan(found.loss)
    competing, told = given.competing[known], given.told[known]
    return _Counted(cells.only(known), found.loss[known], competing, told, given.stand_ins, found.parts)


@dataclass(frozen=True)
class _Tally:
    """What the rows are made of, m forecasters: each column (m,), draws (m, draws)."""

    forecaster: Numbers
    competing: Mask
    questions: Numbers
    groups: Numbers
    coverage: Vector
    presence: Vector
    value: Vector
    low: Vector
    high: Vector
    drawn: skill.Drawn | None


def _tally(given: _Counted, how: Measure, even: int, draws: int, random: np.random.Generator) -> _Tally:
    """Everybody's values with what chance may have done to them."""
    cells = given.cells
    if not np.isfinite(given.number).all():
        raise ValueError("A score of somebody who stood by a forecast is not a finite number.")
    number = np.where(np.abs(given.number) < SAME, 0.0, given.number)
    who, row = skill.places(cells.forecaster)
    group = skill.places(cells.group)[1]
    questions = np.bincount(row, minlength=len(who))
    coverage, presence = (
        np.bincount(row, cells.numbers[name], len(who)) / questions for name in ("coverage", "presence")
    )
    weight = cells.numbers["coverage"] if how.by_coverage else np.ones(len(row))
    sums = skill.sums(row, group, number, weight)
    competing, told = (np.bincount(row, mask, len(who)) > 0 for mask in (given.competing, given.told))
    if how.name == "skill":
        value, low, high, drawn = _by_shrinking(sums, told, draws, random)
    else:
        anchor = np.flatnonzero(who == even) if how.name == "adjusted" else np.empty(0, dtype=np.int64)
        value, low, high, drawn = _by_resampling(sums, told, anchor, draws, random)
    if how.by_coverage:
        low, high = np.maximum(low, 0), np.minimum(high, 1)
    return _Tally(who, competing, questions, sums.groups, coverage, presence, value, low, high, drawn)


_Weighed = tuple[Vector, Vector, Vector, skill.Drawn | None]
"""Values, the ends of their intervals, and draws of what they may be worth; None where nothing is known of chance."""


def _by_shrinking(sums: skill.Sums, told: Mask, draws: int, random: np.random.Generator) -> _Weighed:
    """Shrunken values, their 95% intervals and draws out of their posterior."""
    value, variance = sums.value, skill.pooled_variance(sums, told)
    if not variance > 0:
        return _without_chance(value, variance, draws)
    shrunk = skill.shrink_cautiously(value, variance / sums.effective, told if told.any() else None)
    value, sd = shrunk.mean, shrunk.sd
    free = (sums.groups - 1)[told].sum() if told.any() else (sums.groups - 1).sum()
    wide = float(stdtrit(free, 0.975)) * sd
    off = random.standard_normal((len(value), draws), dtype=np.float32) * sd.astype(np.float32)[:, None]
    return value, value - wide, value + wide, value.astype(np.float32)[:, None] + off


def _without_chance(value: Vector, variance: float, draws: int) -> _Weighed:
    """No intervals. Where nobody's scores vary at all the draws are the values; else nothing is known of chance."""
    nothing = np.full(len(value), np.nan)
    still = np.broadcast_to(value.astype(np.float32)[:, None], (len(value), draws))
    return value, nothing, nothing, still if variance == 0 else None


def _by_resampling(sums: skill.Sums, told: Mask, anchor: Numbers, draws: int, random: np.random.Generator) -> _Weighed:
    """Plain values, their 95% intervals by drawing other groups, and draws of what they are worth.

    anchor  whose value is the same whatever is drawn, as the adjusted board is moved by it; nobody's where empty

    Who has fewer than five groups has too few to draw from: its deviations are normal, of the variance that all share.
    What somebody is worth is likely to be nearer to the others than the plain value is: centres and deviations are
    shrunk as on the board by skill, else whoever was lucky on a few questions would be first with near certainty.
    """
    value, variance = sums.value, skill.pooled_variance(sums, told)
    if not (variance > 0 or (variance == 0 and len(anchor))):
        return _without_chance(value, variance, draws)
    off = skill.bootstrap(sums, draws, random)
    few = np.flatnonzero(sums.groups < ENOUGH_FOR_AN_INTERVAL)
    spread = np.sqrt(variance / sums.effective[few]).astype(np.float32)
    off[few] = random.standard_normal((len(few), draws), dtype=np.float32) * spread[:, None]
    if len(anchor):
        off -= off[anchor]
    centre, nearer = value, np.ones(len(value))
    if variance > 0:
        shrunk = skill.shrink_cautiously(value, variance / sums.effective, told if told.any() else None)
        centre, nearer = shrunk.mean, shrunk.sd / np.sqrt(variance / sums.effective)
    drawn = centre.astype(np.float32)[:, None] + off * nearer.astype(np.float32)[:, None]
    return value, *skill.interval(value, off), drawn


def _rows(found: _Tally, how: Measure, least: int) -> list[Row]:
    """The rows in order, with their ranks and what chance says of these."""
    sign = 1 if how.higher else -1
    below = (found.presence < PRESENCE_FOR_A_RANK - SAME) & how.line
    order = np.lexsort((found.forecaster, -sign * found.value, below))
    order = order[found.questions[order] >= least]
    ranked = order[(found.competing & ~below)[order]]
    places = dict(zip(ranked.tolist(), _placed(sign * found.value[ranked]), strict=True))
    odds = _odds(found, ranked, sign)
    return [_row(found, one, places.get(one), odds.get(one, _UNRANKED), bool(below[one])) for one in order.tolist()]


def _placed(falling: Vector) -> list[int]:
    """The ranks of values that never rise, the largest first."""
    placed: list[int] = []
    place, value = 0, np.inf
    for number, one in enumerate(falling.tolist(), start=1):
        if value - one > SAME:
            place, value = number, one
        placed.append(place)
    return placed


@dataclass(frozen=True)
class _Odds:
    """What chance says of one rank; see Row."""

    first: float | None
    top: float | None
    best: int | None
    worst: int | None
    tied: bool


_UNRANKED = _Odds(None, None, None, None, tied=False)


def _odds(found: _Tally, ranked: Numbers, sign: int) -> dict[int, _Odds]:
    """By who is ranked, given in order."""
    if not len(ranked):
        return {}
    if found.drawn is None:
        last = int(ranked[-1])
        return {one: _Odds(None, None, None, None, tied=one != last) for one in ranked.tolist()}
    drawn = np.float32(sign) * found.drawn[ranked]
    above, under = drawn[:-1], drawn[1:]
    surely = np.count_nonzero(above > under, axis=1)  # who are alike are equal in every draw, and tied
    tied = np.append(surely < TOLD_APART * drawn.shape[1], False)
    seen = skill.ranks(drawn)
    columns = (column.tolist() for column in (seen.first, seen.top, seen.best, seen.worst, tied))
    return {one: _Odds(*odds) for one, odds in zip(ranked.tolist(), zip(*columns, strict=True), strict=True)}


def _row(found: _Tally, one: int, rank: int | None, odds: _Odds, below: bool) -> Row:
    groups = int(found.groups[one])
    enough = groups >= ENOUGH_FOR_AN_INTERVAL and found.drawn is not None
    known = enough and bool(np.isfinite(found.low[one]))
    return Row(
        forecaster=int(found.forecaster[one]),
        value=float(found.value[one]),
        low=float(found.low[one]) if known else None,
        high=float(found.high[one]) if known else None,
        questions=int(found.questions[one]),
        groups=groups,
        coverage=float(found.coverage[one]),
        presence=float(found.presence[one]),
        rank=rank,
        best=odds.best if enough else None,
        worst=odds.worst if enough else None,
        first=odds.first,
        top=odds.top,
        tied=odds.tied,
        below_the_line=below,
    )
