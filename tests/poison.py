"""Texts that would run in a page if it let them, and a database that holds them wherever a text can stand."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from sqlmodel import col, select

from forecasts import discussion, drafting, ledger, loading, subscribing
from forecasts.database import Database
from forecasts.happenings import EVENTS
from forecasts.models import Forecaster
from questions import forms, journal
from questions.catalog import Decision
from questions.models import Question
from questions.setfile import Draft, SetFile
from tests.cast import SOURCE, SPECS, decide, draft, join

PAYLOADS = (Path(__file__).parent / "data" / "xss.txt").read_text().splitlines()
ALL = "\n\n".join(PAYLOADS)
MARK = "marked"
"""What each of them would set on the window."""

LINKED = f"https://evil.example/?{quote(PAYLOADS[2])}\"'<script>top.marked=1</script>".replace(" ", "")


def poison(database: Database) -> None:
    """A set of questions, one titled by each; its source, forecasts, comments, drafts and a webhook full of them.

    Ada forecasts and writes, Mo moderates, Root administrates. The last question is decided.
    """
    ada, mo, _ = join(database, "Ada"), join(database, "Mo", "moderator"), join(database, "Root", "administrator")
    titled = [draft(f"p-{number}", **_about(payload, number)) for number, payload in enumerate(PAYLOADS)]
    source: dict[str, Any] = {**SOURCE, "name": PAYLOADS[11], "title": PAYLOADS[0], "author": PAYLOADS[12], "note": ALL}
    about = {"slug": "poison", "title": PAYLOADS[4], "description": ALL, "source": source}
    questions = _load(database, about, [*titled, *_of_other_kinds()])
    _speak(database, ada, questions)
    _write(database, ada)
    facts: dict[str, Any] = {"known_at": questions[0].opens_at, "evidence_url": LINKED, "note": ALL}
    decide(database, mo, questions[len(PAYLOADS) - 1], Decision("resolved", 1, **facts))
    decide(database, mo, questions[len(PAYLOADS) - 2], Decision("annulled", note=ALL, evidence_url=LINKED))


def _load(database: Database, about: dict[str, Any], drafts: list[dict[str, Any]]) -> list[Question]:
    """Load them with what the source says of each, and why."""
    implied = {"binary": np.array([0.4, 0.6])}
    judged = [Draft(one, implied.get(one["kind"]), PAYLOADS[place % 100]) for place, one in enumerate(drafts)]
    with database.writing() as (session, moment):
        loading.load(session, SetFile(about, judged), "poison.toml", by=journal.OPERATOR, moment=moment)
    with database.reading() as session:
        return list(session.exec(select(Question).order_by(col(Question.id))))


def _about(payload: str, number: int) -> dict[str, Any]:
    long = ALL if number % 10 == 0 else payload
    words = dict.fromkeys(("background", "criteria", "fine_print", "resolves_from", "claim"), long)
    return {"title": payload, "paragraph": payload, "tags": [payload], "group": f"p-{number}", **words}


def _of_other_kinds() -> Iterator[dict[str, Any]]:
    number: dict[str, Any] = {"range": {**SPECS["number"]["range"], "unit": PAYLOADS[11]}}
    yield draft("labels", "choice", title=PAYLOADS[13], spec={"outcomes": PAYLOADS[:20]})
    yield draft("unit", "number", title=PAYLOADS[19], spec=number)
    for step in (1, 2):
        ladder = {"ladder": {"threshold": step, "direction": "above"}}
        yield draft(f"over-{step}", title=PAYLOADS[step], group="steps", spec=ladder)
    yield draft("day", "date", title=PAYLOADS[20])


def _speak(database: Database, who: Forecaster, questions: list[Question]) -> None:
    with database.writing() as (session, moment):
        for question, payload in zip(questions, PAYLOADS, strict=False):
            ledger.record(session, who, question, np.array([0.5, 0.5]), moment, rationale=payload)
            discussion.comment(session, who, question, payload, moment)
        discussion.comment(session, who, questions[0], ALL, moment)


def _write(database: Database, who: Forecaster) -> None:
    """A draft of each kind in which every field is one, and one that waits for review."""
    with database.writing() as (session, moment):
        for asks in drafting.ASKS:
            names = forms.FIELDS[asks]
            typed = {name: PAYLOADS[place % len(PAYLOADS)] for place, name in enumerate(names)}
            drafting.start(session, who, asks, typed, moment)
        ready = {
            "title": PAYLOADS[1], "kind": "choice", "criteria": ALL, "background": ALL, "closes_at": "in 3 weeks",
            "outcomes": "\n".join(PAYLOADS[:5]), "tags": PAYLOADS[11].replace(",", ""), "slug": "ready",
        }  # fmt: skip
        drafting.send(session, drafting.start(session, who, "question", ready, moment), who, moment)
        hook = "https://evil.example/?\"'><script>top.marked=1</script>"
        subscribing.add_webhook(session, who, "slack", hook, list(EVENTS)[:1], "", moment)


# What of a page could run


class Living(HTMLParser):
    """Everything on a page that runs, loads or leads to what is not ours, as whoever wrote it put it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name.lower(): value or "" for name, value in attrs}
        if tag in FORBIDDEN or (tag in OURS_ALONE and not _ours(said, OURS_ALONE[tag])):
            self.found.append(self.get_starttag_text() or tag)
        for name, value in said.items():
            if (
                name.startswith("on")
                or name in NEVER
                or (name.removeprefix("data-").startswith("hx-") and tag != "form")
            ):
                self.found.append(f"{tag} {name}={value}")
            if name in LEADING and not _leads_well(value):
                self.found.append(f"{tag} {name}={value}")


FORBIDDEN = {
    "iframe",
    "object",
    "embed",
    "base",
    "style",
    "math",
    "video",
    "audio",
    "marquee",
    "animate",
    "foreignobject",
}
OURS_ALONE = {"script": "src", "link": "href", "img": "src", "form": "action"}
NEVER = {"style", "srcdoc", "formaction", "xlink:href", "http-equiv", "background", "ping"}
LEADING = {"href", "src", "action", "hx-post", "hx-get", "cite", "data", "poster"}


def _ours(said: dict[str, str], name: str) -> bool:
    if name == "action" and name not in said:  # to the page itself
        return True
    return said.get(name, "").startswith("/") and not said[name].startswith("//")


def _leads_well(address: str) -> bool:
    plain = "".join(one for one in address if one > " ").lower()
    scheme = plain.partition(":")[0] if ":" in plain.partition("/")[0] else ""
    return scheme in ("", "http", "https", "mailto")


def living(html: str) -> list[str]:
    """What could run on this page though it should be dead; [] where nothing could."""
    found = Living()
    found.feed(html)
    found.close()
    return found.found
