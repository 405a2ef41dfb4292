"""Charts: every place worked out by hand, and what the macros make of it."""

from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from questions.shape import Axis, Series, Shape, Vector
from web import charts
from web.charts import Bin, Choice, Curve, Heading, Mark, Outcome, Quantile, Spread, Steps, Window

TEMPLATES = Path(charts.__file__).parent / "templates"
PERCENT = Axis(0, 1, ((0, "0%"), (0.5, "50%"), (1, "100%")))
DOLLARS = Axis(0, 100, ((0, "$0"), (50, "$50"), (100, "$100")))
HEADING = Heading("chart", "What the crowd said", "Where it stands.")
NAN = float("nan")

# A window of 100 microseconds makes a time the same number as its share of the width in percent.
HUNDRED = Window(opens=0, closes=100, now=80)
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
NEW_YEAR_2026 = 1_767_225_600 * SECOND  # 2026-01-01 00:00 UTC, a Thursday


def line(*values: float, label: str = "crowd", half: float = 0.0) -> Series:
    middle = np.array(values, dtype=float)
    return Series(label, middle, middle - half, middle + half)


def moments(*times: int) -> charts.Times:
    return np.array(times, dtype=np.int64)


def sparkline(*points: tuple[int, float]) -> charts.Sparkline:
    return charts.sparkline(
        "q", line(*(v for _, v in points)), moments(*(t for t, _ in points)), PERCENT, HUNDRED, "Crowd 50%"
    )


def history(
    *series: Series,
    times: charts.Times,
    window: Window = HUNDRED,
    own: tuple[Steps, ...] = (),
    marks: tuple[Mark, ...] = (),
) -> charts.History:
    counts = np.arange(1, len(times) + 1)
    return charts.history(HEADING, series, times, counts, PERCENT, window, charts.percent, own=own, marks=marks)


def density(*spreads: Spread, **more: object) -> charts.Density:
    return charts.density(HEADING, DOLLARS, spreads, lambda value: f"${value:g}", **more)  # type: ignore[arg-type]


def markup(macro: str, chart: object) -> str:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    page = "{% import '_charts.html' as charts without context %}{{ charts[macro](chart) }}"
    return environment.from_string(page).render(macro=macro, chart=chart)


