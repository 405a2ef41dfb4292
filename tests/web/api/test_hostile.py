"""What must not get in: JSON that two programs read in two ways, that no database holds, or that means something else.

Each is answered with a sentence and the field at fault, and nothing is stored.
"""

import json
from typing import Any

import pytest

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import draft, publish
from tests.web.api.conftest import API, Call, refusal
from tests.web.test_routes import everything_there_is
from web.limits import LARGEST_BODY, LARGEST_SET

FORECASTS, COMMENTS = "/questions/rain/forecasts", "/questions/rain/comments"
DECIDE, PUBLISH, TOKENS, DRAFTS = "/questions/rain/resolution", "/questions", "/tokens", "/drafts"
ASKED = '"set": "weather", "kind": "binary", "title": "T?", "criteria": "C."'
P = "probability"

HOSTILE: list[tuple[str, bytes | str, int, str]] = [
    # No JSON, or none that everybody reads alike
    (FORECASTS, "", 422, P),
    (FORECASTS, "{", 400, ""),
    (FORECASTS, "nonsense", 400, ""),
    (FORECASTS, "{'probability': 0.5}", 400, ""),
    (FORECASTS, '{"probability": 0.5,}', 400, ""),
    (FORECASTS, '{"probability": 0.5} {"probability": 0.6}', 400, ""),
    (FORECASTS, '{"probability": 0.5} // so', 400, ""),
    (FORECASTS, '\ufeff{"probability": 0.5}', 400, ""),
    (FORECASTS, '{"probability": .5}', 400, ""),
    (FORECASTS, '{"probability": +0.5}', 400, ""),
    (FORECASTS, '{"probability": 0_1}', 400, ""),
    (FORECASTS, '{"probability": 01}', 400, ""),
    (FORECASTS, '{"probability": 0x1}', 400, ""),
    (FORECASTS, "[]", 400, ""),
    (FORECASTS, "0.5", 400, ""),
    (FORECASTS, "null", 400, ""),
    (FORECASTS, '"probability"', 400, ""),
    (FORECASTS, b'{"rationale": "\xff"}', 400, ""),
    (FORECASTS, b'{"rationale": "\xed\xa0\x80"}', 400, ""),
    (FORECASTS, '{"probability": 0.5}'.encode("utf-16"), 400, ""),
    (FORECASTS, '{"probability": 0.5, "probability": 0.6}', 400, P),
    (FORECASTS, '{"probability": 0.5, "probability": 0.5}', 400, P),
    (FORECASTS, '{"probability": 0.5, "probabilit\\u0079": 0.6}', 400, P),
    (DRAFTS, '{"asks": "question", "fields": {"title": "a", "title": "b"}}', 400, "fields.title"),
    (FORECASTS, '{"probability": NaN}', 400, P),
    (FORECASTS, '{"probability": Infinity}', 400, P),
    (FORECASTS, '{"probability": -Infinity}', 400, P),
    (FORECASTS, '{"probabilities": [0.5, NaN]}', 400, "probabilities.1"),
    (FORECASTS, '{"probability": 1e400}', 400, P),
    (FORECASTS, '{"probability": -1e999}', 400, P),
    (FORECASTS, '{"probability": 1' + "0" * 400 + "}", 400, P),
    (FORECASTS, '{"probability": 1' + "0" * 5000 + "}", 400, P),
    (FORECASTS, '{"probability": 9223372036854775808}', 400, P),
    (FORECASTS, "[" * 100_000, 400, ""),
    (FORECASTS, '{"a":' * 50_000 + "1" + "}" * 50_000, 400, ""),
    (FORECASTS, '{"probabilities": ' + "[" * 20 + "]" * 20 + "}", 400, "probabilities.0.0.0.0.0.0.0.0.0.0"),
    (COMMENTS, '{"text": "\\ud800"}', 400, "text"),
    (COMMENTS, '{"text": "\\udfff\\ud800"}', 400, "text"),
    (COMMENTS, '{"text": "a\\u0000b"}', 400, "text"),
    (COMMENTS, '{"text": "a\\u0007b"}', 400, "text"),
    (COMMENTS, '{"te\\u0000xt": "a"}', 400, ""),
    (DRAFTS, '{"asks": "question", "fields": {"ti\\ud800tle": "a"}}', 400, "fields"),
    # Another kind than it must be
    (FORECASTS, "{}", 422, P),
    (FORECASTS, '{"probability": null}', 422, P),
    (FORECASTS, '{"probability": true}', 422, P),
    (FORECASTS, '{"probability": "0.5"}', 422, P),
    (FORECASTS, '{"probability": "1_0e-1"}', 422, P),
    (FORECASTS, '{"probability": [0.5]}', 422, P),
    (FORECASTS, '{"probability": {"yes": 0.5}}', 422, P),
    (FORECASTS, '{"probability": 1.0000001}', 422, P),
    (FORECASTS, '{"probability": -0.1}', 422, P),
    (FORECASTS, '{"probability": 37}', 422, P),
    (FORECASTS, '{"probability": 0.5, "probabilities": [0.5, 0.5]}', 422, P),
    (FORECASTS, '{"probabilities": [0.5, 0.6]}', 422, "probabilities"),
    (FORECASTS, '{"probabilities": [1]}', 422, "probabilities"),
    (FORECASTS, '{"probabilities": []}', 422, "probabilities"),
    (FORECASTS, '{"probabilities": [0.5, true]}', 422, "probabilities.1"),
    (FORECASTS, '{"probabilities": {"0": 0.5}}', 422, "probabilities"),
    (FORECASTS, '{"median": 0.5}', 422, "median"),
    (FORECASTS, '{"probability": 0.5, "low": 1}', 422, "low"),
    (FORECASTS, '{"probability": 0.5, "confidence": 1}', 422, "confidence"),
    (FORECASTS, '{"Probability": 0.5}', 422, "Probability"),
    (FORECASTS, '{"": 0.5}', 422, ""),
    (FORECASTS, '{"probability": 0.5, "rationale": 7}', 422, "rationale"),
    (FORECASTS, '{"probability": 0.5, "rationale": null}', 422, "rationale"),
    (FORECASTS, json.dumps({P: 0.5, "rationale": "x" * 20_001}), 422, "rationale"),
    # Times
    (FORECASTS, '{"probability": 0.5, "expires_at": "2026-03-02T14:00:00"}', 422, "expires_at"),
    (FORECASTS, '{"probability": 0.5, "expires_at": "2026-03-02"}', 422, "expires_at"),
    (FORECASTS, '{"probability": 0.5, "expires_at": 1772460000}', 422, "expires_at"),
    (FORECASTS, '{"probability": 0.5, "expires_at": true}', 422, "expires_at"),
    (FORECASTS, '{"probability": 0.5, "expires_at": "2026-02-30T14:00:00Z"}', 422, "expires_at"),
    (FORECASTS, '{"probability": 0.5, "expires_at": "2026-03-02T25:00:00Z"}', 422, "expires_at"),
    (FORECASTS, '{"probability": 0.5, "expires_at": "0001-01-01T00:00:00+14:00"}', 422, "expires_at"),
    (FORECASTS, '{"probability": 0.5, "expires_at": "9999-12-31T23:59:59Z"}', 422, "expires_at"),
    (FORECASTS, '{"probability": 0.5, "expires_at": "9999-12-31T23:59:59-14:00"}', 422, "expires_at"),
    (FORECASTS, '{"probability": 0.5, "expires_at": "2026-03-02T11:00:00Z"}', 422, "expires_at"),
    (FORECASTS, '{"probability": 0.5, "expires_at": ""}', 422, "expires_at"),
    # Other routes
    (COMMENTS, '{"text": ""}', 422, "text"),
    (COMMENTS, '{"text": 3}', 422, "text"),
    (COMMENTS, '{"text": "Rain.", "comment": "Rain."}', 422, "comment"),
    (COMMENTS, json.dumps({"text": "x" * 20_001}), 422, "text"),
    ("/questions/rain/withdrawal", '{"really": true}', 422, "really"),
    (DECIDE, '{"outcome": true}', 422, "outcome"),
    (DECIDE, '{"outcome": ["yes"]}', 422, "outcome"),
    (DECIDE, '{"outcome": "maybe"}', 422, "outcome"),
    (DECIDE, '{"outcome": ""}', 422, "outcome"),
    (DECIDE, '{"outcome": "yes", "supersedes": -1}', 422, "supersedes"),
    (DECIDE, '{"outcome": "yes", "supersedes": 1.5}', 422, "supersedes"),
    (DECIDE, '{"outcome": "yes", "supersedes": "1"}', 422, "supersedes"),
    (DECIDE, '{"outcome": "yes", "supersedes": true}', 422, "supersedes"),
    (DECIDE, '{"outcome": "yes", "supersedes": 18446744073709551616}', 400, "supersedes"),
    (DECIDE, '{"outcome": "yes", "supersedes": 9223372036854775807}', 422, "supersedes"),
    (DECIDE, '{"outcome": "yes", "supersedes": 4611686018427387904}', 409, ""),
    (DECIDE, '{"outcome": "yes", "evidence_url": "javascript:alert(1)"}', 422, "evidence_url"),
    (DECIDE, '{"outcome": "yes", "known_at": "2027-01-01T00:00:00Z"}', 422, "known_at"),
    (DECIDE, '{"outcome": "annulled"}', 422, "note"),
    (DECIDE, '{"outcome": "reopened"}', 422, ""),
    (PUBLISH, "{" + ASKED + "}", 422, "closes_at"),
    (PUBLISH, "{" + ASKED + ', "closes_at": "2026-03-01T00:00:00Z"}', 422, "closes_at"),
    (PUBLISH, "{" + ASKED + ', "closes_at": "2026-04-01T00:00:00Z", "slug": "Not A Slug"}', 422, "slug"),
    (PUBLISH, "{" + ASKED + ', "closes_at": "2026-04-01T00:00:00Z", "slug": "rain"}', 422, "slug"),
    (PUBLISH, "{" + ASKED + ', "closes_at": "2026-04-01T00:00:00Z", "outcomes": ["a"]}', 422, "outcomes"),
    (PUBLISH, "{" + ASKED.replace("weather", "nope") + ', "closes_at": "2026-04-01T00:00:00Z"}', 422, "set"),
    (PUBLISH, "{" + ASKED.replace("binary", "guess") + ', "closes_at": "2026-04-01T00:00:00Z"}', 422, "kind"),
    (TOKENS, '{"name": "", "scopes": ["read"]}', 422, "name"),
    (TOKENS, '{"name": "x", "scopes": []}', 422, "scopes"),
    (TOKENS, '{"name": "x", "scopes": ["everything"]}', 422, "scopes.0"),
    (TOKENS, '{"name": "x", "scopes": ["read"], "expires_at": "2026-03-01T00:00:00Z"}', 422, "expires_at"),
    (DRAFTS, '{"asks": "poem"}', 422, "asks"),
    (DRAFTS, '{"asks": "question", "fields": {"title": 7}}', 422, "fields.title"),
    ("/drafts/1", '{"fields": {}, "seen": -1}', 422, "seen"),
    ("/drafts/1", '{"fields": {}, "seen": 0}', 404, ""),
    ("/sets", '{"file": "nonsense"}', 422, ""),
    ("/sets/weather/audience", '{"audience": "friends"}', 422, "audience"),
    ("/sets/weather/audience", '{"reveal": "at"}', 422, "reveals_at"),
    ("/questions/rain/revision", '{"title": "", "note": "Because."}', 422, "title"),
    ("/questions/rain/revision", '{"fine_print": "Drizzle."}', 422, "note"),
    ("/questions/rain/revision", '{"closes_at": "2026-04-01T00:00:00Z", "note": "Longer."}', 422, "closes_at"),
    ("/me/settings", '{"private": "yes"}', 422, "private"),
    ("/me/settings", '{"private": 1}', 422, "private"),
    ("/bots", '{"name": "No Spaces"}', 422, "name"),
]  # fmt: skip


