"""The main job from end to end: a server process, a SQLite file, a clock that is moved, three people at browsers.

Every number that the pages show is worked out here by hand, in tenths of the ten days for which all questions of
harbour.toml are open. A loss at one instant is half the summed squared distance from what happened, which for yes or
no is (p - y)²; for numbers and dates it is the mean over the cuts of (forecast below the cut - happened below it)².
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np

from tests.browser.conftest import DAY, HARBOUR, OPENING, Invite
from tests.browser.running import Server, brierboard, running
from tests.browser.visitor import Visitor

# What Ada and Bob say, and what it costs in each day that it stands.
#
# The ferry comes back on day 6: YES.             Ada 70% on days 0-4, 90% on 4-6. Bob 80% on 2-4, 40% on 4-6.
# The crowd is their median: 70% on days 0-2, 75% on 2-4, (90 + 40) / 2 = 65% on 4-6.
ADA_FERRY = (4 * 0.3**2 + 2 * 0.1**2) / 10  # 0.038
BOB_FERRY = (2 * 0.2**2 + 2 * 0.6**2) / 10  # 0.08
CROWD_FERRY = (2 * 0.3**2 + 2 * 0.25**2 + 2 * 0.35**2) / 10  # 0.055
EVEN_FERRY = 6 * 0.5**2 / 10  # 0.15
# Known on day 6, so that 6 of the 10 days count; Bob stood for 4.
#
# There is no storm until the end: NO.            Ada 30% on days 0-4, 60% on 4-10. Bob 10% on 2-5, then withdraws.
# The crowd: 30% on days 0-2, 20% on 2-4, 35% on 4-5, and Ada alone with 60% on 5-10.
ADA_STORM = (4 * 0.3**2 + 6 * 0.6**2) / 10  # 0.252
BOB_STORM = 3 * 0.1**2 / 10  # 0.003
CROWD_STORM = (2 * 0.3**2 + 2 * 0.2**2 + 1 * 0.35**2 + 5 * 0.6**2) / 10  # 0.21825
EVEN_STORM = 0.5**2  # 0.25
#
# The cup goes to the north (at first: the south). Ada 50 / 30 / 20 throughout. Bob 100 / 0 / 0 on days 2-4, then
# 20 / 70 / 10. The crowd: as Ada on days 0-2, 75 / 15 / 10 on 2-4, 35 / 50 / 15 on 4-10.
ADA_CUP_NORTH = (0.5**2 + 0.3**2 + 0.2**2) / 2  # 0.19
ADA_CUP_SOUTH = (0.5**2 + 0.7**2 + 0.2**2) / 2  # 0.39
BOB_CUP_NORTH = (2 * 0 + 6 * (0.8**2 + 0.7**2 + 0.1**2) / 2) / 10  # 0.342
BOB_CUP_SOUTH = (2 * (1 + 1) / 2 + 6 * (0.2**2 + 0.3**2 + 0.1**2) / 2) / 10  # 0.242
CROWD_CUP_NORTH = (
    2 * (0.5**2 + 0.3**2 + 0.2**2) / 2 + 2 * (0.25**2 + 0.15**2 + 0.1**2) / 2 + 6 * (0.65**2 + 0.5**2 + 0.15**2) / 2
) / 10  # 0.256
CROWD_CUP_SOUTH = (
    2 * (0.5**2 + 0.7**2 + 0.2**2) / 2 + 2 * (0.75**2 + 0.85**2 + 0.1**2) / 2 + 6 * (0.35**2 + 0.5**2 + 0.15**2) / 2
) / 10  # 0.326
EVEN_CUP = ((2 / 3) ** 2 + 2 * (1 / 3) ** 2) / 2  # 1/3
#
# Two boats are sold, of 0, 1, 2, 3 or more: four cuts, the first two below what happened.
# Ada 10 / 20 / 40 / 20 / 10: 0.1, 0.3, 0.7, 0.9 up to each cut. Bob 50 / 50 / - / - / - on days 2-4: 0.5, 1, 1, 1;
# then - / - / 50 / 50 / -: 0, 0, 0.5, 1. The crowd is the mean: 0.3, 0.65, 0.85, 0.95, then 0.05, 0.15, 0.6, 0.95.
ADA_BOATS = (0.1**2 + 0.3**2 + 0.3**2 + 0.1**2) / 4  # 0.05
BOB_BOATS = (2 * (0.5**2 + 1**2) / 4 + 6 * 0.5**2 / 4) / 10  # 0.1
CROWD_BOATS = (
    2 * ADA_BOATS + 2 * (0.3**2 + 0.65**2 + 0.15**2 + 0.05**2) / 4 + 6 * (0.05**2 + 0.15**2 + 0.4**2 + 0.05**2) / 4
) / 10  # 0.065
EVEN_BOATS = (0.2**2 + 0.4**2 + 0.4**2 + 0.2**2) / 4  # 0.1
#
# The bridge opens on 5 March. Cuts at the midnights before 3, 4, 5, 6 and 7 March: 0, 1, 2, 3, 4 days of the range; two
# bins are open ends, and of the five cuts the last two lie past what happened. A day is its noon; a median in the
# middle of an 80% interval makes a normal distribution whose 10% and 90% lie where they were typed.
# Ada 4, 5, 6 March: 1.5, 2.5, 3.5. Bob on 2-10: 3, 4, 5 March: 0.5, 1.5, 2.5.
DEVIATION = 1 / NormalDist().inv_cdf(0.9)
ADA_BELOW = [NormalDist(2.5, DEVIATION).cdf(cut) for cut in range(5)]
BOB_BELOW = [NormalDist(1.5, DEVIATION).cdf(cut) for cut in range(5)]
BOTH_BELOW = [(ada + bob) / 2 for ada, bob in zip(ADA_BELOW, BOB_BELOW, strict=True)]


def ranked(below: Sequence[float]) -> float:
    """The mean over the bridge's five cuts."""
    return sum((share - happened) ** 2 for share, happened in zip(below, (0, 0, 0, 1, 1), strict=True)) / 5


