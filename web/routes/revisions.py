"""Making a published question's words clearer, in sight of everybody: the form, what it changes, and the change."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from sqlmodel import Session

from forecasts.models import Forecaster
from forecasts.permissions import require, visible
from questions import catalog, forms
from questions.errors import Refusal
from questions.models import REVISABLE, Question
from web import proofs, views
from web.dependencies import Form, Reading, SignedIn, Teller, Writer
from web.pages import RevisedOnce, RevisionPage
from web.rendering import Rendering, status_of
from web.routes.writing import seen_in

router = APIRouter(prefix="/questions/{slug}/revision")


@router.get("")
def consider(slug: str, reading: Reading, moderator: SignedIn, tell: Teller, render: Rendering) -> Response:
    question = catalog.find(reading, slug, visible(reading, moderator))
    require(moderator, "revise")
    return render(revision_page(reading, question, moderator, tell))


@router.post("")
def revise(
    slug: str, form: Form, reading: Reading, writing: Writer, moderator: SignedIn, tell: Teller, render: Rendering
) -> Response:
    """Show what will change; with step=confirm, change it; with step=edit, give the form back."""
    question = catalog.find(reading, slug, visible(reading, moderator))
    require(moderator, "revise")
    typed, seen, by = forms.tidy(form), seen_in(form), moderator.pseudonym
    if form.get("step") == "edit":
        return render(revision_page(reading, question, moderator, tell, typed=typed))
    try:
        changes, note = forms.words(typed, REVISABLE), typed.get("note", "")
        if form.get("step") != "confirm":
            shown = catalog.require_revisable(reading, question, changes, note, seen)
            return render(revision_page(reading, question, moderator, tell, typed=typed, changes=shown))
        with writing() as (session, at):
            catalog.revise(session, question, changes, note, seen, by=by, moment=at)
    except Refusal as refusal:
        page = revision_page(reading, question, moderator, tell, typed=typed, error=refusal)
        return render(page, status=status_of(refusal))
    return render(revision_page(reading, question, moderator, tell), otherwise=f"/questions/{slug}")


def revision_page(
    session: Session, question: Question, moderator: Forecaster, tell: Callable[[], datetime],
    *, typed: Mapping[str, str] | None = None, changes: Mapping[str, Any] | None = None, error: Refusal | None = None,
) -> RevisionPage:  # fmt: skip
    """The form, filled with what the question says; or what a revision changes, for whoever is to confirm it."""
    stands = {name: spoken(getattr(question, name)) for name in REVISABLE}
    return RevisionPage(
        viewer=moderator,
        here=f"/questions/{question.slug}/revision",
        glance=views.glance(views.one(session, question, moderator, tell())),
        typed={"note": ""} | stands | dict(typed or {}),
        seen=seen_in(typed) if typed else catalog.latest_revision(session, question),
        error=error,
        changes=[proofs.revised(name, stands[name], spoken(value)) for name, value in (changes or {}).items()],
        revisions=[
            RevisedOnce(one, views.actor_of(session, one.entry)) for one in catalog.revisions(session, question)
        ],
    )


def spoken(value: Any) -> str:
    """What a field says, as it stands in the form."""
    return ", ".join(value) if isinstance(value, list) else str(value)
