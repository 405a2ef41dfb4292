"""Percent as people type and read it, and probabilities as programs write them. What is out of bounds is refused."""

import math
import re
import unicodedata
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import numpy as np

from questions.errors import InvalidAnswer
from questions.shape import Vector

LONGEST = 40
SLACK = 1e-9
EXACT = Context(prec=100)

# 1,250 means one thing in London and another in Paris. 0,125 means one thing.
TWO_WAYS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")

_TYPED = re.compile(r"(?P<number>[-−]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+))\s*%?")
_DECIMALS = 6
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def read(text: str, field: str = "") -> Decimal:
    """The share, from 0 to 1, of a percentage that somebody typed; exactly what stands there, so .5 is 0.005.

    Raises InvalidAnswer for whatever is not one number from 0 to 100. An empty text is for the caller to judge:
    here it is refused as well.
    """
    typed = text.strip()
    if not typed:
        raise InvalidAnswer("No percentage was typed. Write one such as 70.", field)
    found = _TYPED.fullmatch(typed) if len(typed) <= LONGEST else None
    if found is None:
        raise InvalidAnswer(f"{quote(typed)} is not a percentage. Write a number such as 70 or 37.5.", field)
    percent = Decimal(plain(found["number"]))
    if not 0 <= percent <= 100:
        raise InvalidAnswer(f"{found['number']}% is outside 0 to 100. Write a percentage such as 70.", field)
    if TWO_WAYS.fullmatch(found["number"]):
        decimal = plain(found["number"])
        raise InvalidAnswer(f"{quote(typed)} can be read in two ways. Write {decimal}.", field)
    return abs(EXACT.scaleb(percent, -2))


def plain(number: str) -> str:
    """A typed number with a decimal comma or a true minus sign, as Python reads it."""
    return number.replace(",", ".").replace("−", "-")


def require_hundred(shares: Iterable[Decimal]) -> None:
    """Refuse percentages that do not add up to 100. They are added as typed, so 0.1 and 0.2 make 0.3."""
    total = Decimal(0)
    for share in shares:
        total = EXACT.add(total, share)
    if abs(EXACT.subtract(total, Decimal(1))) >= Decimal(str(SLACK)):
        raise InvalidAnswer(f"The percentages add up to {_digits(EXACT.scaleb(total, 2))}, not to 100.")


def quote(text: str) -> str:
    """What somebody typed, safe and short enough to be said back: no control characters, 40 characters at most."""
    clean = "".join(sign for sign in text if unicodedata.category(sign) not in _UNSEEN).strip()
    return f"“{clean[:LONGEST]}…”" if len(clean) > LONGEST else f"“{clean}”"


def say(share: float) -> str:
    """A share as a person reads it: 0.005 is "0.5%". Only what is impossible is "0%", only what is sure "100%"."""
    return f"{figure(share)}%"


def figure(share: float) -> str:
    """The same without its sign. Exact up to six decimals.

    >>> figure(0.29), figure(1 / 3), figure(1e-12)
    ('29', '33.333333', 'under 0.000001')
    """
    smallest = Decimal(1).scaleb(-_DECIMALS)
    rounded = _percent(share).quantize(smallest, ROUND_HALF_EVEN, EXACT)
    if rounded == 0 and share > 0:
        return f"under {smallest:f}"
    if rounded == 100 and share < 1:
        return f"over {100 - smallest:f}"
    return _digits(rounded)


def exact(share: float) -> str:
    """The shortest percentage that reads back as this very share: 0.29 is "29", though 0.29 * 100 is not 29.

    Cut after the forty characters that `read` takes.
    """
    text = _digits(_percent(share))
    return _digits(Decimal(text[:LONGEST])) if len(text) > LONGEST else text


def _percent(share: float) -> Decimal:
    return EXACT.scaleb(Decimal(repr(float(share))), 2)


def _digits(number: Decimal) -> str:
    """Without an exponent and without zeros at the end."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def probability(value: Any, field: str) -> Decimal:
    """A probability that a program wrote as a number from 0 to 1. True, "0.5" and NaN are none."""
    if type(value) not in (int, float):
        raise InvalidAnswer(f"{quote(str(value))} is not a number. Write a probability such as 0.7.", field)
    if not 0 <= value <= 1:
        raise InvalidAnswer(f"{quote(str(value))} is outside 0 to 1. Write a probability such as 0.7.", field)
    return abs(Decimal(repr(value)))


def probabilities(values: Any, size: int) -> Vector:
    """A list of probabilities that a program wrote, one for each outcome. Raises InvalidAnswer."""
    field = "probabilities"
    if not isinstance(values, list | tuple) or len(values) != size:
        raise InvalidAnswer(f"Write “probabilities” as a list of {size} numbers, one for each outcome.", field)
    vector = np.array([float(probability(value, field)) for value in values])
    total = math.fsum(vector)
    if abs(total - 1) > SLACK:
        raise InvalidAnswer(f"The probabilities add up to {_digits(Decimal(repr(total)))}, not to 1.", field)
    return vector
