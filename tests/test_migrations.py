"""Migrations go up, down and up again on data, on both engines; what the code declares is what they make."""

import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
import sqlalchemy
from alembic import command
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from forecasts import discussion, erasing, ledger, moderation, verification
from forecasts.database import TRIGGERS, Database, alembic_config
from questions import catalog
from tests.cast import HOUR, NOON, MovedClock, draft, everything, join, kinds, publish, resolve, rows, say, take_back

ROOT = Path(__file__).parent.parent
REVISIONS = [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]

PREPARES = """
import sys
from datetime import UTC, datetime
from forecasts.clock import SystemClock
from forecasts.database import Database
database = Database(sys.argv[1], SystemClock())
print("ready", flush=True)
sys.stdin.readline()
database.prepare()
database.close()
"""


@pytest.fixture
def blank(blank_url: str, clock: MovedClock) -> Iterator[Database]:
    """A database without any table."""
    database = Database(blank_url, clock)
    yield database
    database.close()


def migrate(database: Database, revision: str) -> None:
    """Go up or down to a revision."""
    config = alembic_config()
    with database.changing_schema() as connection:
        config.attributes["connection"] = connection
        here = connection.dialect.has_table(connection, "alembic_version")
        now = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if here else None
        place = REVISIONS.index(revision) if revision in REVISIONS else -1
        up = place > (REVISIONS.index(now) if now in REVISIONS else -1)
        (command.upgrade if up else command.downgrade)(config, revision)


def tables(database: Database) -> set[str]:
    return set(sqlalchemy.inspect(database.engine).get_table_names())


def triggers(database: Database) -> set[str]:
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }
    with database.engine.connect() as connection:
        return set(connection.exec_driver_sql(catalogue[connection.dialect.name]).scalars())


def leftovers(database: Database) -> list[str]:
    """Functions and types that stay behind where the tables are gone; SQLite has neither."""
    if database.engine.dialect.name == "sqlite":
        return []
    statement = (
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
        "UNION SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace "
        "AND typname NOT IN ('alembic_version', '_alembic_version')"
    )
    with database.engine.connect() as connection:
        return list(connection.exec_driver_sql(statement).scalars())


def tell_a_story(database: Database) -> None:
    """Something in every table of public acts and in every derived one."""
    ada, mo, zed = join(database, "Ada"), join(database, "Mo", "moderator"), join(database, "Zed")
    bob, kim = join(database, "Bob"), join(database, "Kim")
    rain, wind = publish(database, draft("rain"), draft("wind", "choice"), expires_after=0.5)
    say(database, ada, rain, 0.7)
    say(database, ada, wind, 0.2, 0.3, 0.5)
    take_back(database, ada, wind)
    with database.writing() as (session, moment):
        ledger.undo(session, ada, wind, moment)
        discussion.comment(session, ada, rain, "Clouds.", moment)
        changes = {"fine_print": "Drizzle counts."}
        catalog.revise(session, rain, changes, "Somebody asked.", 0, by=mo.pseudonym, moment=moment)
    say(database, bob, rain, 0.6)
    say(database, kim, wind, 0.1, 0.4, 0.5)
    with database.writing() as (session, moment):
        discussion.comment(session, bob, rain, "Drops.", moment)
        moderation.merge(session, bob, ada, "The same.", by=mo, moment=moment)
        moderation.merge(session, kim, ada, "The same.", by=mo, moment=moment)
        moderation.separate(session, kim, "Two after all.", by=mo, moment=moment)
        discussion.comment(session, zed, rain, "Hail.", moment)
        erasing.erase(session, zed, by=None, moment=moment)
    assert isinstance(database.clock, MovedClock)
    database.clock.moment = rain.closes_at
    resolve(database, mo, rain, 1)


def work_out_what_is_missing(database: Database) -> None:
    """What the command line does before anything else."""
    with database.writing() as (session, _):
        for question in ledger.behind(session):
            assert ledger.rescore(session, question)


def test_the_tables_are_those_that_the_code_declares(blank: Database) -> None:
    blank.prepare()

    assert tables(blank) == {*SQLModel.metadata.tables, "alembic_version"}


def test_nothing_is_declared_that_no_migration_makes(blank: Database) -> None:
    blank.prepare()
    config, said = alembic_config(), StringIO()
    config.stdout = said

    with blank.changing_schema() as connection:
        config.attributes["connection"] = connection
        command.check(config)  # raises where a new migration would have something to do

    assert said.getvalue() == "No new upgrade operations detected.\n"


def test_constraints_are_named_alike_on_both_engines_and_in_the_code(blank: Database) -> None:
    blank.prepare()
    inspector = sqlalchemy.inspect(blank.engine)

    for name, table in SQLModel.metadata.tables.items():
        declared = {str(rule.name) for rule in table.constraints if isinstance(rule, sqlalchemy.CheckConstraint)}
        made = {str(rule["name"]) for rule in inspector.get_check_constraints(name)}
        assert made == declared


def test_the_record_is_kept_append_only_from_the_first_migration_on(blank: Database) -> None:
    blank.prepare()

    assert triggers(blank) == TRIGGERS


def test_every_board_begins_with_the_crowd_and_always_fifty_percent(blank: Database) -> None:
    blank.prepare()

    found = {(row[2], row[4]) for row in rows(blank, "forecaster")}
    crowds = {(handle, "crowd") for handle in ("crowd", "crowd-mean", "crowd-odds", "crowd-recent")}
    assert found == {*crowds, ("always-50", "constant")}
    assert kinds(blank) == []


