"""Sessions: each browser is listed in words, ended one by one or all others at once, and ends by itself."""

from datetime import timedelta

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from forecasts import accounts, sessions, tokens
from forecasts.database import Database
from forecasts.models import BrowserSession, Forecaster
from forecasts.settings import Settings
from questions.models import Question
from tests.cast import DAY, HOUR, NOON, MovedClock, rows
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

    at = "Signed in 2 Mar 2026, {} UTC. Last used 2 Mar 2026, {} UTC, give or take an hour."
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


@pytest.mark.parametrize(("method", "path"), [("GET", "/settings"), ("POST", "/settings/pages"), ("GET", "/api/v1/me")])
def test_what_is_asked_for_is_noted_once_an_hour(
    visit: Visit, database: Database, clock: MovedClock, eve: Forecaster, method: str, path: str
) -> None:
    here = enter(visit, FIREFOX)
    begun = seen(database)
    clock.moment += HOUR - timedelta(seconds=1)
    here.request(method, path)
    soon = seen(database)
    clock.moment += timedelta(seconds=1)
    here.request(method, path)
    later = seen(database)

    assert begun == soon == NOON
    assert later == NOON + HOUR


def test_an_open_page_that_asks_for_news_keeps_no_session_alive(
    visit: Visit, database: Database, clock: MovedClock, eve: Forecaster, rain: Question
) -> None:
    here = enter(visit, FIREFOX)
    clock.moment += 2 * HOUR

    assert here.get("/questions/rain/live").status_code == 200
    assert seen(database) == NOON


def test_a_session_ends_fifteen_days_after_the_last_page(visit: Visit, clock: MovedClock, eve: Forecaster) -> None:
    here, left = enter(visit, FIREFOX), enter(visit, SAFARI)

    clock.moment += 15 * DAY - HOUR
    kept = is_in(here)
    clock.moment += HOUR

    assert kept
    assert (is_in(here), is_in(left)) == (True, False)
    clock.moment += 15 * DAY - HOUR
    assert is_in(here)
    clock.moment += HOUR
    assert not is_in(here)  # thirty days after signing in, however often a page was opened


def test_a_session_that_has_run_out_is_not_begun_anew_by_a_form(
    visit: Visit, clock: MovedClock, eve: Forecaster
) -> None:
    left = enter(visit, FIREFOX)
    cookie = left.cookies[COOKIE]
    clock.moment += 15 * DAY

    left.post("/sign-in", data={"name": "Eve", "password": "wrong horse"})

    assert left.cookies[COOKIE] == cookie
    assert not is_in(left)


def test_what_has_run_out_is_swept_away_while_others_read(
    visit: Visit, database: Database, clock: MovedClock, eve: Forecaster
) -> None:
    enter(visit, SAFARI)
    clock.moment += 14 * DAY
    here = enter(visit, FIREFOX)
    clock.moment += DAY

    here.get("/")

    assert len(rows(database, "browser_session")) == 1
    assert is_in(here)


class TestShorter:
    """Where whoever runs the server wants sessions to end sooner, they do, also those that were begun before."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(host="127.0.0.1", session_days=2, idle_days=1)

    def test_the_settings_say_how_long(self, visit: Visit, clock: MovedClock, eve: Forecaster) -> None:
        here = enter(visit, FIREFOX)
        told = Sight.of(here.get("/settings/sessions").text).text
        moments = [HOUR, DAY, DAY - HOUR]

        seen_in = []
        for passed in moments:
            clock.moment += passed
            seen_in.append(is_in(here))

        assert "A session ends 2 days after signing in, or after 1 day in which you open no page." in told
        assert seen_in == [True, False, False]


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


@pytest.mark.parametrize("ticked", [True, False])
def test_a_new_password_revokes_the_tokens_where_that_is_ticked(
    visit: Visit, database: Database, eve: Forecaster, ticked: bool
) -> None:
    with database.writing() as (session, moment):
        made = tokens.add(session, eve, "a program", ["read"], moment)[1]
    here, bearer = enter(visit, FIREFOX), {"Authorization": f"Bearer {made}"}
    fields = {"password": "another horse", "again": "another horse", **({"tokens": "on"} if ticked else {})}

    wrong = here.post("/settings/password", data={**fields, "old": "wrong horse"})
    kept = visit().get("/api/v1/me", headers=bearer).status_code
    right = here.post("/settings/password", data={**fields, "old": PASSWORD})

    (asked,) = Sight.of(wrong.text).find("input", name="tokens")
    assert (wrong.status_code, "checked" in asked.attributes, kept) == (422, ticked, 200)
    assert "another horse" not in wrong.text
    assert ("Every token of yours and of your bots was revoked." in Sight.of(right.text).text) == ticked
    assert visit().get("/api/v1/me", headers=bearer).status_code == (401 if ticked else 200)


def test_the_password_now_is_asked_for_even_a_moment_after_signing_in(visit: Visit, eve: Forecaster) -> None:
    here = enter(visit, FIREFOX)

    answer = here.post("/settings/password", data={"password": "another horse", "again": "another horse"})

    assert answer.status_code == 422
