"""What each page needs, one frozen dataclass a page: its fields are its template's variables, no more and no fewer."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import ClassVar

from forecasts import calibration
from forecasts.comparison import Comparison
from forecasts.crowd import Extremizing
from forecasts.erasing import Losing
from forecasts.inclusion import Evidence
from forecasts.leaderboard import Board, Measure, Row
from forecasts.merging import Moving
from forecasts.models import Checkpoint, Draft, Forecaster, Token
from forecasts.settings import Lasting
from forecasts.updating import Movement
from questions.errors import Refusal
from questions.models import Question, QuestionSet, Resolution, Revision, Source
from questions.shape import Field
from web import charts, diagrams, tracks
from web.filters import Choosing
from web.paging import Paging


@dataclass(frozen=True)
class Page:
    """What every page needs: who looks, and where they are. `partial` is what htmx gets for a form.

    simulated  whether a program made up who forecasts here; the renderer says so of every page
    """

    template: ClassVar[str]
    partial: ClassVar[str] = ""

    viewer: Forecaster | None
    here: str
    _: KW_ONLY
    simulated: bool = False


# What pages are made of


@dataclass(frozen=True)
class Glance:
    """A question in a line: where it stands, and where the crowd does. `outcome` is what happened, "" until known."""

    slug: str
    title: str
    imported: bool
    status: str
    opens_at: datetime
    closes_at: datetime
    crowd: str
    count: int
    hidden: str
    spark: charts.Sparkline
    outcome: str
    known_at: datetime | None


@dataclass(frozen=True)
class Own:
    """A forecast of one's own, or a withdrawal (text is "").

    undoes  whether it took the act before it back
    """

    text: str
    made_at: datetime
    recorded_at: datetime
    expires_at: datetime | None = None
    rationale: str = ""
    undoes: bool = False


@dataclass(frozen=True)
class Beside:
    """What may be said beside a forecast, as it was typed and refused: why, and through which day it stands.

    lapses  how long it stands where its forecaster does not say, in words
    zoom    how far the chart is narrowed on the page that the form is sent from
    """

    rationale: str
    expires: str
    lapses: str
    zoom: str


@dataclass(frozen=True)
class Answer:
    """The form by which somebody answers a question, with what was typed and what was wrong with it.

    ways  the fields, grouped by the ways of answering; each way is a form of its own
    way   the one that was just used, the first where none was
    own   the forecast that stands, None where there is none
    late  whether more than half of the question's time is over

    beside  what may be said beside the forecast, None where the form is brief
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
    beside: Beside | None = None


@dataclass(frozen=True)
class Track:
    """Where the crowd and the viewer stand on a line from 0 to 100; None where nobody does."""

    crowd: float | None
    own: float | None


@dataclass(frozen=True)
class Trial:
    """What a forecast that somebody only tries would score by Brier if an outcome happened.

    length  the same as a share of the bar that it is drawn as, 0 to 100
    """

    label: str
    score: str
    length: float


@dataclass(frozen=True)
class First:
    """What somebody sees who comes for the first time: a question that is open, and what a number on it would score.

    glance    the question; None where nothing was ever asked
    criteria  how it will be decided, by paragraphs
    typed     what was tried, "" where nothing was
    said      the same as it is read, "" where it is no percentage
    trials    what it would score either way; empty until it is tried
    """

    glance: Glance | None
    criteria: Sequence[str]
    typed: str
    said: str
    trials: Sequence[Trial]
    error: Refusal | None
    may_sign_up: bool


@dataclass(frozen=True)
class DeskRow:
    """A question on the sheet.

    track   the line on which one tap is a forecast; None but for yes or no
    undo    whether one's latest forecast is so fresh that it can be taken back
    still   whether one looked so long ago that it is worth saying again
    before  what the crowd said when one looked, where it has moved since; else ""
    """

    glance: Glance
    answer: Answer
    track: Track | None
    undo: bool
    still: bool
    before: str


