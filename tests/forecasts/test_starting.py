"""What the program does with a database that it cannot use: one sentence, exit code 1, and nothing is changed."""

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

import pytest

from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.sqlite import library
from questions.models import Question
from tests import program
from tests.cast import MovedClock, everything, say, tamper
from tests.volume import Volume, mounted

PAGE = 4096


Told = tuple[int | None, str, str]


def start(url: str, folder: Path, act: Callable[[list[str]], None] = program._brierboard) -> Told:
    """Start the server. Its exit code, what it printed, and what it said on standard error; it must end by itself."""
    environment = {
        "PATH": os.defpath, "BRIERBOARD_DATABASE_URL": url, "BRIERBOARD_PORT": "0", "PYTHONWARNINGS": "error",
    }  # fmt: skip
    with TemporaryDirectory() as name:
        streams = [Path(name) / stream for stream in program.STREAMS]
        process = program.begin(act, (["serve"],), folder, environment, streams)
        process.join(program.PATIENCE)
        process.kill()
        return process.exitcode, streams[1].read_text(), streams[2].read_text()


def as_nobody(words: list[str]) -> None:
    """As whom nothing here belongs to; whatever may have to be read for that is read before."""
    ours = (f"forecasts.{name}" for name in ("cli", "database", "clock", "ledger", "invitations", "wire"))
    for name in (*ours, "encodings.idna", "rich.progress"):
        import_module(name)
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    program._brierboard(words)


def refused(told: Told, *parts: str) -> None:
    """It ended with one sentence, or two where one says what to do, in which all of these stand."""
    assert told[:2] == (1, "")
    assert told[2].count("\n") == 1, told[2]
    assert [part for part in parts if part not in told[2]] == [], told[2]


@pytest.fixture
def record(database: Database, rain: Question, ada: Forecaster) -> Database:
    """Fifty forecasts, so that the file has pages enough."""
    for number in range(50):
        say(database, ada, rain, number / 50)
    return database


@pytest.fixture
def file(record: Database) -> Path:
    """The record's file, with nothing beside it."""
    path = Path(str(record.engine.url.database))
    record.close()
    with closing(library.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Volume]:
    """A disk of two megabytes."""
    with mounted(tmp_path / "disk", 2 << 20) as found:
        yield found


def test_a_database_of_a_newer_version_is_left_alone(record: Database, url: str, tmp_path: Path) -> None:
    with record.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = everything(record)

    refused(start(url, tmp_path), "by a newer one", "'9999'", "Start the newer one; nothing was changed.")

    assert everything(record) == before


def test_a_database_that_lacks_a_trigger_is_left_alone(record: Database, url: str, tmp_path: Path) -> None:
    tamper(record)
    before = everything(record)

    refused(start(url, tmp_path), "The database lacks the trigger checkpoint_is", "Restore it from a backup")

    assert everything(record) == before


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_file_that_begins_with_garbage_is_left_alone(file: Path, url: str, tmp_path: Path) -> None:
    content = os.urandom(100) + file.read_bytes()[100:]
    file.write_bytes(content)

    refused(start(url, tmp_path), "file is not a database. Check BRIERBOARD_DATABASE_URL", "brierboard restore")

    assert file.read_bytes() == content


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_file_with_a_torn_page_in_its_middle_is_left_alone(file: Path, url: str, tmp_path: Path) -> None:
    with closing(library.connect(file)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'forecast'").fetchone()[0]
    content = bytearray(file.read_bytes())
    content[(root - 1) * PAGE : (root - 1) * PAGE + PAGE // 2] = os.urandom(PAGE // 2)
    file.write_bytes(content)

    refused(start(url, tmp_path), "The database's file is damaged", "Restore it from a backup: brierboard restore")

    assert file.read_bytes() == content


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_file_cut_short_is_left_alone(file: Path, url: str, tmp_path: Path) -> None:
    content = file.read_bytes()[: PAGE * 9]
    file.write_bytes(content)

    refused(start(url, tmp_path), "brierboard restore FILE --force")

    assert file.read_bytes() == content


def test_a_full_disk_lets_no_database_begin(disk: Volume, tmp_path: Path) -> None:
    disk.fill(but=24 * PAGE)
    url = f"sqlite:///{disk.folder}/brierboard.db"

    refused(start(url, tmp_path), "cannot be used: database or disk is full. Make room on its disk and start again.")

    disk.empty()
    database = Database(url, MovedClock(None))  # type: ignore[arg-type]
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
    database.close()


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_disk_that_may_only_be_read_lets_no_server_begin(file: Path, disk: Volume, tmp_path: Path) -> None:
    path = Path(copy(file, disk.folder))
    content = path.read_bytes()

    with disk.only_read():
        told = start(f"sqlite:///{path}", tmp_path)

    refused(told, "cannot be used: ", "Whoever runs Brierboard must be allowed to read and write")
    assert path.read_bytes() == content
    assert [one.name for one in disk.folder.iterdir()] == [path.name]


MODES = {
    "a file that may not be read": (
        0o600,
        0o777,
        "cannot be used: unable to open database file. Check BRIERBOARD",
    ),
    "a file that may only be read": (
        0o444,
        0o777,
        "The database may only be read, so nothing was written. Let",
    ),
    "a folder that may only be read": (0o666, 0o555, "cannot be used: attempt to write a readonly database. Let who"),
}


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(("of_file", "of_folder", "reason"), MODES.values(), ids=MODES)
def test_what_may_not_be_read_and_written_is_named(
    file: Path, tmp_path: Path, of_file: int, of_folder: int, reason: str
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name) / "kept"
        folder.mkdir()
        path = Path(copy(file, folder))
        path.chmod(of_file)
        folder.chmod(of_folder)
        folder.parent.chmod(0o755)
        content = path.read_bytes()

        told = start(f"sqlite:///{path}", tmp_path, as_nobody)

        refused(told, reason, "write")
        assert path.read_bytes() == content


def test_a_server_that_lets_nobody_write_is_named(record: Database, url: str, tmp_path: Path) -> None:
    if record.engine.dialect.name == "postgresql":
        readonly = f"{url}&options=-c%20default_transaction_read_only%3Don"
        with record.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0007'")

        refused(start(readonly, tmp_path), "in a read-only transaction. Let Brierboard write to it")
    else:
        assert record.engine.dialect.name == "sqlite"  # of which the tests above tell
