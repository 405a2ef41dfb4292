"""What everybody would get now, act by act: by hand, against plain loops and the engine, and the same when replayed."""

from collections.abc import Callable
from dataclasses import fields, replace
from inspect import signature
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts import running
from forecasts.rules import charge
from forecasts.running import Prospect, Seat, Tally
from forecasts.scoring import Outcomes, assess, main_rule
from forecasts.timeline import NEVER, Acts, Window
from questions.shape import Vector
from tests import brute
from tests.brute import Asked

ADA, BOB, CY = 1, 2, 3
WINDOW = Window.running(0, 100)
CLOSE = 1e-9


def cost(p: float) -> Vector:
    """What a forecast of p for YES costs by Brier, (1, 2): if NO, if YES."""
    return np.array([[p**2, (1 - p) ** 2]])


def table(window: Window = WINDOW) -> tuple[Tally, Seat, Seat]:
    """A question on which nobody has said anything, and the seats of Ada and Bob."""
    return running.fresh(window, 1, 2), running.take(True, 1, 2), running.take(True, 1, 2)


def now(tally: Tally, seat: Seat, at: int, window: Window = WINDOW) -> Prospect:
    return running.prospect(tally, seat, at, window)


# By hand


def test_two_who_differ_stand_to_gain_what_the_other_would_lose() -> None:
    tally, ada, bob = table()

    tally, ada = running.say(tally, ada, 0, cost(0.8))
    tally, bob = running.say(tally, bob, 50, cost(0.4))

    # Ada's .64 or .04 for 75; together for 25, in which Bob's .16 or .36 is beside her own
    found = now(tally, ada, 75)
    assert found.loss.tolist() == [pytest.approx([0.75 * 0.64, 0.75 * 0.04])]
    assert found.peer.tolist() == [pytest.approx([0.25 * -0.48, 0.25 * 0.32])]
    assert (found.coverage, found.presence) == (0.75, 1.0)
    assert now(tally, bob, 75).peer.tolist() == [pytest.approx([0.25 * 0.48, 0.25 * -0.32])]
    assert now(tally, bob, 75).presence == pytest.approx(1 / 3)


def test_what_was_earned_stays_when_the_other_withdraws() -> None:
    tally, ada, bob = table()

    tally, ada = running.say(tally, ada, 0, cost(1.0))
    tally, bob = running.say(tally, bob, 0, cost(0.5))
    tally, bob = running.say(tally, bob, 40, None)

    assert now(tally, ada, 90).peer.tolist() == [pytest.approx([0.4 * -0.75, 0.4 * 0.25])]
    assert now(tally, bob, 90).peer.tolist() == [pytest.approx([0.4 * 0.75, 0.4 * -0.25])]
    assert (now(tally, bob, 90).coverage, now(tally, ada, 90).coverage) == (0.4, 0.9)
    assert (tally.count, bob.losses, bob.until) == (1, None, NEVER)


def test_a_forecast_that_lapses_stands_to_its_expiry_and_not_to_the_next_act() -> None:
    tally, ada, bob = table()

    tally, ada = running.say(tally, ada, 0, cost(1.0))
    tally, bob = running.say(tally, bob, 0, cost(0.5), expires=30)
    tally, bob = running.lapse(tally, bob)
    tally, bob = running.say(tally, bob, 70, cost(0.0))

    # together for 30 at .25 against 0, and for 10 at 1 against 0, if YES
    assert now(tally, bob, 80).loss[0, 1] == pytest.approx(0.3 * 0.25 + 0.1 * 1)
    assert now(tally, ada, 80).peer[0, 1] == pytest.approx(0.3 * 0.25 + 0.1 * 1)
    assert now(tally, bob, 80).coverage == pytest.approx(0.4)


def test_a_bot_is_compared_with_the_persons_and_leaves_no_mark_on_them() -> None:
    tally, ada, bob = table()
    bot = running.take(False, 1, 2)

    tally, bot = running.say(tally, bot, 0, cost(0.0))
    tally, ada = running.say(tally, ada, 20, cost(1.0))
    tally, bob = running.say(tally, bob, 60, cost(0.5))

    # if YES: alone for 20, then beside Ada's 0 for 40, then beside the two's .125 for 40
    assert now(tally, bot, 100).peer[0, 1] == pytest.approx(0.4 * (0 - 1) + 0.4 * (0.125 - 1))
    assert now(tally, ada, 100).peer[0, 1] == pytest.approx(0.4 * 0.25)
    assert tally.count == 2


