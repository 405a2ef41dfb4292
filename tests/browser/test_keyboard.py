"""Every flow with the keyboard alone. The focus is always seen, calls back to what is wrong, and is never lost.

Forecasting, the sheet's keys, reading and being told have stories of their own, which are told with the keyboard too.
"""

from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import DAY, OPENING, Invite, the_harbour
from tests.browser.running import Server, running
from tests.browser.test_accessibility import TIDES, asked
from tests.browser.visitor import PASSWORD, Visitor
from tests.cast import called, resolve

TRAM = {
    "title": "How many trams will run at the end of June?",
    "kind": "Number",
    "low": "0",
    "high": "3",
    "step": "1",
    "closes_at": "end of June",
}
LADDER = {
    "title": "Will it open by {threshold}?",
    "direction": "by the threshold",
    "thresholds": "5 March 2026\nend of March",
    "criteria": "YES if it opens by {threshold}.",
    "slug": "opening",
}
SPEECH = {"title": "On the harbour", "name": "The speech", "said_at": "1 March 2026"}
CLAIM = {
    "claim": "Nobody strikes.",
    "title": "Will anybody strike?",
    "implied_probability": "10",
    "closes_at": "end of March",
    "criteria": "As announced.",
}
ZOOMED, SMALLEST = ({"width": width, "height": height} for width, height in ((640, 450), (320, 640)))
SAVE, SEND = "#draft .foot button:first-child", "#draft button[formaction$='/review']"


