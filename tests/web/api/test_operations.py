"""Every operation of the API on both engines: it does what the pages do, and says what they say."""

from typing import Any

import numpy as np
import pytest

from forecasts import subscribing
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import draft, entries, fresh, kinds, publish, say
from tests.web.api.conftest import Call, bot_of, refusal
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

TRAM = {"title": "Will the tram run?", "kind": "binary", "criteria": "As seen.", "closes_at": "2026-03-20T00:00:00Z"}


# Questions


def test_the_list_holds_what_the_desk_shows_and_narrows_alike(call: Call, town: Town, visit: Visit) -> None:
    client = call()

    listed = client.get("/questions")["questions"]
    by_status = {one: client.get("/questions", status=one)["questions"] for one in ("open", "closed", "resolved")}

    assert [one["slug"] for one in listed] == ["binary", "choice", "number", "date", "hail", "snow", "fog"]
    assert [one["slug"] for one in by_status["open"]] == ["binary", "choice", "number", "date"]
    assert [one["slug"] for one in by_status["closed"]] == ["hail"]
    assert [one["outcome"] for one in by_status["resolved"]] == ["Yes"]
    assert [one["slug"] for one in client.get("/questions", tag="sky", q="snow")["questions"]] == ["snow"]
    assert client.get("/questions", set="weather", q="nothing such")["questions"] == []
    seen = Sight.of(visit().get("/").text).text
    assert all(one["crowd"]["text"] in seen for one in by_status["open"])


def test_a_long_list_comes_in_parts(call: Call, town: Town) -> None:
    client = call()
    seen: list[list[str]] = []
    after: str | None = ""
    while after is not None:
        part = client.get("/questions", limit=3, after=after)
        seen.append([one["slug"] for one in part["questions"]])
        after = part["next"]

    assert seen == [["binary", "choice", "number"], ["date", "hail", "snow"], ["fog"]]


def test_a_question_says_what_its_page_says(call: Call, town: Town, visit: Visit, ada: Forecaster) -> None:
    found = call(ada).get("/questions/binary")
    page = Sight.of(visit(ada).get("/questions/binary").text).text

    assert (found["crowd"]["probability"], found["crowd"]["text"], found["crowd_count"]) == (0.85, "85%", 2)
    assert (found["own"]["said"]["probability"], found["outcomes"]) == (0.7, ["no", "yes"])
    assert (found["quoted"]["text"], found["quoted"]["source"]) == ("60%", "almanac")
    assert (found["status"], found["audience"], found["reveal"], found["set"]) == (
        "open",
        "public",
        "always",
        "weather",
    )
    assert (found["opens_at"], found["closes_at"]) == ("2026-03-02T12:00:00Z", "2026-03-02T22:00:00Z")
    for said in (found["title"], found["criteria"], "85%", "crowd of 2"):
        assert said in page


def test_numbers_and_dates_speak_in_their_own_units(call: Call, town: Town) -> None:
    number, date = (call().get(f"/questions/{kind}")["crowd"] for kind in ("number", "date"))

    assert number["probabilities"] == [0.5, 0.25, 0.25]
    assert [number["low"], number["median"], number["high"]] == pytest.approx([0.7, 1.5, 3.1])
    assert date["median"].endswith("Z")
    assert date["high"] is None


def test_a_moderator_publishes_a_question_in_sight_of_everybody(
    call: Call, town: Town, visit: Visit, mo: Forecaster
) -> None:
    publish_into = {**TRAM, "set": "weather", "tags": ["rails"], "audience": "public"}

    made = call(mo).post("/questions", publish_into)

    assert (made["slug"], made["status"], made["tags"]) == ("will-the-tram-run", "open", ["rails"])
    assert made["opens_at"] == "2026-03-02T13:00:00Z"
    assert "Will the tram run?" in visit().get("/questions/will-the-tram-run").text


def test_every_kind_can_be_asked(call: Call, town: Town, mo: Forecaster) -> None:
    client = call(mo)
    wind = {"low": 0, "high": 50, "open_below": False, "open_above": True, "unit": "km/h"}
    thaw = {"low": "2026-04-01T00:00:00Z", "high": "2026-06-01T00:00:00Z", "open_below": False, "open_above": True}

    asked: dict[str, Any] = {
        "choice": {"outcomes": ["a", "b", "c"]},
        "number": {"range": wind},
        "date": {"range": thaw},
    }

    made = [
        client.post("/questions", {**TRAM, "set": "weather", "title": f"A {kind}?", "kind": kind, **more})
        for kind, more in asked.items()
    ]

    assert [one["kind"] for one in made] == ["choice", "number", "date"]
    assert made[0]["outcomes"] == ["a", "b", "c"]


