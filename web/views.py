"""From records to what pages show: a question at a glance, its charts, the form that answers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby

import numpy as np
from sqlmodel import Session, col, select

from forecasts import accounts, crowd, history, ledger, permissions, roots, speech
from forecasts.leaderboard import Board, Measure, Row
from forecasts.models import CROWD, Forecast, Forecaster, Position
from forecasts.permissions import sees
from forecasts.rules import RULES
from forecasts.timeline import standing_at
from questions import catalog
from questions.catalog import Listed
from questions.errors import NotFound, Refusal
from questions.models import AS_ITS_SET, AUDIENCES, Entry, Question, QuestionSet, Resolution, Source
from questions.shape import Kind, Series, Shape, Vector
from web import charts, diagrams
from web.pages import Answer, Claim, Decided, Glance, Own, Place, Places, Quoted, Rule, Terms
from web.rendering import signed

LOSSES = ("brier", "adjusted", "ranked")
"""The measures that are losses by themselves and not held against anybody's."""


@dataclass(frozen=True)
class Typed:
    """A form that was refused: what was typed, and why."""

    form: Mapping[str, str]
    error: Refusal


@dataclass(frozen=True)
class Asked:
    """A question with everything that somebody who looks at it needs, read once.

    path        what the crowd said; nothing where that is hidden from them
    hidden      until when it is, in words; "" where it is not
    reveals_at  the moment from which on it is hidden from nobody, where the rule names one
    """

    question: Question
    resolution: Resolution | None
    kind: Kind
    shape: Shape
    path: crowd.Path
    window: charts.Window
    moment: datetime
    hidden: str = ""
    reveals_at: datetime | None = None

    def tells(self, who: Forecaster, viewer: Forecaster | None) -> bool:
        """Whether the viewer may see what somebody says here: their own, a text's, and others' unless it is hidden."""
        return not self.hidden or who.kind == "source" or (viewer is not None and viewer.id == who.id)

    @property
    def status(self) -> str:
        return catalog.status(self.question, self.resolution, self.moment)

    @cached_property
    def crowd(self) -> Vector | None:
        """What the crowd says now, or said at the end; None while nobody stands."""
        row = self.row
        return None if row is None or not self.path.count[row] else self.path.middle[row]

    @property
    def count(self) -> int:
        """How many people the crowd is made of."""
        return 0 if self.row is None else int(self.path.count[self.row])

    @property
    def row(self) -> int | None:
        """The row of the path that counts: of a window that is over, the one just before its end."""
        running = self.status in ("open", "upcoming")
        return crowd.at(self.path, self.window.now if running else self.window.until - 1)


def look(session: Session, listed: Listed, viewer: Forecaster | None, moment: datetime) -> Asked:
    """Read what somebody needs who looks at a question: the one place that keeps the crowd from them."""
    question, resolution = listed.question, listed.resolution
    known_at = resolution.known_at if resolution and resolution.verdict == "resolved" else None
    window = charts.Window(
        history.ticks(question.opens_at), history.ticks(question.closes_at), history.ticks(known_at or moment)
    )
    status = catalog.status(question, resolution, moment)
    rule = permissions.hides(session, viewer, question, status, moment)
    path = history.nothing(question) if rule else history.crowd_of(session, question)
    until = _until(session, question, rule) if rule else ""
    _, reveals_at = permissions.reveal_of(session, question)
    kind, shape = catalog.kind_of(question), catalog.shape_of(question)
    return Asked(question, resolution, kind, shape, path, window, moment, until, reveals_at)


def _until(session: Session, question: Question, rule: str) -> str:
    """Until when what others say is hidden, in words."""
    _, reveals_at = permissions.reveal_of(session, question)
    if rule == "at":
        return f"until {catalog.spoken(reveals_at)}" if reveals_at else "until the question is decided"
    return "until you forecast" if rule == "answered" else f"until {catalog.spoken(question.closes_at)}"


