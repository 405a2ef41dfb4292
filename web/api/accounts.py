"""Oneself: who one is, one's settings, tokens and bots."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlmodel import Session

from forecasts import accounts, bots, tokens
from forecasts.models import Forecaster, Token
from web.api import models, requests, shapes
from web.api.callers import Called, Forecasting, Known, Owning
from web.api.documents import acts, owns
from web.api.forecasts import Empty
from web.api.reading import body
from web.dependencies import Reading, Writer
from web.watching import Witness

router = APIRouter()

Asked = Annotated[requests.TokenAsked, Depends(body(requests.TokenAsked))]


@router.get("/me", **owns())
def get_me(reading: Reading, called: Called, who: Owning) -> models.Me:
    """Who you are, by what you sent."""
    return _me(reading, who, called.token)


def _me(session: Session, who: Forecaster, token: Token | None) -> models.Me:
    one = session.get_one(Forecaster, who.id)
    told = {**shapes.words_of(session, one, one), "role": one.role, "shortcuts": one.shortcuts}
    return models.Me.model_validate({**told, "scopes": token.scopes if token else None})


@router.post("/me/settings", **acts(requests.NewSettings, 200))
def change_settings(
    reading: Reading, writing: Writer, called: Called, who: Forecasting,
    given: Annotated[requests.NewSettings, Depends(body(requests.NewSettings))],
) -> models.Me:  # fmt: skip
    """Change whether your page is private, and whether single keys act on the sheet. What is left out stays."""
    with writing() as (session, _):
        if given.shortcuts is not None:
            accounts.choose_shortcuts(session, who, given.shortcuts)
        if given.private is not None:
            accounts.keep_private(session, who, given.private)
    return _me(reading, who, called.token)


# Tokens


@router.get("/tokens", **owns())
def list_tokens(reading: Reading, who: Owning) -> models.Tokens:
    """Your tokens that were not revoked."""
    return models.Tokens(tokens=[_token(one) for one in tokens.of(reading, who)])


def _token(one: Token) -> models.Token:
    return models.Token(**_words(one))


def _words(one: Token) -> dict[str, Any]:
    names = ("name", "scopes", "made_at", "expires_at", "used_at")
    return {"number": one.id, **{name: getattr(one, name) for name in names}}


@router.post("/tokens", **acts(requests.TokenAsked))
def make_token(writing: Writer, called: Called, who: Known, given: Asked) -> models.NewToken:
    """Make a token. With a token one makes none that may do more, or works longer."""
    with writing() as (session, moment):
        made, text = tokens.add(
            session, who, given.name, given.scopes, moment, expires_at=given.expires_at, by=called.token
        )  # fmt: skip
    return models.NewToken(**_words(made), token=text)


@router.post("/tokens/{number}/revocation", **acts(status=200))
def revoke_token(
    number: str, reading: Reading, writing: Writer, called: Called, who: Known, known: Witness, _: Empty
) -> models.Done:  # fmt: skip
    """Let a token of yours, or of a bot of yours, work no more, nor any that was made with it."""
    found = tokens.find(reading, number, who)
    known.about(reading.get(Forecaster, found.forecaster_id))
    with writing() as (session, moment):
        tokens.revoke(session, found, moment, by=called.token)
    return models.Done()


# Bots


@router.get("/bots", **owns())
def list_bots(reading: Reading, who: Owning) -> models.Bots:
    """Your bots."""
    return models.Bots(bots=[shapes.who(reading, one, who) for one in bots.of(reading, who)])


@router.post("/bots", **acts(requests.NewBot))
def make_bot(
    reading: Reading, writing: Writer, who: Forecasting,
    given: Annotated[requests.NewBot, Depends(body(requests.NewBot))],
) -> models.Who:  # fmt: skip
    """Make a bot. It forecasts with tokens of its own, sees what you see, and is marked as a bot on every board."""
    with writing() as (session, moment):
        made = bots.add(session, who, given.name, moment)
    return shapes.who(reading, reading.get_one(Forecaster, made.id), who)


@router.get("/bots/{handle}/tokens", **owns())
def list_tokens_of_bot(handle: str, reading: Reading, who: Owning) -> models.Tokens:
    """The tokens of a bot of yours."""
    return models.Tokens(tokens=[_token(one) for one in tokens.of(reading, bots.find(reading, handle, who))])


@router.post("/bots/{handle}/tokens", **acts(requests.TokenAsked))
def make_token_of_bot(
    handle: str, reading: Reading, writing: Writer, called: Called, who: Known, given: Asked, known: Witness
) -> models.NewToken:  # fmt: skip
    """Make a token for a bot of yours."""
    bot = bots.find(reading, handle, who)
    known.about(bot)
    with writing() as (session, moment):
        made, text = tokens.add(
            session, bot, given.name, given.scopes, moment, expires_at=given.expires_at, by=called.token
        )  # fmt: skip
    return models.NewToken(**_words(made), token=text)
