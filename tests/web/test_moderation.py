"""Hiding a comment and suspending a forecaster: who may, what others see then, and that it is on record and undone."""

import pytest
from sqlmodel import select

from forecasts import bots, discussion, tokens, verification
from forecasts.database import Database
from forecasts.models import Comment, Forecaster
from questions.models import Question
from tests.cast import entries, join, kinds, say
from tests.web.conftest import Visit
from tests.web.sight import Sight

DO, UNDO = {"act": "do", "note": "Rude."}, {"act": "undo", "note": "Looked at again."}


@pytest.fixture
def remark(database: Database, rain: Question, ada: Forecaster) -> Comment:
    """What Ada wrote under the question about the rain."""
    with database.writing() as (session, moment):
        return discussion.comment(session, ada, rain, "You are all **fools**.", moment)


def holds(database: Database) -> bool:
    with database.reading() as session:
        return len(list(verification.verify(session))) == 4


# Comments


def test_a_hidden_comment_is_read_by_moderators_alone_and_shown_again(
    visit: Visit, database: Database, remark: Comment, ada: Forecaster, mo: Forecaster
) -> None:
    page, browser = f"/comments/{remark.entry}/hiding", visit(mo)

    hidden = browser.post(page, data=DO)
    seen = [
        visit(who).get(path).text for who in (None, ada) for path in ("/questions/rain", "/questions/rain/feed.atom")
    ]
    shown_to_mo = browser.get(page).text
    shown = browser.post(page, data=UNDO)

    assert (hidden.status_code, hidden.headers["location"]) == (303, page)
    assert [("fools" in text, "A moderator hid this comment." in text) for text in seen] == [(False, True)] * 4
    assert "You are all fools." in Sight.of(shown_to_mo).text
    assert "Hidden Rude." in Sight.of(shown_to_mo).text
    assert shown.status_code == 303
    assert "fools" in visit().get("/questions/rain").text
    assert kinds(database)[-3:] == ["comment", "hiding", "hiding"]
    assert holds(database)


def test_a_page_that_is_open_loses_a_hidden_comment(
    visit: Visit, database: Database, remark: Comment, mo: Forecaster
) -> None:
    browser = visit()
    known = Sight.of(browser.get("/questions/rain").text).find("p", id="news")[0].attributes
    visit(mo).post(f"/comments/{remark.entry}/hiding", data=DO)
    browser.app_state["watch"].look()

    answer = browser.get(known["data-from"], headers={"If-None-Match": known["data-tag"]})

    assert answer.status_code == 200
    assert "fools" not in answer.text


@pytest.mark.parametrize(
    ("form", "status", "sentence"),
    [
        ({"act": "do", "note": " "}, 422, "The reason is empty. Say why; it stays on record."),
        (UNDO, 422, "The comment is shown already. Look at it again."),
        ({"act": "do", "note": "x" * 20_001}, 422, "The note has 20,001 characters. Shorten it to 20,000."),
    ],
)
def test_what_cannot_be_done_about_a_comment_is_refused(
    visit: Visit, database: Database, remark: Comment, mo: Forecaster,
    form: dict[str, str], status: int, sentence: str,
) -> None:  # fmt: skip
    before = len(entries(database))

    answer = visit(mo).post(f"/comments/{remark.entry}/hiding", data=form)

    assert (answer.status_code, Sight.of(answer.text).alerts) == (status, [sentence])
    assert Sight.of(answer.text).find("textarea", name="note")[0].text == form["note"].strip()
    assert len(entries(database)) == before


def test_only_moderators_hide(visit: Visit, database: Database, remark: Comment, ada: Forecaster) -> None:
    browser, before = visit(ada), len(entries(database))

    assert browser.get(f"/comments/{remark.entry}/hiding").status_code == 403
    assert browser.post(f"/comments/{remark.entry}/hiding", data=DO).status_code == 403
    assert f"/comments/{remark.entry}/hiding" not in browser.get("/questions/rain").text
    assert len(entries(database)) == before


def test_a_comment_that_is_not_there_is_not_found(visit: Visit, rain: Question, mo: Forecaster) -> None:
    assert [visit(mo).get(f"/comments/{entry}/hiding").status_code for entry in (1, 999, 2**62)] == [404] * 3


