"""The tables of what people said and how well: forecasters, forecasts, scores, and the accounts behind them."""

from base64 import b64encode
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import JSON, CheckConstraint, Column, Dialect, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from forecasts.timeline import Numbers
from questions.models import Moment, Seq, said
from questions.shape import Vector

CROWD = "crowd"
CROWDS = {CROWD: "median", "crowd-mean": "mean", "crowd-odds": "odds", "crowd-recent": "recent"}
"""The crowd as forecasters of its own: each one's handle, and the aggregate in forecasts/crowd.py that it is."""

EVEN = "always-50"


class Reals(TypeDecorator[Vector]):
    """A vector of float64, little-endian, as bytes: 202 bins in 1.6 KB."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Vector | None, dialect: Dialect) -> bytes | None:
        return None if value is None else np.asarray(value, dtype="<f8").tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Vector | None:
        return None if value is None else np.frombuffer(value, dtype="<f8")


class Wholes(TypeDecorator[Numbers]):
    """A row of whole numbers of 64 bits, little-endian, as bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Numbers | None, dialect: Dialect) -> bytes | None:
        return None if value is None else np.asarray(value, dtype="<i8").tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Numbers | None:
        return None if value is None else np.frombuffer(value, dtype="<i8")


class Forecaster(SQLModel, table=True):
    """Whoever forecasts: a person, a bot, a text, the crowd, or the one who always says 50%.

    pseudonym  a random id: how the journal names its actor, so that the chain tells no names
    handle     how addresses name them, lower case
    imported   whether they came by an import: nobody can sign in as them, and they forecast by imports alone
    simulated  whether a program made them up, as `brierboard demo` does; every page says so
    private    whether their page, receipts and calibration are theirs alone to see; on boards they stand like anybody
    shortcuts  whether single keys act while the sheet has the focus
    suspended  whether a moderator has them do nothing but read
    owner_id   of a bot: the person whom it belongs to, and with whose eyes it sees; None of everybody else
    erasure    the entry by which the record forgot who they were, see forecasts/erasing.py; None of everybody else

    merged_into_id  who counts for them since a moderator found both to be the same, None of everybody else; that one
                    may have been merged into another in turn, see forecasts/roots.py
    """

    __tablename__ = "forecaster"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'bot', 'source', 'crowd', 'constant')", name="kind"),
        CheckConstraint("role IN ('forecaster', 'moderator', 'administrator')", name="role"),
        CheckConstraint("owner_id IS NULL OR kind = 'bot'", name="owner"),
    )

    id: int = Field(default=None, primary_key=True)
    pseudonym: str = Field(unique=True)
    handle: str = Field(unique=True)
    name: str
    kind: str = "person"
    role: str = "forecaster"
    password: str | None = None
    source_id: int | None = Field(default=None, foreign_key="source.id", unique=True)
    joined_at: datetime = Field(sa_type=Moment)
    imported: bool = False
    simulated: bool = False
    private: bool = False
    shortcuts: bool = True
    suspended: bool = False
    owner_id: int | None = Field(default=None, foreign_key="forecaster.id", index=True)
    merged_into_id: int | None = Field(default=None, foreign_key="forecaster.id", index=True)
    erasure: int | None = Field(default=None, foreign_key="entry.seq", sa_type=Seq)


