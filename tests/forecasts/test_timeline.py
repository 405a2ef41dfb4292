"""How long forecasts stood, and what that cost: by hand, by plain loops over every tick, by published cases."""

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.rules import charge
from forecasts.timeline import NEVER, Account, Acts, Window, account, clipped, standing_at, stands

CASES = json.loads((Path(__file__).parents[1] / "data" / "scoring_rules.json").read_text())["cases"]
Case = dict[str, Any]
ADA, BOB, MO = 3, 7, 11


def acts(*rows: tuple[Any, ...]) -> Acts:
    """Acts on a yes/no question from (forecaster, at, probability of YES or None to withdraw, expires if it does)."""
    who, at, said, expires = zip(*((*row, NEVER)[:4] for row in rows), strict=True)
    yes = np.array([np.nan if p is None else p for p in said])
    withdrawn = np.array([p is None for p in said])
    return Acts(np.array(who), np.array(at), np.column_stack([1 - yes, yes]), withdrawn, np.array(expires))


def scored(history: Acts, window: Window) -> Account:
    return account(history, window, charge("brier", history, outcome=1, ordered=False))


def test_each_forecast_counts_for_the_time_it_stood() -> None:
    history = acts((ADA, 0, 0.5), (ADA, 60, 0.9))

    result = scored(history, Window.running(0, 100))

    assert result.loss == pytest.approx([0.6 * 0.25 + 0.4 * 0.01])
    assert result.coverage == pytest.approx([1])
    assert result.presence == pytest.approx([1])
    assert result.last.tolist() == [1]


def test_what_is_not_covered_costs_nothing_and_shows_in_the_coverage() -> None:
    history = acts((ADA, 75, 0.5))

    result = scored(history, Window.running(0, 100))

    assert result.loss == pytest.approx([0.25 * 0.25])
    assert result.coverage == pytest.approx([0.25])


def test_a_question_that_ends_early_is_divided_by_the_time_that_was_planned() -> None:
    history = acts((ADA, 10, 0.5))

    result = scored(history, Window.until(0, 100, known_at=40))

    assert result.loss == pytest.approx([0.30 * 0.25])
    assert result.coverage == pytest.approx([0.30])
    assert result.presence == pytest.approx([0.75])  # 30 of the 40 that there were


def test_forecasts_made_before_the_opening_count_from_the_opening() -> None:
    history = acts((ADA, 10, 0.0), (ADA, 50, 0.5))

    result = scored(history, Window.running(100, 200))

    assert result.loss == pytest.approx([0.25])
    assert result.last.tolist() == [1]


def test_what_is_said_at_the_end_or_after_it_counts_for_nothing() -> None:
    history = acts((ADA, 0, 0.5), (ADA, 100, 1.0), (BOB, 100, 1.0), (MO, 150, 1.0))

    result = scored(history, Window.running(0, 100))

    assert result.forecaster.tolist() == [ADA, BOB, MO]
    assert result.loss == pytest.approx([0.25, 0, 0])
    assert result.coverage == pytest.approx([1, 0, 0])
    assert result.last.tolist() == [0, -1, -1]


def test_a_withdrawal_ends_a_forecast_and_a_new_one_begins_again() -> None:
    history = acts((ADA, 0, 0.5), (ADA, 20, None), (ADA, 90, 0.5), (BOB, 0, 0.5), (BOB, 99, None))

    result = scored(history, Window.running(0, 100))

    assert result.loss == pytest.approx([0.30 * 0.25, 0.99 * 0.25])
    assert result.coverage == pytest.approx([0.30, 0.99])
    assert result.last.tolist() == [2, -1]


def test_a_forecast_that_expires_stands_no_longer_and_brings_back_none_before_it() -> None:
    history = acts((ADA, 0, 0.5), (ADA, 10, 0.5, 30), (BOB, 10, 0.5, 100), (MO, 40, 0.5, 30))

    result = scored(history, Window.running(0, 100))

    assert result.coverage == pytest.approx([0.30, 0.90, 0])
    assert result.last.tolist() == [-1, 2, -1]


