"""Single sign-on: to the provider, back from it, and the name that somebody chooses who came for the first time.

A GET writes nothing here: so the page to which the provider leads back has a button, and the button goes on.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse

from forecasts import accounts, entrance, signon, throttle
from forecasts.settings import Settings
from forecasts.signon import Arrival
from questions.errors import NotFound, Refusal
from web.cookies import drop, keep, kept, remember, wait_for_code
from web.dependencies import Configured, Form, Now, Reading, Seat, SignedIn, Teller, Viewer, Writer
from web.pages import ChooseNamePage, CodePage, ReturnPage
from web.post import telling
from web.rendering import Render, Rendering, hold_off, status_of
from web.routes.accounts import provider, sign_in_page
from web.routes.settings import settings_page
from web.security import local
from web.watching import Witness

router = APIRouter()

AWAY = "brierboard_sso"
Away = Annotated[str, Depends(kept(AWAY))]


@router.post("/sso")
def leave(
    form: Form, reading: Reading, writing: Writer, configured: Configured, viewer: Viewer, seat: Seat, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    _require_provider(configured)
    back, invitation = local(form.get("back", "/")), form.get("invitation", "")
    counts = throttle.setting_out(seat.where)
    try:
        throttle.require(reading, counts, tell())
        with writing() as (session, moment):
            throttle.note(session, counts, moment)
            token = signon.set_out(session, moment, back=back, invitation=invitation)
        address = signon.address(configured, token)
    except Refusal as refusal:
        page = sign_in_page(viewer, configured, back=back, error=refusal)
        status = 502 if isinstance(refusal, signon.ProviderFailed) else status_of(refusal)
        return hold_off(render(page, status=status), refusal)
    return _away(address, token, configured)


@router.post("/settings/sso")
def link(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    _require_provider(configured)
    token = ""
    try:
        shown = entrance.show(reading, person, form.get("old", ""), seat.token, seat.where, tell())
        with writing() as (session, moment):
            refusal = entrance.admit(session, shown, moment)
            if refusal is None:
                token = signon.set_out(session, moment, person=person)
        entrance.insist(refusal)
        address = signon.address(configured, token)
    except Refusal as refused:
        page = settings_page(reading, person, seat, configured, tell(), failed="sso", error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    return _away(address, token, configured)


@router.post("/settings/sso/removal")
def unlink(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering,
) -> Response:  # fmt: skip
    _require_provider(configured)
    try:
        shown = entrance.show(reading, person, form.get("old", ""), seat.token, seat.where, tell())
        with writing() as (session, moment):
            refusal = entrance.admit(session, shown, moment)
            if refusal is None:
                signon.unlink(session, person, configured.oidc_issuer)
        entrance.insist(refusal)
    except Refusal as refused:
        page = settings_page(reading, person, seat, configured, tell(), failed="sso", error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    answer = render(settings_page(reading, person, seat, configured, moment), otherwise="/settings#password")
    happened = f"{configured.oidc_name} opens your account no more."
    return telling(answer, reading, configured, person, happened, moment)


@router.get("/sso/callback")
def come_back(
    viewer: Viewer, configured: Configured, render: Rendering, away: Away, code: str = "", state: str = "",
    error: str = "",
) -> Response:  # fmt: skip
    _require_provider(configured)
    refused: Refusal | None = None
    try:
        signon.require_state(away, state)
        signon.require_code(configured, code, error)
    except Refusal as refusal:
        refused = refusal
    page = ReturnPage(viewer, "/sign-in", provider=provider(configured), code=code, state=state, error=refused)
    return render(page, status=status_of(refused) if refused else 200)


@router.post("/sso/callback")
def arrive(
    form: Form, reading: Reading, writing: Writer, viewer: Viewer, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering, away: Away, known: Witness,
) -> Response:  # fmt: skip
    _require_provider(configured)
    try:
        signon.require_state(away, form.get("state", ""))
        signon.visit(reading, away, tell())
        claim = signon.exchange(configured, away, form.get("code", ""), tell())
        with writing() as (session, moment):
            arrival = signon.arrive(
                session, configured, away, claim, moment, seat.browser, seat.token, viewer
            )  # fmt: skip
    except Refusal as refusal:
        page = ReturnPage(viewer, "/sign-in", provider=provider(configured), code="", state="", error=refusal)
        return render(page, status=status_of(refusal))
    known.by(arrival.person)
    known.outcome = "half" if arrival.half or arrival.person is None else ""
    answer = _arrived(arrival, configured, render)
    if not arrival.linked or arrival.person is None:
        return answer
    happened = f"{configured.oidc_name} opens your account from now on."
    return telling(answer, reading, configured, arrival.person, happened, moment)


def _arrived(arrival: Arrival, configured: Settings, render: Render) -> Response:
    if arrival.half:
        code_page = CodePage(None, "/sign-in", back=arrival.back, error=None)
        return wait_for_code(drop(render(code_page), AWAY, configured), arrival.half, configured)
    answer: Response = RedirectResponse(arrival.back, 303)
    if arrival.back != "/sso/name":
        drop(answer, AWAY, configured)
    return remember(answer, arrival.token, configured) if arrival.token else answer


@router.get("/sso/name")
def ask_name(
    reading: Reading, viewer: Viewer, configured: Configured, moment: Now, render: Rendering, away: Away
) -> Response:
    _require_provider(configured)
    coming = signon.visit(reading, away, moment)
    signon.require_sign_up(reading, configured.policy, coming, moment)
    return render(ChooseNamePage(viewer, "/sign-up", name=coming.name, provider=provider(configured), error=None))


@router.post("/sso/name")
def choose_name(
    form: Form, reading: Reading, writing: Writer, viewer: Viewer, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering, away: Away, known: Witness,
) -> Response:  # fmt: skip
    _require_provider(configured)
    try:
        counts = throttle.signing_up(seat.where)
        throttle.require(reading, counts, tell(), "name")
        name = accounts.judge_name(form.get("name", ""))
        with writing() as (session, moment):
            arrival = signon.join(session, configured, away, name, moment, seat.browser, seat.token)
            throttle.note(session, counts, moment)
    except Refusal as refusal:
        typed = form.get("name", "")
        page = ChooseNamePage(viewer, "/sign-up", name=typed, provider=provider(configured), error=refusal)
        return hold_off(render(page, status=status_of(refusal)), refusal)
    if arrival.person is not None:
        known.join(arrival.person)
    return remember(drop(RedirectResponse(arrival.back, 303), AWAY, configured), arrival.token, configured)


def _require_provider(configured: Settings) -> None:
    if not configured.single_sign_on:
        raise NotFound("There is no single sign-on here. Sign in with name and password.")


def _away(address: str, token: str, configured: Settings) -> Response:
    answer = RedirectResponse(address, 303)
    return keep(answer, AWAY, token, int(signon.STAYS.total_seconds()), configured)
