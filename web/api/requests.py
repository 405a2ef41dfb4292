"""What the API is sent, field by field. Nothing is taken for what it is not, and no field that is not here is taken."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from web.api.reading import MOST, TEXT, Point, Share, When
from web.limits import LARGEST_SET

Text = Annotated[str, Field(max_length=20_000, pattern=TEXT)]
Word = Annotated[str, Field(max_length=300, pattern=TEXT)]
Long = Annotated[str, Field(max_length=200_000, pattern=TEXT)]
Seen = Annotated[int, Field(ge=0, le=2**62)]
Fields = Annotated[
    dict[str, Text], Field(max_length=3_000, json_schema_extra={"propertyNames": {"pattern": TEXT, "maxLength": 300}})
]


class Body(BaseModel):
    """What every body has in common."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Nothing(Body):
    """A body without a field."""


class NewForecast(Body):
    """A forecast, in one of the ways: `probability` of yes; `probabilities`, one an outcome; or low, median, high.

    low and high are the ends of an 80% interval; of a date question all three are dates as text.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    probability: Share | None = None
    probabilities: list[Share] | None = Field(default=None, max_length=1000)
    low: Point | None = None
    median: Point | None = None
    high: Point | None = None
    expires_at: When | None = Field(default=None, description="When it ceases to stand by itself.")
    rationale: Long = Field(default="", description="Why, in Markdown.")


class NewComment(Body):
    """A comment, in Markdown."""

    text: Long


class NewDecision(Body):
    """A decision: what happened, “annulled” or “reopened”, and the seq of the decision that it was made in sight of."""

    outcome: Point = Field(description="An outcome's label, a value or a date; or annulled, or reopened.")
    known_at: When | None = Field(default=None, description="When the outcome became known; now, where it is not said.")
    evidence_url: Text = ""
    note: Text = ""
    supersedes: Seen | None = None


class Range(Body):
    """Where a number or a date can lie; of dates the ends are moments, and the step is “day”."""

    low: Point
    high: Point
    open_below: bool
    open_above: bool
    step: Point | None = None
    unit: Word | None = None
    zero_point: Annotated[float, Field(json_schema_extra={"minimum": -MOST, "maximum": MOST})] | None = None


class NewQuestion(Body):
    """A question, by the fields that a set file has for it, and the set that it goes into."""

    set: Word
    kind: Word
    title: Text
    criteria: Text
    closes_at: When
    slug: Word | None = None
    background: Text | None = None
    fine_print: Text | None = None
    resolves_from: Text | None = None
    tags: list[Word] | None = Field(default=None, max_length=100)
    group: Word | None = None
    opens_at: When | None = Field(default=None, description="Now, where it is not said or over already.")
    resolves_at: When | None = None
    outcomes: list[Word] | None = Field(default=None, max_length=1000)
    range: Range | None = None
    audience: Word | None = None
    reveal: Word | None = None
    reveals_at: When | None = None


class NewRevision(Body):
    """What some of a question's words are to say, why, and the seq of the latest revision that was seen, if any."""

    title: Text | None = None
    background: Text | None = None
    criteria: Text | None = None
    fine_print: Text | None = None
    resolves_from: Text | None = None
    tags: list[Word] | None = Field(default=None, max_length=100)
    note: Text = ""
    seen: Seen | None = None


class NewShowing(Body):
    """Who is to see a set or a question, and when they see what others say."""

    audience: Word | None = None
    reveal: Word | None = None
    reveals_at: When | None = None


class SetFile(Body):
    """A set of questions as a TOML file."""

    file: Annotated[str, Field(max_length=LARGEST_SET, pattern=TEXT)]


class NewDraft(Body):
    """A draft of a question, a ladder of questions or a source, with the fields that its form has."""

    asks: Word
    fields: Fields = {}


class TypedFields(Body):
    """The fields of a draft, or of one claim of it, and the version that they were typed over."""

    fields: Fields
    seen: Seen


class DraftReturned(Body):
    """What is to be changed. An author who takes their own draft back says nothing."""

    remark: Text = ""
    seen: Seen = 0


class DraftPublished(Body):
    """Where a draft goes: into a set that there is, or one to be made; a source makes its own.

    Who sees it, and when they see what others say, is as its author chose where it is left out here.
    """

    set: Word = ""
    new_set: Word = ""
    audience: Word | None = None
    reveal: Word | None = None
    reveals_at: When | None = None
    seen: Seen


class NewHiding(Body):
    """Whether a comment is to be hidden, or shown again, and why."""

    hidden: bool
    note: Long = ""


class NewSuspension(Body):
    """Whether somebody is to do nothing but read, or to act again, and why."""

    suspended: bool
    note: Long = ""


class NewMerge(Body):
    """Whom somebody is the same as, by their handle, and why."""

    into: Word
    note: Long = ""


class NewSeparation(Body):
    """Why somebody is not the same as whom they were merged into."""

    note: Long = ""


class LadderAnswers(Body):
    """The probability of yes of some rungs, by their slugs. The others stay as they stand."""

    answers: dict[str, Share] = Field(max_length=200, json_schema_extra={"propertyNames": {"pattern": TEXT}})


class NewSettings(Body):
    """What to change of one's settings; what is left out stays."""

    private: bool | None = None
    shortcuts: bool | None = None


class TokenAsked(Body):
    """A token to be made: what it is for, what it may do, and until when."""

    name: Word
    scopes: list[Literal["read", "forecast", "moderate"]] = Field(max_length=3)
    expires_at: When | None = None


class NewBot(Body):
    """A bot to be made."""

    name: Word


class NewWebhook(Body):
    """A webhook to be added; of the questions of one set, or of all."""

    channel: Word = Field(default="webhook", description="webhook, which is signed JSON; slack or discord.")
    address: Text
    events: list[Word] = Field(max_length=10, description="Some of resolved, closing, moved.")
    set: Word = ""


class DigestChosen(Body):
    """How often a mail is to come (day or week; empty for none), and what it is to tell of."""

    every: Word
    events: list[Word] = Field(default_factory=list, max_length=10)
    set: Word = ""


class Copied(Body):
    """How to ask a question again: again, with its times left empty; later, by a year; longer, from its close."""

    how: Word
