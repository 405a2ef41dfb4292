"""Single sign-on, by a real provider on this machine: there and back, a name, a link, and whatever is not believed."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import oidc_provider_mock  # type: ignore[import-untyped]
import pytest
from joserfc.jwk import KeySet
from oidc_provider_mock import User
from starlette.testclient import TestClient
from werkzeug import Request, Response
from werkzeug.serving import make_server

from forecasts import accounts, invitations, signon, subscribing
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from tests.cast import DAY, HOUR, MovedClock, called, rows
from tests.forecasts.test_secondfactor import code, set_up
from tests.postmen import Mailbox, plain
from tests.web.conftest import Visit
from tests.web.sight import Sight
from web.dependencies import COOKIE

PASSWORD = "correct horse"


class Strict:
    """The provider, which by itself asks for no verifier; here it gives nothing without (RFC 7636)."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.challenges: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        request = Request(environ)
        body = request.get_data()
        environ["wsgi.input"] = BytesIO(body)
        if request.path == "/oauth2/token" and not self._shows_verifier(parse_qs(body.decode())):
            return Response('{"error": "invalid_grant"}', 400, content_type="application/json")(environ, start)
        answer = Response.from_app(self.app, environ)
        led = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
        if request.path == "/oauth2/authorize" and "code" in led:
            self.challenges[led["code"][0]] = request.args["code_challenge"]
        return answer(environ, start)

    def _shows_verifier(self, form: dict[str, list[str]]) -> bool:
        shown = sha256(form.get("code_verifier", [""])[0].encode()).digest()
        return self.challenges.get(form["code"][0]) == urlsafe_b64encode(shown).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A provider that knows Eve as somebody whose name fits here, and Mallory as one whose name is Ada's."""
    people = [
        User(sub="e-1", claims={"preferred_username": "Eve", "email": "eve@example.org"}),
        User(sub="m-2", claims={"preferred_username": "Ada", "email": "ada@example.org"}),
    ]
    strict = Strict(oidc_provider_mock.app(require_nonce=True, user_claims=people))
    with make_server("localhost", 0, strict, threaded=True) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def policy() -> str:
    return "open"


@pytest.fixture
def settings(provider: str, policy: str) -> Settings:
    return Settings.model_validate(
        {
            "host": "127.0.0.1", "sign_up": policy, "oidc_issuer": provider, "oidc_client_id": "board",
            "oidc_client_secret": "a secret of both", "oidc_name": "Example",
        }
    )  # fmt: skip


@pytest.fixture(autouse=True)
def today(clock: MovedClock) -> None:
    """The provider lives by the machine's clock, and what it signs is good for some minutes of it."""
    from forecasts.clock import SystemClock  # noqa: PLC0415

    clock.moment = SystemClock().now()


@pytest.fixture
def ada(database: Database) -> Forecaster:
    """She has a password."""
    name, sealed = accounts.judge("Ada", PASSWORD)
    with database.writing() as (session, moment):
        return accounts.join(session, name, sealed, moment)


def at_provider(address: str, subject: str) -> str:
    """Let the provider's page be answered by somebody; give the path that it leads the browser back to."""
    answer = httpx2.post(address, data={"sub": subject})
    assert answer.status_code == 302
    back = answer.headers["location"]
    assert back.startswith("http://127.0.0.1:8000/sso/callback?")
    return str(back.removeprefix("http://127.0.0.1:8000"))


def come_back(browser: TestClient, path: str) -> httpx2.Response:
    """Open the page that the provider leads back to, and press its button."""
    page = browser.get(path)
    assert page.status_code == 200
    fields = {one.attributes["name"]: one.attributes["value"] for one in Sight.of(page.text).find("input")}
    return browser.post("/sso/callback", data=fields)


def go(browser: TestClient, subject: str, start: str = "/sso", **form: str) -> httpx2.Response:
    """All the way there and back."""
    left = browser.post(start, data=form)
    assert left.status_code == 303
    return come_back(browser, at_provider(left.headers["location"], subject))


def alerts(answer: httpx2.Response) -> list[str]:
    return Sight.of(answer.text).alerts


def who_is_in(browser: TestClient) -> list[str]:
    links = [one for one in Sight.of(browser.get("/").text).links if one.startswith("/people/")]
    return sorted({one.removeprefix("/people/") for one in links} & {"ada", "eve", "zoe"})


