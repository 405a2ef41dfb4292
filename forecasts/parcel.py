"""What goes out at once, and what may come of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forecasts.models import Delivery, Forecaster, Subscription
from questions.errors import Refusal


class NotTaken(Refusal):
    """The other side did not take it. Nothing left, or it does no harm twice: it may be tried again."""


class LeftUnknown(Refusal):
    """It was handed over and no answer came: whether it left is not known, so it is not sent again."""


@dataclass(frozen=True)
class Parcel:
    """Deliveries that go out together: those of a digest, or one to a webhook.

    email       where mail goes to, "" for a webhook
    unanswered  the names of the questions in it that close soon and on which the person has no forecast standing
    moment      when it is sent
    """

    subscription: Subscription
    person: Forecaster
    email: str
    deliveries: Sequence[Delivery]
    unanswered: frozenset[str]
    moment: datetime
