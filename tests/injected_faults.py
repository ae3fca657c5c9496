"""Let the n-th write, fsync or rename of a step fail, or be the last thing that its process does.

Points are: what goes through a file that `Path.open` opened to write, `os.fsync`, `os.rename`,
`os.replace`, `os.link`, and of SQLite every statement that writes and every commit.
"""

from __future__ import annotations

import argparse
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

import kill_campaigns
from acqkit.errors import AcqkitError
from killable import run_in_fork

ROUNDS = 3
FAULTS = ("ENOSPC", "EIO", "kill before", "kill after")
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
        for name in ("fsync", "rename", "replace", "link"):
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
            return points.of(do, _sqlite_error) if writes else do()

        def executemany(self, statement: str, *given: Any) -> Any:
            return points.of(
                functools.partial(super().executemany, statement, *given), _sqlite_error
            )

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any, **__: Any) -> Any:
            return super().cursor(Cursor)

        def commit(self) -> None:
            if self.in_transaction:
                points.of(super().commit, _sqlite_error)

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


def campaign_case(root: Path) -> Callable[[int, str], str]:
    """init, ask and tell of a small campaign: after fault `at` all goes on as without it."""
    kill_campaigns.run_process(root / "twin", root / "twin.jsonl", None, ROUNDS)
    wanted = kill_campaigns.history(root / "twin")

    def check(at: int, fault: str) -> str:
        with tempfile.TemporaryDirectory(dir=root) as place:
            folder, journal = Path(place) / "campaign", Path(place) / "told.jsonl"
            with journal.open("a", encoding="utf-8") as file:
                found = outcome(lambda: kill_campaigns.work(folder, file, ROUNDS), at, fault)
            assert kill_campaigns.check_lost(folder, journal) == 0, (at, fault, found)
            kill_campaigns.run_process(folder, journal, None, ROUNDS)
            assert kill_campaigns.check_lost(folder, journal) == 0, (at, fault, found)
            assert kill_campaigns.history(folder) == wanted, (at, fault, found)
            kill_campaigns.check_whole(folder)
        return found

    return check


def main() -> None:
    """Print point, fault and what became of it, a line each; stop after the last point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--points", default="0:100000:1", help="first:last:step")
    given = parser.parse_args()
    # In memory where there is such a folder: no power is cut here, and syncing takes long.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as root:
        check = campaign_case(Path(root))
        for at in range(*map(int, given.points.split(":"))):
            for number, fault in enumerate(FAULTS):
                found = check(at, fault)
                if found == "done" and number == 0:
                    return
                print(at, fault, found, sep="\t", flush=True)


if __name__ == "__main__":
    main()