@dataclass(frozen=True)
class Section:
    """The rows of one set; without a title all rows, where they go by something else."""

    slug: str
    title: str
    rows: Sequence[DeskRow]


@dataclass(frozen=True)
class Tab:
    """A sort of questions on the sheet, with how many there are."""

    address: str
    title: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Narrowing:
    """The form above the sheet: what it has, and what there is to choose from."""

    show: str
    set: str
    tag: str
    q: str
    sets: Sequence[QuestionSet]
    tags: Sequence[str]


@dataclass(frozen=True)
class Sheet:
    """One page of the sheet.

    words   what of the address says which part this is
    focus   the question whose field has the focus to begin with, "" where none has
    turned  the addresses of the page before this one and of the one after
    total   how many questions there are of all sorts, as far as the form above does not narrow them
    """

    tabs: Sequence[Tab]
    sections: Sequence[Section]
    narrowing: Narrowing
    page: int
    pages: int
    turned: Sequence[str]
    words: str
    focus: str
    total: int


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
    """What is asked, in its author's words, by paragraphs; `outcomes` is empty where they are bins.

    recorded_at  when the question was put on record here; of an imported one that says how far back it may reach
    ladder       the group whose rung the question is, "" where it is none
    audience     who sees it, in words; "" where everybody does
    """

    background: Sequence[str]
    criteria: Sequence[str]
    fine_print: Sequence[str]
    outcomes: Sequence[str]
    resolves_from: str
    resolves_at: datetime
    recorded_at: datetime
    tags: Sequence[str]
    ladder: str
    audience: str


@dataclass(frozen=True)
class Scored:
    """One forecaster's score on one question; losses in the order of the rules."""

    forecaster: Forecaster
    losses: Sequence[float | None]
    peer: float
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
    """Everybody's scores on one question, best first.

    floored  the log rule's floor, if somebody is under it
    more     how many are not listed, where there are very many
    """

    rules: Sequence[Rule]
    rows: Sequence[Scored]
    floored: float | None
    more: int


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
class Split:
    """A mean loss taken apart, with the miscalibration that chance alone would show."""

    title: str
    parts: calibration.Parts
    chance: calibration.ByChance


@dataclass(frozen=True)
class CalibrationView:
    """A reliability diagram with the numbers behind it; what no question gives is None or empty.

    choice  the same of choice questions, each outcome against the rest
    test    the generalised test of calibration
    splits  the loss taken apart, by Brier and by log
    pit     where the truth fell in forecasts of numbers and dates, and `hits` how often their 80% intervals held it
    """

    chart: charts.Reliability
    choice: charts.Reliability | None
    forecasts: int
    questions: int
    people: int
    test: calibration.Spiegelhalter | None
    splits: Sequence[Split]
    pit: diagrams.Histogram | None
    hits: calibration.HitRate | None


@dataclass(frozen=True)
class Point:
    """A claim on its source's page: its number on one scale with the crowd's, and whether it came true.

    apart    by how much the crowd says more or less, in words; "" where that is not to be said
    verdict  "right", "wrong" or "even"; "" until the outcome is known, and where the source says nothing
    told     why, in a sentence
    """

    claim: Claim
    track: tracks.Track | None
    apart: str
    verdict: str
    told: str


@dataclass(frozen=True)
class Part:
    """The claims under one heading; `title` is "" where there are no headings."""

    title: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Told:
    """One of a text's calls: which question, what it said of it, what that cost, and what it earned on the others."""

    slug: str
    title: str
    imported: bool
    sentence: str
    loss: float
    peer: float


@dataclass(frozen=True)
class Versus:
    """A text's mean Brier score on some questions beside those of others; `crowd` is None where it is not compared."""

    title: str
    questions: int
    text: float
    crowd: float | None
    even: float