def test_a_revision_is_made_over_what_was_seen(call: Call, town: Town, mo: Forecaster) -> None:
    client = call(mo)

    acted = client.post("/questions/binary/revision", {"fine_print": "Drizzle counts.", "note": "Somebody asked."})
    late = client.send("/questions/binary/revision", {"fine_print": "It does not.", "note": "I differ."})
    found = client.get("/questions/binary")

    assert late.status_code == 409
    assert (found["fine_print"], found["revised"]) == ("Drizzle counts.", acted["seq"])
    assert found["revisions"][0]["changes"] == [{"field": "The fine print", "before": "", "after": "Drizzle counts."}]


def test_a_moderator_decides_who_sees_what(call: Call, town: Town, mo: Forecaster, ada: Forecaster) -> None:
    client = call(mo)

    shown = client.post("/questions/snow/audience", {"audience": "unlisted"}, 200)
    again = client.post("/questions/snow/audience", {"audience": "unlisted"}, 200)
    within = client.post("/sets/weather/audience", {"reveal": "at", "reveals_at": "2026-03-09T00:00:00Z"}, 200)

    assert shown["link"].startswith("http://127.0.0.1:8000/open/")
    assert (shown["changed"], again["changed"]) == (True, False)
    assert (within["audience"], within["reveal"]) == ("public", "at")
    assert call().get("/questions/binary")["hidden"] == "until 9 March 2026, 00:00 UTC"
    assert call().get("/questions/binary")["crowd"] is None


# Forecasts


def test_a_forecast_is_acknowledged_with_its_place_in_the_journal(
    call: Call, database: Database, rain: Question, ada: Forecaster
) -> None:
    acted = call(ada).post("/questions/rain/forecasts", {"probability": 0.37, "rationale": "Clouds."})

    last = entries(database)[-1]
    assert acted == {
        "seq": last.seq, "recorded_at": "2026-03-02T12:00:00Z", "receipt": last.hash.hex(),
    }  # fmt: skip
    assert (last.kind, last.content) == ("forecast", '{"probabilities":[0.63,0.37],"rationale":"Clouds."}')


def test_each_kind_is_answered_in_each_of_its_ways(call: Call, town: Town, bob: Forecaster) -> None:
    client = call(bob)
    ways: list[tuple[str, dict[str, Any]]] = [
        ("binary", {"probability": 1}),
        ("binary", {"probabilities": [0.25, 0.75]}),
        ("choice", {"probabilities": [0.2, 0.3, 0.5]}),
        ("number", {"low": 1.2, "median": 2, "high": 2.5}),
        ("number", {"probabilities": [0.2, 0.3, 0.5]}),
        ("date", {"low": "2026-03-03", "median": "2026-03-04", "high": "2026-03-05"}),
        ("date", {"probabilities": [0.2, 0.3, 0.5], "expires_at": "2026-03-02T21:00:00+01:00"}),
    ]

    for kind, body in ways:
        client.post(f"/questions/{kind}/forecasts", body)

    found = {kind: client.get(f"/questions/{kind}/forecasts") for kind in ("binary", "date")}
    assert found["binary"]["standing"]["said"]["probability"] == 0.75
    assert len(found["binary"]["forecasts"]) == 3
    assert found["date"]["standing"]["expires_at"] == "2026-03-02T20:00:00Z"


def test_a_forecast_is_taken_back_undone_and_said_again(
    call: Call, database: Database, rain: Question, ada: Forecaster
) -> None:
    client = call(ada)
    client.post("/questions/rain/forecasts", {"probability": 0.3})

    client.post("/questions/rain/withdrawal")
    client.post("/questions/rain/undo")
    client.post("/questions/rain/reaffirmation", {})

    assert kinds(database)[-4:] == ["forecast", "withdrawal", "forecast", "forecast"]
    said = client.get("/questions/rain/forecasts")
    assert [one["said"] and one["said"]["probability"] for one in said["forecasts"]] == [0.3, 0.3, None, 0.3]
    assert client.post("/questions/rain/look", status=200) == {"done": True}