def glance(asked: Asked) -> Glance:
    """The question in a line."""
    question, said = asked.question, asked.crowd
    return Glance(
        slug=question.slug,
        title=question.title,
        imported=question.imported,
        status=asked.status,
        opens_at=question.opens_at,
        closes_at=question.closes_at,
        crowd="" if said is None else asked.kind.say(rounded(said, asked.kind), asked.shape),
        count=asked.count,
        hidden=asked.hidden,
        spark=sparkline(asked),
        outcome=outcome(asked.resolution, asked.kind, asked.shape),
        known_at=asked.resolution.known_at if asked.resolution else None,
    )


def rounded(vector: Vector, kind: Kind) -> Vector:
    """A crowd's vector to a tenth of a percent where percentages are read of it."""
    return vector if kind.ORDERED else crowd.rounded(vector)


outcome = catalog.told


def yardsticks(session: Session, asked: Asked) -> dict[int, Vector]:
    """What each crowd and always-50% said at the end of a resolved question, by their ids."""
    named = select(Forecaster).where(col(Forecaster.kind).in_(("crowd", "constant")))
    found = {}
    for who in session.exec(named):
        said = speech.of(session, who, [asked.question]).get(asked.question.id)
        stood = None if said is None else np.flatnonzero(standing_at(said.acts, asked.window.until - 1))
        if said is not None and stood is not None and len(stood):
            found[who.id] = said.acts.probabilities[stood[-1]]
    return found


def decided(session: Session, question: Question, shape: Shape) -> list[Decided]:
    """Every decision on the question in words, the latest first."""
    found, kind = catalog.decisions(session, question), catalog.kind_of(question)
    return [Decided(one, outcome(one, kind, shape) or "Reopened", actor_of(session, one.entry)) for one in found]


def actor_of(session: Session, seq: int) -> str:
    """The name of who made an entry, as far as we know it."""
    statement = select(Forecaster.name).join(Entry, col(Entry.actor) == Forecaster.pseudonym).where(Entry.seq == seq)
    return session.exec(statement).first() or "the operator"


def claims(session: Session, looked: Sequence[Asked]) -> list[Claim]:
    """The claims that these questions came from, and what their source makes of each."""
    said = (
        select(Forecast, Source)
        .join(Forecaster, col(Forecaster.id) == Forecast.forecaster_id)
        .join(Source, col(Source.id) == Forecaster.source_id)
        .where(col(Forecast.question_id).in_([one.question.id for one in looked]))
    )
    quotes = {forecast.question_id: (forecast, source) for forecast, source in session.exec(said)}
    return [
        Claim(one.question.paragraph, one.question.claim, glance(one), _quoted(one, quotes.get(one.question.id)))
        for one in looked
    ]


def _quoted(asked: Asked, quote: tuple[Forecast, Source] | None) -> Quoted | None:
    if quote is None:
        return None
    said, source = quote
    text = asked.kind.say(said.probabilities, asked.shape)
    return Quoted(source, text, said.rationale, said.made_at, said.recorded_at)


# Charts


def lines(asked: Asked, vectors: Vector, lower: Vector, upper: Vector) -> tuple[Series, ...]:
    """Vectors over time as the lines that their kind draws of them."""
    return asked.kind.series(vectors, lower, upper, asked.shape)


def sparkline(asked: Asked) -> charts.Sparkline:
    """The crowd over the window; of several outcomes the one that leads now."""
    path = crowd.thin(asked.path, 60)
    drawn = lines(asked, path.middle, path.lower, path.upper)
    leading = max(drawn, key=lambda one: np.nan_to_num(one.middle[-1], nan=-1.0) if len(one.middle) else 0.0)
    label = f"The crowd over time: {leading.label}"
    return charts.sparkline(asked.question.slug, leading, path.at, asked.kind.axis(asked.shape), asked.window, label)


ZOOMS = {"90": 90, "30": 30}
"""How many days a chart over time may be narrowed to, by the words of the address."""

DAY = 86_400_000_000


