"""From records to what the API answers with: the same functions behind it as behind the pages, in plain numbers."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlmodel import Session, select

from forecasts import history
from forecasts.models import Forecast, Forecaster
from forecasts.permissions import reveal_of as rule_of
from forecasts.permissions import sees, sets_visible
from questions import catalog
from questions.models import AS_ITS_SET, Entry, QuestionSet, said
from questions.shape import Vector
from web import talk, views
from web.api import models
from web.pages import Decided, Place, Revised
from web.views import Asked

INTERVAL = (0.1, 0.5, 0.9)


def known(value: float | None) -> float | None:
    """A number, None for what is none: JSON knows no NaN and no infinity."""
    return None if value is None or not math.isfinite(value) else float(value)


def place(asked: Asked, value: float) -> float | str | None:
    """A value on a question's range: a number as it is, a date as a moment; None beyond an open end."""
    if not math.isfinite(value):
        return None
    dated = asked.kind.NAME == "date"
    return said(history.EPOCH + history.MICROSECOND * round(value * 1e6)) if dated else float(value)


def vector(asked: Asked, stood: Vector, *, whole: bool = True) -> models.Said:
    """A forecast in words and numbers; with every bin of a range only where it is to be `whole`."""
    ordered, yes = asked.kind.ORDERED, asked.kind.NAME == "binary"
    found = asked.kind.quantiles(stood, asked.shape, INTERVAL).tolist() if ordered else [math.nan] * 3
    low, median, high = (place(asked, value) for value in found)
    return models.Said(
        text=asked.kind.say(stood, asked.shape),
        probability=float(stood[1]) if yes else None,
        probabilities=stood.tolist() if whole or not ordered else None,
        low=low, median=median, high=high,
    )  # fmt: skip


def crowd(asked: Asked, *, whole: bool = True) -> models.Said | None:
    """What the crowd says, as precisely as pages show it; None where it is hidden or nobody stands."""
    stood = asked.crowd
    return None if stood is None else vector(asked, views.rounded(stood, asked.kind), whole=whole)


def who(session: Session, one: Forecaster, viewer: Forecaster | None) -> models.Who:
    """A forecaster, as boards mark them."""
    return models.Who.model_validate(words_of(session, one, viewer))


def words_of(session: Session, one: Forecaster, viewer: Forecaster | None) -> dict[str, object]:
    """What is said of a forecaster wherever they are named."""
    owner = session.get(Forecaster, one.owner_id) if one.owner_id else None
    told = {name: getattr(one, name) for name in ("handle", "name", "kind", "private", "imported", "simulated")}
    return {**told, "owner": owner.handle if owner and sees(viewer, owner) else None}


def acted(session: Session, seq: int) -> models.Acted:
    """An act as it stands in the journal."""
    entry = session.get_one(Entry, seq)
    return models.Acted(seq=entry.seq, recorded_at=entry.recorded_at, receipt=entry.hash.hex())


# Questions


def brief(session: Session, asked: Asked, viewer: Forecaster | None, *, whole: bool = False) -> models.Brief:
    """A question in a list."""
    question = asked.question
    its_set = select(QuestionSet.slug).where(QuestionSet.id == question.set_id, sets_visible(session, viewer))
    names = ("slug", "title", "kind", "group", "tags", "opens_at", "closes_at", "resolves_at", "imported")
    return models.Brief(
        **{name: getattr(question, name) for name in names},
        set=session.exec(its_set).first(),
        status=asked.status,
        hidden=asked.hidden,
        crowd=crowd(asked, whole=whole),
        crowd_count=asked.count,
        outcome=views.outcome(asked.resolution, asked.kind, asked.shape),
        known_at=asked.resolution.known_at if asked.resolution else None,
        resolution=question.resolution or None,
    )


