"""A set's page: the source claim by claim, how good a forecaster it was, and long lists by pages."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from sqlmodel import col, select

from forecasts import loading
from forecasts.database import Database
from forecasts.models import Forecaster
from questions import journal
from questions.models import Question
from questions.setfile import Draft, SetFile
from tests.cast import DAY, HOUR, NOON, SOURCE, MovedClock, annul, draft, publish, resolve, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Element, Sight

PAGE = "/sets/weather"


def write(
    database: Database, said: Mapping[str, tuple[float, ...]], *drafts: dict[str, Any], **about: Any
) -> dict[str, Question]:
    """Load a set in which the almanac says this of the questions with these names; its questions by name."""
    judged = [Draft(one, np.array(said[one["slug"]]) if one["slug"] in said else None, "It says so.") for one in drafts]
    fields = {"slug": "weather", "title": "The weather", "description": "", "source": SOURCE, "expires_after": None}
    with database.writing() as (session, moment):
        loading.load(session, SetFile(fields | about, judged), "a file", by=journal.OPERATOR, moment=moment)
    with database.reading() as session:
        return {one.slug: one for one in session.exec(select(Question).order_by(col(Question.id)))}


def part(html: str, key: str) -> Element:
    """The section with that heading."""
    return Sight.of(html).find("section", aria_labelledby=key)[0]


def claim(html: str, slug: str) -> Element:
    """What stands of one question."""
    return Sight.of(html).find("li", id=f"question-{slug}")[0]


# The claims


def test_a_source_says_when_it_was_published_and_when_it_was_read(visit: Visit, town: Town) -> None:
    assert part(visit().get(PAGE).text, "source").text == (
        "What the weather will be Published 2 Mar 2026, 12:00 UTC; read for its numbers on 1 Apr 2026, after the fact: "
        "they may owe something to what had happened by then, so it carries no rank. Its scores: The almanac text."
    )


def test_each_claim_stands_with_its_question_both_numbers_and_the_outcome(visit: Visit, town: Town) -> None:
    """Ada says 70% and Bob 100%, so the crowd 85%: 25 points more than the almanac."""
    html = visit().get(PAGE).text

    assert claim(html, "binary").text.startswith("It will rain. ¶ 7 What of the binary?")
    assert claim(html, "binary").text.endswith(
        "The almanac, as we read it 60% said 2 Mar 2026 The crowd now 85% of 2, 25 points higher "
        "Outcome Closes 2 Mar 2026 It says so."
    )
    assert claim(html, "snow").text.endswith(
        "The crowd at the end 85% of 2, 25 points higher Outcome Yes known 2 Mar 2026 "
        "Right. It called this 60% likely, and it happened. It says so."
    )
    assert claim(html, "fog").text.endswith("Outcome Annulled It says so.")


def test_a_claim_of_which_the_source_says_nothing_has_the_crowd_alone(visit: Visit, town: Town) -> None:
    said = claim(visit().get(PAGE).text, "number").text

    assert "as we read it" not in said
    assert "The crowd now" in said


def test_both_numbers_stand_on_one_scale_that_is_told_in_words(visit: Visit, town: Town) -> None:
    """The quartiles of 70 and 100% are 70 and 100%."""
    titles = [one.text for one in Sight.of(visit().get(PAGE).text).find("title")]

    assert "Yes, on a scale from 0% to 100%: The almanac 60%, the crowd 85%" in titles
    assert "Yes, on a scale from 0% to 100%: The almanac 60%, the crowd 85%; outcome: Yes" in titles
    assert "Yes, on a scale from 0% to 100%: The almanac 60%" in titles  # nobody spoke of the hail


SAID = {
    "sure": (0.04, 0.96),
    "unlikely": (0.94, 0.06),
    "open": (0.5, 0.5),
    "wind": (0.2, 0.7, 0.1),
    "gale": (0.2, 0.7, 0.1),
    "cold": (0.04, 0.92, 0.04),
    "warm": (0.04, 0.92, 0.04),
}
KINDS = {"wind": "choice", "gale": "choice", "cold": "number", "warm": "number"}
OUTCOMES = {"sure": 0, "unlikely": 0, "open": 1, "wind": 1, "gale": 0, "cold": 1, "warm": 0}

TOLD = {
    "sure": "Wrong. It called this 96% likely, and it did not happen.",
    "unlikely": "Right. It called this 6% likely, and it did not happen.",
    "open": "Neither right nor wrong. It called this 50% likely, and it happened.",
    "wind": "Right. It gave “south” 70%.",
    "gale": "Wrong. It gave “north” 20%, and “south” 70%.",
    "cold": "Right. 2 lies inside its 80% interval, ",
    "warm": "Wrong. 1 lies outside its 80% interval, ",
}


@pytest.fixture
def judged(database: Database, mo: Forecaster, clock: MovedClock) -> dict[str, Question]:
    """Seven questions that the almanac speaks of and that all are resolved, six hours after noon."""
    found = write(database, SAID, *(draft(slug, KINDS.get(slug, "binary")) for slug in SAID))
    clock.moment += 6 * HOUR
    for slug, outcome in OUTCOMES.items():
        resolve(database, mo, found[slug], outcome)
    return found


def test_it_is_said_in_plain_words_when_the_source_was_right(visit: Visit, judged: dict[str, Question]) -> None:
    """Of a number the 80% interval decides: of 4, 92 and 4% in three bins it holds the middle one alone."""
    html = visit().get(PAGE).text

    for slug, sentence in TOLD.items():
        assert sentence in claim(html, slug).text


# How good it was


def test_the_record_holds_a_text_against_the_crowd_and_against_always_half(visit: Visit, town: Town) -> None:
    """It spoke to the four yes-or-no questions, of which snow is resolved, yes, and fog annulled.

    Snow: the almanac lost 0.4² = 0.16 and the crowd 0.15² = 0.0225, over the same hour. Ada lost 0.09 and Bob 0, which
    is 0.045 in the mean, over a tenth of the window: a peer score of (0.045 - 0.16) / 10 = -0.0115.
    """
    html = visit().get(PAGE).text
    said = part(html, "record-head").text

    assert "Of the 4 questions it speaks to, 1 is resolved and 1 annulled." in said
    assert "It was right about 1 and wrong about 0." in said
    assert Sight.of(html).rows[1:] == [
        ["All of them, over all the time it stood", "1", "0.160", "–", "0.250"],
        ["Where the crowd stood too, at the same moments", "1", "0.160", "0.023", "0.250"],
    ]
    assert "Peer score: Worse than the others by 0.012 on average; too few independent questions to say how" in said
    assert "Best calls What of the snow? It called this 60% likely, and it happened. Loss 0.160, peer" in said
    assert "Worst calls It has been wrong about nothing yet." in said
    assert "that takes ten resolved yes-or-no questions or more, and there is one." in said


def test_hits_misses_and_calls_are_counted_over_every_kind(visit: Visit, judged: dict[str, Question]) -> None:
    """Right: cold (0.04² + 0.04²) / 2 = 0.0016, unlikely 0.06² = 0.0036, wind (0.2² + 0.3² + 0.1²) / 2 = 0.07.

    Wrong: sure 0.96² = 0.9216, gale (0.8² + 0.7² + 0.1²) / 2 = 0.57, warm (0.96² + 0.04²) / 2 = 0.4616. Nobody else
    spoke, so there is no crowd to be held against. Brier: (0.9216 + 0.0036 + 0.25) / 3 = 0.3917.
    """
    html = visit().get(PAGE).text
    said = part(html, "record-head").text

    assert "Of the 7 questions it speaks to, 7 are resolved." in said
    assert "It was right about 3 and wrong about 3; on 1 it leant to no side." in said
    assert Sight.of(html).rows[1:] == [["All of them, over all the time it stood", "3", "0.392", "–", "0.250"]]
    losses = [word for word in said.split() if word.startswith("0.") and word.endswith(",")]
    assert losses == ["0.002,", "0.004,", "0.070,", "0.922,", "0.570,", "0.462,"]


def test_the_crowd_is_held_against_the_time_for_which_it_stood_too(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster
) -> None:
    """The almanac speaks to two questions for ten hours, which happen; Ada says 80% of one of them, half way.

    Alone it lost 0.4² = 0.16 on the one and 0.3² = 0.09 on the other, 0.125 in the mean. Where Ada stood too it lost
    0.16 and she 0.04.
    """
    found = write(database, {"rain": (0.4, 0.6), "wind": (0.3, 0.7)}, draft("rain"), draft("wind"))
    clock.moment += 5 * HOUR
    say(database, ada, found["rain"], 0.8)
    clock.moment += 5 * HOUR
    for question in found.values():
        resolve(database, mo, question, 1)

    assert [row[1:] for row in Sight.of(visit().get(PAGE).text).rows[1:]] == [
        ["2", "0.125", "–", "0.250"],
        ["1", "0.160", "0.040", "0.250"],
    ]


def test_while_nothing_is_resolved_the_page_says_what_comes_next(visit: Visit, database: Database) -> None:
    drafts = [draft(f"day-{n}", resolves_at=NOON + (10 - n) * DAY) for n in range(5)]
    write(database, {f"day-{n}": (0.4, 0.6) for n in range(4)}, *drafts)

    said = part(visit().get(PAGE).text, "record-head").text

    assert "Nothing that it speaks to is resolved yet, so nobody knows. It speaks to 4 questions." in said
    assert said.endswith(
        "Expected next What of the day-4? outcome expected 8 Mar 2026 What of the day-3? outcome expected 9 Mar 2026 "
        "What of the day-2? outcome expected 10 Mar 2026"
    )


def test_an_outcome_that_should_be_known_is_due(visit: Visit, database: Database, clock: MovedClock) -> None:
    write(database, {"rain": (0.4, 0.6)}, draft("rain"))
    clock.moment += 2 * DAY

    assert "What of the rain? outcome due since 3 Mar 2026" in part(visit().get(PAGE).text, "record-head").text


@pytest.mark.parametrize(("many", "shown"), [(9, False), (10, True)])
def test_from_ten_resolved_questions_on_its_calibration_is_shown(
    visit: Visit, database: Database, clock: MovedClock, mo: Forecaster, many: int, shown: bool
) -> None:
    found = write(database, {f"day-{n}": (0.4, 0.6) for n in range(many)}, *(draft(f"day-{n}") for n in range(many)))
    clock.moment += HOUR
    for question in found.values():
        resolve(database, mo, question, 1)

    html = visit().get(PAGE).text

    assert ('class="chart chart-reliability"' in html) == shown
    assert ("Nothing can be said of its calibration yet" in html) == (not shown)


def test_an_annulled_question_counts_neither_way(
    visit: Visit, database: Database, clock: MovedClock, mo: Forecaster
) -> None:
    found = write(database, {"rain": (0.4, 0.6)}, draft("rain"))
    annul(database, mo, found["rain"])

    html = visit().get(PAGE).text

    assert "Nothing that it speaks to is resolved yet" in html
    assert "verdict" not in html


# The list


def test_questions_stand_under_their_first_tags(visit: Visit, database: Database) -> None:
    tags = {"rain": ["wet", "cold"], "wind": ["dry"], "hail": ["wet"], "calm": ["dry-spell"], "heat": ["dry"]}
    write(database, {}, *(draft(slug, tags=own) for slug, own in {**tags, "fog": ["wet"]}.items()))

    page = Sight.of(visit().get(PAGE).text)

    order = ("rain", "hail", "fog", "wind", "heat", "calm")
    assert [one.text for one in page.find("h3", class_="part")] == ["Wet", "Dry", "Dry spell"]
    assert [one.text for one in page.find("h4")] == [f"What of the {slug}?" for slug in order]


@pytest.mark.parametrize("tags", [["wet", ""], ["wet", "wet"], ["wet", "dry"]], ids=["untagged", "one", "one each"])
def test_where_tags_sort_nothing_there_are_no_headings(visit: Visit, database: Database, tags: list[str]) -> None:
    write(database, {}, *(draft(f"day-{n}", tags=[tag] if tag else []) for n, tag in enumerate(tags)))

    page = Sight.of(visit().get(PAGE).text)

    assert page.find("h3", class_="part") == []
    assert [one.text for one in page.find("h3", class_="became")] == ["What of the day-0?", "What of the day-1?"]


def test_a_set_without_a_source_is_a_list_with_the_crowd(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster
) -> None:
    rain, wind = publish(database, draft("rain"), draft("wind"))
    for question in (rain, wind):
        say(database, ada, question, 0.7)
    clock.moment += HOUR
    resolve(database, mo, rain, 1)

    html = visit().get(PAGE).text

    assert part(html, "questions").text.startswith("Questions 2 questions: 1 open, 1 resolved. Leaderboard of this set")
    assert claim(html, "rain").text.endswith("70% crowd of 1 Yes, known 2 Mar 2026")
    assert claim(html, "wind").text.endswith("70% crowd of 1 Closes 2 Mar 2026")
    assert "How good a forecaster" not in html


def test_a_long_set_comes_by_fifties(visit: Visit, database: Database) -> None:
    publish(database, *(draft(f"day-{n}") for n in range(101)))
    browser = visit()

    shown = {page: Sight.of(browser.get(f"{PAGE}?page={page}").text) for page in ("", "1", "2", "3")}

    counts = {page: len([one for one in seen.find("li") if "id" in one.attributes]) for page, seen in shown.items()}
    assert counts == {"": 50, "1": 50, "2": 50, "3": 1}
    assert "Questions 51 to 100 of 101" in shown["2"].text
    assert {f"{PAGE}#questions", f"{PAGE}?page=3#questions"} <= set(shown["2"].links)
    assert "What of the day-100?" in shown["3"].text


@pytest.mark.parametrize("page", ["0", "3", "x", "-1", "1e3", "%D9%A1", "%00", "9" * 50])
def test_a_page_that_is_not_there_is_not_found(visit: Visit, database: Database, page: str) -> None:
    publish(database, *(draft(f"day-{n}") for n in range(51)))

    answer = visit().get(f"{PAGE}?page={page}")

    assert answer.status_code == 404
    assert "of this list. Its pages are 1 to 2." in answer.text


def test_an_empty_set_says_so(visit: Visit, database: Database) -> None:
    publish(database)

    assert "There is no question in this set yet." in visit().get(PAGE).text


def test_a_text_that_was_read_on_its_day_has_a_place_among_all_who_are_ranked(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    """It rained. Ada lost .01 by her 90%, the almanac .16 by its 60%, Bob .49 by his 30%: it is the second of three."""
    rain = write(database, {"rain": (0.4, 0.6)}, draft("rain"), source={**SOURCE, "read_on": NOON.date()})["rain"]
    for who, yes in ((ada, 0.9), (bob, 0.3)):
        say(database, who, rain, yes)
    clock.moment += HOUR
    resolve(database, mo, rain, 1)

    assert "rank 2 of 3" in Sight.of(visit().get(PAGE).text).text
