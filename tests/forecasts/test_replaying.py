"""A record made anew out of its journal: the same hashes, the same rows, the same scores, on either engine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlmodel import col, select

from forecasts import (
    checkpoints,
    discussion,
    erasing,
    journalfile,
    ledger,
    moderation,
    replaying,
    verification,
)
from forecasts.database import Database
from forecasts.keeping import Kept
from forecasts.models import (
    Checkpoint,
    Comment,
    Forecast,
    Forecaster,
    Hiding,
    Merge,
    Position,
    Subtree,
    Suspension,
)
from forecasts.replaying import NotReplayed
from questions import audiences, catalog, journal
from questions.audiences import Shown
from questions.errors import WritingRefused
from questions.models import (
    Entry,
    Head,
    Question,
    QuestionSet,
    Resolution,
    Revision,
    Showing,
    Source,
    table_of,
)
from tests.cast import (
    HOUR,
    NOON,
    SOURCE,
    MovedClock,
    annul,
    draft,
    join,
    other,
    publish,
    put,
    reopen,
    resolve,
    say,
    sign,
    take_back,
)
from tests.forecasts.checking import exported, verified

EVEN = np.array([0.5, 0.5])


@pytest.fixture
def story(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster) -> Database:
    """Every kind of entry that there is, with a source that speaks, a bot, a merge and its parting, and an erasure."""
    boss, kim, zoe = join(database, "Boss", "administrator"), join(database, "Kim"), join(database, "Zoe")
    robo = other(database, "Robo", owner_id=ada.id)
    kinds = ("binary", "choice", "number", "date")
    asked = {one.slug: one for one in publish(database, *(draft(one, one) for one in kinds), source=SOURCE)}
    asked |= {one.slug: one for one in publish(database, draft("fog"), draft("hail"), within="later")}
    sign(database)
    speaker = other(database, "Almanac", "source", source_id=1)
    with database.writing() as (session, moment):
        ledger.quote(session, session.get_one(Source, speaker.source_id), asked["binary"], EVEN, "It says so.", moment)
    _speak(database, asked, ada, bob, kim, zoe, robo)
    clock.moment += HOUR
    _moderate(database, asked, ada, bob, kim, robo, mo)
    clock.moment += 3 * HOUR
    for slug, outcome in zip(kinds, (1, 2, 0, 1), strict=True):
        resolve(database, mo, asked[slug], outcome, known_at=NOON + 3 * HOUR, value="" if slug in kinds[:2] else "2")
    annul(database, mo, asked["fog"])
    reopen(database, mo, asked["fog"])
    with database.writing(alone=True) as (session, moment):
        erasing.erase(session, zoe, by=boss, moment=moment)
    sign(database)
    return database


def _speak(database: Database, asked: dict[str, Question], *people: Forecaster) -> None:
    ada, bob, kim, zoe, robo = people
    for who, yes in ((ada, 0.1), (bob, 0.7), (kim, 1 / 3), (robo, 0.2)):
        put(database, who, asked["binary"], yes)
        put(database, who, asked["choice"], yes / 2, yes / 2, 1 - yes)
        put(database, who, asked["number"], 0.2, 0.3, 0.5, expires_at=NOON + 2 * HOUR)
        put(database, who, asked["fog"], yes)
    take_back(database, ada, asked["number"])
    with database.writing() as (session, moment):
        for slug in ("binary", "hail"):
            ledger.record(session, zoe, asked[slug], np.array([0.4, 0.6]), moment, rationale="Öl \u2028 “🌧”")
        ledger.undo(session, bob, asked["choice"], moment)
        discussion.comment(session, zoe, asked["binary"], "I know.", moment)
        discussion.comment(session, kim, asked["binary"], "You do not.", moment)


def _moderate(database: Database, asked: dict[str, Question], *people: Forecaster) -> None:
    ada, bob, kim, robo, mo = people
    with database.writing() as (session, moment):
        rude = discussion.comment(session, kim, asked["fog"], "Fools.", moment)
        moderation.hide(session, rude, True, "Rude.", by=mo, moment=moment)
        moderation.suspend(session, bob, True, "Rude.", by=mo, moment=moment)
        moderation.suspend(session, bob, False, "Sorry.", by=mo, moment=moment)
        moderation.suspend(session, robo, True, "Runs wild.", by=mo, moment=moment)
        moderation.merge(session, kim, ada, "The same.", by=mo, moment=moment)
        moderation.separate(session, kim, "Not the same.", by=mo, moment=moment)
        moderation.merge(session, kim, bob, "The same.", by=mo, moment=moment)
        changes: dict[str, Any] = {"criteria": "As measured, twice.", "tags": ["a", "b"]}
        catalog.revise(session, asked["fog"], changes, "A slip.", 0, by=mo.pseudonym, moment=moment)
        audiences.show(session, asked["hail"], Shown("unlisted", "at", NOON + HOUR), by=mo.pseudonym, moment=moment)
        within = catalog.find_set(session, "later")
        audiences.show(session, within, Shown("members", "closed"), by=mo.pseudonym, moment=moment)


@pytest.fixture
def file(story: Database, tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    return exported(story, folder, everything=True)


def imported(into: Database, file: Path) -> Kept:
    lines = replaying.read(file)
    with into.writing(alone=True) as (session, moment):
        return replaying.replay(session, lines, moment)


def told(database: Database) -> list[journalfile.Line]:
    """Everything that an export says, but for when it was made."""
    with database.reading() as session:
        moment = journal.moment(session, database.clock.now())
        return [
            {**line, "exported_at": None} if "format" in line else line
            for line in journalfile.lines(session, moment, everything=True)
        ]


TABLES = (
    Entry, Source, QuestionSet, Question, Forecast, Position, Resolution, Revision, Showing, Comment, Hiding,
    Suspension, Merge, Checkpoint, Subtree, Forecaster,
)  # fmt: skip
SECRET = ("revision", "brought", "password")
"""What no entry tells; of the keys of what is unlisted, that there are some."""


def rows(database: Database) -> dict[str, list[str]]:
    """What the tables of acts hold, without what every record has for itself."""
    found = {}
    with database.reading() as session:
        for model in TABLES:
            columns: list[Any] = [one for one in table_of(model).columns if one.name not in SECRET]
            columns = [one.is_(None) if one.name == "key" else one for one in columns]
            asked = select(*columns)
            asked = asked.where(col(Forecaster.kind).in_(journalfile.KINDS)) if model is Forecaster else asked
            found[model.__name__] = sorted(repr([_plain(one) for one in row]) for row in session.execute(asked).all())
    return found


def _plain(value: object) -> object:
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value


def test_it_holds_and_says_what_the_first_one_says(story: Database, elsewhere: Database, file: Path) -> None:
    """From either engine into either."""
    elsewhere.prepare()
    kept = imported(elsewhere, file)

    with story.reading() as session:
        head = session.get_one(Head, 1)
    assert kept == Kept(head.seq, head.hash.hex())
    with elsewhere.reading() as session:
        assert len(list(verification.verify(session))) == 5
    assert told(elsewhere) == told(story)
    assert rows(elsewhere) == rows(story)


def test_every_kind_of_entry_is_in_the_story(story: Database) -> None:
    """But reviews, which make no row."""
    kinds = {line["entry"]["kind"] for line in told(story) if "entry" in line}

    assert kinds == {*replaying.MAKES}


@pytest.mark.parametrize("engine", ["sqlite"])
def test_what_comes_next_is_chained_to_it(story: Database, elsewhere: Database, file: Path, tmp_path: Path) -> None:
    elsewhere.prepare()
    imported(elsewhere, file)
    with elsewhere.reading() as session:
        who = session.exec(select(Forecaster).where(Forecaster.handle == "ada")).one()
        fog = session.exec(select(Question).where(Question.slug == "fog")).one()
    say(elsewhere, who, fog, 0.9)
    sign(elsewhere)
    folder = tmp_path / "later"
    folder.mkdir()

    code, said, _ = verified(folder, exported(elsewhere, folder), "--checkpoint", checkpoints_of(story, folder))

    assert code == 0
    assert "2 checkpoints kept elsewhere are over what the export holds." in said


def checkpoints_of(database: Database, folder: Path) -> Path:
    """The first and the last that were signed there, as somebody kept them."""
    with database.reading() as session:
        notes = [one.note for one in checkpoints.every(session)]
    path = folder / "kept.txt"
    path.write_text(f"{notes[0]}\n{notes[-1]}", "utf-8")
    return path


# What no record is made of


def refused(database: Database, file: Path) -> str:
    """What the import says; nothing is left of it."""
    with pytest.raises(NotReplayed) as refusal:
        imported(database, file)
    with database.reading() as session:
        assert session.get_one(Head, 1).seq == 0
        assert session.exec(select(Forecaster.id).where(col(Forecaster.kind).in_(journalfile.KINDS))).all() == []
    return str(refusal.value)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_database_that_holds_something_takes_none(story: Database, file: Path, elsewhere: Database) -> None:
    before = told(story)
    with pytest.raises(NotReplayed, match="The database holds a record already"):
        imported(story, file)
    assert told(story) == before

    elsewhere.prepare()
    join(elsewhere, "Eve")
    with pytest.raises(NotReplayed, match="The database holds a record already"):
        imported(elsewhere, file)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_what_everybody_may_see_is_not_the_whole(story: Database, elsewhere: Database, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    folder.mkdir()
    elsewhere.prepare()

    assert refused(elsewhere, exported(story, folder)).endswith("the whole record. Export it with --everything.")


def test_of_nothing_nothing_is_made(elsewhere: Database, tmp_path: Path) -> None:
    elsewhere.prepare()

    assert refused(elsewhere, exported(elsewhere, tmp_path)).endswith("has no entry, so there is nothing to import.")


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_record_from_after_this_clock_is_not_taken(
    story: Database, elsewhere: Database, file: Path, clock: MovedClock
) -> None:
    elsewhere.prepare()
    clock.moment -= 3 * HOUR

    with pytest.raises(WritingRefused, match="Set the clock right"):
        imported(elsewhere, file)
    with elsewhere.reading() as session:
        assert session.get_one(Head, 1).seq == 0


def person(lines: list[dict[str, Any]], handle: str) -> dict[str, Any]:
    return next(one["forecaster"] for one in lines if one.get("forecaster", {}).get("handle") == handle)


def without(lines: list[dict[str, Any]], handle: str) -> None:
    lines[:] = [one for one in lines if one.get("forecaster", {}).get("handle") != handle]


NONE = "The journal says something that no Brierboard writes. Nothing was imported."
CHANGES: dict[str, tuple[Callable[[list[dict[str, Any]]], object], str]] = {
    "an entry cut off": (lambda lines: lines.pop(-60), "does not hold: "),
    "an entry changed": (lambda lines: lines[20]["entry"].update(content="{}"), "does not hold: Entry "),
    "a score changed": (lambda lines: lines[-1]["score"].update(value=0.5), "does not hold: The score of "),
    "nobody who said it": (lambda lines: without(lines, "bob"), NONE),
    "two of one name": (lambda lines: person(lines, "bob").update(handle="ada"), NONE),
    "a role that there is not": (lambda lines: person(lines, "bob").update(role="king"), NONE),
    "a crowd of their own": (lambda lines: person(lines, "bob").update(kind="crowd"), NONE),
    "a bot's owner who is nobody": (lambda lines: person(lines, "robo").update(owner="x"), NONE),
    "a name that was erased": (
        lambda lines: next(
            one["forecaster"] for one in lines if one.get("forecaster", {}).get("name", "").startswith("erased-")
        ).update(name="Zoe"),
        "who has a name or a password again",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("engine", ["sqlite"])
def test_what_was_changed_is_refused_and_nothing_of_it_is_left(
    file: Path, elsewhere: Database, change: Callable[[list[dict[str, Any]]], object], sentence: str
) -> None:
    elsewhere.prepare()
    lines = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]
    change(lines)
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")

    assert sentence in refused(elsewhere, file)


@pytest.mark.parametrize("text", ["", "{}", "[]\n", "x", '{"format":"brierboard journal","version":1}\n', "\x00"])
@pytest.mark.parametrize("engine", ["sqlite"])
def test_what_is_no_journal_is_refused(database: Database, tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text(text, "utf-8")

    assert refused(database, file).endswith("Nothing was imported.")
