"""The server is killed while programs write to it, or PostgreSQL is: what was acknowledged is there once, and holds."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from sqlmodel import select

from forecasts.database import Database
from questions.models import Question, Resolution
from tests.browser.running import PATIENCE
from tests.cast import entries
from tests.postgres import PostgresServer, find_binaries
from tests.torture.measure import lost, measure, verified
from tests.torture.serving import Deciding, Program, Writer, asked, crew, opened, writing

WRITERS = 9
IN_A_ROW = 10
"""How often one database goes through it; then comes another, as to verify the whole of it takes longer each time."""

SAYS = {"forecast": "rationale", "comment": "text", "resolution": "note"}
"""Where each kind of act holds the word that nothing else holds."""


@pytest.fixture(scope="module")
def durable() -> Iterator[PostgresServer]:
    """PostgreSQL as people run it: told of nothing before it is on the disk."""
    binaries = find_binaries()
    assert binaries is not None
    with PostgresServer(binaries, durable=True) as server:
        yield server


@pytest.fixture
def address(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The addresses of empty databases, one after another."""
    if engine == "sqlite":
        return (f"sqlite:///{tmp_path / f'{uuid4().hex}.db'}" for _ in iter(int, 1))
    server: PostgresServer = request.getfixturevalue("durable")
    return (server.create(f"killed_{uuid4().hex}") for _ in iter(int, 1))


def begin(url: str, folder: Path) -> list[Writer]:
    """A database with questions, and who writes to it."""
    folder.mkdir()
    with opened(url) as database:
        database.prepare()
        asked(database)
        return crew(database, folder, WRITERS)


def require_whole(url: str, writers: list[Writer]) -> None:
    """Everything that was acknowledged is on record once, and the record holds."""
    noted = [act for writer in writers for act in writer.noted]
    with opened(url) as database:
        assert lost(database, dict(noted)) == []
        assert [seq for seq, many in Counter(seq for seq, _ in noted).items() if many > 1] == []
        assert [word for word, many in words(database).items() if many > 1] == []
        verified(database)
        look(database, writers[0])


def words(database: Database) -> Counter[str]:
    """How often each word that some act holds is on record."""
    said = [entry for entry in entries(database) if entry.kind in SAYS]
    return Counter(json.loads(entry.content or "")[SAYS[entry.kind]] for entry in said)


def look(database: Database, moderator: Writer) -> None:
    """The moderator looks at what stands before they decide again."""
    assert isinstance(moderator.act, Deciding)
    with database.reading() as session:
        question = session.exec(select(Question).where(Question.slug == moderator.act.slug)).one()
        stands = session.get(Resolution, question.resolution)
        moderator.act.look(question, stands.verdict if stands else "")


def wait_until_all_are_told(writers: list[Writer], more: int = 1) -> None:
    """Until everybody's acts were acknowledged so many more times."""
    due = [len(one.took) + more for one in writers]
    until = time.monotonic() + PATIENCE
    while any(len(one.took) < many for one, many in zip(writers, due, strict=True)):
        assert time.monotonic() < until, [one.faults[-1:] for one in writers]
        time.sleep(0.002)


def test_a_killed_server_has_lost_nothing_and_doubled_nothing(
    engine: str, address: Iterator[str], tmp_path: Path
) -> None:
    kills, random, noted = measure(200 if engine == "sqlite" else 150, 3), Random(2026), 0
    for first in range(0, kills, IN_A_ROW):
        url = next(address)
        writers = begin(url, tmp_path / f"acts-{first}")
        with Program(tmp_path / f"acts-{first}", url) as server:
            for _ in range(first, min(first + IN_A_ROW, kills)):
                with writing(writers, server.port):
                    wait_until_all_are_told(writers)
                    time.sleep(random.uniform(0, 0.6))
                    server.kill()
                server.start()

                require_whole(url, writers)
        assert [one.faults for one in writers if one.faults] == []
        noted += sum(len(one.noted) for one in writers)
    print(f"\n{engine}: {kills} servers killed, {noted} acts acknowledged, 0 lost, 0 doubled")


def test_a_killed_postgresql_has_lost_nothing_and_the_server_goes_on(durable: PostgresServer, tmp_path: Path) -> None:
    kills, random, noted = measure(50, 2), Random(2026), 0
    for first in range(0, kills, IN_A_ROW):
        url = durable.create(f"killed_{uuid4().hex}")
        writers = begin(url, tmp_path / f"acts-{first}")
        with Program(tmp_path / f"acts-{first}", url) as server:
            for _ in range(first, min(first + IN_A_ROW, kills)):
                with writing(writers, server.port):
                    wait_until_all_are_told(writers[1:])
                    time.sleep(random.uniform(0, 0.6))
                    durable.kill()
                    start_again(durable)
                    wait_until_all_are_told(writers[1:])

                require_whole(url, writers)
        noted += sum(len(one.noted) for one in writers)
    print(f"\n{kills} times PostgreSQL killed, {noted} acts acknowledged, 0 lost, 0 doubled")


def start_again(server: PostgresServer) -> None:
    """It refuses to start as long as somebody whom it had started before is still about."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return server.start()
        except RuntimeError:
            if time.monotonic() > until:
                raise
