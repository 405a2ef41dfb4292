"""Loading a set of questions, and what its source makes of them, out of a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlmodel import Session, select

from forecasts import ledger
from forecasts.models import Forecaster
from questions import catalog
from questions.errors import InvalidQuestion, Refusal
from questions.models import Question, QuestionSet, Source
from questions.setfile import Draft, InvalidFile, SetFile


@dataclass
class Report:
    """What loading did: slugs of questions added, of those left as they stood, and where these differ from the file."""

    set: str
    added: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    differing: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        words = [f"{self.set}: {len(self.added)} questions added, {len(self.left)} left as they were."]
        for slug, fields in self.differing.items():
            words.append(f"{slug} was left, though the file has another {', '.join(fields)}.")
        return "\n".join(words)


def load(session: Session, file: SetFile, name: str, *, by: str, moment: datetime) -> Report:
    """Publish what the file holds and the database does not. What is there already stays as it is.

    Raises InvalidFile, naming the file and the question, where a name is taken by something else.
    """
    within = session.exec(select(QuestionSet).where(QuestionSet.slug == file.fields["slug"])).first()
    report = Report(file.fields["slug"])
    try:
        within = within or _publish_set(session, file.fields, by=by, moment=moment)
    except Refusal as error:
        raise InvalidFile(f"{name}, the set itself ({error.field}): {error}") from error
    _require_ours(session, within, name)
    source = session.get(Source, within.source_id) if within.source_id else None
    _compare_set(within, source, file.fields, report)
    for number, draft in enumerate(file.drafts, 1):
        try:
            _load_question(session, within, source, draft, number, report, by=by, moment=moment)
        except Refusal as error:
            raise InvalidFile(f"{name}, question {number} ({error.field or 'implied'}): {error}") from error
    return report


def _require_ours(session: Session, within: QuestionSet, name: str) -> None:
    """Raise InvalidFile for a set that came by an import: it would have our questions beside what others recorded."""
    theirs = select(Question.id).where(Question.set_id == within.id, Question.imported)
    if session.exec(theirs).first() is not None:
        raise InvalidFile(f"{name}, the set itself (slug): “{within.slug}” came by an import. Choose another slug.")


def _compare_set(within: QuestionSet, source: Source | None, fields: Mapping[str, Any], report: Report) -> None:
    """Note where the set that is there, or its source, is another than the file's."""
    given = fields["source"] or {}
    names = ("title", "description", "expires_after")
    differing = [name for name in names if getattr(within, name) != fields.get(name)]
    if source is not None:
        differing += [f"source's {name}" for name, value in given.items() if getattr(source, name) != value]
    elif given:
        differing.append("source")
    if differing:
        report.differing[f"The set {within.slug}"] = differing


def _publish_set(session: Session, fields: Mapping[str, Any], *, by: str, moment: datetime) -> QuestionSet:
    given = fields["source"]
    if given:
        if session.exec(select(Forecaster.id).where(Forecaster.handle == given["slug"])).first() is not None:
            raise InvalidQuestion(f"There is a forecaster “{given['slug']}” already. Choose another slug.", "source")
        if given["said_at"] > moment:
            raise InvalidQuestion("lies in the future. Give the moment at which the source was published.", "said_at")
    within = catalog.publish_set(session, fields, by=by, moment=moment)
    if given:
        session.add(
            Forecaster(
                pseudonym=token_hex(16), handle=given["slug"], name=given["name"], kind="source",
                source_id=within.source_id, joined_at=moment,
            )
        )  # fmt: skip
        session.flush()
    return within


def _load_question(
    session: Session, within: QuestionSet, source: Source | None, draft: Draft, number: int, report: Report,
    *, by: str, moment: datetime,
) -> None:  # fmt: skip
    slug = draft.fields["slug"]
    there = session.exec(select(Question).where(Question.slug == slug)).first()
    if there is not None and there.set_id == within.id:
        report.left.append(slug)
        if differing := [name for name, value in draft.fields.items() if getattr(there, name) != value]:
            report.differing[slug] = differing
        return
    if draft.implied is not None and source is None:
        raise InvalidQuestion(f"The set “{within.slug}” is there without a source, so nothing is implied.", "implied")
    question = catalog.publish(session, within, draft.fields, number, by=by, moment=moment)
    if draft.implied is not None and source is not None:
        ledger.quote(session, source, question, draft.implied, draft.reason, moment)
    report.added.append(slug)
