"""The leaderboard, calibration and people: the numbers that a hand calculation gives, filters, and what links where."""

import pytest

from forecasts.database import Database
from forecasts.leaderboard import MEASURES
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import DAY, HOUR, NOON, MovedClock, draft, join, publish, resolve, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

RANK, NAME, VALUE, INTERVAL, QUESTIONS, COVERAGE, PRESENCE, FIRST, RANKS = range(9)


def board(html: str) -> list[list[str]]:
    """The rows of a board, cell by cell."""
    return Sight.of(html).rows[1:]


def names(html: str) -> list[str]:
    """Who has a row, in order."""
    return [one.text for one in Sight.of(html).find("a") if one.attributes["href"].startswith("/people/")]


def test_the_brier_board_ranks_people_and_leaves_yardsticks_without_a_place(visit: Visit, town: Town) -> None:
    """One question, resolved yes: Bob 0, the crowd 0.15² = 0.0225, Ada 0.3², the almanac 0.4², always-50% 0.5².

    By odds the crowd says 97.97% (see test_questions.py) and loses 0.0004.
    """
    rows = board(visit().get("/leaderboard?by=brier").text)

    shown = [(row[RANK], row[NAME], row[VALUE], row[QUESTIONS], row[COVERAGE]) for row in rows]
    assert shown == [
        ("1", "Bob cannot be told from the next", "0.000", "1", "10%"),
        ("", "The crowd's mean odds crowd", "0.000", "1", "10%"),
        ("", "The crowd median", "0.023", "1", "10%"),
        ("", "The crowd's mean crowd", "0.023", "1", "10%"),
        ("", "The crowd, latest first crowd", "0.023", "1", "10%"),
        ("2", "Ada", "0.090", "1", "10%"),
        ("", "The almanac text read on 1 Apr 2026", "0.160", "1", "10%"),
        ("", "Always 50% yardstick", "0.250", "1", "10%"),
    ]
    assert {row[PRESENCE] for row in rows} == {"100%"}  # all stood until it was known, at a tenth of the window
    assert {(row[FIRST], row[RANKS]) for row in rows} == {("–", "–")}  # of one question chance is not known


def test_the_default_board_goes_by_what_one_gained_on_the_others(visit: Visit, town: Town, dice: Question) -> None:
    """The mean of two peer scores: of two who are ranked none is drawn towards the mean.

    Snow, yes, a tenth of the window: Bob lost 0, Ada 0.09, the crowd 0.0225, the almanac 0.16, always-50% 0.25.
    Bob gains 0.09 / 10 on Ada; the others are held against the mean of the two, 0.045.
    The dice: Ada loses 0.25 throughout, Bob 0 in the last quarter, in which the crowd, at 75 / 25 / 0, loses 0.0625;
    before, the crowd is Ada. Always-50% loses 1/3.
    """
    rows = board(visit().get("/leaderboard").text)

    bob = (0.09 / 10 + 0.25 / 4) / 2  # 0.036
    crowd = (0.0225 / 10 + (0.125 - 0.0625) / 4) / 2  # 0.009
    even = ((0.045 - 0.25) / 10 + (0.25 - 1 / 3) * 3 / 4 + (0.125 - 1 / 3) / 4) / 2  # -0.068
    values = {row[NAME].split(" cannot")[0]: row[VALUE] for row in rows}
    assert [row[RANK] for row in rows] == ["1", "", "", "", "", "", "2", ""]
    assert values == {
        "Bob": f"+{bob:.3f}",
        "The crowd's mean odds crowd": values["The crowd's mean odds crowd"],
        "The crowd median": f"+{crowd:.3f}",
        "The crowd's mean crowd": f"+{crowd:.3f}",
        "The crowd, latest first crowd": f"+{crowd:.3f}",
        "The almanac text read on 1 Apr 2026": "−0.012",  # (0.045 - 0.16) / 10 = -0.0115
        "Ada": f"−{bob:.3f}",
        "Always 50% yardstick": f"−{-even:.3f}",
    }


def test_who_was_there_for_under_half_of_the_time_has_no_place_by_brier(visit: Visit, dice: Question) -> None:
    """Ada: (0.5² + 0.5²) / 2 = 0.25; always the same: (4/9 + 1/9 + 1/9) / 2 = 1/3; Bob was right, for a quarter."""
    browser = visit()
    rows = board(browser.get("/leaderboard?by=brier").text)

    ranked = [(row[RANK], row[NAME], row[VALUE], row[COVERAGE]) for row in rows]
    assert ("1", "Ada", "0.250", "100%") in ranked
    assert ("", "Always 50% yardstick", "0.333", "100%") in ranked
    assert ranked[-1] == ("", "Bob present under half the time", "0.000", "25%")
    assert [row[PRESENCE] for row in rows if row[NAME].startswith(("Ada", "Bob"))] == ["100%", "25%"]
    assert [row[RANK] for row in board(browser.get("/leaderboard").text) if row[NAME].startswith("Bob")] == ["1"]


