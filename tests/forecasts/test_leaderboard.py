"""The board's rows, places, line and odds, by hand."""

from collections.abc import Collection, Mapping, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from forecasts import skill
from forecasts.leaderboard import ENOUGH_FOR_A_PODIUM, MEASURES, Board, Cells, Row, course, rank
from questions.shape import Vector

ADA, BOB, MO, CY = 1, 2, 3, 4
CROWD, EVEN = -1, -2
PEOPLE = frozenset({ADA, BOB, MO, CY})

Cell = tuple[int, float, float, float]


def cells(question: Sequence[int], who: Sequence[int], **columns: Sequence[float]) -> Cells:
    """Cells with full coverage and presence and groups of one question, where nothing else is said."""
    ones = [1.0] * len(who)
    given = {"group": question, "coverage": ones, "presence": ones} | columns
    numbers = {name: np.array(column, dtype=float) for name, column in given.items()}
    group = numbers.pop("group").astype(int)
    return Cells(np.array(question, dtype=int), group, np.array(who, dtype=int), numbers)


def by(measure: str, found: Cells, competes: Collection[int] = PEOPLE, least: int = 1, draws: int = 200) -> Board:
    return rank(found, measure, competes, CROWD, EVEN, least=least, draws=draws)


def brier(*rows: Cell, competes: Collection[int] = PEOPLE, least: int = 1) -> list[Row]:
    """The Brier board over (forecaster, loss, coverage, presence), the n-th of a forecaster on the n-th question."""
    who = [row[0] for row in rows]
    question = [who[:place].count(one) for place, one in enumerate(who)]
    loss, coverage, presence = ([row[number] for row in rows] for number in (1, 2, 3))
    return by("brier", cells(question, who, brier=loss, coverage=coverage, presence=presence), competes, least).rows


def places(rows: list[Row]) -> list[tuple[int, int | None]]:
    return [(row.forecaster, row.rank) for row in rows]


def season(seed: int, questions: int, skill: Mapping[int, float], **more: Sequence[float]) -> Cells:
    """Everybody answers every question; peer scores vary by 0.1 about each one's skill."""
    random = np.random.default_rng(seed)
    who = np.tile(list(skill), questions)
    peer = np.array([skill[one] for one in who.tolist()]) + random.normal(0, 0.1, len(who))
    question = np.repeat(np.arange(questions), len(skill))
    return cells(question.tolist(), who.tolist(), peer=peer.tolist(), brier=(0.2 - peer).tolist(), **more)


# Values


def test_mean_brier_weighs_each_question_by_the_time_that_was_covered() -> None:
    (row,) = brier((ADA, 0.02, 0.1, 0.6), (ADA, 0.20, 0.8, 1.0))

    # (.02 + .20) / (.1 + .8), and not the mean of .2 and .25
    assert row.value == pytest.approx(0.22 / 0.9)
    assert row.coverage == pytest.approx(0.45)
    assert row.presence == pytest.approx(0.8)
    assert (row.questions, row.groups, row.rank, row.below_the_line) == (2, 2, 1, False)


@pytest.mark.parametrize("measure", ["peer", "peer_log", "accuracy", "baseline"])
def test_other_measures_are_the_mean_over_the_questions_that_have_the_number(measure: str) -> None:
    number = {MEASURES[measure].number: [0.3, 0.1, np.nan]}
    found = cells([1, 2, 3], [ADA, ADA, ADA], coverage=[0.1, 1, 1], **number)

    (row,) = by(measure, found).rows

    assert row.value == pytest.approx(0.2)
    assert row.questions == 2
    assert row.coverage == pytest.approx(0.55)


def test_ranked_scores_have_a_board_of_their_own() -> None:
    found = cells([1, 2], [ADA, ADA], brier=[0.2, np.nan], ranked=[np.nan, 0.05], coverage=[1, 0.5])

    assert [row.value for row in by("brier", found).rows] == [pytest.approx(0.2)]
    assert [row.value for row in by("ranked", found).rows] == [pytest.approx(0.1)]


def test_skill_and_peer_count_every_question_and_brier_those_without_order() -> None:
    found = cells([1, 2], [ADA, ADA], brier=[0.2, np.nan], ranked=[np.nan, 0.05], peer=[0.1, 0.2])

    counted = {name: by(name, found).questions for name in ("skill", "peer", "brier", "ranked")}

    assert counted == {"skill": 2, "peer": 2, "brier": 1, "ranked": 1}


def test_a_number_that_nobody_has_gives_an_empty_board() -> None:
    found = by("ranked", cells([1], [ADA], brier=[0.2]))

    assert (found.rows, found.questions, found.groups, found.podium) == ([], 0, 0, False)


