"""What guards the door: other sites' forms, links that lead elsewhere, and forms that nobody typed."""

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.models import Question
from tests.cast import kinds
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight
from tests.web.test_routes import everything_there_is
from web.app import create
from web.security import local, names, same_origin

OURS = "board.example:8000"
MATRIX = [
    ({}, True),  # no browser
    ({"sec-fetch-site": "same-origin"}, True),
    ({"sec-fetch-site": "none"}, True),
    ({"sec-fetch-site": "same-site"}, False),
    ({"sec-fetch-site": "cross-site"}, False),
    ({"sec-fetch-site": ""}, False),
    ({"sec-fetch-site": "same-origin, cross-site"}, False),
    ({"sec-fetch-site": "cross-site", "origin": f"http://{OURS}"}, False),
    ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
    ({"origin": f"http://{OURS}"}, True),
    ({"origin": f"https://{OURS.upper()}"}, True),
    ({"origin": "http://board.example"}, False),
    ({"origin": "http://board.example:8001"}, False),
    ({"origin": f"http://{OURS}.evil.example"}, False),
    ({"origin": f"http://evil@{OURS}"}, False),
    ({"origin": f"http://evil.example/{OURS}"}, False),
    ({"origin": OURS}, False),
    ({"origin": "null"}, False),
    ({"origin": ""}, False),
    ({"origin": "http://["}, False),
]


@pytest.mark.parametrize(("sent", "passes"), MATRIX, ids=str)
def test_a_form_comes_from_one_of_our_pages_or_from_no_page(sent: dict[str, str], passes: bool) -> None:
    assert same_origin(Headers({"host": OURS} | sent)) is passes


def test_a_request_without_a_host_comes_from_nowhere() -> None:
    assert not same_origin(Headers({"origin": "null"}))
    assert not same_origin(Headers({"origin": "http://["}))


HTTPS = "https://board.example"
KNOWN = [
    ({}, True),
    ({"origin": HTTPS}, True),
    ({"origin": f"{HTTPS}:443"}, True),
    ({"origin": HTTPS.upper()}, True),
    ({"origin": HTTPS, "host": "127.0.0.1:8000"}, True),  # a proxy has written another one
    ({"sec-fetch-site": "same-origin", "host": "127.0.0.1:8000"}, True),
    ({"origin": "http://board.example"}, False),
    ({"origin": f"{HTTPS}:8443"}, False),
    ({"origin": "https://evil.board.example"}, False),
    ({"origin": "https://example"}, False),
    ({"origin": "https://evil.example", "host": "evil.example"}, False),
    ({"origin": "https://board.example.evil.example"}, False),
    ({"origin": "https://board.example@evil.example"}, False),
    ({"origin": "https://evil@board.example"}, False),
    ({"origin": "https://board.example."}, False),
    ({"origin": "https://xn--board-.example"}, False),
    ({"origin": "null"}, False),
    ({"origin": "NULL"}, False),
    ({"origin": ""}, False),
    ({"origin": f"{HTTPS}, https://evil.example"}, False),
    ({"origin": f"{HTTPS} https://evil.example"}, False),
    ({"origin": f"{HTTPS}/?https://evil.example"}, False),
    ({"origin": "file://board.example"}, False),
    ({"origin": "chrome-extension://board.example"}, False),
    ({"origin": "https://["}, False),
    ({"origin": "https://board.example:99999"}, False),
]


@pytest.mark.parametrize(("sent", "passes"), KNOWN, ids=str)
def test_where_our_address_is_known_a_form_comes_from_there(sent: dict[str, str], passes: bool) -> None:
    assert same_origin(Headers({"host": "board.example"} | sent), HTTPS) is passes


def test_what_is_said_twice_is_said_by_nobody() -> None:
    for name, values in (
        ("origin", (HTTPS, "https://evil.example")),
        ("sec-fetch-site", ("same-origin", "cross-site")),
    ):
        for one, other in (values, values[::-1]):
            raw = [(name.encode(), one.encode()), (name.encode(), other.encode()), (b"host", b"board.example")]
            assert not same_origin(Headers(raw=raw), HTTPS)