def test_whoever_comes_for_the_first_time_chooses_a_name_and_is_in(visit: Visit, database: Database) -> None:
    browser = visit()

    back = go(browser, "e-1", back="/due")
    asked = browser.get(back.headers["location"])
    joined = browser.post("/sso/name", data={"name": "Eve"})

    assert back.headers["location"] == "/sso/name"
    assert Sight.of(asked.text).values["name"] == "Eve"
    assert (joined.status_code, joined.headers["location"]) == (303, "/due")
    assert who_is_in(browser) == ["eve"]
    assert called(database, "eve").password is None
    assert rows(database, "visit") == []


def test_whoever_comes_again_is_in_at_once(visit: Visit) -> None:
    go(first := visit(), "e-1")
    first.post("/sso/name", data={"name": "Eve"})
    second = visit()

    back = go(second, "e-1", back="/due")

    assert (back.status_code, back.headers["location"]) == (303, "/due")
    assert who_is_in(second) == ["eve"]


def test_a_name_that_is_taken_is_refused_and_opens_nothing(visit: Visit, ada: Forecaster) -> None:
    """Nor does a name or an address at the provider that is somebody's here."""
    browser = visit()
    go(browser, "m-2")

    taken = browser.post("/sso/name", data={"name": "Ada"})
    other = browser.post("/sso/name", data={"name": "Zoe"})

    assert (taken.status_code, alerts(taken)) == (422, ["“Ada” is taken. Choose another name."])
    assert other.status_code == 303
    assert who_is_in(browser) == ["zoe"]


def test_who_has_no_password_signs_in_by_none(visit: Visit) -> None:
    go(browser := visit(), "e-1")
    browser.post("/sso/name", data={"name": "Eve"})

    for password in ("", "nobody has this password", "None"):
        assert visit().post("/sign-in", data={"name": "Eve", "password": password}).status_code == 422


def test_an_account_is_linked_while_signed_in_and_unlinked_again(visit: Visit, ada: Forecaster) -> None:
    browser = visit()
    browser.post("/sign-in", data={"name": "Ada", "password": PASSWORD})

    linked = go(browser, "m-2", start="/settings/sso")
    elsewhere = visit()
    go(elsewhere, "m-2")
    removed = browser.post("/settings/sso/removal")
    later = go(visit(), "m-2")

    assert linked.headers["location"] == "/settings#password"
    assert who_is_in(elsewhere) == ["ada"]
    assert removed.status_code == 303
    assert later.headers["location"] == "/sso/name"


def test_nobody_is_linked_to_who_signed_out_meanwhile(visit: Visit, database: Database, ada: Forecaster) -> None:
    browser = visit()
    browser.post("/sign-in", data={"name": "Ada", "password": PASSWORD})
    path = at_provider(browser.post("/settings/sso").headers["location"], "m-2")
    browser.post("/sign-out")

    answer = come_back(browser, path)

    assert answer.status_code == 403
    assert rows(database, "identity") == []


def test_one_account_of_the_provider_opens_one_here(visit: Visit, database: Database, ada: Forecaster) -> None:
    go(first := visit(), "e-1")
    first.post("/sso/name", data={"name": "Eve"})
    browser = visit()
    browser.post("/sign-in", data={"name": "Ada", "password": PASSWORD})

    answer = go(browser, "e-1", start="/settings/sso")

    assert answer.status_code == 403
    assert len(rows(database, "identity")) == 1


def test_who_has_no_password_cannot_lock_themselves_out(visit: Visit, database: Database) -> None:
    go(browser := visit(), "e-1")
    browser.post("/sso/name", data={"name": "Eve"})

    answer = browser.post("/settings/sso/removal")

    assert answer.status_code == 403
    assert alerts(answer) == ["You have no password, and could not sign in any more. Set a password first."]
    assert len(rows(database, "identity")) == 1


def test_a_second_factor_is_asked_for_here_too(
    visit: Visit, database: Database, clock: MovedClock, ada: Forecaster
) -> None:
    browser = visit()
    browser.post("/sign-in", data={"name": "Ada", "password": PASSWORD})
    go(browser, "m-2", start="/settings/sso")
    set_up(database, ada)
    other = visit()

    asked = go(other, "m-2")
    before = who_is_in(other)
    other.post("/sign-in/code", data={"code": code(clock.now())})

    assert Sight.of(asked.text).find("h1")[0].text == "The second step"
    assert (before, who_is_in(other)) == ([], ["ada"])


