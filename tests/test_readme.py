"""README is held to the code: what it names exists, and what it tells to type works."""

import re
import struct
import tomllib
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from forecasts.cli import app
from forecasts.rules import RULES
from forecasts.settings import Settings
from questions.kinds import KINDS

HOME = Path(__file__).parent.parent
README = (HOME / "README.md").read_text()


def test_it_begins_with_one_sentence_and_one_picture() -> None:
    _, sentence, picture = README.split("\n\n")[:3]

    assert sentence.startswith("Brierboard")
    assert sentence.count(".") == 1
    assert re.fullmatch(r"!\[[^]]+simulated[^]]+\]\([^)]+\)", picture)
    assert README.count("![") == 1


def test_the_picture_is_one_that_the_program_drew() -> None:
    (path,) = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    header = (HOME / path).read_bytes()[:24]

    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", header[16:24]) == (1180, 720)  # the window in tests/browser/picture.py


@pytest.mark.parametrize("target", re.findall(r"^make ([a-z]+)$", README, re.MULTILINE))
def test_each_make_command_is_a_target(target: str) -> None:
    assert re.search(rf"^{target}:", (HOME / "Makefile").read_text(), re.MULTILINE)


def test_the_two_commands_are_make_serve_and_make_test() -> None:
    assert re.findall(r"^make ([a-z]+)$", README, re.MULTILINE) == ["serve", "test"]


def test_the_table_of_commands_is_the_command_line() -> None:
    rows = re.findall(r"^\| `brierboard ([^`]+)` \|", README, re.MULTILINE)
    told = {" ".join(word for word in row.split() if re.fullmatch("[a-z]+", word)) for row in rows}

    # `user add NAME --role moderator`, `import csv DIR` and `export journal FILE` give a value in small letters; it is
    # no command.
    assert {re.sub(" (moderator|csv|journal)$", "", row) for row in told} == commands()


def commands() -> set[str]:
    found = set()
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        found |= {f"{name} {child}" for child in inner} if inner else {name}
    return found


def test_every_option_it_names_is_one() -> None:
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    user = group.commands["user"].commands  # type: ignore[attr-defined]
    known = {
        **dict.fromkeys(("--load", "--workers"), group.commands["serve"]),
        "--role": user["add"],
        **dict.fromkeys(("--days", "--uses", "--list", "--revoke"), user["invite"]),
        "--second-factor": user["reset"],
        "--dry-run": group.commands["import"],
        "--everything": group.commands["export"],
        "--force": group.commands["restore"],
        "--serve": group.commands["demo"],
        "--scope": group.commands["token"].commands["add"],  # type: ignore[attr-defined]
    }

    assert set(re.findall(r"--[a-z]+(?:-[a-z]+)*", README)) == set(known)
    for option, command in known.items():
        assert option in {name for parameter in command.params for name in parameter.opts}


def test_the_table_of_settings_is_the_settings_with_their_defaults() -> None:
    rows = re.findall(r"^\| `BRIERBOARD_([A-Z_]+)` \| (?:`([^`]*)`)? ?\|", README, re.MULTILINE)

    assert dict(rows) == {name.upper(): str(field.default) for name, field in Settings.model_fields.items()}


def test_every_path_it_names_exists() -> None:
    paths = re.findall(r"`((?:questions|forecasts|web|tests|migrations)/[\w./-]*)`", README)

    assert len(paths) > 10
    assert [path for path in paths if not (HOME / path).exists()] == []


def test_each_step_of_the_two_traces_is_a_function_of_its_file() -> None:
    traces = README[README.index("- A forecast:") : README.index("**To add a kind")]
    steps = re.findall(r"`([\w/]+\.py)`((?:,? `\w+`)+)", traces)

    assert len(steps) == 7
    for path, names in steps:
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"^def {name}\(", (HOME / path).read_text(), re.MULTILINE), f"{path} has no {name}"


def test_it_tells_of_as_many_questions_as_the_essays_set_has() -> None:
    with (HOME / "questions" / "sets" / "russia-2026.toml").open("rb") as file:
        number = len(tomllib.load(file)["questions"])

    assert f"the {number} predictions" in README
    assert f"essay's {number} questions" in README


def test_it_tells_of_each_kind_and_of_what_a_rule_must_hold() -> None:
    words = {"binary": "yes or no", "choice": "a choice", "number": "a number", "date": "a date"}

    assert set(words) <= set(KINDS)
    assert all(word in README for word in words.values())
    for name in ("NAME", "TITLE", "ABOUT", "applies", "score"):
        assert f"`{name}`" in README
        assert all(hasattr(rule, name) for rule in RULES.values())


def test_the_licence_is_mit() -> None:
    assert README.rstrip().endswith("MIT.")
    assert (HOME / "LICENSE").read_text().startswith("MIT License")
