"""What pages cost the server: `make bench` prints each beside a route that gives the same bytes from memory.

Fifty questions with ten thousand forecasts each, and a board of a thousand people. Nothing is asserted of the clock.
"""

from collections.abc import Iterator
from time import process_time
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI, Response
from sqlalchemy import insert
from sqlmodel import select
from starlette.testclient import TestClient

from forecasts import accounts, ledger
from forecasts.database import Database
from forecasts.models import Forecast, Forecaster, Position
from forecasts.settings import Settings
from questions import journal
from questions.catalog import Decision
from questions.models import Entry, Head, Question, table_of
from tests.cast import DAY, HOUR, NOON, MovedClock, draft, publish
from web.app import create
from web.dependencies import COOKIE

QUESTIONS, EACH, PEOPLE = 50, 10_000, 1_000
TIMES = 10


@pytest.fixture
def crowded(sqlite_template: Any, tmp_path: Any) -> Iterator[Database]:
    """The forecasts are put into the tables as the verbs would, but all at once: by the verbs it would take an hour."""
    path = tmp_path / "brierboard.db"
    path.write_bytes(sqlite_template.read_bytes())
    clock = MovedClock(NOON)
    database = Database(f"sqlite:///{path}", clock)
    times: dict[str, Any] = {"closes_at": NOON + 400 * DAY, "resolves_at": NOON + 400 * DAY}
    slugs = [f"basin-{number}" for number in range(QUESTIONS)]
    publish(database, *(draft(slug, title=f"Will {slug} be fuller than a year before?", **times) for slug in slugs))
    with database.writing() as (session, moment):
        for number in range(PEOPLE):
            accounts.join(session, f"p{number}", "no hash", moment)
    fill(database, clock)
    yield database
    database.close()


def fill(database: Database, clock: MovedClock) -> None:
    """Ten thousand forecasts on each question, by a thousand people in turn, evenly over 300 days."""
    random = np.random.default_rng(2026)
    with database.writing() as (session, _):
        questions, people = session.exec(select(Question)).all(), session.exec(select(Forecaster)).all()
        persons = [one for one in people if one.kind == "person"]
        head = session.get_one(Head, 1)
        seq, connection, last = head.seq, session.connection(), {}
        for number in range(EACH):
            at = NOON + 300 * DAY * (number / EACH)
            acts = []
            for question in questions:
                seq += 1
                yes = float(random.integers(1, 100)) / 100
                who = persons[number % PEOPLE]
                acts.append((seq, question, who, at, np.array([1 - yes, yes])))
                last[question.id, who.id] = seq
            connection.execute(insert(table_of(Entry)), [entry(*act) for act in acts])
            connection.execute(insert(table_of(Forecast)), [forecast(*act) for act in acts])
        taken = [{"question_id": q, "forecaster_id": f, "entry": entry_} for (q, f), entry_ in last.items()]
        connection.execute(insert(table_of(Position)), taken)
        head.seq, head.recorded_at = seq, NOON + 300 * DAY
    clock.moment = NOON + 300 * DAY


def entry(seq: int, question: Question, who: Forecaster, at: Any, vector: Any) -> dict[str, Any]:
    return {
        "seq": seq, "recorded_at": at, "kind": "forecast", "actor": who.pseudonym, "subject": question.slug,
        "content": None, "salt": None, "commitment": journal.GENESIS, "hash": journal.GENESIS,
    }  # fmt: skip


def forecast(seq: int, question: Question, who: Forecaster, at: Any, vector: Any) -> dict[str, Any]:
    return {
        "entry": seq, "question_id": question.id, "forecaster_id": who.id, "made_at": at, "recorded_at": at,
        "probabilities": vector, "rationale": "",
    }  # fmt: skip


def test_pages_of_a_crowded_board(crowded: Database) -> None:
    app = create(Settings(host="127.0.0.1", base_url="", sign_up=""), crowded)
    with TestClient(app) as browser:
        with crowded.writing() as (session, moment):
            somebody = session.exec(select(Forecaster).where(Forecaster.handle == "p7")).one()
            browser.cookies.set(COOKIE, accounts.sign_in(session, somebody, moment))
        print(f"\n{QUESTIONS} questions of {EACH:,} forecasts each by {PEOPLE:,} people, signed in")
        timed(app, browser, "the desk", "/")
        timed(app, browser, "a question's page", "/questions/basin-7")
        with crowded.writing() as (session, moment):
            judge = accounts.join(session, "mo", "no hash", moment, "moderator")
            for question in session.exec(select(Question)).all()[:25]:
                ledger.settle(session, question, Decision("resolved", 1, moment - HOUR), by=judge, moment=moment)
        timed(app, browser, f"the leaderboard of {PEOPLE:,}", "/leaderboard")


def timed(app: FastAPI, browser: TestClient, name: str, path: str) -> None:
    """Print what a page takes of the processor the first time and then, and a route of its bytes beside it."""
    cold, page = once(browser, path)
    content = page.content
    app.add_api_route(f"/bytes{path}", lambda: Response(content, media_type="text/html"), methods=["GET"])
    warm, bare = (min(once(browser, address)[0] for _ in range(TIMES)) for address in (path, f"/bytes{path}"))
    print(
        f"{name:<28} first {cold * 1000:8.1f} ms   then {warm * 1000:7.1f} ms"
        f"   {warm / bare:6.1f} times the same {len(content) / 1024:.0f} KiB from memory"
    )


def once(browser: TestClient, path: str) -> tuple[float, Any]:
    began = process_time()
    answer = browser.get(path)
    assert answer.status_code == 200
    return process_time() - began, answer
