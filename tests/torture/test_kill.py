"""The server is killed while programs write to it, or PostgreSQL is: what was acknowledged is there once, and holds."""

import json
import os
import signal
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from random import Random

from tests.browser.running import PATIENCE
from tests.cast import wait_for
from tests.postgres import PostgresServer
from tests.torture.measure import measure
from tests.torture.serving import Program, Writer, begin, opened, wait_until_all_are_told, writing
from tests.torture.whole import require_whole, words

WRITERS = 9
IN_A_ROW = 10
"""How often one database goes through it; then comes another, as to verify the whole of it takes longer each time."""


def test_a_killed_server_has_lost_nothing_and_doubled_nothing(
    engine: str, addresses: Iterator[str], tmp_path: Path
) -> None:
    kills, random, noted = measure(200, 2), Random(2026), 0
    for first in range(0, kills, IN_A_ROW):
        url = next(addresses)
        writers = begin(url, tmp_path / f"acts-{first}", WRITERS)
        with Program(tmp_path / f"acts-{first}", url) as server:
            for _ in range(first, min(first + IN_A_ROW, kills)):
                with writing(writers, server.port):
                    wait_until_all_are_told(writers)
                    time.sleep(random.uniform(0, 0.6))
                    server.kill()
                server.start()

                require_whole(url, writers)
        assert [one.faults for one in writers if one.faults] == []
        noted += sum(len(one.noted) for one in writers)
    print(f"\n{engine}: {kills} servers killed, {noted} acts acknowledged, 0 lost, 0 doubled")


def test_one_of_several_processes_that_is_killed_has_lost_nothing_and_the_others_go_on(
    engine: str, addresses: Iterator[str], tmp_path: Path
) -> None:
    """Two on one SQLite file, four on one PostgreSQL."""
    many, kills, random, noted = 2 if engine == "sqlite" else 4, measure(50, 1), Random(2026), 0
    for first in range(0, kills, IN_A_ROW):
        url = next(addresses)
        writers = begin(url, tmp_path / f"acts-{first}", WRITERS)
        with Program(tmp_path / f"acts-{first}", url, many) as server:
            for _ in range(first, min(first + IN_A_ROW, kills)):
                with writing(writers, server.port):
                    wait_until_all_are_told(writers[1:])
                    time.sleep(random.uniform(0, 0.6))
                    kill_one(server, random)
                    wait_until_all_are_told(writers[1:])

                require_whole(url, writers)
        assert [one.faults for one in writers[1:] if one.faults] == []
        noted += sum(len(one.noted) for one in writers)
    print(f"\n{engine}: {kills} of {many} processes killed, {noted} acts acknowledged, 0 lost, 0 doubled")


def kill_one(server: Program, random: Random) -> None:
    """Kill one of those who answer, and wait until another has taken its place."""
    before = server.answering
    os.kill(random.choice(before), signal.SIGKILL)
    wait_for(lambda: len(set(server.answering) - set(before)) == 1)


def test_a_killed_postgresql_has_lost_nothing_and_the_server_goes_on(durable: PostgresServer, tmp_path: Path) -> None:
    kills, random, noted = measure(50, 2), Random(2026), 0
    for first in range(0, kills, IN_A_ROW):
        url = durable.create(f"killed_{first}")
        writers = begin(url, tmp_path / f"acts-{first}", WRITERS)
        with Program(tmp_path / f"acts-{first}", url) as server:
            for _ in range(first, min(first + IN_A_ROW, kills)):
                with writing(writers, server.port):
                    wait_until_all_are_told(writers[1:])
                    time.sleep(random.uniform(0, 0.6))
                    durable.kill()
                    start_again(durable)
                    wait_until_all_are_told(writers[1:])

                require_whole(url, writers)
        with opened(url) as database:
            assert promised_away(writers, words(database)) == []
        noted += sum(len(one.noted) for one in writers)
    print(f"\n{kills} times PostgreSQL killed, {noted} acts acknowledged, 0 lost, 0 doubled")


def promised_away(writers: Sequence[Writer], said: Collection[str]) -> list[str]:
    """The words of acts that are on record though it was said that nothing was stored."""
    denied = [json.loads(sent) for one in writers for _, told, sent in one.faults if "nothing was" in told.lower()]
    return [word for sent in denied for word in sent.values() if word in said]


def start_again(server: PostgresServer) -> None:
    """It refuses to start as long as somebody whom it had started before is still about."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return server.start()
        except RuntimeError:
            if time.monotonic() > until:
                raise
