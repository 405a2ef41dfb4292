"""The table of what OWASP's standard asks names tests that exist, each requirement once."""

import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = (HERE.parent / "web" / "docs" / "asvs.md").read_text()
ROWS = re.findall(r"^\| ([0-9.,– ]+) \| (.+) \| (.+) \| (.*)\|$", TABLE, re.MULTILINE)

NAMED = r"`(?:\w+/)*(test_\w+\.py)?(?:::(test_\w+))?`"


def test_each_requirement_stands_there_once_and_says_how_it_is_met() -> None:
    numbers = [one for row in ROWS for one in re.split(", ", row[0])]

    assert len(numbers) > 60
    assert sorted(numbers) == sorted(set(numbers))
    assert [row for row in ROWS if len(row[2].strip()) < 4] == []


def test_each_test_that_it_names_exists() -> None:
    files: dict[str, str] = {}  # those of one name together
    for path in HERE.rglob("test_*.py"):
        files[path.name] = files.get(path.name, "") + path.read_text()
    file, missing = "", []
    for name, test in re.findall(NAMED, TABLE):
        file = name or file
        if file and (file not in files or (test and f"def {test}(" not in files[file])):
            missing.append((file, test))

    assert missing == []
    assert [one for one in re.findall(r"`[^`]*test_[^`]*`", TABLE) if not re.fullmatch(NAMED, one)] == []
