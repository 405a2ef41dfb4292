"""Two hundred made-up seasons: whether the default board finds the skill that it cannot see.

What a board should say is known here: `Season.missed` holds for each forecast what it costs in expectation, so that
the expected peer score of somebody, on questions such as it answers and at the times at which it stands, is the mean
over many questions with no outcome in it. Sixty other seasons tell it to about 0.0003.
"""

from dataclasses import dataclass
from functools import cache
from heapq import nlargest

import numpy as np
import pytest
from scipy.stats import spearmanr

from forecasts.leaderboard import Board, Cells, Row, rank
from forecasts.peer import compared
from questions.shape import Vector
from tests.seasons import DAY, EXTREMIZER, PICKER, SLOTS, TWIN, People, Season, hundred, season, seasons

MANY = 200
PEOPLE = range(100)
CROWD, EVEN = -1, -2


@cache
def people() -> People:
    return hundred(np.random.default_rng(2026))


def cells(played: Season) -> Cells:
    """The cells of a season, as the engine makes them of the acts."""
    (table, said), windows = played.table, played.windows
    loss = ((said - played.outcome[table.question]) ** 2)[:, None]
    account, peer = compared(table, windows, loss, np.ones(len(said), dtype=bool))
    stood = account.standing > 0
    columns = {
        "brier": account.loss[:, 0],
        "beside": account.loss[:, 0],
        "peer": peer[:, 0],
        "coverage": account.coverage(windows),
        "presence": account.presence(windows),
    }
    numbers = {name: column[stood] for name, column in columns.items()}
    return Cells(account.question[stood], account.question[stood], account.forecaster[stood], numbers)


def expected(played: list[Season], losses: list[Vector]) -> Vector:
    """(f,) each one's mean peer score over the questions that it answered, with such losses."""
    answered = np.array([one.standing.any(axis=2).sum(axis=0) for one in played]).sum(axis=0)
    scores = np.array([one.peer(loss).sum(axis=0) for one, loss in zip(played, losses, strict=True)])
    found: Vector = scores.sum(axis=0) / answered
    return found


@dataclass(frozen=True)
class Told:
    """What the boards of one season say, and the plain mean peer score of each."""

    skill: dict[int, Row]
    brier: dict[int, Row]
    plain: dict[int, float]

    def agreement(self, rows: dict[int, Row], sign: int) -> float:
        """How far a board's order is that of true skill: Spearman's rank correlation."""
        both = [one for one in self.skill if one in self.brier and self.skill[one].rank and self.brier[one].rank]
        found = spearmanr([sign * rows[one].value for one in both], people().skill[both])
        return float(found.statistic)


@cache
def told() -> list[Told]:
    """The boards of all seasons."""

    def rows(found: Board) -> dict[int, Row]:
        return {row.forecaster: row for row in found.rows}

    def boards(played: Season) -> Told:
        counted = cells(played)
        skill, brier = (rank(counted, name, PEOPLE, CROWD, EVEN, draws=400) for name in ("skill", "brier"))
        who, scores = counted.forecaster, counted.numbers["peer"]
        plain = {one: float(scores[who == one].mean()) for one in np.unique(who).tolist()}
        return Told(rows(skill), rows(brier), plain)

    return [boards(played) for played in seasons(people(), MANY, seed=8)]


@cache
def target() -> Vector:
    """(f,) the expected peer score of each, from other seasons than those on which the boards are judged."""
    played = list(seasons(people(), 60, seed=7))
    return expected(played, [one.missed for one in played])


