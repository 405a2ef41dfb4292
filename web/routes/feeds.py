"""What other programs read of their own accord: Atom feeds and calendars."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlmodel import Session, col

from forecasts import chronicle, roots, subscribing
from forecasts.chronicle import Dated
from forecasts.models import Forecaster
from forecasts.permissions import sets_visible, visible
from questions import catalog
from questions.models import Entry, Question
from web import atom, calendars, unchanged, views
from web.atom import Feed
from web.dependencies import Configured, Now, Reading, Viewer

router = APIRouter()


@router.get("/feed.atom")
def everything(request: Request, reading: Reading, viewer: Viewer, settings: Configured) -> Response:
    acts = chronicle.latest(reading, chronicle.KINDS, visible(reading, viewer))
    feed = Feed(chronicle.name_of_all(reading), "Everything", "/feed.atom", "/", acts)
    return _fed(request, feed, settings.address)


@router.get("/sets/{slug}/feed.atom")
def of_set(slug: str, request: Request, reading: Reading, viewer: Viewer, settings: Configured) -> Response:
    found, page = catalog.find_set(reading, slug, sets_visible(reading, viewer)), f"/sets/{slug}"
    acts = chronicle.latest(reading, chronicle.KINDS, visible(reading, viewer), col(Question.set_id) == found.id)
    feed = Feed(chronicle.name_of(reading, found), found.title, f"{page}/feed.atom", page, acts)
    return _fed(request, feed, settings.address)


@router.get("/questions/{slug}/feed.atom")
def of_question(slug: str, request: Request, reading: Reading, viewer: Viewer, settings: Configured) -> Response:
    found, page = catalog.find(reading, slug, visible(reading, viewer)), f"/questions/{slug}"
    acts = chronicle.latest(reading, chronicle.KINDS, col(Question.id) == found.id)
    feed = Feed(chronicle.name_of(reading, found), found.title, f"{page}/feed.atom", page, acts)
    return _fed(request, feed, settings.address)


@router.get("/people/{handle}/feed.atom")
def of_person(
    handle: str, request: Request, reading: Reading, viewer: Viewer, settings: Configured, moment: Now
) -> Response:
    found = views.forecaster_of(reading, handle, viewer)
    page, kinds = f"/people/{found.handle}", (*chronicle.KINDS, *chronicle.SPOKEN)
    named = [one.pseudonym for one in roots.family(reading, found)]
    acts = chronicle.latest(reading, kinds, visible(reading, viewer), col(Entry.actor).in_(named))
    acts = [act for act in acts if act.forecast is None or _tells(reading, act.question, found, viewer, moment)]
    feed = Feed(chronicle.name_of_person(found), found.name, f"{page}/feed.atom", page, acts)
    return _fed(request, feed, settings.address, private=found.private)


def _tells(session: Session, question: Question, who: Forecaster, viewer: Forecaster | None, moment: datetime) -> bool:
    return views.one(session, question, viewer, moment).tells(who, viewer)


def _fed(request: Request, feed: Feed, address: str, *, private: bool = False) -> Response:
    return unchanged.served(request, atom.draw(feed, address), atom.KIND, feed.updated_at, private=private)


@router.get("/calendar/{token}.ics")
def of_forecaster(token: str, request: Request, reading: Reading, settings: Configured, moment: Now) -> Response:
    person = subscribing.of_calendar(reading, token)
    title = f"Brierboard for {person.name}"
    return _dated(request, _questions(reading, person), title, settings.address, moment, private=True)


@router.get("/sets/{slug}/calendar.ics")
def of_the_set(
    slug: str, request: Request, reading: Reading, viewer: Viewer, settings: Configured, moment: Now
) -> Response:
    found = catalog.find_set(reading, slug, sets_visible(reading, viewer))
    return _dated(request, _questions(reading, viewer, found.id), found.title, settings.address, moment)


def _questions(session: Session, viewer: Forecaster | None, within: int | None = None) -> list[Dated]:
    conditions = [visible(session, viewer)] + ([col(Question.set_id) == within] if within is not None else [])
    listed = catalog.listed(session, *conditions)
    return chronicle.dated(session, [(one.question, one.resolution) for one in listed])


def _dated(
    request: Request, listed: Sequence[Dated], title: str, address: str, moment: datetime, *, private: bool = False
) -> Response:
    content = calendars.draw(listed, title, address, moment)
    changed_at = max((one.changed_at for one in listed), default=atom.NOTHING_YET)
    return unchanged.served(request, content, calendars.KIND, changed_at, private=private)
