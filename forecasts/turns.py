"""Who writes next: whoever has waited longest, with what those before them share or with nothing."""

from collections import deque
from threading import Event, Lock
from typing import Generic, TypeVar

Shared = TypeVar("Shared")


class Waiting(Generic[Shared]):
    """Somebody who waits for their turn; `given` is what whoever was before them shares, if anything."""

    def __init__(self, *, joins: bool) -> None:
        self.joins = joins
        self.given: Shared | None = None
        self.called = Event()


class Turns(Generic[Shared]):
    """A lock that is handed on in the order in which it was asked for, with something shared or without it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._queue: deque[Waiting[Shared]] = deque()
        self._taken = False

    def __len__(self) -> int:
        """How many wait."""
        return len(self._queue)

    def take(self, *, joins: bool = True) -> Shared | None:
        """Wait for the turn. What whoever had it before shares; None where there is nothing, or it is not joined."""
        mine: Waiting[Shared] = Waiting(joins=joins)
        with self._lock:
            if not self._taken:
                self._taken = True
                return None
            self._queue.append(mine)
        mine.called.wait()
        return mine.given

    def share(self, what: Shared) -> bool:
        """Hand the turn on with what is shared, if whoever has waited longest joins in it. Else it stays taken."""
        with self._lock:
            if not self._queue or not self._queue[0].joins:
                return False
            following = self._queue.popleft()
        following.given = what
        following.called.set()
        return True

    def pass_on(self) -> None:
        """Give the turn back: to whoever has waited longest, or to whoever comes."""
        with self._lock:
            if not self._queue:
                self._taken = False
                return
            following = self._queue.popleft()
        following.called.set()
