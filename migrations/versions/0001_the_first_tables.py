"""The first tables, the triggers that keep the record append-only, and the rows that every board begins with.

Revision ID: 0001
Revises:
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Each table may be erased of its words, and changed in no other way. What a row was is compared column by column.
ERASURE = {
    "entry": (
        "NEW.content IS NULL AND NEW.salt IS NULL",
        ("seq", "recorded_at", "kind", "actor", "subject", "commitment", "hash"),
    ),
    "forecast": (
        "NEW.rationale = ''",
        ("entry", "question_id", "forecaster_id", "made_at", "recorded_at", "expires_at", "probabilities"),
    ),
}


def only_erased(table: str, same: str) -> str:
    """The SQL condition under which an update of that table erases and does nothing else."""
    erased, columns = ERASURE[table]
    return " AND ".join([erased, *(f"NEW.{column} {same} OLD.{column}" for column in columns)])


def sqlite_triggers(table: str) -> list[str]:
    refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
    return [
        f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} "
        f"WHEN NOT ({only_erased(table, 'IS')}) BEGIN {refuse}; END",
        f"CREATE TRIGGER {table}_is_kept BEFORE DELETE ON {table} BEGIN {refuse}; END",
    ]


def postgresql_triggers(table: str) -> list[str]:
    refuse = f"BEGIN RAISE EXCEPTION '{table} is append-only'; END"
    return [
        f"CREATE FUNCTION {table}_refusal() RETURNS trigger LANGUAGE plpgsql AS $$ {refuse} $$",
        f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} FOR EACH ROW "
        f"WHEN (NOT ({only_erased(table, 'IS NOT DISTINCT FROM')})) EXECUTE FUNCTION {table}_refusal()",
        f"CREATE TRIGGER {table}_is_kept BEFORE DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION {table}_refusal()",
    ]


def begin() -> None:
    """The journal's head before its first entry, and the two who forecast without being anybody."""
    moment = sa.DateTime(timezone=True)
    op.bulk_insert(
        sa.table(
            "journal_head",
            sa.column("id"),
            sa.column("seq"),
            sa.column("recorded_at", moment),
            sa.column("hash", sa.LargeBinary),
        ),
        [{"id": 1, "seq": 0, "recorded_at": BEGINNING, "hash": bytes(32)}],
    )
    names = ("pseudonym", "handle", "name", "kind", "role")
    op.bulk_insert(
        sa.table("forecaster", *(sa.column(name) for name in names), sa.column("joined_at", moment)),
        [
            dict(zip(names, row, strict=True)) | {"joined_at": BEGINNING}
            for row in (
                ("crowd", "crowd", "The crowd", "crowd", "forecaster"),
                ("always-50", "always-50", "Always 50%", "constant", "forecaster"),
            )
        ],
    )


