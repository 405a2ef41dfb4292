"""What the API answers with, field by field."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class Who(BaseModel):
    """A forecaster: a person, a bot, a text, the crowd, or the one who always says 50%."""

    handle: str
    name: str
    kind: Literal["person", "bot", "source", "crowd", "constant"]
    owner: str | None = Field(description="Of a bot: the handle of whom it belongs to, if that may be looked at.")
    private: bool
    imported: bool
    simulated: bool


class Said(BaseModel):
    """A forecast: in words, and in numbers by the question's kind. A value beyond an open end of a range is null."""

    text: str
    probability: float | None = Field(description="Of a yes-or-no question: of yes.")
    probabilities: list[float] | None = Field(description="One for each outcome; null in lists where these are bins.")
    low: float | str | None = Field(description="Of a number or a date: the low end of its 80% interval.")
    median: float | str | None
    high: float | str | None


class Acted(BaseModel):
    """An act on record: its number in the journal, when it was recorded, and the hash that binds it there."""

    seq: int
    recorded_at: datetime
    receipt: str


class Brief(BaseModel):
    """A question in a list."""

    slug: str
    title: str
    kind: Literal["binary", "choice", "number", "date"]
    set: str | None = Field(description="Its set's slug; null where the set may not be seen.")
    group: str
    tags: list[str]
    status: str = Field(description="upcoming, open, closed, resolved or annulled.")
    opens_at: datetime
    closes_at: datetime
    resolves_at: datetime
    imported: bool
    hidden: str = Field(description="Until when the crowd is hidden from you, in words; empty where it is not.")
    crowd: Said | None
    crowd_count: int = Field(description="How many people the crowd is made of.")
    outcome: str = Field(description="What happened, in words; empty until it is known.")
    known_at: datetime | None
    resolution: int | None = Field(description="The seq of the latest decision: what the next one supersedes.")


class Questions(BaseModel):
    """A part of a list of questions."""

    questions: list[Brief]
    next: str | None


class Own(BaseModel):
    """A forecast of one's own, or a withdrawal, exactly as it is on record; `said` is null for a withdrawal."""

    seq: int
    said: Said | None
    made_at: datetime
    recorded_at: datetime
    expires_at: datetime | None
    rationale: str
    undoes: int | None


class Owns(BaseModel):
    """All that one said on a question, the newest first, and what of it stands now."""

    standing: Own | None
    forecasts: list[Own]


class Decision(BaseModel):
    """A resolution, an annulment or a reopening; the first of a list counts."""

    seq: int
    verdict: Literal["resolved", "annulled", "reopened"]
    outcome: int | None = Field(description="The index of what happened.")
    text: str
    known_at: datetime | None
    recorded_at: datetime
    by: str
    evidence_url: str
    note: str
    supersedes: int | None


class Reworded(BaseModel):
    """One field that a revision changed."""

    field: str
    before: str
    after: str


class Revision(BaseModel):
    """A change to a question's words after it was published."""

    seq: int
    recorded_at: datetime
    by: str
    note: str
    changes: list[Reworded]


class Quote(BaseModel):
    """What a source makes of a question, when it said so, and when that was put on record here."""

    source: str
    name: str
    text: str
    reason: str
    made_at: datetime
    recorded_at: datetime


class Question(Brief):
    """A question with everything that a stranger needs to resolve it."""

    background: str
    criteria: str
    fine_print: str
    resolves_from: str
    claim: str
    paragraph: str
    outcomes: list[str] = Field(description="In the order of `probabilities`.")
    spec: dict[str, Any] = Field(description="What its author wrote of its outcomes, range or ladder.")
    recorded_at: datetime
    audience: str = Field(description="Who sees it: public, members, unlisted or draft.")
    reveal: str = Field(description="When one sees what others say: always, answered, closed or at.")
    reveals_at: datetime | None
    quoted: Quote | None
    own: Own | None = Field(description="What stands of whoever asks.")
    decisions: list[Decision]
    revisions: list[Revision]
    revised: int | None = Field(description="The seq of the latest revision: what the next one has seen.")


class Shown(BaseModel):
    """Who sees a set or a question, when they see what others say, and the link to what is unlisted."""

    audience: str
    reveal: str
    reveals_at: datetime | None
    link: str | None
    changed: bool


class CrowdPoint(BaseModel):
    """What the crowd said from a moment on; a fraction or a value is null where nobody stood."""

    at: datetime
    count: int
    probability: float | None
    lower: float | None
    upper: float | None
    probabilities: list[float | None] | None
    quantiles: list[float | str | None] | None = Field(description="At 0.1, 0.25, 0.5, 0.75 and 0.9.")


class CrowdHistory(BaseModel):
    """The crowd after each change, the oldest first."""

    hidden: str
    points: list[CrowdPoint]
    next: int | None


class Comment(BaseModel):
    """What somebody wrote under a question, and what they said then, in words, if that is shown.

    Where a moderator hides it, `text` is empty.
    """

    seq: int
    who: Who
    recorded_at: datetime
    text: str
    hidden: bool
    said: str


