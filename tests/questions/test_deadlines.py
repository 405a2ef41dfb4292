"""Deadlines as people write them, read on Wednesday 4 March 2026, 10:30 UTC; what is expected is from a calendar."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questions import deadlines
from questions.errors import InvalidQuestion

WEDNESDAY = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)

DAYS = {
    "2026-12-31": "2026-12-31",
    "31 Dec 2026": "2026-12-31",
    "31 December 2026": "2026-12-31",
    "31st of December 2026": "2026-12-31",
    "December 31, 2026": "2026-12-31",
    "Dec. 31 2026": "2026-12-31",
    "by 31 Dec 2026": "2026-12-31",
    "29 feb 2028": "2028-02-29",
    "31 Dec": "2026-12-31",
    "4 March": "2026-03-04",
    "3 March": "2027-03-03",
    "end of June": "2026-06-30",
    "End of June 2027": "2027-06-30",
    "end of February": "2027-02-28",
    "end of March": "2026-03-31",
    "by the end of June": "2026-06-30",
    "end of 2026": "2026-12-31",
    "end of the year": "2026-12-31",
    "end of next year": "2027-12-31",
    "end of the month": "2026-03-31",
    "end of next month": "2026-04-30",
    "end of the week": "2026-03-08",
    "end of next week": "2026-03-15",
    "mid March 2027": "2027-03-15",
    "middle of May": "2026-05-15",
    "mid-2027": "2027-07-01",
    "start of April": "2026-04-01",
    "beginning of 2027": "2027-01-01",
    "in 3 weeks": "2026-03-25",
    "in a week": "2026-03-11",
    "in 10 days": "2026-03-14",
    "in two months": "2026-05-04",
    "within a year": "2027-03-04",
    "next Friday": "2026-03-06",
    "Friday": "2026-03-06",
    "Wednesday": "2026-03-11",
    "sun": "2026-03-08",
    "today": "2026-03-04",
    "Tomorrow": "2026-03-05",
}
STRETCHES = {
    "Q3 2026": ("2026-07-01", "2026-09-30"),
    "q1": ("2026-01-01", "2026-03-31"),
    "end of Q4 2026": ("2026-10-01", "2026-12-31"),
    "H1 2027": ("2027-01-01", "2027-06-30"),
    "June 2026": ("2026-06-01", "2026-06-30"),
    "March": ("2026-03-01", "2026-03-31"),
    "January": ("2027-01-01", "2027-01-31"),
    "2026-02": ("2026-02-01", "2026-02-28"),
    "2028": ("2028-01-01", "2028-12-31"),
}
MINUTES = {
    "31 Dec 2026 23:59": "2026-12-31T23:59",
    "31 Dec 2026, 23:59 UTC": "2026-12-31T23:59",
    "2026-12-31 23:59": "2026-12-31T23:59",
    "2026-12-31T23:59:00Z": "2026-12-31T23:59",
    "2026-12-31T23:59:30Z": "2026-12-31T23:59:30",
    "2026-12-31 23:59 +02:00": "2026-12-31T21:59",
    "2027-01-01T00:30+0100": "2026-12-31T23:30",
    "December 31, 2026 at 6:00": "2026-12-31T06:00",
    "Friday 17:00": "2026-03-06T17:00",
    "tomorrow at 9:15": "2026-03-05T09:15",
    "in 2 hours": "2026-03-04T12:30",
    "in 90 minutes": "2026-03-04T12:00",
    "now": "2026-03-04T10:30",
}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("written", DAYS)
def test_a_day_opens_at_its_first_minute_and_closes_at_its_last(written: str) -> None:
    day = DAYS[written]

    assert deadlines.opening(written, WEDNESDAY, "opens_at") == utc(f"{day}T00:00")
    assert deadlines.closing(written, WEDNESDAY, "closes_at") == utc(f"{day}T23:59")


@pytest.mark.parametrize("written", STRETCHES)
def test_a_longer_stretch_opens_on_its_first_day_and_closes_on_its_last(written: str) -> None:
    first, last = STRETCHES[written]

    assert deadlines.opening(written, WEDNESDAY, "opens_at") == utc(f"{first}T00:00")
    assert deadlines.closing(written, WEDNESDAY, "closes_at") == utc(f"{last}T23:59")


@pytest.mark.parametrize("written", MINUTES)
def test_a_minute_is_that_minute_in_utc(written: str) -> None:
    assert deadlines.opening(written, WEDNESDAY, "opens_at") == utc(MINUTES[written])
    assert deadlines.closing(written, WEDNESDAY, "closes_at") == utc(MINUTES[written])


def test_a_quarter_that_is_over_is_the_next_years() -> None:
    june = datetime(2026, 6, 1, tzinfo=UTC)

    assert deadlines.closing("Q1", june, "closes_at") == utc("2027-03-31T23:59")
    assert deadlines.closing("Q2", june, "closes_at") == utc("2026-06-30T23:59")


def test_months_ahead_of_a_long_month_end_with_the_short_one() -> None:
    end_of_january = datetime(2026, 1, 31, 12, tzinfo=UTC)

    assert deadlines.closing("in a month", end_of_january, "closes_at") == utc("2026-02-28T23:59")
    assert deadlines.closing("in 11 months", end_of_january, "closes_at") == utc("2026-12-31T23:59")


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("03/04/2026", "“03/04/2026” can be read in two ways. Write 2026-03-04 or 2026-04-03."),
        ("3.4.26", "“3.4.26” can be read in two ways. Write 2026-03-04 or 2026-04-03."),
        ("03-04-2026 12:00", "“03-04-2026 12:00” can be read in two ways. Write 2026-03-04 or 2026-04-03."),
        ("31/12/2026", "“31/12/2026” is written in a way that many misread. Write 2026-12-31."),
        ("40/50/2026", "“40/50/2026” can be read in two ways. Write a day such as 2026-12-31."),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_with_both(written: str, sentence: str) -> None:
    with pytest.raises(InvalidQuestion) as refusal:
        deadlines.closing(written, WEDNESDAY, "closes_at")

    assert (str(refusal.value), refusal.value.field) == (sentence, "closes_at")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "soon",
        "when it happens",
        "30 Feb 2026",
        "2026-13-01",
        "2026-00",
        "2026-02-03 25:00",
        "2026-02-03 12:60",
        "Q5 2026",
        "H3",
        "0000",
        "9999",
        "end of 9999",
        "in 9999 years",
        "32 December 2026",
        "x" * 10_000,
        "31 Dec 2026\x00",
        "2026-12-31T23:59 CET",
        "٣١ Dec 2026",
    ],
)
def test_what_no_calendar_has_is_refused_with_a_sentence_that_says_how_to_write_it(written: str) -> None:
    with pytest.raises(InvalidQuestion, match="Write one such as 31 Dec 2026, end of June") as refusal:
        deadlines.closing(written, WEDNESDAY, "closes_at")

    assert len(str(refusal.value)) < 200


@given(st.text(max_size=70))
def test_whatever_is_written_gives_a_stretch_or_a_sentence(written: str) -> None:
    sentences: list[str] = []
    start = stop = WEDNESDAY
    try:
        start, stop = deadlines.span(written, WEDNESDAY, "closes_at")
    except InvalidQuestion as refusal:
        sentences.append(str(refusal))

    assert start <= stop
    assert all(sentence.endswith(".") for sentence in sentences)
