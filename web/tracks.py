"""One scale with what a text and the crowd say on it, and what happened: plain numbers that sets/_track.html draws."""

from collections.abc import Sequence
from dataclasses import dataclass

from questions.shape import Axis
from web.charts import Bar, Box, Dot, Label, Scale, Tick, along_ticks, measure, tenth

BOX = Box(8, 6, 280, 30)
MIDDLE = 18.0


@dataclass(frozen=True)
class Said:
    """What somebody says: a value on the scale, the half in its middle where that is known, and both in words."""

    name: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Track:
    """The scale; `label` tells all of it in words.

    band   the half in the middle of the crowd
    crowd  its median, a disc
    text   what the text says, a diamond: told from the disc by its form and not by its colour
    gap    the way from one to the other
    truth  an upright line where the outcome lies
    """

    label: str
    box: Box
    ticks: tuple[Tick, ...]
    band: Bar | None
    crowd: Dot | None
    text: str
    gap: str
    truth: Label | None
    width: float = 288.0
    height: float = 52.0


def track(axis: Axis, subject: str, text: Said | None, crowd: Said | None, truth: tuple[float, str] | None) -> Track:
    """Both on one scale.

    subject  what is measured along it, such as “Yes”
    truth    where the outcome lies and what it is; None until it is known
    """
    along = Scale(axis.low, axis.high, BOX.left, BOX.right)
    ticks = tuple(_inside(tick) for tick in along_ticks(axis, along, BOX))
    return Track(
        label=_label(ticks, subject, [one for one in (text, crowd) if one is not None], truth),
        box=BOX,
        ticks=ticks,
        band=_band(crowd, along),
        crowd=None if crowd is None else Dot(along.place(crowd.value), MIDDLE, 5, "crowd"),
        text="" if text is None else _diamond(along.place(text.value)),
        gap=_gap(text, crowd, along),
        truth=None if truth is None else Label(along.place(truth[0]), MIDDLE, "middle", truth[1]),
    )


def _inside(tick: Tick) -> Tick:
    """The tick with its label within the drawing's right edge."""
    beyond = tick.place + measure(tick.label) / (1 if tick.anchor == "start" else 2) > Track.width
    return Tick(Track.width, tick.label, "end") if beyond and tick.anchor != "end" else tick


def _label(ticks: Sequence[Tick], subject: str, said: Sequence[Said], truth: tuple[float, str] | None) -> str:
    scale = f"{subject}, on a scale from {ticks[0].label} to {ticks[-1].label}" if ticks else subject
    told = [f"{one.name} {one.text}" for one in said] or ["nobody has said anything"]
    return f"{scale}: {', '.join(told)}{f'; outcome: {truth[1]}' if truth else ''}"


def _band(crowd: Said | None, along: Scale) -> Bar | None:
    if crowd is None or crowd.low is None or crowd.high is None:
        return None
    left, right = along.places([crowd.low, crowd.high])
    return Bar(left, MIDDLE - 7, max(round(right - left, 1), 2), 14)


def _gap(text: Said | None, crowd: Said | None, along: Scale) -> str:
    if text is None or crowd is None:
        return ""
    return f"M{tenth(along.place(text.value))} {tenth(MIDDLE)}H{tenth(along.place(crowd.value))}"


def _diamond(x: float, reach: float = 7) -> str:
    return f"M{tenth(x - reach)} {tenth(MIDDLE)}l{reach} {-reach}l{reach} {reach}l{-reach} {reach}z"
