"""Settings from the environment, prefix BRIERBOARD_. `brierboard serve` works with none set."""

from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What may be set.

    database_url  SQLAlchemy's form: sqlite:///FILE, or postgresql+psycopg://..
    base_url      how people reach this server, where that is not http://HOST:PORT (behind a proxy, say)
    sign_up       who may make an account: "open" is everybody, "closed" those with an invitation link;
                  by default open while only this machine can reach the server
    """

    model_config = SettingsConfigDict(env_prefix="BRIERBOARD_", extra="ignore")

    database_url: str = "sqlite:///brierboard.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    base_url: str = ""
    sign_up: Literal["open", "closed", ""] = ""

    @property
    def address(self) -> str:
        """Where a browser finds this server, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.base_url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def sign_up_open(self) -> bool:
        ours_alone = is_loopback(self.host) and is_loopback(urlsplit(self.address).hostname or "")
        return self.sign_up == "open" or (not self.sign_up and ours_alone)

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
