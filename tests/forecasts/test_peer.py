"""Peer scores: by hand, by published cases, by plain loops; what they reward, and what they do not."""

from math import log
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from forecasts import timeline
from forecasts.peer import at_once, compared, course, peers
from forecasts.rules import charge
from forecasts.scoring import Outcomes, assess
from forecasts.timeline import NEVER, Acts, Mask, Table, Window, Windows, accounts, lots, standing_at
from questions.shape import Vector
from tests import brute
from tests.brute import Asked
from tests.known import Case, known, metaculus

ADA, BOB, MO, BOT = 3, 7, 11, 20
DAY = 24 * 3600 * 1_000_000


def acts(*rows: tuple[Any, ...], day: int = 1) -> Acts:
    """Acts on a yes/no question from (forecaster, at, probability of YES or None to withdraw, expires if it does)."""
    who, at, said, expires = zip(*((*row, NEVER)[:4] for row in rows), strict=True) if rows else ((),) * 4
    yes = np.array([np.nan if p is None else p for p in said], dtype=np.float64)
    return Acts(
        np.array(who, dtype=np.int64),
        np.array([round(moment * day) for moment in at], dtype=np.int64),
        np.column_stack([1 - yes, yes]),
        np.array([p is None for p in said], dtype=bool),
        np.array([moment if moment == NEVER else round(moment * day) for moment in expires], dtype=np.int64),
    )


def scored(
    history: Acts, window: Window, outcome: int = 1, rule: str = "brier", outside: tuple[int, ...] = ()
) -> dict[int, float]:
    """Everybody's peer score, by forecaster."""
    losses, base = charge(rule, history, outcome, ordered=False), ~np.isin(history.forecaster, outside)
    account, peer = compared(Table.of(history), Windows.of(window), losses[:, None], base)
    return dict(zip(account.forecaster.tolist(), peer[:, 0].tolist(), strict=True))


def test_one_is_compared_with_the_others_for_the_time_that_they_stand_together() -> None:
    history = acts((ADA, 0, 0.8), (BOB, 4, 0.5))

    found = scored(history, Window.running(0, 10))

    # from 4 to 10 Ada loses .04 and Bob .25; before there is nobody to compare Ada with
    assert found == pytest.approx({ADA: 0.6 * 0.21, BOB: -0.6 * 0.21}, abs=1e-15)


def test_one_is_compared_with_the_mean_of_the_others_without_oneself() -> None:
    history = acts((ADA, 0, 0.9), (BOB, 0, 0.5), (MO, 0, 0.3))

    found = scored(history, Window.until(0, 10, known_at=5))

    # losses .01, .25, .49, over half of the window that was planned
    assert found[ADA] == pytest.approx(0.5 * ((0.25 + 0.49) / 2 - 0.01), abs=1e-15)
    assert found[BOB] == pytest.approx(0.5 * ((0.01 + 0.49) / 2 - 0.25), abs=1e-15)
    assert found[MO] == pytest.approx(0.5 * ((0.01 + 0.25) / 2 - 0.49), abs=1e-15)


def test_where_nobody_else_stands_the_score_is_exactly_0() -> None:
    alone = scored(acts((ADA, 0, 0.8), (ADA, 3, 0.6)), Window.running(0, 10))
    by_turns = scored(acts((ADA, 0, 0.8), (ADA, 4, None), (BOB, 4, 0.1)), Window.running(0, 10))

    assert alone == {ADA: 0.0}
    assert by_turns == {ADA: 0.0, BOB: 0.0}


def test_a_forecast_that_expired_is_compared_with_nobody() -> None:
    history = acts((ADA, 0, 0.8), (BOB, 0, 0.5, 3), (BOB, 7, 0.5, 100))

    found = scored(history, Window.running(0, 10))

    assert found == pytest.approx({ADA: 0.6 * 0.21, BOB: -0.6 * 0.21}, abs=1e-15)  # from 0 to 3 and from 7 to 10


