"""Charts as plain numbers: each function gives a frozen dataclass of places and paths that _charts.html draws.

Places are in the units of a drawing 480 wide, which the browser stretches to the page. The text on it is largest,
in these units, on a telephone (see charts.css), so room for words is measured there and is ample everywhere else.
Times are microseconds since 1970 UTC; values are in the units of their Axis.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from questions.shape import Axis, Series, Shape, Vector

Times = npt.NDArray[np.int64]
Indices = npt.NDArray[np.intp]
Say = Callable[[float], str]

WIDTH = 480.0
CHARACTER = 8.6
LINE = 19.0
MOST_POINTS = 300
MOST_TIPS = 24
MOST_LINES_IN_A_TIP = 6
MOST_BANDS = 3
MOST_BIN_ROWS = 40
TONES = 8


# What the charts are made from


@dataclass(frozen=True)
class Heading:
    """What a chart is called. `key` begins the ids of its elements, so it differs between the charts of one page."""

    key: str
    title: str
    description: str = ""


@dataclass(frozen=True)
class Window:
    """When a question is asked. `now` is where what stands ends: the present, or when the outcome became known."""

    opens: int
    closes: int
    now: int

    @property
    def until(self) -> int:
        return max(self.opens, min(self.now, self.closes))


@dataclass(frozen=True)
class Steps:
    """What one person said over time: each value held until the next, NaN once withdrawn."""

    label: str
    times: Times
    values: Vector


@dataclass(frozen=True)
class Mark:
    """A moment worth a line of its own, such as “closes 31 Dec”."""

    time: int
    label: str


@dataclass(frozen=True)
class Spread:
    """A distribution over bins in order: the mass in each, and what lies beyond the range on either side."""

    label: str
    edges: Vector
    masses: Vector
    below: float = 0.0
    above: float = 0.0


@dataclass(frozen=True)
class Quantile:
    """Where a share of a distribution is reached: “25%” at `value`, which reads `text`."""

    share: str
    value: float
    text: str


@dataclass(frozen=True)
class Outcome:
    """Where on the axis the truth fell, and what to write there."""

    value: float
    label: str


@dataclass(frozen=True)
class Choice:
    """One outcome of a choice: the crowd's share and mine, None where there is none."""

    label: str
    crowd: float | None
    mine: float | None = None
    happened: bool = False


@dataclass(frozen=True)
class Bin:
    """The forecasts from `low` to `high`: their mean, the share of them that came true, and how many they are.

    band       from where to where that share may lie by chance alone; None where that is not known
    href       the page that lists these forecasts; "" where there is none
    questions  on how many questions they are; None where that is not known
    """

    low: float
    high: float
    forecast: float
    happened: float
    count: int
    band: tuple[float, float] | None = None
    href: str = ""
    questions: int | None = None


@dataclass(frozen=True)
class Curve:
    """A line through shares: the forecast along, how often it happened up, and a band about it where one is known.

    lower, upper  (n,) the band's edges over each forecast; NaN where there is none
    """

    forecast: Vector
    happened: Vector
    lower: Vector | None = None
    upper: Vector | None = None


# What the charts are


@dataclass(frozen=True)
class Box:
    """The part of a drawing that holds the data; words stand round it."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return round(self.right - self.left, 1)

    @property
    def height(self) -> float:
        return round(self.bottom - self.top, 1)


@dataclass(frozen=True)
class Label:
    """A word at a place; `anchor` says which of its ends is there."""

    x: float
    y: float
    anchor: str
    text: str


@dataclass(frozen=True)
class Tick:
    """A labelled place along an axis; `under` is a second line, such as the year."""

    place: float
    label: str
    anchor: str = "middle"
    under: str = ""


@dataclass(frozen=True)
class Dot:
    """A disc."""

    x: float
    y: float
    radius: float
    tone: str


@dataclass(frozen=True)
class Line:
    """A line, or the outline of what is filled; `dash` tells lines of one tone apart."""

    path: str
    tone: str
    dash: int = 1


@dataclass(frozen=True)
class Flag:
    """An upright line with a label above the box."""

    x: float
    label: Label


@dataclass(frozen=True)
class Bar:
    """An upright box."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Tip:
    """A place that answers to pointer and keyboard; with `href` it leads to that page.

    `shift` moves the first of its lines, in heights of the text.
    """

    hit: Bar
    dots: tuple[Dot, ...]
    label: Label
    shift: float
    lines: tuple[str, ...]
    href: str = ""


@dataclass(frozen=True)
class Key:
    """One entry of a legend: how it is drawn (line, own, band, area, dots, bar, gain or loss), and what it is."""

    form: str
    tone: str
    dash: int
    label: str


@dataclass(frozen=True)
class Table:
    """The numbers behind a chart, as text. `links` holds a page for each row, or nothing."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plot:
    """What every large chart has."""

    heading: Heading
    height: float
    box: Box
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    legend: tuple[Key, ...]
    table: Table
    empty: str
    width: float = WIDTH


@dataclass(frozen=True)
class Sparkline:
    """The crowd in a row of the desk; without a path nobody has forecast."""

    key: str
    label: str
    path: str
    dot: Dot | None
    base: float
    box: Box
    width: float = 120.0
    height: float = 28.0


@dataclass(frozen=True)
class History:
    """The crowd over time, with its middle half and one's own steps."""

    plot: Plot
    bands: tuple[Line, ...]
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...]
    flags: tuple[Flag, ...]
    tips: tuple[Tip, ...]


@dataclass(frozen=True)
class Density:
    """Distributions over ordered outcomes, with the quantiles of the first and where the truth fell."""

    plot: Plot
    lines: tuple[Line, ...]
    quantiles: tuple[Flag, ...]
    outcome: Flag | None
    tails: tuple[Label, ...]
    listed: tuple[Quantile, ...]
    tips: tuple[Tip, ...]


