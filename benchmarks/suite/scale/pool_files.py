"""Synthetic pools of any size, written in blocks: a folder of .npy, a data set of Parquet files.

Two views of a Gaussian mixture of unequal clusters; the class of a pair is that of its cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

DIM, CLASSES, CLUSTERS, LABELED = 128, 20, 300, 2000
FILES = 100
BLOCK = 16_384
CLASS_NAMES = [f"class{number:02d}" for number in range(CLASSES)]


def blocks(n: int) -> Iterator[tuple[slice, dict[str, NDArray[Any]]]]:
    """Columns of all pairs, some at a time; the same ones for the same `n`."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((CLUSTERS, DIM)).astype(np.float32)
    shares = rng.dirichlet(np.full(CLUSTERS, 0.7))
    labeled = np.zeros(n, dtype=bool)
    labeled[rng.permutation(n)[: min(LABELED, n // 10)]] = True
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        k = rows.stop - start
        cluster = rng.choice(CLUSTERS, k, p=shares)
        shared = centers[cluster] + 0.8 * rng.standard_normal((k, DIM), np.float32)
        sides = [shared + 0.5 * rng.standard_normal((k, DIM), np.float32) for _ in "ab"]
        yield (
            rows,
            {
                "modality_a": sides[0].astype(np.float16),
                "modality_b": sides[1].astype(np.float16),
                "labels": cluster % CLASSES,
                "labeled_round": np.where(labeled[rows], 0, -1).astype(np.int32),
                "ids": np.array([f"pair-{number:09d}" for number in range(start, rows.stop)]),
            },
        )


def write_npy(folder: Path, n: int) -> None:
    """A folder of `.npy`, with labels as 0/1 rows of a byte each."""
    files: dict[str, NDArray[Any]] = {}
    for rows, columns in blocks(n):
        columns["labels"] = np.eye(CLASSES, dtype=np.uint8)[columns["labels"]]
        for name, values in columns.items():
            if name not in files:
                shape = (n, *values.shape[1:])
                files[name] = np.lib.format.open_memmap(
                    folder / f"{name}.npy", "w+", values.dtype, shape
                )
            files[name][rows] = values
    np.save(folder / "class_names.npy", np.array(CLASS_NAMES))
    np.save(folder / "multilabel.npy", np.array(False))


def write_parquet(folder: Path, n: int) -> None:
    """A Parquet data set of `FILES` files, with the names of classes as a dictionary."""
    per_file = -(-n // FILES)
    writer: pq.ParquetWriter | None = None
    number, left = 0, 0
    for _, columns in blocks(n):
        table = _table(columns)
        while len(table):
            if writer is None:
                name = folder / f"part-{number:03d}.parquet"
                # Nearly every number of a vector is another: a dictionary of them is read at a
                # quarter of the speed.
                writer = pq.ParquetWriter(name, table.schema, use_dictionary=["labels"])
                number, left = number + 1, per_file
            writer.write_table(table.slice(0, left))
            taken = min(left, len(table))
            table, left = table.slice(taken), left - taken
            if left == 0:
                writer.close()
                writer = None
    if writer is not None:
        writer.close()


def _table(columns: dict[str, NDArray[Any]]) -> pa.Table:
    made: dict[str, pa.Array] = {
        name: pa.FixedSizeListArray.from_arrays(pa.array(columns[name].reshape(-1)), DIM)
        for name in ("modality_a", "modality_b")
    }
    made["labels"] = pa.DictionaryArray.from_arrays(
        pa.array(columns["labels"].astype(np.int8)), pa.array(CLASS_NAMES)
    )
    made |= {name: pa.array(columns[name]) for name in ("labeled_round", "ids")}
    return pa.table(made)
