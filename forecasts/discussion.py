"""What people write under a question."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from forecasts.models import Comment, Forecaster
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
    made = Comment(entry=0, question_id=question.id, forecaster_id=forecaster.id, recorded_at=moment, text=text)
    entry = journal.append(
        session, "comment", question.slug, made.as_published(), by=forecaster.pseudonym, moment=moment
    )  # fmt: skip
    made.entry = entry.seq
    session.add(made)
    session.flush()
    catalog.bump(session, question)
    return made


def comments(session: Session, question: Question) -> Sequence[tuple[Comment, Forecaster]]:
    """Every comment on the question with who wrote it, the newest first."""
    statement = (
        select(Comment, Forecaster)
        .join(Forecaster, col(Forecaster.id) == Comment.forecaster_id)
        .where(Comment.question_id == question.id)
        .order_by(col(Comment.entry).desc())
    )
    return session.exec(statement).all()
