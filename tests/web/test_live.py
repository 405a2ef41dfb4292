"""News on an open page: what has changed comes within seconds, and that nothing has is told out of memory."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from forecasts import discussion, history, ledger
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import HOUR, NOON, MovedClock, draft, publish, resolve, say
from tests.web.conftest import Town, Visit, token_for
from tests.web.sight import Sight
from tests.web.test_essay import write
from web.dependencies import COOKIE
from web.live import MOST_DRAWN, PATIENCE, Watch, state
from web.rendering import static_files


def news(html: str) -> dict[str, str]:
    """What a page knows of how to ask for more."""
    return Sight.of(html).find("p", id="news")[0].attributes


def ask(browser: TestClient, known: dict[str, str]) -> tuple[int, str]:
    answer = browser.get(known["data-from"], headers={"If-None-Match": known["data-tag"]})
    return answer.status_code, answer.text


def look(browser: TestClient) -> None:
    """What the process does by itself once a second."""
    watch: Watch = browser.app_state["watch"]
    watch.look()


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """What the database was asked since."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


def test_that_nothing_is_new_is_told_without_asking_the_database(
    visit: Visit, rain: Question, statements: list[str]
) -> None:
    browser = visit()
    known = news(browser.get("/questions/rain").text)
    first = ask(browser, known)
    statements.clear()

    again = [ask(browser, known) for _ in range(3)]

    assert first == (304, "")
    assert again == [(304, "")] * 3
    assert statements == []