def test_of_two_acts_at_one_moment_the_later_in_the_journal_counts() -> None:
    history = acts((ADA, 0, 0.0), (BOB, 0, 0.5), (ADA, 0, 0.5), (BOB, 0, None))

    result = scored(history, Window.running(0, 100))

    assert result.loss == pytest.approx([0.25, 0])
    assert result.coverage == pytest.approx([1, 0])
    assert result.last.tolist() == [2, -1]


def test_acts_are_ordered_by_when_they_were_said_and_not_by_when_they_were_recorded() -> None:
    history = acts((ADA, 60, 0.9), (ADA, 0, 0.5))

    start, stop = stands(history)

    assert start.tolist() == [60, 0]
    assert stop.tolist() == [NEVER, 60]


def test_an_act_stands_from_its_moment_on_and_no_longer_at_the_moment_of_the_next() -> None:
    history = acts((ADA, 10, 0.5), (ADA, 20, 0.6), (BOB, 15, 0.7, 20))

    assert standing_at(history, 9).tolist() == [False, False, False]
    assert standing_at(history, 10).tolist() == [True, False, False]
    assert standing_at(history, 19).tolist() == [True, False, True]
    assert standing_at(history, 20).tolist() == [False, True, False]


def test_a_window_that_ends_as_it_opens_has_no_presence_and_no_score() -> None:
    history = acts((ADA, 0, 0.5))

    result = scored(history, Window.until(10, 100, known_at=10))

    assert (result.loss.tolist(), result.coverage.tolist(), result.last.tolist()) == ([0], [0], [-1])
    assert np.isnan(result.presence).all()


def test_a_window_ends_when_it_closes_if_the_outcome_becomes_known_later() -> None:
    window = Window.until(0, 100, known_at=150)

    assert (window.end, window.scheduled, window.realised) == (100, 100, 100)


@pytest.mark.parametrize(("opens", "closes", "end"), [(0, 0, 0), (5, 4, 5), (0, 10, -1), (0, 10, 11)])
def test_a_window_that_cannot_be_is_refused(opens: int, closes: int, end: int) -> None:
    with pytest.raises(ValueError, match=f"A window .*{opens}"):
        Window(opens, closes, end)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="not of one length"):
        Acts(np.array([1]), np.array([1, 2]), np.ones((2, 2)), np.array([False, False]), np.array([NEVER, NEVER]))
    with pytest.raises(ValueError, match=r"There are 1 acts, but losses of shape \(2,\)"):
        account(acts((ADA, 0, 0.5)), Window.running(0, 10), np.zeros(2))


def test_nobody_said_anything() -> None:
    nothing = acts((ADA, 0, 0.5)).only(np.array([False]))

    result = scored(nothing, Window.running(0, 10))

    assert [len(column) for column in (result.forecaster, result.loss, result.coverage, result.last)] == [0, 0, 0, 0]


def test_one_microsecond_in_a_hundred_years_is_not_lost() -> None:
    century = 100 * 365 * 86_400 * 1_000_000
    history = acts((ADA, 0, 0.5), (ADA, century - 1, None))

    start, stop = clipped(history, Window.running(0, century))

    assert (stop - start).tolist() == [century - 1, 0]
    assert account(history, Window.running(0, century), np.array([1, np.nan])).coverage[0] < 1


