"""A million updates scored at once, and one question with ten thousand: `make bench` prints, and asserts no clock.

Each is compared with what numpy takes to add up the bytes that go in. Time is that of the processor, the best of some
runs, as others may be at work on the machine; memory is the most that was held beyond what went in.
"""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from forecasts import crowd
from forecasts.daily import averages
from forecasts.peer import Course, course, earned
from forecasts.rules import charge
from forecasts.scoring import Outcomes, assess, join
from forecasts.timeline import (
    NEVER,
    Accounts,
    Acts,
    Lot,
    Mask,
    Numbers,
    Table,
    Window,
    Windows,
    columns,
    gathered,
    lots,
)
from questions.shape import Vector

MILLION, QUESTIONS, FORECASTERS = 1_000_000, 2_000, 5_000
DAY = 24 * 3600 * 1_000_000
OPENING = 1_795_000_000 * 1_000_000
CROWD, EVEN = -1, -2


def least(work: Callable[[], Any], runs: int = 7) -> float:
    """The shortest processor time of some runs, in milliseconds."""
    took = []
    for _ in range(runs):
        start = process_time()
        work()
        took.append(process_time() - start)
    return 1000 * min(took)


def held(work: Callable[[], Any]) -> float:
    """The most memory that was held at once, in MiB."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 2**20


def report(what: str, work: Callable[[], Any], given: list[npt.NDArray[Any]]) -> None:
    sums = least(lambda: [column.sum() for column in given])
    took, memory = least(work), held(work)
    print(f"{what:<72}{took:8.1f} ms{took / sums:8.0f} times a sum{memory:8.1f} MiB")


def a_season(together: bool) -> tuple[Table, Windows, Vector, Numbers]:
    """A million updates in the order in which they were made, or question by question; p of YES, and the outcomes."""
    random = np.random.default_rng(2026)
    opens = OPENING + random.integers(0, 400, QUESTIONS) * DAY
    closes = opens + random.integers(20, 200, QUESTIONS) * DAY
    end = np.where(random.uniform(size=QUESTIONS) < 0.3, opens + (closes - opens) // 2, closes)
    question = random.integers(0, QUESTIONS, MILLION)
    at = opens[question] + (random.uniform(size=MILLION) * (closes - opens)[question]).astype(np.int64)
    order = np.lexsort((at, question)) if together else np.argsort(at)
    who = random.integers(0, FORECASTERS, MILLION)
    table = Table(question[order], who, at[order], random.uniform(size=MILLION) < 0.02, np.full(MILLION, NEVER))
    return table, Windows(opens, closes, end), random.uniform(size=MILLION), random.integers(0, 2, QUESTIONS)


@dataclass(frozen=True)
class Season:
    """Brier and log of every pair, both its peer scores, and what the crowd's mean lost on each question."""

    accounts: Accounts
    peers: Vector
    crowd: Vector


def season(table: Table, windows: Windows, p: Vector, outcome: Numbers, base: Mask) -> Season:
    crowds = np.zeros((len(outcome), 2))

    def score(lot: Lot) -> tuple[npt.NDArray[Any], ...]:
        said, member = lot.of(p), lot.of(base)
        own = np.where(lot.stood, [*_losses(said, outcome[lot.question][lot.pair]), said], 0.0)
        during = course(lot, own, member)
        losses = replace(during, sums=during.sums[:2], values=during.values[:2])
        crowds[lot.question[0] : lot.question[-1] + 1] = _of_the_mean(lot, during, outcome)
        return *columns(lot, own[:2]), earned(lot, losses, member)

    *account, peers = gathered(map(score, lots(table, windows)), len(table.at))
    return Season(Accounts(*account), peers, crowds)


def _losses(p: Vector, y: Numbers) -> tuple[Vector, Vector]:
    right = np.where(y == 1, p, 1 - p)
    return (1 - right) ** 2, -np.log(np.maximum(right, 0.001))


def _of_the_mean(lot: Lot, during: Course, outcome: Numbers) -> Vector:
    """What the mean of the crowd lost on each of the lot's questions, (k, 2)."""
    asked = lot.question[np.diff(lot.question, prepend=-1) > 0]
    mean = during.sums[2] / np.maximum(during.count, 1)
    losses = _losses(mean, np.repeat(outcome[asked], np.diff(during.first, append=len(mean))))
    flow = np.where(during.count > 0, during.share, 0.0)
    return np.stack([np.add.reduceat(loss * flow, during.first) for loss in losses], axis=1)


@pytest.mark.parametrize("together", [True, False], ids=["question by question", "as they were made"])
def test_a_million_updates(together: bool) -> None:
    table, windows, p, outcome = a_season(together)
    base = np.ones(MILLION, dtype=bool)
    given = [table.question, table.forecaster, table.at, table.withdrawn, table.expires, p]
    order = "question by question" if together else "in the order in which they were made"
    print(f"\n{MILLION:,} updates, {QUESTIONS:,} questions, {FORECASTERS:,} forecasters, {order}\n")
    report("Brier, log, both peers, the crowd's mean", lambda: season(table, windows, p, outcome, base), given)

    found = season(table, windows, p, outcome, base)
    assert len(found.peers) > 900_000
    # Its mean is near 50% for the .85 of the planned time that there was.
    assert found.crowd.mean(axis=0) == pytest.approx([0.85 / 4, 0.85 * np.log(2)], abs=0.02)


def one_question(forecasters: int) -> tuple[Acts, Window]:
    """Ten thousand forecasts within 365 days."""
    random = np.random.default_rng(2026)
    p, many = random.uniform(size=10_000), 10_000
    acts = Acts(
        random.permutation(many) % forecasters,
        OPENING + np.sort(random.integers(0, 365 * DAY, many)),
        np.column_stack([1 - p, p]),
        np.zeros(many, dtype=bool),
        np.full(many, NEVER),
    )
    return acts, Window.running(OPENING, OPENING + 365 * DAY)


@pytest.mark.parametrize("forecasters", [100, 10_000])
def test_one_question_with_ten_thousand_forecasts(forecasters: int) -> None:
    acts, window = one_question(forecasters)
    base = np.ones(len(acts.at), dtype=bool)
    outcome, windows, table = np.ones(1, dtype=np.int64), Windows.of(window), Table.of(acts)
    given = [acts.forecaster, acts.at, acts.probabilities, acts.withdrawn, acts.expires]
    yardsticks = crowd.as_acts(crowd.path(acts, ordered=False), CROWD), crowd.always_even(2, window.opens, EVEN)
    everybody = join(acts, *yardsticks)
    persons = everybody.forecaster >= 0
    yes_no, losses = Outcomes(2, ordered=False), charge("brier", acts, 1, ordered=False)

    print(f"\n10,000 forecasts by {forecasters:,} people on one question\n")
    report(
        "Brier, log, both peers, the crowd's mean",
        lambda: season(table, windows, acts.probabilities[:, 1], outcome, base),
        given,
    )
    report("daily averages and accuracy over 365 days", lambda: averages(acts, window, losses, base), given)
    report(
        "everything at once, with two yardsticks", lambda: assess(everybody, persons, window, 1, yes_no, CROWD), given
    )

    assert len(assess(everybody, persons, window, 1, yes_no, CROWD).forecaster) == forecasters + 2
