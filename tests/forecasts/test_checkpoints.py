"""Checkpoints: made at each decision and hourly where something happened, over the very entries of the journal."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy

from forecasts import checkpoints, chores, inclusion, merkle, signing, verification
from forecasts.database import Database
from forecasts.models import Checkpoint, Forecaster
from forecasts.settings import Settings
from forecasts.signing import BadKey, Signer
from questions import journal
from questions.errors import ChangedMeanwhile
from questions.journal import Broken
from questions.models import Question
from tests.cast import HOUR, MovedClock, entries, resolve, rows, say, tamper

SETTINGS = Settings(host="127.0.0.1")


@pytest.fixture
def signer(tmp_path: Path, database: Database) -> Signer:
    """The key that signs in this database."""
    database.signer = signing.make(tmp_path / "brierboard.key")
    return database.signer


def made(database: Database) -> Sequence[Checkpoint]:
    with database.reading() as session:
        return checkpoints.every(session)


def plain(database: Database, size: int) -> bytes:
    """The root over the first entries, leaf by leaf."""
    edge = merkle.Edge()
    for entry in entries(database)[:size]:
        edge.add(merkle.leaf(entry.hash))
    return edge.root


def acts(database: Database, number: int) -> None:
    """So many more entries."""
    with database.writing() as (session, moment):
        for one in range(number):
            journal.append(session, "review", str(one), {}, by="operator", moment=moment)


def test_each_decision_is_signed_in_its_transaction(
    database: Database, signer: Signer, ada: Forecaster, mo: Forecaster, rain: Question
) -> None:
    say(database, ada, rain, 0.7)
    assert made(database) == []

    resolve(database, mo, rain, 1)
    resolve(database, mo, rain, 0)

    later, earlier = made(database)
    assert (earlier.size, later.size) == (4, 5)
    assert (earlier.root, later.root) == (plain(database, 4), plain(database, 5))
    assert [signing.checked(one.note, signer.public) for one in (earlier, later)] == [
        (4, earlier.root),
        (5, later.root),
    ]


def test_what_is_refused_is_not_signed(database: Database, signer: Signer, mo: Forecaster, rain: Question) -> None:
    def sign_and_be_refused() -> None:
        with database.writing() as (session, moment):
            assert checkpoints.make(session, moment) is not None
            raise ChangedMeanwhile("Somebody was first.")

    with pytest.raises(ChangedMeanwhile):
        sign_and_be_refused()
    assert made(database) == []


def test_a_tick_signs_what_happened_once_an_hour(
    database: Database, signer: Signer, clock: MovedClock, ada: Forecaster, rain: Question
) -> None:
    def signed() -> int:
        return chores.tick(database, SETTINGS).signed

    told = [signed(), signed()]
    say(database, ada, rain, 0.7)
    told.append(signed())
    clock.moment += HOUR
    told += [signed(), signed()]
    clock.moment += HOUR
    told.append(signed())

    assert told == [2, 0, 0, 3, 0, 0]
    assert str(chores.Report(signed=3)) == "3 entries signed for, 0 to tell, 0 sent."


def test_a_tick_signs_a_decision_at_once_that_nobody_signed(
    database: Database, signer: Signer, mo: Forecaster, rain: Question
) -> None:
    """As one that an import brought, or a command."""
    chores.tick(database, SETTINGS)
    database.signer = None
    resolve(database, mo, rain, 1)
    assert chores.tick(database, SETTINGS).signed == 0

    database.signer = signer

    assert chores.tick(database, SETTINGS).signed == 3


def test_nothing_is_signed_where_nothing_happened_yet(database: Database, signer: Signer) -> None:
    chores.tick(database, SETTINGS)

    assert made(database) == []


def test_a_long_journal_is_signed_out_of_the_blocks_that_are_kept(
    database: Database, signer: Signer, clock: MovedClock
) -> None:
    for number in (200, 400, 300):
        acts(database, number)
        chores.tick(database, SETTINGS)
        clock.moment += HOUR

    found = made(database)
    assert [one.size for one in found] == [900, 600, 200]
    assert [one.root for one in found] == [plain(database, one.size) for one in found]
    assert [row[:2] for row in rows(database, "subtree")] == [(8, 0), (8, 1), (8, 2)]
    with database.reading() as session:
        for seq in (1, 256, 257, 600, 900):
            (entry,) = inclusion.of(session, [seq]).entries
            proof = checkpoints.inclusion(session, seq, found[0])
            assert merkle.includes(found[0].root, 900, seq - 1, merkle.leaf(entry.hash), proof)


def test_no_checkpoint_can_be_changed_or_deleted(database: Database, signer: Signer, rain: Question) -> None:
    chores.tick(database, SETTINGS)

    for statement in ("UPDATE checkpoint SET note = ''", "DELETE FROM checkpoint"):
        with (
            pytest.raises(sqlalchemy.exc.DBAPIError, match="checkpoint is append-only"),
            database.engine.begin() as connection,
        ):
            connection.exec_driver_sql(statement)


# What verify says of them


def broken(database: Database, key: str = "") -> tuple[int, str]:
    with database.reading() as session, pytest.raises(Broken) as fault:
        list(verification.verify(session, key))
    return fault.value.seq, str(fault.value)


def test_verify_proves_every_checkpoint(database: Database, signer: Signer, mo: Forecaster, rain: Question) -> None:
    acts(database, 300)
    chores.tick(database, SETTINGS)
    resolve(database, mo, rain, 1)

    with database.reading() as session:
        lines = list(verification.verify(session, signer.public))

    assert lines[1] == "2 checkpoints are signed over what the journal holds, the latest of 303 entries."


NOT_OURS = "The latest checkpoint is signed by another key than the one that signs here."
BLOCKS = "The table “subtree” is not what the journal gives. Delete its rows; they are made again."


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 302) WHERE size = 303",
            (303, "The first 303 entries are not those that the checkpoint was signed over."),
        ),
        (
            "UPDATE checkpoint SET root = (SELECT root FROM checkpoint WHERE size = 302) WHERE size = 303",
            (303, "The first 303 entries are not those that the checkpoint was signed over."),
        ),
        (
            "UPDATE checkpoint SET note = '' WHERE size = 303",
            (303, "The checkpoint for 303 entries is not signed by the key that stands with it."),
        ),
        (
            "UPDATE checkpoint SET size = 304 WHERE size = 303",
            (304, "The journal ends at entry 303, but a checkpoint was signed for 304."),
        ),
        ("UPDATE subtree SET hash = (SELECT hash FROM entry WHERE seq = 1)", (1, BLOCKS)),
        ("DELETE FROM subtree", (1, BLOCKS)),
        ("UPDATE checkpoint SET recorded_at = 'infinity'", (1, "The table “checkpoint” cannot be read.")),
    ],
)
def test_verify_finds_a_checkpoint_that_does_not_hold(
    database: Database, signer: Signer, mo: Forecaster, rain: Question, statement: str, sentence: tuple[int, str]
) -> None:
    acts(database, 300)
    chores.tick(database, SETTINGS)
    resolve(database, mo, rain, 1)

    tamper(database, statement)

    assert broken(database, signer.public) == sentence


def test_verify_finds_that_another_key_signed(
    database: Database, signer: Signer, mo: Forecaster, rain: Question, tmp_path: Path
) -> None:
    """A new key goes on with its own; the old one may not come back."""
    resolve(database, mo, rain, 1)
    database.signer = signing.make(tmp_path / "other.key")
    resolve(database, mo, rain, 0)

    assert broken(database, signer.public) == (4, NOT_OURS)
    with database.reading() as session:
        assert len(list(verification.verify(session, database.signer.public))) == 5
        assert checkpoints.keys(session) == [database.signer.public, signer.public]
    database.signer = signer
    resolve(database, mo, rain, 1)
    assert broken(database, signer.public) == (5, "A key signed a checkpoint again after another had taken its place.")


# Where the key lies


def test_the_key_lies_beside_the_database_or_where_the_settings_say(database: Database, tmp_path: Path) -> None:
    beside = checkpoints.place(SETTINGS, database)

    named = Settings(host="127.0.0.1", signing_key=str(tmp_path / "elsewhere"))

    assert beside == (
        tmp_path / "brierboard.key" if database.engine.dialect.name == "sqlite" else Path("brierboard.key")
    )
    assert checkpoints.place(named, database) == tmp_path / "elsewhere"


def test_a_lost_key_is_not_replaced_in_silence(
    database: Database, rain: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database.signer = checkpoints.signer(SETTINGS, database)
    chores.tick(database, SETTINGS)
    path = checkpoints.place(SETTINGS, database)
    path.unlink()

    with pytest.raises(BadKey) as refusal:
        checkpoints.signer(SETTINGS, database)

    assert str(refusal.value) == (
        f"The signing key {path}, which signed the checkpoints so far, is missing. Restore it from a backup, or name "
        "another file in BRIERBOARD_SIGNING_KEY to go on with a new key."
    )
    assert not path.exists()
    named = Settings(host="127.0.0.1", signing_key=str(tmp_path / "new.key"))
    assert checkpoints.signer(named, database).public != database.signer.public