def zoomed(window: charts.Window, zoom: str) -> charts.Window:
    """The last days of a window, up to where what stands ends; all of it where the address narrows nothing."""
    if zoom not in ZOOMS:
        return window
    opens = max(window.opens, window.until - ZOOMS[zoom] * DAY)
    return charts.Window(opens, max(window.until, opens + 1), window.now)


def _within(path: crowd.Path, window: charts.Window) -> crowd.Path:
    """The rows of a path that say what stood in a window: from the last at or before its opening."""
    first = max(int(np.searchsorted(path.at, window.opens, side="right")) - 1, 0)
    rows = slice(first, int(np.searchsorted(path.at, window.until, side="right")))
    return crowd.Path(path.at[rows], path.count[rows], path.middle[rows], path.lower[rows], path.upper[rows])


def time_chart(asked: Asked, mine: Sequence[Forecast], zoom: str = "") -> charts.History:
    """The crowd's history with its middle half, one's own steps, and when it ended; or the last days of it."""
    window = zoomed(asked.window, zoom)
    path = crowd.thin(_within(asked.path, window), charts.MOST_POINTS)
    drawn = lines(asked, path.middle, path.lower, path.upper)
    return charts.history(
        charts.Heading(f"history-{asked.question.slug}", "The crowd over time", "Median, and the half in the middle."),
        drawn,
        path.at,
        path.count,
        asked.kind.axis(asked.shape),
        window,
        lambda value: asked.kind.reading(value, asked.shape),
        own=_own_steps(asked, mine) if len(drawn) == 1 else (),
        marks=_marks(asked),
    )


def _own_steps(asked: Asked, mine: Sequence[Forecast]) -> tuple[charts.Steps, ...]:
    if not mine:
        return ()
    blank = np.full(asked.shape.size, np.nan)
    said = np.array([blank if one.probabilities is None else one.probabilities for one in mine])
    times = np.array([history.ticks(one.made_at) for one in mine], dtype=np.int64)
    return (charts.Steps("You", times, lines(asked, said, said, said)[0].middle),)


def _marks(asked: Asked) -> tuple[charts.Mark, ...]:
    if asked.resolution is None or asked.resolution.known_at is None:
        return ()
    return (charts.Mark(history.ticks(asked.resolution.known_at), "outcome known"),)


def spread_chart(asked: Asked, mine: Vector | None) -> charts.Density | None:
    """The crowd's distribution over ordered outcomes, and one's own; None where nobody has said anything."""
    said = {"The crowd": asked.crowd, "You": mine}
    spreads = [charts.spread(name, vector, asked.shape) for name, vector in said.items() if vector is not None]
    if not asked.kind.ORDERED or not spreads:
        return None
    first = next(vector for vector in said.values() if vector is not None)
    return charts.density(
        charts.Heading(f"spread-{asked.question.slug}", "How likely each value is"),
        asked.kind.axis(asked.shape),
        spreads,
        lambda value: asked.kind.reading(value, asked.shape),
        quantiles=_quantiles(asked, first),
        outcome=where(asked),
        ends=(asked.shape.outcomes[0], asked.shape.outcomes[-1]),
    )


def tenths_chart(session: Session, asked: Asked) -> diagrams.Histogram | None:
    """How many people say what of a yes-or-no question, without saying who; None of others, whose charts tell it."""
    if asked.hidden or asked.kind.ORDERED or asked.shape.size > 2:
        return None
    counts = history.tenths(session, asked.question, asked.moment)
    about = "How many people’s standing forecasts lie in each tenth. Nobody is named."
    heading = charts.Heading(f"tenths-{asked.question.slug}", "What people say now", about)
    return diagrams.sharpness(heading, counts, np.linspace(0, 1, len(counts) + 1))


def _quantiles(asked: Asked, vector: Vector) -> list[charts.Quantile]:
    levels = (0.1, 0.25, 0.5, 0.75, 0.9)
    values = asked.kind.quantiles(vector, asked.shape, levels)
    return [
        charts.Quantile(f"{level:.0%}", float(value), asked.kind.reading(float(value), asked.shape))
        for level, value in zip(levels, values, strict=True)
    ]


