"""Draws README's picture: the desk with simulated forecasters, as `make picture`."""

import random
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright
from sqlmodel import Session, col, select

from forecasts import accounts, ledger, loading
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions import catalog, journal, setfile
from questions.models import Question
from tests.browser.conftest import QUIET, chromium
from web.app import create

HOME = Path(__file__).parent.parent.parent
PICTURE = HOME / "web" / "docs" / "desk.png"
OPENING = datetime(2026, 1, 6, tzinfo=UTC)


class Moved:
    """A clock that goes through the year as the simulated forecasters do."""

    moment = OPENING

    def now(self) -> datetime:
        return self.moment


def simulate(database: Database, clock: Moved) -> None:
    """Five simulated forecasters walk about what the essay implies, until November."""
    path = HOME / "questions" / "sets" / "russia-2026.toml"
    _, password = accounts.judge("simulated-1", "a long password")
    with database.writing() as (session, moment):
        file = setfile.parse(path.read_bytes(), path.name)
        loading.load(session, file, path.name, by=journal.OPERATOR, moment=moment)
        people = [accounts.join(session, f"simulated-{number}", password, moment) for number in range(1, 6)]
        questions = list(session.exec(select(Question).order_by(col(Question.id))))
    dice = random.Random(2026)
    for day in range(0, 320, 5):
        clock.moment = OPENING + timedelta(days=day, hours=12)
        with database.writing() as (session, moment):
            for person in people:
                for question in dice.sample(questions, 6):
                    walk(session, person, question, dice, moment)


def walk(session: Session, person: Forecaster, question: Question, dice: random.Random, moment: datetime) -> None:
    """One step of one simulated forecaster, if the question is open."""
    kind, shape = catalog.kind_of(question), catalog.shape_of(question)
    if kind.ORDERED or not question.opens_at <= moment < question.closes_at:
        return
    before = ledger.standing(session, person, question, moment)
    weights = before.probabilities if before else [dice.random() + 0.05 for _ in shape.outcomes]
    moved = [max(0.02, weight / sum(weights) + dice.gauss(0, 0.06)) for weight in weights]
    percents = [round(100 * weight / sum(moved)) for weight in moved[1:]]
    typed = [100 - sum(percents), *percents]
    form = {"probability": str(typed[1])} | {f"outcome-{index}": str(share) for index, share in enumerate(typed)}
    ledger.record(session, person, question, kind.read(form, shape), moment)


def draw(database: Database) -> None:
    """Serve the database, sign in as the first of them, and take the picture."""
    server = uvicorn.Server(uvicorn.Config(create(Settings(), database), port=8765, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        page = browser.new_page(viewport={"width": 1180, "height": 720})
        page.goto("http://127.0.0.1:8765/sign-in")
        page.fill("#name", "simulated-1")
        page.fill("#password", "a long password")
        page.keyboard.press("Enter")
        page.wait_for_selector(".row")
        PICTURE.parent.mkdir(exist_ok=True)
        page.evaluate("scrollTo(0, 0)")  # the focus is on the first question that is not answered
        page.screenshot(path=PICTURE)
        browser.close()
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        clock = Moved()
        database = Database(f"sqlite:///{folder}/picture.db", clock)
        database.prepare()
        simulate(database, clock)
        draw(database)
