"""A question's words after publication: they change in sight of everybody, and what is scored by does not."""

from typing import Any

import pytest

from forecasts import verification
from forecasts.database import Database
from forecasts.models import Forecaster
from questions import catalog
from questions.errors import ChangedMeanwhile, InvalidQuestion
from questions.journal import Broken
from questions.models import Question, Revision
from tests.cast import draft, entries, fresh, kinds, publish, tamper


def revise(database: Database, mo: Forecaster, question: Question, seen: int = 0, **changes: Any) -> Revision:
    with database.writing() as (session, moment):
        note = changes.pop("note", "Somebody asked.")
        return catalog.revise(session, question, changes, note, seen, by=mo.pseudonym, moment=moment)


def test_a_clarification_changes_the_words_and_is_an_act(database: Database, rain: Question, mo: Forecaster) -> None:
    made = revise(database, mo, rain, fine_print="Drizzle counts.", title="What of the rain?")

    assert fresh(database, rain).fine_print == "Drizzle counts."
    assert fresh(database, rain).revision == rain.revision + 1
    assert made.changes == {"fine_print": "Drizzle counts."}
    assert kinds(database)[-1] == "revision"
    assert entries(database)[-1].content == '{"changes":{"fine_print":"Drizzle counts."},"note":"Somebody asked."}'


def test_all_revisions_stay_and_the_record_holds(database: Database, mo: Forecaster) -> None:
    rain, wind = publish(database, draft("rain"), draft("wind"))
    first = revise(database, mo, rain, fine_print="Drizzle counts.")
    second = revise(database, mo, rain, first.entry, fine_print="Drizzle counts not.", tags=["wet"])
    revise(database, mo, wind, title="How of the wind?")

    with database.reading() as session:
        assert [one.entry for one in catalog.revisions(session, rain)] == [second.entry, first.entry]
        assert len(list(verification.verify(session))) == 4


def test_who_saw_an_older_revision_is_told(database: Database, rain: Question, mo: Forecaster) -> None:
    revise(database, mo, rain, fine_print="Drizzle counts.")

    with pytest.raises(ChangedMeanwhile, match="revised by somebody else meanwhile"):
        revise(database, mo, rain, fine_print="Drizzle counts not.")

    assert fresh(database, rain).fine_print == "Drizzle counts."


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"fine_print": ""}, "Nothing is changed"),
        ({"closes_at": "tomorrow"}, "Nothing is changed"),
        ({"fine_print": "Drizzle counts.", "note": " "}, "The reason is empty"),
    ],
)
def test_what_changes_nothing_or_has_no_reason_is_refused(
    database: Database, rain: Question, mo: Forecaster, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidQuestion, match=sentence):
        revise(database, mo, rain, **changes)

    assert "revision" not in kinds(database)


def test_words_that_no_revision_made_are_found_out(database: Database, rain: Question, mo: Forecaster) -> None:
    revise(database, mo, rain, fine_print="Drizzle counts.")
    tamper(database, "UPDATE question SET fine_print = ''")

    with database.reading() as session, pytest.raises(Broken, match="Entry 2, a question, has another content"):
        list(verification.verify(session))


def test_a_revision_that_was_changed_is_found_out(database: Database, rain: Question, mo: Forecaster) -> None:
    revise(database, mo, rain, fine_print="Drizzle counts.")
    tamper(database, "UPDATE revision SET note = 'For fun.'")

    with database.reading() as session, pytest.raises(Broken, match="Entry 3, a revision, has another content"):
        list(verification.verify(session))
