"""What must not get in by the command line or out of files: each is refused in a sentence, and nothing is written.

A command ends with an exit code other than 0, says on standard error what is wrong and where, without a traceback or
anything that acts on a terminal, and leaves every table as it was. What is let in on purpose stands at the end.
"""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner, Result

from forecasts import cli, terminal
from forecasts.database import Database
from forecasts.formats import Folder
from forecasts.formats.csv_folder import write
from forecasts.models import Forecast
from questions import setfile
from questions.models import Question
from tests import folders
from tests.cast import called, everything, join
from tests.folders import HEADS, asked, said
from tests.forecasts.test_formats import forecast, question
from tests.poison import PAYLOADS

EXAMPLE = (Path(setfile.__file__).parent / "sets" / "example.toml").read_text()
RED = "\x1b[31m"
"""What turns a terminal red."""

TITLE = "\x1b]0;mine\x07"
"""What gives its window another title."""


@pytest.fixture
def engine() -> str:
    """What is read and refused does not depend on where it would be kept."""
    return "sqlite"


@pytest.fixture
def run(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A command in a folder of its own: in this process, which is a thousand times as fast as starting another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIERBOARD_DATABASE_URL", url)

    def run(*words: str, typed: bytes = b"", **settings: str) -> Result:
        chosen = {f"BRIERBOARD_{name}": value for name, value in settings.items()}
        return CliRunner().invoke(cli.app, list(words), input=typed, env=chosen)

    return run


def fault(result: Result) -> str:
    """What a refused command said, after it was seen to be one."""
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    assert terminal.legible(result.stderr) == result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr


def sentence(result: Result) -> str:
    """The one sentence that a refused command said."""
    told = fault(result)
    assert told.count("\n") == 1, told
    assert told.endswith(".\n"), told
    return told


# Names, handles and numbers that somebody types

NAMES = (
    "", "   ", "x" * 31, "x" * 100_000, RED, f"ada{RED}", TITLE, "ada\x9b31m", "ada\r\nBcc: b@example.org",
    "a\nb", "a\tb",
    "ａｄａ", "аda", "ad\u0430", "ada\u200b", "\u202eada", "\ufeffada", "İda", "ſam", "ﬁn", "Ⅷ", "٣", "９",
    "\udcff", "\ud800a",
    "../../etc/passwd", "ada/", "-ada", "ada-", ".", "..", "=cmd|'/C calc'!A0", "@ada", "<script>alert(1)</script>",
    "' OR 1=1 --", "%s%n", "$(id)", "`id`", "a b", "a,b", "null\u2028x",
)  # fmt: skip
COLLIDING = ("Ada", "ADA", "aDa", " ada ", "ada\n", "crowd", "CROWD")


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_what_is_no_name_is_nobodys(run: Callable[..., Result], database: Database, name: str) -> None:
    join(database, "Ada")
    before = everything(database)
    commands = {
        ("user", "add", "--", name): "cannot be a name",
        ("user", "role", "--", name, "moderator"): "There is no forecaster ",
        ("user", "reset", "--", name): "There is no forecaster ",
        ("token", "add", "--", name, "cron"): "There is no person and no bot ",
        ("token", "list", "--", name): "There is no person and no bot ",
        ("token", "revoke", "--", name, "1"): "There is no person and no bot ",
        ("bot", "add", "--", name, "robo"): "There is no person and no bot ",
        ("bot", "add", "--", "ada", name): "cannot be a name",
    }

    for words, wrong in commands.items():
        assert wrong in sentence(run(*words, typed=b"correct horse\n")), words
    assert everything(database) == before


@pytest.mark.parametrize("name", COLLIDING, ids=ascii)
def test_a_name_that_is_another_but_for_its_letters_is_taken(
    run: Callable[..., Result], database: Database, name: str
) -> None:
    join(database, "Ada")
    before = everything(database)

    assert f"“{name.strip()}” is taken." in sentence(run("user", "add", name, typed=b"correct horse\n"))
    assert f"“{name.strip()}” is taken." in sentence(run("bot", "add", "ada", name))
    assert everything(database) == before


COUNTS = (
    "", "0", "-1", "1.5", "1e1", "1_0", "٣", "３", "²", "0x10", "NaN", "Infinity", "1e400", "true", "9" * 5000,
    "366",
    "9223372036854775808", RED, "\udcff", "1\n2", "7 days", "=7",
)  # fmt: skip


@pytest.mark.parametrize("typed", COUNTS, ids=lambda typed: ascii(typed)[:20])
def test_what_is_no_number_is_refused(run: Callable[..., Result], database: Database, typed: str) -> None:
    join(database, "Ada")
    before = everything(database)

    assert "is not a whole number from 1 to 365." in sentence(run("user", "invite", f"--days={typed}"))
    if typed != "366":
        assert "is not a whole number from 1 to 1000." in sentence(run("user", "invite", f"--uses={typed}"))
    assert "There is no such invitation." in sentence(run("user", "invite", f"--revoke={typed}"))
    assert "There is no such token of yours." in sentence(run("token", "revoke", "--", "ada", typed))
    assert everything(database) == before


TIMES = (
    "", "soon", "2026-02-30", "2026-13-01", "0000-01-01", "10000-01-01", "2026-03-01 25:00", "2027-01-01T00:00:60Z",
    "2026-03-29 02:30 Europe/Berlin", "٢٠٢٧-٠١-٠١", "２０２７-01-01", "1772366400", "NaN", "1e400", "9" * 5000,
    RED, "\udcff",
    "2001-01-01", "2027-01-01T00:00:00+99:00", "in ٣ weeks", "in 99999999999 weeks", "in 1_0 weeks",
)  # fmt: skip


@pytest.mark.parametrize("typed", TIMES, ids=lambda typed: ascii(typed)[:20])
def test_what_is_no_time_ends_no_token(run: Callable[..., Result], database: Database, typed: str) -> None:
    """Nor is an empty one taken for none, as where a script's variable is empty: that token would work for ever."""
    join(database, "Ada")
    before = everything(database)

    assert sentence(run("token", "add", "ada", "cron", f"--until={typed}"))
    assert everything(database) == before


WORDS = (
    "",
    "King",
    "FORECASTER",
    "administrator ",
    "ａdministrator",
    RED,
    TITLE,
    "\udcff",
    "read,forecast",
    "*",
    "1",
    "a\nb",
)


@pytest.mark.parametrize("word", WORDS, ids=ascii)
def test_what_is_no_role_no_scope_and_no_format_is_refused(
    run: Callable[..., Result], database: Database, tmp_path: Path, word: str
) -> None:
    join(database, "Ada")
    before = everything(database)

    for words in (("user", "add", "bob", f"--role={word}"), ("user", "role", "--", "ada", word)):
        assert "is not a role. Choose forecaster, moderator, administrator." in sentence(run(*words))
    assert "is not a role." in sentence(run("user", "invite", f"--role={word}"))
    assert "is no scope. Choose read, forecast, moderate." in sentence(
        run("token", "add", "ada", "x", f"--scope={word}")
    )
    for command in ("import", "export"):
        assert "is not a format. Choose csv." in sentence(run(command, "--", word, "there"))
    assert everything(database) == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".db-shm") != ["there"]


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 61, RED, "a\nb", "a\x00b", "a\u200bb", "\u202e", "\udcff", "a\x9b"], ids=ascii
)
def test_what_cannot_name_a_token_is_refused(run: Callable[..., Result], database: Database, name: str) -> None:
    join(database, "Ada")
    before = everything(database)

    assert sentence(run("token", "add", "--", "ada", name)).startswith("Give the token a name of 1 to 60 characters")
    assert everything(database) == before


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (b"", "too short"),
        (b"\n", "too short"),
        (b"\r\n", "too short"),
        (b"seven77\n", "too short"),
        (b"x" * 10_000_000, "too long"),
        (b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\n", "not UTF-8 text"),
        (b"\xed\xa0\x80\xed\xa0\x80\xed\xa0\x80\n", "not UTF-8 text"),
        ("correct horse\n".encode("utf-16"), "not UTF-8 text"),
        (b"password1\n", "others guess first"),
    ],
)
def test_what_is_no_password_is_refused(
    run: Callable[..., Result], database: Database, typed: bytes, told: str
) -> None:
    before = everything(database)

    assert told in sentence(run("user", "add", "ada", typed=typed))
    assert everything(database) == before


