"""Score receipts: lines by hand, cut at midnights and at one's own changes; on random questions they add up."""

from math import fsum, isnan

import numpy as np
import pytest
from hypothesis import given, settings

from forecasts.receipts import Item, items
from forecasts.scoring import Outcomes, assess
from forecasts.timeline import NEVER, Acts, Mask, Window
from tests import brute
from tests.brute import DAY, HOUR, Asked

ADA, BOB, CY, BOT, CROWD = 1, 2, 3, 8, 50
NOON = 20_000 * DAY + 12 * HOUR
EXACT = 1e-12


def said(*rows: tuple[int, int, float | None]) -> tuple[Acts, Mask]:
    """Acts of (forecaster, hours after the noon of the opening, probability of YES or None), and who is a person."""
    yes = np.array([np.nan if p is None else p for _, _, p in rows])
    who = np.array([row[0] for row in rows])
    at = np.array([NOON + row[1] * HOUR for row in rows])
    acts = Acts(who, at, np.column_stack([1 - yes, yes]), np.isnan(yes), np.full(len(rows), NEVER))
    return acts, np.isin(who, (ADA, BOB, CY))


def receipt(history: tuple[Acts, Mask], who: int, hours: int = 48, known: int = 48) -> list[Item]:
    """The lines for a question open for so many hours from noon, if YES was known after some of them."""
    acts, base = history
    window = Window.until(NOON, NOON + hours * HOUR, NOON + known * HOUR)
    return items(acts, base, window, brute.charged(acts, 1), who, CROWD)


def hours(item: Item) -> tuple[int, int]:
    return (item.start - NOON) // HOUR, (item.stop - NOON) // HOUR


def test_a_forecast_that_stands_for_days_has_a_line_for_each_day_of_utc() -> None:
    found = receipt(said((ADA, 0, 0.5)), ADA)

    assert [hours(item) for item in found] == [(0, 12), (12, 36), (36, 48)]
    assert [item.share for item in found] == [0.25, 0.5, 0.25]
    assert [item.contribution for item in found] == [0.0625, 0.125, 0.0625]
    assert [item.loss for item in found] == [0.25, 0.25, 0.25]


def test_a_change_ends_a_line_and_a_withdrawal_leaves_a_gap() -> None:
    found = receipt(said((ADA, 3, 0.5), (BOB, 0, 0.0), (ADA, 6, 0.9), (ADA, 9, None), (ADA, 30, 1.0)), ADA)

    assert [hours(item) for item in found] == [(3, 6), (6, 9), (30, 36), (36, 48)]
    assert [item.act for item in found] == [0, 2, 4, 4]
    assert [item.loss for item in found] == pytest.approx([0.25, 0.01, 0, 0])


def test_what_others_do_within_a_line_goes_into_its_means() -> None:
    history = said((ADA, 0, 0.5), (BOB, 2, 1.0), (CY, 6, 0.0), (BOB, 8, None), (CY, 10, None))

    (found,) = receipt(history, ADA, hours=12, known=12)

    # Bob's 0 for 4 hours, both for 2 at a mean of .5, Cy's 1 for 2, nobody for the other 4
    assert found.compared == pytest.approx(8 / 12)
    assert found.others == pytest.approx((4 * 0 + 2 * 0.5 + 2 * 1) / 8)
    assert found.gain == pytest.approx(8 / 12 * (3 / 8 - 0.25))
    assert found.contribution == 0.25


def test_where_nobody_else_stood_nothing_is_gained() -> None:
    (found,) = receipt(said((ADA, 0, 0.5), (BOT, 0, 1.0)), ADA, hours=12, known=12)

    assert isnan(found.others)
    assert (found.gain, found.compared, found.contribution) == (0, 0, 0.25)


def test_a_bot_is_compared_with_persons_and_no_person_with_it() -> None:
    history = said((ADA, 0, 0.5), (BOB, 0, 1.0), (BOT, 0, 0.0))

    (bot,), (ada,) = (receipt(history, who, hours=12, known=12) for who in (BOT, ADA))

    assert (bot.others, bot.gain) == pytest.approx((0.125, 0.125 - 1))
    assert (ada.others, ada.gain) == pytest.approx((0, -0.25))


def test_the_crowds_loss_is_its_mean_while_it_stood() -> None:
    history = said((ADA, 0, 0.5), (CROWD, 3, 0.5), (CROWD, 6, 1.0), (CROWD, 9, None))

    (whole,), lines = receipt(history, ADA, hours=12, known=12), receipt(history, CROWD, hours=12, known=12)

    assert whole.crowd == pytest.approx(0.125)
    assert isnan(receipt(said((ADA, 0, 0.5)), ADA)[0].crowd)
    assert [(item.loss, item.crowd) for item in lines] == [(0.25, 0.25), (0, 0)]  # its own receipt, too


def test_a_line_ends_when_the_outcome_is_known_and_is_divided_by_the_scheduled_window() -> None:
    found = receipt(said((ADA, -5, 0.5), (BOB, 9, 1.0)), ADA, hours=48, known=12)

    assert [hours(item) for item in found] == [(0, 12)]
    assert (found[0].share, found[0].contribution) == (0.25, 0.0625)
    assert found[0].gain == pytest.approx(3 / 48 * -0.25)


def test_what_is_said_at_midnight_makes_no_line_of_no_length() -> None:
    found = receipt(said((ADA, 0, 0.5), (ADA, 12, 0.9), (ADA, 36, 0.9)), ADA)

    assert [hours(item) for item in found] == [(0, 12), (12, 36), (36, 48)]
    assert [item.act for item in found] == [0, 1, 2]


