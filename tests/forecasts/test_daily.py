"""Good Judgment's daily scores: what counts for a day, by hand and by plain loops over days."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.daily import DAY, Daily, averages, day_ends, medians
from forecasts.timeline import NEVER, Acts, Window
from tests import brute
from tests.brute import Asked

ADA, BOB, MO, BOT = 3, 7, 11, 20
NOON = DAY // 2
NAN = float("nan")


def found(*rows: tuple[Any, ...], window: Window, outside: tuple[int, ...] = ()) -> Daily:
    """The daily scores of acts (forecaster, at in days, loss or None to withdraw, expires in days if it does)."""
    who, at, losses, expires = zip(*((*row, None)[:4] for row in rows), strict=True)
    acts = Acts(
        forecaster=np.array(who),
        at=np.array([round(moment * DAY) for moment in at]),
        probabilities=np.full((len(rows), 2), 0.5),
        withdrawn=np.array([loss is None for loss in losses]),
        expires=np.array([NEVER if moment is None else round(moment * DAY) for moment in expires]),
    )
    charged = np.array([NAN if loss is None else loss for loss in losses])
    return averages(acts, window, charged, ~np.isin(acts.forecaster, outside))


def test_a_day_counts_by_the_forecast_that_stood_at_its_end() -> None:
    result = found((ADA, 0, 0.9), (ADA, 0.5, 0.1), (ADA, 1.5, 0.4), window=Window.running(0, 3 * DAY))

    assert result.days.tolist() == [3]
    assert result.mean == pytest.approx([(0.1 + 0.4 + 0.4) / 3])


def test_days_are_of_the_calendar_and_the_last_ends_with_the_window() -> None:
    window = Window.until(NOON, 9 * DAY, known_at=2 * DAY + NOON)

    assert day_ends(window).tolist() == [DAY, 2 * DAY, 2 * DAY + NOON]
    assert day_ends(Window(0, 9 * DAY, 2 * DAY)).tolist() == [DAY, 2 * DAY]
    assert day_ends(Window(-NOON, 9 * DAY, NOON)).tolist() == [0, NOON]
    assert day_ends(Window(NOON, 9 * DAY, NOON)).tolist() == []


def test_what_is_said_at_midnight_belongs_to_the_day_that_begins() -> None:
    result = found((ADA, 0, 0.1), (ADA, 1, 0.5), (BOB, 2, 0.3), window=Window.running(0, 2 * DAY))

    assert result.days.tolist() == [2, 0]
    assert result.mean == pytest.approx([0.3, NAN], nan_ok=True)


def test_what_ceased_to_stand_at_midnight_still_stood_at_the_end_of_that_day() -> None:
    result = found((ADA, 0, 0.1, 1), (BOB, 0, 0.2), (BOB, 1, None), window=Window.running(0, 2 * DAY))

    assert result.days.tolist() == [1, 1]


def test_accuracy_is_the_distance_to_the_median_forecaster_on_the_same_days() -> None:
    rows = [(ADA, 0, 0.1), (BOB, 0, 0.5), (MO, 1, 0.2)]

    result = found(*rows, window=Window.running(0, 4 * DAY))

    # Medians: .3 on the first day, .2 on the other three. Mo was there on three of four days.
    assert result.accuracy == pytest.approx([0.1 - (0.3 + 3 * 0.2) / 4, 0.5 - 0.9 / 4, 0.0])


def test_accuracy_shrinks_with_the_share_of_days_that_one_took_part_in() -> None:
    result = found((ADA, 0, 0.1), (BOB, 0, 0.1), (MO, 3, 0.5), window=Window.running(0, 4 * DAY))

    assert result.mean == pytest.approx([0.1, 0.1, 0.5])
    assert result.accuracy == pytest.approx([0, 0, 0.4 / 4])


def test_outsiders_move_no_median_and_have_no_accuracy_where_there_is_none() -> None:
    result = found((ADA, 1, 0.1), (BOT, 0, 0.5), window=Window.running(0, 2 * DAY), outside=(BOT,))
    alone = found((BOT, 0, 0.5), window=Window.running(0, 2 * DAY), outside=(BOT,))

    assert result.days.tolist() == [1, 2]
    assert result.accuracy == pytest.approx([0, 0.4 / 2])  # the second of two days alone can be compared
    assert (alone.days.tolist(), alone.mean.tolist()) == ([2], [0.5])
    assert np.isnan(alone.accuracy).all()


def test_nobody_stood_at_the_end_of_any_day() -> None:
    result = found((ADA, 0, 0.1), (ADA, 0.5, None), window=Window.running(0, 2 * DAY))
    empty = found((ADA, 0, 0.1), window=Window(DAY, 2 * DAY, DAY))

    assert (result.days.tolist(), empty.days.tolist()) == ([0], [0])
    assert np.isnan([result.mean, result.accuracy, empty.mean, empty.accuracy]).all()


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 9)), max_size=20),
    st.integers(0, 9),
)
def test_medians_are_those_of_who_stands_at_each_instant(rows: list[tuple[int, int, int]], instants: int) -> None:
    spans = [(value / 5, min(one, other, instants), min(max(one, other), instants)) for value, one, other in rows]
    values, begins, ceases = (np.array(column) for column in zip(*spans, strict=True)) if spans else ([np.empty(0)] * 3)

    result = medians(values, begins.astype(np.int64), ceases.astype(np.int64), instants)

    standing = [[value for value, begin, cease in spans if begin <= instant < cease] for instant in range(instants)]
    assert result.tolist() == pytest.approx([np.median(row) if row else NAN for row in standing], nan_ok=True)


@given(brute.questions())
@settings(max_examples=150, deadline=None)
def test_daily_scores_agree_with_plain_loops(asked: Asked) -> None:
    losses = brute.charged(asked.acts, asked.outcome)

    result = averages(asked.acts, asked.window, losses, asked.base)

    first, last = asked.window.opens // DAY + 1, -(-asked.window.end // DAY)
    ends = [min(day * DAY, asked.window.end) for day in range(first, last + 1)] if asked.window.realised else []
    held = [brute.standing(asked.acts, end - 1) for end in ends]
    for row, who in enumerate(result.forecaster.tolist()):
        own, beyond = [], []
        for standing in held:
            crowd = [losses[act] for act in standing.values() if asked.base[act]]
            if who in standing:
                own.append(losses[standing[who]])
                beyond += [own[-1] - np.median(crowd)] if crowd else []
        assert result.days[row] == len(own)
        assert result.mean[row] == pytest.approx(np.mean(own) if own else NAN, nan_ok=True)
        expected = np.mean(beyond) * len(beyond) / len(ends) if beyond else NAN
        assert result.accuracy[row] == pytest.approx(expected, nan_ok=True, abs=1e-12)
