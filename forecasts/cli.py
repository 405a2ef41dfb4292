"""The command line: serve, load, verify, backup, restore, rescore, import, export, tick, demo, user, token, bot."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from forecasts.terminal import shown, tell
from questions.errors import Refusal

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from forecasts.clock import Clock
    from forecasts.database import Database
    from forecasts.erasing import Losing
    from forecasts.formats import Format
    from forecasts.models import Forecaster
    from forecasts.settings import Settings

DEMO = Path("brierboard-demo.db")
LONGEST_LINE = 10_000
"""Bytes that are read of a password, which may have a thousand letters."""

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Keep score of predictions.")
users = typer.Typer(no_args_is_help=True, help="The people who may sign in.")
app.add_typer(users, name="user")
keys = typer.Typer(no_args_is_help=True, help="The tokens by which programs use the API.")
app.add_typer(keys, name="token")
robots = typer.Typer(no_args_is_help=True, help="Forecasters that are programs.")
app.add_typer(robots, name="bot")

Files = Annotated[list[Path], typer.Option("--load", help="A set of questions to load first, if it is not there yet.")]
Workers = Annotated[int, typer.Option(min=1, max=64, help="How many processes answer, on one database.")]
Form = Annotated[str, typer.Argument(metavar="FORMAT", help="The format of the files, such as csv.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder that holds the files, or will.")]
Everything = Annotated[
    bool, typer.Option("--everything", help="Of the journal also what only some may see: keep that file to yourself.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look: say what would be added, or name every bad row.")]
Scopes = Annotated[list[str], typer.Option("--scope", help="read, forecast or moderate; say it once for each.")]
Until = Annotated[
    str | None, typer.Option(help="When it ceases to work, such as “in 3 months”; never, where it is not said.")
]
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
    from questions import percent

    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors()[0]
        name = f"BRIERBOARD_{'_'.join(map(str, fault['loc'])).upper()}"
        typed = percent.quote(re.sub("//.*@", "//..@", str(fault["input"])))  # nobody's password is printed
        return stop(f"{name} is {typed}: {fault['msg'].removeprefix('Value error, ').lower()}.")


def stop(sentence: str) -> NoReturn:
    """End the program with a sentence and exit code 1."""
    tell(sentence, sys.stderr)
    raise typer.Exit(1)


@app.command()
def serve(load: Files = [], workers: Workers = 1) -> None:  # noqa: B006  typer reads the default, nobody changes it
    """Start the server. Creates and migrates the database first."""
    from forecasts import checkpoints, sqlite, wire

    chosen = settings()
    with listen(chosen.host, chosen.port) as listener:
        address = chosen.model_copy(update={"port": listener.getsockname()[1]}).address
        with opened() as database:
            database.require_whole()
            if told := sqlite.complaint() if database.engine.dialect.name == "sqlite" else "":
                tell(told, sys.stderr)
            checkpoints.signer(chosen, database)  # made at the first start; a bad one ends the program here
            for path in load:
                load_file(database, path, quiet=True)
            line = welcome(database, address)
        config = wire.configured("web.app:served", factory=True, workers=workers)
        with suppress(KeyboardInterrupt):  # uvicorn has finished its requests and says again that Ctrl-C was pressed
            if workers == 1:
                wire.Server(config, lambda: tell(line)).run(sockets=[listener])
            else:
                wire.Servers(config, [listener], lambda: tell(line)).run()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; ends the program with a sentence where it cannot."""
    from questions.percent import quote

    nowhere = "is no address of this machine. Set BRIERBOARD_HOST to one such as 127.0.0.1."
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except UnicodeError:
        return stop(f"{quote(host)} {nowhere}")
    except OSError as error:
        if error.errno == socket.EAI_NONAME:
            return stop(f"{quote(host)} {nowhere}")
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
    from forecasts import files, loading
    from questions import journal, setfile

    name = shown(path)
    try:
        file = setfile.parse(files.content(path), name)
    except files.Unreadable as error:
        raise setfile.InvalidFile(f"{name} cannot be read: {error}.") from error
    with database.writing() as (session, moment):
        report = loading.load(session, file, name, by=journal.OPERATOR, moment=moment)
    if report.added or not quiet:
        tell(report)


