"""What can be done with questions: find, publish, decide, and say what state they are in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, update
from sqlmodel import Session, col, func, select

from questions import audiences, journal
from questions.errors import ChangedMeanwhile, InvalidQuestion, NotFound, NotResolvable, QuestionNotOpen, Refusal
from questions.kinds import KINDS
from questions.models import REVISABLE, WORDS, Question, QuestionSet, Resolution, Revision, Source, table_of
from questions.shape import Kind, Shape

_QUESTIONS = table_of(Question)
_BUMP = update(_QUESTIONS).where(_QUESTIONS.c.id == bindparam("question")).values(revision=_QUESTIONS.c.revision + 1)


@dataclass(frozen=True)
class Decision:
    """What a moderator decided, judged by the question's kind but not yet recorded.

    seen        seq of the resolution that the moderator had in front of them, 0 where there was none
    claimed_at  of an import: when whoever kept it before says that it was recorded
    """

    verdict: str
    outcome: int | None = None
    known_at: datetime | None = None
    value: str = ""
    evidence_url: str = ""
    note: str = ""
    seen: int = 0
    claimed_at: datetime | None = None


@dataclass(frozen=True)
class Listed:
    """A question with its latest resolution, if it has one."""

    question: Question
    resolution: Resolution | None


def find(session: Session, slug: str, visible: ColumnElement[bool]) -> Question:
    """The question of that name among those visible. Raises NotFound."""
    statement = select(Question).where(Question.slug == slug, visible)
    question = session.exec(statement).first() if is_name(slug) else None
    if question is None:
        raise NotFound(f"There is no question “{slug[:80]}”. Look for it on the desk.")
    return question


def is_name(text: str) -> bool:
    """Whether something may have this name. PostgreSQL cannot even be asked for text with a NUL in it."""
    return text.isprintable()


def find_set(session: Session, slug: str, *conditions: ColumnElement[bool]) -> QuestionSet:
    """The set of that name, if the conditions on it hold. Raises NotFound, alike for what one may not see."""
    statement = select(QuestionSet).where(QuestionSet.slug == slug, *conditions)
    found = session.exec(statement).first() if is_name(slug) else None
    if found is None:
        raise NotFound(f"There is no set “{slug[:80]}”. The desk lists those there are.")
    return found


def listed(session: Session, *conditions: ColumnElement[bool]) -> list[Listed]:
    """Questions with their latest resolutions, set by set, in their authors' order."""
    statement = (
        select(Question, Resolution)
        .outerjoin(Resolution, col(Resolution.entry) == Question.resolution)
        .where(*conditions)
        .order_by(col(Question.set_id), col(Question.position), col(Question.id))
    )
    return [Listed(question, resolution) for question, resolution in session.exec(statement)]


def shape_of(question: Question) -> Shape:
    """The question's outcomes, as its kind cuts them."""
    return _cut(question.kind, json.dumps(question.spec, sort_keys=True))


@lru_cache(maxsize=10_000)
def _cut(kind: str, spec: str) -> Shape:
    """Worked out once for all questions that are written alike: two hundred edges take a while."""
    found = KINDS[kind].shape(json.loads(spec))
    found.edges.setflags(write=False)
    return found


def kind_of(question: Question) -> Kind:
    """The file in questions/kinds/ that knows this question's kind."""
    return KINDS[question.kind]


def latest(session: Session, question: Question) -> Resolution | None:
    """The resolution that counts, None where nothing was ever decided."""
    return session.get(Resolution, question.resolution) if question.resolution else None


def decisions(session: Session, question: Question) -> Sequence[Resolution]:
    """Every resolution of the question, the newest first; all but the first are superseded."""
    statement = select(Resolution).where(Resolution.question_id == question.id)
    return session.exec(statement.order_by(col(Resolution.entry).desc())).all()


def status(question: Question, resolution: Resolution | None, moment: datetime) -> str:
    """upcoming, open, closed, resolved or annulled: derived, never stored."""
    if resolution is not None and resolution.verdict != "reopened":
        return resolution.verdict
    if moment < question.opens_at:
        return "upcoming"
    return "open" if moment < question.closes_at else "closed"


def told(resolution: Resolution | None, kind: Kind, shape: Shape) -> str:
    """What happened, in words; "" where that is not known."""
    if resolution is None or resolution.verdict == "reopened":
        return ""
    if resolution.verdict == "annulled" or resolution.outcome is None:
        return "Annulled"
    label = shape.called(resolution.outcome)
    try:
        return kind.told(resolution.value, shape) if resolution.value else label
    except Refusal:
        return label  # what happened is the index; the value may have come from elsewhere than a form


