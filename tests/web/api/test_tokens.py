"""Tokens and bots: what they let a program do, what they do not, and how they end."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from forecasts import tokens
from forecasts.accounts import seal
from forecasts.database import Database
from forecasts.models import Forecaster, Token
from questions.models import Question
from tests.cast import HOUR, MovedClock, draft, entries, publish, rows, say
from tests.web.api.conftest import API, Call, Client, bot_of, refusal, token_of
from tests.web.conftest import Visit

NO_TOKEN = "This token does not work: it was revoked, has expired or never was. Make another."
WHO = "Say who you are: send a token as Authorization: Bearer TOKEN, or sign in."


def bearing(browser: TestClient, text: str) -> Client:
    browser.headers["Authorization"] = f"Bearer {text}"
    return Client(browser)


def kept(database: Database) -> list[Token]:
    with database.reading() as session:
        return [session.get_one(Token, row[0]) for row in rows(database, "token")]


def test_only_the_hash_of_a_token_is_kept(call: Call, database: Database, ada: Forecaster) -> None:
    made = call(ada).post("/tokens", {"name": "cron", "scopes": ["read"]})

    assert made["token"].startswith("brier_")
    assert "token" not in call(ada).get("/tokens")["tokens"][0]
    assert made["token"] not in repr(rows(database, "token"))
    assert seal(made["token"]) in repr(rows(database, "token"))


@pytest.mark.parametrize(
    "header",
    [
        "Bearer", "Bearer ", "Bearer x", "Bearer brier_", "Bearer brier_" + "x" * 43, "Basic YWRhOmFkYQ==", "",
        "Bearer \xff", "Bearer " + "x" * 20_000, "bearer brier_%00",
    ],
)  # fmt: skip
def test_a_token_that_never_was_is_refused_and_not_taken_for_nobody(call: Call, rain: Question, header: str) -> None:
    answer = call().browser.get(API + "/questions", headers={b"Authorization": header.encode("latin-1")})

    assert refusal(answer) == (401, "", NO_TOKEN)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_nobody_looks_and_does_nothing(call: Call, database: Database, rain: Question) -> None:
    client = call()

    assert client.get("/questions/rain")["slug"] == "rain"
    for path, body in (("/questions/rain/forecasts", {"probability": 0.5}), ("/tokens", {}), ("/questions", {})):
        assert refusal(client.send(path, body)) == (401, "", WHO)
    for path in ("/me", "/tokens", "/drafts", "/bots", "/questions/rain/forecasts"):
        assert refusal(client.browser.get(API + path)) == (401, "", WHO)
    assert len(entries(database)) == 2


def test_a_token_does_what_its_scopes_say(call: Call, database: Database, rain: Question, mo: Forecaster) -> None:
    acts: dict[str, tuple[str, Any]] = {
        "forecast": ("/questions/rain/forecasts", {"probability": 0.5}),
        "moderate": ("/questions/rain/resolution", {"outcome": "yes"}),
    }
    for scope in tokens.SCOPES:
        client = call(mo, scope)
        reads = client.browser.get(API + "/questions/rain").status_code
        done = {name: client.send(*act).status_code for name, act in acts.items()}

        assert reads == (200 if scope == "read" else 403)
        assert done == {name: 201 if name == scope else 403 for name in acts}


def test_a_scope_gives_no_role(call: Call, rain: Question, ada: Forecaster) -> None:
    answer = call(ada).send("/questions/rain/resolution", {"outcome": "yes"})

    assert refusal(answer)[0] == 403
    assert refusal(answer)[2].startswith("You are a forecaster, and this takes a moderator.")


def test_a_token_makes_none_that_may_do_more_or_works_longer(
    call: Call, database: Database, clock: MovedClock, mo: Forecaster
) -> None:
    ends = clock.now() + HOUR
    with database.writing() as (session, moment):
        _, text = tokens.add(session, mo, "brief", ["read", "forecast"], moment, expires_at=ends)
    client = bearing(call().browser, text)
    before = len(kept(database))

    wider = client.send("/tokens", {"name": "x", "scopes": ["read", "moderate"]})
    endless = client.send("/tokens", {"name": "x", "scopes": ["read"]})
    longer = client.send("/tokens", {"name": "x", "scopes": ["read"], "expires_at": "2026-03-02T14:00:00Z"})
    between = len(kept(database))
    client.post("/tokens", {"name": "x", "scopes": ["read"], "expires_at": "2026-03-02T13:00:00Z"})

    assert [one.status_code for one in (wider, endless, longer)] == [403, 403, 403]
    assert refusal(wider)[2] == "This token has not the scope “moderate”, so it makes none that has it."
    assert (between, len(kept(database))) == (before, before + 1)


def test_a_token_ends_with_whatever_it_made(call: Call, database: Database, ada: Forecaster) -> None:
    parent = call(ada)
    child = bearing(call().browser, parent.post("/tokens", {"name": "child", "scopes": ["read"]})["token"])
    grandchild = bearing(call().browser, child.post("/tokens", {"name": "third", "scopes": ["read"]})["token"])
    numbers = [one["number"] for one in parent.get("/tokens")["tokens"]]
    assert grandchild.get("/me")["handle"] == "ada"

    parent.post(f"/tokens/{numbers[0]}/revocation", status=200)

    for one in (parent, child, grandchild):
        assert refusal(one.browser.get(API + "/me")) == (401, "", NO_TOKEN)


def test_a_token_ends_none_that_may_do_more(call: Call, ada: Forecaster) -> None:
    wide, narrow = call(ada), call(ada, "read")
    first, second = (one["number"] for one in wide.get("/tokens")["tokens"])

    assert refusal(narrow.send(f"/tokens/{first}/revocation"))[0] == 403
    assert narrow.post(f"/tokens/{second}/revocation", status=200) == {"done": True}


def test_nobody_ends_or_sees_the_token_of_somebody_else(
    call: Call, database: Database, ada: Forecaster, bob: Forecaster
) -> None:
    call(ada)
    number = kept(database)[0].id

    for path in (f"/tokens/{number}/revocation", "/tokens/0/revocation", "/tokens/99999999999999999999/revocation"):
        assert refusal(call(bob).send(path))[0] == 404
    assert [one["number"] for one in call(bob).get("/tokens")["tokens"]].count(number) == 0


def test_a_token_expires_to_the_instant(call: Call, database: Database, clock: MovedClock, ada: Forecaster) -> None:
    with database.writing() as (session, moment):
        _, text = tokens.add(session, ada, "brief", ["read"], moment, expires_at=moment + HOUR)
    client = bearing(call().browser, text)

    clock.moment += HOUR - timedelta(microseconds=1)
    assert client.get("/me")["handle"] == "ada"
    clock.moment += timedelta(microseconds=1)
    assert refusal(client.browser.get(API + "/me"))[0] == 401


def test_the_last_use_is_noted_once_an_hour_and_by_itself(
    call: Call, database: Database, clock: MovedClock, ada: Forecaster
) -> None:
    client, start = call(ada), clock.now()
    uses = []
    for minutes in (0, 30, 59, 60, 100):
        clock.moment = start + timedelta(minutes=minutes)
        client.get("/me")
        uses.append(kept(database)[0].used_at)

    assert uses == [start, start, start, start + HOUR, start + HOUR]
    assert len(entries(database)) == 0


def test_where_nothing_can_be_written_a_token_reads_all_the_same(
    call: Call, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    client = call(ada)
    clock.moment -= 3 * HOUR

    answer = client.browser.get(API + "/questions/rain")

    assert answer.status_code == 200
    assert kept(database)[0].used_at is None
    assert refusal(client.send("/questions/rain/forecasts", {"probability": 0.5}))[0] == 503


# Browsers


def test_a_browser_that_is_signed_in_may_use_it_from_our_own_pages_alone(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    browser, path = visit(ada), API + "/questions/rain/forecasts"
    ours, theirs = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}

    assert browser.get(API + "/me").json()["handle"] == "ada"
    assert browser.post(path, json={"probability": 0.3}, headers=ours).status_code == 201
    assert browser.post(path, json={"probability": 0.9}, headers=theirs).status_code == 403
    assert browser.post(path, json={"probability": 0.9}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert len(entries(database)) == 3


def test_a_token_goes_before_a_cookie(visit: Visit, database: Database, ada: Forecaster, bob: Forecaster) -> None:
    browser = visit(ada)

    answer = browser.get(API + "/me", headers={"Authorization": f"Bearer {token_of(database, bob)}"})

    assert answer.json()["handle"] == "bob"


def test_there_is_an_end_to_tokens_and_bots(call: Call, database: Database, ada: Forecaster) -> None:
    client = call(ada)
    with database.writing() as (session, moment):
        for number in range(tokens.MOST - 1):
            tokens.add(session, ada, f"{number}", ["read"], moment)
    for number in range(20):
        bot_of(database, ada, f"bot-{number}")

    assert refusal(client.send("/tokens", {"name": "x", "scopes": ["read"]}))[:2] == (422, "name")
    assert refusal(client.send("/bots", {"name": "one-more"}))[:2] == (422, "name")


# Bots


def test_a_bot_has_no_bots_no_privacy_and_no_say(
    call: Call, database: Database, rain: Question, mo: Forecaster
) -> None:
    bot = bot_of(database, mo)
    client = call(bot)

    assert refusal(client.send("/bots", {"name": "two"}))[0] == 403
    assert refusal(client.send("/me/settings", {"private": True}))[0] == 403
    assert refusal(client.send("/questions/rain/resolution", {"outcome": "yes"}))[0] == 403
    assert refusal(call(mo).send("/bots/robo/tokens", {"name": "x", "scopes": ["moderate"]}))[:2] == (422, "scopes")


def test_the_name_of_a_bot_is_nobody_elses(call: Call, ada: Forecaster, bob: Forecaster) -> None:
    client = call(ada)

    for name in ("bob", "Crowd", "always-50", "ada"):
        assert refusal(client.send("/bots", {"name": name})) == (
            422,
            "name",
            f"“{name}” is taken. Choose another name.",
        )


def test_a_bots_tokens_are_its_owners_to_make(call: Call, database: Database, ada: Forecaster, bob: Forecaster) -> None:
    bot_of(database, ada)

    assert refusal(call(bob).send("/bots/robo/tokens", {"name": "x", "scopes": ["read"]}))[0] == 404
    made = call(ada).post("/bots/robo/tokens", {"name": "x", "scopes": ["read"]})
    assert call(ada).post(f"/tokens/{made['number']}/revocation", status=200) == {"done": True}


def test_a_bot_learns_nothing_that_its_owner_may_not_see(
    call: Call, database: Database, ada: Forecaster, bob: Forecaster
) -> None:
    """Where the crowd is hidden until one forecasts, a bot's forecast does not open it, but its owner's does."""
    (hidden,) = publish(database, draft("snow"), within="blind", reveal="answered")
    bot = bot_of(database, ada)
    say(database, bob, hidden, 0.8)
    client = call(bot)
    client.post("/questions/snow/forecasts", {"probability": 0.5})

    before = client.get("/questions/snow")
    say(database, ada, hidden, 0.4)
    after = client.get("/questions/snow")

    assert (before["crowd"], before["hidden"]) == (None, "until you forecast")
    assert before["own"]["said"]["probability"] == 0.5
    assert after["crowd"]["probability"] == pytest.approx(0.6)
    assert bot.owner_id == ada.id


def test_a_bot_sees_the_questions_of_its_owner(call: Call, database: Database, ada: Forecaster, mo: Forecaster) -> None:
    publish(database, draft("secret"), within="drafts", audience="draft")
    publish(database, draft("inside"), within="inside", audience="members")
    publish(database, draft("own", audience="draft"), within="outside")
    of_ada, of_mo = bot_of(database, ada, "a-bot"), bot_of(database, mo, "m-bot")

    def seen(client: Client) -> list[str]:
        return [one["slug"] for one in client.get("/questions")["questions"]]

    assert (seen(call()), seen(call(of_ada)), seen(call(of_mo))) == ([], ["inside"], ["secret", "inside", "own"])
    sets = [[one["slug"] for one in call(bot).get("/sets")["sets"]] for bot in (of_ada, of_mo)]
    assert [sorted(found) for found in sets] == [["inside", "outside"], ["drafts", "inside", "outside"]]