@pytest.mark.parametrize("words", [[RED], ["load", f"--{RED}"], ["user", TITLE], ["import", "csv", "a", RED]])
def test_a_command_that_there_is_not_is_said_back_harmlessly(run: Callable[..., Result], words: list[str]) -> None:
    assert "Usage:" in fault(run(*words))


# Settings

SETTINGS: Sequence[tuple[str, str]] = [
    *(("PORT", one) for one in (
        "", "-1", "65536", "8e1", "1_0", "٣", "８０", "0x50", "NaN", "1e400", "true", "80.0", "9" * 5000, RED,
        "80\n81",
        "\udcff",
    )),
    *(("READS_A_MINUTE", one) for one in ("", "-1", "1000001", "1_0", "٣", "Infinity", "many", "9" * 5000)),
    *(("SIGN_UP", one) for one in ("Open", "ｏｐｅｎ", "yes", RED)),
    *(("BASE_URL", one) for one in (
        "javascript:alert(1)", "//board.example.org", "http://", "http://[", "http://a:99999", "http://a\r\nb",
        "http://u:p@a", "https://a?b", "\thttp://a", f"http://a{RED}", "http://a..b",
    )),
    *(("SMTP_URL", one) for one in (
        "mail.example.org", "http://a", "smtp://", "smtp://[", "smtp://h:99999", "smtp://h:0", "smtp://a\r\nQUIT",
    )),
    *(("MAIL_FROM", one) for one in ("x", "@", "a@b\r\nBcc: c@d", "ä@b.c", "x" * 100_000, f"{RED}@b")),
    *(("OIDC_ISSUER", one) for one in (
        "login.example.org", "http://login.example.org", "https://[", "https://a?b", "file:///etc/passwd",
        "https://a\nb",
    )),
    *(("TRUSTED_PROXIES", one) for one in ("1.2.3.4/33", "٣.3.3.3", "localhost", "1.2.3.4;", "::1/129", RED)),
    ("PRIVATE_WEBHOOKS", "perhaps"), ("PRIVATE_WEBHOOKS", ""),
    *(("DATABASE_URL", one) for one in (
        "", "x" * 5000, "brierboard.db", "mysql://u:secret@h/x", "sqlite://", "sqlite:///:memory:",
        f"sqlite://?m={RED}",
        "sqlite:///a?b=c", "postgresql+psycopg://u:secret@h:abc/x",
        "postgresql+psycopg://u:secret@127.0.0.1:1/x", RED,
        f"sqlite:///{RED}.db", "sqlite:///nowhere/b.db", "sqlite:////dev/null", "sqlite:////proc/self/mem",
        "sqlite:////",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), SETTINGS, ids=lambda one: ascii(one)[:40])
def test_a_setting_that_makes_no_sense_is_named(
    run: Callable[..., Result], database: Database, name: str, value: str
) -> None:
    before = everything(database)

    told = sentence(run("verify", **{name: value}))

    assert f"BRIERBOARD_{name}" in told or "names no file, or more than one" in told
    assert "secret" not in told
    assert everything(database) == before


@pytest.mark.parametrize(
    "host", ["x\n", "x" * 300, "a..b", "\udcff", "ü" * 70, "1.2.3.4.5", RED, "*", "256.1.1.1"], ids=ascii
)
def test_a_host_that_is_none_is_named(run: Callable[..., Result], host: str) -> None:
    assert sentence(run("serve", HOST=host, PORT="0")).endswith("Set BRIERBOARD_HOST to one such as 127.0.0.1.\n")


# Files with a set of questions

FILES: dict[str, bytes] = {
    "nothing": b"",
    "a line end": b"\n",
    "NUL": EXAMPLE.replace("Will", "\0Will").encode(),
    "UTF-16": EXAMPLE.encode("utf-16"),
    "UTF-32": EXAMPLE.encode("utf-32"),
    "a BOM": b"\xef\xbb\xbf" + EXAMPLE.encode(),
    "broken UTF-8": EXAMPLE.encode().replace(b"title", b"\xff"),
    "a lone surrogate": EXAMPLE.encode().replace(b"Will", b"\xed\xa0\x80"),
    "an escaped surrogate": EXAMPLE.replace("Will", "\\ud800", 1).encode(),
    "an escaped ESC": EXAMPLE.replace('title = "', 'title = "\\u001b[31m', 1).encode(),
    "ESC": EXAMPLE.replace("Will", RED, 1).encode(),
    "a field called ESC": f'{EXAMPLE}"\\u001b[31mred" = 1\n'.encode(),
    "a table called ESC": f'{EXAMPLE}\n["\\u001b]0;mine\\u0007"]\n'.encode(),
    "CR for line ends": EXAMPLE.replace("\n", "\r").encode(),
    "a quote never closed": f'{EXAMPLE}background = "'.encode(),
    "three quotes never closed": f'{EXAMPLE}background = """'.encode() + b"x\n" * 1000,
    "a table twice": f'{EXAMPLE}[set]\nslug = "again"\n'.encode(),
    "a field twice": EXAMPLE.replace("[set]\n", '[set]\nslug = "again"\n', 1).encode(),
    "a slug twice": f"{EXAMPLE}\n{EXAMPLE[EXAMPLE.index('[[questions]]') :]}".encode(),
    "a line of 10 MB": b'title = "' + b"x" * 10_000_000 + b'"',
    "a name of 10 MB": b"x" * 10_000_000 + b" = 1",
    "a number of 5,000 digits": b"set = " + b"9" * 5000,
    "2 to the power of 63": EXAMPLE.replace("[set]\n", "[set]\nexpires_after = 9223372036854775808\n", 1).encode(),
    "lists within lists": b"set = " + b"[" * 100_000,
    "tables within tables": b"set = " + b"{a=" * 100_000,
    "names within names": b".".join([b"a"] * 50_000) + b" = 1",
    "a zip": b"PK\x03\x04" + b"\0" * 100,
    "gzip": b"\x1f\x8b\x08" + b"\0" * 100,
    "a SQLite file": b"SQLite format 3\0" + b"\0" * 4096,
    "JSON": b'{"set": {"slug": "s"}}',
    "a program": b"\x7fELF\x02\x01\x01",
}
MOMENTS = (
    "2027-03-28T02:30:00", "2027-03-28", "02:30:00", "2027-02-29T00:00:00Z", "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z", "2027-12-31T23:59:61Z", "2027-12-31T25:00:00Z", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "1e400", "nan", "inf", "true", "1772366400", '"2027-12-31T23:59:00Z"',
    "9" * 5000, "[]",
    "2027-12-31T23:59:00+99:00", "1_0",
)  # fmt: skip


def refused_file(result: Result, name: str) -> None:
    assert sentence(result).startswith(name), result.stderr[:300]


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_holds_no_set_is_refused(
    run: Callable[..., Result], database: Database, tmp_path: Path, what: str
) -> None:
    (tmp_path / "mine.toml").write_bytes(FILES[what])
    before = everything(database)

    refused_file(run("load", "mine.toml"), "mine.toml")
    refused_file(run("serve", "--load", "mine.toml", PORT="0"), "mine.toml")
    assert everything(database) == before


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment[:30])
def test_a_moment_of_a_set_is_one_with_its_zone(
    run: Callable[..., Result], database: Database, tmp_path: Path, moment: str
) -> None:
    (tmp_path / "mine.toml").write_text(EXAMPLE.replace("closes_at = 2027-11-30T23:59:00Z", f"closes_at = {moment}"))
    before = everything(database)

    refused_file(run("load", "mine.toml"), "mine.toml")
    assert everything(database) == before


