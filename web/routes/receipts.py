"""The receipt for a score: how one forecaster came by it on one question, day by day, as a page and as CSV."""

import csv
import json
from datetime import datetime
from io import StringIO

import numpy as np
from fastapi import APIRouter, Response
from sqlmodel import Session, func, select

from forecasts import derived, history, inclusion
from forecasts.models import Forecast, Forecaster
from forecasts.permissions import visible
from forecasts.receipts import Item
from forecasts.scoring import main_rule
from forecasts.timeline import Acts
from questions import catalog
from questions.errors import NotFound
from questions.models import said
from web import charts, diagrams, views
from web.dependencies import Now, Reading, Viewer
from web.pages import Line, ReceiptPage
from web.rendering import Rendering
from web.views import Asked

router = APIRouter(prefix="/questions/{slug}/receipts")

COLUMNS = ("start", "stop", "seconds", "probabilities", "loss", "others", "crowd", "window_seconds", "compared_seconds")
DERIVED = ("contribution", "gain")


@router.get("/{handle}/receipt.csv")
def download(slug: str, handle: str, reading: Reading, viewer: Viewer, moment: Now) -> Response:
    question = catalog.find(reading, slug, visible(reading, viewer))
    asked = views.one(reading, question, viewer, moment)
    items, acts = found(reading, asked, views.forecaster_of(reading, handle, viewer))
    name = f'attachment; filename="{question.slug}.{handle.lower()}.csv"'
    return Response(_csv(asked, items, acts), media_type="text/csv", headers={"Content-Disposition": name})


@router.get("/{handle}/proof.txt")
def proof(slug: str, handle: str, reading: Reading, viewer: Viewer, moment: Now) -> Response:
    asked = views.one(reading, catalog.find(reading, slug, visible(reading, viewer)), viewer, moment)
    who = views.forecaster_of(reading, handle, viewer)
    text = proof_of(reading, asked, who)
    if text is None:
        raise NotFound(
            f"No signed checkpoint covers what {who.name} did on “{asked.question.title}” yet. Look again in an hour."
        )
    name = f'attachment; filename="{slug}.{handle.lower()}.proof.txt"'
    return Response(text, media_type="text/plain", headers={"Content-Disposition": name})


@router.get("/{handle}")
def receipt(slug: str, handle: str, reading: Reading, viewer: Viewer, moment: Now, render: Rendering) -> Response:
    question = catalog.find(reading, slug, visible(reading, viewer))
    who = views.forecaster_of(reading, handle, viewer)
    return render(receipt_page(reading, views.one(reading, question, viewer, moment), who, viewer))


def receipt_page(session: Session, asked: Asked, who: Forecaster, viewer: Forecaster | None) -> ReceiptPage:
    """Every line that adds up to the score. Raises NotFound where there is none."""
    items, acts = found(session, asked, who)
    return ReceiptPage(
        viewer=viewer,
        here=f"/questions/{asked.question.slug}/receipts/{who.handle}",
        glance=views.glance(asked),
        forecaster=who,
        rule=views.rule(main_rule(asked.kind.ORDERED)),
        lines=[_line(asked, item, acts) for item in items],
        score=sum(item.contribution for item in items),
        coverage=sum(item.share for item in items),
        peer=sum(item.gain for item in items),
        recorded=_recorded(session, asked, who),
        chart=_chart(asked, who, items),
        evidence=_evidence(session, asked, who),
    )


def proof_of(session: Session, asked: Asked, who: Forecaster) -> str | None:
    """What somebody may keep of a score: its entries with the proof that a checkpoint covers them.

    None where none does. Raises NotFound where there is no score.
    """
    found(session, asked, who)
    about = (f"question {asked.question.slug}", f"forecaster {who.handle}")
    return inclusion.text(session, _evidence(session, asked, who), *about)


def _evidence(session: Session, asked: Asked, who: Forecaster) -> inclusion.Evidence:
    assert asked.resolution is not None  # noqa: S101  there is a score
    return inclusion.of_score(session, asked.question, asked.resolution, who)


def _recorded(session: Session, asked: Asked, who: Forecaster) -> tuple[datetime, datetime] | None:
    """From when to when an imported forecaster's acts were put on record here; None for everybody else's."""
    if not who.imported:
        return None
    times = select(func.min(Forecast.recorded_at), func.max(Forecast.recorded_at))
    return session.exec(times.where(Forecast.question_id == asked.question.id, Forecast.forecaster_id == who.id)).one()


def found(session: Session, asked: Asked, who: Forecaster) -> tuple[list[Item], Acts]:
    """The lines and the acts that they name. Raises NotFound where somebody has no score on the question."""
    items: list[Item] = []
    acts: Acts | None = None
    if asked.status == "resolved" and asked.resolution is not None:
        items, acts = derived.receipt(session, asked.question, asked.resolution, who)
    if not items or acts is None:
        raise NotFound(f"{who.name} has no score on “{asked.question.title}”. Its page lists who has one.")
    return items, acts


def _line(asked: Asked, item: Item, acts: Acts) -> Line:
    vector = views.rounded(acts.probabilities[item.act], asked.kind)
    return Line(
        history.moment_of(item.start),
        history.moment_of(item.stop),
        asked.kind.say(vector, asked.shape),
        item.loss,
        item.crowd,
        item.others,
        item.share,
        item.contribution,
        item.gain,
    )


def _chart(asked: Asked, who: Forecaster, items: list[Item]) -> diagrams.Receipt:
    heading = charts.Heading("receipt", "Loss over time", "Where one’s own lies lower than the others’, one gains.")
    times = np.array([item.start for item in items], dtype=np.int64)
    own = charts.Steps(who.name, times, np.array([item.loss for item in items]))
    others = charts.Steps("The others", times, np.array([item.others for item in items]))
    return diagrams.receipt(heading, own, others, asked.window)


def _csv(asked: Asked, items: list[Item], acts: Acts) -> str:
    """The receipt in full precision: contribution = loss × seconds ÷ window_seconds, and so on as the page says."""
    window = (asked.question.closes_at - asked.question.opens_at).total_seconds()
    text = StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow([*COLUMNS, *DERIVED])
    for item in items:
        rows.writerow([
            said(history.moment_of(item.start)), said(history.moment_of(item.stop)), (item.stop - item.start) / 1e6,
            json.dumps(acts.probabilities[item.act].tolist()), item.loss, _known(item.others), _known(item.crowd),
            window, item.compared * window, item.contribution, item.gain,
        ])  # fmt: skip
    return text.getvalue()


def _known(value: float) -> float | str:
    return "" if np.isnan(value) else value
