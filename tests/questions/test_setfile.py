"""Set files: what a good one holds, and every way in which a bad one is refused with its file, question and reason."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from questions import kinds, setfile
from questions.kinds import KINDS, REQUIRED
from questions.registry import discover
from questions.setfile import InvalidFile
from questions.shape import Kind

HEAD = """
[set]
slug = "weather"
title = "The weather"

[source]
slug = "almanac"
name = "The almanac"
title = "What the weather will be"
said_at = 2026-03-01T12:00:00Z
read_on = 2026-03-02
"""

RAIN = """
[[questions]]
slug = "rain"
kind = "binary"
title = "Will it rain?"
criteria = "As measured."
opens_at = 2026-03-02T12:00:00Z
closes_at = 2026-03-09T12:00:00Z
[questions.implied]
probability = 0.8
reason = "It says so."
"""

WIND = """
[[questions]]
slug = "wind"
kind = "choice"
title = "Whence will the wind blow?"
criteria = "As measured."
outcomes = ["north", "south", "calm"]
opens_at = 2026-03-02T12:00:00Z
closes_at = 2026-03-09T12:00:00Z
resolves_at = 2026-03-10T12:00:00Z
"""

WARMTH = """
[[questions]]
slug = "warmth"
kind = "number"
title = "How warm will it be?"
criteria = "As measured."
range = { low = 1, high = 3, open_below = false, open_above = true, step = 1, unit = "°C" }
opens_at = 2026-03-02T12:00:00Z
closes_at = 2026-03-09T12:00:00Z
"""

FILE = HEAD + RAIN + WIND + WARMTH


def parse(text: str) -> setfile.SetFile:
    return setfile.parse(text.encode(), "weather.toml")


def fault(content: str | bytes) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(InvalidFile) as refusal:
        setfile.parse(content.encode() if isinstance(content, str) else content, "weather.toml")
    return str(refusal.value)


def changed(old: str, new: str, text: str = FILE) -> str:
    assert text.count(old) >= 1
    return text.replace(old, new, 1)


# Good files


def test_a_set_may_say_for_how_long_its_forecasts_stand() -> None:
    assert (
        parse(changed('title = "The weather"', 'title = "The weather"\nexpires_after = 0.25')).fields["expires_after"]
        == 0.25
    )


@pytest.mark.parametrize("written", ["0", "1.5", "-1", "true", '"half"', "nan", "inf"])
def test_a_share_lies_above_nothing_and_at_most_at_all(written: str) -> None:
    said = fault(changed('title = "The weather"', f'title = "The weather"\nexpires_after = {written}'))

    assert "the set itself (expires_after): " in said
    assert said.endswith("is not a share. Write one above 0 and at most 1, such as 0.25.")


def test_a_set_and_its_source_are_read_whole() -> None:
    fields = parse(FILE).fields

    assert fields == {
        "slug": "weather",
        "title": "The weather",
        "description": "",
        "expires_after": None,
        "audience": "public",
        "reveal": "always",
        "reveals_at": None,
        "source": {
            "slug": "almanac",
            "name": "The almanac",
            "title": "What the weather will be",
            "author": "",
            "note": "",
            "said_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
            "read_on": date(2026, 3, 2),
        },
    }


def test_who_sees_a_set_or_a_question_is_read() -> None:
    file = changed('title = "The weather"', 'title = "The weather"\naudience = "members"\nreveal = "closed"')
    later = 'slug = "rain"\naudience = "public"\nreveal = "at"\nreveals_at = 2026-03-05T12:00:00Z'

    found = parse(changed('slug = "rain"', later, file))

    assert [found.fields[name] for name in ("audience", "reveal", "reveals_at")] == ["members", "closed", None]
    assert found.drafts[0].fields["audience"] == "public"
    assert (found.drafts[0].fields["reveal"], found.drafts[0].fields["reveals_at"]) == (
        "at", datetime(2026, 3, 5, 12, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ('audience = "friends"', "(audience): “friends” is no audience. Choose public, members, unlisted, draft, set."),
        ('reveal = "never"', "(reveal): “never” is no reveal. Choose always, answered, closed, at, set."),
        ('reveal = "at"', "(reveals_at): is missing. Say from when on, or choose another reveal."),
        (
            "reveals_at = 2026-03-05T12:00:00Z",
            "(reveals_at): is given, but not asked for. Choose “at” with it, or choose another reveal.",
        ),
    ],
)
def test_what_is_no_audience_is_named(written: str, sentence: str) -> None:
    assert sentence in fault(changed('slug = "rain"', f'slug = "rain"\n{written}'))


def test_a_question_is_read_whole_and_what_is_left_out_has_its_default() -> None:
    (rain, wind, warmth) = parse(FILE).drafts

    assert rain.fields == {
        "slug": "rain",
        "kind": "binary",
        "title": "Will it rain?",
        "background": "",
        "criteria": "As measured.",
        "fine_print": "",
        "resolves_from": "",
        "claim": "",
        "paragraph": "",
        "tags": [],
        "group": "rain",  # alone
        "opens_at": datetime(2026, 3, 2, 12, tzinfo=UTC),
        "closes_at": datetime(2026, 3, 9, 12, tzinfo=UTC),
        "resolves_at": datetime(2026, 3, 9, 12, tzinfo=UTC),  # as it closes
        "spec": {},
        "audience": "set",
        "reveal": "set",
        "reveals_at": None,
    }
    assert wind.fields["spec"] == {"outcomes": ["north", "south", "calm"]}
    assert wind.fields["resolves_at"] == datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert warmth.fields["spec"]["range"]["unit"] == "°C"


def test_what_the_source_implies_comes_as_a_vector_with_its_reason() -> None:
    (rain, wind, _) = parse(FILE).drafts

    assert rain.implied is not None
    assert (rain.implied.tolist(), rain.reason) == ([0.2, 0.8], "It says so.")
    assert (wind.implied, wind.reason) == (None, "")


def test_a_set_needs_no_source() -> None:
    assert parse('[set]\nslug = "weather"\ntitle = "W"\n' + WIND).fields["source"] is None


def test_times_in_other_zones_are_the_same_moments() -> None:
    (rain, *_) = parse(changed("2026-03-09T12:00:00Z", "2026-03-09T14:00:00+02:00")).drafts

    assert rain.fields["closes_at"] == datetime(2026, 3, 9, 12, tzinfo=UTC)


def test_lines_that_end_as_on_windows_are_lines() -> None:
    text = changed('"As measured."', '"""As\nmeasured."""').replace("\n", "\r\n")

    assert parse(text).drafts[0].fields["criteria"] == "As\nmeasured."


def test_tabs_line_breaks_and_every_script_are_text() -> None:
    text = changed('"As measured."', '"Wie\\tgemessen.\\n\\n如測量 🌧"')

    assert parse(text).drafts[0].fields["criteria"] == "Wie\tgemessen.\n\n如測量 🌧"


# A kind of one's own


LADDER_FILE = '''
"""How high somebody climbs."""

from questions.kinds.choice import axis, fields, quantiles, read, reading, resolve, say, series, told
from questions.percent import probability
from questions.shape import Shape

import numpy as np

NAME, TITLE, ORDERED, HINT, EXAMPLE = "test-ladder", "Ladder", False, "Climb.", {"rungs": ["ground", "middle", "top"]}
SPEC, IMPLIED = ("rungs",), ("top",)


def shape(spec):
    return Shape(tuple(spec["rungs"]), spec={"rungs": list(spec["rungs"])})


def imply(implied, shape):
    top = float(probability(implied["top"], "top"))
    rest = (1 - top) / (shape.size - 1)
    return np.array([rest] * (shape.size - 1) + [top])
'''

CLIMB = RAIN.replace("binary", "test-ladder").replace("probability", "top")
CLIMB = CLIMB.replace("[questions.implied]", 'rungs = ["ground", "shed", "roof"]\n[questions.implied]')


@pytest.fixture
def ladder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    """A fifth kind: one file, found as the others are."""
    (tmp_path / "ladder.py").write_text(LADDER_FILE)
    package = ModuleType("own_kinds")
    package.__path__ = [str(tmp_path)]
    monkeypatch.setitem(sys.modules, "own_kinds", package)
    found = cast(dict[str, Kind], discover(package, REQUIRED))
    monkeypatch.delitem(sys.modules, "own_kinds.ladder")
    monkeypatch.setitem(kinds.KINDS, "test-ladder", found["test-ladder"])
    return found["test-ladder"]


def test_a_new_kind_brings_its_own_fields_in_its_one_file(ladder: Kind) -> None:
    (climb, wind) = parse(HEAD + CLIMB + WIND).drafts

    assert climb.fields["kind"] == ladder.NAME
    assert climb.fields["spec"] == {"rungs": ["ground", "shed", "roof"]}
    assert climb.implied is not None
    assert climb.implied.tolist() == pytest.approx([0.1, 0.1, 0.8])  # the rest of 0.8, halved
    assert wind.fields["kind"] == "choice"


@pytest.mark.usefixtures("ladder")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rungs =", "steps =", "(steps): is not a field. Known are slug, kind, title, background, criteria, fine_pr"),
        ("rungs =", 'outcomes = ["a", "b", "c"]\nrungs =', "(outcomes): is not a field. Known are slug, kind, tit"),
        ("top = 0.8", "probability = 0.8", "(probability): is not a field. Known are top, reason."),
        ('"shed"', '"sh\\u0000ed"', "(rungs): holds a control character. Take it out."),
        ('["ground", "shed", "roof"]', f'"{"a" * 301}"', "(rungs): is 301 characters long. Keep it to 300."),
    ],
)
def test_fields_of_other_kinds_and_bad_text_are_refused_of_a_new_kind_too(old: str, new: str, said: str) -> None:
    assert fault(HEAD + changed(old, new, CLIMB)).startswith(f"weather.toml, question 1 {said}")


def test_a_field_of_a_kind_is_unknown_without_it() -> None:
    assert "“test-ladder” is not a kind" in fault(HEAD + CLIMB)


# Bad files: what is not TOML at all


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe[set]", "weather.toml is not UTF-8 text. Save it as UTF-8."),
        ("rain", "weather.toml is not TOML: Expected '=' after a key"),
        ("[set]\n[set]\n", "weather.toml is not TOML: Cannot declare ('set',) twice"),
        ('[set]\nslug = "a\nb"', "weather.toml is not TOML: Illegal character"),
        ("", "weather.toml, the set itself (set): is missing. Write it under [set]."),
        ("set = 1\n", "weather.toml, the set itself (set): is missing. Write it under [set]."),
        (HEAD, "weather.toml holds no question. Write at least one under [[questions]]."),
        ("questions = 1\n" + HEAD, "weather.toml holds no question."),
        ("questions = []\n" + HEAD, "weather.toml holds no question."),
        ("questions = [1]\n" + HEAD, "weather.toml, question 1: is not a table. Write it under [[questions]]."),
        ("source = 1\n[set]\nslug='a'\ntitle='b'\n" + RAIN, "weather.toml, the set itself (source): is missing."),
    ],
)
def test_what_is_no_set_file_is_refused(content: str | bytes, said: str) -> None:
    assert fault(content).startswith(said)


# Bad files: one thing wrong with the set, the source or a question

SET_FAULTS = {
    "no slug": ('slug = "weather"\n', "", "the set itself (slug): is missing."),
    "a slug with capitals": (
        '"weather"',
        '"Weather"',
        "the set itself (slug): “Weather” is not a slug. Write small letters and digits joined by hyphens.",
    ),
    "a slug that leads elsewhere": ('"weather"', '"../weather"', "the set itself (slug): “../weather” is not a slug."),
    "a slug that is too long": (
        '"weather"',
        f'"{"a" * 81}"',
        "the set itself (slug): is 81 characters long. Keep it to 80.",
    ),
    "an empty title": ('"The weather"', '" \\t "', "the set itself (title): is empty."),
    "a title that is a number": ('"The weather"', "7", "the set itself (title): 7 is not text. Put it in quotation"),
    "an unknown key": (
        "[source]",
        'colour = "blue"\n[source]',
        (
            "the set itself (colour): is not a field. Known are slug, title, description, expires_after, audience, "
            "reveal, reveals_at."
        ),
    ),
    "an unknown table": (
        "[source]",
        "[sauce]\n[source]",
        "the set itself (sauce): is not a field. Known are set, source, questions.",
    ),
    "a publication without a zone": (
        "said_at = 2026-03-01T12:00:00Z",
        "said_at = 2026-03-01T12:00:00",
        "the set itself (said_at): 2026-03-01 12:00:00 is not a moment in UTC.",
    ),
    "a publication as text": (
        "said_at = 2026-03-01T12:00:00Z",
        'said_at = "2026-03-01T12:00:00Z"',
        "the set itself (said_at): 2026-03-01T12:00:00Z is not a moment in UTC.",
    ),
    "a reading with a time": (
        "read_on = 2026-03-02",
        "read_on = 2026-03-02T12:00:00Z",
        "the set itself (read_on): 2026-03-02 12:00:00+00:00 is not a date. Write one such as 2026-11-23.",
    ),
    "no reading": ("read_on = 2026-03-02", "", "the set itself (read_on): is missing."),
}

RAIN_FAULTS = {
    "no criteria": ('criteria = "As measured."\n', "", "(criteria): is missing."),
    "empty criteria": ('"As measured."', '""', "(criteria): is empty."),
    "criteria that go on for ever": (
        '"As measured."',
        f'"{"a" * 20_001}"',
        "(criteria): is 20001 characters long. Keep it to 20000.",
    ),
    "a title with a NUL": ('"Will it rain?"', '"Will it\\u0000rain?"', "(title): holds a control character."),
    "a title with an escape": ('"Will it rain?"', '"Will it \\u001b[31m?"', "(title): holds a control character."),
    "an unknown key": (
        'slug = "rain"',
        'slug = "rain"\ncolour = "blue"',
        (
            "(colour): is not a field. Known are slug, kind, title, background, criteria, fine_print, resolves_from, "
            "claim, paragraph, tags, group, opens_at, closes_at, resolves_at, audience, reveal, reveals_at, ladder, "
            "implied."
        ),
    ),
    "a very long unknown key": ('slug = "rain"', f"{'k' * 500} = 1", f"({'k' * 40}…): is not a field."),
    "an unknown kind": ('"binary"', '"ternary"', f"(kind): “ternary” is not a kind. Choose {', '.join(KINDS)}."),
    "no kind": ('kind = "binary"\n', "", "(kind): is missing."),
    "an opening without a zone": (
        "opens_at = 2026-03-02T12:00:00Z",
        "opens_at = 2026-03-02T12:00:00",
        "(opens_at): 2026-03-02 12:00:00 is not a moment in UTC. Write one such as 2026-12-31T23:59:00Z.",
    ),
    "an opening that is a day": (
        "opens_at = 2026-03-02T12:00:00Z",
        "opens_at = 2026-03-02",
        "(opens_at): 2026-03-02 is not a moment in UTC.",
    ),
    "an opening that no calendar holds in UTC": (
        "opens_at = 2026-03-02T12:00:00Z",
        "opens_at = 0001-01-01T00:00:00+12:00",
        "(opens_at): 0001-01-01 00:00:00+12:00 is not a moment in UTC.",
    ),
    "closing before opening": (
        "closes_at = 2026-03-09T12:00:00Z",
        "closes_at = 2026-03-02T11:59:59Z",
        "(closes_at): closes before it opens.",
    ),
    "closing at the opening": (
        "closes_at = 2026-03-09T12:00:00Z",
        "closes_at = 2026-03-02T12:00:00Z",
        "(closes_at): closes before it opens.",
    ),
    "resolving before closing": (
        "closes_at = 2026-03-09T12:00:00Z",
        "closes_at = 2026-03-09T12:00:00Z\nresolves_at = 2026-03-09T11:00:00Z",
        "(resolves_at): is expected to resolve before it closes.",
    ),
    "tags that are a word": ('kind = "binary"', 'kind = "binary"\ntags = "war"', "(tags): is not a list."),
    "a tag that is a number": ('kind = "binary"', 'kind = "binary"\ntags = [1]', "(tags): 1 is not text."),
    "an empty tag": ('kind = "binary"', 'kind = "binary"\ntags = [""]', "(tags): is empty."),
    "outcomes where there are none": (
        'kind = "binary"',
        'kind = "binary"\noutcomes = ["a", "b"]',
        "(outcomes): is not a field. Known are slug, kind, title,",
    ),
    "implied true": ("0.8", "true", "(probability): “True” is not a number."),
    "implied NaN": ("0.8", "nan", "(probability): “nan” is "),
    "implied infinity": ("0.8", "inf", "(probability): “inf” is "),
    "implied as text": ("0.8", '"0.8"', "(probability): “0.8” is not a number."),
    "implied percent": ("0.8", "80", "(probability): "),
    "implied below nothing": ("0.8", "-0.1", "(probability): "),
    "implied twice": ("0.8", "0.8\nprobabilities = [0.2, 0.8]", "(probability): "),
    "implied nothing": ("probability = 0.8", "", "(probability): "),
    "implied that is no table": (RAIN[RAIN.index("[questions.implied]") :], "implied = 0.8\n", "(implied): "),
    "a reason that is a number": ('"It says so."', "1", "(reason): 1 is not text."),
    "a reason with a NUL": ('"It says so."', '"\\u0000"', "(reason): holds a control character."),
    "an unknown key beside what is implied": (
        'reason = "It says so."',
        "confidence = 9",
        "(confidence): is not a field. Known are probability, probabilities, reason.",
    ),
    "what another kind implies": (
        "probability = 0.8",
        "probability = 0.8\nmedian = 2",
        "(median): is not a field. Known are probability, probabilities, reason.",
    ),
}

OTHER_FAULTS = {
    "a question that stands twice": (
        'slug = "wind"',
        'slug = "rain"',
        "question 2 (slug): “rain” stands twice in the file.",
    ),
    "what another kind holds": (
        'kind = "choice"',
        'kind = "choice"\nrange = { low = 1 }',
        (
            "question 2 (range): is not a field. Known are slug, kind, title, background, criteria, fine_print, "
            "resolves_from, claim, paragraph, tags, group, opens_at, closes_at, resolves_at, audience, reveal, "
            "reveals_at, outcomes, implied."
        ),
    ),
    "two outcomes": (
        '["north", "south", "calm"]',
        '["north", "south"]',
        "question 2 (outcomes): A choice has 3 to 50 outcomes; ask a yes-or-no question instead.",
    ),
    "one outcome": ('["north", "south", "calm"]', '["north"]', "question 2 (outcomes): A choice needs “outcomes”: a"),
    "an outcome that stands twice": ('"south"', '"North"', "question 2 (outcomes): “North” stands twice among the"),
    "an outcome with a NUL": ('"south"', '"so\\u0000uth"', "question 2 (outcomes): holds a control character."),
    "a unit with an escape": ('"°C"', '"\\u001b[31m"', "question 3 (range.unit): “[31m” is not a unit."),
    "an outcome that goes on for ever": (
        '"south"',
        f'"{"s" * 301}"',
        "question 2 (outcomes): is 301 characters long. Keep it to 300.",
    ),
    "a range from true": ("low = 1,", "low = true,", "question 3 (range.low): “True” is not a number."),
    "a range to NaN": ("high = 3,", "high = nan,", "question 3 (range.high): “nan” is not a number"),
    "a range that falls": ("high = 3,", "high = -3,", "question 3 (range.high): "),
    "a range with an unknown key": ("low = 1,", "low = 1, hue = 2,", "question 3 (range.hue): "),
    "a range without an end": ("high = 3, ", "", "question 3 (range.high): The range lacks “high”. Add it."),
}


@pytest.mark.parametrize(("old", "new", "said"), SET_FAULTS.values(), ids=SET_FAULTS)
def test_a_fault_of_the_set_is_named(old: str, new: str, said: str) -> None:
    assert fault(changed(old, new)).startswith(f"weather.toml, {said}")


@pytest.mark.parametrize(("old", "new", "said"), RAIN_FAULTS.values(), ids=RAIN_FAULTS)
def test_a_fault_of_a_question_is_named_with_its_number(old: str, new: str, said: str) -> None:
    before = HEAD + WIND

    assert fault(before + changed(old, new, RAIN)).startswith(f"weather.toml, question 2 {said}")


@pytest.mark.parametrize(("old", "new", "said"), OTHER_FAULTS.values(), ids=OTHER_FAULTS)
def test_a_fault_of_its_outcomes_is_named(old: str, new: str, said: str) -> None:
    assert fault(changed(old, new)).startswith(f"weather.toml, {said}")


@pytest.mark.parametrize(
    ("end", "value"),
    [
        ("low", "0001-01-01T00:00:00+12:00"),
        ("high", "9999-12-31T23:59:59-12:00"),
        ("high", "2026-01-01T00:00:00"),
        ("high", '"2026-01-01"'),
    ],
)
def test_a_range_of_time_lies_within_the_calendar_and_has_a_zone(end: str, value: str) -> None:
    ends = {"low": "2025-01-01T00:00:00Z", "high": "2027-01-01T00:00:00Z"} | {end: value}
    span = f"{{ low = {ends['low']}, high = {ends['high']}, open_below = false, open_above = true }}"
    text = WARMTH[: WARMTH.index("range")] + f"range = {span}\n" + WARMTH[WARMTH.index("opens_at") :]

    assert fault(HEAD + text.replace("number", "date")).startswith(f"weather.toml, question 1 (range.{end}): ")


def test_nothing_is_implied_without_a_source() -> None:
    sentence = fault('[set]\nslug = "weather"\ntitle = "W"\n' + RAIN)

    assert sentence == (
        "weather.toml, question 1 (implied): is a table of what a [source] makes of the question, and needs one."
    )


# Bad files: too deep, too large


DEEP: dict[str, Callable[[int], str]] = {
    "lists in lists": lambda depth: f"title = {'[' * depth}{']' * depth}",
    "tables in tables": lambda depth: f"title = {'{a=' * depth}1{'}' * depth}",
    "a name with many dots": lambda depth: f"title.{'a.' * depth}a = 1",
}


@pytest.mark.parametrize("depth", [12, 200, 2_000])
@pytest.mark.parametrize("nested", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("where", ["the set", "a question", "the implied", "the outcomes"])
def test_a_file_that_is_nested_deeply_is_refused_in_a_sentence(
    nested: Callable[[int], str], depth: int, where: str
) -> None:
    deep = nested(depth)
    places = {
        "the set": changed('title = "The weather"', deep),
        "a question": changed('title = "Will it rain?"', deep),
        "the implied": changed("probability = 0.8", deep.replace("title", "probability", 1)),
        "the outcomes": changed('outcomes = ["north", "south", "calm"]', deep.replace("title", "outcomes", 1)),
    }

    assert fault(places[where]).startswith("weather.toml")


LARGE = {
    "5,000 digits": "9" * 5_000,
    "20,000 digits to the base of 16": "0x" + "f" * 20_000,
    "400 digits": "9" * 400,
    "infinite": "1e400",
    "minus infinite": "-1e400",
}


@pytest.mark.parametrize("number", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("place", ['"Will it rain?"', "0.8", "1,", '"As measured."'])
def test_a_number_that_is_too_large_is_refused_in_a_sentence(number: str, place: str) -> None:
    comma = "," if place.endswith(",") else ""

    assert fault(changed(place, number + comma)).startswith("weather.toml")
