"""The database: engine, pragmas, migrations, transactions. The only file that begins, commits or rolls back."""

import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, event
from sqlmodel import Session

import forecasts.models  # noqa: F401  the tables must be known before the first session
from forecasts import faults, soundness
from forecasts.clock import Clock
from forecasts.history import KeptPaths
from forecasts.signing import Signer
from forecasts.sqlite import library
from forecasts.turns import Turns
from questions import journal
from questions.errors import Refusal, WritingRefused


class Writing(Protocol):
    """How a verb is given the record to write to; see Database.writing."""

    def __call__(self, *, alone: bool = False) -> AbstractContextManager[tuple[Session, datetime]]: ...


MIGRATIONS = Path(__file__).parent.parent / "migrations"
POOL = {"pool_size": 8, "max_overflow": 56}
"""More than the server ever uses at once: nobody who holds the writer's turn may have to wait for a connection."""

MOST_TOGETHER = 64
"""How many write in one transaction before others who wait get one of their own."""

TRIGGERS = {f"{table}_is_{how}" for table in ("entry", "forecast", "checkpoint") for how in ("append_only", "kept")}


class Unusable(Refusal):
    """The database cannot be opened, or is not one of ours."""


class Batch:
    """One transaction, in which several act one after another, each in a savepoint of their own.

    acts     how many have acted so far
    broken   why nothing of it can be written, though its acts were allowed; None while that is not so
    written  whether all of it is on the disk
    """

    def __init__(self, engine: Engine) -> None:
        self.connection = engine.connect()
        try:
            self.transaction = self.connection.begin()
        except BaseException:
            self.connection.close()
            raise
        self.acts, self.written = 0, False
        self.broken: Exception | None = None
        self._over = threading.Event()

    @property
    def is_full(self) -> bool:
        """Whether others are to write in a transaction of their own: this one takes no more, or is broken."""
        return self.acts >= MOST_TOGETHER or self.broken is not None

    @contextmanager
    def act(self) -> Iterator[Session]:
        """A session of one who acts; what it did is undone alone when it raises."""
        session = Session(self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        self.acts += 1
        try:
            with session, session.begin():
                yield session
        except Exception as error:
            if not self._stands():
                self.broken = error
            raise

    def _stands(self) -> bool:
        """Whether there still is a transaction: a full disk makes SQLite undo all of it, not the savepoint alone."""
        if self.connection.invalidated or not self.transaction.is_active:
            return False
        raw: Any = self.connection.connection.dbapi_connection
        return bool(getattr(raw, "in_transaction", True))

    def end(self) -> None:
        """Write it to the disk, and let everybody who acted in it go on."""
        try:
            with self.connection:
                if self.broken is None:
                    self.transaction.commit()
                    self.written = True
                else:
                    self.transaction.rollback()
        except sqlalchemy.exc.SQLAlchemyError as error:
            self.broken = self.broken or error
        finally:
            self._over.set()

    def wait(self) -> None:
        """Until all of it is on the disk. Raises why it is not."""
        self._over.wait()
        if not self.written:
            raise self.broken or WritingRefused("The record was not written to. Nothing was changed; try again.")


class Database:
    """One database and the clock that its acts are recorded by.

    crowds keeps what was computed of questions, by id and revision; see forecasts/history.py.
    boards keeps what boards are made of, by how often questions have changed; see forecasts/boards.py.
    signer signs checkpoints of what is written, None where nobody does; see forecasts/checkpoints.py.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.clock = clock
        self.engine = _engine(url)
        self.crowds = KeptPaths()
        self.boards: dict[Any, Any] = {}
        self.signer: Signer | None = None
        sqlite = self.engine.dialect.name == "sqlite"
        self._readers = self.engine if sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        self._writers = self.engine.execution_options(writes=True)
        self._turns: Turns[Batch] = Turns()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one consistent state and writes nothing."""
        with Session(self._readers, info={"crowds": self.crowds, "boards": self.boards}, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[tuple[Session, datetime]]:
        """A session that holds the one writer's lock, and the moment at which all in it is recorded.

        Everything is durable when the block is left; nothing of it is written when it raises. Who waits meanwhile goes
        on in the same transaction, and one wait for the disk serves them all: each in a savepoint of its own, so that
        what one may not do is undone by itself, and each goes on once all of it is on the disk. What takes long is
        done `alone`, so that nobody waits for it who was before it.
        """
        with _explained():
            batch = self._turns.take(joins=not alone) or self._begin()
            try:
                with batch.act() as session:
                    session.info["signer"] = self.signer
                    yield session, journal.hold(session, self.clock.now)
            finally:
                self._end(batch, alone=alone)

    def _begin(self) -> Batch:
        try:
            return Batch(self._writers)
        except BaseException:
            self._turns.pass_on()
            raise

    def _end(self, batch: Batch, *, alone: bool) -> None:
        """Hand the transaction on to whoever waits, or end it; either way, go on once it is over."""
        if alone or batch.is_full or not self._turns.share(batch):
            try:
                batch.end()
            finally:
                self._turns.pass_on()
        batch.wait()

    def forget(self) -> None:
        """Take out of the files what was erased. In the tables it is gone already; here it might be found by looking.

        SQLite overwrites what it deletes, and keeps what it was in its write-ahead log until that is emptied, which
        waits for whoever reads. PostgreSQL keeps it until it sweeps, which it does by itself and here at once.
        """
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                raw: Any = connection.connection.dbapi_connection
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            else:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.exec_driver_sql("VACUUM entry, comment, forecast, forecaster")

    def renew(self, session: Session) -> None:
        """Let a reading session see what was written since it began."""
        session.rollback()

    def require(self) -> None:
        """Raise Unusable where there is no database yet: who only looks makes none."""
        path = self.engine.url.database or ""
        if self.engine.dialect.name == "sqlite" and not Path(path).exists():
            raise Unusable(f"There is no database {path}. Check BRIERBOARD_DATABASE_URL, or start the server first.")

    def prepare(self) -> None:
        """Create or migrate the tables, once, whichever process comes first. Raises Unusable, changing nothing."""
        try:
            self._migrate()
        except sqlalchemy.exc.DBAPIError as error:
            raise Unusable(
                f"The database {self.name} cannot be used: {faults.reason(error)}. {faults.remedy(error)}"
            ) from error
        except CommandError as error:
            raise Unusable(
                f"The database {self.name} was not made by this Brierboard, or by a newer one: {error}. "
                "Start the newer one; nothing was changed."
            ) from error

    def require_whole(self) -> None:
        """Raise Unsound where a page of SQLite's file is damaged: whoever serves from it would not see all of it."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                soundness.require_whole(connection)

    def examine(self) -> Iterator[str]:
        """Check everything that the record rests on, saying in lines what was checked. Raises Unsound."""
        return soundness.check(self.engine, alembic_config())

    def _migrate(self) -> None:
        newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
        with self.engine.connect() as connection:
            if MigrationContext.configure(connection).get_current_revision() == newest:
                _require_triggers(connection)
                return
        with self.changing_schema() as connection:
            self.make(connection)

    def make(self, connection: Connection) -> None:
        """Create or migrate the tables in a transaction that was begun by `changing_schema`."""
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _require_triggers(connection)

    @contextmanager
    def changing_schema(self) -> Iterator[Connection]:
        """A connection for migrations, one process at a time; all of a migration happens or none of it.

        SQLite rebuilds a table to alter it, which with foreign keys on would delete every row that depends on it:
        they are off here, and checked before the end.
        """
        self._turns.take(joins=False)
        try:
            with self._writers.connect() as connection, _changing(connection):
                yield connection
        finally:
            self._turns.pass_on()

    @property
    def name(self) -> str:
        """The database's address without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


@contextmanager
def _explained() -> Iterator[None]:
    """Raise WritingRefused instead of what the database says where it cannot write, and a person can mend that."""
    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        if sentence := faults.why_not_written(error):
            raise WritingRefused(sentence) from error
        raise


@contextmanager
def _changing(connection: Connection) -> Iterator[None]:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        _foreign_keys(connection, on=False)
    try:
        with connection.begin():
            if not sqlite:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7238915)")
            yield
            if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise Unusable("The migration would leave rows that point nowhere, so nothing was changed.")
    finally:
        if sqlite:
            _foreign_keys(connection, on=True)


def alembic_config() -> Config:
    """Alembic's configuration for our migrations, wherever the program is started from."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _engine(url: str) -> Engine:
    """What was typed stands in no error, and so in no log."""
    try:
        address = sqlalchemy.make_url(url)
        sqlite = address.get_backend_name() == "sqlite"
        if sqlite:
            _require_file(address)
        engine = sqlalchemy.create_engine(
            address, hide_parameters=True, **POOL, **({"module": library} if sqlite else {})
        )  # fmt: skip
    except (sqlalchemy.exc.ArgumentError, ModuleNotFoundError, ValueError) as error:
        raise Unusable(
            f"“{re.sub('//.*@', '//..@', url)}” is not a database's address. Write sqlite:///FILE or "
            "postgresql+psycopg://USER@HOST/NAME into BRIERBOARD_DATABASE_URL."
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _require_file(address: URL) -> None:
    """Raise Unusable for a database in memory: all of it would be lost at the stop."""
    name, query = address.database or "", address.query
    if not name or ":memory:" in name or query:
        raise Unusable(
            f"“{address.render_as_string()}” names no file, or more than one. Write sqlite:///FILE into "
            "BRIERBOARD_DATABASE_URL."
        )


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, so that DDL is transactional too
    for pragma in ("busy_timeout=10000", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _use_wal(connection)


def _use_wal(connection: Any, attempts: int = 200) -> None:
    """Turn the write-ahead log on. SQLite does not wait for others who do so at the same moment, so we do."""
    for left in reversed(range(attempts)):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except library.OperationalError as error:
            if "locked" not in str(error) or not left:
                raise
            threading.Event().wait(0.05)
        else:
            return


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    """Outside of any transaction, where alone SQLite obeys."""
    raw: Any = connection.connection.dbapi_connection
    raw.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _require_triggers(connection: Connection) -> None:
    tables = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger",
    }
    found = {name for (name,) in connection.exec_driver_sql(tables[connection.dialect.name])}
    if missing := sorted(TRIGGERS - found):
        raise Unusable(
            f"The database lacks the trigger {', '.join(missing)}, which keeps the record append-only. "
            "Restore it from a backup; nothing was changed."
        )
