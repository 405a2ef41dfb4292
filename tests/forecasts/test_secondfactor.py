"""The second factor: the codes are those of RFC 6238, each is taken once, and recovery codes stand in once."""

from base64 import b32encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pyotp
import pytest

from forecasts import secondfactor
from forecasts.database import Database
from forecasts.models import Forecaster, SecondFactor
from forecasts.secondfactor import WrongCode
from questions.errors import NotAllowed
from tests.cast import MovedClock, rows

STEP = timedelta(seconds=30)
SECRET = b32encode(b"12345678901234567890").decode()
"""That of RFC 6238's test vectors for SHA-1."""

VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
"""RFC 6238, appendix B. Ours have six digits: the last six of those eight."""


def set_up(database: Database, person: Forecaster) -> list[str]:
    """Turn it on with the vectors' secret, by the code of half an hour ago; give the recovery codes."""
    with database.writing() as (session, moment):
        secondfactor.set_up(session, person, moment).secret = SECRET
    with database.writing() as (session, moment):
        early = moment - timedelta(minutes=30)
        return secondfactor.confirm(session, person, code(early), early)


def code(moment: datetime) -> str:
    """What an authenticator shows then."""
    return pyotp.TOTP(SECRET).at(moment)


def take(database: Database, person: Forecaster, typed: str) -> bool:
    with database.writing() as (session, moment):
        return secondfactor.take(session, person, typed, moment)


@pytest.mark.parametrize(("seconds", "eight"), VECTORS)
def test_the_codes_are_those_of_the_standard(seconds: int, eight: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)

    assert secondfactor.step_of(SECRET, eight[2:], moment) == seconds // 30
    assert secondfactor.step_of(SECRET, f" {eight[2:5]} {eight[5:]} ", moment) == seconds // 30


@pytest.mark.parametrize("away", [-2, 2, 10])
def test_a_code_of_another_time_is_none(away: int) -> None:
    moment = datetime.fromtimestamp(1111111111, UTC)

    assert secondfactor.step_of(SECRET, "050471", moment + away * STEP) is None


@pytest.mark.parametrize("typed", ["", "05047", "0050471", "-50471", "٠٥٠٤٧١", "050471\0", "x" * 1000])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert secondfactor.step_of(SECRET, typed, datetime.fromtimestamp(1111111111, UTC)) is None


def test_nothing_is_asked_for_until_a_code_confirms_it(database: Database, ada: Forecaster) -> None:
    with database.writing() as (session, moment):
        made = secondfactor.set_up(session, ada, moment)
        secret = made.secret
    with database.writing() as (session, moment), pytest.raises(WrongCode) as refusal:
        secondfactor.confirm(session, ada, "000000", moment)
    with database.reading() as session:
        before = secondfactor.factor(session, ada)

    with database.writing() as (session, moment):
        codes = secondfactor.confirm(session, ada, pyotp.TOTP(secret).at(moment), moment)

    assert str(refusal.value) == "This code does not fit. Type the one that the authenticator shows now."
    assert before is None
    assert (len(secret), len(codes), len(set(codes))) == (32, 10, 10)
    with database.reading() as session:
        assert secondfactor.factor(session, ada) is not None
        assert secondfactor.left(session, ada) == 10


def test_a_code_is_taken_once_and_no_earlier_one_after_it(
    database: Database, clock: MovedClock, ada: Forecaster
) -> None:
    set_up(database, ada)
    now, before, after = code(clock.now()), code(clock.now() - STEP), code(clock.now() + STEP)

    taken = [take(database, ada, typed) for typed in (now, now, before, after, after)]

    assert taken == [True, False, False, True, False]


def test_the_code_that_confirmed_it_opens_nothing(database: Database, clock: MovedClock, ada: Forecaster) -> None:
    with database.writing() as (session, moment):
        secondfactor.set_up(session, ada, moment).secret = SECRET
    with database.writing() as (session, moment):
        secondfactor.confirm(session, ada, code(moment), moment)

    assert not take(database, ada, code(clock.now()))


def test_of_two_who_give_one_code_at_once_one_is_let_in(database: Database, url: str, ada: Forecaster) -> None:
    set_up(database, ada)
    typed, places, ready = code(database.clock.now()), (database, Database(url, database.clock)), Barrier(2)

    def give(place: Database) -> bool:
        ready.wait()
        return take(place, ada, typed)

    with ThreadPoolExecutor() as threads:
        both = list(threads.map(give, places))

    assert sorted(both) == [False, True]
    places[1].close()


def test_a_recovery_code_stands_in_once_however_it_is_typed(
    database: Database, ada: Forecaster, bob: Forecaster
) -> None:
    first, second, *_ = set_up(database, ada)
    set_up(database, bob)

    assert take(database, ada, first)
    assert not take(database, ada, first)
    assert not take(database, bob, second)
    assert take(database, ada, second.upper().replace("-", " "))
    with database.reading() as session:
        assert secondfactor.left(session, ada) == 8


def test_recovery_codes_are_long_and_only_their_hashes_are_kept(database: Database, ada: Forecaster) -> None:
    codes = set_up(database, ada)

    kept = repr(rows(database, "recovery_code"))

    assert all(len(one.replace("-", "")) == 24 for one in codes)  # 32 letters: 120 bits
    assert [one for one in codes if one in kept or one.replace("-", "") in kept] == []


def test_new_recovery_codes_replace_the_old_ones(database: Database, ada: Forecaster) -> None:
    old = set_up(database, ada)

    with database.writing() as (session, _):
        new = secondfactor.renew_codes(session, ada)

    assert not take(database, ada, old[0])
    assert take(database, ada, new[0])


def test_what_is_removed_asks_nothing_and_leaves_nothing(database: Database, ada: Forecaster) -> None:
    codes = set_up(database, ada)

    with database.writing() as (session, _):
        secondfactor.remove(session, ada)

    assert rows(database, "second_factor") == rows(database, "recovery_code") == []
    assert not take(database, ada, codes[0])


def test_who_has_one_sets_up_no_other_before_it_is_removed(database: Database, ada: Forecaster) -> None:
    set_up(database, ada)

    with database.writing() as (session, moment), pytest.raises(NotAllowed, match="Remove it first"):
        secondfactor.set_up(session, ada, moment)
    with database.reading() as session:
        assert session.get_one(SecondFactor, ada.id).secret == SECRET


def test_who_has_none_has_no_recovery_codes_and_confirms_nothing(database: Database, ada: Forecaster) -> None:
    with database.writing() as (session, _), pytest.raises(NotAllowed, match="Set it up first"):
        secondfactor.renew_codes(session, ada)
    with database.writing() as (session, moment), pytest.raises(NotAllowed, match="nothing to confirm"):
        secondfactor.confirm(session, ada, "000000", moment)


def test_the_authenticator_is_told_who_and_where(database: Database, ada: Forecaster) -> None:
    with database.writing() as (session, moment):
        made = secondfactor.set_up(session, ada, moment)
        made.secret = SECRET

    assert secondfactor.address(made, "Ada") == f"otpauth://totp/Brierboard:Ada?secret={SECRET}&issuer=Brierboard"
    assert secondfactor.groups(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
