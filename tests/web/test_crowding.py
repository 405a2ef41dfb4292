"""Many people at the same moment: everybody's forecast is answered and stored."""

import socket
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import uvicorn

from forecasts import accounts
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.models import Question
from tests.cast import kinds
from web.app import create

AT_ONCE = 80


@contextmanager
def served(database: Database) -> Iterator[str]:
    """The application on a real socket, and its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create(Settings(), database), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def test_eighty_forecasts_at_the_same_moment_are_all_stored_and_answered(
    database: Database, rain: Question, ada: Forecaster
) -> None:
    with database.writing() as (session, moment):
        token = accounts.sign_in(session, ada, moment)
    together = threading.Barrier(AT_ONCE)

    def save(address: str, percent: int) -> int:
        form = urllib.parse.urlencode({"probability": percent, "view": "desk"}).encode()
        headers = {"Cookie": f"brierboard={token}", "HX-Request": "true"}
        together.wait()
        with urllib.request.urlopen(
            urllib.request.Request(f"{address}/questions/rain/forecasts", form, headers), timeout=25
        ) as answer:
            return int(answer.status)

    with served(database) as address, ThreadPoolExecutor(AT_ONCE) as people:
        answers = list(people.map(lambda percent: save(address, percent), range(AT_ONCE)))

    assert answers == [200] * AT_ONCE
    assert kinds(database).count("forecast") == AT_ONCE