@dataclass(frozen=True)
class Record:
    """How good a forecaster a text has been so far, on the questions of one set.

    spoke        on how many questions it says something
    resolved     how many of those are resolved, and `annulled` how many count for nothing
    right, wrong, even  how many of the resolved ones it was right or wrong about, or leant to no side
    versus       its mean Brier score beside others', on yes-or-no questions
    peer         its peer score in a sentence; "" where it has none
    binary       how many of the resolved questions are yes or no
    calibration  None while these are too few to tell anything
    best, worst  the calls it was right about at the least cost, and wrong about at the highest
    """

    spoke: int
    resolved: int
    annulled: int
    right: int
    wrong: int
    even: int
    versus: Sequence[Versus]
    peer: str
    binary: int
    calibration: CalibrationView | None
    best: Sequence[Told]
    worst: Sequence[Told]


@dataclass(frozen=True)
class Awaited:
    """A question whose outcome is expected next; `due` where it should be known by now."""

    slug: str
    title: str
    imported: bool
    resolves_at: datetime
    due: bool


@dataclass(frozen=True)
class Uttered:
    """One forecast in a dot of the calibration diagram.

    forecaster  None for somebody who keeps their forecasts private
    at        when it began to count
    recorded  when it was put on record here, if that was later than it was said; else None
    """

    forecaster: Forecaster | None
    slug: str
    title: str
    imported: bool
    text: str
    at: datetime
    recorded: datetime | None
    outcome: str


@dataclass(frozen=True)
class Line:
    """One stretch of a receipt, as people read it."""

    start: datetime
    stop: datetime
    text: str
    loss: float
    crowd: float
    others: float
    share: float
    contribution: float
    gain: float


@dataclass(frozen=True)
class Contrast:
    """A question on which two forecasters were compared: what both said at the end, and who gained by how much."""

    slug: str
    title: str
    imported: bool
    outcome: str
    said: tuple[str, str]
    difference: float
    shared: float


@dataclass(frozen=True)
class Happens:
    """What somebody would score if an outcome became known now; `why` says why just this one of many is shown."""

    label: str
    why: str
    loss: float
    peer: float


@dataclass(frozen=True)
class Prospects:
    """What somebody would score for each outcome; no rows where no forecast of theirs has stood for any time yet.

    rule      the rule of the losses, which are those while standing
    coverage  the share of the scheduled window that their forecasts have stood for so far
    """

    rule: Rule
    coverage: float
    rows: Sequence[Happens]


# What stands on a question's page


@dataclass(frozen=True)
class Offered:
    """What may be done with one's latest forecast beside changing it, in words; "" where it may not.

    undo   what would be taken back, such as "40%"
    again  what would be said again
    """

    undo: str = ""
    again: str = ""


@dataclass(frozen=True)
class Since:
    """What is new since somebody's last visit: what the crowd said then and says now, and what was done meanwhile."""

    at: datetime
    then: str
    now: str
    news: str


@dataclass(frozen=True)
class Rationale:
    """Why somebody said what they said; `now` is what they say since, where that is something else.

    text  "" where they keep their forecasts to themselves
    """

    entry: int
    who: Forecaster
    text: str
    now: str
    made_at: datetime
    recorded_at: datetime
    prose: str


@dataclass(frozen=True)
class Remark:
    """A comment, and what stood of its author when they wrote it."""

    entry: int
    who: Forecaster
    text: str
    recorded_at: datetime
    prose: str
    hidden: bool


@dataclass(frozen=True)
class Moderated:
    """Something that a moderator did about a comment or a forecaster."""

    word: str
    at: datetime
    by: str
    note: str


@dataclass(frozen=True)
class Talk:
    """What people write about a question, with the comment that was typed and refused.

    before  the entry before which there are more comments, 0 where there are none
    later   whether there are later ones than these
    """

    rationales: Sequence[Rationale]
    remarks: Sequence[Remark]
    before: int
    later: bool
    may_hide: bool
    typed: str = ""
    error: Refusal | None = None


@dataclass(frozen=True)
class Reworded:
    """One thing that a revision changed, before and after."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Revised:
    """A change to a question's words after it was published."""

    entry: int
    recorded_at: datetime
    by: str
    note: str
    changes: Sequence[Reworded]


