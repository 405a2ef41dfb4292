"""Mail: one message to one address, by the server that BRIERBOARD_SMTP_URL names."""

import smtplib
import ssl
from contextlib import suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from forecasts.parcel import LeftUnknown, NotTaken
from forecasts.settings import Settings, is_loopback

LETTER = SMTP.clone(cte_type="7bit")
"""How messages are made: in what any server takes, whatever it offers."""

WIRE = LETTER.clone(max_line_length=998)
"""How they are written out: a header of more than 78 characters would be encoded to be broken, and then no mail program
finds the link in it. The standard allows 998."""

PATIENCE = 20.0
"""Seconds that the server may take for each answer."""

PORTS = {"smtp": 25, "smtps": 465}
TROUBLE = (OSError, smtplib.SMTPException)


def send(settings: Settings, message: EmailMessage) -> str:
    """Hand the message to the server and give its answer.

    Raises NotTaken where the server did not take it, LeftUnknown where the connection broke before it said whether.
    """
    server: smtplib.SMTP | None = None
    try:
        server = _connect(settings)
        _enter(server, settings)
        _address(server, message)
        return _hand_over(server, message)
    except TROUBLE as error:
        raise NotTaken(told(error)) from error
    finally:
        if server is not None:
            with suppress(*TROUBLE):
                server.quit()
            server.close()


def _connect(settings: Settings) -> smtplib.SMTP:
    parts = urlsplit(settings.smtp_url)
    host, port, name = parts.hostname or "", parts.port or PORTS[parts.scheme], _greeting(settings.sender.domain)
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, name, timeout=PATIENCE, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, name, timeout=PATIENCE)


def _enter(server: smtplib.SMTP, settings: Settings) -> None:
    """Greet, encrypt wherever it can be, and sign in where there is a name. No password goes over an open line."""
    parts = urlsplit(settings.smtp_url)
    safe = parts.scheme == "smtps" or is_loopback(parts.hostname or "")
    server.ehlo_or_helo_if_needed()
    if not safe and server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
    elif not safe and parts.password:
        raise smtplib.SMTPNotSupportedError("it offers no TLS, and no password goes out without")
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    server.ehlo_or_helo_if_needed()


def _greeting(domain: str) -> str:
    """How we name ourselves: a number stands in brackets."""
    try:
        return f"[{ip_address(domain)}]"
    except ValueError:
        return domain


def _address(server: smtplib.SMTP, message: EmailMessage) -> None:
    for say, header in ((server.mail, "From"), (server.rcpt, "To")):
        code, words = say(message[header].addresses[0].addr_spec)
        if code not in (250, 251):
            raise smtplib.SMTPResponseException(code, words)


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> str:
    try:
        code, words = server.data(message.as_bytes(policy=WIRE))
    except smtplib.SMTPDataError:
        raise  # it did not want to hear
    except TROUBLE as error:
        raise LeftUnknown(f"{told(error)} It may have taken the message all the same.") from error
    if code != 250:
        raise smtplib.SMTPDataError(code, words)
    return f"{code} {words.decode(errors='replace')}"


def told(error: Exception) -> str:
    """What went wrong with the mail server, in a sentence."""
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"The mail server answered {error.smtp_code} {' '.join(words.split())}."
    return f"The mail server could not be spoken to: {str(error).rstrip('.')}."


def confirmation(settings: Settings, name: str, email: str, token: str, moment: datetime) -> EmailMessage:
    """The mail that asks whoever reads it whether reminders for this person may come here."""
    words = (
        f"{name} wants reminders from {settings.address} to come to this address.\n\n"
        f"If that is you, open this page and press the button. It works for three days:\n"
        f"{settings.address}/confirm/{token}\n\n"
        "If it is not you, do nothing: nothing more will come.\n"
    )
    return _letter(settings, email, "Brierboard: may reminders come here?", words, moment)


def reset(settings: Settings, name: str, email: str, token: str, moment: datetime) -> EmailMessage:
    """The mail by which somebody who has forgotten their password chooses another one."""
    words = (
        f"Somebody asked for a new password for {name} at {settings.address}.\n\n"
        f"If that was you, open this page and choose one. It works for an hour, and once:\n"
        f"{settings.address}/reset/{token}\n\n"
        "If it was not you, do nothing: your password stays as it is.\n"
    )
    return _letter(settings, email, "Brierboard: choose a new password", words, moment)


def notice(settings: Settings, name: str, email: str, happened: str, moment: datetime) -> EmailMessage:
    """The mail that tells somebody that their account was changed, in case that it was not they who did it."""
    words = (
        f"{happened}\n\n"
        f"It is the account of {name} at {settings.address}, and happened on {moment:%Y-%m-%d at %H:%M} UTC.\n\n"
        f"If it was you, there is nothing to do. If it was not, choose a new password at once:\n"
        f"{settings.address}/reset\n"
    )
    return _letter(settings, email, "Brierboard: your account was changed", words, moment)


def _letter(settings: Settings, email: str, subject: str, words: str, moment: datetime) -> EmailMessage:
    message = EmailMessage(policy=LETTER)
    message["From"], message["To"] = settings.sender, Address(addr_spec=email)
    message["Subject"] = subject
    message["Date"] = format_datetime(moment)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words)
    return message