def test_what_is_said_before_the_opening_counts_from_it_and_at_the_close_for_nothing() -> None:
    window = Window.running(100, 200)
    tally, ada, bob = table(window)

    tally, ada = running.say(tally, ada, 10, cost(0.0))
    tally, ada = running.say(tally, ada, 60, cost(0.5))
    tally, bob = running.say(tally, bob, 200, cost(1.0))
    tally, ada = running.say(tally, ada, 250, cost(1.0))

    found = now(tally, ada, 300, window)
    assert found.loss.tolist() == [pytest.approx([0.25, 0.25])]
    assert found.peer.tolist() == [[0.0, 0.0]]
    assert (found.coverage, found.presence, now(tally, bob, 300, window).coverage) == (1.0, 1.0, 0.0)


def test_nothing_is_won_before_the_opening() -> None:
    window = Window.running(100, 200)
    tally, ada, _ = table(window)

    tally, ada = running.say(tally, ada, 10, cost(0.9))

    found = now(tally, ada, 50, window)
    assert (found.loss.tolist(), found.peer.tolist(), found.coverage) == ([[0.0, 0.0]], [[0.0, 0.0]], 0.0)
    assert np.isnan(found.presence)


def test_of_two_acts_at_one_moment_the_later_counts() -> None:
    tally, ada, bob = table()

    tally, bob = running.say(tally, bob, 0, cost(0.5))
    tally, ada = running.say(tally, ada, 0, cost(0.0))
    tally, ada = running.say(tally, ada, 0, cost(1.0))

    assert now(tally, ada, 100).peer[0, 1] == pytest.approx(0.25)
    assert (tally.count, ada.stood) == (2, 0)


def test_what_has_expired_when_it_is_said_only_ends_what_stood() -> None:
    tally, ada, _ = table()

    tally, ada = running.say(tally, ada, 0, cost(1.0))
    tally, ada = running.say(tally, ada, 40, cost(0.0), expires=40)

    assert (now(tally, ada, 100).coverage, tally.count) == (0.4, 0)


def test_looking_changes_nothing() -> None:
    tally, ada, _ = table()
    tally, ada = running.say(tally, ada, 0, cost(0.3))
    before = running.pack_tally(tally), running.pack_seat(ada)

    for at in (10, 30, 90):
        now(tally, ada, at)

    assert (running.pack_tally(tally), running.pack_seat(ada)) == before


# What is refused


def test_what_comes_out_of_order_is_refused() -> None:
    tally, ada, bob = table()
    tally, ada = running.say(tally, ada, 50, cost(0.5), expires=60)

    with pytest.raises(ValueError, match=r"stands at 50; 49 is earlier. Replay"):
        running.say(tally, bob, 49, cost(0.5))
    with pytest.raises(ValueError, match=r"stands at 50; 49 is earlier"):
        now(tally, ada, 49)
    with pytest.raises(ValueError, match=r"expired at 60, before 61. Let it lapse first"):
        now(tally, ada, 61)
    with pytest.raises(ValueError, match=r"stands at 61; 60 is earlier"):
        running.lapse(running.advance(tally, 61), ada)
    with pytest.raises(ValueError, match=r"Nothing stands here that expires"):
        running.lapse(tally, bob)


@pytest.mark.parametrize("losses", [np.zeros((2, 1)), np.zeros(2), np.array([[0.0, np.nan]]), np.array([[np.inf, 0]])])
def test_losses_that_do_not_fit_are_refused(losses: Vector) -> None:
    tally, ada, _ = table()

    with pytest.raises(ValueError, match=r"are not \(1, 2\) finite numbers"):
        running.say(tally, ada, 0, losses)


def test_a_tally_of_another_window_is_refused() -> None:
    tally, ada, _ = table()

    with pytest.raises(ValueError, match=r"This tally is for 0 to 100, not for .*opens=5"):
        now(tally, ada, 50, Window.running(5, 100))


