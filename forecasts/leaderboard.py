"""Who forecast best over many questions: the board's rows, in the order in which they are shown."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from forecasts.timeline import Numbers
from questions.shape import Vector

PRESENCE_FOR_A_RANK = 0.5
SAME = 1e-12  # sums of the same losses in another order differ by less, and must not decide who is first


@dataclass(frozen=True)
class Row:
    """One forecaster's row.

    mean            the mean loss over the time that was covered: the sum of losses divided by the sum of coverages
    coverage        the mean, over the questions with standing time, of the share of the scheduled window
    presence        the same of the realised window
    questions       how many questions have standing time
    rank            1 for the lowest mean; None for who does not compete, and below the line
    below_the_line  whether presence is under one half, so that the mean says too little to be ranked
    """

    forecaster: int
    mean: float
    coverage: float
    presence: float
    questions: int
    rank: int | None
    below_the_line: bool


def rank(forecaster: Numbers, loss: Vector, coverage: Vector, presence: Vector, competes: Collection[int]) -> list[Row]:
    """The board over cells of (forecaster, question), four arrays (cells,) as timeline.account gives them.

    competes  the ids that may carry a rank; the others (the crowd, always fifty-fifty, sources) stand among them by
              their value and take nobody's place

    Rising by mean; equal means share a rank, and the next one is as if they had not: 1, 2, 2, 4. Who has presence
    under one half comes after all others. Who never stood by a forecast has no row.
    """
    rows = _rows(forecaster, loss, coverage, presence)
    rows.sort(key=lambda row: (row.below_the_line, row.mean, row.forecaster))
    competing = [row for row in rows if row.forecaster in competes and not row.below_the_line]
    places: dict[int, int] = {}
    place, mean = 0, -np.inf
    for number, row in enumerate(competing, start=1):
        if row.mean - mean > SAME:
            place = number
        places[row.forecaster], mean = place, row.mean
    return [replace(row, rank=places.get(row.forecaster)) for row in rows]


def _rows(forecaster: Numbers, loss: Vector, coverage: Vector, presence: Vector) -> list[Row]:
    """A row, still without a rank, for each forecaster with any standing time."""
    if not forecaster.shape == loss.shape == coverage.shape == presence.shape:
        raise ValueError("The columns of these cells are not of one length.")
    stood = coverage > 0
    who, place = np.unique(forecaster[stood], return_inverse=True)
    questions = np.bincount(place, minlength=len(who))
    losses, coverages, presences = (
        np.bincount(place, column[stood], len(who)) for column in (loss, coverage, presence)
    )
    if not np.isfinite(losses + presences).all():
        raise ValueError("A loss or a presence of somebody who stood by a forecast is not a number.")
    below = presences / questions < PRESENCE_FOR_A_RANK - SAME
    columns = (who, losses / coverages, coverages / questions, presences / questions, questions, below)
    return [
        Row(who, mean, covered, present, count, None, under)
        for who, mean, covered, present, count, under in zip(*(column.tolist() for column in columns), strict=True)
    ]
