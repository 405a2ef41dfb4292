"""What holds for every address: a GET writes nothing, a bad address is answered in a sentence, a form leads back."""

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.routing import APIRoute
from httpx2 import Client, Response
from sqlmodel import SQLModel, select
from starlette.testclient import TestClient

import web.routes
from forecasts import discussion, drafting, resetting, subscribing
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question, QuestionSet
from tests.cast import HOUR, MovedClock, draft, entries, join, publish, rows, sign
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

HTMX = {"HX-Request": "true"}


def routes(method: str) -> list[APIRoute]:
    """Every route of that method that a part of the site has."""
    parts = [import_module(f"web.routes.{one.name}") for one in iter_modules(web.routes.__path__)]
    found = [route for part in parts for route in part.router.routes if isinstance(route, APIRoute)]
    return [route for route in found if method in (route.methods or ())]


def everything_there_is(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    return {table.name: rows(database, table.name) for table in SQLModel.metadata.sorted_tables}


def crawl(browser: TestClient, *starts: str) -> Iterator[tuple[str, int]]:
    """Follow every link from these addresses on; give each address with its status."""
    return ((address, answer.status_code) for address, answer in walk(browser, *starts))


def walk(
    browser: Client, *starts: str, beyond: Callable[[str], bool] = lambda _: False
) -> Iterator[tuple[str, Response]]:
    """The same with the whole answer, but to no address that lies beyond."""
    seen, waiting = set(starts), list(starts)
    while waiting:
        address = waiting.pop()
        answer = browser.get(address)
        yield address, answer
        html = answer.headers.get("content-type", "").startswith("text/html")
        for link in Sight.of(answer.text).find("a") if html else ():
            ours = "ugc" not in link.attributes.get("rel", "")  # what people linked to is theirs to vouch for
            path = link.attributes.get("href", "").partition("#")[0] if ours else ""
            if path.startswith("/") and path not in seen and not beyond(path):
                seen.add(path)
                waiting.append(path)


def write(database: Database, author: Forecaster) -> None:
    """A ladder, a comment, a draft of each kind that its author writes on, one that waits for review; all signed."""
    steps = [
        draft(f"over-{one}", group="steps", spec={"ladder": {"threshold": one, "direction": "above"}}) for one in (1, 2)
    ]
    publish(database, *steps, within="steps")
    tram = {"title": "Will the tram run?", "kind": "binary", "criteria": "As seen.", "closes_at": "in 3 weeks"}
    with database.writing() as (session, moment):
        begun = [drafting.start(session, author, asks, {"title": "Something"}, moment) for asks in drafting.ASKS]
        drafting.add_claim(session, begun[-1], author, {}, 0, moment)
        drafting.send(session, drafting.start(session, author, "question", tram, moment), author, moment)
        question = session.exec(select(Question).where(Question.slug == "binary")).one()
        discussion.comment(session, author, question, "Look up.", moment)
    sign(database)


STARTS = (
    "/ladders/steps",
    "/",
    "/sign-in",
    "/sign-up",
    "/healthz",
    "/leaderboard?set=weather",
    "/calibration?who=ada&set=weather",
    "/compare?a=ada&b=bob",
    "/questions/binary/live",
    "/sets/weather/live",
    "/questions/binary/embed",
    "/questions/binary/embed.svg",
    "/questions/binary/feed.atom",
    "/checkpoint",
    "/checkpoints.txt",
    "/sso/callback",
    "/sso/name",
)
NO_PROVIDER = {"/sso/callback": 404, "/sso/name": 404}


def secrets_of(database: Database, who: Forecaster) -> list[str]:
    """The addresses that nobody is led to but by a mail, or by what was copied when it was shown."""
    (hidden,) = publish(database, draft("hidden"), within="hidden", audience="unlisted")
    with database.writing() as (session, moment):
        key = session.get_one(QuestionSet, hidden.set_id).key
        subscribing.confirm(session, subscribing.set_email(session, who, "ada@example.org", moment), moment)
        subscribing.choose_digest(session, who, "day", ["resolved"], "", moment)
        asked = subscribing.set_email(session, who, "other@example.org", moment)
        calendar, mail = subscribing.make_calendar(session, who), subscribing.digest_of(session, who)
        assert mail is not None
        reset = resetting.link(session, "Ada", moment)
        return [
            f"/reset/{reset}",
            f"/confirm/{asked}",
            f"/stop/{mail.stop}",
            f"/calendar/{calendar}.ics",
            f"/open/{key}",
        ]


def test_a_get_writes_nothing_whoever_looks(
    visit: Visit, database: Database, town: Town, ada: Forecaster, mo: Forecaster
) -> None:
    browsers = [visit(who) for who in (None, ada, mo, join(database, "Root", "administrator"))]
    secret = secrets_of(database, ada)
    write(database, ada)
    before = everything_there_is(database)

    walks = [dict(crawl(browser, *STARTS, *secret)) for browser in browsers]

    assert everything_there_is(database) == before
    for walk in walks:
        assert {path: status for path, status in walk.items() if status != 200} == {secret[-1]: 303, **NO_PROVIDER}
    visited = {urlsplit(address).path for walk in walks for address in walk}
    assert [route.path for route in routes("GET") if not any(route.path_regex.match(path) for path in visited)] == []


def test_every_page_shows_a_title_a_main_part_and_whoever_is_signed_in(
    visit: Visit, town: Town, ada: Forecaster
) -> None:
    browser = visit(ada)

    for address, _ in crawl(browser, "/", "/calibration?who=crowd", "/compare?a=ada&b=bob"):
        if address.endswith((".csv", ".atom", ".ics", ".json", ".py")):
            continue
        seen = Sight.of(browser.get(address).text)
        assert seen.find("title")[0].text.endswith(" · Brierboard")
        assert len(seen.find("main", id="main")) == len(seen.find("h1")) == 1
        assert "/people/ada" in seen.links


PROTECTED = [
    ("/questions/binary/forecasts", "/questions/binary"),
    ("/questions/binary/withdrawal", "/questions/binary"),
    ("/questions/binary/comments", "/questions/binary"),
    ("/questions/binary/undo", "/questions/binary"),
    ("/questions/binary/reaffirmation", "/questions/binary"),
    ("/questions/binary/look", "/questions/binary"),
    ("/questions/binary/resolution", "/questions/binary/resolution"),
    ("/sets", "/sets"),
    ("/settings/email", "/settings"),
    ("/settings/email/removal", "/settings"),
    ("/settings/digest", "/settings"),
    ("/settings/webhooks", "/settings"),
    ("/settings/webhooks/1/removal", "/settings"),
    ("/settings/webhooks/1/test", "/settings"),
    ("/settings/calendar", "/settings"),
    ("/settings/calendar/removal", "/settings"),
    ("/settings/pages", "/settings"),
    ("/settings/password", "/settings"),
    ("/settings/sessions/removal", "/settings"),
    ("/settings/sessions/others", "/settings"),
    ("/settings/second-factor", "/settings"),
    *((f"/settings/second-factor/{act}", "/settings") for act in ("confirmation", "codes", "removal")),
    ("/settings/erasure", "/settings"),
    ("/settings/sso", "/settings"),
    ("/settings/sso/removal", "/settings"),
    ("/invitations", "/invitations"),
    ("/invitations/revocation", "/invitations"),
    ("/invitations/reset-link", "/invitations"),
    ("/settings/tokens", "/settings"),
    ("/settings/tokens/1/revocation", "/settings"),
    ("/settings/bots", "/settings"),
    ("/questions/binary/revision", "/questions/binary/revision"),
    ("/questions/binary/copy", "/questions/binary/copy"),
    ("/questions/binary/audience", "/questions/binary/audience"),
    ("/sets/binary/audience", "/sets/binary/audience"),
    ("/comments/1/hiding", "/comments/1/hiding"),
    ("/people/ada/suspension", "/people/ada/suspension"),
    ("/people/ada/merging", "/people/ada/merging"),
    ("/people/ada/erasure", "/people/ada/erasure"),
    ("/ladders/steps", "/ladders/steps"),
    ("/drafts", "/drafts"),
    ("/drafts/1", "/drafts/1"),
    *((f"/drafts/1/{act}", "/drafts/1") for act in ("review", "return", "publication", "deletion", "claims")),
    *((f"/drafts/1/claims/1{act}", "/drafts/1/claims/1") for act in ("", "/deletion")),
]
OPEN = {
    "/sign-in", "/sign-in/code", "/sign-up", "/sign-out", "/confirm/{token}", "/stop/{token}", "/reset",
    "/reset/{token}", "/sso", "/sso/callback", "/sso/name",
}  # fmt: skip
"""What links in mails lead to is asked of nobody by name: whoever has the link may."""

PARTS = {"{slug}": "binary", "{group}": "steps", "{number}": "1", "{number:int}": "1", "{claim}": "1",
         "{handle}": "ada", "{entry:int}": "1"}  # fmt: skip


def test_whoever_is_not_signed_in_is_sent_there_and_led_back(visit: Visit, database: Database, town: Town) -> None:
    browser, before = visit(), len(entries(database))

    for address, back in PROTECTED:
        plain = browser.post(address, data={"probability": "40"})
        htmx = browser.post(address, data={"probability": "40"}, headers=HTMX)

        assert (plain.status_code, plain.headers["location"]) == (303, f"/sign-in?back={back}")
        assert (htmx.status_code, htmx.headers["hx-redirect"]) == (401, f"/sign-in?back={back}")
        hidden = Sight.of(browser.get(plain.headers["location"]).text).find("input", name="back")
        assert hidden[0].attributes["value"] == back
    assert len(entries(database)) == before


def test_a_page_that_refuses_a_form_begins_where_it_is_wrong(
    visit: Visit, database: Database, town: Town, ada: Forecaster, mo: Forecaster
) -> None:
    """At the field at fault, or else at the sentence that says so."""
    write(database, ada)
    sent = {"probability": "170", "every": "never", "address": "nowhere", "rung-over-1": "170", "file": "set = ["}
    addresses = [address.replace("drafts/1", f"drafts/{number}") for address, _ in PROTECTED for number in (1, 2, 3, 4)]

    answers = [
        (who.handle, address, visit(who).post(address, data=sent))
        for who in (ada, mo)
        for address in (*dict.fromkeys(addresses), "/sign-in", "/sign-up")
        if not address.endswith(("/deletion", "/copy"))
    ]

    refused = [
        (who, address, Sight.of(answer.text)) for who, address, answer in answers if answer.status_code in (409, 422)
    ]
    begins = {
        (who, address): [one for one in seen.elements if "autofocus" in one.attributes]
        for who, address, seen in refused
    }
    assert len(begins) > 30
    assert [form for form, marked in begins.items() if not marked] == []


def test_every_form_but_those_of_accounts_asks_who_sends_it() -> None:
    """So that the list above is whole."""
    asked = {re.sub("{[a-z:]+}", lambda part: PARTS.get(part[0], part[0]), route.path) for route in routes("POST")}

    assert asked - OPEN == {address for address, _ in PROTECTED}


def test_signing_in_leads_back_with_the_whole_query(visit: Visit, town: Town) -> None:
    answer = visit().get("/questions/binary/resolution?one=1&two=%26")

    hidden = Sight.of(visit().get(answer.headers["location"]).text).find("input", name="back")

    assert answer.status_code == 303
    assert hidden[0].attributes["value"] == "/questions/binary/resolution?one=1&two=%26"


def test_what_is_not_there_is_said_to_whoever_is_signed_in(visit: Visit, ada: Forecaster) -> None:
    browser = visit(ada)

    for address in ("/nowhere", "/questions/nope", "/sets/nope", "/people/nope", "/leaderboard?set=nope"):
        answer = browser.get(address)

        assert answer.status_code == 404
        assert "There is no" in answer.text
        assert "/people/ada" in Sight.of(answer.text).links


def test_a_question_that_is_not_there_takes_no_forecast(visit: Visit, database: Database, ada: Forecaster) -> None:
    answer = visit(ada).post("/questions/nope/forecasts", data={"probability": "40"}, headers=HTMX)

    assert answer.status_code == 404
    assert Sight.of(answer.text).text == ("That did not work. There is no question “nope”. Look for it on the desk.")
    assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("#notice", "innerHTML")


def test_an_address_that_only_takes_forms_says_so(visit: Visit, rain: Question, ada: Forecaster) -> None:
    answer = visit(ada).get("/questions/rain/forecasts")

    assert answer.status_code == 405
    assert "Method Not Allowed." in answer.text


HOSTILE = {
    "/%00": 404,
    "/questions/%00": 404,
    "/questions/a%00b": 404,
    "/questions/%ff%fe": 404,
    "/questions/%ED%A0%80": 404,
    "/questions/%0a": 404,
    "/questions/" + "a" * 20_000: 404,
    "/questions/rain%3Fx": 404,
    "/questions/rain'--": 404,
    "/sets/%00": 404,
    "/people/%00": 404,
    "/people/%ff": 404,
    "/people/%F0%9F%8C%A7": 404,
    "/people/%C4%B0": 404,
    "/leaderboard?set=nope": 404,
    "/leaderboard?set=%00": 404,
    "/leaderboard?set=%ff": 404,
    "/leaderboard?by=nonsense": 404,
    "/leaderboard?by=": 404,
    "/leaderboard?by=%00": 404,
    "/leaderboard?by=%ED%A0%80": 404,
    "/leaderboard?tag=%00": 422,
    "/leaderboard?tag=%ED%A0%80": 200,
    "/leaderboard?kind=king": 422,
    "/leaderboard?kind=%00": 422,
    "/leaderboard?least=many": 422,
    "/leaderboard?least=-1": 422,
    "/leaderboard?least=%D9%A1": 422,
    "/leaderboard?least=99999999999999999999": 422,
    "/leaderboard?least=999999": 200,
    "/leaderboard?since=0000-00-00": 422,
    "/leaderboard?since=99999-01-01": 422,
    "/leaderboard?since=2026-02-30": 422,
    "/leaderboard?since=20260201": 422,
    "/leaderboard?since=%00": 422,
    "/leaderboard?since=9999-12-31": 200,
    "/journal?before=99999999999999999999": 200,
    "/journal?before=%D9%A1": 200,
    "/journal?kind=%00": 422,
    "/journal?who=%00": 404,
    "/journal?set=%ED%A0%80": 404,
    "/journal?question=' OR 1=1--": 404,
    "/journal?until=9999-12-31": 200,
    "/journal?since=%00": 422,
    "/leaderboard?until=9999-12-31": 200,
    "/leaderboard?until=0001-01-01": 200,
    "/leaderboard?since=2026-03-02&until=2026-03-01": 200,
    "/compare?a=ada&b=ada": 422,
    "/compare?a=ADA&b=ada": 422,
    "/compare?a=nope": 404,
    "/compare?b=%00": 404,
    "/compare?a=ada&b=%ED%A0%80": 404,
    "/calibration/forecasts": 404,
    "/calibration/forecasts?bin=-1": 404,
    "/calibration/forecasts?bin=21": 404,
    "/calibration/forecasts?bin=20": 200,
    "/calibration/forecasts?bin=99999999999": 404,
    "/calibration/forecasts?bin=9999999999999999999999": 404,
    "/calibration/forecasts?bin=%D9%A1": 404,
    "/calibration/forecasts?bin=1&who=nope": 404,
    "/questions/rain/receipts/nope": 404,
    "/questions/rain/receipts/ada": 404,
    "/questions/rain/receipts/%00": 404,
    "/questions/nope/receipts/ada": 404,
    "/questions/rain/receipts/ada/receipt.csv": 404,
    "/calibration?who=nope": 404,
    "/calibration?who=%00": 404,
    "/calibration?set=%00": 404,
    "/calibration?who=" + "a" * 20_000: 404,
    "/people/%00/feed.atom": 404,
    "/sets/%ff/feed.atom": 404,
    "/sets/nope/calendar.ics": 404,
    "/questions/%00/feed.atom": 404,
    "/calendar/%00.ics": 404,
    "/confirm/%00": 404,
    "/confirm/%ED%A0%80": 404,
    "/stop/%00": 404,
    "/stop/%ff": 404,
    "/reset/%00": 404,
    "/reset/%ED%A0%80": 404,
    "/sso/callback?state=%00": 404,
    "/sign-in?back=%00": 200,
    "/sign-in?back=//[": 200,
    "/sign-in?back=%ff": 200,
    "/sign-up?invitation=%00": 403,
    "/sign-up?invitation=" + "x" * 20_000: 403,
    "/static/%00/style.css": 404,
    "/static/..%2F..%2Fapp.py/x": 404,
    "/?%ff=%00": 200,
}


def test_a_bad_address_is_answered_with_a_page(visit: Visit, rain: Question, ada: Forecaster) -> None:
    for browser in (visit(), visit(ada)):
        answers = {address: browser.get(address) for address in HOSTILE}

        assert {address: answer.status_code for address, answer in answers.items()} == HOSTILE
        assert [address for address, answer in answers.items() if not Sight.of(answer.text).find("h1")] == []


def test_a_cookie_that_is_not_ours_signs_nobody_in(visit: Visit, rain: Question) -> None:
    browser = visit()
    long = b"x" * 20_000

    for value in (b"\xff\xfe", b"", b"%00", b'"\\000\\377"', b"one; brierboard=two", b"; =;\xc3", long):
        headers = {b"Cookie": b"brierboard=" + value}

        assert "/sign-in?back=/" in Sight.of(browser.get("/", headers=headers).text).links
        assert browser.post("/questions/rain/forecasts", headers=headers).status_code == 303
        assert browser.post("/sign-out", headers=headers).headers["location"] == "/"


def test_a_strange_host_is_no_fault_of_ours(visit: Visit, rain: Question) -> None:
    browser = visit()

    for host in ("[", "a/b?c#d", "", "x" * 5000):
        answer = browser.post("/questions/rain/forecasts", headers={"Host": host})

        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?back=/questions/rain")


def test_a_clock_that_runs_behind_the_record_stops_writing_with_a_sentence(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    browser = visit(ada)
    clock.moment += 5 * HOUR
    browser.post("/questions/rain/forecasts", data={"probability": "40"})
    before = everything_there_is(database)
    clock.moment -= 3 * HOUR

    answer = browser.post("/questions/rain/forecasts", data={"probability": "60"}, headers=HTMX)

    assert answer.status_code == 503
    assert "Set the clock right; until then nothing is written." in Sight.of(answer.text).alerts[0]
    assert everything_there_is(database) == before


def test_a_fault_of_ours_promises_nothing_of_what_was_stored(app: FastAPI, rain: Question) -> None:
    def broken() -> None:
        raise RuntimeError("It broke.")

    app.add_api_route("/broken", broken)

    with TestClient(app, raise_server_exceptions=False) as browser:
        answer = browser.get("/broken")

    assert answer.status_code == 500
    assert "The fault is ours. If you sent something, look whether it is there" in answer.text
    assert "RuntimeError" not in answer.text


def test_whoever_watches_the_server_hears_that_the_database_answers(visit: Visit) -> None:
    answer = visit().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
