"""From what somebody types into a form to what a set file would hold; the same judge, the same sentences."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from questions import forms, setfile
from questions.errors import InvalidQuestion
from questions.kinds import KINDS
from questions.setfile import InvalidFile
from tests.cast import DAY, NOON

TRAM = {"title": "Will the tram run?", "kind": "binary", "criteria": "YES if it does.", "closes_at": "end of June"}
CUP = {
    "title": "Who wins?",
    "kind": "choice",
    "criteria": "As announced.",
    "closes_at": "in 3 weeks",
    "outcomes": "north\n\n  south \nnobody",
}
GROWTH = {
    "title": "How much growth?",
    "kind": "number",
    "criteria": "As published.",
    "closes_at": "end of 2026",
    "low": "-4",
    "high": "5",
    "open_below": "yes",
    "open_above": "no",
    "step": "0,1",
    "unit": "%",
}
BRIDGE = {
    "title": "When will it open?",
    "kind": "date",
    "criteria": "The first day.",
    "closes_at": "2026-03-03",
    "low": "3 Mar 2026",
    "high": "31 Mar 2026",
    "open_above": "yes",
}
STEPS = {
    "title": "Will growth be above {threshold}%?",
    "direction": "above",
    "thresholds": "-1\n0\n1.50",
    "criteria": "YES if above {threshold}%.",
    "closes_at": "end of 2026",
}
SPEECH = {"title": "On the harbour", "name": "The speech", "said_at": "1 March 2026", "claims": "1 2"}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def speech(*claims: dict[str, str], **changes: str) -> dict[str, str]:
    """A source with these claims."""
    typed = SPEECH | {"claims": " ".join(str(number) for number in range(1, len(claims) + 1))} | changes
    for number, claim in enumerate(claims, 1):
        typed |= {f"claim-{number}-{name}": value for name, value in claim.items()}
    return typed


def refusal(typed: dict[str, str], read: Any = forms.question) -> tuple[str, str]:
    with pytest.raises(InvalidQuestion) as caught:
        read(typed, NOON)
    return caught.value.field, str(caught.value)


# One question


def test_a_typed_question_is_what_a_set_file_would_make_of_it() -> None:
    file = """
