"""One cell from its settings to its finished folder."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from acqkit.config import amount_of
from acqkit.errors import EmbeddingError
from acqkit.files import write_text
from acqkit.loading import load_pool
from acqkit.pool import PairPool
from acqkit.runner import run
from acqkit.runs import Results
from suite.cells import Cell
from suite.config import without_labels

RESULTS = "results.json"
FAILURE = "failure.json"


class Outcome(BaseModel):
    """What is kept of a cell: acqkit's results, and who chose the first batch.

    `first_batch` is `random` where the strategy needs a classifier and so cannot choose
    before there are labels: its first batch is then the one that the strategy `random` picks
    for this seed, and its budgets are those of all the others.
    """

    key: str
    settings: dict[str, Any]
    commit: str
    first_batch: Literal["own", "random"]
    results: Results


class Failed(BaseModel):
    """Why a cell could not be finished."""

    key: str
    settings: dict[str, Any]
    error: str


def folder_of(cell: Cell, out: Path) -> Path:
    """Where a cell's files lie."""
    return out / "cells" / cell.key


def finished(cell: Cell, out: Path) -> bool:
    """Whether the cell need not be run again."""
    return (folder_of(cell, out) / RESULTS).exists()


def read_outcome(cell: Cell, out: Path) -> Outcome | Failed | None:
    """What a cell came to; None where it has not been run to an end."""
    folder = folder_of(cell, out)
    try:
        if (folder / RESULTS).exists():
            return Outcome.model_validate_json((folder / RESULTS).read_text(encoding="utf-8"))
        if (folder / FAILURE).exists():
            return Failed.model_validate_json((folder / FAILURE).read_text(encoding="utf-8"))
    except ValidationError as error:
        reason = f"its files cannot be read: {error.error_count()} values are wrong"
        return Failed(key=cell.key, settings=cell.settings, error=reason)
    return None


def run_cell(cell: Cell, out: Path, commit: str = "") -> str:
    """Run one cell to its end and give an empty string, or the reason why it failed.

    A cell that was killed goes on where it stood; one that failed begins its last round again.
    `commit` is kept with the results.
    """
    folder = folder_of(cell, out)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        first_batch, results = _simulate(cell, folder)
    except Exception as error:  # noqa: BLE001 - a failing cell must not take the others down
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        write_failure(cell, out, reason)
        return reason
    outcome = Outcome(
        key=cell.key,
        settings=cell.settings,
        commit=commit,
        first_batch=first_batch,
        results=results,
    )
    _write(folder / RESULTS, outcome.model_dump(mode="json", by_alias=True, exclude_none=True))
    (folder / FAILURE).unlink(missing_ok=True)
    # Embeddings and databases of thousands of cells would fill disks, and nobody reads them.
    for attempt in ("own", "random"):
        shutil.rmtree(folder / attempt, ignore_errors=True)
    return ""


def write_failure(cell: Cell, out: Path, reason: str) -> None:
    """Record that a cell failed, for the table."""
    folder = folder_of(cell, out)
    folder.mkdir(parents=True, exist_ok=True)
    failed = Failed(key=cell.key, settings=cell.settings, error=reason)
    _write(folder / FAILURE, failed.model_dump(mode="json"))


def _simulate(cell: Cell, folder: Path) -> tuple[Literal["own", "random"], Results]:
    settings = dict(cell.settings)
    first_batch = settings.pop("first_batch", "auto")
    del settings["pool"]
    pool = _pool(cell.place.source, json.dumps(cell.place.options))
    settings |= {"seeds": 1, "first_seed": settings.pop("seed")}
    if not without_labels(settings["initial"]):
        return "random", run(pool, **settings, out=folder / "own")
    if first_batch == "auto":
        try:
            return "own", run(pool, **settings, out=folder / "own")
        except EmbeddingError:
            # It needs class probabilities, which no model has before the first label.
            pass
    batches = settings["per_round"]
    settings |= {"initial": amount_of(batches, 1), "rounds": settings["rounds"] - 1}
    if isinstance(batches, list):
        settings["per_round"] = batches[1:] or batches
    return "random", run(pool, **settings, out=folder / "random")


@functools.lru_cache(maxsize=1)
def _pool(source: str, options: str) -> PairPool:
    """The pool, kept in memory for the next cell: cells of one pool follow each other."""
    return load_pool(source, **json.loads(options))


def _write(path: Path, data: dict[str, Any]) -> None:
    write_text(path, json.dumps(data))
