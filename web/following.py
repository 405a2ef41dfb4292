"""What of a question's page follows the news: the crowd, the charts, what people write; and who looks at them how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlmodel import Session, col, select

from forecasts import history
from forecasts.models import Forecast, Forecaster
from web import live, talk, views
from web.filters import address
from web.live import State
from web.pages import Live, LivePage
from web.views import ZOOMS, Asked


@dataclass(frozen=True)
class Looking:
    """What part of a question's page an address asks for.

    zoom     how many days the chart over time is narrowed to, "" for all
    before   the entry before which the timeline ends, 0 for its newest part
    remarks  the entry before which the comments end, 0 for the newest
    seen     the latest entry that the page knows of
    """

    zoom: str = ""
    before: int = 0
    remarks: int = 0
    seen: int = 0

    @property
    def words(self) -> dict[str, str]:
        """The part, as addresses name it."""
        return {"zoom": self.zoom, "before": str(self.before or ""), "remarks": str(self.remarks or "")}


WHOLE = Looking()


def looking(request: Request) -> Looking:
    """What the address asks for; what it does not understand counts as not asked."""
    words = request.query_params
    before, remarks, seen = (_entry(words.get(name, "")) for name in ("before", "remarks", "seen"))
    return Looking(zoom_of(words), before, remarks, seen)


Sought = Annotated[Looking, Depends(looking)]


def zoom_of(words: Mapping[str, str]) -> str:
    """How far an address or a form narrows the chart over time."""
    zoom = words.get("zoom", "")
    return zoom if zoom in ZOOMS else ""


def _entry(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


@dataclass(frozen=True)
class Said:
    """What the viewer said on a question, in order, and what of it stands."""

    mine: Sequence[Forecast]
    standing: Forecast | None


def said_by(session: Session, asked: Asked, viewer: Forecaster | None) -> Said:
    """What the viewer said on a question; nothing where nobody looks."""
    if viewer is None:
        return Said((), None)
    statement = select(Forecast).where(
        Forecast.question_id == asked.question.id, Forecast.forecaster_id == viewer.id
    )  # fmt: skip
    mine = session.exec(statement.order_by(col(Forecast.entry))).all()
    return Said(mine, views.standing_of(session, viewer, asked.question, asked.moment))


def charted(session: Session, asked: Asked, said: Said, zoom: str) -> dict[str, Any]:
    """The charts of a question's page, by the names that pages give them."""
    vector = None if said.standing is None else said.standing.probabilities
    return {
        "zoom": zoom,
        "history": views.time_chart(asked, said.mine, zoom),
        "density": views.spread_chart(asked, vector),
        "bars": views.choice_chart(asked, vector),
        "tenths": views.tenths_chart(session, asked),
    }


def state_of(asked: Asked) -> State:
    """What a question's page shows."""
    return live.state(f"q{asked.question.id}", [(asked.question, asked.path)], asked.moment, [asked.reveals_at])


def tag_of(asked: Asked) -> str:
    """The tag of what a question's page shows."""
    return state_of(asked).tag(history.ticks(asked.moment))


def live_of(session: Session, asked: Asked, sought: Looking, news: str = "") -> Live:
    """How a page that shows this learns of more."""
    words = {**sought.words, "seen": str(talk.latest(session, [asked.question.slug]))}
    return Live(tag_of(asked), address(f"/questions/{asked.question.slug}/live", words), news)


def live_page(
    session: Session, asked: Asked, viewer: Forecaster | None, said: Said, sought: Looking, news: str
) -> LivePage:
    """What has taken the place of what the page shows. Older parts of the timeline stay what they are."""
    timeline, decisions = None, views.decided(session, asked.question, asked.shape)
    if not sought.before:
        timeline = talk.timeline(session, asked, viewer, decisions, talk.revised(session, asked.question))
    return LivePage(
        viewer=viewer,
        here=f"/questions/{asked.question.slug}",
        glance=views.glance(asked),
        decisions=decisions,
        **charted(session, asked, said, sought.zoom),
        talk=talk.talk(session, asked, viewer, sought.remarks),
        timeline=timeline,
        live=live_of(session, asked, sought, news),
    )
