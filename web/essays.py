"""An essay claim by claim: its number beside the crowd's, what came of each, and how good a forecaster it has been."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from sqlmodel import Session, col, select

from forecasts import boards, calls, pairing
from forecasts.boards import Filter
from forecasts.calls import EVEN, RIGHT, WRONG, Calls
from forecasts.models import CROWD, Forecast, Forecaster
from forecasts.permissions import visible
from questions import catalog
from questions.catalog import Listed
from questions.models import Source
from questions.shape import Series, Vector
from web import reliability, tracks, views, wording
from web.pages import Awaited, CalibrationView, Claim, Part, Point, Quoted, Record, Told, Versus
from web.rendering import share
from web.tracks import Said, Track
from web.views import Asked

ENOUGH_FOR_CALIBRATION = 10
"""How many yes-or-no questions must be resolved before anything is said of calibration."""

MOST_CALLS = 3
MOST_AWAITED = 3


# What it says


def spoken(session: Session, speaker: Forecaster | None) -> dict[int, Forecast]:
    """What a source says of each question, by the question's id."""
    if speaker is None:
        return {}
    said = select(Forecast).where(Forecast.forecaster_id == speaker.id).order_by(col(Forecast.entry))
    return {one.question_id: one for one in session.exec(said) if one.probabilities is not None}


def in_parts(listed: Sequence[Listed]) -> list[tuple[str, list[Listed]]]:
    """The questions under their first tags, in the order in which these appear; in one part where that sorts nothing.

    It does where every question has a tag, and there are at least two parts and half as many as questions at most.
    """
    tags = [one.question.tags[0] if one.question.tags else "" for one in listed]
    heads = list(dict.fromkeys(tags))
    if "" in heads or not 2 <= len(heads) <= len(listed) / 2:
        return [("", list(listed))]
    return [(head, [one for one, tag in zip(listed, tags, strict=True) if tag == head]) for head in heads]


def parts(
    session: Session, source: Source | None, said: Mapping[int, Forecast],
    shown: Sequence[tuple[str, Listed]], viewer: Forecaster | None, moment: datetime,
) -> list[Part]:  # fmt: skip
    """What is shown of a set, each question with the head of its part."""
    found: dict[str, list[Point]] = {}
    for head, one in shown:
        asked = views.look(session, one, viewer, moment)
        found.setdefault(head, []).append(_point(asked, source, said.get(one.question.id)))
    return [Part(head.replace("-", " ").capitalize(), points) for head, points in found.items()]


def _point(asked: Asked, source: Source | None, said: Forecast | None) -> Point:
    question, glance = asked.question, views.glance(asked)
    if source is None or said is None:
        return Point(Claim(question.paragraph, question.claim, glance, None), None, "", "", "")
    vector: Vector = said.probabilities
    text = asked.kind.say(vector, asked.shape)
    quoted = Quoted(source, text, said.rationale, said.made_at, said.recorded_at)
    listed = Listed(question, asked.resolution)
    right = calls.verdict(listed, vector)
    return Point(
        claim=Claim(question.paragraph, question.claim, glance, quoted),
        track=_track(asked, source.name, vector),
        apart=_apart(asked, vector),
        verdict=right,
        told=sentence(listed, vector, right) if right else "",
    )


def _apart(asked: Asked, vector: Vector) -> str:
    """By how many points the crowd says more or less, of yes or no."""
    if asked.shape.size != 2 or asked.kind.ORDERED or asked.crowd is None:
        return ""
    points = round((float(asked.crowd[1]) - float(vector[1])) * 100)
    return (
        f"{abs(points)} point{'' if abs(points) == 1 else 's'} {'higher' if points > 0 else 'lower'}"
        if points
        else "the same"
    )


def sentence(one: Listed, vector: Vector, right: str) -> str:
    """Why a forecast on a resolved question was right or wrong."""
    kind, shape = catalog.kind_of(one.question), catalog.shape_of(one.question)
    happened = one.resolution.outcome if one.resolution else None
    if happened is None:
        return ""
    if kind.ORDERED:
        low, high = (kind.reading(float(end), shape) for end in kind.quantiles(vector, shape, (0.1, 0.9)))
        where = "inside" if right == RIGHT else "outside"
        return f"{views.outcome(one.resolution, kind, shape)} lies {where} its 80% interval, {low} to {high}."
    if shape.size == 2:
        return (
            f"It called this {kind.say(vector, shape)} likely, and it {'happened' if happened else 'did not happen'}."
        )
    likeliest = int(np.argmax(vector))
    gave = f"It gave “{shape.outcomes[happened]}” {_percent(vector[happened])}"
    return (
        f"{gave}."
        if likeliest == happened
        else f"{gave}, and “{shape.outcomes[likeliest]}” {_percent(vector[likeliest])}."
    )


def _percent(probability: float) -> str:
    return share(float(probability))


# On one scale


def _track(asked: Asked, name: str, vector: Vector) -> Track:
    """The text's number and the crowd's on one scale; of several outcomes that which the text thinks likeliest."""
    nothing = np.full(vector.shape, np.nan)
    mine = asked.kind.series(vector[None], nothing[None], nothing[None], asked.shape)
    i = int(np.argmax(vector)) if len(mine) > 1 else 0
    theirs = _crowd(asked)
    return tracks.track(
        asked.kind.axis(asked.shape),
        mine[i].label,
        _said(asked, name, mine[i], with_half=False),
        None if theirs is None else _said(asked, "the crowd", theirs[i], with_half=True),
        _truth(asked, i),
    )


def _crowd(asked: Asked) -> tuple[Series, ...] | None:
    """The lines of the crowd's chart at the moment that counts."""
    row = asked.row
    if row is None or asked.crowd is None:
        return None
    path, at = asked.path, slice(row, row + 1)
    return asked.kind.series(path.middle[at], path.lower[at], path.upper[at], asked.shape)


