"""How often, how much and how slowly one may ask: what is let in, and what the rest are told."""

import gzip
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import anyio
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.models import Question
from tests.web.conftest import Visit
from tests.web.sight import Sight
from tests.web.test_routes import HTMX, everything_there_is
from web.app import create
from web.limits import LARGEST_BODY, LARGEST_SET, Allowance, Bodies, client_of
from web.rendering import address_of

HTML = {"Accept": "text/html"}
From = Callable[..., TestClient]


class Ticking:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def engine() -> str:
    """Nothing here is kept in a database."""
    return "sqlite"


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


@pytest.fixture
def come_from(database: Database, ticking: Ticking) -> Iterator[From]:
    """Open a browser at an address. Each may read six pages a minute, send three forms, try to sign in twice."""
    settings = Settings(
        host="127.0.0.1", base_url="", trusted_proxies="192.0.2.0/24, 2001:db8:ffff::1",
        reads_a_minute=6, writes_a_minute=3, sign_ins_a_minute=2,
    )  # fmt: skip
    app = create(settings, database, ticking)
    with ExitStack() as opened:
        yield lambda address: opened.enter_context(TestClient(app, client=(address, 5000), follow_redirects=False))


def statuses(browser: TestClient, times: int, address: str = "/", method: str = "GET") -> list[int]:
    return [browser.request(method, address).status_code for _ in range(times)]


# How often


def test_who_asks_too_often_is_told_when_to_come_back_and_is_let_in_then(come_from: From, ticking: Ticking) -> None:
    browser = come_from("203.0.113.7")

    assert statuses(browser, 7) == [200] * 6 + [429]
    refused = browser.get("/")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")  # six a minute: one each ten seconds
    ticking.seconds += 9.9
    assert browser.get("/").headers["retry-after"] == "1"
    ticking.seconds += 0.1
    assert statuses(browser, 2) == [200, 429]
    ticking.seconds += 60
    assert statuses(browser, 7) == [200] * 6 + [429]


def test_reading_sending_and_signing_in_count_apart(come_from: From) -> None:
    browser = come_from("203.0.113.7")

    assert statuses(browser, 3, "/sign-in", "POST") == [422, 422, 429]
    assert statuses(browser, 1, "/sign-up", "POST") == [429]
    assert statuses(browser, 4, "/questions/rain/forecasts", "POST") == [303, 303, 303, 429]
    assert statuses(browser, 7, "/sign-in") == [200] * 6 + [429]


@pytest.mark.parametrize(
    "address",
    [
        "/sign-in",
        "/sign-up",
        "/settings/password",
        "/settings/email",
        "/settings/email/removal",
        "/confirm/x",
        "/stop/x",
        "/reset",
        "/reset/x",
        "/sign-in/code",
        "/settings/second-factor/removal",
        "/settings/erasure",
    ],
)
def test_what_tries_a_secret_or_sends_a_mail_counts_as_signing_in(come_from: From, address: str) -> None:
    assert statuses(come_from("203.0.113.7"), 3, address, "POST")[-1] == 429


def test_neither_health_nor_files_are_counted(come_from: From) -> None:
    browser = come_from("203.0.113.7")

    assert statuses(browser, 20, "/healthz") == statuses(browser, 20, address_of("style.css")) == [200] * 20
    assert statuses(browser, 7) == [200] * 6 + [429]
    assert statuses(browser, 1, "/healthz") == [200]


def test_asking_for_news_counts_by_itself_and_ten_times_as_often(come_from: From, rain: Question) -> None:
    browser = come_from("203.0.113.7")

    assert statuses(browser, 61, "/questions/rain/live") == [200] * 60 + [429]
    assert statuses(browser, 7) == [200] * 6 + [429]


def test_each_address_counts_by_itself_and_a_household_as_one(come_from: From) -> None:
    full = [200] * 6 + [429]

    assert statuses(come_from("203.0.113.7"), 7) == statuses(come_from("203.0.113.8"), 7) == full
    assert statuses(come_from("2001:db8:1:2::1"), 6) == [200] * 6
    assert statuses(come_from("2001:db8:1:2:ffff::9"), 1) == [429]  # the same /64
    assert statuses(come_from("2001:db8:1:3::1"), 1) == [200]
    assert statuses(come_from("::ffff:203.0.113.7"), 1) == [429]  # the first, written otherwise


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "testclient"])
def test_this_machine_and_who_has_no_address_are_not_counted(come_from: From, address: str) -> None:
    assert statuses(come_from(address), 9) == [200] * 9


