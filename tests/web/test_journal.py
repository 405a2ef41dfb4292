"""The journal as a page: who sees which entries, in which words, and that no filter tells what is not shown."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from forecasts import discussion, erasing, ledger, moderation
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions import audiences, catalog, journal
from questions.audiences import Shown
from questions.catalog import Decision
from questions.models import Question
from tests.cast import (
    DAY,
    HOUR,
    NOON,
    MovedClock,
    decide,
    draft,
    entries,
    join,
    other,
    publish,
    reopen,
    resolve,
    say,
    take_back,
)
from tests.web.conftest import Town, Visit, token_for
from tests.web.sight import Sight
from web.app import create
from web.dependencies import COOKIE
from web.routes.journal import SIZE

SEALED = "Nothing more is shown to you of this entry."
HASH = re.compile("[0-9a-f]{64}")


def listed(browser: TestClient, **words: object) -> dict[int, str]:
    """What each entry says, without its number, its time and its hash, by its number."""
    answer = browser.get("/journal", params={name: str(word) for name, word in words.items()})
    assert answer.status_code == 200
    found = [one for one in Sight.of(answer.text).find("li") if one.attributes.get("id", "").startswith("entry-")]
    return {int(one.attributes["id"][6:]): one.text.partition(" No. ")[0] for one in found}


def moderate(database: Database, rain: Question, bob: Forecaster, mo: Forecaster) -> None:
    """Bob writes something that Mo hides, and is suspended and let act again."""
    with database.writing() as (session, moment):
        comment = discussion.comment(session, bob, rain, "You fools.", moment)
        moderation.hide(session, comment, True, "Rude.", by=mo, moment=moment)
        moderation.suspend(session, bob, True, "Rude again.", by=mo, moment=moment)
        moderation.suspend(session, bob, False, "He is sorry.", by=mo, moment=moment)


# In words


def test_every_act_is_told_in_words_the_newest_first(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.37)
    take_back(database, ada, rain)
    with database.writing() as (session, moment):
        ledger.undo(session, ada, rain, moment)
        discussion.comment(session, ada, rain, "Look up.", moment)
        changes = {"criteria": "As measured, twice."}
        catalog.revise(session, rain, changes, "A slip.", 0, by=mo.pseudonym, moment=moment)
        audiences.show(session, rain, Shown("members", "at", NOON + DAY), by=mo.pseudonym, moment=moment)
    clock.moment += HOUR
    decide(database, mo, rain, Decision("resolved", 1, clock.now(), note="It poured."))

    told, later = listed(visit(ada)), "3 March 2026, 12:00 UTC"

    assert list(told) == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert list(told.values()) == [
        "Mo resolved What of the rain?: Yes It poured.",
        f"Mo changed who sees What of the rain?: Whoever has an account here; what others say: from {later} on",
        "Mo clarified What of the rain? A slip.",
        "Ada commented on What of the rain?",
        "Ada took an act back, and said again, on What of the rain?: 37%",
        "Ada withdrew from What of the rain?",
        "Ada forecast What of the rain?: 37%",
        "The operator asked What of the rain?",
        "The operator published the set The weather",
    ]


def test_an_entry_has_its_hash_and_leads_to_what_it_is_about(
    visit: Visit, database: Database, town: Town, ada: Forecaster
) -> None:
    seen = Sight.of(visit().get("/journal?set=weather").text)

    hashes = [one.text for one in seen.find("code") if HASH.fullmatch(one.text)]
    assert hashes == [one.hash.hex() for one in reversed(entries(database))]
    assert {"/questions/snow", "/people/ada", "/people/almanac", "/sets/weather", "#entry-1"} <= set(seen.links)


def test_the_foot_of_every_page_and_a_questions_timeline_lead_there(visit: Visit, rain: Question) -> None:
    browser = visit()

    assert "/journal" in Sight.of(browser.get("/sign-in").text).links
    assert "/journal?question=rain" in Sight.of(browser.get("/questions/rain").text).links


def test_what_was_erased_keeps_its_place(visit: Visit, database: Database, rain: Question, ada: Forecaster) -> None:
    say(database, ada, rain, 0.37)
    with database.writing() as (session, _):
        session.connection().exec_driver_sql("UPDATE entry SET content = NULL, salt = NULL WHERE seq = 3")

    assert listed(visit())[3].endswith("Its words were erased; its place in the chain stays.")


# Who sees what


def test_moderators_see_what_was_moderated_and_others_that_something_was_done(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    moderate(database, rain, bob, mo)
    with database.writing() as (session, moment):
        for merged, note in ((True, "One person."), (False, "They are two.")):
            content = {"who": ada.pseudonym, "into": bob.pseudonym, "merged": merged, "note": note}
            journal.append(session, "merge", ada.pseudonym, content, by=mo.pseudonym, moment=moment)
        journal.append(session, "unheard-of", "rain", {"x": 1}, by=mo.pseudonym, moment=moment)
        content = {"verdict": "published", "author": ada.pseudonym}
        journal.append(session, "review", "rain", content, by=mo.pseudonym, moment=moment)

    theirs, hers = listed(visit(mo)), listed(visit(ada))

    assert [theirs[seq] for seq in range(3, 11)] == [
        "Bob commented on What of the rain?",
        "Mo hid a comment on What of the rain? Rude.",
        "Mo suspended Bob Rude again.",
        "Mo lifted the suspension of Bob He is sorry.",
        "Mo merged two accounts: Ada into Bob One person.",
        "Mo parted two accounts again: Ada from Bob They are two.",
        "Mo did something that has no words here, of the kind “unheard-of”",
        "Mo let in What of the rain? Written by Ada.",
    ]
    assert [hers[seq] for seq in range(3, 11)] == [SEALED] * 8
    assert listed(visit(mo), kind="suspension").keys() == {5, 6}


def test_a_moderator_who_is_suspended_sees_no_more_than_others(
    visit: Visit, database: Database, rain: Question, bob: Forecaster, mo: Forecaster
) -> None:
    moderate(database, rain, bob, mo)
    boss = join(database, "Boss", "administrator")
    with database.writing() as (session, moment):
        moderation.suspend(session, mo, True, "Out of hand.", by=boss, moment=moment)

    assert listed(visit(mo))[5] == SEALED
    assert listed(visit(boss))[5] == "Mo suspended Bob Rude again."


@pytest.mark.parametrize("reveal", ["always", "answered", "closed", "at"])
@pytest.mark.parametrize("own", [True, False])
def test_what_is_said_is_seen_here_exactly_where_the_question_tells_it(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster,
    reveal: str, own: bool,
) -> None:  # fmt: skip
    """By the question's own rule or its set's; before it opens, while it runs, after it closed and once decided."""
    rule: dict[str, Any] = {"reveal": reveal, "reveals_at": NOON + 3 * HOUR if reveal == "at" else None}
    (rain,) = publish(database, draft("rain", **rule if own else {}), **{} if own else rule)
    say(database, bob, rain, 0.83)
    say(database, ada, rain, 0.4)
    shown = {}
    for hours in (1, 3, 10, 11):
        clock.moment = NOON + hours * HOUR
        if hours == 11:
            resolve(database, mo, rain, 1, known_at=NOON + 10 * HOUR)
        shown[hours] = [listed(visit(who))[3] != SEALED for who in (None, ada, mo, bob)]

    nobody, all_of_them = [False, False, False, True], [True] * 4
    answered = [False, True, False, True]
    expected = {
        "always": [all_of_them] * 4,
        "answered": [answered, answered, all_of_them, all_of_them],
        "closed": [nobody, nobody, all_of_them, all_of_them],
        "at": [nobody, all_of_them, all_of_them, all_of_them],
    }
    assert list(shown.values()) == expected[reveal]


@pytest.mark.parametrize("reveal", ["answered", "closed", "at"])
def test_a_decision_shows_what_was_said_until_the_question_is_reopened(
    visit: Visit, database: Database, clock: MovedClock, bob: Forecaster, mo: Forecaster, reveal: str
) -> None:
    (rain,) = publish(database, draft("rain"), reveal=reveal, reveals_at=NOON + 9 * HOUR if reveal == "at" else None)
    say(database, bob, rain, 0.83)
    clock.moment += HOUR
    told = [listed(visit())[3]]
    resolve(database, mo, rain, 1)
    told.append(listed(visit())[3])
    reopen(database, mo, rain)
    told.append(listed(visit())[3])

    assert told == [SEALED, "Bob forecast What of the rain?: 83%", SEALED]


@pytest.mark.parametrize(("reveal", "shown"), [("always", [True] * 3), ("answered", [False, True, False])])
def test_what_is_said_again_of_somebody_erased_is_seen_as_what_they_said_was(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster,
    reveal: str, shown: list[bool],
) -> None:  # fmt: skip
    (rain,) = publish(database, draft("rain"), reveal=reveal)
    with database.writing() as (session, moment):
        ledger.record(session, bob, rain, np.array([0.17, 0.83]), moment, rationale="Clouds.")
    say(database, ada, rain, 0.4)
    with database.writing(alone=True) as (session, moment):
        name = erasing.erase(session, bob, by=None, moment=moment).name

    told = [listed(visit(who), question="rain").get(6, SEALED) for who in (None, ada, mo)]

    assert [one != SEALED for one in told] == shown
    assert set(told) - {SEALED} == {f"{name} keeps, without their words, a forecast on What of the rain?"}
    assert [6 in listed(visit(who), kind="restatement") for who in (None, ada, mo)] == shown


def test_a_private_persons_forecasts_are_seen_by_them_alone(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.37)
    boss = join(database, "Boss", "administrator")
    with database.writing() as (session, _):
        session.get_one(Forecaster, ada.id).private = True

    assert [listed(visit(who))[3] for who in (None, mo, boss)] == [SEALED] * 3
    assert listed(visit(ada))[3] == "Ada forecast What of the rain?: 37%"
    assert visit(mo).get("/journal?who=ada").status_code == 404
    assert listed(visit(ada), who="ada").keys() == {3}


@pytest.mark.parametrize(
    ("audience", "nobody", "member"), [("public", 3, 3), ("members", 0, 3), ("unlisted", 0, 0), ("draft", 0, 0)]
)
def test_an_audience_decides_which_entries_are_seen(
    visit: Visit, database: Database, ada: Forecaster, mo: Forecaster, audience: str, nobody: int, member: int
) -> None:
    source = {"slug": "almanac", "name": "A", "title": "A", "author": "", "note": "", "said_at": NOON,
              "read_on": NOON.date()}  # fmt: skip
    publish(database, draft("rain"), source=source, audience=audience)

    counts = [sum(text != SEALED for text in listed(visit(who)).values()) for who in (None, ada, mo)]

    assert counts == [nobody, member, 3]


# Narrowing


def test_the_journal_is_narrowed_by_kind_by_whom_by_what_and_by_days(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    rain, snow = publish(database, draft("rain"), draft("snow"))
    (dice,) = publish(database, draft("dice", closes_at=NOON + 9 * DAY, resolves_at=NOON + 9 * DAY), within="games")
    say(database, ada, rain, 0.3)
    say(database, bob, snow, 0.3)
    clock.moment += DAY
    say(database, ada, dice, 0.3)
    with database.writing() as (session, moment):
        audiences.show(session, snow, Shown("public", "set"), by=mo.pseudonym, moment=moment)
    browser = visit()

    assert listed(browser, kind="forecast").keys() == {6, 7, 8}
    assert listed(browser, who="ada").keys() == {6, 8}
    assert listed(browser, question="snow").keys() == {3, 7, 9}
    assert listed(browser, set="weather").keys() == {1, 2, 3, 6, 7, 9}
    assert listed(browser, since="2026-03-03").keys() == {8, 9}
    assert listed(browser, until="2026-03-02").keys() == {1, 2, 3, 4, 5, 6, 7}
    both = {"since": "2026-03-03", "until": "2026-03-03"}
    assert listed(browser, who="ada", set="games", kind="forecast", **both).keys() == {8}
    assert listed(browser, since="2026-03-04").keys() == set()


def test_what_was_done_by_whom_was_merged_is_found_with_whom_they_were_merged_into(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.3)
    say(database, bob, rain, 0.4)
    with database.writing() as (session, moment):
        moderation.merge(session, bob, ada, "One person.", by=mo, moment=moment)

    assert listed(visit(), who="ada").keys() == {3, 4}


def test_where_nothing_fits_that_is_said(visit: Visit, rain: Question) -> None:
    browser = visit()

    assert "No entry that you may see fits what is chosen." in Sight.of(browser.get("/journal?kind=comment").text).text
    assert listed(browser, kind="comment") == {}


def test_an_empty_record_says_so(visit: Visit) -> None:
    assert "Nothing is on record yet." in Sight.of(visit().get("/journal").text).text


@pytest.mark.parametrize(
    ("words", "status", "field", "sentence"),
    [
        ("since=soon", 422, "since", "“soon” is not a day. Write one such as 2026-03-31."),
        ("until=2026-02-30", 422, "until", "“2026-02-30” is not a day. Write one such as 2026-03-31."),
        ("kind=suspension", 422, "kind", "“suspension” is no kind of act. Choose question, forecast, withdrawal, "),
        ("who=nope", 404, "who", "There is no forecaster “nope”."),
        ("question=nope", 404, "question", "There is no question “nope”."),
        ("question=%00", 404, "question", "There is no question “"),
        ("set=sealed", 404, "set", "There is no set “sealed”."),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(
    visit: Visit, database: Database, rain: Question, words: str, status: int, field: str, sentence: str
) -> None:
    publish(database, draft("fog"), within="sealed", audience="draft")

    answer = visit().get(f"/journal?{words}")

    seen = Sight.of(answer.text)
    assert (answer.status_code, seen.invalid) == (status, [field])
    assert seen.alerts[0].startswith(sentence)


def test_a_day_that_is_none_stays_in_its_field(visit: Visit, rain: Question) -> None:
    seen = Sight.of(visit().get("/journal?since=soon&question=rain").text)

    assert (seen.values["since"], seen.values["question"]) == ("soon", "rain")


def test_older_entries_are_on_the_pages_before_with_what_was_chosen(
    visit: Visit, database: Database, rain: Question, ada: Forecaster
) -> None:
    for number in range(SIZE + 10):
        say(database, ada, rain, 0.1 + number / 100)
    browser = visit()

    def turned(page: str) -> list[str]:
        return [one for one in Sight.of(browser.get(page).text).links if one.startswith("/journal?") and "kind" in one]

    (older,) = turned("/journal?kind=forecast")
    newest = turned(older)

    assert older == "/journal?kind=forecast&before=13"
    assert newest == ["/journal?kind=forecast"]
    assert list(listed(browser, kind="forecast", before=13)) == list(range(12, 2, -1))
    assert next(iter(listed(browser, before="x"))) == SIZE + 12


# What filters may not tell


FILTERS = [
    {name: value}
    for name, values in {
        "kind": ("forecast", "withdrawal", "comment", "showing", "question"), "who": ("bob", "mo", "cleo", "ada"),
        "question": ("rain", "snow"), "set": ("weather",), "since": ("2026-03-02",), "until": ("2026-03-02",),
    }.items()
    for value in values
]  # fmt: skip


def hidden_world(place: Path, template: Path, other_way: bool) -> tuple[Database, dict[str, Forecaster]]:
    """A record in which Bob and Cleo each do one thing that others do not see; in the other world each the other's.

    Both say something of a blind question and of one that is a draft, and write a comment that Mo hides.
    """
    place.write_bytes(template.read_bytes())
    database = Database(f"sqlite:///{place}", MovedClock(NOON))
    (rain,) = publish(database, draft("rain"), reveal="closed")
    (plan,) = publish(database, draft("plan"), within="plans", audience="unlisted")
    publish(database, draft("snow"), within="open")
    names = (("Ada", "forecaster"), ("Bob", "forecaster"), ("Cleo", "forecaster"), ("Mo", "moderator"))
    who = {name: join(database, name, role) for name, role in names}
    one, two = (who[name] for name in (("Cleo", "Bob") if other_way else ("Bob", "Cleo")))
    say(database, one, rain, 0.2)
    say(database, two, plan, 0.3)
    take_back(database, one, rain)
    with database.writing() as (session, moment):
        comment = discussion.comment(session, two, rain, "You fools.", moment)
        moderation.hide(session, comment, True, "Rude.", by=who["Mo"], moment=moment)
        subject = rain if other_way else plan
        audiences.show(session, plan, Shown("unlisted", "at", NOON + DAY), by=who["Mo"].pseudonym, moment=moment)
        ledger.record(session, one, rain, np.array([0.5, 0.5]), moment)
        _suspend(session, subject, two, who["Mo"])
    return database, who


def _suspend(session: Session, subject: Question, who: Forecaster, by: Forecaster) -> None:
    moderation.suspend(session, who, True, f"For {subject.slug}.", by=by, moment=NOON)
    moderation.suspend(session, who, False, f"For {subject.slug}.", by=by, moment=NOON)


def pages(database: Database, who: Forecaster | None) -> Mapping[str, str]:
    """The journal by every filter, without the hashes, which are salted."""
    with TestClient(create(Settings(), database), follow_redirects=False) as browser:
        if who is not None:
            browser.cookies.set(COOKIE, token_for(database, who))
        asked = [{}, *FILTERS, *({**a, **b} for a in FILTERS[:9] for b in FILTERS[9:])]
        found = {str(words): browser.get("/journal", params=words) for words in asked}
        told = {f"api {words}": browser.get("/api/v1/journal", params=words) for words in asked}
        return {words: f"{one.status_code} {HASH.sub('', one.text)}" for words, one in (found | told).items()}


@pytest.mark.parametrize("name", [None, "Ada"])
def test_no_filter_tells_who_did_what_is_not_shown(tmp_path: Path, sqlite_template: Path, name: str | None) -> None:
    """Two records in which two people have changed places in all that is hidden are the same, byte by byte."""
    seen = []
    for number, other_way in enumerate((False, True)):
        database, who = hidden_world(tmp_path / f"{number}.db", sqlite_template, other_way)
        seen.append(pages(database, who[name] if name else None))
        database.close()

    assert len(seen[0]) > 100
    assert [words for words in seen[0] if seen[0][words] != seen[1][words]] == []
    assert seen[0]["{'kind': 'comment'}"].startswith("200")


def test_the_moderator_of_those_records_does_see_who_it_was(tmp_path: Path, sqlite_template: Path) -> None:
    """So the test above would notice; and what is said on the blind question is kept from them too."""
    seen = []
    for number, other_way in enumerate((False, True)):
        database, who = hidden_world(tmp_path / f"{number}.db", sqlite_template, other_way)
        seen.append(pages(database, who["Mo"]))
        database.close()

    differ = [words for words in seen[0] if seen[0][words] != seen[1][words]]
    assert {"{}", "{'kind': 'comment'}", "{'who': 'bob'}", "{'who': 'cleo'}", "api {'who': 'bob'}"} <= set(differ)
    assert "{'question': 'snow'}" not in differ


def test_a_bot_is_no_way_to_see_more(
    visit: Visit, database: Database, ada: Forecaster, mo: Forecaster, bob: Forecaster
) -> None:
    (rain,) = publish(database, draft("rain"), reveal="answered")
    robot = other(database, "Robot", owner_id=ada.id)
    say(database, bob, rain, 0.83)

    before = listed(visit(robot))[3]
    say(database, ada, rain, 0.4)

    assert (before, listed(visit(robot))[3]) == (SEALED, "Bob forecast What of the rain?: 83%")