def upgrade() -> None:
    op.create_table(
        "entry",
        sa.Column("seq", SEQ, autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(content IS NULL) = (salt IS NULL)", name=op.f("ck_entry_erased_whole")),
        sa.PrimaryKeyConstraint("seq", name="pk_entry"),
    )
    op.create_table(
        "invitation",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('forecaster', 'moderator', 'administrator')", name=op.f("ck_invitation_role")),
        sa.PrimaryKeyConstraint("token", name="pk_invitation"),
    )
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", SEQ, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_journal_head_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_journal_head"),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry", SEQ, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entry.seq"], name="fk_source_entry_entry"),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
        sa.UniqueConstraint("entry", name="uq_source_entry"),
        sa.UniqueConstraint("slug", name="uq_source_slug"),
    )
    op.create_table(
        "forecaster",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'bot', 'source', 'crowd', 'constant')", name=op.f("ck_forecaster_kind")),
        sa.CheckConstraint("role IN ('forecaster', 'moderator', 'administrator')", name=op.f("ck_forecaster_role")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_forecaster_source_id_source"),
        sa.PrimaryKeyConstraint("id", name="pk_forecaster"),
        sa.UniqueConstraint("handle", name="uq_forecaster_handle"),
        sa.UniqueConstraint("pseudonym", name="uq_forecaster_pseudonym"),
        sa.UniqueConstraint("source_id", name="uq_forecaster_source_id"),
    )
    op.create_table(
        "question_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry", SEQ, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["entry"], ["entry.seq"], name="fk_question_set_entry_entry"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_question_set_source_id_source"),
        sa.PrimaryKeyConstraint("id", name="pk_question_set"),
        sa.UniqueConstraint("entry", name="uq_question_set_entry"),
        sa.UniqueConstraint("slug", name="uq_question_set_slug"),
    )
    op.create_table(
        "browser_session",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["forecaster_id"], ["forecaster.id"], name="fk_browser_session_forecaster_id_forecaster"
        ),
        sa.PrimaryKeyConstraint("token", name="pk_browser_session"),
    )
    op.create_index("ix_browser_session_forecaster_id", "browser_session", ["forecaster_id"], unique=False)
    op.create_table(
        "question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry", SEQ, nullable=False),
        sa.Column("set_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("background", sa.Text(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("fine_print", sa.Text(), nullable=False),
        sa.Column("resolves_from", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("paragraph", sa.String(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolves_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolution", SEQ, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'review', 'published')", name=op.f("ck_question_state")),
        sa.CheckConstraint("closes_at <= resolves_at", name=op.f("ck_question_resolves_after_it_closes")),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("ck_question_closes_after_it_opens")),
        sa.ForeignKeyConstraint(["entry"], ["entry.seq"], name="fk_question_entry_entry"),
        sa.ForeignKeyConstraint(["set_id"], ["question_set.id"], name="fk_question_set_id_question_set"),
        sa.PrimaryKeyConstraint("id", name="pk_question"),
        sa.UniqueConstraint("entry", name="uq_question_entry"),
        sa.UniqueConstraint("slug", name="uq_question_slug"),
    )
    op.create_index("ix_question_set_id", "question", ["set_id"], unique=False)
    op.create_table(
        "crowd_point",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("middle", sa.LargeBinary(), nullable=True),
        sa.Column("lower", sa.LargeBinary(), nullable=True),
        sa.Column("upper", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name="fk_crowd_point_question_id_question"),
        sa.PrimaryKeyConstraint("question_id", "at", name="pk_crowd_point"),
    )
    op.create_table(
        "forecast",
        sa.Column("entry", SEQ, autoincrement=False, nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probabilities", sa.LargeBinary(), nullable=True),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entry.seq"], name="fk_forecast_entry_entry"),
        sa.ForeignKeyConstraint(["forecaster_id"], ["forecaster.id"], name="fk_forecast_forecaster_id_forecaster"),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name="fk_forecast_question_id_question"),
        sa.PrimaryKeyConstraint("entry", name="pk_forecast"),
    )
    op.create_index("ix_forecast_forecaster_id", "forecast", ["forecaster_id"], unique=False)
    op.create_index("ix_forecast_question_id_forecaster_id", "forecast", ["question_id", "forecaster_id"], unique=False)
    op.create_table(
        "participation",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=False),
        sa.Column("coverage", sa.Float(), nullable=False),
        sa.Column("presence", sa.Float(), nullable=False),
        sa.Column("last", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["forecaster_id"], ["forecaster.id"], name="fk_participation_forecaster_id_forecaster"),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name="fk_participation_question_id_question"),
        sa.PrimaryKeyConstraint("question_id", "forecaster_id", name="pk_participation"),
    )
    op.create_index("ix_participation_forecaster_id", "participation", ["forecaster_id"], unique=False)
    op.create_table(
        "resolution",
        sa.Column("entry", SEQ, autoincrement=False, nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=True),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence_url", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("supersedes", SEQ, nullable=False),
        sa.CheckConstraint("(verdict = 'resolved') = (known_at IS NOT NULL)", name=op.f("ck_resolution_known")),
        sa.CheckConstraint("(verdict = 'resolved') = (outcome IS NOT NULL)", name=op.f("ck_resolution_outcome")),
        sa.CheckConstraint("verdict IN ('resolved', 'annulled', 'reopened')", name=op.f("ck_resolution_verdict")),
        sa.ForeignKeyConstraint(["entry"], ["entry.seq"], name="fk_resolution_entry_entry"),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name="fk_resolution_question_id_question"),
        sa.PrimaryKeyConstraint("entry", name="pk_resolution"),
        sa.UniqueConstraint("question_id", "supersedes", name="uq_resolution_question_id_supersedes"),
    )
    op.create_index("ix_resolution_question_id", "resolution", ["question_id"], unique=False)
    op.create_table(
        "score",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("loss", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["forecaster_id"], ["forecaster.id"], name="fk_score_forecaster_id_forecaster"),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name="fk_score_question_id_question"),
        sa.PrimaryKeyConstraint("question_id", "forecaster_id", "rule", name="pk_score"),
    )
    op.create_index("ix_score_forecaster_id", "score", ["forecaster_id"], unique=False)
    op.create_table(
        "position",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=False),
        sa.Column("entry", SEQ, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["forecast.entry"], name="fk_position_entry_forecast"),
        sa.ForeignKeyConstraint(["forecaster_id"], ["forecaster.id"], name="fk_position_forecaster_id_forecaster"),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name="fk_position_question_id_question"),
        sa.PrimaryKeyConstraint("question_id", "forecaster_id", name="pk_position"),
    )
    op.create_index("ix_position_forecaster_id", "position", ["forecaster_id"], unique=False)

    begin()
    write = sqlite_triggers if op.get_bind().dialect.name == "sqlite" else postgresql_triggers
    for table in ERASURE:
        for statement in write(table):
            op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_position_forecaster_id", table_name="position")
    op.drop_table("position")
    op.drop_index("ix_score_forecaster_id", table_name="score")
    op.drop_table("score")
    op.drop_index("ix_resolution_question_id", table_name="resolution")
    op.drop_table("resolution")
    op.drop_index("ix_participation_forecaster_id", table_name="participation")
    op.drop_table("participation")
    op.drop_index("ix_forecast_question_id_forecaster_id", table_name="forecast")
    op.drop_index("ix_forecast_forecaster_id", table_name="forecast")
    op.drop_table("forecast")
    op.drop_table("crowd_point")
    op.drop_index("ix_question_set_id", table_name="question")
    op.drop_table("question")
    op.drop_index("ix_browser_session_forecaster_id", table_name="browser_session")
    op.drop_table("browser_session")
    op.drop_table("question_set")
    op.drop_table("forecaster")
    op.drop_table("source")
    op.drop_table("journal_head")
    op.drop_table("invitation")
    op.drop_table("entry")
    if op.get_bind().dialect.name == "postgresql":
        for table in ERASURE:
            op.execute(f"DROP FUNCTION {table}_refusal()")