def test_skill_draws_peer_scores_towards_the_mean_the_more_the_fewer_the_questions() -> None:
    """Ada's and Bob's mean peer scores are equal, but Bob's rests on five questions and not on forty."""
    random = np.random.default_rng(1)
    people = range(10, 50)
    who = [ADA] * 40 + [BOB] * 5 + [one for one in people for _ in range(40)]
    question = [*range(40), *range(5), *(number for _ in people for number in range(40))]
    worth = {one: random.normal(0, 0.02) for one in people} | {ADA: 0.05, BOB: 0.05}
    noise = random.normal(0, 0.1, len(who))
    means = np.bincount(who, noise) / np.maximum(np.bincount(who), 1)
    peer = [worth[one] + off - means[one] for one, off in zip(who, noise.tolist(), strict=True)]
    found = cells(question, who, peer=peer)

    rows = {row.forecaster: row for row in by("skill", found, competes={ADA, BOB, *people}).rows}

    assert 0.05 > rows[ADA].value > rows[BOB].value > 0
    assert (rows[BOB].high or 0) - rows[BOB].value > (rows[ADA].high or 0) - rows[ADA].value > 0


def test_who_does_not_compete_does_not_tell_what_forecasters_are_like() -> None:
    skill = {one: (one - 4) / 100 for one in range(1, 9)}
    with_crowd = season(1, 30, skill | {CROWD: 5.0})
    without = with_crowd.only(with_crowd.forecaster != CROWD)

    shared = [row.value for row in by("skill", with_crowd, competes=set(skill)).rows if row.forecaster != CROWD]

    assert shared == [row.value for row in by("skill", without, competes=set(skill)).rows]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("competing", ["all", "bots"])
def test_two_bad_bots_change_nobodys_value(measure: str, competing: str) -> None:
    """Persons alone tell what forecasters are like and how hard questions are, on a board of bots as well.

    The bots answer every third question and are far off. Would they tell, then values by skill and by adjusted Brier
    would move by more than .004 somewhere.
    """
    people, bots = range(1, 9), (20, 21)
    random = np.random.default_rng(13)
    question, who = (column.ravel() for column in np.meshgrid(range(30), [*people, *bots, CROWD, EVEN], indexing="ij"))
    picked = np.isin(who, people) & (random.random(len(who)) < 0.5)
    kept = picked | (np.isin(who, bots) & (question % 3 == 0)) | np.isin(who, [CROWD, EVEN])
    question, who = question[kept], who[kept]
    lost = np.where(np.isin(who, bots), random.uniform(0.4, 1, len(who)), random.uniform(0, 0.4, len(who)))
    lost[who == EVEN] = 0.25
    numbers = dict.fromkeys(("brier", "ranked", "accuracy"), lost) | {"beside": np.full(len(who), 0.15)}
    numbers |= dict.fromkeys(("peer", "peer_log", "baseline"), 0.2 - lost)
    ones = np.ones(len(who))
    with_bots = Cells(question, question, who, {**numbers, "coverage": ones, "presence": ones})
    without = with_bots.only(~np.isin(who, bots))
    competes = bots if competing == "bots" else (*people, *bots)

    def told(found: Cells, tells: Collection[int] | None) -> Vector:
        rows = rank(found, measure, competes, CROWD, EVEN, tells=tells, draws=200).rows
        shown = [(row.forecaster, row.value, row.low, row.high) for row in rows if row.forecaster not in bots]
        return np.array(sorted(shown), dtype=np.float64)

    # In how many rows a processor sums at once shows in the seventh digit of an interval.
    due = told(without, people)
    assert told(with_bots, people) == pytest.approx(due, abs=1e-6, nan_ok=True)
    moved = np.abs(told(with_bots, None)[:, 1] - due[:, 1]).max()
    assert (moved > 0.004) == (measure in {"skill", "adjusted"})


def test_where_no_person_has_a_number_whoever_competes_tells_and_the_board_says_so() -> None:
    found = season(1, 30, {one: (one - 4) / 100 for one in range(1, 9)})

    alone, among_people, nobody = (
        rank(found, "skill", competes, CROWD, EVEN, tells=tells, draws=200)
        for competes, tells in ((range(1, 9), {99}), (range(1, 9), {1, 2, 3, 4}), ((), {99}))
    )

    assert (alone.stand_ins, among_people.stand_ins, nobody.stand_ins) == (True, False, False)
    assert alone.rows == by("skill", found, competes=range(1, 9)).rows != among_people.rows


