"""Simulated forecasters: how they see a world that wanders, and what they make of it. Pure numpy.

Every question has a hidden quantity that wanders from its opening to its closing, as prices do; where it ends decides
the outcome. Whoever sees it exactly, and knows how far it may still go, is calibrated. Everybody else sees it with
some error, late, or makes too much or too little of what is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from questions.shape import Shape, Vector

SLOTS = 40
RESIDUE = 0.02
"""What of the variance is decided only after the closing."""

TENTH = 1.2815515655446004
"""How many standard deviations from the median one chance in ten lies beyond."""

_DRAWS = 400


@dataclass(frozen=True)
class Habit:
    """How somebody forecasts.

    noise    how far off they see the quantity, where 1 is how far it wanders in a question's time
    width    what they make of what is left open: 1 is right, less is too sure, more is too timid
    lag      how many slots old what they see is
    pace     how likely they are to look again in each slot
    late     the slot in which they first look, in the mean
    share    of the questions, how many they answer
    picks    whether they answer those that look most decided
    arrives  when in the two years they joined, from 0 to 1
    """

    noise: float
    width: float = 1.0
    lag: int = 0
    pace: float = 0.06
    late: float = 2.0
    share: float = 0.5
    picks: bool = False
    arrives: float = 0.0


HABITS: Mapping[str, tuple[Habit, Sequence[str]]] = {
    "calibrated": (Habit(0.25), ("Ada", "Ben", "Cleo", "Dov", "Ena", "Finn")),
    "too sure": (Habit(0.45, width=0.35), ("Gus", "Hal", "Ida", "Jon", "Kay", "Leo")),
    "too timid": (Habit(0.3, width=2.2), ("Mia", "Ned", "Ola", "Pia")),
    "sluggish": (Habit(0.35, lag=14, pace=0.025), ("Quin", "Rex", "Sue", "Tom", "Una")),
    "noisy": (Habit(1.1, width=0.6, pace=0.11), ("Vic", "Wim", "Xena", "Yan", "Zoe", "Abe")),
    "extremizer": (Habit(0.3, width=0.6), ("Bea", "Cal", "Dee", "Eli")),
    "late": (Habit(0.3, late=26.0), ("Fay", "Gil", "Hope", "Ira")),
    "newcomer": (Habit(0.4, arrives=0.7), ("Joy",)),
    "picks what is easy": (Habit(0.45, share=0.35, picks=True), ("Kit", "Lou", "May", "Nat")),
}
"""Forty people in all, with one more who moderates. Within a habit each one sees a little less well than the last."""


def wander(random: np.random.Generator, dimensions: int) -> tuple[Vector, Vector]:
    """The quantity slot by slot (SLOTS + 1, d), and where it ends after the closing (d,)."""
    steps = random.normal(0, np.sqrt(1 / SLOTS), (SLOTS + 1, dimensions))
    steps[0] = random.normal(0, 0.8, dimensions)
    path = np.cumsum(steps, axis=0)
    return path, path[-1] + random.normal(0, np.sqrt(RESIDUE), dimensions)


def left(slot: int) -> float:
    """How much of the variance is still to come in a slot."""
    return 1 - slot / SLOTS + RESIDUE


def slots(habit: Habit, random: np.random.Generator) -> list[int]:
    """The slots in which somebody says something, rising; none where they come too late."""
    first = int(random.exponential(habit.late)) if habit.late < SLOTS / 4 else int(random.normal(habit.late, 5))
    later = np.flatnonzero(random.random(SLOTS) < habit.pace)
    return sorted({max(0, first), *later[later > first].tolist()}) if first < SLOTS else []


def see(path: Vector, slot: int, habit: Habit, error: Vector, random: np.random.Generator) -> tuple[Vector, float]:
    """What somebody takes the quantity to be (d,), and the standard deviation of what they think is left.

    error  (d,) how far off they are on this question for good, in units of their noise; as much again is new each time
    """
    fresh = (error + random.normal(0, 1, len(error))) / np.sqrt(2)
    seen = path[max(0, slot - habit.lag)] + habit.noise * fresh
    return seen, habit.width * float(np.sqrt(left(slot) + habit.noise**2))


def believe(kind: str, shape: Shape, seen: Vector, doubt: float, random: np.random.Generator) -> dict[str, Any]:
    """The same as a forecast in plain numbers, which the question's kind understands."""
    if kind == "binary":
        return {"probability": round(float(np.clip(ndtr(seen[0] / doubt), 0.01, 0.99)), 2)}
    if kind == "choice":
        ends = seen + doubt * random.standard_normal((_DRAWS, shape.size))
        shares = np.bincount(ends.argmax(axis=1), minlength=shape.size) + 6.0
        return {"probabilities": _hundredths(shares / shares.sum())}
    middle, unit = _scale(shape)
    decimals = 1 if unit < 6 else 0
    levels = {"low": -TENTH, "median": 0.0, "high": TENTH}
    return {
        name: round(middle + unit * (float(seen[0]) + far * max(doubt, 0.25)), decimals) for name, far in levels.items()
    }


def value(shape: Shape, end: Vector) -> float:
    """Where the quantity ended, in the units of an ordered question's edges and inside of them."""
    middle, unit = _scale(shape)
    return float(np.clip(middle + unit * end[0], shape.edges[0] + unit / 10, shape.edges[-1] - unit / 10))


def _scale(shape: Shape) -> tuple[float, float]:
    """The middle of a range, and how much of it the quantity's unit is."""
    return float(shape.edges[0] + shape.edges[-1]) / 2, float(shape.edges[-1] - shape.edges[0]) / 9


def _hundredths(shares: Vector) -> list[float]:
    """Shares in whole percent that add up to 1: what rounding takes or gives falls to the largest."""
    whole = np.floor(shares * 100).astype(int)
    whole[whole.argmax()] += 100 - whole.sum()
    return [int(one) / 100 for one in whole]
