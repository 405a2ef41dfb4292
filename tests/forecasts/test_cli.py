"""The command line, as a program of its own: what it prints, how it ends, and that refusals are one sentence."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecasts import chores, invitations, resetting, secondfactor, subscribing, tokens
from forecasts.clock import SystemClock
from forecasts.database import Database
from forecasts.models import Forecaster, Lease
from questions import setfile
from questions.models import Question
from tests import program
from tests.cast import (
    DERIVED,
    HOUR,
    MovedClock,
    called,
    come_in,
    entries,
    everything,
    join,
    kinds,
    resolve,
    rows,
    say,
    tamper,
    wait_for,
)
from tests.forecasts.checking import verified
from tests.forecasts.test_secondfactor import set_up
from tests.postmen import Mailbox, plain
from tests.program import workers

PROGRAM = Path(sys.executable).parent / "brierboard"
SETS = Path(setfile.__file__).parent / "sets"
ALL_ALIKE = "UPDATE score SET numbers = (SELECT forecasters FROM participation)"


class Line:
    """The command line, in a folder and with a database of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.environment = {"PATH": os.defpath, "BRIERBOARD_DATABASE_URL": url, "PYTHONWARNINGS": "error"}

    def run(self, *words: str, typed: str = "", **settings: str) -> tuple[int, str, str]:
        """Exit code, what it printed, and what it said on standard error."""
        return program.run(words, self.folder, self.environment | settings, typed)


def noted(said: str) -> list[tuple[str, str, str]]:
    """What stands in the security log: the event, whom it is about, and the role."""
    lines = [json.loads(one) for one in said.splitlines()]
    assert {(one["who"], one["outcome"]) for one in lines} == {("operator", "done")}
    return [(one["event"], one.get("whom", ""), one.get("role", "")) for one in lines]


@pytest.fixture
def line(url: str, tmp_path: Path) -> Line:
    return Line(url, tmp_path)


@pytest.fixture
def alone(tmp_path: Path) -> Line:
    """Where a command does not get as far as its database."""
    return Line(f"sqlite:///{tmp_path}/nowhere/brierboard.db", tmp_path)


# Loading


def test_a_set_is_loaded_once(line: Line, database: Database) -> None:
    first = line.run("load", str(SETS / "russia-2026.toml"))
    second = line.run("load", str(SETS / "russia-2026.toml"))

    assert first == (0, "russia-2026: 24 questions added, 0 left as they were.\n", "")
    assert second == (0, "russia-2026: 0 questions added, 24 left as they were.\n", "")
    assert kinds(database) == ["source", "set", *["question", "forecast"] * 24]


def test_a_bad_file_is_refused_with_file_question_and_reason(line: Line, database: Database) -> None:
    bad = (SETS / "example.toml").read_text().replace("closes_at = 2027-11-30T23:59:00Z", "closes_at = 2026-11-30")
    (line.folder / "mine.toml").write_text(bad)
    before = everything(database)

    told = line.run("load", "mine.toml")

    assert told == (
        1, "",
        ("mine.toml, question 2 (closes_at): 2026-11-30 is not a moment in UTC. "
        "Write one such as 2026-12-31T23:59:00Z.\n"),
    )  # fmt: skip
    assert everything(database) == before


def test_a_file_that_cannot_be_read_is_named(line: Line) -> None:
    assert line.run("load", "nowhere.toml") == (1, "", "nowhere.toml cannot be read: No such file or directory.\n")


# Verifying and working out again


@pytest.fixture
def decided(database: Database, clock: MovedClock, rain: Question, ada: Forecaster, mo: Forecaster) -> Database:
    """1 the set, 2 the question, 3 a forecast, 4 the resolution."""
    say(database, ada, rain, 0.9)
    clock.moment += HOUR
    resolve(database, mo, rain, 1)
    return database


