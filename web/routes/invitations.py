"""What administrators do for accounts: invite people, and give a link to who has forgotten their password."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Response
from sqlmodel import Session

from forecasts import accounts, entrance, invitations, permissions, resetting, sessions
from forecasts.models import Forecaster
from forecasts.settings import Settings
from questions.errors import Refusal
from web.dependencies import Configured, Form, Now, Reading, Seat, SignedIn, Sitting, Teller, Writer
from web.pages import InvitationsPage, Invited
from web.rendering import Rendering, hold_off, status_of
from web.watching import Witness

router = APIRouter()
HERE = "/invitations"
FIRST = {"role": "forecaster", "days": str(invitations.DAYS), "uses": "1"}


@router.get("/invitations")
def look(
    reading: Reading, person: SignedIn, seat: Seat, configured: Configured, moment: Now, render: Rendering
) -> Response:
    permissions.require(person, "appoint")
    return render(invitations_page(reading, person, seat, configured, moment))


@router.post("/invitations")
def invite(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering, known: Witness,
) -> Response:  # fmt: skip
    permissions.require(person, "appoint")
    by, role, days, uses, token = person.name, form.get("role", ""), form.get("days", ""), form.get("uses", ""), ""
    try:
        shown = entrance.show(reading, person, form.get("old", ""), seat.token, seat.where, tell())
        with writing() as (session, moment):
            refusal = entrance.admit(session, shown, moment)
            if refusal is None:
                token = invitations.invite(session, by, role, days, uses, moment)
        entrance.insist(refusal)
    except Refusal as refused:
        page = invitations_page(reading, person, seat, configured, tell(), typed=form, failed="invite", error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    known.role = role  # one of ours, as it was taken
    made = ("Whoever opens this link may sign up.", f"{configured.address}/sign-up?invitation={token}")
    return render(invitations_page(reading, person, seat, configured, moment, made=made))


@router.post("/invitations/revocation")
def revoke(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured,
    render: Rendering,
) -> Response:  # fmt: skip
    permissions.require(person, "appoint")
    mark = form.get("invitation", "")
    with writing() as (session, moment):
        invitations.revoke(session, mark, moment)
    return render(invitations_page(reading, person, seat, configured, moment), otherwise=HERE)


@router.post("/invitations/reset-link")
def make_reset_link(
    form: Form, reading: Reading, writing: Writer, person: SignedIn, seat: Seat, configured: Configured, tell: Teller,
    render: Rendering, known: Witness,
) -> Response:  # fmt: skip
    permissions.require(person, "appoint")
    name, token = form.get("name", "").strip(), ""
    known.about(accounts.named(reading, name))
    try:
        shown = entrance.show(reading, person, form.get("old", ""), seat.token, seat.where, tell())
        with writing() as (session, moment):
            refusal = entrance.admit(session, shown, moment)
            if refusal is None:
                token = resetting.link(session, name, moment)
        entrance.insist(refusal)
    except Refusal as refused:
        page = invitations_page(reading, person, seat, configured, tell(), typed=form, failed="reset", error=refused)
        return hold_off(render(page, status=status_of(refused)), refused)
    made = (f"By this link {name} chooses a new password, within an hour.", f"{configured.address}/reset/{token}")
    return render(invitations_page(reading, person, seat, configured, moment, made=made))


def invitations_page(
    session: Session, person: Forecaster, seat: Sitting, configured: Settings, moment: datetime,
    *, made: tuple[str, str] | None = None, typed: Mapping[str, str] | None = None, failed: str = "",
    error: Refusal | None = None,
) -> InvitationsPage:  # fmt: skip
    """What was made, and the forms that make more; with them what was typed, but no password."""
    invited = [
        Invited(
            invitations.mark(one), one.role, one.made_by, one.made_at, one.expires_at, one.used, one.uses,
            invitations.state(one, moment),
        )
        for one in invitations.listed(session)
    ]  # fmt: skip
    return InvitationsPage(
        viewer=session.get_one(Forecaster, person.id), here=HERE, invited=invited, roles=permissions.RANKS,
        policy=configured.policy, fresh=sessions.is_fresh(session, seat.token, moment), made=made,
        typed={**FIRST, **({} if typed is None else typed)}, failed=failed, error=error,
    )  # fmt: skip
