"""Writing questions in the browser: drafts, their review, sources, ladders, revisions, and asking again."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import DAY, MovedClock, entries, everything, fresh, kinds, publish
from tests.cast import draft as asked
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

HTMX = {"HX-Request": "true"}
TRAM = {
    "title": "Will the tram run in 2026?",
    "kind": "binary",
    "criteria": "YES if a tram carries passengers.\r\n\r\nNO otherwise.",
    "closes_at": "end of 2026",
    "tags": "city, rails",
}
CUP = {
    "title": "Who wins?",
    "kind": "choice",
    "criteria": "As announced.",
    "closes_at": "end of March",
    "outcomes": "north\nsouth\nnobody",
}
ESSAY = {"title": "What the year will bring", "author": "A. Writer", "name": "The essay", "said_at": "1 Mar 2026"}
GROWTH = {
    "title": "Will output grow by more than {threshold}%?",
    "direction": "above",
    "thresholds": "0\n1.5\n3",
    "criteria": "YES if it grows by more than {threshold}%.",
    "closes_at": "in 3 weeks",
    "slug": "growth",
}


def begin(browser: TestClient, asks: str = "question") -> str:
    """Begin a draft, and give its address."""
    return str(browser.post("/drafts", data={"asks": asks}).headers["location"])


def seen(html: str) -> str:
    """The version that the page was filled with."""
    return next(one.attributes["value"] for one in Sight.of(html).find("input", name="seen"))


def save(browser: TestClient, address: str, typed: dict[str, str], **more: Any) -> Any:
    """Save what is typed over what is there now."""
    return browser.post(address, data={**typed, "seen": seen(browser.get(address).text)}, **more)


def send(browser: TestClient, address: str, typed: dict[str, str]) -> Any:
    """Save and send for review."""
    return browser.post(f"{address}/review", data={**typed, "seen": seen(browser.get(address).text)})


def let_in(browser: TestClient, address: str, **into: str) -> Any:
    """Publish what waits."""
    return browser.post(f"{address}/publication", data={**into, "seen": seen(browser.get(address).text)})


CONTRADICTION = (
    "“Will output grow by more than 3%?” has 40%, and “Will output grow by more than 1.5%?” 30%. "
    "The first cannot happen without the second: lower the one or raise the other."
)


def main(html: str) -> str:
    """What stands on the page itself."""
    return Sight.of(html).find("main")[0].text


# Drafts


def test_anybody_signed_in_finds_where_to_ask(visit: Visit, rain: Question, ada: Forecaster) -> None:
    browser = visit(ada)

    for page in ("/", "/sets"):
        assert "/drafts" in Sight.of(browser.get(page).text).links
    assert "/questions/rain/copy" in Sight.of(browser.get("/questions/rain").text).links
    assert visit().get("/drafts").headers["location"] == "/sign-in?back=/drafts"


def test_a_draft_is_saved_as_typed_and_previewed(visit: Visit, database: Database, ada: Forecaster) -> None:
    browser = visit(ada)
    address = begin(browser)

    answer = save(browser, address, TRAM)

    assert (answer.status_code, answer.headers["location"]) == (303, address)
    page = Sight.of(browser.get(address).text)
    assert page.values["closes_at"] == "end of 2026"
    assert (
        "".join(page.find("textarea", name="criteria")[0].words)
        == "\nYES if a tram carries passengers.\n\nNO otherwise."
    )
    beside = page.find("section", id="beside")[0].text
    assert "Closes 31 Dec 2026, 23:59 UTC" in beside
    assert "opens 2 Mar 2026, 12:00 UTC" in beside
    assert "How it is answered Yes %" in beside
    assert "The criteria do not say yet: who decides; by which source;" in beside
    assert kinds(database) == []


def test_a_script_gets_what_stands_beside_the_form_and_nothing_else(visit: Visit, ada: Forecaster) -> None:
    browser = visit(ada)
    address = begin(browser)

    answer = save(browser, address, TRAM | {"check_who": "yes"}, headers=HTMX)

    (beside,) = Sight.of(answer.text).find("section")
    assert beside.attributes["data-saved"] == "Saved 12:00 UTC"
    assert (seen(answer.text), Sight.of(answer.text).find("main")) == ("1", [])
    assert "do not say yet: by which source;" in beside.text


def test_what_is_not_ready_is_saved_and_says_what_it_lacks(visit: Visit, ada: Forecaster) -> None:
    browser = visit(ada)
    address = begin(browser)
    assert "Not ready yet. The title is empty." in main(browser.get(address).text)

    for changes, sentence in (
        ({"closes_at": "03/04/2026"}, "“03/04/2026” can be read in two ways. Write 2026-03-04 or 2026-04-03."),
        (
            {"kind": "choice", "outcomes": "\n".join(map(str, range(400)))},
            "A choice needs “outcomes”: a list of 3 to 50",
        ),
        ({"opens_at": "1 Jan 2027"}, "The question closes before it opens."),
        ({"title": "x" * 20_000}, "The title is 20000 characters long."),
    ):
        assert save(browser, address, TRAM | changes).status_code == 303
        assert f"Not ready yet. {sentence}" in main(browser.get(address).text)


def test_what_is_not_ready_is_not_sent_and_the_field_says_why(visit: Visit, ada: Forecaster, rain: Question) -> None:
    browser = visit(ada)
    address = begin(browser)

    for changes, field in (
        ({"closes_at": "soon"}, "closes_at"),
        ({"criteria": ""}, "criteria"),
        ({"slug": "rain"}, "slug"),
        ({"kind": "number", "low": "1", "high": "0"}, "high"),
    ):
        answer = send(browser, address, TRAM | changes)

        page = Sight.of(answer.text)
        assert (answer.status_code, page.invalid) == (422, [field])
        assert page.alerts[0].endswith(".")
        assert page.values["title"] == TRAM["title"]
    assert "Your drafts Untitled question" in main(browser.get("/drafts").text)


@pytest.mark.parametrize("typed", [{"criteria": "a\x07b"}, {"title": "x" * 20_001}])
def test_what_is_no_text_is_refused_and_nothing_is_saved(visit: Visit, ada: Forecaster, typed: dict[str, str]) -> None:
    browser = visit(ada)
    address = begin(browser)
    body = "&".join(f"{name}={quote(text)}" for name, text in typed.items())

    answer = browser.post(address, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})

    assert answer.status_code == 422
    assert seen(browser.get(address).text) == "0"


def test_of_two_browsers_neither_overwrites_the_other_and_both_texts_are_shown(visit: Visit, ada: Forecaster) -> None:
    desk, phone = visit(ada), visit(ada)
    address = begin(desk)
    desk.post(address, data=TRAM | {"criteria": "From the desk.", "seen": "0"})

    for headers in ({}, HTMX):
        answer = phone.post(address, data=TRAM | {"criteria": "From the phone.", "seen": "0"}, headers=headers)

        beside = Sight.of(answer.text).find("section", id="beside")[0]
        assert (answer.status_code, beside.attributes["data-saved"]) == (409, "Not saved")
        assert "Criteria Saved there: From the desk. Typed here: From the phone." in beside.text
        assert seen(answer.text) == "0"
    assert phone.post(address, data=TRAM | {"criteria": "From the phone.", "seen": "0", "over": "1"}).status_code == 303
    assert "From the phone." in desk.get(address).text


def test_a_form_without_the_version_that_it_saw_saves_nothing(visit: Visit, ada: Forecaster) -> None:
    browser = visit(ada)
    address = begin(browser)

    for said in ({}, {"seen": "-1"}, {"seen": "9" * 40}, {"seen": "x"}, {"over": "7", "seen": "0"}):
        assert browser.post(address, data=TRAM | said).status_code == 409


def test_likes_of_a_question_are_shown_with_links(visit: Visit, town: Town, ada: Forecaster) -> None:
    browser = visit(ada)
    address = begin(browser)

    answer = save(browser, address, {"title": "What of the choice, then?"}, headers=HTMX)

    assert Sight.of(answer.text).links == ["/questions/choice"]
    assert "Asked already What of the choice? closes 2 Mar 2026" in Sight.of(answer.text).text


def test_nobody_else_sees_a_draft_and_a_deleted_one_is_gone(
    visit: Visit, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    hers = visit(ada)
    address = begin(hers)

    for who in (bob, mo):
        other = visit(who)
        assert other.get(address).status_code == 404
        for act in ("", "/review", "/return", "/deletion", "/claims", "/publication"):
            assert other.post(address + act, data=TRAM | {"seen": "0"}).status_code in (403, 404)
    assert hers.post(f"{address}/deletion").headers["location"] == "/drafts"
    assert hers.get(address).status_code == 404
    for number in ("x", "0", "99", "9" * 30, "%00", "1/claims/1", "1/claims/x"):
        assert hers.get(f"/drafts/{number}").status_code == 404


def test_who_was_signed_out_comes_back_to_the_draft(visit: Visit, ada: Forecaster) -> None:
    address = begin(visit(ada))
    for act in ("", "/review", "/return", "/deletion", "/claims", "/publication"):
        assert visit().post(address + act).headers["location"] == f"/sign-in?back={address}"


# Review


def test_a_draft_goes_to_a_moderator_and_becomes_a_question(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    hers, theirs = visit(ada), visit(mo)
    address = begin(hers)

    assert send(hers, address, TRAM).status_code == 303
    assert "1 draft waits for review" in main(theirs.get("/drafts").text)
    assert "Will the tram run in 2026? question Ada since" in main(theirs.get("/drafts/review").text)
    assert "Publish" not in main(hers.get(address).text)
    answer = let_in(theirs, address, set="weather")

    assert answer.headers["location"] == "/questions/will-the-tram-run-in-2026"
    assert hers.get(answer.headers["location"]).status_code == 200
    assert kinds(database)[-2:] == ["question", "review"]
    assert "published as /questions/will-the-tram-run-in-2026" in main(hers.get(address).text)
    assert "published, saved" in main(hers.get("/drafts").text)


def test_a_draft_comes_back_with_a_remark(visit: Visit, ada: Forecaster, mo: Forecaster) -> None:
    hers, theirs = visit(ada), visit(mo)
    address = begin(hers)
    send(hers, address, TRAM)
    looked = seen(theirs.get(address).text)

    empty = theirs.post(f"{address}/return", data={"seen": looked, "remark": " "})
    assert (empty.status_code, Sight.of(empty.text).invalid) == (422, ["remark"])
    answer = theirs.post(f"{address}/return", data={"seen": looked, "remark": "Who decides?\r\nAnd when?"})

    assert answer.headers["location"] == "/drafts/review"
    page = main(hers.get(address).text)
    assert "Sent back by a moderator: Who decides? And when?" in page
    assert send(hers, address, TRAM | {"resolves_from": "The city."}).status_code == 303


def test_an_author_takes_back_what_waits(visit: Visit, ada: Forecaster) -> None:
    browser = visit(ada)
    address = begin(browser)
    send(browser, address, TRAM)

    refused = browser.post(address, data=TRAM | {"seen": "1"})
    assert (refused.status_code, Sight.of(refused.text).alerts) == (
        422, ["This draft waits for review. Take it back before you change it."],
    )  # fmt: skip
    assert browser.post(f"{address}/return").headers["location"] == address
    assert "Save draft" in main(browser.get(address).text)


def test_only_moderators_review(visit: Visit, database: Database, ada: Forecaster) -> None:
    browser = visit(ada)
    address = begin(browser)
    send(browser, address, TRAM)

    assert browser.get("/drafts/review").status_code == 403
    assert let_in(browser, address, new_set="Mine").status_code == 403
    assert kinds(database) == []


def test_a_publication_that_cannot_be_is_refused_in_place(
    visit: Visit, database: Database, ada: Forecaster, mo: Forecaster
) -> None:
    hers, theirs = visit(ada), visit(mo)
    address = begin(hers)
    send(hers, address, TRAM)

    none, old = let_in(theirs, address), theirs.post(f"{address}/publication", data={"seen": "0", "new_set": "City"})

    assert (none.status_code, Sight.of(none.text).invalid) == (422, ["set"])
    assert old.status_code == 409
    assert kinds(database) == []


# Sources


def test_a_source_is_entered_claim_by_claim_and_is_a_set_that_is_scored(
    visit: Visit, database: Database, ada: Forecaster, mo: Forecaster
) -> None:
    hers, theirs = visit(ada), visit(mo)
    address = begin(hers, "source")
    first = hers.post(f"{address}/claims", data={**ESSAY, "seen": "0"}).headers["location"]
    assert first == f"{address}/claims/1"
    assert (
        save(hers, first, TRAM | {"claim": "It will run.", "paragraph": "3", "implied_probability": "70"}).status_code
        == 303
    )
    assert "70%, as we read it." in main(hers.get(first).text)
    second = hers.post(f"{address}/claims", data={**ESSAY, "seen": seen(hers.get(address).text)}).headers["location"]
    assert (
        save(hers, second, CUP | {"claim": "The north is strongest.", "implied_shares": "60\n30\n9"}).status_code == 303
    )
    assert "Not ready yet. The percentages add up to 99, not to 100." in main(hers.get(second).text)
    refused = send(hers, address, ESSAY)
    assert Sight.of(refused.text).alerts == ["Claim 2: The percentages add up to 99, not to 100."]
    save(hers, second, CUP | {"claim": "The north is strongest.", "implied_shares": "60\n30\n10"})

    assert send(hers, address, ESSAY).status_code == 303
    assert let_in(theirs, address).headers["location"] == "/sets/what-the-year-will-bring"

    essay = main(hers.get("/sets/what-the-year-will-bring").text)
    assert "It will run. ¶ 3 Will the tram run in 2026? Yes, on a scale from 0% to 100%: The essay 70%" in essay
    assert "The essay, as we read it 70% said 1 Mar 2026, recorded 2 Mar 2026" in essay
    assert "The essay, as we read it 60 / 30 / 10%" in essay
    assert kinds(database) == ["source", "set", "question", "forecast", "question", "forecast", "review"]


def test_a_claim_is_left_out(visit: Visit, ada: Forecaster) -> None:
    browser = visit(ada)
    address = begin(browser, "source")
    claim = browser.post(f"{address}/claims", data={**ESSAY, "seen": "0"}).headers["location"]

    assert browser.post(f"{claim}/deletion").headers["location"] == address

    assert browser.get(claim).status_code == 404
    assert browser.post(claim, data=TRAM).status_code == 404


# Ladders


@pytest.fixture
def growth(visit: Visit, mo: Forecaster) -> TestClient:
    """Mo's browser, in which she has published a ladder of three rungs."""
    browser = visit(mo)
    address = begin(browser, "ladder")
    assert send(browser, address, GROWTH).status_code == 303
    assert let_in(browser, address, new_set="Growth").headers["location"] == "/ladders/growth"
    return browser


