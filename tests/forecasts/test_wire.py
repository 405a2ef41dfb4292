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
    """Say how long the body was; at /deaf answer without reading it, at /late say how many headers came behind it."""
    assert scope["type"] == "http"
    length = 0 if scope["path"] == "/deaf" else len(await Request(scope, receive).body())
    late = sum(name == b"x-late" for name, _ in scope["headers"])
    told = f"{late} late" if scope["path"] == "/late" else f"{scope['client'][0]} {length}"
    await PlainTextResponse(told)(scope, receive, send)


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


def test_what_follows_a_body_is_no_header(port: int) -> None:
    """A proxy that takes Cookie, Authorization or X-Forwarded-For out of the head may let it through there."""
    asked = b"POST /late HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n"
    before = ask(port, asked + b"X-Late: 1\r\n\r\n2\r\nab\r\n0\r\n\r\n", then=b" late")
    behind = ask(port, asked + b"\r\n2\r\nab\r\n0\r\nX-Late: 1\r\nX-Late: 2\r\n\r\n", then=b" late")

    assert (before[-6:], behind[-6:]) == (b"1 late", b"0 late")


CHUNKED = b"Transfer-Encoding: chunked\r\n"
TWO_WAYS = {
    "a length and chunks": b"Content-Length: 5\r\n" + CHUNKED,
    "chunks and a length": CHUNKED + b"Content-Length: 5\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 5\r\n",
    "a length twice": b"Content-Length: 5\r\nContent-Length: 5\r\n",
    "a list of lengths": b"Content-Length: 5, 5\r\n",
    "a length below nothing": b"Content-Length: -5\r\n",
    "a length with a plus": b"Content-Length: +5\r\n",
    "a length in hexadecimal": b"Content-Length: 0x5\r\n",
    "a length in Arabic digits": "Content-Length: ٥\r\n".encode(),
    "a length beyond any": b"Content-Length: 99999999999999999999\r\n",
    "a length that is empty": b"Content-Length: \r\n",
    "another coding": b"Transfer-Encoding: xchunked\r\n",
    "chunks that are then none": b"Transfer-Encoding: chunked, identity\r\n",
    "two codings": CHUNKED + b"Transfer-Encoding: identity\r\n",
    "a coding with a word": b"Transfer-Encoding: chunked;x=1\r\n",
    "a coding with a tab": b"Transfer-Encoding: chunked\x0b\r\n",
    "a space before the colon": b"Content-Length : 5\r\n",
    "a line that goes on": b"X: a\r\n b\r\n",
    "NUL": b"X: a\0b\r\n",
    "ESC": b"X: a\x1bb\r\n",
    "a line that ends in LF": b"X: y\n",
    "a line that ends in CR": b"X: y\rZ: z\r\n",
}


@pytest.mark.parametrize("what", TWO_WAYS)
def test_what_a_proxy_may_read_in_another_way_is_no_request(port: int, what: str) -> None:
    """Else a second request could be smuggled past it in the body of the first."""
    said = ask(port, b"POST / HTTP/1.1\r\n" + HEAD + TWO_WAYS[what] + b"\r\n0\r\n\r\nGET /deaf HTTP/1.1\r\n\r\n")

    assert said.count(b"HTTP/1.1 ") == 1
    assert said.startswith(b"HTTP/1.1 400 Bad Request")


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
