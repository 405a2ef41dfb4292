"""Every kind is judged by the same promises; then each by values worked out by hand."""

import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from questions import percent
from questions.errors import InvalidAnswer, InvalidQuestion
from questions.kinds import KINDS, REQUIRED
from questions.registry import HalfWritten, discover
from questions.shape import Field, Kind, Shape, Vector

BINARY, CHOICE, NUMBER, DATE = (KINDS[name] for name in ("binary", "choice", "number", "date"))
GDP = NUMBER.shape(NUMBER.EXAMPLE)
YEAR = DATE.shape(DATE.EXAMPLE)
WAR = CHOICE.shape({"outcomes": ["Fighting", "Ceasefire", "Peace", "Capitulation"]})
COUNT = NUMBER.shape({"range": {"low": 0, "high": 20, "open_below": False, "open_above": False, "step": 1}})
BRENT = NUMBER.shape(
    {"range": {"low": 30, "high": 110, "open_below": True, "open_above": True, "step": 0.01, "unit": "USD"}}
)
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def vectors(size: int) -> list[Vector]:
    """Even, certain, whole percents, and what no one types."""
    certain, whole = np.zeros(size), np.zeros(size)
    certain[-1] = 1
    whole[:2] = 0.29, 0.71
    some = np.random.default_rng(7).dirichlet(np.full(size, 0.3), 5)
    return [np.full(size, 1 / size), certain, certain[::-1].copy(), whole, *some]


def filled(fields: tuple[Field, ...], way: str = "") -> dict[str, str]:
    """The form that a browser sends of one group of fields."""
    return {"way": way, **{field.name: field.value for field in fields if field.way == way}}


def interval(low: str, median: str, high: str) -> dict[str, str]:
    return {"low": low, "median": median, "high": high}


def refusal(kind: Kind, form: Mapping[str, str], shape: Shape) -> tuple[str, str]:
    with pytest.raises(InvalidAnswer) as caught:
        kind.read(form, shape)
    return caught.value.field, str(caught.value)


# What every kind promises


@every_kind
def test_a_kind_can_ask_its_example_and_store_it_as_json(kind: Kind) -> None:
    shape = kind.shape(kind.EXAMPLE)

    again = kind.shape(json.loads(json.dumps(shape.spec)))

    assert again == shape
    assert hash(again) == hash(shape)
    assert np.array_equal(again.edges, shape.edges)
    assert len(set(shape.outcomes)) == shape.size >= 2
    assert bool(shape.edges.size) == kind.ORDERED


@every_kind
def test_what_a_form_shows_reads_back_as_the_vector_that_it_shows(kind: Kind) -> None:
    shape = kind.shape(kind.EXAMPLE)
    for vector in vectors(shape.size):
        fields = kind.fields(shape, vector)
        *_, exact = [field.way for field in fields]

        again = kind.read(filled(fields, exact), shape)

        assert again.dtype == np.float64
        assert again == pytest.approx(vector, abs=1e-9 if kind.ORDERED else 1e-15)
        assert again.sum() == pytest.approx(1, abs=1e-9)
        assert (again >= 0).all()


@every_kind
def test_a_program_writes_the_same_vector_in_plain_numbers(kind: Kind) -> None:
    shape = kind.shape(kind.EXAMPLE)
    for vector in vectors(shape.size):
        implied = {"probabilities": vector.tolist(), "reason": "as we read it"}

        assert np.array_equal(kind.imply(implied, shape), vector)


@every_kind
@pytest.mark.parametrize("wrong", [True, None, "0.5", float("nan"), float("inf"), -0.1, 1.1])
def test_a_program_that_writes_no_probability_is_refused(kind: Kind, wrong: object) -> None:
    shape = kind.shape(kind.EXAMPLE)

    for implied in ({}, {"probabilities": wrong}, {"probabilities": [wrong, *[0.0] * (shape.size - 1)]}):
        with pytest.raises(InvalidAnswer):
            kind.imply(implied, shape)


@every_kind
def test_an_empty_form_is_refused_and_names_the_field_to_fill(kind: Kind) -> None:
    shape = kind.shape(kind.EXAMPLE)
    names = [field.name for field in kind.fields(shape, None)]

    field, sentence = refusal(kind, {}, shape)

    assert field in names
    assert sentence.endswith(".")


@every_kind
def test_an_empty_form_shows_no_values(kind: Kind) -> None:
    assert {field.value for field in kind.fields(kind.shape(kind.EXAMPLE), None)} == {""}


