"""The sheet: which questions it shows, how many there are of each sort, and what each row says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import numpy as np
from fastapi import Depends, Request
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from forecasts import crowd, history, ledger, looking
from forecasts.models import Forecast, Forecaster
from forecasts.permissions import sets_visible, visible
from questions import catalog
from questions.catalog import Listed
from questions.errors import Refusal
from questions.models import Question, QuestionSet
from questions.shape import Vector
from web import filters, views
from web.filters import address
from web.pages import DeskRow, Narrowing, Section, Sheet, Tab, Track
from web.views import Asked, Typed

PAGE = 50
STALE = 0.1
"""A question is stale once such a share of its time has gone by since one looked at it."""

MOVED = 0.05
"""How far the crowd must have moved on any outcome since one looked; of ordered ones, on any share below a value."""

SOON = timedelta(days=7)

TITLES = {
    "open": "Open",
    "unanswered": "Unanswered",
    "stale": "Stale",
    "moved": "Moved",
    "closing": "Closing soon",
    "upcoming": "Opening later",
    "waiting": "Waiting for resolution",
    "decided": "Resolved",
}
OWN = ("unanswered", "stale", "moved")
"""What can only be told of somebody who is signed in."""


@dataclass(frozen=True)
class Wanted:
    """The words of the address by which the sheet is narrowed; "" where it is not."""

    show: str = ""
    set: str = ""
    tag: str = ""
    q: str = ""
    page: str = ""

    def saved(self, slug: str) -> str:
        """The same sheet, once this question was saved: with the focus on the next one."""
        return address("/", self.words | {"page": self.page, "saved": slug})

    @property
    def words(self) -> dict[str, str]:
        """What is chosen, by the names that the address gives it; the page is left out."""
        chosen = {"show": self.show, "set": self.set, "tag": self.tag, "q": self.q}
        return {name: value for name, value in chosen.items() if value}


class InvalidView(Refusal):
    """A part of the sheet that there is not."""


def wanted(request: Request) -> Wanted:
    """What the address asks for, as typed."""
    return Wanted(**{name: request.query_params.get(name, "").strip()[:200] for name in Wanted.__dataclass_fields__})


def view_of(form: Mapping[str, str]) -> Wanted:
    """The part of the sheet that a row's form was sent from."""
    words = dict(parse_qsl(form.get("sheet", "")))
    return Wanted(**{name: words.get(name, "")[:200] for name in Wanted.__dataclass_fields__})


WantedSheet = Annotated[Wanted, Depends(wanted)]


@dataclass(frozen=True)
class Known:
    """A question on the sheet with what its viewer has said and seen of it."""

    asked: Asked
    standing: Forecast | None
    looked: datetime | None

    @property
    def question(self) -> Question:
        return self.asked.question

    @property
    def elapsed(self) -> float:
        """The share of the question's time that has gone by since the viewer looked; 0 where they never did."""
        whole = self.question.closes_at - self.question.opens_at
        return 0.0 if self.looked is None else (self.asked.moment - self.looked) / whole

    @cached_property
    def moved(self) -> float:
        """How far the crowd has moved since the viewer looked, 0 to 1."""
        before, now = self.before, self.asked.crowd
        if before is None or now is None:
            return 0.0
        off = np.cumsum(now - before) if self.asked.kind.ORDERED else now - before
        return float(np.abs(off).max())

    @cached_property
    def before(self) -> Vector | None:
        """What the crowd said when the viewer looked; None where nobody stood then, or they never did."""
        index = None if self.looked is None else crowd.at(self.asked.path, history.ticks(self.looked))
        return None if index is None else self.asked.path.middle[index]


