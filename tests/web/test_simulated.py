"""What is simulated says so: the whole database on every page, and each simulated person by their name."""

from collections.abc import Sequence

import pytest
from sqlmodel import col, update
from starlette.testclient import TestClient

from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight
from web.app import create

BANNER = "Everything here is simulated."
PAGES: Sequence[str] = (
    "/", "/sets", "/sets/weather", "/questions/snow", "/questions/snow/receipts/ada", "/leaderboard", "/calibration",
    "/calibration/forecasts?bin=14", "/compare?a=ada&b=bob", "/people/ada", "/due", "/scores", "/sign-in", "/sign-up",
    "/nowhere",
)  # fmt: skip


@pytest.fixture
def simulated(database: Database, town: Town) -> None:
    """Ada was made up by a program."""
    with database.writing() as (session, _):
        session.exec(update(Forecaster).where(col(Forecaster.handle) == "ada").values(simulated=True))


@pytest.mark.usefixtures("simulated")
def test_every_page_of_a_simulated_database_says_so(database: Database, settings: Settings) -> None:
    with TestClient(create(settings, database)) as browser:
        silent = [path for path in PAGES if BANNER not in Sight.of(browser.get(path).text).text]

    assert silent == []


def test_no_page_of_another_says_so(visit: Visit, town: Town) -> None:
    browser = visit()

    assert [path for path in PAGES if "imulated" in browser.get(path).text] == []


@pytest.mark.usefixtures("simulated")
def test_a_simulated_name_carries_a_mark_and_no_other(visit: Visit, town: Town) -> None:
    rows = {row[0].split()[0]: row[0] for row in Sight.of(visit().get("/questions/snow").text).rows}

    assert rows["Ada"] == "Ada simulated"
    assert rows["Bob"] == "Bob"
    assert "simulated Forecaster since" in Sight.of(visit().get("/people/ada").text).text
