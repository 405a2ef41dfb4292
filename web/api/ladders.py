"""Ladders: all rungs answered at once, in which more can never be likelier than less."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session

from forecasts import ledger
from forecasts.models import Forecaster
from forecasts.permissions import require
from questions import catalog
from questions.errors import InvalidAnswer
from questions.models import Question
from questions.shape import Vector
from web import views
from web.api import models, requests, shapes
from web.api.callers import Forecasting, Viewing
from web.api.documents import acts, looks
from web.api.reading import body
from web.dependencies import Now, Reading, Teller, Writer
from web.routes.ladders import Place, changes, places_of

router = APIRouter(prefix="/ladders")


@router.get("/{group}", **looks())
def get_ladder(group: str, reading: Reading, viewer: Viewing, moment: Now) -> models.Ladder:
    """A ladder with the crowd's number and yours."""
    places = places_of(reading, group, viewer, moment)
    return models.Ladder(group=group, rungs=[_rung(reading, one, viewer, moment) for one in places])


def _rung(session: Session, one: Place, viewer: Forecaster | None, moment: Now) -> models.Rung:
    asked = views.look(session, one.listed, viewer, moment)
    return models.Rung(
        question=asked.question.slug, title=asked.question.title, direction=one.rung.direction, status=asked.status,
        crowd=shapes.crowd(asked), hidden=asked.hidden,
        own=None if one.standing is None else float(one.standing[1]),
    )  # fmt: skip


@router.post("/{group}", **acts(requests.LadderAnswers))
def answer_ladder(
    group: str, reading: Reading, writing: Writer, forecaster: Forecasting, tell: Teller,
    given: Annotated[requests.LadderAnswers, Depends(body(requests.LadderAnswers))],
) -> models.Answered:  # fmt: skip
    """Save every rung that is changed, or none where two answers contradict each other."""
    places = places_of(reading, group, forecaster, tell())
    require(forecaster, "forecast")
    changed = read(given, places)
    made = []
    with writing() as (session, at):
        for question, vector in changed:
            made += [ledger.record(session, forecaster, question, vector, at)]
    return models.Answered(changed=len(made), acts=[shapes.acted(reading, one.entry) for one in made])


def read(given: requests.LadderAnswers, places: Sequence[Place]) -> list[tuple[Question, Vector]]:
    """The answers that change something. Raises InvalidAnswer."""
    rungs = {one.listed.question.slug: one for one in places if one.is_open}
    if strange := [slug for slug in given.answers if slug not in rungs]:
        raise InvalidAnswer(f"“{strange[0][:80]}” is no rung of this ladder that is open.", "answers")
    said = []
    for slug, one in rungs.items():
        question = one.listed.question
        vector = one.standing
        if slug in given.answers:
            sent = {"probability": given.answers[slug]}
            vector = catalog.kind_of(question).imply(sent, catalog.shape_of(question))
        if vector is not None:
            said.append((one, vector))
    return changes(said)
