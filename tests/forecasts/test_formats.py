"""Formats: what goes out comes back the same, and what cannot be read is named by file, line and column."""

import csv
import io
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasts import formats, spelling
from forecasts.formats import (
    FORMATS,
    Asked,
    Decided,
    Fault,
    Folder,
    InvalidFolder,
    Place,
    Said,
    Scored,
    Stood,
    Unwritable,
)
from forecasts.formats.csv_folder import FORECASTS, read, write
from forecasts.spelling import guarded, joined, listed, stamped, unguarded
from questions.registry import HalfWritten, discover
from tests import folders
from tests.cast import DAY, HOUR, NOON, SPECS
from tests.folders import CLOSES, HEADS, OPENS, asked, faults, said

SLUGS = "Write small letters and digits joined by hyphens, at most 80."
JSON = "is not JSON. Write text in double quotes, and numbers plainly."
HANDLES = "Write small letters, digits, and . _ - between them, at most 80; the full name goes under forecaster_name."
NOWHERE = Place("", 0)
SOURCE = {
    "slug": "almanac", "name": "The almanac", "title": "What the weather will be", "author": "", "note": "Old.",
    "said_at": NOON, "read_on": NOON.date(),
}  # fmt: skip


def question(slug: str = "rain", kind: str = "binary", **more: Any) -> Asked:
    times = {"opens_at": NOON, "closes_at": NOON + DAY}
    fields = {"set": "weather", "title": "Rain?", "criteria": "As measured.", "spec": SPECS[kind], **times, **more}
    return Asked(place=NOWHERE, question=slug, kind=kind, **fields)


def forecast(slug: str = "rain", **more: Any) -> Said:
    return Said(place=NOWHERE, question=slug, forecaster="cleo", made_at=NOON, **more)


def decision(slug: str = "rain", outcome: str = "yes", **more: Any) -> Decided:
    return Decided(place=NOWHERE, question=slug, outcome=outcome, **more)


EVERYTHING = Folder(
    questions=[
        question("rain", tags=["wet", "a|b"], group="autumn", set_title="The weather", set_description="All of it."),
        question("wind", "choice", background='Two\nlines, and a "word"', resolves_at=NOON + 2 * DAY, source=SOURCE),
        question("frost", "number", fine_print="=1+1", claim="-", paragraph="p. 4", resolves_from="the station"),
        question("snow", "date", title="Schnee über Łódź – 雪?"),
    ],
    forecasts=[
        forecast(probability=0.1 + 0.2, recorded_at=NOON + timedelta(microseconds=1), rationale="'=2+2\r\nso there"),
        forecast("wind", probabilities=[0.25, 0.5, 0.25], expires_at=NOON + HOUR, forecaster_kind="bot"),
        forecast("wind", act="withdrawal", forecaster_name="Cleo Ørsted"),
    ],
    resolutions=[
        decision("rain", "yes", known_at=NOON + HOUR, evidence_url="https://example.org/?a=1,2", note="@home"),
        decision("rain", "reopened"),
        decision("rain", "annulled", note="The station\rburned down.", recorded_at=NOON),
    ],
)


def without_places(folder: Folder) -> tuple[list[Any], ...]:
    """The records, as if they stood nowhere, with lists where there were other sequences."""
    asked = [replace(one, place=NOWHERE, tags=list(one.tags), spec=dict(one.spec)) for one in folder.questions]
    others = [[replace(one, place=NOWHERE) for one in rows] for rows in (folder.forecasts, folder.resolutions)]
    return asked, *others


# Every format


@pytest.mark.parametrize("name", FORMATS)
def test_what_goes_out_comes_back_the_same(name: str, tmp_path: Path) -> None:
    FORMATS[name].write(EVERYTHING, tmp_path / "out")
    back = FORMATS[name].read(tmp_path / "out")

    assert back.faults == []
    assert back.unread == frozenset()
    assert without_places(back) == without_places(EVERYTHING)


def test_a_format_is_found_by_its_file_and_must_be_whole() -> None:
    assert "csv" in FORMATS
    with pytest.raises(HalfWritten, match=r"forecasts/formats/csv_folder\.py lacks sing\."):
        discover(formats, required=("read", "sing"))


SIGNS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
LINES = st.text(SIGNS, min_size=1).filter(str.strip)
TEXTS = st.text(st.one_of(SIGNS, st.sampled_from("\n\r\t'=+-@,\"|")))
WORDS = st.lists(LINES.map(str.strip))


