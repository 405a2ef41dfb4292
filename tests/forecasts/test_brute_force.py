"""The engine against plain loops, on random questions where moments coincide; the loops against sums by hand."""

from functools import partial
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts import daily
from forecasts.peer import peers
from forecasts.scoring import Assessment, Outcomes, assess
from forecasts.timeline import NEVER, Acts, Table, Window, Windows, account, accounts
from questions.shape import Vector
from tests import brute
from tests.brute import Asked

ADA, BOB, CY, BOT = 1, 2, 3, 8
EXACT = 1e-10
YARDSTICK = brute.OUTSIDERS[0]


def yes_no(*rows: tuple[int, int, float | None], base: tuple[int, ...] = (ADA, BOB, CY)) -> tuple[Acts, np.ndarray]:
    """Acts of (forecaster, moment, probability of YES or None to withdraw), and which are those of the base."""
    yes = np.array([np.nan if p is None else p for _, _, p in rows])
    who = np.array([row[0] for row in rows])
    at = np.array([row[1] for row in rows])
    acts = Acts(who, at, np.column_stack([1 - yes, yes]), np.isnan(yes), np.full(len(rows), NEVER))
    return acts, np.isin(who, base)


def test_two_who_never_change_earn_what_the_other_loses() -> None:
    acts, base = yes_no((ADA, 0, 0.8), (BOB, 50, 0.4))

    found = brute.score(acts, base, Window(0, 100, 100), brute.charged(acts, 1))

    # Ada alone for 50, then .36 - .04 to her and from him for 50 out of 100
    assert (found[ADA].loss, found[BOB].loss) == pytest.approx((0.04, 0.5 * 0.36))
    assert (found[ADA].peer, found[BOB].peer) == pytest.approx((0.16, -0.16))
    assert (found[ADA].coverage, found[BOB].coverage) == (1.0, 0.5)


def test_a_bot_is_compared_with_all_persons_and_nobody_with_it() -> None:
    acts, base = yes_no((ADA, 0, 1.0), (BOB, 0, 0.5), (BOT, 0, 0.0))

    found = brute.score(acts, base, Window(0, 100, 50), brute.charged(acts, 1))

    # losses 0, .25 and 1 for half of the scheduled window
    assert (found[ADA].peer, found[BOB].peer) == pytest.approx((0.5 * 0.25, -0.5 * 0.25))
    assert found[BOT].peer == pytest.approx(0.5 * (0.125 - 1))
    assert (found[BOT].coverage, found[BOT].presence, found[BOT].last) == (0.5, 1.0, 2)


def test_a_withdrawal_leaves_the_others_among_themselves() -> None:
    acts, base = yes_no((ADA, 0, 1.0), (BOB, 0, 0.5), (CY, 0, 0.0), (CY, 40, None))

    found = brute.score(acts, base, Window(0, 100, 100), brute.charged(acts, 1), yardstick=CY)

    # 40 in which the other two's mean is .625, .5, .125, then 60 of Ada and Bob alone
    assert found[ADA].peer == pytest.approx(0.4 * 0.625 + 0.6 * 0.25)
    assert found[BOB].peer == pytest.approx(0.4 * (0.5 - 0.25) + 0.6 * (0 - 0.25))
    assert found[CY].peer == pytest.approx(0.4 * (0.125 - 1))
    assert found[BOB].beside == pytest.approx(0.4 * 1 + 0.6 * 0.25)  # Cy's loss, and Bob's own once Cy was gone
    assert (found[CY].last, found[ADA].last) == (-1, 0)


def test_the_plain_rules_are_those_of_the_book() -> None:
    said = np.array([0.15, 0.45, 0.25, 0.15])

    assert brute.half_brier(said, 2) == pytest.approx(0.405)  # Good Judgment's example: .81, halved
    assert brute.ranked(said, 2) == pytest.approx(0.135)  # and .27, halved


