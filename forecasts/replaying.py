"""Making a record anew out of its journal: every table that follows from an export with everything, on either engine.

Entries and checkpoints are taken as they are, so every hash is what it was; what they say becomes the rows that pages
are served from, and scores are worked out. Before anything is written the file passes forecasts/verifier.py, and before
it is committed the record passes forecasts/verification.py. Names come along. What nobody's acts say does not:
passwords, tokens, mail addresses, drafts, and the links to what is unlisted; for all of that there are backups.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Date, insert
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel, col, select

from forecasts import checkpoints, ledger, merkle, roots, verification, verifier
from forecasts.importing import Follow
from forecasts.journalfile import KINDS, KNOWN
from forecasts.keeping import Kept
from forecasts.models import (
    Checkpoint,
    Comment,
    Forecast,
    Forecaster,
    Hiding,
    Merge,
    Subtree,
    Suspension,
)
from forecasts.terminal import shown
from questions import audiences, journal
from questions.errors import Refusal, WritingRefused
from questions.journal import UNREADABLE, Broken
from questions.models import (
    REVISABLE,
    Entry,
    Head,
    Moment,
    Question,
    QuestionSet,
    Resolution,
    Revision,
    Showing,
    Source,
    table_of,
)

Line = Mapping[str, Any]
Row = TypeVar("Row", bound=SQLModel)

_ENTER = insert(table_of(Entry))
_KEEP = insert(table_of(Subtree))


class NotReplayed(Refusal):
    """A journal that no record can be made of. Nothing was changed."""


def read(path: Path) -> list[Line]:
    """The lines of an export, once its chain, commitments, checkpoints and scores were found to hold.

    Raises NotReplayed, also where it does not say everything.
    """
    try:
        text = verifier.text_of(path)
    except verifier.DoesNotHold as fault:
        raise NotReplayed(f"{fault} Nothing was imported.") from fault
    try:
        for _ in verifier.verify(path, (), (), ()):
            pass
        found = [verifier.parsed(line, "A line") for line in text.split("\n") if line]
    except verifier.DoesNotHold as fault:
        raise NotReplayed(f"{shown(path)} does not hold: {fault} Nothing was imported.") from fault
    except UNREADABLE as error:
        raise NotReplayed(f"{shown(path)} says something that no Brierboard writes. Nothing was imported.") from error
    if not found[0]["entries"]:
        raise NotReplayed(f"{shown(path)} has no entry, so there is nothing to import.")
    if not found[0]["everything"]:
        raise NotReplayed(
            f"{shown(path)} has what everybody may see, which is not the whole record. Export it with --everything."
        )
    return found


def require_empty(session: Session) -> None:
    """Raise NotReplayed where there is a record already: two cannot become one."""
    people = select(Forecaster.id).where(col(Forecaster.kind).in_(KINDS))
    if session.get_one(Head, 1).seq or session.exec(people.limit(1)).first() is not None:
        raise NotReplayed(
            "The database holds a record already, and two journals cannot become one. Name an empty database in "
            "BRIERBOARD_DATABASE_URL."
        )


def replay(
    session: Session, lines: Sequence[Line], moment: datetime, follow: Follow = lambda things, _: things
) -> Kept:
    """Let an empty database hold what the lines say, and nothing else.

    Raises NotReplayed where it is not empty or the lines make no record, and WritingRefused where they come from after
    this machine's clock.
    """
    require_empty(session)
    try:
        made = _Record(session, lines)
        made.take_all(lines, moment, follow)
        for _ in verification.verify(session, follow=follow):
            pass
        return Kept(made.head.seq, made.head.hash.hex())
    except (OperationalError, WritingRefused):
        raise
    except Broken as fault:
        raise NotReplayed(f"No record follows from this journal: {fault} Nothing was imported.") from fault
    except (*UNREADABLE, StopIteration, verifier.DoesNotHold) as error:
        raise NotReplayed("The journal says something that no Brierboard writes. Nothing was imported.") from error


class _Record:
    """What was made so far, by the names that entries call it.

    merged   who counts for whom in the end
    lost     forecasts whose words were erased, by their entry, until they are said again
    changed  the latest entry about each question, which is never less than what anybody kept of how often it changed
    """

    def __init__(self, session: Session, lines: Sequence[Line]) -> None:
        self.session = session
        self.head = session.get_one(Head, 1)
        self.sources: dict[str, Source] = {}
        self.sets: dict[str, QuestionSet] = {}
        self.questions: dict[str, Question] = {}
        self.comments: dict[int, Comment] = {}
        self.lost: dict[int, Entry] = {}
        self.changed: dict[str, int] = {}
        told = [line["forecaster"] for line in lines if "forecaster" in line]
        self.people = {one["pseudonym"]: self.add(_forecaster(one)) for one in told}
        self.speaks = {one["pseudonym"]: one["source"] for one in told if one["source"]}
        for one in told:
            if one["owner"]:
                self.people[one["pseudonym"]].owner_id = self.people[one["owner"]].id
        self.merged = _merged(lines)

    def take_all(self, lines: Sequence[Line], moment: datetime, follow: Follow) -> None:
        """All that the journal says, what follows from it, and what was signed over it."""
        for entry in follow([line["entry"] for line in lines if "entry" in line], "Entries"):
            self.take(entry)
        self.end(moment)
        for question in follow(list(self.questions.values()), "Working out scores"):
            ledger.rescore(self.session, question)
        self.sign(lines)
        self.session.flush()

    def add(self, row: Row) -> Row:
        """One more row, with its id."""
        self.session.add(row)
        self.session.flush()
        return row

    def whose(self, actor: str) -> int:
        """The id of whom an actor's words count as."""
        return self.people[roots.end(self.merged, actor)].id

    def take(self, told: Line) -> None:
        """One more entry, and what it says."""
        entry = _entry(told)
        self.session.connection().execute(_ENTER, entry.model_dump())
        self.last, self.changed[entry.subject] = entry, entry.seq
        if (make := MAKES.get(entry.kind)) is not None:
            make(self, entry, json.loads(entry.content) if entry.content is not None else None)

    def end(self, moment: datetime) -> None:
        """What only all entries together tell."""
        last = self.last
        self.head.seq, self.head.recorded_at, self.head.hash = last.seq, last.recorded_at, last.hash
        journal.moment_after(last.recorded_at, moment)
        for slug, question in self.questions.items():
            question.revision = self.changed[slug]
        for pseudonym, slug in self.speaks.items():
            self.people[pseudonym].source_id = self.sources[slug].id
        self.session.flush()
        ledger.seat(self.session, [one.id for one in self.people.values()])

    def sign(self, lines: Sequence[Line]) -> None:
        """The checkpoints, the oldest first, with the blocks of the tree that they rest on."""
        keys, before, blocks = [verifier.Key(one) for one in lines[0]["keys"]], 0, checkpoints.reader(self.session)
        for told in (line["checkpoint"] for line in lines if "checkpoint" in line):
            note = verifier.Note(told["note"])
            key = next(one for one in keys if note.signed_by([one]))
            for level, number, digest in merkle.due(blocks, before, note.size):
                self.session.connection().execute(_KEEP, {"level": level, "number": number, "hash": digest})
            at = _moment(told["recorded_at"])
            self.add(Checkpoint(size=note.size, recorded_at=at, root=note.root, note=note.text, key=key.text))
            before = note.size


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _said(model: type[SQLModel], told: Line) -> dict[str, Any]:
    """What is told, by the columns of that table: what has no column there is left out."""
    columns = table_of(model).columns
    return {name: _value(columns[name].type, value) for name, value in told.items() if name in columns}