def test_zero_is_without_end(database: Database) -> None:
    app = create(Settings(reads_a_minute=0, writes_a_minute=0, sign_ins_a_minute=0), database, lambda: 0.0)
    with TestClient(app, client=("203.0.113.7", 1)) as browser:
        assert statuses(browser, 50, "/healthz") == [200] * 50
        assert statuses(browser, 10) == [200] * 10
        # From the sixth on it is the guesses at one account that are too many, and no longer the requests.
        assert statuses(browser, 10, "/sign-in", "POST") == [422] * 5 + [429] * 5
        assert statuses(browser, 40, "/sign-up", "POST") == [422] * 40


def test_the_sentence_comes_as_a_page_as_a_notice_or_alone(come_from: From) -> None:
    browser, sentence = (
        come_from("203.0.113.7"),
        "Too many requests came from your address. Wait 20 seconds and try again.",
    )
    statuses(browser, 3, "/questions/rain/forecasts", "POST")

    page, notice, alone = (browser.post("/questions/rain/forecasts", headers=one) for one in (HTML, HTMX, {}))

    assert {one.status_code for one in (page, notice, alone)} == {429}
    assert {one.headers["retry-after"] for one in (page, notice, alone)} == {"20"}
    assert sentence in Sight.of(page.text).text
    assert len(Sight.of(page.text).find("h1")) == 1
    assert Sight.of(notice.text).text == f"That did not work. {sentence}"
    assert (notice.headers["hx-retarget"], notice.headers["hx-reswap"]) == ("#notice", "innerHTML")
    assert (alone.text, alone.headers["content-type"]) == (f"{sentence}\n", "text/plain; charset=utf-8")


def test_only_so_many_are_remembered_and_who_was_silent_longest_is_forgotten(ticking: Ticking) -> None:
    allowance = Allowance(1, ticking, most=3)

    assert [allowance.wait(one) for one in "abca"] == [0, 0, 0, 60]
    allowance.wait("d")

    assert set(allowance.full_at) == {"b", "c", "d"}


def test_an_allowance_never_gives_more_than_it_holds(ticking: Ticking) -> None:
    allowance, let_in = Allowance(6, ticking), 0

    for _ in range(600):  # somebody who asks ten times a second for a minute
        let_in += allowance.wait("a") == 0
        ticking.seconds += 0.1

    assert let_in == 6 + 5


# Whom it counts for


