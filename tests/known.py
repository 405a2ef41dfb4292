"""Known answers: inputs and outputs of scoring code on which independent implementations agree.

tests/data/scoring_cases.json holds 78 cases; each names under `verified_by` the implementations that gave its output.
tests/data/metaculus_score_cases.json holds 134 that follow Metaculus' definitions; each group names its origin.
Both hold facts alone: numbers that went in and numbers that came out.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

Case = dict[str, Any]


@cache
def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / "data" / f"{name}.json").read_text())
    return found


def known(*groups: str) -> list[Any]:
    """The cases of these groups of scoring_cases.json, as parameters of a test."""
    cases = [case for case in _read("scoring_cases")["cases"] if case["group"] in groups]
    return [pytest.param(case, id=case["id"]) for case in cases]


def metaculus(group: str) -> list[Any]:
    """The cases of one group of metaculus_score_cases.json, each with its group's `default_args` filled in."""
    (found,) = (one for one in _read("metaculus_score_cases")["groups"] if one["id"] == group)
    cases = [case | {"args": found.get("default_args", {}) | case.get("args", {})} for case in found["cases"]]
    return [pytest.param(case, id=f"{group}-{number}") for number, case in enumerate(cases, 1)]


def groups() -> set[str]:
    """The names of all groups in both files."""
    named = {case["group"] for case in _read("scoring_cases")["cases"]}
    return named | {group["id"] for group in _read("metaculus_score_cases")["groups"]}
