"""The desk: what is open with its fields, what waits, what was decided; and how little it asks of the database."""

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import HOUR, SPECS, MovedClock, draft, publish, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

HTMX = {"HX-Request": "true"}
ON_DESK = {"view": "desk"}


def own(html: str, slug: str) -> str:
    """What a row says of one's own forecast."""
    row = html.partition(f'id="question-{slug}"')[2].partition("</article>")[0]
    return Sight.of(row).find("p", class_="own")[0].text


def test_the_desk_lists_what_is_open_what_waits_and_what_was_decided(visit: Visit, town: Town) -> None:
    seen = Sight.of(visit().get("/").text)

    assert on_sheet(seen) == list(SPECS)
    waiting, decided = (Sight.of(visit().get(f"/?show={show}").text) for show in ("waiting", "decided"))
    assert on_sheet(waiting) == ["hail"]
    assert "Nobody forecast" in waiting.find("article")[0].text
    assert "Closed 2 Mar 2026, waiting for resolution" in waiting.find("article")[0].text
    assert on_sheet(decided) == ["fog", "snow"]
    assert "Annulled" in decided.find("article", id="question-fog")[0].text
    assert "Yes, known 2 Mar 2026" in decided.find("article", id="question-snow")[0].text


def on_sheet(seen: Sight) -> list[str]:
    """The questions that the sheet shows, in order."""
    return [one.attributes["id"].removeprefix("question-") for one in seen.find("article")]


def test_a_row_shows_the_crowd_the_closing_and_ones_own_forecast(visit: Visit, town: Town, ada: Forecaster) -> None:
    html = visit(ada).get("/").text
    row = Sight.of(html).find("article", id="question-binary")[0].text

    assert "85% crowd of 2" in row  # the median of 70 and 100
    assert "Closes 2 Mar 2026" in row
    assert own(html, "binary") == "You said 70% 2 Mar 2026"


def test_a_field_is_empty_until_it_is_touched(visit: Visit, town: Town, ada: Forecaster) -> None:
    """What was stored stands beside it. Where several fields make one answer they hold what the rest needs."""
    row = Sight.of(visit(ada).get("/").text)

    assert [one.attributes.get("value") for one in row.find("input", name="probability")] == [None]
    assert [one.attributes["value"] for one in row.find("input", name="outcome-0")] == ["50"]


def test_who_is_not_signed_in_sees_no_field(visit: Visit, town: Town) -> None:
    seen = Sight.of(visit().get("/").text)

    assert seen.values == {"try": ""}
    assert "/sign-in?back=/questions/binary" in seen.links


def test_saving_on_the_desk_gives_htmx_the_row_with_what_was_stored(
    visit: Visit, rain: Question, ada: Forecaster
) -> None:
    answer = visit(ada).post("/questions/rain/forecasts", data=ON_DESK | {"probability": "37,5"}, headers=HTMX)

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<article class="row answered saved" id="question-rain">')
    assert own(answer.text, "rain") == "Saved 37.5% 2 Mar 2026, 12:00 UTC"
    assert "37.5% crowd of 1" in Sight.of(answer.text).text


def test_saving_on_the_desk_without_javascript_leads_back_to_the_row(
    visit: Visit, rain: Question, ada: Forecaster
) -> None:
    browser = visit(ada)

    answer = browser.post("/questions/rain/forecasts", data=ON_DESK | {"probability": "37%"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/?saved=rain")
    assert own(browser.get("/?saved=rain").text, "rain") == "Saved 37% 2 Mar 2026, 12:00 UTC"
    assert own(browser.get("/").text, "rain") == "You said 37% 2 Mar 2026"


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "without JavaScript"])
def test_what_cannot_be_is_refused_in_its_row_with_what_was_typed(
    visit: Visit, database: Database, ada: Forecaster, headers: dict[str, str]
) -> None:
    publish(database, draft("rain"), draft("snow"))

    answer = visit(ada).post("/questions/snow/forecasts", data=ON_DESK | {"probability": "170"}, headers=headers)
    seen = Sight.of(answer.text)

    assert answer.status_code == 422
    assert seen.alerts == ["170% is outside 0 to 100. Write a percentage such as 70."]
    wrong = seen.find("input", aria_invalid="true")
    assert [(one.attributes["id"], one.attributes["value"]) for one in wrong] == [("desk-snow-probability", "170")]
    assert wrong[0].attributes["aria-describedby"] == seen.find("p", class_="error")[0].attributes["id"]
    assert len(seen.find("article")) == (1 if headers else 2)


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "without JavaScript"])
def test_a_question_that_closed_meanwhile_says_so(
    visit: Visit, clock: MovedClock, closed: Question, ada: Forecaster, headers: dict[str, str]
) -> None:
    browser = visit(ada)
    clock.moment += 2 * HOUR

    answer = browser.post("/questions/hail/forecasts", data=ON_DESK | {"probability": "40"}, headers=headers)

    assert answer.status_code == 409
    assert Sight.of(answer.text).alerts == ["“What of the hail?” took forecasts until 2 March 2026, 13:00 UTC."]


