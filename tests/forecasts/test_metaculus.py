"""Metaculus' leaderboards: what its own functions gave, and what its definitions say, by hand."""

import math
from typing import Any

import numpy as np
import pytest

from forecasts.metaculus import BOARDS, Entry, entries, ranks
from tests.known import Case, metaculus

ADA, BOB, MO = 1, 2, 3


@pytest.mark.parametrize("case", metaculus("leaderboards"))
def test_what_metaculus_own_functions_gave(case: Case) -> None:
    forecaster, question, score, coverage = np.array(case["scores"], dtype=float).T
    weight = np.array(case["weights"])[question.astype(int)]

    found = entries(case["kind"], forecaster.astype(int), score * case["score_multiplier"], coverage, weight)

    for entry, expected in zip(found, case["expected"], strict=True):
        assert (entry.forecaster, entry.rank, entry.questions) == (
            expected["user"],
            expected["rank"],
            expected["count"],
        )
        assert entry.score == pytest.approx(expected["score"], abs=1e-9)
        assert entry.coverage == pytest.approx(expected["coverage"], abs=1e-9)
        assert entry.prize == pytest.approx(expected["prize_fraction"], abs=1e-9)
        assert entry.take == (None if expected["take"] is None else pytest.approx(expected["take"], abs=1e-9))


@pytest.mark.parametrize("case", metaculus("rank_ties"))
def test_who_is_as_good_as_equal_shares_a_rank(case: Case) -> None:
    assert ranks(case["scores"]) == case["expected_ranks"]


def one_each(board: str, *scores: float, **more: object) -> list[Entry]:
    """A board over one question of weight 1, covered in full by forecasters 1, 2, ..."""
    ones = np.ones(len(scores))
    return entries(board, np.arange(1, len(scores) + 1), np.array(scores), ones, ones, **more)  # type: ignore[arg-type]


def test_the_older_global_board_divides_by_forty_questions_at_least() -> None:
    many = entries("peer_global_legacy", np.full(50, ADA), np.full(50, 2.0), np.full(50, 0.1), np.ones(50))
    few = one_each("peer_global_legacy", 20.0)

    assert many[0].score == pytest.approx(2.0)
    assert few[0].score == pytest.approx(20 / 40)


def test_the_global_board_divides_by_a_coverage_of_thirty_at_least() -> None:
    (ada,) = entries("peer_global", np.full(50, ADA), np.full(50, 2.0), np.full(50, 0.8), np.ones(50))

    assert ada.score == pytest.approx(100 / 40)


def test_the_legacy_tournament_takes_coverage_times_e_to_the_score() -> None:
    forecaster, score, coverage = np.array([ADA, BOB]), np.array([0.0, 1.0]), np.array([1.0, 0.1])

    ada, bob = entries("relative_legacy_tournament", forecaster, score, coverage, np.ones(2), coverable=2.0)

    assert (ada.forecaster, ada.rank, bob.rank) == (ADA, 1, 2)
    assert (ada.coverage, ada.take) == (0.5, 0.5)
    assert bob.take == pytest.approx(0.05 * math.e)
    assert ada.prize == pytest.approx(0.5 / (0.5 + 0.05 * math.e))


def test_who_is_excluded_takes_nobodys_place_and_no_prize() -> None:
    found = one_each("peer_tournament", 3.0, 2.0, 1.0, excluded=[ADA])

    assert [(one.forecaster, one.rank, one.prize) for one in found] == [(ADA, 1, 0), (BOB, 1, 0.8), (MO, 2, 0.2)]


def test_prizes_too_small_to_be_paid_are_shared_out_among_the_others() -> None:
    found = one_each("peer_tournament", 7.0, 7.0, 1.0, least_prize=0.05)

    # 49 : 49 : 1, and a ninety-ninth is less than a twentieth
    assert [one.prize for one in found] == [0.5, 0.5, 0.0]


def test_who_is_paid_too_little_goes_out_one_by_one() -> None:
    """1, 4.1 and 4.9 of 100 are each too small at first; with the smallest two gone, 4.9 of 94.9 is enough."""
    found = one_each("peer_tournament", *np.sqrt([90.0, 4.9, 4.1, 1.0]), least_prize=0.05)

    assert [one.prize for one in found] == pytest.approx([90 / 94.9, 4.9 / 94.9, 0, 0])


@pytest.mark.parametrize("wrong", [{"coverable": 0.0}, {"score": np.array([np.nan])}, {"weight": np.array([np.inf])}])
def test_what_nothing_can_be_shared_by_is_refused(wrong: dict[str, Any]) -> None:
    columns: dict[str, Any] = {name: np.ones(1) for name in ("score", "coverage", "weight")}

    with pytest.raises(ValueError, match="is no number that can be shared by"):
        entries("relative_legacy_tournament", np.array([ADA]), **columns | wrong)


def test_where_nobody_takes_anything_nobody_gets_a_prize() -> None:
    assert [one.prize for one in one_each("spot_peer_tournament", -1.0, -2.0)] == [0.0, 0.0]


def test_a_board_without_prizes_has_no_takes() -> None:
    assert {one.take for board in ("peer_global", "baseline_global") for one in one_each(board, 5.0)} == {None}


def test_a_board_that_metaculus_has_not_is_refused() -> None:
    assert len(BOARDS) == 7
    with pytest.raises(ValueError, match="“brier” is no board of Metaculus"):
        one_each("brier", 1.0)


def test_without_scores_a_board_is_empty() -> None:
    assert one_each("peer_tournament") == []
