"""Being told: an address, a digest, a webhook and a calendar are set by keyboard alone, and all of it arrives."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from forecasts import chores
from forecasts.settings import Settings
from tests.browser.conftest import DAY, OPENING, Invite, the_harbour
from tests.browser.running import running
from tests.browser.test_accessibility import asked, faults
from tests.browser.visitor import Visitor
from tests.cast import called, resolve
from tests.postmen import plain, post_office, receiver


def presses(visitor: Visitor, button: str) -> None:
    """Tab to the button and press it; the form is an ordinary one, with JavaScript or without."""
    visitor.tabs_to(f"form[action='{button}'] button")
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")


def test_who_asks_to_be_told_is_told(
    tmp_path: Path, invite: Invite, monkeypatch: pytest.MonkeyPatch, javascript: bool
) -> None:
    with post_office() as office, receiver() as hook:
        monkeypatch.setenv("BRIERBOARD_SMTP_URL", office.address)
        with running(tmp_path, OPENING + DAY, prepare=the_harbour) as server:
            ada = invite(server, "Ada", signed_in=True, javascript=javascript)
            nobody = invite(server, javascript=javascript)
            ada.opens("/settings")

            ada.tabs_to("#email")
            ada.types("ada@example.org")
            presses(ada, "/settings/email")
            ada.sees("A link was sent to ada@example.org")
            (link,) = re.findall(r"http://\S+/confirm/\S+", plain(office.kept[0]))
            nobody.opens(link)
            nobody.tabs_to("form[action^='/confirm'] button")
            with nobody.page.expect_navigation():
                nobody.page.keyboard.press("Enter")
            nobody.sees("Mail for Ada goes to ada@example.org from now on.")

            ada.opens("/settings")
            ada.tabs_to("input[name=every]")
            ada.page.keyboard.press("ArrowDown")
            presses(ada, "/settings/digest")
            expect(ada.page.locator("input[name=every][value=day]")).to_be_checked()

            ada.tabs_to("#webhooks summary")
            ada.page.keyboard.press("Enter")
            ada.tabs_to("#address")
            ada.types(hook.address)
            presses(ada, "/settings/webhooks")
            ada.sees("It is shown only now: copy it.", "whsec_")
            presses(ada, "/settings/webhooks/2/test")
            presses(ada, "/settings/calendar")
            ada.sees("The address of your calendar.", "/calendar/")
            if javascript:
                assert faults(ada) == []

            settings = Settings(host="127.0.0.1", base_url=server.address, smtp_url=office.address)
            with server.database() as database:
                resolve(database, called(database, "mo"), asked(database, "ferry"), 1)
                chores.tick(database, settings)
                server.clock.advance(DAY)
                chores.tick(database, settings)
            ada.opens("/settings")
            ada.sees("Decided", "Sent", "250 Kept", "200 Thank you")
            (stopping,) = re.findall(r"To stop: (\S+)", plain(office.kept[-1]))
            nobody.opens(stopping)
            if javascript:
                assert faults(nobody) == []
            nobody.tabs_to("form[action^='/stop'] button")
            with nobody.page.expect_navigation():
                nobody.page.keyboard.press("Enter")
            nobody.sees("It is stopped. Nothing more will come.")

    assert len(office.kept) == 2
    assert len(hook.kept) > 1
