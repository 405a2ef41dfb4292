"""Questions: the list, one of them, and what moderators do to them: publish, revise, show."""

from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query
from sqlalchemy import ColumnElement
from sqlmodel import Session, col

from forecasts import drafting
from forecasts.models import Forecaster
from forecasts.permissions import require, sets_visible, visible
from questions import audiences, catalog, forms, setfile
from questions.audiences import Shown
from questions.errors import InvalidQuestion
from questions.models import REVISABLE, Question, QuestionSet
from web import sheet, views
from web.api import drafts, models, requests, shapes
from web.api.callers import Forecasting, Moderating, Viewing
from web.api.documents import acts, looks
from web.api.reading import Count, Limit, body
from web.dependencies import ChosenSet, Configured, Now, Reading, Teller, Writer

router = APIRouter()

States = Literal["", "upcoming", "open", "closed", "resolved", "annulled"]
Word = Annotated[str, Query(max_length=200)]
Part = Annotated[Count, Query(ge=0, lt=2**53, description="How many points came before.")]
Points = Annotated[Count, Query(ge=1, le=2000, description="How many at most.")]


@router.get("/questions", **looks())
def list_questions(
    reading: Reading, viewer: Viewing, moment: Now, chosen: ChosenSet = "", status: States = "", tag: Word = "",
    q: Word = "", limit: Limit = 50, after: Word = "",
) -> models.Questions:  # fmt: skip
    """The questions that you may see, set by set, in their authors' order. `after` is the slug of the last one seen."""
    words = q.casefold().split()
    conditions = [visible(reading, viewer), *_within(reading, chosen, viewer), *_beyond(reading, after, viewer)]
    found = [
        one
        for one in catalog.listed(reading, *conditions)
        if sheet.fits(one, tag, words) and status in ("", catalog.status(one.question, one.resolution, moment))
    ]
    here = [views.look(reading, one, viewer, moment) for one in found[:limit]]
    following = here[-1].question.slug if len(found) > limit else None
    return models.Questions(questions=[shapes.brief(reading, one, viewer) for one in here], next=following)


def _within(session: Session, chosen: str, viewer: Forecaster | None) -> list[ColumnElement[bool]]:
    if not chosen:
        return []
    return [col(Question.set_id) == catalog.find_set(session, chosen, sets_visible(session, viewer)).id]


def _beyond(session: Session, after: str, viewer: Forecaster | None) -> list[ColumnElement[bool]]:
    """The condition on questions that come after one in the order of the list. Raises NotFound."""
    if not after:
        return []
    last = catalog.find(session, after, visible(session, viewer))
    same_set, same_place = col(Question.set_id) == last.set_id, col(Question.position) == last.position
    later = (col(Question.position) > last.position) | (same_place & (col(Question.id) > last.id))
    return [(col(Question.set_id) > last.set_id) | (same_set & later)]


@router.post("/questions", **acts(requests.NewQuestion))
def publish_question(
    reading: Reading, writing: Writer, moderator: Moderating, tell: Teller, viewer: Viewing,
    given: Annotated[requests.NewQuestion, Depends(body(requests.NewQuestion))],
) -> models.Question:  # fmt: skip
    """Publish a question in a set that there is, without a draft."""
    require(moderator, "publish")
    table = given.model_dump(exclude_none=True, exclude={"set"})
    fields = forms.written(table, tell()).fields
    with writing() as (session, moment):
        made = drafting.ask(session, fields, given.set, by=moderator, moment=moment)
    return shapes.question(reading, _look(reading, made.slug, moderator, moment), viewer)


@router.get("/questions/{slug}", **looks())
def get_question(slug: str, reading: Reading, viewer: Viewing, moment: Now) -> models.Question:
    """One question with everything that a stranger needs to resolve it."""
    return shapes.question(reading, _look(reading, slug, viewer, moment), viewer)


def _look(session: Session, slug: str, viewer: Forecaster | None, moment: Now) -> views.Asked:
    return views.one(session, catalog.find(session, slug, visible(session, viewer)), viewer, moment)


