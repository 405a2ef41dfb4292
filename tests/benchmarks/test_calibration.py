"""The pooled curve over a million forecasts: `make bench` prints what it takes, and asserts no clock."""

from time import perf_counter

import numpy as np
import pytest

from forecasts.calibration import pooled

MANY = 1_000_000


@pytest.mark.parametrize("digits", [17, 2], ids=["all different", "whole percents"])
def test_pooling_a_million_forecasts(digits: int) -> None:
    random = np.random.default_rng(2026)
    p = random.uniform(size=MANY).round(digits)
    y = (random.uniform(size=MANY) < p).astype(np.int64)
    pooling, summing, curve = [], [], pooled(p, y)

    for _ in range(9):
        start = perf_counter()
        pooled(p, y)
        pooling.append(perf_counter() - start)
        start = perf_counter()
        p.sum() + y.sum()
        summing.append(perf_counter() - start)

    took, bare = min(pooling), min(summing)
    print(f"\npooling {MANY:,} forecasts ({len(curve.forecast):,} different)   {took * 1000:6.1f} ms", end="")
    print(f"   {took / bare:6.1f} times a sum over the same bytes; target 50 ms")
    assert curve.count.sum() == MANY
    assert (np.diff(curve.frequency) >= 0).all()