def where(asked: Asked) -> charts.Outcome | None:
    """Where the truth fell: the middle of its bin, or the end of the range that it lies beyond."""
    if asked.resolution is None or asked.resolution.outcome is None:
        return None
    edges = asked.shape.edges
    inside = asked.resolution.outcome - int(asked.shape.below)
    left, right = edges[max(inside, 0)], edges[min(inside + 1, len(edges) - 1)]
    place = edges[0] if inside < 0 else edges[-1] if inside >= len(edges) - 1 else (left + right) / 2
    return charts.Outcome(float(place), outcome(asked.resolution, asked.kind, asked.shape))


def choice_chart(asked: Asked, mine: Vector | None) -> charts.Bars | None:
    """The crowd's shares of the outcomes, and one's own; None for yes/no, whose one number needs no bars."""
    if asked.kind.ORDERED or asked.shape.size == 2:
        return None
    happened = asked.resolution.outcome if asked.resolution else None
    choices = [
        charts.Choice(
            label,
            None if asked.crowd is None else float(asked.crowd[index]),
            None if mine is None else float(mine[index]),
            index == happened,
        )
        for index, label in enumerate(asked.shape.outcomes)
    ]
    return charts.bars(charts.Heading(f"spread-{asked.question.slug}", "How likely each outcome is"), choices)


# Answering


def answer(
    asked: Asked, standing: Forecast | None, view: str,
    *, typed: Typed | None = None, saved: bool = False, way: str = "", tried: str = "",
) -> Answer:  # fmt: skip
    """The form for a question: filled with what stands, or with what was typed and refused.

    tried  what somebody tried before they signed up: it stands in the first field where nothing else does
    """
    fields = asked.kind.fields(asked.shape, None if standing is None else standing.probabilities)
    if view == "desk" and len(fields) == 1:
        fields = (replace(fields[0], value=""),)  # empty until touched: what was stored stands beside it
    if tried and standing is None:
        fields = (replace(fields[0], value=tried), *fields[1:])
    if typed is not None:
        way = typed.form.get("way", "")
        fields = tuple(replace(one, value=typed.form.get(one.name, "")) for one in fields)
    ways = {name: tuple(group) for name, group in groupby(fields, key=lambda one: one.way)}
    return Answer(
        slug=asked.question.slug,
        view=view,
        ways=ways,
        way=way if way in ways else next(iter(ways)),
        hint=asked.kind.HINT,
        own=None if standing is None else own(asked, standing),
        is_open=asked.status == "open",
        late=2 * (asked.window.now - asked.window.opens) > asked.window.closes - asked.window.opens,
        error=typed.error if typed else None,
        saved=saved,
    )


def own(asked: Asked, forecast: Forecast) -> Own:
    """One's forecast in words, exactly as stored."""
    text = "" if forecast.probabilities is None else asked.kind.say(forecast.probabilities, asked.shape)
    return Own(
        text, forecast.made_at, forecast.recorded_at, forecast.expires_at, forecast.rationale,
        undoes=forecast.undoes is not None,
    )  # fmt: skip


def standing_forecasts(session: Session, forecaster: Forecaster | None, moment: datetime) -> dict[int, Forecast]:
    """The forecasts that somebody has standing now, by question."""
    if forecaster is None:
        return {}
    statement = select(Forecast).join(Position, col(Position.entry) == Forecast.entry)
    found = session.exec(statement.where(Position.forecaster_id == forecaster.id))
    return {
        one.question_id: one
        for one in found
        if one.probabilities is not None and (one.expires_at is None or one.expires_at > moment)
    }


def terms(session: Session, asked: Asked) -> Terms:
    """What is asked, with everything that a stranger needs to resolve it."""
    question = asked.question
    return Terms(
        background=paragraphs(question.background),
        criteria=paragraphs(question.criteria),
        fine_print=paragraphs(question.fine_print),
        outcomes=() if asked.kind.ORDERED else asked.shape.outcomes,
        resolves_from=question.resolves_from,
        resolves_at=question.resolves_at,
        recorded_at=session.get_one(Entry, question.entry).recorded_at,
        tags=question.tags,
        ladder=question.group if "ladder" in question.spec else "",
        audience=_audience(session, question),
    )


