"""The crowd over ten thousand forecasts on one question: `make bench` prints what each way takes, and asserts no clock.

Once everybody says one thing and stays, so that ten thousand stand together in the end; once a thousand people keep
changing their minds. Each way is compared with a numpy sum over the bytes of the forecasts. It runs in a process of its
own with one BLAS thread: OpenBLAS reads OPENBLAS_NUM_THREADS when numpy is first imported, and with more threads the
waiting ones burn processor time.
"""

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np

from forecasts.crowd import AGGREGATES, learn
from forecasts.timeline import NEVER, Acts

MANY = 10_000
TIMES = 5


def history(people: int, outcomes: int) -> Acts:
    """Ten thousand acts in the order of time, 3% of them withdrawals, by so many people in turn."""
    random = np.random.default_rng(2026)
    said = random.dirichlet(np.full(outcomes, 0.5), MANY)
    withdrawn = random.random(MANY) < 0.03
    said[withdrawn] = np.nan
    who = random.permutation(MANY) % people
    when = np.sort(random.integers(0, 10**13, MANY))
    return Acts(who, when, said, withdrawn, np.full(MANY, NEVER))


def fastest(step: Callable[[], object]) -> float:
    """Processor time in seconds, the least of some."""

    def once() -> float:
        start = process_time()
        step()
        return process_time() - start

    return min(once() for _ in range(TIMES))


def most_memory(step: Callable[[], object]) -> float:
    """MiB that a step holds at most, above what it is given."""
    tracemalloc.start()
    step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def measure() -> None:
    """Print the table."""
    for people in (MANY, 1000):
        for outcomes, ordered in ((2, False), (4, False), (202, True)):
            acts = history(people, outcomes)
            columns = [acts.forecaster, acts.at, acts.probabilities, acts.withdrawn, acts.expires]
            summed = fastest(lambda columns=columns: [column.sum() for column in columns])  # type: ignore[misc]
            size = sum(column.nbytes for column in columns) / 2**20
            print(f"\n{MANY:,} forecasts by {people:,} people over {outcomes} outcomes, {size:.1f} MiB")
            print(f"{'a numpy sum over them':<24}{summed * 1000:8.2f} ms")
            for name, way in AGGREGATES.items():
                step = lambda way=way, acts=acts, ordered=ordered: way(acts, ordered)  # noqa: E731
                took = fastest(step)
                print(f"{name:<24}{took * 1000:8.1f} ms{took / summed:8.0f} times{most_memory(step):8.1f} MiB")
    random = np.random.default_rng(2026)
    said, outcome = random.dirichlet(np.ones(2), MANY), random.integers(0, 2, MANY)
    summed, took = fastest(said.sum), fastest(lambda: learn(said, outcome, np.arange(MANY) // 4))
    print(f"\n{'an exponent learned from ' + format(MANY, ',') + ' questions':<44}{took * 1000:8.1f} ms", end="")
    print(f"{took / summed:8.0f} times a numpy sum")


def test_the_crowd_of_ten_thousand_forecasts() -> None:
    command = [sys.executable, "-c", f"from {__name__} import measure; measure()"]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    root = Path(__file__).parent.parent.parent

    ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    print(ended.stdout)

    assert "an exponent learned" in ended.stdout
