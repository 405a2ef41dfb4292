"""What somebody said, whoever it is: a person, a bot, a crowd, the one who always says the same."""

import numpy as np
import pytest

from forecasts import history, speech
from forecasts.database import Database
from forecasts.models import CROWD, CROWDS, EVEN, Forecaster
from forecasts.speech import Speech
from forecasts.timeline import NEVER
from questions.models import Question
from tests.cast import HOUR, NOON, MovedClock, called, draft, fresh, join, other, publish, put, resolve, say, take_back

OPENS = history.ticks(NOON)
AN_HOUR = 3600 * 1_000_000


def said(database: Database, who: Forecaster, *questions: Question) -> dict[int, Speech]:
    with database.reading() as session:
        return dict(speech.of(session, who, [fresh(database, one) for one in questions]))


def hours(found: Speech) -> list[float]:
    return [(at - OPENS) / AN_HOUR for at in found.acts.at.tolist()]


def test_a_person_said_every_act_with_its_entry(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    (wind, calm) = publish(database, draft("wind", "choice"), draft("calm"), within="more")  # entries 3, 4, 5
    put(database, ada, rain, 0.3, expires_at=NOON + 2 * HOUR)
    say(database, bob, rain, 0.9)
    clock.moment += HOUR
    say(database, ada, wind, 0.2, 0.3, 0.5)
    take_back(database, ada, rain)

    found = said(database, ada, rain, wind, calm)

    assert found.keys() == {rain.id, wind.id}
    of_rain = found[rain.id]
    assert (of_rain.entry.tolist(), hours(of_rain)) == ([6, 9], [0, 1])
    assert of_rain.acts.forecaster.tolist() == [ada.id] * 2
    assert of_rain.acts.withdrawn.tolist() == [False, True]
    assert of_rain.acts.expires.tolist() == [OPENS + 2 * AN_HOUR, NEVER]
    assert of_rain.acts.probabilities[0].tolist() == [0.7, 0.3]
    assert np.isnan(of_rain.acts.probabilities[1]).all()
    assert found[wind.id].acts.probabilities.tolist() == [[0.2, 0.3, 0.5]]
    assert said(database, ada, wind).keys() == {wind.id}


def test_who_said_nothing_is_not_there(database: Database, rain: Question, mo: Forecaster) -> None:
    assert said(database, mo, rain) == {}
    assert said(database, called(database, CROWD), rain) == {}


@pytest.mark.parametrize("settled", [False, True], ids=["undecided", "resolved"])
def test_a_crowd_says_what_its_aggregate_is_of_the_persons(
    database: Database,
    clock: MovedClock,
    rain: Question,
    ada: Forecaster,
    bob: Forecaster,
    mo: Forecaster,
    settled: bool,
) -> None:
    """Three say 10%, 20% and 90%, after a bot that says 99% and is in no crowd.

    The odds 1/9, 1/4 and 9 have 1/6 and ∛(1/4) as their geometric means; of three the latest weighs under half.
    """
    say(database, other(database, "Bot"), rain, 0.99)
    for who, yes in ((ada, 0.1), (bob, 0.2), (join(database, "Cy"), 0.9)):
        say(database, who, rain, yes)
        clock.moment += HOUR
    if settled:
        resolve(database, mo, rain, 1)

    crowds = {handle: said(database, called(database, handle), rain)[rain.id] for handle in CROWDS}

    root = 0.25 ** (1 / 3)
    due = {CROWD: [0.1, 0.15, 0.2], "crowd-mean": [0.1, 0.15, 0.4], "crowd-odds": [0.1, 1 / 7, root / (1 + root)]}
    due["crowd-recent"] = [0.1, 0.15, 0.2]
    for handle, found in crowds.items():
        assert hours(found) == [0, 1, 2]
        assert found.acts.probabilities[:, 1].tolist() == pytest.approx(due[handle])
        assert found.entry.tolist() == [0, 0, 0]  # nobody's forecasts have no entry
        assert set(found.acts.forecaster.tolist()) == {called(database, handle).id}


def test_the_one_who_always_says_the_same_says_it_from_the_opening(database: Database) -> None:
    (wind,) = publish(database, draft("wind", "choice"))

    found = said(database, called(database, EVEN), wind)[wind.id]

    assert (hours(found), found.entry.tolist()) == ([0], [0])
    assert found.acts.probabilities.tolist() == [[1 / 3] * 3]