ADA_BRIDGE = ranked(ADA_BELOW)
BOB_BRIDGE = 8 * ranked(BOB_BELOW) / 10
CROWD_BRIDGE = (2 * ranked(ADA_BELOW) + 8 * ranked(BOTH_BELOW)) / 10
EVEN_BRIDGE = ranked([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6])

# The mean Brier is what was lost in all, divided by the days covered in all. Ada, the crowd and always-50% cover 0.6 of
# the ferry's window and all of the other two: 2.6 in all. Bob covers 0.4, 0.3 and 0.8.
COVERED, BOB_COVERED = 0.6 + 1 + 1, 0.4 + 0.3 + 0.8
WITH_SOUTH = {
    "Bob": (BOB_FERRY + BOB_STORM + BOB_CUP_SOUTH) / BOB_COVERED,  # 0.217
    "The crowd": (CROWD_FERRY + CROWD_STORM + CROWD_CUP_SOUTH) / COVERED,  # 0.230
    "Ada": (ADA_FERRY + ADA_STORM + ADA_CUP_SOUTH) / COVERED,  # 0.262
    "Always 50%": (EVEN_FERRY + EVEN_STORM + EVEN_CUP) / COVERED,  # 0.282
}
WITH_NORTH = {
    "Ada": (ADA_FERRY + ADA_STORM + ADA_CUP_NORTH) / COVERED,  # 0.185
    "The crowd": (CROWD_FERRY + CROWD_STORM + CROWD_CUP_NORTH) / COVERED,  # 0.204
    "Always 50%": (EVEN_FERRY + EVEN_STORM + EVEN_CUP) / COVERED,  # 0.282
    "Bob": (BOB_FERRY + BOB_STORM + BOB_CUP_NORTH) / BOB_COVERED,  # 0.283
}
# Boats and bridge: Bob covers 0.8 of each, the others all.
WITH_BRIDGE = {
    "Ada": (ADA_BOATS + ADA_BRIDGE) / 2,
    "Bob": (BOB_BOATS + BOB_BRIDGE) / 1.6,
    "The crowd": (CROWD_BOATS + CROWD_BRIDGE) / 2,
    "Always 50%": (EVEN_BOATS + EVEN_BRIDGE) / 2,
}
BOATS_ALONE = {"Ada": ADA_BOATS, "Bob": BOB_BOATS / 0.8, "The crowd": CROWD_BOATS, "Always 50%": EVEN_BOATS}