@pytest.mark.parametrize("policy", ["invitation", "closed"])
def test_where_sign_up_is_not_open_nobody_new_comes_in(visit: Visit, database: Database) -> None:
    browser = visit()
    go(browser, "e-1")

    asked, taken = browser.get("/sso/name"), browser.post("/sso/name", data={"name": "Eve"})

    assert (asked.status_code, taken.status_code) == (403, 403)
    assert rows(database, "identity") == []


@pytest.mark.parametrize("policy", ["invitation"])
def test_an_invitation_comes_along(visit: Visit, database: Database) -> None:
    with database.writing() as (session, moment):
        token = invitations.invite(session, "Root", "moderator", "7", "1", moment)
    browser, late = visit(), visit()
    for one, subject in ((browser, "e-1"), (late, "m-2")):
        go(one, subject, invitation=token)

    joined = [one.post("/sso/name", data={"name": name}) for one, name in ((browser, "Eve"), (late, "Zoe"))]

    assert [one.status_code for one in joined] == [303, 404]
    assert called(database, "eve").role == "moderator"


# What is not believed


def test_the_browser_takes_state_nonce_and_a_challenge_along(visit: Visit, provider: str) -> None:
    address = visit().post("/sso").headers["location"]

    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}

    assert address.startswith(f"{provider}/oauth2/authorize?")
    assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", "board", "openid profile")
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/sso/callback"
    assert asked["code_challenge_method"] == "S256"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert min(len(asked[one]) for one in ("state", "nonce", "code_challenge")) == 43


def test_an_answer_that_another_browser_asked_for_opens_nothing(visit: Visit, database: Database) -> None:
    asked, other = visit(), visit()
    path = at_provider(asked.post("/sso").headers["location"], "e-1")
    other.post("/sso")
    given = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}

    answers = [other.get(path), other.post("/sso/callback", data=given), visit().post("/sso/callback", data=given)]

    assert [one.status_code for one in answers] == [403] * 3
    assert "belongs to no question" in alerts(answers[0])[0]
    assert rows(database, "identity") == rows(database, "browser_session") == []


def test_a_code_of_another_browser_is_worth_nothing(visit: Visit, database: Database) -> None:
    """With a state of its own even: the verifier is another, and so is the nonce."""
    stolen, mallory = visit(), visit()
    path = at_provider(stolen.post("/sso").headers["location"], "e-1")
    hers = at_provider(mallory.post("/sso").headers["location"], "m-2")
    code = parse_qs(urlsplit(path).query)["code"][0]
    state = parse_qs(urlsplit(hers).query)["state"][0]

    answer = mallory.post("/sso/callback", data={"code": code, "state": state})

    assert answer.status_code == 422
    assert alerts(answer)[0].startswith("Example did not let you in: ")
    assert rows(database, "browser_session") == []


def test_a_token_for_another_question_is_not_believed(
    visit: Visit, provider: str, settings: Settings, clock: MovedClock
) -> None:
    """Even one that the provider has signed: its nonce, who it is for and its time are looked at."""
    with signon._client(settings) as client:
        known = signon._metadata(settings)
        keys = KeySet.import_key_set(signon._read(known["jwks_uri"]))
        address, _ = client.create_authorization_url(
            known["authorization_endpoint"], nonce="n-1", code_verifier="v" * 43
        )  # fmt: skip
        back = httpx2.post(address, data={"sub": "e-1"}).headers["location"]
        code = parse_qs(urlsplit(back).query)["code"][0]
        signed = client.fetch_token(known["token_endpoint"], code=code, code_verifier="v" * 43)["id_token"]
    head, body, _ = signed.split(".")
    believed = signon._believed(settings, signed, keys, "n-1", clock.now())
    other_client = settings.model_copy(update={"oidc_client_id": "other"})
    other_issuer = settings.model_copy(update={"oidc_issuer": "https://login.example.org"})

    assert believed == signon.Claim("e-1", "Eve")
    for settled, token, nonce, moment in (
        (settings, signed, "n-2", clock.now()),
        (other_client, signed, "n-1", clock.now()),
        (other_issuer, signed, "n-1", clock.now()),
        (settings, signed, "n-1", clock.now() + DAY),
        (settings, f"{head}.{body}.AAAA", "n-1", clock.now()),
        (settings, f"eyJhbGciOiJub25lIn0.{body}.", "n-1", clock.now()),
    ):
        with pytest.raises(signon.TROUBLE):
            signon._believed(settled, token, keys, nonce, moment)


def test_whoever_takes_longer_than_ten_minutes_begins_again(visit: Visit, clock: MovedClock) -> None:
    browser = visit()
    path = at_provider(browser.post("/sso").headers["location"], "e-1")
    clock.moment += HOUR

    answer = come_back(browser, path)

    assert (answer.status_code, alerts(answer)) == (
        403, ["This took too long, or was begun in another browser. Begin again."]
    )  # fmt: skip


