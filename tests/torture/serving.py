"""`brierboard serve` as a process that can be killed and started again, and programs that write to it by its API."""

import http.client
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event
from typing import Any, Self
from uuid import uuid4

from forecasts.clock import SystemClock
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests import program
from tests.browser.running import HERE, LINK, PATIENCE, ROOT
from tests.cast import DAY, draft, join, publish
from tests.web.api.conftest import API, bot_of, token_of

YEAR = 365 * DAY
Act = Callable[[], tuple[str, dict[str, Any]]]


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The database in this process, to look at what the server has written."""
    database = Database(url, SystemClock())
    try:
        yield database
    finally:
        database.close()


class Program:
    """The server, in as many processes as are asked for: each start of it is another, at another address."""

    def __init__(self, folder: Path, url: str, processes: int = 1) -> None:
        self._folder, self._starts = folder, 0
        self._words = ["serve", *(["--workers", str(processes)] if processes > 1 else [])]
        self._environment = os.environ | HERE | {"BRIERBOARD_DATABASE_URL": url, "BRIERBOARD_PORT": "0"}
        self._process: BaseProcess | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def log(self) -> str:
        """What it has said since its latest start."""
        return (self._folder / f"{self._starts}.log").read_text()

    def start(self) -> None:
        """Start it, and wait until it says where it is."""
        self._starts += 1
        streams = [Path(os.devnull), *[self._folder / f"{self._starts}.log"] * 2]
        self._process = program.begin(program._brierboard, (self._words,), ROOT, self._environment, streams)
        until = time.monotonic() + PATIENCE
        while not streams[1].exists() or not (link := LINK.search(self.log)):
            assert self._process.exitcode is None, "The server ended at once."
            assert time.monotonic() < until, "The server does not answer."
            time.sleep(0.005)
        self.port = int(link[1].rpartition(":")[2])

    def kill(self) -> None:
        """Let it end at once, in the middle of whatever it does; all of its processes."""
        assert self._process is not None
        assert self._process.pid is not None
        for pid in (self._process.pid, *self.answering):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.join()

    @property
    def answering(self) -> list[int]:
        """Its processes that answer, where there are several."""
        assert self._process is not None
        assert self._process.pid is not None
        return sorted(program.workers(self._process.pid))


@dataclass
class Writer:
    """A program that acts as fast as it can, and writes into a file of its own what was acknowledged.

    act     makes up the next act: its address and what is sent. Whatever is sent holds a word that nothing else holds
    file    a line for each act acknowledged: its seq, its receipt
    faults  every answer that was no 2xx: its status, its sentence, and what was sent
    took    how long each acknowledged act took, in seconds
    """

    token: str
    act: Act
    file: Path
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    told: Callable[[dict[str, Any]], None] = lambda answer: None

    def write(self, port: int, over: Event) -> None:
        """Act until it is over, or until nobody is there any more. Who is hung up on calls again."""
        with suppress(ConnectionRefusedError):
            while not over.is_set():
                with suppress(ConnectionResetError, BrokenPipeError, http.client.HTTPException):
                    self._call(port, over)

    def _call(self, port: int, over: Event) -> None:
        with (
            closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as line,
            self.file.open("a") as noted,
        ):
            while not over.is_set():
                begun = time.perf_counter()
                path, sent = self.act()
                status, said = self._send(line, path, json.dumps(sent))
                if status == 201:
                    self.took.append(time.perf_counter() - begun)
                    noted.write(f"{said['seq']} {said['receipt']}\n")
                    noted.flush()
                    self.told(said)
                else:
                    self.faults.append((status, said["error"]["message"], json.dumps(sent)))
                    over.wait(0.01)

    def _send(self, line: http.client.HTTPConnection, path: str, text: str) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        line.request("POST", API + path, text, headers)
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())

    @property
    def noted(self) -> list[tuple[int, bytes]]:
        """What was acknowledged, as it stands in the file."""
        lines = self.file.read_text().split("\n")[:-1] if self.file.exists() else []
        return [(int(seq), bytes.fromhex(receipt)) for seq, receipt in map(str.split, lines)]


@contextmanager
def writing(writers: Sequence[Writer], port: int) -> Iterator[None]:
    """While the block runs, everybody writes."""
    over = Event()
    with ThreadPoolExecutor(len(writers)) as threads:
        futures = [threads.submit(one.write, port, over) for one in writers]
        try:
            yield
        finally:
            over.set()
        for future in futures:
            future.result()


def wait_until_all_are_told(writers: Sequence[Writer], more: int = 1) -> None:
    """Until everybody's acts were acknowledged so many more times."""
    due = [len(one.took) + more for one in writers]
    until = time.monotonic() + PATIENCE
    while any(len(one.took) < many for one, many in zip(writers, due, strict=True)):
        assert time.monotonic() < until, [one.faults[-1:] for one in writers]
        time.sleep(0.002)


def word() -> str:
    """A word that was never said."""
    return uuid4().hex


def forecasting(slug: str) -> Act:
    """Forecasts, each with a reason of its own."""
    return lambda: (f"/questions/{slug}/forecasts", {"probability": 0.3, "rationale": word()})


def commenting(slug: str) -> Act:
    """Comments, each of its own."""
    return lambda: (f"/questions/{slug}/comments", {"text": word()})


class Deciding:
    """Decisions on one question: that it happened, that it is open again, and so on."""

    def __init__(self, slug: str) -> None:
        self.slug, self.seen, self.decided = slug, 0, False

    def __call__(self) -> tuple[str, dict[str, Any]]:
        outcome = "reopened" if self.decided else "yes"
        return f"/questions/{self.slug}/resolution", {"outcome": outcome, "note": word(), "supersedes": self.seen}

    def told(self, answer: dict[str, Any]) -> None:
        """It stands."""
        self.seen, self.decided = answer["seq"], not self.decided

    def look(self, question: Question, verdict: str) -> None:
        """What stands after all: nobody was told of the last decision before the server ended."""
        self.seen, self.decided = question.resolution, verdict == "resolved"


def begin(url: str, folder: Path, many: int) -> list[Writer]:
    """A database with questions, and who writes to it."""
    folder.mkdir()
    with opened(url) as database:
        database.prepare()
        ask(database)
        return crew(database, folder, many)


def ask(database: Database) -> None:
    """Publish the questions that programs write to, open for a year."""
    now = datetime.now(UTC).replace(microsecond=0)
    times: dict[str, Any] = {"opens_at": now - DAY, "closes_at": now + YEAR, "resolves_at": now + YEAR}
    publish(database, *(draft(slug, **times) for slug in ("rain", "snow", "wind")))


def crew(database: Database, folder: Path, many: int) -> list[Writer]:
    """So many people and bots with a token each: most forecast, every fourth comments, and the first decides."""
    decides = Deciding("wind")
    found = [Writer(token_of(database, join(database, "Mo", "moderator")), decides, folder / "0", told=decides.told)]
    for number in range(1, many):
        act = commenting("wind") if number % 4 == 3 else forecasting("rain" if number % 2 else "snow")
        found.append(Writer(token_of(database, _somebody(database, number)), act, folder / f"{number}"))
    return found


def _somebody(database: Database, number: int) -> Forecaster:
    person = join(database, f"Person-{number}")
    return bot_of(database, person, f"Robot-{number}") if number % 5 == 4 else person
