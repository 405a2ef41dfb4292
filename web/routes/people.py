"""A forecaster's page: a person's, a text's, the crowd's."""

from datetime import datetime

import numpy as np
from fastapi import APIRouter, Response
from sqlmodel import Session, col

from forecasts import boards, cases, crowd, updating
from forecasts.cases import Spoken
from forecasts.crowd import Extremizing
from forecasts.leaderboard import MEASURES, Measure
from forecasts.models import Forecaster
from forecasts.permissions import visible
from forecasts.scoring import main_rule
from forecasts.updating import Movement
from questions import catalog
from questions.models import Question, Source
from web import reliability, views
from web.dependencies import Now, Reading, Viewer
from web.pages import Glance, Own, PersonPage, Place, Result
from web.rendering import Rendering

router = APIRouter()


@router.get("/people/{handle}")
def person(handle: str, reading: Reading, viewer: Viewer, moment: Now, render: Rendering) -> Response:
    return render(person_page(reading, views.forecaster_of(reading, handle, viewer), viewer, moment))


def person_page(session: Session, who: Forecaster, viewer: Forecaster | None, moment: datetime) -> PersonPage:
    """Where somebody stands, how calibrated they are, how they update, what they scored and what they say now."""
    questions = boards.chosen(session, boards.Filter(), visible(viewer))
    listed = cases.chosen(session, questions)
    return PersonPage(
        viewer=viewer,
        here=f"/people/{who.handle}",
        person=who,
        source=session.get(Source, who.source_id) if who.source_id else None,
        places=_places(session, who, viewer),
        results=_results(session, who, questions),
        current=_current(session, who, viewer, moment),
        view=reliability.view_of(session, who, listed, {"who": who.handle}),
        movement=None if who.kind == "constant" else movement(cases.spoken(session, who, listed)),
        extremizing=extremizing(cases.spoken(session, who, listed)) if who.kind == "crowd" else None,
    )


def _places(session: Session, who: Forecaster, viewer: Forecaster | None) -> list[tuple[Measure, Place]]:
    """Their row on every board on which they have one."""
    found = []
    for measure in MEASURES.values():
        board = boards.board(session, measure.name, boards.Filter(), visible(viewer))
        found += [(measure, place) for place in views.places(session, board).rows if place.forecaster.id == who.id]
    return found


def extremizing(said: Spoken) -> Extremizing | None:
    """What the crowd would have gained by a power of its odds, on yes-or-no questions; None where that is not sure.

    Its last word on each question is what it is judged by.
    """
    yes = said.of_kind("binary")
    last = yes.only(np.append(yes.question[1:] != yes.question[:-1], True)[: len(yes.question)])
    found = crowd.learn(np.array(last.vectors).reshape(-1, 2), last.outcomes, last.groups)
    return found if found.helps else None


def movement(said: Spoken) -> Movement | None:
    """How much the forecasts on yes-or-no questions moved, against what was learned; None where none was changed."""
    found = cases.binary(said.of_kind("binary"))
    if len(found.p) == len(np.unique(found.series)):
        return None  # the ratio would tell of first forecasts alone, and not of changing one's mind
    return updating.movement(found, found.question)


def _results(session: Session, who: Forecaster, questions: set[int]) -> list[Result]:
    """Scores on resolved questions, the latest decided first."""
    found = boards.cells(session)
    mine = found.only(found.forecaster == who.id)
    at = {question: i for i, question in enumerate(mine.question.tolist()) if question in questions}
    listed = catalog.listed(session, col(Question.id).in_(at))
    listed.sort(key=lambda one: one.question.resolution, reverse=True)
    results = []
    for one in listed:
        kind, i = catalog.kind_of(one.question), at[one.question.id]
        rule = main_rule(kind.ORDERED)
        told = views.outcome(one.resolution, kind, catalog.shape_of(one.question))
        numbers = [float(mine.numbers[name][i]) for name in (rule, "peer", "coverage", "presence")]
        asked = (one.question.slug, one.question.title, one.question.imported)
        results.append(Result(*asked, told, views.rule(rule).title, *numbers))
    return results


def _current(
    session: Session, who: Forecaster, viewer: Forecaster | None, moment: datetime
) -> list[tuple[Glance, Own]]:
    """What stands on questions that are open, or wait for resolution."""
    standing = views.standing_forecasts(session, who, moment)
    listed = catalog.listed(session, visible(viewer), col(Question.id).in_(standing))
    undecided = [one for one in listed if catalog.status(one.question, one.resolution, moment) in ("open", "closed")]
    looked = [views.look(session, one, moment) for one in undecided]
    return [(views.glance(asked), views.own(asked, standing[asked.question.id])) for asked in looked]
