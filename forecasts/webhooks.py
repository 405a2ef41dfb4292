"""Webhooks: what is sent to other programs, signed where the form is ours, and only to where it may go."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from forecasts.models import Delivery
from forecasts.parcel import NotTaken, Parcel
from forecasts.settings import Settings
from questions.errors import Refusal

PATIENCE = 10.0
"""Seconds that the other side may take for each step, and twice that for all of them."""

SHOWN = 200
"""Characters of an answer that the log keeps."""

LONGEST = 2_000
"""Characters of an address, and what Discord takes of a message."""

PREFIX = "whsec_"
PORTS = {"http": 80, "https": 443}


class InvalidAddress(Refusal):
    """An address that no webhook can go to."""


def send(settings: Settings, parcel: Parcel) -> str:
    """Send the one delivery of the parcel and give the answer. Raises NotTaken for whatever is no 2xx."""
    (delivery,) = parcel.deliveries
    body = json.dumps(BODIES[parcel.subscription.channel](settings, delivery), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "Brierboard", "Connection": "close"}
    if parcel.subscription.secret:
        headers |= signed(parcel.subscription.secret, f"msg_{delivery.id}", int(parcel.moment.timestamp()), body)
    try:
        status, words = _post(parcel.subscription.address, headers, body, inner=settings.inner_webhooks)
    except (OSError, http.client.HTTPException, InvalidAddress) as error:
        raise NotTaken(str(error) or "The other side closed the connection.") from error
    answer = f"{status} {' '.join(words.split())}".strip()[:SHOWN]
    if not 200 <= status < 300:
        raise NotTaken(answer)
    return answer


# What is sent


def _ours(settings: Settings, delivery: Delivery) -> dict[str, Any]:
    content = dict(delivery.content)
    name, at = content.pop("event"), content.pop("at")
    return {"type": f"question.{name}", "timestamp": at, "data": content | {"question": _about(settings, delivery)}}


def _slack(settings: Settings, delivery: Delivery) -> dict[str, Any]:
    about = _about(settings, delivery)
    return {"text": f"*<{about['url']}|{_for_slack(about['title'])}>*\n{_for_slack(delivery.content['sentence'])}"}


def _discord(settings: Settings, delivery: Delivery) -> dict[str, Any]:
    about = _about(settings, delivery)
    text = f"**{_for_discord(about['title'])}**\n{_for_discord(delivery.content['sentence'])}"
    link = f"\n{about['url']}"
    return {"content": text[: LONGEST - len(link)] + link, "allowed_mentions": {"parse": []}}


BODIES: Mapping[str, Callable[[Settings, Delivery], dict[str, Any]]] = {
    "webhook": _ours,
    "slack": _slack,
    "discord": _discord,
}
"""What is sent by each channel."""


def _about(settings: Settings, delivery: Delivery) -> dict[str, str]:
    about = delivery.content["question"]
    path = f"questions/{about['slug']}" if about["slug"] else "settings"
    return {**about, "url": f"{settings.address}/{path}"}


def _for_slack(text: str) -> str:
    """Slack reads these three as its own marks."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _for_discord(text: str) -> str:
    return re.sub(r"([\\*_~`|<>\[\]#])", r"\\\1", text)


# Signing


def new_secret() -> str:
    """What our own form is signed with, as the Standard Webhooks scheme writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed(secret: str, name: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers by which the receiver knows that it was us, that it is fresh, and whether it came before."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{name}.{timestamp}.".encode() + body, hashlib.sha256)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": name, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


# Where it may go


def judge(address: str) -> str:
    """The address without what surrounds it. Raises InvalidAddress unless it is one on the web."""
    address = address.strip()
    try:
        parts = urlsplit(address)
        fits = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        fits = False
    if not fits or not address.isascii() or not address.isprintable() or " " in address or len(address) > LONGEST:
        raise InvalidAddress(
            f"“{address[:80]}” is no address for a webhook. Write one such as https://example.org/hook.", "address"
        )
    return address


def place(host: str, port: int, *, inner: bool) -> tuple[Any, ...]:
    """The family and the address to connect to. Raises InvalidAddress where one of them must not be reached."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InvalidAddress(f"“{host[:80]}” cannot be found. Check the address.", "address") from error
    for *_, (number, *_rest) in found:
        if not inner and not is_public(str(number)):
            raise InvalidAddress(
                f"“{host[:80]}” is {number}, an address of the inner network. Webhooks go to public ones alone.",
                "address",
            )
    return found[0][0], found[0][4]


def is_public(number: str) -> bool:
    """Whether an IP address is one of the public internet, also where it stands within another."""
    address = ip_address(number.partition("%")[0])
    inside = None
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        translated = address.packed[:12] in (ip_address("64:ff9b::").packed[:12], bytes(12))
        if translated:
            inside = ip_address(address.packed[12:])  # type: ignore[assignment]
    return address.is_global and not address.is_multicast and (inside is None or is_public(str(inside)))


def _post(address: str, headers: Mapping[str, str], body: bytes, *, inner: bool) -> tuple[int, str]:
    """The status and the beginning of the answer. No redirect is followed."""
    parts = urlsplit(judge(address))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with _connected(parts, inner=inner) as connection:
        connection.request("POST", target, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read(4 * SHOWN).decode(errors="replace")


@contextmanager
def _connected(parts: SplitResult, *, inner: bool) -> Iterator[http.client.HTTPConnection]:
    """A connection to the very address that was checked; cut off where all of it takes too long."""
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    family, number = place(host, port, inner=inner)
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    connection.default_port = PORTS[parts.scheme]  # so that Host names only a port that is another
    connection.sock = socket.socket(family, socket.SOCK_STREAM)
    limit = threading.Timer(2 * PATIENCE, _cut, (connection,))
    with closing(connection):
        limit.start()
        try:
            connection.sock.settimeout(PATIENCE)
            connection.sock.connect(number)
            if parts.scheme == "https":
                _encrypt(connection, host)
            yield connection
        finally:
            limit.cancel()


def _encrypt(connection: http.client.HTTPConnection, host: str) -> None:
    context = ssl.create_default_context()
    wrapped = context.wrap_socket(connection.sock, server_hostname=host, do_handshake_on_connect=False)
    connection.sock = wrapped  # before the handshake, so that it too can be cut off
    wrapped.do_handshake()


def _cut(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError):
        connection.sock.shutdown(socket.SHUT_RDWR)
