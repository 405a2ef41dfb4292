"""Boards out of the tables: what the filters leave, what is kept and for how long, who may carry a rank."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlmodel import col, select

from forecasts import boards, history, ledger
from forecasts.boards import Filter
from forecasts.database import Database
from forecasts.leaderboard import Board, Cells
from forecasts.models import CROWD, CROWDS, EVEN, Forecaster
from forecasts.permissions import visible
from questions import catalog
from questions.catalog import Decision
from questions.models import Question, Source
from tests.cast import (
    DAY,
    HOUR,
    NOON,
    SOURCE,
    MovedClock,
    annul,
    called,
    draft,
    fresh,
    join,
    number,
    other,
    publish,
    reopen,
    resolve,
    say,
    standing,
)

NO, YES = 0, 1
INSTANT = timedelta(microseconds=1)


def left(database: Database, **narrowed: Any) -> set[str]:
    """The slugs that a filter leaves."""
    with database.reading() as session:
        found = boards.chosen(session, Filter(**narrowed), visible(session, None))
        return set(session.exec(select(Question.slug).where(col(Question.id).in_(found))))


def board(database: Database, measure: str = "brier", **narrowed: Any) -> Board:
    with database.reading() as session:
        return boards.board(session, measure, Filter(**narrowed), visible(session, None))


def cells(database: Database) -> Cells:
    with database.reading() as session:
        return boards.cells(session)


@pytest.fixture
def year(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster) -> list[Question]:
    """Rain and wind of one set and one group, snow of another; known of after two, four and six hours.

    Hail was annulled, fog is open, frost was reopened.
    """
    asked = publish(
        database, draft("rain", tags=["wet"], group="storm"), draft("wind", tags=["dry", "wetter"], group="storm")
    )
    asked += publish(database, draft("snow", tags=["wet", "cold"]), within="winter")
    asked += publish(database, draft("hail"), draft("fog"), draft("frost"), within="rest")
    for question in asked:
        say(database, ada, question, 0.8)
    say(database, bob, asked[0], 0.6)
    clock.moment = NOON + 8 * HOUR
    for hours, question in zip((2, 4, 6), asked, strict=False):
        resolve(database, mo, question, YES, known_at=NOON + hours * HOUR)
    annul(database, mo, asked[3])
    resolve(database, mo, asked[5], YES)
    reopen(database, mo, asked[5])
    return asked


# Filters


def test_without_a_filter_everything_resolved_is_left(database: Database, year: list[Question]) -> None:
    assert left(database) == {"rain", "wind", "snow"}


def test_a_set_a_tag_and_both(database: Database, year: list[Question]) -> None:
    weather = year[0].set_id

    assert left(database, within=weather) == {"rain", "wind"}
    assert left(database, tag="wet") == {"rain", "snow"}  # and not what is tagged "wetter"
    assert left(database, within=weather, tag="wet") == {"rain"}
    assert left(database, tag="hot") == set()


def test_a_span_of_time_holds_its_first_instant_and_not_its_last(database: Database, year: list[Question]) -> None:
    at = NOON + 4 * HOUR

    assert left(database, since=at) == {"wind", "snow"}
    assert left(database, since=at + INSTANT) == {"snow"}
    assert left(database, until=at) == {"rain"}
    assert left(database, until=at + INSTANT) == {"rain", "wind"}
    assert left(database, since=at, until=at) == set()


def test_a_span_goes_by_the_resolution_that_stands(database: Database, year: list[Question], mo: Forecaster) -> None:
    resolve(database, mo, year[0], YES, known_at=NOON + 7 * HOUR)

    assert left(database, since=NOON + 6.5 * HOUR) == {"rain"}


def test_what_may_not_be_seen_is_not_counted(database: Database, year: list[Question]) -> None:
    with database.reading() as session:
        found = boards.chosen(session, Filter(), col(Question.slug) != "rain")

    assert found == {year[1].id, year[2].id}


def test_a_filtered_board_is_over_what_is_left(database: Database, year: list[Question], ada: Forecaster) -> None:
    whole, wet, one = board(database), board(database, tag="wet"), board(database, until=NOON + 3 * HOUR)

    assert [(found.questions, found.groups) for found in (whole, wet, one)] == [(3, 2), (2, 2), (1, 1)]
    hers = [next(row for row in found.rows if row.forecaster == ada.id) for found in (whole, wet, one)]
    assert [(row.questions, row.groups) for row in hers] == [(3, 2), (2, 2), (1, 1)]
    assert [row.coverage for row in hers] == pytest.approx([0.4, 0.4, 0.2])


def test_who_has_too_few_questions_has_no_row(database: Database, year: list[Question], bob: Forecaster) -> None:
    at = {least: {row.forecaster for row in board(database, least=least).rows} for least in (1, 2)}

    assert at[1] - at[2] == {bob.id}


# Cells


def test_a_cell_is_one_forecaster_on_one_question(database: Database, year: list[Question], ada: Forecaster) -> None:
    found = cells(database)

    yardsticks = len(CROWDS) + 1
    assert np.bincount(found.question, minlength=99)[[one.id for one in year]].tolist() == [
        2 + yardsticks, 1 + yardsticks, 1 + yardsticks, 0, 0, 0,
    ]  # fmt: skip
    hers = found.only(found.forecaster == ada.id)
    assert hers.numbers["brier"].tolist() == pytest.approx([0.04 * 0.2, 0.04 * 0.4, 0.04 * 0.6])
    assert hers.question.tolist() == [one.id for one in year[:3]]
    assert hers.group.tolist() == [year[0].id, year[0].id, year[2].id]  # a group goes by its first question


def test_a_group_goes_by_its_first_question_though_that_is_not_resolved(
    database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster
) -> None:
    first, second = publish(database, draft("rain", group="storm"), draft("wind", group="storm"))
    say(database, ada, second, 0.8)
    clock.moment += HOUR

    resolve(database, mo, second, YES)

    assert set(cells(database).group.tolist()) == {first.id}


def test_what_does_not_apply_is_no_number(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    (warmth,) = publish(database, draft("warmth", "number"), within="more")
    say(database, ada, rain, 0.8)
    say(database, ada, warmth, 0.2, 0.3, 0.5)
    clock.moment += HOUR
    resolve(database, mo, rain, YES)
    resolve(database, mo, warmth, 1)

    found = cells(database)

    hers = found.only(found.forecaster == ada.id)
    assert np.isnan(hers.numbers["brier"]).tolist() == [False, True]
    assert np.isnan(hers.numbers["ranked"]).tolist() == [True, False]


def test_without_anything_resolved_there_is_no_cell(database: Database, rain: Question) -> None:
    assert len(cells(database).question) == 0
    assert board(database).rows == []


# What is kept


def test_cells_and_boards_are_kept_until_anything_changes(
    database: Database, year: list[Question], ada: Forecaster
) -> None:
    first, shown = cells(database), board(database)
    again, shown_again, same_questions = cells(database), board(database), board(database, since=NOON)
    say(database, ada, year[4], 0.1)  # of the fog, which is open

    assert again is first
    assert shown_again is shown is same_questions  # by other words, over the same questions
    assert cells(database) is not first
    assert board(database) is not shown


def test_boards_that_differ_are_not_taken_for_each_other(database: Database, year: list[Question]) -> None:
    found = [board(database, "brier"), board(database, "peer"), board(database, "brier", least=2)]
    found += [board(database, "brier", kind="bot"), board(database, "brier", tag="wet")]

    assert len({id(one) for one in found}) == 5
    assert [len(one.rows) for one in found[:3]] == [7, 7, 6]


def test_a_decision_of_another_process_is_seen(
    database: Database, url: str, year: list[Question], ada: Forecaster, mo: Forecaster
) -> None:
    before = cells(database)
    elsewhere = Database(url, database.clock)

    resolve(elsewhere, mo, year[0], NO, known_at=NOON + 2 * HOUR)

    after = cells(database)
    assert before.numbers["brier"][before.forecaster == ada.id][0] == pytest.approx(0.04 * 0.2)
    assert after.numbers["brier"][after.forecaster == ada.id][0] == pytest.approx(0.64 * 0.2)
    elsewhere.close()


def test_what_another_process_worked_out_again_is_seen(
    database: Database, url: str, year: list[Question], ada: Forecaster
) -> None:
    with database.writing() as (session, _):
        session.connection().exec_driver_sql(
            f"UPDATE score SET numbers = (SELECT s.numbers FROM score s WHERE s.question_id = {year[0].id} AND "
            f"s.name = 'log') WHERE question_id = {year[0].id} AND name = 'brier'"
        )
    wrong = cells(database)
    elsewhere = Database(url, database.clock)

    with elsewhere.writing() as (session, _):
        assert ledger.renew(session, year[0])

    right = cells(database)
    assert [
        found.numbers["brier"][found.forecaster == ada.id][0] for found in (wrong, right)
    ] == pytest.approx([-np.log(0.8) * 0.2, 0.04 * 0.2])  # fmt: skip
    elsewhere.close()


def test_a_reader_of_an_earlier_state_sees_the_board_of_it(
    database: Database, year: list[Question], ada: Forecaster, mo: Forecaster
) -> None:
    with database.reading() as session:
        boards.chosen(session, Filter(), visible(session, None))  # the state is taken with the first look
        resolve(database, mo, year[0], NO, known_at=NOON + 2 * HOUR)
        newer = cells(database)
        older = boards.cells(session)

    hers = [found.numbers["brier"][found.forecaster == ada.id][0] for found in (older, newer, cells(database))]
    assert hers == pytest.approx([0.04 * 0.2, 0.64 * 0.2, 0.64 * 0.2])


def test_no_more_boards_are_kept_than_there_is_room_for(
    database: Database, year: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "MOST", 3)

    found = [board(database, least=least) for least in range(1, 8)]

    (kept,) = database.boards.values()
    assert len(kept.boards) <= 3
    assert board(database, least=7) is found[-1]


# Who may carry a rank


def test_persons_bots_and_texts_read_in_time_compete(database: Database, ada: Forecaster, bob: Forecaster) -> None:
    bot = other(database, "Bot")
    publish(database, draft("rain"), source={**SOURCE, "read_on": NOON.date()})
    publish(database, draft("wind"), within="late", source={**SOURCE, "slug": "late"})
    with database.reading() as session:
        timely, late = session.exec(select(Source.id).order_by(col(Source.id))).all()
    text = other(database, "Almanac", "source", source_id=timely)
    other(database, "Late", "source", source_id=late)

    with database.reading() as session:
        by = {kind: boards.competitors(session, kind) for kind in ("", "person", "bot", "source")}

    assert by == {
        "": {ada.id, bob.id, bot.id, text.id}, "person": {ada.id, bob.id}, "bot": {bot.id}, "source": {text.id}
    }  # fmt: skip


def test_on_a_board_of_bots_they_alone_carry_ranks(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    bot = other(database, "Bot")
    say(database, ada, rain, 0.9)
    say(database, bot, rain, 0.6)
    clock.moment += HOUR
    resolve(database, mo, rain, YES)

    everybody, bots = ({row.forecaster: row.rank for row in board(database, kind=kind).rows} for kind in ("", "bot"))

    yardsticks = {called(database, handle).id for handle in (*CROWDS, EVEN)}
    assert {who: rank for who, rank in everybody.items() if rank} == {ada.id: 1, bot.id: 2}
    assert {who: rank for who, rank in bots.items() if rank} == {bot.id: 1}
    assert bots.keys() == everybody.keys() == {ada.id, bot.id} | yardsticks
    assert number(database, bot, rain, "beside") == pytest.approx(0.01 * 0.1)  # the crowd is persons all the same
    assert called(database, CROWD).id in bots


def test_bots_do_not_tell_what_people_are_like(
    database: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    """Five people whose peer scores vary little, and a bot whose vary much: it would make all of them look lucky."""
    people = [ada, bob, mo, join(database, "Eve"), join(database, "Cy")]
    bot = other(database, "Bot")
    random, everybody = np.random.default_rng(1), [one.id for one in (*people, bot)]
    question, who = np.repeat(np.arange(20), 6), np.tile(everybody, 20)
    worth = np.tile([0.1, 0.05, 0.0, -0.05, -0.1, -0.5], 20)
    peer = worth + random.normal(0, np.where(who == bot.id, 0.5, 0.02))
    ones = np.ones(120)
    found = Cells(question, question, who, {"peer": peer, "coverage": ones, "presence": ones})

    with database.reading() as session:
        competes = boards.competitors(session)
        with_bot, without = (
            {row.forecaster: row.value for row in boards.ranked(session, one, "skill", competes).rows}
            for one in (found, found.only(who != bot.id))
        )

    assert with_bot.keys() == {*without, bot.id}
    assert [with_bot[one.id] for one in people] == [without[one.id] for one in people]


# What a decision would do


def rowwise(found: Cells) -> tuple[Any, ...]:
    """The cells in one order, whatever they came in."""
    order = np.lexsort((found.forecaster, found.question))
    names = sorted(found.numbers.keys() - {"last", "floored"})  # what no board is made of is not foreseen
    return found.question[order], found.group[order], found.forecaster[order], *(
        found.numbers[name][order] for name in names
    )  # fmt: skip


@pytest.mark.parametrize("place", [0, 4], ids=["resolved another way", "resolved at last"])
def test_what_is_foreseen_is_what_settling_gives(
    database: Database, year: list[Question], mo: Forecaster, place: int
) -> None:
    question = year[place]
    decision = Decision("resolved", NO, NOON + 5 * HOUR, seen=standing(database, question))
    with database.reading() as session:
        here = fresh(database, question)
        foreseen = boards.replaced(session, boards.cells(session), here, ledger.foresee(session, here, decision))

    resolve(database, mo, question, NO, known_at=NOON + 5 * HOUR)

    for mine, due in zip(rowwise(foreseen), rowwise(cells(database)), strict=True):
        np.testing.assert_array_equal(mine, due)


def test_without_scores_a_question_is_taken_out(database: Database, year: list[Question], mo: Forecaster) -> None:
    with database.reading() as session:
        foreseen = boards.replaced(session, boards.cells(session), year[0], None)

    annul(database, mo, year[0])

    assert year[0].id not in foreseen.question
    for mine, due in zip(rowwise(foreseen), rowwise(cells(database)), strict=True):
        np.testing.assert_array_equal(mine, due)


def test_the_first_question_of_its_kind_brings_numbers_of_its_own(
    database: Database, year: list[Question], ada: Forecaster
) -> None:
    (warmth,) = publish(database, draft("warmth", "number"), within="more")
    say(database, ada, warmth, 0.2, 0.3, 0.5)
    with database.reading() as session:
        decision = Decision("resolved", 1, NOON + 8.5 * HOUR)
        before = boards.cells(session)
        found = boards.replaced(session, before, warmth, ledger.foresee(session, warmth, decision))

    new = found.only(found.question == warmth.id)
    assert "ranked" not in before.numbers
    assert np.isnan(found.numbers["ranked"][found.question != warmth.id]).all()
    assert np.isnan(new.numbers["brier"]).all()
    # half an hour out of ten; the two cuts have .2 and .5 below them, and it happened below the second alone
    assert new.numbers["ranked"][new.forecaster == ada.id].tolist() == pytest.approx([0.05 * (0.04 + 0.25) / 2])


def test_the_numbers_of_one_question_are_read_by_name(
    database: Database, year: list[Question], ada: Forecaster
) -> None:
    with database.reading() as session:
        who, found = boards.numbers(session, year[0])
        nobody, nothing = boards.numbers(session, year[4])

    assert found["coverage"][who.tolist().index(ada.id)] == pytest.approx(0.2)
    assert (nobody.tolist(), nothing) == ([], {})
    assert catalog.kind_of(year[0]).ORDERED is False


# Skill over time


def test_a_course_counts_each_outcome_from_when_it_was_known(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    """Rain was known at two and put on record at six, snow at four: Ada gains 0.24 · 0.2 on the rain, then loses.

    Over a fifth of the window Ada loses 0.01 and Bob 0.25, then over two fifths Ada 0.81 and Bob 0.25.
    """
    rain, snow = publish(database, draft("rain"), draft("snow"))
    for question in (rain, snow):
        say(database, ada, question, 0.9)
        say(database, bob, question, 0.5)
    clock.moment += 6 * HOUR
    resolve(database, mo, snow, NO, known_at=NOON + 4 * HOUR)
    resolve(database, mo, rain, YES, known_at=NOON + 2 * HOUR)

    with database.reading() as session:
        told = boards.course(session, ada, Filter(), visible(session, None))
        again = boards.course(session, ada, Filter(), visible(session, None))

    assert [history.moment_of(at) for at in told.at] == [NOON + 2 * HOUR, NOON + 4 * HOUR]
    assert told.value == pytest.approx([0.048, (0.048 - 0.224) / 2], abs=1e-12)
    assert again is told


def test_many_moments_become_the_last_of_each_month() -> None:
    """Forty days from 1 January on: the last of January, and 9 February."""
    days = [history.ticks(NOON.replace(month=1, day=1) + number * DAY) for number in range(40)]

    assert boards._moments(np.array(days[:36])).tolist() == days[:36]
    assert boards._moments(np.array(days)).tolist() == [days[30], days[39]]


def test_of_very_many_months_every_other_is_looked_at_with_the_latest() -> None:
    months = [history.ticks(NOON.replace(year=2026 + n // 12, month=n % 12 + 1)) for n in range(72)]

    assert boards._moments(np.array(months)).tolist() == months[1::2]