def _value(column: Any, value: Any) -> Any:
    """A value as such a column takes it: moments and days out of their words, "" for none."""
    if isinstance(column, Moment):
        return _moment(value) if value else None
    return date.fromisoformat(value) if isinstance(column, Date) else value


def _entry(told: Line) -> Entry:
    seals = {name: told[name] and bytes.fromhex(told[name]) for name in ("commitment", "hash", "salt")}
    return Entry(**(_said(Entry, told) | seals))


def _forecaster(told: Line) -> Forecaster:
    verifier.require(told["kind"] in KINDS, "A forecaster of that kind is nobody's.")
    return Forecaster(**{name: _said(Forecaster, told)[name] for name in (*KNOWN, "joined_at")})


def _merged(lines: Iterable[Line]) -> dict[str, str]:
    """Who was merged into whom in the end, by pseudonym."""
    found: dict[str, str] = {}
    for entry in (line["entry"] for line in lines if line.get("entry", {}).get("kind") == "merge"):
        roots.follow(found, **json.loads(entry["content"]))
    return found


# What each kind of entry says


def _source(made: _Record, entry: Entry, told: Line) -> None:
    made.sources[entry.subject] = made.add(Source(entry=entry.seq, **_said(Source, told)))


def _set(made: _Record, entry: Entry, told: Line) -> None:
    source = made.sources[told["source"]].id if told["source"] else None
    added = QuestionSet(entry=entry.seq, source_id=source, **_said(QuestionSet, told))
    added.key = audiences.key_for(added.audience)
    made.sets[entry.subject] = made.add(added)