def rungs(zero: str, one: str, three: str) -> dict[str, str]:
    """The form of the ladder."""
    return dict(
        zip(("rung-growth-above-0", "rung-growth-above-1-5", "rung-growth-above-3"), (zero, one, three), strict=True)
    )


def test_a_ladder_shows_its_rungs_in_preview_before_they_are_published(visit: Visit, ada: Forecaster) -> None:
    browser = visit(ada)
    address = begin(browser, "ladder")

    answer = save(browser, address, GROWTH, headers=HTMX)

    titles = [one.text for one in Sight.of(answer.text).find("h3")]
    assert titles[:3] == [f"Will output grow by more than {one}%?" for one in ("0", "1.5", "3")]


def test_all_rungs_are_answered_in_one_form_and_one_transaction(
    visit: Visit, database: Database, growth: TestClient, ada: Forecaster
) -> None:
    browser = visit(ada)
    assert "/ladders/growth" in Sight.of(browser.get("/questions/growth-above-3").text).links

    answer = browser.post("/ladders/growth", data=rungs("80", "40", "5,5"))
    again = browser.post("/ladders/growth", data=rungs("80", "", "10"), headers=HTMX)

    assert answer.headers["location"] == "/ladders/growth"
    assert "1 of 3 saved." in Sight.of(again.text).text
    assert Sight.of(again.text).values == rungs("80", "40", "10")
    assert kinds(database).count("forecast") == 4