@pytest.mark.parametrize("before", ["base", *REVISIONS[:-1]])
def test_migrations_go_down_and_up_again_on_data(blank: Database, before: str) -> None:
    blank.prepare()
    tell_a_story(blank)

    migrate(blank, before)
    migrate(blank, REVISIONS[-1])

    assert tables(blank) == {*SQLModel.metadata.tables, "alembic_version"}
    assert triggers(blank) == TRIGGERS
    if before == "base":
        blank.clock = MovedClock(NOON)
        tell_a_story(blank)
    else:
        work_out_what_is_missing(blank)
    with blank.reading() as session:
        assert len(list(verification.verify(session))) == 4


ENTRIES = 10_000 if os.environ.get("BRIERBOARD_TORTURE") else 1_000
"""How long a journal is migrated; `make torture` takes the longer one."""

SECONDS = 60
"""In which the longer one must be down and up again: it takes a second or two on a machine that nobody shares."""


def tell_at_length(database: Database) -> None:
    """A journal of so many entries: twenty people on ten questions in turn, half of which are decided."""
    people = [join(database, f"P{number}") for number in range(20)]
    questions = publish(database, *(draft(f"day-{number}") for number in range(10)))
    mo = join(database, "Mo", "moderator")
    with database.writing(alone=True) as (session, moment):
        for number in range(ENTRIES - 16):  # the set, the questions, and five decisions are the others
            yes = number % 97 / 96
            who, question = people[number % 20], questions[number // 20 % 10]
            ledger._enter(
                session, who, question, moment, made_at=moment, probabilities=np.array([1 - yes, yes]), rationale="So."
            )
    assert isinstance(database.clock, MovedClock)
    database.clock.moment += 10 * HOUR
    for question in questions[:5]:
        resolve(database, mo, question, 1)
    work_out_what_is_missing(database)


def chain(database: Database) -> list[tuple[int, bytes]]:
    with database.engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT seq, hash FROM entry ORDER BY seq").all())


def test_a_long_journal_goes_down_and_up_again_with_every_hash_as_it_was(blank: Database) -> None:
    """As far down as one can go without losing it: the first migration makes the journal."""
    blank.prepare()
    tell_at_length(blank)
    before, began = chain(blank), monotonic()

    migrate(blank, "0001")
    below = chain(blank)
    migrate(blank, REVISIONS[-1])
    took = monotonic() - began

    assert len(before) == ENTRIES
    assert below == chain(blank) == before
    assert triggers(blank) == TRIGGERS
    assert len(list(blank.examine())) >= 2
    work_out_what_is_missing(blank)
    with blank.reading() as session:
        assert len(list(verification.verify(session))) == 4
    print(f"{ENTRIES:,} entries went down and up again in {took:.1f} s on {blank.engine.dialect.name}.")
    assert took < SECONDS


def test_below_merges_everything_is_whose_it_was_and_no_word_of_it_can_be_given_away(blank: Database) -> None:
    blank.prepare()
    tell_a_story(blank)
    wrong = "FROM {} t JOIN entry e ON e.seq = t.entry JOIN forecaster f ON f.id = t.forecaster_id "
    wrong = f"SELECT count(*) {wrong} WHERE f.pseudonym <> e.actor"

    def counted() -> list[int]:
        with blank.engine.connect() as connection:
            return [connection.exec_driver_sql(wrong.format(name)).scalar_one() for name in ("forecast", "comment")]

    above = counted()
    migrate(blank, "0007")

    assert (above, counted()) == ([1, 1], [0, 0])
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="forecast is append-only"), blank.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE forecast SET forecaster_id = (SELECT min(forecaster_id) FROM forecast)")


def test_nothing_is_left_at_the_bottom(blank: Database) -> None:
    blank.prepare()
    tell_a_story(blank)

    migrate(blank, "base")

    assert tables(blank) == {"alembic_version"}
    assert triggers(blank) == set()
    assert leftovers(blank) == []


def test_a_migration_that_fails_in_the_middle_changes_nothing(blank: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasts.database.TRIGGERS", TRIGGERS | {"one_that_no_migration_makes"})

    with pytest.raises(Exception, match="one_that_no_migration_makes"):
        blank.prepare()

    assert tables(blank) == set()


def test_several_processes_prepare_one_database_at_once(blank: Database, blank_url: str) -> None:
    command_line = [sys.executable, "-W", "error", "-c", PREPARES, blank_url]
    processes = [
        subprocess.Popen(
            command_line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [(*process.communicate(timeout=60), process.returncode) for process in processes]

    assert told == [("", "", 0)] * 4
    assert len(rows(blank, "forecaster")) == 5
    assert triggers(blank) == TRIGGERS


def test_a_prepared_database_is_not_touched_by_preparing_it(database: Database) -> None:
    tell_a_story(database)
    before = everything(database)

    database.prepare()

    assert everything(database) == before


def test_alembic_finds_the_database_that_the_settings_name(blank_url: str) -> None:
    environment = {"PATH": "", "BRIERBOARD_DATABASE_URL": blank_url}
    alembic = [sys.executable, "-m", "alembic"]

    for words in (["upgrade", "head"], ["check"], ["downgrade", "base"]):
        done = subprocess.run(
            [*alembic, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
