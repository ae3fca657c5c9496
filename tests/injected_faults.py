"""Let the n-th write, fsync or rename of a step fail, or be the last thing that its process does.

Points are: what goes through a file that `Path.open` opened to write, `os.fsync`, `os.rename`,
`os.replace`, `os.link`, `os.mkdir`, and of SQLite every statement that writes and every commit of
what was written.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import sqlite3
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from acqkit.errors import AcqkitError
from killable import run_in_fork

FAULTS = ("ENOSPC", "EIO", "kill before", "kill after")
Check = Callable[[int, str], str]
"""Does a step with a fault at a point, holds what must be so then, and says what became of it."""

_WRITING = ("BEGIN IMMEDIATE", "INSERT", "UPDATE", "DELETE", "CREATE", "PRAGMA JOURNAL_MODE")


class Points:
    """Counts points; at point `at` the fault happens."""

    def __init__(self, at: int, fault: str) -> None:
        self.at, self.fault, self.seen = at, fault, 0

    def of(self, work: Callable[..., Any], failure: Callable[[int], Exception]) -> Any:
        """Do `work` at the next point; `failure` makes an exception of an errno."""
        self.seen += 1
        if self.seen - 1 != self.at:
            return work()
        if self.fault.startswith("kill"):
            if self.fault == "kill after":
                work()
            os._exit(9)
        raise failure(getattr(errno, self.fault))

    def install(self) -> None:
        """Watch this process from now on; for a fork, since nothing is put back."""
        for name in ("fsync", "rename", "replace", "link", "mkdir"):
            setattr(os, name, self._watched(getattr(os, name)))
        open_path = Path.open

        def open_watched(path: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
            file = open_path(path, mode, *more, **options)
            return file if mode.startswith("r") else _Writes(file, self)

        Path.open = open_watched  # type: ignore[method-assign,assignment]
        connect = sqlite3.connect
        watched = functools.partial(connect, factory=_connection(self))
        sqlite3.connect = sqlite3.dbapi2.connect = watched  # type: ignore[assignment]

    def _watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given, **options: self.of(lambda: function(*given, **options), _os_error)


class _Writes:
    def __init__(self, file: IO[Any], points: Points) -> None:
        self._file, self._points = file, points

    def write(self, data: Any) -> Any:
        return self._points.of(lambda: self._file.write(data), _os_error)

    def __enter__(self) -> _Writes:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _sqlite_error(number: int) -> sqlite3.OperationalError:
    full = number == errno.ENOSPC
    error = sqlite3.OperationalError("database or disk is full" if full else "disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_IOERR
    return error


def _connection(points: Points) -> type[sqlite3.Connection]:
    class Cursor(sqlite3.Cursor):
        def execute(self, statement: str, *given: Any) -> Any:
            do = functools.partial(super().execute, statement, *given)
            writes = statement.lstrip().upper().startswith(_WRITING)
            self.connection.wrote |= writes  # type: ignore[attr-defined]
            return points.of(do, _sqlite_error) if writes else do()

        def executemany(self, statement: str, *given: Any) -> Any:
            self.connection.wrote = True  # type: ignore[attr-defined]
            return points.of(
                functools.partial(super().executemany, statement, *given), _sqlite_error
            )

    class Connection(sqlite3.Connection):
        wrote = False

        def cursor(self, *_: Any, **__: Any) -> Any:
            return super().cursor(Cursor)

        def commit(self) -> None:
            if self.in_transaction and self.wrote:
                points.of(super().commit, _sqlite_error)
            elif self.in_transaction:
                super().commit()
            self.wrote = False

    return Connection


def outcome(work: Callable[[], object], at: int, fault: str) -> str:
    """`done`, `refused` (an error with a sentence), `killed` or a traceback, in a fork."""
    said = tempfile.NamedTemporaryFile("w+", suffix=".txt")  # noqa: SIM115 - both processes write

    def faulty() -> None:
        points = Points(at, fault)
        points.install()
        try:
            work()
            word = "done" if points.seen <= at else "survived"
        except (AcqkitError, OSError):
            word = "refused"
        except Exception:  # noqa: BLE001 - whatever is no sentence is a finding
            word = traceback.format_exc()
        os.write(said.fileno(), word.encode())

    with said, contextlib.suppress(AssertionError):
        run_in_fork(faulty, None)
        return Path(said.name).read_text(encoding="utf-8")
    return "killed"