class Ids(HTMLParser):
    """What a piece of markup names and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.named: list[str] = []
        self.referred: set[str] = set()
        self.attributes: set[str] = set()
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        for name, value in attrs:
            if name == "id":
                self.named.append(value or "")
            elif name.startswith("aria-labelledby"):
                self.referred.update((value or "").split())


EACH = [
    ("sparkline", sparkline((0, 0.5))),
    ("history", history(line(0.5, 0.6), times=moments(0, 10), marks=(Mark(80, "now"),))),
    ("history", history(line(), times=moments())),
    ("density", density(Spread("crowd", np.array([0.0, 100.0]), np.array([0.9]), 0.0, 0.1))),
    ("density", density()),
    ("bars", charts.bars(HEADING, [Choice("a", 0.6, 0.5, True), Choice("b", 0.4, None)])),
    ("bars", charts.bars(HEADING, [Choice("a", None)])),
    (
        "reliability",
        charts.reliability(HEADING, [Bin(0.4, 0.6, 0.5, 0.5, 2)], Curve(np.array([0.5]), np.array([0.5]))),
    ),
    ("reliability", charts.reliability(HEADING, [], Curve(np.empty(0), np.empty(0)))),
]


# Paths


def test_a_step_holds_until_the_next_place_and_the_last_until_the_end() -> None:
    path = charts.step_path([0, 10, 20.25], [5, 8, 2.04], 30)

    # To tenths: 20.25 is 20.2 (ties to even), 2.04 is 2.0, written 2.
    assert path == "M0 5H10V8H20.2V2H30"


def test_a_gap_breaks_a_line_in_two() -> None:
    assert charts.step_path([0, 10, 20], [5, NAN, 7], 30) == "M0 5H10M20 7H30"


def test_a_band_goes_along_the_upper_edge_and_back_along_the_lower() -> None:
    path = charts.band_path([0, 10], [90, 80], [50, 60], 20)

    assert path == "M0 50H10V60H20V80H10V90H0Z"


def test_a_gap_breaks_a_band_in_two() -> None:
    path = charts.band_path([0, 10, 20], [9, NAN, 8], [5, NAN, 6], 30)

    assert path == "M0 5H10V9H0Z" + "M20 6H30V8H20Z"


def test_values_beyond_the_axis_are_put_at_its_ends() -> None:
    scale = charts.Scale(0, 1, start=200, end=100)

    assert scale.places([-1, 0, 0.25, 2, np.inf]) == [200, 200, 175, 100, 100]


# Thinning


def test_up_to_the_limit_every_point_stays() -> None:
    assert charts.thin(moments(0, 1, 50), limit=3).tolist() == [0, 1, 2]


def test_past_the_limit_the_first_and_the_last_of_each_stretch_stay() -> None:
    # A limit of 3 leaves two stretches, 0..50 and 50..100: the first is point 0, their last ones are 2 and 5.
    assert charts.thin(moments(0, 1, 49, 50, 60, 100), limit=3).tolist() == [0, 2, 5]


def test_ten_thousand_points_become_at_most_three_hundred() -> None:
    kept = charts.thin(np.arange(10_000))

    assert len(kept) <= 300
    assert (kept[0], kept[-1]) == (0, 9_999)


# Sparkline


def test_half_lies_in_the_middle_of_a_sparkline() -> None:
    chart = sparkline((0, 0.5))

    # The box is 3..117 by 4..24: half is at 14, and 80% of the time at 3 + 0.8 * 114 = 94.2.
    assert chart.path == "M3 14H94.2"
    assert chart.dot == charts.Dot(94.2, 14, 2.5, "crowd")


def test_a_sparkline_holds_each_value_until_the_next() -> None:
    # 50% of the time is at 3 + 57 = 60; a value of 1 is at 4 and one of 0 at 24.
    assert sparkline((0, 1), (50, 0)).path == "M3 4H60V24H94.2"


def test_what_was_said_before_the_opening_stands_from_the_opening() -> None:
    # Of the two early ones only the later still stands at the opening.
    assert sparkline((-20, 1), (-10, 0.5), (50, 0)).path == "M3 14H60V24H94.2"


def test_a_sparkline_without_forecasts_says_so_and_keeps_its_box() -> None:
    chart = sparkline()

    text = markup("sparkline", chart)

    assert (chart.path, chart.dot) == ("", None)
    assert 'viewBox="0 0 120.0 28.0"' in text
    assert ">no forecasts</title>" in text


def test_a_crowd_that_withdrew_has_no_dot_at_the_end() -> None:
    chart = sparkline((0, 0.5), (50, NAN))

    assert (chart.path, chart.dot) == ("M3 14H60", None)


# History


def test_half_lies_in_the_middle_of_a_history() -> None:
    chart = history(line(0.5), times=moments(0))

    box = chart.plot.box
    assert chart.lines[0].path.startswith(f"M{box.left:g} {(box.top + box.bottom) / 2:g}H")


def test_a_single_forecast_is_a_line_from_then_to_now() -> None:
    chart = history(line(0.5), times=moments(40))

    # The box is 51.4..468: 40% of its width is at 51.4 + 166.64 and 80% at 51.4 + 333.28; half of 8..208 is 108.
    assert (chart.plot.box.left, chart.plot.box.right) == (51.4, 468)
    assert chart.lines[0].path == "M218 108H384.7"


def test_the_middle_half_is_a_band_between_lower_and_upper() -> None:
    chart = history(line(0.5, half=0.25), times=moments(0))

    # 200 high from 8: three quarters is at 8 + 50, a quarter at 8 + 150.
    path = chart.bands[0].path
    assert (chart.plot.box.top, chart.plot.box.bottom) == (8, 208)
    assert " 58H" in path
    assert "V158H" in path


def test_more_than_three_bands_are_left_out_and_stay_in_the_table() -> None:
    four = [line(0.25, label=name, half=0.125) for name in "abcd"]

    chart = history(*four, times=moments(0))

    assert chart.bands == ()
    assert chart.plot.table.rows[0][2:] == ("25% (12.5% to 37.5%)",) * 4


def test_lines_differ_in_dash_and_not_only_in_colour() -> None:
    twelve = [line(0.5, label=str(i)) for i in range(12)]

    chart = history(*twelve, times=moments(0))

    assert len({(one.tone, one.dash) for one in chart.lines}) == 12
    assert len({one.dash for one in chart.lines[:8]}) == 8
    assert [key.label for key in chart.plot.legend] == [str(i) for i in range(12)]


def test_ones_own_forecasts_are_steps_with_a_dot_each() -> None:
    mine = Steps("you", moments(0, 40), np.array([1.0, NAN]))

    chart = history(line(0.5), times=moments(0), own=(mine,))

    assert chart.lines[1].path == "M51.4 8H218"
    assert [dot.tone for dot in chart.dots] == ["crowd", "own"]


def test_nobody_yet_is_said_in_words() -> None:
    chart = history(line(), times=moments())

    assert chart.plot.empty == "No forecasts"
    assert (chart.lines[0].path, chart.tips, chart.plot.legend) == ("", (), ())


def test_the_table_has_a_row_for_each_change() -> None:
    series = line(0.5, NAN, half=0.25)

    chart = history(series, times=moments(NEW_YEAR_2026, NEW_YEAR_2026 + HOUR), window=year(2026))

    assert chart.plot.table.head == ("Time", "Forecasts", "Median", "Middle half from", "to")
    assert chart.plot.table.rows == (
        ("1 Jan 2026, 00:00 UTC", "1", "50%", "25%", "75%"),
        ("1 Jan 2026, 01:00 UTC", "2", "–", "–", "–"),
    )


def test_a_thinned_table_says_what_it_left_out() -> None:
    chart = history(line(*[0.5] * 1000), times=np.arange(1000), window=Window(0, 1000, 1000))

    assert len(chart.plot.table.rows) <= 300
    assert f"{len(chart.plot.table.rows)} of 1,000 changes are listed." in chart.plot.table.caption


def year(number: int, now: int | None = None) -> Window:
    start = NEW_YEAR_2026 + (number - 2026) * 365 * DAY
    return Window(start, start + 365 * DAY, now or start + 365 * DAY)


def test_a_median_beyond_an_open_end_is_drawn_at_that_end_and_is_no_gap() -> None:
    chart = history(line(np.inf), times=moments(0))

    assert chart.lines[0].path == "M51.4 8H384.7"
    assert chart.dots[0].y == 8
    assert chart.plot.empty == ""
    assert len(chart.tips[0].dots) == 1


def test_long_labels_of_an_upright_axis_are_shortened_and_not_cut_off() -> None:
    axis = Axis(0, 1, ((1, "1 thousand barrels of oil a day"),))

    chart = charts.history(HEADING, [line()], moments(), moments(), axis, HUNDRED, str)

    # A third of the width, 160, is all that words get; 8 less for the gap leaves 152 / 8.6 = 17 characters.
    assert chart.plot.box.left == 160
    assert chart.plot.y_ticks[0].label == "1 thousand barre…"


# Times along the axis


def ticks(window: Window) -> list[tuple[str, str]]:
    return [(tick.label, tick.under) for tick in history(line(), times=moments(), window=window).plot.x_ticks]


def test_a_year_is_cut_by_months_with_the_year_where_it_changes() -> None:
    assert ticks(year(2026)) == [
        ("Jan", "2026"),
        ("Mar", ""),
        ("May", ""),
        ("Jul", ""),
        ("Sep", ""),
        ("Nov", ""),
        ("Jan", "2027"),
    ]


def test_a_day_is_cut_by_hours_with_the_date_where_it_changes() -> None:
    noon = NEW_YEAR_2026 + 12 * HOUR

    assert ticks(Window(noon, noon + DAY, noon)) == [
        ("12:00", "1 Jan"),
        ("18:00", ""),
        ("00:00", "2 Jan"),
        ("06:00", ""),
        ("12:00", ""),
    ]


def test_a_month_is_cut_by_weeks_that_begin_on_mondays() -> None:
    # 1 January 2026 was a Thursday, so its Mondays are the 5th, 12th, 19th, 26th.
    found = ticks(Window(NEW_YEAR_2026, NEW_YEAR_2026 + 30 * DAY, NEW_YEAR_2026))

    assert found == [("5 Jan", "2026"), ("12 Jan", ""), ("19 Jan", ""), ("26 Jan", "")]


def test_ten_years_are_cut_by_years() -> None:
    # 2026 to 2036 holds the leap days of 2028 and 2032.
    found = ticks(Window(NEW_YEAR_2026, NEW_YEAR_2026 + (3650 + 2) * DAY, NEW_YEAR_2026))

    assert found == [(str(n), "") for n in range(2026, 2037, 2)]


@pytest.mark.parametrize("span", [0, 1, 10 * SECOND, 5 * 60 * SECOND, HOUR, 3 * DAY, 90 * DAY, 800 * DAY, 90_000 * DAY])
def test_time_labels_never_meet_each_other_or_leave_the_drawing(span: int) -> None:
    chart = history(line(), times=moments(), window=Window(NEW_YEAR_2026 + 1, NEW_YEAR_2026 + 1 + span, NEW_YEAR_2026))

    for part in ("label", "under"):
        reach = [extent(t.place, t.anchor, getattr(t, part)) for t in chart.plot.x_ticks if getattr(t, part)]
        assert all(a[1] < b[0] for a, b in pairwise(reach))
        assert all(a >= 0 and b <= charts.WIDTH for a, b in reach)


def extent(x: float, anchor: str, text: str) -> tuple[float, float]:
    width = len(text) * charts.CHARACTER
    start = {"start": x, "middle": x - width / 2, "end": x - width}[anchor]
    return start, start + width


# Marks


def test_labels_of_marks_close_together_stand_in_rows_of_their_own() -> None:
    chart = history(line(0.5), times=moments(0), marks=(Mark(80, "now"), Mark(100, "closes"), Mark(81, "known")))

    # “now” and “known” stand 1% apart and cannot share a row; “closes” ends at the far edge and fits beside “now”.
    now, known, closes = chart.flags
    assert [now.label.text, known.label.text, closes.label.text] == ["now", "known", "closes"]
    assert now.label.y == closes.label.y == known.label.y + charts.LINE
    assert (closes.x, closes.label.anchor) == (468, "end")


def test_no_label_of_a_mark_is_cut_off() -> None:
    long = "resolved by the moderators on 31 December 2026, 23:59 UTC, and then corrected"

    chart = history(line(0.5), times=moments(0), marks=(Mark(0, long), Mark(50, long), Mark(100, "closes")))

    for flag in chart.flags:
        start, end = extent(flag.label.x, flag.label.anchor, flag.label.text)
        assert start >= 0
        assert end <= charts.WIDTH
        assert 0 < flag.label.y < chart.plot.box.top


def test_a_mark_outside_the_window_is_not_drawn() -> None:
    assert history(line(0.5), times=moments(0), marks=(Mark(101, "later"),)).flags == ()


# Tips


def reach_of(tip: charts.Tip) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a tip's words, by the heights and widths that the layout reckons with."""
    sides = [extent(tip.label.x, tip.label.anchor, text) for text in tip.lines]
    top = tip.label.y if tip.shift > 0 else tip.label.y - len(tip.lines) * charts.LINE
    return min(a for a, _ in sides), top, max(b for _, b in sides), top + len(tip.lines) * charts.LINE


