"""Questions that are answered by yes or no. The outcomes stand in the order no, yes."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from questions import ladders, percent
from questions.errors import InvalidAnswer, InvalidQuestion
from questions.shape import Axis, Field, Series, Shape, Vector

NAME = "binary"
TITLE = "Yes or no"
ORDERED = False
HINT = "Write how likely yes is, in percent: 0 says that it cannot happen, 100 that it must."
EXAMPLE: Mapping[str, Any] = {}
SPEC = ("ladder",)
IMPLIED = ("probability", "probabilities")

_OUTCOMES = ("no", "yes")


def shape(spec: Mapping[str, Any]) -> Shape:
    """No and yes, and which rung of a ladder it is, where it is one."""
    for key in spec:
        if key != "ladder":
            raise InvalidQuestion(f"A yes-or-no question has no {percent.quote(str(key))}. Leave it out.", str(key))
    return Shape(_OUTCOMES, spec={"ladder": ladders.judge(spec["ladder"])} if "ladder" in spec else {})


def fields(shape: Shape, vector: Vector | None) -> tuple[Field, ...]:
    """One percentage."""
    value = "" if vector is None else percent.exact(vector[1])
    return (Field("probability", "Yes", value, suffix="%", hint="From 0 to 100, such as 37 or 37.5."),)


def read(form: Mapping[str, str], shape: Shape) -> Vector:
    """The percentage of yes as [no, yes]. Raises InvalidAnswer."""
    return _vector(percent.read(form.get("probability", ""), "probability"))


def _vector(yes: Decimal) -> Vector:
    return np.array([float(1 - yes), float(yes)])


def say(vector: Vector, shape: Shape) -> str:
    """The percentage of yes."""
    return percent.say(vector[1])


def resolve(text: str, shape: Shape) -> int:
    """0 for no, 1 for yes."""
    word = text.strip().casefold()
    if word not in _OUTCOMES:
        raise InvalidAnswer(f"{percent.quote(text)} is neither yes nor no. Write one of the two.", "outcome")
    return _OUTCOMES.index(word)


def told(text: str, shape: Shape) -> str:
    """Yes or No."""
    return shape.called(resolve(text, shape))


def imply(implied: Mapping[str, Any], shape: Shape) -> Vector:
    """{"probability": of yes} or {"probabilities": [no, yes]}."""
    if ("probability" in implied) == ("probabilities" in implied):
        raise InvalidAnswer("Write either “probability” or “probabilities”, and only one of them.", "probability")
    if "probabilities" in implied:
        return percent.probabilities(implied["probabilities"], shape.size)
    return _vector(percent.probability(implied["probability"], "probability"))


def quantiles(vector: Vector, shape: Shape, levels: Sequence[float]) -> Vector:
    """None: no and yes are not measured."""
    return np.empty(0)


def series(middle: Vector, lower: Vector, upper: Vector, shape: Shape) -> tuple[Series, ...]:
    """One line, yes; no would be its mirror image."""
    return (Series("Yes", middle[:, 1], lower[:, 1], upper[:, 1]),)


def axis(shape: Shape) -> Axis:
    """From 0 to 100%."""
    return Axis(0, 1, tuple((share, percent.say(share)) for share in (0, 0.25, 0.5, 0.75, 1)))


def reading(value: float, shape: Shape) -> str:
    """A share as a percentage."""
    return percent.say(value)
