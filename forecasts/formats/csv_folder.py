"""A folder of CSV files: questions.csv, forecasts.csv and resolutions.csv; on the way out scores.csv and crowd.csv too.

UTF-8, a comma between cells, quotation marks round a cell that needs them, one line of names first. What begins like
a spreadsheet's formula stands behind an apostrophe, which reading takes off again: see spelling.guarded.
"""

import csv
import io
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

from forecasts import files, spelling, terminal
from forecasts.formats import Asked, Decided, Fault, Folder, Place, Said, Unwritable
from forecasts.spelling import dumped, joined, maybe, shown, stamped
from questions import percent
from questions.errors import Refusal
from questions.kinds import KINDS

NAME = "csv"
TITLE = "A folder of CSV files"

_SPECIAL = re.compile(r'[",\r\n]')


@dataclass(frozen=True)
class Column:
    """One column of a file.

    read    a cell's text as its value; raises Refusal
    write   the value as a cell's text
    must    whether a file without the column is refused
    always  whether an export has it though no row fills it
    spec    whether its value stands in the record's `spec` by this name, and not as an attribute
    """

    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    must: bool = False
    always: bool = False
    spec: bool = False


def _must(read: Callable[[str], Any], write: Callable[[Any], str] = str) -> Column:
    return Column(read, write, must=True, always=True)


_TIME = Column(maybe(spelling.moment, None), stamped)
_LINE, _TEXT = Column(maybe(spelling.line)), Column(maybe(spelling.text))
_WRITTEN = Column(maybe(spelling.text), always=True)
_JSON = Column(maybe(spelling.structure, None), dumped, spec=True)

QUESTIONS: Mapping[str, Column] = {
    "question": _must(spelling.slug),
    "set": _must(spelling.slug),
    "kind": _must(spelling.kind),
    "title": _must(spelling.line),
    "background": _WRITTEN,
    "criteria": _must(spelling.filled),
    "tags": Column(spelling.listed, joined, always=True),
    "group": Column(maybe(spelling.slug), always=True),
    "opens_at": _must(spelling.moment, stamped),
    "closes_at": _must(spelling.moment, stamped),
    "resolves_at": _TIME,
    **{name: _JSON for kind in KINDS.values() for name in kind.SPEC},
    "outcomes": Column(maybe(spelling.listed, None), lambda labels: joined(labels or ()), spec=True),
    "fine_print": _TEXT,
    "resolves_from": _TEXT,
    "claim": _TEXT,
    "paragraph": _LINE,
    "set_title": _LINE,
    "set_description": _TEXT,
    "source": Column(maybe(spelling.source, None), dumped),
}
FORECASTS: Mapping[str, Column] = {
    "question": _must(spelling.slug),
    "forecaster": _must(spelling.handle),
    "made_at": _must(spelling.moment, stamped),
    "probability": Column(maybe(spelling.fraction, None), shown, always=True),
    "act": Column(maybe(spelling.one_of("forecast", "withdrawal"))),
    "probabilities": Column(maybe(spelling.numbers, None), dumped),
    "recorded_at": _TIME,
    "expires_at": _TIME,
    "rationale": _TEXT,
    "forecaster_kind": Column(maybe(spelling.one_of("person", "bot", "source"))),
    "forecaster_name": _LINE,
}
RESOLUTIONS: Mapping[str, Column] = {
    "question": _must(spelling.slug),
    "outcome": _must(spelling.line),
    "known_at": Column(maybe(spelling.moment, None), stamped, always=True),
    "evidence_url": Column(maybe(spelling.link), always=True),
    "note": _WRITTEN,
    "recorded_at": _TIME,
}
MEASURES = (
    "coverage", "presence", "brier", "ranked", "log", "baseline", "peer", "peer_log", "accuracy", "spot",
)  # fmt: skip
DECIMALS = 12
"""Of what is worked out: beyond that the order in which numbers were added up shows."""


# Reading


def read(path: Path) -> Folder:
    """What the three files hold, with a fault for everything in them that cannot be read."""
    faults: list[Fault] = []
    asked, said, decided = (
        _Reading(path / f"{name}.csv", columns, faults)
        for name, columns in (("questions", QUESTIONS), ("forecasts", FORECASTS), ("resolutions", RESOLUTIONS))
    )
    questions = [Asked(**row) for row in asked.records()]
    return Folder(
        questions=questions,
        forecasts=[Said(**row) for row in said.records()],
        resolutions=[Decided(**row) for row in decided.records()],
        faults=faults,
        unread=frozenset(asked.unread) if asked.whole else None,
    )


