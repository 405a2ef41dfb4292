"""Writing questions in the browser: drafts, their review, sources, ladders, revisions, and asking again."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from forecasts import verification
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import DAY, NOON, MovedClock, draft, entries, everything, fresh, kinds, publish, rows
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

HTMX = {"HX-Request": "true"}
TRAM = {
    "title": "Will the tram run in 2026?",
    "kind": "binary",
    "criteria": "YES if a tram carries passengers.\r\n\r\nNO otherwise.",
    "closes_at": "end of 2026",
    "tags": "city, rails",
}
ESSAY = {"title": "What the year will bring", "author": "A. Writer", "name": "The essay", "said_at": "1 Mar 2026"}
GROWTH = {
    "title": "Will output grow by more than {threshold}%?",
    "direction": "above",
    "thresholds": "0\n1.5\n3",
    "criteria": "YES if it grows by more than {threshold}%.",
    "closes_at": "in 3 weeks",
    "slug": "growth",
}


def begin(browser: TestClient, asks: str = "question") -> str:
    """Begin a draft, and give its address."""
    return str(browser.post("/drafts", data={"asks": asks}).headers["location"])


def seen(html: str) -> str:
    """The version that the page was filled with."""
    return next(one.attributes["value"] for one in Sight.of(html).find("input", name="seen"))


def save(browser: TestClient, address: str, typed: dict[str, str], **more: Any) -> Any:
    """Save what is typed over what is there now."""
    return browser.post(address, data={**typed, "seen": seen(browser.get(address).text)}, **more)


def send(browser: TestClient, address: str, typed: dict[str, str]) -> Any:
    """Save and send for review."""
    return browser.post(f"{address}/review", data={**typed, "seen": seen(browser.get(address).text)})


def let_in(browser: TestClient, address: str, **into: str) -> Any:
    """Publish what waits."""
    return browser.post(f"{address}/publication", data={**into, "seen": seen(browser.get(address).text)})


def test_explore(visit: Visit, database: Database, town: Town, ada: Forecaster, mo: Forecaster) -> None:
    hers, theirs = visit(ada), visit(mo)
    address = begin(hers)
    page = hers.get(address)
    assert page.status_code == 200
    answer = save(hers, address, TRAM, headers=HTMX)
    print(Sight.of(answer.text).text)
    answer = send(hers, address, TRAM)
    assert answer.status_code == 303, Sight.of(answer.text).text
    print(Sight.of(hers.get(address).text).find("main")[0].text)
    print(Sight.of(theirs.get(address).text).find("main")[0].text)
    answer = let_in(theirs, address, set="weather")
    assert answer.status_code == 303, Sight.of(answer.text).text
    print(answer.headers["location"], kinds(database)[-3:])
    print(Sight.of(hers.get(answer.headers["location"]).text).find("main")[0].text)
    lad = begin(hers, "ladder")
    answer = send(hers, lad, GROWTH)
    assert answer.status_code == 303, Sight.of(answer.text).text
    answer = let_in(theirs, lad, new_set="Growth")
    assert answer.status_code == 303, Sight.of(answer.text).text
    print(Sight.of(hers.get(answer.headers["location"]).text).find("main")[0].text)
    up = {"rung-growth-above-0": "60", "rung-growth-above-1-5": "70"}
    answer = hers.post("/ladders/growth", data=up)
    print(answer.status_code, Sight.of(answer.text).alerts, Sight.of(answer.text).invalid)
    src = begin(hers, "source")
    claim = hers.post(f"{src}/claims", data={**ESSAY, "seen": "0"}).headers["location"]
    answer = save(
        hers,
        claim,
        TRAM | {"slug": "tram2", "implied_probability": "70", "claim": "It will run.", "reason": "It says so."},
    )
    assert answer.status_code == 303, Sight.of(answer.text).text
    print(Sight.of(hers.get(claim).text).find("main")[0].text)
    print(Sight.of(hers.get(src).text).find("main")[0].text)
    answer = send(hers, src, ESSAY)
    assert answer.status_code == 303, Sight.of(answer.text).alerts
    answer = let_in(theirs, src)
    assert answer.status_code == 303, Sight.of(answer.text).alerts
    print(Sight.of(hers.get(answer.headers["location"]).text).find("main")[0].text)
    with database.reading() as session:
        print(list(verification.verify(session)))
    print(theirs.get("/questions/tram2/revision").status_code, theirs.get("/questions/tram2/copy").status_code)
    c = hers.post("/questions/choice/copy", data={"how": "longer"}).headers["location"]
    print(Sight.of(hers.get(c).text).find("main")[0].text)
    print(Sight.of(hers.get("/drafts").text).find("main")[0].text)
    print(Sight.of(theirs.get("/drafts/review").text).find("main")[0].text)
    assert 0
