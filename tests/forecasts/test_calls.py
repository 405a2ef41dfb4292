"""Single forecasts: which were right, what was said last, and which earned or cost most."""

from typing import Any

import numpy as np
import pytest

from forecasts import calls
from forecasts.calls import EVEN, RIGHT, WRONG, Calls
from forecasts.database import Database
from forecasts.models import Forecaster
from questions import catalog
from questions.catalog import Listed
from questions.models import Question, Resolution
from tests.cast import DAY, HOUR, NOON, SPECS, MovedClock, called, draft, publish, put, resolve, say, take_back


def resolved(kind: str, outcome: int | None) -> Listed:
    """A question of that kind with its outcome, as no table knows it."""
    asked: dict[str, Any] = {"kind": kind, "spec": SPECS[kind], "opens_at": NOON, "closes_at": NOON + DAY}
    decided: dict[str, Any] = {"verdict": "resolved", "outcome": outcome}
    return Listed(Question(**asked), Resolution(**decided))


VERDICTS = [
    ("binary", (0.3, 0.7), 1, RIGHT),
    ("binary", (0.3, 0.7), 0, WRONG),
    ("binary", (0.5, 0.5), 0, EVEN),
    ("choice", (0.4, 0.3, 0.3), 0, RIGHT),
    ("choice", (0.4, 0.3, 0.3), 2, WRONG),
    ("choice", (0.4, 0.4, 0.2), 0, EVEN),
    ("choice", (0.4, 0.4, 0.2), 2, WRONG),
    ("number", (0.05, 0.9, 0.05), 1, RIGHT),
    ("number", (0.05, 0.9, 0.05), 0, WRONG),
    ("number", (0.05, 0.9, 0.05), 2, WRONG),
    ("number", (0.2, 0.6, 0.2), 2, RIGHT),
]


@pytest.mark.parametrize(("kind", "vector", "outcome", "verdict"), VERDICTS)
def test_a_forecast_is_right_by_its_likeliest_outcome_or_its_interval(
    kind: str, vector: tuple[float, ...], outcome: int, verdict: str
) -> None:
    assert calls.verdict(resolved(kind, outcome), np.array(vector)) == verdict


def test_of_what_is_not_known_nobody_was_right() -> None:
    assert calls.verdict(resolved("binary", None), np.array([0.3, 0.7])) == ""


def test_the_best_earned_and_the_worst_cost_and_those_between_are_neither() -> None:
    peer = np.array([0.1, -0.2, 0.0, 0.3, np.nan, -0.1, 0.0004, -0.0004])
    blank = np.zeros(8)
    made = Calls(np.arange(8), blank, peer, blank, blank)

    assert made.best(5) == [3, 0]
    assert made.best(1) == [3]
    assert made.worst(5) == [1, 5]


def test_calls_come_to_what_the_boards_count(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    """Rain for all of its ten hours: Ada loses 0.01 and Bob 0.36. The wind for five: (0.5² + 0.5²) / 2 · 0.5 = 0.125.

    Of three bins by the ranked score: 50, 25, 25 and the first happens: (0.5² + 0.25²) / 2 = 0.15625.
    """
    rain, wind, cold = publish(database, draft("rain"), draft("wind", "choice"), draft("cold", "number"))
    say(database, ada, rain, 0.9)
    say(database, bob, rain, 0.4)
    say(database, ada, cold, 0.5, 0.25, 0.25)
    clock.moment += 5 * HOUR
    say(database, ada, wind, 0.5, 0.5, 0)
    clock.moment += 5 * HOUR
    for question, outcome in ((rain, 1), (wind, 0), (cold, 0)):
        resolve(database, mo, question, outcome)

    with database.reading() as session:
        everything = calls.of(session, ada, {rain.id, wind.id, cold.id})
        alone = calls.of(session, ada, {wind.id})
        nothing = calls.of(session, mo, {rain.id})

    assert everything.loss == pytest.approx([0.01, 0.125, 0.15625], abs=1e-12)
    assert everything.peer == pytest.approx([0.35, 0, 0], abs=1e-12)
    assert everything.coverage == pytest.approx([1, 0.5, 1])
    assert alone.question.tolist() == [wind.id]
    assert nothing.question.tolist() == []


def test_the_last_word_is_what_stood_when_the_outcome_became_known(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    """Ada changes her mind an hour before it is known; Bob takes his word back; at the closing it is over anyway."""
    rain, wind = publish(database, draft("rain"), draft("wind"))
    say(database, ada, rain, 0.3)
    say(database, bob, rain, 0.6)
    put(database, ada, wind, 0.2, expires_at=NOON + 3 * HOUR)
    clock.moment += HOUR
    say(database, ada, rain, 0.8)
    take_back(database, bob, rain)
    clock.moment += HOUR
    resolve(database, mo, rain, 1)

    with database.reading() as session:
        listed = catalog.listed(session)
        crowd = called(database, "crowd")
        said = {who.handle: calls.last_words(session, who, listed) for who in (ada, bob, crowd)}

    assert {key: vector.tolist() for key, vector in said["ada"].items()} == {rain.id: pytest.approx([0.2, 0.8])}
    assert said["bob"] == {}
    assert said["crowd"][rain.id] == pytest.approx([0.2, 0.8])
