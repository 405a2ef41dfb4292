"""The receipt for a score: day by day, up to the number on the board, as a page and as CSV."""

import csv
import json
from io import StringIO
from itertools import pairwise

import pytest

from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import DAY, HOUR, MovedClock, draft, number, publish, resolve, say
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

PAGE = "/questions/flood/receipts/ada"


@pytest.fixture
def flood(database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster) -> Question:
    """Open for two days from noon. Ada says 50%, and 90% a day later, Bob 80% from six in the morning between.

    Known after a day and a half: yes.
    """
    question = publish(database, draft("flood", closes_at=clock.now() + 2 * DAY, resolves_at=clock.now() + 2 * DAY))[0]
    say(database, ada, question, 0.5)
    clock.moment += 18 * HOUR
    say(database, bob, question, 0.8)
    clock.moment += 6 * HOUR
    say(database, ada, question, 0.9)
    clock.moment += 12 * HOUR
    resolve(database, mo, question, 1)
    return question


def test_the_receipt_tells_each_stretch_and_adds_up_to_the_board(
    visit: Visit, database: Database, flood: Question, ada: Forecaster
) -> None:
    """Three quarters of the window. Ada loses 0.25, 0.25, then 0.01; Bob 0.04, from the middle of the second on.

    So she gains nothing, then (0.04 - 0.25) / 8 = -0.02625, then (0.04 - 0.01) / 4 = 0.0075. The crowd is Ada, then
    65%, then 85%: it loses 0.25; over the second stretch the mean of that and 0.35², 0.18625; and 0.15² = 0.0225.
    """
    page = Sight.of(visit().get(PAGE).text)

    lines = [row for row in page.rows if row[2:3] in (["50%"], ["90%"])]
    moments = ["2 Mar 2026, 12:00", "3 Mar 2026, 00:00", "3 Mar 2026, 12:00", "4 Mar 2026, 00:00"]
    assert [row[:2] for row in lines] == [list(pair) for pair in pairwise(moments)]
    assert [row[2:] for row in lines] == [
        ["50%", "0.250000", "0.250000", "–", "0.250000", "0.062500", "0.000000"],
        ["50%", "0.250000", "0.186250", "0.040000", "0.250000", "0.062500", "−0.026250"],
        ["90%", "0.010000", "0.022500", "0.040000", "0.250000", "0.002500", "+0.007500"],
    ]
    assert page.rows[-1] == ["Sum", "0.750000", "0.127500", "−0.018750"]
    assert number(database, ada, flood, "brier") == pytest.approx(0.1275, abs=1e-12)
    assert number(database, ada, flood, "peer") == pytest.approx(-0.01875, abs=1e-12)
    assert number(database, ada, flood, "coverage") == pytest.approx(0.75, abs=1e-12)
    assert page.find("dl", class_="facts")[0].text == (
        "Brier on the board 0.128 Coverage 75% Brier while standing 0.170 Peer score −0.019"
    )
    assert "Brier, and each loss: 0 to 1, lower is better; twice this is" in page.text
    assert "Peer score, and what goes to it: −1 to 1, higher is better, 0 is as good as the others." in page.text


def test_the_csv_adds_up_by_the_formula_that_the_page_prints(
    visit: Visit, database: Database, flood: Question, ada: Forecaster, bob: Forecaster
) -> None:
    browser = visit()
    assert "contribution = loss × seconds ÷ window_seconds" in browser.get(PAGE).text
    assert "gain = (others − loss) × compared_seconds ÷ window_seconds" in browser.get(PAGE).text

    for who in (ada, bob):
        answer = browser.get(f"/questions/flood/receipts/{who.handle}/receipt.csv")
        rows = list(csv.DictReader(StringIO(answer.text)))

        losses = [(json.loads(row["probabilities"])[1] - 1) ** 2 for row in rows]
        lost = [
            loss * float(row["seconds"]) / float(row["window_seconds"])
            for loss, row in zip(losses, rows, strict=True)
        ]  # fmt: skip
        gained = [
            (float(row["others"] or loss) - loss) * float(row["compared_seconds"]) / float(row["window_seconds"])
            for loss, row in zip(losses, rows, strict=True)
        ]
        assert [float(row["loss"]) for row in rows] == pytest.approx(losses)
        assert [float(row["contribution"]) for row in rows] == pytest.approx(lost)
        assert [float(row["gain"]) for row in rows] == pytest.approx(gained)
        assert sum(lost) == pytest.approx(number(database, who, flood, "brier"), abs=1e-12)
        assert sum(gained) == pytest.approx(number(database, who, flood, "peer"), abs=1e-12)
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.headers["content-disposition"] == f'attachment; filename="flood.{who.handle}.csv"'


def test_every_row_of_a_questions_scores_leads_to_its_receipt_which_tells_the_same_score(
    visit: Visit, database: Database, flood: Question
) -> None:
    browser = visit()
    page = Sight.of(browser.get("/questions/flood").text)

    links = [link for link in page.links if "/receipts/" in link]
    handles = ["ada", "bob", "crowd", "crowd-mean", "crowd-odds", "crowd-recent", "always-50"]

    assert sorted(links) == sorted(f"/questions/flood/receipts/{handle}" for handle in handles)
    head, *rows = page.rows[page.rows.index(next(row for row in page.rows if row[0] == "Forecaster")) :]
    told = {row[0]: (row[head.index("Brier")], row[head.index("Peer")], row[head.index("Coverage")]) for row in rows}
    for link in links:
        receipt = Sight.of(browser.get(link).text)
        name = receipt.find("h1")[0].text.removeprefix("Receipt: ")
        facts = [one.text for one in receipt.find("dd")]
        assert (facts[0], facts[3], facts[1]) == told[name]


def test_there_is_no_receipt_where_there_is_no_score(visit: Visit, town: Town, mo: Forecaster) -> None:
    """Neither while a question is open, nor where it was annulled, nor for who said nothing of it."""
    browser = visit()

    for address in ("binary/receipts/ada", "fog/receipts/ada", "snow/receipts/mo", "binary/receipts/ada/receipt.csv"):
        answer = browser.get(f"/questions/{address}")
        assert answer.status_code == 404
        assert "has no score on “What of the" in answer.text


def test_a_receipt_for_an_ordered_question_goes_by_its_own_rule(
    visit: Visit, database: Database, clock: MovedClock, town: Town, mo: Forecaster
) -> None:
    """1, 2, 3 with 50, 25, 25 and the outcome 1: ((1 - 0.5)² + (1 - 0.75)²) / 2 = 0.15625, for all ten hours."""
    clock.moment += 9 * HOUR
    resolve(database, mo, town.open["number"], 0, value="1")

    page = Sight.of(visit().get("/questions/number/receipts/ada").text)

    assert "Ranked = Σ loss × share of the window." in page.text
    assert page.rows[-1][2] == "0.156250"