def random_history(seed: int, ticks: int = 40) -> Acts:
    """Six people with repeated moments, withdrawals and expiries, from before the window [10, 30) to after it."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 40))
    said = np.where(random.random(n) < 0.25, np.nan, random.integers(0, 11, n) / 10)
    at = random.integers(0, ticks, n)
    expires = np.where(random.random(n) < 0.3, at + random.integers(-3, 12, n), NEVER)
    people = random.integers(0, 6, n) * 5 - 3
    return Acts(people, at, np.column_stack([1 - said, said]), np.isnan(said), expires)


def standing_plainly(history: Acts, who: int, moment: int) -> int | None:
    """Which act of `who` stands at `moment`, or None: their latest one by then, unless it was taken back or expired."""
    latest = None
    for row in range(len(history.at)):
        if history.forecaster[row] != who or history.at[row] > moment:
            continue
        if latest is None or history.at[row] >= history.at[latest]:
            latest = row
    if latest is None or history.withdrawn[latest] or history.expires[latest] <= moment:
        return None
    return latest


@pytest.mark.parametrize("seed", range(60))
def test_the_account_equals_a_plain_loop_over_every_tick(seed: int) -> None:
    history = random_history(seed)
    window = Window.until(10, 30, known_at=[30, 22, 35][seed % 3])
    losses = np.where(history.withdrawn, np.nan, (1 - history.probabilities[:, 1]) ** 2)

    result = account(history, window, losses)

    assert result.forecaster.tolist() == sorted(set(history.forecaster.tolist()))
    for place, who in enumerate(result.forecaster):
        held = [standing_plainly(history, who, moment) for moment in range(window.opens, window.end)]
        rows = [row for row in held if row is not None]
        assert result.loss[place] == pytest.approx(sum(losses[row] for row in rows) / 20)
        assert result.coverage[place] == pytest.approx(len(rows) / 20)
        assert result.presence[place] == pytest.approx(len(rows) / (window.end - 10))
        assert result.last[place] == (-1 if held[-1] is None else held[-1])


@pytest.mark.parametrize("seed", range(20))
def test_who_stands_at_a_moment_equals_a_plain_loop(seed: int) -> None:
    history = random_history(seed)

    for moment in range(-1, 55):
        standing = {standing_plainly(history, who, moment) for who in set(history.forecaster.tolist())} - {None}
        assert set(np.flatnonzero(standing_at(history, moment)).tolist()) == standing


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 10)), unique_by=lambda act: act[:2]),
    st.randoms(),
)
def test_the_order_of_acts_at_different_moments_does_not_matter(
    rows: list[tuple[int, int, int]], random: Random
) -> None:
    said = [(who, at, tenths / 10) for who, at, tenths in rows] or [(ADA, 0, 0.5)]
    mixed = random.sample(said, len(said))

    one, other = (scored(acts(*some), Window.running(5, 25)) for some in (said, mixed))

    assert one.loss == pytest.approx(other.loss)
    assert one.coverage.tolist() == other.coverage.tolist()


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["group"] == "time_average"], ids=lambda case: case["id"]
)
def test_averages_over_the_time_covered_agree_with_other_implementations(case: Case) -> None:
    inputs = case["inputs"]
    history = acts(*((ADA, t, p) for t, p in zip(inputs["t"], inputs["p"], strict=True)))

    result = scored(history, Window.running(inputs["open"], inputs["close"]))

    assert result.coverage == pytest.approx([case["expected"]["coverage"]])
    assert result.loss / result.coverage == pytest.approx([case["expected"]["half_brier"]], abs=case["tolerance"])


@pytest.mark.parametrize("case", [case for case in CASES if case["group"] == "event_log"], ids=lambda case: case["id"])
@pytest.mark.parametrize("rule", ["brier", "log"])
def test_logs_of_many_updates_agree_with_other_implementations(case: Case, rule: str) -> None:
    inputs = case["inputs"]
    found: list[tuple[list[int], float, float]] = []
    events = list(zip(*(inputs["events"][name] for name in ("question", "forecaster", "t", "p")), strict=True))
    for question, (opens, closes) in enumerate(zip(inputs["open"], inputs["close"], strict=True)):
        history = acts(*((who, round(t * 100), p) for asked, who, t, p in events if asked == question))
        losses = charge(rule, history, inputs["y"][question], ordered=False)
        result = account(history, Window.running(round(opens * 100), round(closes * 100)), losses)
        stood = result.coverage > 0
        average = (result.loss[stood] / result.coverage[stood]).tolist()
        active = (result.coverage[stood] * (closes - opens)).tolist()
        keys = [[question, who] for who in result.forecaster[stood].tolist()]
        found += zip(keys, active, average, strict=True)

    assert [key for key, _, _ in found] == inputs["keys"]
    assert [active for _, active, _ in found] == pytest.approx([row["active"] for row in case["expected"]])
    assert [average for _, _, average in found] == pytest.approx(
        [row[rule] for row in case["expected"]], abs=case["tolerance"]
    )
