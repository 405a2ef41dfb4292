"""Who is better: the steps by hand, the tests by known answers, and how often each verdict is wrong."""

from dataclasses import replace
from itertools import combinations
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

from forecasts.comparison import (
    HORIZON,
    Comparison,
    Evidence,
    Loss,
    Needed,
    Verdict,
    compare,
    confidence_sequence,
    e_process,
    overlap,
    paired,
    questions_needed,
    steps,
)
from forecasts.rules import RULES
from forecasts.timeline import Numbers
from questions.shape import Vector
from tests.known import Case, known

Random = np.random.Generator


def spherical(p: Vector, y: Vector) -> Vector:
    """1 - p_o / |p|: a rule that the house does not have."""
    return np.asarray(1 - np.where(y == 1, p, 1 - p) / np.hypot(p, 1 - p))


def brier(p: Vector, y: Vector) -> Vector:
    return (p - y) ** 2


def log_loss(p: Vector, y: Vector) -> Vector:
    return np.asarray(-np.log(np.maximum(np.where(y == 1, p, 1 - p), 0.001)))


def columns(case: Case) -> tuple[Vector, Vector, Vector]:
    p1, p2, y = (np.array(case["inputs"][name], dtype=np.float64) for name in ("p1", "p2", "y"))
    return p1, p2, y


def happens(random: Random, chance: Vector) -> Vector:
    """1 where it happened, with these chances."""
    return np.where(random.random(len(chance)) < chance, 1.0, 0.0)


def decided(difference: Vector) -> int | None:
    """The first step at which the sequence leaves 0 out."""
    sequence = confidence_sequence(difference)
    out = np.flatnonzero((sequence.low > 0) | (sequence.high < 0))
    return int(out[0]) + 1 if out.size else None


def t_tested(difference: Vector) -> bool:
    """Whether somebody who runs a t-test after every step from the 20th on ever finds a difference."""
    n = np.arange(1, len(difference) + 1)
    mean = np.cumsum(difference) / n
    variance = (np.cumsum(difference**2) - n * mean**2)[19:] / (n[19:] - 1)
    bound = stats.t.ppf(0.975, n[19:] - 1) * np.sqrt(variance / n[19:])
    return bool((np.abs(mean[19:]) > bound).any())


def evidence(difference: list[float], group: list[int] | None = None) -> Evidence:
    """Questions that opened one after the other, none of them yes or no."""
    count = len(difference)
    number, nothing = np.arange(count), np.full(count, np.nan)
    groups = number if group is None else np.array(group)
    return Evidence(np.array(difference), groups, number, number + 1, nothing, nothing, nothing)


def drawn(random: Random, count: int = 60) -> Evidence:
    """Two forecasters of unlike noise on linked and unlinked questions, a third of which are not yes or no."""
    truth = random.random(count)
    a, b = (np.clip(truth + width * random.standard_normal(count), 0.01, 0.99).round(2) for width in (0.05, 0.3))
    y = happens(random, truth)
    opens = random.integers(0, 50, count)
    known_at, group = opens + random.integers(1, 50, count), random.integers(0, count, count)
    other = random.random(count) < 1 / 3
    a_said, b_said, outcome = (np.where(other, np.nan, column) for column in (a, b, y))
    return Evidence((a - y) ** 2 - (b - y) ** 2, group, opens, known_at, a_said, b_said, outcome)


def taken(of: Evidence, chosen: Numbers) -> Evidence:
    return Evidence(*(getattr(of, name)[chosen] for name in Evidence.__dataclass_fields__))


def swapped(of: Evidence) -> Evidence:
    return replace(of, difference=-of.difference, a=of.b, b=of.a)


# Steps


def test_linked_questions_are_one_step_which_is_their_mean() -> None:
    found = steps(np.array([0.1, 0.4, 0.3, -0.2]), np.array([9, 4, 9, 9]), np.array([1, 2, 3, 4]))

    assert found.difference == pytest.approx([0.4, (0.1 + 0.3 - 0.2) / 3])
    assert found.at.tolist() == [2, 4]
    assert found.step.tolist() == [1, 0, 1, 1]


