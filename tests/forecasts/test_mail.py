"""Mail: what a digest says and how, that a server took it, and what is known where one did not."""

import socket
from datetime import UTC
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from threading import Thread
from typing import Any

import pytest
from pydantic import ValidationError

from forecasts import digest, mail
from forecasts.models import Delivery, Forecaster, Subscription
from forecasts.parcel import LeftUnknown, NotTaken, Parcel
from forecasts.settings import Settings
from tests.cast import NOON
from tests.postmen import Mailbox, plain


def settings(address: str = "", **others: Any) -> Settings:
    return Settings(base_url="https://board.example.org", smtp_url=address, **others)


def told(number: int, title: str, event: str = "resolved", sentence: str = "Resolved: Yes.") -> Delivery:
    about = {"slug": f"question-{number}", "title": title, "set": "weather"}
    content = {"event": event, "at": "", "question": about, "sentence": sentence}
    return Delivery(id=number, subscription_id=1, event=f"{event}:{number}", content=content, due_at=NOON)


def parcel(*deliveries: Delivery, unanswered: tuple[str, ...] = ()) -> Parcel:
    """Ada's daily digest of these."""
    mine = Subscription(id=1, forecaster_id=1, channel="mail", every="day", stop="stopping-token", made_at=NOON)
    ada = Forecaster(id=1, pseudonym="p", handle="ada", name="Ada", joined_at=NOON)
    return Parcel(mine, ada, "ada@example.org", deliveries, frozenset(unanswered), NOON)


def posted(office: Mailbox, *deliveries: Delivery, **others: Any) -> EmailMessage:
    """The digest as it arrived."""
    chosen = settings(office.address)
    mail.send(chosen, digest.compose(chosen, parcel(*deliveries, **others)))
    return office.kept[-1]


# What it says


def test_a_digest_is_told_in_plain_text_and_in_html(office: Mailbox) -> None:
    closing = told(2, "Will it hail?", "closing", "Closes on 4 March 2026, 12:00 UTC.")

    arrived = posted(office, told(1, "Will it rain?"), closing, unanswered=("question-2",))

    assert plain(arrived) == (
        "Decided\n=======\n\n"
        "Will it rain?\nResolved: Yes.\nhttps://board.example.org/questions/question-1\n\n"
        "Closing soon\n============\n\n"
        "Will it hail?\nCloses on 4 March 2026, 12:00 UTC. You have no forecast on it.\n"
        "https://board.example.org/questions/question-2\n\n"
        "-- \nSent every day at 7:00 UTC when there is something to tell, as Ada chose.\n"
        "To stop: https://board.example.org/stop/stopping-token\n"
        "To change it: https://board.example.org/settings\n"
    )
    html = arrived.get_body(("html",))
    assert html is not None
    assert '<a href="https://board.example.org/questions/question-1">Will it rain?</a><br>Resolved: Yes.' in (
        html.get_content()
    )


