"""Calibration: by hand, at the edges, against published answers, and for simulated forecasters who are calibrated."""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression
from scipy.special import ndtr

from forecasts import calibration
from forecasts.calibration import (
    EDGES,
    Cases,
    Dot,
    bands,
    bins,
    by_chance,
    changed,
    decompose,
    hit_rate,
    honest_band,
    pit,
    pooled,
    reach,
    rise,
    sharpness,
    spiegelhalter,
    variance,
)
from forecasts.timeline import Numbers
from questions.shape import Vector
from tests.known import Case, known

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


@pytest.mark.parametrize("case", known("pav"))
def test_pooled_values_agree_with_other_implementations(case: Case) -> None:
    y = np.array(case["inputs"]["y"], dtype=float)
    weights = case["inputs"].get("w")

    risen = rise(y, None if weights is None else np.array(weights))

    assert risen == pytest.approx(case["expected"], abs=case["tolerance"])


def test_values_that_cannot_be_made_to_rise_are_refused() -> None:
    for values, weights, sentence in (
        ([1.0, np.nan], [1, 1], "is not a number"),
        ([1.0, 2.0], [1, 0], "not above 0"),
        ([1.0, 2.0], [1], "are not both"),
    ):
        with pytest.raises(ValueError, match=sentence):
            rise(np.array(values), np.array(weights))


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(1, 9)), max_size=80))
def test_rising_in_rounds_and_one_by_one_give_what_scipy_gives(rows: list[tuple[float, int]]) -> None:
    values, weights = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])

    risen = rise(values, weights)

    expected: list[float] = isotonic_regression(values, weights=weights).x.tolist() if rows else []
    assert risen == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.floats(0, 1), max_size=60))
def test_forecasts_come_in_order_however_close_they_lie(p: list[float]) -> None:
    curve = pooled(np.array(p), np.zeros(len(p)))

    assert curve.forecast.tolist() == sorted(set(p))
    assert curve.count.sum() == len(p)


def test_what_is_said_again_is_no_change() -> None:
    series = np.array([1, 1, 2, 1, 1, 2])

    said = changed(series, np.array([0.3, 0.1 + 0.1 + 0.1, 0.3, 0.4, 0.3, 0.2]))
    vectors = changed(np.array([1, 1, 1]), np.array([[0.2, 0.8], [0.2, 0.8], [0.3, 0.7]]))

    assert said.tolist() == [True, False, True, True, True, True]
    assert vectors.tolist() == [True, False, True]
    assert changed(np.empty(0, dtype=int), np.empty(0)).tolist() == []


# Chance


def flat(paths: list[list[float]], ended: list[int]) -> Cases:
    question = np.repeat(np.arange(len(paths)), [len(path) for path in paths])
    return Cases.of(question, np.concatenate(paths), np.array(ended)[question])


@pytest.mark.parametrize("case", known("update_calibration"))
def test_z_of_updated_forecasts_agrees_with_other_implementations(case: Case) -> None:
    found = spiegelhalter(flat(case["inputs"]["p"], case["inputs"]["y"]))

    assert [found.total, found.variance, found.z] == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.mark.parametrize("case", known("spiegelhalter"))
def test_with_one_forecast_a_question_it_is_spiegelhalters_test(case: Case) -> None:
    p, y = np.array(case["inputs"]["p"]), np.array(case["inputs"]["y"])

    found = spiegelhalter(Cases.of(np.arange(len(p)), p, y))

    assert [found.z, found.p_value] == pytest.approx(case["expected"], abs=case["tolerance"])


def test_the_variance_of_a_bin_by_hand() -> None:
    """Two forecasts of 50% on one question, with one of 80% between them; one of 50% on another."""
    cases = flat([[0.5, 0.8, 0.5], [0.5]], [1, 0])

    inside = (cases.p == 0.5).astype(float)

    # .25 for the first; .25 (1 + 2) for the third; .25 for the other question.
    assert variance(cases, inside) == pytest.approx(0.25 + 0.75 + 0.25)


