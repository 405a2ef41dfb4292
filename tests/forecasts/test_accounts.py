"""Accounts: what is kept of passwords and links, that a link works once, and when a session ends."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from argon2 import PasswordHasher

from forecasts import accounts, invitations, passwords, sessions
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.passwords import InvalidAccount
from forecasts.settings import Settings
from questions.errors import NotAllowed, NotFound
from tests.cast import DAY, HOUR, NOON, MovedClock, called, come_in, everything, join, rows

PASSWORD = "correct horse battery"
LASTING = Settings().lasting


@pytest.fixture(scope="module")
def sealed() -> str:
    """What is kept of the password; slow to make, so made once."""
    return accounts.judge("ada", PASSWORD)[1]


@pytest.fixture
def eve(database: Database, sealed: str) -> Forecaster:
    """She can sign in."""
    with database.writing() as (session, moment):
        return accounts.join(session, "Eve", sealed, moment)


def sign_in(database: Database, person: Forecaster) -> str:
    with database.writing() as (session, moment):
        return accounts.sign_in(session, person, moment)


def signed_in(database: Database, token: str) -> str | None:
    """The handle that a browser's token stands for now."""
    with database.reading() as session:
        person = accounts.signed_in(session, token, database.clock.now(), LASTING)
        return person.handle if person else None


def invite(database: Database) -> str | None:
    with database.writing() as (session, moment):
        return invitations.invite_first_administrator(session, moment)


def spend(database: Database, token: str) -> str:
    with database.writing() as (session, moment):
        return invitations.spend(session, token, moment).role


# Passwords


def test_a_password_is_kept_as_argon2id_with_parameters_that_cost_an_attacker(sealed: str) -> None:
    assert sealed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")  # OWASP's least: 19 MiB, two passes, one lane
    assert PASSWORD not in sealed


def test_the_same_password_is_kept_differently_each_time(sealed: str) -> None:
    assert accounts.judge("ada", PASSWORD)[1] != sealed


def test_name_and_password_that_belong_together_are_a_person(database: Database, eve: Forecaster) -> None:
    assert come_in(database, " eVe ", PASSWORD).id == eve.id


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("eve", "correct horse batterY"),
        ("eve", ""),
        ("eve", PASSWORD + " "),
        ("eve", "x" * 100_000),
        ("mallory", PASSWORD),
        ("", PASSWORD),
        ("crowd", ""),
        ("crowd", "nobody has this password"),
        ("mallory", "nobody has this password"),
        ("ev\0e", PASSWORD),
        ("eve", "\0"),
        ("e\ud800", PASSWORD),
        ("eve", "\ud800"),
    ],
)
def test_whatever_is_wrong_is_told_in_one_and_the_same_sentence(
    database: Database, eve: Forecaster, name: str, password: str
) -> None:
    with pytest.raises(InvalidAccount) as refusal:
        come_in(database, name, password)

    assert str(refusal.value) == "This name and password do not belong together. Check both."


def test_a_name_that_there_is_not_takes_a_hash_to_refuse_as_any_other(
    database: Database, eve: Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    class Counting:
        def verify(self, known: str, password: bytes) -> bool:
            tried.append(known[:9])
            return PasswordHasher().verify(known, password)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    for name in ("eve", "mallory", "crowd"):
        with pytest.raises(InvalidAccount):
            come_in(database, name, "wrong")

    assert tried == ["$argon2id"] * 3


# Names


@pytest.mark.parametrize("name", ["a", "Ada", "ada.lovelace", "a-b_c.d", "7", "x" * 30, " Ada "])
def test_a_name_that_fits_into_an_address_can_be_had(name: str) -> None:
    assert accounts.judge(name, PASSWORD)[0] == name.strip()


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 31, "-ada", "ada-", "a da", "ada/bob", "ädä", "<b>", "ada\n\nbob", "a\0", "..", "ｄａ"]
)
def test_a_name_that_does_not_is_refused(name: str) -> None:
    with pytest.raises(InvalidAccount, match="cannot be a name") as refusal:
        accounts.judge(name, PASSWORD)

    assert refusal.value.field == "name"


@pytest.mark.parametrize(
    ("password", "again", "sentence", "field"),
    [
        ("1234567", None, "The password is too short. Use at least 8 characters.", "password"),
        ("x" * 1001, None, "The password is too long. Use at most 1000 characters.", "password"),
        (PASSWORD, PASSWORD + "!", "The two passwords differ. Type the same one twice.", "again"),
        (PASSWORD, "", "The two passwords differ. Type the same one twice.", "again"),
        ("x" * 8 + "\ud800", None, "The password holds a character that is not text. Type it again.", "password"),
    ],
)
def test_a_password_that_cannot_be_had_is_refused(password: str, again: str | None, sentence: str, field: str) -> None:
    with pytest.raises(InvalidAccount) as refusal:
        accounts.judge("ada", password, again)

    assert (str(refusal.value), refusal.value.field) == (sentence, field)


