"""Erasing a person: their name and their words go for good, and what others' scores rest on stays under a pseudonym.

Gone are the name, comments and rationales, the password and everything that belongs to the account. In the journal the
content and salt of an entry with such words are erased, and its commitment and hash stay, so the chain still holds. A
forecast with a rationale thereby loses its numbers in the journal too, while its row and everybody's peer scores go on
resting on them: so each is said again, without the rationale, by an entry of the kind "restatement", which the erasure
writes once it has seen that the original kept its word. `brierboard verify` holds the row to that one from then on, and
takes it only from somebody who was erased later in the journal than they said it.

Nobody outside can check that a restatement has the numbers that the erased entry had: that is the price of forgetting,
paid once, by an act that stands in the journal for everybody to see.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, func, select

from forecasts import bots, ledger, roots, tokens
from forecasts.models import (
    BrowserSession,
    Comment,
    Confirmation,
    Delivery,
    Draft,
    Forecast,
    Forecaster,
    HalfSignIn,
    Identity,
    Invitation,
    Look,
    Position,
    Postbox,
    RecoveryCode,
    ResetLink,
    SecondFactor,
    Subscription,
    Token,
    Visit,
)
from forecasts.permissions import require
from questions import catalog, journal
from questions.errors import NotAllowed, Refusal
from questions.journal import OPERATOR
from questions.models import Entry, Question

ERASED = "erased-"
"""How the handle of whoever was erased begins."""

OWN = (
    BrowserSession, HalfSignIn, ResetLink, SecondFactor, RecoveryCode, Identity, Visit, Confirmation, Postbox, Look,
)  # fmt: skip
"""The tables of what belongs to an account and is nobody else's business."""


class NotErased(Refusal):
    """Somebody who is not erased as it was asked."""


@dataclass(frozen=True)
class Losing:
    """How much goes, and what stays without a name.

    standing  forecasts that stand on questions that are not decided: these are withdrawn
    """

    comments: int
    rationales: int
    standing: int
    forecasts: int
    drafts: int
    bots: int


def weigh(session: Session, who: Forecaster, moment: datetime) -> Losing:
    """What would be lost if somebody were erased now."""
    ids = [one.id for one in everybody(session, who)]

    def number(table: Any, *conditions: ColumnElement[bool]) -> int:
        return session.exec(select(func.count()).select_from(table).where(*conditions)).one()

    said = col(Forecast.forecaster_id).in_(ids)
    return Losing(
        comments=number(Comment, col(Comment.forecaster_id).in_(ids)),
        rationales=number(Forecast, said, col(Forecast.rationale) != ""),
        standing=len(list(_standing(session, ids, moment))),
        forecasts=number(Forecast, said),
        drafts=number(Draft, col(Draft.author_id).in_(ids)),
        bots=sum(one.kind == "bot" for one in everybody(session, who)) - (who.kind == "bot"),
    )


def everybody(session: Session, who: Forecaster) -> list[Forecaster]:
    """Whoever is erased with somebody: all who were merged into them, and their bots."""
    found = roots.family(session, who)
    robots = [bot for one in found for bot in bots.of(session, one)]
    return found + [one for bot in robots for one in roots.family(session, bot)]


def require_named(who: Forecaster, typed: str) -> None:
    """Raise NotErased unless the name was typed, as nobody does by mistake."""
    if typed.strip() != who.name:
        raise NotErased(f"“{typed.strip()[:40]}” is not “{who.name}”. Type that name to erase them.", "name")


def erase(session: Session, who: Forecaster, *, by: Forecaster | None, moment: datetime) -> Forecaster:
    """Forget somebody: see above. What stands on undecided questions is withdrawn; all else that they forecast stays.

    by  themselves, an administrator, or None for whoever runs the machine

    Raises NotAllowed for whom it is not theirs to erase, and NotErased for who is no person or was erased already.
    """
    who = session.get_one(Forecaster, who.id, populate_existing=True)
    if by is not None and by.id != who.id:
        require(by, "erase")
    _require_erasable(session, who)
    them = everybody(session, who)
    for question, forecaster in _standing(session, [one.id for one in them], moment):
        ledger.leave(session, forecaster, question, moment)
    _erase_words(session, them, moment)
    _erase_accounts(session, them, moment)
    for one in them:
        _forget(session, one, OPERATOR if by is None else by.pseudonym, moment)
    return who


def _require_erasable(session: Session, who: Forecaster) -> None:
    if who.kind != "person":
        raise NotErased(f"“{who.name}” is a {who.kind}, not a person. Name the person whom the record is to forget.")
    if who.erasure is not None:
        raise NotErased(f"“{who.name}” was erased already. Nothing of who they were is kept.")
    if who.merged_into_id is not None:
        root = roots.root(session, who).name
        raise NotErased(f"“{who.name}” is merged into “{root}”. Erase “{root}”, and both are gone.")