[set]
slug = "a"
title = "A"
[[questions]]
slug = "will-the-tram-run"
kind = "binary"
title = "Will the tram run?"
criteria = "YES if it does."
tags = ["city", "rails"]
opens_at = 2026-03-02T12:00:00Z
closes_at = 2026-06-30T23:59:00Z
"""
    (due,) = setfile.parse(file.encode(), "a.toml").drafts

    found = forms.question(TRAM | {"tags": "city, rails,"}, NOON)

    assert found == due


def test_a_question_opens_when_it_is_published_where_it_says_nothing_or_a_time_that_is_over() -> None:
    for opens in ("", "now", "1 March 2026"):
        assert forms.question(TRAM | {"opens_at": opens}, NOON).fields["opens_at"] == NOON
    assert forms.question(TRAM | {"opens_at": "1 May"}, NOON).fields["opens_at"] == utc("2026-05-01T00:00")


def test_each_kinds_fields_become_its_spec() -> None:
    specs = {typed["kind"]: forms.question(typed, NOON).fields["spec"] for typed in (CUP, GROWTH, BRIDGE)}

    assert specs == {
        "choice": {"outcomes": ["north", "south", "nobody"]},
        "number": {"range": {"low": -4, "high": 5, "open_below": True, "open_above": False, "step": 0.1, "unit": "%"}},
        "date": {
            "range": {
                "low": "2026-03-03T00:00:00Z",
                "high": "2026-04-01T00:00:00Z",
                "open_below": False,
                "open_above": True,
                "step": "day",
            }
        },
    }


def test_fields_of_other_kinds_are_left_alone() -> None:
    assert forms.question(TRAM | {"outcomes": "a\nb", "low": "rubbish", "step": "-"}, NOON).fields["spec"] == {}


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({}, "title", "The title is empty."),
        (TRAM | {"title": "Пойдёт ли трамвай?"}, "slug", "The title gives no slug."),
        (TRAM | {"slug": "Big Letters"}, "slug", "“Big Letters” is not a slug."),
        (TRAM | {"title": "x" * 301}, "title", "The title is 301 characters long. Keep it to 300."),
        (TRAM | {"criteria": ""}, "criteria", "What is asked for under “criteria” is missing."),
        (TRAM | {"criteria": "a\x07b"}, "criteria", "What is asked for under “criteria” holds a control character."),
        (TRAM | {"kind": "riddle"}, "kind", "“riddle” is not a kind."),
        (TRAM | {"closes_at": ""}, "closes_at", "The closing time is empty. Write one such as 31 Dec 2026"),
        (TRAM | {"closes_at": "03/04/2026"}, "closes_at", "“03/04/2026” can be read in two ways."),
        (TRAM | {"closes_at": "1 March 2026"}, "closes_at", "The closing time is over already."),
        (TRAM | {"opens_at": "1 July", "closes_at": "1 June"}, "closes_at", "The question closes before it opens."),
        (TRAM | {"resolves_at": "1 June"}, "resolves_at", "The question is expected to resolve before it closes."),
        (CUP | {"outcomes": "\n".join(f"o{i}" for i in range(300))}, "outcomes", "A choice needs “outcomes”"),
        (CUP | {"outcomes": "a\nb\nA"}, "outcomes", "“A” stands twice among the outcomes."),
        (GROWTH | {"low": ""}, "low", "The range lacks “low”. Add it."),
        (GROWTH | {"low": "few"}, "low", "“few” is not a number."),
        (GROWTH | {"high": "1,250"}, "high", "“1,250” can be read in two ways. Write 1250 or 1.250."),
        (GROWTH | {"high": "-5"}, "high", "The range ends where it begins, or before."),
        (GROWTH | {"step": "0.4"}, "step", "Steps of 0.4 do not lead from −4 to 5."),
        (GROWTH | {"zero_point": "0"}, "zero_point", "The zero point must lie under all values"),
        (BRIDGE | {"low": ""}, "low", "Where the range begins is empty."),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_whole_sentence_and_the_forms_field(
    typed: dict[str, str], field: str, sentence: str
) -> None:
    found = refusal(typed)

    assert found[0] == field
    assert found[1].startswith(sentence)


def test_times_are_fixed_when_it_matters_and_now_stays_now() -> None:
    typed = CUP | {"opens_at": "now", "resolves_at": "end of the year"}

    fixed = forms.fixed(typed, NOON)

    assert fixed == typed | {"closes_at": "2026-03-23 23:59", "resolves_at": "2026-12-31 23:59"}
    assert forms.question(fixed, NOON + DAY).fields["closes_at"] == utc("2026-03-23T23:59")
    assert forms.fixed(fixed, NOON + 300 * DAY) == fixed


def test_fixed_ends_of_a_range_are_the_same_range() -> None:
    assert forms.question(forms.fixed(BRIDGE, NOON), NOON) == forms.question(BRIDGE, NOON)


def test_a_time_that_cannot_be_read_is_left_for_the_judge() -> None:
    assert forms.moments(TRAM | {"opens_at": "soon"}, NOON) == {"closes_at": utc("2026-06-30T23:59")}


# A ladder


def test_a_ladder_is_one_question_for_each_threshold_in_one_group() -> None:
    found = forms.ladder(STEPS, NOON)

    fields = [one.fields for one in found]
    assert [one["title"] for one in fields] == [
        "Will growth be above −1%?",
        "Will growth be above 0%?",
        "Will growth be above 1.5%?",
    ]
    assert [one["slug"] for one in fields] == [
        "will-growth-be-above-above-minus-1",
        "will-growth-be-above-above-0",
        "will-growth-be-above-above-1-5",
    ]
    assert {one["group"] for one in fields} == {"will-growth-be-above"}
    assert [one["criteria"] for one in fields][2] == "YES if above 1.5%."
    assert [one["spec"]["ladder"]["threshold"] for one in fields] == [-1, 0, 1.5]


def test_rungs_of_dates_close_each_at_its_own() -> None:
    typed = {
        "title": "Will it open by {threshold}?",
        "direction": "by",
        "thresholds": "31 March 2026\nend of June\n2026-07-01 12:00",
        "criteria": "YES if it does.",
        "slug": "bridge",
    }

    found = [one.fields for one in forms.ladder(typed, NOON)]

    assert [one["closes_at"] for one in found] == [
        utc("2026-03-31T23:59"),
        utc("2026-06-30T23:59"),
        utc("2026-07-01T12:00"),
    ]
    assert [one["title"] for one in found] == [
        "Will it open by 31 March 2026?",
        "Will it open by 30 June 2026?",
        "Will it open by 1 July 2026, 12:00 UTC?",
    ]
    assert [one["slug"] for one in found] == [
        "bridge-by-2026-03-31",
        "bridge-by-2026-06-30",
        "bridge-by-2026-07-01-1200",
    ]
    assert forms.ladder(forms.fixed(typed, NOON), NOON + DAY)[1].fields["title"] == found[1]["title"]


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"title": "Will growth be above?"}, "title", "The title lacks {threshold}."),
        ({"direction": ""}, "direction", "No direction is chosen."),
        ({"thresholds": "1"}, "thresholds", "A ladder has 2 to 20 thresholds, and here are 1."),
        (
            {"thresholds": "\n".join(map(str, range(500)))},
            "thresholds",
            "A ladder has 2 to 20 thresholds, and here are 500.",
        ),
        ({"thresholds": "1\n3\n2"}, "thresholds", "“2” stands after “3”."),
        ({"thresholds": "1\n1.0"}, "thresholds", "“1.0” stands after “1”."),
        ({"thresholds": "1\ntwo"}, "thresholds", "“two” is not a number."),
        (
            {"thresholds": "1 May\n2 May", "direction": "by", "closes_at": "1 March 2026"},
            "closes_at",
            "The closing time",
        ),
        ({"criteria": " "}, "criteria", "What is asked for under “criteria” is missing."),
        ({"title": "x" * 300 + "{threshold}"}, "title", "The title is 302 characters long"),
    ],
)
def test_a_ladder_that_cannot_stand_is_refused(changes: dict[str, str], field: str, sentence: str) -> None:
    found = refusal(STEPS | changes, forms.ladder)

    assert found[0] == field
    assert found[1].startswith(sentence)


# A source


def test_a_source_is_what_a_set_file_would_make_of_it() -> None:
    claims = (
        TRAM | {"claim": "It will run.", "paragraph": "3", "implied_probability": "37,5", "reason": "It says so."},
        CUP | {"implied_shares": "60\n30\n10"},
        GROWTH | {"implied_low": "-0.4", "implied_median": "0.8", "implied_high": "1.8"},
        BRIDGE,
    )

    found = forms.source(speech(*claims), NOON)

    assert found.fields == {
        "slug": "on-the-harbour",
        "title": "On the harbour",
        "description": "",
        "expires_after": None,
        "audience": "public",
        "reveal": "always",
        "reveals_at": None,
        "source": {
            "slug": "the-speech",
            "name": "The speech",
            "title": "On the harbour",
            "author": "",
            "note": "",
            "said_at": utc("2026-03-01T12:00"),
            "read_on": NOON.date(),
        },
    }
    tram, cup, growth, _ = found.drafts
    assert (tram.fields["claim"], tram.fields["paragraph"], tram.reason) == ("It will run.", "3", "It says so.")
    assert tram.fields["opens_at"] == utc("2026-03-01T12:00")
    assert [one.implied is None for one in found.drafts] == [False, False, False, True]
    assert np.asarray(tram.implied).tolist() == [0.625, 0.375]
    assert np.asarray(cup.implied).tolist() == [0.6, 0.3, 0.1]
    number = KINDS["number"]
    said = number.imply({"low": -0.4, "median": 0.8, "high": 1.8}, number.shape(growth.fields["spec"]))
    assert growth.implied == pytest.approx(said)


def test_a_source_that_spoke_today_spoke_by_now() -> None:
    early = NOON.replace(hour=8)

    assert forms.about(SPEECH | {"said_at": "today"}, early)["source"]["said_at"] == early
    assert forms.about(SPEECH | {"said_at": "today"}, NOON.replace(hour=18))["source"]["said_at"] == NOON


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({}, "title", "The title is empty."),
        (SPEECH | {"said_at": ""}, "said_at", "When it was said is empty."),
        (SPEECH | {"said_at": "tomorrow"}, "said_at", "When it was said lies in the future."),
        (SPEECH | {"claims": ""}, "claims", "There is no claim yet. Add the first."),
        (speech(TRAM, {}), "claims", "Claim 2: The title is empty."),
        (speech(CUP | {"implied_shares": "60\n40"}), "claims", "Claim 1: There are 2 percentages for 3 outcomes."),
        (speech(CUP | {"implied_shares": "60\n30\n9"}), "claims", "Claim 1: The percentages add up to 99, not to 100."),
        (speech(TRAM | {"implied_probability": "170"}), "claims", "Claim 1: 170% is outside 0 to 100."),
        (speech(GROWTH | {"implied_low": "1"}), "claims", "Claim 1: The median is empty."),
    ],
)
def test_a_source_that_is_not_ready_says_what_it_lacks(typed: dict[str, str], field: str, sentence: str) -> None:
    found = refusal(typed, forms.source)

    assert found[0] == field
    assert found[1].startswith(sentence)


def test_a_claim_at_fault_names_its_own_field() -> None:
    said_at = utc("2026-03-01T12:00")
    for changes, field in (
        ({"implied_probability": "x"}, "implied_probability"),
        (CUP | {"implied_shares": "60\nx\n9"}, "implied_shares"),
        (GROWTH | {"implied_low": "2", "implied_median": "1", "implied_high": "3"}, "implied_median"),
        (GROWTH | {"implied_low": "2", "low": "x"}, "low"),
    ):
        with pytest.raises(InvalidQuestion) as caught:
            forms.claim(TRAM | changes, said_at, NOON)
        assert caught.value.field == field


def test_two_claims_cannot_have_one_slug() -> None:
    with pytest.raises(InvalidFile, match="“will-the-tram-run” stands twice"):
        forms.source(speech(TRAM, TRAM), NOON)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Will it rain in Oslo in 2027?", "will-it-rain-in-oslo-in-2027"),
        ("  ÉLAN & Straße ", "elan-strasse"),
        ("a " * 100, "-".join("a" * 25)),
        ("x" * 61, "x" * 50),
        ("日本", ""),
    ],
)
def test_a_slug_is_made_of_a_titles_words(title: str, slug: str) -> None:
    assert forms.slug_of(title) == slug
