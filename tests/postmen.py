"""Those who receive what is sent: a real mail server and a real web server on this machine, which keep what came."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

ACCEPTED = "250 Kept"


@dataclass
class Mailbox:
    """What a mail server took.

    answers  what it says to the next messages instead of taking them
    before   what it does once it has a message and before it says so
    """

    address: str = ""
    kept: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: str = ""
    before: Callable[[], object] = lambda: None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        if self.refused:
            return self.refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        self.kept.append(message_from_bytes(envelope.content, policy=policy.default))
        self.raw.append(envelope.content)
        self.to.append(envelope.rcpt_tos)
        self.before()
        return ACCEPTED


def plain(mail: EmailMessage) -> str:
    """What a mail says in plain text."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


class Anywhere(Controller):
    """A mail server on whichever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def post_office() -> Iterator[Mailbox]:
    """A mail server on a port of its own."""
    mailbox = Mailbox()
    controller = Anywhere(mailbox, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        mailbox.address = f"smtp://127.0.0.1:{controller.port}"
        yield mailbox
    finally:
        controller.stop()


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What a web server was sent; `answers` are the statuses of the next ones, 200 when there are none left."""

    address: str = ""
    kept: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    words: bytes = b"Thank you"
    came: Event = field(default_factory=Event)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A web server on a port of its own that takes whatever is posted to it."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.kept.append(Received(self.path, headers, body))
            made.came.set()
            self.send_response(made.answers.pop(0) if made.answers else 200)
            self.send_header("Location", f"{made.address}/elsewhere")
            self.send_header("Content-Length", str(len(made.words)))
            self.end_headers()
            self.wfile.write(made.words)

        def log_message(self, *said: object) -> None:
            """It keeps quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        made.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
