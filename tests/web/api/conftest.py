"""The API over HTTP: clients that bear a token of somebody's, or none."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from forecasts import bots, tokens
from forecasts.database import Database
from forecasts.models import Forecaster

API = "/api/v1"


class Client:
    """A program that speaks to the API."""

    def __init__(self, browser: TestClient) -> None:
        self.browser = browser

    def get(self, path: str, **words: Any) -> Any:
        """What an address answers with, which must be well."""
        answer = self.browser.get(API + path, params=words)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        """What an act answers with, and with this status."""
        answer = self.send(path, body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def send(self, path: str, body: Any = None) -> Response:
        """An act, however it ends."""
        return self.browser.post(API + path) if body is None else self.browser.post(API + path, json=body)


Call = Callable[..., Client]


@pytest.fixture
def call(app: FastAPI, database: Database) -> Iterator[Call]:
    """A client of somebody's with a token of these scopes, all by default; or of nobody's."""
    with ExitStack() as opened:

        def client(who: Forecaster | None = None, *scopes: str) -> Client:
            browser = opened.enter_context(TestClient(app, follow_redirects=False))
            if who is not None:
                browser.headers["Authorization"] = f"Bearer {token_of(database, who, *scopes)}"
            return Client(browser)

        yield client


def token_of(database: Database, who: Forecaster, *scopes: str) -> str:
    """A token that was made for somebody just now."""
    every: Sequence[str] = ("read", "forecast") if who.kind == "bot" else tuple(tokens.SCOPES)
    with database.writing() as (session, moment):
        return tokens.add(session, who, "test", scopes or every, moment)[1]


def bot_of(database: Database, owner: Forecaster, name: str = "Robo") -> Forecaster:
    """A bot that belongs to somebody."""
    with database.writing() as (session, moment):
        return bots.add(session, owner, name, moment)


def refusal(answer: Response) -> tuple[int, str, str]:
    """A refusal's status, field and sentence."""
    fault = answer.json()["error"]
    assert set(answer.json()) == {"error"}
    assert set(fault) == {"field", "message"}
    return answer.status_code, fault["field"], fault["message"]
