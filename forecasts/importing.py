"""Taking over what was asked, forecast and resolved elsewhere: all of a folder or nothing of it.

So that nobody is back-dated, an import adds forecasts only to questions that an import made, by forecasters that an
import made; neither can be joined with anything of an account here. What the folder holds by itself is judged in
forecasts/candidates.py, here it is held against the database.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_hex
from typing import Any

import numpy as np
from sqlmodel import Session, col, func, select

from forecasts import ledger
from forecasts.candidates import Act, Candidate, Candidates, Facts, Ruling, judge
from forecasts.formats import Folder, InvalidFolder
from forecasts.models import Forecast, Forecaster
from questions import catalog
from questions.models import WORDS, Entry, Question, QuestionSet, Resolution, Source

Follow = Callable[[Sequence[Any], str], Iterable[Any]]
"""Given a list of things to do and a word for it, gives them back one by one: how a progress bar looks on."""

_TIMES = ("opens_at", "closes_at", "resolves_at")


@dataclass(frozen=True)
class Count:
    """How many there are of each."""

    questions: int
    forecasters: int
    forecasts: int
    resolutions: int

    def __str__(self) -> str:
        each = [f"{count:,} {name if count != 1 else name[:-1]}" for name, count in vars(self).items()]
        return f"{', '.join(each[:-1])} and {each[-1]}"


@dataclass(frozen=True)
class _Here:
    """What the database has already, by slug and by handle.

    acts, rulings  on the questions that came by an import, in the order of the journal; the acts by who made them,
                   whoever they count as by now
    mixed          sets that hold a question which was asked here
    taken          imported questions on which somebody has forecast here
    """

    sets: dict[str, QuestionSet]
    sources: dict[str, Source]
    questions: dict[str, Question]
    forecasters: dict[str, Forecaster]
    acts: dict[tuple[str, str], list[Forecast]]
    rulings: dict[str, list[Resolution]]
    mixed: frozenset[str]
    taken: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """What an import would do: all that the folder holds, and of it what is not there yet."""

    found: Candidates
    here: _Here
    questions: list[Candidate]
    forecasters: list[str]
    acts: list[Act]
    rulings: list[Ruling]

    @property
    def added(self) -> Count:
        """How much is not there yet."""
        return Count(len(self.questions), len(self.forecasters), len(self.acts), len(self.rulings))

    @property
    def held(self) -> Count:
        """How much the folder holds altogether."""
        found = self.found
        rulings = sum(map(len, found.rulings.values()))
        return Count(len(found.questions), len(found.forecasters), len(found.acts), rulings)

    def __str__(self) -> str:
        """The counts, and the unweighted mean of (p - y)² over the folder's binary forecasts on resolved questions."""
        nothing = self.added == Count(0, 0, 0, 0)
        told = f"Nothing is new. The folder holds {self.held}." if nothing else f"New: {self.added}."
        squares = self.found.squares()
        if not len(squares):
            return told
        return f"{told}\nMean of (p - y)² over {len(squares):,} yes-or-no forecasts: {squares.mean():.4f}."


# Looking


def examine(session: Session, folder: Folder, moment: datetime) -> Plan:
    """What taking over this folder would do at this moment. Raises InvalidFolder, naming every row at fault."""
    found, here = judge(folder, moment), _look(session)
    for slug, facts in found.sets.items():
        _compare_set(found, here, slug, facts)
    for question in found.questions.values():
        _compare_question(found, here, question)
    _require_new_sources(found, here)
    for handle, facts in found.forecasters.items():
        _compare_forecaster(found, here, handle, facts)
    acts, rulings = _new_acts(found, here), _new_rulings(found, here)
    if found.faults:
        raise InvalidFolder(found.faults)
    questions = [one for slug, one in found.questions.items() if slug not in here.questions]
    return Plan(
        found, here, questions, [who for who in found.forecasters if who not in here.forecasters], acts, rulings
    )


def _look(session: Session) -> _Here:
    questions = {one.slug: one for one in session.exec(select(Question))}
    slugs = {one.id: slug for slug, one in questions.items()}
    sets = {one.slug: one for one in session.exec(select(QuestionSet))}
    forecasters = {one.handle: one for one in session.exec(select(Forecaster))}
    people = {one.pseudonym: one for one in forecasters.values()}
    acts: dict[tuple[str, str], list[Forecast]] = {}
    rulings: dict[str, list[Resolution]] = {}
    actors = _of_imports(Forecast).join(Entry, col(Entry.seq) == Forecast.entry).add_columns(col(Entry.actor))
    for act, actor in session.execute(actors):
        acts.setdefault((slugs[act.question_id], people[actor].handle), []).append(act)
    for ruling in session.exec(_of_imports(Resolution)):
        rulings.setdefault(slugs[ruling.question_id], []).append(ruling)
    asked_here = {one.set_id for one in questions.values() if not one.imported}
    return _Here(
        sets, {one.slug: one for one in session.exec(select(Source))}, questions, forecasters, acts, rulings,
        mixed=frozenset(slug for slug, one in sets.items() if one.id in asked_here),
        taken=frozenset(slug for slug, handle in acts if not forecasters[handle].imported),
    )  # fmt: skip