def test_a_step_is_taken_when_the_last_of_its_questions_became_known() -> None:
    first = steps(np.array([1.0, 2.0, 3.0]), np.array([1, 1, 2]), np.array([10, 20, 15]))
    second = steps(np.array([1.0, 2.0, 3.0]), np.array([1, 1, 2]), np.array([10, 20, 25]))

    assert first.difference.tolist() == [3, 1.5]
    assert second.difference.tolist() == [1.5, 3]


def test_what_became_known_at_one_moment_comes_in_the_order_of_the_groups_numbers() -> None:
    found = steps(np.array([1.0, 2.0, 3.0]), np.array([8, 3, 5]), np.array([7, 7, 7]))

    assert found.difference.tolist() == [2, 3, 1]


def test_a_difference_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="Give only questions on which both stood"):
        steps(np.array([np.nan]), np.array([1]), np.array([1]))
    with pytest.raises(ValueError, match=r"are not \(q,\)"):
        steps(np.array([0.1]), np.array([1, 2]), np.array([1]))
    with pytest.raises(ValueError, match="not of one length"):
        replace(evidence([0.1, 0.2]), a=np.empty(1))


# Once


@pytest.mark.parametrize("case", known("dm"))
def test_diebold_and_mariano_agree_with_other_programs(case: Case) -> None:
    p1, p2, y = columns(case)
    h = {"dm-01": 1, "dm-02": 3}[case["id"]]

    found = paired(brier(p1, y) - brier(p2, y), h=h)

    assert found.statistic == pytest.approx(case["expected"][0], rel=case["tolerance"])
    assert found.p_value == pytest.approx(case["expected"][1], rel=1e-7)


def test_the_interval_is_students_and_the_test_at_one_step_is_the_paired_t_test() -> None:
    difference = np.array([0.12, -0.3, 0.05, -0.22, -0.41, 0.07, -0.15])

    found = paired(difference)

    once = stats.ttest_1samp(difference, 0)
    low, high = once.confidence_interval(0.95)
    assert found.steps == 7
    assert found.mean == pytest.approx(-0.12)
    assert [found.low, found.high] == pytest.approx([low, high])
    assert [found.statistic, found.p_value] == pytest.approx([once.statistic, once.pvalue])


def test_under_five_steps_there_is_no_interval_and_equal_steps_have_no_scale() -> None:
    four = paired(np.array([0.1, 0.2, 0.3, 0.4]))
    equal = paired(np.full(9, 0.25))

    assert four.mean == pytest.approx(0.25)
    assert np.isnan([four.low, four.high]).all()
    assert [equal.low, equal.mean, equal.high] == [0.25, 0.25, 0.25]
    assert np.isnan([equal.statistic, equal.p_value]).all()
    assert np.isnan([paired(np.empty(0)).mean, paired(np.array([0.1])).statistic]).all()
    with pytest.raises(ValueError, match="0 steps ahead"):
        paired(np.array([0.1]), h=0)


# However often one looks


def test_the_interval_after_n_steps_is_the_papers() -> None:
    difference = np.array([0.2, -0.1, 0.4, 0.1])

    sequence = confidence_sequence(difference, start=2, optimised_at=3, level=0.9)

    # rho² = (-2 ln .1 + ln(1 - 2 ln .1)) / 3, and at n the half width is s sqrt(2 (n rho² + 1) / (n² rho²) ln(...)).
    rho2 = (-2 * log(0.1) + log(1 - 2 * log(0.1))) / 3
    spread = sqrt(0.13 / 3)  # of .2, -.1, .4, .1 about .15: .0025 + .0625 + .0625 + .0025
    half = spread * sqrt(2 * (4 * rho2 + 1) / (16 * rho2) * log(sqrt(4 * rho2 + 1) / 0.1))
    assert sequence.mean == pytest.approx([0.2, 0.05, 0.5 / 3, 0.15])
    assert [sequence.low[3], sequence.high[3]] == pytest.approx([0.15 - half, 0.15 + half])
    assert np.isnan([sequence.low[0], sequence.high[0]]).all()
    assert not np.isnan(sequence.low[1:]).any()


