"""What one key does to a forecast: take it back, say it again; and that a question was seen."""

from fastapi import APIRouter, Response

from forecasts import ledger, looking
from forecasts.permissions import require, visible
from forecasts.repeating import Repeated
from questions import catalog
from questions.errors import Refusal
from web.dependencies import Form, Reading, SignedIn, Teller, Writer
from web.rendering import Rendering
from web.routes.questions import accepted, question_page, refused
from web.views import Typed

router = APIRouter(prefix="/questions/{slug}")


@router.post("/undo")
def undo(
    slug: str, form: Form, reading: Reading, writing: Writer, forecaster: SignedIn, tell: Teller, render: Rendering
) -> Response:
    question = catalog.find(reading, slug, visible(reading, forecaster))
    require(forecaster, "forecast")
    try:
        with writing() as (session, at):
            ledger.undo(session, forecaster, question, at)
    except Refusal as refusal:
        return refused(render, reading, question, forecaster, tell(), Typed(form, refusal))
    except Repeated:
        at = tell()
    return accepted(render, form, reading, question, forecaster, at)


@router.post("/reaffirmation")
def reaffirm(
    slug: str, form: Form, reading: Reading, writing: Writer, forecaster: SignedIn, tell: Teller, render: Rendering
) -> Response:
    question = catalog.find(reading, slug, visible(reading, forecaster))
    require(forecaster, "forecast")
    try:
        with writing() as (session, at):
            ledger.reaffirm(session, forecaster, question, at)
    except Refusal as refusal:
        return refused(render, reading, question, forecaster, tell(), Typed(form, refusal))
    except Repeated:
        at = tell()
    return accepted(render, form, reading, question, forecaster, at)


@router.post("/look")
def look(slug: str, reading: Reading, writing: Writer, who: SignedIn, render: Rendering) -> Response:
    question = catalog.find(reading, slug, visible(reading, who))
    with writing() as (session, at):
        looking.look(session, who, question, at)
    return render(question_page(reading, question, who, at), otherwise=f"/questions/{slug}")
