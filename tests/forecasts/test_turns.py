"""Who writes next, and what several who write share: the order, one wait for the disk, and whose fault is whose."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy
from sqlmodel import col, select

from forecasts import discussion
from forecasts.database import MOST_TOGETHER, Batch, Database
from forecasts.models import Comment, Forecaster
from forecasts.turns import Turns
from questions.errors import NotAllowed, WritingRefused
from questions.models import Entry, Head, Question
from tests.cast import PATIENCE, entries, rows, wait_for


def waited_for(turns: Turns[str], many: int) -> bool:
    return len(turns) == many


# The queue


def test_the_turn_goes_round_in_the_order_in_which_it_was_asked_for() -> None:
    turns: Turns[str] = Turns()
    served: list[int] = []

    def come(number: int) -> None:
        turns.take()
        served.append(number)
        turns.pass_on()

    assert turns.take() is None
    with ThreadPoolExecutor(20) as threads:
        for number in range(20):
            threads.submit(come, number)
            wait_for(partial(waited_for, turns, number + 1))
        assert served == []
        turns.pass_on()

    assert served == list(range(20))
    assert len(turns) == 0


def test_what_is_shared_goes_to_whoever_waited_longest_and_to_nobody_who_does_not_join() -> None:
    turns: Turns[str] = Turns()
    turns.take()
    assert not turns.share("nobody waits")
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(turns.take)
        wait_for(lambda: len(turns) == 1)
        second = threads.submit(turns.take, joins=False)
        wait_for(lambda: len(turns) == 2)

        assert turns.share("a cake")
        assert first.result(PATIENCE) == "a cake"
        assert not turns.share("a cake")
        assert not second.done()
        turns.pass_on()
        assert second.result(PATIENCE) is None


# Several in one transaction


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many acted in each transaction that was ended, in order."""
    found: list[int] = []
    ending = Batch.end

    def end(self: Batch) -> None:
        ending(self)
        found.append(self.acts)

    monkeypatch.setattr(Batch, "end", end)
    return found


class Crowd:
    """People who write at once: the first holds the turn until all the others wait."""

    def __init__(self, database: Database, question: Question, who: Forecaster) -> None:
        self.database, self.question, self.who = database, question, who
        self.threads = ThreadPoolExecutor(100)
        self.held = threading.Event()

    def write(self, text: str, *, alone: bool = False, before: Callable[[], object] = lambda: None) -> Future[int]:
        return self.threads.submit(self._write, text, alone, before)

    def _write(self, text: str, alone: bool, before: Callable[[], object]) -> int:
        with self.database.writing(alone=alone) as (session, moment):
            before()
            made = discussion.comment(session, self.who, self.question, text, moment)
        return made.entry

    def hold(self, text: str) -> Future[int]:
        """Write, but go on only once `held` is set."""
        begun = threading.Event()

        def stand() -> None:
            begun.set()
            self.held.wait(PATIENCE)

        future = self.write(text, before=stand)
        assert begun.wait(PATIENCE)
        return future

    def waits(self, many: int) -> None:
        wait_for(lambda: len(self.database._turns) == many)


@pytest.fixture
def crowd(database: Database, rain: Question, ada: Forecaster) -> Crowd:
    return Crowd(database, rain, ada)


def comments(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.exec(select(Comment.text).order_by(col(Comment.entry))))


def test_who_waits_goes_on_in_the_same_transaction(crowd: Crowd, database: Database, ends: list[int]) -> None:
    ends.clear()
    made = [crowd.hold("0")]
    for number in range(1, 10):
        made.append(crowd.write(str(number)))
        crowd.waits(number)
    crowd.held.set()

    seqs = [one.result(PATIENCE) for one in made]

    assert ends == [10]
    assert seqs == list(range(seqs[0], seqs[0] + 10))
    assert comments(database) == [str(number) for number in range(10)]


def test_nobody_goes_on_before_it_is_on_the_disk(crowd: Crowd, database: Database) -> None:
    first, second, hold = crowd.hold("first"), threading.Event(), threading.Event()

    def stand() -> None:
        second.set()
        hold.wait(PATIENCE)

    late = crowd.write("second", before=stand)
    crowd.waits(1)
    crowd.held.set()
    assert second.wait(PATIENCE)

    assert comments(database) == []
    assert not first.done()
    hold.set()
    assert first.result(PATIENCE) < late.result(PATIENCE)
    assert comments(database) == ["first", "second"]


