"""Somebody at a browser, and what they do there, in words that a test reads like a story."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Locator, Page, Response, expect

PASSWORD = "correct horse"
FARTHEST = 400
"""More presses of Tab than any page takes."""

HEADS = "table => [...table.tHead.rows[0].cells].map(cell => cell.innerText.trim())"
ROWS = """table => [...table.tBodies[0].rows].map(row => [
    (row.querySelector("th a") ?? row.querySelector("th")).innerText.trim(),
    ...[...row.cells].map(cell => cell.innerText.trim())])"""
# Whether the focus is there; and what has it without anybody seeing so. The points of a chart draw their own ring.
FOCUSED = """selector => {
    const one = document.activeElement, { outlineStyle, outlineWidth } = getComputedStyle(one)
    const ringed = outlineStyle !== "none" && parseFloat(outlineWidth) > 1 || one.matches("body, .chart-tip")
    const { top, bottom, width } = one.getBoundingClientRect(), shown = width && bottom > 0 && top < innerHeight
    return [one.matches(selector), ringed && shown ? "" : one.outerHTML.slice(0, 160)]
}"""
# The browser's and htmx's own words on answers of 400 and more, which are watched by themselves; and on a server that
# was stopped while a page still asks it for news.
ECHOES = (
    "Failed to load resource: the server responded with a status of",
    "Failed to load resource: net::ERR_CONNECTION_REFUSED",
    "Response Status Error Code",
)

UNDERWAY = ".htmx-request, .htmx-swapping, .htmx-settling"
"""What htmx still works on: whatever is typed there goes with what the answer replaces."""


@dataclass
class Visitor:
    """One person in one browser of their own.

    troubles  what went wrong on their pages and no test expected
    """

    name: str
    context: BrowserContext
    address: str
    javascript: bool
    troubles: list[str] = field(default_factory=list)
    _refused: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", self._on_error)
        self.page.on("console", self._on_console)
        self.page.on("response", self._on_response)

    def _on_error(self, error: Error) -> None:
        self.troubles.append(f"{self.page.url}: {error.message}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(ECHOES):
            self.troubles.append(f"{self.page.url}: {message.text}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._refused.append(response.status)
            self.troubles.append(f"{response.request.method} {response.url}: {response.status}")

    @contextmanager
    def refused(self, status: int) -> Iterator[None]:
        """What is done inside is answered once by this status, and by no other of 400 and more."""
        before, known = len(self._refused), len(self.troubles)
        with self.page.expect_response(lambda answer: answer.status == status):
            yield
        self.page.wait_for_load_state()
        expect(self.page.locator(UNDERWAY)).to_have_count(0)
        assert self._refused[before:] == [status]
        self.troubles = [
            *self.troubles[:known],
            *(one for one in self.troubles[known:] if not one.endswith(f": {status}")),
        ]

    # Looking

    def opens(self, path: str) -> None:
        """Go to a page as a link from elsewhere leads there, and wait until the focus is where the page puts it."""
        self.page.goto(path if path.startswith("http") else self.address + path)
        first = self.page.locator("[autofocus]").first
        if first.count() and "#" not in path:
            expect(first).to_be_focused()

    def sees(self, *texts: str) -> None:
        """Each of these stands on the page, or comes to."""
        for text in texts:
            expect(self.page.locator("body")).to_contain_text(text)

    def is_at(self, path: str) -> None:
        """The browser shows this page, or comes to."""
        expect(self.page).to_have_url(self.address + path)

    def table(self, selector: str = "main table") -> dict[str, dict[str, str]]:
        """A table's rows by what their heads name, each with its cells by the heads of the columns."""
        table = self.page.locator(selector).first
        heads = table.evaluate(HEADS)
        return {name: dict(zip(heads, cells, strict=True)) for name, *cells in table.evaluate(ROWS)}

    def row(self, slug: str) -> Locator:
        """A question's row on the desk."""
        return self.page.locator(f"#question-{slug}")

    # With the keyboard alone

    def tabs_to(self, selector: str, *, back: bool = False) -> None:
        """Press Tab until the focus is there, or Shift and Tab; wherever it comes by, it is seen."""
        for _ in range(FARTHEST):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            there, hidden = self.page.evaluate(FOCUSED, selector)
            assert not hidden, f"The focus is not seen on {self.page.url}: {hidden}"
            if there:
                return
        raise AssertionError(f"Tab never leads to {selector} on {self.page.url}")

    def has_focus_on(self, selector: str) -> None:
        """The focus is there, or comes to, and is seen."""
        expect(self.page.locator(selector)).to_be_focused()
        assert self.page.evaluate(FOCUSED, selector) == [True, ""]

    def goes(self, key: str = "Enter") -> None:
        """Follow what has the focus, or send its form, to another page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def goes_by(self, selector: str, key: str = "Enter") -> None:
        """Go where this leads, with the keyboard."""
        self.tabs_to(selector)
        self.goes(key)

    def is_refused_by(self, selector: str, at: str) -> None:
        """Press this, which answers with another page that refuses; the focus is then on the field at fault."""
        self.tabs_to(selector)
        with self.refused(422):
            self.goes()
        self.has_focus_on(at)

    def types(self, text: str) -> None:
        """Put this in place of what the focused field holds."""
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.press("Delete")
        self.page.keyboard.type(text)

    def fills(self, prefix: str, fields: dict[str, str]) -> str:
        """Type into the fields whose ids begin so, one after the other; the last one's selector."""
        selector = ""
        for name, text in fields.items():
            selector = f"#{prefix}-{name}"
            self.tabs_to(selector)
            self.types(text)
        return selector

    def presses_enter(self) -> None:
        """Send the form in which the focus is, and wait for the answer to stand on the page; the focus is not lost."""
        if not self.javascript:
            with self.page.expect_navigation():
                self.page.keyboard.press("Enter")
            return
        # A mark on the page, as its policy lets nothing wait in it for an expression.
        self.page.evaluate("document.addEventListener('htmx:afterSettle', () => { document.body.dataset.settled = 1 })")
        self.page.keyboard.press("Enter")
        expect(self.page.locator("body")).to_have_attribute("data-settled", "1")
        self.page.evaluate("delete document.body.dataset.settled")
        expect(self.page.locator("body > *").locator(":focus")).to_have_count(1)

    def forecasts(self, slug: str, echo: str, **fields: str) -> None:
        """Answer a question in its row on the desk, and read there what was stored."""
        self.fills(f"desk-{slug}", fields)
        self.presses_enter()
        expect(self.row(slug).locator(".own strong")).to_have_text(echo)
        expect(self.row(slug).locator(".own")).to_contain_text("Saved")
        if not self.javascript:
            self.is_at(f"/?saved={slug}")

    def forecasts_bin_by_bin(self, slug: str, shares: Sequence[str]) -> None:
        """Answer on the question's own page, with a percentage for each bin, and find there what was stored."""
        self.opens(f"/questions/{slug}")
        self.tabs_to("details.more summary")
        self.page.keyboard.press("Enter")
        typed = {f"bin-{index}": share for index, share in enumerate(shares)}
        last = self.fills(f"question-{slug}", typed)
        self.presses_enter()
        if self.javascript:
            expect(self.page.locator(last)).to_be_focused()
        for name, share in typed.items():
            expect(self.page.locator(f"#question-{slug}-{name}")).to_have_value(share)
        expect(self.page.locator("#forecast .own strong")).not_to_be_empty()

    def withdraws(self, slug: str) -> None:
        """Take the forecast on a question back, on its own page."""
        self.opens(f"/questions/{slug}")
        self.tabs_to("#withdraw")
        self.presses_enter()
        expect(self.page.locator("#forecast .mine")).to_contain_text("Withdrawn")
        expect(self.page.locator("#withdraw")).to_have_count(0)

    # With the mouse too

    def signs_up(self, path: str = "/sign-up") -> None:
        """Make an account under their name."""
        self.opens(path)
        self.page.get_by_label("Name").fill(self.name)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_label("The password again").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign up").click()
        expect(self.page.locator(".account")).to_contain_text(self.name)

    def considers(self, slug: str, verdict: str, outcome: str = "", known_at: str = "", note: str = "") -> None:
        """Fill the form that decides a question, and ask what the decision would do."""
        self.opens(f"/questions/{slug}/resolution")
        self.page.locator(f"input[name=verdict][value={verdict}]").check()
        choice = self.page.locator(f'input[name=outcome][value="{outcome}"]')
        if outcome and choice.count():
            choice.check()
        elif outcome:
            self.page.get_by_label("Outcome", exact=True).fill(outcome)
        self.page.get_by_label("When it became known, UTC").fill(known_at)
        self.page.get_by_label("Note, or the reason for annulling").fill(note)
        self.page.get_by_role("button", name="Show what this will do").click()

    def confirms(self) -> None:
        """Do what the page before says it will."""
        self.page.get_by_role("button", name="Confirm").click()
