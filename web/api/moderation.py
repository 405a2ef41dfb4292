"""Moderating: hide comments, suspend forecasters and merge them, and undo it; what was done before."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlmodel import Session

from forecasts import merging, moderation
from forecasts.models import Forecaster, Hiding, Merge, Suspension
from forecasts.permissions import require
from web import views
from web.api import models, requests, shapes
from web.api.callers import Moderating
from web.api.documents import acts, owns
from web.api.questions import Word
from web.api.reading import body
from web.dependencies import Reading, Writer
from web.routes.moderation import comment_of
from web.watching import Witness

router = APIRouter()


@router.get("/comments/{entry:int}/hidings", **owns())
def list_hidings(entry: int, reading: Reading, moderator: Moderating) -> models.Hidings:
    """When a comment was hidden and shown again, and why. For moderators."""
    comment = comment_of(reading, entry, moderator)
    require(moderator, "moderate")
    found = moderation.hidings(reading, comment)
    return models.Hidings(hidings=[models.Hiding(**_words(reading, one), hidden=one.hidden) for one in found])


@router.post("/comments/{entry:int}/hiding", **acts(requests.NewHiding))
def hide_comment(
    entry: int, reading: Reading, writing: Writer, moderator: Moderating,
    given: Annotated[requests.NewHiding, Depends(body(requests.NewHiding))],
) -> models.Acted:  # fmt: skip
    """Hide a comment from everybody but moderators, or show it again."""
    comment = comment_of(reading, entry, moderator)
    require(moderator, "moderate")
    with writing() as (session, moment):
        made = moderation.hide(session, comment, given.hidden, given.note, by=moderator, moment=moment)
    return shapes.acted(reading, made.entry)


@router.get("/people/{handle}/suspensions", **owns())
def list_suspensions(handle: str, reading: Reading, moderator: Moderating) -> models.Suspensions:
    """When somebody was suspended and let act again, and why. For moderators."""
    who = views.named(reading, handle)
    require(moderator, "moderate")
    found = moderation.suspensions(reading, who)
    told = [models.Suspension(**_words(reading, one), suspended=one.suspended) for one in found]
    return models.Suspensions(suspensions=told)


@router.post("/people/{handle}/suspension", **acts(requests.NewSuspension))
def suspend_person(
    handle: str, reading: Reading, writing: Writer, moderator: Moderating, known: Witness,
    given: Annotated[requests.NewSuspension, Depends(body(requests.NewSuspension))],
) -> models.Acted:  # fmt: skip
    """Let somebody do nothing but read, and their bots with them; or let them act again."""
    who = views.named(reading, handle)
    known.about(who)
    require(moderator, "moderate")
    with writing() as (session, moment):
        made = moderation.suspend(session, who, given.suspended, given.note, by=moderator, moment=moment)
    return shapes.acted(reading, made.entry)


@router.get("/people/{handle}/mergings", **owns())
def list_mergings(handle: str, reading: Reading, moderator: Moderating) -> models.Mergings:
    """When somebody was merged into another and separated again, and why. For moderators."""
    who = views.named(reading, handle)
    require(moderator, "moderate")
    told = [
        models.Merging(
            **_words(reading, one), into=reading.get_one(Forecaster, one.into_id).handle, merged=one.merged
        )
        for one in moderation.merges(reading, who)
    ]  # fmt: skip
    return models.Mergings(mergings=told)


@router.get("/people/{handle}/merging", **owns())
def weigh_merging(handle: str, reading: Reading, moderator: Moderating, into: Word = "") -> models.Moving:
    """How much would move if somebody were merged into another. Refused where they cannot be. For moderators."""
    who = views.named(reading, handle)
    require(moderator, "moderate")
    other = merging.named(reading, into)
    moderation.require_merging(reading, who, other, by=moderator)
    return models.Moving(**vars(merging.weigh(reading, who, other)))


@router.post("/people/{handle}/merging", **acts(requests.NewMerge))
def merge_person(
    handle: str, reading: Reading, writing: Writer, moderator: Moderating, known: Witness,
    given: Annotated[requests.NewMerge, Depends(body(requests.NewMerge))],
) -> models.Acted:  # fmt: skip
    """Merge somebody into another who is the same. What both said counts as one person's from then on."""
    who = views.named(reading, handle)
    known.about(who)
    require(moderator, "moderate")
    into = merging.named(reading, given.into)
    with writing(alone=True) as (session, moment):
        made = moderation.merge(session, who, into, given.note, by=moderator, moment=moment)
    return shapes.acted(reading, made.entry)


@router.post("/people/{handle}/separation", **acts(requests.NewSeparation))
def separate_person(
    handle: str, reading: Reading, writing: Writer, moderator: Moderating, known: Witness,
    given: Annotated[requests.NewSeparation, Depends(body(requests.NewSeparation))],
) -> models.Acted:  # fmt: skip
    """Undo a merge. What they said counts as theirs again."""
    who = views.named(reading, handle)
    known.about(who)
    require(moderator, "moderate")
    with writing(alone=True) as (session, moment):
        made = moderation.separate(session, who, given.note, by=moderator, moment=moment)
    return shapes.acted(reading, made.entry)


def _words(session: Session, one: Hiding | Suspension | Merge) -> dict[str, Any]:
    """What is said of everything that a moderator did."""
    by = views.actor_of(session, one.entry)
    return {"seq": one.entry, "recorded_at": one.recorded_at, "by": by, "note": one.note}
