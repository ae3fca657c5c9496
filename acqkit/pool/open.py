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
from acqkit.pool.parquet_parts import data_files
from acqkit.pool.stored import StoredFile, is_url, listed
from acqkit.pool.stored_npy import open_stored

_TABLES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".tar"})
"""Suffixes of what is no pool, but what one is made of."""

_LAYOUTS = "an .npz file, a .parquet file, or a folder of .npy or of .parquet files"


def open_pool(path: Path | str, **options: Any) -> PairPool:
    """Open a pool: an `.npz`, a `.parquet`, a folder of `.npy` or `.parquet`, or one with a pool.

    Folders and Parquet files may be in an object store: `s3://bucket/folder`, or any other address
    that fsspec reads, with credentials from the environment.

    options: `name`, `modalities` and `multilabel` override what the file says; `columns`
    names the two feature columns of a Parquet file; `verify` False opens a saved file without
    comparing it with its digest. Raises PoolError naming the file, the
    column and the first offending row.
    """
    if is_url(path):
        return _open_address(str(path), options)
    path = Path(path)
    if not path.exists():
        raise PoolError(f"there is no file or folder {str(path)!r}{_similar(path)}")
    if path.is_dir():
        path = _inside(path)
    files: dict[str, Any] = {}
    if path.is_dir() and not _is_npy(path):
        open_it: Any = open_parquet
        files["files"] = _data_set(path)
    elif path.is_dir():
        open_it = open_folder
    elif path.suffix == ".npz":
        open_it = open_npz
    elif path.suffix == ".parquet":
        open_it = open_parquet
    else:
        if path.suffix.lower() in _TABLES:
            raise PoolError(f"{path} is a table or archive and no pool; {_how_to_build(path)}")
        raise PoolError(f"{path} is none of the pools that can be opened: {_LAYOUTS}")
    _check_options(options, open_it)
    pool: PairPool = open_it(path, **files, **options)
    return pool


def _open_address(url: str, options: dict[str, Any]) -> PairPool:
    files = listed(url)
    arrays = {file.parts[0] for file in files if len(file.parts) == 1}
    if {"modality_a.npy", "modality_b.npy"} & arrays:
        _check_options(options, open_stored)
        return open_stored(url, files, **options)
    found = data_files(files)
    if not found:
        raise PoolError(f"{url} is none of the pools that can be opened there: {_REMOTE}")
    _check_options(options, open_parquet)
    return open_parquet(url, files=found, **options)


_REMOTE = "a .parquet file, or a folder of .npy or of .parquet files"


def _is_npy(folder: Path) -> bool:
    return (folder / "modality_a.npy").exists() or (folder / "modality_b.npy").exists()


def _data_set(folder: Path) -> list[StoredFile]:
    """The files of a Parquet data set, also in folders in the folder."""
    paths = sorted(path for path in folder.rglob("*.parquet") if path.is_file())
    return data_files([StoredFile.local(path, folder) for path in paths])


def _inside(folder: Path) -> Path:
    """The folder itself if it is a pool, else the pool file in it."""
    if _is_npy(folder):
        return folder
    for name in ("pool.npz", "pool.parquet"):
        if (folder / name).exists():
            return folder / name
    if _data_set(folder):
        return folder
    if _holds_files(folder):
        raise PoolError(f"{folder} holds pictures or sounds and no pool; {_how_to_build(folder)}")
    held = sorted(entry.name for entry in folder.iterdir())[:8]
    raise PoolError(
        f"{folder} is a folder without modality_a.npy, pool.npz or any .parquet; it holds "
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
