"""Blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, IntArray


def row_blocks(rows: IntArray, size: int = DEFAULT_BLOCK_SIZE) -> Iterator[IntArray]:
    """`rows` `[n]` in blocks of at most `size`, in order, without copying."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
