"""The crowd at every moment: by hand, against published numbers, and against plain code over collected forecasts."""

from collections.abc import Callable
from math import exp, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts import crowd as crowds
from forecasts.crowd import (
    AGGREGATES,
    always_even,
    as_acts,
    at,
    extremized,
    histogram,
    learn,
    mean,
    neyman_factor,
    odds,
    path,
    recency_weights,
    recent,
    thin,
    weighted_quantiles,
)
from forecasts.rules import charge
from forecasts.rules.brier import score
from forecasts.timeline import NEVER, Acts, Numbers, Window, account, standing_at, stands
from questions.shape import Vector
from tests.known import Case, known, metaculus

ADA, BOB, MO, CROWD = 3, 7, 11, -1
QUARTERS = np.array([0.25, 0.5, 0.75])


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


# Against plain code, at every moment


def plain_median(standing: Vector) -> Vector:
    medians: Vector = np.median(standing, axis=0)
    said: Vector = medians / medians.sum() if medians.any() else standing.mean(axis=0)
    return said


def plain_odds(standing: Vector, ordered: bool) -> Vector:
    """The product of everybody's probabilities to the nth root, none under the floor of SCORING 1; else the mean."""
    mean: Vector = standing.mean(axis=0)
    if ordered:
        return mean
    geometric = np.prod(np.maximum(standing, 0.001) ** (1 / len(standing)), axis=0)
    said: Vector = geometric / geometric.sum()
    return said


def plain_recent(standing: Vector, ordered: bool) -> Vector:
    """Metaculus' definition word by word; the oldest forecast comes first."""
    n = len(standing)
    weights = [exp(sqrt(k) - sqrt(n)) if n > 2 else 1.0 for k in range(1, n + 1)]
    means: Vector = sum(w * row for w, row in zip(weights, standing, strict=True)) / sum(weights)
    if ordered:
        return means
    medians = np.array([plain_weighted_median(column.tolist(), weights) for column in standing.T])
    return medians / medians.sum() if medians.any() else means


def plain_weighted_median(values: list[float], weights: list[float]) -> float:
    rising = sorted(zip(values, weights, strict=True))
    passed = 0.0
    for place, (value, weight) in enumerate(rising):
        passed += weight
        if passed > sum(weights) / 2:
            return value
        if passed == sum(weights) / 2:
            return (value + rising[place + 1][0]) / 2
    raise AssertionError("All of the weights are more than half of them.")


PLAIN: dict[str, Callable[[Vector, bool], Vector]] = {
    "median": lambda standing, ordered: standing.mean(axis=0) if ordered else plain_median(standing),
    "mean": lambda standing, ordered: standing.mean(axis=0),
    "odds": plain_odds,
    "recent": plain_recent,
}


def oldest_first(history: Acts, moment: int) -> Vector:
    """The vectors that stand at a moment, in the order in which they began to."""
    standing = np.flatnonzero(standing_at(history, moment))
    return history.probabilities[standing[np.argsort(history.at[standing], kind="stable")]]


TENTHS = st.lists(st.sampled_from([0, 0, 1, 2, 3, 5, 10]), min_size=4, max_size=4)


@st.composite
def histories(draw: st.DrawFn) -> Acts:
    """Up to 30 acts of six people at few moments, over 2 to 4 outcomes, with certainty, withdrawals and expiries."""
    k = draw(st.integers(2, 4))
    act = st.tuples(st.integers(0, 5), st.integers(0, 12), st.none() | TENTHS, st.none() | st.integers(0, 8))
    drawn = draw(st.lists(act, min_size=1, max_size=30))
    rows: list[tuple[Any, ...]] = [(ADA, 0, [1 / k] * k)]
    for who, when, tenths, lasts in drawn:
        parts = np.array(tenths[:k] if tenths and any(tenths[:k]) else [1.0] * k)
        rows.append(
            (who, when, None if tenths is None else parts / parts.sum(), NEVER if lasts is None else when + lasts)
        )
    return acts(*rows)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("name", AGGREGATES)