@app.command()
def verify() -> None:
    """Check the database itself, walk the journal, and compare every table that can be rebuilt from it."""
    from forecasts import checkpoints, signing, verification
    from questions.journal import Broken

    chosen = settings()
    with opened(existing=True) as database, database.reading() as session:
        path = checkpoints.place(chosen, database)
        key = signing.read(path).public if path.exists() else ""
        try:
            for line in chain(database.examine(), verification.verify(session, key, watch)):
                tell(line)
        except Broken as broken:
            stop(f"seq {broken.seq}: {broken}")


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")]) -> None:
    """Write all of the database into one file, and check it. The server may go on meanwhile."""
    from forecasts import keeping

    with opened(existing=True) as database:
        kept = keeping.back_up(database, file, watch)
    tell(f"{shown(file)} holds {kept.entries:,} entries, checked; the last has the hash {kept.hash}.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `brierboard backup` wrote, of either engine.")],
    force: Annotated[bool, typer.Option("--force", help="Also where that loses what the database holds now.")] = False,
) -> None:
    """Put a backup, once it is checked, where the database is to be. Stop the server first."""
    from forecasts import keeping
    from forecasts.clock import SystemClock
    from forecasts.database import Database

    try:
        database = Database(settings().database_url, SystemClock())
        try:
            kept = keeping.restore(file, database, watch, force=force)
        finally:
            database.close()
    except Refusal as refusal:
        stop(str(refusal))
    tell(f"{kept.entries:,} entries were restored, and checked; the last has the hash {kept.hash}.")


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
    tell(f"{len(questions)} questions rescored, {len(changed)} of them with other numbers than before.")


@app.command("import")
def import_folder(form: Form, folder: Folder, dry_run: DryRun = False) -> None:
    """Add the questions, forecasts and resolutions of a folder, all or nothing, and a second time nothing; or `import
    journal FILE`: let an empty database hold what a journal says that was exported with everything."""
    from forecasts import importing
    from questions import journal

    if form == "journal":
        import_journal(folder, dry_run)
        return
    found = format_of(form).read(folder)
    with opened() as database:
        if dry_run:
            with database.reading() as session:
                tell(importing.examine(session, found, journal.moment(session, database.clock.now())))
            tell("This was a dry run: nothing was written.")
            return
        with database.writing() as (session, moment):
            plan = importing.examine(session, found, moment)
            importing.carry_out(session, plan, by=journal.OPERATOR, moment=moment, follow=watch)
    tell(plan)


def import_journal(file: Path, dry_run: bool) -> None:
    """Make a record out of a journal, with the same hashes; or only say whether it holds."""
    from forecasts import replaying

    try:
        lines = replaying.read(file)
    except Refusal as refusal:
        stop(str(refusal))
    with opened() as database:
        if dry_run:
            with database.reading() as session:
                replaying.require_empty(session)
            tell(f"{shown(file)} holds. This was a dry run: nothing was written.")
            return
        with database.writing(alone=True) as (session, moment):
            kept = replaying.replay(session, lines, moment, watch)
    tell(f"{kept.entries:,} entries were imported, and checked; the last has the hash {kept.hash}.")


@app.command("export")
def export_folder(form: Form, folder: Folder, everything: Everything = False) -> None:
    """Write every question, forecast and resolution, the scores and the crowd into a new folder; or `export journal
    FILE`: the journal, its checkpoints and the scores into a file that anybody can verify."""
    from forecasts import exporting

    if form == "journal":
        export_journal(folder, everything)
        return
    chosen = format_of(form)
    with opened(existing=True) as database, database.reading() as session:
        gathered = exporting.gather(session, watch)
        chosen.write(gathered, folder)
    tell(
        f"{shown(folder)}: {len(gathered.questions):,} questions, {len(gathered.forecasts):,} forecasts and "
        f"{len(gathered.resolutions):,} resolutions, with scores and the crowd."
    )


def export_journal(file: Path, everything: bool) -> None:
    """Write the journal into a new file: of each entry what everybody may see, or everything."""
    from forecasts import journalfile
    from questions import journal

    with opened(existing=True) as database, database.reading() as session:
        moment = journal.moment(session, database.clock.now())
        count = journalfile.write(file, journalfile.lines(session, moment, watch, everything=everything))
    tell(f"{shown(file)}: {count:,} lines, with {'everything' if everything else 'what everybody may see'}.")


def format_of(name: str) -> Format:
    """The format of that name; ends the program with a sentence where there is none."""
    from forecasts.formats import FORMATS
    from questions.percent import quote

    return FORMATS[name] if name in FORMATS else stop(f"{quote(name)} is not a format. Choose {', '.join(FORMATS)}.")


def watch(things: Sequence[Any], what: str) -> Iterable[Any]:
    """The same things, with a progress bar beside them on standard error; none where nobody looks, or nothing is to do.

    So a backup that a clock starts sends no mail.
    """
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(things, what, console=console) if things and console.is_terminal else things


@app.command()
def tick() -> None:
    """Tell whoever asked to be told: mail and webhooks that are due. The server does so by itself every minute."""
    from forecasts import checkpoints, chores

    chosen = settings()
    with opened(existing=True) as database:
        database.signer = checkpoints.signer(chosen, database)
        try:
            tell(chores.tick(database, chosen))
        except chores.TakenOver as other:  # which is no fault: what is due is being done
            tell(other)