@every_kind
@given(st.text(max_size=60))
def test_whatever_is_typed_gives_a_distribution_or_a_sentence(kind: Kind, typed: str) -> None:
    shape = kind.shape(kind.EXAMPLE)
    names = [field.name for field in kind.fields(shape, None)]
    try:
        vector, sentence = kind.read(dict.fromkeys(names[:8], typed), shape), "."
    except InvalidAnswer as error:
        vector, sentence = np.ones(1), str(error)

    assert vector.sum() == pytest.approx(1)
    assert sentence.endswith(".")
    assert not any(sign in sentence for sign in "\x00\x1b\u202e\n")


@every_kind
def test_an_unknown_part_of_a_spec_is_refused_by_its_name(kind: Kind) -> None:
    with pytest.raises(InvalidQuestion, match="“colour”") as caught:
        kind.shape({**kind.EXAMPLE, "colour": "red"})

    assert caught.value.field == "colour"


@every_kind
def test_every_vector_is_said_in_one_line(kind: Kind) -> None:
    shape = kind.shape(kind.EXAMPLE)
    for vector in vectors(shape.size):
        said = kind.say(vector, shape)

        assert said
        assert "\n" not in said
        assert not re.search("nan|inf", said)


@every_kind
def test_lines_lie_on_their_axis_and_break_where_nobody_stood(kind: Kind) -> None:
    shape = kind.shape(kind.EXAMPLE)
    crowd = np.vstack([np.full(shape.size, np.nan), *vectors(shape.size)])
    axis = kind.axis(shape)

    lines = kind.series(crowd, crowd, crowd, shape)

    assert axis.low < axis.high
    assert 3 <= len(axis.ticks) <= 9
    assert all(axis.low <= place <= axis.high and label for place, label in axis.ticks)
    for line in lines:
        for values in (line.lower, line.middle, line.upper):
            assert values.shape == (len(crowd),)
            assert np.isnan(values[0])
            assert ((axis.low <= values[1:]) & (values[1:] <= axis.high)).all()
        assert (line.lower[1:] <= line.middle[1:]).all()
        assert kind.reading(float(line.middle[1]), shape)


@every_kind
def test_a_history_of_no_moments_has_lines_of_no_points(kind: Kind) -> None:
    shape = kind.shape(kind.EXAMPLE)
    nothing = np.empty((0, shape.size))

    assert all(line.middle.shape == (0,) for line in kind.series(nothing, nothing, nothing, shape))


@every_kind
def test_only_ordered_kinds_have_quantiles(kind: Kind) -> None:
    shape = kind.shape(kind.EXAMPLE)

    assert kind.quantiles(np.full(shape.size, 1 / shape.size), shape, (0.25, 0.75)).size == (2 if kind.ORDERED else 0)


@every_kind
@pytest.mark.parametrize("text", ["", " ", "perhaps", "nan", "1e3", "\x00", "9" * 50])
def test_a_resolution_that_is_no_outcome_is_refused_with_a_sentence(kind: Kind, text: str) -> None:
    with pytest.raises(InvalidAnswer) as caught:
        kind.resolve(text, kind.shape(kind.EXAMPLE))

    assert caught.value.field == "outcome"
    assert len(str(caught.value)) < 200


def test_a_half_written_kind_stops_the_program_with_a_sentence_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "halfkinds").mkdir()
    (tmp_path / "halfkinds" / "ladder.py").write_text(
        'NAME = "ladder"\nTITLE = "Ladder"\nORDERED = True\nHINT = ""\nEXAMPLE = {}\ndef shape(spec): ...\n'
    )
    package = ModuleType("halfkinds")
    package.__path__ = [str(tmp_path / "halfkinds")]
    sys.modules["halfkinds"] = package
    try:
        with pytest.raises(HalfWritten) as caught:
            discover(package, REQUIRED)
    finally:
        del sys.modules["halfkinds"]

    lacking = "SPEC, IMPLIED, fields, read, say, resolve, told, imply, quantiles, series, axis, reading"
    assert str(caught.value) == f"halfkinds/ladder.py lacks {lacking}."


def test_the_four_kinds_are_found_with_what_their_questions_hold() -> None:
    found = {name: (kind.ORDERED, tuple(kind.SPEC)) for name, kind in KINDS.items()}

    assert (
        found.items()
        >= {
            "binary": (False, ("ladder",)),
            "choice": (False, ("outcomes",)),
            "number": (True, ("range",)),
            "date": (True, ("range",)),
        }.items()
    )


@every_kind
def test_a_kind_names_the_fields_that_it_asks_and_answers_with(kind: Kind) -> None:
    assert set(kind.EXAMPLE) <= set(kind.SPEC)
    assert "probabilities" in kind.IMPLIED
    assert "reason" not in kind.IMPLIED  # every kind's alike


@every_kind
def test_every_outcome_of_a_kind_without_order_is_told_by_its_label(kind: Kind) -> None:
    shape = kind.shape(kind.EXAMPLE)

    for label in () if kind.ORDERED else shape.outcomes:
        assert kind.told(label, shape) == label[:1].upper() + label[1:]


@every_kind
@pytest.mark.parametrize("text", ["", "perhaps", "nan", "\x00"])
def test_what_is_no_outcome_is_not_told(kind: Kind, text: str) -> None:
    with pytest.raises(InvalidAnswer):
        kind.told(text, kind.shape(kind.EXAMPLE))


# Yes or no


def test_yes_or_no_reads_one_percentage_and_puts_no_first() -> None:
    shape = BINARY.shape({})

    assert shape.outcomes == ("no", "yes")
    assert BINARY.read({"probability": "37,5"}, shape).tolist() == [0.625, 0.375]
    assert BINARY.read({"probability": "90"}, shape).tolist() == [0.1, 0.9]
    assert BINARY.imply({"probability": 0.05, "reason": "as read"}, shape).tolist() == [0.95, 0.05]
    assert BINARY.imply({"probability": 1}, shape).tolist() == [0, 1]


def test_yes_or_no_refuses_what_is_no_percentage() -> None:
    said = refusal(BINARY, {"probability": "170"}, BINARY.shape({}))

    assert said == ("probability", "170% is outside 0 to 100. Write a percentage such as 70.")


@pytest.mark.parametrize(
    "implied",
    [{"probability": True}, {"probability": "0.5"}, {"probability": 5}, {"probability": 0.5, "probabilities": [1, 0]}],
)
def test_yes_or_no_takes_one_number_from_programs(implied: dict[str, Any]) -> None:
    with pytest.raises(InvalidAnswer):
        BINARY.imply(implied, BINARY.shape({}))


def test_yes_or_no_is_said_shown_and_resolved() -> None:
    shape = BINARY.shape({})
    crowd = np.array([[0.7, 0.3], [0.4, 0.6]])

    (line,) = BINARY.series(crowd, crowd - 0.1, crowd + 0.1, shape)

    assert BINARY.say(np.array([0.995, 0.005]), shape) == "0.5%"
    assert [field.value for field in BINARY.fields(shape, np.array([0.71, 0.29]))] == ["29"]
    assert [BINARY.resolve(text, shape) for text in ("no", " Yes ", "NO")] == [0, 1, 0]
    assert (line.label, line.middle.tolist(), line.lower.tolist()) == ("Yes", [0.3, 0.6], pytest.approx([0.2, 0.5]))


# Choice


def test_a_choice_reads_all_its_percentages() -> None:
    typed = {"outcome-0": "86", "outcome-1": "7%", "outcome-2": "4,5", "outcome-3": "2.5"}

    vector = CHOICE.read(typed, WAR)

    assert vector.tolist() == [0.86, 0.07, 0.045, 0.025]
    assert CHOICE.say(vector, WAR) == "86 / 7 / 4.5 / 2.5%"
    assert [field.value for field in CHOICE.fields(WAR, vector)] == ["86", "7", "4.5", "2.5"]


def test_a_choice_says_which_percentage_is_missing_and_what_the_others_make() -> None:
    missing = {"outcome-0": "86", "outcome-1": "7", "outcome-2": " ", "outcome-3": "2"}
    short = {"outcome-0": "30", "outcome-1": "30", "outcome-2": "30", "outcome-3": "0"}

    assert refusal(CHOICE, missing, WAR) == ("outcome-2", "“Peace” has no percentage. Write 0 if you rule it out.")
    assert refusal(CHOICE, short, WAR) == ("", "The percentages add up to 90, not to 100.")


def test_a_choice_is_resolved_by_its_label_whatever_the_capitals() -> None:
    assert [CHOICE.resolve(text, WAR) for text in ("fighting", "  PEACE ", "Capitulation")] == [0, 2, 3]
    assert CHOICE.told("  PEACE ", WAR) == "Peace"


@pytest.mark.parametrize(
    "outcomes",
    [
        None,
        "yes, no",
        ["alone"],
        [f"{i}" for i in range(51)],
        ["A", "B", "a "],
        ["A", "B", ""],
        ["A", "B", 5],
        ["A", "B", True],
        ["A", "B", "Annulled"],
    ],
)
def test_a_choice_needs_3_to_50_different_labels(outcomes: object) -> None:
    with pytest.raises(InvalidQuestion) as caught:
        CHOICE.shape({"outcomes": outcomes})

    assert caught.value.field == "outcomes"


def test_a_choice_of_two_is_a_yes_or_no_question() -> None:
    with pytest.raises(InvalidQuestion) as caught:
        CHOICE.shape({"outcomes": ["A", "B"]})

    assert str(caught.value) == "A choice has 3 to 50 outcomes; ask a yes-or-no question instead."
    assert CHOICE.shape({"outcomes": ["A", "B", "C"]}).size == 3
    assert CHOICE.shape({"outcomes": [f"{i}" for i in range(50)]}).size == 50


# Number


@pytest.mark.parametrize(
    ("shape", "typed", "said"),
    [
        (GDP, ("-0.4", "0.8", "1.8"), "0.8% (80%: −0.4 to 1.8%)"),
        (GDP, ("-3", "4.7", "5"), "4.7% (80%: −3 to 5%)"),
        (GDP, ("0.78", "0.8", "0.9"), "0.8% (80%: 0.78 to 0.9%)"),
        (BRENT, ("47", "58", "70"), "58 USD (80%: 47 to 70 USD)"),
        (BRENT, ("47.35", "58", "70.1"), "58 USD (80%: 47.35 to 70.1 USD)"),
        (BRENT, ("80", "95", "120"), "95 USD (80%: 80 to over 110 USD)"),
        (BRENT, ("10", "28", "90"), "under 30 USD (80%: under 30 to 90 USD)"),
        (COUNT, ("0", "3", "8"), "3 (80%: 0 to 8)"),
        (YEAR, ("2026-05-01", "2026-06-14", "2026-09-30"), "14 Jun 2026 (80%: 1 May 2026 to 30 Sep 2026)"),
        (YEAR, ("2026-05-01", "2026-10-14", "2027-08-01"), "14 Oct 2026 (80%: 1 May 2026 to 1 Jan 2027 or later)"),
    ],
)
def test_what_was_typed_as_an_interval_is_said_and_comes_back_as_typed(
    shape: Shape, typed: tuple[str, str, str], said: str
) -> None:
    kind = DATE if shape is YEAR else NUMBER

    vector = kind.read(interval(*typed), shape)

    assert kind.say(vector, shape) == said
    fields = kind.fields(shape, vector)
    assert tuple(field.value for field in fields[:3]) == typed
    assert kind.read(filled(fields, "interval"), shape) == pytest.approx(vector, abs=1e-15)
    assert kind.read(filled(fields, "bins"), shape) == pytest.approx(vector, abs=1e-9)


def test_the_form_of_a_vector_that_nobody_typed_shows_quantiles_that_can_be_sent() -> None:
    half_and_half = (
        NUMBER.read(interval("40", "45", "50"), BRENT) + NUMBER.read(interval("80", "85", "90"), BRENT)
    ) / 2
    within_one_bin = np.zeros(GDP.size)
    within_one_bin[45] = 1

    fields = NUMBER.fields(BRENT, half_and_half)

    # A tenth of all is a fifth of the lower half: 45 - 0.8416 x 5 / 1.2816 = 41.7.
    assert [fields[0].value, fields[2].value] == ["41.7", "88.3"]
    # Bin 45 is 0.4: from 0.35 to 0.45, and its tenths at 0.36, 0.4, 0.44.
    assert [field.value for field in NUMBER.fields(GDP, within_one_bin)[:3]] == ["0.36", "0.4", "0.44"]


def test_nearly_all_beyond_an_open_end_leaves_the_interval_empty_and_is_said_in_a_word() -> None:
    vector = NUMBER.read(interval("300", "310", "330"), BRENT)

    assert NUMBER.say(vector, BRENT) == "over 110 USD"
    assert [field.value for field in NUMBER.fields(BRENT, vector)[:3]] == ["", "", ""]


