"""The demonstration: a record that holds, of people who say that they are simulated, in a database of its own."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import col, func, select

from forecasts import boards, demo, entrance, simulation, verification
from forecasts.clock import SystemClock
from forecasts.database import Database
from forecasts.models import Forecast, Forecaster, Participation
from forecasts.permissions import visible
from forecasts.simulation import HABITS, Habit
from questions import catalog
from questions.kinds import KINDS
from questions.models import Entry, Question
from tests.browser.running import brierboard, url_of
from tests.cast import board, everything


@dataclass
class Made:
    """The demonstration, made by the command line, and what that printed."""

    database: Database
    file: Path
    printed: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """It takes a while, so that all tests look at the same."""
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    done = brierboard(file.with_name("another.db"), "demo", "--file", str(file))
    assert done.returncode == 0, done.stderr
    database = Database(url_of(file), SystemClock())
    yield Made(database, file, done.stdout)
    database.close()


def test_its_record_holds(made: Made) -> None:
    with made.database.reading() as session:
        assert len(list(verification.verify(session))) == 4


def test_it_touches_no_other_database(made: Made) -> None:
    assert not made.file.with_name("another.db").exists()


def test_it_has_questions_of_each_kind_in_each_state(made: Made) -> None:
    with made.database.reading() as session:
        listed = catalog.listed(session, visible(session, None))
        states = Counter(catalog.status(one.question, one.resolution, SystemClock().now()) for one in listed)

    assert len(listed) == 84
    assert {one.question.kind for one in listed} == {"binary", "choice", "number", "date"}
    assert states["resolved"] > 50
    assert set(states) == {"upcoming", "open", "closed", "resolved", "annulled"}


def test_its_board_has_a_podium(made: Made) -> None:
    with made.database.reading() as session:
        assert boards.board(session, "skill", boards.Filter(), visible(session, None)).podium


def test_it_has_acts_of_every_sort(made: Made) -> None:
    with made.database.reading() as session:
        acts = dict(session.exec(select(Entry.kind, func.count()).group_by(Entry.kind)).all())
        reasons = session.exec(select(func.count()).where(col(Forecast.rationale) != "")).one()

    assert set(acts) == {
        "source", "set", "question", "forecast", "withdrawal", "resolution", "revision", "comment",
    }  # fmt: skip
    assert reasons > 100


def test_everybody_in_it_is_simulated_and_says_so_by_name(made: Made) -> None:
    with made.database.reading() as session:
        who = session.exec(select(Forecaster).where(col(Forecaster.kind).in_(("person", "bot", "source")))).all()

    assert len([one for one in who if one.kind == "person"]) == 41
    assert all(one.simulated for one in who)
    assert {one.name for one in who if not one.name.startswith("Sim ")} == {"The almanac"}


def test_what_people_said_there_was_recorded_when_they_said_it(made: Made) -> None:
    statement = (
        select(func.count()).select_from(Forecast).join(Forecaster, col(Forecaster.id) == Forecast.forecaster_id)
    )
    with made.database.reading() as session:
        assert session.exec(statement.where(Forecast.made_at != Forecast.recorded_at)).one() == 0
        latest = session.exec(select(func.max(Entry.recorded_at))).one()

    assert latest <= SystemClock().now()


def test_two_may_sign_in_with_the_password_that_was_printed_and_nobody_else(made: Made) -> None:
    found = re.search(r"password (\S+)", made.printed)
    assert found

    with made.database.reading() as session:
        names, now = ("sim-mo", "sim-ada"), SystemClock().now()
        tried = [entrance.knock(session, name, found[1], "203.0.113.7", now) for name in names]
        roles = {one.person.handle: one.person.role for one in tried if one.person is not None and one.right}
        keyless = session.exec(
            select(func.count()).where(col(Forecaster.password).is_(None), Forecaster.simulated)
        ).one()

    assert roles == {"sim-mo": "administrator", "sim-ada": "forecaster"}
    assert keyless == 40  # 39 people and the almanac


def test_skill_tells_on_the_board(made: Made) -> None:
    """Those who see clearly and know it do better than those who see badly and do not.

    By .020 or .036: which days the two years hold depends on the time of day at which they end.
    """
    values = {handle: row.value for handle, row in board(made.database, "skill").items()}
    means = {
        habit: float(np.mean([values[f"sim-{name.lower()}"] for name in HABITS[habit][1]]))
        for habit in ("calibrated", "noisy")
    }

    assert means["calibrated"] > means["noisy"] + 0.01


def test_a_second_run_changes_nothing_and_says_how_to_look_at_it(made: Made) -> None:
    before = made.file.read_bytes()

    done = brierboard(made.file, "demo", "--file", str(made.file))

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"{made.file} holds the demonstration already. Delete it for a new one.",
        f"To look at it: BRIERBOARD_DATABASE_URL=sqlite:///{made.file} brierboard serve",
    ]
    assert made.file.read_bytes() == before


def test_a_record_of_ones_own_is_refused_and_left_alone(database: Database, rain: Question, ada: Forecaster) -> None:
    before = everything(database)

    with database.reading() as session, pytest.raises(demo.NoDemo) as refused:
        demo.is_there(session, "my.db")

    assert str(refused.value) == (
        "my.db holds a record that is no demonstration, with 2 acts in it and 1 of its people. "
        "Name another file with --file; nothing was changed."
    )
    assert everything(database) == before


def test_a_database_without_anything_in_it_may_become_one(database: Database) -> None:
    with database.reading() as session:
        assert not demo.is_there(session, "new.db")
        assert not demo.simulated(session)
        assert session.exec(select(Participation)).all() == []


# What simulated people see


def test_who_sees_the_world_as_it_is_is_calibrated() -> None:
    """Of what is called 60 to 80% likely, 60 to 80% happens; whoever is too sure is right less often than that."""
    random = np.random.default_rng(1)
    shape = KINDS["binary"].shape({})
    happened: dict[float, list[bool]] = {1.0: [], 0.3: []}
    for _ in range(4000):
        path, end = simulation.wander(random, 1)
        for width, seen in happened.items():
            habit = Habit(0.0, width=width)
            said = simulation.believe("binary", shape, *simulation.see(path, 20, habit, np.zeros(1), random), random)
            if 0.6 <= said["probability"] <= 0.8:
                seen.append(bool(end[0] > 0))

    assert 0.65 < np.mean(happened[1.0]) < 0.75
    assert np.mean(happened[0.3]) < 0.62


def test_the_shares_of_a_choice_are_whole_percentages_that_add_up_to_one() -> None:
    random = np.random.default_rng(1)
    shape = KINDS["choice"].shape({"outcomes": ["a", "b", "c"]})

    said = simulation.believe("choice", shape, np.array([3.0, 0.0, 0.0]), 0.5, random)["probabilities"]

    assert sum(round(100 * share) for share in said) == 100
    assert max(said) == said[0] > 0.9
    assert min(said) >= 0.01
