"""Who may do what by a program: a row for every operation, a column for every token in every state of what it is about.

In each cell, as of the pages: the status, how many entries the journal has more, and that nothing hidden is in the
answer. A token that has not the scope is refused before anything is looked for, which tells nothing of what is there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from tests.web import worlds
from tests.web.api.conftest import API
from tests.web.worlds import (
    ACTORS,
    ADA,
    BOSS,
    CLERK,
    MO,
    NOBODY,
    READER,
    ROBO,
    SAID,
    STATES,
    SUE,
    TITLE,
    TRAM,
    WRITTEN,
    World,
    worlds_in,
    wrong_with,
)
from web import api

CALLERS = (*ACTORS, ROBO, READER, CLERK)
COLUMNS = [(who, state) for state in STATES for who in CALLERS]
PERSON = {ROBO: ADA, READER: ADA, CLERK: MO}
"""With whose eyes a token sees."""

HERE, WHO, NO, NONE, AGAINST, REFUSED = 200, 401, 403, 404, 409, 422


# What is due, worked out from the words of the rule alone


def person(who: str) -> str:
    return PERSON.get(who, who)


def sees(who: str, state: str) -> bool:
    return worlds.sees(person(who), state)


def sees_set(who: str, state: str) -> bool:
    return worlds.sees_set(person(who), state)


def moderates(who: str) -> bool:
    return worlds.moderates(who)


def anybody(who: str, state: str) -> int:
    return HERE


def reads(who: str, state: str) -> int:
    return HERE if sees(who, state) else NONE


def reads_set(who: str, state: str) -> int:
    return HERE if sees_set(who, state) else NONE


def known(who: str, state: str) -> int:
    return WHO if who == NOBODY else HERE


def reads_own(who: str, state: str) -> int:
    return WHO if who == NOBODY else reads(who, state)


def forecasts(who: str, state: str) -> int:
    """What the scope “forecast” lets one do, whoever one is."""
    return WHO if who == NOBODY else NO if who == READER else HERE


def looks(who: str, state: str) -> int:
    found = forecasts(who, state)
    return found if found != HERE else reads(who, state)


def acts(who: str, state: str) -> int:
    found = looks(who, state)
    return NO if found == HERE and who == SUE else found


def acts_on_own(who: str, state: str) -> int:
    """What takes a forecast of one's own that stands; a bot's are not its owner's."""
    found = acts(who, state)
    return AGAINST if found == HERE and who != ADA else found


def may_moderate(who: str, state: str) -> int:
    """What the scope “moderate” lets one do, as far as the role goes."""
    return WHO if who == NOBODY else HERE if moderates(who) else NO


def undoes(who: str, state: str) -> int:
    """What takes that something was done before."""
    found = may_moderate(who, state)
    return REFUSED if found == HERE else found


def decides(who: str, state: str) -> int:
    found = scoped(who)
    return found or (NONE if not sees(who, state) else HERE if moderates(who) else NO)


def decides_set(who: str, state: str) -> int:
    found = scoped(who)
    return found or (NONE if not sees_set(who, state) else HERE if moderates(who) else NO)


def scoped(who: str) -> int:
    """The refusal of a token without the scope “moderate”; 0 where it has it."""
    return WHO if who == NOBODY else NO if who in PERSON else 0


def asks(who: str, state: str) -> int:
    found = forecasts(who, state)
    return NO if found == HERE and who == SUE else found


def sets_own(who: str, state: str) -> int:
    """A bot keeps nothing private: who it belongs to does."""
    found = forecasts(who, state)
    return NO if found == HERE and who == ROBO else found


def owns_bots(who: str, state: str) -> int:
    """People alone have them."""
    found = asks(who, state)
    return NO if found == HERE and who == ROBO else found


def reviews_all(who: str, state: str) -> int:
    return WHO if who == NOBODY else HERE if moderates(who) or who == CLERK else NO


def reads_draft(who: str, state: str) -> int:
    """Ada's, which is hers alone: her bot has its own."""
    return WHO if who == NOBODY else HERE if who in (ADA, READER) else NONE


def writes(who: str, state: str) -> int:
    found = forecasts(who, state)
    return found if found != HERE else HERE if who == ADA else NONE


def takes_back(who: str, state: str) -> int:
    """Its author takes it back; a moderator sends it back, and says why."""
    found = forecasts(who, state)
    return found if found != HERE else HERE if who in (ADA, MO, BOSS, CLERK) else NONE


def reviews(who: str, state: str) -> int:
    """Ada's draft that waits for review, which moderators see too."""
    return scoped(who) or (HERE if moderates(who) else NO if who == ADA else NONE)


def not_theirs(who: str, state: str) -> int:
    """Bob's token."""
    return WHO if who == NOBODY else NONE


