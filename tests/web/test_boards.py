"""The leaderboard, calibration and people: the numbers that a hand calculation gives, and filters."""

import pytest

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import HOUR, MovedClock, draft, publish, resolve, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight


@pytest.fixture
def dice(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster) -> Question:
    """Another set, of one choice that was resolved at noon and an hour, when it closed; Bob came half an hour late."""
    times = {"opens_at": clock.now(), "closes_at": clock.now() + HOUR, "resolves_at": clock.now() + HOUR}
    question = publish(database, draft("dice", "choice", **times), within="games")[0]
    say(database, ada, question, 0.5, 0.5, 0)
    clock.moment += HOUR * 0.75
    say(database, bob, question, 1, 0, 0)
    clock.moment += HOUR / 4
    resolve(database, mo, question, 0)
    return question


def board(html: str) -> list[str]:
    """The rows of the leaderboard."""
    return [one.text for one in Sight.of(html).find("tr")[1:]]


def test_the_board_ranks_by_mean_brier_and_leaves_yardsticks_without_a_place(visit: Visit, town: Town) -> None:
    """One question, resolved yes: Bob 0, the crowd 0.15² = 0.0225, Ada 0.3², the almanac 0.4², always-50% 0.5²."""
    rows = board(visit().get("/leaderboard").text)

    assert rows[0] == "1 Bob 0.000 1 10% 100% – 0"
    assert rows[1].startswith("The crowd median 0.02")
    assert rows[2] == "2 Ada 0.090 1 10% 100% – 0"
    assert rows[3] == "The almanac text read on 1 Apr 2026 0.160 1 10% 100% – 0"
    assert rows[4:] == ["Always 50% yardstick 0.250 1 10% 100% – 0"]


def test_who_was_there_for_under_half_of_the_time_has_no_place(visit: Visit, dice: Question) -> None:
    """Ada: (0.5² + 0.5²) / 2 = 0.25; always the same: (4/9 + 1/9 + 1/9) / 2 = 1/3; Bob was right, for a quarter."""
    rows = board(visit().get("/leaderboard").text)

    assert rows[0].startswith("The crowd median 0.")
    assert rows[1:] == [
        "1 Ada 0.250 1 100% 100% – 0",
        "Always 50% yardstick 0.333 1 100% 100% – 0",
        "Bob present under half the time 0.000 1 25% 25% – 0",
    ]


def test_the_board_of_a_set_counts_its_questions_alone(visit: Visit, town: Town, dice: Question) -> None:
    browser = visit()

    names = [
        [one.text for one in Sight.of(browser.get(f"/leaderboard?set={chosen}").text).find("th", scope="row")]
        for chosen in ("weather", "games")
    ]
    everything = [row for row in board(browser.get("/leaderboard").text) if "Ada" in row]

    assert [len(one) for one in names] == [5, 4]
    chosen = Sight.of(browser.get("/leaderboard?set=games").text).find("option", value="games")[0]
    assert "selected" in chosen.attributes
    # (0.009 + 0.25) / (0.1 + 1) = 0.235; coverage is the mean of 10% and 100%. Bob, present for 62.5%, has 0.
    assert everything == ["2 Ada 0.235 2 55% 100% – 0"]


def test_an_ordered_question_stands_in_its_own_column(
    visit: Visit, database: Database, clock: MovedClock, town: Town, mo: Forecaster
) -> None:
    """1, 2, 3 with 50, 25, 25 and the outcome 1: ((1 - 0.5)² + (1 - 0.75)²) / 2 = 0.156."""
    clock.moment += 9 * HOUR
    resolve(database, mo, town.open["number"], 0, value="1")

    rows = board(visit().get("/leaderboard").text)

    assert [row for row in rows if "Ada" in row] == ["2 Ada 0.090 1 10% 100% 0.156 1"]


def test_an_empty_board_says_when_it_fills(visit: Visit, rain: Question) -> None:
    browser = visit()

    assert "No question is resolved yet. The board fills when the first one is." in browser.get("/leaderboard").text
    assert (
        "No yes-or-no question with a forecast that stood at the end is resolved yet."
        in Sight.of(browser.get("/calibration").text).text
    )


def test_calibration_counts_one_case_a_person_and_question(visit: Visit, town: Town, dice: Question) -> None:
    """Of yes-or-no questions alone: Ada said 70 and Bob 100 of the one that was resolved; the choice does not count."""
    browser = visit()
    said = {
        address: Sight.of(browser.get(address).text).find("div", class_="calibration")[0].text
        for address in ("/calibration", "/calibration?who=ADA", "/calibration?who=crowd", "/calibration?set=games")
    }

    assert "2 forecasts on 1 question by 2 forecasters:" in said["/calibration"]
    assert "they are not independent of each other" in said["/calibration"]
    assert "1 forecast on 1 question by 1 forecaster:" in said["/calibration?who=ADA"]
    assert "1 forecast on 1 question by 1 forecaster:" in said["/calibration?who=crowd"]
    assert "is resolved yet" in said["/calibration?set=games"]
    assert Sight.of(browser.get("/calibration?who=ada").text).find("h1")[0].text == "Calibration: Ada"


def test_a_persons_page_tells_their_place_their_scores_and_what_they_say_now(visit: Visit, town: Town) -> None:
    html = visit().get("/people/ada").text
    seen = Sight.of(html)

    facts = seen.find("dl", class_="facts")[0].text
    assert facts == "Mean Brier 0.090 over 1 question Rank 2 Coverage 10% Presence 100%"
    scores = [one.text for one in Sight.of(html.partition('id="results"')[2]).find("tr")[1:]]
    assert scores == ["What of the snow? Yes Brier 0.009 10% 100%"]
    standing = seen.find("ul", class_="list")[0].text
    assert standing.startswith("What of the binary? 70% said 2 Mar 2026 What of the choice? 50 / 25 / 25% said")
    assert "Forecaster since 2 Mar 2026" in seen.text


def test_every_kind_of_forecaster_has_a_page_that_says_what_it_is(visit: Visit, town: Town, mo: Forecaster) -> None:
    browser = visit()
    said = {who: Sight.of(browser.get(f"/people/{who}").text).text for who in ("crowd", "always-50", "almanac", "mo")}

    assert "The median of all people who forecast a question" in said["crowd"]
    assert "A yardstick: the same probability on every outcome, from the opening on." in said["always-50"]
    assert "read out of it on 1 Apr 2026, after the fact, so it carries no rank" in said["almanac"]
    assert "No score yet: none of the questions answered here is resolved." in said["mo"]
    assert browser.get("/people/ADA").status_code == 200


def test_a_forecast_that_waits_for_its_outcome_stands_on_the_persons_page(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    say(database, ada, rain, 0.7)
    clock.moment += 11 * HOUR

    page = Sight.of(visit(ada).get("/people/ada").text).text

    assert "What of the rain? 70% said 2 Mar 2026; closed, waiting for resolution" in page
