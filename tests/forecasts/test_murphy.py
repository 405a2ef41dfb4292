"""The Murphy diagram: known answers, its area, its jumps, and how often its band is right."""

from math import nan
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasts.murphy import diagram, difference, elementary
from forecasts.timeline import Numbers
from questions.shape import Vector
from tests.known import Case, known

ROWS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 1)), min_size=1, max_size=30)


def columns(rows: list[tuple[int, int, int]]) -> tuple[Vector, Vector, Numbers]:
    return (
        np.array([row[0] / 20 for row in rows]),
        np.array([row[1] / 20 for row in rows]),
        np.array([row[2] for row in rows]),
    )


def by_definition(p: Vector, y: Numbers, theta: float) -> float:
    reached = (np.minimum(p, y) <= theta) & (theta < np.maximum(p, y))
    return float((np.abs(y - theta) * reached).mean())


@pytest.mark.parametrize("case", known("murphy_diagram"))
def test_the_mean_elementary_loss_agrees_with_other_programs(case: Case) -> None:
    p, y, theta = (np.array(case["inputs"][name]) for name in ("p", "y", "theta"))

    assert elementary(p, y, theta) == pytest.approx(case["expected"], abs=case["tolerance"])


@given(ROWS, st.lists(st.integers(0, 40), min_size=1, max_size=10))
def test_it_is_the_textbooks_at_jumps_and_between_them(rows: list[tuple[int, int, int]], at: list[int]) -> None:
    p, _, y = columns(rows)
    theta = np.array(at) / 40

    assert elementary(p, y, theta) == pytest.approx([by_definition(p, y, one) for one in theta], abs=1e-12)


@given(ROWS)
def test_twice_the_area_under_it_is_the_brier_loss(rows: list[tuple[int, int, int]]) -> None:
    a, b, y = columns(rows)

    one, both = diagram(a, y), difference(a, b, y)

    assert 2 * np.trapezoid(one.loss, one.theta) == pytest.approx(((a - y) ** 2).mean(), abs=1e-12)
    apart = ((a - y) ** 2 - (b - y) ** 2).mean()
    assert 2 * np.trapezoid(both.difference, both.theta) == pytest.approx(apart, abs=1e-12)


def test_each_jump_stands_twice_just_before_it_and_at_it() -> None:
    found = diagram(np.array([0.7, 0.4]), np.array([1, 0]))

    # The second acts in vain below .4 and loses theta; the first does not act from .7 on and loses 1 - theta.
    assert found.theta.tolist() == [0, 0, 0.4, 0.4, 0.7, 0.7, 1, 1]
    assert found.loss == pytest.approx([0, 0, 0.2, 0, 0, 0.15, 0, 0])


@given(ROWS)
def test_the_diagram_is_straight_between_its_jumps(rows: list[tuple[int, int, int]]) -> None:
    p, _, y = columns(rows)

    found = diagram(p, y)

    start, stop = slice(1, -1, 2), slice(2, None, 2)
    middle = (found.theta[start] + found.theta[stop]) / 2
    assert elementary(p, y, middle) == pytest.approx((found.loss[start] + found.loss[stop]) / 2, abs=1e-12)
    assert elementary(p, y, found.theta[1::2]) == pytest.approx(found.loss[1::2], abs=1e-12)


@given(ROWS)
def test_the_difference_is_one_diagram_minus_the_other(rows: list[tuple[int, int, int]]) -> None:
    a, b, y = columns(rows)

    found = difference(a, b, y)

    at, before = found.theta[1::2], found.theta[2::2] - 1e-9
    assert found.difference[1::2] == pytest.approx(elementary(a, y, at) - elementary(b, y, at), abs=1e-12)
    assert found.difference[2::2] == pytest.approx(elementary(a, y, before) - elementary(b, y, before), abs=1e-8)


def test_linked_questions_weigh_as_one() -> None:
    p, y, group = np.array([0.2, 0.2, 0.2, 0.6]), np.array([1, 1, 1, 1]), np.array([5, 5, 5, 2])

    # At .3 a 20% loses .7 and a 60% nothing: by groups half of .7, by cases three quarters of it.
    assert elementary(p, y, np.array([0.3]), group) == pytest.approx([0.35])
    assert elementary(p, y, np.array([0.3])) == pytest.approx([0.525])
    assert diagram(p, y, group).loss[2:4] == pytest.approx([0, 0.4])
    assert difference(p, np.ones(4), y, group).difference[2:4] == pytest.approx([0, 0.4])


def test_the_band_is_students_over_the_groups_differences() -> None:
    a, b, y = np.array([0.2, 0.2, 0.2, 0.6, 0.6, 0.9]), np.full(6, 0.5), np.ones(6)
    group = np.array([1, 1, 2, 3, 4, 5])

    found = difference(a, b, y, group)

    # At .2: .8 in groups 1 and 2, else 0. Mean .32; squares 2 (.48²) + 3 (.32²) = .768, over 4 steps: sd .4381780.
    place = int(np.flatnonzero(found.theta == 0.2)[1])
    half = 2.7764451 * 0.4381780 / 5**0.5
    assert found.difference[place] == pytest.approx(0.32)
    assert [found.low[place], found.high[place]] == pytest.approx([0.32 - half, 0.32 + half], rel=1e-6)


