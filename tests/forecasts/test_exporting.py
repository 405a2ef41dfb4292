"""What goes out: everything public, and the same again after it was taken over into an empty database."""

import csv
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from forecasts import exporting, importing, loading, verification
from forecasts.database import Database
from forecasts.formats import FORMATS
from forecasts.models import Forecaster
from questions import journal, setfile
from questions.catalog import Decision
from questions.models import Question
from tests import folders, program
from tests.cast import (
    DAY,
    HOUR,
    NOON,
    MovedClock,
    annul,
    called,
    decide,
    draft,
    entries,
    everything,
    fresh,
    kinds,
    number,
    publish,
    reopen,
    resolve,
    rows,
    say,
    take_back,
)
from tests.folders import HEADS, asked, decided, said
from tests.shelf import Shelf

ALMANAC = """
[set]
slug = "sayings"
title = "What the almanac says"
description = '''
- of the weather
- of the sea'''
[source]
slug = "almanac"
name = "The almanac"
title = "The year"
said_at = 2026-03-02T09:00:00.5Z
read_on = 2026-03-01
[[questions]]
slug = "storm"
kind = "binary"
title = "Will it storm?"
criteria = "As measured."
opens_at = 2026-03-02T12:00:00Z
closes_at = 2026-03-02T22:00:00Z
[questions.implied]
probability = 0.8
reason = "=It says so."
"""


def export(database: Database, path: Path) -> dict[str, str]:
    """Export now: the text of each file."""
    with database.reading() as session:
        FORMATS["csv"].write(exporting.gather(session), path)
    return {one.name: one.read_bytes().decode() for one in sorted(path.iterdir())}


def bring(database: Database, path: Path) -> str:
    """Import the folder now; what that is said to have done."""
    with database.writing() as (session, moment):
        plan = importing.examine(session, FORMATS["csv"].read(path), moment)
        importing.carry_out(session, plan, by=journal.OPERATOR, moment=moment)
    return str(plan)