def test_a_ladder_that_contradicts_itself_names_both_rungs_and_saves_none(
    visit: Visit, database: Database, growth: TestClient, ada: Forecaster
) -> None:
    browser = visit(ada)

    for headers in ({}, HTMX):
        answer = browser.post("/ladders/growth", data=rungs("80", "30", "40"), headers=headers)

        page = Sight.of(answer.text)
        assert answer.status_code == 422
        assert page.alerts == [CONTRADICTION]
        assert page.invalid == ["rung-growth-above-1-5", "rung-growth-above-3"]
        assert page.values == rungs("80", "30", "40")
    assert "forecast" not in kinds(database)


def test_what_stands_is_held_against_what_is_typed_but_a_rung_alone_is_its_forecasters_own(
    visit: Visit, database: Database, growth: TestClient, ada: Forecaster
) -> None:
    browser = visit(ada)
    browser.post("/ladders/growth", data=rungs("80", "40", ""))

    together = browser.post("/ladders/growth", data=rungs("", "", "50"))
    alone = browser.post("/questions/growth-above-3/forecasts", data={"probability": "50"})

    assert (together.status_code, alone.status_code) == (422, 303)
    assert kinds(database).count("forecast") == 3


def test_what_is_no_percentage_is_refused_at_its_rung(visit: Visit, growth: TestClient, ada: Forecaster) -> None:
    answer = visit(ada).post("/ladders/growth", data=rungs("80", "170", ""))

    assert (answer.status_code, Sight.of(answer.text).invalid) == (422, ["rung-growth-above-1-5"])


