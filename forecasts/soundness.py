"""What a database must be before its record can hold: whole pages, references that lead somewhere, triggers as made.

What a trigger must be is not written down a second time: the migrations make all of them anew where nobody else is, in
memory or in a scratch schema that is never committed, and the two are compared.
"""

from collections.abc import Iterator, Mapping

import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from forecasts import faults
from forecasts.sqlite import library
from questions.errors import Refusal

SCRATCH = "brierboard_scratch"

TRIGGERS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT t.tgname, concat_ws(' ', replace(pg_get_triggerdef(t.oid), current_schema() || '.', ''), "
        "t.tgenabled, p.prosrc) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
    ),
}
"""What asks for each trigger and everything that it does."""


class Unsound(Refusal):
    """The database is hurt, or was meddled with, below what the journal tells of."""


def check(engine: Engine, config: Config) -> Iterator[str]:
    """Check it, saying in lines what was checked. Raises Unsound with what does not hold first.

    config  how the migrations are found
    """
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                require_whole(connection)
                yield "Every page of the file is whole."
            yield f"{_require_references(connection)} columns refer to other rows, and each of those is there."
            found = _triggers(connection)
        _compare(found, _as_made(engine, config))
        yield f"{len(found)} triggers keep the record append-only, as they were made."
    except DBAPIError as error:
        raise Unsound(f"The database cannot be read: {faults.reason(error)}. {faults.remedy(error)}") from error


def require_whole(connection: Connection) -> None:
    """Raise Unsound where a page of SQLite's file is hurt."""
    faulty = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if faulty != "ok":
        told = " ".join(str(faulty).removeprefix("*** in database main ***").split()).rstrip(".")
        raise Unsound(
            f"The database's file is damaged ({told}). Restore it from a backup: brierboard restore FILE --force."
        )


def _require_references(connection: Connection) -> int:
    """How many columns refer to other tables. Raises Unsound where one of their rows refers to nothing."""
    count = 0
    for table in SQLModel.metadata.sorted_tables:
        for key in table.foreign_keys:
            ours, theirs = table.alias("ours"), key.column.table.alias("theirs")
            own, other = ours.c[key.parent.name], theirs.c[key.column.name]
            lost = select(func.count()).select_from(ours.outerjoin(theirs, own == other))
            if number := connection.execute(lost.where(own.is_not(None), other.is_(None))).scalar_one():
                raise Unsound(
                    f"{number} of the rows of “{table.name}” refer by {key.parent.name} to nothing in "
                    f"“{key.column.table.name}”. Restore the database from a backup: brierboard restore FILE --force."
                )
            count += 1
    return count


def _triggers(connection: Connection) -> dict[str, str]:
    return {name: text for name, text in connection.exec_driver_sql(TRIGGERS[connection.dialect.name])}  # noqa: C416


def _as_made(engine: Engine, config: Config) -> dict[str, str]:
    """What the migrations make of them. Nothing of it stays: whoever leaves without committing has done nothing."""
    if engine.dialect.name == "sqlite":
        engine = sqlalchemy.create_engine("sqlite://", module=library)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"CREATE SCHEMA {SCRATCH}")
                connection.exec_driver_sql(f"SET LOCAL search_path TO {SCRATCH}")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            return _triggers(connection)
    finally:
        if engine.dialect.name == "sqlite":
            engine.dispose()


def _compare(found: Mapping[str, str], made: Mapping[str, str]) -> None:
    for name in sorted({*found, *made}):
        if found.get(name) != made.get(name):
            word = "is gone" if name not in found else "is none of ours" if name not in made else "was changed"
            raise Unsound(
                f"The trigger {name} {word}, so the record may have been altered. Restore the database from a "
                "backup: brierboard restore FILE --force."
            )
