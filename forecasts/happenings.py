"""What there is to tell: which events happened that a subscription asks for and was not told of yet."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from forecasts import crowd, digest, history
from forecasts.models import Delivery, Forecaster, Subscription
from forecasts.permissions import hides, visible
from questions import catalog, percent
from questions.models import Question, QuestionSet, Resolution, said
from questions.shape import Vector

EVENTS: Mapping[str, str] = {
    "resolved": "A question is decided, or a decision is changed",
    "closing": "A question closes soon",
    "moved": "The crowd moved by ten points or more",
}
"""What can be subscribed to, and what that means."""

SOON = timedelta(hours=48)
"""How long before it closes a question closes soon."""

AGAIN = timedelta(days=1)
"""How long nobody is told again that a question's crowd moved."""

Told = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class News:
    """What everybody may be told at a moment.

    decided  decisions that were made since the last look, the earliest first; none that an import brought along
    open     the questions that take forecasts
    seen     the ids of the questions that each subscriber sees, by theirs
    moves    when each subscription was last told that a question's crowd moved, by its id and the question's name
    """

    moment: datetime
    decided: Sequence[tuple[Resolution, Question]]
    open: Sequence[Question]
    seen: Mapping[int, Collection[int]]
    moves: Mapping[tuple[int, str], datetime]


def gather(session: Session, seq: int, moment: datetime, *, mail: bool) -> list[Delivery]:
    """Whatever is to be told of the journal after `seq` and of this moment, and was not told before.

    mail  whether mail can be sent; where it cannot none is gathered, to come all at once when it can
    """
    running = (
        select(Subscription)
        .join(Forecaster, col(Forecaster.id) == Subscription.forecaster_id)
        .where(col(Subscription.ended_at).is_(None), col(Forecaster.merged_into_id).is_(None))
    )
    subscriptions = [one for one in session.exec(running) if mail or one.channel != "mail"]
    if not subscriptions:
        return []
    seen = _seen(session, {one.forecaster_id for one in subscriptions})
    news = News(moment, _decided(session, seq), _open(session, moment), seen, _moves(session))
    found = [delivery for one in subscriptions for delivery in _deliveries(session, one, news)]
    known = _known(session, {one.event for one in found})
    return [one for one in found if (one.subscription_id, one.event) not in known]


def _decided(session: Session, seq: int) -> list[tuple[Resolution, Question]]:
    statement = (
        select(Resolution, Question)
        .join(Question, col(Question.id) == Resolution.question_id)
        .where(Resolution.entry > seq, col(Resolution.claimed_at).is_(None))
        .order_by(col(Resolution.entry))
    )
    return list(session.exec(statement).all())


def _open(session: Session, moment: datetime) -> list[Question]:
    listed = catalog.listed(session, Question.opens_at <= moment, Question.closes_at > moment)  # type: ignore[arg-type]
    return [one.question for one in listed if catalog.status(one.question, one.resolution, moment) == "open"]


def _seen(session: Session, people: Iterable[int]) -> dict[int, set[int]]:
    persons = {key: session.get_one(Forecaster, key) for key in people}
    return {key: set(session.exec(select(Question.id).where(visible(session, who)))) for key, who in persons.items()}


def _moves(session: Session) -> dict[tuple[int, str], datetime]:
    statement = select(Delivery.subscription_id, Delivery.event).where(col(Delivery.event).startswith("moved:"))
    latest: dict[tuple[int, str], datetime] = {}
    for subscription, event in session.exec(statement):
        _, slug, at = event.split(":", 2)
        key, told = (subscription, slug), datetime.fromisoformat(at)
        latest[key] = max(told, latest.get(key, told))
    return latest


def _known(session: Session, events: Iterable[str]) -> set[tuple[int, str]]:
    statement = select(Delivery.subscription_id, Delivery.event).where(col(Delivery.event).in_(events))
    return set(session.exec(statement))


def _deliveries(session: Session, one: Subscription, news: News) -> Iterator[Delivery]:
    due_at = digest.following(one.every, news.moment) if one.every else news.moment
    for name in one.events:
        for event, content in TELLING[name](session, one, news):
            yield Delivery(subscription_id=one.id, event=event, content={"event": name, **content}, due_at=due_at)


def _asks_for(one: Subscription, question: Question, news: News) -> bool:
    """Whether a subscription asks for this question, and its owner sees it."""
    return one.set_id in (None, question.set_id) and question.id in news.seen[one.forecaster_id]


# Decisions


