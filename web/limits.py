"""How much one client may ask of us: how often, how much at once, and for how long it may take to send it."""

import re
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

import anyio
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forecasts import throttle
from forecasts.settings import Settings
from web.proxies import address_of
from web.refusing import turned_away
from web.security import SAFE, WATCHED

MINUTE = 60.0
MOST_CLIENTS = 50_000
"""How many are remembered; those who have been silent longest are forgotten first."""

NEWS = 10
"""How often one may ask for news for each time that one may ask for a page."""

SIGN_IN = re.compile(
    "/(sign-(in|up)|confirm|stop|reset|sso|invitations|settings/(password|erasure|email|second-factor|sso|sessions))(/.*)?"
)
"""Where a form tries a password or a secret, or makes us send a mail."""

LARGEST_BODY = 1_000_000
"""Bytes of a request: a page of text in every field, in letters that take nine bytes each on their way."""

LARGEST_SET = 4_000_000
"""Bytes of a set of questions, which is the largest thing that anybody sends."""

SETS = ("/sets", "/api/v1/sets")
"""Where one is sent."""

SLOWEST_BODY = 60.0
"""Seconds in which it must have come whole."""

CLOSE = {"Connection": "close"}


class Allowance:
    """So many a minute for each client, at once or spread out: a bucket that fills again as time passes.

    ticking  tells the seconds that have passed since some moment, and never goes back
    """

    def __init__(self, a_minute: int, ticking: Callable[[], float], most: int = MOST_CLIENTS) -> None:
        self.step = MINUTE / a_minute if a_minute else 0.0
        self.ticking, self.most = ticking, most
        self.full_at: OrderedDict[str, float] = OrderedDict()

    def wait(self, client: str) -> float:
        """Seconds until this client may ask again; 0 lets it in and counts it."""
        now = self.ticking()
        full_at = max(self.full_at.get(client, now), now) + self.step
        if full_at - now > MINUTE + 1e-6:
            return full_at - now - MINUTE
        self.full_at[client] = full_at
        self.full_at.move_to_end(client)
        if len(self.full_at) > self.most:
            self.full_at.popitem(last=False)
        return 0.0


class Rates:
    """Turn away who asks too often. Signing in counts by itself: it must not be tried as often as a page is read.

    So does asking for news, which open pages do every five seconds and which costs next to nothing: a thousand readers
    may share an address.

    Kept in this process: several of them allow so much each. Whoever asks from this machine is let through, as is who
    has no address: they are a proxy that nobody named, and would all be one.
    """

    def __init__(self, app: ASGIApp, settings: Settings, ticking: Callable[[], float]) -> None:
        self.app = app
        self.reads, self.writes, self.sign_ins = (
            Allowance(many, ticking)
            for many in (settings.reads_a_minute, settings.writes_a_minute, settings.sign_ins_a_minute)
        )
        self.news = Allowance(NEWS * settings.reads_a_minute, ticking)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seconds = self.wait(scope) if scope["type"] == "http" else 0
        if not seconds:
            await self.app(scope, receive, send)
            return
        many = f"{seconds} seconds" if seconds > 1 else "a second"
        sentence = f"Too many requests came from your address. Wait {many} and try again."
        await turned_away(scope, 429, sentence, {"Retry-After": str(seconds)})(scope, receive, send)

    def wait(self, scope: Scope) -> int:
        """Whole seconds until this request would be let in; 0 lets it in."""
        client = client_of(scope)
        if not client or scope["path"] == WATCHED or scope["path"].startswith("/static/"):
            return 0
        return ceil(self.allowance(scope).wait(client))

    def allowance(self, scope: Scope) -> Allowance:
        """What the request counts for."""
        if scope["path"].endswith("/live"):
            return self.news
        if scope["method"] in SAFE:
            return self.reads
        return self.sign_ins if SIGN_IN.fullmatch(scope["path"]) else self.writes


def client_of(scope: Scope) -> str:
    """Whom a request counts for: the address of a household or a company; "" for this machine and for nobody."""
    address = address_of(scope)
    return "" if address is None or address.is_loopback else throttle.network(str(address))


class Bodies:
    """Take no body that is too large, is packed, or takes too long to come.

    What a sender says of its length is believed only where that is against it: what comes is counted.
    """

    def __init__(self, app: ASGIApp, slowest: float = SLOWEST_BODY) -> None:
        self.app, self.slowest = app, slowest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
            sentence = "What is sent here must not be packed. Leave Content-Encoding out."
            await turned_away(scope, 415, sentence, CLOSE)(scope, receive, send)
            return
        largest = LARGEST_SET if scope["path"] in SETS else LARGEST_BODY
        if _length(headers) > largest:
            await turned_away(scope, 413, too_large(largest), CLOSE)(scope, receive, send)
            return
        await self.app(scope, _Body(largest, self.slowest, receive).receive, send)


def too_large(largest: int) -> str:
    """What is said of a body that is larger."""
    return f"This is larger than {largest / 1e6:g} MB. Send less at once."


class _Body:
    """One body on its way."""

    def __init__(self, largest: int, slowest: float, receive: Receive) -> None:
        self.largest, self.slowest, self._receive = largest, slowest, receive
        self.size, self.whole = 0, False
        self.until: float | None = None

    async def receive(self) -> Message:
        if self.whole:
            return await self._receive()
        if self.until is None:
            self.until = anyio.current_time() + self.slowest
        try:
            with anyio.fail_after(max(self.until - anyio.current_time(), 0)):
                message = await self._receive()
        except TimeoutError as error:
            sentence = f"The form did not come whole within {self.slowest:g} seconds. Send it again."
            raise HTTPException(408, sentence, CLOSE) from error
        if message["type"] == "http.disconnect":  # nobody hears this, and it is no fault of ours for the log
            raise HTTPException(400, "The body did not come whole. Send it again.", CLOSE)
        self.size += len(message.get("body", b""))
        if self.size > self.largest:
            raise HTTPException(413, too_large(self.largest), CLOSE)
        self.whole = not message.get("more_body", False)
        return message


def _length(headers: Headers) -> int:
    said = headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 20 else 0
