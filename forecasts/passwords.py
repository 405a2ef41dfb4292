"""Passwords: which may be had, what is kept of them, and whether one fits."""

import re
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from questions.errors import Refusal

SHORTEST = 8
LONGEST = 1000
SITE = "brierboard"

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_two_at_once = threading.Semaphore(2)
_NOBODY = _hasher.hash("nobody has this password")


class InvalidAccount(Refusal):
    """A name or a password that cannot be had."""


def judge(name: str, password: str, again: str | None = None) -> str:
    """The hash of a password that somebody of this name may have. Slow by design: call it outside `writing()`.

    Long ones may be had, and no kind of character is asked for: what is refused is what others guess first. Raises
    InvalidAccount.
    """
    if len(password) < SHORTEST:
        raise InvalidAccount(f"The password is too short. Use at least {SHORTEST} characters.", "password")
    if len(password) > LONGEST:
        raise InvalidAccount(f"The password is too long. Use at most {LONGEST} characters.", "password")
    if any("\ud800" <= sign <= "\udfff" for sign in password):
        raise InvalidAccount("The password holds a character that is not text. Type it again.", "password")
    if again is not None and again != password:
        raise InvalidAccount("The two passwords differ. Type the same one twice.", "again")
    if _is_name(password, name):
        raise InvalidAccount(
            "The password is hardly more than your name or this site's. Choose one that nobody guesses.", "password"
        )
    if password.casefold() in common():
        raise InvalidAccount(
            "The password is one of those that others guess first, known from breaches. Choose another one.", "password"
        )
    with _two_at_once:
        return _hasher.hash(password)


def _is_name(password: str, name: str) -> bool:
    """Whether it is a name with nothing but figures and signs around it."""
    letters = _letters(password)
    return password.casefold() == name.casefold() or (bool(letters) and letters in (_letters(name), SITE))


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]", "", text.casefold())


@cache
def common() -> frozenset[str]:
    """The passwords found most often in breaches, of those long enough to be had: 11,611 in small letters.

    They come with zxcvbn, which many sites use and which is kept up; only its list is read. Reading it takes 30 ms and
    8 MB, so it waits until somebody chooses a password.
    """
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= SHORTEST)


def fits(known: str | None, password: str) -> bool:
    """Whether this is the password of which `known` was kept. Takes as long where nothing was, and says no."""
    with _two_at_once:
        try:
            _hasher.verify(known or _NOBODY, password[: LONGEST + 1].encode(errors="surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False
    return bool(known)