def test_all_that_is_said_at_once_on_a_choice_has_the_variance_of_one_draw() -> None:
    """All outcomes in one bin: their errors sum to nothing. Two of three: as much as the third one alone."""
    p = np.array([0.2, 0.3, 0.5])
    question = np.zeros(3, dtype=np.int64)
    cases = Cases.of(question, p, np.array([0, 0, 1]), outcome=np.arange(3))

    assert variance(cases, np.ones(3)) == pytest.approx(0, abs=1e-15)
    assert variance(cases, np.array([1.0, 1.0, 0.0])) == pytest.approx(0.5 * 0.5)
    assert variance(cases, np.array([0.0, 1.0, 0.0])) == pytest.approx(0.3 * 0.7)


def test_updates_on_a_choice_count_by_what_the_later_one_knew() -> None:
    """Outcome 0 counted at the first act, outcome 1 at the second: E[e0 e1] is -p0 p1 of the second."""
    p = np.array([0.2, 0.3, 0.5, 0.4, 0.5, 0.1])
    outcome = np.array([0, 1, 2, 0, 1, 2])
    cases = Cases.of(np.zeros(6, dtype=np.int64), p, np.array([0, 1, 0] * 2), outcome=outcome)

    found = variance(cases, np.array([1.0, 0, 0, 0, 1, 0]))

    assert found == pytest.approx(0.2 * 0.8 + 0.5 * 0.5 - 2 * 0.4 * 0.5)


def test_forecasters_on_one_question_err_together() -> None:
    question = np.zeros(9, dtype=np.int64)
    crowd = Cases.of(question, np.full(9, 0.5), np.ones(9), series=np.arange(9))
    (band,) = bands(crowd)

    assert variance(crowd, np.ones(9)) == pytest.approx(9**2 * 0.25)
    assert band.dot.count == 9
    assert band.effective == pytest.approx(1)
    assert (band.low, band.high) == (0, 1)


def test_a_crowds_z_comes_from_the_questions_own_sums() -> None:
    """One says 80% and one 20%, with weights -.6 and .6: +.36 a question whatever happens, so z is the root of five."""
    question = np.repeat(np.arange(5), 2)
    crowd = Cases.of(question, np.tile([0.8, 0.2], 5), np.repeat([0, 1, 0, 1, 1], 2), series=np.arange(10))

    found = spiegelhalter(crowd)

    assert (found.total, found.variance) == pytest.approx((5 * 0.36, 5 * 0.36**2))
    assert found.z == pytest.approx(5**0.5)
    assert found.p_value == pytest.approx(0, abs=1e-6)


def test_a_series_that_runs_over_two_questions_is_refused() -> None:
    ids = np.arange(2)

    with pytest.raises(ValueError, match="runs over two questions"):
        bands(Cases.of(ids, np.array([0.5, 0.5]), ids, series=np.zeros(2, dtype=np.int64)))
    with pytest.raises(ValueError, match="not of one length"):
        Cases.of(np.arange(3), np.array([0.5, 0.5]), ids)


def test_a_wide_bin_has_a_normal_band_and_a_thin_one_a_binomial_one() -> None:
    """100 at 50%: .5 ± 1.645 x .05. Ten at 10%: P(0) = .349, P(<= 2) = .930, P(<= 3) = .987."""
    many, few = np.full(100, 0.5), np.full(10, 0.1)

    (wide,) = bands(Cases.of(np.arange(100), many, np.arange(100) % 2))
    (thin,) = bands(Cases.of(np.arange(10), few, np.arange(10) % 2))
    (mirrored,) = bands(Cases.of(np.arange(10), 1 - few, np.arange(10) % 2))

    assert (wide.low, wide.high) == pytest.approx((0.5 - 1.6448536 * 0.05, 0.5 + 1.6448536 * 0.05))
    assert (thin.low, thin.high) == pytest.approx((0, 0.3))
    assert (mirrored.low, mirrored.high) == pytest.approx((0.7, 1))
    assert (wide.holds, thin.holds) == (True, False)