def test_its_head_says_who_when_and_how_to_stop(office: Mailbox) -> None:
    arrived = posted(office, told(1, "Will it rain?"), told(2, "Will it hail?"))

    assert arrived["From"] == "Brierboard <brierboard@board.example.org>"
    assert arrived["To"] == "Ada <ada@example.org>"
    assert arrived["Subject"] == "Brierboard: 2 decided"
    assert parsedate_to_datetime(arrived["Date"]).astimezone(UTC) == NOON
    assert arrived["List-Unsubscribe"] == "<https://board.example.org/stop/stopping-token>"
    assert arrived["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert office.to == [["ada@example.org"]]


def test_a_long_link_to_stop_is_not_broken_up_but_lines_of_the_text_are(office: Mailbox) -> None:
    host = f"{'board.' * 15}example.org"
    chosen = Settings(base_url=f"https://{host}", smtp_url=office.address, mail_from="board@example.org")

    mail.send(chosen, digest.compose(chosen, parcel(told(1, f"Will it rain on “{'x' * 300}”?"))))

    lines = office.raw[0].split(b"\r\n")
    assert f"List-Unsubscribe: <https://{host}/stop/stopping-token>".encode() in lines
    assert max(len(line) for line in lines[lines.index(b"") :]) <= 78


def test_the_same_digest_has_the_same_name_and_another_has_another(office: Mailbox) -> None:
    first, again, other = (posted(office, told(number, "Will it rain?")) for number in (1, 1, 2))

    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert first["Message-ID"].endswith("@board.example.org>")


def test_no_title_becomes_a_header_or_markup(office: Mailbox) -> None:
    arrived = posted(office, told(1, "Rain?\r\nBcc: eve@example.org\r\n\r\n<script>x</script> & “ß”"))

    html = arrived.get_body(("html",))
    assert html is not None
    assert arrived["Bcc"] is None
    assert office.to == [["ada@example.org"]]
    assert "&lt;script&gt;x&lt;/script&gt; &amp; “ß”" in html.get_content()


# What the server says


def test_the_servers_answer_is_given(office: Mailbox) -> None:
    chosen = settings(office.address)

    assert mail.send(chosen, digest.compose(chosen, parcel(told(1, "Rain?")))) == "250 Kept"


def test_who_is_not_known_there_is_told_in_the_servers_words(office: Mailbox) -> None:
    office.refused = "550 5.1.1 No such user"

    with pytest.raises(NotTaken, match=r"^The mail server answered 550 5\.1\.1 No such user\.$"):
        posted(office, told(1, "Rain?"))


def test_a_message_that_is_refused_at_its_end_was_not_taken(office: Mailbox) -> None:
    office.answers = ["554 Looks like spam"]

    with pytest.raises(NotTaken, match="554 Looks like spam"):
        posted(office, told(1, "Rain?"))


def test_a_server_that_is_not_there_took_nothing() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        chosen = settings(f"smtp://127.0.0.1:{closed.getsockname()[1]}")

        with pytest.raises(NotTaken, match=r"could not be spoken to: .*refused"):
            mail.send(chosen, digest.compose(chosen, parcel(told(1, "Rain?"))))


def test_where_the_line_breaks_after_the_message_nobody_knows_whether_it_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_break_off_after_the_message, args=(server,))
        thread.start()
        chosen = settings(f"smtp://127.0.0.1:{server.getsockname()[1]}")

        with pytest.raises(LeftUnknown, match="may have taken the message all the same"):
            mail.send(chosen, digest.compose(chosen, parcel(told(1, "Rain?"))))

        thread.join()


def _break_off_after_the_message(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as heard:
        connection.sendall(b"220 Hello\r\n")
        for line in heard:
            if line == b".\r\n":
                return
            if line[:4] in (b"ehlo", b"mail", b"rcpt"):
                connection.sendall(b"250 Well\r\n")
            elif line[:4] == b"data":
                connection.sendall(b"354 Go on\r\n")


def test_a_password_goes_over_no_open_line(office: Mailbox) -> None:
    """The server's name is one of this machine, but not one that is known to be so."""
    chosen = settings(office.address.replace("smtp://127.0.0.1", "smtp://ada:secret@0.0.0.0"))

    with pytest.raises(NotTaken, match="no password goes out without"):
        mail.send(chosen, digest.compose(chosen, parcel(told(1, "Rain?"))))


# Settings


@pytest.mark.parametrize("address", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://host:99999"])
def test_what_names_no_mail_server_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        Settings(smtp_url=address)


@pytest.mark.parametrize("sender", ["Brierboard", "a@b.example\nBcc: eve@example.org", "@example.org"])
def test_what_names_no_sender_is_refused(sender: str) -> None:
    with pytest.raises(ValidationError):
        Settings(mail_from=sender)


def test_mail_comes_from_our_own_address_unless_another_is_set() -> None:
    assert str(Settings().sender) == "Brierboard <brierboard@localhost>"
    assert str(Settings(mail_from="The Board <board@example.org>").sender) == "The Board <board@example.org>"
