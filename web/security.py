"""What guards the door: the same-origin check on every unsafe request, and where a sign-in may lead back to."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SAFE = {"GET", "HEAD", "OPTIONS"}


class SameOrigin:
    """Refuse an unsafe request that another site's page made the browser send.

    Sec-Fetch-Site decides where the browser sends it, else Origin against Host; a client that sends neither is not a
    browser and carries no cookie that it was tricked into sending.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE and not same_origin(Headers(scope=scope)):
            sentence = "This form was sent from another site. Open the page here and send it again.\n"
            refusal = PlainTextResponse(sentence, 403, headers={"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"})
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)


def same_origin(headers: Headers) -> bool:
    """Whether a request with these headers comes from one of our own pages, or from no page at all."""
    fetched = headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or _host(origin) == headers.get("host", "").lower()


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def local(path: str) -> str:
    """The path if it is one of this site, else the desk: nobody is led elsewhere by a link to our sign-in."""
    plain = path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"
