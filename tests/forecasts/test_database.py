"""Transactions: what readers see, what is durable, who may write, and what is refused as a database."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import sqlalchemy
from sqlmodel import Session, func, select

from forecasts import ledger, sqlite
from forecasts.database import TRIGGERS, Database, Unusable
from forecasts.models import Forecast, Forecaster
from questions.errors import QuestionNotOpen, WritingRefused
from questions.models import Head, Question
from tests.cast import DAY, HOUR, NOON, MovedClock, draft, entries, everything, publish, say

EVEN = np.array([0.5, 0.5])


def forecasts(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Forecast)).one()


def record_and_fail(database: Database, question: Question, who: Forecaster) -> None:
    with database.writing() as (session, moment):
        ledger.record(session, who, question, EVEN, moment)
        raise ZeroDivisionError


def change(database: Database, question: Question, **fields: object) -> None:
    with database.writing() as (session, _):
        changed = session.get_one(Question, question.id)
        for name, value in fields.items():
            setattr(changed, name, value)


def test_a_reader_keeps_the_state_that_it_began_with(database: Database, rain: Question, ada: Forecaster) -> None:
    with database.reading() as session:
        before = forecasts(session)
        say(database, ada, rain, 0.7)

        assert (before, forecasts(session)) == (0, 0)
        assert session.get_one(Question, rain.id).revision == 0


def test_a_reader_that_renews_sees_what_was_written_since(database: Database, rain: Question, ada: Forecaster) -> None:
    with database.reading() as session:
        stale = session.get_one(Question, rain.id)
        say(database, ada, rain, 0.7)
        database.renew(session)

        assert forecasts(session) == 1
        assert stale.revision == 1


def test_a_reader_sees_nothing_that_is_not_committed(database: Database, rain: Question, ada: Forecaster) -> None:
    with database.writing() as (writer, moment):
        ledger.record(writer, ada, rain, EVEN, moment)
        writer.flush()
        with database.reading() as session:
            seen = forecasts(session), session.get_one(Head, 1).seq

    assert seen == (0, 2)  # the set and the question


def test_what_a_reader_changes_is_never_written_and_holds_nobody_up(
    database: Database, rain: Question, ada: Forecaster
) -> None:
    with database.reading() as session:
        session.get_one(Question, rain.id).title = "Something else"
        forecasts(session)
        assert say(database, ada, rain, 0.7).entry == 3

    with database.reading() as session:
        assert session.get_one(Question, rain.id).title == "What of the rain?"


def test_a_block_that_raises_writes_nothing_at_all(database: Database, rain: Question, ada: Forecaster) -> None:
    before = everything(database)

    with pytest.raises(ZeroDivisionError):
        record_and_fail(database, rain, ada)

    assert everything(database) == before


def test_after_a_block_that_raised_the_next_one_can_write(database: Database, rain: Question, ada: Forecaster) -> None:
    with pytest.raises(ZeroDivisionError):
        record_and_fail(database, rain, ada)

    assert say(database, ada, rain, 0.7).entry == 3


def test_what_was_written_is_there_for_the_next_process(
    database: Database, url: str, rain: Question, ada: Forecaster
) -> None:
    say(database, ada, rain, 0.7)
    database.close()

    another = Database(url, database.clock)
    another.prepare()

    assert [entry.kind for entry in entries(another)] == ["set", "question", "forecast"]
    another.close()


def test_everything_in_a_block_is_recorded_at_one_moment(database: Database, clock: MovedClock) -> None:
    with database.writing() as (_, moment):
        clock.moment += HOUR

        assert moment == NOON


def test_the_record_never_goes_back_when_the_clock_does(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    clock.moment = NOON + 3 * HOUR
    say(database, ada, rain, 0.7)
    clock.moment = NOON + 2 * HOUR
    say(database, ada, rain, 0.8)
    clock.moment = NOON + 4 * HOUR
    say(database, ada, rain, 0.9)

    recorded = [entry.recorded_at - NOON for entry in entries(database)]

    assert recorded == [0 * HOUR, 0 * HOUR, 3 * HOUR, 3 * HOUR, 4 * HOUR]


def test_two_hours_back_are_borne_and_more_are_not(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    clock.moment = NOON + 5 * HOUR
    say(database, ada, rain, 0.7)
    clock.moment = NOON + 3 * HOUR
    say(database, ada, rain, 0.8)

    clock.moment -= HOUR / 3_600_000_000
    with pytest.raises(WritingRefused) as refusal:
        say(database, ada, rain, 0.9)

    assert str(refusal.value) == (
        "The last entry was recorded on 02 March 2026, 17:00 UTC, more than two hours after this machine's clock "
        "(02 March 2026, 14:59 UTC). Set the clock right; until then nothing is written."
    )
    assert len(entries(database)) == 4


def test_moments_come_back_to_the_microsecond_and_in_utc(database: Database, clock: MovedClock) -> None:
    clock.moment = NOON.replace(microsecond=123457)
    publish(database, draft("rain"))

    (first, _) = entries(database)

    assert first.recorded_at.isoformat() == "2026-03-02T12:00:00.123457+00:00"


def test_a_moment_without_a_zone_is_refused(database: Database, clock: MovedClock) -> None:
    naive = NOON.replace(tzinfo=None)

    with pytest.raises(sqlalchemy.exc.StatementError, match=r"names no time zone\. Give it in UTC"):
        publish(database, draft("rain", opens_at=NOON) | {"resolves_at": naive})


@pytest.mark.parametrize(
    "wrong",
    [
        {"closes_at": NOON, "resolves_at": NOON + DAY},
        {"resolves_at": NOON + HOUR},
        {"slug": "wind"},
    ],
    ids=["closes when it opens", "resolves before it closes", "a slug that is taken"],
)
def test_the_tables_themselves_refuse_what_cannot_be(database: Database, wrong: dict[str, object]) -> None:
    publish(database, draft("wind"))
    (question,) = publish(database, draft("rain"), within="more")

    with pytest.raises(sqlalchemy.exc.IntegrityError):
        change(database, question, **wrong)


@pytest.mark.parametrize(("table", "who"), [("forecaster", "kind = 'ghost'"), ("forecaster", "role = 'king'")])
def test_the_tables_know_every_kind_and_role(database: Database, ada: Forecaster, table: str, who: str) -> None:
    with pytest.raises(sqlalchemy.exc.IntegrityError), database.writing() as (session, _):
        session.connection().exec_driver_sql(f"UPDATE {table} SET {who} WHERE id = {ada.id}")


def test_sqlite_writes_durably_and_keeps_references(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'brierboard.db'}", MovedClock(NOON))
    database.prepare()

    with database.reading() as session:
        said = [
            session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert said == ["wal", 2, 1]  # 2 is FULL
    database.close()


def test_preparing_twice_changes_nothing(database: Database, rain: Question) -> None:
    before = everything(database)

    database.prepare()

    assert everything(database) == before


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
def test_a_database_without_one_of_its_triggers_is_not_used(database: Database, trigger: str) -> None:
    on = "" if database.engine.dialect.name == "sqlite" else f" ON {trigger.partition('_')[0]}"
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}{on}")

    with pytest.raises(Unusable, match=f"lacks the trigger {trigger}, which keeps the record append-only"):
        database.prepare()


@pytest.mark.parametrize("column", ["claimed_at", "expires_at", "made_at", "recorded_at"])
def test_a_forecast_is_guarded_column_by_column_even_while_its_words_are_erased(
    database: Database, rain: Question, ada: Forecaster, column: str
) -> None:
    said = say(database, ada, rain, 0.7)
    before = everything(database)

    with pytest.raises(sqlalchemy.exc.DBAPIError, match="forecast is append-only"), database.writing() as (session, _):
        session.connection().exec_driver_sql(
            f"UPDATE forecast SET rationale = '', {column} = (SELECT closes_at FROM question) "
            f"WHERE entry = {said.entry}"
        )

    assert everything(database) == before


def test_a_database_of_a_newer_brierboard_is_not_used(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(Unusable, match="9999"):
        database.prepare()


def test_a_database_that_is_somebody_elses_is_left_alone(blank_url: str) -> None:
    theirs = sqlalchemy.create_engine(blank_url)
    with theirs.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE forecaster (name TEXT)")

    database = Database(blank_url, MovedClock(NOON))
    with pytest.raises(Unusable, match="already exists"):
        database.prepare()

    assert sqlalchemy.inspect(theirs).get_table_names() == ["forecaster"]
    database.close()
    theirs.dispose()


def test_a_file_that_is_no_database_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ada, how are you? " * 100)

    database = Database(f"sqlite:///{path}", MovedClock(NOON))
    with pytest.raises(Unusable, match=r"letter\.txt cannot be used: file is not a database"):
        database.prepare()

    assert path.read_text().startswith("Dear Ada")
    database.close()


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nowhere/brierboard.db", MovedClock(NOON))

    with pytest.raises(Unusable, match=r"unable to open database file\. Check BRIERBOARD_DATABASE_URL\."):
        database.prepare()

    database.close()


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    database = Database(f"postgresql+psycopg://ada:secret@/brierboard?host={tmp_path}", MovedClock(NOON))

    with pytest.raises(Unusable) as refusal:
        database.prepare()

    assert "postgresql+psycopg://ada:***@/brierboard" in str(refusal.value)
    assert "secret" not in str(refusal.value)
    database.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "brierboard.db",
        "postgres://ada:secret@host/name",
        "nosuchthing://ada:secret@host/name",
        "mysql+nosuchdriver://ada:secret@host/name",
        "postgresql+psycopg://ada:secret@host:port/name",
    ],
)
def test_what_is_no_address_is_refused_without_telling_the_password(url: str) -> None:
    with pytest.raises(Unusable, match=r"is not a database's address\. Write sqlite:///FILE or ") as refusal:
        Database(url, MovedClock(NOON))

    assert "secret" not in str(refusal.value)


def test_a_writer_waits_for_another_process_that_writes(
    database: Database, url: str, rain: Question, ada: Forecaster
) -> None:
    elsewhere = Database(url, database.clock)
    with ThreadPoolExecutor() as threads:
        with elsewhere.writing() as (session, moment):
            ledger.record(session, ada, rain, EVEN, moment)
            waiting = threads.submit(say, database, ada, rain, 0.7)
            wait([waiting], timeout=0.2)
            waited = not waiting.done()
        second = waiting.result().entry

    assert (waited, second) == (True, 4)
    elsewhere.close()


class WatchedClock(MovedClock):
    """A clock that tells whether it was asked."""

    asked: Event

    def now(self) -> datetime:
        self.asked.set()
        return self.moment


def test_who_waits_for_the_writer_is_recorded_when_the_turn_comes_and_not_when_the_wait_began(
    database: Database, url: str, rain: Question, ada: Forecaster
) -> None:
    """Else a forecast that waited past closing would be accepted, back-dated."""
    clock = WatchedClock(NOON + HOUR)
    clock.asked = Event()
    other = Database(url, clock)  # as another process would have it

    with ThreadPoolExecutor(1) as threads:
        with database.writing():
            waiting = threads.submit(say, other, ada, rain, 0.7)
            assert not clock.asked.wait(0.5)
            clock.moment = NOON + 10 * HOUR
        with pytest.raises(QuestionNotOpen, match="took forecasts until"):
            waiting.result()

    other.close()
    assert entries(database)[-1].kind == "question"


def test_no_error_tells_what_a_query_was_given(database: Database) -> None:
    """As errors end up in logs."""
    with database.reading() as session, pytest.raises(sqlalchemy.exc.DBAPIError) as error:
        session.connection().execute(
            sqlalchemy.text("SELECT nothing FROM nowhere WHERE a = :secret"), {"secret": "hunter2"}
        )

    assert "nowhere" in str(error.value)
    assert "hunter2" not in str(error.value)


# SQLite's library


def test_the_library_that_speaks_to_sqlite_is_sound_here_or_whoever_serves_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3.51.3 is the first without the fault, by its makers' account of it."""
    database = Database(f"sqlite:///{tmp_path}/here.db", MovedClock(NOON))
    assert database.engine.dialect.dbapi is sqlite.library

    for version, told in (((3, 51, 2), True), ((3, 51, 3), False), ((3, 53, 4), False), ((3, 40, 1), True)):
        monkeypatch.setattr(sqlite.library, "sqlite_version_info", version)
        assert sqlite.complaint().startswith("SQLite ") is told
