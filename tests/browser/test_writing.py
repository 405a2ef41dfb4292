"""Writing at a browser, with JavaScript and without: a question that is kept while it is typed, a source, a ladder."""

from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.conftest import DAY, OPENING, Invite, the_harbour
from tests.browser.running import Server, running
from tests.browser.test_accessibility import faults
from tests.browser.visitor import Visitor

TRAM = {
    "title": "How many trams will run at the end of June?",
    "criteria": "As the harbour master counts them.",
    "closes_at": "end of June",
}


def fills(visitor: Visitor, fields: dict[str, str]) -> None:
    """Type into the fields of a draft."""
    for name, text in fields.items():
        visitor.page.locator(f"#draft-{name}").fill(text)


def begins(visitor: Visitor, button: str) -> str:
    """Begin a draft; its address."""
    visitor.opens("/sets")
    visitor.page.get_by_role("link", name="Ask a question").click()
    visitor.page.get_by_role("button", name=button).click()
    expect(visitor.page.locator("#draft")).to_be_visible()
    return visitor.page.url


def beside(visitor: Visitor) -> Locator:
    return visitor.page.locator("#beside")


def finds(visitor: Visitor, address: str, title: str) -> None:
    """Come back to a draft until it holds what a page that was left still sent."""
    for _ in range(100):
        visitor.opens(address)
        if visitor.page.locator("#draft-title").input_value() == title:
            return
    raise AssertionError(f"The draft never held “{title}”.")


def waits_until_saved(visitor: Visitor, server: Server, text: str) -> None:
    """With JavaScript what was typed is saved by itself; without, by the button."""
    if not visitor.javascript:
        visitor.page.get_by_role("button", name="Save").first.click()
    expect(beside(visitor)).to_contain_text(text)
    assert server.rows("SELECT count(*) FROM entry WHERE kind = 'question' AND subject LIKE 'how-many%'") == [(0,)]


def looks_right(visitor: Visitor) -> None:
    """Axe finds nothing serious; it needs JavaScript, and without it the page is the same."""
    if visitor.javascript:
        assert faults(visitor) == []


def publishes(moderator: Visitor, title: str, into: str = "") -> None:
    """Find what waits, and publish it."""
    moderator.opens("/drafts/review")
    moderator.page.get_by_role("link", name=title).click()
    looks_right(moderator)
    if into:
        moderator.page.get_by_label("Into the set").select_option(into)
    moderator.page.get_by_role("button", name="Publish").click()


def test_a_question_is_written_reviewed_published_and_forecast(
    tmp_path: Path, invite: Invite, javascript: bool
) -> None:
    with running(tmp_path, OPENING + DAY, prepare=the_harbour) as server:
        ada, mo, bob = (invite(server, name, signed_in=True, javascript=javascript) for name in ("Ada", "Mo", "Bob"))

        begins(ada, "Write a question")
        ada.page.locator("#draft-kind").select_option("number")
        expect(ada.page.locator("#draft-outcomes")).to_be_hidden()
        fills(ada, TRAM | {"low": "0", "high": "3", "step": "1"})
        waits_until_saved(ada, server, "Closes30 Jun 2026, 23:59 UTC")
        expect(beside(ada)).to_contain_text("Or bin by bin: 4 bins, from “0” to “3”.")
        expect(beside(ada).get_by_label("Median")).to_be_disabled()
        looks_right(ada)
        ada.page.reload()
        expect(ada.page.locator("#draft-closes_at")).to_have_value("end of June")
        fills(ada, {"criteria": ""})
        with ada.refused(422):
            ada.page.get_by_role("button", name="Send for review").click()
        expect(ada.page.locator("#draft-criteria")).to_have_attribute("aria-invalid", "true")
        looks_right(ada)
        fills(ada, {"criteria": TRAM["criteria"]})
        ada.page.get_by_role("button", name="Send for review").click()
        ada.sees("waits for review since")

        publishes(mo, TRAM["title"], "harbour")
        mo.is_at("/questions/how-many-trams-will-run-at-the-end-of-june")

        slug = "how-many-trams-will-run-at-the-end-of-june"
        bob.opens(f"/questions/{slug}")
        for name, value in (("low", "0.5"), ("median", "1"), ("high", "2")):
            bob.page.locator(f"#question-{slug}-{name}").fill(value)
        bob.page.locator(f"#question-{slug}-interval-save").click()
        expect(bob.page.locator("#forecast .own strong")).to_contain_text("80%")
        assert server.journal()["review"] == 1
        assert server.journal()["forecast"] == 1


