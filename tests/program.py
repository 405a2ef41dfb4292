"""The program itself, started by a test: in a process of its own, which ends with its exit code.

To start Python and import everything takes more than a second, so a process that has done so waits and is forked each
time. tests/forecasts/test_cli.py starts servers as a person starts them.
"""

import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

PATIENCE = 120
IMPORTED = ("cli", "chores", "demo", "exporting", "importing", "loading", "verification")
STREAMS = ("stdin", "stdout", "stderr")

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # who forks has one thread
_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(["web.app", "uvicorn", *(f"forecasts.{name}" for name in IMPORTED)])


def run(words: Sequence[str], folder: Path, environment: Mapping[str, str], typed: str = "") -> tuple[int, str, str]:
    """Run `brierboard` with these words. The exit code, what it printed, and what it said on standard error.

    Nothing of this process's environment reaches it.
    """
    with TemporaryDirectory() as name:
        streams = [Path(name) / stream for stream in STREAMS]
        streams[0].write_text(typed)
        process = begin(_brierboard, (list(words),), folder, environment, streams)
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
        told = [stream.read_bytes().decode() for stream in streams[1:]]
    assert process.exitcode is not None
    return process.exitcode, told[0], told[1]


def _brierboard(words: list[str]) -> None:
    sys.argv = ["brierboard", *words]
    import_module("forecasts.cli").app()


def begin(
    act: Callable[..., object], given: tuple[object, ...], folder: Path, environment: Mapping[str, str],
    streams: Sequence[Path],
) -> BaseProcess:  # fmt: skip
    """A process that does this act; its standard streams are these files."""
    process = _forking.Process(target=_become, args=(act, given, folder, dict(environment), list(streams)))
    process.start()
    return process


def _become(
    act: Callable[..., object], given: tuple[object, ...], folder: Path, environment: dict[str, str],
    streams: list[Path],
) -> None:  # fmt: skip
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(streams):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), number)
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115  as long as we live
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    if environment.get("PYTHONWARNINGS") == "error":
        warnings.resetwarnings()
        warnings.simplefilter("error")
    act(*given)


def workers(pid: int) -> set[int]:
    """The processes that answer for a server of several, as Linux tells; none where the server is gone."""
    with suppress(FileNotFoundError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return {int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()}
    return set()