def _of_imports(table: Any) -> Any:
    """Every row of that table which is of an imported question, in the order of the journal."""
    statement = select(table).join(Question, col(Question.id) == table.question_id)
    return statement.where(col(Question.imported)).order_by(table.entry)


def _compare_set(found: Candidates, here: _Here, slug: str, facts: Facts) -> None:
    there = here.sets.get(slug)
    if there is None:
        return
    asked = [one.record for one in found.questions.values() if one.record.set == slug]
    new = [record for record in asked if record.question not in here.questions]
    if new and slug in here.mixed:
        found.blame(
            new[0].place, "set", f"There is a set “{slug}” with questions that were asked here. Choose another."
        )
    source = next((_told(one) for one in here.sources.values() if one.id == there.source_id), None)
    told = {"set_title": there.title, "set_description": there.description, "source": source}
    _require_as_before(found, f"The set “{slug}”", facts, told)


def _told(source: Source) -> dict[str, Any]:
    """A source as catalog.publish_set takes it."""
    return {name: getattr(source, name) for name in ("slug", "name", "title", "author", "note", "said_at", "read_on")}


def _require_as_before(found: Candidates, whose: str, facts: Facts, before: dict[str, Any]) -> None:
    """Blame what is said of a set or a forecaster otherwise than it was taken over."""
    for name, value in facts.said.items():
        if value != before[name]:
            found.blame(facts.places[name], name, f"{whose} was imported with another. Leave this empty.")


def _compare_question(found: Candidates, here: _Here, question: Candidate) -> None:
    there, record = here.questions.get(question.record.question), question.record
    if there is None:
        return
    if not there.imported:
        found.blame(
            record.place,
            "question",
            f"There is a question “{record.question}” that was asked here. Rename this one.",
        )
        return
    kept = {name: getattr(there, name) for name in (*WORDS, "tags", "group", "spec", *_TIMES)}
    differing = [name for name, value in kept.items() if question.draft[name] != value]
    if (within := here.sets.get(record.set)) is None or within.id != there.set_id:
        differing.append("set")
    for name in differing:
        column = next(iter(question.kind.SPEC), name) if name == "spec" else name
        found.blame(record.place, column, f"“{record.question}” was imported with another. What was asked stays.")


def _require_new_sources(found: Candidates, here: _Here) -> None:
    """Blame a new set for a source whose name is taken, or who speaks in the future."""
    seen: set[str] = set()
    for slug, facts in found.sets.items():
        source = facts.said.get("source")
        if source is None or slug in here.sets:
            continue
        place, name = facts.places["source"], source["slug"]
        if name in seen or (name in here.forecasters and here.forecasters[name].imported):
            found.blame(place, "source", f"“{name}” is somebody else's handle already. Choose another slug for it.")
        if source["said_at"] > found.moment:
            found.blame(place, "source", f"“{name}” spoke in the future. Give the moment at which it was published.")
        seen.add(name)


def _compare_forecaster(found: Candidates, here: _Here, handle: str, facts: Facts) -> None:
    there = here.forecasters.get(handle)
    if there is None:
        return
    if not there.imported:
        found.blame(
            facts.place, facts.column,
            f"“{handle}” is somebody here, and takes no forecasts from elsewhere. Choose another handle.",
        )  # fmt: skip
        return
    _require_as_before(found, f"“{handle}”", facts, {"forecaster_kind": there.kind, "forecaster_name": there.name})


def _new_acts(found: Candidates, here: _Here) -> list[Act]:
    """The acts that are not there yet. Blames those which would change what somebody here relied on."""
    left = {seat: list(acts) for seat, acts in here.acts.items()}
    new = []
    for act in found.acts:
        before = left.get(act.seat, [])
        match = next((place for place, one in enumerate(before) if _same_act(act, one)), None)
        if match is None:
            _require_addable(found, here, act)
            new.append(act)
        else:
            del before[match]
    return new


def _same_act(act: Act, there: Forecast) -> bool:
    said, given = act.record, there.probabilities
    alike = (said.made_at, said.expires_at, said.rationale) == (there.made_at, there.expires_at, there.rationale)
    if not alike or said.recorded_at not in (None, there.claimed_at or there.recorded_at):
        return False
    return given is None if act.vector is None else given is not None and np.array_equal(act.vector, given)


