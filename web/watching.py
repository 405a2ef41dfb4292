"""What of a request goes into the security log: see forecasts/watchbook.py for the log itself.

Each line says when, what (`event`), how it ended (`outcome`: done, half, refused, throttled or failed, and `status`),
who did it and to whom (pseudonyms), from which network (`client`), by which method and route, and which request it was.
A route is told by its template, so that no token in an address is, and nothing after its question mark.

`EVENTS` are the forms that are always told of. Besides, told of are whatever was turned away at the door (`door`:
another site's form, another host, too often, too large), who says that they are somebody and is not (`identity`), what
somebody may not do (`permission`), what was tried too often (`limit`), and faults of ours (`fault`, with the kind of
the error and without its words).
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forecasts import throttle, watchbook
from forecasts.models import Forecaster

KEY = "brierboard.watched"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}

EVENTS: Mapping[str, str] = {
    "/sign-in": "sign-in",
    "/sign-in/code": "second factor",
    "/sign-up": "sign-up",
    "/sign-out": "sign-out",
    "/sso": "single sign-on begun",
    "/sso/callback": "single sign-on",
    "/sso/name": "sign-up",
    "/reset": "reset asked for",
    "/reset/{token}": "password reset",
    "/confirm/{token}": "address confirmed",
    "/settings/password": "password changed",
    "/settings/email": "address asked for",
    "/settings/email/removal": "address removed",
    "/settings/second-factor": "second factor begun",
    "/settings/second-factor/confirmation": "second factor set up",
    "/settings/second-factor/codes": "recovery codes made",
    "/settings/second-factor/removal": "second factor removed",
    "/settings/erasure": "account erased",
    "/settings/sso": "link begun",
    "/settings/sso/removal": "link removed",
    "/settings/sessions/removal": "session ended",
    "/settings/sessions/others": "sessions ended",
    "/settings/tokens": "token made",
    "/settings/tokens/{number}/revocation": "token revoked",
    "/settings/bots": "bot made",
    "/invitations": "invitation made",
    "/invitations/revocation": "invitation revoked",
    "/invitations/reset-link": "reset link made",
    "/people/{handle}/suspension": "suspension",
    "/people/{handle}/merging": "merge",
    "/people/{handle}/erasure": "account erased",
    "/comments/{entry:int}/hiding": "comment hidden",
    "/api/v1/people/{handle}/suspension": "suspension",
    "/api/v1/people/{handle}/merging": "merge",
    "/api/v1/people/{handle}/separation": "merge undone",
    "/api/v1/comments/{entry:int}/hiding": "comment hidden",
    "/api/v1/tokens": "token made",
    "/api/v1/tokens/{number}/revocation": "token revoked",
    "/api/v1/bots": "bot made",
    "/api/v1/bots/{handle}/tokens": "token made",
}
"""What is always told of: forms, by the templates of their routes."""

ELSE: Mapping[int, str] = {401: "identity", 403: "permission", 429: "limit", 500: "fault", 503: "fault"}
"""What is told of any other answer, by its status."""

Templates = Sequence[tuple[re.Pattern[str], str]]


@dataclass
class Asked:
    """A request, and what becomes known of it on its way; what `event` and `outcome` say goes before the status."""

    number: str = field(default_factory=lambda: secrets.token_hex(8))
    event: str = ""
    outcome: str = ""
    who: str = ""
    whom: str = ""
    role: str = ""
    fault: str = ""

    def by(self, person: Forecaster | None) -> None:
        """That it is this person's; None where nobody knows whose it is."""
        if person is not None:
            self.who = person.pseudonym

    def join(self, person: Forecaster) -> None:
        """That this person has come, with the role that they have."""
        self.who, self.role = person.pseudonym, person.role

    def about(self, person: Forecaster | None) -> None:
        """That something is done to this person or bot."""
        if person is not None:
            self.whom = person.pseudonym


def asked(request: HTTPConnection) -> Asked:
    """What is known of a request."""
    found: Asked = request.scope.setdefault(KEY, Asked())
    return found


def witness(request: Request) -> Asked:
    """The same for routes."""
    return asked(request)


Witness = Annotated[Asked, Depends(witness)]


class Watched:
    """Tell of every answer that has to do with security, as it goes out.

    templates  the routes that there are, by what their addresses look like, for what is turned away before any is found
    """

    def __init__(self, app: ASGIApp, templates: Templates) -> None:
        self.app, self.templates = app, templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, known = scope["path"], Asked()
        scope[KEY] = known

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] != 500:
                self.tell(scope, path, known, message["status"])
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        except Exception as error:  # the one place where a 500 is told of: only here its kind is known
            known.fault, known.event = type(error).__name__, "fault"
            self.tell(scope, path, known, 500)
            raise

    def tell(self, scope: Scope, path: str, known: Asked, status: int) -> None:
        """Write what is to be told of this answer, if anything is."""
        route = self.template(scope, path)
        form = EVENTS.get(route, "") if scope["method"] == "POST" else ""
        event = known.event or form or ELSE.get(status, "")
        if event:
            watchbook.say(
                event, outcome=known.outcome or outcome_of(status), status=status, who=known.who, whom=known.whom,
                role=known.role, fault=known.fault, client=throttle.network((scope.get("client") or ("",))[0]),
                method=scope["method"] if scope["method"] in METHODS else "other", route=route, request=known.number,
            )  # fmt: skip

    def template(self, scope: Scope, path: str) -> str:
        """The template of the route that answered, or would have; "" where there is none."""
        found = getattr(scope.get("route"), "path", "")
        if found and found != scope.get("root_path"):
            return f"{scope.get('root_path', '')}{found}"
        return next((template for pattern, template in self.templates if pattern.match(path)), "")


def outcome_of(status: int) -> str:
    """How a request ended, by its status."""
    if status < 400:
        return "done"
    if status == 429:
        return "throttled"
    return "failed" if status >= 500 else "refused"