def test_a_sliver_inside_the_range_tells_nothing_of_the_interval_and_none_is_made_up() -> None:
    five_days = dates("2026-01-05T00:00:00Z", "2026-01-10T00:00:00Z")

    vector = DATE.read(interval("2026-05-01", "2026-06-14", "2027-03-09"), five_days)

    assert 0 < vector[:-1].sum() < 1e-3
    assert [field.value for field in DATE.fields(five_days, vector)[:3]] == ["", "", ""]


def test_bins_are_read_by_their_fields_and_an_empty_one_is_0() -> None:
    vector = NUMBER.read({"bin-0": "25", "bin-3": "74,5", "bin-22": ".5"}, GDP)

    assert vector[[0, 1, 3, 22]].tolist() == [0.25, 0, 0.745, 0.005]
    assert vector.sum() == pytest.approx(1, abs=1e-12)


def test_the_way_that_is_named_counts_and_without_one_what_is_filled_in() -> None:
    both = {**interval("-0.4", "0.8", "1.8"), "bin-0": "100"}

    assert NUMBER.read({**both, "way": "bins"}, GDP)[0] == 1
    assert NUMBER.read({**both, "way": "interval"}, GDP)[0] < 0.01
    assert NUMBER.read(both, GDP)[0] < 0.01
    assert refusal(NUMBER, {**both, "way": "guess"}, GDP)[0] == "way"
    assert refusal(NUMBER, {"way": "bins"}, GDP) == ("", "The percentages add up to 0, not to 100.")


@pytest.mark.parametrize(
    ("shape", "typed", "field", "sentence"),
    [
        (GDP, ("", "1", "2"), "low", "The low is empty. Write a low, a median and a high."),
        (GDP, ("0", "x", "2"), "median", "“x” is not a number. Write one such as 1250 or 0.8."),
        (GDP, ("0", "1", "1e3"), "high", "“1e3” is not a number. Write one such as 1250 or 0.8."),
        (GDP, ("1", "1", "2"), "median", "The median, 1, is not over 1. Write three rising values: low, median, high."),
        (GDP, ("1", "2", "-2"), "high", "The high, −2, is not over 2. Write three rising values: low, median, high."),
        (COUNT, ("-1", "1", "2"), "low", "The range begins at 0. The low must lie over that."),
        (COUNT, ("-0.3", "1", "2"), "low", "The range begins at 0. The low must lie over that."),
        (COUNT, ("1", "2", "20.3"), "high", "The range ends at 20. The high must lie under that."),
        (COUNT, ("1", "2", "21"), "high", "The range ends at 20. The high must lie under that."),
        (BRENT, ("47", "1,250", "1300"), "median", "“1,250” can be read in two ways. Write 1250 or 1.250."),
    ],
)
def test_an_interval_that_cannot_be_is_refused_at_its_field(
    shape: Shape, typed: tuple[str, str, str], field: str, sentence: str
) -> None:
    assert refusal(NUMBER, interval(*typed), shape) == (field, sentence)


def test_a_logarithmic_range_refuses_what_has_no_logarithm() -> None:
    output = NUMBER.shape({"range": {"low": 1, "high": 100, "open_below": True, "open_above": True, "zero_point": 0}})

    said = refusal(NUMBER, interval("0", "1", "2"), output)

    assert said == ("low", "Every value lies over 0. The low must do so too.")


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("0.8", 49),
        ("0,8", 49),
        ("0.8%", 49),
        ("0.8 %", 49),
        ("+.8", 49),
        ("−0.4", 37),
        ("-0.4", 37),
        ("0.75", 48),  # right-closed: 0.65 to 0.75
        ("0.750001", 49),
        ("-4", 1),
        ("-4.06", 0),
        ("under −4%", 0),
        ("under -4", 0),
        ("Below", 0),
        ("5", 91),
        ("5.06", 92),
        ("over 5%", 92),
        ("above", 92),
    ],
)
def test_a_number_is_resolved_into_its_bin(text: str, index: int) -> None:
    # Bin i holds -4.1 + 0.1 i, so 0.8 is 49.
    assert NUMBER.resolve(text, GDP) == index


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("57.9", "57.9 USD"),
        ("57,91 USD", "57.91 USD"),  # not rounded to its bin of 40 cents
        ("57.90", "57.9 USD"),
        ("120", "120 USD"),  # beyond the open end, and known
        ("over", "Over 110 USD"),
        ("over 110", "Over 110 USD"),
        ("Below", "Under 30 USD"),
    ],
)
def test_the_number_that_came_is_told_exactly_and_with_its_unit(text: str, told: str) -> None:
    assert NUMBER.told(text, BRENT) == told


