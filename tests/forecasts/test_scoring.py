"""What everybody gets if an outcome happens: each number by hand, by Metaculus' own, by plain loops."""

from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from forecasts import crowd
from forecasts.peer import at_once, compared
from forecasts.rules import RULES, charge
from forecasts.scoring import Assessment, Outcomes, assess, baseline, join, main_rule, rules_for
from forecasts.timeline import NEVER, Acts, Mask, Table, Window, Windows, standing_at
from tests import brute
from tests.brute import Asked
from tests.forecasts.test_peer import DAY, expected_of, listed
from tests.known import Case, metaculus

ADA, BOB, CROWD, EVEN = 3, 4, 1, 2
NAN = float("nan")
YES_NO, THREE, BINS = Outcomes(2, ordered=False), Outcomes(3, ordered=False), Outcomes(3, ordered=True)


def acts(*said: tuple[int, float, tuple[float, ...] | None], size: int = 2, day: int = 1) -> Acts:
    """Acts of (forecaster, moment, vector, or None for a withdrawal)."""
    return Acts(
        forecaster=np.array([who for who, _, _ in said], dtype=np.int64),
        at=np.array([round(at * day) for _, at, _ in said], dtype=np.int64),
        probabilities=np.array([vector or (NAN,) * size for _, _, vector in said]).reshape(-1, size),
        withdrawn=np.array([vector is None for _, _, vector in said], dtype=bool),
        expires=np.full(len(said), NEVER),
    )


def of_all(history: Acts) -> Mask:
    return np.ones(len(history.at), dtype=bool)


def assessed(history: Acts, window: Window, outcome: int, outcomes: Outcomes = YES_NO) -> Assessment:
    return assess(history, of_all(history), window, outcome, outcomes, CROWD)


def test_brier_leads_without_an_order_and_the_ranked_score_with_one() -> None:
    assert (main_rule(False), main_rule(True)) == ("brier", "ranked")
    assert (rules_for(False)[0], rules_for(True)[0]) == ("brier", "ranked")
    assert set(rules_for(False)) >= {"brier", "log"}
    assert set(rules_for(True)) >= {"ranked", "log"}
    assert ("ranked" in rules_for(False), "brier" in rules_for(True)) == (False, False)


def test_a_question_is_assessed_by_every_rule_over_the_same_people() -> None:
    said = acts((ADA, 0, (0.4, 0.6)), (BOB, 5, (0.1, 0.9)), (ADA, 8, (0.2, 0.8)))

    found = assessed(said, Window(0, 20, 10), outcome=1)

    # Ada: 8 of .4² and 2 of .2²; Bob: 5 of .1²; over the 20 that were planned, of which there were 10
    assert found.forecaster.tolist() == [ADA, BOB]
    assert found.numbers["brier"] == pytest.approx([(8 * 0.16 + 2 * 0.04) / 20, 5 * 0.01 / 20], abs=1e-12)
    assert found.numbers["log"] == pytest.approx([-(8 * log(0.6) + 2 * log(0.8)) / 20, -5 * log(0.9) / 20], abs=1e-12)
    assert found.coverage.tolist() == [0.5, 0.25]
    assert found.presence.tolist() == [1.0, 0.5]
    assert found.last.tolist() == [2, 1]
    assert found.numbers["spot"] == pytest.approx([0.04, 0.01])


def test_the_names_of_the_numbers_are_those_that_boards_know() -> None:
    shared = {"log", "baseline", "peer", "peer_log", "beside", "accuracy", "spot"}

    unordered = assessed(acts((ADA, 0, (0.4, 0.6))), Window(0, 10, 10), outcome=1)
    ordered = assessed(acts((ADA, 0, (0.2, 0.3, 0.5)), size=3), Window(0, 10, 10), outcome=1, outcomes=BINS)

    assert set(unordered.numbers) == shared | {"brier"}
    assert set(ordered.numbers) == shared | {"ranked"}