def nobodys_hook(who: str, state: str) -> int:
    """A webhook that there is none of."""
    found = forecasts(who, state)
    return found if found != HERE else NONE


def of_own_bot(who: str, state: str) -> int:
    """Ada's bot, whose tokens she may list with any token that reads."""
    return WHO if who == NOBODY else HERE if who in (ADA, READER) else NONE


Due = Callable[[str, str], int]


@dataclass(frozen=True)
class Row:
    """An operation: by which rule it is answered, what is sent, what a success is, how many entries it makes.

    about  whether it is about what the states are states of; else one state tells all
    """

    method: str
    path: str
    due: Due
    body: Any = None
    done: int = HERE
    entries: int = 0
    about: bool = True
    address: str = ""


QUESTION, SET, DRAFT = "/questions/{slug}", "/sets/{slug}", "/drafts/{number}"
CLAIM = f"{DRAFT}/claims/{{claim}}"
TOML = """[set]\nslug = "more"\ntitle = "More"\n[[questions]]\nslug = "more-rain"\nkind = "binary"
title = "More rain?"\ncriteria = "As measured."\nopens_at = 2026-03-02T12:00:00Z\ncloses_at = 2026-04-02T12:00:00Z\n"""
ASKED = {**TRAM, "set": "deep", "closes_at": "2026-03-20T00:00:00Z"}
SHOWN = {"audience": "members", "reveal": "closed"}
OTHER = {"fields": {"title": "Other"}, "seen": 2}
HOOK = {"address": "https://example.org/hook", "events": ["resolved"]}
READING = {"name": "another", "scopes": ["read"]}

ROWS = [
    *(
        Row("GET", path, anybody)
        for path in ("/questions", "/leaderboard", "/calibration", "/people", "/people/{handle}", "/sets", "/sources",
                     "/journal", *(f"/people/{{handle}}/{part}" for part in ("calibration", "forecasts", "results")))
    ),
    Row("GET", "/compare", anybody, address="/compare?a=ada&b=bob"),
    *(Row("GET", QUESTION + end, reads) for end in ("", "/crowd", "/comments", "/rationales", "/acts", "/scores")),
    Row("GET", f"{QUESTION}/receipts/{{handle}}", reads, address="/questions/snow/receipts/ada"),
    Row("GET", f"{QUESTION}/forecasts", reads_own),
    Row("GET", SET, reads_set),
    Row("GET", "/ladders/{group}", reads),
    Row("POST", "/questions", may_moderate, ASKED, 201, 1),
    Row("POST", f"{QUESTION}/revision", decides, {"criteria": "As measured, twice.", "note": "A slip."}, 201, 1),
    Row("POST", f"{QUESTION}/audience", decides, SHOWN, entries=1),
    Row("POST", f"{SET}/audience", decides_set, SHOWN, entries=1),
    Row("POST", f"{QUESTION}/resolution", decides, {"outcome": "yes"}, 201, 1),
    Row("POST", f"{QUESTION}/forecasts", acts, {"probability": 0.4}, 201, 1),
    Row("POST", f"{QUESTION}/comments", acts, {"text": "Look up."}, 201, 1),
    *(Row("POST", f"{QUESTION}/{act}", acts_on_own, done=201, entries=1)
      for act in ("withdrawal", "undo", "reaffirmation")),
    Row("POST", f"{QUESTION}/look", looks),
    Row("POST", "/ladders/{group}", acts, {"answers": {"kraken": 0.4}}, 201, 1),
    Row("POST", "/sets", may_moderate, {"file": TOML}, entries=2, about=False),
    Row("GET", "/comments/{entry:int}/hidings", decides),
    Row("POST", "/comments/{entry:int}/hiding", decides, {"hidden": True, "note": "Rude."}, 201, 1),
    Row("GET", "/people/{handle}/merging", may_moderate, about=False, address="/people/ada/merging?into=bob"),
    *(Row("GET", f"/people/{{handle}}/{part}", may_moderate, about=False) for part in ("suspensions", "mergings")),
    Row("POST", "/people/{handle}/suspension", may_moderate, {"suspended": True, "note": "Rude."}, 201, 2, about=False),
    Row("POST", "/people/{handle}/merging", may_moderate, {"into": "bob", "note": "The same."}, 201, 1, about=False),
    Row("POST", "/people/{handle}/separation", undoes, {"note": "Two."}, about=False),
    *(Row("GET", path, known, about=False) for path in ("/me", "/tokens", "/bots", "/drafts")),
    Row("POST", "/me/settings", sets_own, {"private": True}, about=False),
    Row("POST", "/tokens", known, READING, 201, about=False),
    Row("POST", "/tokens/{number}/revocation", not_theirs, about=False),
    Row("POST", "/bots", owns_bots, {"name": "Robot"}, 201, about=False),
    Row("GET", "/bots/{handle}/tokens", of_own_bot, about=False, address="/bots/robo/tokens"),
    Row("POST", "/bots/{handle}/tokens", of_own_bot, READING, 201, about=False, address="/bots/robo/tokens"),
    Row("POST", f"{QUESTION}/copy", acts, {"how": "later"}, 201),
    *(Row("GET", path, known, about=False) for path in ("/webhooks", "/digest", "/deliveries")),
    Row("POST", "/webhooks", forecasts, HOOK, 201, about=False),
    *(Row("POST", f"/webhooks/{{number}}/{act}", nobodys_hook, about=False) for act in ("removal", "test")),
    Row("POST", "/digest", forecasts, {"every": ""}, about=False),
    Row("POST", "/calendar", forecasts, None, 201, about=False),
    Row("POST", "/calendar/removal", forecasts, about=False),
    Row("POST", "/drafts", asks, {"asks": "question"}, 201, about=False),
    Row("GET", "/drafts/review", reviews_all, about=False),
    Row("GET", DRAFT, reads_draft, about=False),
    Row("POST", DRAFT, writes, OTHER, about=False),
    Row("POST", f"{DRAFT}/review", writes, about=False, address="/drafts/3/review"),
    Row("POST", f"{DRAFT}/return", takes_back, {"remark": "Say which.", "seen": 1}, about=False,
        address="/drafts/2/return"),
    Row("POST", f"{DRAFT}/publication", reviews, {"new_set": "Trams", "seen": 1}, HERE, 3, about=False,
        address="/drafts/2/publication"),
    Row("POST", f"{DRAFT}/deletion", writes, about=False),
    Row("POST", f"{DRAFT}/claims", writes, OTHER, 201, about=False),
    Row("POST", CLAIM, writes, {"fields": {"claim": "Other"}, "seen": 2}, about=False),
    Row("POST", f"{CLAIM}/deletion", writes, about=False),
]  # fmt: skip


