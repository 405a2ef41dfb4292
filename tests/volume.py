"""A small disk that a test fills, and one that may only be read: a memory disk, which only root can mount."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Volume:
    """A disk of so many bytes in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, but: int = 0) -> None:
        """Leave as many bytes free, in whole pages."""
        free = os.statvfs(self.folder)
        room = free.f_bavail * free.f_frsize - but
        with self._filler.open("ab") as filler:
            os.posix_fallocate(filler.fileno(), filler.tell(), max(room, 1))

    def empty(self) -> None:
        """Make room again."""
        self._filler.unlink()

    @contextmanager
    def only_read(self) -> Iterator[None]:
        """Let nothing be written, for as long."""
        _run("mount", "-o", "remount,ro", str(self.folder))
        try:
            yield
        finally:
            _run("mount", "-o", "remount,rw", str(self.folder))


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[Volume]:
    """A disk of so many bytes; it is gone afterwards."""
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield Volume(folder)
    finally:
        _run("umount", str(folder))


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
