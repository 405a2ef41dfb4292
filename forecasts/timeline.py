"""How long each forecast stood, and what it cost its forecaster over that time: on one question, or on many at once.

All times are whole microseconds since the epoch, so that no instant is lost to rounding. Every stretch of time is
half-open: it holds its first instant and not its last.

A table of many questions is laid out in lots of whole questions. Within a lot the acts lie by pair (one forecaster on
one question), then by moment, so that where one act ends is read off the next. No loop runs over acts. The time that
it takes grows as n, as long as the acts on each question come in the order of their moments, and else as n log n.
Beyond what it returns, the order of the acts and one lot are all that it holds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from questions.shape import Vector

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

Number = TypeVar("Number", bound=np.generic)

NEVER = int(np.iinfo(np.int64).max)
LOT = 50_000  # acts that are laid out together: few enough to stay near the processor
LOT_QUESTIONS = 256  # few enough for running integrals over all of them to lose no digit that counts
DIGIT = 16  # bits: numpy sorts whole numbers of this size by radix, ten times as fast as larger ones


@dataclass(frozen=True)
class Acts:
    """What people said on one question, in the order of the journal; n acts over k outcomes.

    forecaster     (n,)   ids, any whole numbers
    at             (n,)   when it was said
    probabilities  (n, k) floats; NaN in the rows of withdrawals
    withdrawn      (n,)   whether this act takes the forecaster's standing forecast back
    expires        (n,)   when it stops standing by itself; NEVER where it does not
    """

    forecaster: Numbers
    at: Numbers
    probabilities: Vector
    withdrawn: Mask
    expires: Numbers

    def __post_init__(self) -> None:
        columns = (self.forecaster, self.at, self.withdrawn, self.expires)
        if self.probabilities.ndim != 2 or any(column.shape != self.probabilities.shape[:1] for column in columns):
            raise ValueError("The columns of these acts are not of one length.")

    def only(self, chosen: Mask) -> Self:
        """The acts that `chosen` (n,) marks, such as those of persons, in the same order."""
        said, back = self.probabilities[chosen], self.withdrawn[chosen]
        return type(self)(self.forecaster[chosen], self.at[chosen], said, back, self.expires[chosen])


@dataclass(frozen=True)
class Window:
    """The time over which a question is scored: [opens, end), out of the [opens, closes) that was planned.

    opens   when forecasts begin to count
    closes  when they were to stop counting
    end     when they did stop: when the outcome became known, if that was before `closes`
    """

    opens: int
    closes: int
    end: int

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError(f"A window cannot close at {self.closes} when it opens at {self.opens}.")
        if not self.opens <= self.end <= self.closes:
            raise ValueError(f"A window from {self.opens} to {self.closes} cannot end at {self.end}.")

    @classmethod
    def until(cls, opens: int, closes: int, known_at: int) -> Self:
        """The window of a question whose outcome became known at `known_at`."""
        return cls(opens, closes, min(closes, known_at))

    @classmethod
    def running(cls, opens: int, closes: int) -> Self:
        """The window of a question whose outcome nobody knows yet."""
        return cls(opens, closes, closes)

    @property
    def scheduled(self) -> int:
        return self.closes - self.opens

    @property
    def realised(self) -> int:
        return self.end - self.opens


@dataclass(frozen=True)
class Table:
    """Acts on many questions, in the order of the journal; n acts.

    question    (n,) which of the windows is its question's, counted from 0
    forecaster  (n,) ids, any whole numbers
    at          (n,) when it was said
    withdrawn   (n,) whether this act takes the forecaster's standing forecast on the question back
    expires     (n,) when it stops standing by itself; NEVER where it does not
    """

    question: Numbers
    forecaster: Numbers
    at: Numbers
    withdrawn: Mask
    expires: Numbers

    def __post_init__(self) -> None:
        columns = (self.question, self.forecaster, self.withdrawn, self.expires)
        if self.at.ndim != 1 or any(column.shape != self.at.shape for column in columns):
            raise ValueError("The columns of these acts are not of one length.")

    @cached_property
    def expiring(self) -> bool:
        """Whether any act expires; where none does, nobody need look up when."""
        return bool((self.expires < NEVER).any())

    @classmethod
    def of(cls, acts: Acts) -> Self:
        """The acts of one question, as a table of it alone."""
        alone = np.zeros(len(acts.at), dtype=np.int64)
        return cls(alone, acts.forecaster, acts.at, acts.withdrawn, acts.expires)


@dataclass(frozen=True)
class Windows:
    """The scoring windows of q questions, three columns (q,): see Window."""

    opens: Numbers
    closes: Numbers
    end: Numbers

    def __post_init__(self) -> None:
        if not self.opens.shape == self.closes.shape == self.end.shape or self.opens.ndim != 1:
            raise ValueError("The columns of these windows are not of one length.")
        for wrong in np.flatnonzero((self.opens >= self.closes) | (self.end < self.opens) | (self.end > self.closes)):
            Window(int(self.opens[wrong]), int(self.closes[wrong]), int(self.end[wrong]))  # says what is wrong with it

    @classmethod
    def of(cls, *windows: Window) -> Self:
        """Windows, one by one, as columns."""
        rows = np.array([(one.opens, one.closes, one.end) for one in windows], dtype=np.int64).reshape(-1, 3)
        return cls(*rows.T)

    @property
    def scheduled(self) -> Numbers:
        return self.closes - self.opens

    @property
    def realised(self) -> Numbers:
        return self.end - self.opens


@dataclass(frozen=True)
class Lot:
    """Some whole questions, laid out: c acts of p pairs, by question, then forecaster, then moment, then journal.

    came        (c,) which acts of the table, by question, in the order of the journal
    turn        (c,) which of `came` each of them is
    place       (c,) where it lies in the order of time: by question, then moment, then journal
    start       (c,) when it began to count, in microseconds after its question opened
    stop        (c,) when it ceased to; equal to `start` where it never stood within the window
    replaced    (c,) whether it stood until the pair's next act
    pair        (c,) which pair, 0 to p - 1, rising
    question    (p,) which of the windows
    forecaster  (p,) ids
    scheduled   (p,) how long that window was to be
    realised    (p,) how long it was
    """

    came: Numbers
    turn: Numbers
    place: Numbers
    start: Numbers
    stop: Numbers
    replaced: Mask
    pair: Numbers
    question: Numbers
    forecaster: Numbers
    scheduled: Numbers
    realised: Numbers

    @property
    def stood(self) -> Mask:
        """Which acts (c,) stood for any time within the window."""
        return self.stop > self.start

    def of(self, column: npt.NDArray[Number]) -> npt.NDArray[Number]:
        """Of a column (n,) of a whole table what stands there for the lot's acts, (c,)."""
        return column[self.came][self.turn]  # through the whole column in one direction, then about within the lot

    def own(self, losses: Vector) -> Vector:
        """Of the losses (n, r) of a whole table those of the lot's acts, (r, c); 0 for those that never stood.

        Raises ValueError where one that stood lost NaN or without bound.
        """
        found = np.empty((losses.shape[1], len(self.turn)))
        for into, loss in zip(found, losses.T, strict=True):
            into[:] = np.where(self.stood, self.of(loss), 0.0)
        if not np.isfinite(found).all():
            raise ValueError("The loss of a forecast that stands is not a number.")
        return found