def test_verifying_says_what_was_checked(line: Line, decided: Database) -> None:
    code, printed, said = line.run("verify")

    assert (code, said) == (0, "")
    assert "columns refer to other rows, and each of those is there.\n" in printed
    assert printed.splitlines()[-5:] == [
        "6 triggers keep the record append-only, as they were made.",
        "4 entries stand in an unbroken chain.",
        "Every row of the public tables is what its entry says: 1 forecast, 1 question, 1 resolution, 1 set.",
        "1 latest positions are the latest acts.",
        "1 questions have the scores that their forecasts and resolutions give.",
    ]


def test_verifying_ends_with_1_and_the_first_entry_that_does_not_hold(line: Line, decided: Database) -> None:
    with decided.writing() as (session, _):
        session.connection().exec_driver_sql(ALL_ALIKE)

    code, printed, said = line.run("verify")

    assert code == 1
    assert said == "seq 4: The scores of “rain” are not those that entry 4 gives. Run rescore.\n"
    assert len(printed.splitlines()) == 3 + len(list(decided.examine()))  # what held is told all the same


def test_a_record_without_its_triggers_is_not_even_opened(line: Line, decided: Database) -> None:
    tamper(decided)

    code, printed, said = line.run("verify")

    assert (code, printed) == (1, "")
    assert said.startswith("The database lacks the trigger checkpoint_is_append_only, checkpoint_is_kept, entry_is_ap")


def test_a_backup_is_written_once_and_restored_elsewhere(line: Line, decided: Database, tmp_path: Path) -> None:
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.db"
    last = entries(decided)[-1].hash.hex()

    first, second = line.run("backup", "kept.db"), line.run("backup", "kept.db")
    restored = line.run("restore", "kept.db", BRIERBOARD_DATABASE_URL=elsewhere)
    again = line.run("restore", "kept.db", BRIERBOARD_DATABASE_URL=elsewhere)
    forced = line.run("restore", "kept.db", "--force", BRIERBOARD_DATABASE_URL=elsewhere)

    assert first == (0, f"kept.db holds 4 entries, checked; the last has the hash {last}.\n", "")
    assert second == (1, "", "kept.db is there already. Name another file, or move that one away.\n")
    assert restored == forced == (0, f"4 entries were restored, and checked; the last has the hash {last}.\n", "")
    assert again == (
        1, "",
        (f"The database {elsewhere} holds something already. To lose that and have the backup instead, say --force; "
        "nothing was changed.\n"),
    )  # fmt: skip
    assert line.run("verify", BRIERBOARD_DATABASE_URL=elsewhere)[0] == 0


def test_rescoring_mends_scores_and_changes_nothing_else(line: Line, decided: Database) -> None:
    before = everything(decided)
    with decided.writing() as (session, _):
        session.connection().exec_driver_sql(ALL_ALIKE)

    code, printed, _ = line.run("rescore")
    again = line.run("rescore")

    assert (code, printed.splitlines()[-1]) == (0, "1 questions rescored, 1 of them with other numbers than before.")
    assert again[1].splitlines()[-1] == "1 questions rescored, 0 of them with other numbers than before."
    after = everything(decided)
    assert revisions(after.pop("question")) == [revision + 1 for revision in revisions(before.pop("question"))]
    assert after == before


def revisions(questions: list[tuple[object, ...]]) -> list[int]:
    """Of every question: the one number in it that readers are told by."""
    place = list(Question.model_fields).index("revision")
    return [int(str(row[place])) for row in questions]


def test_whatever_is_missing_is_worked_out_before_a_command_does_anything_else(line: Line, decided: Database) -> None:
    before = everything(decided)
    with decided.writing() as (session, _):
        for table in DERIVED:
            session.connection().exec_driver_sql(f"DELETE FROM {table}")

    code, printed, _ = line.run("verify")

    assert (code, "1 questions have the scores" in printed) == (0, True)
    after = everything(decided)
    assert {table: after[table] for table in DERIVED} == {table: before[table] for table in DERIVED}


# People


