"""Pools in one `.npz` file."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.errors import PoolError
from acqkit.pool.arrays import KEYS, check_keys, checked_fields, read_mapping
from acqkit.pool.pairs import PairPool
from acqkit.pool.sidecar import open_sidecar
from acqkit.pool.source import ColumnError, Source, one_line

UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    MemoryError,
    OverflowError,
    RuntimeError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy and zipfile raise for files that are cut short, damaged or encrypted."""


def open_npz(
    path: Path,
    *,
    name: str | None = None,
    modalities: tuple[str, str] | None = None,
    multilabel: bool | None = None,
) -> PairPool:
    """Open a pool of arrays by the keys in `acqkit.pool.arrays.KEYS`, read into memory.

    `modality_a` and `modality_b` `[n, ...]` (float16 stays so in memory), `labels`, `split`,
    `class_names`, and where wanted `ids`, `modality_names`, masks, `cost`, `group` and
    `labeled_round`. A file called `pool.npz` may have items to look at beside it. Raises
    PoolError.
    """
    named_pool = path.stem == "pool"
    with Source(str(path)).naming():
        data = _read(path)
        columns = read_mapping(
            data,
            name=name or (path.resolve().parent.name if named_pool else path.stem),
            modalities=modalities,
            multilabel=multilabel,
            display=open_sidecar(path.parent, data["modality_a"]) if named_pool else None,
        )
        return PairPool(**checked_fields(columns))


def _read(path: Path) -> dict[str, Any]:
    try:
        # Opened here, because numpy leaves the file open when it is no archive.
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise PoolError(f"{path} holds a single array, wanted an archive of several")
            check_keys(archive.files)
            return {key: _array(archive, key) for key in archive if key in KEYS}
    except UNREADABLE as error:
        if isinstance(error, PoolError):
            raise
        raise PoolError(f"{path} {unreadable(error)}") from None


def _array(archive: Any, key: str) -> Any:
    try:
        return archive[key]
    except UNREADABLE as error:
        raise ColumnError(key, unreadable(error)) from None


def unreadable(error: Exception) -> str:
    """Why an array cannot be read, as the end of a sentence."""
    text = str(error)
    if "Object arrays" in text:
        return "holds Python objects; save it with a plain dtype such as float32 or str"
    if "pickled" in text:  # what numpy says of any file whose beginning it does not know
        return "does not begin as numpy's files do; it may be truncated, or of another kind"
    return f"cannot be read ({one_line(error)}); it may be truncated"
