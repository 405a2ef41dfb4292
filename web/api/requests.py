"""What the API is sent, field by field. Nothing is taken for what it is not, and no field that is not here is taken."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from web.api.reading import Point, When

Text = Annotated[str, Field(max_length=20_000)]
Word = Annotated[str, Field(max_length=300)]
Fields = Annotated[dict[str, Text], Field(max_length=3_000)]


class Body(BaseModel):
    """What every body has in common."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Nothing(Body):
    """A body without a field."""


class NewForecast(Body):
    """A forecast, in one of the ways: `probability` of yes; `probabilities`, one an outcome; or low, median, high.

    low and high are the ends of an 80% interval; of a date question all three are dates as text.
    """

    probability: float | None = None
    probabilities: list[float] | None = Field(default=None, max_length=1000)
    low: Point | None = None
    median: Point | None = None
    high: Point | None = None
    expires_at: When | None = Field(default=None, description="When it ceases to stand by itself.")
    rationale: str = Field(default="", description="Why, in Markdown.", max_length=200_000)


class NewComment(Body):
    """A comment, in Markdown."""

    text: str = Field(max_length=200_000)


class NewDecision(Body):
    """A decision: what happened, “annulled” or “reopened”, and the seq of the decision that it was made in sight of."""

    outcome: Point = Field(description="An outcome's label, a value or a date; or annulled, or reopened.")
    known_at: When | None = Field(default=None, description="When the outcome became known; now, where it is not said.")
    evidence_url: Text = ""
    note: Text = ""
    supersedes: int | None = Field(default=None, ge=0)


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
    range: dict[str, Any] | None = Field(
        default=None, description="low, high, open_below, open_above, step, unit, zero_point."
    )
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
    seen: int | None = Field(default=None, ge=0)


class NewShowing(Body):
    """Who is to see a set or a question, and when they see what others say."""

    audience: Word | None = None
    reveal: Word | None = None
    reveals_at: When | None = None


class SetFile(Body):
    """A set of questions as a TOML file."""

    file: str = Field(max_length=1_000_000)


class NewDraft(Body):
    """A draft of a question, a ladder of questions or a source, with the fields that its form has."""

    asks: Word
    fields: Fields = {}


class DraftFields(Body):
    """The fields of a draft, or of one claim of it, and the version that they were typed over."""

    fields: Fields
    seen: int = Field(ge=0)


class DraftReturned(Body):
    """What is to be changed. An author who takes their own draft back says nothing."""

    remark: Text = ""
    seen: int = Field(default=0, ge=0)


class DraftPublished(Body):
    """Where a draft goes: into a set that there is, or one to be made; a source makes its own."""

    set: Word = ""
    new_set: Word = ""
    seen: int = Field(ge=0)


class LadderAnswers(Body):
    """The probability of yes of some rungs, by their slugs. The others stay as they stand."""

    answers: dict[str, float] = Field(max_length=200)


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
