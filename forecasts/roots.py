"""Who counts for whom where forecasters were merged: whoever stands at the end of the chain, for all before."""

from collections.abc import Mapping

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from forecasts.models import Forecaster

_INTO = select(col(Forecaster.merged_into_id)).where(col(Forecaster.id) == bindparam("who"))


def root(session: Session, who: Forecaster) -> Forecaster:
    """Who counts for somebody: whom they were merged into, and whom those were; themselves where they were not."""
    while who.merged_into_id is not None:
        who = session.get_one(Forecaster, who.merged_into_id)
    return who


def root_id(session: Session, who: int) -> int:
    """The same by ids, as the tables have it at this moment."""
    while (into := session.execute(_INTO, {"who": who}).scalar()) is not None:
        who = into
    return who


def family(session: Session, who: Forecaster) -> list[Forecaster]:
    """Somebody, and everybody who was merged into them, whether directly or with others."""
    found, latest = [who], [who]
    while latest:
        named = select(Forecaster).where(col(Forecaster.merged_into_id).in_([one.id for one in latest]))
        latest = list(session.execute(named.order_by(col(Forecaster.id))).scalars())
        found += latest
    return found


# By pseudonyms, as the journal tells it


def follow(chain: dict[str, str], who: str, into: str, *, merged: bool, note: str = "") -> None:
    """Let a chain become what it is after one more merge or separation."""
    chain.pop(who, None)
    if merged:
        chain[who] = into


def end(chain: Mapping[str, str], who: str) -> str:
    """Who stands at the end of a chain; somebody on the way where it has none."""
    seen: set[str] = set()
    while who in chain and who not in seen:
        seen.add(who)
        who = chain[who]
    return who