@dataclass
class _Reading:
    """One file while it is read.

    faults  where what is wrong with it is put
    unread  the names of questions whose rows were left out
    whole   whether it was read to its end
    """

    path: Path
    columns: Mapping[str, Column]
    faults: list[Fault]
    unread: set[str] = field(default_factory=set)
    whole: bool = False

    def records(self) -> Iterator[dict[str, Any]]:
        """The values of each row that can be read."""
        lines = self._lines()
        first = next(lines, None)
        if first is None and self.whole:
            self._blame(Place(self.path.name, 1), "", "is empty. Write the names of the columns on the first line.")
        if first is None or not self._knows(*first):
            self.whole = False
            return
        for place, row in lines:
            if (record := self._record(place, first[1], row)) is not None:
                yield record

    def _lines(self) -> Iterator[tuple[Place, list[str]]]:
        """Each row's cells; blank lines are no rows."""
        text = self._text()
        if text is None:
            return
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        place = Place(self.path.name, 1)
        try:
            for row in reader:
                if row:
                    yield place, row
                place = Place(self.path.name, reader.line_num + 1)
            self.whole = True
        except csv.Error as error:
            self._blame(
                place, "", f"cannot be read from here on: {error}. Put a cell with a comma, a line break or a "
                "quotation mark into quotation marks, and double those within it.",
            )  # fmt: skip

    def _text(self) -> str | None:
        """The whole file, None where it cannot be read."""
        try:
            content = files.content(self.path)
        except files.Unreadable as error:
            self._blame(Place(self.path.name, 0), "", f"cannot be read in {terminal.shown(self.path.parent)}: {error}.")
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            place = Place(self.path.name, content.count(b"\n", 0, error.start) + 1)
            self._blame(place, "", "is not UTF-8 text. Save the file as UTF-8.")
            return None

    def _knows(self, place: Place, header: Sequence[str]) -> bool:
        """Whether the names of the columns are those of this file; what is wrong with them is noted."""
        before = len(self.faults)
        for name in dict.fromkeys(header):
            if name not in self.columns:
                shown = percent.quote(name)[1:-1]
                self._blame(place, shown, f"is no column of {self.path.name}. Known are {', '.join(self.columns)}.")
            elif header.count(name) > 1:
                self._blame(place, name, "stands twice among the columns. Keep one.")
        for name, column in self.columns.items():
            if column.must and name not in header:
                self._blame(place, name, "is missing among the columns.")
        return len(self.faults) == before

    def _record(self, place: Place, header: Sequence[str], row: Sequence[str]) -> dict[str, Any] | None:
        named = dict(zip(header, row, strict=False))
        before = len(self.faults)
        if len(row) != len(header):
            self._blame(place, "", f"has {len(row)} cells, and the first line has {len(header)}.")
        record: dict[str, Any] = {"place": place}
        for name, cell in named.items():
            value = self._value(place, name, cell)
            if self.columns[name].spec:
                record.setdefault("spec", {}).update({} if value is None else {name: value})
            else:
                record[name] = value
        if len(self.faults) == before:
            return record
        self.unread.add(named.get("question", ""))
        return None

    def _value(self, place: Place, name: str, cell: str) -> Any:
        try:
            return self.columns[name].read(spelling.unguarded(cell))
        except Refusal as refusal:
            self._blame(place, name, str(refusal))
            return None

    def _blame(self, place: Place, column: str, sentence: str) -> None:
        self.faults.append(Fault(place, column, sentence))


# Writing


def write(folder: Folder, path: Path) -> None:
    """Write the five files into a new folder, which is there whole or not at all. Raises Unwritable."""
    beside = path.absolute().parent / f".{path.name}.{secrets.token_hex(4)}"
    try:
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise Unwritable(f"{terminal.shown(path)} is there already and is not an empty folder. Choose another one.")
        beside.mkdir()
        try:
            for name, table in _tables(folder):
                _write_file(beside / name, table)
            beside.replace(path)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise Unwritable(
            f"{terminal.shown(path)} cannot be written: {error.strerror}. Choose another place."
        ) from error


def _tables(folder: Folder) -> Iterator[tuple[str, Iterable[Sequence[str]]]]:
    yield "questions.csv", _table(QUESTIONS, folder.questions)
    yield "forecasts.csv", _table(FORECASTS, folder.forecasts)
    yield "resolutions.csv", _table(RESOLUTIONS, folder.resolutions)
    yield "scores.csv", _scores(folder)
    yield "crowd.csv", _crowd(folder)


def _table(columns: Mapping[str, Column], records: Sequence[Any]) -> Iterator[Sequence[str]]:
    """The names of the columns that some record fills or that always stand, and then each record's cells."""
    filled = {
        name: [_cell(name, column, record) for record in records]
        for name, column in columns.items()
    }  # fmt: skip
    chosen = {name: written for name, written in filled.items() if columns[name].always or any(written)}
    yield list(chosen)
    yield from zip(*chosen.values(), strict=True)


def _cell(name: str, column: Column, record: Any) -> str:
    value = record.spec.get(name) if column.spec else attrgetter(name)(record)
    return column.write(value)


def _scores(folder: Folder) -> Iterator[Sequence[str]]:
    yield ["question", "forecaster", *MEASURES]
    for one in folder.scores:
        yield [one.question, one.forecaster, *(_figure(one.numbers.get(name)) for name in MEASURES)]


def _crowd(folder: Folder) -> Iterator[Sequence[str]]:
    yield ["question", "at", "count", "probability", "probabilities"]
    for one in folder.crowd:
        spread = None if one.probabilities is None else [_rounded(share) for share in one.probabilities]
        yield [one.question, stamped(one.at), str(one.count), _figure(one.probability), dumped(spread)]


def _figure(number: float | None) -> str:
    return "" if number is None or number != number else shown(_rounded(number))  # noqa: PLR0124  NaN alone differs


def _rounded(number: float) -> float:
    return round(float(number), DECIMALS) + 0.0


def _write_file(path: Path, rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for row in rows:
            file.write(",".join(_quoted(spelling.guarded(cell)) for cell in row) + "\n")


def _quoted(cell: str) -> str:
    """A cell in quotation marks where it needs them. Python's own writer leaves a lone carriage return without."""
    return '"' + cell.replace('"', '""') + '"' if _SPECIAL.search(cell) else cell
