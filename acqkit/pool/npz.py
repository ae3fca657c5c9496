"""Pools in one `.npz` file."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from acqkit.errors import PoolError
from acqkit.pool.arrays import KEYS, check_keys, checked_fields, read_mapping
from acqkit.pool.digest import columns_digest
from acqkit.pool.pairs import PairPool
from acqkit.pool.sidecar import open_sidecar
from acqkit.pool.source import Source, check_digest, check_repeated, reading


def open_npz(
    path: Path,
    *,
    name: str | None = None,
    modalities: tuple[str, str] | None = None,
    multilabel: bool | None = None,
    verify: bool = True,
) -> PairPool:
    """Open a pool of arrays by the keys in `acqkit.pool.arrays.KEYS`, read into memory.

    `modality_a` and `modality_b` `[n, ...]` (float16 stays so in memory), `labels`, `split`,
    `class_names`, and where wanted `ids`, `modality_names`, masks, `cost`, `group` and
    `labeled_round`. A file called `pool.npz` may have items to look at beside it. `verify`
    compares what is read with the digest in a file that `save_pool` wrote. Raises PoolError.
    """
    named_pool = path.stem == "pool"
    with Source(str(path)).naming():
        data = _read(path, verify)
        columns = read_mapping(
            data,
            name=name or (path.resolve().parent.name if named_pool else path.stem),
            modalities=modalities,
            multilabel=multilabel,
            display=(open_sidecar(path.parent, data["modality_a"], verify) if named_pool else None),
        )
        return PairPool(**checked_fields(columns))


DIGEST = "acqkit_digest"
"""The member of a saved pool that is a digest of the others."""


def write_npz(file: IO[bytes], columns: dict[str, NDArray[Any]]) -> None:
    """Write columns by their names in `KEYS`, with a digest of them."""
    np.savez(file, **columns, **{DIGEST: np.array(columns_digest(columns))})  # type: ignore[arg-type]


def _read(path: Path, verify: bool) -> dict[str, NDArray[Any]]:
    # Opened here, because numpy leaves the file open when it is no archive.
    with reading(path), path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise PoolError(f"{path} holds a single array, wanted an archive of several")
        _check_names(archive)
        check_repeated(path, archive.files)
        check_keys(archive.files)
        columns = {key: _array(path, archive, key) for key in archive.files if key in KEYS}
        if verify and DIGEST in archive.files:
            check_digest(path, str(_array(path, archive, DIGEST)), columns_digest(columns))
        return columns


def _check_names(archive: Any) -> None:
    """Raise BadZipFile where a member's own header has another name than the list of members.

    A damaged name would make an array one that is not asked for.
    """
    for member in archive.zip.infolist():
        archive.zip.open(member).close()


def _array(path: Path, archive: Any, key: str) -> NDArray[Any]:
    with reading(f"{path}: {key}"):
        array: NDArray[Any] = archive[key]
        return array
