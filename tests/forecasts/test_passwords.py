"""Passwords: what others guess first cannot be had, and anything else of eight characters can."""

import subprocess
import sys

import pytest

from forecasts import passwords
from forecasts.passwords import InvalidAccount

KNOWN = "The password is one of those that others guess first, known from breaches. Choose another one."
NAMED = "The password is hardly more than your name or this site's. Choose one that nobody guesses."


@pytest.mark.parametrize(
    "password", ["password", "Password", "12345678", "iloveyou", "trustno1", "sunshine1", "qwertyuiop"]
)
def test_what_is_known_from_breaches_cannot_be_had(password: str) -> None:
    with pytest.raises(InvalidAccount) as refusal:
        passwords.judge("Ada", password)

    assert (str(refusal.value), refusal.value.field) == (KNOWN, "password")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Countess", "countess"),
        ("ada-lovelace", "Ada-Lovelace"),
        ("Lovelace", "lovelace1815"),
        ("Ada", "ada-2026-ada"[:8]),
        ("Ada", "Brierboard"),
        ("Ada", "brierboard2026!"),
        ("Ada", "Brier_Board_1"),
    ],
)
def test_a_name_with_figures_around_it_is_no_password(name: str, password: str) -> None:
    with pytest.raises(InvalidAccount) as refusal:
        passwords.judge(name, password)

    assert str(refusal.value) == NAMED


@pytest.mark.parametrize(
    ("name", "password"), [("Ada", "ada and bob"), ("7", "80817263"), ("Ada", "the brierboard"), ("Ada", "x" * 1000)]
)
def test_whatever_says_more_than_a_name_can_be_had(name: str, password: str) -> None:
    sealed = passwords.judge(name, password)

    assert passwords.fits(sealed, password)
    assert not passwords.fits(sealed, password + " ")


def test_the_list_holds_more_than_the_three_thousand_that_are_asked_for() -> None:
    found = passwords.common()

    assert len(found) == 11_611
    assert min(map(len, found)) == passwords.SHORTEST


def test_the_list_is_not_read_before_a_password_is_chosen() -> None:
    """So that no command waits for it that has nothing to do with passwords."""
    asks = "import sys, forecasts.accounts, web.app; print('zxcvbn' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_no_password_fits_where_none_is_kept() -> None:
    assert not passwords.fits(None, "nobody has this password")
    assert not passwords.fits("", "nobody has this password")
