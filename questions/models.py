"""The tables of what is asked: sources, sets, questions, resolutions, and the journal's entries."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    inspect,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A point in time: aware, UTC, to the microsecond, the same on every engine. Naive ones are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} names no time zone. Give it in UTC.")
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Seq = BigInteger().with_variant(Integer(), "sqlite")
"""An entry's number, on both engines wide enough for ever."""


def said(moment: datetime | None) -> str | None:
    """A moment as the journal writes it: RFC 3339, UTC, always six decimals, so that equal times are equal bytes."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model, for statements that are built once and run often, past the session's bookkeeping."""
    return cast(Table, inspect(model).local_table)


class Head(SQLModel, table=True):
    """The journal's one head row. Who writes holds it: in PostgreSQL by FOR UPDATE, in SQLite by the file's lock."""

    __tablename__ = "journal_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(sa_type=Seq)
    recorded_at: datetime = Field(sa_type=Moment)
    hash: bytes = Field(sa_type=LargeBinary)


class Entry(SQLModel, table=True):
    """One public act in the journal. Only seq and recorded_at are bare; the rest stands under the commitment.

    content and salt are None once the act's words were erased; the chain holds without them.
    """

    __tablename__ = "entry"
    __table_args__ = (
        CheckConstraint("(content IS NULL) = (salt IS NULL)", name="erased_whole"),
        Index("ix_entry_subject_seq", "subject", "seq"),
    )

    seq: int = Field(primary_key=True, sa_type=Seq, sa_column_kwargs={"autoincrement": False})
    recorded_at: datetime = Field(sa_type=Moment)
    kind: str
    actor: str
    subject: str
    content: str | None = Field(default=None, sa_type=Text)
    salt: bytes | None = Field(default=None, sa_type=LargeBinary)
    commitment: bytes = Field(sa_type=LargeBinary)
    hash: bytes = Field(sa_type=LargeBinary)


class Source(SQLModel, table=True):
    """A text that implies forecasts, such as an essay: when it was published, and when it was read for its numbers."""

    __tablename__ = "source"

    id: int = Field(default=None, primary_key=True)
    entry: int = Field(foreign_key="entry.seq", unique=True, sa_type=Seq)
    slug: str = Field(unique=True)
    name: str
    title: str
    author: str = ""
    note: str = Field(default="", sa_type=Text)
    said_at: datetime = Field(sa_type=Moment)
    read_on: date

    def as_published(self) -> dict[str, Any]:
        """What the journal says of this source."""
        words = {name: getattr(self, name) for name in ("slug", "name", "title", "author", "note")}
        return words | {"said_at": said(self.said_at), "read_on": self.read_on.isoformat()}


class QuestionSet(SQLModel, table=True):
    """Questions that belong together, often because one source implies them.

    expires_after  for what share of a question's time a forecast stands where its forecaster does not say; None for
                   until the end
    audience       who sees it: one of AUDIENCES
    key            what stands in the link that opens it while it is unlisted; no public act
    reveal         when people see what others say of its questions: one of REVEALS; from `reveals_at` on for "at"
    """

    __tablename__ = "question_set"
    __table_args__ = (
        CheckConstraint("expires_after > 0 AND expires_after <= 1", name="expires_after"),
        CheckConstraint("audience IN ('public', 'members', 'unlisted', 'draft')", name="audience"),
        CheckConstraint("reveal IN ('always', 'answered', 'closed', 'at')", name="reveal"),
    )

    id: int = Field(default=None, primary_key=True)
    entry: int = Field(foreign_key="entry.seq", unique=True, sa_type=Seq)
    slug: str = Field(unique=True)
    title: str
    description: str = Field(default="", sa_type=Text)
    source_id: int | None = Field(default=None, foreign_key="source.id")
    expires_after: float | None = None
    audience: str = "public"
    key: str | None = Field(default=None, index=True, unique=True)
    reveal: str = "always"
    reveals_at: datetime | None = Field(default=None, sa_type=Moment)

    def as_published(self, source: Source | None) -> dict[str, Any]:
        """What the journal says of this set."""
        words = {"slug": self.slug, "title": self.title, "description": self.description}
        share = {} if self.expires_after is None else {"expires_after": self.expires_after}
        return {**words, "source": source.slug if source else None} | share | shown_to(self, "public", "always")