NO_FILES: dict[str, Callable[[Path], Any]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a device without end": lambda place: place.symlink_to("/dev/zero"),
    "a link to itself": lambda place: place.symlink_to(place.name),
    "a link to nowhere": lambda place: place.symlink_to("nowhere"),
    "nothing": lambda _: None,
}
PATHS = (
    "here",
    f"here{RED}",
    f"{TITLE}here",
    "here\nBcc: b@example.org",
    "here\u202e",
    "here\udcff",
    "ｈｅｒｅ",
    "-here",
    "h" * 200,
)


@pytest.mark.parametrize("what", NO_FILES)
@pytest.mark.parametrize("name", PATHS, ids=lambda name: ascii(name)[:20])
def test_what_is_no_file_is_not_waited_for(
    run: Callable[..., Result], database: Database, tmp_path: Path, name: str, what: str
) -> None:
    NO_FILES[what](tmp_path / name)
    before = everything(database)

    told = sentence(run("load", "--", name))

    assert told.startswith(f"{terminal.shown(Path(name))} cannot be read: ")
    assert everything(database) == before


@pytest.mark.parametrize("name", ["", ".", "/", "x" * 5000, "x/" * 3000, "/proc/self/mem", "nowhere/x.toml"])
def test_a_path_that_leads_to_no_file_is_refused(run: Callable[..., Result], database: Database, name: str) -> None:
    before = everything(database)

    assert " cannot be read: " in sentence(run("load", name))
    assert everything(database) == before


