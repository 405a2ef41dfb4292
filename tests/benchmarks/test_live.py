"""What readers cost who only wait for news: `make bench` prints it beside what loading the page as often would cost."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from forecasts import accounts, history, ledger
from forecasts.database import Database
from forecasts.permissions import visible
from questions import catalog
from tests.browser.running import HERE, ROOT, FileClock
from tests.cast import HOUR, NOON, MovedClock, draft, publish
from web.live import Watch, state

READERS = 500
EVERY = 5.0
TIMES = 3
LOADS = 200
FORECASTS = 10_000
TICK = os.sysconf("SC_CLK_TCK")
SERVER = Path(__file__).parents[1] / "browser" / "server.py"

Fetch = Callable[[str, str], Awaitable[tuple[int, bytes]]]


@pytest.fixture(scope="module")
def busy(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A question with ten thousand forecasts by as many people."""
    file, clock = tmp_path_factory.mktemp("busy") / "brierboard.db", MovedClock(NOON)
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{file}", clock)
    (question,) = publish(database, draft("rain"))
    said = np.random.default_rng(2026).uniform(size=FORECASTS)
    with database.writing() as (session, moment):
        people = [accounts.join(session, f"person-{each}", "no hash", moment) for each in range(FORECASTS)]
    for part in range(0, FORECASTS, 100):
        clock.moment += 9 * HOUR / (FORECASTS / 100)
        with database.writing() as (session, moment):
            for who, yes in zip(people[part : part + 100], said[part : part + 100], strict=True):
                ledger.record(session, who, question, np.array([1 - yes, yes]), moment)
    database.close()
    FileClock(file.with_name("clock")).set(clock.moment)
    return file


def spent(pid: int) -> float:
    """Seconds of the processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Fetch]:
    """One connection that is kept, and what fetches an address by it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def fetch(path: str, tag: str) -> tuple[int, bytes]:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nIf-None-Match: {tag}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        return int(head.split()[1]), body

    yield fetch
    writer.close()
    await writer.wait_closed()


async def wait_for_news(port: int, address: str, tag: str) -> None:
    """Readers who ask every five seconds, spread evenly."""

    async def one(late: float) -> None:
        async with connected(port) as fetch:
            await asyncio.sleep(late)
            for _ in range(TIMES):
                assert (await fetch(address, tag))[0] == 304
                await asyncio.sleep(EVERY)

    await asyncio.gather(*(one(EVERY * each / READERS) for each in range(READERS)))


def test_five_hundred_readers_who_wait_for_news(busy: Path) -> None:
    command = [sys.executable, str(SERVER), "--database", f"sqlite:///{busy}", "--clock", str(busy.with_name("clock"))]
    with ExitStack() as stack:
        server = stack.enter_context(
            subprocess.Popen(command, cwd=ROOT, env=os.environ | HERE, stdout=subprocess.PIPE, text=True)
        )
        stack.callback(server.terminate)
        assert server.stdout
        found = re.search(r"127\.0\.0\.1:(\d+)", server.stdout.readline())
        assert found
        asyncio.run(compare(server.pid, int(found[1])))


async def compare(pid: int, port: int) -> None:
    """Print what both cost."""
    async with connected(port) as fetch:
        await print_both(pid, port, fetch)


async def print_both(pid: int, port: int, fetch: Fetch) -> None:
    html = (await fetch("/questions/rain", ""))[1].decode()
    tag, address = re.findall(r'data-tag="([^"]+)" data-from="([^"]+)"', html)[0]
    tag, address = tag.replace("&#34;", '"'), address.replace("&amp;", "&")
    await fetch(address, tag)

    start, before = perf_counter(), spent(pid)
    await wait_for_news(port, address, tag)
    used, took, asked = spent(pid) - before, perf_counter() - start, READERS * TIMES
    waiting, share = used / asked, used / took

    start, before = perf_counter(), spent(pid)
    for _ in range(LOADS):
        assert (await fetch("/questions/rain", ""))[0] == 200
    loading, each = (spent(pid) - before) / LOADS, (perf_counter() - start) / LOADS

    print(f"\n{READERS} readers of a question with {FORECASTS:,} forecasts, who ask every {EVERY:g} s\n")
    print(f"asked {asked:,} times in {took:.1f} s         {share:8.1%} of one processor")
    print(f"each time that nothing was new      {waiting * 1e6:8.0f} µs")
    print(f"each load of the whole page         {loading * 1e6:8.0f} µs, answered in {each * 1e3:.1f} ms")
    print(f"waiting costs 1/{loading / waiting:.0f} of what loading the page as often would")


def test_that_nothing_is_new_is_told_out_of_memory(busy: Path) -> None:
    """The part of it that is ours, without the server and the framework around it."""
    database = Database(f"sqlite:///{busy}", MovedClock(NOON + HOUR))
    watch = Watch(database)
    with database.reading() as session:
        question = catalog.find(session, "rain", visible(session, None))
        start = perf_counter()
        path = history.crowd_of(session, question)
        print(f"\nthe crowd's path, once an act        {(perf_counter() - start) * 1e3:8.1f} ms")
        watch.learn(session, "rain", state("q", [(question, path)], database.clock.now()), ("rain", question.revision))
        start = perf_counter()
        watch.look()
        print(f"a look at the journal's head         {(perf_counter() - start) * 1e6:8.0f} µs")
    start = perf_counter()
    for _ in range(10_000):
        watch.tag("rain")
    print(f"a question's tag out of memory       {(perf_counter() - start) * 100:8.1f} µs")
    database.close()
