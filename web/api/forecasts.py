"""Forecasts of one's own: say, withdraw, undo, say again; and what one said."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends

from forecasts import discussion, ledger, looking
from forecasts.permissions import require, visible
from questions import catalog
from questions.errors import InvalidAnswer
from questions.models import Question
from questions.shape import Vector
from web import views
from web.api import models, requests, shapes
from web.api.callers import Forecasting, Owning
from web.api.documents import acts, owns
from web.api.reading import body
from web.dependencies import Now, Reading, Writer
from web.following import said_by

router = APIRouter(prefix="/questions/{slug}")

WAYS = ("probability", "probabilities", "low", "median", "high")
Empty = Annotated[requests.Nothing, Depends(body(requests.Nothing))]


@router.get("/forecasts", **owns())
def list_own_forecasts(slug: str, reading: Reading, viewer: Owning, moment: Now) -> models.Owns:
    """All that you said on a question, the newest first, and what of it stands."""
    asked = views.one(reading, catalog.find(reading, slug, visible(reading, viewer)), viewer, moment)
    said = said_by(reading, asked, viewer)
    standing = None if said.standing is None else shapes.own(asked, said.standing)
    return models.Owns(standing=standing, forecasts=[shapes.own(asked, one) for one in reversed(said.mine)])


@router.post("/forecasts", **acts(requests.NewForecast))
def make_forecast(
    slug: str, reading: Reading, writing: Writer, forecaster: Forecasting,
    given: Annotated[requests.NewForecast, Depends(body(requests.NewForecast))],
) -> models.Acted:  # fmt: skip
    """Forecast. Earlier forecasts stay on record: each stood until this one."""
    question = catalog.find(reading, slug, visible(reading, forecaster))
    require(forecaster, "forecast")
    answer, why = read(given, question), discussion.require_text(given.rationale, "rationale")
    with writing() as (session, at):
        made = ledger.record(session, forecaster, question, answer, at, expires_at=given.expires_at, rationale=why)
    return shapes.acted(reading, made.entry)


def read(given: requests.NewForecast, question: Question) -> Vector:
    """The vector that was sent, by the question's kind. Raises InvalidAnswer."""
    kind = catalog.kind_of(question)
    sent = {name: value for name in WAYS if (value := getattr(given, name)) is not None}
    if strange := [name for name in sent if name not in kind.IMPLIED]:
        raise InvalidAnswer(f"This question takes no “{strange[0]}”. Write {_ways(kind.IMPLIED)}.", strange[0])
    if not sent:
        raise InvalidAnswer(f"No forecast was sent. Write {_ways(kind.IMPLIED)}.", kind.IMPLIED[0])
    return kind.imply(sent, catalog.shape_of(question))


def _ways(names: Sequence[str]) -> str:
    interval = [name for name in names if name in WAYS[2:]]
    others = [f"“{name}”" for name in names if name not in interval]
    return " or ".join([*(["“low”, “median” and “high”"] if interval else []), *others])


@router.post("/withdrawal", **acts())
def withdraw_forecast(
    slug: str, reading: Reading, writing: Writer, forecaster: Forecasting, _: Empty
) -> models.Acted:  # fmt: skip
    """Take the standing forecast back; it counts until now."""
    question = catalog.find(reading, slug, visible(reading, forecaster))
    require(forecaster, "forecast")
    with writing() as (session, at):
        made = ledger.withdraw(session, forecaster, question, at)
    return shapes.acted(reading, made.entry)


@router.post("/undo", **acts())
def undo_forecast(slug: str, reading: Reading, writing: Writer, forecaster: Forecasting, _: Empty) -> models.Acted:
    """Take your latest act of the last hour back, by another act: what stood before it is said again."""
    question = catalog.find(reading, slug, visible(reading, forecaster))
    require(forecaster, "forecast")
    with writing() as (session, at):
        made = ledger.undo(session, forecaster, question, at)
    return shapes.acted(reading, made.entry)


@router.post("/reaffirmation", **acts())
def reaffirm_forecast(slug: str, reading: Reading, writing: Writer, forecaster: Forecasting, _: Empty) -> models.Acted:
    """Say your latest forecast again, also where it has expired."""
    question = catalog.find(reading, slug, visible(reading, forecaster))
    require(forecaster, "forecast")
    with writing() as (session, at):
        made = ledger.reaffirm(session, forecaster, question, at)
    return shapes.acted(reading, made.entry)


@router.post("/look", **acts(status=200))
def note_look(slug: str, reading: Reading, writing: Writer, who: Forecasting, _: Empty) -> models.Done:
    """Note that you have seen a question as it is now. Nobody else learns of it."""
    question = catalog.find(reading, slug, visible(reading, who))
    with writing() as (session, at):
        looking.look(session, who, question, at)
    return models.Done()
