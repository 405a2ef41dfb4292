"""What somebody sees who comes for the first time: a question that is open, and what a number on it would score."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlmodel import Session, col, exists, select

from forecasts.models import Forecaster, Position
from forecasts.permissions import public
from forecasts.rules import brier
from questions import catalog, percent
from questions.errors import InvalidAnswer
from questions.kinds import binary
from questions.models import Question, Resolution
from questions.shape import Vector
from web import views
from web.pages import First, Trial

NOTHING_ASKED = First(None, (), "", "", (), None, may_sign_up=False)
"""What stands there while nothing was ever asked, whoever looks."""


def first(session: Session, viewer: Forecaster | None, moment: datetime, tried: str, may_sign_up: bool) -> First | None:
    """What stands above the desk for somebody who is not signed in.

    tried  what was typed to see what it would score; nothing is stored of it

    None for who is signed in, and where there is no question that a newcomer could begin with.
    """
    question = None if viewer else _to_begin_with(session, moment)
    if question is None:
        return None
    glance, criteria = views.glance(views.one(session, question, None, moment)), views.paragraphs(question.criteria)
    if not tried.strip():
        return First(glance, criteria, "", "", [], None, may_sign_up)
    typed = tried.strip()[: percent.LONGEST]
    try:
        vector = binary.read({"probability": tried}, catalog.shape_of(question))
    except InvalidAnswer as error:
        return First(glance, criteria, typed, "", [], error, may_sign_up)
    return First(glance, criteria, typed, percent.say(vector[1]), _trials(vector), None, may_sign_up)


def _to_begin_with(session: Session, moment: datetime) -> Question | None:
    """The open yes-or-no question that closes next, of those with a crowd if there is any such."""
    person = (col(Position.forecaster_id) == Forecaster.id) & (col(Forecaster.kind) == "person")
    crowded = exists().where(col(Position.question_id) == Question.id, person)
    undecided = (col(Question.resolution) == 0) | (col(Resolution.verdict) == "reopened")
    statement = (
        select(Question)
        .outerjoin(Resolution, col(Resolution.entry) == Question.resolution)
        .where(public(), Question.kind == "binary", undecided)
        .where(Question.opens_at <= moment, Question.closes_at > moment)
    )
    return session.exec(statement.order_by(crowded.desc(), col(Question.closes_at), col(Question.id))).first()


def _trials(vector: Vector) -> Sequence[Trial]:
    """What the forecast would score by Brier if it happens, and if not."""
    scores = brier.score(vector[None].repeat(2, axis=0), np.array([1, 0])).tolist()
    return [
        Trial(label, f"{score:.2f}", 100 * score)
        for label, score in zip(("It happens", "It does not"), scores, strict=True)
    ]
