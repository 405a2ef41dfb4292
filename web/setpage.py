"""The page of a set of questions: what it shows, and what of it follows the news."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col

from forecasts import history, ledger
from forecasts.models import Forecast, Forecaster
from forecasts.permissions import may, reveal_of, visible
from questions import catalog
from questions.catalog import Listed
from questions.models import Question, QuestionSet, Source
from web import essays, live, talk
from web.filters import address
from web.live import State
from web.pages import Live, SetLivePage, SetPage
from web.paging import Paging, paging


@dataclass(frozen=True)
class SeenSet:
    """A set as somebody sees it at a moment.

    listed   its questions, in the order of the page, each with the head of its part
    listing  which of them are on this page
    speaker  who says what its source says, and `said` what that is, by the questions' ids
    state    that of its page: all its questions count in it, and what the crowds say of those on this page
    """

    within: QuestionSet
    source: Source | None
    speaker: Forecaster | None
    listed: Sequence[tuple[str, Listed]]
    said: dict[int, Forecast]
    listing: Paging
    state: State
    moment: datetime

    @property
    def slugs(self) -> list[str]:
        """The names of its questions."""
        return [one.question.slug for _, one in self.listed]


def seen(session: Session, within: QuestionSet, viewer: Forecaster | None, moment: datetime, page: str) -> SeenSet:
    """What somebody sees of a set. Raises NotFound for a page that there is not."""
    source = session.get(Source, within.source_id) if within.source_id else None
    speaker = ledger.speaker_of(session, source) if source else None
    found = catalog.listed(session, visible(session, viewer), col(Question.set_id) == within.id)
    listed = [(head, one) for head, part in essays.in_parts(found) for one in part]
    listing = paging(page, len(listed), f"/sets/{within.slug}", {}, "questions")
    here = {one.question.id for _, one in listing.of(listed)}
    crowds = [(one.question, history.crowd_of(session, one.question) if one.question.id in here else None)
              for _, one in listed]  # fmt: skip
    reveals = [reveal_of(session, one.question)[1] for _, one in listed]
    state = live.state(f"s{within.id}.{listing.number}", crowds, moment, reveals)
    return SeenSet(within, source, speaker, listed, essays.spoken(session, speaker), listing, state, moment)


def set_page(session: Session, one: SeenSet, viewer: Forecaster | None) -> SetPage:
    """The source claim by claim, and how good a forecaster it has been; a set without one as the list that it is."""
    parts = _parts(session, one, viewer)
    return SetPage(viewer=viewer, here=f"/sets/{one.within.slug}", may_show=may(viewer, "show"), **parts)


def live_page(session: Session, one: SeenSet, viewer: Forecaster | None, news: str) -> SetLivePage:
    """What has taken the place of what the page shows."""
    return SetLivePage(viewer=viewer, here=f"/sets/{one.within.slug}", **_parts(session, one, viewer, news))


def _parts(session: Session, one: SeenSet, viewer: Forecaster | None, news: str = "") -> dict[str, Any]:
    found = [listed for _, listed in one.listed]
    speaker = one.speaker
    return {
        "within": one.within,
        "source": one.source,
        "speaker": speaker,
        "record": essays.record(session, speaker, viewer, found, one.said) if speaker else None,
        "counts": essays.counts(found, one.moment),
        "awaited": essays.awaited(found, one.moment),
        "parts": essays.parts(session, one.source, one.said, one.listing.of(one.listed), viewer, one.moment),
        "paging": one.listing,
        "live": _live(session, one, news),
    }


def _live(session: Session, one: SeenSet, news: str) -> Live:
    page = str(one.listing.number) if one.listing.number > 1 else ""
    words = {"page": page, "seen": str(talk.latest(session, one.slugs))}
    tag = one.state.tag(history.ticks(one.moment))
    return Live(tag, address(f"/sets/{one.within.slug}/live", words), news)
