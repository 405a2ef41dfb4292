"""What every answer tells the browser: what a page may load, who may frame it, who may keep it, whom cookies serve."""

import json
from base64 import b64encode
from hashlib import sha256

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from forecasts import resetting
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.models import Question
from tests.cast import join
from tests.web.conftest import Town, Visit, token_for
from tests.web.sight import Sight
from tests.web.test_routes import HTMX, STARTS, crawl, routes, secrets_of, write
from web.app import create
from web.dependencies import COOKIE
from web.headers import ALWAYS
from web.limits import LARGEST_BODY
from web.rendering import address_of, static_files

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HTTPS = "https://board.example"
EMBEDS = ("/questions/binary/embed", "/questions/binary/embed.svg")


@pytest.fixture
def engine() -> str:
    """No database changes what a header says."""
    return "sqlite"


@pytest.fixture
def secure(database: Database) -> TestClient:
    """A browser that comes by https."""
    app = create(Settings(host="127.0.0.1", base_url=HTTPS), database)
    return TestClient(app, base_url=HTTPS, follow_redirects=False)


def policy(said: str) -> dict[str, str]:
    return dict(one.strip().split(" ", 1) for one in said.split(";"))


def test_a_page_loads_our_own_files_and_nothing_else(visit: Visit) -> None:
    said = visit().get("/").headers

    assert policy(said["content-security-policy"]) == POLICY
    assert said["x-frame-options"] == "DENY"
    assert said["x-content-type-options"] == "nosniff"
    assert said["referrer-policy"] == "same-origin"
    assert said["cross-origin-opener-policy"] == said["cross-origin-resource-policy"] == "same-origin"
    assert said["cache-control"] == "private, no-cache"
    assert {"camera=()", "geolocation=()", "microphone=()"} <= set(said["permissions-policy"].split(", "))
    assert "server" not in said


def test_every_page_file_and_feed_has_the_headers_whoever_asks(
    visit: Visit, database: Database, town: Town, ada: Forecaster, mo: Forecaster
) -> None:
    secret = secrets_of(database, ada)
    write(database, ada)

    for who in (None, ada, mo):
        browser = visit(who)
        for address, _ in crawl(browser, *STARTS, *secret, "/nowhere", "/questions/binary/forecasts"):
            headers = browser.get(address).headers
            assert set(map(str.lower, ALWAYS)) <= set(headers), address
            assert "unsafe" not in headers["content-security-policy"]
            assert ("x-frame-options" in headers) == (address not in EMBEDS), address


def test_a_refusal_and_a_fault_of_ours_have_the_headers_too(app: FastAPI, rain: Question) -> None:
    def broken() -> None:
        raise RuntimeError("It broke.")

    app.add_api_route("/broken", broken)
    with TestClient(app, raise_server_exceptions=False) as browser:
        answers = [
            browser.get("/broken"),
            browser.post("/sign-in", headers={"Origin": "https://evil.example"}),
            browser.post("/sign-in", headers={"Content-Encoding": "gzip"}),
            browser.post("/sign-in", content=b"x" * (LARGEST_BODY + 1)),
            browser.post("/sign-in", content=b"a=1&a=2", headers={"Content-Type": "application/x-www-form-urlencoded"}),
            browser.post("/questions/rain/forecasts", follow_redirects=False),
            browser.put("/"),
        ]

    assert [answer.status_code for answer in answers] == [500, 403, 415, 413, 422, 303, 405]
    for answer in answers:
        assert policy(answer.headers["content-security-policy"]) == POLICY
        assert set(map(str.lower, ALWAYS)) <= set(answer.headers)


def test_what_is_made_to_be_shown_elsewhere_is_and_does_nothing_there(visit: Visit, town: Town) -> None:
    frame, picture = (visit().get(address) for address in EMBEDS)

    for answer in (frame, picture):
        said = policy(answer.headers["content-security-policy"])
        assert (said["default-src"], said["frame-ancestors"]) == ("'none'", "*")
        assert "script-src" not in said
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["cache-control"] == "public, max-age=60"
    style = picture.text.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy(picture.headers["content-security-policy"])["style-src"] == f"'sha256-{digest}'"


