"""A demonstration: two years of simulated people who forecast invented questions, recorded by the ordinary verbs.

It fills a database of its own, of which every page says that it is simulated. What is recorded there in the past is
honest within it: the clock that the record goes by was moved through these two years, act by act.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.random import Generator
from sqlmodel import Session, SQLModel, col, func, select

from forecasts import accounts, discussion, fiction, ledger, loading, simulation
from forecasts.clock import SetClock
from forecasts.database import Database
from forecasts.fiction import ASKED, OPEN, WAITING, Asked
from forecasts.models import Forecaster
from forecasts.simulation import HABITS, SLOTS, Habit
from questions import catalog, journal
from questions.catalog import Decision
from questions.errors import Refusal
from questions.kinds import KINDS
from questions.models import Entry, Head, Question, QuestionSet
from questions.setfile import Draft, SetFile
from questions.shape import Vector

MODERATOR, FORECASTER = "sim-mo", "sim-ada"
"""The two who can be signed in as."""

SPAN = timedelta(days=730)
SEED = 2026
ALMANAC = Habit(0.5, width=0.5)

Follow = Callable[[Sequence[Any], str], Iterable[Any]]


class NoDemo(Refusal):
    """A database that is no demonstration and must not become one."""


@dataclass(frozen=True)
class Act:
    """Something that is done at a moment by an ordinary verb, which is handed the moment that the clock shows.

    forgets  whether the session has let go of what it read before, or there is more to hold on to
    """

    at: datetime
    do: Callable[[Session, datetime], object]
    forgets: bool = False


@dataclass(frozen=True)
class Person:
    """Somebody simulated."""

    name: str
    habit: Habit
    joined_at: datetime

    @property
    def handle(self) -> str:
        return self.name.lower().replace(" ", "-")


@dataclass(frozen=True)
class World:
    """A question, and what is true of it: the hidden quantity slot by slot (SLOTS + 1, d), and where it ends (d,)."""

    asked: Asked
    path: Vector
    end: Vector

    @property
    def known_at(self) -> datetime:
        """When the outcome becomes known: at the closing, or on the day that a date question asks for."""
        if self.asked.kind != "date":
            return self.asked.closes_at
        return max(self.asked.closes_at, _moment(simulation.value(self.asked.shape, self.end)))

    def at(self, share: float) -> datetime:
        """The moment at which so much of the question's time is over."""
        return self.asked.opens_at + share * (self.asked.closes_at - self.asked.opens_at)


@dataclass(frozen=True)
class Stage:
    """Who and what is there so far, by handle and slug."""

    people: dict[str, Forecaster] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    sets: dict[str, QuestionSet] = field(default_factory=dict)

    @property
    def moderator(self) -> Forecaster:
        return self.people[MODERATOR]


def simulated(session: Session) -> bool:
    """Whether somebody here was made up by a program."""
    return session.exec(select(Forecaster.id).where(Forecaster.simulated)).first() is not None


def is_there(session: Session, name: str) -> bool:
    """Whether this database holds the demonstration. Raises NoDemo where it holds anything else."""
    if simulated(session):
        return True
    acts = session.exec(select(func.count()).select_from(Entry)).one()
    people = session.exec(select(func.count()).select_from(Forecaster).where(Forecaster.kind == "person")).one()
    if acts or people:
        raise NoDemo(
            f"{name} holds a record that is no demonstration, with {acts:,} acts in it and {people:,} of its people. "
            "Name another file with --file; nothing was changed."
        )
    return False


def fill(database: Database, clock: SetClock, until: datetime, password: str, follow: Follow) -> None:
    """Simulate two years up to `until`, all of it or nothing.

    clock     the one that the database records by; it is moved through the two years
    password  the hash of what the moderator and one forecaster can sign in with
    """
    planned = _acts(until, password, np.random.default_rng(SEED))
    acts = sorted((act for act in planned if act.at < until), key=lambda act: act.at)
    clock.moment = acts[0].at
    with database.writing() as (session, _):
        for act in follow(acts, "Simulating two years"):
            clock.moment = act.at
            act.do(session, clock.now())
            if act.forgets:
                session.info["kept"] = _what_every_act_reads(session)


def _what_every_act_reads(session: Session) -> list[SQLModel]:
    """The session forgets what nobody holds, and would read it again for each of thousands of acts."""
    tables: Sequence[type[SQLModel]] = (Head, QuestionSet, Question)
    return [row for table in tables for row in session.exec(select(table))]


