"""A question's page: what is asked, what everybody says, the form, and everyone's score once the outcome is known."""

from collections.abc import Mapping

import pytest
from sqlmodel import col, select

from forecasts.database import Database
from forecasts.models import Forecast, Forecaster
from questions.models import Question
from tests.cast import HOUR, MovedClock, draft, everything, kinds, publish, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

HTMX = {"HX-Request": "true"}


def stored(database: Database, question: Question, who: Forecaster) -> list[list[float] | None]:
    """What stands in the table of what they said on a question, in order."""
    statement = select(Forecast.probabilities).where(
        Forecast.question_id == question.id, Forecast.forecaster_id == who.id
    )
    with database.reading() as session:
        said = session.exec(statement.order_by(col(Forecast.entry))).all()
    return [None if one is None else one.tolist() for one in said]


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "without JavaScript"])
def test_a_forecast_of_each_kind_is_stored_and_shown_as_stored(
    visit: Visit, database: Database, town: Town, mo: Forecaster, headers: dict[str, str]
) -> None:
    """.5 is half a percent, and says so."""
    browser = visit(mo)
    forms: Mapping[str, tuple[dict[str, str], list[float], str]] = {
        "binary": ({"probability": ".5"}, [0.995, 0.005], "0.5%"),
        "choice": ({"outcome-0": "20", "outcome-1": "30%", "outcome-2": "50"}, [0.2, 0.3, 0.5], "20 / 30 / 50%"),
        "number": ({"way": "bins", "bin-0": "20", "bin-1": "80", "bin-2": ""}, [0.2, 0.8, 0], ""),
        "date": ({"way": "bins", "bin-0": "", "bin-1": "100", "bin-2": "0"}, [0, 1, 0], ""),
    }

    for kind, (form, vector, shown) in forms.items():
        answer = browser.post(f"/questions/{kind}/forecasts", data=form | {"view": "question"}, headers=headers)
        if not headers:
            assert (answer.status_code, answer.headers["location"]) == (303, f"/questions/{kind}#forecast")
            answer = browser.get(f"/questions/{kind}")

        assert answer.status_code == 200
        assert answer.text.lstrip().startswith('<section id="forecast"' if headers else "<!DOCTYPE html>")
        own = Sight.of(answer.text).find("p", class_="big own")[0].text
        assert own.startswith(f"Saved {shown}" if headers else f"You {shown}")
        assert stored(database, town.open[kind], mo)[0] == pytest.approx(vector)


REFUSED = {
    "170": "170% is outside 0 to 100. Write a percentage such as 70.",
    "-1": "-1% is outside 0 to 100. Write a percentage such as 70.",
    "nan": "“nan” is not a percentage. Write a number such as 70 or 37.5.",
    "": "No percentage was typed. Write one such as 70.",
    "٣٧": "“٣٧” is not a percentage. Write a number such as 70 or 37.5.",
    "1e1": "“1e1” is not a percentage. Write a number such as 70 or 37.5.",
    "100.0001": "100.0001% is outside 0 to 100. Write a percentage such as 70.",
    '"><script>': '“"><script>” is not a percentage. Write a number such as 70 or 37.5.',
}


def test_what_is_no_percentage_is_refused_in_place_and_nothing_is_stored(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    browser, before = visit(ada), everything(database)

    for typed, sentence in REFUSED.items():
        for headers in (HTMX, {}):
            answer = browser.post("/questions/rain/forecasts", data={"probability": typed}, headers=headers)
            seen = Sight.of(answer.text)

            assert answer.status_code == 422
            assert seen.alerts == [sentence]
            assert seen.values == {"probability": typed}
            assert seen.invalid == ["probability"]
    assert everything(database) == before


def test_percentages_that_add_up_to_90_are_all_wrong_together(visit: Visit, town: Town, ada: Forecaster) -> None:
    typed = {"outcome-0": "50", "outcome-1": "30", "outcome-2": "10"}

    seen = Sight.of(visit(ada).post("/questions/choice/forecasts", data=typed, headers=HTMX).text)

    assert seen.alerts == ["The percentages add up to 90, not to 100."]
    assert seen.values == typed
    assert sorted(seen.invalid) == sorted(typed)


def test_a_refused_bin_opens_the_bins_and_marks_that_one(visit: Visit, town: Town, ada: Forecaster) -> None:
    typed = {"way": "bins", "bin-0": "50", "bin-1": "x", "bin-2": "10"}

    seen = Sight.of(visit(ada).post("/questions/number/forecasts", data=typed, headers=HTMX).text)

    assert seen.invalid == ["bin-1"]
    assert "open" in seen.find("details", class_="more")[0].attributes


def test_ones_forecasts_are_listed_the_latest_first_and_only_ones_own(
    visit: Visit, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    browser = visit(ada)
    for yes in ("40", "60"):
        browser.post("/questions/rain/forecasts", data={"probability": yes})
        clock.moment += HOUR
    browser.post("/questions/rain/withdrawal")

    mine = [Sight.of(visit(who).get("/questions/rain").text).find("ol", class_="list mine") for who in (ada, bob)]

    assert mine[0][0].text == "Withdrawn 2 Mar 2026, 14:00 UTC 60% 2 Mar 2026, 13:00 UTC 40% 2 Mar 2026, 12:00 UTC"
    assert mine[1] == []


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "without JavaScript"])
def test_withdrawing_is_an_act_of_its_own(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, headers: dict[str, str]
) -> None:
    browser = visit(ada)
    say(database, ada, rain, 0.7)

    done = browser.post("/questions/rain/withdrawal", headers=headers)
    again = browser.post("/questions/rain/withdrawal", headers=headers)

    if headers:
        assert "Your forecast is withdrawn" in Sight.of(done.text).find("p", class_="big own")[0].text
    else:
        assert (done.status_code, done.headers["location"]) == (303, "/questions/rain#forecast")
    assert again.status_code == 409
    assert Sight.of(again.text).alerts == ["You have no forecast on “What of the rain?” to withdraw."]
    assert kinds(database)[-2:] == ["forecast", "withdrawal"]


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "without JavaScript"])
def test_a_question_takes_forecasts_from_its_opening_until_its_closing(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, headers: dict[str, str]
) -> None:
    """At the opening it does, at the closing no more."""
    browser = visit(ada)
    publish(database, draft("rain", opens_at=clock.now() + HOUR, closes_at=clock.now() + 2 * HOUR))
    early = browser.post("/questions/rain/forecasts", data={"probability": "40"}, headers=headers)
    clock.moment += HOUR
    first = browser.post("/questions/rain/forecasts", data={"probability": "40"}, headers=headers)
    clock.moment += HOUR
    late = browser.post("/questions/rain/forecasts", data={"probability": "60"}, headers=headers)
    after = browser.post("/questions/rain/withdrawal", headers=headers)

    assert [one.status_code for one in (early, first, late, after)] == [409, 200 if headers else 303, 409, 409]
    assert Sight.of(early.text).alerts == [
        "“What of the rain?” takes forecasts from 2 March 2026, 13:00 UTC. Come back then."
    ]
    sentence = "“What of the rain?” took forecasts until 2 March 2026, 14:00 UTC."
    assert Sight.of(late.text).alerts == Sight.of(after.text).alerts == [sentence]
    assert kinds(database)[-1] == "forecast"


