"""Two forecasters side by side: the numbers that a hand calculation gives, and what may be said of them."""

import pytest

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import MovedClock, draft, publish, resolve, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight


def test_the_mean_difference_is_over_the_time_for_which_both_stood(visit: Visit, town: Town, dice: Question) -> None:
    """The dice: Ada 0.25, Bob 0, for a quarter of the window. The snow: Ada 0.09, Bob 0, for a tenth."""
    browser = visit()
    page, turned = (Sight.of(browser.get(f"/compare?{pair}").text) for pair in ("a=ada&b=bob", "a=bob&b=ada"))

    mean = (0.25 / 4 + 0.09 / 10) / 2  # 0.036
    facts = [one.text for one in page.find("dd")]
    assert facts[:3] == ["2", "2", f"+{mean:.3f}"]
    assert [one.text for one in turned.find("dd")][2] == f"−{mean:.3f}"
    most = [row for row in page.rows if row[0].startswith("What of the")]
    assert most == [
        ["What of the dice?", "North", "50 / 50 / 0%", "100 / 0 / 0%", "+0.062", "Bob", "25%"],
        ["What of the snow?", "Yes", "70%", "100%", "+0.009", "Bob", "10%"],
    ]
    assert {"/questions/dice", "/questions/snow", "/people/ada", "/scores#compare"} <= set(page.links)
    assert "It cannot be told yet who is better." in page.text
    assert "steps: 2, Bob better by 0.036" in page.text
    assert "on 1 yes-or-no question." in page.text
    assert "take the forecasts that stood when both last stood together, while differences are taken over" in page.text


def test_a_comparison_counts_what_is_chosen_alone(visit: Visit, town: Town, dice: Question) -> None:
    browser = visit()

    for query, questions, mean in (("tag=weather", "1", "+0.009"), ("set=games", "1", "+0.062")):
        page = Sight.of(browser.get(f"/compare?a=ada&b=bob&{query}").text)
        facts = [one.text for one in page.find("dd")]
        assert (facts[0], facts[2]) == (questions, mean)


def test_two_who_were_never_there_together_are_not_compared(
    visit: Visit, database: Database, clock: MovedClock, town: Town, mo: Forecaster
) -> None:
    page = Sight.of(visit().get("/compare?a=ada&b=mo").text)

    assert "Ada and Mo stood on no resolved question at the same time, so there is nothing to say." in page.text
    assert page.rows == []


def test_whoever_is_always_ahead_looks_better_but_not_firmly(visit: Visit, season: list[Question]) -> None:
    """0.01 - 0.16 on each of fifty questions, which were all open at once: no upset, so nobody knows what one costs."""
    page = Sight.of(visit().get("/compare?a=ada&b=bob").text)

    facts = [one.text for one in page.find("dd")]
    assert facts[:3] == ["50", "50", "−0.150 95% −0.150 to −0.150"]
    assert "Ada looks better than Bob, but that is not firm: only 0 of 50 steps went the other way" in page.text
    assert "Some of the questions were open at the same time, so this is approximate." in page.text


def test_nobody_is_compared_with_themselves(visit: Visit, ada: Forecaster) -> None:
    answer = visit().get("/compare?a=ada&b=Ada")

    assert answer.status_code == 422
    assert "Ada cannot be compared with Ada. Choose two forecasters." in answer.text


def test_the_board_leads_to_a_comparison(visit: Visit, town: Town) -> None:
    page = Sight.of(visit().get("/leaderboard").text)

    form = page.find("form", action="/compare")
    assert len(form) == 1
    assert {one.attributes["name"] for one in page.find("select")} >= {"a", "b"}


@pytest.mark.parametrize("b", ["crowd", "crowd-mean", "crowd-odds", "crowd-recent", "always-50"])
def test_everybody_can_be_held_against_each_yardstick(visit: Visit, database: Database, town: Town, b: str) -> None:
    assert visit().get(f"/compare?a=ada&b={b}").status_code == 200


def test_questions_that_are_linked_make_one_step(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    """Two of one group and one alone, each 0.09 against 0.01: three questions, two steps."""
    drafts = [draft("one", group="both"), draft("two", group="both"), draft("alone")]
    questions = publish(database, *drafts)
    for question in questions:
        say(database, ada, question, 0.7)
        say(database, bob, question, 0.9)
    clock.moment = questions[0].closes_at
    for question in questions:
        resolve(database, mo, question, 1)

    facts = [one.text for one in Sight.of(visit().get("/compare?a=ada&b=bob").text).find("dd")]

    assert facts[:3] == ["3", "2", "+0.080"]
