"""Feeds and calendars as programs read them: parsed back, and the same until something changes."""

import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from typing import Any

import feedparser  # type: ignore[import-untyped]
import icalendar
import pytest
from starlette.testclient import TestClient

from forecasts import accounts, discussion, subscribing
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions import catalog
from questions.models import Question
from tests.cast import DAY, HOUR, NOON, MovedClock, annul, draft, publish, reopen, resolve, say
from tests.web.conftest import Town, Visit

BOARD = "https://board.example.org"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def settings() -> Settings:
    return Settings(base_url=BOARD)


def read(client: TestClient, address: str, **headers: str) -> Any:
    """A feed as a reader sees it."""
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/atom+xml")
    found = feedparser.parse(answer.content)
    assert not found.bozo
    return found


def revise(database: Database, mo: Forecaster, question: Question, **changes: Any) -> None:
    with database.writing() as (session, moment):
        catalog.revise(session, question, changes, "Clearer.", 0, by=mo.pseudonym, moment=moment)


def remark(database: Database, who: Forecaster, question: Question, text: str) -> None:
    with database.writing() as (session, moment):
        discussion.comment(session, who, question, text, moment)


# Feeds


def test_the_feed_of_everything_tells_each_public_act_but_forecasts(
    database: Database, clock: MovedClock, visit: Visit, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.3)
    acts = (
        lambda: remark(database, ada, rain, "It *will*. <script>x</script>"),
        lambda: revise(database, mo, rain, title="What of the heavy rain?"),
        lambda: resolve(database, mo, rain, 1),
        lambda: reopen(database, mo, rain),
        lambda: annul(database, mo, rain),
    )
    for act in acts:
        clock.moment += HOUR
        act()

    feed = read(visit(), "/feed.atom")

    assert [one.title.partition(":")[0] for one in feed.entries] == [
        "Annulled", "Reopened", "Resolved, Yes", "Revised", "Comment", "Asked",
    ]  # fmt: skip
    assert {one.title.partition(": ")[2] for one in feed.entries} == {"What of the heavy rain?"}
    assert [one.author for one in feed.entries] == ["Mo", "Mo", "Mo", "Mo", "Ada", "The operator"]
    assert {one.link for one in feed.entries} == {f"{BOARD}/questions/rain"}
    assert feed.entries[4].content[0].value == "<p>It <em>will</em>. &lt;script&gt;x&lt;/script&gt;</p>"
    assert feed.entries[3].content[0].value == "Clearer.\n\ntitle: What of the heavy rain?"
    assert datetime.fromisoformat(feed.feed.updated) == NOON + 5 * HOUR


def test_a_feed_has_all_that_the_standard_asks_for(visit: Visit, town: Town) -> None:
    root = ET.fromstring(visit().get("/feed.atom").content)

    for one in (root, *root.findall(f"{ATOM}entry")):
        assert {f"{ATOM}id", f"{ATOM}title", f"{ATOM}updated"} <= {child.tag for child in one}
        assert one.findtext(f"{ATOM}author/{ATOM}name")
        assert (one.findtext(f"{ATOM}id") or "").startswith("urn:uuid:")
    links = {link.attrib["rel"]: link.attrib["href"] for link in root.findall(f"{ATOM}link")}
    assert links == {"self": f"{BOARD}/feed.atom", "alternate": f"{BOARD}/"}
    ids = [one.text for one in root.iter(f"{ATOM}id")]
    assert len(set(ids)) == len(ids) > 8


def test_the_names_in_a_feed_stay_while_more_is_told(
    database: Database, visit: Visit, town: Town, mo: Forecaster
) -> None:
    before = read(visit(), "/feed.atom")
    remark(database, mo, town.due, "Soon.")

    after = read(visit(), "/feed.atom")

    assert after.feed.id == before.feed.id
    assert [one.id for one in after.entries[1:]] == [one.id for one in before.entries]


def test_each_set_question_and_person_has_one_of_their_own(
    database: Database, visit: Visit, rain: Question, ada: Forecaster
) -> None:
    say(database, ada, rain, 0.3)
    other = publish(database, draft("ice"), within="winter")[0]
    remark(database, ada, other, "Cold.")

    of_set, of_question = read(visit(), "/sets/winter/feed.atom"), read(visit(), "/questions/ice/feed.atom")
    of_ada = read(visit(), "/people/Ada/feed.atom")

    assert [one.title for one in of_set.entries] == ["Comment: What of the ice?", "Asked: What of the ice?"]
    assert [one.id for one in of_question.entries] == [one.id for one in of_set.entries]
    assert of_question.feed.id != of_set.feed.id
    assert [one.title for one in of_ada.entries] == ["Comment: What of the ice?", "Forecast, 30%: What of the rain?"]


@pytest.mark.parametrize("address", ["/sets/none/feed.atom", "/questions/none/feed.atom", "/people/none/feed.atom"])
def test_what_is_not_there_has_no_feed(visit: Visit, address: str) -> None:
    assert visit().get(address).status_code == 404


