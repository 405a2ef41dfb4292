"""The second factor: codes of an authenticator as RFC 6238 has them, and recovery codes for who has lost it."""

import secrets
from datetime import datetime
from hmac import compare_digest

import pyotp
from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from forecasts.accounts import seal
from forecasts.models import Forecaster, RecoveryCode, SecondFactor
from questions.errors import NotAllowed, Refusal

SECONDS = 30
AROUND = (0, -1, 1)
"""The time steps whose codes are taken: this one, the one before for who types slowly, the next for a clock ahead."""

CODES = 10
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
LENGTH = 24
"""Of 32 letters that cannot be taken for one another: 120 bits, so that a plain hash of one tells nobody anything."""


class WrongCode(Refusal):
    """A code that does not fit, or was used."""


def factor(session: Session, person: Forecaster) -> SecondFactor | None:
    """Their second factor where it is asked for, None where they have none."""
    found = session.get(SecondFactor, person.id)
    return found if found is not None and found.confirmed_at is not None else None


def pending(session: Session, person: Forecaster) -> SecondFactor | None:
    """The one that they are setting up, None where they are not."""
    found = session.get(SecondFactor, person.id)
    return found if found is not None and found.confirmed_at is None else None


def set_up(session: Session, person: Forecaster, moment: datetime) -> SecondFactor:
    """Give them a fresh secret; it asks nothing of them until a code confirms it.

    Raises NotAllowed where they have one.
    """
    _require_none(session, person)
    found = session.get(SecondFactor, person.id) or SecondFactor(forecaster_id=person.id, secret="", made_at=moment)
    found.secret, found.made_at, found.step = pyotp.random_base32(), moment, 0
    session.add(found)
    session.flush()
    return found


def confirm(session: Session, person: Forecaster, code: str, moment: datetime) -> list[str]:
    """Ask for it from now on, as this code shows that their authenticator has it; give the recovery codes.

    Raises NotAllowed where they have one, or have begun none, WrongCode.
    """
    _require_none(session, person)
    found = pending(session, person)
    if found is None:
        raise NotAllowed("There is nothing to confirm. Begin with setting the second factor up.")
    if not _take(session, found, code, moment):
        raise WrongCode("This code does not fit. Type the one that the authenticator shows now.", "code")
    found.confirmed_at = moment
    session.add(found)
    return renew_codes(session, person)


def _require_none(session: Session, person: Forecaster) -> None:
    if factor(session, person) is not None:
        raise NotAllowed("You have a second factor already. Remove it first.")


def renew_codes(session: Session, person: Forecaster) -> list[str]:
    """Ten recovery codes, shown once; earlier ones work no more. Raises NotAllowed where they have no second factor."""
    if factor(session, person) is None:
        raise NotAllowed("You have no second factor, and recovery codes stand in for one. Set it up first.")
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.forecaster_id) == person.id))
    made = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(CODES)]
    session.add_all(RecoveryCode(code=_sealed(person, code), forecaster_id=person.id) for code in made)
    session.flush()
    return ["-".join(code[start : start + 4] for start in range(0, LENGTH, 4)) for code in made]


def left(session: Session, person: Forecaster) -> int:
    """How many recovery codes they have not used."""
    theirs = select(func.count()).where(RecoveryCode.forecaster_id == person.id)
    return session.exec(theirs).one()


def remove(session: Session, person: Forecaster) -> None:
    """Ask nothing but the password from now on."""
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.forecaster_id) == person.id))
    session.exec(delete(SecondFactor).where(col(SecondFactor.forecaster_id) == person.id))


def take(session: Session, person: Forecaster, code: str, moment: datetime) -> bool:
    """Whether that is a code of theirs, of the authenticator or for recovery, which from now on is used."""
    found = factor(session, person)
    return found is not None and (_take(session, found, code, moment) or _recover(session, person, code))


def _take(session: Session, found: SecondFactor, code: str, moment: datetime) -> bool:
    step = step_of(found.secret, code, moment)
    if step is None:
        return False
    newer = (col(SecondFactor.forecaster_id) == found.forecaster_id, col(SecondFactor.step) < step)
    taken = session.exec(update(SecondFactor).where(*newer).values(step=step)).rowcount == 1
    session.refresh(found)
    return taken


def step_of(secret: str, code: str, moment: datetime) -> int | None:
    """The time step whose code that is, among those that are taken at this moment; None where it is none of them.

    >>> from datetime import UTC
    >>> step_of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "287 082", datetime.fromtimestamp(59, UTC))
    1
    """
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdigit()):
        return None
    now, made = int(moment.timestamp()) // SECONDS, pyotp.TOTP(secret, interval=SECONDS)
    return next((now + one for one in AROUND if compare_digest(made.generate_otp(now + one), typed)), None)


def _recover(session: Session, person: Forecaster, code: str) -> bool:
    return session.exec(delete(RecoveryCode).where(col(RecoveryCode.code) == _sealed(person, code))).rowcount == 1


def _sealed(person: Forecaster, code: str) -> str:
    plain = "".join(sign for sign in code.lower() if sign in LETTERS)
    return seal(f"recovery of {person.pseudonym}: {plain}")


def address(found: SecondFactor, name: str) -> str:
    """What the QR code says, as authenticators read it."""
    return pyotp.TOTP(found.secret, interval=SECONDS).provisioning_uri(name=name, issuer_name="Brierboard")


def groups(secret: str) -> str:
    """The secret in fours, to be typed by hand."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
