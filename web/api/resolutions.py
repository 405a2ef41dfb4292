"""Deciding: resolve, annul, reopen."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from forecasts import ledger
from forecasts.permissions import require, visible
from questions import catalog
from web.api import models, requests, shapes
from web.api.callers import Moderating
from web.api.documents import acts
from web.api.reading import body
from web.dependencies import Now, Reading, Writer
from web.routes.resolutions import read

router = APIRouter(prefix="/questions/{slug}")


@router.post("/resolution", **acts(requests.NewDecision))
def decide_question(
    slug: str, reading: Reading, writing: Writer, moderator: Moderating, moment: Now,
    given: Annotated[requests.NewDecision, Depends(body(requests.NewDecision))],
) -> models.Acted:  # fmt: skip
    """Resolve, annul or reopen a question. 409 where another decision than the one superseded is the latest."""
    question = catalog.find(reading, slug, visible(reading, moderator))
    require(moderator, "resolve")
    decision = replace(read(typed(given), question, moment), seen=given.supersedes or 0)
    with writing(alone=True) as (session, at):
        made = ledger.settle(session, question, decision, by=moderator, moment=at)
    return shapes.acted(reading, made.entry)


def typed(given: requests.NewDecision) -> dict[str, str]:
    """A decision as the form of its page sends it."""
    outcome: Any = given.outcome
    text = outcome if isinstance(outcome, str) else f"{outcome!r}"
    verdict = text if text in ("annulled", "reopened") else "resolved"
    return {
        "verdict": verdict,
        "outcome": text,
        "known_at": given.known_at.isoformat() if given.known_at else "",
        "evidence_url": given.evidence_url,
        "note": given.note,
    }