def _standing(session: Session, ids: Sequence[int], moment: datetime) -> Iterator[tuple[Question, Forecaster]]:
    """The undecided questions on which a forecast of theirs stands, each with whose it is."""
    found = select(Question, Forecaster).join(Position, col(Position.question_id) == Question.id)
    found = found.join(Forecaster, col(Forecaster.id) == Position.forecaster_id)
    for question, forecaster in session.exec(found.where(col(Position.forecaster_id).in_(ids))).all():
        if ledger.may_leave(session, forecaster, question, moment):
            yield question, forecaster


# Their words


def _erase_words(session: Session, them: Sequence[Forecaster], moment: datetime) -> None:
    """Erase comments and rationales, in the tables and in the journal, and say the forecasts again without them."""
    actors = [one.pseudonym for one in them]
    spoken = select(Entry).where(col(Entry.actor).in_(actors), col(Entry.content).is_not(None))
    written = spoken.where(col(Entry.kind) == "comment").order_by(col(Entry.seq))
    for entry in session.exec(written).all():
        session.get_one(Comment, entry.seq).text = ""
        entry.content = entry.salt = None
    reasoned = spoken.join(Forecast, col(Forecast.entry) == Entry.seq).where(col(Forecast.rationale) != "")
    for entry in session.exec(reasoned.order_by(col(Entry.seq))).all():
        _restate(session, entry, moment)
    session.flush()
    subjects = select(Entry.subject).where(col(Entry.actor).in_(actors))
    for question in session.exec(select(Question).where(col(Question.slug).in_(subjects))).all():
        catalog.bump(session, question)


def _restate(session: Session, entry: Entry, moment: datetime) -> None:
    """Say a forecast again without its rationale, and erase it as it was. Raises NotAllowed where that did not hold."""
    forecast = session.get_one(Forecast, entry.seq)
    question = session.get_one(Question, forecast.question_id)
    ordered = catalog.kind_of(question).ORDERED
    if rfc8785.dumps(forecast.as_published(ordered)).decode() != entry.content or not journal.keeps_its_word(entry):
        raise NotAllowed(f"Entry {entry.seq} does not hold, so nobody is erased. Run brierboard verify first.")
    forecast.rationale = ""
    content = {"of": entry.seq, "says": forecast.as_published(ordered)}
    journal.append(session, "restatement", entry.subject, content, by=entry.actor, moment=moment)
    entry.content = entry.salt = None
    session.add_all([entry, forecast])


# Their account


def _erase_accounts(session: Session, them: Sequence[Forecaster], moment: datetime) -> None:
    ids = [one.id for one in them]
    for one in them:
        tokens.revoke_all(session, one, moment)
    theirs = select(Token.id).where(col(Token.forecaster_id).in_(ids))
    session.exec(update(Token).where(col(Token.parent_id).in_(theirs)).values(parent_id=None))
    session.exec(delete(Token).where(col(Token.forecaster_id).in_(ids)))
    told = select(Subscription.id).where(col(Subscription.forecaster_id).in_(ids))
    session.exec(delete(Delivery).where(col(Delivery.subscription_id).in_(told)))
    session.exec(delete(Subscription).where(col(Subscription.forecaster_id).in_(ids)))
    session.exec(delete(Draft).where(col(Draft.author_id).in_(ids)))
    for table in OWN:
        session.exec(delete(table).where(col(table.forecaster_id).in_(ids)))


def _forget(session: Session, one: Forecaster, by: str, moment: datetime) -> None:
    """Take somebody's name, and write into the journal that it was taken, and nothing more."""
    entry = journal.append(session, "erasure", one.pseudonym, {"who": one.pseudonym}, by=by, moment=moment)
    name = _nameless(session, one)
    session.exec(update(Invitation).where(col(Invitation.made_by) == one.name).values(made_by=name))
    one.name = one.handle = name
    one.password, one.role, one.private, one.erasure = None, "forecaster", False, entry.seq
    session.add(one)
    session.flush()


def _nameless(session: Session, one: Forecaster) -> str:
    """A handle that says nothing, and that nobody has: the first signs of the pseudonym, as many as that takes."""
    for length in range(4, len(one.pseudonym)):
        handle = f"{ERASED}{one.pseudonym[:length]}"
        if session.exec(select(Forecaster.id).where(Forecaster.handle == handle)).first() is None:
            return handle
    return f"{ERASED}{one.pseudonym}"