def test_a_person_is_added_with_a_password_from_standard_input(line: Line, database: Database) -> None:
    told = line.run("user", "add", "Ada", "--role", "moderator", typed="correct horse\n")

    person = come_in(database, "ada", "correct horse")
    assert told[:2] == (0, "Ada was added as moderator.\n")
    assert noted(told[2]) == [("sign-up", person.pseudonym, "moderator")]
    assert "correct horse" not in told[2]
    assert (person.name, person.role, person.kind) == ("Ada", "moderator", "person")


def test_a_name_that_is_taken_is_refused_in_a_sentence(line: Line, database: Database) -> None:
    before = everything(database)

    told = line.run("user", "add", "Crowd", typed="correct horse\n")

    assert told == (1, "", "“Crowd” is taken. Choose another name.\n")
    assert everything(database) == before


def test_nothing_typed_is_no_password(line: Line) -> None:
    assert line.run("user", "add", "Ada") == (
        1, "", "The password is too short. Use at least 8 characters.\n"
    )  # fmt: skip


@pytest.mark.parametrize("words", [["user", "add", "ada", "--role", "king"], ["user", "role", "ada", "king"]])
def test_a_role_that_there_is_not_is_refused_in_a_sentence(alone: Line, words: list[str]) -> None:
    sentence = "“king” is not a role. Choose forecaster, moderator, administrator.\n"

    assert alone.run(*words) == (1, "", sentence)


def test_a_person_is_given_another_role(line: Line, database: Database, ada: Forecaster) -> None:
    told = line.run("user", "role", "Ada", "administrator")

    assert told[:2] == (0, "Ada is administrator now.\n")
    assert noted(told[2]) == [("role given", ada.pseudonym, "administrator")]
    assert called(database, "ada").role == "administrator"


def test_a_role_that_cannot_be_given_is_refused_in_a_sentence(line: Line) -> None:
    told = line.run("user", "role", "crowd", "moderator")

    assert told == (1, "", "“The crowd” is a crowd, not a person, and takes no role.\n")


def test_the_people_are_listed(line: Line, database: Database) -> None:
    join(database, "Mo", "moderator")
    join(database, "Ada")

    assert line.run("user", "list") == (0, "Ada\tforecaster\tsince 2026-03-02\nMo\tmoderator\tsince 2026-03-02\n", "")


def test_a_link_that_invites_is_printed_once_listed_and_revoked(line: Line, database: Database) -> None:
    code, printed, said = line.run("user", "invite", "--role", "moderator", "--days", "3", "--uses", "2")
    token = printed.strip().removeprefix("http://127.0.0.1:8000/sign-up?invitation=")
    with database.reading() as session:
        invited = invitations.find(session, token, database.clock.now())
    listed = line.run("user", "invite", "--list")[1]
    revoked = line.run("user", "invite", "--revoke", invitations.mark(invited))

    assert (code, invited.role, invited.uses, invited.made_by) == (0, "moderator", 2, "the command line")
    assert token not in listed
    assert (noted(said), token in said) == ([("invitation made", "", "moderator")], False)
    assert listed.split("\t")[:3] == [invitations.mark(invited), "moderator", "0 of 2"]
    assert listed.endswith("\topen\tby the command line\n")
    assert revoked[:2] == (0, f"{invitations.mark(invited)} works no more.\n")
    assert noted(revoked[2]) == [("invitation revoked", "", "")]
    assert line.run("user", "invite", "--list")[1].split("\t")[4] == "revoked"


def test_an_invitation_that_makes_no_sense_is_refused_in_a_sentence(line: Line, database: Database) -> None:
    told = line.run("user", "invite", "--days", "many")

    assert told == (1, "", "“many” is not a whole number from 1 to 365. Write one such as 7.\n")
    assert rows(database, "invitation") == []


