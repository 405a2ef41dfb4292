"""Bins and the pooled curve: by hand, at the edges, and against published pooled frequencies."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasts.calibration import EDGES, Dot, bins, pooled
from forecasts.timeline import Numbers
from questions.shape import Vector

CASES = json.loads((Path(__file__).parents[1] / "data" / "scoring_rules.json").read_text())["cases"]
Case = dict[str, Any]
PERCENTS = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 1)), min_size=1, max_size=60)


def columns(rows: list[tuple[int, int]]) -> tuple[Vector, Numbers]:
    return np.array([percent / 100 for percent, _ in rows]), np.array([outcome for _, outcome in rows])


def test_no_whole_percent_lies_on_an_edge_except_0_and_100() -> None:
    assert len(EDGES) == 22
    assert EDGES[[0, 1, 2, -2, -1]].tolist() == [0, 0.025, 0.075, 0.975, 1]
    assert set((EDGES * 100).round(6).tolist()) & set(range(101)) == {0, 100}


def test_each_dot_sits_at_the_mean_forecast_of_its_bin_and_only_bins_that_hold_something_have_one() -> None:
    p = np.array([0.70, 0.30, 0.72, 0.0, 1.0, 0.68])
    y = np.array([1, 0, 1, 0, 1, 0])

    dots = bins(p, y)

    assert [(dot.low, dot.high, dot.count) for dot in dots] == [
        (0.0, 0.025, 1),
        (0.275, 0.325, 1),
        (0.675, 0.725, 3),
        (0.975, 1.0, 1),
    ]
    assert [dot.forecast for dot in dots] == pytest.approx([0, 0.3, 0.7, 1])
    assert [dot.frequency for dot in dots] == pytest.approx([0, 0, 2 / 3, 1])


@pytest.mark.parametrize(
    ("p", "low"),
    [
        (0.0, 0.0),
        (0.0249, 0.0),
        (0.025, 0.025),
        (0.1 + 0.1 + 0.1, 0.275),  # 0.30000000000000004, in the bin of 0.3
        (0.325, 0.325),
        (0.325 - 1e-16, 0.325),  # dust under an edge
        (0.974999, 0.925),
        (0.975, 0.975),
        (1.0, 0.975),
    ],
)
def test_bins_hold_their_lower_edge_whatever_the_rounding(p: float, low: float) -> None:
    (dot,) = bins(np.array([p]), np.array([1]))

    assert dot == Dot(low, dot.high, 1, p, 1.0)
    assert dot.low < dot.high <= dot.low + 0.0501


def test_neighbours_that_fall_are_pooled() -> None:
    p = np.array([0.1, 0.2, 0.3, 0.4])
    y = np.array([0, 1, 0, 1])

    curve = pooled(p, y)

    # 20% came true and 30% did not: together one of two.
    assert curve.forecast.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert curve.frequency.tolist() == [0, 0.5, 0.5, 1]
    assert curve.count.tolist() == [1, 1, 1, 1]


def test_equal_forecasts_are_one_before_anything_is_pooled() -> None:
    p = np.array([0.6, 0.2, 0.6, 0.2, 0.6])

    curve = pooled(p, np.array([1, 0, 0, 1, 1]))

    assert curve.forecast.tolist() == [0.2, 0.6]
    assert curve.frequency == pytest.approx([1 / 2, 2 / 3])
    assert curve.count.tolist() == [2, 3]


def test_pooling_goes_back_as_far_as_the_curve_falls() -> None:
    p = np.array([0.1, 0.1, 0.2, 0.2, 0.3])

    curve = pooled(p, np.array([0, 1, 1, 1, 0]))

    # 1/2, 2/2, 0/1: the last two make 2/3, which is over 1/2; with one more that fails at 40% they make 2/4, no fall.
    assert curve.frequency == pytest.approx([1 / 2, 2 / 3, 2 / 3])
    again = pooled(np.append(p, [0.4, 0.5]), np.array([0, 1, 1, 1, 0, 0, 0]))
    assert again.frequency == pytest.approx([3 / 7] * 5)


def test_nothing_gives_nothing() -> None:
    assert bins(np.empty(0), np.empty(0)) == []
    curve = pooled(np.empty(0), np.empty(0, dtype=int))
    assert [len(column) for column in (curve.forecast, curve.frequency, curve.count)] == [0, 0, 0]


@pytest.mark.parametrize("draw", [bins, pooled])
@pytest.mark.parametrize(
    ("p", "y", "sentence"),
    [
        ([np.nan], [1], "nan is not a probability"),
        ([1.2], [1], "1.2 is not a probability"),
        ([-0.1], [1], "-0.1 is not a probability"),
        ([0.5], [2], "2 is not an outcome of a yes/no question"),
        ([0.5], [np.nan], "nan is not an outcome of a yes/no question"),
        ([0.5, 0.5], [1], r"Forecasts \(2,\) and outcomes \(1,\) are not both"),
    ],
)
def test_what_is_not_a_case_is_refused_with_a_sentence(
    draw: Callable[..., Any], p: list[float], y: list[float], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        draw(np.array(p), np.array(y))


def test_the_mean_of_a_bin_is_the_same_to_the_last_digit_in_any_order() -> None:
    p, y = np.array([0.28, 0.29, 0.30]), np.array([1, 0, 1])

    assert (0.28 + 0.29 + 0.30) / 3 != (0.30 + 0.29 + 0.28) / 3
    assert bins(p, y) == bins(p[::-1], y[::-1])


@given(PERCENTS, st.randoms())
def test_the_order_of_the_cases_does_not_matter(rows: list[tuple[int, int]], random: Random) -> None:
    one, other = columns(rows), columns(random.sample(rows, len(rows)))

    assert bins(*one) == bins(*other)
    assert pooled(*one).frequency.tolist() == pooled(*other).frequency.tolist()


@given(PERCENTS)
def test_the_curve_never_falls_and_keeps_the_number_of_times_it_happened(rows: list[tuple[int, int]]) -> None:
    p, y = columns(rows)

    curve = pooled(p, y)

    assert (np.diff(curve.frequency) >= 0).all()
    assert curve.count.sum() == sum(dot.count for dot in bins(p, y)) == len(rows)
    assert (curve.frequency * curve.count).sum() == pytest.approx(y.sum())


@given(PERCENTS)
def test_the_curve_is_the_rising_one_that_lies_nearest(rows: list[tuple[int, int]]) -> None:
    p, y = columns(rows)
    curve = pooled(p, y)
    means = np.array([y[p == forecast].mean() for forecast in curve.forecast])

    # Min-max formula: the largest over starts of the smallest over ends of the mean of everything between.
    plain = [
        max(
            min(np.average(means[a : b + 1], weights=curve.count[a : b + 1]) for b in range(i, len(means)))
            for a in range(i + 1)
        )
        for i in range(len(means))
    ]

    assert curve.frequency == pytest.approx(plain)


@pytest.mark.parametrize("case", [case for case in CASES if case["group"] == "pav"], ids=lambda case: case["id"])
def test_pooled_frequencies_agree_with_other_implementations(case: Case) -> None:
    y = np.array(case["inputs"]["y"])
    weights = case["inputs"].get("w", [1] * len(y))

    curve = pooled(np.repeat(np.arange(len(y)) / len(y), weights), np.repeat(y, weights))

    assert curve.frequency == pytest.approx(case["expected"], abs=case["tolerance"])
