"""Every scoring rule: strictly proper, in agreement with independent implementations, and strict about its input."""

from collections.abc import Callable
from importlib import import_module
from itertools import product
from math import ceil
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from forecasts.rules import REQUIRED, RULES, brier, charge, charge_each, log, ranked
from forecasts.timeline import NEVER, Acts
from questions.registry import discover
from questions.shape import Vector
from tests.known import Case, known

# A rule that somebody might add: one file. It is held to all that ours are held to.
ADDED = discover(import_module("tests.data.rules"), REQUIRED)
JUDGED = {**RULES, **ADDED}


def yes_no(p: list[float]) -> Vector:
    return np.column_stack([1 - np.array(p), p])


def grid(k: int) -> Vector:
    """Every vector of k positive tenths that sums to 1."""
    return np.array([tenths for tenths in product(range(1, 10), repeat=k) if sum(tenths) == 10]) / 10


def expected_losses(rule: ModuleType, beliefs: Vector, forecasts: Vector) -> Vector:
    """What each forecast costs on average if each belief is true: (beliefs, forecasts)."""
    outcomes = range(forecasts.shape[1])
    losses = np.array([rule.score(forecasts, np.full(len(forecasts), outcome)) for outcome in outcomes])
    averages: Vector = beliefs @ losses
    return averages


@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize("rule", JUDGED.values(), ids=list(JUDGED))
def test_nothing_pays_better_than_to_say_what_one_believes(rule: ModuleType, k: int) -> None:
    every = grid(k)

    losses = expected_losses(rule, every, every)

    honest = np.diag(losses).copy()
    np.fill_diagonal(losses, np.inf)
    assert (losses.min(axis=1) > honest).all()


sizes = st.integers(2, 8)


def vectors(size: int) -> st.SearchStrategy[Vector]:
    """Forecasts over that many outcomes, each with more than the floor of the log rule: 1 / 701 at least."""
    weights = st.lists(st.integers(1, 100), min_size=size, max_size=size)
    return weights.map(lambda found: np.array(found) / sum(found))


@pytest.mark.parametrize("rule", JUDGED.values(), ids=list(JUDGED))
@given(sizes.flatmap(lambda size: st.tuples(vectors(size), vectors(size))))
def test_over_any_number_of_outcomes_nothing_pays_better_either(rule: ModuleType, said: tuple[Vector, Vector]) -> None:
    belief, other = said

    (honest,), (told,) = (expected_losses(rule, belief[None], one[None]).tolist() for one in said)

    assert honest < told or (belief == other).all()


@pytest.mark.parametrize("ordered", [False, True], ids=["unordered", "ordered"])
@given(sizes.flatmap(lambda size: st.tuples(vectors(size), vectors(size))))
def test_nothing_pays_better_with_the_floor_of_the_question(ordered: bool, said: tuple[Vector, Vector]) -> None:
    belief, other = said

    for name in (name for name, rule in RULES.items() if rule.applies(ordered)):
        honest, told = (belief @ charge_each(name, one, ordered) for one in said)
        assert honest < told or (belief == other).all()


@given(sizes.flatmap(lambda size: st.tuples(vectors(size), st.permutations(range(size)))))
def test_what_outcomes_are_called_does_not_matter_and_of_ordered_ones_not_where_one_begins(
    named: tuple[Vector, list[int]],
) -> None:
    """Whatever their order, where they have none; where they have one, from the last to the first."""
    vector, order = named

    for rule in JUDGED.values():
        place = np.array(order) if rule.applies(False) else np.arange(len(vector))[::-1]
        each = np.broadcast_to(vector, (len(vector), len(vector)))
        plain, renamed = (rule.score(one, np.arange(len(vector))) for one in (each, each[:, place]))
        assert renamed == pytest.approx(plain[place], abs=1e-12)


@pytest.mark.parametrize("rule", JUDGED.values(), ids=list(JUDGED))
def test_every_rule_gives_0_to_who_was_sure_and_right_and_less_to_nobody(rule: ModuleType) -> None:
    sure = np.eye(3)

    assert rule.score(sure, np.arange(3)).tolist() == [0.0, 0.0, 0.0]
    assert not np.signbit(rule.score(sure, np.arange(3))).any()
    assert (rule.score(grid(3), np.zeros(36, dtype=int)) > 0).all()


