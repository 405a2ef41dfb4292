"""The chores: one process does them, each event is told once to whoever asked for it, and nothing twice."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from forecasts import chores, subscribing
from forecasts.chores import TakenOver
from forecasts.database import Database
from forecasts.happenings import EVENTS
from forecasts.models import Delivery, Forecaster, Lease, Subscription
from forecasts.settings import Settings
from questions.models import Question
from tests.cast import DAY, HOUR, NOON, MovedClock, annul, draft, publish, reopen, resolve, say
from tests.postmen import Mailbox, Receiver, plain, receiver

ROOT = Path(__file__).parents[2]
SEVEN = NOON + 19 * HOUR
"""When the first digest after noon goes out: 7:00 UTC."""


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as opened:
        yield opened


@pytest.fixture
def settings(office: Mailbox) -> Settings:
    return Settings(host="127.0.0.1", smtp_url=office.address, mail_from="board@example.org")


def confirmed(database: Database, who: Forecaster, every: str = "day", within: str = "") -> None:
    """Let somebody be sent a digest of everything."""
    with database.writing() as (session, moment):
        token = subscribing.set_email(session, who, f"{who.handle}@example.org", moment)
        subscribing.confirm(session, token, moment)
        subscribing.choose_digest(session, who, every, list(EVENTS), within, moment)


def hooked(
    database: Database, who: Forecaster, hook: Receiver, *events: str, channel: str = "webhook", within: str = ""
) -> Subscription:
    """Let somebody's program be told."""
    with database.writing() as (session, moment):
        address = f"{hook.address}/{who.handle}"
        return subscribing.add_webhook(session, who, channel, address, events or list(EVENTS), within, moment)


def deliveries(database: Database) -> list[Delivery]:
    with database.reading() as session:
        return sorted(session.exec(select(Delivery)).all(), key=lambda one: one.id)


def told(hook: Receiver) -> list[str]:
    """The sentences that came, in order."""
    return [json.loads(one.body)["data"]["sentence"] for one in hook.kept]


# What is told


def test_a_decision_is_told_once(
    database: Database, rain: Question, ada: Forecaster, mo: Forecaster, hook: Receiver, settings: Settings
) -> None:
    hooked(database, ada, hook, "resolved")
    resolve(database, mo, rain, 1)

    first, second = chores.tick(database, settings), chores.tick(database, settings)

    assert str(first) == "1 to tell, 1 sent."
    assert str(second) == "0 to tell, 0 sent."
    assert told(hook) == ["Resolved: Yes, known on 2 March 2026, 12:00 UTC."]


def test_each_change_of_a_decision_is_an_event_of_its_own(
    database: Database, rain: Question, ada: Forecaster, mo: Forecaster, hook: Receiver, settings: Settings
) -> None:
    hooked(database, ada, hook, "resolved")
    resolve(database, mo, rain, 1)
    resolve(database, mo, rain, 0)
    reopen(database, mo, rain)
    annul(database, mo, rain)

    chores.tick(database, settings)

    assert told(hook) == [
        "Resolved: Yes, known on 2 March 2026, 12:00 UTC.",
        "Corrected: No, known on 2 March 2026, 12:00 UTC.",
        "Reopened: what was decided before counts no more.",
        "Annulled: The station burned down.",
    ]


def test_nobody_is_told_what_was_decided_before_they_asked(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster, hook: Receiver,
    settings: Settings,
) -> None:  # fmt: skip
    resolve(database, mo, rain, 1)
    clock.moment += HOUR
    hooked(database, ada, hook)

    assert str(chores.tick(database, settings)) == "0 to tell, 0 sent."


def test_who_asks_for_one_set_is_told_of_no_other(
    database: Database, rain: Question, ada: Forecaster, mo: Forecaster, hook: Receiver, settings: Settings
) -> None:
    hail = publish(database, draft("hail"), within="winter")[0]
    hooked(database, ada, hook, "resolved", within="winter")
    resolve(database, mo, rain, 1)
    resolve(database, mo, hail, 0)

    chores.tick(database, settings)

    assert [json.loads(one.body)["data"]["question"]["slug"] for one in hook.kept] == ["hail"]