def test_the_crowd_is_what_its_csv_says(call: Call, town: Town, visit: Visit) -> None:
    found = call().get("/questions/binary/crowd")
    rows = [row.split(",") for row in visit().get("/questions/binary/crowd.csv").text.splitlines()[1:]]

    assert [(one["at"], one["count"], one["probability"]) for one in found["points"]] == [
        (row[0].replace(".000000", ""), int(row[1]), float(row[2])) for row in rows
    ]
    part = call().get("/questions/binary/crowd", limit=1)
    assert (len(part["points"]), part["next"]) == (1, 1 if len(rows) > 1 else None)
    assert call().get("/questions/number/crowd")["points"][-1]["quantiles"][2] == pytest.approx(1.5)


def test_a_ladder_is_answered_whole_or_not_at_all(call: Call, database: Database, ada: Forecaster) -> None:
    steps = [
        draft(f"over-{one}", group="steps", spec={"ladder": {"threshold": one, "direction": "above"}}) for one in (1, 2)
    ]
    publish(database, *steps, within="steps")
    client, before = call(ada), len(entries(database))

    refused = client.send("/ladders/steps", {"answers": {"over-1": 0.2, "over-2": 0.4}})
    between = len(entries(database))
    made = client.post("/ladders/steps", {"answers": {"over-1": 0.4, "over-2": 0.2}})

    assert (refused.status_code, between) == (422, before)
    assert "The first cannot happen without the second" in refused.json()["error"]["message"]
    assert (made["changed"], len(made["acts"])) == (2, 2)
    assert [one["own"] for one in client.get("/ladders/steps")["rungs"]] == [0.4, 0.2]


# What people write


def test_comments_and_reasons_are_those_of_the_page(call: Call, town: Town, visit: Visit, ada: Forecaster) -> None:
    client = call(ada)
    client.post("/questions/binary/forecasts", {"probability": 0.4, "rationale": "My knee."})

    acted = client.post("/questions/binary/comments", {"text": "Look *up*."})
    comments = client.get("/questions/binary/comments")["comments"]
    reasons = client.get("/questions/binary/rationales")["rationales"]
    deeds = client.get("/questions/binary/acts")["acts"]

    assert [(one["seq"], one["who"]["handle"], one["text"], one["said"]) for one in comments] == [
        (acted["seq"], "ada", "Look *up*.", "40%")
    ]
    assert [(one["text"], one["said"], one["now"]) for one in reasons] == [("My knee.", "40%", "")]
    assert [one["did"] for one in deeds][:2] == ["commented", "forecast"]
    page = visit().get("/questions/binary").text
    assert "My knee." in page
    assert "Look <em>up</em>." in page


# Decisions, scores


def test_a_question_is_decided_over_what_was_seen(
    call: Call, town: Town, database: Database, mo: Forecaster, ada: Forecaster
) -> None:
    client = call(mo)
    first = client.post(
        "/questions/hail/resolution",
        {"outcome": "yes", "known_at": "2026-03-02T12:15:00Z", "evidence_url": "https://example.org/", "note": "Seen."},
    )

    late = client.send("/questions/hail/resolution", {"outcome": "no"})
    second = client.post("/questions/hail/resolution", {"outcome": "reopened", "supersedes": first["seq"]})
    third = {"outcome": "annulled", "note": "The station burned down.", "supersedes": second["seq"]}
    client.post("/questions/hail/resolution", third)

    assert late.status_code == 409
    assert "was decided by somebody else meanwhile" in late.json()["error"]["message"]
    found = client.get("/questions/hail")
    assert [one["verdict"] for one in found["decisions"]] == ["annulled", "reopened", "resolved"]
    assert (found["status"], found["outcome"]) == ("annulled", "Annulled")
    assert fresh(database, town.due).resolution == found["resolution"]


def test_a_number_is_decided_by_a_number(call: Call, town: Town, mo: Forecaster) -> None:
    call(mo).post("/questions/number/resolution", {"outcome": 2})

    assert call().get("/questions/number")["outcome"] == "2"


def test_scores_and_receipts_are_those_of_the_page(call: Call, town: Town, visit: Visit) -> None:
    scores = call().get("/questions/snow/scores")
    receipt = call().get("/questions/snow/receipts/bob")

    named = {one["who"]["handle"]: one for one in scores["scores"]}
    assert named["bob"]["losses"]["brier"] == 0
    assert (receipt["score"], receipt["rule"]) == (named["bob"]["losses"]["brier"], "brier")
    assert abs(receipt["peer"] - named["bob"]["peer"]) < 1e-12
    assert receipt["lines"][0]["probabilities"] == [0.0, 1.0]
    assert "Bob" in visit().get("/questions/snow").text


