"""What each forecaster would get for each outcome if it became known now, kept up to date with every act.

forecasts/running.py does the sums; this keeps them in the tables, one row a question and one a forecaster on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import BindParameter, bindparam, delete, insert, or_, select, update
from sqlmodel import Session

from forecasts import history, running
from forecasts.models import Forecast, Seat, Tally
from forecasts.rules import charge_each
from forecasts.scoring import Outcomes, main_rule
from forecasts.timeline import NEVER
from questions import catalog
from questions.models import Question, table_of
from questions.shape import Vector

_TALLIES, _SEATS = table_of(Tally), table_of(Seat)
_HERE: BindParameter[int] = bindparam("question")
_WHO: BindParameter[int] = bindparam("who")
_AT_THIS_SEAT = (_SEATS.c.question_id == _HERE) & (_SEATS.c.forecaster_id == _WHO)
_TALLY = select(_TALLIES.c.state).where(_TALLIES.c.question_id == _HERE)
_SEATS_HERE = select(_SEATS.c.forecaster_id, _SEATS.c.until, _SEATS.c.state).where(_SEATS.c.question_id == _HERE)
_TOUCHED = (
    select(_SEATS.c.forecaster_id, _SEATS.c.state)
    .where(
        _SEATS.c.question_id == _HERE,
        or_(_SEATS.c.forecaster_id == _WHO, _SEATS.c.until <= bindparam("at", type_=_SEATS.c.until.type)),
    )
    .order_by(_SEATS.c.until, _SEATS.c.forecaster_id)
)
_CLEAR_TALLY = delete(_TALLIES).where(_TALLIES.c.question_id == _HERE)
_CLEAR_SEATS = delete(_SEATS).where(_SEATS.c.question_id == _HERE)
_MOVE_TALLY = update(_TALLIES).where(_TALLIES.c.question_id == _HERE).values(state=bindparam("now"))
_MOVE_SEAT = update(_SEATS).where(_AT_THIS_SEAT).values(until=bindparam("lapses"), state=bindparam("now"))
_ENTER_TALLY = insert(_TALLIES).values(question_id=_HERE, state=bindparam("now"))
_ENTER_SEAT = insert(_SEATS).values(
    question_id=_HERE, forecaster_id=_WHO, until=bindparam("lapses"), state=bindparam("now")
)


@dataclass(frozen=True)
class Running:
    """The running state of one question: its own, and each forecaster's by id."""

    tally: running.Tally
    seats: Mapping[int, running.Seat]


def outcomes_of(question: Question) -> Outcomes:
    """What scoring must know of the question's outcomes."""
    shape = catalog.shape_of(question)
    return Outcomes(shape.size, catalog.kind_of(question).ORDERED, shape.below, shape.above)


def names_of(shape: Outcomes) -> tuple[str, ...]:
    """The rules by which the state is kept, in its order."""
    return (main_rule(shape.ordered), "log")


def worked_out(question: Question, said: history.History) -> Running | None:
    """The state after all of these acts, one by one; None where there are none."""
    if not len(said.acts.at):
        return None
    shape = outcomes_of(question)
    losses = np.array([_losses(vector, shape) for vector in said.acts.probabilities])
    return Running(*running.replay(said.acts, said.persons, losses, history.window_of(question)))


def _losses(vector: Vector, shape: Outcomes) -> Vector:
    """What a forecast costs by each rule for each outcome, (2, k); NaN for a withdrawal, whose vector is NaN."""
    names = names_of(shape)
    if np.isnan(vector[0]):
        return np.full((len(names), shape.size), np.nan)
    return np.array([charge_each(name, vector, shape.ordered) for name in names])


