"""What each process remembers of the pages that are open, so that “nothing new” costs next to nothing.

A page asks every few seconds, with the tag of the state that it shows. Whether that still holds is answered from
memory; one task per process looks at the journal's head once a second, while anybody asks, and forgets the questions
that were changed by an act, and of whole sets whatever it knew. What changes by the clock alone is known ahead.
"""

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

import anyio
import anyio.to_thread
import numpy as np
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


@dataclass(frozen=True)
class State:
    """What a page shows: which acts brought it about, and when the clock alone changes it.

    mark   names the acts
    turns  the ticks at which it changes, rising; the first may have passed, all others are to come
    """

    mark: str
    turns: Sequence[int]

    def tag(self, now: int) -> str:
        """The tag of the state at a tick: whoever has it has what we would show them, looks included."""
        passed = bisect_right(self.turns, now)
        return f'"{self.mark}-{self.turns[passed - 1] if passed else 0}-{version()}"'


@dataclass
class Known:
    """What is remembered of a page.

    alone  the one question that it is of, with its revision; None where it is of many
    seq    the journal's head when it was so
    asked  the look at which somebody asked last
    """

    state: State
    alone: tuple[str, int] | None
    seq: int
    asked: int


@dataclass
class Watch:
    """The memory of one process.

    seq    the journal's head as it was last seen, `at` when that was recorded
    known  pages by their names
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

    def tag(self, page: str) -> str | None:
        """The tag of the page's state, out of memory alone; None where that does not know it."""
        self.polled = True
        known = self.known.get(page)
        if known is None:
            return None
        known.asked = self.looks
        return known.state.tag(max(self.at, history.ticks(self.database.clock.now())))

    def learn(self, session: Session, page: str, state: State, alone: tuple[str, int] | None = None) -> None:
        """Remember the page as this session sees it, unless the journal has gone on since."""
        seq = session.get_one(Head, 1).seq
        with self.lock:
            if seq >= self.seq:
                self.known[page] = Known(state, alone, seq, self.looks)

    def look(self) -> None:
        """See whether the journal has gone on, and forget what it changed and what nobody asks for."""
        known = dict(self.known)
        with self.database.reading() as session:
            head = session.get_one(Head, 1)
            if head.seq != self.seq:
                asked = [one.alone[0] for one in known.values() if one.alone]
                rows = select(Question.slug, Question.revision).where(col(Question.slug).in_(asked))
                unchanged = set(session.exec(rows).all())
                for one in known.values():
                    one.seq = head.seq if one.alone in unchanged else one.seq
        self._go_on(head)

    def _go_on(self, head: Head) -> None:
        with self.lock:
            self.looks += 1
            self.seq, self.at = head.seq, history.ticks(head.recorded_at)
            self.known = {
                page: one
                for page, one in self.known.items()
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


def state(
    name: str, questions: Iterable[tuple[Question, crowd.Path | None]], moment: datetime,
    reveals: Iterable[datetime | None] = (),
) -> State:  # fmt: skip
    """The state at a moment of a page that shows these questions, and of some what their crowds say.

    reveals  when what others say of them is shown, where there is such a moment
    """
    now, acts = history.ticks(moment), sha256()
    turns = {history.ticks(at) for at in reveals if at is not None}
    for question, path in questions:
        acts.update(f"{question.id} {question.revision},".encode())
        turns |= {history.ticks(question.opens_at), history.ticks(question.closes_at)}
        if path is not None:
            turns.update(path.at[max(int(np.searchsorted(path.at, now, side="right")) - 1, 0) :].tolist())
    passed = max((at for at in turns if at <= now), default=0)
    return State(f"{name}-{acts.hexdigest()[:16]}", sorted(at for at in turns if at >= passed))


@cache
def version() -> str:
    """What pages are made from, in a word: another one where that was changed."""
    made_from = sorted(path for kind in ("py", "html", "svg") for path in Path(__file__).parent.rglob(f"*.{kind}"))
    return sha256(b"".join(path.read_bytes() for path in made_from)).hexdigest()[:8]
