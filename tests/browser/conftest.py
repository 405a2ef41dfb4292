"""Browser tests: Debian's Chromium without a screen, servers of its own, visitors whose pages may not complain."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from forecasts import accounts, loading
from forecasts.database import Database
from questions import journal, setfile
from tests.browser.running import Server, running
from tests.browser.visitor import Visitor
from tests.cast import called, join

HARBOUR = Path(__file__).parent / "harbour.toml"
OPENING = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CALLED = ("chromium-headless-shell", "chromium", "chromium-browser")
"""What Chromium may be called here. The first draws for no screen at all, which takes a third less time."""

NOT_FOUND = "Chromium is not here: install Debian's package chromium-headless-shell for the browser tests."

PATIENCE = 15_000
"""How many milliseconds a page may take on a machine that is busy with other tests."""

Invite = Callable[..., Visitor]
expect.set_options(timeout=PATIENCE)


def chromium() -> str | None:
    """Where Chromium is; None where it is not here."""
    return next((found for name in CALLED if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium, which is never fetched, and talks to nobody but us."""
    found = chromium()
    if found is None:
        (pytest.fail if os.environ.get("BRIERBOARD_TEST_NO_SKIPS") else pytest.skip)(NOT_FOUND)
    return {**browser_type_launch_args, "executable_path": found, "args": QUIET}


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def javascript(request: pytest.FixtureRequest) -> bool:
    """Whether the browser runs it: everything must work either way."""
    return bool(request.param)


@pytest.fixture
def invite(browser: Browser) -> Iterator[Invite]:
    """Let somebody come to a server with a browser of their own. No page of theirs may have complained in the end.

    signed_in  as the person of that name, who joined before; `options` are those of Playwright's new_context
    """
    visitors: list[Visitor] = []

    def come(
        server: Server, name: str = "Nobody", *, signed_in: bool = False, javascript: bool = True, **options: Any
    ) -> Visitor:
        context = browser.new_context(java_script_enabled=javascript, **options)
        context.set_default_timeout(PATIENCE)
        if signed_in:
            context.add_cookies([{"name": "brierboard", "value": cookie(server, name), "url": server.address}])
        visitors.append(Visitor(name, context, server.address, javascript))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.context.close()
    assert [one for visitor in visitors for one in visitor.troubles] == []


def cookie(server: Server, name: str) -> str:
    """What the browser of somebody who signed in holds."""
    with server.database() as database:
        person = called(database, name.lower())
        with database.writing() as (session, moment):
            return accounts.sign_in(session, person, moment)


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the harbour's questions, a day after they opened. Its clock is not to be moved."""
    with running(tmp_path_factory.mktemp("harbour"), OPENING + DAY, prepare=the_harbour) as server:
        yield server


def the_harbour(database: Database) -> None:
    """The harbour's questions, and Ada and Bob who forecast, Mo and Kim who moderate."""
    load(database, HARBOUR)
    for name in ("Ada", "Bob"):
        join(database, name)
    for name in ("Mo", "Kim"):
        join(database, name, "moderator")


def load(database: Database, path: Path) -> None:
    """Load a set, as `brierboard load` does."""
    file = setfile.parse(path.read_bytes(), path.name)
    with database.writing() as (session, moment):
        loading.load(session, file, path.name, by=journal.OPERATOR, moment=moment)
