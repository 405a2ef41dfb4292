"""Which forecasts count for calibration: changed ones, that stood for some time within their question's window."""

import numpy as np
import pytest

from forecasts import cases, history
from forecasts.cases import Spoken
from forecasts.database import Database
from forecasts.models import CROWD, EVEN, Forecaster
from questions import catalog
from questions.models import Question
from tests.cast import (
    HOUR,
    NOON,
    MovedClock,
    annul,
    called,
    draft,
    other,
    publish,
    put,
    reopen,
    resolve,
    say,
    take_back,
)

NO, YES = 0, 1
OPENS = history.ticks(NOON)
AN_HOUR = 3600 * 1_000_000


def spoken(database: Database, who: Forecaster | None) -> Spoken:
    with database.reading() as session:
        return cases.spoken(session, who, catalog.listed(session))


def told(found: Spoken) -> list[tuple[float, float]]:
    """Hours after the opening, and the probability of yes."""
    yes = [float(vector[1]) for vector in found.vectors]
    return list(zip(((found.at - OPENS) / AN_HOUR).tolist(), yes, strict=True))


def say_at(database: Database, who: Forecaster, question: Question, hours: float, *yes: float, until: float = 0) -> int:
    """Recorded whenever the clock says; said that many hours after noon."""
    expires = NOON + until * HOUR if until else None
    return put(database, who, question, *yes, made_at=NOON + hours * HOUR, expires_at=expires).entry


@pytest.fixture
def said(database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster) -> Question:
    """Ada on rain, which was known of at eight and planned until ten; entries 3 to 12."""
    clock.moment = NOON + 9.5 * HOUR
    for hours, *yes in (
        (-2, 0.3),
        (-1, 0.4),
        (1, 0.4),
        (2, 0.6),
        (2, 0.7),
        (3,),
        (5, 0.7),
        (7, 0.9),
        (8, 0.1),
        (9, 0.2),
    ):
        say_at(database, ada, rain, hours, *yes)
    resolve(database, mo, rain, YES, known_at=NOON + 8 * HOUR)
    return rain


def test_what_changed_and_stood_within_the_window_counts(database: Database, said: Question, ada: Forecaster) -> None:
    found = spoken(database, ada)

    # .3 was replaced before the opening, .4 counts from it and was said again; .6 was replaced at once; .7 was taken
    # back and said again; what was said when the outcome was known, or later, says nothing
    assert told(found) == [(0, 0.4), (2, 0.7), (7, 0.9)]
    assert found.entry.tolist() == [4, 7, 10]
    assert found.question.tolist() == [said.id] * 3
    assert found.forecaster.tolist() == [ada.id] * 3
    assert found.outcomes.tolist() == [YES] * 3
    assert found.series.tolist() == found.groups.tolist() == [0] * 3