@pytest.fixture
def other(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A second, empty database on the same engine, a month later."""
    with ExitStack() as opened:
        if engine == "sqlite":
            file = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "other.db")
            address = f"sqlite:///{file}"
        else:
            shelf: Shelf = request.getfixturevalue("shelf")
            address = opened.enter_context(shelf.lent())
        database = Database(address, MovedClock(NOON + 30 * DAY))
        yield database
        database.close()


@pytest.fixture
def season(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster, tmp_path: Path
) -> list[Question]:
    """Something of everything that can be done here, beside what was imported."""
    with database.writing() as (session, moment):
        loading.load(session, setfile.parse(ALMANAC.encode(), "a"), "a", by=journal.OPERATOR, moment=moment)
    bring(database, elsewhere(tmp_path / "elsewhere"))
    words: dict[str, Any] = {"background": "=1+1\r\n“so”, she said", "fine_print": "'-", "tags": ["wet", "a|b"]}
    here = publish(
        database, draft("rain", title="Schnee über Łódź?", group="autumn", **words),
        draft("wind", "choice", claim="-4"), draft("frost", "number", paragraph="p. 4"),
        draft("thaw", "date", resolves_from="@station"), draft("fog"),
    )  # fmt: skip
    for who, shares in ((bob, (0.2, 0.3, 0.5)), (ada, (0.25, 0.25, 0.5))):
        clock.moment += HOUR / 7
        say(database, who, here[0], 1 / 3)
        for question in here[1:4]:
            say(database, who, question, *shares)
    clock.moment += HOUR
    take_back(database, bob, here[2])
    say(database, ada, here[0], 1.0)
    say(database, bob, here[4], 0.123456789012345)
    decide_upon(database, mo, *here[:4])
    return here


def elsewhere(path: Path) -> Path:
    """A bot's forecasts that expire, on a question that was decided twice."""
    head = HEADS["forecasts"] + ",expires_at,recorded_at,forecaster_kind,forecaster_name"
    row = said("0.25", 2, "hal") + ",2026-02-05T00:00:00Z,2026-02-03T00:00:00Z,bot,H. A. L."
    twice = [decided("no"), "tide,reopened,,,", decided("yes", slug="tide")]
    return folders.write(
        path, [asked("tide"), asked("ebb")], [row.replace("rain", "tide"), said(slug="ebb") + ",,,,"],
        [one.replace("rain", "tide") for one in twice], heads={"forecasts": head},
    )  # fmt: skip


def decide_upon(database: Database, mo: Forecaster, *questions: Question) -> None:
    """One is decided three times, one annulled, one resolved by a figure, one by a bin alone."""
    rain, wind, frost, thaw = questions
    resolve(database, mo, rain, 1)
    reopen(database, mo, rain)
    seen = fresh(database, rain).resolution
    decide(database, mo, rain, Decision("resolved", 0, NOON + HOUR, "", "https://example.org/?q=1,2", "=2+2", seen))
    annul(database, mo, wind)
    decide(database, mo, frost, Decision("resolved", 1, NOON + HOUR, " 2"))
    decide(database, mo, thaw, Decision("resolved", 0, NOON + HOUR))


def test_export_and_import_into_an_empty_database_give_the_same_files_again(
    database: Database, other: Database, season: list[Question], tmp_path: Path
) -> None:
    first = export(database, tmp_path / "first")
    bring(other, tmp_path / "first")
    second = export(other, tmp_path / "second")

    assert list(first) == ["crowd.csv", "forecasts.csv", "questions.csv", "resolutions.csv", "scores.csv"]
    assert second == first
    assert sorted(kinds(other)) == sorted(kinds(database))


def test_what_is_exported_is_nothing_new_to_who_imported_it(
    other: Database, season: list[Question], database: Database, tmp_path: Path
) -> None:
    export(database, tmp_path / "first")
    bring(other, tmp_path / "first")
    before = everything(other)

    export(other, tmp_path / "second")

    assert bring(other, tmp_path / "second").startswith("Nothing is new.")
    assert everything(other) == before


def test_an_export_of_what_was_imported_is_nothing_new_there(
    database: Database, clock: MovedClock, tmp_path: Path
) -> None:
    """Though it tells when everything was recorded, which the folder that came in did not."""
    bring(database, folders.write(tmp_path / "in", forecasts=[said()], resolutions=[decided()]))
    clock.moment += DAY

    files = export(database, tmp_path / "out")

    assert "recorded_at" in files["forecasts.csv"]
    assert bring(database, tmp_path / "out").startswith("Nothing is new.")


def test_everybody_has_the_same_scores_where_it_was_taken_over(
    database: Database, other: Database, season: list[Question], tmp_path: Path
) -> None:
    export(database, tmp_path / "out")
    bring(other, tmp_path / "out")

    with other.reading() as session:
        there = session.exec(select(Question).where(Question.slug == "rain")).one()
        assert len(list(verification.verify(session))) == 4
    for handle in ("ada", "bob", "crowd", "always-50"):
        assert number(other, called(other, handle), there, "brier") == pytest.approx(
            number(database, called(database, handle), season[0], "brier"), abs=1e-15
        )
    with (tmp_path / "out" / "scores.csv").open(newline="") as file:
        scored = {(row["question"], row["forecaster"]): row for row in csv.DictReader(file)}
    kept = number(database, called(database, "ada"), season[0], "brier")
    assert float(scored["rain", "ada"]["brier"]) == pytest.approx(kept, abs=1e-12)
    assert scored["frost", "ada"]["brier"] == ""
    assert float(scored["frost", "ada"]["ranked"]) > 0
    assert ("wind", "ada") not in scored


def test_the_files_say_what_was_done(database: Database, season: list[Question], tmp_path: Path) -> None:
    files = export(database, tmp_path / "out")

    with (tmp_path / "out" / "forecasts.csv").open(newline="") as file:
        forecasts = list(csv.DictReader(file))
    with (tmp_path / "out" / "resolutions.csv").open(newline="") as file:
        resolutions = [(row["question"], row["outcome"], row["note"]) for row in csv.DictReader(file)]
    storm, tide, ebb, *_ = forecasts
    assert (storm["forecaster"], storm["made_at"], storm["forecaster_kind"], storm["rationale"]) == (
        "almanac", "2026-03-02T09:00:00.500000Z", "source", "'=It says so.",
    )  # fmt: skip
    assert (storm["recorded_at"], tide["recorded_at"], ebb["recorded_at"]) == (
        "2026-03-02T12:00:00Z", "2026-02-03T00:00:00Z", "2026-03-02T12:00:00Z",
    )  # fmt: skip
    assert (tide["expires_at"], tide["forecaster_name"], tide["act"]) == ("2026-02-05T00:00:00Z", "H. A. L.", "")
    assert [row["act"] for row in forecasts if row["question"] == "frost"] == ["", "", "withdrawal"]
    assert [row["probability"] for row in forecasts if row["question"] == "rain"][-1] == "1.0"
    assert resolutions == [
        ("tide", "no", ""), ("tide", "reopened", ""), ("tide", "yes", ""),
        ("rain", "yes", ""), ("rain", "reopened", ""), ("rain", "no", "'=2+2"),
        ("wind", "annulled", "The station burned down."), ("frost", " 2", ""),
        ("thaw", "3 Mar 2026", ""),
    ]  # fmt: skip
    assert "'=1+1\r\n“so”, she said" in files["questions.csv"]


def test_a_question_that_is_not_published_stays_inside(
    database: Database, season: list[Question], tmp_path: Path
) -> None:
    with database.writing() as (session, _):
        question = session.get_one(Question, season[0].id)
        question.state = "draft"

    files = export(database, tmp_path / "out")

    assert [name for name, text in files.items() if "\nrain," in text] == []
    assert "\nfog," in files["questions.csv"]


def test_an_empty_board_gives_files_that_can_be_imported(database: Database, tmp_path: Path) -> None:
    files = export(database, tmp_path / "out")

    assert {name: files[f"{name}.csv"] for name in HEADS} == {name: f"{head}\n" for name, head in HEADS.items()}
    assert bring(database, tmp_path / "out").startswith("Nothing is new. The folder holds 0 questions")


# The superforecasters


@pytest.fixture
def superforecasters() -> Path:
    """The folder of 40 superforecasters' real forecasts, which is not part of this project."""
    named = os.environ.get("BRIERBOARD_TEST_DATA")
    if not named:
        pytest.skip("BRIERBOARD_TEST_DATA does not say where the folder superforecasters-2024 lies.")
    inside = Path(named) / "superforecasters-2024"
    return inside if inside.exists() else Path(named)


@pytest.fixture
def folder(superforecasters: Path, engine: str, tmp_path: Path) -> Path:
    """All of it; on PostgreSQL, which takes three times as long, the part that is about the first hundred questions."""
    if engine == "sqlite":
        return superforecasters
    (tmp_path / "part").mkdir()
    named = {row["question"] for row in read(superforecasters / "questions.csv")[:100]}
    for file in ("questions.csv", "forecasts.csv", "resolutions.csv"):
        kept = [row for row in read(superforecasters / file) if row["question"] in named]
        with (tmp_path / "part" / file).open("w", newline="") as written:
            rows = csv.DictWriter(written, list(kept[0]), lineterminator="\n")
            rows.writeheader()
            rows.writerows(kept)
    return tmp_path / "part"


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def told_of(folder: Path) -> str:
    """What an import says of the folder, counted here."""
    asked, said, decided = (read(folder / f"{name}.csv") for name in ("questions", "forecasts", "resolutions"))
    yes = {row["question"]: float(row["outcome"] == "yes") for row in decided}
    off = [(float(row["probability"]) - yes[row["question"]]) ** 2 for row in said]
    people = len({row["forecaster"] for row in said})
    return (
        f"New: {len(asked)} questions, {people} forecasters, {len(said):,} forecasts and {len(decided)} resolutions.\n"
        f"Mean of (p - y)² over {len(said):,} yes-or-no forecasts: {sum(off) / len(off):.4f}."
    )


def test_forty_superforecasters_go_in_and_out_and_in_and_out(
    database: Database, other: Database, engine: str, folder: Path, tmp_path: Path
) -> None:
    """Their questions come out as the very bytes that went in."""
    told = bring(database, folder)
    first = export(database, tmp_path / "first")
    again = bring(database, folder)
    bring(other, tmp_path / "first")

    assert told == told_of(folder)
    assert engine != "sqlite" or told == (
        "New: 575 questions, 40 forecasters, 4,749 forecasts and 575 resolutions.\n"
        "Mean of (p - y)² over 4,749 yes-or-no forecasts: 0.1102."
    )
    assert again.startswith("Nothing is new.")
    assert first["questions.csv"].encode() == (folder / "questions.csv").read_bytes()
    assert export(other, tmp_path / "second") == first
    with database.reading() as session:
        assert engine != "sqlite" or len(set(session.exec(select(Question.group)))) == 159
        assert (
            f"{len(read(folder / 'questions.csv'))} questions have the scores" in list(verification.verify(session))[-1]
        )


# The commands


def run(url: str, folder: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, what was printed, and what was said on standard error."""
    environment = {"PATH": os.defpath, "BRIERBOARD_DATABASE_URL": url, "PYTHONWARNINGS": "error"}
    return program.run(words, folder, environment)


def test_a_folder_is_looked_at_imported_and_exported(url: str, database: Database, tmp_path: Path) -> None:
    folders.write(tmp_path / "in", forecasts=[said("0.7"), said("0.5", 3)], resolutions=[decided()])
    new = (
        "New: 1 question, 1 forecaster, 2 forecasts and 1 resolution.\n"
        "Mean of (p - y)² over 2 yes-or-no forecasts: 0.1700.\n"
    )

    looked = run(url, tmp_path, "import", "csv", "in", "--dry-run")
    untouched = rows(database, "entry")
    imported = run(url, tmp_path, "import", "csv", "in")
    again = run(url, tmp_path, "import", "csv", "in")
    exported = run(url, tmp_path, "export", "csv", "out")

    assert looked == (0, f"{new}This was a dry run: nothing was written.\n", "")
    assert untouched == []
    assert imported == (0, new, "")
    assert again[1].startswith(
        "Nothing is new. The folder holds 1 question, 1 forecaster, 2 forecasts and 1 resolution."
    )
    assert exported[:2] == (0, "out: 1 questions, 2 forecasts and 1 resolutions, with scores and the crowd.\n")
    assert (tmp_path / "out" / "questions.csv").read_text() == (tmp_path / "in" / "questions.csv").read_text().replace(
        ",,,2026-02", ",,rain,2026-02"
    )
    assert [entry.actor for entry in entries(database) if entry.kind != "forecast"] == ["operator"] * 3


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_bad_folder_is_refused_with_every_bad_row(
    more: list[str], url: str, database: Database, tmp_path: Path
) -> None:
    folders.write(tmp_path / "in", forecasts=[said(), said("1.7"), said("NaN")])

    assert run(url, tmp_path, "import", "csv", "in", *more) == (
        1,
        "",
        (
            "forecasts.csv, line 3 (probability): “1.7” is outside 0 to 1. Write a fraction such as 0.37.\n"
            "forecasts.csv, line 4 (probability): “NaN” is not a number. Write a fraction such as 0.37.\n"
            "Nothing was imported.\n"
        ),
    )
    assert rows(database, "entry") == []


def test_a_format_or_a_folder_that_is_not_there_is_one_sentence_each(url: str, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")

    assert run(url, tmp_path, "import", "xls", "in") == (1, "", "“xls” is not a format. Choose csv.\n")
    code, printed, told = run(url, tmp_path, "import", "csv", "nowhere")
    assert (code, printed) == (1, "")
    assert told.splitlines()[0] == "forecasts.csv: cannot be read in nowhere: No such file or directory."
    assert run(url, tmp_path, "export", "csv", "full")[::2] == (
        1, "full is there already and is not an empty folder. Choose another one.\n",
    )  # fmt: skip
