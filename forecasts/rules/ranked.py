"""The ranked probability score: the Brier score of every cut through ordered outcomes, averaged."""

from typing import Any

import numpy as np
import numpy.typing as npt

from forecasts.rules import require_cases
from questions.shape import Vector

NAME = "ranked"
TITLE = "Ranked"
ABOUT = "0 to 1, lower is better; twice this is Good Judgment's ordered score; it does not share Brier's scale"


def applies(ordered: bool) -> bool:
    """Only where outcomes have an order: a near miss costs less than a far one."""
    return ordered


def score(probabilities: Vector, outcomes: npt.NDArray[np.integer[Any]]) -> Vector:
    """The mean, over the k - 1 cuts between neighbouring outcomes, of (forecast below the cut - happened below it)².

    probabilities  (n, k) floats; row i is a forecast over k outcomes in their order and sums to 1
    outcomes       (n,)   ints; the index of the outcome that happened, counted from 0, 0 <= outcome < k
    returns        (n,)   floats; 0 is perfect, 1 is certain of one end when the other happened

    Equal to the Brier score (p - y)² when k = 2. Strictly proper for every k. Epstein's sum over the cuts is k - 1
    times this, Good Judgment's ordered score is twice this.

    >>> score(np.array([[0.15, 0.45, 0.25, 0.15], [1, 0, 0, 0]]), np.array([2, 3])).round(3).tolist()
    [0.135, 1.0]

    Source: E. S. Epstein, Journal of Applied Meteorology 8 (1969), 985-987; A. H. Murphy, the same 10 (1971), 155-156.
    """
    require_cases(probabilities, outcomes)
    cuts = np.arange(probabilities.shape[1] - 1)
    forecast = np.cumsum(probabilities, axis=1)[:, :-1]
    happened = outcomes[:, None] <= cuts
    losses: Vector = ((forecast - happened) ** 2).mean(axis=1)
    return losses
