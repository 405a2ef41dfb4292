"""Pages that a person keeps private: closed to everybody else, on every route that shows one person."""

from inspect import signature

import pytest
from fastapi.routing import APIRoute

from forecasts import accounts
from forecasts.database import Database
from forecasts.models import Forecaster
from tests.cast import join, sign
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight
from tests.web.test_routes import STARTS, crawl, routes

SENTENCE = "There is no forecaster “ada”. The leaderboard lists those there are."

NAMING = {"handle", "who", "a", "b"}
"""What a route calls the forecaster whom its address names."""

BY_QUERY = (
    "/calibration?who=ada",
    "/calibration/forecasts?who=ada&bin=14",
    "/compare?a=ada&b=crowd",
    "/compare?a=crowd&b=ada",
)


@pytest.fixture
def closed(database: Database, town: Town, ada: Forecaster) -> Forecaster:
    """Ada, who keeps her pages to herself, on a record that is signed, so that there is a proof to see."""
    sign(database)
    with database.writing() as (session, _):
        return accounts.keep_private(session, ada, True)


@pytest.fixture
def boss(database: Database) -> Forecaster:
    """An administrator."""
    return join(database, "Boss", "administrator")


def named(route: APIRoute) -> set[str]:
    """The parameters by which a route is told whom to show."""
    return NAMING & set(signature(route.endpoint).parameters)


MODERATED = ("/people/{handle}/suspension", "/people/{handle}/merging", "/people/{handle}/erasure")
"""What moderators and administrators are shown of everybody: a name, whether they may act, how much would go."""


def by_path() -> list[str]:
    """The address under which each route shows Ada whose path names a forecaster."""
    found = [route.path for route in routes("GET") if "{handle}" in route.path and route.path not in MODERATED]
    return [path.replace("{slug}", "snow").replace("{handle}", "ada") for path in found]


def test_the_list_of_routes_that_show_one_person_is_whole() -> None:
    """Those whose path names somebody are found by themselves; of the others each stands in BY_QUERY."""
    told = {route.path: named(route) for route in routes("GET") if named(route) and route.path not in MODERATED}
    queries = {path for path, names in told.items() if "handle" not in names}

    assert queries == {address.partition("?")[0] for address in BY_QUERY}
    assert len(told) - len(queries) == len(by_path()) > 2


def test_a_private_page_is_open_to_the_person_and_to_administrators_alone(
    visit: Visit, closed: Forecaster, bob: Forecaster, mo: Forecaster, boss: Forecaster
) -> None:
    addresses = [*by_path(), *BY_QUERY]

    for who in (None, bob, mo):
        answers = {address: visit(who).get(address) for address in addresses}
        assert [address for address, answer in answers.items() if answer.status_code != 404] == []
        assert [address for address, answer in answers.items() if SENTENCE not in Sight.of(answer.text).text] == []
    for who in (closed, boss):
        assert {address: visit(who).get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)


def test_nothing_that_others_see_leads_there(visit: Visit, closed: Forecaster, bob: Forecaster) -> None:
    starts = [one for one in STARTS if "ada" not in one]

    def leading(links: list[str]) -> list[str]:
        return [link for link in links if "/people/ada" in link or "receipts/ada" in link or "=ada" in link]

    for browser in (visit(), visit(bob)):
        walk = [address for address, _ in crawl(browser, *starts)]
        seen = {address: Sight.of(browser.get(address).text) for address in walk}

        assert {address: found for address, one in seen.items() if (found := leading(one.links))} == {}
        assert {address for address, one in seen.items() if one.find("option", value="ada")} == set()


def test_a_private_person_stands_on_boards_and_questions_by_name(visit: Visit, closed: Forecaster) -> None:
    """Ada called the snow 70% likely, and it snowed: 0.09 while standing."""
    browser = visit()

    board = {row[1]: row[2] for row in Sight.of(browser.get("/leaderboard?by=brier").text).rows[1:]}
    scores = {row[0]: row[1] for row in Sight.of(browser.get("/questions/snow").text).rows if len(row) > 7}

    assert board["Ada"] == "0.090"
    assert scores["Ada"] == "0.090"


def test_in_a_dot_a_private_forecast_is_nobodys(
    visit: Visit, closed: Forecaster, bob: Forecaster, boss: Forecaster
) -> None:
    def whose(who: Forecaster | None) -> list[str]:
        return [row[1] for row in Sight.of(visit(who).get("/calibration/forecasts?bin=14").text).rows[1:]]

    assert [whose(who) for who in (None, bob, closed, boss)] == [["private"], ["private"], ["Ada"], ["Ada"]]


def test_ones_own_name_at_the_head_leads_to_ones_page(visit: Visit, closed: Forecaster) -> None:
    page = Sight.of(visit(closed).get("/questions/snow").text)

    assert "/people/ada" in page.links
    assert "/questions/snow/receipts/ada" in page.links


def test_opening_it_again_opens_it_to_everybody(visit: Visit, database: Database, closed: Forecaster) -> None:
    with database.writing() as (session, _):
        accounts.keep_private(session, closed, False)

    assert visit().get("/people/ada").status_code == 200
