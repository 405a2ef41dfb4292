"""What stands round the numbers of a question's page: reasons, comments, revisions, the timeline, what is new."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlmodel import Session, col, select

from forecasts import discussion, ledger, looking
from forecasts.database import Database
from forecasts.models import Comment, Forecast, Forecaster
from questions import catalog
from questions.models import Question
from tests.cast import (
    DAY,
    HOUR,
    NOON,
    MovedClock,
    annul,
    draft,
    everything,
    kinds,
    publish,
    reopen,
    resolve,
    say,
    take_back,
)
from tests.web.conftest import Visit
from tests.web.sight import Sight

HTMX = {"HX-Request": "true"}
WAYS = pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "without JavaScript"])


@pytest.fixture
def year(database: Database) -> Question:
    """Yes or no, open from noon for a hundred days."""
    times: dict[str, Any] = {"closes_at": NOON + 100 * DAY, "resolves_at": NOON + 100 * DAY}
    return publish(database, draft("year", **times), within="years")[0]


def reason(database: Database, who: Forecaster, question: Question, yes: float, why: str) -> Forecast:
    with database.writing() as (session, moment):
        return ledger.record(session, who, question, np.array([1 - yes, yes]), moment, rationale=why)


def write(database: Database, who: Forecaster, question: Question, text: str) -> Comment:
    with database.writing() as (session, moment):
        return discussion.comment(session, who, question, text, moment)


def latest(database: Database, who: Forecaster) -> Forecast:
    with database.reading() as session:
        mine = select(Forecast).where(Forecast.forecaster_id == who.id)
        return session.exec(mine.order_by(col(Forecast.entry).desc())).first()  # type: ignore[return-value]


def page(visit: Visit, who: Forecaster | None, slug: str = "rain", words: str = "") -> Sight:
    return Sight.of(visit(who).get(f"/questions/{slug}{words}").text)


def part(seen: Sight, name: str) -> str:
    """The words of the element of that id."""
    return next(one.text for one in seen.elements if one.attributes.get("id") == name)


# Why, and until when


@WAYS
def test_a_reason_and_an_expiry_are_stored_with_the_forecast_and_shown(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, headers: dict[str, str]
) -> None:
    form = {"view": "question", "probability": "40", "rationale": " It is *March*. ", "expires": "2026-03-02"}

    answer = visit(ada).post("/questions/rain/forecasts", data=form, headers=headers)

    assert answer.status_code == (200 if headers else 303)
    made = latest(database, ada)
    assert (made.rationale, made.expires_at) == ("It is *March*.", NOON.replace(hour=0) + DAY)
    mine = page(visit, ada).find("ol", class_="list mine")[0].text
    assert mine == "40% 2 Mar 2026, 12:00 UTC, until 3 Mar 2026, 00:00 UTC It is March."


TOO_LONG = "x" * 20_001
OVER = "2 March 2026, 00:00 UTC is over already. Let the forecast expire later, or not at all."
BESIDE = [
    ({"expires": "2026-03-01"}, "expires", OVER),
    ({"expires": "soon"}, "expires", "“soon” is not a day. Write one such as 2026-05-09."),
    ({"expires": "20260509"}, "expires", "“20260509” is not a day. Write one such as 2026-05-09."),
    ({"expires": "9999-12-31"}, "expires", "“9999-12-31” is not a day. Write one such as 2026-05-09."),
    ({"rationale": TOO_LONG}, "rationale", "The rationale has 20,001 characters. Shorten it to 20,000."),
]  # fmt: skip


@WAYS
@pytest.mark.parametrize(("typed", "field", "sentence"), BESIDE, ids=["past", "no day", "bare", "last", "long"])
def test_what_cannot_stand_beside_a_forecast_is_refused_with_all_that_was_typed(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, headers: dict[str, str],
    typed: dict[str, str], field: str, sentence: str,
) -> None:  # fmt: skip
    browser, before = visit(ada), everything(database)
    form = {"view": "question", "probability": "40", "rationale": "Why.", "expires": "2026-03-02"} | typed

    answer = browser.post("/questions/rain/forecasts", data=form, headers=headers)
    seen = Sight.of(answer.text)

    assert answer.status_code == 422
    assert seen.alerts == [sentence]
    assert seen.invalid == [field]
    assert seen.values["probability"] == "40"
    assert seen.find("textarea", name="rationale")[0].text == form["rationale"]
    assert seen.find("input", name="expires")[0].attributes["value"] == form["expires"]
    assert "open" in seen.find("details", class_="reason")[0].attributes
    assert everything(database) == before


def test_the_form_says_how_long_a_forecast_stands_where_nothing_is_said(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    """A quarter of ten hours is two and a half."""
    publish(database, draft("snow"), within="brief", expires_after=0.25)

    assert "Empty: it stands until the question closes." in page(visit, ada).text
    assert (
        "Empty: it stands until 2 Mar 2026, 14:30 UTC, for 25% of the question’s time, as is usual in this set."
        in page(visit, ada, "snow").text
    )


def test_what_was_said_can_be_said_again_and_taken_back_while_that_is_possible(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    say(database, ada, rain, 0.4)
    fresh = [one.attributes["action"] for one in page(visit, ada).find("form", method="post")]
    clock.moment += HOUR + timedelta(seconds=1)
    later = [one.text for one in page(visit, ada).find("button", class_="plain")]
    strange = [one.text for one in page(visit, bob).find("button", class_="plain")]
    clock.moment += 10 * HOUR
    closed = [one.text for one in page(visit, ada).find("button", class_="plain")]

    assert {f"/questions/rain/{act}" for act in ("undo", "reaffirmation", "withdrawal")} <= set(fresh)
    assert later == ["Sign out", "Still 40%", "Withdraw my forecast"]
    assert strange == closed == ["Sign out"]


def test_reasons_are_the_latest_of_each_and_say_what_is_said_since(
    visit: Visit, database: Database, clock: MovedClock, rain: Question,
    ada: Forecaster, bob: Forecaster, mo: Forecaster,
) -> None:  # fmt: skip
    reason(database, ada, rain, 0.2, "Old.")
    reason(database, bob, rain, 0.6, "Clouds.")
    reason(database, mo, rain, 0.9, "Storm.")
    clock.moment += HOUR
    reason(database, ada, rain, 0.3, "New <b>and</b> *true*.")
    say(database, ada, rain, 0.5)
    take_back(database, mo, rain)

    seen = page(visit, None)

    told = [one.text for one in seen.find("article", class_="said")]
    assert told == [
        "Ada 30% 2 Mar 2026, now 50% New <b>and</b> true.",
        "Mo 90% 2 Mar 2026, withdrawn since Storm.",
        "Bob 60% 2 Mar 2026 Clouds.",
    ]


def test_a_reason_that_was_taken_back_is_gone_and_the_one_before_is_there_again(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    reason(database, ada, rain, 0.2, "First.")
    reason(database, ada, rain, 0.3, "Second.")

    with database.writing() as (session, moment):
        ledger.undo(session, ada, rain, moment)

    assert [one.text for one in page(visit, None).find("article", class_="said")] == ["Ada 20% 2 Mar 2026 First."]


def test_what_a_private_person_says_is_theirs_to_see_and_their_words_are_everybodys(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    with database.writing() as (session, _):
        session.get_one(Forecaster, ada.id).private = True
    reason(database, ada, rain, 0.2, "Rheumatism.")
    write(database, ada, rain, "It aches.")

    theirs, others = page(visit, ada), page(visit, bob)

    assert [one.text for one in theirs.find("article", class_="said")] == [
        "Ada 20% 2 Mar 2026 Rheumatism.",
        "Ada at 20% 2 Mar 2026, 12:00 UTC It aches.",
    ]
    assert [one.text for one in others.find("article", class_="said")] == [
        "Ada 2 Mar 2026 Rheumatism.",
        "Ada 2 Mar 2026, 12:00 UTC It aches.",
    ]
    assert part(others, "acts").count("20%") == 0


# Comments


@WAYS
def test_a_comment_is_shown_with_what_its_author_said_when_they_wrote_it(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, headers: dict[str, str]
) -> None:
    say(database, ada, rain, 0.35)
    browser = visit(ada)

    answer = browser.post("/questions/rain/comments", data={"comment": "It *smells* of rain."}, headers=headers)
    say(database, ada, rain, 0.8)

    entry = kinds(database).index("comment") + 1
    if headers:
        assert answer.status_code == 200
        assert answer.text.lstrip().startswith('<section id="comments"')
    else:
        assert (answer.status_code, answer.headers["location"]) == (303, f"/questions/rain#comment-{entry}")
    seen = page(visit, None)
    assert part(seen, f"comment-{entry}") == "Ada at 35% 2 Mar 2026, 12:00 UTC It smells of rain."
    assert f"#comment-{entry}" in seen.links


@WAYS
def test_a_comment_that_cannot_be_taken_is_refused_with_what_was_typed(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, headers: dict[str, str]
) -> None:
    browser, before = visit(ada), everything(database)

    for typed, sentence in (
        (" ", "The comment is empty. Write something first."),
        (TOO_LONG, "The comment has 20,001 characters. Shorten it to 20,000."),
    ):
        answer = browser.post("/questions/rain/comments", data={"comment": typed}, headers=headers)
        seen = Sight.of(answer.text)

        assert answer.status_code == 422
        assert seen.alerts == [sentence]
        assert seen.invalid == ["comment"]
        assert seen.find("textarea", name="comment")[0].text == typed.strip()
        assert len(seen.find("h1")) == (0 if headers else 1)
    assert everything(database) == before


def test_comments_come_by_fifties_and_the_timeline_leads_to_each(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    """Of sixty the newest page has fifty; the other ten are those that the oldest acts of the timeline lead to."""
    made = [write(database, ada, rain, f"Number {number}").entry for number in range(60)]

    newest = page(visit, None)
    (more,) = [
        link for link in newest.links if link.startswith("/questions/rain?remarks=") and link.endswith("#comments")
    ]
    earlier = Sight.of(visit().get(more).text)

    shown = [[one.attributes["id"] for one in seen.find("article", class_="said")] for seen in (newest, earlier)]
    assert shown == [[f"comment-{entry}" for entry in part[::-1]] for part in (made[10:], made[:10])]
    assert "/questions/rain#comments" in earlier.links
    assert f"#comment-{made[59]}" in newest.links
    (link,) = [
        one for one in page(visit, None, words=f"?before={made[1]}").links if one.endswith(f"#comment-{made[0]}")
    ]
    assert link == f"/questions/rain?remarks={made[0] + 1}#comment-{made[0]}"
    assert f"comment-{made[0]}" in [one.attributes.get("id") for one in Sight.of(visit().get(link).text).elements]


def test_what_people_write_can_do_nothing(visit: Visit, database: Database, rain: Question, ada: Forecaster) -> None:
    evil = "<script>alert(1)</script> [go](javascript:alert(1)) ![see](https://evil.example/x.png)"
    reason(database, ada, rain, 0.2, evil)
    write(database, ada, rain, evil)

    html = visit(ada).get("/questions/rain").text

    assert "<script>alert" not in html
    assert 'href="javascript:' not in html
    assert "<img" not in html


# What was done


def revise(database: Database, by: Forecaster, question: Question, note: str, seen: int, **changes: Any) -> int:
    with database.writing() as (session, moment):
        return catalog.revise(session, question, changes, note, seen, by=by.pseudonym, moment=moment).entry


def test_a_revision_stands_by_the_terms_and_tells_what_was_said_before(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, mo: Forecaster
) -> None:
    first = revise(database, mo, rain, "It was vague.", 0, criteria="47 days.", tags=["sky"])
    clock.moment += HOUR
    revise(database, mo, rain, "A slip.", first, criteria="46 days.")

    seen = page(visit, None)

    assert [one.text for one in seen.find("p", class_="clarified")] == [
        "Clarified on 2 Mar 2026 by Mo: A slip. What was changed",
        "Clarified on 2 Mar 2026 by Mo: It was vague. What was changed",
    ]
    assert part(seen, f"act-{first}") == (
        "Mo revised the question 2 Mar 2026, 12:00 UTC It was vague. "
        "The resolution criteria said As measured. and says 47 days. The tags said nothing and says sky"
    )
    assert "said 47 days. and says 46 days." in part(seen, "acts")


def test_the_timeline_tells_every_act_the_latest_first(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.4)
    say(database, ada, rain, 0.6)
    with database.writing() as (session, moment):
        ledger.undo(session, ada, rain, moment)
    take_back(database, ada, rain)
    write(database, mo, rain, "Well.")
    revise(database, mo, rain, "A slip.", 0, title="Rain?")
    resolve(database, mo, rain, 1)
    reopen(database, mo, rain)
    annul(database, mo, rain)

    seen = page(visit, None)

    told = [one.text.partition(" 2 Mar 2026")[0] for one in seen.elements if one.attributes.get("id", "")[:4] == "act-"]
    assert told == [
        "Mo annulled it",
        "Mo reopened it",
        "Mo resolved it Yes",
        "Mo revised the question",
        "Mo commented",
        "Ada withdrew",
        "Ada took back, and said again 40%",
        "Ada forecast 60%",
        "Ada forecast 40%",
        "The operator asked",
    ]


def test_the_timeline_has_fifty_acts_and_leads_to_earlier_ones(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    """Sixty forecasts and the asking: of 61 the newest 50 and the other 11."""
    for number in range(60):
        say(database, ada, rain, number / 100)

    newest = page(visit, None)
    (earlier,) = [link for link in newest.links if "?before=" in link]
    rest = Sight.of(visit().get(earlier).text)

    counts = [sum(one.attributes.get("id", "")[:4] == "act-" for one in seen.elements) for seen in (newest, rest)]
    assert counts == [50, 11]
    assert "/questions/rain#timeline" in rest.links


def test_a_revision_that_the_timeline_no_longer_shows_is_led_to(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    entry = revise(database, mo, rain, "A slip.", 0, title="Rain?")
    near = page(visit, None)
    for number in range(50):
        say(database, ada, rain, number / 100)
    far = page(visit, None)

    assert f"#act-{entry}" in near.links
    assert f"?before={entry + 1}#act-{entry}" in far.links
    assert "revised the question" in part(page(visit, None, words=f"?before={entry + 1}"), f"act-{entry}")


@pytest.mark.parametrize("words", ["before=x", "before=-1", "before=99999999999999999999", "zoom=%00", "zoom=7"])
def test_a_part_that_nobody_offered_is_not_asked_for(visit: Visit, rain: Question, words: str) -> None:
    assert visit().get(f"/questions/rain?{words}").status_code == 200


# What is new


def test_what_others_did_since_the_last_visit_is_told_until_it_was_seen(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    """The crowd says 40% with Ada alone, and half way to Bob's 80% after him."""
    say(database, ada, rain, 0.4)
    alone = page(visit, ada).find("div", class_="notice since")
    clock.moment += HOUR
    say(database, bob, rain, 0.7)
    say(database, bob, rain, 0.8)
    write(database, bob, rain, "Look up.")

    told, strange = (page(visit, who).find("div", class_="notice since") for who in (ada, None))
    with database.writing() as (session, moment):
        looking.look(session, ada, rain, moment)
    seen = page(visit, ada).find("div", class_="notice since")

    assert told[0].text == (
        "Since 2 Mar 2026: 2 new forecasts, 1 new comment. The crowd moved from 40% to 60%. Mark as seen"
    )
    assert alone == strange == seen == []


