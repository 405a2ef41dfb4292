"""The statistics of a large leaderboard: `make bench` prints what each step takes, and asserts no clock.

A thousand forecasters answered half of five hundred questions; chance is played through a thousand times. Each step is
compared with a numpy sum over the bytes of the cells. It runs in a process of its own with one BLAS thread: OpenBLAS
reads OPENBLAS_NUM_THREADS when numpy is first imported, and with more threads the waiting ones burn processor time.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np

from forecasts import skill
from forecasts.leaderboard import MEASURES, Cells, rank

FORECASTERS, QUESTIONS, DRAWS = 1000, 500, 1000
CROWD, EVEN = -1, -2
TIMES = 5


def cells() -> Cells:
    """Half of the table, in no order."""
    random = np.random.default_rng(2026)
    forecaster, question = np.nonzero(random.random((FORECASTERS, QUESTIONS)) < 0.5)
    order = random.permutation(len(question))
    forecaster, question = forecaster[order], question[order]
    coverage = random.uniform(0.1, 1, len(question))
    hardness = random.beta(2, 6, QUESTIONS)[question]
    own = random.normal(0, 0.03, FORECASTERS)[forecaster] + random.normal(0, 0.1, len(question))
    numbers = {
        "coverage": coverage,
        "presence": coverage,
        "brier": (hardness + own) * coverage,
        "beside": hardness * coverage,
        "peer": -own * coverage,
    }
    return Cells(question, question, forecaster, numbers)


def fastest(step: Callable[[], object]) -> float:
    """Processor time in seconds, the least of some."""

    def once() -> float:
        start = process_time()
        step()
        return process_time() - start

    return min(once() for _ in range(TIMES))


def measure() -> None:
    """Print the table."""
    found = cells()
    columns = [found.question, found.group, found.forecaster, *found.numbers.values()]
    summed = fastest(lambda: [column.sum() for column in columns])
    print(f"\n{len(found.question):,} cells, {DRAWS:,} draws, {sum(one.nbytes for one in columns) / 2**20:.0f} MiB\n")

    def said(step: str, took: float) -> None:
        print(f"{step:<52}{took * 1000:8.1f} ms{took / summed:9.0f} times a numpy sum over the cells")

    said("a numpy sum over the cells", summed)
    peer = found.numbers["peer"]
    sums = skill.sums(found.forecaster, found.group, peer, np.ones(len(peer)))
    variance = skill.pooled_variance(sums) / sums.effective
    off = skill.bootstrap(sums, DRAWS, np.random.default_rng(1))
    steps: dict[str, Callable[[], object]] = {
        "sums by forecaster and group": lambda: skill.sums(found.forecaster, found.group, peer, np.ones(len(peer))),
        "pooled variance": lambda: skill.pooled_variance(sums),
        "shrinkage": lambda: skill.shrink_cautiously(sums.value, variance),
        "difficulty": lambda: skill.difficulty(found.question, found.forecaster, found.numbers["brier"]),
        "bootstrap": lambda: skill.bootstrap(sums, DRAWS, np.random.default_rng(1)),
        "intervals": lambda: skill.interval(sums.value, off),
        "P(first), P(top ten), rank intervals": lambda: skill.ranks(off),
    }
    took = {step: fastest(how) for step, how in steps.items()}
    for step, seconds in took.items():
        said(step, seconds)
    said("all of these", sum(took.values()))
    for name in ("skill", "peer", "brier", "adjusted"):
        whole = fastest(lambda name=name: rank(found, name, range(FORECASTERS), CROWD, EVEN, draws=DRAWS))  # type: ignore[misc]
        said(f"the whole board by “{MEASURES[name].title}”", whole)


def test_the_statistics_of_a_large_leaderboard() -> None:
    command = [sys.executable, "-c", f"from {__name__} import measure; measure()"]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    root = Path(__file__).parent.parent.parent

    ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    print(ended.stdout)

    assert "all of these" in ended.stdout
