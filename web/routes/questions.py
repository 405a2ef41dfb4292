"""A question's page, and the forms by which people forecast, withdraw and comment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from fastapi import APIRouter, Response
from sqlmodel import Session, col, select

from forecasts import boards, discussion, ledger, prospects
from forecasts.models import Forecast, Forecaster
from forecasts.permissions import may, require, sets_visible, visible
from forecasts.repeating import Repeated
from forecasts.rules import RULES
from forecasts.scoring import main_rule, rules_for
from forecasts.timeline import Numbers
from questions import catalog, percent
from questions.errors import Refusal
from questions.models import Question, QuestionSet
from questions.shape import Vector
from web import reasons, sheet, talk, views
from web.dependencies import Form, Now, Reading, SignedIn, Teller, Viewer, Writer
from web.filters import address
from web.following import WHOLE, Looking, Sought, charted, live_of, said_by, zoom_of
from web.pages import CommentsPage, Happens, Page, Prospects, QuestionPage, RowPage, Scored, Scores
from web.rendering import Render, Rendering, status_of
from web.routes.desk import ON_THE_DESK, Tried, desk_page
from web.sheet import view_of
from web.views import Asked, Typed

router = APIRouter(prefix="/questions/{slug}")

LEVELS = ((0.1, "the low end (10%)"), (0.5, "the middle"), (0.9, "the high end (90%)"))
"""Of many bins, what one would score is shown for those in which these levels of one's forecast lie."""

MOST_SCORED = 200
"""Of how many forecasters the scores are listed."""


@router.get("")
def question(
    slug: str, reading: Reading, viewer: Viewer, moment: Now, sought: Sought, render: Rendering, tried: Tried = ""
) -> Response:
    found = catalog.find(reading, slug, visible(reading, viewer))
    typed = tried[: percent.LONGEST]
    return render(question_page(reading, found, viewer, moment, sought, tried=typed))


@router.post("/forecasts")
def submit(
    slug: str, form: Form, reading: Reading, writing: Writer, forecaster: SignedIn, tell: Teller, render: Rendering
) -> Response:
    question = catalog.find(reading, slug, visible(reading, forecaster))
    require(forecaster, "forecast")
    try:
        answer = catalog.kind_of(question).read(form, catalog.shape_of(question))
        why, until = reasons.rationale(form), reasons.expiry(form)
        with writing() as (session, at):
            ledger.record(session, forecaster, question, answer, at, expires_at=until, rationale=why)
    except Refusal as refusal:
        return refused(render, reading, question, forecaster, tell(), Typed(form, refusal))
    except Repeated:
        at = tell()
    return accepted(render, form, reading, question, forecaster, at)


@router.post("/withdrawal")
def withdraw(
    slug: str, form: Form, reading: Reading, writing: Writer, forecaster: SignedIn, tell: Teller, render: Rendering
) -> Response:
    question = catalog.find(reading, slug, visible(reading, forecaster))
    require(forecaster, "forecast")
    try:
        with writing() as (session, at):
            ledger.withdraw(session, forecaster, question, at)
    except Refusal as refusal:
        return refused(render, reading, question, forecaster, tell(), Typed(form, refusal))
    except Repeated:
        at = tell()
    return accepted(render, form, reading, question, forecaster, at)


@router.post("/comments")
def comment(
    slug: str, form: Form, reading: Reading, writing: Writer, forecaster: SignedIn, tell: Teller, render: Rendering
) -> Response:
    question = catalog.find(reading, slug, visible(reading, forecaster))
    require(forecaster, "forecast")
    text = form.get("comment", "")
    try:
        with writing() as (session, at):
            entry = discussion.comment(session, forecaster, question, text, at).entry
    except Refusal as refusal:
        return _refuse_comment(render, reading, question, forecaster, tell(), Typed(form, refusal))
    except Repeated as done:
        entry, at = done.found.last, tell()
    page = comments_page(reading, question, forecaster, at)
    return render(page, otherwise=f"/questions/{slug}#comment-{entry}")


def _refuse_comment(
    render: Render, session: Session, question: Question, who: Forecaster, moment: datetime, typed: Typed
) -> Response:
    """The comment that was typed with what is wrong with it; without htmx on the whole page."""

    def whole() -> Page:
        return question_page(session, question, who, moment, commented=typed)

    page = comments_page(session, question, who, moment, typed=typed)
    return render(page, status=status_of(typed.error), whole=whole)


