"""Erasing an account by its page: what will be lost is said, and nothing goes without password and name."""

import re

import pytest

from forecasts import accounts, discussion, passwords
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import called, entries, join, kinds, say
from tests.web.conftest import Visit
from tests.web.sight import Sight

PASSWORD = "clouds over the harbour"


@pytest.fixture
def eve(database: Database, rain: Question) -> Forecaster:
    """She has a password, a forecast and a comment."""
    name, sealed = accounts.judge("Eve", PASSWORD)
    with database.writing() as (session, moment):
        person = accounts.join(session, name, sealed, moment)
    say(database, person, rain, 0.7)
    with database.writing() as (session, moment):
        discussion.comment(session, person, rain, "Hortensia says so.", moment)
    return person


def test_what_will_be_lost_is_said_and_settings_lead_there(visit: Visit, eve: Forecaster) -> None:
    browser = visit(eve)

    assert "/settings/erasure" in Sight.of(browser.get("/settings").text).links
    text = Sight.of(browser.get("/settings/erasure").text).text

    assert "1 comment and the reasons of 0 forecasts" in text
    assert "1 forecast on undecided questions will be withdrawn" in text


def test_a_person_erases_themselves_and_is_nobody_afterwards(visit: Visit, database: Database, eve: Forecaster) -> None:
    browser = visit(eve)

    answer = browser.post("/settings/erasure", data={"name": "Eve", "old": PASSWORD})

    name = f"erased-{eve.pseudonym[:4]}"
    assert (answer.status_code, f"What is left stands under {name}." in answer.text) == (200, True)
    assert kinds(database)[-2:] == ["withdrawal", "erasure"]
    assert browser.get("/settings").headers["location"] == "/sign-in?back=/settings"
    assert browser.post("/sign-in", data={"name": "Eve", "password": PASSWORD}).status_code == 422
    page = visit().get("/questions/rain").text
    assert re.findall(r"\b(Hortensia|Eve)\b", page) == []
    assert "What was written here was erased." in page
    assert "Erased: who this was" in visit().get(f"/people/{name}").text
    assert visit().get("/people/eve").status_code == 404


WRONG = {
    "another name": ({"name": "Bob", "old": PASSWORD}, "“Bob” is not “Eve”. Type that name to erase them."),
    "no name": ({"old": PASSWORD}, "“” is not “Eve”. Type that name to erase them."),
    "another password": ({"name": "Eve", "old": "sunshine"}, "This is not your password now."),
    "no password": ({"name": "Eve"}, "This is not your password now."),
}


@pytest.mark.parametrize(("typed", "told"), WRONG.values(), ids=WRONG)
def test_nothing_goes_without_both(
    visit: Visit, database: Database, eve: Forecaster, typed: dict[str, str], told: str
) -> None:
    browser, before = visit(eve), entries(database)

    answer = browser.post("/settings/erasure", data=typed)

    assert (answer.status_code, told in Sight.of(answer.text).text) == (422, True)
    assert Sight.of(answer.text).find("input", name="name")[0].attributes.get("value", "") == typed.get("name", "")
    assert entries(database) == before


def test_a_query_names_nobody(visit: Visit, database: Database, eve: Forecaster) -> None:
    """Who is erased stands in the path, or is oneself."""
    join(database, "Bob")

    answer = visit(eve).post("/settings/erasure?handle=bob", data={"name": "Bob", "old": PASSWORD})

    assert (answer.status_code, "“Bob” is not “Eve”." in answer.text) == (422, True)
    assert called(database, "bob").name == "Bob"


def test_an_administrator_erases_others_with_the_password_of_their_own(
    visit: Visit, database: Database, eve: Forecaster, mo: Forecaster
) -> None:
    chief = join(database, "Chief", "administrator")
    with database.writing() as (session, _):
        session.get_one(Forecaster, chief.id).password = passwords.judge("Chief", PASSWORD)
    browser = visit(chief)

    assert visit(mo).post("/people/eve/erasure", data={"name": "Eve", "old": PASSWORD}).status_code == 403
    assert "/people/eve/erasure" in Sight.of(browser.get("/people/eve").text).links
    assert browser.post("/people/eve/erasure", data={"name": "Eve", "old": "sunshine"}).status_code == 422
    assert called(database, "eve").erasure is None

    answer = browser.post("/people/eve/erasure", data={"name": "Eve", "old": PASSWORD})

    assert (answer.status_code, "stands under erased-" in answer.text) == (200, True)
    assert entries(database)[-1].actor == chief.pseudonym


def test_the_journal_tells_moderators_alone_that_somebody_was_erased(
    visit: Visit, database: Database, eve: Forecaster, mo: Forecaster
) -> None:
    visit(eve).post("/settings/erasure", data={"name": "Eve", "old": PASSWORD})

    assert "erased erased-" in Sight.of(visit(mo).get("/journal").text).text
    assert "erased erased-" not in Sight.of(visit().get("/journal").text).text
