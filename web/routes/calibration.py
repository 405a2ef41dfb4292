"""Calibration: how often what was called 70% likely happened."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from fastapi import APIRouter, Response
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from forecasts import calibration
from forecasts.models import Forecaster, Participation
from questions import catalog
from questions.errors import NotFound
from questions.models import Question, QuestionSet, Resolution
from web import charts
from web.dependencies import ChosenSet, Reading, Viewer
from web.pages import CalibrationPage, CalibrationView
from web.rendering import Rendering
from web.routes.leaderboard import all_sets

router = APIRouter()


@router.get("/calibration")
def calibration_of(
    reading: Reading, viewer: Viewer, render: Rendering, who: str = "", chosen: ChosenSet = ""
) -> Response:
    return render(calibration_page(reading, viewer, who, chosen))


def calibration_page(session: Session, viewer: Forecaster | None, who: str, chosen: str) -> CalibrationPage:
    """Everybody's calibration, or one forecaster's, over all binary questions or one set's. Raises NotFound."""
    within = catalog.find_set(session, chosen) if chosen else None
    person = forecaster_of(session, who) if who else None
    name = person.name if person else "Everybody"
    others = (
        select(Forecaster).where(Forecaster.kind != "constant").order_by(col(Forecaster.kind), col(Forecaster.name))
    )
    return CalibrationPage(
        viewer=viewer,
        here="/calibration",
        view=view_of(session, person, within),
        who=who,
        name=name,
        people=session.exec(others).all(),
        sets=all_sets(session),
        chosen=chosen,
    )


def forecaster_of(session: Session, handle: str) -> Forecaster:
    """Whoever has that handle. Raises NotFound."""
    named = select(Forecaster).where(Forecaster.handle == handle.lower())
    found = session.exec(named).first() if catalog.is_name(handle) else None
    if found is None:
        raise NotFound(f"There is no forecaster “{handle[:40]}”. The leaderboard lists those there are.")
    return found


def view_of(session: Session, person: Forecaster | None, within: QuestionSet | None) -> CalibrationView:
    """One case a question: the forecast that stood at the end. For everybody, one case a person and question."""
    rows = _cases(session, person, within)
    yes = np.array([last[1] for last, *_ in rows], dtype=float)
    happened = np.array([outcome for _, outcome, *_ in rows], dtype=np.int64)
    curve = calibration.pooled(yes, happened)
    bins = [
        charts.Bin(dot.low, dot.high, dot.forecast, dot.frequency, dot.count) for dot in calibration.bins(yes, happened)
    ]
    about = "The dots of a perfect forecaster lie along the diagonal."
    heading = charts.Heading("calibration", "Forecasts against outcomes", about)
    return CalibrationView(
        chart=charts.reliability(heading, bins, charts.Curve(curve.forecast, curve.frequency)),
        forecasts=len(rows),
        questions=len({question for _, _, question, _ in rows}),
        people=len({who for *_, who in rows}),
    )


def _cases(
    session: Session, person: Forecaster | None, within: QuestionSet | None
) -> Sequence[tuple[Any, int | None, int, int]]:
    """The last vector, the outcome, the question and the forecaster of each case."""
    conditions: list[ColumnElement[bool]] = [col(Question.kind) == "binary"]
    conditions.append(col(Forecaster.kind) == "person" if person is None else col(Forecaster.id) == person.id)
    if within is not None:
        conditions.append(col(Question.set_id) == within.id)
    statement = (
        select(Participation.last, Resolution.outcome, Participation.question_id, Participation.forecaster_id)
        .join(Question, col(Question.id) == Participation.question_id)
        .join(Resolution, col(Resolution.entry) == Question.resolution)
        .join(Forecaster, col(Forecaster.id) == Participation.forecaster_id)
        .where(col(Participation.last).is_not(None), *conditions)
    )
    return session.exec(statement).all()
