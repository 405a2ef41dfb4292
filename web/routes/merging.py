"""Merging a forecaster into another: a form, what would move, and the way back."""

from collections.abc import Mapping

from fastapi import APIRouter, Response
from sqlmodel import Session

from forecasts import merging, moderation, roots
from forecasts.models import Forecaster, Merge
from forecasts.permissions import require
from questions.errors import Refusal
from web import views
from web.dependencies import Form, Reading, SignedIn, Writer
from web.pages import MergingPage
from web.rendering import Rendering, status_of
from web.routes.moderation import told
from web.watching import Witness

router = APIRouter(prefix="/people/{handle}")


@router.get("/merging")
def consider(handle: str, reading: Reading, moderator: SignedIn, render: Rendering) -> Response:
    who = views.named(reading, handle)
    require(moderator, "moderate")
    return render(merging_page(reading, who, moderator))


@router.post("/merging")
def merge(
    handle: str, form: Form, reading: Reading, writing: Writer, moderator: SignedIn, known: Witness, render: Rendering
) -> Response:  # fmt: skip
    """Show what would move; with step=confirm, do it; with step=edit, give the form back. Of who is merged, undo it."""
    who, note = views.named(reading, handle), form.get("note", "")
    known.about(who)
    require(moderator, "moderate")
    if form.get("step") == "edit":
        return render(merging_page(reading, who, moderator, typed=form))
    try:
        into = None if who.merged_into_id else merging.named(reading, form.get("into", ""))
        if into is not None and form.get("step") != "confirm":
            moderation.require_merging(reading, who, into, by=moderator)
            moderation.require_reason(note)
            return render(merging_page(reading, who, moderator, typed=form, into=into))
        with writing(alone=True) as (session, moment):
            if into is None:
                moderation.separate(session, who, note, by=moderator, moment=moment)
            else:
                moderation.merge(session, who, into, note, by=moderator, moment=moment)
    except Refusal as refusal:
        page = merging_page(reading, who, moderator, typed=form, error=refusal)
        return render(page, status=status_of(refusal))
    return render(merging_page(reading, who, moderator), otherwise=f"/people/{who.handle}/merging")


def merging_page(
    session: Session, who: Forecaster, viewer: Forecaster, *,
    typed: Mapping[str, str] | None = None, into: Forecaster | None = None, error: Refusal | None = None,
) -> MergingPage:  # fmt: skip
    """The form, or where `into` is given what would move to them."""
    return MergingPage(
        viewer=viewer,
        here=f"/people/{who.handle}/merging",
        person=who,
        root=roots.root(session, who),
        into=into,
        moving=merging.weigh(session, who, into) if into else None,
        done=[told(session, one, _word(session, one)) for one in moderation.merges(session, who)],
        typed={"into": "", "note": "", **(typed or {})},
        error=error,
    )


def _word(session: Session, one: Merge) -> str:
    into = session.get_one(Forecaster, one.into_id).name
    return f"Merged into {into}" if one.merged else f"Separated from {into}"
