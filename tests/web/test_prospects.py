"""What one would score if an outcome became known now, on a question's page."""

import pytest

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import HOUR, MovedClock, resolve, say, take_back
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

HTMX = {"HX-Request": "true"}


def happens(html: str) -> list[list[str]]:
    """The rows of the table that tells it, without its head."""
    rows = Sight.of(html).rows
    heads = [i for i, row in enumerate(rows) if row[0] == "If it became known now"]
    return [row for row in rows[heads[0] + 1 :] if len(row) == 3] if heads else []


def test_it_is_what_one_then_scores(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster,
    mo: Forecaster,
) -> None:  # fmt: skip
    """Two of ten hours: Ada 70%, Bob 40%. If yes she loses 0.09 and he 0.36: 0.27 · 0.2 = 0.054 for her.

    If no, 0.49 and 0.16: -0.33 · 0.2 = -0.066.
    """
    say(database, ada, rain, 0.7)
    say(database, bob, rain, 0.4)
    clock.moment += 2 * HOUR
    browser = visit(ada)

    page = browser.get("/questions/rain").text

    assert happens(page)[:2] == [["Yes", "0.090", "+0.054"], ["No", "0.490", "−0.066"]]
    assert "Your forecasts cover 20% of the question’s time." in page
    resolve(database, mo, rain, 1)
    after = browser.get("/questions/rain").text
    assert happens(after) == []
    scores = next(row for row in Sight.of(after).rows if row[0] == "Ada")
    assert (scores[1], scores[4]) == ("0.090", "+0.054")


def test_who_withdrew_is_told_what_was_earned_until_then(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    say(database, ada, rain, 0.7)
    say(database, bob, rain, 0.4)
    clock.moment += 2 * HOUR
    take_back(database, ada, rain)
    clock.moment += 3 * HOUR

    page = visit(ada).get("/questions/rain").text

    assert happens(page)[:2] == [["Yes", "0.090", "+0.054"], ["No", "0.490", "−0.066"]]
    assert "up to when you withdrew. Your forecasts cover 20% of the question’s time." in page


def test_nothing_is_told_to_who_said_nothing_or_only_this_moment(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    say(database, ada, rain, 0.7)

    strangers = [visit(who).get("/questions/rain").text for who in (None, bob)]
    own = visit(ada).get("/questions/rain").text

    assert [one for one in strangers if "If this happens" in one] == []
    assert "Nothing yet: a score grows with the time for which a forecast stands." in own


def test_the_answer_to_the_form_tells_it_anew(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    """What stood so far counts, and not what is said now."""
    say(database, ada, rain, 0.7)
    clock.moment += HOUR

    answer = visit(ada).post("/questions/rain/forecasts", data={"probability": "10", "view": "question"}, headers=HTMX)

    assert happens(answer.text)[:2] == [["Yes", "0.090", "0.000"], ["No", "0.490", "0.000"]]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        # 50, 25, 25: against each of the three ((1 - 0.5)² + 0.25² + 0.25²) / 2 and (0.5² + 0.75² + 0.25²) / 2.
        ("choice", [["North", "0.188"], ["South", "0.438"], ["Calm", "0.438"]]),
        # Below the two cuts 0.5 and 0.75. 1: (0.5² + 0.25²) / 2; 3: (0.5² + 0.75²) / 2.
        (
            "number",
            [
                ["1 the low end (10%) and the middle of your last forecast", "0.156"],
                ["3 the high end (90%) of your last forecast", "0.406"],
            ],
        ),
        (
            "date",
            [
                ["3 Mar 2026 the low end (10%) and the middle of your last forecast", "0.156"],
                ["5 Mar 2026 or later the high end (90%) of your last forecast", "0.406"],
            ],
        ),
    ],
)
def test_of_many_bins_those_are_told_that_ones_forecast_marks(
    visit: Visit, town: Town, ada: Forecaster, kind: str, expected: list[list[str]]
) -> None:
    """Ada and Bob said the same, so the peer score is 0."""
    rows = happens(visit(ada).get(f"/questions/{kind}").text)

    assert rows[: len(expected)] == [[*row, "0.000"] for row in expected]
