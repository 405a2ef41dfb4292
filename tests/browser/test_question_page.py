"""A question's page in a browser: news that comes by itself, comments, zoom, and a chart read with the keyboard."""

from collections.abc import Iterator
from datetime import timedelta
from time import monotonic

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DAY, OPENING, Invite, the_harbour
from tests.browser.running import PATIENCE, Server, running
from tests.browser.test_accessibility import asked
from tests.cast import called, say

SHIFTS = """() => { window.shifted = 0; new PerformanceObserver(list => {
    for (const one of list.getEntries()) window.shifted += one.value; }).observe({type: "layout-shift"}); }"""


@pytest.fixture(scope="module")
def quay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The harbour on the day after its opening, for these tests alone."""
    with running(tmp_path_factory.mktemp("quay"), OPENING + DAY, prepare=the_harbour) as server:
        yield server


def test_what_one_does_the_other_sees_without_reloading_and_what_they_type_stays(quay: Server, invite: Invite) -> None:
    ada, bob = invite(quay, "Ada", signed_in=True), invite(quay, "Bob", signed_in=True)
    bob.opens("/questions/ferry")
    bob.page.evaluate(SHIFTS)
    bob.page.locator("#question-ferry-probability").fill("8")

    ada.opens("/questions/ferry")
    ada.page.locator("#question-ferry-probability").fill("30")
    ada.presses_enter()
    expect(bob.page.locator("#crowd")).to_contain_text("30% crowd of 1")
    expect(bob.page.locator("#news")).to_have_text("1 new forecast")
    assert bob.page.evaluate("window.shifted") == 0

    bob.page.locator("#charts details summary").first.click()
    bob.page.locator("#question-ferry-probability").focus()
    ada.page.get_by_label("Your comment").fill("The **captain** said so.")
    ada.page.get_by_role("button", name="Comment").click()
    expect(ada.page.locator("#comment-list")).to_contain_text("Ada at 30%")

    expect(bob.page.locator("#comment-list")).to_contain_text("The captain said so.")
    expect(bob.page.locator("#acts")).to_contain_text("Ada commented")
    expect(bob.page.locator("#news")).to_have_text("1 new comment")
    expect(bob.page.locator("#question-ferry-probability")).to_have_value("8")
    expect(bob.page.locator("#question-ferry-probability")).to_be_focused()
    expect(bob.page.locator("#charts details").first).to_have_attribute("open", "")


def test_whoever_leaves_has_seen_the_page(quay: Server, invite: Invite) -> None:
    bob = invite(quay, "Bob", signed_in=True)

    def visits() -> None:
        bob.opens("/questions/cup")
        expect(bob.page.locator("h1")).to_contain_text("Who will win")

    def leaves() -> None:
        before, until = quay.rows("SELECT looked_at FROM look"), monotonic() + PATIENCE
        bob.opens("/due")
        while quay.rows("SELECT looked_at FROM look") == before:  # the browser tells it once the page is gone
            assert monotonic() < until

    visits()
    expect(bob.page.locator("#forecast")).not_to_contain_text("new forecast")
    leaves()
    quay.clock.advance(timedelta(minutes=1))
    with quay.database() as database:
        say(database, called(database, "ada"), asked(database, "cup"), 0.5, 0.25, 0.25)

    visits()
    expect(bob.page.locator("#forecast")).to_contain_text("1 new forecast")
    leaves()
    visits()
    expect(bob.page.locator("#forecast")).not_to_contain_text("new forecast")


def test_a_comment_is_written_and_has_an_address_of_its_own(quay: Server, invite: Invite, javascript: bool) -> None:
    text = "I asked with a script." if javascript else "I asked without one."
    bob = invite(quay, "Bob", signed_in=True, javascript=javascript)
    bob.opens("/questions/storm")

    with bob.refused(422):
        bob.page.get_by_role("button", name="Comment").click()
    bob.sees("The comment is empty. Write something first.")
    bob.page.get_by_label("Your comment").fill(text)
    bob.page.get_by_role("button", name="Comment").click()

    written = bob.page.locator("#comment-list article").first
    expect(written).to_contain_text(text)
    expect(bob.page.get_by_label("Your comment")).to_have_value("")
    bob.opens(f"/questions/storm#{written.get_attribute('id')}")
    expect(bob.page.locator("article:target")).to_contain_text(text)


def test_a_reason_is_given_with_a_forecast_and_stands_on_the_page(
    quay: Server, invite: Invite, javascript: bool
) -> None:
    text = "The glass falls." if javascript else "The gulls fly inland."
    ada = invite(quay, "Ada", signed_in=True, javascript=javascript)
    ada.opens("/questions/storm")
    ada.page.get_by_text("Say why, or until when").click()
    ada.page.get_by_label("Why", exact=True).fill(text)
    ada.page.get_by_label("Stands through, UTC").fill("2026-02-27")
    ada.page.locator("#question-storm-probability").fill("40")

    with ada.refused(422):
        ada.page.locator("#question-storm--save").click()
    expect(ada.page.get_by_label("Why", exact=True)).to_have_value(text)
    expect(ada.page.get_by_label("Stands through, UTC")).to_be_visible()
    ada.page.get_by_label("Stands through, UTC").fill("2026-03-05")
    ada.page.locator("#question-storm--save").click()

    expect(ada.page.locator("#forecast .own")).to_contain_text("40% until 6 Mar 2026")
    ada.opens("/questions/storm")
    expect(ada.page.locator("#rationale-list")).to_contain_text(text)


def test_the_chart_is_narrowed_and_read_with_the_keyboard(quay: Server, invite: Invite, javascript: bool) -> None:
    """The points are one stop of the Tab key where the script runs; without it each is one."""
    ada = invite(quay, "Ada", signed_in=True, javascript=javascript)
    ada.opens("/questions/strike")
    for yes in ("20", "60"):
        ada.page.locator("#question-strike-probability").fill(yes)
        ada.presses_enter()
        quay.clock.advance(DAY / 24)
    ada.opens("/questions/strike")
    ada.tabs_to("#charts .zoom a[href*='90']")
    with ada.page.expect_navigation():
        ada.page.keyboard.press("Enter")
    ada.is_at("/questions/strike?zoom=90#charts")

    ada.page.locator(".chart-history .chart-tip").first.focus()
    ada.page.keyboard.press("ArrowRight" if javascript else "Tab")

    told = ada.page.locator(".chart-history .chart-tip:focus title")
    expect(told).to_contain_text("60%")
    if javascript:
        ada.page.keyboard.press("Tab")
        expect(ada.page.locator(".chart-history .chart-tip:focus")).to_have_count(0)
