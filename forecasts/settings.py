"""Settings from the environment, prefix BRIERBOARD_. `brierboard serve` works with none set."""

from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


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
        return self.base_url.startswith("https://")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