@dataclass(frozen=True)
class ChoiceBar:
    """A row of a bar chart, its lengths in percent; None where there is no forecast."""

    label: str
    crowd: float | None
    mine: float | None
    crowd_text: str
    mine_text: str
    happened: bool


@dataclass(frozen=True)
class Bars:
    """A choice's distribution. It is drawn inside its own table, so long names of outcomes wrap and are never cut."""

    heading: Heading
    with_mine: bool
    rows: tuple[ChoiceBar, ...]


@dataclass(frozen=True)
class Reliability:
    """How often what was called so likely happened: dots, the pooled curve, and how many there were in each bin."""

    plot: Plot
    bands: tuple[Line, ...]
    diagonal: Line
    curve: Line
    dots: tuple[Dot, ...]
    names: tuple[Label, ...]
    bars: tuple[Bar, ...]
    counts: tuple[Label, ...]
    floor: float
    tips: tuple[Tip, ...]


# Places


@dataclass(frozen=True)
class Scale:
    """Puts values from low..high at start..end; what lies beyond an end, ±inf too, is put at that end. NaN stays."""

    low: float
    high: float
    start: float
    end: float

    def places(self, values: npt.ArrayLike) -> list[float]:
        share = (np.asarray(values, dtype=float) - self.low) / ((self.high - self.low) or 1.0)
        return [float(place) for place in np.round(self.start + np.clip(share, 0, 1) * (self.end - self.start), 1)]

    def place(self, value: float) -> float:
        return self.places([value])[0]


def percent(share: float) -> str:
    """A share as people write it: 37%, 37.5%, and “under 0.1%” rather than a 0 that is not one.

    >>> percent(0.37), percent(0.375), percent(0.0004), percent(0.0)
    ('37%', '37.5%', 'under 0.1%', '0%')
    """
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.999 < share < 1:
        return "over 99.9%"
    return f"{share * 100:.1f}".removesuffix(".0") + "%"


def moment(time: int) -> str:
    """A time in words.

    >>> moment(1_772_546_400_000_000)
    '3 Mar 2026, 14:00 UTC'
    """
    when = _datetime(time)
    return f"{when.day} {when:%b %Y, %H:%M} UTC"


def _datetime(time: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(time))


# Paths


def step_path(xs: Sequence[float], ys: Sequence[float], end: float) -> str:
    """Each height holds until the next place, the last until `end`; NaN is a gap.

    >>> step_path([0, 10, 20], [5, 8, float("nan")], 30)
    'M0 5H10V8H20'
    """
    return "".join(f"M{tenth(edges[0])} {_steps(edges, ys[run])}" for run, edges in _runs(xs, ys, end))


def band_path(xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], end: float) -> str:
    """The area between two stepped lines: along the one, back along the other.

    >>> band_path([0, 10], [9, 8], [5, 6], 20)
    'M0 5H10V6H20V8H10V9H0Z'
    """
    parts = []
    for run, edges in _runs(xs, [low + high for low, high in zip(lows, highs, strict=True)], end):
        back = _steps(edges[::-1], lows[run][::-1])
        parts.append(f"M{tenth(edges[0])} {_steps(edges, highs[run])}V{back}Z")
    return "".join(parts)


def _runs(xs: Sequence[float], ys: Sequence[float], end: float) -> Iterator[tuple[slice, list[float]]]:
    """Each unbroken stretch of heights, with the edges of its steps."""
    known = np.concatenate(([False], np.isfinite(ys), [False]))
    bounds = [int(bound) for bound in np.flatnonzero(known[1:] != known[:-1])]
    edges = [*xs, end]
    for first, stop in zip(bounds[::2], bounds[1::2], strict=True):
        yield slice(first, stop), edges[first : stop + 1]


def _steps(edges: Sequence[float], heights: Sequence[float]) -> str:
    return "V".join(f"{tenth(height)}H{tenth(edge)}" for height, edge in zip(heights, edges[1:], strict=True))


def polyline(xs: Sequence[float], ys: Sequence[float]) -> str:
    """A line straight from place to place; NaN is a gap.

    >>> polyline([0, 10, 20, 30], [5, 8, float("nan"), 2])
    'M0 5L10 8M30 2'
    """
    return "".join(f"M{_joined(list(xs[run]), list(ys[run]))}" for run, _ in _runs(xs, ys, 0))


