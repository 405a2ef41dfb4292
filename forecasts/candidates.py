"""What a folder would add, judged by itself: questions with their outcomes, forecasts as vectors, decisions.

No database is asked here. Whatever does not hold is noted with its place, and what depends on it is left out.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from forecasts.formats import Asked, Decided, Fault, Folder, Place, Said
from questions.catalog import Decision, spoken
from questions.errors import Refusal
from questions.kinds import KINDS
from questions.models import WORDS
from questions.shape import Kind, Shape, Vector

VERDICTS = ("annulled", "reopened")


@dataclass(frozen=True)
class Candidate:
    """A question that could be published. `draft` is what catalog.publish takes."""

    record: Asked
    draft: Mapping[str, Any]
    kind: Kind
    shape: Shape


@dataclass(frozen=True)
class Act:
    """A forecast that could be adopted, or a withdrawal where the vector is None."""

    record: Said
    vector: Vector | None

    @property
    def seat(self) -> tuple[str, str]:
        """Whose it is on which question."""
        return self.record.question, self.record.forecaster


@dataclass(frozen=True)
class Ruling:
    """A decision that could be made on a question; what it supersedes is not known yet."""

    record: Decided
    decision: Decision


@dataclass
class Facts:
    """What rows say of the set or the forecaster that they name in a column; each thing where it was said first."""

    place: Place
    column: str
    said: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)


@dataclass
class Candidates:
    """Everything in a folder that holds, and the faults of what does not.

    sets, forecasters  by slug and by handle: what rows say of them, under the names of the columns
    unread             questions that are at fault themselves, None where it is not even known which
    questions          by slug, in the order of the folder
    acts               in the order in which they were made, question by question
    rulings            by question, oldest first
    """

    moment: datetime
    unread: frozenset[str] | None
    faults: list[Fault]
    sets: dict[str, Facts] = field(default_factory=dict)
    forecasters: dict[str, Facts] = field(default_factory=dict)
    questions: dict[str, Candidate] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    rulings: dict[str, list[Ruling]] = field(default_factory=dict)

    def blame(self, place: Place, column: str, sentence: str) -> None:
        self.faults.append(Fault(place, column, sentence))

    @contextmanager
    def blaming(self, place: Place, column: str = "") -> Iterator[None]:
        """Note a refusal within as a fault of the record at that place."""
        try:
            yield
        except Refusal as refusal:
            self.blame(place, refusal.field or column, str(refusal))

    def squares(self) -> Vector:
        """(p - y)² of every binary forecast on a question whose last resolution says yes or no."""
        last = {slug: ruled[-1].decision.outcome for slug, ruled in self.rulings.items() if ruled}
        pairs = [
            (act.vector[1], last[act.record.question])
            for act in self.acts
            if act.vector is not None
            and last.get(act.record.question) is not None
            and self.questions[act.record.question].kind.NAME == "binary"
        ]
        said, happened = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
        return np.asarray((said - happened) ** 2)


def judge(folder: Folder, moment: datetime) -> Candidates:
    """What the folder would add if nothing were there yet, at this moment."""
    found = Candidates(moment, folder.unread, list(folder.faults))
    for asked in folder.questions:
        with found.blaming(asked.place):
            _judge_question(found, asked)
        if asked.question not in found.questions:
            found.unread = None if found.unread is None else found.unread | {asked.question}
    order = {slug: place for place, slug in enumerate(found.questions)}
    for said in folder.forecasts:
        with found.blaming(said.place):
            _judge_act(found, said)
    found.acts.sort(key=lambda act: (order[act.record.question], act.record.made_at))
    for decided in folder.resolutions:
        with found.blaming(decided.place, "outcome"):
            _judge_ruling(found, decided)
    return found


def _gather(
    found: Candidates, held: dict[str, Facts], key: str, column: str, place: Place, said: Mapping[str, Any]
) -> None:
    """Add what a row says of its set or forecaster. What is empty says nothing; what differs is a fault."""
    facts = held.setdefault(key, Facts(place, column))
    for name, value in said.items():
        if not value:
            continue
        if name not in facts.said:
            facts.said[name], facts.places[name] = value, place
        elif facts.said[name] != value:
            first = f"{facts.places[name].file}, line {facts.places[name].line}"
            found.blame(place, name, f"{first} has another for the {column} “{key}”. Leave this empty.")


# Questions


def _judge_question(found: Candidates, asked: Asked) -> None:
    if asked.question in found.questions:
        raise Refusal(f"“{asked.question}” stands twice in the file.", "question")
    about = {"set_title": asked.set_title, "set_description": asked.set_description, "source": asked.source}
    _gather(found, found.sets, asked.set, "set", asked.place, about)
    if asked.source:
        speaker = {"forecaster_kind": "source", "forecaster_name": asked.source["name"]}
        _gather(found, found.forecasters, asked.source["slug"], "source", asked.place, speaker)
    kind = KINDS[asked.kind]
    for name in asked.spec:
        if name not in kind.SPEC:
            raise Refusal(f"A question of the kind {asked.kind} has no {name}. Leave it out.", name)
    shape = kind.shape(asked.spec)
    draft = _draft(asked) | {"spec": dict(shape.spec)}
    _require_order(draft)
    found.questions[asked.question] = Candidate(asked, draft, kind, shape)


def _draft(asked: Asked) -> dict[str, Any]:
    words = {name: getattr(asked, name) for name in WORDS if name != "slug"}
    more = {"tags": list(asked.tags), "group": asked.group or asked.question, "imported": True}
    times = {"opens_at": asked.opens_at, "closes_at": asked.closes_at}
    return {"slug": asked.question, **words, **more, **times, "resolves_at": asked.resolves_at or asked.closes_at}


def _require_order(draft: Mapping[str, Any]) -> None:
    if draft["opens_at"] >= draft["closes_at"]:
        raise Refusal("closes before it opens.", "closes_at")
    if draft["resolves_at"] < draft["closes_at"]:
        raise Refusal("is expected to resolve before it closes.", "resolves_at")


def _question_of(found: Candidates, slug: str) -> Candidate | None:
    """The question that a row names, None where its own row is at fault already. Raises Refusal where there is none."""
    if slug not in found.questions and found.unread is not None and slug not in found.unread:
        raise Refusal(f"There is no question “{slug}” among the questions.", "question")
    return found.questions.get(slug)


# Forecasts


def _judge_act(found: Candidates, said: Said) -> None:
    about = {"forecaster_kind": said.forecaster_kind, "forecaster_name": said.forecaster_name}
    _gather(found, found.forecasters, said.forecaster, "forecaster", said.place, about)
    question = _question_of(found, said.question)
    if question is None:
        return
    _require_times(said, question, found.moment)
    found.acts.append(Act(said, _vector(said, question)))


def _require_times(said: Said, question: Candidate, moment: datetime) -> None:
    _require_past(moment, made_at=said.made_at, recorded_at=said.recorded_at)
    if said.made_at >= question.record.closes_at:
        raise Refusal(
            f"“{said.question}” took forecasts until {spoken(question.record.closes_at)}. Leave out what came later.",
            "made_at",
        )
    if said.recorded_at is not None and said.recorded_at < said.made_at:
        raise Refusal("It was recorded before it was made. Look which of the two is right.", "recorded_at")
    if said.expires_at is not None and said.expires_at <= said.made_at:
        raise Refusal("It expires before it was made, or at once. Write a later moment, or none.", "expires_at")


def _vector(said: Said, question: Candidate) -> Vector | None:
    """The forecast over the question's outcomes, None for a withdrawal."""
    written = {"probability": said.probability, "probabilities": said.probabilities}
    given = {name: value for name, value in written.items() if value is not None}
    if said.act == "withdrawal":
        for name in given:
            raise Refusal("A withdrawal says nothing of the outcome. Leave this empty.", name)
        if said.expires_at is not None:
            raise Refusal("A withdrawal does not expire. Leave this empty.", "expires_at")
        return None
    for name in given:
        if name not in question.kind.IMPLIED:
            instead = " and ".join(column for column in written if column in question.kind.IMPLIED)
            raise Refusal(f"A question of the kind {question.kind.NAME} takes {instead}. Leave this empty.", name)
    if not given:
        name = next(column for column in written if column in question.kind.IMPLIED)
        raise Refusal("is empty. Write what was forecast, or the act “withdrawal”.", name)
    return question.kind.imply(given, question.shape)


