"""Saying it again, taking it back, and letting it lapse: each is an act of its own, and nothing is overwritten."""

from datetime import timedelta

import numpy as np
import pytest

from forecasts import ledger, verification
from forecasts.database import Database
from forecasts.models import Forecast, Forecaster
from questions.errors import InvalidAnswer, QuestionNotOpen
from questions.models import Question
from tests.cast import HOUR, NOON, MovedClock, draft, entries, kinds, publish, put, say, take_back

MINUTE = timedelta(minutes=1)


def stands(database: Database, who: Forecaster, question: Question) -> list[float] | None:
    """What somebody has standing now, None where nothing does."""
    with database.reading() as session:
        found = ledger.standing(session, who, question, database.clock.now())
        return None if found is None else found.probabilities.tolist()


def undo(database: Database, who: Forecaster, question: Question) -> Forecast:
    with database.writing() as (session, moment):
        return ledger.undo(session, who, question, moment)


def reaffirm(database: Database, who: Forecaster, question: Question) -> Forecast:
    with database.writing() as (session, moment):
        return ledger.reaffirm(session, who, question, moment)


def holds(database: Database) -> bool:
    with database.reading() as session:
        return len(list(verification.verify(session))) == 4


def test_what_was_undone_gives_way_to_what_stood_before(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    say(database, ada, rain, 0.25)
    clock.moment += MINUTE
    wrong = say(database, ada, rain, 0.75)

    undone = undo(database, ada, rain)

    assert stands(database, ada, rain) == [0.75, 0.25]
    assert (undone.undoes, undone.made_at) == (wrong.entry, clock.moment)
    assert kinds(database)[-3:] == ["forecast", "forecast", "forecast"]
    assert f'"undoes":{wrong.entry}' in str(entries(database)[-1].content)
    assert holds(database)


def test_what_had_nothing_before_it_is_withdrawn(database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.25)

    undo(database, ada, rain)

    assert stands(database, ada, rain) is None
    assert kinds(database)[-1] == "withdrawal"
    assert holds(database)


def test_a_withdrawal_is_undone_too(database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.25)
    take_back(database, ada, rain)

    undo(database, ada, rain)

    assert stands(database, ada, rain) == [0.75, 0.25]


def test_undoing_goes_back_step_by_step_and_on_from_there(database: Database, rain: Question, ada: Forecaster) -> None:
    for yes in (0.25, 0.5, 0.75):
        say(database, ada, rain, yes)

    undo(database, ada, rain)
    undo(database, ada, rain)
    assert stands(database, ada, rain) == [0.75, 0.25]

    say(database, ada, rain, 1.0)
    undo(database, ada, rain)
    assert stands(database, ada, rain) == [0.75, 0.25]

    undo(database, ada, rain)
    assert stands(database, ada, rain) is None
    with pytest.raises(QuestionNotOpen, match="nothing on “What of the rain\\?” within the last hour"):
        undo(database, ada, rain)


def test_an_hour_later_nothing_is_undone(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    say(database, ada, rain, 0.25)
    clock.moment += HOUR
    say(database, bob, rain, 0.5)
    undo(database, ada, rain)
    say(database, ada, rain, 0.25)
    clock.moment += HOUR + timedelta(microseconds=1)

    with pytest.raises(QuestionNotOpen, match="within the last hour"):
        undo(database, ada, rain)

    assert stands(database, ada, rain) == [0.75, 0.25]


def test_what_expired_meanwhile_does_not_come_back(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    put(database, ada, rain, 0.25, expires_at=NOON + 2 * MINUTE)
    clock.moment += MINUTE
    say(database, ada, rain, 0.75)
    clock.moment += MINUTE

    undo(database, ada, rain)

    assert stands(database, ada, rain) is None


def test_what_comes_back_expires_when_it_was_to(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    put(database, ada, rain, 0.25, expires_at=NOON + HOUR)
    clock.moment += MINUTE
    say(database, ada, rain, 0.75)

    assert undo(database, ada, rain).expires_at == NOON + HOUR


def test_a_closed_question_lets_nothing_be_undone(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    clock.moment = rain.closes_at - MINUTE
    say(database, ada, rain, 0.25)
    clock.moment = rain.closes_at

    with pytest.raises(QuestionNotOpen, match="took forecasts until"):
        undo(database, ada, rain)


def test_saying_it_again_is_an_act_and_renews_what_expires(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    put(database, ada, rain, 0.25, expires_at=NOON + HOUR)
    clock.moment += 3 * HOUR
    assert stands(database, ada, rain) is None

    again = reaffirm(database, ada, rain)

    assert again.probabilities.tolist() == [0.75, 0.25]
    assert (again.made_at, again.expires_at) == (NOON + 3 * HOUR, NOON + 4 * HOUR)
    assert kinds(database)[-2:] == ["forecast", "forecast"]


def test_what_was_never_said_or_was_withdrawn_is_not_said_again(
    database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    say(database, ada, rain, 0.25)
    take_back(database, ada, rain)

    for who in (ada, bob):
        with pytest.raises(QuestionNotOpen, match="You have no forecast on “What of the rain\\?” to say again"):
            reaffirm(database, who, rain)


def test_a_set_gives_forecasts_a_share_of_the_questions_time(database: Database, ada: Forecaster) -> None:
    """The question is open for ten hours, so a quarter of that is two and a half."""
    (rain,) = publish(database, draft("rain"), expires_after=0.25)

    assert say(database, ada, rain, 0.25).expires_at == NOON + 2.5 * HOUR
    with database.writing() as (session, moment):
        chosen = ledger.record(session, ada, rain, np.array([0.5, 0.5]), moment, expires_at=NOON + 7 * HOUR)
    assert chosen.expires_at == NOON + 7 * HOUR
    assert holds(database)


def test_a_forecast_says_why_and_until_when(database: Database, rain: Question, ada: Forecaster) -> None:
    with database.writing() as (session, moment):
        half = np.array([0.5, 0.5])
        made = ledger.record(session, ada, rain, half, moment, expires_at=NOON + HOUR, rationale="Clouds.")

    assert (made.expires_at, made.rationale) == (NOON + HOUR, "Clouds.")
    assert '"rationale":"Clouds."' in str(entries(database)[-1].content)
    assert holds(database)


def test_no_forecast_is_taken_that_is_over_already(database: Database, rain: Question, ada: Forecaster) -> None:
    refused = pytest.raises(InvalidAnswer, match="2 March 2026, 12:00 UTC is over already")
    with refused, database.writing() as (session, moment):
        ledger.record(session, ada, rain, np.array([0.5, 0.5]), moment, expires_at=NOON)

    assert "forecast" not in kinds(database)
