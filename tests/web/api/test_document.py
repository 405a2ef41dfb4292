"""The OpenAPI document: whole, precise, and held against the running server by two programs that know only it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from sqlmodel import select

from forecasts import discussion, drafting
from forecasts.database import Database
from forecasts.models import Forecaster
from tests.browser.running import ROOT, FileClock, Server, running
from tests.cast import HOUR, NOON, draft, join, publish, resolve, say
from tests.web.api.conftest import API, Call, bot_of, token_of
from tests.web.conftest import Town, Visit
from tests.web.test_routes import everything_there_is, write
from web.api.documents import REFUSALS

READS, WRITES = (401, 403, 404, 422, 429), tuple(REFUSALS)


@pytest.fixture
def document(call: Call) -> dict[str, Any]:
    """The document, as it is served."""
    found: dict[str, Any] = call().browser.get(f"{API}/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(names) > 50
    assert len(set(names)) == len(names)
    assert [name for name in names if not name.isidentifier()] == []
    assert [one["operationId"] for _, _, one in operations(document) if not one["description"].endswith(".")] == []


def test_every_answer_is_documented_with_its_form(document: dict[str, Any]) -> None:
    for _, method, operation in operations(document):
        statuses = {int(status) for status in operation["responses"]}
        good = [one for status, one in operation["responses"].items() if status.startswith("2")]

        assert statuses >= set(READS if method == "get" else WRITES), operation["operationId"]
        assert len(good) == 1
        assert "$ref" in good[0]["content"]["application/json"]["schema"]
        refused = {
            one["content"]["application/json"]["schema"]["$ref"]
            for status, one in operation["responses"].items()
            if not status.startswith("2")
        }
        assert refused == {"#/components/schemas/Error"}


def test_every_operation_says_who_may(document: dict[str, Any]) -> None:
    for _, method, operation in operations(document):
        assert {"bearer": []} in operation["security"]
        assert ({} in operation["security"]) <= (method == "get")


def test_every_reference_leads_somewhere_and_no_body_takes_more_than_it_says(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert {name.rpartition("/")[2] for name in references(document)} <= set(schemas)
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for _, _, operation in operations(document)
        if "requestBody" in operation
    ]
    assert len(bodies) > 15
    assert [name for name in bodies if schemas[name].get("additionalProperties") is not False] == []


def references(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        if isinstance(found.get("$ref"), str):
            yield found["$ref"]
        for one in found.values():
            yield from references(one)
    elif isinstance(found, list):
        for one in found:
            yield from references(one)


# What holds for every operation

PLACES = {"slug": "binary", "handle": "ada", "group": "steps", "number": "1", "claim": "1", "entry": "1"}


def addresses(document: dict[str, Any], method: str) -> list[str]:
    """Every address that takes a method, of something that is there."""
    return [API + path.format(**PLACES) for path, how, _ in operations(document) if how == method]


def test_a_get_writes_nothing_whoever_asks(
    visit: Visit, document: dict[str, Any], database: Database, town: Town, ada: Forecaster, mo: Forecaster
) -> None:
    write(database, ada)
    browsers = {who.handle if who else "": visit(who) for who in (None, ada, mo)}
    before = everything_there_is(database)

    answers = {
        (name, path): browser.get(path).status_code
        for name, browser in browsers.items()
        for path in addresses(document, "get")
    }

    assert everything_there_is(database) == before
    assert {status for (name, _), status in answers.items() if name == ""} == {200, 401, 404}
    of_ada = {path.removeprefix(API): status for (name, path), status in answers.items() if name == "ada"}
    missing = sorted(path for path, status in of_ada.items() if status != 200)
    assert missing == [
        "/bots/ada/tokens", "/comments/1/hidings", "/drafts/review", "/people/ada/merging", "/people/ada/mergings",
        "/people/ada/suspensions",
        "/questions/binary/receipts/ada", "/sets/binary",
    ]  # fmt: skip


def test_every_act_asks_who_does_it(call: Call, document: dict[str, Any], database: Database, town: Town) -> None:
    browser, before = call().browser, everything_there_is(database)

    answers = {path: browser.post(path, json={}).status_code for path in addresses(document, "post")}

    assert {path: status for path, status in answers.items() if status != 401} == {}
    assert len(answers) > 25
    assert everything_there_is(database) == before


# Two programs that know only the document


def tell(database: Database) -> None:
    """Questions of every kind, in several states, with forecasts, comments, drafts and a ladder."""
    ada, mo = join(database, "Ada"), join(database, "Mo", "moderator")
    join(database, "Eve", "administrator")
    bot_of(database, ada)
    about: dict[str, Any] = {"tags": ["sky"], "closes_at": NOON + 1000 * HOUR, "resolves_at": NOON + 1000 * HOUR}
    asked = publish(database, *(draft(kind, kind, **about) for kind in ("binary", "choice", "number", "date")))
    (snow,) = publish(database, draft("snow"), within="snow")
    steps = [
        draft(f"over-{one}", group="steps", spec={"ladder": {"threshold": one, "direction": "above"}}) for one in (1, 2)
    ]
    publish(database, *steps, within="steps", audience="members")
    for question in (asked[0], snow):
        say(database, ada, question, 0.7)
    with database.writing() as (session, moment):
        discussion.comment(session, ada, asked[0], "Look up.", moment)
        drafting.start(session, ada, "question", {"title": "Something"}, moment)
    assert isinstance(database.clock, FileClock)
    database.clock.advance(HOUR)
    resolve(database, mo, snow, 1)


ROLES: dict[str, tuple[str, Sequence[str]]] = {
    "nobody": ("", ()),
    "a forecaster": ("ada", ("read", "forecast", "moderate")),
    "a moderator": ("mo", ("read", "forecast", "moderate")),
    "an administrator": ("eve", ("read", "forecast", "moderate")),
    "a bot that reads": ("robo", ("read",)),
    "a bot that forecasts": ("robo", ("read", "forecast")),
}
"""Who calls: somebody's handle, and the scopes of their token."""

