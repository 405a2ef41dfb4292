"""Who may do what: a row for every method and address, a column for everybody in every state of what it is about.

In each cell: the status, how many entries the journal has more, and that nothing hidden is in the answer. A route
without a row fails the last test.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web import worlds
from tests.web.test_routes import routes
from tests.web.worlds import (
    ACTORS,
    ADA,
    BOSS,
    NOBODY,
    SAID,
    STATES,
    SUE,
    TITLE,
    TRAM,
    WRITTEN,
    World,
    moderates,
    worlds_in,
    wrong_with,
)

LINKED = {"nobody with the link": NOBODY, "kim with the link": "kim"}
COLUMNS = [(who, state) for state in STATES for who in ACTORS] + [(who, "unlisted") for who in LINKED]

HERE, SIGN_IN, NO, NONE, DONE, REFUSED, AGAINST = 200, 401, 403, 404, 303, 422, 409


# What is due, worked out from the words of the rule alone


def person(who: str) -> str:
    return LINKED.get(who, who)


def sees_set(who: str, state: str) -> bool:
    return worlds.sees_set(person(who), state, linked=who in LINKED)


def sees(who: str, state: str) -> bool:
    return worlds.sees(person(who), state, linked=who in LINKED)


def is_nobody(who: str) -> bool:
    return person(who) == NOBODY


def reads(who: str, state: str) -> int:
    return HERE if sees(who, state) else NONE


def reads_set(who: str, state: str) -> int:
    return HERE if sees_set(who, state) else NONE


def everybodys(who: str, state: str) -> int:
    return HERE if state in ("public", "blind") else NONE


def anybody(who: str, state: str) -> int:
    return HERE


def opened(who: str, state: str) -> int:
    return DONE if state == "unlisted" else NONE


def signed_in(who: str, state: str) -> int:
    return SIGN_IN if is_nobody(who) else HERE


def not_set_up(who: str, state: str) -> int:
    """What takes a mail server, which there is none of here."""
    return SIGN_IN if is_nobody(who) else NO


def done_signed_in(who: str, state: str) -> int:
    return SIGN_IN if is_nobody(who) else DONE


def refused_signed_in(who: str, state: str) -> int:
    return SIGN_IN if is_nobody(who) else REFUSED


def acts(who: str, state: str) -> int:
    if is_nobody(who):
        return SIGN_IN
    return NONE if not sees(who, state) else NO if who == SUE else DONE


def acts_on_own(who: str, state: str) -> int:
    """What takes a forecast of one's own that stands."""
    found = acts(who, state)
    return AGAINST if found == DONE and who != ADA else found


def looks(who: str, state: str) -> int:
    return SIGN_IN if is_nobody(who) else DONE if sees(who, state) else NONE


def copies(who: str, state: str) -> int:
    found = looks(who, state)
    return HERE if found == DONE else found


def decides(who: str, state: str) -> int:
    if is_nobody(who):
        return SIGN_IN
    return NONE if not sees(who, state) else DONE if moderates(who) else NO


def considers(who: str, state: str) -> int:
    found = decides(who, state)
    return HERE if found == DONE else found


def decides_set(who: str, state: str) -> int:
    if is_nobody(who):
        return SIGN_IN
    return NONE if not sees_set(who, state) else DONE if moderates(who) else NO


def considers_set(who: str, state: str) -> int:
    found = decides_set(who, state)
    return HERE if found == DONE else found


def moderators(who: str, state: str) -> int:
    return SIGN_IN if is_nobody(who) else HERE if moderates(who) else NO


def done_by_moderators(who: str, state: str) -> int:
    return SIGN_IN if is_nobody(who) else DONE if moderates(who) else NO


def administrators(who: str, state: str) -> int:
    return SIGN_IN if is_nobody(who) else HERE if who == BOSS else NO


def refused_by_administrators(who: str, state: str) -> int:
    found = administrators(who, state)
    return REFUSED if found == HERE else found


