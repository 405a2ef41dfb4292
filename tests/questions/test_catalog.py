"""Finding questions, and the state they are in: derived from times and the latest decision, never stored."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col

from forecasts.database import Database
from forecasts.models import Forecaster
from questions import catalog, journal
from questions.errors import InvalidQuestion, NotFound
from questions.models import Question, Resolution
from tests.cast import HOUR, NOON, MovedClock, annul, draft, everything, publish, reopen, resolve

YES = 1
INSTANT = timedelta(microseconds=1)
ALL = col(Question.state) == "published"


def slugs(listed: list[catalog.Listed]) -> list[str]:
    return [each.question.slug for each in listed]


def test_a_question_is_found_by_its_slug(database: Database, rain: Question) -> None:
    with database.reading() as session:
        assert catalog.find(session, "rain", ALL).id == rain.id


@pytest.mark.parametrize("slug", ["wind", "RAIN", "", "rain\0", "rain'--", "\ud800"])
def test_what_is_not_there_is_not_found(database: Database, rain: Question, slug: str) -> None:
    with database.reading() as session:
        with pytest.raises(NotFound, match="There is no question"):
            catalog.find(session, slug, ALL)
        with pytest.raises(NotFound, match="There is no set"):
            catalog.find_set(session, slug)


def test_a_long_name_that_is_not_there_is_cut_short_in_the_sentence(database: Database) -> None:
    with database.reading() as session, pytest.raises(NotFound) as refusal:
        catalog.find(session, "x" * 10_000, ALL)

    assert str(refusal.value) == f"There is no question “{'x' * 80}”. Look for it on the desk."


def test_what_one_may_not_see_is_not_found(database: Database, rain: Question) -> None:
    with database.reading() as session, pytest.raises(NotFound):
        catalog.find(session, "rain", col(Question.state) == "draft")


def test_questions_are_listed_set_by_set_in_their_authors_order(database: Database) -> None:
    publish(database, draft("snow"), draft("rain"), within="zenith")
    publish(database, draft("wind"), draft("calm"), within="abyss")

    with database.reading() as session:
        assert slugs(catalog.listed(session)) == ["snow", "rain", "wind", "calm"]
        assert slugs(catalog.listed(session, col(Question.slug).in_(["calm", "snow"]))) == ["snow", "calm"]


def test_a_listed_question_comes_with_its_latest_decision(database: Database, rain: Question, mo: Forecaster) -> None:
    publish(database, draft("wind"), within="more")
    resolve(database, mo, rain, 0)
    latest = resolve(database, mo, rain, YES)

    with database.reading() as session:
        (first, second) = catalog.listed(session)

    assert first.resolution is not None
    assert (first.resolution.entry, first.resolution.outcome) == (latest.entry, YES)
    assert second.resolution is None
    assert tuple(catalog.status(one.question, one.resolution, NOON) for one in (first, second)) == ("resolved", "open")


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        (NOON - INSTANT, "upcoming"),
        (NOON, "open"),
        (NOON + 10 * HOUR - INSTANT, "open"),
        (NOON + 10 * HOUR, "closed"),
    ],
)
def test_an_undecided_question_stands_as_its_times_say(moment: datetime, state: str) -> None:
    assert catalog.status(Question(entry=0, set_id=0, position=1, **draft()), None, moment) == state


@pytest.mark.parametrize(
    ("verdict", "state"), [("resolved", "resolved"), ("annulled", "annulled"), ("reopened", "closed")]
)
def test_a_decided_question_stands_as_its_latest_decision_says(verdict: str, state: str) -> None:
    question = Question(entry=0, set_id=0, position=1, **draft())
    decision = Resolution(entry=1, question_id=1, verdict=verdict, recorded_at=NOON)

    assert catalog.status(question, decision, NOON + 10 * HOUR) == state


def test_all_decisions_stay_the_newest_first(
    database: Database, clock: MovedClock, rain: Question, mo: Forecaster
) -> None:
    with database.reading() as session:
        assert (catalog.latest(session, rain), list(catalog.decisions(session, rain))) == (None, [])
    made = [resolve(database, mo, rain, YES), annul(database, mo, rain), reopen(database, mo, rain)]

    with database.reading() as session:
        found = catalog.decisions(session, rain)
        question = session.get_one(Question, rain.id)
        latest = catalog.latest(session, question)

    assert [(row.verdict, row.supersedes) for row in found] == [
        ("reopened", made[1].entry),
        ("annulled", made[0].entry),
        ("resolved", 0),
    ]
    assert latest is not None
    assert latest.entry == made[2].entry


def test_a_name_that_is_taken_is_refused_and_nothing_is_written(database: Database, rain: Question) -> None:
    before = everything(database)
    with database.reading() as session:
        weather = catalog.find_set(session, "weather")

    with database.writing() as (session, moment), pytest.raises(InvalidQuestion) as refusal:
        catalog.publish(session, weather, draft("rain"), 2, by=journal.OPERATOR, moment=moment)

    assert (str(refusal.value), refusal.value.field) == (
        "There is a question “rain” already. Choose another slug.",
        "slug",
    )
    assert everything(database) == before


@pytest.mark.parametrize("kind", ["binary", "choice", "number", "date"])
def test_a_question_comes_back_with_the_outcomes_that_it_was_published_with(database: Database, kind: str) -> None:
    (asked,) = publish(database, draft("rain", kind))
    with database.reading() as session:
        found = session.get_one(Question, asked.id)

    assert kind == catalog.kind_of(found).NAME
    assert catalog.shape_of(found) == catalog.shape_of(asked)
    assert catalog.shape_of(found).size == (2 if kind == "binary" else 3)


def test_a_moment_is_spoken_with_its_zone() -> None:
    assert catalog.spoken(datetime.fromisoformat("2026-12-31T23:59:00+00:00")) == "31 December 2026, 23:59 UTC"
    assert catalog.spoken(NOON) == "2 March 2026, 12:00 UTC"