def test_nothing_is_left_to_chance_where_all_is_certain() -> None:
    (sure,) = bands(Cases.of(np.arange(3), np.ones(3), np.array([1, 1, 0])))

    assert (sure.low, sure.high, sure.holds) == (1, 1, False)
    right, wrong = (spiegelhalter(Cases.of(np.arange(3), np.ones(3), np.array([1, 1, last]))) for last in (1, 0))
    assert np.isnan(right.z)
    assert np.isnan(right.p_value)
    assert (wrong.z, wrong.p_value) == (np.inf, 0.0)  # what was certain did not happen
    assert bands(Cases.of(np.arange(0), np.empty(0), np.empty(0))) == []


@pytest.mark.parametrize("path", [(0.6, 0.4), (0.7, 0.3), (0.9, 0.1), (0.99, 0.3)])
def test_who_moved_to_and_fro_has_been_refuted_by_nothing(path: tuple[float, float]) -> None:
    """The terms of the variance cancel out to 0 and less. By the movement it is (1 - 2p)² (q - p)² + A² q (1 - q)."""
    p, q = path
    found = spiegelhalter(Cases.of(np.zeros(2, dtype=int), np.array(path), np.zeros(2, dtype=int)))

    last = 2 - 2 * (p + q)
    total = -(1 - 2 * p) * p - (1 - 2 * q) * q
    spread = (1 - 2 * p) ** 2 * (q - p) ** 2 + last**2 * q * (1 - q)
    assert found.variance == pytest.approx(spread)
    assert found.z == pytest.approx(total / np.sqrt(spread))
    assert abs(found.z) < 2


def test_what_movements_show_of_chance_is_in_the_mean_what_the_formula_gives() -> None:
    """500 questions of 20 updates, and 4,000 choices of three that are even odds first: the same to 5%."""
    random = np.random.default_rng(5)
    later = random.dirichlet(np.ones(3), size=4000)
    p = np.stack([np.full((4000, 3), 1 / 3), later], axis=1)
    happened = np.array([random.choice(3, p=one) for one in later])
    y = np.broadcast_to((np.arange(3) == happened[:, None])[:, None], p.shape)
    question, outcome = np.repeat(np.arange(4000), 6), np.tile(np.arange(3), 8000)

    for cases in (calibrated(500, 20, random), Cases.of(question, p.ravel(), y.ravel(), question, outcome)):
        weight = 1 - 2 * cases.p
        seen = calibration._moved(calibration._lines(cases), cases.p, weight)
        assert seen == pytest.approx(variance(cases, weight), rel=0.05)


def calibrated(questions: int, steps: int, random: np.random.Generator) -> Cases:
    """Somebody who follows a random walk and says at each step how likely it is to end above a mark."""
    walk = np.cumsum(random.normal(size=(questions, steps + 1)), axis=1) / np.sqrt(steps + 1)
    mark = random.normal(size=(questions, 1))
    seen = np.concatenate([np.zeros((questions, 1)), walk[:, : steps - 1]], axis=1)
    paths = ndtr((seen - mark) / np.sqrt(1 - np.arange(steps) / (steps + 1)))
    ended = (walk[:, -1] > mark[:, 0]).astype(np.int64)
    return Cases.of(np.repeat(np.arange(questions), steps), paths.ravel(), np.repeat(ended, steps))


def test_bands_and_test_hold_under_updating_and_counting_each_update_as_a_case_does_not() -> None:
    """100 questions of 20 updates: .91 of bins lie in their band, .66 by cases; the test's size at .10: .13 and .63."""
    random = np.random.default_rng(1)
    ours, naive, sizes, naive_sizes = [], [], [], []

    for _ in range(200):
        cases = calibrated(100, 20, random)
        for band in bands(cases):
            p = band.dot.forecast
            ours.append(band.holds)
            naive.append(abs(band.dot.frequency - p) <= 1.645 * np.sqrt(p * (1 - p) / band.dot.count))
        found = spiegelhalter(cases)
        by_case = ((1 - 2 * cases.p) ** 2 * cases.p * (1 - cases.p)).sum()
        sizes.append(found.p_value < 0.1)
        naive_sizes.append(abs(found.total) / np.sqrt(by_case) > 1.645)

    assert 0.88 <= np.mean(ours) <= 0.93
    assert not np.mean(naive) >= 0.75
    assert 0.06 <= np.mean(sizes) <= 0.15
    assert not np.mean(naive_sizes) <= 0.4


