"""The sheet: its sorts, what it says has changed, the acts of one key, its pages; each by hand."""

import pytest
from starlette.testclient import TestClient

from forecasts import looking
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import DAY, HOUR, NOON, MovedClock, draft, kinds, publish, resolve, rows, say
from tests.web.conftest import Visit
from tests.web.sight import Sight

HTMX = {"HX-Request": "true"}
DESK = {"view": "desk"}


def tabs(browser: TestClient, query: str = "") -> dict[str, int]:
    """How many questions the sheet says there are of each sort."""
    found = Sight.of(browser.get(f"/{query}").text).find("nav", aria_label="Questions")[0].text
    words = found.split()
    numbers = [at for at, word in enumerate(words) if word.isdigit()]
    starts = [0, *(at + 1 for at in numbers)]
    return {" ".join(words[start:at]): int(words[at]) for start, at in zip(starts, numbers, strict=False)}


def shown(browser: TestClient, query: str) -> list[str]:
    """The questions on the sheet, in order."""
    seen = Sight.of(browser.get(f"/{query}").text)
    return [one.attributes["id"].removeprefix("question-") for one in seen.find("article")]


def row(browser: TestClient, slug: str, query: str = "") -> str:
    """All that a question's row says."""
    return Sight.of(browser.get(f"/{query}").text).find("article", id=f"question-{slug}")[0].text


def test_what_one_has_not_answered_is_a_sort_of_its_own(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster
) -> None:
    rain, *_ = publish(database, draft("rain"), draft("snow"), draft("frost", opens_at=NOON + HOUR))
    say(database, ada, rain, 0.4)

    assert tabs(visit(ada)) == {"Open": 2, "Unanswered": 1, "Closing soon": 2, "Opening later": 1}
    assert shown(visit(ada), "?show=unanswered") == ["snow"]
    assert shown(visit(ada), "?show=upcoming") == ["frost"]
    assert tabs(visit()) == {"Open": 2, "Closing soon": 2, "Opening later": 1}


def test_a_forecast_that_lapsed_leaves_its_question_unanswered(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster
) -> None:
    """A set's forecasts stand for a tenth of ten hours."""
    (rain,) = publish(database, draft("rain"), expires_after=0.1)
    say(database, ada, rain, 0.4)
    clock.moment += HOUR

    assert shown(visit(ada), "?show=unanswered") == ["rain"]