def test_an_embed_that_has_not_changed_says_the_same(visit: Visit, town: Town) -> None:
    for address in EMBEDS:
        first = visit().get(address)
        again = visit().get(address, headers={"If-None-Match": first.headers["etag"]})

        assert again.status_code == 304
        assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
        assert "x-frame-options" not in again.headers


def test_browsers_that_come_by_https_are_told_to_stay_with_it(secure: TestClient, visit: Visit) -> None:
    for address in ("/", "/healthz", "/nowhere", address_of("style.css")):
        said = secure.get(address).headers["strict-transport-security"]

        assert said == "max-age=63072000; includeSubDomains"
    assert "strict-transport-security" not in visit().get("/").headers


def test_no_neighbouring_site_can_set_the_cookies_of_one_that_is_reached_by_https(
    secure: TestClient, database: Database, ada: Forecaster
) -> None:
    (opened,) = [one for one in secrets_of(database, ada) if one.startswith("/open/")]

    secure.cookies.set(f"__Host-{COOKIE}", token_for(database, ada))
    links = secure.get(opened).headers["set-cookie"]
    left = secure.post("/sign-out").headers["set-cookie"]

    for given, name in ((links, "__Host-brierboard_links"), (left, "__Host-brierboard")):
        parts = [one.strip().lower() for one in given.split(";")]
        assert given.startswith(f"{name}=")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(parts)
        assert not any(one.startswith("domain") for one in parts)
    assert "max-age=0" in left.lower()


def test_where_https_is_spoken_a_cookie_without_the_prefix_signs_nobody_in(
    secure: TestClient, database: Database, ada: Forecaster
) -> None:
    token = token_for(database, ada)
    plain = secure.get("/settings", headers={"Cookie": f"{COOKIE}={token}"})
    prefixed = secure.get("/settings", headers={"Cookie": f"__Host-{COOKIE}={token}"})

    assert (plain.status_code, prefixed.status_code) == (303, 200)


def test_htmx_is_told_to_evaluate_nothing_and_to_ask_nobody_else(visit: Visit) -> None:
    (meta,) = Sight.of(visit().get("/").text).find("meta", name="htmx-config")
    config = json.loads(meta.attributes["content"])

    assert (config["allowEval"], config["includeIndicatorStyles"], config["allowScriptTags"]) == (False, False, False)
    assert (config["selfRequestsOnly"], config["historyCacheSize"]) == (True, 0)
    assert {"code": "[45]..", "swap": True, "error": True} in config["responseHandling"]


def test_a_file_of_ours_is_what_it_says_and_never_changes(visit: Visit) -> None:
    for name in static_files():
        answer = visit().get(address_of(name))

        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"  # a frame elsewhere loads it too
        assert answer.headers["content-type"].partition(";")[0] in {"text/css", "text/javascript", "image/svg+xml"}


def test_what_only_some_may_see_is_kept_by_no_cache(visit: Visit, town: Town) -> None:
    for address in ("/questions/snow/crowd.csv", "/questions/snow/receipts/ada/receipt.csv", "/questions/snow"):
        assert visit().get(address).headers["cache-control"] == "private, no-cache"


# Methods


def test_head_is_answered_as_get_is_without_the_content(visit: Visit, town: Town, ada: Forecaster) -> None:
    """How small it can be packed differs by the random words that forms carry; they are alike in length."""
    browser = visit(ada)

    for address, status in crawl(browser, *STARTS, "/nowhere"):
        for coding, varying in (("gzip", {"date", "content-length"}), ("identity", {"date"})):
            told = {"Accept-Encoding": coding}
            got, head = browser.get(address, headers=told), browser.head(address, headers=told)
            assert (head.status_code, head.content) == (status, b""), address
            assert {name: value for name, value in head.headers.items() if name not in varying} == {
                name: value for name, value in got.headers.items() if name not in varying
            }, address