# The cells


@pytest.fixture(scope="module")
def there(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, World]:
    """A record in each state."""
    return worlds_in(tmp_path_factory.mktemp("worlds"), sqlite_template)


def address_of(row: Row, world: World) -> str:
    """Where a row's request goes."""
    parts = {"{handle}": "ada", "{group}": "steps", "{number}": "1", "{claim}": "1"}
    parts |= {"{entry:int}": world.names["comment"], "{slug}": "deep" if row.path.startswith("/sets") else "kraken"}
    path = row.address or row.path
    for part, word in parts.items():
        path = path.replace(part, word)
    return API + path


def hidden_from(who: str, state: str) -> list[str]:
    """What may stand in no answer to them: words, and the number that others said."""
    words = [] if sees(who, state) else [TITLE, WRITTEN]
    return words + ([] if worlds.told(person(who), state) else [SAID, "0.83", "0.17"])


def rows_for(state: str, who: str, *, writing: bool) -> Iterator[Row]:
    """Those that change something for them, or the others."""
    for row in ROWS:
        changes = row.method == "POST" and row.due(who, state) == HERE
        if (row.about or state == "public") and changes == writing:
            yield row


def judged(row: Row, world: World, client: TestClient, who: str, state: str) -> list[str]:
    """What is wrong with a cell."""
    before, due = world.entries, row.due(who, state)
    answer = client.request(row.method, address_of(row, world), json=row.body)
    return wrong_with(
        f"{row.method} {row.path} by {who}, {state}",
        due=row.done if due == HERE else due,
        found=answer.status_code,
        made=row.entries if due == HERE else 0,
        entered=world.entries - before,
        shown=[word for word in hidden_from(who, state) if word in answer.text],
    )


@pytest.mark.parametrize(("who", "state"), COLUMNS, ids=[f"{who}, {state}" for who, state in COLUMNS])
def test_every_token_gets_what_the_rules_give_it(there: Mapping[str, World], who: str, state: str) -> None:
    world, wrong = there[state], []

    with world.called(who) as client:
        for writing in (False, True):
            for row in rows_for(state, who, writing=writing):
                wrong += judged(row, world, client, who, state)
                if writing:
                    world.put_back()

    assert not wrong, "\n".join(wrong)


def test_the_matrix_is_large() -> None:
    cells = sum(len(list(rows_for(state, who, writing=part))) for who, state in COLUMNS for part in (True, False))

    assert cells > 1_200


def test_every_operation_has_a_row() -> None:
    routes = [route for route in api.router.routes if isinstance(route, APIRoute)]
    operations = {(method, route.path) for route in routes for method in route.methods or ()}

    assert operations - {(row.method, row.path) for row in ROWS} == set()
