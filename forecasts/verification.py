"""Proof that the record holds: the journal's chain, what was signed over it, every table and score that follows."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import rfc8785
from sqlmodel import Session, SQLModel, col, func, or_, select

from forecasts import checkpoints, derived, ledger, merkle, roots, signing
from forecasts.audit import RESTATED
from forecasts.erasing import ERASED
from forecasts.importing import Follow
from forecasts.models import Checkpoint, Comment, Forecast, Forecaster, Hiding, Merge, Position, Subtree, Suspension
from questions import catalog, journal
from questions.journal import UNREADABLE, Broken
from questions.kinds import KINDS
from questions.models import AS_ITS_SET, Entry, Question, QuestionSet, Resolution, Revision, Showing, Source

TABLES: Mapping[str, type[SQLModel]] = {
    "source": Source,
    "set": QuestionSet,
    "question": Question,
    "forecast": Forecast,
    "withdrawal": Forecast,
    "resolution": Resolution,
    "revision": Revision,
    "comment": Comment,
    "showing": Showing,
    "hiding": Hiding,
    "suspension": Suspension,
    "merge": Merge,
}
PUBLISHED: Mapping[str, Any] = {"state": "published"}
"""What no entry says because it is one: nothing is journalled before it is published."""

CHANGED: Mapping[str, Mapping[str, str]] = {
    "question": {"audience": AS_ITS_SET, "reveal": AS_ITS_SET},
    "set": {"audience": "public", "reveal": "always"},
}
"""What may be changed after publication, and what of these an entry does not say as it is so by default."""

CLOSE = 1e-9

ERASED_COMMENT = rfc8785.dumps({"text": ""}).decode()


@dataclass(frozen=True)
class _Names:
    """What rows refer to, looked up by column when first asked for: one that cannot be read spoils no other row.

    again   what forecasts say again that were erased with their forecaster, by entry, actor and subject
    merges  who was merged into whom in the end, by their pseudonyms: as the journal tells it, and as the table does.
            Where the two differ the merge is at fault and not what moved with it, so what holds by either does here
    """

    session: Session
    again: Mapping[tuple[int, str, str], str]
    merges: tuple[Mapping[str, str], Mapping[str, str]]
    found: dict[tuple[Any, str, int], str] = field(default_factory=dict)

    def of(self, model: Any, name: str, number: int) -> str:
        """What stands in that column of the row with that id. Raises NoResultFound."""
        key = (model, name, number)
        if key not in self.found:
            self.found[key] = self.session.exec(select(getattr(model, name)).where(model.id == number)).one()
        return self.found[key]

    def counts_for(self, who: str, actor: str) -> bool:
        """Whether what an actor said counts as somebody's."""
        return any(roots.end(chain, actor) == who for chain in self.merges)


