"""What was said, read out of the tables without losing an instant or a bit, and the crowd kept until the next act."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasts import crowd, history, ledger
from forecasts.database import Database
from forecasts.history import LARGEST, KeptPaths
from forecasts.models import Forecaster
from forecasts.timeline import NEVER, Window
from questions.models import Question
from tests.cast import (
    DAY,
    HOUR,
    NOON,
    MovedClock,
    draft,
    fresh,
    join,
    publish,
    reopen,
    resolve,
    rows,
    say,
    take_back,
)

YES = 1
INSTANT = timedelta(microseconds=1)
SECOND = 1_000_000


def crowd_now(database: Database, question: Question) -> crowd.Path:
    with database.reading() as session:
        return history.crowd_of(session, session.get_one(Question, question.id))


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_comes_back_from_its_ticks(moment: datetime) -> None:
    assert history.moment_of(history.ticks(moment)) == moment


def test_ticks_are_microseconds_since_1970() -> None:
    # 20,514 days from 1 January 1970 to 2 March 2026, and half a day
    assert history.ticks(NOON) == (20_514 * 24 + 12) * 3600 * SECOND
    assert history.ticks(datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)) == -1


def test_acts_are_read_in_the_order_of_the_journal(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    say(database, ada, rain, 0.1)
    clock.moment += INSTANT
    say(database, bob, rain, 0.9)
    take_back(database, ada, rain)

    with database.reading() as session:
        said = history.read(session, rain)

    assert said.acts.forecaster.tolist() == [ada.id, bob.id, ada.id]
    assert (said.acts.at - history.ticks(NOON)).tolist() == [0, 1, 1]
    assert said.acts.probabilities[:2].tolist() == [[0.9, 0.1], [1 - 0.9, 0.9]]
    assert np.isnan(said.acts.probabilities[2]).all()
    assert said.acts.withdrawn.tolist() == [False, False, True]
    assert said.acts.expires.tolist() == [NEVER] * 3
    assert said.persons.tolist() == [True] * 3


def test_an_expiry_is_read_with_its_act(database: Database, rain: Question, ada: Forecaster) -> None:
    with database.writing() as (session, moment):
        said = {"made_at": moment, "expires_at": NOON + HOUR, "probabilities": np.array([0.5, 0.5])}
        ledger._add(session, ada, rain, moment, **said)

    with database.reading() as session:
        acts = history.read(session, rain).acts
    assert (acts.expires - history.ticks(NOON)).tolist() == [3600 * SECOND]
    assert crowd_now(database, rain).count.tolist() == [1, 0]


def test_a_question_of_which_nobody_spoke_has_no_acts_and_no_crowd(database: Database) -> None:
    (wind,) = publish(database, draft("wind", "choice"))

    with database.reading() as session:
        said = history.read(session, wind)

    assert said.acts.probabilities.shape == (0, 3)
    assert crowd_now(database, wind).count.tolist() == []


def test_floats_come_back_bit_by_bit(database: Database, ada: Forecaster) -> None:
    (wind,) = publish(database, draft("wind", "choice"))
    vector = (0.1 + 0.2, 1 / 3, 1 - (0.1 + 0.2) - 1 / 3)
    say(database, ada, wind, *vector)

    with database.reading() as session:
        assert history.read(session, wind).acts.probabilities.tobytes() == np.array([vector]).tobytes()


def test_only_persons_are_the_crowd(database: Database, rain: Question, ada: Forecaster) -> None:
    with database.writing() as (session, moment):
        bot = Forecaster(pseudonym="bot", handle="bot", name="Bot", kind="bot", joined_at=moment)
        session.add(bot)
    say(database, ada, rain, 0.2)
    say(database, bot, rain, 0.8)

    with database.reading() as session:
        said = history.read(session, rain)

    assert said.persons.tolist() == [True, False]
    assert said.crowd(ordered=False).middle.tolist() == [[0.8, 0.2]]


def test_the_window_runs_to_the_close_or_to_when_it_was_known(rain: Question) -> None:
    opens, hour = history.ticks(NOON), 3600 * SECOND

    assert history.window_of(rain) == Window(opens, opens + 10 * hour, opens + 10 * hour)
    assert history.window_of(rain, NOON + 4 * HOUR) == Window(opens, opens + 10 * hour, opens + 4 * hour)
    assert history.window_of(rain, NOON + DAY) == Window(opens, opens + 10 * hour, opens + 10 * hour)


def test_the_crowd_is_kept_until_the_next_act(database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.2)
    first = crowd_now(database, rain)
    again = crowd_now(database, rain)

    say(database, ada, rain, 0.6)
    later = crowd_now(database, rain)

    assert again is first
    assert first.middle[-1].tolist() == [0.8, 0.2]
    assert later.middle[-1].tolist() == [0.4, 0.6]


def test_a_reader_of_an_earlier_state_sees_the_crowd_of_it(database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.2)
    with database.reading() as session:
        question = session.get_one(Question, rain.id)
        say(database, ada, rain, 0.6)
        newer = crowd_now(database, rain)

        older = history.crowd_of(session, question)

    assert newer.middle[-1].tolist() == [0.4, 0.6]
    assert older.middle[-1].tolist() == [0.8, 0.2]
    assert crowd_now(database, rain).middle[-1].tolist() == [0.4, 0.6]


def test_no_more_crowds_are_kept_than_memory_is_for(database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.2)
    crowd_now(database, rain)
    kept, one = database.crowds, database.crowds.size
    kept.size = LARGEST - one + 1

    say(database, ada, rain, 0.4)
    crowd_now(database, rain)

    assert one == 8 + 8 + 3 * 2 * 8  # a moment, a count, and three vectors of two
    assert (list(kept.paths), kept.size) == ([(rain.id, 2)], one)


def test_crowds_are_kept_up_to_the_very_last_byte() -> None:
    path = crowd.Path(np.zeros(1, int), np.ones(1, int), *(np.zeros((1, 2)),) * 3)
    kept = KeptPaths({}, LARGEST - 64)

    kept.add((1, 0), path)
    assert (list(kept.paths), kept.size) == ([(1, 0)], LARGEST)
    kept.add((2, 0), path)

    assert (list(kept.paths), kept.size) == ([(2, 0)], 64)


def test_the_crowd_of_a_settled_question_is_the_one_it_was_settled_with(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    others = [join(database, f"person-{number}") for number in range(3)]
    for number, who in enumerate([ada, *others]):
        clock.moment += HOUR
        say(database, who, rain, number / 8)
    clock.moment += HOUR
    take_back(database, ada, rain)
    before = crowd_now(database, rain)

    resolve(database, mo, rain, YES)
    after = crowd_now(database, rain)

    ((question, *columns),) = rows(database, "crowd_path")
    assert (question, len(before.at)) == (rain.id, 5)
    assert [len(column) for column in columns] == [5 * 8, 5 * 8, *[5 * 2 * 8] * 3]
    for name in ("at", "count", "middle", "lower", "upper"):
        assert np.array_equal(getattr(before, name), getattr(after, name), equal_nan=True)


def test_a_crowd_that_everybody_left_comes_back_as_nobody(
    database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster
) -> None:
    (warmth,) = publish(database, draft("warmth", "number"))
    say(database, ada, warmth, 0.2, 0.3, 0.5)
    clock.moment += HOUR
    take_back(database, ada, warmth)

    resolve(database, mo, warmth, 1)
    settled = crowd_now(database, warmth)

    assert settled.count.tolist() == [1, 0]
    assert settled.middle[0].tolist() == [0.2, 0.3, 0.5]
    assert np.isnan(settled.middle[1]).all()
    assert np.isnan(settled.lower).all()
    assert settled.lower.shape == (2, 3)
    assert rows(database, "crowd_path")[0][-2:] == (None, None)  # quartiles of bins say nothing, and take no room


def test_after_reopening_the_crowd_goes_on_from_what_was_said(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.2)
    resolve(database, mo, rain, YES)
    reopen(database, mo, rain)
    clock.moment += HOUR
    say(database, bob, rain, 0.6)

    path = crowd_now(database, rain)

    assert path.count.tolist() == [1, 2]
    assert path.middle[-1].tolist() == pytest.approx([0.6, 0.4], abs=1e-12)
    assert fresh(database, rain).revision == 4