def test_the_interval_is_narrowest_for_its_step_where_it_is_optimised() -> None:
    difference = np.tile([1.0, -1.0], 1000)

    def half(at: int, optimised_at: int) -> float:
        sequence = confidence_sequence(difference, optimised_at=optimised_at)
        return float(sequence.high[at - 1] - sequence.low[at - 1])

    assert half(200, 200) < min(half(200, 50), half(200, 800))
    assert half(50, 50) < half(50, 200)
    assert half(800, 800) < half(800, 200)


def test_the_verdict_names_who_is_better_and_since_which_step() -> None:
    difference = np.tile([-0.3, 0.1], 100)

    sequence = confidence_sequence(difference)

    assert (sequence.verdict, sequence.since) == (Verdict.A, 45)
    assert sequence.high[43] > 0 > sequence.high[44]
    assert (confidence_sequence(-difference).verdict, confidence_sequence(-difference).since) == (Verdict.B, 45)
    assert (confidence_sequence(difference[:30]).verdict, confidence_sequence(difference[:30]).since) == (
        Verdict.OPEN,
        None,
    )


def test_a_verdict_that_broke_off_stands_only_since_it_came_back() -> None:
    better, worse = np.tile([-0.3, 0.1], 40), np.tile([0.5, 0.1], 15)

    sequence = confidence_sequence(np.concatenate([better, worse, np.tile(better, 4)]))

    assert confidence_sequence(better).verdict is Verdict.A
    assert confidence_sequence(np.concatenate([better, worse])).verdict is Verdict.OPEN
    assert sequence.verdict is Verdict.A
    assert sequence.since is not None
    assert sequence.since > 110
    assert (sequence.high[sequence.since - 1 :] < 0).all()
    assert sequence.high[sequence.since - 2] >= 0


def test_nobody_is_told_before_the_twentieth_step() -> None:
    difference = np.array([-0.5, -0.4] * 10)

    assert confidence_sequence(difference[:19]).verdict is Verdict.OPEN
    assert (confidence_sequence(difference).verdict, confidence_sequence(difference).since) == (Verdict.A, 20)
    assert confidence_sequence(np.empty(0)).verdict is Verdict.OPEN
    with pytest.raises(ValueError, match="One step has no variance"):
        confidence_sequence(difference, start=1)


def equals(random: Random, count: int) -> Vector:
    """What separates two forecasters of equal skill, by Brier."""
    logits = 1.3 * random.standard_normal(count)
    a, b = (expit(logits + 0.5 * random.standard_normal(count)) for _ in range(2))
    y = random.random(count) < expit(logits)
    return np.asarray((a - y) ** 2 - (b - y) ** 2)


def test_whoever_looks_after_every_question_is_ever_wrong_about_as_rarely_as_said() -> None:
    """[sim] 2,000 pairs of equals, 1,500 questions each: the sequence is ever wrong in 3.5%, a repeated t-test in
    44%."""
    random = np.random.default_rng(20261124)
    worlds = [equals(random, 1500) for _ in range(2000)]

    wrong = np.mean([decided(world) is not None for world in worlds])
    naive = np.mean([t_tested(world) for world in worlds])

    allowed = 0.05 + 2 * sqrt(0.05 * 0.95 / 2000)
    assert wrong <= allowed
    assert wrong >= 0.02  # it is no better than said because it never speaks
    assert naive > 0.4 > allowed