@dataclass(frozen=True)
class Act:
    """One act of a question's timeline; `who` is None for whoever runs the machine.

    did   what was done, such as "forecast"
    text  what was said or decided, "" where that is nothing or kept to themselves
    said  when it was said, where that was before it was recorded here; else None
    """

    entry: int
    at: datetime
    who: Forecaster | None
    kind: str
    did: str
    text: str
    said: datetime | None
    revised: Revised | None


@dataclass(frozen=True)
class Timeline:
    """Some of a question's acts, the newest first; `before` is the entry that the next page ends before, 0 for none.

    later  whether there are newer ones on another page
    """

    acts: Sequence[Act]
    before: int
    later: bool


@dataclass(frozen=True)
class Live:
    """By what a page learns of news: the state that it shows, and where to ask for another."""

    tag: str
    address: str
    news: str = ""


@dataclass(frozen=True)
class Card:
    """A question as other sites show it; `lines` is its title in lines that fit."""

    lines: Sequence[str]
    crowd: str
    count: str
    state: str
    spark: charts.Sparkline
    height: int


@dataclass(frozen=True)
class Result:
    """A person's score on one question.

    said  what they said at the end, "" where that is not shown
    rule  the name of the scale that the loss is on
    """

    slug: str
    title: str
    imported: bool
    outcome: str
    said: str
    rule: str
    loss: float
    peer: float
    coverage: float
    presence: float


@dataclass(frozen=True)
class Place:
    """A forecaster's row on a board, with its value in words and its interval drawn on the board's scale."""

    row: Row
    forecaster: Forecaster
    value: str
    interval: diagrams.Interval


@dataclass(frozen=True)
class Standing:
    """Where somebody stands: the chief boards in a sentence each, every board on which they have a row, and since when.

    course  their skill over time; None where too few outcomes are known
    """

    told: Sequence[tuple[Measure, str]]
    places: Sequence[tuple[Measure, Place]]
    course: diagrams.Curves | None


@dataclass(frozen=True)
class Outstanding:
    """The questions on which somebody gained most on the others, and lost most to them."""

    best: Sequence[Result]
    worst: Sequence[Result]


@dataclass(frozen=True)
class Updating:
    """How somebody changes their mind: changed forecasts, on how many resolved questions, and how they move.

    movement  None where no forecast on a yes-or-no question was ever changed
    """

    changes: int
    asked: int
    movement: Movement | None


@dataclass(frozen=True)
class Places:
    """A board's rows, and the scale of their intervals for the head of that column."""

    rows: Sequence[Place]
    axis: diagrams.IntervalAxis


# Writing


@dataclass(frozen=True)
class Preview:
    """A question as it would look, and the first way of answering it; `more` says what other way there is.

    quoted  what the source makes of it, in a line; "" where it says nothing
    """

    title: str
    slug: str
    kind: str
    criteria: Sequence[str]
    background: Sequence[str]
    fine_print: Sequence[str]
    resolves_from: str
    tags: Sequence[str]
    claim: str
    paragraph: str
    opens_at: datetime
    closes_at: datetime
    resolves_at: datetime
    fields: Sequence[Field]
    hint: str
    more: str
    quoted: str
    reason: str


@dataclass(frozen=True)
class Kept:
    """A field in which what is kept and what was just typed are not the same."""

    name: str
    kept: str
    typed: str


@dataclass(frozen=True)
class Alongside:
    """What stands beside a draft's form: whether it is saved, what it would become, and what is like it.

    seen      the version that the form was filled with; `over` the one to be written over knowingly, where they differ
    times     what each time that was typed is taken for
    missing   why it cannot be published as it is, None where it can
    unticked  what its criteria do not say yet, by its author's own account
    """

    draft: Draft
    seen: int
    over: int
    conflict: Sequence[Kept]
    times: Sequence[tuple[str, datetime]]
    missing: Refusal | None
    previews: Sequence[Preview]
    similar: Sequence[Question]
    unticked: Sequence[str]


