"""Single sign-on by OpenID Connect: the way to the provider and back, and whose account it opens.

The authorization code flow with PKCE, state and nonce. All three follow from one random token that only the browser
has, in a cookie; kept is its hash, for ten minutes. An account that is there is opened only to whom it was linked while
signed in: a mail address or a name at the provider opens nothing.
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete
from sqlmodel import Session, col, select

from forecasts import accounts, entrance, invitations, secondfactor
from forecasts.accounts import seal
from forecasts.models import Forecaster, Identity, Visit
from forecasts.settings import Settings
from questions.errors import NotAllowed, Refusal

STAYS = timedelta(minutes=10)
PATIENCE = 10.0
"""Seconds that the provider may take for each answer."""

SIGNED = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""How a provider may sign: by a key of its own, never by a secret that we share."""

TROUBLE = (httpx2.HTTPError, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError)


class ProviderFailed(Refusal):
    """The provider did not answer as it should, or what it said cannot be believed."""


@dataclass(frozen=True)
class Claim:
    """Who the provider says that somebody is, and how it would name them."""

    subject: str
    name: str


# The way there


def set_out(
    session: Session, moment: datetime, *, back: str = "/", invitation: str = "", person: Forecaster | None = None
) -> str:  # fmt: skip
    """The token for the cookie of somebody who goes to the provider.

    invitation  the token of the one that they came with, "" where there is none
    person      whose account is to be linked, None where somebody only signs in
    """
    session.exec(delete(Visit).where(col(Visit.expires_at) <= moment))
    token = secrets.token_urlsafe(32)
    visitor = Visit(token=seal(token), forecaster_id=person.id if person else None, expires_at=moment + STAYS)
    visitor.back, visitor.invitation = back, seal(invitation) if invitation else ""
    session.add(visitor)
    return token


def address(settings: Settings, token: str) -> str:
    """Where the browser goes. Raises ProviderFailed."""
    try:
        with _client(settings) as client:
            url, _ = client.create_authorization_url(
                _metadata(settings)["authorization_endpoint"], state=_state(token), nonce=_part(token, "nonce"),
                code_verifier=_part(token, "verifier"),
            )  # fmt: skip
            return str(url)
    except TROUBLE as error:
        raise _failed(settings, error) from error


def _client(settings: Settings) -> OAuth2Client:
    return OAuth2Client(
        settings.oidc_client_id, settings.oidc_client_secret or None, scope="openid profile",
        redirect_uri=f"{settings.address}/sso/callback", code_challenge_method="S256", timeout=PATIENCE,
    )  # fmt: skip


def _metadata(settings: Settings) -> Mapping[str, Any]:
    """What the provider says of itself; it must be the one that was meant."""
    issuer = settings.oidc_issuer
    found: Mapping[str, Any] = _read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found["issuer"] != issuer:
        raise ValueError(f"it calls itself {found['issuer']}")
    return found


def _read(url: str) -> Any:
    return httpx2.get(url, timeout=PATIENCE).raise_for_status().json()


def _part(token: str, what: str) -> str:
    """A secret of its own for each purpose, out of the one that the browser has."""
    return urlsafe_b64encode(sha256(f"{what} of {token}".encode()).digest()).rstrip(b"=").decode()


def _state(token: str) -> str:
    return _part(token, "state")


# The way back


def visit(session: Session, token: str, moment: datetime) -> Visit:
    """Whoever is on their way with this token. Raises NotAllowed where nobody is, or it took too long."""
    found = session.get(Visit, seal(token)) if token else None
    if found is None or found.expires_at <= moment:
        raise NotAllowed("This took too long, or was begun in another browser. Begin again.")
    return found


def require_state(token: str, state: str) -> None:
    """Raise NotAllowed unless they come back from where this browser went."""
    if not compare_digest(_state(token).encode(), state.encode(errors="replace")):
        raise NotAllowed("This answer belongs to no question that was asked from this browser. Begin again.")


def require_code(settings: Settings, code: str, error: str) -> None:
    """Raise ProviderFailed where the provider gave no code."""
    if error or not code:
        raise _failed(settings, ValueError(error[:80] or "it gave no code"))


def exchange(settings: Settings, token: str, code: str, moment: datetime) -> Claim:
    """Ask the provider who came back with this code, and believe nothing that it has not signed for us.

    Takes as long as the provider: call it outside `writing()`. Raises ProviderFailed.
    """
    try:
        known = _metadata(settings)
        with _client(settings) as client:
            given = client.fetch_token(known["token_endpoint"], code=code, code_verifier=_part(token, "verifier"))
        keys = KeySet.import_key_set(_read(known["jwks_uri"]))
        return _believed(settings, given["id_token"], keys, _part(token, "nonce"), moment)
    except TROUBLE as error:
        raise _failed(settings, error) from error


