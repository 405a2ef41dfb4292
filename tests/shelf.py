"""Copies of one PostgreSQL database, each lent to one test at a time and made like the first again for the next.

To copy a database takes half a second, to empty its few tables a twentieth of that. A copy whose tables or triggers a
test has changed is thrown away.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import Connection, sql

from tests.postgres import PostgresServer

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
COUNTERS = "SELECT sequencename, coalesce(last_value, start_value), last_value IS NOT NULL FROM pg_sequences"
OTHERS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"

MAKE = """
SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'public'::regnamespace AND attnum > 0
UNION ALL SELECT conname, pg_get_constraintdef(oid), '', false FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT tgname, pg_get_triggerdef(oid), tgenabled::text, false FROM pg_trigger
UNION ALL SELECT proname, prosrc, '', false FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT indexname, indexdef, '', false FROM pg_indexes WHERE schemaname = 'public'
ORDER BY 1, 2, 3
"""
"""How tables, constraints, triggers, functions and indexes are made."""


class Shelf:
    """The copies of a database that nobody is connected to."""

    def __init__(self, server: PostgresServer, first: str) -> None:
        self.server, self.first = server, first
        self.free: list[str] = []
        with self._opened(first) as connection:
            self.make = connection.execute(MAKE).fetchall()
            self.rows = {name: _copied(connection, name) for (name,) in connection.execute(TABLES).fetchall()}
            self.counters = connection.execute(COUNTERS).fetchall()

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The address of a copy that nobody else uses."""
        name = self.free.pop() if self.free else self._another()
        yield self.server.url(name)
        with self._opened(name) as connection:
            connection.execute(OTHERS, [connection.info.backend_pid])
            whole = connection.execute(MAKE).fetchall() == self.make
            if whole:
                self._make_like_the_first(connection)
        if whole:
            self.free.append(name)
        else:
            self.server.drop(name)

    def _another(self) -> str:
        name = f"test_{uuid4().hex}"
        self.server.create(name, self.first)
        return name

    def _make_like_the_first(self, connection: Connection[Any]) -> None:
        connection.execute("SET session_replication_role = replica")  # triggers and foreign keys look away
        for table, rows in self.rows.items():
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            if rows:
                with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                    copy.write(rows)
        for counter in self.counters:
            connection.execute("SELECT setval(%s::regclass, %s, %s)", counter)

    @contextmanager
    def _opened(self, name: str) -> Iterator[Connection[Any]]:
        with psycopg.connect(self.server.url(name).replace("+psycopg", "")) as connection:
            yield connection


def _copied(connection: Connection[Any], table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        return b"".join(bytes(part) for part in copy)
