"""Let people be erased, and keep which act erased whom.

What the journal tells of it is read out of it, so that going down and up forgets nobody's erasure.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Written out, as SQLite takes a column's rules only together with the column.
    seq = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE forecaster ADD COLUMN erasure {seq} CONSTRAINT fk_forecaster_erasure_entry REFERENCES entry (seq)"
    )
    entry = sa.table("entry", *(sa.column(name) for name in ("seq", "kind", "subject")))
    forecaster = sa.table("forecaster", sa.column("pseudonym"), sa.column("erasure"))
    theirs = sa.select(sa.func.max(entry.c.seq)).where(
        entry.c.kind == "erasure", entry.c.subject == forecaster.c.pseudonym
    )
    op.execute(forecaster.update().values(erasure=theirs.scalar_subquery()))


def downgrade() -> None:
    op.drop_column("forecaster", "erasure")