@settings(deadline=None, max_examples=60)
@given(history=histories())
def test_each_aggregate_is_the_plain_one_at_every_tick(name: str, ordered: bool, history: Acts) -> None:
    crowd = AGGREGATES[name](history, ordered)

    assert (np.diff(crowd.at) > 0).all()
    for moment in range(-1, 24):
        standing, row = oldest_first(history, moment), at(crowd, moment)
        if not len(standing):
            assert row is None
            continue
        assert crowd.count[row] == len(standing)
        assert crowd.middle[row] == pytest.approx(PLAIN[name](standing, ordered), abs=1e-12)
    assert np.isnan(crowd.middle).all(axis=1).tolist() == (crowd.count == 0).tolist()


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("name", AGGREGATES)
@settings(deadline=None, max_examples=60)
@given(history=histories())
def test_every_aggregate_sums_to_1_and_lies_among_those_who_stand(name: str, ordered: bool, history: Acts) -> None:
    crowd = AGGREGATES[name](history, ordered)

    for row, moment in enumerate(crowd.at.tolist()):
        if crowd.count[row]:
            standing = history.probabilities[standing_at(history, moment)]
            said = crowd.middle[row]
            assert said.sum() == pytest.approx(1, abs=1e-12)
            if name == "odds" and not ordered:
                continue  # whose floor lies above whoever says less
            if standing.shape[1] == 2 or name == "mean" or ordered:  # more medians than two are rescaled
                assert (said >= standing.min(axis=0) - 1e-12).all()
                assert (said <= standing.max(axis=0) + 1e-12).all()


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("name", AGGREGATES)
@settings(deadline=None, max_examples=40)
@given(history=histories(), names=st.permutations(range(12)), shuffle=st.randoms(use_true_random=False))
def test_no_aggregate_depends_on_names_or_on_the_order_of_acts_at_different_moments(
    name: str, ordered: bool, history: Acts, names: list[int], shuffle: Any
) -> None:
    moments = sorted(set(history.at.tolist()))
    shuffle.shuffle(moments)
    rows = np.concatenate([np.flatnonzero(history.at == moment) for moment in moments])
    who = np.array(names)[history.forecaster]
    shuffled = Acts(
        who[rows], history.at[rows], history.probabilities[rows], history.withdrawn[rows], history.expires[rows]
    )

    one, other = AGGREGATES[name](history, ordered), AGGREGATES[name](shuffled, ordered)

    assert one.at.tolist() == other.at.tolist()
    for ours, theirs in ((one.middle, other.middle), (one.lower, other.lower), (one.upper, other.upper)):
        assert np.array_equal(ours, theirs, equal_nan=True)


def one_by_one(history: Acts, outcome: int) -> Vector:
    """Quartiles after each moment from a sorted list that people enter and leave one by one: (t, 3)."""
    start, stop = stands(history)
    ever = np.flatnonzero(stop > start)
    moments = sorted({*start[ever].tolist(), *stop[ever][stop[ever] < NEVER].tolist()})
    rows = []
    for moment in moments:
        rising = sorted(history.probabilities[ever[(start[ever] <= moment) & (moment < stop[ever])], outcome].tolist())
        rows.append([type_7(rising, quarters) for quarters in (1, 2, 3)])
    return np.array(rows)


def type_7(rising: list[float], quarters: int) -> float:
    if not rising:
        return float("nan")
    whole, rest = divmod((len(rising) - 1) * quarters, 4)
    return rising[whole] + (rising[whole + 1] - rising[whole]) * rest / 4 if rest else rising[whole]


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("people", [1, 2, 20, 1000])
def test_all_moments_at_once_give_to_the_last_digit_what_one_by_one_gives(people: int, k: int) -> None:
    history = crowded(people, k, n=700)
    history = Acts(
        np.random.default_rng(people).integers(0, people, 700),
        np.random.default_rng(7).integers(0, 600, 700), history.probabilities, history.withdrawn, history.expires,
    )  # fmt: skip

    crowd = path(history, ordered=False)

    for outcome in range(k):
        quartiles = one_by_one(history, outcome)
        assert np.array_equal(crowd.lower[:, outcome], quartiles[:, 0], equal_nan=True)
        assert np.array_equal(crowd.upper[:, outcome], quartiles[:, 2], equal_nan=True)
    medians = np.stack([one_by_one(history, outcome)[:, 1] for outcome in range(k)], axis=1)
    ours = medians.sum(axis=1) != 0
    assert np.array_equal(crowd.middle[ours], (medians / medians.sum(axis=1, keepdims=True))[ours], equal_nan=True)