def test_a_replay_of_columns_that_do_not_fit_is_refused() -> None:
    acts, base = many(2, lambda person: person)

    with pytest.raises(ValueError, match=r"There are 2 acts, but losses \(1, 1, 2\)"):
        running.replay(acts, base, np.zeros((1, 1, 2)), WINDOW)
    with pytest.raises(ValueError, match=r"There are 2 acts, but losses \(2, 2\)"):
        running.replay(acts, base, np.zeros((2, 2)), WINDOW)


# Against plain loops


def prices(asked: Asked) -> Vector:
    """(n, 2, k): what every act costs by Brier and by log, whichever outcome happens."""
    rules = (brute.half_brier, brute.log)
    size = asked.acts.probabilities.shape[1]
    found = [[brute.charged(asked.acts, outcome, rule) for outcome in range(size)] for rule in rules]
    return np.moveaxis(np.array(found), 2, 0)


def until(asked: Asked) -> Asked:
    """The question with the acts up to the end of its window, as who looks at that moment has them."""
    by_then = asked.acts.at <= asked.window.end
    return replace(asked, acts=asked.acts.only(by_then), base=asked.base[by_then])


def prospects(asked: Asked, losses: Vector) -> dict[int, Prospect]:
    """What everybody would get if the outcome became known at the end of the window, by the running state."""
    window, end = asked.window, asked.window.end
    tally, seats = running.replay(asked.acts, asked.base, losses, window)
    for who in sorted(seats, key=lambda who: (seats[who].until, who)):
        if seats[who].until <= end:
            tally, seats[who] = running.lapse(tally, seats[who])
    return {who: running.prospect(tally, seat, end, window) for who, seat in seats.items()}


@settings(deadline=None, max_examples=200)
@given(brute.questions())
def test_the_running_state_equals_plain_loops_for_every_rule_and_outcome(asked: Asked) -> None:
    asked = until(asked)
    losses = prices(asked)

    found = prospects(asked, losses)

    for rule, outcome in np.ndindex(losses.shape[1:]):
        plain = brute.score(asked.acts, asked.base, asked.window, losses[:, rule, outcome])
        assert found.keys() == plain.keys()
        for who, expected in plain.items():
            one = found[who]
            assert one.loss[rule, outcome] == pytest.approx(expected.loss, abs=CLOSE)
            assert one.peer[rule, outcome] == pytest.approx(expected.peer, abs=CLOSE)
            assert one.coverage == pytest.approx(expected.coverage, abs=CLOSE)
            assert one.presence == pytest.approx(expected.presence, abs=CLOSE, nan_ok=True)


@settings(deadline=None, max_examples=100)
@given(brute.questions(), st.booleans())
def test_the_running_state_equals_the_engine_whichever_outcome_happens(asked: Asked, ordered: bool) -> None:
    """Batch and running engine share no step; what the board would show is what the page said beforehand."""
    asked, size = until(asked), asked.acts.probabilities.shape[1]
    rules = (main_rule(ordered), "log")
    by_rule = [[charge(name, asked.acts, outcome, ordered) for outcome in range(size)] for name in rules]

    found = prospects(asked, np.moveaxis(np.array(by_rule), 2, 0))

    for outcome in range(size):
        board = assess(asked.acts, asked.base, asked.window, outcome, Outcomes(size, ordered), -1)
        assert {who for who, one in found.items() if one.coverage} == set(board.forecaster.tolist())
        for place, who in enumerate(board.forecaster.tolist()):
            one, numbers = found[who], {name: column[place] for name, column in board.numbers.items()}
            assert one.loss[:, outcome] == pytest.approx([numbers[name] for name in rules], abs=CLOSE)
            assert one.peer[0, outcome] == pytest.approx(numbers["peer"], abs=CLOSE)
            assert one.peer[1, outcome] * (50 if ordered else 100) == pytest.approx(
                numbers["peer_log"], abs=100 * CLOSE
            )
            assert one.coverage == pytest.approx(board.coverage[place], abs=CLOSE)
            assert one.presence == pytest.approx(board.presence[place], abs=CLOSE)


