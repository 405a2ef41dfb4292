"""What somebody may keep of entries of the journal: their hashes, and proof that a signed checkpoint covers them."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from forecasts import checkpoints
from forecasts.models import Checkpoint, Forecast, Forecaster
from questions.models import Entry, Question, Resolution, said


@dataclass(frozen=True)
class Evidence:
    """Entries, in their order, and the latest checkpoint; None where there is none that covers all of them."""

    entries: Sequence[Entry]
    checkpoint: Checkpoint | None


def of_score(session: Session, question: Question, resolution: Resolution, who: Forecaster) -> Evidence:
    """What a score rests on: what its forecaster did on the question, and the decision. Nothing for who did nothing."""
    mine = select(Forecast.entry).where(Forecast.question_id == question.id, Forecast.forecaster_id == who.id)
    seqs = list(session.exec(mine))
    return of(session, [*seqs, resolution.entry] if seqs else [])


def of(session: Session, seqs: Sequence[int]) -> Evidence:
    """The entries with these numbers, and what covers them."""
    entries = session.exec(select(Entry).where(col(Entry.seq).in_(seqs)).order_by(col(Entry.seq))).all()
    latest = checkpoints.latest(session)
    covers = latest is not None and all(one.seq <= latest.size for one in entries)
    return Evidence(entries, latest if covers else None)


def text(session: Session, evidence: Evidence, *about: str) -> str | None:
    """The same as text, which forecasts/verifier.py reads; None where no checkpoint covers it.

    about  lines that say what it is, for whoever keeps it
    """
    covering = evidence.checkpoint
    if covering is None or not evidence.entries:
        return None
    lines = ["brierboard receipt", *about]
    for entry in evidence.entries:
        lines.append(f"entry {entry.seq} {entry.hash.hex()} {said(entry.recorded_at)}")
        proof = checkpoints.inclusion(session, entry.seq, covering)
        lines += [f"proof {b64encode(one).decode()}" for one in proof]
    return "\n".join([*lines, "checkpoint", covering.note])