EXAMPLES = int(os.environ.get("BRIERBOARD_TORTURE", "0"))
"""How many requests are made up for each operation, as each who calls; `make torture` sets it."""


def called(database: Database, handle: str) -> Forecaster:
    with database.reading() as session:
        return session.exec(select(Forecaster).where(Forecaster.handle == handle)).one()


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    with running(folder, NOON, tell, expected="WARNING:  Invalid HTTP request received.") as server:
        yield server


SETTINGS = """
[parameters]
"path.slug" = ["binary", "choice", "number", "date", "snow", "nope"]
"path.group" = ["steps", "nope"]
"path.number" = ["1", "2", "3", "x"]
"path.claim" = ["1", "2"]

[checks.positive_data_acceptance]
expected-statuses = ["2XX", 401, 403, 404, 409, 422]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 415, 422]
"""


def test_what_the_server_does_is_what_the_document_says_whoever_calls(tmp_path: Path) -> None:
    """Schemathesis, as each of those who call, with every check on and in all of its phases.

    The phases are examples, coverage, fuzzing and stateful; no check is left out (--checks all). What a body or an
    address may be and what must be refused is held by positive_data_acceptance and negative_data_rejection, which take
    the statuses in SETTINGS for an answer: JSON Schema can say neither who may do something nor what state it is in.

    By itself this asks each operation as one of the six, and follows links from one to the next as a moderator, which
    takes a minute. `make torture` asks every operation as each of the six, and makes up many more requests.
    """
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    with served(tmp_path) as server:
        with urlopen(f"{server.address}{API}/openapi.json") as answer:
            names = sorted(operation["operationId"] for _, _, operation in operations(json.load(answer)))
        told = {role: fuzz(server, role, tmp_path, share(names, role)) for role in ROLES}
        told["from one to the next"] = fuzz(server, "a moderator", tmp_path, [], "stateful")

    assert {role: text for role, (code, text) in told.items() if code} == {}


