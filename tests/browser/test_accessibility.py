"""Every page, as a machine can judge it: axe finds nothing by WCAG 2.2 AA, and on no screen anything runs out sideways.

What a page looks like is judged by people; what no machine sees, such as a sensible order of the focus, by the main
job's story, which is told with the keyboard.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np
import pytest
from sqlmodel import col, select, update
from starlette.testclient import TestClient

from forecasts import discussion, drafting, resetting, subscribing
from forecasts.database import Database
from forecasts.models import Comment, Forecaster
from forecasts.permissions import visible
from forecasts.settings import Settings
from questions import catalog
from questions.models import Question
from tests.browser.conftest import DAY, OPENING, Invite, cookie, load, the_harbour
from tests.browser.running import ROOT, FileClock, Server, running
from tests.browser.visitor import Visitor
from tests.cast import annul, called, draft, join, publish, resolve, say, sign
from tests.test_architecture import PAGES as SHOWN
from tests.web.test_routes import routes
from web import rendering
from web.app import create
from web.dependencies import COOKIE
from web.pages import Page

ESSAY = ROOT / "questions" / "sets" / "russia-2026.toml"
TIDES = Path(__file__).parent / "tides.toml"
JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = {"wide": (1280, 900), "zoomed to 200%": (640, 450), "a phone": (390, 844), "a small phone": (320, 640)}
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()

Scheme = Literal["light", "dark"]

PAGES = {
    "the desk": "/",
    "a number that was tried": "/?try=35",
    "something tried that is no number": "/?try=soon",
    "what one has not answered": "/?show=unanswered",
    "what waits for resolution": "/?show=waiting",
    "what was decided": "/?show=decided",
    "an open yes-or-no question": "/questions/peace-deal-2026",
    "an open choice": "/questions/war-status-end-2026",
    "an open number": "/questions/brent-average-2026",
    "an open date": "/questions/spring-tide",
    "a question to come": "/questions/neap-tide",
    "a question that waits for resolution": "/questions/storm",
    "an annulled question": "/questions/strike",
    "a resolved yes-or-no question": "/questions/ferry",
    "what may be shared of a question": "/questions/ferry/share",
    "a question embedded": "/questions/ferry/embed",
    "a resolved choice": "/questions/cup",
    "a resolved number": "/questions/boats",
    "a resolved date": "/questions/bridge",
    "the last days of an open question": "/questions/peace-deal-2026?zoom=30",
    "the essay": "/sets/russia-2026",
    "the sets": "/sets",
    "a ladder": "/ladders/steps",
    "the leaderboard": "/leaderboard",
    "the board by Brier, narrowed": "/leaderboard?by=brier&set=harbour&since=2026-01-01&least=2",
    "the board of ordered questions": "/leaderboard?by=ranked",
    "how scores are worked out": "/scores",
    "two people compared": "/compare?a=ada&b=bob",
    "two who never met": "/compare?a=ada&b=kim",
    "calibration": "/calibration",
    "a dot of the calibration diagram": "/calibration/forecasts?bin=10",
    "an empty dot": "/calibration/forecasts?bin=1",
    "a receipt": "/questions/ferry/receipts/ada",
    "a receipt for a number": "/questions/boats/receipts/bob",
    "a person": "/people/ada",
    "the crowd": "/people/crowd-odds",
    "the essay as a forecaster": "/people/russia-essay-2026",
    "what is due": "/due",
    "the journal": "/journal",
    "the journal of a question": "/journal?question=ferry",
    "how to check the record": "/verification",
    "signing in": "/sign-in",
    "signing up": "/sign-up",
    "asking for a new password": "/reset",
}
OWN = {
    "settings": "/settings",
    "where one is signed in": "/settings/sessions",
    "a second factor": "/settings/second-factor",
    "erasing oneself": "/settings/erasure",
    "a decision": "/questions/storm/resolution",
    "a correction of a choice": "/questions/cup/resolution",
    "a correction of a number": "/questions/boats/resolution",
    "a question asked again": "/questions/ferry/copy",
    "a question clarified": "/questions/ferry/revision",
    "drafts": "/drafts",
    "drafts that wait": "/drafts/review",
    "a yes-or-no question being written": "/drafts/1",
    "a choice being written": "/drafts/2",
    "a number being written": "/drafts/3",
    "a date being written": "/drafts/4",
    "a ladder being written": "/drafts/5",
    "a source being entered": "/drafts/6",
    "a claim of it": "/drafts/6/claims/1",
    "a question to review": "/drafts/7",
    "a source to review": "/drafts/8",
    "who sees a question": "/questions/ferry/audience",
    "who sees a set": "/sets/harbour/audience",
    "a forecaster to suspend": "/people/ada/suspension",
    "a forecaster to merge": "/people/ada/merging",
    "the journal as a moderator reads it": "/journal?set=harbour",
}
"""What Mo is shown and nobody who is not signed in."""

WRITTEN = {
    "binary": {},
    "choice": {"outcomes": "north\nsouth\nnobody"},
    "number": {"low": "0", "high": "3", "step": "1", "unit": "boats"},
    "date": {"low": "1 July 2026", "high": "31 July 2026", "open_above": "yes"},
}
"""What is typed of a draft of each kind besides its title, its criteria and its times."""
SPOKEN = {"title": "On the harbour", "name": "The speech", "said_at": "1 March 2026", "note": "Read closely."}
NO_PAGE = re.compile(r".*\.(atom|csv|ics|svg|txt|py)|/checkpoint|.*/live|/open/.*|/sso/.*")
"""The addresses that answer with something else than a page, or with one only where another site signs people in."""

STEPS = {"accounts/code.html", "accounts/return.html", "accounts/choose_name.html"}
"""What is shown between two steps of signing in, which takes an authenticator or that other site."""


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server in June 2026: the harbour's questions are decided, but for one; the essay's and the tides' are open."""
    with running(tmp_path_factory.mktemp("june"), OPENING + DAY, prepare=a_spring) as server:
        yield server