def test_a_link_for_a_forgotten_password_is_printed(line: Line, database: Database, ada: Forecaster) -> None:
    set_up(database, ada)

    code, printed, said = line.run("user", "reset", "Ada", "--second-factor")

    token = printed.strip().removeprefix("http://127.0.0.1:8000/reset/")
    assert (code, token in said) == (0, False)
    assert noted(said) == [("reset link made", ada.pseudonym, ""), ("second factor removed", ada.pseudonym, "")]
    with database.reading() as session:
        assert resetting.whose(session, token, SystemClock().now()).handle == "ada"
        assert secondfactor.factor(session, ada) is None


def test_whoever_lost_their_second_factor_is_told_by_mail_that_it_is_gone(
    line: Line, database: Database, ada: Forecaster, office: Mailbox
) -> None:
    """And where no mail leaves, whoever took it away is."""
    with database.writing() as (session, moment):
        subscribing.confirm(session, subscribing.set_email(session, ada, "ada@example.org", moment), moment)

    for refused in ("", "550 Not here"):
        set_up(database, ada)
        office.refused = refused
        code, printed, said = line.run("user", "reset", "Ada", "--second-factor", BRIERBOARD_SMTP_URL=office.address)
        assert (code, "/reset/" in printed) == (0, True)
        assert ("Ada was not told by mail: The mail server answered 550" in said) == bool(refused)

    assert [plain(one).partition("\n")[0] for one in office.kept] == [
        "Your second factor was removed by whoever runs the server."
    ]


def test_a_link_for_nobody_is_refused_in_a_sentence(line: Line) -> None:
    sentence = "There is no forecaster “mallory”. `brierboard user list` shows who there is.\n"

    assert line.run("user", "reset", "mallory") == (1, "", sentence)
    assert line.run("user", "reset", "crowd")[2] == "“The crowd” is a crowd, not a person, and has no password.\n"


def test_a_password_that_others_guess_first_is_refused_here_too(line: Line, database: Database) -> None:
    told = line.run("user", "add", "Ada", typed="password1\n")

    assert (told[0], told[2]) == (
        1, "The password is one of those that others guess first, known from breaches. Choose another one.\n"
    )  # fmt: skip


# Programs


def test_a_bot_and_its_token_are_made_listed_and_revoked(line: Line, database: Database, ada: Forecaster) -> None:
    made = line.run("bot", "add", "ada", "Robo")
    code, text, said = line.run("token", "add", "robo", "cron", "--scope", "read", "--scope", "forecast")
    listed = line.run("token", "list", "robo")
    revoked = line.run("token", "revoke", "robo", "1")

    assert made == (0, "Robo was added. Make its token with: brierboard token add robo NAME --scope forecast\n", "")
    robo = called(database, "robo")
    assert (code, noted(said)) == (0, [("token made", robo.pseudonym, "")])
    assert re.fullmatch("brier_[A-Za-z0-9_-]{43}\n", text)
    assert text.strip() not in said
    assert listed == (0, "1\tcron\tread, forecast\tnever used\n", "")
    assert revoked[:2] == (0, "“cron” works no more.\n")
    assert noted(revoked[2]) == [("token revoked", robo.pseudonym, "")]
    assert line.run("token", "list", "robo") == (0, "", "")
    assert robo.owner_id == ada.id


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["token", "add", "nobody", "x"], "There is no person and no bot “nobody”. `brierboard user list` shows who"),
        (["token", "add", "crowd", "x"], "There is no person and no bot “crowd”. `brierboard user list` shows"),
        (["token", "add", "ada", "x", "--scope", "all"], "“all” is no scope. Choose read, forecast, moderate."),
        (["token", "add", "ada", "x", "--until", "soon"], "“soon” is no day or time that can be read."),
        (["token", "revoke", "ada", "7"], "There is no such token of yours. /settings lists those there are."),
        (["bot", "add", "ada", "Ada"], "“Ada” is taken. Choose another name."),
    ],
)  # fmt: skip
def test_a_token_or_a_bot_that_cannot_be_is_refused_in_a_sentence(
    line: Line, ada: Forecaster, words: list[str], sentence: str
) -> None:
    code, printed, said = line.run(*words)

    assert (code, printed) == (1, "")
    assert said.startswith(sentence)