class Forecast(SQLModel, table=True):
    """One forecast or withdrawal. Append-only: each stood until the forecaster's next.

    forecaster_id  whose it counts as: whoever said it, as the entry has it, or whom they were merged into
    probabilities  None where this is a withdrawal
    made_at        when it was said; earlier than its entry only for an import or a source
    claimed_at     of an import: when whoever kept it before says that it was recorded
    undoes         the entry of the act that this one takes back, None where it is no undoing
    """

    __tablename__ = "forecast"
    __table_args__ = (Index("ix_forecast_question_id_forecaster_id", "question_id", "forecaster_id"),)

    entry: int = Field(
        primary_key=True, foreign_key="entry.seq", sa_type=Seq, sa_column_kwargs={"autoincrement": False}
    )
    question_id: int = Field(foreign_key="question.id")
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    made_at: datetime = Field(sa_type=Moment)
    recorded_at: datetime = Field(sa_type=Moment)
    claimed_at: datetime | None = Field(default=None, sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    probabilities: Any = Field(default=None, sa_type=Reals, nullable=True)
    rationale: str = Field(default="", sa_type=Text)
    undoes: int | None = Field(default=None, sa_type=Seq)

    def as_published(self, ordered: bool) -> dict[str, Any]:
        """What the journal says of this act: plain numbers, or for bins base64 of the bytes that the table holds."""
        times = {"made_at": self.made_at if self.made_at != self.recorded_at else None}
        times |= {"expires_at": self.expires_at, "claimed_at": self.claimed_at}
        content: dict[str, Any] = {name: said(moment) for name, moment in times.items() if moment}
        if self.probabilities is not None:
            raw = np.asarray(self.probabilities, dtype="<f8")
            content["probabilities"] = b64encode(raw.tobytes()).decode() if ordered else raw.tolist()
        if self.rationale:
            content["rationale"] = self.rationale
        if self.undoes is not None:
            content["undoes"] = self.undoes
        return content


class Position(SQLModel, table=True):
    """Each forecaster's latest act on each question, so that a page need not search their history for it."""

    __tablename__ = "position"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    forecaster_id: int = Field(primary_key=True, foreign_key="forecaster.id", index=True)
    entry: int = Field(foreign_key="forecast.entry", sa_type=Seq)


class Look(SQLModel, table=True):
    """When somebody last looked at a question. Nobody's business but theirs, so no entry says so."""

    __tablename__ = "look"

    forecaster_id: int = Field(primary_key=True, foreign_key="forecaster.id")
    question_id: int = Field(primary_key=True, foreign_key="question.id", index=True)
    looked_at: datetime = Field(sa_type=Moment)


class Comment(SQLModel, table=True):
    """What somebody wrote under a question, in Markdown; `hidden` while a moderator keeps it from everybody else."""

    __tablename__ = "comment"

    entry: int = Field(
        primary_key=True, foreign_key="entry.seq", sa_type=Seq, sa_column_kwargs={"autoincrement": False}
    )
    question_id: int = Field(foreign_key="question.id", index=True)
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    recorded_at: datetime = Field(sa_type=Moment)
    text: str = Field(sa_type=Text)
    hidden: bool = False

    def as_published(self) -> dict[str, Any]:
        """What the journal says of this comment."""
        return {"text": self.text}


class Hiding(SQLModel, table=True):
    """That a moderator hid a comment, or showed it again, and why."""

    __tablename__ = "hiding"

    entry: int = Field(
        primary_key=True, foreign_key="entry.seq", sa_type=Seq, sa_column_kwargs={"autoincrement": False}
    )
    comment_entry: int = Field(foreign_key="comment.entry", index=True, sa_type=Seq)
    recorded_at: datetime = Field(sa_type=Moment)
    hidden: bool
    note: str = Field(sa_type=Text)

    def as_published(self) -> dict[str, Any]:
        """What the journal says of it."""
        return {"comment": self.comment_entry, "hidden": self.hidden, "note": self.note}


class Suspension(SQLModel, table=True):
    """That a moderator suspended a forecaster, or let them act again, and why."""

    __tablename__ = "suspension"

    entry: int = Field(
        primary_key=True, foreign_key="entry.seq", sa_type=Seq, sa_column_kwargs={"autoincrement": False}
    )
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    recorded_at: datetime = Field(sa_type=Moment)
    suspended: bool
    note: str = Field(sa_type=Text)

    def as_published(self, pseudonym: str) -> dict[str, Any]:
        """What the journal says of it, which names nobody but by the pseudonym."""
        return {"who": pseudonym, "suspended": self.suspended, "note": self.note}


class Merge(SQLModel, table=True):
    """That a moderator merged a forecaster into another, or separated them again, and why.

    brought  the ids of what went along and no entry tells of, so that it goes back: "drafts" and "bots"
    """

    __tablename__ = "merge"

    entry: int = Field(
        primary_key=True, foreign_key="entry.seq", sa_type=Seq, sa_column_kwargs={"autoincrement": False}
    )
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    into_id: int = Field(foreign_key="forecaster.id", index=True)
    recorded_at: datetime = Field(sa_type=Moment)
    merged: bool
    note: str = Field(sa_type=Text)
    brought: dict[str, list[int]] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))

    def as_published(self, who: str, into: str) -> dict[str, Any]:
        """What the journal says of it, which names nobody but by the pseudonym."""
        return {"who": who, "into": into, "merged": self.merged, "note": self.note}