def a_spring(database: Database) -> None:
    """Ada, Bob and Mo forecast a question of each kind in March, which Mo decides in June, and another in June."""
    the_harbour(database)
    join(database, "Boss", "administrator")
    with database.writing() as (session, _):  # so that every page says so, as in a demonstration
        session.exec(update(Forecaster).where(col(Forecaster.handle) == "bob").values(simulated=True))
    load(database, ESSAY)
    load(database, TIDES)
    forecast(database, "ferry", "storm", "strike", "cup", "boats", "bridge")
    clock, mo = database.clock, called(database, "mo")
    assert isinstance(clock, FileClock)
    clock.set(JUNE)
    for slug, outcome in (("ferry", 1), ("cup", 0), ("cup", 1), ("boats", 2), ("bridge", 3)):
        resolve(database, mo, asked(database, slug), outcome, known_at=OPENING + 6 * DAY)
    annul(database, mo, asked(database, "strike"))
    forecast(database, "peace-deal-2026", "war-status-end-2026", "brent-average-2026", "spring-tide")
    talk(database, asked(database, "ferry"))
    write(database)
    sign(database)


def talk(database: Database, question: Question) -> None:
    """A comment and a clarification."""
    ada, mo = (called(database, name) for name in ("ada", "mo"))
    with database.writing() as (session, moment):
        discussion.comment(session, ada, question, "See [the list](https://example.org).\n\n- *one*\n- `two`", moment)
        changes = {"fine_print": "A ferry under tow counts."}
        catalog.revise(session, question, changes, "Somebody asked.", 0, by=mo.pseudonym, moment=moment)


def write(database: Database) -> None:
    """A ladder; drafts of all sorts that Mo writes on, and two that Ada sent for review."""
    shared: dict[str, Any] = {"opens_at": OPENING, "closes_at": JUNE + 30 * DAY, "resolves_at": JUNE + 30 * DAY}
    shared["group"] = "steps"
    ladders = {f"over-{one}": {"ladder": {"threshold": one, "direction": "above"}} for one in (1, 2)}
    publish(database, *(draft(slug, spec=spec, **shared) for slug, spec in ladders.items()), within="steps")
    mo, ada = called(database, "mo"), called(database, "ada")
    terms = {"criteria": "As the harbour master counts them.", "closes_at": "end of July"}
    kinds = [{"title": "What of the boats?", "kind": kind} | typed | terms for kind, typed in WRITTEN.items()]
    ladder = {"title": "Over {threshold} boats?", "direction": "above", "thresholds": "1\n2"} | terms
    with database.writing() as (session, moment):
        for typed in kinds:
            drafting.start(session, mo, "question", typed, moment)
        drafting.start(session, mo, "ladder", ladder, moment)
        for author in (mo, ada):
            source = drafting.start(session, author, "source", SPOKEN, moment)
            number = drafting.add_claim(session, source, author, SPOKEN, source.version, moment)
            claim = {"claim": "Boats sell.", "implied_probability": "70"} | kinds[0]
            drafting.save_claim(session, source, author, number, claim, source.version, moment)
            sent = source if author is ada else drafting.start(session, ada, "question", kinds[2], moment)
            drafting.send(session, sent, ada, moment)


