"""Sessions: each browser is listed in words, ended one by one or all others at once, and noted once an hour."""

from datetime import timedelta

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from forecasts import accounts, sessions
from forecasts.database import Database
from forecasts.models import BrowserSession, Forecaster
from tests.cast import HOUR, MovedClock, rows
from tests.web.conftest import Visit
from tests.web.sight import Sight
from web.dependencies import COOKIE

PASSWORD = "correct horse"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1"
CHROME = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
LATER = sessions.FRESH + timedelta(minutes=1)


@pytest.fixture
def eve(database: Database) -> Forecaster:
    """She has a password."""
    name, sealed = accounts.judge("Eve", PASSWORD)
    with database.writing() as (session, moment):
        return accounts.join(session, name, sealed, moment)


def enter(visit: Visit, agent: str) -> TestClient:
    browser = visit()
    browser.headers["User-Agent"] = agent
    assert browser.post("/sign-in", data={"name": "Eve", "password": PASSWORD}).status_code == 303
    return browser


def is_in(browser: TestClient) -> bool:
    return "/people/eve" in Sight.of(browser.get("/").text).links


def listed(browser: TestClient) -> list[str]:
    return [one.text for one in Sight.of(browser.get("/settings/sessions").text).find("div", class_="asked")]


def seen(database: Database) -> object:
    """When the one session that there is was last noted."""
    with database.reading() as session:
        return session.exec(select(BrowserSession.seen_at)).one()


def marks(browser: TestClient) -> list[str]:
    fields = Sight.of(browser.get("/settings/sessions").text).find("input", name="session")
    return [one.attributes["value"] for one in fields]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on an iPhone"),
        (CHROME, "Chrome on Android"),
        (EDGE, "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15", "Safari on a Mac"),
        ("curl/8.0", "An unknown browser"),
        ("", "An unknown browser"),
        ("<b>Firefox/1</b>", "Firefox"),
    ],
)
def test_a_browser_is_named_in_words(agent: str, words: str) -> None:
    assert sessions.browser_of(agent) == words


def test_every_browser_is_listed_and_this_one_is_marked(visit: Visit, clock: MovedClock, eve: Forecaster) -> None:
    enter(visit, SAFARI)
    clock.moment += HOUR
    here = enter(visit, FIREFOX)

    at = "Signed in 2 Mar 2026, {} UTC. Last sent something 2 Mar 2026, {} UTC, give or take an hour."
    assert listed(here) == [
        f"Firefox on Linux this one {at.format('13:00', '13:00')}",
        f"Safari on an iPhone {at.format('12:00', '12:00')}",
    ]
    assert len(marks(here)) == 1


def test_one_browser_is_signed_out_and_no_other(visit: Visit, eve: Forecaster) -> None:
    lost, kept = enter(visit, SAFARI), enter(visit, CHROME)
    (hers,) = marks(kept)
    here = enter(visit, FIREFOX)

    answer = here.post("/settings/sessions/removal", data={"session": hers})

    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/sessions")
    assert [is_in(one) for one in (lost, kept, here)] == [False, True, True]


def test_all_others_are_signed_out_at_once(visit: Visit, database: Database, eve: Forecaster, ada: Forecaster) -> None:
    lost, left, adas = enter(visit, SAFARI), enter(visit, CHROME), visit(ada)
    here = enter(visit, FIREFOX)

    here.post("/settings/sessions/others")

    assert [is_in(one) for one in (lost, left, here)] == [False, False, True]
    assert "/people/ada" in Sight.of(adas.get("/").text).links


def test_nobody_ends_somebody_elses_session(visit: Visit, eve: Forecaster, ada: Forecaster) -> None:
    enter(visit, SAFARI)
    here = enter(visit, FIREFOX)
    (mark,) = marks(here)

    answer = visit(ada).post("/settings/sessions/removal", data={"session": mark})

    assert answer.status_code == 404
    assert Sight.of(answer.text).alerts == ["This session has ended already. The list shows those that there are."]
    assert len(listed(here)) == 2


def test_a_while_after_signing_in_the_password_is_asked_for(visit: Visit, clock: MovedClock, eve: Forecaster) -> None:
    lost, here = enter(visit, SAFARI), enter(visit, FIREFOX)
    clock.moment += LATER

    without = here.post("/settings/sessions/others")
    wrong = here.post("/settings/sessions/others", data={"old": "wrong horse"})
    still = is_in(lost)
    right = here.post("/settings/sessions/others", data={"old": PASSWORD})

    assert (without.status_code, wrong.status_code, right.status_code) == (422, 422, 303)
    assert "This is not your password now. Type the one that you signed in with." in Sight.of(wrong.text).alerts
    assert still
    assert not is_in(lost)


def test_the_password_is_not_guessed_from_a_browser_that_was_left_open(
    visit: Visit, clock: MovedClock, eve: Forecaster
) -> None:
    here = enter(visit, FIREFOX)
    clock.moment += LATER

    wrong = [here.post("/settings/sessions/others", data={"old": f"guess {one}"}).status_code for one in range(6)]

    assert wrong == [422] * 5 + [429]


def test_a_form_is_noted_once_an_hour_and_a_page_never(
    visit: Visit, database: Database, clock: MovedClock, eve: Forecaster
) -> None:
    here = enter(visit, FIREFOX)
    begun = seen(database)
    clock.moment += 2 * HOUR
    here.get("/settings")
    read = seen(database)
    here.post("/settings/pages", data={})
    sent = seen(database)
    clock.moment += HOUR / 2
    here.post("/settings/pages", data={})

    assert begun == read
    assert sent != read
    assert seen(database) == sent


def test_a_new_password_ends_every_session_and_begins_this_one_anew(
    visit: Visit, database: Database, eve: Forecaster
) -> None:
    lost, here = enter(visit, SAFARI), enter(visit, FIREFOX)
    before = here.cookies[COOKIE]
    new = {"old": PASSWORD, "password": "another horse", "again": "another horse"}

    answer = here.post("/settings/password", data=new)

    assert answer.status_code == 200
    assert here.cookies[COOKIE] != before
    assert (is_in(here), is_in(lost)) == (True, False)
    assert len(rows(database, "browser_session")) == 1


def test_the_password_now_is_asked_for_even_a_moment_after_signing_in(visit: Visit, eve: Forecaster) -> None:
    here = enter(visit, FIREFOX)

    answer = here.post("/settings/password", data={"password": "another horse", "again": "another horse"})

    assert answer.status_code == 422
