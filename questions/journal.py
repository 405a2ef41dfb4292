"""The journal: every public act, one entry, in order, chained by hashes, in the transaction that serves the pages.

hash_n = SHA-256(hash_n-1 || header || commitment), header = {"recorded_at", "seq"} in canonical JSON (RFC 8785),
commitment = SHA-256(salt || canonical JSON of {"actor", "content", "kind", "subject"}). The chain alone tells nothing
of what was done or by whom, so it can be public, and an act's words can be erased while the chain still holds.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from questions.errors import Refusal, WritingRefused
from questions.models import Entry, Head, said, table_of

OPERATOR = "operator"
"""The actor of what is done on the command line, by whoever runs the machine."""

GENESIS = bytes(32)
PATIENCE = timedelta(hours=2)


_ENTER = insert(table_of(Entry))


UNREADABLE = (
    ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError,
    Refusal, SQLAlchemyError,
)  # fmt: skip
"""What may be raised where a table holds what this program never wrote into it."""


class Broken(Exception):
    """The journal, or a table rebuilt from it, does not hold. `seq` is the first entry that does not."""

    def __init__(self, seq: int, sentence: str) -> None:
        super().__init__(sentence)
        self.seq = seq


def hold(session: Session, now: Callable[[], datetime]) -> datetime:
    """Take the journal's head for this transaction, and the moment that everything in it is recorded at.

    The clock is asked only once the head is held: whoever waited for it is not back-dated to when they began to wait.
    """
    head = session.exec(select(Head).with_for_update()).one()
    session.info["head"] = head  # held on to, so that not each entry reads it again
    return moment_after(head.recorded_at, now())


def moment(session: Session, now: datetime) -> datetime:
    """The moment by which pages judge what is open and what stands: not before anything that is on record."""
    head = session.exec(select(Head)).one()
    return now if head.recorded_at - now > PATIENCE else max(now, head.recorded_at)


def moment_after(last: datetime, now: datetime) -> datetime:
    """Now, and not before the last entry.

    Raises WritingRefused where the last entry lies more than two hours ahead of the clock: one of the two is wrong,
    and following it would poison the record.
    """
    if last - now > PATIENCE:
        raise WritingRefused(
            f"The last entry was recorded on {last:%d %B %Y, %H:%M} UTC, more than two hours after this "
            f"machine's clock ({now:%d %B %Y, %H:%M} UTC). Set the clock right; until then nothing is written."
        )
    return max(now, last)


def append(
    session: Session, kind: str, subject: str, content: Mapping[str, Any], *, by: str, moment: datetime
) -> Entry:
    """Add an entry and move the head to it. Nothing else in the program writes the journal."""
    head = session.get_one(Head, 1)
    salt = secrets.token_bytes(16)
    text = rfc8785.dumps(dict(content)).decode()
    sealed = commitment(salt, kind, subject, by, text)
    chained = link(head.hash, head.seq + 1, moment, sealed)
    entry = Entry(
        seq=head.seq + 1, recorded_at=moment, kind=kind, subject=subject, actor=by,
        content=text, salt=salt, commitment=sealed, hash=chained,
    )  # fmt: skip
    session.connection().execute(_ENTER, entry.model_dump())
    head.seq, head.recorded_at, head.hash = entry.seq, moment, chained
    return entry


def commitment(salt: bytes, kind: str, subject: str, actor: str, content: str) -> bytes:
    """SHA-256 over the salt and the canonical bytes of the act. `content` is canonical JSON already."""
    act = {"actor": actor, "content": json.loads(content), "kind": kind, "subject": subject}
    return hashlib.sha256(salt + rfc8785.dumps(act)).digest()


def link(previous: bytes, seq: int, recorded_at: datetime, sealed: bytes) -> bytes:
    """The hash of an entry, which binds everything before it."""
    header = rfc8785.dumps({"recorded_at": said(recorded_at), "seq": seq})
    return hashlib.sha256(previous + header + sealed).digest()


def walk(session: Session, after: int = 0, batch: int = 2000) -> Iterator[Entry]:
    """Every entry in order, read in batches so that a long journal needs little memory."""
    while entries := session.exec(select(Entry).where(Entry.seq > after).order_by(Entry.seq).limit(batch)).all():  # type: ignore[arg-type]
        yield from entries
        after = entries[-1].seq
        for entry in entries:
            session.expunge(entry)


def verify(session: Session) -> Iterator[Entry]:
    """Walk the whole journal and give each entry once it is proven to hold; raise Broken at the first that does not."""
    previous, seq, last = GENESIS, 0, datetime.min.replace(tzinfo=UTC)
    for entry in _readable(session):
        seq += 1
        if entry.seq != seq:
            raise Broken(seq, f"Entry {seq} is missing: the journal goes on with {entry.seq}.")
        _prove(entry, previous, last)
        previous, last = entry.hash, entry.recorded_at
        yield entry
    try:
        _prove_head(session.get(Head, 1), previous, seq, last)
    except UNREADABLE as error:
        raise Broken(seq + 1, "The journal's head cannot be read.") from error


def _readable(session: Session) -> Iterator[Entry]:
    """Every entry until one cannot be read. A batch fails as a whole, so it is tried again one by one."""
    seq = 0
    for batch in (2000, 1):
        with suppress(*UNREADABLE):
            for entry in walk(session, seq, batch):
                yield entry
                seq = entry.seq
            return
    raise Broken(seq + 1, f"Entry {seq + 1} cannot be read.")


def _prove_head(head: Head | None, previous: bytes, seq: int, last: datetime) -> None:
    if head is None:
        raise Broken(seq + 1, f"The journal ends at entry {seq}, but has no head that says so.")
    if head.seq != seq:
        raise Broken(min(head.seq, seq) + 1, f"The journal ends at entry {seq}, but its head says {head.seq}.")
    if head.hash != previous or (seq and head.recorded_at != last):
        raise Broken(seq, f"The journal's head has another hash or time than entry {seq}.")


def _prove(entry: Entry, previous: bytes, last: datetime) -> None:
    if entry.recorded_at < last:
        raise Broken(entry.seq, f"Entry {entry.seq} is recorded before the entry in front of it.")
    if not keeps_its_word(entry):
        raise Broken(entry.seq, f"Entry {entry.seq} does not say what it was committed to.")
    if link(previous, entry.seq, entry.recorded_at, entry.commitment) != entry.hash:
        raise Broken(entry.seq, f"Entry {entry.seq} breaks the chain: its hash is not that of what it holds.")


def keeps_its_word(entry: Entry) -> bool:
    """Whether an entry says what it was committed to; one whose words were erased does."""
    if entry.content is None or entry.salt is None:
        return True  # its words were erased; the chain still binds the commitment
    try:
        return commitment(entry.salt, entry.kind, entry.subject, entry.actor, entry.content) == entry.commitment
    except UNREADABLE:
        return False  # not JSON, or none that has a canonical form
