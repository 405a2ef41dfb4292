"""Diagrams of scores as plain numbers: intervals on a board, two forecasters compared, histograms, receipts.

As in web/charts.py each function gives a frozen dataclass of places and paths, which _diagrams.html draws. Differences
are the first forecaster's loss minus the second's: below 0 the first was better. NaN means that nothing is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor, isfinite, log10

import numpy as np
import numpy.typing as npt

from questions.shape import Axis, Vector
from web.charts import (
    CHARACTER,
    LINE,
    MOST_POINTS,
    MOST_TIPS,
    WIDTH,
    Bar,
    Box,
    Dot,
    Flag,
    Heading,
    Key,
    Label,
    Line,
    Mark,
    Plot,
    Say,
    Scale,
    Steps,
    Table,
    Tick,
    Times,
    Tip,
    Window,
    along_ticks,
    band_path,
    column,
    cut,
    fewer,
    measure,
    moment,
    or_dash,
    percent,
    place_marks,
    polyline,
    ribbon_path,
    room_left,
    spaced,
    step_path,
    strips,
    tenth,
    thin,
    time_ticks,
    tip_at,
    up_ticks,
    within,
)

Names = tuple[str, str]
Band = tuple[npt.ArrayLike, npt.ArrayLike]

SMALL_CHARACTER = 6.6
HUGE = 1e15
NOTHING_SHARED = "No questions that both answered"
MOST_BARS = 100
MOST_DOTS = 60
NAME_ROOM = 22 * CHARACTER
LEAST_SKILL = (-0.01, 0.01)
"""What the axis of somebody's skill holds at least, so that next to nothing does not look like a lot."""

PERCENTS = Axis(0, 1, tuple((n / 5, f"{n * 20}%") for n in range(6)))


# What the diagrams are


@dataclass(frozen=True)
class IntervalScale:
    """What the intervals of one board are drawn on; `reference` is the place of the value they are held against."""

    along: Scale
    reference: float | None = None


@dataclass(frozen=True)
class Interval:
    """A value and its interval in one row of a board; `ends` are arrowheads where it runs on beyond the scale."""

    label: str
    line: str
    ends: str
    dot: Dot | None
    tone: str
    reference: float | None
    width: float = 160.0
    height: float = 20.0


@dataclass(frozen=True)
class IntervalAxis:
    """The scale of a board's intervals, for the head of their column."""

    label: str
    ticks: tuple[Tick, ...]
    reference: float | None
    width: float = 160.0
    height: float = 20.0


@dataclass(frozen=True)
class Curves:
    """Lines with their bands; `zero` is where the line of no difference lies."""

    plot: Plot
    bands: tuple[Line, ...]
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...]
    names: tuple[Label, ...]
    tips: tuple[Tip, ...]
    zero: float | None = None


@dataclass(frozen=True)
class Histogram:
    """Bars side by side, with what was to be expected of them."""

    plot: Plot
    bars: tuple[Bar, ...]
    bands: tuple[Line, ...]
    expected: Line
    names: tuple[Label, ...]
    tips: tuple[Tip, ...]


@dataclass(frozen=True)
class Receipt:
    """One's own loss and the others' over time; `gain` is the area where one's own is lower, `loss` where it is not."""

    plot: Plot
    gain: str
    loss: str
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...]
    flags: tuple[Flag, ...]
    names: tuple[Label, ...]
    tips: tuple[Tip, ...]


# Numbers and their axes


def written(value: float, decimals: int = 3) -> str:
    """A number as a person reads it, very large and very small ones by their power of ten.

    >>> written(-0.0214), written(-0.0001), written(1234.5, 0), written(2.5e9)
    ('−0.021', '0.000', '1,234', '2.5e+09')
    """
    text = f"{value:.3g}" if abs(value) >= 1e6 or decimals > 6 else f"{value:,.{decimals}f}"
    return (text[1:] if text.startswith("-") and not text.strip("-0.,") else text).replace("-", "−")


def number_axis(*values: npt.ArrayLike, both: bool = False, whole: bool = False) -> tuple[Axis, Say]:
    """An axis of round numbers that holds 0 and all these values, and how a value on it is written.

    both   keeps room on either side of 0
    whole  labels whole numbers alone

    >>> number_axis([0.0, 0.21])[0].ticks
    ((0.0, '0'), (0.05, '0.05'), (0.1, '0.10'), (0.15, '0.15'), (0.2, '0.20'))
    """
    low, high = _ends(values, both=both)
    ticks, decimals = _round_ones(low, high, 1.0 if whole else 0.0)
    told = 0 if whole else max(decimals + 1, 3 if decimals else 1)
    return Axis(low, high, ticks), lambda value: written(value, told)


def _round_ones(low: float, high: float, least: float = 0.0) -> tuple[tuple[tuple[float, str], ...], int]:
    """The round numbers from low to high, at least so far apart and about five steps, and their decimals."""
    raw = (high - low) / 5
    power = 10.0 ** floor(log10(raw))
    step = max(least, next(n * power for n in (1, 2, 5, 10) if n * power >= raw * (1 - 1e-9)))
    decimals = max(0, -floor(log10(step) + 1e-9))
    numbers = [round(n * step, decimals) for n in range(ceil(low / step), floor(high / step) + 1)]
    return tuple((number, written(number, decimals) if number else "0") for number in numbers), decimals


