"""How somebody is told of what happens: webhooks, the digest, the calendar, and what became of telling them."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session

from forecasts import subscribing
from forecasts.models import Forecaster, Subscription
from questions.models import QuestionSet
from web.api import models, requests
from web.api.callers import Forecasting, Owning
from web.api.documents import acts, owns
from web.api.forecasts import Empty
from web.api.reading import body
from web.dependencies import Configured, Reading, Writer

router = APIRouter()


@router.get("/webhooks", **owns())
def list_webhooks(reading: Reading, who: Owning) -> models.Webhooks:
    """Your webhooks, without the secrets by which they are signed."""
    return models.Webhooks(webhooks=[_webhook(reading, one) for one in subscribing.webhooks_of(reading, who)])


@router.post("/webhooks", **acts(requests.NewWebhook))
def add_webhook(
    reading: Reading, writing: Writer, who: Forecasting,
    given: Annotated[requests.NewWebhook, Depends(body(requests.NewWebhook))],
) -> models.NewWebhook:  # fmt: skip
    """Have another program told from now on. Signed JSON comes with a secret, which is shown this once."""
    with writing() as (session, moment):
        made = subscribing.add_webhook(
            session, who, given.channel, given.address, given.events, given.set, moment
        )  # fmt: skip
    return models.NewWebhook(**_webhook(reading, made).model_dump(), secret=made.secret)


@router.post("/webhooks/{number}/removal", **acts(status=200))
def remove_webhook(number: str, writing: Writer, who: Forecasting, _: Empty) -> models.Done:
    """End a webhook of yours."""
    with writing() as (session, moment):
        subscribing.remove(session, who, subscribing.numbered(number), moment)
    return models.Done()


@router.post("/webhooks/{number}/test", **acts(status=200))
def try_webhook(number: str, writing: Writer, who: Forecasting, _: Empty) -> models.Done:
    """Send a test by a webhook of yours within a minute; /deliveries tells what came of it."""
    with writing() as (session, moment):
        subscribing.try_out(session, who, subscribing.numbered(number), moment)
    return models.Done()


@router.get("/digest", **owns())
def get_digest(reading: Reading, who: Owning) -> models.Digest:
    """How often you are sent a mail, and of what it tells."""
    return _digest(reading, who)


@router.post("/digest", **acts(requests.DigestChosen, 200))
def choose_digest(
    reading: Reading, writing: Writer, who: Forecasting,
    given: Annotated[requests.DigestChosen, Depends(body(requests.DigestChosen))],
) -> models.Digest:  # fmt: skip
    """Be sent a digest, or none. The address is confirmed under /settings."""
    with writing() as (session, moment):
        subscribing.choose_digest(session, who, given.every, given.events, given.set, moment)
    return _digest(reading, who)


@router.post("/calendar", **acts())
def make_calendar(writing: Writer, who: Forecasting, configured: Configured, _: Empty) -> models.Calendar:
    """The secret address of a calendar of what closes and what is due. An earlier one works no more."""
    with writing() as (session, _moment):
        token = subscribing.make_calendar(session, who)
    return models.Calendar(address=f"{configured.address}/calendar/{token}.ics")


@router.post("/calendar/removal", **acts(status=200))
def drop_calendar(writing: Writer, who: Forecasting, _: Empty) -> models.Done:
    """Let your calendar's address work no more."""
    with writing() as (session, _moment):
        subscribing.drop_calendar(session, who)
    return models.Done()


@router.get("/deliveries", **owns())
def list_deliveries(reading: Reading, who: Owning) -> models.Deliveries:
    """What you were told of lately by mail and webhooks, the newest first, and what became of it."""
    told = [
        models.Delivery(
            webhook=through.id if through.channel != "mail" else None, event=one.content["event"],
            question=one.content["question"]["slug"], state=one.state, tries=one.tries, due_at=one.due_at,
            sent_at=one.sent_at, answer=one.answer,
        )
        for one, through in subscribing.log(reading, who)
    ]  # fmt: skip
    return models.Deliveries(deliveries=told)


def _webhook(session: Session, one: Subscription) -> models.Webhook:
    names = ("channel", "address", "events", "made_at")
    return models.Webhook(
        number=one.id, set=_set_of(session, one), **{name: getattr(one, name) for name in names}
    )  # fmt: skip


def _digest(session: Session, who: Forecaster) -> models.Digest:
    one = subscribing.digest_of(session, who)
    has_address = subscribing.postbox(session, who).email is not None
    if one is None:
        return models.Digest(every="", events=[], set=None, has_address=has_address)
    every = "" if one.ended_at else one.every
    return models.Digest(every=every, events=one.events, set=_set_of(session, one), has_address=has_address)


def _set_of(session: Session, one: Subscription) -> str | None:
    return None if one.set_id is None else session.get_one(QuestionSet, one.set_id).slug
