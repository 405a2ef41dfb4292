"""The one shape of everything: an ordered list of outcomes, and how people read and write a vector over it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """The outcomes of one question in their fixed order, and for ordered kinds the edges of its bins.

    outcomes  (k,) labels that a person reads, such as ("no", "yes")
    edges     (inside + 1,) the edges of the bins inside the range; empty where the outcomes have no order.
              Bins are right-closed; the first one inside includes its lower bound too
    below     whether outcome 0 is everything under edges[0] (an open end)
    above     whether outcome k - 1 is everything over edges[-1]
    spec      what the question's author wrote of its outcomes or range, in the form in which it is stored as JSON

    The edges follow from the spec, so two shapes are equal, and hash alike, without them (arrays do neither).
    """

    outcomes: tuple[str, ...]
    edges: Vector = field(default_factory=lambda: np.empty(0), compare=False)
    below: bool = False
    above: bool = False
    spec: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def size(self) -> int:
        return len(self.outcomes)

    def called(self, index: int) -> str:
        """An outcome's label as it stands alone, with a capital."""
        label = self.outcomes[index]
        return label[:1].upper() + label[1:]


@dataclass(frozen=True)
class Field:
    """One field of a kind's form.

    `way` groups fields that are one manner of answering, where there are several: each group is a form of its own
    that sends its way under the name "way".
    """

    name: str
    label: str
    value: str = ""
    suffix: str = ""
    hint: str = ""
    way: str = ""
    size: int = 5


@dataclass(frozen=True)
class Series:
    """One line of a chart over time, with the half that lies in the middle; NaN where nobody stood."""

    label: str
    middle: Vector
    lower: Vector
    upper: Vector


@dataclass(frozen=True)
class Axis:
    """The scale that series are drawn on, with the places to label."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


class Kind(Protocol):
    """What a file in questions/kinds/ must hold. All of it is pure: no database, no web.

    NAME       what a question's author writes as its kind, such as "binary"
    TITLE      what a person reads, such as "Yes or no"
    ORDERED    whether the outcomes are bins in order, with edges
    HINT       one sentence on how to answer
    EXAMPLE    a spec that can be asked; the shared test judges the kind by it
    SPEC       the fields of a question in a set file that make its spec, such as "outcomes"
    IMPLIED    the fields in which a set file may write a forecast; what `imply` reads

    shape      the outcomes of a spec; raises InvalidQuestion for one that cannot be asked
    fields     the form, prefilled from a vector where one is given
    read       the vector of a form that was sent; raises InvalidAnswer, naming the field at fault
    say        a vector in one line
    resolve    the index of the outcome that was typed; raises InvalidAnswer
    told       the outcome that was typed as a person reads it: a value exactly and with its unit, not rounded to its
               bin, else the label with a capital; raises InvalidAnswer
    imply      the vector of a forecast that a program or a question set wrote in plain numbers; raises InvalidAnswer
    quantiles  where a vector reaches each level, in the units of the edges; -inf or inf beyond an open end,
               empty where the outcomes have no order
    series     the crowd over time as lines of a chart: `middle` is its vector at each of t moments (t, k), `lower`
               and `upper` are the forecasters' quartiles outcome by outcome (t, k), which only kinds without order use
    axis       the scale that those lines are drawn on
    reading    one value of a line as a person reads it, such as "37%" or "14 Jun 2026"
    """

    NAME: str
    TITLE: str
    ORDERED: bool
    HINT: str
    EXAMPLE: Mapping[str, Any]
    SPEC: Sequence[str]
    IMPLIED: Sequence[str]

    def shape(self, spec: Mapping[str, Any]) -> Shape: ...
    def fields(self, shape: Shape, vector: Vector | None) -> tuple[Field, ...]: ...
    def read(self, form: Mapping[str, str], shape: Shape) -> Vector: ...
    def say(self, vector: Vector, shape: Shape) -> str: ...
    def resolve(self, text: str, shape: Shape) -> int: ...
    def told(self, text: str, shape: Shape) -> str: ...
    def imply(self, implied: Mapping[str, Any], shape: Shape) -> Vector: ...
    def quantiles(self, vector: Vector, shape: Shape, levels: Sequence[float]) -> Vector: ...
    def series(self, middle: Vector, lower: Vector, upper: Vector, shape: Shape) -> tuple[Series, ...]: ...
    def axis(self, shape: Shape) -> Axis: ...
    def reading(self, value: float, shape: Shape) -> str: ...
