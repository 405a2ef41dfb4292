"""One record in each state that a set of questions can be in, and everybody who may come to it."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI
from sqlmodel import Session, select
from starlette.testclient import TestClient

from forecasts import bots, discussion, drafting, moderation, resetting, subscribing, tokens
from forecasts.database import Database
from forecasts.history import KeptPaths
from forecasts.models import Forecaster
from forecasts.settings import Settings
from forecasts.sqlite import library
from questions import audiences, journal
from questions.audiences import Shown
from questions.models import Head, QuestionSet
from tests.cast import HOUR, NOON, MovedClock, draft, join, publish, resolve, say, sign
from tests.web.conftest import token_for
from web.app import create
from web.dependencies import COOKIE, LINKS

TITLE, WRITTEN, SAID = "Will the kraken surface?", "I have seen it before.", "83%"
TRAM = {"title": "Will the tram run?", "kind": "binary", "criteria": "As seen.", "closes_at": "in 3 weeks"}

NOBODY, KIM, ADA, SUE, MO, BOSS = "nobody", "kim", "ada", "sue", "mo", "boss"
ACTORS = (NOBODY, KIM, ADA, SUE, MO, BOSS)
"""Kim has said nothing. Ada has forecast, commented and drafted. Sue is suspended."""

ROBO, READER, CLERK = "ada's bot", "ada, who may read", "mo, who may not moderate"
BEARERS = {
    "bob": ("bob", ("read",)),
    **{who: (who, tuple(tokens.SCOPES)) for who in ACTORS if who != NOBODY},
    ROBO: ("robo", ("read", "forecast")),
    READER: (ADA, ("read",)),
    CLERK: (MO, ("read", "forecast")),
}
"""By which token programs come: whose it is, and its scopes."""

STATES: Mapping[str, Shown] = {
    "public": Shown("public", "always"),
    "blind": Shown("public", "answered"),
    "members": Shown("members", "always"),
    "unlisted": Shown("unlisted", "always"),
    "draft": Shown("draft", "always"),
}


@dataclass
class World:
    """A record in one state.

    file     the record; `kept` is what it is put back to
    cookies  what the browser of everybody who signed in holds
    bearers  the tokens by which programs come
    names    what stands in addresses
    """

    file: Path
    kept: Path
    database: Database
    app: FastAPI
    cookies: Mapping[str, str]
    bearers: Mapping[str, str]
    names: Mapping[str, str]

    @contextmanager
    def visited(self, who: str, *, linked: bool = False) -> Iterator[TestClient]:
        """A browser of somebody, who may have opened the link. It always sends what it came with."""
        held = {COOKIE: self.cookies.get(who), LINKS: self.names["key"] if linked else None}
        with TestClient(self.app, follow_redirects=False) as browser:
            if sent := "; ".join(f"{name}={value}" for name, value in held.items() if value):
                browser.headers["Cookie"] = sent
            yield browser

    @contextmanager
    def called(self, who: str) -> Iterator[TestClient]:
        """A program that comes by a token."""
        with TestClient(self.app, follow_redirects=False) as client:
            if bearer := self.bearers.get(who):
                client.headers["Authorization"] = f"Bearer {bearer}"
            yield client

    @property
    def entries(self) -> int:
        """How many entries its journal has."""
        with self.database.reading() as session:
            return session.get_one(Head, 1).seq

    def put_back(self) -> None:
        """Make it what it was, and forget what was worked out of what it had become."""
        with closing(library.connect(self.kept)) as kept, closing(library.connect(self.file)) as file:
            file.execute("PRAGMA synchronous=OFF")
            kept.backup(file)
        self.database.crowds = KeptPaths()
        self.database.boards.clear()


def worlds_in(place: Path, template: Path) -> dict[str, World]:
    """One in each state, as files in a folder."""
    first = Path(shutil.copy(template, place / "first.db"))
    people, names = inhabited(first)
    return {state: in_state(Path(shutil.copy(first, place / f"{state}.db")), shown, people, names)
            for state, shown in STATES.items()}  # fmt: skip


def inhabited(file: Path) -> tuple[dict[str, Forecaster], dict[str, str]]:
    """The people and what they have done, with the names by which addresses call it."""
    clock = MovedClock(NOON)
    database = Database(f"sqlite:///{file}", clock)
    rung = {"ladder": {"threshold": 1, "direction": "above"}}
    kraken, snow = publish(
        database, draft("kraken", title=TITLE, group="steps", spec=rung), draft("snow"), within="deep"
    )
    people = peopled(database)
    for name in (ADA, "bob"):
        say(database, people[name], snow, 0.5)
    clock.moment += 1.5 * HOUR
    for name in (ADA, "bob"):
        say(database, people[name], kraken, 0.83)
    resolve(database, people[MO], snow, 1)
    sign(database)
    with database.writing() as (session, moment):
        names = {"comment": str(discussion.comment(session, people[ADA], kraken, WRITTEN, moment).entry)}
        moderation.suspend(session, people[SUE], True, "Rude.", by=people[MO], moment=moment)
        drafted(session, people[ADA], moment)
        names |= lettered(session, people[ADA], moment)
    database.close()
    return people, names


def peopled(database: Database) -> dict[str, Forecaster]:
    """Everybody, by handle."""
    roles = {MO: "moderator", BOSS: "administrator"}
    people = {
        name: join(database, name.capitalize(), roles.get(name, "forecaster")) for name in (*ACTORS[1:], "bob")
    }  # fmt: skip
    with database.writing() as (session, moment):
        people["robo"] = bots.add(session, people[ADA], "Robo", moment)
    return people


def drafted(session: Session, ada: Forecaster, moment: datetime) -> None:
    """Ada's: a source with a claim, a question that waits for review, and one that may be sent."""
    source = drafting.start(session, ada, "source", {"title": "A speech"}, moment)
    drafting.add_claim(session, source, ada, {}, 0, moment)
    drafting.send(session, drafting.start(session, ada, "question", TRAM, moment), ada, moment)
    drafting.start(session, ada, "question", TRAM, moment)


