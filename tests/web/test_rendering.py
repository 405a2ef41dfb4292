"""How values read on a page, and static files under addresses that change with their content."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from questions import errors
from questions.models import Question
from tests.web.conftest import Visit
from tests.web.sight import Sight
from web import rendering
from web.rendering import (
    address_of,
    chance,
    day,
    evidence,
    exact,
    moment,
    score,
    share,
    signed,
    static_files,
    status_of,
)


def test_moments_are_said_in_utc_without_a_leading_zero_in_the_day() -> None:
    assert day(datetime(2026, 3, 2, 9, 5, tzinfo=UTC)) == "2 Mar 2026"
    assert moment(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == "31 Dec 2026, 23:59 UTC"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0%"), (1, "100%"), (0.5, "50%"), (0.004, "<1%"), (0.994, "99%"), (0.996, ">99%"), (1e-9, "<1%")],
)
def test_a_share_that_is_not_all_never_reads_100_and_one_that_is_some_never_0(value: float, shown: str) -> None:
    assert share(value) == shown


def test_a_score_has_three_decimals() -> None:
    assert [score(value) for value in (0, 0.25, 0.0894, 1)] == ["0.000", "0.250", "0.089", "1.000"]
    assert [score(value) for value in (-0.0, -1e-17, -0.0006)] == ["0.000", "0.000", "-0.001"]
    assert exact(1 / 3) == "0.333333"


def test_a_difference_has_a_sign_unless_it_is_none() -> None:
    shown = [signed(value) for value in (0.041, -0.02, 0.0004, -0.0004, 0)]

    assert shown == ["+0.041", "−0.020", "0.000", "0.000", "0.000"]
    assert signed(-132.2, 1) == "−132.2"


def test_what_was_found_by_drawing_is_never_certain() -> None:
    assert [chance(value) for value in (0, 0.004, 0.31, 0.996, 1)] == ["<1%", "<1%", "31%", ">99%", ">99%"]


def test_evidence_is_told_to_two_digits() -> None:
    shown = [evidence(value) for value in (0.001, 0.034, 1.43, 271, 5_160, 2e6, float("inf"))]

    assert shown == ["under 0.01", "0.034", "1.4", "270", "5,200", "over a million", "over a million"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.NotFound, 404),
        (errors.NotAllowed, 403),
        (errors.ChangedMeanwhile, 409),
        (errors.QuestionNotOpen, 409),
        (errors.WritingRefused, 503),
        (errors.InvalidAnswer, 422),
        (errors.NotResolvable, 422),
    ],
)
def test_a_refusal_has_the_status_that_says_what_kind_it_is(kind: type[errors.Refusal], status: int) -> None:
    assert status_of(kind("No.")) == status


@pytest.fixture
def fresh_files() -> Iterator[None]:
    """Static files are read once; here they are read anew, and once more afterwards."""
    static_files.cache_clear()
    yield
    static_files.cache_clear()


@pytest.mark.usefixtures("fresh_files")
def test_an_htmx_that_we_do_not_know_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "HTMX_SHA256", "0" * 64)

    with pytest.raises(rendering.Tampered, match="The installed htmx is not the one"):
        static_files()


def test_the_address_of_a_file_holds_the_hash_of_what_it_serves(visit: Visit, rain: Question) -> None:
    browser = visit()
    seen = Sight.of(browser.get("/").text)
    loaded = [one.attributes["href"] for one in seen.find("link") if one.attributes["rel"] != "alternate"] + [
        one.attributes["src"] for one in seen.find("script")
    ]

    assert len(loaded) == 7
    for address in loaded:
        answer = browser.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert address.split("/")[2] == sha256(answer.content).hexdigest()[:16]
    kinds = {address.rpartition(".")[2]: browser.get(address).headers["content-type"] for address in loaded}
    assert kinds == {
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
    }  # fmt: skip


def test_a_file_under_another_hash_is_not_there(visit: Visit, rain: Question) -> None:
    """Else a browser would keep for ever what was only there for a day."""
    browser, (_, _, key, name) = visit(), address_of("style.css").split("/")

    for address in (f"/static/{'0' * 16}/{name}", f"/static/{key}/charts.css", f"/static/{key}/nope.css"):
        answer = browser.get(address)
        assert answer.status_code == 404
        assert "immutable" not in answer.headers.get("cache-control", "")
