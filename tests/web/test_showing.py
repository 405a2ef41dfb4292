"""Who sees a set or a question, and when they see what others say: on every page, in every feed, file and fragment."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from forecasts import discussion, ledger, verification
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.models import Question, QuestionSet
from tests.cast import HOUR, NOON, MovedClock, draft, fresh, join, kinds, publish, resolve, rows, say
from tests.web.conftest import Visit, token_for
from tests.web.sight import Sight
from tests.web.test_routes import STARTS, crawl
from web.app import create
from web.dependencies import COOKIE

RULES = {"answered": None, "closed": None, "at": NOON + 20 * HOUR}


def shown(database: Database, **about: Any) -> Question:
    """A question in a set that is shown so."""
    return publish(database, draft("rain", tags=["wet"]), within="hidden", **about)[0]


def link_to(database: Database, question: Question) -> str:
    with database.reading() as session:
        return f"/open/{session.get_one(QuestionSet, question.set_id).key}"


def sees(browser: TestClient) -> list[int]:
    """How the places answer that would show the question or its set."""
    paths = ("/questions/rain", "/sets/hidden", "/questions/rain/crowd.csv", "/questions/rain/feed.atom",
             "/sets/hidden/feed.atom", "/sets/hidden/calendar.ics", "/sets/hidden/live", "/questions/rain/live",
             "/?set=hidden", "/leaderboard?set=hidden")  # fmt: skip
    return sorted({browser.get(path).status_code for path in paths})


def mentions(browser: TestClient) -> list[str]:
    """The pages open to everybody that say anything of it."""
    return [address for address, _ in crawl(browser, *STARTS[1:5], "/sets", "/feed.atom") if told(browser, address)]


def told(browser: TestClient, address: str) -> bool:
    text = browser.get(address).text
    return "What of the rain?" in text or "/sets/hidden" in text or ">wet<" in text


# Who sees it


@pytest.mark.parametrize(
    ("audience", "nobody", "somebody"),
    [("public", [200], [200]), ("members", [404], [200]), ("unlisted", [404], [404]), ("draft", [404], [404])],
)
def test_an_audience_decides_who_finds_it(
    visit: Visit, database: Database, ada: Forecaster, mo: Forecaster,
    audience: str, nobody: list[int], somebody: list[int],
) -> None:  # fmt: skip
    shown(database, audience=audience)

    assert sees(visit()) == nobody
    assert sees(visit(ada)) == somebody
    assert sees(visit(mo)) == [200]
    assert bool(mentions(visit())) == (nobody == [200])
    assert bool(mentions(visit(ada))) == (somebody == [200])


def test_a_question_may_have_an_audience_of_its_own(visit: Visit, database: Database, ada: Forecaster) -> None:
    publish(database, draft("rain", audience="public"), draft("snow"), within="hidden", audience="draft")
    publish(database, draft("fog", audience="members"), draft("hail"), within="open")
    browser = visit()

    answers = {slug: browser.get(f"/questions/{slug}").status_code for slug in ("rain", "snow", "fog", "hail")}

    assert answers == {"rain": 200, "snow": 404, "fog": 404, "hail": 200}
    assert "/sets/hidden" not in browser.get("/questions/rain").text + browser.get("/").text
    assert visit(ada).get("/questions/fog").status_code == 200


def test_a_link_opens_what_is_unlisted_for_whoever_has_it(visit: Visit, database: Database, ada: Forecaster) -> None:
    question = shown(database, audience="unlisted")
    link, browser, other = link_to(database, question), visit(), visit()

    answer = browser.get(link)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sets/hidden")
    assert answer.headers["cache-control"] == "no-store"
    assert sees(browser) == [200]
    assert sees(other) == [404]
    assert other.get("/open/" + "x" * 22).status_code == 404
    assert other.get("/open/%2e").status_code == 404
    # What other sites may show and caches may keep follows no cookie.
    assert browser.get("/questions/rain/embed").status_code == 404


def test_whoever_forecast_goes_on_seeing_what_is_unlisted_until_it_is_a_draft(
    visit: Visit, database: Database, ada: Forecaster, mo: Forecaster
) -> None:
    question = shown(database, audience="unlisted")
    say(database, ada, question, 0.3)
    before = visit(ada).get("/questions/rain").status_code

    visit(mo).post("/sets/hidden/audience", data={"audience": "draft", "reveal": "always"})

    assert (before, visit(ada).get("/questions/rain").status_code) == (200, 404)


def test_a_moderator_changes_who_sees_it_on_record(
    visit: Visit, database: Database, mo: Forecaster, ada: Forecaster
) -> None:
    question = shown(database)
    browser, before = visit(mo), fresh(database, question).revision
    form = {"audience": "unlisted", "reveal": "at", "reveals_at": "2026-03-02 20:00"}

    answer = browser.post("/sets/hidden/audience", data=form)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sets/hidden/audience")
    assert kinds(database)[-1] == "showing"
    assert fresh(database, question).revision == before + 1
    assert (
        f"http://127.0.0.1:8000{link_to(database, question)}"
        in Sight.of(browser.get("/sets/hidden/audience").text).text
    )
    assert sees(visit(ada)) == [404]
    with database.reading() as session:
        assert len(list(verification.verify(session))) == 4


def test_a_link_works_no_more_once_it_is_not_unlisted_and_there_is_another_afterwards(
    visit: Visit, database: Database, mo: Forecaster
) -> None:
    question, browser = shown(database, audience="unlisted"), visit(mo)
    old = link_to(database, question)
    for audience in ("draft", "unlisted"):
        browser.post("/sets/hidden/audience", data={"audience": audience, "reveal": "always"})

    assert link_to(database, question) != old
    assert visit().get(old).status_code == 404


def test_only_moderators_decide_who_sees_what(visit: Visit, database: Database, ada: Forecaster) -> None:
    shown(database)
    browser, before = visit(ada), rows(database, "entry")

    for path in ("/sets/hidden/audience", "/questions/rain/audience"):
        assert browser.get(path).status_code == 403
        assert browser.post(path, data={"audience": "draft", "reveal": "always"}).status_code == 403
    assert rows(database, "entry") == before


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"audience": "friends"}, "“friends” is no audience. Choose public, members, unlisted, draft, set."),
        (
            {"reveal": "at"},
            "The moment from which on people see what others say is missing. Say from when on, or choose another",
        ),
        ({"reveal": "at", "reveals_at": "soon"}, "“soon” is no day or time that can be read."),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_was_typed(
    visit: Visit, database: Database, mo: Forecaster, form: dict[str, str], sentence: str
) -> None:
    shown(database)

    answer = visit(mo).post("/questions/rain/audience", data=form)

    assert answer.status_code == 422
    assert Sight.of(answer.text).alerts[0].startswith(sentence)
    assert "showing" not in kinds(database)


# What others say


def world(place: Path, template: Path, said: float, reveal: str) -> tuple[Database, dict[str, Forecaster]]:
    """A record in which Bob and Mo say something of a question whose crowd is hidden, and write under it."""
    place.write_bytes(template.read_bytes())
    clock = MovedClock(NOON)
    database = Database(f"sqlite:///{place}", clock)
    (rain, snow) = publish(database, draft("rain"), draft("snow"), reveal=reveal, reveals_at=RULES[reveal])
    who = {name: join(database, name, role) for name, role in
           (("Ada", "forecaster"), ("Bob", "forecaster"), ("Mo", "moderator"), ("Eve", "moderator"))}  # fmt: skip
    with database.writing() as (session, moment):
        ledger.record(session, who["Bob"], rain, np.array([1 - said, said]), moment, rationale="My knee aches.")
        discussion.comment(session, who["Bob"], rain, "Look up.", moment)
    say(database, who["Mo"], rain, said / 2)
    say(database, who["Ada"], snow, 0.3)
    if reveal != "answered":
        say(database, who["Ada"], rain, 0.5)
    clock.moment += HOUR
    return database, who


def everything_shown(database: Database, who: Forecaster | None) -> Mapping[str, str]:
    """Every page, file and fragment that somebody can reach, without what is another in every record."""
    with TestClient(create(Settings(), database), follow_redirects=False) as browser:
        if who is not None:
            browser.cookies.set(COOKIE, token_for(database, who))
        more = ("/questions/rain/live", "/questions/rain/embed", "/questions/rain/embed.svg", "/people/bob/feed.atom",
                "/questions/rain/crowd.csv", "/compare?a=bob&b=mo", "/calibration?who=bob", "/?show=moved")  # fmt: skip
        reached = [
            address for address, status in crawl(browser, "/", "/leaderboard", "/sets/weather", *more) if status == 200
        ]
        other = re.compile("urn:uuid:[0-9a-f-]+|[0-9a-f]{64}" + r'|name="once" value="[\w-]+"')
        return {address: other.sub("", browser.get(address).text) for address in reached}


@pytest.mark.parametrize("reveal", RULES)
@pytest.mark.parametrize("name", [None, "Ada", "Eve"])
def test_nothing_that_is_shown_depends_on_what_is_hidden(
    tmp_path: Path, sqlite_template: Path, reveal: str, name: str | None
) -> None:
    """Two records that differ in what Bob and Mo say look the same to whoever is not to see it, byte by byte."""
    seen = []
    for number, said in enumerate((0.2, 0.83)):
        database, who = world(tmp_path / f"{number}.db", sqlite_template, said, reveal)
        seen.append(everything_shown(database, who[name] if name else None))
        database.close()

    assert len(seen[0]) > 25
    assert "Crowd hidden until" in seen[0]["/questions/rain"]
    assert [address for address in seen[0] if seen[0][address] != seen[1][address]] == []
    assert seen[0].keys() == seen[1].keys()


@pytest.mark.parametrize("reveal", RULES)
def test_what_was_hidden_is_shown_when_its_time_comes(tmp_path: Path, sqlite_template: Path, reveal: str) -> None:
    """Ada sees the crowd of 83 and 41.5% once she has answered, once it has closed, or from the moment on."""
    database, who = world(tmp_path / "one.db", sqlite_template, 0.83, reveal)
    clock = database.clock
    assert isinstance(clock, MovedClock)
    if reveal == "answered":
        with database.reading() as session:
            say(database, who["Ada"], session.get_one(Question, 1), 0.3)
    else:
        clock.moment = NOON + (10 if reveal == "closed" else 20) * HOUR

    seen = everything_shown(database, who["Ada"])
    stranger = everything_shown(database, None)
    database.close()

    assert "83%" in seen["/questions/rain"]
    assert ("83%" in stranger["/questions/rain"]) == (reveal != "answered")


def test_a_decision_shows_what_was_hidden(
    visit: Visit, database: Database, bob: Forecaster, mo: Forecaster, clock: MovedClock
) -> None:
    question = shown(database, reveal="at", reveals_at=NOON + 1000 * HOUR)
    say(database, bob, question, 0.83)
    clock.moment += HOUR
    resolve(database, mo, question, 1)

    assert "83%" in visit().get("/questions/rain").text


def test_a_page_that_is_open_is_told_nothing_of_what_is_hidden(
    visit: Visit, database: Database, ada: Forecaster, bob: Forecaster
) -> None:
    """What one process draws once for many is drawn apart for whoever has answered."""
    question = shown(database, reveal="answered")
    say(database, bob, question, 0.83)
    stale = {"If-None-Match": '"of another state"'}
    answered = visit(bob).get("/questions/rain/live", headers=stale).text
    hidden = visit(ada).get("/questions/rain/live", headers=stale).text
    nobody = visit().get("/questions/rain/live", headers=stale).text

    assert "83%" in answered
    assert "83%" not in hidden + nobody
    assert "Crowd hidden until you forecast" in Sight.of(hidden).text