def test_two_hundred_and_two_bins_are_kept_as_two_are() -> None:
    rng = np.random.default_rng(202)
    acts = Acts(
        rng.choice(np.array(brute.PERSONS + brute.OUTSIDERS), 60),
        np.sort(rng.integers(0, 40, 60)),
        rng.dirichlet(np.full(202, 0.1), 60),
        np.zeros(60, dtype=bool),
        np.where(np.arange(60) % 3, NEVER, 35),
    )
    window = Window.until(10, 40, 38)
    base = np.isin(acts.forecaster, brute.PERSONS)
    asked = until(Asked(acts, base, window, outcome=0))
    losses = prices(asked)

    found = prospects(asked, losses)

    for outcome in (0, 100, 201):
        plain = brute.score(asked.acts, asked.base, window, losses[:, 1, outcome])
        for who, expected in plain.items():
            assert found[who].loss.shape == (2, 202)
            assert found[who].loss[1, outcome] == pytest.approx(expected.loss, abs=CLOSE)
            assert found[who].peer[1, outcome] == pytest.approx(expected.peer, abs=CLOSE)


# Step by step


def steps(asked: Asked, through: Callable[[Tally], Tally] = lambda tally: tally) -> tuple[Tally, dict[int, Seat]]:
    """The acts said one by one in time order, as whoever keeps the state in a table does; `through` is the table."""
    acts, losses = asked.acts, prices(asked)
    tally, seats = running.fresh(asked.window, *losses.shape[1:]), dict[int, Seat]()
    for row in sorted(range(len(acts.at)), key=lambda row: (acts.at[row], row)):
        at, who = int(acts.at[row]), int(acts.forecaster[row])
        for other in sorted(seats, key=lambda other: (seats[other].until, other)):
            if seats[other].until <= at:
                tally, seats[other] = running.lapse(through(tally), seats[other])
        seat = seats.get(who, running.take(bool(asked.base[row]), *losses.shape[1:]))
        said = None if acts.withdrawn[row] else losses[row]
        tally, seats[who] = running.say(through(tally), seat, at, said, int(acts.expires[row]))
    return tally, seats


def as_bytes(state: tuple[Tally, dict[int, Seat]]) -> tuple[bytes, dict[int, bytes]]:
    tally, seats = state
    return running.pack_tally(tally), {who: running.pack_seat(seat) for who, seat in seats.items()}


@settings(deadline=None, max_examples=100)
@given(brute.questions())
def test_a_replay_is_the_same_to_the_last_bit_as_the_steps_one_by_one(asked: Asked) -> None:
    kept = steps(asked, lambda tally: running.unpack_tally(running.pack_tally(tally)))

    replayed = running.replay(asked.acts, asked.base, prices(asked), asked.window)

    assert as_bytes(replayed) == as_bytes(kept)


@settings(deadline=None, max_examples=50)
@given(brute.questions(), st.randoms(use_true_random=False))
def test_acts_recorded_late_are_replayed_to_where_they_belong(asked: Asked, random: Random) -> None:
    """Acts of different moments may come in any order."""
    rows = np.unique(asked.acts.at, return_index=True)[1].tolist()
    acts, base, losses = asked.acts, asked.base, prices(asked)
    one = running.replay(_taken(acts, rows), base[rows], losses[rows], asked.window)
    random.shuffle(rows)

    other = running.replay(_taken(acts, rows), base[rows], losses[rows], asked.window)

    assert as_bytes(one) == as_bytes(other)


def _taken(acts: Acts, rows: list[int]) -> Acts:
    return Acts(*(getattr(acts, field.name)[rows] for field in fields(Acts)))


# Kept as bytes


@settings(deadline=None, max_examples=50)
@given(brute.questions())
def test_what_is_packed_comes_back_bit_by_bit(asked: Asked) -> None:
    tally, seats = running.replay(asked.acts, asked.base, prices(asked), asked.window)

    pairs: list[tuple[Tally, Tally] | tuple[Seat, Seat]] = [(tally, running.unpack_tally(running.pack_tally(tally)))]
    pairs += [(seat, running.unpack_seat(running.pack_seat(seat))) for seat in seats.values()]
    for one, again in pairs:
        for field in fields(one):
            before, after = getattr(one, field.name), getattr(again, field.name)
            assert np.array_equal(before, after)
            assert type(before) is type(after)