# Of the yes-or-no questions with an outcome, every changed forecast: on the ferry, YES, Ada's 70 and 90%, Bob's 80 and
# 40%; on the storm, NO, Ada's 30 and 60%, Bob's 10%. The crowd said 70, 75, 65% of the one and 30, 20, 35, 60% of the
# other. Bin, forecasts, on how many questions, their mean, how often they happened, and the pooled curve over the mean.
# 40% happened and 60% did not: falling, so the curve pools the two, at one half.
CALIBRATION: Mapping[str, list[list[str]]] = {
    "": [
        ["7.5% to 12.5%", "1", "1", "10%", "0%", "0%"],
        ["27.5% to 32.5%", "1", "1", "30%", "0%", "0%"],
        ["37.5% to 42.5%", "1", "1", "40%", "100%", "50%"],
        ["57.5% to 62.5%", "1", "1", "60%", "0%", "50%"],
        ["67.5% to 72.5%", "1", "1", "70%", "100%", "100%"],
        ["77.5% to 82.5%", "1", "1", "80%", "100%", "100%"],
        ["87.5% to 92.5%", "1", "1", "90%", "100%", "100%"],
    ],
    "crowd": [
        ["17.5% to 22.5%", "1", "1", "20%", "0%", "0%"],
        ["27.5% to 32.5%", "1", "1", "30%", "0%", "0%"],
        ["32.5% to 37.5%", "1", "1", "35%", "0%", "0%"],
        ["57.5% to 62.5%", "1", "1", "60%", "0%", "0%"],
        ["62.5% to 67.5%", "1", "1", "65%", "100%", "100%"],
        ["67.5% to 72.5%", "1", "1", "70%", "100%", "100%"],
        ["72.5% to 77.5%", "1", "1", "75%", "100%", "100%"],
    ],
    "bob": [
        ["7.5% to 12.5%", "1", "1", "10%", "0%", "0%"],
        ["37.5% to 42.5%", "1", "1", "40%", "100%", "100%"],
        ["77.5% to 82.5%", "1", "1", "80%", "100%", "100%"],
    ],
}
POOLED = [(0.1, 0), (0.3, 0), (0.4, 0.5), (0.6, 0.5), (0.7, 1), (0.8, 1), (0.9, 1)]


def test_the_main_job_from_the_first_link_to_the_last_score(tmp_path: Path, invite: Invite, javascript: bool) -> None:
    with running(tmp_path, OPENING - DAY) as server:
        mo, ada, bob = (invite(server, name, javascript=javascript) for name in ("Mo", "Ada", "Bob"))

        mo_becomes_the_administrator_by_a_link_that_works_once(server, mo)
        mo_loads_the_questions(mo)
        they_forecast_with_the_keyboard_alone(server, ada, bob)
        mo_decides(server, mo)
        everybody_reads_what_they_scored(ada)
        mo_corrects_and_reopens(mo)
        everybody_reads_what_they_score_now(bob)

        # Ada forecast six times and changed two of them, Bob five and three. Six decisions, a correction, a reopening.
        assert server.journal() == {"set": 1, "question": 6, "forecast": 16, "withdrawal": 1, "resolution": 8}
        the_record_holds(server)


def mo_becomes_the_administrator_by_a_link_that_works_once(server: Server, mo: Visitor) -> None:
    mo.opens(server.link)
    mo.opens(server.link)
    mo.sees("Become the administrator")
    assert server.rows("SELECT spent_at FROM invitation") == [(None,)]

    mo.signs_up(server.link)

    assert server.rows("SELECT name, role FROM forecaster WHERE kind = 'person'") == [("Mo", "administrator")]
    with mo.refused(403):
        mo.opens(server.link)
    mo.sees("This link works no more: ")


def mo_loads_the_questions(mo: Visitor) -> None:
    mo.opens("/sets")
    mo.page.get_by_label("A file", exact=True).set_input_files(HARBOUR)
    mo.page.get_by_role("button", name="Load it").click()
    mo.sees("harbour: 6 questions added, 0 left as they were.")
    mo.opens("/")
    mo.sees("Nothing is open", "Opens 1 Mar 2026")