def _ends(values: Sequence[npt.ArrayLike], *, both: bool) -> tuple[float, float]:
    """From where to where an axis goes: to 0 and the outermost values, and a little beyond."""
    flat = np.concatenate([[0.0], *(np.ravel(np.asarray(one, dtype=float)) for one in values)])
    known = np.clip(flat[np.isfinite(flat)], -HUGE, HUGE)
    low, high = float(known.min()), float(known.max())
    if high - low < 1e-9:
        return (-0.108, 0.108) if both else (0.0, 1.08)
    beyond = (high - low) * 0.08
    return low - beyond * (both or low < 0), high + beyond * (both or high > 0)


def _require_one_length(*columns: npt.ArrayLike) -> None:
    if len({np.shape(column) for column in columns}) > 1 or np.ndim(columns[0]) != 1:
        raise ValueError("The columns of this chart are not of one length.")


# Intervals in the rows of a board


def interval_scale(
    rows: Iterable[tuple[float | None, float | None, float | None]], reference: float | None = 0.0
) -> IntervalScale:
    """One scale for all rows (low, value, high) of a board, the value they are held against inside it.

    A few huge intervals do not squeeze the others: what lies further out than Tukey's outer fences, three times the
    middle half's width beyond it, is left beyond the ends and drawn as an arrow.

    Source: J. W. Tukey, Exploratory Data Analysis (1977), section 2E.
    """
    flat = np.array([part for row in rows for part in row], dtype=float)
    known = flat[np.isfinite(flat)]
    if known.size:
        first, third = np.quantile(known, [0.25, 0.75])
        far = 3 * (third - first) or np.inf
        known = known[(known >= first - far) & (known <= third + far)]
    known = np.append(known, [] if reference is None else [reference])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    beyond = (high - low) * 0.04 or 0.1
    along = Scale(low - beyond, high + beyond, 8, Interval.width - 8)
    return IntervalScale(along, None if reference is None else along.place(reference))


def interval(
    low: float | None, value: float | None, high: float | None, scale: IntervalScale, say: Say = written
) -> Interval:
    """A row's value as a dot on its interval; without an interval the dot alone.

    An interval that holds the scale's reference, or none at all, is muted: such a value cannot be told from it.
    """
    start, middle, end = (float("nan") if part is None else part for part in (low, value, high))
    along, y = scale.along, Interval.height / 2
    places = along.places([start, end])
    line = polyline(places, [y, y]) if np.isfinite(places).all() else ""
    tone = _clear(places, scale.reference) if line else "muted"
    outside = [part for part in (start, middle, end) if not along.low <= part <= along.high]
    ends = [_arrow(along.start, y, 5)] if any(part < along.low for part in outside) else []
    ends += [_arrow(along.end, y, -5)] if any(part > along.high for part in outside) else []
    dot = Dot(along.place(middle), y, 4, tone) if along.low <= middle <= along.high else None
    return Interval(_interval_label(start, middle, end, say), line, "".join(ends), dot, tone, scale.reference)


def _clear(places: Sequence[float], reference: float | None) -> str:
    return "muted" if reference is not None and places[0] <= reference <= places[1] else "crowd"


def _arrow(x: float, y: float, back: float) -> str:
    return f"M{tenth(x + back)} {tenth(y - 5)}L{tenth(x)} {tenth(y)}L{tenth(x + back)} {tenth(y + 5)}"


def _interval_label(low: float, value: float, high: float, say: Say) -> str:
    if np.isnan(value):
        return "no value"
    if np.isnan(low) or np.isnan(high):
        return f"{say(value)}, no interval"
    return f"{say(value)}, 95% interval {say(low)} to {say(high)}"


def interval_axis(scale: IntervalScale) -> IntervalAxis:
    """Round numbers along the scale for the head of the column, as many as have room, 0 first of all."""
    along = scale.along
    inside = [(along.place(tick), text) for tick, text in _round_ones(along.low, along.high)[0]]
    half = max((len(text) for _, text in inside), default=0) * SMALL_CHARACTER / 2
    inside = [(x, text) for x, text in inside if half <= x <= Interval.width - half and along.start < x < along.end]
    zero = next((i for i, (_, text) in enumerate(inside) if text == "0"), 0)
    kept = inside
    for every in range(1, len(inside) + 1):
        kept = inside[zero % every :: every]
        if all(b - a >= 2 * half + 8 for (a, _), (b, _) in pairwise(kept)):
            break
    label = f"scale from {written(along.low)} to {written(along.high)}"
    return IntervalAxis(label, tuple(Tick(x, text) for x, text in kept), scale.reference)


# Two forecasters


