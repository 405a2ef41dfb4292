"""Somebody comes for the first time: reads, tries a number, signs up, and records it; with the keyboard alone."""

from playwright.sync_api import expect

from tests.browser.conftest import Invite
from tests.browser.running import Server
from tests.browser.visitor import PASSWORD, Visitor


def goes(visitor: Visitor) -> None:
    """Follow what has the focus, or send its form, to another page."""
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")


def test_a_newcomer_tries_a_number_signs_up_and_records_it(harbour: Server, invite: Invite, javascript: bool) -> None:
    newcomer = invite(harbour, f"New-{'js' if javascript else 'plain'}", javascript=javascript)
    before = harbour.journal()

    newcomer.opens("/")
    newcomer.sees("Brierboard keeps score of predictions.", "How likely?", "What happens next")
    newcomer.tabs_to("#try")
    newcomer.types("35")
    goes(newcomer)
    newcomer.sees("You say 35%. If it happens you score 0.42, if not 0.12.")
    assert harbour.journal() == before

    newcomer.tabs_to(".first .button")
    goes(newcomer)
    for field, text in (("#name", newcomer.name), ("#password", PASSWORD), ("#again", PASSWORD)):
        newcomer.tabs_to(field)
        newcomer.types(text)
    goes(newcomer)
    newcomer.is_at("/questions/ferry?try=35")
    expect(newcomer.page.locator("#question-ferry-probability")).to_have_value("35")

    newcomer.tabs_to("#question-ferry-probability")
    newcomer.presses_enter()
    expect(newcomer.page.locator("#forecast .own strong").first).to_have_text("35%")
    assert harbour.journal() - before == {"forecast": 1}


def test_a_newcomer_is_told_at_once_what_is_no_percentage(harbour: Server, invite: Invite, javascript: bool) -> None:
    newcomer = invite(harbour, javascript=javascript)

    newcomer.opens("/")
    newcomer.tabs_to("#try")
    newcomer.types("170")
    goes(newcomer)

    newcomer.sees("170% is outside 0 to 100. Write a percentage such as 70.")
    expect(newcomer.page.locator("#try")).to_have_value("170")