def test_a_question_is_stale_after_a_tenth_of_its_time_and_offers_to_say_it_again(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    say(database, ada, rain, 0.35)
    clock.moment += HOUR - HOUR / 60
    assert shown(visit(ada), "?show=stale") == []

    clock.moment += HOUR / 60
    assert shown(visit(ada), "?show=stale") == ["rain"]
    assert "Still 35%?" in row(visit(ada), "rain")

    answer = visit(ada).post("/questions/rain/reaffirmation", data=DESK, headers=HTMX)
    assert "Saved 35% 2 Mar 2026, 13:00 UTC" in Sight.of(answer.text).text
    assert kinds(database)[-2:] == ["forecast", "forecast"]
    assert shown(visit(ada), "?show=stale") == []


def test_whoever_looked_is_up_to_date(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    browser, before = visit(ada), len(kinds(database))
    say(database, ada, rain, 0.35)
    clock.moment += 2 * HOUR
    say(database, bob, rain, 0.75)
    assert shown(browser, "?show=stale") == shown(browser, "?show=moved") == ["rain"]

    browser.post("/questions/rain/look", headers=HTMX)

    assert shown(browser, "?show=stale") == shown(browser, "?show=moved") == []
    assert len(kinds(database)) == before + 2
    with database.reading() as session:
        assert looking.last(session, ada, rain) == NOON + 2 * HOUR
        assert looking.last(session, bob, rain) == NOON + 2 * HOUR


def test_looking_again_moves_the_moment(database: Database, clock: MovedClock, rain: Question, ada: Forecaster) -> None:
    for _ in range(2):
        clock.moment += HOUR
        with database.writing() as (session, moment):
            looking.look(session, ada, rain, moment)

    assert len(rows(database, "look")) == 1
    with database.reading() as session:
        assert looking.lasts(session, ada) == {rain.id: NOON + 2 * HOUR}


def test_the_crowd_has_moved_from_five_points_on(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    """Ada says 40% and looks no more; with Bob's 48% the median is 44%, with his 50% it is 45%."""
    say(database, ada, rain, 0.4)
    clock.moment += HOUR / 60
    say(database, bob, rain, 0.48)
    assert shown(visit(ada), "?show=moved") == []

    clock.moment += HOUR / 60
    say(database, bob, rain, 0.5)

    assert shown(visit(ada), "?show=moved") == ["rain"]
    assert "The crowd said 40% when you last looked" in row(visit(ada), "rain")


def test_the_crowd_of_an_ordered_question_moves_by_shares_below_a_value(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster
) -> None:
    (boats,) = publish(database, draft("boats", "number"))
    say(database, ada, boats, 0.5, 0.25, 0.25)
    clock.moment += HOUR / 60
    say(database, bob, boats, 0.5, 0.25, 0.25)
    assert shown(visit(ada), "?show=moved") == []

    say(database, bob, boats, 0.25, 0.5, 0.25)

    assert shown(visit(ada), "?show=moved") == ["boats"]


def test_what_closes_within_a_week_closes_soon_and_the_soonest_stands_first(visit: Visit, database: Database) -> None:
    times = {"later": 8 * DAY, "week": 7 * DAY, "tomorrow": DAY}
    publish(
        database, *(draft(name, closes_at=NOON + by, resolves_at=NOON + 9 * DAY) for name, by in times.items())
    )  # fmt: skip

    assert shown(visit(), "?show=closing") == ["tomorrow", "week"]


def test_the_sheet_is_narrowed_by_set_tag_and_words_and_keeps_them(visit: Visit, database: Database) -> None:
    publish(database, draft("rain", tags=["wet"]), draft("snow", tags=["wet", "cold"]), within="sky")
    publish(database, draft("wheat", criteria="As sold at the wet market."), within="market")

    assert shown(visit(), "?set=market") == ["wheat"]
    assert shown(visit(), "?tag=cold") == ["snow"]
    assert shown(visit(), "?q=WET") == ["rain", "snow", "wheat"]
    assert shown(visit(), "?q=snow+wet&tag=wet&set=sky") == ["snow"]
    seen = Sight.of(visit().get("/?q=snow&tag=wet&set=sky").text)
    assert "/?set=sky&tag=wet&q=snow&show=closing" in seen.links
    assert seen.find("input", id="q")[0].attributes["value"] == "snow"


def test_who_is_not_signed_in_and_asks_for_their_own_sees_what_is_open(visit: Visit, rain: Question) -> None:
    for show in ("unanswered", "stale", "moved"):
        assert shown(visit(), f"?show={show}") == ["rain"]


@pytest.mark.parametrize("query", ["?show=nothing", "?set=nowhere"])
def test_a_part_of_the_sheet_that_there_is_not_is_refused(visit: Visit, rain: Question, query: str) -> None:
    answer = visit().get(f"/{query}")

    assert answer.status_code in (404, 422)
    assert len(Sight.of(answer.text).find("h1")) == 1


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999", "\u0663"])
def test_a_page_that_there_is_not_is_the_nearest(visit: Visit, rain: Question, page: str) -> None:
    assert shown(visit(), f"?page={page}") == ["rain"]


def test_fifty_questions_stand_on_a_page(visit: Visit, database: Database) -> None:
    publish(database, *(draft(f"q{number}") for number in range(51)))

    first, second = (shown(visit(), f"?page={page}") for page in (1, 2))

    assert (len(first), second) == (50, ["q50"])
    assert "/?page=2" in Sight.of(visit().get("/").text).links


def test_undo_leads_back_to_what_stood_before(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    browser = visit(ada)
    say(database, ada, rain, 0.25)
    clock.moment += HOUR / 60
    say(database, ada, rain, 0.75)

    answer = browser.post("/questions/rain/undo", data=DESK, headers=HTMX)

    seen = Sight.of(answer.text)
    assert "Saved 25%" in seen.text
    assert seen.find("form", class_="act-undo") == []


def test_undo_of_the_first_forecast_says_that_nothing_stands(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    say(database, ada, rain, 0.25)

    answer = visit(ada).post("/questions/rain/undo", data=DESK, headers=HTMX)

    assert "Nothing of yours stands now" in Sight.of(answer.text).text
    assert kinds(database)[-1] == "withdrawal"


def test_undo_and_its_like_work_without_javascript(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    browser = visit(ada)
    say(database, ada, rain, 0.25)

    undone = browser.post("/questions/rain/undo", data=DESK | {"sheet": "show=open&tag="})
    again = browser.post("/questions/rain/undo", data=DESK)

    assert (undone.status_code, undone.headers["location"]) == (303, "/?show=open&saved=rain")
    assert again.status_code == 409
    assert "nothing on “What of the rain?” within the last hour" in Sight.of(again.text).text


def test_the_focus_is_on_the_first_unanswered_question_after_the_one_just_saved(
    visit: Visit, database: Database, ada: Forecaster
) -> None:
    questions = publish(database, *(draft(name) for name in ("rain", "snow", "hail")))
    browser = visit(ada)
    assert focused(browser, "/") == ["desk-rain-probability"]

    say(database, ada, questions[1], 0.5)

    assert focused(browser, "/?saved=rain") == ["desk-hail-probability"]


def focused(browser: TestClient, address: str) -> list[str]:
    return [
        one.attributes["id"]
        for one in Sight.of(browser.get(address).text).find("input")
        if "autofocus" in one.attributes
    ]


def test_the_track_shows_where_the_crowd_and_oneself_stand(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    say(database, ada, rain, 0.2)
    say(database, bob, rain, 0.6)

    paths = [
        one.attributes["d"]
        for one in Sight.of(visit(ada).get("/").text).find("path")
        if one.attributes.get("class", "").startswith("track")
    ]

    assert paths == ["M40.0 1V9", "M20.0 0V10"]


def test_what_was_resolved_comes_the_latest_first(
    visit: Visit, database: Database, clock: MovedClock, mo: Forecaster
) -> None:
    rain, snow = publish(database, draft("rain"), draft("snow"))
    resolve(database, mo, snow, 1)
    resolve(database, mo, rain, 0)

    assert shown(visit(), "") == shown(visit(), "?show=decided") == ["rain", "snow"]
