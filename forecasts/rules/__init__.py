"""How a forecast is charged once the outcome is known: one file here is one scoring rule, found by itself.

A rule holds NAME, TITLE (the head of its column), ABOUT (its scale and its direction), `applies(ordered)` (whether it
is meant for outcomes that have an order, or none) and `score(probabilities, outcomes)`, a loss for each row. One whose
probabilities have a floor that depends on the question says so by `floor_for(size, ordered)`, and takes `floor` in
`score`. Code that serves every rule alike calls `charge` or `charge_each`, which see to both.

A score that is no loss (a reward, or one whose zero is not who was sure and right) is no rule here; where it follows
from one, as Metaculus' baseline score follows from log, forecasts/scoring.py derives it.
"""

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasts.timeline import Acts
from questions.registry import discover
from questions.shape import Vector


def charge(name: str, acts: Acts, outcome: int, ordered: bool) -> Vector:
    """The loss of each act if `outcome` is what happened; NaN for withdrawals, which say nothing.

    acts     n acts of one question, over k outcomes
    outcome  the index of the outcome, 0 <= outcome < k
    ordered  whether the question's outcomes have an order
    returns  (n,) losses by the rule called `name`; the rule's ABOUT says what they mean
    """
    said = ~acts.withdrawn
    losses = np.full(len(said), np.nan)
    losses[said] = _losses(name, acts.probabilities[said], np.full(said.sum(), outcome), ordered)
    return losses


def charge_each(name: str, vector: Vector, ordered: bool) -> Vector:
    """The loss of one forecast (k,) for each of its k outcomes, (k,), in case that one is what happens.

    >>> charge_each("brier", np.array([0.3, 0.7]), ordered=False).round(2).tolist()
    [0.49, 0.09]
    """
    size = len(vector)
    return _losses(name, np.broadcast_to(vector, (size, size)), np.arange(size), ordered)


def _losses(name: str, probabilities: Vector, outcomes: npt.NDArray[np.integer[Any]], ordered: bool) -> Vector:
    """What the rule called `name` says, with the floor that it has on such a question."""
    rule = RULES[name]
    if not rule.applies(ordered):
        raise ValueError(f"The rule “{name}” is not meant for {'ordered' if ordered else 'unordered'} outcomes.")
    size = probabilities.shape[1]
    terms: dict[str, Any] = {"floor": rule.floor_for(size, ordered)} if hasattr(rule, "floor_for") else {}
    losses: Vector = rule.score(probabilities, outcomes, **terms)
    return losses


def require_cases(probabilities: Vector, outcomes: npt.NDArray[np.integer[Any]]) -> None:
    """Raise ValueError unless these are n forecasts over k >= 2 outcomes, and n indices of outcomes.

    Every rule asks this first: numpy would take outcome -1 for the last one, and let a NaN through in silence.
    """
    if probabilities.ndim != 2 or outcomes.shape != probabilities.shape[:1]:
        raise ValueError(f"Forecasts {probabilities.shape} and outcomes {outcomes.shape} are not (n, k) and (n,).")
    size = probabilities.shape[1]
    if size < 2:
        raise ValueError(f"A forecast is over at least 2 outcomes, not {size}.")
    if outcomes.dtype.kind not in "iu":
        raise ValueError(f"Outcomes are whole numbers, not {outcomes.dtype}.")
    outside = outcomes[(outcomes < 0) | (outcomes >= size)]
    if outside.size:
        raise ValueError(f"Outcome {outside[0]} is outside 0 to {size - 1}.")
    wrong = probabilities[~((probabilities >= 0) & (probabilities <= 1))]
    if wrong.size:
        raise ValueError(f"{wrong[0]} is not a probability. Give numbers from 0 to 1.")


REQUIRED = ("TITLE", "ABOUT", "applies", "score")
RULES = discover(sys.modules[__name__], REQUIRED)
