"""A clock that is wrong and a disk that is full: acts are refused with a sentence, pages are read, and it goes on."""

import os
import pwd
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from shutil import copy
from uuid import uuid4

import psycopg
import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from forecasts import discussion, tokens, verification
from forecasts.database import Database
from forecasts.faults import FULL
from forecasts.models import Comment, Forecaster
from questions.errors import WritingRefused
from questions.models import Question
from tests.cast import DAY, HOUR, MovedClock, entries, kinds, rows
from tests.postgres import PostgresServer
from tests.volume import Volume, mounted
from tests.web.conftest import Visit

MEGABYTE = 1 << 20
TEXT = os.urandom(1500).hex()


def forecast(browser: TestClient, percent: int) -> int:
    """Say how likely rain is; the status of the answer."""
    return browser.post("/questions/rain/forecasts", data={"probability": str(percent)}).status_code


def keys(database: Database, who: Forecaster) -> dict[str, str]:
    """What a program sends with every request."""
    with database.writing() as (session, moment):
        return {"Authorization": f"Bearer {tokens.add(session, who, 'Test', ['forecast'], moment)[1]}"}


# The clock


def test_a_clock_set_back_an_hour_leaves_the_record_in_order(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    browser = visit(ada)

    told: list[int] = []
    for step in (5 * HOUR, -HOUR, HOUR / 2, HOUR):
        clock.moment += step
        told.append(forecast(browser, 60 + len(told)))

    assert told == [303] * 4
    moments = [entry.recorded_at for entry in entries(database)[-4:]]
    assert [one - rain.opens_at for one in moments] == [5 * HOUR, 5 * HOUR, 5 * HOUR, 5.5 * HOUR]


def test_a_clock_set_back_a_day_stops_acts_alone_until_it_is_right(
    visit: Visit, database: Database, clock: MovedClock, rain: Question, ada: Forecaster
) -> None:
    browser, headers = visit(ada), keys(database, ada)
    clock.moment += 5 * HOUR
    assert forecast(browser, 60) == 303
    clock.moment -= DAY
    before = entries(database)

    page = browser.post("/questions/rain/forecasts", data={"probability": "70"})
    answer = visit().post("/api/v1/questions/rain/forecasts", json={"probability": 0.7}, headers=headers)
    read = [visit(None).get(path).status_code for path in ("/", "/questions/rain", "/leaderboard", "/healthz")]

    sentence = (
        "The last entry was recorded on 02 March 2026, 17:00 UTC, more than two hours after this machine&#39;s clock "
        "(01 March 2026, 17:00 UTC). Set the clock right; until then nothing is written."
    )
    assert (page.status_code, sentence in page.text) == (503, True)
    assert (answer.status_code, answer.json()["error"]["message"]) == (503, sentence.replace("&#39;", "'"))
    assert read == [200] * 4
    assert entries(database) == before

    clock.moment += DAY + timedelta(seconds=1)
    assert forecast(browser, 70) == 303
    assert len(entries(database)) == len(before) + 1


# The disk


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    """A disk of four megabytes."""
    if os.geteuid() != 0:
        pytest.fail("Only root can mount a disk that can be filled. Run the tests as root, as CI does.")
    with mounted(tmp_path / "volume", 4 * MEGABYTE) as found:
        yield found


@pytest.fixture
def url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database; where a test fills a disk, on that one."""
    disk = request.getfixturevalue("volume") if "volume" in request.fixturenames else None
    if engine == "sqlite":
        folder = disk.folder if disk else tmp_path
        yield f"sqlite:///{copy(request.getfixturevalue('sqlite_template'), folder / 'brierboard.db')}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"trouble_{uuid4().hex}"
    address = server.create(name, request.getfixturevalue("postgres_template"))
    if disk:
        lay_on(server, address, disk, name)
    yield address
    server.drop(name)
    if disk:
        tell(server.url("postgres"), f"DROP TABLESPACE {name}")


def lay_on(server: PostgresServer, url: str, disk: Volume, name: str) -> None:
    """Keep comments on that disk. A server whose own journal has no room stops altogether, which is no test of ours."""
    place = disk.folder / "postgresql"
    place.mkdir()
    whom = pwd.getpwnam("nobody")
    for path in (place, disk.folder):
        os.chown(path, whom.pw_uid, whom.pw_gid)
    for path in (disk.folder, *disk.folder.parents):
        path.chmod(path.stat().st_mode | 0o011)
    tell(url, f"CREATE TABLESPACE {name} LOCATION '{place}'", f"ALTER TABLE comment SET TABLESPACE {name}")


def tell(url: str, *statements: str) -> None:
    """Have PostgreSQL do what it does outside of any transaction."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_full_disk_stops_acts_alone_until_there_is_room(
    visit: Visit, volume: Volume, database: Database, rain: Question, ada: Forecaster
) -> None:
    browser, headers = visit(ada), keys(database, ada)
    acknowledged: list[str] = []
    volume.fill(but=256 << 10)

    def write() -> int:
        text = f"{len(acknowledged)} " + os.urandom(1500).hex()  # which nothing makes smaller
        status = browser.post("/questions/rain/comments", data={"comment": text}).status_code
        acknowledged.extend([text] if status == 303 else [])
        return status

    told = [write()]
    while told[-1] == 303 and len(told) < 400:
        told.append(write())
    page = browser.post("/questions/rain/comments", data={"comment": TEXT})
    answer = visit().post("/api/v1/questions/rain/comments", json={"text": TEXT}, headers=headers)
    read = [browser.get(path).status_code for path in ("/", "/questions/rain", "/leaderboard", "/healthz")]

    assert told[-1] == 503
    assert len(told) > 3
    assert (page.status_code, FULL in page.text) == (503, True)
    assert (answer.status_code, answer.json()["error"]["message"]) == (503, FULL)
    assert read == [200] * 4

    volume.empty()
    assert write() == 303
    with database.reading() as session:
        assert len(list(verification.verify(session))) == 4
    assert kinds(database) == ["set", "question", *["comment"] * len(acknowledged)]
    place = list(Comment.__table__.columns.keys()).index("text")  # type: ignore[attr-defined]
    assert sorted(row[place] for row in rows(database, "comment")) == sorted(acknowledged)


def test_who_shares_a_transaction_on_a_full_disk_is_told_the_truth(
    volume: Volume, database: Database, rain: Question, ada: Forecaster
) -> None:
    """Eight write at once, so that one wait for the disk serves several: what was acknowledged is there, once, and what
    was refused is not."""
    volume.fill(but=512 << 10)

    def write(number: int) -> tuple[list[str], str]:
        kept: list[str] = []
        while len(kept) < 400:
            text = f"{number} {len(kept)} {os.urandom(1500).hex()}"
            try:
                with database.writing() as (session, moment):
                    discussion.comment(session, ada, rain, text, moment)
            except WritingRefused as refusal:
                return kept, str(refusal)
            kept.append(text)
        return kept, "was never refused"

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(write, range(8)))

    acknowledged = [text for kept, _ in found for text in kept]
    assert [told for _, told in found] == [FULL] * 8
    assert acknowledged
    volume.empty()
    with database.writing() as (session, moment):
        acknowledged.append(discussion.comment(session, ada, rain, TEXT, moment).text)
    with database.reading() as session:
        assert len(list(verification.verify(session))) == 4
        assert sorted(session.exec(select(Comment.text)).all()) == sorted(acknowledged)