@app.command()
def demo(
    file: Annotated[Path, typer.Option(help="Where the demonstration is kept: never where your own record is.")] = DEMO,
    serve_it: Annotated[bool, typer.Option("--serve", help="Start the server on it afterwards.")] = False,
) -> None:
    """Fill a database of its own with simulated forecasters and two years of what they said, to look at."""
    from shlex import quote

    url = place_of(file)
    tell(make_demo(url, file) or f"{shown(file)} holds the demonstration already. Delete it for a new one.")
    if not serve_it:
        tell(f"To look at it: BRIERBOARD_DATABASE_URL={quote(url)} brierboard serve")
        return
    os.environ["BRIERBOARD_DATABASE_URL"] = url
    serve()


def place_of(file: Path) -> str:
    """The address of a database in this file; ends the program with a sentence where no file can be."""
    from sqlalchemy import URL

    if file.is_dir() or not file.absolute().parent.is_dir() or not str(file).isprintable():
        stop(f"{shown(file)} cannot hold the demonstration. Name a file with --file, in a folder that is there.")
    return URL.create("sqlite", database=str(file)).render_as_string()


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
        f"{shown(file)} holds {fiction.ASKED} invented questions and two years of simulated forecasts.\n"
        f"Sign in as {demo.MODERATOR}, who moderates, or as {demo.FORECASTER}; both have the password {password}"
    )


@users.command("add")
def add_user(name: str, role: Role = "forecaster") -> None:
    """Add a person. The password is asked for, or read from standard input."""
    from forecasts import accounts

    require_role(role)
    with opened() as database:
        name, sealed = accounts.judge(name, _password())
        with database.writing() as (session, moment):
            person = accounts.join(session, name, sealed, moment, role)
    noted("sign-up", person, role)
    tell(f"{name} was added as {role}.")


def require_role(role: str) -> None:
    """End the program with a sentence where there is no such role."""
    from forecasts.permissions import RANKS
    from questions.percent import quote

    if role not in RANKS:
        stop(f"{quote(role)} is not a role. Choose {', '.join(RANKS)}.")


def noted(event: str, person: Forecaster | None, role: str = "") -> None:
    """Write into the security log that whoever runs this machine did something about somebody, or made a link."""
    from forecasts import watchbook
    from questions import journal

    watchbook.open_on_standard_error()
    watchbook.say(event, outcome="done", who=journal.OPERATOR, whom=person.pseudonym if person else "", role=role)


def _password() -> str:
    if sys.stdin and sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    if sys.stdin is None:  # closed by whoever started us
        return ""
    try:
        return sys.stdin.buffer.readline(LONGEST_LINE).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        return stop("The password is not UTF-8 text. Type another one.")