def test_adjusted_brier_takes_out_how_hard_the_questions_were() -> None:
    """Ada and Bob are equally good where they meet; Ada alone answered the hard question, and always-even both."""
    found = cells(
        [1, 1, 2, 1, 2, 1, 2],
        [ADA, BOB, ADA, EVEN, EVEN, CROWD, CROWD],
        brier=[0.1, 0.1, 0.5, 0.25, 0.25, 0.1, 0.5],
        beside=[0.1, 0.1, 0.5, 0.1, 0.5, 0.1, 0.5],
    )

    rows = {row.forecaster: row for row in by("adjusted", found).rows}

    assert rows[EVEN].value == pytest.approx(0.25)
    assert [rows[ADA].value, rows[BOB].value] == pytest.approx([0.3, 0.3])
    assert (rows[ADA].rank, rows[BOB].rank) == (1, 1)
    assert {row.forecaster: row.rank for row in by("brier", found).rows} == {BOB: 1, ADA: 2, CROWD: None, EVEN: None}


def test_adjusted_brier_gives_a_late_joiner_nothing_for_knowing_more() -> None:
    """Bob stands over the last tenth and says what the crowd says then, as Ada does all the time."""
    found = cells(
        [1, 1, 1, 1],
        [ADA, BOB, CROWD, EVEN],
        brier=[0.16, 0.1 * 0.04, 0.16, 0.25],
        beside=[0.16, 0.1 * 0.04, 0.16, 0.16],
        coverage=[1, 0.1, 1, 1],
    )

    rows = {row.forecaster: row.value for row in by("adjusted", found).rows}

    assert rows[BOB] == pytest.approx(rows[ADA])


def test_circles_that_answered_no_question_in_common_are_counted() -> None:
    found = cells([1, 1, 2, 2], [ADA, BOB, MO, CY], brier=[0.1, 0.2, 0.3, 0.4])

    assert by("adjusted", found).parts == 2
    assert by("brier", found).parts == 1


# Places


def test_the_lowest_loss_comes_first() -> None:
    rows = brier((ADA, 0.3, 1, 1), (BOB, 0.1, 1, 1), (MO, 0.2, 1, 1))

    assert places(rows) == [(BOB, 1), (MO, 2), (ADA, 3)]


@pytest.mark.parametrize("measure", MEASURES)
def test_the_best_comes_first_by_every_measure(measure: str) -> None:
    how = MEASURES[measure]
    found = cells([1, 1, 2, 2], [ADA, BOB, ADA, BOB], **{how.number: [0.1, 0.2, 0.15, 0.2]})

    best = BOB if how.higher else ADA

    assert places(by(measure, found).rows)[0] == (best, 1)


def test_equal_values_share_a_rank_and_the_next_one_leaves_a_gap() -> None:
    rows = brier((CY, 0.4, 1, 1), (MO, 0.2, 1, 1), (BOB, 0.1, 0.5, 0.5), (ADA, 0.1, 1, 1))

    assert places(rows) == [(ADA, 1), (BOB, 2), (MO, 2), (CY, 4)]


def test_rounding_dust_does_not_decide_who_is_first() -> None:
    parts = [0.1, 0.1, 0.4]
    rows = brier(*((ADA, loss, 1, 1) for loss in parts), *((BOB, loss, 1, 1) for loss in reversed(parts)))

    assert 0.1 + 0.1 + 0.4 != 0.4 + 0.1 + 0.1
    assert [row.rank for row in rows] == [1, 1]


def test_who_does_not_compete_stands_by_value_and_takes_nobodys_place() -> None:
    rows = brier((ADA, 0.1, 1, 1), (CROWD, 0.2, 1, 1), (BOB, 0.3, 1, 1), (MO, 0.3, 1, 1))

    assert places(rows) == [(ADA, 1), (CROWD, None), (BOB, 2), (MO, 2)]
    crowd = rows[1]
    assert (crowd.first, crowd.best, crowd.worst, crowd.tied) == (None, None, None, False)


def test_the_crowd_between_equals_does_not_part_them() -> None:
    rows = brier((BOB, 0.3, 1, 1), (0, 0.3, 1, 1), (ADA, 0.3, 1, 1), (CY, 0.4, 1, 1))

    assert places(rows) == [(0, None), (ADA, 1), (BOB, 1), (CY, 3)]


def test_presence_under_one_half_is_below_the_line_and_unranked() -> None:
    rows = brier((ADA, 0.001, 0.1, 0.49), (BOB, 0.3, 0.5, 0.5), (MO, 0.0, 0.1, 0.1), (CROWD, 0.9, 1, 1))

    assert places(rows) == [(BOB, 1), (CROWD, None), (MO, None), (ADA, None)]
    assert [row.below_the_line for row in rows] == [False, False, True, True]


