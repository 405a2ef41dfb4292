"""How long each forecast on a question stood, and what it cost its forecaster over that time.

All times are whole microseconds since the epoch, so that no instant is lost to rounding. Every stretch of time is
half-open: it holds its first instant and not its last.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from questions.shape import Vector

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NEVER = int(np.iinfo(np.int64).max)


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


def stands(acts: Acts) -> tuple[Numbers, Numbers]:
    """When each act stood: [start, stop), two arrays (n,), not clipped to any window.

    An act stands from its moment until the same forecaster's next act, or until it expires. Of two acts of one
    forecaster at the same moment the later in the journal counts, and the earlier stands for nothing: start == stop.
    So does a withdrawal.
    """
    order = np.lexsort((acts.at, acts.forecaster))  # stable, so the order of the journal breaks ties
    who, when = acts.forecaster[order], acts.at[order]
    replaced = np.full(len(order), NEVER)
    replaced[:-1] = np.where(who[1:] == who[:-1], when[1:], NEVER)
    stop = np.empty_like(acts.at)
    stop[order] = np.minimum(replaced, acts.expires[order])
    return acts.at, np.where(acts.withdrawn, acts.at, np.maximum(stop, acts.at))


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
    start, stop = clipped(acts, window)
    stood = stop - start
    who, place = np.unique(acts.forecaster, return_inverse=True)
    lost = np.bincount(place, weights=np.where(stood > 0, losses, 0.0) * stood, minlength=len(who))
    standing = np.zeros(len(who), dtype=np.int64)
    np.add.at(standing, place, stood)
    presence = standing / window.realised if window.realised else np.full(len(who), np.nan)
    last = np.full(len(who), -1)
    final = np.flatnonzero((stood > 0) & (stop == window.end))
    last[place[final]] = final
    return Account(who, lost / window.scheduled, standing / window.scheduled, presence, last)
