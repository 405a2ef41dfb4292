"""Sets of questions: the essay with what it implies, and loading a set out of a file."""

from importlib.resources import files

from fastapi import APIRouter, Response
from sqlmodel import Session, col, select

from forecasts import loading
from forecasts.models import Forecaster
from forecasts.permissions import may, require, sets_visible
from questions import catalog, setfile
from questions.errors import Refusal
from questions.models import QuestionSet
from web import setpage
from web.dependencies import Form, Now, Reading, SignedIn, Viewer, Writer
from web.pages import SetsPage
from web.paging import PageNumber
from web.rendering import Rendering, status_of

router = APIRouter(prefix="/sets")


@router.get("")
def sets(reading: Reading, viewer: Viewer, render: Rendering) -> Response:
    return render(sets_page(reading, viewer))


@router.post("")
def load(form: Form, reading: Reading, writing: Writer, moderator: SignedIn, render: Rendering) -> Response:
    require(moderator, "load")
    typed = form.get("file", "") or form.get("text", "")
    try:
        file = setfile.parse(typed.encode(), "The file")
        with writing(alone=True) as (session, moment):
            report = loading.load(session, file, "The file", by=moderator.pseudonym, moment=moment)
    except Refusal as refusal:
        return render(sets_page(reading, moderator, typed=typed, error=refusal), status=status_of(refusal))
    return render(sets_page(reading, moderator, report=str(report)))


def sets_page(
    session: Session, viewer: Forecaster | None, *, typed: str = "", error: Refusal | None = None, report: str = ""
) -> SetsPage:
    """Every set, and for moderators the form that loads one."""
    found = session.exec(select(QuestionSet).where(sets_visible(session, viewer)).order_by(col(QuestionSet.id))).all()
    example = (files("questions.sets") / "example.toml").read_text()
    return SetsPage(
        viewer=viewer, here="/sets", sets=found, may_load=may(viewer, "load"),
        typed=typed, error=error, report=report, example=example,
    )  # fmt: skip


@router.get("/{slug}")
def essay(
    slug: str, reading: Reading, viewer: Viewer, moment: Now, render: Rendering, page: PageNumber = ""
) -> Response:
    found = setpage.seen(reading, catalog.find_set(reading, slug, sets_visible(reading, viewer)), viewer, moment, page)
    return render(setpage.set_page(reading, found, viewer))