def require_open(session: Session, question: Question, moment: datetime) -> None:
    """Pass if forecasts are taken at this moment: on [opens_at, closes_at) and undecided. Raises QuestionNotOpen."""
    state = status(question, latest(session, question), moment)
    if state == "open":
        return
    if state == "upcoming":
        raise QuestionNotOpen(f"“{question.title}” takes forecasts from {spoken(question.opens_at)}. Come back then.")
    if state == "closed":
        raise QuestionNotOpen(f"“{question.title}” took forecasts until {spoken(question.closes_at)}.")
    raise QuestionNotOpen(f"“{question.title}” was {state} and takes no more forecasts.")


def spoken(moment: datetime) -> str:
    """A moment as sentences say it: 31 December 2026, 23:59 UTC."""
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def publish_set(session: Session, draft: Mapping[str, Any], *, by: str, moment: datetime) -> QuestionSet:
    """Add a set and the source that implies it, if the draft names one. Nothing is checked here but by the tables."""
    source = _publish_source(session, draft["source"], by=by, moment=moment) if draft.get("source") else None
    added = QuestionSet(
        entry=0, slug=draft["slug"], title=draft["title"], description=draft["description"],
        source_id=source.id if source else None, expires_after=draft.get("expires_after"),
        **_shown(draft, of_set=True),
    )  # fmt: skip
    added.entry = journal.append(session, "set", added.slug, added.as_published(source), by=by, moment=moment).seq
    session.add(added)
    session.flush()
    return added


def _shown(draft: Mapping[str, Any], *, of_set: bool) -> dict[str, Any]:
    shown = audiences.judge(draft, of_set=of_set)
    return {**vars(shown), "key": audiences.key_for(shown.audience)}


def _publish_source(session: Session, draft: Mapping[str, Any], *, by: str, moment: datetime) -> Source:
    source = Source(entry=0, **draft)
    source.entry = journal.append(session, "source", source.slug, source.as_published(), by=by, moment=moment).seq
    session.add(source)
    session.flush()
    return source


def publish(
    session: Session, within: QuestionSet, draft: Mapping[str, Any], position: int, *, by: str, moment: datetime
) -> Question:
    """Add a question to a set. Raises InvalidQuestion where its name is taken; the draft was judged before."""
    if session.exec(select(Question.id).where(Question.slug == draft["slug"])).first() is not None:
        raise InvalidQuestion(f"There is a question “{draft['slug']}” already. Choose another slug.", "slug")
    fields = {name: draft[name] for name in (*WORDS, "tags", "group", "spec", "opens_at", "closes_at", "resolves_at")}
    imported = bool(draft.get("imported"))
    fields |= _shown(draft, of_set=False)
    question = Question(entry=0, set_id=within.id, position=position, imported=imported, **fields)
    content = question.as_published(within.slug)
    question.entry = journal.append(session, "question", question.slug, content, by=by, moment=moment).seq
    session.add(question)
    session.flush()
    return question


def revise(
    session: Session, question: Question, changes: Mapping[str, Any], note: str, seen: int, *, by: str, moment: datetime
) -> Revision:
    """Change a published question's words, visibly: what it said before stays on record.

    changes  what some of REVISABLE are to say, judged before; what says so already is left out
    seen     the entry of the latest revision that the moderator had in front of them, 0 where there was none

    Raises ChangedMeanwhile where another came between, InvalidQuestion where nothing changes or no reason is given.
    """
    question = session.get_one(Question, question.id, populate_existing=True)
    changes = require_revisable(session, question, changes, note, seen)
    made = Revision(entry=0, question_id=question.id, recorded_at=moment, changes=changes, note=note.strip())
    made.entry = journal.append(session, "revision", question.slug, made.as_published(), by=by, moment=moment).seq
    for name, value in changes.items():
        setattr(question, name, value)
    question.revision += 1
    session.add_all([made, question])
    session.flush()
    return made


def require_revisable(
    session: Session, question: Question, changes: Mapping[str, Any], note: str, seen: int
) -> dict[str, Any]:
    """What a revision really changes, if it can be made now. Raises ChangedMeanwhile or InvalidQuestion."""
    if latest_revision(session, question) != seen:
        raise ChangedMeanwhile(f"“{question.title}” was revised by somebody else meanwhile. Look before you change it.")
    changes = {
        name: changes[name] for name in REVISABLE if name in changes and getattr(question, name) != changes[name]
    }
    if not changes:
        raise InvalidQuestion("Nothing is changed. Change something, or leave the question as it is.")
    if not note.strip():
        raise InvalidQuestion("The reason is empty. Say why the question is changed.", "note")
    return changes