def test_when_nothing_is_open_the_desk_says_so_and_offers_to_go_on(visit: Visit, clock: MovedClock, town: Town) -> None:
    clock.moment += 20 * HOUR

    seen = Sight.of(visit().get("/").text)

    assert seen.find("h1")[0].text == "Nothing is open"
    assert "Load or write a set of questions to go on." in seen.find("p", class_="lead")[0].text
    assert on_sheet(seen) == ["fog", "snow"]
    assert seen.find("input", type="text") == []


def test_a_question_that_opens_later_stands_on_the_desk_without_a_field(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster
) -> None:
    publish(database, draft("frost", opens_at=clock.now() + HOUR))

    seen = Sight.of(visit(ada).get("/").text)

    assert "Opens 2 Mar 2026" in seen.find("article", id="question-frost")[0].text
    assert seen.values == {}


def test_the_crowd_on_the_desk_follows_what_others_say(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    """What was computed of the crowd is kept, but only until the question's next act."""
    browser = visit(ada)
    shown = [crowd_of_rain(browser)]

    for who, yes in ((bob, 0.2), (ada, 0.6), (bob, 0.4)):
        say(database, who, rain, yes)
        shown.append(crowd_of_rain(browser))

    # One is their own median; of two it lies half way between: (20 + 60) / 2, then (40 + 60) / 2.
    assert shown == ["No crowd yet", "20% crowd of 1", "40% crowd of 2", "50% crowd of 2"]


def crowd_of_rain(browser: TestClient) -> str:
    row = browser.get("/").text.partition('id="question-rain"')[2]
    crowd = row.partition('<div class="crowd">')[2].partition("</div>")[0]
    return Sight.of(crowd).find("p")[0].text


def statements(database: Database, browser: TestClient, address: str) -> list[str]:
    """Every statement that one look at a page sends to the database."""
    said: list[str] = []

    def hear(connection: object, cursor: object, statement: str, *rest: object) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", hear)
    try:
        assert browser.get(address).status_code == 200
    finally:
        event.remove(database.engine, "before_cursor_execute", hear)
    return [one for one in said if one.startswith("SELECT")]


def test_the_desk_asks_as_little_for_many_questions_as_for_few(
    visit: Visit, database: Database, ada: Forecaster, bob: Forecaster
) -> None:
    """The last act on record, who looks, the questions, own forecasts, when they looked and spoke, the sets (thrice)
    and tags; two more a question after its acts.
    """
    browser = visit(ada)
    drafts = [draft(f"q{one}", list(SPECS)[one % 4]) for one in range(48)]
    few = publish(database, *drafts[:24])
    for question in few:
        speak(database, ada, question)
    first, again = (statements(database, browser, "/") for _ in range(2))

    for question in publish(database, *drafts[24:], within="more"):
        speak(database, bob, question)
    more, once_more = (statements(database, browser, "/") for _ in range(2))
    speak(database, bob, few[0])
    after_one = statements(database, browser, "/")

    assert len(again) == len(once_more) == 10
    assert len(first) - len(again) == len(more) - len(once_more) == 24 * 2
    assert len(after_one) - len(once_more) == 2


def speak(database: Database, who: Forecaster, question: Question) -> None:
    say(database, who, question, *([0.5] if question.kind == "binary" else [0.5, 0.25, 0.25]))