# The charts


def test_a_zoom_stays_in_the_address_and_the_table_follows_it(
    visit: Visit, database: Database, clock: MovedClock, year: Question, ada: Forecaster
) -> None:
    """Ada speaks on days 0, 50 and 95; on day 99 the last 30 days begin on day 69, when day 50's forecast stood."""
    for day in (0, 50, 95):
        clock.moment = NOON + day * DAY
        say(database, ada, year, day / 100)
    clock.moment = NOON + 99 * DAY

    tables = {}
    for words in ("", "?zoom=90", "?zoom=30"):
        seen = page(visit, ada, "year", words)
        tables[words] = [row[:3] for row in seen.rows if row[0].endswith(" UTC")]
        (current,) = [one.text for one in seen.find("a", aria_current="true") if "#charts" in one.attributes["href"]]
        assert current == {"": "All the time", "?zoom=90": "90 days", "?zoom=30": "30 days"}[words]

    assert [row[0] for row in tables[""]] == [
        "2 Mar 2026, 12:00 UTC",
        "21 Apr 2026, 12:00 UTC",
        "5 Jun 2026, 12:00 UTC",
    ]
    assert [row[0] for row in tables["?zoom=90"]] == ["11 Mar 2026, 12:00 UTC", *[row[0] for row in tables[""][1:]]]
    assert tables["?zoom=30"] == [["10 May 2026, 12:00 UTC", "1", "50%"], ["5 Jun 2026, 12:00 UTC", "1", "95%"]]


