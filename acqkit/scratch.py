"""Memory: how much is free, and large arrays in a file that nobody else sees, which take none.

The kernel writes their pages to the file and forgets them where memory is short; anonymous memory
it could only swap.
"""

from __future__ import annotations

import math
import mmap
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

SCRATCH_BYTES = 1 << 26
"""Bytes (64 MiB) from which an array lives in a file; smaller ones are in memory, as always."""

_BLOCK_BYTES = 1 << 22


def scratch(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array of zeros, `SCRATCH_BYTES` or larger ones in a temporary file.

    It has no name and is gone with the array. Where there is no room, the array is in memory.
    """
    kind = np.dtype(dtype)
    size = kind.itemsize * math.prod(shape if isinstance(shape, tuple) else (shape,))
    if size >= SCRATCH_BYTES and kind.kind != "O" and hasattr(os, "posix_fallocate"):
        try:
            with tempfile.TemporaryFile() as file:
                # Reserved at once: a page for which there is no room later would end the process.
                os.posix_fallocate(file.fileno(), 0, size)
                mapped = mmap.mmap(file.fileno(), size)
            return np.frombuffer(mapped, kind).reshape(shape)
        except OSError:
            pass
    return np.zeros(shape, kind)


def sparse(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array of zeros in memory of which only those pages take room that are written to.

    The kernel would give two MiB to each row that is written where it has huge pages.
    """
    kind = np.dtype(dtype)
    size = kind.itemsize * math.prod(shape)
    if size < SCRATCH_BYTES or not hasattr(mmap, "MADV_NOHUGEPAGE"):
        return np.zeros(shape, kind)
    mapped = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel without huge pages
        mapped.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(mapped, kind).reshape(shape)


def taken(values: NDArray[Any], rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
    """`values[rows]`, `[k, ...]`, as `scratch` makes arrays."""
    if values.dtype.kind == "O" or len(rows) * values[:1].nbytes < SCRATCH_BYTES:
        return np.asarray(values[rows])
    found = scratch((len(rows), *values.shape[1:]), values.dtype)
    size = max(1, _BLOCK_BYTES // max(1, values[:1].nbytes))
    for start in range(0, len(rows), size):
        found[start : start + size] = values[rows[start : start + size]]
    return found


def free_memory() -> int | None:
    """Bytes that programs may take before the kernel has to swap; None where it does not say."""
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    return None
