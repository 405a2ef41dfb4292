"""Percent as people type it and as they read it back."""

from decimal import Decimal

import pytest

from questions import percent
from questions.errors import InvalidAnswer


@pytest.mark.parametrize(
    ("typed", "share"),
    [
        ("37", "0.37"),
        ("37%", "0.37"),
        ("37 %", "0.37"),
        (" 37\u00a0% ", "0.37"),
        ("37.5", "0.375"),
        ("37,5", "0.375"),
        ("37,12", "0.3712"),
        ("37,1250", "0.37125"),
        ("37.125", "0.37125"),
        ("0,125", "0.00125"),
        (".5", "0.005"),
        (",5", "0.005"),
        ("37.", "0.37"),
        ("0", "0"),
        ("-0", "0"),
        ("100", "1"),
        ("99.99999999999", "0.9999999999999"),
    ],
)
def test_percent_is_read_as_people_type_it(typed: str, share: str) -> None:
    assert percent.read(typed) == Decimal(share)
    assert not percent.read(typed).is_signed()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("170", "170% is outside 0 to 100. Write a percentage such as 70."),
        ("100.0000001", "100.0000001% is outside 0 to 100. Write a percentage such as 70."),
        ("-1", "-1% is outside 0 to 100. Write a percentage such as 70."),
        ("−1 %", "−1% is outside 0 to 100. Write a percentage such as 70."),
        ("170,000", "170,000% is outside 0 to 100. Write a percentage such as 70."),
        ("1,000", "“1,000” can be read in two ways. Write 1.000."),
        ("37,125", "“37,125” can be read in two ways. Write 37.125."),
        (" 37,125 %", "“37,125 %” can be read in two ways. Write 37.125."),
        ("100,000", "“100,000” can be read in two ways. Write 100.000."),
        ("nan", "“nan” is not a percentage. Write a number such as 70 or 37.5."),
        ("inf", "“inf” is not a percentage. Write a number such as 70 or 37.5."),
        ("1e1", "“1e1” is not a percentage. Write a number such as 70 or 37.5."),
        ("1_0", "“1_0” is not a percentage. Write a number such as 70 or 37.5."),
        ("٣٧", "“٣٧” is not a percentage. Write a number such as 70 or 37.5."),
        ("37%%", "“37%%” is not a percentage. Write a number such as 70 or 37.5."),
        ("0,3,7", "“0,3,7” is not a percentage. Write a number such as 70 or 37.5."),
        ("3 7", "“3 7” is not a percentage. Write a number such as 70 or 37.5."),
        (".", "“.” is not a percentage. Write a number such as 70 or 37.5."),
        ("%", "“%” is not a percentage. Write a number such as 70 or 37.5."),
        ("1\u202e0\x00", "“10” is not a percentage. Write a number such as 70 or 37.5."),
        ("", "No percentage was typed. Write one such as 70."),
        (" \u00a0 ", "No percentage was typed. Write one such as 70."),
        ("0" * 41, f"“{'0' * 40}…” is not a percentage. Write a number such as 70 or 37.5."),
    ],
)
def test_anything_else_is_refused_with_the_value_the_fault_and_the_remedy(typed: str, sentence: str) -> None:
    with pytest.raises(InvalidAnswer) as refusal:
        percent.read(typed, "probability")

    assert str(refusal.value) == sentence
    assert refusal.value.field == "probability"


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.005, "0.5%"),
        (0.29, "29%"),
        (0.5, "50%"),
        (1 / 3, "33.333333%"),
        (0.345 + 5e-17, "34.5%"),
        (0, "0%"),
        (1, "100%"),
        (1e-300, "under 0.000001%"),
        (1 - 1e-12, "over 99.999999%"),
    ],
)
def test_only_the_impossible_reads_0_and_only_the_certain_100(share: float, said: str) -> None:
    assert percent.say(share) == said


@pytest.mark.parametrize("share", [0.29, 0.005, 1 / 3, 0.1 + 0.2, 5e-17, 0, 1, 0.57, 1 - 2**-53])
def test_what_stands_in_a_form_reads_back_as_the_very_same_share(share: float) -> None:
    assert float(percent.read(percent.exact(share))) == share


def test_what_stands_in_a_form_is_as_short_as_what_was_typed() -> None:
    assert [percent.exact(share) for share in (0.005, 0.29, 0.375, 1, 0)] == ["0.5", "29", "37.5", "100", "0"]


def test_a_share_with_too_many_digits_for_a_form_is_cut_to_what_the_form_takes() -> None:
    assert percent.exact(1e-300) == "0"


def test_typed_percentages_are_added_as_they_were_typed() -> None:
    percent.require_hundred([Decimal("0.1")] * 10)
    percent.require_hundred([Decimal("0.3333333333333333")] * 3)

    with pytest.raises(InvalidAnswer, match=r"^The percentages add up to 90, not to 100\.$"):
        percent.require_hundred([Decimal("0.3")] * 3)
    with pytest.raises(InvalidAnswer, match=r"^The percentages add up to 100\.0000001, not to 100\.$"):
        percent.require_hundred([Decimal("0.500000001"), Decimal("0.5")])


@pytest.mark.parametrize("value", [True, False, None, "0.5", float("nan"), float("inf"), -0.1, 1.5, 37, [0.5]])
def test_a_probability_from_a_program_is_a_number_from_0_to_1_and_nothing_else(value: object) -> None:
    with pytest.raises(InvalidAnswer) as refusal:
        percent.probability(value, "probability")

    assert str(refusal.value).endswith("Write a probability such as 0.7.")


@pytest.mark.parametrize("values", [None, 0.5, "ab", {0: 1}, [1], [0.5, 0.25, 0.25], [0.5, True], [0.5, 0.4]])
def test_a_list_of_probabilities_has_one_for_each_outcome_and_adds_up_to_1(values: object) -> None:
    with pytest.raises(InvalidAnswer) as refusal:
        percent.probabilities(values, 2)

    assert refusal.value.field == "probabilities"
