"""Checks that ids are hashable, unique and can be told apart by people."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.errors import shown
from acqkit.pool.checks import check_length
from acqkit.pool.look_alikes import look_alike, look_alike_keys, told_apart
from acqkit.pool.scan import blocks
from acqkit.pool.source import ColumnError, as_text, row, to_array
from acqkit.randomness import id_keys


def check_ids(ids: Any, n: int) -> NDArray[Any] | None:
    """Distinct ids `[n]`: integers, strings, or objects that hash; None stands for `0..n-1`."""
    if ids is None:
        return None
    check_length(ids, n, "ids")
    array = as_id_array(ids)
    if array.ndim != 1 or array.dtype.kind not in "iuUO":
        raise ColumnError(
            "ids",
            f"has dtype {array.dtype} and shape {array.shape}, wanted integers or "
            f"strings of shape ({n},)",
        )
    if array.dtype.kind == "O":
        _check_objects(array)
    else:
        _check_distinct(array)
    return array


def as_id_array(ids: Any) -> NDArray[Any]:
    """Ids as an array that keeps their types: 1 and "1" stay different."""
    if isinstance(ids, np.ndarray):
        return as_text(ids, "ids")
    if hasattr(ids, "__array__"):
        return to_array(ids, "ids")
    values = list(ids)
    if all(isinstance(value, str) for value in values):
        return np.array(values, dtype=np.str_)
    if all(isinstance(value, int | np.integer) for value in values):
        numbers = np.array(values)
        if numbers.dtype.kind in "iu":
            return numbers
    array = np.empty(len(values), dtype=object)
    for position, value in enumerate(values):
        array[position] = value.item() if isinstance(value, np.generic) else value
    return array


def _check_objects(array: NDArray[Any]) -> None:
    seen: dict[Any, int] = {}
    for position, value in enumerate(array):
        if not isinstance(value, Hashable) or value is None or value != value:
            raise ColumnError(
                "ids", f"is {shown(value)} in {row(position)}, wanted an integer or a string"
            )
        _check_new(seen, array, position)


def _check_distinct(array: NDArray[Any]) -> None:
    # Hashes are compared first: eight bytes an id, whatever the ids' own width.
    keys = np.empty(len(array), dtype=np.uint64)
    for start, block in blocks(array):
        keys[start : start + len(block)] = look_alike_keys(block)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    equal = ordered[1:] == ordered[:-1]
    if not equal.any():
        return
    suspects = np.unique(np.concatenate([order[1:][equal], order[:-1][equal]]))
    seen: dict[Any, int] = {}
    for position in suspects.tolist():
        _check_new(seen, array, position)


def _check_new(seen: dict[Any, int], array: NDArray[Any], position: int) -> None:
    """Raise ColumnError where the id at `position`, or a look-alike, is in `seen`; add it."""
    value = array.item(position)
    first = seen.setdefault(look_alike(value) if isinstance(value, str) else value, position)
    if first == position:
        return
    if array.item(first) == value:
        raise ColumnError(
            "ids",
            f"is {shown(value)} in {row(position)} as well as in row {first}; ids must be unique",
        )
    raise ColumnError(
        "ids",
        f"has {told_apart(array.item(first), value)}, in row {first} and {row(position)}; "
        "rename one",
    )


class IdIndex:
    """Where integers or texts are among ids `[n]`: by hashes, 16 bytes each whatever the ids."""

    def __init__(self, ids: NDArray[Any], keys: NDArray[np.uint64]) -> None:
        self._ids = ids
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]

    def find(self, wanted: Sequence[Any]) -> NDArray[np.int64]:
        """Positions `[k]` of ids, -1 where one is not there."""
        found = np.full(len(wanted), -1, dtype=np.int64)
        known = [place for place, value in enumerate(wanted) if self._is_known(value)]
        if not known or not len(self._ids):
            return found
        keys = id_keys(np.array([wanted[place] for place in known]))
        first = np.searchsorted(self._sorted, keys).tolist()
        for place, key, at in zip(known, keys.tolist(), first, strict=True):
            found[place] = self._equal(wanted[place], key, at)
        return found

    def _equal(self, value: Any, key: int, at: int) -> int:
        # Two ids of a pool share a hash once in millions of pools.
        while at < len(self._order) and int(self._sorted[at]) == key:
            position = int(self._order[at])
            if self._ids.item(position) == value:
                return position
            at += 1
        return -1

    def _is_known(self, value: Any) -> bool:
        """Whether an id of this kind can be one of these."""
        kind = self._ids.dtype
        if kind.kind == "U":
            return isinstance(value, str)
        return isinstance(value, int) and np.iinfo(kind).min <= value <= np.iinfo(kind).max