def test_somebody_is_erased_once_their_name_was_typed_again(line: Line, decided: Database, ada: Forecaster) -> None:
    before = everything(decided)

    doubted = line.run("user", "erase", "ada", typed="Bob\n")
    assert doubted[0::2] == (1, "“Bob” is not “Ada”. Type that name to erase them.\n")
    assert everything(decided) == before

    code, printed, said = line.run("user", "erase", "ada", typed="Ada\n")

    name = f"erased-{ada.pseudonym[:4]}"
    assert (code, noted(said)) == (0, [("account erased", ada.pseudonym, "")])
    assert printed.splitlines() == [
        (
            "Ada loses the name, 0 comments, the rationales of 0 forecasts, 0 drafts, 0 bots, and all that belongs to "
            "the account."
        ),
        (
            "0 forecasts on undecided questions are withdrawn. All 1 that were made stay as numbers under a pseudonym, "
            "as everybody's peer scores rest on them."
        ),
        f"It is {name} now. Backups that were made before still hold what was erased.",
    ]
    assert kinds(decided)[-1] == "erasure"
    assert name not in line.run("user", "list")[1]
    assert line.run("verify")[0] == 0


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("BRIERBOARD_PORT", "eighty", "BRIERBOARD_PORT is “eighty”: "),
        ("BRIERBOARD_SIGN_UP", "maybe", "BRIERBOARD_SIGN_UP is “maybe”: "),
        ("BRIERBOARD_OIDC_ISSUER", "login.example.org", "BRIERBOARD_OIDC_ISSUER is “login.example.org”: write it as "),
        ("BRIERBOARD_DATABASE_URL", "brierboard.db", "“brierboard.db” is not a database's address. "),
        ("BRIERBOARD_DATABASE_URL", "sqlite:////no/such/folder/b.db", "There is no database /no/such/folder/b.db. "),
    ],
)
def test_a_bad_setting_ends_the_program_with_a_sentence(alone: Line, setting: str, value: str, sentence: str) -> None:
    code, printed, said = alone.run("verify", **{setting: value})

    assert (code, printed) == (1, "")
    assert said.startswith(sentence)
    assert said.count("\n") == 1


def test_the_program_says_what_it_can_do(alone: Line) -> None:
    code, printed, _ = alone.run("--help")

    assert code == 0
    assert [name for name in ("serve", "load", "verify", "rescore", "user") if name not in printed] == []


# Serving


