"""What guards the door: whose forms are taken, by which name we are called, and where a sign-in may lead back to."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forecasts.settings import Settings, origin
from web.refusing import turned_away

SAFE = {"GET", "HEAD", "OPTIONS"}
WATCHED = "/healthz"
"""The address that whoever watches the server asks, by any name and as often as they like."""

FROM_ELSEWHERE = "This form was sent from another site. Open the page here and send it again."


class SameOrigin:
    """Refuse an unsafe request that another site's page made the browser send.

    Sec-Fetch-Site decides where the browser sends it, else Origin against our address, or against Host where nobody
    has set it; a client that sends neither is not a browser and carries no cookie that it was tricked into sending.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.ours = app, settings.origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        unsafe = scope["type"] == "http" and scope["method"] not in SAFE
        if unsafe and not same_origin(Headers(scope=scope), self.ours):
            await turned_away(scope, 403, FROM_ELSEWHERE)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def same_origin(headers: Headers, ours: str = "") -> bool:
    """Whether a request with these headers comes from one of our own pages, or from no page at all.

    ours  the scheme, name and port that browsers reach us by; "" where only Host tells it
    """
    fetched = headers.getlist("sec-fetch-site")
    if fetched:
        return fetched in (["same-origin"], ["none"])
    sent = headers.getlist("origin")
    if not sent:
        return True
    if len(sent) > 1 or sent[0].lower() == "null":
        return False
    return origin(sent[0]) == ours if ours else _host(sent[0]) == headers.get("host", "").lower()


def _host(sent: str) -> str | None:
    try:
        return urlsplit(sent).netloc.lower() or None
    except ValueError:
        return None


class Named:
    """Refuse a request for another name than ours, so that no other name's pages can be made of ours.

    Where nobody has said by which address browsers reach us, any name will do: none is ever written into a page.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.ours = app, settings.origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.ours and scope["path"] != WATCHED:
            named = Headers(scope=scope).getlist("host")
            if len(named) != 1 or not names(self.ours, named[0]):
                await turned_away(scope, *self.refusal(named))(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def refusal(self, named: list[str]) -> tuple[int, str]:
        """The status and the sentence."""
        if len(named) != 1:
            return 400, f"A request names one host, and this one {len(named)}. Send Host once."
        return 421, (
            f"This server is {self.ours}, not “{named[0][:60]}”. Open it there. Whoever runs it lets the proxy pass "
            "Host on, or sets BRIERBOARD_BASE_URL."
        )


def names(ours: str, host: str) -> bool:
    """Whether a Host header is that of our address; its usual port may stand there or not."""
    scheme = ours.partition("://")[0]
    return set("/@?#\\").isdisjoint(host) and origin(f"{scheme}://{host}") == ours


class Heads:
    """Answer HEAD as GET, without the content."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, send_head)


def local(path: str) -> str:
    """The path if it is one of this site, else the desk: nobody is led elsewhere by a link to our sign-in."""
    plain = path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"
