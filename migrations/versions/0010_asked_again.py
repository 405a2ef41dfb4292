"""Keep what was asked with a key for a while, so that it is done once however often it is asked.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "repeat",
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("asked", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first", SEQ, nullable=False),
        sa.Column("last", SEQ, nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("who", "key", name="pk_repeat"),
    )
    op.create_index("ix_repeat_made_at", "repeat", ["made_at"], unique=False)


def downgrade() -> None:
    op.drop_table("repeat")
