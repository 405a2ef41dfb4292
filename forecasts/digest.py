"""The digest: when it goes out, and what the mail says."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from forecasts.mail import LETTER
from forecasts.models import Delivery
from forecasts.parcel import Parcel
from forecasts.settings import Settings

AT = 7
"""The hour, UTC, at which digests go out: every day, or every Monday."""

HEADINGS = {"resolved": "Decided", "closing": "Closing soon", "moved": "The crowd moved"}
COUNTED = {"resolved": "decided", "closing": "closing soon", "moved": "moved"}
UNANSWERED = "You have no forecast on it."


def following(every: str, moment: datetime) -> datetime:
    """When the next digest goes out after this moment.

    >>> from datetime import UTC
    >>> monday = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> following("day", monday).isoformat(), following("week", monday).isoformat()
    ('2026-03-03T07:00:00+00:00', '2026-03-09T07:00:00+00:00')
    """
    day = moment.replace(hour=AT, minute=0, second=0, microsecond=0)
    if every == "week":
        day -= timedelta(days=day.weekday())
    return day if day > moment else day + timedelta(days=7 if every == "week" else 1)


def compose(settings: Settings, parcel: Parcel) -> EmailMessage:
    """The mail, as plain text and as HTML, with the link that ends the subscription by one click (RFC 8058)."""
    message = EmailMessage(policy=LETTER)
    message["From"], message["To"] = settings.sender, Address(parcel.person.name, addr_spec=parcel.email)
    message["Subject"] = f"Brierboard: {', '.join(_counts(parcel.deliveries))}"
    message["Date"] = format_datetime(parcel.moment)
    message["Message-ID"] = f"<{_name(parcel)}@{settings.sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<{_stop(settings, parcel)}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(_text(settings, parcel))
    message.add_alternative(_html(settings, parcel), subtype="html")
    return message


def _name(parcel: Parcel) -> str:
    """The same however often this digest is tried: a delivery is in no other."""
    first = min(one.id for one in parcel.deliveries)
    return hashlib.sha256(f"{parcel.subscription.stop}:{first}".encode()).hexdigest()[:32]


def _stop(settings: Settings, parcel: Parcel) -> str:
    return f"{settings.address}/stop/{parcel.subscription.stop}"


def _counts(deliveries: Sequence[Delivery]) -> Iterator[str]:
    for event, words in COUNTED.items():
        number = sum(one.content["event"] == event for one in deliveries)
        if number:
            yield f"{number} {words}"


def _sections(parcel: Parcel) -> Iterator[tuple[str, list[Delivery]]]:
    for event, heading in HEADINGS.items():
        found = [one for one in parcel.deliveries if one.content["event"] == event]
        if found:
            yield heading, found


def _line(parcel: Parcel, one: Delivery) -> str:
    marked = one.content["event"] == "closing" and one.content["question"]["slug"] in parcel.unanswered
    return f"{one.content['sentence']} {UNANSWERED}" if marked else str(one.content["sentence"])


def _why(parcel: Parcel) -> str:
    often = {"day": "every day", "week": "every Monday"}[parcel.subscription.every]
    return f"Sent {often} at {AT}:00 UTC when there is something to tell, as {parcel.person.name} chose."


def _text(settings: Settings, parcel: Parcel) -> str:
    lines = []
    for heading, found in _sections(parcel):
        lines += [heading, "=" * len(heading), ""]
        for one in found:
            about = one.content["question"]
            lines += [about["title"], _line(parcel, one), f"{settings.address}/questions/{about['slug']}", ""]
    lines += ["-- ", _why(parcel), f"To stop: {_stop(settings, parcel)}"]
    return "\n".join([*lines, f"To change it: {settings.address}/settings", ""])


def _html(settings: Settings, parcel: Parcel) -> str:
    """Built as a tree, so that no title can be markup."""
    page = ET.Element("html", lang="en")
    ET.SubElement(ET.SubElement(page, "head"), "meta", charset="utf-8")
    body = ET.SubElement(page, "body")
    for heading, found in _sections(parcel):
        ET.SubElement(body, "h2").text = heading
        rows = ET.SubElement(body, "ul")
        for one in found:
            about, row = one.content["question"], ET.SubElement(rows, "li")
            link = ET.SubElement(row, "a", href=f"{settings.address}/questions/{about['slug']}")
            link.text = about["title"]
            ET.SubElement(row, "br").tail = _line(parcel, one)
    foot = ET.SubElement(body, "p")
    foot.text = f"{_why(parcel)} "
    for words, address in (("Stop", _stop(settings, parcel)), ("Change it", f"{settings.address}/settings")):
        link = ET.SubElement(foot, "a", href=address)
        link.text, link.tail = words, " "
    return "<!DOCTYPE html>\n" + ET.tostring(page, encoding="unicode", method="html") + "\n"
