"""Keeping the record: a backup of all of it in one file, and the way from there into either engine.

A backup is a SQLite file with our tables, whichever engine it is of, copied row by row out of one consistent state. So
it holds nothing of what was deleted, and to move from SQLite to PostgreSQL or back is to restore a backup there. It is
written beside where it is to be, checked by reading it again, and only then given its name: no half of one is ever
taken for a whole. Only its owner may read it, as it holds all that the database does.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import sqlalchemy
from sqlalchemy import Column, Connection, Table, bindparam, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, col

from forecasts import faults, ledger, verification
from forecasts.clock import Clock
from forecasts.database import Database, Unusable
from forecasts.importing import Follow
from forecasts.models import Forecaster
from forecasts.soundness import Unsound
from forecasts.sqlite import library
from forecasts.terminal import shown
from questions.errors import Refusal
from questions.journal import Broken
from questions.models import Entry, Head

BATCH = 1000
"""Rows that are copied at once."""

FOLDS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file, by what follows the file's name."""


CALLED = (
    "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace "
    "AND prorettype = 'trigger'::regtype AND proname ~ '^(entry|forecast|checkpoint)_'"
)
"""What asks PostgreSQL for the functions that our triggers call, also where the triggers are gone."""


class NotKept(Refusal):
    """A backup that cannot be written or restored. Nothing was changed."""


@dataclass(frozen=True)
class Kept:
    """What a backup holds: how many entries of the journal, and the hash of the last one."""

    entries: int
    hash: str


def back_up(database: Database, file: Path, follow: Follow) -> Kept:
    """Write everything that the database holds at this moment into one file. Others may read and write meanwhile.

    Raises NotKept where the file is there already or cannot be written, or what is to be kept does not hold.
    """
    if file.exists() or file.is_symlink():
        raise NotKept(f"{shown(file)} is there already. Name another file, or move that one away.")
    for _ in database.examine():
        pass
    with _beside(file) as draft, _made(draft, database.clock) as copy:
        copy.prepare()
        with database.reading() as session, copy.changing_schema() as connection:
            _pour(session.connection(), connection, follow)
        kept = _proven(copy, follow, f"What {shown(file)} would hold is not the record as it was made")
        _settle(copy, draft)
        _publish(draft, file)
    return kept


def restore(file: Path, database: Database, follow: Follow, *, force: bool = False) -> Kept:
    """Let a database hold what a backup does, and nothing else, all or nothing.

    The backup is checked first, and brought to what this Brierboard makes of it. Raises NotKept where it does not hold,
    and where the database holds anything already, unless it is forced.
    """
    into = _path(database)
    if not force and _holds(database, into):
        raise NotKept(
            f"The database {database.name} holds something already. To lose that and have the backup instead, say "
            "--force; nothing was changed."
        )
    with _beside(into or Path(gettempdir()) / file.name) as draft:
        _take(file, draft)
        with _made(draft, database.clock) as copy:
            _bring_up(copy, file, follow)
            kept = _proven(copy, follow, f"{shown(file)} does not hold what a record must")
            if into is None:
                _pour_anew(copy, database, follow)
            _settle(copy, draft)
        if into is not None:
            _release(database, into, draft)
            _publish(draft, into)
    return kept


def _path(database: Database) -> Path | None:
    """The file that holds the database, None where a server does."""
    return Path(database.engine.url.database or "").resolve() if database.engine.dialect.name == "sqlite" else None


def _holds(database: Database, file: Path | None) -> bool:
    """Whether there is anything to lose: an entry, somebody, or tables that are not ours; a hurt file counts too."""
    if file is not None and (not file.exists() or not file.stat().st_size):
        return False
    try:
        with database.engine.connect() as connection:
            there = set(inspect(connection).get_table_names())
            people = sqlalchemy.select(col(Forecaster.id)).where(col(Forecaster.kind).in_(("person", "bot", "source")))
            wanted = {"entry": sqlalchemy.select(col(Entry.seq)), "forecaster": people}
            rows = [connection.execute(wanted[name].limit(1)).first() for name in wanted if name in there]
            return bool(there - {*SQLModel.metadata.tables, "alembic_version"}) or any(rows)
    except DBAPIError as error:
        if file is None:
            raise Unusable(
                f"The database {database.name} cannot be used: {faults.reason(error)}. {faults.remedy(error)}"
            ) from error
        return True


# What is restored


