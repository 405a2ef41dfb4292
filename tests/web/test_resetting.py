"""A forgotten password: the link works once and for an hour, lets nobody in, and nobody learns who there is."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from forecasts import accounts, bots, resetting, subscribing, tokens
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from tests.cast import HOUR, MovedClock, join, rows
from tests.forecasts.test_secondfactor import set_up
from tests.postmen import Mailbox, plain
from tests.web.conftest import Visit
from tests.web.sight import Sight

OLD, NEW = "correct horse", "another horse"
CHOSEN = {"password": NEW, "again": NEW}


@pytest.fixture
def settings(office: Mailbox) -> Settings:
    return Settings(host="127.0.0.1", smtp_url=office.address)


@pytest.fixture
def eve(database: Database) -> Forecaster:
    """She has a password and a confirmed address."""
    name, sealed = accounts.judge("Eve", OLD)
    with database.writing() as (session, moment):
        person = accounts.join(session, name, sealed, moment)
        _confirm(session, person, "eve@example.org", database)
        return person


def _confirm(session: Session, person: Forecaster, email: str, database: Database) -> None:
    moment = database.clock.now()
    subscribing.confirm(session, subscribing.set_email(session, person, email, moment), moment)


def linked(office: Mailbox) -> str:
    """The path that the last mail leads to."""
    line = next(one for one in plain(office.kept[-1]).splitlines() if "/reset/" in one)
    return line.removeprefix("http://127.0.0.1:8000")


def sign_in(visit: Visit, password: str) -> int:
    return visit().post("/sign-in", data={"name": "Eve", "password": password}).status_code


def test_a_link_comes_by_mail_and_leads_to_a_new_password(visit: Visit, office: Mailbox, eve: Forecaster) -> None:
    before = visit(eve)

    asked = visit().post("/reset", data={"name": " eve "})
    link = linked(office)
    opened = visit().get(link)
    chosen = visit().post(link, data=CHOSEN)

    assert office.to[0] == ["eve@example.org"]
    assert "a link is on its way there" in Sight.of(asked.text).text
    assert opened.status_code == chosen.status_code == 200
    assert "Eve has a new password, and was signed out everywhere." in Sight.of(chosen.text).text
    assert (sign_in(visit, OLD), sign_in(visit, NEW)) == (422, 303)
    assert "/people/eve" not in Sight.of(before.get("/").text).links
    assert "Your password was changed by a link" in plain(office.kept[-1])


def test_choosing_a_password_lets_nobody_in(visit: Visit, office: Mailbox, database: Database, eve: Forecaster) -> None:
    set_up(database, eve)
    visit().post("/reset", data={"name": "eve"})
    browser = visit()

    browser.post(linked(office), data=CHOSEN)
    entering = browser.post("/sign-in", data={"name": "Eve", "password": NEW})

    assert Sight.of(entering.text).find("h1")[0].text == "The second step"
    assert rows(database, "browser_session") == []


@pytest.mark.parametrize("ticked", [True, False])
def test_tokens_are_revoked_with_it_unless_that_is_unticked(
    visit: Visit, office: Mailbox, database: Database, eve: Forecaster, ada: Forecaster, ticked: bool
) -> None:
    """Those of her bots too, and nobody else's."""
    with database.writing() as (session, moment):
        bot = bots.add(session, eve, "Eves-bot", moment)
        made = [tokens.add(session, who, "a program", ["read"], moment)[1] for who in (eve, bot, ada)]
    visit().post("/reset", data={"name": "eve"})

    (box,) = Sight.of(visit().get(linked(office)).text).find("input", name="tokens")
    chosen = visit().post(linked(office), data={**CHOSEN, "tokens": "on"} if ticked else CHOSEN)

    assert "checked" in box.attributes
    assert chosen.status_code == 200
    sentence = "Every token of theirs and of their bots was revoked."
    assert (sentence in Sight.of(chosen.text).text) == ticked
    assert ("Every token of yours and of your bots was revoked." in plain(office.kept[-1])) == ticked
    assert [_works(visit, one) for one in made] == ([401, 401, 200] if ticked else [200, 200, 200])


def _works(visit: Visit, token: str) -> int:
    return visit().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.parametrize("ticked", [True, False])
def test_a_refused_password_leaves_the_box_as_it_was_and_the_tokens_too(
    visit: Visit, office: Mailbox, database: Database, eve: Forecaster, ticked: bool
) -> None:
    with database.writing() as (session, moment):
        made = tokens.add(session, eve, "a program", ["read"], moment)[1]
    visit().post("/reset", data={"name": "eve"})

    refused = visit().post(linked(office), data={"password": "short", **({"tokens": "on"} if ticked else {})})

    (box,) = Sight.of(refused.text).find("input", name="tokens")
    assert (refused.status_code, "checked" in box.attributes) == (422, ticked)
    assert _works(visit, made) == 200


def test_a_link_works_once(visit: Visit, office: Mailbox, eve: Forecaster) -> None:
    visit().post("/reset", data={"name": "eve"})
    link = linked(office)
    visit().post(link, data=CHOSEN)

    again = visit().post(link, data={"password": "a third horse", "again": "a third horse"})

    assert (again.status_code, visit().get(link).status_code) == (404, 404)
    assert sign_in(visit, NEW) == 303