@dataclass(frozen=True)
class Deed:
    """An entry of the journal in words; of one that is not seen only its place, its time and its hash.

    actor        who did it, None where no forecaster did, and then `by` says who
    did          what, such as “forecast”; `text` what that came to, such as “83%”
    path, title  what it was done to, and where that is
    whom         who it was done to
    said         when it was said, where that was earlier than it was recorded
    note         why, as a moderator wrote it
    erased       whether its words were erased
    """

    seq: int
    at: datetime
    hash: str
    seen: bool = False
    actor: Forecaster | None = None
    by: str = ""
    did: str = ""
    text: str = ""
    path: str = ""
    title: str = ""
    whom: Forecaster | None = None
    said: datetime | None = None
    note: str = ""
    erased: bool = False


@dataclass(frozen=True)
class ShownChoices:
    """Who may be chosen to see something, and when they see what others say: each word with what it means."""

    audiences: Sequence[tuple[str, str]]
    reveals: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Asking:
    """A kind of question to choose from, with the fields of the form that it takes."""

    name: str
    title: str


@dataclass(frozen=True)
class ClaimLine:
    """One claim of a source in a line, and what it lacks; None where it is ready."""

    number: int
    title: str
    quoted: str
    missing: Refusal | None


@dataclass(frozen=True)
class Altered:
    """A field that a revision changes: its name, and the words that stay, go ("-") or come ("+"), in order."""

    name: str
    parts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class RevisedOnce:
    """One revision: what it changed, why, when and by whom."""

    revision: Revision
    by: str


@dataclass(frozen=True)
class Step:
    """A rung of a ladder: the question, one's own forecast, and what is in its field."""

    glance: Glance
    name: str
    own: str
    typed: str
    is_open: bool
    is_wrong: bool


# The pages


@dataclass(frozen=True)
class DeskPage(Page):
    template = "desk/page.html"
    sheet: Sheet
    first: First | None


@dataclass(frozen=True)
class RowPage(Page):
    template = "desk/_row.html"
    partial = "desk/_row.html"
    row: DeskRow
    words: str = ""
    focus: str = ""


@dataclass(frozen=True)
class QuestionPage(Page):
    template = "questions/page.html"
    partial = "questions/_forecast.html"
    glance: Glance
    kind: str
    within: QuestionSet | None
    terms: Terms
    revised: Sequence[Revised]
    claim: Claim
    answer: Answer
    offered: Offered
    since: Since | None
    zoom: str
    history: charts.History
    density: charts.Density | None
    bars: charts.Bars | None
    tenths: diagrams.Histogram | None
    mine: Sequence[Own]
    decisions: Sequence[Decided]
    prospects: Prospects | None
    talk: Talk
    timeline: Timeline
    scores: Scores
    may_resolve: bool
    live: Live


@dataclass(frozen=True)
class CommentsPage(Page):
    template = "questions/_comments.html"
    partial = "questions/_comments.html"
    glance: Glance
    talk: Talk


@dataclass(frozen=True)
class LivePage(Page):
    template = "questions/_live.html"
    partial = "questions/_live.html"
    glance: Glance
    decisions: Sequence[Decided]
    zoom: str
    history: charts.History
    density: charts.Density | None
    bars: charts.Bars | None
    tenths: diagrams.Histogram | None
    talk: Talk
    timeline: Timeline | None
    live: Live


@dataclass(frozen=True)
class ShowingPage(Page):
    template = "showing/page.html"
    back: str
    title: str
    typed: Mapping[str, str]
    choices: ShownChoices
    link: str
    error: Refusal | None


@dataclass(frozen=True)
class ModerationPage(Page):
    template = "moderation/page.html"
    back: str
    title: str
    quoted: str
    stands: str
    does: str
    undoes: str
    done: Sequence[Moderated]
    typed: str
    error: Refusal | None


@dataclass(frozen=True)
class MergingPage(Page):
    template = "moderation/merging.html"
    person: Forecaster
    root: Forecaster
    into: Forecaster | None
    moving: Moving | None
    done: Sequence[Moderated]
    typed: Mapping[str, str]
    error: Refusal | None