def test_linked_questions_counted_one_by_one_tell_what_is_not_so() -> None:
    """[sim] Groups of eight that share their outcome: ever wrong in 1.5% by steps, in 99% by rows."""
    random = np.random.default_rng(8)
    group, moments = np.repeat(np.arange(300), 8), np.arange(2400)

    by_step, by_row = [], []
    for _ in range(200):
        rows = np.repeat(equals(random, 300), 8)
        by_step.append(decided(steps(rows, group, moments).difference) is not None)
        by_row.append(decided(rows) is not None)

    allowed = 0.05 + 2 * sqrt(0.05 * 0.95 / 200)
    assert np.mean(by_step) <= allowed
    assert np.mean(by_row) > 0.4 > allowed


def test_a_verdict_without_upsets_is_not_firm_and_often_wrong() -> None:
    """[sim] 1% against 3% on what happens in 2% of cases, equally good by Brier: a verdict at some time in 74% of 300
    runs, a firm one (five steps against the one ahead) in 3%. The e-value reached 40 in none."""
    random = np.random.default_rng(3)
    a, b = np.full(1000, 0.01), np.full(1000, 0.03)

    loose, firm, betting = [], [], []
    for _ in range(300):
        y = happens(random, np.full(1000, 0.02))
        sequence = confidence_sequence(brier(a, y) - brier(b, y))
        told = (sequence.low > 0) | (sequence.high < 0)
        loose.append(told.any())
        firm.append((told & (sequence.against >= 5)).any())
        betting.append(max(e_process(a, b, y).max(), e_process(b, a, y).max()) >= 40)

    allowed = 0.05 + 2 * sqrt(0.05 * 0.95 / 300)
    assert max(np.mean(firm), np.mean(betting)) <= allowed
    assert np.mean(loose) > 0.5 > allowed


def test_a_comparison_is_firm_once_five_steps_went_against_the_one_ahead() -> None:
    four = compare(evidence([-0.2] * 40 + [0.1] * 4))
    five = compare(evidence([0.1] * 3 + [-0.2] * 40 + [0.1] * 2))

    assert (four.verdict, four.against, four.firm) == (Verdict.A, 4, False)
    assert (five.verdict, five.against, five.firm) == (Verdict.A, 5, True)
    assert five.sequence.against[:5].tolist() == [0, 0, 0, 1, 3]  # means .1, .1, .1, .025, -.02


# Bets


@pytest.mark.parametrize("case", known("evalue"))
def test_e_values_agree_with_other_programs(case: Case) -> None:
    rules: dict[str, str | Loss] = {"evalue-01": "brier", "evalue-02": "log", "evalue-03": spherical}

    found = e_process(*columns(case), rules[case["id"]])

    assert found[-1] == pytest.approx(case["expected"], rel=case["tolerance"])
    assert (found > 0).all()


@pytest.mark.parametrize("case", known("spherical"))
def test_the_spherical_rule_of_this_test_is_the_known_one(case: Case) -> None:
    p, y = (np.array(case["inputs"][name], dtype=np.float64) for name in ("p", "y"))

    assert spherical(p, y).mean() == pytest.approx(case["expected"], abs=case["tolerance"])


def test_each_bet_is_paid_at_odds_that_are_fair_if_both_are_equally_good() -> None:
    found = e_process(np.array([0.8, 0.2]), np.array([0.4, 0.6]), np.array([1.0, 1.0]))

    # Equal by Brier at a chance of .6 and .4. Bet .7 on YES: 7/6. Then .3 on YES, which was to pay at .4: times 3/4.
    assert found == pytest.approx([7 / 6, 7 / 6 * 3 / 4])


def test_equal_forecasts_make_no_bet_and_nor_does_the_dust_of_arithmetic() -> None:
    equal, dusty = np.array([0.3, 0.0, 1.0, 0.2]), np.array([0.3, 0.0, 1.0, 0.1 + 0.1])
    odd = np.nextafter(dusty, 1)[[0, 3]]  # odds out of the last digit would pay 1.8 for the 20%

    assert e_process(equal, dusty, np.array([1.0, 0, 1, 1])).tolist() == [1, 1, 1, 1]
    assert e_process(odd, dusty[[0, 3]], np.ones(2)).tolist() == [1, 1]


