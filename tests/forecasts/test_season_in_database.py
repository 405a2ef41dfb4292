"""A whole simulated season through the verbs: the tables hold what the arrays give, and the record verifies."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from heapq import merge
from itertools import groupby
from math import isnan

import numpy as np
from sqlmodel import Session

from forecasts import accounts, boards, ledger, verification
from forecasts.database import Database
from forecasts.leaderboard import rank
from forecasts.models import CROWD, EVEN, Forecaster
from forecasts.peer import compared
from forecasts.permissions import visible
from questions.catalog import Decision
from questions.models import Question
from tests.cast import NOON, MovedClock, called, draft, fresh, publish
from tests.seasons import DAY, SLOTS, Act, Season, hundred, season

MICROSECOND = timedelta(microseconds=1)
LENGTH = timedelta(microseconds=SLOTS * DAY)


def acted_out(database: Database, clock: MovedClock, played: Season) -> tuple[list[Question], list[Forecaster]]:
    """The season as it would have happened: every act and every resolution in its time."""
    opening = [NOON + int(opens) * MICROSECOND for opens in played.opens]
    questions = publish(
        database,
        *(
            draft(f"question-{number}", opens_at=opens, closes_at=opens + LENGTH, resolves_at=opens + LENGTH)
            for number, opens in enumerate(opening)
        ),
    )
    with database.writing() as (session, moment):
        people = [accounts.join(session, f"person-{number}", "no hash", moment) for number in range(100)]
        mo = accounts.join(session, "Mo", "no hash", moment, "moderator")
    for at, happened in groupby(_in_order(played), key=lambda one: one[0]):
        clock.moment = NOON + at * MICROSECOND
        with database.writing() as (session, moment):
            for _, _, one in happened:
                if isinstance(one, Act):
                    _say(session, people[one.forecaster], questions[one.question], one.probability, moment)
                else:
                    decision = Decision("resolved", int(played.outcome[one]), moment)
                    ledger.settle(session, questions[one], decision, by=mo, moment=moment)
    return questions, people


def _in_order(played: Season) -> Iterator[tuple[int, int, Act | int]]:
    """Acts, and the numbers of the questions that are resolved, by time; a question ends before what is said then."""
    times = (played.opens + played.end * DAY).tolist()
    ends = sorted((at, 0, number) for number, at in enumerate(times))
    return merge(ends, ((act.at, 1, act) for act in played.acts), key=lambda one: one[:2])


def _say(session: Session, who: Forecaster, question: Question, yes: float | None, moment: object) -> None:
    if yes is None:
        ledger.withdraw(session, who, question, moment)  # type: ignore[arg-type]
    else:
        ledger.record(session, who, question, np.array([1 - yes, yes]), moment)  # type: ignore[arg-type]


QUESTIONS = {"sqlite": 200, "postgresql": 50}
"""PostgreSQL answers each of so many acts from another process, and is given fewer."""


def test_a_season_through_the_verbs_is_the_season_through_the_arrays(
    database: Database, clock: MovedClock, engine: str
) -> None:
    """A calm one, in which people look again seldom: the arrays play the lively ones."""
    everybody = hundred(np.random.default_rng(2026))
    played = season(replace(everybody, updates=everybody.updates / 8), np.random.default_rng(7), QUESTIONS[engine])
    (table, said), windows = played.table, played.windows
    account, peer = compared(
        table, windows, ((said - played.outcome[table.question]) ** 2)[:, None], np.ones(len(said), dtype=bool)
    )
    stood = account.standing > 0
    expected = np.column_stack([
        account.question[stood], account.forecaster[stood], account.loss[stood, 0], peer[stood, 0],
        account.coverage(windows)[stood], account.presence(windows)[stood],
    ])  # fmt: skip

    questions, people = acted_out(database, clock, played)

    with database.reading() as session:
        cells = boards.cells(session)
        found = boards.board(session, "skill", boards.Filter(), visible(session, None))
        competes = boards.competitors(session)
        assert len(list(verification.verify(session))) == 4
    number = {one.id: place for place, one in enumerate(questions)}
    person = {one.id: place for place, one in enumerate(people)}
    ours = cells.only(np.isin(cells.forecaster, list(person)))
    kept = np.column_stack([
        [number[one] for one in ours.question.tolist()], [person[one] for one in ours.forecaster.tolist()],
        *(ours.numbers[name] for name in ("brier", "peer", "coverage", "presence")),
    ])  # fmt: skip
    np.testing.assert_allclose(kept[np.lexsort(kept[:, 1::-1].T)], expected, rtol=0, atol=1e-10)
    crowd, even = called(database, CROWD).id, called(database, EVEN).id
    assert found.rows == rank(cells, "skill", competes, crowd, even).rows
    assert found.questions == QUESTIONS[engine]
    assert found.podium
    assert {fresh(database, one).resolution > 0 for one in questions} == {True}
    assert not any(isnan(row.value) for row in found.rows)
