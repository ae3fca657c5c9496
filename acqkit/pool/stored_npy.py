"""A folder of `.npy` files in an object store: features in chunks, the other columns at once."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from acqkit.pool.arrays import KEYS, check_keys, checked_fields, read_mapping
from acqkit.pool.arrow_vectors import Vectors
from acqkit.pool.checks import check_numbers
from acqkit.pool.chunked import CHUNK_BYTES, ChunkedFeatures, chunk_starts
from acqkit.pool.looked_through import looked_through
from acqkit.pool.pairs import PairPool
from acqkit.pool.source import ColumnError, Source, reading
from acqkit.pool.stored import StoredFile
from acqkit.scratch import scratch

_HEADER = 1 << 14
"""Bytes in which the header of a file is looked for; it has some hundred."""

_FEATURES = ("modality_a", "modality_b")


def open_stored(
    url: str,
    files: Sequence[StoredFile],
    *,
    name: str | None = None,
    modalities: tuple[str, str] | None = None,
    multilabel: bool | None = None,
    verify: bool = True,
) -> PairPool:
    """Open a pool of one `.npy` file per column, as `open_folder` does. Raises PoolError.

    verify: for the sake of `open_pool`; there is nothing to compare.
    """
    columns = {file.parts[0][:-4]: file for file in files if file.parts[0].endswith(".npy")}
    with Source(url, folder=True).naming():
        check_keys(columns)
        data: dict[str, Any] = {}
        for key, file in columns.items():
            if key in KEYS:
                array = StoredArray(file, key)
                data[key] = array.features() if key in _FEATURES else array.whole()
        given = read_mapping(
            data,
            name=name or url.rstrip("/").rpartition("/")[2],
            modalities=modalities,
            multilabel=multilabel,
        )
        return PairPool(**checked_fields(given))


class StoredArray(ChunkedFeatures):
    """The array in a `.npy` file, read by ranges of bytes."""

    def __init__(self, file: StoredFile, key: str) -> None:
        head = io.BytesIO(file.read(0, _HEADER))
        with reading(file.name):
            version = npy.read_magic(head)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, dtype = read(head)
        if fortran and len(shape) > 1:
            raise ColumnError(key, "is stored column by column; save it with order='C'")
        self._file, self._offset, self._key = file, head.tell(), key
        self._row = dtype.itemsize * int(np.prod(shape[1:]))
        super().__init__(shape, dtype, chunk_starts(shape[0] if shape else 0, self._row))

    def features(self) -> StoredArray:
        """Itself, looked through once; raises ColumnError where it has no rows of numbers."""
        check_numbers(self.dtype, self.shape, self._key)
        looked_through(self, [self._file], self._key, self._vectors())
        return self

    def _vectors(self) -> Iterator[Vectors]:
        for number, (start, stop) in enumerate(itertools.pairwise(self.starts.tolist())):
            yield Vectors(start, stop - start, np.arange(start, stop), self.chunk(number))

    def whole(self) -> NDArray[Any]:
        """All of it: on this machine's disk where it is large."""
        size = self.dtype.itemsize * int(np.prod(self.shape))
        if self.dtype.kind == "O":
            raise ColumnError(self._key, "holds Python objects")
        found = scratch(self.shape, self.dtype)
        flat = found.reshape(-1).view(np.uint8) if size else found
        for start in range(0, size, CHUNK_BYTES):
            stop = min(start + CHUNK_BYTES, size)
            data = self._file.read(self._offset + start, self._offset + stop)
            flat[start:stop] = np.frombuffer(data, np.uint8)
        return found

    def _read(self, chunk: int) -> NDArray[Any]:
        start, stop = (self._offset + self._row * int(at) for at in self.starts[chunk : chunk + 2])
        rows = np.frombuffer(self._file.read(start, stop), self.dtype)
        return rows.reshape((-1, *self.shape[1:]))
