"""Reading: from the essay's claim to its question, from a board to a person, by keyboard, with and without script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DAY, OPENING, Invite
from tests.browser.running import Server, running
from tests.browser.test_accessibility import a_spring
from tests.browser.visitor import Visitor


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The harbour's questions are decided, but for one; the essay's are open."""
    with running(tmp_path_factory.mktemp("reading"), OPENING + DAY, prepare=a_spring) as server:
        yield server


def follows(reader: Visitor, selector: str) -> None:
    """Go where a link leads, by Tab and Enter."""
    reader.tabs_to(selector)
    with reader.page.expect_navigation():
        reader.page.keyboard.press("Enter")


def test_a_claim_leads_to_its_question_with_both_numbers_beside_it(
    june: Server, invite: Invite, javascript: bool
) -> None:
    reader = invite(june, javascript=javascript)
    reader.opens("/sets/russia-2026")
    reader.sees("How good a forecaster was this text?", "Nothing that it speaks to is resolved yet")
    claim = reader.page.locator("#question-peace-deal-2026")
    expect(claim).to_contain_text("The essay, as we read it")
    expect(claim).to_contain_text("The crowd now")

    follows(reader, "#question-peace-deal-2026 a[href='/questions/peace-deal-2026']")

    reader.is_at("/questions/peace-deal-2026")
    reader.sees("The claim behind it")


def test_a_board_leads_to_a_person_whose_page_can_be_narrowed(june: Server, invite: Invite, javascript: bool) -> None:
    reader = invite(june, javascript=javascript)
    reader.opens("/leaderboard")
    follows(reader, "table a[href='/people/ada']")
    reader.sees("Standing", "Best and worst calls", "Will the ferry come back?")

    reader.tabs_to("#set")
    reader.page.keyboard.type("Russia")
    reader.tabs_to(".filters button")
    with reader.page.expect_navigation():
        reader.page.keyboard.press("Enter")

    reader.sees("No resolved question answered here fits what is chosen.")
    assert "set=russia-2026" in reader.page.url