def _question(made: _Record, entry: Entry, told: Line) -> None:
    added = Question(entry=entry.seq, set_id=made.sets[told["set"]].id, **_said(Question, told))
    added.key = audiences.key_for(added.audience)
    made.questions[entry.subject] = made.add(added)


def _revision(made: _Record, entry: Entry, told: Line) -> None:
    question = made.questions[entry.subject]
    at = entry.recorded_at
    made.add(Revision(entry=entry.seq, question_id=question.id, recorded_at=at, **_said(Revision, told)))
    for name in REVISABLE:
        setattr(question, name, told["changes"].get(name, getattr(question, name)))


def _showing(made: _Record, entry: Entry, told: Line) -> None:
    of_set = told["of"] == "set"
    one: QuestionSet | Question = made.sets[entry.subject] if of_set else made.questions[entry.subject]
    said = _said(Showing, told) | {"set_id" if of_set else "question_id": one.id}
    shown = made.add(Showing(entry=entry.seq, recorded_at=entry.recorded_at, **said))
    one.audience, one.reveal, one.reveals_at = shown.audience, shown.reveal, shown.reveals_at
    one.key = audiences.key_for(one.audience, one.key)
    made.changed |= dict.fromkeys(made.questions if of_set else (), entry.seq)


def _forecast(made: _Record, entry: Entry, told: Line | None) -> None:
    if told is None:
        made.lost[entry.seq] = entry
        return
    said = {"made_at": entry.recorded_at} | _said(Forecast, told)
    if entry.kind == "forecast":
        said["probabilities"] = np.array(verifier.vector(told["probabilities"]))
    question, who, at = made.questions[entry.subject].id, made.whose(entry.actor), entry.recorded_at
    made.add(Forecast(entry=entry.seq, question_id=question, forecaster_id=who, recorded_at=at, **said))


def _restatement(made: _Record, entry: Entry, told: Line) -> None:
    if (lost := made.lost.pop(told["of"], None)) is not None:
        _forecast(made, lost, told["says"])


def _comment(made: _Record, entry: Entry, told: Line | None) -> None:
    question, who, at = made.questions[entry.subject].id, made.whose(entry.actor), entry.recorded_at
    said = _said(Comment, told) if told is not None else {"text": ""}
    added = Comment(entry=entry.seq, question_id=question, forecaster_id=who, recorded_at=at, **said)
    made.comments[entry.seq] = made.add(added)


def _resolution(made: _Record, entry: Entry, told: Line) -> None:
    question = made.questions[entry.subject]
    said = _said(Resolution, told) | {"supersedes": told["supersedes"] or 0}
    made.add(Resolution(entry=entry.seq, question_id=question.id, recorded_at=entry.recorded_at, **said))
    question.resolution = entry.seq


def _hiding(made: _Record, entry: Entry, told: Line) -> None:
    about, at = made.comments[told["comment"]], entry.recorded_at
    made.add(Hiding(entry=entry.seq, comment_entry=about.entry, recorded_at=at, **_said(Hiding, told)))
    about.hidden = told["hidden"]


def _suspension(made: _Record, entry: Entry, told: Line) -> None:
    who, at = made.people[entry.subject], entry.recorded_at
    made.add(Suspension(entry=entry.seq, forecaster_id=who.id, recorded_at=at, **_said(Suspension, told)))
    who.suspended = told["suspended"]


def _merge(made: _Record, entry: Entry, told: Line) -> None:
    """What went along with whom no entry says: should they be parted again, drafts and bots stay where they are."""
    who, into, at = made.people[told["who"]], made.people[told["into"]], entry.recorded_at
    said = _said(Merge, told) | {"brought": {"drafts": [], "bots": []}}
    made.add(Merge(entry=entry.seq, forecaster_id=who.id, into_id=into.id, recorded_at=at, **said))
    who.merged_into_id = into.id if told["merged"] else None


def _erasure(made: _Record, entry: Entry, told: Line) -> None:
    made.people[entry.subject].erasure = entry.seq


MAKES: Mapping[str, Callable[[_Record, Entry, Any], None]] = {
    "source": _source, "set": _set, "question": _question, "revision": _revision, "showing": _showing,
    "forecast": _forecast, "withdrawal": _forecast, "restatement": _restatement, "comment": _comment,
    "resolution": _resolution, "hiding": _hiding, "suspension": _suspension, "merge": _merge, "erasure": _erasure,
}  # fmt: skip
"""What makes rows of an entry, by its kind; those of other kinds have none."""