@pytest.mark.parametrize("measure", MEASURES)
def test_only_where_the_value_depends_on_when_one_stood_is_there_a_line(measure: str) -> None:
    found = cells([1, 1], [ADA, BOB], presence=[0.1, 1.0], **{MEASURES[measure].number: [0.1, 0.2]})

    below = {row.forecaster: row.below_the_line for row in by(measure, found).rows}

    assert below == {ADA: measure in {"brier", "ranked", "adjusted", "accuracy"}, BOB: False}


def test_presence_is_the_mean_over_questions_with_standing_time() -> None:
    (row,) = brier((ADA, 0.1, 0.2, 0.2), (ADA, 0.1, 0.9, 0.9), (ADA, 0, 0, 0), (ADA, 0, 0, np.nan))

    assert row.presence == pytest.approx(0.55)
    assert row.coverage == pytest.approx(0.55)
    assert (row.questions, row.rank) == (2, 1)


def test_presence_of_exactly_one_half_is_above_the_line_whatever_the_rounding() -> None:
    (row,) = brier(*((ADA, 0.1, 0.5, presence) for presence in (0.6, 0.7, 0.2)))

    assert (0.6 + 0.7 + 0.2) / 3 < 0.5
    assert not row.below_the_line


def test_who_has_too_few_questions_has_no_row_and_takes_nobodys_place() -> None:
    rows = brier((ADA, 0.0, 1, 1), (BOB, 0.1, 1, 1), (BOB, 0.1, 1, 1), (MO, 0.2, 1, 1), (MO, 0.2, 1, 1), least=2)

    assert places(rows) == [(BOB, 1), (MO, 2)]


def test_a_minimum_of_questions_does_not_change_what_the_others_are_worth() -> None:
    found = season(2, 20, {one: one / 100 for one in range(1, 9)})
    found = found.only((found.forecaster > 2) | (found.question < 3))

    everybody, some = (by("skill", found, competes=range(9), least=least).rows for least in (1, 10))

    values = {row.forecaster: row.value for row in everybody}
    assert len(everybody) == 8
    assert {row.forecaster: row.value for row in some} == {one: values[one] for one in range(3, 9)}


def test_no_standing_time_gives_no_row() -> None:
    assert brier((ADA, 0.0, 0.0, 0.0), (BOB, 0.0, 0.0, np.nan)) == []


def test_an_empty_board_is_empty() -> None:
    for measure in MEASURES:
        assert by(measure, cells([], [])).rows == []


# Chance


def test_under_five_groups_there_is_no_interval() -> None:
    """Six questions, but in four groups for Bob: those that are linked are one case."""
    found = season(3, 6, {ADA: 0, BOB: 0}, group=[1, 1, 2, 2, 3, 3, 4, 4, 5, 4, 5, 4])

    for measure in ("skill", "peer", "brier"):
        rows = {row.forecaster: row for row in by(measure, found).rows}
        ada, bob = rows[ADA], rows[BOB]
        assert (ada.groups, bob.groups, bob.questions) == (5, 4, 6)
        assert ada.low is not None
        assert ada.best is not None
        assert (bob.low, bob.high, bob.best, bob.worst) == (None, None, None, None)
        assert bob.first is not None


def test_where_nobody_has_two_groups_nothing_is_said_of_chance() -> None:
    for measure in ("skill", "peer"):
        rows = by(measure, cells([1, 1], [ADA, BOB], peer=[0.1, -0.1])).rows

        assert [(row.value, row.low, row.first, row.best) for row in rows] == [
            (0.1, None, None, None),
            (-0.1, None, None, None),
        ]
        assert [row.tied for row in rows] == [True, False]


@pytest.mark.parametrize("measure", ["skill", "peer", "brier"])
def test_who_is_far_better_is_surely_first_and_told_apart(measure: str) -> None:
    found = season(4, 60, {ADA: 0.3, BOB: 0.0, MO: 0.0, CY: -0.3})

    rows = by(measure, found).rows

    assert [rows[0].forecaster, rows[3].forecaster] == [ADA, CY]
    assert [row.tied for row in rows] == [False, True, False, False]
    assert (rows[0].first, rows[0].best, rows[0].worst) == (1.0, 1, 1)
    assert (rows[1].best, rows[1].worst) == (2, 3)
    assert sum(row.first or 0 for row in rows) == pytest.approx(1)


