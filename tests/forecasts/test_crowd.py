"""The crowd at every moment: by hand, and against numpy's own medians over plainly collected forecasts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.crowd import always_even, as_acts, at, path, thin
from forecasts.rules import charge
from forecasts.timeline import NEVER, Acts, Window, account, standing_at

ADA, BOB, MO, CROWD = 3, 7, 11, -1


def acts(*rows: tuple[Any, ...]) -> Acts:
    """Acts from (forecaster, at, vector or None to withdraw, expires if it does)."""
    who, when, said, expires = zip(*((*row, NEVER)[:4] for row in rows), strict=True)
    size = len(next(vector for vector in said if vector is not None))
    vectors = np.array([[np.nan] * size if vector is None else vector for vector in said], dtype=float)
    withdrawn = np.array([vector is None for vector in said])
    return Acts(np.array(who), np.array(when), vectors, withdrawn, np.array(expires))


def yes(p: float) -> list[float]:
    return [1 - p, p]


def test_the_crowd_is_the_median_of_those_who_stand() -> None:
    history = acts((ADA, 0, yes(0.2)), (BOB, 10, yes(0.6)), (MO, 20, yes(0.9)), (ADA, 30, yes(0.7)))

    crowd = path(history, ordered=False)

    assert crowd.at.tolist() == [0, 10, 20, 30]
    assert crowd.count.tolist() == [1, 2, 3, 3]
    assert crowd.middle[:, 1] == pytest.approx([0.2, 0.4, 0.6, 0.7])
    assert crowd.middle[:, 0] == pytest.approx([0.8, 0.6, 0.4, 0.3])


def test_quartiles_lie_between_neighbours_as_numpy_interpolates_them() -> None:
    history = acts((1, 0, yes(0.1)), (2, 0, yes(0.3)), (3, 0, yes(0.5)), (4, 0, yes(0.9)))

    crowd = path(history, ordered=False)

    # Three gaps between four values: a quarter of the way is 3/4 of the first gap, three quarters 1/4 of the last.
    assert crowd.lower[0, 1] == pytest.approx(0.1 + 0.75 * 0.2)
    assert crowd.middle[0, 1] == pytest.approx(0.4)
    assert crowd.upper[0, 1] == pytest.approx(0.5 + 0.25 * 0.4)


def test_withdrawals_and_expiries_change_the_crowd_and_what_changes_nothing_is_no_moment() -> None:
    history = acts((ADA, 0, yes(0.2), 25), (BOB, 10, yes(0.6)), (BOB, 20, None), (BOB, 30, None), (MO, 40, None))

    crowd = path(history, ordered=False)

    assert crowd.at.tolist() == [0, 10, 20, 25]
    assert crowd.count.tolist() == [1, 2, 1, 0]
    assert crowd.middle[:, 1] == pytest.approx([0.2, 0.4, 0.2, np.nan], nan_ok=True)
    assert np.isnan(crowd.lower[3]).all()
    assert np.isnan(crowd.upper[3]).all()


def test_medians_over_three_outcomes_are_rescaled_to_sum_to_1() -> None:
    history = acts((ADA, 0, [0.7, 0.2, 0.1]), (BOB, 0, [0.1, 0.6, 0.3]), (MO, 0, [0.2, 0.1, 0.7]))

    crowd = path(history, ordered=False)

    # The medians are .2, .2 and .3, which make .7 together; the quartiles stay as they are.
    assert crowd.middle[0] == pytest.approx([2 / 7, 2 / 7, 3 / 7])
    assert crowd.lower[0] == pytest.approx([0.15, 0.15, 0.2])


def test_where_everybody_is_sure_of_another_outcome_the_mean_takes_the_place_of_the_median() -> None:
    history = acts((ADA, 0, [1, 0, 0]), (BOB, 0, [0, 1, 0]), (MO, 0, [0, 0, 1]))

    crowd = path(history, ordered=False)

    assert crowd.middle[0] == pytest.approx([1 / 3, 1 / 3, 1 / 3])


def test_over_ordered_outcomes_the_crowd_is_the_mean_and_has_no_quartiles() -> None:
    history = acts((ADA, 0, [0.7, 0.2, 0.1]), (BOB, 5, [0.1, 0.6, 0.3]), (ADA, 9, None))

    crowd = path(history, ordered=True)

    assert crowd.middle == pytest.approx(np.array([[0.7, 0.2, 0.1], [0.4, 0.4, 0.2], [0.1, 0.6, 0.3]]))
    assert np.isnan(crowd.lower).all()
    assert np.isnan(crowd.upper).all()


def test_nobody_is_an_empty_crowd() -> None:
    nobody = acts((ADA, 0, yes(0.5))).only(np.array([False]))

    for ordered in (False, True):
        crowd = path(nobody, ordered)
        assert crowd.middle.shape == crowd.lower.shape == crowd.upper.shape == (0, 2)
        assert (len(crowd.at), len(crowd.count), at(crowd, 5)) == (0, 0, None)
        assert len(as_acts(crowd, CROWD).at) == 0


def crowded(seed: int, k: int, n: int = 300) -> Acts:
    """People who come, change their mind, withdraw and expire at few enough moments that many fall together."""
    random = np.random.default_rng(seed)
    when = random.integers(0, 50, n)
    vectors = random.dirichlet(np.ones(k), n).round(2)
    vectors[:, 0] += 1 - vectors.sum(axis=1)
    vectors[random.random(n) < 0.1] = np.eye(k)[0]
    withdrawn = random.random(n) < 0.3
    vectors[withdrawn] = np.nan
    expires = np.where(random.random(n) < 0.5, when + random.integers(0, 20, n), NEVER)
    return Acts(random.integers(0, 40, n), when, vectors.clip(0, 1), withdrawn, expires)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("k", [2, 4])
def test_medians_and_quartiles_equal_those_of_numpy_at_every_tick(seed: int, k: int) -> None:
    history = crowded(seed, k=k)

    crowd = path(history, ordered=False)

    for moment in range(-1, 75):
        standing, row = history.probabilities[standing_at(history, moment)], at(crowd, moment)
        if not len(standing):
            assert row is None
            continue
        medians = np.median(standing, axis=0)
        assert crowd.count[row] == len(standing)
        assert crowd.middle[row] == pytest.approx(medians / medians.sum())
        assert crowd.lower[row] == pytest.approx(np.percentile(standing, 25, axis=0))
        assert crowd.upper[row] == pytest.approx(np.percentile(standing, 75, axis=0))


@pytest.mark.parametrize("seed", range(8))
def test_means_equal_those_of_numpy_at_every_tick(seed: int) -> None:
    history = crowded(seed, k=12)

    crowd = path(history, ordered=True)

    for moment in range(-1, 75):
        standing, row = history.probabilities[standing_at(history, moment)], at(crowd, moment)
        if not len(standing):
            assert row is None
        else:
            assert crowd.middle[row] == pytest.approx(standing.mean(axis=0), abs=1e-12)


def test_ten_thousand_who_come_and_go_leave_no_rounding_dust() -> None:
    random = np.random.default_rng(1)
    n = 10_000
    said = random.dirichlet(np.full(7, 0.1), n)
    come, leave = np.arange(n), random.permutation(n) + n
    last = int(leave.argmax())
    history = Acts(come, come, said, np.full(n, False), leave)

    crowd = path(history, ordered=True)

    assert crowd.middle[n - 1] == pytest.approx(said.mean(axis=0), abs=1e-12)
    assert crowd.middle[-2] == pytest.approx(said[last], abs=1e-12)
    assert crowd.count[-2:].tolist() == [1, 0]
    assert np.isnan(crowd.middle[-1]).all()
    assert (crowd.middle[:-1] >= 0).all()
    assert (crowd.middle[:-1] <= 1).all()


@pytest.mark.parametrize("ordered", [False, True])
def test_one_forecaster_alone_is_the_crowd_to_the_last_digit(ordered: bool) -> None:
    history = acts((ADA, 0, [0.1, 0.9]), (ADA, 7, [0.63, 0.37]))

    assert path(history, ordered).middle.tolist() == [[0.1, 0.9], [0.63, 0.37]]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20), st.integers(0, 100)), unique_by=lambda act: act[:2]))
def test_the_crowd_does_not_depend_on_the_order_of_acts_at_different_moments(rows: list[tuple[int, int, int]]) -> None:
    said = [(who, when, yes(percent / 100)) for who, when, percent in rows] or [(ADA, 0, yes(0.5))]

    for ordered in (False, True):
        one, other = path(acts(*said), ordered), path(acts(*reversed(said)), ordered)
        assert one.at.tolist() == other.at.tolist()
        assert one.middle.tolist() == other.middle.tolist()


def test_the_row_that_holds_is_the_last_one_at_or_before_the_moment() -> None:
    crowd = path(acts((ADA, 10, yes(0.2)), (BOB, 20, yes(0.6)), (ADA, 30, None), (BOB, 30, None)), ordered=False)

    assert [at(crowd, moment) for moment in (9, 10, 19, 20, 29, 30, 99)] == [None, 0, 0, 1, 1, None, None]


def test_a_thinned_path_keeps_its_first_and_its_last_row() -> None:
    crowd = path(acts(*((who, who, yes(0.5)) for who in range(100))), ordered=False)

    few = thin(crowd, 7)

    assert len(few.at) == len(few.count) == len(few.middle) == len(few.lower) == len(few.upper) == 7
    assert (few.at[0], few.at[-1]) == (0, 99)
    assert (np.diff(few.at) > 0).all()
    assert few.count.tolist() == (few.at + 1).tolist()
    assert thin(crowd, 100) is crowd
    with pytest.raises(ValueError, match="cannot be drawn with 1 points"):
        thin(crowd, 1)


def test_the_crowd_is_scored_like_anybody() -> None:
    # The crowd says .4 over [0, 50), .6 over [50, 80), and nothing after that.
    history = acts((ADA, 0, yes(0.4)), (BOB, 50, yes(0.8)), (ADA, 80, None), (BOB, 80, None))
    crowd = as_acts(path(history, ordered=False), CROWD)

    result = account(crowd, Window.running(0, 100), charge("brier", crowd, outcome=1, ordered=False))

    assert result.forecaster.tolist() == [CROWD]
    assert result.loss == pytest.approx([0.5 * 0.36 + 0.3 * 0.16])
    assert result.coverage == pytest.approx([0.8])
    assert result.last.tolist() == [-1]


def test_who_always_says_even_loses_a_quarter_on_yes_or_no() -> None:
    even = always_even(2, opens=10, forecaster=CROWD)

    result = account(even, Window.running(10, 20), charge("brier", even, outcome=0, ordered=False))

    assert (result.loss.tolist(), result.coverage.tolist()) == ([0.25], [1.0])
    assert always_even(5, opens=10, forecaster=CROWD).probabilities.tolist() == [[0.2] * 5]
