"""Merging on the pages: a step that says what moves, where the old address leads, and who sees what afterwards."""

import pytest

from forecasts import accounts, discussion
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import draft, entries, join, kinds, publish, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight
from tests.web.test_moderation import holds

MERGE = {"into": "Ada", "note": "The same."}
PAGE = "/people/bob/merging"


def merge(visit: Visit, mo: Forecaster) -> None:
    assert visit(mo).post(PAGE, data=MERGE | {"step": "confirm"}).status_code == 303


def test_a_merge_is_looked_at_confirmed_and_undone(
    visit: Visit, database: Database, town: Town, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    """Bob said something on six questions, on all of which Ada did too."""
    browser, before = visit(mo), len(entries(database))
    with database.writing() as (session, moment):
        discussion.comment(session, bob, town.due, "Hail!", moment)

    looked = Sight.of(browser.post(PAGE, data=MERGE).text)
    between = len(entries(database))
    edited = Sight.of(browser.post(PAGE, data=MERGE | {"step": "edit"}).text)
    done = browser.post(PAGE, data=MERGE | {"step": "confirm"})
    merged = Sight.of(browser.get(PAGE).text)
    undone = browser.post(PAGE, data={"note": "Two after all.", "step": "confirm"})

    assert "“Bob” will be merged into Ada." in looked.text
    assert "What moves: 6 forecasts, 1 comment, 0 drafts and 0 bots. On 6 questions both have forecast" in looked.text
    assert between == before + 1
    assert edited.find("input", name="into")[0].attributes["value"] == "Ada"
    assert (done.status_code, done.headers["location"]) == (303, PAGE)
    assert "Merged: what they said counts as Ada’s." in merged.text
    assert "Merged into Ada The same." in merged.text
    assert undone.status_code == 303
    assert "Separated from Ada Two after all." in Sight.of(browser.get(PAGE).text).text
    assert kinds(database)[-2:] == ["merge", "merge"]
    assert holds(database)


def test_the_old_address_leads_to_whom_they_were_merged_into(
    visit: Visit, database: Database, town: Town, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    receipt = visit().get("/questions/snow/receipts/ada").text
    merge(visit, mo)

    page = visit().get("/people/Bob")
    led = visit().get("/questions/snow/receipts/bob").text

    assert (page.status_code, page.headers["location"]) == (303, "/people/ada")
    assert led == visit().get("/questions/snow/receipts/ada").text != receipt
    assert visit().get("/people/bob/feed.atom").status_code == 200
    assert [row[1] for row in Sight.of(visit().get("/leaderboard?by=brier").text).rows if "Bob" in row] == []
    assert visit().get("/").status_code == visit(ada).get("/questions/binary").status_code == 200


def test_moderators_are_led_there_from_the_persons_page_and_nobody_else_is(
    visit: Visit, database: Database, town: Town, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    before = [PAGE in Sight.of(visit(who).get("/people/bob").text).links for who in (None, ada, mo)]
    merge(visit, mo)
    after = [PAGE in Sight.of(visit(who).get("/people/ada").text).links for who in (None, ada, mo)]

    assert (before, after) == ([False, False, True], [False, False, True])


def test_whoever_is_merged_is_signed_out_and_comes_in_no_more(
    visit: Visit, database: Database, ada: Forecaster, mo: Forecaster
) -> None:
    name, sealed = accounts.judge("Bob", "a long password")
    with database.writing() as (session, moment):
        bob = accounts.join(session, name, sealed, moment)
    his = visit(bob)
    before = his.get("/settings").status_code

    merge(visit, mo)
    during = his.get("/settings").status_code
    answer = visit().post("/sign-in", data={"name": "Bob", "password": "a long password"})

    assert (before, during, answer.status_code) == (200, 303, 403)
    assert "“Bob” was merged into another account. Sign in with that one." in Sight.of(answer.text).text


def test_what_was_said_before_is_shown_as_ones_own_where_others_is_hidden(
    visit: Visit, database: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    (blind,) = publish(database, draft("blind"), reveal="answered")
    kim = join(database, "Kim")
    say(database, bob, blind, 0.37), say(database, kim, blind, 0.83)
    merge(visit, mo)

    seen = Sight.of(visit(ada).get("/questions/blind").text).text

    assert "37%" in seen
    assert "83%" in seen
    assert "37%" not in Sight.of(visit(mo).get("/questions/blind").text).text


def test_a_private_persons_merged_account_tells_nothing(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    say(database, bob, rain, 0.37)
    merge(visit, mo)
    with database.writing() as (session, _):
        accounts.keep_private(session, ada, True)

    assert visit().get("/people/bob").status_code == visit().get("/people/bob/feed.atom").status_code == 404
    page = visit().get("/questions/rain").text
    assert "/people/bob" not in page
    assert [one["text"] for one in visit().get("/api/v1/questions/rain/acts").json()["acts"]] == ["", ""]


@pytest.mark.parametrize(
    ("form", "status", "sentence"),
    [
        ({"note": "The same."}, 422, "Nobody is named. Write the name of whom they are the same as."),
        ({"into": "Nope", "note": "The same."}, 422,
         "There is no forecaster “Nope”. The leaderboard lists those there are."),
        ({"into": "Bob", "note": "The same."}, 422, "“Bob” is who is to be merged. Name somebody else."),
        ({"into": "Ada", "note": " "}, 422, "The reason is empty. Say why; it stays on record."),
        ({"into": "crowd", "note": "The same."}, 403,
         "“The crowd” is neither a person nor a bot, and is merged with nobody."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", ["", "confirm"])
def test_what_cannot_be_merged_is_refused_and_nothing_typed_is_lost(
    visit: Visit, database: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster,
    form: dict[str, str], status: int, sentence: str, step: str,
) -> None:  # fmt: skip
    answer = visit(mo).post(PAGE, data=form | {"step": step})

    seen = Sight.of(answer.text)
    assert (answer.status_code, seen.alerts) == (status, [sentence])
    assert seen.find("input", name="into")[0].attributes.get("value", "") == form.get("into", "")
    assert seen.find("textarea", name="note")[0].text == form["note"].strip()
    assert entries(database) == []
