"""The same histories on SQLite and on PostgreSQL: the same acts are refused, and everybody has the same scores."""

import math
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from forecasts.database import Database
from tests.cast import DAY, NOON, MovedClock
from tests.forecasts import checking
from tests.shelf import Shelf
from tests.torture.histories import Scores, batch, play, scores, states
from tests.torture.measure import measure, verified

AT_ONCE = measure(40, 20)
BATCHES = measure(25, 1)
CLOSE = 1e-9


@pytest.fixture
def both(sqlite_template: Path, shelf: Shelf, tmp_path: Path) -> Iterator[tuple[Database, Database]]:
    """An empty database of each engine, with a clock of its own."""
    path = shutil.copy(sqlite_template, tmp_path / "brierboard.db")
    with shelf.lent() as address, on(f"sqlite:///{path}") as one, on(address) as other:
        yield one, other


@contextmanager
def on(url: str) -> Iterator[Database]:
    database = Database(url, MovedClock(NOON))
    if database.engine.dialect.name == "sqlite":
        event.listen(database.engine, "connect", wait_for_nothing)
    try:
        yield database
    finally:
        database.close()


def wait_for_nothing(connection: Any, record: object) -> None:
    """No power fails here."""
    connection.execute("PRAGMA synchronous=OFF")


@pytest.mark.parametrize("number", range(BATCHES))
def test_both_engines_give_the_same_scores(both: tuple[Database, Database], number: int, tmp_path: Path) -> None:
    made = batch(number * AT_ONCE, AT_ONCE)
    refused = [[play(database, clock_of(database), one) for one in made] for database in both]
    sqlite, postgres = (scores(database) for database in both)

    assert refused[0] == refused[1]
    assert states(both[0], NOON + AT_ONCE * 2 * DAY) == states(both[1], NOON + AT_ONCE * 2 * DAY)
    agree(sqlite, postgres)
    for database in both:
        verified(database)
        require_the_same_from_its_journal(database, tmp_path / database.engine.dialect.name)
    done = Counter(step.act for one, told in zip(made, refused[0], strict=True)
                   for step, why in zip(one.steps, told, strict=True) if not why)  # fmt: skip
    assert done.keys() == {"forecast", "reaffirm", "withdraw", "undo", "adopt", "resolve", "annul", "reopen"}
    print(f"\n{AT_ONCE} histories from seed {number * AT_ONCE}, {len(sqlite)} numbers alike: {dict(done)}")


def clock_of(database: Database) -> MovedClock:
    assert isinstance(database.clock, MovedClock)
    return database.clock


def agree(one: Scores, other: Scores) -> None:
    """The same people have the same numbers, and the same have none."""
    assert one.keys() == other.keys()
    assert len(one) > AT_ONCE
    wrong = [key for key in one if not (abs(one[key] - other[key]) <= CLOSE or both_nan(one[key], other[key]))]
    assert wrong == []


def both_nan(one: float, other: float) -> bool:
    return math.isnan(one) and math.isnan(other)


def require_the_same_from_its_journal(database: Database, folder: Path) -> None:
    """The standalone verifier works the same scores out from what was exported: it knows nothing else of ours."""
    folder.mkdir()
    code, told, fault = checking.verified(folder, checking.exported(database, folder, everything=True))
    assert (code, fault) == (0, "")
    checked = re.search(r"(\d+) scores are what", told)
    assert checked is not None
    assert int(checked[1]) > AT_ONCE
