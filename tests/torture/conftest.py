"""Databases as people run them: whoever is told that something is on record can pull the plug."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.postgres import PostgresServer


@pytest.fixture(scope="session")
def durable(binaries: Path) -> Iterator[PostgresServer]:
    """PostgreSQL that tells nobody of anything before it is on the disk."""
    with PostgresServer(binaries, durable=True) as server:
        yield server


@pytest.fixture
def addresses(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The addresses of empty databases, one after another."""
    if engine == "sqlite":
        return (f"sqlite:///{tmp_path / f'{uuid4().hex}.db'}" for _ in iter(int, 1))
    server: PostgresServer = request.getfixturevalue("durable")
    return (server.create(f"torture_{uuid4().hex}") for _ in iter(int, 1))