def _take(file: Path, draft: Path) -> None:
    """Copy a backup, as it may have to be migrated. Raises NotKept where it is none."""
    try:
        file.open("rb").close()
        with closing(library.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source:
            known = {name for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not known >= {"alembic_version", "entry", "journal_head"}:
                raise NotKept(f"{shown(file)} is no backup of a Brierboard. Name one that `brierboard backup` wrote.")
            with closing(library.connect(draft)) as target:
                source.backup(target)
    except library.Error as error:
        raise NotKept(f"{shown(file)} is no backup that can be read: {error}. Name another one.") from error
    except OSError as error:
        raise NotKept(f"{shown(file)} cannot be read: {error.strerror}.") from error


def _bring_up(copy: Database, file: Path, follow: Follow) -> None:
    """Migrate a copy of a backup to what this Brierboard keeps, and work out what is missing since."""
    try:
        copy.prepare()
    except Unusable as error:
        raise NotKept(str(error).replace(copy.name, shown(file))) from error
    with copy.reading() as session:
        if not ledger.behind(session):
            return
    with copy.writing() as (session, _):
        for question in follow(ledger.behind(session), "Working out scores"):
            ledger.renew(session, question)


def _pour_anew(copy: Database, database: Database, follow: Follow) -> None:
    """Make the tables of a server anew and fill them, in one transaction, which holds only if the journal does."""
    try:
        with copy.reading() as session, database.changing_schema() as connection:
            _clear(connection)
            database.make(connection)
            _pour(session.connection(), connection, follow)
            with Session(connection, join_transaction_mode="create_savepoint") as poured:
                for _ in verification.verify(poured, follow=follow):
                    pass
    except DBAPIError as error:
        told = f"{faults.reason(error)}. {faults.remedy(error)}"
        raise NotKept(f"The database {database.name} cannot be restored: {told} Nothing was changed.") from error


def _clear(connection: Connection) -> None:
    """Take our tables away, and what their triggers call."""
    called = connection.exec_driver_sql(CALLED).scalars().all()
    for name in (*SQLModel.metadata.tables, "alembic_version"):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name} CASCADE")
    for name in called:
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {name}")


def _release(database: Database, file: Path, draft: Path) -> None:
    """Make sure that nobody has the file open, take away what is beside it, and let its successor be whose it was.

    To leave the write-ahead log is granted only to who is alone with a file. One that is hurt has nothing to say.
    """
    database.close()
    if file.exists():
        try:
            with closing(library.connect(file, timeout=1)) as connection:
                connection.execute("PRAGMA journal_mode=DELETE")
        except library.DatabaseError as error:
            if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise NotKept(f"{shown(file)} is in use. Stop the server first; nothing was changed.") from error
        was = file.stat()
        draft.chmod(was.st_mode & 0o777)
        with suppress(PermissionError):
            os.chown(draft, was.st_uid, was.st_gid)
    for fold in FOLDS:
        Path(f"{file}{fold}").unlink(missing_ok=True)


# A file that is not there before it is whole


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """An empty file beside where one is to be, that nobody else may read; it is gone afterwards, whatever happens."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield draft
    except OSError as error:
        raise NotKept(f"{shown(file)} cannot be written: {error.strerror}. Nothing was changed.") from error
    except DBAPIError as error:
        raise NotKept(f"{shown(file)} cannot be written: {faults.reason(error)}. Nothing was changed.") from error
    finally:
        for fold in ("", *FOLDS):
            with suppress(OSError):
                Path(f"{draft}{fold}").unlink(missing_ok=True)


@contextmanager
def _made(draft: Path, clock: Clock) -> Iterator[Database]:
    """The database in a file of ours."""
    database = Database(f"sqlite:///{draft}", clock)
    try:
        yield database
    finally:
        database.close()


def _settle(copy: Database, draft: Path) -> None:
    """Let one file hold everything, as a write-ahead log beside it would be left behind."""
    copy.close()
    with closing(library.connect(draft)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _publish(draft: Path, file: Path) -> None:
    """Give a file its name once it is on the disk."""
    _sync(draft)
    draft.replace(file)
    _sync(file.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _proven(copy: Database, follow: Follow, otherwise: str) -> Kept:
    """What it holds, once all that `brierboard verify` asks was found to hold. Raises NotKept."""
    try:
        for _ in copy.examine():
            pass
        with copy.reading() as session:
            for _ in verification.verify(session, follow=follow):
                pass
            head = session.get_one(Head, 1)
            return Kept(head.seq, head.hash.hex())
    except (Broken, Unsound) as fault:
        raise NotKept(f"{otherwise}: {fault} Nothing was changed; run brierboard verify.") from fault


# Rows


def _pour(source: Connection, target: Connection, follow: Follow) -> None:
    """Let our tables hold there what they hold here, and nothing else."""
    tables = SQLModel.metadata.sorted_tables
    for table in reversed(tables):
        if target.execute(select(func.count()).select_from(table)).scalar_one():
            target.execute(table.delete())
    for table in tables:
        _copy(source, target, table, follow)
        column = table.autoincrement_column
        if target.dialect.name == "postgresql" and column is not None and not column.foreign_keys:
            top = func.max(column)  # new rows are numbered from behind those that were copied
            counter = func.pg_get_serial_sequence(table.name, column.name)
            target.execute(select(func.setval(counter, func.coalesce(top, 1), top.is_not(None))))


def _copy(source: Connection, target: Connection, table: Table, follow: Follow) -> None:
    """Add the rows of a table there. What refers to others of the same table does so once all of them are there."""
    inward = [key.parent for key in table.foreign_keys if key.column.table is table]
    links: list[tuple[Column[Any], dict[str, Any]]] = []
    count = source.execute(select(func.count()).select_from(table)).scalar_one()
    ordered = select(table).order_by(*table.primary_key.columns)
    with source.execute(ordered, execution_options={"yield_per": BATCH}) as found:
        parts = found.mappings().partitions()
        for _ in follow(range(0, count, BATCH), f"Copying {table.name}"):
            rows = next(parts)
            target.execute(table.insert(), [dict(row) | {column.name: None for column in inward} for row in rows])
            links += [(one, {"own": row["id"], "to": row[one.name]}) for row in rows for one in inward if row[one.name]]
    for column, link in links:
        linked = table.update().where(table.c.id == bindparam("own")).values({column: bindparam("to")})
        target.execute(linked, link)