def murphy(
    heading: Heading, thetas: Vector, a: Vector, b: Vector, names: Names, *, empty: str = NOTHING_SHARED
) -> Curves:
    """Two forecasters' mean elementary loss at each threshold. Whoever lies below everywhere is better by any rule.

    thetas  (n,) rising thresholds, 0 to 1
    a, b    (n,) the mean loss of each at that threshold

    Source: W. Ehm, T. Gneiting, A. Jordan, F. Krüger, J. R. Stat. Soc. B 78 (2016), 505-562.
    """
    _require_one_length(thetas, a, b)
    kept = spaced(len(thetas), MOST_POINTS)
    frame = _frame(PERCENTS, number_axis(a, b), thetas[kept])
    drawn = [_Line(names[0], a[kept], "1", 1), _Line(names[1], b[kept], "2", 2)]
    caption = f"{heading.title}. Lower is better.{_left_out(len(kept), len(thetas), 'thresholds')}"
    keys = tuple(Key("line", one.tone, one.dash, one.label) for one in drawn)
    table = _curve_table(caption, "Threshold", percent, frame, drawn)
    known = any(np.isfinite(one.values).any() for one in drawn)
    return Curves(
        plot=_plot(heading, frame, legend=keys, table=table, empty="" if known else empty),
        bands=(),
        lines=tuple(Line(path, one.tone, one.dash) for one in drawn if (path := frame.path(one.values))),
        dots=tuple(dot for one in drawn for dot in frame.alone(one.values, one.tone)),
        names=_names(frame.box, "↑ mean elementary loss, lower is better", "threshold →"),
        tips=_curve_tips(frame, drawn, lambda x: f"threshold {percent(x)}"),
    )


def murphy_difference(
    heading: Heading,
    thetas: Vector,
    difference: Vector,
    low: Vector,
    high: Vector,
    names: Names,
    *,
    band_name: str = "95% band",
    empty: str = NOTHING_SHARED,
) -> Curves:
    """The first's mean elementary loss minus the second's at each threshold, and its band. Below 0 the first is better.

    thetas      (n,) rising thresholds, 0 to 1
    difference  (n,) names[0]'s loss minus names[1]'s
    low, high   (n,) the band, NaN where there is none
    """
    _require_one_length(thetas, difference, low, high)
    kept = spaced(len(thetas), MOST_POINTS)
    frame = _frame(PERCENTS, number_axis(difference[kept], low[kept], high[kept], both=True), thetas[kept])
    lead = _Lead(names, difference[kept], low[kept], high[kept], band_name)
    caption = f"{heading.title}. {_how_to_read(names)}{_left_out(len(kept), len(thetas), 'thresholds')}"
    return _difference(
        heading, frame, lead, _Along("Threshold", "threshold →", "threshold {}", percent), caption, empty
    )


def sequence(
    heading: Heading,
    steps: npt.NDArray[np.int64],
    mean: Vector,
    low: Vector,
    high: Vector,
    names: Names,
    *,
    unit: str = "questions",
    empty: str = NOTHING_SHARED,
) -> Curves:
    """The mean difference after each question, with the interval that holds however often one looks.

    steps      (n,) how many questions there were, rising
    mean       (n,) the mean of names[0]'s loss minus names[1]'s so far
    low, high  (n,) the confidence sequence, NaN before it starts
    unit       what is counted: “questions”, or “steps” where linked ones make one

    A confidence sequence begins very wide; the axis is made for its last three quarters, and what is further out runs
    off the box.
    """
    _require_one_length(steps, mean, low, high)
    kept = spaced(len(steps), MOST_POINTS)
    xs = np.asarray(steps, dtype=float)[kept]
    lead = _Lead(names, mean[kept], low[kept], high[kept], "95% confidence sequence")
    along = number_axis(xs, whole=True)[0]
    along = Axis(0, float(xs[-1]) if len(xs) else 1.0, along.ticks)
    frame = _frame(along, number_axis(*_settled(lead), both=True), xs)
    caption = f"{heading.title}. {_how_to_read(names)}{_left_out(len(kept), len(steps), unit)}"
    said = _Along(unit.capitalize(), f"{unit} →", f"{unit}: {{}}", lambda count: f"{count:,.0f}")
    chart = _difference(heading, frame, lead, said, caption, empty)
    return replace(chart, dots=(*chart.dots, *frame.last(lead.values, "crowd")))


def course(heading: Heading, at: Times, values: Vector, low: Vector, high: Vector, questions: npt.ArrayLike) -> Curves:
    """Somebody's skill as it was at each of these moments, with its interval; above 0 is better than the others.

    at         (n,) moments, rising; at least one
    values     (n,) the skill, and its interval `low` to `high`, NaN where there was none
    questions  (n,) on how many questions it rested
    """
    _require_one_length(at, values, low, high, questions)
    window = Window(int(at[0]), max(int(at[-1]), int(at[0]) + 1), int(at[-1]))
    frame = _frame(
        Axis(window.opens, window.closes, ()),
        number_axis(values, low, high, LEAST_SKILL, both=True),
        np.asarray(at, float),
    )
    lines = [_Line(name, column, "crowd", 1) for name, column in (("Skill", values), ("95% from", low), ("to", high))]
    counts = [f"{count:,}" for count in np.asarray(questions).tolist()]
    band, path = frame.ribbon(low, high), frame.path(values)
    keys = [Key("line", "crowd", 1, "skill"), *([Key("band", "crowd", 1, "95% interval")] if band else [])]
    plot = _plot(heading, frame, legend=tuple(keys), table=_course_table(heading, frame, lines, counts), empty="")
    return Curves(
        plot=replace(plot, x_ticks=time_ticks(window, frame.along)),
        bands=(Line(band, "crowd"),) if band else (),
        lines=(Line(path, "crowd"),) if path else (),
        dots=(*frame.alone(values, "crowd"), *frame.last(values, "crowd")),
        names=_names(frame.box, "↑ better than the others", "", "UTC"),
        tips=_course_tips(frame, lines, counts),
        zero=frame.up.place(0),
    )


