"""What people write about a question and what was done to it, in words: reasons, comments, revisions, its timeline."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import bindparam
from sqlmodel import Session, col, func, select

from forecasts import crowd, discussion, history, looking, roots
from forecasts.models import Comment, Forecast, Forecaster, Position
from forecasts.permissions import may
from questions import catalog
from questions.models import Entry, Question
from web import views
from web.pages import Act, Decided, Rationale, Remark, Revised, Reworded, Since, Talk, Timeline
from web.views import Asked, Typed

DID = {
    "question": "asked",
    "forecast": "forecast",
    "withdrawal": "withdrew",
    "undoing": "took back, and said again",
    "undone": "took a forecast back",
    "revision": "revised the question",
    "comment": "commented",
    "resolved": "resolved it",
    "annulled": "annulled it",
    "reopened": "reopened it",
}
"""What is said of each kind of act in a timeline."""

KINDS = ("question", "forecast", "withdrawal", "revision", "comment", "resolution")
"""The kinds of entries that are about a question; others may have a subject of the same name."""

NEWS = {"forecast": "forecast", "withdrawal": "withdrawal", "comment": "comment", "revision": "revision",
        "resolution": "decision"}  # fmt: skip

NAMES = {
    "title": "The title",
    "background": "The background",
    "criteria": "The resolution criteria",
    "fine_print": "The fine print",
    "resolves_from": "The source that it resolves from",
    "tags": "The tags",
}

MOST_ACTS = 50
MOST_RATIONALES = 50
MOST_REMARKS = 50
NEWEST = 2**62

_ACTS = (
    sqlalchemy.select(col(Entry.seq), col(Entry.kind), col(Entry.recorded_at), Forecaster, Forecast)
    .outerjoin(Forecaster, col(Forecaster.pseudonym) == Entry.actor)
    .outerjoin(Forecast, col(Forecast.entry) == Entry.seq)
    .where(col(Entry.subject) == bindparam("slug"), col(Entry.kind).in_(KINDS), col(Entry.seq) < bindparam("before"))
    .order_by(col(Entry.seq).desc())
    .limit(MOST_ACTS + 1)
)


def talk(
    session: Session, asked: Asked, viewer: Forecaster | None, before: int = 0, *, typed: Typed | None = None
) -> Talk:
    """The reasons that people gave and their comments: the latest, or the latest before an entry."""
    comments = discussion.comments(session, asked.question, before or NEWEST, MOST_REMARKS + 1)
    return Talk(
        rationales=_rationales(session, asked, viewer),
        remarks=_remarks(session, asked, viewer, comments[:MOST_REMARKS]),
        before=comments[MOST_REMARKS - 1][0].entry if len(comments) > MOST_REMARKS else 0,
        later=bool(before),
        may_hide=may(viewer, "moderate"),
        typed=typed.form.get("comment", "") if typed else "",
        error=typed.error if typed else None,
    )


def _rationales(session: Session, asked: Asked, viewer: Forecaster | None) -> list[Rationale]:
    entries = discussion.reasoned(session, asked.question)[:MOST_RATIONALES]
    statement = select(Forecast, Forecaster).join(Forecaster, col(Forecaster.id) == Forecast.forecaster_id)
    found = session.exec(
        statement.where(col(Forecast.entry).in_(entries), Forecaster.kind != "source").order_by(
            col(Forecast.entry).desc()
        )
    ).all()
    latest = _latest_of(session, asked.question, [who.id for _, who in found])
    return [
        Rationale(
            said.entry, who, _text(asked, said, who, viewer), _now(asked, said, latest[who.id], who, viewer),
            said.made_at, said.recorded_at, said.rationale,
        )
        for said, who in found
    ]  # fmt: skip


def _latest_of(session: Session, question: Question, people: Sequence[int]) -> dict[int, Forecast]:
    statement = select(Forecast).join(Position, col(Position.entry) == Forecast.entry)
    found = session.exec(statement.where(Position.question_id == question.id, col(Position.forecaster_id).in_(people)))
    return {one.forecaster_id: one for one in found}


def _now(asked: Asked, said: Forecast, latest: Forecast, who: Forecaster, viewer: Forecaster | None) -> str:
    """What somebody says since they gave that reason; "" where it is the same."""
    if latest.probabilities is None:
        return "withdrawn since"
    if latest.expires_at is not None and latest.expires_at <= asked.moment:
        return "expired since"
    text = _text(asked, latest, who, viewer)
    return "" if text == _text(asked, said, who, viewer) else f"now {text}"


def _text(asked: Asked, said: Forecast, who: Forecaster, viewer: Forecaster | None) -> str:
    """What somebody said in words; "" for a withdrawal, and for what the viewer is not to see."""
    theirs_alone = who.private and (viewer is None or viewer.id != who.id)
    if said.probabilities is None or theirs_alone or not asked.tells(who, viewer):
        return ""
    return asked.kind.say(said.probabilities, asked.shape)


def _remarks(
    session: Session, asked: Asked, viewer: Forecaster | None, comments: Sequence[tuple[Comment, Forecaster]]
) -> list[Remark]:
    stood = discussion.stood(session, [made.entry for made, _ in comments])
    return [
        Remark(
            made.entry, who, _text(asked, stood[made.entry], who, viewer) if made.entry in stood else "",
            made.recorded_at, "" if made.hidden else made.text, made.hidden,
        )
        for made, who in comments
    ]  # fmt: skip


# Revisions


def revised(session: Session, question: Question) -> list[Revised]:
    """Every revision with what it changed, the newest first."""
    found = catalog.revisions(session, question)
    if not found:
        return []
    words, told = _as_asked(session, question), []
    for one in reversed(found):
        changes = [Reworded(NAMES[name], _words(words.get(name)), _words(new)) for name, new in one.changes.items()]
        told.append(Revised(one.entry, one.recorded_at, views.actor_of(session, one.entry), one.note, changes))
        words |= one.changes
    return told[::-1]


def _as_asked(session: Session, question: Question) -> dict[str, Any]:
    """The question's words as it was asked; nothing where its entry was erased."""
    content = session.get_one(Entry, question.entry).content
    return dict(json.loads(content)) if content else {}