@dataclass(frozen=True)
class ErasingPage(Page):
    template = "settings/erasing.html"
    person: Forecaster
    losing: Losing
    spared: bool
    typed: Mapping[str, str]
    error: Refusal | None


@dataclass(frozen=True)
class SharePage(Page):
    template = "questions/share.html"
    glance: Glance
    address: str
    picture: str
    frame: str
    height: int


@dataclass(frozen=True)
class EmbedPage(Page):
    template = "questions/embed.html"
    partial = "questions/embed.html"
    glance: Glance
    address: str


@dataclass(frozen=True)
class CardPage(Page):
    template = "questions/card.svg"
    partial = "questions/card.svg"
    card: Card


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
class SetLivePage(Page):
    template = "sets/_live.html"
    partial = "sets/_live.html"
    within: QuestionSet
    source: Source | None
    speaker: Forecaster | None
    record: Record | None
    counts: Sequence[tuple[str, int]]
    awaited: Sequence[Awaited]
    parts: Sequence[Part]
    paging: Paging
    live: Live


@dataclass(frozen=True)
class SetPage(SetLivePage):
    """A set's page: what follows the news, and whether the viewer may say who sees it."""

    template = "sets/page.html"
    partial = ""
    may_show: bool


@dataclass(frozen=True)
class LeaderboardPage(Page):
    template = "leaderboard/page.html"
    board: Board
    places: Places
    measures: Sequence[Measure]
    choosing: Choosing
    sources: Mapping[int, Source]


@dataclass(frozen=True)
class ScoresPage(Page):
    template = "scores/page.html"
    measures: Mapping[str, Measure]


@dataclass(frozen=True)
class CalibrationPage(Page):
    template = "calibration/page.html"
    view: CalibrationView
    who: str
    name: str
    people: Sequence[Forecaster]
    choosing: Choosing


@dataclass(frozen=True)
class DotPage(Page):
    template = "calibration/dot.html"
    name: str
    low: float
    high: float
    said: Sequence[Uttered]
    total: int
    questions: int
    happened: int
    back: str


@dataclass(frozen=True)
class ComparePage(Page):
    template = "compare/page.html"
    people: Sequence[Forecaster]
    a: Forecaster
    b: Forecaster
    comparison: Comparison
    verdict: Sequence[str]
    sequence: diagrams.Curves
    murphy: diagrams.Curves | None
    difference: diagrams.Curves | None
    most: Sequence[Contrast]
    choosing: Choosing


@dataclass(frozen=True)
class ReceiptPage(Page):
    template = "receipts/page.html"
    glance: Glance
    forecaster: Forecaster
    rule: Rule
    lines: Sequence[Line]
    score: float
    coverage: float
    peer: float
    recorded: tuple[datetime, datetime] | None
    chart: diagrams.Receipt
    evidence: Evidence


@dataclass(frozen=True)
class VerificationPage(Page):
    template = "verification/page.html"
    keys: Sequence[str]
    latest: Checkpoint | None
    count: int


@dataclass(frozen=True)
class PersonPage(Page):
    template = "people/page.html"
    person: Forecaster
    may_moderate: bool
    merged: Sequence[Forecaster]
    source: Source | None
    choosing: Choosing
    standing: Standing
    outstanding: Outstanding
    results: Sequence[Result]
    paging: Paging
    current: Sequence[tuple[Glance, Own]]
    view: CalibrationView
    updating: Updating
    extremizing: Extremizing | None


@dataclass(frozen=True)
class DuePage(Page):
    template = "due/page.html"
    waiting: Sequence[tuple[Glance, int]]
    may_resolve: bool


@dataclass(frozen=True)
class JournalPage(Page):
    template = "journal/page.html"
    deeds: Sequence[Deed]
    typed: Mapping[str, str]
    kinds: Mapping[str, str]
    people: Mapping[str, str]
    sets: Mapping[str, str]
    older: str
    newest: str
    error: Refusal | None


