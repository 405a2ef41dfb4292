"""Erasing a person: nothing of theirs is left to read, everybody's scores are what they were, and the record holds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import SQLModel, col, select

from forecasts import accounts, bots, discussion, drafting, erasing, ledger, moderation, subscribing, tokens
from forecasts import verification as proof
from forecasts.database import Database
from forecasts.erasing import Losing, NotErased
from forecasts.models import Comment, Draft, Forecast, Forecaster, Look, Subscription, Token
from questions.errors import NotAllowed
from questions.journal import Broken
from questions.models import Entry, Question
from tests.cast import (
    HOUR,
    MovedClock,
    board,
    called,
    draft,
    entries,
    fresh,
    join,
    kinds,
    number,
    publish,
    resolve,
    say,
    tamper,
)
from tests.test_migrations import REVISIONS, migrate

SECRET = "Because my neighbour Hortensia told me so."


def reasoned(database: Database, who: Forecaster, question: Question, yes: float) -> Forecast:
    with database.writing() as (session, moment):
        return ledger.record(session, who, question, np.array([1 - yes, yes]), moment, rationale=SECRET)


def comment(database: Database, who: Forecaster, question: Question) -> Comment:
    with database.writing() as (session, moment):
        return discussion.comment(session, who, question, SECRET, moment)


def erase(database: Database, who: Forecaster, by: Forecaster | None = None) -> Forecaster:
    with database.writing(alone=True) as (session, moment):
        return erasing.erase(session, who, by=by, moment=moment)


def holds(database: Database) -> bool:
    with database.reading() as session:
        return len(list(proof.verify(session))) == 4


def broken(database: Database) -> tuple[int, str]:
    with database.reading() as session, pytest.raises(Broken) as fault:
        list(proof.verify(session))
    return fault.value.seq, str(fault.value)


@pytest.fixture
def asked(database: Database) -> Sequence[Question]:
    """Rain, which is decided; wind, which stays open; and hail, which closes and waits."""
    late = {"closes_at": draft()["opens_at"] + 100 * HOUR, "resolves_at": draft()["opens_at"] + 100 * HOUR}
    return publish(database, draft("rain"), draft("wind", **late), draft("hail"))


@pytest.fixture
def record(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster, asked: Sequence[Question]
) -> Database:  # fmt: skip
    """5 to 7: Ada on all three, with reasons; 8 Bob on rain; 9 Ada's comment, 10 Bob's; 11 rain is decided."""
    for question in asked:
        reasoned(database, ada, question, 0.7)
    say(database, bob, asked[0], 0.4)
    comment(database, ada, asked[0])
    with database.writing() as (session, moment):
        discussion.comment(session, bob, asked[0], "Clouds.", moment)
    clock.moment += 11 * HOUR
    resolve(database, mo, asked[0], 1)
    return database


def test_scores_stay_and_names_and_words_go(
    record: Database, ada: Forecaster, bob: Forecaster, asked: Sequence[Question]
) -> None:
    names = ("brier", "peer", "log")
    before = [number(record, who, asked[0], name) for who in (ada, bob) for name in names]

    erased = erase(record, ada)

    assert erased.name == erased.handle == f"erased-{ada.pseudonym[:4]}"
    assert [number(record, who, asked[0], name) for who in (ada, bob) for name in names] == before
    assert {"bob", erased.handle} <= set(board(record))
    assert "ada" not in board(record)
    assert holds(record)


def test_nothing_that_they_wrote_is_left_in_any_table(record: Database, ada: Forecaster) -> None:
    erase(record, ada)

    with record.engine.connect() as connection:
        for table in SQLModel.metadata.sorted_tables:
            text = repr(connection.execute(table.select()).all()).lower()
            assert "hortensia" not in text
            assert "'ada'" not in text


@pytest.mark.parametrize("engine", ["sqlite"])
def test_nothing_that_they_wrote_is_left_in_the_files(record: Database, ada: Forecaster) -> None:
    path = Path(str(record.engine.url.database))

    def kept() -> bytes:
        return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))

    assert b"Hortensia" in kept()
    erase(record, ada)
    record.forget()

    assert b"Hortensia" not in kept()


def test_forgetting_is_for_either_engine_and_loses_nothing(record: Database, ada: Forecaster) -> None:
    erase(record, ada)
    before = entries(record)

    record.forget()

    assert entries(record) == before
    assert holds(record)


def test_the_journal_says_that_somebody_was_erased_and_no_more(record: Database, ada: Forecaster) -> None:
    hashes = [entry.hash for entry in entries(record)]

    erase(record, ada)

    after = entries(record)
    assert [entry.hash for entry in after[: len(hashes)]] == hashes
    assert kinds(record)[len(hashes) :] == [*["withdrawal"] * 2, *["restatement"] * 3, "erasure"]
    last = after[-1]
    assert (last.actor, last.subject, last.content) == ("operator", ada.pseudonym, f'{{"who":"{ada.pseudonym}"}}')
    assert [entry.seq for entry in after if entry.content is None] == [5, 6, 7, 9]
    assert '"of":5,"says":{"probabilities":[0.3' in str(after[len(hashes) + 2].content)


def test_what_stands_on_undecided_questions_is_withdrawn_and_no_other(
    record: Database, ada: Forecaster, asked: Sequence[Question]
) -> None:
    erase(record, ada)

    with record.reading() as session:
        latest = [ledger.latest(session, ada, question) for question in asked]
    assert [one is not None and one.probabilities is None for one in latest] == [False, True, True]
    assert [fresh(record, one).revision > 0 for one in asked] == [True] * 3


def test_what_stood_until_a_question_closed_counts_though_it_was_withdrawn_since(
    record: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster, asked: Sequence[Question]
) -> None:
    """Ada said 70% from the beginning to the close, and it happened: 0.3²."""
    erase(record, ada)
    assert holds(record)

    resolve(record, mo, asked[2], 1)

    assert number(record, ada, asked[2], "brier") == pytest.approx(0.09)
    assert holds(record)


def test_everything_that_belongs_to_the_account_goes(record: Database, ada: Forecaster, clock: MovedClock) -> None:
    with record.writing() as (session, moment):
        accounts.sign_in(session, ada, moment)
        _, text = tokens.add(session, ada, "Mine", ["read"], moment)
        subscribing.add_webhook(session, ada, "slack", "https://example.org/hook", ["resolved"], "", moment)
        subscribing.make_calendar(session, ada)
        drafting.start(session, ada, "question", {"title": SECRET}, moment)
        session.add(Look(forecaster_id=ada.id, question_id=1, looked_at=moment))
        robot = bots.add(session, ada, "Adabot", moment)
        _, his = tokens.add(session, robot, "His", ["read"], moment)

    erased = erase(record, ada)

    with record.reading() as session:
        assert [tokens.of_bearer(session, one, clock.now()) for one in (text, his)] == [None, None]
        for table in (*erasing.OWN, Token, Subscription):
            assert session.exec(select(table).where(col(table.forecaster_id) == ada.id)).all() == []
        assert session.exec(select(Draft)).all() == []
        assert session.get_one(Forecaster, robot.id).handle == f"erased-{robot.pseudonym[:4]}"
    assert (erased.password, erased.role) == (None, "forecaster")
    assert holds(record)


def test_what_will_be_lost_is_said_first(record: Database, ada: Forecaster, clock: MovedClock) -> None:
    with record.reading() as session:
        assert erasing.weigh(session, ada, clock.now()) == Losing(
            comments=1, rationales=3, standing=2, forecasts=3, drafts=0, bots=0
        )


def test_whoever_was_merged_into_them_goes_with_them(
    record: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    with record.writing() as (session, moment):
        moderation.merge(session, bob, ada, "The same.", by=mo, moment=moment)
    with pytest.raises(NotErased, match=r"“Bob” is merged into “Ada”\. Erase “Ada”, and both are gone"):
        erase(record, bob)

    erase(record, ada)

    with record.reading() as session:
        assert session.get_one(Forecaster, bob.id).name == f"erased-{bob.pseudonym[:4]}"
        assert [one.text for one in session.exec(select(Comment))] == ["", ""]
    assert kinds(record)[-2:] == ["erasure", "erasure"]
    assert holds(record)


def test_two_who_are_erased_have_two_names(database: Database, ada: Forecaster) -> None:
    twin = join(database, "Twin")
    with database.writing() as (session, _):
        session.get_one(Forecaster, twin.id).pseudonym = f"{ada.pseudonym[:5]}{'0' * 27}"

    names = [erase(database, one).name for one in (ada, twin)]

    assert names == [f"erased-{ada.pseudonym[:4]}", f"erased-{ada.pseudonym[:5]}"]


def test_an_administrator_alone_erases_others(
    record: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    with pytest.raises(NotAllowed, match="You are a moderator, and this takes a"):
        erase(record, ada, by=mo)

    chief = join(record, "Chief", "administrator")
    erase(record, ada, by=chief)
    erase(record, bob, by=bob)

    assert [entry.actor for entry in entries(record) if entry.kind == "erasure"] == [chief.pseudonym, bob.pseudonym]


def test_nobody_is_erased_twice_and_no_text_at_all(record: Database, ada: Forecaster) -> None:
    erase(record, ada)

    with pytest.raises(NotErased, match="was erased already"):
        erase(record, ada)
    with pytest.raises(NotErased, match="is a crowd, not a person"):
        erase(record, called(record, "crowd"))


def test_whoever_was_erased_is_reached_by_no_link_and_merged_with_nobody(
    record: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    erased = erase(record, ada)

    with record.reading() as session, pytest.raises(NotAllowed, match="was erased, and has no password"):
        accounts.person_named(session, erased.handle, "has no password")
    with (
        record.writing() as (session, moment),
        pytest.raises(NotAllowed, match="erased, and is merged with nobody"),
    ):
        moderation.merge(session, ada, bob, "The same.", by=mo, moment=moment)


def test_whoever_does_not_type_the_name_erases_nobody(ada: Forecaster) -> None:
    erasing.require_named(ada, " Ada ")
    with pytest.raises(NotErased, match=r"“Bob” is not “Ada”\. Type that name to erase them"):
        erasing.require_named(ada, "Bob")


def test_a_record_that_does_not_hold_forgets_nobody(record: Database, ada: Forecaster) -> None:
    """Else what was meddled with would be said again as if it had been so."""
    tamper(record, "UPDATE forecast SET probabilities = (SELECT probabilities FROM forecast WHERE entry = 8)"
           " WHERE entry = 5")  # fmt: skip
    before = kinds(record)

    with pytest.raises(NotAllowed, match="Entry 5 does not hold, so nobody is erased"):
        erase(record, ada)

    assert kinds(record) == before


FROM_BOB = "(SELECT probabilities FROM forecast WHERE entry = 8)"
TAMPERED = {
    "the numbers that were said again": (
        f"UPDATE forecast SET probabilities = {FROM_BOB} WHERE entry = 5",
        (5, "Entry 5, a forecast, was erased, and has another content in “forecast” than was said again."),
    ),
    "words put back": (
        "UPDATE forecast SET rationale = 'Luck.' WHERE entry = 5",
        (5, "Entry 5, a forecast, was erased, and has another content in “forecast” than was said again."),
    ),
    "a comment put back": (
        "UPDATE comment SET text = 'Luck.' WHERE entry = 9",
        (9, "Entry 9, a comment, was erased, but has words in “comment”."),
    ),
    "somebody else's words erased by hand": (
        "UPDATE entry SET content = NULL, salt = NULL WHERE seq = 8",
        (8, "Entry 8, a forecast, was erased, but nothing says it again for somebody who was erased."),
    ),
    "a name given back": (
        "UPDATE forecaster SET name = 'Ada' WHERE name LIKE 'erased-%'",
        (17, "Entry 17 erased somebody who has a name or a password again in “forecaster”."),
    ),
    "an erasure that nobody did": (
        "UPDATE forecaster SET erasure = 17 WHERE handle = 'bob'",
        (17, "The table “forecaster” has one erased otherwise than the journal."),
    ),
    "an erasure forgotten": (
        "UPDATE forecaster SET erasure = NULL WHERE erasure = 17",
        (5, "Entry 5, a forecast, was erased, but nothing says it again for somebody who was erased."),
    ),
}


@pytest.mark.parametrize(("statement", "told"), TAMPERED.values(), ids=TAMPERED)
def test_whoever_changes_what_is_left_is_found_out(
    record: Database, ada: Forecaster, statement: str, told: tuple[int, str]
) -> None:
    erase(record, ada)
    tamper(record, statement)

    assert broken(record) == told


def test_who_was_erased_stays_so_when_migrations_go_down_and_up(record: Database, ada: Forecaster) -> None:
    erase(record, ada)

    migrate(record, "0008")
    migrate(record, REVISIONS[-1])

    assert holds(record)


def test_boards_say_erased_where_somebody_was(record: Database, ada: Forecaster) -> None:
    assert "ada" in board(record)  # and what was kept of it is no use afterwards
    erased = erase(record, ada)

    assert erased.handle in board(record)
    assert {entry.kind for entry in entries(record) if entry.content is None} == {"forecast", "comment"}
    with record.reading() as session:
        assert session.exec(select(Entry.seq).where(Entry.kind == "erasure")).all() == [17]
