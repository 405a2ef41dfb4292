"""Who may do what, and see what."""

import pytest

from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.permissions import may, require, sees, visible
from questions import catalog
from questions.errors import NotAllowed, NotFound
from questions.models import Question
from tests.cast import NOON

MAY = {
    "forecaster": {"forecast", "ask"},
    "moderator": {"forecast", "ask", "resolve", "load", "publish", "revise"},
    "administrator": {"forecast", "ask", "resolve", "load", "publish", "revise", "appoint"},
}


def person(role: str) -> Forecaster:
    return Forecaster(pseudonym="p", handle="p", name="P", role=role, joined_at=NOON)


@pytest.mark.parametrize("role", MAY)
def test_each_role_may_what_it_is_for(role: str) -> None:
    assert {act for act in MAY["administrator"] if may(person(role), act)} == MAY[role]


@pytest.mark.parametrize("act", sorted(MAY["administrator"]))
def test_who_is_not_signed_in_may_do_nothing(act: str) -> None:
    assert not may(None, act)


def test_an_act_that_nobody_thought_of_is_not_allowed_by_accident() -> None:
    with pytest.raises(KeyError):
        may(person("administrator"), "destroy")


def test_the_refusal_says_what_one_is_and_what_it_takes() -> None:
    require(person("moderator"), "resolve")

    with pytest.raises(NotAllowed) as refusal:
        require(person("forecaster"), "resolve")

    assert str(refusal.value) == (
        "You are a forecaster, and this takes a moderator. Ask an administrator for the role."
    )


@pytest.mark.parametrize("state", ["draft", "review", "published"])
@pytest.mark.parametrize("role", [None, "forecaster", "moderator"])
def test_only_what_is_published_is_seen(database: Database, rain: Question, state: str, role: str | None) -> None:
    actor = person(role) if role else None
    with database.writing() as (session, _):
        session.get_one(Question, rain.id).state = state

    with database.reading() as session:
        if state == "published":
            assert catalog.find(session, "rain", visible(session, actor)).id == rain.id
        else:
            with pytest.raises(NotFound):
                catalog.find(session, "rain", visible(session, actor))


def test_a_private_page_is_seen_by_its_person_and_by_administrators() -> None:
    ada, bob, mo, boss = (
        Forecaster(id=number, pseudonym=name, handle=name, name=name, role=role, joined_at=NOON)
        for number, (name, role) in enumerate(
            [("ada", "forecaster"), ("bob", "forecaster"), ("mo", "moderator"), ("boss", "administrator")]
        )
    )

    assert [sees(who, ada) for who in (None, ada, bob, mo, boss)] == [True] * 5

    ada.private = True

    assert [sees(who, ada) for who in (None, ada, bob, mo, boss)] == [False, True, False, False, True]
