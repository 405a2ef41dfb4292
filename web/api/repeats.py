"""Idempotency-Key: a request that is sent again by the same key is one act and has the same answer.

After the IETF's draft “The Idempotency-Key HTTP Header Field”. Every act of the API takes it: what a key says is noted
before any route is asked, and the writer looks for it under its lock. An act on record is told out of the journal
again; any other answer is kept, sealed by the key and by what says who asks, as a secret may stand in it.
"""

import re
import secrets
from dataclasses import dataclass
from threading import Lock
from typing import Annotated, Final

from anyio import to_thread
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlmodel import Session
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forecasts import repeating
from forecasts.database import Database
from forecasts.models import Repeat
from forecasts.repeating import Call, Repeated
from questions.errors import ChangedMeanwhile
from web import cookies
from web.api import models, shapes
from web.api.callers import Called
from web.api.documents import KEY, LONGEST_KEY
from web.api.errors import Invalid, refused
from web.dependencies import COOKIE, Reading, database_of
from web.once import SCOPE
from web.refusing import in_json
from web.security import SAFE

SOUND = re.compile(rf"[!-~]{{1,{LONGEST_KEY}}}")
SEAL = "brierboard.seal"


class UnderWay:
    """The calls that are being answered by this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: set[tuple[str, bytes]] = set()

    def enter(self, call: Call) -> None:
        """Note that this one begins. Raises ChangedMeanwhile where one with the same key has not ended yet."""
        with self._lock:
            if (call.who, call.key) in self._calls:
                raise ChangedMeanwhile(f"The first request with this {KEY} is still under way. Ask again in a second.")
            self._calls.add((call.who, call.key))

    def leave(self, call: Call) -> None:
        """Note that it has ended."""
        with self._lock:
            self._calls.discard((call.who, call.key))


def key_of(request: Request) -> str:
    """The key that a request came with, "" where there is none. Raises Invalid."""
    sent = request.headers.getlist(KEY)
    if not sent or request.method in SAFE:
        return ""
    if len(sent) > 1:
        raise Invalid(f"The header {KEY} was sent twice. Send it once.", KEY)
    if not SOUND.fullmatch(sent[0]):
        raise Invalid(
            f"The {KEY} is not 1 to {LONGEST_KEY} visible ASCII characters. Send something such as a UUID.", KEY
        )
    return sent[0]


async def content_of(request: Request) -> bytes:
    """The body as it came."""
    return await request.body() if request.headers.get(KEY) is not None else b""


def noted(
    request: Request, called: Called, reading: Reading, content: Annotated[bytes, Depends(content_of)]
) -> None:  # fmt: skip
    """Note what a request asks for, if it came with a key. Raises Repeated where that was done, ChangedMeanwhile."""
    key = key_of(request)
    if not key or called.who is None:
        return
    who = f"{called.who.pseudonym}/{called.token.id}" if called.token else called.who.pseudonym
    asked = repeating.sealed(request.method, request.url.path, request.url.query, content)
    call = Call(who, repeating.sealed(KEY, key), asked)
    request.scope[SEAL] = repeating.sealed("answer", key, _credential(request))
    repeating.require_new(reading, call)
    under_way: UnderWay = request.app.state.under_way
    under_way.enter(call)
    request.scope[SCOPE] = call


def _credential(request: Request) -> str:
    """What says who asks, as it was sent."""
    return request.headers.get("authorization") or cookies.read(request, COOKIE)


# The answer


def told(session: Session, model: object, found: Repeat) -> BaseModel | None:
    """What an act is answered with, where its entries in the journal tell; else None."""
    if model is models.Acted:
        return shapes.acted(session, found.last)
    if model is models.Answered:
        acts = [shapes.acted(session, seq) for seq in range(found.first, found.last + 1)]
        return models.Answered(changed=len(acts), acts=acts)
    return models.Done() if model is models.Done else None


TELLING: Final = (models.Acted, models.Answered, models.Done)
"""The answers that are told again out of the journal."""


def repeated(request: Request, error: Repeated) -> Response:
    """The answer to what was done already: the one that was given."""
    route = request.scope["route"]
    with database_of(request).reading() as session:
        answer = told(session, route.response_model, error.found)
    if answer is not None:
        return Response(answer.model_dump_json(), route.status_code, media_type="application/json")
    content = opened(request.scope[SEAL], error.found.answer)
    if content is None:
        sentence = f"What came with this {KEY} was done, and its answer is not kept. Look at what there is now."
        return in_json(409, sentence, KEY)
    return Response(content, route.status_code, media_type="application/json")


def close(seal: bytes, content: bytes) -> bytes:
    """The content, sealed."""
    start = secrets.token_bytes(12)
    return start + AESGCM(seal).encrypt(start, content, None)


def opened(seal: bytes, kept: bytes | None) -> bytes | None:
    """What was sealed by this; None where that is nothing, or was by another."""
    try:
        return None if kept is None else AESGCM(seal).decrypt(kept[:12], kept[12:], None)
    except InvalidTag:
        return None


def reused(request: Request, refusal: repeating.OtherCall) -> JSONResponse:
    """The refusal of a key that came with something else before."""
    return refused(request, Invalid(str(refusal), KEY))


class Repeats:
    """Keep the answer to an act that came with a key before it goes out, where the journal does not tell it again."""

    def __init__(self, app: ASGIApp, database: Database, under_way: UnderWay) -> None:
        self.app, self.database, self.under_way = app, database, under_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or KEY.lower() not in Headers(scope=scope):
            await self.app(scope, receive, send)
            return
        try:
            await self.app(scope, receive, _Answer(scope, send, self).send)
        finally:
            self.end(scope)

    def end(self, scope: Scope) -> None:
        """Let the same be asked again."""
        if isinstance(call := scope.get(SCOPE), Call):
            self.under_way.leave(call)


@dataclass
class _Answer:
    """One answer on its way out, held until it is whole."""

    scope: Scope
    onward: Send
    repeats: Repeats
    start: Message | None = None
    content: bytes = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        self.content += message.get("body", b"")
        if message.get("more_body") or self.start is None:
            return
        call, well = self.scope.get(SCOPE), self.start["status"] < 300
        if well and isinstance(call, Call) and call.done and self.scope["route"].response_model not in TELLING:
            content = close(self.scope[SEAL], self.content)
            await to_thread.run_sync(repeating.answered, self.repeats.database, call, content)
        self.repeats.end(self.scope)
        await self.onward(self.start)
        await self.onward({**message, "body": self.content})
