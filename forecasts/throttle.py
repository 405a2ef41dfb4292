"""Throttling: how often something may go wrong from one place before it must wait.

What is counted is counted by the address that it comes from, and within that by the account that is tried. Nobody can
lock somebody else out: whoever sits elsewhere has a count of their own, and the right password opens from there at
once. Guessing from many addresses gets as many tries as there are addresses, each slow, each costing a password's hash.

A count is one moment: when all that went wrong will be forgotten. It moves on with every failure, and once it lies as
far ahead as all the tries that may be had at once, the next must wait. What goes wrong is written down after the
password was hashed, so at most as many as are hashed at once slip through beside each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from sqlalchemy import delete
from sqlmodel import Session, col, select

from forecasts.models import Throttle
from questions.errors import Refusal


@dataclass(frozen=True)
class Pace:
    """So many tries at once, and one more after each while."""

    tries: int
    each: timedelta


@dataclass(frozen=True)
class Count:
    """One thing that is counted; `key` is a hash, so that nobody reads in it who came from where."""

    key: str
    pace: Pace


class TooOften(Refusal):
    """Too much went wrong from there. `seconds` is how long to wait."""

    def __init__(self, seconds: int, field: str = "") -> None:
        count, unit = (seconds, "second") if seconds < 120 else (ceil(seconds / 60), "minute")
        wait = f"{count} {unit}{'' if count == 1 else 's'}"
        super().__init__(f"Too many tries went wrong from where you are. Wait {wait} and try again.", field)
        self.seconds = seconds


ACCOUNT = Pace(5, timedelta(minutes=1))
"""Passwords for one account from one address."""

CODES = Pace(5, timedelta(minutes=5))
"""Codes for one account from one address: of a million, three are right at a time."""

ADDRESS = Pace(40, timedelta(seconds=20))
"""Anything from one address: many may sit behind one."""

ACCOUNTS = Pace(20, timedelta(minutes=10))
"""Accounts made from one address: a class may sign up together."""

STARTS = Pace(20, timedelta(seconds=30))
"""Ways to the provider of single sign-on begun from one address, come back from or not: a class may go together."""

MAILS = Pace(3, timedelta(hours=1))
"""Mails to one account, from wherever they are asked for: nobody's box is filled. Signing in does not hang on it."""


def network(address: str) -> str:
    """The part of an address that one household or company has: of IPv6 the first 64 bits, else all of it."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped) if mapped else str(ip_network((found, 64), strict=False))


def signing_in(name: str, where: str) -> list[Count]:
    """What counts where somebody tries that name from there. Whether there is such a name makes no difference."""
    return [_count("password", ACCOUNT, name.strip().lower(), where), _count("address", ADDRESS, where)]


def giving_codes(handle: str, where: str) -> list[Count]:
    """What counts where somebody gives a code for that account from there."""
    return [_count("code", CODES, handle, where), _count("address", ADDRESS, where)]


def asking_for_mail(name: str, where: str) -> list[Count]:
    """What counts where somebody has a link for that name sent, each time that they ask."""
    return [_count("mail", MAILS, name.strip().lower()), _count("address", ADDRESS, where)]


def setting_out(where: str) -> list[Count]:
    """What counts where somebody goes to the provider of single sign-on from there, each time that they do."""
    return [_count("single sign-on", STARTS, where)]


def signing_up(where: str) -> list[Count]:
    """What counts where somebody makes accounts from there, each that is made."""
    return [_count("sign-up", ACCOUNTS, where)]


def _count(what: str, pace: Pace, *parts: str) -> Count:
    return Count(sha256("\n".join((what, *parts)).encode(errors="surrogatepass")).hexdigest(), pace)


def require(session: Session, counts: Sequence[Count], moment: datetime, field: str = "") -> None:
    """Raise TooOften where one of these has used its tries up."""
    found = _found(session, counts)
    waits = [_wait(one, found[one.key].clear_at, moment) for one in counts if one.key in found]
    seconds = max(waits, default=0)
    if seconds > 0:
        raise TooOften(seconds, field)


def _wait(one: Count, clear_at: datetime, moment: datetime) -> int:
    """Seconds until there is a try again; 0 or less where there is one."""
    free = clear_at - one.pace.each * (one.pace.tries - 1)
    return ceil((free - moment) / timedelta(seconds=1))


def note(session: Session, counts: Sequence[Count], moment: datetime) -> None:
    """Write down that something went wrong. What is long forgotten is swept away."""
    session.exec(delete(Throttle).where(col(Throttle.clear_at) <= moment))
    found = _found(session, counts)
    for one in counts:
        kept = found.get(one.key) or Throttle(key=one.key, clear_at=moment)
        kept.clear_at = max(kept.clear_at, moment) + one.pace.each
        session.add(kept)
    session.flush()


def forget(session: Session, counts: Iterable[Count]) -> None:
    """Let what went wrong for an account from there be forgotten, as it came right. The address keeps its own."""
    keys = [one.key for one in counts if one.pace is not ADDRESS]
    session.exec(delete(Throttle).where(col(Throttle.key).in_(keys)))


def _found(session: Session, counts: Sequence[Count]) -> dict[str, Throttle]:
    statement = select(Throttle).where(col(Throttle.key).in_([one.key for one in counts]))
    return {one.key: one for one in session.exec(statement)}