def test_a_rule_that_was_added_has_its_numbers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.data.rules import spherical  # noqa: PLC0415

    monkeypatch.setitem(RULES, "spherical", spherical)

    found = assessed(acts((ADA, 5, (0.4, 0.6))), Window(0, 10, 10), outcome=1)

    assert found.numbers["spherical"] == pytest.approx([0.5 * (1 - 0.6 / 0.52**0.5)])


def test_peer_scores_are_by_the_main_rule_and_by_log_in_hundredths_of_a_nat() -> None:
    said = acts((ADA, 0, (0.2, 0.8)), (BOB, 5, (0.5, 0.5)))

    found = assessed(said, Window(0, 10, 10), outcome=1)

    assert found.numbers["peer"] == pytest.approx([0.5 * 0.21, -0.5 * 0.21])
    assert found.numbers["peer_log"] == pytest.approx([50 * log(1.6), -50 * log(1.6)])


def test_where_outcomes_are_ordered_the_peer_score_is_by_ranked_and_half_by_log() -> None:
    said = acts((ADA, 0, (0.0, 1.0, 0.0)), (BOB, 0, (0.5, 0.5, 0.0)), size=3)

    found = assessed(said, Window(0, 10, 10), outcome=1, outcomes=BINS)

    assert found.numbers["peer"] == pytest.approx([0.125, -0.125])  # Bob: (.5² + 0) / 2
    assert found.numbers["peer_log"] == pytest.approx([50 * log(2), -50 * log(2)])


def test_who_is_outside_the_base_moves_nobodys_score() -> None:
    said = acts((ADA, 0, (0.2, 0.8)), (BOB, 0, (0.6, 0.4)), (CROWD, 0, (0.4, 0.6)))

    found = assess(said, said.forecaster != CROWD, Window(0, 10, 10), 1, YES_NO, CROWD)

    # losses of .16 outside, .04 and .36 inside
    assert dict(zip(found.forecaster.tolist(), found.numbers["peer"], strict=True)) == pytest.approx(
        {CROWD: 0.04, ADA: 0.32, BOB: -0.32}
    )


def test_beside_is_the_crowds_loss_while_one_stood_and_ones_own_where_it_did_not() -> None:
    said = acts((CROWD, 4, (0.5, 0.5)), (CROWD, 6, (0.4, 0.6)), (ADA, 2, (0.2, 0.8)), (BOB, 8, (0.1, 0.9)))

    found = assess(said, said.forecaster != CROWD, Window(0, 20, 10), 1, YES_NO, CROWD)

    # Ada: 2 of her own .04, 2 of .25, 4 of .16; Bob: 2 of .16; the crowd itself: 2 of .25 and 4 of .16
    assert dict(zip(found.forecaster.tolist(), found.numbers["beside"], strict=True)) == pytest.approx(
        {ADA: (2 * 0.04 + 2 * 0.25 + 4 * 0.16) / 20, BOB: 2 * 0.16 / 20, CROWD: (2 * 0.25 + 4 * 0.16) / 20}
    )


def test_without_a_crowd_beside_is_ones_own_loss() -> None:
    found = assessed(acts((ADA, 0, (0.2, 0.8))), Window(0, 10, 10), outcome=1)

    assert found.numbers["beside"] == pytest.approx(found.numbers["brier"])


def test_accuracy_is_by_days_against_the_median_of_the_base() -> None:
    said = acts((ADA, 0, (0.2, 0.8)), (BOB, 1, (0.5, 0.5)), (CROWD, 1, (0.4, 0.6)), day=DAY)

    found = assess(said, said.forecaster != CROWD, Window(0, 2 * DAY, 2 * DAY), 1, YES_NO, CROWD)

    # First day: Ada alone is the median. Second: .04 and .25, median .145. The crowd's .16 is on one of two days.
    assert dict(zip(found.forecaster.tolist(), found.numbers["accuracy"], strict=True)) == pytest.approx(
        {ADA: (0.04 - 0.145) / 2, BOB: (0.25 - 0.145) / 2, CROWD: (0.16 - 0.145) / 2}
    )


