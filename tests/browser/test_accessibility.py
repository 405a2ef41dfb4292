"""Every page, as a machine can judge it: axe finds nothing by WCAG 2.2 AA, and on no screen anything runs out sideways.

What a page looks like is judged by people; what no machine sees, such as a sensible order of the focus, by the main
job's story, which is told with the keyboard.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import col, update

from forecasts import discussion
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.permissions import visible
from questions import catalog
from questions.models import Question
from tests.browser.conftest import DAY, OPENING, Invite, load, the_harbour
from tests.browser.running import ROOT, FileClock, Server, running
from tests.browser.visitor import Visitor
from tests.cast import annul, called, resolve, say

ESSAY = ROOT / "questions" / "sets" / "russia-2026.toml"
TIDES = Path(__file__).parent / "tides.toml"
JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = {"wide": (1280, 900), "zoomed to 200%": (640, 450), "a phone": (390, 844), "a small phone": (320, 640)}
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()

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
    "a question asked again": "/questions/ferry/copy",
    "a question clarified": "/questions/ferry/revision",
    "a resolved choice": "/questions/cup",
    "a resolved number": "/questions/boats",
    "a resolved date": "/questions/bridge",
    "the last days of an open question": "/questions/peace-deal-2026?zoom=30",
    "a question to share": "/questions/ferry/share",
    "a question in a frame": "/questions/ferry/embed",
    "the essay": "/sets/russia-2026",
    "the sets": "/sets",
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
    "settings": "/settings",
    "drafts": "/drafts",
    "drafts that wait": "/drafts/review",
    "signing in": "/sign-in",
    "signing up": "/sign-up",
}


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server in June 2026: the harbour's questions are decided, but for one; the essay's and the tides' are open."""
    with running(tmp_path_factory.mktemp("june"), OPENING + DAY, prepare=a_spring) as server:
        yield server


def a_spring(database: Database) -> None:
    """Ada, Bob and Mo forecast a question of each kind in March, which Mo decides in June, and another in June."""
    the_harbour(database)
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


def talk(database: Database, question: Question) -> None:
    """A comment and a clarification."""
    ada, mo = (called(database, name) for name in ("ada", "mo"))
    with database.writing() as (session, moment):
        discussion.comment(session, ada, question, "See [the list](https://example.org).\n\n- *one*\n- `two`", moment)
        changes = {"fine_print": "A ferry under tow counts."}
        catalog.revise(session, question, changes, "Somebody asked.", 0, by=mo.pseudonym, moment=moment)


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


def found(visitor: Visitor, rules: Sequence[str] = ()) -> list[str]:
    """What axe finds on the page as it is shown now, by these rules or all of WCAG 2.2 AA."""
    chosen = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": WCAG}
    options = {"resultTypes": ["violations"], "runOnly": chosen}
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


def faults(visitor: Visitor) -> list[str]:
    """The faults of the open page, on the widest and the narrowest screen; in the dark only its colours are other."""
    visitor.page.evaluate(AXE)
    visitor.page.emulate_media(color_scheme="light")
    wrong = [*sideways(visitor), *found(visitor)]
    visitor.page.set_viewport_size({"width": 1280, "height": 900})
    wrong += found(visitor)
    visitor.page.emulate_media(color_scheme="dark")
    return [*wrong, *found(visitor, ["color-contrast"])]


@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "signed out"])
def test_no_page_is_at_fault(june: Server, invite: Invite, subtests: pytest.Subtests, signed_in: bool) -> None:
    reader = invite(june, "Mo", signed_in=signed_in)

    for page, path in PAGES.items():
        with subtests.test(page):
            reader.opens(path)
            assert faults(reader) == []


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

    for slug in ("storm", "cup", "boats"):
        mo.opens(f"/questions/{slug}/resolution")
        assert faults(mo) == []
    mo.considers("storm", "resolved", "yes")
    mo.sees("Before you confirm")
    assert faults(mo) == []


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
