"""Comments: public acts like any other, in whatever state a question is."""

import pytest

from forecasts import discussion, verification
from forecasts.database import Database
from forecasts.discussion import InvalidText
from forecasts.models import Comment, Forecaster
from questions.journal import Broken
from questions.models import Question
from tests.cast import entries, fresh, kinds, resolve, tamper


def comment(database: Database, who: Forecaster, question: Question, text: str) -> Comment:
    with database.writing() as (session, moment):
        return discussion.comment(session, who, question, text, moment)


def test_a_comment_is_kept_and_told_in_the_journal(
    database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    comment(database, ada, rain, " Clouds. ")
    resolve(database, mo, rain, 1)
    comment(database, mo, rain, "There it is.")

    with database.reading() as session:
        found = [(said.text, who.name) for said, who in discussion.comments(session, rain, 2**62, 50)]
    assert found == [("There it is.", "Mo"), ("Clouds.", "Ada")]
    assert kinds(database)[-3:] == ["comment", "resolution", "comment"]
    assert entries(database)[-1].content == '{"text":"There it is."}'


def test_a_comment_moves_the_questions_revision(database: Database, rain: Question, ada: Forecaster) -> None:
    before = fresh(database, rain).revision

    comment(database, ada, rain, "Clouds.")

    assert fresh(database, rain).revision == before + 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(" \n", "The comment is empty. Write something first."), ("x" * 20_001, "has 20,001 characters. Shorten it")],
)
def test_what_is_no_comment_is_refused(
    database: Database, rain: Question, ada: Forecaster, text: str, sentence: str
) -> None:
    with pytest.raises(InvalidText, match=sentence):
        comment(database, ada, rain, text)

    assert "comment" not in kinds(database)


@pytest.mark.parametrize(
    ("statement", "fact"),
    [
        ("UPDATE comment SET text = 'Sun.'", "content"),
        ("UPDATE comment SET forecaster_id = (SELECT id FROM forecaster WHERE handle = 'bob')", "actor"),
    ],
)
def test_a_comment_that_was_changed_is_found_out(
    database: Database, rain: Question, ada: Forecaster, bob: Forecaster, statement: str, fact: str
) -> None:
    comment(database, ada, rain, "Clouds.")
    tamper(database, statement)

    with database.reading() as session, pytest.raises(Broken, match=f"Entry 3, a comment, has another {fact}"):
        list(verification.verify(session))