def test_who_never_stood_has_no_lines() -> None:
    history = said((ADA, 5, 0.5), (ADA, 5, None), (BOB, 0, 0.5), (CY, 48, 0.5))

    assert [receipt(history, who) for who in (ADA, CY, BOT)] == [[], [], []]
    assert receipt(history, BOB, known=0) == []


def test_nobody_said_anything() -> None:
    acts, base = said((ADA, 0, 0.5))

    assert items(acts.only(~base), base[:0], Window(0, 1, 1), np.empty(0), ADA, CROWD) == []


def test_columns_of_different_lengths_are_refused() -> None:
    acts, base = said((ADA, 0, 0.5))

    with pytest.raises(ValueError, match=r"There are 1 acts, but losses \(2,\)"):
        items(acts, base, Window(0, 1, 1), np.zeros(2), ADA, CROWD)
    with pytest.raises(ValueError, match=r"There are 1 acts, but .* a base \(0,\)"):
        items(acts, base[:0], Window(0, 1, 1), np.zeros(1), ADA, CROWD)


def test_thousands_who_came_and_went_leave_no_dust_behind() -> None:
    """Only Bob is left when Ada comes. A running sum of floats is off by 6e-12 by then, this by less than 1e-14."""
    rng = np.random.default_rng(3)
    people, costs = 20_000, rng.random(20_000)
    came, went = rng.permutation(people) + 1, rng.permutation(people) + 1 + people
    acts = Acts(
        np.concatenate([[BOB], np.tile(np.arange(100, 100 + people), 2), [ADA]]),
        np.concatenate([[0], came, went, [3 * people]]),
        np.full((2 + 2 * people, 2), 0.5),
        np.repeat([False, True, False], [1 + people, people, 1]),
        np.full(2 + 2 * people, NEVER),
    )
    losses = np.concatenate([[0.3], costs, np.full(people, np.nan), [0.1]])

    (found,) = items(acts, acts.at >= 0, Window.running(0, 4 * people), losses, ADA, CROWD)

    naive = np.cumsum(np.concatenate([[0.3], costs[np.argsort(came)], -costs[np.argsort(went)]]))[-1]
    assert found.others == pytest.approx(0.3, abs=1e-14)
    assert found.gain == pytest.approx(0.25 * 0.2, abs=1e-14)
    assert abs(naive - 0.3) > 1e-12


@settings(deadline=None, max_examples=150)
@given(brute.questions())
def test_the_lines_add_up_to_what_plain_loops_and_the_board_say(asked: Asked) -> None:
    losses = brute.charged(asked.acts, asked.outcome)
    outcomes = Outcomes(asked.acts.probabilities.shape[1], ordered=False)
    plain = brute.score(asked.acts, asked.base, asked.window, losses)
    board = assess(asked.acts, asked.base, asked.window, asked.outcome, outcomes, brute.OUTSIDERS[0])
    boards = dict(zip(board.forecaster.tolist(), range(len(board.forecaster)), strict=True))

    for who, expected in plain.items():
        found = items(asked.acts, asked.base, asked.window, losses, who, brute.OUTSIDERS[0])

        assert fsum(item.share for item in found) == pytest.approx(expected.coverage, rel=EXACT)
        for total, name in (("contribution", "loss"), ("gain", "peer")):
            summed = fsum(getattr(item, total) for item in found)
            assert summed == pytest.approx(getattr(expected, name), rel=EXACT, abs=1e-14)
            if found:
                shown = board.numbers["brier" if name == "loss" else "peer"][boards[who]]
                assert summed == pytest.approx(shown, rel=EXACT, abs=1e-14)


@settings(deadline=None, max_examples=100)
@given(brute.questions(most=16))
def test_every_line_says_what_plain_loops_over_it_say(asked: Asked) -> None:
    acts, base, losses, crowd = asked.acts, asked.base, brute.charged(asked.acts, asked.outcome), brute.OUTSIDERS[0]
    members = set(acts.forecaster[base].tolist())

    for who in set(acts.forecaster.tolist()):
        for item in items(acts, base, asked.window, losses, who, crowd):
            spans = list(brute.stretches(acts, Window(item.start, item.stop, item.stop)))
            others = [[losses[row] for other, row in held.items() if other in members - {who}] for *_, held in spans]
            there = [[losses[held[crowd]]] if crowd in held else [] for *_, held in spans]

            assert item.start // DAY == (item.stop - 1) // DAY
            assert {held[who] for *_, held in spans} == {item.act}
            compared, mean = averaged(spans, others)
            assert item.compared == pytest.approx(compared / asked.window.scheduled, rel=EXACT)
            assert item.others == pytest.approx(mean, rel=EXACT, abs=1e-15, nan_ok=True)
            assert item.crowd == pytest.approx(averaged(spans, there)[1], rel=EXACT, abs=1e-15, nan_ok=True)
            follows = (item.others - item.loss) * item.compared if item.compared else 0.0
            assert item.gain == pytest.approx(follows, rel=1e-9, abs=1e-14)


def averaged(spans: list[tuple[int, int, dict[int, int]]], losses: list[list[float]]) -> tuple[int, float]:
    """For how long any stood, and the mean over that time of the mean of their losses; NaN where none did."""
    pairs = zip(spans, losses, strict=True)
    stood = [(stop - start, fsum(some) / len(some)) for (start, stop, _), some in pairs if some]
    time = sum(length for length, _ in stood)
    return time, fsum(length * mean for length, mean in stood) / time if time else float("nan")
