"""The second factor in the browser: set up by a picture or a text, confirmed by a code, removed by the password."""

import re
from datetime import timedelta

import pyotp
import pytest
from starlette.testclient import TestClient

from forecasts import accounts
from forecasts.database import Database
from forecasts.models import Forecaster
from tests.cast import MovedClock, rows
from tests.web.conftest import Visit
from tests.web.sight import Sight
from web.dependencies import COOKIE
from web.qr import qr

PASSWORD = "correct horse"
PAGE = "/settings/second-factor"
STEP = timedelta(seconds=30)


@pytest.fixture
def eve(database: Database) -> Forecaster:
    """She has a password."""
    name, sealed = accounts.judge("Eve", PASSWORD)
    with database.writing() as (session, moment):
        return accounts.join(session, name, sealed, moment)


def secret_on(page: str) -> str:
    return Sight.of(page).find("code", class_="secret")[0].text.replace(" ", "")


def turn_on(browser: TestClient, clock: MovedClock) -> tuple[str, list[str]]:
    """The secret and the recovery codes."""
    browser.post(PAGE)
    secret = secret_on(browser.get(PAGE).text)
    shown = browser.post(f"{PAGE}/confirmation", data={"code": pyotp.TOTP(secret).at(clock.now())})
    assert shown.status_code == 200
    return secret, [one.text for one in Sight.of(shown.text).find("code")]


def test_it_is_set_up_by_a_code_of_the_secret_that_is_shown(
    visit: Visit, database: Database, clock: MovedClock, eve: Forecaster
) -> None:
    here, elsewhere = visit(), visit(eve)
    here.post("/sign-in", data={"name": "Eve", "password": PASSWORD})
    before = here.cookies[COOKIE]

    secret, codes = turn_on(here, clock)
    later = here.get(PAGE)

    assert here.cookies[COOKIE] != before
    assert "/people/eve" not in Sight.of(elsewhere.get("/").text).links
    assert len(codes) == 10
    assert [one for one in (secret, *codes) if one in later.text] == []
    assert "10 recovery codes unused." in Sight.of(later.text).text
    clock.moment += STEP
    browser = visit()
    browser.post("/sign-in", data={"name": "Eve", "password": PASSWORD})
    entered = browser.post("/sign-in/code", data={"code": pyotp.TOTP(secret).at(clock.now())})
    assert entered.status_code == 303


def test_the_picture_says_what_authenticators_read_and_needs_no_style(visit: Visit, eve: Forecaster) -> None:
    here = visit(eve)
    here.post(PAGE)

    page = here.get(PAGE).text
    secret = secret_on(page)

    drawn = re.search(r'<svg.*?<path d="([^"]+)"', page)
    assert drawn
    assert drawn[1] == qr(f"otpauth://totp/Brierboard:Eve?secret={secret}&issuer=Brierboard").path
    assert "style=" not in page


def test_a_wrong_code_turns_nothing_on_and_is_throttled(visit: Visit, database: Database, eve: Forecaster) -> None:
    here = visit(eve)
    here.post(PAGE)

    answers = [here.post(f"{PAGE}/confirmation", data={"code": "000000"}) for _ in range(6)]

    assert [one.status_code for one in answers] == [422] * 5 + [429]
    assert "This code does not fit" in Sight.of(answers[0].text).alerts[0]
    assert secret_on(answers[0].text)
    assert visit().post("/sign-in", data={"name": "Eve", "password": PASSWORD}).status_code == 303


@pytest.mark.parametrize("act", ["removal", "codes"])
def test_what_weakens_it_takes_the_password_even_a_moment_after_signing_in(
    visit: Visit, database: Database, clock: MovedClock, eve: Forecaster, act: str
) -> None:
    here = visit(eve)
    _, codes = turn_on(here, clock)
    before = rows(database, "recovery_code")

    without = here.post(f"{PAGE}/{act}")
    wrong = here.post(f"{PAGE}/{act}", data={"old": "wrong horse"})
    unchanged = rows(database, "recovery_code") == before
    right = here.post(f"{PAGE}/{act}", data={"old": PASSWORD})

    assert (without.status_code, wrong.status_code) == (422, 422)
    assert unchanged
    assert right.status_code == (303 if act == "removal" else 200)
    after = [one.text for one in Sight.of(right.text).find("code")]
    assert rows(database, "recovery_code") != before
    assert not set(after) & set(codes)


def test_setting_it_up_asks_for_the_password_a_while_after_signing_in(
    visit: Visit, database: Database, clock: MovedClock, eve: Forecaster
) -> None:
    here = visit(eve)
    clock.moment += timedelta(minutes=10)

    refused, taken = here.post(PAGE), here.post(PAGE, data={"old": PASSWORD})

    assert (refused.status_code, taken.status_code) == (422, 303)
    assert Sight.of(refused.text).invalid == ["old"]