def test_boards_rank_alike(call: Call, season: list[Question], visit: Visit) -> None:
    board = call().get("/leaderboard", by="brier")
    page = Sight.of(visit().get("/leaderboard?by=brier").text)

    assert next((one["rank"], one["who"]["handle"], one["value"]) for one in board["rows"]) == (
        1,
        "ada",
        pytest.approx(0.01),
    )
    assert all(one["text"] in page.text for one in board["rows"])
    assert (board["questions"], board["podium"]) == (50, True)
    assert call().get("/leaderboard", kind="bot", least=60)["rows"] == []


def test_two_are_compared_as_on_the_page(call: Call, season: list[Question], visit: Visit) -> None:
    found = call().get("/compare", a="ada", b="bob")
    page = Sight.of(visit().get("/compare?a=ada&b=bob").text).text

    assert (found["questions"], found["verdict"]) == (50, "a")
    assert np.isclose(found["mean"], 0.01 - 0.16)
    assert all(sentence in page for sentence in found["told"])


def test_a_person_is_told_as_on_their_page(call: Call, season: list[Question], visit: Visit) -> None:
    client = call()
    person = client.get("/people/ada")
    calibration = client.get("/people/ada/calibration")
    results = client.get("/people/ada/results", limit=20)

    assert [one["measure"] for one in person["standings"]][:2] == ["skill", "peer"]
    assert all(sentence in Sight.of(visit().get("/people/ada").text).text for sentence in person["told"])
    assert [(one["count"], one["forecast"], one["frequency"]) for one in calibration["bins"]] == [(50, 0.9, 1.0)]
    assert (len(results["results"]), results["next"]) == (20, 20)
    assert results["results"][0]["loss"] < 0.0101
    everybody = client.get("/calibration")
    assert (everybody["forecasts"], everybody["who"]) == (100, None)
    handles = [one["handle"] for one in client.get("/people")["people"]]
    assert {"ada", "bob", "mo", "crowd", "always-50"} <= set(handles)


def test_what_somebody_says_now(call: Call, town: Town) -> None:
    found = call().get("/people/ada/forecasts")["forecasts"]

    assert next((one["question"], one["text"]) for one in found) == ("binary", "70%")


# Sets, drafts


SET = """
[set]
slug = "rails"
title = "Rails"

[[questions]]
slug = "tram"
kind = "binary"
title = "Will the tram run?"
criteria = "As seen."
opens_at = 2026-03-02T12:00:00Z
closes_at = 2026-03-20T12:00:00Z
"""


def test_sets_are_loaded_and_listed(call: Call, town: Town, mo: Forecaster) -> None:
    client = call(mo)

    report = client.post("/sets", {"file": SET}, 200)["report"]
    found = call().get("/sets")["sets"]

    assert "1" in report
    assert [(one["slug"], one["questions"]) for one in found] == [("rails", 1), ("weather", 7)]
    assert call().get("/sets/weather")["source"]["slug"] == "almanac"
    assert [one["slug"] for one in call().get("/sources")["sources"]] == ["almanac"]


def test_a_draft_goes_from_its_author_to_everybody(call: Call, town: Town, ada: Forecaster, mo: Forecaster) -> None:
    author, moderator = call(ada), call(mo)
    begun = author.post("/drafts", {"asks": "question", "fields": {"title": "Will the tram run?"}})
    number = begun["number"]

    kept = author.post(f"/drafts/{number}", {"fields": {**TRAM, "closes_at": "in 3 weeks"}, "seen": 0}, 200)
    stale = author.send(f"/drafts/{number}", {"fields": {"title": "Other"}, "seen": 0})
    author.post(f"/drafts/{number}/review", status=200)
    returned = moderator.post(f"/drafts/{number}/return", {"remark": "Which tram?", "seen": 2}, 200)
    author.post(f"/drafts/{number}/review", status=200)
    author.post(f"/drafts/{number}/return", {}, 200)
    sent = author.post(f"/drafts/{number}/review", status=200)
    waiting = moderator.get("/drafts/review")["drafts"]
    made = moderator.post(f"/drafts/{number}/publication", {"set": "weather", "seen": sent["version"]}, 200)

    assert begun["lacks_field"]
    assert (kept["version"], kept["lacks"], stale.status_code) == (1, "", 409)
    assert returned == {"done": True}
    assert [one["number"] for one in waiting] == [number]
    assert (made["state"], made["became"]) == ("published", "/questions/will-the-tram-run")
    assert author.get(f"/drafts/{number}")["state"] == "published"
    assert call().get("/questions/will-the-tram-run")["status"] == "open"