def remarks(server: Server) -> dict[str, str]:
    """Where a moderator is led from what people wrote."""
    with server.database() as database, database.reading() as session:
        return {"a comment to hide": f"/comments/{session.exec(select(Comment.entry)).one()}/hiding"}


def letters(server: Server) -> dict[str, str]:
    """Where the links in letters to Ada lead: to confirm an address, and to stop the digest."""
    with server.database() as database:
        ada = called(database, "ada")
        with database.writing() as (session, moment):
            subscribing.confirm(session, subscribing.set_email(session, ada, "ada@example.org", moment), moment)
            subscribing.choose_digest(session, ada, "day", ["resolved"], "", moment)
            asked, digest = (
                subscribing.set_email(session, ada, "a@example.org", moment),
                subscribing.digest_of(session, ada),
            )
            assert digest is not None
            new = resetting.link(session, "ada", moment)
            return {
                "a new password": f"/reset/{new}",
                "confirming": f"/confirm/{asked}",
                "stopping": f"/stop/{digest.stop}",
            }


def forecast(database: Database, *slugs: str) -> None:
    """Three people give these questions some distribution, each leaning more to the later outcomes than the other."""
    for slug in slugs:
        question = asked(database, slug)
        for lean, name in enumerate(("ada", "bob", "mo")):
            weights = 1.0 + np.arange(catalog.shape_of(question).size) * lean
            say(database, called(database, name), question, *(weights / weights.sum()).tolist())


def asked(database: Database, slug: str) -> Question:
    with database.reading() as session:
        return catalog.find(session, slug, visible(session, None))


def found(visitor: Visitor) -> list[str]:
    """What axe finds on the page as it is shown now. It need fetch nothing again: no style is another site's."""
    options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": WCAG}, "preload": False}
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]} {node['failureSummary']}"
        for one in visitor.page.evaluate("options => axe.run(options)", options)["violations"]
        for node in one["nodes"]
    ]


def sideways(visitor: Visitor) -> list[str]:
    """What runs out of the page to the right on each screen."""
    wrong = []
    for screen, (width, height) in SCREENS.items():
        visitor.page.set_viewport_size({"width": width, "height": height})
        over = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wrong += [f"{over} px run out sideways on {screen}"] if over > 0 else []
    return wrong


def faults(visitor: Visitor, narrow: Scheme = "light", wide: Scheme = "dark") -> list[str]:
    """The faults of the open page by every rule, on the narrowest screen in one scheme, on the widest in the other.

    Axe takes most of the time, so it looks twice and not four times: what depends on the width is not the colours.
    """
    visitor.page.evaluate(AXE)
    visitor.page.emulate_media(color_scheme=narrow)
    wrong = [*sideways(visitor), *found(visitor)]
    visitor.page.set_viewport_size({"width": 1280, "height": 900})
    visitor.page.emulate_media(color_scheme=wide)
    return [*wrong, *found(visitor)]


@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "signed out"])
def test_no_page_is_at_fault(june: Server, invite: Invite, subtests: pytest.Subtests, signed_in: bool) -> None:
    """What both are shown is looked at in either scheme on either screen."""
    reader = invite(june, "Mo", signed_in=signed_in)
    schemes: tuple[Scheme, Scheme] = ("light", "dark") if signed_in else ("dark", "light")

    for page, path in (PAGES | (OWN | remarks(june) if signed_in else letters(june))).items():
        with subtests.test(page):
            reader.opens(path)
            reader.is_at(path)
            assert faults(reader, *schemes) == []


def test_no_page_of_an_administrator_is_at_fault(june: Server, invite: Invite) -> None:
    boss = invite(june, "Boss", signed_in=True)

    boss.opens("/people/ada/erasure")
    assert faults(boss) == []
    boss.opens("/invitations")
    assert faults(boss) == []
    boss.page.get_by_role("button", name="Make the link").first.click()
    assert faults(boss) == []
    boss.opens("/settings/second-factor")
    boss.page.get_by_role("button", name="Set it up").click()
    boss.sees("Let your authenticator read the picture")
    assert faults(boss) == []


