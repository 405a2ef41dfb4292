"""Keep signed checkpoints of the journal, append-only, and the blocks of the Merkle tree that they rest on.

Going down drops what was signed: whoever kept a checkpoint still has it, and the key signs the next.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("size", SEQ, autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["entry.seq"], name="fk_checkpoint_size_entry"),
        sa.PrimaryKeyConstraint("size", name="pk_checkpoint"),
    )
    op.create_table(
        "subtree",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", SEQ, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name="pk_subtree"),
    )
    guard()


def is_sqlite() -> bool:
    return bool(op.get_bind().dialect.name == "sqlite")


def guard() -> None:
    """No checkpoint is changed or deleted."""
    if is_sqlite():
        refuse = "BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END"
        op.execute(f"CREATE TRIGGER checkpoint_is_append_only BEFORE UPDATE ON checkpoint {refuse}")
        op.execute(f"CREATE TRIGGER checkpoint_is_kept BEFORE DELETE ON checkpoint {refuse}")
        return
    refuse = "BEGIN RAISE EXCEPTION 'checkpoint is append-only'; END"
    op.execute(f"CREATE FUNCTION checkpoint_refusal() RETURNS trigger LANGUAGE plpgsql AS $$ {refuse} $$")
    for name, acts in (("append_only", "UPDATE"), ("kept", "DELETE OR TRUNCATE")):
        op.execute(
            f"CREATE TRIGGER checkpoint_is_{name} BEFORE {acts} ON checkpoint FOR EACH STATEMENT "
            "EXECUTE FUNCTION checkpoint_refusal()"
        )


def downgrade() -> None:
    op.drop_table("subtree")
    op.drop_table("checkpoint")
    if not is_sqlite():
        op.execute("DROP FUNCTION checkpoint_refusal()")