@pytest.mark.parametrize("value", [0.0, 0.02, 0.5, 0.98, 1.0])
@pytest.mark.parametrize("series", [1, 5, 12])
def test_the_words_of_every_tip_stay_inside_the_box(value: float, series: int) -> None:
    times = np.arange(0, 81, 2)
    drawn = [line(*[value] * len(times), label=f"Outcome {i}") for i in range(series)]

    chart = history(*drawn, times=times)

    box = chart.plot.box
    for tip in chart.tips:
        left, top, right, bottom = reach_of(tip)
        assert box.left <= left
        assert right <= box.right
        assert box.top <= top
        assert bottom <= box.bottom


def test_at_most_24_tips_are_evenly_chosen_with_both_ends() -> None:
    times = np.arange(70)

    chart = history(line(*[0.5] * 70), times=times)

    # 70 changes, 24 tips: every 69 / 23 = 3rd.
    assert [tip.dots[0].x for tip in chart.tips] == [
        charts.Scale(0, 100, chart.plot.box.left, 468).place(time) for time in range(0, 70, 3)
    ]


def test_fewer_changes_than_24_each_have_their_tip() -> None:
    chart = history(line(0.1, 0.2, 0.3), times=moments(0, 10, 20))

    assert [tip.lines[1] for tip in chart.tips] == ["crowd 10%", "crowd 20%", "crowd 30%"]