def test_who_stood_for_no_time_is_left_out() -> None:
    said = acts((ADA, 0, (0.4, 0.6)), (BOB, 3, (0.1, 0.9)), (BOB, 3, None), (5, 10, (0.5, 0.5)))

    found = assessed(said, Window(0, 10, 10), outcome=1)

    assert found.forecaster.tolist() == [ADA]
    assert {len(column) for column in (found.coverage, found.last, *found.numbers.values())} == {1}


def test_who_withdrew_has_a_score_and_no_last_word() -> None:
    said = acts((ADA, 0, (0.4, 0.6)), (ADA, 5, None))

    found = assessed(said, Window(0, 10, 10), outcome=0)

    assert found.numbers["brier"] == pytest.approx([0.18], abs=1e-12)  # .6² for half the time
    assert found.last.tolist() == [-1]
    assert np.isnan(found.numbers["spot"]).all()


def test_nobody_at_all_can_be_assessed() -> None:
    found = assessed(acts(), Window(0, 10, 10), outcome=1)

    assert found.forecaster.tolist() == []
    assert {len(column) for column in found.numbers.values()} == {0}


def test_a_window_without_time_has_no_scores() -> None:
    found = assessed(acts((ADA, 0, (0.4, 0.6))), Window(5, 10, 5), outcome=1)

    assert found.forecaster.tolist() == []


def test_histories_are_joined_in_their_order() -> None:
    both = join(acts((ADA, 5, (0.4, 0.6))), acts((BOB, 1, None)))

    assert both.forecaster.tolist() == [ADA, BOB]
    assert both.at.tolist() == [5, 1]
    assert both.withdrawn.tolist() == [False, True]


@given(brute.questions())
@settings(max_examples=100, deadline=None)
def test_an_assessment_agrees_with_plain_loops(asked: Asked) -> None:
    """All but the daily number, which has plain loops of its own in test_daily.py."""
    outcomes = Outcomes(asked.acts.probabilities.shape[1], ordered=False)
    half, log_ = (brute.charged(asked.acts, asked.outcome, rule) for rule in (brute.half_brier, brute.log))
    plain = brute.score(asked.acts, asked.base, asked.window, half, yardstick=5)
    by_log = brute.score(asked.acts, asked.base, asked.window, log_)
    stood = [who for who, one in plain.items() if one.coverage > 0]

    found = assess(asked.acts, asked.base, asked.window, asked.outcome, outcomes, crowd=5)

    assert found.forecaster.tolist() == stood
    for name, expected in {
        "brier": [plain[who].loss for who in stood],
        "peer": [plain[who].peer for who in stood],
        "beside": [plain[who].beside for who in stood],
        "log": [by_log[who].loss for who in stood],
        "peer_log": [100 * by_log[who].peer for who in stood],
        "spot": [half[plain[who].last] if plain[who].last >= 0 else NAN for who in stood],
    }.items():
        assert found.numbers[name].tolist() == pytest.approx(expected, abs=1e-10, nan_ok=True)
    assert found.presence.tolist() == pytest.approx([plain[who].presence for who in stood])
    assert found.last.tolist() == [plain[who].last for who in stood]


# Baseline


def test_the_baseline_score_is_0_for_equal_odds_and_100_for_who_was_sure_and_right() -> None:
    for outcomes in (YES_NO, THREE, Outcomes(7, ordered=False)):
        even, sure = log(outcomes.size), 0.0

        assert baseline(np.array([even, sure]), 0, outcomes) == pytest.approx([0, 100], abs=1e-12)


def test_the_baseline_score_of_ordered_bins_knows_how_many_ends_are_open() -> None:
    """Metaculus gives .05 to each open end and shares out the rest; 100 is halved."""
    both, below = Outcomes(202, True, below=True, above=True), Outcomes(201, True, below=True)
    lost = -np.log([0.05, 0.1])

    assert baseline(lost, 0, both) == pytest.approx([0, 50 * log(2)], abs=1e-12)
    assert baseline(lost, 201, both) == pytest.approx([0, 50 * log(2)], abs=1e-12)
    assert baseline(lost, 1, both) == pytest.approx([50 * log(0.05 / (0.9 / 200)), 50 * log(0.1 / (0.9 / 200))])
    assert baseline(lost, 200, below) == pytest.approx([50 * log(0.05 / (0.95 / 200)), 50 * log(0.1 / (0.95 / 200))])
    assert baseline(lost, 0, Outcomes(200, True)) == pytest.approx([50 * log(10), 50 * log(20)])


