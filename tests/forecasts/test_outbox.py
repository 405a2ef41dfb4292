"""The outbox: what is claimed by whom, how often it is tried, and what becomes of what was stopped."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import select

from forecasts import chores, outbox, subscribing
from forecasts.database import Database
from forecasts.happenings import EVENTS
from forecasts.models import Delivery, Forecaster, Subscription
from forecasts.parcel import LeftUnknown
from forecasts.settings import Settings
from questions.models import Question
from tests.cast import HOUR, NOON, MovedClock, resolve
from tests.postmen import Receiver, receiver

OURS = Settings(host="127.0.0.1")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as opened:
        yield opened


@pytest.fixture
def mine(database: Database, ada: Forecaster, hook: Receiver) -> Subscription:
    """Ada's webhook."""
    with database.writing() as (session, moment):
        return subscribing.add_webhook(session, ada, "webhook", hook.address, list(EVENTS), "", moment)


def only(database: Database) -> Delivery:
    with database.reading() as session:
        return session.exec(select(Delivery)).one()


def test_it_is_tried_eight_times_each_after_four_times_as_long(
    database: Database, clock: MovedClock, rain: Question, mo: Forecaster, mine: Subscription, hook: Receiver
) -> None:
    hook.answers = [503] * 20
    resolve(database, mo, rain, 1)
    chores.tick(database, OURS)
    waits = []
    while (one := only(database)).state == "due":
        waits.append((one.due_at - clock.moment) / MINUTE)
        clock.moment = one.due_at
        chores.tick(database, OURS)

    assert waits == [1, 4, 16, 64, 256, 1024, 4096]
    assert (one.state, one.tries, one.answer) == ("failed", 8, "503 Thank you")
    assert len(hook.kept) == 8


def test_it_keeps_its_name_and_its_words_however_often_it_is_tried(
    database: Database, clock: MovedClock, rain: Question, mo: Forecaster, mine: Subscription, hook: Receiver
) -> None:
    hook.answers = [503]
    resolve(database, mo, rain, 1)
    chores.tick(database, OURS)
    clock.moment += MINUTE

    chores.tick(database, OURS)

    first, second = hook.kept
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


def test_what_one_has_claimed_nobody_else_can(database: Database, ada: Forecaster, mine: Subscription) -> None:
    with database.writing() as (session, moment):
        subscribing.try_out(session, ada, mine.id, moment)
    with database.writing() as (session, moment):
        first = outbox.claim(session, [1], moment)
    with database.writing() as (session, moment):
        second = outbox.claim(session, [1], moment)

    assert first is not None
    assert second is None
    assert (only(database).state, only(database).sent_at) == ("sending", NOON)


def test_of_what_nobody_knows_it_stays_unknown(
    database: Database, clock: MovedClock, rain: Question, mo: Forecaster, mine: Subscription, hook: Receiver
) -> None:
    resolve(database, mo, rain, 1)
    chores._look_round(database, OURS, *held(database))
    with database.writing() as (session, moment):
        parcel = outbox.claim(session, [1], moment)
    assert parcel is not None
    with database.writing() as (session, moment):
        outbox.left_unknown(session, parcel, LeftUnknown("The line broke."))
    clock.moment += 24 * HOUR

    report = chores.tick(database, OURS)

    assert (report.sent, hook.kept, only(database).state, only(database).answer) == (
        0, [], "sending", "The line broke."
    )  # fmt: skip


def held(database: Database) -> tuple[str, int]:
    """The lease, taken and given back at once."""
    with database.writing() as (session, moment):
        seq = chores.take(session, "test", moment)
        chores.release(session, "test", moment)
    return "test", seq


def test_what_was_stopped_before_it_was_sent_is_left_out(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster, mine: Subscription,
    hook: Receiver,
) -> None:  # fmt: skip
    hook.answers = [503]
    resolve(database, mo, rain, 1)
    chores.tick(database, OURS)
    with database.writing() as (session, moment):
        subscribing.remove(session, ada, mine.id, moment)
    clock.moment += HOUR

    chores.tick(database, OURS)

    assert len(hook.kept) == 1
    assert (only(database).state, only(database).answer) == ("failed", "Left out: it was stopped before this was sent.")


def test_where_one_telling_fails_the_others_of_its_subscription_wait(
    database: Database, clock: MovedClock, rain: Question, mo: Forecaster, mine: Subscription, hook: Receiver
) -> None:
    hook.answers = [503]
    resolve(database, mo, rain, 1)
    resolve(database, mo, rain, 0)

    first = str(chores.tick(database, OURS))
    clock.moment += MINUTE
    second = str(chores.tick(database, OURS))

    assert (first, second) == ("2 to tell, 0 sent, 1 not taken.", "0 to tell, 2 sent.")


def test_a_server_that_stops_sends_no_more(
    database: Database, rain: Question, mo: Forecaster, mine: Subscription, hook: Receiver
) -> None:
    resolve(database, mo, rain, 1)

    chores.tick(database, OURS, go_on=lambda: False)

    assert hook.kept == []
    assert only(database).state == "due"