def test_a_board_counts_what_is_chosen_alone(visit: Visit, town: Town, dice: Question) -> None:
    browser = visit()

    def found(query: str) -> dict[str, tuple[str, str]]:
        rows = board(browser.get(f"/leaderboard?by=brier&{query}").text)
        return {row[NAME].split(" cannot")[0].split(" present")[0]: (row[VALUE], row[QUESTIONS]) for row in rows}

    # (0.009 + 0.25) / (0.1 + 1) = 0.235.
    assert found("")["Ada"] == found("since=2026-03-02&until=2026-03-02")["Ada"] == ("0.235", "2")
    assert found("set=weather")["Ada"] == found("tag=weather")["Ada"] == ("0.090", "1")
    assert found("set=games")["Ada"] == ("0.250", "1")
    assert "The almanac text read on 1 Apr 2026" not in {**found("set=games"), **found("least=2")}
    assert set(found("least=2")) >= {"Ada", "Bob"}
    for nothing in ("since=2026-03-03", "until=2026-03-01", "tag=nope", "set=games&tag=weather"):
        page = Sight.of(browser.get(f"/leaderboard?by=brier&{nothing}").text)
        assert page.rows == []
        assert "No resolved question fits what is chosen." in page.text
    chosen = Sight.of(browser.get("/leaderboard?set=games").text).find("option", value="games")[0]
    assert "selected" in chosen.attributes


def test_a_board_of_bots_ranks_no_person(visit: Visit, town: Town) -> None:
    browser = visit()

    people, bots = (board(browser.get(f"/leaderboard?kind={kind}").text) for kind in ("person", "bot"))

    assert [row[RANK] for row in people if row[RANK]] == ["1", "2"]
    assert [row[RANK] for row in bots if row[RANK]] == []
    assert len(bots) == len(people)


def test_the_other_boards_keep_what_is_chosen(visit: Visit, town: Town) -> None:
    links = Sight.of(visit().get("/leaderboard?by=peer&set=weather&least=1").text).links

    for name in MEASURES:
        assert f"/leaderboard?by={name}&set=weather&least=1" in links
    assert "/scores#peer" in links


def test_an_ordered_question_stands_on_a_board_of_its_own(
    visit: Visit, database: Database, clock: MovedClock, town: Town, mo: Forecaster
) -> None:
    """1, 2, 3 with 50, 25, 25 and the outcome 1: ((1 - 0.5)² + (1 - 0.75)²) / 2 = 0.156."""
    browser = visit()
    before = Sight.of(browser.get("/leaderboard?by=ranked").text).text
    clock.moment += 9 * HOUR
    resolve(database, mo, town.open["number"], 0, value="1")

    ranked, brier = (board(browser.get(f"/leaderboard?by={rule}").text) for rule in ("ranked", "brier"))

    assert "No question is resolved yet whose outcomes have an order." in before
    assert [(row[VALUE], row[QUESTIONS]) for row in ranked if row[NAME].startswith("Ada")] == [("0.156", "1")]
    assert [(row[VALUE], row[QUESTIONS]) for row in brier if row[NAME].startswith("Ada")] == [("0.090", "1")]


def test_under_fifty_questions_there_is_no_podium_and_the_page_says_why(visit: Visit, town: Town) -> None:
    page = Sight.of(visit().get("/leaderboard").text).text

    assert "1 resolved question. No podium yet: under 50 resolved questions luck decides" in page


def test_fifty_questions_take_that_warning_away_and_tell_two_apart(visit: Visit, season: list[Question]) -> None:
    """Ada loses 0.01 each time and Bob 0.16: always 0.15 less, so that chance has nothing to turn round."""
    html = visit().get("/leaderboard?by=peer").text
    rows = [row for row in board(html) if row[RANK]]

    assert "podium" not in html
    assert "50 resolved questions." in Sight.of(html).text
    assert [row[:3] for row in rows] == [["1", "Ada", "+0.150"], ["2", "Bob", "−0.150"]]
    assert [row[INTERVAL] for row in rows] == [
        "+0.150, no interval",
        "−0.150, no interval",
    ]
    assert [row[FIRST:] for row in rows] == [[">99%", "1 to 1"], ["<1%", "2 to 2"]]


def test_an_empty_board_says_when_it_fills(visit: Visit, rain: Question) -> None:
    browser = visit()

    assert "No question is resolved yet. The first places appear when" in browser.get("/leaderboard").text
    assert "No yes-or-no question that was answered is resolved yet." in Sight.of(browser.get("/calibration").text).text


