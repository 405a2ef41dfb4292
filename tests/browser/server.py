"""Brierboard as `brierboard serve` starts it, but with a clock that stands in a file: tests move it by rewriting that.

python tests/browser/server.py --database URL --clock FILE [--port N]
"""

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from forecasts.cli import listen, welcome
from forecasts.database import Database
from forecasts.settings import Settings
from forecasts.wire import configured
from web.app import create


class FileClock:
    """A clock that shows the moment written in a file, however often that changes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def now(self) -> datetime:
        return datetime.fromisoformat(self.path.read_text())


def main(database: Annotated[str, typer.Option()], clock: Annotated[Path, typer.Option()], port: int = 0) -> None:
    """Prepare the database, print the line to open, and serve until Ctrl-C."""
    listener = listen("127.0.0.1", port)
    settings = Settings(database_url=database, port=listener.getsockname()[1])
    prepared = Database(database, FileClock(clock))
    prepared.prepare()
    print(welcome(prepared, settings.address), flush=True)
    config = configured(create(settings, prepared))
    with suppress(KeyboardInterrupt):  # as in forecasts/cli.py
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    typer.run(main)
