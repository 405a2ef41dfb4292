"""The command line: serve, load, verify, rescore, import, export, tick, demo, user, token, bot."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from questions.errors import Refusal

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from forecasts.clock import Clock
    from forecasts.database import Database
    from forecasts.formats import Format
    from forecasts.models import Forecaster
    from forecasts.settings import Settings

DEMO = Path("brierboard-demo.db")

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Keep score of predictions.")
users = typer.Typer(no_args_is_help=True, help="The people who may sign in.")
app.add_typer(users, name="user")
keys = typer.Typer(no_args_is_help=True, help="The tokens by which programs use the API.")
app.add_typer(keys, name="token")
robots = typer.Typer(no_args_is_help=True, help="Forecasters that are programs.")
app.add_typer(robots, name="bot")

Files = Annotated[list[Path], typer.Option("--load", help="A set of questions to load first, if it is not there yet.")]
Form = Annotated[str, typer.Argument(metavar="FORMAT", help="The format of the files, such as csv.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder that holds the files, or will.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look: say what would be added, or name every bad row.")]
Scopes = Annotated[list[str], typer.Option("--scope", help="read, forecast or moderate; say it once for each.")]
Until = Annotated[str, typer.Option(help="When it ceases to work, such as “in 3 months”; never, where it is not said.")]
Role = Annotated[str, typer.Option(help="forecaster, moderator or administrator.")]


@contextmanager
def opened(url: str = "", clock: Clock | None = None, *, existing: bool = False) -> Iterator[Database]:
    """A database, that of the settings unless another is named, ready to use; a refusal ends the program with its
    sentence."""
    from forecasts.clock import SystemClock
    from forecasts.database import Database

    try:
        database = Database(url or settings().database_url, clock or SystemClock())
        try:
            if existing:
                database.require()
            database.prepare()
            catch_up(database)
            yield database
        finally:
            database.close()
    except Refusal as refusal:
        stop(str(refusal))


def catch_up(database: Database) -> None:
    """Work out what is missing of what follows from the forecasts, as after a migration."""
    from rich.progress import track

    from forecasts import ledger

    with database.reading() as session:
        if not ledger.behind(session):
            return
    with database.writing() as (session, _):
        for question in track(ledger.behind(session), "Working out scores"):
            ledger.renew(session, question)


def settings() -> Settings:
    """The settings from the environment; a bad one ends the program with a sentence."""
    from forecasts.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors()[0]
        name = f"BRIERBOARD_{'_'.join(map(str, fault['loc'])).upper()}"
        typed = re.sub("//.*@", "//..@", str(fault["input"]))  # nobody's password is printed
        return stop(f"{name} is “{typed}”: {fault['msg'].removeprefix('Value error, ').lower()}.")


def stop(sentence: str) -> NoReturn:
    """End the program with a sentence and exit code 1."""
    print(sentence, file=sys.stderr)
    raise typer.Exit(1)


@app.command()
def serve(load: Files = []) -> None:  # noqa: B006  typer reads the default, nobody changes it
    """Start the server. Creates and migrates the database first."""
    from forecasts import wire

    chosen = settings()
    listener = listen(chosen.host, chosen.port)
    address = chosen.model_copy(update={"port": listener.getsockname()[1]}).address
    with opened() as database:
        for path in load:
            load_file(database, path, quiet=True)
        line = welcome(database, address)
    server = wire.Server(wire.configured("web.app:served", factory=True), lambda: print(line, flush=True))
    with suppress(KeyboardInterrupt):  # uvicorn has finished its requests and says again that Ctrl-C was pressed
        server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; ends the program with a sentence where it cannot."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # Python adds a tuple that says the address again
        return stop(f"{host} port {port} cannot be used: {reason}. Set BRIERBOARD_PORT to another port.")


def welcome(database: Database, address: str) -> str:
    """The one line to open: the administrator's link, only while there is no administrator."""
    from forecasts import invitations

    with database.writing() as (session, moment):
        token = invitations.invite_first_administrator(session, moment)
    if token:
        return f"Open {address}/sign-up?invitation={token} to become the administrator."
    return f"Brierboard is at {address}"