@pytest.mark.parametrize("password", ["80817263", "x" * 1000, "pässwörd", "       8", "🌧" * 8])
def test_a_password_may_be_anything_of_eight_characters_to_a_thousand(password: str) -> None:
    assert accounts.judge("ada", password, password)[1].startswith("$argon2id$")


@pytest.mark.parametrize("name", ["Eve", "eve", "EVE", "crowd", "Always-50"])
def test_a_name_is_had_once_whatever_its_capitals(database: Database, eve: Forecaster, name: str) -> None:
    before = everything(database)

    with database.writing() as (session, moment), pytest.raises(InvalidAccount) as refusal:
        accounts.join(session, name, "hash", moment)

    assert str(refusal.value) == f"“{name}” is taken. Choose another name."
    assert everything(database) == before


def test_a_name_is_shown_as_it_was_typed_and_found_in_small_letters(eve: Forecaster) -> None:
    assert (eve.name, eve.handle, eve.kind, eve.role) == ("Eve", "eve", "person", "forecaster")
    assert len(eve.pseudonym) == 32


def test_of_two_who_choose_a_name_at_once_one_has_it(database: Database, url: str) -> None:
    places = (database, Database(url, database.clock))
    ready = Barrier(2)

    def choose(place: Database) -> str:
        ready.wait()
        try:
            return join(place, "Ada").handle
        except InvalidAccount:
            return "taken"

    with ThreadPoolExecutor() as threads:
        both = list(threads.map(choose, places))

    assert sorted(both) == ["ada", "taken"]
    places[1].close()


# Sessions


def test_a_session_is_whose_it_is(database: Database, eve: Forecaster, ada: Forecaster) -> None:
    hers, other = sign_in(database, eve), sign_in(database, ada)

    assert (signed_in(database, hers), signed_in(database, other)) == ("eve", "ada")


@pytest.mark.parametrize("token", ["", "no such token", "\0"])
def test_a_token_that_was_never_given_is_nobodys(database: Database, eve: Forecaster, token: str) -> None:
    sign_in(database, eve)

    assert signed_in(database, token) is None


def test_only_the_hash_of_a_token_is_kept(database: Database, eve: Forecaster) -> None:
    token = sign_in(database, eve)

    (kept,) = rows(database, "browser_session")
    assert token not in repr(kept)
    assert signed_in(database, kept[0]) is None


def test_a_session_ends_after_thirty_days(database: Database, clock: MovedClock, eve: Forecaster) -> None:
    token = sign_in(database, eve)

    for days in (10, 20):
        clock.moment = NOON + days * DAY
        sessions.note(database, token, LASTING)
    clock.moment = NOON + 30 * DAY - HOUR
    before = signed_in(database, token)
    clock.moment = NOON + 30 * DAY

    assert (before, signed_in(database, token)) == ("eve", None)


def test_a_session_ends_after_fifteen_days_without_use(database: Database, clock: MovedClock, eve: Forecaster) -> None:
    token = sign_in(database, eve)

    clock.moment = NOON + 15 * DAY - HOUR
    before = signed_in(database, token)
    clock.moment = NOON + 15 * DAY

    assert (before, signed_in(database, token)) == ("eve", None)


def test_sessions_that_have_ended_are_swept_away(database: Database, clock: MovedClock, eve: Forecaster) -> None:
    """However long they may last: after a year at the next signing in, else once somebody reads."""
    sign_in(database, eve)
    clock.moment = NOON + 300 * DAY
    second = sign_in(database, eve)
    clock.moment = NOON + 365 * DAY

    third = sign_in(database, eve)
    first_is_gone = len(rows(database, "browser_session")) == 2
    sessions.note(database, third, LASTING)

    assert first_is_gone
    assert len(rows(database, "browser_session")) == 1
    assert (signed_in(database, second), signed_in(database, third)) == (None, "eve")


def test_signing_out_ends_this_session_and_no_other(database: Database, eve: Forecaster) -> None:
    here, elsewhere = sign_in(database, eve), sign_in(database, eve)

    with database.writing() as (session, _):
        accounts.sign_out(session, here)
        accounts.sign_out(session, "no such token")

    assert (signed_in(database, here), signed_in(database, elsewhere)) == (None, "eve")
    assert len(rows(database, "browser_session")) == 1


# The first administrator


def test_a_link_makes_an_administrator_once(database: Database) -> None:
    token = invite(database)
    assert token is not None

    role = spend(database, token)
    with pytest.raises(NotFound, match="This link works no more"):
        spend(database, token)

    assert role == "administrator"


