"""What happens at the door, between two moderators, with a bad file, and when nothing is open."""

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DAY, HARBOUR, OPENING, Invite, the_harbour
from tests.browser.running import Server, running
from tests.browser.visitor import PASSWORD, Visitor

ELSEWHERE = "http://evil.example/"
AWAY = ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "\t//evil.example")
FOREIGN = (
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


def signs_in(visitor: Visitor) -> None:
    visitor.page.get_by_label("Name").fill(visitor.name)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Sign in").click()


def test_whoever_signs_in_or_up_comes_back_to_where_they_were(
    harbour: Server, invite: Invite, javascript: bool
) -> None:
    eve = invite(harbour, "Eve-js" if javascript else "Eve", javascript=javascript)

    eve.opens("/questions/ferry")
    eve.page.get_by_role("link", name="Sign in to forecast").click()
    eve.page.get_by_role("link", name="Sign up").click()
    eve.page.get_by_label("Name").fill(eve.name)
    eve.page.get_by_label("Password", exact=True).fill(PASSWORD)
    eve.page.get_by_label("The password again").fill(PASSWORD)
    eve.page.get_by_role("button", name="Sign up").click()
    eve.is_at("/questions/ferry")

    eve.page.get_by_role("button", name="Sign out").click()
    eve.is_at("/")
    eve.opens("/questions/cup")
    eve.page.locator(".account").get_by_role("link", name="Sign in").click()
    signs_in(eve)
    eve.is_at("/questions/cup")


def test_a_form_sent_after_the_session_ended_leads_to_signing_in_and_back(
    harbour: Server, invite: Invite, javascript: bool
) -> None:
    ida = invite(harbour, "Ida-js" if javascript else "Ida", javascript=javascript)
    ida.signs_up()
    ida.opens("/questions/ferry")
    before = harbour.journal()

    ida.context.clear_cookies()
    ida.page.locator("#question-ferry-probability").fill("70")
    if javascript:
        with ida.refused(401):
            ida.page.keyboard.press("Enter")
    else:
        ida.page.keyboard.press("Enter")
    ida.is_at("/sign-in?back=/questions/ferry")
    signs_in(ida)

    ida.is_at("/questions/ferry")
    assert harbour.journal() == before


def test_signing_in_or_up_leads_to_no_other_site(harbour: Server, invite: Invite) -> None:
    ian = invite(harbour, "Ian")
    ian.signs_up("/sign-up?back=//evil.example")
    ian.is_at("/")

    for back in AWAY:
        ian.page.get_by_role("button", name="Sign out").click()
        ian.opens(f"/sign-in?back={quote(back)}")
        signs_in(ian)

        expect(ian.page.locator(".account")).to_contain_text("Ian")
        ian.is_at("/")


def test_another_sites_form_is_refused_and_stores_nothing(harbour: Server, invite: Invite) -> None:
    ada = invite(harbour, "Ada", signed_in=True)
    form = f'<form method=post action="{harbour.address}/questions/ferry/forecasts">'
    page = f"<!doctype html><title>Evil</title>{form}<input name=probability value=1><button>Win</button></form>"
    ada.context.route(ELSEWHERE, lambda route: route.fulfill(body=page, content_type="text/html"))
    before = harbour.journal()
    ada.opens(ELSEWHERE)

    with ada.refused(403):
        ada.page.get_by_role("button", name="Win").click()

    ada.sees("This form was sent from another site. Open the page here and send it again.")
    assert harbour.journal() == before


@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: " ".join(*headers.items()))
def test_a_request_that_names_another_origin_is_refused_and_stores_nothing(
    harbour: Server, invite: Invite, headers: dict[str, str]
) -> None:
    ada = invite(harbour, "Ada", signed_in=True)
    before = harbour.journal()

    answers = [
        ada.context.request.post(harbour.address + path, headers=headers, form={"probability": "1", "view": "desk"})
        for path in ("/questions/ferry/forecasts", "/questions/ferry/withdrawal", "/sign-out")
    ]

    assert [answer.status for answer in answers] == [403, 403, 403]
    assert harbour.journal() == before
    ada.opens("/")
    ada.sees("Sign out")


def test_of_two_moderators_at_once_one_wins_and_the_other_sees_what_was_decided(
    tmp_path: Path, invite: Invite, javascript: bool
) -> None:
    with running(tmp_path, OPENING + DAY, prepare=the_harbour) as server:
        mo, kim, kims_phone = (
            invite(server, name, signed_in=True, javascript=javascript) for name in ("Mo", "Kim", "Kim")
        )
        mo.considers("ferry", "resolved", "yes")
        kim.considers("ferry", "resolved", "no", note="It sank.")
        kims_phone.opens("/questions/ferry/resolution")

        mo.confirms()
        mo.is_at("/questions/ferry")
        with kim.refused(409):
            kim.confirms()
        with kims_phone.refused(409):
            kims_phone.page.locator("input[name=verdict][value=annulled]").check()
            kims_phone.page.get_by_label("Note, or the reason for annulling").fill("Too late.")
            kims_phone.page.get_by_role("button", name="Show what this will do").click()

        for late, note in ((kim, "It sank."), (kims_phone, "Too late.")):
            late.sees("“Will the ferry come back?” was decided by somebody else meanwhile.")
            expect(late.page.locator(".decisions")).to_contain_text("Yes known 2 Mar 2026, 00:00 UTC")
            expect(late.page.locator(".decisions")).to_contain_text("by Mo")
            expect(late.page.get_by_label("Note, or the reason for annulling")).to_have_value(note)
        assert server.rows("SELECT verdict, outcome FROM resolution") == [("resolved", 1)]
        assert server.journal()["resolution"] == 1

        # What was typed is still there, and the form has seen Mo's decision now: sent again, it corrects that.
        kim.page.get_by_role("button", name="Show what this will do").click()
        kim.confirms()
        kim.is_at("/questions/ferry")
        assert server.rows("SELECT verdict, outcome FROM resolution") == [("resolved", 1), ("resolved", 0)]