def test_a_rung_that_is_closed_takes_nothing_and_binds_nobody(
    visit: Visit, database: Database, clock: MovedClock, growth: TestClient, ada: Forecaster
) -> None:
    browser = visit(ada)
    clock.moment += 30 * DAY

    answer = browser.post("/ladders/growth", data=rungs("10", "20", "30"))

    assert answer.status_code == 303
    assert "forecast" not in kinds(database)
    assert Sight.of(browser.get("/ladders/growth").text).find("input", type="text") == []


@pytest.mark.parametrize("group", ["nowhere", "rain", "%00", "x" * 300])
def test_there_is_no_ladder_of_what_is_none(visit: Visit, rain: Question, ada: Forecaster, group: str) -> None:
    assert visit(ada).get(f"/ladders/{group}").status_code == 404
    assert visit(ada).post(f"/ladders/{group}").status_code == 404


def test_who_is_not_signed_in_sees_a_ladder_and_is_asked_to_sign_in(visit: Visit, growth: TestClient) -> None:
    browser = visit()

    assert "/sign-in?back=/ladders/growth" in Sight.of(browser.get("/ladders/growth").text).links
    assert browser.post("/ladders/growth").headers["location"] == "/sign-in?back=/ladders/growth"


# Revisions


REVISION = "/questions/rain/revision"
CLEARER = {"title": "What of the rain?", "criteria": "As measured at noon.", "note": "Somebody asked.", "seen": "0"}


