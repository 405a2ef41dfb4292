"""Ten thousand forecasts on one question, by the verbs: `make bench` prints what each step takes, and asserts no clock.

Each is compared with the least that SQLite itself takes for as many rows under the same pragmas.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from forecasts import accounts, history, ledger, loading, verification
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.permissions import visible
from questions import catalog, journal, setfile
from questions.catalog import Decision
from tests.cast import HOUR, MovedClock, draft, kinds, loss, publish, rows

MANY = 10_000
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
EACH, TOGETHER = "bare inserts, one transaction each", "bare inserts, one transaction in all"
ESSAY = Path(setfile.__file__).parent / "sets" / "russia-2026.toml"


class Stopwatch:
    """Prints what a step took, and how often the bare loop that stands beside it would have fitted in."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}

    @contextmanager
    def timing(self, step: str, beside: str = "") -> Iterator[None]:
        start = perf_counter()
        yield
        self.took[step] = perf_counter() - start
        ratio = f"   {self.took[step] / self.took[beside]:6.1f} times “{beside}”" if beside else ""
        print(f"{step:<52}{self.took[step]:8.2f} s{ratio}")


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    """A migrated database, empty."""
    copied = tmp_path / "brierboard.db"
    copied.write_bytes(sqlite_template.read_bytes())
    return copied


@pytest.fixture
def board(file: Path, clock: MovedClock) -> Iterator[Database]:
    database = Database(f"sqlite:///{file}", clock)
    yield database
    database.close()


def insert_bare(path: Path, together: bool) -> None:
    """As many rows as forecasts, of the size of theirs, with nothing around them."""
    blob, words = secrets.token_bytes(16), secrets.token_hex(100)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE bare (seq INTEGER PRIMARY KEY, vector BLOB, words TEXT)")
        if together:
            connection.execute("BEGIN IMMEDIATE")
        for seq in range(MANY):
            if not together:
                connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO bare VALUES (?, ?, ?)", (seq, blob, words))
            if not together:
                connection.execute("COMMIT")
        if together:
            connection.execute("COMMIT")


def people(database: Database, number: int) -> list[Forecaster]:
    with database.writing() as (session, moment):
        return [accounts.join(session, f"person-{each}", "no hash", moment) for each in range(number)]


@pytest.mark.parametrize("number", [100, MANY], ids=["by a hundred people", "by ten thousand people"])
def test_ten_thousand_forecasts(board: Database, clock: MovedClock, file: Path, tmp_path: Path, number: int) -> None:
    watch = Stopwatch()
    random = np.random.default_rng(2026)
    said = random.uniform(size=MANY)
    (question,) = publish(board, draft("rain"))
    print(f"\n{MANY:,} forecasts on one question by {number:,} people\n")

    with watch.timing(EACH):
        insert_bare(tmp_path / "each.db", together=False)
    with watch.timing(TOGETHER):
        insert_bare(tmp_path / "together.db", together=True)
    with watch.timing("people join, in one transaction", TOGETHER):
        everybody = people(board, number)

    with watch.timing("forecasts, one transaction each", EACH):
        for step, yes in enumerate(said):
            clock.moment += 9 * HOUR / MANY
            with board.writing() as (session, moment):
                ledger.record(session, everybody[step % number], question, np.array([1 - yes, yes]), moment)
    with watch.timing("the crowd's path"), board.reading() as session:
        history.crowd_of(session, catalog.find(session, "rain", visible(None)))

    clock.moment += HOUR
    decision = Decision("resolved", 1, clock.moment)
    moderator = everybody[0]
    with watch.timing("foreseeing the scores"), board.reading() as session:
        ledger.foresee(session, question, decision)
    with watch.timing("resolving and scoring", TOGETHER), board.writing() as (session, moment):
        ledger.settle(session, question, decision, by=moderator, moment=moment)
    with watch.timing("scoring again", TOGETHER), board.writing() as (session, moment):
        ledger.rescore(session, question)
    with watch.timing("the board"), board.reading() as session:
        places = ledger.standings(session)
    with watch.timing("verifying everything"), board.reading() as session:
        proof = list(verification.verify(session))

    assert kinds(board)[2:] == ["forecast"] * MANY + ["resolution"]
    assert len(places) == number + 2  # and the crowd, and always 50%
    assert len(rows(board, "participation")) == number + 2
    assert proof[0] == f"{MANY + 3} entries stand in an unbroken chain."
    assert loss(board, moderator, question) is not None


def test_loading_the_essay(board: Database) -> None:
    watch = Stopwatch()
    print()

    with watch.timing("reading and judging the essay's 24 questions"):
        file = setfile.parse(ESSAY.read_bytes(), ESSAY.name)
    for step in ("loading them", "loading them again"):
        with watch.timing(step), board.writing() as (session, moment):
            loading.load(session, file, ESSAY.name, by=journal.OPERATOR, moment=moment)

    assert len(rows(board, "question")) == 24