@contextmanager
def serving(line: Line, *words: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The running server, its address, and the first line that it printed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [str(PROGRAM), "serve", *words]
    environment = line.environment | {"BRIERBOARD_PORT": port}
    with subprocess.Popen(
        command, cwd=line.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout
            yield process, f"http://127.0.0.1:{port}", process.stdout.readline()
        finally:
            process.kill()


def fetch(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=120) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Ctrl-C, and how the program ended."""
    process.send_signal(signal.SIGINT)
    printed, said = process.communicate(timeout=120)
    return process.returncode, printed, said


def test_serving_prints_one_line_to_open_and_stops_cleanly(line: Line, database: Database) -> None:
    with serving(line) as (process, address, first):
        link = re.fullmatch(rf"Open ({re.escape(address)}/sign-up\?invitation=\S{{32}}) to become the .*\n", first)
        assert link
        statuses = [fetch(address + "/"), fetch(link[1]), fetch(address + "/questions/nowhere")]
        end = ended(process)

    assert statuses == [200, 200, 404]
    assert end == (0, "", "")
    assert [row[3] for row in rows(database, "invitation")] == [None]  # opening the link spent nothing


def test_there_is_no_link_once_there_is_an_administrator(line: Line, database: Database) -> None:
    join(database, "Root", "administrator")

    with serving(line) as (process, address, first):
        ended(process)

    assert first == f"Brierboard is at {address}\n"
    assert rows(database, "invitation") == []


def comment(address: str, token: str, text: str) -> int:
    """Comment by the API on a connection of its own; the act's number in the journal."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    where = f"{address}/api/v1/questions/rain/comments"
    asked = urllib.request.Request(where, json.dumps({"text": text}).encode(), headers)
    with urllib.request.urlopen(asked, timeout=120) as answer:
        return int(json.load(answer)["seq"])


def test_several_processes_answer_at_one_address_and_one_that_dies_is_replaced(
    line: Line, database: Database, rain: Question, ada: Forecaster
) -> None:
    """Each acts on one record: nothing is lost or twice in it, whoever answered, and all end by one Ctrl-C."""
    with database.writing() as (session, moment):
        _, token = tokens.add(session, ada, "test", ["read", "forecast"], moment)
    before = len(entries(database))
    with serving(line, "--workers", "2") as (process, address, first):
        assert first.startswith("Open ")
        children = workers(process.pid)
        with ThreadPoolExecutor(8) as threads:
            seqs = list(threads.map(lambda number: comment(address, token, f"No. {number}"), range(40)))
        os.kill(min(children), signal.SIGKILL)
        wait_for(lambda: len(workers(process.pid) - {min(children)}) == 2)
        more = [comment(address, token, "Later.") for _ in range(4)]
        end = ended(process)

    assert len(children) == 2
    assert sorted(seqs + more) == list(range(before + 1, before + 45))
    assert end == (0, "", "")


def test_where_the_first_process_is_killed_the_others_end_and_let_go_of_the_address(
    line: Line, database: Database
) -> None:
    with serving(line, "--workers", "2") as (process, address, _):
        children = workers(process.pid)
        process.kill()
        wait_for(lambda: not any(Path(f"/proc/{one}").exists() for one in children))

    assert len(children) == 2
    socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))).close()


def test_serving_with_a_set_makes_the_database_and_loads_it(blank_url: str, tmp_path: Path) -> None:
    line = Line(blank_url, tmp_path)
    with serving(line, "--load", str(SETS / "russia-2026.toml")) as (process, address, first):
        assert process.stdout
        second = process.stdout.readline()
        status = fetch(f"{address}/sets/russia-2026")
        end = ended(process)
    with serving(line, "--load", str(SETS / "russia-2026.toml")) as (process, _, again):
        ended(process)

    assert first == "russia-2026: 24 questions added, 0 left as they were.\n"
    assert second.startswith("Open http://127.0.0.1:")
    assert (status, end) == (200, (0, "", ""))
    assert again.startswith("Open http://127.0.0.1:")  # nothing changed, so nothing is told


def test_the_server_writes_its_security_log_to_standard_error(line: Line, database: Database) -> None:
    """And nothing of what was typed into it."""
    with serving(line) as (process, address, _):
        form = urllib.parse.urlencode({"name": "Mallory", "password": "correct horse"}).encode()
        statuses = [send(f"{address}/sign-in", form), send(f"{address}/reset/a-secret", form)]
        code, printed, said = ended(process)

    (tried,) = [json.loads(one) for one in said.splitlines() if "sign-in" in one]
    assert (statuses, code, printed) == ([422, 404], 0, "")
    assert (tried["event"], tried["outcome"], tried["client"]) == ("sign-in", "refused", "127.0.0.1")
    assert [one for one in ("Mallory", "horse", "a-secret") if one in said] == []


def send(address: str, form: bytes) -> int:
    try:
        with urllib.request.urlopen(address, form, timeout=120) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_port_that_is_taken_is_told_before_the_database_is_touched(alone: Line) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = alone.run("serve", BRIERBOARD_PORT=port)

    assert told == (
        1, "", f"127.0.0.1 port {port} cannot be used: Address already in use. Set BRIERBOARD_PORT to another port.\n"
    )  # fmt: skip


# Chores


def test_a_tick_says_what_it_did(line: Line, database: Database) -> None:
    assert line.run("tick") == (0, "0 to tell, 0 sent.\n", "")


