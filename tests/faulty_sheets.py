"""Sheets that are written and told with faults: whole or not at all, and to be had again."""

from __future__ import annotations

import csv
import functools
import io
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from faulty_commands import append, command, install
from injected_faults import Check, outcome

from acqkit.pool.folder import save_pool
from acqkit.store import SqliteStore, StoredBatch
from acqkit.testing import make_pool
from killable import run_in_fork

LABELS = ("class0", "class1", "?")


def work(pool: Path, place: Path) -> None:
    """Three batches: a sheet under a name of its own, one by default, one that got lost.

    Done again after a fault, it goes on as somebody would who was told what is stored.
    """
    folder = place / "campaign"
    if not folder.exists():
        parts = ("--strategy", "random", "--trainer", "noted", "--model", "light")
        command("campaign", "init", folder, "--pool", pool, *parts)
    for number, sheet in enumerate((place / "monday.csv", None, None)):
        batch_id = f"batch-{number:03d}"
        path = sheet or folder / f"{batch_id}.csv"
        given = () if sheet is None else ("--sheet", sheet)
        if number == len(batches(folder)):
            command("campaign", "ask", folder, "-n", 3, *given)
        elif not path.exists() and number < 2:
            command("campaign", "sheet", folder, batch_id, *given)
        if number == 2:  # lost: nobody finds it
            path = place / "again.csv"
            if not path.exists():
                command("campaign", "sheet", folder, batch_id, "--sheet", path)
        fill(path)
        command("campaign", "tell", folder, path, "--annotator", "ann")


def batches(folder: Path) -> list[StoredBatch]:
    """The batches that are stored."""
    with closing(SqliteStore.open(folder)) as store:
        return store.batches()


def fill(path: Path) -> None:
    """Write the labels into a sheet, if nobody has yet; as it was is kept beside it."""
    asked = path.with_suffix(".asked")
    if not asked.exists():
        content = path.read_bytes()
        path.unlink()
        append(asked, content)
        append(path, filled(content))


def filled(sheet: bytes) -> bytes:
    """A sheet with a label in each row."""
    header, *rows = csv.reader(io.StringIO(sheet.decode(), newline=""))
    labeled = [[*row[:-1], LABELS[number % 3]] for number, row in enumerate(rows)]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *labeled])
    return text.getvalue().encode()


def facts(folder: Path) -> Any:
    """Batches with what was answered, without times."""
    with closing(SqliteStore.open(folder)) as store:
        told = [(a.position, a.annotator, a.classes) for a in store.answers_log()]
    return [(b.batch_id, b.positions.tolist(), b.pending.tolist()) for b in batches(folder)], told


def check_whole(place: Path, sheets: dict[str, bytes], what: Any) -> None:
    """Assert that each sheet is as asked or as filled, and each batch told whole or not at all."""
    for name, asked in sheets.items():
        if (place / name).exists():
            assert (place / name).read_bytes() in (asked, filled(asked)), (name, what)
    folder = place / "campaign"
    for batch in batches(folder) if folder.exists() else ():
        assert len(batch.positions) == 3 and len(batch.pending) in (0, 3), (batch.batch_id, what)


def sheets_case(root: Path) -> Check:
    """What a command wrote or took is there whole, and what it did not the same command does."""
    install()
    pool, twin = root / "pool.npz", root / "twin"
    save_pool(make_pool(40, 3, test_share=0.25), pool)
    twin.mkdir()
    work(pool, twin)
    wanted = facts(twin / "campaign")
    names = ("monday.csv", "campaign/batch-001.csv", "again.csv")
    sheets = {name: (twin / name).with_suffix(".asked").read_bytes() for name in names}

    def check(at: int, fault: str) -> str:
        with tempfile.TemporaryDirectory(dir=root) as folder:
            place = Path(folder)
            found = outcome(lambda: work(pool, place), at, fault)
            what = (at, fault, found)
            check_whole(place, sheets, what)
            if found == "refused":
                assert not (left := [*place.rglob(".*.new")]), (what, left)
            run_in_fork(functools.partial(work, pool, place), None)
            check_whole(place, sheets, what)
            assert facts(place / "campaign") == wanted, what
        return found

    return check
