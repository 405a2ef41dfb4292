"""SQLite's library: the newest that can be had as a wheel, else the one that Python was built with."""

SOUND = (3, 51, 3)
"""The first version without the fault in its write-ahead log that can break a database."""


try:
    from pysqlite3 import dbapi2 as found
except ImportError:
    import sqlite3 as found
library = found
"""What speaks to SQLite in this process. No other may open the same file in it: each would drop the other's locks."""


def complaint() -> str:
    """What whoever starts a server on SQLite should know of the library; "" where there is nothing."""
    version: tuple[int, ...] = library.sqlite_version_info
    if version >= SOUND:
        return ""
    return (
        f"SQLite {library.sqlite_version} has a fault by which, very seldom, a database breaks while it is written to: "
        "take backups, and install the package pysqlite3, or a Python with SQLite 3.51.3 or newer."
    )
