"""Keep a question's numbers together, its running state beside it, and mark what came by an import.

Scores and the crowd's paths are derived: they are dropped here, and whoever migrates works them out again.

Revision ID: 0002
Revises: 0001
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
CROWDS = (
    ("crowd-mean", "The crowd's mean"),
    ("crowd-odds", "The crowd's mean odds"),
    ("crowd-recent", "The crowd, latest first"),
)

# What a forecast was is compared column by column; only its words may be erased.
KEPT = ("entry", "question_id", "forecaster_id", "made_at", "recorded_at", "expires_at", "probabilities")


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


def reference(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}_{to}")


def upgrade() -> None:
    for table in ("score", "participation", "crowd_point"):
        op.drop_table(table)
    op.create_table(
        "participation",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("forecasters", sa.LargeBinary(), nullable=False),
        reference("participation", "question_id", "question"),
        sa.PrimaryKeyConstraint("question_id", name="pk_participation"),
    )
    op.create_table(
        "score",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("numbers", sa.LargeBinary(), nullable=False),
        reference("score", "question_id", "question"),
        sa.PrimaryKeyConstraint("question_id", "name", name="pk_score"),
    )
    op.create_table(
        "crowd_path",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.LargeBinary(), nullable=False),
        sa.Column("middle", sa.LargeBinary(), nullable=False),
        sa.Column("lower", sa.LargeBinary(), nullable=True),
        sa.Column("upper", sa.LargeBinary(), nullable=True),
        reference("crowd_path", "question_id", "question"),
        sa.PrimaryKeyConstraint("question_id", name="pk_crowd_path"),
    )
    op.create_table(
        "tally",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        reference("tally", "question_id", "question"),
        sa.PrimaryKeyConstraint("question_id", name="pk_tally"),
    )
    op.create_table(
        "seat",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        reference("seat", "forecaster_id", "forecaster"),
        reference("seat", "question_id", "question"),
        sa.PrimaryKeyConstraint("question_id", "forecaster_id", name="pk_seat"),
    )
    op.create_index("ix_seat_forecaster_id", "seat", ["forecaster_id"], unique=False)
    for table in ("question", "forecaster"):
        op.add_column(table, sa.Column("imported", sa.Boolean(), nullable=False, server_default=sa.false()))
    for table in ("forecast", "resolution"):
        op.add_column(table, sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True))
    unguard()
    guard((*KEPT, "claimed_at"))
    op.bulk_insert(
        sa.table(
            "forecaster",
            *(sa.column(name) for name in ("pseudonym", "handle", "name", "kind", "role")),
            sa.column("joined_at", sa.DateTime(timezone=True)),
        ),
        [
            {"pseudonym": handle, "handle": handle, "name": name, "kind": "crowd", "role": "forecaster"}
            | {"joined_at": BEGINNING}
            for handle, name in CROWDS
        ],
    )


def downgrade() -> None:
    for table in ("score", "participation", "crowd_path", "tally", "seat"):
        op.drop_table(table)
    for handle, _ in CROWDS:
        op.execute(sa.text("DELETE FROM forecaster WHERE handle = :handle").bindparams(handle=handle))
    unguard()
    for table, column in (
        ("question", "imported"), ("forecaster", "imported"), ("forecast", "claimed_at"), ("resolution", "claimed_at"),
    ):  # fmt: skip
        op.drop_column(table, column)
    guard(KEPT)
    restore_rows()


def restore_rows() -> None:
    """The derived tables as they were, with nothing in them: rescore fills them."""
    op.create_table(
        "crowd_point",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.LargeBinary(), nullable=True) for name in ("middle", "lower", "upper")),
        reference("crowd_point", "question_id", "question"),
        sa.PrimaryKeyConstraint("question_id", "at", name="pk_crowd_point"),
    )
    op.create_table(
        "participation",
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("question_id", "forecaster_id")),
        sa.Column("coverage", sa.Float(), nullable=False),
        sa.Column("presence", sa.Float(), nullable=False),
        sa.Column("last", sa.LargeBinary(), nullable=True),
        reference("participation", "forecaster_id", "forecaster"),
        reference("participation", "question_id", "question"),
        sa.PrimaryKeyConstraint("question_id", "forecaster_id", name="pk_participation"),
    )
    op.create_table(
        "score",
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("question_id", "forecaster_id")),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("loss", sa.Float(), nullable=False),
        reference("score", "forecaster_id", "forecaster"),
        reference("score", "question_id", "question"),
        sa.PrimaryKeyConstraint("question_id", "forecaster_id", "rule", name="pk_score"),
    )
    for table in ("participation", "score"):
        op.create_index(f"ix_{table}_forecaster_id", table, ["forecaster_id"], unique=False)