def test_the_bytes_are_what_they_are_said_to_be() -> None:
    tally, ada, _ = table()
    tally, ada = running.say(tally, ada, 50, cost(0.5))

    assert running.pack_tally(tally)[:10] == b"T\x01" + (1).to_bytes(8, "little")
    assert np.frombuffer(running.pack_seat(ada)[-32:-16], "<f8").tolist() == [0.25, 0.25]
    assert len(running.pack_tally(tally)) == 66 + 32 * 2
    assert (len(running.pack_seat(ada)), len(running.pack_seat(table()[1]))) == (66 + 32 * 2, 66 + 16 * 2)


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda packed: b"",
    "half a mark": lambda packed: packed[:1],
    "another mark": lambda packed: b"X" + packed[1:],
    "another version": lambda packed: packed[:1] + b"\x02" + packed[2:],
    "half a head": lambda packed: packed[:40],
    "a number short": lambda packed: packed[:-8],
    "a byte short": lambda packed: packed[:-1],
    "an array more": lambda packed: packed + packed[-16:],
    "no rules": lambda packed: packed[:2] + (0).to_bytes(8, "little") + packed[10:],
}


@pytest.mark.parametrize("how", SPOILT)
def test_bytes_that_are_no_state_are_refused(how: str) -> None:
    tally, ada, _ = table()
    tally, ada = running.say(tally, ada, 50, cost(0.5))

    with pytest.raises(ValueError, match="These bytes"):
        running.unpack_tally(SPOILT[how](running.pack_tally(tally)))
    with pytest.raises(ValueError, match="These bytes"):
        running.unpack_seat(SPOILT[how](running.pack_seat(ada)))


def test_a_seat_is_no_tally() -> None:
    tally, ada, _ = table()

    with pytest.raises(ValueError, match="These bytes begin with b'S"):
        running.unpack_tally(running.pack_seat(ada))
    with pytest.raises(ValueError, match="These bytes begin with b'T"):
        running.unpack_seat(running.pack_tally(tally))


# How much there is to do


def many(people: int, at: Callable[[int], int]) -> tuple[Acts, np.ndarray]:
    """One forecast by each of so many, of rising probabilities."""
    yes = np.linspace(0, 1, people)
    who, when = np.arange(people), np.array([at(person) for person in range(people)])
    acts = Acts(who, when, np.column_stack([1 - yes, yes]), np.zeros(people, dtype=bool), np.full(people, NEVER))
    return acts, np.ones(people, dtype=bool)


@pytest.mark.parametrize("people", [1, 10, 1_000])
def test_an_act_touches_one_seat_and_a_tally_that_does_not_grow(people: int) -> None:
    """So its work does not depend on how many others there are: nothing else is even handed to it."""
    acts, base = many(people, lambda person: person)
    losses = np.stack([acts.probabilities[:, ::-1] ** 2], axis=1)

    tally, seats = running.replay(acts, base, losses, Window.running(0, 2_000))
    after, seat = running.say(tally, seats[0], 1_500, losses[0])

    assert len(running.pack_tally(after)) == 66 + 32 * 2
    assert len(running.pack_seat(seat)) == 66 + 32 * 2
    assert set(signature(running.say).parameters) == {"tally", "seat", "at", "losses", "expires"}
    assert set(signature(running.lapse).parameters) == {"tally", "seat"}


def test_thousands_who_came_and_went_leave_no_dust_behind() -> None:
    """5,000 leave two behind who lose .1 and .3; a sum without its rounding errors would be off by 8e-11 after that."""
    rng = np.random.default_rng(7)
    tally, ada, bob = table()
    tally, ada = running.say(tally, ada, 0, np.array([[0.1, 0.1]]))
    tally, bob = running.say(tally, bob, 0, np.array([[0.3, 0.3]]))
    crowd, naive = [running.take(True, 1, 2) for _ in range(5_000)], 0.1 + 0.3
    surprises = -np.log(rng.random(5_000) / 1_000)
    for step in (1, -1):
        for place in rng.permutation(5_000):
            said = None if step < 0 else np.full((1, 2), surprises[place])
            tally, crowd[place] = running.say(tally, crowd[place], 0, said)
            naive += step * surprises[place]

    assert now(tally, ada, 100).peer[0] == pytest.approx([0.2, 0.2], abs=1e-15)
    assert abs(naive - 0.4) > 1e-13
