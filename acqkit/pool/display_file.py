"""Files that a pool names for people to look at."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from acqkit.errors import PoolError

LARGEST_FILE = 32_000_000
"""Bytes of the largest picture or sound that is read: a photo of a good camera has half."""


@dataclass(frozen=True, slots=True)
class DisplayFile:
    """The file `name` of a pool that lies in `folder`, which the file must not leave.

    A pool may come from anybody, so what it names is not trusted: `read` opens nothing but a
    regular file that is in the folder once every `..` and link is followed. In a snapshot of the
    Hugging Face hub's cache, files are links to `blobs` beside `snapshots`, and may be there.
    """

    folder: Path
    name: str

    @classmethod
    def at(cls, path: Path) -> DisplayFile:
        """The file at a path that code names, whose folder is the path's own."""
        return cls(path.parent, path.name)

    def __str__(self) -> str:
        return str(self.folder / self.name)

    def read(self, most: int = LARGEST_FILE) -> bytes:
        """Its content, at most `most` bytes; raises PoolError saying why it is not read."""
        try:
            return _read_regular(self._path(), most)
        except OSError as error:
            raise PoolError(f"cannot be read ({error.strerror or error})") from None

    def _path(self) -> Path:
        home = self.folder.resolve()
        try:
            path = (home / self.name).resolve()
        except (RuntimeError, ValueError):  # links in a circle; a null character
            raise PoolError("is no name of a file") from None
        if not any(path.is_relative_to(own) for own in (home, *_blobs(home))):
            raise PoolError(f"lies outside of the pool's folder {self.folder}")
        return path


def _blobs(home: Path) -> list[Path]:
    """Where the content of a snapshot of the Hugging Face hub's cache lies, if `home` is in one.

    Source of the layout: huggingface_hub, "Understand caching": REPOSITORY/snapshots/REVISION/FILE
    is a link to REPOSITORY/blobs/HASH.
    """
    snapshots = [each for each in home.parents if each.name == "snapshots"]
    return [
        each.parent / "blobs" for each in snapshots if each.parent.name.startswith(_REPOSITORIES)
    ]


_REPOSITORIES = ("datasets--", "models--", "spaces--")


def _read_regular(path: Path, most: int) -> bytes:
    # Opening a pipe waits for a writer, and reading a device may never end.
    if not stat.S_ISREG(path.stat().st_mode):
        raise PoolError("is no regular file")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(most + 1) if size <= most else b""
    if max(size, len(content)) > most:
        raise PoolError(
            f"has {size / 1e6:,.0f} MB, more than the {most / 1e6:,.0f} MB that are read"
        )
    return content
