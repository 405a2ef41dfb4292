"""Invitations in the browser: made, shown once, listed, revoked, and what whoever opens one may."""

import pytest
from starlette.testclient import TestClient

from forecasts.database import Database
from forecasts.sessions import FRESH
from forecasts.settings import Settings
from tests.cast import MovedClock, called, join, rows
from tests.web.conftest import Visit
from tests.web.sight import Sight

FORM = {"name": "Eve", "password": "correct horse", "again": "correct horse"}
MADE = {"role": "moderator", "days": "3", "uses": "2"}


@pytest.fixture
def settings() -> Settings:
    """A server that others reach, where only who is invited may sign up."""
    return Settings(host="127.0.0.1", base_url="http://board.example", sign_up="")


@pytest.fixture
def root(visit: Visit, database: Database) -> TestClient:
    """An administrator's browser."""
    return visit(join(database, "Root", "administrator"))


def link_in(page: str) -> str:
    (shown,) = [one.text for one in Sight.of(page).find("code")]
    return shown.removeprefix("http://board.example")


def test_an_invitation_is_shown_once_and_opens_sign_up_with_its_role(
    visit: Visit, database: Database, root: TestClient
) -> None:
    made = root.post("/invitations", data=MADE)
    link = link_in(made.text)
    offered = visit().get(link)
    token = Sight.of(offered.text).find("input", name="invitation")[0].attributes["value"]

    joined = visit().post("/sign-up", data=FORM | {"invitation": token})

    assert visit().get("/sign-up").status_code == 403
    assert (offered.status_code, joined.status_code) == (200, 303)
    assert called(database, "eve").role == "moderator"
    assert link not in root.get("/invitations").text
    assert Sight.of(root.get("/invitations").text).rows[1] == [
        "2 Mar 2026, 12:00", "Root", "moderator", "5 Mar 2026, 12:00", "1 of 2",
        "Revoke the invitation made 2 Mar 2026, 12:00",
    ]  # fmt: skip


def test_an_invitation_is_revoked(visit: Visit, root: TestClient) -> None:
    link = link_in(root.post("/invitations", data=MADE).text)
    mark = Sight.of(root.get("/invitations").text).find("input", name="invitation")[0].attributes["value"]

    answer = root.post("/invitations/revocation", data={"invitation": mark})

    assert (answer.status_code, answer.headers["location"]) == (303, "/invitations")
    assert visit().get(link).status_code == 403
    assert Sight.of(root.get("/invitations").text).rows[1][-1] == "revoked"


def test_a_bad_invitation_is_refused_with_what_was_typed(root: TestClient, database: Database) -> None:
    answer = root.post("/invitations", data={"role": "moderator", "days": "many", "uses": "12"})

    seen = Sight.of(answer.text)
    assert answer.status_code == 422
    assert seen.alerts == ["“many” is not a whole number from 1 to 365. Write one such as 7."]
    assert (seen.values["days"], seen.values["uses"], seen.invalid) == ("many", "12", ["days"])
    assert [one.text for one in seen.find("option", selected="")] == ["moderator"]
    assert rows(database, "invitation") == []


def test_a_while_after_signing_in_the_password_is_asked_for(
    root: TestClient, database: Database, clock: MovedClock
) -> None:
    clock.moment += FRESH

    answer = root.post("/invitations", data=MADE)

    assert answer.status_code == 422
    assert Sight.of(answer.text).invalid == ["old"]
    assert rows(database, "invitation") == []
