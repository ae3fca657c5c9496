"""Reading arrays block by block, so that checking a pool does not load it."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray

BLOCK_BYTES = 1 << 18


def blocks(array: NDArray[Any], size: int | None = None) -> Iterator[tuple[int, NDArray[Any]]]:
    """`(first row, rows)` over an array `[n, ...]`, `size` rows or about 256 KiB at a time.

    A memory-mapped file is read through a small buffer and not through its map: pages
    touched through the map would count as memory of this process.
    """
    n = len(array)
    row_bytes = array.nbytes // n if n else 1
    size = size or max(1, BLOCK_BYTES // max(1, row_bytes))
    if covers_file(array):
        yield from _file_blocks(array, size)
        return
    for start in range(0, n, size):
        yield start, np.asarray(array[start : start + size])


def covers_file(array: NDArray[Any]) -> TypeGuard[np.memmap[Any, Any]]:
    """Whether an array is a whole memory-mapped file, from its offset on."""
    # A slice of a map keeps the offset of the whole; only the map itself has one as its base.
    if not isinstance(array, np.memmap) or not isinstance(array.base, mmap.mmap):
        return False
    # What is written to a copy-on-write map is not in its file.
    return array.flags.c_contiguous and array.mode != "c"


def _file_blocks(array: np.memmap[Any, Any], size: int) -> Iterator[tuple[int, NDArray[Any]]]:
    n, width = len(array), array.size // max(1, len(array))
    with Path(str(array.filename)).open("rb") as file:
        file.seek(array.offset)
        for start in range(0, n, size):
            k = min(size, n - start)
            values = np.fromfile(file, dtype=array.dtype, count=k * width)
            yield start, values.reshape((k, *array.shape[1:]))


def first_row(bad: BoolArray) -> int:
    """The first row of `[k, ...]` in which anything is true, or -1."""
    rows = bad.reshape(len(bad), -1).any(axis=1)
    return int(np.argmax(rows)) if rows.any() else -1