def test_bands_and_test_of_a_crowd_hold_by_questions_and_not_by_forecasters() -> None:
    """Four who say the same of 400 questions: by questions .95 of bins, by cases far fewer."""
    random = np.random.default_rng(2)
    ours, naive, sizes, naive_sizes = [], [], [], []

    for _ in range(150):
        p, question = np.repeat(random.uniform(size=400), 4), np.repeat(np.arange(400), 4)
        y = np.repeat(random.uniform(size=400), 4) < p
        crowd = Cases.of(question, p, y, series=np.arange(1600))
        alone = Cases.of(np.arange(1600), p, y)
        ours += [band.holds for band in bands(crowd)]
        naive += [band.holds for band in bands(alone)]
        sizes.append(spiegelhalter(crowd).p_value < 0.1)
        naive_sizes.append(spiegelhalter(alone).p_value < 0.1)

    assert 0.88 <= np.mean(ours) <= 0.97
    assert not np.mean(naive) >= 0.7
    assert 0.06 <= np.mean(sizes) <= 0.15
    assert not np.mean(naive_sizes) <= 0.4


# Parts of a score


@pytest.mark.parametrize("case", known("corp"))
def test_parts_agree_with_other_implementations(case: Case) -> None:
    p, y = np.array(case["inputs"]["p"]), np.array(case["inputs"]["y"])

    parts = decompose(p, y, "log" if "log" in case["what"] else "brier")

    names = {"S": parts.score, "MCB": parts.miscalibration, "DSC": parts.discrimination, "UNC": parts.uncertainty}
    assert names == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.mark.parametrize("rule", ["brier", "log"])
@given(rows=PERCENTS)
def test_the_parts_add_up_and_none_is_negative(rule: str, rows: list[tuple[int, int]]) -> None:
    p, y = columns(rows)

    parts = decompose(p, y, rule)

    kept = p if rule == "brier" else np.clip(p, 0.001, 0.999)
    losses = (p - y) ** 2 if rule == "brier" else -np.log(np.where(y == 1, kept, 1 - kept))
    assert parts.score == pytest.approx(losses.mean(), abs=1e-12)
    assert parts.miscalibration - parts.discrimination + parts.uncertainty == pytest.approx(parts.score, abs=1e-12)
    assert parts.miscalibration >= 0
    assert parts.discrimination >= 0
    assert parts.uncertainty >= 0


def test_a_curve_over_many_forecasts_is_scipys() -> None:
    """Over several stretches of the first round."""
    random = np.random.default_rng(9)
    p = random.uniform(size=100_000)
    y = (random.uniform(size=100_000) < p).astype(np.int64)

    assert pooled(p, y).frequency == pytest.approx(isotonic_regression(y[np.argsort(p)]).x, abs=1e-12)


def test_what_cannot_be_decomposed_is_refused() -> None:
    with pytest.raises(ValueError, match="no forecast"):
        decompose(np.empty(0), np.empty(0))
    with pytest.raises(ValueError, match="“spherical” cannot be decomposed"):
        decompose(np.array([0.5]), np.array([1]), "spherical")