def test_who_sees_a_draft_is_said_in_it_or_as_it_is_published(
    call: Call, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    author, moderator = call(ada), call(mo)

    def published(slug: str, **into: str) -> Any:
        fields = {**TRAM, "slug": slug, "closes_at": "in 3 weeks", "audience": "members", "reveal": "closed"}
        number = author.post("/drafts", {"asks": "question", "fields": fields})["number"]
        sent = author.post(f"/drafts/{number}/review", status=200)
        into = {"set": "weather", **into}
        moderator.post(f"/drafts/{number}/publication", {**into, "seen": sent["version"]}, 200)
        found = moderator.get(f"/questions/{slug}")
        return found["audience"], found["reveal"], found["reveals_at"]

    at = "2026-03-09T00:00:00Z"

    assert published("tram") == ("members", "closed", None)
    assert published("bus", audience="set") == ("public", "closed", None)
    assert published("boat", reveal="at", reveals_at=at) == ("members", "at", at)


def test_the_claims_of_a_source_are_written_one_by_one(call: Call, ada: Forecaster) -> None:
    client = call(ada)
    number = client.post("/drafts", {"asks": "source", "fields": {"title": "An essay"}})["number"]

    added = client.post(f"/drafts/{number}/claims", {"fields": {"title": "An essay", "author": "Eve"}, "seen": 0})
    path, fields = f"/drafts/{number}/claims/{added['claim']}", {"title": "Will it rain?"}
    kept = client.post(path, {"fields": fields, "seen": added["version"]}, 200)
    client.post(f"{path}/deletion", status=200)

    assert kept["fields"]["claim-1-title"] == "Will it rain?"
    assert client.get("/drafts")["drafts"][0]["fields"] == {"title": "An essay", "author": "Eve", "claims": ""}
    client.post(f"/drafts/{number}/deletion", status=200)
    assert client.get("/drafts")["drafts"] == []


# Oneself


def test_settings_are_changed_one_by_one(call: Call, ada: Forecaster) -> None:
    client = call(ada)

    changed = client.post("/me/settings", {"private": True}, 200)

    assert (changed["private"], changed["shortcuts"], changed["role"]) == (True, True, "forecaster")
    assert client.get("/me")["private"] is True
    assert client.get("/me")["scopes"] == ["read", "forecast", "moderate"]


def test_a_bot_forecasts_with_a_token_of_its_own_and_is_marked(
    call: Call, database: Database, rain: Question, bob: Forecaster, ada: Forecaster, visit: Visit
) -> None:
    owner = call(bob)
    made = owner.post("/bots", {"name": "Robo"})
    text = owner.post("/bots/robo/tokens", {"name": "cron", "scopes": ["read", "forecast"]})["token"]
    program = call()
    program.browser.headers["Authorization"] = f"Bearer {text}"
    say(database, ada, rain, 0.2)

    program.post("/questions/rain/forecasts", {"probability": 0.9})

    assert (made["kind"], made["owner"]) == ("bot", "bob")
    assert program.get("/me")["handle"] == "robo"
    found = call().get("/questions/rain")
    assert (found["crowd"]["probability"], found["crowd_count"]) == (0.2, 1)
    assert [one["handle"] for one in owner.get("/bots")["bots"]] == ["robo"]
    assert [one["name"] for one in owner.get("/bots/robo/tokens")["tokens"]] == ["cron"]
    assert 'Robo</a> <span class="kind">bot</span>' in visit().get("/questions/rain").text


# Reminders


def test_a_webhook_is_added_tried_and_removed(call: Call, ada: Forecaster, bob: Forecaster) -> None:
    client = call(ada)

    made = client.post("/webhooks", {"address": "https://example.org/hook", "events": ["resolved", "moved"]})
    listed = client.get("/webhooks")["webhooks"]
    client.post(f"/webhooks/{made['number']}/test", status=200)
    again = client.send(f"/webhooks/{made['number']}/test")
    (told,) = client.get("/deliveries")["deliveries"]

    assert made["secret"].startswith("whsec_")
    assert listed == [{name: value for name, value in made.items() if name != "secret"}]
    assert (again.status_code, "A test waits" in again.text) == (422, True)
    assert (told["webhook"], told["event"], told["state"], told["sent_at"]) == (made["number"], "test", "due", None)
    for number in (made["number"], "x", "9" * 30):
        assert call(bob).send(f"/webhooks/{number}/removal").status_code == 404
    client.post(f"/webhooks/{made['number']}/removal", status=200)
    assert client.get("/webhooks")["webhooks"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"events": []}, "events"),
        ({"events": ["risen"]}, "events"),
        ({"address": "ftp://example.org/"}, "address"),
        ({"set": "nowhere"}, ""),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(call: Call, ada: Forecaster, changes: dict[str, Any], field: str) -> None:
    answer = call(ada).send("/webhooks", {"address": "https://example.org/", "events": ["moved"], **changes})

    status, named, _ = refusal(answer)
    assert (status, named) == (404 if "set" in changes else 422, field)
    assert call(ada).get("/webhooks")["webhooks"] == []