class Checkpoint(SQLModel, table=True):
    """The journal up to its entry `size`, signed: see forecasts/checkpoints.py. Append-only.

    root  of the Merkle tree over those entries
    note  the checkpoint as it was signed, in C2SP's form
    key   the public key that it was signed with
    """

    __tablename__ = "checkpoint"

    size: int = Field(primary_key=True, foreign_key="entry.seq", sa_type=Seq, sa_column_kwargs={"autoincrement": False})
    recorded_at: datetime = Field(sa_type=Moment)
    root: bytes = Field(sa_type=LargeBinary)
    note: str = Field(sa_type=Text)
    key: str


class Subtree(SQLModel, table=True):
    """The hash over a whole block of 2^level entries, the `number`th from 0 on: see forecasts/merkle.py. Derived."""

    __tablename__ = "subtree"

    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(primary_key=True, sa_type=Seq, sa_column_kwargs={"autoincrement": False})
    hash: bytes = Field(sa_type=LargeBinary)


class Draft(SQLModel, table=True):
    """A question, a ladder of questions or a source that somebody is writing. No public act, so nothing journals it.

    asks     what it is to become: "question", "ladder" or "source"
    state    "draft" while it is being written, "review" when it waits for a moderator, "returned" when one sent it back
             with a `remark`, "published" when it became what `became` names
    typed    the form's fields as they were typed
    version  grows with every save: what two browsers at once are told apart by
    """

    __tablename__ = "draft"
    __table_args__ = (
        CheckConstraint("asks IN ('question', 'ladder', 'source')", name="asks"),
        CheckConstraint("state IN ('draft', 'review', 'returned', 'published')", name="state"),
    )

    id: int = Field(default=None, primary_key=True)
    author_id: int = Field(foreign_key="forecaster.id", index=True)
    asks: str
    state: str = "draft"
    typed: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    remark: str = Field(default="", sa_type=Text)
    became: str = ""
    version: int = 0
    made_at: datetime = Field(sa_type=Moment)
    saved_at: datetime = Field(sa_type=Moment)


class Postbox(SQLModel, table=True):
    """Where somebody is reached outside of these pages. Nobody else sees it.

    email         where mail goes; None until it was confirmed that the address is theirs
    confirmed_at  when it was
    calendar      the hash of the token in the address of their calendar, None where they asked for none
    """

    __tablename__ = "postbox"

    forecaster_id: int = Field(primary_key=True, foreign_key="forecaster.id", sa_column_kwargs={"autoincrement": False})
    email: str | None = Field(default=None, unique=True)
    confirmed_at: datetime | None = Field(default=None, sa_type=Moment)
    calendar: str | None = Field(default=None, unique=True)


class Subscription(SQLModel, table=True):
    """What somebody wants to be told, of which questions, and how.

    channel   "mail" for a digest, "webhook" for our own signed form, "slack" or "discord" for theirs
    set_id    of the questions in one set; None for all of them
    events    which of happenings.EVENTS
    address   where a webhook goes to; "" for mail, which goes to the forecaster's own
    secret    what our own webhooks are signed with; "" where nothing is
    every     of mail: "day" or "week"; "" where everything is told at once
    stop      the token in the link that ends it with one click; every mail carries it and it does nothing else, so it
              is kept as it is
    ended_at  when it was ended, None while it runs
    """

    __tablename__ = "subscription"
    __table_args__ = (
        CheckConstraint("channel IN ('mail', 'webhook', 'slack', 'discord')", name="channel"),
        CheckConstraint("every IN ('', 'day', 'week')", name="every"),
    )

    id: int = Field(default=None, primary_key=True)
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    set_id: int | None = Field(default=None, foreign_key="question_set.id")
    channel: str
    events: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    address: str = Field(default="", sa_type=Text)
    secret: str = ""
    every: str = ""
    stop: str | None = Field(default=None, unique=True)
    made_at: datetime = Field(sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)


