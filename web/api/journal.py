"""The journal: every act in order, chained by hashes, with the words of those alone that whoever asks may see."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from forecasts import audit
from questions.models import Entry
from web import record
from web.api import models
from web.api.callers import Viewing
from web.api.documents import looks
from web.api.reading import Count
from web.api.scores import ChosenSet, Day, Word
from web.dependencies import Now, Reading
from web.record import Sought

router = APIRouter()

After = Annotated[Count, Query(ge=0, lt=2**53, description="The seq of the last entry seen.")]
Limit = Annotated[Count, Query(ge=1, le=500, description="How many at most.")]


def sought(
    kind: Word = "",
    who: Word = "",
    question: Word = "",
    within: ChosenSet = "",
    since: Day | None = None,
    until: Day | None = None,
) -> Sought:
    """What is looked for: a kind of act, whose, on which question or set, recorded on which days."""
    return Sought(kind, who.strip(), question.strip(), within.strip(), since or "", until or "")


Asked = Annotated[Sought, Depends(sought)]


@router.get("/journal", **looks())
def list_journal(
    reading: Reading, viewer: Viewing, moment: Now, asked: Asked, after: After = 0, limit: Limit = 100
) -> models.Journal:  # fmt: skip
    """The journal from an entry on. hash = SHA-256(hash before || header || commitment), all the way from the first.

    Narrowed by more than days it has those entries alone of which whoever asks may see what was done.
    """
    wanted = record.wanted(reading, asked, viewer)
    found = audit.after(reading, viewer, moment, wanted, after, limit + 1)
    entries = [_entry(one, shown=is_seen) for one, is_seen in found[:limit]]
    return models.Journal(entries=entries, next=entries[-1].seq if len(found) > limit else None)


def _entry(one: Entry, *, shown: bool) -> models.Entry:
    told = shown and one.content is not None
    return models.Entry(
        seq=one.seq,
        recorded_at=one.recorded_at,
        hash=one.hash.hex(),
        commitment=one.commitment.hex(),
        kind=one.kind if shown else None,
        subject=one.subject if shown else None,
        content=json.loads(one.content or "") if told else None,
    )