@dataclass(frozen=True)
class DraftsPage(Page):
    template = "writing/drafts.html"
    drafts: Sequence[tuple[Draft, str, str]]
    waiting: int
    may_publish: bool
    error: Refusal | None


@dataclass(frozen=True)
class ReviewsPage(Page):
    template = "writing/reviews.html"
    waiting: Sequence[tuple[Draft, str, Forecaster]]


@dataclass(frozen=True)
class QuestionDraftPage(Page):
    template = "writing/question.html"
    partial = "writing/_beside.html"
    typed: Mapping[str, str]
    error: Refusal | None
    beside: Alongside
    kinds: Sequence[Asking]
    sets: Sequence[tuple[str, str]]
    choices: ShownChoices
    checks: Mapping[str, str]
    may_publish: bool


@dataclass(frozen=True)
class LadderDraftPage(Page):
    template = "writing/ladder.html"
    partial = "writing/_beside.html"
    typed: Mapping[str, str]
    error: Refusal | None
    beside: Alongside
    directions: Mapping[str, str]
    sets: Sequence[tuple[str, str]]
    choices: ShownChoices
    checks: Mapping[str, str]
    may_publish: bool


@dataclass(frozen=True)
class SourceDraftPage(Page):
    template = "writing/source.html"
    partial = "writing/_beside.html"
    typed: Mapping[str, str]
    error: Refusal | None
    beside: Alongside
    claims: Sequence[ClaimLine]
    choices: ShownChoices
    may_publish: bool


@dataclass(frozen=True)
class ClaimDraftPage(Page):
    template = "writing/claim.html"
    partial = "writing/_beside.html"
    typed: Mapping[str, str]
    error: Refusal | None
    beside: Alongside
    kinds: Sequence[Asking]
    checks: Mapping[str, str]
    number: int
    place: int
    following: int


@dataclass(frozen=True)
class ReadDraftPage(Page):
    template = "writing/read.html"
    typed: Mapping[str, str]
    error: Refusal | None
    beside: Alongside
    title: str
    author: Forecaster
    about: Mapping[str, str]
    sets: Sequence[tuple[str, str]]
    choices: ShownChoices
    way: str
    may_publish: bool


@dataclass(frozen=True)
class CopyPage(Page):
    template = "writing/copy.html"
    glance: Glance


@dataclass(frozen=True)
class RevisionPage(Page):
    template = "writing/revision.html"
    glance: Glance
    typed: Mapping[str, str]
    seen: int
    error: Refusal | None
    changes: Sequence[Altered]
    revisions: Sequence[RevisedOnce]


@dataclass(frozen=True)
class LadderPage(Page):
    template = "writing/rungs.html"
    partial = "writing/_rungs.html"
    group: str
    title: str
    steps: Sequence[Step]
    error: Refusal | None
    saved: str


@dataclass(frozen=True)
class SignInPage(Page):
    """`provider` is what single sign-on is called here, "" where there is none."""

    template = "accounts/sign_in.html"
    name: str
    back: str
    error: Refusal | None
    may_sign_up: bool
    provider: str


@dataclass(frozen=True)
class CodePage(Page):
    template = "accounts/code.html"
    back: str
    error: Refusal | None


@dataclass(frozen=True)
class SignUpPage(Page):
    template = "accounts/sign_up.html"
    name: str
    back: str
    error: Refusal | None
    role: str
    invitation: str
    is_open: bool
    provider: str


@dataclass(frozen=True)
class AskResetPage(Page):
    template = "accounts/ask_reset.html"
    name: str
    mail_is_on: bool
    asked: bool
    error: Refusal | None


@dataclass(frozen=True)
class ResetPage(Page):
    template = "accounts/reset.html"
    token: str
    name: str
    keys: bool
    done: bool
    error: Refusal | None


@dataclass(frozen=True)
class ChooseNamePage(Page):
    template = "accounts/choose_name.html"
    name: str
    provider: str
    error: Refusal | None


