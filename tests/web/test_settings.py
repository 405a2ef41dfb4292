"""The settings page: everything by plain forms, what is secret shown once, and links in mails that need no account."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from starlette.testclient import TestClient

from forecasts import accounts, chores, outbox, subscribing
from forecasts.database import Database
from forecasts.models import Forecaster, Subscription
from forecasts.settings import Settings
from questions.models import Question
from tests.cast import HOUR, MovedClock, resolve
from tests.postmen import Mailbox, Receiver, plain, receiver
from tests.web.conftest import Visit

EVERYTHING = {"resolved": "on", "closing": "on", "moved": "on"}


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as opened:
        yield opened


@pytest.fixture
def settings(office: Mailbox) -> Settings:
    return Settings(host="127.0.0.1", smtp_url=office.address)


def linked(mail: str) -> str:
    """The path of the one link into the site's doors that a mail holds."""
    found = re.search(r"http://127\.0\.0\.1:8000(/(?:confirm|stop)/\S+)", mail)
    assert found
    return found[1]


def confirm(client: TestClient, office: Mailbox, email: str = "ada@example.org") -> None:
    """Set an address and open the link that was sent there."""
    client.post("/settings/email", data={"email": email})
    client.post(linked(plain(office.kept[-1])))


def words(page: str) -> str:
    """A page's text."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


# Mail


def test_an_address_is_set_confirmed_and_removed(visit: Visit, ada: Forecaster, office: Mailbox) -> None:
    client, anybody = visit(ada), visit()

    asked = client.post("/settings/email", data={"email": "ada@example.org"})
    waiting = words(client.get("/settings").text)
    link = linked(plain(office.kept[0]))
    opened = words(anybody.get(link).text)
    before = words(client.get("/settings").text)
    confirmed = words(anybody.post(link).text)
    after = words(client.get("/settings").text)
    client.post("/settings/email/removal")

    assert (asked.status_code, asked.headers["location"]) == (303, "/settings#mail")
    assert office.to == [["ada@example.org"]] * 2  # that it was removed is told there, too
    assert "A link was sent to ada@example.org" in waiting
    assert "Ada wants reminders to come to ada@example.org" in opened
    assert "Mail goes to" not in before
    assert "Mail for Ada goes to ada@example.org from now on" in confirmed
    assert "Mail goes to ada@example.org" in after
    assert "Mail goes to" not in words(client.get("/settings").text)


def test_a_bad_address_is_refused_with_what_was_typed(visit: Visit, ada: Forecaster, office: Mailbox) -> None:
    answer = visit(ada).post("/settings/email", data={"email": "ada at home"})

    assert answer.status_code == 422
    assert 'value="ada at home"' in answer.text
    assert "“ada at home” is no mail address. Write one such as ada@example.org." in words(answer.text)
    assert 'aria-describedby="email-refusal email-hint"' in answer.text
    assert office.kept == []


def test_what_the_mail_server_says_against_it_is_shown(visit: Visit, ada: Forecaster, office: Mailbox) -> None:
    office.refused = "550 No such user here"

    answer = visit(ada).post("/settings/email", data={"email": "ada@example.org"})

    assert answer.status_code == 422
    assert "The mail server answered 550 No such user here." in words(answer.text)


def test_a_link_that_works_no_more_says_so(visit: Visit) -> None:
    for answer in (visit().get("/confirm/made-up"), visit().post("/confirm/made-up"), visit().get("/stop/made-up")):
        assert answer.status_code == 404


def test_a_digest_is_chosen_and_stopped_by_one_click(
    database: Database, clock: MovedClock, visit: Visit, rain: Question, ada: Forecaster, mo: Forecaster,
    office: Mailbox, settings: Settings,
) -> None:  # fmt: skip
    client, anybody = visit(ada), visit()
    confirm(client, office)
    chosen = client.post("/settings/digest", data={"every": "day", "within": "weather", **EVERYTHING})
    resolve(database, mo, rain, 1)
    chores.tick(database, settings)
    clock.moment += 19 * HOUR
    chores.tick(database, settings)
    stopping = office.kept[-1]["List-Unsubscribe"].strip("<>").removeprefix("http://127.0.0.1:8000")

    opened = anybody.get(stopping)
    running = client.get("/settings").text
    stopped = anybody.post(stopping, data={"List-Unsubscribe": "One-Click"})

    assert chosen.status_code == 303
    assert "What of the rain?" in plain(office.kept[-1])
    assert '<form method="post" action="/stop/' in opened.text
    assert 'name="every" value="day" checked' in running
    assert '<option value="weather" selected>' in running
    assert (stopped.status_code, "It is stopped." in words(stopped.text)) == (200, True)
    assert 'name="every" value="" checked' in client.get("/settings").text


def test_a_digest_of_nothing_is_refused(visit: Visit, ada: Forecaster, office: Mailbox) -> None:
    client = visit(ada)
    confirm(client, office)

    answer = client.post("/settings/digest", data={"every": "week"})

    assert answer.status_code == 422
    assert "Nothing is chosen. Choose at least one thing to be told of." in words(answer.text)
    assert 'name="every" value="week" checked' in answer.text


# Webhooks and the log


def test_a_webhook_is_added_tried_and_removed(
    database: Database, visit: Visit, ada: Forecaster, hook: Receiver, settings: Settings
) -> None:
    client = visit(ada)
    added = client.post("/settings/webhooks", data={"channel": "webhook", "address": hook.address, "resolved": "on"})
    (number,) = re.findall(r"/settings/webhooks/(\d+)/test", added.text)
    later = client.get("/settings").text
    client.post(f"/settings/webhooks/{number}/test")
    waiting = words(client.get("/settings").text)
    chores.tick(database, settings)
    sent = words(client.get("/settings").text)
    client.post(f"/settings/webhooks/{number}/removal")

    assert added.status_code == 200
    assert len(re.findall(r"<code>whsec_[A-Za-z0-9+/=]{44}</code>", added.text)) == 1
    assert "whsec_" not in later
    assert f"Test {hook.address} Waiting –" in waiting
    assert f"Test {hook.address} Sent 200 Thank you" in sent
    assert "You have none." in words(client.get("/settings").text)


def test_slack_has_no_secret_to_show(visit: Visit, ada: Forecaster, hook: Receiver) -> None:
    answer = visit(ada).post("/settings/webhooks", data={"channel": "slack", "address": hook.address, "moved": "on"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/settings#webhooks")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"address": "example.org"}, "“example.org” is no address for a webhook."),
        ({"resolved": ""}, "Nothing is chosen."),
        ({"channel": "fax"}, "Choose what form the webhook takes."),
        ({"within": "nowhere"}, "There is no set “nowhere”."),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_with_what_was_typed(
    visit: Visit, ada: Forecaster, typed: dict[str, str], sentence: str
) -> None:
    form = {"channel": "discord", "address": "https://example.org/hook", "resolved": "on"} | typed
    form = {name: value for name, value in form.items() if value}

    answer = visit(ada).post("/settings/webhooks", data=form)

    assert answer.status_code in (404, 422)
    assert sentence in words(answer.text)
    assert f'value="{form["address"]}"' in answer.text


def test_nobody_touches_anybody_elses_webhook(
    database: Database, visit: Visit, ada: Forecaster, bob: Forecaster, hook: Receiver
) -> None:
    with database.writing() as (session, moment):
        hers = subscribing.add_webhook(session, ada, "slack", hook.address, ["moved"], "", moment)

    answers = [visit(bob).post(f"/settings/webhooks/{hers.id}/{act}") for act in ("removal", "test")]
    nonsense = [visit(bob).post(f"/settings/webhooks/{number}/test") for number in ("x", "-1", "9" * 30)]

    assert [one.status_code for one in (*answers, *nonsense)] == [404] * 5
    assert hook.address not in visit(bob).get("/settings").text
    with database.reading() as session:
        assert session.get_one(Subscription, hers.id).ended_at is None


def test_the_log_says_where_nobody_knows_whether_it_left(
    database: Database, clock: MovedClock, visit: Visit, ada: Forecaster, hook: Receiver
) -> None:
    client = visit(ada)
    client.post("/settings/webhooks", data={"channel": "slack", "address": hook.address, "moved": "on"})
    client.post("/settings/webhooks/1/test")
    with database.writing() as (session, moment):
        outbox.claim(session, [1], moment)
    at_first = words(client.get("/settings").text)
    clock.moment += HOUR

    assert "On its way" in at_first
    assert "Unknown whether it left; not sent again" in words(client.get("/settings").text)


# The calendar


def test_a_calendars_address_is_shown_once(visit: Visit, rain: Question, ada: Forecaster) -> None:
    client = visit(ada)
    made, remade = client.post("/settings/calendar"), client.post("/settings/calendar")
    first, second = (
        re.search(r"<code>http://127\.0\.0\.1:8000(/calendar/\S+\.ics)</code>", one.text) for one in (made, remade)
    )
    assert first
    assert second

    later = client.get("/settings").text
    found = [visit().get(one[1]).status_code for one in (first, second)]
    client.post("/settings/calendar/removal")

    assert "/calendar/" not in later.replace('action="/settings/calendar/removal"', "")
    assert found == [404, 200]
    assert visit().get(second[1]).status_code == 404


# One's own pages and password


def test_shortcuts_and_privacy_are_switched(database: Database, visit: Visit, ada: Forecaster) -> None:
    client = visit(ada)

    def switches() -> tuple[bool, bool]:
        with database.reading() as session:
            found = session.get_one(Forecaster, ada.id)
            return found.shortcuts, found.private

    seen = [switches()]
    for form in ({"private": "on"}, {"shortcuts": "on"}):
        assert client.post("/settings/pages", data=form).headers["location"] == "/settings#pages"
        seen.append(switches())

    assert seen == [(True, False), (False, True), (True, False)]


def test_a_new_password_takes_the_old_one_and_signs_every_other_browser_out(database: Database, visit: Visit) -> None:
    with database.writing() as (session, moment):
        ada = accounts.join(session, "Ada", accounts.judge("Ada", "the old one")[1], moment)
    here, there = visit(ada), visit(ada)
    wrong = here.post("/settings/password", data={"old": "a guess", "password": "a new one", "again": "a new one"})
    short = here.post("/settings/password", data={"old": "the old one", "password": "short", "again": "short"})

    changed = here.post(
        "/settings/password", data={"old": "the old one", "password": "a new one", "again": "a new one"}
    )

    assert (wrong.status_code, "This is not your password now." in words(wrong.text)) == (422, True)
    assert (short.status_code, "The password is too short." in words(short.text)) == (422, True)
    assert (changed.status_code, "Your password was changed." in words(changed.text)) == (200, True)
    assert (here.get("/settings").status_code, there.get("/settings").status_code) == (200, 303)
    sign_in = [visit().post("/sign-in", data={"name": "Ada", "password": one}) for one in ("the old one", "a new one")]
    assert [one.status_code for one in sign_in] == [422, 303]


# Who sees it


@pytest.mark.parametrize(
    "address", ["/settings", "/settings/email", "/settings/webhooks/1/test", "/settings/password", "/settings/pages"]
)
def test_who_is_not_signed_in_is_led_to_sign_in_and_back(visit: Visit, address: str) -> None:
    client = visit()
    answer = client.get(address) if address == "/settings" else client.post(address)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?back=/settings")


def test_a_page_leads_there_once_somebody_is_signed_in(visit: Visit, ada: Forecaster) -> None:
    assert 'href="/settings"' in visit(ada).get("/leaderboard").text
    assert 'href="/settings"' not in visit().get("/leaderboard").text


class TestWithoutMail:
    """Where whoever runs the server has set no mail server."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(host="127.0.0.1")

    def test_the_page_says_so(self, visit: Visit, ada: Forecaster) -> None:
        page = visit(ada).get("/settings").text

        assert "No mail is sent from here" in words(page)
        assert 'action="/settings/email"' not in page

    def test_no_address_is_taken(self, visit: Visit, ada: Forecaster) -> None:
        answer = visit(ada).post("/settings/email", data={"email": "ada@example.org"})

        assert answer.status_code == 403
        assert "has not set a mail server" in words(answer.text)
