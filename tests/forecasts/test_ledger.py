"""What forecasting and resolving do to the record, the scores and the board: every number worked out by hand."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from math import log
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from sqlmodel import Session, col, select

from forecasts import boards, ledger, verification
from forecasts.database import Database
from forecasts.models import CROWD, CROWDS, EVEN, Forecast, Forecaster, Position
from questions import catalog
from questions.catalog import Decision
from questions.errors import ChangedMeanwhile, NotAllowed, NotResolvable, QuestionNotOpen, Refusal
from questions.models import Question, Source
from tests.cast import (
    DAY,
    DERIVED,
    HOUR,
    NOON,
    SOURCE,
    MovedClock,
    annul,
    board,
    called,
    decide,
    draft,
    entries,
    everything,
    fresh,
    join,
    kinds,
    loss,
    number,
    other,
    part,
    publish,
    reopen,
    resolve,
    rows,
    say,
    standing,
    take_back,
)

NO, YES = 0, 1
INSTANT = timedelta(microseconds=1)


def exactly(value: float | tuple[float, ...]) -> object:
    return pytest.approx(value, rel=0, abs=1e-12)


def mean(database: Database, handle: str) -> float:
    return board(database)[handle].value


# What scores are


def test_each_forecast_counts_for_the_time_it_stood(
    database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster
) -> None:
    (rain,) = publish(database, draft("rain", closes_at=NOON + 4 * HOUR))
    say(database, ada, rain, 0.5)
    clock.moment = NOON + 3 * HOUR
    say(database, ada, rain, 1.0)
    clock.moment = NOON + 4 * HOUR

    resolve(database, mo, rain, YES)

    assert loss(database, ada, rain) == exactly(3 / 4 * 0.25 + 1 / 4 * 0)


@pytest.fixture
def rainy_day(database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster) -> Question:
    """Ten hours were planned. Rain was known of after eight; the moderator hears of it after nine and a half."""
    script: list[tuple[float, Forecaster, float | None]] = [
        (0, ada, 0.6),
        (1, bob, 0.9),
        (2, ada, 0.8),
        (3, bob, None),
        (7, bob, 1.0),
        (8, bob, 0.0),  # at the very moment, so it counts for nothing
        (9, ada, 0.1),
    ]
    for hours, who, yes in script:
        clock.moment = NOON + hours * HOUR
        if yes is None:
            take_back(database, who, rain)
        else:
            say(database, who, rain, yes)
    clock.moment = NOON + 9.5 * HOUR
    return rain


def test_updates_a_withdrawal_and_an_early_end_by_hand(
    database: Database, rainy_day: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    resolve(database, mo, rainy_day, YES, known_at=NOON + 8 * HOUR)

    # Ada: 2 h of .4², 6 h of .2², out of 10 h
    assert loss(database, ada, rainy_day) == exactly((2 * 0.16 + 6 * 0.04) / 10)
    assert part(database, ada, rainy_day) == exactly((8 / 10, 8 / 8))
    # Bob: 2 h of .1², 4 h of nothing, 1 h of 0
    assert loss(database, bob, rainy_day) == exactly((2 * 0.01 + 1 * 0) / 10)
    assert part(database, bob, rainy_day) == exactly((3 / 10, 3 / 8))


def test_the_logarithmic_score_of_the_same_day(
    database: Database, rainy_day: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    resolve(database, mo, rainy_day, YES, known_at=NOON + 8 * HOUR)

    assert loss(database, ada, rainy_day, "log") == exactly((2 * -log(0.6) + 6 * -log(0.8)) / 10)
    assert loss(database, bob, rainy_day, "log") == exactly((2 * -log(0.9) + 1 * 0) / 10)
    assert loss(database, bob, rainy_day, "ranked") is None


def test_the_crowd_and_always_fifty_percent_are_scored_like_everybody(
    database: Database, rainy_day: Question, mo: Forecaster
) -> None:
    resolve(database, mo, rainy_day, YES, known_at=NOON + 8 * HOUR)

    crowd, even = called(database, CROWD), called(database, EVEN)
    # medians: .6 | .75 | .85 | .8 for four hours | .8 and 1.0 make .9; one hour each but for the fourth
    assert loss(database, crowd, rainy_day) == exactly((0.16 + 0.0625 + 0.0225 + 4 * 0.04 + 0.01) / 10)
    assert part(database, crowd, rainy_day) == exactly((0.8, 1.0))
    assert loss(database, even, rainy_day) == exactly(8 * 0.25 / 10)
    assert part(database, even, rainy_day) == exactly((0.8, 1.0))


def test_who_stood_for_no_time_has_no_score(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.5)
    say(database, bob, rain, 0.5)
    take_back(database, bob, rain)
    clock.moment = NOON + 10 * HOUR

    resolve(database, mo, rain, NO)

    assert (loss(database, bob, rain), part(database, bob, rain)) == (None, None)
    assert (loss(database, mo, rain), part(database, mo, rain)) == (None, None)
    assert loss(database, ada, rain) == exactly(0.25)


def test_what_stood_last_is_kept_for_calibration(
    database: Database, rainy_day: Question, ada: Forecaster, mo: Forecaster
) -> None:
    resolve(database, mo, rainy_day, YES, known_at=NOON + 5 * HOUR)

    entry = number(database, ada, rainy_day, "last")
    with database.reading() as session:
        stood = session.get_one(Forecast, int(entry or 0))
    assert (stood.forecaster_id, stood.probabilities.tolist()) == (ada.id, [1 - 0.8, 0.8])
    assert number(database, called(database, "bob"), rainy_day, "last") == 0  # withdrawn
    assert number(database, called(database, CROWD), rainy_day, "last") == 0  # nobody's forecast


def test_a_choice_is_scored_over_all_its_outcomes(database: Database, ada: Forecaster, mo: Forecaster) -> None:
    (wind,) = publish(database, draft("wind", "choice"))
    say(database, ada, wind, 0.5, 0.3, 0.2)

    _later(database, mo, wind, 1)

    # half of .5² + .7² + .2², over the whole window
    assert loss(database, ada, wind) == exactly((0.25 + 0.49 + 0.04) / 2)
    # a third each: half of (1/3)² + (2/3)² + (1/3)²
    assert loss(database, called(database, EVEN), wind) == exactly(1 / 3)


def _later(database: Database, mo: Forecaster, question: Question, outcome: int) -> None:
    """Resolve when the window is over."""
    assert isinstance(database.clock, MovedClock)
    database.clock.moment = NOON + 10 * HOUR
    resolve(database, mo, question, outcome)


@pytest.mark.parametrize("kind", ["number", "date"])
def test_bins_in_order_are_scored_by_the_cuts_between_them(
    database: Database, ada: Forecaster, mo: Forecaster, kind: str
) -> None:
    (warmth,) = publish(database, draft("warmth", kind))
    say(database, ada, warmth, 0.2, 0.5, 0.3)

    _later(database, mo, warmth, 2)

    # the two cuts have .2 and .7 below them, and nothing happened below either: (.04 + .49) / 2
    assert loss(database, ada, warmth, "ranked") == exactly(0.265)
    assert loss(database, ada, warmth, "brier") is None
    assert loss(database, ada, warmth, "log") == exactly(-log(0.3))


def test_the_board_is_the_sum_of_losses_over_the_sum_of_coverages(
    database: Database, clock: MovedClock, rainy_day: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    (wind,) = publish(database, draft("wind", closes_at=NOON + 20 * HOUR, resolves_at=NOON + DAY), within="more")
    clock.moment = NOON + 10 * HOUR
    say(database, ada, wind, 0.3)
    resolve(database, mo, rainy_day, YES, known_at=NOON + 8 * HOUR)
    clock.moment = NOON + 20 * HOUR
    resolve(database, mo, wind, NO)

    places = board(database)

    # rain .056 over .8 of its window; wind half of .09 over half of it
    her, his = places["ada"], places["bob"]
    assert her.value == exactly((0.056 + 0.045) / (0.8 + 0.5))
    assert (her.coverage, her.presence) == exactly((0.65, 0.75))
    assert (her.questions, her.rank, her.below_the_line) == (2, 1, False)
    # Bob was there for three eighths of the time: too little for a rank
    assert his.value == exactly(0.002 / 0.3)
    assert (his.questions, his.rank, his.below_the_line) == (1, None, True)
    # the crowd on rain (see above), and Ada alone on wind
    assert mean(database, CROWD) == exactly((0.0415 + 0.045) / 1.3)
    assert [handle for handle in places if handle not in CROWDS or handle == CROWD] == [CROWD, "ada", EVEN, "bob"]


def test_the_crowd_and_always_fifty_percent_carry_no_rank(
    database: Database, rainy_day: Question, mo: Forecaster
) -> None:
    resolve(database, mo, rainy_day, YES, known_at=NOON + 8 * HOUR)

    ranks = {handle: row.rank for handle, row in board(database).items()}

    assert ranks == {"ada": 1, "bob": None, EVEN: None} | dict.fromkeys(CROWDS)


def test_questions_with_an_order_have_a_board_of_their_own(
    database: Database, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    (warmth,) = publish(database, draft("warmth", "number"), within="more")
    say(database, ada, rain, 0.5)
    say(database, ada, warmth, 0.2, 0.5, 0.3)
    say(database, bob, warmth, 0.0, 0.0, 1.0)

    _later(database, mo, rain, YES)
    _later(database, mo, warmth, 2)

    plain, ordered = board(database), board(database, "ranked")
    assert plain["ada"].value == exactly(0.25)
    assert ordered["ada"].value == exactly(0.265)
    assert "bob" not in plain
    assert ordered["bob"].value == exactly(0)


def test_the_board_can_be_narrowed_to_a_set(
    database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    (wind,) = publish(database, draft("wind"), within="more")
    say(database, ada, rain, 0.5)
    say(database, ada, wind, 0.9)
    _later(database, mo, rain, YES)
    _later(database, mo, wind, YES)
    with database.reading() as session:
        more = catalog.find_set(session, "more")

    assert board(database, within=more.id)["ada"].value == exactly(0.01)
    assert mean(database, "ada") == exactly((0.25 + 0.01) / 2)


def test_the_board_is_empty_before_anything_is_resolved(database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.5)

    assert board(database) == {}


# What a source said


def quote(database: Database, question: Question, yes: float) -> Forecast:
    with database.writing() as (session, moment):
        source = session.exec(select(Source)).one()
        return ledger.quote(session, source, question, np.array([1 - yes, yes]), "It says so.", moment)


@pytest.fixture
def almanac(database: Database, clock: MovedClock) -> Question:
    """Published at noon, read out two hours later."""
    clock.moment = NOON + 2 * HOUR
    (question,) = publish(database, draft("rain"), source=SOURCE)
    add_speaker(database)
    return question


def add_speaker(database: Database) -> None:
    with database.writing() as (session, moment):
        source = session.exec(select(Source)).one()
        session.add(
            Forecaster(
                pseudonym="of the almanac",
                handle="almanac",
                name="The almanac",
                kind="source",
                source_id=source.id,
                joined_at=moment,
            )
        )


def test_a_source_is_quoted_as_of_the_moment_at_which_it_spoke(database: Database, almanac: Question) -> None:
    said = quote(database, almanac, 0.8)

    assert (said.made_at, said.recorded_at, said.rationale) == (NOON, NOON + 2 * HOUR, "It says so.")
    last = entries(database)[-1]
    assert last.content == (
        '{"made_at":"2026-03-02T12:00:00.000000Z","probabilities":[0.19999999999999996,0.8],"rationale":"It says so."}'
    )


def test_a_source_is_scored_from_when_it_spoke_and_not_ranked(
    database: Database, almanac: Question, mo: Forecaster
) -> None:
    quote(database, almanac, 0.8)

    _later(database, mo, almanac, YES)

    row = board(database)["almanac"]
    assert (row.value, row.coverage) == exactly((0.04, 1.0))
    assert (row.rank, row.below_the_line) == (None, False)


def test_a_source_is_not_of_the_crowd(database: Database, almanac: Question, ada: Forecaster, mo: Forecaster) -> None:
    quote(database, almanac, 0.8)
    say(database, ada, almanac, 0.5)

    _later(database, mo, almanac, YES)

    assert loss(database, called(database, CROWD), almanac) == exactly(0.25 * 0.8)  # Ada alone, from two o'clock on


def test_a_source_that_was_read_on_its_day_may_be_ranked(database: Database, clock: MovedClock, mo: Forecaster) -> None:
    (question,) = publish(database, draft("rain"), source={**SOURCE, "read_on": NOON.date()})
    add_speaker(database)
    quote(database, question, 0.8)

    _later(database, mo, question, YES)

    row = board(database)["almanac"]
    assert row.rank == 1


def test_a_source_that_spoke_after_closing_is_not_quoted(database: Database) -> None:
    (question,) = publish(database, draft("rain"), source={**SOURCE, "said_at": NOON + 10 * HOUR})
    add_speaker(database)

    refused(database, QuestionNotOpen, lambda session, moment: quote_in(session, question, moment))


def quote_in(session: Session, question: Question, moment: datetime) -> None:
    source = session.exec(select(Source)).one()
    ledger.quote(session, source, question, np.array([0.5, 0.5]), "", moment)


# When forecasts are taken


def refused(database: Database, why: type[Refusal], verb: Callable[[Session, datetime], object]) -> str:
    """The sentence with which a verb refuses. It wrote nothing before: the transaction is committed all the same."""
    before = everything(database)
    with database.writing() as (session, moment), pytest.raises(why) as refusal:
        verb(session, moment)
    assert everything(database) == before
    return str(refusal.value)


def forecasting(who: Forecaster, question: Question) -> Callable[[Session, datetime], object]:
    return lambda session, moment: ledger.record(session, who, question, np.array([0.5, 0.5]), moment)


def withdrawing(who: Forecaster, question: Question) -> Callable[[Session, datetime], object]:
    return lambda session, moment: ledger.withdraw(session, who, question, moment)


def settling(by: Forecaster, question: Question, decision: Decision) -> Callable[[Session, datetime], object]:
    return lambda session, moment: ledger.settle(session, question, decision, by=by, moment=moment)


@pytest.mark.parametrize("moment", [NOON, NOON + 10 * HOUR - INSTANT], ids=["as it opens", "just before it closes"])
def test_a_forecast_is_taken_from_the_opening_up_to_the_close(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, moment: datetime
) -> None:
    clock.moment = moment

    assert say(database, ada, rain, 0.7).made_at == moment


def test_no_forecast_is_taken_at_the_very_moment_of_closing(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    clock.moment = NOON + 10 * HOUR

    sentence = refused(database, QuestionNotOpen, forecasting(ada, rain))

    assert sentence == "“What of the rain?” took forecasts until 2 March 2026, 22:00 UTC."


def test_no_forecast_is_taken_before_the_opening(database: Database, clock: MovedClock, ada: Forecaster) -> None:
    (rain,) = publish(database, draft("rain", opens_at=NOON + HOUR))
    clock.moment = NOON + HOUR - INSTANT

    sentence = refused(database, QuestionNotOpen, forecasting(ada, rain))

    assert sentence == "“What of the rain?” takes forecasts from 2 March 2026, 13:00 UTC. Come back then."


@pytest.mark.parametrize("verdict", ["resolved", "annulled"])
def test_no_forecast_is_taken_once_the_question_is_decided(
    database: Database, rain: Question, ada: Forecaster, mo: Forecaster, verdict: str
) -> None:
    say(database, ada, rain, 0.7)
    resolve(database, mo, rain, YES) if verdict == "resolved" else annul(database, mo, rain)

    sentence = refused(database, QuestionNotOpen, forecasting(ada, rain))

    assert sentence == f"“What of the rain?” was {verdict} and takes no more forecasts."
    refused(database, QuestionNotOpen, withdrawing(ada, rain))


def test_a_forecast_on_a_question_read_earlier_is_judged_by_what_it_is_now(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    with database.reading() as session:
        stale = session.get_one(Question, rain.id)
        resolve(database, mo, rain, YES)

        refused(database, QuestionNotOpen, forecasting(ada, stale))


def test_earlier_forecasts_stay(database: Database, clock: MovedClock, rain: Question, ada: Forecaster) -> None:
    first = say(database, ada, rain, 0.5)
    clock.moment += HOUR
    second = say(database, ada, rain, 0.7)

    with database.reading() as session:
        said = session.exec(select(Forecast).order_by(col(Forecast.entry))).all()
        stands = session.exec(select(Position)).one().entry
    assert [(row.entry, row.probabilities[1], row.made_at) for row in said] == [
        (first.entry, 0.5, NOON),
        (second.entry, 0.7, NOON + HOUR),
    ]
    assert stands == second.entry


def test_zero_and_one_hundred_percent_are_kept_as_they_are(database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.0)
    say(database, ada, rain, 1.0)

    with database.reading() as session:
        said = [row.probabilities.tolist() for row in session.exec(select(Forecast).order_by(col(Forecast.entry)))]
    assert said == [[1, 0], [0, 1]]


def test_withdrawing_is_an_act_of_its_own(database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.5)

    taken_back = take_back(database, ada, rain)

    assert taken_back.probabilities is None
    assert kinds(database) == ["set", "question", "forecast", "withdrawal"]
    with database.reading() as session:
        assert ledger.standing(session, ada, rain, NOON) is None


def test_nobody_withdraws_twice(database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.5)
    take_back(database, ada, rain)

    sentence = refused(database, QuestionNotOpen, withdrawing(ada, rain))

    assert sentence == "You have no forecast on “What of the rain?” to withdraw."


def test_nobody_withdraws_what_somebody_else_said(
    database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    say(database, ada, rain, 0.5)

    refused(database, QuestionNotOpen, withdrawing(bob, rain))


def test_who_withdrew_can_forecast_again(database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.5)
    take_back(database, ada, rain)
    again = say(database, ada, rain, 0.6)

    with database.reading() as session:
        stands = ledger.standing(session, ada, rain, NOON)
    assert stands
    assert stands.entry == again.entry


def test_a_forecast_stands_until_it_expires(
    database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    with database.writing() as (session, moment):
        said = {"made_at": moment, "expires_at": NOON + 2 * HOUR, "probabilities": np.array([0.5, 0.5])}
        ledger._add(session, ada, rain, moment, **said)

    with database.reading() as session:
        stands = [
            ledger.standing(session, ada, rain, moment) is not None
            for moment in (NOON, NOON + 2 * HOUR - INSTANT, NOON + 2 * HOUR)
        ]
    _later(database, mo, rain, YES)

    assert stands == [True, True, False]
    assert loss(database, ada, rain) == exactly(0.25 * 2 / 10)
    assert part(database, ada, rain) == exactly((0.2, 0.2))


def test_each_act_moves_the_revision_of_its_question_alone(
    database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    (wind,) = publish(database, draft("wind"), within="more")

    say(database, ada, rain, 0.5)
    take_back(database, ada, rain)
    resolve(database, mo, rain, YES)
    reopen(database, mo, rain)

    assert (fresh(database, rain).revision, fresh(database, wind).revision) == (4, 0)


# Deciding


def test_a_decision_is_one_entry_one_resolution_and_all_scores(
    database: Database, rainy_day: Question, mo: Forecaster
) -> None:
    before = len(entries(database))

    made = resolve(database, mo, rainy_day, YES, known_at=NOON + 8 * HOUR)

    assert kinds(database)[before:] == ["resolution"]
    assert (made.entry, made.supersedes, made.recorded_at) == (before + 1, 0, NOON + 9.5 * HOUR)
    assert entries(database)[-1].actor == mo.pseudonym
    everybody = [called(database, handle).id for handle in ("ada", "bob", EVEN, *CROWDS)]
    with database.reading() as session:
        forecasters, found = boards.numbers(session, rainy_day)
    assert forecasters.tolist() == sorted(one for one in everybody if one)
    assert {len(numbers) for numbers in found.values()} == {len(everybody)}
    assert found.keys() == {
        "coverage", "presence", "last", "floored", "brier", "log", "baseline", "peer", "peer_log", "beside",
        "accuracy", "spot",
    }  # fmt: skip


def test_a_wrong_resolution_is_corrected_by_resolving_again(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.9)
    clock.moment = NOON + 10 * HOUR
    wrong = resolve(database, mo, rain, NO)
    before = loss(database, ada, rain)

    right = resolve(database, mo, rain, YES)

    assert (before, loss(database, ada, rain)) == exactly((0.81, 0.01))
    with database.reading() as session:
        made = [(row.entry, row.outcome, row.supersedes) for row in catalog.decisions(session, rain)]
    assert made == [(right.entry, YES, wrong.entry), (wrong.entry, NO, 0)]
    assert mean(database, "ada") == exactly(0.01)


@pytest.mark.parametrize("undo", [annul, reopen])
def test_scores_go_when_a_question_is_annulled_or_reopened(
    database: Database,
    clock: MovedClock,
    rain: Question,
    ada: Forecaster,
    mo: Forecaster,
    undo: Callable[[Database, Forecaster, Question], object],
) -> None:
    say(database, ada, rain, 0.9)
    clock.moment += HOUR
    resolve(database, mo, rain, YES)
    scored = ("score", "participation", "crowd_path")
    assert all(rows(database, table) for table in scored)
    assert rows(database, "tally") == rows(database, "seat") == []

    undo(database, mo, rain)

    assert [rows(database, table) for table in scored] == [[], [], []]
    assert board(database) == {}


def test_a_reopened_question_takes_forecasts_again_as_its_times_say(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.9)
    clock.moment += HOUR
    resolve(database, mo, rain, YES)
    reopen(database, mo, rain)

    clock.moment += HOUR
    say(database, ada, rain, 0.5)
    clock.moment = NOON + 10 * HOUR
    refused(database, QuestionNotOpen, forecasting(ada, rain))
    resolve(database, mo, rain, YES)

    assert loss(database, ada, rain) == exactly((2 * 0.01 + 8 * 0.25) / 10)
    assert kinds(database)[2:] == ["forecast", "resolution", "resolution", "forecast", "resolution"]


def test_an_outcome_known_as_the_question_opened_leaves_nothing_to_score(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.9)
    clock.moment += HOUR

    resolve(database, mo, rain, YES, known_at=NOON)

    assert rows(database, "score") == []
    assert rows(database, "participation") == [(rain.id, b"")]
    with database.reading() as session:
        assert list(verification.verify(session))


def test_an_outcome_known_after_closing_ends_nothing_early(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.9)
    clock.moment = NOON + DAY

    resolve(database, mo, rain, YES)

    assert loss(database, ada, rain) == exactly(0.01)
    assert part(database, ada, rain) == exactly((1.0, 1.0))


REFUSED_DECISIONS = {
    "known in the future": (
        Decision("resolved", YES, NOON + 2 * HOUR + INSTANT),
        "2 March 2026, 14:00 UTC lies in the future. An outcome is recorded once it is known.",
    ),
    "known before the opening": (
        Decision("resolved", YES, NOON - INSTANT),
        (
            "2 March 2026, 11:59 UTC lies before the question opened on 2 March 2026, 12:00 UTC. "
            "If the outcome was known by then, annul the question."
        ),
    ),
    "annulled without a reason": (
        Decision("annulled", note=" \n"),
        "The reason is empty. Say why the question is annulled.",
    ),
    "reopened though undecided": (
        Decision("reopened"),
        "“What of the rain?” is not decided, so there is nothing to reopen.",
    ),
}


@pytest.mark.parametrize(("decision", "sentence"), REFUSED_DECISIONS.values(), ids=REFUSED_DECISIONS)
def test_a_decision_that_cannot_be_is_refused_and_writes_nothing(
    database: Database,
    clock: MovedClock,
    rain: Question,
    ada: Forecaster,
    mo: Forecaster,
    decision: Decision,
    sentence: str,
) -> None:
    say(database, ada, rain, 0.9)
    clock.moment = NOON + 2 * HOUR

    assert refused(database, NotResolvable, settling(mo, rain, decision)) == sentence


def test_nothing_is_resolved_before_the_question_opens(database: Database, clock: MovedClock, mo: Forecaster) -> None:
    (rain,) = publish(database, draft("rain", opens_at=NOON + HOUR))

    sentence = refused(database, NotResolvable, settling(mo, rain, Decision("resolved", YES, NOON - HOUR)))

    assert sentence == "“What of the rain?” opens on 2 March 2026, 13:00 UTC. It can be decided from then on."


def test_nothing_is_reopened_twice(database: Database, rain: Question, mo: Forecaster) -> None:
    resolve(database, mo, rain, YES)
    seen = reopen(database, mo, rain).entry

    refused(database, NotResolvable, settling(mo, rain, Decision("reopened", seen=seen)))


def test_who_saw_an_older_resolution_is_told(database: Database, rain: Question, mo: Forecaster) -> None:
    resolve(database, mo, rain, YES)
    decision = Decision("resolved", NO, NOON, seen=0)

    sentence = refused(database, ChangedMeanwhile, settling(mo, rain, decision))

    assert sentence == (
        "“What of the rain?” was decided by somebody else meanwhile. Look at what was decided before you change it."
    )


def test_a_number_that_is_no_resolution_of_the_question_is_none_that_was_seen(
    database: Database, rain: Question, mo: Forecaster
) -> None:
    (wind,) = publish(database, draft("wind"), within="more")
    of_the_wind = resolve(database, mo, wind, YES).entry

    refused(database, ChangedMeanwhile, settling(mo, rain, Decision("reopened", seen=of_the_wind)))


def test_of_two_moderators_at_once_one_wins_and_the_other_is_told(
    database: Database, url: str, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.9)
    flo = join(database, "Flo", "moderator")
    elsewhere = Database(url, database.clock)
    ready = Barrier(2)

    def decide_at_once(place: Database, who: Forecaster, outcome: int) -> str:
        ready.wait()
        try:
            decide(place, who, rain, Decision("resolved", outcome, NOON))
        except ChangedMeanwhile:
            return "told"
        return "won"

    with ThreadPoolExecutor() as threads:
        both = threads.map(decide_at_once, (database, elsewhere), (mo, flo), (YES, NO))

    assert sorted(both) == ["told", "won"]
    assert kinds(database)[3:] == ["resolution"]
    assert len(rows(database, "resolution")) == 1
    elsewhere.close()


def test_of_many_forecasts_at_once_none_is_lost(database: Database, url: str, rain: Question, mo: Forecaster) -> None:
    people = [join(database, f"person-{number}") for number in range(8)]
    places = [database, Database(url, database.clock)]
    ready = Barrier(8)

    def forecast_often(number: int) -> list[int]:
        ready.wait()
        place = places[number % 2]
        return [say(place, people[number], rain, step / 12).entry for step in range(12)]

    with ThreadPoolExecutor(8) as threads:
        acknowledged = [seq for seqs in threads.map(forecast_often, range(8)) for seq in seqs]

    assert sorted(acknowledged) == list(range(3, 3 + 8 * 12))  # after the set and the question, without a gap
    assert [entry.seq for entry in entries(database)] == list(range(1, 3 + 8 * 12))
    assert fresh(database, rain).revision == 8 * 12
    with database.reading() as session:
        stand = {row.forecaster_id: row.entry for row in session.exec(select(Position))}
        last = session.exec(select(Forecast).where(col(Forecast.entry).in_(stand.values()))).all()
        assert [row.probabilities[1] for row in last] == [11 / 12] * 8
        assert len(list(verification.verify(session))) == 4
    places[1].close()


# Foreseeing and working out again


def test_what_is_foreseen_is_what_is_written(
    database: Database, rainy_day: Question, ada: Forecaster, mo: Forecaster
) -> None:
    decision = Decision("resolved", YES, NOON + 8 * HOUR)
    before = everything(database)
    with database.reading() as session:
        foreseen = ledger.foresee(session, rainy_day, decision)
    assert everything(database) == before

    decide(database, mo, rainy_day, decision)

    assert foreseen is not None
    with database.reading() as session:
        forecasters, written = boards.numbers(session, rainy_day)
    assert forecasters.tolist() == foreseen.forecaster.tolist()
    due = {**foreseen.numbers, "coverage": foreseen.coverage, "presence": foreseen.presence}
    for name, numbers in due.items():
        np.testing.assert_array_equal(written[name], numbers)


@pytest.mark.parametrize("decision", [Decision("annulled", note="No."), Decision("reopened")])
def test_nothing_is_foreseen_of_what_gives_no_scores(
    database: Database, rainy_day: Question, decision: Decision
) -> None:
    with database.reading() as session:
        assert ledger.foresee(session, rainy_day, decision) is None


def test_what_is_foreseen_takes_the_place_of_what_stood_on_the_board(
    database: Database, rainy_day: Question, ada: Forecaster, mo: Forecaster
) -> None:
    resolve(database, mo, rainy_day, YES, known_at=NOON + 8 * HOUR)
    decision = Decision("resolved", NO, NOON + 8 * HOUR, seen=standing(database, rainy_day))
    with database.reading() as session:
        cells, competes = boards.cells(session), boards.competitors(session)
        changed = boards.replaced(session, cells, rainy_day, ledger.foresee(session, rainy_day, decision))
        foreseen = {row.forecaster: row for row in boards.ranked(session, changed, "brier", competes).rows}
        gone = boards.ranked(session, boards.replaced(session, cells, rainy_day, None), "brier", competes).rows

    decide(database, mo, rainy_day, decision)

    assert board(database)["ada"] == foreseen[ada.id or 0]
    assert gone == []


def test_rescoring_changes_nothing_where_nothing_changed(
    database: Database, rainy_day: Question, mo: Forecaster
) -> None:
    resolve(database, mo, rainy_day, YES, known_at=NOON + 8 * HOUR)
    before = everything(database)

    for _ in range(2):
        with database.writing() as (session, _moment):
            assert not ledger.rescore(session, fresh(database, rainy_day))

    assert everything(database) == before


def test_rescoring_brings_back_what_was_lost(
    database: Database, rainy_day: Question, ada: Forecaster, mo: Forecaster
) -> None:
    resolve(database, mo, rainy_day, YES, known_at=NOON + 8 * HOUR)
    before = everything(database)
    with database.writing() as (session, _):
        for table in DERIVED:
            session.connection().exec_driver_sql(f"DELETE FROM {table}")

    with database.writing() as (session, _):
        assert [one.id for one in ledger.behind(session)] == [rainy_day.id]
        assert ledger.rescore(session, fresh(database, rainy_day))

    with database.reading() as session:
        assert ledger.behind(session) == []
    assert derived_rows(database) == {table: before[table] for table in DERIVED}


def derived_rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    return {table: rows(database, table) for table in DERIVED}


def test_rescoring_goes_by_what_is_recorded_and_not_by_a_question_read_earlier(
    database: Database, rainy_day: Question, mo: Forecaster
) -> None:
    resolve(database, mo, rainy_day, YES, known_at=NOON + 8 * HOUR)
    before = everything(database)

    with database.writing() as (session, _):
        ledger.rescore(session, rainy_day)  # as it was before it was resolved

    assert everything(database) == before


# Decisions that decide nothing, and questions that never opened


def test_deciding_the_same_again_is_refused(database: Database, rain: Question, mo: Forecaster) -> None:
    known_at = NOON
    resolve(database, mo, rain, 1, known_at=known_at)
    before = everything(database)

    with pytest.raises(NotResolvable, match="is decided so already"):
        resolve(database, mo, rain, 1, known_at=known_at)

    assert everything(database) == before


def test_a_question_can_be_annulled_before_it_opens(database: Database, clock: MovedClock, mo: Forecaster) -> None:
    (later,) = publish(database, draft("later", opens_at=NOON + HOUR), within="later-set")

    annul(database, mo, later)

    with database.reading() as session:
        question = session.get_one(Question, later.id)
        assert catalog.status(question, catalog.latest(session, question), clock.now()) == "annulled"


# Taking over what was said elsewhere


def take_over(database: Database, who: Forecaster, question: Question, **said: Any) -> Forecast:
    with database.writing() as (session, moment):
        return ledger.adopt(session, who, question, moment=moment, **said)


@pytest.fixture
def stranger(database: Database) -> Forecaster:
    """Somebody who came by an import."""
    return other(database, "Stranger", "person", imported=True)


@pytest.fixture
def elsewhere(database: Database, clock: MovedClock) -> Question:
    """A question that came by an import, long after it closed."""
    clock.moment = NOON + DAY
    return publish(database, draft("elsewhere", imported=True), within="old")[0]


def test_what_was_said_elsewhere_is_taken_over_with_its_moments(
    database: Database, elsewhere: Question, stranger: Forecaster, mo: Forecaster
) -> None:
    said = take_over(
        database, stranger, elsewhere, answer=np.array([0.2, 0.8]), made_at=NOON + HOUR,
        claimed_at=NOON + 2 * HOUR, expires_at=NOON + 6 * HOUR, rationale="So they said.",
    )  # fmt: skip

    assert (said.made_at, said.claimed_at, said.recorded_at) == (NOON + HOUR, NOON + 2 * HOUR, NOON + DAY)
    assert entries(database)[-1].content == (
        '{"claimed_at":"2026-03-02T14:00:00.000000Z","expires_at":"2026-03-02T18:00:00.000000Z",'
        '"made_at":"2026-03-02T13:00:00.000000Z","probabilities":[0.2,0.8],"rationale":"So they said."}'
    )
    assert (entries(database)[-1].kind, entries(database)[-1].actor) == ("forecast", stranger.pseudonym)
    assert rows(database, "tally") == rows(database, "seat") == []  # whoever adopts rescores when all is there
    with database.writing() as (session, _):
        assert ledger.rescore(session, elsewhere)
    with database.reading() as session:
        assert len(list(verification.verify(session))) == 4
    resolve(database, mo, elsewhere, YES)
    assert loss(database, stranger, elsewhere) == exactly(0.5 * 0.04)


def test_a_withdrawal_is_taken_over_too(database: Database, elsewhere: Question, stranger: Forecaster) -> None:
    take_over(database, stranger, elsewhere, answer=np.array([0.2, 0.8]), made_at=NOON)
    take_over(database, stranger, elsewhere, answer=None, made_at=NOON + HOUR)

    assert kinds(database)[-2:] == ["forecast", "withdrawal"]
    assert entries(database)[-1].content == '{"made_at":"2026-03-02T13:00:00.000000Z"}'
    assert "claimed_at" not in (entries(database)[-2].content or "")
    with database.writing() as (session, _):
        ledger.rescore(session, elsewhere)
    with database.reading() as session:
        assert len(list(verification.verify(session))) == 4


def test_nobody_here_is_back_dated_and_nothing_asked_here(
    database: Database, rain: Question, elsewhere: Question, ada: Forecaster, stranger: Forecaster
) -> None:
    def taking_over(who: Forecaster, question: Question) -> Callable[[Session, datetime], object]:
        return lambda session, moment: ledger.adopt(
            session, who, question, np.array([0.5, 0.5]), moment, made_at=NOON
        )  # fmt: skip

    for who, question in ((ada, elsewhere), (stranger, rain), (ada, rain)):
        assert refused(database, NotAllowed, taking_over(who, question)) == (
            f"“{who.handle}” on “{question.slug}”: one of the two was made here, and takes nothing over."
        )