@dataclass(frozen=True)
class ReturnPage(Page):
    """Back from the provider of single sign-on: `code` and `state` are what it gave."""

    template = "accounts/return.html"
    provider: str
    code: str
    state: str
    error: Refusal | None


@dataclass(frozen=True)
class Invited:
    """An invitation in a line. `mark` names it; `state` is "open" while it works."""

    mark: str
    role: str
    made_by: str
    made_at: datetime
    expires_at: datetime | None
    used: int
    uses: int
    state: str


@dataclass(frozen=True)
class InvitationsPage(Page):
    """`made` is a link that is shown once, with what it is for. `failed` names the form at fault."""

    template = "accounts/invitations.html"
    invited: Sequence[Invited]
    roles: Sequence[str]
    policy: str
    fresh: bool
    made: tuple[str, str] | None
    typed: Mapping[str, str]
    failed: str
    error: Refusal | None


# Settings


@dataclass(frozen=True)
class Signed:
    """A browser in which somebody is signed in. `here` is whether it is this one."""

    mark: str
    browser: str
    made_at: datetime
    seen_at: datetime | None
    here: bool


@dataclass(frozen=True)
class SessionsPage(Page):
    template = "settings/sessions.html"
    signed: Sequence[Signed]
    fresh: bool
    lasting: Lasting
    error: Refusal | None


@dataclass(frozen=True)
class Code:
    """A QR code: how many dots wide, and its dark ones as the path of an SVG."""

    size: int
    path: str


@dataclass(frozen=True)
class FactorPage(Page):
    """The second factor. `code` and `secret` are shown until it is confirmed, `codes` once; `left` are unused."""

    template = "settings/second_factor.html"
    is_on: bool
    secret: str
    code: Code | None
    codes: Sequence[str]
    left: int
    fresh: bool
    has_password: bool
    failed: str
    error: Refusal | None


@dataclass(frozen=True)
class Hook:
    """A webhook as its owner sees it."""

    id: int
    form: str
    address: str
    events: Sequence[str]
    within: str


@dataclass(frozen=True)
class Sent:
    """A line of the delivery log. `state` is how it stands, in words; `answer` what the other side said last."""

    at: datetime
    what: str
    title: str
    slug: str
    way: str
    state: str
    answer: str


@dataclass(frozen=True)
class Wanted:
    """What somebody chooses to be told: how often, of which set ("" for all), and which events."""

    every: str
    within: str
    events: Sequence[str]


@dataclass(frozen=True)
class Signing:
    """How somebody signs in.

    fresh     whether they did a moment ago, so that the password is not asked for again
    provider  what single sign-on is called here, "" where there is none; `linked` is whether they use it
    """

    fresh: bool
    has_password: bool
    provider: str
    linked: bool


@dataclass(frozen=True)
class SettingsPage(Page):
    """`made` is what is shown only once: ("calendar", "secret" or "token", the text). `failed` names the form at fault.

    bearers  whoever has tokens that can be revoked here, oneself first and then one's bots, each with them
    """

    template = "settings/page.html"
    mail_is_on: bool
    email: str
    waiting: str
    digest: Wanted
    every: Mapping[str, str]
    events: Mapping[str, str]
    channels: Mapping[str, str]
    sets: Sequence[QuestionSet]
    hooks: Sequence[Hook]
    has_calendar: bool
    bearers: Sequence[tuple[Forecaster, Sequence[Token]]]
    scopes: Mapping[str, str]
    sent: Sequence[Sent]
    made: tuple[str, str] | None
    typed: Mapping[str, str]
    failed: str
    error: Refusal | None
    signing: Signing


@dataclass(frozen=True)
class ConfirmPage(Page):
    template = "settings/confirm.html"
    token: str
    name: str
    email: str
    done: bool
    error: Refusal | None


@dataclass(frozen=True)
class StopPage(Page):
    template = "settings/stop.html"
    token: str
    ended: bool


@dataclass(frozen=True)
class MessagePage(Page):
    template = "message.html"
    partial = "_notice.html"
    title: str
    sentence: str