Sort = Callable[[Known], bool]
SORTS: Mapping[str, Sort] = {
    "open": lambda one: one.asked.status == "open",
    "unanswered": lambda one: one.asked.status == "open" and one.standing is None,
    "stale": lambda one: one.asked.status == "open" and one.elapsed >= STALE,
    "moved": lambda one: one.asked.status == "open" and one.moved >= MOVED - 1e-9,
    "closing": lambda one: one.asked.status == "open" and one.question.closes_at - one.asked.moment <= SOON,
    "upcoming": lambda one: one.asked.status == "upcoming",
    "waiting": lambda one: one.asked.status == "closed",
    "decided": lambda one: one.asked.status in ("resolved", "annulled"),
}
ORDERS: Mapping[str, Callable[[Known], Any]] = {
    "stale": lambda one: -one.elapsed,
    "moved": lambda one: -one.moved,
    "closing": lambda one: one.question.closes_at,
    "upcoming": lambda one: one.question.opens_at,
    "waiting": lambda one: one.question.closes_at,
    "decided": lambda one: -one.question.resolution,
}
"""What each sort goes by; what is not here stays in its authors' order, set by set."""


def sheet(
    session: Session, viewer: Forecaster | None, moment: datetime, view: Wanted,
    *, typed: tuple[str, Typed] | None = None, saved: str = "",
) -> Sheet:  # fmt: skip
    """The part of the sheet that is wanted. Raises NotFound for a set and InvalidView for a sort that is not there.

    typed  the question whose form was refused, with what was typed
    saved  the question that was just saved without JavaScript
    """
    known = _known(session, viewer, moment, view)
    sorts = {name: [one for one in known if fits(one)] for name, fits in SORTS.items() if viewer or name not in OWN}
    show = _shown(view.show, sorts)
    chosen = sorted(sorts[show], key=ORDERS[show]) if show in ORDERS else sorts[show]
    number, pages = _page(view.page, len(chosen))
    here = chosen[(number - 1) * PAGE : number * PAGE]
    rows = [_row(one, typed, saved) for one in here]
    return Sheet(
        tabs=_tabs(sorts, view, show),
        sections=_sections(session, sets_visible(session, viewer), here, rows, grouped=show not in ORDERS),
        narrowing=_narrowing(session, viewer, view, show),
        page=number,
        pages=pages,
        turned=[address("/", view.words | {"page": str(at)}) for at in (number - 1, number + 1)],
        words=urlencode(view.words | ({"page": str(number)} if number > 1 else {})),
        focus=_focus(rows, saved),
        total=len(known),
    )


def _shown(show: str, sorts: Mapping[str, Sequence[Known]]) -> str:
    """The sort that is wanted: by default what is open, where nothing is what will be, then what was.

    So is it for who is not signed in and asks for what only somebody who is can be told.
    """
    show = "" if show in OWN and show not in sorts else show
    show = show or next((name for name in ("open", "upcoming", "decided", "waiting") if sorts[name]), "open")
    if show not in sorts:
        raise InvalidView(f"“{show[:40]}” is no part of the sheet. Choose {', '.join(sorts)}.", "show")
    return show


def _tabs(sorts: Mapping[str, Sequence[Known]], view: Wanted, show: str) -> list[Tab]:
    """One for what is open, one for what is shown, and one for each sort of which there is any."""
    return [
        Tab(address("/", view.words | {"show": name}), TITLES[name], len(found), name == show)
        for name, found in sorts.items()
        if found or name in ("open", show)
    ]


def _known(session: Session, viewer: Forecaster | None, moment: datetime, view: Wanted) -> list[Known]:
    """Every question that the set, the tag and the words of the view leave."""
    conditions: list[ColumnElement[bool]] = [visible(session, viewer)]
    if view.set:
        conditions.append(col(Question.set_id) == catalog.find_set(session, view.set, sets_visible(session, viewer)).id)
    words = view.q.casefold().split()
    found = [one for one in catalog.listed(session, *conditions) if fits(one, view.tag, words)]
    standing = views.standing_forecasts(session, viewer, moment)
    looked = looking.lasts(session, viewer) if viewer else {}
    return [
        Known(views.look(session, one, viewer, moment), standing.get(one.question.id), looked.get(one.question.id))
        for one in found
    ]


