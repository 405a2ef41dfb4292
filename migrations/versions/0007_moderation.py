"""Let moderators hide comments and suspend forecasters, on record and for as long as they say.

What the journal tells of both is read out of it again, so that going down and up loses no public act.

Revision ID: 0007
Revises: 0006
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ENTRY = sa.table("entry", *(sa.column(name) for name in ("seq", "kind", "recorded_at", "content")))
FORECASTER = sa.table("forecaster", *(sa.column(name) for name in ("id", "pseudonym", "suspended")))
COMMENT = sa.table("comment", *(sa.column(name) for name in ("entry", "hidden")))


def upgrade() -> None:
    op.add_column("forecaster", sa.Column("suspended", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("comment", sa.Column("hidden", sa.Boolean(), nullable=False, server_default=sa.false()))
    make("suspension", "forecaster_id", sa.Integer(), "forecaster.id", "suspended")
    make("hiding", "comment_entry", SEQ, "comment.entry", "hidden")
    read_the_journal()


def make(table: str, column: str, kind: Any, target: str, switch: str) -> None:
    op.create_table(
        table,
        sa.Column("entry", SEQ, autoincrement=False, nullable=False),
        sa.Column(column, kind, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(switch, sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entry.seq"], name=f"fk_{table}_entry_entry"),
        sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}_{target.split('.', maxsplit=1)[0]}"),
        sa.PrimaryKeyConstraint("entry", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_{column}", table, [column], unique=False)


def read_the_journal() -> None:
    connection = op.get_bind()
    told = ENTRY.select().where(ENTRY.c.kind.in_(("suspension", "hiding")), ENTRY.c.content.is_not(None))
    for row in connection.execute(told.order_by(ENTRY.c.seq)).mappings().all():
        content = json.loads(row["content"])
        fields = {"entry": row["seq"], "recorded_at": row["recorded_at"], "note": content["note"]}
        if row["kind"] == "hiding":
            fields |= {"comment_entry": content["comment"], "hidden": content["hidden"]}
            here = COMMENT.c.entry == content["comment"]
            connection.execute(COMMENT.update().where(here).values(hidden=content["hidden"]))
        else:
            here = FORECASTER.c.pseudonym == content["who"]
            who = connection.execute(sa.select(FORECASTER.c.id).where(here)).scalar_one()
            fields |= {"forecaster_id": who, "suspended": content["suspended"]}
            connection.execute(FORECASTER.update().where(here).values(suspended=content["suspended"]))
        table = sa.table(row["kind"], *(sa.column(name) for name in fields))
        connection.execute(table.insert().values(**fields))


def downgrade() -> None:
    for table, of, column in (("hiding", "comment", "hidden"), ("suspension", "forecaster", "suspended")):
        op.drop_table(table)
        op.drop_column(of, column)
