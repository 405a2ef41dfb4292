"""Who really asks: behind proxies that whoever runs the server has named, and behind no others."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from forecasts.settings import Network, Settings

Address = IPv4Address | IPv6Address


class Proxies:
    """See through the proxies: from here on the client, the scheme and the host are those that the browser knows.

    What anybody else says about whom they speak for is not believed.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.trusted = app, settings.proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and trusts(self.trusted, address_of(scope)):
            scope = {**scope, **seen_through(scope, self.trusted)}
        await self.app(scope, receive, send)


def address_of(scope: Scope) -> Address | None:
    """The address that the request comes from; None where it has none that is a number."""
    return read((scope.get("client") or ("",))[0])


def read(text: str) -> Address | None:
    """An address as it stands in a header, with a port or in brackets; one of IPv4 whichever way it is written."""
    text = text.strip()
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    host = host.partition(":")[0] if host.count(":") == 1 else host
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def trusts(trusted: Sequence[Network], address: Address | None) -> bool:
    """Whether that is one of our proxies."""
    return address is not None and any(address in one for one in trusted)


def seen_through(scope: Scope, trusted: Sequence[Network]) -> dict[str, object]:
    """What our proxies say of the request: the parts of the scope that they change."""
    headers, seen = Headers(scope=scope), dict[str, object]()
    client = behind(headers.getlist("x-forwarded-for"), trusted)
    if client is not None:
        seen["client"] = (str(client), 0)
    scheme, host = (_last(headers, f"x-forwarded-{one}") for one in ("proto", "host"))
    if scheme in ("http", "https"):
        seen["scheme"] = scheme
    if host:
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        seen["headers"] = [*others, (b"host", host.encode("latin-1"))]
    return seen


def behind(forwarded: Sequence[str], trusted: Sequence[Network]) -> Address | None:
    """The rightmost address that is not one of our proxies: what stands left of it anybody may have written."""
    found: Address | None = None
    for hop in reversed(",".join(forwarded).split(",")):
        address = read(hop)
        if address is None:
            return found
        found = address
        if not trusts(trusted, address):
            return found
    return found


def _last(headers: Headers, name: str) -> str:
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()
