"""What follows from a question's forecasts and its latest decision: scores, the crowd's path, what it would give now.

All of it can be worked out again at any time; it is kept so that pages need not. A resolved question has scores and
the crowd's path, an undecided one its running state, an annulled one nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import delete, select
from sqlmodel import Session, col

from forecasts import crowd, history, prospects, receipts
from forecasts.models import CROWD, CROWDS, EVEN, CrowdPath, Forecaster, Participation, Score
from forecasts.rules import RULES, charge
from forecasts.scoring import Assessment, assess, join, main_rule
from forecasts.timeline import Acts, Mask, Numbers, Window, clipped
from questions import catalog
from questions.models import Question, Resolution
from questions.shape import Vector


@dataclass(frozen=True)
class Derived:
    """Everything that follows; what a question in its state does not have is empty or None.

    forecasters  (m,) who has scores, rising; None where the question is not resolved
    numbers      by name, (m,) each: those of scoring.assess, and "coverage", "presence", "last" (the entry of the
                 forecast that stood at the end, 0 where none did or it is nobody's), "floored" (1 who stood for
                 a time that counts by less than the log rule's floor of what happened, else 0)
    path         the crowd over time, None where the question is not resolved
    running      what it would give now, None where the question is decided or nobody has forecast
    """

    forecasters: Numbers | None = None
    numbers: Mapping[str, Vector] = field(default_factory=dict)
    path: crowd.Path | None = None
    running: prospects.Running | None = None


def due(session: Session, question: Question) -> Derived:
    """What follows from the forecasts and the latest decision as they stand."""
    resolution = catalog.latest(session, question)
    if resolution is not None and resolution.verdict == "annulled":
        return Derived()
    said = history.read(session, question)
    if resolution is None or resolution.verdict == "reopened" or resolution.outcome is None:
        return Derived(running=prospects.worked_out(question, said))
    path = said.crowd(catalog.kind_of(question).ORDERED)
    assessment = score(session, question, said, path, resolution.outcome, resolution.known_at)
    if assessment is None:
        return Derived(np.empty(0, dtype=np.int64), {}, path)
    window = history.window_of(question, resolution.known_at)
    return Derived(assessment.forecaster, _numbers(question, said, assessment, resolution.outcome, window), path)


def score(
    session: Session, question: Question, said: history.History, path: crowd.Path, outcome: int,
    known_at: datetime | None,
) -> Assessment | None:  # fmt: skip
    """Everybody's scores and the yardsticks' if `outcome` became known then; None where no time would count."""
    window = history.window_of(question, known_at)
    if not window.realised:
        return None
    all_of = gathered(session, question, said, path)
    return assess(all_of.acts, all_of.base, window, outcome, prospects.outcomes_of(question), all_of.crowd)


@dataclass(frozen=True)
class Gathered:
    """What is scored together on one question: everybody's acts and the yardsticks'.

    acts   n of them; the first are those of the history, in its order
    base   (n,) which are of the crowd's base
    crowd  the id of the crowd that everybody is held beside
    """

    acts: Acts
    base: Mask
    crowd: int


def gathered(session: Session, question: Question, said: history.History, path: crowd.Path) -> Gathered:
    """The acts of a history, with every crowd and the one who always says 1/k among them."""
    shape, window = prospects.outcomes_of(question), history.window_of(question)
    yardsticks = select(col(Forecaster.handle), col(Forecaster.id)).where(col(Forecaster.handle).in_((*CROWDS, EVEN)))
    named: dict[str, int] = dict(session.execute(yardsticks).all())
    people = said.acts.only(said.persons)
    paths = {
        handle: path if handle == CROWD else crowd.AGGREGATES[how](people, shape.ordered)
        for handle, how in CROWDS.items()
    }
    acts = join(
        said.acts,
        *(crowd.as_acts(one, named[handle]) for handle, one in paths.items()),
        crowd.always_even(shape.size, window.opens, named[EVEN]),
    )
    base = np.zeros(len(acts.at), dtype=bool)
    base[: len(said.persons)] = said.persons
    return Gathered(acts, base, named[CROWD])


def receipt(
    session: Session, question: Question, resolution: Resolution, who: Forecaster
) -> tuple[list[receipts.Item], Acts]:
    """The lines of somebody's receipt for a resolved question, and the acts that they name."""
    window = history.window_of(question, resolution.known_at)
    all_of = gathered(session, question, history.read(session, question), history.crowd_of(session, question))
    ordered = catalog.kind_of(question).ORDERED
    losses = charge(main_rule(ordered), all_of.acts, resolution.outcome or 0, ordered)
    return receipts.items(all_of.acts, all_of.base, window, losses, who.id, all_of.crowd), all_of.acts


def _numbers(
    question: Question, said: history.History, assessment: Assessment, outcome: int, window: Window
) -> dict[str, Vector]:
    """An assessment's numbers with what else is kept of each participant."""
    shape = prospects.outcomes_of(question)
    entries = np.append(said.entry, np.zeros(1, dtype=np.int64))
    own = np.where((assessment.last >= 0) & (assessment.last < len(said.entry)), assessment.last, len(said.entry))
    start, stop = clipped(said.acts, window)
    given = np.where(stop > start, said.acts.probabilities[:, outcome], np.nan)
    low = given < RULES["log"].floor_for(shape.size, shape.ordered)  # NaN, what never stood, is not
    floored = np.isin(assessment.forecaster, said.acts.forecaster[low])
    more = {"coverage": assessment.coverage, "presence": assessment.presence}
    return {
        **more, "last": entries[own].astype(np.float64), "floored": floored.astype(np.float64), **assessment.numbers
    }  # fmt: skip


def kept(session: Session, question: Question) -> Derived:
    """What the tables have of the question. Raises ValueError where they hold what was never written into them."""
    here = question.id
    part, path = session.get(Participation, here), session.get(CrowdPath, here)
    scores = session.execute(select(col(Score.name), col(Score.numbers)).where(col(Score.question_id) == here))
    return Derived(
        forecasters=None if part is None else part.forecasters,
        numbers=dict(scores.all()),
        path=None if path is None else history.path_of(path, catalog.shape_of(question).size),
        running=prospects.kept(session, question),
    )


def replace(session: Session, question: Question, found: Derived) -> None:
    """Put this in place of whatever the tables have of the question."""
    for table in (Score, Participation, CrowdPath):
        session.execute(delete(table).where(col(table.question_id) == question.id))
    session.expunge_all()
    if found.forecasters is not None:
        session.add(Participation(question_id=question.id, forecasters=found.forecasters))
    for name, numbers in found.numbers.items():
        session.add(Score(question_id=question.id, name=name, numbers=numbers))
    if found.path is not None:
        session.add(history.kept_path(question, found.path))
    prospects.keep(session, question, found.running)
    session.flush()


def same(one: Derived, other: Derived, tolerance: float = 0.0) -> bool:
    """Whether two agree in every number, up to `tolerance`."""
    ours, theirs = _parts(one), _parts(other)
    return ours.keys() == theirs.keys() and all(
        ours[name].shape == theirs[name].shape
        and np.allclose(ours[name], theirs[name], rtol=0, atol=tolerance, equal_nan=True)
        for name in ours
    )


def _parts(found: Derived) -> dict[str, npt.NDArray[Any]]:
    """Every array in it, by a name of its own."""
    parts: dict[str, npt.NDArray[Any]] = {f"score {name}": numbers for name, numbers in found.numbers.items()}
    if found.forecasters is not None:
        parts["forecasters"] = found.forecasters
    if found.path is not None:
        parts |= {f"crowd {name}": getattr(found.path, name) for name in ("at", "count", "middle", "lower", "upper")}
    return parts | prospects.parts(found.running)
