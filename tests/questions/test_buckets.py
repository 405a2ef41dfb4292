"""Outcomes fall into the bins that Metaculus puts them into, so that its distributions go in and out without loss."""

from typing import Any

import pytest

from questions.errors import InvalidAnswer
from questions.kinds import KINDS
from questions.shape import Kind, Shape
from tests.known import Case, metaculus

ENDS = {"below_lower_bound": "below", "above_upper_bound": "above"}


def asked(question: dict[str, Any]) -> tuple[Kind, Shape]:
    """The question as it is asked here."""
    if question["type"] == "binary":
        return KINDS["binary"], KINDS["binary"].shape({})
    if question["type"] == "multiple_choice":
        ever = [option for _, options in question["options_history"] for option in options]
        return KINDS["choice"], KINDS["choice"].shape({"outcomes": [*sorted({*ever} - {"Other"}), "Other"]})
    low, high = question["range_min"], question["range_max"]
    span: dict[str, Any] = {"low": low, "high": high, "open_below": True, "open_above": True}
    if question["type"] == "discrete":  # there the range ends half a unit beyond the outermost values
        span |= {"low": low + 0.5, "high": high - 0.5, "step": 1}
    shape = KINDS["number"].shape({"range": span})
    assert shape.size == question["inbound_outcome_count"] + 2
    return KINDS["number"], shape


@pytest.mark.parametrize("case", metaculus("resolution_to_bucket"))
def test_what_happened_is_found_in_the_same_bin(case: Case) -> None:
    """Where there is no score there, what is typed is no outcome here: annulling is a decision of its own."""
    kind, shape = asked(case["question"])
    typed = ENDS.get(case["resolution"], case["resolution"]) or ""

    if case["expected_bucket"] is None:
        with pytest.raises(InvalidAnswer):
            kind.resolve(typed, shape)
    else:
        assert kind.resolve(typed, shape) == case["expected_bucket"]