def accepted(
    render: Render, form: Mapping[str, str], session: Session, question: Question, who: Forecaster, moment: datetime
) -> Response:
    """What was stored, where it was typed: the row or the question's page."""
    slug = question.slug
    if form.get("view") == "desk":
        return render(row_page(session, question, who, moment, saved=True), otherwise=view_of(form).saved(slug))
    zoom = zoom_of(form)
    page = question_page(session, question, who, moment, Looking(zoom), saved=True, way=form.get("way", ""))
    return render(page, otherwise=f"{address(f'/questions/{slug}', {'zoom': zoom})}#forecast")


def refused(
    render: Render, session: Session, question: Question, who: Forecaster, moment: datetime, typed: Typed
) -> Response:
    """What was typed and what is wrong with it, where it was typed; on the question's page if the desk has no row."""
    status, zoom = status_of(typed.error), zoom_of(typed.form)
    if typed.form.get("view") == "desk":
        page = row_page(session, question, who, moment, typed=typed)

        def whole() -> Page:
            if page.row.glance.status in ON_THE_DESK:
                return desk_page(session, who, moment, view_of(typed.form), refused=(question.slug, typed))
            return question_page(session, question, who, moment, typed=typed)

        return render(page, status=status, whole=whole)
    return render(question_page(session, question, who, moment, Looking(zoom), typed=typed), status=status)


def row_page(
    session: Session, question: Question, who: Forecaster, moment: datetime,
    *, typed: Typed | None = None, saved: bool = False,
) -> RowPage:  # fmt: skip
    """One row of the desk."""
    row = sheet.row(sheet.known_of(session, question, who, moment), typed=typed, saved=saved)
    return RowPage(viewer=who, here="/", row=row)


def question_page(
    session: Session, question: Question, viewer: Forecaster | None, moment: datetime, sought: Looking = WHOLE,
    *, typed: Typed | None = None, saved: bool = False, way: str = "", commented: Typed | None = None, tried: str = "",
) -> QuestionPage:  # fmt: skip
    """Everything about one question.

    commented  a comment that was refused
    tried      what somebody tried before they signed up
    """
    asked = views.one(session, question, viewer, moment)
    said = said_by(session, asked, viewer)
    answer = views.answer(asked, said.standing, "question", typed=typed, saved=saved, way=way, tried=tried)
    return QuestionPage(
        viewer=viewer,
        here=f"/questions/{question.slug}",
        **_told(session, asked, viewer),
        answer=replace(answer, beside=reasons.beside(session, asked, typed, sought.zoom)),
        offered=reasons.offered(session, asked, viewer),
        since=talk.since(session, asked, viewer),
        **charted(session, asked, said, sought.zoom),
        mine=[views.own(asked, one) for one in reversed(said.mine)],
        prospects=_prospects(session, asked, viewer, said.mine, moment),
        talk=talk.talk(session, asked, viewer, sought.remarks, typed=commented),
        **_done(session, asked, viewer, sought.before),
        scores=scores_of(session, asked),
        may_resolve=may(viewer, "resolve"),
        live=live_of(session, asked, sought),
    )


def _told(session: Session, asked: Asked, viewer: Forecaster | None) -> dict[str, Any]:
    """What is asked and how it stands, by the names that the page gives it."""
    its_set = select(QuestionSet).where(QuestionSet.id == asked.question.set_id, sets_visible(session, viewer))
    return {
        "glance": views.glance(asked),
        "kind": asked.kind.TITLE,
        "within": session.exec(its_set).first(),
        "terms": views.terms(session, asked),
        "claim": views.claims(session, [asked])[0],
    }


def _done(session: Session, asked: Asked, viewer: Forecaster | None, before: int) -> dict[str, Any]:
    """What was decided and changed, and the timeline, by the names that the page gives them."""
    decisions, revised = views.decided(session, asked.question, asked.shape), talk.revised(session, asked.question)
    timeline = talk.timeline(session, asked, viewer, decisions, revised, before)
    return {"decisions": decisions, "revised": revised, "timeline": timeline}