def test_the_baseline_score_is_integrated_like_the_others_and_bound_by_the_same_floor() -> None:
    said = acts((ADA, 5, (0.1, 0.9)), (BOB, 0, (1.0, 0.0)))

    found = assessed(said, Window(0, 20, 10), outcome=1)

    # a quarter of the window at 84.8; half of it at a thousandth
    assert found.numbers["baseline"] == pytest.approx([84.79969066 / 4, -896.57842847 / 2])


@pytest.mark.parametrize("case", metaculus("baseline_notable_values"))
def test_notable_baseline_scores_are_metaculus(case: Case) -> None:
    said = acts((ADA, 0, (1 - case["p"], case["p"])))

    assert baseline(charge("log", said, 1, ordered=False), 1, YES_NO) == pytest.approx([case["expected"]], abs=1e-8)


@pytest.mark.parametrize("case", metaculus("baseline_time_averaged"))
def test_baseline_scores_over_time_are_metaculus(case: Case) -> None:
    history, named = listed(case), case["args"]
    opens, closes, known_at = (
        round(named[name] * DAY) for name in ("forecast_horizon_start", "forecast_horizon_end", "actual_close_time")
    )

    found = assessed(history, Window.until(opens, closes, known_at), named["resolution_bucket"])

    covered = [row for row in expected_of(case) if row["coverage"]]  # who never stood has no score here
    assert found.numbers["baseline"].tolist() == pytest.approx([row["score"] for row in covered], abs=1e-8)
    assert found.coverage.tolist() == pytest.approx([row["coverage"] for row in covered], abs=1e-8)


@pytest.mark.parametrize("case", metaculus("baseline_spot"))
def test_baseline_scores_at_one_instant_are_metaculus(case: Case) -> None:
    history, named = listed(case), case["args"]
    standing = standing_at(history, round(named["spot_forecast_timestamp"] * DAY))

    found = baseline(charge("log", history, named["resolution_bucket"], ordered=False), 1, YES_NO)

    expected = expected_of(case)
    assert np.where(standing, found, 0).tolist() == pytest.approx([row["score"] for row in expected], abs=1e-8)
    assert standing.astype(float).tolist() == [row["coverage"] for row in expected]


# Whole questions of Metaculus


def question_of(case: Case) -> tuple[Acts, Window, int]:
    rows: list[Any] = case["forecasts"]
    ends = np.array([NEVER if end is None else end * DAY for *_, end in rows], dtype=np.int64)
    said = acts(*((who, at, (1 - p, p)) for who, p, at, _ in rows), day=DAY)
    window = Window.until(case["open"] * DAY, case["scheduled_close"] * DAY, case["actual_close"] * DAY)
    history = Acts(said.forecaster, said.at, said.probabilities, said.withdrawn, ends)
    return history, window, int(case["resolution"] == "yes")


def base_of(case: Case, history: Acts) -> Mask:
    """Which acts are of the base: everybody's, unless the case lists whose."""
    return of_all(history) if case["base_users"] is None else np.isin(history.forecaster, case["base_users"])


def due(case: Case, name: str, ours: dict[int, float]) -> dict[str, Any]:
    """What a case expects; of who is outside the base our own scores, as Metaculus' have a factor of n / (n - 1)."""
    outside = set(ours) - set(case["base_users"] or ours)
    rows: dict[str, Any] = case["expected"][name]
    return rows | {str(who): rows[str(who)] | {"score": ours[who]} for who in outside if str(who) in rows}


def rows_of(found: dict[int, tuple[float, float]]) -> dict[str, Any]:
    return {
        str(who): pytest.approx({"score": score, "coverage": coverage}, abs=2e-8)
        for who, (score, coverage) in found.items()
    }


