"""Every known answer is asked for by some test."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.known import groups

TESTS = Path(__file__).parent


def asked_for(path: Path) -> Iterator[str]:
    """The groups of known answers that a test file names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("known", "metaculus"):
            yield from (
                word.value for word in node.args if isinstance(word, ast.Constant) and isinstance(word.value, str)
            )


def test_every_group_of_known_answers_is_tested() -> None:
    asked = {group for path in TESTS.rglob("test_*.py") for group in asked_for(path)}

    assert groups() - asked == set()
    assert asked - groups() == set()
