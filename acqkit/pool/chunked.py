"""Features that are read chunk by chunk from where they are stored, never whole."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import FloatArray, IntArray
from acqkit.half import as_float32

CHUNK_BYTES = 1 << 24
"""Bytes (16 MiB) that are read at once at most: less are more reads, more take memory."""

_KEPT = 4
"""Chunks that are kept in memory of each modality: as many as threads and readers look at."""


class ChunkedFeatures(ABC):
    """Rows `[n, ...]` in chunks that begin at `starts` `[c + 1]`; the last ones read are kept.

    shape, dtype: of all rows as they are stored. digest: of their values as float32. not_finite:
    rows that hold NaN or infinity. Both are what `looked_through` finds.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], starts: IntArray) -> None:
        self.shape, self.dtype, self.starts = shape, dtype, starts
        self.digest = ""
        self.not_finite: IntArray = np.arange(0)
        self._kept: OrderedDict[int, NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """Without what is kept: another process reads for itself."""
        return {name: value for name, value in vars(self).items() if name not in ("_kept", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _kept=OrderedDict(), _lock=threading.Lock())

    @property
    def dim(self) -> int | None:
        """Width of the features, None for pictures and the like."""
        return self.shape[1] if len(self.shape) == 2 else None

    def __len__(self) -> int:
        return self.shape[0]

    @abstractmethod
    def _read(self, chunk: int) -> NDArray[Any]:
        """The rows of a chunk; called by one thread at a time."""

    def chunk(self, number: int) -> NDArray[Any]:
        """The rows of a chunk as they are stored."""
        with self._lock:
            if number not in self._kept:
                self._kept[number] = self._read(number)
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(number)
            return self._kept[number]

    def rows(self, positions: IntArray) -> FloatArray:
        """Features `[k, ...]` float32 of the pairs at `positions`, in that order.

        Each chunk is read once, from front to back, however positions are ordered.
        """
        found = np.empty((len(positions), *self.shape[1:]), dtype=np.float32)
        chunks = np.searchsorted(self.starts, positions, side="right") - 1
        for number in np.unique(chunks).tolist():
            own = np.flatnonzero(chunks == number)
            found[own] = as_float32(self.chunk(number)[positions[own] - self.starts[number]])
        return found


def chunk_starts(rows: int, row_bytes: int) -> IntArray:
    """Where chunks of at most `CHUNK_BYTES` begin, `[c + 1]`: the last one is `rows`."""
    size = max(1, CHUNK_BYTES // max(1, row_bytes))
    return np.append(np.arange(0, rows, size), rows)
