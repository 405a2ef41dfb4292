"""Two side by side: what each lost while both stood, for how long that was, and what both said last."""

import numpy as np
import pytest

from forecasts import history, pairing
from forecasts.database import Database
from forecasts.models import CROWD, EVEN, Forecaster
from forecasts.pairing import Pair
from questions import catalog
from questions.models import Question
from tests.cast import HOUR, NOON, MovedClock, annul, called, draft, publish, put, resolve, say, take_back

NO, YES = 0, 1


def exactly(value: object) -> object:
    return pytest.approx(value, rel=0, abs=1e-12)


def pairs(database: Database, first: Forecaster, second: Forecaster) -> list[Pair]:
    with database.reading() as session:
        return pairing.pairs(session, first, second, catalog.listed(session))


@pytest.fixture
def day(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> Question:
    """Ada 80% from noon on; Bob 40% from three to six, 60% from seven on; known at eight, planned until ten."""
    say(database, ada, rain, 0.8)
    clock.moment = NOON + 3 * HOUR
    say(database, bob, rain, 0.4)
    clock.moment = NOON + 6 * HOUR
    take_back(database, bob, rain)
    clock.moment = NOON + 7 * HOUR
    say(database, bob, rain, 0.6)
    clock.moment = NOON + 9 * HOUR
    say(database, bob, rain, 0.1)  # too late to count
    resolve(database, mo, rain, YES, known_at=NOON + 8 * HOUR)
    return rain


def test_both_are_charged_for_the_time_for_which_both_stood(
    database: Database, day: Question, ada: Forecaster, bob: Forecaster
) -> None:
    (pair,) = pairs(database, ada, bob)

    # three hours of .04 and .36, one of .04 and .16, out of ten
    assert pair.losses == exactly((0.4 * 0.04, 0.3 * 0.36 + 0.1 * 0.16))
    assert pair.difference == exactly(0.016 - 0.124)
    assert pair.shared == exactly(0.4)
    assert [vector[1] for vector in pair.last] == exactly([0.8, 0.6])
    assert (pair.question.slug, pair.known_at) == ("rain", NOON + 8 * HOUR)


def test_the_other_way_round_everything_turns(
    database: Database, day: Question, ada: Forecaster, bob: Forecaster
) -> None:
    (one,), (turned,) = pairs(database, ada, bob), pairs(database, bob, ada)

    assert turned.difference == -one.difference
    assert turned.losses == one.losses[::-1]
    assert [vector.tolist() for vector in turned.last] == [vector.tolist() for vector in one.last[::-1]]


def test_the_last_words_are_those_of_the_last_instant_at_which_both_stood(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    put(database, bob, rain, 0.4, expires_at=NOON + 2 * HOUR)
    say(database, ada, rain, 0.3)
    clock.moment = NOON + HOUR
    say(database, ada, rain, 0.5)
    clock.moment = NOON + 3 * HOUR
    say(database, ada, rain, 0.9)  # Bob's has expired by then
    resolve(database, mo, rain, YES)

    (pair,) = pairs(database, ada, bob)

    assert [vector[1] for vector in pair.last] == exactly([0.5, 0.4])
    assert pair.shared == exactly(0.2)
    assert pair.losses == exactly((0.1 * 0.49 + 0.1 * 0.25, 0.2 * 0.36))


def test_who_never_stood_at_once_are_no_pair(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.8)
    clock.moment += HOUR
    take_back(database, ada, rain)
    say(database, bob, rain, 0.4)  # at the very moment
    clock.moment += HOUR
    resolve(database, mo, rain, YES)

    assert pairs(database, ada, bob) == pairs(database, ada, mo) == pairs(database, mo, bob) == []


def test_who_stood_for_no_time_at_all_is_no_pair(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.8)
    say(database, bob, rain, 0.4)
    take_back(database, bob, rain)
    clock.moment += HOUR
    resolve(database, mo, rain, YES)

    assert pairs(database, ada, bob) == []


def test_the_crowd_and_who_always_says_the_same_can_be_one_of_two(
    database: Database, day: Question, ada: Forecaster, bob: Forecaster
) -> None:
    crowd, even = called(database, CROWD), called(database, EVEN)

    (beside_even,), (beside_crowd,) = pairs(database, bob, even), pairs(database, bob, crowd)

    assert beside_even.losses == exactly((0.124, 0.4 * 0.25))
    assert beside_even.shared == exactly(0.4)
    # of two people the median is half way: .6, later .7
    assert beside_crowd.losses == exactly((0.124, 0.3 * 0.16 + 0.1 * 0.09))
    assert [vector[1] for vector in beside_crowd.last] == exactly([0.6, 0.7])
    assert pairs(database, even, crowd)[0].shared == exactly(0.8)


def test_ordered_outcomes_are_charged_by_the_ranked_score(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    (warmth,) = publish(database, draft("warmth", "number"))
    say(database, ada, warmth, 0.2, 0.5, 0.3)
    say(database, bob, warmth, 0.0, 0.0, 1.0)
    clock.moment += 10 * HOUR
    resolve(database, mo, warmth, 2)

    (pair,) = pairs(database, ada, bob)

    assert pair.losses == exactly(((0.04 + 0.49) / 2, 0))


@pytest.fixture
def year(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster) -> list[Question]:
    """Wind, a choice, is known of before rain, both of one group; then snow; hail is annulled and fog open."""
    asked = publish(
        database, draft("rain", group="storm"), draft("wind", "choice", group="storm"),
        *(draft(name) for name in ("snow", "hail", "fog")),
    )  # fmt: skip
    for question in asked:
        choice = question.kind == "choice"
        say(database, ada, question, *((0.2, 0.5, 0.3) if choice else (0.8,)))
        say(database, bob, question, *((0.1, 0.1, 0.8) if choice else (0.4,)))
    clock.moment += 9 * HOUR
    for place, outcome, hours in ((0, YES, 4), (1, 1, 2), (2, NO, 6)):
        resolve(database, mo, asked[place], outcome, known_at=NOON + hours * HOUR)
    annul(database, mo, asked[3])
    return asked


def test_pairs_come_in_the_order_in_which_outcomes_became_known(
    database: Database, year: list[Question], ada: Forecaster, bob: Forecaster
) -> None:
    assert [pair.question.slug for pair in pairs(database, ada, bob)] == ["wind", "rain", "snow"]


def test_evidence_is_a_row_for_each_question(
    database: Database, year: list[Question], ada: Forecaster, bob: Forecaster
) -> None:
    found = pairing.evidence(pairs(database, ada, bob))

    choice = (0.04 + 0.25 + 0.09) / 2 - (0.01 + 0.81 + 0.64) / 2
    assert found.difference.tolist() == exactly([0.2 * choice, 0.4 * (0.04 - 0.36), 0.6 * (0.64 - 0.16)])
    assert found.group.tolist() == [0, 0, 1]
    assert found.opens.tolist() == [history.ticks(NOON)] * 3
    assert found.known.tolist() == [history.ticks(NOON + hours * HOUR) for hours in (2, 4, 6)]
    np.testing.assert_allclose(found.a, [np.nan, 0.8, 0.8])
    np.testing.assert_allclose(found.b, [np.nan, 0.4, 0.4])
    np.testing.assert_array_equal(found.outcome, [np.nan, 1, 0])


def test_without_a_pair_there_is_no_evidence() -> None:
    found = pairing.evidence([])

    assert [len(column) for column in vars(found).values()] == [0] * 7
