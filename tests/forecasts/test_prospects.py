"""What everybody would get for each outcome, kept with every act: by hand, and the same as scoring gives afterwards."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import log

import numpy as np
import pytest

from forecasts import history, ledger, prospects, verification
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.running import Prospect
from forecasts.scoring import main_rule
from questions import catalog
from questions.catalog import Decision
from questions.models import Question
from tests.cast import (
    HOUR,
    NOON,
    MovedClock,
    called,
    draft,
    join,
    other,
    publish,
    put,
    reopen,
    resolve,
    rows,
    say,
    take_back,
)

NO, YES = 0, 1
ALL = ("binary", "choice", "number", "date")


def exactly(value: object) -> object:
    return pytest.approx(value, rel=0, abs=1e-12)


def worth(database: Database, who: Forecaster, question: Question, moment: datetime) -> Prospect | None:
    """What they would get if the outcome became known at this moment."""
    with database.reading() as session:
        return prospects.prospect(session, session.get_one(Question, question.id), who.id, moment)


def require_worth(database: Database, who: Forecaster, question: Question, hours: float) -> Prospect:
    found = worth(database, who, question, NOON + hours * HOUR)
    assert found is not None
    return found


@pytest.fixture
def two(database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster) -> Question:
    """Ada says 80% as it opens, Bob 40% three hours later; ten hours are planned."""
    say(database, ada, rain, 0.8)
    clock.moment = NOON + 3 * HOUR
    say(database, bob, rain, 0.4)
    return rain


# By hand


def test_what_either_outcome_would_give(database: Database, two: Question, ada: Forecaster, bob: Forecaster) -> None:
    hers, his = (require_worth(database, who, two, 8) for who in (ada, bob))

    # by Brier and by log; if NO, if YES; Ada for eight hours out of ten, together for five
    assert hers.loss.tolist() == [
        exactly([0.8 * 0.64, 0.8 * 0.04]), exactly([0.8 * -log(0.2), 0.8 * -log(0.8)])
    ]  # fmt: skip
    assert hers.peer.tolist() == [
        exactly([0.5 * (0.16 - 0.64), 0.5 * (0.36 - 0.04)]), exactly([-0.5 * log(3), 0.5 * log(2)])
    ]  # fmt: skip
    assert (hers.coverage, hers.presence) == exactly((0.8, 1.0))
    assert his.loss[0].tolist() == exactly([0.5 * 0.16, 0.5 * 0.36])
    assert his.peer.tolist() == [exactly((-row).tolist()) for row in hers.peer]
    assert (his.coverage, his.presence) == exactly((0.5, 5 / 8))


def test_a_bot_is_held_beside_the_persons_and_moves_nobody(
    database: Database, clock: MovedClock, two: Question, ada: Forecaster
) -> None:
    before = require_worth(database, ada, two, 8)
    bot = other(database, "Bot")
    clock.moment = NOON + 4 * HOUR
    say(database, bot, two, 0.9)

    its = require_worth(database, bot, two, 8)

    # four hours beside both: .64 and .16 if NO, .04 and .36 if YES, against its .81 and .01
    assert its.peer[0].tolist() == exactly([0.4 * (0.4 - 0.81), 0.4 * (0.2 - 0.01)])
    assert require_worth(database, ada, two, 8).peer.tolist() == [exactly(row) for row in before.peer.tolist()]


def test_what_expired_or_was_taken_back_earns_no_more(
    database: Database, clock: MovedClock, two: Question, ada: Forecaster, bob: Forecaster
) -> None:
    put(database, bob, two, 0.4, expires_at=NOON + 5 * HOUR)
    clock.moment = NOON + 7 * HOUR
    take_back(database, ada, two)

    hers, his = (require_worth(database, who, two, 9) for who in (ada, bob))

    assert (hers.coverage, his.coverage) == exactly((0.7, 0.2))
    assert (hers.presence, his.presence) == exactly((7 / 9, 2 / 9))
    assert hers.peer[0].tolist() == exactly([0.2 * (0.16 - 0.64), 0.2 * (0.36 - 0.04)])


def test_what_will_expire_is_counted_until_then_though_nobody_acts(
    database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    say(database, ada, rain, 0.8)
    put(database, bob, rain, 0.4, expires_at=NOON + 2 * HOUR)
    before = rows(database, "seat"), rows(database, "tally")

    at = {hours: require_worth(database, bob, rain, hours).coverage for hours in (1, 2, 6)}
    hers = require_worth(database, ada, rain, 6)

    assert at == exactly({1: 0.1, 2: 0.2, 6: 0.2})
    assert hers.peer[0].tolist() == exactly([0.2 * (0.16 - 0.64), 0.2 * (0.36 - 0.04)])
    assert (rows(database, "seat"), rows(database, "tally")) == before  # looking moves nothing


def test_what_was_said_before_the_opening_counts_from_it(database: Database, rain: Question) -> None:
    bot = other(database, "Bot")
    put(database, bot, rain, 0.3, made_at=NOON - 9 * HOUR)

    found = require_worth(database, bot, rain, 4)

    assert found.loss[0].tolist() == exactly([0.4 * 0.09, 0.4 * 0.49])
    assert (found.coverage, found.presence) == exactly((0.4, 1.0))
    assert np.isnan(require_worth(database, bot, rain, 0).presence)


def test_a_source_that_is_quoted_late_has_everything_worked_out_again(
    database: Database, clock: MovedClock, two: Question, ada: Forecaster
) -> None:
    almanac = other(database, "Almanac", "source")
    clock.moment = NOON + 6 * HOUR

    put(database, almanac, two, 0.6, made_at=NOON + HOUR)

    found = require_worth(database, almanac, two, 8)
    # two hours beside Ada, then five beside her and Bob; its .36 and .16
    assert found.coverage == exactly(0.7)
    assert found.peer[0].tolist() == exactly([
        0.2 * (0.64 - 0.36) + 0.5 * (0.4 - 0.36), 0.2 * (0.04 - 0.16) + 0.5 * (0.2 - 0.16)
    ])  # fmt: skip


def test_who_never_forecast_would_get_nothing(
    database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    assert worth(database, mo, rain, NOON) is None
    say(database, ada, rain, 0.8)
    assert worth(database, mo, rain, NOON + HOUR) is None


def test_a_decided_question_has_no_prospects(
    database: Database, two: Question, ada: Forecaster, mo: Forecaster
) -> None:
    resolve(database, mo, two, YES)

    assert worth(database, ada, two, NOON + 3 * HOUR) is None


# The same as scoring gives afterwards


def agree(database: Database, question: Question, everybody: list[Forecaster], moment: datetime) -> int:
    """How many scores were foreseen; each is what the running state says if the outcome becomes known at `moment`."""
    compared = 0
    with database.reading() as session:
        here = session.get_one(Question, question.id)
        ordered = catalog.kind_of(here).ORDERED
        now = {who.id: prospects.prospect(session, here, who.id, moment) for who in everybody}
        for outcome in range(catalog.shape_of(here).size):
            found = ledger.foresee(session, here, Decision("resolved", outcome, moment))
            scored = {} if found is None else {who: row for row, who in enumerate(found.forecaster.tolist())}
            for who, prospect in now.items():
                if prospect is None or not prospect.coverage:
                    assert who not in scored
                    continue
                assert found is not None
                names = ((main_rule(ordered), "peer", 1), ("log", "peer_log", 50 if ordered else 100))
                for rule, (loss, peer, scale) in enumerate(names):
                    due = [found.numbers[loss][scored[who]], found.numbers[peer][scored[who]]]
                    mine = [prospect.loss[rule, outcome], scale * prospect.peer[rule, outcome]]
                    np.testing.assert_allclose(mine, due, rtol=0, atol=1e-9)
                due = [found.coverage[scored[who]], found.presence[scored[who]]]
                np.testing.assert_allclose([prospect.coverage, prospect.presence], due, rtol=0, atol=1e-12)
                compared += 1
    return compared


Told = tuple[Question, list[Forecaster], timedelta]


def told(database: Database, clock: MovedClock, kind: str, seed: int, acts: int) -> Iterator[Told]:
    """A question on which people, a bot and a text come and go at random; after each act, how long nobody says more."""
    random = np.random.default_rng(seed)
    (question,) = publish(database, draft("rain", kind))
    everybody = [join(database, name) for name in ("Ada", "Bob", "Cy")]
    everybody += [other(database, "Bot"), other(database, "Almanac", "source")]
    size = catalog.shape_of(question).size
    put(database, everybody[3], question, *random.dirichlet(np.ones(size)), made_at=NOON - HOUR)
    for _ in range(acts):
        pause = int(random.integers(0, 40)) // 10 * HOUR / 8
        yield question, everybody, pause
        clock.moment += pause
        who = everybody[random.integers(5)]
        vector = () if random.random() < 0.2 else tuple(random.dirichlet(np.ones(size)))
        expires = clock.moment + int(random.integers(-1, 9)) * HOUR / 4 if random.random() < 0.4 else None
        late = clock.moment - HOUR / 2 if who.kind == "source" else None
        put(database, who, question, *vector, made_at=late, expires_at=expires if vector else None)
    yield question, everybody, HOUR


@pytest.mark.parametrize("kind", ALL)
def test_at_every_moment_it_is_what_resolving_then_would_give(database: Database, clock: MovedClock, kind: str) -> None:
    compared = 0
    for question, everybody, pause in told(database, clock, kind, seed=11, acts=18):
        for moment in dict.fromkeys((clock.moment, clock.moment + pause / 2, clock.moment + pause)):
            compared += agree(database, question, everybody, moment)

    assert compared > 100


def packed(database: Database) -> tuple[object, object]:
    return rows(database, "tally"), rows(database, "seat")


@pytest.mark.parametrize("kind", ALL)
def test_what_is_kept_is_bit_by_bit_what_would_be_worked_out_again(
    database: Database, clock: MovedClock, mo: Forecaster, kind: str
) -> None:
    *_, (question, _, _) = told(database, clock, kind, seed=5, acts=40)
    before = packed(database)

    with database.writing() as (session, _):
        here = session.get_one(Question, question.id)
        prospects.keep(session, here, prospects.worked_out(here, history.read(session, here)))
    again = packed(database)
    resolve(database, mo, question, 1)
    decided = packed(database)
    reopen(database, mo, question)

    assert again == before
    assert decided == ([], [])
    assert packed(database) == before
    with database.reading() as session:
        assert len(list(verification.verify(session))) == 4


def test_after_reopening_it_goes_on_from_what_was_said(
    database: Database, clock: MovedClock, two: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    clock.moment = NOON + 4 * HOUR
    resolve(database, mo, two, YES)
    reopen(database, mo, two)
    clock.moment = NOON + 5 * HOUR
    say(database, bob, two, 0.8)

    found = require_worth(database, bob, two, 8)

    # two hours of 40%, three of 80%, which is what Ada says
    assert found.loss[0].tolist() == exactly([0.2 * 0.16 + 0.3 * 0.64, 0.2 * 0.36 + 0.3 * 0.04])
    assert found.peer[0].tolist() == exactly([0.2 * (0.64 - 0.16), 0.2 * (0.04 - 0.36)])
    assert called(database, "bob").id == bob.id


def test_a_state_can_be_compared_number_by_number(database: Database, two: Question, ada: Forecaster) -> None:
    with database.reading() as session:
        parts = prospects.parts(prospects.kept(session, two))

    assert parts["tally count"].tolist() == 2
    assert parts[f"seat {ada.id} losses"].tolist() == [exactly([0.64, 0.04]), exactly([-log(0.2), -log(0.8)])]
    assert prospects.parts(None) == {}