@pytest.mark.parametrize("rule", JUDGED.values(), ids=list(JUDGED))
def test_every_rule_says_its_scale_and_its_direction_and_suits_some_question(rule: ModuleType) -> None:
    assert "lower is better" in rule.ABOUT
    assert rule.TITLE
    assert rule.applies(True) or rule.applies(False)


@pytest.mark.parametrize("rule", JUDGED.values(), ids=list(JUDGED))
def test_every_rule_scores_no_forecasts_without_complaint(rule: ModuleType) -> None:
    assert rule.score(np.empty((0, 3)), np.empty(0, dtype=int)).shape == (0,)


@pytest.mark.parametrize("rule", JUDGED.values(), ids=list(JUDGED))
@pytest.mark.parametrize(
    ("probabilities", "outcomes", "sentence"),
    [
        ([[0.5, 0.5]], [-1], "Outcome -1 is outside 0 to 1."),
        ([[0.5, 0.5]], [2], "Outcome 2 is outside 0 to 1."),
        ([[0.5, 0.5]], [1, 0], r"Forecasts \(1, 2\) and outcomes \(2,\) are not"),
        ([0.5, 0.5], [1, 0], r"Forecasts \(2,\) and outcomes \(2,\) are not"),
        ([[0.5, 0.5]], [1.0], "Outcomes are whole numbers, not float64."),
        ([[np.nan, 0.5]], [1], "nan is not a probability."),
        ([[-0.5, 1.5]], [1], "-0.5 is not a probability."),
        ([[1.0]], [0], "A forecast is over at least 2 outcomes, not 1."),
    ],
)
def test_every_rule_refuses_what_is_not_a_case_with_a_sentence(
    rule: ModuleType, probabilities: list[Any], outcomes: list[Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        rule.score(np.array(probabilities), np.array(outcomes))


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 1)), min_size=1, max_size=9), st.randoms())
def test_the_order_of_the_rows_does_not_matter_to_any_rule(rows: list[tuple[int, int]], random: Random) -> None:
    order = random.sample(range(len(rows)), len(rows))
    p, y = yes_no([tenths / 10 for tenths, _ in rows]), np.array([outcome for _, outcome in rows])

    for rule in JUDGED.values():
        assert rule.score(p, y)[order].tolist() == rule.score(p[order], y[order]).tolist()


@given(st.integers(0, 1000), st.integers(0, 1))
def test_for_yes_and_no_brier_and_ranked_are_the_square_of_the_error(thousandths: int, y: int) -> None:
    p = thousandths / 1000

    assert brier.score(yes_no([p]), np.array([y])) == pytest.approx((p - y) ** 2)
    assert ranked.score(yes_no([p]), np.array([y])) == pytest.approx((p - y) ** 2)


def test_ranked_forgives_a_near_miss_and_brier_does_not() -> None:
    forecast, third = np.array([[0.15, 0.45, 0.25, 0.15]]), np.array([2])

    # Below the three cuts the forecast has .15, .60, .85 and the truth 0, 0, 1: (.0225 + .36 + .0225) / 3.
    assert ranked.score(forecast, third) == pytest.approx(0.135)
    # (.15² + .45² + .75² + .15²) / 2 = .81 / 2
    assert brier.score(forecast, third) == pytest.approx(0.405)


def test_an_even_forecast_over_202_bins_loses_between_a_twelfth_and_a_third_by_ranked() -> None:
    even = np.full((202, 202), 1 / 202)

    losses = ranked.score(even, np.arange(202))

    assert losses.min() == pytest.approx(1 / 12, abs=0.001)
    assert losses.max() == pytest.approx(1 / 3, abs=0.003)


def test_log_takes_less_than_the_floor_for_the_floor() -> None:
    said_no = np.array([[1.0, 0.0], [0.9995, 0.0005], [0.998, 0.002]])
    yes = np.array([1, 1, 1])

    assert log.score(said_no, yes) == pytest.approx([6.907755, 6.907755, 6.214608])  # ln 1000, ln 1000, ln 500
    assert log.score(said_no, yes, floor=0.01) == pytest.approx([4.605170] * 3)  # ln 100