# Folders with what was recorded elsewhere


def faults(result: Result) -> list[str]:
    """What a refused import blamed, line by line."""
    told = fault(result).splitlines()
    assert told[-1] == "Nothing was imported."
    assert [line for line in told if not line.endswith(".")] == []
    return told[:-1]


def written(folder: Path, name: str, columns: Sequence[str], cells: Sequence[str]) -> Path:
    """A folder in which the one row of a file is this."""
    rows_of: dict[str, list[str]] = {"questions": [asked()], "forecasts": [], "resolutions": []}
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    rows_of[name] = [text.getvalue().removesuffix("\n")]
    return folders.write(folder, **rows_of, heads={name: ",".join(columns)})


FORECAST = {"question": "rain", "forecaster": "cleo", "made_at": "2026-02-02T00:00:00Z", "probability": "0.5"}
NUMBER = {
    "question": "rain", "set": "old", "kind": "number", "title": "How much?", "criteria": "C.",
    "opens_at": folders.OPENS, "closes_at": folders.CLOSES,
}  # fmt: skip
CHOICE = {**NUMBER, "kind": "choice"}
TEXTS = {**NUMBER, "kind": "binary"}
DECIDED = {"question": "rain", "outcome": "yes", "known_at": "2026-02-20T00:00:00Z"}
INSTANTS = (
    "", "2026-02-02", "2026-02-02T00:00:00", "2026-03-29T02:30:00 Europe/Berlin", "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z", "2016-12-31T23:59:60Z", "2026-02-30T00:00:00Z", "2026-02-02T25:00:00Z",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-02T00:00:00+99:00", "1772366400", "NaN",
    "٢٠٢٦-٠٢-٠٢T00:00:00Z", "２０２６-02-02T00:00:00Z", "2026-02-02T00:00:00.1234567Z", RED, "=NOW()",
)  # fmt: skip
CELLS: dict[tuple[str, str], tuple[dict[str, str], Sequence[str]]] = {
    ("forecasts", "probability"): (FORECAST, (
        "NaN", "nan", "Infinity", "-inf", "∞", "1e400", "-1e-9", "1.0000001", "1_0e-1", "true", "50", "50%",
        "37 %", "0,5",
        "٠.٥", "०.५", "０.５", "½", "0x0p0", " 0.5", "0.5 ", "'0.5", "=1/2", "9" * 5000, "1e" + "9" * 50, RED,
        "0.5\x00", "",
        "--0.5", "0.5\n", "0.5;0.5", "[0.5]",
    )),
    ("forecasts", "made_at"): (FORECAST, INSTANTS),
    ("forecasts", "forecaster"): (FORECAST, (
        "", "Cleo", "ｃｌｅｏ", "cl\u0435o", "cleo.", ".cleo", "-", "../x", "=cmd", "<b>", "c" * 81, RED,
        "cleo\r\nb", "c\u200bleo",
        "cleo\x00", "\u202ecleo", "a b",
    )),
    ("forecasts", "question"): (FORECAST, ("", "Rain", "ｒａｉｎ", "rain\u200b", "rain\n", "../rain", "r" * 81,
    RED, "snow", "-1")),
    ("forecasts", "act"): (FORECAST, ("Forecast", "delete", "forecast ", "1", RED, "ｆorecast")),
    ("forecasts", "expires_at"): (FORECAST, tuple(one for one in INSTANTS if one)),
    ("forecasts", "rationale"): (FORECAST, ("x" * 20_001, RED, "\x00", "\x07", "x" * 131_073)),
    ("forecasts", "forecaster_name"): (FORECAST, (RED, "a\nb", "a\r\nBcc: b", "x" * 301)),
    ("forecasts", "forecaster_kind"): (FORECAST, ("administrator", "crowd", "Person", RED)),
    ("forecasts", "probabilities"): ({**FORECAST, "probability": ""}, (
        "[NaN, 1]", "[1e400, 0]", "[0.5, true]", '["0.5", 0.5]', "[0.5, 0.6]", "[0.5]", "[]", "{}", "[" * 100_000,
        "[" + "9" * 5000 + ", 0]", "[9223372036854775808, 0]", "0.5", "[0.5, 0.5", "[0.5, 0.5],",
        '{"a": 1, "a": 2}', "[٠, ١]",
    )),
    ("questions", "range"): (NUMBER, (
        "", "[]", "null", "1", "{}", '{"from": 0}', '{"from": NaN, "to": 1}', '{"from": 0, "to": Infinity}',
        '{"from": 0, "to": 1e400}', '{"from": 0, "to": ' + "9" * 4000 + "}",
        '{"from": 0, "to": ' + "9" * 5000 + "}",
        '{"from": 0, "to": 9223372036854775808}', '{"from": true, "to": 2}', '{"from": "0", "to": "1"}',
        '{"from": 1, "to": 0}', '{"from": 0, "to": 1, "to": 2}', '{"from": 0, "to": 1, "wide": 2}', "[" * 100_000,
        '{"from": 0, "to": 1, "unit": "\\u001b[31m"}', '{"from": 0, "to": 1, "unit": "\\ud800"}',
    )),
    ("questions", "outcomes"): (CHOICE, (
        "", "a", "|", "a|", "a|a", '["a", 1]', '["a"', "[[]]", "[" * 100_000, '["\\ud800", "b"]', f"a|{RED}",
        "a|" + "b" * 301,
        "|".join(f"o{one}" for one in range(5000)),
    )),
    ("questions", "title"): (TEXTS, ("", "  ", "a\nb", "a\r\nb", "x" * 301, RED, TITLE, "\x00")),
    ("questions", "kind"): (TEXTS, ("", "Binary", "../binary", "guess", "__init__", RED, "ｂinary")),
    ("questions", "closes_at"): (TEXTS, INSTANTS),
    ("questions", "set"): (TEXTS, ("", "Old", "../old", "old\n", "ｏld", RED, "o" * 81)),
    ("questions", "tags"): (TEXTS, ('["a", 1]', '["a"', RED, "a|" + "b" * 301)),
    ("questions", "source"): (TEXTS, (
        "[]", "{", '{"slug": 1}', '{"slug": "a"}', '{"\\u001b[31m": 1}', '{"slug": "a", "slug": "b"}',
        "{" * 100_000,
    )),
    ("resolutions", "outcome"): (DECIDED, ("", "maybe", "1", "true", "resolved", "ｙｅｓ", "y\nes", RED, "=yes")),
    ("resolutions", "known_at"): (DECIDED, tuple(one for one in INSTANTS if one)),
    ("resolutions", "evidence_url"): (DECIDED, (
        "javascript:top.marked=1", "data:text/html,x", "ftp://example.org", "//evil.example", "http://",
        "https://a b",
        "http://[", "https://a\r\nb", f"https://a{RED}", "https://a\u202eb",
    )),
}  # fmt: skip