@pytest.mark.parametrize("case", known("murphy"))
def test_dots_give_murphys_parts(case: Case) -> None:
    """By distinct forecasts, each in a bin of its own, or by bins closed on the right: those of 1 - p, reflected."""
    p, y = np.array(case["inputs"]["p"]), np.array(case["inputs"]["y"])
    distinct = np.unique(p)
    edges = np.concatenate([[0], (distinct[1:] + distinct[:-1]) / 2, [1]])
    if "bins" in case["inputs"]:
        p, y, edges = 1 - p, 1 - y, np.linspace(0, 1, case["inputs"]["bins"] + 1)

    dots = bins(p, y, edges)

    share = np.array([dot.count for dot in dots]) / len(p)
    forecast, frequency = (np.array([getattr(dot, name) for dot in dots]) for name in ("forecast", "frequency"))
    own = np.searchsorted([dot.low for dot in dots], p + 1e-9, side="right") - 1
    within = p - forecast[own]
    found = {
        "REL": (share * (forecast - frequency) ** 2).sum(),
        "RES": (share * (frequency - y.mean()) ** 2).sum(),
        "UNC": y.mean() * (1 - y.mean()),
        "BS": ((p - y) ** 2).mean(),
        "WBV": (within**2).mean(),
        "WBC": 2 * (within * (y - frequency[own])).mean(),
    }
    found["GRES"] = found["RES"] - found["WBV"] + found["WBC"]
    assert {name: found[name] for name in case["expected"]} == pytest.approx(case["expected"], abs=case["tolerance"])


def calibration_error(dots: list[Dot]) -> float:
    """ECE, which no page shows."""
    return sum(dot.count * abs(dot.frequency - dot.forecast) for dot in dots) / sum(dot.count for dot in dots)


@pytest.mark.parametrize("case", known("ece"))
def test_dots_give_the_expected_calibration_error(case: Case) -> None:
    p, y = np.array(case["inputs"]["p"]), np.array(case["inputs"]["y"])

    found = [calibration_error(bins(1 - p, 1 - y, np.linspace(0, 1, size + 1))) for size in case["inputs"]["bins"]]

    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


def test_a_perfect_forecaster_looks_miscalibrated_until_chance_is_put_beside_it() -> None:
    """MCB .034 at n = 50, within .001 of its null mean; ECE .10 at n = 100, in ten bins. At face value both lie."""
    random = np.random.default_rng(3)
    shown, expected, p_values, errors = [], [], [], []

    for run in range(300):
        p = random.uniform(size=50)
        cases = Cases.of(np.arange(50), p, random.uniform(size=50) < p)
        chance = by_chance(cases, draws=99, seed=run)
        shown.append(decompose(cases.p, cases.y).miscalibration)
        expected.append(chance.mean)
        p_values.append(chance.p_value <= 0.1)
        q = random.uniform(size=100)
        errors.append(calibration_error(bins(q, random.uniform(size=100) < q, np.linspace(0, 1, 11))))

    assert np.mean(shown) == pytest.approx(0.033, abs=0.003)
    assert np.mean(shown) - np.mean(expected) == pytest.approx(0, abs=0.0025)
    assert np.mean(shown) != pytest.approx(0, abs=0.0025)
    assert np.mean(errors) == pytest.approx(0.093, abs=0.012)
    assert 0.05 <= np.mean(p_values) <= 0.15


def test_chance_is_right_under_updating_and_outcomes_drawn_for_each_update_are_not() -> None:
    """30 questions of 8 updates: MCB and its mean by chance .020; with an outcome for each update .012."""
    random = np.random.default_rng(4)
    shown, expected, naive = [], [], []

    for run in range(150):
        cases = calibrated(30, 8, random)
        shown.append(decompose(cases.p, cases.y).miscalibration)
        expected.append(by_chance(cases, draws=60, seed=run).mean)
        apart = Cases.of(np.arange(len(cases.p)), cases.p, cases.y)
        naive.append(by_chance(apart, draws=60, seed=run).mean)

    assert np.mean(expected) == pytest.approx(np.mean(shown), rel=0.12)
    assert np.mean(naive) != pytest.approx(np.mean(shown), rel=0.12)


def test_chance_sees_a_forecaster_who_is_off() -> None:
    random = np.random.default_rng(6)
    p = random.uniform(size=200)
    sure_of_himself = np.where(p > 0.5, 0.97, 0.03)
    cases = Cases.of(np.arange(200), sure_of_himself, random.uniform(size=200) < p)

    found = by_chance(cases, "log")

    assert found.p_value == pytest.approx(1 / 501)
    assert found.mean < found.high < decompose(cases.p, cases.y, "log").miscalibration
    assert found == by_chance(cases, "log")


