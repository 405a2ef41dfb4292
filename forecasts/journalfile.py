"""The journal as a file that anybody can check: every entry, every checkpoint, and the scores that follow from them.

One line of JSON each. The first says what it is; an entry has its place in the chain, and where it is shown what was
done, with the salt by which it is what its commitment says. forecasts/verifier.py reads it, and nothing else of ours.
With everything, it also says who the pseudonyms are, and forecasts/replaying.py makes a record of it again.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from forecasts import audit, boards, checkpoints
from forecasts.audit import Wanted
from forecasts.formats import Unwritable
from forecasts.models import Forecast, Forecaster
from forecasts.permissions import visible
from forecasts.scoring import main_rule
from forecasts.terminal import shown
from forecasts.verifier import FORMAT, VERSION
from questions import catalog
from questions.models import Entry, Head, Question, Source, said

KINDS = ("person", "bot", "source")
"""The kinds of forecasters that are told of; the others every record has."""

KNOWN = ("pseudonym", "handle", "name", "kind", "role", "imported", "simulated", "private")
"""What is told of each, besides when they joined, which source they speak for and whose bot they are."""

BATCH = 2000
Line = Mapping[str, Any]
Follow = Callable[[Sequence[Any], str], Iterable[Any]]


def lines(
    session: Session, moment: datetime, follow: Follow = lambda things, _: things, *, everything: bool = False
) -> Iterator[Line]:  # fmt: skip
    """All of it; of entries what everybody may see at this moment, or everything. `follow` is importing's."""
    size, keys = session.get_one(Head, 1).seq, checkpoints.keys(session)
    told = {"keys": keys, "entries": size, "everything": everything, "exported_at": said(moment)}
    yield {"format": FORMAT, "version": VERSION} | told
    for who in _people(session) if everything else ():
        yield {"forecaster": who}
    for after in follow(range(0, size, BATCH), "Journal"):
        yield from _entries(session, after, moment, everything=everything)
        session.expunge_all()
    for made in reversed(checkpoints.every(session)):
        yield {"checkpoint": {"size": made.size, "recorded_at": said(made.recorded_at), "note": made.note}}
    for question in follow(_questions(session, everything=everything), "Scores"):
        yield from _scores(session, question, everything=everything)


def _people(session: Session) -> Iterator[dict[str, Any]]:
    """Everybody who has acted, or may: what is known of them besides their acts, and no secret."""
    found = session.exec(select(Forecaster).where(col(Forecaster.kind).in_(KINDS)).order_by(col(Forecaster.id))).all()
    pseudonyms = {one.id: one.pseudonym for one in found}
    sources = dict(session.exec(select(Source.id, Source.slug)).all())
    for one in found:
        yield {name: getattr(one, name) for name in KNOWN} | {
            "joined_at": said(one.joined_at),
            "source": sources.get(one.source_id) if one.source_id else None,
            "owner": pseudonyms.get(one.owner_id) if one.owner_id else None,
        }


def _entries(session: Session, after: int, moment: datetime, *, everything: bool) -> Iterator[Line]:
    found = audit.after(session, None, moment, Wanted(), after, BATCH)
    whose = _whose(session, after)
    for entry, is_seen in found:
        told: dict[str, Any] = {
            "seq": entry.seq, "recorded_at": said(entry.recorded_at),
            "commitment": entry.commitment.hex(), "hash": entry.hash.hex(),
        }  # fmt: skip
        yield {"entry": told | (_act(entry, whose) if is_seen or everything else {})}


def _act(entry: Entry, whose: Mapping[int, str]) -> dict[str, Any]:
    """What was done; of a forecast also whose it counts as, where its forecaster was merged into another."""
    told: dict[str, Any] = {
        "kind": entry.kind,
        "actor": entry.actor,
        "subject": entry.subject,
        "content": entry.content,
    }
    counts = whose.get(entry.seq, entry.actor)
    merged = {"counts_as": counts} if counts != entry.actor else {}
    return told | {"salt": entry.salt.hex() if entry.salt is not None else None} | merged


def _whose(session: Session, after: int) -> dict[int, str]:
    statement = select(Forecast.entry, Forecaster.pseudonym).join(Forecaster)
    return dict(session.exec(statement.where(col(Forecast.entry) > after, col(Forecast.entry) <= after + BATCH)).all())


def _questions(session: Session, *, everything: bool) -> Sequence[Question]:
    statement = select(Question).order_by(col(Question.id))
    return session.exec(statement if everything else statement.where(visible(session, None))).all()


def _scores(session: Session, question: Question, *, everything: bool) -> Iterator[Line]:
    """What everybody has who forecast and, unless everything is told, keeps nothing private."""
    if catalog.latest(session, question) is None:
        return
    spoke = select(Forecaster.id, Forecaster.pseudonym).join(Forecast).where(Forecast.question_id == question.id)
    names = dict(session.exec(spoke if everything else spoke.where(~col(Forecaster.private))).all())
    rule = main_rule(catalog.kind_of(question).ORDERED)
    forecasters, numbers = boards.numbers(session, question)
    for who, value in zip(forecasters.tolist(), numbers.get(rule, forecasters).tolist(), strict=True):
        if who in names:
            yield {"score": {"question": question.slug, "who": names[who], "name": rule, "value": value}}


def write(path: Path, told: Iterable[Line]) -> int:
    """Write it into a new file, which is there whole or not at all, and count its lines. Raises Unwritable."""
    beside, count = path.absolute().parent / f".{path.name}.{secrets.token_hex(4)}", 0
    try:
        if path.exists():
            raise Unwritable(f"{shown(path)} is there already. Choose another name.")
        try:
            with beside.open("x", encoding="utf-8", newline="\n") as file:
                for line in told:
                    file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
                    count += 1
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise Unwritable(f"{shown(path)} cannot be written: {error.strerror}. Choose another place.") from error
    return count
