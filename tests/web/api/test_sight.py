"""What the API shows depends on nothing that whoever asks may not see, whatever they ask for."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.models import Question
from tests.cast import HOUR, NOON, MovedClock, draft, publish, resolve, say
from tests.web.api.conftest import API, Call, bot_of, token_of
from tests.web.test_showing import RULES, world
from web.app import create

SEALED = ("hash", "commitment", "receipt", "token")
"""What is another in every record: it is salted, or made by chance."""

EVERYWHERE = (
    "/questions", "/leaderboard", "/leaderboard?by=brier", "/compare?a=bob&b=mo", "/calibration",
    "/calibration?who=bob", "/people", "/sets", "/sets/weather", "/sources", "/journal",
    "/journal?kind=forecast", "/journal?who=bob", "/journal?question=rain", "/journal?set=weather",
    *(f"/questions/{slug}{part}" for slug in ("rain", "snow")
      for part in ("", "/crowd", "/comments", "/rationales", "/acts", "/scores", "/receipts/bob")),
    *(f"/people/{who}{part}" for who in ("ada", "bob", "mo", "eve", "crowd", "crowd-mean", "crowd-odds", "robo")
      for part in ("", "/calibration", "/forecasts", "/results")),
    "/questions/rain/forecasts", "/drafts", "/drafts/review", "/me", "/bots",
)  # fmt: skip


def everything_told(database: Database, who: Forecaster | None) -> Mapping[str, Any]:
    """All that the API tells somebody."""
    with TestClient(create(Settings(), database), follow_redirects=False) as browser:
        if who is not None:
            browser.headers["Authorization"] = f"Bearer {token_of(database, who)}"
        return {path: without_chance(browser.get(API + path).json()) for path in EVERYWHERE}


def without_chance(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: without_chance(value) for name, value in found.items() if name not in SEALED}
    return [without_chance(one) for one in found] if isinstance(found, list) else found


@pytest.mark.parametrize("reveal", RULES)
@pytest.mark.parametrize("name", [None, "Ada", "Eve", "Robo"])
def test_nothing_that_is_told_depends_on_what_is_hidden(
    tmp_path: Path, sqlite_template: Path, reveal: str, name: str | None
) -> None:
    """Two records that differ in what Bob and Mo say are told alike to whoever is not to see it."""
    told = []
    for number, said in enumerate((0.2, 0.83)):
        database, who = world(tmp_path / f"{number}.db", sqlite_template, said, reveal)
        who["Robo"] = bot_of(database, who["Ada"])
        told.append(everything_told(database, who[name] if name else None))
        database.close()

    assert told[0]["/questions/rain"]["hidden"].startswith("until")
    assert [path for path in EVERYWHERE if told[0][path] != told[1][path]] == []


def test_what_everybody_may_see_does_depend_on_it(tmp_path: Path, sqlite_template: Path) -> None:
    """So the test above would notice."""
    told = []
    for number, said in enumerate((0.2, 0.83)):
        database, who = world(tmp_path / f"{number}.db", sqlite_template, said, "answered")
        told.append(everything_told(database, who["Bob"]))
        database.close()

    differ = [path for path in EVERYWHERE if told[0][path] != told[1][path]]
    assert {"/questions", "/questions/rain", "/questions/rain/crowd", "/questions/rain/comments", "/journal"} <= set(
        differ
    )


# Questions and sets that are not for everybody


@pytest.fixture
def worlds(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster) -> list[Question]:
    """One question for everybody, and one for each other audience, each in a set of its own with a text."""
    asked = []
    for audience in ("public", "members", "unlisted", "draft"):
        source = {"slug": f"text-{audience}", "name": audience, "title": audience, "author": "", "note": "",
                  "said_at": NOON, "read_on": NOON.date()}  # fmt: skip
        asked += publish(
            database, draft(f"of-{audience}", tags=[audience]), within=audience, audience=audience, source=source
        )
    return asked


SEES = {None: ["public"], "ada": ["public", "members"], "mo": ["public", "members", "unlisted", "draft"]}


def test_an_audience_decides_what_each_list_holds(
    call: Call, worlds: list[Question], ada: Forecaster, mo: Forecaster
) -> None:
    for name, seen in SEES.items():
        client = call({"ada": ada, "mo": mo, None: None}[name])

        assert [one["slug"] for one in client.get("/questions")["questions"]] == [f"of-{one}" for one in seen]
        assert {one["slug"] for one in client.get("/sets")["sets"]} == set(seen)
        assert {one["slug"] for one in client.get("/sources")["sources"]} == {f"text-{one}" for one in seen}
        for audience in SEES["mo"]:
            paths = (f"/questions/of-{audience}", f"/questions/of-{audience}/crowd", f"/sets/{audience}",
                     f"/questions?set={audience}", f"/leaderboard?set={audience}", f"/questions/of-{audience}/acts",
                     f"/questions/of-{audience}/comments", f"/questions?after=of-{audience}")  # fmt: skip
            statuses = {client.browser.get(API + path).status_code for path in paths}
            assert statuses == ({200} if audience in seen else {404})


def test_what_may_not_be_seen_cannot_be_acted_on(
    call: Call, worlds: list[Question], database: Database, ada: Forecaster
) -> None:
    client = call(ada)

    for act, body in (("forecasts", {"probability": 0.5}), ("comments", {"text": "Hm."}), ("look", {}), ("undo", {})):
        assert client.send(f"/questions/of-draft/{act}", body).status_code == 404


def told_of(entries: list[dict[str, Any]]) -> Iterator[str]:
    yield from (f"{one['kind']} {one['subject']}" for one in entries if one["kind"])


def test_the_journal_gives_the_commitment_alone_of_what_may_not_be_seen(
    call: Call, worlds: list[Question], ada: Forecaster, mo: Forecaster
) -> None:
    of_nobody, of_ada, of_mo = (call(who).get("/journal")["entries"] for who in (None, ada, mo))

    assert [one["seq"] for one in of_nobody] == list(range(1, 13))
    assert list(told_of(of_nobody)) == ["source text-public", "set public", "question of-public"]
    assert len(list(told_of(of_ada))) == 6
    assert len(list(told_of(of_mo))) == 12
    assert [one["commitment"] for one in of_nobody] == [one["commitment"] for one in of_mo]
    hidden = [one for one in of_nobody if not one["kind"]]
    assert {(one["kind"], one["subject"], one["content"]) for one in hidden} == {(None, None, None)}
    assert "draft" not in json.dumps(of_nobody)


def test_the_journal_hides_who_said_what_as_long_as_the_question_does(
    call: Call, database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    (rain,) = publish(database, draft("rain"), reveal="closed")
    say(database, bob, rain, 0.83)
    say(database, ada, rain, 0.4)

    def forecasts(who: Forecaster | None) -> list[Any]:
        found = call(who).get("/journal", after=2)["entries"]
        return [one["content"] and one["content"]["probabilities"] for one in found]

    assert (forecasts(None), forecasts(ada), forecasts(mo)) == ([None, None], [None, [0.6, 0.4]], [None, None])
    clock.moment += 10 * HOUR
    assert forecasts(None)[0][1] == 0.83


def test_what_a_private_person_says_is_told_to_them_alone(
    call: Call, database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    say(database, ada, rain, 0.37)
    call(ada).post("/me/settings", {"private": True}, 200)

    others = call(bob)
    for path in ("/people/ada", "/people/ada/forecasts", "/people/ada/calibration", "/people/ada/results"):
        assert others.browser.get(API + path).status_code == 404
        assert call(ada).browser.get(API + path).status_code == 200
    assert others.get("/journal", after=2)["entries"][0]["kind"] is None
    assert call(ada).get("/journal", after=2)["entries"][0]["content"]["probabilities"][1] == 0.37
    assert [one["text"] for one in others.get("/questions/rain/acts")["acts"]] == ["", ""]
    assert "ada" not in [one["handle"] for one in others.get("/people")["people"]]


def test_a_private_persons_bot_does_not_name_its_owner(
    call: Call, database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    bot_of(database, ada)
    before = call(bob).get("/people/robo")["owner"]
    call(ada).post("/me/settings", {"private": True}, 200)

    assert (before, call(bob).get("/people/robo")["owner"], call(ada).get("/people/robo")["owner"]) == (
        "ada",
        None,
        "ada",
    )


def test_a_decision_opens_everything(
    call: Call, database: Database, clock: MovedClock, bob: Forecaster, mo: Forecaster
) -> None:
    (rain,) = publish(database, draft("rain"), reveal="at", reveals_at=NOON + 1000 * HOUR)
    say(database, bob, rain, 0.83)
    clock.moment += HOUR
    resolve(database, mo, rain, 1)

    assert call().get("/questions/rain")["crowd"]["probability"] == 0.83
    assert call().get("/journal", after=2)["entries"][0]["content"]["probabilities"][1] == 0.83
