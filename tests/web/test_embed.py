"""A question on other sites: a picture and a frame that follow the crowd, codes to copy, and the crowd as CSV."""

import csv
from io import StringIO
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from forecasts import ledger
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import HOUR, NOON, MovedClock, draft, publish, resolve, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> list[str]:
    """The lines of text on a card; it must be well-formed."""
    return [one.text or "" for one in ET.fromstring(svg).iter(f"{SVG}text")]


def table(visit: Visit, slug: str) -> list[dict[str, str]]:
    answer = visit().get(f"/questions/{slug}/crowd.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{slug}.crowd.csv"'
    return list(csv.DictReader(StringIO(answer.text, newline="")))


def test_the_card_says_what_is_asked_what_the_crowd_says_and_how_it_stands(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    before = words(visit().get("/questions/rain/embed.svg").text)
    say(database, ada, rain, 0.35)
    answer = visit().get("/questions/rain/embed.svg")
    clock.moment += HOUR
    resolve(database, mo, rain, 1)
    after = words(visit().get("/questions/rain/embed.svg").text)

    assert before == ["What of the rain?", "No crowd yet", "", "Closes 2 Mar 2026", "Brierboard"]
    assert words(answer.text) == ["What of the rain?", "35%", "crowd of 1", "Closes 2 Mar 2026", "Brierboard"]
    assert after == ["What of the rain?", "35%", "crowd of 1", "Resolved: Yes", "Brierboard"]
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "prefers-color-scheme: dark" in answer.text
    assert "href" not in answer.text


def test_a_long_title_is_wrapped_and_a_hostile_one_is_text(visit: Visit, database: Database) -> None:
    evil = "<script>&\"'\x0b\ufffe</text> " + "very " * 60 + "long?"
    publish(database, draft("rain", title=evil))

    lines = words(visit().get("/questions/rain/embed.svg").text)
    titles = lines[: lines.index("No crowd yet")]

    assert len(titles) == 3
    assert titles[0].startswith("<script>&\"'")
    assert titles[-1].endswith("…")
    assert all(len(line) <= 46 for line in titles)


@pytest.mark.parametrize("address", ["embed.svg", "embed"])
def test_whoever_has_the_picture_already_is_told_so_until_something_changes(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, address: str
) -> None:
    browser = visit(ada)
    first = browser.get(f"/questions/rain/{address}")
    tag = first.headers["etag"]

    def again() -> int:
        return browser.get(f"/questions/rain/{address}", headers={"If-None-Match": f"W/{tag}"}).status_code

    unchanged = again()
    say(database, ada, rain, 0.35)
    changed = again()

    assert first.headers["cache-control"] == "public, max-age=60"
    assert "set-cookie" not in first.headers
    assert (unchanged, changed) == (304, 200)


def test_the_closing_changes_the_picture_without_an_act(visit: Visit, clock: MovedClock, rain: Question) -> None:
    browser = visit()
    tag = browser.get("/questions/rain/embed.svg").headers["etag"]
    clock.moment += 10 * HOUR

    answer = browser.get("/questions/rain/embed.svg", headers={"If-None-Match": tag})

    assert "Closed 2 Mar 2026" in words(answer.text)


def test_the_frame_may_stand_anywhere_and_holds_no_form_and_nobodys_name(
    visit: Visit, town: Town, ada: Forecaster
) -> None:
    for slug in town.open:
        answer = visit(ada).get(f"/questions/{slug}/embed")
        seen = Sight.of(answer.text)

        assert answer.headers["content-security-policy"].endswith("; frame-ancestors *")
        assert seen.find("form") == []
        assert "Ada" not in seen.text
        assert seen.links == [f"http://127.0.0.1:8000/questions/{slug}"]


def test_the_codes_to_copy_name_this_server(visit: Visit, rain: Question) -> None:
    seen = Sight.of(visit().get("/questions/rain/share").text)

    address, picture, frame = (one.text for one in seen.find("textarea"))
    assert address == "http://127.0.0.1:8000/questions/rain"
    assert picture == (
        '<a href="http://127.0.0.1:8000/questions/rain"><img src="http://127.0.0.1:8000/questions/rain/embed.svg" '
        'width="480" height="160" alt="What of the rain?"></a>'
    )
    assert frame.startswith('<iframe src="http://127.0.0.1:8000/questions/rain/embed" width="480"')
    assert "/questions/rain/crowd.csv" in seen.links


def test_a_title_in_a_code_to_copy_stays_inside_its_quotes(visit: Visit, database: Database) -> None:
    """It is escaped for the page, and once more for the page that it is copied to."""
    publish(database, draft("rain", title='A "quoted" <b>title</b> & more?'))

    picture = Sight.of(visit().get("/questions/rain/share").text).find("textarea")[1].text

    (image,) = Sight.of(picture).find("img")
    assert image.attributes["alt"] == 'A "quoted" <b>title</b> & more?'


def test_the_crowd_of_each_kind_as_csv(
    visit: Visit, database: Database, clock: MovedClock, town: Town, ada: Forecaster
) -> None:
    """Of 0.7 and 1 the median is 0.85, a quarter of the way on 0.775 and three quarters of it 0.925."""
    (binary,) = table(visit, "binary")
    assert list(binary) == ["at", "count", "median", "lower", "upper"]
    assert (binary["at"], binary["count"]) == ("2026-03-02T12:00:00.000000Z", "2")
    assert [float(binary[name]) for name in list(binary)[2:]] == pytest.approx([0.85, 0.775, 0.925])
    assert table(visit, "choice") == [
        {"at": "2026-03-02T12:00:00.000000Z", "count": "2", "north": "0.5", "south": "0.25", "calm": "0.25"}
    ]
    (number,) = table(visit, "number")
    assert list(number) == ["at", "count", "10%", "25%", "50%", "75%", "90%"]
    # Bins of 1, 2 and 3 with masses 1/2, 1/4, 1/4 lie from .5 to 1.5, 2.5, 3.5.
    assert [float(number[level]) for level in list(number)[2:]] == pytest.approx([0.7, 1.0, 1.5, 2.5, 3.1])
    (date,) = table(visit, "date")
    # The first day has half, the second a quarter, and what lies after the third a quarter: that is an open end.
    assert date["50%"].startswith("2026-03-04T00:00:00")
    assert date["90%"] == ""


def test_an_outcome_that_looks_like_a_formula_is_none_in_the_csv(
    visit: Visit, database: Database, ada: Forecaster
) -> None:
    outcomes = ["=1+1", "-2", "@me", "+3", "plain"]
    (question,) = publish(database, draft("rain", "choice", spec={"outcomes": outcomes}))
    say(database, ada, question, 0.2, 0.2, 0.2, 0.2, 0.2)

    (row,) = table(visit, "rain")

    assert list(row) == ["at", "count", "'=1+1", "'-2", "'@me", "'+3", "plain"]


def test_moments_without_a_crowd_are_empty_and_moments_to_come_are_left_out(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    with database.writing() as (session, moment):
        ledger.record(session, ada, rain, np.array([0.7, 0.3]), moment, expires_at=NOON + HOUR)

    before = table(visit, "rain")
    clock.moment += HOUR
    after = table(visit, "rain")

    assert [row["count"] for row in before] == ["1"]
    assert [(row["count"], row["median"]) for row in after] == [("1", "0.3"), ("0", "")]
