"""A column of vectors in Parquet files: in memory where it is small, else read in chunks."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray
from acqkit.errors import PoolError
from acqkit.pool.arrow_vectors import Vectors, decoded, vector_blocks
from acqkit.pool.chunked import ChunkedFeatures, chunk_starts
from acqkit.pool.looked_through import looked_through
from acqkit.pool.parquet_parts import ParquetParts
from acqkit.pool.source import ColumnError

WHOLE_BYTES = 1 << 26
"""Bytes (64 MiB) of a modality up to which it is read into memory: then any pair is read at once,
and none twice."""


def open_vectors(
    parts: ParquetParts, name: str, key: str
) -> tuple[NDArray[Any] | ParquetFeatures, BoolArray]:
    """Column `name` of lists or tensors as `[n, ...]`, and the mask `[n]` of those not null.

    A column of more than `WHOLE_BYTES` is looked through once, in blocks, and not even once where
    that was done before and the files have not changed since. `key` is the column's name in
    messages. Raises ColumnError as `arrow_vectors.read_vectors` does.
    """
    present = np.zeros(len(parts), dtype=bool)
    blocks = vector_blocks(parts, name, key)
    first = next(blocks, None)
    if first is None:
        raise ColumnError(key, "is null in every row; a modality needs a vector in some pair")
    shape, dtype = (len(parts), *first.rows.shape[1:]), first.rows.dtype
    if dtype.itemsize * int(np.prod(shape)) <= WHOLE_BYTES:
        array = np.zeros(shape, dtype)
        for block in _all(first, blocks):
            array[block.at], present[block.at] = block.rows, True
        return array, present
    source = ParquetFeatures(parts, name, key, shape, dtype)
    return source, looked_through(source, parts.files, name, _all(first, blocks))


def _all(first: Vectors, others: Iterator[Vectors]) -> Iterator[Vectors]:
    yield first
    yield from others


class ParquetFeatures(ChunkedFeatures):
    """A column of vectors, decoded chunk by chunk; rows that are null are zeros."""

    def __init__(
        self,
        parts: ParquetParts,
        name: str,
        key: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
    ) -> None:
        # Files of its own, since both modalities may be read at once.
        self._parts, self._name, self._key = copy.copy(parts), name, key
        row_bytes = dtype.itemsize * int(np.prod(shape[1:]))
        self._places: list[tuple[int, int, int]] = []
        begin, starts = 0, []
        for file, groups in enumerate(parts.groups):
            for group, rows in enumerate(groups):
                own = chunk_starts(rows, row_bytes)[:-1]
                starts.append(begin + own)
                self._places += [(file, group, number) for number in range(len(own))]
                begin += rows
        super().__init__(shape, dtype, np.append(np.concatenate(starts), begin))
        self._size = max(1, int(np.diff(self.starts).max()))
        self._going: tuple[int, Iterator[pa.Array]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without what is being read."""
        return super().__getstate__() | {"_going": None}

    def _read(self, chunk: int) -> NDArray[Any]:
        file, group, number = self._places[chunk]
        if self._going is None or self._going[0] != chunk or number == 0:
            part = self._parts.part(file)
            blocks = part.group_blocks(group, self._name, self._size)
            for _ in range(number):
                next(blocks)
        else:
            blocks = self._going[1]
        block = next(blocks, None)
        self._going = (chunk + 1, blocks)
        start, stop = self.starts[chunk : chunk + 2].tolist()
        if block is None or len(block) != stop - start:
            raise PoolError(
                f"{self._parts.files[file].name} has other rows than when it was opened; open the "
                "pool again"
            )
        there = start + np.flatnonzero(block.is_valid().to_numpy(zero_copy_only=False))
        rows = np.zeros((len(block), *self.shape[1:]), self.dtype)
        if len(there):
            rows[there - start] = decoded(block, self._key, there, self.shape)
        return rows