@given(title=LINES, background=TEXTS, tags=WORDS, note=TEXTS, rationale=TEXTS)
def test_any_text_goes_out_and_comes_back_the_same(
    title: str, background: str, tags: list[str], note: str, rationale: str
) -> None:
    asked = question(title=title, background=background, tags=tags)
    folder = Folder([asked], [forecast(probability=0.5, rationale=rationale)], [decision(known_at=NOON, note=note)])
    with tempfile.TemporaryDirectory() as place:
        write(folder, Path(place) / "out")
        back = read(Path(place) / "out")

    assert without_places(back) == without_places(folder)


@given(st.floats(0, 1), st.datetimes(timezones=st.just(UTC)))
def test_numbers_and_moments_come_back_to_the_last_digit(probability: float, moment: datetime) -> None:
    assert spelling.fraction(spelling.shown(probability)) == probability
    assert spelling.moment(stamped(moment)) == moment


# Spreadsheets


@given(TEXTS)
def test_no_cell_begins_like_a_formula_and_each_is_read_back(text: str) -> None:
    cell = guarded(text)

    assert unguarded(cell) == text
    assert cell.lstrip()[:1] not in ("=", "@", "＝", "＠")
    assert cell[:1] not in ("\t", "\r")
    if cell[:1] in ("+", "-"):
        float(cell)  # a number, which a spreadsheet shows as it is


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("'=1", "''=1"),
        ("-0.4", "-0.4"),
        ("-1e-05", "-1e-05"),
        ("'-0.4", "''-0.4"),
        ("'tis = so", "'tis = so"),
        ("", ""),
    ],
)
def test_what_begins_like_a_formula_stands_behind_an_apostrophe(text: str, cell: str) -> None:
    assert guarded(text) == cell
    assert unguarded(cell) == text


def test_an_apostrophe_is_taken_off_where_it_guards(tmp_path: Path) -> None:
    """And a formula that somebody wrote without one is a text like any other."""
    head = HEADS["questions"] + ",claim,fine_print"
    folders.write(tmp_path, [asked() + ",'=1+1,=1+1"], heads={"questions": head})

    (found,) = read(tmp_path).questions

    assert (found.claim, found.fine_print) == ("=1+1", "=1+1")


@given(WORDS)
def test_a_list_of_words_comes_back_the_same(words: list[str]) -> None:
    assert listed(joined(words)) == words


# What a file may look like


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_bytes_of_a_byte_order_mark_and_any_line_ends_are_understood(end: str, tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=[said("0.25"), "", said("0.5")])
    for path in tmp_path.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", end.encode()))

    found = read(tmp_path)

    assert found.faults == []
    assert [(one.place.line, one.probability) for one in found.forecasts] == [(2, 0.25), (4, 0.5)]


def test_columns_may_stand_in_any_order_and_optional_ones_may_lack(tmp_path: Path) -> None:
    head = "kind,closes_at,opens_at,criteria,title,set,question"
    folders.write(tmp_path, [f"binary,{CLOSES},{OPENS},As measured.,Rain?,weather,rain"], heads={"questions": head})

    (found,) = read(tmp_path).questions

    assert (found.question, found.set, found.tags, found.group, found.background) == ("rain", "weather", (), "", "")


def test_a_line_is_counted_where_its_row_begins(tmp_path: Path) -> None:
    folders.write(tmp_path, [asked("rain").replace(",,As", ',"one\ntwo\n\nthree",As'), asked("Wind")])

    assert faults(tmp_path) == ["questions.csv, line 6 (question): “Wind” is not a slug. " + SLUGS]
    assert read(tmp_path).questions[0].background == "one\ntwo\n\nthree"


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        ("question,forecaster,probability", "forecasts.csv, line 1 (made_at): is missing among the columns."),
        (
            "question,forecaster,made_at,made_at",
            "forecasts.csv, line 1 (made_at): stands twice among the columns. Keep one.",
        ),
        (
            "question,forecaster,made_at,propability",
            f"forecasts.csv, line 1 (propability): is no column of forecasts.csv. Known are {', '.join(FORECASTS)}.",
        ),
    ],
)
def test_columns_that_lack_repeat_or_are_unknown_are_named(head: str, sentence: str, tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=["nonsense"], heads={"forecasts": head})

    assert faults(tmp_path) == [sentence]


