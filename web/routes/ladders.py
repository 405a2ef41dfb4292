"""A ladder: all its rungs answered in one form, in which more can never be likelier than less."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from fastapi import APIRouter, Response
from sqlmodel import Session, col

from forecasts import ledger
from forecasts.models import Forecaster
from forecasts.permissions import require, visible
from forecasts.repeating import Repeated
from questions import catalog, ladders, percent
from questions.catalog import Listed
from questions.errors import InvalidAnswer, NotFound, Refusal
from questions.ladders import Rung
from questions.models import Question
from questions.shape import Vector
from web import proofs, views
from web.dependencies import Form, Now, Reading, SignedIn, Teller, Viewer, Writer
from web.pages import LadderPage, Step
from web.rendering import Rendering, status_of

router = APIRouter(prefix="/ladders/{group}")


class Contradiction(InvalidAnswer):
    """Two answers of which one says that more is likelier than less; `fields` are theirs."""

    def __init__(self, sentence: str, fields: tuple[str, str]) -> None:
        super().__init__(sentence, fields[0])
        self.fields = fields


@dataclass(frozen=True)
class Place:
    """A question of the ladder with its rung and, where it takes forecasts, one's own standing vector."""

    listed: Listed
    rung: Rung
    is_open: bool
    standing: Vector | None

    @property
    def field(self) -> str:
        """The name of its field in the form."""
        return f"rung-{self.listed.question.slug}"


@router.get("")
def ladder(group: str, reading: Reading, viewer: Viewer, moment: Now, render: Rendering) -> Response:
    return render(ladder_page(reading, group, viewer, moment))


@router.post("")
def answer(
    group: str, form: Form, reading: Reading, writing: Writer, forecaster: SignedIn, tell: Teller, render: Rendering
) -> Response:
    """Save every rung that was changed, or none."""
    places = places_of(reading, group, forecaster, tell())
    require(forecaster, "forecast")
    try:
        changed = read(form, places)
        many = len(changed)
        with writing() as (session, at):
            for question, vector in changed:
                ledger.record(session, forecaster, question, vector, at)
    except Refusal as refusal:
        page = ladder_page(reading, group, forecaster, tell(), typed=form, error=refusal)
        return render(page, status=status_of(refusal))
    except Repeated as done:
        many = done.found.last - done.found.first + 1
    page = ladder_page(reading, group, forecaster, tell(), saved=f"{many} of {len(places)} saved.")
    return render(page, otherwise=f"/ladders/{group}")


def places_of(session: Session, group: str, viewer: Forecaster | None, moment: datetime) -> list[Place]:
    """The rungs of a ladder, by direction and threshold. Raises NotFound."""
    known = col(Question.group) == (group if catalog.is_name(group) else "")
    listed = catalog.listed(session, visible(session, viewer), known, col(Question.kind) == "binary")
    rungs = [(one, rung) for one in listed if (rung := ladders.rung(one.question.spec))]
    if not rungs:
        raise NotFound(f"There is no ladder “{group[:80]}”. The desk lists the questions there are.")
    rungs.sort(key=lambda one: (one[1].direction, one[1].place))
    return [_place(session, one, rung, viewer, moment) for one, rung in rungs]


def _place(session: Session, one: Listed, rung: Rung, viewer: Forecaster | None, moment: datetime) -> Place:
    is_open = catalog.status(one.question, one.resolution, moment) == "open"
    standing = views.standing_of(session, viewer, one.question, moment) if is_open else None
    return Place(one, rung, is_open, None if standing is None else standing.probabilities)


def read(form: Mapping[str, str], places: Sequence[Place]) -> list[tuple[Question, Vector]]:
    """The answers that change something. An empty field leaves what stands. Raises InvalidAnswer."""
    typed = ((one, _typed(form, one) if one.is_open else None) for one in places)
    return changes([(one, vector) for one, vector in typed if vector is not None])


def changes(said: Sequence[tuple[Place, Vector]]) -> list[tuple[Question, Vector]]:
    """Those of these answers that are not said already. Raises Contradiction where two of them contradict."""
    _require_agreement(said)
    return [(one.listed.question, vector) for one, vector in said if not _stands(one, vector)]


def _typed(form: Mapping[str, str], one: Place) -> Vector | None:
    text = form.get(one.field, "")
    if not text.strip():
        return one.standing
    question = one.listed.question
    try:
        return catalog.kind_of(question).read({"probability": text}, catalog.shape_of(question))
    except InvalidAnswer as error:
        raise InvalidAnswer(str(error), one.field) from error


def _stands(one: Place, vector: Vector) -> bool:
    return one.standing is not None and bool(np.array_equal(one.standing, vector))


def _require_agreement(said: Sequence[tuple[Place, Vector]]) -> None:
    found = ladders.contradiction([(one.rung, float(vector[1])) for one, vector in said])
    if found is None:
        return
    (higher, low), (lower, high) = said[found[0]], said[found[1]]
    raise Contradiction(
        f"“{lower.listed.question.title}” has {percent.say(float(high[1]))}, and “{higher.listed.question.title}” "
        f"{percent.say(float(low[1]))}. The first cannot happen without the second: lower the one or raise the other.",
        (lower.field, higher.field),
    )


def ladder_page(
    session: Session, group: str, viewer: Forecaster | None, moment: datetime,
    *, typed: Mapping[str, str] | None = None, error: Refusal | None = None, saved: str = "",
) -> LadderPage:  # fmt: skip
    """Every rung with the crowd's number and one's own, in one form."""
    places = places_of(session, group, viewer, moment)
    wrong = error.fields if isinstance(error, Contradiction) else (error.field,) if error else ()
    titles = [one.listed.question.title for one in places]
    return LadderPage(
        viewer=viewer,
        here=f"/ladders/{group}",
        group=group,
        title=proofs.in_common(titles) if len(titles) > 1 else titles[0],
        steps=[_step(session, one, viewer, moment, typed, one.field in wrong) for one in places],
        error=error,
        saved=saved,
    )


def _step(
    session: Session, one: Place, viewer: Forecaster | None, moment: datetime,
    typed: Mapping[str, str] | None, is_wrong: bool,
) -> Step:  # fmt: skip
    stands = "" if one.standing is None else percent.exact(float(one.standing[1]))
    return Step(
        glance=views.glance(views.look(session, one.listed, viewer, moment)),
        name=one.field,
        own=f"{stands}%" if stands else "",
        typed=stands if typed is None else typed.get(one.field, ""),
        is_open=one.is_open,
        is_wrong=is_wrong,
    )