def test_what_is_hidden_stays_hidden_from_programs_too(
    visit: Visit, database: Database, remark: Comment, ada: Forecaster, mo: Forecaster
) -> None:
    visit(mo).post(f"/comments/{remark.entry}/hiding", data=DO)
    paths = ("/api/v1/questions/rain/comments", "/api/v1/journal", "/api/v1/questions/rain/acts", "/feed.atom")

    seen = {(who.handle if who else "", path): visit(who).get(path).text for who in (None, ada) for path in paths}

    assert [key for key, text in seen.items() if "fools" in text] == []
    assert '"hidden":true' in seen["", paths[0]]
    assert "fools" in visit(mo).get("/api/v1/journal").text


# Forecasters


def test_a_suspended_persons_bots_act_no_more_and_no_new_one_comes(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    with database.writing() as (session, moment):
        bot = bots.add(session, ada, "robot", moment)
        _, token = tokens.add(session, bot, "key", ["read", "forecast"], moment)
    headers, path = {"Authorization": f"Bearer {token}"}, "/api/v1/questions/rain/forecasts"
    before = visit().post(path, json={"probability": 0.4}, headers=headers).status_code

    visit(mo).post("/people/ada/suspension", data=DO)
    during = visit().post(path, json={"probability": 0.5}, headers=headers).status_code
    another = visit(ada).post("/settings/bots", data={"name": "robot-2"}).status_code
    visit(mo).post("/people/ada/suspension", data=UNDO)
    after = visit().post(path, json={"probability": 0.6}, headers=headers).status_code

    assert (before, during, another, after) == (201, 403, 403, 201)
    assert kinds(database).count("suspension") == 4
    assert holds(database)


def test_whoever_is_suspended_reads_and_does_nothing_else_until_they_are_let_act_again(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.3)
    browser, hers = visit(mo), visit(ada)
    acts: tuple[tuple[str, dict[str, str]], ...] = (
        ("/questions/rain/forecasts", {"probability": "40"}), ("/questions/rain/withdrawal", {}),
        ("/questions/rain/comments", {"comment": "Let me."}), ("/questions/rain/undo", {}),
        ("/questions/rain/reaffirmation", {}), ("/drafts", {"asks": "question"}), ("/questions/rain/copy", {}),
    )  # fmt: skip

    suspended = browser.post("/people/ada/suspension", data=DO)
    before = len(entries(database))
    answers = [hers.post(path, data=form) for path, form in acts]
    stands = "30%" in hers.get("/questions/rain").text
    browser.post("/people/ada/suspension", data=UNDO)

    assert suspended.status_code == 303
    assert [(answer.status_code, "You are suspended" in answer.text) for answer in answers] == [(403, True)] * len(acts)
    assert len(entries(database)) == before + 1
    assert stands
    assert hers.post("/questions/rain/forecasts", data={"probability": "40"}).status_code == 303
    assert "Suspended" not in visit().get("/people/ada").text
    assert holds(database)


def test_a_suspended_moderator_moderates_no_more(
    visit: Visit, database: Database, rain: Question, mo: Forecaster
) -> None:
    boss = join(database, "Boss", "administrator")
    browser = visit(mo)
    visit(boss).post("/people/mo/suspension", data=DO)

    assert [browser.get(f"/questions/rain/{page}").status_code for page in ("resolution", "revision", "audience")] == [
        403
    ] * 3


@pytest.mark.parametrize(
    ("by", "whom", "sentence"),
    [
        ("mo", "mo", "You cannot suspend yourself. Ask another moderator."),
        ("mo", "meg", "“Meg” is a moderator, whom an administrator alone may suspend."),
        ("mo", "boss", "“Boss” is an administrator, whom an administrator alone may suspend."),
        ("mo", "crowd", "“The crowd” is nobody who acts here, so there is nothing to suspend."),
    ],
)
def test_nobody_suspends_whom_it_is_not_theirs_to(
    visit: Visit, database: Database, mo: Forecaster, by: str, whom: str, sentence: str
) -> None:
    join(database, "Meg", "moderator"), join(database, "Boss", "administrator")
    before = len(entries(database))

    answer = visit(mo).post(f"/people/{whom}/suspension", data=DO)

    assert (answer.status_code, Sight.of(answer.text).alerts) == (403, [sentence])
    assert len(entries(database)) == before


def test_the_journal_names_nobody_who_was_suspended(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    visit(mo).post("/people/ada/suspension", data=DO)

    last = entries(database)[-1]

    assert (last.kind, last.subject, last.actor) == ("suspension", ada.pseudonym, mo.pseudonym)
    assert last.content == f'{{"note":"Rude.","suspended":true,"who":"{ada.pseudonym}"}}'
    with database.reading() as session:
        assert session.exec(select(Forecaster.suspended).where(Forecaster.handle == "ada")).one()
