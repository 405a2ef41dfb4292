"""Attacks on the database's file: each is caught, and the test says by what.

Some are clumsy, and `brierboard verify` finds them. Others are made by whoever runs the server, has the key and writes
everything anew that follows: these only a checkpoint or a receipt finds that somebody kept elsewhere.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import select

from forecasts import inclusion, ledger, merkle, verification
from forecasts.database import TRIGGERS, Database
from forecasts.models import Forecaster
from forecasts.signing import Signer
from forecasts.sqlite import library
from questions import catalog, journal
from questions.journal import Broken
from questions.models import Question
from tests.cast import HOUR, MovedClock, draft, publish, resolve, say
from tests.forecasts.checking import exported, verified

ON_A_FILE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

OURS, THEIRS = (Signer("brierboard/ours", Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)) for seed in (1, 2))


@dataclass
class Record:
    """A record with 12 entries, and what was kept elsewhere of it: a checkpoint, and Ada's receipt.

    1 the set, 2 rain, 3 wind, 4 warmth; 5 Ada and 6 Bob on rain, 7 Ada on wind, 8 Bob on warmth; 9 Ada on rain again;
    10 rain resolved and signed; 11 Bob on wind; 12 wind resolved and signed.
    """

    database: Database
    checkpoint: Path
    receipt: Path

    @contextmanager
    def opened(self) -> Iterator[library.Connection]:
        """The file, with nothing that guards it."""
        with closing(library.connect(str(self.database.engine.url.database))) as file, file:
            for trigger in TRIGGERS:
                file.execute(f"DROP TRIGGER IF EXISTS {trigger}")
            yield file


@pytest.fixture
def record(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster, tmp_path: Path
) -> Record:
    database.signer = OURS
    rain, wind, warmth = publish(database, draft("rain"), draft("wind", "choice"), draft("warmth", "number"))
    say(database, ada, rain, 0.6)
    say(database, bob, rain, 0.9)
    say(database, ada, wind, 0.2, 0.3, 0.5)
    say(database, bob, warmth, 0.2, 0.3, 0.5)
    clock.moment += HOUR
    say(database, ada, rain, 0.7)
    clock.moment += HOUR
    resolve(database, mo, rain, 1)
    say(database, bob, wind, 0.1, 0.1, 0.8)
    clock.moment += HOUR
    resolve(database, mo, wind, 2)
    kept = Record(database, tmp_path / "kept-checkpoint", tmp_path / "kept-receipt")
    with database.reading() as session:
        found = session.get_one(Question, rain.id)
        decided = catalog.latest(session, found)
        assert decided
        evidence = inclusion.of_score(session, found, decided, ada)
        assert evidence.checkpoint
        kept.checkpoint.write_text(evidence.checkpoint.note)
        kept.receipt.write_text(inclusion.text(session, evidence) or "")
    return kept


# What an attacker does


def said(record: Record, seq: int, **fields: object) -> None:
    """Let an entry say something else."""
    with record.opened() as file:
        ((content,),) = file.execute("SELECT content FROM entry WHERE seq = ?", [seq])
        file.execute(
            "UPDATE entry SET content = ? WHERE seq = ?",
            [json.dumps({**json.loads(content), **fields}, sort_keys=True, separators=(",", ":")), seq],
        )


def forecast(record: Record, yes: float = 0.75) -> None:
    """Let Ada's forecast be another in the table."""
    with record.opened() as file:
        file.execute("UPDATE forecast SET probabilities = ? WHERE entry = 9", [np.array([1 - yes, yes]).tobytes()])


def rechain(record: Record) -> None:
    """Commit every entry to what it says now, chain all of them anew, and move the head; work every score out again."""
    with record.opened() as file:
        columns = "seq, recorded_at, kind, subject, actor, content, salt"
        previous = journal.GENESIS
        for seq, at, kind, subject, actor, content, salt in file.execute(
            f"SELECT {columns} FROM entry ORDER BY seq"
        ).fetchall():
            sealed = journal.commitment(salt, kind, subject, actor, content)
            previous = journal.link(previous, seq, datetime.fromisoformat(at).replace(tzinfo=UTC), sealed)
            file.execute("UPDATE entry SET commitment = ?, hash = ? WHERE seq = ?", [sealed, previous, seq])
            file.execute("UPDATE journal_head SET seq = ?, recorded_at = ?, hash = ?", [seq, at, previous])
    with record.database.writing() as (session, _):
        for question in session.exec(select(Question)).all():
            ledger.rescore(session, question)


def sign_again(record: Record, key: Signer = OURS) -> None:
    """Sign every checkpoint anew, over what stands there now."""
    with record.opened() as file:
        edge = merkle.Edge()
        for seq, chained in file.execute("SELECT seq, hash FROM entry ORDER BY seq").fetchall():
            edge.add(merkle.leaf(chained))
            told = [edge.root, key.note(seq, edge.root), key.public, seq]
            file.execute("UPDATE checkpoint SET root = ?, note = ?, key = ? WHERE size = ?", told)


