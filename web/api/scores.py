"""Scores: of a question, with the receipt of each; boards, comparisons and calibration."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query
from sqlmodel import Session

from forecasts import boards, calibration, cases
from forecasts.cases import Spoken
from forecasts.comparison import Comparison, Verdict
from forecasts.history import moment_of
from forecasts.leaderboard import Measure
from forecasts.models import Forecaster
from forecasts.permissions import visible
from forecasts.receipts import Item
from forecasts.scoring import main_rule
from forecasts.timeline import Acts
from questions import catalog
from web import filters, views
from web.api import models, shapes
from web.api.callers import Viewing
from web.api.documents import looks
from web.dependencies import Now, Reading
from web.filters import Choice
from web.reliability import ORDERED
from web.routes.comparison import compare_page
from web.routes.leaderboard import DEFAULT, leaderboard_page
from web.routes.questions import scores_of
from web.routes.receipts import found as items_of
from web.routes.receipts import proof_of

router = APIRouter()

Day = Annotated[str, Query(max_length=10, json_schema_extra={"format": "date"})]
Word = Annotated[str, Query(max_length=200)]
ChosenSet = Annotated[str, Query(alias="set", max_length=200)]
Least = Annotated[str, Query(pattern="^[0-9]{0,6}$", description="How many questions somebody must have scores on.")]


def chosen(
    within: ChosenSet = "",
    tag: Word = "",
    since: Day | None = None,
    until: Day | None = None,
    kind: Word = "",
    least: Least = "",
) -> Choice:
    """What is looked at: a set, a tag, days on which outcomes became known, a kind of forecaster, a least number."""
    return Choice(within.strip(), tag.strip(), since or "", until or "", kind, least)


Chosen = Annotated[Choice, Depends(chosen)]


@router.get("/questions/{slug}/scores", **looks())
def get_scores(slug: str, reading: Reading, viewer: Viewing, moment: Now) -> models.Scores:
    """Everybody's scores on a question, best first."""
    asked = views.one(reading, catalog.find(reading, slug, visible(reading, viewer)), viewer, moment)
    found = scores_of(reading, asked)
    names = [rule.name for rule in found.rules]
    rows = [
        models.Scored(
            who=shapes.who(reading, one.forecaster, viewer),
            losses={name: shapes.known(value) for name, value in zip(names, one.losses, strict=True)},
            peer=one.peer, coverage=one.coverage, presence=one.presence, last=one.last,
        )
        for one in found.rows
    ]  # fmt: skip
    return models.Scores(rules=names, scores=rows, more=found.more)


@router.get("/questions/{slug}/receipts/{handle}", **looks())
def get_receipt(slug: str, handle: str, reading: Reading, viewer: Viewing, moment: Now) -> models.Receipt:
    """How one forecaster came by a score, line by line."""
    question = catalog.find(reading, slug, visible(reading, viewer))
    who = views.forecaster_of(reading, handle, viewer)
    asked = views.one(reading, question, viewer, moment)
    items, acts = items_of(reading, asked, who)
    return models.Receipt(
        question=slug,
        who=shapes.who(reading, who, viewer),
        rule=main_rule(asked.kind.ORDERED),
        score=sum(item.contribution for item in items),
        peer=sum(item.gain for item in items),
        coverage=sum(item.share for item in items),
        lines=[_line(item, acts) for item in items],
        proof=proof_of(reading, asked, who),
    )


def _line(item: Item, acts: Acts) -> models.Line:
    return models.Line(
        start=moment_of(item.start), stop=moment_of(item.stop), probabilities=acts.probabilities[item.act].tolist(),
        loss=item.loss, others=shapes.known(item.others), crowd=shapes.known(item.crowd), share=item.share,
        contribution=item.contribution, gain=item.gain,
    )  # fmt: skip