def they_forecast_with_the_keyboard_alone(server: Server, ada: Visitor, bob: Visitor) -> None:
    for visitor in (ada, bob):
        visitor.signs_up()

    server.clock.set(OPENING)
    ada.opens("/")
    ada.forecasts("ferry", "70%", probability="70")
    ada.forecasts("storm", "30%", probability="30%")
    ada.forecasts("strike", "50%", probability="50")
    ada.forecasts("cup", "50 / 30 / 20%", **{"outcome-0": "50", "outcome-1": "30", "outcome-2": "20"})
    ada.forecasts("bridge", "5 Mar 2026 (80%: 4 Mar 2026 to 6 Mar 2026)", **march("4", "5", "6"))
    ada.forecasts_bin_by_bin("boats", ["10", "20", "40", "20", "10"])

    server.clock.set(OPENING + 2 * DAY)
    bob.opens("/")
    bob.forecasts("ferry", "80%", probability="80,0")
    bob.forecasts("storm", "10%", probability="10")
    bob.forecasts("cup", "100 / 0 / 0%", **{"outcome-0": "100", "outcome-1": "0", "outcome-2": "0"})
    bob.forecasts("bridge", "4 Mar 2026 (80%: 3 Mar 2026 to 5 Mar 2026)", **march("3", "4", "5"))
    bob.forecasts_bin_by_bin("boats", ["50", "50", "", "", ""])

    server.clock.set(OPENING + 4 * DAY)
    ada.opens("/")
    ada.forecasts("ferry", "90%", probability="90")
    ada.forecasts("storm", "60%", probability="60")
    bob.opens("/")
    bob.forecasts("ferry", "40%", probability="40")
    bob.forecasts("cup", "20 / 70 / 10%", **{"outcome-0": "20", "outcome-1": "70", "outcome-2": "10"})
    bob.forecasts_bin_by_bin("boats", ["", "", "50", "50", ""])

    server.clock.set(OPENING + 5 * DAY)
    bob.withdraws("storm")


def march(low: str, median: str, high: str) -> dict[str, str]:
    return {"low": f"2026-03-0{low}", "median": f"2026-03-0{median}", "high": f"2026-03-0{high}"}


def mo_decides(server: Server, mo: Visitor) -> None:
    server.clock.set(OPENING + 8 * DAY)
    mo.considers("ferry", "resolved", "yes", known_at="2026-03-07 00:00")
    ferry = {"Ada": ADA_FERRY, "The crowd": CROWD_FERRY, "Bob": BOB_FERRY, "Always 50%": EVEN_FERRY}
    covered = {"Ada": 0.6, "The crowd": 0.6, "Bob": 0.4, "Always 50%": 0.6}
    assert foreseen(mo, "Score here") == {who: f"none → {loss:.3f}" for who, loss in ferry.items()}
    assert foreseen(mo, "Mean on the board") == {
        who: f"none → {loss / covered[who]:.3f}" for who, loss in ferry.items()
    }
    assert foreseen(mo, "Place") == {
        "Ada": "none → 1", "Bob": "none → 2", "The crowd": "none → none", "Always 50%": "none → none",
    }  # fmt: skip
    mo.confirms()
    mo.is_at("/questions/ferry")
    assert scored(mo, "Brier") == texts(ferry)
    mo.considers("strike", "annulled", note="The pilots were never asked.")
    mo.sees("No score and no place on the board changes.")
    mo.confirms()
    mo.sees("Annulled", "The pilots were never asked.")

    server.clock.set(OPENING + 10 * DAY)
    mo.opens("/due")
    mo.sees("Will there be a storm?", "Who will win the rowing cup?", "How many boats", "When will the bridge open?")
    decides_as_foreseen(mo, "storm", "no", "Brier", (ADA_STORM, BOB_STORM, CROWD_STORM, EVEN_STORM))
    decides_as_foreseen(mo, "cup", "south", "Brier", (ADA_CUP_SOUTH, BOB_CUP_SOUTH, CROWD_CUP_SOUTH, EVEN_CUP))
    decides_as_foreseen(mo, "boats", "2", "Ranked", (ADA_BOATS, BOB_BOATS, CROWD_BOATS, EVEN_BOATS))
    bridge = (ADA_BRIDGE, BOB_BRIDGE, CROWD_BRIDGE, EVEN_BRIDGE)
    decides_as_foreseen(mo, "bridge", "2026-03-05", "Ranked", bridge)
    mo.opens("/due")
    mo.sees("Nothing waits.")


def decides_as_foreseen(mo: Visitor, slug: str, outcome: str, rule: str, losses: Sequence[float]) -> None:
    """The page before shows the scores that the page after does, and the places that the board then has."""
    expected = texts(dict(zip(("Ada", "Bob", "The crowd", "Always 50%"), losses, strict=True)))
    mo.considers(slug, "resolved", outcome)
    assert new(foreseen(mo, "Score here")) == expected
    means, places = (new(foreseen(mo, column)) for column in ("Mean on the board", "Place"))
    mo.confirms()
    mo.is_at(f"/questions/{slug}")
    assert scored(mo, rule) == expected
    mo.opens(f"/leaderboard?by={rule.lower()}")
    board = boarded(mo)
    assert values(board) == means
    assert {who: row["Rank"] or "none" for who, row in board.items()} == places