def _acts(until: datetime, password: str, random: Generator) -> Iterator[Act]:
    """Everything that happens, also after `until`, in any order; what happens at one moment, in this order."""
    stage, start = Stage(), (until - SPAN).replace(minute=0, second=0, microsecond=0)
    people = list(_people(start))
    yield _arrival(stage, Person("Sim Mo", Habit(0.0), start), password, "administrator")
    yield from (_arrival(stage, person, password) for person in people)
    worlds = [_world(one, random) for one in fiction.questions(until, random)]
    yield from _publishing(stage, start, worlds, random)
    for number, world in enumerate(worlds):
        yield from _life(stage, number, world, people, random)


def _people(start: datetime) -> Iterator[Person]:
    """Everybody with their habit; of one habit, each sees a little less well than the last."""
    for habit, names in HABITS.values():
        for place, name in enumerate(names):
            blurred = replace(habit, noise=habit.noise * (0.8 + 0.1 * place))
            yield Person(f"Sim {name}", blurred, start + habit.arrives * SPAN)


def _world(asked: Asked, random: Generator) -> World:
    return World(asked, *simulation.wander(random, asked.shape.size if asked.kind == "choice" else 1))


def _life(stage: Stage, number: int, world: World, people: Sequence[Person], random: Generator) -> Iterator[Act]:
    """What happens to a question once it is published."""
    for person in people:
        yield from _speech(stage, person, world, random)
    yield from _talk(stage, world, people, random)
    if number < ASKED - WAITING - OPEN:
        yield from _decisions(stage, number, world)


# Who comes


def _arrival(stage: Stage, person: Person, password: str, role: str = "forecaster") -> Act:
    def join(session: Session, moment: datetime) -> None:
        joined = accounts.join(session, person.handle, password, moment, role)
        joined.name, joined.simulated = person.name, True
        if person.handle not in (MODERATOR, FORECASTER):
            joined.password = None
        session.flush()
        stage.people[person.handle] = joined

    return Act(person.joined_at, join)


# What is asked


def _publishing(stage: Stage, start: datetime, worlds: Sequence[World], random: Generator) -> Iterator[Act]:
    """The almanac with all that it implies at the beginning; every other question shortly before it opens."""
    drafts = [
        Draft(one.asked.fields, _forecast(one, 0, ALMANAC, np.zeros(len(one.end)), random), fiction.REASON)
        for one in worlds
        if one.asked.within == "almanac"
    ]
    yield Act(start, lambda session, moment: _load_almanac(stage, session, moment, drafts))
    for slug in ("island", "harbour"):
        yield _set(stage, start, slug)
        for place, asked in enumerate((one.asked for one in worlds if one.asked.within == slug), 1):
            yield _question(stage, max(start, asked.opens_at - timedelta(days=21)), asked, place)


def _load_almanac(stage: Stage, session: Session, moment: datetime, drafts: Sequence[Draft]) -> None:
    source = {**fiction.SOURCE, "said_at": moment, "read_on": moment.date()}
    fields = {"slug": "almanac", "expires_after": None, **fiction.SETS["almanac"], "source": source}
    loading.load(session, SetFile(fields, drafts), "The almanac", by=journal.OPERATOR, moment=moment)
    speaker = session.exec(select(Forecaster).where(Forecaster.handle == source["slug"])).one()
    speaker.simulated = True
    session.flush()
    stage.questions.update((one.slug, one) for one in session.exec(select(Question).order_by(col(Question.id))))


def _set(stage: Stage, at: datetime, slug: str) -> Act:
    def publish(session: Session, moment: datetime) -> None:
        draft = {"slug": slug, **fiction.SETS[slug]}
        stage.sets[slug] = catalog.publish_set(session, draft, by=journal.OPERATOR, moment=moment)

    return Act(at, publish)


def _question(stage: Stage, at: datetime, asked: Asked, place: int) -> Act:
    def publish(session: Session, moment: datetime) -> None:
        within, by = stage.sets[asked.within], stage.moderator.pseudonym
        stage.questions[asked.slug] = catalog.publish(session, within, asked.fields, place, by=by, moment=moment)

    return Act(at, publish, forgets=True)


# What is said


