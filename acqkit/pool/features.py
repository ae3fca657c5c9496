"""Sources of the inputs of one modality."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import FloatArray, IntArray


class FeatureSource(Protocol):
    """One modality of all pairs, read block by block."""

    @property
    def dim(self) -> int | None:
        """Width of the features, None for raw items."""
        ...

    def __len__(self) -> int: ...
    def rows(self, positions: IntArray) -> Any:
        """Inputs of the pairs at `positions`."""
        ...


class ArrayFeatures:
    """Rows of an array `[n, ...]`, in memory or memory-mapped; float16 is read as float32."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    @property
    def dim(self) -> int | None:
        return int(self.array.shape[1]) if self.array.ndim == 2 else None

    def __len__(self) -> int:
        return len(self.array)

    def rows(self, positions: IntArray) -> FloatArray:
        """Features `[k, ...]` float32 of the pairs at `positions`, in that order."""
        k = len(positions)
        if k and positions[-1] - positions[0] == k - 1 and np.all(np.diff(positions) == 1):
            block = self.array[positions[0] : positions[0] + k]
        elif isinstance(self.array, np.memmap) and np.any(np.diff(positions) < 0):
            # A disk is read forward; the rows are put back into the order asked for.
            order = np.argsort(positions, kind="stable")
            block = np.empty((k, *self.array.shape[1:]), dtype=np.float32)
            block[order] = self.array[positions[order]]
        else:
            block = self.array[positions]
        return np.asarray(block, dtype=np.float32)


class FeatureSubset:
    """Some pairs of another source, in a given order."""

    def __init__(self, base: FeatureSource, positions: IntArray) -> None:
        if isinstance(base, FeatureSubset):
            positions, base = base.positions[positions], base.base
        self.base: FeatureSource = base
        self.positions: IntArray = positions

    @property
    def dim(self) -> int | None:
        return self.base.dim

    def __len__(self) -> int:
        return len(self.positions)

    def rows(self, positions: IntArray) -> Any:
        """Inputs of the pairs at `positions` of the subset."""
        return self.base.rows(self.positions[positions])
