"""The program itself, started by a test: each command in a process of its own, which ends with its exit code.

To start Python and import everything takes a second, so a process that has done so waits and is forked for each
command. What serves starts as a person starts it: see tests/forecasts/test_cli.py.
"""

import multiprocessing
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

PATIENCE = 120
COMMANDS = ("chores", "demo", "exporting", "importing", "loading", "verification")
STREAMS = ("stdin", "stdout", "stderr")

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # who forks has one thread
_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(["forecasts.cli", *(f"forecasts.{name}" for name in COMMANDS)])


def run(words: Sequence[str], folder: Path, environment: Mapping[str, str], typed: str = "") -> tuple[int, str, str]:
    """Run `brierboard` with these words. The exit code, what it printed, and what it said on standard error.

    Nothing of this process's environment reaches it.
    """
    with TemporaryDirectory() as name:
        place = Path(name)
        for stream in STREAMS:
            (place / stream).write_bytes(typed.encode() if stream == "stdin" else b"")
        process = _forking.Process(target=_become, args=(list(words), folder, dict(environment), place))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
        told = [(place / stream).read_bytes().decode() for stream in STREAMS[1:]]
    assert process.exitcode is not None
    return process.exitcode, told[0], told[1]


def _become(words: list[str], folder: Path, environment: dict[str, str], place: Path) -> None:
    """Be the program: its folder, environment, streams and words."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in enumerate(STREAMS):
        os.dup2(os.open(place / name, os.O_RDWR), number)
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115  as long as we live
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    warnings.resetwarnings()
    warnings.simplefilter("error")
    sys.argv = ["brierboard", *words]
    import_module("forecasts.cli").app()