@settings(deadline=None, max_examples=150)
@given(brute.questions())
def test_losses_and_standing_times_equal_plain_loops(asked: Asked) -> None:
    losses = brute.charged(asked.acts, asked.outcome)
    plain = brute.score(asked.acts, asked.base, asked.window, losses)

    found = account(asked.acts, asked.window, losses)

    assert found.forecaster.tolist() == list(plain)
    for name in ("loss", "coverage", "presence", "last"):
        expected = [getattr(one, name) for one in plain.values()]
        assert getattr(found, name).tolist() == pytest.approx(expected, abs=EXACT, nan_ok=True)


def stood(plain: dict[int, brute.Plain]) -> dict[int, brute.Plain]:
    return {who: one for who, one in plain.items() if one.coverage > 0}


def agree(found: Vector, plain: dict[int, brute.Plain], name: str, times: float = 1.0) -> None:
    expected = [times * getattr(one, name) for one in stood(plain).values()]
    assert found.tolist() == pytest.approx(expected, abs=times * EXACT, nan_ok=True), name


def assessed(asked: Asked, outcomes: Outcomes) -> Assessment:
    return assess(asked.acts, asked.base, asked.window, asked.outcome, outcomes, YARDSTICK)


@settings(deadline=None, max_examples=200)
@given(brute.questions(), st.booleans(), st.booleans(), st.booleans())
def test_every_number_of_an_assessment_equals_plain_loops(
    asked: Asked, ordered: bool, below: bool, above: bool
) -> None:
    size = asked.acts.probabilities.shape[1]
    below, above = ordered and below, ordered and above and size > 2  # one bin at least lies between
    floor = 0.01 / size if ordered else 0.001
    losses = brute.charged(asked.acts, asked.outcome, brute.ranked if ordered else brute.half_brier)
    surprises = brute.charged(asked.acts, asked.outcome, partial(brute.log, floor=floor))
    plain = brute.score(asked.acts, asked.base, asked.window, losses, YARDSTICK)
    by_log = brute.score(asked.acts, asked.base, asked.window, surprises)
    reward = partial(brute.baseline, floor=floor, ordered=ordered, below=below, above=above)
    over_even = brute.score(asked.acts, asked.base, asked.window, brute.charged(asked.acts, asked.outcome, reward))
    by_day = brute.daily(asked.acts, asked.base, asked.window, losses)

    found = assessed(asked, Outcomes(size, ordered, below, above))

    assert found.forecaster.tolist() == list(stood(plain))
    agree(found.numbers["ranked" if ordered else "brier"], plain, "loss")
    agree(found.numbers["log"], by_log, "loss")
    agree(found.numbers["peer"], plain, "peer")
    agree(found.numbers["peer_log"], by_log, "peer", times=50 if ordered else 100)
    agree(found.numbers["beside"], plain, "beside")
    agree(found.numbers["baseline"], over_even, "loss")
    accuracy = [by_day[who].accuracy for who in stood(plain)]
    assert found.numbers["accuracy"].tolist() == pytest.approx(accuracy, abs=EXACT, nan_ok=True)
    agree(found.coverage, plain, "coverage")
    agree(found.presence, plain, "presence")
    assert found.last.tolist() == [one.last for one in stood(plain).values()]
    final = [losses[one.last] if one.last >= 0 else np.nan for one in stood(plain).values()]
    assert found.numbers["spot"].tolist() == pytest.approx(final, abs=EXACT, nan_ok=True)


@settings(deadline=None, max_examples=150)
@given(brute.questions())
def test_daily_averages_equal_plain_loops(asked: Asked) -> None:
    losses = brute.charged(asked.acts, asked.outcome)
    plain = brute.daily(asked.acts, asked.base, asked.window, losses)

    found = daily.averages(asked.acts, asked.window, losses, asked.base)

    assert found.forecaster.tolist() == list(plain)
    assert found.days.tolist() == [one.days for one in plain.values()]
    for name in ("mean", "accuracy"):
        expected = [getattr(one, name) for one in plain.values()]
        assert getattr(found, name).tolist() == pytest.approx(expected, abs=EXACT, nan_ok=True)