@pytest.mark.parametrize("text", ["-1", "21", "20.3", "-0.2"])
def test_a_number_beyond_closed_ends_is_no_outcome(text: str) -> None:
    with pytest.raises(InvalidAnswer, match="it runs from 0 to 20"):
        NUMBER.resolve(text, COUNT)


def test_closed_ends_know_no_beyond() -> None:
    with pytest.raises(InvalidAnswer, match="not a number"):
        NUMBER.resolve("over", COUNT)


def test_a_program_writes_an_interval_in_plain_numbers() -> None:
    vector = NUMBER.imply({"low": -0.4, "median": 0.8, "high": 1.8, "reason": "as read"}, GDP)

    assert np.array_equal(vector, NUMBER.read(interval("-0.4", "0.8", "1.8"), GDP))


@pytest.mark.parametrize(
    ("implied", "field"),
    [
        ({"low": 0, "median": 1}, "high"),
        ({"low": True, "median": 1, "high": 2}, "low"),
        ({"low": "0", "median": 1, "high": 2}, "low"),
        ({"low": 0, "median": float("nan"), "high": 2}, "median"),
        ({"low": 0, "median": 1, "high": float("inf")}, "high"),
        ({"low": 0, "median": 1, "high": 10**400}, "high"),
        ({"low": 2, "median": 1, "high": 3}, "median"),
        ({"low": 0, "median": 1e-300, "high": 3}, "median"),
        ({"low": 0, "median": 1, "high": 3, "probabilities": [1.0]}, "median"),
    ],
)
def test_a_program_that_writes_no_interval_is_refused_at_its_field(implied: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidAnswer) as caught:
        NUMBER.imply(implied, GDP)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"low": None}, "range.low"),
        ({"low": True}, "range.low"),
        ({"low": "-4"}, "range.low"),
        ({"low": float("nan")}, "range.low"),
        ({"high": float("inf")}, "range.high"),
        ({"high": 10**400}, "range.high"),
        ({"high": -4}, "range.high"),
        ({"high": -5}, "range.high"),
        ({"open_below": 1}, "range.open_below"),
        ({"open_above": None}, "range.open_above"),
        ({"step": 0.7}, "range.step"),
        ({"step": 0}, "range.step"),
        ({"step": -0.1}, "range.step"),
        ({"step": False}, "range.step"),
        ({"unit": ""}, "range.unit"),
        ({"unit": 5}, "range.unit"),
        ({"zero_point": -4}, "range.zero_point"),
        ({"zero_point": -4.04}, "range.zero_point"),
        ({"steps": 1}, "range.steps"),
        ({"low": 10**15 - 1, "high": 10**15, "step": None}, "range"),
    ],
)
def test_a_range_that_cannot_be_cut_is_refused_at_its_part(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidQuestion) as caught:
        NUMBER.shape({"range": {**NUMBER.EXAMPLE["range"], **change}})

    assert caught.value.field == field


def test_a_range_that_is_none_is_refused() -> None:
    for spec in ({}, {"range": [1, 2]}, {"range": None}):
        with pytest.raises(InvalidQuestion, match="needs a “range”"):
            NUMBER.shape(spec)


def test_whole_numbers_and_left_out_parts_are_stored_in_one_form() -> None:
    shape = NUMBER.shape({"range": {**NUMBER.EXAMPLE["range"], "low": -4.0, "zero_point": None}})

    assert json.dumps(shape.spec, sort_keys=True) == json.dumps(NUMBER.EXAMPLE, sort_keys=True)


def test_the_crowds_line_is_its_own_median_and_quartiles() -> None:
    count = NUMBER.shape({"range": {"low": 0, "high": 200, "open_below": False, "open_above": True}})
    crowd = np.zeros((2, 201))
    crowd[0, 100] = 1
    crowd[1, [40, 200]] = 0.6, 0.4

    (line,) = NUMBER.series(crowd, crowd, crowd, count)

    # First all lies evenly over 100..101. Then 0.6 lies over 40..41, with a quarter at 25/60 of it; 0.4 beyond 200.
    assert line.middle == pytest.approx([100.5, 40 + 50 / 60])
    assert line.lower == pytest.approx([100.25, 40 + 25 / 60])
    assert line.upper == pytest.approx([100.75, 200])


