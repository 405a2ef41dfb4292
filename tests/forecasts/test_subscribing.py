"""Subscribing: an address counts once its owner said so, and nobody can be made to receive much."""

from datetime import timedelta

import pytest
from sqlmodel import select

from forecasts import accounts, subscribing
from forecasts.database import Database
from forecasts.happenings import EVENTS
from forecasts.models import Confirmation, Delivery, Forecaster, Postbox, Subscription
from forecasts.subscribing import InvalidSubscription
from questions.errors import NotFound
from tests.cast import DAY, HOUR, NOON, MovedClock

HOOK = "https://example.org/hook"


def ask(database: Database, who: Forecaster, email: str) -> str:
    with database.writing() as (session, moment):
        return subscribing.set_email(session, who, email, moment)


def confirm(database: Database, token: str) -> None:
    with database.writing() as (session, moment):
        subscribing.confirm(session, token, moment)


def digest(database: Database, who: Forecaster, every: str, *events: str) -> None:
    with database.writing() as (session, moment):
        subscribing.choose_digest(session, who, every, events or list(EVENTS), "", moment)


def add(database: Database, who: Forecaster, channel: str = "webhook", *events: str) -> Subscription:
    with database.writing() as (session, moment):
        return subscribing.add_webhook(session, who, channel, HOOK, events or ["resolved"], "", moment)


def box(database: Database, who: Forecaster) -> Postbox:
    with database.reading() as session:
        return subscribing.postbox(session, who)


# An address


def test_an_address_counts_once_its_owner_said_so(database: Database, ada: Forecaster) -> None:
    token = ask(database, ada, " Ada@example.org ")
    before = box(database, ada).email

    confirm(database, token)

    assert (before, box(database, ada).email, box(database, ada).confirmed_at) == (None, "Ada@example.org", NOON)


def test_until_another_is_confirmed_mail_goes_where_it_went(database: Database, ada: Forecaster) -> None:
    confirm(database, ask(database, ada, "ada@example.org"))

    ask(database, ada, "other@example.org")

    with database.reading() as session:
        assert subscribing.postbox(session, ada).email == "ada@example.org"
        assert subscribing.waiting(session, ada, NOON) == "other@example.org"


def test_of_a_token_only_its_hash_is_kept(database: Database, ada: Forecaster) -> None:
    token = ask(database, ada, "ada@example.org")

    with database.reading() as session:
        assert [one.token for one in session.exec(select(Confirmation))] == [accounts.seal(token)]


def test_a_link_works_once_and_for_three_days(database: Database, clock: MovedClock, ada: Forecaster) -> None:
    used, late = ask(database, ada, "ada@example.org"), ask(database, ada, "late@example.org")
    confirm(database, used)
    fresh = ask(database, ada, "late@example.org")
    clock.moment += timedelta(days=3)

    for token in (used, late, fresh, "made-up"):
        with pytest.raises(NotFound, match="This link works no more"):
            confirm(database, token)


def test_two_accounts_have_no_address_in_common(database: Database, ada: Forecaster, bob: Forecaster) -> None:
    confirm(database, ask(database, ada, "ada@example.org"))
    token = ask(database, bob, "ADA@example.org")

    with pytest.raises(InvalidSubscription, match="another account's address"):
        confirm(database, token)


