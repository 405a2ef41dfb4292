"""Calendars (RFC 5545): when questions close, and when their outcome is expected."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from icalendar import Calendar, Event

from forecasts.chronicle import Dated
from questions import catalog

KIND = "text/calendar; charset=utf-8"
KEPT = timedelta(days=30)
"""How long a decided question stays in a calendar."""


def draw(listed: Sequence[Dated], title: str, address: str, moment: datetime) -> bytes:
    """A calendar of these questions, without those that were decided long ago; each has two events."""
    calendar = Calendar()
    for name, value in (("prodid", "-//Brierboard//EN"), ("version", "2.0"), ("method", "PUBLISH")):
        calendar.add(name, value)
    calendar.add("x-wr-calname", title)
    for one in listed:
        if not _is_decided(one) or one.changed_at > moment - KEPT:
            calendar.add_component(_event(one, "closes", "Closes", one.question.closes_at, address))
            calendar.add_component(_event(one, "resolves", "Outcome expected", one.question.resolves_at, address))
    drawn: bytes = calendar.to_ical()
    return drawn


def _is_decided(one: Dated) -> bool:
    return one.resolution is not None and one.resolution.verdict != "reopened"


def _event(one: Dated, name: str, words: str, at: datetime, address: str) -> Event:
    """One event. Its UID never changes, and its SEQUENCE grows with each revision and decision."""
    question = one.question
    outcome = catalog.told(one.resolution, catalog.kind_of(question), catalog.shape_of(question))
    event = Event()
    event.add("uid", f"{question.slug}-{name}@brierboard")
    event.add("summary", f"{f'{outcome}: ' if outcome else f'{words}: '}{question.title}")
    event.add("dtstart", at)
    for stamp in ("dtstamp", "last-modified"):
        event.add(stamp, one.changed_at)
    event.add("sequence", one.changes)
    event.add("status", "CANCELLED" if outcome == "Annulled" else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("url", f"{address}/questions/{question.slug}")
    event.add("description", question.criteria)
    return event
