"""Idempotency-Key: what is sent twice is one act with one answer, on both engines, however and whenever it is sent."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlmodel import select
from starlette.testclient import TestClient

from forecasts import chores, repeating
from forecasts.database import Database
from forecasts.models import Forecaster, Repeat
from forecasts.settings import Settings
from questions.models import Question
from tests.cast import HOUR, MovedClock, draft, entries, kinds, publish, rows, say, wait_for
from tests.web.api.conftest import API, Call, Client, refusal
from tests.web.conftest import Town, Visit
from web.app import create

KEY = "Idempotency-Key"
PATH = "/questions/rain/forecasts"


def send(client: Client, path: str, body: Any, key: str = "8e03978e-40d5-43dd-bc93-6894a57f9324") -> Response:
    return client.browser.post(API + path, json=body, headers={KEY: key})


def test_a_repeated_request_is_one_act_with_one_receipt(
    call: Call, database: Database, rain: Question, ada: Forecaster, clock: MovedClock
) -> None:
    client = call(ada)
    before = len(entries(database))

    first = send(client, PATH, {"probability": 0.3})
    clock.moment += HOUR
    again = [send(client, PATH, {"probability": 0.3}) for _ in range(3)]

    assert first.status_code == 201
    assert first.json()["receipt"] == entries(database)[-1].hash.hex()
    assert {(one.status_code, one.content, one.headers["content-type"]) for one in [first, *again]} == {
        (201, first.content, "application/json")
    }
    assert len(entries(database)) == before + 1


def test_another_key_or_none_is_another_act(call: Call, database: Database, rain: Question, ada: Forecaster) -> None:
    client, before = call(ada), len(entries(database))

    answers = [send(client, PATH, {"probability": 0.3}, key) for key in ("a", "b")]
    answers += [client.send(PATH, {"probability": 0.3}) for _ in range(2)]

    assert [one.status_code for one in answers] == [201] * 4
    assert len({one.json()["seq"] for one in answers}) == 4
    assert len(entries(database)) == before + 4


@pytest.mark.parametrize(
    ("path", "body"),
    [(PATH, {"probability": 0.4}), ("/questions/rain/comments", {"text": "Look up."}), ("/questions/rain/undo", {})],
)
def test_a_key_that_comes_with_something_else_is_refused(
    call: Call, database: Database, rain: Question, ada: Forecaster, path: str, body: dict[str, Any]
) -> None:
    client = call(ada)
    send(client, PATH, {"probability": 0.3})
    before = len(entries(database))

    answer = send(client, path, body)

    sentence = "This key was sent with another request before. Choose a new one for each act."
    assert refusal(answer) == (422, KEY, sentence)
    assert len(entries(database)) == before
    assert send(client, PATH, {"probability": 0.3}).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "naïve".encode().decode("latin-1"), "tab\there"])
def test_a_key_that_is_none_is_refused_naming_the_header(
    call: Call, database: Database, rain: Question, ada: Forecaster, key: str
) -> None:
    before = len(entries(database))

    answer = call(ada).browser.post(
        API + PATH, json={"probability": 0.3}, headers=[(KEY.encode(), key.encode("latin-1"))]
    )

    sentence = "The Idempotency-Key is not 1 to 255 visible ASCII characters. Send something such as a UUID."
    assert refusal(answer) == (422, KEY, sentence)
    assert len(entries(database)) == before


def test_two_keys_are_refused_and_the_longest_is_taken(
    call: Call, database: Database, rain: Question, ada: Forecaster
) -> None:
    client = call(ada)

    two = client.browser.post(API + PATH, json={"probability": 0.3}, headers=[(KEY, "a"), (KEY, "b")])

    assert refusal(two) == (422, KEY, "The header Idempotency-Key was sent twice. Send it once.")
    assert send(client, PATH, {"probability": 0.3}, "~" * 255).status_code == 201


def test_what_was_refused_may_be_asked_again_by_the_same_key(
    call: Call, database: Database, rain: Question, ada: Forecaster
) -> None:
    client = call(ada)

    refused = send(client, "/questions/rain/withdrawal", {})
    say(database, ada, rain, 0.3)
    done = send(client, "/questions/rain/withdrawal", {})

    assert (refused.status_code, done.status_code) == (409, 201)
    assert kinds(database)[-2:] == ["forecast", "withdrawal"]


def test_a_key_is_its_callers_own(
    call: Call, database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    """Another person's, and that of the same person by another token, which may do less."""
    callers = (call(ada), call(bob), call(ada, "read", "forecast"))

    answers = [send(one, PATH, {"probability": 0.3}) for one in callers]

    assert len({one.json()["seq"] for one in answers}) == 3