@pytest.mark.parametrize(("name", "column"), CELLS)
def test_a_cell_that_cannot_be_read_is_named(
    run: Callable[..., Result], database: Database, tmp_path: Path, name: str, column: str
) -> None:
    row, cells = CELLS[name, column]
    before = everything(database)

    for cell in cells:
        filled = {**row, column: cell}
        written(tmp_path / "in", name, list(filled), list(filled.values()))
        told = faults(run("import", "csv", "in"))
        assert told[0].startswith(f"{name}.csv, line 2"), (cell[:40], told)
        assert len(told[0]) < 600, cell[:40]
    assert everything(database) == before


QUESTIONS = f"{HEADS['questions']}\n{asked()}\n".encode()
TABLES: dict[str, bytes] = {
    "nothing": b"",
    "line ends": b"\n\n\n",
    "UTF-16": QUESTIONS.decode().encode("utf-16"),
    "broken UTF-8": QUESTIONS.replace(b"What", b"\xff"),
    "a lone surrogate": QUESTIONS.replace(b"What", b"\xed\xa0\x80"),
    "NUL": QUESTIONS.replace(b"What", b"\0"),
    "ESC": QUESTIONS.replace(b"What", RED.encode()),
    "a quote never closed": QUESTIONS.replace(b"What", b'"What').replace(b',"What', b',"What'),
    "a quote in the middle": QUESTIONS.replace(b",What", b',"What" not'),
    "quotes": b'"' * 1_000_001,
    "a cell of 10 MB": QUESTIONS.replace(b"What", b"x" * 10_000_000),
    "a cell larger than Python takes": QUESTIONS.replace(b"What", b"x" * (csv.field_size_limit() + 1)),
    "a column twice": QUESTIONS.replace(b"group", b"tags"),
    "a column of another script": QUESTIONS.replace(b"title", "titl\u0435".encode()),
    "a column called ESC": QUESTIONS.replace(b"group", RED.encode()),
    "a column that is missing": QUESTIONS.replace(b",closes_at", b""),
    "a column in capitals": QUESTIONS.replace(b"title", b"Title"),
    "a cell too many": QUESTIONS.replace(b"Z\n", b"Z,x\n"),
    "a cell too few": QUESTIONS.replace(b",2026-03-01T00:00:00Z", b""),
    "a million cells": b"," * 1_000_000,
    "50,000 columns": b",".join(b"c%d" % one for one in range(50_000)),
    "a question twice": QUESTIONS + f"{asked()}\n".encode(),
    "semicolons": QUESTIONS.replace(b",", b";"),
    "tabs": QUESTIONS.replace(b",", b"\t"),
    "line separators of Unicode": QUESTIONS.replace(b"\n", b"\xe2\x80\xa8"),
    "JSON": b'{"question": "rain"}',
    "HTML": b"<!DOCTYPE html><script>top.marked=1</script>",
    "gzip": b"\x1f\x8b\x08" + b"\0" * 100,
}


