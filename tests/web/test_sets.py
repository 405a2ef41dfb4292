"""Sets of questions: the source with what it implies, and loading one out of a file."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.kinds import KINDS
from questions.sets import __path__ as sets
from tests.cast import MovedClock, everything, kinds
from tests.web.conftest import Visit
from tests.web.sight import Sight

FOLDER = Path(sets[0])
EXAMPLE = (FOLDER / "example.toml").read_text()
ESSAY = (FOLDER / "russia-2026.toml").read_text()


def test_a_moderator_loads_a_set_that_is_there_from_then_on(visit: Visit, database: Database, mo: Forecaster) -> None:
    browser = visit(mo)

    first = browser.post("/sets", data={"text": EXAMPLE})
    second = browser.post("/sets", files={"file": ("weather.toml", EXAMPLE.encode())}, data={"text": "something else"})

    reports = [Sight.of(one.text).find("p", class_="notice")[0].text for one in (first, second)]
    assert reports == [
        "weather-2027: 4 questions added, 0 left as they were.",
        "weather-2027: 0 questions added, 4 left as they were.",
    ]
    assert kinds(database) == ["set", *["question"] * 4]
    assert browser.get("/questions/snow-in-oslo-2027").status_code == 200


def test_the_essay_can_be_pasted_as_it_is(visit: Visit, clock: MovedClock, mo: Forecaster) -> None:
    """It is longer than any other field may be."""
    clock.moment = clock.moment.replace(year=2027)

    answer = visit(mo).post("/sets", data={"text": ESSAY})

    assert answer.status_code == 200
    assert "russia-2026: 24 questions added" in answer.text


def test_no_file_chosen_means_the_text(visit: Visit, mo: Forecaster) -> None:
    """A browser then sends a file without a name and without content."""
    answer = visit(mo).post("/sets", files={"file": ("", b"")}, data={"text": EXAMPLE})

    assert "4 questions added" in answer.text


BAD = {
    "": "The file, the set itself (set): is missing. Write it under [set].",
    "set = [": "The file is not TOML",
    EXAMPLE.replace('kind = "choice"', 'kind = "riddle"'): (
        f"The file, question 2 (kind): “riddle” is not a kind. Choose {', '.join(KINDS)}."
    ),
    EXAMPLE + '\n[[questions]]\nslug = "<b>"': "The file, question 5 (slug): “<b>” is not a slug.",
}


def test_a_bad_file_changes_nothing_and_stays_in_the_form(visit: Visit, database: Database, mo: Forecaster) -> None:
    browser, before = visit(mo), everything(database)

    for text, sentence in BAD.items():
        answer = browser.post("/sets", data={"text": text})
        seen = Sight.of(answer.text)

        assert answer.status_code == 422
        assert seen.alerts[0].startswith(sentence)
        assert seen.invalid == ["text"]
        assert "".join(seen.find("textarea")[0].words) == (text or EXAMPLE)
    assert everything(database) == before


@pytest.mark.parametrize("who", ["ada", "nobody"])
def test_who_may_not_load_sees_what_a_file_looks_like(
    visit: Visit, database: Database, ada: Forecaster, who: str
) -> None:
    browser, before = visit(ada if who == "ada" else None), everything(database)

    seen = Sight.of(browser.get("/sets").text)
    answer = browser.post("/sets", data={"text": EXAMPLE})

    assert (seen.find("textarea"), "[[questions]]" in seen.find("pre")[0].text) == ([], True)
    assert answer.status_code == (403 if who == "ada" else 303)
    assert everything(database) == before


def test_a_body_beyond_all_measure_is_not_even_read(visit: Visit, database: Database, mo: Forecaster) -> None:
    browser: TestClient = visit(mo)
    before = everything(database)

    answers = [browser.post("/sets", data={"text": "x" * size}) for size in (1_000_001, 4_000_001)]

    assert [answer.status_code for answer in answers] == [422, 413]
    assert (
        Sight.of(answers[0].text)
        .find("main")[0]
        .text.startswith("That did not work The field “text” is longer than 1000000 characters. Shorten it.")
    )
    assert everything(database) == before