@settings(deadline=None, max_examples=100)
@given(st.lists(brute.questions(size=2, most=12), min_size=1, max_size=5))
def test_a_table_of_many_questions_equals_plain_loops_over_each(many: list[Asked]) -> None:
    """Read as the journal has them: the questions' acts lie mixed."""
    table, order = mixed(many)
    losses = np.concatenate([brute.charged(one.acts, one.outcome) for one in many])[order]
    base = np.concatenate([one.base for one in many])[order]
    windows = Windows.of(*(one.window for one in many))

    found, peer = accounts(table, windows, losses[:, None]), peers(table, windows, losses[:, None], base)

    plain = [brute.score(one.acts, one.base, one.window, brute.charged(one.acts, one.outcome)) for one in many]
    expected = [(place, who, score) for place, scores in enumerate(plain) for who, score in scores.items()]
    assert list(zip(found.question, found.forecaster, strict=True)) == [(place, who) for place, who, _ in expected]
    assert found.loss[:, 0].tolist() == pytest.approx([score.loss for *_, score in expected], abs=EXACT)
    assert found.coverage(windows).tolist() == pytest.approx([score.coverage for *_, score in expected], abs=EXACT)
    assert peer[:, 0].tolist() == pytest.approx([score.peer for *_, score in expected], abs=EXACT)


def mixed(many: list[Asked]) -> tuple[Table, np.ndarray]:
    """The acts of several questions in one table, one of each in turn, and the order that they were brought in."""
    question = np.repeat(np.arange(len(many)), [len(one.acts.at) for one in many])
    turn = np.concatenate([np.arange(len(one.acts.at)) for one in many])
    order = np.lexsort((question, turn))
    columns = [
        np.concatenate([getattr(one.acts, name) for one in many])[order]
        for name in ("forecaster", "at", "withdrawn", "expires")
    ]
    return Table(question[order], *columns), order


@settings(deadline=None, max_examples=100)
@given(brute.questions(), st.randoms(use_true_random=False))
def test_what_people_are_called_does_not_matter(asked: Asked, random: Random) -> None:
    names = np.array(random.sample(range(-50, 50), 7))
    known = np.array(brute.PERSONS + brute.OUTSIDERS)
    renamed = names[np.array([known.tolist().index(who) for who in asked.acts.forecaster], dtype=np.int64)]
    acts, losses = asked.acts, brute.charged(asked.acts, asked.outcome)[:, None]
    table = Table(np.zeros(len(acts.at), dtype=np.int64), renamed, acts.at, acts.withdrawn, acts.expires)
    windows = Windows.of(asked.window)

    before, after = (peers(one, windows, losses, asked.base)[:, 0] for one in (Table.of(acts), table))

    order = np.argsort([names[known.tolist().index(who)] for who in np.unique(acts.forecaster)])
    assert after.tolist() == pytest.approx(before[order].tolist(), abs=EXACT)


@settings(deadline=None, max_examples=100)
@given(brute.questions(size=3), st.integers(2, 5))
def test_at_full_coverage_peer_scores_sum_to_nothing(asked: Asked, people: int) -> None:
    """Whoever withdrew or lapsed is made to stay, and everybody to speak up before the opening."""
    acts = asked.acts.only(np.isin(asked.acts.forecaster, brute.PERSONS[:people]) & ~asked.acts.withdrawn)
    first = np.array(brute.PERSONS[:people])
    even = np.full((people, 3), 1 / 3)
    whole = Acts(
        np.append(first, acts.forecaster),
        np.append(np.full(people, asked.window.opens - 1), acts.at),
        np.concatenate([even, acts.probabilities]),
        np.append(np.zeros(people, dtype=bool), acts.withdrawn),
        np.full(people + len(acts.at), NEVER),
    )

    found = assess(whole, np.ones(len(whole.at), dtype=bool), asked.window, asked.outcome, Outcomes(3, False), -1)

    assert found.numbers["peer"].sum() == pytest.approx(0, abs=EXACT)
    assert found.numbers["peer_log"].sum() == pytest.approx(0, abs=100 * EXACT)
