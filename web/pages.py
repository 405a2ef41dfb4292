"""What each page needs, one frozen dataclass a page: its fields are its template's variables, no more and no fewer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from forecasts.ledger import Standing
from forecasts.models import Forecaster
from questions.errors import Refusal
from questions.models import QuestionSet, Resolution, Source
from questions.shape import Field
from web import charts


@dataclass(frozen=True)
class Page:
    """What every page needs: who looks, and where they are. `partial` is what htmx gets for a form."""

    template: ClassVar[str]
    partial: ClassVar[str] = ""

    viewer: Forecaster | None
    here: str


# What pages are made of


@dataclass(frozen=True)
class Glance:
    """A question in a line: where it stands, and where the crowd does. `outcome` is what happened, "" until known."""

    slug: str
    title: str
    status: str
    opens_at: datetime
    closes_at: datetime
    crowd: str
    count: int
    spark: charts.Sparkline
    outcome: str
    known_at: datetime | None


@dataclass(frozen=True)
class Own:
    """A forecast of one's own, or a withdrawal (text is "")."""

    text: str
    made_at: datetime
    recorded_at: datetime


@dataclass(frozen=True)
class Answer:
    """The form by which somebody answers a question, with what was typed and what was wrong with it.

    ways  the fields, grouped by the ways of answering; each way is a form of its own
    way   the one that was just used, the first where none was
    own   the forecast that stands, None where there is none
    late  whether more than half of the question's time is over
    """

    slug: str
    view: str
    ways: Mapping[str, Sequence[Field]]
    way: str
    hint: str
    own: Own | None
    is_open: bool
    late: bool
    error: Refusal | None = None
    saved: bool = False


@dataclass(frozen=True)
class Row:
    """A question on the desk."""

    glance: Glance
    answer: Answer


@dataclass(frozen=True)
class Section:
    """The rows of one set."""

    slug: str
    title: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Quoted:
    """What a source makes of a question: in one line, why we read it so, and when it said so and was read."""

    source: Source
    text: str
    reason: str
    made_at: datetime
    recorded_at: datetime


@dataclass(frozen=True)
class Terms:
    """What is asked, in its author's words, by paragraphs; `outcomes` is empty where they are bins."""

    background: Sequence[str]
    criteria: Sequence[str]
    fine_print: Sequence[str]
    outcomes: Sequence[str]
    resolves_from: str
    resolves_at: datetime
    tags: Sequence[str]


@dataclass(frozen=True)
class Scored:
    """One forecaster's score on one question; losses in the order of the rules."""

    forecaster: Forecaster
    losses: Sequence[float | None]
    coverage: float
    presence: float
    last: str


@dataclass(frozen=True)
class Rule:
    """A column of scores: its head, its scale and direction."""

    name: str
    title: str
    about: str


@dataclass(frozen=True)
class Scores:
    """Everybody's scores on one question, best first; `floored` is the log rule's floor if somebody is under it."""

    rules: Sequence[Rule]
    rows: Sequence[Scored]
    floored: float | None


@dataclass(frozen=True)
class Decided:
    """A resolution in words; all but the first of a question are superseded."""

    resolution: Resolution
    text: str
    by: str


@dataclass(frozen=True)
class Claim:
    """What a source claims, the question it became, what it implies, and what came of it."""

    paragraph: str
    claim: str
    glance: Glance
    quoted: Quoted | None


@dataclass(frozen=True)
class Change:
    """What a decision changes for one forecaster; None where there is no score or place."""

    forecaster: Forecaster
    score: tuple[float | None, float | None]
    mean: tuple[float | None, float | None]
    rank: tuple[int | None, int | None]


@dataclass(frozen=True)
class CalibrationView:
    """A reliability diagram with the numbers behind it."""

    chart: charts.Reliability
    forecasts: int
    questions: int
    people: int


@dataclass(frozen=True)
class Result:
    """A person's score on one question; `rule` names the scale it is on."""

    glance: Glance
    rule: str
    loss: float
    coverage: float
    presence: float


# The pages


@dataclass(frozen=True)
class DeskPage(Page):
    template = "desk/page.html"
    sections: Sequence[Section]
    waiting: Sequence[Glance]
    decided: Sequence[Glance]
    anything_open: bool


@dataclass(frozen=True)
class RowPage(Page):
    template = "desk/_row.html"
    partial = "desk/_row.html"
    row: Row


@dataclass(frozen=True)
class QuestionPage(Page):
    template = "questions/page.html"
    partial = "questions/_forecast.html"
    glance: Glance
    kind: str
    within: QuestionSet
    terms: Terms
    claim: Claim
    answer: Answer
    history: charts.History
    density: charts.Density | None
    bars: charts.Bars | None
    mine: Sequence[Own]
    decisions: Sequence[Decided]
    scores: Scores
    may_resolve: bool


@dataclass(frozen=True)
class ResolutionPage(Page):
    template = "resolutions/page.html"
    glance: Glance
    criteria: Sequence[str]
    choices: Sequence[str]
    hint: str
    typed: Mapping[str, str]
    seen: int
    error: Refusal | None
    decisions: Sequence[Decided]
    decision: str
    changes: Sequence[Change] | None
    rule: str


@dataclass(frozen=True)
class SetsPage(Page):
    template = "sets/index.html"
    sets: Sequence[QuestionSet]
    may_load: bool
    typed: str
    error: Refusal | None
    report: str
    example: str


@dataclass(frozen=True)
class SetPage(Page):
    template = "sets/page.html"
    within: QuestionSet
    source: Source | None
    speaker: Forecaster | None
    claims: Sequence[Claim]


@dataclass(frozen=True)
class LeaderboardPage(Page):
    template = "leaderboard/page.html"
    standings: Sequence[Standing]
    sets: Sequence[QuestionSet]
    chosen: str
    sources: Mapping[int, Source]


@dataclass(frozen=True)
class CalibrationPage(Page):
    template = "calibration/page.html"
    view: CalibrationView
    who: str
    name: str
    people: Sequence[Forecaster]
    sets: Sequence[QuestionSet]
    chosen: str


@dataclass(frozen=True)
class PersonPage(Page):
    template = "people/page.html"
    person: Forecaster
    source: Source | None
    standing: Standing | None
    results: Sequence[Result]
    current: Sequence[tuple[Glance, Own]]
    view: CalibrationView


@dataclass(frozen=True)
class DuePage(Page):
    template = "due/page.html"
    waiting: Sequence[tuple[Glance, int]]
    may_resolve: bool


@dataclass(frozen=True)
class SignInPage(Page):
    template = "accounts/sign_in.html"
    name: str
    back: str
    error: Refusal | None
    may_sign_up: bool


@dataclass(frozen=True)
class SignUpPage(Page):
    template = "accounts/sign_up.html"
    name: str
    back: str
    error: Refusal | None
    role: str
    invitation: str
    is_open: bool


@dataclass(frozen=True)
class MessagePage(Page):
    template = "message.html"
    partial = "_notice.html"
    title: str
    sentence: str