def test_a_link_works_no_more_once_there_is_an_administrator_by_another_way(database: Database) -> None:
    token = invite(database)
    assert token is not None
    join(database, "Boss", "administrator")

    with pytest.raises(NotFound, match="there is an administrator already"):
        spend(database, token)
    assert invite(database) is None
    assert rows(database, "invitation") == []


def test_looking_at_a_link_does_not_spend_it(database: Database) -> None:
    token = invite(database)
    assert token is not None

    with database.reading() as session:
        roles = [invitations.find(session, token, database.clock.now()).role for _ in range(3)]

    assert roles == ["administrator"] * 3
    assert spend(database, token) == "administrator"


def test_a_link_that_was_spent_cannot_be_looked_at(database: Database) -> None:
    token = invite(database)
    assert token is not None
    spend(database, token)

    with database.reading() as session, pytest.raises(NotFound):
        invitations.find(session, token, database.clock.now())


@pytest.mark.parametrize("token", ["", "guess", "\0"])
def test_a_link_that_nobody_gave_is_not_found(database: Database, token: str) -> None:
    invite(database)

    with pytest.raises(NotFound):
        spend(database, token)
    with database.reading() as session, pytest.raises(NotFound):
        invitations.find(session, token, database.clock.now())


def test_only_the_hash_of_a_link_is_kept(database: Database) -> None:
    token = invite(database)
    assert token is not None

    (kept,) = rows(database, "invitation")
    assert token not in repr(kept)
    with pytest.raises(NotFound):
        spend(database, kept[0])


def test_a_newer_link_replaces_the_one_before(database: Database) -> None:
    first, second = invite(database), invite(database)
    assert first is not None
    assert second is not None

    with pytest.raises(NotFound):
        spend(database, first)
    assert spend(database, second) == "administrator"


def test_there_is_no_link_once_there_is_an_administrator(database: Database) -> None:
    join(database, "Root", "administrator")

    assert invite(database) is None
    assert rows(database, "invitation") == []


def test_a_link_is_given_while_there_is_only_a_moderator(database: Database, mo: Forecaster) -> None:
    assert invite(database) is not None


def test_of_two_who_spend_a_link_at_once_one_has_it(database: Database, url: str) -> None:
    token = invite(database)
    assert token is not None
    places = (database, Database(url, database.clock))
    ready = Barrier(2)

    def spend_at_once(place: Database) -> str:
        ready.wait()
        try:
            return spend(place, token)
        except NotFound:
            return "too late"

    with ThreadPoolExecutor() as threads:
        both = list(threads.map(spend_at_once, places))

    assert sorted(both) == ["administrator", "too late"]
    places[1].close()


def test_a_link_is_not_spent_where_its_account_cannot_be_made(database: Database, ada: Forecaster) -> None:
    token = invite(database)
    assert token is not None

    with pytest.raises(InvalidAccount):
        sign_up_as_ada(database, token)

    assert spend(database, token) == "administrator"


def sign_up_as_ada(database: Database, token: str) -> None:
    with database.writing() as (session, moment):
        role = invitations.spend(session, token, moment).role
        accounts.join(session, "Ada", "hash", moment, role)


# Roles


def test_a_person_is_appointed(database: Database, ada: Forecaster) -> None:
    with database.writing() as (session, _):
        accounts.appoint(session, "ADA", "moderator")

    assert called(database, "ada").role == "moderator"


@pytest.mark.parametrize("handle", ["mallory", "", "a\0"])
def test_nobody_is_appointed_whom_there_is_not(database: Database, handle: str) -> None:
    with database.writing() as (session, _), pytest.raises(NotFound, match="There is no forecaster"):
        accounts.appoint(session, handle, "moderator")


def test_what_is_no_person_takes_no_role(database: Database) -> None:
    with database.writing() as (session, _), pytest.raises(NotAllowed) as refusal:
        accounts.appoint(session, "crowd", "administrator")

    assert str(refusal.value) == "“The crowd” is a crowd, not a person, and takes no role."


def test_a_person_closes_their_pages_and_opens_them_again(database: Database, ada: Forecaster) -> None:
    with database.writing() as (session, _):
        accounts.keep_private(session, ada, True)
    closed = called(database, "ada").private
    with database.writing() as (session, _):
        accounts.keep_private(session, ada, False)

    assert (closed, called(database, "ada").private) == (True, False)


def test_who_is_no_person_keeps_nothing_private(database: Database) -> None:
    crowd = called(database, "crowd")

    with database.writing() as (session, _), pytest.raises(NotAllowed) as refusal:
        accounts.keep_private(session, crowd, True)

    assert str(refusal.value) == "“The crowd” is a crowd, not a person, and keeps nothing private."
