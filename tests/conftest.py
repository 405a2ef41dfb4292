"""Every test that touches the database runs on SQLite and on PostgreSQL; benchmarks run only when asked for."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import NOON, MovedClock, draft, join, publish
from tests.postgres import NOT_FOUND, PostgresServer, find_binaries
from tests.postmen import Mailbox, post_office
from tests.shelf import Shelf

# Garbage is looked for after each file of tests, and not in what is kept for all of them, which is much.
gc.set_threshold(50_000, 20, 1_000)

# No test asserts on the clock: a busy machine is not a broken program.
settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")


def pytest_collection_finish() -> None:
    """All tests are known, and what they are made of stays."""
    gc.collect()
    gc.freeze()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave tests/benchmarks out unless the command names it, as `make bench` does."""
    named = any("benchmarks" in str(word) for word in config.args)
    return True if collection_path.name == "benchmarks" and not named else None


@pytest.fixture(scope="module", autouse=True)
def tidy() -> Iterator[None]:
    """What a file of tests leaves behind is taken away before the next; what it keeps is looked through no more."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def binaries() -> Path:
    """Where PostgreSQL's programs are."""
    found = find_binaries()
    if found is None:
        (pytest.fail if os.environ.get("BRIERBOARD_TEST_NO_SKIPS") else pytest.skip)(NOT_FOUND)
    return found


@pytest.fixture(scope="session")
def postgres(binaries: Path) -> Iterator[PostgresServer]:
    """One server for all tests of this process."""
    with PostgresServer(binaries) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a database that is migrated and otherwise empty."""
    prepare(postgres.create("template_of_ours"))
    return "template_of_ours"


@pytest.fixture(scope="session")
def shelf(postgres: PostgresServer, postgres_template: str) -> Shelf:
    """Copies of it, each for one test at a time."""
    return Shelf(postgres, postgres_template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file."""
    path = tmp_path_factory.mktemp("template") / "brierboard.db"
    prepare(f"sqlite:///{path}")
    return path


def prepare(url: str) -> None:
    """Migrate a database and leave nothing open."""
    database = Database(url, MovedClock(NOON))
    try:
        database.prepare()
    finally:
        database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Which database this test runs on."""
    return str(request.param)


@pytest.fixture
def blank_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'brierboard.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        name = f"blank_{uuid4().hex}"
        yield server.create(name)
        server.drop(name)


@pytest.fixture
def url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated database that nobody else uses."""
    if engine == "sqlite":
        path = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "brierboard.db")
        yield f"sqlite:///{path}"
    else:
        shelf: Shelf = request.getfixturevalue("shelf")
        with shelf.lent() as address:
            yield address


@pytest.fixture
def clock() -> MovedClock:
    """It shows noon, when the questions of the cast open."""
    return MovedClock(NOON)


@pytest.fixture
def database(url: str, clock: MovedClock) -> Iterator[Database]:
    """A prepared database, on each engine in turn."""
    prepared = Database(url, clock)
    yield prepared
    prepared.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path, clock: MovedClock) -> Iterator[Database]:
    """A database of either engine in which nothing is yet."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    else:
        url = request.getfixturevalue("postgres").create(f"elsewhere_{uuid4().hex}")
    database = Database(url, clock)
    yield database
    database.close()
    if request.param == "postgresql":
        request.getfixturevalue("postgres").drop(database.engine.url.database)


@pytest.fixture
def ada(database: Database) -> Forecaster:
    """She is calibrated."""
    return join(database, "Ada")


@pytest.fixture
def bob(database: Database) -> Forecaster:
    """He is sure of himself."""
    return join(database, "Bob")


@pytest.fixture
def mo(database: Database) -> Forecaster:
    """She moderates."""
    return join(database, "Mo", "moderator")


@pytest.fixture
def rain(database: Database) -> Question:
    """Yes or no, open from noon for ten hours."""
    return publish(database, draft("rain"))[0]


@pytest.fixture
def office() -> Iterator[Mailbox]:
    """A mail server, and what it took."""
    with post_office() as mailbox:
        yield mailbox
