"""Questions that are like the one somebody is about to ask."""

import tomllib
from importlib.resources import files

import pytest

from forecasts import loading
from forecasts.database import Database
from forecasts.permissions import visible
from questions import journal, setfile, similar
from tests.cast import MovedClock

ESSAY = (files("questions.sets") / "russia-2026.toml").read_bytes()


def alike(database: Database, title: str, criteria: str = "") -> list[str]:
    with database.reading() as session:
        return [one.slug for one in similar.like(session, title, criteria, visible(session, None))]


@pytest.fixture
def essay(database: Database, clock: MovedClock) -> Database:
    clock.moment = clock.moment.replace(year=2027)
    with database.writing() as (session, moment):
        loading.load(session, setfile.parse(ESSAY, "essay"), "essay", by=journal.OPERATOR, moment=moment)
    return database


def test_the_same_in_other_words_comes_first(essay: Database) -> None:
    assert alike(essay, "Will there be a peace deal between Russia and Ukraine this year?")[0] == "peace-deal-2026"
    assert alike(essay, "what will a barrel of BRENT cost in 2026?")[0].startswith("brent")


def test_every_question_is_most_like_itself(essay: Database) -> None:
    asked = tomllib.loads(ESSAY.decode())["questions"]

    assert [alike(essay, one["title"], one["criteria"])[0] for one in asked] == [one["slug"] for one in asked]


def test_what_has_only_small_words_and_the_year_in_common_is_not_alike(essay: Database) -> None:
    for title in ("Will it rain in Oslo in 2026?", "Who will win the cup?", "", "?", "Will the in 2026"):
        assert alike(essay, title) == []
    assert len(alike(essay, "Russia Ukraine war peace oil growth inflation sanctions Trump Putin")) <= similar.MOST