def test_a_column_is_said_back_without_what_a_terminal_would_obey(tmp_path: Path) -> None:
    folders.write(tmp_path, heads={"forecasts": HEADS["forecasts"] + f",\x1b[2J{'x' * 99}"})

    (fault,) = faults(tmp_path)

    assert fault.startswith(f"forecasts.csv, line 1 ([2J{'x' * 37}…): is no column of forecasts.csv.")


def test_a_row_of_another_length_is_named(tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=[said(), "rain,cleo", said() + ",0.5"])

    assert faults(tmp_path) == [
        "forecasts.csv, line 3: has 2 cells, and the first line has 4.",
        "forecasts.csv, line 4: has 5 cells, and the first line has 4.",
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('rain,"cleo', "unexpected end of data"),
        ('rain,"cleo"x,2026-02-02T00:00:00Z,0.5', "',' expected after '\"'"),
        (f"rain,cleo,2026-02-02T00:00:00Z,{'9' * 200_000}", "field larger than field limit (131072)"),
    ],
)
def test_what_is_no_csv_is_named_by_the_line_from_which_it_is_not(row: str, reason: str, tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=[said(), row])

    (fault,) = faults(tmp_path)

    assert fault.startswith(f"forecasts.csv, line 3: cannot be read from here on: {reason}. Put a cell with a comma")


def test_a_file_that_lacks_is_empty_or_is_not_utf8_is_named(tmp_path: Path) -> None:
    folders.write(tmp_path)
    (tmp_path / "questions.csv").unlink()
    (tmp_path / "forecasts.csv").write_bytes(b"")
    (tmp_path / "resolutions.csv").write_bytes(f"{HEADS['resolutions']}\nrain,yes,,,caf".encode() + b"\xe9\n")

    found = read(tmp_path)

    assert folders.told(found) == [
        f"questions.csv: cannot be read in {tmp_path}: No such file or directory.",
        "forecasts.csv, line 1: is empty. Write the names of the columns on the first line.",
        "resolutions.csv, line 2: is not UTF-8 text. Save the file as UTF-8.",
    ]
    assert found.unread is None


# What a cell may hold


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("1.7", "“1.7” is outside 0 to 1. Write a fraction such as 0.37."),
        ("-0.4", "“-0.4” is outside 0 to 1. Write a fraction such as 0.37."),
        ("1e999", "“1e999” is outside 0 to 1. Write a fraction such as 0.37."),
        ("NaN", "“NaN” is not a number. Write a fraction such as 0.37."),
        ("Infinity", "“Infinity” is not a number. Write a fraction such as 0.37."),
        ("-inf", "“-inf” is not a number. Write a fraction such as 0.37."),
        ("1_0e-1", "“1_0e-1” is not a number. Write a fraction such as 0.37."),
        ("37%", "“37%” is not a number. Write a fraction such as 0.37."),
        ('"0,37"', "“0,37” is not a number. Write a fraction such as 0.37."),
        (" 0.5", "“0.5” is not a number. Write a fraction such as 0.37."),
        ("٠.٥", "“٠.٥” is not a number. Write a fraction such as 0.37."),
        ("0x1", "“0x1” is not a number. Write a fraction such as 0.37."),
        ("0.5\0", "“0.5” is not a number. Write a fraction such as 0.37."),
    ],
)
def test_a_probability_is_a_plain_fraction(cell: str, sentence: str, tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=[said("0"), said(cell), said("1e-07")])

    assert faults(tmp_path) == [f"forecasts.csv, line 3 (probability): {sentence}"]
    assert [one.probability for one in read(tmp_path).forecasts] == [0.0, 1e-07]


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("2026-02-02T00:00:00", "“2026-02-02T00:00:00” names no time zone. Write one such as 2026-12-31T23:59:00Z."),
        ("2026-02-02", "“2026-02-02” is not a moment. Write one such as 2026-12-31T23:59:00Z."),
        ("02/02/2026 00:00", "“02/02/2026 00:00” is not a moment. Write one such as 2026-12-31T23:59:00Z."),
        ("1770000000", "“1770000000” is not a moment. Write one such as 2026-12-31T23:59:00Z."),
        (
            "2026-02-30T00:00:00Z",
            "“2026-02-30T00:00:00Z” is not a moment of the calendar. Write one such as 2026-12-31T23:59:00Z.",
        ),
        (
            "0001-01-01T00:00:00+14:00",
            "“0001-01-01T00:00:00+14:00” is not a moment of the calendar. Write one such as 2026-12-31T23:59:00Z.",
        ),
        (
            "2026-02-02T00:00:00.1234567Z",
            "“2026-02-02T00:00:00.1234567Z” is not a moment. Write one such as 2026-12-31T23:59:00Z.",
        ),
        ("", "is empty. Write one such as 2026-12-31T23:59:00Z."),
    ],
)
def test_a_moment_names_its_zone(cell: str, sentence: str, tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=[f"rain,cleo,{cell},0.5"])

    assert faults(tmp_path) == [f"forecasts.csv, line 2 (made_at): {sentence}"]


