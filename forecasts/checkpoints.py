"""Checkpoints: the journal's size and the root over its entries, signed, so that whoever keeps one can hold us to it.

One is made at each decision, in its transaction, and hourly where something happened. It binds every entry up to its
size; forecasts/merkle.py says how, forecasts/signing.py in what form.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import insert
from sqlmodel import Session, col, exists, select

from forecasts import merkle, signing
from forecasts.database import Database
from forecasts.models import Checkpoint, Subtree
from forecasts.settings import Settings
from forecasts.signing import BadKey, Signer
from forecasts.terminal import shown
from questions.models import Entry, Head, table_of

EVERY = timedelta(hours=1)
"""How often one is made where something happened."""

_KEEP = insert(table_of(Subtree))


# The key


def place(settings: Settings, database: Database) -> Path:
    """The file of the key: the one that the settings name, or one beside the database."""
    if settings.signing_key:
        return Path(settings.signing_key)
    url = database.engine.url
    return Path(url.database or "").with_suffix(".key") if url.drivername == "sqlite" else Path("brierboard.key")


def signer(settings: Settings, database: Database) -> Signer:
    """The key that signs here; made where there is none yet. Raises BadKey.

    Where one signed before and its file is gone none is made in its place, unless the settings name another file: else
    nobody would notice.
    """
    path = place(settings, database)
    if path.exists():
        return signing.read(path)
    with database.reading() as session:
        if latest(session) is not None and not settings.signing_key:
            raise BadKey(
                f"The signing key {shown(path)}, which signed the checkpoints so far, is missing. Restore it from a "
                "backup, or name another file in BRIERBOARD_SIGNING_KEY to go on with a new key."
            )
    return signing.make(path)


# Making them


def make(session: Session, moment: datetime) -> Checkpoint | None:
    """Sign what the journal holds now; None where nobody signs here, or that is signed already."""
    key: Signer | None = session.info.get("signer")
    if key is None:
        return None
    session.flush()
    last, head = latest(session), session.get_one(Head, 1)
    before = last.size if last else 0
    if head.seq == before:
        return None
    read = reader(session)
    for level, number, digest in merkle.due(read, before, head.seq):
        session.connection().execute(_KEEP, {"level": level, "number": number, "hash": digest})
    note = key.note(head.seq, root := merkle.root(read, head.seq))
    made = Checkpoint(size=head.seq, recorded_at=moment, root=root, note=note, key=key.public)
    session.add(made)
    session.flush()
    return made


def due(session: Session, moment: datetime) -> bool:
    """Whether one is to be made: something happened, and either it was a decision or the last one is an hour old."""
    last, head = latest(session), session.get_one(Head, 1)
    if last is None or head.seq == last.size:
        return last is None and head.seq > 0
    decided = exists().where(col(Entry.kind) == "resolution", col(Entry.seq) > last.size)
    return moment - last.recorded_at >= EVERY or bool(session.scalar(select(decided)))


# Reading them


def latest(session: Session) -> Checkpoint | None:
    """The newest; None where there is none yet."""
    return session.exec(select(Checkpoint).order_by(col(Checkpoint.size).desc()).limit(1)).first()


def every(session: Session) -> Sequence[Checkpoint]:
    """All of them, the newest first."""
    return session.exec(select(Checkpoint).order_by(col(Checkpoint.size).desc())).all()


def keys(session: Session) -> Sequence[str]:
    """The public keys that signed any, the one that signed last at the front."""
    return list(dict.fromkeys(session.exec(select(Checkpoint.key).order_by(col(Checkpoint.size).desc()))))


def reader(session: Session) -> merkle.Read:
    """How the tree reads the journal's entries, and the blocks that are kept over them."""

    def read(level: int, first: int, count: int) -> Sequence[bytes]:
        if level == 0:
            run = select(Entry.hash).where(col(Entry.seq) > first, col(Entry.seq) <= first + count)
            found = [merkle.leaf(one) for one in session.exec(run.order_by(col(Entry.seq)))]
        else:
            blocks = select(Subtree.hash).where(Subtree.level == level, col(Subtree.number) >= first)
            found = list(session.exec(blocks.order_by(col(Subtree.number)).limit(count)))
        if len(found) != count:
            raise ValueError(f"The tree has {len(found)} of {count} hashes on level {level} from {first} on.")
        return found

    return read


def inclusion(session: Session, seq: int, covering: Checkpoint) -> list[bytes]:
    """The proof that an entry is among those that a checkpoint covers."""
    return merkle.inclusion(reader(session), seq - 1, covering.size)
