"""Throttling: how many tries there are, from where, and when the next one comes."""

from datetime import timedelta

import pytest

from forecasts import throttle
from forecasts.database import Database
from forecasts.throttle import ACCOUNT, ADDRESS, Count, TooOften
from tests.cast import HOUR, MovedClock, rows

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HERE, THERE = "192.0.2.1", "198.51.100.7"


def fail(database: Database, counts: list[Count], times: int = 1) -> None:
    for _ in range(times):
        with database.writing() as (session, moment):
            throttle.note(session, counts, moment)


def wait(database: Database, counts: list[Count]) -> int:
    """Seconds to wait now, 0 where there is a try."""
    with database.reading() as session:
        try:
            throttle.require(session, counts, database.clock.now())
        except TooOften as refusal:
            return refusal.seconds
    return 0


def test_after_five_failures_the_next_try_comes_in_a_minute(database: Database, clock: MovedClock) -> None:
    counts = throttle.signing_in("eve", HERE)

    fail(database, counts, 4)
    after_four = wait(database, counts)
    fail(database, counts)
    after_five = wait(database, counts)
    clock.moment += MINUTE - SECOND
    almost = wait(database, counts)
    clock.moment += SECOND

    assert (after_four, after_five, almost, wait(database, counts)) == (0, 60, 1, 0)


def test_one_more_comes_each_minute_and_all_five_after_five(database: Database, clock: MovedClock) -> None:
    counts = throttle.signing_in("eve", HERE)
    fail(database, counts, 5)

    clock.moment += MINUTE
    fail(database, counts)
    used = wait(database, counts)
    clock.moment += 5 * MINUTE
    fail(database, counts, 4)

    assert (used, wait(database, counts)) == (60, 0)


def test_somebody_elsewhere_has_tries_of_their_own(database: Database) -> None:
    fail(database, throttle.signing_in("eve", HERE), 50)

    assert wait(database, throttle.signing_in("eve", HERE)) > 0
    assert wait(database, throttle.signing_in("eve", THERE)) == 0


def test_one_address_that_tries_many_names_must_wait_too(database: Database) -> None:
    for number in range(ADDRESS.tries):
        fail(database, throttle.signing_in(f"name-{number}", HERE))

    assert wait(database, throttle.signing_in("eve", HERE)) == 20
    assert wait(database, throttle.signing_in("eve", THERE)) == 0


def test_what_came_right_is_forgotten_for_the_account_and_not_for_the_address(database: Database) -> None:
    counts = throttle.signing_in("eve", HERE)
    fail(database, counts, ADDRESS.tries)

    with database.writing() as (session, _):
        throttle.forget(session, counts)

    assert wait(database, counts[:1]) == 0
    assert wait(database, counts[1:]) == 20


def test_a_name_is_one_however_it_is_typed(database: Database) -> None:
    fail(database, throttle.signing_in(" Eve ", HERE), ACCOUNT.tries)

    assert wait(database, throttle.signing_in("eve", HERE)) == 60


def test_who_came_from_where_is_not_kept_and_what_is_over_is_swept_away(database: Database, clock: MovedClock) -> None:
    fail(database, throttle.signing_in("eve", HERE))
    kept = repr(rows(database, "throttle"))
    clock.moment += HOUR
    fail(database, throttle.signing_in("bob", THERE))

    assert HERE not in kept
    assert "eve" not in kept
    assert len(rows(database, "throttle")) == 2


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_of_an_address_that_part_counts_which_one_household_has(address: str, network: str) -> None:
    assert throttle.network(address) == network


@pytest.mark.parametrize(("seconds", "wait"), [(1, "1 second"), (119, "119 seconds"), (121, "3 minutes")])
def test_the_sentence_says_how_long_to_wait(seconds: int, wait: str) -> None:
    assert str(TooOften(seconds)) == f"Too many tries went wrong from where you are. Wait {wait} and try again."