@pytest.mark.parametrize("what", TABLES)
def test_a_file_that_is_no_table_is_named(
    run: Callable[..., Result], database: Database, tmp_path: Path, what: str
) -> None:
    folders.write(tmp_path / "in", forecasts=[said()])
    (tmp_path / "in" / "questions.csv").write_bytes(TABLES[what])
    before = everything(database)

    assert faults(run("import", "csv", "in"))[0].startswith("questions.csv, line ")
    assert everything(database) == before


def test_a_packed_folder_is_not_unpacked(run: Callable[..., Result], database: Database, tmp_path: Path) -> None:
    """No format reads an archive: neither one in place of the folder, nor one in place of a file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("questions.csv", b"\0" * 50_000_000)
        archive.writestr("../../forecasts.csv", QUESTIONS)
    (tmp_path / "in.zip").write_bytes(packed.getvalue())
    folders.write(tmp_path / "in")
    (tmp_path / "in" / "questions.csv").write_bytes(packed.getvalue())
    before = everything(database)

    assert faults(run("import", "csv", "in.zip"))[0] == "forecasts.csv: cannot be read in in.zip: Not a directory."
    assert faults(run("import", "csv", "in"))[0].startswith("questions.csv, line 1: is not UTF-8 text.")
    assert everything(database) == before


@pytest.mark.parametrize("what", NO_FILES)
def test_a_file_of_a_folder_that_is_none_is_not_waited_for(
    run: Callable[..., Result], database: Database, tmp_path: Path, what: str
) -> None:
    folders.write(tmp_path / f"in{RED}")
    place = tmp_path / f"in{RED}" / "questions.csv"
    place.unlink()
    NO_FILES[what](place)
    before = everything(database)

    assert faults(run("import", "csv", place.parent.name))[0].startswith(
        "questions.csv: cannot be read in in\\x1b[31m: "
    )
    assert everything(database) == before


# What goes out


@pytest.mark.parametrize("there", ["a file", "a full folder", "a link to itself", "a link to nowhere", "a pipe"])
def test_nothing_is_written_over(run: Callable[..., Result], database: Database, tmp_path: Path, there: str) -> None:
    place = tmp_path / "out"
    if there == "a full folder":
        folders.write(place)
    elif there == "a file":
        place.write_text("mine")
    else:
        NO_FILES[there](place)
    before = snapshot(tmp_path)

    told = fault(run("export", "csv", "out")).splitlines()[-1]

    assert told.startswith("out ")
    assert told.endswith((" Choose another one.", " Choose another place."))
    assert snapshot(tmp_path) == before


def snapshot(folder: Path) -> dict[str, object]:
    """Every file but the database's own, with its size."""
    found = [path for path in folder.rglob("*") if not path.name.startswith("brierboard.db")]
    return {str(path): path.lstat().st_size for path in found}


