"""How Alembic reaches the database: on the connection it is handed, else on the one that the settings name."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection
from sqlmodel import SQLModel

import forecasts.models  # noqa: F401  so that every table is in the metadata
from questions.models import Moment


def render_item(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Plain SQL types in migrations: they must run when our classes have long changed."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and type(item).__name__ == "AutoString":
        return "sa.String()"
    if kind == "type" and type(item).__name__ in ("Reals", "Wholes"):
        return "sa.LargeBinary()"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_item=render_item,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    from forecasts.clock import SystemClock
    from forecasts.database import Database
    from forecasts.settings import Settings

    with Database(Settings().database_url, SystemClock()).changing_schema() as connection:
        run(connection)
