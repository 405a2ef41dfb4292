"""Let sets and questions be seen by some, and what the crowd says be hidden for a while.

What the journal tells of who sees what is read out of it again, so that going down and up loses no public act. Links
that open what is unlisted are no public acts: they are made anew.

Revision ID: 0004
Revises: 0003
"""

import json
import secrets
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AUDIENCES = ("public", "members", "unlisted", "draft")
REVEALS = ("always", "answered", "closed", "at")
SHOWN = {"question_set": ("public", "always", ()), "question": ("set", "set", ("set",))}
"""Each table's audience and reveal by default, and what else than a set's these may be."""


def upgrade() -> None:
    for name, (audience, reveal, more) in SHOWN.items():
        add(name, "audience", audience, (*more, *AUDIENCES))
        add(name, "reveal", reveal, (*more, *REVEALS))
        op.add_column(name, sa.Column("key", sa.String(), nullable=True))
        op.add_column(name, sa.Column("reveals_at", sa.DateTime(timezone=True), nullable=True))
        op.create_index(f"ix_{name}_key", name, ["key"], unique=True)
    op.create_table(
        "showing",
        sa.Column("entry", SEQ, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("set_id", "question_id")),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("audience", "reveal")),
        sa.Column("reveals_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(set_id IS NULL) <> (question_id IS NULL)", name="of_one"),
        sa.ForeignKeyConstraint(["entry"], ["entry.seq"], name="fk_showing_entry_entry"),
        sa.ForeignKeyConstraint(["set_id"], ["question_set.id"], name="fk_showing_set_id_question_set"),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name="fk_showing_question_id_question"),
        sa.PrimaryKeyConstraint("entry", name="pk_showing"),
    )
    for column in ("set_id", "question_id"):
        op.create_index(f"ix_showing_{column}", "showing", [column], unique=False)
    read_the_journal()


def add(name: str, column: str, default: str, words: tuple[str, ...]) -> None:
    """Add a word with its check, written out, as SQLite takes a column's check only together with the column."""
    check = f"CONSTRAINT ck_{name}_{column} CHECK ({column} IN ({', '.join(map(repr, words))}))"
    op.execute(f"ALTER TABLE {name} ADD COLUMN {column} VARCHAR DEFAULT '{default}' NOT NULL {check}")


def table(name: str, *columns: str) -> sa.TableClause:
    moments = {"reveals_at", "recorded_at"}
    kinds = {one: sa.DateTime(timezone=True) if one in moments else None for one in columns}
    return sa.table(name, *(sa.column(one, kind) for one, kind in kinds.items()))


ENTRY = table("entry", "seq", "kind", "subject", "recorded_at", "content")
SHOWING = table("showing", "entry", "set_id", "question_id", "recorded_at", "audience", "reveal", "reveals_at")


def read_the_journal() -> None:
    told = ENTRY.select().where(ENTRY.c.kind.in_(("set", "question", "showing")), ENTRY.c.content.is_not(None))
    for row in op.get_bind().execute(told.order_by(ENTRY.c.seq)).mappings().all():
        content = json.loads(row["content"])
        of = content["of"] if row["kind"] == "showing" else row["kind"]
        if row["kind"] == "showing" or {"audience", "reveal"} & content.keys():
            show("question_set" if of == "set" else "question", row, content)


def show(name: str, row: Any, content: dict[str, Any]) -> None:
    connection, (audience, reveal, _) = op.get_bind(), SHOWN[name]
    at = content.get("reveals_at")
    shown = {"audience": content.get("audience", audience), "reveal": content.get("reveal", reveal)}
    zone = None if connection.dialect.name == "sqlite" else UTC
    shown["reveals_at"] = datetime.fromisoformat(at).replace(tzinfo=zone) if at else None
    key = secrets.token_urlsafe(16) if shown["audience"] == "unlisted" else None
    asked = table(name, "id", "slug", "key", *shown)
    here = asked.c.slug == row["subject"]
    connection.execute(asked.update().where(here).values(key=key, **shown))
    if row["kind"] == "showing":
        number = connection.execute(sa.select(asked.c.id).where(here)).scalar_one()
        of = {"set_id" if name == "question_set" else "question_id": number}
        connection.execute(SHOWING.insert().values(entry=row["seq"], recorded_at=row["recorded_at"], **of, **shown))


def downgrade() -> None:
    op.drop_table("showing")
    for name in SHOWN:
        op.drop_index(f"ix_{name}_key", name)
        for column in ("reveals_at", "key", "reveal", "audience"):
            op.drop_column(name, column)