@pytest.mark.parametrize(
    ("ours", "host", "is_ours"),
    [
        (HTTPS, "board.example", True),
        (HTTPS, "BOARD.example", True),
        (HTTPS, "board.example:443", True),
        (HTTPS, "board.example:80", False),
        (HTTPS, "board.example:8443", False),
        (HTTPS, "board.example.", False),
        (HTTPS, "evil.example", False),
        (HTTPS, "evil.board.example", False),
        (HTTPS, "board.example@evil.example", False),
        (HTTPS, "evil.example/board.example", False),
        (HTTPS, "board.example/", False),
        (HTTPS, "board.example?", False),
        (HTTPS, "board.example#", False),
        (HTTPS, "", False),
        (HTTPS, "[", False),
        (HTTPS, "127.0.0.1", False),
        (HTTPS, "board.example, evil.example", False),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("http://[::1]:8000", "[::1]", False),
        ("http://10.0.0.1:8000", "10.0.0.1:8000", True),
    ],
)
def test_a_host_is_ours_or_another(ours: str, host: str, is_ours: bool) -> None:
    assert names(ours, host) is is_ours


def test_who_asks_for_another_host_is_told_ours(database: Database, rain: Question) -> None:
    app = create(Settings(host="127.0.0.1", base_url=HTTPS, trusted_proxies="192.0.2.1"), database)
    with TestClient(app, base_url=HTTPS, follow_redirects=False) as browser:
        other = browser.get("/", headers={"Host": "evil.example", "Accept": "text/html"})
        bare = browser.post("/sign-in", headers={"Host": "evil.example"})
        twice = browser.get("/", headers=[("Host", "board.example"), ("Host", "evil.example")])
        lying = browser.get("/", headers={"Host": "evil.example", "X-Forwarded-Host": "board.example"})
        health = browser.get("/healthz", headers={"Host": "10.0.0.7:8000"})
        ours = browser.get("/questions/rain")
    with TestClient(app, base_url=HTTPS, client=("192.0.2.1", 1)) as browser:
        behind = browser.get("/", headers={"Host": "127.0.0.1:8000", "X-Forwarded-Host": "board.example"})

    assert [one.status_code for one in (other, bare, twice, lying, health, ours, behind)] == [
        421, 421, 400, 421, 200, 200, 200,
    ]  # fmt: skip
    assert f"This server is {HTTPS}, not “evil.example”." in Sight.of(other.text).text
    assert "evil.example" not in str(other.headers)
    assert [link for link in Sight.of(other.text).links if "evil" in link] == []


def test_no_host_is_ever_led_to(visit: Visit, rain: Question, ada: Forecaster) -> None:
    browser = visit(ada)

    for path in ("/drafts/", "/sets/", "/questions/rain/", "//evil.example", "//evil.example/", "/settings/"):
        answer = browser.get(f"http://testserver{path}", headers={"Host": "evil.example"})
        assert "location" not in answer.headers, path


def test_a_form_that_another_site_sent_does_nothing(
    visit: Visit, database: Database, rain: Question, mo: Forecaster
) -> None:
    browser, before = visit(mo), everything_there_is(database)
    addresses = (
        "/questions/rain/forecasts",
        "/questions/rain/resolution",
        "/sets",
        "/sign-in",
        "/sign-up",
        "/sign-out",
    )

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        for address in addresses:
            answer = browser.post(address, data={"probability": "40"}, headers=headers)

            assert answer.status_code == 403
            assert answer.text == "This form was sent from another site. Open the page here and send it again.\n"
    assert everything_there_is(database) == before
    assert [browser.request(method, "/sign-out", headers=headers).status_code for method in ("PUT", "DELETE")] == [
        403,
        403,
    ]


def test_other_sites_may_link_to_a_page(visit: Visit, rain: Question) -> None:
    answer = visit().get("/questions/rain", headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/", "/due", "/questions/rain#forecast", "/a?b=//c", "/people/é", "/a b", "/:80"])
def test_a_page_of_ours_is_led_to(path: str) -> None:
    assert local(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "", "due", "//evil", "///evil", "/\\evil", "\\/evil", "http://evil", "/\n/evil", "/\x00", "javascript:x", "//[",
        "http:///evil", "\\\\evil", "/\t/evil", "\t//evil", " //evil", "/\r\nLocation: //evil", "https:evil", "?//evil",
        "///\\evil", "/\u2028/evil", "/\u200b/evil", "/\ufeff/evil", "\u202e/evil", "data:text/html,x", "//evil%2f..",
        "https:/evil",
        "#//evil", ".//evil", "@evil", "%2f%2fevil", "\x0b//evil", "/\x7f/evil", "/\ud800",
    ],
)  # fmt: skip
def test_nothing_else_is_led_to(path: str) -> None:
    assert local(path) == "/"


URLENCODED = "application/x-www-form-urlencoded"


