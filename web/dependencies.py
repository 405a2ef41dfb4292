"""What routes ask for: a reading session, the moment, who is signed in, the form as it was typed, a way to write."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import BackgroundTasks, Depends, Query, Request
from sqlmodel import Session

from forecasts import accounts, repeating, sessions, throttle
from forecasts.database import Database, Writing
from forecasts.models import Forecaster
from forecasts.permissions import OPENED, require_same
from forecasts.settings import Settings
from questions import journal
from questions.errors import Refusal
from web import cookies, once
from web.watching import asked

COOKIE = cookies.SESSION
PARTS = (
    "forecasts", "withdrawal", "undo", "reaffirmation", "look", "comments",
    "review", "return", "publication", "deletion", "claims", "revocation", "reset-link",
)  # fmt: skip
"""The ends of addresses that are no pages: their forms stand on the page before."""

LINKS = "brierboard_links"
"""The cookie that remembers which links to unlisted questions and sets were opened."""

KEY = re.compile("[A-Za-z0-9_-]{22}")
MOST_LINKS, LONGEST_LINK = 30, 22

NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffd]")
"""What no database keeps, and \ufffd, which stands for bytes that were no UTF-8."""

LONGEST_FIELD = 20_000
LONGEST_AGENT = 400
LONGEST_FILE = 1_000_000
LONG = ("file", "text", "rationale", "comment", "note")
"""Fields that may be longer: files, and what is judged where it can be given back."""


class Unreadable(Refusal):
    """A form that cannot be read as text."""


class SignInFirst(Exception):
    """Somebody must sign in before this; `back` is where they were."""

    def __init__(self, back: str) -> None:
        super().__init__(back)
        self.back = back


def database_of(request: Request) -> Database:
    """The database that the application was made with."""
    found: Database = request.app.state.database
    return found


def settings_of(request: Request) -> Settings:
    """The settings that the application was made with."""
    found: Settings = request.app.state.settings
    return found


async def place(request: Request) -> AsyncIterator[None]:
    """One of the places for requests that hold a connection; those beyond wait here, and keep nothing meanwhile.

    Else many at once would hold every connection while they wait for a thread, and every thread while they wait for
    a connection.
    """
    async with request.app.state.places:
        yield


def reading(request: Request, _: Annotated[None, Depends(place, scope="function")]) -> Iterator[Session]:
    """A session that lasts until the answer is made, knows which links were opened, and writes nothing.

    It is given back before the answer goes out, and its place with it: nobody who reads slowly keeps either, and no
    mail server that hangs.
    """
    with database_of(request).reading() as session:
        session.info[OPENED] = opened(request)
        yield session


def opened(request: Request) -> tuple[str, ...]:
    """The keys of the links to unlisted questions and sets that this browser has opened, the latest last."""
    kept = cookies.read(request, LINKS)[: MOST_LINKS * (LONGEST_LINK + 1)].split(".")
    return tuple(key for key in kept if KEY.fullmatch(key))[-MOST_LINKS:]


Reading = Annotated[Session, Depends(reading, scope="function")]
Configured = Annotated[Settings, Depends(settings_of)]


def teller(request: Request, reading: Reading) -> Callable[[], datetime]:
    """What tells the moment, not before the last act on record: what was just saved is never in the future."""
    return lambda: journal.moment(reading, database_of(request).clock.now())


Teller = Annotated[Callable[[], datetime], Depends(teller)]


def now(tell: Teller) -> datetime:
    """The moment of this request."""
    return tell()


Now = Annotated[datetime, Depends(now)]


def writer(request: Request, reading: Reading) -> Writing:
    """`writing` for this request: once it is over the reading session sees what was written.

    What came with a key is done once, whichever route does it; see web/once.py. Whoever may do less by now than when
    they were let in does nothing. With it is noted that the browser's session is in use.
    """
    database, token, lasting = database_of(request), cookies.read(request, COOKIE), settings_of(request).lasting

    @contextmanager
    def writing(*, alone: bool = False) -> Iterator[tuple[Session, datetime]]:
        try:
            with database.writing(alone=alone) as (session, moment):
                require_same(session, asked(request).who, reading)
                with repeating.once(session, once.call_of(request), moment):
                    yield session, moment
                if token:
                    sessions.touch(session, token, moment, lasting)
        finally:
            database.renew(reading)

    return writing


Writer = Annotated[Writing, Depends(writer)]


def whose(request: Request, session: Session, moment: datetime) -> Forecaster | None:
    """Who is signed in, None where nobody is; nothing is noted of it."""
    token = cookies.read(request, COOKIE)
    return accounts.signed_in(session, token, moment, settings_of(request).lasting) if token else None


def viewer(request: Request, reading: Reading, moment: Now, later: BackgroundTasks) -> Forecaster | None:
    """Who is signed in, None where nobody is.

    That their session is in use is noted at most once an hour, after the answer and in a transaction of its own. Open
    pages that ask for news by themselves do not keep it alive.
    """
    found, token = whose(request, reading, moment), cookies.read(request, COOKIE)
    asked(request).by(found)
    if found is not None and sessions.is_stale(reading, token, moment):
        later.add_task(sessions.note, database_of(request), token, settings_of(request).lasting)
    return found


Viewer = Annotated[Forecaster | None, Depends(viewer)]


@dataclass(frozen=True)
class Sitting:
    """Where a request comes from: the network, as it is throttled, the browser in words, its session's token or ""."""

    where: str
    browser: str
    token: str


