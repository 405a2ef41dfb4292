"""Diagrams of scores: every place worked out by hand, and what the macros make of it."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from questions.shape import Vector
from tests.web.test_charts import DAY, HUNDRED, NEW_YEAR_2026, TEMPLATES, Ids, extent, moments, reach_of, year
from web import charts, diagrams
from web.charts import Bin, Curve, Heading, Mark, Steps, Window

HEADING = Heading("chart", "Ada and Bob", "How they did.")
NAMES = ("Ada", "Bob")
LONG = (
    "Somebody with a very long name indeed, of Old Aberdeen",
    "Another whose name is as long, of Inverness and Skye",
)
NAN = float("nan")
NONE = np.empty(0)

# From -1 to 1 with 4% of 2 beyond either end: 0 lies in the middle of 8..152, half a unit is 33.3 to its side.
UNIT = diagrams.interval_scale([(-1.0, 0.0, 1.0)])


def numbers(*values: float) -> Vector:
    return np.array(values, dtype=float)


def murphy(a: Vector, b: Vector, names: tuple[str, str] = NAMES) -> diagrams.Curves:
    return diagrams.murphy(HEADING, np.linspace(0, 1, len(a)), a, b, names)


def apart(value: Vector, low: Vector, high: Vector, names: tuple[str, str] = NAMES) -> diagrams.Curves:
    return diagrams.murphy_difference(HEADING, np.linspace(0, 1, len(value)), value, low, high, names)


def sequence(mean: Vector, low: Vector, high: Vector, names: tuple[str, str] = NAMES) -> diagrams.Curves:
    return diagrams.sequence(HEADING, np.arange(1, len(mean) + 1), mean, low, high, names)


def receipt(
    own: Steps, others: Steps, window: Window = HUNDRED, marks: tuple[Mark, ...] = (), heading: Heading = HEADING
) -> diagrams.Receipt:
    return diagrams.receipt(heading, own, others, window, marks=marks)


def steps(label: str, *points: tuple[int, float]) -> Steps:
    return Steps(label, moments(*(time for time, _ in points)), numbers(*(value for _, value in points)))


def markup(macro: str, chart: object) -> str:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    page = "{% import '_diagrams.html' as diagrams without context %}{{ diagrams[macro](chart) }}"
    return environment.from_string(page).render(macro=macro, chart=chart)


def places(path: str) -> tuple[list[float], list[float]]:
    """Everything that a path goes through: its places along and its places up."""
    xs, ys = [], []
    for command, rest in re.findall(r"([MLHVZ])([^MLHVZ]*)", path):
        found = [float(part) for part in rest.split()]
        xs += found[:1] if command in "MLH" else []
        ys += found[-1:] if command in "MLV" else []
    return xs, ys


HILL = numbers(0, 0.2, 0)
LOWER = numbers(0, 0.1, 0)
LEDGER = receipt(steps("Ada", (0, 0.1), (40, 0.3)), steps("others", (0, 0.2)))

LARGE = [
    ("curves", murphy(HILL, LOWER)),
    ("curves", murphy(NONE, NONE)),
    ("curves", apart(LOWER, LOWER - 0.1, LOWER + 0.1)),
    ("curves", apart(NONE, NONE, NONE)),
    ("curves", sequence(HILL, numbers(NAN, -0.1, 0), numbers(NAN, 0.3, 0.2))),
    ("curves", sequence(NONE, NONE, NONE)),
    ("histogram", diagrams.pit(HEADING, numbers(4, 2), 3.0, (1.0, 5.0))),
    ("histogram", diagrams.pit(HEADING, NONE)),
    ("histogram", diagrams.pit(HEADING, numbers(4, 2))),
    ("histogram", diagrams.pit(HEADING, np.zeros(10), 0.0, (0.0, 0.0))),
    ("histogram", diagrams.sharpness(HEADING, numbers(4, 2), numbers(0, 0.5, 1))),
    ("histogram", diagrams.sharpness(HEADING, NONE, NONE)),
    ("receipt", LEDGER),
    ("receipt", receipt(steps("Ada"), steps("others"))),
]


# Numbers


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.0412, 3, "0.041"),
        (-0.0412, 3, "−0.041"),
        (-0.0004, 3, "0.000"),
        (1234.0, 0, "1,234"),
        (-2.5e9, 1, "−2.5e+09"),
        (4e-9, 10, "4e−09"),
    ],
)
def test_a_number_reads_as_people_write_it(value: float, decimals: int, text: str) -> None:
    assert diagrams.written(value, decimals) == text


def test_an_axis_holds_zero_and_is_cut_at_round_numbers() -> None:
    axis, say = diagrams.number_axis(numbers(0.05, 0.25, NAN))

    # 0 to 0.25 and 8% beyond: 0.27. A fifth of it is 0.054, and the next round step is 0.1.
    assert axis.low == 0
    assert axis.high == pytest.approx(0.27)
    assert list(axis.ticks) == [(0, "0"), (0.1, "0.1"), (0.2, "0.2")]
    assert say(0.0625) == "0.062"


def test_an_axis_of_counts_is_labelled_with_whole_numbers() -> None:
    # 0 to 2.16 by steps of 0.5 would be round enough, but there are no half questions.
    assert diagrams.number_axis(numbers(1, 2), whole=True)[0].ticks == ((0, "0"), (1, "1"), (2, "2"))


@pytest.mark.parametrize("values", [(), (0.0,), (5e-324,), (1e308, -1e308), (1e-5, 1e9), (NAN,), (np.inf, -np.inf)])
@pytest.mark.parametrize("both", [True, False])
def test_an_axis_of_anything_has_between_two_and_twelve_labels(values: tuple[float, ...], both: bool) -> None:
    axis, say = diagrams.number_axis(numbers(*values), both=both)

    labels = [label for _, label in axis.ticks]
    assert 2 <= len(labels) <= 12
    assert len(set(labels)) == len(labels)
    assert axis.low <= 0 < axis.high
    assert say(axis.high)


# Intervals


def test_zero_lies_in_the_middle_of_a_scale_that_is_even_about_it() -> None:
    assert (UNIT.along.low, UNIT.along.high) == (-1.08, 1.08)
    assert UNIT.reference == 80


def test_an_interval_is_a_line_with_its_value_as_a_dot() -> None:
    found = diagrams.interval(-0.5, 0.25, 1.0, UNIT)

    # 72 units to either side of 80 hold 1.08: -0.5 is at 46.7, 0.25 at 96.7, 1 at 146.7.
    assert found.line == "M46.7 10L146.7 10"
    assert found.dot == charts.Dot(96.7, 10, 4, "muted")
    assert found.ends == ""


def test_an_interval_clear_of_the_reference_stands_out() -> None:
    assert diagrams.interval(0.1, 0.5, 0.9, UNIT).tone == "crowd"
    assert diagrams.interval(-0.1, 0.5, 0.9, UNIT).tone == "muted"
    assert diagrams.interval(-0.9, -0.5, -0.1, UNIT).tone == "crowd"


def test_no_interval_leaves_the_dot_alone() -> None:
    found = diagrams.interval(None, 0.0, None, UNIT)

    assert (found.line, found.ends) == ("", "")
    assert found.dot == charts.Dot(80, 10, 4, "muted")
    assert found.label == "0.000, no interval"


def test_no_value_leaves_the_row_empty() -> None:
    found = diagrams.interval(None, None, None, UNIT)

    assert (found.line, found.ends, found.dot, found.label) == ("", "", None, "no value")


def test_an_interval_is_read_aloud() -> None:
    found = diagrams.interval(0.012, 0.041, 0.070, UNIT)

    assert found.label == "0.041, 95% interval 0.012 to 0.070"
    assert f"<title>{found.label}</title>" in markup("interval", found)


def test_an_interval_beyond_the_scale_ends_in_an_arrowhead() -> None:
    found = diagrams.interval(-0.5, 0.0, 9.0, UNIT)

    assert found.line == "M46.7 10L152 10"
    assert found.ends == "M147 5L152 10L147 15"


def test_a_value_beyond_the_scale_is_an_arrowhead_and_no_dot() -> None:
    found = diagrams.interval(None, -9.0, None, UNIT)

    assert (found.line, found.dot) == ("", None)
    assert found.ends == "M13 5L8 10L13 15"


def test_a_few_huge_intervals_do_not_squeeze_the_others() -> None:
    usual = [(n / 100, n / 100 + 0.02, n / 100 + 0.04) for n in range(10)]

    scale = diagrams.interval_scale([*usual, (-90.0, 0.05, 90.0)])

    # The middle half of the 33 numbers is under 0.1 wide, so that nothing past 0.4 is near.
    assert -0.4 < scale.along.low < 0
    assert 0.13 < scale.along.high < 0.4
    assert diagrams.interval(-90.0, 0.05, 90.0, scale).ends.count("M") == 2
    assert all(diagrams.interval(*row, scale).ends == "" for row in usual)


def test_where_most_rows_are_alike_none_is_left_out() -> None:
    scale = diagrams.interval_scale([(None, 0.0, None)] * 9 + [(None, 0.5, None)])

    assert diagrams.interval(None, 0.5, None, scale).dot is not None


@pytest.mark.parametrize("rows", [[], [(None, None, None)], [(None, 0.25, None)], [(0.25, 0.25, 0.25)] * 3])
@pytest.mark.parametrize("reference", [0.0, None])
def test_a_board_with_next_to_nothing_on_it_has_a_scale(
    rows: list[tuple[float | None, float | None, float | None]], reference: float | None
) -> None:
    scale = diagrams.interval_scale(rows, reference)

    assert scale.along.low < scale.along.high
    assert (scale.reference is None) == (reference is None)
    for row in rows:
        found = diagrams.interval(*row, scale)
        assert found.dot is None or 8 < found.dot.x < 152


def test_the_scale_of_a_board_is_labelled_with_zero_and_round_numbers() -> None:
    axis = diagrams.interval_axis(UNIT)

    # -1.08 to 1.08 by halves, 33.3 apart. “−0.5” takes 4 x 6.6, and 8 of gap make 34.4: so every second, with 0 kept.
    assert [(tick.place, tick.label) for tick in axis.ticks] == [(13.3, "−1.0"), (80, "0"), (146.7, "1.0")]


def test_zero_stays_where_there_is_room_for_every_second_label_alone() -> None:
    axis = diagrams.interval_axis(diagrams.interval_scale([(-0.07, 0.0, 0.14)]))

    # By steps of 0.05: −0.05, 0, 0.05, 0.10, too near for words of 33 units. Every second from the first would lose 0.
    assert [tick.label for tick in axis.ticks] == ["0", "0.10"]


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_the_labels_of_a_boards_scale_never_meet_or_leave_it(start: float, width: float) -> None:
    axis = diagrams.interval_axis(diagrams.interval_scale([(start, start, start + width)], None))

    reach = [
        (tick.place - len(tick.label) * 3.3, tick.place + len(tick.label) * 3.3)  # 6.6 a character at 11 px
        for tick in axis.ticks
    ]
    assert all(a[1] < b[0] for a, b in pairwise(reach))
    assert all(low >= 0 and high <= axis.width for low, high in reach)


# The Murphy diagram


def test_a_murphy_diagram_starts_at_zero_and_is_two_lines() -> None:
    chart = murphy(HILL, LOWER)

    # 0 to 0.2 and 8% beyond, over 200 units: 0.2 is 185.2 above 231, 0.1 is 92.6. Half of 51.4..468 is at 259.7.
    assert (chart.plot.box.left, chart.plot.box.top, chart.plot.box.bottom) == (51.4, 31, 231)
    assert [line.path for line in chart.lines] == ["M51.4 231L259.7 45.8L468 231", "M51.4 231L259.7 138.4L468 231"]
    assert chart.zero is None


def test_two_forecasters_differ_in_dash_and_not_only_in_colour() -> None:
    chart = murphy(HILL, LOWER)

    assert [(line.tone, line.dash) for line in chart.lines] == [("1", 1), ("2", 2)]
    assert [(key.label, key.tone, key.dash) for key in chart.plot.legend] == [("Ada", "1", 1), ("Bob", "2", 2)]


def test_a_threshold_tells_both_losses() -> None:
    chart = murphy(HILL, LOWER)

    assert chart.tips[1].lines == ("threshold 50%", "Ada 0.200", "Bob 0.100")
    assert chart.plot.table.head == ("Threshold", "Ada", "Bob")
    assert chart.plot.table.rows[1] == ("50%", "0.200", "0.100")


def test_a_gap_in_a_curve_is_a_gap() -> None:
    chart = murphy(numbers(0.1, 0.1, NAN, 0.2, 0.2), np.full(5, NAN))

    assert chart.lines[0].path.count("M") == 2
    assert len(chart.lines) == 1
    assert chart.plot.table.rows[2] == ("50%", "–", "–")


def test_a_point_without_neighbours_is_a_dot() -> None:
    chart = murphy(numbers(0.1, 0.1, NAN, 0.2, NAN), np.full(5, NAN))

    # Three quarters of 51.4..468 is at 363.8; 0.2 of 0.216 is 185.2 up.
    assert chart.dots == (charts.Dot(363.8, 45.8, 3.5, "1"),)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="not of one length"):
        diagrams.murphy(HEADING, numbers(0, 1), numbers(0, 1), numbers(0), NAMES)


# Differences


def test_no_difference_lies_in_the_middle_of_a_band_that_is_even_about_it() -> None:
    chart = apart(numbers(0.1, 0), numbers(0, -0.2), numbers(0.2, 0))

    assert chart.zero == 131
    # -0.2 to 0.2 and 8% beyond either end is 0.464 over 200 units: 0.1 is 43.1, 0.2 is 86.2 above 131.
    assert chart.lines[0].path.endswith(" 87.9L468 131")
    assert places(chart.bands[0].path)[1] == [44.8, 131, 217.2, 131]


def test_names_say_whose_side_is_whose() -> None:
    """A difference is Ada's loss minus Bob's: above 0 Ada lost more."""
    chart = apart(numbers(0.1, -0.1), numbers(0, -0.2), numbers(0.2, 0))

    above, along, below = chart.names
    assert (above.text, below.text) == ("↑ Bob better", "↓ Ada better")
    assert above.y < chart.plot.box.top < chart.plot.box.bottom < below.y
    assert along.text == "threshold →"
    assert [tip.lines[1] for tip in chart.tips] == ["Bob better by 0.100", "Ada better by 0.100"]
    assert "below 0 Ada is better" in chart.plot.table.caption


def test_an_even_score_is_nobodys() -> None:
    assert apart(numbers(0.0), numbers(NAN), numbers(NAN)).tips[0].lines == ("threshold 0%", "no difference")


def test_the_table_of_a_difference_has_its_band() -> None:
    chart = apart(numbers(0.1, 0), numbers(0, NAN), numbers(0.2, NAN))

    assert chart.plot.table.head == ("Threshold", "Difference", "Band from", "to")
    assert chart.plot.table.rows == (("0%", "0.100", "0.000", "0.200"), ("100%", "0.000", "–", "–"))


@pytest.mark.parametrize("names", [NAMES, LONG])
def test_names_round_a_difference_neither_meet_nor_leave_the_drawing(names: tuple[str, str]) -> None:
    chart = apart(numbers(0.1, -0.1), numbers(0, -0.2), numbers(0.2, 0), names)

    for y in {name.y for name in chart.names}:
        row = sorted(extent(name.x, name.anchor, name.text) for name in chart.names if name.y == y)
        assert all(a[1] < b[0] for a, b in pairwise(row))
        assert all(low >= 0 and high <= charts.WIDTH for low, high in row)
    assert max(name.y for name in chart.names) < chart.plot.height


# The confidence sequence


def test_steps_before_the_sequence_starts_have_no_band() -> None:
    chart = sequence(numbers(0.2, 0.1, 0.1), numbers(NAN, 0, 0.05), numbers(NAN, 0.2, 0.15))

    # Three questions from 0 over 416.6 units: the second is at 329.1, where the band begins.
    assert min(places(chart.bands[0].path)[0]) == 329.1
    assert chart.plot.table.rows[0] == ("1", "0.200", "–", "–")
    assert chart.tips[0].lines == ("questions: 1", "Bob better by 0.200")
    assert chart.tips[1].lines == ("questions: 2", "Bob better by 0.100", "band 0.000 to 0.200")


def test_steps_may_be_called_something_else_than_questions() -> None:
    chart = diagrams.sequence(HEADING, np.array([1]), numbers(0.2), numbers(NAN), numbers(NAN), NAMES, unit="steps")

    assert (chart.names[1].text, chart.tips[0].lines[0], chart.plot.table.head[0]) == ("steps →", "steps: 1", "Steps")


def test_a_sequence_that_just_begins_is_wide_enough_to_be_seen() -> None:
    chart = sequence(numbers(0.2, 0.1), numbers(NAN, 0), numbers(NAN, 0.2))

    xs, _ = places(chart.bands[0].path)
    assert (min(xs), max(xs)) == (465, 468)


def test_a_sequence_not_begun_is_a_line_alone() -> None:
    chart = sequence(numbers(0.2, 0.1), numbers(NAN, NAN), numbers(NAN, NAN))

    assert chart.bands == ()
    assert [key.label for key in chart.plot.legend] == ["mean difference"]
    assert chart.dots[-1].x == 468


def test_a_wild_start_runs_off_the_box_and_leaves_the_end_legible() -> None:
    mean = np.concatenate([[5.0, 3.0], np.full(98, 0.1)])
    half = np.concatenate([np.full(20, NAN), 2 / np.arange(1, 81) ** 0.5])

    chart = sequence(mean, mean - half, mean + half)

    # The band is drawn whole over its last three quarters: from 2 / sqrt(21) = 0.44 about 0.1.
    tops = [tick for tick in chart.plot.y_ticks if not tick.label.startswith("−")]
    assert len(tops) > 1
    assert all(float(tick.label) < 0.7 for tick in tops)
    # The line comes in through the top edge, between the second question and the third.
    first_x, first_y = (part[0] for part in places(chart.lines[0].path))
    assert first_y == chart.plot.box.top
    assert 51.4 + 2 * 4.166 < first_x < 51.4 + 3 * 4.166


def test_a_line_is_cut_where_it_crosses_the_edges() -> None:
    xs, ys = diagrams._cropped(numbers(0, 10, 20), numbers(0, 4, 2), -1, 3)

    # It rises 4 over 10, so it passes 3 at 7.5; it falls 2 over 10, so it is back at 3 at 15.
    assert xs.tolist() == [0, 7.5, 10, 15, 20]
    assert ys.tolist() == pytest.approx([0, 3, NAN, 3, 2], nan_ok=True)


# Histograms


def test_bars_stand_on_the_axis_as_high_as_their_counts() -> None:
    chart = diagrams.pit(HEADING, numbers(4, 2), 3.0, (1.0, 5.0))

    # 0 to 5 and 8% beyond is 5.4 over 200 units: 4 is 148.1 high, 2 is 74.1, 3 is at 119.9.
    assert [bar.height for bar in chart.bars] == [148.1, 74.1]
    assert all(bar.y + bar.height == pytest.approx(chart.plot.box.bottom) for bar in chart.bars)
    assert chart.expected.path == "M51.4 119.9H259.7V119.9H468"
    # 1 is at 194, 5 at 45.8.
    assert set(places(chart.bands[0].path)[1]) == {45.8, 194}


def test_a_part_of_the_forecasts_tells_what_was_expected_of_it() -> None:
    chart = diagrams.pit(HEADING, numbers(1, 2), 1.5, (0.5, 2.5))

    assert chart.tips[0].lines == ("0% to 50%", "1 question", "expected 1.5", "by chance 0.5 to 2.5")
    assert chart.plot.table.head == ("Part of the forecast", "Questions", "Expected", "90% from", "to")
    assert chart.plot.table.rows == (("0% to 50%", "1", "1.5", "0.5", "2.5"), ("50% to 100%", "2", "1.5", "0.5", "2.5"))
    assert [key.label for key in chart.plot.legend] == ["questions", "expected", "90% by chance alone"]


def test_an_expectation_may_differ_from_part_to_part() -> None:
    chart = diagrams.pit(HEADING, numbers(1, 5), numbers(0, 5))

    assert chart.bands == ()
    assert chart.expected.path == "M51.4 231H259.7V45.8H468"


def test_bins_of_probability_lie_where_their_edges_are() -> None:
    chart = diagrams.sharpness(HEADING, numbers(30, 0, 10), numbers(0, 0.25, 0.5, 1))

    # 416.6 units from 51.4: a quarter is 104.15, so the first ends at 155.55, to tenths 155.6, and half a unit of gap
    # on either side leaves 103.2 of it. Half is at 259.7.
    assert [(bar.x, bar.width) for bar in chart.bars] == [(51.9, 103.2), (260.2, 207.3)]
    assert chart.plot.table.rows == (
        ("0% to 25%", "30", "75%"),
        ("25% to 50%", "0", "0%"),
        ("50% to 100%", "10", "25%"),
    )
    assert chart.tips[2].lines == ("50% to 100%", "10 forecasts")
    assert chart.plot.legend == ()


def test_neighbours_stand_together_where_bins_are_too_many() -> None:
    chart = diagrams.sharpness(HEADING, np.ones(1000), np.linspace(0, 1, 1001))

    # A thousand bins on a hundred bars: ten each.
    assert len(chart.bars) == len(chart.plot.table.rows) == 100
    assert {row[1] for row in chart.plot.table.rows} == {"10"}
    assert chart.plot.table.rows[-1][0] == "99% to 100%"


def test_edges_that_do_not_fit_their_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="2 bins have 3 edges, not 2"):
        diagrams.sharpness(HEADING, numbers(1, 2), numbers(0, 1))


# Receipts


def test_what_is_gained_lies_between_the_lines_while_ones_own_is_the_lower() -> None:
    # 0 to 0.3 and 8% beyond is 0.324 over 180 units above 211: 0.1 is at 155.4, 0.2 at 99.9, 0.3 at 44.3.
    # 40% of 51.4..468 is at 218, 80%, where it ends, at 384.7.
    assert LEDGER.gain == "M51.4 99.9H218V155.4H51.4Z"
    assert LEDGER.loss == "M218 99.9H384.7V44.3H218Z"


def test_ones_own_line_lies_over_the_others_with_a_dot_at_each_change() -> None:
    assert [(line.path, line.tone) for line in LEDGER.lines] == [
        ("M51.4 99.9H384.7", "crowd"),
        ("M51.4 155.4H218V44.3H384.7", "own"),
    ]
    assert [(dot.x, dot.y) for dot in LEDGER.dots] == [(51.4, 155.4), (218, 44.3)]


def test_gaining_and_losing_are_told_in_words() -> None:
    own = steps("Ada", (NEW_YEAR_2026, 0.1), (NEW_YEAR_2026 + DAY, 0.3), (NEW_YEAR_2026 + 2 * DAY, 0.2))

    chart = receipt(own, steps("others", (NEW_YEAR_2026, 0.2)), year(2026))

    assert chart.tips[0].lines == ("1 Jan 2026, 00:00 UTC", "Ada 0.100", "others 0.200", "gaining 0.100")
    assert chart.plot.table.head == ("From", "Ada", "others", "Difference")
    assert [row[3] for row in chart.plot.table.rows] == ["gaining 0.100", "losing 0.100", "even"]


def test_a_loss_is_hatched_and_not_only_red() -> None:
    text = markup("receipt", LEDGER)

    assert 'id="chart-hatch"' in text
    assert f'fill="url(#chart-hatch)" d="{LEDGER.loss}"' in text
    assert LEDGER.gain in text
    assert text.count("url(#chart-hatch)") == 1
    assert [key.label for key in LEDGER.plot.legend] == ["Ada", "others", "gained", "lost"]


def test_where_one_of_the_two_does_not_stand_nothing_is_gained_or_lost() -> None:
    chart = receipt(steps("Ada", (20, 0.1), (40, NAN)), steps("others", (0, 0.2), (30, NAN)))

    # Both stand from 20 to 30 alone: 134.7 to 176.4.
    assert set(places(chart.gain)[0]) == {134.7, 176.4}
    assert chart.loss == ""
    assert [row[3] == "–" for row in chart.plot.table.rows] == [True, False, True, True]
    assert len(chart.dots) == 1


def test_what_was_said_before_the_opening_counts_from_the_opening() -> None:
    chart = receipt(steps("Ada", (-50, 0.3), (-10, 0.1)), steps("others", (-10, 0.2)))

    assert chart.lines[1].path.startswith("M51.4 ")
    assert chart.gain != ""
    assert chart.loss == ""


def test_the_mark_of_a_receipt_stands_between_its_name_and_its_box() -> None:
    chart = receipt(steps("Ada", (0, 0.1)), steps("others", (0, 0.2)), marks=(Mark(80, "outcome known"),))

    (name,), (flag,) = chart.names, chart.flags
    assert flag.x == 384.7
    assert name.y + charts.LINE <= flag.label.y < chart.plot.box.top


# The dots of a reliability diagram


def reliability(*bins: Bin, curve: Curve | None = None) -> charts.Reliability:
    return charts.reliability(HEADING, bins, curve or Curve(numbers(0, 1), numbers(0, 1)))


def test_a_bins_band_is_as_wide_as_the_bin() -> None:
    chart = reliability(Bin(0.4, 0.6, 0.5, 0.5, 4, band=(0.25, 0.75)), Bin(0.6, 1, 0.7, 0.5, 4))

    # 410 wide from 56: 0.4 at 220, 0.6 at 302; 410 high from 441 up: 0.25 at 338.5, 0.75 at 133.5.
    assert [band.path for band in chart.bands] == ["M220 133.5L302 133.5L302 338.5L220 338.5Z"]
    assert chart.plot.table.head[-2:] == ("Band from", "to")
    assert [row[-2:] for row in chart.plot.table.rows] == [("25%", "75%"), ("–", "–")]
    assert chart.tips[0].lines[-2:] == ("90% of dots, if calibrated:", "25% to 75%")
    assert "90% of dots, if calibrated" in [key.label for key in chart.plot.legend]


def test_a_curve_may_have_a_band_of_its_own() -> None:
    curve = Curve(numbers(0, 0.5, 1), numbers(0, 0.5, 1), numbers(0, 0.25, NAN), numbers(0.5, 0.75, NAN))

    chart = reliability(Bin(0, 1, 0.5, 0.5, 4), curve=curve)

    # 0 at 441, 0.25 at 338.5, 0.5 at 236, 0.75 at 133.5.
    assert [(band.path, band.tone) for band in chart.bands] == [("M56 236L261 133.5L261 338.5L56 441Z", "curve")]
    assert chart.plot.legend[-1].label == "90% band of the curve"


def test_a_dot_and_its_row_lead_to_the_forecasts_in_them() -> None:
    chart = reliability(Bin(0, 0.5, 0.3, 0.5, 4, href="/calibration?bin=1&who=ada"), Bin(0.5, 1, 0.7, 0.5, 4))
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)

    page = environment.from_string("{% import '_charts.html' as charts %}{{ charts.reliability(chart) }}")
    text = page.render(chart=chart)

    assert text.count('href="/calibration?bin=1&amp;who=ada"') == 2
    assert text.count('<a class="chart-tip"') == text.count('<g class="chart-tip"') == 1
    assert chart.tips[0].lines[-1] == "open to see which"
    assert chart.tips[1].lines[-1] == "4 forecasts"


def test_a_dot_says_on_how_many_questions_its_forecasts_are() -> None:
    chart = reliability(Bin(0, 0.5, 0.3, 0.5, 23, (0.1, 0.6), questions=9), Bin(0.5, 1, 0.7, 0.5, 1, questions=1))

    assert [tip.lines[2] for tip in chart.tips] == ["23 forecasts on 9 questions", "1 forecast on 1 question"]
    assert chart.plot.table.head[:4] == ("Bin", "Forecasts", "Questions", "Mean forecast")
    assert [row[1:3] for row in chart.plot.table.rows] == [("23", "9"), ("1", "1")]
    assert [len(row) for row in chart.plot.table.rows] == [len(chart.plot.table.head)] * 2


def test_words_of_a_tip_stand_clear_of_a_large_dot() -> None:
    (tip,) = reliability(Bin(0, 1, 0.5, 0.5, 4)).tips

    # The only dot is the largest: 9, brought out by 1.5 more. Half is at 261 along and 236 up; then 4 of gap.
    assert tip.dots == (charts.Dot(261, 236, 10.5, "crowd"),)
    assert (tip.label.x, tip.label.y) == (275.5, 221.5)


def test_a_diagram_without_bands_and_links_shows_none() -> None:
    chart = reliability(Bin(0, 1, 0.5, 0.5, 4))

    assert (chart.bands, chart.plot.table.links) == ((), ())
    assert [key.label for key in chart.plot.legend] == ["forecasts in bins", "pooled curve", "perfect"]
    assert len(chart.plot.table.head) == 5


# All of them


@pytest.mark.parametrize(("macro", "chart"), LARGE)
def test_every_diagram_is_named_and_holds_no_style_or_script_of_its_own(macro: str, chart: object) -> None:
    text = markup(macro, chart)

    ids = Ids(text)
    assert ids.referred
    assert ids.referred <= set(ids.named)
    assert len(ids.named) == len(set(ids.named))
    assert not ids.attributes & {"style", "onclick", "onload", "onmouseover"}
    assert not {"style", "script"} & set(ids.tags)
    assert {"table", "th"} <= set(ids.tags)


@pytest.mark.parametrize(
    ("macro", "chart"),
    [("interval", diagrams.interval(0.0, 0.5, 9.0, UNIT)), ("interval_axis", diagrams.interval_axis(UNIT))],
)
def test_what_stands_in_a_table_is_named_and_has_no_ids(macro: str, chart: object) -> None:
    """A board has hundreds of them, and ids must differ."""
    ids = Ids(markup(macro, chart))

    assert ids.tags[:2] == ["svg", "title"]
    assert "role" in ids.attributes
    assert ids.named == []
    assert not ids.attributes & {"style"}


@pytest.mark.parametrize(("macro", "chart"), LARGE[1::2])
def test_nothing_is_said_in_words(macro: str, chart: diagrams.Curves) -> None:
    text = markup(macro, chart)

    assert chart.plot.empty
    assert f">{chart.plot.empty}</text>" in text
    assert (chart.tips, chart.plot.legend) == ((), ())
    assert 'd=""' not in text
    assert "nan" not in text


@pytest.mark.parametrize(("macro", "chart"), LARGE)
def test_tips_are_drawn_last(macro: str, chart: diagrams.Curves) -> None:
    drawing = markup(macro, chart).split('class="chart-drawing"')[1].split("</svg>")[0]

    before, _, after = drawing.partition('<g class="chart-tips">')
    assert "chart-tip" not in before
    assert after.count('tabindex="0"') == len(chart.tips)


def inside(chart: diagrams.Curves | diagrams.Histogram | diagrams.Receipt, paths: list[str]) -> None:
    """Everything that is drawn lies in the box, every word in the drawing, and no two words on one another."""
    box = chart.plot.box
    for path in paths:
        xs, ys = places(path)
        assert all(box.left <= x <= box.right for x in xs)
        assert all(box.top <= y <= box.bottom for y in ys)
    for tip in chart.tips:
        left, top, right, bottom = reach_of(tip)
        assert box.left <= left < right <= box.right
        assert box.top <= top < bottom <= box.bottom
        assert all(box.left <= dot.x <= box.right and box.top <= dot.y <= box.bottom for dot in tip.dots)
    assert len(chart.plot.y_ticks) == 1 or all(
        abs(a.place - b.place) >= charts.LINE for a, b in pairwise(chart.plot.y_ticks)
    )
    along = [extent(tick.place, tick.anchor, tick.label) for tick in chart.plot.x_ticks]
    assert all(a[1] < b[0] for a, b in pairwise(along))
    assert len(chart.plot.table.rows) <= charts.MOST_POINTS
    assert all(len(row) == len(chart.plot.table.head) for row in chart.plot.table.rows)


ANY = st.floats(-1e30, 1e30) | st.sampled_from([0.0, 0.1, NAN, np.inf, -np.inf, 1e-300])
TRIPLES = st.integers(0, 40).flatmap(lambda n: arrays(np.float64, (3, n), elements=ANY))
TRICKY = [np.full((3, 1), 0.1), np.zeros((3, 50)), np.full((3, 7), 1e300), np.full((3, 9), NAN)]


def all_of(drawn: Vector, names: tuple[str, str]) -> list[diagrams.Curves]:
    value, low, high = drawn
    return [murphy(value, low, names), apart(value, low, high, names), sequence(value, low, high, names)]


@settings(deadline=None, max_examples=60)
@given(TRIPLES, st.sampled_from([NAMES, LONG]))
def test_whatever_is_drawn_lies_in_the_box(drawn: Vector, names: tuple[str, str]) -> None:
    for chart in all_of(drawn, names):
        inside(chart, [line.path for line in (*chart.lines, *chart.bands)])


@pytest.mark.parametrize("drawn", TRICKY)
def test_points_that_are_one_or_alike_or_huge_lie_in_the_box(drawn: Vector) -> None:
    for chart in all_of(drawn, LONG):
        inside(chart, [line.path for line in (*chart.lines, *chart.bands)])


@pytest.mark.parametrize("chart", all_of(np.random.default_rng(1).normal(size=(3, 10_000)), NAMES))
def test_ten_thousand_points_become_at_most_three_hundred(chart: diagrams.Curves) -> None:
    inside(chart, [])

    assert len(chart.plot.table.rows) == 300
    assert "300 of 10,000" in chart.plot.table.caption
    assert 2 <= len(chart.tips) <= 24


@settings(deadline=None, max_examples=60)
@given(arrays(np.float64, st.integers(0, 30), elements=st.floats(0, 1e12) | st.just(NAN)), ANY)
def test_whatever_is_counted_lies_in_the_box(counts: Vector, expected: float) -> None:
    chart = diagrams.pit(HEADING, counts, expected, (0.0, expected))

    inside(chart, [chart.expected.path, *(band.path for band in chart.bands)])
    box = chart.plot.box
    assert all(box.left <= bar.x and bar.x + bar.width <= box.right for bar in chart.bars)
    assert all(box.top <= bar.y and bar.y + bar.height <= box.bottom + 0.1 for bar in chart.bars)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-20, 120), ANY, ANY), max_size=40, unique_by=lambda point: point[0]))
def test_whatever_was_lost_lies_in_the_box(points: list[tuple[int, float, float]]) -> None:
    points.sort()
    own = steps(LONG[0], *((time, mine) for time, mine, _ in points))
    others = steps(LONG[1], *((time, theirs) for time, _, theirs in points[::2]))

    chart = receipt(own, others)

    inside(chart, [chart.gain, chart.loss, *(line.path for line in chart.lines)])


def test_a_receipt_of_ten_thousand_changes_is_thinned() -> None:
    times = np.arange(10_000)
    losses = np.random.default_rng(2).random(10_000)

    chart = receipt(Steps("Ada", times, losses), Steps("others", times, losses[::-1]), Window(0, 10_000, 10_000))

    inside(chart, [chart.gain, chart.loss])
    assert (chart.dots, chart.plot.legend[0].form) == ((), "line")
    assert "of 10,000 changes are listed." in chart.plot.table.caption


# Skill over time


def test_a_course_is_a_line_with_a_band_that_begins_where_it_is_known() -> None:
    at = np.array([0, 10, 20, 40]) * 86_400_000_000
    values, low, high = np.array([0.1, 0.0, 0.05, 0.1]), np.array([NAN, NAN, -0.1, 0.0]), np.array([NAN, NAN, 0.2, 0.2])

    chart = diagrams.course(HEADING, at, values, low, high, np.array([1, 2, 5, 1200]))

    inside(chart, [*(line.path for line in chart.lines), *(band.path for band in chart.bands)])
    assert [tick.label for tick in chart.plot.x_ticks]
    assert chart.plot.table.head == ("Known by", "Skill", "95% from", "to", "Questions")
    assert [row[1:] for row in chart.plot.table.rows] == [
        ("0.100", "–", "–", "1"),
        ("0.000", "–", "–", "2"),
        ("0.050", "−0.100", "0.200", "5"),
        ("0.100", "0.000", "0.200", "1,200"),
    ]
    assert chart.tips[-1].lines[-1] == "1,200 questions"
    assert "95%" in chart.tips[-1].lines[2]
    assert len(chart.tips[0].lines) == 3


def test_the_course_of_one_moment_is_a_dot() -> None:
    chart = diagrams.course(HEADING, np.array([5]), np.array([0.1]), np.array([NAN]), np.array([NAN]), np.array([1]))

    assert chart.bands == ()
    assert {(dot.x, dot.y) for dot in chart.dots} == {(chart.plot.box.left, chart.dots[0].y)}
