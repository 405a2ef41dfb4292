"""The sheet by keyboard and by touch, counted: how many keys a question takes, and what one tap does."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from forecasts.database import Database
from tests.browser.conftest import OPENING, Invite
from tests.browser.running import Server, running
from tests.cast import DAY, draft, join, publish

TEN = [f"day-{number}" for number in range(10)]
TIMES: dict[str, Any] = {
    "opens_at": OPENING - DAY,
    "closes_at": OPENING + 30 * DAY,
    "resolves_at": OPENING + 31 * DAY,
}
OTHER_KINDS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "number": (
        {"range": {"low": 0, "high": 300, "open_below": False, "open_above": True, "unit": "USD"}},
        {"low": "46.6", "median": "82.25", "high": "105.4"},
    ),
    "date": (
        {
            "range": {
                "low": "2026-03-03T00:00:00Z",
                "high": "2027-03-05T00:00:00Z",
                "open_below": True,
                "open_above": True,
            }
        },
        {"low": "2026-09-23", "median": "2026-11-29", "high": "2026-12-23"},
    ),
    "choice": (
        {"outcomes": ["north", "south, and whatever lies beyond it", "calm", "nobody"]},
        {"outcome-0": "12.5", "outcome-1": "37.5", "outcome-2": "25", "outcome-3": "25"},
    ),
}


@pytest.fixture
def ten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Ten yes-or-no questions that nobody has answered, and Ada."""
    with running(tmp_path_factory.mktemp("ten"), OPENING, prepare=ten_questions) as server:
        yield server


def ten_questions(database: Database) -> None:
    publish(database, *(draft(slug, title=f"Will {slug} be dry?", **TIMES) for slug in TEN))
    join(database, "Ada")


