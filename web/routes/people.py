"""A forecaster's page: a person's, a text's, the crowd's."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session, col, select

from forecasts import boards, calls, cases, crowd, merging, moderation, updating
from forecasts.boards import Filter
from forecasts.calls import Calls
from forecasts.cases import Spoken
from forecasts.crowd import Extremizing
from forecasts.leaderboard import MEASURES, Board
from forecasts.models import Forecaster
from forecasts.permissions import may, visible
from forecasts.scoring import main_rule
from forecasts.updating import Movement
from questions import catalog
from questions.catalog import Listed
from questions.models import Question, Source
from questions.shape import Vector
from web import charts, diagrams, filters, reliability, views, wording
from web.dependencies import Now, Reading, Viewer
from web.filters import Choice, Chosen
from web.pages import Glance, Outstanding, Own, PersonPage, Place, Result, Standing, Updating
from web.paging import PageNumber, paging
from web.rendering import Rendering

router = APIRouter()

IN_WORDS = ("skill", "brier", "ranked")
"""The boards on which somebody's standing is told in a sentence."""

MOST_CALLS = 5
ENOUGH_FOR_A_COURSE = 5
"""How many questions must be resolved before a line over time tells anything."""


@router.get("/people/{handle}")
def person(
    handle: str, reading: Reading, viewer: Viewer, moment: Now, render: Rendering, chosen: Chosen, page: PageNumber = ""
) -> Response:
    who = views.forecaster_of(reading, handle, viewer)
    if who.handle != handle.lower():
        return RedirectResponse(f"/people/{who.handle}", 303)
    return render(person_page(reading, who, viewer, moment, chosen, page))


def person_page(
    session: Session, who: Forecaster, viewer: Forecaster | None, moment: datetime, chosen: Choice, page: str
) -> PersonPage:
    """Where somebody stands, how they got there, how calibrated they are, how they update, and what they say now."""
    narrowed, here = filters.read(session, chosen, viewer), f"/people/{who.handle}"
    made = calls.of(session, who, boards.chosen(session, narrowed, visible(session, viewer)))
    listed = {one.question.id: one for one in catalog.listed(session, col(Question.id).in_(made.question.tolist()))}
    said = cases.spoken(session, who, list(listed.values()))
    listing = paging(page, len(made.question), here, chosen.words, "results")
    return PersonPage(
        viewer=viewer,
        here=here,
        person=who,
        may_moderate=may(viewer, "moderate") and who.kind in merging.ACTS,
        merged=moderation.merged_into(session, who) if may(viewer, "moderate") else [],
        source=session.get(Source, who.source_id) if who.source_id else None,
        choosing=filters.choosing(session, chosen, viewer),
        standing=standing_of(session, who, viewer, narrowed),
        outstanding=_outstanding(session, who, listed, made),
        results=[result_of(listed, made, i) for i in listing.of(latest_first(listed, made))],
        paging=listing,
        current=current_of(session, who, viewer, moment, narrowed),
        view=reliability.view(said, chosen.words | {"who": who.handle}),
        updating=_updating(who, said),
        extremizing=extremizing(said) if who.kind == "crowd" else None,
    )


def _outstanding(session: Session, who: Forecaster, listed: Mapping[int, Listed], made: Calls) -> Outstanding:
    """What gained and lost them most."""
    ends = (made.best(MOST_CALLS), made.worst(MOST_CALLS))
    return Outstanding(*(_told(session, who, listed, made, places) for places in ends))


def standing_of(session: Session, who: Forecaster, viewer: Forecaster | None, narrowed: Filter) -> Standing:
    """Their row on every board on which they have one, what the chief ones say in words, and their skill over time."""
    people = {one.id: one for one in session.exec(select(Forecaster))}
    found = [boards.board(session, name, narrowed, visible(session, viewer)) for name in MEASURES]
    rows = [(board, place) for board in found if (place := views.place_of(board, who, people))]
    return Standing(
        told=[(board.measure, _words(board, place)) for board, place in rows if board.measure.name in IN_WORDS],
        places=[(board.measure, place) for board, place in rows],
        course=_course(session, who, viewer, narrowed),
    )


