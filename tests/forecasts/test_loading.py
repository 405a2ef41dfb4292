"""Loading set files: what is added, what is left, what is refused, and that a refusal changes nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlmodel import col, select

from forecasts import loading, verification
from forecasts.database import Database
from forecasts.loading import Report
from forecasts.models import Forecast, Forecaster
from questions import journal, setfile
from questions.models import Question, Source
from questions.setfile import InvalidFile
from tests.cast import DAY, NOON, MovedClock, draft, entries, everything, kinds, publish, rows

SETS = Path(setfile.__file__).parent / "sets"
NOVEMBER = NOON.replace(month=11)


def weather(*questions: str, slug: str = "almanac-set", source: str = "almanac") -> str:
    """A set that somebody's almanac implies, spoken at noon."""
    return (
        f'[set]\nslug = "{slug}"\ntitle = "The weather"\n'
        f'[source]\nslug = "{source}"\nname = "The almanac"\ntitle = "What the weather will be"\n'
        "said_at = 2026-03-02T12:00:00Z\nread_on = 2026-03-04\n"
    ) + "".join(questions)


def question(slug: str, implied: str = "probability = 0.8", closes: str = "2026-03-02T22:00:00Z") -> str:
    return (
        f'[[questions]]\nslug = "{slug}"\nkind = "binary"\ntitle = "Will there be {slug}?"\n'
        f'criteria = "As measured."\nopens_at = 2026-03-02T12:00:00Z\ncloses_at = {closes}\n'
    ) + (f'[questions.implied]\n{implied}\nreason = "It says so."\n' if implied else "")


def load(database: Database, text: str | bytes, name: str = "weather.toml") -> Report:
    content = text if isinstance(text, bytes) else text.encode()
    file = setfile.parse(content, name)
    with database.writing() as (session, moment):
        return loading.load(session, file, name, by=journal.OPERATOR, moment=moment)


def refusal(database: Database, text: str) -> str:
    """The sentence with which a file is refused; nothing was changed by it."""
    before = everything(database)
    with pytest.raises(InvalidFile) as refused:
        load(database, text)
    assert everything(database) == before
    return str(refused.value)


def test_what_is_new_is_added_and_reported(database: Database) -> None:
    report = load(database, weather(question("rain"), question("snow", implied="")))

    assert str(report) == "almanac-set: 2 questions added, 0 left as they were."
    assert (report.added, report.left, report.differing) == (["rain", "snow"], [], {})
    assert kinds(database) == ["source", "set", "question", "forecast", "question"]


def test_the_operator_publishes_and_the_source_speaks(database: Database) -> None:
    load(database, weather(question("rain")))

    with database.reading() as session:
        speaker = session.exec(select(Forecaster).where(Forecaster.kind == "source")).one()
        source = session.exec(select(Source)).one()
    assert (speaker.handle, speaker.name, speaker.source_id) == ("almanac", "The almanac", source.id)
    assert [entry.actor for entry in entries(database)] == ["operator"] * 3 + [speaker.pseudonym]


def test_what_a_source_says_is_quoted_as_of_when_it_spoke(database: Database, clock: MovedClock) -> None:
    clock.moment = NOON + DAY / 4
    load(database, weather(question("rain")))

    with database.reading() as session:
        said = session.exec(select(Forecast)).one()
    assert (said.made_at, said.recorded_at) == (NOON, NOON + DAY / 4)
    assert (said.probabilities.tolist(), said.rationale) == ([0.2, 0.8], "It says so.")


def test_a_file_read_long_after_its_questions_closed_is_quoted_all_the_same(
    database: Database, clock: MovedClock
) -> None:
    clock.moment = NOVEMBER

    assert load(database, weather(question("rain"))).added == ["rain"]


def test_loading_again_changes_nothing(database: Database, clock: MovedClock) -> None:
    load(database, weather(question("rain"), question("snow")))
    before = everything(database)
    clock.moment += DAY

    report = load(database, weather(question("rain"), question("snow")))

    assert str(report) == "almanac-set: 0 questions added, 2 left as they were."
    assert everything(database) == before


@pytest.mark.parametrize("name", ["russia-2026.toml", "example.toml"])
def test_the_sets_that_come_along_load_once_and_change_nothing_the_second_time(
    database: Database, clock: MovedClock, name: str
) -> None:
    clock.moment = NOVEMBER
    content = (SETS / name).read_bytes()
    first = load(database, content)
    before = everything(database)

    second = load(database, content)

    assert (second.added, second.left, second.differing) == ([], first.added, {})
    assert everything(database) == before
    with database.reading() as session:
        assert len(list(verification.verify(session))) == 4


def test_the_essay_stands_with_24_questions_and_as_many_forecasts(database: Database, clock: MovedClock) -> None:
    clock.moment = NOVEMBER

    load(database, (SETS / "russia-2026.toml").read_bytes())

    assert kinds(database) == ["source", "set", *["question", "forecast"] * 24]
    with database.reading() as session:
        said = session.exec(select(Forecast).order_by(col(Forecast.entry))).all()
    assert {row.made_at.isoformat() for row in said} == {"2026-01-05T12:00:00+00:00"}
    assert np.allclose([row.probabilities.sum() for row in said], 1, rtol=0, atol=1e-9)
    assert said[0].probabilities.tolist() == [0.95, 0.05]