WITHDRAWN_TOGETHER = "q-all_withdrawn_gap"
WHOLE = [case for case in metaculus("question_user_totals") if case.values[0]["id"] != WITHDRAWN_TOGETHER]
GAP = [case for case in metaculus("question_user_totals") if case.values[0]["id"] == WITHDRAWN_TOGETHER]


def with_community(case: Case) -> tuple[Acts, Window, int, crowd.Path]:
    history, window, outcome = question_of(case)
    path = crowd.path(history.only(base_of(case, history)), ordered=False)
    return join(history, crowd.as_acts(path, 100)), window, outcome, path


@pytest.mark.parametrize("case", [*WHOLE, *GAP])
def test_whole_questions_have_metaculus_baseline_scores(case: Case) -> None:
    history, window, outcome, _ = with_community(case)

    found = assessed(history, window, outcome)

    rows = zip(found.numbers["baseline"].tolist(), found.coverage.tolist(), strict=True)
    scores = dict(zip(found.forecaster.tolist(), rows, strict=True))
    assert {"100": case["expected"]["community_baseline"]} == rows_of({100: scores.pop(100)})
    assert case["expected"]["baseline"] == rows_of(scores)


def peers_of(case: Case) -> dict[int, tuple[float, float]]:
    """Everybody's log peer score and coverage."""
    history, window, outcome = question_of(case)
    found = assess(history, base_of(case, history), window, outcome, YES_NO, CROWD)
    rows = zip(found.numbers["peer_log"].tolist(), found.coverage.tolist(), strict=True)
    return dict(zip(found.forecaster.tolist(), rows, strict=True))


def plain_peers_of(case: Case) -> dict[int, float]:
    """The same scores by plain loops."""
    history, window, outcome = question_of(case)
    plain = brute.score(history, base_of(case, history), window, brute.charged(history, outcome, brute.log))
    return {who: 100 * one.peer for who, one in plain.items()}


@pytest.mark.parametrize("case", WHOLE)
def test_whole_questions_have_metaculus_peer_scores(case: Case) -> None:
    assert due(case, "peer", plain_peers_of(case)) == rows_of(peers_of(case))


def test_who_is_outside_a_cases_base_is_scored_by_our_own_definition() -> None:
    """The first case, of 20 and then 70% by the first and 50% by the second, without the third in the base.

    The third says 90% on the last four of ten days and moves nobody's score.
    """
    case = WHOLE[0].values[0] | {"base_users": [1, 2]}
    gained = 20 * log(0.2 / 0.5) + 60 * log(0.7 / 0.5)
    scores = {"1": gained, "2": -gained, "3": 40 * (log(0.9) - (log(0.7) + log(0.5)) / 2)}
    rows = {who: row | {"score": scores[who]} for who, row in case["expected"]["peer"].items()}

    assert rows == rows_of(peers_of(case))
    assert due(case, "peer", plain_peers_of(case))["3"]["score"] == pytest.approx(scores["3"])
    assert due(case, "peer", {})["1"] == case["expected"]["peer"]["1"]
    assert with_community(case)[3].count.tolist() == [1, 2, 2]


@pytest.mark.parametrize("case", [*WHOLE, *GAP])
def test_whole_questions_have_metaculus_spot_scores(case: Case) -> None:
    history, _, outcome = question_of(case)
    standing = standing_at(history, case["spot"] * DAY)
    losses = charge("log", history, outcome, ordered=False)

    base = base_of(case, history)
    peer, reward = 100 * at_once(losses, standing, base), baseline(losses, outcome, YES_NO)

    who = history.forecaster[standing].tolist()
    outside = {one: 100 * (losses[standing & base].mean() - losses[standing][at]) for at, one in enumerate(who)}
    for name, column in (("spot_peer", peer), ("spot_baseline", reward)):
        found = dict(zip(who, ((score, 1.0) for score in column[standing].tolist()), strict=True))
        expected = due(case, name, outside) if name == "spot_peer" else case["expected"][name]
        assert expected == rows_of(found)


