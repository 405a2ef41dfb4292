"""A server process of its own on a SQLite file, the clock that the test moves, and a look into what was stored."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from forecasts.database import Database
from forecasts.sqlite import library
from tests import program
from tests.browser import server

ROOT = Path(__file__).parents[2]
NO_END = {f"BRIERBOARD_{what}_A_MINUTE": "0" for what in ("READS", "WRITES", "SIGN_INS")}
"""Tests ask for more a minute than anybody who reads; tests/web/test_limits.py looks at what happens then."""

HERE = {"PYTHONPATH": str(ROOT)} | NO_END
PATIENCE = 60.0
LINK = re.compile(r"(http://127\.0\.0\.1:\d+)\S*")


@dataclass
class FileClock:
    """A clock that stands still until a test moves it; it stands in a file, for the server process to read."""

    path: Path

    def now(self) -> datetime:
        return datetime.fromisoformat(self.path.read_text())

    def set(self, moment: datetime) -> None:
        """Show this moment from now on. The file is replaced, so that nobody reads half of it."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(moment.isoformat())
        fresh.replace(self.path)

    def advance(self, by: timedelta) -> None:
        self.set(self.now() + by)


@dataclass
class Server:
    """A running server: where it is, the link that it printed (the administrator's, while there is none), its clock."""

    address: str
    link: str
    clock: FileClock
    file: Path

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The same database, opened in this process, to do by verbs what the test is not about."""
        opened = Database(url_of(self.file), self.clock)
        try:
            yield opened
        finally:
            opened.close()

    def journal(self) -> Counter[str]:
        """How many acts of each kind the journal holds, read past the program."""
        with closing(library.connect(self.file)) as connection:
            return Counter(dict(connection.execute("SELECT kind, count(*) FROM entry GROUP BY kind").fetchall()))

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """What a statement finds in the file, read past the program."""
        with closing(library.connect(self.file)) as connection:
            return list(connection.execute(statement).fetchall())


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


@contextmanager
def running(
    folder: Path, start: datetime, prepare: Callable[[Database], None] | None = None, *, expected: str = ""
) -> Iterator[Server]:
    """A server on an empty database in this folder. It must end by Ctrl-C with exit code 0 and nothing to complain of.

    prepare   what is to be in the database before it starts
    expected  a line that it may say whenever it has reason to
    """
    clock, file = FileClock(folder / "clock"), folder / "brierboard.db"
    clock.set(start)
    if prepare is not None:
        _fill(file, clock, prepare)
    with serving(url_of(file), clock, folder / "server.log", expected=expected) as link:
        yield Server(link[1], link[0], clock, file)


@contextmanager
def serving(url: str, clock: FileClock, log: Path, *, expected: str = "") -> Iterator[re.Match[str]]:
    """A server on a database that others may serve too: the link that it printed, and in it the address. It ends so."""
    log.touch()
    process = program.begin(server.main, (url, clock.path), ROOT, os.environ | HERE, (Path(os.devnull), log, log))
    try:
        link = LINK.search(_wait(process, log, lambda: LINK.search(log.read_text())))
        assert link
        _wait(process, log, lambda: _answers(f"{link[1]}/healthz"))
        yield link
    finally:
        code = _end(process)
        said = log.read_text()
        print(said)  # for whoever reads of a failure
    complaints = [line for line in said.splitlines()[1:] if not expected or line != expected]
    assert (code, complaints) == (0, []), f"The server ended with {code} and said:\n{said}"


def _fill(file: Path, clock: FileClock, prepare: Callable[[Database], None]) -> None:
    database = Database(url_of(file), clock)
    try:
        database.prepare()
        prepare(database)
    finally:
        database.close()


def _end(process: BaseProcess) -> int | None:
    """Press Ctrl-C, and give the exit code."""
    assert process.pid is not None
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGINT)
    process.join(PATIENCE)
    code = process.exitcode
    if code is None:
        process.kill()
        process.join()
    return code


def _wait(process: BaseProcess, log: Path, happened: Callable[[], object]) -> str:
    """Wait until it happened, and give what the server said so far."""
    until = time.monotonic() + PATIENCE
    while not happened():
        assert process.exitcode is None, f"The server ended at once:\n{log.read_text()}"
        assert time.monotonic() < until, f"The server does not answer:\n{log.read_text()}"
        time.sleep(0.01)
    return log.read_text()


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=PATIENCE) as answer:
            return bool(json.load(answer) == {"status": "ok"})
    except URLError:
        return False


def brierboard(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line on this database, as whoever runs the machine does."""
    environment = os.environ | HERE | {"BRIERBOARD_DATABASE_URL": url_of(file)}
    command = [sys.executable, "-c", "from forecasts.cli import app; app()", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
