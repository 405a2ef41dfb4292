"""What follows from a question in each state; that rescoring writes nothing needlessly, and repairs anything."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from sqlalchemy import event

from forecasts import derived, history, ledger
from forecasts.database import Database
from forecasts.models import CROWD, CROWDS, EVEN, Forecaster
from questions import catalog
from questions.models import Question
from tests.cast import (
    DERIVED,
    HOUR,
    NOON,
    MovedClock,
    annul,
    called,
    draft,
    fresh,
    number,
    other,
    publish,
    reopen,
    resolve,
    rows,
    say,
    take_back,
    tamper,
)

NO, YES = 0, 1


def exactly(value: object) -> object:
    return pytest.approx(value, rel=0, abs=1e-12)


def kept(database: Database) -> dict[str, list[tuple[object, ...]]]:
    return {table: rows(database, table) for table in DERIVED}


def counts(database: Database) -> dict[str, int]:
    return {table: len(found) for table, found in kept(database).items() if found}


@pytest.fixture
def day(database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster) -> Question:
    """Ada 80% for ten hours, Bob 40% from two to six o'clock, a bot 90% from four on; it is eight hours after noon."""
    bot = other(database, "Bot")
    for hours, who, yes in ((0, ada, 0.8), (2, bob, 0.4), (4, bot, 0.9)):
        clock.moment = NOON + hours * HOUR
        say(database, who, rain, yes)
    clock.moment = NOON + 6 * HOUR
    take_back(database, bob, rain)
    clock.moment = NOON + 8 * HOUR
    return rain


def test_a_question_has_what_its_state_asks_for_and_nothing_else(
    database: Database, day: Question, mo: Forecaster
) -> None:
    undecided = kept(database)
    seen = [counts(database)]
    resolve(database, mo, day, YES)
    seen.append(counts(database))
    annul(database, mo, day)
    seen.append(counts(database))
    reopen(database, mo, day)

    scored = {"score": 12, "participation": 1, "crowd_path": 1}
    assert seen == [{"tally": 1, "seat": 3}, scored, {}]
    assert kept(database) == undecided


def test_a_question_on_which_nobody_spoke_has_nothing_until_it_is_resolved(
    database: Database, clock: MovedClock, rain: Question, mo: Forecaster
) -> None:
    before = counts(database)
    clock.moment += HOUR

    resolve(database, mo, rain, YES)

    even = called(database, EVEN)
    assert before == {}
    assert rows(database, "participation") == [(rain.id, np.array([even.id], dtype="<i8").tobytes())]
    assert rows(database, "crowd_path") == [(rain.id, b"", b"", b"", None, None)]
    assert number(database, even, rain, "brier") == exactly(0.25 / 10)


def test_who_said_less_than_the_floor_of_what_happened_is_marked(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.0009)
    say(database, bob, rain, 0.001)  # at the floor is not below it
    clock.moment += HOUR
    say(database, ada, rain, 0.5)
    take_back(database, bob, rain)
    clock.moment += HOUR

    resolve(database, mo, rain, YES)

    assert [number(database, who, rain, "floored") for who in (ada, bob, called(database, EVEN))] == [1, 0, 0]


