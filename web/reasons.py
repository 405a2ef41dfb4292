"""What goes with a forecast beside its numbers: why, and until when it stands, as typed and in words."""

from collections.abc import Mapping
from datetime import MAXYEAR, UTC, date, datetime, timedelta

from sqlmodel import Session

from forecasts import discussion, ledger
from forecasts.models import Forecast, Forecaster
from questions.errors import InvalidAnswer
from questions.models import Question, QuestionSet
from web.pages import Beside, Offered
from web.rendering import moment as spoken
from web.views import Asked, Typed

DAY = timedelta(days=1)


def rationale(form: Mapping[str, str]) -> str:
    """Why, in Markdown; "" where no reason was given. Raises InvalidText."""
    return discussion.require_text(form.get("rationale", ""), "rationale")


def expiry(form: Mapping[str, str]) -> datetime | None:
    """The end of the last day on which the forecast is to stand; None where none was typed. Raises InvalidAnswer."""
    text = form.get("expires", "").strip()
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text or found.year == MAXYEAR:
        raise InvalidAnswer(f"“{text[:40]}” is not a day. Write one such as 2026-05-09.", "expires")
    return datetime(found.year, found.month, found.day, tzinfo=UTC) + DAY


def beside(session: Session, asked: Asked, typed: Typed | None, zoom: str) -> Beside:
    """What may be said beside a forecast on the question."""
    form = typed.form if typed else {}
    told = _lapses(session, asked.question, asked.moment)
    return Beside(form.get("rationale", ""), form.get("expires", ""), told, zoom)


def _lapses(session: Session, question: Question, moment: datetime) -> str:
    """How long a forecast stands where its forecaster does not say."""
    until = ledger.by_default(session, question, moment)
    if until is None or until >= question.closes_at:
        return "Empty: it stands until the question closes."
    share = session.get_one(QuestionSet, question.set_id).expires_after or 0.0
    return f"Empty: it stands until {spoken(until)}, for {share:.0%} of the question’s time, as is usual in this set."


def offered(session: Session, asked: Asked, who: Forecaster | None) -> Offered:
    """What somebody may take back, and what they may say again."""
    if who is None or asked.status != "open":
        return Offered()
    last = ledger.latest(session, who, asked.question)
    acts = ledger.undoable(session, who, asked.question, asked.moment) if last else []
    return Offered(undo=_said(asked, acts[0]) if acts else "", again=_again(asked, last))


def _said(asked: Asked, forecast: Forecast) -> str:
    text = None if forecast.probabilities is None else asked.kind.say(forecast.probabilities, asked.shape)
    return text or "withdrawal"


def _again(asked: Asked, last: Forecast | None) -> str:
    return "" if last is None or last.probabilities is None else asked.kind.say(last.probabilities, asked.shape)