def run(record: Record, *statements: str) -> None:
    with record.opened() as file:
        for statement in statements:
            file.execute(statement)


def edit_a_forecast(record: Record) -> None:
    forecast(record)


def edit_the_journal(record: Record) -> None:
    said(record, 9, probabilities=[0.25, 0.75])


def edit_and_rechain(record: Record) -> None:
    said(record, 9, probabilities=[0.25, 0.75])
    forecast(record)
    rechain(record)


def edit_and_rechain_and_sign(record: Record) -> None:
    edit_and_rechain(record)
    sign_again(record)


def drop_the_last_entries(record: Record) -> None:
    run(
        record, "DELETE FROM checkpoint WHERE size = 12", "DELETE FROM resolution WHERE entry = 12",
        "DELETE FROM position WHERE entry = 11", "DELETE FROM forecast WHERE entry = 11",
        "DELETE FROM entry WHERE seq > 10",
        "UPDATE question SET resolution = 0 WHERE slug = 'wind'",
    )  # fmt: skip
    rechain(record)


def swap_two(record: Record) -> None:
    run(record, *(f"UPDATE entry SET seq = {new} WHERE seq = {old}" for old, new in ((5, -1), (6, 5), (-1, 6))))


def change_a_resolution(record: Record) -> None:
    said(record, 10, outcome=0)
    run(record, "UPDATE resolution SET outcome = 0 WHERE entry = 10")
    rechain(record)
    sign_again(record)


def back_date(record: Record) -> None:
    """Ada's second forecast is as old as her first."""
    early = "(SELECT recorded_at FROM entry WHERE seq = 5)"
    run(
        record, f"UPDATE entry SET recorded_at = {early} WHERE seq = 9",
        f"UPDATE forecast SET recorded_at = {early}, made_at = {early} WHERE entry = 9",
    )  # fmt: skip
    rechain(record)
    sign_again(record)


def delete_one_in_the_middle(record: Record) -> None:
    run(
        record, "DELETE FROM forecast WHERE entry = 7", "DELETE FROM position WHERE entry = 7",
        "DELETE FROM entry WHERE seq = 7",
    )  # fmt: skip


def forge_a_checkpoint(record: Record) -> None:
    with record.opened() as file:
        edge = merkle.Edge()
        for (chained,) in file.execute("SELECT hash FROM entry WHERE seq <= 11 ORDER BY seq").fetchall():
            edge.add(merkle.leaf(chained))
        told = [11, edge.root, THEIRS.note(11, edge.root), THEIRS.public]
        file.execute("INSERT INTO checkpoint SELECT ?, recorded_at, ?, ?, ? FROM checkpoint WHERE size = 12", told)


def replace_the_key(record: Record) -> None:
    edit_and_rechain(record)
    sign_again(record, THEIRS)
    record.database.signer = THEIRS


def truncate_the_checkpoints(record: Record) -> None:
    run(record, "DELETE FROM checkpoint WHERE size = 12")


def edit_scores_alone(record: Record) -> None:
    run(
        record, "UPDATE score SET numbers = (SELECT numbers FROM score WHERE question_id = 1 AND name = 'log') "
        "WHERE question_id = 1 AND name = 'brier'",
    )  # fmt: skip


def give_a_forecast_to_another(record: Record) -> None:
    run(
        record, "UPDATE entry SET actor = (SELECT actor FROM entry WHERE seq = 5) WHERE seq = 6",
        "UPDATE forecast SET forecaster_id = (SELECT forecaster_id FROM forecast WHERE entry = 5) WHERE entry = 6",
    )  # fmt: skip


def give_it_and_sign(record: Record) -> None:
    """Everything of Ada's is Bob's, and what was Bob's hers."""
    give_a_forecast_to_another(record)
    run(
        record, "UPDATE entry SET actor = (SELECT actor FROM entry WHERE seq = 8) WHERE seq IN (5, 9)",
        "UPDATE forecast SET forecaster_id = (SELECT forecaster_id FROM forecast WHERE entry = 8) "
        "WHERE entry IN (5, 9)",
        "UPDATE position SET entry = CASE entry WHEN 6 THEN 9 ELSE 6 END WHERE entry IN (6, 9)",
    )  # fmt: skip
    rechain(record)
    sign_again(record)


# By what each is caught

VERIFY, ALONE, CHECKPOINT, RECEIPT = "verify", "the export", "a kept checkpoint", "a kept receipt"
REWRITTEN = "Entry {} is not the one that you have a receipt for: it was rewritten.\n"
REWRITTEN_BEFORE_12 = "The first 12 entries are not those that the checkpoint was signed over.\n"
OTHERS = "The checkpoint of 12 entries is not signed by a key that the export names.\n"

