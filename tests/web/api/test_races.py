"""Races over HTTP against two server processes on one database: of two who decide one wins, and a close is a close.

`make torture` runs two hundred of each, `make test` twenty.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from httpx2 import Client, Response
from sqlmodel import col, select

from forecasts import verification
from forecasts.database import Database
from forecasts.models import Forecast, Forecaster
from questions.models import Question, Resolution
from tests.browser.running import FileClock, serving
from tests.cast import HOUR, NOON, MovedClock, draft, join, publish
from tests.web.api.conftest import API, token_of

RACES = 200 if os.environ.get("BRIERBOARD_TORTURE") else 20
MINUTE = timedelta(minutes=1)
PATIENCE = 60.0


@dataclass
class Track:
    """Two servers on one database, and the clock of both."""

    addresses: Sequence[str]
    clock: FileClock

    def runner(self, lane: int, token: str) -> Client:
        """A program that speaks to one of the two servers."""
        bearer = {"Authorization": f"Bearer {token}"}
        return Client(base_url=self.addresses[lane] + API, headers=bearer, timeout=PATIENCE)


@pytest.fixture
def track(url: str, database: Database, tmp_path: Path) -> Iterator[Track]:
    clock = FileClock(tmp_path / "clock")
    clock.set(NOON)
    with ExitStack() as servers:
        links = [servers.enter_context(serving(url, clock, tmp_path / f"{one}.log")) for one in range(2)]
        yield Track([link[1] for link in links], clock)


def raced(*acts: Callable[[], Any]) -> list[Any]:
    """What comes of these, begun at one moment."""
    ready = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        ready.wait(PATIENCE)
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def test_of_two_moderators_exactly_one_decides(track: Track, database: Database, mo: Forecaster) -> None:
    """Every other time both ask the same server."""
    questions = publish(database, *(draft(f"race-{one}") for one in range(RACES)))
    tokens = [token_of(database, who) for who in (mo, join(database, "Max", "moderator"))]
    outcomes: list[list[int]] = []

    with ExitStack() as opened:
        mos, maxes = ([opened.enter_context(track.runner(lane, token)) for lane in (0, 1)] for token in tokens)
        for number, question in enumerate(questions):
            answers = raced(
                partial(decide, mos[0], question.slug, "yes"),
                partial(decide, maxes[number % 2], question.slug, "no"),
            )
            outcomes += [[one.status_code for one in answers]]

    assert [sorted(one) for one in outcomes] == [[201, 409]] * RACES
    with database.reading() as session:
        decided = session.exec(select(Resolution).order_by(col(Resolution.question_id))).all()
        list(verification.verify(session))
    assert [one.question_id for one in decided] == [one.id for one in questions]
    assert [one.outcome for one in decided] == [1 if first == 201 else 0 for first, _ in outcomes]


def decide(client: Client, slug: str, outcome: str) -> Response:
    return client.post(f"/questions/{slug}/resolution", json={"outcome": outcome})


def test_no_forecast_is_accepted_at_or_after_the_close(
    track: Track, database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster
) -> None:
    """Four forecasts are on their way while the clock comes to the moment at which the question closes."""
    closes = [NOON + MINUTE * (one + 1) for one in range(RACES)]
    questions = publish(database, *(draft(f"race-{one}", closes_at=at) for one, at in enumerate(closes)))
    tokens = [token_of(database, who) for who in (ada, bob)]

    with ExitStack() as opened:
        runners = [opened.enter_context(track.runner(lane, token)) for lane in (0, 1) for token in tokens]
        for question, at in zip(questions, closes, strict=True):
            track.clock.set(at - timedelta(microseconds=1))
            sent = [partial(forecast, one, question.slug) for one in runners]
            *answers, _ = raced(*sent, partial(track.clock.set, at))
            late = forecast(runners[0], question.slug)

            assert {one.status_code for one in answers} <= {201, 409}
            assert all(recorded(one) < at for one in answers if one.status_code == 201)
            assert late.status_code == 409

    clock.moment = closes[-1]
    with database.reading() as session:
        stored = session.exec(select(Forecast.recorded_at, Question.closes_at).join(Question)).all()
        list(verification.verify(session))
    assert all(made < at for made, at in stored)


def forecast(client: Client, slug: str) -> Response:
    return client.post(f"/questions/{slug}/forecasts", json={"probability": 0.3})


def recorded(answer: Response) -> datetime:
    return datetime.fromisoformat(answer.json()["recorded_at"])


def test_no_forecast_is_accepted_after_a_decision(
    track: Track, database: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    """What was accepted stands before the decision in the journal."""
    questions = publish(database, *(draft(f"race-{one}", closes_at=NOON + HOUR) for one in range(RACES)))
    tokens = [token_of(database, who) for who in (ada, bob)]

    with ExitStack() as opened:
        runners = [opened.enter_context(track.runner(lane, token)) for lane in (0, 1) for token in tokens]
        moderator = opened.enter_context(track.runner(0, token_of(database, mo)))
        for question in questions:
            sent = [partial(forecast, one, question.slug) for one in runners]
            *answers, decided = raced(*sent, partial(decide, moderator, question.slug, "yes"))

            assert decided.status_code == 201
            assert {one.status_code for one in answers} <= {201, 409}
            assert all(one.json()["seq"] < decided.json()["seq"] for one in answers if one.status_code == 201)

    with database.reading() as session:
        list(verification.verify(session))


def test_one_key_sent_to_both_servers_at_once_is_one_act(track: Track, database: Database, ada: Forecaster) -> None:
    """Whoever is answered well has the same receipt, whoever is not is told to ask again."""
    questions = publish(database, *(draft(f"race-{one}") for one in range(RACES)))
    token = token_of(database, ada)

    with ExitStack() as opened:
        runners = [opened.enter_context(track.runner(lane, token)) for lane in (0, 1, 0, 1)]
        for question in questions:
            for one in runners:
                one.headers["Idempotency-Key"] = f"key-{question.slug}"
            answers = raced(*(partial(forecast, one, question.slug) for one in runners))

            assert {one.status_code for one in answers} <= {201, 409}
            assert len({one.content for one in answers if one.status_code == 201}) == 1

    with database.reading() as session:
        assert len(session.exec(select(Forecast.entry)).all()) == RACES
