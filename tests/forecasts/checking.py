"""The verifier as a stranger runs it: the one file, in an empty folder, by a Python that knows of nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

from forecasts import journalfile, verifier
from forecasts.database import Database
from questions import journal


def exported(database: Database, folder: Path, *, everything: bool = False) -> Path:
    """An export of the journal as it is now."""
    path = folder / f"{len(list(folder.iterdir()))}.jsonl"
    with database.reading() as session:
        moment = journal.moment(session, database.clock.now())
        journalfile.write(path, journalfile.lines(session, moment, everything=everything))
    return path


def verified(folder: Path, *words: object) -> tuple[int, str, str]:
    """What the verifier says of it: the exit code, what it printed, and what it said on standard error."""
    empty = folder / "empty"
    shutil.rmtree(empty, ignore_errors=True)
    empty.mkdir()
    shutil.copy(Path(verifier.__file__), empty / "verifier.py")
    command = [sys.executable, "-I", "-S", "-W", "error", "verifier.py", *map(str, words)]
    done = subprocess.run(command, cwd=empty, env={}, capture_output=True, encoding="utf-8", check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr
