"""Webhooks: signed as the scheme says, in the form of whoever receives them, and never sent where they must not go."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from forecasts import webhooks
from forecasts.clock import SystemClock
from forecasts.models import Delivery, Forecaster, Subscription
from forecasts.parcel import NotTaken, Parcel
from forecasts.settings import Settings
from forecasts.webhooks import InvalidAddress
from tests.cast import NOON
from tests.postmen import Receiver, receiver

OURS = Settings(host="127.0.0.1")
"""A server that only this machine can reach; it may send to this machine."""


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as opened:
        yield opened


def parcel(
    address: str, channel: str = "webhook", title: str = "Will it rain?", sentence: str = "Resolved: Yes.",
    secret: str = "", moment: datetime = NOON,
) -> Parcel:  # fmt: skip
    """Ada's webhook with one event."""
    about = {"slug": "rain", "title": title, "set": "weather"}
    content = {"event": "resolved", "at": "2026-03-02T12:00:00.000000Z", "question": about, "sentence": sentence}
    one = Delivery(id=7, subscription_id=1, event="resolved:rain:3", content=content | {"outcome": "Yes"}, due_at=NOON)
    mine = Subscription(
        id=1, forecaster_id=1, channel=channel, events=["resolved"], address=address, secret=secret, made_at=NOON
    )
    ada = Forecaster(id=1, pseudonym="p", handle="ada", name="Ada", joined_at=NOON)
    return Parcel(mine, ada, "", [one], frozenset(), moment)


# What is sent


def test_our_own_form_is_signed_as_standard_webhooks_says(hook: Receiver) -> None:
    secret = webhooks.new_secret()

    answer = webhooks.send(OURS, parcel(f"{hook.address}/hook?a=b", secret=secret, moment=SystemClock().now()))

    (came,) = hook.kept
    assert answer == "200 Thank you"
    assert (came.path, came.headers["content-type"], came.headers["webhook-id"]) == (
        "/hook?a=b", "application/json", "msg_7"
    )  # fmt: skip
    assert Webhook(secret).verify(came.body, came.headers) == {
        "type": "question.resolved",
        "timestamp": "2026-03-02T12:00:00.000000Z",
        "data": {
            "sentence": "Resolved: Yes.",
            "outcome": "Yes",
            "question": {
                "slug": "rain",
                "title": "Will it rain?",
                "set": "weather",
                "url": "http://127.0.0.1:8000/questions/rain",
            },
        },
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(webhooks.new_secret()).verify(came.body, came.headers)


def test_the_signature_is_the_one_that_the_schemes_own_library_makes() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)

    headers = webhooks.signed(secret, "msg_1", int(at.timestamp()), b'{"a": "b"}')

    assert headers["webhook-signature"] == Webhook(secret).sign("msg_1", at, '{"a": "b"}')


def test_slack_gets_a_message_in_which_nothing_is_a_mark(hook: Receiver) -> None:
    webhooks.send(OURS, parcel(hook.address, "slack", "<!channel> & rain?", "Annulled: <@ada>"))

    assert json.loads(hook.kept[0].body) == {
        "text": "*<http://127.0.0.1:8000/questions/rain|&lt;!channel&gt; &amp; rain?>*\nAnnulled: &lt;@ada&gt;"
    }
    assert "webhook-signature" not in hook.kept[0].headers


def test_discord_gets_a_message_that_calls_nobody(hook: Receiver) -> None:
    webhooks.send(OURS, parcel(hook.address, "discord", "@everyone *rain*?", "x" * 3000))

    sent = json.loads(hook.kept[0].body)
    assert sent["allowed_mentions"] == {"parse": []}
    assert sent["content"].startswith("**@everyone \\*rain\\*?**\nxxx")
    assert sent["content"].endswith("x\nhttp://127.0.0.1:8000/questions/rain")
    assert len(sent["content"]) == 2000


# What comes back


@pytest.mark.parametrize(("status", "said"), [(500, "500 Thank you"), (404, "404 Thank you"), (302, "302 Thank you")])
def test_whatever_is_no_2xx_was_not_taken_and_no_redirect_is_followed(hook: Receiver, status: int, said: str) -> None:
    hook.answers = [status]

    with pytest.raises(NotTaken, match=f"^{said}$"):
        webhooks.send(OURS, parcel(f"{hook.address}/hook"))

    assert [one.path for one in hook.kept] == ["/hook"]


def test_two_hundred_characters_of_the_answer_are_kept(hook: Receiver) -> None:
    hook.words = b"x" * 100_000

    assert webhooks.send(OURS, parcel(hook.address)) == f"200 {'x' * 196}"


# Where it may go


@pytest.mark.parametrize(
    "number",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "::",
        "fe80::1%lo", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1",
    ],
)  # fmt: skip
def test_an_address_of_the_inner_network_is_not_public(number: str) -> None:
    assert not webhooks.is_public(number)


@pytest.mark.parametrize("number", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(number: str) -> None:
    assert webhooks.is_public(number)


@pytest.mark.parametrize(
    "reached",
    [
        Settings(host="0.0.0.0"),
        Settings(host="127.0.0.1", base_url="https://board.example.org"),
    ],
    ids=["listening everywhere", "behind a proxy"],
)
def test_a_server_that_others_reach_sends_nothing_inside(hook: Receiver, reached: Settings) -> None:
    with pytest.raises(NotTaken, match=r"“127\.0\.0\.1” is 127\.0\.0\.1, an address of the inner network"):
        webhooks.send(reached, parcel(hook.address))

    assert hook.kept == []


def test_unless_it_is_told_that_it_may(hook: Receiver) -> None:
    webhooks.send(Settings(host="0.0.0.0", private_webhooks=True), parcel(hook.address))

    assert len(hook.kept) == 1


@pytest.mark.parametrize(
    "address",
    [
        "", "example.org", "ftp://example.org", "file:///etc/passwd", "http://", "http://user:word@example.org/",
        "http://example.org:0/", "http://example.org:99999/", "http://[::1", "https://example.org/\r\nX: y",
        "https://exämple.org/", f"https://example.org/{'x' * 2000}", "https://example.org/a b",
    ],
)  # fmt: skip
def test_what_is_no_address_on_the_web_is_refused(address: str) -> None:
    with pytest.raises(InvalidAddress, match="is no address for a webhook"):
        webhooks.judge(address)


def test_a_name_that_nobody_has_is_told() -> None:
    with pytest.raises(NotTaken, match=r"“nowhere\.invalid” cannot be found"):
        webhooks.send(OURS, parcel("http://nowhere.invalid/"))


def test_what_speaks_no_tls_is_told(hook: Receiver) -> None:
    with pytest.raises(NotTaken, match=r"(?i)ssl|tls"):
        webhooks.send(OURS, parcel(hook.address.replace("http://", "https://")))


def test_a_test_leads_to_the_settings(hook: Receiver) -> None:
    sent: Any = parcel(hook.address, "slack")
    sent.deliveries[0].content["question"]["slug"] = ""

    webhooks.send(OURS, sent)

    assert "<http://127.0.0.1:8000/settings|" in json.loads(hook.kept[0].body)["text"]
