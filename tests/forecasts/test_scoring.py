"""What everybody gets if an outcome happens: rules chosen, yardsticks joined in, and who has no score left out."""

from math import log

import numpy as np
import pytest

from forecasts import crowd
from forecasts.scoring import assess, everybody, join, main_rule, rules_for
from forecasts.timeline import NEVER, Acts, Window

ADA, BOB, CROWD, EVEN = 3, 4, 1, 2
NAN = float("nan")


def acts(*said: tuple[int, int, tuple[float, ...] | None], size: int = 2) -> Acts:
    """Acts of (forecaster, moment, vector, or None for a withdrawal)."""
    return Acts(
        forecaster=np.array([who for who, _, _ in said], dtype=np.int64),
        at=np.array([at for _, at, _ in said], dtype=np.int64),
        probabilities=np.array([vector or (NAN,) * size for _, _, vector in said]).reshape(-1, size),
        withdrawn=np.array([vector is None for _, _, vector in said], dtype=bool),
        expires=np.full(len(said), NEVER),
    )


def test_brier_leads_without_an_order_and_the_ranked_score_with_one() -> None:
    assert (main_rule(False), main_rule(True)) == ("brier", "ranked")
    assert (rules_for(False)[0], rules_for(True)[0]) == ("brier", "ranked")
    assert set(rules_for(False)) >= {"brier", "log"}
    assert set(rules_for(True)) >= {"ranked", "log"}
    assert ("ranked" in rules_for(False), "brier" in rules_for(True)) == (False, False)


def test_a_question_is_assessed_by_every_rule_over_the_same_people() -> None:
    said = acts((ADA, 0, (0.4, 0.6)), (BOB, 5, (0.1, 0.9)), (ADA, 8, (0.2, 0.8)))

    found = assess(said, Window(0, 10, 10), outcome=1, ordered=False)

    # Ada: 8 of .4² and 2 of .2² over 10; Bob: 5 of .1² over 10
    assert found.shared.forecaster.tolist() == [ADA, BOB]
    assert found.accounts["brier"].loss.tolist() == pytest.approx([(8 * 0.16 + 2 * 0.04) / 10, 0.005], abs=1e-12)
    assert found.accounts["log"].loss.tolist() == pytest.approx(
        [-(8 * log(0.6) + 2 * log(0.8)) / 10, -5 * log(0.9) / 10], abs=1e-12
    )
    assert found.last.tolist() == [[0.2, 0.8], [0.1, 0.9]]
    assert found.shared.coverage.tolist() == [1.0, 0.5]


def test_who_stood_for_no_time_is_left_out() -> None:
    said = acts((ADA, 0, (0.4, 0.6)), (BOB, 3, (0.1, 0.9)), (BOB, 3, None), (5, 10, (0.5, 0.5)))

    found = assess(said, Window(0, 10, 10), outcome=1, ordered=False)

    assert found.shared.forecaster.tolist() == [ADA]
    assert found.last.shape == (1, 2)


def test_who_withdrew_has_a_score_and_no_last_word() -> None:
    said = acts((ADA, 0, (0.4, 0.6)), (ADA, 5, None))

    found = assess(said, Window(0, 10, 10), outcome=0, ordered=False)

    assert found.accounts["brier"].loss.tolist() == pytest.approx([0.18], abs=1e-12)  # .6² for half the time
    assert np.isnan(found.last).all()


def test_nobody_at_all_can_be_assessed() -> None:
    found = assess(acts(), Window(0, 10, 10), outcome=1, ordered=False)

    assert found.shared.forecaster.tolist() == []
    assert found.last.shape == (0, 2)


def test_the_crowd_and_always_even_join_as_two_forecasters_more() -> None:
    said = acts((ADA, 2, (0.4, 0.6)), (BOB, 6, (0.2, 0.8)))

    whole = everybody(said, crowd.path(said, ordered=False), Window(0, 10, 10), CROWD, EVEN)
    found = assess(whole, Window(0, 10, 10), outcome=1, ordered=False)

    # the crowd is .6 for four, then .7 for four; always even has stood since the opening
    assert found.shared.forecaster.tolist() == [CROWD, EVEN, ADA, BOB]
    assert found.accounts["brier"].loss[:2].tolist() == pytest.approx([(4 * 0.16 + 4 * 0.09) / 10, 0.25], abs=1e-12)
    assert found.shared.coverage.tolist() == [0.8, 1.0, 0.8, 0.4]


def test_without_anybody_always_even_stands_alone() -> None:
    whole = everybody(acts(size=3), crowd.path(acts(size=3), ordered=True), Window(0, 10, 10), CROWD, EVEN)

    found = assess(whole, Window(0, 10, 10), outcome=0, ordered=True)

    # cuts at 1/3 and 2/3 where all lies below both: ((2/3)² + (1/3)²) / 2
    assert found.shared.forecaster.tolist() == [EVEN]
    assert found.accounts["ranked"].loss.tolist() == pytest.approx([5 / 18], abs=1e-12)


def test_histories_are_joined_in_their_order() -> None:
    both = join(acts((ADA, 5, (0.4, 0.6))), acts((BOB, 1, None)))

    assert both.forecaster.tolist() == [ADA, BOB]
    assert both.at.tolist() == [5, 1]
    assert both.withdrawn.tolist() == [False, True]
