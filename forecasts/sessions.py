"""Sessions: which browsers somebody is signed in with, when each was last at work, and how they are ended."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from forecasts.accounts import lasts, seal
from forecasts.database import Database
from forecasts.models import BrowserSession, Forecaster
from forecasts.settings import Lasting
from questions.errors import NotFound, Refusal

FRESH = timedelta(minutes=10)
"""How long after signing in nobody is asked for the password again."""

NOTED = timedelta(hours=1)
"""How often at most it is noted that a session is in use."""

MARK = 12
"""How much of what is kept of a cookie names its session in lists: it opens nothing."""

BROWSERS = (
    ("Edge", r"\bEdgA?/"), ("Opera", r"\bOPR/"), ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"), ("Chrome", r"\b(?:Chrome|CriOS|Chromium)/"), ("Safari", r"\bSafari/"),
)  # fmt: skip
SYSTEMS = (
    ("an iPhone", "iPhone"), ("an iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("a Mac", "Macintosh|Mac OS X"), ("ChromeOS", r"\bCrOS\b"), ("Linux", "Linux|X11"),
)  # fmt: skip


def browser_of(agent: str) -> str:
    """The browser that calls itself that, in words: “Firefox on Linux”; what is none of those that we know is said so.

    >>> browser_of("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox on Linux'
    >>> browser_of("curl/8")
    'An unknown browser'
    """
    name = next((name for name, sign in BROWSERS if re.search(sign, agent)), "An unknown browser")
    system = next((name for name, sign in SYSTEMS if re.search(sign, agent)), "")
    return f"{name} on {system}" if system else name


def listed(session: Session, person: Forecaster, moment: datetime, lasting: Lasting) -> Sequence[BrowserSession]:
    """Their sessions that have not run out, the one that began last first."""
    theirs = select(BrowserSession).where(BrowserSession.forecaster_id == person.id, lasts(moment, lasting))
    return session.exec(theirs.order_by(col(BrowserSession.made_at).desc(), col(BrowserSession.token))).all()


def mark(one: BrowserSession) -> str:
    """What names it in lists."""
    return one.token[:MARK]


def is_fresh(session: Session, token: str, moment: datetime) -> bool:
    """Whether who has this token signed in a moment ago."""
    found = session.get(BrowserSession, seal(token))
    return found is not None and moment - found.made_at < FRESH


def revoke(session: Session, person: Forecaster, name: str) -> None:
    """End one of theirs, by what names it in lists. Raises NotFound."""
    theirs = session.exec(select(BrowserSession).where(BrowserSession.forecaster_id == person.id)).all()
    found = next((one for one in theirs if mark(one) == name), None)
    if found is None:
        raise NotFound("This session has ended already. The list shows those that there are.")
    session.delete(found)


def revoke_others(session: Session, person: Forecaster, token: str) -> None:
    """End every one of theirs but that of this token."""
    others = (col(BrowserSession.forecaster_id) == person.id, col(BrowserSession.token) != seal(token))
    session.exec(delete(BrowserSession).where(*others))


def touch(session: Session, token: str, moment: datetime, lasting: Lasting) -> None:
    """Note that this browser is in use, once an hour. A session that has run out stays so."""
    seen_at = func.coalesce(BrowserSession.seen_at, BrowserSession.made_at)
    stale = (col(BrowserSession.token) == seal(token), seen_at <= moment - NOTED, lasts(moment, lasting))
    session.exec(update(BrowserSession).where(*stale).values(seen_at=moment))


def is_stale(session: Session, token: str, moment: datetime) -> bool:
    """Whether it is to be noted that this browser is in use now."""
    found = session.get(BrowserSession, seal(token))
    return found is not None and moment - (found.seen_at or found.made_at) >= NOTED


def note(database: Database, token: str, lasting: Lasting) -> None:
    """Note that pages are read with this browser, in a transaction of its own, after they were sent.

    It happens once an hour; what has run out is swept away with it. Where the record cannot be written to, nothing is
    noted: nobody waits for it.
    """
    try:
        with database.writing() as (session, moment):
            touch(session, token, moment, lasting)
            session.exec(delete(BrowserSession).where(~lasts(moment, lasting)))
    except Refusal:
        return