def test_what_never_stood_while_it_counted_is_not_under_the_floor(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    """Ada mends at once what she mistyped; Bob says never an hour after it was known that it happened."""
    for who, yes in ((ada, 0.0005), (ada, 0.5), (bob, 0.5)):
        say(database, who, rain, yes)
    clock.moment += 3 * HOUR
    say(database, bob, rain, 0.0005)

    resolve(database, mo, rain, YES, known_at=NOON + 2 * HOUR)

    assert [number(database, who, rain, "floored") for who in (ada, bob)] == [0, 0]


def test_what_is_scored_together_is_everybody_and_every_yardstick(
    database: Database, day: Question, ada: Forecaster, bob: Forecaster
) -> None:
    with database.reading() as session:
        said = history.read(session, day)
        found = derived.gathered(session, day, said, said.crowd(ordered=False))

    yardsticks = {called(database, handle).id for handle in (*CROWDS, EVEN)}
    assert found.acts.forecaster[:4].tolist() == [ada.id, bob.id, called(database, "bot").id, bob.id]
    assert set(found.acts.forecaster[4:].tolist()) == yardsticks
    assert np.flatnonzero(found.base).tolist() == [0, 1, 3]  # the bot is not of the base, nor is any yardstick
    assert found.crowd == called(database, CROWD).id
    # Ada alone, then with Bob, then alone again; of two the latest weighs no more, and 4 to 1 and 2 to 3 have
    # √(8/3) to 1 as their geometric mean. The bot's 90% from four o'clock on is in none of them.
    both = {CROWD: 0.6, "crowd-mean": 0.6, "crowd-odds": np.sqrt(8 / 3) / (1 + np.sqrt(8 / 3)), "crowd-recent": 0.6}
    assert both.keys() == CROWDS.keys()
    for handle, between in both.items():
        crowd = found.acts.only(found.acts.forecaster == called(database, handle).id)
        assert crowd.at.tolist() == [history.ticks(NOON + hours * HOUR) for hours in (0, 2, 6)]
        assert crowd.probabilities[:, 1].tolist() == exactly([0.8, between, 0.8])
    even = found.acts.only(found.acts.forecaster == called(database, EVEN).id)
    assert (even.at.tolist(), even.probabilities.tolist()) == ([history.ticks(NOON)], [[0.5, 0.5]])


def test_a_receipt_by_hand(database: Database, day: Question, ada: Forecaster, mo: Forecaster) -> None:
    made = resolve(database, mo, day, YES)

    with database.reading() as session:
        (line,), acts = derived.receipt(session, fresh(database, day), made, ada)

    assert ((line.stop - line.start), acts.probabilities[line.act].tolist()) == (
        8 * 3600 * 1_000_000, [1 - 0.8, 0.8],
    )  # fmt: skip
    # .04 for eight hours; Bob's .36 beside it for four; the crowd .04, .16 for four, .04
    assert (line.loss, line.share, line.contribution) == exactly((0.04, 0.8, 0.032))
    assert (line.others, line.compared, line.gain) == exactly((0.36, 0.4, 0.4 * 0.32))
    assert line.crowd == exactly((4 * 0.04 + 4 * 0.16) / 8)


@pytest.mark.parametrize("kind", ["binary", "choice", "number"])
def test_receipts_add_up_to_the_numbers_on_the_board(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster, kind: str
) -> None:
    (question,) = publish(database, draft("rain", kind, closes_at=NOON + 60 * HOUR, resolves_at=NOON + 72 * HOUR))
    bot, random = other(database, "Bot"), np.random.default_rng(3)
    size = catalog.shape_of(question).size
    for who in (ada, bob, bot, ada, bob, ada):
        say(database, who, question, *random.dirichlet(np.ones(size)))
        clock.moment += 7 * HOUR
    made = resolve(database, mo, question, 1)

    lines = {}
    with database.reading() as session:
        for who in (ada, bob, bot, called(database, CROWD), called(database, EVEN)):
            lines[who.handle], _ = derived.receipt(session, question, made, who)

    rule = "ranked" if kind == "number" else "brier"
    for handle, items in lines.items():
        who = called(database, handle)
        assert sum(item.contribution for item in items) == exactly(number(database, who, question, rule))
        assert sum(item.gain for item in items) == exactly(number(database, who, question, "peer"))
        assert sum(item.share for item in items) == exactly(number(database, who, question, "coverage"))
    assert len(lines["bob"]) > 2  # cut at midnight, too


# Working out again


@contextmanager
def written(database: Database) -> Iterator[list[str]]:
    """Whatever is sent to the database meanwhile that does more than look."""
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.extend([] if statement.startswith("SELECT") else [statement])

    event.listen(database.engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(database.engine, "before_cursor_execute", listen)


@pytest.mark.parametrize("state", ["undecided", "resolved", "annulled", "reopened"])
def test_rescoring_writes_no_row_where_nothing_changed(
    database: Database, day: Question, mo: Forecaster, state: str
) -> None:
    if state != "undecided":
        (annul(database, mo, day) if state == "annulled" else resolve(database, mo, day, YES))
    if state == "reopened":
        reopen(database, mo, day)
    before, revision = kept(database), fresh(database, day).revision

    with database.writing() as (session, _), written(database) as said:
        changed = ledger.rescore(session, day), ledger.renew(session, day)

    assert (changed, said) == ((False, False), [])
    assert (kept(database), fresh(database, day).revision) == (before, revision)


def test_what_is_listened_to_is_what_writes(database: Database, day: Question) -> None:
    tamper(database, "DELETE FROM tally")

    with database.writing() as (session, _), written(database) as said:
        assert ledger.renew(session, day)

    assert any("tally" in statement for statement in said)


UNDECIDED = {
    "no tally": "DELETE FROM tally",
    "no seats": "DELETE FROM seat",
    "one seat fewer": "DELETE FROM seat WHERE forecaster_id = (SELECT MAX(forecaster_id) FROM seat)",
    "another's seat": "UPDATE seat SET state = (SELECT s.state FROM seat s ORDER BY forecaster_id LIMIT 1)",
    "a seat that cannot be read": "UPDATE seat SET state = substr(state, 1, 3)",
    "a tally that cannot be read": "UPDATE tally SET state = substr(state, 1, 3)",
    "a seat that expires": "UPDATE seat SET until = (SELECT closes_at FROM question)",
    "scores": "INSERT INTO score SELECT question_id, 'brier', state FROM tally",
}
RESOLVED = {
    "no scores": "DELETE FROM score",
    "one name fewer": "DELETE FROM score WHERE name = 'spot'",
    "one name more": "INSERT INTO score SELECT question_id, 'luck', numbers FROM score WHERE name = 'spot'",
    "other numbers": "UPDATE score SET numbers = (SELECT s.numbers FROM score s WHERE s.name = 'spot')",
    "fewer numbers": "UPDATE score SET numbers = substr(numbers, 1, 8)",
    "half a number": "UPDATE score SET numbers = substr(numbers, 1, 3)",
    "nobody": "DELETE FROM participation",
    "fewer": "UPDATE participation SET forecasters = substr(forecasters, 1, 8)",
    "no crowd": "DELETE FROM crowd_path",
    "a crowd of one outcome": "UPDATE crowd_path SET middle = substr(middle, 1, 8)",
    "another crowd": "UPDATE crowd_path SET middle = lower",
    "no quartiles": "UPDATE crowd_path SET lower = NULL",
    "a tally": "INSERT INTO tally SELECT question_id, middle FROM crowd_path",
    "a seat": "INSERT INTO seat (question_id, forecaster_id, state) SELECT question_id, 1, middle FROM crowd_path",
}


def mend(database: Database, question: Question, damage: str) -> None:
    """Damaged like this the question is brought back by rescoring, and readers are told."""
    before, revision = kept(database), fresh(database, question).revision
    with database.writing() as (session, _):
        session.connection().exec_driver_sql(damage)
    assert kept(database) != before

    with database.writing() as (session, _):
        assert ledger.renew(session, question)
    with database.writing() as (session, _):
        assert not ledger.renew(session, question)

    assert kept(database) == before
    assert fresh(database, question).revision == revision + 1


@pytest.mark.parametrize("damage", UNDECIDED.values(), ids=UNDECIDED)
def test_rescoring_mends_an_undecided_question(database: Database, day: Question, damage: str) -> None:
    mend(database, day, damage)


@pytest.mark.parametrize("damage", RESOLVED.values(), ids=RESOLVED)
def test_rescoring_mends_a_resolved_question(database: Database, day: Question, mo: Forecaster, damage: str) -> None:
    resolve(database, mo, day, YES)

    mend(database, day, damage)


def test_two_are_the_same_up_to_a_tolerance_and_no_further() -> None:
    one = derived.Derived(np.array([1, 2]), {"brier": np.array([0.25, np.nan])})
    near = derived.Derived(np.array([1, 2]), {"brier": np.array([0.2500001, np.nan])})
    fewer = derived.Derived(np.array([1]), {"brier": np.array([0.25])})

    assert derived.same(one, one)
    assert not derived.same(one, near)
    assert derived.same(one, near, 1e-6)
    assert not derived.same(one, near, 1e-8)
    assert not derived.same(one, fewer)
    assert not derived.same(one, derived.Derived())
    assert not derived.same(one, derived.Derived(np.array([1, 3]), one.numbers))


# What waits


def test_what_is_missing_after_a_migration_is_found_and_nothing_else(
    database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster
) -> None:
    names = ("spoken", "silent", "resolved", "unasked", "annulled", "reopened", "reopened-silent")
    asked = dict(zip(names, publish(database, *map(draft, names)), strict=True))
    for name in ("spoken", "resolved", "annulled", "reopened"):
        say(database, ada, asked[name], 0.7)
    clock.moment += HOUR
    for name in ("resolved", "unasked", "reopened", "reopened-silent"):
        resolve(database, mo, asked[name], YES)
    annul(database, mo, asked["annulled"])
    for name in ("reopened", "reopened-silent"):
        reopen(database, mo, asked[name])
    whole, before = behind(database), kept(database)
    with database.writing() as (session, _):
        for table in DERIVED:
            session.connection().exec_driver_sql(f"DELETE FROM {table}")

    missing = behind(database)
    with database.writing() as (session, _):
        for question in ledger.behind(session):
            ledger.renew(session, question)

    assert (whole, missing) == ([], ["spoken", "resolved", "unasked", "reopened"])
    assert behind(database) == []
    assert kept(database) == before


def behind(database: Database) -> list[str]:
    with database.reading() as session:
        return [question.slug for question in ledger.behind(session)]
