"""Small pools in each kind of file, with some columns as a test wants them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

N = 12
Builder = Callable[[Path], Path]


def good_arrays() -> dict[str, Any]:
    """Columns of a small pool with nothing wrong."""
    rng = np.random.default_rng(0)
    return {
        "modality_a": rng.standard_normal((N, 4)).astype(np.float32),
        "modality_b": rng.standard_normal((N, 3)).astype(np.float32),
        "labels": np.eye(3, dtype=np.uint8)[np.arange(N) % 3],
        "split": np.array(["train"] * 9 + ["test"] * 3),
        "class_names": np.array(["cat", "dog", "emu"]),
    }


def with_value(column: str, index: Any, value: Any, dtype: Any = None) -> Any:
    """A good column with one value changed."""
    array = np.array(good_arrays()[column], dtype=dtype)
    array[index] = value
    return array


def npz(changes: Callable[[], dict[str, Any]]) -> Builder:
    """Builds a `pool.npz` with some columns replaced; None leaves one out."""

    def build(folder: Path) -> Path:
        arrays = good_arrays() | changes()
        path = folder / "pool.npz"
        np.savez(path, **{name: values for name, values in arrays.items() if values is not None})
        return path

    return build


def folder(changes: Callable[[], dict[str, Any]]) -> Builder:
    """Builds a folder of `.npy` files with some columns replaced."""

    def build(into: Path) -> Path:
        for name, values in (good_arrays() | changes()).items():
            if values is not None:
                np.save(into / f"{name}.npy", values)
        return into

    return build


def parquet(changes: Callable[[], dict[str, Any]], meta: Any = None) -> Builder:
    """Builds a `pool.parquet` with some columns replaced."""

    def build(folder: Path) -> Path:
        arrays = good_arrays()
        columns: dict[str, Any] = {
            "modality_a": vectors(arrays["modality_a"]),
            "modality_b": vectors(arrays["modality_b"]),
            "labels": pa.array(["cat", "dog", "emu"] * (N // 3)),
        } | changes()
        table = pa.table({name: column for name, column in columns.items() if column is not None})
        if meta is not None:
            table = table.replace_schema_metadata({"acqkit": meta})
        pq.write_table(table, folder / "pool.parquet")
        return folder / "pool.parquet"

    return build


def vectors(array: Any) -> Any:
    """An array `[n, d]` as a column of fixed-size lists."""
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ravel(array)), np.shape(array)[1])
