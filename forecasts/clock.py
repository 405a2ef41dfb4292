"""The clock: one object, handed down from the start of the program. Tests hand down one that they move."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the time, aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class SetClock:
    """A clock that stands where it was set, as a demonstration moves it through the past."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment
