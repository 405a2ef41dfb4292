"""The sets that come with the program: the essay's, held to a table of facts copied by hand, and the example."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from questions import setfile
from questions.kinds import KINDS
from questions.setfile import Draft, SetFile

SETS = Path(setfile.__file__).parent / "sets"

# slug, kind, paragraphs, last day of forecasting, what the essay makes of it as we read it: the probability of yes, of
# each outcome, or the 10%, 50% and 90% points. Copied by hand from the table that the set was made from.
TABLE = """
peace-deal-2026                   binary  10          2026-12-31  0.05
ceasefire-2026                    binary  10,12       2026-12-31  0.08
outlasts-first-world-war          binary  14          2026-06-10  0.96
war-status-end-2026               choice  10,17,18    2026-12-31  0.86/0.07/0.05/0.02
us-sanctions-energy-finance-2026  binary  14          2026-12-31  0.35
russia-gdp-under-1-2026           binary  5           2026-12-31  0.60
russia-gdp-growth-2026            number  5           2026-12-31  -0.4..0.8..1.8
oil-gas-revenue-falls-2026        binary  5           2026-12-31  0.85
brent-average-2026                number  5           2026-12-31  47..58..70
defence-spending-rises-2026       binary  5           2026-12-31  0.85
venezuela-oil-output-2026         binary  5           2026-12-31  0.25
russia-defends-a-partner-2026     binary  2,3         2026-12-31  0.03
all-of-donetsk-2026               binary  4,10        2026-12-31  0.12
four-regions-2026                 binary  4           2026-12-31  0.01
casualties-1-5m-2026              binary  4           2026-12-31  0.45
victory-day-invitation-2026       binary  12          2026-05-08  0.12
g8-return-2026                    binary  8,14        2026-12-31  0.03
nobel-peace-trump-2026            binary  13          2026-10-08  0.04
trump-putin-meeting-2026          binary  8,12        2026-12-31  0.60
zelensky-in-office-end-2026       binary  9,13        2026-12-31  0.80
ukraine-cedes-donetsk-2026        binary  10          2026-12-31  0.06
us-stops-support-2026             binary  8,17        2026-12-31  0.30
security-guarantee-troops-2026    binary  10          2026-12-31  0.06
gerasimov-leaves-2026             binary  15,16       2026-12-31  0.12
"""
FACTS = {line.split()[0]: line.split()[1:] for line in TABLE.strip().splitlines()}

TOGETHER = [
    {
        "peace-deal-2026",
        "ceasefire-2026",
        "outlasts-first-world-war",
        "war-status-end-2026",
        "ukraine-cedes-donetsk-2026",
    },
    {"russia-gdp-under-1-2026", "russia-gdp-growth-2026"},
    {"all-of-donetsk-2026", "four-regions-2026"},
]
"""Questions that one event moves."""


def read(name: str) -> SetFile:
    return setfile.parse((SETS / name).read_bytes(), name)


ESSAY = read("russia-2026.toml")
DRAFTS = {draft.fields["slug"]: draft for draft in ESSAY.drafts}

each_question = pytest.mark.parametrize("slug", FACTS)


def implied(draft: Draft) -> str:
    """What the essay makes of a question, as the table writes it."""
    assert draft.implied is not None
    kind = KINDS[draft.fields["kind"]]
    shape = kind.shape(draft.fields["spec"])
    if kind.ORDERED:
        return "..".join(f"{value:.3g}" for value in kind.quantiles(draft.implied, shape, (0.1, 0.5, 0.9)))
    shares = draft.implied[1:] if kind.NAME == "binary" else draft.implied
    return "/".join(f"{share:.2f}" for share in shares)


def test_the_essays_set_holds_the_questions_of_the_table_in_their_order() -> None:
    assert list(DRAFTS) == list(FACTS)
    assert len(DRAFTS) == 24


@each_question
def test_a_question_has_the_kind_and_paragraph_and_closing_of_the_table(slug: str) -> None:
    fields, (kind, paragraph, day, _) = DRAFTS[slug].fields, FACTS[slug]

    assert fields["kind"] == kind
    assert fields["paragraph"].replace(" ", "") == paragraph
    assert fields["closes_at"] == datetime.fromisoformat(f"{day}T23:59:00+00:00")
    assert fields["opens_at"] == datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert fields["resolves_at"] > fields["closes_at"]


@each_question
def test_the_essay_implies_what_the_table_says(slug: str) -> None:
    *_, number = FACTS[slug]
    if ".." in number:
        low, median, high = map(float, implied(DRAFTS[slug]).split(".."))
        # the bins are a tenth, or 40 cents, wide: the points come back to within one of them
        width = 0.1 if slug.startswith("russia-gdp") else 0.4
        assert (low, median, high) == pytest.approx(tuple(map(float, number.split(".."))), abs=width)
    else:
        assert implied(DRAFTS[slug]) == number


@each_question
def test_every_field_is_written_so_that_a_stranger_could_resolve_it(slug: str) -> None:
    draft = DRAFTS[slug]

    words = {name: draft.fields[name] for name in ("background", "criteria", "fine_print", "claim")}
    assert {name: len(text) > 25 for name, text in words.items()} == dict.fromkeys(words, True)
    assert draft.fields["resolves_from"]
    assert 2 <= len(re.findall(r"[.!?](?:\s|$)", words["background"])) <= 5
    assert draft.fields["title"].endswith("?")
    assert draft.fields["tags"]
    assert len(draft.reason) > 20
    assert "\n" not in draft.reason


@each_question
def test_a_yes_or_no_question_says_what_makes_it_yes(slug: str) -> None:
    draft = DRAFTS[slug]

    if draft.fields["kind"] == "binary":
        assert draft.fields["criteria"].startswith("YES if")
        assert "NO" in draft.fields["criteria"]


def test_questions_that_one_event_moves_share_a_group_and_others_have_their_own() -> None:
    groups: dict[str, set[str]] = {}
    for slug, draft in DRAFTS.items():
        groups.setdefault(draft.fields["group"], set()).add(slug)

    shared = [slugs for slugs in groups.values() if len(slugs) > 1]
    assert sorted(shared, key=sorted) == sorted(TOGETHER, key=sorted)


def test_the_source_says_when_it_spoke_and_when_it_was_read() -> None:
    source = ESSAY.fields["source"]

    assert source["said_at"] == datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert source["read_on"].isoformat() == "2026-11-23"
    assert "our reading" in source["note"]


def test_the_ranges_are_those_of_the_table_and_open_at_both_ends() -> None:
    spans = {slug: draft.fields["spec"]["range"] for slug, draft in DRAFTS.items() if draft.fields["kind"] == "number"}

    assert {slug: (span["low"], span["high"]) for slug, span in spans.items()} == {
        "russia-gdp-growth-2026": (-4, 5),
        "brent-average-2026": (30, 110),
    }
    assert all(span["open_below"] and span["open_above"] for span in spans.values())


def test_the_states_of_the_war_are_the_four_of_the_table_in_their_order() -> None:
    outcomes = DRAFTS["war-status-end-2026"].fields["spec"]["outcomes"]

    assert [outcome.split()[0] for outcome in outcomes] == ["Fighting,", "General", "Peace", "Capitulation"]


def test_wars_are_counted_in_days_from_their_dates() -> None:
    invasion = datetime(2022, 2, 24, tzinfo=UTC)

    # 28 July 1914 to 11 November 1918 is 1,567 days; the 1,568th after the invasion is the day asked about
    assert (datetime(1918, 11, 11, tzinfo=UTC) - datetime(1914, 7, 28, tzinfo=UTC)).days == 1567
    assert (datetime(2026, 6, 11, tzinfo=UTC) - invasion).days == 1568
    title = DRAFTS["outlasts-first-world-war"].fields["title"]
    assert "11 June 2026" in title
    assert "1,568 days" in title


def test_the_example_holds_one_question_of_each_kind() -> None:
    example = read("example.toml")

    assert [draft.fields["kind"] for draft in example.drafts] == ["binary", "choice", "number", "date"]
    assert example.fields["source"] is None


@pytest.mark.parametrize("path", sorted(SETS.glob("*.toml")), ids=lambda path: path.name)
def test_every_set_that_comes_along_can_be_loaded(path: Path) -> None:
    assert read(path.name).fields["slug"]
