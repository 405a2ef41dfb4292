"""A question's page, and the forms by which people forecast and withdraw."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fastapi import APIRouter, Response
from sqlmodel import Session, col, select

from forecasts import ledger
from forecasts.models import Forecast, Forecaster, Participation, Score
from forecasts.permissions import may, require, visible
from forecasts.rules import RULES
from forecasts.scoring import rules_for
from questions import catalog
from questions.errors import Refusal
from questions.models import Question, QuestionSet
from web import views
from web.dependencies import Form, Now, Reading, SignedIn, Teller, Viewer, Writer
from web.pages import Page, QuestionPage, RowPage, Scored, Scores
from web.rendering import Render, Rendering, status_of
from web.routes.desk import ON_THE_DESK, desk_page
from web.views import Asked, Typed

router = APIRouter(prefix="/questions/{slug}")


@router.get("")
def question(slug: str, reading: Reading, viewer: Viewer, moment: Now, render: Rendering) -> Response:
    found = catalog.find(reading, slug, visible(viewer))
    return render(question_page(reading, found, viewer, moment))


@router.post("/forecasts")
def submit(
    slug: str, form: Form, reading: Reading, writing: Writer, forecaster: SignedIn, tell: Teller, render: Rendering
) -> Response:
    require(forecaster, "forecast")
    question = catalog.find(reading, slug, visible(forecaster))
    try:
        answer = catalog.kind_of(question).read(form, catalog.shape_of(question))
        with writing() as (session, at):
            ledger.record(session, forecaster, question, answer, at)
    except Refusal as refusal:
        return _refuse(render, reading, question, forecaster, tell(), Typed(form, refusal))
    return _accept(render, form, reading, question, forecaster, at)


@router.post("/withdrawal")
def withdraw(
    slug: str, form: Form, reading: Reading, writing: Writer, forecaster: SignedIn, tell: Teller, render: Rendering
) -> Response:
    require(forecaster, "forecast")
    question = catalog.find(reading, slug, visible(forecaster))
    try:
        with writing() as (session, at):
            ledger.withdraw(session, forecaster, question, at)
    except Refusal as refusal:
        return _refuse(render, reading, question, forecaster, tell(), Typed(form, refusal))
    return _accept(render, form, reading, question, forecaster, at)


def _accept(
    render: Render, form: Mapping[str, str], session: Session, question: Question, who: Forecaster, moment: datetime
) -> Response:
    """What was stored, where it was typed: the row or the question's page."""
    slug = question.slug
    if form.get("view") == "desk":
        page: Page = row_page(session, question, who, moment, saved=True)
        return render(page, otherwise=f"/#question-{slug}")
    page = question_page(session, question, who, moment, saved=True, way=form.get("way", ""))
    return render(page, otherwise=f"/questions/{slug}#forecast")


def _refuse(
    render: Render, session: Session, question: Question, who: Forecaster, moment: datetime, typed: Typed
) -> Response:
    """What was typed and what is wrong with it, where it was typed; on the question's page if the desk has no row."""
    status = status_of(typed.error)
    if typed.form.get("view") == "desk":
        page = row_page(session, question, who, moment, typed=typed)

        def whole() -> Page:
            if page.row.glance.status in ON_THE_DESK:
                return desk_page(session, who, moment, refused=(question.slug, typed))
            return question_page(session, question, who, moment, typed=typed)

        return render(page, status=status, whole=whole)
    return render(question_page(session, question, who, moment, typed=typed), status=status)


def row_page(
    session: Session, question: Question, who: Forecaster, moment: datetime,
    *, typed: Typed | None = None, saved: bool = False,
) -> RowPage:  # fmt: skip
    """One row of the desk."""
    asked = views.one(session, question, moment)
    standing = ledger.standing(session, who, question, moment)
    return RowPage(viewer=who, here="/", row=views.row(asked, standing, typed=typed, saved=saved))


def question_page(
    session: Session, question: Question, viewer: Forecaster | None, moment: datetime,
    *, typed: Typed | None = None, saved: bool = False, way: str = "",
) -> QuestionPage:  # fmt: skip
    """Everything about one question."""
    asked = views.one(session, question, moment)
    mine = _forecasts_of(session, question, viewer)
    standing = views.standing_of(session, viewer, question, moment)
    vector = None if standing is None else standing.probabilities
    return QuestionPage(
        viewer=viewer,
        here=f"/questions/{question.slug}",
        glance=views.glance(asked),
        kind=asked.kind.TITLE,
        within=session.get_one(QuestionSet, question.set_id),
        terms=views.terms(asked),
        claim=views.claims(session, [asked])[0],
        answer=views.answer(asked, standing, "question", typed=typed, saved=saved, way=way),
        history=views.time_chart(asked, mine),
        density=views.spread_chart(asked, vector),
        bars=views.choice_chart(asked, vector),
        mine=[views.own(asked, one) for one in reversed(mine)],
        decisions=views.decided(session, question, asked.shape),
        scores=_scores(session, asked),
        may_resolve=may(viewer, "resolve"),
    )


def _forecasts_of(session: Session, question: Question, viewer: Forecaster | None) -> list[Forecast]:
    if viewer is None:
        return []
    statement = select(Forecast).where(Forecast.question_id == question.id, Forecast.forecaster_id == viewer.id)
    return list(session.exec(statement.order_by(col(Forecast.entry))))


def _scores(session: Session, asked: Asked) -> Scores:
    rules = [views.rule(name) for name in rules_for(asked.kind.ORDERED)]
    return Scores(rules, _scored(session, asked, [rule.name for rule in rules]), _floored(session, asked))


def _scored(session: Session, asked: Asked, names: Sequence[str]) -> list[Scored]:
    """Everybody's scores on the question by these rules, best first."""
    losses: dict[int, dict[str, float]] = {}
    for score in session.exec(select(Score).where(Score.question_id == asked.question.id)):
        losses.setdefault(score.forecaster_id, {})[score.rule] = score.loss
    took_part = session.exec(
        select(Participation, Forecaster)
        .join(Forecaster, col(Forecaster.id) == Participation.forecaster_id)
        .where(Participation.question_id == asked.question.id)
    )
    rows = [
        Scored(
            forecaster=who,
            losses=[losses[who.id].get(name) for name in names],
            coverage=part.coverage,
            presence=part.presence,
            last="" if part.last is None else asked.kind.say(views.rounded(part.last, asked.kind), asked.shape),
        )
        for part, who in took_part
    ]
    return sorted(rows, key=lambda one: ((one.losses[0] or 0.0) / one.coverage, one.forecaster.handle))


def _floored(session: Session, asked: Asked) -> float | None:
    """The log rule's floor where a forecast gave the true outcome less than that; else None."""
    outcome = asked.resolution.outcome if asked.resolution else None
    if outcome is None:
        return None
    floor: float = RULES["log"].floor_for(asked.shape.size, asked.kind.ORDERED)
    said = session.exec(select(Forecast.probabilities).where(Forecast.question_id == asked.question.id))
    return floor if any(one is not None and one[outcome] < floor for one in said) else None
