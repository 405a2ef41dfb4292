"""The security log: what is told of, in one line of JSON each, and what never stands in one."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from forecasts import accounts, bots, resetting, subscribing, tokens, watchbook
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.models import Question
from tests.cast import MovedClock, join
from tests.forecasts.test_secondfactor import code, set_up
from tests.web.conftest import Visit
from tests.web.sight import Sight
from web.app import create
from web.watching import EVENTS

PASSWORD = "correct horse"
ALL = ("time", "event", "outcome", "status", "who", "whom", "role", "fault", "client", "method", "route", "request")
Lines = list[dict[str, Any]]


class Kept(logging.Handler):
    """Keeps what is written, as it would be."""

    def __init__(self) -> None:
        super().__init__()
        self.raw: list[str] = []
        self.setFormatter(watchbook.Lines())

    def emit(self, record: logging.LogRecord) -> None:
        self.raw.append(self.format(record))

    @property
    def lines(self) -> Lines:
        return [json.loads(one) for one in self.raw]

    def told(self, *names: str) -> list[tuple[Any, ...]]:
        """These parts of every line."""
        return [tuple(one.get(name, "") for name in names) for one in self.lines]


@pytest.fixture
def log() -> Iterator[Kept]:
    """What the log says from here on."""
    kept, level = Kept(), watchbook.LOG.level
    watchbook.LOG.addHandler(kept)
    watchbook.LOG.setLevel(logging.INFO)
    yield kept
    watchbook.LOG.removeHandler(kept)
    watchbook.LOG.setLevel(level)


@pytest.fixture
def eve(database: Database) -> Forecaster:
    """She has a password."""
    name, sealed = accounts.judge("Eve", PASSWORD)
    with database.writing() as (session, moment):
        return accounts.join(session, name, sealed, moment)


def test_a_line_says_when_what_who_from_where_and_by_which_route(visit: Visit, log: Kept, eve: Forecaster) -> None:
    visit().post("/sign-in?back=/due", data={"name": "Eve", "password": PASSWORD})

    (line,) = log.lines
    assert line.pop("time").endswith("+00:00")
    assert len(line.pop("request")) == 16
    assert line == {
        "event": "sign-in", "outcome": "done", "status": 303, "who": eve.pseudonym, "client": "testclient",
        "method": "POST", "route": "/sign-in",
    }  # fmt: skip


def test_signing_in_is_told_however_it_ends(
    visit: Visit, log: Kept, database: Database, clock: MovedClock, eve: Forecaster
) -> None:
    set_up(database, eve)
    wrong, right = {"name": "Eve", "password": "wrong horse"}, {"name": "Eve", "password": PASSWORD}
    browser = visit()

    visit().post("/sign-in", data={"name": "Nobody", "password": PASSWORD})
    browser.post("/sign-in", data=right)
    browser.post("/sign-in/code", data={"code": "000000"})
    browser.post("/sign-in/code", data={"code": code(clock.now())})
    browser.post("/sign-out")
    for _ in range(6):
        visit().post("/sign-in", data=wrong)

    assert log.told("event", "outcome", "status", "who") == [
        ("sign-in", "refused", 422, ""),
        ("sign-in", "half", 200, eve.pseudonym),
        ("second factor", "refused", 422, eve.pseudonym),
        ("second factor", "done", 303, eve.pseudonym),
        ("sign-out", "done", 303, eve.pseudonym),
        *[("sign-in", "half", 200, eve.pseudonym)] * 5,
        ("sign-in", "throttled", 429, eve.pseudonym),
    ]


def test_what_somebody_does_about_their_account_is_told(
    visit: Visit, log: Kept, database: Database, eve: Forecaster
) -> None:
    here = visit(eve)
    new = {"password": "another horse", "again": "another horse"}

    here.post("/settings/sessions/others")
    here.post("/settings/password", data={**new, "old": "wrong horse"})
    here.post("/settings/password", data={**new, "old": PASSWORD})
    here.post("/settings/tokens", data={"name": "a program", "read": "on"})
    here.post("/settings/tokens/1/revocation")
    visit().post("/settings/password", data=new)

    assert log.told("event", "outcome", "who", "whom") == [
        ("sessions ended", "done", eve.pseudonym, ""),
        ("password changed", "refused", eve.pseudonym, ""),
        ("password changed", "done", eve.pseudonym, ""),
        ("token made", "done", eve.pseudonym, eve.pseudonym),
        ("token revoked", "done", eve.pseudonym, eve.pseudonym),
        ("password changed", "refused", "", ""),
    ]


def test_who_comes_with_which_role_is_told_and_who_asked_them(visit: Visit, log: Kept, database: Database) -> None:
    root = join(database, "Root", "administrator")
    made = visit(root).post("/invitations", data={"role": "moderator", "days": "7", "uses": "1"})
    link = next(one.text for one in Sight.of(made.text).find("code") if "invitation=" in one.text)
    fields = {"name": "Zoe", "password": PASSWORD, "again": PASSWORD, "invitation": link.partition("invitation=")[2]}

    visit().post("/sign-up", data=fields)
    visit(root).post("/invitations", data={"role": "emperor", "days": "7", "uses": "1"})

    with database.reading() as session:
        zoe = accounts.named(session, "zoe")
    assert zoe is not None
    assert log.told("event", "outcome", "who", "role") == [
        ("invitation made", "done", root.pseudonym, "moderator"),
        ("sign-up", "done", zoe.pseudonym, "moderator"),
        ("invitation made", "refused", root.pseudonym, ""),
    ]


def test_what_is_done_to_somebody_names_both(
    visit: Visit, log: Kept, database: Database, eve: Forecaster, mo: Forecaster
) -> None:
    root = join(database, "Root", "administrator")
    link = visit(root).post("/invitations/reset-link", data={"name": "Eve"})
    path = next(one.text for one in Sight.of(link.text).find("code")).partition("8000")[2]

    visit().post(path, data={"password": "another horse", "again": "another horse"})
    visit(mo).post("/people/eve/suspension", data={"act": "do", "note": "Noise."})
    visit(eve).post("/people/mo/suspension", data={"act": "do", "note": "Revenge."})

    assert log.told("event", "outcome", "who", "whom", "route") == [
        ("reset link made", "done", root.pseudonym, eve.pseudonym, "/invitations/reset-link"),
        ("password reset", "done", "", eve.pseudonym, "/reset/{token}"),
        ("suspension", "done", mo.pseudonym, eve.pseudonym, "/people/{handle}/suspension"),
        ("suspension", "refused", eve.pseudonym, mo.pseudonym, "/people/{handle}/suspension"),
    ]


def test_what_somebody_may_not_do_is_told_whatever_it_is(
    visit: Visit, log: Kept, database: Database, rain: Question, ada: Forecaster
) -> None:
    with database.writing() as (session, moment):
        token = tokens.add(session, ada, "a program", ["read"], moment)[1]
    bearer = {"Authorization": f"Bearer {token}"}

    visit(ada).get("/invitations")
    visit(ada).post("/questions/rain/resolution", data={"verdict": "1"})
    visit().post("/api/v1/questions/rain/forecasts", json={"probability": 0.5}, headers=bearer)
    visit().get("/api/v1/me", headers={"Authorization": "Bearer brier_nonsense"})
    visit(ada).get("/")
    visit(ada).get("/no-such-page")

    assert log.told("event", "outcome", "status", "who", "method", "route") == [
        ("permission", "refused", 403, ada.pseudonym, "GET", "/invitations"),
        ("permission", "refused", 403, ada.pseudonym, "POST", "/questions/{slug}/resolution"),
        ("permission", "refused", 403, ada.pseudonym, "POST", "/api/v1/questions/{slug}/forecasts"),
        ("identity", "refused", 401, "", "GET", "/api/v1/me"),
    ]


def test_who_is_turned_away_at_the_door_is_told_of(database: Database, log: Kept) -> None:
    """By the template of where they wanted to go, though nobody looked for the route."""
    settings = Settings(host="127.0.0.1", base_url="https://board.example.org", sign_ins_a_minute=1)
    elsewhere = {"Origin": "https://evil.example"}
    with TestClient(
        create(settings, database), base_url="https://board.example.org", client=("2001:db8::7", 5000)
    ) as browser:
        browser.get("/", headers={"Host": "evil.example"})
        browser.post("/settings/tokens/7/revocation", headers=elsewhere)
        browser.post("/reset/a-secret-token", headers=elsewhere)
        browser.post("/reset/a-secret-token", headers=elsewhere)
        browser.post("/api/v1/questions/rain/forecasts", content=b"x" * 1_000_001)
        browser.post("/not/a/page", headers={"Content-Encoding": "gzip"})

    assert {one["client"] for one in log.lines} == {"2001:db8::/64"}
    assert log.told("event", "outcome", "status", "route") == [
        ("door", "refused", 421, "/"),
        ("door", "refused", 403, "/settings/tokens/{number}/revocation"),
        ("door", "refused", 403, "/reset/{token}"),
        ("door", "throttled", 429, "/reset/{token}"),
        ("door", "refused", 413, "/api/v1/questions/{slug}/forecasts"),
        ("door", "refused", 415, ""),
    ]


@pytest.mark.parametrize("path", ["/broken", "/api/v1/broken"])
def test_a_fault_is_told_of_once_by_its_kind_and_without_its_words(app: FastAPI, log: Kept, path: str) -> None:
    def broken() -> None:
        raise RuntimeError("The password was correct horse.")

    app.add_api_route("/broken", broken)
    mounted = next(one.app for one in app.routes if getattr(one, "path", "") == "/api/v1")  # type: ignore[attr-defined]
    mounted.add_api_route("/broken", broken)

    with TestClient(app, raise_server_exceptions=False) as browser:
        assert browser.get(path).status_code == 500

    assert log.told("event", "outcome", "status", "fault", "route") == [("fault", "failed", 500, "RuntimeError", path)]
    assert "horse" not in log.raw[0]


def test_two_lines_of_one_request_never_are_and_each_has_a_number_of_its_own(
    visit: Visit, log: Kept, ada: Forecaster
) -> None:
    for _ in range(3):
        visit(ada).get("/invitations")

    assert len(log.lines) == len({one["request"] for one in log.lines}) == 3


SECRET = "hunter2-Zs3cr3t"
INJECTED = f'{SECRET}\r\n{{"event": "sign-in", "outcome": "done"}}\u2028<b>é'


def everything_that_is_posted() -> list[str]:
    """Every address that a form or a program may be sent to, secrets in its place of variables."""
    from web import api  # noqa: PLC0415
    from web.app import ROUTES  # noqa: PLC0415

    parts = [("", part) for part in ROUTES] + [("/api/v1", part) for part in api.PARTS]
    routes = [(prefix, route) for prefix, part in parts for route in part.router.routes if isinstance(route, APIRoute)]
    return [
        f"{prefix}{route.path}".replace("{", "").replace("}", f"-{SECRET}").replace(":int", "")
        for prefix, route in routes
        if "POST" in (route.methods or ())
    ]


def fed(browser: TestClient, address: str) -> None:
    """Send secrets wherever something can be sent."""
    names = "name password again old email code token tokens note act session invitation back state role read for"
    headers = {
        "User-Agent": SECRET, "Referer": f"http://testserver/{SECRET}", "X-Forwarded-For": SECRET,
        "Idempotency-Key": SECRET, "X-Request-Id": SECRET,
    }  # fmt: skip
    path = f"{address}?code={SECRET}&state={SECRET}"
    browser.cookies.set("brierboard_step", SECRET)
    browser.post(path, data=dict.fromkeys(names.split(), INJECTED), headers=headers)
    browser.post(path, json=dict.fromkeys(names.split(), INJECTED), headers=headers)
    browser.post(path, headers={**headers, "Authorization": f"Bearer {SECRET}", "Origin": f"https://{SECRET}.example"})
    browser.get(address, headers={**headers, "Authorization": f"Bearer brier_{SECRET}"})
    browser.request(f"X{SECRET}", path, headers={"Origin": "https://evil.example"})


def test_no_secret_and_no_text_that_was_typed_ever_stands_in_it(
    visit: Visit, log: Kept, database: Database, eve: Forecaster
) -> None:
    with database.writing() as (session, moment):
        subscribing.confirm(session, subscribing.set_email(session, eve, "eve@example.org", moment), moment)
        bots.add(session, eve, "Evebot", moment)
        works = resetting.link(session, "eve", moment)
    addresses = everything_that_is_posted()

    for browser in (visit(), visit(eve)):
        for address in (*addresses, f"/reset/{works}"):
            fed(browser, address)
    visit().post("/sign-in", data={"name": "Eve", "password": PASSWORD})

    said = "\n".join(log.raw)
    assert len(log.raw) > 2 * len(EVENTS)
    assert [one for one in (SECRET, SECRET.lower(), PASSWORD, "eve@example.org", works) if one in said] == []
    assert [one for one in log.lines if set(one) - set(ALL)] == []
    assert [one for one in log.raw if "\n" in one or not one.isascii()] == []
    assert {one.get("who", "") for one in log.lines} == {"", eve.pseudonym}
    assert {one["method"] for one in log.lines} == {"GET", "POST", "other"}


def test_a_line_stays_one_line_whatever_stands_in_it(log: Kept) -> None:
    watchbook.say("sign-in", who=INJECTED)

    (raw,) = log.raw
    assert raw.isascii()
    assert "\n" not in raw
    assert "\r" not in raw
    assert log.lines[0]["who"] == INJECTED


# What is told of


ACCOUNTS = (
    "accounts",
    "resetting",
    "signon",
    "sessions",
    "factors",
    "invitations",
    "keys",
    "moderation",
    "merging",
    "erasing",
)


def test_every_form_about_accounts_is_told_of_and_nothing_is_named_that_is_not_there() -> None:
    from web import api  # noqa: PLC0415
    from web.app import ROUTES  # noqa: PLC0415

    posts: Callable[[Any], set[str]] = lambda part: {  # noqa: E731
        route.path for route in part.router.routes if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    }
    there = {path for part in ROUTES for path in posts(part)}
    there |= {f"/api/v1{path}" for part in api.PARTS for path in posts(part)}
    about = {path for name in ACCOUNTS for path in posts(import_module(f"web.routes.{name}"))}

    assert set(EVENTS) - there == set()
    assert about - set(EVENTS) == set()


def test_the_log_goes_to_standard_error_once_however_often_it_is_opened() -> None:
    program = (
        "from forecasts import watchbook; watchbook.open_on_standard_error(); watchbook.open_on_standard_error(); "
        "watchbook.say('sign-in', outcome='done', who='')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    (line,) = done.stderr.splitlines()
    told = json.loads(line)
    assert (set(told), told["event"], done.stdout) == ({"time", "event", "outcome"}, "sign-in", "")
