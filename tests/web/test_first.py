"""A first visit: one open question, a number to try on it that is stored nowhere, and what happens next."""

import pytest

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import DAY, HOUR, MovedClock, annul, draft, entries, publish, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight


def asked(visit: Visit) -> str:
    """The question in large type."""
    return Sight.of(visit().get("/").text).find("h2", id="first-head")[0].text


def test_a_newcomer_is_asked_what_closes_next_of_what_people_have_answered(
    visit: Visit, database: Database, ada: Forecaster
) -> None:
    questions = publish(
        database,
        draft("soonest", closes_at=draft()["opens_at"] + HOUR),
        draft("answered-later", closes_at=draft()["opens_at"] + 3 * HOUR),
        draft("answered", closes_at=draft()["opens_at"] + 2 * HOUR),
        draft("to-come", opens_at=draft()["opens_at"] + HOUR),
        draft("a-choice", "choice"),
    )
    before = asked(visit)
    for question in questions[1:3]:
        say(database, ada, question, 0.7)

    assert before == "What of the soonest?"
    assert asked(visit) == "What of the answered?"


def test_nobody_is_asked_what_is_closed_or_decided(
    visit: Visit, database: Database, clock: MovedClock, mo: Forecaster
) -> None:
    opens_at = draft()["opens_at"]
    questions = publish(database, draft("over", closes_at=opens_at + HOUR), draft("annulled"), draft("open"))
    clock.moment += 2 * HOUR
    annul(database, mo, questions[1])

    assert asked(visit) == "What of the open?"


def test_a_number_that_is_tried_is_answered_by_both_scores_and_stored_nowhere(
    visit: Visit, database: Database, town: Town
) -> None:
    before = len(entries(database))

    answer = visit().get("/?try=35")

    # (1 - 0.35)² = 0.4225 and 0.35² = 0.1225; Ada says 70% and Bob 100%
    words = Sight.of(answer.text).text
    assert "You say 35%. If it happens you score 0.42, if not 0.12. 0 is perfect, 0.25 is a shrug" in words
    assert "The crowd of 2 says 85%." in words
    assert Sight.of(answer.text).values["try"] == "35"
    assert len(entries(database)) == before


def test_the_crowd_is_not_told_before_a_number_was_tried(visit: Visit, town: Town) -> None:
    html = visit().get("/").text

    assert "85%" not in html.partition('class="first"')[2].partition("</section>")[0]


@pytest.mark.parametrize("typed", ["170", "soon", "1,250", "<script>alert(1)</script>"])
def test_what_is_no_percentage_is_said_to_be_none_and_stays_as_it_was_typed(
    visit: Visit, town: Town, typed: str
) -> None:
    answer = visit().get("/", params={"try": typed})

    seen = Sight.of(answer.text)
    assert answer.status_code == 200
    assert seen.values["try"] == typed
    assert seen.invalid == ["try"]
    assert len(seen.alerts) == 1
    assert "you score" not in seen.text.partition("What happens next")[0].replace("you get a score", "")
    assert "<script>alert" not in answer.text


def test_whoever_is_signed_in_is_not_a_newcomer(visit: Visit, town: Town, ada: Forecaster) -> None:
    assert Sight.of(visit(ada).get("/?try=35").text).find("h2", id="first-head") == []


def test_signing_up_leads_back_to_the_question_with_the_number_in_its_field(visit: Visit, town: Town) -> None:
    browser = visit()
    (link,) = [one for one in Sight.of(browser.get("/?try=35").text).links if one.startswith("/sign-up")]
    form = {"name": "New", "password": "correct horse", "again": "correct horse"}
    back = Sight.of(browser.get(link).text).find("input", name="back")[0].attributes["value"]

    answer = browser.post("/sign-up", data=form | {"back": back})

    assert answer.headers["location"] == "/questions/binary?try=35"
    assert Sight.of(browser.get(answer.headers["location"]).text).values["probability"] == "35"


def test_a_number_in_the_address_does_not_cover_what_stands(visit: Visit, town: Town, ada: Forecaster) -> None:
    seen = Sight.of(visit(ada).get("/questions/binary?try=35").text)

    assert seen.values["probability"] == "70"


def test_where_sign_up_is_closed_it_says_how_to_be_invited(
    database: Database, rain: Question, visit: Visit, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "sign_up", "closed")

    seen = Sight.of(visit().get("/?try=35").text)

    assert "ask the person who runs this board for an invitation link" in seen.text
    assert [one for one in seen.links if one.startswith("/sign-up")] == []
    assert "/sign-in?back=/questions/rain%3Ftry%3D35" in seen.links


@pytest.mark.parametrize("signed_in", [True, False])
def test_where_nothing_was_ever_asked_it_says_what_to_do(visit: Visit, mo: Forecaster, signed_in: bool) -> None:
    seen = Sight.of(visit(mo if signed_in else None).get("/").text)

    assert "There is nothing to see here yet" in seen.text
    assert ("open the link that you were given" in seen.text) == (not signed_in)
    for way in ("brierboard load questions/sets/russia-2026.toml", "Write a set.", "brierboard demo --serve"):
        assert way in seen.text


def test_where_no_yes_or_no_question_is_open_the_desk_stands_alone(
    visit: Visit, database: Database, clock: MovedClock, rain: Question
) -> None:
    publish(
        database, draft("winds", "choice", closes_at=clock.moment + DAY, resolves_at=clock.moment + DAY), within="x"
    )
    clock.moment += 11 * HOUR

    seen = Sight.of(visit().get("/").text)

    assert seen.find("h2", id="first-head") == []
    assert "What of the winds?" in seen.text
