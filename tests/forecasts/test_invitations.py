"""Invitations: how often and how long a link works, and who may come by it."""

from datetime import timedelta

import pytest

from forecasts import invitations
from forecasts.database import Database
from forecasts.invitations import InvalidInvitation
from questions.errors import NotAllowed, NotFound
from tests.cast import DAY, MovedClock, join, rows


def invite(database: Database, role: str = "forecaster", days: str = "7", uses: str = "1") -> str:
    with database.writing() as (session, moment):
        return invitations.invite(session, "Root", role, days, uses, moment)


def spend(database: Database, token: str) -> str:
    with database.writing() as (session, moment):
        return invitations.spend(session, token, moment).role


def listed(database: Database) -> list[tuple[str, str, int, int, str]]:
    with database.reading() as session:
        return [
            (one.role, one.made_by, one.used, one.uses, invitations.state(one, database.clock.now()))
            for one in invitations.listed(session)
        ]


def test_an_invitation_gives_its_role_as_often_as_it_was_made_for(database: Database) -> None:
    token = invite(database, "moderator", uses="2")

    roles = [spend(database, token), spend(database, token)]
    with pytest.raises(NotFound, match="This link works no more"):
        spend(database, token)

    assert roles == ["moderator", "moderator"]
    assert listed(database) == [("moderator", "Root", 2, 2, "used up")]


def test_an_invitation_works_until_its_time_is_over(database: Database, clock: MovedClock) -> None:
    token = invite(database, days="3", uses="5")

    clock.moment += 3 * DAY - timedelta(microseconds=1)
    spend(database, token)
    clock.moment += timedelta(microseconds=1)

    with pytest.raises(NotFound):
        spend(database, token)
    assert listed(database) == [("forecaster", "Root", 1, 5, "over")]


def test_an_administrator_may_invite_another_beside_the_first(database: Database) -> None:
    join(database, "Root", "administrator")

    assert spend(database, invite(database, "administrator")) == "administrator"


def test_the_servers_own_link_replaces_none_that_an_administrator_made(database: Database) -> None:
    token = invite(database, "administrator")

    with database.writing() as (session, moment):
        invitations.invite_first_administrator(session, moment)

    assert spend(database, token) == "administrator"


def test_an_invitation_that_is_revoked_works_no_more(database: Database) -> None:
    token, other = invite(database), invite(database)
    with database.reading() as session:
        mark = invitations.mark(invitations.find(session, token, database.clock.now()))

    with database.writing() as (session, moment):
        invitations.revoke(session, mark, moment)

    with pytest.raises(NotFound):
        spend(database, token)
    assert spend(database, other) == "forecaster"


@pytest.mark.parametrize("mark", ["", "0", "nope-nope-nope", "%", "\0"])
def test_what_is_no_invitation_is_not_revoked(database: Database, mark: str) -> None:
    invite(database)

    with database.writing() as (session, moment), pytest.raises(NotFound, match="There is no such invitation"):
        invitations.revoke(session, mark, moment)
    assert listed(database)[0][-1] == "open"


def test_only_the_hash_of_an_invitation_is_kept(database: Database) -> None:
    token = invite(database)

    assert token not in repr(rows(database, "invitation"))
    with pytest.raises(NotFound):
        spend(database, rows(database, "invitation")[0][0])


@pytest.mark.parametrize(
    ("role", "days", "uses", "field"),
    [
        ("king", "7", "1", "role"),
        ("", "7", "1", "role"),
        ("forecaster", "", "1", "days"),
        ("forecaster", "0", "1", "days"),
        ("forecaster", "-1", "1", "days"),
        ("forecaster", "366", "1", "days"),
        ("forecaster", "9" * 500, "1", "days"),
        ("forecaster", "٣", "1", "days"),
        ("forecaster", "7", "1.5", "uses"),
        ("forecaster", "7", "1001", "uses"),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(
    database: Database, role: str, days: str, uses: str, field: str
) -> None:
    with pytest.raises(InvalidInvitation) as refusal:
        invite(database, role, days, uses)

    assert refusal.value.field == field
    assert listed(database) == []


@pytest.mark.parametrize(
    ("policy", "without", "invited", "first"),
    [("open", True, True, True), ("invitation", False, True, True), ("closed", False, False, True)],
)
def test_who_may_sign_up_follows_from_the_policy(
    database: Database, policy: str, without: bool, invited: bool, first: bool
) -> None:
    by_administrator = invite(database)
    with database.writing() as (session, moment):
        by_server = invitations.invite_first_administrator(session, moment) or ""

    def may(token: str) -> bool:
        with database.reading() as session:
            try:
                invitations.require_open(session, policy, token, database.clock.now())
            except NotAllowed:
                return False
        return True

    assert [may(token) for token in ("", by_administrator, by_server)] == [without, invited, first]
