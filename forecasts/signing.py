"""The key that checkpoints are signed with, in a file of its own, and notes in C2SP's form, which anybody can check."""

import os
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from forecasts import files
from forecasts.terminal import shown
from questions.errors import Refusal

ED25519 = b"\x01"
"""What stands before a key or its bytes, to say of which kind it is. Source: C2SP, signed-note."""

PRIVATE = "PRIVATE+KEY+"
DASH = "\N{EM DASH} "
"""What a signature's line begins with."""


class BadKey(Refusal):
    """The file that should hold the key for checkpoints holds none, or cannot be read or made."""


@dataclass(frozen=True)
class Signer:
    """A private key, and the name that it signs by: the origin of all its checkpoints."""

    name: str
    key: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """The public key as others are given it: NAME+ID+KEY."""
        return public(self.name, self.key.public_key().public_bytes_raw())

    def note(self, size: int, root: bytes) -> str:
        """A signed checkpoint: so many entries, and the root of the tree over them."""
        text = f"{self.name}\n{size}\n{b64encode(root).decode()}\n"
        raw = self.key.public_key().public_bytes_raw()
        signed = b64encode(key_id(self.name, raw) + self.key.sign(text.encode())).decode()
        return f"{text}\n{DASH}{self.name} {signed}\n"


def key_id(name: str, raw: bytes) -> bytes:
    """Four bytes by which a signature says whose it is. Source: C2SP, signed-note."""
    return sha256(name.encode() + b"\n" + ED25519 + raw).digest()[:4]


def public(name: str, raw: bytes) -> str:
    """A public key in a line, as C2SP writes it."""
    return f"{name}+{key_id(name, raw).hex()}+{b64encode(ED25519 + raw).decode()}"


def checked(note: str, key: str) -> tuple[int, bytes]:
    """The size and the root that a checkpoint was signed for. Raises ValueError where not by this public key."""
    text, _, signature = note.partition("\n\n")
    name, _, rest = key.partition("+")
    raw = b64decode(rest.partition("+")[2], validate=True)[1:]
    origin, size, root, *more = text.split("\n")
    if more or origin != name or public(name, raw) != key:
        raise ValueError("This is no checkpoint of that key's.")
    signed = b64decode(signature.removeprefix(f"{DASH}{name} ").rstrip("\n"), validate=True)
    if signed[:4] != key_id(name, raw):
        raise ValueError("Another key signed this.")
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signed[4:], f"{text}\n".encode())
    except InvalidSignature as error:
        raise ValueError("The signature is not over this.") from error
    return int(size), b64decode(root, validate=True)


# The file


def read(path: Path) -> Signer:
    """The key in a file. Raises BadKey."""
    remedy = "Restore it from a backup, or name the right file in BRIERBOARD_SIGNING_KEY."
    try:
        words = files.content(path).decode().strip()
        name, said, secret = words.removeprefix(PRIVATE).split("+", 2)
        seed = b64decode(secret, validate=True)
        key = Ed25519PrivateKey.from_private_bytes(seed[1:])
    except files.Unreadable as error:
        raise BadKey(f"The signing key {shown(path)} cannot be read: {error}. {remedy}") from error
    except ValueError as error:
        raise BadKey(f"The file {shown(path)} holds no signing key. {remedy}") from error
    raw = key.public_key().public_bytes_raw()
    if not words.startswith(PRIVATE) or seed[:1] != ED25519 or key_id(name, raw).hex() != said:
        raise BadKey(f"The file {shown(path)} holds no signing key. {remedy}")
    return Signer(name, key)


def make(path: Path) -> Signer:
    """A new key in a new file, which its owner alone may read; whoever else made one meanwhile was first.

    Raises BadKey where none can be written.
    """
    name, key = f"brierboard/{secrets.token_hex(8)}", Ed25519PrivateKey.generate()
    said = key_id(name, key.public_key().public_bytes_raw()).hex()
    line = f"{PRIVATE}{name}+{said}+{b64encode(ED25519 + key.private_bytes_raw()).decode()}\n"
    try:
        _write_new(path, line.encode())
    except OSError as error:
        raise BadKey(
            f"The signing key cannot be written to {shown(path)}: {error.strerror}. "
            "Name a file in BRIERBOARD_SIGNING_KEY that can be."
        ) from error
    return read(path)


def _write_new(path: Path, content: bytes) -> None:
    """The file is there whole and on the disk, or not at all; one that is there already stays."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if not path.exists():
            _link(beside, path)
    finally:
        beside.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _link(beside: Path, path: Path) -> None:
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        return  # another process made one at the same moment