def test_a_tip_says_what_stood_then() -> None:
    mine = Steps("you", moments(NEW_YEAR_2026 + HOUR), np.array([0.3]))

    chart = history(line(0.5, half=0.25), times=moments(NEW_YEAR_2026 + DAY), window=year(2026), own=(mine,))

    assert [tip.lines for tip in chart.tips] == [
        ("1 Jan 2026, 01:00 UTC", "you 30%"),
        ("2 Jan 2026, 00:00 UTC", "crowd 50%", "half in 25% to 75%", "you 30%", "1 forecast"),
    ]


def test_pointing_anywhere_in_the_box_meets_exactly_one_tip() -> None:
    chart = history(line(0.1, 0.2, 0.3), times=moments(0, 10, 60))

    hits = [tip.hit for tip in chart.tips]
    assert hits[0].x == chart.plot.box.left
    assert [a.x + a.width for a in hits[:-1]] == pytest.approx([b.x for b in hits[1:]], abs=0.11)
    assert hits[-1].x + hits[-1].width == pytest.approx(chart.plot.box.right, abs=0.11)


def test_tips_are_drawn_last_and_reached_by_keyboard() -> None:
    text = markup("history", history(line(0.5), times=moments(0), marks=(Mark(80, "now"),)))

    drawing = text[text.index('<svg class="chart-drawing"') :]
    layers = ("chart-grid", "chart-band", "chart-line", "chart-dot", "chart-tips", "</svg>")
    order = [drawing.index(layer) for layer in layers]
    assert order == sorted(order)
    assert text.count('tabindex="0" role="img"') == 1
    assert "<title>1 Jan 1970, 00:00 UTC, crowd 50%, half in 50% to 50%, 1 forecast</title>" in text


