"""Tokens and bots in the settings."""

from forecasts import tokens
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import HOUR, MovedClock, resolve, rows, say
from tests.web.api.conftest import API, bot_of
from tests.web.conftest import Visit
from tests.web.sight import Sight

TOKENS, BOTS = "/settings/tokens", "/settings/bots"


def token_in(text: str) -> str:
    shown = [one.text for one in Sight.of(text).find("code") if one.text.startswith(tokens.BEGINS)]
    return shown[0] if shown else ""


def test_a_token_is_made_and_shown_once(visit: Visit, database: Database, ada: Forecaster) -> None:
    browser = visit(ada)

    answer = browser.post(TOKENS, data={"name": "cron", "read": "on", "ends": "in 3 weeks"})

    text = token_in(answer.text)
    me = visit().get(API + "/me", headers={"Authorization": f"Bearer {text}"}).json()
    page = browser.get("/settings").text
    assert (answer.status_code, me["handle"], me["scopes"]) == (200, "ada", ["read"])
    assert text not in page
    assert "cron may read" in Sight.of(page).text
    assert "works until 23 Mar 2026, 23:59 UTC" in Sight.of(page).text


def test_a_token_is_revoked(visit: Visit, database: Database, ada: Forecaster, bob: Forecaster) -> None:
    browser = visit(ada)
    text = token_in(browser.post(TOKENS, data={"name": "cron", "read": "on"}).text)
    address = f"{TOKENS}/1/revocation"

    assert visit(bob).post(address).status_code == 404
    answer = browser.post(address)

    assert (answer.status_code, answer.headers["location"]) == (303, "/settings#tokens")
    assert visit().get(API + "/me", headers={"Authorization": f"Bearer {text}"}).status_code == 401
    assert "cron" not in Sight.of(browser.get("/settings").text).text


def test_what_cannot_be_made_is_refused_with_what_was_typed(visit: Visit, database: Database, ada: Forecaster) -> None:
    browser = visit(ada)

    nothing = browser.post(TOKENS, data={"name": "cron"})
    nameless = browser.post(TOKENS, data={"name": " ", "forecast": "on"})
    unclear = browser.post(TOKENS, data={"name": "cron", "read": "on", "ends": "someday"})
    strange = browser.post(TOKENS, data={"name": "cron", "read": "on", "for": "bob"})
    taken = browser.post(BOTS, data={"name": "Ada"})

    assert [one.status_code for one in (nothing, nameless, unclear, strange, taken)] == [422, 422, 422, 404, 422]
    assert Sight.of(nothing.text).alerts == ["The token may do nothing. Choose read, forecast, moderate."]
    assert Sight.of(nothing.text).values["name"] == "cron"
    assert Sight.of(taken.text).alerts == ["“Ada” is taken. Choose another name."]
    assert rows(database, "token") == []


def test_a_bot_is_made_and_given_a_token(visit: Visit, database: Database, rain: Question, ada: Forecaster) -> None:
    browser = visit(ada)

    made = browser.post(BOTS, data={"name": "Robo"})
    text = token_in(browser.post(TOKENS, data={"name": "cron", "forecast": "on", "for": "robo"}).text)
    headers = {"Authorization": f"Bearer {text}"}
    said = visit().post(API + "/questions/rain/forecasts", json={"probability": 0.4}, headers=headers)

    assert (made.status_code, said.status_code) == (303, 201)
    assert "Robo bot" in Sight.of(browser.get("/settings").text).text
    assert "Robo bot" in Sight.of(visit().get("/questions/rain").text).text


def test_a_bot_stands_on_every_board_as_a_bot(
    visit: Visit, database: Database, clock: MovedClock, closed: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, closed, 0.3)
    say(database, bot_of(database, ada), closed, 0.9)
    clock.moment += HOUR
    resolve(database, mo, closed, 1)

    assert "Robo bot" in Sight.of(visit().get("/leaderboard?by=brier").text).text
    assert "Robo bot" in Sight.of(visit().get("/questions/hail").text).text
