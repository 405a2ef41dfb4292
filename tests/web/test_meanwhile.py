"""What changes while somebody waits for the writer: they are judged by what is so when their turn has come."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from httpx2 import Response
from sqlmodel import Session

from forecasts import moderation, tokens
from forecasts.database import Database
from forecasts.models import Forecaster, Token
from questions import audiences
from questions.audiences import Shown
from questions.errors import NotAllowed
from questions.models import Question
from tests.cast import fresh, join, kinds, rows, wait_for
from tests.web.api.conftest import Client, token_of
from tests.web.conftest import Visit


def meanwhile(database: Database, send: Callable[[], Response], happens: Callable[[Session], object]) -> Response:
    """What is answered to who waited for the writer while this happened."""
    with ThreadPoolExecutor(1) as threads:
        with database.writing() as (session, _):
            waiting = threads.submit(send)
            wait_for(lambda: len(database._turns))
            happens(session)
        return waiting.result(60)


def test_who_was_suspended_while_they_waited_does_nothing(
    visit: Visit, database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:
    browser = visit(ada)
    form = {"view": "question", "probability": "30"}

    answer = meanwhile(
        database,
        lambda: browser.post("/questions/rain/forecasts", data=form),
        lambda session: moderation.suspend(session, ada, True, "She shouts.", by=mo, moment=database.clock.now()),
    )
    later = browser.post("/questions/rain/forecasts", data=form)

    assert answer.status_code == 409
    assert "What you may do was changed meanwhile." in answer.text
    assert later.status_code == 403
    assert kinds(database)[-1] == "suspension"


def test_who_moderates_no_more_decides_nothing(
    visit: Visit, database: Database, rain: Question, mo: Forecaster
) -> None:
    client = Client(visit(mo))

    def demote(session: Session) -> None:
        session.get_one(Forecaster, mo.id).role = "forecaster"

    answer = meanwhile(database, lambda: client.send("/questions/rain/resolution", {"outcome": "yes"}), demote)

    assert answer.status_code == 409
    assert "resolution" not in kinds(database)


def test_what_was_left_out_is_not_put_back_to_what_it_was(
    visit: Visit, database: Database, rain: Question, mo: Forecaster
) -> None:
    """One moderator changes who sees it, another when they see what others say: neither undoes the other's."""
    client, other = Client(visit(mo)), join(database, "Max", "moderator")

    answer = meanwhile(
        database,
        lambda: client.send("/questions/rain/audience", {"audience": "members"}),
        lambda session: audiences.show(
            session, rain, Shown("set", "closed", None), by=other.pseudonym, moment=database.clock.now()
        ),
    )
    stands = audiences.of(fresh(database, rain))
    client.post("/questions/rain/audience", {"audience": "members"}, 200)

    assert answer.status_code == 409
    assert stands == Shown("set", "closed", None)
    assert audiences.of(fresh(database, rain)) == Shown("members", "closed", None)


def test_a_token_that_was_revoked_meanwhile_makes_no_other_and_ends_none(database: Database, ada: Forecaster) -> None:
    token_of(database, ada)
    with database.reading() as session:
        looked_up = session.get_one(Token, 1)
    with database.writing() as (session, moment):
        tokens.revoke(session, looked_up, moment)
    before = rows(database, "token")

    for act in (
        lambda session, moment: tokens.add(session, ada, "next", ["read"], moment, by=looked_up),
        lambda session, moment: tokens.revoke(session, looked_up, moment, by=looked_up),
    ):
        with pytest.raises(NotAllowed, match="it was revoked meanwhile"), database.writing() as (session, moment):
            act(session, moment)

    assert rows(database, "token") == before