# Density


def test_a_density_is_as_high_as_its_mass_per_width() -> None:
    # Masses .2 over 20, .6 over 30, .2 over 50: densities .01, .02, .004, so heights 1/2, 1, 1/5 of the box.
    chart = density(Spread("crowd", np.array([0.0, 20.0, 50.0, 100.0]), np.array([0.2, 0.6, 0.2])))

    # The box is 12..468 by 8..178 (no labels above): places 12, 103.2, 240, 468; heights 93, 8, 144.
    assert (chart.plot.box.top, chart.plot.box.bottom) == (8, 178)
    assert chart.lines[0].path == "M12 178V93H103.2V8H240V144H468V178"


def test_two_distributions_share_one_scale() -> None:
    edges = np.array([0.0, 100.0])

    chart = density(Spread("crowd", edges, np.array([0.5]), 0.5, 0.0), Spread("you", edges, np.array([1.0])))

    assert [one.path for one in chart.lines] == ["M12 178V93H468V178", "M12 178V8H468V178"]
    assert [key.label for key in chart.plot.legend] == ["crowd", "you"]


def test_a_forecast_is_parted_into_bins_and_tails() -> None:
    shape = Shape(("under 0", "a", "b", "over 2"), np.array([0.0, 1.0, 2.0]), below=True, above=True)

    spread = charts.spread("crowd", np.array([0.1, 0.2, 0.3, 0.4]), shape)

    assert (spread.below, spread.above) == (0.1, 0.4)
    assert spread.masses.tolist() == [0.2, 0.3]


def test_tails_are_told_in_words_at_their_sides() -> None:
    chart = density(
        Spread("crowd", np.array([0.0, 100.0]), np.array([0.85]), 0.05, 0.1), ends=("under $0", "over $100")
    )

    assert [(tail.anchor, tail.text) for tail in chart.tails] == [
        ("start", "← 5% under $0"),
        ("end", "10% over $100 →"),
    ]
    assert chart.plot.table.rows == (("under $0", "5%"), ("$0 to $100", "85%"), ("over $100", "10%"))


