"""A form that is sent again is one act: by a double click, from the page before, or by a browser that reloads."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from forecasts import discussion, drafting
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import draft, entries, kinds, publish, rows, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight
from web.once import FIELD

HTMX = {"HX-Request": "true"}
FORECAST = "/questions/rain/forecasts"
TRAM = {"title": "Will the tram run?", "kind": "binary", "criteria": "As seen.", "closes_at": "in 3 weeks"}


def word(html: str) -> str:
    """The word of a page, which all its forms have."""
    found = {one.attributes["value"] for one in Sight.of(html).find("input", name=FIELD)}
    assert len(found) == 1
    return found.pop()


def twice(browser: TestClient, path: str, form: dict[str, str], **more: Any) -> list[Response]:
    return [browser.post(path, data=form, **more) for _ in range(2)]


def test_a_forecast_that_is_sent_again_is_one_entry_and_leads_to_the_same_place(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    browser = visit(ada)
    page = browser.get("/questions/rain").text
    form = {FIELD: word(page), "view": "question", "probability": "30", "zoom": "week"}
    before = len(entries(database))

    first, again = twice(browser, FORECAST, form)

    assert first.status_code == 303
    assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
    assert len(entries(database)) == before + 1


def test_a_double_click_at_one_moment_is_one_entry(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    """Both come before either is answered."""
    browsers = [visit(ada) for _ in range(4)]
    form = {FIELD: word(browsers[0].get("/questions/rain").text), "view": "question", "probability": "30"}
    browsers[0].post(FORECAST, data={**form, "probability": "most"})  # FastAPI readies a route when it is asked
    before, ready = len(entries(database)), Barrier(4)

    def click(browser: TestClient) -> Response:
        ready.wait(60)
        return browser.post(FORECAST, data=form)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(click, browsers))

    assert {(one.status_code, one.headers["location"]) for one in answers} == {(303, "/questions/rain#forecast")}
    assert len(entries(database)) == before + 1


def test_htmx_has_the_same_part_again_with_a_new_word(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    browser = visit(ada)
    form = {FIELD: word(browser.get("/questions/rain").text), "view": "question", "probability": "30"}

    first, again = twice(browser, FORECAST, form, headers=HTMX)

    assert len({form[FIELD], word(first.text), word(again.text)}) == 3
    assert again.text.replace(word(again.text), "") == first.text.replace(word(first.text), "")
    assert kinds(database).count("forecast") == 1


def test_the_same_page_with_something_else_typed_is_another_act(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    """Whoever goes back and changes their mind is not told that they had said it."""
    browser = visit(ada)
    form = {FIELD: word(browser.get("/questions/rain").text), "view": "question"}

    for percent in ("30", "40", "30"):
        browser.post(FORECAST, data={**form, "probability": percent})

    assert kinds(database).count("forecast") == 2


def test_the_same_said_from_a_new_page_is_another_act(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    browser = visit(ada)
    for _ in range(2):
        form = {FIELD: word(browser.get("/questions/rain").text), "view": "question", "probability": "30"}
        browser.post(FORECAST, data=form)

    assert kinds(database).count("forecast") == 2


def test_a_word_is_no_use_to_anybody_else(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    form = {FIELD: word(visit(ada).get("/questions/rain").text), "view": "question", "probability": "30"}

    for who in (ada, bob):
        assert visit(who).post(FORECAST, data=form).status_code == 303
    assert visit().post(FORECAST, data=form).headers["location"].startswith("/sign-in")

    assert kinds(database).count("forecast") == 2


def test_what_was_refused_is_sent_again_and_taken(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    browser = visit(ada)
    form = {FIELD: word(browser.get("/questions/rain").text), "view": "question"}

    refused = browser.post("/questions/rain/withdrawal", data=form)
    say(database, ada, rain, 0.3)
    done = browser.post("/questions/rain/withdrawal", data=form)

    assert (refused.status_code, done.status_code) == (409, 303)
    assert kinds(database)[-1] == "withdrawal"


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/questions/binary/forecasts", {"view": "question", "probability": "30"}),
        ("/questions/binary/forecasts", {"view": "desk", "probability": "30"}),
        ("/questions/binary/withdrawal", {"view": "question"}),
        ("/questions/binary/withdrawal", {"view": "desk"}),
        ("/questions/binary/undo", {"view": "question"}),
        ("/questions/binary/reaffirmation", {"view": "desk"}),
        ("/questions/binary/comments", {"comment": "Look down."}),
        ("/ladders/steps", {"rung-over-1": "60", "rung-over-2": "20"}),
        ("/questions/hail/resolution", {"verdict": "resolved", "outcome": "yes", "seen": "0", "step": "confirm",
                                        "known_at": "2026-03-02 12:30"}),
        ("/questions/binary/revision", {"fine_print": "Drizzle counts.", "note": "Asked.", "seen": "0",
                                        "step": "confirm", "title": "What?", "criteria": "As seen."}),
        ("/questions/binary/audience", {"audience": "unlisted", "reveal": "always"}),
        ("/sets/weather/audience", {"audience": "members", "reveal": "always"}),
        ("/people/bob/suspension", {"act": "do", "note": "He shouts."}),
        ("/people/bob/merging", {"into": "ada", "note": "The same.", "step": "confirm"}),
        ("/comments/{comment}/hiding", {"act": "do", "note": "Spam."}),
        ("/drafts/{draft}/publication", {"seen": "1", "new_set": "Rails"}),
    ],
)  # fmt: skip
def test_every_form_that_acts_in_public_acts_once(
    visit: Visit, database: Database, town: Town, mo: Forecaster, ada: Forecaster,
    path: str, form: dict[str, str], headers: dict[str, str],
) -> None:  # fmt: skip
    """And leads to the same place, or is answered with the same part."""
    rungs = [{"ladder": {"threshold": one, "direction": "above"}} for one in (1, 2)]
    publish(
        database, *(draft(f"over-{one}", group="steps", spec=rung) for one, rung in enumerate(rungs, 1)), within="s"
    )
    say(database, mo, town.open["binary"], 0.2)
    with database.writing() as (session, moment):
        comment = discussion.comment(session, ada, town.open["binary"], "Look up.", moment).entry
        written = drafting.start(session, ada, "question", TRAM, moment)
        drafting.send(session, written, ada, moment)
    path = path.format(comment=comment, draft=written.id)
    browser, before = visit(mo), len(entries(database))

    first = browser.post(path, data={**form, FIELD: "a-word-of-a-page"}, headers=headers)
    after = [rows(database, name) for name in ("entry", "forecast", "comment", "question", "forecaster")]
    again = browser.post(path, data={**form, FIELD: "a-word-of-a-page"}, headers=headers)

    assert len(entries(database)) > before, first.text
    assert [rows(database, name) for name in ("entry", "forecast", "comment", "question", "forecaster")] == after
    for name in ("location", "hx-redirect"):
        assert again.headers.get(name) == first.headers.get(name)
    assert (again.status_code, stable(again.text)) == (first.status_code, stable(first.text))


def stable(html: str) -> str:
    """A page without its words."""
    return re.sub(f'name="{FIELD}" value="[^"]*"', "", html)


# Which forms carry it

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"
PUBLIC = {
    "_answer.html": 2,
    "questions/_forecast.html": 3,
    "questions/_comments.html": 1,
    "writing/_rungs.html": 1,
    "resolutions/page.html": 1,
    "writing/revision.html": 1,
    "writing/read.html": 1,
    "showing/page.html": 1,
    "moderation/page.html": 1,
    "moderation/merging.html": 2,
    "sets/index.html": 1,
}
"""How many forms of each template act in public."""


def test_every_form_that_acts_in_public_carries_a_word() -> None:
    found = {
        str(path.relative_to(TEMPLATES)): count
        for path in TEMPLATES.rglob("*.html")
        if (count := path.read_text().count("m.sent_once()"))
    }

    assert found == PUBLIC


def test_every_page_has_another_word_and_a_stranger_none(
    visit: Visit, database: Database, town: Town, ada: Forecaster
) -> None:
    """So that what strangers read is the same each time, byte for byte."""
    browser = visit(ada)
    for path in ("/", "/questions/binary"):
        pages = [browser.get(path).text for _ in range(2)]
        read = [visit().get(path).text for _ in range(2)]

        assert word(pages[0]) != word(pages[1])
        assert stable(pages[0]) == stable(pages[1])
        assert len(word(pages[0])) >= 16
        assert f'name="{FIELD}"' not in read[0]
        assert read[0] == read[1]