def test_who_is_outside_the_base_is_compared_with_its_mean_and_moves_nobodys_score() -> None:
    """Metaculus multiplies by n / (n - 1) here too, as if the outsider were one of the n; that is a defect.

    Our value by hand: the base loses .04 and .36, the outsider .16 throughout; .2 - .16 = .04, and not twice that.
    """
    history = acts((ADA, 0, 0.8), (BOB, 0, 0.4), (BOT, 0, 0.6))

    found = scored(history, Window.running(0, 10), outside=(BOT,))

    assert found[BOT] == pytest.approx(0.04, abs=1e-15)
    assert {who: found[who] for who in (ADA, BOB)} == pytest.approx({ADA: 0.32, BOB: -0.32}, abs=1e-15)


def test_one_member_is_enough_to_compare_an_outsider_with() -> None:
    found = scored(acts((ADA, 5, 0.8), (BOT, 0, 0.5)), Window.running(0, 10), outside=(BOT,))

    assert found == pytest.approx({ADA: 0, BOT: 0.5 * (0.04 - 0.25)}, abs=1e-15)


def test_the_score_stops_when_everybody_withdraws_at_the_same_instant() -> None:
    """Metaculus lets the last comparison run on until somebody comes back (48.5 and -48.5); that is a defect.

    Our value by hand: 2 of 10 days of ln(.8 / .4), in hundredths of a nat; from day 7 on Ada is alone.
    """
    history = acts((ADA, 0, 0.8), (BOB, 0, 0.4), (ADA, 2, None), (BOB, 2, None), (ADA, 7, 0.9))

    found = scored(history, Window.running(0, 10), rule="log")

    assert found == pytest.approx({ADA: 0.2 * log(2), BOB: -0.2 * log(2)}, abs=1e-14)
    assert 100 * found[ADA] == pytest.approx(13.8629436, abs=1e-6)


def test_a_forecast_made_at_the_very_instant_of_a_spot_score_counts_for_both_sides() -> None:
    """Metaculus scores such a forecast, but against a mean from before it; that is a defect.

    Our value by hand: at day 5 Bob's .5 stands beside Ada's .8. ln(.8 / .5) to Ada and the same from Bob.
    """
    history = acts((ADA, 0, 0.8), (BOB, 0, 0.1), (BOB, 5, 0.5))
    losses = charge("log", history, 1, ordered=False)

    found = at_once(losses, standing_at(history, 5), np.ones(3, dtype=bool))

    assert found == pytest.approx([log(1.6), np.nan, -log(1.6)], nan_ok=True)


def test_at_one_instant_outsiders_are_compared_with_the_base_and_nobody_with_nobody() -> None:
    losses, everywhere = np.array([0.1, 0.3, 0.8]), np.ones(3, dtype=bool)

    assert at_once(losses, everywhere, np.array([True, False, False])).tolist() == pytest.approx([0.0, -0.2, -0.7])
    assert at_once(losses, everywhere, np.zeros(3, dtype=bool)).tolist() == [0, 0, 0]
    assert np.isnan(at_once(losses, ~everywhere, everywhere)).all()


# Whole tables


def table_of(asked: list[Asked], order: Random) -> tuple[Table, Windows, Mask, Vector]:
    """Several questions in one table, their acts shuffled into one another; losses by Brier and by log."""
    which = [number for number, one in enumerate(asked) for _ in one.acts.at]
    order.shuffle(which)
    row = np.empty(len(which), dtype=np.int64)
    for number, start in enumerate(np.cumsum([0, *(len(one.acts.at) for one in asked)])[:-1]):
        mine = np.flatnonzero(np.array(which) == number)
        row[mine] = start + np.arange(len(mine))

    def column(name: str) -> Any:
        return np.concatenate([getattr(one.acts, name) for one in asked])[row]

    charged = [[brute.charged(one.acts, one.outcome, rule) for one in asked] for rule in (brute.half_brier, brute.log)]
    base = np.concatenate([one.base for one in asked])[row]
    losses = np.column_stack([np.concatenate(parts)[row] for parts in charged])
    columns = (column(name) for name in ("forecaster", "at", "withdrawn", "expires"))
    return Table(np.array(which, dtype=np.int64), *columns), Windows.of(*(one.window for one in asked)), base, losses


