"""The board's rows, places and line, by hand."""

from collections.abc import Collection
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.leaderboard import Row, rank

ADA, BOB, MO, CY, CROWD = 1, 2, 3, 4, -1
PEOPLE = frozenset({ADA, BOB, MO, CY})


def board(*cells: tuple[int, float, float, float], competes: Collection[int] = PEOPLE) -> list[Row]:
    """The board over (forecaster, loss, coverage, presence) of one question each."""
    who = np.array([cell[0] for cell in cells])
    loss, coverage, presence = np.array([cell[1:] for cell in cells], dtype=float).T
    return rank(who, loss, coverage, presence, competes)


def places(rows: list[Row]) -> list[tuple[int, int | None]]:
    return [(row.forecaster, row.rank) for row in rows]


def test_the_mean_weighs_each_question_by_the_time_that_was_covered() -> None:
    (row,) = board((ADA, 0.02, 0.1, 0.6), (ADA, 0.20, 0.8, 1.0))

    # (.02 + .20) / (.1 + .8), and not the mean of .2 and .25
    assert row.mean == pytest.approx(0.22 / 0.9)
    assert row.coverage == pytest.approx(0.45)
    assert row.presence == pytest.approx(0.8)
    assert (row.questions, row.rank, row.below_the_line) == (2, 1, False)


def test_the_lowest_mean_comes_first() -> None:
    rows = board((ADA, 0.3, 1, 1), (BOB, 0.1, 1, 1), (MO, 0.2, 1, 1))

    assert places(rows) == [(BOB, 1), (MO, 2), (ADA, 3)]


def test_equal_means_share_a_rank_and_the_next_one_leaves_a_gap() -> None:
    rows = board((CY, 0.4, 1, 1), (MO, 0.2, 1, 1), (BOB, 0.1, 0.5, 0.5), (ADA, 0.1, 1, 1))

    assert places(rows) == [(ADA, 1), (BOB, 2), (MO, 2), (CY, 4)]


def test_rounding_dust_does_not_decide_who_is_first() -> None:
    parts = [0.1, 0.1, 0.4]
    cells = [(ADA, loss, 1, 1) for loss in parts] + [(BOB, loss, 1, 1) for loss in reversed(parts)]

    rows = board(*cells)

    assert 0.1 + 0.1 + 0.4 != 0.4 + 0.1 + 0.1
    assert [row.rank for row in rows] == [1, 1]


def test_who_does_not_compete_stands_by_value_and_takes_nobodys_place() -> None:
    rows = board((ADA, 0.1, 1, 1), (CROWD, 0.2, 1, 1), (BOB, 0.3, 1, 1), (MO, 0.3, 1, 1))

    assert places(rows) == [(ADA, 1), (CROWD, None), (BOB, 2), (MO, 2)]


def test_the_crowd_between_equals_does_not_part_them() -> None:
    rows = board((BOB, 0.3, 1, 1), (0, 0.3, 1, 1), (ADA, 0.3, 1, 1), (CY, 0.4, 1, 1))

    assert places(rows) == [(0, None), (ADA, 1), (BOB, 1), (CY, 3)]


def test_presence_under_one_half_is_below_the_line_and_unranked() -> None:
    rows = board((ADA, 0.001, 0.1, 0.49), (BOB, 0.3, 0.5, 0.5), (MO, 0.0, 0.1, 0.1), (CROWD, 0.9, 1, 1))

    assert places(rows) == [(BOB, 1), (CROWD, None), (MO, None), (ADA, None)]
    assert [row.below_the_line for row in rows] == [False, False, True, True]


def test_presence_is_the_mean_over_questions_with_standing_time() -> None:
    (row,) = board((ADA, 0.1, 0.2, 0.2), (ADA, 0.1, 0.9, 0.9), (ADA, 0, 0, 0), (ADA, 0, 0, np.nan))

    assert row.presence == pytest.approx(0.55)
    assert row.coverage == pytest.approx(0.55)
    assert (row.questions, row.rank) == (2, 1)


def test_presence_of_exactly_one_half_is_above_the_line_whatever_the_rounding() -> None:
    (row,) = board(*((ADA, 0.1, 0.5, presence) for presence in (0.6, 0.7, 0.2)))

    assert (0.6 + 0.7 + 0.2) / 3 < 0.5
    assert not row.below_the_line


def test_no_standing_time_gives_no_row() -> None:
    assert board((ADA, 0.0, 0.0, 0.0), (BOB, 0.0, 0.0, np.nan)) == []


def test_an_empty_board_is_empty() -> None:
    nothing = np.empty(0)

    assert rank(np.empty(0, dtype=int), nothing, nothing, nothing, competes=PEOPLE) == []


def test_a_loss_that_is_not_a_number_and_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="is not a number"):
        board((ADA, np.nan, 1, 1))
    with pytest.raises(ValueError, match="not of one length"):
        rank(np.array([ADA]), np.zeros(2), np.ones(1), np.ones(1), competes=PEOPLE)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([-1, 1, 2, 3, 4]), st.integers(0, 8), st.integers(0, 8)), min_size=1),
    st.randoms(),
)
def test_the_order_of_the_cells_does_not_matter(cells: list[tuple[int, int, int]], random: Random) -> None:
    eighths = [(who, loss * covered / 64, covered / 8, covered / 8) for who, loss, covered in cells]

    assert board(*eighths) == board(*random.sample(eighths, len(eighths)))


@given(
    st.lists(st.tuples(st.sampled_from(range(-2, 9)), st.integers(0, 4)), min_size=1, unique_by=lambda cell: cell[0])
)
def test_a_rank_is_one_more_than_the_number_of_those_who_did_better(cells: list[tuple[int, int]]) -> None:
    rows = board(*((who, loss / 4, 1, 1) for who, loss in cells), competes=set(range(9)))

    assert [row.mean for row in rows] == sorted(row.mean for row in rows)
    competing = [row for row in rows if row.forecaster >= 0]
    for row in competing:
        assert row.rank == 1 + sum(other.mean < row.mean for other in competing)
    assert all(row.rank is None for row in rows if row.forecaster < 0)
