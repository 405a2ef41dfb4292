"""Mail that goes out once the answer is on its way: nobody waits for it, or learns from waiting whether it went."""

import logging
from datetime import datetime
from email.message import EmailMessage

import anyio
import anyio.to_thread
from fastapi import Response
from sqlmodel import Session
from starlette.background import BackgroundTask

from forecasts import mail, notices
from forecasts.models import Forecaster
from forecasts.parcel import LeftUnknown, NotTaken
from forecasts.settings import Settings

REVOKED = "Every token of yours and of your bots was revoked."

LOG = logging.getLogger("brierboard")


def afterwards(answer: Response, settings: Settings, message: EmailMessage | None) -> Response:
    """The answer, after which the message goes out where there is one."""
    if message is not None:
        answer.background = BackgroundTask(_send, settings, message)
    return answer


def telling(
    answer: Response, session: Session, settings: Settings, person: Forecaster, happened: str, moment: datetime
) -> Response:  # fmt: skip
    """The answer, after which they are told by mail what happened to their account."""
    return afterwards(answer, settings, notices.compose(session, settings, person, happened, moment))


async def _send(settings: Settings, message: EmailMessage) -> None:
    """In a thread of its own, so that a slow mail server keeps none from those who wait for a page."""
    await anyio.to_thread.run_sync(_hand_over, settings, message, limiter=anyio.CapacityLimiter(1))


def _hand_over(settings: Settings, message: EmailMessage) -> None:
    try:
        mail.send(settings, message)
    except (NotTaken, LeftUnknown) as error:
        LOG.warning("A mail about an account did not leave: %s", error)