def nobodys(who: str, state: str) -> int:
    """An invitation, or a person, that is not there."""
    found = administrators(who, state)
    return NONE if found == HERE else found


def asks(who: str, state: str) -> int:
    return SIGN_IN if is_nobody(who) else NO if who == SUE else DONE


def writes(who: str, state: str) -> int:
    """Ada's draft, on which nobody else writes, nor sees it."""
    return SIGN_IN if is_nobody(who) else DONE if who == ADA else NONE


def reads_draft(who: str, state: str) -> int:
    found = writes(who, state)
    return HERE if found == DONE else found


def reviews(who: str, state: str) -> int:
    """Ada's draft that waits for review, which moderators see too."""
    return SIGN_IN if is_nobody(who) else DONE if moderates(who) else NO if who == ADA else NONE


def takes_back(who: str, state: str) -> int:
    """Its author takes it back; a moderator sends it back, and says why."""
    return SIGN_IN if is_nobody(who) else DONE if moderates(who) or who == ADA else NONE


def not_theirs(who: str, state: str) -> int:
    """A webhook that is nobody's of these."""
    return SIGN_IN if is_nobody(who) else NONE


Due = Callable[[str, str], int]


@dataclass(frozen=True)
class Row:
    """A method and an address: by which rule it is answered, what is sent, and how many entries an act makes.

    about  whether it is about what the states are states of; else one state tells all
    eyes   whose eyes it is seen with, where that is not whoever asks
    """

    method: str
    path: str
    due: Due
    form: Mapping[str, str] = field(default_factory=dict)
    entries: int = 0
    about: bool = True
    address: str = ""
    eyes: str = ""


AT = "2026-03-02 12:00"
DECISION = {"verdict": "resolved", "outcome": "yes", "known_at": AT, "seen": "0", "step": "confirm"}
REVISION = {"title": TITLE, "criteria": "As measured, twice.", "note": "A slip.", "seen": "0", "step": "confirm"}
MERGE = {"into": "bob", "note": "The same.", "step": "confirm"}
QUESTION, SET = "/questions/{slug}", "/sets/{slug}"
DRAFT, CLAIM = "/drafts/{number}", "/drafts/{number}/claims/{claim}"
HOOK = "/settings/webhooks/{number:int}"
TOML = """[set]\nslug = "more"\ntitle = "More"\n[[questions]]\nslug = "more-rain"\nkind = "binary"
title = "More rain?"\ncriteria = "As measured."\nopens_at = 2026-03-02T12:00:00Z\ncloses_at = 2026-04-02T12:00:00Z\n"""

LISTS = (
    "/", "/journal", "/feed.atom", "/leaderboard", "/calibration", "/compare", "/due", "/sets", "/people/{handle}",
    "/people/{handle}/feed.atom",
)  # fmt: skip
PROOFS = ("/verification", "/verifier.py", "/checkpoint", "/checkpoints.txt")
RETURN, PUBLICATION = {"seen": "1", "remark": "Say which."}, {"seen": "1", "new_set": "Trams"}
NEW_PASSWORD = {"old": "wrong", "password": "a long one", "again": "a long one"}
WRONG = {"old": "wrong"}
NOT_CONFIGURED = [
    ("POST", "/sso"),
    *((method, f"/sso/{end}") for method in ("GET", "POST") for end in ("callback", "name")),
]
"""What signing in elsewhere takes, which is not set up here."""
MAIL_IS_OFF = {"email": "a@example.org"}
SETTINGS = {"email/removal": {}, "calendar/removal": {},
            "pages": {"private": "yes"}}  # fmt: skip


def loads(who: str, state: str) -> int:
    """Moderators are shown what was loaded."""
    found = done_by_moderators(who, state)
    return HERE if found == DONE else found