@pytest.mark.parametrize("case", [*WHOLE, *GAP])
def test_whole_questions_have_metaculus_community(case: Case) -> None:
    _, window, _, path = with_community(case)
    until = [moment if moment < window.end else None for moment in [*path.at.tolist()[1:], window.end]]

    found = [
        {
            "t": max(at, window.opens) / DAY,
            "end": end and end / DAY,
            "p_yes": pytest.approx(path.middle[row, 1]),
            "n": int(path.count[row]),
        }
        for row, (at, end) in enumerate(zip(path.at.tolist(), until, strict=True))
        if path.count[row] and at < window.end
    ]

    assert case["expected"]["community_history"] == found


@pytest.mark.parametrize("case", WHOLE)
def test_the_community_has_metaculus_peer_score_but_for_its_factor(case: Case) -> None:
    """The community is outside the base of its own mean, and Metaculus multiplies by n / (n - 1) all the same.

    So each of its forecasts is scored as a forecaster of its own, and the factor put in by hand: then it is the same.
    """
    history, window, outcome = question_of(case)
    base = base_of(case, history)
    path = crowd.path(history.only(base), ordered=False)
    apart = Acts(100 + np.arange(len(path.at)), path.at, path.middle, path.count == 0, np.append(path.at[1:], NEVER))
    said = join(history, apart)

    found = assess(said, np.append(base, np.zeros(len(path.at), dtype=bool)), window, outcome, YES_NO, CROWD)

    rows = np.flatnonzero(found.forecaster >= 100)
    n = path.count[found.forecaster[rows] - 100]
    factor = np.divide(n, n - 1, out=np.zeros(len(n)), where=n > 1)
    score = float((found.numbers["peer_log"][rows] * factor).sum())
    assert case["expected"]["community_peer"] == rows_of({0: (score, found.coverage[rows].sum())})["0"]


def relative_legacy(case: Case) -> dict[str, Any]:
    """By how many bits less than the community one lost, over the realised window."""
    history, window, outcome, _ = with_community(case)
    losses, is_crowd = charge("log", history, outcome, ordered=False), history.forecaster == 100
    windows = Windows.of(window)
    account, ahead = compared(Table.of(history), windows, losses[:, None], is_crowd)
    bits = ahead[:, 0] / log(2) * window.scheduled / window.realised
    rows = zip(account.forecaster.tolist(), bits.tolist(), account.presence(windows).tolist(), strict=True)
    return rows_of({who: (score, presence) for who, score, presence in rows if presence and who != 100})


@pytest.mark.parametrize("case", WHOLE)
def test_whole_questions_have_metaculus_older_relative_scores(case: Case) -> None:
    assert case["expected"]["relative_legacy"] == relative_legacy(case)


@pytest.mark.parametrize("case", GAP)
def test_where_everybody_withdraws_at_once_scores_stop_and_metaculus_do_not(case: Case) -> None:
    """By hand: 2 of 10 days together, with .8 and .4 and a community of .6; from day 7 on Ada's successor is alone.

    Metaculus has 48.5 and -48.5, full coverage, and .29 and -.41 by the older score: the comparison of the first two
    days runs on until day 7.
    """
    history, window, outcome, _ = with_community(case)
    found = assess(history, history.forecaster < 100, window, outcome, YES_NO, CROWD)

    assert found.numbers["peer_log"][:2] == pytest.approx([20 * log(2), -20 * log(2)])
    assert found.coverage[:2] == pytest.approx([0.5, 0.2])
    # .6 against the mean of the logs of .8 and .4, without the factor of 2
    assert found.numbers["peer_log"][2] == pytest.approx(20 * (log(0.6) - (log(0.8) + log(0.4)) / 2))
    assert relative_legacy(case) == {
        "1": {"score": 0.2 * log(0.8 / 0.6) / log(2), "coverage": 0.5},
        "2": {"score": 0.2 * log(0.4 / 0.6) / log(2), "coverage": 0.2},
    }
    assert case["expected"]["peer"]["1"]["score"] == pytest.approx(48.5, abs=0.1)