def test_nobody_is_answered_by_a_key(call: Call, rain: Question, ada: Forecaster) -> None:
    send(call(ada), PATH, {"probability": 0.3})

    assert send(call(), PATH, {"probability": 0.3}).status_code == 401
    assert send(call(ada, "read"), PATH, {"probability": 0.3}).status_code == 403


def test_a_browser_that_is_signed_in_may_send_a_key_too(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    client = Client(visit(ada))

    answers = [send(client, PATH, {"probability": 0.3}) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert kinds(database).count("forecast") == 1


@pytest.fixture
def acting(town: Town, database: Database, ada: Forecaster) -> None:
    publish(
        database,
        *(
            draft(f"over-{one}", group="steps", spec={"ladder": {"threshold": one, "direction": "above"}})
            for one in (1, 2)
        ),
        within="steps",
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/questions/binary/comments", {"text": "Look up."}),
        ("/questions/binary/withdrawal", {}),
        ("/questions/binary/look", {}),
        ("/questions/hail/resolution", {"outcome": "yes"}),
        ("/questions/binary/revision", {"fine_print": "Drizzle counts.", "note": "Somebody asked."}),
        ("/questions/binary/audience", {"audience": "unlisted"}),
        ("/questions/binary/copy", {"how": "again"}),
        ("/ladders/steps", {"answers": {"over-1": 0.6, "over-2": 0.2}}),
        ("/people/bob/suspension", {"suspended": True, "note": "He shouts."}),
        ("/drafts", {"asks": "question", "fields": {"title": "Will the tram run?"}}),
        ("/tokens", {"name": "second", "scopes": ["read"]}),
        ("/bots", {"name": "Robo"}),
        ("/webhooks", {"address": "https://example.org/in", "events": ["resolved"]}),
        ("/calendar", {}),
        ("/me/settings", {"private": True}),
    ],
)
def test_every_act_is_answered_alike_when_it_is_repeated(
    call: Call, database: Database, acting: None, mo: Forecaster, path: str, body: dict[str, Any]
) -> None:
    """Also where the answer holds a secret, or the act can be done but once."""
    say(database, mo, publish_of(database, "binary"), 0.3)
    client = call(mo)

    first = send(client, path, body)
    stored = [rows(database, name) for name in ("entry", "token", "draft", "subscription", "forecaster")]
    second = send(client, path, body)

    assert first.status_code in (200, 201), first.text
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert [rows(database, name) for name in ("entry", "token", "draft", "subscription", "forecaster")] == stored


def publish_of(database: Database, slug: str) -> Question:
    with database.reading() as session:
        return session.exec(select(Question).where(Question.slug == slug)).one()


def test_what_is_gone_by_the_act_is_answered_alike_too(call: Call, database: Database, ada: Forecaster) -> None:
    client = call(ada)
    number = client.post("/drafts", {"asks": "question", "fields": {}})["number"]

    answers = [send(client, f"/drafts/{number}/deletion", {}) for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 200]


def test_no_secret_and_no_key_stands_in_what_is_kept(call: Call, database: Database, ada: Forecaster) -> None:
    made = send(call(ada), "/tokens", {"name": "second", "scopes": ["read"]}, "a-key-of-mine").json()

    kept = repr(rows(database, "repeat"))

    assert made["token"]
    assert "/" in kept  # whose it is
    assert "a-key-of-mine" not in kept
    assert made["token"] not in kept
    assert '"token"' not in kept


def test_what_was_answered_outlives_the_process(
    call: Call, database: Database, rain: Question, ada: Forecaster, settings: Settings, url: str, clock: MovedClock
) -> None:
    client = call(ada)
    bodies = [(PATH, {"probability": 0.3}), ("/bots", {"name": "Robo"})]
    first = [send(client, path, body, path).content for path, body in bodies]

    with TestClient(create(settings, Database(url, clock))) as later:
        later.headers["Authorization"] = client.browser.headers["Authorization"]
        second = [send(Client(later), path, body, path).content for path, body in bodies]

    assert second == first


def test_an_answer_that_was_lost_with_the_process_is_not_made_up_and_nothing_is_done_twice(
    call: Call, database: Database, ada: Forecaster
) -> None:
    """As where the process dies after the act and before its answer is kept."""
    client = call(ada)
    send(client, "/bots", {"name": "Robo"})
    with database.writing() as (session, _):
        session.exec(select(Repeat)).one().answer = None

    answer = send(client, "/bots", {"name": "Robo"})

    sentence = "What came with this Idempotency-Key was done, and its answer is not kept. Look at what there is now."
    assert refusal(answer) == (409, KEY, sentence)
    assert len(client.get("/bots")["bots"]) == 1


def test_an_act_that_is_not_committed_leaves_no_key_and_no_key_is_left_without_its_act(
    database: Database, rain: Question, ada: Forecaster
) -> None:
    """Both are of one transaction: what breaks it after the act takes both."""
    asked = repeating.Call("ada", b"key", b"asked")
    with pytest.raises(RuntimeError), database.writing() as (session, moment):  # noqa: PT012
        with repeating.once(session, asked, moment):
            pass
        raise RuntimeError

    assert rows(database, "repeat") == []


def test_while_the_first_is_under_way_the_same_key_waits_for_nobody(
    app: FastAPI, call: Call, database: Database, rain: Question, ada: Forecaster
) -> None:
    client = call(ada)
    calls = app.state.under_way._calls
    before = len(entries(database))

    with ThreadPoolExecutor(1) as threads:
        with database.writing():
            first = threads.submit(send, client, PATH, {"probability": 0.3})
            wait_for(lambda: calls)
            second = send(client, PATH, {"probability": 0.3})
        done = first.result(60)

    sentence = "The first request with this Idempotency-Key is still under way. Ask again in a second."
    assert refusal(second) == (409, "", sentence)
    assert done.status_code == 201
    assert send(client, PATH, {"probability": 0.3}).content == done.content
    assert len(entries(database)) == before + 1
    assert calls == set()


def test_of_many_at_once_by_two_processes_one_acts_and_all_who_are_answered_hear_the_same(
    call: Call, database: Database, rain: Question, ada: Forecaster, settings: Settings, url: str, clock: MovedClock
) -> None:
    """The second process is another application on another connection to the same database."""
    client = call(ada)
    before = len(entries(database))
    ready = threading.Barrier(8)

    def ask(one: Client) -> Response:
        ready.wait(60)
        return send(one, PATH, {"probability": 0.3})

    with TestClient(create(settings, Database(url, clock))) as other, ThreadPoolExecutor(8) as threads:
        other.headers["Authorization"] = client.browser.headers["Authorization"]
        for one in (client, Client(other)):
            assert send(one, PATH, {"probability": 2}).status_code == 422  # FastAPI readies a route when it is asked
        answers = list(threads.map(ask, [client, Client(other)] * 4))

    assert len(entries(database)) == before + 1
    assert {one.status_code for one in answers} <= {201, 409}
    assert len({one.content for one in answers if one.status_code == 201}) == 1


def test_the_chores_forget_after_two_days(
    call: Call, database: Database, rain: Question, ada: Forecaster, clock: MovedClock
) -> None:
    send(call(ada), PATH, {"probability": 0.3})

    clock.moment += timedelta(days=2)
    chores.tick(database, Settings())
    kept = len(rows(database, "repeat"))
    clock.moment += timedelta(seconds=1)
    chores.tick(database, Settings())

    assert timedelta(hours=24) <= repeating.KEPT
    assert (kept, len(rows(database, "repeat"))) == (1, 0)


def test_the_document_names_the_header_at_every_act_and_nowhere_else(call: Call) -> None:
    paths = call().browser.get(f"{API}/openapi.json").json()["paths"]

    acts = [one for methods in paths.values() for method, one in methods.items() if method == "post"]
    looks = [one for methods in paths.values() for method, one in methods.items() if method == "get"]

    assert len(acts) > 30
    assert [one["operationId"] for one in acts if KEY not in headers(one)] == []
    assert [one["operationId"] for one in looks if KEY in headers(one)] == []


def headers(operation: dict[str, Any]) -> Iterator[str]:
    return (one["name"] for one in operation.get("parameters", []) if one["in"] == "header")
