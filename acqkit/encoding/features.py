"""What was encoded, as the features and the display columns of a pool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import FloatArray, IntArray
from acqkit.encoding.columns import Column
from acqkit.encoding.pairs import RawPairs
from acqkit.encoding.pictures import shown
from acqkit.errors import PoolError


class EncodedFeatures:
    """One modality of pairs: the mean of the vectors of a pair's items, zeros where it has none.

    vectors `[r, d]`; items of pair i are the rows `rows[starts[i]:starts[i + 1]]` of it.
    """

    def __init__(self, vectors: NDArray[Any], starts: IntArray, rows: IntArray) -> None:
        self._vectors = vectors
        self._starts = starts
        self._rows = rows
        self.dtype = vectors.dtype

    @property
    def dim(self) -> int | None:
        return int(self._vectors.shape[1])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def rows(self, positions: IntArray) -> FloatArray:
        """Features `[k, d]` float32 of the pairs at `positions`."""
        counts = self._starts[positions + 1] - self._starts[positions]
        out = np.zeros((len(positions), self._vectors.shape[1]), dtype=np.float32)
        for place in range(int(counts.max(initial=0))):
            has = np.flatnonzero(counts > place)
            out[has] += self._vectors[self._rows[self._starts[positions[has]] + place]]
        out /= np.maximum(counts, 1)[:, None].astype(np.float32)
        return out


class ShownItems(Sequence[Any]):
    """What people look at of one modality: texts in lines, pictures and sounds as bytes."""

    def __init__(self, pairs: RawPairs, column: Column, order: IntArray) -> None:
        self._pairs = pairs
        self._column = column
        self._order = order

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: Any) -> Any:
        items = self._pairs.items(self._column, int(self._order[index]))
        if not items:
            return None
        try:
            if self._column.kind == "text":
                return "\n".join(str(item.read()) for item in items)
            content = items[0].read()
            if isinstance(content, str):
                return content
            return shown(content) if self._column.kind == "image" else content
        except (PoolError, OSError):
            return None  # It was encoded, and is gone since.
