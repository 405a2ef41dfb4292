"""The journal: its bytes and hashes recomputed here by hand, and what breaks it."""

import hashlib
import json
import struct
from base64 import b64encode

import numpy as np
import pytest
import sqlalchemy
from sqlmodel import select

from forecasts.database import Database
from forecasts.models import Forecaster
from questions import journal
from questions.catalog import Decision
from questions.journal import Broken
from questions.models import Entry, Head, Question
from tests.cast import (
    HOUR,
    NOON,
    MovedClock,
    decide,
    draft,
    entries,
    kinds,
    publish,
    reopen,
    resolve,
    rows,
    say,
    take_back,
    tamper,
)

YES = 1


def proven(database: Database) -> list[int]:
    with database.reading() as session:
        return [entry.seq for entry in journal.verify(session)]


def broken(database: Database) -> tuple[int, str]:
    """The first entry that does not hold, and the sentence that says so."""
    with database.reading() as session, pytest.raises(Broken) as fault:
        list(journal.verify(session))
    return fault.value.seq, str(fault.value)


def erase(database: Database, seq: int) -> None:
    with database.writing() as (session, _):
        entry = session.get_one(Entry, seq)
        entry.content = entry.salt = None


@pytest.fixture
def story(database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster) -> Database:
    """Seven entries: 1 the set, 2 the question, 3 to 5 forecasts, 6 a withdrawal, 7 a resolution; an hour apart."""
    for yes in (0.5, 0.6, 0.7):
        clock.moment += HOUR
        say(database, ada, rain, yes)
    clock.moment += HOUR
    take_back(database, ada, rain)
    clock.moment += HOUR
    resolve(database, mo, rain, YES)
    return database


def test_an_entry_is_hashed_as_the_rule_says(database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.75)

    (_, question, forecast) = entries(database)
    act = f'{{"actor":"{ada.pseudonym}","content":{{"probabilities":[0.25,0.75]}},"kind":"forecast","subject":"rain"}}'
    commitment = hashlib.sha256((forecast.salt or b"") + act.encode()).digest()
    header = b'{"recorded_at":"2026-03-02T12:00:00.000000Z","seq":3}'
    assert forecast.commitment == commitment
    assert forecast.hash == hashlib.sha256(question.hash + header + commitment).digest()


def test_the_chain_begins_with_32_zero_bytes(database: Database, rain: Question) -> None:
    first = entries(database)[0]

    header = b'{"recorded_at":"2026-03-02T12:00:00.000000Z","seq":1}'
    assert first.hash == hashlib.sha256(bytes(32) + header + first.commitment).digest()


def test_the_head_is_the_last_entry(story: Database) -> None:
    with story.reading() as session:
        head = session.exec(select(Head)).one()

    last = entries(story)[-1]
    assert (head.seq, head.recorded_at, head.hash) == (7, NOON + 5 * HOUR, last.hash)


def test_every_entry_has_a_salt_of_its_own(story: Database) -> None:
    salts = {entry.salt for entry in entries(story)}

    assert len(salts) == 7
    assert {len(salt or b"") for salt in salts} == {16}


def test_the_content_is_canonical_json(story: Database, rain: Question) -> None:
    question = entries(story)[1]

    # sorted keys, no spaces, and moments with six decimals
    assert question.content == (
        '{"background":"","claim":"","closes_at":"2026-03-02T22:00:00.000000Z","criteria":"As measured.",'
        '"fine_print":"","group":"rain","kind":"binary","opens_at":"2026-03-02T12:00:00.000000Z","paragraph":"",'
        '"position":1,"resolves_at":"2026-03-03T00:00:00.000000Z","resolves_from":"","set":"weather","slug":"rain",'
        '"spec":{},"tags":[],"title":"What of the rain?"}'
    )


def test_floats_are_written_shortest_and_come_back_the_same(
    database: Database, rain: Question, ada: Forecaster
) -> None:
    say(database, ada, rain, 0.1)

    content = entries(database)[-1].content or ""

    assert content == '{"probabilities":[0.9,0.1]}'
    assert np.array(json.loads(content)["probabilities"]).tobytes() == np.array([0.9, 0.1]).tobytes()


@pytest.mark.parametrize("kind", ["number", "date"])
def test_bins_are_written_as_base64_of_their_bytes(database: Database, ada: Forecaster, kind: str) -> None:
    (warmth,) = publish(database, draft("warmth", kind))
    say(database, ada, warmth, 0.2, 0.5, 0.3)

    written = json.loads(entries(database)[-1].content or "")["probabilities"]

    assert written == b64encode(struct.pack("<3d", 0.2, 0.5, 0.3)).decode()


