"""A row of a board in a sentence."""

from dataclasses import replace

import pytest

from forecasts.leaderboard import MEASURES, Row
from web.wording import standing

ROW = Row(
    forecaster=1, value=0.0214, low=0.0101, high=0.0325, questions=60, groups=50, coverage=1, presence=1,
    rank=4, best=1, worst=12, first=0.1, top=0.5, tied=False, below_the_line=False,
)  # fmt: skip

SENTENCES = {
    ("skill", 0.0214, 0.0101, 0.0325): (
        "Better than the others by 0.021 on average; the truth may lie between 0.010 better and 0.033 better; "
        "plausible ranks 1 to 12 of 40."
    ),
    ("peer", -0.02, -0.05, 0.01): (
        "Worse than the others by 0.020 on average; the truth may lie between 0.050 worse and 0.010 better, so it may "
        "be luck; plausible ranks 1 to 12 of 40."
    ),
    ("peer_log", 3.14, 1.0, 5.0): (
        "Better than the others by 3.1 on average; the truth may lie between 1.0 better and 5.0 better; "
        "plausible ranks 1 to 12 of 40."
    ),
    ("accuracy", -0.02, -0.04, -0.01): (
        "Better than the median forecaster by 0.020 on average; the truth may lie between 0.040 better and 0.010 "
        "better; plausible ranks 1 to 12 of 40."
    ),
    ("brier", 0.12, 0.1, 0.14): (
        "Loses 0.120 on average, where always 50% loses 0.25 on yes-or-no questions; the truth may lie between 0.100 "
        "and 0.140; plausible ranks 1 to 12 of 40."
    ),
    ("ranked", 0.12, 0.1, 0.14): (
        "Loses 0.120 on average; the truth may lie between 0.100 and 0.140; plausible ranks 1 to 12 of 40."
    ),
    ("baseline", 0.0, -4.0, 4.0): (
        "As good as equal odds on everything on average; the truth may lie between 4.0 worse and 4.0 better, so it may "
        "be luck; plausible ranks 1 to 12 of 40."
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_a_row_is_told_with_its_interval_and_its_places(case: tuple[str, float, float, float]) -> None:
    name, value, low, high = case

    assert standing(MEASURES[name], replace(ROW, value=value, low=low, high=high), 40) == SENTENCES[case]


def test_without_an_interval_luck_is_left_open() -> None:
    row = replace(ROW, low=None, high=None, best=None, worst=None)

    assert standing(MEASURES["skill"], row, 40) == (
        "Better than the others by 0.021 on average; too few independent questions to say how much of that is luck; "
        "rank 4 of 40."
    )


def test_who_is_sure_of_a_place_has_one() -> None:
    assert standing(MEASURES["skill"], replace(ROW, best=2, worst=2), 40).endswith("plausible rank 2 of 40.")


def test_who_has_no_rank_is_told_of_none() -> None:
    assert "rank" not in standing(MEASURES["skill"], replace(ROW, rank=None, best=None, worst=None), 40)


def test_every_board_has_words() -> None:
    assert all(standing(measure, ROW, 40).endswith(" of 40.") for measure in MEASURES.values())