def test_interval_and_odds_of_skill_are_by_hand_where_three_or_fewer_compete() -> None:
    """Nothing is drawn anywhere then, so each true value is normal about the mean, with the variance that all share."""
    found = season(10, 20, {ADA: 0.01, BOB: 0.0})
    scores = found.numbers["peer"].reshape(20, 2)
    mean, error = scores.mean(axis=0), np.sqrt(scores.var(axis=0, ddof=1).mean() / 20)

    rows = {row.forecaster: row for row in by("skill", found, draws=20_000).rows}

    for one, value in zip((ADA, BOB), mean, strict=True):
        assert rows[one].value == pytest.approx(value)
        wide = 2.0244 * error  # Student's t with 2 x 19 degrees of freedom
        assert (rows[one].low, rows[one].high) == pytest.approx((value - wide, value + wide), abs=1e-5)
    assert rows[ADA].first == pytest.approx(ndtr((mean[0] - mean[1]) / error / np.sqrt(2)), abs=0.01)


def test_one_lucky_question_makes_nobody_surely_first() -> None:
    """Ada has one question, on which she lost least. Alone it says little, which the losses of the others tell."""
    found = season(11, 30, dict.fromkeys(range(1, 9), 0.0))
    found = found.only((found.forecaster != ADA) | (found.question == 3))
    loss = np.where(found.forecaster == ADA, 0.1, found.numbers["brier"])
    found = Cells(found.question, found.group, found.forecaster, {**found.numbers, "brier": loss})

    ada = by("brier", found, competes=range(9), draws=4000).rows[0]

    assert (ada.forecaster, ada.rank, ada.low, ada.best) == (ADA, 1, None, None)
    # the others vary by .1 and have means near .2, so that she leads by one standard deviation or less
    assert ada.first is not None
    assert 0.5 < ada.first < 0.95


def test_neighbours_are_told_apart_only_where_the_upper_is_the_better_one_in_39_of_40_draws() -> None:
    """Both vary by .1 to and fro over 20 questions, so that each mean is off by .1 / √19, and their difference by √2
    times that. A lead of 1.645 times it is one of 95%, and one of 2.326 times it is one of 99%.
    """
    swing = [0.1, -0.1] * 10

    def tied(times: float) -> bool:
        lead = times * 0.1 / 19**0.5 * 2**0.5
        peer = [one for number in swing for one in (number + lead, number)]
        question = np.repeat(np.arange(20), 2).tolist()
        return by("skill", cells(question, [ADA, BOB] * 20, peer=peer), draws=20_000).rows[0].tied

    assert tied(1.645)
    assert not tied(2.326)


def test_who_has_a_few_groups_that_are_alike_is_not_certain_and_one_large_group_makes_him_less_so() -> None:
    """Ada has .05 six times, in groups of four, one and one: as good as two. Bob has .1 and -.1 by turns, thirty times.

    The variance that both share is .3 / (29 + 5/9), so that Ada is off by √(.01015 / 2) = .0712; Bob by .1 / √30,
    widened to .0194. She is first with Φ(.05 / .0738) = .751; were her spread none, with .995, and by three groups
    with .793.
    """
    question = [*range(6), *range(10, 40)]
    group = [0, 0, 0, 0, 1, 2, *range(10, 40)]
    found = cells(question, [ADA] * 6 + [BOB] * 30, group=group, peer=[0.05] * 6 + [0.1, -0.1] * 15)

    ada = by("peer", found, draws=20_000).rows[0]

    assert (ada.forecaster, ada.groups, ada.low) == (ADA, 3, None)
    assert ada.first == pytest.approx(0.751, abs=0.015)


def test_intervals_go_by_what_groups_weigh_and_not_by_their_number() -> None:
    """Ten questions each: Ada's five groups of two are worth five, Bob's of 1, 1, 1, 1 and 6 two and a half."""
    random = np.random.default_rng(14)
    group = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 10, 11, 12, 13, *[14] * 6]
    found = cells(range(20), [ADA] * 10 + [BOB] * 10, group=group, peer=random.normal(0, 0.1, 20).tolist())

    rows = {row.forecaster: row for row in by("skill", found).rows}

    wide = {one: (rows[one].high or 0) - (rows[one].low or 0) for one in (ADA, BOB)}
    assert (rows[ADA].groups, rows[BOB].groups) == (5, 5)
    assert wide[BOB] / wide[ADA] == pytest.approx(2**0.5)


