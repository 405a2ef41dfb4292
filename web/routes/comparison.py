"""Two forecasters side by side: who is better, whether that can be told, and where they differed."""

from collections.abc import Sequence

import numpy as np
from fastapi import APIRouter, Response
from sqlmodel import Session

from forecasts import boards, cases, comparison, murphy, pairing
from forecasts.comparison import Comparison, Evidence, Verdict
from forecasts.models import Forecaster
from forecasts.pairing import Pair
from forecasts.permissions import visible
from questions import catalog
from web import charts, diagrams, filters, views
from web.dependencies import Reading, Viewer
from web.filters import Choice, Chosen, InvalidFilter
from web.pages import ComparePage, Contrast
from web.rendering import Rendering

router = APIRouter()

MOST = 10


@router.get("/compare")
def compare(
    reading: Reading, viewer: Viewer, render: Rendering, chosen: Chosen, a: str = "crowd", b: str = "always-50"
) -> Response:
    return render(compare_page(reading, viewer, a, b, chosen))


def compare_page(session: Session, viewer: Forecaster | None, a: str, b: str, chosen: Choice) -> ComparePage:
    """What can be said of a against b over the questions that are chosen. Raises NotFound or InvalidFilter."""
    first, second = (views.forecaster_of(session, handle, viewer) for handle in (a, b))
    if first.id == second.id:
        raise InvalidFilter(f"{first.name} cannot be compared with {first.name}. Choose two forecasters.", "b")
    questions = boards.chosen(session, filters.read(session, chosen, viewer), visible(session, viewer))
    pairs = pairing.pairs(session, first, second, cases.chosen(session, questions))
    evidence, names = pairing.evidence(pairs), (first.name, second.name)
    found = comparison.compare(evidence)
    both, difference = _murphy(evidence, names)
    return ComparePage(
        viewer=viewer,
        here="/compare",
        people=views.people(session, viewer),
        a=first,
        b=second,
        comparison=found,
        verdict=sentences(found, names),
        sequence=_sequence(found, names),
        murphy=both,
        difference=difference,
        most=[_contrast(pair) for pair in sorted(pairs, key=lambda pair: -abs(pair.difference))[:MOST]],
        choosing=filters.choosing(session, chosen, viewer),
    )


def sentences(found: Comparison, names: tuple[str, str]) -> list[str]:
    """The verdict, what it rests on, and what it would take, each in a sentence."""
    told: list[str] = []
    if not found.questions:
        return [
            f"{names[0]} and {names[1]} stood on no resolved question at the same time, so there is nothing to say."
        ]
    told += [_verdict(found, names)]
    told += _needed(found)
    if found.approximate:
        told.append("Some of the questions were open at the same time, so this is approximate.")
    return told


def _verdict(found: Comparison, names: tuple[str, str]) -> str:
    if found.verdict is Verdict.OPEN:
        return "It cannot be told yet who is better."
    better, other = names if found.verdict is Verdict.A else names[::-1]
    if found.firm:
        return f"{better} is better than {other}, and has been ahead by enough to say so since step {found.since}."
    return (
        f"{better} looks better than {other}, but that is not firm: only {found.against} of {found.paired.steps} steps "
        "went the other way, so nobody knows yet how large an upset is."
    )


def _needed(found: Comparison) -> list[str]:
    if found.verdict is not Verdict.OPEN:
        return []
    if found.needed is None:
        return ["They are too near each other to say how many more questions it would take."]
    if found.needed.high is None:
        return [f"At this rate it would take {found.needed.low:,} or more further questions."]
    return [f"At this rate it would take about {found.needed.low:,} to {found.needed.high:,} further questions."]


def _sequence(found: Comparison, names: tuple[str, str]) -> diagrams.Curves:
    about = "The mean difference after each step, and the interval that holds however often one looks."
    heading = charts.Heading("sequence", f"{names[0]} against {names[1]}, step by step", about)
    steps = np.arange(1, len(found.sequence.mean) + 1)
    after = found.sequence
    return diagrams.sequence(heading, steps, after.mean, after.low, after.high, names, unit="steps")


def _murphy(evidence: Evidence, names: tuple[str, str]) -> tuple[diagrams.Curves | None, diagrams.Curves | None]:
    """Both Murphy diagrams of the yes-or-no questions, None where there are none."""
    binary = ~np.isnan(evidence.outcome)
    if not binary.any():
        return None, None
    a, b, y, group = evidence.a[binary], evidence.b[binary], evidence.outcome[binary], evidence.group[binary]
    apart = murphy.difference(a, b, y, group)
    each = [murphy.elementary(p, y, apart.theta, group) for p in (a, b)]
    about = "What it costs whoever acts when the chance reaches the threshold. Lower is better."
    heading = charts.Heading("murphy", "Who serves which decision", about)
    both = diagrams.murphy(heading, apart.theta, each[0], each[1], names)
    heading = charts.Heading("murphy-difference", "The difference between them")
    return both, diagrams.murphy_difference(
        heading, apart.theta, apart.difference, apart.low, apart.high, names
    )  # fmt: skip


def _contrast(pair: Pair) -> Contrast:
    kind, shape = catalog.kind_of(pair.question), catalog.shape_of(pair.question)
    said: Sequence[str] = [kind.say(views.rounded(vector, kind), shape) for vector in pair.last]
    return Contrast(
        pair.question.slug,
        pair.question.title,
        pair.question.imported,
        views.outcome(pair.resolution, kind, shape),
        (said[0], said[1]),
        pair.difference,
        pair.shared,
    )
