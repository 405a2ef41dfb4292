"""What comes over the wire before it is a request. uvicorn bounds neither its length nor the time that it takes."""

import os
import signal
import socket
from asyncio import Transport
from asyncio.events import TimerHandle
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

LONGEST_HEAD = 64 * 1024
"""Bytes of the first line and the headers of a request."""

SLOWEST_HEAD = 20.0
"""Seconds in which they must have come."""

KEPT_OPEN = 75
"""Seconds for which a connection is kept that asks for nothing: open pages ask for news every five."""

LONGEST_START = 60.0
"""Seconds in which a process must begin to answer."""

SENTENCE = b"The first line and the headers are longer than 64 KB.\n"
TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"x-content-type-options: nosniff\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(SENTENCE), SENTENCE)
)


def configured(app: Any, **others: Any) -> uvicorn.Config:
    """How the server runs. Who is behind a proxy is found out by the application, and only of proxies it knows."""
    return uvicorn.Config(
        app, http=Wire, ws="none", log_level="warning", server_header=False, proxy_headers=False,
        timeout_keep_alive=KEPT_OPEN, **others,
    )  # fmt: skip


class Wire(HttpToolsProtocol):
    """A connection that is closed where the head of a request is too long, or does not come to its end."""

    _due: TimerHandle | None = None
    _in_head = _too_long = False
    _waited_for = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn's is
        """Somebody has come, and should soon say what they want."""
        super().connection_made(transport)
        self._expect(SLOWEST_HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """They have gone."""
        self._expect(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on. Of a header that does not end the parser keeps all that has come, so that is counted here.

        What comes while nothing is asked, such as the rest of a body whose request was answered, must end soon.
        """
        self._waited_for += len(data) if self._in_head else 0
        super().data_received(data)
        if self._in_head and self._waited_for > LONGEST_HEAD:
            self._turn_away()
        elif self._idle and self._due is None:
            self._expect(SLOWEST_HEAD)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._waited_for = True, 0
        super().on_message_begin()
        self._expect(SLOWEST_HEAD)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header of the head. What follows a body is none: it came past whoever looked at the head, without end."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """All headers have come. How long the body may take is for the application to say."""
        self._expect(None)
        self._too_long = len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > LONGEST_HEAD
        if self._too_long:
            raise ValueError(SENTENCE)  # the parser goes no further, and send_400_response is called
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """So has the body."""
        self._expect(KEPT_OPEN if self._idle else None)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What has come is no request, or its head is too long."""
        if self._too_long:
            self._turn_away()
        else:
            super().send_400_response(msg)

    @property
    def _idle(self) -> bool:
        return not self._in_head and bool(getattr(self.cycle, "response_complete", True))

    def _turn_away(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(TOO_LONG)
            self.transport.close()

    def _expect(self, seconds: float | None) -> None:
        """Close the connection unless what is expected comes within so many seconds; None expects nothing more."""
        if self._due is not None:
            self._due.cancel()
        self._due = self.loop.call_later(seconds, self.transport.close) if seconds else None


class Server(uvicorn.Server):
    """A server that says so once it answers; from then on Ctrl-C ends it as it should, whatever it was doing."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()


class Servers(Multiprocess):
    """Several processes that answer at one address; one that dies is replaced. It says so once all of them answer."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], ready: Callable[[], None]) -> None:
        super().__init__(config, sockets)
        self._ready = ready

    def init_processes(self) -> None:
        """Start them, and wait until they answer."""
        super().init_processes()
        if all(one.wait_until_ready(LONGEST_START, self.should_exit) for one in self.processes):
            self._ready()


def end_with_parent() -> None:
    """Let this process end once the one that started it is gone, however it went: it would hold the address for ever.

    Where nobody started it to answer beside others, nothing is to be done.
    """
    if (parent := parent_process()) is not None:
        Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)  # what it has begun to answer it answers