def test_a_clarification_is_shown_before_it_is_made(
    visit: Visit, database: Database, rain: Question, mo: Forecaster
) -> None:
    browser, before = visit(mo), everything(database)
    assert REVISION in Sight.of(browser.get("/questions/rain").text).links
    assert Sight.of(browser.get(REVISION).text).values["title"] == "What of the rain?"

    shown = browser.post(REVISION, data=CLEARER)

    assert everything(database) == before
    seen_here = Sight.of(shown.text)
    assert [one.text for one in seen_here.find("del")] == ["measured."]
    assert [one.text for one in seen_here.find("ins")] == ["measured at noon."]
    kept = {one.attributes["name"]: one.attributes["value"] for one in seen_here.find("input", type="hidden")}
    answer = browser.post(REVISION, data=kept | {"step": "confirm"})
    assert answer.headers["location"] == "/questions/rain"
    assert fresh(database, rain).criteria == "As measured at noon."
    assert "Somebody asked. criteria; 2 Mar 2026, 12:00 UTC by Mo" in main(browser.get(REVISION).text)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"criteria": "As measured."}, None, "Nothing is changed."),
        ({"note": " "}, "note", "The reason is empty."),
        ({"criteria": ""}, "criteria", "What is asked for under “criteria” is empty."),
        ({"title": "x" * 400}, "title", "The title is 400 characters long."),
    ],
)
def test_what_clarifies_nothing_is_refused_in_place(
    visit: Visit, rain: Question, mo: Forecaster, changes: dict[str, str], field: str | None, sentence: str
) -> None:
    for step in ({}, {"step": "confirm"}):
        answer = visit(mo).post(REVISION, data=CLEARER | changes | step)

        page = Sight.of(answer.text)
        assert answer.status_code == 422
        assert page.alerts[0].startswith(sentence)
        assert page.invalid == ([field] if field else [])


