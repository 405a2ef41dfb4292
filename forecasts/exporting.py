"""Gathering what was asked, forecast and resolved, so that it can go out: every public act, and the scores with it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sqlmodel import Session, col, select

from forecasts import boards, history
from forecasts.formats import Asked, Decided, Folder, Place, Said, Scored, Stood
from forecasts.importing import Follow
from forecasts.models import Forecast, Forecaster
from questions import catalog
from questions.kinds import KINDS
from questions.models import Question, QuestionSet, Resolution, Source
from questions.shape import Vector

_OUT = Place("", 0)
"""What goes out stands nowhere yet."""

_SOURCE = ("slug", "name", "title", "author", "note", "said_at", "read_on")


def gather(session: Session, follow: Follow = lambda things, _: things) -> Folder:
    """Everything that was published: questions set by set in their authors' order, what was said and decided on each.

    Forecasts stand in the order in which they were made, and of those made at once in the journal's. Taking a folder
    over and gathering it again gives the same folder. Scores and the crowd are read while they are written out.
    `follow` is importing's.
    """
    published = select(Question).where(Question.state == "published")
    questions = session.exec(published.order_by(col(Question.set_id), col(Question.position), col(Question.id))).all()
    people = {one.id: one for one in session.exec(select(Forecaster))}
    return Folder(
        questions=list(_asked(session, questions)),
        forecasts=[act for question in follow(questions, "Forecasts") for act in _said(session, question, people)],
        resolutions=[one for question in questions for one in _decided(session, question)],
        scores=(one for question in follow(questions, "Scores") for one in _scored(session, question, people)),
        crowd=(one for question in follow(questions, "Crowd") for one in _crowd(session, question)),
    )


def _asked(session: Session, questions: Sequence[Question]) -> Iterator[Asked]:
    """The questions; what there is to say of a set stands with its first, but for its title."""
    sets = {one.id: one for one in session.exec(select(QuestionSet))}
    told: set[int] = set()
    for question in questions:
        within = sets[question.set_id]
        about = {} if within.id in told else _about(session, within)
        told.add(within.id)
        yield _question(question, within, about)


def _about(session: Session, within: QuestionSet) -> dict[str, Any]:
    source = session.get_one(Source, within.source_id) if within.source_id else None
    told = {name: getattr(source, name) for name in _SOURCE} if source else None
    return {"set_description": within.description, "source": told}


def _question(one: Question, within: QuestionSet, about: dict[str, Any]) -> Asked:
    words = ("kind", "title", "background", "criteria", "fine_print", "resolves_from", "claim", "paragraph")
    same = {name: getattr(one, name) for name in (*words, "tags", "group", "spec", "opens_at", "closes_at")}
    return Asked(
        place=_OUT,
        question=one.slug,
        set=within.slug,
        set_title=within.title if within.title != within.slug else "",
        resolves_at=one.resolves_at if one.resolves_at != one.closes_at else None,
        **same,
        **about,
    )


def _said(session: Session, question: Question, people: dict[int, Forecaster]) -> Iterator[Said]:
    statement = select(Forecast).where(Forecast.question_id == question.id)
    for act in session.exec(statement.order_by(col(Forecast.made_at), col(Forecast.entry))):
        who = people[act.forecaster_id]
        yield Said(
            place=_OUT,
            question=question.slug,
            forecaster=who.handle,
            made_at=act.made_at,
            act="withdrawal" if act.probabilities is None else "",
            recorded_at=act.claimed_at or act.recorded_at,
            expires_at=act.expires_at,
            rationale=act.rationale,
            forecaster_kind=who.kind if who.kind != "person" else "",
            forecaster_name=who.name if who.name != who.handle else "",
            **_spread(question, act.probabilities),
        )


def _spread(question: Question, vector: Vector | None) -> dict[str, Any]:
    """A vector as one probability where that says all of it, else as all of them; nothing for None."""
    if vector is None:
        return {}
    kind = KINDS[question.kind]
    if "probability" in kind.IMPLIED:
        alone = float(vector[-1])
        if np.array_equal(kind.imply({"probability": alone}, catalog.shape_of(question)), vector):
            return {"probability": alone}
    return {"probabilities": vector.tolist()}


def _decided(session: Session, question: Question) -> Iterator[Decided]:
    for made in reversed(catalog.decisions(session, question)):
        yield Decided(
            place=_OUT,
            question=question.slug,
            outcome=_outcome(question, made),
            known_at=made.known_at,
            evidence_url=made.evidence_url,
            note=made.note,
            recorded_at=made.claimed_at or made.recorded_at,
        )


def _outcome(question: Question, made: Resolution) -> str:
    """A verdict's word, the value as it was typed, or the outcome's label."""
    if made.outcome is None:
        return made.verdict
    return made.value or catalog.shape_of(question).outcomes[made.outcome]


def _scored(session: Session, question: Question, people: dict[int, Forecaster]) -> Iterator[Scored]:
    """Everybody's numbers on a resolved question, by their handles."""
    forecasters, numbers = boards.numbers(session, question)
    rows = {people[who].handle: place for place, who in enumerate(forecasters.tolist())}
    for handle, place in sorted(rows.items()):
        yield Scored(question.slug, handle, {name: float(column[place]) for name, column in numbers.items()})


def _crowd(session: Session, question: Question) -> Iterator[Stood]:
    path = history.crowd_of(session, question)
    binary = "probability" in KINDS[question.kind].IMPLIED
    for at, count, vector in zip(path.at.tolist(), path.count.tolist(), path.middle, strict=True):
        said: dict[str, Any] = {}
        if count:
            said = {"probability": float(vector[-1])} if binary else {"probabilities": vector.tolist()}
        yield Stood(question.slug, history.moment_of(at), count, **said)
