"""How single forecasts turned out: which were right, and which earned or cost most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np
from sqlmodel import Session

from forecasts import boards, history, speech
from forecasts.models import Forecaster
from forecasts.scoring import main_rule
from forecasts.timeline import Mask, Numbers, standing_at
from questions import catalog
from questions.catalog import Listed
from questions.shape import Vector

RIGHT, WRONG, EVEN = "right", "wrong", "even"

NOTHING = 0.0005
"""A peer score nearer to 0 than this is shown as 0, and is neither a gain nor a loss."""

TAIL = 0.1
"""What lies outside of an 80% interval at either side."""


@dataclass(frozen=True)
class Calls:
    """What somebody's forecasts came to on c resolved questions: five columns (c,).

    question  ids, rising
    loss      by the question's main rule: the integral over the time they stood, divided by the scheduled window
    peer      by how much less than the others they lost
    coverage  the share of the scheduled window for which they stood
    presence  the share of the time until the outcome was known
    """

    question: Numbers
    loss: Vector
    peer: Vector
    coverage: Vector
    presence: Vector

    def only(self, chosen: Mask) -> "Calls":
        """Those that `chosen` (c,) marks."""
        return Calls(*(column[chosen] for column in vars(self).values()))

    def best(self, most: int) -> list[int]:
        """The places of those that earned most on the others, the best first; those that earned nothing are none."""
        return [i for i in np.argsort(-self.peer, kind="stable").tolist() if self.peer[i] >= NOTHING][:most]

    def worst(self, most: int) -> list[int]:
        """The places of those that cost most against the others, the worst first."""
        return [i for i in np.argsort(self.peer, kind="stable").tolist() if self.peer[i] <= -NOTHING][:most]


def of(session: Session, who: Forecaster, questions: set[int]) -> Calls:
    """What their forecasts on the resolved ones of these questions came to."""
    found = boards.cells(session)
    mine = found.only((found.forecaster == who.id) & np.isin(found.question, list(questions)))
    blank = np.full(len(mine.question), np.nan)
    plain, ordered = (mine.numbers.get(main_rule(kind), blank) for kind in (False, True))
    others = [mine.numbers.get(name, blank) for name in ("peer", "coverage", "presence")]
    return Calls(mine.question, np.where(np.isnan(plain), ordered, plain), *others)


def last_words(session: Session, who: Forecaster, listed: Sequence[Listed]) -> Mapping[int, Vector]:
    """What somebody said at the end of each of these questions, by its id; without those on which nothing stood then.

    The end is when the outcome became known, or the closing where that came first; of an undecided one the closing.
    """
    said = speech.of(session, who, [one.question for one in listed])
    found = {}
    for one in listed:
        spoken = said.get(one.question.id)
        if spoken is None:
            continue
        end = history.window_of(one.question, one.resolution.known_at if one.resolution else None).end
        stood = np.flatnonzero(standing_at(spoken.acts, end - 1))
        if len(stood):
            found[one.question.id] = spoken.acts.probabilities[stood[-1]]
    return found


def verdict(one: Listed, vector: Vector) -> str:
    """Whether a forecast was right: RIGHT, WRONG, or EVEN where it could not be either.

    Without an order the outcome must have been the likeliest, and likelier than any other; EVEN is a tie. With one it
    must have lain within the 80% interval.
    """
    happened = one.resolution.outcome if one.resolution else None
    if happened is None:
        return ""
    if catalog.kind_of(one.question).ORDERED:
        below, upto = fsum(vector[:happened]), fsum(vector[: happened + 1])
        return RIGHT if upto > TAIL and below < 1 - TAIL else WRONG
    others = float(np.delete(vector, happened).max())
    if vector[happened] == others:
        return EVEN
    return RIGHT if vector[happened] > others else WRONG
