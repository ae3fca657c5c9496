"""Sources of the inputs of one modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import FloatArray, IntArray
from acqkit.half import as_float32


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
    """Rows of an array `[n, ...]`, in memory or memory-mapped; all are read as float32."""

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
            block[order] = as_float32(self.array[positions[order]])
        else:
            block = self.array[positions]
        return as_float32(block)


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


class ColumnSubset(Sequence[Any]):
    """Some values of a column for people to look at, in a given order."""

    def __init__(self, column: Sequence[Any], positions: IntArray) -> None:
        if isinstance(column, ColumnSubset):
            positions, column = column._positions[positions], column._column
        self._column: Sequence[Any] = column
        self._positions: IntArray = positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, index: Any) -> Any:
        return self._column[int(self._positions[index])]


NOWHERE = -1
"""The part of a pair that none of the parts has."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where pairs are: in `part` `[n]` (or `NOWHERE`), there in `row` `[n]`."""

    part: IntArray
    row: IntArray

    def missing(self) -> IntArray:
        """Positions `[m]` of the pairs that are nowhere."""
        return np.flatnonzero(self.part == NOWHERE)

    def column(self, columns: Sequence[NDArray[Any]], nothing: Any) -> NDArray[Any]:
        """Values `[n]` of columns of the parts; `nothing` for pairs that are nowhere."""
        values = np.full(len(self.part), nothing, np.result_type(*columns))
        for number, column in enumerate(columns):
            here = self.part == number
            values[here] = column[self.row[here]]
        return values


class PlacedFeatures:
    """One modality of pairs from several sources; nothing (zeros, None) where a pair is nowhere."""

    def __init__(self, sources: Sequence[FeatureSource], places: Places) -> None:
        self.sources, self.places = sources, places

    @property
    def dim(self) -> int | None:
        return self.sources[0].dim

    def __len__(self) -> int:
        return len(self.places.part)

    def rows(self, positions: IntArray) -> Any:
        """Inputs of the pairs at `positions` `[k]`, in that order."""
        part, row = self.places.part[positions], self.places.row[positions]
        found = {number: np.flatnonzero(part == number) for number in np.unique(part).tolist()}
        found.pop(NOWHERE, None)
        read = {n: self.sources[n].rows(row[at]) for n, at in found.items()}
        if len(read) == 1 and len(next(iter(found.values()))) == len(positions):
            return next(iter(read.values()))
        empty = self.sources[0].rows(np.arange(0)) if not read else next(iter(read.values()))
        if isinstance(empty, np.ndarray):
            rows: Any = np.zeros((len(positions), *empty.shape[1:]), np.float32)
        else:
            rows = [None] * len(positions)
        for number, values in read.items():
            for at, value in zip(found[number].tolist(), values, strict=True):
                rows[at] = value
        return rows