@dataclass(frozen=True)
class Accounts:
    """What p pairs of a question and a forecaster lost by r rules, rising by question, then forecaster.

    question    (p,) which of the windows
    forecaster  (p,) ids
    loss        (p, r) the integral of the loss over standing time, divided by the scheduled window
    standing    (p,) for how many microseconds of the window a forecast stood
    last        (p,) which act of the table stood when the window ended; -1 where none did
    """

    question: Numbers
    forecaster: Numbers
    loss: Vector
    standing: Numbers
    last: Numbers

    def coverage(self, windows: Windows) -> Vector:
        """Standing time divided by the scheduled window, (p,): 0 to 1; 0 means that there is no score."""
        share: Vector = self.standing / windows.scheduled[self.question]
        return share

    def presence(self, windows: Windows) -> Vector:
        """Standing time divided by the realised window, (p,): 0 to 1; NaN where that window is empty."""
        realised = windows.realised[self.question]
        share: Vector = np.divide(self.standing, realised, out=np.full(len(realised), np.nan), where=realised > 0)
        return share


@dataclass(frozen=True)
class Account:
    """What each of m forecasters lost on one question, and for how much of it they stood by a forecast.

    forecaster  (m,) ids, rising
    loss        (m,) the integral of the loss over standing time, divided by the scheduled window
    coverage    (m,) standing time divided by the scheduled window, 0 to 1; 0 means that there is no score
    presence    (m,) standing time divided by the realised window, 0 to 1; NaN where that window is empty
    last        (m,) which act stood when the window ended; -1 where none did
    """

    forecaster: Numbers
    loss: Vector
    coverage: Vector
    presence: Vector
    last: Numbers


# One question