def test_yes_and_no_are_each_their_own_median_where_they_do_not_mirror_each_other() -> None:
    """Sums may be off by 1e-9 at the door: then the median of NO is not where the median of YES is."""
    history = acts((1, 0, [0.5, 0.5 + 1e-10]), (2, 0, [0.5 + 2e-10, 0.5 + 2e-10]), (3, 0, [0.5 + 1e-10, 0.5]))

    crowd = path(history, ordered=False)

    assert crowd.lower[0].tolist() == [0.5 + 1e-10 / 2, 0.5 + 1e-10 / 2]


# The geometric mean of odds


def test_the_odds_of_the_crowd_are_the_geometric_mean_of_the_odds() -> None:
    """1/4 and 4: together 1. 1/4, 4 and 8: together 2, so 2/3."""
    history = acts((ADA, 0, yes(0.2)), (BOB, 1, yes(0.8)), (MO, 2, yes(8 / 9)))

    crowd = odds(history, ordered=False)

    assert crowd.middle[1:, 1] == pytest.approx([1 / 2, 2 / 3], abs=1e-12)
    assert np.isnan(crowd.lower).all()


def test_nobody_who_is_certain_decides_alone() -> None:
    """Certainty counts as odds of 1000 to 1: with two who say 1:1 the crowd's odds are 10 to 1, and alone 1000 to 1."""
    history = acts((ADA, 0, yes(1.0)), (BOB, 1, yes(0.5)), (MO, 2, yes(0.5)))

    crowd = odds(history, ordered=False)

    assert crowd.middle[[0, 2], 1] == pytest.approx([1000 / 1001, 10 / 11], abs=1e-12)


@pytest.mark.parametrize("name", AGGREGATES)
def test_of_ordered_outcomes_every_crowd_is_the_mean_of_the_distributions(name: str) -> None:
    """Two who are sure of different bins: half in each, and nothing in between, whatever the way."""
    crowd = AGGREGATES[name](acts((ADA, 0, [0, 1, 0, 0]), (BOB, 0, [0, 0, 0, 1])), True)

    assert crowd.middle.tolist() == [[0, 0.5, 0, 0.5]]
    assert np.isnan(crowd.lower).all()


# Recency


def test_a_newer_forecast_weighs_more() -> None:
    """Weights .48, .73 and 1: the newest reaches only 1 of 2.21, so the median of .1, .9, .5 by value is the .5."""
    history = acts((ADA, 0, yes(0.1)), (BOB, 1, yes(0.5)), (MO, 2, yes(0.9)), (9, 3, yes(0.9)))

    crowd = recent(history, ordered=False)

    # One: itself. Two: half way. Three: .48 and .73 reach half of 2.21. Four: .37 + .56 do not reach half of 2.69.
    assert crowd.middle[:, 1] == pytest.approx([0.1, 0.3, 0.5, 0.9])
    assert path(history, ordered=False).middle[:, 1] == pytest.approx([0.1, 0.3, 0.5, 0.7])


