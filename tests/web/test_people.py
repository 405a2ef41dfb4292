"""A person's page: standing in words, skill over time, best and worst calls, receipts by fifties, and its filters."""

import pytest

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import HOUR, MovedClock, draft, publish, resolve, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight


@pytest.fixture
def week(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster) -> list[Question]:
    """Five questions that close an hour after each other. Ada calls each 90%, Bob 60%; all happen but the last.

    Ada loses 0.01 four times and then 0.81, Bob 0.16 and then 0.36: she gains 0.15 four times, and loses 0.45.
    """
    ends = [clock.now() + (number + 1) * HOUR for number in range(5)]
    drafts = [draft(f"day-{number}", closes_at=end, resolves_at=end) for number, end in enumerate(ends)]
    questions = publish(database, *drafts, within="week")
    for question in questions:
        say(database, ada, question, 0.9)
        say(database, bob, question, 0.6)
    for number, question in enumerate(questions):
        clock.moment += HOUR
        resolve(database, mo, question, int(number < 4))
    return questions


def told(html: str) -> dict[str, str]:
    """What is said of a standing, by the board's title."""
    page = Sight.of(html).find("dl", class_="told")[0].text
    heads = [one.text for one in Sight.of(html).find("dt") if one.text in ("Skill", "Brier", "Ranked score")]
    parts = [page.index(f"{head} ") for head in heads] + [len(page)]
    return {head: page[parts[i] + len(head) + 1 : parts[i + 1]].strip() for i, head in enumerate(heads)}


def section(html: str, key: str) -> Sight:
    """The part of the page under that heading."""
    return Sight.of(html.partition(f'<section aria-labelledby="{key}">')[2].partition("</section>")[0])


def test_a_standing_is_told_in_words(visit: Visit, week: list[Question]) -> None:
    """(4 · 0.15 - 0.45) / 5 = 0.03 by peer, and of two who are ranked none is drawn to the mean; Brier 0.85 / 5."""
    said = told(visit().get("/people/ada").text)

    assert said["Skill"].startswith("Better than the others by 0.030 on average; the truth may lie between ")
    assert said["Skill"].endswith(" better, so it may be luck; plausible ranks 1 to 2 of 2.")
    assert said["Brier"].startswith(
        "Loses 0.170 on average, where always 50% loses 0.25 on yes-or-no questions; the truth may lie between "
    )
    assert told(visit().get("/people/bob").text)["Skill"].startswith("Worse than the others by 0.030 on average")


def test_who_carries_no_rank_is_told_of_none(visit: Visit, week: list[Question]) -> None:
    assert "rank" not in told(visit().get("/people/crowd").text)["Skill"]


def test_skill_over_time_is_what_the_board_said_with_the_outcomes_known_by_then(
    visit: Visit, week: list[Question]
) -> None:
    """0.15 until the fourth outcome, then (4 · 0.15 - 0.45) / 5; an interval takes five questions."""
    seen = section(visit().get("/people/ada").text, "over-time")

    assert [row[:2] + row[4:] for row in seen.rows[1:]] == [
        ["2 Mar 2026, 13:00 UTC", "0.150", "1"],
        ["2 Mar 2026, 14:00 UTC", "0.150", "2"],
        ["2 Mar 2026, 15:00 UTC", "0.150", "3"],
        ["2 Mar 2026, 16:00 UTC", "0.150", "4"],
        ["2 Mar 2026, 17:00 UTC", "0.030", "5"],
    ]
    assert [row[2] == "–" for row in seen.rows[1:]] == [True, True, True, True, False]
    assert seen.find("svg", class_="chart-drawing")[0].attributes["aria-labelledby"] == "course-title course-about"


def test_under_five_outcomes_words_stand_in_for_the_line(visit: Visit, town: Town) -> None:
    seen = section(visit().get("/people/ada").text, "over-time")

    assert "A line over time takes five outcomes, which became known at two moments at least. So far there is one." in (
        seen.text
    )
    assert seen.find("svg") == []


def test_best_and_worst_calls_stand_with_what_was_said_and_their_receipts(visit: Visit, week: list[Question]) -> None:
    seen = section(visit().get("/people/ada").text, "calls")

    gained, lost = (one.text for one in seen.find("ol", class_="calls"))
    for number in range(4):
        assert f"What of the day-{number}? +0.150 said 90% at the end; outcome Yes. Receipt" in gained
    assert lost == "What of the day-4? −0.450 said 90% at the end; outcome No. Receipt"
    assert "/questions/day-4/receipts/ada" in seen.links