def test_an_answer_works_once(visit: Visit) -> None:
    browser = visit()
    path = at_provider(browser.post("/sso").headers["location"], "e-1")
    come_back(browser, path)
    browser.post("/sso/name", data={"name": "Eve"})
    browser.post("/sign-out")

    assert browser.get(path).status_code == 403
    assert who_is_in(browser) == []


def test_what_the_provider_says_against_it_is_told(visit: Visit) -> None:
    browser = visit()
    address = browser.post("/sso").headers["location"]
    state = parse_qs(urlsplit(address).query)["state"][0]

    answer = browser.get("/sso/callback", params={"error": "access_denied", "state": state})

    assert alerts(answer) == [
        "Example did not let you in: access_denied. Begin again, or use your password."
    ]  # fmt: skip


def test_only_hashes_are_kept_of_who_is_on_their_way(visit: Visit, database: Database) -> None:
    browser = visit()
    address = browser.post("/sso").headers["location"]
    asked = parse_qs(urlsplit(address).query)

    kept = repr(rows(database, "visit"))

    secrets = [browser.cookies["brierboard_sso"], asked["state"][0], asked["nonce"][0]]
    assert [one for one in secrets if one in kept] == []
    assert COOKIE not in browser.cookies


def test_a_provider_that_is_not_there_is_told_in_a_sentence(
    visit: Visit, app: object, database: Database, ada: Forecaster
) -> None:
    from web.app import create  # noqa: PLC0415

    settings = Settings(host="127.0.0.1", oidc_issuer="http://127.0.0.1:9", oidc_client_id="board", oidc_name="Example")
    with TestClient(create(settings, database), follow_redirects=False) as browser:
        answer = browser.post("/sso")

    assert answer.status_code == 502
    assert alerts(answer)[0].startswith("Example did not let you in: ")


def test_without_a_provider_nothing_of_it_is_there(database: Database, ada: Forecaster) -> None:
    from web.app import create  # noqa: PLC0415

    with TestClient(create(Settings(host="127.0.0.1"), database), follow_redirects=False) as browser:
        answers = [browser.post("/sso"), browser.post("/sso/callback"), browser.post("/sso/name")]
        page = browser.get("/sign-in").text

    assert [one.status_code for one in answers] == [404] * 3
    assert "/sso" not in page


# What is told, and how often one may go


class TestTold:
    """Where there is a mail server."""

    @pytest.fixture
    def settings(self, provider: str, office: Mailbox) -> Settings:
        return Settings(
            host="127.0.0.1", sign_up="open", oidc_issuer=provider, oidc_client_id="board",
            oidc_client_secret="a secret of both", oidc_name="Example", smtp_url=office.address,
        )  # fmt: skip

    def test_a_link_is_told_when_it_is_made_and_when_it_is_gone(
        self, visit: Visit, database: Database, office: Mailbox, ada: Forecaster
    ) -> None:
        with database.writing() as (session, moment):
            subscribing.confirm(session, subscribing.set_email(session, ada, "ada@example.org", moment), moment)
        browser = visit(ada)

        go(browser, "e-1", "/settings/sso")
        go(browser, "e-1", "/settings/sso")  # it is linked already
        go(visit(), "e-1")
        browser.post("/settings/sso/removal")

        assert office.to == [["ada@example.org"]] * 2
        assert [plain(one).partition("\n")[0] for one in office.kept] == [
            "Example opens your account from now on.",
            "Example opens your account no more.",
        ]


def test_nobody_sets_out_more_often_than_twenty_times_at_once(
    visit: Visit, database: Database, clock: MovedClock
) -> None:
    """From one address; one more each half minute. What nobody came back from is forgotten after ten minutes."""
    away = [visit().post("/sso").status_code for _ in range(21)]
    waiting = len(rows(database, "visit"))
    refused = visit().post("/sso")
    clock.moment += timedelta(seconds=30)
    again = [visit().post("/sso").status_code for _ in range(2)]
    clock.moment += timedelta(minutes=10)
    visit().post("/sso")

    assert away == [303] * 20 + [429]
    assert waiting == 20
    assert refused.headers["retry-after"] == "30"
    assert alerts(refused) == ["Too many tries went wrong from where you are. Wait 30 seconds and try again."]
    assert again == [303, 429]
    assert len(rows(database, "visit")) == 1
