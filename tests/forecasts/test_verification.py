"""Verification finds whatever was changed behind the program's back, and names the first entry that does not hold."""

import numpy as np
import pytest
from sqlmodel import select

from forecasts import ledger, verification
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.journal import Broken
from questions.models import Entry, Question
from tests.cast import HOUR, NOON, SOURCE, MovedClock, annul, draft, publish, resolve, say, take_back, tamper

YES = 1


def report(database: Database) -> list[str]:
    with database.reading() as session:
        return list(verification.verify(session))


def broken(database: Database) -> tuple[int, str]:
    with database.reading() as session, pytest.raises(Broken) as fault:
        list(verification.verify(session))
    return fault.value.seq, str(fault.value)


@pytest.fixture
def story(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster) -> Database:
    """Fifteen entries.

    1 the source, 2 the set, 3 rain, 4 wind, 5 warmth; 6 Ada and 7 Bob on rain, 8 Ada on wind, 9 Ada on warmth;
    10 Ada again and 11 Bob's withdrawal on rain; 12 rain resolved, 13 resolved again, 14 wind annulled, 15 warmth
    resolved.
    """
    rain, wind, warmth = publish(
        database, draft("rain"), draft("wind", "choice"), draft("warmth", "number"), source=SOURCE
    )
    say(database, ada, rain, 0.6)
    say(database, bob, rain, 0.9)
    say(database, ada, wind, 0.2, 0.3, 0.5)
    say(database, ada, warmth, 0.2, 0.3, 0.5)
    clock.moment += HOUR
    say(database, ada, rain, 0.7)
    take_back(database, bob, rain)
    clock.moment += HOUR
    resolve(database, mo, rain, 0)
    resolve(database, mo, rain, YES, known_at=NOON + 1.5 * HOUR)
    annul(database, mo, wind)
    resolve(database, mo, warmth, 2)
    return database


def test_what_was_done_by_the_verbs_holds_and_is_told(story: Database) -> None:
    assert report(story) == [
        "15 entries stand in an unbroken chain.",
        (
            "Every row of the public tables is what its entry says: 5 forecast, 3 question, 4 resolution, 1 set, "
            "1 source, 1 withdrawal."
        ),
        "4 latest positions are the latest acts.",
        "3 questions have the scores that their forecasts and resolutions give.",
    ]


def test_an_empty_record_holds(database: Database) -> None:
    assert report(database)[0] == "0 entries stand in an unbroken chain."


def test_what_was_erased_as_the_rules_allow_still_holds(story: Database) -> None:
    """Of forecasts and comments tests/forecasts/test_erasing.py tells."""
    with story.writing() as (session, _):
        entry = session.get_one(Entry, 12)
        entry.content = entry.salt = None

    assert report(story)[0] == "15 entries stand in an unbroken chain."


def test_a_forecast_that_was_erased_by_itself_is_found_out(story: Database) -> None:
    """The chain still holds; but nobody was erased, and nothing says any more that the row is what was recorded."""
    with story.writing() as (session, _):
        entry = session.get_one(Entry, 10)
        entry.content = entry.salt = None

    assert broken(story) == (
        10, "Entry 10, a forecast, was erased, but nothing says it again for somebody who was erased.",
    )  # fmt: skip


def no_other(entry: int, kind: str, fact: str, table: str) -> tuple[int, str]:
    return entry, f"Entry {entry}, a {kind}, has another {fact} in “{table}”."


def unreadable(entry: int, kind: str, table: str) -> tuple[int, str]:
    return entry, f"Entry {entry}, a {kind}, cannot be read out of “{table}”."


ONE_BYTE = "(SELECT substr(salt, 1, 1) FROM entry WHERE seq = 1)"
SCORES_OF_RAIN = (13, "The scores of “rain” are not those that entry 13 gives. Run rescore.")
SCORES_OF_WIND = (14, "The scores of “wind” are not those that entry 14 gives. Run rescore.")

OF_A_FORECAST = "question_id, forecaster_id, made_at, recorded_at, claimed_at, expires_at, probabilities, rationale"
OF_A_RESOLUTION = "question_id, verdict, outcome, value, known_at, recorded_at, claimed_at, evidence_url, note"


def of_rain(name: str, instead: str) -> list[str]:
    """Put something else in place of everybody's numbers of that name on rain, the first question."""
    return [f"UPDATE score SET numbers = {instead} WHERE question_id = 1 AND name = '{name}'"]


