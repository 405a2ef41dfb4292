"""The logarithmic score: how surprised a forecast was by what happened."""

from typing import Any

import numpy as np
import numpy.typing as npt

from forecasts.rules import require_cases
from questions.shape import Vector

NAME = "log"
TITLE = "Log"
ABOUT = "0 to 6.9 nats (more for many bins), lower is better; no probability counts as less than the floor"
FLOOR = 0.001


def applies(ordered: bool) -> bool:
    """Everywhere: it looks only at the probability of what happened."""
    return True


def floor_for(size: int, ordered: bool) -> float:
    """The least probability that counts on a question of `size` outcomes: 0.001, or 0.01 / size for ordered bins.

    All bins are counted in `size`, those of open ends too.
    """
    return 0.01 / size if ordered else FLOOR


def score(probabilities: Vector, outcomes: npt.NDArray[np.integer[Any]], floor: float = FLOOR) -> Vector:
    """The negative natural logarithm of the probability that each forecast gave to what happened.

    probabilities  (n, k) floats; row i is a forecast over k outcomes and sums to 1
    outcomes       (n,)   ints; the index of the outcome that happened, 0 <= outcome < k
    floor          what a smaller probability is taken for, 0 < floor < 1; see floor_for
    returns        (n,)   floats, in nats; 0 is perfect, ln 2 is fifty-fifty, -ln(floor) is the worst

    Strictly proper as long as every probability lies above the floor, and not proper below it.

    >>> score(np.array([[0.5, 0.5], [1.0, 0.0], [1.0, 0.0]]), np.array([1, 0, 1])).round(3).tolist()
    [0.693, 0.0, 6.908]

    Source: I. J. Good, Journal of the Royal Statistical Society B 14 (1952), 107-114.
    """
    require_cases(probabilities, outcomes)
    if not 0 < floor < 1:
        raise ValueError(f"The floor {floor} is not between 0 and 1. Give a number such as {FLOOR}.")
    given = np.maximum(probabilities[np.arange(len(outcomes)), outcomes], floor)
    losses: Vector = 0.0 - np.log(given)  # not -log(given), which is -0.0 for who was sure and right
    return losses