@app.command()
def load(file: Path) -> None:
    """Load a set of questions out of a TOML file. What is there already stays as it is."""
    with opened() as database:
        load_file(database, file)


def load_file(database: Database, path: Path, quiet: bool = False) -> None:
    """Load one file and print what that did; quiet where nothing changed."""
    from forecasts import loading
    from questions import journal, setfile

    try:
        file = setfile.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise setfile.InvalidFile(f"{path} cannot be read: {error.strerror}.") from error
    with database.writing() as (session, moment):
        report = loading.load(session, file, str(path), by=journal.OPERATOR, moment=moment)
    if report.added or not quiet:
        print(report, flush=True)


@app.command()
def verify() -> None:
    """Walk the journal and compare every table that can be rebuilt from it."""
    from forecasts import verification
    from questions.journal import Broken

    with opened(existing=True) as database, database.reading() as session:
        try:
            for line in verification.verify(session):
                print(line)
        except Broken as broken:
            stop(f"seq {broken.seq}: {broken}")


@app.command()
def rescore() -> None:
    """Work every score out again. Changes nothing where nothing changed."""
    from rich.progress import track
    from sqlmodel import select

    from forecasts import ledger
    from questions.models import Question

    with opened(existing=True) as database, database.writing() as (session, _):
        questions = session.exec(select(Question)).all()
        changed = [question for question in track(questions, "Rescoring") if ledger.renew(session, question)]
    print(f"{len(questions)} questions rescored, {len(changed)} of them with other numbers than before.")


@app.command("import")
def import_folder(form: Form, folder: Folder, dry_run: DryRun = False) -> None:
    """Add the questions, forecasts and resolutions of a folder, all or nothing. A second time nothing is new."""
    from forecasts import importing
    from questions import journal

    found = format_of(form).read(folder)
    with opened() as database:
        if dry_run:
            with database.reading() as session:
                print(importing.examine(session, found, journal.moment(session, database.clock.now())))
            print("This was a dry run: nothing was written.")
            return
        with database.writing() as (session, moment):
            plan = importing.examine(session, found, moment)
            importing.carry_out(session, plan, by=journal.OPERATOR, moment=moment, follow=watch)
    print(plan)


@app.command("export")
def export_folder(form: Form, folder: Folder) -> None:
    """Write every question, forecast and resolution, the scores and the crowd into a new folder."""
    from forecasts import exporting

    chosen = format_of(form)
    with opened(existing=True) as database, database.reading() as session:
        gathered = exporting.gather(session, watch)
        chosen.write(gathered, folder)
    print(
        f"{folder}: {len(gathered.questions):,} questions, {len(gathered.forecasts):,} forecasts and "
        f"{len(gathered.resolutions):,} resolutions, with scores and the crowd."
    )


def format_of(name: str) -> Format:
    """The format of that name; ends the program with a sentence where there is none."""
    from forecasts.formats import FORMATS

    return FORMATS[name] if name in FORMATS else stop(f"“{name}” is not a format. Choose {', '.join(FORMATS)}.")


def watch(things: Sequence[Any], what: str) -> Iterable[Any]:
    """The same things, with a progress bar beside them on standard error; none where there is nothing to do."""
    from rich.console import Console
    from rich.progress import track

    return track(things, what, console=Console(stderr=True)) if things else things


@app.command()
def tick() -> None:
    """Tell whoever asked to be told: mail and webhooks that are due. The server does so by itself every minute."""
    from forecasts import chores

    chosen = settings()
    with opened(existing=True) as database:
        try:
            print(chores.tick(database, chosen))
        except chores.TakenOver as other:  # which is no fault: what is due is being done
            print(other)


@app.command()
def demo(
    file: Annotated[Path, typer.Option(help="Where the demonstration is kept: never where your own record is.")] = DEMO,
    serve_it: Annotated[bool, typer.Option("--serve", help="Start the server on it afterwards.")] = False,
) -> None:
    """Fill a database of its own with simulated forecasters and two years of what they said, to look at."""
    url = f"sqlite:///{file}"
    print(make_demo(url, file) or f"{file} holds the demonstration already. Delete it for a new one.")
    if not serve_it:
        print(f"To look at it: BRIERBOARD_DATABASE_URL={url} brierboard serve")
        return
    os.environ["BRIERBOARD_DATABASE_URL"] = url
    serve()