def _words(board: Board, place: Place) -> str:
    return wording.standing(board.measure, place.row, sum(row.rank is not None for row in board.rows))


def _course(session: Session, who: Forecaster, viewer: Forecaster | None, narrowed: Filter) -> diagrams.Curves | None:
    found = boards.course(session, who, narrowed, visible(session, viewer))
    if len(found.at) < 2 or found.questions[-1] < ENOUGH_FOR_A_COURSE:
        return None
    about = "What the board by skill said with the outcomes known by then. Above 0 is better than the others."
    heading = charts.Heading("course", "Skill over time", about)
    return diagrams.course(heading, found.at, found.value, found.low, found.high, found.questions)


def _updating(who: Forecaster, said: Spoken) -> Updating:
    moved = None if who.kind == "constant" else movement(said)
    return Updating(len(said.question), len(np.unique(said.question)), moved)


def latest_first(listed: Mapping[int, Listed], made: Calls) -> list[int]:
    """The places of the questions, the latest decided first."""
    decided = [listed[key].question.resolution for key in made.question.tolist()]
    return sorted(range(len(decided)), key=decided.__getitem__, reverse=True)


def _told(
    session: Session, who: Forecaster, listed: Mapping[int, Listed], made: Calls, places: Sequence[int]
) -> list[Result]:
    """These results with what was said at the end."""
    asked = [listed[key] for key in made.question[places].tolist()] if places else []
    said = calls.last_words(session, who, asked)
    return [result_of(listed, made, i, said) for i in places]


def result_of(listed: Mapping[int, Listed], made: Calls, i: int, said: Mapping[int, Vector] | None = None) -> Result:
    """What came of one question; with what was said at the end, where that is given."""
    one = listed[int(made.question[i])]
    question, kind, shape = one.question, catalog.kind_of(one.question), catalog.shape_of(one.question)
    vector = said.get(question.id) if said else None
    return Result(
        slug=question.slug,
        title=question.title,
        imported=question.imported,
        outcome=views.outcome(one.resolution, kind, shape),
        said="" if vector is None else kind.say(views.rounded(vector, kind), shape),
        rule=views.rule(main_rule(kind.ORDERED)).title,
        loss=float(made.loss[i]),
        peer=float(made.peer[i]),
        coverage=float(made.coverage[i]),
        presence=float(made.presence[i]),
    )


def extremizing(said: Spoken) -> Extremizing | None:
    """What the crowd would have gained by a power of its odds, on yes-or-no questions; None where that is not sure.

    Its last word on each question is what it is judged by.
    """
    yes = said.of_kind("binary")
    last = yes.only(np.append(yes.question[1:] != yes.question[:-1], True)[: len(yes.question)])
    found = crowd.learn(np.array(last.vectors).reshape(-1, 2), last.outcomes, last.groups)
    return found if found.helps else None


def movement(said: Spoken) -> Movement | None:
    """How much the forecasts on yes-or-no questions moved, against what was learned; None where none was changed."""
    found = cases.binary(said.of_kind("binary"))
    if len(found.p) == len(np.unique(found.series)):
        return None  # the ratio would tell of first forecasts alone, and not of changing one's mind
    return updating.movement(found, found.question)


def current_of(
    session: Session, who: Forecaster, viewer: Forecaster | None, moment: datetime, narrowed: Filter
) -> list[tuple[Glance, Own]]:
    """What stands on questions that are open, or wait for resolution; of the set and with the tag that are chosen."""
    standing = views.standing_forecasts(session, who, moment)
    within = [] if narrowed.within is None else [col(Question.set_id) == narrowed.within]
    listed = catalog.listed(session, visible(session, viewer), col(Question.id).in_(standing), *within)
    undecided = [
        one
        for one in listed
        if catalog.status(one.question, one.resolution, moment) in ("open", "closed")
        and (not narrowed.tag or narrowed.tag in one.question.tags)
    ]
    looked = [views.look(session, one, viewer, moment) for one in undecided]
    return [
        (views.glance(asked), views.own(asked, standing[asked.question.id]))
        for asked in looked
        if asked.tells(who, viewer)
    ]