def test_what_others_do_comes_to_the_page_part_by_part_and_is_told(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    browser = visit(ada)
    known = news(browser.get("/questions/rain").text)
    ask(browser, known)
    say(database, bob, rain, 0.3)
    say(database, bob, rain, 0.4)
    with database.writing() as (session, moment):
        discussion.comment(session, bob, rain, "Look up.", moment)

    look(browser)
    status, html = ask(browser, known)

    assert status == 200
    seen = Sight.of(html)
    assert seen.find("p", id="news")[0].text == "2 new forecasts, 1 new comment"
    assert seen.find("p", id="crowd")[0].text == "40% crowd of 1"
    assert "Bob at 40% 2 Mar 2026, 12:00 UTC Look up." in seen.find("div", id="comment-list")[0].text
    assert "Bob commented" in seen.find("div", id="acts")[0].text
    assert "charts" in [one.attributes.get("id") for one in seen.find("div")]
    assert seen.find("form") == []
    assert ask(browser, news(html)) == (304, "")


def test_what_one_does_oneself_is_shown_and_no_news(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    browser = visit(ada)
    known = news(browser.get("/questions/rain").text)
    say(database, ada, rain, 0.4)
    look(browser)

    status, html = ask(browser, known)

    assert status == 200
    assert Sight.of(html).find("p", id="news")[0].text == ""
    assert "40% crowd of 1" in Sight.of(html).text


def test_a_decision_comes_too(visit: Visit, database: Database, rain: Question, mo: Forecaster) -> None:
    browser = visit()
    known = news(browser.get("/questions/rain").text)
    resolve(database, mo, rain, 1)
    look(browser)

    html = ask(browser, known)[1]

    assert Sight.of(html).find("p", id="news")[0].text == "1 new decision"
    assert Sight.of(html).find("span", id="state")[0].text == "Yes, known 2 Mar 2026"
    decided = Sight.of(html).find("div", id="decided")[0].text
    assert decided.startswith("What was decided Yes known 2 Mar 2026, 12:00 UTC, recorded 2 Mar 2026, 12:00 UTC by ")
    assert Sight.of(html).find("div", id="scored")[0].text == "Load this page again for the scores as they are now"


def test_what_happens_to_another_question_is_no_news(
    visit: Visit, database: Database, ada: Forecaster, statements: list[str]
) -> None:
    _, snow = publish(database, draft("rain"), draft("snow"))
    browser = visit()
    known = news(browser.get("/questions/rain").text)
    ask(browser, known)
    say(database, ada, snow, 0.4)
    look(browser)
    statements.clear()

    assert ask(browser, known) == (304, "")
    assert statements == []


def test_what_the_clock_changes_comes_by_itself(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    """An expiry after an hour, and the closing after ten: nobody acts, and no look is needed."""
    with database.writing() as (session, moment):
        ledger.record(session, ada, rain, np.array([0.7, 0.3]), moment, expires_at=moment + HOUR)
    browser = visit()
    known = news(browser.get("/questions/rain").text)
    before = ask(browser, known)
    clock.moment += HOUR
    status, html = ask(browser, known)
    between = ask(browser, news(html))
    clock.moment += 9 * HOUR
    closed = ask(browser, news(html))

    assert (before, between) == ((304, ""), (304, ""))
    assert status == 200
    assert "No crowd yet" in Sight.of(html).text
    assert "Closed 2 Mar 2026, waiting for resolution" in Sight.of(closed[1]).find("span", id="state")[0].text


def test_a_page_of_older_acts_keeps_them_and_its_zoom(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    browser = visit()
    known = news(browser.get("/questions/rain?zoom=30&before=2").text)
    say(database, ada, rain, 0.4)
    look(browser)

    html = ask(browser, known)[1]

    assert Sight.of(html).find("div", id="acts") == []
    assert [one.text for one in Sight.of(html).find("a", aria_current="true")] == ["30 days"]
    assert news(html)["data-from"].startswith("/questions/rain/live?zoom=30&before=2&seen=")


def test_a_page_of_older_comments_keeps_them(visit: Visit, database: Database, rain: Question, ada: Forecaster) -> None:
    browser = visit()
    known = news(browser.get("/questions/rain?remarks=2").text)
    say(database, ada, rain, 0.4)
    look(browser)

    html = ask(browser, known)[1]

    assert Sight.of(html).find("div", id="comment-list") == []
    assert news(html)["data-from"].startswith("/questions/rain/live?remarks=2&seen=")


def test_ones_own_steps_are_ones_own(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    """What one process draws once for many is not drawn with anybody's own line."""
    say(database, ada, rain, 0.4)
    browser = visit()
    known = news(browser.get("/questions/rain").text) | {"data-tag": '"of another state"'}

    shown = []
    for who in (ada, bob, None, ada):
        browser.cookies.clear()
        if who is not None:
            browser.cookies.set(COOKIE, token_for(database, who))
        shown.append("tone-own" in ask(browser, known)[1])

    assert shown == [True, False, False, True]


@pytest.mark.parametrize("page", ["/questions/rain", "/sets/weather"])
def test_an_open_page_is_told_when_the_time_comes_from_which_on_the_crowd_is_shown(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, page: str
) -> None:
    """Nothing is written then: the clock alone shows it."""
    (rain,) = publish(database, draft("rain"), reveal="at", reveals_at=NOON + 2 * HOUR)
    say(database, ada, rain, 0.83)
    clock.moment += HOUR
    browser = visit()
    known = news(browser.get(page).text)

    before = ask(browser, known)
    clock.moment += HOUR
    status, html = ask(browser, known)

    assert before == (304, "")
    assert (status, "83%" in html) == (200, True)


def test_a_question_that_is_not_there_is_no_news(visit: Visit, rain: Question) -> None:
    answer = visit().get("/questions/nope/live")

    assert answer.status_code == 404


def test_what_was_read_before_the_journal_went_on_is_not_remembered(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    """Else “nothing new” would be told of a state that is over, until somebody acts again."""
    watch = Watch(database)
    with database.reading() as late:
        question = late.get_one(Question, rain.id)
        path = history.crowd_of(late, question)
        say(database, ada, rain, 0.4)
        watch.look()

        watch.learn(late, "rain", state("q", [(question, path)], clock.now()))

    assert watch.tag("rain") is None


def test_a_question_that_nobody_asks_for_is_forgotten(database: Database, clock: MovedClock, rain: Question) -> None:
    watch = Watch(database)
    with database.reading() as session:
        watch.learn(session, "rain", state("q", [(rain, history.crowd_of(session, rain))], clock.now()))

    for _ in range(PATIENCE):
        watch.look()
    kept = "rain" in watch.known
    watch.look()

    assert kept
    assert watch.known == {}


def test_drawn_fragments_are_not_kept_without_end(database: Database) -> None:
    watch = Watch(database)

    for number in range(MOST_DRAWN + 1):
        watch.draw((number,), lambda: "drawn")

    assert len(watch.drawn) == 1
    assert watch.draw((MOST_DRAWN,), lambda: "again") == "drawn"


# A set's page


def test_that_nothing_is_new_in_a_set_is_told_without_asking_the_database(
    visit: Visit, town: Town, statements: list[str]
) -> None:
    browser = visit()
    known = news(browser.get("/sets/weather").text)
    first = ask(browser, known)
    statements.clear()

    again = [ask(browser, known) for _ in range(3)]

    assert first == (304, "")
    assert again == [(304, "")] * 3
    assert statements == []


def test_the_crowds_of_a_set_come_to_its_page_claim_by_claim(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster
) -> None:
    """The source says 60%, Ada 40%, and Bob 80%."""
    questions = write(database, {"rain": (0.4, 0.6)}, draft("rain"), draft("snow"))
    say(database, ada, questions["rain"], 0.4)
    browser = visit(ada)
    known = news(browser.get("/sets/weather").text)
    say(database, bob, questions["rain"], 0.8)
    say(database, ada, questions["snow"], 0.3)
    look(browser)

    status, html = ask(browser, known)

    seen = Sight.of(html)
    assert status == 200
    assert seen.find("p", id="news")[0].text == "1 new forecast"
    assert "60% of 2, the same" in seen.find("li", id="question-rain")[0].text
    assert "30% of 1" in seen.find("li", id="question-snow")[0].text
    assert ask(browser, news(html)) == (304, "")


def test_a_decision_comes_to_the_set_with_what_it_says_of_the_source(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster
) -> None:
    questions = write(database, {"rain": (0.4, 0.6)}, draft("rain"), draft("snow"))
    browser = visit()
    known = news(browser.get("/sets/weather").text)
    clock.moment += HOUR
    resolve(database, mo, questions["rain"], 1)
    look(browser)

    seen = Sight.of(ask(browser, known)[1])

    assert seen.find("p", id="news")[0].text == "1 new decision"
    assert "Right. It called this 60% likely, and it happened." in seen.find("li", id="question-rain")[0].text
    assert "It was right about 1 and wrong about 0." in seen.find("section", id="record")[0].text
    assert seen.find("p", id="counts")[0].text.startswith("2 questions: 1 open, 1 resolved.")


def test_what_happens_in_another_set_is_no_news_here(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    write(database, {}, draft("fog"), slug="house")
    browser = visit()
    known = news(browser.get("/sets/house").text)
    say(database, ada, rain, 0.4)
    look(browser)

    assert ask(browser, known) == (304, "")


def test_a_page_of_a_long_set_hears_of_its_own_questions_and_of_the_set(
    visit: Visit, database: Database, ada: Forecaster
) -> None:
    """The 51st question stands on the second page, whose claims are sent; the first hears that something happened."""
    questions = write(database, {}, *(draft(f"day-{number}") for number in range(51)))
    browser = visit()
    first, second = (news(browser.get(f"/sets/weather{page}").text) for page in ("", "?page=2"))
    say(database, ada, questions["day-50"], 0.4)
    look(browser)

    shown = [Sight.of(ask(browser, known)[1]) for known in (first, second)]

    assert [len(one.find("li", id="question-day-50")) for one in shown] == [0, 1]
    assert [one.find("p", id="news")[0].text for one in shown] == ["1 new forecast"] * 2


def test_a_set_or_a_page_that_is_not_there_has_no_news(visit: Visit, rain: Question) -> None:
    browser = visit()

    assert [browser.get(path).status_code for path in ("/sets/nope/live", "/sets/weather/live?page=7")] == [404, 404]


def test_the_script_is_small() -> None:
    assert len(static_files()["live.js"][1]) < 1.2 * 1024
