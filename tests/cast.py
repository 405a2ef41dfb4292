"""The cast: Ada is calibrated, Bob is sure of himself, Mo moderates; a clock that tests move, and what is asked."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import col, select

from forecasts import accounts, boards, checkpoints, entrance, ledger
from forecasts.database import TRIGGERS, Database
from forecasts.leaderboard import Row
from forecasts.models import Checkpoint, Forecast, Forecaster
from forecasts.permissions import visible
from forecasts.signing import Signer
from forecasts.sqlite import library
from questions import catalog, journal
from questions.catalog import Decision
from questions.models import WORDS, Entry, Question, Resolution

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

PATIENCE = 60.0
"""Seconds in which whatever is waited for must have happened."""

SPECS: Mapping[str, Mapping[str, Any]] = {
    "binary": {},
    "choice": {"outcomes": ["north", "south", "calm"]},
    "number": {"range": {"low": 1, "high": 3, "open_below": False, "open_above": False, "step": 1}},
    "date": {
        "range": {
            "low": "2026-03-03T00:00:00Z",
            "high": "2026-03-05T00:00:00Z",
            "open_below": False,
            "open_above": True,
            "step": "day",
        }
    },
}
"""Something that can be asked of each kind. All but yes or no have three outcomes."""

SOURCE: Mapping[str, Any] = {
    "slug": "almanac",
    "name": "The almanac",
    "title": "What the weather will be",
    "author": "",
    "note": "",
    "said_at": NOON,
    "read_on": (NOON + 30 * DAY).date(),
}


@dataclass
class MovedClock:
    """A clock that stands still until a test moves it."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


def draft(slug: str = "rain", kind: str = "binary", **changes: Any) -> dict[str, Any]:
    """A question, judged and not yet published: open from noon for ten hours, unless changed."""
    fields = dict.fromkeys(WORDS, "") | {"slug": slug, "kind": kind, "title": f"What of the {slug}?"}
    times = {"opens_at": NOON, "closes_at": NOON + 10 * HOUR, "resolves_at": NOON + 12 * HOUR}
    return {**fields, **times, "criteria": "As measured.", "tags": [], "group": slug, "spec": SPECS[kind]} | changes


def publish(
    database: Database, *drafts: Mapping[str, Any], within: str = "weather", source: Mapping[str, Any] | None = None,
    **more: Any,
) -> list[Question]:  # fmt: skip
    """Publish these questions in a set of their own, of which `more` may be said."""
    about: dict[str, Any] = {"slug": within, "title": "The weather", "description": "", "source": source} | more
    with database.writing() as (session, moment):
        added = catalog.publish_set(session, about, by=journal.OPERATOR, moment=moment)
        return [
            catalog.publish(session, added, fields, number, by=journal.OPERATOR, moment=moment)
            for number, fields in enumerate(drafts, 1)
        ]


def join(database: Database, name: str, role: str = "forecaster") -> Forecaster:
    """A person, without a password that anybody could type."""
    with database.writing() as (session, moment):
        return accounts.join(session, name, "no hash", moment, role)


def come_in(database: Database, name: str, password: str) -> Forecaster:
    """Who comes in by that name and password. Raises as signing in does."""
    with database.reading() as session:
        knocked = entrance.knock(session, name, password, "203.0.113.7", database.clock.now())
    with database.writing() as (session, moment):
        opened = entrance.answer(session, knocked, moment, "", "")
    entrance.insist(opened.refusal)
    assert knocked.person is not None
    return knocked.person


def say(database: Database, who: Forecaster, question: Question, *probabilities: float) -> Forecast:
    """Forecast now; one number is the probability of yes."""
    vector = (1 - probabilities[0], probabilities[0]) if len(probabilities) == 1 else probabilities
    with database.writing() as (session, moment):
        return ledger.record(session, who, question, np.array(vector), moment)


def take_back(database: Database, who: Forecaster, question: Question) -> Forecast:
    """Withdraw now."""
    with database.writing() as (session, moment):
        return ledger.withdraw(session, who, question, moment)


def put(
    database: Database, who: Forecaster, question: Question, *probabilities: float,
    made_at: datetime | None = None, expires_at: datetime | None = None,
) -> Forecast:  # fmt: skip
    """Record whatever no form takes: said earlier, or until some moment; without probabilities a withdrawal."""
    vector = (1 - probabilities[0], probabilities[0]) if len(probabilities) == 1 else probabilities
    with database.writing() as (session, moment):
        said = {"made_at": made_at or moment, "expires_at": expires_at}
        return ledger._add(
            session, who, question, moment, probabilities=np.array(vector) if vector else None, **said
        )  # fmt: skip


def other(database: Database, name: str, kind: str = "bot", **fields: Any) -> Forecaster:
    """Somebody who is no person: a bot, or a text."""
    handle = name.lower()
    with database.writing() as (session, moment):
        added = Forecaster(pseudonym=f"p-{handle}", handle=handle, name=name, kind=kind, joined_at=moment, **fields)
        session.add(added)
        return added