# Decisions


def _judge_ruling(found: Candidates, decided: Decided) -> None:
    question = _question_of(found, decided.question)
    if question is None:
        return
    earlier = found.rulings.setdefault(decided.question, [])
    decision = _decision(decided, question)
    _require_past(found.moment, recorded_at=decided.recorded_at, known_at=decided.known_at)
    _require_permitted(question, earlier[-1].decision if earlier else None, decision)
    earlier.append(Ruling(decided, decision))


def _decision(decided: Decided, question: Candidate) -> Decision:
    facts: dict[str, Any] = {"evidence_url": decided.evidence_url, "note": decided.note}
    facts["claimed_at"] = decided.recorded_at
    if decided.outcome in VERDICTS:
        if decided.known_at is not None:
            raise Refusal(f"What is {decided.outcome} has no outcome that became known. Leave this empty.", "known_at")
        return Decision(decided.outcome, **facts)
    if decided.known_at is None:
        raise Refusal("is empty. Write when the outcome became known, such as 2026-12-31T23:59:00Z.", "known_at")
    index, value = _outcome(decided.outcome, question)
    return Decision("resolved", index, decided.known_at, value, **facts)


def _outcome(text: str, question: Candidate) -> tuple[int, str]:
    """The outcome that was written, and the value to be kept; a bin's own name is an outcome without a value."""
    try:
        return question.kind.resolve(text, question.shape), text if question.kind.ORDERED else ""
    except Refusal:
        if question.kind.ORDERED and text in question.shape.outcomes:
            return question.shape.outcomes.index(text), ""
        raise


def _require_past(now: datetime, **times: datetime | None) -> None:
    for name, at in times.items():
        if at is not None and at > now:
            raise Refusal(f"{spoken(at)} lies in the future. Leave out what has not happened yet.", name)


def _require_permitted(question: Candidate, before: Decision | None, decision: Decision) -> None:
    """Raise Refusal for what catalog.decide would refuse, so that all of it is found before anything is written."""
    if decision.verdict == "reopened" and (before is None or before.verdict == "reopened"):
        raise Refusal("Nothing is decided by then, so there is nothing to reopen. Look at the order.")
    if before is not None and replace(decision, claimed_at=before.claimed_at) == before:
        raise Refusal("It is decided so by the row before already. Leave one of the two out.")
    if decision.verdict == "annulled" and not decision.note.strip():
        raise Refusal("The reason is empty. Say why the question is annulled.", "note")
    if decision.known_at is not None and decision.known_at < question.record.opens_at:
        raise Refusal(
            f"{spoken(decision.known_at)} lies before the question opened on {spoken(question.record.opens_at)}. "
            "If the outcome was known by then, annul the question.",
            "known_at",
        )