def test_a_decided_question_takes_no_forecast(visit: Visit, town: Town, ada: Forecaster) -> None:
    answer = visit(ada).post("/questions/fog/forecasts", data={"probability": "40"}, headers=HTMX)

    assert answer.status_code == 409
    assert Sight.of(answer.text).alerts == ["“What of the fog?” was annulled and takes no more forecasts."]


def test_the_page_says_what_is_asked_and_whose_claim_it_was(visit: Visit, town: Town) -> None:
    seen = Sight.of(visit().get("/questions/binary").text)

    terms = seen.find("section", aria_labelledby="terms")[0].text
    assert terms.startswith("What is asked One. Two. Resolution criteria As measured.")
    assert "Closes 2 Mar 2026, 22:00 UTC" in terms
    assert terms.endswith("Tags weather, sky")
    assert seen.find("section", aria_labelledby="claim")[0].text == (
        "The claim behind it It will rain. (paragraph 7) The almanac: 60%, as we read it. It says so. "
        "Said on 2 Mar 2026, 12:00 UTC, read on 1 Apr 2026, recorded on 2 Mar 2026, 12:00 UTC."
    )


def test_after_the_resolution_everyones_score_stands_there(visit: Visit, town: Town) -> None:
    """Known an hour after noon, of ten: each loss is a tenth of what it is while standing.

    Bob (1 - 1)² = 0; the crowd's median is 0.85, as are its mean and, of two, its latest: 0.15² = 0.0225; Ada 0.3² =
    0.09; the almanac 0.4² = 0.16; half and half 0.5² = 0.25. By odds, of which certainty counts as 1 to 0.001, the
    crowd says √(0.7 / 0.3 × 1 / 0.001) = 48.3 to 1, which is 0.9797, and loses 0.0004.
    """
    html = visit().get("/questions/snow").text
    board = Sight.of(html).find("section", aria_labelledby="scores")[0].text

    rows = [one.text for one in Sight.of(html.partition('id="scores"')[2]).find("tr")[1:]]
    expected = [
        "Bob 0.000 0.000",
        "The crowd's mean odds crowd 0.000 0.000",
        "The crowd median 0.023 0.002",
        "The crowd's mean crowd 0.023 0.002",
        "The crowd, latest first crowd 0.023 0.002",
        "Ada 0.090 0.009",
        "The almanac text 0.160 0.016",
        "Always 50% yardstick 0.250 0.025",
    ]
    assert [row[: len(start)] for row, start in zip(rows, expected, strict=True)] == expected
    assert board.count("10% 100%") == 8  # coverage and presence
    outcome = Sight.of(html).find("section", aria_labelledby="outcome")[0].text
    assert outcome == "What was decided Yes known 2 Mar 2026, 13:00 UTC, recorded 2 Mar 2026, 13:00 UTC by Mo"


def test_what_people_write_is_shown_as_text(visit: Visit, database: Database, ada: Forecaster) -> None:
    written = "<script>alert(1)</script>&\"'{{ 7 * 7 }}"
    publish(database, draft("rain", title=written, criteria=written, claim=written, tags=[written]))

    for address in ("/", "/questions/rain", "/sets/weather"):
        html = visit(ada).get(address).text
        assert "<script>alert" not in html
        assert written in Sight.of(html).text


def test_what_was_just_saved_is_seen_though_the_clock_went_back(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    clock.moment += HOUR
    say(database, ada, rain, 0.7)
    clock.moment -= HOUR

    page = visit(ada).get("/questions/rain").text

    assert "70% crowd of 1" in Sight.of(page).text


@pytest.mark.parametrize(("hours", "late"), [(5, False), (5.1, True)])
def test_who_comes_after_half_of_the_time_is_told_that_no_place_is_to_be_had(
    visit: Visit, clock: MovedClock, rain: Question, ada: Forecaster, hours: float, late: bool
) -> None:
    clock.moment += hours * HOUR

    assert ("more than half of its time is over" in visit(ada).get("/questions/rain").text) is late
