"""Ten thousand forecasts on one question, by the verbs: `make bench` prints what each step takes, and asserts no clock.

Each is compared with the least that SQLite itself takes for as many rows under the same pragmas.
"""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from forecasts import accounts, boards, derived, history, ledger, loading, prospects, verification
from forecasts.database import Database
from forecasts.models import Forecaster, Participation, Score
from forecasts.permissions import visible
from forecasts.sqlite import library
from questions import catalog, journal, setfile
from questions.catalog import Decision
from tests.cast import HOUR, NOON, MovedClock, draft, kinds, loss, publish, rows

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
    with closing(library.connect(path, isolation_level=None)) as connection:
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
        history.crowd_of(session, catalog.find(session, "rain", visible(session, None)))

    clock.moment += HOUR
    decision = Decision("resolved", 1, clock.moment)
    moderator = everybody[0]
    with watch.timing("foreseeing the scores"), board.reading() as session:
        ledger.foresee(session, question, decision)
    with watch.timing("resolving and scoring", TOGETHER), board.writing() as (session, moment):
        ledger.settle(session, question, decision, by=moderator, moment=moment)
    with watch.timing("scoring again, where nothing changed", TOGETHER), board.writing() as (session, moment):
        changed = ledger.rescore(session, question)
    with watch.timing("the board"), board.reading() as session:
        places = boards.board(session, "skill", boards.Filter(), visible(session, None)).rows
    with watch.timing("the board again"), board.reading() as session:
        boards.board(session, "skill", boards.Filter(), visible(session, None))
    with watch.timing("a receipt"), board.reading() as session:
        here = catalog.find(session, "rain", visible(session, None))
        resolution = catalog.latest(session, here)
        assert resolution is not None
        derived.receipt(session, here, resolution, moderator)
    with watch.timing("verifying everything"), board.reading() as session:
        proof = list(verification.verify(session))

    assert kinds(board)[2:] == ["forecast"] * MANY + ["resolution"]
    assert not changed
    assert len(places) == number + 5  # and four crowds, and always 50%
    assert rows(board, "seat") == []
    assert proof[0] == f"{MANY + 3} entries stand in an unbroken chain."
    assert loss(board, moderator, question) is not None


BINS = {"low": 0, "high": 200, "open_below": True, "open_above": True, "step": 1}
PEOPLE = 2_000


def test_two_thousand_people_on_a_question_with_202_outcomes(board: Database, clock: MovedClock) -> None:
    watch, random = Stopwatch(), np.random.default_rng(2026)
    (question,) = publish(board, draft("warmth", "number", spec={"range": BINS}))
    size, everybody = catalog.shape_of(question).size, people(board, PEOPLE)
    said = random.dirichlet(np.ones(size), PEOPLE)
    print(f"\n{PEOPLE:,} forecasts over {size} outcomes\n")

    with watch.timing("forecasts, one transaction each"):
        for who, vector in zip(everybody, said, strict=True):
            clock.moment += 9 * HOUR / PEOPLE
            with board.writing() as (session, moment):
                ledger.record(session, who, question, vector, moment)
    with watch.timing("what one would get for each outcome"), board.reading() as session:
        prospects.prospect(session, question, everybody[0].id, clock.moment)
    decision = Decision("resolved", 7, clock.moment)
    with watch.timing("resolving and scoring"), board.writing() as (session, moment):
        ledger.settle(session, question, decision, by=everybody[0], moment=moment)
    with watch.timing("scoring again, where nothing changed"), board.writing() as (session, moment):
        changed = ledger.rescore(session, question)
    decision = Decision("reopened", seen=decision_of(board))
    with watch.timing("reopening, with all that it would give"), board.writing() as (session, moment):
        ledger.settle(session, question, decision, by=everybody[0], moment=moment)
    with watch.timing("verifying everything"), board.reading() as session:
        list(verification.verify(session))

    assert size >= 202
    assert not changed
    assert len(rows(board, "seat")) == PEOPLE


def decision_of(database: Database) -> int:
    """Seq of the one question's resolution."""
    with database.reading() as session:
        return catalog.find(session, "warmth", visible(session, None)).resolution


NAMES = (
    "coverage", "presence", "last", "floored", "brier", "log", "baseline", "peer", "peer_log", "beside", "accuracy",
    "spot",
)  # fmt: skip


def test_half_a_million_cells_are_read_and_ranked(board: Database, clock: MovedClock) -> None:
    watch, random = Stopwatch(), np.random.default_rng(2026)
    questions = publish(board, *(draft(f"rain-{number}") for number in range(500)))
    everybody = people(board, 1_000)
    with board.writing() as (session, moment):
        ids = np.arange(1_000) + (everybody[0].id - 5)  # the five yardsticks, who come just before, and most of them
        for question in questions:
            catalog.decide(session, question, Decision("resolved", 1, NOON), by=journal.OPERATOR, moment=moment)
            session.add(Participation(question_id=question.id, forecasters=ids))
            for name in NAMES:
                session.add(Score(question_id=question.id, name=name, numbers=random.uniform(size=len(ids))))
    print()

    with board.reading() as session:
        with watch.timing("reading half a million cells"):
            cells = boards.cells(session)
        with watch.timing("reading them again"):
            boards.cells(session)
        for measure in ("skill", "adjusted", "brier"):
            with watch.timing(f"the board by {measure}"):
                boards.board(session, measure, boards.Filter(), visible(session, None))
        with watch.timing("the board by brier again"):
            boards.board(session, "brier", boards.Filter(), visible(session, None))
        with watch.timing("the board by brier over one tag, of none"):
            boards.board(session, "brier", boards.Filter(tag="wind"), visible(session, None))

    assert len(cells.question) == 500_000


def test_loading_the_essay(board: Database) -> None:
    watch = Stopwatch()
    print()

    with watch.timing("reading and judging the essay's 24 questions"):
        file = setfile.parse(ESSAY.read_bytes(), ESSAY.name)
    for step in ("loading them", "loading them again"):
        with watch.timing(step), board.writing() as (session, moment):
            loading.load(session, file, ESSAY.name, by=journal.OPERATOR, moment=moment)

    assert len(rows(board, "question")) == 24