@pytest.mark.parametrize("floor", [0, 1, -0.1, float("nan")])
def test_log_refuses_a_floor_that_is_none(floor: float) -> None:
    with pytest.raises(ValueError, match=f"The floor {floor} is not between 0 and 1."):
        log.score(np.array([[0.5, 0.5]]), np.array([1]), floor=floor)


def test_the_floor_is_a_thousandth_or_a_hundredth_shared_by_ordered_bins() -> None:
    assert log.floor_for(2, ordered=False) == 0.001
    assert log.floor_for(20, ordered=False) == 0.001
    assert log.floor_for(200, ordered=True) == pytest.approx(0.00005)


def test_brier_is_for_outcomes_without_an_order_ranked_for_those_with_and_log_for_both() -> None:
    suits = {name: (rule.applies(False), rule.applies(True)) for name, rule in RULES.items()}

    assert suits["brier"] == (True, False)
    assert suits["ranked"] == (False, True)
    assert suits["log"] == (True, True)


def two_forecasts_and_a_withdrawal() -> Acts:
    said = np.array([[0.3, 0.7], [np.nan, np.nan], [1.0, 0.0]])
    withdrawn = np.array([False, True, False])
    return Acts(np.array([1, 1, 2]), np.array([0, 5, 7]), said, withdrawn, np.full(3, NEVER))


def test_acts_are_charged_and_withdrawals_are_not() -> None:
    losses = charge("brier", two_forecasts_and_a_withdrawal(), outcome=1, ordered=False)

    assert losses == pytest.approx([0.09, np.nan, 1.0], nan_ok=True)


def test_acts_are_charged_with_the_floor_of_their_question() -> None:
    unordered = charge("log", two_forecasts_and_a_withdrawal(), outcome=1, ordered=False)
    ordered = charge("log", two_forecasts_and_a_withdrawal(), outcome=1, ordered=True)

    assert unordered[2] == pytest.approx(6.907755)  # ln 1000
    assert ordered[2] == pytest.approx(5.298317)  # ln 200: two bins share a hundredth


def test_acts_are_not_charged_by_a_rule_that_is_not_meant_for_them() -> None:
    with pytest.raises(ValueError, match="The rule “brier” is not meant for ordered"):
        charge("brier", two_forecasts_and_a_withdrawal(), outcome=1, ordered=True)
    with pytest.raises(ValueError, match="The rule “ranked” is not meant for unordered"):
        charge_each("ranked", np.array([0.5, 0.5]), ordered=False)


def test_a_forecast_is_charged_for_each_outcome_that_there_may_be() -> None:
    said = np.array([0.2, 0.8, 0.0])

    # ((1 - .2)² + .8²) / 2, (.2² + (1 - .8)²) / 2, (.2² + .8² + 1) / 2
    assert charge_each("brier", said, ordered=False) == pytest.approx([0.64, 0.04, 0.84])
    # below the two cuts it has .2 and 1: ((1 - .2)² + 0) / 2, (.2² + 0) / 2, (.2² + 1) / 2
    assert charge_each("ranked", said, ordered=True) == pytest.approx([0.32, 0.02, 0.52])
    # ln 5, ln 1.25, and the floor of a hundredth shared by three bins: ln 300
    assert charge_each("log", said, ordered=True) == pytest.approx([1.609438, 0.2231436, 5.703782])


def test_a_rule_that_was_added_is_charged_by_like_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "spherical", ADDED["spherical"])

    losses = charge("spherical", two_forecasts_and_a_withdrawal(), outcome=1, ordered=False)

    # 1 - .7 / sqrt(.3² + .7²), nothing, and 1 for who was sure of the other
    assert losses == pytest.approx([1 - 0.7 / 0.58**0.5, np.nan, 1.0], nan_ok=True)


@pytest.mark.parametrize("case", known("brier", "log", "spherical"))
def test_means_over_yes_no_questions_agree_with_other_implementations(case: Case) -> None:
    rule = JUDGED[case["group"]]
    full = 2 if "full two-outcome" in case["what"] else 1

    losses = rule.score(yes_no(case["inputs"]["p"]), np.array(case["inputs"]["y"]))

    assert full * losses.mean() == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.mark.parametrize("case", known("brier_multi", "brier_ordered", "rps"))