class Comments(BaseModel):
    """A part of the comments, the newest first; `next` is what to send as `before`."""

    comments: list[Comment]
    next: int | None


class Reason(BaseModel):
    """Why somebody said what they said; `now` is what they say since, where that is something else."""

    seq: int
    who: Who
    made_at: datetime
    recorded_at: datetime
    text: str
    said: str
    now: str


class Reasons(BaseModel):
    """The reasons that people gave with their forecasts, the newest first."""

    rationales: list[Reason]


class Deed(BaseModel):
    """One act on a question; `who` is null for whoever runs the machine."""

    seq: int
    recorded_at: datetime
    who: Who | None
    kind: str
    did: str
    text: str


class Deeds(BaseModel):
    """A part of what was done on a question, the newest first; `next` is what to send as `before`."""

    acts: list[Deed]
    next: int | None


class Scored(BaseModel):
    """One forecaster's scores on a question. `losses` is by rule; lower is better. Higher peer scores are."""

    who: Who
    losses: dict[str, float | None]
    peer: float
    coverage: float
    presence: float
    last: str


class Scores(BaseModel):
    """Everybody's scores on a question, best first; empty until it is resolved."""

    rules: list[str]
    scores: list[Scored]
    more: int


class Line(BaseModel):
    """A stretch of a receipt, from one change or midnight to the next."""

    start: datetime
    stop: datetime
    probabilities: list[float]
    loss: float
    others: float | None
    crowd: float | None
    share: float
    contribution: float
    gain: float


class Receipt(BaseModel):
    """How one forecaster came by a score: the contributions add up to it, the gains to the peer score.

    proof is a text to keep, for verifier.py: that the entries it rests on are among those of a signed checkpoint; null
    where none covers them yet, or where it rests on no entry of its own.
    """

    question: str
    who: Who
    rule: str
    score: float
    peer: float
    coverage: float
    lines: list[Line]
    proof: str | None


class Measure(BaseModel):
    """What a board goes by."""

    name: str
    title: str
    about: str
    higher: bool
    reference: float | None


class Row(BaseModel):
    """One forecaster's row on a board; null is what cannot be told."""

    who: Who
    value: float
    text: str
    low: float | None
    high: float | None
    questions: int
    groups: int
    coverage: float
    presence: float
    rank: int | None
    best: int | None
    worst: int | None
    first: float | None
    top: float | None
    tied: bool
    below_the_line: bool


class Board(BaseModel):
    """A leaderboard, the best first."""

    measure: Measure
    questions: int
    groups: int
    podium: bool
    rows: list[Row]


class Differed(BaseModel):
    """A question on which two forecasters differed; above 0 the first lost more."""

    question: str
    title: str
    outcome: str
    a: str
    b: str
    difference: float
    shared: float


class Contest(BaseModel):
    """Two forecasters on the questions that both answered: differences are the first's loss less the second's."""

    a: Who
    b: Who
    verdict: Literal["a", "b", "open"]
    told: list[str]
    questions: int
    mean: float | None
    low: float | None
    high: float | None
    approximate: bool
    most: list[Differed]


class Bin(BaseModel):
    """Forecasts from `low` to `high`: their mean, the share that came true, and where it may lie by chance alone."""

    low: float
    high: float
    forecast: float
    frequency: float
    count: int
    band_low: float
    band_high: float


class Parts(BaseModel):
    """A mean loss taken apart: score = miscalibration - discrimination + uncertainty."""

    rule: str
    score: float
    miscalibration: float
    discrimination: float
    uncertainty: float


class Calibration(BaseModel):
    """Calibration on resolved yes-or-no questions; of numbers and dates how often 80% intervals held the truth."""

    who: Who | None
    forecasts: int
    questions: int
    bins: list[Bin]
    z: float | None
    p_value: float | None
    parts: list[Parts]
    intervals: int
    interval_rate: float | None


class People(BaseModel):
    """Forecasters whose pages whoever asks may look at."""

    people: list[Who]


class Standing(BaseModel):
    """Where somebody stands on one board."""

    measure: str
    row: Row


class Person(Who):
    """A forecaster, and where they stand on every board on which they have a row."""

    standings: list[Standing]
    told: list[str]


class Current(BaseModel):
    """A forecast that stands on a question that is not decided yet."""

    question: str
    title: str
    status: str
    text: str
    made_at: datetime
    expires_at: datetime | None


class Currents(BaseModel):
    """What somebody says now, without what is hidden from whoever asks."""

    forecasts: list[Current]


class Result(BaseModel):
    """What somebody's forecasts on a resolved question came to."""

    question: str
    title: str
    outcome: str
    rule: str
    loss: float
    peer: float
    coverage: float
    presence: float


class Results(BaseModel):
    """A part of somebody's results, the latest decided first."""

    results: list[Result]
    next: int | None


class Source(BaseModel):
    """A text that implies forecasts."""

    slug: str
    name: str
    title: str
    author: str
    note: str
    said_at: datetime
    read_on: date