def question(session: Session, asked: Asked, viewer: Forecaster | None) -> models.Question:
    """A question with everything that its page says of it."""
    one = asked.question
    names = ("background", "criteria", "fine_print", "resolves_from", "claim", "paragraph", "spec")
    within = session.get_one(QuestionSet, one.set_id)
    reveal, reveals_at = rule_of(session, one)
    standing = views.standing_of(session, viewer, one, asked.moment)
    return models.Question(
        **brief(session, asked, viewer, whole=True).model_dump(),
        **{name: getattr(one, name) for name in names},
        outcomes=list(asked.shape.outcomes),
        recorded_at=session.get_one(Entry, one.entry).recorded_at,
        audience=within.audience if one.audience == AS_ITS_SET else one.audience,
        reveal=reveal, reveals_at=reveals_at,
        quoted=_quoted(session, asked),
        own=None if standing is None else own(asked, standing),
        decisions=[decision(found) for found in views.decided(session, one, asked.shape)],
        revisions=[revision(found) for found in talk.revised(session, one)],
        revised=catalog.latest_revision(session, one) or None,
    )  # fmt: skip


def _quoted(session: Session, asked: Asked) -> models.Quote | None:
    quoted = views.claims(session, [asked])[0].quoted
    if quoted is None:
        return None
    source, text, reason, made_at, recorded_at = (
        quoted.source, quoted.text, quoted.reason, quoted.made_at, quoted.recorded_at,
    )  # fmt: skip
    return models.Quote(
        source=source.slug, name=source.name, text=text, reason=reason, made_at=made_at, recorded_at=recorded_at
    )


def own(asked: Asked, one: Forecast) -> models.Own:
    """A forecast of one's own."""
    names = ("made_at", "recorded_at", "expires_at", "rationale", "undoes")
    told = None if one.probabilities is None else vector(asked, one.probabilities)
    return models.Own(seq=one.entry, said=told, **{name: getattr(one, name) for name in names})


def decision(one: Decided) -> models.Decision:
    """A decision on a question."""
    made = one.resolution
    names = ("verdict", "outcome", "known_at", "recorded_at", "evidence_url", "note")
    return models.Decision(
        seq=made.entry, text=one.text, by=one.by, supersedes=made.supersedes or None,
        **{name: getattr(made, name) for name in names},
    )  # fmt: skip


def revision(one: Revised) -> models.Revision:
    """A revision of a question."""
    changes = [models.Reworded(field=change.name, before=change.before, after=change.after) for change in one.changes]
    return models.Revision(
        seq=one.entry, recorded_at=one.recorded_at, by=one.by, note=one.note, changes=changes
    )  # fmt: skip


# Boards


def row(session: Session, found: Place, viewer: Forecaster | None) -> models.Row:
    """A forecaster's row on a board."""
    names = ("questions", "groups", "coverage", "presence", "rank", "best", "worst", "tied", "below_the_line")
    numbers: dict[str, Any] = {name: known(getattr(found.row, name)) for name in ("low", "high", "first", "top")}
    return models.Row(
        who=who(session, found.forecaster, viewer), value=found.row.value, text=found.value,
        **{name: getattr(found.row, name) for name in names}, **numbers,
    )  # fmt: skip


def points(asked: Asked, rows: Sequence[int]) -> list[models.CrowdPoint]:
    """What the crowd said after these changes."""
    return [_point(asked, number) for number in rows]


def _point(asked: Asked, number: int) -> models.CrowdPoint:
    path, kind = asked.path, asked.kind
    middle, yes = path.middle[number], kind.NAME == "binary"
    stood = bool(np.isfinite(middle).all())
    levels = (0.1, 0.25, 0.5, 0.75, 0.9)
    values = kind.quantiles(middle, asked.shape, levels).tolist() if kind.ORDERED and stood else [math.nan] * 5
    return models.CrowdPoint(
        at=history.moment_of(int(path.at[number])),
        count=int(path.count[number]),
        probability=known(middle[-1]) if yes else None,
        lower=known(path.lower[number][-1]) if yes else None,
        upper=known(path.upper[number][-1]) if yes else None,
        probabilities=None if kind.ORDERED else [known(value) for value in middle.tolist()],
        quantiles=[place(asked, value) for value in values] if kind.ORDERED else None,
    )
