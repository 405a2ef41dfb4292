"""People, bots and texts: who there is, where they stand, how calibrated they are, what they say."""

from fastapi import APIRouter
from sqlmodel import col

from forecasts import boards, calls
from forecasts.permissions import visible
from questions import catalog
from questions.models import Question
from web import filters, views
from web.api import models, shapes
from web.api.callers import Viewing
from web.api.documents import looks
from web.api.questions import Part
from web.api.reading import Limit
from web.api.scores import Chosen, calibration_of
from web.dependencies import Now, Reading
from web.routes.people import current_of, latest_first, result_of, standing_of

router = APIRouter(prefix="/people")


@router.get("", **looks())
def list_people(reading: Reading, viewer: Viewing) -> models.People:
    """Every forecaster whose pages you may look at."""
    return models.People(people=[shapes.who(reading, one, viewer) for one in views.people(reading, viewer)])


@router.get("/{handle}", **looks())
def get_person(handle: str, reading: Reading, viewer: Viewing, narrowed: Chosen) -> models.Person:
    """A forecaster, and where they stand on every board."""
    who = views.forecaster_of(reading, handle, viewer)
    found = standing_of(reading, who, viewer, filters.read(reading, narrowed, viewer))
    rows = [
        models.Standing(measure=measure.name, row=shapes.row(reading, place, viewer)) for measure, place in found.places
    ]
    told = [sentence for _, sentence in found.told]
    return models.Person.model_validate(
        {**shapes.words_of(reading, who, viewer), "standings": rows, "told": told}
    )  # fmt: skip


@router.get("/{handle}/calibration", **looks())
def get_calibration_of_person(
    handle: str, reading: Reading, viewer: Viewing, narrowed: Chosen
) -> models.Calibration:  # fmt: skip
    """One forecaster's calibration."""
    return calibration_of(reading, views.forecaster_of(reading, handle, viewer), viewer, narrowed)


@router.get("/{handle}/forecasts", **looks())
def list_forecasts_of_person(
    handle: str, reading: Reading, viewer: Viewing, moment: Now, narrowed: Chosen
) -> models.Currents:  # fmt: skip
    """What somebody says now on questions that are not decided, without what is hidden from you."""
    who = views.forecaster_of(reading, handle, viewer)
    found = current_of(reading, who, viewer, moment, filters.read(reading, narrowed, viewer))
    told = [
        models.Current(
            question=glance.slug, title=glance.title, status=glance.status,
            text=own.text, made_at=own.made_at, expires_at=own.expires_at,
        )
        for glance, own in found
    ]  # fmt: skip
    return models.Currents(forecasts=told)


@router.get("/{handle}/results", **looks())
def list_results_of_person(
    handle: str, reading: Reading, viewer: Viewing, narrowed: Chosen, limit: Limit = 50, after: Part = 0
) -> models.Results:
    """What somebody's forecasts came to, question by question, the latest decided first."""
    who = views.forecaster_of(reading, handle, viewer)
    chosen = boards.chosen(reading, filters.read(reading, narrowed, viewer), visible(reading, viewer))
    made = calls.of(reading, who, chosen)
    listed = {one.question.id: one for one in catalog.listed(reading, col(Question.id).in_(made.question.tolist()))}
    places = latest_first(listed, made)
    found = [result_of(listed, made, i) for i in places[after : after + limit]]
    names = ("title", "outcome", "rule", "loss", "peer", "coverage", "presence")
    told = [models.Result(question=one.slug, **{name: getattr(one, name) for name in names}) for one in found]
    return models.Results(results=told, next=after + limit if len(places) > after + limit else None)