def test_the_page_that_derives_the_scores_has_a_place_for_every_measure_and_its_own_words(visit: Visit) -> None:
    page = Sight.of(visit().get("/scores").text)

    heads = {one.attributes["id"]: one.text for one in page.find("h2")}
    assert {name: heads[name] for name in MEASURES} == {name: one.title for name, one in MEASURES.items()}
    assert {"time", "sure", "crowd", "calibration", "movement", "compare"} <= set(heads)
    assert set(page.links) >= {f"#{key}" for key in heads}
    assert all(one.about in page.text for one in MEASURES.values())
    assert "divided by the number of groups that they are worth" in page.text
    assert "its 95% is an average over people" in page.text


# Calibration


def test_calibration_counts_every_changed_forecast_on_yes_or_no_questions(
    visit: Visit, database: Database, clock: MovedClock, town: Town, dice: Question, ada: Forecaster,
    mo: Forecaster,
) -> None:  # fmt: skip
    """Ada said 70 of the snow, and of the rain 30, 30 again and 60; Bob 100 of the snow. The dice are no yes or no."""
    end = clock.now() + DAY
    rain = publish(database, draft("rain", opens_at=clock.now(), closes_at=end, resolves_at=end), within="more")[0]
    for yes in (0.3, 0.3, 0.6):
        say(database, ada, rain, yes)
        clock.moment += HOUR
    resolve(database, mo, rain, 0)
    browser = visit()

    said = {
        query: Sight.of(browser.get(f"/calibration?{query}").text).find("div", class_="calibration")[0].text
        for query in ("", "who=ADA", "who=crowd&tag=weather", "set=games", "until=2026-03-01")
    }

    assert "4 changed forecasts on 2 questions by 2 forecasters: saying the same again does not" in said[""]
    assert "the band allows for that" in said[""]
    assert "3 changed forecasts on 2 questions by 1 forecaster:" in said["who=ADA"]
    assert "1 changed forecast on 1 question by 1 forecaster:" in said["who=crowd&tag=weather"]
    assert "is resolved yet" in said["set=games"]
    assert "Choices, each outcome against the rest" in said["set=games"]
    assert "is resolved yet" in said["until=2026-03-01"]
    assert Sight.of(browser.get("/calibration?who=ada").text).find("h1")[0].text == "Calibration: Ada"


