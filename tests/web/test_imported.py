"""What came by an import is marked as such on every page that shows it."""

from pathlib import Path

import pytest

from forecasts import importing
from forecasts.database import Database
from forecasts.formats import FORMATS
from forecasts.models import Forecaster
from questions import journal
from tests import folders
from tests.folders import asked, decided, said
from tests.web.conftest import Town, Visit
from tests.web.sight import Element, Sight


@pytest.fixture
def brought(database: Database, town: Town, tmp_path: Path) -> None:
    """Cleo said elsewhere, on 2 February, that rain was 70% likely, and later 90%; Dan 40%. It rained."""
    forecasts = [said(), said("0.9", day=5), said("0.4", who="dan"), said("0.4", slug="hail-2025")]
    questions = [asked("rain-2025"), asked("hail-2025")]
    forecasts = [one.replace("rain,", "rain-2025,") for one in forecasts]
    folder = folders.write(tmp_path / "elsewhere", questions, forecasts, [decided(slug="rain-2025")])
    read = FORMATS["csv"].read(folder)
    with database.writing() as (session, moment):
        plan = importing.examine(session, read, moment)
        importing.carry_out(session, plan, by=journal.OPERATOR, moment=moment)


PAGES = {
    "/?show=decided": ("What of the rain-2025?",),
    "/due": ("What of the hail-2025?",),
    "/sets/weather-2025": ("What of the rain-2025?", "What of the hail-2025?"),
    "/leaderboard": ("cleo", "dan"),
    "/compare?a=cleo&b=dan": ("cleo", "dan", "What of the rain-2025?"),
    "/calibration/forecasts?bin=18": ("cleo", "What of the rain-2025?"),
    "/people/cleo": ("What of the rain-2025?", "What of the hail-2025?"),
    "/questions/rain-2025": ("cleo", "dan"),
    "/questions/rain-2025/receipts/cleo": ("cleo", "What of the rain-2025?"),
}


@pytest.mark.usefixtures("brought")
@pytest.mark.parametrize("address", PAGES)
def test_every_page_marks_it(visit: Visit, address: str) -> None:
    page = Sight.of(visit().get(address).text)

    for name in PAGES[address]:
        places = [i for i, one in enumerate(page.elements) if one.tag == "a" and one.text == name]
        assert places, name
        assert [i for i in places if not marked(page.elements[i + 1])] == [], name


def marked(element: Element) -> bool:
    """Whether this is the mark."""
    return (element.attributes.get("class"), element.text) == ("kind", "imported")


@pytest.mark.usefixtures("brought")
def test_nobody_and_nothing_of_this_place_is_marked(visit: Visit, ada: Forecaster) -> None:
    browser = visit(ada)

    for address in ("/questions/snow", "/questions/snow/receipts/ada", "/people/ada", "/sets/weather"):
        assert "imported" not in browser.get(address).text


@pytest.mark.usefixtures("brought")
def test_when_it_was_put_on_record_stands_beside_when_it_was_said(visit: Visit) -> None:
    """The import is an hour after noon of 2 March."""
    browser = visit()

    def words(address: str) -> str:
        return Sight.of(browser.get(address).text).text

    assert "were recorded here on 2 Mar 2026, 13:00 UTC; scores count from when things were said" in words(
        "/questions/rain-2025"
    )
    assert "known 20 Feb 2026, 00:00 UTC, recorded 2 Mar 2026, 13:00 UTC" in words("/questions/rain-2025")
    assert "said elsewhere and put on record here on 2 Mar 2026" in words("/people/cleo")
    assert "40% said 2 Feb 2026, recorded 2 Mar 2026; closed, waiting" in words("/people/cleo")
    assert "Said elsewhere at the times below; recorded here on 2 Mar 2026, 13:00 UTC." in words(
        "/questions/rain-2025/receipts/cleo"
    )
    assert "90% 5 Feb 2026, 00:00 recorded 2 Mar 2026 Yes" in words("/calibration/forecasts?bin=18")