@pytest.mark.parametrize("measure", ["brier", "ranked"])
def test_the_interval_of_a_mean_loss_stays_between_0_and_1(measure: str) -> None:
    """Widened as is due to five questions, the draws about .2 and .8 would go beyond both."""
    loss = [0.0, 0, 0, 0, 1, 1, 1, 1, 1, 0]
    found = cells([*range(5)] * 2, [ADA] * 5 + [BOB] * 5, **{measure: loss})

    rows = {row.forecaster: row for row in by(measure, found, draws=1000).rows}

    assert (rows[ADA].low, rows[BOB].high) == (0, 1)


@pytest.mark.parametrize("measure", ["skill", "peer", "brier"])
def test_an_interval_holds_its_value_and_narrows_with_questions(measure: str) -> None:
    def width(questions: int) -> float:
        rows = by(measure, season(5, questions, {one: one / 50 for one in range(1, 9)}), competes=range(9)).rows
        assert all(row.low is not None and row.high is not None and row.low < row.value < row.high for row in rows)
        return float(np.mean([(row.high or 0) - (row.low or 0) for row in rows]))

    assert width(160) == pytest.approx(width(40) / 2, rel=0.25)


def test_the_same_cells_give_the_same_board() -> None:
    found = season(6, 20, {ADA: 0.1, BOB: 0.0, MO: 0.05})

    for measure in ("skill", "peer", "brier"):
        assert by(measure, found) == by(measure, found)


def test_a_podium_asks_for_fifty_questions() -> None:
    for questions in (ENOUGH_FOR_A_PODIUM - 1, ENOUGH_FOR_A_PODIUM):
        found = by("skill", season(7, questions, {ADA: 0.1, BOB: 0.0}))

        assert found.questions == questions
        assert found.podium == (questions == 50)


def test_what_yardsticks_alone_answered_is_no_question_of_the_board() -> None:
    found = by("brier", cells([1, 1, 2], [ADA, EVEN, EVEN], brier=[0.1, 0.25, 0.25]))

    assert (found.questions, found.groups) == (1, 1)


def test_linked_questions_are_one_group() -> None:
    found = by("skill", season(8, 10, {ADA: 0.1, BOB: 0.0}, group=[0] * 10 + [1] * 10))

    assert (found.questions, found.groups) == (10, 2)


# What measures say, and what is refused


def test_each_measure_says_its_scale_its_direction_and_what_it_is_in_one_line() -> None:
    assert list(MEASURES) == ["skill", "peer", "peer_log", "brier", "adjusted", "accuracy", "baseline", "ranked"]
    for name, how in MEASURES.items():
        assert how.name == name
        assert ("higher is better" if how.higher else "lower is better") in how.about
        assert "\n" not in how.about
        assert ": " in how.about


def test_scores_that_are_not_finite_and_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="is not a finite number"):
        brier((ADA, np.inf, 1, 1))
    with pytest.raises(ValueError, match="not of one length"):
        Cells(np.zeros(1, dtype=int), np.zeros(2, dtype=int), np.zeros(1, dtype=int), {})
    with pytest.raises(ValueError, match="“luck” is no measure of a board"):
        by("luck", cells([1], [ADA]))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([-1, 1, 2, 3, 4]), st.integers(0, 8), st.integers(0, 8)), min_size=1),
    st.randoms(),
)
def test_the_order_of_the_cells_does_not_matter(rows: list[tuple[int, int, int]], random: Random) -> None:
    question = list(range(len(rows)))
    shuffled = random.sample(question, len(question))

    def of(order: list[int]) -> Board:
        who, loss, covered = ([rows[place][number] for place in order] for number in range(3))
        eighths = [one / 8 for one in covered]
        lost = [one * part / 64 for one, part in zip(loss, covered, strict=True)]
        return by("brier", cells(order, who, brier=lost, coverage=eighths, presence=eighths))

    assert of(question) == of(shuffled)


