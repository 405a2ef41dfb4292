"""Who sees a set or a question, and when they see what others say: the form, and the link to what is unlisted."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlmodel import Session, select

from forecasts.models import Forecaster
from forecasts.permissions import require, sets_visible, visible
from questions import audiences, catalog, forms
from questions.audiences import Shown
from questions.errors import NotFound, Refusal
from questions.models import AS_ITS_SET, AUDIENCES, REVEALS, Question, QuestionSet
from web import cookies
from web.dependencies import (
    KEY,
    LINKS,
    MOST_LINKS,
    Configured,
    Form,
    Now,
    Reading,
    SignedIn,
    Teller,
    Viewer,
    Writer,
    opened,
)
from web.pages import ShowingPage, ShownChoices
from web.rendering import Rendering, status_of

router = APIRouter()

REMEMBERED = 180 * 24 * 3600
"""Seconds for which a browser knows that it opened a link."""


@router.get("/questions/{slug}/audience")
@router.get("/sets/{slug}/audience")
def consider(
    slug: str, request: Request, reading: Reading, moderator: SignedIn, settings: Configured, render: Rendering
) -> Response:
    one = _found(request, reading, slug, moderator)
    require(moderator, "show")
    return render(showing_page(reading, one, moderator, settings.address))


@router.post("/questions/{slug}/audience")
@router.post("/sets/{slug}/audience")
def show(
    slug: str, request: Request, form: Form, reading: Reading, writing: Writer, moderator: SignedIn,
    settings: Configured, tell: Teller, render: Rendering,
) -> Response:  # fmt: skip
    one = _found(request, reading, slug, moderator)
    require(moderator, "show")
    try:
        shown = read(form, tell(), of_set=isinstance(one, QuestionSet))
        with writing() as (session, moment):
            audiences.show(session, one, shown, by=moderator.pseudonym, moment=moment)
    except Refusal as refusal:
        page = showing_page(reading, one, moderator, settings.address, typed=form, error=refusal)
        return render(page, status=status_of(refusal))
    page = showing_page(reading, one, moderator, settings.address)
    return render(page, otherwise=page.here)


def _found(request: Request, session: Session, slug: str, who: Forecaster) -> Question | QuestionSet:
    """The set or the question that the address names, if they see it. Raises NotFound."""
    if request.url.path.startswith("/sets/"):
        return catalog.find_set(session, slug, sets_visible(session, who))
    return catalog.find(session, slug, visible(session, who))


def read(form: Mapping[str, str], moment: datetime, *, of_set: bool) -> Shown:
    """What a form says of who sees what. Raises InvalidQuestion."""
    with forms.in_words():
        return audiences.judge(forms.shown(form, moment), of_set=of_set)


def showing_page(
    session: Session, one: Question | QuestionSet, viewer: Forecaster, address: str,
    *, typed: Mapping[str, str] | None = None, error: Refusal | None = None,
) -> ShowingPage:  # fmt: skip
    """The form, filled with what stands or with what was typed and refused."""
    kind = "questions" if isinstance(one, Question) else "sets"
    stands = {"audience": one.audience, "reveal": one.reveal}
    stands["reveals_at"] = forms.stamp(one.reveals_at) if one.reveals_at else ""
    within = session.get_one(QuestionSet, one.set_id) if isinstance(one, Question) else None
    return ShowingPage(
        viewer=viewer,
        here=f"/{kind}/{one.slug}/audience",
        back=f"/{kind}/{one.slug}",
        title=one.title,
        typed=stands | dict(typed or {}),
        choices=_choices(within),
        link=f"{address}/open/{one.key}" if one.key else "",
        error=error,
    )


def _choices(within: QuestionSet | None) -> ShownChoices:
    """What there is to choose from; of a question with what its set has first."""
    if within is None:
        return ShownChoices(tuple(AUDIENCES.items()), tuple(REVEALS.items()))
    of_set = ((AUDIENCES, within.audience), (REVEALS, within.reveal))
    first = [(AS_ITS_SET, f"As its set: {known[word].lower()}") for known, word in of_set]
    return ShownChoices((first[0], *AUDIENCES.items()), (first[1], *REVEALS.items()))


@router.get("/open/{key}")
def open_link(
    key: str, request: Request, reading: Reading, viewer: Viewer, moment: Now, settings: Configured, render: Rendering
) -> Response:
    """Let whoever opens the link to what is unlisted see it, in this browser and from now on."""
    where = _behind(reading, key)
    answer = Response(status_code=303, headers={"Location": where, "Cache-Control": "no-store"})
    kept = [*(one for one in opened(request) if one != key), key][-MOST_LINKS:]
    return cookies.keep(answer, LINKS, ".".join(kept), REMEMBERED, settings)


def _behind(session: Session, key: str) -> str:
    """Where a link leads. Raises NotFound."""
    if KEY.fullmatch(key):
        for model, path in ((QuestionSet, "/sets"), (Question, "/questions")):
            slug = session.exec(select(model.slug).where(model.key == key)).first()
            if slug is not None:
                return f"{path}/{slug}"
    raise NotFound("This link opens nothing. It was changed, or what it led to is no longer unlisted.")
