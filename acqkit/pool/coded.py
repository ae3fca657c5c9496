"""A column of labels as numbers of its distinct cells: a large one is no list of objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from acqkit.scratch import scratch


@dataclass(frozen=True, eq=False, slots=True)
class Coded:
    """A column of `n` cells: `cells[codes[i]]` is that of row i.

    cells: the distinct ones in the order in which they come, names, lists of names or None; codes
    `[n]`.
    """

    cells: list[Any]
    codes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def of(cls, blocks: Iterable[pa.Array], n: int, read: Callable[[Any, int], Any]) -> Coded:
        """From a column of `n` rows in blocks; `read(value, row)` makes a cell of a value."""
        codes = scratch(n, np.int32)
        known: dict[Any, int] = {}
        cells: list[Any] = []
        start = 0
        for block in blocks:
            values, own = _distinct(block)
            numbers = np.empty(len(values), np.int32)
            for place, value in enumerate(values):
                key = tuple(value) if isinstance(value, list) else value
                if key not in known:
                    known[key] = len(cells)
                    cells.append(read(value, start + int(np.argmax(own == place))))
                numbers[place] = known[key]
            codes[start : start + len(block)] = numbers[own]
            start += len(block)
        return cls(cells, codes)

    def first(self, code: int, among: NDArray[np.bool_] | None = None) -> int:
        """The first row with that cell, or the first one of those `among` `[n]`; -1 if none is."""
        rows = self.codes == code if among is None else (self.codes == code) & among
        return int(np.argmax(rows)) if rows.any() else -1


def _distinct(block: pa.Array) -> tuple[list[Any], NDArray[Any]]:
    """The distinct values of a block in the order in which they come, and which each row has."""
    if pa.types.is_nested(block.type):
        seen: dict[Any, int] = {}
        values = block.to_pylist()
        keys = [None if value is None else tuple(value) for value in values]
        own = np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.int64)
        return [None if key is None else list(key) for key in seen], own
    if pa.types.is_dictionary(block.type):
        block = block.cast(block.type.value_type)
    encoded = block.dictionary_encode(null_encoding="encode")
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)
