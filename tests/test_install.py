"""The lock files are whole and name no host, and the Makefile and .ci/run install from them."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

each_lock = pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)


def entries(lock: Path) -> list[str]:
    """What a lock file asks for, one requirement with its hashes each, its broken lines joined."""
    return lock.read_text().replace("\\\n", " ").splitlines()


def pins(lock: Path) -> set[str]:
    return {entry.split("--hash")[0].strip() for entry in entries(lock)}


def names(lock: Path) -> set[str]:
    return {canonicalize_name(Requirement(pin).name) for pin in pins(lock)}


def asked(*groups: str) -> set[str]:
    optional = PROJECT["project"]["optional-dependencies"]
    wanted = PROJECT["project"]["dependencies"] + [line for group in groups for line in optional[group]]
    return {canonicalize_name(Requirement(line).name) for line in wanted}


def test_there_are_three_lock_files() -> None:
    assert [lock.name for lock in LOCKS] == ["requirements-test.lock", "requirements-uv.lock", "requirements.lock"]


@each_lock
def test_a_lock_names_no_host(lock: Path) -> None:
    assert "://" not in lock.read_text()


@each_lock
def test_every_line_of_a_lock_pins_one_version_and_carries_hashes(lock: Path) -> None:
    whole = re.compile(r"[A-Za-z0-9._-]+==[^\s;]+( ; [^\\]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")

    assert [entry for entry in entries(lock) if not whole.fullmatch(entry)] == []


def test_the_locks_hold_everything_that_the_project_asks_for() -> None:
    assert asked("build") - names(ROOT / "requirements.lock") == set()
    assert asked("build", "test") - names(ROOT / "requirements-test.lock") == set()
    assert names(ROOT / "requirements-uv.lock") == {"uv"}


def test_the_locked_versions_are_those_that_the_project_allows() -> None:
    optional = PROJECT["project"]["optional-dependencies"]
    wanted = [Requirement(line) for line in PROJECT["project"]["dependencies"] + optional["build"] + optional["test"]]
    locked = [Requirement(pin) for pin in pins(ROOT / "requirements-test.lock")]

    refused = [
        f"{pin}, where {wish} is asked for"
        for wish in wanted
        for pin in locked
        if canonicalize_name(pin.name) == canonicalize_name(wish.name)
        and not wish.specifier.contains(next(iter(pin.specifier)).version)
    ]

    assert refused == []


def test_tests_run_on_the_versions_that_the_server_runs_on() -> None:
    assert pins(ROOT / "requirements.lock") - pins(ROOT / "requirements-test.lock") == set()


def test_django_of_which_only_a_script_is_served_is_not_installed() -> None:
    assert {"django", "asgiref"} & names(ROOT / "requirements-test.lock") == set()


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("serve", ".venv/bin/brierboard serve --load questions/sets/russia-2026.toml"),
        ("test", "-m pytest"),
        ("test", ".venv/bin/mypy"),
        ("lint", ".venv/bin/ruff check"),
        ("bench", "tests/benchmarks"),
        ("lock", "--generate-hashes"),
        ("clean", "rm -rf .venv"),
    ],
)
def test_make_runs_what_each_target_is_for(target: str, command: str) -> None:
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert command in done.stdout


def test_ci_allows_no_skips_and_runs_the_tests_by_the_command_that_people_use() -> None:
    script = (ROOT / ".ci" / "run").read_text().splitlines()

    assert script[-2:] == ["export BRIERBOARD_TEST_NO_SKIPS=1", "make test"]
    assert "set -euo pipefail" in script