@pytest.mark.parametrize("lot", [1, 20, 50_000])
def test_a_table_of_many_questions_agrees_with_plain_loops(lot: int) -> None:
    """Whatever coincides, in whatever order, and wherever the table is cut into lots."""

    @settings(max_examples=60, deadline=None)
    @given(st.lists(brute.questions(), min_size=1, max_size=6), st.randoms(use_true_random=False))
    def judge(asked: list[Asked], order: Random) -> None:
        table, windows, base, losses = table_of(asked, order)

        account, peer = compared(table, windows, losses, base)

        expected = [
            (number, who, *(score for plain in both for score in (plain.loss, plain.peer)), both[0].coverage)
            for number, one in enumerate(asked)
            for who, both in _plainly(one)
        ]
        found = zip(account.loss[:, 0], peer[:, 0], account.loss[:, 1], peer[:, 1], strict=True)
        keys = zip(account.question.tolist(), account.forecaster.tolist(), strict=True)
        assert list(keys) == [row[:2] for row in expected]
        assert np.array(list(found)).ravel() == pytest.approx(
            np.array([row[2:6] for row in expected]).ravel(), abs=1e-10, rel=0
        )
        assert account.coverage(windows).tolist() == pytest.approx([row[6] for row in expected], abs=1e-15)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(timeline, "LOT", lot)
        judge()


def _plainly(one: Asked) -> list[tuple[int, tuple[brute.Plain, brute.Plain]]]:
    half, log_ = (
        brute.score(one.acts, one.base, one.window, brute.charged(one.acts, one.outcome, rule))
        for rule in (brute.half_brier, brute.log)
    )
    return [(who, (half[who], log_[who])) for who in half]


def test_no_dust_gathers_when_thousands_come_and_go() -> None:
    """At the end two stand beside each other as if nobody else had ever been there, to the last digits."""
    random = np.random.default_rng(2026)
    visitors = [(100 + who, who % 9_000, float(p)) for who, p in enumerate(random.uniform(0, 0.01, 8_000))]
    leaving = [(who, 9_000 + who % 1_000, None) for who, _, _ in visitors]
    long_ago = 1_795_000_000_123_456
    history = acts(*((who, long_ago + at, p) for who, at, p in [*visitors, *leaving]))
    two = acts((ADA, long_ago + 10_000, 0.8), (BOB, long_ago + 10_000, 0.5))
    both = Acts(*(np.concatenate([getattr(one, name) for one in (history, two)]) for name in history.__annotations__))

    found = scored(both, Window.running(long_ago, long_ago + 20_000), rule="log")

    assert found[ADA] == pytest.approx(0.5 * log(1.6), abs=1e-13)
    assert found[BOB] == pytest.approx(-0.5 * log(1.6), abs=1e-13)


def test_a_loss_that_is_no_number_is_refused_and_that_of_a_withdrawal_is_not_looked_at() -> None:
    history = acts((ADA, 0, 0.8), (BOB, 0, 0.5), (BOB, 5, None))
    table, windows, base = Table.of(history), Windows.of(Window.running(0, 10)), np.ones(3, dtype=bool)

    found = peers(table, windows, np.array([[0.04], [0.25], [np.nan]]), base)

    assert found[:, 0] == pytest.approx([0.105, -0.105])
    with pytest.raises(ValueError, match="The loss of a forecast that stands is not a number"):
        peers(table, windows, np.array([[0.04], [np.inf], [np.nan]]), base)
    with pytest.raises(ValueError, match=r"There are 3 acts, but losses of shape \(2, 1\)"):
        peers(table, windows, np.zeros((2, 1)), base)


# What peer scores promise


beliefs = st.integers(1, 99).map(lambda percent: percent / 100)


@given(st.lists(st.lists(beliefs, min_size=1, max_size=4), min_size=2, max_size=6), st.integers(0, 1))
@pytest.mark.parametrize("rule", ["brier", "log"])
def test_the_scores_of_who_all_stand_all_the_time_sum_to_0(rule: str, said: list[list[float]], outcome: int) -> None:
    rows = [(who, 10 * turn, p) for who, row in enumerate(said) for turn, p in enumerate(row)]
    history = acts(*sorted(rows, key=lambda row: row[1]))

    found = scored(history, Window.until(5, 60, known_at=42), outcome, rule)

    assert sum(found.values()) == pytest.approx(0, abs=1e-12)


