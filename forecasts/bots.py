"""Bots: forecasters that are programs. Each belongs to a person, sees what that person sees, and is marked as a bot."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from forecasts.accounts import judge_name, require_free
from forecasts.models import Forecaster
from forecasts.passwords import InvalidAccount
from forecasts.permissions import require
from questions.errors import NotAllowed, NotFound

MOST = 20


def add(session: Session, owner: Forecaster, name: str, moment: datetime) -> Forecaster:
    """Add a bot that belongs to a person. Raises InvalidAccount for its name, NotAllowed for who may have none."""
    require(owner, "forecast")
    if owner.kind != "person":
        raise NotAllowed(f"“{owner.name}” is a {owner.kind}, not a person, and owns no bots.")
    name = judge_name(name)
    require_free(session, name)
    if len(of(session, owner)) >= MOST:
        raise InvalidAccount(f"You have {MOST} bots. That is as many as anybody may have.", "name")
    bot = Forecaster(
        pseudonym=secrets.token_hex(16), handle=name.lower(), name=name, kind="bot", joined_at=moment, owner_id=owner.id
    )
    session.add(bot)
    session.flush()
    return bot


def of(session: Session, owner: Forecaster) -> Sequence[Forecaster]:
    """The bots of a person, by name; without those that were merged into others."""
    theirs = (Forecaster.owner_id == owner.id, col(Forecaster.merged_into_id).is_(None))
    return session.exec(select(Forecaster).where(*theirs).order_by(col(Forecaster.handle))).all()


def find(session: Session, handle: str, owner: Forecaster) -> Forecaster:
    """The bot of that handle, if it is theirs. Raises NotFound."""
    found = next((one for one in of(session, owner) if one.handle == handle.lower()), None)
    if found is None:
        raise NotFound(f"You have no bot “{handle[:40]}”. /settings lists those you have.")
    return found