ROWS = [
    *(Row("GET", path, anybody, about=False) for path in ("/sign-in", "/sign-up", "/scores", *PROOFS)),
    *(Row("GET", path, anybody) for path in LISTS),
    Row("GET", "/calibration/forecasts", anybody, address="/calibration/forecasts?bin=1"),
    *(Row("GET", QUESTION + end, reads) for end in ("", "/feed.atom", "/live", "/share", "/crowd.csv")),
    *(Row("GET", QUESTION + end, everybodys) for end in ("/embed", "/embed.svg")),
    *(
        Row("GET", f"{QUESTION}/receipts/{{handle}}{end}", reads, address=f"/questions/snow/receipts/ada{end}")
        for end in ("", "/receipt.csv", "/proof.txt")
    ),
    Row("GET", f"{QUESTION}/copy", copies),
    *(Row("GET", QUESTION + end, considers) for end in ("/resolution", "/revision", "/audience")),
    *(Row("GET", SET + end, reads_set) for end in ("", "/feed.atom", "/calendar.ics", "/live")),
    Row("GET", f"{SET}/audience", considers_set),
    Row("GET", "/ladders/{group}", reads),
    Row("GET", "/comments/{entry:int}/hiding", considers),
    *(Row("GET", f"/people/{{handle}}/{end}", moderators, about=False) for end in ("suspension", "merging")),
    Row("GET", "/open/{key}", opened),
    Row("GET", "/settings", signed_in, about=False),
    Row("GET", "/confirm/{token}", anybody, about=False),
    Row("GET", "/stop/{token}", anybody, about=False),
    Row("GET", "/calendar/{token}.ics", anybody, eyes=ADA),
    Row("GET", "/drafts", signed_in, about=False),
    Row("GET", "/drafts/review", moderators, about=False),
    Row("GET", DRAFT, reads_draft, about=False),
    Row("GET", CLAIM, reads_draft, about=False),
    Row("POST", "/sign-in", lambda who, state: REFUSED, {"name": "ada", "password": "wrong"}, about=False),
    Row("POST", "/sign-up", lambda who, state: REFUSED, {"name": "new", "password": "short"}, about=False),
    Row("POST", "/sign-out", lambda who, state: DONE, about=False),
    Row("POST", f"{QUESTION}/forecasts", acts, {"probability": "40"}, 1),
    Row("POST", f"{QUESTION}/comments", acts, {"comment": "Look up."}, 1),
    Row("POST", f"{QUESTION}/withdrawal", acts_on_own, {}, 1),
    Row("POST", f"{QUESTION}/undo", acts_on_own, {}, 1),
    Row("POST", f"{QUESTION}/reaffirmation", acts_on_own, {}, 1),
    Row("POST", f"{QUESTION}/look", looks),
    Row("POST", f"{QUESTION}/copy", acts, {"how": "later"}),
    Row("POST", f"{QUESTION}/resolution", decides, DECISION, 1),
    Row("POST", f"{QUESTION}/revision", decides, REVISION, 1),
    Row("POST", f"{QUESTION}/audience", decides, {"audience": "members", "reveal": "closed"}, 1),
    Row("POST", f"{SET}/audience", decides_set, {"audience": "members", "reveal": "closed"}, 1),
    Row("POST", "/ladders/{group}", acts, {"rung-kraken": "40"}, 1),
    Row("POST", "/comments/{entry:int}/hiding", decides, {"act": "do", "note": "Rude."}, 1),
    Row("POST", "/people/{handle}/suspension", done_by_moderators, {"act": "do", "note": "Rude."}, 2, about=False),
    Row("POST", "/people/{handle}/merging", done_by_moderators, MERGE, 1, about=False),
    Row("POST", "/sets", loads, {"text": TOML}, 2, about=False),
    *(Row("POST", f"/settings/{end}", done_signed_in, form, about=False) for end, form in SETTINGS.items()),
    Row("POST", "/settings/email", not_set_up, MAIL_IS_OFF, about=False),
    Row("POST", "/settings/calendar", signed_in, about=False),
    Row("POST", "/settings/digest", refused_signed_in, {"every": "day"}, about=False),
    Row("POST", "/settings/webhooks", refused_signed_in, {"channel": "webhook", "address": "x"}, about=False),
    Row("POST", "/settings/password", refused_signed_in, NEW_PASSWORD, about=False),
    *(Row("GET", path, signed_in, about=False) for path in ("/settings/second-factor", "/settings/sessions")),
    Row("GET", "/settings/erasure", signed_in, about=False),
    Row("POST", "/settings/erasure", refused_signed_in, {"name": "somebody", "old": "wrong"}, about=False),
    Row("GET", "/people/{handle}/erasure", administrators, about=False),
    Row("POST", "/people/{handle}/erasure", refused_by_administrators, {"name": "nobody"}, about=False),
    Row("POST", "/settings/second-factor", done_signed_in, about=False),
    Row("POST", "/settings/second-factor/confirmation", not_set_up, {"code": "000000"}, about=False),
    *(
        Row("POST", f"/settings/second-factor/{end}", refused_signed_in, WRONG, about=False)
        for end in ("codes", "removal")
    ),
    Row("POST", "/settings/sessions/others", done_signed_in, about=False),
    Row("POST", "/settings/sessions/removal", not_theirs, {"session": "1"}, about=False),
    Row("POST", "/settings/bots", asks, {"name": "robot"}, about=False),
    Row("POST", "/settings/tokens", signed_in, {"name": "mine", "read": "on"}, about=False),
    Row("POST", "/settings/tokens/{number}/revocation", not_theirs, about=False),
    *(Row("POST", path, not_theirs, about=False) for path in ("/settings/sso", "/settings/sso/removal")),
    Row("GET", "/invitations", administrators, about=False),
    Row("POST", "/invitations", refused_by_administrators, {"role": "king"}, about=False),
    *(
        Row("POST", f"/invitations/{end}", nobodys, {"name": "none"}, about=False)
        for end in ("reset-link", "revocation")
    ),
    Row("GET", "/reset", anybody, about=False),
    Row("POST", "/reset", lambda who, state: NO, {"name": "ada"}, about=False),
    Row("GET", "/reset/{token}", anybody, about=False),
    Row("POST", "/reset/{token}", lambda who, state: REFUSED, {"password": "short"}, about=False),
    Row("POST", "/sign-in/code", lambda who, state: NO, {"code": "000000"}, about=False),
    *(Row(method, path, lambda who, state: NONE, about=False) for method, path in NOT_CONFIGURED),
    *(Row("POST", f"{HOOK}/{end}", not_theirs, about=False) for end in ("removal", "test")),
    Row("POST", "/confirm/{token}", anybody, about=False),
    Row("POST", "/stop/{token}", anybody, about=False),
    Row("POST", "/drafts", asks, {"asks": "question"}, about=False),
    Row("POST", DRAFT, writes, {"title": "Other", "seen": "2"}, about=False),
    Row("POST", f"{DRAFT}/review", writes, TRAM | {"seen": "0"}, about=False, address="/drafts/3/review"),
    Row("POST", f"{DRAFT}/return", takes_back, RETURN, about=False, address="/drafts/2/return"),
    Row("POST", f"{DRAFT}/publication", reviews, PUBLICATION, 3, about=False, address="/drafts/2/publication"),
    Row("POST", f"{DRAFT}/deletion", writes, about=False),
    Row("POST", f"{DRAFT}/claims", writes, {"seen": "2"}, about=False),
    Row("POST", CLAIM, writes, {"claim": "Other", "seen": "2"}, about=False),
    Row("POST", f"{CLAIM}/deletion", writes, about=False),
]


