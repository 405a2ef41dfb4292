"""The power fails while people write: what was acknowledged is there when it is back, at whatever moment it went."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import event
from sqlmodel import select

from forecasts.database import Database
from forecasts.models import Forecaster
from questions import journal
from questions.errors import NotResolvable
from questions.models import Entry, Question
from tests.cast import NOON, MovedClock, annul, draft, entries, join, publish, reopen, say
from tests.torture.disk import VFS, Disk, Driver, Kept
from tests.torture.measure import lost, measure, verified

CUTS = measure(50, 3)
PEOPLE = 4
LATEST = 4_000
"""Steps of the disk within which the power goes: a hundred acts or so, and the log is taken into the file."""

START = ("brierboard.db", "brierboard.db-wal")


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """A folder with a database on which some questions are open."""
    folder = tmp_path / "start"
    folder.mkdir()
    database = Database(f"sqlite:///{folder / START[0]}", MovedClock(NOON))
    database.prepare()
    publish(database, *(draft(f"rain-{number}") for number in range(PEOPLE)))
    for number in range(PEOPLE):
        join(database, f"person-{number}", "moderator")
    database.close()
    return folder


@contextmanager
def on_the_disk(folder: Path, disk: Disk) -> Iterator[Database]:
    VFS.disk = disk
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forecasts.database.library", Driver)
        database = Database(f"sqlite:///{folder / START[0]}", MovedClock(NOON))
    try:
        yield database
    finally:
        database.close()


def cut_while_they_write(
    folder: Path, disk: Disk, settle: Callable[[Database], object] = lambda database: None
) -> None:  # fmt: skip
    """Everybody writes until the power has gone; the disk then has what is left."""
    with on_the_disk(folder, disk) as database, ThreadPoolExecutor(PEOPLE) as threads:
        settle(database)
        with database.reading() as session:
            people = session.exec(select(Forecaster).where(Forecaster.role == "moderator")).all()
            questions = session.exec(select(Question)).all()
        done = [threads.submit(write, database, disk, *pair) for pair in zip(people, questions, strict=True)]
        for one in done:
            one.result()


def write(database: Database, disk: Disk, who: Forecaster, question: Question) -> None:
    """Forecast, annul and reopen, and note what was acknowledged, for as long as there is power."""
    with suppress(NotResolvable):
        reopen(database, who, question)  # which the cut before may have left annulled
    acts: tuple[Callable[[], int], ...] = (
        *(lambda: say(database, who, question, 0.3).entry,) * 8,
        lambda: annul(database, who, question).entry,
        lambda: reopen(database, who, question).entry,
    )
    while disk.left is None:
        for act in acts:
            seq = act()
            with database.reading() as session:
                disk.note(seq, session.get_one(Entry, seq).hash)


def survivors(disk: Disk, folder: Path) -> Path:
    """What is left, as files in a new folder."""
    folder.mkdir()
    assert disk.left is not None
    for name, content in disk.left.items():
        if Path(name).name in START:
            (folder / Path(name).name).write_bytes(content)
    return folder


def missing(folder: Path, disk: Disk) -> list[int]:
    """Start on what is left, which must hold, as the program does. The acts that were acknowledged and are gone."""
    database = Database(f"sqlite:///{folder / START[0]}", MovedClock(NOON))
    try:
        database.prepare()
        verified(database)
        return lost(database, disk.noted)
    finally:
        database.close()


@pytest.mark.parametrize("torn", [False, True], ids=["what was synced", "and some of the rest"])
def test_a_power_cut_loses_nothing_that_was_acknowledged(start: Path, tmp_path: Path, torn: bool) -> None:
    """Each cut falls on what the one before it left, ten times over."""
    random, folder, noted = Random(2026), start, 0
    for number in range(CUTS):
        if number % 10 == 0:
            folder = Path(shutil.copytree(start, tmp_path / f"from-{number}"))
        disk = Disk(cut_at=random.randrange(1, LATEST), torn=random if torn else None)
        cut_while_they_write(folder, disk)
        folder = survivors(disk, tmp_path / f"left-{number}")

        assert missing(folder, disk) == []
        noted += len(disk.noted)
    print(f"\n{CUTS} power cuts, {noted} acts acknowledged before them, 0 lost")
    assert noted > CUTS


def careless(database: Database) -> None:
    """Set the database to wait for no disk, as many programs do."""

    @event.listens_for(database.engine, "connect")
    def wait_for_nothing(connection: object, record: object) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")  # type: ignore[attr-defined]


def test_the_same_cuts_do_lose_what_nobody_waited_for(start: Path, tmp_path: Path) -> None:
    """So the disk forgets as it should. What is left still holds: it is earlier, not broken."""
    random, gone, noted = Random(2026), 0, 0
    for number in range(CUTS):
        disk, folder = Disk(cut_at=random.randrange(1, LATEST)), shutil.copytree(start, tmp_path / f"from-{number}")
        cut_while_they_write(Path(folder), disk, careless)

        gone += len(missing(survivors(disk, tmp_path / f"left-{number}"), disk))
        noted += len(disk.noted)
    print(f"\n{CUTS} power cuts with synchronous=NORMAL, {noted} acts acknowledged before them, {gone} lost")
    assert gone > CUTS


def test_the_disk_keeps_what_was_synced_and_forgets_the_rest() -> None:
    disk = Disk(cut_at=5)
    disk.opened("file")
    disk.wrote("file", 0, b"first")
    disk.synced("file")
    disk.wrote("file", 2, b"later")
    disk.wrote("file", 3, None)
    disk.note(1, b"before")

    disk.synced("file")
    disk.note(2, b"after")

    assert disk.left == {"file": b"first"}
    assert bytes(disk.files["file"].safe) == b"fil"
    assert disk.noted == {1: b"before"}


def test_a_torn_cut_leaves_whole_sectors_of_what_was_not_synced() -> None:
    kept = Kept(bytearray(b"a" * 2048), [(0, b"b" * 2048)])

    found = kept.torn(Random(1))

    sectors = [found[start : start + 512] for start in range(0, 2048, 512)]
    assert set(sectors) == {b"a" * 512, b"b" * 512}


def test_the_program_is_set_up_on_this_disk_as_on_any_other(start: Path) -> None:
    """The log is written ahead, and every commit waits for the disk."""
    disk = Disk()
    with on_the_disk(start, disk) as database:
        with database.engine.connect() as connection:
            modes = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        join(database, "Ada")

        assert modes == ["wal", 2, 1]
        assert disk.files[str(start / START[1])].since == []
        assert entries(database)[0].actor == journal.OPERATOR
