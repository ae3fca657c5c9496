"""Pools as a folder of `.npy` files, opened memory-mapped, and saving a pool as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from acqkit.errors import PoolError
from acqkit.files import publish, temporary_folder, whole_file
from acqkit.half import is_bfloat16
from acqkit.pool.arrays import KEYS, check_keys, checked_fields, read_mapping
from acqkit.pool.built import read_encoders
from acqkit.pool.chunked import ChunkedFeatures
from acqkit.pool.display_file import DisplayFile
from acqkit.pool.features import ArrayFeatures, FeatureSource, FeatureSubset
from acqkit.pool.npz import write_npz
from acqkit.pool.pairs import PairPool
from acqkit.pool.sidecar import open_sidecar, write_items
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
    verify: bool = True,
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
            display=open_sidecar(path, data["modality_a"], verify),
        )
        pool = PairPool(**checked_fields(columns))
    return replace(pool, encoders=read_encoders(path, pool.modalities))


def _open_array(file: Path) -> NDArray[Any]:
    with reading(file):
        array: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
        return array


def save_pool(pool: PairPool, path: Path | str) -> Path:
    """Write a pool as a folder, or as one file where `path` ends in `.npz`; returns the path.

    For a folder features are read and written block by block, for a file they are held in
    memory. A file, and what is shown in a folder, carry a digest that is compared on opening.

    What is known of labels and the truth are both kept, and files that display columns name are
    written into the folder. It appears whole or not at all. Raises PoolError when it is there
    already, when the pool holds raw items, which have no array, when such a file cannot be read,
    or when a file is to hold display columns.
    """
    path = Path(path)
    if path.exists():
        raise PoolError(f"{path} is there already; choose another path or remove it first")
    if pool.dims is None and not all(_is_array(source) for source in pool.features):
        raise PoolError(f"pool {pool.name!r} holds raw items; only pools of arrays can be saved")
    if path.suffix == ".npz":
        _save_file(pool, path)
        return path
    with temporary_folder(path) as temporary:
        write_folder(pool, temporary)
        publish(temporary, path)
    return path


def _save_file(pool: PairPool, path: Path) -> None:
    if pool.display:
        raise PoolError(
            f"{path} cannot hold what pool {pool.name!r} shows ({', '.join(pool.display)}); save "
            "it as a folder"
        )
    columns = _columns(pool)
    for letter, source in zip("ab", pool.features, strict=True):
        values = source.rows(np.arange(len(pool)))
        columns[f"modality_{letter}"] = values.astype(_saved_dtype(source), copy=False)
    with whole_file(path) as file:
        write_npz(file, columns)


def _is_array(source: FeatureSource) -> bool:
    base = source.base if isinstance(source, FeatureSubset) else source
    return isinstance(base, ArrayFeatures | ChunkedFeatures)


def write_folder(pool: PairPool, folder: Path) -> None:
    """Write a pool's files into a folder that is there; raises what `save_pool` does."""
    for letter, source in zip("ab", pool.features, strict=True):
        _write_features(source, folder / f"modality_{letter}.npy")
    for name, values in _columns(pool).items():
        np.save(folder / f"{name}.npy", values, allow_pickle=False)
    if pool.display:
        _write_display(pool, folder / "items.parquet")


def _columns(pool: PairPool) -> dict[str, NDArray[Any]]:
    """All that is saved but features and what is shown, by the names of `KEYS`."""
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
    return {name: np.asarray(values) for name, values in columns.items() if values is not None}


def _write_features(source: FeatureSource, file: Path) -> None:
    n = len(source)
    dtype = _saved_dtype(source)
    array: NDArray[Any] | None = None
    for start in range(0, n, _ROWS_WRITTEN):
        block = source.rows(np.arange(start, min(start + _ROWS_WRITTEN, n)))
        if array is None:
            array = open_memmap(file, mode="w+", dtype=dtype, shape=(n, *block.shape[1:]))
        array[start : start + len(block)] = block
    if isinstance(array, np.memmap):
        array.flush()


def _saved_dtype(source: FeatureSource) -> np.dtype[Any]:
    base = source.base if isinstance(source, FeatureSubset) else source
    array = base.array if isinstance(base, ArrayFeatures) else base
    stored = np.dtype(getattr(array, "dtype", np.float32))
    # float32, as which features are read, holds every value of a dtype this narrow.
    narrow = stored.itemsize <= 2 and not is_bfloat16(stored)
    return stored if narrow else np.dtype(np.float32)


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
    starts = range(0, len(pool), _ITEMS_WRITTEN)
    groups = (range(start, min(start + _ITEMS_WRITTEN, len(pool))) for start in starts)
    write_items(file, schema, (
        {name: [_stored(pool.display[name][i]) for i in rows] for name in names} for rows in groups
    ))  # fmt: skip


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
