"""How forecasts move: by hand, and for simulated forecasters who are rational, noisy or sluggish."""

import numpy as np
import pytest
from scipy.special import ndtr

from forecasts.calibration import Cases
from forecasts.timeline import Numbers
from forecasts.updating import movement
from questions.shape import Vector

STEPS = 8


def rational(questions: int, random: np.random.Generator) -> tuple[Vector, Numbers]:
    """Paths (questions, STEPS) of the exact probability that a random walk ends above its mark, and how it ended."""
    walk = np.cumsum(random.normal(size=(questions, STEPS + 1)), axis=1) / np.sqrt(STEPS + 1)
    mark = random.normal(size=(questions, 1)) / 2
    seen = np.concatenate([np.zeros((questions, 1)), walk[:, : STEPS - 1]], axis=1)
    left = 1 - np.arange(STEPS) / (STEPS + 1)
    said: Vector = np.asarray(ndtr((seen - mark) / np.sqrt(left)), dtype=np.float64)
    ended: Numbers = np.asarray(walk[:, -1] > mark[:, 0], dtype=np.int64)
    return said, ended


def cases(paths: Vector, ended: Numbers) -> Cases:
    question = np.repeat(np.arange(len(paths)), paths.shape[1])
    return Cases.of(question, paths.ravel(), np.repeat(ended, paths.shape[1]))


def noisy(paths: Vector, random: np.random.Generator) -> Vector:
    return np.asarray(np.clip(paths + random.choice([-0.15, 0.15], size=paths.shape), 0.01, 0.99), dtype=np.float64)


def sluggish(paths: Vector) -> Vector:
    return paths[:, :1] + 0.4 * (paths - paths[:, :1])


def test_the_ratio_by_hand() -> None:
    p = np.array([0.5, 0.2, 0.7, 0.9])
    answered = Cases.of(np.array([1, 2, 1, 1]), p, np.array([1, 0, 1, 1]))

    found = movement(answered, np.array([1, 2, 1, 1]))

    # Question 1: .2² + .2² + .1² of .25; question 2: .2² of .16.
    assert found.ratio == pytest.approx((0.04 + 0.04 + 0.01 + 0.04) / (0.25 + 0.16))
    assert (found.series, found.groups) == (2, 2)
    assert (found.low, found.high) == (None, None)
    assert found.verdict == "Too few questions to say how the forecasts move."


def test_two_forecasters_on_one_question_have_two_paths_in_one_group() -> None:
    p = np.array([0.5, 0.4, 0.5, 0.8])
    question = np.zeros(4, dtype=np.int64)
    both = Cases.of(question, p, np.ones(4), series=np.array([1, 2, 1, 2]))

    found = movement(both, question)

    # One stays at 50% and then learns the outcome; the other goes .4, .8, 1.
    assert found.ratio == pytest.approx((0.25 + 0.16 + 0.04) / (0.25 + 0.24))
    assert (found.series, found.groups) == (2, 1)


def test_nothing_can_be_learned_by_who_was_certain_at_first() -> None:
    certain = movement(Cases.of(np.arange(6), np.ones(6), np.zeros(6)), np.arange(6))
    nobody = movement(Cases.of(np.arange(0), np.empty(0), np.empty(0)), np.arange(0))

    assert np.isnan(certain.ratio)
    assert np.isnan(nobody.ratio)
    assert certain.verdict == nobody.verdict == "Nothing was left open at the start."


def test_what_cannot_be_told_is_refused_with_a_sentence() -> None:
    ids, p = np.arange(2), np.array([0.5, 0.5])

    with pytest.raises(ValueError, match="are not both"):
        movement(Cases.of(ids, p, ids), np.arange(3))
    with pytest.raises(ValueError, match="yes/no questions only"):
        movement(Cases.of(ids, p, ids, outcome=ids), ids)


