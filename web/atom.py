"""Atom feeds (RFC 4287), built as a tree, so that no title can be markup."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree as ET

from forecasts.chronicle import Act
from forecasts.models import Comment, Forecast
from questions import catalog
from questions.models import Question, Resolution
from web.prose import prose

ATOM = "http://www.w3.org/2005/Atom"
KIND = "application/atom+xml"
UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold, not even escaped."""

NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was changed."""

ET.register_namespace("", ATOM)


@dataclass(frozen=True)
class Feed:
    """What a feed is about, and where it and its page are found."""

    id: UUID
    title: str
    here: str
    page: str
    acts: Sequence[Act]

    @property
    def updated_at(self) -> datetime:
        return self.acts[0].entry.recorded_at if self.acts else NOTHING_YET


def draw(feed: Feed, address: str) -> bytes:
    """The feed as a document; `address` is where the server is found."""
    root = ET.Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": "en"})
    _say(root, "id", f"urn:uuid:{feed.id}")
    _say(root, "title", f"{feed.title} · Brierboard")
    _say(root, "updated", feed.updated_at.isoformat())
    _say(_add(root, "author"), "name", "Brierboard")
    _add(root, "link", rel="self", type=KIND, href=address + feed.here)
    _add(root, "link", rel="alternate", type="text/html", href=address + feed.page)
    for act in feed.acts:
        _enter(root, act, address)
    drawn: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return drawn


def _enter(root: ET.Element, act: Act, address: str) -> None:
    entry, (word, text, kind) = _add(root, "entry"), told(act)
    _say(entry, "id", f"urn:uuid:{act.id}")
    _say(entry, "title", f"{word}: {act.question.title}")
    for moment in ("updated", "published"):
        _say(entry, moment, act.entry.recorded_at.isoformat())
    _say(_add(entry, "author"), "name", act.actor.name if act.actor else "The operator")
    _add(entry, "link", rel="alternate", type="text/html", href=f"{address}/questions/{act.question.slug}")
    if text:
        _say(entry, "content", text, type=kind)


def told(act: Act) -> tuple[str, str, str]:
    """What an act did in a word or two, what is to be said of it, and whether that is "text" or "html"."""
    question = act.question
    if act.resolution is not None:
        return _decision(question, act.resolution)
    if act.revision is not None:
        changes = "\n".join(f"{name.replace('_', ' ')}: {said}" for name, said in act.revision.changes.items())
        return "Revised", f"{act.revision.note}\n\n{changes}", "text"
    if act.comment is not None:
        return ("Comment", "A moderator hid this comment.", "text") if act.comment.hidden else _comment(act.comment)
    if act.forecast is not None:
        return _forecast(question, act.forecast)
    return "Asked", f"{question.criteria}\n\nCloses on {catalog.spoken(question.closes_at)}.", "text"


def _comment(made: Comment) -> tuple[str, str, str]:
    return "Comment", str(prose(made.text)), "html"


def _decision(question: Question, made: Resolution) -> tuple[str, str, str]:
    outcome = catalog.told(made, catalog.kind_of(question), catalog.shape_of(question))
    word = {"resolved": f"Resolved, {outcome}", "annulled": "Annulled", "reopened": "Reopened"}[made.verdict]
    return word, "\n".join(part for part in (made.note, made.evidence_url) if part), "text"


def _forecast(question: Question, made: Forecast) -> tuple[str, str, str]:
    if made.probabilities is None:
        return "Forecast withdrawn", "", "text"
    words = catalog.kind_of(question).say(made.probabilities, catalog.shape_of(question))
    return f"Forecast, {words}", str(prose(made.rationale)), "html"


def _add(parent: ET.Element, name: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)


def _say(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    _add(parent, name, **attributes).text = UNSPEAKABLE.sub("", text)
