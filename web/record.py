"""The journal as pages and programs read it: narrowed by the words of an address, each entry told in words."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from forecasts import audit
from forecasts.audit import MODERATION, PUBLIC, Wanted
from forecasts.models import Comment, Forecast, Forecaster, Hiding, Suspension
from forecasts.permissions import may, sets_visible, visible
from questions import catalog
from questions.errors import NotFound
from questions.journal import OPERATOR
from questions.models import AUDIENCES, REVEALS, Entry, Question, QuestionSet, Resolution, Revision, Showing, Source
from web import filters, views
from web.filters import InvalidFilter, address
from web.pages import Deed

KINDS = {
    "question": "Questions asked",
    "forecast": "Forecasts",
    "withdrawal": "Withdrawals",
    "restatement": "Forecasts of people erased, said again",
    "comment": "Comments",
    "revision": "Clarifications",
    "resolution": "Decisions",
    "set": "Sets published",
    "source": "Sources published",
    "showing": "Changes of who sees it",
    "review": "Reviews of drafts",
    "hiding": "Comments hidden or shown",
    "suspension": "Suspensions",
    "merge": "Accounts merged",
    "erasure": "People erased",
}
"""What there is to choose from; the last five to moderators alone."""

DID = {
    "question": "asked",
    "forecast": "forecast",
    "withdrawal": "withdrew from",
    "undoing": "took an act back, and said again, on",
    "undone": "took a forecast back on",
    "restatement": "keeps, without their words, a forecast on",
    "comment": "commented on",
    "revision": "clarified",
    "resolved": "resolved",
    "annulled": "annulled",
    "reopened": "reopened",
    "set": "published the set",
    "source": "published the source",
    "showing": "changed who sees",
    "review": "let in",
    "hiding": "hid a comment on",
    "unhiding": "showed a comment again on",
    "suspension": "suspended",
    "release": "lifted the suspension of",
    "merge": "merged two accounts",
    "parting": "parted two accounts again",
    "erasure": "erased",
}

AS_SET = "As its set has it"

FIELDS = ("kind", "who", "question", "set", "since", "until")

Row = TypeVar("Row")


# Narrowing


@dataclass(frozen=True)
class Sought:
    """The words of an address by which the journal is narrowed; "" where it is not."""

    kind: str = ""
    who: str = ""
    question: str = ""
    set: str = ""
    since: str = ""
    until: str = ""

    @property
    def words(self) -> dict[str, str]:
        """The same by the names that addresses give them."""
        return {name: getattr(self, name) for name in FIELDS}


def kinds(viewer: Forecaster | None) -> dict[str, str]:
    """The kinds of acts that somebody may see any of, each with what it is called."""
    known = (*PUBLIC, *MODERATION) if may(viewer, "moderate") else PUBLIC
    return {name: title for name, title in KINDS.items() if name in known}


def wanted(session: Session, sought: Sought, viewer: Forecaster | None) -> Wanted:
    """What these words ask for. Raises NotFound for what is not there or not theirs to see, InvalidFilter for the rest;
    both name the field."""
    known = kinds(viewer)
    if sought.kind not in ("", *known):
        raise InvalidFilter(f"“{sought.kind[:40]}” is no kind of act. Choose {', '.join(known)}.", "kind")
    since, until = filters.days(sought.since, sought.until)
    asked, sets = visible(session, viewer), sets_visible(session, viewer)
    return Wanted(
        kind=sought.kind,
        who=_found("who", sought.who, lambda handle: views.forecaster_of(session, handle, viewer)),
        question=_found("question", sought.question, lambda slug: catalog.find(session, slug, asked)),
        within=_found("set", sought.set, lambda slug: catalog.find_set(session, slug, sets)),
        since=since,
        until=until,
    )


def _found(field: str, word: str, find: Callable[[str], Row]) -> Row | None:
    try:
        return find(word) if word else None
    except NotFound as refusal:
        raise NotFound(str(refusal), field) from refusal


# In words


def told(session: Session, read: audit.Read) -> list[Deed]:
    """Each entry in words: who did what to what, and why; of what is not seen the place in the chain alone."""
    around = Around(session, [entry for entry, is_seen in read if is_seen])
    return [_deed(around, entry) if is_seen else _sealed(entry) for entry, is_seen in read]


def _sealed(entry: Entry) -> Deed:
    return Deed(entry.seq, entry.recorded_at, entry.hash.hex())


def _deed(around: "Around", entry: Entry) -> Deed:
    telling = _TELLING.get(entry.kind, _unknown)
    content = json.loads(entry.content) if entry.content is not None else None
    return Deed(
        entry.seq,
        entry.recorded_at,
        entry.hash.hex(),
        seen=True,
        actor=around.named.get(entry.actor),
        by="The operator" if entry.actor == OPERATOR else "Somebody",
        erased=content is None,
        **telling(around, entry, content if isinstance(content, dict) else {}),
    )


@dataclass
class Around:
    """What the entries are about, and what they made, read once for all of them."""

    session: Session
    entries: Sequence[Entry]

    def _made(self, model: type[Row]) -> dict[int, Row]:
        """The rows of a table that these entries made, by their seqs."""
        seqs = [one.seq for one in self.entries]
        rows = self.session.exec(select(model).where(col(model.entry).in_(seqs)))  # type: ignore[attr-defined]
        return {one.entry: one for one in rows}  # type: ignore[attr-defined]

    def _by_slug(self, model: type[Row]) -> dict[str, Row]:
        subjects = {one.subject for one in self.entries}
        rows = self.session.exec(select(model).where(col(model.slug).in_(subjects)))  # type: ignore[attr-defined]
        return {one.slug: one for one in rows}  # type: ignore[attr-defined]

    @cached_property
    def forecasts(self) -> dict[int, Forecast]:
        """The forecasts and withdrawals."""
        return self._made(Forecast)

    @cached_property
    def resolutions(self) -> dict[int, Resolution]:
        """The decisions."""
        return self._made(Resolution)

    @cached_property
    def revisions(self) -> dict[int, Revision]:
        """The revisions."""
        return self._made(Revision)

    @cached_property
    def showings(self) -> dict[int, Showing]:
        """The changes of who sees what."""
        return self._made(Showing)

    @cached_property
    def hidings(self) -> dict[int, Hiding]:
        """What was done about comments."""
        return self._made(Hiding)

    @cached_property
    def suspensions(self) -> dict[int, Suspension]:
        """What was done about people."""
        return self._made(Suspension)

    @cached_property
    def comments(self) -> dict[int, Comment]:
        """The comments."""
        return self._made(Comment)

    @cached_property
    def questions(self) -> dict[str, Question]:
        """The questions of these names."""
        return self._by_slug(Question)

    @cached_property
    def sets(self) -> dict[str, QuestionSet]:
        """The sets of these names."""
        return self._by_slug(QuestionSet)

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The sources of these names."""
        return self._by_slug(Source)

    @cached_property
    def named(self) -> dict[str, Forecaster]:
        """Whoever did these things, and whoever they were done to, by what the journal calls them."""
        called = {name for one in self.entries for name in (one.actor, one.subject)} | set(self._mentioned())
        found = self.session.exec(select(Forecaster).where(col(Forecaster.pseudonym).in_(called)))
        return {one.pseudonym: one for one in found}

    def _mentioned(self) -> Iterable[str]:
        for one in self.entries:
            content = json.loads(one.content or "{}") if one.kind in MODERATION else {}
            yield from (word for word in content.values() if isinstance(word, str))