def _audience(session: Session, question: Question) -> str:
    """Who sees the question, in words; "" where everybody does."""
    own = question.audience
    audience = own if own != AS_ITS_SET else session.get_one(QuestionSet, question.set_id).audience
    return "" if audience == "public" else AUDIENCES[audience].lower()


def forecaster_of(session: Session, handle: str, viewer: Forecaster | None) -> Forecaster:
    """Whoever has that handle, if the viewer may look at their pages. Raises NotFound, alike for who is not there.

    Of who was merged into another it is that other.
    """
    found = roots.root(session, named(session, handle))
    if not sees(viewer, found):
        raise _nobody(handle)
    return found


def named(session: Session, handle: str) -> Forecaster:
    """Whoever has that handle. Raises NotFound."""
    found = accounts.named(session, handle)
    if found is None:
        raise _nobody(handle)
    return found


def _nobody(handle: str) -> NotFound:
    return NotFound(f"There is no forecaster “{handle[:40]}”. The leaderboard lists those there are.")


def people(session: Session, viewer: Forecaster | None) -> list[Forecaster]:
    """Every forecaster whose pages the viewer may look at, by kind and name: whom a form offers."""
    alone = select(Forecaster).where(col(Forecaster.merged_into_id).is_(None))
    found = session.exec(alone.order_by(col(Forecaster.kind), col(Forecaster.name)))
    return [one for one in found if sees(viewer, one)]


def paragraphs(text: str) -> list[str]:
    """A text as its paragraphs."""
    return [part.strip() for part in text.split("\n") if part.strip()]


def rule(name: str) -> Rule:
    """A rule's column."""
    return Rule(name, RULES[name].TITLE, RULES[name].ABOUT)


def one(session: Session, question: Question, viewer: Forecaster | None, moment: datetime) -> Asked:
    """Look at one question."""
    return look(session, Listed(question, catalog.latest(session, question)), viewer, moment)


def standing_of(
    session: Session, forecaster: Forecaster | None, question: Question, moment: datetime
) -> Forecast | None:
    """The forecast that somebody has standing on one question."""
    return None if forecaster is None else ledger.standing(session, forecaster, question, moment)


# Boards


def places(session: Session, board: Board) -> Places:
    """The board's rows with who they are, their intervals on one scale."""
    people = {who.id: who for who in session.exec(select(Forecaster))}
    scale = _scale(board, people)
    rows = [_place(row, people[row.forecaster], board.measure, scale) for row in board.rows]
    return Places(rows, diagrams.interval_axis(scale))


def place_of(board: Board, who: Forecaster, people: Mapping[int, Forecaster]) -> Place | None:
    """One forecaster's row on a board, drawn as it is there; None where they have none."""
    row = next((row for row in board.rows if row.forecaster == who.id), None)
    return None if row is None else _place(row, who, board.measure, _scale(board, people))


def _scale(board: Board, people: Mapping[int, Forecaster]) -> diagrams.IntervalScale:
    return diagrams.interval_scale([(row.low, row.value, row.high) for row in board.rows], _held_against(board, people))


def _place(row: Row, who: Forecaster, measure: Measure, scale: diagrams.IntervalScale) -> Place:
    def say(value: float) -> str:
        return told(value, measure)

    return Place(row, who, say(row.value), diagrams.interval(row.low, row.value, row.high, scale, say))


def _held_against(board: Board, people: Mapping[int, Forecaster]) -> float | None:
    """What a board's intervals are held against: 0 where the others are, else the crowd's own value."""
    if board.measure.name not in LOSSES:
        return 0.0
    return next((row.value for row in board.rows if people[row.forecaster].handle == CROWD), None)


def told(value: float, measure: Measure) -> str:
    """A board's value as it is read: with its sign where 0 is what everything is held against."""
    if measure.name in LOSSES:
        return f"{value:.{measure.decimals}f}"
    return signed(value, measure.decimals)
