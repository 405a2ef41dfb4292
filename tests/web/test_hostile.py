"""Whatever is typed, asked for and sent is shown as text or refused in a sentence that names it; it never stops us."""

import csv
import gzip
import io
import re
import zipfile
from inspect import signature
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from forecasts import drafting
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.setfile import InvalidFile, parse
from tests.cast import called, draft, publish, say
from tests.poison import PAYLOADS, living, poison
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight
from tests.web.test_routes import HTMX, PARTS, routes, walk, write
from tests.web.test_routes import everything_there_is as every_row
from tests.web.test_security import HOSTILE, URLENCODED
from web.prose import prose

SHOWING = (
    "/?q={}", "/?tag={}", "/?set={}", "/?show={}",
    "/?page={}", "/?try={}&saved={}", "/leaderboard?tag={}", "/leaderboard?set={}",
    "/leaderboard?by={}", "/leaderboard?kind={}", "/leaderboard?since={}", "/leaderboard?until={}",
    "/leaderboard?least={}", "/calibration?who={}", "/calibration?set={}", "/calibration?tag={}",
    "/calibration/forecasts?bin={}", "/compare?a={}&b=ada", "/compare?a=ada&b={}", "/sign-in?back={}",
    "/sign-up?back={}&invitation={}", "/people/{}", "/questions/{}", "/sets/{}",
    "/ladders/{}", "/questions/p-0?before={}", "/questions/p-0?try={}", "/sets/poison?page={}",
    "/drafts/{}", "/open/{}", "/confirm/{}", "/stop/{}",
    "/questions/p-0/receipts/{}", "/questions/p-0/live?seen={}", "/people/ada?set={}&tag={}",
)  # fmt: skip