class Delivery(SQLModel, table=True):
    """One event for one subscription, and what became of telling it: the outbox, and afterwards the log.

    event     what happened, such as "resolved:peace-deal-2026:812"; no subscription is told of one twice
    content   what is to be told, so that it is told alike however often it is tried
    state     "due"; "sending" from before it goes out until it is known what came of it, so that a mail of which
              nobody knows whether it left is not sent again; "sent"; "failed" for good
    due_at    when it is to be tried next
    sent_at   when it was last given to the other side, None until then
    answer    what the other side said last, or why it failed
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("subscription_id", "event"),
        CheckConstraint("state IN ('due', 'sending', 'sent', 'failed')", name="state"),
        Index("ix_delivery_state_due_at", "state", "due_at"),
    )

    id: int = Field(default=None, primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id")
    event: str
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    state: str = "due"
    due_at: datetime = Field(sa_type=Moment)
    tries: int = 0
    sent_at: datetime | None = Field(default=None, sa_type=Moment)
    answer: str = Field(default="", sa_type=Text)


class Confirmation(SQLModel, table=True):
    """A link sent to an address, by which whoever reads its mail says that it is theirs. Only its hash is kept.

    Something stands before the hash where the link is to work no more; it counts among those sent all the same.
    """

    __tablename__ = "confirmation"

    token: str = Field(primary_key=True)
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    email: str
    made_at: datetime = Field(sa_type=Moment)


class Lease(SQLModel, table=True):
    """A chore that one process at a time does: who holds it until when, and how far it has come in the journal."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str = ""
    until: datetime = Field(sa_type=Moment)
    seq: int = Field(default=0, sa_type=Seq)


class Tally(SQLModel, table=True):
    """What an undecided question's scores so far rest on: forecasts/running.py's Tally. Derived."""

    __tablename__ = "tally"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    state: bytes = Field(sa_type=LargeBinary)


class Seat(SQLModel, table=True):
    """What one forecaster has earned so far on an undecided question: forecasts/running.py's Seat. Derived.

    until  when the standing forecast stops standing by itself, None where it does not
    """

    __tablename__ = "seat"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    forecaster_id: int = Field(primary_key=True, foreign_key="forecaster.id", index=True)
    until: datetime | None = Field(default=None, sa_type=Moment)
    state: bytes = Field(sa_type=LargeBinary)


class Participation(SQLModel, table=True):
    """Who has scores on a resolved question, in rising order of their ids. Derived; replaced whole when settled."""

    __tablename__ = "participation"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    forecasters: Any = Field(sa_type=Wholes)


class Score(SQLModel, table=True):
    """One number of each participant of a resolved question, in the order of `Participation.forecasters`. Derived.

    A question's numbers stand together, as boards read them: half a million cells are 500 rows and not as many.

    name     as in forecasts/scoring.py: "brier", "peer", "coverage", ..
    numbers  NaN where a participant has none
    """

    __tablename__ = "score"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    name: str = Field(primary_key=True)
    numbers: Any = Field(sa_type=Reals)


class CrowdPath(SQLModel, table=True):
    """The crowd of a resolved question over time: forecasts/crowd.py's Path, its vectors end to end. Derived.

    lower and upper are None where outcomes have an order.
    """

    __tablename__ = "crowd_path"

    question_id: int = Field(primary_key=True, foreign_key="question.id")
    at: Any = Field(sa_type=Wholes)
    count: Any = Field(sa_type=Wholes)
    middle: Any = Field(sa_type=Reals)
    lower: Any = Field(default=None, sa_type=Reals, nullable=True)
    upper: Any = Field(default=None, sa_type=Reals, nullable=True)


class Invitation(SQLModel, table=True):
    """A link that lets whoever opens it sign up with a role. Only its hash is kept.

    uses, used  how many accounts it is good for, and how many came by it
    made_by     the name of the administrator who made it, or “the command line”; "" for the server's own, by which the
                first administrator joins
    spent_at    when the last of its uses was had
    """

    __tablename__ = "invitation"
    __table_args__ = (CheckConstraint("role IN ('forecaster', 'moderator', 'administrator')", name="role"),)

    token: str = Field(primary_key=True)
    role: str
    made_at: datetime = Field(sa_type=Moment)
    spent_at: datetime | None = Field(default=None, sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)
    uses: int = 1
    used: int = 0
    made_by: str = ""


class BrowserSession(SQLModel, table=True):
    """A browser that somebody signed in with. Only the hash of its cookie is kept.

    expires_at  when it is forgotten; the settings say how long it lasts, which is never longer
    seen_at     when a page was last asked for with it, give or take an hour
    browser     what it says it is, in words
    """

    __tablename__ = "browser_session"

    token: str = Field(primary_key=True)
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    made_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    seen_at: datetime | None = Field(default=None, sa_type=Moment)
    browser: str = ""