def test_every_page_is_looked_at(june: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each address that gives a page, and each page's template, is among those above; what is not there is below."""
    links = remarks(june) | letters(june)
    paths = [*PAGES.values(), *OWN.values(), *links.values(), "/nowhere"]
    drawn, draw = set(), rendering.draw

    def noted(page: Page, template: str) -> str:
        drawn.add(template)
        return draw(page, template)

    monkeypatch.setattr(rendering, "draw", noted)
    asked = [route for route in routes("GET") if not NO_PAGE.fullmatch(route.path)]

    with june.database() as database:
        browser = TestClient(create(Settings(), database), cookies={COOKIE: cookie(june, "Mo")})
        found = [next((one for one in asked if one.path_regex.match(urlsplit(path).path)), None) for path in paths]
        for path in paths:
            browser.get(path)
        browser.cookies.set(COOKIE, cookie(june, "Boss"))
        for path in ("/invitations", "/people/{handle}/erasure"):
            browser.get(path.replace("{handle}", "ada"))
            found += [route for route in asked if route.path == path]

    assert [route.path for route in asked if route not in found] == []
    assert {page.template for page in SHOWN if page.template != page.partial} - drawn == STEPS


def test_no_page_is_at_fault_while_a_form_is_refused(june: Server, invite: Invite) -> None:
    mo, nobody = invite(june, "Mo", signed_in=True), invite(june)

    for path, field in (("/", "#desk-spring-tide-low"), ("/questions/spring-tide", "#question-spring-tide-low")):
        mo.opens(path)
        mo.page.locator(field).fill("170")
        with mo.refused(422):
            mo.presses_enter()
        assert faults(mo) == []
    with mo.refused(422):
        mo.considers("storm", "annulled")
    assert faults(mo) == []
    mo.opens("/sets")
    mo.page.get_by_label("Or its text").fill("set = [")
    with mo.refused(422):
        mo.page.get_by_role("button", name="Load it").click()
    assert faults(mo) == []
    nobody.opens("/sign-in")
    nobody.page.get_by_label("Name").fill("Mo")
    nobody.page.get_by_label("Password").fill("wrong")
    with nobody.refused(422):
        nobody.page.get_by_role("button", name="Sign in").click()
    assert faults(nobody) == []


def test_no_page_is_at_fault_on_the_way_to_a_decision(june: Server, invite: Invite) -> None:
    mo = invite(june, "Mo", signed_in=True)

    mo.considers("storm", "resolved", "yes")
    mo.sees("Before you confirm")
    assert faults(mo) == []


def test_no_page_is_at_fault_on_the_way_to_a_merge(june: Server, invite: Invite) -> None:
    """Kim moderates, so an administrator alone may."""
    boss = invite(june, "Boss", signed_in=True)

    boss.opens("/people/ada/merging")
    boss.page.get_by_label("The same as").fill("Kim")
    boss.page.get_by_label("Why").fill("Both are hers.")
    boss.page.get_by_role("button", name="Look at what moves").click()
    boss.sees("Before you confirm")
    assert faults(boss) == []


def test_no_page_is_at_fault_when_there_is_nothing_to_show(tmp_path: Path, invite: Invite) -> None:
    with running(tmp_path, JUNE) as server:
        nobody = invite(server)

        boards = ("/leaderboard", "/calibration", "/scores", "/compare", "/people/crowd")
        for path in (server.link, "/", "/sets", "/due", *boards):
            nobody.opens(path)
            assert faults(nobody) == []
        with nobody.refused(404):
            nobody.opens("/nowhere")
        nobody.sees("There is no such page")
        assert faults(nobody) == []
        with nobody.refused(403):
            nobody.opens("/sign-up?invitation=spent")
        assert faults(nobody) == []


def test_whoever_asks_for_less_motion_gets_none(june: Server, invite: Invite) -> None:
    calm, other = (invite(june, reduced_motion=motion) for motion in ("reduce", "no-preference"))
    moving = """() => { document.querySelector("main").style.transition = "opacity 5s";
        return Math.max(...[...document.querySelectorAll("*")].map(
            one => parseFloat(getComputedStyle(one).transitionDuration))) }"""

    for visitor in (calm, other):
        visitor.opens("/leaderboard")

    assert calm.page.evaluate(moving) < 0.001
    assert other.page.evaluate(moving) == 5


def test_with_forced_colours_what_can_be_pressed_has_an_outline(june: Server, invite: Invite) -> None:
    nobody = invite(june, forced_colors="active")
    bare = """() => [...document.querySelectorAll("button, input:not([type=hidden]), .button")]
        .filter(one => getComputedStyle(one).borderTopStyle === "none").map(one => one.outerHTML)"""
    ring = "() => getComputedStyle(document.activeElement).outlineStyle"

    for path in ("/?try=35", "/leaderboard", "/sign-up"):
        nobody.opens(path)
        assert nobody.page.evaluate(bare) == []
        nobody.page.keyboard.press("Tab")
        assert nobody.page.evaluate(ring) == "solid"