def test_scores_over_many_outcomes_agree_with_other_implementations(case: Case) -> None:
    p, outcomes = np.array(case["inputs"]["P"]), np.array(case["inputs"]["outcome"])
    rule = brier if case["group"] == "brier_multi" else ranked
    # Theirs: Brier from 0 to 2; ordered from 0 to 2; and the sum over the k - 1 cuts.
    scale = p.shape[1] - 1 if case["group"] == "rps" else 2

    losses = scale * rule.score(p, outcomes)

    found = losses.mean() if isinstance(case["expected"], float) else losses
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


# Between ordered bins and a whole line: the ranked score times the range is the continuous ranked probability score


def crps_of_points(points: list[float], weights: list[float], y: float) -> float:
    """The CRPS of a distribution over few points, by the ranked rule: a bin for each multiple of a quarter.

    Between two neighbours the two steps, of the forecast and of what happened, are level: the sum is the integral.
    """
    place = np.rint(4 * np.array([y, *points])).astype(int)
    assert (place == 4 * np.array([y, *points])).all()
    place -= place.min()
    bins: Vector = np.bincount(place[1:], weights, minlength=place.max() + 2).astype(np.float64)
    return float(ranked.score(bins[None], place[:1])[0]) * (len(bins) - 1) / 4


@pytest.mark.parametrize("case", known("crps")[:2])
def test_for_an_ensemble_the_ranked_score_times_the_range_is_the_crps(case: Case) -> None:
    found = []
    for members, y in zip(case["inputs"]["ens"], case["inputs"]["y"], strict=True):
        many = len(members)
        crps = crps_of_points(members, [1 / many] * many, y)
        error = np.mean([crps_of_points([member], [1.0], y) for member in members])  # of members as points: |x - y|
        # The fair one takes the spread as that of a sample: error - crps is its half.
        found.append(error - (error - crps) * many / (many - 1) if "fair" in case["what"] else crps)

    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


def crps_by_bins(cdf: Callable[[Vector], Vector], y: float, reach: tuple[float, float], width: float) -> float:
    """The CRPS by the ranked rule over equal bins, y in the middle of its own; all beyond `reach` lies in the last."""
    below, above = ceil((y - reach[0]) / width), ceil((reach[1] - y) / width)
    cuts: Vector = (y + width * (np.arange(-below, above) + 0.5)).astype(np.float64)
    bins = np.diff(np.concatenate([[0.0], cdf(cuts), [1.0]]))
    return float(ranked.score(np.maximum(bins, 0)[None], np.array([below]))[0]) * len(cuts) * width


@pytest.mark.parametrize("case", known("crps")[2:])
def test_for_a_distribution_the_ranked_score_times_the_range_tends_to_the_crps(case: Case) -> None:
    """To the tolerance of each case: 1e-10 (normal), 1e-6 (logistic), 2e-5 (lognormal).

    The error of bins of width h is a h² + b h⁴ + ..: the scores at h, h/2, h/4 are extrapolated to h = 0, as Romberg
    does. The finest bins alone are off by up to some 1e-6, which shows that it is they that tend to it.
    """
    given = case["inputs"]
    if case["what"].startswith("normal"):
        law, reach, width = stats.norm(given["mu"], given["sd"]), 12 * given["sd"], given["sd"] / 50
        span = (given["mu"] - reach, given["mu"] + reach)
    elif case["what"].startswith("logistic"):
        law, width = stats.logistic(given["mu"], given["s"]), given["s"] / 50
        span = (given["mu"] - 40 * given["s"], given["mu"] + 40 * given["s"])
    else:
        law, width, span = stats.lognorm(given["sl"], scale=np.exp(given["ml"])), 0.02, (0.0, 400.0)

    h, half, quarter = (crps_by_bins(law.cdf, given["y"], span, width / parts) for parts in (1, 2, 4))

    once, twice = half + (half - h) / 3, quarter + (quarter - half) / 3
    assert twice + (twice - once) / 15 == pytest.approx(case["expected"], abs=case["tolerance"])
    assert quarter == pytest.approx(case["expected"], abs=1e-4)