@pytest.mark.parametrize(
    "name", ["nowhere/out", "x" * 5000, "/proc/out", "/dev/null/out", "\udcff/out", f"{RED}/out", ""]
)
def test_a_place_that_cannot_be_written_to_is_named(
    run: Callable[..., Result], database: Database, tmp_path: Path, name: str
) -> None:
    before = snapshot(tmp_path)

    told = fault(run("export", "csv", name)).splitlines()[-1]

    assert told.startswith(terminal.shown(Path(name)))
    assert told.endswith((" Choose another one.", " Choose another place."))
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["nowhere/d.db", "/", ".", f"d{RED}.db", "d\udcff.db", "d\n.db", "/dev/null/d.db"])
def test_no_demonstration_is_put_where_no_file_can_be(run: Callable[..., Result], tmp_path: Path, name: str) -> None:
    before = snapshot(tmp_path)

    assert " cannot hold the demonstration. Name a file with --file" in sentence(run("demo", "--file", name))
    assert snapshot(tmp_path) == before


HARMFUL = (
    "=cmd|'/C calc'!A0", "=1+1", "+1+1", "-1+1", "@SUM(A1)", "＝1+1", "＋1", "－1+1", "＠SUM(A1)", "\t=1+1", "\r=1+1",
    "\n=1+1", " =1+1", "'=1+1", "''=1+1", '"=1+1"', "=HYPERLINK(\"https://evil.example\")", "= 1", "\u00a0=1",
    "\u3000=1",
    *PAYLOADS[:5],
)  # fmt: skip


@pytest.mark.parametrize("text", HARMFUL, ids=ascii)
def test_no_cell_that_goes_out_is_a_formula(tmp_path: Path, text: str) -> None:
    """Nor does a line break in it begin another row: what is read back is what went out."""
    title = text.strip().replace("\n", " ").replace("\r", " ").replace("\t", " ") or "x"
    folder = Folder([question(title=title, background=text)], [forecast(probability=0.5, rationale=text)], [])

    write(folder, tmp_path / "out")

    for name, rows_of in (("questions", 2), ("forecasts", 2), ("resolutions", 1)):
        found = list(csv.reader(io.StringIO((tmp_path / "out" / f"{name}.csv").read_text(), newline=""), strict=True))
        assert len(found) == rows_of
        for cell in (cell for row in found for cell in row):
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
            assert not cell.startswith(("\t", "\r", "\n"))


