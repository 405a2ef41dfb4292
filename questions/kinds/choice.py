"""Questions with several outcomes in a fixed order, of which exactly one will happen."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from questions import percent
from questions.errors import InvalidAnswer, InvalidQuestion
from questions.shape import Axis, Field, Series, Shape, Vector

NAME = "choice"
TITLE = "Choice"
ORDERED = False
HINT = "Give each outcome its percentage; together they make 100, and 0 rules an outcome out."
EXAMPLE = {"outcomes": ["fighting goes on", "a ceasefire holds", "peace is signed"]}
SPEC = ("outcomes",)
IMPLIED = ("probabilities",)

# Words that mean something else where an outcome is typed or sent.
_TAKEN = ("annulled", "reopened")


def shape(spec: Mapping[str, Any]) -> Shape:
    """The outcomes as written, with single spaces. Raises InvalidQuestion."""
    for key in spec:
        if key != "outcomes":
            raise InvalidQuestion(f"A choice has no {percent.quote(str(key))}. It takes “outcomes” alone.", str(key))
    outcomes: list[str] = []
    for label in _listed(spec.get("outcomes")):
        outcomes.append(_label(label, outcomes))
    return Shape(tuple(outcomes), spec={"outcomes": outcomes})


def _listed(written: Any) -> Sequence[Any]:
    if not isinstance(written, list | tuple) or not 2 <= len(written) <= 50:
        raise InvalidQuestion("A choice needs “outcomes”: a list of 3 to 50 labels.", "outcomes")
    if len(written) == 2:
        raise InvalidQuestion("A choice has 3 to 50 outcomes; ask a yes-or-no question instead.", "outcomes")
    return written


def _label(written: Any, earlier: Sequence[str]) -> str:
    if not isinstance(written, str) or not written.split():
        raise InvalidQuestion(f"{percent.quote(str(written))} is not a label. Write some words.", "outcomes")
    label = " ".join(written.split())
    if label.casefold() in _TAKEN:
        raise InvalidQuestion(f"No outcome can be called “{label}”: the word is kept for resolving.", "outcomes")
    if label.casefold() in [other.casefold() for other in earlier]:
        raise InvalidQuestion(f"{percent.quote(label)} stands twice among the outcomes. Write each once.", "outcomes")
    return label


def fields(shape: Shape, vector: Vector | None) -> tuple[Field, ...]:
    """One percentage for each outcome."""
    values = [""] * shape.size if vector is None else [percent.exact(share) for share in vector]
    return tuple(
        Field(f"outcome-{index}", label, value, suffix="%")
        for index, (label, value) in enumerate(zip(shape.outcomes, values, strict=True))
    )


def read(form: Mapping[str, str], shape: Shape) -> Vector:
    """All percentages, none left out. Raises InvalidAnswer."""
    shares = [_share(form, index, label) for index, label in enumerate(shape.outcomes)]
    percent.require_hundred(shares)
    return np.array([float(share) for share in shares])


def _share(form: Mapping[str, str], index: int, label: str) -> Decimal:
    field = f"outcome-{index}"
    text = form.get(field, "")
    if not text.strip():
        raise InvalidAnswer(f"“{label}” has no percentage. Write 0 if you rule it out.", field)
    return percent.read(text, field)


def say(vector: Vector, shape: Shape) -> str:
    """The percentages in the order of the outcomes, such as "86 / 7 / 5 / 2%"."""
    return " / ".join(percent.figure(share) for share in vector) + "%"


def resolve(text: str, shape: Shape) -> int:
    """The index of the outcome with this label, whatever its capitals."""
    labels = [label.casefold() for label in shape.outcomes]
    wanted = " ".join(text.split()).casefold()
    if wanted not in labels:
        known = ", ".join(f"“{label}”" for label in shape.outcomes)
        raise InvalidAnswer(f"{percent.quote(text)} is not one of the outcomes. Write one of {known}.", "outcome")
    return labels.index(wanted)


def told(text: str, shape: Shape) -> str:
    """The outcome with this label, as its author wrote it but for a capital."""
    return shape.called(resolve(text, shape))


def imply(implied: Mapping[str, Any], shape: Shape) -> Vector:
    """{"probabilities": [one for each outcome]}."""
    return percent.probabilities(implied.get("probabilities"), shape.size)


def quantiles(vector: Vector, shape: Shape, levels: Sequence[float]) -> Vector:
    """None: the outcomes are not measured."""
    return np.empty(0)


def series(middle: Vector, lower: Vector, upper: Vector, shape: Shape) -> tuple[Series, ...]:
    """One line for each outcome."""
    lines = zip(shape.outcomes, middle.T, lower.T, upper.T, strict=True)
    return tuple(Series(label, *values) for label, *values in lines)


def axis(shape: Shape) -> Axis:
    """From 0 to 100%."""
    return Axis(0, 1, tuple((share, percent.say(share)) for share in (0, 0.25, 0.5, 0.75, 1)))


def reading(value: float, shape: Shape) -> str:
    """A share as a percentage."""
    return percent.say(value)