@pytest.fixture
def rain(database: Database) -> Question:
    """Yes or no, in a set of its own."""
    return publish(database, draft("rain"))[0]


def test_what_must_not_get_in_is_refused_by_its_field(
    call: Call, database: Database, rain: Question, mo: Forecaster
) -> None:
    client = call(mo)
    client.get("/me")
    before, answers = everything_there_is(database), []

    for path, body, _, _ in HOSTILE:
        content = body if isinstance(body, bytes) else body.encode()
        headers = {"Content-Type": "application/json"}
        answers.append(refusal(client.browser.post(API + path, content=content, headers=headers)))

    expected = [(status, field) for _, _, status, field in HOSTILE]
    wrong = [
        (one[:3], answer) for one, answer, fits in zip(HOSTILE, answers, expected, strict=True) if answer[:2] != fits
    ]
    assert wrong == []
    assert [sentence for _, _, sentence in answers if sentence[-1] != "."] == []
    assert everything_there_is(database) == before


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) > 100


SET = """[set]
slug = "storms"
title = "Storms"

[[questions]]
slug = "storm"
kind = "binary"
title = "Will there be a storm?"
criteria = "As measured."
opens_at = 2026-03-01T12:00:00Z
closes_at = 2026-04-01T12:00:00Z
"""
KINDS: dict[str, int] = {
    "application/json": 201,
    "application/json; charset=utf-8": 201,
    "Application/JSON;charset=UTF-8": 201,
    "application/json; charset=latin-1": 415,
    "text/plain": 415,
    "application/vnd.api+json": 415,
    "application/json; charset=utf-7": 415,
    "application/json; charset=utf-16": 415,
    "text/plain;application/json": 415,
    "application/json, text/plain": 415,
    "text/json": 415,
    "application/x-www-form-urlencoded": 415,
    "multipart/form-data; boundary=x": 415,
    "application/xml": 415,
    "": 415,
}