def other(name: str) -> str:
    """The numbers of another name."""
    return f"(SELECT s.numbers FROM score s WHERE s.question_id = 1 AND s.name = '{name}')"


TAMPERED = {
    # the journal itself
    "an edited entry": (
        ["UPDATE entry SET content = '{}' WHERE seq = 10"],
        (10, "Entry 10 does not say what it was committed to."),
    ),
    "a swapped hash": (
        ["UPDATE entry SET hash = (SELECT hash FROM entry WHERE seq = 9) WHERE seq = 10"],
        (10, "Entry 10 breaks the chain: its hash is not that of what it holds."),
    ),
    "a dropped last entry": (
        ["DELETE FROM resolution WHERE entry = 15", "DELETE FROM entry WHERE seq = 15"],
        (15, "The journal ends at entry 14, but its head says 15."),
    ),
    "an entry too deep to be read": (
        [f"UPDATE entry SET content = '{'[' * 200_000}' WHERE seq = 10"],
        (10, "Entry 10 does not say what it was committed to."),
    ),
    # rows that say something else than their entries
    "an edited forecast": (
        ["UPDATE forecast SET probabilities = (SELECT probabilities FROM forecast WHERE entry = 7) WHERE entry = 10"],
        no_other(10, "forecast", "content", "forecast"),
    ),
    "a forecast that became a withdrawal": (
        ["UPDATE forecast SET probabilities = NULL WHERE entry = 10"],
        no_other(10, "forecast", "kind", "forecast"),
    ),
    "a forecast of half a number": (
        ["UPDATE forecast SET probabilities = (SELECT salt FROM entry WHERE seq = 1) WHERE entry = 9"],
        no_other(9, "forecast", "content", "forecast"),
    ),
    "a forecast that somebody else made": (
        ["UPDATE forecast SET forecaster_id = (SELECT id FROM forecaster WHERE handle = 'bob') WHERE entry = 10"],
        no_other(10, "forecast", "actor", "forecast"),
    ),
    "a forecast on another question": (
        ["UPDATE forecast SET question_id = (SELECT id FROM question WHERE slug = 'wind') WHERE entry = 10"],
        no_other(10, "forecast", "subject", "forecast"),
    ),
    "a forecast that was made earlier": (
        ["UPDATE forecast SET made_at = (SELECT made_at FROM forecast WHERE entry = 6) WHERE entry = 10"],
        no_other(10, "forecast", "content", "forecast"),
    ),
    "a forecast that was recorded earlier": (
        ["UPDATE forecast SET recorded_at = (SELECT recorded_at FROM forecast WHERE entry = 6) WHERE entry = 10"],
        no_other(10, "forecast", "recorded_at", "forecast"),
    ),
    "a forecast that expires": (
        ["UPDATE forecast SET expires_at = made_at WHERE entry = 10"],
        no_other(10, "forecast", "content", "forecast"),
    ),
    "a forecast that claims to be older": (
        ["UPDATE forecast SET claimed_at = made_at WHERE entry = 10"],
        no_other(10, "forecast", "content", "forecast"),
    ),
    "a reason that nobody gave": (
        ["UPDATE forecast SET rationale = 'Because.' WHERE entry = 10"],
        no_other(10, "forecast", "content", "forecast"),
    ),
    "another outcome": (
        ["UPDATE resolution SET outcome = 0 WHERE entry = 13"],
        no_other(13, "resolution", "content", "resolution"),
    ),
    "another moment of knowing": (
        ["UPDATE resolution SET known_at = recorded_at WHERE entry = 13"],
        no_other(13, "resolution", "content", "resolution"),
    ),
    "another moment of recording": (
        ["UPDATE resolution SET recorded_at = known_at WHERE entry = 13"],
        no_other(13, "resolution", "recorded_at", "resolution"),
    ),
    "a resolution that claims to be older": (
        ["UPDATE resolution SET claimed_at = known_at WHERE entry = 13"],
        no_other(13, "resolution", "content", "resolution"),
    ),
    "another note": (
        ["UPDATE resolution SET note = 'It flooded.' WHERE entry = 14"],
        no_other(14, "resolution", "content", "resolution"),
    ),
    "another title": (
        ["UPDATE question SET title = 'Will it snow?' WHERE slug = 'rain'"],
        no_other(3, "question", "content", "question"),
    ),
    "other criteria": (
        ["UPDATE question SET criteria = 'As felt.' WHERE slug = 'rain'"],
        no_other(3, "question", "content", "question"),
    ),
    "a later close": (
        ["UPDATE question SET closes_at = resolves_at WHERE slug = 'rain'"],
        no_other(3, "question", "content", "question"),
    ),
    "another name": (
        ["UPDATE question SET slug = 'snow' WHERE slug = 'rain'"],
        no_other(3, "question", "subject", "question"),
    ),
    "a kind that there is not": (
        ["UPDATE question SET kind = 'ternary' WHERE slug = 'wind'"],
        no_other(4, "question", "content", "question"),
    ),
    "outcomes that cannot be": (
        ["""UPDATE question SET spec = '{"outcomes": []}' WHERE slug = 'wind'"""],
        no_other(4, "question", "content", "question"),
    ),
    "a question that became a draft": (
        ["UPDATE question SET state = 'draft' WHERE slug = 'wind'"],
        no_other(4, "question", "state", "question"),
    ),
    "a question that takes what was said elsewhere": (
        ["UPDATE question SET imported = true WHERE slug = 'wind'"],
        no_other(4, "question", "content", "question"),
    ),
    "another set's title": (
        ["UPDATE question_set SET title = 'The climate'"],
        no_other(2, "set", "content", "question_set"),
    ),
    "another source's day": (
        ["UPDATE source SET read_on = '2026-03-02'"],
        no_other(1, "source", "content", "source"),
    ),
    # rows that cannot be read, or refer to nothing
    "an entry at no time": (
        ["UPDATE entry SET recorded_at = 'infinity' WHERE seq = 10"],
        (10, "Entry 10 cannot be read."),
    ),
    "a journal without a head": (
        ["DELETE FROM journal_head"],
        (16, "The journal ends at entry 15, but has no head that says so."),
    ),
    "a head at no time": (
        ["UPDATE journal_head SET recorded_at = 'infinity'"],
        (16, "The journal's head cannot be read."),
    ),
    "a forecast on no question": (
        ["UPDATE forecast SET question_id = 99 WHERE entry = 10"],
        unreadable(10, "forecast", "forecast"),
    ),
    "a forecast by nobody": (
        ["UPDATE forecast SET forecaster_id = 99 WHERE entry = 10"],
        unreadable(10, "forecast", "forecast"),
    ),
    "a forecast of one byte": (
        [f"UPDATE forecast SET probabilities = {ONE_BYTE} WHERE entry = 10"],
        unreadable(10, "forecast", "forecast"),
    ),
    "a forecast at no time": (
        ["UPDATE forecast SET made_at = 'infinity' WHERE entry = 10"],
        unreadable(10, "forecast", "forecast"),
    ),
    "a resolution of no question": (
        ["UPDATE resolution SET question_id = 99 WHERE entry = 13"],
        unreadable(13, "resolution", "resolution"),
    ),
    "a question in no set": (
        ["UPDATE question SET set_id = 99 WHERE slug = 'wind'"],
        unreadable(4, "question", "question"),
    ),
    "tags beyond all numbers": (
        ["UPDATE question SET tags = '[1e999]' WHERE slug = 'wind'"],
        unreadable(4, "question", "question"),
    ),
    # rows too few and too many
    "a missing forecast": (
        ["DELETE FROM position WHERE entry = 10", "DELETE FROM forecast WHERE entry = 10"],
        (10, "Entry 10, a forecast, is missing from the table “forecast”."),
    ),
    "a missing resolution": (
        ["DELETE FROM resolution WHERE entry = 12"],
        (12, "Entry 12, a resolution, is missing from the table “resolution”."),
    ),
    "a forecast for another act's entry": (
        [(f"INSERT INTO forecast (entry, {OF_A_FORECAST}) SELECT 12, {OF_A_FORECAST} FROM forecast WHERE entry = 10")],
        (12, "Entry 12 is no forecast, though “forecast” has a row for it."),
    ),
    "a forecast without an entry": (
        [(f"INSERT INTO forecast (entry, {OF_A_FORECAST}) SELECT 99, {OF_A_FORECAST} FROM forecast WHERE entry = 10")],
        (99, "Entry 99 is no forecast, though “forecast” has a row for it."),
    ),
    "rows without an entry in two tables": (
        [
            (
                f"INSERT INTO forecast (entry, {OF_A_FORECAST}) SELECT 99, {OF_A_FORECAST} FROM forecast "
                "WHERE entry = 10"
            ),
            (
                f"INSERT INTO resolution (entry, {OF_A_RESOLUTION}, supersedes) SELECT 98, {OF_A_RESOLUTION}, 97 "
                "FROM resolution WHERE entry = 14"
            ),
        ],
        (98, "Entry 98 is no resolution, though “resolution” has a row for it."),
    ),
    # where things stand
    "a changed position": (
        ["UPDATE position SET entry = 6 WHERE entry = 10"],
        (10, "Entry 10 is not what the table “position” has for its forecaster and question."),
    ),
    "a missing position": (
        ["DELETE FROM position WHERE entry = 8"],
        (8, "Entry 8 is not what the table “position” has for its forecaster and question."),
    ),
    "a position too many": (
        [
            (
                "INSERT INTO position SELECT question_id, (SELECT id FROM forecaster WHERE handle = 'mo'), entry "
                "FROM position WHERE entry = 10"
            )
        ],
        (10, "Entry 10 is not what the table “position” has for its forecaster and question."),
    ),
    "a resolution pointer moved back": (
        ["UPDATE question SET resolution = 12 WHERE slug = 'rain'"],
        (13, "“rain” does not stand as entry 13 left it."),
    ),
    "a resolution pointer taken away": (
        ["UPDATE question SET resolution = 0 WHERE slug = 'rain'"],
        (13, "“rain” does not stand as entry 13 left it."),
    ),
    "a resolution pointer moved to another question's": (
        ["UPDATE question SET resolution = 15 WHERE slug = 'rain'"],
        (13, "“rain” does not stand as entry 13 left it."),
    ),
    # what is derived
    "a changed score": (of_rain("brier", other("log")), SCORES_OF_RAIN),
    "a missing score": (["DELETE FROM score WHERE name = 'log' AND question_id = 1"], SCORES_OF_RAIN),
    "a score by another name": (["UPDATE score SET name = 'luck' WHERE name = 'spot'"], SCORES_OF_RAIN),
    "a score for one more": (
        of_rain("brier", "(SELECT forecasters FROM participation WHERE question_id = 3)"),
        SCORES_OF_RAIN,
    ),
    "a participant fewer": (
        ["UPDATE participation SET forecasters = substr(forecasters, 1, 48) WHERE question_id = 1"],
        SCORES_OF_RAIN,
    ),
    "a participant who never forecast": (
        # an act's number for a forecaster's: Ada, Bob and the five yardsticks, of whom the last is somebody else now
        ["UPDATE participation SET forecasters = (SELECT at FROM crowd_path WHERE question_id = 1)"],
        SCORES_OF_RAIN,
    ),
    "a participant of one byte": ([f"UPDATE participation SET forecasters = {ONE_BYTE}"], SCORES_OF_RAIN),
    "nobody who has scores": (["DELETE FROM participation WHERE question_id = 1"], SCORES_OF_RAIN),
    "scores of an annulled question": (
        ["INSERT INTO score SELECT 2, name, numbers FROM score WHERE question_id = 1"],
        SCORES_OF_WIND,
    ),
    "participants of an annulled question": (
        ["INSERT INTO participation SELECT 2, forecasters FROM participation WHERE question_id = 1"],
        SCORES_OF_WIND,
    ),
    "a larger coverage": (of_rain("coverage", other("presence")), SCORES_OF_RAIN),
    "a smaller presence": (of_rain("presence", other("coverage")), SCORES_OF_RAIN),
    "another last word": (of_rain("last", other("floored")), SCORES_OF_RAIN),
    "a last word of one byte": (of_rain("last", ONE_BYTE), SCORES_OF_RAIN),
    "a last word of one forecaster": (of_rain("last", "substr(numbers, 1, 8)"), SCORES_OF_RAIN),
    # Bob did not stand at the end
    "a loss that is no number": (of_rain("brier", other("spot")), SCORES_OF_RAIN),
    "a crowd about one outcome": (
        ["UPDATE crowd_path SET middle = substr(middle, 1, 8) WHERE question_id = 1"],
        SCORES_OF_RAIN,
    ),
    "a crowd of more": (["UPDATE crowd_path SET count = at WHERE question_id = 1"], SCORES_OF_RAIN),
    "another crowd": (["UPDATE crowd_path SET middle = lower WHERE question_id = 1"], SCORES_OF_RAIN),
    "a narrower crowd": (["UPDATE crowd_path SET lower = middle WHERE question_id = 1"], SCORES_OF_RAIN),
    "a wider crowd": (["UPDATE crowd_path SET upper = NULL WHERE question_id = 1"], SCORES_OF_RAIN),
    "a crowd at another time": (["UPDATE crowd_path SET at = count WHERE question_id = 1"], SCORES_OF_RAIN),
    "a crowd of one byte": ([f"UPDATE crowd_path SET at = {ONE_BYTE} WHERE question_id = 1"], SCORES_OF_RAIN),
    "a crowd that is gone": (["DELETE FROM crowd_path WHERE question_id = 1"], SCORES_OF_RAIN),
}