# The cells


@pytest.fixture(scope="module")
def there(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, World]:
    """A record in each state."""
    return worlds_in(tmp_path_factory.mktemp("worlds"), sqlite_template)


def address_of(row: Row, names: Mapping[str, str]) -> str:
    """Where a row's request goes."""
    parts = {"{handle}": "ada", "{group}": "steps", "{number:int}": "1", "{number}": "1", "{claim}": "1",
             "{entry:int}": names["comment"], "{key}": names["key"], "{token}": names.get(row.path, "")}  # fmt: skip
    parts |= {"{slug}": "deep" if row.path.startswith("/sets") else "kraken"}
    path = row.address or row.path
    for part, word in parts.items():
        path = path.replace(part, word)
    return path


def hidden_from(who: str, state: str) -> list[str]:
    """What may stand in no answer to them."""
    words = [] if sees(who, state) else [TITLE, WRITTEN]
    return words + ([] if worlds.told(person(who), state, linked=who in LINKED) else [SAID])


def answered(row: Row, world: World, browser: TestClient) -> tuple[int, str]:
    """The status, 401 for who is sent to sign in, and all that was answered."""
    answer = browser.request(row.method, address_of(row, world.names), data=dict(row.form) or None)
    browser.cookies.clear()
    where = answer.headers.get("location", "")
    return SIGN_IN if where.startswith("/sign-in?back=") else answer.status_code, answer.text + where