def test_a_choice_is_written_in_plain_numbers(database: Database, ada: Forecaster) -> None:
    (wind,) = publish(database, draft("wind", "choice"))
    say(database, ada, wind, 0.2, 0.5, 0.3)

    assert entries(database)[-1].content == '{"probabilities":[0.2,0.5,0.3]}'


def test_a_resolution_is_written_whole(database: Database, clock: MovedClock, rain: Question, mo: Forecaster) -> None:
    clock.moment += HOUR
    decide(database, mo, rain, Decision("resolved", YES, NOON, "yes", "https://example.org/", "It rained — für wahr."))
    reopen(database, mo, rain)

    (resolved, reopened) = entries(database)[2:]

    assert resolved.content == (
        '{"evidence_url":"https://example.org/","known_at":"2026-03-02T12:00:00.000000Z",'
        '"note":"It rained — für wahr.","outcome":1,"supersedes":null,"value":"yes","verdict":"resolved"}'
    )
    assert json.loads(reopened.content or "") == {
        "evidence_url": "", "known_at": None, "note": "", "outcome": None, "supersedes": 3, "value": "",
        "verdict": "reopened",
    }  # fmt: skip
    assert (resolved.actor, resolved.subject) == (mo.pseudonym, "rain")


def test_the_journal_names_nobody_by_their_handle(story: Database, ada: Forecaster, mo: Forecaster) -> None:
    whole = repr(rows(story, "entry"))

    assert ada.pseudonym in whole
    assert mo.pseudonym in whole
    assert "'ada'" not in whole.casefold()
    assert "'mo'" not in whole.casefold()


def test_each_act_is_there_once_and_in_order(story: Database) -> None:
    assert kinds(story) == ["set", "question", "forecast", "forecast", "forecast", "withdrawal", "resolution"]
    assert proven(story) == [1, 2, 3, 4, 5, 6, 7]


def test_an_empty_journal_holds(database: Database) -> None:
    assert proven(database) == []


def test_a_journal_longer_than_one_batch_is_walked_to_its_end(story: Database) -> None:
    with story.reading() as session:
        assert [entry.seq for entry in journal.walk(session, batch=3)] == [1, 2, 3, 4, 5, 6, 7]
        assert [entry.seq for entry in journal.walk(session, after=4, batch=3)] == [5, 6, 7]


def test_erasing_what_was_said_leaves_the_chain_whole(story: Database) -> None:
    erase(story, 4)

    erased = entries(story)[3]
    assert (erased.content, erased.salt) == (None, None)
    assert proven(story) == [1, 2, 3, 4, 5, 6, 7]


def test_nothing_is_erased_by_half(story: Database) -> None:
    with pytest.raises(sqlalchemy.exc.DBAPIError):
        attempt(story, "UPDATE entry SET salt = NULL WHERE seq = 4")


FORBIDDEN = {
    "another content": "UPDATE entry SET content = '{}' WHERE seq = 3",
    "another actor": "UPDATE entry SET actor = 'bob' WHERE seq = 3",
    "another actor while erasing": "UPDATE entry SET content = NULL, salt = NULL, actor = 'bob' WHERE seq = 3",
    "another time": "UPDATE entry SET recorded_at = '2020-01-01 00:00:00+00' WHERE seq = 3",
    "another place": "UPDATE entry SET seq = 99 WHERE seq = 7",
    "another commitment": "UPDATE entry SET commitment = hash WHERE seq = 3",
    "another hash": "UPDATE entry SET hash = commitment WHERE seq = 3",
    "a deleted entry": "DELETE FROM entry WHERE seq = 7",
    "a deleted journal": "DELETE FROM entry",
    "another probability": "UPDATE forecast SET probabilities = NULL WHERE entry = 3",
    "another forecaster": "UPDATE forecast SET forecaster_id = 1 WHERE entry = 3",
    "another saying time": "UPDATE forecast SET made_at = '2020-01-01 00:00:00+00' WHERE entry = 3",
    "another expiry": "UPDATE forecast SET expires_at = made_at WHERE entry = 3",
    "another rationale": "UPDATE forecast SET rationale = 'because' WHERE entry = 3",
    "a deleted forecast": "DELETE FROM forecast WHERE entry = 3",
    "deleted forecasts": "DELETE FROM forecast",
}


def attempt(database: Database, words: str) -> None:
    with database.writing() as (session, _):
        session.connection().exec_driver_sql(words)