@pytest.mark.parametrize(
    "email",
    [
        "", "ada", "@example.org", "ada@", "a b@example.org", "ada@example.org\nBcc: eve@example.org", "<ada@b.org>",
        "ada@example.org, eve@example.org", "ädä@example.org", f"{'x' * 65}@example.org", "a..b@example.org",
        ".a@example.org", "a.@example.org",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(database: Database, ada: Forecaster, email: str) -> None:
    with pytest.raises(InvalidSubscription, match="is no mail address"):
        ask(database, ada, email)


def test_five_confirmations_a_day_are_asked_for_by_a_person_and_for_an_address(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    for number in range(5):
        ask(database, ada, f"ada-{number}@example.org")
    for _ in range(5):
        ask(database, bob, "victim@example.org")

    with database.writing() as (session, moment):
        subscribing.remove_email(session, ada, moment)
    with pytest.raises(InvalidSubscription, match="Too many"):
        ask(database, ada, "another@example.org")
    with pytest.raises(InvalidSubscription, match="Too many"):
        ask(database, mo, "Victim@example.org")
    clock.moment += DAY
    ask(database, ada, "another@example.org")


def test_removing_the_address_stops_the_digest_and_what_waits(database: Database, ada: Forecaster) -> None:
    confirm(database, ask(database, ada, "ada@example.org"))
    digest(database, ada, "day")
    late = ask(database, ada, "other@example.org")

    with database.writing() as (session, moment):
        subscribing.remove_email(session, ada, moment)

    with database.reading() as session:
        mail = subscribing.digest_of(session, ada)
        assert mail is not None
        assert (mail.ended_at, subscribing.postbox(session, ada).email) == (NOON, None)
    with pytest.raises(NotFound):
        confirm(database, late)


# A digest


def test_a_digest_needs_an_address_and_something_to_tell(database: Database, ada: Forecaster) -> None:
    with pytest.raises(InvalidSubscription, match="There is no confirmed address"):
        digest(database, ada, "day")
    with pytest.raises(InvalidSubscription, match="Choose how often"):
        digest(database, ada, "hour")
    with pytest.raises(InvalidSubscription, match="Nothing is chosen"), database.writing() as (session, moment):
        subscribing.choose_digest(session, ada, "day", [], "", moment)


def test_a_person_has_one_digest_whatever_they_choose(database: Database, clock: MovedClock, ada: Forecaster) -> None:
    confirm(database, ask(database, ada, "ada@example.org"))
    for every in ("day", "week", "", "day"):
        clock.moment += HOUR
        digest(database, ada, every, "closing")

    with database.reading() as session:
        (mail,) = session.exec(select(Subscription)).all()
    assert (mail.every, mail.events, mail.ended_at, mail.made_at) == ("day", ["closing"], None, NOON + 4 * HOUR)


def test_what_waits_for_monday_comes_tomorrow_where_that_is_chosen(database: Database, ada: Forecaster) -> None:
    confirm(database, ask(database, ada, "ada@example.org"))
    digest(database, ada, "week")
    with database.writing() as (session, moment):
        mail = subscribing.digest_of(session, ada)
        assert mail is not None
        session.add(Delivery(subscription_id=mail.id, event="closing:rain", due_at=moment + 7 * DAY))

    digest(database, ada, "day")

    with database.reading() as session:
        assert session.exec(select(Delivery.due_at)).one() == NOON + 19 * HOUR


def test_a_link_stops_it_as_often_as_it_is_followed(database: Database, ada: Forecaster) -> None:
    confirm(database, ask(database, ada, "ada@example.org"))
    digest(database, ada, "day")
    with database.reading() as session:
        mail = subscribing.digest_of(session, ada)
    assert mail is not None
    assert mail.stop

    for _ in range(2):
        with database.writing() as (session, moment):
            subscribing.stop(session, mail.stop, moment)

    with database.reading() as session:
        assert session.exec(select(Subscription.ended_at)).one() == NOON
    with pytest.raises(NotFound, match="nothing to stop"), database.writing() as (session, moment):
        subscribing.stop(session, "made-up", moment)


# Webhooks


def test_only_our_own_form_has_a_secret(database: Database, ada: Forecaster) -> None:
    ours, slack = add(database, ada), add(database, ada, "slack")

    assert ours.secret.startswith("whsec_")
    assert len(ours.secret) == len("whsec_") + 44
    assert slack.secret == ""


def test_ten_webhooks_are_enough(database: Database, ada: Forecaster) -> None:
    first, *_ = [add(database, ada) for _ in range(10)]

    with pytest.raises(InvalidSubscription, match="You have 10 webhooks"):
        add(database, ada)
    with database.writing() as (session, moment):
        subscribing.remove(session, ada, first.id, moment)
    add(database, ada)


def test_a_webhook_is_of_some_form_and_tells_something(database: Database, ada: Forecaster) -> None:
    with pytest.raises(InvalidSubscription, match="what form"):
        add(database, ada, "mail")
    with pytest.raises(InvalidSubscription, match="Nothing is chosen"):
        add(database, ada, "slack", "weather")


def test_nobody_touches_anybody_elses(database: Database, ada: Forecaster, bob: Forecaster) -> None:
    hers = add(database, ada)

    for act in (subscribing.remove, subscribing.try_out):
        with pytest.raises(NotFound, match="no such webhook"), database.writing() as (session, moment):
            act(session, bob, hers.id, moment)


def test_one_test_waits_at_a_time(database: Database, ada: Forecaster) -> None:
    hers = add(database, ada)
    with database.writing() as (session, moment):
        subscribing.try_out(session, ada, hers.id, moment)

    with pytest.raises(InvalidSubscription, match="A test waits"), database.writing() as (session, moment):
        subscribing.try_out(session, ada, hers.id, moment)


# The calendar


def test_a_calendar_is_found_by_its_latest_token_alone(database: Database, ada: Forecaster) -> None:
    with database.writing() as (session, _):
        old = subscribing.make_calendar(session, ada)
    with database.writing() as (session, _):
        new = subscribing.make_calendar(session, ada)

    with database.reading() as session:
        assert subscribing.of_calendar(session, new).id == ada.id
        with pytest.raises(NotFound):
            subscribing.of_calendar(session, old)
    assert box(database, ada).calendar == accounts.seal(new)


def test_a_calendar_can_be_taken_away(database: Database, ada: Forecaster) -> None:
    with database.writing() as (session, _):
        token = subscribing.make_calendar(session, ada)
    with database.writing() as (session, _):
        subscribing.drop_calendar(session, ada)

    with database.reading() as session, pytest.raises(NotFound, match="no calendar"):
        subscribing.of_calendar(session, token)
