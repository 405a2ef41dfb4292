"""Let moderators merge forecasters who are one, on record, and separate them again.

What the journal tells of merges is read out of it, so that going down and up loses no public act. Below this revision
everything is whose it was when it was said; either way what was worked out of it is dropped where it changes, and
whoever migrates works it out. Drafts and bots that went along stay where they are.

Revision ID: 0008
Revises: 0007
"""

import json
from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SAID = ("entry", "question_id", "made_at", "recorded_at", "expires_at", "probabilities", "claimed_at", "undoes")
DERIVED = ("score", "participation", "crowd_path", "tally", "seat")

# Whose the act of an entry counts as: its actor, or whoever stands at the end of the chain that they were merged into.
ROOT = """(
    WITH RECURSIVE chain (id, further) AS (
        SELECT f.id, f.merged_into_id FROM forecaster f JOIN entry e ON e.actor = f.pseudonym WHERE e.seq = OLD.entry
        UNION SELECT f.id, f.merged_into_id FROM forecaster f JOIN chain ON f.id = chain.further
    )
    SELECT id FROM chain WHERE further IS NULL
)"""

ENTRY = sa.table("entry", *(sa.column(name) for name in ("seq", "kind", "actor", "recorded_at", "content")))
FORECASTER = sa.table("forecaster", *(sa.column(name) for name in ("id", "pseudonym", "merged_into_id")))
POSITION = sa.table("position", *(sa.column(name) for name in ("question_id", "forecaster_id", "entry")))
FORECAST = sa.table(
    "forecast", *(sa.column(name) for name in ("entry", "question_id", "forecaster_id", "made_at"))
)  # fmt: skip
MERGE = sa.table(
    "merge",
    *(sa.column(name) for name in ("entry", "forecaster_id", "into_id", "recorded_at", "merged", "note")),
    sa.column("brought", sa.JSON()),
)


def upgrade() -> None:
    # Written out, as SQLite takes a column's rules only together with the column.
    op.execute(
        "ALTER TABLE forecaster ADD COLUMN merged_into_id INTEGER "
        "CONSTRAINT fk_forecaster_merged_into_id_forecaster REFERENCES forecaster (id)"
    )
    op.create_index("ix_forecaster_merged_into_id", "forecaster", ["merged_into_id"], unique=False)
    make_merges()
    op.execute(f"DROP TRIGGER forecast_is_append_only{on_forecast()}")
    read_the_journal()
    attribute(roots())
    guard_all_but_merges()


