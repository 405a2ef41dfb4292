"""Notices: the mail that goes to somebody whose account was changed."""

from datetime import datetime
from email.message import EmailMessage

from sqlmodel import Session

from forecasts import mail
from forecasts.models import Forecaster, Postbox
from forecasts.settings import Settings


def compose(
    session: Session, settings: Settings, person: Forecaster, happened: str, moment: datetime
) -> EmailMessage | None:  # fmt: skip
    """What tells them; None where they confirmed no address, or no mail is sent from here."""
    box = session.get(Postbox, person.id)
    if box is None or box.email is None or not settings.smtp_url:
        return None
    return mail.notice(settings, person.name, box.email, happened, moment)
