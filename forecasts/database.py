"""The database: engine, pragmas, migrations, transactions. The only file that begins, commits or rolls back."""

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, event
from sqlmodel import Session

import forecasts.models  # noqa: F401  the tables must be known before the first session
from forecasts.clock import Clock
from forecasts.history import KeptPaths
from questions import journal
from questions.errors import Refusal

Writing = Callable[[], AbstractContextManager[tuple[Session, datetime]]]
MIGRATIONS = Path(__file__).parent.parent / "migrations"
POOL = {"pool_size": 8, "max_overflow": 56}
"""More than the server ever uses at once: nobody who holds the writer's turn may have to wait for a connection."""

TRIGGERS = {"entry_is_append_only", "entry_is_kept", "forecast_is_append_only", "forecast_is_kept"}


class Unusable(Refusal):
    """The database cannot be opened, or is not one of ours."""


class Database:
    """One database and the clock that its acts are recorded by.

    crowds keeps what was computed of questions, by id and revision; see forecasts/history.py.
    boards keeps what boards are made of, by how often questions have changed; see forecasts/boards.py.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.clock = clock
        self.engine = _engine(url)
        self.crowds = KeptPaths()
        self.boards: dict[Any, Any] = {}
        sqlite = self.engine.dialect.name == "sqlite"
        self._readers = self.engine if sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        self._writers = self.engine.execution_options(writes=True)
        self._turn: AbstractContextManager[Any] = threading.Lock() if sqlite else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one consistent state and writes nothing."""
        with Session(self._readers, info={"crowds": self.crowds, "boards": self.boards}, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[tuple[Session, datetime]]:
        """A session that holds the one writer's lock, and the moment at which all in it is recorded.

        Everything is durable when the block is left; nothing is written when it raises.
        """
        session = Session(self._writers, expire_on_commit=False)
        with self._turn, session, session.begin():
            yield session, journal.hold(session, self.clock.now)

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
            reason = str(error.orig).strip().splitlines()[0]
            raise Unusable(
                f"The database {self.name} cannot be used: {reason}. Check BRIERBOARD_DATABASE_URL."
            ) from error
        except CommandError as error:
            raise Unusable(
                f"The database {self.name} was not made by this Brierboard, or by a newer one: {error}. "
                "Start the newer one; nothing was changed."
            ) from error

    def _migrate(self) -> None:
        newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
        with self.engine.connect() as connection:
            if MigrationContext.configure(connection).get_current_revision() == newest:
                _require_triggers(connection)
                return
        with self.changing_schema() as connection:
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
        sqlite = self.engine.dialect.name == "sqlite"
        with self._turn, self._writers.connect() as connection:
            if sqlite:
                _foreign_keys(connection, on=False)
            try:
                with connection.begin():
                    if not sqlite:
                        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7238915)")
                    yield connection
                    if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                        raise Unusable("The migration would leave rows that point nowhere, so nothing was changed.")
            finally:
                if sqlite:
                    _foreign_keys(connection, on=True)

    @property
    def name(self) -> str:
        """The database's address without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def alembic_config() -> Config:
    """Alembic's configuration for our migrations, wherever the program is started from."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _engine(url: str) -> Engine:
    """What was typed stands in no error, and so in no log."""
    try:
        address = sqlalchemy.make_url(url)
        if address.get_backend_name() == "sqlite":
            _require_file(address)
        engine = sqlalchemy.create_engine(address, hide_parameters=True, **POOL)
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
    for pragma in ("busy_timeout=10000", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _use_wal(connection)


def _use_wal(connection: Any, attempts: int = 200) -> None:
    """Turn the write-ahead log on. SQLite does not wait for others who do so at the same moment, so we do."""
    for left in reversed(range(attempts)):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
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