def test_what_expired_before_the_opening_or_at_once_never_counted(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    clock.moment = NOON + 9 * HOUR
    say_at(database, ada, rain, -3, 0.1, until=-1)
    say_at(database, ada, rain, -0.5, 0.2, until=0.5)
    say_at(database, ada, rain, 1, 0.3, until=1)
    say_at(database, ada, rain, 2, 0.4, until=3)
    resolve(database, mo, rain, NO)

    assert told(spoken(database, ada)) == [(0, 0.2), (2, 0.4)]


def test_who_takes_back_before_the_opening_said_nothing(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    clock.moment = NOON + HOUR
    say_at(database, ada, rain, -3, 0.1)
    say_at(database, ada, rain, -1)
    resolve(database, mo, rain, NO)

    found = spoken(database, ada)

    assert (len(found.question), found.vectors, len(found.groups)) == (0, [], 0)
    assert len(cases.binary(found).p) == len(cases.choice(found).p) == 0


def test_what_was_recorded_out_of_order_counts_in_the_order_of_time(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    clock.moment = NOON + 5 * HOUR
    say_at(database, ada, rain, 4, 0.9)
    say_at(database, ada, rain, 1, 0.2)
    resolve(database, mo, rain, YES)

    assert told(spoken(database, ada)) == [(1, 0.2), (4, 0.9)]


def test_only_what_is_resolved_counts(database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster) -> None:
    asked = publish(database, *map(draft, ("rain", "wind", "hail", "snow")))
    for question in asked:
        say(database, ada, question, 0.8)
    clock.moment += HOUR
    resolve(database, mo, asked[0], YES)
    annul(database, mo, asked[1])
    resolve(database, mo, asked[2], YES)
    reopen(database, mo, asked[2])

    for who in (ada, None):
        assert spoken(database, who).question.tolist() == [asked[0].id]


def test_everybody_is_all_persons_each_a_series_of_their_own(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    rain, wind, snow = publish(database, draft("rain", group="storm"), draft("wind", group="storm"), draft("snow"))
    bot = other(database, "Bot")
    for who, question, yes in (
        (bob, rain, 0.4),
        (ada, rain, 0.8),
        (bot, rain, 0.9),
        (ada, wind, 0.3),
        (ada, snow, 0.2),
    ):
        say(database, who, question, yes)
    clock.moment += HOUR
    say(database, bob, rain, 0.5)
    clock.moment += HOUR
    for question, outcome in ((rain, YES), (wind, NO), (snow, NO)):
        resolve(database, mo, question, outcome)

    found = spoken(database, None)

    rows = list(zip(found.question.tolist(), found.forecaster.tolist(), found.entry.tolist(), strict=True))
    assert rows == [
        (rain.id, ada.id, 6), (rain.id, bob.id, 5), (rain.id, bob.id, 10), (wind.id, ada.id, 8), (snow.id, ada.id, 9),
    ]  # fmt: skip
    assert found.series.tolist() == [0, 1, 1, 2, 3]
    assert [len(set(found.groups[:4].tolist())), len(set(found.groups.tolist()))] == [1, 2]
    given = cases.binary(found)
    assert given.p.tolist() == pytest.approx([0.8, 0.4, 0.5, 0.3, 0.2])
    assert given.y.tolist() == [1, 1, 1, 0, 0]
    assert (given.question.tolist(), given.series.tolist()) == (found.groups.tolist(), found.series.tolist())
    assert [len(spoken(database, who).question) for who in (ada, bob, bot)] == [3, 2, 1]


def test_a_choice_gives_a_case_for_each_outcome(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    (wind,) = publish(database, draft("wind", "choice"), within="more")
    say(database, ada, rain, 0.8)
    say(database, ada, wind, 0.5, 0.3, 0.2)
    clock.moment += HOUR
    say(database, ada, wind, 0.5, 0.2, 0.3)  # the first is as it was: a change all the same
    clock.moment += HOUR
    resolve(database, mo, rain, YES)
    resolve(database, mo, wind, 2)

    found = spoken(database, ada)
    given = cases.choice(found.of_kind("choice"))

    assert given.p.tolist() == [0.5, 0.3, 0.2, 0.5, 0.2, 0.3]
    assert given.y.tolist() == [0, 0, 1, 0, 0, 1]
    assert given.outcome.tolist() == [0, 1, 2, 0, 1, 2]
    assert len(set(given.series.tolist())) == len(set(given.question.tolist())) == 1
    assert told(found.of_kind("binary")) == [(0, 0.8)]
    assert len(found.of_kind("binary", "choice").question) == 3
    assert len(found.of_kind("date").question) == 0
    assert found.only(np.array([False, False, True])).entry.tolist() == [found.entry[2]]


def test_the_crowd_and_who_always_says_the_same_are_judged_alike(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.2)
    clock.moment += HOUR
    say(database, bob, rain, 0.6)
    clock.moment += HOUR
    take_back(database, bob, rain)
    clock.moment += HOUR
    say(database, bob, rain, 0.2)  # the crowd is of more, and says the same
    clock.moment += HOUR
    resolve(database, mo, rain, NO)

    crowd, even = (spoken(database, called(database, handle)) for handle in (CROWD, EVEN))

    assert told(crowd) == [(0, 0.2), (1, pytest.approx(0.4)), (2, 0.2)]
    assert told(even) == [(0, 0.5)]
    assert crowd.entry.tolist() == [0, 0, 0]


def test_chosen_questions_come_with_their_resolutions(database: Database, said: Question) -> None:
    publish(database, draft("wind"), within="more")

    with database.reading() as session:
        (found,) = cases.chosen(session, {said.id})
        assert cases.chosen(session, set()) == []

    assert (found.question.slug, found.resolution and found.resolution.outcome) == ("rain", YES)