def test_moments_of_other_zones_are_brought_to_utc(tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=["rain,cleo,2026-02-02 01:30:00.25+01:30,0.5"])

    (found,) = read(tmp_path).forecasts

    assert found.made_at == datetime(2026, 2, 2, 0, 0, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("column", "cell", "sentence"),
    [
        ("title", '"a\nb"', "holds a line break. Write it on one line."),
        ("title", "x" * 301, "is 301 characters long. Keep it to 300."),
        ("title", "", "is empty."),
        ("criteria", " ", "is empty."),
        ("background", "x" * 20_001, "is 20001 characters long. Keep it to 20000."),
        ("background", "a\0b", "holds a control character. Take it out."),
        ("kind", "ladder", "“ladder” is none of binary, choice, date, number. Write one of them."),
        ("set", "../etc", f"“../etc” is not a slug. {SLUGS}"),
        ("range", "{low: 1}", "“{low: 1}” " + JSON),
        ("range", '"{""low"": NaN}"', "“{\"low\": NaN}” " + JSON),
        ("range", '"{""a"": 1, ""a"": 2}"', "“{\"a\": 1, \"a\": 2}” " + JSON),
        ("range", "[" * 9_999, f"“{'[' * 40}…” {JSON}"),
        ("range", '"{""unit"": ""a\\u0000""}"', "holds a control character. Take it out."),
        ("range", '"{""unit"": ""\\ud800""}"', "holds a control character. Take it out."),
        ("outcomes", "[1]", "“[1]” is not a list of words. Write them separated by |."),
        ("outcomes", "a||b", "is empty."),
        ("source", "[]", "“[]” is not a table. Write JSON in braces."),
        ("source", "{}", "The source's slug cannot be used: is empty."),
        ("source", '"{""shoe"": 1}"', f"“shoe” is not known of a source. Known are {', '.join(SOURCE)}."),
        ("source", '"{""slug"": 1}"', "The source's slug is not text. Put it in double quotes."),
    ],
)  # fmt: skip
def test_a_cell_of_a_question_is_judged_by_its_column(column: str, cell: str, sentence: str, tmp_path: Path) -> None:
    cells = {**dict(zip(HEADS["questions"].split(","), asked().split(","), strict=True)), column: cell}
    folders.write(tmp_path, [",".join(cells.values())], heads={"questions": ",".join(cells)})

    assert faults(tmp_path) == [f"questions.csv, line 2 ({column}): {sentence}"]
    assert read(tmp_path).unread == frozenset({"rain"})


@pytest.mark.parametrize(
    ("column", "cell", "sentence"),
    [
        ("forecaster", "Cleo Ørsted", f"“Cleo Ørsted” is not a handle. {HANDLES}"),
        ("act", "maybe", "“maybe” is none of forecast, withdrawal. Write one of them."),
        ("probabilities", "0.5", "“0.5” is not a list. Write one such as [0.2, 0.5, 0.3]."),
        ("forecaster_kind", "crowd", "“crowd” is none of person, bot, source. Write one of them."),
        ("expires_at", "tomorrow", "“tomorrow” is not a moment. Write one such as 2026-12-31T23:59:00Z."),
    ],
)  # fmt: skip
def test_a_cell_of_a_forecast_is_judged_by_its_column(column: str, cell: str, sentence: str, tmp_path: Path) -> None:
    cells = {**dict(zip(HEADS["forecasts"].split(","), said().split(","), strict=True)), column: cell}
    folders.write(tmp_path, forecasts=[",".join(cells.values())], heads={"forecasts": ",".join(cells)})

    assert faults(tmp_path) == [f"forecasts.csv, line 2 ({column}): {sentence}"]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://", "example.org", "https://a b", "https://[x"])
