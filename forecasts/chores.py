"""What is to be done by itself, every minute or so: sign what happened, and tell whoever asked to be told."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from forecasts import checkpoints, happenings, outbox, repeating
from forecasts.database import Database
from forecasts.models import Lease
from forecasts.parcel import LeftUnknown, NotTaken, Parcel
from forecasts.settings import Settings
from questions import journal
from questions.errors import Refusal
from questions.models import Head

EVERY = timedelta(minutes=1)
NAME = "reminders"
HOLDS = timedelta(minutes=10)
"""How long who died is waited for. Longer than any one delivery takes."""


class TakenOver(Refusal):
    """Another process does the chores now."""


@dataclass
class Report:
    """What one tick did: the entries it signed for, the events it found to tell, and what came of telling them."""

    signed: int = 0
    found: int = 0
    sent: int = 0
    later: int = 0
    unknown: int = 0

    def __str__(self) -> str:
        parts = [f"{self.signed} entries signed for"] if self.signed else []
        parts += [f"{self.found} to tell", f"{self.sent} sent"]
        parts += [f"{self.later} not taken"] if self.later else []
        parts += [f"{self.unknown} of which nobody knows whether they left"] if self.unknown else []
        return ", ".join(parts) + "."


def tick(database: Database, settings: Settings, go_on: Callable[[], bool] = lambda: True) -> Report:
    """Do what is due, once. Raises TakenOver where another process is at it.

    go_on  asked before each delivery; where it says no the rest waits for the next tick
    """
    holder = secrets.token_hex(8)
    with database.writing() as (session, moment):
        seq = take(session, holder, moment)
        repeating.sweep(session, moment)
    try:
        report = Report(signed=_sign(database), found=_look_round(database, settings, holder, seq))
        _send_due(database, settings, holder, report, go_on)
    finally:
        with database.writing() as (session, moment):
            release(session, holder, moment)
    return report


def take(session: Session, holder: str, moment: datetime) -> int:
    """Take the lease, and give how far in the journal the last holder came. Raises TakenOver where somebody has it."""
    lease = session.get(Lease, NAME) or Lease(name=NAME, until=moment)
    if lease.until > moment:
        raise TakenOver("Another process is at it.")
    lease.holder, lease.until = holder, moment + HOLDS
    session.add(lease)
    return lease.seq


def keep(session: Session, holder: str, moment: datetime) -> Lease:
    """Hold on to the lease. Raises TakenOver where it ran out and somebody else has it."""
    lease = session.get_one(Lease, NAME)
    if lease.holder != holder:
        raise TakenOver("It took too long, and another process went on with it.")
    lease.until = moment + HOLDS
    return lease


def release(session: Session, holder: str, moment: datetime) -> None:
    """Let the next have it at once."""
    lease = session.get_one(Lease, NAME)
    if lease.holder == holder:
        lease.until = moment


def _sign(database: Database) -> int:
    """Make a checkpoint where one is due, and say how many entries it is over; 0 where none is made."""
    if database.signer is None:
        return 0
    with database.reading() as session:
        if not checkpoints.due(session, journal.moment(session, database.clock.now())):
            return 0
    with database.writing(alone=True) as (session, moment):
        made = checkpoints.make(session, moment) if checkpoints.due(session, moment) else None
        return made.size if made else 0


def _look_round(database: Database, settings: Settings, holder: str, seq: int) -> int:
    """Put into the outbox whatever is to be told, in the transaction that says how far was read."""
    with database.reading() as session:
        upto = session.get_one(Head, 1).seq
        moment = journal.moment(session, database.clock.now())
        found = happenings.gather(session, seq, moment, mail=bool(settings.smtp_url))
    with database.writing() as (session, moment):
        keep(session, holder, moment).seq = upto
        outbox.put(session, found)
    return len(found)


def _send_due(database: Database, settings: Settings, holder: str, report: Report, go_on: Callable[[], bool]) -> None:
    """Send what is due. Where one telling fails, the others of its subscription wait for the next tick."""
    with database.reading() as session:
        moment = journal.moment(session, database.clock.now())
        batches = outbox.due(session, moment, mail=bool(settings.smtp_url))
    failed: set[int] = set()
    for subscription, ids in batches:
        if not go_on():
            return
        if subscription not in failed and not _send(database, settings, holder, ids, report):
            failed.add(subscription)


def _send(database: Database, settings: Settings, holder: str, ids: list[int], report: Report) -> bool:
    """Send one parcel. Between the two transactions nothing is held; whoever dies there leaves it as “sending”."""
    with database.writing() as (session, moment):
        keep(session, holder, moment)
        parcel = outbox.claim(session, ids, moment)
    if parcel is None:
        return True
    try:
        answer = outbox.send(settings, parcel)
    except (NotTaken, LeftUnknown) as error:
        _write_down(database, parcel, error, report)
        return False
    with database.writing() as (session, _):
        outbox.sent(session, parcel, answer)
    report.sent += 1
    return True


def _write_down(database: Database, parcel: Parcel, error: NotTaken | LeftUnknown, report: Report) -> None:
    with database.writing() as (session, moment):
        if isinstance(error, NotTaken):
            outbox.not_taken(session, parcel, error, moment)
            report.later += 1
        else:
            outbox.left_unknown(session, parcel, error)
            report.unknown += 1
