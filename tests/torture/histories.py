"""Made-up histories: what some people, bots and imports do on a question of each kind, drawn from a seed alone.

A history is played by the verbs, and not everything in it may be done: what is refused belongs to it. Many acts fall on
the same moment, and many on the ends of the time that counts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy as np
from sqlmodel import Session, col, select

from forecasts import accounts, boards, bots, ledger
from forecasts.database import Database
from forecasts.models import Forecaster
from questions import catalog
from questions.catalog import Decision
from questions.errors import Refusal
from questions.models import Question
from questions.shape import Vector
from tests.cast import DAY, HOUR, NOON, SPECS, MovedClock, draft, other, publish

MICROSECOND = timedelta(microseconds=1)
QUARTER = HOUR / 4
LAG = 3 * QUARTER
"""How long after it was said elsewhere something is taken over here: in the order in which it was said, as ever."""

KINDS = ("binary", "choice", "number", "date")
WIDE: Mapping[str, Any] = {"range": {"low": 0, "high": 100, "open_below": True, "open_above": True}}
"""A range that is cut as finely as any: 200 bins, and one beyond each end."""

ACTS = ("forecast",) * 8 + ("reaffirm", "reaffirm", "withdraw", "withdraw", "undo", "undo")
DECISIONS = ("resolve", "resolve", "annul", "reopen")


@dataclass(frozen=True)
class Step:
    """What somebody tries to do: which act, on which question, as who, and when, with what it says."""

    at: datetime
    act: str
    question: str
    who: str
    said: Mapping[str, Any]


@dataclass(frozen=True)
class History:
    """What is asked, by what set; who takes part, and from when on; and what they do, in order of time."""

    name: str
    start: datetime
    expires_after: float | None
    drafts: Sequence[Mapping[str, Any]]
    people: Sequence[tuple[datetime, str]]
    steps: Sequence[Step]

    @property
    def bot(self) -> str:
        return f"{self.name}-bot"

    @property
    def imported(self) -> Sequence[str]:
        """Those who said elsewhere what they say."""
        return [f"{self.name}-old-{number}" for number in range(2)]


def history(seed: int, start: datetime) -> History:
    """The history of that seed, begun at that moment; it is over two days later."""
    random, name = Random(seed), f"h{seed}"
    drafts = [_asked(random, f"{name}-{kind}", kind, start) for kind in KINDS]
    drafts.append(_asked(random, f"{name}-elsewhere", random.choice(KINDS), start) | {"imported": True})
    people = [(_moment(random, start, start + 6 * HOUR), f"{name}-{number}") for number in range(random.randint(2, 4))]
    people[0] = (start, people[0][1])
    made = History(name, start, random.choice([None, None, 0.25]), drafts, people, ())
    steps = [step for asked in drafts for step in _steps(random, made, asked)]
    return History(name, start, made.expires_after, drafts, people, sorted(steps, key=lambda step: step.at))


def _asked(random: Random, slug: str, kind: str, start: datetime) -> dict[str, Any]:
    opens = start + random.randint(1, 4) * HOUR
    times = {"opens_at": opens, "closes_at": opens + random.randint(2, 12) * HOUR, "resolves_at": start + DAY}
    spec = WIDE if kind == "number" and random.random() < 0.3 else SPECS[kind]
    return draft(slug, kind, spec=spec, **times)


def _moment(random: Random, start: datetime, end: datetime) -> datetime:
    """On a quarter of an hour, or beside one by a hair."""
    quarters = (end - start) // QUARTER
    return start + random.randrange(quarters) * QUARTER + random.choice([0, 0, 0, 1]) * MICROSECOND


def _steps(random: Random, made: History, asked: Mapping[str, Any]) -> Iterator[Step]:
    imported = bool(asked.get("imported"))
    named = [*made.imported] if imported else [*(name for _, name in made.people), made.bot]
    acts = ("adopt",) if imported else ACTS
    first, last = asked["opens_at"] - HOUR, asked["closes_at"] + HOUR
    at, who = first, named[0]
    for _ in range(random.randint(3, 14)):
        if random.random() < 0.6:
            at, who = _moment(random, first, last), random.choice(named)
        else:  # the same once more, soon after
            at += random.randrange(4) * QUARTER
        yield Step(at, random.choice(acts), asked["slug"], who, _said(random, asked, at))
    decisions = [random.choice(DECISIONS) for _ in range(random.randint(0, 3))] + ["resolve"] * (random.random() < 0.9)
    at = _moment(random, asked["opens_at"] + HOUR, last)
    for act in decisions:
        yield Step(at, act, asked["slug"], "", _said(random, asked, at))
        at += random.randint(0, 8) * QUARTER


def _said(random: Random, asked: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    size = {"binary": 2}.get(asked["kind"], 202 if asked["spec"] is WIDE else 3)
    return {
        "probabilities": _vector(random, size),
        "expires_at": at + random.randint(1, 20) * QUARTER if random.random() < 0.2 else None,
        "outcome": random.randrange(size),
        "known_at": asked["opens_at"] + random.randrange(40) * QUARTER if random.random() < 0.5 else at,
        "made_at": at - LAG,
    }


def _vector(random: Random, size: int) -> Vector:
    """Sure of something, or of nothing, or anything between."""
    drawn = np.array([random.random() ** 4 for _ in range(size)])
    certain = np.eye(size)[random.randrange(size)]
    found: Vector = random.choice([certain, np.full(size, 1 / size), drawn / drawn.sum(), drawn / drawn.sum()])
    return found


# Playing it


def play(database: Database, clock: MovedClock, made: History) -> list[str]:
    """Let it happen. What came of each step: nothing, or the sentence by which it was refused."""
    clock.moment = made.start
    publish(database, *made.drafts, within=made.name, expires_after=made.expires_after)
    with database.writing() as (session, moment):
        accounts.join(session, f"{made.name}-mo", "no hash", moment, "moderator")
    for name in made.imported:
        other(database, name, "person", imported=True)
    waiting = sorted(made.people)
    _come(database, made, waiting.pop(0)[1], bot=True)
    found = []
    for step in made.steps:
        while waiting and waiting[0][0] <= step.at:
            clock.moment, name = waiting.pop(0)
            _come(database, made, name)
        clock.moment = step.at
        found.append(_try(database, made, step))
    return found


def _come(database: Database, made: History, name: str, *, bot: bool = False) -> None:
    with database.writing() as (session, moment):
        person = accounts.join(session, name, "no hash", moment)
        if bot:
            bots.add(session, person, made.bot, moment)


def _try(database: Database, made: History, step: Step) -> str:
    try:
        with database.writing() as (session, moment):
            _act(session, made, step, moment)
    except Refusal as refusal:
        return str(refusal)
    return ""


def _act(session: Session, made: History, step: Step, moment: datetime) -> None:
    question = session.exec(select(Question).where(Question.slug == step.question)).one()
    who = _named(session, step.who or f"{made.name}-mo")
    if who is None:
        raise Refusal(f"{step.who} has not come yet.")
    if step.act in WAYS:
        WAYS[step.act](session, who, question, step.said, moment)
    else:
        ledger.settle(session, question, _decision(question, step), by=who, moment=moment)


def _named(session: Session, handle: str) -> Forecaster | None:
    return session.exec(select(Forecaster).where(Forecaster.handle == handle)).first()


def _decision(question: Question, step: Step) -> Decision:
    if step.act == "resolve":
        return Decision("resolved", step.said["outcome"], step.said["known_at"], seen=question.resolution)
    verdict = {"annul": "annulled", "reopen": "reopened"}[step.act]
    return Decision(verdict, note="The station burned down.", seen=question.resolution)


Way = Callable[[Session, Forecaster, Question, Mapping[str, Any], datetime], object]


def _forecast(
    session: Session, who: Forecaster, question: Question, said: Mapping[str, Any], moment: datetime
) -> None:  # fmt: skip
    ledger.record(session, who, question, said["probabilities"], moment, expires_at=said["expires_at"])


def _adopt(
    session: Session, who: Forecaster, question: Question, said: Mapping[str, Any], moment: datetime
) -> None:  # fmt: skip
    elsewhere = {"made_at": said["made_at"], "expires_at": said["expires_at"]}
    ledger.adopt(session, who, question, said["probabilities"], moment, **elsewhere)
    ledger.rescore(session, question)


WAYS: Mapping[str, Way] = {
    "forecast": _forecast,
    "adopt": _adopt,
    "reaffirm": lambda session, who, question, said, moment: ledger.reaffirm(session, who, question, moment),
    "withdraw": lambda session, who, question, said, moment: ledger.withdraw(session, who, question, moment),
    "undo": lambda session, who, question, said, moment: ledger.undo(session, who, question, moment),
}


# What came of it

Scores = dict[tuple[str, str, str], float]
"""Every number by its question, its forecaster and its name."""


def scores(database: Database) -> Scores:
    """All scores that are kept."""
    found: Scores = {}
    with database.reading() as session:
        handles = {one.id: one.handle for one in session.exec(select(Forecaster))}
        for question in session.exec(select(Question).order_by(col(Question.entry))):
            people, numbers = boards.numbers(session, question)
            for name, values in numbers.items():
                for who, value in zip(people.tolist(), values.tolist(), strict=True):
                    found[question.slug, handles[who], name] = value
    return found


def states(database: Database, moment: datetime) -> dict[str, str]:
    """How each question stands."""
    with database.reading() as session:
        asked = session.exec(select(Question).order_by(col(Question.entry))).all()
        return {one.slug: catalog.status(one, catalog.latest(session, one), moment) for one in asked}


def batch(first: int, many: int) -> list[History]:
    """The histories of so many seeds, one after another."""
    return [history(seed, NOON + number * 2 * DAY) for number, seed in enumerate(range(first, first + many))]