def test_a_private_persons_feed_is_theirs_alone(
    database: Database, visit: Visit, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    say(database, ada, rain, 0.3)
    with database.writing() as (session, _):
        accounts.keep_private(session, ada, True)

    assert [visit(who).get("/people/ada/feed.atom").status_code for who in (None, bob)] == [404, 404]
    assert [one.title for one in read(visit(ada), "/people/ada/feed.atom").entries] == [
        "Forecast, 30%: What of the rain?"
    ]
    assert visit(ada).get("/people/ada/feed.atom").headers["cache-control"] == "private, no-cache"


def test_a_board_without_questions_has_an_empty_feed(visit: Visit) -> None:
    assert read(visit(), "/feed.atom").entries == []


def test_what_xml_cannot_hold_is_left_out(database: Database, visit: Visit) -> None:
    publish(database, draft("odd", title="A\x0b <b>&amp; “ß” \U0001f327 \ufffe?"))

    assert read(visit(), "/feed.atom").entries[0].title == "Asked: A <b>&amp; “ß” \U0001f327 ?"


# What was fetched before


@pytest.mark.parametrize("address", ["/feed.atom", "/sets/weather/calendar.ics"])
def test_what_did_not_change_is_not_sent_again(
    database: Database, clock: MovedClock, visit: Visit, rain: Question, mo: Forecaster, address: str
) -> None:
    client = visit()
    first = client.get(address)
    by_tag, by_time = (
        {"If-None-Match": f'W/{first.headers["etag"]}, "x"'},
        {"If-Modified-Since": first.headers["last-modified"]},
    )
    unchanged = [client.get(address, headers=headers) for headers in (by_tag, by_time)]
    clock.moment += HOUR
    resolve(database, mo, rain, 1)

    changed = [client.get(address, headers=headers) for headers in (by_tag, by_time, {"If-Modified-Since": "soon"})]

    assert [(one.status_code, one.content) for one in unchanged] == [(304, b""), (304, b"")]
    assert unchanged[0].headers["etag"] == first.headers["etag"]
    assert [one.status_code for one in changed] == [200, 200, 200]


# Calendars


def events(client: TestClient, address: str) -> dict[str, Any]:
    """The events of a calendar by their UIDs."""
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    calendar = icalendar.Calendar.from_ical(answer.content)
    assert (calendar["version"], bool(calendar["prodid"])) == ("2.0", True)
    return {str(one["uid"]): one for one in calendar.walk("VEVENT")}


def test_a_question_has_two_events(visit: Visit, rain: Question) -> None:
    found = events(visit(), "/sets/weather/calendar.ics")

    assert set(found) == {"rain-closes@brierboard", "rain-resolves@brierboard"}
    closes, resolves = found["rain-closes@brierboard"], found["rain-resolves@brierboard"]
    assert (closes.decoded("dtstart"), resolves.decoded("dtstart")) == (NOON + 10 * HOUR, NOON + 12 * HOUR)
    assert (closes["summary"], resolves["summary"]) == (
        "Closes: What of the rain?", "Outcome expected: What of the rain?"
    )  # fmt: skip
    assert (closes.decoded("dtstamp"), closes["sequence"], closes["status"]) == (NOON, 0, "CONFIRMED")
    assert closes["url"] == f"{BOARD}/questions/rain"


def test_its_sequence_grows_with_what_a_calendar_shows_and_not_with_forecasts(
    database: Database, clock: MovedClock, visit: Visit, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    def now() -> tuple[int, datetime, str, str]:
        one = events(visit(), "/sets/weather/calendar.ics")["rain-closes@brierboard"]
        return int(one["sequence"]), one.decoded("dtstamp"), str(one["summary"]), str(one["status"])

    seen = []
    for act in (
        lambda: say(database, ada, rain, 0.4),
        lambda: revise(database, mo, rain, title="Rain?"),
        lambda: resolve(database, mo, rain, 1),
        lambda: annul(database, mo, rain),
    ):
        clock.moment += HOUR
        act()
        seen.append(now())

    assert seen == [
        (0, NOON, "Closes: What of the rain?", "CONFIRMED"),
        (1, NOON + 2 * HOUR, "Closes: Rain?", "CONFIRMED"),
        (2, NOON + 3 * HOUR, "Yes: Rain?", "CONFIRMED"),
        (3, NOON + 4 * HOUR, "Annulled: Rain?", "CANCELLED"),
    ]


def test_a_decided_question_stays_for_thirty_days(
    database: Database, clock: MovedClock, visit: Visit, rain: Question, mo: Forecaster
) -> None:
    resolve(database, mo, rain, 1)
    clock.moment += 30 * DAY - timedelta(seconds=1)
    before = len(events(visit(), "/sets/weather/calendar.ics"))
    clock.moment += timedelta(seconds=1)

    assert (before, len(events(visit(), "/sets/weather/calendar.ics"))) == (2, 0)


def test_a_persons_calendar_has_a_secret_address(
    database: Database, visit: Visit, rain: Question, ada: Forecaster
) -> None:
    publish(database, draft("ice"), within="winter")
    with database.writing() as (session, _):
        token = subscribing.make_calendar(session, ada)

    found = events(visit(), f"/calendar/{token}.ics")

    assert set(found) == {f"{slug}-{what}@brierboard" for slug in ("rain", "ice") for what in ("closes", "resolves")}
    assert visit().get(f"/calendar/{token}.ics").headers["cache-control"] == "private, no-cache"
    assert [visit().get(f"/calendar/{other}.ics").status_code for other in ("x", token[:-1], "%00")] == [404] * 3


def test_every_line_of_a_calendar_is_as_short_as_the_standard_wants(database: Database, visit: Visit) -> None:
    publish(database, draft("long", title="Ä" * 200, criteria="One; two, three\nfour \\ five"))

    content = visit().get("/sets/weather/calendar.ics").content

    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    closes = events(visit(), "/sets/weather/calendar.ics")["long-closes@brierboard"]
    assert closes["description"] == "One; two, three\nfour \\ five"