def _forecast(world: World, slot: int, habit: Habit, error: Vector, random: Generator) -> Vector:
    kind, shape = world.asked.kind, world.asked.shape
    plain = simulation.believe(kind, shape, *simulation.see(world.path, slot, habit, error, random), random)
    if kind == "date":
        plain = {name: _moment(seconds) for name, seconds in plain.items()}
    return KINDS[kind].imply(plain, shape)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _speech(stage: Stage, person: Person, world: World, random: Generator) -> Iterator[Act]:
    """What somebody says on a question from when they joined until it closes."""
    if not _answers(person.habit, world, random):
        return
    error: Vector = random.standard_normal(len(world.end))
    for slot in simulation.slots(person.habit, random):
        at = world.at((slot + random.uniform(0.05, 0.95)) / SLOTS)
        vector = _forecast(world, slot, person.habit, error, random)
        why = str(random.choice(fiction.RATIONALES)) if random.random() < 0.08 else ""
        if at > person.joined_at:
            yield _saying(stage, at, person.handle, world.asked.slug, vector, why, random.random())


def _answers(habit: Habit, world: World, random: Generator) -> bool:
    if habit.picks:
        return world.asked.kind == "binary" and abs(float(world.path[0, 0])) > 0.4
    return random.random() < habit.share


def _saying(stage: Stage, at: datetime, who: str, slug: str, vector: Vector, why: str, chance: float) -> Act:
    """A forecast; now and then the one before is said again or withdrawn instead, where there is one."""

    def say(session: Session, moment: datetime) -> None:
        person, question = stage.people[who], stage.questions[slug]
        stands = chance < 0.08 and ledger.standing(session, person, question, moment) is not None
        if stands and chance < 0.02:
            ledger.withdraw(session, person, question, moment)
        elif stands:
            ledger.reaffirm(session, person, question, moment)
        else:
            ledger.record(session, person, question, vector, moment, rationale=why)

    return Act(at, say)


def _talk(stage: Stage, world: World, people: Sequence[Person], random: Generator) -> Iterator[Act]:
    """A few comments, and here and there a clarification."""
    slug, settled = world.asked.slug, [person.handle for person in people if not person.habit.arrives]
    for text in random.choice(fiction.COMMENTS, random.integers(0, 3), replace=False).tolist():
        yield _comment(stage, world.at(random.uniform(0.1, 0.9)), str(random.choice(settled)), slug, text)
    if random.random() < 0.1:
        yield _clarification(stage, world.at(1 / 3), slug)


def _comment(stage: Stage, at: datetime, who: str, slug: str, text: str) -> Act:
    def write(session: Session, moment: datetime) -> None:
        discussion.comment(session, stage.people[who], stage.questions[slug], text, moment)

    return Act(at, write)


def _clarification(stage: Stage, at: datetime, slug: str) -> Act:
    def revise(session: Session, moment: datetime) -> None:
        changes, by = {"fine_print": fiction.CLARIFIED}, stage.moderator.pseudonym
        catalog.revise(session, stage.questions[slug], changes, fiction.NOTE, 0, by=by, moment=moment)

    return Act(at, revise)


# What happens


def _decisions(stage: Stage, number: int, world: World) -> Iterator[Act]:
    """What is decided: one question in thirty is annulled, one in twenty at first resolved wrongly."""
    kind, shape, known_at = KINDS[world.asked.kind], world.asked.shape, world.known_at
    at, text = known_at + timedelta(hours=20), _happened(world)
    outcome, value = kind.resolve(text, shape), text if kind.ORDERED else ""
    if number % 30 == 11:
        yield _decision(stage, at, world, Decision("annulled", note=fiction.NOT_PRINTED))
        return
    if number % 20 == 4:
        wrong = Decision("resolved", (outcome + 1) % shape.size, known_at, note=fiction.MISREAD)
        yield _decision(stage, at - timedelta(hours=12), world, wrong)
    yield _decision(stage, at, world, Decision("resolved", outcome, known_at, value, note=fiction.NOTE))


def _happened(world: World) -> str:
    """The outcome as a moderator types it."""
    kind, shape = world.asked.kind, world.asked.shape
    if kind == "binary":
        return "yes" if world.end[0] > 0 else "no"
    if kind == "choice":
        return shape.outcomes[int(world.end.argmax())]
    value = simulation.value(shape, world.end)
    if kind == "date":
        return f"{_moment(value):%Y-%m-%d}"
    step = shape.spec["range"].get("step", 1)
    return f"{round(value / step) * step:g}"


def _decision(stage: Stage, at: datetime, world: World, decision: Decision) -> Act:
    def settle(session: Session, moment: datetime) -> None:
        question = session.get_one(Question, stage.questions[world.asked.slug].id)
        ledger.settle(session, question, replace(decision, seen=question.resolution), by=stage.moderator, moment=moment)

    return Act(at, settle, forgets=True)
