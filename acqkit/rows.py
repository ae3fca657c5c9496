"""Rows of arrays: gathered quickly, and checked before anybody computes with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acqkit.errors import EmbeddingError
from acqkit.half import as_float32

DEFAULT_BLOCK_SIZE = 16_384


def take_rows(values: NDArray[np.float32], rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
    """Rows of an array `[n, d]` as float32, in which large ones are not kept (float16).

    `take` gathers short rows four times as fast as indexing does.

    Where rows are not contiguous it would copy the whole array first, so they are indexed.
    """
    if values.dtype == np.float16:
        return as_float32(values[rows])
    if isinstance(rows, np.ndarray) and rows.dtype == np.int64:
        if values.shape[1] == 0:
            return np.empty((len(rows), 0), dtype=values.dtype)
        if not values.flags.c_contiguous:
            return values[rows]
        return np.take(np.asarray(values), rows, axis=0)
    return values[rows]


def check_rows(
    name: str, values: NDArray[np.float32] | None, n: int, positions: NDArray[np.int64]
) -> None:
    """Raise EmbeddingError unless an array is `[n, d]` and finite; `positions` `[n]` name rows."""
    if values is None:
        return
    if values.ndim != 2 or len(values) != n:
        raise EmbeddingError(f"{name} has shape {values.shape}, wanted [{n}, width]")
    for start in range(0, n, DEFAULT_BLOCK_SIZE):
        block = values[start : start + DEFAULT_BLOCK_SIZE]
        if not np.isfinite(block.sum(dtype=np.float64)):
            bad = ~np.isfinite(block).all(axis=1)
            if bad.any():
                row = int(positions[start + int(np.argmax(bad))])
                raise EmbeddingError(
                    f"{name} has NaN or infinite values, first at position {row}; "
                    "look at the features or the learning rate"
                )