def share(names: Sequence[str], role: str) -> Sequence[str]:
    """The operations that somebody asks for: those of the six have all of them between them."""
    place = list(ROLES).index(role)
    return [] if EXAMPLES else names[place :: len(ROLES)]


def fuzz(
    server: Server, role: str, folder: Path, names: Sequence[str], phases: str = "examples,coverage,fuzzing,stateful"
) -> tuple[int, str]:
    """What came of a run as somebody over these operations, or over all."""
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    command += ["--config-file", str(folder / "schemathesis.toml"), "run", f"{server.address}{API}/openapi.json"]
    command += ["--phases", phases, "--checks", "all", "--max-examples", str(EXAMPLES or 3), "--continue-on-failure"]
    command += ["--suppress-health-check", "all", "--generation-database", "none", "--workers", "1", "--no-color"]
    command += ["--seed", "1", *(word for name in names for word in ("--include-operation-id", name))]
    handle, scopes = ROLES[role]
    if handle:
        with server.database() as database:
            command += ["-H", f"Authorization: Bearer {token_of(database, called(database, handle), *scopes)}"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment())
    return ran.returncode, ran.stdout + ran.stderr


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}


CONFIG = "project_name_override: brier\npackage_name_override: {name}\npost_hooks: []\n"


def test_a_generated_client_asks_forecasts_resolves_and_reads_the_board(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        name = generate(tmp_path, server)
        with server.database() as database:
            tokens = {who: token_of(database, called(database, who)) for who in ("ada", "mo")}
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, name, server.address, tokens["ada"], tokens["mo"]],
            cwd=tmp_path, capture_output=True, text=True, check=False, env=environment(),
        )  # fmt: skip

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.split() == ["tram", "201", "409", "resolved", "ada"]


def generate(folder: Path, server: Server) -> str:
    """A client made of the document alone, and what it is called."""
    name = "brier_client"
    (folder / "client.yml").write_text(CONFIG.format(name=name))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--overwrite"]
    command += ["--url", f"{server.address}{API}/openapi.json", "--config", "client.yml", "--output-path", name]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment())
    assert made.returncode == 0, made.stdout + made.stderr
    assert "warning" not in (made.stdout + made.stderr).lower(), made.stdout + made.stderr
    return name


PROGRAM = """
import sys
from importlib import import_module

name, address, ada, mo = sys.argv[1:]
Client = import_module(f"{name}.client").AuthenticatedClient
models = import_module(f"{name}.models")


def call(operation, token, **given):
    module = next(
        found for part in PARTS if (found := optional(f"{name}.api.{part}.{operation}"))
    )
    client = Client(base_url=f"{address}/api/v1", token=token)
    return module.sync_detailed(client=client, **given)


def optional(module):
    try:
        return import_module(module)
    except ModuleNotFoundError:
        return None


PARTS = ("default",)
asked = models.NewQuestion.from_dict({
    "set": "weather", "kind": "binary", "slug": "tram", "title": "Will the tram run?", "criteria": "As seen.",
    "closes_at": "2026-03-20T12:00:00+00:00",
})
print(call("publish_question", mo, body=asked).parsed.slug)
said = models.NewForecast.from_dict({"probability": 0.9})
print(int(call("make_forecast", ada, slug="tram", body=said).status_code))
happened = models.NewDecision.from_dict({"outcome": "yes"})
call("decide_question", mo, slug="tram", body=happened)
print(int(call("decide_question", mo, slug="tram", body=happened).status_code))
print(call("get_question", ada, slug="tram").parsed.status)
board = call("get_leaderboard", ada, by="brier").parsed
print(next(row.who.handle for row in board.rows if row.who.kind == "person"))
"""
