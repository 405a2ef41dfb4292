"""Hiding a comment and suspending a forecaster: a form with a reason, and what was done before."""

from fastapi import APIRouter, Response
from sqlmodel import Session

from forecasts import moderation
from forecasts.models import Comment, Forecaster, Hiding, Merge, Suspension
from forecasts.permissions import require, visible
from questions import catalog
from questions.errors import Refusal
from questions.models import Question
from web import views
from web.dependencies import Form, Reading, SignedIn, Writer
from web.pages import Moderated, ModerationPage
from web.rendering import Rendering, status_of
from web.watching import Witness

router = APIRouter()


@router.get("/comments/{entry:int}/hiding")
def consider_comment(entry: int, reading: Reading, moderator: SignedIn, render: Rendering) -> Response:
    comment = comment_of(reading, entry, moderator)
    require(moderator, "moderate")
    return render(comment_page(reading, comment, moderator))


@router.post("/comments/{entry:int}/hiding")
def hide(entry: int, form: Form, reading: Reading, writing: Writer, moderator: SignedIn, render: Rendering) -> Response:
    comment, note, hidden = comment_of(reading, entry, moderator), form.get("note", ""), form.get("act") == "do"
    require(moderator, "moderate")
    try:
        with writing() as (session, moment):
            moderation.hide(session, comment, hidden, note, by=moderator, moment=moment)
    except Refusal as refusal:
        page = comment_page(reading, comment, moderator, typed=note, error=refusal)
        return render(page, status=status_of(refusal))
    page = comment_page(reading, comment, moderator)
    return render(page, otherwise=f"/comments/{entry}/hiding")


def comment_of(session: Session, entry: int, who: Forecaster) -> Comment:
    """The comment, if its question is seen. Raises NotFound."""
    found = moderation.find_comment(session, entry)
    catalog.find(session, session.get_one(Question, found.question_id).slug, visible(session, who))
    return found


def comment_page(
    session: Session, comment: Comment, viewer: Forecaster, *, typed: str = "", error: Refusal | None = None
) -> ModerationPage:
    """The form that hides a comment or shows it again."""
    slug = session.get_one(Question, comment.question_id).slug
    author = session.get_one(Forecaster, comment.forecaster_id)
    return ModerationPage(
        viewer=viewer,
        here=f"/comments/{comment.entry}/hiding",
        back=f"/questions/{slug}?remarks={comment.entry + 1}#comment-{comment.entry}",
        title=f"A comment by {author.name}",
        quoted=comment.text,
        stands="Nobody reads it now but moderators." if comment.hidden else "Everybody who sees the question reads it.",
        does="" if comment.hidden else "Hide it",
        undoes="Show it again" if comment.hidden else "",
        done=[told(session, one, "Hidden" if one.hidden else "Shown") for one in moderation.hidings(session, comment)],
        typed=typed,
        error=error,
    )


@router.get("/people/{handle}/suspension")
def consider_person(handle: str, reading: Reading, moderator: SignedIn, render: Rendering) -> Response:
    who = views.named(reading, handle)
    require(moderator, "moderate")
    return render(person_page(reading, who, moderator))


@router.post("/people/{handle}/suspension")
def suspend(
    handle: str, form: Form, reading: Reading, writing: Writer, moderator: SignedIn, render: Rendering,
    known: Witness,
) -> Response:  # fmt: skip
    who, note, suspended = views.named(reading, handle), form.get("note", ""), form.get("act") == "do"
    known.about(who)
    require(moderator, "moderate")
    try:
        with writing() as (session, moment):
            moderation.suspend(session, who, suspended, note, by=moderator, moment=moment)
    except Refusal as refusal:
        page = person_page(reading, who, moderator, typed=note, error=refusal)
        return render(page, status=status_of(refusal))
    return render(person_page(reading, who, moderator), otherwise=f"/people/{who.handle}/suspension")


def person_page(
    session: Session, who: Forecaster, viewer: Forecaster, *, typed: str = "", error: Refusal | None = None
) -> ModerationPage:
    """The form that suspends a forecaster or lets them act again."""
    found = moderation.suspensions(session, who)
    return ModerationPage(
        viewer=viewer,
        here=f"/people/{who.handle}/suspension",
        back=f"/people/{who.handle}",
        title=who.name,
        quoted="",
        stands="Suspended: they read, and do nothing else. What they said stays and is scored."
        if who.suspended else "Not suspended. Whoever is reads, and does nothing else; what they said stays and is "
        "scored. Their bots are suspended with them.",
        does="" if who.suspended else "Suspend",
        undoes="Let act again" if who.suspended else "",
        done=[told(session, one, "Suspended" if one.suspended else "Let act again") for one in found],
        typed=typed,
        error=error,
    )  # fmt: skip


def told(session: Session, one: Hiding | Suspension | Merge, word: str) -> Moderated:
    """What a moderator did, in a word, with their reason."""
    return Moderated(word, one.recorded_at, views.actor_of(session, one.entry), one.note)
