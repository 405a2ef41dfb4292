"""Moderating by the API: what the pages do, by whom the pages let, and the same sentences."""

from typing import Any

import pytest

from forecasts import discussion, verification
from forecasts.database import Database
from forecasts.models import Comment, Forecaster
from questions.models import Question
from tests.cast import draft, entries, join, kinds, publish, say
from tests.web.api.conftest import API, Call, refusal
from tests.web.conftest import Visit
from tests.web.sight import Sight


@pytest.fixture
def remark(database: Database, rain: Question, ada: Forecaster) -> Comment:
    """What Ada wrote under the question about the rain."""
    return write(database, ada, rain)


def write(database: Database, who: Forecaster, question: Question) -> Comment:
    with database.writing() as (session, moment):
        return discussion.comment(session, who, question, "You are all fools.", moment)


def holds(database: Database) -> bool:
    with database.reading() as session:
        return len(list(verification.verify(session))) == 4


def told(found: list[dict[str, Any]], switch: str) -> list[tuple[bool, str, str]]:
    return [(one[switch], one["by"], one["note"]) for one in found]


def test_a_comment_is_hidden_and_shown_again_as_on_the_page(
    call: Call, visit: Visit, database: Database, remark: Comment, mo: Forecaster
) -> None:
    client, path = call(mo), f"/comments/{remark.entry}"

    hidden = client.post(f"{path}/hiding", {"hidden": True, "note": "Rude."})
    during = call().get("/questions/rain/comments")["comments"][0]
    client.post(f"{path}/hiding", {"hidden": False, "note": "Looked at again."})
    after = call().get("/questions/rain/comments")["comments"][0]

    assert hidden["seq"] == remark.entry + 1
    assert (during["hidden"], during["text"]) == (True, "")
    assert (after["hidden"], after["text"]) == (False, "You are all fools.")
    assert told(client.get(f"{path}/hidings")["hidings"], "hidden") == [
        (False, "Mo", "Looked at again."), (True, "Mo", "Rude."),
    ]  # fmt: skip
    assert "Hidden Rude." in Sight.of(visit(mo).get(f"{path}/hiding").text).text
    assert kinds(database)[-2:] == ["hiding", "hiding"]
    assert holds(database)