def test_of_two_moderators_the_second_looks_again(visit: Visit, rain: Question, mo: Forecaster) -> None:
    browser = visit(mo)
    browser.post(REVISION, data=CLEARER | {"step": "confirm"})

    answer = browser.post(REVISION, data=CLEARER | {"criteria": "As guessed.", "step": "confirm"})

    assert answer.status_code == 409
    assert "revised by somebody else meanwhile" in Sight.of(answer.text).alerts[0]


def test_changing_ones_mind_gives_the_form_back(visit: Visit, rain: Question, mo: Forecaster) -> None:
    answer = visit(mo).post(REVISION, data=CLEARER | {"step": "edit"})

    assert "As measured at noon." in "".join(Sight.of(answer.text).find("textarea", name="criteria")[0].words)


def test_only_a_moderator_clarifies(visit: Visit, database: Database, rain: Question, ada: Forecaster) -> None:
    browser, before = visit(ada), everything(database)

    assert browser.get(REVISION).status_code == 403
    assert browser.post(REVISION, data=CLEARER | {"step": "confirm"}).status_code == 403
    assert everything(database) == before


# Asking again


@pytest.mark.parametrize("how", ["again", "later", "longer"])
def test_a_question_is_where_another_begins(visit: Visit, rain: Question, ada: Forecaster, how: str) -> None:
    browser = visit(ada)
    assert "It closes 2 Mar 2026, 22:00 UTC" in main(browser.get("/questions/rain/copy").text)

    address = browser.post("/questions/rain/copy", data={"how": how}).headers["location"]

    page = Sight.of(browser.get(address).text)
    assert page.values["title"] == "What of the rain?"
    assert page.values["closes_at"] == ("2027-03-02 22:00" if how == "later" else "")
    assert page.values["opens_at"] == {"again": "", "later": "2027-03-02 12:00", "longer": "2026-03-02 22:00"}[how]


def test_no_other_way_of_asking_again_is_taken(visit: Visit, rain: Question, ada: Forecaster) -> None:
    assert visit(ada).post("/questions/rain/copy", data={"how": "backwards"}).status_code == 422
    assert visit(ada).post("/drafts", data={"asks": "poem"}).status_code == 422


# Who sees what is written


def told(database: Database, kind: str) -> list[dict[str, Any]]:
    """What the journal says of who sees what was published, and when, entry by entry."""
    said = [json.loads(one.content or "") for one in entries(database) if one.kind == kind]
    return [{name: one[name] for name in ("audience", "reveal", "reveals_at") if name in one} for one in said]