def test_that_a_question_closes_is_told_once_two_days_before(
    database: Database, clock: MovedClock, ada: Forecaster, hook: Receiver, settings: Settings
) -> None:
    publish(database, draft("hail", closes_at=NOON + 50 * HOUR, resolves_at=NOON + 50 * HOUR))
    hooked(database, ada, hook, "closing")

    found = []
    for _ in range(5):
        found.append(chores.tick(database, settings).found)
        clock.moment += HOUR

    assert found == [0, 0, 1, 0, 0]
    assert told(hook) == ["Closes on 4 March 2026, 14:00 UTC."]


def test_a_weekly_digest_tells_of_what_closes_before_the_next_one_could(
    database: Database, clock: MovedClock, ada: Forecaster, office: Mailbox, settings: Settings
) -> None:
    """Noon is on a Monday; digests go out on the 9th and on the 16th, and two days later it would close."""
    late = NOON + timedelta(days=16)
    publish(database, draft("hail", closes_at=late, resolves_at=late))
    publish(database, draft("snow", closes_at=late + 7 * DAY, resolves_at=late + 7 * DAY), within="winter")
    confirmed(database, ada, "week")
    clock.moment += 7 * DAY

    chores.tick(database, settings)
    clock.moment += 7 * DAY
    chores.tick(database, settings)

    assert [one["Subject"] for one in office.kept] == ["Brierboard: 1 closing soon"]
    assert "What of the hail?" in plain(office.kept[0])


def test_a_move_of_ten_points_is_told(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster, hook: Receiver,
    settings: Settings,
) -> None:  # fmt: skip
    say(database, ada, rain, 0.30)
    clock.moment += HOUR
    hooked(database, bob, hook, "moved")
    clock.moment += HOUR
    say(database, ada, rain, 0.39)
    nine = chores.tick(database, settings).found
    clock.moment += HOUR
    say(database, ada, rain, 0.40)

    ten = chores.tick(database, settings).found

    assert (nine, ten) == (0, 1)
    assert told(hook) == ["The crowd moved from 30% to 40% since 2 March 2026, 13:00 UTC."]


def test_the_next_move_is_measured_from_the_last_that_was_told_and_waits_a_day(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, hook: Receiver, settings: Settings
) -> None:
    long = publish(database, draft("hail", closes_at=NOON + 9 * DAY, resolves_at=NOON + 9 * DAY))[0]
    say(database, ada, long, 0.30)
    hooked(database, bob, hook, "moved")
    found = []
    for yes, wait in ((0.50, HOUR), (0.70, HOUR), (0.70, 23 * HOUR), (0.70, DAY), (0.62, DAY), (0.60, DAY)):
        clock.moment += wait
        say(database, ada, long, yes)
        found.append(chores.tick(database, settings).found)

    assert found == [1, 0, 1, 0, 0, 1]
    assert [one.split(" since ")[0] for one in told(hook)] == [
        "The crowd moved from 30% to 50%",
        "The crowd moved from 50% to 70%",
        "The crowd moved from 70% to 60%",
    ]


def test_a_choice_moves_by_any_outcome_and_a_number_by_how_far_it_went(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, hook: Receiver, settings: Settings
) -> None:
    choice, number = publish(database, draft("wind", "choice"), draft("depth", "number"))
    say(database, ada, choice, 0.5, 0.3, 0.2)
    say(database, ada, number, 0.5, 0.25, 0.25)
    hooked(database, bob, hook, "moved")
    clock.moment += HOUR
    say(database, ada, choice, 0.41, 0.41, 0.18)
    say(database, ada, number, 0.41, 0.34, 0.25)
    within = chores.tick(database, settings).found
    clock.moment += HOUR
    say(database, ada, number, 0.44, 0.21, 0.35)

    beyond = chores.tick(database, settings).found

    assert (within, beyond) == (1, 1)
    assert told(hook)[0].startswith("The crowd moved from 30% for “south” to 41% since")


