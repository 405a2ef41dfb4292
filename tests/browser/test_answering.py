"""How people type, on the desk and on a question's page, with JavaScript and without: taken as meant, or refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import DAY, OPENING, Invite, the_harbour
from tests.browser.running import Server, running
from tests.browser.visitor import Visitor

TAKEN = {
    "37": "37%", "37%": "37%", "37.5": "37.5%", "37,5": "37.5%", ".5": "0.5%", "0": "0%", "100": "100%",
}  # fmt: skip
REFUSED = {
    "170": "170% is outside 0 to 100. Write a percentage such as 70.",
    "-1": "-1% is outside 0 to 100. Write a percentage such as 70.",
    "nan": "“nan” is not a percentage. Write a number such as 70 or 37.5.",
    "": "No percentage was typed. Write one such as 70.",
}


@dataclass
class Form:
    """The form of one question in one place: `view` is the desk or the question's page."""

    visitor: Visitor
    slug: str
    view: str

    @property
    def place(self) -> Locator:
        """What comes back when the form is sent."""
        return self.visitor.page.locator(f"#question-{self.slug}" if self.view == "desk" else "#forecast")

    @property
    def own(self) -> Locator:
        return self.place.locator(".own strong")

    def field(self, name: str) -> Locator:
        return self.visitor.page.locator(f"#{self.view}-{self.slug}-{name}")

    def opens(self) -> None:
        self.visitor.opens("/" if self.view == "desk" else f"/questions/{self.slug}")

    def sends(self, fields: Mapping[str, str]) -> None:
        for name, text in fields.items():
            self.field(name).fill(text)
        self.visitor.presses_enter()

    def shows_refusal(self, sentence: str, fields: Mapping[str, str], wrong: set[str]) -> None:
        """The sentence stands in the form, tied to the fields at fault and to no other; all that was typed is there."""
        expect(self.place.get_by_role("alert")).to_have_text(sentence)
        about = self.place.get_by_role("alert").get_attribute("id")
        marked = self.visitor.page.locator("[aria-invalid=true]")
        assert {one.get_attribute("name") for one in marked.all()} == wrong
        for name in wrong:
            assert about in (self.field(name).get_attribute("aria-describedby") or "").split()
        for name, text in fields.items():
            expect(self.field(name)).to_have_value(text)
            expect(self.field(name)).to_be_visible()


@pytest.fixture(params=["desk", "question"])
def view(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_percentage_is_taken_as_people_type_it(harbour: Server, invite: Invite, javascript: bool, view: str) -> None:
    form = Form(invite(harbour, "Ada", signed_in=True, javascript=javascript), "ferry", view)
    before = harbour.journal()["forecast"]
    form.opens()

    for typed, echo in TAKEN.items():
        form.sends({"probability": typed})

        expect(form.own).to_have_text(echo)
        expect(form.field("probability")).to_have_value("" if view == "desk" else echo.removesuffix("%"))
    assert harbour.journal()["forecast"] == before + len(TAKEN)


def test_what_is_no_percentage_is_refused_in_place_and_nothing_is_stored(
    harbour: Server, invite: Invite, javascript: bool, view: str
) -> None:
    form = Form(invite(harbour, "Bob", signed_in=True, javascript=javascript), "storm", view)
    before = harbour.journal()
    form.opens()

    for typed, sentence in REFUSED.items():
        if javascript and view == "desk" and not typed:
            continue  # there an empty field leads on to the next question
        with form.visitor.refused(422):
            form.sends({"probability": typed})

        form.shows_refusal(sentence, {"probability": typed}, {"probability"})
        expect(form.own).to_have_count(0)
        if javascript:
            expect(form.field("probability")).to_be_focused()
    assert harbour.journal() == before


def test_percentages_that_do_not_make_a_hundred_are_refused_in_place(
    harbour: Server, invite: Invite, javascript: bool, view: str
) -> None:
    form = Form(invite(harbour, "Bob", signed_in=True, javascript=javascript), "cup", view)
    before = harbour.journal()
    form.opens()

    ninety = {"outcome-0": "40", "outcome-1": "30", "outcome-2": "20"}
    with form.visitor.refused(422):
        form.sends(ninety)
    form.shows_refusal("The percentages add up to 90, not to 100.", ninety, set(ninety))

    without_south = {"outcome-0": "70", "outcome-1": "", "outcome-2": "30"}
    with form.visitor.refused(422):
        form.sends(without_south)
    form.shows_refusal("“south” has no percentage. Write 0 if you rule it out.", without_south, {"outcome-1"})
    assert harbour.journal() == before


def test_bins_are_refused_where_they_were_typed(harbour: Server, invite: Invite, javascript: bool) -> None:
    form = Form(invite(harbour, "Bob", signed_in=True, javascript=javascript), "boats", "question")
    before = harbour.journal()
    form.opens()
    form.visitor.page.get_by_text("Or say it bin by bin").click()

    ninety = {"bin-0": "40", "bin-1": "30", "bin-2": "20", "bin-3": "", "bin-4": ""}
    with form.visitor.refused(422):
        form.sends(ninety)
    form.shows_refusal("The percentages add up to 90, not to 100.", ninety, set(ninety))

    too_much = ninety | {"bin-3": "170"}
    with form.visitor.refused(422):
        form.sends(too_much)
    form.shows_refusal(REFUSED["170"], too_much, {"bin-3"})
    assert harbour.journal() == before


def test_an_interval_is_refused_at_the_value_at_fault(
    harbour: Server, invite: Invite, javascript: bool, view: str
) -> None:
    form = Form(invite(harbour, "Bob", signed_in=True, javascript=javascript), "bridge", view)
    before = harbour.journal()
    form.opens()

    for fields, sentence, wrong in [
        (
            {"low": "2026-03-05", "median": "2026-03-04", "high": "2026-03-06"},
            "The median, 4 Mar 2026, is not over 5 Mar 2026. Write three rising values: low, median, high.",
            "median",
        ),
        (
            {"low": "2026-03-04", "median": "2026-03-05", "high": "soon"},
            "“soon” is not a date. Write one such as 2026-05-09 or 2026-05-09 14:00.",
            "high",
        ),
        (
            {"low": "", "median": "2026-03-05", "high": "2026-03-06"},
            "The low is empty. Write a low, a median and a high.",
            "low",
        ),
    ]:
        with form.visitor.refused(422):
            form.sends(fields)
        form.shows_refusal(sentence, fields, {wrong})
    assert harbour.journal() == before


def test_a_forecast_after_closing_is_refused_in_place(tmp_path: Path, invite: Invite, javascript: bool) -> None:
    with running(tmp_path, OPENING + DAY, prepare=the_harbour) as server:
        on_the_desk, on_the_page = (
            Form(invite(server, "Ada", signed_in=True, javascript=javascript), "ferry", view)
            for view in ("desk", "question")
        )
        for form in (on_the_desk, on_the_page):
            form.opens()
        before = server.journal()

        server.clock.set(OPENING + 10 * DAY)

        sentence = "“Will the ferry come back?” took forecasts until 11 March 2026, 00:00 UTC."
        for form in (on_the_desk, on_the_page):
            with form.visitor.refused(409):
                form.sends({"probability": "70"})
            expect(form.visitor.page.locator("main").get_by_role("alert")).to_have_text(sentence)
            if not javascript or form is on_the_page:  # on the desk it has gone on to the next question
                expect(form.visitor.page.locator("main").get_by_role("alert")).to_be_focused()
        assert server.journal() == before