@pytest.mark.parametrize(("who", "state"), COLUMNS, ids=[f"{who}, {state}" for who, state in COLUMNS])
def test_everybody_gets_what_the_rules_give_them(there: Mapping[str, World], who: str, state: str) -> None:
    world, wrong = there[state], []

    with world.visited(person(who), linked=who in LINKED) as browser:
        for writing in (False, True):
            for row in rows_for(state, writing=writing, who=who):
                before = world.entries
                status, text = answered(row, world, browser)
                wrong += judged(row, who, state, status, text, world.entries - before)
                if writing:
                    world.put_back()

    assert not wrong, "\n".join(wrong)


COUNTED = ("/sign-in", "/sign-in/code", "/settings/password", "/settings/second-factor/codes",
           "/settings/second-factor/removal", "/settings/second-factor/confirmation")  # fmt: skip
"""Where guesses are counted, so that each is made in a record of its own."""


def rows_for(state: str, *, writing: bool, who: str) -> Iterator[Row]:
    """Those that change something for them, or the others."""
    for row in ROWS:
        if row.about or state == "public":
            changes = (
                row.due is opened
                or row.path in COUNTED
                or (row.method == "POST" and row.due(who, state) in (DONE, HERE))
            )
            if changes == writing:
                yield row


def judged(row: Row, who: str, state: str, status: int, text: str, entered: int) -> list[str]:
    """What is wrong with a cell."""
    due = row.due(who, state)
    return wrong_with(
        f"{row.method} {row.path} by {who}, {state}",
        due=due,
        found=status,
        made=row.entries if row.method == "POST" and due in (DONE, HERE) else 0,
        entered=entered,
        shown=[word for word in hidden_from(row.eyes or who, state) if word in text],
    )


def test_a_form_without_its_fields_is_answered_in_a_sentence(there: Mapping[str, World]) -> None:
    """It came from no page of ours; nothing that it lacks is a fault of ours."""
    world, wrong = there["public"], []
    for who in (ADA, BOSS):
        with world.visited(who) as browser:
            for row in ROWS:
                for form in FIELDLESS if row.method == "POST" else ():
                    status = browser.post(address_of(row, world.names), data=form).status_code
                    browser.cookies.clear()
                    wrong += [f"{row.path} by {who}: {status}"] if status >= 500 else []
                    world.put_back()

    assert not wrong, "\n".join(wrong)


FIELDLESS: tuple[dict[str, str], ...] = (
    {},
    {"seen": "x", "step": "confirm", "act": "x", "verdict": "x", "asks": "x", "channel": "x"},
)
"""Forms that hold nothing, or not what is asked for."""


def test_the_matrix_is_large() -> None:
    cells = sum(len(list(rows_for(state, writing=part, who=who))) for who, state in COLUMNS for part in (True, False))

    assert cells > 1_500


def test_every_route_has_a_row() -> None:
    there = {(method, route.path) for method in ("GET", "POST") for route in routes(method)}

    assert there - {(row.method, row.path) for row in ROWS} == set()