def _said(asked: Asked, name: str, line: Series, *, with_half: bool) -> Said:
    value, low, high = (float(part[0]) for part in (line.middle, line.lower, line.upper))
    text = asked.kind.reading(value, asked.shape) if asked.kind.ORDERED else _percent(value)
    half = with_half and np.isfinite(low) and np.isfinite(high)
    return Said(name, value, text, low if half else None, high if half else None)


def _truth(asked: Asked, line: int) -> tuple[float, str] | None:
    """Where the outcome lies on the scale, and what it is."""
    if asked.resolution is None or asked.resolution.outcome is None:
        return None
    told = views.outcome(asked.resolution, asked.kind, asked.shape)
    if asked.kind.ORDERED:
        where = views.where(asked)
        return None if where is None else (where.value, told)
    yes = 1 if asked.shape.size == 2 else line
    return float(asked.resolution.outcome == yes), told


# How good it was


def record(
    session: Session, speaker: Forecaster, viewer: Forecaster | None, listed: Sequence[Listed],
    said: Mapping[int, Forecast],
) -> Record:  # fmt: skip
    """How good a forecaster the text has been on the questions of one set, which all of `listed` are."""
    spoke = [one for one in listed if one.question.id in said]
    resolved = [one for one in spoke if one.resolution is not None and one.resolution.verdict == "resolved"]
    vectors = {key: one.probabilities for key, one in said.items()}
    right = {one.question.id: calls.verdict(one, vectors[one.question.id]) for one in resolved}
    count = Counter(right.values())
    binary = [one for one in resolved if one.question.kind == "binary"]
    made = calls.of(session, speaker, {one.question.id for one in resolved})
    return Record(
        spoke=len(spoke),
        resolved=len(resolved),
        annulled=sum(one.resolution is not None and one.resolution.verdict == "annulled" for one in spoke),
        right=count[RIGHT],
        wrong=count[WRONG],
        even=count[EVEN],
        versus=_versus(session, speaker, binary, made),
        peer=_peer(session, speaker, viewer, listed),
        binary=len(binary),
        calibration=_calibration(session, speaker, binary),
        best=_calls(resolved, made, vectors, right, RIGHT),
        worst=_calls(resolved, made, vectors, right, WRONG),
    )


def _versus(session: Session, speaker: Forecaster, binary: Sequence[Listed], made: Calls) -> list[Versus]:
    """Its mean Brier score alone, and where the crowd stood too, over the time for which both did."""
    here = made.only(np.isin(made.question, [one.question.id for one in binary]))
    if not len(here.question):
        return []
    alone = float(here.loss.sum() / here.coverage.sum())
    found = [Versus("All of them, over all the time it stood", len(here.question), alone, None, 0.25)]
    crowd = session.exec(select(Forecaster).where(Forecaster.handle == CROWD)).one()
    pairs = pairing.pairs(session, speaker, crowd, binary)
    if pairs:
        shared = sum(pair.shared for pair in pairs)
        text, theirs = (sum(pair.losses[side] for pair in pairs) / shared for side in (0, 1))
        found.append(Versus("Where the crowd stood too, at the same moments", len(pairs), text, theirs, 0.25))
    return found


def _peer(session: Session, speaker: Forecaster, viewer: Forecaster | None, listed: Sequence[Listed]) -> str:
    within = listed[0].question.set_id if listed else None
    board = boards.board(session, "peer", Filter(within=within), visible(session, viewer))
    row = next((row for row in board.rows if row.forecaster == speaker.id), None)
    ranked = sum(one.rank is not None for one in board.rows)
    return "" if row is None else wording.standing(board.measure, row, ranked)


def _calibration(session: Session, speaker: Forecaster, binary: Sequence[Listed]) -> CalibrationView | None:
    if len(binary) < ENOUGH_FOR_CALIBRATION:
        return None
    return reliability.view_of(session, speaker, binary, {"who": speaker.handle})


def _calls(
    resolved: Sequence[Listed], made: Calls, vectors: Mapping[int, Vector], right: Mapping[int, str], wanted: str
) -> list[Told]:
    """Those it was right about, the cheapest first; or wrong about, the dearest first."""
    place = {key: i for i, key in enumerate(made.question.tolist())}
    found = []
    for one in resolved:
        question, i = one.question, place.get(one.question.id)
        if i is not None and right[question.id] == wanted:
            told = sentence(one, vectors[question.id], wanted)
            loss = float(made.loss[i] / made.coverage[i])
            found.append(Told(question.slug, question.title, question.imported, told, loss, float(made.peer[i])))
    return sorted(found, key=lambda one: one.loss, reverse=wanted == WRONG)[:MOST_CALLS]


# What comes next


def counts(listed: Sequence[Listed], moment: datetime) -> list[tuple[str, int]]:
    """How many questions are in each state, those that are."""
    found = Counter(catalog.status(one.question, one.resolution, moment) for one in listed)
    names = {"upcoming": "not open yet", "open": "open", "closed": "waiting for resolution", "resolved": "resolved"}
    return [(name, found[state]) for state, name in (*names.items(), ("annulled", "annulled")) if found[state]]


def awaited(listed: Sequence[Listed], moment: datetime) -> list[Awaited]:
    """The questions that are to be resolved next."""
    undecided = [
        one.question
        for one in listed
        if catalog.status(one.question, one.resolution, moment) not in ("resolved", "annulled")
    ]
    undecided.sort(key=lambda question: (question.resolves_at, question.position))
    return [
        Awaited(question.slug, question.title, question.imported, question.resolves_at, question.resolves_at <= moment)
        for question in undecided[:MOST_AWAITED]
    ]