@pytest.mark.parametrize("measure", MEASURES)
@settings(deadline=None, max_examples=25)
@given(st.integers(0, 99), st.integers(1, 7), st.randoms())
def test_by_no_measure_the_order_of_the_cells_matters(measure: str, seed: int, questions: int, random: Random) -> None:
    """Sums of the same numbers in another order differ by dust, and no place by that."""
    drawn, who = np.random.default_rng(seed), np.tile([ADA, BOB, MO, CY, 5, CROWD, EVEN], questions)
    names = ("brier", "ranked", "beside", "peer", "peer_log", "accuracy", "baseline")
    columns = {name: drawn.integers(0, 5, len(who)) / 4 for name in names}
    columns |= {name: drawn.integers(0, 9, len(who)) / 8 for name in ("coverage", "presence")}
    question = np.repeat(np.arange(questions), 7)
    order = np.array(random.sample(range(len(who)), len(who)))
    found = Cells(question, question // 2, who, columns)
    shuffled = Cells(
        question[order], question[order] // 2, who[order], {name: one[order] for name, one in columns.items()}
    )

    plain, mixed = (
        sorted(by(measure, one, {*PEOPLE, 5}).rows, key=lambda row: row.forecaster) for one in (found, shuffled)
    )

    for one, other in zip(plain, mixed, strict=True):
        assert (one.forecaster, one.rank, one.questions, one.groups, one.below_the_line) == (
            other.forecaster, other.rank, other.questions, other.groups, other.below_the_line
        )  # fmt: skip
        for name in ("value", "low", "high", "coverage", "presence"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-9), name


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(range(-2, 9)), st.integers(0, 4)), min_size=1, unique_by=lambda cell: cell[0])
)
def test_a_rank_is_one_more_than_the_number_of_those_who_did_better(rows: list[tuple[int, int]]) -> None:
    found = brier(*((who, loss / 4, 1, 1) for who, loss in rows), competes=set(range(9)))

    assert [row.value for row in found] == sorted(row.value for row in found)
    competing = [row for row in found if row.forecaster >= 0]
    for row in competing:
        assert row.rank == 1 + sum(other.value < row.value for other in competing)
    assert all(row.rank is None for row in found if row.forecaster < 0)


def test_adjusted_always_fifty_fifty_has_a_quarter_even_where_the_crowd_came_late() -> None:
    """Of the second question's window nobody said anything for half: there always fifty-fifty stands beside nobody."""
    found = Cells(
        question=np.array([1, 1, 1, 2, 2, 2]),
        group=np.array([1, 1, 1, 2, 2, 2]),
        forecaster=np.array([7, CROWD, EVEN, 7, CROWD, EVEN]),
        numbers={
            "brier": np.array([0.09, 0.09, 0.25, 0.02, 0.02, 0.25]),
            "beside": np.array([0.09, 0.09, 0.09, 0.02, 0.02, 0.02 + 0.125]),
            "coverage": np.array([1, 1, 1, 0.5, 0.5, 1]),
            "presence": np.array([1, 1, 1, 0.5, 0.5, 1]),
        },
    )

    rows = {row.forecaster: row.value for row in rank(found, "adjusted", {7}, CROWD, EVEN).rows}

    assert rows[EVEN] == pytest.approx(0.25, abs=1e-12)


@pytest.mark.parametrize("measure", ["skill", "peer", "brier"])
def test_who_are_alike_may_each_stand_anywhere_among_themselves(measure: str) -> None:
    """Three say the same of twenty questions: each may be first and each last, and the ranks that all share is 1."""
    scores = np.repeat(np.random.default_rng(3).normal(0, 0.1, 20), 3).tolist()
    question, who = np.repeat(np.arange(20), 3).tolist(), [ADA, BOB, CY] * 20

    rows = by(measure, cells(question, who, peer=scores, brier=[0.5 + one for one in scores])).rows

    assert [(row.rank, row.best, row.worst) for row in rows] == [(1, 1, 3)] * 3
    assert [row.tied for row in rows] == [True, True, False]
    # by skill they are drawn each for himself, two hundred times, and not together with the questions
    assert [row.first for row in rows] == pytest.approx([1 / 3] * 3, abs=0.1 if measure == "skill" else 1e-12)


def test_dust_of_rounding_puts_nobody_first() -> None:
    found = cells(np.repeat(np.arange(30), 3).tolist(), [ADA, BOB, CY] * 30, peer=[1e-17, 0.0, -1e-17] * 30)

    rows = by("skill", found).rows

    assert {row.value for row in rows} == {0.0}
    assert {(row.rank, row.low, row.best, row.worst) for row in rows} == {(1, None, 1, 3)}
    assert [row.first for row in rows] == pytest.approx([1 / 3] * 3)


def test_the_adjusted_interval_of_one_alone_is_that_of_the_plain_mean() -> None:
    """Nobody else tells how hard questions are, so that his score is his mean loss; held at its quarter, always-50%
    has no interval to speak of."""
    loss = np.random.default_rng(4).uniform(0, 0.5, 40)
    question = np.repeat(np.arange(40), 3).tolist()
    brier_, beside = np.full(120, 0.25), np.repeat(loss, 3)
    brier_[0::3], brier_[1::3] = loss, loss
    found = cells(question, [ADA, CROWD, EVEN] * 40, brier=brier_.tolist(), beside=beside.tolist())

    adjusted, plain = (
        {row.forecaster: row for row in by(name, found, draws=2000).rows} for name in ("adjusted", "brier")
    )

    assert adjusted[ADA].value == pytest.approx(plain[ADA].value)
    assert (adjusted[ADA].low, adjusted[ADA].high) == pytest.approx((plain[ADA].low, plain[ADA].high), abs=2e-3)
    assert (adjusted[EVEN].low, adjusted[EVEN].high) == pytest.approx((0.25, 0.25), abs=1e-6)