AUDIENCES: Mapping[str, str] = {
    "public": "Everybody",
    "members": "Whoever has an account here",
    "unlisted": "Whoever has the link",
    "draft": "Moderators alone",
}
"""Who sees a set, or a question whose audience is not its set's."""

REVEALS: Mapping[str, str] = {
    "always": "At any time",
    "answered": "After one’s own forecast",
    "closed": "After the question has closed",
    "at": "From a moment on",
}
"""When people see what others say of a question. Once it is decided everybody does."""

AS_ITS_SET = "set"
"""The audience, or the reveal, of a question that has none of its own."""


def shown_to(one: "QuestionSet | Question", audience: str, reveal: str) -> dict[str, str]:
    """What the journal says of who sees it and when, where that is not what it is by default."""
    words = {"audience": one.audience if one.audience != audience else "", "reveal": ""}
    if one.reveal != reveal:
        words |= {"reveal": one.reveal, "reveals_at": said(one.reveals_at) or ""}
    return {name: word for name, word in words.items() if word}


WORDS = ("slug", "kind", "title", "background", "criteria", "fine_print", "resolves_from", "claim", "paragraph")
REVISABLE = ("title", "background", "criteria", "fine_print", "resolves_from", "tags")
"""What may be made clearer after publication. What is scored by (times, outcomes, kind) stays as it was asked."""


class Question(SQLModel, table=True):
    """A question with everything that a stranger needs to resolve it.

    spec        what its kind needs: {} for yes/no, {"outcomes": [..]} or {"range": {..}}
    resolution  seq of the latest resolution, 0 while there is none: what two moderators at once are told apart by
    revision    grows with every public act on the question; caches are keyed by it
    imported    whether it came by an import: such questions alone take forecasts that were made elsewhere, earlier
    audience    who sees it: one of AUDIENCES, or as its set
    key         what stands in the link that opens it while it is unlisted; no public act
    reveal      when people see what others say: one of REVEALS, or as its set; from `reveals_at` on for "at"
    """

    __tablename__ = "question"
    __table_args__ = (
        CheckConstraint("opens_at < closes_at", name="closes_after_it_opens"),
        CheckConstraint("closes_at <= resolves_at", name="resolves_after_it_closes"),
        CheckConstraint("state IN ('draft', 'review', 'published')", name="state"),
        CheckConstraint("audience IN ('set', 'public', 'members', 'unlisted', 'draft')", name="audience"),
        CheckConstraint("reveal IN ('set', 'always', 'answered', 'closed', 'at')", name="reveal"),
    )

    id: int = Field(default=None, primary_key=True)
    entry: int = Field(foreign_key="entry.seq", unique=True, sa_type=Seq)
    set_id: int = Field(foreign_key="question_set.id", index=True)
    position: int
    state: str = "published"
    slug: str = Field(unique=True)
    kind: str
    title: str = Field(sa_type=Text)
    background: str = Field(default="", sa_type=Text)
    criteria: str = Field(sa_type=Text)
    fine_print: str = Field(default="", sa_type=Text)
    resolves_from: str = Field(default="", sa_type=Text)
    claim: str = Field(default="", sa_type=Text)
    paragraph: str = ""
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    group: str
    spec: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    opens_at: datetime = Field(sa_type=Moment)
    closes_at: datetime = Field(sa_type=Moment)
    resolves_at: datetime = Field(sa_type=Moment)
    resolution: int = Field(default=0, sa_type=Seq)
    revision: int = 0
    imported: bool = False
    audience: str = AS_ITS_SET
    key: str | None = Field(default=None, index=True, unique=True)
    reveal: str = AS_ITS_SET
    reveals_at: datetime | None = Field(default=None, sa_type=Moment)

    def as_published(self, set_slug: str) -> dict[str, Any]:
        """What the journal says of this question."""
        words = {name: getattr(self, name) for name in (*WORDS, "tags", "group", "spec", "position")}
        times = {name: said(getattr(self, name)) for name in ("opens_at", "closes_at", "resolves_at")}
        more = {"imported": True} if self.imported else {}
        return words | times | {"set": set_slug} | more | shown_to(self, AS_ITS_SET, AS_ITS_SET)