def stands(acts: Acts) -> tuple[Numbers, Numbers]:
    """When each act stood: [start, stop), two arrays (n,), not clipped to any window.

    An act stands from its moment until the same forecaster's next act, or until it expires. Of two acts of one
    forecaster at the same moment the later in the journal counts, and the earlier stands for nothing: start == stop.
    So does a withdrawal.
    """
    row, at = _timed(np.zeros_like(acts.at), np.arange(len(acts.at)), acts.at)
    who = _from_zero(acts.forecaster[row])
    order = in_order(who)
    row, at, begins = row[order], at[order], _begins(who[order])
    stop = np.empty_like(acts.at)
    stop[row] = _stops(at, acts.withdrawn[row], acts.expires[row], begins)
    return acts.at, stop


def clipped(acts: Acts, window: Window) -> tuple[Numbers, Numbers]:
    """When each act stood within the window: [start, stop), two arrays (n,).

    What was said before the window opened counts from its opening; what was said at its end counts for nothing.
    """
    start, stop = stands(acts)
    return np.clip(start, window.opens, window.end), np.clip(stop, window.opens, window.end)


def standing_at(acts: Acts, moment: int) -> Mask:
    """Which acts (n,) stood at `moment`: at most one of each forecaster. One made at that very moment stands."""
    start, stop = stands(acts)
    return (start <= moment) & (moment < stop)


def account(acts: Acts, window: Window, losses: Vector) -> Account:
    """What each forecaster lost over the window, divided by the window that was planned.

    losses  (n,) the loss of each act by whatever rule; what withdrawals have there is not looked at, even NaN

    Divided by the planned window and not by the realised one: else a calibrated forecaster would look wrong wherever
    one of the answers ends the question early. Comparable between forecasters only together with coverage.
    """
    if losses.shape != acts.at.shape:
        raise ValueError(f"There are {len(acts.at)} acts, but losses of shape {losses.shape}.")
    windows = Windows.of(window)
    found = accounts(Table.of(acts), windows, losses[:, None])
    return Account(found.forecaster, found.loss[:, 0], found.coverage(windows), found.presence(windows), found.last)


# Many questions


def accounts(table: Table, windows: Windows, losses: Vector) -> Accounts:
    """What every forecaster lost on every question, by r rules at once.

    losses  (n, r) the loss of each act by each rule; what withdrawals have there is not looked at, even NaN

    >>> twice = Table(np.array([0, 1]), np.array([7, 7]), np.array([0, 5]), np.zeros(2, bool), np.full(2, NEVER))
    >>> found = accounts(twice, Windows.of(Window(0, 10, 10), Window(0, 10, 10)), np.array([[0.2], [0.2]]))
    >>> found.question.tolist(), found.forecaster.tolist(), found.loss[:, 0].tolist(), found.standing.tolist()
    ([0, 1], [7, 7], [0.2, 0.1], [10, 5])
    """
    require_losses(table, losses)
    return Accounts(*gathered((columns(lot, lot.own(losses)) for lot in lots(table, windows)), len(table.at)))


def require_losses(table: Table, losses: Vector) -> None:
    """Raise ValueError unless there is a row of losses for each act."""
    if losses.ndim != 2 or len(losses) != len(table.at):
        raise ValueError(f"There are {len(table.at)} acts, but losses of shape {losses.shape}.")


def columns(lot: Lot, own: Vector) -> tuple[Numbers, Numbers, Vector, Numbers, Numbers]:
    """The columns of the Accounts of one lot, with `own` (r, c) by Lot.own."""
    lasted, pairs = lot.stop - lot.start, len(lot.question)
    lost = np.empty((pairs, len(own)))
    for rule, losses in enumerate(own):
        lost[:, rule] = np.bincount(lot.pair, losses * lasted, pairs) / lot.scheduled
    standing = np.add.reduceat(lasted, np.flatnonzero(_begins(lot.pair))) if pairs else np.zeros(0, dtype=np.int64)
    last = np.full(pairs, -1)
    final = np.flatnonzero(lot.stood & (lot.stop == lot.realised[lot.pair]))
    last[lot.pair[final]] = lot.came[lot.turn[final]]
    return lot.question, lot.forecaster, lost, standing, last


def gathered(parts: Iterable[tuple[npt.NDArray[Any], ...]], most: int) -> list[npt.NDArray[Any]]:
    """The columns of one part or more, each below that of the part before; `most` is a bound on their length."""
    whole: list[npt.NDArray[Any]] = []
    filled = 0
    for part in parts:
        # Memory that nothing is written into costs nothing, and in this way nothing is ever there twice.
        whole = whole or [np.empty((most, *column.shape[1:]), column.dtype) for column in part]
        for into, column in zip(whole, part, strict=True):
            into[filled : filled + len(column)] = column
        filled += len(part[0])
    return [column[:filled] for column in whole]


