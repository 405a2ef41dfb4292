"""The pages over HTTP, on a real database: browsers that somebody is signed in with, and a town that has forecast."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from sqlmodel import col, select
from starlette.testclient import TestClient

from forecasts import accounts, ledger, loading
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions import journal
from questions.catalog import Decision
from questions.models import Question
from questions.setfile import Draft, SetFile
from tests.cast import (
    HOUR,
    SOURCE,
    SPECS,
    MovedClock,
    annul,
    draft,
    publish,
    resolve,
    say,
)
from web.app import create
from web.cookies import name_of
from web.dependencies import COOKIE

Visit = Callable[..., TestClient]


@pytest.fixture
def settings() -> Settings:
    """A server on this machine, where everybody may sign up."""
    return Settings(host="127.0.0.1", base_url="", sign_up="")


@pytest.fixture
def app(database: Database, settings: Settings) -> FastAPI:
    """The application as it is served."""
    return create(settings, database)


@pytest.fixture
def visit(app: FastAPI, database: Database, settings: Settings) -> Iterator[Visit]:
    """Open a browser, for somebody who is signed in with it or for nobody. It follows no redirect by itself."""
    with ExitStack() as opened:

        def browser(who: Forecaster | None = None) -> TestClient:
            ours = settings.origin or "http://testserver"
            client = opened.enter_context(TestClient(app, base_url=ours, follow_redirects=False))
            if who is not None:
                client.cookies.set(name_of(COOKIE, settings), token_for(database, who))
            return client

        yield browser


def token_for(database: Database, who: Forecaster) -> str:
    """What the cookie of a browser holds that they have just signed in with."""
    with database.writing() as (session, moment):
        return accounts.sign_in(session, who, moment)


@dataclass
class Town:
    """Questions in every state, and those who spoke about them."""

    open: dict[str, Question]
    due: Question
    resolved: Question
    annulled: Question


@pytest.fixture
def town(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster) -> Town:
    """An hour after noon: each kind is open and has forecasts; others are due, resolved and annulled."""
    brief: dict[str, Any] = {"closes_at": clock.now() + HOUR / 2, "resolves_at": clock.now() + HOUR / 2}
    about: dict[str, Any] = {
        "claim": "It will rain.",
        "paragraph": "7",
        "background": "One.\nTwo.",
        "tags": ["weather", "sky"],
    }
    drafts = [draft(kind, kind, **about) for kind in SPECS]
    drafts += [draft("hail", **brief), draft("snow", **about), draft("fog")]
    questions = {one.slug: one for one in load(database, *drafts)}
    for who, yes in ((ada, 0.7), (bob, 1.0)):
        for slug in ("binary", "snow", "fog"):
            say(database, who, questions[slug], yes)
        for slug in ("choice", "number", "date"):
            say(database, who, questions[slug], 0.5, 0.25, 0.25)
    clock.moment += HOUR
    resolve(database, mo, questions["snow"], 1)
    annul(database, mo, questions["fog"])
    kinds = {kind: questions[kind] for kind in SPECS}
    return Town(kinds, questions["hail"], questions["snow"], questions["fog"])


def load(database: Database, *drafts: dict[str, Any]) -> list[Question]:
    """Load a set in which the almanac calls whatever is yes or no 60% likely."""
    said = {"binary": np.array([0.4, 0.6])}
    judged = [Draft(one, said.get(one["kind"]), "It says so.") for one in drafts]
    about = {"slug": "weather", "title": "The weather", "description": "What the almanac says.", "source": SOURCE}
    with database.writing() as (session, moment):
        loading.load(session, SetFile(about, judged), "weather.toml", by=journal.OPERATOR, moment=moment)
    with database.reading() as session:
        return list(session.exec(select(Question).order_by(col(Question.id))))


@pytest.fixture
def closed(database: Database) -> Question:
    """A question that closes an hour after noon."""
    return publish(database, draft("hail", closes_at=draft()["opens_at"] + HOUR), within="brief")[0]


@pytest.fixture
def dice(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster) -> Question:
    """Another set, of one choice that was resolved at noon and an hour, when it closed; Bob came half an hour late."""
    times = {"opens_at": clock.now(), "closes_at": clock.now() + HOUR, "resolves_at": clock.now() + HOUR}
    question = publish(database, draft("dice", "choice", **times), within="games")[0]
    say(database, ada, question, 0.5, 0.5, 0)
    clock.moment += HOUR * 0.75
    say(database, bob, question, 1, 0, 0)
    clock.moment += HOUR / 4
    resolve(database, mo, question, 0)
    return question


@pytest.fixture
def season(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster) -> list[Question]:
    """Fifty yes-or-no questions, all of which Ada calls 90%, Bob 60%, and which happen."""
    questions = publish(database, *(draft(f"day-{number}") for number in range(50)), within="days")
    with database.writing() as (session, moment):
        for question in questions:
            for who, yes in ((ada, 0.9), (bob, 0.6)):
                ledger.record(session, who, question, np.array([1 - yes, yes]), moment)
    clock.moment += 10 * HOUR
    with database.writing() as (session, moment):
        for question in questions:
            ledger.settle(session, question, Decision("resolved", 1, moment), by=mo, moment=moment)
    return questions