@dataclass(frozen=True)
class _Frame:
    """A box, its two axes, and where along it each point lies."""

    box: Box
    x_axis: Axis
    y_axis: Axis
    say: Say
    at: Vector

    @property
    def along(self) -> Scale:
        return Scale(self.x_axis.low, self.x_axis.high, self.box.left, self.box.right)

    @property
    def up(self) -> Scale:
        return Scale(self.y_axis.low, self.y_axis.high, self.box.bottom, self.box.top)

    def path(self, values: Vector) -> str:
        """The line through these values, cut where it leaves the box."""
        at, inside = _cropped(self.at, values, self.y_axis.low, self.y_axis.high)
        return polyline(self.along.places(at), self.up.places(inside))

    def ribbon(self, low: Vector, high: Vector) -> str:
        """The area between two lines; one point alone is widened so that it can be seen."""
        xs, lows, highs = self.along.places(self.at), self.up.places(low), self.up.places(high)
        bars = [
            ribbon_path([max(xs[i] - 3, self.box.left), min(xs[i] + 3, self.box.right)], [lows[i]] * 2, [highs[i]] * 2)
            for i in _lonely(np.add(lows, highs))
        ]
        return ribbon_path(xs, lows, highs) + "".join(bars)

    def dot(self, i: int, value: float, tone: str, radius: float = 3.5) -> tuple[Dot, ...]:
        """A dot at a value of the i-th point, if there is one and it lies inside the box."""
        inside = self.y_axis.low <= value <= self.y_axis.high
        return (Dot(self.along.place(float(self.at[i])), self.up.place(value), radius, tone),) if inside else ()

    def alone(self, values: Vector, tone: str) -> tuple[Dot, ...]:
        """A dot wherever a point has no neighbour to be joined to."""
        return tuple(dot for i in _lonely(values) for dot in self.dot(i, float(values[i]), tone))

    def last(self, values: Vector, tone: str) -> tuple[Dot, ...]:
        """A dot where the line has got to."""
        known = np.flatnonzero(np.isfinite(values))
        return self.dot(int(known[-1]), float(values[known[-1]]), tone) if known.size else ()


@dataclass(frozen=True)
class _Line:
    """One line of a chart, and how it is drawn."""

    label: str
    values: Vector
    tone: str
    dash: int


@dataclass(frozen=True)
class _Lead:
    """By how much the first of two is ahead (below 0) or behind, with its band."""

    names: Names
    values: Vector
    low: Vector
    high: Vector
    band: str


@dataclass(frozen=True)
class _Along:
    """What the level axis of a chart is called: in the table, under the axis, and in a tip; and how a value reads."""

    head: str
    name: str
    tip: str
    say: Say


def _frame(x_axis: Axis, y: tuple[Axis, Say], at: Vector) -> _Frame:
    y_axis, say = y
    top = 12 + LINE
    return _Frame(Box(room_left(y_axis), top, WIDTH - 12, top + 200), x_axis, y_axis, say, at)


def _lonely(values: Vector) -> list[int]:
    """The points that have no neighbour."""
    known = np.concatenate([[False], np.isfinite(values), [False]])
    return [int(i) for i in np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])]


def _cropped(xs: Vector, ys: Vector, low: float, high: float) -> tuple[Vector, Vector]:
    """A line with the places added where it crosses low and high, and NaN for what lies beyond them."""
    ys = np.clip(ys, -HUGE, HUGE)
    for bound in (low, high):
        over = ys - bound
        at = np.flatnonzero(over[:-1] * over[1:] < 0)
        share = over[at] / (over[at] - over[at + 1])
        xs = np.insert(xs, at + 1, xs[at] + share * (xs[at + 1] - xs[at]))
        ys = np.insert(ys, at + 1, bound)
    return xs, np.where((ys >= low) & (ys <= high), ys, np.nan)