def test_a_digest_takes_an_address_that_was_confirmed(call: Call, database: Database, ada: Forecaster) -> None:
    client, wanted = call(ada), {"every": "week", "events": ["closing"]}

    refused = refusal(client.send("/digest", wanted))
    with database.writing() as (session, moment):
        subscribing.confirm(session, subscribing.set_email(session, ada, "ada@example.org", moment), moment)
    chosen = client.post("/digest", wanted, 200)

    assert refused[:2] == (422, "email")
    assert chosen == client.get("/digest")
    assert chosen == {"every": "week", "events": ["closing"], "set": None, "has_address": True}
    assert client.post("/digest", {"every": ""}, 200)["every"] == ""


def test_a_calendar_has_a_secret_address_until_it_is_dropped(call: Call, town: Town, ada: Forecaster) -> None:
    client = call(ada)

    first, second = (client.post("/calendar")["address"] for _ in range(2))
    path = second.removeprefix("http://127.0.0.1:8000")

    assert client.browser.get(first.removeprefix("http://127.0.0.1:8000")).status_code == 404
    assert client.browser.get(path).text.startswith("BEGIN:VCALENDAR")
    client.post("/calendar/removal", status=200)
    assert client.browser.get(path).status_code == 404


def test_a_question_is_asked_again_in_a_draft(call: Call, town: Town, ada: Forecaster) -> None:
    client = call(ada)

    made = client.post("/questions/binary/copy", {"how": "later"})

    assert (made["fields"]["title"], made["fields"]["slug"]) == ("What of the binary?", "binary-a-year-later")
    assert refusal(client.send("/questions/binary/copy", {"how": "often"}))[:2] == (422, "how")
    assert [one["number"] for one in client.get("/drafts")["drafts"]] == [made["number"]]


# The journal


def test_the_journal_tells_every_act_in_order_and_its_chain_holds(call: Call, town: Town, database: Database) -> None:
    client = call()
    seen: list[Any] = []
    after: int | None = 0
    while after is not None:
        part = client.get("/journal", after=after, limit=7)
        seen += part["entries"]
        after = part["next"]

    assert [one["seq"] for one in seen] == list(range(1, len(entries(database)) + 1))
    assert [one["hash"] for one in seen] == [one.hash.hex() for one in entries(database)]
    assert [one["kind"] for one in seen] == kinds(database)
    assert seen[-1]["content"]["verdict"] == "annulled"


def test_the_journal_is_narrowed_as_its_page_is(call: Call, town: Town) -> None:
    client = call()

    def seqs(**words: Any) -> list[int]:
        return [one["seq"] for one in client.get("/journal", **words)["entries"]]

    of_ada = seqs(who="ada", kind="forecast")
    first = client.get("/journal", who="ada", limit=2)
    then = client.get("/journal", who="ada", limit=500, after=first["next"])

    assert len(of_ada) == 6
    assert [one["seq"] for one in first["entries"] + then["entries"]] == of_ada
    assert set(seqs(who="ada", question="snow")) < set(of_ada)
    assert seqs(set="weather", since="2026-03-03") == []
    assert client.browser.get("/api/v1/journal?who=nope").status_code == 404


def test_a_bot_belongs_to_a_person(database: Database, bob: Forecaster) -> None:
    assert bot_of(database, bob).owner_id == bob.id