@pytest.mark.parametrize(("statements", "told"), TAMPERED.values(), ids=TAMPERED)
def test_whoever_changes_the_record_is_found_out(story: Database, statements: list[str], told: tuple[int, str]) -> None:
    tamper(story, *statements)

    assert broken(story) == told


LOOSELY_TYPED = {
    "an entry at no time": ("UPDATE entry SET recorded_at = 'x' WHERE seq = 10", (10, "Entry 10 cannot be read.")),
    "a head with a word for a number": (
        "UPDATE journal_head SET seq = 'x'",
        (16, "The journal's head cannot be read."),
    ),
    "tags that are no list": (
        "UPDATE question SET tags = 'x' WHERE slug = 'wind'",
        unreadable(4, "question", "question"),
    ),
    "a name that is no text": (
        "UPDATE question SET slug = CAST(x'ff' AS TEXT) WHERE slug = 'wind'",
        unreadable(4, "question", "question"),
    ),
    "a position that is no text": (
        # whose it was cannot be said, so none of them is known to hold: the first act that takes a position is named
        "UPDATE position SET entry = CAST(x'ff' AS TEXT) WHERE entry = 10",
        (8, "The table “position” cannot be read."),
    ),
    "losses that are a word": ("UPDATE score SET numbers = 'x' WHERE question_id = 1", SCORES_OF_RAIN),
    "losses that are a number": ("UPDATE score SET numbers = 1 WHERE question_id = 1", SCORES_OF_RAIN),
    "participants that are a word": ("UPDATE participation SET forecasters = 'x'", SCORES_OF_RAIN),
    "a count that is a word": ("UPDATE crowd_path SET count = 'x' WHERE question_id = 1", SCORES_OF_RAIN),
    "a crowd about three outcomes, and one": (
        (
            "UPDATE crowd_path SET middle = CAST(middle || substr(lower, 1, 8) AS BLOB), lower = substr(lower, 9) "
            "WHERE question_id = 1"
        ),
        SCORES_OF_RAIN,
    ),
    "a crowd at no time": ("UPDATE crowd_path SET at = 'x' || count || at WHERE question_id = 1", SCORES_OF_RAIN),
}
"""SQLite takes anything into any column."""


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(("statement", "told"), LOOSELY_TYPED.values(), ids=LOOSELY_TYPED)
def test_what_is_not_of_its_columns_type_is_found_out(story: Database, statement: str, told: tuple[int, str]) -> None:
    tamper(story, statement)

    assert broken(story) == told


