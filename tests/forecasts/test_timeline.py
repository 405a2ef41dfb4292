"""How long forecasts stood, and what that cost: by hand, by plain loops over every tick, by published cases."""

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.rules import charge
from forecasts.timeline import (
    NEVER,
    Account,
    Acts,
    Table,
    Window,
    Windows,
    account,
    accounts,
    clipped,
    in_order,
    lots,
    standing_at,
    stands,
)
from tests.known import Case, known

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


@pytest.mark.parametrize("case", known("time_average"))
def test_averages_over_the_time_covered_agree_with_other_implementations(case: Case) -> None:
    inputs = case["inputs"]
    history = acts(*((ADA, t, p) for t, p in zip(inputs["t"], inputs["p"], strict=True)))

    result = scored(history, Window.running(inputs["open"], inputs["close"]))

    assert result.coverage == pytest.approx([case["expected"]["coverage"]])
    assert result.loss / result.coverage == pytest.approx([case["expected"]["half_brier"]], abs=case["tolerance"])


@pytest.mark.parametrize("case", known("event_log"))
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


# Whole tables


def three_questions() -> tuple[Table, Windows]:
    """Ada on the first and the last, Bob on the last; nobody on the one between them. In the order of the journal."""
    table = Table(
        question=np.array([2, 0, 2, 0]),
        forecaster=np.array([BOB, ADA, ADA, ADA]),
        at=np.array([10, 0, 50, 60]),
        withdrawn=np.array([False, False, False, True]),
        expires=np.array([NEVER, NEVER, 55, NEVER]),
    )
    return table, Windows.of(Window(0, 100, 100), Window(0, 10, 10), Window(0, 200, 60))


def test_a_table_is_scored_by_question_then_forecaster_and_by_all_rules_at_once() -> None:
    table, windows = three_questions()
    losses = np.array([[0.25, 1], [0.5, 2], [1, 3], [np.nan, np.nan]])

    found = accounts(table, windows, losses)

    assert found.question.tolist() == [0, 2, 2]
    assert found.forecaster.tolist() == [ADA, ADA, BOB]
    assert found.loss == pytest.approx(np.array([[0.3, 1.2], [5 / 200, 15 / 200], [0.25 * 50 / 200, 50 / 200]]))
    assert found.standing.tolist() == [60, 5, 50]
    assert found.coverage(windows).tolist() == [0.6, 0.025, 0.25]
    assert found.presence(windows).tolist() == pytest.approx([0.6, 5 / 60, 50 / 60])
    assert found.last.tolist() == [-1, -1, 0]


def test_a_table_without_acts_has_no_accounts() -> None:
    nothing = Table(*(np.empty(0, dtype=kind) for kind in ("i8", "i8", "i8", "?", "i8")))

    for windows in (Windows.of(), Windows.of(Window(0, 10, 10))):
        found = accounts(nothing, windows, np.empty((0, 2)))

        assert (len(found.question), found.loss.shape, len(found.last)) == (0, (0, 2), 0)


def test_forecasters_may_have_any_whole_numbers_as_ids() -> None:
    far = np.array([-(2**62), 2**62, 5, -(2**62)])
    table, windows = three_questions()
    other = Table(table.question, far, table.at, table.withdrawn, table.expires)

    found = accounts(other, windows, np.array([[1.0], [1.0], [1.0], [1.0]]))

    assert found.question.tolist() == [0, 0, 2, 2]
    assert found.forecaster.tolist() == [-(2**62), 2**62, -(2**62), 5]
    assert found.standing.tolist() == [0, 100, 50, 5]


def test_windows_of_thousands_of_years_fit_beside_one_another() -> None:
    ages = 8_000 * 365 * 86_400 * 1_000_000
    many = 60
    windows = Windows.of(*(Window(-ages, ages, ages) for _ in range(many)))
    where = np.arange(many)
    table = Table(where, np.full(many, ADA), np.zeros(many, dtype=np.int64), np.zeros(many, bool), np.full(many, NEVER))

    found = accounts(table, windows, np.ones((many, 1)))

    assert found.coverage(windows).tolist() == [0.5] * many
    assert max(len(lot.question) for lot in lots(table, windows)) < 36  # 36 of them overflow


@pytest.mark.parametrize(("opens", "closes", "end"), [(0, 0, 0), (5, 4, 5), (0, 10, -1), (0, 10, 11)])
def test_windows_of_which_one_cannot_be_are_refused(opens: int, closes: int, end: int) -> None:
    columns = (np.array([0, value]) for value in (opens, closes, end))

    with pytest.raises(ValueError, match=f"A window .*{opens}"):
        Windows(*(column + np.array([extra, 0]) for column, extra in zip(columns, (0, 10, 5), strict=True)))


def test_a_table_that_does_not_fit_is_refused() -> None:
    table, windows = three_questions()

    with pytest.raises(ValueError, match="not of one length"):
        Table(table.question[:2], table.forecaster, table.at, table.withdrawn, table.expires)
    with pytest.raises(ValueError, match="not of one length"):
        Windows(windows.opens[:1], windows.closes, windows.end)
    with pytest.raises(ValueError, match=r"There are 4 acts, but losses of shape \(3, 1\)"):
        accounts(table, windows, np.zeros((3, 1)))
    with pytest.raises(ValueError, match="An act is on a question outside 0 to 1"):
        accounts(table, Windows.of(Window(0, 10, 10), Window(0, 10, 10)), np.zeros((4, 1)))


@given(st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2**50)), max_size=30))
def test_numbers_are_put_in_order_and_equal_ones_stay_as_they_lie(numbers: list[int]) -> None:
    order = in_order(np.array(numbers, dtype=np.int64))

    assert order.tolist() == sorted(range(len(numbers)), key=numbers.__getitem__)


def test_dividing_by_the_time_that_there_was_makes_the_calibrated_look_wrong() -> None:
    """[sim] What happens does so at some moment, with 39% in all; YES ends a question, so NO lasts to the end.

    Somebody who always says the true probability is off (what happened - what was said, over the time that it stood)
    by +.135 in the mean if each question is divided by the time that there was, and by +.0002 if by the time that was
    planned. What is integrated here in place of a loss is that difference, which the engine does not mind.
    """
    random = np.random.default_rng(2026)
    questions, steps, unit = 12_000, 25, 1_000_000
    when = random.exponential(1 / -np.log(0.61), questions)  # 1 is the end of the window
    ended = np.minimum(np.ceil(when * steps * unit), steps * unit).astype(np.int64)
    windows = Windows(np.zeros(questions, np.int64), np.full(questions, steps * unit), ended)
    question, step = (part.ravel() for part in np.indices((questions, steps)))
    chance = 1 - 0.61 ** (1 - (step + 0.5) / steps)  # in the middle of each step, for which it stands
    many = len(step)
    table = Table(question, np.full(many, ADA), step * unit, np.zeros(many, bool), np.full(many, NEVER))

    found = accounts(table, windows, ((when[question] < 1) - chance)[:, None])

    off = found.loss[:, 0]
    assert (when < 1).mean() == pytest.approx(0.39, abs=0.01)
    assert abs(off.mean()) < 0.01
    naive = (off / (ended / (steps * unit))).mean()
    assert not abs(naive) < 0.01
    assert naive == pytest.approx(0.139, abs=0.01)