@given(beliefs, beliefs, st.lists(st.tuples(st.integers(0, 9), beliefs), min_size=1, max_size=5))
@pytest.mark.parametrize("rule", ["brier", "log"])
def test_nothing_pays_better_than_to_say_what_one_believes(
    rule: str, belief: float, other: float, rest: list[tuple[int, float]]
) -> None:
    def expected(said: float) -> float:
        history = acts((ADA, 0, said), *((100 + number, at, p) for number, (at, p) in enumerate(rest)))
        no, yes = (scored(history, Window.running(0, 10), outcome, rule)[ADA] for outcome in (0, 1))
        return (1 - belief) * no + belief * yes

    gain = expected(belief) - expected(other)

    assert gain > 0 if abs(other - belief) > 1e-9 else gain == pytest.approx(0, abs=1e-12)


@st.composite
def companies(draw: st.DrawFn) -> tuple[Vector, list[Vector], list[int]]:
    """What one believes; what one might say, and what others say, who stand from some moment on; 2 to 6 outcomes."""
    size = draw(st.integers(2, 6))
    weights = st.lists(st.integers(1, 100), min_size=size, max_size=size)
    others = draw(st.lists(st.tuples(weights, st.integers(0, 9)), min_size=1, max_size=4))
    said = [draw(weights), draw(weights), *(one for one, _ in others)]
    believed, *vectors = (np.array(one) / sum(one) for one in said)
    return believed, vectors, [draw(st.integers(0, 9)), *(at for _, at in others)]


@pytest.mark.parametrize("ordered", [False, True], ids=["unordered", "ordered"])
@given(companies())
@settings(deadline=None)
def test_nothing_pays_better_over_many_outcomes_or_for_who_joins_late(
    ordered: bool, company: tuple[Vector, list[Vector], list[int]]
) -> None:
    """By peer scores of both kinds, whoever is outside the base as well; the others said what they did by then."""
    believed, (other, *others), at = company
    size, many = len(believed), len(at)

    def expected(said: Vector, member: bool) -> Vector:
        history = Acts(
            np.arange(many), np.array(at), np.array([said, *others]), np.zeros(many, bool), np.full(many, NEVER)
        )
        base, outcomes = np.array([member] + [True] * (many - 1)), Outcomes(size, ordered)
        every = [assess(history, base, Window(0, 10, 10), one, outcomes, -1).numbers for one in range(size)]
        found: Vector = believed @ np.array([[one["peer"][0], one["peer_log"][0]] for one in every])
        return found

    for member in (True, False):
        gain = expected(believed, member) - expected(other, member)
        assert (gain > 0).all() or (other == believed).all()


