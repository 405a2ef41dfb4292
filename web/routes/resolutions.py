"""Resolving: the form, the page that shows what a decision will do, and the decision; and what waits for one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from fastapi import APIRouter, Response
from sqlmodel import Session, col, select

from forecasts import boards, ledger
from forecasts.models import Forecaster
from forecasts.permissions import may, require, visible
from forecasts.scoring import Assessment, main_rule
from questions import catalog
from questions.catalog import Decision
from questions.errors import NotResolvable, Refusal
from questions.models import Question
from web import views
from web.dependencies import Form, Now, Reading, SignedIn, Viewer, Writer
from web.pages import Change, DuePage, ResolutionPage
from web.rendering import Rendering, status_of
from web.views import Asked

router = APIRouter()

VERDICTS = ("resolved", "annulled", "reopened")
FIELDS = ("verdict", "outcome", "known_at", "evidence_url", "note", "seen")


@router.get("/due")
def due(reading: Reading, viewer: Viewer, moment: Now, render: Rendering) -> Response:
    listed = catalog.listed(reading, visible(reading, viewer))
    closed = [one for one in listed if catalog.status(one.question, one.resolution, moment) == "closed"]
    closed.sort(key=lambda one: one.question.closes_at)
    waiting = [
        (views.glance(views.look(reading, one, viewer, moment)), (moment - one.question.closes_at).days)
        for one in closed
    ]
    return render(DuePage(viewer=viewer, here="/due", waiting=waiting, may_resolve=may(viewer, "resolve")))


@router.get("/questions/{slug}/resolution")
def consider(slug: str, reading: Reading, moderator: SignedIn, moment: Now, render: Rendering) -> Response:
    question = catalog.find(reading, slug, visible(reading, moderator))
    require(moderator, "resolve")
    return render(resolution_page(reading, question, moderator, moment))


@router.post("/questions/{slug}/resolution")
def resolve(
    slug: str, form: Form, reading: Reading, writing: Writer, moderator: SignedIn, moment: Now, render: Rendering
) -> Response:
    """Show what the decision will do; with step=confirm, do it; with step=edit, give the form back."""
    question = catalog.find(reading, slug, visible(reading, moderator))
    require(moderator, "resolve")
    if form.get("step") == "edit":
        return render(resolution_page(reading, question, moderator, moment, typed=form))
    try:
        decision = read(form, question, moment)
        if form.get("step") != "confirm":
            catalog.require_decidable(reading, question, decision, moment)
            return render(resolution_page(reading, question, moderator, moment, typed=form, decision=decision))
        with writing(alone=True) as (session, at):
            ledger.settle(session, question, decision, by=moderator, moment=at)
    except Refusal as refusal:
        page = resolution_page(reading, question, moderator, moment, typed=form, error=refusal)
        return render(page, status=status_of(refusal))
    return render(resolution_page(reading, question, moderator, moment), otherwise=f"/questions/{question.slug}")


def read(form: Mapping[str, str], question: Question, moment: datetime) -> Decision:
    """What the moderator decided. Raises Refusal, naming the field."""
    verdict = form.get("verdict", "")
    if verdict not in VERDICTS:
        raise NotResolvable("No decision is chosen. Choose resolve, annul or reopen.", "verdict")
    seen = form.get("seen", "0")
    if not (seen.isascii() and seen.isdigit() and len(seen) < 19):
        raise NotResolvable("The form does not say which decision it saw. Open the page again.", "seen")
    said = Decision(
        verdict,
        evidence_url=_link(form.get("evidence_url", "").strip()),
        note=form.get("note", "").strip(),
        seen=int(seen),
    )
    return _with_outcome(said, form, question, moment) if verdict == "resolved" else said


def _with_outcome(said: Decision, form: Mapping[str, str], question: Question, moment: datetime) -> Decision:
    typed, kind = form.get("outcome", "").strip(), catalog.kind_of(question)
    if not typed:
        raise NotResolvable("The outcome is empty. Say what happened.", "outcome")
    outcome = kind.resolve(typed, catalog.shape_of(question))
    known_at = moment_of(form.get("known_at", ""), max(moment.replace(microsecond=0), question.opens_at))
    return replace(said, outcome=outcome, known_at=known_at, value=typed if kind.ORDERED else "")


def moment_of(text: str, default: datetime) -> datetime:
    """A moment as typed, in UTC; empty means the default. Raises NotResolvable."""
    text = text.strip()
    if not text:
        return default
    try:
        read = datetime.fromisoformat(text.removesuffix("UTC").strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NotResolvable(
            f"“{text[:40]}” is not a moment. Write one such as 2026-12-31 23:59, in UTC.", "known_at"
        ) from error


def _link(text: str) -> str:
    try:
        parts = urlsplit(text)
        sound = not text or (
            parts.scheme in ("http", "https") and parts.hostname and text.isprintable() and " " not in text
        )
    except ValueError:
        sound = False
    if not sound:
        raise NotResolvable(
            f"“{text[:60]}” is not a link. Write one that begins with https, or leave it empty.", "evidence_url"
        )
    return text


def resolution_page(
    session: Session, question: Question, moderator: Forecaster, moment: datetime,
    *, typed: Mapping[str, str] | None = None, decision: Decision | None = None, error: Refusal | None = None,
) -> ResolutionPage:  # fmt: skip
    """The form, filled with what was typed or else with what stands; or with a decision what it will do."""
    asked = views.one(session, question, moderator, moment)
    given = _standing(asked) if typed is None else typed
    return ResolutionPage(
        viewer=moderator,
        here=f"/questions/{question.slug}/resolution",
        glance=views.glance(asked),
        criteria=views.paragraphs(question.criteria),
        choices=() if asked.kind.ORDERED else asked.shape.outcomes,
        hint=_example(asked) if asked.kind.ORDERED else "",
        typed={name: given.get(name, "") for name in FIELDS} | {"known_at": _shown(given, decision)},
        seen=decision.seen if decision else question.resolution,
        error=error,
        decisions=views.decided(session, question, asked.shape),
        decision=_said(asked, decision),
        changes=None if decision is None else changes(session, question, decision),
        rule=views.rule(main_rule(asked.kind.ORDERED)).title,
    )


def _standing(asked: Asked) -> Mapping[str, str]:
    """The resolution that stands, as it would be typed: who corrects one thing shall not change another unawares."""
    stands = asked.resolution
    if stands is None or stands.outcome is None or stands.known_at is None:
        return {}
    outcome = stands.value if asked.kind.ORDERED else asked.shape.outcomes[stands.outcome]
    typed = {"verdict": stands.verdict, "outcome": outcome, "known_at": _typed(stands.known_at)}
    return typed | {"evidence_url": stands.evidence_url, "note": stands.note}


def _typed(moment: datetime) -> str:
    return moment.isoformat(sep=" ").replace("+00:00", "")


def _example(asked: Asked) -> str:
    axis = asked.kind.axis(asked.shape)
    return f"As published, such as {asked.kind.reading((axis.low + axis.high) / 2, asked.shape)}."


def _shown(typed: Mapping[str, str], decision: Decision | None) -> str:
    """The moment to be confirmed, exactly: an empty field means now, and now must not move while somebody reads."""
    if decision is not None and decision.known_at is not None:
        return _typed(decision.known_at)
    return typed.get("known_at", "")


def _said(asked: Asked, decision: Decision | None) -> str:
    if decision is None:
        return ""
    if decision.outcome is None:
        return decision.verdict
    label = asked.shape.outcomes[decision.outcome]
    if not asked.kind.ORDERED:
        return f"resolved: {label}"
    return f"resolved: {asked.kind.told(decision.value, asked.shape)} (in the bin “{label}”)"


def changes(session: Session, question: Question, decision: Decision) -> list[Change]:
    """The scores and the places by mean score that a decision changes, best first."""
    rule = main_rule(catalog.kind_of(question).ORDERED)
    assessment = ledger.foresee(session, question, decision)
    before, competes = boards.cells(session), boards.competitors(session)
    after = boards.replaced(session, before, question, assessment)
    old, new = (
        {row.forecaster: row for row in boards.ranked(session, cells, rule, competes).rows} for cells in (before, after)
    )
    scores, here = _losses(assessment, rule), _standing_losses(session, question, rule)
    people = {who.id: who for who in session.exec(select(Forecaster).order_by(col(Forecaster.id)))}
    found = [
        Change(
            people[key],
            (here.get(key), scores.get(key)),
            (old[key].value if key in old else None, new[key].value if key in new else None),
            (old[key].rank if key in old else None, new[key].rank if key in new else None),
        )
        for key in [*new, *(key for key in old if key not in new)]
    ]
    return [one for one in found if one.score[0] != one.score[1] or one.rank[0] != one.rank[1]]


def _standing_losses(session: Session, question: Question, rule: str) -> dict[int, float]:
    """What everybody has on the question as it is decided now."""
    forecasters, found = boards.numbers(session, question)
    return dict(zip(forecasters.tolist(), found[rule].tolist(), strict=True)) if rule in found else {}


def _losses(assessment: Assessment | None, rule: str) -> dict[int, float]:
    """What everybody would have."""
    if assessment is None:
        return {}
    return dict(zip(assessment.forecaster.tolist(), assessment.numbers[rule].tolist(), strict=True))
