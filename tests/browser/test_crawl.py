"""Every page that is linked to, for everybody who may look: no dead link, and nothing that anybody wrote comes alive.

Programs read all pages; Chromium, which is slower, one of each sort: there the policy must not be broken once, the
console stays silent, and no text that would run does.
"""

import re
from collections.abc import Iterator

import pytest
from httpx2 import Client
from playwright.sync_api import Dialog, Page

from tests.browser.conftest import Invite, cookie
from tests.browser.running import Server, running
from tests.cast import HOUR, NOON
from tests.poison import MARK, PAYLOADS, poison
from tests.web.test_routes import routes, walk

WHO = {"nobody": "", "a forecaster": "Ada", "a moderator": "Mo", "an administrator": "Root"}
STARTS = ("/", "/sets", "/due", "/leaderboard?by=brier", "/compare?a=ada&b=crowd", "/ladders/steps", "/sign-up")
SEEN = {"p-0", "p-4", "p-19", "p-98", "p-99", "labels", "unit", "day"}
"""Of the hundred questions that differ in a word these stand for all."""

WATCHING = """
window.broken = []
const tell = event => window.broken.push(`${event.violatedDirective} ${event.blockedURI}`)
addEventListener("securitypolicyviolation", tell)
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that is full of texts which would run."""
    with running(tmp_path_factory.mktemp("board"), NOON + HOUR, prepare=poison) as server:
        yield server


def visited(server: Server, name: str) -> dict[str, int]:
    """Every page that is linked to, for somebody, with its status."""
    cookies = {"brierboard": cookie(server, name)} if name else {}
    with Client(base_url=server.address, cookies=cookies, timeout=30) as browser:
        return {address: answer.status_code for address, answer in walk(browser, *STARTS, beyond=is_one_of_many)}


def is_one_of_many(address: str) -> bool:
    """Whether the page is of a question for which another one stands."""
    found = re.match("/questions/(p-[0-9]+)", address)
    return found is not None and found[1] not in SEEN


def one_of_each(addresses: dict[str, int]) -> list[str]:
    """An address for each route, of all pages there are; of questions all that are seen."""
    files = (".csv", ".atom", ".ics", ".py", ".txt", "/live")
    sorts = [route for route in routes("GET") if not route.path.endswith(files)]
    chosen = {next((one for one in addresses if route.path_regex.match(one.partition("?")[0])), "") for route in sorts}
    questions = {one for one in addresses if re.fullmatch("/questions/[a-z0-9-]+", one)}
    embeds = {f"/questions/p-4/{one}" for one in ("embed", "embed.svg", "share")}
    return sorted((chosen | questions | embeds) - {""})


@pytest.mark.parametrize("who", WHO)
def test_no_link_is_dead_and_nothing_comes_alive(board: Server, invite: Invite, who: str) -> None:
    name = WHO[who]
    addresses = visited(board, name)
    visitor = invite(board, name or "Nobody", signed_in=bool(name))
    page = visitor.page
    said: list[str] = []

    def hear(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.add_init_script(WATCHING)
    page.on("dialog", hear)

    assert {address: status for address, status in addresses.items() if status != 200} == {}
    shown = one_of_each(addresses)
    assert len(shown) > 20
    for address in shown:
        visitor.opens(address)
        assert alive(page) == [], address
        assert page.url.startswith(board.address), address
    assert said == []


def alive(page: Page) -> list[str]:
    """What has run, or was kept from it only by the policy."""
    found: list[str] = page.evaluate(f"[...window.broken, ...(window.{MARK} ? ['{MARK}'] : [])]")
    return found


def test_what_is_typed_and_refused_does_not_come_alive_either(board: Server, invite: Invite) -> None:
    """htmx puts the answer into the page, where a browser would run what a parser of whole pages leaves alone."""
    visitor = invite(board, "Ada", signed_in=True)
    visitor.page.add_init_script(WATCHING)
    visitor.opens("/questions/labels")

    for payload in PAYLOADS[:60:4]:
        field = visitor.page.locator("#forecast input[name=outcome-0]").first
        field.fill(payload)
        with visitor.refused(422):
            field.press("Enter")
        assert alive(visitor.page) == [], payload
