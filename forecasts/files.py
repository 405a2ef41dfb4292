"""Files that somebody names: read whole where they are plain files, and else refused with the reason."""

from pathlib import Path

from questions.errors import Refusal


class Unreadable(Refusal):
    """A file that cannot be read; the sentence is the reason alone."""


def content(path: Path) -> bytes:
    """All that a plain file holds. Raises Unreadable; of a pipe or a device nobody knows whether it ever ends."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise Unreadable("it is a pipe or a device. Name a plain file")
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(str(error.strerror)) from error