def _merges(session: Session) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Who was merged into whom in the end, by the journal and by the table; what cannot be read is left out."""
    by_journal: dict[str, str] = {}
    told = select(Entry.content).where(Entry.kind == "merge", col(Entry.content).is_not(None))
    for content in session.exec(told.order_by(col(Entry.seq))):
        with suppress(*UNREADABLE):
            roots.follow(by_journal, **json.loads(content or ""))
    by_table: dict[str, str] = {}
    with suppress(*UNREADABLE):
        names = dict(session.exec(select(Forecaster.id, Forecaster.pseudonym)).all())
        for one in session.exec(select(Merge).order_by(col(Merge.entry))):
            roots.follow(by_table, names[one.forecaster_id], names[one.into_id], merged=one.merged)
    return by_journal, by_table


def verify(session: Session, key: str = "", follow: Follow = lambda things, _: things) -> Iterator[str]:
    """Check everything, saying in lines what was checked. Raises Broken with the first entry that does not hold.

    key     the public key that signs here: the latest checkpoint must be by it; "" where nobody knows
    follow  is handed the number of entries, and in steps of them looks on how far the check has come
    """
    names = _Names(session, _said_again(session), _merges(session))
    counts: Counter[str] = Counter()
    signed = _Signed(session, key)
    for entry in _watched(session, follow):
        counts[entry.kind] += 1
        signed.prove(entry)
        if entry.kind in TABLES:
            _compare(session, entry, names)
    yield f"{counts.total()} entries stand in an unbroken chain."
    yield from signed.prove_end()
    _require_nothing_more(session)
    _check_merged(session)
    _check_erased(session)
    said = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items(), key=str))
    yield f"Every row of the public tables is what its entry says: {said or 'none yet'}."
    yield f"{_check_positions(session)} latest positions are the latest acts."
    yield f"{_check_scores(session)} questions have the scores that their forecasts and resolutions give."


class _Signed:
    """The checkpoints and the blocks of their tree, proven while the journal is walked."""

    def __init__(self, session: Session, key: str) -> None:
        self.session, self.key, self.edge, self.size = session, key, merkle.Edge(), 0
        with _readable(1, "The table “checkpoint” cannot be read."):
            self.due = list(checkpoints.every(session))
            self.turns = [made.key for made in self.due]
        self.count, self.last = len(self.due), self.due[0].size if self.due else 0

    def prove(self, entry: Entry) -> None:
        """Raise Broken where this entry is the last of a checkpoint that does not hold."""
        self.edge.add(merkle.leaf(entry.hash))
        self.size = entry.seq
        if self.due and self.due[-1].size == entry.seq:
            made = self.due.pop()
            if (sentence := _unsound(made, self.edge.root)) is not None:
                raise Broken(entry.seq, sentence)

    def prove_end(self) -> Iterator[str]:
        """Raise Broken for what no entry stands for; else say what was proven, where anything was signed."""
        if self.due:
            size = self.due[-1].size
            raise Broken(size, f"The journal ends at entry {self.size}, but a checkpoint was signed for {size}.")
        turns = [key for key, _ in groupby(self.turns)]
        if len(turns) > len(set(turns)):
            raise Broken(self.last, "A key signed a checkpoint again after another had taken its place.")
        if self.key and turns and turns[0] != self.key:
            raise Broken(self.last, "The latest checkpoint is signed by another key than the one that signs here.")
        self._prove_blocks()
        if self.count:
            yield f"{self.count} checkpoints are signed over what the journal holds, the latest of {self.last} entries."

    def _prove_blocks(self) -> None:
        """Raise Broken where a kept block is not the one over its entries, or one is missing that checkpoints need."""
        with _readable(1, "The table “subtree” is not what the journal gives. Delete its rows; they are made again."):
            kept = {(one.level, one.number): one.hash for one in self.session.exec(select(Subtree))}
            if kept != {place[:2]: place[2] for place in merkle.due(_from(self.session, kept), 0, self.last)}:
                raise ValueError("Some block is another, missing, or not due yet.")


def _from(session: Session, kept: Mapping[tuple[int, int], bytes]) -> merkle.Read:
    """What reads blocks out of these, and entries out of the journal."""
    leaves = checkpoints.reader(session)

    def read(level: int, first: int, count: int) -> list[bytes]:
        return [kept[level, number] for number in range(first, first + count)] if level else [*leaves(0, first, count)]

    return read


def _unsound(made: Checkpoint, root: bytes) -> str | None:
    """What is wrong with a checkpoint whose entries have this root; None where nothing is."""
    try:
        said = signing.checked(made.note, made.key)
    except UNREADABLE:
        return f"The checkpoint for {made.size} entries is not signed by the key that stands with it."
    if said != (made.size, made.root) or made.root != root:
        return f"The first {made.size} entries are not those that the checkpoint was signed over."
    return None


def _watched(session: Session, follow: Follow) -> Iterator[Entry]:
    """Every entry as journal.verify gives it, while somebody may look on how far that has come."""
    count = session.exec(select(func.count()).select_from(Entry)).one()
    steps = iter(follow(range(count), "Verifying"))
    for entry in journal.verify(session):
        next(steps, None)
        yield entry
    next(steps, None)


@contextmanager
def _readable(seq: int, sentence: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise Broken(seq, sentence) from error


def _compare(session: Session, entry: Entry, names: _Names) -> None:
    table: Any = TABLES[entry.kind]
    act, place = f"Entry {entry.seq}, a {entry.kind},", f"“{table.__tablename__}”"
    with _readable(entry.seq, f"{act} cannot be read out of {place}."):
        row = session.exec(select(table).where(table.entry == entry.seq)).first()
        facts = _facts(row, names) if row else None
    if facts is None:
        raise Broken(entry.seq, f"{act} is missing from the table {place}.")
    if entry.content is None:
        _compare_erased(entry, facts, names)
    if "actor" in facts:
        facts["actor"] = entry.actor if names.counts_for(facts["actor"], entry.actor) else None
    due = {**PUBLISHED, **entry.model_dump(), "content": _as_it_is_now(session, entry)}
    for name, fact in facts.items():
        if fact != due[name]:
            raise Broken(entry.seq, f"{act} has another {name} in {place}.")


def _said_again(session: Session) -> dict[tuple[int, str, str], str]:
    """What erasing people said again of their forecasts. Of who was not erased nothing counts.

    What cannot be read is left out.
    """
    found = {}
    told = select(Entry).join(Forecaster, col(Forecaster.pseudonym) == Entry.actor)
    told = told.where(Entry.kind == RESTATED, col(Forecaster.erasure) > Entry.seq, col(Entry.content).is_not(None))
    for entry in session.exec(told.order_by(col(Entry.seq).desc())):  # of two the earlier counts
        with suppress(*UNREADABLE):
            content = json.loads(entry.content or "")
            found[int(content["of"]), entry.actor, entry.subject] = rfc8785.dumps(content["says"]).decode()
    return found


def _compare_erased(entry: Entry, facts: dict[str, Any], names: _Names) -> None:
    """What a row may still say whose entry says nothing any more: a forecast what was said again of it."""
    content, act = facts.pop("content"), f"Entry {entry.seq}, a {entry.kind},"
    if entry.kind == "comment" and content != ERASED_COMMENT:
        raise Broken(entry.seq, f"{act} was erased, but has words in “comment”.")
    if entry.kind in ("forecast", "withdrawal"):
        again = names.again.get((entry.seq, entry.actor, entry.subject))
        if again is None:
            raise Broken(entry.seq, f"{act} was erased, but nothing says it again for somebody who was erased.")
        if again != content:
            raise Broken(entry.seq, f"{act} was erased, and has another content in “forecast” than was said again.")


def _as_it_is_now(session: Session, entry: Entry) -> str | None:
    """What an entry says; of a question or a set with what was changed of it since."""
    if entry.kind not in CHANGED or entry.content is None:
        return entry.content
    later = select(Entry.kind, Entry.content).where(Entry.subject == entry.subject, Entry.seq > entry.seq)
    changed = later.where(col(Entry.kind).in_(("revision", "showing"))).order_by(col(Entry.seq))
    content = json.loads(entry.content)
    for kind, told in session.exec(changed):
        said = json.loads(told) if told else {}
        if kind == "revision" and entry.kind == "question":
            content |= said["changes"] if said else {}
        elif said.get("of") == entry.kind:
            content = _shown_as(content, said, CHANGED[entry.kind])
    return rfc8785.dumps(content).decode()


def _shown_as(content: dict[str, Any], said: Mapping[str, Any], defaults: Mapping[str, str]) -> dict[str, Any]:
    """What a question or a set says of itself once it is shown so: only what is not so by default."""
    words = {name: said[name] for name, default in defaults.items() if said[name] != default}
    if "reveal" in words and said["reveals_at"]:
        words["reveals_at"] = said["reveals_at"]
    return {name: value for name, value in content.items() if name not in (*defaults, "reveals_at")} | words


def _facts(row: Any, names: _Names) -> dict[str, Any]:
    """What a row says that its entry must say too."""
    content, facts = _content(row, names), {"subject": _subject(row, names)}
    if isinstance(row, Forecast):
        facts["kind"] = "withdrawal" if row.probabilities is None else "forecast"
    if isinstance(row, Forecast | Comment):
        facts["actor"] = names.of(Forecaster, "pseudonym", row.forecaster_id)
    if isinstance(row, Question):
        facts["state"] = row.state
    elif not isinstance(row, QuestionSet | Source):
        facts["recorded_at"] = row.recorded_at
    return facts | {"content": rfc8785.dumps(content).decode()}


def _content(row: Any, names: _Names) -> dict[str, Any]:
    if isinstance(row, Forecast):
        return row.as_published(KINDS[names.of(Question, "kind", row.question_id)].ORDERED)
    if isinstance(row, Question):
        return row.as_published(names.of(QuestionSet, "slug", row.set_id))
    if isinstance(row, QuestionSet):
        return row.as_published(names.session.get_one(Source, row.source_id) if row.source_id else None)
    if isinstance(row, Suspension):
        return row.as_published(names.of(Forecaster, "pseudonym", row.forecaster_id))
    if isinstance(row, Merge):
        return row.as_published(*(names.of(Forecaster, "pseudonym", one) for one in (row.forecaster_id, row.into_id)))
    return dict(row.as_published())


def _subject(row: Any, names: _Names) -> str:
    if isinstance(row, Question | QuestionSet | Source):
        return row.slug
    if isinstance(row, Showing) and row.set_id is not None:
        return names.of(QuestionSet, "slug", row.set_id)
    if isinstance(row, Suspension | Merge):
        return names.of(Forecaster, "pseudonym", row.forecaster_id)
    if isinstance(row, Hiding):
        return names.of(Question, "slug", names.session.get_one(Comment, row.comment_entry).question_id)
    return names.of(Question, "slug", row.question_id)


def _require_nothing_more(session: Session) -> None:
    with _readable(1, "The public tables have rows that cannot be read."):
        if stray := list(_stray(session)):
            raise Broken(*min(stray))


def _stray(session: Session) -> Iterator[tuple[int, str]]:
    """The first row of each table that no entry of its kind stands for, with the sentence that says so."""
    for table in dict.fromkeys(TABLES.values()):
        kinds = [kind for kind, its in TABLES.items() if its is table]
        rows: Any = table
        misplaced = select(rows.entry).outerjoin(Entry, col(Entry.seq) == rows.entry)
        misplaced = misplaced.where(or_(col(Entry.seq).is_(None), col(Entry.kind).not_in(kinds)))
        if (seq := session.exec(misplaced.order_by(rows.entry)).first()) is not None:
            yield seq, f"Entry {seq} is no {kinds[0]}, though “{table.__tablename__}” has a row for it."


def _check_merged(session: Session) -> None:
    """Raise Broken unless everybody is merged into whom the latest entry about them says."""
    due: dict[int, tuple[int, int | None]] = {}
    for one in session.exec(select(Merge).order_by(col(Merge.entry))):
        due[one.forecaster_id] = (one.entry, one.into_id if one.merged else None)
    for who, into in session.exec(select(Forecaster.id, Forecaster.merged_into_id).order_by(col(Forecaster.id))):
        seq, expected = due.get(who, (1, None))
        if into != expected:
            raise Broken(seq, f"The table “forecaster” has one merged otherwise than entry {seq} leaves it.")


def _check_erased(session: Session) -> None:
    """Raise Broken unless those who have no name are whom the journal says were erased, and nobody can be them."""
    told = select(Entry.subject, Entry.seq).where(Entry.kind == "erasure").order_by(col(Entry.seq))
    due = dict(session.exec(told).all())
    for one in session.exec(select(Forecaster).order_by(col(Forecaster.id))):
        seq = due.pop(one.pseudonym, None)
        if one.erasure != seq:
            raise Broken(seq or one.erasure or 1, "The table “forecaster” has one erased otherwise than the journal.")
        if seq and not (one.name == one.handle and one.name.startswith(ERASED) and one.password is None):
            raise Broken(seq, f"Entry {seq} erased somebody who has a name or a password again in “forecaster”.")
    if due:
        seq = min(due.values())
        raise Broken(seq, f"Entry {seq} erased somebody who is missing from the table “forecaster”.")


def _check_positions(session: Session) -> int:
    expected = {(question, who): seq for question, who, seq in session.execute(ledger.latest_acts())}
    with _readable(min(expected.values(), default=1), "The table “position” cannot be read."):
        found = {(row.question_id, row.forecaster_id): row.entry for row in session.exec(select(Position))}
        pairs = expected.keys() | found.keys()
        if wrong := [expected.get(pair) or found[pair] for pair in pairs if expected.get(pair) != found.get(pair)]:
            seq = min(wrong)
            raise Broken(seq, f"Entry {seq} is not what the table “position” has for its forecaster and question.")
    return len(found)


def _check_scores(session: Session) -> int:
    questions = session.exec(select(Question)).all()
    if faults := [fault for question in questions if (fault := _fault(session, question))]:
        raise Broken(*min(faults))
    return len(questions)


def _fault(session: Session, question: Question) -> tuple[int, str] | None:
    """The entry by which a question's state or scores do not hold, and the sentence that says so."""
    decisions = catalog.decisions(session, question)
    seq = decisions[0].entry if decisions else question.entry
    if question.resolution != (decisions[0].entry if decisions else 0):
        return seq, f"“{question.slug}” does not stand as entry {seq} left it."
    if not _scores_hold(session, question):
        return seq, f"The scores of “{question.slug}” are not those that entry {seq} gives. Run rescore."
    return None


def _scores_hold(session: Session, question: Question) -> bool:
    try:
        catalog.shape_of(question)  # also where nothing is scored, and where its entry no longer says what it was
        return derived.same(derived.kept(session, question), derived.due(session, question), CLOSE)
    except UNREADABLE:
        return False
