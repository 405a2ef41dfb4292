"""Let programs act for people by tokens, and let bots belong to somebody.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIMES = ("expires_at", "used_at", "revoked_at")


def upgrade() -> None:
    # Written out, as SQLite takes a column's rules only together with the column.
    op.execute(
        "ALTER TABLE forecaster ADD COLUMN owner_id INTEGER "
        "CONSTRAINT fk_forecaster_owner_id_forecaster REFERENCES forecaster (id) "
        "CONSTRAINT ck_forecaster_owner CHECK (owner_id IS NULL OR kind = 'bot')"
    )
    op.create_index("ix_forecaster_owner_id", "forecaster", ["owner_id"], unique=False)
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in TIMES),
        sa.ForeignKeyConstraint(["forecaster_id"], ["forecaster.id"], name="fk_token_forecaster_id_forecaster"),
        sa.ForeignKeyConstraint(["parent_id"], ["token.id"], name="fk_token_parent_id_token"),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("sealed", name="uq_token_sealed"),
    )
    for column in ("forecaster_id", "parent_id"):
        op.create_index(f"ix_token_{column}", "token", [column], unique=False)


def downgrade() -> None:
    op.drop_table("token")
    op.drop_index("ix_forecaster_owner_id", "forecaster")
    op.drop_column("forecaster", "owner_id")