def fits(one: Listed, tag: str, words: Sequence[str]) -> bool:
    """Whether a question has the tag, and all of these words in what it says."""
    question = one.question
    if tag and tag not in question.tags:
        return False
    text = " ".join((question.title, question.criteria, *question.tags)).casefold()
    return all(word in text for word in words)


def _page(text: str, total: int) -> tuple[int, int]:
    """Which page is meant, and how many there are; one beyond the last is the last."""
    pages = max(1, -(-total // PAGE))
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    return min(max(number, 1), pages), pages


def _row(one: Known, typed: tuple[str, Typed] | None, saved: str) -> DeskRow:
    slug = one.question.slug
    return row(one, typed=typed[1] if typed and typed[0] == slug else None, saved=saved == slug)


def row(one: Known, *, typed: Typed | None = None, saved: bool = False) -> DeskRow:
    """A question's row: what the crowd and the viewer say, the form, and what has changed since they looked."""
    asked, standing = one.asked, one.standing
    answer = views.answer(asked, standing, "desk", typed=typed, saved=saved)
    if asked.status != "open":
        return DeskRow(views.glance(asked), answer, track=None, undo=False, still=False, before="")
    fresh = standing is not None and asked.moment - standing.recorded_at <= ledger.UNDO_WITHIN
    return DeskRow(
        glance=views.glance(asked),
        answer=answer,
        track=_track(one) if asked.question.kind == "binary" else None,
        undo=fresh and standing is not None and standing.undoes is None,
        still=standing is not None and one.elapsed >= STALE,
        before=_before(one),
    )


def _before(one: Known) -> str:
    """What the crowd said when the viewer looked, in words; "" where it has not moved since."""
    if one.before is None or not SORTS["moved"](one):
        return ""
    return one.asked.kind.say(views.rounded(one.before, one.asked.kind), one.asked.shape)


def _track(one: Known) -> Track:
    """Where the crowd and the viewer stand between 0 and 100, to a tenth; None where nobody does."""
    said = (one.asked.crowd, None if one.standing is None else one.standing.probabilities)
    return Track(*(None if vector is None else round(float(vector[1]) * 100, 1) for vector in said))


def _sections(
    session: Session, seen: ColumnElement[bool], shown: Sequence[Known], rows: Sequence[DeskRow], *, grouped: bool
) -> list[Section]:
    """The rows under their sets where they come set by set and the set is seen, else all of them under nothing."""
    if not grouped:
        return [Section("", "", rows)] if rows else []
    sets = {one.id: (one.slug, one.title) for one in session.exec(select(QuestionSet).where(seen))}
    pairs = zip(shown, rows, strict=True)
    return [
        Section(*sets.get(key, ("", "")), [row for _, row in part])
        for key, part in groupby(pairs, key=lambda pair: pair[0].question.set_id)
    ]


def _focus(rows: Sequence[DeskRow], saved: str) -> str:
    """The question whose field has the focus to begin with: the first unanswered one after what was just saved."""
    slugs = [row.glance.slug for row in rows]
    later = rows[slugs.index(saved) + 1 :] if saved in slugs else rows
    unanswered = [row.glance.slug for row in later if row.answer.is_open and row.answer.own is None]
    return next((row.glance.slug for row in rows if row.answer.error), next(iter(unanswered), ""))


def _narrowing(session: Session, viewer: Forecaster | None, view: Wanted, show: str) -> Narrowing:
    """What the form above the sheet offers, and what it has."""
    sets, tags = filters.all_sets(session, viewer), filters.all_tags(session, viewer)
    return Narrowing(show, view.set, view.tag, view.q, sets, tags)


def known_of(session: Session, question: Question, who: Forecaster, moment: datetime) -> Known:
    """One question as its row on the sheet needs it."""
    asked = views.one(session, question, who, moment)
    return Known(asked, ledger.standing(session, who, question, moment), looking.last(session, who, question))