def make_merges() -> None:
    columns = ("forecaster_id", "into_id")
    op.create_table(
        "merge",
        sa.Column("entry", SEQ, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in columns),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("brought", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entry.seq"], name="fk_merge_entry_entry"),
        *(sa.ForeignKeyConstraint([name], ["forecaster.id"], name=f"fk_merge_{name}_forecaster") for name in columns),
        sa.PrimaryKeyConstraint("entry", name="pk_merge"),
    )
    for name in columns:
        op.create_index(f"ix_merge_{name}", "merge", [name], unique=False)


def read_the_journal() -> None:
    connection = op.get_bind()
    people = dict(connection.execute(sa.select(FORECASTER.c.pseudonym, FORECASTER.c.id)).all())
    told = ENTRY.select().where(ENTRY.c.kind == "merge", ENTRY.c.content.is_not(None)).order_by(ENTRY.c.seq)
    for row in connection.execute(told).mappings().all():
        content = json.loads(row["content"])
        who, into, merged = people[content["who"]], people[content["into"]], content["merged"]
        fields = {"entry": row["seq"], "forecaster_id": who, "into_id": into, "recorded_at": row["recorded_at"]}
        connection.execute(MERGE.insert().values(**fields, merged=merged, note=content["note"], brought={}))
        now = into if merged else None
        connection.execute(FORECASTER.update().where(FORECASTER.c.id == who).values(merged_into_id=now))


def roots() -> dict[int, int]:
    """Everybody who is merged into another, with who counts for them."""
    merged = sa.select(FORECASTER.c.id, FORECASTER.c.merged_into_id).where(FORECASTER.c.merged_into_id.is_not(None))
    chain = dict(op.get_bind().execute(merged).all())
    found = {}
    for who in chain:
        root = who
        while root in chain:
            root = chain[root]
        found[who] = root
    return found


def attribute(whose: Mapping[int, int]) -> None:
    """Let what each of these said count as another's, or as theirs again, and drop what was worked out of it."""
    connection, concerned = op.get_bind(), set[int]()
    for who, now in whose.items():
        actor = sa.select(FORECASTER.c.pseudonym).where(FORECASTER.c.id == who).scalar_subquery()
        acts = sa.select(ENTRY.c.seq).where(ENTRY.c.actor == actor)
        for name in ("forecast", "comment"):
            table = sa.table(name, sa.column("entry"), sa.column("forecaster_id"), sa.column("question_id"))
            theirs = table.c.entry.in_(acts)
            if name == "forecast":
                concerned |= set(connection.execute(sa.select(table.c.question_id).where(theirs)).scalars())
            connection.execute(table.update().where(theirs).values(forecaster_id=now))
    for key in sorted(concerned):
        work_out_positions(key)
        for name in DERIVED:
            op.execute(sa.delete(sa.table(name)).where(sa.column("question_id") == key))


def work_out_positions(question: int) -> None:
    """The latest act of everybody on a question, in the order of time."""
    order = (FORECAST.c.made_at.desc(), FORECAST.c.entry.desc())
    place = sa.func.row_number().over(partition_by=FORECAST.c.forecaster_id, order_by=order).label("place")
    columns = (FORECAST.c.question_id, FORECAST.c.forecaster_id, FORECAST.c.entry)
    placed = sa.select(*columns, place).where(FORECAST.c.question_id == question).subquery()
    latest = sa.select(*(placed.c[column.name] for column in columns)).where(placed.c.place == 1)
    op.execute(POSITION.delete().where(POSITION.c.question_id == question))
    op.execute(POSITION.insert().from_select([column.name for column in columns], latest))


# The trigger on forecasts: words may be erased, and an act become that of whom its actor was merged into.


def is_sqlite() -> bool:
    return bool(op.get_bind().dialect.name == "sqlite")


def on_forecast() -> str:
    return "" if is_sqlite() else " ON forecast"


def erased() -> str:
    return " AND ".join(["NEW.rationale = ''", same("forecaster_id", *SAID)])


def same(*columns: str) -> str:
    operator = "IS" if is_sqlite() else "IS NOT DISTINCT FROM"
    return " AND ".join(f"NEW.{column} {operator} OLD.{column}" for column in columns)


def guard_all_but_merges() -> None:
    allowed = f"({erased()}) OR ({same('rationale', *SAID)} AND NEW.forecaster_id = {ROOT})"
    if is_sqlite():
        op.execute(
            f"CREATE TRIGGER forecast_is_append_only BEFORE UPDATE ON forecast WHEN ({allowed}) IS NOT TRUE "
            "BEGIN SELECT RAISE(ABORT, 'forecast is append-only'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION forecast_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF ({allowed}) IS NOT TRUE THEN RAISE EXCEPTION 'forecast is append-only'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER forecast_is_append_only BEFORE UPDATE ON forecast FOR EACH ROW "
        "EXECUTE FUNCTION forecast_guard()"
    )


def guard_all() -> None:
    """The trigger as it was."""
    if is_sqlite():
        op.execute(
            "CREATE TRIGGER forecast_is_append_only BEFORE UPDATE ON forecast "
            f"WHEN NOT ({erased()}) BEGIN SELECT RAISE(ABORT, 'forecast is append-only'); END"
        )
    else:
        op.execute(
            "CREATE TRIGGER forecast_is_append_only BEFORE UPDATE ON forecast FOR EACH ROW "
            f"WHEN (NOT ({erased()})) EXECUTE FUNCTION forecast_refusal()"
        )


def downgrade() -> None:
    op.execute(f"DROP TRIGGER forecast_is_append_only{on_forecast()}")
    if not is_sqlite():
        op.execute("DROP FUNCTION forecast_guard()")
    attribute({who: who for who in roots()})
    guard_all()
    op.drop_table("merge")
    op.drop_index("ix_forecaster_merged_into_id", "forecaster")
    op.drop_column("forecaster", "merged_into_id")