def comments_page(
    session: Session, question: Question, who: Forecaster, moment: datetime, *, typed: Typed | None = None
) -> CommentsPage:
    """The comments on a question with the form for another."""
    asked = views.one(session, question, who, moment)
    said = talk.talk(session, asked, who, typed=typed)
    return CommentsPage(viewer=who, here=f"/questions/{question.slug}", glance=views.glance(asked), talk=said)


def _prospects(
    session: Session, asked: Asked, viewer: Forecaster | None, mine: Sequence[Forecast], moment: datetime
) -> Prospects | None:
    """What the viewer would score if each outcome became known now; None for who never forecast."""
    if viewer is None or not mine or asked.hidden or asked.status not in ("open", "closed"):
        return None
    found = prospects.prospect(session, asked.question, viewer.id, moment)
    if found is None:
        return None
    rule = views.rule(main_rule(asked.kind.ORDERED))
    shown = _shown(asked, mine) if found.coverage else []
    return Prospects(
        rule,
        found.coverage,
        [
            Happens(asked.shape.called(i), why, float(found.loss[0, i]) / found.coverage, float(found.peer[0, i]))
            for i, why in shown
        ],
    )


def _shown(asked: Asked, mine: Sequence[Forecast]) -> list[tuple[int, str]]:
    """The outcomes worth showing, and why: all of a few; of bins those where one's last forecast reaches a level."""
    if not asked.kind.ORDERED:
        return [(i, "") for i in (range(asked.shape.size) if asked.shape.size > 2 else (1, 0))]
    last = next(one.probabilities for one in reversed(mine) if one.probabilities is not None)
    reached = np.searchsorted(np.cumsum(last), np.array([level for level, _ in LEVELS]) - 1e-9)
    places = np.minimum(reached, asked.shape.size - 1).tolist()
    why: dict[int, list[str]] = {}
    for place, (_, words) in zip(places, LEVELS, strict=True):
        why.setdefault(place, []).append(words)
    return [(place, f"{' and '.join(words)} of your last forecast") for place, words in why.items()]


def scores_of(session: Session, asked: Asked) -> Scores:
    """Everybody's scores on the question, best first."""
    rules = [views.rule(name) for name in rules_for(asked.kind.ORDERED)]
    forecasters, found = boards.numbers(session, asked.question)
    if not len(forecasters):
        return Scores(rules, (), None, 0)
    low = bool(found["floored"].any())
    floor = RULES["log"].floor_for(asked.shape.size, asked.kind.ORDERED) if low else None
    rows = _scored(session, asked, forecasters, found, [rule.name for rule in rules])
    return Scores(rules, rows, floor, len(forecasters) - len(rows))


def _scored(
    session: Session, asked: Asked, forecasters: Numbers, found: Mapping[str, Vector], names: Sequence[str]
) -> list[Scored]:
    """The scores on the question by these rules, best first: everybody's, or of very many the best."""
    best = np.argsort(found[names[0]] / found["coverage"], kind="stable")[:MOST_SCORED].tolist()
    named = select(Forecaster).where(col(Forecaster.id).in_([int(forecasters[i]) for i in best]))
    people = {who.id: who for who in session.exec(named)}
    said = _last_words(session, asked, found["last"][best])
    rows = [
        Scored(
            forecaster=people[int(forecasters[i])],
            losses=[float(found[name][i]) for name in names],
            peer=float(found["peer"][i]),
            coverage=float(found["coverage"][i]),
            presence=float(found["presence"][i]),
            last=said.get(int(forecasters[i]), ""),
        )
        for i in best
    ]
    return sorted(rows, key=lambda one: ((one.losses[0] or 0.0) / one.coverage, one.forecaster.handle))


def _last_words(session: Session, asked: Asked, last: Vector) -> dict[int, str]:
    """What those whose last entries these are said at the end, and the yardsticks, in words."""
    entries = [int(entry) for entry in last if entry]
    said = session.exec(select(Forecast.forecaster_id, Forecast.probabilities).where(col(Forecast.entry).in_(entries)))
    vectors = dict(said.all()) | views.yardsticks(session, asked)
    return {who: asked.kind.say(views.rounded(vector, asked.kind), asked.shape) for who, vector in vectors.items()}