def _believed(settings: Settings, signed: str, keys: KeySet, nonce: str, moment: datetime) -> Claim:
    read = jwt.decode(signed, keys, algorithms=SIGNED)
    wanted = {"iss": {"essential": True, "value": settings.oidc_issuer}}
    wanted |= {"aud": {"essential": True, "value": settings.oidc_client_id}}
    params = {"nonce": nonce, "client_id": settings.oidc_client_id}
    claims = CodeIDToken(read.claims, read.header, wanted, params)
    claims.validate(now=int(moment.timestamp()), leeway=60)
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise ValueError("it names nobody")
    return Claim(subject, _suggested(claims))


def _suggested(claims: Mapping[str, Any]) -> str:
    """How they might be named here, "" where nothing fits."""
    for said in (claims.get("preferred_username"), claims.get("nickname"), claims.get("given_name")):
        name = said.partition("@")[0] if isinstance(said, str) else ""
        if accounts.HANDLE.fullmatch(name.lower()):
            return name
    return ""


def _failed(settings: Settings, error: Exception) -> ProviderFailed:
    reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
    return ProviderFailed(f"{settings.oidc_name} did not let you in: {reason}. Begin again, or use your password.")


@dataclass(frozen=True)
class Arrival:
    """What came of coming back: a session's token, that of a half that waits for a code, or that a name must be chosen
    first; whose account that is, and whether it was linked only now; and where to go from there."""

    token: str = ""
    half: str = ""
    back: str = "/"
    person: Forecaster | None = None
    linked: bool = False


def arrive(
    session: Session, settings: Settings, token: str, claim: Claim, moment: datetime, browser: str, earlier: str,
    viewer: Forecaster | None,
) -> Arrival:  # fmt: skip
    """Link the account, open the one that is linked, or let a name be chosen for a new one.

    viewer  who is signed in with this browser: an account is linked to nobody else

    Raises NotAllowed.
    """
    coming = visit(session, token, moment)
    key = {"issuer": settings.oidc_issuer, "subject": claim.subject}
    known = session.get(Identity, (key["issuer"], key["subject"]))
    if coming.forecaster_id is not None:
        _link(session, known, coming.forecaster_id, viewer, key, moment)
        session.delete(coming)
        return Arrival(back="/settings#password", person=viewer, linked=known is None)
    if known is None:
        coming.subject, coming.name = claim.subject, claim.name
        session.add(coming)
        return Arrival(back="/sso/name")
    session.delete(coming)
    person = session.get_one(Forecaster, known.forecaster_id)
    if secondfactor.factor(session, person) is not None:
        return Arrival(half=entrance.halve(session, person, True, moment), back=coming.back, person=person)
    return Arrival(accounts.sign_in(session, person, moment, browser, earlier), back=coming.back, person=person)


def _link(
    session: Session, known: Identity | None, forecaster: int, viewer: Forecaster | None, key: Mapping[str, str],
    moment: datetime,
) -> None:  # fmt: skip
    if viewer is None or viewer.id != forecaster:
        raise NotAllowed("You were signed out meanwhile, so nothing was linked. Sign in and begin again.")
    if known is not None and known.forecaster_id != forecaster:
        raise NotAllowed("That account of the provider's opens another account here. Remove the link there first.")
    if known is None:
        session.add(Identity(**key, forecaster_id=forecaster, made_at=moment))


def require_sign_up(session: Session, policy: str, coming: Visit, moment: datetime) -> None:
    """Raise NotAllowed or NotFound where whoever comes for the first time may have no account here."""
    if coming.invitation:
        invitations.require_sealed(session, policy, coming.invitation, moment)
    else:
        invitations.require_open(session, policy, "", moment)


def join(
    session: Session, settings: Settings, token: str, name: str, moment: datetime, browser: str, earlier: str
) -> Arrival:  # fmt: skip
    """Make an account of that name, which `accounts.judge_name` gave, for who came for the first time, and open it.

    Raises NotAllowed and NotFound where sign-up is not open to them, InvalidAccount where the name is taken.
    """
    coming = visit(session, token, moment)
    if not coming.subject:
        raise NotAllowed("The provider has not said yet who you are. Begin again.")
    require_sign_up(session, settings.policy, coming, moment)
    sealed = coming.invitation
    role = invitations.spend_sealed(session, sealed, moment).role if sealed else "forecaster"
    person = accounts.join(session, name, None, moment, role)
    subject = {"issuer": settings.oidc_issuer, "subject": coming.subject}
    session.add(Identity(**subject, forecaster_id=person.id, made_at=moment))
    session.delete(coming)
    return Arrival(accounts.sign_in(session, person, moment, browser, earlier), back=coming.back, person=person)


def is_linked(session: Session, person: Forecaster, issuer: str) -> bool:
    """Whether they may sign in by that provider."""
    theirs = select(Identity.subject).where(Identity.forecaster_id == person.id, Identity.issuer == issuer)
    return session.exec(theirs).first() is not None


def unlink(session: Session, person: Forecaster, issuer: str) -> None:
    """Let the provider open this account no more. Raises NotAllowed where nothing else would."""
    if person.password is None:
        raise NotAllowed("You have no password, and could not sign in any more. Set a password first.")
    theirs = (col(Identity.forecaster_id) == person.id, col(Identity.issuer) == issuer)
    session.exec(delete(Identity).where(*theirs))