def test_a_draft_that_is_left_is_kept_and_two_browsers_do_not_overwrite_each_other(
    tmp_path: Path, invite: Invite
) -> None:
    with running(tmp_path, OPENING + DAY, prepare=the_harbour) as server:
        desk, phone = (invite(server, "Ada", signed_in=True) for _ in range(2))
        address = begins(desk, "Write a question")
        desk.page.locator("#draft-title").press_sequentially("Will it")
        desk.opens("/drafts")
        finds(desk, address, "Will it")

        phone.opens(address)
        desk.page.locator("#draft-title").press("End")
        desk.page.keyboard.type(" rain?")
        expect(desk.page.locator("output")).to_have_text("Saved 00:00 UTC")
        expect(beside(desk).locator("input[name=seen]")).to_have_value("2")
        phone.page.locator("#draft-title").press("End")
        with phone.refused(409):
            phone.page.keyboard.type(" snow?")
        expect(phone.page.locator("output")).to_have_text("Not saved")
        expect(beside(phone)).to_contain_text("Saved there: Will it rain?")
        expect(beside(phone)).to_contain_text("Typed here: Will it snow?")
        looks_right(phone)
        with phone.page.expect_navigation():
            phone.page.get_by_role("button", name="Save what is typed here").click()

        phone.page.reload()
        expect(phone.page.locator("#draft-title")).to_have_value("Will it snow?")


def test_a_source_is_entered_claim_by_claim(tmp_path: Path, invite: Invite, javascript: bool) -> None:
    with running(tmp_path, OPENING + DAY, prepare=the_harbour) as server:
        ada, mo = (invite(server, name, signed_in=True, javascript=javascript) for name in ("Ada", "Mo"))
        begins(ada, "Enter a source")
        fills(ada, {"title": "On the harbour", "name": "The speech", "said_at": "1 March 2026"})
        terms = {"criteria": "As announced.", "closes_at": "end of March"}

        ada.page.get_by_role("button", name="Add a claim").click()
        fills(ada, {"claim": "Nobody strikes.", "title": "Will anybody strike?", "implied_probability": "10"} | terms)
        waits_until_saved(ada, server, "10%, as we read it.")
        looks_right(ada)
        ada.page.get_by_role("link", name="Back to the source").click()
        ada.page.get_by_role("button", name="Add a claim").click()
        ada.page.locator("#draft-kind").select_option("choice")
        fills(
            ada,
            {"title": "Who is strongest?", "outcomes": "north\nsouth\nnobody", "implied_shares": "60\n30\n10"} | terms,
        )
        waits_until_saved(ada, server, "60 / 30 / 10%, as we read it.")
        ada.page.get_by_role("link", name="Back to the source").click()
        looks_right(ada)
        ada.page.get_by_role("button", name="Send for review").click()
        publishes(mo, "On the harbour")

        mo.is_at("/sets/on-the-harbour")
        mo.sees("Nobody strikes.", "The speech, as we read it", "60 / 30 / 10%")
        mo.opens("/people/the-speech")
        assert server.journal()["forecast"] == 2


def test_a_ladder_is_written_and_answered_without_contradiction(
    tmp_path: Path, invite: Invite, javascript: bool
) -> None:
    with running(tmp_path, OPENING + DAY, prepare=the_harbour) as server:
        mo = invite(server, "Mo", signed_in=True, javascript=javascript)
        begins(mo, "Write a ladder")
        mo.page.locator("#draft-direction").select_option("by")
        ladder = {
            "title": "Will it open by {threshold}?",
            "thresholds": "5 March 2026\nend of March",
            "slug": "opening",
        }
        fills(mo, ladder | {"criteria": "YES if it opens by {threshold}."})
        waits_until_saved(mo, server, "Will it open by 31 March 2026?")
        looks_right(mo)
        mo.page.get_by_role("button", name="Go on to publish").click()
        mo.page.get_by_label("Or a new set, titled").fill("Openings")
        mo.page.get_by_role("button", name="Publish").click()

        mo.is_at("/ladders/opening")
        first, last = (mo.page.locator(f"#rung-opening-by-2026-03-{day}") for day in ("05", "31"))
        first.fill("40")
        last.fill("30")
        with mo.refused(422):
            mo.page.get_by_role("button", name="Save all").click()
        expect(mo.page.locator("main").get_by_role("alert")).to_contain_text("“Will it open by 5 March 2026?” has 40%")
        expect(last).to_have_attribute("aria-invalid", "true")
        looks_right(mo)
        last.fill("60")
        mo.page.get_by_role("button", name="Save all").click()
        mo.sees("You said 60%")
        assert server.journal()["forecast"] == 2
        mo.opens("/questions/opening-by-2026-03-05")
        mo.page.get_by_role("link", name="Clarify").click()
        mo.page.locator("#draft-fine_print").fill("A gap of a metre counts.")
        mo.page.locator("#draft-note").fill("Somebody asked.")
        mo.page.get_by_role("button", name="Show what this changes").click()
        looks_right(mo)
        mo.confirms()
        mo.sees("A gap of a metre counts.")
        mo.page.get_by_role("link", name="Ask again").click()
        looks_right(mo)
        mo.page.get_by_role("button", name="A year later").click()
        expect(mo.page.locator("#draft-closes_at")).to_have_value("2027-03-05 23:59")