def test_whoever_says_the_same_again_becomes_the_newest() -> None:
    history = acts((ADA, 0, yes(0.1)), (BOB, 1, yes(0.5)), (MO, 2, yes(0.9)), (BOB, 3, None), (BOB, 4, yes(0.5)),
                   (ADA, 5, yes(0.1)), (9, 6, yes(0.1)))  # fmt: skip

    crowd = recent(history, ordered=True)

    one, two, three = recency_weights(3)
    assert crowd.middle[3, 1] == pytest.approx((0.1 + 0.9) / 2)
    assert crowd.middle[4, 1] == pytest.approx((one * 0.1 + two * 0.9 + three * 0.5) / (one + two + three))
    assert crowd.middle[5, 1] == pytest.approx((one * 0.9 + two * 0.5 + three * 0.1) / (one + two + three))


def come_and_go(n: int, k: int, seed: int) -> Acts:
    """n acts at as many moments by about 3/4 n people, some of whom withdraw; so that many weights are tiny."""
    random = np.random.default_rng(seed)
    said = random.dirichlet(np.ones(k), n)
    withdrawn = random.random(n) < 0.05
    said[withdrawn] = np.nan
    expires = np.where(random.random(n) < 0.1, np.arange(n) + random.integers(0, n, n), NEVER)
    return Acts(random.integers(0, 3 * n // 4, n), np.arange(n), said, withdrawn, expires)


@pytest.mark.parametrize("k", [2, 3])
def test_weighted_medians_and_quartiles_of_thousands_are_those_of_all_their_weights(k: int) -> None:
    history = come_and_go(5000, k, seed=5)

    crowd = recent(history, ordered=False)

    assert crowd.count.max() > 2000
    for moment in [3, 10, 100, *range(200, 5000, 61)]:
        standing, row = oldest_first(history, moment), at(crowd, moment)
        found = weighted_quantiles(standing, recency_weights(len(standing)), QUARTERS)
        assert crowd.lower[row].tolist() == found[0].tolist()
        assert crowd.middle[row] == pytest.approx(found[1] / found[1].sum(), abs=1e-15)
        assert crowd.upper[row].tolist() == found[2].tolist()


def test_weighted_means_of_thousands_are_those_of_all_their_weights() -> None:
    history = come_and_go(5000, 5, seed=6)

    crowd = recent(history, ordered=True)

    for moment in [3, 10, 100, *range(200, 5000, 61)]:
        standing, row = oldest_first(history, moment), at(crowd, moment)
        weights = recency_weights(len(standing))
        assert crowd.middle[row] == pytest.approx(weights @ standing / weights.sum(), abs=1e-14)


def test_weighted_means_are_right_where_only_the_newest_change() -> None:
    """Two thousand come and stay, and then one person changes her mind again and again."""
    n = 2000
    said = np.random.default_rng(8).dirichlet(np.ones(3), 2 * n)
    who = np.append(np.arange(n), np.full(n, n))
    history = Acts(who, np.arange(2 * n), said, np.full(2 * n, False), np.full(2 * n, NEVER))

    crowd = recent(history, ordered=True)

    for moment in (1, 2, 700, n - 1, n, n + 1, 2 * n - 1):
        standing = oldest_first(history, moment)
        weights = recency_weights(len(standing))
        assert crowd.middle[moment] == pytest.approx(weights @ standing / weights.sum(), abs=1e-14)


def test_those_with_hardly_any_weight_decide_where_the_others_are_even() -> None:
    """A thousand old ones say .5, and of a thousand new ones so many say .2 and .8 that these weigh the same.

    The old ones weigh e**-9 of all: without them the median would be .2 or .8.
    """
    n, weights = 2000, recency_weights(2000)
    said, sides = np.full(n, 0.5), {0.2: 0.0, 0.8: 0.0}
    for newer in range(n - 1, n // 2 - 1, -1):
        lighter = min(sides, key=lambda side: sides[side])
        said[newer], sides[lighter] = lighter, sides[lighter] + weights[newer]
    everybody, vectors = np.arange(n), np.stack([1 - said, said], axis=1)
    history = Acts(everybody, everybody, vectors, np.full(n, False), np.full(n, NEVER))

    crowd = recent(history, ordered=False)

    assert abs(sides[0.2] - sides[0.8]) < weights[: n // 2].sum()
    assert crowd.middle[-1].tolist() == [0.5, 0.5]
    assert (crowd.lower[-1, 1], crowd.upper[-1, 1]) == (0.2, 0.8)


# Published numbers


def standing_together(rows: list[list[float]]) -> Acts:
    """One forecast of each, in ascending order of their start."""
    return acts(*((who, who, vector) for who, vector in enumerate(rows)))


@pytest.mark.parametrize("case", known("aggregate"))
def test_known_aggregates(case: Case) -> None:
    history = standing_together([yes(p) for p in case["inputs"]["p"]])
    geometric, mean_of_all = odds(history, ordered=False).middle[-1:], mean(history, ordered=False).middle[-1:]
    factor = neyman_factor(len(history.at))

    found = {
        "mean": mean_of_all[0, 1],
        "median": path(history, ordered=False).middle[-1, 1],
        "gmo": geometric[0, 1],
        "neyman_d": factor,
        "neyman": extremized(geometric, factor)[0, 1],
        "ext_1_5": extremized(geometric, 1.5)[0, 1],
        "ext_2_5": extremized(geometric, 2.5)[0, 1],
        "ext_mean_2_5": extremized(mean_of_all, 2.5)[0, 1],
    }

    assert found == pytest.approx(case["expected"], rel=0, abs=case["tolerance"])


def spoken(forecasts: Any) -> list[tuple[Any, ...]]:
    """Acts of Metaculus' forecasts without the options that were not there."""
    many = [forecasts["forecast"]] * forecasts["repeat"] if isinstance(forecasts, dict) else forecasts
    given = [yes(one["p_yes"]) if one["type"] == "binary" else [p for p in one["p"] if p is not None] for one in many]
    return [(who, int(one["start"]), said) for who, (one, said) in enumerate(zip(many, given, strict=True))]


@pytest.mark.parametrize("case", metaculus("geometric_means"))
def test_metaculus_geometric_means(case: Case) -> None:
    """Theirs do not sum to 1; and where one forecaster stands, they say that none does."""
    rows = spoken(case["forecasts"])
    history = acts(*rows) if rows else acts((ADA, 0, yes(0.5))).only(np.array([False]))

    crowd = odds(history, ordered=False)

    assert crowd.at.tolist() == [one["t"] for one in case["expected"]]
    assert np.where(crowd.count > 1, crowd.count, 0).tolist() == [one["n"] for one in case["expected"]]
    for said, one in zip(crowd.middle, case["expected"], strict=True):
        there = np.array([p for p in one["pmf"] if p is not None])
        assert said == pytest.approx(there / there.sum(), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("case", metaculus("weighted_percentile"))
def test_metaculus_weighted_percentiles(case: Case) -> None:
    weights = None if case["weights"] is None else np.array(case["weights"])

    found = weighted_quantiles(np.array(case["values"]), weights, np.array(case["percentiles"]) / 100)

    assert found == pytest.approx(np.array(case["expected"]), rel=1e-7)


@pytest.mark.parametrize("case", metaculus("recency_weights"))
def test_metaculus_recency_weights(case: Case) -> None:
    expected = [1.0] * case["n"] if case["expected"] is None else case["expected"]

    assert recency_weights(case["n"]) == pytest.approx(expected, rel=1e-12)


def described(crowd: crowds.Path, history: Acts, lower: Vector, upper: Vector) -> dict[str, Any]:
    counts = histogram(history.probabilities[:, 1])
    return {
        "forecast_values": crowd.middle[-1].tolist(),
        "forecaster_count": crowd.count[-1],
        "interval_lower_bounds": lower.tolist(),
        "centers": crowd.middle[-1].tolist(),
        "interval_upper_bounds": upper.tolist(),
        "means": mean(history, ordered=False).middle[-1].tolist(),
        "histogram": {str(cell): int(counts[cell]) for cell in np.flatnonzero(counts)},
    }


def require_as_described(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        assert found[name] == (value if name == "histogram" else pytest.approx(value, rel=1e-9)), name


@pytest.mark.parametrize("case", metaculus("aggregate_unweighted"))
def test_metaculus_unweighted_aggregate(case: Case) -> None:
    """Metaculus' interval is where the weights reach a quarter; ours, in `path`, is interpolated as numpy does it."""
    history = standing_together(case["forecasts"])

    lower, middle, upper = weighted_quantiles(history.probabilities, None, QUARTERS)
    crowd = path(history, ordered=False)

    assert crowd.middle[-1] == pytest.approx(middle)
    require_as_described(described(crowd, history, lower, upper), case["expected"])


@pytest.mark.parametrize("case", metaculus("aggregate_recency_weighted"))
def test_metaculus_recency_weighted_aggregate(case: Case) -> None:
    history = standing_together(case["forecasts"])

    crowd = recent(history, ordered=False)

    require_as_described(described(crowd, history, crowd.lower[-1], crowd.upper[-1]), case["expected"])


def test_a_histogram_counts_each_hundredth_from_its_lower_edge_on() -> None:
    """.29 * 100 is 28.999.. in binary, and .58 * 100 is 57.999..; they lie in the cells that are written there."""
    counts = histogram(np.array([0.0, 0.29, 0.58, 0.585, 0.999, 1.0]))

    assert len(counts) == 100
    assert {cell: counts[cell] for cell in np.flatnonzero(counts)} == {0: 1, 29: 1, 58: 2, 99: 2}
    assert histogram(np.empty(0)).tolist() == [0] * 100
    for wrong in (1.1, -0.1, np.nan):
        with pytest.raises(ValueError, match="not between 0 and 1"):
            histogram(np.array([wrong]))


# Extremizing


def test_odds_are_raised_to_a_power() -> None:
    """Odds of 1:4 squared are 1:16; of 1:1:2 they are 1:1:4. Certainty stays, and so does what is at even."""
    said = np.array([[0.8, 0.2], [1.0, 0.0], [0.5, 0.5]])

    assert extremized(said, 2) == pytest.approx(np.array([[16 / 17, 1 / 17], [1, 0], [0.5, 0.5]]))
    assert extremized(np.array([[0.25, 0.25, 0.5]]), 2) == pytest.approx(np.array([[1 / 6, 1 / 6, 4 / 6]]))
    assert extremized(said, np.array([1.0, 3.0, 0.2])) == pytest.approx(said)
    assert extremized(np.full((1, 200), 1 / 200), 400) == pytest.approx(np.full((1, 200), 1 / 200))
    with pytest.raises(ValueError, match="not above 0"):
        extremized(said, 0)
    with pytest.raises(ValueError, match="crowd of 0"):
        neyman_factor(0)


def crowd_of_eight(seed: int, questions: int, shared: float, own: float, noise: float = 0.0) -> tuple[Vector, Numbers]:
    """The geometric mean of odds of eight people on yes/no questions, and what happened.

    All see one signal of strength `shared`; each has one of strength `own` for himself, and adds `noise` to his logit.
    A signal of strength v is evidence of log odds normal around +v/2 or -v/2, by what happens, with variance v; so each
    person by himself is calibrated as far as there is no noise.
    """
    random = np.random.default_rng(seed)
    outcome = random.integers(0, 2, questions)
    side = 2 * outcome - 1
    common = random.normal(side * shared / 2, np.sqrt(shared))
    alone = random.normal(side * own / 2, np.sqrt(own), (8, questions)).mean(axis=0)
    logit = common + alone + random.normal(0, noise, (8, questions)).mean(axis=0)
    p = 1 / (1 + np.exp(-logit))
    return np.stack([1 - p, p], axis=1), outcome


def test_a_learned_exponent_helps_where_a_fixed_one_does_and_harms_nobody_where_that_one_harms() -> None:
    """[sim] SCORING 6: 20 worlds of 400 questions; what is gained of the mean Brier, 0 to 1.

    Lay people who mostly know different things: a fixed 2.5 gains .0165 and the learned one (2.4 in the mean) .0161;
    its interval excludes no gain in 20 of 20. Experts who all know the same: 2.5 loses .0211, the learned one .0002,
    and the interval excludes no gain in 0 of 20.
    """
    groups = np.arange(400)
    lay = [crowd_of_eight(seed, 400, shared=0.2, own=0.4) for seed in range(20)]
    experts = [crowd_of_eight(seed, 400, shared=1.0, own=0.0, noise=0.3) for seed in range(20)]

    def fixed(worlds: list[tuple[Vector, Numbers]]) -> float:
        return float(np.mean([(score(p, y) - score(extremized(p, 2.5), y)).mean() for p, y in worlds]))

    of_lay, of_experts = ([learn(p, y, groups) for p, y in worlds] for worlds in (lay, experts))

    assert fixed(lay) > 0.01
    assert np.mean([one.gain for one in of_lay]) > 0.01
    assert sum(one.helps for one in of_lay) >= 18
    assert fixed(experts) < -0.01
    assert np.mean([one.gain for one in of_experts]) > -0.001
    assert sum(one.helps for one in of_experts) <= 2
    assert np.mean([one.exponent for one in of_experts]) == pytest.approx(1, abs=0.1)


def test_no_question_is_judged_by_an_exponent_from_its_own_group() -> None:
    """When the answers of one group are turned round, the exponents of all others change and its own does not."""
    p, outcome = crowd_of_eight(1, 300, shared=0.0, own=0.3)
    groups = np.arange(300) // 10
    other = outcome.copy()
    other[groups == 0] = 1 - other[groups == 0]

    one, turned = learn(p, outcome, groups), learn(p, other, groups)

    assert one.groups == 30
    assert turned.used[groups == 0] == pytest.approx(one.used[groups == 0], rel=1e-9)
    assert (turned.used[groups > 0] < 0.99 * one.used[groups > 0]).all()


def test_the_gain_is_the_mean_over_questions_and_its_interval_counts_groups() -> None:
    """A question that is asked five times over in linked groups tells no more than once."""
    p, outcome = crowd_of_eight(3, 60, shared=0.0, own=0.3)
    once = learn(p, outcome, np.arange(60))

    often = learn(np.repeat(p, 5, axis=0), np.repeat(outcome, 5), np.repeat(np.arange(60), 5))
    taken_apart = learn(np.repeat(p, 5, axis=0), np.repeat(outcome, 5), np.arange(300))

    gains = score(p, outcome) - score(extremized(p, once.used), outcome)
    assert once.gain == pytest.approx(gains.mean())
    # Student's t with 59 degrees of freedom: 2.00099536.
    assert once.high - once.gain == pytest.approx(2.00099536 * gains.std(ddof=1) / np.sqrt(60), rel=1e-6)
    assert (often.gain, often.low, often.high) == pytest.approx((once.gain, once.low, once.high))
    assert taken_apart.high - taken_apart.low < 0.6 * (often.high - often.low)


def test_nothing_is_learned_from_next_to_nothing() -> None:
    p, outcome = crowd_of_eight(4, 40, shared=0.0, own=0.3)

    four = learn(p, outcome, np.arange(40) % 4)
    five = learn(p, outcome, np.arange(40) % 5)
    nobody = learn(p[:0], outcome[:0], np.empty(0, dtype=np.int64))

    assert (four.exponent, four.gain, four.helps) == (1.0, 0.0, False)
    assert np.isnan(four.low)
    assert four.unshrunk > 1
    assert five.used.tolist() == [1.0] * 40
    assert not np.isnan(five.low)
    assert (nobody.exponent, nobody.groups, nobody.helps) == (1.0, 0, False)


def test_questions_of_different_sizes_are_learned_from_together() -> None:
    """Outcomes beyond a question's last have probability 0, to any power."""
    p, outcome = crowd_of_eight(5, 100, shared=0.0, own=0.3)

    wide = learn(np.append(p, np.zeros((100, 2)), axis=1), outcome, np.arange(100))

    assert wide.exponent == pytest.approx(learn(p, outcome, np.arange(100)).exponent)


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