def part(name: str, content: bytes, charset: str = "", filename: str | None = None) -> tuple[bytes, str]:
    """A form of one part, and its content type."""
    of_file = "" if filename is None else f'; filename="{filename}"'
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"{of_file}\r\n\r\n'.encode()
    kind = f"multipart/form-data; boundary=x{f'; charset={charset}' if charset else ''}"
    return head + content + b"\r\n--x--\r\n", kind


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", URLENCODED),
    "a NUL": (b"probability=%00&outcome-0=%00&median=%00&name=%00&verdict=%00&text=%00", URLENCODED),
    "a NUL in a name": (b"%00=1", URLENCODED),
    "a control character": (b"probability=5%1b&name=%1b&verdict=%1b&text=%1b", URLENCODED),
    "bytes that are not UTF-8": (b"probability=%ff%fe&name=%ff&verdict=%ff&text=%ff", URLENCODED),
    "a surrogate as bytes": (b"probability=%ED%A0%80&name=%ED%A0%80&verdict=%ED%A0%80&text=%ED%A0%80", URLENCODED),
    "a lone surrogate": part("probability", b"\\ud800", charset="unicode_escape"),
    "a lone surrogate in a name": part("\\ud800", b"5", charset="unicode_escape"),
    "an encoding that cannot be used": part("probability", b"50", charset="undefined"),
    "an encoding that is none": part("probability", b"\xff", charset="base64"),
    "100,000 characters": (b"probability=" + b"5" * 100_000 + b"&verdict=" + b"x" * 100_000, URLENCODED),
    "a name of 100,000 characters": (b"x" * 100_000 + b"=\x00", URLENCODED),
    "a field sent twice": (b"probability=10&probability=20", URLENCODED),
    "600 fields": (b"&".join(b"field-%d=1" % number for number in range(600)), URLENCODED),
    "digits of another script": ("probability=٣٧&outcome-0=٣٧&median=٣٧&seen=٣&verdict=٣".encode(), URLENCODED),
    "a file that is not UTF-8": part("file", b"\xff\xfe\x00", filename="set.toml"),
    "a file without a name": part("file", b"\xff\xfe\x00", filename=""),
    "a file for no field": (
        part("", b"1", filename="a")[0].replace(b'name=""; ', b"", 1), part("", b"")[1],
    ),
    "two files": (b"".join(part(name, b"1", filename="a")[0][:-7] for name in "ab") + b"--x--\r\n", part("", b"")[1]),
    "a form without a boundary": (b"probability=50", "multipart/form-data"),
    "half a form": (part("probability", b"5")[0][:30], part("", b"")[1]),
    "JSON": (b'{"probability": 50, "verdict": "annulled", "note": "x"}', "application/json"),
    "no type": (b"probability=50", "text/plain"),
}  # fmt: skip

ADDRESSES = (
    *(f"/questions/{kind}/forecasts" for kind in ("binary", "choice", "number", "date")),
    "/questions/binary/resolution",
    "/sets",
    "/sign-in",
    "/sign-up",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_form_that_nobody_typed_is_refused_in_a_sentence_and_changes_nothing(
    visit: Visit, database: Database, town: Town, mo: Forecaster, address: str
) -> None:
    """Where guesses are counted, too many of them are refused for a while."""
    browser, before = visit(mo), everything_there_is(database)
    taken = (400, 422, 429) if address == "/sign-in" else (400, 422)

    refused = {what: send(browser, address, *form) for what, form in HOSTILE.items()}

    assert {what: status for what, (status, _) in refused.items() if status not in taken} == {}
    assert [what for what, (_, sentence) in refused.items() if not sentence.endswith(".")] == []
    assert everything_there_is(database) | {"throttle": before["throttle"]} == before


def send(browser: TestClient, address: str, content: bytes, kind: str) -> tuple[int, str]:
    """The status of the answer, and what it says."""
    answer = browser.post(address, content=content, headers={"Content-Type": kind})
    seen = Sight.of(answer.text)
    paragraphs = [one.text for one in seen.find("p") if one.text != "To the desk"]
    return answer.status_code, (seen.alerts or paragraphs)[0]


def test_a_withdrawal_needs_no_field_but_refuses_what_is_not_text(
    visit: Visit, database: Database, town: Town, ada: Forecaster
) -> None:
    browser, address = visit(ada), "/questions/binary/withdrawal"

    assert send(browser, address, *HOSTILE["a NUL"])[0] == 422
    assert kinds(database)[-1] == "resolution"
    assert browser.post(address).status_code == 303
    assert kinds(database)[-1] == "withdrawal"