def make_demo(url: str, file: Path) -> str:
    """Make the demonstration and say how to sign in there; "" where it is there already."""
    from secrets import token_urlsafe

    from forecasts import accounts, demo, fiction
    from forecasts.clock import SetClock, SystemClock

    until = SystemClock().now()
    clock = SetClock(until)
    with opened(url, clock) as database:
        with database.reading() as session:
            if demo.is_there(session, str(file)):
                return ""
        password = token_urlsafe(9)
        _, sealed = accounts.judge(demo.MODERATOR, password)
        demo.fill(database, clock, until, sealed, watch)
    return (
        f"{file} holds {fiction.ASKED} invented questions and two years of simulated forecasts.\n"
        f"Sign in as {demo.MODERATOR}, who moderates, or as {demo.FORECASTER}; both have the password {password}"
    )


@users.command("add")
def add_user(name: str, role: Role = "forecaster") -> None:
    """Add a person. The password is asked for, or read from standard input."""
    from forecasts import accounts, permissions

    if role not in permissions.RANKS:
        stop(f"“{role}” is not a role. Choose {', '.join(permissions.RANKS)}.")
    with opened() as database:
        name, sealed = accounts.judge(name, _password())
        with database.writing() as (session, moment):
            person = accounts.join(session, name, sealed, moment, role)
    noted("sign-up", person, role)
    print(f"{name} was added as {role}.")


def noted(event: str, person: Forecaster | None, role: str = "") -> None:
    """Write into the security log that whoever runs this machine did something about somebody, or made a link."""
    from forecasts import watchbook
    from questions import journal

    watchbook.open_on_standard_error()
    watchbook.say(event, outcome="done", who=journal.OPERATOR, whom=person.pseudonym if person else "", role=role)


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


@users.command("invite")
def invite_user(
    role: Role = "forecaster",
    days: Annotated[str, typer.Option(help="For how many days the link works.")] = "7",
    uses: Annotated[str, typer.Option(help="For how many accounts it is good.")] = "1",
    revoke: Annotated[str, typer.Option(help="Let an invitation work no more, by its number in --list.")] = "",
    show: Annotated[bool, typer.Option("--list", help="List what was made.")] = False,
) -> None:
    """Print a link by which people may sign up. It is shown once and not kept."""
    from forecasts import invitations

    token = ""
    with opened(existing=True) as database:
        if show:
            list_invitations(database)
            return
        with database.writing() as (session, moment):
            if revoke:
                invitations.revoke(session, revoke, moment)
            else:
                token = invitations.invite(session, invitations.COMMAND_LINE, role, days, uses, moment)
    noted("invitation revoked" if revoke else "invitation made", None, "" if revoke else role)
    print(f"{revoke} works no more." if revoke else f"{settings().address}/sign-up?invitation={token}")


def list_invitations(database: Database) -> None:
    """Print what was made, the newest first; of the links themselves nothing is known."""
    from forecasts import invitations

    with database.reading() as session:
        for one in invitations.listed(session):
            number, state = invitations.mark(one), invitations.state(one, database.clock.now())
            until = f"until {one.expires_at:%Y-%m-%d %H:%M}" if one.expires_at else "for ever"
            print(f"{number}\t{one.role}\t{one.used} of {one.uses}\t{until}\t{state}\tby {one.made_by}")


@users.command("reset")
def reset_user(
    name: str,
    second_factor: Annotated[bool, typer.Option("--second-factor", help="Ask for no code any more, either.")] = False,
) -> None:
    """Print a link by which somebody chooses a new password, once, within an hour. You never see the password."""
    from forecasts import resetting

    with opened(existing=True) as database:
        with database.writing() as (session, moment):
            token = resetting.link(session, name, moment)
            person = resetting.whose(session, token, moment)
            if second_factor:
                resetting.forget_second_factor(session, name)
        noted("reset link made", person)
        if second_factor:
            noted("second factor removed", person)
            tell(database, person, "Your second factor was removed by whoever runs the server.", moment)
    print(f"{settings().address}/reset/{token}")


