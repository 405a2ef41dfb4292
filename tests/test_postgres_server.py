"""The throw-away PostgreSQL server leaves nothing behind, however the tests end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres import NOT_FOUND, PostgresServer, find_binaries
from tests.shelf import Shelf

ROOT = Path(__file__).parent.parent

STARTS_ONE_AND_WAITS = """
import time
from tests.postgres import PostgresServer, find_binaries
with PostgresServer(find_binaries()) as server:
    print(server.url("postgres"), flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def binaries() -> Path:
    found = find_binaries()
    if found is None:
        (pytest.fail if os.environ.get("BRIERBOARD_TEST_NO_SKIPS") else pytest.skip)(NOT_FOUND)
    return found


@pytest.fixture(scope="module")
def server(binaries: Path) -> Iterator[PostgresServer]:
    with PostgresServer(binaries) as running:
        yield running


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def gone_within(seconds: float, folder: Path) -> bool:
    until = time.monotonic() + seconds
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return not folder.exists()


def test_a_database_is_a_copy_of_its_template_and_lives_apart_from_it(server: PostgresServer) -> None:
    first = server.create("first")
    ask(first, "CREATE TABLE words (word text)")
    ask(first, "INSERT INTO words VALUES ('before')")

    second = server.create("second", template="first")
    ask(first, "INSERT INTO words VALUES ('after')")

    assert ask(second, "SELECT word FROM words") == [("before",)]


def test_a_database_can_be_dropped_while_somebody_is_connected(server: PostgresServer) -> None:
    url = server.create("fleeting")

    with psycopg.connect(url.replace("+psycopg", "")):
        server.drop("fleeting")

    assert ask(server.url("postgres"), "SELECT 1 FROM pg_database WHERE datname = 'fleeting'") == []


def test_the_server_speaks_utc_and_unicode_and_waits_for_no_disk(server: PostgresServer) -> None:
    said = [ask(server.url("postgres"), f"SHOW {name}") for name in ("timezone", "server_encoding", "fsync")]

    assert said == [[("UTC",)], [("UTF8",)], [("off",)]]


def test_nothing_of_the_server_is_left_after_its_block(binaries: Path) -> None:
    with PostgresServer(binaries) as server:
        folder = server.folder

    assert not folder.exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_the_server_goes_when_the_tests_are_ended_from_outside(binaries: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-c", STARTS_ONE_AND_WAITS]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as tests:
        assert tests.stdout
        url = tests.stdout.readline().strip()
        folder = Path(url.partition("host=")[2].partition("&")[0])

        tests.send_signal(how)

    assert gone_within(10, folder)
    with pytest.raises(psycopg.OperationalError):
        ask(url, "SELECT 1")


# Copies that are lent


@pytest.fixture
def shelf(server: PostgresServer) -> Iterator[Shelf]:
    """Of a database of words that are numbered and counted, of which there is one."""
    first = server.create("shelved")
    ask(first, "CREATE TABLE words (id SERIAL PRIMARY KEY, word text NOT NULL)")
    ask(first, "CREATE TABLE letters (word int NOT NULL REFERENCES words)")
    ask(first, "INSERT INTO words (word) VALUES ('a\tb\\n')")
    yield Shelf(server, "shelved")
    server.drop("shelved")


def test_a_copy_is_lent_again_as_the_first_is(shelf: Shelf) -> None:
    with shelf.lent() as address:
        ask(address, "UPDATE words SET word = 'other'")
        ask(address, "INSERT INTO words (word) VALUES ('more')")
        ask(address, "INSERT INTO letters VALUES (2)")
        staying = psycopg.connect(address.replace("+psycopg", ""))
        staying.execute("SELECT * FROM words")
    with shelf.lent() as again:
        ask(again, "INSERT INTO words (word) VALUES ('next')")

        assert again == address
        assert ask(again, "SELECT id, word FROM words ORDER BY id") == [(1, "a\tb\\n"), (2, "next")]
        assert ask(again, "SELECT * FROM letters") == []
    assert staying.broken or staying.closed or _is_gone(staying)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE words ADD more int",
        "ALTER TABLE words DROP CONSTRAINT words_pkey CASCADE",
        "CREATE INDEX ix ON words (word)",
        "ALTER TABLE letters DISABLE TRIGGER ALL",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE letters",
        "CREATE TABLE others (id int)",
    ],
)
def test_a_copy_that_is_made_otherwise_is_thrown_away(shelf: Shelf, change: str) -> None:
    with shelf.lent() as address:
        ask(address, change)
    with shelf.lent() as other:
        assert other != address
        assert ask(other, "SELECT word FROM words") == [("a\tb\\n",)]


def _is_gone(connection: psycopg.Connection[object]) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False