def test_whoever_is_nowhere_worse_is_better() -> None:
    y = np.array([1, 0, 1, 0, 1])
    good, poor = np.array([0.9, 0.2, 0.7, 0.3, 0.8]), np.array([0.6, 0.4, 0.7, 0.5, 0.8])

    assert difference(good, poor, y).better == "A"
    assert difference(poor, good, y).better == "B"
    assert difference(good, good, y).better is None


def test_lines_that_cross_have_no_better_one() -> None:
    y = np.array([1, 0])

    # B is worse on what happened between .6 and .9, A on what did not between .1 and .5.
    found = difference(np.array([0.9, 0.5]), np.array([0.6, 0.1]), y)

    assert found.better is None
    assert found.difference.min() < 0 < found.difference.max()


def test_a_crossing_between_two_thresholds_that_are_shown_is_seen() -> None:
    b = np.append(np.linspace(0.01, 0.4, 100), 0.5)
    a = b + 0.002  # better on a hundred that happened, worse for who acts between .5 and .502 on one that did not
    y = np.append(np.ones(100), 0)

    every, few = difference(a, b, y), difference(a, b, y, most=3)

    assert len(few.theta) == 6
    assert set(few.theta) <= set(every.theta)
    assert np.isin(few.difference, every.difference).all()
    assert few.difference.max() <= 0 < every.difference.max()
    assert (few.better, every.better) == (None, None)


@given(ROWS)
def test_b_against_a_is_minus_a_against_b(rows: list[tuple[int, int, int]]) -> None:
    a, b, y = columns(rows)

    one, other = difference(a, b, y), difference(b, a, y)

    assert other.difference == pytest.approx(-one.difference, abs=1e-15)
    assert other.low == pytest.approx(-one.high, abs=1e-12, nan_ok=True)
    assert other.better == {"A": "B", "B": "A", None: None}[one.better]


@given(ROWS, st.randoms())
def test_the_order_of_the_questions_does_not_matter(rows: list[tuple[int, int, int]], random: Random) -> None:
    a, b, y = columns(rows)
    group = np.array([row[0] for row in rows])
    mixed = np.array(random.sample(range(len(rows)), len(rows)))

    one, other = difference(a, b, y, group), difference(a[mixed], b[mixed], y[mixed], group[mixed])

    assert other.difference == pytest.approx(one.difference, abs=1e-12)
    assert other.high == pytest.approx(one.high, abs=1e-12, nan_ok=True)
    assert other.better == one.better


def test_the_band_is_right_as_often_as_it_says_and_counting_linked_questions_one_by_one_is_not() -> None:
    """[sim] 60 groups of 6 that share their outcome, 300 runs, theta = .5: the band by groups holds the true difference
    in 96%, the band by rows in 59%."""
    random = np.random.default_rng(7)
    group = np.repeat(np.arange(60), 6)

    by_group: list[bool] = []
    by_row: list[bool] = []
    for _ in range(300):
        truth = np.repeat(random.choice(np.arange(0.225, 0.8, 0.05), 60), 6)
        y = np.where(np.repeat(random.random(60), 6) < truth, 1, 0)
        a, b = truth, 1 - truth
        for found, bands in ((difference(a, b, y, group), by_group), (difference(a, b, y), by_row)):
            # At .5 one acts on a chance p and the other does not: A is better by |p - .5|, in the mean of p .15.
            place = int(np.searchsorted(found.theta, 0.5, side="right")) - 1
            bands.append(bool(found.low[place] <= -0.15 <= found.high[place]))

    assert 0.91 < np.mean(by_group) < 0.99
    assert np.mean(by_row) < 0.75


def test_under_five_groups_there_is_no_band() -> None:
    found = difference(np.full(8, 0.3), np.full(8, 0.6), np.ones(8), np.repeat([1, 2, 3, 4], 2))

    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()
    assert not np.isnan(found.difference).any()


def test_nothing_gives_no_difference() -> None:
    nothing = np.empty(0)

    assert elementary(nothing, nothing, np.array([0.5])).tolist() == [0]
    assert difference(nothing, nothing, nothing).better is None
    assert np.isnan(difference(nothing, nothing, nothing).difference).all()


@pytest.mark.parametrize(
    ("p", "y", "sentence"),
    [
        ([1.2], [1.0], "1.2 is not a probability"),
        ([nan], [1.0], "nan is not a probability"),
        ([0.5], [0.5], "0.5 is not an outcome"),
        ([0.5, 0.5], [1.0], r"are not both \(n,\)"),
    ],
)
def test_what_is_not_a_case_is_refused(p: list[float], y: list[float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        elementary(np.array(p), np.array(y), np.array([0.5]))
    with pytest.raises(ValueError, match=sentence):
        diagram(np.array(p), np.array(y))
    with pytest.raises(ValueError, match=sentence):
        difference(np.array(p), np.array(p), np.array(y))


def test_groups_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="Groups"):
        elementary(np.array([0.5]), np.array([1]), np.array([0.5]), np.array([1, 2]))