ATTACKS: list[tuple[Callable[[Record], None], str, str]] = [
    (edit_a_forecast, VERIFY, "Entry 9, a forecast, has another content in “forecast”."),
    (edit_the_journal, VERIFY, "Entry 9 does not say what it was committed to."),
    (edit_the_journal, ALONE, "Entry 9 does not say what it was committed to.\n"),
    (edit_and_rechain, VERIFY, "The first 10 entries are not those that the checkpoint was signed over."),
    (edit_and_rechain, ALONE, "The first 10 entries are not those that the checkpoint was signed over.\n"),
    (edit_and_rechain_and_sign, CHECKPOINT, REWRITTEN_BEFORE_12),
    (edit_and_rechain_and_sign, RECEIPT, REWRITTEN.format(9)),
    (drop_the_last_entries, CHECKPOINT, "The export ends at entry 10, but a checkpoint of 12 entries was signed.\n"),
    (swap_two, VERIFY, "Entry 5 breaks the chain: its hash is not that of what it holds."),
    (change_a_resolution, CHECKPOINT, REWRITTEN_BEFORE_12),
    (change_a_resolution, RECEIPT, REWRITTEN.format(10)),
    (back_date, CHECKPOINT, REWRITTEN_BEFORE_12),
    (back_date, RECEIPT, REWRITTEN.format(9)),
    (delete_one_in_the_middle, VERIFY, "Entry 7 is missing: the journal goes on with 8."),
    (delete_one_in_the_middle, ALONE, "Entry 7 is missing: the export goes on with 8.\n"),
    (forge_a_checkpoint, VERIFY, "A key signed a checkpoint again after another had taken its place."),
    (forge_a_checkpoint, ALONE, "A key signed again after another had taken its place.\n"),
    (replace_the_key, CHECKPOINT, OTHERS),
    (replace_the_key, RECEIPT, REWRITTEN.format(9)),
    (truncate_the_checkpoints, CHECKPOINT,
     "The checkpoint of 12 entries that you kept is not among the export's.\n"),
    (edit_scores_alone, VERIFY, "The scores of “rain” are not those that entry 10 gives. Run rescore."),
    (edit_scores_alone, ALONE, "as the export says.\n"),
    (give_a_forecast_to_another, VERIFY, "Entry 6 does not say what it was committed to."),
    (give_it_and_sign, CHECKPOINT, REWRITTEN_BEFORE_12),
    (give_it_and_sign, RECEIPT, REWRITTEN.format(5)),
]  # fmt: skip


def own_check(record: Record) -> str:
    """What `brierboard verify` finds, with the key that signs there; "" where it finds nothing."""
    signer = record.database.signer
    assert signer
    try:
        with record.database.reading() as session:
            list(verification.verify(session, signer.public))
    except Broken as broken:
        return str(broken)
    return ""


@ON_A_FILE
@pytest.mark.parametrize(
    ("attack", "by", "sentence"), ATTACKS, ids=[f"{attack.__name__}, by {by}" for attack, by, _ in ATTACKS]
)
def test_every_attack_is_caught(
    record: Record, tmp_path: Path, attack: Callable[[Record], None], by: str, sentence: str
) -> None:
    attack(record)

    if by == VERIFY:
        assert own_check(record) == sentence
        return
    if by in (CHECKPOINT, RECEIPT):
        assert own_check(record) == ""  # whoever did it was thorough
    kept = {ALONE: (), CHECKPOINT: ("--checkpoint", record.checkpoint), RECEIPT: ("--receipt", record.receipt)}[by]
    code, _, found = verified(tmp_path, exported(record.database, tmp_path), *kept)
    assert code == 1
    assert found.endswith(sentence)
    assert found.count("\n") == 1


@ON_A_FILE
def test_where_nothing_was_done_nothing_is_found(record: Record, tmp_path: Path) -> None:
    words = ("--checkpoint", record.checkpoint, "--receipt", record.receipt, "--key", OURS.public)

    assert own_check(record) == ""
    code, told, found = verified(tmp_path, exported(record.database, tmp_path), *words)

    assert (code, found) == (0, "")
    assert told.endswith("Everything holds.\n")


@ON_A_FILE
def test_what_nobody_has_seen_can_be_rewritten_unnoticed(record: Record, tmp_path: Path) -> None:
    """The page says so. Without a checkpoint or a receipt from outside nothing is left to hold it against."""
    edit_and_rechain_and_sign(record)

    assert own_check(record) == ""
    assert verified(tmp_path, exported(record.database, tmp_path))[0] == 0


def test_at_least_twelve_attacks_are_tried() -> None:
    assert len({attack for attack, _, _ in ATTACKS}) >= 12