def error(values: Vector) -> float:
    """The standard error of a mean."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def test_the_expected_peer_score_is_what_peer_scores_have_as_their_mean() -> None:
    """So the target is the right one: over 40 seasons real peer scores lie .0015 off it, as chance would have it."""
    played = list(seasons(people(), 40, seed=9))

    found = expected(played, [one.scored for one in played])

    assert found.mean() == pytest.approx(target().mean(), abs=0.001)
    assert np.abs(found - target()).mean() < 0.002
    assert np.corrcoef(found, target())[0, 1] > 0.97


def test_the_default_board_ranks_by_true_skill_better_than_mean_brier() -> None:
    """Rank correlation with true skill .37 against .24, and the better one in 93% of 200 seasons."""
    skill = np.array([one.agreement(one.skill, 1) for one in told()])
    brier = np.array([one.agreement(one.brier, -1) for one in told()])

    gained = skill - brier

    assert gained.mean() > 0.08
    assert gained.mean() > 10 * error(gained)
    assert (gained > 0).mean() > 0.85


def test_the_default_board_is_nearer_to_the_truth_than_plain_means_and_its_first_ten_answered_more() -> None:
    """It is .0081 off where plain mean peer scores are .0141 off; its first ten answered 93 questions, theirs 40."""
    shown = [{who: row.value for who, row in one.skill.items()} for one in told()]
    plain = [one.plain for one in told()]

    def off(boards: list[dict[int, float]]) -> float:
        missed = [value - target()[who] for values in boards for who, value in values.items()]
        return float(np.sqrt(np.mean(np.square(missed))))

    def answered(boards: list[dict[int, float]]) -> float:
        """By the first ten, in the mean."""
        first = [nlargest(10, values, key=values.__getitem__) for values in boards]
        return float(np.mean([one.skill[who].questions for one, ten in zip(told(), first, strict=True) for who in ten]))

    assert off(shown) < 0.7 * off(plain)
    assert answered(shown) > 1.5 * answered(plain)


def test_the_default_boards_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """.951 of them; intervals out of single days, taken as if each were news, hold it in .58."""
    rows = [row for one in told() for row in one.skill.values()]
    held = [
        row.low <= target()[row.forecaster] <= row.high for row in rows if row.low is not None and row.high is not None
    ]

    assert len(held) > 19_000
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
    assert np.mean([_held_by_days(played) for played in seasons(people(), 20, seed=8)]) < 0.75


def _held_by_days(played: Season) -> float:
    """How many of the intervals hold the truth that take each day's peer score as a case of its own."""
    standing, loss = played.standing, np.where(played.standing, played.scored, 0.0)
    several = standing.sum(axis=1, keepdims=True)
    others = (loss.sum(axis=1, keepdims=True) - loss) / np.maximum(several - 1, 1)
    daily = np.where(standing & (several > 1), others - loss, 0.0)
    counted = np.broadcast_to(standing.any(axis=2, keepdims=True), daily.shape)
    count = counted.sum(axis=(0, 2))
    mean = daily.sum(axis=(0, 2)) / count
    spread = np.sqrt((np.where(counted, daily - mean[:, None], 0.0) ** 2).sum(axis=(0, 2)) / count / (count - 1))
    return float((np.abs(mean - target()) < 1.96 * spread).mean())


def test_the_extremizer_is_never_expected_to_be_first() -> None:
    """Its mean P(first) is .00001, and it ranks 81st in the mean; a fair share would be .01."""
    first = np.array([one.skill[EXTREMIZER].first for one in told()])

    assert first.mean() <= 0.01 + 2 * error(first)
    assert np.mean([one.skill[EXTREMIZER].rank or 0 for one in told()]) > 60


def test_picking_easy_questions_gains_nothing_on_the_default_board() -> None:
    """Picker less twin: .0001, with a standard error of .0005. By mean Brier it gains .061 at .002."""

    def gained(rows: list[dict[int, Row]]) -> Vector:
        return np.array([season[PICKER].value - season[TWIN].value for season in rows])

    by_skill = gained([one.skill for one in told()])
    by_brier = -gained([one.brier for one in told()])

    assert abs(by_skill.mean()) < 2 * error(by_skill)
    assert by_brier.mean() > 20 * error(by_brier)


def test_the_engine_gives_what_the_definitions_give_slot_by_slot() -> None:
    """So that a season is scored by the same code as questions are, and yet checked by hand."""
    played = season(people(), np.random.default_rng(5))
    standing = played.standing
    question, forecaster = np.nonzero(standing.any(axis=2))

    found = cells(played)

    assert found.question.tolist() == question.tolist()
    assert found.forecaster.tolist() == forecaster.tolist()
    cube = {
        "peer": played.peer(played.scored),
        "brier": np.where(standing, played.scored, 0.0).sum(axis=2) / SLOTS,
        "coverage": standing.sum(axis=2) / SLOTS,
        "presence": standing.sum(axis=2) / played.end[:, None],
    }
    for name, slots in cube.items():
        assert found.numbers[name] == pytest.approx(slots[question, forecaster], abs=1e-12)


def test_a_season_has_all_that_real_ones_have() -> None:
    played = season(people(), np.random.default_rng(1))
    acts, standing, windows = played.acts, played.standing, played.windows

    assert len(windows.end) == 200
    assert 0.05 < (played.end < SLOTS).mean() < 0.5
    assert played.outcome[played.end < SLOTS].mean() > 0.8 > played.outcome[played.end == SLOTS].mean()
    assert sum(act.probability is None for act in acts) > 50
    assert [act.at for act in acts] == sorted(act.at for act in acts)
    assert all(act.at < windows.end[act.question] for act in acts)
    joined = np.array([standing[:, one].argmax(axis=1)[standing[:, one].any(axis=1)].mean() for one in PEOPLE])
    assert joined[people().late > 2].mean() > joined[people().late < 2].mean() + 2
    assert windows.end[3] == 3 * DAY // 4 + played.end[3] * DAY


def test_a_season_is_a_fair_game() -> None:
    """What is called the truth comes true as often as it says, at the opening and whenever the question ends."""
    played = list(seasons(people(), 20, seed=3))
    opening = np.concatenate([one.truth[:, 0] for one in played])
    outcome = np.concatenate([one.outcome for one in played])

    for low in (0.0, 0.25, 0.5, 0.75):
        here = (opening >= low) & (opening < low + 0.25)
        off = outcome[here] - opening[here]
        assert abs(off.mean()) < 3 * error(off)