def advance(session: Session, question: Question, made: Forecast, *, person: bool) -> None:
    """Count an act that was just recorded: O(1), whatever else was said.

    An act made earlier than others that are counted already, as a source's is, has everything worked out again.
    """
    at, connection = history.ticks(made.made_at), session.connection()
    window, shape = history.window_of(question), outcomes_of(question)
    state = connection.execute(_TALLY, {"question": question.id}).scalar()
    tally = running.fresh(window, len(names_of(shape)), shape.size) if state is None else running.unpack_tally(state)
    if at < tally.at:
        keep(session, question, worked_out(question, history.read(session, question)))
        return
    tally, seats = _lapsed(session, question, tally, made.forecaster_id, made.made_at)
    seat = seats.get(made.forecaster_id) or running.take(person, len(names_of(shape)), shape.size)
    expires = history.ticks(made.expires_at) if made.expires_at else NEVER
    losses = None if made.probabilities is None else _losses(made.probabilities, shape)
    tally, seats[made.forecaster_id] = running.say(tally, seat, at, losses, expires)
    if connection.execute(_MOVE_TALLY, _tally_row(question, tally)).rowcount == 0:
        connection.execute(_ENTER_TALLY, _tally_row(question, tally))
    for who, moved in seats.items():
        if connection.execute(_MOVE_SEAT, _seat_row(question, who, moved)).rowcount == 0:
            connection.execute(_ENTER_SEAT, _seat_row(question, who, moved))


def _lapsed(
    session: Session, question: Question, tally: running.Tally, who: int, moment: datetime
) -> tuple[running.Tally, dict[int, running.Seat]]:
    """The tally once all that had expired by the moment was taken off it, and every seat this touches, and `who`'s."""
    at, seats = history.ticks(moment), {}
    touched = session.connection().execute(_TOUCHED, {"question": question.id, "who": who, "at": moment})
    for one, packed in touched.all():
        seats[one] = running.unpack_seat(packed)
        if seats[one].until <= at:
            tally, seats[one] = running.lapse(tally, seats[one])
    return tally, seats


def _tally_row(question: Question, tally: running.Tally) -> dict[str, object]:
    return {"question": question.id, "now": running.pack_tally(tally)}


def _seat_row(question: Question, who: int, seat: running.Seat) -> dict[str, object]:
    lapses = None if seat.until == NEVER else history.moment_of(seat.until)
    return {"question": question.id, "who": who, "lapses": lapses, "now": running.pack_seat(seat)}


def keep(session: Session, question: Question, state: Running | None) -> None:
    """Put this state in place of whatever is kept of the question."""
    connection = session.connection()
    for clear in (_CLEAR_TALLY, _CLEAR_SEATS):
        connection.execute(clear, {"question": question.id})
    if state is not None:
        connection.execute(_ENTER_TALLY, _tally_row(question, state.tally))
        connection.execute(_ENTER_SEAT, [_seat_row(question, who, seat) for who, seat in state.seats.items()])


def kept(session: Session, question: Question) -> Running | None:
    """The state as the tables have it. Raises ValueError where it cannot be read."""
    connection, here = session.connection(), {"question": question.id}
    state = connection.execute(_TALLY, here).scalar()
    seats = {who: _seat(until, packed) for who, until, packed in connection.execute(_SEATS_HERE, here)}
    if state is None and seats:
        raise ValueError(f"There are {len(seats)} seats on question {question.id}, and no tally.")
    return None if state is None else Running(running.unpack_tally(state), seats)


def _seat(until: datetime | None, packed: bytes) -> running.Seat:
    """A seat as its row has it; the column that rows are found by must say what the state says."""
    seat = running.unpack_seat(packed)
    if (NEVER if until is None else history.ticks(until)) != seat.until:
        raise ValueError(f"A seat says that its forecast stands until {seat.until}, and its row until {until}.")
    return seat


def parts(state: Running | None) -> dict[str, np.ndarray]:
    """Every number of a state, by a name of its own."""
    if state is None:
        return {}
    seats = {f"seat {who}": seat for who, seat in state.seats.items()}
    return {
        f"{name} {part}": np.array([] if value is None else value, dtype=np.float64)
        for name, one in {"tally": state.tally, **seats}.items()
        for part, value in vars(one).items()
    }


def prospect(session: Session, question: Question, who: int, moment: datetime) -> running.Prospect | None:
    """What somebody would get for each outcome if it became known at this moment; None who never forecast."""
    state = session.connection().execute(_TALLY, {"question": question.id}).scalar()
    if state is None:
        return None
    tally, seats = _lapsed(session, question, running.unpack_tally(state), who, moment)
    if who not in seats:
        return None
    at = max(history.ticks(moment), tally.at)  # a clock may run behind the record
    return running.prospect(tally, seats[who], at, history.window_of(question))
