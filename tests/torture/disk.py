"""A disk that forgets at a power cut what nobody told it to keep, and SQLite on it, for the program as it is.

A VFS of SQLite's (https://www.sqlite.org/vfs.html) hands every write on to a real file, so that readers find it, and
keeps it aside until the file is synced. What survives a cut is the bytes of each file as of its latest sync, or, where
the cut is a torn one, these with any of the sectors that were written since, as a disk may have come to them.

Not simulated: the entries of folders (a file that was made is there), a disk that lies when it is told to sync, and
faults of the disk itself. What tells readers of the write-ahead log, the -shm file, never survives.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

import apsw

SECTOR = 512
NAME = "forgets"


@dataclass
class Kept:
    """A file: what of it is safe, and what was done to it since: (offset, data), or (length, None) for a cut tail."""

    safe: bytearray
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        """Make everything safe."""
        for place, data in self.since:
            _apply(self.safe, place, data)
        self.since.clear()

    def torn(self, random: Random) -> bytes:
        """What is safe, with half of the sectors that were written since, whichever."""
        found = bytearray(self.safe)
        for place, data in self.since:
            for start in range(0, len(data or b""), SECTOR):
                if random.random() < 0.5:
                    _apply(found, place + start, (data or b"")[start : start + SECTOR])
        return bytes(found)


def _apply(content: bytearray, place: int, data: bytes | None) -> None:
    if data is None:
        del content[place:]
        return
    content.extend(bytes(max(0, place - len(content))))
    content[place : place + len(data)] = data


@dataclass
class Disk:
    """What was written to which file, and what of it is safe; from a chosen step on, what was left by a cut.

    cut_at     before which write or sync the power goes; None while that is not chosen
    torn       what chooses the sectors that survive unsynced; None where none does
    noted      what was acknowledged, as of the cut
    left       what each file holds after the cut; None until then
    """

    files: dict[str, Kept] = field(default_factory=dict)
    cut_at: int | None = None
    torn: Random | None = None
    noted: dict[int, bytes] = field(default_factory=dict)
    left: Mapping[str, bytes] | None = None
    steps: int = 0
    _lock: Lock = field(default_factory=Lock)

    def opened(self, name: str) -> None:
        """Somebody opens a file. What is there already was there for long."""
        with self._lock:
            if name not in self.files:
                path = Path(name)
                self.files[name] = Kept(bytearray(path.read_bytes() if path.exists() else b""))

    def wrote(self, name: str, place: int, data: bytes | None) -> None:
        """Bytes were written, or (None) a tail was cut off."""
        with self._lock:
            self._step()
            self.files[name].since.append((place, data))

    def synced(self, name: str) -> None:
        """All that was done to a file is safe."""
        with self._lock:
            self._step()
            self.files[name].sync()

    def deleted(self, name: str) -> None:
        """A file is gone."""
        with self._lock:
            self.files.pop(name, None)

    def note(self, seq: int, receipt: bytes) -> None:
        """Somebody was told that their act is on record, unless the power went before."""
        with self._lock:
            if self.left is None:
                self.noted[seq] = receipt

    def _step(self) -> None:
        self.steps += 1
        if self.left is None and self.cut_at is not None and self.steps >= self.cut_at:
            torn = self.torn
            self.left = {
                name: bytes(kept.safe) if torn is None else kept.torn(torn) for name, kept in self.files.items()
            }


class Forgetful(apsw.VFS):
    """The machine's own VFS, of which a disk keeps account. Only one disk is in it at a time."""

    disk: Disk

    def __init__(self) -> None:
        super().__init__(NAME, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802  as apsw calls it
        """Open a file. One without a name is for the moment, and nobody looks for it after a cut."""
        return apsw.VFSFile("", name, flags) if name is None else File(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        """Take a file away."""
        super().xDelete(filename, syncdir)
        self.disk.deleted(filename)


class File(apsw.VFSFile):
    """A file of which a disk keeps account. It is not synced really: whether it would be is what is looked at."""

    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self.disk = disk
        self.path = name.filename() if isinstance(name, apsw.URIFilename) else name
        disk.opened(self.path)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        """Write for whoever reads, and keep it aside."""
        self.disk.wrote(self.path, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        """Cut the tail off."""
        self.disk.wrote(self.path, newsize, None)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        """Make safe what was kept aside."""
        self.disk.synced(self.path)


# SQLite on it, as SQLAlchemy speaks to it


class Cursor:
    """As much of a cursor as SQLAlchemy asks for."""

    arraysize = 1

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._cursor.exec_trace = self._look
        self.description: Sequence[tuple[Any, ...]] | None = None
        self.rowcount, self.lastrowid = -1, 0
        self._rows: Iterator[Any] = iter(())

    def _look(self, cursor: apsw.Cursor, statement: str, given: Any) -> bool:
        columns = cursor.get_description()
        self.description = [(name, None, None, None, None, None, None) for name, *_ in columns] or None
        return True

    def execute(self, statement: str, given: Sequence[Any] = ()) -> "Cursor":
        """Do one statement to its end, so that none is in progress when the transaction is ended."""
        self._rows = iter(self._cursor.execute(statement, tuple(given)).fetchall())
        self.rowcount = self._connection.changes()
        self.lastrowid = self._connection.last_insert_rowid()
        return self

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> "Cursor":
        """Do one statement for each of these."""
        self.rowcount = sum(self.execute(statement, row).rowcount for row in rows)
        return self

    def fetchone(self) -> Any:
        """The next row, None where there is none."""
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows."""
        return list(islice(self._rows, size or self.arraysize))

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return list(self._rows)

    def close(self) -> None:
        """Give back what it holds."""
        self._cursor.close()


class Connection:
    """As much of a connection as SQLAlchemy and forecasts/database.py ask for."""

    isolation_level: str | None = None

    def __init__(self, path: str) -> None:
        self._connection = apsw.Connection(path, vfs=NAME)

    @property
    def in_transaction(self) -> bool:
        """Whether there is a transaction."""
        return self._connection.in_transaction

    def cursor(self) -> Cursor:
        """Another cursor."""
        return Cursor(self._connection)

    def execute(self, statement: str) -> Cursor:
        """Do one statement."""
        return self.cursor().execute(statement)

    def create_function(self, *_: object, **__: object) -> None:
        """No statement of ours calls a function of Python's."""

    def commit(self) -> None:
        """End the transaction, if there is one."""
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Close it."""
        self._connection.close()


class Driver:
    """What stands in the place of SQLite's library; see forecasts/sqlite.py."""

    paramstyle = "qmark"
    sqlite_version_info = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    Error = DatabaseError = OperationalError = InterfaceError = ProgrammingError = NotSupportedError = apsw.Error
    InternalError = DataError = apsw.Error
    IntegrityError = apsw.ConstraintError
    Binary = bytes

    @staticmethod
    def connect(path: str, **_: Any) -> Connection:
        """Open a database on the disk that is in."""
        return Connection(path)


VFS = Forgetful()
