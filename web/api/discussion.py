"""What people write about a question, and what was done on it."""

from typing import Annotated

from fastapi import APIRouter, Depends

from forecasts import discussion
from forecasts.permissions import require, visible
from questions import catalog
from web import talk, views
from web.api import models, requests, shapes
from web.api.callers import Forecasting, Viewing
from web.api.documents import acts, looks
from web.api.reading import Before, body
from web.dependencies import Now, Reading, Writer
from web.pages import Act

router = APIRouter(prefix="/questions/{slug}")


@router.get("/comments", **looks())
def list_comments(slug: str, reading: Reading, viewer: Viewing, moment: Now, before: Before = 0) -> models.Comments:
    """The comments on a question, the newest first."""
    asked = views.one(reading, catalog.find(reading, slug, visible(reading, viewer)), viewer, moment)
    found = talk.talk(reading, asked, viewer, before)
    told = [
        models.Comment(
            seq=one.entry, who=shapes.who(reading, one.who, viewer), recorded_at=one.recorded_at,
            text=one.prose, hidden=one.hidden, said=one.text,
        )
        for one in found.remarks
    ]  # fmt: skip
    return models.Comments(comments=told, next=found.before or None)


@router.post("/comments", **acts(requests.NewComment))
def add_comment(
    slug: str, reading: Reading, writing: Writer, forecaster: Forecasting,
    given: Annotated[requests.NewComment, Depends(body(requests.NewComment))],
) -> models.Acted:  # fmt: skip
    """Comment on a question, in whatever state it is."""
    question = catalog.find(reading, slug, visible(reading, forecaster))
    require(forecaster, "forecast")
    with writing() as (session, at):
        made = discussion.comment(session, forecaster, question, given.text, at)
    return shapes.acted(reading, made.entry)


@router.get("/rationales", **looks())
def list_rationales(slug: str, reading: Reading, viewer: Viewing, moment: Now) -> models.Reasons:
    """Why people say what they say: everybody's latest reason, the newest first."""
    asked = views.one(reading, catalog.find(reading, slug, visible(reading, viewer)), viewer, moment)
    found = talk.talk(reading, asked, viewer).rationales
    told = [
        models.Reason(
            seq=one.entry, who=shapes.who(reading, one.who, viewer), made_at=one.made_at,
            recorded_at=one.recorded_at, text=one.prose, said=one.text, now=one.now,
        )
        for one in found
    ]  # fmt: skip
    return models.Reasons(rationales=told)


@router.get("/acts", **looks())
def list_acts(slug: str, reading: Reading, viewer: Viewing, moment: Now, before: Before = 0) -> models.Deeds:
    """What was done on a question, the newest first."""
    asked = views.one(reading, catalog.find(reading, slug, visible(reading, viewer)), viewer, moment)
    decisions, revised = views.decided(reading, asked.question, asked.shape), talk.revised(reading, asked.question)
    found = talk.timeline(reading, asked, viewer, decisions, revised, before)

    def deed(one: Act) -> models.Deed:
        who = None if one.who is None else shapes.who(reading, one.who, viewer)
        return models.Deed(
            seq=one.entry, recorded_at=one.at, who=who, kind=one.kind, did=one.did, text=one.text
        )  # fmt: skip

    return models.Deeds(acts=[deed(one) for one in found.acts], next=found.before or None)