def test_somebody_is_suspended_and_let_act_again_as_on_the_page(
    call: Call, visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    client, hers = call(mo), call(ada)

    client.post("/people/ada/suspension", {"suspended": True, "note": "Rude."})
    during = hers.send("/questions/rain/forecasts", {"probability": 0.4})
    client.post("/people/ada/suspension", {"suspended": False, "note": "Sorry."})
    hers.post("/questions/rain/forecasts", {"probability": 0.4})

    assert refusal(during)[::2] == (
        403, "You are suspended: you may read, and do nothing else. Ask a moderator why.",
    )  # fmt: skip
    assert told(client.get("/people/ada/suspensions")["suspensions"], "suspended") == [
        (False, "Mo", "Sorry."), (True, "Mo", "Rude."),
    ]  # fmt: skip
    assert "Suspended Rude." in Sight.of(visit(mo).get("/people/ada/suspension").text).text
    assert kinds(database)[-3:] == ["suspension", "suspension", "forecast"]
    assert holds(database)


@pytest.mark.parametrize(
    ("path", "body", "due"),
    [
        ("hiding", {"hidden": True}, (422, "note", "The reason is empty. Say why; it stays on record.")),
        ("hiding", {"hidden": False, "note": "Why not."},
         (422, "", "The comment is shown already. Look at it again.")),
        ("hiding", {"note": "Rude."}, (422, "hidden", "“hidden” is missing.")),
        ("hiding", {"hidden": "yes", "note": "Rude."}, (422, "hidden", "“yes” is neither true nor false.")),
        ("hiding", {"hidden": True, "note": "x" * 20_001},
         (422, "note", "The note has 20,001 characters. Shorten it to 20,000.")),
        ("suspension", {"suspended": True, "note": " "},
         (422, "note", "The reason is empty. Say why; it stays on record.")),
        ("suspension", {"suspended": False, "note": "Sorry."}, (422, "", "“Ada” is not suspended already.")),
        ("suspension", {"suspended": 1, "note": "Rude."}, (422, "suspended", "“1” is neither true nor false.")),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_the_words_of_the_page(
    call: Call, database: Database, remark: Comment, mo: Forecaster,
    path: str, body: dict[str, Any], due: tuple[int, str, str],
) -> None:  # fmt: skip
    before, of = len(entries(database)), f"/comments/{remark.entry}" if path == "hiding" else "/people/ada"

    answer = call(mo).send(f"{of}/{path}", body)

    assert refusal(answer) == due
    assert len(entries(database)) == before


def test_only_moderators_moderate_and_what_nobody_may_see_is_not_found_first(
    call: Call, database: Database, remark: Comment, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    (secret,) = publish(database, draft("secret"), within="secret", audience="draft")
    unseen, before = write(database, ada, secret), len(entries(database))
    clients = {"nobody": call(), "bob": call(bob), "reads": call(mo, "read", "forecast"), "mo": call(mo)}
    asked = {
        f"/comments/{remark.entry}/hiding": {"hidden": True, "note": "Rude."},
        f"/comments/{unseen.entry}/hiding": {"hidden": True, "note": "Rude."},
        "/comments/999/hiding": {"hidden": True, "note": "Rude."},
        "/people/nope/suspension": {"suspended": True, "note": "Rude."},
        "/people/mo/suspension": {"suspended": True, "note": "Rude."},
    }

    answers = {name: [client.send(*one).status_code for one in asked.items()] for name, client in clients.items()}
    lists = {
        name: [client.browser.get(f"{API}{path}s").status_code for path in asked] for name, client in clients.items()
    }

    assert len(entries(database)) == before + 2
    assert answers == {
        "nobody": [401] * 5, "bob": [403, 404, 404, 404, 403], "reads": [403] * 5, "mo": [201, 201, 404, 404, 403],
    }  # fmt: skip
    assert lists == {
        "nobody": [401] * 5, "bob": [403, 404, 404, 404, 403], "reads": [403] * 5, "mo": [200, 200, 404, 404, 200],
    }  # fmt: skip


def test_a_comment_of_a_number_that_no_database_keeps_is_not_found(call: Call, visit: Visit, mo: Forecaster) -> None:
    for number in (2**63 - 1, 2**63, 10**30):
        assert call(mo).browser.get(f"{API}/comments/{number}/hidings").status_code == 404
        assert visit(mo).get(f"/comments/{number}/hiding").status_code == 404


def test_a_suspended_moderator_and_a_bot_moderate_nothing(
    call: Call, database: Database, remark: Comment, mo: Forecaster
) -> None:
    boss, path = join(database, "Boss", "administrator"), f"/comments/{remark.entry}/hiding"
    client = call(mo)
    call(boss).post("/people/mo/suspension", {"suspended": True, "note": "Rude."})

    assert refusal(client.send(path, {"hidden": True, "note": "Rude."}))[0] == 403
    assert client.browser.get(f"{API}{path}s").status_code == 403


# Merging


def test_two_are_merged_and_separated_as_on_the_page(
    call: Call, database: Database, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.4), say(database, bob, rain, 0.6)
    client = call(mo)

    weighed = client.get("/people/bob/merging", into="Ada")
    client.post("/people/bob/merging", {"into": "Ada", "note": "The same."})
    during = (call().get("/people/bob")["handle"], call(ada).get("/questions/rain")["own"]["said"]["probability"])
    crowd = call().get("/questions/rain")["crowd_count"]
    client.post("/people/bob/separation", {"note": "Two after all."})

    assert weighed == {"forecasts": 1, "comments": 0, "drafts": 0, "bots": 0, "both": 1}
    assert (during, crowd) == (("ada", 0.6), 1)
    assert call().get("/people/bob")["handle"] == "bob"
    assert call().get("/questions/rain")["crowd_count"] == 2
    found = client.get("/people/bob/mergings")["mergings"]
    assert told(found, "merged") == [(False, "Mo", "Two after all."), (True, "Mo", "The same.")]
    assert {one["into"] for one in found} == {"ada"}
    assert kinds(database)[-2:] == ["merge", "merge"]
    assert holds(database)


def test_whoever_is_merged_is_listed_no_more_and_their_token_works_no_more(
    call: Call, database: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    his = call(bob)
    call(mo).post("/people/bob/merging", {"into": "ada", "note": "The same."})

    assert his.browser.get(f"{API}/me").status_code == 401
    assert {"ada", "mo"} == {one["handle"] for one in call().get("/people")["people"] if one["kind"] == "person"}


@pytest.mark.parametrize(
    ("body", "due"),
    [
        ({"note": "The same."}, (422, "into", "“into” is missing.")),
        ({"into": "", "note": "The same."},
         (422, "into", "Nobody is named. Write the name of whom they are the same as.")),
        ({"into": "nope", "note": "The same."},
         (422, "into", "There is no forecaster “nope”. The leaderboard lists those there are.")),
        ({"into": "ada", "note": "The same."},
         (422, "into", "“Ada” is who is to be merged. Name somebody else.")),
        ({"into": "bob"}, (422, "note", "The reason is empty. Say why; it stays on record.")),
        ({"into": "crowd", "note": "The same."},
         (403, "", "“The crowd” is neither a person nor a bot, and is merged with nobody.")),
    ],
)  # fmt: skip
def test_who_cannot_be_merged_is_refused_in_the_words_of_the_page(
    call: Call, database: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster,
    body: dict[str, Any], due: tuple[int, str, str],
) -> None:  # fmt: skip
    client = call(mo)

    assert refusal(client.send("/people/ada/merging", body)) == due
    assert entries(database) == []
    if "into" in body and "into" in due:
        assert refusal(client.browser.get(f"{API}/people/ada/merging", params={"into": body["into"]})) == due


def test_only_moderators_merge(call: Call, database: Database, ada: Forecaster, bob: Forecaster) -> None:
    client, body = call(bob), {"into": "bob", "note": "The same."}

    assert [client.send(f"/people/{who}/merging", body).status_code for who in ("ada", "nope")] == [403, 404]
    assert [client.send(f"/people/{who}/separation", {}).status_code for who in ("ada", "nope")] == [403, 404]
    assert client.browser.get(f"{API}/people/ada/mergings").status_code == 403
    assert client.browser.get(f"{API}/people/ada/merging?into=bob").status_code == 403
    assert entries(database) == []
