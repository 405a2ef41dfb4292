"""Backups: all of the record in one file that either engine takes back, and never a half of one."""

import stat
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from forecasts import discussion, keeping, ledger, moderation, verification
from forecasts.database import Database, Unusable
from forecasts.keeping import Kept, NotKept
from forecasts.models import Forecaster
from forecasts.soundness import Unsound
from forecasts.sqlite import library
from questions.models import Question
from tests.cast import (
    HOUR,
    NOON,
    SOURCE,
    MovedClock,
    called,
    draft,
    entries,
    join,
    other,
    publish,
    resolve,
    say,
    tamper,
)

TABLES = sorted(Forecaster.metadata.tables)


@pytest.fixture
def record(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster) -> Database:
    """Something in most tables, and two who refer to somebody of a higher number: Bob to Kim, and a bot to Zoe."""
    rain, wind = publish(database, draft("rain"), draft("wind", "choice"), source=SOURCE, expires_after=0.5)
    robot = other(database, "Robot", owner_id=ada.id)
    kim, zoe = join(database, "Kim"), join(database, "Zoe")
    say(database, ada, rain, 0.7)
    say(database, bob, rain, 0.1)
    say(database, robot, wind, 0.2, 0.3, 0.5)
    with database.writing() as (session, moment):
        discussion.comment(session, bob, rain, "Clouds, “as ever”.", moment)
        moderation.merge(session, bob, kim, "The same.", by=mo, moment=moment)
        session.get_one(Forecaster, robot.id).owner_id = zoe.id
    clock.moment += 10 * HOUR
    resolve(database, mo, rain, 1)
    return database


def back_up(database: Database, file: Path) -> Kept:
    return keeping.back_up(database, file, lambda things, _: things)


def restore(file: Path, database: Database, *, force: bool = False) -> Kept:
    return keeping.restore(file, database, lambda things, _: things, force=force)


def all_of(database: Database) -> dict[str, list[object]]:
    """Every row of every table, as our types give it, so that two engines can be compared."""
    with database.reading() as session:
        tables = Forecaster.metadata.sorted_tables
        found = {table.name: session.connection().execute(table.select()).all() for table in tables}
    return {name: sorted([_plain(row) for row in its], key=repr) for name, its in found.items()}


def _plain(row: tuple[object, ...]) -> object:
    return tuple(one.tobytes() if isinstance(one, np.ndarray) else one for one in row)


# There and back


def test_a_backup_of_either_engine_restores_into_either(record: Database, elsewhere: Database, tmp_path: Path) -> None:
    file = tmp_path / "kept.db"

    kept = back_up(record, file)
    restored = restore(file, elsewhere)

    last = entries(record)[-1]
    assert kept == restored == Kept(last.seq, last.hash.hex())
    assert all_of(elsewhere) == all_of(record)
    assert [one.hash for one in entries(elsewhere)] == [one.hash for one in entries(record)]
    assert len(list(elsewhere.examine())) == (3 if elsewhere.engine.dialect.name == "sqlite" else 2)


def test_what_was_restored_is_gone_on_with(record: Database, elsewhere: Database, tmp_path: Path) -> None:
    back_up(record, tmp_path / "kept.db")
    restore(tmp_path / "kept.db", elsewhere)
    before = len(entries(record))

    elsewhere.prepare()
    zed = join(elsewhere, "Zed")
    (snow,) = publish(elsewhere, draft("snow", opens_at=NOON, closes_at=NOON + 20 * HOUR, resolves_at=NOON + 20 * HOUR),
                      within="more")  # fmt: skip
    say(elsewhere, zed, snow, 0.4)

    assert zed.id > called(record, "zoe").id
    assert len(entries(elsewhere)) == before + 3
    with elsewhere.reading() as session:
        assert len(list(verification.verify(session))) == 4


