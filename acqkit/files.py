"""Files and folders that appear whole or not at all, and what killed processes left of them.

Both are made beside the final path under a hidden temporary name and renamed once their bytes
are on disk, so that neither a reader, a kill nor a power cut meets half of one.
"""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

ABANDONED_AFTER = 600.0
"""Seconds without a write after which what is temporary is taken for a dead process's.

Less would remove the work of a slow process that lives; more only leaves litter for longer.
"""

_SUFFIX = ".new"


WRITING = "while it was written"
"""The note of an OSError whose `filename` was to be written, not read."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """An OSError in the block is about `path`, not about what stands for it, and has a note."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        error.add_note(WRITING)
        raise


def make_folder(path: Path) -> None:
    """Make a folder and those above it; one that is there is fine. Raises OSError."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which becomes `path` when the block ends without an exception.

    Permissions and links are treated as `open` would: a file that is replaced keeps its mode,
    a link its name, and a device or pipe is written to directly. Raises OSError.
    """
    with writing(path), _whole_file(path.resolve()) as file:
        yield file


@contextmanager
def _whole_file(final: Path) -> Iterator[BinaryIO]:
    if final.exists() and not final.is_file():
        with final.open("wb") as file:
            yield file
        return
    remove_abandoned(final)
    temporary = _temporary(final)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if final.exists():
            shutil.copymode(final, temporary)
        temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(final.parent)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all, line ends as given; raises OSError."""
    with whole_file(path) as file:
        file.write(text.encode())


class NewFile:
    """A file that is written under a hidden name beside `path` and published under a free one."""

    def __init__(self, path: Path) -> None:
        final = path.resolve()
        remove_abandoned(final)
        self._path = path
        self._temporary = _temporary(final)

    def write(self, content: bytes) -> None:
        """Put the content on the disk, in the place of what was written before.

        Raises OSError, and then leaves nothing.
        """
        try:
            with writing(self._path), self._temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            self.remove()
            raise

    def publish(self, path: Path) -> None:
        """Give what was written a name that is free; raises OSError, FileExistsError if not."""
        with writing(path):
            final = path.resolve()
            try:
                os.link(self._temporary, final)
                self._temporary.unlink()  # both names are of one file
            except FileExistsError:
                raise
            except OSError:  # not every file system has links
                if final.exists():
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
                self._temporary.rename(final)
            _sync(final.parent)

    def remove(self) -> None:
        """Remove what was written under the hidden name; what was published stays."""
        self._temporary.unlink(missing_ok=True)


@contextmanager
def temporary_folder(final: Path) -> Iterator[Path]:
    """A new folder beside `final` to fill and `publish`; removed unless that was done.

    Raises OSError.
    """
    remove_abandoned(final)
    folder = _temporary(final)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(temporary: Path, final: Path) -> None:
    """Rename a folder to `final` once all that is in it is on disk.

    Raises OSError, also where `final` is there already and not an empty folder.
    """
    sync_folder(temporary)
    temporary.rename(final)
    _sync(final.parent)


def replace_folder(temporary: Path, final: Path) -> None:
    """As `publish`, but in the place of the folder that is there, if one is.

    Whoever has files of the old one open keeps them. Between two renames there is no `final`; a
    process killed there leaves the old one, which `restore_folder` puts back. Raises OSError.
    """
    if final.exists():
        sync_folder(temporary)
        final.rename(_replaced(final))
    publish(temporary, final)
    shutil.rmtree(_replaced(final), ignore_errors=True)


def restore_folder(final: Path) -> None:
    """Put back what a process that was killed in `replace_folder` moved away; raises OSError."""
    old = _replaced(final)
    if old.exists() and not final.exists():
        old.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def _replaced(final: Path) -> Path:
    return final.with_name(f".{final.name}.replaced")


class BusyError(Exception):
    """Another process holds the lock."""


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold the file `lock` while the block runs; it ends with the process that holds it.

    Raises BusyError where another process does, and sqlite3.OperationalError where `lock` cannot
    be written.
    """
    # SQLite's locks work on every system.
    with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise BusyError(str(lock)) from None
        yield


def sync_folder(folder: Path) -> None:
    """Wait until all that is in `folder` is on disk, which makes a later `publish` quick."""
    for path in (*folder.rglob("*"), folder):
        _sync(path)


def remove_abandoned(final: Path) -> None:
    """Remove what killed processes left of their attempts to make `final`, file or folder."""
    for path in final.parent.glob(f".{glob.escape(final.name)}.*{_SUFFIX}"):
        if time.time() - _last_write(path) <= ABANDONED_AFTER:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _temporary(final: Path) -> Path:
    return final.with_name(f".{final.name}.{secrets.token_hex(4)}{_SUFFIX}")


def _last_write(path: Path) -> float:
    # Another process may rename or remove any of it at any moment.
    try:
        return max(item.stat().st_mtime for item in (path, *path.rglob("*")))
    except FileNotFoundError:
        return time.time()


def _sync(path: Path) -> None:
    if path.is_dir() and os.name != "posix":
        return  # Only POSIX systems open folders.
    # Some systems flush only what is open for writing.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
