"""Calibration: how often what was called 70% likely happened, and which forecasts are in a dot."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import Session, col, select

from forecasts import boards, calibration, cases, history
from forecasts.models import Forecast, Forecaster
from forecasts.permissions import visible
from questions import catalog
from questions.errors import NotFound
from web import filters, reliability, views
from web.dependencies import Reading, Viewer
from web.filters import Choice, Chosen
from web.pages import CalibrationPage, DotPage, Uttered
from web.rendering import Rendering

router = APIRouter()

MOST = 500
"""How many forecasts of a dot are listed."""

Bin = Annotated[str, Query(alias="bin")]


@router.get("/calibration")
def calibration_of(reading: Reading, viewer: Viewer, render: Rendering, chosen: Chosen, who: str = "") -> Response:
    return render(calibration_page(reading, viewer, who, chosen))


@router.get("/calibration/forecasts")
def forecasts_of(
    reading: Reading, viewer: Viewer, render: Rendering, chosen: Chosen, number: Bin = "", who: str = ""
) -> Response:
    return render(dot_page(reading, viewer, who, number, chosen))


def calibration_page(session: Session, viewer: Forecaster | None, who: str, chosen: Choice) -> CalibrationPage:
    """Everybody's calibration, or one forecaster's, over what is chosen. Raises NotFound or InvalidFilter."""
    person = views.forecaster_of(session, who, viewer) if who else None
    questions = boards.chosen(session, filters.read(session, chosen, viewer), visible(session, viewer))
    return CalibrationPage(
        viewer=viewer,
        here="/calibration",
        view=reliability.view_of(session, person, cases.chosen(session, questions), chosen.words | {"who": who}),
        who=who,
        name=person.name if person else "Everybody",
        people=[one for one in views.people(session, viewer) if one.kind != "constant"],
        choosing=filters.choosing(session, chosen, viewer),
    )


def dot_page(session: Session, viewer: Forecaster | None, who: str, number: str, chosen: Choice) -> DotPage:
    """The forecasts that one dot of the diagram is made of, the latest first. Raises NotFound or InvalidFilter."""
    if not (number.isascii() and number.isdigit() and int(number[:9]) < len(calibration.EDGES) - 1):
        raise NotFound(f"There is no bin “{number[:20]}”. Choose a dot of the calibration diagram.")
    place = int(number)
    person = views.forecaster_of(session, who, viewer) if who else None
    questions = boards.chosen(session, filters.read(session, chosen, viewer), visible(session, viewer))
    found = reliability.in_bin(cases.spoken(session, person, cases.chosen(session, questions)), place)
    return DotPage(
        viewer=viewer,
        here="/calibration/forecasts",
        name=person.name if person else "Everybody",
        low=float(calibration.EDGES[place]),
        high=float(calibration.EDGES[place + 1]),
        said=_uttered(session, viewer, found),
        total=len(found.vectors),
        questions=len(set(found.question.tolist())),
        happened=int(found.outcomes.sum()),
        back=filters.address("/calibration", chosen.words | {"who": who}),
    )


def _uttered(session: Session, viewer: Forecaster | None, found: cases.Spoken) -> list[Uttered]:
    people = {who.id: who for who in views.people(session, viewer)}
    latest = (-found.at).argsort(kind="stable")[:MOST].tolist()
    recorded, said = _recorded(session, [int(found.entry[i]) for i in latest]), []
    for i in latest:
        listed = found.resolved[int(found.question[i])]
        kind, shape = catalog.kind_of(listed.question), catalog.shape_of(listed.question)
        said.append(
            Uttered(
                people.get(int(found.forecaster[i])),
                listed.question.slug,
                listed.question.title,
                listed.question.imported,
                kind.say(views.rounded(found.vectors[i], kind), shape),
                history.moment_of(int(found.at[i])),
                recorded.get(int(found.entry[i])),
                views.outcome(listed.resolution, kind, shape),
            )
        )
    return said


def _recorded(session: Session, entries: Sequence[int]) -> dict[int, datetime]:
    """When those of these forecasts were put on record here that had been said before."""
    later = select(Forecast.entry, Forecast.recorded_at).where(
        col(Forecast.entry).in_(entries), col(Forecast.recorded_at) != col(Forecast.made_at)
    )
    return dict(session.exec(later).all())
