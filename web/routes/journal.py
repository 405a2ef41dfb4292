"""The journal as a page: every act on record, the newest first, with its hash, narrowed as whoever looks asks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session

from forecasts import audit
from forecasts.models import Forecaster
from questions.errors import Refusal
from web import filters, record, views
from web.dependencies import Now, Reading, Viewer
from web.pages import Deed, JournalPage
from web.record import FIELDS, Sought
from web.rendering import Rendering, status_of

router = APIRouter()

SIZE = 50
NEWEST = 2**62
ACTING = ("person", "bot", "source")


def sought(request: Request) -> Sought:
    """What the address asks for, as typed."""
    return Sought(**{name: request.query_params.get(name, "").strip() for name in FIELDS})


Asked = Annotated[Sought, Depends(sought)]


@router.get("/journal")
def journal(
    reading: Reading, viewer: Viewer, moment: Now, asked: Asked, render: Rendering, before: str = ""
) -> Response:  # fmt: skip
    known = before.isascii() and before.isdigit() and len(before) < 19
    seq = int(before) if known else NEWEST
    try:
        wanted = record.wanted(reading, asked, viewer)
    except Refusal as refusal:
        return render(journal_page(reading, viewer, asked, [], error=refusal), status=status_of(refusal))
    read = audit.before(reading, viewer, moment, wanted, seq, SIZE + 1)
    older = record.older(asked, read[SIZE - 1][0].seq) if len(read) > SIZE else ""
    newest = filters.address("/journal", asked.words) if seq < NEWEST else ""
    return render(journal_page(reading, viewer, asked, record.told(reading, read[:SIZE]), older, newest))


def journal_page(
    session: Session, viewer: Forecaster | None, asked: Sought, deeds: list[Deed], older: str = "", newest: str = "",
    *, error: Refusal | None = None,
) -> JournalPage:  # fmt: skip
    """These entries in words, with the form that narrows them as it was typed."""
    return JournalPage(
        viewer=viewer,
        here="/journal",
        deeds=deeds,
        typed=asked.words,
        kinds=record.kinds(viewer),
        people={one.handle: one.name for one in views.people(session, viewer) if one.kind in ACTING},
        sets={one.slug: one.title for one in filters.all_sets(session, viewer)},
        older=older,
        newest=newest,
        error=error,
    )
