"""Who calls: nobody, a person who is signed in with this browser, or whom a token stands for; and what they may."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import BackgroundTasks, Depends, Request

from forecasts import tokens
from forecasts.models import Forecaster, Token
from questions import percent
from questions.errors import NotAllowed
from web.api.errors import Invalid, Unauthorised
from web.dependencies import Now, Reading, database_of, viewer
from web.watching import asked


@dataclass(frozen=True)
class Caller:
    """Who calls; `token` is None for a browser's session, and for nobody."""

    who: Forecaster | None
    token: Token | None


DATES = ("since", "until")


def known_words(request: Request) -> None:
    """Refuse words in the address that the route does not know: a misspelt filter would show too much."""
    known = {one.alias for one in request.scope["route"].dependant.query_params}
    known |= {word.alias for part in request.scope["route"].dependant.dependencies for word in part.query_params}
    for name in request.query_params:
        if name not in known:
            raise Invalid(
                f"“{name[:40]}” is not known here. Known are {', '.join(sorted(known)) or 'none'}.", name[:80]
            )
        if len(request.query_params.getlist(name)) > 1:
            raise Invalid(f"{percent.quote(name)} stands twice in the address. Write it once.", name[:80])
        if name in DATES and not request.query_params[name]:
            raise Invalid(f"“{name}” is empty. Leave it out, or write a day such as 2026-12-31.", name)


def caller(request: Request, reading: Reading, moment: Now, later: BackgroundTasks) -> Caller:
    """Who calls. A token that does not work is refused and not taken for nobody. Raises Unauthorised.

    That a token was used is noted at most once an hour, after the answer and in a transaction of its own.
    """
    header = request.headers.get("authorization")
    if header is None:
        return Caller(viewer(request, reading, moment, later), None)
    kind, _, text = header.partition(" ")
    found = tokens.of_bearer(reading, text.strip(), moment) if kind.lower() == "bearer" else None
    if found is None:
        raise Unauthorised("This token does not work: it was revoked, has expired or never was. Make another.")
    token, who = found
    asked(request).by(who)
    if tokens.stale(token, moment):
        later.add_task(tokens.note, database_of(request), token.id)
    return Caller(who, token)


Called = Annotated[Caller, Depends(caller)]


def _allow(called: Caller, scope: str) -> Forecaster | None:
    """Who calls, if what they call with has the scope. Raises NotAllowed."""
    if called.token is not None and scope not in called.token.scopes:
        raise NotAllowed(f"This token has not the scope “{scope}”. Make one that has it.")
    return called.who


def somebody(scope: str) -> Callable[[Caller], Forecaster]:
    """What a route depends on that is for those alone who are known, by this scope."""

    def allowed(called: Called) -> Forecaster:
        if (who := _allow(called, scope)) is None:
            raise Unauthorised("Say who you are: send a token as Authorization: Bearer TOKEN, or sign in.")
        return who

    return allowed


def anybody(called: Called) -> Forecaster | None:
    """Who looks, None for nobody."""
    return _allow(called, "read")


Viewing = Annotated[Forecaster | None, Depends(anybody)]
Owning = Annotated[Forecaster, Depends(somebody("read"))]
Forecasting = Annotated[Forecaster, Depends(somebody("forecast"))]
Moderating = Annotated[Forecaster, Depends(somebody("moderate"))]


def known(called: Called) -> Forecaster:
    """Who calls, whatever their token's scopes. Raises Unauthorised."""
    if called.who is None:
        raise Unauthorised("Say who you are: send a token as Authorization: Bearer TOKEN, or sign in.")
    return called.who


Known = Annotated[Forecaster, Depends(known)]
