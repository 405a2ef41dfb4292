"""The server does the chores by itself while it runs, and what goes wrong with them stops nothing."""

import logging
from datetime import timedelta

import pytest
from fastapi import FastAPI

from forecasts import chores, subscribing
from forecasts.database import Database
from forecasts.models import Forecaster, Lease
from questions.models import Question
from tests.cast import HOUR, MovedClock, resolve
from tests.postmen import receiver
from tests.web.conftest import Visit

PATIENCE = 30


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chores are done at once and again and again."""
    monkeypatch.setattr(chores, "EVERY", timedelta(milliseconds=1))


def test_the_server_tells_by_itself(
    database: Database, visit: Visit, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    with receiver() as hook:
        with database.writing() as (session, moment):
            subscribing.add_webhook(session, ada, "slack", hook.address, ["resolved"], "", moment)
        resolve(database, mo, rain, 1)

        visit()

        assert hook.came.wait(PATIENCE)


def test_what_goes_wrong_is_logged_and_tried_again(
    app: FastAPI, database: Database, clock: MovedClock, visit: Visit, rain: Question, mo: Forecaster,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """The clock was set back, so nothing can be written until it is right again."""
    resolve(database, mo, rain, 1)
    clock.moment -= 3 * HOUR
    client = visit()
    caplog.set_level(logging.ERROR)
    while not caplog.records:
        assert client.get("/healthz").status_code == 200
    clock.moment += 3 * HOUR

    while not _done(database):
        assert client.get("/healthz").status_code == 200

    assert caplog.records[0].message == "The chores were not done."


def _done(database: Database) -> bool:
    with database.reading() as session:
        lease = session.get(Lease, chores.NAME)
        return lease is not None and lease.seq > 0
