"""Where there is nothing to show yet, a page says so, and what to do."""

import pytest

from forecasts.models import Forecaster
from questions.models import Question
from tests.web.conftest import Visit
from tests.web.sight import Sight

HINTS = {
    "/leaderboard": ("No question is resolved yet. The first places appear when", "/due"),
    "/leaderboard?by=ranked": ("No question is resolved yet whose outcomes have an order.", "/"),
    "/leaderboard?since=2026-01-01": ("No resolved question fits what is chosen.", "/leaderboard?by=skill"),
    "/calibration": ("The first dots appear when one is", "/"),
    "/calibration?who=crowd&until=2026-01-01": (
        "Nothing that is resolved fits what is chosen.",
        "/calibration?who=crowd",
    ),
    "/calibration/forecasts?bin=3": ("No forecast lies there.", "/calibration"),
    "/compare": ("come back when a question that both answered is resolved", "/due"),
    "/compare?since=2026-01-01": ("Compare them on everything", "/compare?a=crowd&b=always-50"),
    "/due": ("Nothing waits. Questions come here when they close", "/"),
}


@pytest.mark.parametrize("path", HINTS)
def test_an_empty_page_says_what_to_do(visit: Visit, path: str) -> None:
    answer = visit().get(path)
    seen, (sentence, link) = Sight.of(answer.text.partition("<main")[2].partition("</main>")[0]), HINTS[path]

    assert answer.status_code == 200
    assert sentence in seen.text
    assert link in seen.links


@pytest.mark.parametrize("path", [path for path in HINTS if "since" not in path])
def test_it_says_so_too_while_nothing_but_open_questions_is_there(visit: Visit, rain: Question, path: str) -> None:
    assert HINTS[path][0] in Sight.of(visit().get(path).text).text


def test_the_sets_say_how_the_first_one_comes(visit: Visit, mo: Forecaster) -> None:
    assert "They appear once a moderator loads one." in Sight.of(visit().get("/sets").text).text
    assert "Load questions/sets/russia-2026.toml" in Sight.of(visit(mo).get("/sets").text).text


def test_whoever_has_no_score_is_told_how_to_come_by_one_and_others_are_not(visit: Visit, ada: Forecaster) -> None:
    told = "Forecast what is open; the first score comes when a moderator resolves one of them."

    assert told in Sight.of(visit(ada).get("/people/ada").text).text
    assert told not in Sight.of(visit().get("/people/ada").text).text