class Resolution(SQLModel, table=True):
    """One decision on a question. All stay; the latest counts.

    verdict     "resolved" with an outcome, "annulled", or "reopened"
    known_at    when the outcome became known in the world, not when somebody clicked
    claimed_at  of an import: when whoever kept it before says that it was recorded
    value       the figure or date as typed, where outcomes are bins
    supersedes  seq of the resolution that the moderator saw, 0 where there was none
    """

    __tablename__ = "resolution"
    __table_args__ = (
        UniqueConstraint("question_id", "supersedes"),
        CheckConstraint("verdict IN ('resolved', 'annulled', 'reopened')", name="verdict"),
        CheckConstraint("(verdict = 'resolved') = (outcome IS NOT NULL)", name="outcome"),
        CheckConstraint("(verdict = 'resolved') = (known_at IS NOT NULL)", name="known"),
    )

    entry: int = Field(
        primary_key=True, foreign_key="entry.seq", sa_type=Seq, sa_column_kwargs={"autoincrement": False}
    )
    question_id: int = Field(foreign_key="question.id", index=True)
    verdict: str
    outcome: int | None = None
    value: str = ""
    known_at: datetime | None = Field(default=None, sa_type=Moment)
    recorded_at: datetime = Field(sa_type=Moment)
    claimed_at: datetime | None = Field(default=None, sa_type=Moment)
    evidence_url: str = Field(default="", sa_type=Text)
    note: str = Field(default="", sa_type=Text)
    supersedes: int = Field(default=0, sa_type=Seq)

    def as_published(self) -> Mapping[str, Any]:
        """What the journal says of this decision."""
        words = {name: getattr(self, name) for name in ("verdict", "outcome", "value", "evidence_url", "note")}
        claim = {"claimed_at": said(self.claimed_at)} if self.claimed_at else {}
        return words | {"known_at": said(self.known_at), "supersedes": self.supersedes or None} | claim


class Revision(SQLModel, table=True):
    """A change to a question's words after it was published. All stay visible; the question has what the latest made.

    changes  what each changed field says now, by name: some of REVISABLE
    note     why, in a moderator's words
    """

    __tablename__ = "revision"

    entry: int = Field(
        primary_key=True, foreign_key="entry.seq", sa_type=Seq, sa_column_kwargs={"autoincrement": False}
    )
    question_id: int = Field(foreign_key="question.id", index=True)
    recorded_at: datetime = Field(sa_type=Moment)
    changes: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    note: str = Field(default="", sa_type=Text)

    def as_published(self) -> dict[str, Any]:
        """What the journal says of this change."""
        return {"changes": self.changes, "note": self.note}


class Showing(SQLModel, table=True):
    """A change of who sees a set or a question, or of when they see what others say, after it was published.

    One of set_id and question_id is None. All stay; the set or the question has what the latest says.
    """

    __tablename__ = "showing"
    __table_args__ = (CheckConstraint("(set_id IS NULL) <> (question_id IS NULL)", name="of_one"),)

    entry: int = Field(
        primary_key=True, foreign_key="entry.seq", sa_type=Seq, sa_column_kwargs={"autoincrement": False}
    )
    set_id: int | None = Field(default=None, foreign_key="question_set.id", index=True)
    question_id: int | None = Field(default=None, foreign_key="question.id", index=True)
    recorded_at: datetime = Field(sa_type=Moment)
    audience: str
    reveal: str
    reveals_at: datetime | None = Field(default=None, sa_type=Moment)

    def as_published(self) -> dict[str, Any]:
        """What the journal says of this change."""
        of = "set" if self.question_id is None else "question"
        return {"of": of, "audience": self.audience, "reveal": self.reveal, "reveals_at": said(self.reveals_at)}