def test_who_first_speaks_moves_no_crowd(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster, hook: Receiver,
    settings: Settings,
) -> None:  # fmt: skip
    hooked(database, bob, hook, "moved")
    clock.moment += HOUR
    say(database, ada, rain, 0.9)
    first = chores.tick(database, settings).found
    clock.moment += HOUR
    say(database, ada, rain, 0.7)

    second = chores.tick(database, settings).found

    assert (first, second) == (0, 1)
    assert told(hook) == ["The crowd moved from 90% to 70% since 2 March 2026, 13:00 UTC."]


# The digest


def test_a_digest_comes_at_seven_with_all_that_happened(
    database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster, office: Mailbox, settings: Settings
) -> None:
    until = NOON + 60 * HOUR
    _, snow, fog = publish(
        database, *(draft(slug, closes_at=until, resolves_at=until) for slug in ("hail", "snow", "fog"))
    )
    confirmed(database, ada)
    say(database, ada, snow, 0.5)
    resolve(database, mo, fog, 1)
    before = str(chores.tick(database, settings))
    clock.moment = SEVEN

    at_seven = str(chores.tick(database, settings))

    assert (before, at_seven) == ("3 to tell, 0 sent.", "0 to tell, 1 sent.")
    (mail,) = office.kept
    text = plain(mail)
    assert mail["Subject"] == "Brierboard: 1 decided, 2 closing soon"
    assert office.to == [["ada@example.org"]]
    assert "What of the fog?\nResolved: Yes, known on 2 March 2026, 12:00 UTC.\n" in text
    assert "What of the hail?\nCloses on 5 March 2026, 00:00 UTC. You have no forecast on it.\n" in text
    assert "What of the snow?\nCloses on 5 March 2026, 00:00 UTC.\nhttp://127.0.0.1:8000/questions/snow\n" in text


def test_what_closed_before_the_digest_goes_out_is_left_out_of_it(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, office: Mailbox, settings: Settings
) -> None:
    confirmed(database, ada)
    chores.tick(database, settings)
    clock.moment = SEVEN

    chores.tick(database, settings)

    assert office.kept == []
    assert [(one.state, one.answer) for one in deliveries(database)] == [
        ("failed", "Left out: the question takes no more forecasts.")
    ]


def test_switching_the_digest_off_and_on_tells_nothing_twice(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster, office: Mailbox,
    settings: Settings,
) -> None:  # fmt: skip
    confirmed(database, ada)
    resolve(database, mo, rain, 1)
    clock.moment = SEVEN
    chores.tick(database, settings)
    clock.moment += DAY
    chores.tick(database, settings)
    for every in ("", "day"):
        with database.writing() as (session, moment):
            subscribing.choose_digest(session, ada, every, list(EVENTS), "", moment)
    clock.moment += 2 * DAY

    chores.tick(database, settings)

    assert len(office.kept) == 1


def test_without_a_mail_server_no_mail_is_kept_for_later(
    database: Database, rain: Question, ada: Forecaster, mo: Forecaster, settings: Settings
) -> None:
    confirmed(database, ada)
    resolve(database, mo, rain, 1)

    report = chores.tick(database, Settings(host="127.0.0.1"))

    assert report.found == 0


# Never two mails for one event


