"""What people write under a question: comments, and the reasons that they give with their forecasts."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from forecasts import roots
from forecasts.history import KeptPaths
from forecasts.models import Comment, Forecast, Forecaster
from questions import catalog, journal
from questions.errors import Refusal
from questions.models import Question

LONGEST = 20_000
"""Characters of a comment or a rationale: what takes long to draw is longer than what anybody reads."""


class InvalidText(Refusal):
    """A comment or a rationale that cannot be taken."""


def require_text(text: str, name: str) -> str:
    """The text without what surrounds it. Raises InvalidText where it is longer than anybody reads."""
    if len(text.strip()) > LONGEST:
        raise InvalidText(f"The {name} has {len(text.strip()):,} characters. Shorten it to {LONGEST:,}.", name)
    return text.strip()


def comment(session: Session, forecaster: Forecaster, question: Question, text: str, moment: datetime) -> Comment:
    """Add a comment, in whatever state the question is. Raises InvalidText where it is empty or too long."""
    text = require_text(text, "comment")
    if not text:
        raise InvalidText("The comment is empty. Write something first.", "comment")
    question = session.get_one(Question, question.id)
    whose = roots.root_id(session, forecaster.id)
    made = Comment(entry=0, question_id=question.id, forecaster_id=whose, recorded_at=moment, text=text)
    entry = journal.append(
        session, "comment", question.slug, made.as_published(), by=forecaster.pseudonym, moment=moment
    )  # fmt: skip
    made.entry = entry.seq
    session.add(made)
    session.flush()
    catalog.bump(session, question)
    return made


def comments(session: Session, question: Question, before: int, most: int) -> Sequence[tuple[Comment, Forecaster]]:
    """The latest comments on the question before an entry, with who wrote each, the newest first."""
    statement = (
        select(Comment, Forecaster)
        .join(Forecaster, col(Forecaster.id) == Comment.forecaster_id)
        .where(Comment.question_id == question.id, col(Comment.entry) < before)
        .order_by(col(Comment.entry).desc())
        .limit(most)
    )
    return session.exec(statement).all()


def stood(session: Session, entries: Sequence[int]) -> dict[int, Forecast]:
    """What the authors of these comments said when they wrote them, by entry; without those of whom nothing stood."""
    before = (
        select(func.max(Forecast.entry))
        .where(
            Forecast.question_id == Comment.question_id,
            Forecast.forecaster_id == Comment.forecaster_id,
            col(Forecast.entry) < col(Comment.entry),
        )
        .correlate(Comment)
        .scalar_subquery()
    )
    statement = select(Comment, Forecast).join(Forecast, col(Forecast.entry) == before)
    return {
        made.entry: said
        for made, said in session.exec(statement.where(col(Comment.entry).in_(entries)))
        if said.probabilities is not None and (said.expires_at is None or said.expires_at > made.recorded_at)
    }


def reasoned(session: Session, question: Question) -> list[int]:
    """The entry of everybody's latest forecast that gives a reason and was not taken back, the newest first."""
    kept: KeptPaths = session.info["crowds"]
    return kept.once(("reasoned", question.id, question.revision), lambda: _reasoned(session, question))


def _reasoned(session: Session, question: Question) -> list[int]:
    telling = or_(col(Forecast.rationale) != "", col(Forecast.undoes).is_not(None))
    statement = select(Forecast.entry, Forecast.forecaster_id, Forecast.rationale, Forecast.undoes)
    rows = session.exec(
        statement.where(Forecast.question_id == question.id, telling).order_by(col(Forecast.entry).desc())
    ).all()
    undone = {undoes for *_, undoes in rows if undoes is not None}
    latest: dict[int, int] = {}
    for entry, who, rationale, _ in rows:
        if rationale and entry not in undone:
            latest.setdefault(who, entry)
    return list(latest.values())