def test_tails_that_have_no_room_beside_each_other_stand_in_rows_of_their_own() -> None:
    edges, masses = np.array([0.0, 100.0]), np.array([0.85])
    crowd, mine = Spread("The crowd", edges, masses, 0.05, 0.1), Spread("You", edges, masses, 0.05, 0.1)

    chart = density(crowd, mine, ends=("under −4.05 percent", "over 5.05 percent"))

    # Two sides of 33 and 32 letters need 576 of the 456 there are; the rows are 19 apart.
    assert [tail.y - chart.tails[0].y for tail in chart.tails] == [0, 19, 38, 57]


def test_two_hundred_bins_are_told_in_forty_rows() -> None:
    chart = density(Spread("crowd", np.linspace(0, 100, 201), np.full(200, 0.005)))

    # Five bins of half a dollar and half a percent each make one row.
    assert len(chart.plot.table.rows) == 40
    assert chart.plot.table.rows[1] == ("$2.5 to $5", "2.5%")


def quantiles(*values: float) -> list[Quantile]:
    shares = ("10%", "25%", "50%", "75%", "90%")
    return [Quantile(share, value, f"${value:g}") for share, value in zip(shares, values, strict=True)]


def test_quantiles_stand_at_their_values() -> None:
    chart = density(EVEN, quantiles=quantiles(10, 25, 50, 75, 90))

    # 12 + 456 * share
    assert [flag.x for flag in chart.quantiles] == [57.6, 126, 240, 354, 422.4]
    assert [flag.label.text for flag in chart.quantiles] == ["10%", "25%", "50%", "75%", "90%"]
    assert len({flag.label.y for flag in chart.quantiles}) == 1


EVEN = Spread("crowd", np.linspace(0, 100, 11), np.full(10, 0.1))


def test_quantiles_that_crowd_each_other_keep_no_labels_that_meet() -> None:
    chart = density(EVEN, quantiles=quantiles(50, 50.5, 51, 51.5, 52), outcome=Outcome(51, "outcome $51"))

    labels = [flag.label for flag in chart.quantiles if flag.label.text]
    assert [label.text for label in labels] == ["10%", "50%"]
    assert len({label.y for label in labels}) == 2
    assert chart.listed[-1] == Quantile("90%", 52, "$52")


def test_the_outcome_is_marked_above_every_other_label() -> None:
    chart = density(EVEN, quantiles=quantiles(10, 25, 50, 75, 90), outcome=Outcome(100, "outcome $100"))

    assert chart.outcome is not None
    assert (chart.outcome.x, chart.outcome.label.anchor) == (468, "end")
    assert chart.outcome.label.y + charts.LINE <= min(flag.label.y for flag in chart.quantiles)


# Bars


def test_a_bar_is_as_long_as_its_share() -> None:
    chart = charts.bars(HEADING, [Choice("a", 0.62, 0.5, happened=True), Choice("b", 0.38)])

    assert chart.rows[0] == charts.ChoiceBar("a", 62.0, 50.0, "62%", "50%", True)
    assert chart.rows[1] == charts.ChoiceBar("b", 38.0, None, "38%", "–", False)


def test_the_outcome_that_happened_is_told_in_words() -> None:
    text = markup("bars", charts.bars(HEADING, [Choice("a", 0.6, happened=True), Choice("b", 0.4)]))

    assert text.count(">happened</span>") == 1


def test_no_forecast_is_not_a_bar_of_nothing() -> None:
    text = markup("bars", charts.bars(HEADING, [Choice("a", None), Choice("b", 0.0)]))

    # One bar, of length 0, for the outcome that was given 0%.
    assert text.count('class="chart-bar-crowd"') == 1
    assert "<td>–</td>" in text
    assert "<td>0%</td>" in text


# Reliability


def reliability(*bins: Bin) -> charts.Reliability:
    return charts.reliability(HEADING, bins, Curve(np.array([0.25, 0.75]), np.array([0.5, 1.0])))


def test_the_diagram_is_square_and_half_lies_in_its_middle() -> None:
    chart = reliability(Bin(0.475, 0.525, 0.5, 0.5, 4))

    box = chart.plot.box
    assert box.width == box.height
    assert (chart.dots[0].x, chart.dots[0].y) == ((box.left + box.right) / 2, (box.top + box.bottom) / 2)


def test_a_dot_grows_in_area_with_its_count() -> None:
    chart = reliability(Bin(0, 0.5, 0.2, 0.2, 25), Bin(0.5, 1, 0.7, 0.7, 100))

    # A quarter of the count has half the growth: 3 and half of 6, 3 and all of 6.
    assert [dot.radius for dot in chart.dots] == [6, 9]