@users.command("invite")
def invite_user(
    role: Role = "forecaster",
    days: Annotated[str, typer.Option(help="For how many days the link works.")] = "7",
    uses: Annotated[str, typer.Option(help="For how many accounts it is good.")] = "1",
    revoke: Annotated[str | None, typer.Option(help="Let an invitation work no more, by its number in --list.")] = None,
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
            if revoke is not None:
                invitations.revoke(session, revoke, moment)
            else:
                token = invitations.invite(session, invitations.COMMAND_LINE, role, days, uses, moment)
    noted("invitation revoked" if revoke is not None else "invitation made", None, "" if revoke is not None else role)
    tell(f"{revoke} works no more." if revoke is not None else f"{settings().address}/sign-up?invitation={token}")


def list_invitations(database: Database) -> None:
    """Print what was made, the newest first; of the links themselves nothing is known."""
    from forecasts import invitations

    with database.reading() as session:
        for one in invitations.listed(session):
            number, state = invitations.mark(one), invitations.state(one, database.clock.now())
            until = f"until {one.expires_at:%Y-%m-%d %H:%M}" if one.expires_at else "for ever"
            tell(f"{number}\t{one.role}\t{one.used} of {one.uses}\t{until}\t{state}\tby {one.made_by}")


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
            write_to(database, person, "Your second factor was removed by whoever runs the server.", moment)
    tell(f"{settings().address}/reset/{token}")


def write_to(database: Database, person: Forecaster, happened: str, moment: datetime) -> None:
    """Send them a mail about their account where they have an address; say so where it did not leave."""
    from forecasts import mail, notices
    from forecasts.parcel import LeftUnknown, NotTaken

    with database.reading() as session:
        letter = notices.compose(session, settings(), person, happened, moment)
    try:
        if letter is not None:
            mail.send(settings(), letter)
    except (NotTaken, LeftUnknown) as error:
        tell(f"{person.name} was not told by mail: {error}", sys.stderr)


@users.command("role")
def change_role(name: str, role: str) -> None:
    """Give a person another role."""
    from forecasts import accounts

    require_role(role)
    with opened(existing=True) as database, database.writing() as (session, _):
        person = accounts.appoint(session, name, role)
    noted("role given", person, role)
    tell(f"{person.name} is {role} now.")


@users.command("erase")
def erase_user(name: str) -> None:
    """Erase somebody: their name and their words go for good. The name is asked for once more."""
    from forecasts import accounts, erasing

    with opened(existing=True) as database:
        with database.reading() as session:
            person = accounts.person_named(session, name, "cannot be erased")
            tell(losses(erasing.weigh(session, person, database.clock.now()), person.name))
        erasing.require_named(person, read_line("Type the name again to erase it"))
        with database.writing(alone=True) as (session, moment):
            erased = erasing.erase(session, person, by=None, moment=moment)
        database.forget()
    noted("account erased", erased)
    tell(f"It is {erased.name} now. Backups that were made before still hold what was erased.")


def losses(losing: Losing, name: str) -> str:
    """What will be lost, and what stays, in one sentence each."""
    return (
        f"{name} loses the name, {losing.comments:,} comments, the rationales of {losing.rationales:,} forecasts, "
        f"{losing.drafts:,} drafts, {losing.bots:,} bots, and all that belongs to the account.\n"
        f"{losing.standing:,} forecasts on undecided questions are withdrawn. All {losing.forecasts:,} that were made "
        "stay as numbers under a pseudonym, as everybody's peer scores rest on them."
    )


def read_line(prompt: str) -> str:
    """One line that is typed, or read from standard input."""
    if sys.stdin and sys.stdin.isatty():
        return str(typer.prompt(prompt))
    return sys.stdin.readline(LONGEST_LINE).rstrip("\r\n") if sys.stdin else ""


@users.command("list")
def list_users() -> None:
    """List everybody who may sign in."""
    from sqlmodel import col, select

    from forecasts.models import Forecaster

    with opened(existing=True) as database, database.reading() as session:
        for person in session.exec(
            select(Forecaster)
            .where(Forecaster.kind == "person", ~col(Forecaster.imported), col(Forecaster.merged_into_id).is_(None))
            .where(col(Forecaster.erasure).is_(None))
            .order_by(col(Forecaster.handle))
        ):
            tell(f"{person.name}\t{person.role}\tsince {person.joined_at:%Y-%m-%d}")


@keys.command("add")
def add_token(handle: str, name: str, scope: Scopes = ["read"], until: Until = None) -> None:  # noqa: B006
    """Make a token for a person or a bot, and print it: it is shown this once."""
    from forecasts import tokens
    from questions import deadlines

    with opened(existing=True) as database, database.writing() as (session, moment):
        ends = deadlines.closing(until, moment, "until") if until is not None else None
        bearer = named(session, handle)
        _, text = tokens.add(session, bearer, name, scope, moment, expires_at=ends)
    noted("token made", bearer)
    tell(text)


def named(session: Session, handle: str) -> Forecaster:
    """The person or the bot of that handle. Raises NotFound for whoever cannot act."""
    from forecasts import accounts
    from questions.errors import NotFound
    from questions.percent import quote

    found = accounts.named(session, handle)
    if found is None or found.kind not in ("person", "bot") or found.imported:
        raise NotFound(f"There is no person and no bot {quote(handle)}. `brierboard user list` shows who there is.")
    return found


@keys.command("list")
def list_tokens(handle: str) -> None:
    """List somebody's tokens that were not revoked."""
    from forecasts import tokens

    with opened(existing=True) as database, database.reading() as session:
        for one in tokens.of(session, named(session, handle)):
            used = f"used {one.used_at:%Y-%m-%d %H:%M} UTC" if one.used_at else "never used"
            ends = f"\tuntil {one.expires_at:%Y-%m-%d %H:%M} UTC" if one.expires_at else ""
            tell(f"{one.id}\t{one.name}\t{', '.join(one.scopes)}\t{used}{ends}")


@keys.command("revoke")
def revoke_token(handle: str, number: str) -> None:
    """Let a token work no more, nor any that was made with it. `brierboard token list` shows its number."""
    from forecasts import tokens

    with opened(existing=True) as database, database.writing() as (session, moment):
        bearer = named(session, handle)
        found = tokens.find(session, number, bearer)
        tokens.revoke(session, found, moment)
    noted("token revoked", bearer)
    tell(f"“{found.name}” works no more.")


@robots.command("add")
def add_bot(owner: str, name: str) -> None:
    """Add a bot that belongs to a person."""
    from forecasts import bots

    with opened(existing=True) as database, database.writing() as (session, moment):
        bot = bots.add(session, named(session, owner), name, moment)
    tell(f"{bot.name} was added. Make its token with: brierboard token add {bot.handle} NAME --scope forecast")