@pytest.fixture
def undecided(database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster) -> Database:
    """1 the set, 2 rain, 3 Ada until three o'clock, 4 Bob an hour after her."""
    with database.writing() as (session, moment):
        said = {"made_at": moment, "expires_at": NOON + 3 * HOUR, "probabilities": np.array([0.3, 0.7])}
        ledger._add(session, ada, rain, moment, **said)
    clock.moment += HOUR
    say(database, bob, rain, 0.9)
    return database


HERS, HIS = (f"forecaster_id = (SELECT id FROM forecaster WHERE handle = '{handle}')" for handle in ("ada", "bob"))
RUNNING = {
    "a tally that is gone": "DELETE FROM tally",
    "a tally of one byte": f"UPDATE tally SET state = {ONE_BYTE}",
    "a tally that is a seat": f"UPDATE tally SET state = (SELECT state FROM seat WHERE {HIS})",
    "a tally cut short": "UPDATE tally SET state = substr(state, 1, 66)",
    "seats that are gone": "DELETE FROM seat",
    "a seat that is gone": f"DELETE FROM seat WHERE {HERS}",
    "a seat that is another's": f"UPDATE seat SET state = (SELECT s.state FROM seat s WHERE s.{HIS}) WHERE {HERS}",
    "a seat of who never forecast": (
        f"INSERT INTO seat (question_id, forecaster_id, state) SELECT question_id, 1, state FROM seat WHERE {HIS}"
    ),
    "a seat of one byte": f"UPDATE seat SET state = {ONE_BYTE} WHERE {HERS}",
    "a seat cut short": f"UPDATE seat SET state = substr(state, 1, 66) WHERE {HERS}",
    "a forecast that no longer expires": f"UPDATE seat SET until = NULL WHERE {HERS}",
    "a forecast that expires earlier": (
        f"UPDATE seat SET until = (SELECT opens_at FROM question WHERE slug = 'rain') WHERE {HERS}"
    ),
    "a forecast that expires after all": (
        f"UPDATE seat SET until = (SELECT closes_at FROM question WHERE slug = 'rain') WHERE {HIS}"
    ),
    "scores before the outcome": "INSERT INTO score SELECT question_id, 'brier', state FROM tally",
    "participants before the outcome": "INSERT INTO participation SELECT question_id, state FROM tally",
}


