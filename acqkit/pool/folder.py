"""Pools as a folder of `.npy` files, opened memory-mapped, and saving a pool as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from acqkit.errors import PoolError
from acqkit.files import publish, temporary_folder
from acqkit.pool.arrays import KEYS, check_keys, checked_fields, read_mapping
from acqkit.pool.display_file import DisplayFile
from acqkit.pool.features import ArrayFeatures, FeatureSource, FeatureSubset
from acqkit.pool.pairs import PairPool
from acqkit.pool.sidecar import open_sidecar
from acqkit.pool.source import Source, reading

_ROWS_WRITTEN = 8192
_ITEMS_WRITTEN = 256
"""Rows of display columns in memory at a time, which may be photos of megabytes each."""


def open_folder(
    path: Path,
    *,
    name: str | None = None,
    modalities: tuple[str, str] | None = None,
    multilabel: bool | None = None,
) -> PairPool:
    """Open a pool of one `.npy` file per column, named as in `acqkit.pool.arrays.KEYS`.

    Nothing is read into memory but what is checked, block by block; labels stay in the
    file where they are a 0/1 matrix of one byte each. Raises PoolError.
    """
    files = {file.stem: file for file in sorted(path.glob("*.npy"))}
    with Source(str(path), folder=True).naming():
        check_keys(files)
        data = {key: _open_array(file) for key, file in files.items() if key in KEYS}
        columns = read_mapping(
            data,
            name=name or path.resolve().name,
            modalities=modalities,
            multilabel=multilabel,
            display=open_sidecar(path, data["modality_a"]),
        )
        return PairPool(**checked_fields(columns))


def _open_array(file: Path) -> NDArray[Any]:
    with reading(file):
        array: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
        return array


def save_pool(pool: PairPool, folder: Path | str) -> Path:
    """Write a pool as a folder that `open_folder` opens; returns it.

    Features are read and written block by block. What is known of labels and the truth are
    both kept, and files that display columns name are written into it. The folder appears whole
    or not at all. Raises PoolError when it is there already, when the pool holds raw items,
    which have no array, or when such a file cannot be read.
    """
    folder = Path(folder)
    if folder.exists():
        raise PoolError(f"{folder} is there already; choose another folder or remove it first")
    if pool.dims is None and not all(_is_array(source) for source in pool.features):
        raise PoolError(f"pool {pool.name!r} holds raw items; only pools of arrays can be saved")
    with temporary_folder(folder) as temporary:
        _write(pool, temporary)
        publish(temporary, folder)
    return folder


def _is_array(source: FeatureSource) -> bool:
    base = source.base if isinstance(source, FeatureSubset) else source
    return isinstance(base, ArrayFeatures)


def _write(pool: PairPool, folder: Path) -> None:
    for letter, source in zip("ab", pool.features, strict=True):
        _write_features(source, folder / f"modality_{letter}.npy")
    columns: dict[str, Any] = {
        "class_names": np.array(pool.class_names),
        "modality_names": np.array(pool.modalities),
        "multilabel": np.array(pool.multilabel),
        "cost": pool.cost,
        "group": pool.group,
        "modality_a_present": pool.present[0],
        "modality_b_present": pool.present[1],
        "labels": pool.truth,
    }
    if pool.test is not None:
        columns["split"] = np.where(pool.test, "test", "train")
    if pool.explicit_ids is not None:
        columns["ids"] = _saved_ids(pool.explicit_ids)
    if pool.known is not None:
        columns["labeled_round"] = pool.known.round
        columns["labels"] = pool.known.matrix if pool.truth is None else pool.truth
    for name, values in columns.items():
        if values is not None:
            np.save(folder / f"{name}.npy", np.asarray(values), allow_pickle=False)
    if pool.display:
        _write_display(pool, folder / "items.parquet")


def _write_features(source: FeatureSource, file: Path) -> None:
    n = len(source)
    stored = _stored_dtype(source)
    # float32, as which features are read, holds every value of a dtype this narrow.
    dtype = stored if stored.itemsize <= 2 else np.dtype(np.float32)
    array: NDArray[Any] | None = None
    for start in range(0, n, _ROWS_WRITTEN):
        block = source.rows(np.arange(start, min(start + _ROWS_WRITTEN, n)))
        if array is None:
            array = open_memmap(file, mode="w+", dtype=dtype, shape=(n, *block.shape[1:]))
        array[start : start + len(block)] = block
    if isinstance(array, np.memmap):
        array.flush()


def _stored_dtype(source: FeatureSource) -> np.dtype[Any]:
    base = source.base if isinstance(source, FeatureSubset) else source
    return base.array.dtype if isinstance(base, ArrayFeatures) else np.dtype(np.float32)


def _saved_ids(ids: NDArray[Any]) -> NDArray[Any]:
    if ids.dtype.kind != "O":
        return ids
    raise PoolError(
        f"ids such as {ids[0]!r} cannot be saved; only integers alone or strings alone can"
    )


def _write_display(pool: PairPool, file: Path) -> None:
    names = list(pool.display)
    kinds = {name: _arrow_type(name, pool.display[name]) for name in names}
    schema = pa.schema(list(kinds.items()))
    with pq.ParquetWriter(file, schema) as writer:
        for start in range(0, len(pool), _ITEMS_WRITTEN):
            rows = range(start, min(start + _ITEMS_WRITTEN, len(pool)))
            columns = {name: [_stored(pool.display[name][i]) for i in rows] for name in names}
            writer.write_table(pa.table(columns, schema=schema))


def _stored(value: Any) -> Any:
    """A file's content, for the saved pool lies elsewhere; other values as they are."""
    file = DisplayFile.at(value) if isinstance(value, Path) else value
    if not isinstance(file, DisplayFile):
        return value
    try:
        return file.read()
    except PoolError as error:
        raise PoolError(f"{file} {error}; a saved pool holds what it shows") from None


def _arrow_type(name: str, column: Sequence[Any]) -> pa.DataType:
    for index in range(len(column)):
        value = column[index]
        if isinstance(value, bytes | DisplayFile | Path):
            return pa.binary()
        if isinstance(value, str):
            return pa.string()
        if value is not None:
            raise PoolError(
                f"display column {name!r} holds {type(value).__name__} objects; only text and "
                "bytes can be saved"
            )
    return pa.string()
