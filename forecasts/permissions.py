"""Who may do what. Every route and command asks here."""

from sqlalchemy import ColumnElement
from sqlmodel import col

from forecasts.models import Forecaster
from questions.errors import NotAllowed
from questions.models import Question

RANKS = ("forecaster", "moderator", "administrator")
LEAST = {
    "forecast": "forecaster", "ask": "forecaster", "resolve": "moderator", "load": "moderator",
    "publish": "moderator", "revise": "moderator", "appoint": "administrator",
}  # fmt: skip


def may(actor: Forecaster | None, act: str) -> bool:
    """Whether somebody may do such an act at all."""
    return actor is not None and RANKS.index(actor.role) >= RANKS.index(LEAST[act])


def require(actor: Forecaster, act: str) -> None:
    """Raise NotAllowed unless the actor may."""
    if not may(actor, act):
        raise NotAllowed(f"You are a {actor.role}, and this takes a {LEAST[act]}. Ask an administrator for the role.")


def visible(actor: Forecaster | None) -> ColumnElement[bool]:
    """The condition on questions under which somebody sees them."""
    return col(Question.state) == "published"


def sees(actor: Forecaster | None, who: Forecaster) -> bool:
    """Whether somebody may look at one forecaster's page, receipts, calibration and comparisons.

    All of that is open to everybody, unless a person keeps it private: then it is theirs and the administrators' alone.
    On boards and questions they stand like anybody, and their name leads nowhere.
    """
    if not who.private:
        return True
    return actor is not None and (actor.id == who.id or actor.role == "administrator")
