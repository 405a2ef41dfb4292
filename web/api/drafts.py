"""Drafts: written by their authors, reviewed and published by moderators."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session

from forecasts import drafting
from forecasts.models import Draft, Forecaster
from forecasts.permissions import require
from questions import forms
from questions.errors import Refusal
from web.api import models, requests
from web.api.callers import Forecasting, Moderating, Owning
from web.api.documents import acts, owns
from web.api.forecasts import Empty
from web.api.reading import body
from web.dependencies import Now, Reading, Teller, Writer

router = APIRouter(prefix="/drafts")

Typed = Annotated[requests.TypedFields, Depends(body(requests.TypedFields))]


@router.get("", **owns())
def list_drafts(reading: Reading, author: Owning, moment: Now) -> models.Drafts:
    """Everything that you have written or are writing, the latest first."""
    return models.Drafts(drafts=[shape(reading, one, moment) for one in drafting.mine(reading, author)])


@router.post("", **acts(requests.NewDraft))
def start_draft(
    reading: Reading, writing: Writer, author: Forecasting,
    given: Annotated[requests.NewDraft, Depends(body(requests.NewDraft))],
) -> models.Draft:  # fmt: skip
    """Begin a draft. Its fields are those of the form under /drafts, as text."""
    require(author, "ask")
    with writing() as (session, moment):
        made = drafting.start(session, author, given.asks, given.fields, moment)
    return shape(reading, drafting.find(reading, str(made.id), author), moment)


@router.get("/review", **owns())
def list_waiting_drafts(reading: Reading, moderator: Owning, moment: Now) -> models.Drafts:
    """What waits for review, the longest first."""
    require(moderator, "publish")
    return models.Drafts(drafts=[shape(reading, one, moment) for one, _ in drafting.waiting(reading)])


@router.get("/{number}", **owns())
def get_draft(number: str, reading: Reading, viewer: Owning, moment: Now) -> models.Draft:
    """A draft of yours, or one that waits for you to review it."""
    return shape(reading, drafting.find(reading, number, viewer), moment)


def shape(session: Session, one: Draft, moment: Now) -> models.Draft:
    """A draft, and what it lacks to be published."""
    lacks: Refusal | None = None
    if one.state != "published":
        try:
            drafting.judge(session, one.asks, one.typed, moment)
        except Refusal as refusal:
            lacks = refusal
    names = ("asks", "state", "remark", "became", "version", "saved_at")
    return models.Draft(
        number=one.id,
        author=session.get_one(Forecaster, one.author_id).handle,
        fields=one.typed,
        lacks="" if lacks is None else str(lacks),
        lacks_field="" if lacks is None else lacks.field,
        **{name: getattr(one, name) for name in names},
    )


@router.post("/{number}", **acts(requests.TypedFields, 200))
def save_draft(number: str, reading: Reading, writing: Writer, author: Forecasting, given: Typed) -> models.Draft:
    """Keep these fields in place of what was kept. 409 where another save than the one seen came between."""
    found = drafting.find(reading, number, author)
    require(author, "ask")
    with writing() as (session, at):
        drafting.save(session, found, author, given.fields, given.seen, at)
    return shape(reading, drafting.find(reading, number, author), at)


@router.post("/{number}/review", **acts(status=200))
def send_draft(number: str, reading: Reading, writing: Writer, author: Forecasting, _: Empty) -> models.Draft:
    """Send a draft for review, as it was kept."""
    found = drafting.find(reading, number, author)
    require(author, "ask")
    with writing() as (session, at):
        drafting.send(session, found, author, at)
    return shape(reading, drafting.find(reading, number, author), at)


@router.post("/{number}/return", **acts(requests.DraftReturned, 200))
def return_draft(
    number: str, reading: Reading, writing: Writer, who: Forecasting,
    given: Annotated[requests.DraftReturned, Depends(body(requests.DraftReturned))],
) -> models.Done:  # fmt: skip
    """An author takes a draft back to write on; a moderator sends it back with a remark."""
    found = drafting.find(reading, number, who)
    takes = found.author_id == who.id
    require(who, "ask" if takes else "publish")
    with writing() as (session, at):
        if takes:
            drafting.take_back(session, found, who, at)
        else:
            drafting.give_back(session, found, given.remark, given.seen, at)
    return models.Done()


@router.post("/{number}/publication", **acts(requests.DraftPublished, 200))
def publish_draft(
    number: str, reading: Reading, writing: Writer, moderator: Moderating,
    given: Annotated[requests.DraftPublished, Depends(body(requests.DraftPublished))],
) -> models.Draft:  # fmt: skip
    """Publish a draft that waits for review; `became` says where what came of it is."""
    found = drafting.find(reading, number, moderator)
    require(moderator, "publish")
    into = _into(given)
    with writing() as (session, at):
        drafting.publish(session, found, into, given.seen, by=moderator, moment=at)
    return shape(reading, drafting.find(reading, number, moderator), at)


def _into(given: requests.DraftPublished) -> dict[str, str]:
    """Where a draft goes, and what of who sees it is said with that."""
    at = None if given.reveals_at is None else forms.stamp(given.reveals_at)
    shown = {"audience": given.audience, "reveal": given.reveal, "reveals_at": at}
    return {"set": given.set, "new_set": given.new_set} | {name: word for name, word in shown.items() if word}


@router.post("/{number}/deletion", **acts(status=200))
def delete_draft(number: str, reading: Reading, writing: Writer, author: Forecasting, _: Empty) -> models.Done:
    """Delete a draft of yours. What was published stays."""
    found = drafting.find(reading, number, author)
    require(author, "ask")
    with writing() as (session, _at):
        drafting.discard(session, found, author)
    return models.Done()


# The claims of a source


@router.post("/{number}/claims", **acts(requests.TypedFields))
def add_claim(number: str, reading: Reading, writing: Writer, author: Forecasting, given: Typed) -> models.ClaimAdded:
    """Keep the fields of a source, and make room for one more claim."""
    found = drafting.find(reading, number, author)
    require(author, "ask")
    with writing() as (session, at):
        added = drafting.add_claim(session, found, author, given.fields, given.seen, at)
    return models.ClaimAdded(claim=added, version=drafting.find(reading, number, author).version)


@router.post("/{number}/claims/{claim}", **acts(requests.TypedFields, 200))
def save_claim(
    number: str, claim: str, reading: Reading, writing: Writer, author: Forecasting, tell: Teller, given: Typed
) -> models.Draft:
    """Keep the fields of one claim."""
    found = drafting.find(reading, number, author)
    require(author, "ask")
    which = drafting.require_claim(found, claim)
    with writing() as (session, at):
        drafting.save_claim(session, found, author, which, given.fields, given.seen, at)
    return shape(reading, drafting.find(reading, number, author), tell())


@router.post("/{number}/claims/{claim}/deletion", **acts(status=200))
def delete_claim(
    number: str, claim: str, reading: Reading, writing: Writer, author: Forecasting, _: Empty
) -> models.Done:  # fmt: skip
    """Leave a claim out, with all that was typed for it."""
    found = drafting.find(reading, number, author)
    require(author, "ask")
    which = drafting.require_claim(found, claim)
    with writing() as (session, at):
        drafting.drop_claim(session, found, author, which, at)
    return models.Done()
