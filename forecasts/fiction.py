"""What the demonstration asks: an island that does not exist, its almanac, its council and its harbour."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from questions.kinds import KINDS
from questions.models import WORDS
from questions.shape import Shape

INVENTED = "Sandmark is an invented island. This question, what is said of it and its outcome are made up."
FIRST, LAST = timedelta(days=595), timedelta(days=10)
"""How long ago the first question closed, and the last of those that are decided."""

ASKED, WAITING, OPEN, COMING = 84, 3, 16, 3
"""How many questions there are; how many wait for resolution, are open or still to come, and those among them."""


@dataclass(frozen=True)
class Subject:
    """Something that is asked again and again, each time of another day, which stands for {on} in its title.

    claim  what the almanac says of it; "" where it is none of the almanac's
    spec   the outcomes of a choice, or the range of a number
    """

    within: str
    kind: str
    slug: str
    title: str
    claim: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)


SETS: Mapping[str, Mapping[str, Any]] = {
    "almanac": {
        "title": "The Sandmark Almanac",
        "description": "What an invented almanac expects of the weather and the wildlife on an island that does not "
        "exist, and what the simulated forecasters make of it.",
    },
    "island": {
        "title": "Island affairs",
        "description": "The council, the shops and the regatta of Sandmark, all of them invented.",
    },
    "harbour": {
        "title": "The harbour's figures",
        "description": "Numbers and dates from the invented harbour of Sandmark. Here a forecast stands for six tenths "
        "of a question's time and then expires, unless it is said again.",
        "expires_after": 0.6,
    },
}

SOURCE: Mapping[str, Any] = {
    "slug": "sandmark-almanac",
    "name": "The almanac",
    "title": "The Sandmark Almanac, an invented text",
    "author": "Nobody: it is made up",
    "note": "There is no such almanac. Its numbers were drawn by a program, for this demonstration.",
}

SUBJECTS = (
    Subject("almanac", "binary", "storm", "Will a storm close the harbour before {on}?", "The harbour will be shut."),
    Subject("harbour", "number", "ships", "How many ships will call in the month to {on}?",
            spec={"low": 20, "high": 80, "step": 1, "unit": "ships"}),
    Subject("island", "binary", "levy", "Will the council pass the bridge levy by {on}?"),
    Subject("almanac", "choice", "wind", "Which wind will blow most often in the month to {on}?",
            "The west wind rules.", {"outcomes": ["North", "East", "South", "West"]}),
    Subject("almanac", "binary", "well", "Will the well at Northgate run dry before {on}?", "Northgate stays thirsty."),
    Subject("harbour", "date", "dredger", "When will the dredger come back, after {on}?"),
    Subject("island", "binary", "bakery", "Will the bakery on Quay Street change hands by {on}?"),
    Subject("island", "choice", "seat", "Who will win the council seat that is voted on after {on}?",
            spec={"outcomes": ["Harbour List", "Green Cap", "Old Guard"]}),
    Subject("almanac", "binary", "seals", "Will more than 40 seals be counted on the Long Bar on {on}?",
            "Seals return in numbers."),
    Subject("almanac", "number", "rain", "How many millimetres of rain will fall in the month to {on}?",
            "A wet month.", {"low": 20, "high": 180, "step": 1, "unit": "mm"}),
    Subject("island", "binary", "chess", "Will the school’s chess team beat the mainland’s by {on}?"),
    Subject("island", "binary", "mayor", "Will the mayor still be in office on {on}?"),
    Subject("harbour", "number", "oysters", "What will a crate of oysters cost on {on}?",
            spec={"low": 10, "high": 50, "step": 0.5, "unit": "crowns"}),
    Subject("almanac", "binary", "fog", "Will fog stop the mail boat three days in a row before {on}?",
            "Fog, and more fog."),
    Subject("almanac", "date", "swallow", "When will the first swallow be seen, after {on}?",
            "The swallows come late."),
    Subject("island", "choice", "regatta", "Which boat will win the regatta that follows {on}?",
            spec={"outcomes": ["Kestrel", "Marigold", "Petrel", "Patience", "Another boat"]}),
    Subject("almanac", "binary", "tide", "Will the spring tide before {on} reach the chapel steps?",
            "The sea comes to church."),
    Subject("island", "binary", "cinema", "Will the cinema reopen by {on}?"),
    Subject("harbour", "number", "fish", "How many tons of fish will be landed in the month to {on}?",
            spec={"low": 100, "high": 500, "step": 5, "unit": "tons"}),
    Subject("island", "binary", "ferry", "Will the night ferry start running by {on}?"),
    Subject("almanac", "choice", "crop", "Which crop will fetch most at the market after {on}?",
            "Honey above all.", {"outcomes": ["Barley", "Potatoes", "Apples", "Honey"]}),
    Subject("almanac", "binary", "lightning", "Will lightning strike the old lighthouse before {on}?",
            "The lighthouse is safe."),
    Subject("harbour", "date", "crane", "When will the new crane lift its first load, after {on}?"),
    Subject("island", "binary", "gazette", "Will the Gazette print a correction on its front page by {on}?"),
    Subject("harbour", "number", "passengers", "How many passengers will land in the month to {on}?",
            spec={"low": 2000, "high": 8000, "unit": "passengers"}),
    Subject("island", "choice", "street", "Which street will be dug up first, after {on}?",
            spec={"outcomes": ["Quay Street", "Mill Lane", "Chapel Rise", "None of these"]}),
    Subject("almanac", "binary", "calm", "Will the sea be calm on the feast of boats, before {on}?", "A calm feast."),
    Subject("harbour", "date", "pilot", "When will a new pilot be sworn in, after {on}?"),
)  # fmt: skip

CRITERIA = {
    "binary": "YES if the Sandmark Gazette, an invented newspaper, reports it by then. NO otherwise.",
    "choice": "The one that the Sandmark Gazette, an invented newspaper, reports first.",
    "number": "The figure that the invented harbour office or weather station prints first. Later corrections do not "
    "count.",
    "date": "The day that the Sandmark Gazette, an invented newspaper, gives.",
}

RATIONALES = (
    "Of the last ten times it happened in about three. I start there and move a little.",
    "The Gazette’s report of Tuesday is **new** to me, so I moved.",
    "I have no reason of my own; this is what usually happens, and nothing speaks against it.",
    "Time passes and nothing happens. That alone is news:\n\n- fewer days are left,\n- and nobody is preparing for it.",
    "The harbour master sounds surer than she was last year, when she was wrong.",
)

COMMENTS = (
    "The Gazette has a piece on this today. It gives no date.",
    "Does it count if it happens and is undone the next day? I read the criteria so that it does.",
    "I was at **4 to 1** until yesterday. What changed your minds?",
    "The figures of last month are out: a little under what most of us said.",
    "Last time we all moved too late. I try to move earlier, in small steps.",
)

REASON = "Drawn by a program, as everything that the almanac says."
NOTE = "Made up by the program that made this demonstration."
NOT_PRINTED = "The Gazette was not printed in that week, so nobody can tell."
MISREAD = "Read off the wrong page of the Gazette."
CLARIFIED = "“Reports” means in print: the Gazette’s notice board does not count."


@dataclass(frozen=True)
class Asked:
    """One question as it will be published, with the shape of its outcomes."""

    within: str
    fields: Mapping[str, Any]
    shape: Shape

    @property
    def kind(self) -> str:
        return str(self.fields["kind"])

    @property
    def slug(self) -> str:
        return str(self.fields["slug"])

    @property
    def opens_at(self) -> datetime:
        found: datetime = self.fields["opens_at"]
        return found

    @property
    def closes_at(self) -> datetime:
        found: datetime = self.fields["closes_at"]
        return found


def questions(until: datetime, random: np.random.Generator) -> Iterator[Asked]:
    """Everything that is asked over two years up to `until` and some months beyond, in the order of closing."""
    decided = ASKED - WAITING - OPEN
    past = -np.linspace(FIRST / timedelta(days=1), LAST / timedelta(days=1), decided)
    closing = [*past, *np.linspace(-7, -1, WAITING), *np.linspace(4, 170, OPEN)]
    for number, days in enumerate(closing):
        closes_at = (until + timedelta(days=float(days))).replace(hour=18, minute=0, second=0, microsecond=0)
        length = float(random.uniform(45, 130)) + max(0.0, float(days) - 30)
        if number >= ASKED - COMING:
            length = float(days) - 5 * (number - ASKED + COMING + 1)
        yield _asked(SUBJECTS[number % len(SUBJECTS)], closes_at - timedelta(days=round(length)), closes_at)


def _asked(subject: Subject, opens_at: datetime, closes_at: datetime) -> Asked:
    spec, resolves_at = dict(subject.spec), closes_at + timedelta(days=2)
    if subject.kind == "number":
        spec = {"range": {"open_below": True, "open_above": True, **spec}}
    elif subject.kind == "date":
        low = closes_at.replace(hour=0) + timedelta(days=1)
        ends = {"low": low.isoformat(), "high": (low + timedelta(days=60)).isoformat(), "step": "day"}
        spec, resolves_at = {"range": {"open_below": True, "open_above": True, **ends}}, low + timedelta(days=61)
    shape = KINDS[subject.kind].shape(spec)
    slug = f"{subject.slug}-{closes_at:%Y-%m-%d}"
    on = f"{closes_at.day} {closes_at:%B %Y}"
    words = {"slug": slug, "kind": subject.kind, "title": subject.title.format(on=on), "background": INVENTED}
    words |= {"criteria": CRITERIA[subject.kind], "resolves_from": "The Sandmark Gazette (invented)"}
    times = {"opens_at": opens_at, "closes_at": closes_at, "resolves_at": resolves_at}
    more = {"claim": subject.claim, "tags": [subject.within, subject.slug], "group": slug, "spec": dict(shape.spec)}
    return Asked(subject.within, dict.fromkeys(WORDS, "") | words | times | more, shape)