@pytest.mark.parametrize("words", FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_was_recorded_cannot_be_changed(story: Database, words: str) -> None:
    before = rows(story, "entry"), rows(story, "forecast")

    with pytest.raises(sqlalchemy.exc.DBAPIError, match="is append-only"):
        attempt(story, words)

    assert (rows(story, "entry"), rows(story, "forecast")) == before


def test_postgresql_does_not_empty_the_record_at_one_stroke_either(story: Database) -> None:
    """SQLite has no TRUNCATE; its DELETE without a condition is tried above."""
    words = "TRUNCATE forecast CASCADE" if story.engine.dialect.name == "postgresql" else "DELETE FROM forecast"

    with pytest.raises(sqlalchemy.exc.DBAPIError, match="forecast is append-only"):
        attempt(story, words)


def test_the_words_of_a_forecast_can_be_erased(story: Database) -> None:
    attempt(story, "UPDATE forecast SET rationale = '' WHERE entry = 3")

    assert proven(story) == [1, 2, 3, 4, 5, 6, 7]


TAMPERED = {
    "an edited content": (
        "UPDATE entry SET content = '{\"probabilities\":[0.1,0.9]}' WHERE seq = 4",
        (4, "Entry 4 does not say what it was committed to."),
    ),
    "a content that is no JSON": (
        "UPDATE entry SET content = 'nothing' WHERE seq = 4",
        (4, "Entry 4 does not say what it was committed to."),
    ),
    "a content that has no canonical form": (
        "UPDATE entry SET content = '[1e999]' WHERE seq = 4",
        (4, "Entry 4 does not say what it was committed to."),
    ),
    "another actor": (
        "UPDATE entry SET actor = 'bob' WHERE seq = 4",
        (4, "Entry 4 does not say what it was committed to."),
    ),
    "another kind": (
        "UPDATE entry SET kind = 'withdrawal' WHERE seq = 4",
        (4, "Entry 4 does not say what it was committed to."),
    ),
    "another subject": (
        "UPDATE entry SET subject = 'wind' WHERE seq = 4",
        (4, "Entry 4 does not say what it was committed to."),
    ),
    "another commitment, its words erased": (
        "UPDATE entry SET commitment = hash, content = NULL, salt = NULL WHERE seq = 4",
        (4, "Entry 4 breaks the chain: its hash is not that of what it holds."),
    ),
    "another hash": (
        "UPDATE entry SET hash = commitment WHERE seq = 4",
        (4, "Entry 4 breaks the chain: its hash is not that of what it holds."),
    ),
    "a later time": (
        "UPDATE entry SET recorded_at = (SELECT recorded_at FROM entry WHERE seq = 5) WHERE seq = 4",
        (4, "Entry 4 breaks the chain: its hash is not that of what it holds."),
    ),
    "an earlier time": (
        "UPDATE entry SET recorded_at = (SELECT recorded_at FROM entry WHERE seq = 1) WHERE seq = 4",
        (4, "Entry 4 is recorded before the entry in front of it."),
    ),
    "a missing entry": ("DELETE FROM entry WHERE seq = 4", (4, "Entry 4 is missing: the journal goes on with 5.")),
    "a missing first entry": (
        "DELETE FROM entry WHERE seq = 1",
        (1, "Entry 1 is missing: the journal goes on with 2."),
    ),
    "a dropped last entry": (
        "DELETE FROM entry WHERE seq = 7",
        (7, "The journal ends at entry 6, but its head says 7."),
    ),
    "a head that was set back": (
        "UPDATE journal_head SET seq = 6",
        (7, "The journal ends at entry 7, but its head says 6."),
    ),
    "a head with another hash": (
        "UPDATE journal_head SET hash = (SELECT hash FROM entry WHERE seq = 6)",
        (7, "The journal's head has another hash or time than entry 7."),
    ),
    "a head with an earlier time": (
        "UPDATE journal_head SET recorded_at = (SELECT recorded_at FROM entry WHERE seq = 6)",
        (7, "The journal's head has another hash or time than entry 7."),
    ),
}


@pytest.mark.parametrize(("words", "told"), TAMPERED.values(), ids=TAMPERED)
def test_whoever_changes_the_journal_is_found_out(story: Database, words: str, told: tuple[int, str]) -> None:
    tamper(story, words)

    assert broken(story) == told


def test_two_hashes_that_changed_places_are_found_out(story: Database) -> None:
    fourth, fifth = (entries(story)[seq - 1].hash.hex() for seq in (4, 5))
    literal = "x'{}'" if story.engine.dialect.name == "sqlite" else "'\\x{}'"
    tamper(
        story,
        f"UPDATE entry SET hash = {literal.format(fifth)} WHERE seq = 4",
        f"UPDATE entry SET hash = {literal.format(fourth)} WHERE seq = 5",
    )

    assert broken(story)[0] == 4


def test_a_forged_entry_at_the_end_is_found_out(story: Database) -> None:
    tamper(
        story,
        "INSERT INTO entry SELECT 8, recorded_at, kind, actor, subject, content, salt, commitment, hash "
        "FROM entry WHERE seq = 7",
    )

    assert broken(story) == (8, "Entry 8 breaks the chain: its hash is not that of what it holds.")