def test_what_one_may_not_do_is_undone_by_itself(crowd: Crowd, database: Database, ends: list[int]) -> None:
    def refuse() -> None:
        raise NotAllowed("No.")

    def half() -> None:
        with database.engine.connect():
            raise KeyError("A fault of ours.")

    ends.clear()
    made = [crowd.hold("0"), crowd.write("1", before=refuse)]
    crowd.waits(1)
    made += [crowd.write("2")]
    crowd.waits(2)
    made += [crowd.write("3", before=half)]
    crowd.waits(3)
    crowd.held.set()

    with pytest.raises(NotAllowed):
        made[1].result(PATIENCE)
    with pytest.raises(KeyError):
        made[3].result(PATIENCE)
    assert made[2].result(PATIENCE) == made[0].result(PATIENCE) + 1
    assert ends == [4]
    assert comments(database) == ["0", "2"]


def test_what_was_half_done_when_it_failed_leaves_nothing(crowd: Crowd, database: Database, ada: Forecaster) -> None:
    before = {table: rows(database, table) for table in ("entry", "comment")}

    def fail() -> int:
        with database.writing() as (session, moment):
            discussion.comment(session, ada, crowd.question, "Half.", moment)
            raise NotAllowed("No.")

    first = crowd.hold("whole")
    failed = crowd.threads.submit(fail)
    crowd.waits(1)
    crowd.held.set()

    with pytest.raises(NotAllowed):
        failed.result(PATIENCE)
    first.result(PATIENCE)
    assert comments(database) == ["whole"]
    assert len(rows(database, "entry")) == len(before["entry"]) + 1


def test_what_takes_long_is_waited_for_by_nobody_who_was_before_it(
    crowd: Crowd, database: Database, ends: list[int]
) -> None:
    ends.clear()
    first, long = crowd.hold("first"), threading.Event()
    slow = crowd.write("slow", alone=True, before=lambda: long.wait(PATIENCE))
    crowd.waits(1)
    after = crowd.write("after")
    crowd.waits(2)
    crowd.held.set()

    assert first.result(PATIENCE)
    assert comments(database) == ["first"]
    long.set()
    assert slow.result(PATIENCE) < after.result(PATIENCE)
    assert ends == [1, 1, 1]


def test_a_transaction_takes_no_more_than_so_many(crowd: Crowd, database: Database, ends: list[int]) -> None:
    ends.clear()
    made = [crowd.hold("first")]
    for number in range(MOST_TOGETHER + 5):
        made.append(crowd.write(str(number)))
        crowd.waits(number + 1)
    crowd.held.set()

    seqs = [one.result(PATIENCE) for one in made]

    assert ends == [MOST_TOGETHER, 6]
    assert seqs == sorted(seqs)
    with database.reading() as session:
        assert session.get_one(Head, 1).seq == seqs[-1]


def test_where_it_cannot_be_written_nobody_is_told_that_it_was(crowd: Crowd, database: Database) -> None:
    """A fault that ends the whole transaction, as a full disk does, or a server of the database that went away."""
    kinds = [one.kind for one in entries(database)]
    first = crowd.hold("first")
    broken = crowd.threads.submit(_break, crowd)
    crowd.waits(1)
    third = crowd.write("third")
    crowd.waits(2)
    crowd.held.set()

    for lost in (first, broken):
        with pytest.raises((sqlalchemy.exc.DBAPIError, WritingRefused)):
            lost.result(PATIENCE)
    assert third.result(PATIENCE) == len(kinds) + 1
    assert comments(database) == ["third"]


def _break(crowd: Crowd) -> None:
    with crowd.database.writing() as (session, moment):
        discussion.comment(session, crowd.who, crowd.question, "second", moment)
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            raw = connection.connection.dbapi_connection
            assert raw is not None
            raw.execute("ROLLBACK")
            connection.exec_driver_sql("RELEASE SAVEPOINT nowhere")
        else:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_database_that_cannot_be_opened_holds_up_nobody(tmp_path: Path, database: Database) -> None:
    nowhere = Database(f"sqlite:///{tmp_path}/no/where.db", database.clock)

    for _ in range(2):
        with pytest.raises(sqlalchemy.exc.OperationalError), nowhere.writing():
            pass
    assert len(nowhere._turns) == 0


def test_many_writers_make_one_chain(crowd: Crowd, database: Database) -> None:
    made = [crowd.write(str(number)) for number in range(60)]

    seqs = sorted(one.result(PATIENCE) for one in made)

    with database.reading() as session:
        assert list(session.exec(select(Entry.seq).order_by(col(Entry.seq))))[-60:] == seqs
    assert sorted(comments(database), key=int) == [str(number) for number in range(60)]