def lots(table: Table, windows: Windows) -> Iterator[Lot]:
    """The table in lots of whole questions, rising; one empty lot where there are no acts."""
    if len(table.at) and not 0 <= table.question.min() <= table.question.max() < len(windows.opens):
        raise ValueError(f"An act is on a question outside 0 to {len(windows.opens) - 1}.")
    order, count = in_order(table.question), np.bincount(table.question, minlength=len(windows.opens))
    for first, end, low, high in _cuts(np.cumsum(count), _most(windows)):
        question = np.repeat(np.arange(first, end), count[first:end])
        yield _laid_out(table, windows, question, order[low:high])


def in_order(key: npt.NDArray[np.integer[Any]]) -> Numbers:
    """The order (n,) in which whole numbers from 0 on rise, stably: equal ones stay as they lie.

    Sixteen bits at a time, the lowest first. (One sort of key << bits | position would do as well; where numpy has no
    vectorised sort it takes four times as long.)

    >>> in_order(np.array([70_000, 3, 70_000, 1])).tolist()
    [3, 1, 0, 2]
    """
    if (key[1:] >= key[:-1]).all():
        return np.arange(len(key))
    order = np.argsort(key.astype(np.uint16), kind="stable")
    for shift in range(DIGIT, int(key.max()).bit_length(), DIGIT):
        order = order[np.argsort((key[order] >> shift).astype(np.uint16), kind="stable")]
    return order


def _most(windows: Windows) -> int:
    """How many questions one lot may hold: laid end to end, their windows must fit into one integer."""
    longest = int(windows.realised.max(initial=0)) + 1
    return min(LOT_QUESTIONS, max(1, NEVER // longest - 1))


def _cuts(until: Numbers, most: int) -> Iterator[tuple[int, int, int, int]]:
    """The lots, each as its questions from one to below another, and where its acts begin and end.

    until  (q,) the number of acts on the questions up to each, that one included
    """
    first = low = 0
    while first < len(until):
        full = int(np.searchsorted(until, low + LOT, side="right"))
        end = min(max(full, first + 1), first + most)
        high = int(until[end - 1])
        if high > low:
            yield first, end, low, high
        first, low = end, high
    if not low:
        yield 0, 0, 0, 0


def _laid_out(table: Table, windows: Windows, question: Numbers, came: Numbers) -> Lot:
    turn, at = _timed(question, np.arange(len(came)), table.at[came])
    ids = table.forecaster[came][turn]
    who = _from_zero(ids)
    place = in_order((question - question[:1]) * (who.max(initial=0) + 1) + who)
    turn, at, question, who = turn[place], at[place], question[place], ids[place]
    begins = _begins(question) | _begins(who)
    expires = table.expires[came][turn] if table.expiring else np.full_like(at, NEVER)
    stop = _stops(at, table.withdrawn[came][turn], expires, begins)
    replaced = np.append(~begins[1:] & (stop[:-1] == at[1:]), False)[: len(at)]
    opens, end = windows.opens[question], windows.end[question]
    start, stop = np.clip(at, opens, end) - opens, np.clip(stop, opens, end) - opens
    pair, first = np.cumsum(begins) - 1, np.flatnonzero(begins)
    question, who = question[first], who[first]
    scheduled, realised = windows.scheduled[question], windows.realised[question]
    return Lot(came, turn, place, start, stop, replaced, pair, question, who, scheduled, realised)


def _timed(question: Numbers, row: Numbers, at: Numbers) -> tuple[Numbers, Numbers]:
    """Rows and moments by question, then moment, then journal, of acts that lie by question, then journal."""
    early = (at[1:] < at[:-1]) & (question[1:] == question[:-1])
    if not early.any():
        return row, at
    order = np.lexsort((at, question))
    return row[order], at[order]


def _from_zero(ids: Numbers) -> Numbers:
    """The ids counted from 0, in the same order; numbered where they are too far apart for that."""
    low, high = (int(ids.min()), int(ids.max())) if len(ids) else (0, 0)
    if high - low < 2**40:
        near: Numbers = ids - low
        return near
    numbered: Numbers = np.unique(ids, return_inverse=True)[1]
    return numbered


def _begins(key: Numbers) -> Mask:
    """Which of these (n,) differ from the one before; the first does."""
    return np.append(True, key[1:] != key[:-1])[: len(key)]


def _stops(at: Numbers, withdrawn: Mask, expires: Numbers, begins: Mask) -> Numbers:
    """When each act stopped standing, (n,); acts lie by pair, then moment, and pairs begin at `begins`."""
    following = np.append(np.where(begins[1:], NEVER, at[1:]), NEVER)[: len(at)]
    alone = np.where(withdrawn, at, np.maximum(expires, at))
    stops: Numbers = np.minimum(following, alone)
    return stops