def foreseen(mo: Visitor, column: str) -> dict[str, str]:
    """A column of what a decision will do, by forecaster."""
    return {who: row[column] for who, row in boarded(mo).items()}


def boarded(visitor: Visitor, selector: str = "main table") -> dict[str, dict[str, str]]:
    """The rows of those whose numbers are worked out above: of the crowds, the median."""
    return {who: row for who, row in visitor.table(selector).items() if who in WITH_NORTH}


def values(board: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Everybody's number on a board, whatever its column is called."""
    return {who: next(row[head] for head in ("Brier", "Ranked score") if head in row) for who, row in board.items()}


def new(column: Mapping[str, str]) -> dict[str, str]:
    """What stands behind each arrow."""
    return {who: text.partition(" → ")[2] for who, text in column.items()}


def scored(visitor: Visitor, rule: str) -> dict[str, str]:
    """A column of everyone's scores on a question's page."""
    return {who: row[rule] for who, row in boarded(visitor, "section[aria-labelledby=scores] table").items()}


def texts(numbers: Mapping[str, float]) -> dict[str, str]:
    return {who: f"{number:.3f}" for who, number in numbers.items()}


def everybody_reads_what_they_scored(visitor: Visitor) -> None:
    visitor.opens("/leaderboard?by=brier")
    board = boarded(visitor)
    assert list(board) == ["Bob", "The crowd", "Ada", "Always 50%"]
    assert values(board) == texts(WITH_SOUTH)
    visitor.page.get_by_role("link", name="Ranked score").click()
    board = boarded(visitor)
    assert values(board) == texts(WITH_BRIDGE)
    assert {row["Questions"] for row in board.values()} == {"2"}


def mo_corrects_and_reopens(mo: Visitor) -> None:
    mo.considers("cup", "resolved", "north", note="The umpire had read the flags the wrong way round.")
    losses = {"Ada": ADA_CUP_NORTH, "Bob": BOB_CUP_NORTH, "The crowd": CROWD_CUP_NORTH}
    before = {"Ada": ADA_CUP_SOUTH, "Bob": BOB_CUP_SOUTH, "The crowd": CROWD_CUP_SOUTH}
    assert foreseen(mo, "Score here") == {who: f"{before[who]:.3f} → {losses[who]:.3f}" for who in losses}
    assert foreseen(mo, "Place") == {"Ada": "2 → 1", "Bob": "1 → 2", "The crowd": "none → none"}
    mo.confirms()
    mo.is_at("/questions/cup")
    superseded = mo.page.locator(".decisions .superseded").all_inner_texts()
    assert len(superseded) == 1
    assert superseded[0].startswith("South superseded")
    assert scored(mo, "Brier") == texts(losses | {"Always 50%": EVEN_CUP})

    mo.considers("bridge", "reopened", note="It was a rehearsal.")
    gone = {"Ada": ADA_BRIDGE, "Bob": BOB_BRIDGE, "The crowd": CROWD_BRIDGE, "Always 50%": EVEN_BRIDGE}
    assert foreseen(mo, "Score here") == {who: f"{loss:.3f} → none" for who, loss in gone.items()}
    mo.confirms()
    mo.sees("Reopened", "Closed 11 Mar 2026, waiting for resolution")
    assert mo.page.locator("#scores").count() == 0
    mo.opens("/due")
    mo.sees("When will the bridge open?")


def everybody_reads_what_they_score_now(visitor: Visitor) -> None:
    the_board_shows_what_was_worked_out_by_hand(visitor)
    their_pages_do(visitor)
    the_calibration_page_does(visitor)
    visitor.opens("/questions/strike")
    visitor.sees("Annulled")
    assert visitor.page.locator("#scores").count() == 0


def the_board_shows_what_was_worked_out_by_hand(visitor: Visitor) -> None:
    visitor.opens("/leaderboard?set=harbour&by=ranked")
    board = boarded(visitor)
    assert values(board) == texts(BOATS_ALONE)
    assert {row["Questions"] for row in board.values()} == {"1"}
    visitor.opens("/leaderboard?set=harbour&by=brier")
    board = boarded(visitor)
    assert list(board) == ["Ada", "The crowd", "Always 50%", "Bob"]
    assert values(board) == texts(WITH_NORTH)
    # Bob was present for (4/6 + 3/10 + 8/10) / 3 = 59% of the time until the outcomes were known, so he has a rank.
    assert [row["Rank"] for row in board.values()] == ["1", "", "", "2"]
    assert {row["Questions"] for row in board.values()} == {"3"}
    # Ada: (0.6 + 1 + 1) / 3 of the scheduled time. Bob: (0.4 + 0.3 + 0.8) / 3.
    assert (board["Ada"]["Coverage"], board["Bob"]["Coverage"]) == ("87%", "50%")


def their_pages_do(visitor: Visitor) -> None:
    lost = {
        "ada": {"ferry": ADA_FERRY, "storm": ADA_STORM, "cup": ADA_CUP_NORTH, "boats": ADA_BOATS},
        "bob": {"ferry": BOB_FERRY, "storm": BOB_STORM, "cup": BOB_CUP_NORTH, "boats": BOB_BOATS},
        "crowd": {"ferry": CROWD_FERRY, "storm": CROWD_STORM, "cup": CROWD_CUP_NORTH, "boats": CROWD_BOATS},
        "always-50": {"ferry": EVEN_FERRY, "storm": EVEN_STORM, "cup": EVEN_CUP, "boats": EVEN_BOATS},
    }
    names = {"ada": "Ada", "bob": "Bob", "crowd": "The crowd", "always-50": "Always 50%"}
    ranks = {"ada": "1", "bob": "2", "crowd": "none", "always-50": "none"}
    titles = {
        "ferry": "Will the ferry come back?", "storm": "Will there be a storm?",
        "cup": "Who will win the rowing cup?", "boats": "How many boats will be sold?",
    }  # fmt: skip
    for handle, losses in lost.items():
        visitor.opens(f"/people/{handle}")
        table = visitor.table("#results ~ .scroll table")
        assert {title: row["Score"] for title, row in table.items()} == {
            titles[slug]: f"{loss:.3f}" for slug, loss in losses.items()
        }
        boards = visitor.table("table.board")
        assert boards["Brier"]["Value"] == f"{WITH_NORTH[names[handle]]:.3f}"
        assert boards["Ranked score"]["Value"] == f"{BOATS_ALONE[names[handle]]:.3f}"
        assert (boards["Brier"]["Questions"], boards["Ranked score"]["Questions"]) == ("3", "1")
        assert boards["Brier"]["Rank"] == ranks[handle]


def the_calibration_page_does(visitor: Visitor) -> None:
    for handle, rows in CALIBRATION.items():
        visitor.opens(f"/calibration?who={handle}")
        table = visitor.page.locator(".chart-reliability").first.locator(".chart-table tbody tr")
        assert [row.locator("th, td").all_text_contents()[:6] for row in table.all()] == rows
    visitor.opens("/calibration")
    visitor.sees("7 changed forecasts on 2 questions by 2 forecasters")
    assert np.allclose(pooled(visitor), POOLED, atol=0.001)  # drawn to a tenth of a pixel


def pooled(visitor: Visitor) -> list[tuple[float, float]]:
    """The pooled curve as it is drawn, measured by the diagonal, which runs from 0 to 1 both ways."""
    drawing = visitor.page.locator(".chart-reliability .chart-drawing").first
    (left, bottom), (right, top) = corners(drawing.locator(".tone-muted.chart-line").get_attribute("d") or "")
    curve = corners(drawing.locator(".tone-curve.chart-line").get_attribute("d") or "")
    return [((x - left) / (right - left), (y - bottom) / (top - bottom)) for x, y in curve]


def corners(path: str) -> list[tuple[float, float]]:
    """The points of a path that is written with M, L, H and V."""
    found: list[tuple[float, float]] = []
    for step, *numbers in (part.split() for part in spaced(path)):
        x, y = found[-1] if found else (0.0, 0.0)
        if step == "H":
            x = float(numbers[0])
        elif step == "V":
            y = float(numbers[0])
        else:
            x, y = map(float, numbers)
        found.append((x, y))
    return found


def spaced(path: str) -> list[str]:
    for letter in "MLHV":
        path = path.replace(letter, f"\n{letter} ")
    return path.replace(",", " ").strip().splitlines()


def the_record_holds(server: Server) -> None:
    verified = brierboard(server.file, "verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "32 entries stand in an unbroken chain." in verified.stdout.splitlines()