def ribbon_path(xs: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> str:
    """The area between two lines that go straight from place to place: along the one, back along the other.

    >>> ribbon_path([0, 10], [9, 8], [5, 6])
    'M0 5L10 6L10 8L0 9Z'
    """
    parts = []
    for run, _ in _runs(xs, [low + high for low, high in zip(lows, highs, strict=True)], 0):
        there, back = list(xs[run]), list(xs[run])[::-1]
        parts.append(f"M{_joined(there + back, [*highs[run], *lows[run][::-1]])}Z")
    return "".join(parts)


def _joined(xs: Sequence[float], ys: Sequence[float]) -> str:
    return "L".join(f"{tenth(x)} {tenth(y)}" for x, y in zip(xs, ys, strict=True))


def tenth(number: float) -> str:
    """A place as it is written in a path: to tenths, whole ones without a point."""
    return f"{number:.1f}".removesuffix(".0")


# Words that do not run into each other


def measure(text: str) -> float:
    """How wide a text is at most, on a telephone."""
    return len(text) * CHARACTER


def extent(label: Label) -> tuple[float, float]:
    """From where to where a label reaches."""
    width = measure(label.text)
    start = label.x - {"start": 0.0, "middle": width / 2, "end": width}[label.anchor]
    return start, start + width


def beside(x: float, y: float, text: str, left: float, right: float) -> Label:
    """A label over its place, or to one side of it near an edge; one too long for every side starts at the left."""
    width = measure(text)
    if x - width / 2 >= left and x + width / 2 <= right:
        return Label(x, y, "middle", text)
    if x + width <= right:
        return Label(x, y, "start", text)
    if x - width >= left:
        return Label(x, y, "end", text)
    return Label(left, y, "start", cut(text, right - left))


def cut(text: str, width: float) -> str:
    """As much of a text as has room, with an ellipsis for the rest."""
    room = int(width / CHARACTER)
    return text if len(text) <= room else text[: room - 1] + "…"


def stack(labels: Iterable[Label]) -> list[int]:
    """A row for each label, the lowest where it meets none that was placed before it."""
    rows: list[list[tuple[float, float]]] = []
    chosen = []
    for label in labels:
        start, end = extent(label)
        free = (i for i, row in enumerate(rows) if all(end + 14 <= a or b + 14 <= start for a, b in row))
        row = next(free, len(rows))
        rows[row:] = rows[row:] or [[]]
        rows[row].append((start, end))
        chosen.append(row)
    return chosen


def _axis_ticks(axis: Axis, scale: Scale, gap: float) -> list[tuple[float, str]]:
    """The axis's own ticks at their places; every second, third, .. where they stand closer than `gap`."""
    inside = [(scale.place(value), label) for value, label in axis.ticks if axis.low <= value <= axis.high]
    for every in range(1, len(inside)):
        kept = inside[::every]
        if all(abs(b[0] - a[0]) >= gap for a, b in pairwise(kept)):
            return kept
    return inside[:1]


def up_ticks(axis: Axis, scale: Scale) -> tuple[Tick, ...]:
    """The labels of an upright axis, as many as there is room for."""
    room = room_left(axis) - 8
    return tuple(Tick(place, cut(label, room), "end") for place, label in _axis_ticks(axis, scale, LINE))


def along_ticks(axis: Axis, scale: Scale, box: Box) -> tuple[Tick, ...]:
    """The labels of a level axis, as many as there is room for."""
    widest = max((measure(label) for _, label in axis.ticks), default=0.0)
    # A label at an edge stands beside its place, hence half as much room again.
    found = _axis_ticks(axis, scale, 1.5 * widest + 6)
    labels = [beside(place, 0, label, box.left, WIDTH - 2) for place, label in found]
    return tuple(Tick(label.x, label.text, label.anchor) for label in labels)


# Times along an axis

_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_MONTH = 30 * _DAY
# 1970 began on a Thursday; counted from its first Monday, weeks begin on Mondays.
_MONDAY = 4 * _DAY
_STRIDES = (
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 4, 7, 14)),
    *(n * _MONTH for n in (1, 2, 3, 6)),
    *(12 * n * _MONTH for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
)


def time_ticks(window: Window, scale: Scale) -> tuple[Tick, ...]:
    """Round times of the calendar, as many as there is room for, the day or year under them where it changes."""
    for stride in _STRIDES:
        if (window.closes - window.opens) / stride > WIDTH / 40:
            continue
        times = _round_times(window.opens, window.closes, stride)
        places = scale.places(times)
        # A label at an edge stands beside its place, hence half as much room again.
        room = 6 + 1.5 * max((measure(part) for time in times for part in _name_time(time, stride)), default=0)
        if all(b - a >= room for a, b in pairwise(places)):
            return _dated(times, places, stride, scale)
    return ()


