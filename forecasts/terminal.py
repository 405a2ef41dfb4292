"""What a terminal is sent: text that cannot move its cursor, recolour it, or hide and turn round what follows."""

import os
import sys
import unicodedata
from pathlib import Path
from typing import TextIO

ACTING = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""The kinds of signs that act on a terminal, or that it cannot draw."""


def legible(text: str, keep: str = "\n\t") -> str:
    r"""The text with every sign that acts on a terminal written out; those in `keep` stay.

    >>> print(legible("\x1b[31mred\x9b\u202e"), legible("a\nb", keep=""))
    \x1b[31mred\x9b\u202e a\nb
    """
    return "".join(
        sign.encode("unicode_escape").decode() if unicodedata.category(sign) in ACTING and sign not in keep else sign
        for sign in text
    )


def shown(path: Path) -> str:
    """A path on one line, whatever its parts are called."""
    return legible(str(path), keep="")


def tell(text: object, stream: TextIO | None = None) -> None:
    """Print it, on standard output unless told otherwise, in the letters that has; ends the program where it cannot."""
    stream = stream or sys.stdout
    if stream is None:  # closed by whoever started us
        return
    letters = stream.encoding or "utf-8"
    try:
        print(legible(str(text)).encode(letters, "backslashreplace").decode(letters), file=stream, flush=True)
    except BrokenPipeError:
        raise  # who reads has read enough, which is no fault
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # or the rest fails again at the end
        raise SystemExit(f"This cannot be printed: {error.strerror}.") from error