def test_a_method_that_an_address_does_not_take_is_told_which_it_takes(visit: Visit, rain: Question) -> None:
    browser = visit()
    allowed = {
        "/": "GET, HEAD",
        "/healthz": "GET, HEAD",
        "/sign-in": "GET, HEAD, POST",
        "/sign-out": "POST",
        "/questions/rain/forecasts": "POST",
        "/questions/rain/resolution": "GET, HEAD, POST",
        address_of("style.css"): "GET, HEAD",
    }

    for address, methods in allowed.items():
        for method in ("TRACE", "OPTIONS", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "x" * 60):
            answer = browser.request(method, address)
            assert (answer.status_code, answer.headers.get("allow")) == (405, methods), (method, address)
            assert "cookie" not in answer.text.lower()


def test_every_route_tells_all_of_its_methods(visit: Visit) -> None:
    """Also where several routes share an address."""
    paths = {route.path for route in routes("GET")} & {route.path for route in routes("POST")}

    assert len(paths) > 8
    for path in paths:
        answer = visit().request("DELETE", path.replace(":int", "").replace("{number}", "1").replace("{claim}", "1"))
        if answer.status_code == 405:
            assert answer.headers["allow"] == "GET, HEAD, POST", path


# What people typed in headers


def test_no_text_of_ours_ends_a_header(visit: Visit, database: Database, ada: Forecaster) -> None:
    """Slugs and handles stand in file names; neither can hold more than small letters, digits and dashes."""
    browser = visit(ada)
    for path in (
        "/questions/%0d%0aSet-Cookie:a=b/crowd.csv",
        "/questions/rain%22%0d%0aX:y/receipts/ada/receipt.csv",
        "/people/%0d%0aLocation:x/feed.atom",
        "/open/%0d%0aSet-Cookie:a=b",
        "/sign-in?back=/%0d%0aSet-Cookie:a=b",
        "/questions/rain%00/resolution",
        "/settings%0d%0aX:y",
        "/drafts/1%0d%0aX:y",
    ):
        for address in (path, path.replace("%0d%0a", "%E5%98%8D%E5%98%8A")):  # whose low bytes are CR and LF
            for headers in ({}, HTMX):
                answer = browser.get(address, headers=headers)
                assert answer.status_code < 500
                assert "set-cookie" not in answer.headers
                assert "\r" not in str(answer.headers.get("location"))


@pytest.mark.parametrize("back", ["/a\r\nSet-Cookie: a=b", "/\x00", "/a\nb", "/\u560d\u560aSet-Cookie:a=b", "/é"])
def test_where_somebody_is_led_after_signing_up_cannot_end_the_header(visit: Visit, back: str) -> None:
    form = {"name": "Eve", "password": "correct horse", "again": "correct horse", "back": back}

    for headers in ({}, HTMX):
        answer = visit().post("/sign-up", data=form | {"name": f"Eve{len(headers)}"}, headers=headers)
        leads = answer.headers.get("location", answer.headers.get("hx-redirect", ""))
        assert answer.status_code in (200, 303, 422)
        assert leads.isascii()
        assert leads.isprintable()
        assert answer.headers.get("set-cookie", "").count("a=b") == 0


def test_what_holds_secrets_is_not_kept_by_the_browser_either(
    visit: Visit, database: Database, ada: Forecaster
) -> None:
    with database.writing() as (session, moment):
        link = resetting.link(session, "ada", moment)
    root = visit(join(database, "Root", "administrator"))

    pages = ("/settings", "/settings/sessions", "/settings/second-factor", "/invitations", f"/reset/{link}")

    assert {path: root.get(path).headers["cache-control"] for path in pages} == dict.fromkeys(
        pages, "private, no-store"
    )
    assert root.get("/").headers["cache-control"] == "private, no-cache"


def test_signing_out_takes_what_was_seen_out_of_the_browser(visit: Visit, ada: Forecaster) -> None:
    assert visit(ada).post("/sign-out").headers["clear-site-data"] == '"cache"'
