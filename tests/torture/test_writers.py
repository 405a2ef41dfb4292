"""Thirty-two programs write at once for a minute: none is turned away, and how long they wait is printed."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg

from forecasts.sqlite import library
from tests.torture.measure import measure
from tests.torture.serving import Program, begin, wait_until_all_are_told, writing
from tests.torture.whole import require_whole

WRITERS = 32
SECONDS = measure(60, 2)
ROW = "x" * 1000


def test_many_write_at_once_and_none_is_turned_away(engine: str, addresses: Iterator[str], tmp_path: Path) -> None:
    url, folder = next(addresses), tmp_path / "acts"
    writers = begin(url, folder, WRITERS)
    with Program(folder, url) as server:
        with writing(writers, server.port):
            wait_until_all_are_told(writers)
            time.sleep(SECONDS)
        said = server.log

    assert [one.faults for one in writers if one.faults] == []
    assert len(said.splitlines()) == 1, said  # that it is there, and nothing to complain of
    require_whole(url, writers)
    report([seconds for one in writers for seconds in one.took], bare_loop(url, tmp_path))


def report(took: Sequence[float], bare: float) -> None:
    """Print how many acts there were and how long they took, beside a bare loop's rows a second."""
    ms = sorted(seconds * 1000 for seconds in took)
    rate = len(ms) * WRITERS / sum(took)  # each writer waits for one act at a time
    half, most = ms[len(ms) // 2], ms[len(ms) * 99 // 100]
    print(f"\n{len(ms)} acts of {WRITERS} writers, half of them within {half:.0f} ms and 99% within {most:.0f} ms")
    print(f"{rate:.0f} acts a second, and {bare:.0f} rows a second in a bare loop: ratio {rate / bare:.3f}")


def bare_loop(url: str, folder: Path) -> float:
    """How many rows a second one program inserts that does nothing else, and waits for the disk after each."""
    if url.startswith("sqlite"):
        with closing(library.connect(folder / "bare.db", isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            return insert(connection.execute, "INSERT INTO bare (text) VALUES (?)")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
        assert [server.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")] == [("on",)] * 2
        return insert(server.execute, "INSERT INTO bare (text) VALUES (%s)")


def insert(execute: Callable[..., object], statement: str) -> float:
    """Insert for a while; how many a second."""
    execute("CREATE TABLE bare (text TEXT NOT NULL)")
    many, begun = 0, time.perf_counter()
    until = begun + measure(10, 1)
    while time.perf_counter() < until:
        execute(statement, (ROW,))
        many += 1
    return many / (time.perf_counter() - begun)
