"""What is wrong with a database that does not do as it is told, in a sentence for whoever can put it right."""

from sqlalchemy.exc import DBAPIError

from forecasts.sqlite import library

FULL = "The disk is full, so nothing was written. Make room on it and try again; reading goes on meanwhile."
NOT_WRITABLE = (
    "The database may only be read, so nothing was written. Let the server write to it and try again; "
    "reading goes on meanwhile."
)
LOOK = "look whether what you sent is there before you send it again."
"""What is said where nobody knows: the answer to a commit was lost, or it was told off when half of it was safe."""

ILL = f"The disk failed. Once somebody has looked after it, {LOOK}"
BUSY = "The database was busy for too long, so nothing was written. Try again."
GONE = f"The database does not answer. Once it does, {LOOK}"

REFUSES = {
    "SQLITE_FULL": FULL,
    "SQLITE_READONLY": NOT_WRITABLE,
    "SQLITE_IOERR": ILL,
    "SQLITE_BUSY": BUSY,
    "53100": FULL,
    "25006": NOT_WRITABLE,
    "58030": ILL,
    "55P03": BUSY,
    "53300": BUSY,
    "57P": GONE,
    "08": GONE,
}
"""Why nothing can be written, by how SQLite names a fault, or PostgreSQL numbers it, begins."""

REMEDIES = {
    "SQLITE_NOTADB": (
        "Check BRIERBOARD_DATABASE_URL; if this was your record, restore it from a backup: "
        "brierboard restore FILE --force."
    ),
    "SQLITE_CORRUPT": "Restore it from a backup: brierboard restore FILE --force.",
    "SQLITE_FULL": "Make room on its disk and start again.",
    "SQLITE_IOERR": "Check BRIERBOARD_DATABASE_URL; if it is right, make room on the disk or mend it, and start again.",
    "SQLITE_READONLY": "Let whoever runs Brierboard write to the file and its folder.",
    "53100": "Make room on its disk and start again.",
    "25006": "Let Brierboard write to it, or name the server that takes writes in BRIERBOARD_DATABASE_URL.",
    "42501": "Give the role that Brierboard uses the right to make tables there.",
}
"""What to do so that the program can start, by the same."""

ELSE = (
    "Check BRIERBOARD_DATABASE_URL. Whoever runs Brierboard must be allowed to read and write what it names, "
    "and the folder that it is in."
)


def why_not_written(error: DBAPIError) -> str:
    """The sentence for somebody whose act could not be written; "" where the fault is the program's."""
    name = _name(error.orig)
    return next((sentence for known, sentence in REFUSES.items() if name.startswith(known)), "")


def reason(error: DBAPIError) -> str:
    """What the database itself says is wrong, on one line and without a full stop."""
    return (str(error.orig).strip() or "it gives no reason").splitlines()[0].rstrip(".")


def remedy(error: DBAPIError) -> str:
    """What to do about a database that cannot be used."""
    name = _name(error.orig)
    return next((sentence for known, sentence in REMEDIES.items() if name.startswith(known)), ELSE)


def _name(error: BaseException | None) -> str:
    """What the engine calls it: SQLite by a word, PostgreSQL by a number; none is a lost connection."""
    if isinstance(error, library.Error):
        return str(getattr(error, "sqlite_errorname", ""))
    lost = type(error).__name__ in ("OperationalError", "AdminShutdown")
    return str(getattr(error, "sqlstate", None) or ("08" if lost else ""))