@pytest.mark.parametrize(
    ("peer", "forwarded", "counts_for"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),  # nobody trusts them
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.1"], "198.51.100.1"),
        ("192.0.2.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),  # what stands left of it anybody may have written
        ("192.0.2.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),  # in a header of its own
        ("192.0.2.1", ["198.51.100.1, 192.0.2.77"], "198.51.100.1"),  # two proxies of ours
        ("192.0.2.1", ["192.0.2.5, 192.0.2.77"], "192.0.2.5"),
        ("192.0.2.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("192.0.2.1", ["[2001:db8::5]:4711"], "2001:db8::5"),
        ("192.0.2.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("192.0.2.1", ["198.51.100.1, unknown"], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.1, _hidden, 192.0.2.9"], "192.0.2.9"),
        ("192.0.2.1", [""], "192.0.2.1"),
        ("192.0.2.1", [",,,"], "192.0.2.1"),
        ("::ffff:192.0.2.1", ["198.51.100.1"], "198.51.100.1"),
        ("2001:db8:ffff::1", ["198.51.100.1"], "198.51.100.1"),
        ("2001:db8:ffff::2", ["198.51.100.1"], "2001:db8:ffff::2"),
        ("192.0.2.1", ["127.0.0.1"], ""),
    ],
)
def test_a_proxy_is_believed_where_it_was_named(
    come_from: From, monkeypatch: pytest.MonkeyPatch, peer: str, forwarded: list[str], counts_for: str
) -> None:
    seen = []

    def look(scope: Scope) -> str:
        seen.append(scope["client"][0])
        return client_of(scope)

    monkeypatch.setattr("web.limits.client_of", look)
    headers = [("X-Forwarded-For", one) for one in forwarded]
    come_from(peer).get("/healthz", headers=headers)

    assert client_of({"client": (seen[0], 0)}) == client_of({"client": (counts_for, 0)})


def test_a_lie_about_who_asks_buys_nothing(come_from: From) -> None:
    browser = come_from("203.0.113.7")

    answers = [browser.get("/", headers={"X-Forwarded-For": f"198.51.100.{one}"}).status_code for one in range(7)]

    assert answers == [200] * 6 + [429]


# How much, and how


def test_a_body_that_is_too_large_is_refused_whatever_it_says_of_its_length(
    visit: Visit, database: Database, rain: Question, mo: Forecaster
) -> None:
    browser, before = visit(mo), everything_there_is(database)
    sentence = "This is larger than 4 MB. Send less at once."

    def pieces(size: int) -> Iterator[bytes]:
        yield b"text="
        for _ in range(size // 100_000):
            yield b"x" * 100_000

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    said = browser.post("/sets", content=b"x" * (LARGEST_SET + 1), headers=form)
    chunked = browser.post("/sets", content=pieces(10_000_000), headers=form)
    chunked_page = browser.post("/sets", content=pieces(10_000_000), headers=form | HTML)
    lying = browser.post("/sets", content=pieces(10_000_000), headers=form | {"Content-Length": "5"})

    assert [one.status_code for one in (said, chunked, chunked_page, lying)] == [413] * 4
    assert {one.headers["connection"] for one in (said, chunked)} == {"close"}
    assert said.text == f"{sentence}\n"
    assert sentence in Sight.of(chunked.text).text
    assert everything_there_is(database) == before


def test_only_a_set_may_be_that_large(visit: Visit, ada: Forecaster) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    for address in ("/sign-in", "/settings/email", "/drafts", "/sets/", "/nowhere"):
        answer = visit(ada).post(address, content=b"x" * (LARGEST_BODY + 1), headers=form)
        assert (answer.status_code, answer.text) == (413, "This is larger than 1 MB. Send less at once.\n")


def test_a_file_of_a_form_counts_as_a_whole(visit: Visit, mo: Forecaster) -> None:
    files = {"file": ("set.toml", b"#" * (LARGEST_SET + 1))}

    assert visit(mo).post("/sets", files=files).status_code == 413


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "gzip, identity", "x" * 500])
def test_a_packed_body_is_refused_unread(visit: Visit, database: Database, mo: Forecaster, coding: str) -> None:
    bomb = gzip.compress(b"text=" + b"x" * 10_000_000)
    headers = {"Content-Encoding": coding, "Content-Type": "application/x-www-form-urlencoded"}

    answer = visit(mo).post("/sets", content=bomb, headers=headers)

    assert answer.status_code == 415
    assert answer.text == "What is sent here must not be packed. Leave Content-Encoding out.\n"


def apart(*call: Any) -> None:
    """Run it in a thread of its own: in this one a browser's loop may be running."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: anyio.run(*call)).result()


def test_a_body_that_comes_too_slowly_is_given_up(visit: Visit) -> None:
    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)

    async def drip() -> Message:
        await anyio.sleep(0.03)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def at_once() -> Message:
        return {"type": "http.request", "body": b"x", "more_body": False}

    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    bodies = Bodies(read, slowest=0.1)
    with pytest.raises(Exception, match="did not come whole within") as raised:
        apart(bodies, scope, drip, keep)
    apart(bodies, scope, at_once, keep)

    assert (raised.value.status_code, raised.value.headers) == (408, {"Connection": "close"})  # type: ignore[attr-defined]
    assert sent[-1]["body"] == b"1 bytes"


def test_who_goes_away_before_their_body_came_whole_is_no_fault_of_ours() -> None:
    """The log would fill with them otherwise."""
    coming: list[Message] = [
        {"type": "http.request", "body": b"x", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()

    async def go_away() -> Message:
        return coming.pop(0)

    async def hear(message: Message) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    with pytest.raises(HTTPException, match="The body did not come whole") as raised:
        apart(Bodies(read), scope, go_away, hear)

    assert raised.value.status_code == 400
