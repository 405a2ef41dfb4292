"""Notices: whoever confirmed an address is told there when their account is changed, and nobody else is."""

import pyotp
import pytest
from fastapi import FastAPI

from forecasts import accounts, subscribing
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from tests.cast import MovedClock
from tests.postmen import Mailbox, plain
from tests.web.conftest import Visit
from tests.web.sight import Sight
from web.app import PLACES
from web.post import REVOKED

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
    new = {"old": PASSWORD, "password": "another horse", "again": "another horse", "tokens": "on"}
    here.post("/settings/password", data=new)

    assert told(office) == [
        "One of your browsers was signed out.",
        "Every other browser of yours was signed out.",
        "Mail is to go to other@example.org instead of here, once the link that was sent there is opened.",
        "A second factor was set up: signing in asks for a code from now on.",
        "New recovery codes were made for your second factor. The earlier ones work no more.",
        "Your second factor was removed: signing in asks for the password alone.",
        f"Your password was changed. Every other browser was signed out. {REVOKED}",
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


def test_the_address_before_is_told_where_mail_goes_now(
    visit: Visit, office: Mailbox, database: Database, eve: Forecaster
) -> None:
    with database.writing() as (session, moment):
        token = subscribing.set_email(session, eve, "other@example.org", moment)
        again = subscribing.set_email(session, eve, "eve@example.org", moment)

    visit().get(f"/confirm/{token}")
    before = told(office)
    confirmed = visit().post(f"/confirm/{token}")
    late = visit().post(f"/confirm/{again}")

    assert (before, confirmed.status_code, late.status_code) == ([], 200, 404)
    assert told(office) == ["Mail goes to other@example.org from now on, and not here."]
    assert len(office.kept) == 1


def test_the_address_that_was_removed_is_told_so_for_the_last_time(
    visit: Visit, office: Mailbox, eve: Forecaster
) -> None:
    here = visit(eve)

    removed = [here.post("/settings/email/removal").status_code for _ in range(2)]

    assert removed == [303, 303]
    assert told(office) == ["Mail comes here no more: this address was removed."]


def test_a_mail_server_that_hangs_keeps_no_place_and_no_connection(
    visit: Visit, app: FastAPI, office: Mailbox, database: Database, eve: Forecaster
) -> None:
    held: list[tuple[int, int]] = []
    here = visit(eve)
    office.before = lambda: held.append((app.state.places.value, database.engine.pool.checkedout()))  # type: ignore[attr-defined]

    assert here.post("/settings/sessions/others").status_code == 303
    assert held == [(PLACES, 0)]


def test_a_mail_server_that_is_away_keeps_nobody_from_changing_anything(
    visit: Visit, office: Mailbox, database: Database, eve: Forecaster
) -> None:
    office.refused = "550 Not here"
    here = visit(eve)

    assert here.post("/settings/email/removal").status_code == 303
    assert office.kept == []
    with database.reading() as session:
        assert subscribing.postbox(session, eve).email is None
