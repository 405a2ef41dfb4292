"""Keep comments, revisions, looks, drafts, subscriptions and their deliveries; let forecasts lapse and be taken back.

What the journal tells of these is read out of it, so that going down and up again loses no public act. Scores follow
from the record and are worked out a little differently from here on: they are dropped, and whoever migrates works
them out.

Revision ID: 0003
Revises: 0002
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# What a forecast was is compared column by column; only its words may be erased.
KEPT = (
    "entry", "question_id", "forecaster_id", "made_at", "recorded_at", "expires_at", "probabilities", "claimed_at",
)  # fmt: skip
SWITCHES = {"simulated": sa.false(), "private": sa.false(), "shortcuts": sa.true()}


def guard(columns: tuple[str, ...]) -> None:
    """Put the trigger on forecasts that lets words be erased and nothing else change."""
    if op.get_bind().dialect.name == "sqlite":
        same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in columns)
        op.execute(
            "CREATE TRIGGER forecast_is_append_only BEFORE UPDATE ON forecast "
            f"WHEN NOT (NEW.rationale = '' AND {same}) BEGIN SELECT RAISE(ABORT, 'forecast is append-only'); END"
        )
    else:
        same = " AND ".join(f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}" for column in columns)
        op.execute(
            "CREATE TRIGGER forecast_is_append_only BEFORE UPDATE ON forecast FOR EACH ROW "
            f"WHEN (NOT (NEW.rationale = '' AND {same})) EXECUTE FUNCTION forecast_refusal()"
        )


def unguard() -> None:
    on = "" if op.get_bind().dialect.name == "sqlite" else " ON forecast"
    op.execute(f"DROP TRIGGER forecast_is_append_only{on}")


def reference(table: str, column: str, to: str, key: str = "id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.{key}"], name=f"fk_{table}_{column}_{to}")


def wholes(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def moments(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def upgrade() -> None:
    make_public_tables()
    make_private_tables()
    op.create_index("ix_entry_subject_seq", "entry", ["subject", "seq"], unique=False)
    for name, default in SWITCHES.items():
        op.add_column("forecaster", sa.Column(name, sa.Boolean(), nullable=False, server_default=default))
    # Written out, as SQLite takes a column's check only together with the column.
    share = "CONSTRAINT ck_question_set_expires_after CHECK (expires_after > 0 AND expires_after <= 1)"
    op.execute(f"ALTER TABLE question_set ADD COLUMN expires_after FLOAT {share}")
    unguard()
    op.add_column("forecast", sa.Column("undoes", SEQ, nullable=True))
    read_the_journal()
    guard((*KEPT, "undoes"))
    drop_scores()


def drop_scores() -> None:
    for table in ("score", "participation", "crowd_path"):
        op.execute(sa.delete(sa.table(table)))


def make_public_tables() -> None:
    for table, columns in {
        "comment": (
            *wholes("question_id", "forecaster_id"),
            *moments("recorded_at"),
            sa.Column("text", sa.Text(), nullable=False),
            reference("comment", "forecaster_id", "forecaster"),
        ),
        "revision": (
            *wholes("question_id"),
            *moments("recorded_at"),
            sa.Column("changes", sa.JSON(), nullable=False),
            sa.Column("note", sa.Text(), nullable=False),
        ),
    }.items():
        op.create_table(
            table,
            sa.Column("entry", SEQ, autoincrement=False, nullable=False),
            *columns,
            reference(table, "entry", "entry", "seq"),
            reference(table, "question_id", "question"),
            sa.PrimaryKeyConstraint("entry", name=f"pk_{table}"),
        )
    for table, column in (("comment", "forecaster_id"), ("comment", "question_id"), ("revision", "question_id")):
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)


def make_private_tables() -> None:
    op.create_table(
        "look",
        *wholes("forecaster_id", "question_id"),
        *moments("looked_at"),
        reference("look", "forecaster_id", "forecaster"),
        reference("look", "question_id", "question"),
        sa.PrimaryKeyConstraint("forecaster_id", "question_id", name="pk_look"),
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), nullable=False),
        *wholes("author_id"),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("asks", "state")),
        sa.Column("typed", sa.JSON(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("became", sa.String(), nullable=False),
        *wholes("version"),
        *moments("made_at", "saved_at"),
        sa.CheckConstraint("asks IN ('question', 'ladder', 'source')", name="asks"),
        sa.CheckConstraint("state IN ('draft', 'review', 'returned', 'published')", name="state"),
        reference("draft", "author_id", "forecaster"),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
    )
    make_postal_tables()
    for table, column in (
        ("look", "question_id"), ("draft", "author_id"), ("subscription", "forecaster_id"),
        ("confirmation", "forecaster_id"),
    ):  # fmt: skip
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)
    op.create_index("ix_delivery_state_due_at", "delivery", ["state", "due_at"], unique=False)


def make_postal_tables() -> None:
    op.create_table(
        "postbox",
        sa.Column("forecaster_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        *moments("confirmed_at", nullable=True),
        sa.Column("calendar", sa.String(), nullable=True),
        reference("postbox", "forecaster_id", "forecaster"),
        sa.PrimaryKeyConstraint("forecaster_id", name="pk_postbox"),
        *(sa.UniqueConstraint(name, name=f"uq_postbox_{name}") for name in ("email", "calendar")),
    )
    op.create_table(
        "confirmation",
        sa.Column("token", sa.String(), nullable=False),
        *wholes("forecaster_id"),
        sa.Column("email", sa.String(), nullable=False),
        *moments("made_at"),
        reference("confirmation", "forecaster_id", "forecaster"),
        sa.PrimaryKeyConstraint("token", name="pk_confirmation"),
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        *wholes("forecaster_id"),
        sa.Column("set_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("secret", "every")),
        sa.Column("stop", sa.String(), nullable=True),
        *moments("made_at"),
        *moments("ended_at", nullable=True),
        sa.CheckConstraint("channel IN ('mail', 'webhook', 'slack', 'discord')", name="channel"),
        sa.CheckConstraint("every IN ('', 'day', 'week')", name="every"),
        reference("subscription", "forecaster_id", "forecaster"),
        reference("subscription", "set_id", "question_set"),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        sa.UniqueConstraint("stop", name="uq_subscription_stop"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        *wholes("subscription_id"),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        *moments("due_at"),
        *wholes("tries"),
        *moments("sent_at", nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('due', 'sending', 'sent', 'failed')", name="state"),
        reference("delivery", "subscription_id", "subscription"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("subscription_id", "event", name="uq_delivery_subscription_id_event"),
    )
    op.create_table(
        "lease",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("name", "holder")),
        *moments("until"),
        sa.Column("seq", SEQ, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )


def read_the_journal() -> None:
    """Put back what was dropped on the way down: whatever the journal tells of comments, revisions and undoings."""
    connection = op.get_bind()
    for kind, table in RETOLD.items():
        for row in connection.execute(sa.text(TOLD), {"kind": kind}).mappings().all():
            content = json.loads(row["content"] or '{"text": ""}')  # of a comment that was erased no word is left
            said = {"undoes": content.get("undoes"), "share": content.get("expires_after")}
            said |= {"text": content.get("text"), "note": content.get("note")}
            said |= {"changes": json.dumps(content.get("changes"))}
            connection.execute(sa.text(table), {**row, **said})


TOLD = (
    "SELECT entry.seq, entry.recorded_at, entry.content, question.id AS question_id, forecaster.id AS forecaster_id "
    "FROM entry LEFT JOIN question ON question.slug = entry.subject "
    "LEFT JOIN forecaster ON forecaster.pseudonym = entry.actor "
    "WHERE entry.kind = :kind AND (entry.content IS NOT NULL OR entry.kind = 'comment')"
)
RETOLD = {
    "comment": (
        "INSERT INTO comment (entry, question_id, forecaster_id, recorded_at, text) "
        "VALUES (:seq, :question_id, :forecaster_id, :recorded_at, :text)"
    ),
    "revision": (
        "INSERT INTO revision (entry, question_id, recorded_at, changes, note) "
        "VALUES (:seq, :question_id, :recorded_at, :changes, :note)"
    ),
    "forecast": "UPDATE forecast SET undoes = :undoes WHERE entry = :seq",
    "withdrawal": "UPDATE forecast SET undoes = :undoes WHERE entry = :seq",
    "set": "UPDATE question_set SET expires_after = :share WHERE entry = :seq",
}


def downgrade() -> None:
    for table in ("delivery", "subscription", "confirmation", "postbox", "lease", "draft", "look"):
        op.drop_table(table)
    for table in ("comment", "revision"):
        op.drop_table(table)
    op.drop_index("ix_entry_subject_seq", "entry")
    unguard()
    op.drop_column("forecast", "undoes")
    guard(KEPT)
    op.drop_column("question_set", "expires_after")
    for name in SWITCHES:
        op.drop_column("forecaster", name)
    drop_scores()