@given(brute.questions(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_in_which_different_forecasters_are_written_down_does_not_matter(
    asked: Asked, random: Random
) -> None:
    """Only of two acts of one forecaster at one moment it tells which is the later."""
    ranks = {who: random.random() for who in asked.acts.forecaster.tolist()}
    mixed = np.argsort([ranks[who] for who in asked.acts.forecaster.tolist()], kind="stable")
    table, windows = Table.of(asked.acts), Windows.of(asked.window)
    losses = brute.charged(asked.acts, asked.outcome)[:, None]
    said, back = asked.acts.probabilities[mixed], asked.acts.withdrawn[mixed]
    who, at, expires = (column[mixed] for column in (asked.acts.forecaster, asked.acts.at, asked.acts.expires))
    shuffled = Table.of(Acts(who, at, said, back, expires))

    one = peers(table, windows, losses, asked.base)
    other = peers(shuffled, windows, losses[mixed], asked.base[mixed])

    assert one == pytest.approx(other, abs=1e-13)


# Joining late


def test_joining_late_pays_by_own_days_and_not_by_peer_scores() -> None:
    """[sim] Somebody who knows no more than another joins at nine tenths of the window.

    By the mean Brier score over one's own days that looks like skill: .031 against .102 here, a gain of .071. By peer
    scores there is no gain: .001 falls to the late one and .042 to the other. Both say the true probability, given what
    is known; how much that is at each moment is chosen so that the expected Brier score is .158 at the start and .040
    at nine tenths.
    """
    random = np.random.default_rng(2026)
    questions, steps = 4_000, 40
    t = np.arange(steps) / steps
    known = 1 - 0.4542 * (1 - t) ** 1.16  # the share of the variance that is known
    moves = random.normal(size=(questions, steps)) * np.sqrt(np.diff(known, prepend=0))
    left = random.normal(size=questions) * np.sqrt(1 - known[-1])
    state = moves.cumsum(axis=1)
    happened = state[:, -1] + left > 0
    true = ndtr(state / np.sqrt(1 - known))
    noisy = [ndtr(state / np.sqrt(1 - known) + random.normal(size=(questions, 1))) for _ in range(3)]
    late = np.where(t < 0.9, np.nan, true)
    said = np.stack([true, late, *noisy])  # (forecaster, question, step)

    losses = (said - happened[:, None]) ** 2
    own, peer, covered = _seasons(losses, steps)

    assert losses[0, :, 0].mean() == pytest.approx(0.158, abs=0.008)
    assert losses[0, :, t.tolist().index(0.9)].mean() == pytest.approx(0.040, abs=0.006)
    by_days = [own[who].sum() / covered[who].sum() for who in (0, 1)]
    gains = {"own days": by_days[0] - by_days[1], "peer": peer[1].mean() - peer[0].mean()}
    assert gains["peer"] < 0.005
    assert not gains["own days"] < 0.005
    assert gains["own days"] > 0.05


def _seasons(losses: Vector, steps: int) -> tuple[Vector, Vector, Vector]:
    """Loss, peer score and coverage, (forecaster, question) each, of losses (forecaster, question, step)."""
    who, question, step = (part.ravel() for part in np.indices(losses.shape))
    said = ~np.isnan(losses.ravel())
    order = np.flatnonzero(said)[np.lexsort((step[said], question[said]))]
    many = losses.shape[1]
    table = Table(question[order], who[order], step[order], ~said[order], np.full(len(order), NEVER))
    windows = Windows(np.zeros(many, dtype=np.int64), np.full(many, steps), np.full(many, steps))
    account, peer = compared(table, windows, losses.ravel()[order, None], np.ones(len(order), dtype=bool))
    by = np.lexsort((account.question, account.forecaster))
    shape = losses.shape[:2]
    columns = (account.loss[:, 0], peer[:, 0], account.coverage(windows))
    own, ahead, covered = (column[by].reshape(shape) for column in columns)
    return own, ahead, covered


# Published cases


@pytest.mark.parametrize("case", known("peer"))
def test_log_peer_scores_agree_with_other_implementations(case: Case) -> None:
    inputs = case["inputs"]
    rows = zip(inputs["start"], inputs["p_correct"], inputs["end"], strict=True)
    history = acts(*((who, start, p, end) for who, (start, p, end) in enumerate(rows)))

    found = scored(history, Window.running(inputs["open"], inputs["close"]), rule="log")

    assert [100 * score for score in found.values()] == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.mark.parametrize("case", known("event_log"))
def test_a_log_of_many_updates_agrees_with_other_implementations(case: Case) -> None:
    inputs, said = case["inputs"], case["inputs"]["events"]
    question, p = np.array(said["question"]), np.array(said["p"])
    cents = [np.rint(100 * np.array(inputs[name])).astype(np.int64) for name in ("open", "close")]
    table = Table(
        question,
        np.array(said["forecaster"]),
        np.rint(100 * np.array(said["t"])).astype(np.int64),
        np.zeros(len(p), dtype=bool),
        np.full(len(p), NEVER),
    )
    right = np.where(np.array(inputs["y"])[question] == 1, p, 1 - p)
    losses = np.column_stack([(1 - right) ** 2, -np.log(np.maximum(right, inputs["clip_for_log"]))])

    account, peer = compared(table, Windows(cents[0], cents[1], cents[1]), losses, np.ones(len(p), dtype=bool))

    stood = account.standing > 0
    keys = zip(account.question[stood].tolist(), account.forecaster[stood].tolist(), strict=True)
    assert [list(key) for key in keys] == inputs["keys"]
    scheduled = (cents[1] - cents[0])[account.question[stood]]
    own = account.loss[stood] * (scheduled / account.standing[stood])[:, None]
    for number, name in enumerate(("brier", "log")):
        assert own[:, number].tolist() == pytest.approx([row[name] for row in case["expected"]], abs=1e-10)
        expected = [row[f"peer_{name}"] for row in case["expected"]]
        assert peer[stood, number].tolist() == pytest.approx(expected, abs=case["tolerance"])


def listed(case: Case) -> Acts:
    """Metaculus' forecasts, each by a forecaster of its own; times in days."""
    given = case["forecasts"]
    rows = [given["forecast"]] * given["repeat"] if isinstance(given, dict) else given
    ends = [NEVER if row["end"] is None else row["end"] for row in rows]
    return acts(*((who, row["start"], row["p_yes"], end) for who, (row, end) in enumerate(zip(rows, ends))), day=DAY)  # noqa: B905


def expected_of(case: Case) -> list[dict[str, float]]:
    wanted: Any = case["expected"]
    return [wanted["each"]] * wanted["repeat"] if isinstance(wanted, dict) else wanted


@pytest.mark.parametrize("case", metaculus("peer_time_averaged"))
def test_peer_scores_over_time_are_metaculus(case: Case) -> None:
    history, named = listed(case), case["args"]
    opens, closes, known_at = (
        round(named[name] * DAY) for name in ("forecast_horizon_start", "forecast_horizon_end", "actual_close_time")
    )
    window = Window.until(opens, closes, known_at)

    found = scored(history, window, named["resolution_bucket"], rule="log")

    covered = accounts(Table.of(history), Windows.of(window), np.zeros((len(history.at), 1)))
    due = [row["score"] for row in expected_of(case)]
    assert [100 * score for score in found.values()] == pytest.approx(due, rel=0, abs=2e-8)
    assert covered.coverage(Windows.of(window)).tolist() == pytest.approx(
        [row["coverage"] for row in expected_of(case)]
    )


@pytest.mark.parametrize("case", metaculus("peer_spot"))
def test_peer_scores_at_one_instant_are_metaculus(case: Case) -> None:
    history, named = listed(case), case["args"]
    standing = standing_at(history, round(named["spot_forecast_timestamp"] * DAY))

    found = at_once(
        charge("log", history, named["resolution_bucket"], ordered=False), standing, np.ones(len(standing), dtype=bool)
    )

    due = [row["score"] for row in expected_of(case)]
    assert np.where(standing, 100 * found, 0).tolist() == pytest.approx(due, rel=0, abs=2e-8)
    assert standing.astype(float).tolist() == [row["coverage"] for row in expected_of(case)]


@pytest.mark.parametrize("case", metaculus("geometric_means"))
def test_the_geometric_mean_over_time_that_logs_are_compared_with_is_metaculus(case: Case) -> None:
    """The running sum of the logs, divided by how many stand; Metaculus counts 0 where only one does."""
    given = case["forecasts"]
    rows = [given["forecast"]] * given["repeat"] if isinstance(given, dict) else given
    vectors = [row.get("p") or [1 - row["p_yes"], row["p_yes"]] for row in rows]
    offered = [[p for p in vector if p is not None] for vector in vectors]
    at = np.array([round(row["start"] * DAY) for row in rows], dtype=np.int64)
    many = len(rows)
    table = Table(np.zeros(many, np.int64), np.arange(many), at, np.zeros(many, bool), np.full(many, NEVER))
    (lot,) = lots(table, Windows.of(Window.running(0, 10 * DAY)))

    during = course(
        lot, lot.own(np.log(np.reshape(offered, (many, len(offered[0]) if offered else 2)))), np.ones(many, dtype=bool)
    )

    kept = np.flatnonzero((during.share > 0) & (during.count > 0))
    since = 10 * np.append(0, during.share.cumsum())[kept]
    means, n = np.exp(during.sums[:, kept] / during.count[kept]).T, during.count[kept]
    expected = [[p for p in row["pmf"] if p is not None] for row in case["expected"]]
    assert since.tolist() == pytest.approx([row["t"] for row in case["expected"]])
    assert np.where(n > 1, n, 0).tolist() == [row["n"] for row in case["expected"]]
    assert means.ravel().tolist() == pytest.approx(np.ravel(expected).tolist(), rel=1e-5, abs=1e-8)
