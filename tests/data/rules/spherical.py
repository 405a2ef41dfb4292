"""The spherical score: an example of a rule that somebody adds as one file."""

from typing import Any

import numpy as np
import numpy.typing as npt

from forecasts.rules import require_cases
from questions.shape import Vector

NAME = "spherical"
TITLE = "Spherical"
ABOUT = "0 to 1, lower is better"


def applies(ordered: bool) -> bool:
    """Only where outcomes have no order."""
    return not ordered


def score(probabilities: Vector, outcomes: npt.NDArray[np.integer[Any]]) -> Vector:
    """1 - the probability of what happened, divided by the length of the forecast as a vector.

    >>> score(np.array([[0.6, 0.8], [1.0, 0.0]]), np.array([1, 1])).round(3).tolist()
    [0.2, 1.0]
    """
    require_cases(probabilities, outcomes)
    given = probabilities[np.arange(len(outcomes)), outcomes]
    losses: Vector = 1 - given / np.sqrt((probabilities**2).sum(axis=1))
    return losses