def sitting(request: Request) -> Sitting:
    """Where this request comes from. A proxy on this machine says for whom it asks; uvicorn believes no other."""
    agent = request.headers.get("user-agent", "")[:LONGEST_AGENT]
    address = request.client.host if request.client else ""
    return Sitting(throttle.network(address), sessions.browser_of(agent), cookies.read(request, COOKIE))


Seat = Annotated[Sitting, Depends(sitting)]


def signed_in(request: Request, found: Viewer) -> Forecaster:
    """Who is signed in. Raises SignInFirst where nobody is."""
    if found is None:
        raise SignInFirst(back_from(request))
    return found


SignedIn = Annotated[Forecaster, Depends(signed_in)]


def back_from(request: Request) -> str:
    """The page to come back to after signing in: this one, or for a form the page that it stands on."""
    if request.method != "GET":
        path, _, last = request.url.path.rpartition("/")
        if path.startswith("/settings"):
            return "/settings"
        return quote(path if last in PARTS else request.url.path)
    return quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""))


async def form_of(request: Request) -> Mapping[str, str]:
    """The form's fields as typed. Raises Unreadable for what is not text, and for a field that was sent twice."""
    fields: dict[str, str] = {}
    try:
        async with request.form(max_files=1, max_fields=500) as form:
            for name, value in form.multi_items():
                _require_name(name, fields)
                fields[name] = value if isinstance(value, str) else _text_of(await value.read(), name)
                require_text(name, fields[name])
    except ValueError as error:  # a form that names an encoding which Python knows and cannot use
        raise Unreadable("The form is not UTF-8 text. Open the page again and send it from there.") from error
    once.note(request, fields, fields.pop(once.FIELD, ""))
    return fields


def _require_name(name: str, earlier: Collection[str]) -> None:
    if NOT_TEXT.search(name):
        raise Unreadable("The name of a field holds a character that is not text. Open the page again.")
    if name in earlier:
        raise Unreadable(f"The field “{name[:40]}” was sent twice. Send it once.", name)


def require_text(name: str, value: str) -> None:
    """Raise Unreadable unless the database can hold the value as text of a sensible length."""
    if NOT_TEXT.search(value):
        raise Unreadable(f"The field “{name[:40]}” holds a character that is not text. Type it again.", name)
    longest = LONGEST_FILE if name in LONG else LONGEST_FIELD
    if len(value) > longest:
        raise Unreadable(f"The field “{name[:40]}” is longer than {longest} characters. Shorten it.", name)


def _text_of(content: bytes, name: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("The file is not UTF-8 text. Save it as UTF-8.", name) from error


ChosenSet = Annotated[str, Query(alias="set")]
Form = Annotated[Mapping[str, str], Depends(form_of)]