def test_nothing_but_json_is_read(call: Call, rain: Question, ada: Forecaster) -> None:
    browser, content = call(ada).browser, b'{"probability": 0.5}'

    answers = {
        kind: browser.post(API + FORECASTS, content=content, headers={"Content-Type": kind} if kind else {})
        for kind in KINDS
    }

    assert {kind: answer.status_code for kind, answer in answers.items()} == KINDS
    sentence = "Send JSON, with the header Content-Type: application/json."
    assert {refusal(answer)[2] for answer in answers.values() if answer.status_code == 415} == {sentence}


def test_a_body_that_nobody_needs_is_too_large(call: Call, rain: Question, ada: Forecaster) -> None:
    browser, headers = call(ada).browser, {"Content-Type": "application/json"}

    def in_pieces() -> Any:
        yield b'{"rationale": "'
        for _ in range(LARGEST_BODY // 10_000 + 1):
            yield b"x" * 10_000
        yield b'"}'

    at_once = browser.post(API + FORECASTS, content=b'{"rationale": "' + b"x" * LARGEST_BODY + b'"}', headers=headers)
    by_and_by = browser.post(API + FORECASTS, content=in_pieces(), headers=headers)

    assert refusal(at_once)[0] == refusal(by_and_by)[0] == 413


def test_a_set_of_questions_may_be_as_large_here_as_on_its_page(call: Call, database: Database, mo: Forecaster) -> None:
    browser, headers = call(mo).browser, {"Content-Type": "application/json"}
    text = f"{SET}# {'x' * (LARGEST_SET - len(SET) - 100)}"
    content = json.dumps({"file": text}).encode()

    loaded = browser.post(f"{API}/sets", content=content, headers=headers)
    before = everything_there_is(database)
    too_large = browser.post(f"{API}/sets", content=content + b" " * 100, headers=headers)

    assert LARGEST_SET - 100 < len(content) <= LARGEST_SET
    assert loaded.json() == {"report": "storms: 1 questions added, 0 left as they were."}
    assert refusal(too_large) == (413, "", "This is larger than 4 MB. Send less at once.")
    assert everything_there_is(database) == before


ADDRESSES = {
    "/questions?limit=0": "limit",
    "/questions?limit=-1": "limit",
    "/questions?limit=201": "limit",
    "/questions?limit=1_0": "limit",
    "/questions?limit=%D9%A1": "limit",
    "/questions?limit=1.0": "limit",
    "/questions?limit=": "limit",
    "/questions?limit=99999999999999999999": "limit",
    "/questions?limit=1&limit=2": "limit",
    "/questions?limit=1&limi%74=2": "limit",
    "/questions?limit=1;limit=2": "limit",
    "/questions?limit[]=1": "limit[]",
    "/me?access_token=x": "access_token",
    "/me?_method=POST": "_method",
    "/questions?status=ajar": "status",
    "/questions?stauts=open": "stauts",
    "/questions?tag=" + "x" * 201: "tag",
    "/journal?after=-1": "after",
    "/journal?after=9223372036854775808": "after",
    "/journal?after=18446744073709551616": "after",
    "/journal?limit=501": "limit",
    "/journal?kind=king": "kind",
    "/journal?since=2026-02-30": "since",
    "/questions/rain/comments?before=x": "before",
    "/questions/rain/crowd?after=-1": "after",
    "/leaderboard?least=many": "least",
    "/leaderboard?kind=king": "kind",
    "/leaderboard?since=2026-02-30": "since",
    "/leaderboard?tag=%00": "tag",
    "/compare?a=ada&b=ada": "b",
}


def test_a_word_of_an_address_that_cannot_be_read_is_named(call: Call, rain: Question, ada: Forecaster) -> None:
    browser = call().browser

    answers = {path: refusal(browser.get(API + path))[:2] for path in ADDRESSES}

    assert answers == {path: (422, field) for path, field in ADDRESSES.items()}


MISSING = (
    "/nowhere", "/questions/nope", "/questions/%00", "/questions/a%00b", "/questions/%ff%fe", "/questions/%ED%A0%80",
    "/questions/" + "a" * 20_000, "/questions?after=nope", "/questions?set=%00", "/questions?set=nope", "/sets/nope",
    "/sets/%00", "/people/nope", "/people/%00", "/people/%C4%B0", "/people/%F0%9F%8C%A7", "/leaderboard?by=nonsense",
    "/leaderboard?set=nope", "/compare?a=nope", "/calibration?who=%00", "/questions/rain/receipts/nope",
    "/questions/rain/receipts/ada", "/ladders/nope", "/ladders/%00", "/drafts/0", "/drafts/99999999999999999999",
    "/drafts/%D9%A1", "/drafts/x", "/questions/%0a", "/drafts/a%0Ab", "/%0a", "/bots/nope/tokens", "/bots/%00/tokens",
)  # fmt: skip


def test_what_is_not_there_is_said_in_json(call: Call, rain: Question, ada: Forecaster) -> None:
    browser = call(ada).browser

    assert [path for path in MISSING if refusal(browser.get(API + path))[0] != 404] == []


@pytest.mark.parametrize("path", ["/me/", "/me%2f", "/questions/", "//me", "/questions/rain/", "/questions/..;/me"])
def test_nobody_is_led_to_whatever_host_they_name(call: Call, rain: Question, ada: Forecaster, path: str) -> None:
    """A token would go there with them."""
    answer = call(ada).browser.get(API + path, headers={"Host": "evil.example"})

    assert refusal(answer)[0] == 404
    assert "location" not in answer.headers


OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL")


def test_no_header_makes_another_request_of_one(call: Call, database: Database, rain: Question, mo: Forecaster) -> None:
    browser = call(mo).browser
    browser.get(f"{API}/me")
    before = everything_there_is(database)

    for name in OVERRIDES:
        for value in ("POST", "DELETE", "/api/v1/questions/rain/withdrawal", "/settings"):
            answer = browser.get(f"{API}/questions/rain", headers={name: value})
            assert answer.json()["slug"] == "rain", (name, value)
    assert refusal(browser.get(f"{API}/questions/rain/withdrawal?_method=POST"))[0] == 405
    assert everything_there_is(database) == before


def test_another_method_is_refused_in_json(call: Call, rain: Question, ada: Forecaster) -> None:
    answer = call(ada).browser.delete(API + "/questions/rain")

    assert refusal(answer)[0] == 405
    assert answer.headers["allow"] == "GET"


def test_what_an_address_does_take_is_said_whole(call: Call, rain: Question, ada: Forecaster) -> None:
    browser = call(ada).browser

    for path in ("/questions", "/questions/rain/comments", "/drafts", "/drafts/1", "/tokens", "/sets", "/bots"):
        assert browser.options(API + path).headers["allow"] == "GET, POST", path
    assert browser.get(f"{API}/questions/rain/undo").headers["allow"] == "POST"