@pytest.mark.parametrize(
    ("decision", "sentence", "wrong"),
    [
        ({"verdict": "annulled"}, "The reason is empty. Say why the question is annulled.", "note"),
        ({"verdict": "resolved", "outcome": ""}, "The outcome is empty. Say what happened.", "outcome"),
        (
            {"verdict": "resolved", "outcome": "2", "known_at": "2026-03-03 00:00"},
            "3 March 2026, 00:00 UTC lies in the future. An outcome is recorded once it is known.",
            "known_at",
        ),
        (
            {"verdict": "resolved", "outcome": "2", "known_at": "2026-02-28 00:00"},
            "28 February 2026, 00:00 UTC lies before the question opened on 1 March 2026, 00:00 UTC.",
            "known_at",
        ),
        (
            {"verdict": "resolved", "outcome": "-2"},
            "“-2” lies outside the range, which is closed: it runs from 0 to 3.",
            "outcome",
        ),
    ],
    ids=["no reason", "no outcome", "known tomorrow", "known before opening", "outside the range"],
)
def test_a_decision_that_cannot_be_is_refused_in_place(
    harbour: Server, invite: Invite, decision: dict[str, str], sentence: str, wrong: str
) -> None:
    mo = invite(harbour, "Mo", signed_in=True)
    before = harbour.journal()

    with mo.refused(422):
        mo.considers("boats", **decision)

    expect(mo.page.locator("main").get_by_role("alert")).to_contain_text(sentence)
    assert [one.get_attribute("name") for one in mo.page.locator("[aria-invalid=true]").all()] == [wrong]
    for name, text in decision.items():
        field = mo.page.locator(f"input[name={name}]")
        expect(field.and_(mo.page.locator(":checked")) if name == "verdict" else field).to_have_value(text)
    assert harbour.journal() == before


def test_only_moderators_decide_and_load(harbour: Server, invite: Invite) -> None:
    ada = invite(harbour, "Ada", signed_in=True)

    ada.opens("/questions/ferry")
    expect(ada.page.get_by_role("link", name="Resolve")).to_have_count(0)
    with ada.refused(403):
        ada.opens("/questions/ferry/resolution")
    ada.sees("You are a forecaster, and this takes a moderator.")
    ada.opens("/sets")
    expect(ada.page.get_by_role("button", name="Load it")).to_have_count(0)


def test_a_bad_set_is_refused_by_file_question_and_reason_and_its_text_is_kept(
    harbour: Server, invite: Invite, javascript: bool
) -> None:
    mo = invite(harbour, "Mo", signed_in=True, javascript=javascript)
    text = HARBOUR.read_text().replace('slug = "harbour"', 'slug = "another"').replace('slug = "', 'slug = "new-')
    backwards = text.replace("2026-03-11T00:00:00Z", "2026-02-11T00:00:00Z", 1)
    sentence = "The file, question 1 (closes_at): closes before it opens."
    before = harbour.journal()

    mo.opens("/sets")
    mo.page.get_by_label("Or its text").fill(backwards)
    with mo.refused(422):
        mo.page.get_by_role("button", name="Load it").click()
    expect(mo.page.locator("main").get_by_role("alert")).to_have_text(sentence)
    expect(mo.page.get_by_label("Or its text")).to_have_value(backwards)
    expect(mo.page.get_by_label("Or its text")).to_have_attribute("aria-invalid", "true")

    mo.page.get_by_label("Or its text").fill("set = [")
    with mo.refused(422):
        mo.page.get_by_role("button", name="Load it").click()
    mo.sees("The file is not TOML: ")
    assert harbour.journal() == before


def test_the_desk_says_so_when_nothing_is_open_and_leads_on(tmp_path: Path, invite: Invite) -> None:
    with running(tmp_path, OPENING + 400 * DAY) as server:
        anybody = invite(server)
        anybody.opens("/")
        anybody.sees("Nothing is open", "There is nothing to see here yet")
        anybody.page.locator(".first").get_by_role("link", name="Sets").click()
        anybody.is_at("/sets")
        anybody.sees("None yet.")

        with server.database() as database:
            the_harbour(database)
        mo = invite(server, "Mo", signed_in=True)
        mo.considers("ferry", "resolved", "yes", known_at="2026-03-07")
        mo.confirms()
        mo.is_at("/questions/ferry")

        anybody.opens("/")
        anybody.sees("Nothing is open", "What was decided, and how, stands below.")
        expect(anybody.row("ferry")).to_contain_text("Will the ferry come back?")
        expect(anybody.row("ferry")).to_contain_text("Yes, known 7 Mar 2026")
        anybody.page.get_by_role("link", name="Waiting for resolution 5").click()
        expect(anybody.page.locator(".row")).to_have_count(5)
