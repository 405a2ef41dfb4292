"""How questions, forecasts and resolutions go out to other programs and come back: one file here is one format.

A format holds NAME, TITLE (what it is, for a person), `read(path)`, which gives a Folder or in it the faults of what
cannot be read, and `write(folder, path)`. It turns files into the plain records below and back, and knows of no
database: what may be taken over is judged in forecasts/importing.py, what goes out is gathered in
forecasts/exporting.py, for every format alike.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, cast

from questions.errors import Refusal
from questions.registry import discover

MOST = 50
"""How many faults are named one by one; of more than that nobody reads the last."""


class InvalidFolder(Refusal):
    """What cannot be taken over; the sentences name every bad row by file, line and column."""

    def __init__(self, faults: Iterable["Fault"]) -> None:
        self.faults = sorted(faults, key=lambda fault: (fault.place.file, fault.place.line))
        lines = [str(fault) for fault in self.faults[:MOST]]
        if len(self.faults) > MOST:
            lines.append(f"{len(self.faults) - MOST} more faults are not shown.")
        super().__init__("\n".join([*lines, "Nothing was imported."]))


class Unwritable(Refusal):
    """A place that an export cannot be written to."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: the name of its file, and the line on which it begins, counted from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a record, and in which column of it; "" where it is the record as a whole.

    >>> str(Fault(Place("forecasts.csv", 17), "probability", "“1.7” is outside 0 to 1. Write a fraction such as 0.37."))
    'forecasts.csv, line 17 (probability): “1.7” is outside 0 to 1. Write a fraction such as 0.37.'
    """

    place: Place
    column: str
    sentence: str

    def __str__(self) -> str:
        place = self.place.file + (f", line {self.place.line}" if self.place.line else "")
        return f"{place}{f' ({self.column})' if self.column else ''}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is written outside: what is empty was not said.

    group, resolves_at  empty and None mean the question itself, and when it closes
    spec                what its kind needs, as in a set file: "outcomes" or "range"
    set_title, set_description, source
                        of its set; every question of a set says the same or nothing. A source is what
                        catalog.publish_set takes
    """

    place: Place
    question: str
    set: str
    kind: str
    title: str
    criteria: str
    opens_at: datetime
    closes_at: datetime
    background: str = ""
    tags: Sequence[str] = ()
    group: str = ""
    resolves_at: datetime | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    fine_print: str = ""
    resolves_from: str = ""
    claim: str = ""
    paragraph: str = ""
    set_title: str = ""
    set_description: str = ""
    source: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A forecast or a withdrawal as it is written outside.

    act            "forecast", "withdrawal", or "", which is a forecast
    probability    of yes; `probabilities` of every outcome. A forecast says one of the two
    recorded_at    when whoever kept it before says that it was recorded, None where nobody says
    forecaster_kind, forecaster_name
                   every act of a forecaster says the same or nothing
    """

    place: Place
    question: str
    forecaster: str
    made_at: datetime
    probability: float | None = None
    act: str = ""
    probabilities: Sequence[Any] | None = None
    recorded_at: datetime | None = None
    expires_at: datetime | None = None
    rationale: str = ""
    forecaster_kind: str = ""
    forecaster_name: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """A resolution as it is written outside.

    outcome  yes or no, a label, a figure or a date; or "annulled" or "reopened", which have no known_at
    """

    place: Place
    question: str
    outcome: str
    known_at: datetime | None = None
    evidence_url: str = ""
    note: str = ""
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """What a forecaster has on a resolved question: numbers by name, NaN where there is none."""

    question: str
    forecaster: str
    numbers: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Stood:
    """What the crowd's median said from a moment on, and of how many; None where nobody stood."""

    question: str
    at: datetime
    count: int
    probability: float | None = None
    probabilities: Sequence[float] | None = None


@dataclass(frozen=True)
class Folder:
    """All that is exchanged at once. Resolutions of a question stand oldest first; the last one counts.

    scores, crowd  go out only: what comes in is scored here
    faults         what could not be read
    unread         questions that were seen but not understood, so that what refers to them is not blamed for it;
                   None where it is not even known which these are
    """

    questions: Sequence[Asked] = ()
    forecasts: Sequence[Said] = ()
    resolutions: Sequence[Decided] = ()
    scores: Iterable[Scored] = ()
    crowd: Iterable[Stood] = ()
    faults: Sequence[Fault] = ()
    unread: frozenset[str] | None = frozenset()


class Format(Protocol):
    """What a file of this package must hold."""

    NAME: str
    TITLE: str

    def read(self, path: Path) -> Folder: ...
    def write(self, folder: Folder, path: Path) -> None: ...


FORMATS = cast(dict[str, Format], discover(sys.modules[__name__], required=("TITLE", "read", "write")))
