"""Connections on a real socket: a head that is too long or comes too slowly, a body that nobody waits for."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from forecasts import wire

HEAD = b"Host: here\r\n"
PATIENCE = 20.0


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Say how long the body was; at /deaf answer without reading it."""
    assert scope["type"] == "http"
    length = 0 if scope["path"] == "/deaf" else len(await Request(scope, receive).body())
    await PlainTextResponse(f"{scope['client'][0]} {length}")(scope, receive, send)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server that waits half a second where it else waits many."""
    monkeypatch.setattr(wire, "SLOWEST_HEAD", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))
    config = wire.configured(app, lifespan="off")
    config.log_config, config.log_level = None, "critical"
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()


def ask(port: int, *pieces: bytes, pause: float = 0.0, then: bytes = b"") -> bytes:
    """What the server says until it closes the connection, or until it has said `then`."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        with suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        with suppress(ConnectionError):
            while not then or then not in said:
                if not (more := connection.recv(65536)):
                    return said
                said += more
    return said


def test_a_request_is_answered_and_the_connection_kept_for_the_next(port: int) -> None:
    said = ask(
        port,
        b"GET / HTTP/1.1\r\n" + HEAD + b"\r\nPOST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 3\r\n\r\nabc",
        then=b"1 3",
    )

    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert said.endswith(b"127.0.0.1 3")


def test_nobody_is_believed_about_who_they_are(port: int) -> None:
    said = ask(port, b"GET / HTTP/1.1\r\n" + HEAD + b"X-Forwarded-For: 6.6.6.6\r\n\r\n", then=b" 0")

    assert said.endswith(b"127.0.0.1 0")


LONG = b"x" * (wire.LONGEST_HEAD + 1)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\nX: " + LONG + b"\r\n\r\n",
        b"GET /" + LONG + b" HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\n" + b"a: b\r\n" * 40_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\n" + LONG + b": x\r\n\r\n",
    ],
    ids=["a header", "an address", "many headers", "a name"],
)
def test_a_head_that_is_too_long_is_refused(port: int, request_: bytes) -> None:
    said = ask(port, request_)

    assert said == b"" or said.startswith(b"HTTP/1.1 431 ")  # "" where the rest of it came after we had hung up
    assert b"200 OK" not in said


def test_a_head_that_is_too_long_is_told_so(port: int) -> None:
    said = ask(port, b"GET / HTTP/1.1\r\nHost: here\r\nX: " + LONG + b"\r\n\r\n", pause=0.1)

    assert said == wire.TOO_LONG


def test_a_header_without_end_is_not_kept_in_memory(port: int) -> None:
    said = ask(port, b"GET / HTTP/1.1\r\nX: ", b"y" * 40_000, b"y" * 40_000, pause=0.1)

    assert said == wire.TOO_LONG


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"GET / HT",),
        (b"GET / HTTP/1.1\r\nHost: he",),
        (b"\r\n",),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n", b"\r\n"),
    ],
    ids=["nothing", "half a line", "half a head", "empty lines", "an empty line after a request"],
)
def test_a_head_that_does_not_come_to_its_end_is_given_up(port: int, pieces: tuple[bytes, ...]) -> None:
    started = time.monotonic()
    ask(port, *pieces, pause=0.05)

    assert time.monotonic() - started < PATIENCE / 2


def test_a_head_that_comes_byte_by_byte_is_given_up(port: int) -> None:
    said = ask(port, *[b"GET /", *[b"e"] * 30, b" HTTP/1.1\r\nHost: here\r\n\r\n"], pause=0.05)

    assert b"200 OK" not in said


def test_a_body_that_nobody_waits_for_must_end_soon(port: int) -> None:
    head = b"POST /deaf HTTP/1.1\r\n" + HEAD + b"Content-Length: 1000000\r\n\r\n"
    started = time.monotonic()

    said = ask(port, head, *[b"x"] * 30, pause=0.05)

    assert said.endswith(b"127.0.0.1 0")
    assert time.monotonic() - started < PATIENCE / 2