@pytest.fixture
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A number, a date and a choice that nobody has answered, and Ada."""
    with running(tmp_path_factory.mktemp("three"), OPENING, prepare=other_questions) as server:
        yield server


def other_questions(database: Database) -> None:
    publish(database, *(draft(kind, kind, spec=spec, **TIMES) for kind, (spec, _) in OTHER_KINDS.items()))
    join(database, "Ada")


def test_ten_questions_take_at_most_forty_keys_and_no_click(ten: Server, invite: Invite, javascript: bool) -> None:
    ada = invite(ten, "Ada", signed_in=True, javascript=javascript)
    pressed = 0

    def press(key: str) -> None:
        nonlocal pressed
        pressed += 1
        ada.page.keyboard.press(key)

    ada.opens("/")
    for number, slug in enumerate(TEN, 1):
        expect(ada.page.locator(f"#desk-{slug}-probability")).to_be_focused()
        for digit in f"{90 - number}":
            press(digit)
        if javascript:
            press("Enter")
        else:
            with ada.page.expect_navigation():
                press("Enter")
        if number < 10:
            expect(ada.page.locator(f"#desk-{TEN[number]}-probability")).to_be_focused()

    for number, slug in enumerate(TEN, 1):
        expect(ada.row(slug).locator(".own strong")).to_have_text(f"{90 - number}%")
    assert ten.journal()["forecast"] == 10
    assert pressed <= 40


def test_keys_move_undo_say_again_search_and_explain_themselves(ten: Server, invite: Invite) -> None:
    ada = invite(ten, "Ada", signed_in=True)
    keys = ada.page.keyboard
    ada.opens("/")

    keys.press("j")
    keys.press("ArrowDown")
    expect(ada.page.locator("#desk-day-2-probability")).to_be_focused()
    keys.press("k")
    expect(ada.page.locator("#desk-day-1-probability")).to_be_focused()
    keys.type("40")
    keys.press("Enter")
    expect(ada.row("day-1").locator(".own")).to_contain_text("Saved 40%")
    keys.press("k")
    keys.press("u")
    expect(ada.row("day-1").locator(".own")).to_contain_text("Nothing of yours stands now")
    keys.press("?")
    expect(ada.page.locator("#keys dl")).to_be_visible()
    ada.page.locator("#desk-day-1-probability").focus()
    keys.press("/")
    expect(ada.page.locator("#q")).to_be_focused()
    assert ten.journal()["forecast"] == ten.journal()["withdrawal"] == 1

    ten.clock.set(OPENING + timedelta(hours=1))
    ada.opens("/")
    keys.type("40")
    keys.press("Enter")
    expect(ada.row("day-0").locator(".own")).to_contain_text("Saved 40%")
    ten.clock.set(OPENING + 10 * DAY)
    ada.opens("/?show=stale")
    ada.page.locator("#desk-day-0-probability").focus()
    keys.press("s")
    expect(ada.row("day-0").locator(".own")).to_contain_text("Saved 40%")
    assert ten.journal()["forecast"] == 3


def test_a_refusal_calls_back_to_its_field_and_is_announced(ten: Server, invite: Invite) -> None:
    ada = invite(ten, "Ada", signed_in=True)
    ada.opens("/")

    ada.page.keyboard.type("170")
    with ada.refused(422):
        ada.page.keyboard.press("Enter")

    expect(ada.page.locator("#desk-day-0-probability")).to_be_focused()
    expect(ada.page.locator("#said")).to_contain_text("170% is outside 0 to 100.")


def test_who_switched_single_keys_off_keeps_arrows_and_enter(ten: Server, invite: Invite) -> None:
    with ten.database() as database, database.writing() as (session, _):
        session.connection().exec_driver_sql("UPDATE forecaster SET shortcuts = 0 WHERE handle = 'ada'")
    ada = invite(ten, "Ada", signed_in=True)
    ada.opens("/")
    field = ada.page.locator("#desk-day-0-probability")
    field.focus()

    ada.page.keyboard.press("j")
    expect(field).to_be_focused()
    expect(field).to_have_value("j")
    ada.page.keyboard.press("ArrowDown")
    expect(ada.page.locator("#desk-day-1-probability")).to_be_focused()


def test_one_tap_on_the_track_is_a_forecast_with_a_way_back(ten: Server, invite: Invite) -> None:
    ada = invite(
        ten, "Ada", signed_in=True, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844}
    )  # fmt: skip
    ada.opens("/")
    track = ada.row("day-0").locator(".track")
    box = track.bounding_box()
    assert box is not None

    ada.page.touchscreen.tap(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2)

    expect(ada.row("day-0").locator(".own")).to_contain_text("Saved 70%")
    undo = ada.row("day-0").get_by_role("button", name="Undo")
    expect(undo).to_be_in_viewport()
    undo.tap()
    expect(ada.row("day-0").locator(".own")).to_contain_text("Nothing of yours stands now")
    assert ten.journal()["forecast"] == ten.journal()["withdrawal"] == 1


def test_nothing_shifts_when_a_row_comes_back(ten: Server, invite: Invite) -> None:
    ada = invite(ten, "Ada", signed_in=True)
    ada.opens("/")
    places = "[...document.querySelectorAll('.row')].map(row => row.getBoundingClientRect().top + scrollY)"
    before = ada.page.evaluate(places)

    for _ in range(3):
        ada.page.keyboard.type("40")
        ada.page.keyboard.press("Enter")
    expect(ada.row("day-2").locator(".own")).to_contain_text("Saved 40%")

    assert ada.page.evaluate(places) == before


@pytest.mark.parametrize("width", [1280, 768, 390])
def test_nothing_shifts_when_a_row_with_several_fields_comes_back(three: Server, invite: Invite, width: int) -> None:
    ada = invite(three, "Ada", signed_in=True, viewport={"width": width, "height": 900})
    ada.opens("/")
    places = "[...document.querySelectorAll('.row')].map(row => row.getBoundingClientRect().top + scrollY)"
    before = ada.page.evaluate(places)

    for kind, (_, fields) in OTHER_KINDS.items():
        for name, text in fields.items():
            ada.page.locator(f"#desk-{kind}-{name}").fill(text)
        ada.page.keyboard.press("Enter")
        expect(ada.row(kind).locator(".own")).to_contain_text("Saved")

    assert ada.page.evaluate(places) == before