def everything_there_is(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row but of what counts guesses, as a form that nobody can read is one where it tries a password."""
    return {table: rows for table, rows in every_row(database).items() if table != "throttle"}


@pytest.fixture
def engine() -> str:
    """How a text is drawn does not depend on where it is kept."""
    return "sqlite"


# Texts that would run


def test_there_are_many_and_most_would_run_as_they_stand() -> None:
    """So the tests below look for the right things."""
    dead = [one for one in PAYLOADS if living(one)]

    assert len(PAYLOADS) == len(set(PAYLOADS)) >= 100
    assert len(dead) >= 50


def test_no_text_lives_on_any_page_whoever_looks(visit: Visit, database: Database) -> None:
    poison(database)
    ladder = ("/ladders/steps", "/", "/leaderboard", "/calibration", "/compare?a=ada&b=crowd", "/drafts", "/settings")

    for who in (None, "ada", "mo", "root"):
        browser = visit(called(database, who) if who else None)
        starts = (*ladder, *(f"/questions/{slug}" for slug in ("p-0", "p-99", "p-98", "labels", "unit", "day")))
        seen = 0
        for address, answer in walk(browser, *starts) if who == "mo" else ((one, browser.get(one)) for one in starts):
            assert answer.status_code < 500
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert living(answer.text) == [], address
                seen += 1
        assert seen > (300 if who == "mo" else 10)


def test_no_text_lives_in_what_is_shown_elsewhere(visit: Visit, database: Database) -> None:
    poison(database)

    for number in range(0, len(PAYLOADS), 3):
        frame, picture = (visit().get(f"/questions/p-{number}/{one}") for one in ("embed", "embed.svg"))
        feed = visit().get(f"/questions/p-{number}/feed.atom")
        ET.fromstring(picture.text)
        for entry in ET.fromstring(feed.content).iter("{http://www.w3.org/2005/Atom}content"):
            assert entry.attrib["type"] == "text" or living(entry.text or "") == []
        assert living(frame.text) == []
        assert "<script" not in picture.text


def test_markdown_leaves_only_what_can_do_nothing() -> None:
    for payload in (*PAYLOADS, "\n\n".join(PAYLOADS)):
        drawn = str(prose(payload))

        assert living(drawn) == []
        for link in Sight.of(drawn).find("a"):
            assert link.attributes["rel"] == "nofollow ugc noopener noreferrer"
            assert set(link.attributes) <= {"href", "rel", "title"}


def test_markdown_without_end_is_drawn_soon() -> None:
    tables = "|a" * 20_000 + "\n" + "|-" * 20_000
    for text in ("[" * 50_000, "*" * 50_000, "> " * 20_000, "`" * 50_000, "![[" * 20_000, tables):
        assert len(str(prose(text))) < 2_000_000


def test_what_is_asked_for_comes_back_as_text(visit: Visit, database: Database) -> None:
    poison(database)
    browser = visit(called(database, "ada"))

    for place, address in enumerate(SHOWING):
        for payload in PAYLOADS[place % 5 :: 5]:
            answer = browser.get(address.replace("{}", quote(payload, safe="")))
            assert answer.status_code < 500, (address, payload)
            assert living(answer.text) == [], (address, payload)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_name_is_no_place_for_it(visit: Visit, payload: str) -> None:
    form = {"name": payload, "password": "correct horse", "again": "correct horse"}
    answer = visit().post("/sign-up", data=form)

    assert answer.status_code == 422
    assert Sight.of(answer.text).invalid == ["name"]
    assert living(answer.text) == []


# Numbers, moments and names that are none

PERCENTAGES = (
    "NaN", "nan", "-nan", "Infinity", "-Infinity", "inf", "∞", "1e400", "-1e400", "1e-400", "1_0e-1", "1_0", "٣٧",
    "३७", "３７", "²", "½", "0x10", "0b1", "1e1", "1E1", "--5", "-1", "-0.001", "100.001", "101", "1,000", "5 %%",
    "%", "50%50", "   ", "\u200b5", "5\u200b", "\u202e05", "true", "null", "None", "undefined", "[50]", "{}",
    "'50'", "50;", "50\n60", "1/2", "9" * 400, "1e" + "9" * 100, "٫5", "5٪", "0" * 5000 + "5", "fifty", "=1+1",
    "<b>5</b>", "50 OR 1=1", "50'--", "%s%n", "../50",
)  # fmt: skip
ANSWERS = {
    "binary": (("probability",), {}),
    "choice": (("outcome-0", "outcome-2"), {"outcome-0": "50", "outcome-1": "25", "outcome-2": "25"}),
    "number": (("median", "low", "high"), {"low": "1", "median": "2", "high": "3"}),
    "date": (("median",), {"low": "2026-03-03", "median": "2026-03-04", "high": "2026-03-05"}),
}
MOMENTS = (
    "now and then", "2026-02-30 12:00", "2026-13-01", "0000-00-00", "99999-01-01", "2026-03-01T25:00",
    "2026-03-01 12:60", "٢٠٢٦-٠٣-٠١", "NaN", "1e400", "1772366400", "2026-03-29 02:30 Europe/Berlin",
    "2026-03-29 02:30 CET", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-03-01T12:00:00+99:00",
    "2026-W09-7T99", "' OR 1=1 --", "x" * 15, "-2026-03-01", "2026-03-01T",
)  # fmt: skip
NUMBERS = (
    "0", "-1", "1.5", "1e3", "0x1", "٣", "１", "1_0", "+1", " 1", "1 ", "%2e", "9223372036854775807",
    "9223372036854775808", "18446744073709551616", "-9223372036854775809", "9" * 400, "9" * 5000, "nan", "null",
    "1;", "1'--", "1/../2", "",
)  # fmt: skip
NUMBERED = (
    "/drafts/{}", "/drafts/1/claims/{}", "/drafts/{}/claims/1", "/settings/webhooks/{}/removal",
    "/settings/webhooks/{}/test", "/drafts/{}/review", "/drafts/{}/return", "/drafts/{}/publication",
    "/drafts/{}/deletion", "/drafts/{}/claims", "/drafts/1/claims/{}/deletion",
)  # fmt: skip


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_is_no_percentage_is_refused_at_its_field(
    visit: Visit, database: Database, town: Town, ada: Forecaster, kind: str
) -> None:
    browser, before, (names, form) = visit(ada), everything_there_is(database), ANSWERS[kind]

    for name in names:
        for value in PERCENTAGES:
            answer = browser.post(f"/questions/{kind}/forecasts", data=form | {name: value}, headers=HTMX)
            seen = Sight.of(answer.text)
            assert answer.status_code == 422, (name, value)
            assert name in seen.invalid or "bin-0" in seen.invalid, (name, value)
            assert seen.alerts[0].endswith("."), (name, value)
    assert everything_there_is(database) == before


@pytest.mark.parametrize("field", ["known_at"])
def test_what_is_no_moment_is_refused_at_its_field(
    visit: Visit, database: Database, town: Town, mo: Forecaster, field: str
) -> None:
    browser, before = visit(mo), everything_there_is(database)
    form = {"verdict": "resolved", "outcome": "Yes", "seen": "0", "step": "confirm"}

    for value in MOMENTS:
        answer = browser.post("/questions/hail/resolution", data=form | {field: value})
        assert answer.status_code == 422, value
        assert Sight.of(answer.text).invalid == [field], value
    assert everything_there_is(database) == before


@pytest.mark.parametrize("address", NUMBERED)
def test_what_is_no_number_of_anything_is_not_found(
    visit: Visit, database: Database, ada: Forecaster, address: str
) -> None:
    with database.writing() as (session, moment):
        drafting.start(session, ada, "source", {}, moment)
    browser, before = visit(ada), everything_there_is(database)

    for number in NUMBERS:
        for method in ("GET", "POST"):
            answer = browser.request(method, address.replace("{}", number))
            assert answer.status_code in (403, 404, 405), (method, number, answer.text[:300])
            assert Sight.of(answer.text).find("h1"), (method, number)
    assert everything_there_is(database) == before


@pytest.mark.parametrize(
    "payload", [*PAYLOADS, "ftp://example.org", "//evil.example", "http://", "https://a b", "http://[", "x"]
)
def test_evidence_is_a_link_to_the_web(
    visit: Visit, database: Database, town: Town, mo: Forecaster, payload: str
) -> None:
    form = {"verdict": "annulled", "note": "x", "seen": "0", "step": "confirm", "evidence_url": payload}
    browser = visit(mo)
    before = everything_there_is(database)

    answer = browser.post("/questions/hail/resolution", data=form)

    assert answer.status_code == 422
    assert Sight.of(answer.text).invalid == ["evidence_url"]
    assert everything_there_is(database) == before


@pytest.mark.parametrize("field", ["seen", "verdict", "outcome"])
def test_a_decision_that_no_form_sends_is_refused(
    visit: Visit, database: Database, town: Town, mo: Forecaster, field: str
) -> None:
    form = {"verdict": "resolved", "outcome": "Yes", "seen": "0", "step": "confirm"}
    browser, before = visit(mo), everything_there_is(database)

    for value in (*PERCENTAGES, *NUMBERS[1:], *PAYLOADS):
        answer = browser.post("/questions/hail/resolution", data=form | {field: value})
        assert answer.status_code in (409, 422), value
        assert Sight.of(answer.text).alerts[0].endswith("."), value
    assert everything_there_is(database) == before


# Every form there is

READABLE = {"nothing", "digits of another script", "JSON", "no type", "a form without a boundary", "half a form"}
UNREADABLE = sorted(set(HOSTILE) - READABLE - {"an encoding that is none"})


def test_no_form_takes_what_is_not_text(
    visit: Visit, database: Database, town: Town, ada: Forecaster, mo: Forecaster
) -> None:
    write(database, ada)
    browsers = [visit(who) for who in (ada, mo)]
    before = everything_there_is(database)
    reading = [one.path for one in routes("POST") if "form" in signature(one.endpoint).parameters]

    assert len(reading) > 20
    for path in reading:
        address = re.sub("{[a-z:]+}", lambda part: PARTS.get(part[0], part[0]), path)
        for what in UNREADABLE:
            content, kind = HOSTILE[what]
            for browser in browsers:
                answer = browser.post(address, content=content, headers={"Content-Type": kind})
                assert answer.status_code in (400, 403, 404, 422), (address, what, answer.text[:200])
    assert everything_there_is(database) == before


TOO_MUCH = {
    "10 MB": b"text=" + b"x" * 10_000_000,
    "10 MB of fields": b"&".join(b"a%d=1" % one for one in range(1_000_000)),
    "4,000 fields": b"&".join(b"a%d=1" % one for one in range(4_000)),
    "3 MB in a field": b"text=" + b"x" * 3_000_000,
    "3 MB in a name": b"x" * 3_000_000 + b"=1",
    "3 MB of nothing": b"&" * 3_000_000,
    "3 MB of percent signs": b"text=" + b"%" * 3_000_000,
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_a_form_that_is_too_much_is_refused_soon(visit: Visit, database: Database, mo: Forecaster, what: str) -> None:
    browser, before = visit(mo), everything_there_is(database)

    for address in ("/sets", "/sign-in", "/drafts"):
        answer = browser.post(address, content=TOO_MUCH[what], headers={"Content-Type": URLENCODED})
        assert answer.status_code in (400, 413, 422), answer.text[:200]
    assert everything_there_is(database) == before


PART = b'--x\r\nContent-Disposition: form-data; name="%s\r\n\r\n1\r\n'
PARTS_OF_FORMS = {
    "5,000 parts": b"".join(PART % (b'a%d"' % one) for one in range(5_000)) + b"--x--\r\n",
    "1,000 files": b"".join(PART % (b'a%d"; filename="b"' % one) for one in range(1_000)) + b"--x--\r\n",
    "a part of 3 MB": (PART % b'text"')[:-3] + b"x" * 3_000_000 + b"\r\n--x--\r\n",
    "a header of 3 MB": b'--x\r\nX: ' + b"x" * 3_000_000 + b"\r\n\r\n1\r\n--x--\r\n",
    "100,000 headers": b"--x\r\n" + b"X: y\r\n" * 100_000 + b"\r\n1\r\n--x--\r\n",
    "almost a boundary": b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"\r\n--" * 700_000,
    "line ends": b"\r\n" * 1_500_000,
    "no name": b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n",
    "no disposition": b"--x\r\n\r\n1\r\n--x--\r\n",
    "a name that ends the header": PART % b'a\r\nSet-Cookie: b=c"' + b"--x--\r\n",
}  # fmt: skip


@pytest.mark.parametrize("what", PARTS_OF_FORMS)
def test_a_form_of_parts_that_nobody_sends_is_refused_soon(
    visit: Visit, database: Database, mo: Forecaster, what: str
) -> None:
    browser, before = visit(mo), everything_there_is(database)

    for address in ("/sets", "/sign-in", "/drafts"):
        answer = browser.post(
            address, content=PARTS_OF_FORMS[what], headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        assert answer.status_code in (400, 413, 422), answer.text[:200]
        assert "set-cookie" not in answer.headers
    assert everything_there_is(database) == before


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/json", "application/xml", "multipart/form-data", "image/svg+xml", "a/b/c",
     "multipart/form-data; boundary=" + "x" * 5000, 'multipart/form-data; boundary="', ";;;", "\xff",
     "application/x-www-form-urlencoded; charset=utf-7"],
)  # fmt: skip
def test_a_form_of_another_type_is_refused(visit: Visit, database: Database, mo: Forecaster, kind: str) -> None:
    browser, before = visit(mo), everything_there_is(database)

    for content in (b"asks=zebra&text=x&name=x", b"\xff\xfe\x00", b"+ADw-script+AD4-", b""):
        for address in ("/sets", "/sign-in", "/drafts"):
            answer = browser.post(address, content=content, headers={b"Content-Type": kind.encode("latin-1")})
            assert answer.status_code in (400, 415, 422), answer.text[:200]
    assert everything_there_is(database) == before


# Sets

HEAD = '[set]\nslug = "s"\ntitle = "S"\n'
ASKED = '[[questions]]\nslug = "q"\nkind = "binary"\ntitle = "Q"\ncriteria = "C"\nopens_at = 2026-03-01T12:00:00Z\n'
TOMLS = {
    "lists in lists": "a = " + "[" * 100_000,
    "tables in tables": "a = " + "{a=" * 100_000,
    "closed lists in lists": "a = " + "[" * 20_000 + "]" * 20_000,
    "a long key": ".".join("a" * 50_000) + " = 1",
    "a long table": "[" + ".".join("a" * 50_000) + "]",
    "many tables": "".join(f"[t{one}]\n" for one in range(40_000)),
    "a number without end": "a = " + "9" * 100_000,
    "a float without end": f"{HEAD}expires_after = 1e400\n",
    "no number": f"{HEAD}expires_after = nan\n",
    "a naive time": f"{HEAD}{ASKED}closes_at = 2026-04-01T12:00:00\n",
    "a local date": f"{HEAD}{ASKED}closes_at = 2026-04-01\n",
    "the end of time": f"{HEAD}{ASKED}closes_at = 9999-12-31T23:59:59-23:59\n",
    "the beginning of time": f"{HEAD}{ASKED}closes_at = 0001-01-01T00:00:00+23:59\n",
    "a key twice": f"{HEAD}slug = 't'\n",
    "a NUL": f'{HEAD}description = "\\u0000"\n',
    "a surrogate": f'{HEAD}description = "\\ud800"\n',
    "a mark of order": "\ufeff" + HEAD,
    "a title of two lines": HEAD.replace('"S"', '"S\\r\\nBcc: a@b.c"'),
    "a slug that leads away": HEAD.replace('"s"', '"../../etc"'),
    "a slug that ends a line": HEAD.replace('"s"', '"s\\n"'),
    "a kind that is a path": f"{HEAD}{ASKED}closes_at = 2026-04-01T12:00:00Z\n".replace("binary", "../binary"),
    "a list for a word": HEAD.replace('"S"', '["S"]'),
    "a set that is none": "set = 1",
    "YAML": "--- !!python/object/apply:os.system ['true']\n",
    "JSON": '{"set": {"slug": "s"}}',
    "XML": '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
}


@pytest.mark.parametrize("text", [TOMLS["a long key"], TOMLS["a long table"], '"a b"' + ' . "a b"' * 100 + " = 1"])
def test_a_name_of_many_parts_is_refused_before_it_is_read(text: str) -> None:
    with pytest.raises(InvalidFile, match="a name of very many parts"):
        parse(text.encode(), "set.toml")


@pytest.mark.parametrize("what", TOMLS)
def test_a_set_that_is_none_is_refused_in_a_sentence(
    visit: Visit, database: Database, mo: Forecaster, what: str
) -> None:
    browser, before = visit(mo), everything_there_is(database)

    for form in (
        {"data": {"text": TOMLS[what]}},
        {"files": {"file": ("s.toml", TOMLS[what].encode("utf-8", "surrogatepass"))}},
    ):
        answer = browser.post("/sets", **form)
        assert answer.status_code in (413, 422), answer.text[:300]
        assert Sight.of(answer.text).alerts[0].endswith(".")
    assert everything_there_is(database) == before


@pytest.mark.parametrize("name", ["gzip", "zip", "tar", "PNG", "a program"])
def test_a_file_that_is_packed_is_not_unpacked(visit: Visit, database: Database, mo: Forecaster, name: str) -> None:
    zeros = b"\0" * 50_000_000
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("set.toml", zeros)
    held = {
        "gzip": gzip.compress(zeros), "zip": packed.getvalue(), "tar": b"ustar\0" * 100,
        "PNG": b"\x89PNG\r\n\x1a\n", "a program": b"\x7fELF\2\1\1",
    }  # fmt: skip
    browser = visit(mo)
    before = everything_there_is(database)

    answer = browser.post("/sets", files={"file": ("set.toml", held[name], "application/zip")})

    assert answer.status_code == 422
    assert Sight.of(answer.text).find("p")[0].text.endswith(".")
    assert everything_there_is(database) == before


# Addresses and headers


@pytest.mark.parametrize(
    "header",
    ["Accept", "Accept-Encoding", "Accept-Language", "Cookie", "If-None-Match", "If-Modified-Since", "HX-Request",
     "HX-Target", "HX-Current-URL", "Range", "Referer", "User-Agent", "X-Forwarded-For", "X-Forwarded-Proto",
     "X-Forwarded-Host", "Forwarded", "X-HTTP-Method-Override", "X-Original-URL", "Authorization",
     "Origin", "Content-Type", "Upgrade"],
)  # fmt: skip
def test_no_header_stops_us(visit: Visit, town: Town, ada: Forecaster, header: str) -> None:
    values = (
        b"", b"\xff\xfe", b"\xed\xa0\x80", b"%00", b"a" * 8000, b"null", b"-1", b"bytes=0-,0-,0-", b'"' * 100,
        b"Mon, 99 Foo 2026 99:99:99 GMT", b"0001-01-01", b"Thu, 01 Jan 0001 00:00:00 -9999", b"() { :;}; echo x",
        b"<script>top.marked=1</script>",
    )  # fmt: skip
    binary = "/questions/binary"
    addresses = ("/", binary, f"{binary}/embed.svg", f"{binary}/live", "/feed.atom", "/sets/weather/calendar.ics")
    browser = visit(ada)

    for value in values:
        for address in addresses:
            answer = browser.get(address, headers={header.encode(): value})
            assert answer.status_code in (200, 304), (header, value, address)
            assert "top.marked" not in answer.text


# Spreadsheets


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_no_cell_of_a_file_is_a_formula(visit: Visit, database: Database, ada: Forecaster, start: str) -> None:
    labels = [f"{start}cmd|'/C calc'!A0", f"{start}1", "calm"]
    (question,) = publish(database, draft("wind", "choice", spec={"outcomes": labels}))
    say(database, ada, question, 0.5, 0.25, 0.25)

    cells = next(csv.reader(io.StringIO(visit().get("/questions/wind/crowd.csv").text, newline="")))

    assert cells[2:] == [f"'{labels[0]}", f"'{labels[1]}", "calm"]


def test_a_receipt_holds_numbers_and_moments_alone(visit: Visit, town: Town) -> None:
    rows = csv.reader(io.StringIO(visit().get("/questions/snow/receipts/ada/receipt.csv").text, newline=""))

    for cell in [cell for row in list(rows)[1:] for cell in row]:
        assert re.fullmatch(r"-?[0-9.e+-]+|\[[0-9., e-]+\]|[0-9T:.Z+-]+|", cell), cell