def test_a_backup_is_one_file_that_nobody_else_may_read(record: Database, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()

    back_up(record, folder / "kept.db")

    assert [one.name for one in folder.iterdir()] == ["kept.db"]
    assert stat.S_IMODE((folder / "kept.db").stat().st_mode) == 0o600
    with closing(library.connect(f"file:{folder / 'kept.db'}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_who_writes_meanwhile_is_not_in_it_and_loses_nothing(record: Database, ada: Forecaster, tmp_path: Path) -> None:
    """The copy is of one moment, whatever is written between its first table and its last."""
    (snow,) = publish(record, draft("snow", closes_at=NOON + 20 * HOUR, resolves_at=NOON + 20 * HOUR), within="more")
    before = len(entries(record))

    def look_on(things: object, what: str) -> object:
        if what == "Copying forecast":
            say(record, ada, snow, 0.3)
        return things

    kept = keeping.back_up(record, tmp_path / "kept.db", look_on)  # type: ignore[arg-type]

    assert (kept.entries, len(entries(record))) == (before, before + 1)


def test_whoever_waits_is_told_how_far_it_is(record: Database, elsewhere: Database, tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []

    def look_on(things: object, what: str) -> object:
        told.append((what, len(things)))  # type: ignore[arg-type]
        return things

    keeping.back_up(record, tmp_path / "kept.db", look_on)  # type: ignore[arg-type]
    copied, told[:] = dict(told), []
    keeping.restore(tmp_path / "kept.db", elsewhere, look_on)  # type: ignore[arg-type]

    assert set(copied) == {"Verifying", *(f"Copying {name}" for name in TABLES)}
    assert (copied["Copying forecast"], copied["Copying draft"]) == (1, 0)
    assert copied["Verifying"] == len(entries(record))
    assert told[0] == ("Verifying", len(entries(record)))


# What is refused, and changes nothing


def test_no_backup_is_written_over_anything(record: Database, tmp_path: Path) -> None:
    (tmp_path / "kept.db").write_text("An older one.")

    with pytest.raises(NotKept, match=r"kept\.db is there already\. Name another file, or move that one away\."):
        back_up(record, tmp_path / "kept.db")

    assert (tmp_path / "kept.db").read_text() == "An older one."


def test_where_nothing_can_be_written_there_is_no_backup(record: Database, tmp_path: Path) -> None:
    with pytest.raises(NotKept, match=r"cannot be written: No such file or directory\. Nothing was changed\."):
        back_up(record, tmp_path / "nowhere" / "kept.db")


def test_a_record_that_does_not_hold_is_not_backed_up(record: Database, tmp_path: Path) -> None:
    with record.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE position SET entry = (SELECT min(entry) FROM forecast)")
    before = sorted(tmp_path.iterdir())

    with pytest.raises(NotKept, match=r"would hold is not the record as it was made: Entry \d+ is not what the table"):
        back_up(record, tmp_path / "kept.db")

    assert sorted(tmp_path.iterdir()) == before


def test_a_backup_never_goes_over_what_a_database_holds_unless_it_is_told_to(
    record: Database, elsewhere: Database, tmp_path: Path
) -> None:
    back_up(record, tmp_path / "kept.db")
    elsewhere.prepare()
    join(elsewhere, "Somebody")
    before = all_of(elsewhere)

    with pytest.raises(NotKept, match=r"holds something already\. To lose that and have the backup"):
        restore(tmp_path / "kept.db", elsewhere)
    assert all_of(elsewhere) == before

    restore(tmp_path / "kept.db", elsewhere, force=True)
    assert all_of(elsewhere) == all_of(record)


def test_a_database_that_is_new_and_one_that_lacks_a_trigger_are_restored_alike(
    record: Database, elsewhere: Database, tmp_path: Path
) -> None:
    back_up(record, tmp_path / "kept.db")
    elsewhere.prepare()
    tamper(elsewhere)  # no trigger is left
    with pytest.raises(Unusable, match="lacks the trigger"):
        elsewhere.prepare()

    restore(tmp_path / "kept.db", elsewhere)

    elsewhere.prepare()
    assert all_of(elsewhere) == all_of(record)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_damaged_file_counts_as_something_and_is_restored_by_force(record: Database, tmp_path: Path) -> None:
    back_up(record, tmp_path / "kept.db")
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"\xff" * 8192)
    database = Database(f"sqlite:///{damaged}", record.clock)

    with pytest.raises(NotKept, match="holds something already"):
        restore(tmp_path / "kept.db", database)
    assert damaged.read_bytes() == b"\xff" * 8192

    restore(tmp_path / "kept.db", database, force=True)
    assert all_of(database) == all_of(record)
    database.close()


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_file_that_a_server_has_open_is_not_pulled_from_under_it(record: Database, tmp_path: Path) -> None:
    back_up(record, tmp_path / "kept.db")
    database = Database(str(record.engine.url), record.clock)  # as another process would have it
    before = all_of(record)

    with pytest.raises(NotKept, match=r"is in use\. Stop the server first; nothing was changed\."):
        restore(tmp_path / "kept.db", database, force=True)

    assert all_of(record) == before
    database.close()


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_restored_file_is_read_by_whom_the_old_one_was(record: Database, tmp_path: Path) -> None:
    back_up(record, tmp_path / "kept.db")
    path = Path(str(record.engine.url.database))
    path.chmod(0o640)
    record.close()

    restore(tmp_path / "kept.db", record, force=True)

    assert stat.S_IMODE(path.stat().st_mode) == 0o640


NO_BACKUPS = {
    "a letter": (b"Dear Ada, how are you? " * 100, r"is no backup that can be read: file is not a database\."),
    "nothing": (b"", r"is no backup of a Brierboard\. Name one that `brierboard backup` wrote\."),
}


@pytest.mark.parametrize(("content", "told"), NO_BACKUPS.values(), ids=NO_BACKUPS)
def test_what_is_no_backup_is_not_restored(elsewhere: Database, tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "kept.db").write_bytes(content)

    with pytest.raises(NotKept, match=told):
        restore(tmp_path / "kept.db", elsewhere)

    assert sorted(one.name for one in tmp_path.iterdir()) == ["kept.db"]


def test_a_backup_that_is_not_there_is_named(elsewhere: Database, tmp_path: Path) -> None:
    with pytest.raises(NotKept, match=r"kept\.db cannot be read: No such file or directory\."):
        restore(tmp_path / "kept.db", elsewhere)


MEDDLED = {
    "a changed row": ("UPDATE comment SET text = 'Sun.'", r"a comment, has another content in “comment”"),
    "a changed entry": ("UPDATE journal_head SET seq = 3", r"the journal ends at entry \d+, but its head says 3"),
    "a newer Brierboard's": ("UPDATE alembic_version SET version_num = '9999'", "or by a newer one: .*9999"),
    "a dangling row": ("UPDATE comment SET question_id = 99", "refer by question_id to nothing in “question”"),
}


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(("statement", "told"), MEDDLED.values(), ids=MEDDLED)
def test_a_backup_that_was_meddled_with_is_not_restored(
    record: Database, elsewhere: Database, tmp_path: Path, statement: str, told: str
) -> None:
    file = tmp_path / "kept.db"
    back_up(record, file)
    with closing(library.connect(file)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement)
    elsewhere.prepare()
    before = all_of(elsewhere)

    with pytest.raises(NotKept, match=f"(?i){told}"):
        restore(file, elsewhere)

    assert all_of(elsewhere) == before
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_torn_backup_is_not_restored(record: Database, elsewhere: Database, tmp_path: Path) -> None:
    file = tmp_path / "kept.db"
    back_up(record, file)
    content = bytearray(file.read_bytes())
    content[8192 : 8192 + 4096 * 8] = bytes(4096 * 8)
    file.write_bytes(content)

    with pytest.raises(NotKept):
        restore(file, elsewhere)


# What `verify` looks at beside the journal


def test_a_whole_database_is_told_of_in_lines(record: Database) -> None:
    told = list(record.examine())

    assert told[-2].endswith(" columns refer to other rows, and each of those is there.")
    assert told[-1] == "6 triggers keep the record append-only, as they were made."
    assert told[:-2] == (["Every page of the file is whole."] if record.engine.dialect.name == "sqlite" else [])


CHANGED = {
    "sqlite": (
        "DROP TRIGGER entry_is_kept",
        (
            "CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry WHEN OLD.seq > 3 "
            "BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END"
        ),
    ),
    "postgresql": ("ALTER TABLE entry DISABLE TRIGGER entry_is_kept",),
}
GONE = {"sqlite": ("DROP TRIGGER entry_is_kept",), "postgresql": ("DROP TRIGGER entry_is_kept ON entry",)}
STRANGE = {
    "sqlite": ("CREATE TRIGGER sly AFTER INSERT ON forecast BEGIN DELETE FROM seat; END",),
    "postgresql": ("CREATE TRIGGER sly BEFORE DELETE ON entry EXECUTE FUNCTION entry_refusal()",),
}


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (CHANGED, "The trigger entry_is_kept was changed"),
        (GONE, "The trigger entry_is_kept is gone"),
        (STRANGE, "The trigger sly is none of ours"),
    ],
)
def test_a_trigger_that_is_not_as_it_was_made_is_found(
    database: Database, statements: dict[str, tuple[str, ...]], told: str
) -> None:
    with database.engine.begin() as connection:
        for statement in statements[connection.dialect.name]:
            connection.exec_driver_sql(statement)

    with pytest.raises(Unsound, match=told):
        list(database.examine())


def test_what_a_trigger_calls_is_looked_at_too(database: Database) -> None:
    if database.engine.dialect.name == "postgresql":
        with database.engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION entry_refusal() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RETURN OLD; END $$"
            )
        with pytest.raises(Unsound, match="The trigger entry_is_append_only was changed"):
            list(database.examine())
    else:
        assert list(database.examine())


def test_a_row_that_refers_to_nothing_is_found(database: Database, rain: Question, ada: Forecaster) -> None:
    with database.writing() as (session, moment):
        ledger.record(session, ada, rain, np.array([0.5, 0.5]), moment)
    tamper(database, "UPDATE position SET forecaster_id = 99")

    with pytest.raises(Unsound, match="1 of the rows of “position” refer by forecaster_id to nothing in “forecaster”"):
        list(database.examine())


def test_looking_changes_nothing(record: Database) -> None:
    before = all_of(record)

    list(record.examine())

    assert all_of(record) == before