@router.get("/leaderboard", **looks())
def get_leaderboard(reading: Reading, viewer: Viewing, narrowed: Chosen, by: Word = DEFAULT) -> models.Board:
    """Everybody's standing by a measure, over the questions that are chosen."""
    page = leaderboard_page(reading, viewer, by, narrowed)
    return models.Board(
        measure=measure(page.board.measure),
        questions=page.board.questions, groups=page.board.groups, podium=page.board.podium,
        rows=[shapes.row(reading, one, viewer) for one in page.places.rows],
    )  # fmt: skip


def measure(one: Measure) -> models.Measure:
    """What a board goes by."""
    names = ("name", "title", "about", "higher", "reference")
    return models.Measure(**{name: getattr(one, name) for name in names})


@router.get("/compare", **looks())
def compare_forecasters(
    reading: Reading, viewer: Viewing, narrowed: Chosen, a: Word = "crowd", b: Word = "always-50"
) -> models.Contest:
    """Two forecasters side by side on the questions that both answered."""
    page = compare_page(reading, viewer, a, b, narrowed)
    most = [
        models.Differed(
            question=one.slug, title=one.title, outcome=one.outcome, a=one.said[0], b=one.said[1],
            difference=one.difference, shared=one.shared,
        )
        for one in page.most
    ]  # fmt: skip
    return models.Contest(
        a=shapes.who(reading, page.a, viewer), b=shapes.who(reading, page.b, viewer),
        told=list(page.verdict), most=most, **_numbers(page.comparison),
    )  # fmt: skip


def _numbers(found: Comparison) -> dict[str, Any]:
    verdicts = {Verdict.A: "a", Verdict.B: "b", Verdict.OPEN: "open"}
    interval = {name: shapes.known(getattr(found.paired, name)) for name in ("mean", "low", "high")}
    told = {"questions": found.questions, "approximate": found.approximate}
    return {"verdict": verdicts[found.verdict], **told, **interval}


# Calibration


@router.get("/calibration", **looks())
def get_calibration(reading: Reading, viewer: Viewing, narrowed: Chosen, who: Word = "") -> models.Calibration:
    """Everybody's calibration, or one forecaster's, over what is chosen."""
    person = views.forecaster_of(reading, who, viewer) if who else None
    return calibration_of(reading, person, viewer, narrowed)


def calibration_of(
    session: Session, who: Forecaster | None, viewer: Forecaster | None, narrowed: Choice
) -> models.Calibration:
    """How often what was called 70% likely happened."""
    questions = boards.chosen(session, filters.read(session, narrowed, viewer), visible(session, viewer))
    said = cases.spoken(session, who, cases.chosen(session, questions))
    yes = said.of_kind("binary")
    happened = cases.binary(yes)
    test = calibration.spiegelhalter(happened) if len(happened.p) else None
    return models.Calibration(
        who=None if who is None else shapes.who(session, who, viewer),
        forecasts=len(yes.vectors),
        questions=len(np.unique(yes.question)),
        bins=[_bin(band) for band in calibration.bands(happened)],
        z=shapes.known(test.z) if test else None,
        p_value=shapes.known(test.p_value) if test else None,
        parts=[_parts(rule, happened) for rule in ("brier", "log") if len(happened.p)],
        **_intervals(said.of_kind(*ORDERED)),
    )


def _bin(band: calibration.Band) -> models.Bin:
    dot = {name: getattr(band.dot, name) for name in ("low", "high", "forecast", "frequency", "count")}
    return models.Bin(**dot, band_low=band.low, band_high=band.high)


def _parts(rule: str, happened: calibration.Cases) -> models.Parts:
    return models.Parts(rule=rule, **vars(calibration.decompose(happened.p, happened.y, rule)))


def _intervals(ordered: Spoken) -> dict[str, Any]:
    if not ordered.vectors:
        return {"intervals": 0, "interval_rate": None}
    reached = calibration.reach(ordered.vectors, ordered.outcomes.tolist())
    return {"intervals": len(ordered.vectors), "interval_rate": calibration.hit_rate(*reached, ordered.groups).rate}
