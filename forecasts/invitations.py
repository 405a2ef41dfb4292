"""Invitations: links that let people sign up, and the one by which the first administrator joins."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from forecasts.accounts import seal
from forecasts.models import Forecaster, Invitation
from forecasts.permissions import RANKS
from questions import percent
from questions.errors import NotAllowed, NotFound, Refusal

DAYS, MOST_DAYS = 7, 365
MOST_USES = 1000
SHOWN = 100

MARK = 12
"""How much of what is kept of a link names it in lists: it opens nothing."""

CLOSED = "Sign-up is closed here. Ask whoever runs this server for an account."
COMMAND_LINE = "the command line"
"""Who made an invitation where no administrator did."""


class InvalidInvitation(Refusal):
    """An invitation that cannot be made like this."""


def invite_first_administrator(session: Session, moment: datetime) -> str | None:
    """A fresh single-use link's token, None once there is an administrator. Earlier unspent ones stop working."""
    session.exec(delete(Invitation).where(col(Invitation.made_by) == "", col(Invitation.spent_at).is_(None)))
    if _has_administrator(session):
        return None
    token = secrets.token_urlsafe(24)
    session.add(Invitation(token=seal(token), role="administrator", made_at=moment))
    return token


def _has_administrator(session: Session) -> bool:
    return session.exec(select(Forecaster.id).where(Forecaster.role == "administrator")).first() is not None


def invite(session: Session, by: str, role: str, days: str, uses: str, moment: datetime) -> str:
    """The token of a new link, which is shown once and not kept. Raises InvalidInvitation.

    by          who makes it
    days, uses  for how long it works and how many accounts it is good for, as typed
    """
    if role not in RANKS:
        raise InvalidInvitation(f"{percent.quote(role)} is not a role. Choose {', '.join(RANKS)}.", "role")
    stays = timedelta(days=_whole(days, MOST_DAYS, "days"))
    token = secrets.token_urlsafe(24)
    many = _whole(uses, MOST_USES, "uses")
    session.add(
        Invitation(token=seal(token), role=role, made_at=moment, expires_at=moment + stays, uses=many, made_by=by)
    )  # fmt: skip
    return token


def _whole(typed: str, most: int, field: str) -> int:
    typed = typed.strip()
    if not (typed.isascii() and typed.isdigit() and len(typed) < 6 and 1 <= int(typed) <= most):
        raise InvalidInvitation(
            f"{percent.quote(typed)} is not a whole number from 1 to {most}. Write one such as 7.", field
        )
    return int(typed)


def require_open(session: Session, policy: str, token: str, moment: datetime) -> None:
    """Raise NotAllowed or NotFound where nobody may sign up with this invitation, "" for without one.

    policy  "open", "invitation" or "closed", which leaves the first administrator's link alone
    """
    if token:
        require_sealed(session, policy, seal(token), moment)
    elif policy == "invitation":
        raise NotAllowed("Sign-up is closed here. Ask an administrator for an invitation.")
    elif policy == "closed":
        raise NotAllowed(CLOSED)


def require_sealed(session: Session, policy: str, sealed: str, moment: datetime) -> None:
    """The same for who has the invitation of which that is kept."""
    if of(session, sealed, moment).made_by and policy == "closed":
        raise NotAllowed(CLOSED)


def find(session: Session, token: str, moment: datetime) -> Invitation:
    """The invitation behind a link. Raises NotFound where it works no more."""
    return of(session, seal(token), moment)


def of(session: Session, sealed: str, moment: datetime) -> Invitation:
    """The invitation of which that is kept. Raises NotFound where it works no more."""
    found = session.get(Invitation, sealed)
    if found is not None and not found.made_by:
        if found.spent_at is None and not _has_administrator(session):
            return found
    elif found is not None and state(found, moment) == "open":
        return found
    raise NotFound(
        "This link works no more: it was used, revoked or replaced, its time is over, or there is an administrator "
        "already. Ask whoever gave it to you for another; the server prints its own when it starts."
    )


def spend(session: Session, token: str, moment: datetime) -> Invitation:
    """Use an invitation up, or one of its uses. Raises NotFound where it works no more, or others were quicker."""
    return spend_sealed(session, seal(token), moment)


def spend_sealed(session: Session, sealed: str, moment: datetime) -> Invitation:
    """The same for who comes back from elsewhere with what is kept of their link."""
    found = of(session, sealed, moment)
    found.used += 1
    if found.used >= found.uses:
        found.spent_at = moment
    session.add(found)
    session.flush()
    return found


def revoke(session: Session, mark: str, moment: datetime) -> Invitation:
    """Let the link of that mark work no more, and give it. Raises NotFound."""
    found = [one for one in listed(session) if one.token.startswith(mark)] if len(mark) >= MARK else []
    if len(found) != 1:
        raise NotFound("There is no such invitation. The list shows those that there are.")
    found[0].revoked_at = found[0].revoked_at or moment
    session.add(found[0])
    return found[0]


def mark(one: Invitation) -> str:
    """What names it in lists."""
    return one.token[:MARK]


def listed(session: Session) -> Sequence[Invitation]:
    """The latest that administrators made, the newest first."""
    made = select(Invitation).where(Invitation.made_by != "")
    return session.exec(made.order_by(col(Invitation.made_at).desc(), col(Invitation.token)).limit(SHOWN)).all()


def state(one: Invitation, moment: datetime) -> str:
    """Whether it is open, used up, revoked or over."""
    if one.revoked_at is not None:
        return "revoked"
    if one.used >= one.uses:
        return "used up"
    return "over" if one.expires_at is not None and one.expires_at <= moment else "open"