def lettered(session: Session, ada: Forecaster, moment: datetime) -> dict[str, str]:
    """What stands in addresses that nobody is led to but by a mail."""
    subscribing.confirm(session, subscribing.set_email(session, ada, "ada@example.org", moment), moment)
    subscribing.choose_digest(session, ada, "day", ["resolved"], "", moment)
    digest = subscribing.digest_of(session, ada)
    assert digest is not None
    assert digest.stop is not None
    names = {"/stop/{token}": digest.stop, "/calendar/{token}.ics": subscribing.make_calendar(session, ada)}
    names["/reset/{token}"] = resetting.link(session, KIM, moment)
    return names | {"/confirm/{token}": subscribing.set_email(session, ada, "other@example.org", moment)}


def in_state(file: Path, shown: Shown, people: Mapping[str, Forecaster], names: Mapping[str, str]) -> World:
    """The record with its set shown so, everybody signed in and every program with its token."""
    database = Database(f"sqlite:///{file}", MovedClock(NOON + 2 * HOUR))
    with database.writing() as (session, moment):
        within = session.exec(select(QuestionSet)).one()
        audiences.show(session, within, shown, by=journal.OPERATOR, moment=moment)
        bearers = {
            who: tokens.add(session, people[name], "test", scopes, moment)[1] for who, (name, scopes) in BEARERS.items()
        }
        key = within.key or "x" * 22
    cookies = {name: token_for(database, who) for name, who in people.items() if who.kind == "person"}
    kept = file.with_suffix(".kept")
    with closing(library.connect(file)) as source, closing(library.connect(kept)) as target:
        source.backup(target)
    return World(file, kept, database, create(Settings(), database), cookies, bearers, {**names, "key": key})


# What the rules give, in their own words


def moderates(who: str) -> bool:
    """Whether a person is a moderator, or more."""
    return who in (MO, BOSS)


def sees_set(who: str, state: str, *, linked: bool = False) -> bool:
    """By its audience, a link that was opened, or as a moderator."""
    if moderates(who):
        return True
    return {"public": True, "blind": True, "members": who != NOBODY, "unlisted": linked, "draft": False}[state]


def sees(who: str, state: str, *, linked: bool = False) -> bool:
    """As the set; and what is unlisted for whoever has forecast there."""
    return sees_set(who, state, linked=linked) or (who == ADA and state == "unlisted")


def told(who: str, state: str, *, linked: bool = False) -> bool:
    """Whether they are told what others say."""
    return sees(who, state, linked=linked) and (state != "blind" or who == ADA)


def wrong_with(cell: str, *, due: int, found: int, made: int, entered: int, shown: list[str]) -> list[str]:
    """What is wrong with a cell: the status, how many entries there are more, what stands in it and may not."""
    wrong = [f"{cell}: {found}, not {due}"] if found != due else []
    wrong += [f"{cell}: {entered} entries more, not {made}"] if entered != made else []
    return wrong + [f"{cell}: shows “{word}”" for word in shown]
