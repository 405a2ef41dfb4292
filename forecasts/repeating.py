"""What is asked twice is done once: a key that comes with an act, kept in the transaction of the act itself.

Whoever asks again by the same key is told what was done, and nothing is done. Refusals are not kept: whoever was
refused may ask again. Only hashes are kept, of the key and of what was asked.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col

from forecasts.database import Database
from forecasts.models import Repeat
from questions.errors import Refusal
from questions.models import Head

KEPT = timedelta(days=2)
"""How long it is known what was asked."""


@dataclass
class Call:
    """An act that is asked for with a key.

    who    whoever asks, and by which token
    key    the hash of the key
    asked  the hash of what is asked
    done   whether it was done by this very request
    """

    who: str
    key: bytes
    asked: bytes
    done: bool = field(default=False, compare=False)


class Repeated(Exception):
    """What is asked was done already; `found` says what it was."""

    def __init__(self, found: Repeat) -> None:
        super().__init__(f"It was done already, at {found.made_at}.")
        self.found = found


class OtherCall(Refusal):
    """A key that was sent with something else before."""


def sealed(*parts: str | bytes) -> bytes:
    """One hash of these parts, wherever one ends and the next begins."""
    found = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        found.update(len(content).to_bytes(8) + content)
    return found.digest()


def require_new(session: Session, call: Call) -> None:
    """Pass if it was not done yet. Raises Repeated where it was, and OtherCall where its key came with another."""
    found = session.get(Repeat, (call.who, call.key))
    if found is None:
        return
    if found.asked != call.asked:
        raise OtherCall(
            "This key was sent with another request before. Choose a new one for each act.", "Idempotency-Key"
        )
    session.expunge(found)  # whoever hears of it reads it when this session is over
    raise Repeated(found)


@contextmanager
def once(session: Session, call: Call | None, moment: datetime) -> Iterator[None]:
    """Round an act, under the writer's lock: it is done unless it was, and kept with its key or not at all.

    Raises as require_new does. What one request does after its act is part of the same call.
    """
    if call is None or call.done:
        yield
        return
    require_new(session, call)
    before = session.get_one(Head, 1).seq
    yield
    last = session.get_one(Head, 1).seq
    kept = Repeat(who=call.who, key=call.key, asked=call.asked, made_at=moment, first=before + 1, last=last)
    session.add(kept)
    session.flush()
    call.done = True


def answered(database: Database, call: Call, answer: bytes) -> None:
    """Keep what is answered to an act that was done, where its entries do not tell, before it is sent."""
    theirs = (col(Repeat.who) == call.who, col(Repeat.key) == call.key)
    with database.writing() as (session, _):
        session.exec(update(Repeat).where(*theirs, col(Repeat.answer).is_(None)).values(answer=answer))


def sweep(session: Session, moment: datetime) -> None:
    """Forget what was asked long ago."""
    session.exec(delete(Repeat).where(col(Repeat.made_at) < moment - KEPT))
