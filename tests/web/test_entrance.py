"""The entrance: what a wrong try costs and whom it stops, the second step, and what nobody learns from an answer."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from forecasts import accounts, passwords, secondfactor
from forecasts.database import Database
from forecasts.models import Forecaster
from tests.cast import MovedClock, rows
from tests.forecasts.test_secondfactor import STEP, code, set_up
from tests.web.conftest import Visit
from tests.web.sight import Sight
from web.cookies import HALF
from web.dependencies import COOKIE

PASSWORD = "correct horse"
WRONG = "This name and password do not belong together. Check both."
BOTH = "The password or the code is wrong. Type the code that is shown now, or begin again."
MINUTE = timedelta(minutes=1)

From = Callable[[str], TestClient]


@pytest.fixture
def eve(database: Database) -> Forecaster:
    """She has a password."""
    name, sealed = accounts.judge("Eve", PASSWORD)
    with database.writing() as (session, moment):
        return accounts.join(session, name, sealed, moment)


@pytest.fixture
def codes(database: Database, eve: Forecaster) -> list[str]:
    """Eve has a second factor, and these recovery codes."""
    return set_up(database, eve)


@pytest.fixture
def come_from(app: FastAPI) -> Iterator[From]:
    """Open a browser at an address."""
    with ExitStack() as opened:
        yield lambda address: opened.enter_context(
            TestClient(app, follow_redirects=False, client=(address, 50000))
        )  # fmt: skip


def sign_in(browser: TestClient, password: str = PASSWORD, name: str = "Eve") -> tuple[int, list[str]]:
    answer = browser.post("/sign-in", data={"name": name, "password": password})
    return answer.status_code, Sight.of(answer.text).alerts


def give(browser: TestClient, typed: str) -> tuple[int, list[str]]:
    answer = browser.post("/sign-in/code", data={"code": typed, "back": "/due"})
    return answer.status_code, Sight.of(answer.text).alerts


def is_in(browser: TestClient) -> bool:
    return "/people/eve" in Sight.of(browser.get("/").text).links


# Guessing


def test_after_five_wrong_passwords_even_the_right_one_must_wait(
    come_from: From, clock: MovedClock, eve: Forecaster
) -> None:
    browser = come_from("192.0.2.1")

    wrong = [sign_in(browser, "wrong horse") for _ in range(5)]
    stopped = browser.post("/sign-in", data={"name": "Eve", "password": PASSWORD})
    clock.moment += MINUTE
    entered = sign_in(browser)

    assert wrong == [(422, [WRONG])] * 5
    assert (stopped.status_code, stopped.headers["retry-after"]) == (429, "60")
    seen = Sight.of(stopped.text)
    assert seen.alerts == ["Too many tries went wrong from where you are. Wait 60 seconds and try again."]
    assert seen.values["name"] == "Eve"
    assert entered == (303, [])


def test_nobody_locks_somebody_out_who_sits_elsewhere(come_from: From, eve: Forecaster) -> None:
    guesses, hers = come_from("2001:db8:1:2::1"), come_from("198.51.100.7")
    for _ in range(6):
        sign_in(guesses, "wrong horse")

    neighbour = come_from("2001:db8:1:2:ffff::9")  # of the same network, which one household has

    assert sign_in(neighbour)[0] == 429
    assert sign_in(hers) == (303, [])
    assert sign_in(guesses)[0] == 429  # her coming in has given the guesser no tries


def test_a_throttled_try_costs_no_hash(come_from: From, eve: Forecaster, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, hashed, fits = come_from("192.0.2.1"), [], passwords.fits

    def counted(known: str | None, password: str) -> bool:
        hashed.append(password)
        return fits(known, password)

    monkeypatch.setattr(passwords, "fits", counted)

    for _ in range(8):
        sign_in(browser, "wrong horse")

    assert len(hashed) == 5


def test_a_name_that_there_is_not_is_throttled_like_any_other(come_from: From, eve: Forecaster) -> None:
    there, not_there = come_from("192.0.2.1"), come_from("192.0.2.2")

    answers = [
        [sign_in(one, "wrong horse", name) for _ in range(6)] for one, name in ((there, "eve"), (not_there, "x"))
    ]

    assert answers[0] == answers[1]


def test_coming_in_gives_all_tries_back(come_from: From, eve: Forecaster) -> None:
    browser = come_from("192.0.2.1")
    for _ in range(3):
        for _ in range(4):
            sign_in(browser, "wrong horse")

        assert sign_in(browser) == (303, [])


def test_signing_in_anew_ends_the_session_before(visit: Visit, database: Database, eve: Forecaster) -> None:
    browser = visit()
    sign_in(browser)
    first = browser.cookies[COOKIE]

    sign_in(browser)

    assert browser.cookies[COOKIE] != first
    assert len(rows(database, "browser_session")) == 1


# The second step


def test_with_a_second_factor_it_takes_password_and_code(visit: Visit, clock: MovedClock, codes: list[str]) -> None:
    browser = visit()

    asked = browser.post("/sign-in", data={"name": "Eve", "password": PASSWORD, "back": "/due"})
    between = is_in(browser)
    entered = browser.post("/sign-in/code", data={"code": code(clock.now()), "back": "/due"})

    assert asked.status_code == 200
    assert Sight.of(asked.text).find("h1")[0].text == "The second step"
    assert COOKIE not in asked.cookies
    assert not between
    assert (entered.status_code, entered.headers["location"]) == (303, "/due")
    assert HALF not in browser.cookies
    assert is_in(browser)


def test_whether_the_password_was_right_is_not_told_before_the_code_is(
    visit: Visit, clock: MovedClock, codes: list[str]
) -> None:
    right, wrong = visit(), visit()

    first = [
        browser.post("/sign-in", data={"name": "Eve", "password": one})
        for browser, one in ((right, PASSWORD), (wrong, "wrong horse"))
    ]
    with_wrong_code = [give(browser, "000000") for browser in (right, wrong)]
    with_right_code = give(wrong, code(clock.now()))

    assert first[0].status_code == first[1].status_code == 200
    assert first[0].text == first[1].text
    assert with_wrong_code == [(422, [BOTH])] * 2
    assert with_right_code == (422, [BOTH])
    assert not is_in(wrong)


def test_a_code_opens_once(visit: Visit, clock: MovedClock, codes: list[str]) -> None:
    first, second, typed = visit(), visit(), code(clock.now())
    sign_in(first)
    sign_in(second)

    assert give(first, typed)[0] == 303
    assert give(second, typed) == (422, [BOTH])
    clock.moment += STEP
    assert give(second, code(clock.now()))[0] == 303


def test_a_recovery_code_opens_once(visit: Visit, codes: list[str]) -> None:
    first, second = visit(), visit()
    sign_in(first)
    sign_in(second)

    assert give(first, codes[0])[0] == 303
    assert give(second, codes[0]) == (422, [BOTH])


def test_codes_are_throttled_too_and_only_from_there(come_from: From, clock: MovedClock, codes: list[str]) -> None:
    guesses, hers = come_from("192.0.2.1"), come_from("198.51.100.7")
    sign_in(guesses)
    sign_in(hers)

    wrong = [give(guesses, "000000")[0] for _ in range(5)]
    stopped = guesses.post("/sign-in/code", data={"code": code(clock.now())})

    assert wrong == [422] * 5
    assert (stopped.status_code, stopped.headers["retry-after"]) == (429, "300")
    assert give(hers, code(clock.now()))[0] == 303


def test_the_second_step_takes_five_minutes_at_most(visit: Visit, clock: MovedClock, codes: list[str]) -> None:
    browser = visit()
    sign_in(browser)
    clock.moment += 5 * MINUTE

    status, alerts = give(browser, code(clock.now()))

    assert (status, alerts) == (
        403,
        ["This took too long, or it was done already. Begin with name and password again."],
    )
    assert give(visit(), code(clock.now()))[0] == 403


def test_half_a_sign_in_is_no_session(visit: Visit, database: Database, codes: list[str]) -> None:
    browser = visit()
    sign_in(browser)
    half = browser.cookies[HALF]

    browser.cookies.set(COOKIE, half)

    assert not is_in(browser)
    assert half not in repr(rows(database, "half_sign_in"))


def test_a_session_begun_by_both_can_be_ended_and_the_factor_removed(
    visit: Visit, database: Database, clock: MovedClock, eve: Forecaster, codes: list[str]
) -> None:
    with database.writing() as (session, _):
        secondfactor.remove(session, eve)

    assert sign_in(visit()) == (303, [])