def test_a_question_is_unlisted_and_blind_from_its_first_moment(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    hers, theirs = visit(ada), visit(mo)
    address = begin(hers)
    send(hers, address, TRAM | {"audience": "unlisted", "reveal": "answered"})
    waiting, form = (Sight.of(browser.get(address).text) for browser in (hers, theirs))

    answer = let_in(theirs, address, set="weather")

    chosen = [one.text for one in form.find("option") if "selected" in one.attributes]
    assert "Who sees it Whoever has the link When they see what others say After one’s own forecast" in waiting.text
    assert {"Whoever has the link", "After one’s own forecast"} <= set(chosen)
    assert told(database, "question")[-1] == {"audience": "unlisted", "reveal": "answered"}
    assert "showing" not in kinds(database)
    assert visit().get(answer.headers["location"]).status_code == 404
    for page in (address, "/drafts"):
        (link,) = [one for one in Sight.of(hers.get(page).text).links if one.startswith("/open/")]
        assert visit().get(link).headers["location"] == "/questions/will-the-tram-run-in-2026"


def test_a_moderator_changes_who_sees_it_as_they_publish(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    hers, theirs = visit(ada), visit(mo)
    address = begin(hers)
    send(hers, address, TRAM | {"audience": "members", "reveal": "closed"})

    refused = let_in(theirs, address, set="weather", audience="draft", reveal="at", reveals_at="")
    let_in(theirs, address, set="weather", audience="", reveal="at", reveals_at="in 2 weeks")

    assert (refused.status_code, Sight.of(refused.text).invalid) == (422, ["reveals_at"])
    assert told(database, "question")[-1] == {"reveal": "at", "reveals_at": "2026-03-16T00:00:00.000000Z"}


def test_what_nobody_chose_is_as_its_set_has_it(
    visit: Visit, database: Database, ada: Forecaster, mo: Forecaster
) -> None:
    """And a set that is made for it is for everybody, always."""
    publish(database, asked("fog"), within="sealed", audience="members", reveal="closed")
    hers, theirs = visit(ada), visit(mo)
    for title, into in (("Will the tram run?", {"set": "sealed"}), ("Will the bus run?", {"new_set": "Buses"})):
        address = begin(hers)
        send(hers, address, TRAM | {"title": title})
        let_in(theirs, address, **into, audience="", reveal="", reveals_at="")

    assert visit().get("/questions/will-the-tram-run").status_code == 404
    assert visit().get("/questions/will-the-bus-run").status_code == 200
    assert told(database, "question") == [{}, {}, {}]
    assert told(database, "set") == [{"audience": "members", "reveal": "closed"}, {}]


def test_the_moment_from_which_on_it_is_shown_is_that_of_the_sending(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    hers = visit(ada)
    address = begin(hers)
    send(hers, address, TRAM | {"reveal": "at", "reveals_at": "in 2 weeks"})
    clock.moment += 3 * DAY

    page = hers.get(address).text
    let_in(visit(mo), address, set="weather")

    assert "Shows what others say 16 Mar 2026, 00:00 UTC" in main(page)
    assert told(database, "question")[-1] == {"reveal": "at", "reveals_at": "2026-03-16T00:00:00.000000Z"}


def test_a_source_makes_a_set_that_is_seen_as_was_chosen(
    visit: Visit, database: Database, ada: Forecaster, mo: Forecaster
) -> None:
    hers = visit(ada)
    address = begin(hers, "source")
    claim = hers.post(f"{address}/claims", data={**ESSAY, "seen": "0"}).headers["location"]
    save(hers, claim, TRAM)
    send(hers, address, ESSAY | {"audience": "unlisted", "reveal": "closed"})

    let_in(visit(mo), address)

    assert told(database, "set") == [{"audience": "unlisted", "reveal": "closed"}]
    assert told(database, "question") == [{}]
    (link,) = [one for one in Sight.of(hers.get("/drafts").text).links if one.startswith("/open/")]
    assert visit().get(link).headers["location"] == "/sets/what-the-year-will-bring"


def test_a_ladder_is_for_members_and_not_unlisted_by_itself(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    hers = visit(ada)
    address = begin(hers, "ladder")
    offered = [one.attributes["value"] for one in Sight.of(hers.get(address).text).find("option")]

    refused = send(hers, address, GROWTH | {"audience": "unlisted"})
    send(hers, address, GROWTH | {"audience": "members"})
    let_in(visit(mo), address, set="weather")

    assert (refused.status_code, Sight.of(refused.text).invalid) == (422, ["audience"])
    assert "members" in offered
    assert "unlisted" not in offered
    assert told(database, "question")[1:] == [{"audience": "members"}] * 3
    assert "/ladders/growth" in Sight.of(hers.get("/drafts").text).links


def test_what_is_asked_again_is_not_seen_by_more_than_before(visit: Visit, database: Database, ada: Forecaster) -> None:
    at = {"reveal": "at", "reveals_at": asked()["opens_at"] + DAY}
    publish(database, asked("fog", audience="members", **at), asked("hail"), within="sealed")
    browser = visit(ada)

    kept = {}
    for slug, how in (("fog", "again"), ("fog", "later"), ("hail", "again")):
        form = Sight.of(
            browser.get(browser.post(f"/questions/{slug}/copy", data={"how": how}).headers["location"]).text
        )
        chosen = [one.attributes["value"] for one in form.find("option") if "selected" in one.attributes]
        kept[slug, how] = (*[one for one in chosen if one in ("members", "at")], form.values["reveals_at"])

    assert kept == {
        ("fog", "again"): ("members", "at", ""),
        ("fog", "later"): ("members", "at", "2027-03-03 12:00"),
        ("hail", "again"): ("",),
    }