@WAYS
def test_a_forecast_from_a_zoomed_page_leads_back_to_it(
    visit: Visit, year: Question, ada: Forecaster, headers: dict[str, str]
) -> None:
    form = {"view": "question", "probability": "40", "zoom": "30"}

    answer = visit(ada).post("/questions/year/forecasts", data=form, headers=headers)

    if headers:
        assert "30 days" in [one.text for one in Sight.of(answer.text).find("a", aria_current="true")]
    else:
        assert answer.headers["location"] == "/questions/year?zoom=30#forecast"


def test_the_histogram_counts_people_by_tenths_and_names_nobody(
    visit: Visit, database: Database, clock: MovedClock, rain: Question,
    ada: Forecaster, bob: Forecaster, mo: Forecaster,
) -> None:  # fmt: skip
    """0.3 and 0.35 lie in the fourth tenth, 1 in the last; who withdrew is not counted."""
    for who, yes in ((ada, 0.3), (bob, 1.0), (mo, 0.35)):
        say(database, who, rain, yes)
    everybody = page(visit, None)
    take_back(database, bob, rain)
    fewer = page(visit, None)

    counts = [[row[1] for row in seen.rows if "% to " in row[0]] for seen in (everybody, fewer)]
    assert counts == [["0", "0", "0", "2", "0", "0", "0", "0", "0", "1"], ["0", "0", "0", "2", *["0"] * 6]]
    figure = everybody.find("figure", class_="chart chart-histogram")[0].text
    assert figure.startswith("What people say now How many people’s standing forecasts lie in each tenth.")
    assert not any(name in figure for name in ("Ada", "Bob", "Mo "))


def test_an_expired_forecast_leaves_the_histogram_by_itself(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, bob: Forecaster
) -> None:
    with database.writing() as (session, moment):
        ledger.record(session, ada, rain, np.array([0.7, 0.3]), moment, expires_at=moment + HOUR)
        ledger.record(session, bob, rain, np.array([0.2, 0.8]), moment)
    seen = [page(visit, None)]
    clock.moment += HOUR
    seen.append(page(visit, None))

    assert [sum(int(row[1]) for row in one.rows if "% to " in row[0]) for one in seen] == [2, 1]


def test_what_follows_from_the_acts_is_worked_out_once(database: Database, rain: Question, ada: Forecaster) -> None:
    """Kept by the question's state, so that ten thousand forecasts are not read for every look."""
    reason(database, ada, rain, 0.2, "Old.")

    def entries() -> list[int]:
        with database.reading() as session:
            return discussion.reasoned(session, found(session))

    first, again = entries(), entries()
    say(database, ada, rain, 0.5)
    third = entries()

    assert first is again
    assert third == first
    assert third is not first


def found(session: Session) -> Question:
    return session.exec(select(Question).where(Question.slug == "rain")).one()