def test_below_the_floor_of_the_log_rule_there_is_nothing_to_bet_on() -> None:
    found = e_process(np.array([0.0002]), np.array([0.0005]), np.array([0.0]), "log")

    assert found.tolist() == [1]


def test_with_a_lag_of_two_two_bettors_take_turns() -> None:
    a, b, y = np.array([0.8, 0.8, 0.8]), np.array([0.4, 0.4, 0.4]), np.array([1.0, 0, 1])

    # Each win pays 7/6, each loss leaves 3/4. The first bets on the first and third question, the other on the second.
    assert e_process(a, b, y, lag=2) == pytest.approx([(7 / 6 + 1) / 2, (7 / 6 + 3 / 4) / 2, (49 / 36 + 3 / 4) / 2])


def test_linked_questions_share_one_stake() -> None:
    a, b, y = np.array([0.8, 0.8, 0.8]), np.array([0.4, 0.4, 0.4]), np.array([1.0, 0, 1])

    found = e_process(a, b, y, step=np.array([0, 0, 1]))

    assert found == pytest.approx([(7 / 6 + 3 / 4) / 2, (7 / 6 + 3 / 4) / 2 * 7 / 6])


def test_a_long_winning_streak_ends_at_e_to_the_700_and_a_lost_certainty_at_nothing() -> None:
    a, b, y = np.full(5000, 0.9), np.full(5000, 0.1), np.ones(5000)

    assert e_process(a, b, y)[-1] == pytest.approx(np.exp(700))
    assert e_process(np.array([1.0]), np.array([0.5]), np.array([0.0]), weight=1).tolist() == [0]


@pytest.mark.parametrize(
    ("rule", "loss"), [("brier", brier), ("log", log_loss), (spherical, spherical)], ids=["brier", "log", "spherical"]
)
@given(a=st.integers(2, 998), b=st.integers(2, 998), share=st.floats(0, 1))
def test_no_bet_pays_if_b_is_at_least_as_good(
    rule: str | Loss,
    loss: Loss,
    a: int,
    b: int,
    share: float,
) -> None:
    assume(a != b)
    both, one, nil = np.array([a, b]) / 1000, np.ones(2), np.zeros(2)
    gain_yes, gain_no = (float(loss(both, y)[1] - loss(both, y)[0]) for y in (one, nil))
    fair = gain_no / (gain_no - gain_yes)
    chance = fair * share if a > b else 1 - (1 - fair) * share  # any chance at which A gains nothing over B

    yes, no = (float(e_process(both[:1], both[1:], y[:1], rule)[0]) for y in (one, nil))

    assert chance * yes + (1 - chance) * no <= 1 + 1e-9


def test_e_values_hold_however_often_one_looks() -> None:
    """[sim] A no better than B, 1,000 questions, 1,000 runs: 20 is ever reached in 4.1%; a t-test after every
    question finds a difference in 41%."""
    random = np.random.default_rng(22)

    reached, naive = [], []
    for _ in range(1000):
        a, b = random.uniform(0.02, 0.98, (2, 1000))
        y = happens(random, (a + b) / 2)
        reached.append(e_process(a, b, y).max() >= 20)
        naive.append(t_tested(brier(a, y) - brier(b, y)))

    allowed = 0.05 + 2 * sqrt(0.05 * 0.95 / 1000)
    assert np.mean(reached) <= allowed
    assert np.mean(naive) > 0.35 > allowed


def test_e_values_grow_where_a_is_better() -> None:
    random = np.random.default_rng(23)
    a = random.uniform(0.02, 0.98, 500)
    b = np.clip(a + random.choice([-0.3, 0.3], 500), 0.01, 0.99)
    y = happens(random, a)

    assert e_process(a, b, y)[-1] > 1000
    assert e_process(b, a, y)[-1] < 0.01