def revisions(session: Session, question: Question) -> Sequence[Revision]:
    """Every revision of the question, the newest first."""
    statement = select(Revision).where(Revision.question_id == question.id)
    return session.exec(statement.order_by(col(Revision.entry).desc())).all()


def latest_revision(session: Session, question: Question) -> int:
    """The entry of the latest revision, 0 where there is none."""
    found = session.exec(select(func.max(Revision.entry)).where(Revision.question_id == question.id)).one()
    return found or 0


def bump(session: Session, question: Question) -> None:
    """Count one more public act on the question, so that what was kept for its earlier state is not shown again."""
    session.connection().execute(_BUMP, {"question": question.id})


def decide(session: Session, question: Question, decision: Decision, *, by: str, moment: datetime) -> Resolution:
    """Record a decision. Earlier ones stay, superseded.

    Raises ChangedMeanwhile where another decision came between, NotResolvable where the question's times or state
    do not permit it. Scores are not touched: forecasts/ledger.py settles them in the same transaction.
    """
    require_decidable(session, question, decision, moment)
    made = Resolution(
        entry=0, question_id=question.id, verdict=decision.verdict, outcome=decision.outcome, value=decision.value,
        known_at=decision.known_at, recorded_at=moment, claimed_at=decision.claimed_at,
        evidence_url=decision.evidence_url, note=decision.note, supersedes=decision.seen,
    )  # fmt: skip
    made.entry = journal.append(session, "resolution", question.slug, made.as_published(), by=by, moment=moment).seq
    session.add(made)
    session.flush()
    changed = session.exec(
        update(Question)
        .where(col(Question.id) == question.id, col(Question.resolution) == decision.seen)
        .values(resolution=made.entry, revision=Question.revision + 1)
    )
    if changed.rowcount != 1:
        raise ChangedMeanwhile(
            f"“{question.title}” was decided by somebody else meanwhile. Look before you resolve it."
        )
    return made


def require_decidable(session: Session, question: Question, decision: Decision, moment: datetime) -> None:
    """Pass if this decision can be made now. Raises ChangedMeanwhile or NotResolvable."""
    _require_unchanged(session, question, decision)
    _require_permitted(session, question, decision, moment)


def _require_unchanged(session: Session, question: Question, decision: Decision) -> None:
    standing = session.exec(select(Question.resolution).where(Question.id == question.id)).one()
    if standing != decision.seen:
        raise ChangedMeanwhile(
            f"“{question.title}” was decided by somebody else meanwhile. Look at what was decided before you change it."
        )


def _require_permitted(session: Session, question: Question, decision: Decision, moment: datetime) -> None:
    before = session.get(Resolution, decision.seen) if decision.seen else None
    if decision.verdict == "reopened" and (before is None or before.verdict == "reopened"):
        raise NotResolvable(f"“{question.title}” is not decided, so there is nothing to reopen.")
    if before is not None and _same(before, decision):
        raise NotResolvable(f"“{question.title}” is decided so already. Change something, or leave it as it is.")
    if decision.verdict == "resolved" and moment < question.opens_at:
        raise NotResolvable(f"“{question.title}” opens on {spoken(question.opens_at)}. It can be decided from then on.")
    if decision.verdict == "annulled" and not decision.note.strip():
        raise NotResolvable("The reason is empty. Say why the question is annulled.", "note")
    if decision.known_at is not None:
        _require_known_in_time(question, decision.known_at, moment)


def _same(before: Resolution, decision: Decision) -> bool:
    names = ("verdict", "outcome", "known_at", "value", "evidence_url", "note")
    return all(getattr(before, name) == getattr(decision, name) for name in names)


def _require_known_in_time(question: Question, known_at: datetime, moment: datetime) -> None:
    if known_at > moment:
        raise NotResolvable(
            f"{spoken(known_at)} lies in the future. An outcome is recorded once it is known.", "known_at"
        )
    if known_at < question.opens_at:
        raise NotResolvable(
            f"{spoken(known_at)} lies before the question opened on {spoken(question.opens_at)}. "
            "If the outcome was known by then, annul the question.",
            "known_at",
        )
