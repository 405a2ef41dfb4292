"""Ladders: what a rung is, and which answers contradict each other."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questions import ladders, setfile
from questions.errors import InvalidQuestion
from questions.kinds import KINDS
from questions.ladders import Rung
from questions.setfile import InvalidFile

FILE = """
[set]
slug = "growth"
title = "Growth"

[[questions]]
slug = "growth-above-2"
kind = "binary"
title = "Will it grow by more than 2%?"
criteria = "As measured."
group = "growth"
ladder = { threshold = 2, direction = "above" }
opens_at = 2026-01-01T00:00:00Z
closes_at = 2026-12-31T23:59:00Z
"""


def above(*said: tuple[float, float]) -> list[tuple[Rung, float]]:
    return [(Rung(place, "above"), yes) for place, yes in said]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ({"threshold": 2, "direction": "above"}, {"threshold": 2, "direction": "above"}),
        ({"threshold": -0.5, "direction": "below"}, {"threshold": -0.5, "direction": "below"}),
        (
            {"threshold": date(2026, 3, 31), "direction": "by"},
            {"threshold": "2026-03-31T23:59:00Z", "direction": "by"},
        ),
        (
            {"threshold": datetime(2026, 3, 31, 12, tzinfo=UTC), "direction": "by"},
            {"threshold": "2026-03-31T12:00:00Z", "direction": "by"},
        ),
        (
            {"threshold": "2026-03-31T12:00:00+02:00", "direction": "by"},
            {"threshold": "2026-03-31T10:00:00Z", "direction": "by"},
        ),
    ],
)
def test_a_rung_is_stored_as_json_has_it_and_judged_again_is_the_same(
    written: dict[str, Any], stored: dict[str, Any]
) -> None:
    shape = KINDS["binary"].shape({"ladder": written})

    assert shape.spec == {"ladder": stored}
    assert KINDS["binary"].shape(shape.spec) == shape
    assert shape.outcomes == ("no", "yes")


@pytest.mark.parametrize(
    "written",
    [
        None,
        2,
        {},
        {"threshold": 2},
        {"threshold": 2, "direction": "sideways"},
        {"threshold": 2, "direction": "above", "colour": "red"},
        {"threshold": "2", "direction": "above"},
        {"threshold": True, "direction": "above"},
        {"threshold": float("nan"), "direction": "above"},
        {"threshold": 10**16, "direction": "below"},
        {"threshold": 2, "direction": "by"},
        {"threshold": "soon", "direction": "by"},
        {"threshold": "2026-03-31", "direction": "by"},
        {"threshold": datetime(2026, 3, 31, 12), "direction": "by"},  # noqa: DTZ001
    ],
)
def test_what_is_no_rung_is_refused(written: Any) -> None:
    with pytest.raises(InvalidQuestion) as refusal:
        KINDS["binary"].shape({"ladder": written})

    assert refusal.value.field == "ladder"


def test_a_set_file_can_say_which_rung_a_question_is() -> None:
    (draft,) = setfile.parse(FILE.encode(), "growth.toml").drafts

    assert draft.fields["spec"] == {"ladder": {"threshold": 2, "direction": "above"}}
    assert ladders.rung(draft.fields["spec"]) == Rung(2.0, "above")
    assert ladders.rung({}) is None
    with pytest.raises(InvalidFile, match=r"question 1 \(ladder\): “up” is no direction"):
        setfile.parse(FILE.replace("above", "up").encode(), "growth.toml")


def test_more_cannot_be_likelier_than_less() -> None:
    assert ladders.contradiction(above((0, 0.9), (1, 0.6), (2, 0.6))) is None
    assert ladders.contradiction(above((0, 0.9), (1, 0.5), (2, 0.6))) == (1, 2)
    assert ladders.contradiction(above((2, 0.6), (1, 0.5))) == (1, 0)


def test_what_lies_under_less_lies_under_more_and_what_comes_early_comes_by_later() -> None:
    for direction in ("below", "by"):
        rising = [(Rung(1, direction), 0.2), (Rung(2, direction), 0.5)]
        falling = [(Rung(1, direction), 0.5), (Rung(2, direction), 0.2)]

        assert ladders.contradiction(rising) is None
        assert ladders.contradiction(falling) == (1, 0)


def test_rungs_of_other_directions_and_equal_ones_are_not_held_against_each_other() -> None:
    assert ladders.contradiction([(Rung(1, "above"), 0.1), (Rung(2, "below"), 0.9), (Rung(1, "above"), 0.3)]) is None
    assert ladders.contradiction([]) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 10)), max_size=8))
def test_a_contradiction_is_found_exactly_where_some_pair_contradicts(said: list[tuple[int, int]]) -> None:
    rungs = above(*((place, yes / 10) for place, yes in said))

    found = ladders.contradiction(rungs)

    assert (found is None) == all(a[1] >= b[1] for a in said for b in said if a[0] < b[0])
    if found is not None:
        (less, low), (more, high) = said[found[0]], said[found[1]]
        assert less < more
        assert low < high


@pytest.mark.parametrize("thresholds", [[0, 1, 2], [3, 1, -4], [5]])
def test_thresholds_rise_or_fall(thresholds: list[float]) -> None:
    ladders.require_steps(thresholds, [str(one) for one in thresholds], "thresholds")


@pytest.mark.parametrize("thresholds", [[0, 1, 1], [0, 2, 1], [3, 1, 2], [1, 1]])
def test_thresholds_in_any_other_order_are_refused_by_the_first_at_fault(thresholds: list[float]) -> None:
    written = [f"{one} percent" for one in thresholds]

    with pytest.raises(InvalidQuestion) as refusal:
        ladders.require_steps(thresholds, written, "thresholds")

    assert str(refusal.value).startswith(f"“{written[-1]}” stands after “{written[-2]}”.")