@pytest.mark.parametrize(
    ("a", "y", "terms", "sentence"),
    [
        ([1.2], [1.0], {}, "1.2 is not a probability"),
        ([np.nan], [1.0], {}, "nan is not a probability"),
        ([0.5], [0.5], {}, "0.5 is not an outcome"),
        ([0.5, 0.5], [1.0], {}, "are not all"),
        ([0.5], [1.0], {"lag": 0}, "make no bet"),
        ([0.5], [1.0], {"weight": 0.0}, "make no bet"),
        ([0.5], [1.0], {"rule": "guess"}, "no scoring rule “guess”"),
    ],
)
def test_what_cannot_be_bet_on_is_refused(
    a: list[float], y: list[float], terms: dict[str, float], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        e_process(np.array(a), np.array([0.4]), np.array(y), **terms)  # type: ignore[arg-type]


# How many more


def test_where_it_is_decided_no_more_questions_are_needed() -> None:
    assert questions_needed(np.tile([-0.3, 0.1], 100)) == Needed(0, 0)


def test_where_the_difference_is_too_near_0_nobody_can_say() -> None:
    assert questions_needed(np.tile([0.1, -0.1], 20_000)) is None
    assert questions_needed(np.array([0.1, -0.3, 0.2, -0.2])) is None
    assert questions_needed(np.full(10, 0.1)) is None
    assert questions_needed(np.empty(0)) is None


def test_where_it_may_take_longer_than_anybody_waits_there_is_no_upper_end() -> None:
    needed = questions_needed(np.tile([0.1, -0.1, 0.02], 20))

    assert needed is not None
    assert 0 < needed.low < HORIZON
    assert needed.high is None


def test_questions_needed_are_questions_and_not_steps() -> None:
    difference = np.array([0.2, -0.6, 0.2, -0.4, -0.1] * 4)

    one, three = questions_needed(difference), questions_needed(difference, per_step=3)

    assert one is not None
    assert one.high is not None
    assert three == Needed(3 * one.low, 3 * one.high)


def test_however_clear_it_is_nobody_is_told_before_the_twentieth_step() -> None:
    assert questions_needed(np.array([-0.5, -0.3, -0.6, -0.4, -0.5, -0.2])) == Needed(14, 14)


def test_a_comparison_counts_the_questions_that_its_groups_hold() -> None:
    difference = [0.2, -0.6, 0.2, -0.4, -0.1] * 4

    alone = compare(evidence(difference)).needed
    in_threes = compare(evidence(list(np.repeat(difference, 3)), group=list(np.repeat(range(20), 3)))).needed

    assert alone is not None
    assert alone.high is not None
    assert in_threes == Needed(3 * alone.low, 3 * alone.high)


def test_the_questions_that_it_took_mostly_lie_in_the_range_that_was_told() -> None:
    """[sim] A better by .2 or .3 standard deviations, range told after 30 steps: it took as many in 86% of runs (80% is
    the aim). From half to twice the number that a single t-test would want holds in 25%."""
    random = np.random.default_rng(30)

    inside, naive = [], []
    for better in np.repeat([0.2, 0.3], 150):
        difference = random.standard_normal(3000) - better
        first, sofar = decided(difference), difference[:30]
        if first is None or first <= 30:
            continue
        needed = questions_needed(sofar, draws=400)
        inside.append(needed is not None and needed.low <= first - 30 <= (needed.high or np.inf))
        wanted = (1.96 * sofar.std(ddof=1) / sofar.mean()) ** 2 - 30
        naive.append(wanted / 2 <= first - 30 <= 2 * wanted)

    assert len(inside) > 200
    assert np.mean(inside) > 0.75
    assert np.mean(naive) < 0.4


# Power


def needed_for_power(loss: Loss, truth: Vector, said: Vector) -> float:
    """How many questions a two-sided 5% test wants to tell `said` from `truth` in 80% of cases."""
    apart = [loss(said, np.full(len(truth), y)) - loss(truth, np.full(len(truth), y)) for y in (1.0, 0.0)]
    mean = float((truth * apart[0] + (1 - truth) * apart[1]).mean())
    square = float((truth * apart[0] ** 2 + (1 - truth) * apart[1] ** 2).mean())
    return float((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2) * (square - mean**2) / mean**2


def test_the_log_rule_needs_half_the_questions_that_brier_does() -> None:
    """[sim] To tell a calibrated forecaster from one with logits x 1.6: 802 questions by log, 1,573 by Brier, where
    logits are normal about -3.25 (4%) with standard deviation 1.75. With 804 questions log tells in 81% of 300 runs,
    Brier in 47%. (Logits about 0 with standard deviation 1 give 849 and 1,038: the ratio is one of rare events.)"""
    random = np.random.default_rng(16)
    logits = -3.25 + 1.75 * stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)

    by_log, by_brier = (needed_for_power(loss, expit(logits), expit(1.6 * logits)) for loss in (log_loss, brier))
    told: dict[str, list[bool]] = {"log": [], "brier": []}
    for _ in range(300):
        truth = expit(-3.25 + 1.75 * random.standard_normal(804))
        said, y = expit(1.6 * logit(truth)), (random.random(804) < truth) * 1
        for name, found in told.items():
            calibrated, sure = (RULES[name].score(np.column_stack([1 - p, p]), y) for p in (truth, said))
            found.append(paired(calibrated - sure).high < 0)

    assert by_log == pytest.approx(804, rel=0.02)
    assert by_brier == pytest.approx(1567, rel=0.02)
    assert np.mean(told["log"]) > 0.75
    assert np.mean(told["brier"]) < 0.65


# At the same time


def test_questions_that_follow_one_another_do_not_overlap() -> None:
    opens, group = np.array([0, 10, 20]), np.array([1, 2, 3])

    assert not overlap(opens, np.array([10, 20, 30]), group)
    assert overlap(opens, np.array([11, 20, 30]), group)
    assert not overlap(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def test_linked_questions_may_be_open_together() -> None:
    assert not overlap(np.array([0, 5]), np.array([10, 15]), np.array([1, 1]))
    assert overlap(np.array([0, 5, 12]), np.array([10, 15, 14]), np.array([1, 1, 2]))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6), st.integers(0, 3)), max_size=8))
