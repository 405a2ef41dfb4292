"""A forecaster's page: a person's, a text's, the crowd's."""

from datetime import datetime

from fastapi import APIRouter, Response
from sqlmodel import Session, col, select

from forecasts import ledger
from forecasts.models import Forecaster, Participation, Score
from forecasts.permissions import visible
from forecasts.scoring import main_rule
from questions import catalog
from questions.models import Question, Source
from web import views
from web.dependencies import Now, Reading, Viewer
from web.pages import Glance, Own, PersonPage, Result
from web.rendering import Rendering
from web.routes.calibration import forecaster_of, view_of

router = APIRouter()


@router.get("/people/{handle}")
def person(handle: str, reading: Reading, viewer: Viewer, moment: Now, render: Rendering) -> Response:
    return render(person_page(reading, forecaster_of(reading, handle), viewer, moment))


def person_page(session: Session, who: Forecaster, viewer: Forecaster | None, moment: datetime) -> PersonPage:
    """Where somebody stands, how calibrated they are, what they scored and what they say now."""
    board = {one.forecaster.id: one for one in ledger.standings(session)}
    return PersonPage(
        viewer=viewer,
        here=f"/people/{who.handle}",
        person=who,
        source=session.get(Source, who.source_id) if who.source_id else None,
        standing=board.get(who.id),
        results=_results(session, who, viewer, moment),
        current=_current(session, who, viewer, moment),
        view=view_of(session, who, None),
    )


def _results(session: Session, who: Forecaster, viewer: Forecaster | None, moment: datetime) -> list[Result]:
    """Scores on resolved questions, the latest decided first."""
    statement = (
        select(Score, Participation)
        .join(
            Participation,
            (col(Participation.question_id) == Score.question_id)
            & (col(Participation.forecaster_id) == Score.forecaster_id),
        )
        .where(Score.forecaster_id == who.id, col(Score.rule).in_([main_rule(False), main_rule(True)]))
    )
    found = {score.question_id: (score, part) for score, part in session.exec(statement)}
    listed = catalog.listed(session, visible(viewer), col(Question.id).in_(found))
    listed.sort(key=lambda one: one.question.resolution, reverse=True)
    results = []
    for one in listed:
        score, part = found[one.question.id]
        shown = views.glance(views.look(session, one, moment))
        results.append(Result(shown, views.rule(score.rule).title, score.loss, part.coverage, part.presence))
    return results


def _current(
    session: Session, who: Forecaster, viewer: Forecaster | None, moment: datetime
) -> list[tuple[Glance, Own]]:
    """What stands on questions that are open, or wait for resolution."""
    standing = views.standing_forecasts(session, who, moment)
    listed = catalog.listed(session, visible(viewer), col(Question.id).in_(standing))
    looked = [views.look(session, one, moment) for one in listed]
    return [
        (views.glance(asked), views.own(asked, standing[asked.question.id]))
        for asked in looked
        if asked.status in ("open", "closed")
    ]
