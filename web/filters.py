"""What a reader narrows a board to: read out of the address, judged, and given back to the form that chose it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request
from sqlmodel import Session, col, select

from forecasts.boards import KINDS, Filter
from forecasts.models import Forecaster
from forecasts.permissions import sets_visible, visible
from questions import catalog
from questions.errors import Refusal
from questions.models import Question, QuestionSet

FIELDS = ("set", "tag", "since", "until", "kind", "least")


class InvalidFilter(Refusal):
    """What a board is to be narrowed to cannot be read."""


@dataclass(frozen=True)
class Choice:
    """The words of an address by which it narrows; "" where it does not."""

    set: str = ""
    tag: str = ""
    since: str = ""
    until: str = ""
    kind: str = ""
    least: str = ""

    @property
    def words(self) -> dict[str, str]:
        """What is chosen, by the names that addresses give it."""
        return {name: value for name in FIELDS if (value := getattr(self, name))}

    @property
    def query(self) -> str:
        """The same as a part of an address."""
        return urlencode(self.words)


@dataclass(frozen=True)
class Choosing:
    """The form: what is chosen, and what there is to choose from."""

    chosen: Choice
    sets: Sequence[QuestionSet]
    tags: Sequence[str]
    kinds: Sequence[str] = KINDS


def choice(request: Request) -> Choice:
    """What the address narrows to, as typed."""
    return Choice(**{name: request.query_params.get(name, "").strip() for name in FIELDS})


Chosen = Annotated[Choice, Depends(choice)]


def address(path: str, words: Mapping[str, str]) -> str:
    """A path with these words after it, without what is empty."""
    query = urlencode({name: value for name, value in words.items() if value})
    return f"{path}?{query}" if query else path


def read(session: Session, chosen: Choice, viewer: Forecaster | None) -> Filter:
    """The filter that these words mean. Raises NotFound for a set that is not there, InvalidFilter for the rest."""
    if chosen.kind not in ("", *KINDS):
        raise InvalidFilter(f"“{chosen.kind[:40]}” is no kind of forecaster. Choose {', '.join(KINDS)}.", "kind")
    if chosen.tag and not catalog.is_name(chosen.tag):
        raise InvalidFilter("That is no tag. Choose one from the list.", "tag")
    since, until = days(chosen.since, chosen.until)
    return Filter(
        within=catalog.find_set(session, chosen.set, sets_visible(session, viewer)).id if chosen.set else None,
        tag=chosen.tag,
        since=since,
        until=until,
        kind=chosen.kind,
        least=_count(chosen.least),
    )


def days(since: str, until: str) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the one day on, and before the end of the other; None for what is empty.

    Raises InvalidFilter.
    """
    first, last = _day(since, "since"), _day(until, "until")
    return first, None if last is None or last.year == MAXYEAR else last + timedelta(days=1)


def _day(text: str, field: str) -> datetime | None:
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise InvalidFilter(f"“{text[:40]}” is not a day. Write one such as 2026-03-31.", field)
    return datetime(found.year, found.month, found.day, tzinfo=UTC)


def _count(text: str) -> int:
    if not text:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise InvalidFilter(f"“{text[:40]}” is no number of questions. Write one such as 10.", "least")
    return max(1, int(text))


def choosing(session: Session, chosen: Choice, viewer: Forecaster | None) -> Choosing:
    """The form with everything there is to choose from."""
    return Choosing(chosen, all_sets(session, viewer), all_tags(session, viewer))


def all_tags(session: Session, viewer: Forecaster | None) -> list[str]:
    """The tags to choose from."""
    tagged = session.exec(select(Question.tags).where(visible(session, viewer)))
    return sorted({tag for found in tagged for tag in found}, key=str.casefold)


def all_sets(session: Session, viewer: Forecaster | None) -> list[QuestionSet]:
    """The sets to choose from."""
    return list(session.exec(select(QuestionSet).where(sets_visible(session, viewer)).order_by(col(QuestionSet.title))))
