"""The headers that tell a browser what a page of ours may do: on every answer, whatever gave it."""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forecasts.settings import Settings
from web.rendering import PRIVATE

ALONE = "frame-ancestors 'none'"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    f"form-action 'self'; base-uri 'none'; {ALONE}"
)
"""What pages load: our own files and nothing else, none of it written into the page."""

FRAMED = (
    POLICY.replace("script-src 'self'; ", "").replace("connect-src 'self'; ", "").replace(ALONE, "frame-ancestors *")
)
"""The same for a page that others may show in a frame: it runs no script at all."""

ANYWHERE = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""Beside what others may show: pictures, frames, and what these load."""

UNUSED = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
    "gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-get",
    "screen-wake-lock", "usb", "xr-spatial-tracking",
)  # fmt: skip

ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{one}=()" for one in UNUSED),
    **PRIVATE,
}
"""What an answer has that says nothing else. Addresses hold secrets, so they are told to nobody; to ourselves they
are, as without a Referer a browser sends no Origin either, by which forms are judged."""

TWO_YEARS = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}


def policy(settings: Settings) -> str:
    """What pages load and where their forms lead: where there is single sign-on, to its provider too."""
    parts = urlsplit(settings.oidc_issuer)
    elsewhere = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return POLICY.replace("form-action 'self'", f"form-action 'self'{elsewhere}")


class Guarded:
    """Put the headers on every answer that goes out, also on that to a fault of ours."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.headers = ALWAYS | (TWO_YEARS if settings.secure else {})
        self.headers["Content-Security-Policy"] = policy(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.guard(MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, send_guarded if scope["type"] == "http" else send)

    def guard(self, headers: MutableHeaders) -> None:
        """Add what the route did not say itself."""
        for name, value in self.headers.items():
            headers.setdefault(name, value)
        if ALONE in headers["Content-Security-Policy"]:  # for browsers that do not know it
            headers["X-Frame-Options"] = "DENY"