def test_who_gained_nothing_and_lost_nothing_is_told_so(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.7)
    clock.moment += HOUR
    resolve(database, mo, rain, 1)

    said = section(visit().get("/people/ada").text, "calls").text

    assert "Gained most Nothing was gained on the others yet." in said
    assert "Lost most Nothing was lost to the others yet." in said


def test_the_page_counts_what_is_chosen_alone(
    visit: Visit, database: Database, week: list[Question], town: Town
) -> None:
    """Of the snow Ada said 70%, and it snowed an hour after the opening at five: 0.09 while standing."""
    browser = visit()

    def scored(query: str) -> list[str]:
        html = browser.get(f"/people/ada?{query}").text
        return [row[0] for row in Sight.of(html.partition('id="results"')[2]).rows[1:]]

    days = [f"What of the day-{number}?" for number in reversed(range(5))]
    assert scored("") == ["What of the snow?", *days]
    assert scored("set=week") == days
    assert scored("tag=weather") == ["What of the snow?"]
    assert scored("since=2026-03-02&until=2026-03-02") == scored("")
    weather = browser.get("/people/ada?set=weather").text
    assert told(weather)["Brier"].startswith("Loses 0.090 on average")
    assert "/leaderboard?by=brier&set=weather" in Sight.of(weather).links
    assert "/calibration/forecasts?set=weather&who=ada&bin=14" in Sight.of(weather).links


def test_what_stands_is_narrowed_too(visit: Visit, town: Town) -> None:
    browser = visit()

    standing = {
        query: len(Sight.of(browser.get(f"/people/ada?{query}").text).find("span", class_="asked"))
        for query in ("", "set=weather", "tag=weather", "tag=nope")
    }

    assert standing == {"": 4, "set=weather": 4, "tag=weather": 4, "tag=nope": 0}


def test_where_nothing_fits_the_page_says_so_and_leads_back(visit: Visit, week: list[Question]) -> None:
    page = Sight.of(visit().get("/people/ada?tag=nope").text)

    assert "No resolved question answered here fits what is chosen. Show all" in page.text
    assert "/people/ada" in page.links


@pytest.mark.parametrize(
    ("query", "status"), [("since=soon", 422), ("set=nope", 404), ("page=2", 404), ("page=%00", 404), ("tag=%00", 422)]
)
def test_a_bad_choice_is_answered_with_a_sentence(visit: Visit, week: list[Question], query: str, status: int) -> None:
    answer = visit().get(f"/people/ada?{query}")

    assert answer.status_code == status
    assert Sight.of(answer.text).find("h1")


def test_receipts_come_by_fifties_and_keep_what_is_chosen(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster
) -> None:
    questions = publish(database, *(draft(f"day-{number}") for number in range(51)), within="days")
    for question in questions:
        say(database, ada, question, 0.9)
    clock.moment += HOUR
    for question in questions:
        resolve(database, mo, question, 1)
    browser = visit()

    pages = [browser.get(f"/people/ada?set=days{more}").text for more in ("", "&page=2")]

    shown = [Sight.of(html.partition('id="results"')[2]) for html in pages]
    assert [len(seen.rows) - 1 for seen in shown] == [50, 1]
    assert shown[1].rows[1][0] == "What of the day-0?"
    assert "Scores 51 to 51 of 51" in shown[1].text
    assert "/people/ada?set=days&page=2#results" in shown[0].links
    assert "/people/ada?set=days#results" in shown[1].links


def test_update_quality_is_told_where_there_is_any(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster,
    mo: Forecaster,
) -> None:  # fmt: skip
    """Ada says three things of one question, Bob one."""
    say(database, bob, rain, 0.5)
    for yes in (0.5, 0.7, 0.9):
        say(database, ada, rain, yes)
        clock.moment += HOUR
    resolve(database, mo, rain, 1)
    browser = visit()

    said = {who: section(browser.get(f"/people/{who}").text, "updating").text for who in ("ada", "bob")}

    assert "Too few questions to say how the forecasts move." in said["ada"]
    assert said["ada"].endswith("3 changed forecasts on 1 resolved question, 3.0 a question.")
    assert said["bob"].endswith(
        "1 changed forecast on 1 resolved question, 1.0 a question. No yes-or-no forecast was changed, so nothing can "
        "be said of how they move."
    )
