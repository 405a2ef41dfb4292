"""Resolving: what it will do is shown first; a bad decision is refused in place; of two at once one wins."""

import pytest

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.catalog import Decision
from questions.models import Question
from tests.cast import DAY, HOUR, NOON, MovedClock, annul, decide, everything, fresh, join, kinds, loss, resolve, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

HTMX = {"HX-Request": "true"}
PAGE = "/questions/rain/resolution"
YES = {"verdict": "resolved", "outcome": "yes", "seen": "0"}
CONFIRM = {"step": "confirm"}


def hidden(html: str) -> dict[str, str]:
    """What the form sends along unseen, but for the word of its page."""
    found = Sight.of(html).find("input", type="hidden")
    return {name: one.attributes.get("value", "") for one in found if (name := one.attributes["name"]) != "once"}


def test_only_a_moderator_may_decide(visit: Visit, database: Database, rain: Question, ada: Forecaster) -> None:
    browser, before = visit(ada), everything(database)

    for answer in (browser.get(PAGE), browser.post(PAGE, data=YES | CONFIRM)):
        assert answer.status_code == 403
        assert "You are a forecaster, and this takes a moderator." in answer.text
    assert everything(database) == before
    assert PAGE not in Sight.of(browser.get("/questions/rain").text).links


def test_before_anything_is_written_the_page_shows_what_will_change(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    """Ada's 70% stood an hour of ten: her loss is 0.3² / 10 = 0.009, her mean 0.3² = 0.09. She is the whole crowd."""
    say(database, ada, rain, 0.7)
    clock.moment += HOUR
    before = everything(database)

    answer = visit(mo).post(PAGE, data=YES | {"note": "It rained."})
    clock.moment += HOUR

    assert answer.status_code == 200
    assert "will be resolved: yes, known 2026-03-02 13:00:00 UTC." in Sight.of(answer.text).text
    changes = [one.text for one in Sight.of(answer.text).find("tr")[1:]]
    assert changes == [
        "The crowd median none → 0.009 none → 0.090 none → none",
        "The crowd's mean crowd none → 0.009 none → 0.090 none → none",
        "The crowd's mean odds crowd none → 0.009 none → 0.090 none → none",
        "The crowd, latest first crowd none → 0.009 none → 0.090 none → none",
        "Ada none → 0.009 none → 0.090 none → 1",
        "Always 50% yardstick none → 0.025 none → 0.250 none → none",
    ]
    assert everything(database) == before
    assert hidden(answer.text) == {
        "seen": "0",
        "verdict": "resolved",
        "outcome": "yes",
        "known_at": "2026-03-02 13:00:00",
        "evidence_url": "",
        "note": "It rained.",
    }


def test_confirming_does_what_was_shown(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    """Also when the moderator took an hour to read it: what was known then is not known later."""
    browser = visit(mo)
    say(database, ada, rain, 0.7)
    clock.moment += HOUR
    shown = hidden(browser.post(PAGE, data=YES | {"evidence_url": "https://example.org/rain"}).text)
    clock.moment += HOUR

    answer = browser.post(PAGE, data=shown | CONFIRM)

    assert (answer.status_code, answer.headers["location"]) == (303, "/questions/rain")
    assert kinds(database)[-1] == "resolution"
    assert round(loss(database, ada, rain) or 0, 9) == 0.009
    decided = Sight.of(browser.get("/questions/rain").text).find("section", aria_labelledby="outcome")[0].text
    assert decided == "What was decided Yes known 2 Mar 2026, 13:00 UTC, recorded 2 Mar 2026, 14:00 UTC by Mo Evidence"


def test_confirming_by_htmx_leads_to_the_question_too(visit: Visit, rain: Question, mo: Forecaster) -> None:
    answer = visit(mo).post(PAGE, data=YES | CONFIRM, headers=HTMX)

    assert (answer.status_code, answer.headers["hx-redirect"]) == (200, "/questions/rain")


def test_changing_ones_mind_before_confirming_gives_the_form_back(
    visit: Visit, database: Database, rain: Question, mo: Forecaster
) -> None:
    before = everything(database)

    answer = visit(mo).post(PAGE, data=YES | {"step": "edit", "note": "It rained.", "known_at": "2026-03-02 12:00"})
    seen = Sight.of(answer.text)

    assert seen.find("textarea", id="note")[0].text == "It rained."
    assert seen.values["known_at"] == "2026-03-02 12:00"
    assert "checked" in seen.find("input", name="outcome", value="yes")[0].attributes
    assert everything(database) == before


REFUSED: list[tuple[dict[str, str], str, str]] = [
    ({"verdict": ""}, "No decision is chosen. Choose resolve, annul or reopen.", ""),
    ({"verdict": "maybe"}, "No decision is chosen. Choose resolve, annul or reopen.", ""),
    ({"outcome": ""}, "The outcome is empty. Say what happened.", ""),
    ({"outcome": "perhaps"}, "“perhaps” is neither yes nor no. Write one of the two.", ""),
    (
        {"known_at": "2026-03-02 12:01"},
        "2 March 2026, 12:01 UTC lies in the future. An outcome is recorded once it is known.",
        "known_at",
    ),
    (
        {"known_at": "2026-03-02 11:59"},
        (
            "2 March 2026, 11:59 UTC lies before the question opened on 2 March 2026, 12:00 UTC. "
            "If the outcome was known by then, annul the question."
        ),
        "known_at",
    ),
    (
        {"known_at": "yesterday"},
        "“yesterday” is not a moment. Write one such as 2026-12-31 23:59, in UTC.",
        "known_at",
    ),
    (
        {"known_at": "9999-12-31T23:59-23:59"},
        "“9999-12-31T23:59-23:59” is not a moment. Write one such as 2026-12-31 23:59, in UTC.",
        "known_at",
    ),
    (
        {"evidence_url": "javascript:alert(1)"},
        "“javascript:alert(1)” is not a link. Write one that begins with https, or leave it empty.",
        "evidence_url",
    ),
    (
        {"evidence_url": "https://["},
        "“https://[” is not a link. Write one that begins with https, or leave it empty.",
        "evidence_url",
    ),
    ({"verdict": "annulled", "note": " "}, "The reason is empty. Say why the question is annulled.", "note"),
    ({"verdict": "reopened"}, "“What of the rain?” is not decided, so there is nothing to reopen.", ""),
]


def test_a_bad_decision_is_refused_in_place_with_what_was_typed(
    visit: Visit, database: Database, rain: Question, mo: Forecaster
) -> None:
    browser, before = visit(mo), everything(database)

    for changed, sentence, field in REFUSED:
        for step in ({}, CONFIRM):
            answer = browser.post(PAGE, data=YES | changed | step)
            seen = Sight.of(answer.text)

            assert answer.status_code == 422
            assert seen.alerts == [sentence]
            if field:
                assert seen.invalid == [field]
            if field in seen.values:
                assert seen.values[field] == changed[field]
    assert everything(database) == before


def test_a_form_that_does_not_say_what_it_saw_decides_nothing(
    visit: Visit, database: Database, rain: Question, mo: Forecaster
) -> None:
    browser, before = visit(mo), everything(database)
    statuses = {
        "": 422, "-1": 422, "x": 422, "1.5": 422, "٣": 422, "²": 422, "9223372036854775808": 422, "9" * 5000: 422,
        "999999999999999999": 409, "7": 409,
    }  # fmt: skip

    answers = {seen: browser.post(PAGE, data=YES | CONFIRM | {"seen": seen}) for seen in statuses}

    assert {seen: answer.status_code for seen, answer in answers.items()} == statuses
    assert all(Sight.of(answer.text).alerts for answer in answers.values())
    assert everything(database) == before


def test_of_two_moderators_at_once_one_wins_and_the_other_sees_what_was_decided(
    visit: Visit, database: Database, rain: Question, mo: Forecaster
) -> None:
    other = visit(join(database, "Max", "moderator"))
    forms = [hidden(browser.post(PAGE, data=YES).text) for browser in (visit(mo), other)]
    visit(mo).post(PAGE, data=forms[0] | CONFIRM)
    before = everything(database)

    answer = other.post(PAGE, data=forms[1] | CONFIRM | {"outcome": "no"})
    seen = Sight.of(answer.text)

    assert answer.status_code == 409
    assert seen.alerts == [
        "“What of the rain?” was decided by somebody else meanwhile. Look at what was decided before you change it."
    ]
    assert seen.find("ol", class_="decisions")[0].text.startswith("Yes known 2 Mar 2026, 12:00 UTC")
    assert hidden(answer.text) == {"seen": str(fresh(database, rain).resolution)}
    assert everything(database) == before


def test_a_decision_is_corrected_and_taken_back_and_all_stay_visible(
    visit: Visit, database: Database, clock: MovedClock, town: Town, mo: Forecaster, ada: Forecaster
) -> None:
    browser, address = visit(mo), "/questions/snow/resolution"
    first = hidden(browser.get(address).text)

    wrong_was_no = first | {"verdict": "resolved", "outcome": "no", "known_at": "2026-03-02 13:00"}
    assert browser.post(address, data=wrong_was_no | CONFIRM).status_code == 303
    corrected = loss(database, ada, town.resolved)
    reopened = hidden(browser.get(address).text) | {"verdict": "reopened"}
    assert browser.post(address, data=reopened | CONFIRM).status_code == 303

    assert round(corrected or 0, 9) == 0.049  # 0.7² over one hour of ten
    assert loss(database, ada, town.resolved) is None
    decided = browser.get("/questions/snow").text.partition('<ol class="decisions">')[2].partition("</ol>")[0]
    assert [one.text for one in Sight.of(decided).find("strong")] == ["Reopened", "No", "Yes"]
    assert Sight.of(browser.get("/").text).find("article", id="question-snow")


def test_an_ordered_outcome_is_shown_with_the_bin_that_it_falls_into(visit: Visit, town: Town, mo: Forecaster) -> None:
    answer = visit(mo).post("/questions/number/resolution", data=YES | {"outcome": "2"})

    assert "will be resolved: 2 (in the bin “2”)" in Sight.of(answer.text).text


def test_who_corrects_a_resolution_finds_all_of_it_in_the_form(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, mo: Forecaster
) -> None:
    """Else an empty moment would mean now, and move the end of everybody's score."""
    clock.moment = NOON + 3 * HOUR
    browser = visit(mo)
    known = {"known_at": "2026-03-02 14:00", "evidence_url": "https://example.org/rain", "note": "It poured."}
    browser.post("/questions/rain/resolution", data=YES | known | {"step": "confirm"})

    html = browser.get("/questions/rain/resolution").text

    assert 'value="2026-03-02 14:00:00"' in html
    assert 'value="https://example.org/rain"' in html
    assert ">It poured.</textarea>" in html
    assert html.count(" checked>") == 2  # resolve, and yes


def test_an_ordered_question_tells_the_place_on_the_board_of_its_own_rule(
    visit: Visit, town: Town, mo: Forecaster
) -> None:
    browser = visit(mo)
    browser.post("/questions/number/forecasts", data={"way": "bins", "bin-0": "20", "bin-1": "80", "bin-2": "0"})

    ordered = Sight.of(browser.post("/questions/number/resolution", data=YES | {"outcome": "2"}).text).text
    plain = Sight.of(browser.post("/questions/binary/resolution", data=YES).text).text

    assert "What changes: Ranked, lower is better" in ordered
    assert "What changes: Brier, lower is better" in plain
    assert "Place" in ordered
    assert "Place" in plain


@pytest.mark.parametrize(
    ("slug", "index", "value", "told"),
    [
        ("date", 1, "2026-03-04", "4 Mar 2026"),
        ("date", 2, "after", "5 Mar 2026 or later"),
        ("date", 2, "2026-03-09", "9 Mar 2026"),  # beyond the open end, and known
        ("number", 1, "2,0", "2"),
        ("number", 1, "one or two", "2"),  # no program of ours stores it; the label is told
        ("number", 1, "", "2"),
        ("choice", 1, "", "South"),
    ],
)
def test_pages_tell_what_happened_in_the_same_words_whatever_was_typed(
    visit: Visit, database: Database, town: Town, mo: Forecaster, slug: str, index: int, value: str, told: str
) -> None:
    now = database.clock.now()
    decide(database, mo, town.open[slug], Decision("resolved", index, now, value=value))

    html = visit().get(f"/questions/{slug}").text

    decided = html.partition('<ol class="decisions">')[2].partition("</ol>")[0]
    assert [one.text for one in Sight.of(decided).find("strong")] == [told]
    assert f"{told}, known 2 Mar 2026" in Sight.of(html).text


def test_what_waits_is_listed_the_longest_waiting_first(
    visit: Visit, database: Database, clock: MovedClock, town: Town, mo: Forecaster
) -> None:
    clock.moment += 3 * DAY
    for question in (town.open["choice"], town.open["date"]):
        annul(database, mo, question)

    seen = Sight.of(visit(mo).get("/due").text)

    assert seen.find("ul", class_="list")[0].text == (
        "What of the hail? closed 2 Mar 2026, 12:30 UTC, 3 days ago Resolve "
        "What of the binary? closed 2 Mar 2026, 22:00 UTC, 2 days ago Resolve "
        "What of the number? closed 2 Mar 2026, 22:00 UTC, 2 days ago Resolve"
    )
    assert "Resolve" not in Sight.of(visit().get("/due").text).find("ul", class_="list")[0].text


def test_when_nothing_waits_the_page_says_so(visit: Visit, database: Database, town: Town, mo: Forecaster) -> None:
    resolve(database, mo, town.due, 0)

    assert "Nothing waits. Questions come here when they close." in visit().get("/due").text