@pytest.mark.parametrize("statement", RUNNING.values(), ids=RUNNING)
def test_whoever_changes_what_an_undecided_question_would_give_is_found_out(
    undecided: Database, statement: str
) -> None:
    tamper(undecided, statement)

    assert broken(undecided) == (2, "The scores of “rain” are not those that entry 2 gives. Run rescore.")


@pytest.mark.parametrize("table", ["tally", "seat"])
def test_a_decided_question_gives_nothing_for_other_outcomes(story: Database, table: str) -> None:
    columns = "question_id, state" if table == "tally" else "question_id, forecaster_id, state"
    values = "1, middle" if table == "tally" else "1, 1, middle"
    tamper(story, f"INSERT INTO {table} ({columns}) SELECT {values} FROM crowd_path WHERE question_id = 1")

    assert broken(story) == SCORES_OF_RAIN


def test_what_an_undecided_question_would_give_holds_and_can_be_mended(undecided: Database, rain: Question) -> None:
    assert len(report(undecided)) == 4
    tamper(undecided, "DELETE FROM seat", "UPDATE tally SET state = substr(state, 1, 66)")

    with undecided.writing() as (session, _):
        assert ledger.rescore(session, rain)

    assert len(report(undecided)) == 4


@pytest.mark.parametrize("spec", ["{}", '{"outcomes": []}'])
def test_a_question_whose_words_were_erased_must_still_have_outcomes(story: Database, spec: str) -> None:
    """Its entry no longer says which they were."""
    tamper(
        story,
        "UPDATE entry SET content = NULL, salt = NULL WHERE seq = 4",
        f"UPDATE question SET spec = '{spec}' WHERE slug = 'wind'",
    )

    assert broken(story) == SCORES_OF_WIND