def test_a_value_of_the_line_is_read_with_its_unit_as_fine_as_the_bins_are() -> None:
    assert NUMBER.reading(0.8123, GDP) == "0.8%"
    assert NUMBER.reading(-0.04, GDP) == "0%"
    assert NUMBER.reading(58.0342, BRENT) == "58 USD"
    assert [label for _, label in NUMBER.axis(GDP).ticks] == ["−4%", "−2%", "0%", "2%", "4%"]


# Date


def seconds(*moment: int) -> float:
    return datetime(*moment, tzinfo=UTC).timestamp()  # type: ignore[misc, arg-type]


def dates(low: str, high: str, **more: Any) -> Shape:
    return DATE.shape({"range": {"low": low, "high": high, "open_below": False, "open_above": True, **more}})


def test_a_year_is_cut_into_200_bins_of_time() -> None:
    # 361 days in 200 bins: 155,952 seconds each.
    assert YEAR.size == 201
    assert set(np.diff(YEAR.edges)) == {155952.0}
    assert YEAR.edges[[0, -1]].tolist() == [seconds(2026, 1, 5), seconds(2027, 1, 1)]
    assert YEAR.outcomes[0] == "5 Jan 2026 00:00 to 6 Jan 2026 19:19 UTC"
    assert YEAR.outcomes[-1] == "1 Jan 2027 or later"


def test_a_short_range_in_days_has_a_bin_for_each_day_from_midnight_to_midnight() -> None:
    may = dates("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", step="day")

    assert may.size == 31 + 1
    assert may.edges[1] == seconds(2026, 5, 2)
    assert may.outcomes[0] == "1 May 2026"
    assert may.outcomes[30] == "31 May 2026"
    # The last stroke before midnight and midnight itself are on different days.
    assert [DATE.resolve(text, may) for text in ("2026-05-08 23:59", "2026-05-09 00:00", "2026-05-09")] == [7, 8, 8]
    assert DATE.resolve("2026-06-01", may) == 31


def test_ends_come_as_text_or_as_what_toml_makes_of_them_and_are_stored_in_utc() -> None:
    paris = timezone(timedelta(hours=1))

    shape = dates(datetime(2026, 1, 5, 1, tzinfo=paris), "2027-01-01T00:00:00+00:00", step="day")  # type: ignore[arg-type]

    assert shape.spec == DATE.EXAMPLE


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"low": "2026-01-05"}, "range.low"),
        ({"low": "2026-01-05T00:00:00"}, "range.low"),
        ({"low": datetime(2026, 1, 5)}, "range.low"),  # noqa: DTZ001 - a naive one is what is refused
        ({"low": date(2026, 1, 5)}, "range.low"),
        ({"low": "2026-02-30T00:00:00Z"}, "range.low"),
        ({"low": "0001-01-01T00:00:00+05:00"}, "range.low"),
        ({"low": 5}, "range.low"),
        ({"high": "2026-01-05T00:00:00Z"}, "range.high"),
        ({"high": "2026-01-05T00:03:00Z", "step": None}, "range.high"),
        ({"high": "2026-12-31T23:59:00Z"}, "range.step"),
        ({"step": "week"}, "range.step"),
        ({"step": 1}, "range.step"),
        ({"unit": "days"}, "range.unit"),
    ],
)
def test_a_range_of_time_that_cannot_be_cut_is_refused_at_its_part(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidQuestion) as caught:
        DATE.shape({"range": {**DATE.EXAMPLE["range"], **change}})

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("text", "index"),
    [
        # Days 0 to 99 of the 100 from 1 January 2026, in 200 bins of half a day: (noon, midnight] and (midnight, noon].
        ("2026-01-01", 0),
        ("2026-01-01 00:00", 0),
        ("2026-01-01T12:00Z", 0),
        ("2026-01-01 12:01 UTC", 1),
        ("2026-01-02T00:00:00Z", 1),
        ("2026-01-02T01:00:00+01:00", 1),
        ("2026-01-02t00:00:01z", 2),
        ("2026-04-10 23:59", 199),
        ("2026-04-11 00:00", 199),
        ("2026-04-11", 200),
        ("11 Apr 2026 or later", 200),
        ("after", 200),
    ],
)
def test_a_date_is_resolved_into_its_bin_and_without_a_time_is_noon(text: str, index: int) -> None:
    hundred_days = dates("2026-01-01T00:00:00Z", "2026-04-11T00:00:00Z")

    assert DATE.resolve(text, hundred_days) == index


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-03-04", "4 Mar 2026"),
        ("2026-03-04 12:00", "4 Mar 2026"),  # its noon stands for a day
        ("2026-03-04 14:30", "4 Mar 2026, 14:30 UTC"),
        ("2026-03-04T14:30+02:00", "4 Mar 2026, 12:30 UTC"),
        ("2027-06-01", "1 Jun 2027"),  # beyond the open end, and known
        ("after", "1 Jan 2027 or later"),
    ],
)
def test_the_moment_that_came_is_told_as_all_dates_are(text: str, told: str) -> None:
    assert DATE.told(text, dates("2026-01-05T00:00:00Z", "2027-01-01T00:00:00Z")) == told


