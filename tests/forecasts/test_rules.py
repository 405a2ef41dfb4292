"""Every scoring rule: strictly proper, in agreement with independent implementations, and strict about its input."""

import json
from itertools import product
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasts.rules import RULES, brier, charge, log, ranked
from forecasts.timeline import NEVER, Acts
from questions.shape import Vector

Case = dict[str, Any]

CASES = json.loads((Path(__file__).parents[1] / "data" / "scoring_rules.json").read_text())["cases"]


def published(*groups: str) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in CASES if case["group"] in groups]


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
@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_nothing_pays_better_than_to_say_what_one_believes(rule: ModuleType, k: int) -> None:
    every = grid(k)

    losses = expected_losses(rule, every, every)

    honest = np.diag(losses).copy()
    np.fill_diagonal(losses, np.inf)
    assert (losses.min(axis=1) > honest).all()


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_rule_gives_0_to_who_was_sure_and_right_and_less_to_nobody(rule: ModuleType) -> None:
    sure = np.eye(3)

    assert rule.score(sure, np.arange(3)).tolist() == [0.0, 0.0, 0.0]
    assert not np.signbit(rule.score(sure, np.arange(3))).any()
    assert (rule.score(grid(3), np.zeros(36, dtype=int)) > 0).all()


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_rule_says_its_scale_and_its_direction_and_suits_some_question(rule: ModuleType) -> None:
    assert "lower is better" in rule.ABOUT
    assert rule.TITLE
    assert rule.applies(True) or rule.applies(False)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_rule_scores_no_forecasts_without_complaint(rule: ModuleType) -> None:
    assert rule.score(np.empty((0, 3)), np.empty(0, dtype=int)).shape == (0,)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
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

    for rule in RULES.values():
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


@pytest.mark.parametrize("case", published("brier", "log"))
def test_means_over_yes_no_questions_agree_with_other_implementations(case: Case) -> None:
    rule = RULES[case["group"]]
    full = 2 if "full two-outcome" in case["what"] else 1

    losses = rule.score(yes_no(case["inputs"]["p"]), np.array(case["inputs"]["y"]))

    assert full * losses.mean() == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.mark.parametrize("case", published("brier_multi", "brier_ordered", "rps"))
def test_scores_over_many_outcomes_agree_with_other_implementations(case: Case) -> None:
    p, outcomes = np.array(case["inputs"]["P"]), np.array(case["inputs"]["outcome"])
    rule = brier if case["group"] == "brier_multi" else ranked
    # Theirs: Brier from 0 to 2; ordered from 0 to 2; and the sum over the k - 1 cuts.
    scale = p.shape[1] - 1 if case["group"] == "rps" else 2

    losses = scale * rule.score(p, outcomes)

    found = losses.mean() if isinstance(case["expected"], float) else losses
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])
