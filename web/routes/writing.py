"""Writing: one's drafts, the forms of a question, a ladder and a source, and their review."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Response
from sqlmodel import Session

from forecasts import drafting
from forecasts.models import Draft, Forecaster
from forecasts.permissions import may, require, visible
from forecasts.repeating import Repeated
from questions import catalog, forms, ladders
from questions.errors import ChangedMeanwhile, Refusal
from web import proofs, views
from web.dependencies import Form, Now, Reading, SignedIn, Writer
from web.pages import (
    Alongside,
    ClaimDraftPage,
    CopyPage,
    DraftsPage,
    LadderDraftPage,
    Page,
    QuestionDraftPage,
    ReadDraftPage,
    ReviewsPage,
    SourceDraftPage,
)
from web.rendering import Rendering, status_of

router = APIRouter()


@router.get("/drafts")
def drafts(reading: Reading, author: SignedIn, render: Rendering) -> Response:
    return render(drafts_page(reading, author))


@router.post("/drafts")
def start(form: Form, reading: Reading, writing: Writer, author: SignedIn, render: Rendering) -> Response:
    require(author, "ask")
    asks = form.get("asks", "")
    try:
        with writing() as (session, at):
            made = drafting.start(session, author, asks, {}, at)
    except Refusal as refusal:
        return render(drafts_page(reading, author, error=refusal), status=status_of(refusal))
    return render(drafts_page(reading, author), otherwise=f"/drafts/{made.id}")


def drafts_page(session: Session, author: Forecaster, *, error: Refusal | None = None) -> DraftsPage:
    """Everything that somebody has written or is writing."""
    found = [(one, proofs.title_of(one), drafting.way_to(session, one)) for one in drafting.mine(session, author)]
    publishes = may(author, "publish")
    waiting = len(drafting.waiting(session)) if publishes else 0
    return DraftsPage(
        viewer=author, here="/drafts", drafts=found, waiting=waiting, may_publish=publishes, error=error
    )  # fmt: skip


@router.get("/drafts/review")
def reviews(reading: Reading, moderator: SignedIn, render: Rendering) -> Response:
    require(moderator, "publish")
    waiting = [(one, proofs.title_of(one), author) for one, author in drafting.waiting(reading)]
    return render(ReviewsPage(viewer=moderator, here="/drafts/review", waiting=waiting))


# A draft


@router.get("/drafts/{number}")
def draft(number: str, reading: Reading, viewer: SignedIn, moment: Now, render: Rendering) -> Response:
    return render(draft_page(reading, drafting.find(reading, number, viewer), viewer, moment))


@router.post("/drafts/{number}")
def save(
    number: str, form: Form, reading: Reading, writing: Writer, author: SignedIn, moment: Now, render: Rendering
) -> Response:
    found = drafting.find(reading, number, author)
    require(author, "ask")
    seen = seen_in(form)
    try:
        with writing() as (session, at):
            drafting.save(session, found, author, form, seen, at)
    except Refusal as refusal:
        page = draft_page(reading, found, author, moment, typed=form, error=refusal)
        return render(page, status=status_of(refusal))
    kept = drafting.find(reading, number, author)
    return render(draft_page(reading, kept, author, moment), otherwise=f"/drafts/{number}")


@router.post("/drafts/{number}/review")
def send(
    number: str, form: Form, reading: Reading, writing: Writer, author: SignedIn, moment: Now, render: Rendering
) -> Response:
    """Keep what was typed and send it for review, both or neither; from a page without a form, what was kept."""
    found = drafting.find(reading, number, author)
    require(author, "ask")
    seen = seen_in(form)
    try:
        with writing() as (session, at):
            drafting.save_and_send(session, found, author, form, seen, at)
    except Refusal as refusal:
        page = draft_page(reading, found, author, moment, typed=form, error=refusal)
        return render(page, status=status_of(refusal))
    return render(draft_page(reading, found, author, moment), otherwise=f"/drafts/{number}")


@router.post("/drafts/{number}/return")
def give_back(
    number: str, form: Form, reading: Reading, writing: Writer, viewer: SignedIn, moment: Now, render: Rendering
) -> Response:
    """An author takes a draft back to write on; a moderator sends it back with a remark."""
    found = drafting.find(reading, number, viewer)
    takes = found.author_id == viewer.id
    require(viewer, "ask" if takes else "publish")
    seen, remark = seen_in(form), form.get("remark", "")
    try:
        with writing() as (session, at):
            if takes:
                drafting.take_back(session, found, viewer, at)
            else:
                drafting.give_back(session, found, remark, seen, at)
    except Refusal as refusal:
        page = draft_page(reading, found, viewer, moment, typed=form, error=refusal)
        return render(page, status=status_of(refusal))
    return render(drafts_page(reading, viewer), otherwise=f"/drafts/{number}" if takes else "/drafts/review")


@router.post("/drafts/{number}/publication")
def publish(
    number: str, form: Form, reading: Reading, writing: Writer, moderator: SignedIn, moment: Now, render: Rendering
) -> Response:
    found = drafting.find(reading, number, moderator)
    require(moderator, "publish")
    seen = seen_in(form)
    try:
        with writing() as (session, at):
            became = drafting.publish(session, found, form, seen, by=moderator, moment=at).became
    except Refusal as refusal:
        page = draft_page(reading, found, moderator, moment, typed=form, error=refusal)
        return render(page, status=status_of(refusal))
    except Repeated:
        became = drafting.find(reading, number, moderator).became
    return render(drafts_page(reading, moderator), otherwise=became)


@router.post("/drafts/{number}/deletion")
def discard(number: str, reading: Reading, writing: Writer, author: SignedIn, render: Rendering) -> Response:
    found = drafting.find(reading, number, author)
    require(author, "ask")
    try:
        with writing() as (session, _):
            drafting.discard(session, found, author)
    except Refusal as refusal:
        return render(drafts_page(reading, author, error=refusal), status=status_of(refusal))
    return render(drafts_page(reading, author), otherwise="/drafts")


def seen_in(form: Mapping[str, str]) -> int:
    """The version that a form was filled with, or the one that it writes over knowingly; -1 where it says none."""
    text = form.get("over", "") or form.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def draft_page(
    session: Session, draft: Draft, viewer: Forecaster, moment: datetime,
    *, typed: Mapping[str, str] | None = None, error: Refusal | None = None,
) -> Page:  # fmt: skip
    """The form of a draft for its author while they write on it, else what it says."""
    if draft.author_id != viewer.id or draft.state not in drafting.WRITABLE:
        return read_page(session, draft, viewer, moment, into=typed, error=error)
    making = {"question": question_page, "ladder": ladder_page, "source": source_page}[draft.asks]
    return making(session, draft, viewer, moment, typed, error)


def question_page(
    session: Session, draft: Draft, viewer: Forecaster, moment: datetime,
    typed: Mapping[str, str] | None, error: Refusal | None,
) -> QuestionDraftPage:  # fmt: skip
    """The form of a question."""
    shown = draft.typed if typed is None else forms.tidy(typed)
    return QuestionDraftPage(
        viewer=viewer,
        here=f"/drafts/{draft.id}",
        typed=shown,
        error=error,
        beside=_beside(session, draft, shown, viewer, moment, typed, error),
        kinds=proofs.kinds(),
        sets=_sets(session, viewer),
        choices=proofs.choices(draft.asks),
        checks=forms.CHECKS,
        may_publish=may(viewer, "publish"),
    )


def ladder_page(
    session: Session, draft: Draft, viewer: Forecaster, moment: datetime,
    typed: Mapping[str, str] | None, error: Refusal | None,
) -> LadderDraftPage:  # fmt: skip
    """The form of a ladder."""
    shown = draft.typed if typed is None else forms.tidy(typed)
    return LadderDraftPage(
        viewer=viewer,
        here=f"/drafts/{draft.id}",
        typed=shown,
        error=error,
        beside=_beside(session, draft, shown, viewer, moment, typed, error),
        directions=ladders.DIRECTIONS,
        sets=_sets(session, viewer),
        choices=proofs.choices(draft.asks),
        checks=forms.CHECKS,
        may_publish=may(viewer, "publish"),
    )


def source_page(
    session: Session, draft: Draft, viewer: Forecaster, moment: datetime,
    typed: Mapping[str, str] | None, error: Refusal | None,
) -> SourceDraftPage:  # fmt: skip
    """The form of a source, and its claims in a line each."""
    shown = draft.typed if typed is None else forms.tidy(typed)
    return SourceDraftPage(
        viewer=viewer,
        here=f"/drafts/{draft.id}",
        typed=shown,
        error=error,
        beside=_beside(session, draft, shown, viewer, moment, typed, error),
        claims=proofs.claim_lines(session, draft, moment),
        choices=proofs.choices("source"),
        may_publish=may(viewer, "publish"),
    )


def _sets(session: Session, who: Forecaster) -> list[tuple[str, str]]:
    """The sets to choose from, by their slugs."""
    return [(one.slug, one.title) for one in drafting.sets(session, who)]


def _beside(
    session: Session, draft: Draft, shown: Mapping[str, str], viewer: Forecaster, moment: datetime,
    typed: Mapping[str, str] | None, error: Refusal | None, claim: int = 0,
) -> Alongside:  # fmt: skip
    """What stands beside the form; what was typed over an older version keeps saying which it had seen."""
    is_refused = isinstance(error, ChangedMeanwhile)
    seen = seen_in(typed) if typed and is_refused else draft.version
    return proofs.beside(
        session, draft, shown, moment, visible(session, viewer), seen=seen, is_refused=is_refused, claim=claim
    )  # fmt: skip


def read_page(
    session: Session, draft: Draft, viewer: Forecaster, moment: datetime,
    *, into: Mapping[str, str] | None = None, error: Refusal | None = None,
) -> ReadDraftPage:  # fmt: skip
    """What a draft says, to its author while it waits, and to moderators with what they may do."""
    about = {proofs.NAMED[name]: draft.typed[name] for name in proofs.ABOUT if draft.typed.get(name)}
    publishes = may(viewer, "publish")
    about = about if draft.asks == "source" else {}
    about |= {} if publishes and draft.state == "review" else proofs.shown(draft)
    return ReadDraftPage(
        viewer=viewer,
        here=f"/drafts/{draft.id}",
        typed=draft.typed if into is None else {**draft.typed, **into},
        error=error,
        beside=_beside(session, draft, draft.typed, viewer, moment, None, None),
        title=proofs.title_of(draft),
        author=session.get_one(Forecaster, draft.author_id),
        about=about,
        sets=_sets(session, viewer),
        choices=proofs.choices(draft.asks),
        way=drafting.way_to(session, draft),
        may_publish=publishes,
    )


# The claims of a source


@router.post("/drafts/{number}/claims")
def add_claim(
    number: str, form: Form, reading: Reading, writing: Writer, author: SignedIn, moment: Now, render: Rendering
) -> Response:
    """Keep what was typed of the source, and go on to one more claim."""
    found = drafting.find(reading, number, author)
    require(author, "ask")
    seen = seen_in(form)
    try:
        with writing() as (session, at):
            added = drafting.add_claim(session, found, author, form, seen, at)
    except Refusal as refusal:
        page = draft_page(reading, found, author, moment, typed=form, error=refusal)
        return render(page, status=status_of(refusal))
    return render(drafts_page(reading, author), otherwise=f"/drafts/{number}/claims/{added}")


@router.get("/drafts/{number}/claims/{claim}")
def claim(number: str, claim: str, reading: Reading, author: SignedIn, moment: Now, render: Rendering) -> Response:
    found = drafting.find(reading, number, author)
    return render(claim_page(reading, found, drafting.require_claim(found, claim), author, moment))


@router.post("/drafts/{number}/claims/{claim}")
def save_claim(
    number: str,
    claim: str,
    form: Form,
    reading: Reading,
    writing: Writer,
    author: SignedIn,
    moment: Now,
    render: Rendering,
) -> Response:
    """Keep a claim; with step=judge stay on it and say what it lacks."""
    found = drafting.find(reading, number, author)
    require(author, "ask")
    which, seen = drafting.require_claim(found, claim), seen_in(form)
    try:
        with writing() as (session, at):
            drafting.save_claim(session, found, author, which, form, seen, at)
    except Refusal as refusal:
        page = claim_page(reading, found, which, author, moment, typed=form, error=refusal)
        return render(page, status=status_of(refusal))
    kept = drafting.find(reading, number, author)
    return render(claim_page(reading, kept, which, author, moment), otherwise=f"/drafts/{number}/claims/{which}")


@router.post("/drafts/{number}/claims/{claim}/deletion")
def drop_claim(
    number: str, claim: str, reading: Reading, writing: Writer, author: SignedIn, moment: Now, render: Rendering
) -> Response:
    found = drafting.find(reading, number, author)
    require(author, "ask")
    which = drafting.require_claim(found, claim)
    try:
        with writing() as (session, at):
            drafting.drop_claim(session, found, author, which, at)
    except Refusal as refusal:
        return render(claim_page(reading, found, which, author, moment, error=refusal), status=status_of(refusal))
    return render(drafts_page(reading, author), otherwise=f"/drafts/{number}")


def claim_page(
    session: Session, draft: Draft, claim: int, author: Forecaster, moment: datetime,
    *, typed: Mapping[str, str] | None = None, error: Refusal | None = None,
) -> Page:  # fmt: skip
    """The form of one claim of a source; what is not written on now is shown as it is."""
    if draft.author_id != author.id or draft.state not in drafting.WRITABLE:
        return read_page(session, draft, author, moment, error=error)
    shown = forms.claim_of(draft.typed, claim) if typed is None else forms.tidy(typed)
    numbers = forms.claims(draft.typed)
    place = numbers.index(claim)
    return ClaimDraftPage(
        viewer=author,
        here=f"/drafts/{draft.id}/claims/{claim}",
        typed=shown,
        error=error,
        beside=_beside(session, draft, shown, author, moment, typed, error, claim),
        kinds=proofs.kinds(),
        checks=forms.CHECKS,
        number=claim,
        place=place + 1,
        following=numbers[place + 1] if place + 1 < len(numbers) else 0,
    )


# Beginning with what was asked already


@router.get("/questions/{slug}/copy")
def consider_copy(slug: str, reading: Reading, author: SignedIn, moment: Now, render: Rendering) -> Response:
    question = catalog.find(reading, slug, visible(reading, author))
    page = CopyPage(
        viewer=author, here=f"/questions/{slug}/copy", glance=views.glance(views.one(reading, question, author, moment))
    )
    return render(page)


@router.post("/questions/{slug}/copy")
def copy(slug: str, form: Form, reading: Reading, writing: Writer, author: SignedIn, render: Rendering) -> Response:
    """Begin a draft with what a question says."""
    question = catalog.find(reading, slug, visible(reading, author))
    require(author, "ask")
    typed = drafting.again(question, form.get("how", ""))
    try:
        with writing() as (session, at):
            made = drafting.start(session, author, "question", typed, at)
    except Refusal as refusal:
        return render(drafts_page(reading, author, error=refusal), status=status_of(refusal))
    return render(drafts_page(reading, author), otherwise=f"/drafts/{made.id}")