def test_a_dot_counts_questions_and_not_groups_of_them(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    """Ada says 70% of two linked questions, Bob of the second alone: three forecasts, two questions, one group."""
    rain, wind = publish(database, draft("rain", group="storm"), draft("wind", group="storm"))
    for who, question in ((ada, rain), (ada, wind), (bob, wind)):
        say(database, who, question, 0.7)
    clock.moment += HOUR
    for question in (rain, wind):
        resolve(database, mo, question, 1)

    page = visit().get("/calibration")

    assert "3 forecasts on 2 questions" in page.text
    assert ["67.5% to 72.5%", "3", "2", "70%", "100%"] in [row[:5] for row in Sight.of(page.text).rows]


def test_the_loss_of_the_forecasts_is_taken_apart(visit: Visit, season: list[Question]) -> None:
    """Bob always said 60% and it always happened: he loses 0.16, all of it miscalibration. By log -ln 0.6 = 0.511."""
    page = Sight.of(visit().get("/calibration?who=bob").text)

    rows = {row[0]: row for row in page.rows}
    assert rows["Brier"][1:3] + rows["Brier"][4:] == ["0.160", "0.160", "0.000", "0.000"]
    assert rows["Log"][1:3] + rows["Log"][4:] == ["0.511", "0.511", "0.000", "0.000"]
    # (1 - 2p)(y - p) is -0.2 · 0.4 = -0.08 each time, of variance 0.2² · 0.24: z = -50 · 0.08 / √(50 · 0.0096) = -5.77
    assert "z = −5.77: a calibrated forecaster is this far off in <1% of cases." in page.text
    assert "better than these forecasts expect of themselves" in page.text


def test_a_dot_leads_to_its_forecasts_and_these_to_their_questions(visit: Visit, town: Town, ada: Forecaster) -> None:
    """70% lies in the bin from 67.5 to 72.5%, number 14 counted from 0."""
    browser = visit()
    dots = [link for link in Sight.of(browser.get("/calibration?who=ada&set=weather").text).links if "bin=" in link]

    listed = Sight.of(browser.get(dots[0]).text)

    assert set(dots) == {"/calibration/forecasts?set=weather&who=ada&bin=14"}
    assert listed.find("h1")[0].text == "Forecasts from 67.5% to 72.5%"
    assert "1 changed forecast on 1 resolved yes-or-no question; 1 of 1 came true (100%)." in listed.text
    assert listed.rows[1:] == [["What of the snow?", "Ada", "70%", "2 Mar 2026, 12:00", "Yes"]]
    assert {"/questions/snow", "/people/ada", "/calibration?set=weather&who=ada"} <= set(listed.links)


def test_a_bin_in_which_nothing_lies_says_so(visit: Visit, town: Town) -> None:
    assert "No forecast lies there." in visit().get("/calibration/forecasts?bin=2").text


# People


def test_a_persons_page_tells_their_place_their_scores_and_what_they_say_now(visit: Visit, town: Town) -> None:
    html = visit().get("/people/ada").text
    seen = Sight.of(html)

    boards = {row[0]: row for row in reversed(seen.rows)}  # the first table's row where others begin alike
    assert [boards["Brier"][at] for at in (1, 3, 5, 6)] == ["0.090", "2", "1", "10%"]
    assert [boards["Peer"][at] for at in (1, 3)] == ["−0.009", "2"]
    assert "Ranked score" not in boards
    scores = Sight.of(html.partition('id="results"')[2]).rows[1:]
    assert scores == [["What of the snow?", "Yes", "Brier", "0.009", "−0.009", "10%", "100%", "Receipt"]]
    assert "Score: 0 to 1, lower is better, for the time" in seen.text
    assert "Peer: −1 to 1, higher is better, 0 is as good as the others." in seen.text
    assert "/questions/snow/receipts/ada" in seen.links
    standing = seen.find("ul", class_="list")[0].text
    assert standing.startswith("What of the binary? 70% said 2 Mar 2026 What of the choice? 50 / 25 / 25% said")
    assert "Forecaster since 2 Mar 2026" in seen.text
    assert "/compare?a=ada&b=crowd" in seen.links


def test_every_kind_of_forecaster_has_a_page_that_says_what_it_is(visit: Visit, town: Town, mo: Forecaster) -> None:
    browser = visit()
    kinds = ("crowd", "crowd-mean", "crowd-odds", "crowd-recent", "always-50", "almanac", "mo")
    said = {who: Sight.of(browser.get(f"/people/{who}").text).text for who in kinds}

    assert "The median of all people who forecast a question; " in said["crowd"]
    assert "The mean of all people" in said["crowd-mean"]
    assert "The geometric mean of the odds that people gave" in said["crowd-odds"]
    assert "with the latest forecasts weighing most" in said["crowd-recent"]
    assert "A yardstick: the same probability on every outcome, from the opening on." in said["always-50"]
    assert "read out of it on 1 Apr 2026, after the fact, so it carries no rank" in said["almanac"]
    assert "No score yet: none of the questions answered here is resolved." in said["mo"]
    assert browser.get("/people/ADA").status_code == 200


def test_a_persons_page_tells_how_their_forecasts_moved(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster,
    mo: Forecaster,
) -> None:  # fmt: skip
    """Ada: 50, 70, 90%, and it rains: (0.2² + 0.2² + 0.1²) / 0.5² = 0.36. Bob never changed what he said."""
    say(database, bob, rain, 0.5)
    for yes in (0.5, 0.7, 0.9):
        say(database, ada, rain, yes)
        clock.moment += HOUR
    resolve(database, mo, rain, 1)
    browser = visit()

    said = {who: Sight.of(browser.get(f"/people/{who}").text).text for who in ("ada", "bob", "always-50")}

    assert "Too few questions to say how the forecasts move. Movement ratio 0.36, from 1 independent" in said["ada"]
    assert "Movement ratio" not in said["bob"]
    assert "Movement ratio" not in said["always-50"]


def test_a_forecast_that_waits_for_its_outcome_stands_on_the_persons_page(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    say(database, ada, rain, 0.7)
    clock.moment += 11 * HOUR

    page = Sight.of(visit(ada).get("/people/ada").text).text

    assert "What of the rain? 70% said 2 Mar 2026; closed, waiting for resolution" in page


def test_people_who_never_forecast_are_on_no_board(visit: Visit, database: Database, town: Town) -> None:
    join(database, "Eve")

    assert "Eve" not in names(visit().get("/leaderboard").text)


@pytest.mark.parametrize(("said", "told"), [(0.7, True), (0.95, False)])
def test_a_crowd_that_is_surely_too_timid_is_told_so_on_its_page(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster, said: float, told: bool
) -> None:
    """Of forty questions 38 end as she leans, which is 95%: who says 70% hedges too much, who says 95% does not."""
    end = NOON + HOUR
    questions = publish(database, *(draft(f"coin-{number}", closes_at=end, resolves_at=end) for number in range(40)))
    for question in questions:
        say(database, ada, question, said)
    clock.moment += HOUR
    for number, question in enumerate(questions):
        resolve(database, mo, question, int(number >= 2))

    page = Sight.of(visit().get("/people/crowd").text).text

    assert ("Too timid" in page) == told
    assert ("With its odds raised to the power" in page) == told
    assert "Too timid" not in Sight.of(visit().get("/people/ada").text).text
