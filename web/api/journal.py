"""The journal: every act in order, chained by hashes, with the words of those alone that whoever asks may see."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session, col, select

from forecasts.models import Comment, Forecast, Forecaster
from forecasts.permissions import may, sets_visible, visible
from questions.models import Entry, Question, QuestionSet, Source
from web import views
from web.api import models
from web.api.callers import Viewing
from web.api.documents import looks
from web.api.reading import Count
from web.dependencies import Now, Reading

router = APIRouter()

OF_QUESTIONS = ("question", "revision", "resolution", "review")
SPOKEN = ("forecast", "withdrawal")

After = Annotated[Count, Query(ge=0, lt=2**53, description="The seq of the last entry seen.")]
Limit = Annotated[Count, Query(ge=1, le=500, description="How many at most.")]


@router.get("/journal", **looks())
def list_journal(
    reading: Reading, viewer: Viewing, moment: Now, after: After = 0, limit: Limit = 100
) -> models.Journal:  # fmt: skip
    """The journal from an entry on. hash = SHA-256(hash before || header || commitment), all the way from the first."""
    statement = select(Entry).where(col(Entry.seq) > after).order_by(col(Entry.seq)).limit(limit + 1)
    found = reading.exec(statement).all()
    sight = Sight(reading, viewer, moment, found[:limit])
    entries = [_entry(one, shown=sight.sees(one)) for one in found[:limit]]
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


@dataclass
class Sight:
    """What somebody may see of some entries. Kinds of entries that it does not know are seen by nobody."""

    session: Session
    viewer: Forecaster | None
    moment: Now
    entries: Sequence[Entry]

    def sees(self, entry: Entry) -> bool:
        """Whether they may see what was done, and not only that something was."""
        of = entry.kind
        if of == "showing":
            of = json.loads(entry.content or '{"of": ""}')["of"]
        tests: dict[str, Callable[[Entry], bool]] = {
            **dict.fromkeys(OF_QUESTIONS, self._asked),
            **dict.fromkeys(SPOKEN, self._spoken),
            "comment": self._written,
            "set": lambda one: one.subject in self.sets,
            "source": lambda one: one.subject in self.sources,
        }
        return of in tests and tests[of](entry)

    def _asked(self, entry: Entry) -> bool:
        return entry.subject in self.questions

    def _written(self, entry: Entry) -> bool:
        """As a question's page shows comments: not what a moderator hides, but to moderators."""
        return self._asked(entry) and (entry.seq not in self.hidden or may(self.viewer, "moderate"))

    def _spoken(self, entry: Entry) -> bool:
        """As a question's page shows who said what: not while it is hidden, nor of who keeps theirs private."""
        if entry.subject not in self.questions or entry.seq not in self.speakers:
            return False
        who = self.speakers[entry.seq]
        if who.private and (self.viewer is None or self.viewer.id != who.id):
            return False
        asked = self.looked.get(entry.subject)
        if asked is None:
            question = self.questions[entry.subject]
            asked = self.looked[entry.subject] = views.one(self.session, question, self.viewer, self.moment)
        return asked.tells(who, self.viewer)

    @cached_property
    def looked(self) -> dict[str, views.Asked]:
        """The questions that were looked at so far, by slug."""
        return {}

    @cached_property
    def questions(self) -> dict[str, Question]:
        """Those of the questions that they may see, by slug."""
        named = col(Question.slug).in_({one.subject for one in self.entries})
        return {
            one.slug: one
            for one in self.session.exec(select(Question).where(named, visible(self.session, self.viewer)))
        }

    @cached_property
    def sets(self) -> set[str]:
        """The slugs of the sets that they may see."""
        return set(self.session.exec(select(QuestionSet.slug).where(sets_visible(self.session, self.viewer))))

    @cached_property
    def sources(self) -> set[str]:
        """The slugs of these sets' texts."""
        used = select(QuestionSet.source_id).where(sets_visible(self.session, self.viewer))
        return set(self.session.exec(select(Source.slug).where(col(Source.id).in_(used))))

    @cached_property
    def hidden(self) -> set[int]:
        """The comments that a moderator hides."""
        return set(self.session.exec(select(Comment.entry).where(Comment.hidden)))

    @cached_property
    def speakers(self) -> dict[int, Forecaster]:
        """Who made each forecast or withdrawal, by its entry."""
        seqs = [one.seq for one in self.entries if one.kind in SPOKEN]
        statement = select(Forecast.entry, Forecaster).join(
            Forecaster, col(Forecaster.id) == Forecast.forecaster_id
        )  # fmt: skip
        return dict(self.session.exec(statement.where(col(Forecast.entry).in_(seqs))).all())