def _round_times(low: int, high: int, stride: int) -> list[int]:
    if stride < _MONTH:
        return list(range(-(-(low - _MONDAY) // stride) * stride + _MONDAY, high + 1, stride))
    months = stride // _MONTH
    begin, end = _datetime(low), _datetime(high)
    found = [_month_start(n) for n in range(begin.year * 12, end.year * 12 + 12) if n % months == 0]
    return [time for time in found if low <= time <= high]


def _month_start(number: int) -> int:
    start = datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _dated(times: Sequence[int], places: Sequence[float], stride: int, scale: Scale) -> tuple[Tick, ...]:
    ticks: list[Tick] = []
    before = ""
    for time, place in zip(times, places, strict=True):
        text, under = _name_time(time, stride)
        label = beside(place, 0, text, scale.start, WIDTH - 2)
        ticks.append(Tick(place, text, label.anchor, "" if under == before else under))
        before = under
    return tuple(ticks)


def _name_time(time: int, stride: int) -> tuple[str, str]:
    when = _datetime(time)
    if stride < _DAY:
        return f"{when:%H:%M}", f"{when.day} {when:%b}"
    if stride < _MONTH:
        return f"{when.day} {when:%b}", str(when.year)
    if stride < 12 * _MONTH:
        return f"{when:%b}", str(when.year)
    return str(when.year), ""


# Fewer points


def thin(times: Times, limit: int = MOST_POINTS) -> Indices:
    """The points worth drawing: all up to the limit, else the first, and the last of each equal stretch of time.

    What is left is exact where it stands; what goes is narrower than a line's width.
    """
    if len(times) <= limit:
        return np.arange(len(times))
    share = (times - times[0]) / max(int(times[-1] - times[0]), 1)
    stretch = np.minimum((share * (limit - 1)).astype(np.int64), limit - 2)
    ends = np.append(stretch[1:] != stretch[:-1], True)
    return np.union1d([0], np.flatnonzero(ends)).astype(np.intp)


def spaced(count: int, limit: int) -> list[int]:
    """Up to `limit` of `count` places in order, evenly, both ends among them."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, limit)).tolist()})


def _inside(times: Times, window: Window) -> slice:
    """The points that say what stood in the window: from the last at or before its opening."""
    first = max(int(np.searchsorted(times, window.opens, side="right")) - 1, 0)
    return slice(first, int(np.searchsorted(times, window.until, side="right")))


def standing(times: Times, values: Vector, at: int) -> float:
    """The value that stood at a time; NaN before the first."""
    index = int(np.searchsorted(times, at, side="right")) - 1
    return float(values[index]) if index >= 0 else float("nan")


# Sparkline


def sparkline(key: str, series: Series, times: Times, axis: Axis, window: Window, label: str = "") -> Sparkline:
    """The crowd's value over the whole window, so that what is still to come stays empty. `label` is read aloud."""
    box = Box(3, 4, 117, 24)
    along = Scale(window.opens, window.closes, box.left, box.right)
    up = Scale(axis.low, axis.high, box.bottom, box.top)
    part = _inside(times, window)
    kept = thin(times[part], 60)
    xs, ys = along.places(times[part][kept]), up.places(series.middle[part][kept])
    end = along.place(window.until)
    path = step_path(xs, ys, end)
    dot = Dot(end, ys[-1], 2.5, "crowd") if ys and np.isfinite(ys[-1]) else None
    return Sparkline(key, (label or series.label) if path else "no forecasts", path, dot, box.bottom + 2, box)


# History


@dataclass(frozen=True)
class _Past:
    """The crowd's history inside the window, thinned, and the scales it is drawn on."""

    series: tuple[Series, ...]
    times: Times
    counts: npt.NDArray[np.int64]
    own: tuple[Steps, ...]
    window: Window
    along: Scale
    up: Scale
    left_out: int

    @property
    def end(self) -> float:
        return self.along.place(self.window.until)

    @property
    def is_empty(self) -> bool:
        lines = [*(s.middle for s in self.series), *(o.values for o in self.own)]
        return all(np.isnan(line).all() for line in lines)


def history(
    heading: Heading,
    series: Sequence[Series],
    times: Times,
    counts: npt.NDArray[np.int64],
    axis: Axis,
    window: Window,
    say: Say,
    *,
    own: Sequence[Steps] = (),
    marks: Sequence[Mark] = (),
) -> History:
    """What the crowd said over time: its middle, the half in the middle, one's own steps, and moments marked.

    times   (n,) when the crowd changed, in order; shared by all series
    counts  (n,) how many forecasts stood from then on
    say     writes a value of the axis as a person reads it
    """
    flags, rows = place_marks(marks, window, room_left(axis))
    box = wide_box(room_left(axis), rows)
    past = _past(series, times, counts, own, window, axis, box)
    plot = _history_plot(heading, box, past, axis, say)
    return History(plot, _bands(past), _lines(past), _ends(past), flags, _history_tips(past, box, say))


def room_left(axis: Axis) -> float:
    """Room for the words of an upright axis, and at least for “UTC” in the corner below them."""
    return min(max([measure(label) for _, label in axis.ticks] + [measure("100%")]) + 17, WIDTH / 3)


def wide_box(left: float, rows: int) -> Box:
    """The box of a chart as wide as its drawing, under so many rows of words."""
    top = 8 + rows * LINE
    return Box(left, top, WIDTH - 12, top + 200)


def place_marks(marks: Sequence[Mark], window: Window, left: float) -> tuple[tuple[Flag, ...], int]:
    """Marks inside the window with labels stacked above the box, and how many rows these take."""
    along = Scale(window.opens, window.closes, left, WIDTH - 12)
    shown = sorted((m for m in marks if window.opens <= m.time <= window.closes), key=lambda mark: mark.time)
    flat = [(along.place(mark.time), beside(along.place(mark.time), 0, mark.label, 2, WIDTH - 2)) for mark in shown]
    rows = stack(label for _, label in flat)
    high = max(rows, default=-1) + 1
    placed = [
        Flag(x, Label(label.x, 3 + (high - row) * LINE, label.anchor, label.text))
        for (x, label), row in zip(flat, rows, strict=True)
    ]
    return tuple(placed), high


def _past(
    series: Sequence[Series],
    times: Times,
    counts: npt.NDArray[np.int64],
    own: Sequence[Steps],
    window: Window,
    axis: Axis,
    box: Box,
) -> _Past:
    part = _inside(times, window)
    kept = thin(times[part]) + part.start
    along = Scale(window.opens, window.closes, box.left, box.right)
    up = Scale(axis.low, axis.high, box.bottom, box.top)
    lines = tuple(Series(s.label, s.middle[kept], s.lower[kept], s.upper[kept]) for s in series)
    mine = tuple(fewer(within(one, window)) for one in own)
    seen = np.maximum(times[kept], window.opens)
    return _Past(lines, seen, counts[kept], mine, window, along, up, len(times[part]) - len(kept))


def within(one: Steps, window: Window) -> Steps:
    """What of somebody's steps stood inside the window; what was said earlier counts from its opening."""
    part = _inside(one.times, window)
    return Steps(one.label, np.maximum(one.times[part], window.opens), one.values[part])


def fewer(one: Steps) -> Steps:
    """The steps worth drawing."""
    kept = thin(one.times)
    return Steps(one.label, one.times[kept], one.values[kept])


def _tone(index: int, of: int) -> tuple[str, int]:
    """The colour and the dash of one of several lines; past eight the pairing shifts, so that no two are alike."""
    return ("crowd", 1) if of == 1 else (str(index % TONES + 1), (index + index // TONES) % TONES + 1)


def _lines(past: _Past) -> tuple[Line, ...]:
    xs = past.along.places(past.times)
    lines = [
        Line(step_path(xs, past.up.places(s.middle), past.end), *_tone(i, len(past.series)))
        for i, s in enumerate(past.series)
    ]
    own = [Line(step_path(past.along.places(o.times), past.up.places(o.values), past.end), "own", 2) for o in past.own]
    return (*lines, *own)


def _bands(past: _Past) -> tuple[Line, ...]:
    """The middle halves. Of more than three they would only make mud, and stay in the tips and the table."""
    if len(past.series) > MOST_BANDS:
        return ()
    xs = past.along.places(past.times)
    return tuple(
        Line(band_path(xs, past.up.places(s.lower), past.up.places(s.upper), past.end), _tone(i, len(past.series))[0])
        for i, s in enumerate(past.series)
    )


def _ends(past: _Past) -> tuple[Dot, ...]:
    """A dot where each line has got to, and one at each of one's own forecasts."""
    own = [
        Dot(x, y, 2.5, "own")
        for o in past.own
        for x, y in zip(past.along.places(o.times), past.up.places(o.values), strict=True)
        if np.isfinite(y)
    ]
    return (*_dots_at(past, past.window.until, 3.5), *own)


def _dots_at(past: _Past, time: int, radius: float) -> tuple[Dot, ...]:
    """A dot on each line that stands at a time."""
    lines = [(standing(past.times, s.middle, time), _tone(i, len(past.series))[0]) for i, s in enumerate(past.series)]
    lines += [(standing(o.times, o.values, time), "own") for o in past.own]
    x = past.along.place(time)
    return tuple(Dot(x, past.up.place(value), radius, tone) for value, tone in lines if not np.isnan(value))


def _history_tips(past: _Past, box: Box, say: Say) -> tuple[Tip, ...]:
    """Up to 24 of the times at which anything changed, evenly chosen, with what stood then."""
    if past.is_empty:
        return ()
    changes = np.unique(np.concatenate([past.times, *(o.times for o in past.own)]))
    chosen = [int(changes[i]) for i in spaced(len(changes), MOST_TIPS)]
    hits = strips([past.along.place(time) for time in chosen], box)
    return tuple(
        tip_at(hit, _dots_at(past, time, 4), past.along.place(time), box, _what_stood(past, time, say))
        for time, hit in zip(chosen, hits, strict=True)
    )


def strips(places: Sequence[float], box: Box, reach: float = WIDTH) -> list[Bar]:
    """For each place the upright strip nearer to it than to its neighbours, no further from it than `reach`."""
    middles = [box.left, *((a + b) / 2 for a, b in pairwise(places)), box.right]
    strips = [(max(a, x - reach), min(b, x + reach)) for x, (a, b) in zip(places, pairwise(middles), strict=True)]
    return [Bar(round(a, 1), box.top, round(max(b - a, 0.0), 1), box.height) for a, b in strips]


def tip_at(hit: Bar, dots: tuple[Dot, ...], x: float, box: Box, lines: tuple[str, ...]) -> Tip:
    """Its words stand beside the place and in the box: above the highest dot where there is room, else below."""
    width, height = max(map(measure, lines)), len(lines) * LINE
    beside_it = max((dot.radius for dot in dots), default=4.0) + 4
    x_label, anchor = (x + beside_it, "start") if x + beside_it + width <= box.right else (x - beside_it, "end")
    if anchor == "end" and x_label - width < box.left:
        x_label, anchor = box.left + 2, "start"
    high = min((dot.y - dot.radius for dot in dots), default=box.bottom) - 4
    low = max((dot.y + dot.radius for dot in dots), default=box.top) + 2
    if high - height >= box.top:
        shift = round(-1.2 * (len(lines) - 1), 1)
        return Tip(hit, dots, Label(round(x_label, 1), round(high, 1), anchor, lines[0]), shift, lines)
    y = max(min(low, box.bottom - height), box.top)
    return Tip(hit, dots, Label(round(x_label, 1), round(y, 1), anchor, lines[0]), 1.0, lines)


def _what_stood(past: _Past, time: int, say: Say) -> tuple[str, ...]:
    """The lines of a tip: the time, each series from the highest down, one's own, and how many forecasts stood."""
    stood = [(standing(past.times, s.middle, time), s.label) for s in past.series]
    mine = [(standing(o.times, o.values, time), o.label) for o in past.own]
    known = sorted((pair for pair in stood if not np.isnan(pair[0])), key=lambda pair: -pair[0])
    own = [pair for pair in mine if not np.isnan(pair[0])][:MOST_LINES_IN_A_TIP]
    shown = known[: MOST_LINES_IN_A_TIP - len(own)]
    lines = [moment(time), *(f"{label} {say(value)}" for value, label in shown)]
    if len(known) > len(shown):
        lines.append(f"and {len(known) - len(shown)} more")
    if len(past.series) == len(shown) == 1:
        lines.append(_middle_half(past, time, say))
    lines += [f"{label} {say(value)}" for value, label in own]
    count = standing(past.times, past.counts.astype(np.float64), time)
    return tuple(lines) if np.isnan(count) else (*lines, say_forecasts(int(count)))


def _middle_half(past: _Past, time: int, say: Say) -> str:
    (only,) = past.series
    return f"half in {say(standing(past.times, only.lower, time))} to {say(standing(past.times, only.upper, time))}"


def say_forecasts(count: int, questions: int | None = None) -> str:
    """A number of forecasts in words, and on how many questions they are where that is known."""
    said = "1 forecast" if count == 1 else f"{count:,} forecasts"
    return said if questions is None else f"{said} on {questions:,} question{'' if questions == 1 else 's'}"


def _history_plot(heading: Heading, box: Box, past: _Past, axis: Axis, say: Say) -> Plot:
    return Plot(
        heading=heading,
        height=box.bottom + 44,
        box=box,
        x_ticks=time_ticks(past.window, past.along),
        y_ticks=up_ticks(axis, past.up),
        legend=_history_legend(past),
        table=_history_table(past, heading.title, say),
        empty="No forecasts" if past.is_empty else "",
    )


def _history_legend(past: _Past) -> tuple[Key, ...]:
    if past.is_empty:
        return ()
    keys = [Key("line", *_tone(i, len(past.series)), s.label) for i, s in enumerate(past.series)]
    if len(past.series) <= MOST_BANDS:
        keys.append(Key("band", "crowd" if len(past.series) == 1 else "all", 1, "middle half"))
    return (*keys, *(Key("own", "own", 2, o.label) for o in past.own))


def _history_table(past: _Past, title: str, say: Say) -> Table:
    """One row a change. A single series has its columns; of several each has one, the middle half in brackets."""
    caption = f"{title}. The crowd after each change."
    if past.left_out:
        caption += f" {len(past.times):,} of {len(past.times) + past.left_out:,} changes are listed."
    if len(past.series) == 1:
        head: tuple[str, ...] = ("Time", "Forecasts", "Median", "Middle half from", "to")
    else:
        head = ("Time", "Forecasts", *(s.label for s in past.series))
    return Table(caption, head, tuple(_history_row(past, i, say) for i in range(len(past.times))))


def _history_row(past: _Past, i: int, say: Say) -> tuple[str, ...]:
    start = (moment(int(past.times[i])), f"{int(past.counts[i]):,}")
    told = [[or_dash(say, float(line[i])) for line in (s.middle, s.lower, s.upper)] for s in past.series]
    if len(told) == 1:
        return (*start, *told[0])
    return (*start, *("–" if middle == "–" else f"{middle} ({low} to {high})" for middle, low, high in told))


def or_dash(say: Say, value: float) -> str:
    """A value in words, a dash for what is not there."""
    return "–" if np.isnan(value) else say(value)


# Density


def spread(label: str, vector: Vector, shape: Shape) -> Spread:
    """A forecast over an ordered question's outcomes, its open ends apart."""
    first, stop = int(shape.below), shape.size - int(shape.above)
    below, above = vector[:first].sum(), vector[stop:].sum()
    return Spread(label, shape.edges, vector[first:stop], float(below), float(above))


def density(
    heading: Heading,
    axis: Axis,
    spreads: Sequence[Spread],
    say: Say,
    *,
    quantiles: Sequence[Quantile] = (),
    outcome: Outcome | None = None,
    ends: tuple[str, str] = ("below the range", "above the range"),
) -> Density:
    """How one or two distributions lie along an axis: the first filled, with its quantiles, the second a line.

    Heights are mass per width on the axis, so edges and quantiles are in the axis's units.
    """
    flags, box = _density_box(quantiles, outcome, axis)
    along = Scale(axis.low, axis.high, box.left, box.right)
    return Density(
        _density_plot(heading, box, along, axis, spreads, _masses(heading.title, spreads, say, ends), ends),
        lines=_outlines(spreads, along, box),
        quantiles=flags,
        outcome=_outcome_flag(outcome, along),
        tails=_tails(spreads, box, ends),
        listed=tuple(quantiles),
        tips=_quantile_tips(quantiles, along, box),
    )


def _density_box(quantiles: Sequence[Quantile], outcome: Outcome | None, axis: Axis) -> tuple[tuple[Flag, ...], Box]:
    """The quantiles' flags, and the box under their rows of labels and the outcome's."""
    along = Scale(axis.low, axis.high, 12, WIDTH - 12)
    top = 8 + (LINE if outcome else 0)
    flags = _quantile_flags(quantiles, along, top)
    lowest = max((flag.label.y for flag in flags), default=top - 5)
    return flags, Box(12, lowest + 5, WIDTH - 12, lowest + 175)


def _whose(index: int) -> tuple[str, int]:
    return ("crowd", 1) if index == 0 else ("own", 2)


def _heights(spreads: Sequence[Spread], box: Box) -> Scale:
    peak = max((float((one.masses / np.diff(one.edges)).max()) for one in spreads), default=1.0)
    return Scale(0, peak or 1.0, box.bottom, box.top)


def _outlines(spreads: Sequence[Spread], along: Scale, box: Box) -> tuple[Line, ...]:
    up = _heights(spreads, box)
    return tuple(Line(_outline(one, along, up), *_whose(i)) for i, one in enumerate(spreads))


def _outline(one: Spread, along: Scale, up: Scale) -> str:
    """The stepped upper edge of a distribution, from the axis up at its start and down to it at its end."""
    edges = along.places(one.edges)
    heights = up.places(one.masses / np.diff(one.edges))
    return f"M{tenth(edges[0])} {tenth(up.start)}V{_steps(edges, heights)}V{tenth(up.start)}"


def _tails(spreads: Sequence[Spread], box: Box, ends: tuple[str, str]) -> tuple[Label, ...]:
    """What lies beyond the open ends, under the axis at its two sides."""
    labels = []
    for row, (left, right) in enumerate(_tail_rows(spreads, box, ends), start=2):
        y = box.bottom + row * LINE + 3
        labels += [Label(box.left, y, "start", left)] if left else []
        labels += [Label(box.right, y, "end", right)] if right else []
    return tuple(labels)


def _tail_rows(spreads: Sequence[Spread], box: Box, ends: tuple[str, str]) -> list[tuple[str, str]]:
    """The words for each distribution's tails, left and right; in two rows where one has no room for both."""
    rows = []
    for one in spreads:
        whose = f"{one.label} " if len(spreads) > 1 else ""
        left = f"← {whose}{percent(one.below)} {ends[0]}" if one.below > 0 else ""
        right = f"{whose}{percent(one.above)} {ends[1]} →" if one.above > 0 else ""
        crowded = left and right and (len(left) + len(right) + 2) * CHARACTER > box.right - box.left
        rows += [(left, ""), ("", right)] if crowded else [(left, right)]
    return [row for row in rows if any(row)]


def _quantile_flags(quantiles: Sequence[Quantile], along: Scale, top: float) -> tuple[Flag, ...]:
    """An upright line each. Labels fill two rows, the outermost and the middle first; those left over go."""
    first = (0, len(quantiles) // 2, len(quantiles) - 1)
    order = sorted(range(len(quantiles)), key=lambda i: i not in first)
    places = [along.place(one.value) for one in quantiles]
    labels = [beside(x, 0, one.share, 2, WIDTH - 2) for x, one in zip(places, quantiles, strict=True)]
    rows = dict(zip(order, stack(labels[i] for i in order), strict=True))
    return tuple(
        Flag(x, Label(label.x, top + (min(rows[i], 1) + 1) * LINE - 5, label.anchor, label.text if rows[i] < 2 else ""))
        for i, (x, label) in enumerate(zip(places, labels, strict=True))
    )


def _outcome_flag(outcome: Outcome | None, along: Scale) -> Flag | None:
    if outcome is None:
        return None
    x = along.place(outcome.value)
    return Flag(x, beside(x, 3 + LINE, outcome.label, 2, WIDTH - 2))


def _quantile_tips(quantiles: Sequence[Quantile], along: Scale, box: Box) -> tuple[Tip, ...]:
    places = [along.place(one.value) for one in quantiles]
    hits = strips(places, box, reach=14) if places else []
    return tuple(
        tip_at(hit, (Dot(x, box.bottom, 4, "crowd"),), x, box, (one.text, f"{one.share} lies below"))
        for one, x, hit in zip(quantiles, places, hits, strict=True)
    )


def _density_plot(
    heading: Heading,
    box: Box,
    along: Scale,
    axis: Axis,
    spreads: Sequence[Spread],
    table: Table,
    ends: tuple[str, str],
) -> Plot:
    rows = len(_tail_rows(spreads, box, ends))
    legend = [Key("line" if i else "area", *_whose(i), one.label) for i, one in enumerate(spreads)]
    return Plot(
        heading=heading,
        height=box.bottom + (1 + rows) * LINE + 9,
        box=box,
        x_ticks=along_ticks(axis, along, box),
        y_ticks=(),
        legend=tuple(legend) if len(legend) > 1 else (),
        table=table,
        empty="" if spreads else "No forecasts",
    )


def _masses(title: str, spreads: Sequence[Spread], say: Say, ends: tuple[str, str]) -> Table:
    """The mass from edge to edge, neighbouring bins taken together where there are many."""
    head = ("Range", *(one.label for one in spreads))
    if not spreads:
        return Table(title, head, ())
    edges = spreads[0].edges
    cuts = list(range(0, len(edges) - 1, -(-(len(edges) - 1) // MOST_BIN_ROWS)))
    stops = [*cuts[1:], len(edges) - 1]
    rows = [
        (f"{say(float(edges[a]))} to {say(float(edges[b]))}", *(percent(float(s.masses[a:b].sum())) for s in spreads))
        for a, b in zip(cuts, stops, strict=True)
    ]
    first = [(ends[0], *(percent(one.below) for one in spreads))] if any(one.below for one in spreads) else []
    last = [(ends[1], *(percent(one.above) for one in spreads))] if any(one.above for one in spreads) else []
    return Table(title, head, (*first, *rows, *last))


# Bars


def bars(heading: Heading, choices: Sequence[Choice]) -> Bars:
    """The shares of a choice's outcomes in their fixed order."""
    rows = tuple(
        ChoiceBar(c.label, _length(c.crowd), _length(c.mine), _share(c.crowd), _share(c.mine), c.happened)
        for c in choices
    )
    return Bars(heading, any(row.mine is not None for row in rows), rows)


def _length(share: float | None) -> float | None:
    return None if share is None or not np.isfinite(share) else round(share * 100, 1)


def _share(share: float | None) -> str:
    return "–" if share is None or not np.isfinite(share) else percent(share)


# Reliability

_SQUARE = Box(56, 12 + LINE, WIDTH - 14, 12 + LINE + WIDTH - 70)
_BANDS = ("90% of dots, if calibrated", "90% band of the curve")


def reliability(
    heading: Heading,
    bins: Sequence[Bin],
    curve: Curve,
    *,
    empty: str = "No resolved questions yet",
    band_names: tuple[str, str] = _BANDS,
) -> Reliability:
    """How often things happened that were said to be this likely: bins as dots, the pooled curve, and their counts.

    A dot's area grows with its count, which is printed under its bar; empty bins are left out. A dot with an href leads
    there. `band_names` says what the bands of the bins and of the curve are, where there are any.
    """
    filled = [one for one in bins if one.count > 0]
    box, along, up = _SQUARE, *_shares(_SQUARE)
    dots = _bin_dots(filled, along, up)
    columns, counts, floor = _histogram(filled, along, box.bottom + 3 * LINE + 8)
    height = max((count.y for count in counts), default=floor) + 10
    return Reliability(
        plot=_reliability_plot(heading, box, filled, curve, empty, height, band_names),
        bands=_bin_bands(filled, along, up) + _curve_bands(curve, along, up),
        diagonal=Line(polyline([box.left, box.right], [box.bottom, box.top]), "muted", 3),
        curve=Line(polyline(along.places(curve.forecast), up.places(curve.happened)), "curve"),
        dots=dots,
        names=_axis_names(box),
        bars=columns,
        counts=counts,
        floor=floor,
        tips=_bin_tips(filled, dots, box, band_names[0]),
    )


def _shares(box: Box) -> tuple[Scale, Scale]:
    """0 to 1 along the box and up it."""
    return Scale(0, 1, box.left, box.right), Scale(0, 1, box.bottom, box.top)


def _bin_bands(bins: Sequence[Bin], along: Scale, up: Scale) -> tuple[Line, ...]:
    """Where each dot may lie by chance, as wide as its bin."""
    return tuple(
        Line(ribbon_path(along.places([one.low, one.high]), [up.place(low)] * 2, [up.place(high)] * 2), "muted")
        for one in bins
        if one.band
        for low, high in [one.band]
    )


def _curve_bands(curve: Curve, along: Scale, up: Scale) -> tuple[Line, ...]:
    if curve.lower is None or curve.upper is None:
        return ()
    path = ribbon_path(along.places(curve.forecast), up.places(curve.lower), up.places(curve.upper))
    return (Line(path, "curve"),) if path else ()


def _bin_dots(bins: Sequence[Bin], along: Scale, up: Scale) -> tuple[Dot, ...]:
    most = max((one.count for one in bins), default=1)
    radii = [round(3 + 6 * (one.count / most) ** 0.5, 1) for one in bins]
    return tuple(
        Dot(along.place(one.forecast), up.place(one.happened), radius, "crowd")
        for one, radius in zip(bins, radii, strict=True)
    )


def _histogram(bins: Sequence[Bin], along: Scale, top: float) -> tuple[tuple[Bar, ...], tuple[Label, ...], float]:
    """Bars of counts and the counts under them, in as many rows as they need; and the level the bars stand on."""
    floor = top + 56
    up = Scale(0, max((one.count for one in bins), default=1), 0, floor - top)
    columns = [column(along.place(one.low), along.place(one.high), floor, max(up.place(one.count), 1)) for one in bins]
    flat = [
        beside(round(bar.x + bar.width / 2, 1), 0, f"{one.count:,}", 2, WIDTH - 2)
        for bar, one in zip(columns, bins, strict=True)
    ]
    rows = stack(flat)
    counts = [Label(a.x, floor + (row + 1) * LINE - 2, a.anchor, a.text) for a, row in zip(flat, rows, strict=True)]
    return tuple(columns), tuple(counts), floor


def column(left: float, right: float, floor: float, height: float) -> Bar:
    """A bar of a histogram that stands on its floor, with a gap to its neighbours."""
    return Bar(round(left + 0.5, 1), round(floor - height, 1), round(max(right - left - 1, 1), 1), height)


def _axis_names(box: Box) -> tuple[Label, ...]:
    return (
        Label(2, box.top - 12, "start", "↑ how often it happened"),
        Label(box.right, box.bottom + 2 * LINE + 4, "end", "forecast →"),
        Label(box.left, box.bottom + 3 * LINE + 2, "start", "forecasts"),
    )


def _bin_tips(bins: Sequence[Bin], dots: Sequence[Dot], box: Box, band: str) -> tuple[Tip, ...]:
    tips = []
    for one, dot in zip(bins, dots, strict=True):
        reach = max(dot.radius, 8.0)
        hit = Bar(round(dot.x - reach, 1), round(dot.y - reach, 1), 2 * reach, 2 * reach)
        shown = Dot(dot.x, dot.y, dot.radius + 1.5, "crowd")
        tips.append(replace(tip_at(hit, (shown,), dot.x, box, _about(one, band)), href=one.href))
    return tuple(tips)


def _about(one: Bin, band: str) -> tuple[str, ...]:
    lines = (
        f"forecast {percent(one.forecast)}",
        f"happened {percent(one.happened)}",
        say_forecasts(one.count, one.questions),
    )
    told = (f"{band}:", f"{percent(one.band[0])} to {percent(one.band[1])}") if one.band else ()
    return (*lines, *told, *(("open to see which",) if one.href else ()))


def _reliability_plot(
    heading: Heading,
    box: Box,
    bins: Sequence[Bin],
    curve: Curve,
    empty: str,
    height: float,
    band_names: tuple[str, str],
) -> Plot:
    along, up = _shares(box)
    shares = [(n / 5, f"{n * 20}%") for n in range(6)]
    return Plot(
        heading=heading,
        height=height,
        box=box,
        x_ticks=tuple(Tick(along.place(share), text, "end" if share == 1 else "middle") for share, text in shares),
        y_ticks=tuple(Tick(up.place(share), text, "end") for share, text in shares),
        legend=_reliability_legend(bins, curve, band_names) if bins else (),
        table=_bin_table(heading.title, bins, curve),
        empty="" if bins else empty,
    )


def _reliability_legend(bins: Sequence[Bin], curve: Curve, band_names: tuple[str, str]) -> tuple[Key, ...]:
    keys = [Key("dots", "crowd", 1, "forecasts in bins"), Key("line", "curve", 1, "pooled curve")]
    keys.append(Key("line", "muted", 3, "perfect"))
    if any(one.band for one in bins):
        keys.append(Key("band", "muted", 1, band_names[0]))
    if _curve_bands(curve, Scale(0, 1, 0, 1), Scale(0, 1, 0, 1)):
        keys.append(Key("band", "curve", 1, band_names[1]))
    return tuple(keys)


def _bin_table(title: str, bins: Sequence[Bin], curve: Curve) -> Table:
    """The bins, beside each where the pooled curve passes over its mean, and its band where there are any."""
    pooled = np.interp([one.forecast for one in bins], curve.forecast, curve.happened) if bins else ()
    banded = any(one.band for one in bins)
    asked = any(one.questions is not None for one in bins)
    rows = [(*_bin_row(one, asked), percent(float(curved))) for one, curved in zip(bins, pooled, strict=True)]
    if banded:
        rows = [(*row, *map(percent, one.band or ())) for row, one in zip(rows, bins, strict=True)]
        rows = [(*row, *("–" for _ in range(7 + asked - len(row)))) for row in rows]
    head = ("Bin", "Forecasts", *(("Questions",) if asked else ()), "Mean forecast", "Happened", "Pooled curve")
    head = (*head, *(("Band from", "to") if banded else ()))
    links = tuple(one.href for one in bins) if any(one.href for one in bins) else ()
    return Table(title, head, tuple(rows), links)


def _bin_row(one: Bin, asked: bool) -> tuple[str, ...]:
    where = f"{percent(one.low)} to {percent(one.high)}"
    questions = (f"{one.questions:,}" if one.questions is not None else "–",) if asked else ()
    return where, f"{one.count:,}", *questions, percent(one.forecast), percent(one.happened)