def test_chance_draws_one_outcome_for_a_question_however_many_forecast_it() -> None:
    """Everybody said 50%: each draw puts all on one side, and the curve, a base rate of 0 or 1, saves all of .25."""
    crowd = Cases.of(np.zeros(5, dtype=np.int64), np.full(5, 0.5), np.ones(5), series=np.arange(5))

    assert by_chance(crowd, draws=20).mean == pytest.approx(0.25)
    assert by_chance(crowd, draws=20).p_value == 1  # whatever happens, this much is seen: chance gives no less
    with pytest.raises(ValueError, match="yes/no questions only"):
        by_chance(Cases.of(np.zeros(2, dtype=int), np.array([0.5, 0.5]), np.arange(2), outcome=np.arange(2)))


@pytest.mark.parametrize("case", known("calibration_band"))
def test_the_honest_band_agrees_with_other_implementations(case: Case) -> None:
    p, y = np.array(case["inputs"]["p"]), np.array(case["inputs"]["y"])

    band = honest_band(p, y, case["inputs"]["alpha"])

    found = {"x": band.forecast, "lower": band.low, "upper": band.high}
    for name, expected in case["expected"].items():
        assert found[name] == pytest.approx(expected, abs=case["tolerance"])
    assert honest_band(np.empty(0), np.empty(0)).low.tolist() == []


# Spread, and where the truth fell


def test_sharpness_counts_forecasts_and_questions_in_each_bin() -> None:
    found = sharpness(np.array([1, 1, 2, 2]), np.array([0.1, 0.2, 0.2, 0.9]), np.array([0, 0.5, 0.8, 1]))

    assert [(one.low, one.high, one.forecasts, one.questions) for one in found] == [
        (0, 0.5, 3, 2),
        (0.5, 0.8, 0, 0),
        (0.8, 1, 1, 1),
    ]


def test_the_truth_is_spread_over_all_that_its_bin_covers() -> None:
    below, upto = reach([np.array([0.25, 0.5, 0.25]), np.array([0.1, 0.0, 0.9])], [1, 1])

    halves = pit(below, upto, columns=2)

    # The first lies at .25..75, half on either side; the second, a bin without probability, at .1 exactly.
    assert [slot.count for slot in halves] == pytest.approx([1.5, 0.5])
    assert [slot.expected for slot in halves] == [1, 1]
    assert sum(slot.count for slot in pit(np.array([0.0, 1.0]), np.array([0.0, 1.0]))) == 2


def test_the_hit_rate_has_clopper_and_pearsons_interval() -> None:
    """8 of 10: .4439 to .9748, from their tables (Biometrika 1934)."""
    inside = np.array([0.5] * 8 + [0.95] * 2)

    found = hit_rate(inside, inside)
    linked = hit_rate(np.tile(inside, 3), np.tile(inside, 3), np.tile(np.arange(10), 3))

    assert (found.share, found.rate, found.count) == (0.8, 0.8, 10)
    assert (found.low, found.high) == pytest.approx((0.4439, 0.9748), abs=5e-5)
    assert (linked.low, linked.high) == pytest.approx((found.low, found.high))
    assert linked.count == 30
    with pytest.raises(ValueError, match="no forecast"):
        hit_rate(np.empty(0), np.empty(0))


def test_a_calibrated_forecaster_of_bins_is_flat_and_a_narrow_one_is_not() -> None:
    """Eight bins, 400 questions: .80 of truths within 80% intervals and .90 of columns in their band; narrowed .5."""
    random = np.random.default_rng(8)
    vectors = random.dirichlet(np.ones(8), size=400)
    outcomes = [int(random.choice(8, p=vector)) for vector in vectors]
    narrowed = vectors**4 / (vectors**4).sum(axis=1, keepdims=True)

    fair = reach(list(vectors), outcomes)
    narrow = reach(list(narrowed), outcomes)

    assert hit_rate(*fair).low <= 0.8 <= hit_rate(*fair).high
    assert not hit_rate(*narrow).high >= 0.8
    assert sum(slot.lower <= slot.count <= slot.upper for slot in pit(*fair)) >= 8
    assert pit(*narrow)[0].count > pit(*narrow)[0].upper
