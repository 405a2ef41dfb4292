"""Sets of questions and the texts behind them."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session, col, func, select

from forecasts import loading
from forecasts.models import Forecaster
from forecasts.permissions import require, sets_visible, visible
from questions import audiences, catalog, setfile
from questions.models import Question, QuestionSet, Source
from web import filters
from web.api import models, requests
from web.api.callers import Moderating, Viewing
from web.api.documents import acts, looks
from web.api.questions import shown_as, wanted
from web.api.reading import body
from web.dependencies import Configured, Reading, Writer

router = APIRouter()


@router.get("/sets", **looks())
def list_sets(reading: Reading, viewer: Viewing) -> models.Sets:
    """Every set that you may see, by title."""
    return models.Sets(sets=[_set(reading, one, viewer) for one in filters.all_sets(reading, viewer)])


@router.post("/sets", **acts(requests.SetFile, 200))
def load_set(
    reading: Reading, writing: Writer, moderator: Moderating,
    given: Annotated[requests.SetFile, Depends(body(requests.SetFile))],
) -> models.Loaded:  # fmt: skip
    """Load a set of questions out of a TOML file. What is there already stays as it is."""
    require(moderator, "load")
    file = setfile.parse(given.file.encode(), "The file")
    with writing(alone=True) as (session, moment):
        report = loading.load(session, file, "The file", by=moderator.pseudonym, moment=moment)
    return models.Loaded(report=str(report))


@router.get("/sets/{slug}", **looks())
def get_set(slug: str, reading: Reading, viewer: Viewing) -> models.Set:
    """One set. /questions?set= lists its questions."""
    return _set(reading, catalog.find_set(reading, slug, sets_visible(reading, viewer)), viewer)


def _set(session: Session, one: QuestionSet, viewer: Forecaster | None) -> models.Set:
    names = ("slug", "title", "description", "audience", "reveal", "reveals_at", "expires_after")
    counted = select(func.count()).select_from(Question).where(Question.set_id == one.id, visible(session, viewer))
    found = session.get(Source, one.source_id) if one.source_id else None
    return models.Set(
        **{name: getattr(one, name) for name in names},
        source=_source(found) if found else None,
        questions=session.exec(counted).one(),
    )


def _source(one: Source) -> models.Source:
    names = ("slug", "name", "title", "author", "note", "said_at", "read_on")
    return models.Source(**{name: getattr(one, name) for name in names})


@router.post("/sets/{slug}/audience", **acts(requests.NewShowing, 200))
def show_set(
    slug: str, reading: Reading, writing: Writer, moderator: Moderating, settings: Configured,
    given: Annotated[requests.NewShowing, Depends(body(requests.NewShowing))],
) -> models.Shown:  # fmt: skip
    """Change who sees a set, and when they see what others say of its questions. What is left out stays."""
    within = catalog.find_set(reading, slug, sets_visible(reading, moderator))
    require(moderator, "show")
    seen, shown = audiences.of(within), wanted(given, within)
    with writing() as (session, moment):
        made = audiences.show(session, within, shown, by=moderator.pseudonym, moment=moment, seen=seen)
    return shown_as(reading.get_one(QuestionSet, within.id), settings.address, changed=made is not None)


@router.get("/sources", **looks())
def list_sources(reading: Reading, viewer: Viewing) -> models.Sources:
    """The texts that imply forecasts, of the sets that you may see."""
    used = select(QuestionSet.source_id).where(sets_visible(reading, viewer))
    found = reading.exec(select(Source).where(col(Source.id).in_(used)).order_by(col(Source.name)))
    return models.Sources(sources=[_source(one) for one in found])