def test_questions_that_a_file_gained_are_added_to_the_set(database: Database) -> None:
    load(database, weather(question("rain")))

    report = load(database, weather(question("rain"), question("snow")))

    assert (report.added, report.left) == (["snow"], ["rain"])
    with database.reading() as session:
        found = session.exec(select(Question).order_by(col(Question.position))).all()
    assert [(row.slug, row.position, row.set_id) for row in found] == [("rain", 1, 1), ("snow", 2, 1)]


def test_a_question_that_differs_from_the_file_is_left_and_the_difference_told(database: Database) -> None:
    load(database, weather(question("rain")))
    before = everything(database)

    report = load(database, weather(question("rain", closes="2026-03-03T22:00:00Z").replace("As measured", "As felt")))

    assert str(report) == (
        "almanac-set: 0 questions added, 1 left as they were.\n"
        "rain was left, though the file has another criteria, closes_at, resolves_at."
    )
    assert everything(database) == before


def test_a_question_of_another_set_keeps_its_name(database: Database) -> None:
    publish(database, draft("rain"))

    sentence = refusal(database, weather(question("snow"), question("rain")))

    assert sentence == ("weather.toml, question 2 (slug): There is a question “rain” already. Choose another slug.")


@pytest.mark.parametrize("handle", ["crowd", "always-50", "ada"])
def test_a_source_cannot_speak_under_the_name_of_a_forecaster(database: Database, ada: Forecaster, handle: str) -> None:
    sentence = refusal(database, weather(question("rain"), source=handle))

    assert sentence == (
        f"weather.toml, the set itself (source): There is a forecaster “{handle}” already. Choose another slug."
    )


def test_one_source_cannot_be_published_by_two_sets(database: Database) -> None:
    load(database, weather(question("rain")))

    sentence = refusal(database, weather(question("snow"), slug="another-set"))

    assert "There is a forecaster “almanac” already" in sentence


def test_a_source_that_has_not_spoken_yet_is_refused(database: Database, clock: MovedClock) -> None:
    clock.moment = NOON - DAY

    sentence = refusal(database, weather(question("rain")))

    assert sentence == (
        "weather.toml, the set itself (said_at): lies in the future. Give the moment at which the source was published."
    )


def test_a_source_that_spoke_after_closing_is_refused_with_the_question(database: Database) -> None:
    early = question("rain", closes="2026-03-02T12:00:00Z").replace("opens_at = 2026", "opens_at = 2025")

    sentence = refusal(database, weather(question("snow"), early))

    assert sentence == (
        "weather.toml, question 2 (implied): “Will there be rain?” took forecasts until 2 March 2026, 12:00 UTC; "
        "“The almanac” spoke on 2 March 2026, 12:00 UTC."
    )


def test_a_bad_question_keeps_the_whole_file_out(database: Database) -> None:
    bad = question("snow", closes="2026-03-02T11:00:00Z")

    assert refusal(database, weather(question("rain"), bad)) == (
        "weather.toml, question 2 (closes_at): closes before it opens."
    )


SPOILT: dict[str, Any] = {
    "naive": ("opens_at = 2026-03-02T12:00:00Z", "opens_at = 2026-03-02T12:00:00"),
    "unknown": ('kind = "binary"', 'kind = "binary"\nhue = 1'),
    "true": ("probability = 0.8", "probability = true"),
    "nan": ("probability = 0.8", "probability = nan"),
    "empty": ('"As measured."', '""'),
    "nul": ('"As measured."', '"\\u0000"'),
    "not toml": ("[set]", "[set"),
    "deep": ('"As measured."', "[" * 400 + "]" * 400),
}


@pytest.mark.parametrize(("old", "new"), SPOILT.values(), ids=SPOILT)
def test_a_hostile_file_changes_nothing(database: Database, old: str, new: str) -> None:
    load(database, weather(question("rain")))

    sentence = refusal(database, weather(question("rain"), question("snow")).replace(old, new))

    assert sentence.startswith("weather.toml")


def test_text_of_every_script_comes_back_as_it_was_written(database: Database) -> None:
    words = "Wie gemessen; 如測量; كما يقاس 🌧"
    load(database, weather(question("rain")).replace("As measured.", words))

    with database.reading() as session:
        assert session.exec(select(Question)).one().criteria == words
        assert len(list(verification.verify(session))) == 4


def test_a_set_without_a_source_has_no_speaker(database: Database) -> None:
    load(database, '[set]\nslug = "plain"\ntitle = "Plain"\n' + question("rain", implied=""))

    assert kinds(database) == ["set", "question"]
    assert rows(database, "source") == []


def test_a_set_and_a_source_that_differ_from_the_file_are_left_and_the_difference_told(database: Database) -> None:
    load(database, weather(question("rain")))
    before = everything(database)

    report = load(
        database, weather(question("rain")).replace("The weather", "Wetter").replace("2026-03-04", "2026-03-05")
    )

    assert str(report).endswith("The set almanac-set was left, though the file has another title, source's read_on.")
    assert everything(database) == before


def test_what_a_file_implies_is_refused_where_its_set_is_there_without_a_source(database: Database) -> None:
    plain = '[set]\nslug = "almanac-set"\ntitle = "The weather"\n'
    load(database, plain + question("rain", implied=""))

    sentence = refusal(database, weather(question("rain", implied=""), question("snow")))

    assert sentence == (
        "weather.toml, question 2 (implied): The set “almanac-set” is there without a source, so nothing is implied."
    )