def test_a_tick_while_another_process_is_at_it_is_no_fault(line: Line, database: Database) -> None:
    with database.writing() as (session, _):
        session.add(Lease(name=chores.NAME, holder="the server", until=datetime.max.replace(tzinfo=UTC)))

    assert line.run("tick") == (0, "Another process is at it.\n", "")


def test_a_bad_mail_server_is_told_without_its_password(alone: Line) -> None:
    ended = alone.run("tick", BRIERBOARD_SMTP_URL="mail://ada:secret@mail.example.org")

    sentence = "BRIERBOARD_SMTP_URL is “mail://..@mail.example.org”: write it as smtp://user:password@host:587.\n"
    assert ended == (1, "", sentence)


# What is signed, and the journal as a file


def test_the_journal_goes_out_as_a_file_that_anybody_can_check(line: Line, decided: Database) -> None:
    line.run("tick")

    public, whole, again = (
        line.run("export", "journal", name, *more) for name, more in (("a", ()), ("b", ("--everything",)), ("a", ()))
    )

    assert (public[0], whole[0]) == (0, 0)
    assert re.fullmatch(r"a: \d+ lines, with what everybody may see\.\n", public[1])
    assert re.fullmatch(r"b: \d+ lines, with everything\.\n", whole[1])
    assert again == (1, "", "a is there already. Choose another name.\n")
    (line.folder / "out").mkdir()
    for name in ("a", "b"):
        code, told, said = verified(line.folder / "out", line.folder / name)
        assert (code, said) == (0, "")
        assert "\n1 checkpoints are signed over what is there, the latest of " in told
        assert told.endswith("Everything holds.\n")


def test_a_record_is_made_out_of_its_journal_elsewhere(line: Line, decided: Database) -> None:
    line.run("tick")
    line.run("export", "journal", "whole", "--everything")
    line.run("export", "journal", "public")
    last, there = entries(decided)[-1], {"BRIERBOARD_DATABASE_URL": "sqlite:///there.db"}

    looked = line.run("import", "journal", "whole", "--dry-run", **there)
    refused = line.run("import", "journal", "public", **there)
    missing = line.run("import", "journal", "nowhere", **there)
    done, again = (line.run("import", "journal", "whole", **there) for _ in range(2))

    assert looked == (0, "whole holds. This was a dry run: nothing was written.\n", "")
    sentence = "public has what everybody may see, which is not the whole record. Export it with --everything.\n"
    assert refused == (1, "", sentence)
    assert missing == (1, "", "nowhere cannot be read: No such file or directory. Nothing was imported.\n")
    told = f"{last.seq:,} entries were imported, and checked; the last has the hash {last.hash.hex()}.\n"
    assert done == (0, told, "")
    assert (again[0], again[2][:38]) == (1, "The database holds a record already, a")
    assert line.run("verify", **there)[0] == 0
    assert "The signing key there.key, which signed" in line.run("serve", BRIERBOARD_PORT="0", **there)[2]


def test_the_key_lies_in_a_file_and_never_in_the_database(line: Line, decided: Database) -> None:
    code, printed, _ = line.run("tick")

    path = line.folder / "brierboard.key"
    secret = path.read_text().split("+")[-1].strip()
    assert code == 0
    assert re.match(r"\d+ entries signed for, ", printed)
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret not in str([rows(decided, table) for table in ("checkpoint", "entry", "subtree")])
    assert "checkpoints are signed over what the journal holds" in line.run("verify")[1]


def test_a_key_that_cannot_be_read_stops_a_command_with_a_sentence(line: Line, decided: Database) -> None:
    (line.folder / "brierboard.key").write_text("nonsense")
    before = everything(decided)

    answers = [line.run(word, BRIERBOARD_PORT="0") for word in ("tick", "verify", "serve")]

    assert [code for code, _, _ in answers] == [1, 1, 1]
    for _, _, said in answers:
        assert re.fullmatch(
            r"The file \S*brierboard\.key holds no signing key\. Restore it from a backup, or .*\n", said
        )
    assert everything(decided) == before