def test_an_overlap_is_a_moment_at_which_two_groups_were_open(rows: list[tuple[int, int, int]]) -> None:
    opens, lasted, group = (np.array([row[at] for row in rows], dtype=np.int64) for at in range(3))
    by_hand = any(
        one[2] != other[2] and set(range(one[0], one[0] + one[1])) & set(range(other[0], other[0] + other[1]))
        for one, other in combinations(rows, 2)
    )

    assert overlap(opens, opens + lasted, group) == by_hand


# All of it


def test_a_comparison_holds_all_that_a_page_says() -> None:
    of = evidence([-0.3, 0.1, -0.2, -0.2, 0.3], group=[1, 1, 2, 3, 4])
    of = replace(of, a=np.array([0.8, 0.8, np.nan, 0.8, np.nan]), b=np.array([0.4, 0.4, np.nan, 0.4, np.nan]))
    found = compare(replace(of, outcome=np.array([1, 0, np.nan, 1, np.nan])))

    # Steps: -.1, -.2, -.2, .3. Bets: half on each of the first two, none, one, none.
    first = (7 / 6 + 3 / 4) / 2
    assert (found.questions, found.binary, found.paired.steps) == (5, 3, 4)
    assert found.steps.difference == pytest.approx([-0.1, -0.2, -0.2, 0.3])
    assert found.sequence.mean == pytest.approx([-0.1, -0.15, -0.5 / 3, -0.05])
    assert found.e_a == pytest.approx([first, first, first * 7 / 6, first * 7 / 6])
    assert (found.verdict, found.since, found.needed, found.approximate) == (Verdict.OPEN, None, None, False)