def test_a_link_works_for_an_hour(visit: Visit, office: Mailbox, clock: MovedClock, eve: Forecaster) -> None:
    visit().post("/reset", data={"name": "eve"})
    clock.moment += HOUR - timedelta(microseconds=1)
    almost = visit().get(linked(office)).status_code
    clock.moment += timedelta(microseconds=1)

    assert (almost, visit().post(linked(office), data=CHOSEN).status_code) == (200, 404)


def test_a_newer_link_replaces_the_one_before(visit: Visit, office: Mailbox, eve: Forecaster) -> None:
    visit().post("/reset", data={"name": "eve"})
    first = linked(office)
    visit().post("/reset", data={"name": "eve"})

    assert (visit().get(first).status_code, visit().get(linked(office)).status_code) == (404, 200)


def test_a_bad_password_leaves_the_link_as_it_is(visit: Visit, office: Mailbox, eve: Forecaster) -> None:
    visit().post("/reset", data={"name": "eve"})
    link = linked(office)

    refused = visit().post(link, data={"password": "password1", "again": "password1"})

    assert refused.status_code == 422
    assert "known from breaches" in Sight.of(refused.text).alerts[0]
    assert "password1" not in refused.text
    assert visit().post(link, data=CHOSEN).status_code == 200


def test_whether_there_is_such_an_account_is_told_by_no_answer_and_by_no_row(
    visit: Visit, office: Mailbox, database: Database, eve: Forecaster, ada: Forecaster
) -> None:
    """Ada has confirmed no address, Mallory is nobody, and the crowd is no person."""
    answers, written = [], []
    for name in ("eve", "ada", "mallory", "crowd", "\u2028", "x" * 500):
        before = {table: rows(database, table) for table in ("reset_link", "throttle")}
        answers.append(visit().post("/reset", data={"name": name}))
        written.append([len(set(rows(database, table)) - set(before[table])) for table in before])

    assert {(one.status_code, one.text) for one in answers} == {(200, answers[0].text)}
    assert written == [[1, 2]] * 6  # a link, and a try for the name and for the address
    assert office.to == [["eve@example.org"]]


def test_what_is_written_for_nobody_opens_nothing(database: Database, clock: MovedClock) -> None:
    with database.writing() as (session, moment):
        assert resetting.ask(session, "mallory", "192.0.2.1", moment) is None

    ((token, person, _),) = rows(database, "reset_link")

    assert person is None
    assert len(token) == 64


def test_nobodys_box_is_filled(visit: Visit, office: Mailbox, clock: MovedClock, eve: Forecaster) -> None:
    asked = [visit().post("/reset", data={"name": "eve"}) for _ in range(4)]
    other = visit().post("/reset", data={"name": "mallory"})
    clock.moment += HOUR
    later = visit().post("/reset", data={"name": "eve"})

    assert [one.status_code for one in (*asked, other, later)] == [200, 200, 200, 429, 200, 200]
    assert asked[-1].headers["retry-after"] == "3600"
    assert len(office.kept) == 4


def test_a_mail_server_that_does_not_answer_is_seen_by_nobody(
    visit: Visit, office: Mailbox, eve: Forecaster, caplog: pytest.LogCaptureFixture
) -> None:
    office.refused = "550 No such user here"

    answer = visit().post("/reset", data={"name": "eve"})

    assert answer.status_code == 200
    assert "A mail about an account did not leave: The mail server answered 550 No such user here." in caplog.text


def test_only_the_hash_of_a_link_is_kept(visit: Visit, office: Mailbox, database: Database, eve: Forecaster) -> None:
    visit().post("/reset", data={"name": "eve"})

    assert linked(office).rpartition("/")[2] not in repr(rows(database, "reset_link"))


def test_an_administrator_gives_a_link_and_never_sees_the_password(
    visit: Visit, database: Database, eve: Forecaster
) -> None:
    root = visit(join(database, "Root", "administrator"))

    made = root.post("/invitations/reset-link", data={"name": "Eve"})
    (shown,) = [one.text for one in Sight.of(made.text).find("code")]
    link = shown.removeprefix("http://127.0.0.1:8000")

    assert visit().post(link, data=CHOSEN).status_code == 200
    assert sign_in(visit, NEW) == 303
    assert shown not in root.get("/invitations").text


@pytest.mark.parametrize(("name", "status"), [("mallory", 404), ("crowd", 403), ("", 404)])
def test_a_link_for_nobody_is_refused_with_what_was_typed(
    visit: Visit, database: Database, name: str, status: int
) -> None:
    answer = visit(join(database, "Root", "administrator")).post("/invitations/reset-link", data={"name": name})

    assert answer.status_code == status
    assert Sight.of(answer.text).values["name"] == name
    assert rows(database, "reset_link") == []


@pytest.mark.parametrize("address", ["/invitations", "/invitations/reset-link", "/invitations/revocation"])
def test_only_administrators_do_so(
    visit: Visit, database: Database, mo: Forecaster, eve: Forecaster, address: str
) -> None:
    refused = visit(mo).post(address, data={"name": "Eve", "role": "administrator", "days": "7", "uses": "1"})

    assert refused.status_code == 403
    assert visit(mo).get("/invitations").status_code == 403
    assert rows(database, "reset_link") == rows(database, "invitation") == []