Told = dict[str, Any]


def _question(around: Around, entry: Entry) -> Told:
    one = around.questions.get(entry.subject)
    return {"path": f"/questions/{one.slug}", "title": one.title} if one else {}


def _set(around: Around, entry: Entry) -> Told:
    one = around.sets.get(entry.subject)
    return {"path": f"/sets/{one.slug}", "title": one.title} if one else {}


def _asked(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    return {"did": DID["question"], **_question(around, entry)}


def _spoke(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    said, question = around.forecasts.get(entry.seq), around.questions.get(entry.subject)
    if said is None or question is None:
        return {"did": DID[entry.kind]}
    kind, shape = catalog.kind_of(question), catalog.shape_of(question)
    text = "" if said.probabilities is None else kind.say(said.probabilities, shape)
    how = entry.kind
    if said.undoes is not None:
        how = "undoing" if text else "undone"
    earlier = said.made_at if said.made_at != said.recorded_at else None
    return {"did": DID[how], "text": text, "said": earlier, **_question(around, entry)}


def _restated(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    return {"did": DID["restatement"], **_question(around, entry)}


def _commented(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    found = _question(around, entry)
    if found and entry.seq in around.comments:
        found["path"] += f"?remarks={entry.seq + 1}#comment-{entry.seq}"
    return {"did": DID["comment"], **found}


def _revised(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    made = around.revisions.get(entry.seq)
    return {"did": DID["revision"], "note": made.note if made else "", **_question(around, entry)}


def _decided(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    made, question = around.resolutions.get(entry.seq), around.questions.get(entry.subject)
    if made is None or question is None:
        return {"did": DID["resolved"]}
    happened = catalog.told(made, catalog.kind_of(question), catalog.shape_of(question))
    text = happened if made.verdict == "resolved" else ""
    return {"did": DID[made.verdict], "text": text, "note": made.note, **_question(around, entry)}


def _published_set(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    return {"did": DID["set"], **_set(around, entry)}


def _published_source(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    one = around.sources.get(entry.subject)
    return {"did": DID["source"], **({"path": f"/people/{one.slug}", "title": one.title} if one else {})}


def _shown(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    made = around.showings.get(entry.seq)
    if made is None:
        return {"did": DID["showing"]}
    about = _set if made.question_id is None else _question
    who, when = AUDIENCES.get(made.audience, AS_SET), REVEALS.get(made.reveal, AS_SET).lower()
    if made.reveals_at is not None:
        when = f"from {catalog.spoken(made.reveals_at)} on"
    return {"did": DID["showing"], "text": f"{who}; what others say: {when}", **about(around, entry)}


def _reviewed(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    author = around.named.get(str(content.get("author")))
    note = f"Written by {author.name}." if author else ""
    return {"did": DID["review"], "note": note, **(_question(around, entry) or _set(around, entry))}


def _hid(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    made, found = around.hidings.get(entry.seq), _question(around, entry)
    if made is None:
        return {"did": DID["hiding"]}
    found["path"] = f"/comments/{made.comment_entry}/hiding"
    return {"did": DID["hiding" if made.hidden else "unhiding"], "note": made.note, **found}


def _suspended(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    made = around.suspensions.get(entry.seq)
    how = "suspension" if made is None or made.suspended else "release"
    return {"did": DID[how], "note": made.note if made else "", "whom": around.named.get(entry.subject)}


def _merged(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    pair = [around.named.get(str(content.get(name))) for name in ("who", "into")]
    parted = content.get("merged") is False
    text = (" from " if parted else " into ").join(one.name for one in pair if one is not None)
    return {"did": DID["parting" if parted else "merge"], "text": text, "note": str(content.get("note") or "")}


def _erased(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    return {"did": DID["erasure"], "whom": around.named.get(entry.subject)}


def _unknown(around: Around, entry: Entry, content: Mapping[str, Any]) -> Told:
    """Of a kind that came after this file: moderators alone see it."""
    return {"did": f"did something that has no words here, of the kind “{entry.kind}”"}


_TELLING: Mapping[str, Callable[[Around, Entry, Mapping[str, Any]], Told]] = {
    "question": _asked, "forecast": _spoke, "withdrawal": _spoke, "restatement": _restated,
    "comment": _commented, "revision": _revised, "resolution": _decided, "set": _published_set,
    "source": _published_source, "showing": _shown,
    "review": _reviewed, "hiding": _hid, "suspension": _suspended, "merge": _merged, "erasure": _erased,
}  # fmt: skip


def older(sought: Sought, seq: int) -> str:
    """Where the entries before that one are."""
    return address("/journal", {**sought.words, "before": str(seq)})