class Throttle(SQLModel, table=True):
    """How far something that went wrong has used its patience up; see forecasts/throttle.py.

    key       the hash of what is counted
    clear_at  when all of it is forgotten
    """

    __tablename__ = "throttle"

    key: str = Field(primary_key=True)
    clear_at: datetime = Field(sa_type=Moment)


class ResetLink(SQLModel, table=True):
    """A link by which somebody chooses a new password, once. Only its hash is kept.

    forecaster_id  None where nobody was found who could be sent it: asking takes the same work then
    """

    __tablename__ = "reset_link"

    token: str = Field(primary_key=True)
    forecaster_id: int | None = Field(default=None, foreign_key="forecaster.id", index=True)
    expires_at: datetime = Field(sa_type=Moment)


class HalfSignIn(SQLModel, table=True):
    """Somebody who gave a password, and whose second factor is asked for. Only the hash of the cookie is kept.

    right  whether it was the right one, which nobody is told before both are given
    """

    __tablename__ = "half_sign_in"

    token: str = Field(primary_key=True)
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    right: bool
    expires_at: datetime = Field(sa_type=Moment)


class SecondFactor(SQLModel, table=True):
    """The secret that somebody's authenticator shares with us, as RFC 6238 has it.

    confirmed_at  when a code showed that the authenticator has it; None until then, and it asks nothing of anybody
    step          the time step of the last code that was taken: no earlier one is taken, nor the same one again
    """

    __tablename__ = "second_factor"

    forecaster_id: int = Field(primary_key=True, foreign_key="forecaster.id")
    secret: str
    made_at: datetime = Field(sa_type=Moment)
    confirmed_at: datetime | None = Field(default=None, sa_type=Moment)
    step: int = 0


class RecoveryCode(SQLModel, table=True):
    """A code that stands in for the authenticator once. Only its hash is kept, until it is used."""

    __tablename__ = "recovery_code"

    code: str = Field(primary_key=True)
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)


class Identity(SQLModel, table=True):
    """Who somebody is at the provider of single sign-on."""

    __tablename__ = "identity"

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    made_at: datetime = Field(sa_type=Moment)


class Visit(SQLModel, table=True):
    """Somebody who is on their way to the provider of single sign-on and back. Only the cookie's hash is kept.

    forecaster_id  the account that is to be linked, None where they only sign in
    subject, name  who the provider said they are, once they are back and have no account yet; "" until then
    invitation     the hash of the invitation that they came with, "" where there is none
    """

    __tablename__ = "visit"

    token: str = Field(primary_key=True)
    forecaster_id: int | None = Field(default=None, foreign_key="forecaster.id", index=True)
    subject: str = ""
    name: str = ""
    invitation: str = ""
    back: str = Field(default="/", sa_type=Text)
    expires_at: datetime = Field(sa_type=Moment)


class Token(SQLModel, table=True):
    """A key by which a program acts for somebody. Only its hash is kept.

    scopes      which of tokens.SCOPES it has
    parent_id   the token that made this one; it is revoked with it. None where its owner did, signed in
    expires_at  when it ceases to work by itself, None where it does not
    used_at     when it was last used, to within the hour; None where it never was
    revoked_at  when it was revoked, None while it works
    """

    __tablename__ = "token"

    id: int = Field(default=None, primary_key=True)
    forecaster_id: int = Field(foreign_key="forecaster.id", index=True)
    parent_id: int | None = Field(default=None, foreign_key="token.id", index=True)
    sealed: str = Field(unique=True)
    name: str
    scopes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    made_at: datetime = Field(sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    used_at: datetime | None = Field(default=None, sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)


class Repeat(SQLModel, table=True):
    """An act that may be asked for again, kept for a while so that it is done once; see forecasts/repeating.py.

    who          who asked, by which token
    key          the hash of the key that they sent with it
    asked        the hash of what was asked
    first, last  its entries in the journal; the first is beyond the last where it has none
    answer       what was answered, where entries do not tell, sealed by what only whoever asked has; None until then
    """

    __tablename__ = "repeat"

    who: str = Field(primary_key=True)
    key: bytes = Field(primary_key=True, sa_type=LargeBinary)
    asked: bytes = Field(sa_type=LargeBinary)
    made_at: datetime = Field(sa_type=Moment, index=True)
    first: int = Field(sa_type=Seq)
    last: int = Field(sa_type=Seq)
    answer: bytes | None = Field(default=None, sa_type=LargeBinary)
