"""A copy of a campaign's folder as it is at one moment, while others go on working in it."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from acqkit.store import queries
from acqkit.store.artifacts import HOME
from acqkit.store.database import FILE_NAME, Database


def back_up(folder: Path, database: Database, out: Path) -> None:
    """Fill `out` with the campaign in `folder`: its database, artifacts and sheets.

    Raises OSError and sqlite3.Error.
    """
    while True:
        database.copy(out / FILE_NAME)
        with closing(Database(out)) as copy:
            names = _names(copy)
        lost = [name for name in names if not _copied(folder / name, out / name)]
        # Another process has newer ones and removed these; else they were gone before.
        if not lost or names == _names(database):
            break
        shutil.rmtree(out / HOME, ignore_errors=True)
    for path in folder.iterdir():
        if path.is_file() and not path.name.startswith((FILE_NAME, ".")):
            shutil.copy2(path, out)


def _names(database: Database) -> set[str]:
    with database.read() as connection:
        return queries.artifacts_in_use(connection)


def _copied(artifact: Path, out: Path) -> bool:
    """Whether there is an artifact of that name, which is then copied."""
    try:
        shutil.copytree(artifact, out)
    except OSError:
        if artifact.exists():
            raise
        shutil.rmtree(out, ignore_errors=True)
        return False
    return True
