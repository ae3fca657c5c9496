"""`open_pool`: a pool from a path, whatever its layout."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from acqkit.errors import PoolError, did_you_mean
from acqkit.pool.display import AUDIO_SUFFIXES, IMAGE_SUFFIXES
from acqkit.pool.folder import open_folder
from acqkit.pool.npz import open_npz
from acqkit.pool.pairs import PairPool
from acqkit.pool.parquet import open_parquet

_TABLES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".tar"})
"""Suffixes of what is no pool, but what one is made of."""

_LAYOUTS = "an .npz file, a .parquet file or a folder of .npy files"


def open_pool(path: Path | str, **options: Any) -> PairPool:
    """Open a pool: an `.npz`, a `.parquet`, a folder of `.npy`, or a folder that holds one.

    options: `name`, `modalities` and `multilabel` override what the file says; `columns`
    names the two feature columns of a Parquet file; `verify` False opens a saved file without
    comparing it with its digest. Raises PoolError naming the file, the
    column and the first offending row.
    """
    path = Path(path)
    if not path.exists():
        raise PoolError(f"there is no file or folder {str(path)!r}{_similar(path)}")
    if path.is_dir():
        path = _inside(path)
    if path.is_dir():
        open_it: Any = open_folder
    elif path.suffix == ".npz":
        open_it = open_npz
    elif path.suffix == ".parquet":
        open_it = open_parquet
    else:
        if path.suffix.lower() in _TABLES:
            raise PoolError(f"{path} is a table or archive and no pool; {_how_to_build(path)}")
        raise PoolError(f"{path} is none of the pools that can be opened: {_LAYOUTS}")
    _check_options(options, open_it)
    pool: PairPool = open_it(path, **options)
    return pool


def _inside(folder: Path) -> Path:
    """The folder itself if it is a pool, else the pool file in it."""
    if (folder / "modality_a.npy").exists() or (folder / "modality_b.npy").exists():
        return folder
    for name in ("pool.npz", "pool.parquet"):
        if (folder / name).exists():
            return folder / name
    if _holds_files(folder):
        raise PoolError(f"{folder} holds pictures or sounds and no pool; {_how_to_build(folder)}")
    held = sorted(entry.name for entry in folder.iterdir())[:8]
    raise PoolError(
        f"{folder} is a folder without modality_a.npy, pool.npz or pool.parquet; it holds "
        f"{', '.join(held) or 'nothing'}"
    )


def _how_to_build(source: Path) -> str:
    """The command that makes a pool of a table, or of a folder of files and the table by it."""
    table: Path | None = source
    if source.is_dir():
        table = next((one for home in (source, source.parent) for one in _tables(home)), None)
    # Of pictures alone, their names are the other side.
    columns = "--b name" if table is None else "--a COLUMN --b COLUMN"
    return (
        f"`acqkit pool build {shlex.quote(str(table or source))} {columns} --encode-a ENCODER "
        f"--encode-b ENCODER {'--classes FILE' if table is None else '--label COLUMN'} --out DIR` "
        "makes one of it"
    )


def _tables(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _TABLES)


def _holds_files(folder: Path) -> bool:
    """Whether there are pictures or sounds in it, or in the folders in it."""
    found = (*folder.iterdir(), *(path for inner in _folders(folder) for path in inner.iterdir()))
    return any(path.suffix.lower() in IMAGE_SUFFIXES | AUDIO_SUFFIXES for path in found)


def _folders(folder: Path) -> list[Path]:
    return [entry for entry in folder.iterdir() if entry.is_dir() and os.access(entry, os.R_OK)]


def _similar(path: Path) -> str:
    if not path.parent.is_dir():
        return f"; there is no folder {str(path.parent)!r} either"
    names = [entry.name for entry in path.parent.iterdir()]
    return f"; {hint}" if (hint := did_you_mean(path.name, names, "")) else ""


def _check_options(options: dict[str, Any], open_it: Any) -> None:
    known = {"name", "modalities", "multilabel", "verify"} | (
        {"columns"} if open_it is open_parquet else set()
    )
    unknown = sorted(set(options) - known)
    if unknown:
        raise PoolError(
            f"unknown option {unknown[0]!r} of a pool; known: {', '.join(sorted(known))}"
        )
