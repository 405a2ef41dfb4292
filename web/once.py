"""Acts that may be asked for twice: by a form that is sent again, or by a program that had no answer.

A form carries a word that was made with its page. Sent again with the same in its fields, by a double click, from the
page before or by a browser that loads the answer again, it is the same act; with other fields it is another. The page
that comes back has a new word. What programs send is read in web/api/repeats.py.
"""

from collections.abc import Mapping

from fastapi import Request

from forecasts.repeating import Call, sealed
from web.watching import asked

FIELD = "once"
"""The field of a form that holds its word."""

SCOPE = "brierboard.once"
ABOVE = ("resolution", "revision")
"""The ends of addresses whose forms lead on to the page above."""


def note(request: Request, fields: Mapping[str, str], word: str) -> None:
    """Note with which word a form came, and what it asks."""
    if word:
        said = [text for name in sorted(fields) for text in (name, fields[name])]
        request.scope[SCOPE] = sealed(word, request.method, request.url.path, *said)


def call_of(request: Request) -> Call | None:
    """What this request asks for, where it came with a key and from somebody who is known; else None."""
    said, who = request.scope.get(SCOPE), asked(request).who
    if isinstance(said, bytes) and who:
        request.scope[SCOPE] = said = Call(who, said, said)
    return said if isinstance(said, Call) else None