def _decisions(session: Session, one: Subscription, news: News) -> Iterator[Told]:
    """Every decision since the subscription began."""
    for made, question in news.decided:
        if _asks_for(one, question, news) and made.recorded_at >= one.made_at:
            yield f"resolved:{question.slug}:{made.entry}", _decision(session, made, question)


def _decision(session: Session, made: Resolution, question: Question) -> dict[str, Any]:
    before = session.get(Resolution, made.supersedes) if made.supersedes else None
    corrects = made.verdict == "resolved" and before is not None and before.verdict == "resolved"
    verdict = "corrected" if corrects else made.verdict
    outcome = catalog.told(made, catalog.kind_of(question), catalog.shape_of(question))
    facts = {"verdict": verdict, "outcome": outcome if made.verdict == "resolved" else None}
    facts |= {"known_at": said(made.known_at), "note": made.note, "evidence_url": made.evidence_url}
    return _content(session, question, made.recorded_at, _sentence(verdict, outcome, made), facts)


def _sentence(verdict: str, outcome: str, made: Resolution) -> str:
    known = f"{outcome}, known on {catalog.spoken(made.known_at)}." if made.known_at else ""
    return {
        "resolved": f"Resolved: {known}",
        "corrected": f"Corrected: {known}",
        "annulled": f"Annulled: {made.note}",
        "reopened": "Reopened: what was decided before counts no more.",
    }[verdict]


# Closings


def _closings(session: Session, one: Subscription, news: News) -> Iterator[Told]:
    """The open questions that close within two days, for a digest those that would when the one after it is sent."""
    soon = SOON + (digest.following(one.every, digest.following(one.every, news.moment)) if one.every else news.moment)
    for question in news.open:
        if _asks_for(one, question, news) and question.closes_at <= soon:
            sentence = f"Closes on {catalog.spoken(question.closes_at)}."
            facts = {"closes_at": said(question.closes_at)}
            yield f"closing:{question.slug}", _content(session, question, news.moment, sentence, facts)


# Moves of the crowd


def _crowd_moves(session: Session, one: Subscription, news: News) -> Iterator[Told]:
    """The open questions whose crowd moved since this was last told, or since the subscription began."""
    for question in news.open:
        told = news.moves.get((one.id, question.slug))
        since = max(told, one.made_at) if told else one.made_at
        again = told is None or news.moment - told >= AGAIN
        if _asks_for(one, question, news) and again and not _hidden(session, one, question, news.moment):
            content = _move(session, question, since, news.moment)
            if content is not None:
                yield f"moved:{question.slug}:{news.moment.isoformat()}", content


def _hidden(session: Session, one: Subscription, question: Question, moment: datetime) -> bool:
    return bool(hides(session, session.get_one(Forecaster, one.forecaster_id), question, "open", moment))


def _move(session: Session, question: Question, since: datetime, moment: datetime) -> dict[str, Any] | None:
    path, kind = history.crowd_of(session, question), catalog.kind_of(question)
    rows = crowd.moved(path, history.ticks(since), history.ticks(moment), kind.ORDERED)
    if rows is None:
        return None
    began = max(since, history.moment_of(int(path.at[rows[0]])))
    before, after = (path.middle[row] for row in rows)
    words = _words(question, before, after)
    facts = {"since": said(began), "before": before.tolist(), "after": after.tolist()}
    sentence = f"The crowd moved from {words[0]} to {words[1]} since {catalog.spoken(began)}."
    return _content(session, question, moment, sentence, facts)


def _words(question: Question, before: Vector, after: Vector) -> tuple[str, str]:
    """What the crowd said then and says now; of several outcomes without order what it says of the one that moved."""
    kind, shape = catalog.kind_of(question), catalog.shape_of(question)
    if kind.ORDERED:
        return kind.say(before, shape), kind.say(after, shape)
    before, after = crowd.rounded(before), crowd.rounded(after)
    if shape.size == 2:
        return kind.say(before, shape), kind.say(after, shape)
    place = int(abs(after - before).argmax())
    return f"{percent.say(before[place])} for “{shape.outcomes[place]}”", percent.say(after[place])


def _content(
    session: Session, question: Question, at: datetime, sentence: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    within = session.get_one(QuestionSet, question.set_id)
    about = {"slug": question.slug, "title": question.title, "set": within.slug}
    return {"at": said(at), "question": about, "sentence": sentence, **facts}


TELLING: Mapping[str, Callable[[Session, Subscription, News], Iterator[Told]]] = {
    "resolved": _decisions,
    "closing": _closings,
    "moved": _crowd_moves,
}
