"""Notices: whoever confirmed an address is told there when their account is changed, and nobody else is."""

import pyotp
import pytest

from forecasts import accounts, subscribing
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from tests.cast import MovedClock
from tests.postmen import Mailbox, plain
from tests.web.conftest import Visit
from tests.web.sight import Sight

PASSWORD = "correct horse"
FACTOR = "/settings/second-factor"


@pytest.fixture
def settings(office: Mailbox) -> Settings:
    return Settings(host="127.0.0.1", smtp_url=office.address)


@pytest.fixture
def eve(database: Database) -> Forecaster:
    """She has a password and a confirmed address."""
    name, sealed = accounts.judge("Eve", PASSWORD)
    with database.writing() as (session, moment):
        person = accounts.join(session, name, sealed, moment)
        subscribing.confirm(session, subscribing.set_email(session, person, "eve@example.org", moment), moment)
        return person


def told(office: Mailbox) -> list[str]:
    """The first line of each mail to Eve, of which there is one address."""
    return [
        plain(mail).partition("\n")[0]
        for mail, to in zip(office.kept, office.to, strict=True)
        if to == ["eve@example.org"]
    ]


def test_every_change_of_how_somebody_signs_in_is_told(
    visit: Visit, office: Mailbox, clock: MovedClock, eve: Forecaster
) -> None:
    visit(eve)
    here, lost = visit(eve), visit(eve)
    fields = Sight.of(here.get("/settings/sessions").text).find("input", name="session")

    here.post("/settings/sessions/removal", data={"session": fields[0].attributes["value"]})
    here.post("/settings/sessions/others")
    here.post("/settings/email", data={"email": "other@example.org"})
    here.post(FACTOR)
    secret = Sight.of(here.get(FACTOR).text).find("code", class_="secret")[0].text.replace(" ", "")
    here.post(f"{FACTOR}/confirmation", data={"code": pyotp.TOTP(secret).at(clock.now())})
    here.post(f"{FACTOR}/codes", data={"old": PASSWORD})
    here.post(f"{FACTOR}/removal", data={"old": PASSWORD})
    here.post("/settings/password", data={"old": PASSWORD, "password": "another horse", "again": "another horse"})

    assert told(office) == [
        "One of your browsers was signed out.",
        "Every other browser of yours was signed out.",
        "Mail is to go to other@example.org instead of here, once the link that was sent there is opened.",
        "A second factor was set up: signing in asks for a code from now on.",
        "New recovery codes were made for your second factor. The earlier ones work no more.",
        "Your second factor was removed: signing in asks for the password alone.",
        "Your password was changed. Every other browser was signed out.",
    ]
    assert "/people/eve" not in Sight.of(lost.get("/").text).links
    assert "http://127.0.0.1:8000/reset" in plain(office.kept[-1])


def test_who_confirmed_no_address_is_told_nothing_and_nothing_fails(
    visit: Visit, office: Mailbox, ada: Forecaster
) -> None:
    assert visit(ada).post("/settings/sessions/others").status_code == 303
    assert office.kept == []


def test_what_was_refused_is_told_to_nobody(visit: Visit, office: Mailbox, eve: Forecaster) -> None:
    wrong = {"old": "wrong horse", "password": "another horse", "again": "another horse"}

    assert visit(eve).post("/settings/password", data=wrong).status_code == 422
    assert office.kept == []