def test_without_any_question_in_common_nothing_can_be_told() -> None:
    found = compare(evidence([]))

    assert (found.questions, found.binary, found.paired.steps) == (0, 0, 0)
    assert (found.verdict, found.since, found.needed, found.against) == (Verdict.OPEN, None, None, 0)
    assert [len(found.sequence.mean), len(found.e_a), len(found.e_b)] == [0, 0, 0]


def test_e_values_only_follow_yes_no_questions() -> None:
    found = compare(evidence([0.1, -0.1, 0.3]))

    assert [found.e_a.tolist(), found.e_b.tolist()] == [[1, 1, 1], [1, 1, 1]]


SEEDS = st.integers(0, 10_000)
OPPOSITE = {Verdict.A: Verdict.B, Verdict.B: Verdict.A, Verdict.OPEN: Verdict.OPEN}


def same(found: Comparison, expected: Comparison) -> None:
    assert (found.verdict, found.since, found.against) == (expected.verdict, expected.since, expected.against)
    assert (found.needed is None) == (expected.needed is None)
    assert found.paired.mean == pytest.approx(expected.paired.mean, abs=1e-12)
    assert found.paired.p_value == pytest.approx(expected.paired.p_value, rel=1e-6, nan_ok=True)
    assert found.sequence.high == pytest.approx(expected.sequence.high, abs=1e-12, nan_ok=True)
    assert found.e_a == pytest.approx(expected.e_a)
    assert found.e_b == pytest.approx(expected.e_b)


@given(SEEDS)
def test_b_against_a_is_minus_a_against_b(seed: int) -> None:
    of = drawn(np.random.default_rng(seed))

    one, other = compare(of), compare(swapped(of))

    assert (other.verdict, other.since, other.needed) == (OPPOSITE[one.verdict], one.since, one.needed)
    assert (other.paired.mean, other.paired.low, other.paired.high) == (
        -one.paired.mean,
        -one.paired.high,
        -one.paired.low,
    )
    assert (other.paired.statistic, other.paired.p_value) == (-one.paired.statistic, one.paired.p_value)
    assert other.sequence.low.tolist()[19:] == (-one.sequence.high).tolist()[19:]
    assert (other.e_a.tolist(), other.e_b.tolist()) == (one.e_b.tolist(), one.e_a.tolist())
    assert (other.against, other.approximate) == (one.against, one.approximate)


@given(SEEDS)
def test_the_order_of_the_questions_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    of = drawn(random)

    same(compare(taken(of, random.permutation(60))), compare(of))


@given(SEEDS)
def test_questions_of_one_group_may_change_places_in_time(seed: int) -> None:
    """Only when the last of them became known says when the step is taken."""
    random = np.random.default_rng(seed)
    of = drawn(random)
    known_at = of.known.copy()
    for one in np.unique(of.group):
        places = np.flatnonzero(of.group == one)
        known_at[places] = of.known[random.permutation(places)]

    same(compare(replace(of, known=known_at, opens=of.opens)), compare(of))


@given(SEEDS, st.sampled_from([0.25, 2.0, 64.0]))
def test_the_scale_of_the_loss_changes_no_verdict(seed: int, scale: float) -> None:
    of = drawn(np.random.default_rng(seed))

    one, other = compare(of), compare(replace(of, difference=scale * of.difference))

    assert (other.verdict, other.since, other.needed) == (one.verdict, one.since, one.needed)
    assert (other.paired.statistic, other.paired.p_value) == (one.paired.statistic, one.paired.p_value)
    assert other.paired.mean == scale * one.paired.mean
    assert other.sequence.low.tolist()[19:] == (scale * one.sequence.low).tolist()[19:]


def test_what_rounding_leaves_between_equals_is_no_difference() -> None:
    random = np.random.default_rng(6)
    dust = random.choice([-1e-17, 3e-17], 200)

    found = confidence_sequence(steps(dust, np.arange(200), np.arange(200)).difference)

    assert found.verdict is Verdict.OPEN
    assert set(found.mean.tolist()) == {0.0}