@pytest.fixture(scope="module")
def pier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The harbour on the day after its opening, for these tests alone."""
    with running(tmp_path_factory.mktemp("pier"), OPENING + DAY, prepare=the_harbour) as server:
        yield server


def types_in_each(visitor: Visitor, fields: Mapping[str, str]) -> None:
    """Tab from one to the next, and type."""
    for selector, text in fields.items():
        visitor.tabs_to(selector)
        visitor.types(text)


def drafts(visitor: Visitor, asks: str, fields: Mapping[str, str]) -> None:
    """Begin a draft from the desk, and fill its form from its first field to its last."""
    visitor.opens("/")
    visitor.goes_by("nav a[href='/drafts']")
    visitor.goes_by(f"button[value={asks}]")
    writes(visitor, fields)


def writes(visitor: Visitor, fields: Mapping[str, str]) -> None:
    for name, text in fields.items():
        visitor.tabs_to(f"#draft-{name}")
        if visitor.page.locator(f"select#draft-{name}").count():
            visitor.page.keyboard.type(text)
        else:
            visitor.types(text)


def publishes(moderator: Visitor, title: str) -> None:
    """Find what waits, from the desk on, and come to the button that publishes it."""
    moderator.opens("/")
    moderator.goes_by("nav a[href='/drafts']")
    moderator.goes_by("a[href='/drafts/review']")
    address = moderator.page.get_by_role("link", name=title).get_attribute("href")
    moderator.goes_by(f"main a[href='{address}']")


def test_the_first_stop_leads_past_the_menu(pier: Server, invite: Invite) -> None:
    nobody = invite(pier)
    nobody.opens("/leaderboard")

    nobody.page.keyboard.press("Tab")
    nobody.has_focus_on(".skip")
    nobody.page.keyboard.press("Enter")
    nobody.page.keyboard.press("Tab")

    assert nobody.page.evaluate("document.activeElement.closest('main') !== null")


def test_somebody_signs_up_changes_settings_and_signs_in_again(pier: Server, invite: Invite) -> None:
    ian = invite(pier, "Ian")
    other = "correct horses"

    ian.opens("/")
    ian.goes_by(".account a")
    ian.goes_by("main a[href^='/sign-up']")
    types_in_each(ian, {"#name": "Ian", "#password": PASSWORD, "#again": "another one"})
    ian.is_refused_by("main form button", at="#again")
    ian.tabs_to("#password", back=True)
    ian.types(PASSWORD)
    types_in_each(ian, {"#again": PASSWORD})
    ian.goes()
    expect(ian.page.locator(".account")).to_contain_text("Ian")

    ian.goes_by(".account a[href='/settings']")
    ian.tabs_to("input[name=shortcuts]")
    ian.page.keyboard.press("Space")
    ian.goes_by("form[action='/settings/pages'] button", "Space")
    expect(ian.page.locator("input[name=shortcuts]")).not_to_be_checked()
    types_in_each(ian, {"#old": "wrong horse", "#new": other, "#again": other})
    ian.is_refused_by("form[action='/settings/password'] button", at="#old")
    types_in_each(ian, {"#new": other, "#again": other})
    ian.tabs_to("#old", back=True)
    ian.types(PASSWORD)
    ian.goes()
    ian.sees("Your password was changed.")

    ian.goes_by(".account button")
    ian.goes_by(".account a")
    types_in_each(ian, {"#name": "Ian", "#password": PASSWORD})
    ian.is_refused_by("main form button", at="#password")
    ian.types(other)
    ian.goes()
    expect(ian.page.locator(".account")).to_contain_text("Ian")


def test_somebody_comments(pier: Server, invite: Invite) -> None:
    bob = invite(pier, "Bob", signed_in=True)
    bob.opens("/questions/ferry")

    bob.tabs_to("#comment-save")
    with bob.refused(422):
        bob.presses_enter()
    bob.has_focus_on("#comment")
    bob.types("The captain said so.")
    bob.tabs_to("#comment-save")
    bob.presses_enter()

    expect(bob.page.locator("#comment-list")).to_contain_text("The captain said so.")
    bob.has_focus_on("#comment-save")


def test_somebody_says_the_same_again_undoes_and_withdraws(pier: Server, invite: Invite) -> None:
    ada = invite(pier, "Ada", signed_in=True)
    ada.opens("/questions/strike")
    ada.tabs_to("#question-strike-probability")
    for percentage in ("170", "40", "60"):
        ada.types(percentage)
        if percentage == "170":
            with ada.refused(422):
                ada.presses_enter()
        else:
            ada.presses_enter()
        ada.has_focus_on("#question-strike-probability")

    for act, own in (("again", "60%"), ("undo", "60%"), ("undo", "40%"), ("withdraw", None)):
        ada.tabs_to(f"#{act}")
        ada.presses_enter()
        expect(ada.page.locator("#forecast .pair .own strong")).to_have_text([own] if own else [])
    ada.has_focus_on("#question-strike-probability")


def test_undoing_on_the_desk_leads_back_to_the_field(pier: Server, invite: Invite) -> None:
    ada = invite(pier, "Ada", signed_in=True)
    ada.opens("/")
    ada.forecasts("storm", "30%", probability="30")

    ada.tabs_to("#undo-storm")
    ada.presses_enter()

    expect(ada.row("storm").locator(".own")).to_contain_text("Nothing of yours stands now")
    ada.has_focus_on("#desk-storm-probability")


def test_undoing_too_late_on_the_desk_leads_to_the_question(pier: Server, invite: Invite) -> None:
    ada = invite(pier, "Ada", signed_in=True)
    ada.opens("/")
    ada.forecasts("boats", "1 (80%: 0 to 2)", low="0", median="1", high="2")
    with pier.database() as database:
        resolve(database, called(database, "mo"), asked(database, "boats"), 1)

    ada.tabs_to("#undo-boats")
    with ada.refused(409):
        ada.presses_enter()

    expect(ada.row("boats").get_by_role("alert")).to_contain_text("was resolved and takes no more forecasts.")
    ada.has_focus_on("#title-boats a")


def test_a_moderator_clarifies(pier: Server, invite: Invite) -> None:
    mo = invite(pier, "Mo", signed_in=True)
    mo.opens("/questions/storm")

    mo.goes_by("a.act[href$='/revision']")
    writes(mo, {"fine_print": "A squall is none."})
    mo.is_refused_by(".revise button", at="#draft-note")
    mo.types("Somebody asked.")
    mo.goes_by(".revise button")
    mo.sees("Before you confirm")
    mo.goes_by("button[value=confirm]", "Space")

    mo.is_at("/questions/storm")
    mo.sees("A squall is none.", "Somebody asked.")


def test_a_moderator_resolves_and_corrects(pier: Server, invite: Invite) -> None:
    mo = invite(pier, "Mo", signed_in=True)
    mo.opens("/questions/cup")

    mo.goes_by("a.act[href$='/resolution']")
    mo.tabs_to("input[name=verdict]")
    mo.page.keyboard.press("ArrowDown")
    mo.is_refused_by(".stacked button", at="#note")
    mo.tabs_to("input[name=verdict]", back=True)
    mo.page.keyboard.press("ArrowUp")
    mo.is_refused_by(".stacked button", at="input[name=outcome][value=north]")
    mo.page.keyboard.press("Space")
    mo.goes_by(".stacked button")
    mo.goes_by("button[value=confirm]")
    mo.is_at("/questions/cup")
    mo.sees("North, known")

    mo.goes_by("a.act[href$='/resolution']")
    mo.tabs_to("input[name=outcome]")
    mo.page.keyboard.press("ArrowDown")
    mo.goes_by(".stacked button")
    mo.goes_by("button[value=confirm]")
    mo.is_at("/questions/cup")
    mo.sees("South, known")
    of_the_cup = "question_id = (SELECT id FROM question WHERE slug = 'cup')"
    assert pier.rows(f"SELECT outcome FROM resolution WHERE {of_the_cup} ORDER BY entry") == [(0,), (1,)]


def test_a_question_is_written_sent_and_published_with_everything_twice_as_large(pier: Server, invite: Invite) -> None:
    ada, mo = (invite(pier, name, signed_in=True, viewport=ZOOMED) for name in ("Ada", "Mo"))

    drafts(ada, "question", TRAM)
    ada.is_refused_by(SEND, at="#draft-criteria")
    ada.types("As the harbour master counts them.")
    ada.goes_by(SEND)
    ada.sees("waits for review since")

    publishes(mo, TRAM["title"])
    mo.is_refused_by(".decide button", at="#draft-set")
    mo.page.keyboard.type("The harbour")
    mo.goes_by(".decide button")
    mo.is_at("/questions/how-many-trams-will-run-at-the-end-of-june")


def test_a_draft_is_begun_from_a_question_taken_back_sent_back_and_deleted(pier: Server, invite: Invite) -> None:
    ada, mo = (invite(pier, name, signed_in=True) for name in ("Ada", "Mo"))
    back = "form[action$='/return'] button"

    ada.opens("/questions/ferry")
    ada.goes_by("main a[href$='/copy']")
    ada.goes_by("button[value=later]", "Space")
    writes(ada, {"title": "Will it come back again?", "slug": "again"})
    ada.goes_by(SEND)
    ada.goes_by(back)
    ada.goes_by(SEND)

    publishes(mo, "Will it come back again?")
    mo.is_refused_by(back, at="#draft-remark")
    mo.types("By when?")
    mo.goes_by(back)
    mo.is_at("/drafts/review")

    ada.goes_by("main a[href='/drafts']")
    ada.sees("sent back with a remark")
    ada.tabs_to("details summary")
    ada.page.keyboard.press("Enter")
    ada.goes_by("button[aria-label='Delete Will it come back again? for good']")
    expect(ada.page.locator("#mine ~ .list")).not_to_contain_text("Will it come back again?")


def test_what_is_saved_by_itself_takes_no_focus_away(pier: Server, invite: Invite) -> None:
    ada = invite(pier, "Ada", signed_in=True)
    drafts(ada, "question", {"title": "Will the ferry come back?"})
    expect(ada.page.locator("#beside")).to_contain_text("Asked already")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    ada.page.route(ada.page.url, hold)
    ada.tabs_to("#draft-tags")
    ada.types("boats")
    ada.tabs_to("#beside a[href='/questions/ferry']")
    assert len(held) == 1
    with ada.page.expect_response(ada.page.url):
        held[0].continue_()

    expect(ada.page.locator("#beside input[name=seen]")).to_have_value("2")
    ada.has_focus_on("#beside a[href='/questions/ferry']")


def test_a_ladder_is_asked_for_and_answered(pier: Server, invite: Invite) -> None:
    mo = invite(pier, "Mo", signed_in=True)

    drafts(mo, "ladder", LADDER)
    mo.goes_by(SEND)
    types_in_each(mo, {"#draft-new_set": "Openings"})
    mo.goes()
    mo.is_at("/ladders/opening")

    first, last = (f"#rung-opening-by-2026-03-{day}" for day in ("05", "31"))
    types_in_each(mo, {first: "40", last: "30"})
    with mo.refused(422):
        mo.presses_enter()
    mo.has_focus_on(first)
    types_in_each(mo, {last: "60"})
    mo.presses_enter()
    mo.sees("2 of 2 saved.")
    mo.has_focus_on(last)


def test_a_source_is_entered_claim_by_claim_on_the_smallest_screen(pier: Server, invite: Invite) -> None:
    ada, mo = (invite(pier, name, signed_in=True, viewport=SMALLEST) for name in ("Ada", "Mo"))

    drafts(ada, "source", SPEECH)
    ada.goes_by("button[formaction$='/claims']")
    writes(ada, CLAIM)
    ada.goes_by(SAVE)
    ada.sees("10%, as we read it.")
    ada.goes_by(".foot a")
    ada.goes_by(SEND)
    ada.sees("waits for review since")

    publishes(mo, SPEECH["title"])
    mo.goes_by(".decide button", "Space")
    mo.is_at("/sets/on-the-harbour")


def test_a_set_is_loaded(pier: Server, invite: Invite) -> None:
    mo = invite(pier, "Mo", signed_in=True)
    mo.opens("/")

    mo.goes_by("nav a[href='/sets']")
    types_in_each(mo, {"#text": "set = ["})
    mo.is_refused_by("main form button", at="#text")
    mo.tabs_to("#file", back=True)
    with mo.page.expect_file_chooser() as opened:
        mo.page.keyboard.press("Space")
    opened.value.set_files(TIDES)
    mo.goes_by("main form button")

    mo.sees("tides: 2 questions added, 0 left as they were.")
