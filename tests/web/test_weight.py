"""What pages weigh on the wire: the first visit with all that it loads, and every visit after it."""

from starlette.testclient import TestClient

from forecasts.database import Database
from forecasts.models import Forecaster
from tests.cast import HOUR, MovedClock, draft, publish, say
from tests.web.conftest import Visit
from tests.web.sight import Sight
from web.rendering import static_files

KILOBYTE = 1000
GZIP = {"Accept-Encoding": "gzip"}


def weight(browser: TestClient, path: str) -> int:
    """How many bytes of body come over the wire."""
    with browser.stream("GET", path, headers=GZIP) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-encoding"] == "gzip"
        return sum(len(part) for part in answer.iter_raw())


def loaded(browser: TestClient, path: str) -> set[str]:
    """What a page makes a browser load."""
    seen = Sight.of(browser.get(path).text)
    links = {one.attributes["href"] for one in seen.find("link") if one.attributes["rel"] in ("stylesheet", "icon")}
    return links | {one.attributes["src"] for one in seen.find("script")}


def test_fifty_questions_weigh_little_at_first_and_less_afterwards(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster
) -> None:
    """Each has a crowd that has changed its mind ten times, and a forecast of one's own."""
    questions = publish(
        database,
        *(draft(f"basin-{one}", title=f"Will the {one}th basin be fuller than a year before?") for one in range(50)),
    )
    for step in range(10):
        clock.moment += HOUR / 2
        for number, question in enumerate(questions):
            say(database, bob if step % 2 else ada, question, ((number * 7 + step * 13) % 97 + 1) / 100)
    browser = visit(ada)

    page = weight(browser, "/")
    rest = sum(weight(browser, path) for path in loaded(browser, "/") if not path.endswith(".svg"))

    assert page <= 15 * KILOBYTE
    assert page + rest <= 60 * KILOBYTE


def test_our_own_scripts_are_small() -> None:
    ours = {name: len(content) for name, (_, content) in static_files().items() if name.endswith(".js")}
    del ours["htmx.js"]

    assert "sheet.js" in ours
    assert sum(ours.values()) < 10 * KILOBYTE
