"""Settings: what holds where nothing is set, and what follows from what is."""

import os

import pytest
from pydantic import ValidationError

from forecasts.settings import Settings, is_loopback


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BRIERBOARD_")]:
        monkeypatch.delenv(name)


def test_nothing_needs_to_be_set() -> None:
    settings = Settings()

    assert settings.database_url == "sqlite:///brierboard.db"
    assert settings.address == "http://127.0.0.1:8000"
    assert settings.sign_up_open
    assert not settings.secure


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIERBOARD_PORT", "8123")
    monkeypatch.setenv("BRIERBOARD_DATABASE_URL", "sqlite:////var/lib/brierboard/brierboard.db")
    monkeypatch.setenv("BRIERBOARD_SOMETHING_ELSE", "is nobody's business")
    monkeypatch.setenv("PORT", "9")

    settings = Settings()

    assert settings.port == 8123
    assert settings.database_url.endswith("/var/lib/brierboard/brierboard.db")


@pytest.mark.parametrize(
    ("host", "base_url", "address"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:8000"),
        ("::1", "", "http://[::1]:8000"),
        ("localhost", "", "http://localhost:8000"),
        ("127.0.0.1", "https://example.org", "https://example.org"),
        ("127.0.0.1", "https://example.org/board/", "https://example.org/board"),
    ],
)
def test_a_browser_is_led_to_where_the_server_is(host: str, base_url: str, address: str) -> None:
    assert Settings(host=host, base_url=base_url).address == address


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        ("", ""),
        ("https://Board.Example", "https://board.example"),
        ("https://board.example:443/", "https://board.example"),
        ("HTTPS://board.example:8443", "https://board.example:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://bücher.example/board/", "https://xn--bcher-kva.example"),
    ],
)
def test_browsers_write_our_address_in_one_way(base_url: str, origin: str) -> None:
    assert Settings(base_url=base_url).origin == origin


@pytest.mark.parametrize(
    "base_url",
    ["board.example", "ftp://board.example", "https://", "https://a@b.example", "https://b.example?c", "//b", "x"],
)
def test_what_is_no_address_stops_the_program(base_url: str) -> None:
    with pytest.raises(ValidationError, match="write it as https://"):
        Settings(base_url=base_url)


def test_proxies_are_named_by_addresses_and_networks() -> None:
    named = Settings(trusted_proxies="127.0.0.1, 10.0.0.0/8,2001:db8::/32").proxies

    assert [str(one) for one in named] == ["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"]
    for wrong in ("localhost", "*", "10.0.0.1/8", "10.0.0.0/33", "1.2.3"):
        with pytest.raises(ValidationError, match="write addresses or networks"):
            Settings(trusted_proxies=wrong)


@pytest.mark.parametrize(("base_url", "secure"), [("https://example.org", True), ("http://example.org", False)])
def test_cookies_insist_on_https_where_browsers_come_by_it(base_url: str, secure: bool) -> None:
    assert Settings(base_url=base_url).secure is secure


@pytest.mark.parametrize(
    ("host", "sign_up", "is_open"),
    [
        ("127.0.0.1", "", True),
        ("127.0.0.53", "", True),
        ("::1", "", True),
        ("localhost", "", True),
        ("0.0.0.0", "", False),
        ("::", "", False),
        ("192.168.1.7", "", False),
        ("example.org", "", False),
        ("localhost.example.org", "", False),
        ("", "", False),
        ("0.0.0.0", "open", True),
        ("127.0.0.1", "closed", False),
    ],
)
def test_sign_up_is_open_only_where_this_machine_alone_is_served(host: str, sign_up: str, is_open: bool) -> None:
    settings = Settings.model_validate({"host": host, "sign_up": sign_up})

    assert settings.sign_up_open is is_open
    assert is_loopback(host) is (host in ("127.0.0.1", "127.0.0.53", "::1", "localhost"))


@pytest.mark.parametrize(
    ("base_url", "is_open"),
    [("https://forecasts.example.org", False), ("http://localhost:8000", True), ("http://127.0.0.1", True)],
)
def test_sign_up_is_closed_where_others_come_by_the_base_url(base_url: str, is_open: bool) -> None:
    assert Settings(base_url=base_url).sign_up_open is is_open


@pytest.mark.parametrize(
    ("base_url", "sign_up", "policy"),
    [
        ("", "", "open"),
        ("https://forecasts.example.org", "", "invitation"),
        ("https://forecasts.example.org", "open", "open"),
        ("", "invitation", "invitation"),
        ("", "closed", "closed"),
    ],
)
def test_who_may_sign_up_is_set_or_follows_from_who_can_reach_the_server(
    base_url: str, sign_up: str, policy: str
) -> None:
    settings = Settings.model_validate({"base_url": base_url, "sign_up": sign_up})

    assert (settings.policy, settings.sign_up_open) == (policy, policy == "open")


@pytest.mark.parametrize(
    ("issuer", "client", "is_on"),
    [
        ("", "", False),
        ("https://login.example.org", "", False),
        ("", "board", False),
        ("https://login.example.org/realms/one", "board", True),
        ("http://localhost:9400", "board", True),
    ],
)
def test_single_sign_on_takes_a_provider_that_knows_us(issuer: str, client: str, is_on: bool) -> None:
    assert Settings(oidc_issuer=issuer, oidc_client_id=client).single_sign_on is is_on


@pytest.mark.parametrize(
    "issuer",
    ["login.example.org", "http://login.example.org", "https://", "https://login.example.org/?x", "ftp://localhost"],
)
def test_a_provider_that_others_could_stand_in_for_is_refused(issuer: str) -> None:
    with pytest.raises(ValidationError, match=r"write it as https://login\.example\.org"):
        Settings(oidc_issuer=issuer)


@pytest.mark.parametrize(
    ("name", "value"), [("port", "eighty"), ("port", "-1"), ("port", "65536"), ("sign_up", "maybe")]
)
def test_a_setting_that_cannot_be_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings.model_validate({name: value})
