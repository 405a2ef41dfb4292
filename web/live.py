"""What each process remembers of the questions that pages are open on, so that “nothing new” costs next to nothing.

A page asks every few seconds, with the tag of the state that it shows. Whether that still holds is answered from
memory; one task per process looks at the journal's head once a second, while anybody asks, and forgets the questions
that were changed by an act. What changes by the clock alone is known ahead.
"""

import threading
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

import anyio
import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from forecasts import crowd, history
from forecasts.database import Database
from questions.models import Head, Question

EVERY = 1.0
"""Seconds between two looks at the journal's head."""

PATIENCE = 60
"""Looks for which a question is remembered that nobody asks for."""

MOST_DRAWN = 500
"""How many drawn fragments are kept."""


@dataclass
class Known:
    """What is remembered of a question: its revision, and when it changes by the clock alone, in rising ticks.

    seq    the journal's head when that was so
    asked  the look at which somebody asked last
    """

    id: int
    revision: int
    turns: list[int]
    seq: int
    asked: int


@dataclass
class Watch:
    """The memory of one process.

    seq    the journal's head as it was last seen, `at` when that was recorded
    known  questions by their names
    drawn  fragments that were drawn, by whatever they depend on
    """

    database: Database
    seq: int = -1
    at: int = 0
    looks: int = 0
    polled: bool = False
    known: dict[str, Known] = field(default_factory=dict)
    drawn: dict[tuple[object, ...], str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tag(self, slug: str) -> str | None:
        """The tag of the question's state, out of memory alone; None where that does not know it."""
        self.polled = True
        known = self.known.get(slug)
        if known is None:
            return None
        known.asked = self.looks
        passed = bisect_right(known.turns, max(self.at, history.ticks(self.database.clock.now())))
        return tag(known.id, known.revision, known.turns[passed - 1] if passed else 0)

    def learn(self, session: Session, question: Question, path: crowd.Path, moment: datetime) -> None:
        """Remember the question as this session sees it, unless the journal has gone on since."""
        passed = history.turn(question, path, moment)
        times = {history.ticks(question.opens_at), history.ticks(question.closes_at), *path.at.tolist()}
        turns = sorted(at for at in times if at >= passed)
        seq = session.get_one(Head, 1).seq
        with self.lock:
            if seq >= self.seq:
                self.known[question.slug] = Known(question.id, question.revision, turns, seq, self.looks)

    def look(self) -> None:
        """See whether the journal has gone on, and forget what it changed and what nobody asks for."""
        known = dict(self.known)
        with self.database.reading() as session:
            head = session.get_one(Head, 1)
            if head.seq != self.seq:
                rows = select(Question.slug, Question.revision).where(col(Question.slug).in_(list(known)))
                revisions = dict(session.exec(rows).all())
                for slug, one in known.items():
                    one.seq = head.seq if revisions.get(slug) == one.revision else one.seq
        self._go_on(head)

    def _go_on(self, head: Head) -> None:
        with self.lock:
            self.looks += 1
            self.seq, self.at = head.seq, history.ticks(head.recorded_at)
            self.known = {
                slug: one
                for slug, one in self.known.items()
                if one.seq >= head.seq and self.looks - one.asked <= PATIENCE
            }

    def draw(self, key: tuple[object, ...], make: Callable[[], str]) -> str:
        """A fragment, drawn once for all who are shown the same; where there are too many, the others are forgotten."""
        found = self.drawn.get(key)
        if found is None:
            found = make()
            if len(self.drawn) >= MOST_DRAWN:
                self.drawn = {}
            self.drawn[key] = found
        return found

    async def keep_looking(self) -> None:
        """Look once a second, for as long as anybody asks."""
        alone = anyio.CapacityLimiter(1)
        while True:
            await anyio.sleep(EVERY)
            if self.polled:
                self.polled = False
                await anyio.to_thread.run_sync(self._try_to_look, limiter=alone)

    def _try_to_look(self) -> None:
        """Look; where the database does not answer, remember nothing, so that nobody is told that nothing is new."""
        try:
            self.look()
        except SQLAlchemyError:
            self.known = {}


def tag(question: int, revision: int, turn: int) -> str:
    """The tag of a question's state: whoever has it has what we would show them, looks included."""
    return f'"{question}-{revision}-{turn}-{version()}"'


@cache
def version() -> str:
    """What pages are made from, in a word: another one where that was changed."""
    made_from = sorted(path for kind in ("py", "html", "svg") for path in Path(__file__).parent.rglob(f"*.{kind}"))
    return sha256(b"".join(path.read_bytes() for path in made_from)).hexdigest()[:8]
