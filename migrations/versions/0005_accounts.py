"""Let accounts be invited, throttled, reset, guarded by a second factor and entered by another provider.

Invitations and sessions that there are stay as they are. Nothing of this is a public act: what is dropped on the way
down comes back empty.

Revision ID: 0005
Revises: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ADDED = {
    "invitation": (
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("used", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("made_by", sa.String(), nullable=False, server_default=""),
    ),
    "browser_session": (
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.Column("browser", sa.String(), nullable=False, server_default=""),
    ),
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column)
    op.execute("UPDATE invitation SET used = 1 WHERE spent_at IS NOT NULL")
    make_doors()
    make_factors()
    make_single_sign_on()


def key(table: str, *names: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*names, name=f"pk_{table}")


def owner(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["forecaster_id"], ["forecaster.id"], name=f"fk_{table}_forecaster_id_forecaster")


def make(table: str, *columns: Any) -> None:
    """A table, with an index where rows are looked for by whose they are."""
    op.create_table(table, *columns)
    names = {one.name for one in columns if isinstance(one, sa.Column)}
    if "forecaster_id" in names and table != "second_factor":
        op.create_index(f"ix_{table}_forecaster_id", table, ["forecaster_id"], unique=False)


def make_doors() -> None:
    make(
        "throttle",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("clear_at", MOMENT, nullable=False),
        key("throttle", "key"),
    )
    make(
        "reset_link",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        owner("reset_link"),
        key("reset_link", "token"),
    )
    make(
        "half_sign_in",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        owner("half_sign_in"),
        key("half_sign_in", "token"),
    )


def make_factors() -> None:
    make(
        "second_factor",
        sa.Column("forecaster_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        owner("second_factor"),
        key("second_factor", "forecaster_id"),
    )
    make(
        "recovery_code",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=False),
        owner("recovery_code"),
        key("recovery_code", "code"),
    )


def make_single_sign_on() -> None:
    make(
        "identity",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        owner("identity"),
        key("identity", "issuer", "subject"),
    )
    make(
        "visit",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("forecaster_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("invitation", sa.String(), nullable=False),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        owner("visit"),
        key("visit", "token"),
    )


def downgrade() -> None:
    for table in ("visit", "identity", "recovery_code", "second_factor", "half_sign_in", "reset_link", "throttle"):
        op.drop_table(table)
    op.execute("DELETE FROM invitation WHERE made_by <> ''")
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column.name)
