"""The Brier score, halved: how far a forecast lay from what happened, for outcomes without an order."""

from typing import Any

import numpy as np
import numpy.typing as npt

from forecasts.rules import require_cases
from questions.shape import Vector

NAME = "brier"
TITLE = "Brier"
ABOUT = "0 to 1, lower is better; twice this is the Good Judgment scale"


def applies(ordered: bool) -> bool:
    """Only where outcomes have no order: it sees no difference between a near miss and a far one."""
    return not ordered


def score(probabilities: Vector, outcomes: npt.NDArray[np.integer[Any]]) -> Vector:
    """Half the squared distance between each forecast and what happened.

    probabilities  (n, k) floats; row i is a forecast over k outcomes and sums to 1
    outcomes       (n,)   ints; the index of the outcome that happened, 0 <= outcome < k
    returns        (n,)   floats; 0 is perfect, 1 is certain and wrong, 1/4 is fifty-fifty for k = 2

    Brier (1950) sums over all outcomes and so runs from 0 to 2; half of it is the familiar (p - y)² when k = 2.
    Strictly proper for every k.

    >>> score(np.array([[0.3, 0.7], [0.3, 0.7]]), np.array([1, 0])).round(2).tolist()
    [0.09, 0.49]

    Source: G. W. Brier, Monthly Weather Review 78 (1950), 1-3.
    """
    require_cases(probabilities, outcomes)
    happened = np.eye(probabilities.shape[1])[outcomes]
    losses: Vector = ((probabilities - happened) ** 2).sum(axis=1) / 2
    return losses
