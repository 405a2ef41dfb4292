"""What long pages take: a person with 600 resolved questions, a set of 575. `make bench` prints it, asserts no clock.

Each is compared with a route of the same application that returns the same bytes from memory. The first visit works the
boards out, the next find them kept.
"""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from fastapi import Response
from starlette.testclient import TestClient

from forecasts import accounts, ledger
from forecasts.database import Database
from forecasts.settings import Settings
from questions.catalog import Decision
from tests.cast import DAY, HOUR, MovedClock, draft, publish
from web.app import create

ASKED, PEOPLE, TIMES = 600, 8, 15
BIG = 575
ADDRESSES = ("/people/person-3", "/people/crowd", "/people/person-3?set=big", "/sets/big", "/sets/big?page=12")


@pytest.fixture
def board(sqlite_template: Path, tmp_path: Path, clock: MovedClock) -> Iterator[Database]:
    """Eight people who all answer 600 questions, of which one is resolved every hour; 575 are of one set."""
    copied = tmp_path / "brierboard.db"
    copied.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{copied}", clock)
    random = np.random.default_rng(2026)
    end = clock.now() + 60 * DAY
    asked = [draft(f"day-{number}", closes_at=end, resolves_at=end) for number in range(ASKED)]
    questions = publish(database, *asked[:BIG], within="big") + publish(database, *asked[BIG:], within="rest")
    with database.writing() as (session, moment):
        people = [accounts.join(session, f"person-{each}", "no hash", moment) for each in range(PEOPLE)]
        for question in questions:
            for who in people:
                yes = float(random.uniform(0.02, 0.98))
                ledger.record(session, who, question, np.array([1 - yes, yes]), moment)
    for question in questions:
        clock.moment += HOUR
        with database.writing() as (session, moment):
            decision = Decision("resolved", int(random.random() < 0.5), moment)
            ledger.settle(session, question, decision, by=people[0], moment=moment)
    yield database
    database.close()


def fastest(browser: TestClient, address: str) -> float:
    """Seconds of the fastest of some visits."""

    def once() -> float:
        start = perf_counter()
        assert browser.get(address).status_code == 200
        return perf_counter() - start

    return min(once() for _ in range(TIMES))


def test_long_pages(board: Database) -> None:
    kept: dict[str, bytes] = {}
    app = create(Settings(), board)
    app.add_api_route("/memory", lambda: Response(kept["now"], media_type="text/html"), methods=["GET"])
    print(f"\n{ASKED} resolved questions, {BIG} of them in one set, answered by {PEOPLE} people\n")

    for address in ADDRESSES:
        with TestClient(app) as browser:
            start = perf_counter()
            kept["now"] = browser.get(address).content
            first = perf_counter() - start
            again, bare = fastest(browser, address), fastest(browser, "/memory")
        said = f"{address:<26}{len(kept['now']) / 1000:5.0f} KB   first {first * 1000:5.0f} ms"
        print(f"{said}   then {again * 1000:5.0f} ms, {again / bare:5.1f} times the same bytes from memory")
