"""Settings from the environment, prefix BRIERBOARD_. `brierboard serve` works with none set."""

import re
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Network = IPv4Network | IPv6Network

USUAL = {"http": 80, "https": 443}
"""The ports that an address leaves out."""


@dataclass(frozen=True)
class Lasting:
    """How long a session lasts: the whole of it from signing in on, and after the last page that was asked for."""

    whole: timedelta
    idle: timedelta


class Settings(BaseSettings):
    """What may be set.

    database_url  SQLAlchemy's form: sqlite:///FILE, or postgresql+psycopg://..
    base_url      how people reach this server, where that is not http://HOST:PORT (behind a proxy, say)
    sign_up       who may make an account: "open" is everybody, "invitation" those with a link that an administrator
                  made, "closed" nobody but those whom the command line adds; by default open while only this machine
                  can reach the server, by invitation where others can
    smtp_url      the mail server: smtp://USER:PASSWORD@HOST:587, or smtps://.. where TLS comes first; without it
                  nobody is sent any mail
    mail_from     who mail comes from, such as Brierboard <board@example.org>
    oidc_issuer   the provider of single sign-on by OpenID Connect, such as https://login.example.org; with the id and
                  the secret that it knows us by in oidc_client_id and oidc_client_secret
    oidc_name     what people call it
    private_webhooks  whether webhooks may go to addresses of the inner network, which else only a server does that
                  nobody but this machine can reach
    trusted_proxies   the proxies before this server, as addresses and networks with commas between: what they say of
                  who asks is believed
    session_days      after how many days whoever signed in must do so again
    idle_days         and after how many in which they opened no page
    signing_key       the file of the key that checkpoints are signed with; without it one beside the database
    reads_a_minute, writes_a_minute, sign_ins_a_minute
                  how much one address may ask for, send, and try at signing in, each minute; 0 is without end
    """

    model_config = SettingsConfigDict(env_prefix="BRIERBOARD_", extra="ignore")

    database_url: str = "sqlite:///brierboard.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    base_url: str = ""
    sign_up: Literal["open", "invitation", "closed", ""] = ""
    smtp_url: str = ""
    mail_from: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_name: str = "single sign-on"
    private_webhooks: bool = False
    trusted_proxies: str = ""
    session_days: int = Field(default=30, ge=1, le=365)
    idle_days: int = Field(default=15, ge=1, le=365)
    signing_key: str = ""
    reads_a_minute: int = Field(default=1200, ge=0, le=1_000_000)
    writes_a_minute: int = Field(default=240, ge=0, le=1_000_000)
    sign_ins_a_minute: int = Field(default=30, ge=0, le=1_000_000)

    @field_validator("base_url", "smtp_url", "oidc_issuer")
    @classmethod
    def _is_on_one_line(cls, value: str) -> str:
        if not value.isprintable():  # which Python would take out without a word
            raise ValueError("it holds a control character")
        return value

    @field_validator("port", "reads_a_minute", "writes_a_minute", "sign_ins_a_minute", mode="before")
    @classmethod
    def _is_a_number(cls, value: object) -> object:
        if isinstance(value, str) and not re.fullmatch("[0-9]{1,9}", value.strip()):
            raise ValueError("write it as a whole number in the digits 0 to 9")
        return value

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not origin(value):
            raise ValueError("write it as https://board.example.org")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _names_a_server(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0):
            raise ValueError("write it as smtp://user:password@host:587")
        return value

    @field_validator("mail_from")
    @classmethod
    def _names_a_sender(cls, value: str) -> str:
        local, _, domain = parseaddr(value)[1].rpartition("@")
        if value and not (local and domain and value.isascii() and value.isprintable()):
            raise ValueError("write it as brierboard <board@example.org>")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _names_a_provider(cls, value: str) -> str:
        parts = urlsplit(value)
        safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        if value and not (safe and parts.hostname and not parts.query and not parts.fragment):
            raise ValueError("write it as https://login.example.org")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _names_networks(cls, value: str) -> str:
        try:
            networks(value)
        except ValueError as error:
            raise ValueError(
                "write addresses or networks with commas between, such as 127.0.0.1, 10.0.0.0/8"
            ) from error
        return value

    @property
    def address(self) -> str:
        """Where a browser finds this server, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.base_url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def policy(self) -> str:
        """Who may make an account: "open", "invitation" or "closed"."""
        return self.sign_up or ("open" if self.ours_alone else "invitation")

    @property
    def sign_up_open(self) -> bool:
        return self.policy == "open"

    @property
    def single_sign_on(self) -> bool:
        """Whether people may sign in by another provider."""
        return bool(self.oidc_issuer and self.oidc_client_id)

    @property
    def ours_alone(self) -> bool:
        """Whether only this machine can reach the server, not even by way of a proxy."""
        return is_loopback(self.host) and is_loopback(self.domain)

    @property
    def domain(self) -> str:
        """The name or number of the machine in our address."""
        return urlsplit(self.address).hostname or ""

    @property
    def inner_webhooks(self) -> bool:
        """Whether webhooks may go to addresses that are not public."""
        return self.private_webhooks or self.ours_alone

    @property
    def sender(self) -> Address:
        """Who mail comes from."""
        name, address = parseaddr(self.mail_from)
        host = "localhost" if is_loopback(self.domain) else self.domain
        return Address(name or "Brierboard", addr_spec=address or f"brierboard@{host}")

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https, so that cookies may insist on it."""
        return self.origin.startswith("https://")

    @property
    def lasting(self) -> Lasting:
        """How long a session lasts."""
        return Lasting(timedelta(days=self.session_days), timedelta(days=self.idle_days))

    @property
    def origin(self) -> str:
        """The scheme, name and port by which browsers reach us, as they write it; "" where nobody has said so."""
        return origin(self.base_url)

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The addresses whose word on who asks is believed."""
        return networks(self.trusted_proxies)


def origin(address: str) -> str:
    """The scheme, name and port of an address of the web, as a browser writes them; "" where it is none."""
    try:
        parts = urlsplit(address.strip())
        name, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:
        return ""
    if parts.scheme not in USUAL or not name or parts.username is not None or parts.query or parts.fragment:
        return ""
    name = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, USUAL[parts.scheme]) else "")


def networks(text: str) -> tuple[Network, ...]:
    """The addresses and networks in a text with commas between. Raises ValueError for what is neither."""
    return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