def resolve(database: Database, by: Forecaster, question: Question, outcome: int, **facts: Any) -> Resolution:
    """Resolve now, as known now unless `known_at` says otherwise, having seen what stands."""
    known_at = facts.pop("known_at", database.clock.now())
    return decide(database, by, question, Decision("resolved", outcome, known_at, seen=standing(database, question)))


def sign(database: Database) -> Checkpoint | None:
    """Sign now what is on record, with a key of the test's own unless somebody signs here already."""
    database.signer = database.signer or Signer("brierboard/test", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with database.writing() as (session, moment):
        return checkpoints.make(session, moment)


def annul(database: Database, by: Forecaster, question: Question) -> Resolution:
    """Annul now, having seen what stands."""
    decision = Decision("annulled", note="The station burned down.", seen=standing(database, question))
    return decide(database, by, question, decision)


def reopen(database: Database, by: Forecaster, question: Question) -> Resolution:
    """Reopen now, having seen what stands."""
    return decide(database, by, question, Decision("reopened", seen=standing(database, question)))


def decide(database: Database, by: Forecaster, question: Question, decision: Decision) -> Resolution:
    """Take this decision now."""
    with database.writing() as (session, moment):
        return ledger.settle(session, question, decision, by=by, moment=moment)


def standing(database: Database, question: Question) -> int:
    """Seq of the resolution that stands, 0 where none does."""
    return fresh(database, question).resolution


def fresh(database: Database, question: Question) -> Question:
    """The question as it is now."""
    with database.reading() as session:
        return session.get_one(Question, question.id)


def number(database: Database, who: Forecaster, question: Question, name: str) -> float | None:
    """One of their numbers on a resolved question, by its name in forecasts/derived.py; None without a score."""
    with database.reading() as session:
        forecasters, found = boards.numbers(session, question)
    place = np.flatnonzero(forecasters == who.id)
    return float(found[name][place[0]]) if name in found and len(place) else None


def loss(database: Database, who: Forecaster, question: Question, rule: str = "brier") -> float | None:
    """What they lost on a question by a rule, None where they have no score."""
    return number(database, who, question, rule)


def part(database: Database, who: Forecaster, question: Question) -> tuple[float, float] | None:
    """Coverage and presence, None where they have no score."""
    found = [number(database, who, question, name) for name in ("coverage", "presence")]
    return None if found[0] is None or found[1] is None else (found[0], found[1])


def board(database: Database, measure: str = "brier", within: int | None = None) -> dict[str, Row]:
    """The board by a measure, over everything or over one set: each row by its forecaster's handle."""
    with database.reading() as session:
        names = dict(session.execute(sqlalchemy.select(col(Forecaster.id), col(Forecaster.handle))).all())
        found = boards.board(session, measure, boards.Filter(within=within), visible(session, None))
    return {names[row.forecaster]: row for row in found.rows}


def called(database: Database, handle: str) -> Forecaster:
    """The forecaster of that handle."""
    with database.reading() as session:
        return session.exec(select(Forecaster).where(Forecaster.handle == handle)).one()


def entries(database: Database) -> Sequence[Entry]:
    """The whole journal."""
    with database.reading() as session:
        return session.exec(select(Entry).order_by(col(Entry.seq))).all()


def kinds(database: Database) -> list[str]:
    """What was done, in order."""
    return [entry.kind for entry in entries(database)]


def rows(database: Database, table: str) -> list[tuple[Any, ...]]:
    """Every row of a table, as the driver gives it, in an order that follows from the rows alone."""
    with database.engine.connect() as connection:
        return sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {table}")), key=repr)


PUBLIC = (
    "entry", "source", "question_set", "question", "forecast", "position", "resolution", "revision", "comment",
    "forecaster",
)  # fmt: skip
DERIVED = ("score", "participation", "crowd_path", "tally", "seat")


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every public and derived table."""
    return {table: rows(database, table) for table in (*PUBLIC, *DERIVED, "journal_head")}


def tamper(database: Database, *statements: str) -> None:
    """Do to the database what somebody could who has its file or its password: no trigger and no reference holds."""
    for say_it in _behind_its_back(database):
        for trigger in sorted(TRIGGERS):
            table = trigger.partition("_")[0]
            on = "" if database.engine.dialect.name == "sqlite" else f" ON {table}"
            say_it(f"DROP TRIGGER {trigger}{on}")
        for statement in statements:
            say_it(statement)


def _behind_its_back(database: Database) -> Iterator[Any]:
    if database.engine.dialect.name == "sqlite":
        with closing(library.connect(str(database.engine.url.database))) as connection, connection:
            yield connection.execute
    else:
        address = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address) as server:
            server.execute("SET session_replication_role = replica")
            yield server.execute


def wait_for(happened: Callable[[], object]) -> None:
    """Look again and again until it has happened."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.005)):
        if happened():
            return
        pause.wait(0.005)
    pytest.fail("It did not happen.")