def test_a_mail_that_was_refused_is_tried_again(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster, office: Mailbox,
    settings: Settings,
) -> None:  # fmt: skip
    confirmed(database, ada)
    resolve(database, mo, rain, 1)
    clock.moment = NOON + HOUR
    chores.tick(database, settings)
    office.answers, clock.moment = ["451 Come back later"], SEVEN
    refused = str(chores.tick(database, settings))
    (after,) = deliveries(database)
    at_once = str(chores.tick(database, settings))
    clock.moment += timedelta(minutes=1)

    again = str(chores.tick(database, settings))

    assert (refused, at_once, again) == ("0 to tell, 0 sent, 1 not taken.", "0 to tell, 0 sent.", "0 to tell, 1 sent.")
    assert (after.state, after.tries, after.answer) == ("due", 1, "The mail server answered 451 Come back later.")
    assert len(office.kept) == 1


TICK = """
import sys
from datetime import datetime
from forecasts import chores
from forecasts.database import Database
from forecasts.settings import Settings
from tests.cast import MovedClock

url, moment, smtp_url = sys.argv[1:]
database = Database(url, MovedClock(datetime.fromisoformat(moment)))
print(chores.tick(database, Settings(host="127.0.0.1", smtp_url=smtp_url)))
"""


def start(url: str, moment: datetime, office: Mailbox) -> subprocess.Popen[str]:
    """The chores in a process of their own."""
    command = [sys.executable, "-c", TICK, url, moment.isoformat(), office.address]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_who_is_killed_while_the_mail_goes_out_has_sent_it_once(
    url: str, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster,
    office: Mailbox, settings: Settings,
) -> None:  # fmt: skip
    confirmed(database, ada)
    resolve(database, mo, rain, 1)
    chores.tick(database, settings)
    clock.moment = SEVEN
    with start(url, SEVEN, office) as process:
        office.before = lambda: process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
    clock.moment += DAY

    chores.tick(database, settings)

    assert len(office.kept) == 1
    assert [(one.state, one.sent_at) for one in deliveries(database)] == [("sending", SEVEN)]


def test_two_processes_at_once_send_one_mail(
    url: str, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster,
    mo: Forecaster, office: Mailbox, settings: Settings,
) -> None:  # fmt: skip
    for who in (ada, bob):
        confirmed(database, who)
    resolve(database, mo, rain, 1)
    chores.tick(database, settings)

    processes = [start(url, SEVEN, office) for _ in range(2)]
    ended = [process.communicate(timeout=60) for process in processes]

    said = sorted(output or error.splitlines()[-1] + "\n" for output, error in ended)
    assert said[0] in {"0 to tell, 0 sent.\n", "0 to tell, 2 sent.\n"}
    assert said[1] in {"0 to tell, 2 sent.\n", "forecasts.chores.TakenOver: Another process is at it.\n"}
    assert sorted(office.to) == [["ada@example.org"], ["bob@example.org"]]


# The lease


def test_while_one_is_at_it_nobody_else_is(database: Database, settings: Settings) -> None:
    with database.writing() as (session, moment):
        chores.take(session, "another", moment)

    with pytest.raises(TakenOver, match="Another process is at it"):
        chores.tick(database, settings)


def test_who_died_is_waited_for_ten_minutes(database: Database, clock: MovedClock, settings: Settings) -> None:
    with database.writing() as (session, moment):
        chores.take(session, "the dead", moment)
    clock.moment += timedelta(minutes=10)

    chores.tick(database, settings)

    with database.reading() as session:
        lease = session.get_one(Lease, chores.NAME)
        assert (lease.holder != "the dead", lease.until) == (True, clock.moment)


def test_who_lost_the_lease_puts_nothing_into_the_outbox(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster, hook: Receiver,
    settings: Settings,
) -> None:  # fmt: skip
    hooked(database, ada, hook)
    resolve(database, mo, rain, 1)
    with database.writing() as (session, moment):
        chores.take(session, "slow", moment)
    clock.moment += timedelta(minutes=11)
    with database.writing() as (session, moment):
        chores.take(session, "quick", moment)

    with pytest.raises(TakenOver, match="another process went on"):
        chores._look_round(database, settings, "slow", 0)

    assert deliveries(database) == []