class Set(BaseModel):
    """A set of questions."""

    slug: str
    title: str
    description: str
    audience: str
    reveal: str
    reveals_at: datetime | None
    expires_after: float | None
    source: Source | None
    questions: int


class Sets(BaseModel):
    """The sets that whoever asks may see."""

    sets: list[Set]


class Sources(BaseModel):
    """The texts of the sets that whoever asks may see."""

    sources: list[Source]


class Loaded(BaseModel):
    """What came of a set file, in words."""

    report: str


class Draft(BaseModel):
    """A draft: what it is to become, how far it is, its fields as typed, and what it lacks, if anything."""

    number: int
    asks: Literal["question", "ladder", "source"]
    state: Literal["draft", "review", "returned", "published"]
    author: str
    fields: dict[str, str]
    remark: str
    became: str
    version: int
    saved_at: datetime
    lacks: str = Field(description="Why it cannot be published as it is; empty where it can.")
    lacks_field: str


class Drafts(BaseModel):
    """Drafts, the latest first; of those that wait for review the longest waiting."""

    drafts: list[Draft]


class ClaimAdded(BaseModel):
    """The number of a claim that a source was given room for."""

    claim: int
    version: int


class Rung(BaseModel):
    """A rung of a ladder."""

    question: str
    title: str
    direction: str
    status: str
    crowd: Said | None
    hidden: str
    own: float | None


class Ladder(BaseModel):
    """A ladder, by direction and threshold."""

    group: str
    rungs: list[Rung]


class Answered(BaseModel):
    """What answering a ladder changed."""

    changed: int
    acts: list[Acted]


class Me(Who):
    """Whoever asks: who they are, what they may and what they chose."""

    role: str
    shortcuts: bool
    scopes: list[str] | None = Field(description="Of the token that was sent; null for a browser's session.")


class Token(BaseModel):
    """A token, without what its bearer sends."""

    number: int
    name: str
    scopes: list[str]
    made_at: datetime
    expires_at: datetime | None
    used_at: datetime | None = Field(description="To within the hour.")


class Tokens(BaseModel):
    """The tokens that work, or have merely expired."""

    tokens: list[Token]


class NewToken(Token):
    """A token as it was just made: `token` is shown this once."""

    token: str


class Bots(BaseModel):
    """The bots of whoever asks."""

    bots: list[Who]


class Webhook(BaseModel):
    """A webhook that runs; `set` is null where it tells of all questions."""

    number: int
    channel: Literal["webhook", "slack", "discord"]
    address: str
    events: list[str]
    set: str | None
    made_at: datetime


class Webhooks(BaseModel):
    """The webhooks of whoever asks."""

    webhooks: list[Webhook]


class NewWebhook(Webhook):
    """A webhook as it was just made: the secret is shown this once, and empty where the channel signs nothing."""

    secret: str


class Digest(BaseModel):
    """The mail that somebody is sent."""

    every: str = Field(description="day or week; empty where none comes.")
    events: list[str]
    set: str | None
    has_address: bool = Field(description="Whether there is a confirmed address that it could go to.")


class Calendar(BaseModel):
    """The secret address of a calendar, shown this once."""

    address: str


class Delivery(BaseModel):
    """One event for one webhook or digest, and what became of telling it."""

    webhook: int | None = Field(description="Its number; null for mail.")
    event: Literal["resolved", "closing", "moved", "test"]
    question: str
    state: str = Field(description="due, sending, sent or failed.")
    tries: int
    due_at: datetime
    sent_at: datetime | None
    answer: str


class Deliveries(BaseModel):
    """What somebody was told of lately."""

    deliveries: list[Delivery]


class Moderated(BaseModel):
    """Something that a moderator did: when, the name of who did it, and why."""

    seq: int
    recorded_at: datetime
    by: str
    note: str


class Hiding(Moderated):
    """That a comment was hidden, or shown again."""

    hidden: bool


class Hidings(BaseModel):
    """What moderators did about a comment, the latest first."""

    hidings: list[Hiding]


class Suspension(Moderated):
    """That somebody was suspended, or let act again."""

    suspended: bool


class Suspensions(BaseModel):
    """When somebody was suspended and let act again, the latest first."""

    suspensions: list[Suspension]


class Moving(BaseModel):
    """How much would move; `both` are the questions on which both have forecast."""

    forecasts: int
    comments: int
    drafts: int
    bots: int
    both: int


class Merging(Moderated):
    """That somebody was merged into another, by their handle, or separated from them again."""

    into: str
    merged: bool


class Mergings(BaseModel):
    """When somebody was merged into another and separated again, the latest first."""

    mergings: list[Merging]


class Entry(BaseModel):
    """An act in the journal. Whoever may not see what was done is given the commitment to it alone."""

    seq: int
    recorded_at: datetime
    hash: str
    commitment: str
    kind: str | None
    subject: str | None
    content: dict[str, Any] | None


class Journal(BaseModel):
    """A part of the journal, the oldest first; `next` is what to send as `after`."""

    entries: list[Entry]
    next: int | None


class Done(BaseModel):
    """That it was done."""

    done: Literal[True] = True
