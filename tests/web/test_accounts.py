"""Signing up, in and out: what the browser is given to keep, and where it is led."""

from datetime import timedelta

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from forecasts import accounts, invitations
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.models import Question
from tests.cast import MovedClock, called, rows
from tests.web.conftest import Visit
from tests.web.sight import Sight
from web.app import create
from web.dependencies import COOKIE

PASSWORD = "correct horse"
FORM = {"name": "Eve", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def eve(database: Database) -> Forecaster:
    """She has a password."""
    name, sealed = accounts.judge("Eve", PASSWORD)
    with database.writing() as (session, moment):
        return accounts.join(session, name, sealed, moment)


def signed_in(browser: TestClient) -> bool:
    return "/people/eve" in Sight.of(browser.get("/").text).links


def test_signing_up_signs_in_and_leads_back(visit: Visit, database: Database) -> None:
    browser = visit()

    answer = browser.post("/sign-up", data=FORM | {"back": "/due"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/due")
    assert called(database, "eve").role == "forecaster"
    assert signed_in(browser)


def test_signing_in_and_out(visit: Visit, eve: Forecaster) -> None:
    browser = visit()

    entered = browser.post("/sign-in", data={"name": " eve ", "password": PASSWORD})
    was_in, kept = signed_in(browser), browser.cookies[COOKIE]
    left = browser.post("/sign-out")

    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert was_in
    assert (left.status_code, left.headers["location"]) == (303, "/")
    assert not signed_in(browser)
    browser.cookies.set(COOKIE, kept)
    assert not signed_in(browser)  # the cookie that somebody may have copied opens nothing any more


def test_the_cookie_is_for_the_browser_alone_and_for_thirty_days(
    visit: Visit, clock: MovedClock, eve: Forecaster
) -> None:
    browser = visit()

    given = browser.post("/sign-in", data={"name": "Eve", "password": PASSWORD}).headers["set-cookie"]

    assert {part.strip().lower() for part in given.split(";")[1:]} == {
        "httponly", "samesite=lax", "path=/", "max-age=2592000",
    }  # fmt: skip
    clock.moment += timedelta(days=15, microseconds=-1)
    assert signed_in(browser)  # which is noted: what nobody uses for fifteen days ends sooner
    clock.moment += timedelta(days=15) - timedelta(microseconds=1)
    assert signed_in(browser)
    clock.moment += timedelta(microseconds=1)
    assert signed_in(browser)
    clock.moment += timedelta(microseconds=1)
    assert not signed_in(browser)


def test_the_cookie_insists_on_https_where_people_come_by_it(database: Database, eve: Forecaster) -> None:
    settings = Settings(host="127.0.0.1", base_url="https://board.example", sign_up="")
    app = create(settings, database)

    with TestClient(app, base_url="https://board.example", follow_redirects=False) as browser:
        entered = browser.post("/sign-in", data={"name": "Eve", "password": PASSWORD})
        left = browser.post("/sign-out")

    assert "; Secure" in entered.headers["set-cookie"]
    assert "; Secure" in left.headers["set-cookie"]


def test_nothing_that_opens_an_account_is_kept_as_it_is(visit: Visit, database: Database, eve: Forecaster) -> None:
    browser = visit()
    browser.post("/sign-in", data={"name": "Eve", "password": PASSWORD})

    kept = repr([rows(database, table) for table in ("browser_session", "forecaster")])

    assert browser.cookies[COOKIE] not in kept
    assert PASSWORD not in kept


def test_a_wrong_name_and_a_wrong_password_are_answered_alike(visit: Visit, eve: Forecaster) -> None:
    for name, password in (("Eve", "wrong horse"), ("Nobody", PASSWORD), ("", ""), ("Eve", "x" * 15_000)):
        answer = visit().post("/sign-in", data={"name": name, "password": password, "back": "/due"})
        seen = Sight.of(answer.text)

        assert answer.status_code == 422
        assert seen.alerts == ["This name and password do not belong together. Check both."]
        assert (seen.values["name"], seen.invalid) == (name, ["password"])
        assert "value" not in seen.find("input", name="password")[0].attributes
        assert seen.find("input", name="back")[0].attributes["value"] == "/due"


REFUSED = [
    ({"name": "a b"}, "name", "“a b” cannot be a name."),
    ({"name": ""}, "name", "“” cannot be a name."),
    ({"name": "<b>"}, "name", "“<b>” cannot be a name."),
    ({"name": "ada"}, "name", "“ada” is taken. Choose another name."),
    ({"name": "Crowd"}, "name", "“Crowd” is taken. Choose another name."),
    ({"password": "short", "again": "short"}, "password", "The password is too short. Use at least 8 characters."),
    ({"password": "x" * 1001}, "password", "The password is too long. Use at most 1000 characters."),
    ({"again": "correct house"}, "again", "The two passwords differ. Type the same one twice."),
]


def test_an_account_that_cannot_be_had_is_refused_in_place(visit: Visit, database: Database, ada: Forecaster) -> None:
    browser, before = visit(), rows(database, "forecaster")

    for changed, field, sentence in REFUSED:
        answer = browser.post("/sign-up", data=FORM | changed)
        seen = Sight.of(answer.text)

        assert answer.status_code == 422
        assert seen.alerts[0].startswith(sentence)
        assert (seen.values["name"], seen.invalid) == ((FORM | changed)["name"], [field])
    assert rows(database, "forecaster") == before
    assert COOKIE not in browser.cookies


def test_where_sign_up_is_closed_only_an_invitation_opens_it(database: Database) -> None:
    app = create(Settings(host="127.0.0.1", base_url="", sign_up="invitation"), database)
    with database.writing() as (session, moment):
        token = invitations.invite_first_administrator(session, moment)

    with TestClient(app, follow_redirects=False) as browser:
        closed = [browser.get("/sign-up"), browser.post("/sign-up", data=FORM)]
        unknown = [browser.get("/sign-up?invitation=x"), browser.post("/sign-up", data=FORM | {"invitation": "x"})]
        opened = [browser.get(f"/sign-up?invitation={token}") for _ in range(2)]
        spent = browser.post("/sign-up", data=FORM | {"invitation": token or ""})
        again = browser.post("/sign-up", data=FORM | {"invitation": token or "", "name": "Mallory"})
        looked = browser.get(f"/sign-up?invitation={token}")

    assert [answer.status_code for answer in closed] == [403, 403]
    assert all("Sign-up is closed here. Ask an administrator for an invitation." in one.text for one in closed)
    assert [answer.status_code for answer in unknown] == [403, 404]
    assert [answer.status_code for answer in opened] == [200, 200]  # looking at it spends nothing
    assert Sight.of(opened[0].text).find("h1")[0].text == "Become the administrator"
    assert (spent.status_code, called(database, "eve").role) == (303, "administrator")
    assert (again.status_code, looked.status_code) == (404, 403)
    assert "This link works no more" in again.text
    with database.reading() as session:
        assert session.exec(select(Forecaster).where(Forecaster.handle == "mallory")).first() is None


def test_an_invitation_survives_a_form_that_was_refused(visit: Visit, database: Database) -> None:
    with database.writing() as (session, moment):
        token = invitations.invite_first_administrator(session, moment) or ""

    refused = visit().post("/sign-up", data=FORM | {"invitation": token, "name": "crowd"})
    taken = visit().post("/sign-up", data=FORM | {"invitation": token})

    assert (refused.status_code, taken.status_code) == (422, 303)
    assert Sight.of(refused.text).find("input", name="invitation")[0].attributes["value"] == token


ELSEWHERE = (
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "evil.example",
    "",
    "//[",
    "/\u2028/evil.example",
)


def test_signing_in_leads_nowhere_else(visit: Visit, eve: Forecaster) -> None:
    browser, entered = visit(), {"name": "Eve", "password": PASSWORD}

    places = {back: browser.post("/sign-in", data=entered | {"back": back}).headers["location"] for back in ELSEWHERE}

    assert places == dict.fromkeys(ELSEWHERE, "/")
    for back in ELSEWHERE:
        field = Sight.of(browser.get("/sign-in", params={"back": back}).text).find("input", name="back")
        assert field[0].attributes["value"] == "/"


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {}], ids=["htmx", "without JavaScript"])
def test_signing_in_leads_back_to_any_page_of_this_site(
    visit: Visit, rain: Question, eve: Forecaster, headers: dict[str, str]
) -> None:
    entered = {"name": "Eve", "password": PASSWORD, "back": "/people/ä→?one=1&two=2#scores"}

    answer = visit().post("/sign-in", data=entered, headers=headers)

    where = answer.headers["hx-redirect" if headers else "location"]
    assert where == "/people/%C3%A4%E2%86%92?one=1&two=2#scores"