def test_the_chance_of_being_first_allows_for_the_luck_of_the_best_of_many() -> None:
    """[sim] 60 worlds of 40 people of nearly equal skill (sd .02) on 10 to 120 questions (sd .15), by the peer board.

    Found: whoever leads is said to be first with .23, and is in .23 of the worlds; 90% rank intervals hold .92. By
    plain resampling he would be said to be first with .38, and the intervals would hold .82.
    """
    random, said, naive, true, held, plain = np.random.default_rng(5), [], [], [], [], []
    for _ in range(60):
        skilled, answers = random.normal(0, 0.02, 40), random.integers(10, 120, 40)
        asked = np.array([number for count in answers for number in random.permutation(120)[:count]])
        who = np.repeat(np.arange(1, 41), answers)
        peer = random.normal(0, 0.15, len(who)) + skilled[who - 1]
        found = cells(asked.tolist(), who.tolist(), peer=peer.tolist())
        rows = by("peer", found, competes=range(1, 41)).rows
        place = dict(zip((np.argsort(-skilled) + 1).tolist(), range(1, 41), strict=True))
        said.append(rows[0].first)
        true.append(place[rows[0].forecaster] == 1)
        held += [(row.best or 0) <= place[row.forecaster] <= (row.worst or 0) for row in rows]
        sums = skill.sums(skill.places(who)[1], skill.places(asked)[1], peer, np.ones(len(peer)))
        drawn = sums.value[:, None].astype(np.float32) + skill.bootstrap(sums, 200, random)
        seen = skill.ranks(drawn)
        naive.append(seen.first[rows[0].forecaster - 1])
        plain += [seen.best[one - 1] <= place[one] <= seen.worst[one - 1] for one in place]

    assert abs(np.mean([one or 0 for one in said]) - np.mean(true)) < 0.1
    assert np.mean(naive) - np.mean(true) > 0.1
    assert np.mean(plain) < 0.87 < np.mean(held)


def test_of_twelve_who_are_alike_each_is_among_the_first_ten_with_ten_in_twelve() -> None:
    found = season(12, 20, dict.fromkeys(range(1, 13), 0.0))

    rows = by("peer", found, competes=range(1, 13), draws=2000).rows

    assert sum(row.top or 0 for row in rows) == pytest.approx(10)
    assert rows[0].top is not None
    assert rows[-1].top is not None
    assert 0.5 < rows[-1].top < 10 / 12 < rows[0].top < 1


# Over time


def test_the_course_of_a_skill_is_what_the_board_would_have_said_with_what_was_known_by_then() -> None:
    found = season(seed=3, questions=8, skill={ADA: 0.1, BOB: 0.0, MO: -0.05, CY: -0.1})
    known = found.question * 10

    told = course(found, known, PEOPLE, ADA, np.array([0, 35, 40, 70]))

    assert told.questions.tolist() == [1, 4, 5, 8]
    for i, moment in enumerate(told.at.tolist()):
        row = next(one for one in by("skill", found.only(known <= moment)).rows if one.forecaster == ADA)
        assert told.value[i] == pytest.approx(row.value, abs=1e-12)
        ends = (np.nan if end is None else end for end in (row.low, row.high))
        assert (told.low[i], told.high[i]) == pytest.approx(tuple(ends), abs=1e-12, nan_ok=True)
    assert np.isnan(told.low).tolist() == [True, True, False, False]


def test_the_course_of_two_is_their_mean_peer_score_so_far() -> None:
    """Two tell nothing of what forecasters are like, so nothing is drawn: 0.2, then (0.2 - 0.1) / 2."""
    found = cells([1, 1, 2, 2], [ADA, BOB, ADA, BOB], peer=[0.2, -0.2, -0.1, 0.1])

    told = course(found, np.array([5, 5, 9, 9]), {ADA, BOB}, ADA, np.array([4, 5, 9]))

    assert told.questions.tolist() == [0, 1, 2]
    assert told.value == pytest.approx([np.nan, 0.2, 0.05], nan_ok=True)


def test_a_course_through_no_moment_is_empty() -> None:
    told = course(cells([1], [ADA], peer=[0.2]), np.array([5]), {ADA}, BOB, np.array([], dtype=int))

    assert (len(told.at), len(told.value)) == (0, 0)
