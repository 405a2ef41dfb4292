"""How hard the program is tried: to the full by `make torture`, a little in every run of the tests."""

import os
from collections.abc import Mapping

from forecasts import verification
from forecasts.database import Database
from tests.cast import entries

FULL = "BRIERBOARD_TORTURE" in os.environ


def measure(full: int, little: int) -> int:
    """How often, or for how long, something is done in this run."""
    return full if FULL else little


def lost(database: Database, noted: Mapping[int, bytes]) -> list[int]:
    """Which of the acts that were acknowledged are not on record with the receipt that was given."""
    found = {entry.seq: entry.hash for entry in entries(database)}
    return sorted(seq for seq, receipt in noted.items() if found.get(seq) != receipt)


def verified(database: Database) -> None:
    """The chain and all that rests on it hold, and so does SQLite's own file. Raises Broken where it does not."""
    with database.reading() as session:
        assert len(list(verification.verify(session))) >= 4
    if database.engine.dialect.name == "sqlite":
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