def test_where_days_are_asked_for_the_day_alone_is_told() -> None:
    assert DATE.told("2026-03-04 14:30", YEAR) == "4 Mar 2026"


@pytest.mark.parametrize("text", ["2026-02-30", "9 May 2026", "2026-5-9", "2026-05-09 25:00", "٢٠٢٦-05-09", "before"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidAnswer, match=r"is not a date\. Write one such as 2026-05-09 or 2026-05-09 14:00\.$"):
        DATE.resolve(text, YEAR)


def test_a_date_before_a_closed_beginning_is_refused() -> None:
    with pytest.raises(InvalidAnswer, match="it runs from 5 Jan 2026, 00:00 UTC to 1 Jan 2027, 00:00 UTC"):
        DATE.resolve("2026-01-04", YEAR)


def test_a_program_writes_dates_as_text_or_as_toml_does() -> None:
    typed = DATE.read(interval("2026-05-01", "2026-06-14", "2026-09-30"), YEAR)

    as_text = {"low": "2026-05-01T12:00:00Z", "median": "2026-06-14", "high": "2026-09-30"}
    as_toml = {"low": date(2026, 5, 1), "median": datetime(2026, 6, 14, 7, tzinfo=UTC), "high": date(2026, 9, 30)}

    assert np.array_equal(DATE.imply(as_text, YEAR), typed)
    assert np.array_equal(DATE.imply(as_toml, YEAR), typed)
    for wrong in (datetime(2026, 5, 1), 5, True, None):  # noqa: DTZ001 - a naive one is what is refused
        with pytest.raises(InvalidAnswer, match="is not a date"):
            DATE.imply({**as_toml, "low": wrong}, YEAR)


def test_dates_are_read_by_the_day_and_in_short_ranges_by_the_minute() -> None:
    evening = dates("2026-05-09T12:00:00Z", "2026-05-10T00:00:00Z")

    vector = DATE.read(interval("2026-05-09 13:00", "2026-05-09 14:30", "2026-05-09 17:00"), evening)

    assert DATE.reading(seconds(2026, 5, 9, 17), YEAR) == "9 May 2026"
    assert DATE.reading(seconds(2026, 5, 9, 17), evening) == "9 May 2026, 17:00 UTC"
    assert DATE.say(vector, evening).startswith("9 May 2026, 14:30 UTC (80%: 9 May 2026, 13:00 UTC to ")


def test_time_is_labelled_at_months_days_or_hours() -> None:
    def labels(low: str, high: str) -> list[str]:
        return [label for _, label in DATE.axis(dates(low, high)).ticks]

    in_months = ["Mar 2026", "May 2026", "Jul 2026", "Sep 2026", "Nov 2026", "Jan 2027"]
    assert [label for _, label in DATE.axis(YEAR).ticks] == in_months
    assert labels("2026-01-05T00:00:00Z", "2026-01-10T00:00:00Z") == [f"{day} Jan" for day in (5, 6, 7, 8, 9, 10)]
    assert labels("2026-01-05T00:30:00Z", "2026-01-05T06:00:00Z")[0] == "5 Jan 01:00"
    assert labels("2000-01-01T00:00:00Z", "2050-01-01T00:00:00Z")[:2] == ["Jan 2000", "Jan 2010"]


def test_bins_of_a_form_add_up_to_exactly_100() -> None:
    vector = DATE.read(interval("2026-05-01", "2026-06-14", "2026-09-30"), YEAR)

    shares = [
        percent.read(value) for value in filled(DATE.fields(YEAR, vector), "bins").values() if value not in ("", "bins")
    ]

    assert sum(shares) == 1