def test_of_two_questions_the_first_entry_that_does_not_hold_is_named(
    story: Database, mo: Forecaster, clock: MovedClock
) -> None:
    """Rain was published before wind, but decided after it."""
    with story.reading() as session:
        rain = session.exec(select(Question).where(Question.slug == "rain")).one()
    clock.moment += HOUR
    resolve(story, mo, rain, 0)  # entry 16
    tamper(story, "UPDATE question SET resolution = 0")

    assert broken(story) == (14, "“wind” does not stand as entry 14 left it.")


def test_a_question_that_was_never_decided_cannot_be_made_to_look_it(database: Database, rain: Question) -> None:
    tamper(database, "UPDATE question SET resolution = 2")

    assert broken(database) == (2, "“rain” does not stand as entry 2 left it.")


def test_the_first_entry_that_does_not_hold_is_named(story: Database) -> None:
    tamper(
        story,
        "DELETE FROM score",
        "UPDATE entry SET content = '{}' WHERE seq = 14",
        "UPDATE forecast SET rationale = 'Because.' WHERE entry = 9",
        "UPDATE resolution SET note = 'It flooded.' WHERE entry = 12",
    )

    assert broken(story)[0] == 9


def test_a_long_record_holds_too(database: Database, clock: MovedClock, rain: Question, ada: Forecaster) -> None:
    for number in range(60):
        clock.moment += HOUR / 60
        say(database, ada, rain, number / 60)

    assert report(database)[0] == "62 entries stand in an unbroken chain."