# What is let in on purpose


def test_what_means_one_thing_alone_is_let_in(run: Callable[..., Result], database: Database, tmp_path: Path) -> None:
    """A BOM before a table, any line ends, zones other than UTC, exponents, and text of any script as text."""
    folders.write(tmp_path / "in", [asked("rain"), asked("snow")], [said("5e-1"), said("1e-400", 3), said("+.25", 4)])
    changes: dict[str, Callable[[bytes], bytes]] = {
        "questions": lambda text: b"\xef\xbb\xbf" + text.replace(b"What", "=cmd <script> ３７ 雪 é".encode()),
        "forecasts": lambda text: text.replace(b"\n", b"\r").replace(b"00:00:00Z", b"14:00:00+14:00"),
        "resolutions": lambda text: text.replace(b"\n", b"\r\n"),
    }
    for name, change in changes.items():
        place = tmp_path / "in" / f"{name}.csv"
        place.write_bytes(change(place.read_bytes()))

    result = run("import", "csv", "in")

    added = "2 questions, 1 forecaster, 3 forecasts and 0 resolutions"
    assert (result.exit_code, added in result.stdout) == (0, True), result.output
    with database.reading() as session:
        titles = session.exec(select(Question.title).order_by(col(Question.slug))).all()
        said_so = session.exec(select(Forecast).order_by(col(Forecast.made_at))).all()
    assert titles == [f"=cmd <script> ３７ 雪 é of the {slug}?" for slug in ("rain", "snow")]
    assert [float(one.probabilities[1]) for one in said_so if one.probabilities is not None] == [0.5, 0.0, 0.25]


def test_a_name_is_found_whatever_its_letters(run: Callable[..., Result], database: Database) -> None:
    join(database, "Ada")

    assert run("user", "role", "ADA\n", "moderator").stdout == "Ada is moderator now.\n"
    assert called(database, "ada").role == "moderator"


# The program itself

PROGRAM = Path(sys.executable).parent / "brierboard"


def started(folder: Path, words: Sequence[str | bytes], **more: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {"PATH": os.defpath, "PYTHONWARNINGS": "error", **more.pop("env", {})}
    environment["BRIERBOARD_DATABASE_URL"] = f"sqlite:///{folder}/brierboard.db"
    return subprocess.run(
        [PROGRAM, *words], cwd=folder, env=environment, check=False, timeout=120,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **more},
    )  # fmt: skip


def test_a_name_of_a_file_that_is_no_text_is_said_in_any_language(tmp_path: Path) -> None:
    for language in ("C", "C.UTF-8", "POSIX"):
        ended = started(tmp_path, ["load", b"\xff\x1b[31m.toml"], env={"LC_ALL": language})
        assert (ended.returncode, ended.stdout) == (1, b"")
        assert ended.stderr == b"\\udcff\\x1b[31m.toml cannot be read: No such file or directory.\n"


def test_what_cannot_be_printed_does_not_stop_what_was_done(database: Database, tmp_path: Path) -> None:
    """Neither letters that the terminal lacks, nor a full disk, nor an output that is closed."""
    join(database, "Ada")
    narrow = started(tmp_path, ["token", "add", "ada", "雪"], env={"PYTHONIOENCODING": "ascii"})
    listed = started(tmp_path, ["token", "list", "ada"], env={"PYTHONIOENCODING": "ascii"})
    with Path("/dev/full").open("wb") as full:
        no_room = started(tmp_path, ["user", "list"], stdout=full)
    closed = started(tmp_path, ["user", "role", "ada", "moderator"], stdout=None, preexec_fn=lambda: os.close(1))
    silent = started(tmp_path, ["user", "add", "bob"], stdin=None, preexec_fn=lambda: os.close(0))

    assert narrow.returncode == 0
    assert listed.stdout == b"1\t\\u96ea\tread\tnever used\n"
    assert (no_room.returncode, no_room.stderr) == (1, b"This cannot be printed: No space left on device.\n")
    assert (closed.returncode, called(database, "ada").role) == (0, "moderator")
    assert [json.loads(line)["event"] for line in closed.stderr.splitlines()] == ["role given"]
    assert silent.stderr == b"The password is too short. Use at least 8 characters.\n"


def test_there_are_enough_of_them() -> None:
    cells = sum(len(values) for _, values in CELLS.values())

    assert cells > 250
    assert len(SETTINGS) > 70
    assert len(FILES) + len(TABLES) + len(MOMENTS) + len(NO_FILES) * len(PATHS) > 120
    assert len(NAMES) * 8 + len(COUNTS) * 4 + len(TIMES) + len(WORDS) * 6 > 400