def _require_addable(found: Candidates, here: _Here, act: Act) -> None:
    place, (question, forecaster) = act.record.place, act.seat
    if question in here.taken:
        found.blame(
            place, "question",
            f"Somebody has forecast on “{question}” here meanwhile, so it takes no more from elsewhere.",
        )  # fmt: skip
    elif any(one.made_at > act.record.made_at for one in here.acts.get(act.seat, ())):
        found.blame(
            place, "made_at",
            f"“{forecaster}” was imported with a later forecast on “{question}”, and the past stays. "
            "Import the folder into an empty database.",
        )  # fmt: skip


def _new_rulings(found: Candidates, here: _Here) -> list[Ruling]:
    """The decisions that come after those which are there. Blames the first that is another than the one there."""
    new = []
    for slug, rulings in found.rulings.items():
        there = here.rulings.get(slug, [])
        for ruling, made in zip(rulings, there, strict=False):
            if not _same_ruling(ruling, made):
                found.blame(
                    ruling.record.place, "outcome",
                    f"“{slug}” was decided otherwise here. Resolve it here, or leave the row out.",
                )  # fmt: skip
                break
        new += rulings[len(there) :]
    return new


def _same_ruling(ruling: Ruling, there: Resolution) -> bool:
    decision = ruling.decision
    names = ("verdict", "outcome", "known_at", "value", "evidence_url", "note")
    if any(getattr(decision, name) != getattr(there, name) for name in names):
        return False
    return decision.claimed_at in (None, there.claimed_at or there.recorded_at)


# Writing


def carry_out(
    session: Session, plan: Plan, *, by: str, moment: datetime, follow: Follow = lambda things, _: things
) -> None:
    """Do what was planned, in the transaction in which it was planned. Scores are worked out once, when all is there.

    follow  is handed each long list of things to do, with a word for it; a progress bar may look on
    """
    here = plan.here
    for question in here.questions.values():
        session.expunge(question)
    _publish_sets(session, plan, by=by, moment=moment)
    for candidate in follow(plan.questions, "Questions"):
        _publish(session, here, candidate, by=by, moment=moment)
    _join_all(session, plan, moment)
    for act in follow(plan.acts, "Forecasts"):
        _adopt(session, here, act, moment)
    for ruling in follow(plan.rulings, "Resolutions"):
        _decide(session, here, ruling, by=by, moment=moment)
    said, decided = ([one.record.question for one in done] for done in (plan.acts, plan.rulings))
    for slug in follow(list(dict.fromkeys([*said, *decided])), "Scores"):
        ledger.rescore(session, here.questions[slug])


def _publish_sets(session: Session, plan: Plan, *, by: str, moment: datetime) -> None:
    """Add the sets that are not there, each with the source that implies it and the forecaster who speaks for that."""
    here = plan.here
    for slug, facts in plan.found.sets.items():
        if slug in here.sets:
            continue
        source = facts.said.get("source")
        draft = {"slug": slug, "title": facts.said.get("set_title", slug), "source": source}
        draft["description"] = facts.said.get("set_description", "")
        added = here.sets[slug] = catalog.publish_set(session, draft, by=by, moment=moment)
        if source:
            speaker = _join(session, source["slug"], source["name"], "source", added.source_id, moment)
            here.forecasters[speaker.handle] = speaker


def _join_all(session: Session, plan: Plan, moment: datetime) -> None:
    """Add the forecasters who are not there, in the order in which the folder names them."""
    for handle in plan.forecasters:
        if handle not in plan.here.forecasters:
            said = plan.found.forecasters[handle].said
            kind, name = said.get("forecaster_kind", "person"), said.get("forecaster_name", handle)
            plan.here.forecasters[handle] = _join(session, handle, name, kind, None, moment)


def _join(session: Session, handle: str, name: str, kind: str, source: int | None, moment: datetime) -> Forecaster:
    added = Forecaster(
        pseudonym=token_hex(16), handle=handle, name=name, kind=kind, source_id=source, joined_at=moment, imported=True
    )
    session.add(added)
    session.flush()
    return added


def _publish(session: Session, here: _Here, question: Candidate, *, by: str, moment: datetime) -> None:
    within = here.sets[question.record.set]
    last = session.exec(select(func.max(Question.position)).where(Question.set_id == within.id)).one()
    added = catalog.publish(session, within, question.draft, (last or 0) + 1, by=by, moment=moment)
    session.expunge(added)  # or every later update would look through all of them
    here.questions[added.slug] = added


def _adopt(session: Session, here: _Here, act: Act, moment: datetime) -> None:
    said = act.record
    ledger.adopt(
        session, here.forecasters[said.forecaster], here.questions[said.question], act.vector, moment,
        made_at=said.made_at, claimed_at=said.recorded_at, expires_at=said.expires_at, rationale=said.rationale,
    )  # fmt: skip


def _decide(session: Session, here: _Here, ruling: Ruling, *, by: str, moment: datetime) -> None:
    question = session.get_one(Question, here.questions[ruling.record.question].id, populate_existing=True)
    catalog.decide(session, question, replace(ruling.decision, seen=question.resolution), by=by, moment=moment)