def _words(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")


# The timeline


def timeline(
    session: Session, asked: Asked, viewer: Forecaster | None, decisions: Sequence[Decided],
    revisions: Sequence[Revised], before: int = 0,
) -> Timeline:  # fmt: skip
    """The latest acts on a question, or the latest before an entry."""
    rows = session.execute(_ACTS, {"slug": asked.question.slug, "before": before or NEWEST}).all()
    decided = {one.resolution.entry: one for one in decisions}
    changed = {one.entry: one for one in revisions}
    shown = rows[:MOST_ACTS]
    whose = [row[3] and roots.root(session, row[3]) for row in shown]
    acts = [
        _act(asked, viewer, (*row[:3], who, row[4]), decided.get(row[0]), changed.get(row[0]))
        for row, who in zip(shown, whose, strict=True)
    ]
    return Timeline(acts, shown[-1][0] if len(rows) > MOST_ACTS else 0, later=bool(before))


def _act(
    asked: Asked, viewer: Forecaster | None, row: Any,
    decision: Decided | None, revision: Revised | None,
) -> Act:  # fmt: skip
    entry, kind, at, who, said = row
    if decision is not None:
        kind = decision.resolution.verdict
    elif said is not None and said.undoes is not None:
        kind = "undone" if said.probabilities is None else "undoing"
    text = decision.text if decision is not None and kind == "resolved" else ""
    if said is not None and who is not None:
        text = _text(asked, said, who, viewer)
    earlier = said.made_at if said is not None and said.made_at != said.recorded_at else None
    return Act(entry, at, who, kind, DID[kind], text, earlier, revision)


# What is new


def latest(session: Session, slugs: Sequence[str]) -> int:
    """The entry of the latest act on any of these questions."""
    named = col(Entry.subject).in_(slugs)
    return session.exec(select(func.max(Entry.seq)).where(named)).one() or 0


def news(session: Session, slugs: Sequence[str], after: int, viewer: Forecaster | None) -> str:
    """What others did since an entry, in words: “2 new forecasts, 1 new comment”; "" where they did nothing."""
    counted = select(Entry.kind, func.count()).where(
        col(Entry.subject).in_(slugs), col(Entry.seq) > after, col(Entry.kind).in_(tuple(NEWS))
    )
    own = [] if viewer is None else [one.pseudonym for one in roots.family(session, viewer)]
    others = counted.where(col(Entry.actor).not_in(own))
    return told(dict(session.exec(others.group_by(col(Entry.kind))).all()))


def told(counts: Mapping[str, int]) -> str:
    """Numbers of acts by their kinds, in words.

    >>> told({"comment": 1, "forecast": 2})
    '2 new forecasts, 1 new comment'
    """
    words = [(counts[kind], noun) for kind, noun in NEWS.items() if counts.get(kind)]
    return ", ".join(f"{count:,} new {noun}{'' if count == 1 else 's'}" for count, noun in words)


def since(session: Session, asked: Asked, viewer: Forecaster | None) -> Since | None:
    """What is new since somebody's last visit; None where nothing is, and for who was never here."""
    at = None if viewer is None else looking.last(session, viewer, asked.question)
    if at is None:
        return None
    done = news(session, [asked.question.slug], _entry_at(session, asked.question, at), viewer)
    return Since(at, _crowd_at(asked, at), views.glance(asked).crowd, done) if done else None


def _entry_at(session: Session, question: Question, at: datetime) -> int:
    """The entry of the latest act up to a moment."""
    statement = select(Entry.seq).where(Entry.subject == question.slug, col(Entry.recorded_at) <= at)
    return session.exec(statement.order_by(col(Entry.seq).desc()).limit(1)).first() or 0


def _crowd_at(asked: Asked, at: datetime) -> str:
    """What the crowd said at a moment; "" where nobody did."""
    row = crowd.at(asked.path, history.ticks(at))
    return "" if row is None else asked.kind.say(views.rounded(asked.path.middle[row], asked.kind), asked.shape)
