"""The key: where it lies, who may read it, what is said of a bad one; and notes that anybody can check."""

from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forecasts import signing
from forecasts.signing import BadKey

GO = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
"""The public key of Go's checksum database, as cmd/go has it in its source."""

ROOT = bytes(range(32))


def test_a_public_key_is_written_as_others_write_it() -> None:
    name, _, coded = GO.split("+", 2)

    assert signing.public(name, b64decode(coded)[1:]) == GO


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "brierboard.key"

    made = signing.make(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith(f"PRIVATE+KEY+{made.name}+")
    assert signing.read(path).public == made.public == signing.make(path).public
    assert list(tmp_path.iterdir()) == [path]


def test_of_many_who_make_a_key_at_once_all_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(signing.make, [tmp_path / "brierboard.key"] * 16))

    assert len({one.public for one in made}) == 1


def test_a_note_says_what_was_signed_and_by_whom(tmp_path: Path) -> None:
    one, other = (signing.make(tmp_path / name) for name in ("one", "other"))
    note = one.note(7, ROOT)

    lines = note.split("\n")
    assert lines[:4] == [one.name, "7", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", ""]
    assert lines[4].startswith(f"— {one.name} ")
    assert lines[5:] == [""]
    assert signing.checked(note, one.public) == (7, ROOT)
    for false in (
        note.replace("\n7\n", "\n8\n"),
        note.replace(one.name, other.name),
        note.replace("AAEC", "AAED"),
        note.replace("\n\n", "\nmore\n\n"),
        other.note(7, ROOT),
    ):
        with pytest.raises(ValueError, match=r"This is no|Another key|not over this"):
            signing.checked(false, one.public)


REMEDY = "Restore it from a backup, or name the right file in BRIERBOARD_SIGNING_KEY."


@pytest.mark.parametrize(
    "holds",
    [
        "", "key", "PRIVATE+KEY+a+00000000+AQ==", "\x00\xff",
        "PRIVATE+KEY+a+00000000+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    ],
)  # fmt: skip
def test_a_file_that_holds_no_key_is_refused_in_a_sentence(tmp_path: Path, holds: str) -> None:
    path = tmp_path / "brierboard.key"
    path.write_text(holds)

    with pytest.raises(BadKey) as refusal:
        signing.read(path)
    assert str(refusal.value) == f"The file {path} holds no signing key. {REMEDY}"


def test_a_key_that_cannot_be_read_or_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadKey) as refusal:
        signing.read(tmp_path)
    assert str(refusal.value) == f"The signing key {tmp_path} cannot be read: Is a directory. {REMEDY}"
    with pytest.raises(BadKey) as refusal:
        signing.make(tmp_path / "nowhere" / "brierboard.key")
    assert str(refusal.value) == (
        f"The signing key cannot be written to {tmp_path}/nowhere/brierboard.key: No such file or directory. "
        "Name a file in BRIERBOARD_SIGNING_KEY that can be."
    )