def test_the_pooled_curve_runs_through_its_points() -> None:
    chart = reliability(Bin(0, 1, 0.5, 0.5, 1))

    # 410 wide from 56: 0.25 at 158.5, 0.75 at 363.5; 410 high from 31: 0.5 at 236, 1 at 31.
    assert chart.curve.path == "M158.5 236L363.5 31"


def test_an_empty_bin_has_neither_dot_nor_bar_nor_row() -> None:
    chart = reliability(Bin(0, 0.5, 0.3, 0.5, 2), Bin(0.5, 1, NAN, NAN, 0))

    assert (len(chart.dots), len(chart.bars), len(chart.plot.table.rows)) == (1, 1, 1)


def test_counts_are_printed_under_bars_as_high_as_they_are() -> None:
    chart = reliability(Bin(0, 0.5, 0.3, 0.5, 20), Bin(0.5, 1, 0.7, 0.5, 5))

    # Bars grow to 56 units for the largest count: 20 is 56 high, 5 is 14.
    assert [bar.height for bar in chart.bars] == [56, 14]
    assert [count.text for count in chart.counts] == ["20", "5"]
    # The pooled curve of this file rises from 50% at 25% to 100% at 75%, so over 30% it is at 55%.
    assert chart.plot.table.rows[0] == ("0% to 50%", "20", "30%", "50%", "55%")


def test_counts_of_narrow_bins_do_not_meet() -> None:
    bins = [Bin(n / 20, n / 20 + 0.05, n / 20 + 0.025, 0.5, 12_345) for n in range(20)]

    chart = reliability(*bins)

    for y in {count.y for count in chart.counts}:
        row = [extent(count.x, count.anchor, count.text) for count in chart.counts if count.y == y]
        assert all(a[1] < b[0] for a, b in pairwise(row))
    assert max(count.y for count in chart.counts) < chart.plot.height


def test_the_tip_of_a_bin_stays_inside_the_box() -> None:
    chart = reliability(Bin(0, 0.025, 0.01, 0.0, 1_000), Bin(0.975, 1, 1.0, 1.0, 1))

    box = chart.plot.box
    for tip in chart.tips:
        left, top, right, bottom = reach_of(tip)
        assert box.left <= left < right <= box.right
        assert box.top <= top < bottom <= box.bottom
    assert chart.tips[1].lines == ("forecast 100%", "happened 100%", "1 forecast")


# Markup


@pytest.mark.parametrize(("macro", "chart"), EACH)
def test_every_chart_is_named_and_holds_no_style_or_script_of_its_own(macro: str, chart: object) -> None:
    text = markup(macro, chart)

    ids = Ids(text)
    assert ids.referred
    assert ids.referred <= set(ids.named)
    assert len(ids.named) == len(set(ids.named))
    assert not ids.attributes & {"style", "onclick", "onload", "onmouseover"}
    assert not {"style", "script"} & set(ids.tags)


@pytest.mark.parametrize(("macro", "chart"), [pair for pair in EACH if pair[0] != "sparkline"])
def test_every_large_chart_has_its_numbers_in_a_table(macro: str, chart: object) -> None:
    assert {"table", "th"} <= set(Ids(markup(macro, chart)).tags)


def test_what_people_wrote_is_escaped() -> None:
    chart = charts.bars(Heading("b", "<script>x</script>"), [Choice("<b>a</b>", 0.5)])

    text = markup("bars", chart)

    assert "&lt;script&gt;" in text
    assert "<b>" not in text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.37, "37%"),
        (0.375, "37.5%"),
        (0.005, "0.5%"),
        (0.0, "0%"),
        (1.0, "100%"),
        (0.0004, "under 0.1%"),
        (0.9999, "over 99.9%"),
    ],
)
def test_a_share_reads_as_people_write_it(share: float, text: str) -> None:
    assert charts.percent(share) == text


def test_a_vector_of_all_mass_in_one_bin_fills_it() -> None:
    all_in_one: Vector = np.array([0.0, 1.0])

    chart = density(Spread("crowd", np.array([0.0, 50.0, 100.0]), all_in_one))

    assert chart.lines[0].path == "M12 178V178H240V8H468V178"