def tell(database: Database, person: Forecaster, happened: str, moment: datetime) -> None:
    """Send them a mail about their account where they have an address; say so where it did not leave."""
    from forecasts import mail, notices
    from forecasts.parcel import LeftUnknown, NotTaken

    with database.reading() as session:
        letter = notices.compose(session, settings(), person, happened, moment)
    try:
        if letter is not None:
            mail.send(settings(), letter)
    except (NotTaken, LeftUnknown) as error:
        print(f"{person.name} was not told by mail: {error}", file=sys.stderr)


@users.command("role")
def change_role(name: str, role: str) -> None:
    """Give a person another role."""
    from forecasts import accounts, permissions

    if role not in permissions.RANKS:
        stop(f"“{role}” is not a role. Choose {', '.join(permissions.RANKS)}.")
    with opened(existing=True) as database, database.writing() as (session, _):
        person = accounts.appoint(session, name, role)
    noted("role given", person, role)
    print(f"{name} is {role} now.")


@users.command("list")
def list_users() -> None:
    """List everybody who may sign in."""
    from sqlmodel import col, select

    from forecasts.models import Forecaster

    with opened(existing=True) as database, database.reading() as session:
        for person in session.exec(
            select(Forecaster)
            .where(Forecaster.kind == "person", ~col(Forecaster.imported), col(Forecaster.merged_into_id).is_(None))
            .order_by(col(Forecaster.handle))
        ):
            print(f"{person.name}\t{person.role}\tsince {person.joined_at:%Y-%m-%d}")


@keys.command("add")
def add_token(handle: str, name: str, scope: Scopes = ["read"], until: Until = "") -> None:  # noqa: B006
    """Make a token for a person or a bot, and print it: it is shown this once."""
    from forecasts import tokens
    from questions import deadlines

    with opened(existing=True) as database, database.writing() as (session, moment):
        ends = deadlines.closing(until, moment, "until") if until else None
        bearer = named(session, handle)
        _, text = tokens.add(session, bearer, name, scope, moment, expires_at=ends)
    noted("token made", bearer)
    print(text)


def named(session: Session, handle: str) -> Forecaster:
    """The person or the bot of that handle. Raises NotFound for whoever cannot act."""
    from forecasts import accounts
    from questions.errors import NotFound

    found = accounts.named(session, handle)
    if found is None or found.kind not in ("person", "bot") or found.imported:
        raise NotFound(f"There is no person and no bot “{handle}”. `brierboard user list` shows who there is.")
    return found


@keys.command("list")
def list_tokens(handle: str) -> None:
    """List somebody's tokens that were not revoked."""
    from forecasts import tokens

    with opened(existing=True) as database, database.reading() as session:
        for one in tokens.of(session, named(session, handle)):
            used = f"used {one.used_at:%Y-%m-%d %H:%M} UTC" if one.used_at else "never used"
            ends = f"\tuntil {one.expires_at:%Y-%m-%d %H:%M} UTC" if one.expires_at else ""
            print(f"{one.id}\t{one.name}\t{', '.join(one.scopes)}\t{used}{ends}")


@keys.command("revoke")
def revoke_token(handle: str, number: str) -> None:
    """Let a token work no more, nor any that was made with it. `brierboard token list` shows its number."""
    from forecasts import tokens

    with opened(existing=True) as database, database.writing() as (session, moment):
        bearer = named(session, handle)
        found = tokens.find(session, number, bearer)
        tokens.revoke(session, found, moment)
    noted("token revoked", bearer)
    print(f"“{found.name}” works no more.")


@robots.command("add")
def add_bot(owner: str, name: str) -> None:
    """Add a bot that belongs to a person."""
    from forecasts import bots

    with opened(existing=True) as database, database.writing() as (session, moment):
        bot = bots.add(session, named(session, owner), name, moment)
    print(f"{bot.name} was added. Make its token with: brierboard token add {bot.handle} NAME --scope forecast")