def test_evidence_is_a_link_that_a_browser_may_follow(link: str, tmp_path: Path) -> None:
    folders.write(tmp_path, resolutions=[f"rain,yes,2026-02-20T00:00:00Z,{link},"])

    (fault,) = faults(tmp_path)

    assert fault == (
        f"resolutions.csv, line 2 (evidence_url): “{link}” is not a link. "
        "Write one that begins with https, or leave it empty."
    )


def test_every_bad_cell_is_named_and_only_then_the_rest_counted() -> None:
    sentences = str(InvalidFolder([Fault(Place("forecasts.csv", line), "", "is bad.") for line in range(60, 0, -1)]))

    first, *_, fiftieth, rest, last = sentences.splitlines()

    assert (first, fiftieth) == ("forecasts.csv, line 1: is bad.", "forecasts.csv, line 50: is bad.")
    assert (rest, last) == ("10 more faults are not shown.", "Nothing was imported.")


# What is written


def test_optional_columns_stand_only_where_a_row_fills_them(tmp_path: Path) -> None:
    write(Folder([question()], [forecast(probability=0.5)], [decision(known_at=NOON)]), tmp_path / "plain")
    write(EVERYTHING, tmp_path / "full")

    plain = {path.stem: path.read_text().splitlines()[0] for path in (tmp_path / "plain").iterdir()}
    full = (tmp_path / "full" / "forecasts.csv").read_text().splitlines()[0]

    assert {name: plain[name] for name in HEADS} == HEADS
    assert full == HEADS["forecasts"] + (
        ",act,probabilities,recorded_at,expires_at,rationale,forecaster_kind,forecaster_name"
    )


def test_scores_and_the_crowd_are_written_as_plain_numbers(tmp_path: Path) -> None:
    """What a score is not defined for stays empty, and no digit tells in which order numbers were added up."""
    folder = Folder(
        scores=[Scored("rain", "cleo", {"brier": 0.1 + 0.2, "ranked": float("nan"), "peer": -0.25, "spot": -0.0})],
        crowd=[
            Stood("rain", NOON, 2, probability=0.625),
            Stood("rain", NOON + HOUR, 0),
            Stood("wind", NOON, 1, probabilities=[0.25, 0.75, 0.0]),
        ],
    )

    write(folder, tmp_path / "out")

    assert (tmp_path / "out" / "scores.csv").read_text().splitlines() == [
        "question,forecaster,coverage,presence,brier,ranked,log,baseline,peer,peer_log,accuracy,spot",
        "rain,cleo,,,0.3,,,,-0.25,,,0.0",
    ]
    assert (tmp_path / "out" / "crowd.csv").read_text().splitlines() == [
        "question,at,count,probability,probabilities",
        "rain,2026-03-02T12:00:00Z,2,0.625,",
        "rain,2026-03-02T13:00:00Z,0,,",
        'wind,2026-03-02T12:00:00Z,1,,"[0.25, 0.75, 0.0]"',
    ]


def test_any_other_program_reads_the_same_cells(tmp_path: Path) -> None:
    """A lone carriage return ends a line for every reader, so it needs quotation marks."""
    write(Folder([question(background='a\rb, "c"')]), tmp_path / "out")

    content = (tmp_path / "out" / "questions.csv").read_bytes().decode()
    (row,) = csv.DictReader(io.StringIO(content, newline=""))

    assert '"a\rb, ""c"""' in content
    assert row["background"] == 'a\rb, "c"'


def test_a_folder_that_holds_something_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    (tmp_path / "file").write_text("I am none")

    for place in (tmp_path, tmp_path / "file"):
        with pytest.raises(Unwritable, match=r"is there already and is not an empty folder\. Choose another one\."):
            write(Folder(), place)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "mine.txt"]


def test_an_export_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def failing() -> Any:
        yield Scored("rain", "cleo", {})
        raise RuntimeError

    (tmp_path / "out").mkdir()
    with pytest.raises(RuntimeError):
        write(Folder(scores=failing()), tmp_path / "out")
    assert [list(path.iterdir()) for path in tmp_path.iterdir()] == [[]]

    write(Folder(), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "crowd.csv", "forecasts.csv", "questions.csv", "resolutions.csv", "scores.csv",
    ]  # fmt: skip


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unwritable, match=r"out cannot be written: No such file or directory\. Choose another place\."):
        write(Folder(), tmp_path / "nowhere" / "out")