@router.get("/questions/{slug}/crowd", **looks())
def get_crowd(
    slug: str, reading: Reading, viewer: Viewing, moment: Now, limit: Points = 500, after: Part = 0
) -> models.CrowdHistory:
    """What the crowd said, after each change, up to now; nothing while that is hidden from you."""
    asked = _look(reading, slug, viewer, moment)
    stop = int(np.searchsorted(asked.path.at, asked.window.now, side="right"))
    rows = range(min(after, stop), min(after + limit, stop))
    following = rows.stop if rows.stop < stop else None
    return models.CrowdHistory(hidden=asked.hidden, points=shapes.points(asked, rows), next=following)


@router.post("/questions/{slug}/copy", **acts(requests.Copied))
def copy_question(
    slug: str, reading: Reading, writing: Writer, author: Forecasting, moment: Now,
    given: Annotated[requests.Copied, Depends(body(requests.Copied))],
) -> models.Draft:  # fmt: skip
    """Begin a draft with what a question says: again, later by a year, or longer from where it closes."""
    question = catalog.find(reading, slug, visible(reading, author))
    require(author, "ask")
    typed = drafting.again(question, given.how)
    with writing() as (session, at):
        made = drafting.start(session, author, "question", typed, at)
    return drafts.shape(reading, drafting.find(reading, str(made.id), author), moment)


# What moderators do


@router.post("/questions/{slug}/revision", **acts(requests.NewRevision))
def revise_question(
    slug: str, reading: Reading, writing: Writer, moderator: Moderating,
    given: Annotated[requests.NewRevision, Depends(body(requests.NewRevision))],
) -> models.Acted:  # fmt: skip
    """Make a question's words clearer, in sight of everybody. 409 where another revision than `seen` is the latest."""
    question, by = catalog.find(reading, slug, visible(reading, moderator)), moderator.pseudonym
    require(moderator, "revise")
    words = {name: value for name in REVISABLE if (value := getattr(given, name)) is not None}
    with forms.in_words():
        changes = setfile.judge_words(words)
    with writing() as (session, moment):
        made = catalog.revise(session, question, changes, given.note, given.seen or 0, by=by, moment=moment)
    return shapes.acted(reading, made.entry)


@router.post("/questions/{slug}/audience", **acts(requests.NewShowing, 200))
def show_question(
    slug: str, reading: Reading, writing: Writer, moderator: Moderating, settings: Configured,
    given: Annotated[requests.NewShowing, Depends(body(requests.NewShowing))],
) -> models.Shown:  # fmt: skip
    """Change who sees a question, and when they see what others say. What is left out stays."""
    question = catalog.find(reading, slug, visible(reading, moderator))
    require(moderator, "show")
    seen, shown = audiences.of(question), wanted(given, question)
    with writing() as (session, moment):
        made = audiences.show(session, question, shown, by=moderator.pseudonym, moment=moment, seen=seen)
    return shown_as(reading.get_one(Question, question.id), settings.address, changed=made is not None)


def wanted(given: requests.NewShowing, one: Question | QuestionSet) -> Shown:
    """What is to be shown to whom from now on. Raises InvalidQuestion."""
    reveal = given.reveal or one.reveal
    reveals_at = given.reveals_at or (one.reveals_at if reveal == "at" else None)
    if given.audience == "" or given.reveal == "":
        raise InvalidQuestion("is empty. Leave it out, or choose one.", "reveal" if given.reveal == "" else "audience")
    words = {"audience": given.audience or one.audience, "reveal": reveal, "reveals_at": reveals_at}
    return audiences.judge(words, of_set=isinstance(one, QuestionSet))


def shown_as(one: Question | QuestionSet, address: str, *, changed: bool) -> models.Shown:
    """Who sees a set or a question now."""
    link = f"{address}/open/{one.key}" if one.key else None
    return models.Shown(
        audience=one.audience, reveal=one.reveal, reveals_at=one.reveals_at, link=link, changed=changed
    )  # fmt: skip