def test_rational_noisy_and_sluggish_forecasters_are_told_apart() -> None:
    """With 2,000 questions: 1.02, 2.45 and 0.74; without the last step the rational one has 0.57."""
    random = np.random.default_rng(5)
    paths, ended = rational(2000, random)
    group = np.repeat(np.arange(2000), STEPS)

    fair = movement(cases(paths, ended), group)
    restless = movement(cases(noisy(paths, random), ended), group)
    slow = movement(cases(sluggish(paths), ended), group)
    without_last = (np.diff(paths, axis=1) ** 2).sum() / (paths[:, 0] * (1 - paths[:, 0])).sum()

    assert fair.ratio == pytest.approx(1, abs=0.08)
    assert fair.verdict == "Moves about as much as what was learned justifies."
    assert restless.ratio > 1.3
    assert restless.verdict == "Moves back and forth more than what was learned justifies."
    assert slow.ratio < 0.75
    assert slow.verdict == "Moves too little, too late, for what was learned."
    assert not abs(without_last - 1) < 0.08


@pytest.mark.parametrize("questions", [15, 60])
def test_the_interval_covers_what_it_says(questions: int) -> None:
    """Nominal .95. Found: .92 with 15 questions and .96 with 60; with the ratio's last step left out .62 and 0."""
    random = np.random.default_rng(7)
    group = np.repeat(np.arange(questions), STEPS)
    holds, naive_holds = [], []

    for run in range(300):
        paths, ended = rational(questions, random)
        found = movement(cases(paths, ended), group, draws=500, seed=run)
        without_last = (np.diff(paths, axis=1) ** 2).sum() / (paths[:, 0] * (1 - paths[:, 0])).sum()
        assert found.low is not None
        assert found.high is not None
        holds.append(found.low <= 1 <= found.high)
        naive_holds.append(found.low <= found.ratio / without_last <= found.high)

    assert 0.91 <= np.mean(holds) <= 0.985
    assert not np.mean(naive_holds) >= 0.91


def test_linked_questions_are_resampled_together() -> None:
    """Each question given four times over, as linked ones may come out: by groups the interval stays as wide."""
    random = np.random.default_rng(11)
    paths, ended = rational(30, random)
    group = np.repeat(np.arange(30), STEPS)

    once = movement(cases(paths, ended), group)
    linked = movement(cases(np.tile(paths, (4, 1)), np.tile(ended, 4)), np.tile(group, 4))
    taken_apart = movement(cases(np.tile(paths, (4, 1)), np.tile(ended, 4)), np.repeat(np.arange(120), STEPS))

    assert (linked.low, linked.high) == pytest.approx((once.low, once.high))
    assert once.low is not None
    assert taken_apart.low is not None
    assert taken_apart.low > once.low + 0.05


def test_draws_in_which_all_questions_are_alike_do_not_stretch_the_interval() -> None:
    """Five stay at 50% until they end; one goes from 50 over 75 to 100%, so that it moved by half as much: 11 / 12.

    In a third of the draws that one is missing, and these have no error to be measured by. Without it, none has.
    """
    p = np.array([0.5] * 5 + [0.5, 0.75])
    question = np.array([0, 1, 2, 3, 4, 5, 5])
    answered = Cases.of(question, p, np.ones(7))

    found = movement(answered, question)
    alike = movement(Cases.of(question[:5], p[:5], np.ones(5)), question[:5])

    assert found.ratio == pytest.approx(11 / 12)
    assert found.low is not None
    assert found.high is not None
    assert 0.8 < found.low <= found.ratio < found.high < 1.2
    assert (alike.ratio, alike.low, alike.high) == (1, None, None)


def test_the_verdict_is_only_as_strong_as_the_interval() -> None:
    paths, ended = rational(12, np.random.default_rng(3))

    found = movement(cases(paths, ended), np.repeat(np.arange(12), STEPS))

    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.8
    assert found.high > 1.25
    assert found.verdict.startswith("Nothing says")