def _settled(lead: _Lead) -> tuple[Vector, ...]:
    """What the axis of a sequence must hold: its last three quarters, or all the means where it has not begun."""
    begun = np.flatnonzero(np.isfinite(lead.low) & np.isfinite(lead.high))
    if not begun.size:
        return (lead.values,)
    settled = begun[len(begun) // 4]
    return lead.values[begun[0] :], lead.low[settled:], lead.high[settled:]


def _difference(heading: Heading, frame: _Frame, lead: _Lead, along: _Along, caption: str, empty: str) -> Curves:
    """A difference with its band and the line of no difference; names say which side is whose."""
    rows = [
        _Line("Difference", lead.values, "crowd", 1),
        _Line("Band from", lead.low, "", 1),
        _Line("to", lead.high, "", 1),
    ]
    band = frame.ribbon(lead.low, lead.high)
    known = bool(np.isfinite(lead.values).any())
    keys = [Key("line", "crowd", 1, "mean difference"), *([Key("band", "crowd", 1, lead.band)] if band else [])]
    path = frame.path(lead.values)
    return Curves(
        plot=_plot(
            heading,
            frame,
            legend=tuple(keys) if known else (),
            table=_curve_table(caption, along.head, along.say, frame, rows),
            empty="" if known else empty,
        ),
        bands=(Line(band, "crowd"),) if band else (),
        lines=(Line(path, "crowd"),) if path else (),
        dots=frame.alone(lead.values, "crowd"),
        names=_sides(frame.box, lead.names, along.name),
        tips=_lead_tips(frame, lead, along),
        zero=frame.up.place(0),
    )


def _sides(box: Box, names: Names, along: str) -> tuple[Label, ...]:
    """Above 0 the second is better, below it the first."""
    room = box.right - 2 - measure(along) - 20
    return _names(box, _better("↑", names[1], box.right - 2), along, _better("↓", names[0], room))


def _better(arrow: str, name: str, room: float) -> str:
    return f"{arrow} {cut(name, room - measure(f'{arrow}  better'))} better"


def _names(box: Box, up: str, along: str, down: str = "") -> tuple[Label, ...]:
    """What the axes are called: above the box at the left, and below its ticks at either side."""
    y = box.bottom + 2 * LINE + 6
    found = [Label(2, box.top - 12, "start", up), Label(box.right, y, "end", along), Label(2, y, "start", down)]
    return tuple(label for label in found if label.text)


def _how_to_read(names: Names) -> str:
    return f"{names[0]}’s loss minus {names[1]}’s: below 0 {names[0]} is better."


def _left_out(kept: int, of: int, what: str) -> str:
    return "" if kept == of else f" {kept:,} of {of:,} {what} are listed."


def _curve_tips(frame: _Frame, lines: Sequence[_Line], say_x: Say) -> tuple[Tip, ...]:
    told = [
        (i, [(one, float(one.values[i])) for one in lines if np.isfinite(one.values[i])]) for i in range(len(frame.at))
    ]
    return _tips(
        frame,
        [
            (
                i,
                tuple(dot for one, value in shown for dot in frame.dot(i, value, one.tone, 4)),
                (
                    say_x(float(frame.at[i])),
                    *(f"{cut(one.label, NAME_ROOM)} {frame.say(value)}" for one, value in shown),
                ),
            )
            for i, shown in told
            if shown
        ],
    )


def _lead_tips(frame: _Frame, lead: _Lead, along: _Along) -> tuple[Tip, ...]:
    known = [int(i) for i in np.flatnonzero(np.isfinite(lead.values))]
    return _tips(
        frame, [(i, frame.dot(i, float(lead.values[i]), "crowd", 4), _lead_lines(frame, lead, along, i)) for i in known]
    )


def _course_table(heading: Heading, frame: _Frame, lines: Sequence[_Line], counts: Sequence[str]) -> Table:
    found = _curve_table(f"{heading.title}.", "Known by", lambda time: moment(int(time)), frame, lines)
    rows = tuple((*row, count) for row, count in zip(found.rows, counts, strict=True))
    return replace(found, head=(*found.head, "Questions"), rows=rows)


def _course_tips(frame: _Frame, lines: Sequence[_Line], counts: Sequence[str]) -> tuple[Tip, ...]:
    said = [tuple(frame.say(float(one.values[i])) for one in lines) for i in range(len(frame.at))]
    known = [i for i in range(len(frame.at)) if isfinite(lines[0].values[i])]
    return _tips(
        frame,
        [
            (
                i,
                frame.dot(i, float(lines[0].values[i]), "crowd", 4),
                (
                    moment(int(frame.at[i])),
                    f"skill {said[i][0]}",
                    *([f"95% {said[i][1]} to {said[i][2]}"] if isfinite(lines[1].values[i]) else []),
                    f"{counts[i]} questions",
                ),
            )
            for i in known
        ],
    )


def _lead_lines(frame: _Frame, lead: _Lead, along: _Along, i: int) -> tuple[str, ...]:
    value, low, high = float(lead.values[i]), float(lead.low[i]), float(lead.high[i])
    said = along.tip.format(along.say(float(frame.at[i])))
    ahead = f"{cut(lead.names[value > 0], NAME_ROOM)} better by {frame.say(abs(value))}" if value else "no difference"
    band = () if np.isnan(low) or np.isnan(high) else (f"band {frame.say(low)} to {frame.say(high)}",)
    return (said, ahead, *band)


def _tips(frame: _Frame, told: Sequence[tuple[int, tuple[Dot, ...], tuple[str, ...]]]) -> tuple[Tip, ...]:
    """Up to 24 of the points, evenly chosen, each the strip of the box that is nearest to it."""
    chosen = [told[i] for i in spaced(len(told), MOST_TIPS)]
    places = frame.along.places([float(frame.at[i]) for i, _, _ in chosen])
    hits = strips(places, frame.box) if places else []
    return tuple(
        tip_at(hit, dots, x, frame.box, lines) for (_, dots, lines), x, hit in zip(chosen, places, hits, strict=True)
    )


def _curve_table(caption: str, head: str, say: Say, frame: _Frame, lines: Sequence[_Line]) -> Table:
    rows = tuple(
        (say(float(x)), *(or_dash(frame.say, float(one.values[i])) for one in lines)) for i, x in enumerate(frame.at)
    )
    return Table(caption, (head, *(one.label for one in lines)), rows)


def _plot(heading: Heading, frame: _Frame, *, legend: tuple[Key, ...], table: Table, empty: str) -> Plot:
    return Plot(
        heading=heading,
        height=frame.box.bottom + 2 * LINE + 14,
        box=frame.box,
        x_ticks=along_ticks(frame.x_axis, frame.along, frame.box),
        y_ticks=up_ticks(frame.y_axis, frame.up),
        legend=() if empty else legend,
        table=table,
        empty=empty,
    )


# Histograms


def pit(
    heading: Heading,
    heights: Vector,
    expected: npt.ArrayLike = float("nan"),
    band: Band | None = None,
    *,
    empty: str = "No resolved questions yet",
) -> Histogram:
    """How often the truth fell into each equal part of a forecaster's distributions, with what was to be expected.

    heights   (m,) how many truths fell into each part, from the lowest to the highest
    expected  how many were to be expected, one number or (m,)
    band      from where to where chance alone takes nine in ten, likewise

    Level where the distributions are calibrated, high at both ends where they are too narrow, in the middle where they
    are too wide.
    """
    edges = np.linspace(0, 1, len(heights) + 1)
    low, high = band if band is not None else (np.nan, np.nan)
    level, below, above = (
        np.broadcast_to(np.asarray(one, dtype=float), heights.shape) for one in (expected, low, high)
    )
    bins = _bins(edges, np.asarray(heights, dtype=float), level, below, above)
    names = ("↑ questions", "where the truth fell →")
    return _histogram(heading, bins, names, ("Part of the forecast", "Questions", "question"), empty)


def sharpness(
    heading: Heading,
    counts: npt.ArrayLike,
    edges: npt.ArrayLike,
    *,
    empty: str = "No forecasts yet",
) -> Histogram:
    """How many forecasts were made at each probability: sharp ones stand at the ends.

    counts  (m,) how many lie in each bin
    edges   (m + 1,) the bins' edges, 0 to 1
    """
    heights, places = np.asarray(counts, dtype=float), np.asarray(edges, dtype=float)
    if len(heights) and len(places) != len(heights) + 1:
        raise ValueError(f"{len(heights)} bins have {len(heights) + 1} edges, not {len(places)}.")
    nothing = np.full(len(heights), np.nan)
    bins = _bins(places[: len(heights) + 1], heights, nothing, nothing, nothing)
    return _histogram(heading, bins, ("↑ forecasts", "probability →"), ("Probability", "Forecasts", "forecast"), empty)


@dataclass(frozen=True)
class _Bins:
    """Counts between edges, with what was expected of each and the band about that."""

    edges: Vector
    counts: Vector
    expected: Vector
    low: Vector
    high: Vector


def _bins(edges: Vector, counts: Vector, expected: Vector, low: Vector, high: Vector) -> _Bins:
    """Neighbours taken together where there are too many to see; a band about each says nothing of their sum."""
    every = -(-len(counts) // MOST_BARS)
    if every <= 1:
        return _Bins(edges, counts, expected, low, high)
    starts = np.arange(0, len(counts), every)
    nothing = np.full(len(starts), np.nan)
    counted, expected = (np.add.reduceat(np.nan_to_num(one), starts) for one in (counts, expected))
    return _Bins(np.append(edges[starts], edges[-1]), counted, expected, nothing, nothing)


def _histogram(heading: Heading, bins: _Bins, names: Names, words: tuple[str, str, str], empty: str) -> Histogram:
    frame = _frame(PERCENTS, _count_axis(bins), bins.edges[:-1])
    known = bool(np.nansum(bins.counts) > 0)
    edges, up = frame.along.places(bins.edges), frame.up
    band = band_path(edges[:-1], up.places(bins.low), up.places(bins.high), edges[-1]) if len(bins.counts) else ""
    level = step_path(edges[:-1], up.places(bins.expected), edges[-1]) if len(bins.counts) else ""
    columns = [
        column(left, right, frame.box.bottom, max(round(frame.box.bottom - up.place(count), 1), 1.0))
        for (left, right), count in zip(pairwise(edges), bins.counts, strict=len(bins.counts) > 0)
        if count > 0
    ]
    return Histogram(
        plot=_plot(
            heading,
            frame,
            legend=_histogram_legend(words[1], bool(level), bool(band)),
            table=_histogram_table(heading.title, bins, words, frame.say),
            empty="" if known else empty,
        ),
        bars=tuple(columns),
        bands=(Line(band, "muted"),) if band else (),
        expected=Line(level, "curve"),
        names=_names(frame.box, *names),
        tips=_histogram_tips(frame, bins, edges, words) if known else (),
    )


def _count_axis(bins: _Bins) -> tuple[Axis, Say]:
    counted = bins.counts[np.isfinite(bins.counts)]
    return number_axis(bins.counts, bins.expected, bins.high, whole=bool((counted == np.round(counted)).all()))


def _histogram_legend(counted: str, has_level: bool, has_band: bool) -> tuple[Key, ...]:
    if not has_level:
        return ()
    keys = (Key("bar", "crowd", 1, counted.lower()), Key("line", "curve", 1, "expected"))
    return (*keys, Key("band", "muted", 1, "90% by chance alone")) if has_band else keys


def _histogram_table(title: str, bins: _Bins, words: tuple[str, str, str], say: Say) -> Table:
    """A row a bin: its count, and what was expected where that is known, else its share of all."""
    total = float(np.nansum(bins.counts))
    has_level, has_band = np.isfinite(bins.expected).any(), np.isfinite(bins.low).any()
    head = [words[0], words[1], "Expected" if has_level else "Share", *(["90% from", "to"] if has_band else [])]
    rows = []
    for i, (left, right) in enumerate(pairwise(bins.edges)):
        count = float(bins.counts[i])
        third = or_dash(_tenths, float(bins.expected[i])) if has_level else or_dash(percent, count / (total or 1))
        band = [or_dash(_tenths, float(one[i])) for one in (bins.low, bins.high)] if has_band else []
        rows.append((_between(left, right), or_dash(say, count), third, *band))
    return Table(title, tuple(head), tuple(rows))


def _tenths(count: float) -> str:
    return written(count, 1).removesuffix(".0")


def _between(left: float, right: float) -> str:
    return f"{percent(float(left))} to {percent(float(right))}"


def _histogram_tips(frame: _Frame, bins: _Bins, edges: Sequence[float], words: tuple[str, str, str]) -> tuple[Tip, ...]:
    """One a bar: its whole column answers."""
    tips = []
    for i, (left, right) in enumerate(pairwise(edges)):
        if not np.isfinite(bins.counts[i]):
            continue
        x = round((left + right) / 2, 1)
        hit = Bar(left, frame.box.top, round(right - left, 1), frame.box.height)
        tips.append(
            tip_at(
                hit,
                (Dot(x, frame.up.place(float(bins.counts[i])), 4, "crowd"),),
                x,
                frame.box,
                _told(bins, i, words[2], frame.say),
            )
        )
    return tuple(tips)


def _told(bins: _Bins, i: int, unit: str, say: Say) -> tuple[str, ...]:
    count = float(bins.counts[i])
    lines = [_between(bins.edges[i], bins.edges[i + 1]), f"{say(count)} {unit}{'s' * (count != 1)}"]
    if np.isfinite(bins.expected[i]):
        lines.append(f"expected {_tenths(float(bins.expected[i]))}")
    if np.isfinite(bins.low[i]) and np.isfinite(bins.high[i]):
        lines.append(f"by chance {_tenths(float(bins.low[i]))} to {_tenths(float(bins.high[i]))}")
    return tuple(lines)


# Score receipts


def receipt(
    heading: Heading,
    own: Steps,
    others: Steps,
    window: Window,
    *,
    marks: Sequence[Mark] = (),
    empty: str = "No score yet",
) -> Receipt:
    """One's own loss and the others' mean loss over time, and between them what is gained (own is lower) and lost.

    own, others  each value a loss from its time on, NaN where none stood; up to 60 changes of one's own get a dot each
    """
    axis = number_axis(own.values, others.values)
    flags, rows = place_marks(marks, window, room_left(axis[0]))
    top = 12 + (1 + rows) * LINE
    box = Box(room_left(axis[0]), top, WIDTH - 12, top + 180)
    account = _account(own, others, window, axis, box)
    gain, loss = _areas(account)
    return Receipt(
        plot=_receipt_plot(heading, account, empty),
        gain=gain,
        loss=loss,
        lines=_receipt_lines(account),
        dots=_changes(account),
        flags=tuple(replace(flag, label=replace(flag.label, y=flag.label.y + LINE)) for flag in flags),
        names=(Label(2, LINE - 3, "start", "↑ loss, lower is better"),),
        tips=_receipt_tips(account),
    )


@dataclass(frozen=True)
class _Account:
    """What stood inside the window, and both losses at each moment at which either changed."""

    own: Steps
    others: Steps
    at: Times
    mine: Vector
    theirs: Vector
    window: Window
    axis: Axis
    say: Say
    box: Box
    left_out: int

    @property
    def along(self) -> Scale:
        return Scale(self.window.opens, self.window.closes, self.box.left, self.box.right)

    @property
    def up(self) -> Scale:
        return Scale(self.axis.low, self.axis.high, self.box.bottom, self.box.top)

    @property
    def end(self) -> float:
        return self.along.place(self.window.until)

    @property
    def is_empty(self) -> bool:
        return not np.isfinite([*self.mine, *self.theirs]).any()


def _account(own: Steps, others: Steps, window: Window, axis: tuple[Axis, Say], box: Box) -> _Account:
    all_own, all_others = within(own, window), within(others, window)
    changes = np.union1d(all_own.times, all_others.times)
    at = changes[thin(changes)]
    mine, theirs = _stood(all_own, at), _stood(all_others, at)
    left_out = len(changes) - len(at)
    return _Account(fewer(all_own), fewer(all_others), at, mine, theirs, window, *axis, box, left_out)


def _stood(one: Steps, at: Times) -> Vector:
    """What stood at each of these times, NaN before the first."""
    last = np.searchsorted(one.times, at, side="right")
    return np.append(np.nan, one.values)[last]


def _areas(account: _Account) -> tuple[str, str]:
    """Between the two lines: where one's own is the lower, and where it is the higher."""
    xs, mine, theirs = account.along.places(account.at), account.mine, account.theirs
    areas = []
    for where in (mine < theirs, mine > theirs):
        low, high = (account.up.places(np.where(where, one, np.nan)) for one in (mine, theirs))
        areas.append(band_path(xs, low, high, account.end))
    return areas[0], areas[1]


def _receipt_lines(account: _Account) -> tuple[Line, ...]:
    """The others below one's own."""
    along, up, end = account.along, account.up, account.end
    pairs = [(account.others, "crowd", 2), (account.own, "own", 1)]
    drawn = [
        Line(step_path(along.places(one.times), up.places(one.values), end), tone, dash) for one, tone, dash in pairs
    ]
    return tuple(line for line in drawn if line.path)


def _changes(account: _Account) -> tuple[Dot, ...]:
    """A dot at each of one's own changes, unless they are so many that only dots would be seen."""
    if len(account.own.times) > MOST_DOTS:
        return ()
    places = zip(account.along.places(account.own.times), account.up.places(account.own.values), strict=True)
    return tuple(Dot(x, y, 3.5, "own") for x, y in places if np.isfinite(y))


def _receipt_tips(account: _Account) -> tuple[Tip, ...]:
    known = np.flatnonzero(np.isfinite(account.mine) | np.isfinite(account.theirs))
    chosen = [int(known[i]) for i in spaced(len(known), MOST_TIPS)]
    places = account.along.places(account.at[chosen])
    hits = strips(places, account.box) if places else []
    return tuple(
        tip_at(hit, _both(account, i, x), x, account.box, _receipt_words(account, i))
        for i, x, hit in zip(chosen, places, hits, strict=True)
    )


def _both(account: _Account, i: int, x: float) -> tuple[Dot, ...]:
    values = ((account.theirs[i], "crowd"), (account.mine[i], "own"))
    return tuple(Dot(x, account.up.place(float(value)), 4, tone) for value, tone in values if np.isfinite(value))


def _receipt_words(account: _Account, i: int) -> tuple[str, ...]:
    lines = [moment(int(account.at[i]))]
    for one, value in ((account.own, account.mine[i]), (account.others, account.theirs[i])):
        lines += [f"{cut(one.label, NAME_ROOM)} {account.say(float(value))}"] if np.isfinite(value) else []
    return (*lines, ahead) if (ahead := _ahead(account, i)) else tuple(lines)


def _ahead(account: _Account, i: int) -> str:
    """In words, so that no colour is needed to tell a gain from a loss."""
    difference = float(account.theirs[i]) - float(account.mine[i])
    if not isfinite(difference):
        return ""
    if difference == 0:
        return "even"
    return f"{'gaining' if difference > 0 else 'losing'} {account.say(abs(difference))}"


def _receipt_plot(heading: Heading, account: _Account, empty: str) -> Plot:
    own, others = account.own.label, account.others.label
    keys = (
        Key("own" if _changes(account) else "line", "own", 1, own),
        Key("line", "crowd", 2, others),
        Key("gain", "gain", 1, "gained"),
        Key("loss", "loss", 1, "lost"),
    )
    return Plot(
        heading=heading,
        height=account.box.bottom + 44,
        box=account.box,
        x_ticks=time_ticks(account.window, account.along),
        y_ticks=up_ticks(account.axis, account.up),
        legend=() if account.is_empty else keys,
        table=_receipt_table(heading.title, account),
        empty=empty if account.is_empty else "",
    )


def _receipt_table(title: str, account: _Account) -> Table:
    caption = f"{title}. Both losses after each change; lower is better."
    if account.left_out:
        caption += f" {len(account.at):,} of {len(account.at) + account.left_out:,} changes are listed."
    rows = tuple(
        (
            moment(int(time)),
            or_dash(account.say, float(account.mine[i])),
            or_dash(account.say, float(account.theirs[i])),
            _ahead(account, i) or "–",
        )
        for i, time in enumerate(account.at)
    )
    return Table(caption, ("From", account.own.label, account.others.label, "Difference"), rows)
