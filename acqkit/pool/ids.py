"""Ids as given by the user: checked to be usable and unique."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.errors import PoolError
from acqkit.pool.checks import check_length
from acqkit.pool.scan import blocks
from acqkit.pool.where import Where, as_text, row, shown
from acqkit.randomness import id_keys


def check_ids(ids: Any, n: int, where: Where) -> NDArray[Any] | None:
    """Distinct ids `[n]`: integers, strings, or objects that hash; None stands for `0..n-1`."""
    if ids is None:
        return None
    check_length(ids, n, "ids", where)
    array = as_id_array(ids, where)
    if array.ndim != 1 or array.dtype.kind not in "iuUO":
        raise PoolError(
            f"{where('ids')} has dtype {array.dtype} and shape {array.shape}, wanted integers or "
            f"strings of shape ({n},)"
        )
    if array.dtype.kind == "O":
        _check_objects(array, where)
    else:
        _check_distinct(array, where)
    return array


def as_id_array(ids: Any, where: Where) -> NDArray[Any]:
    """Ids as an array that keeps what each one is: 1 and "1" stay different."""
    if isinstance(ids, np.ndarray):
        return as_text(ids, "ids", where)
    if hasattr(ids, "__array__"):
        return np.asarray(ids)
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


def _check_objects(array: NDArray[Any], where: Where) -> None:
    seen: dict[Any, int] = {}
    for position, value in enumerate(array):
        if not isinstance(value, Hashable) or value is None or value != value:
            raise PoolError(
                f"{where('ids')} is {shown(value)} in {row(position)}, wanted an integer "
                "or a string"
            )
        first = seen.setdefault(value, position)
        if first != position:
            raise PoolError(_twice(value, first, position, where))


def _check_distinct(array: NDArray[Any], where: Where) -> None:
    # Hashes are compared first: eight bytes an id, whatever the ids' own width.
    keys = np.empty(len(array), dtype=np.uint64)
    for start, block in blocks(array):
        keys[start : start + len(block)] = id_keys(block)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    equal = ordered[1:] == ordered[:-1]
    if not equal.any():
        return
    suspects = np.unique(np.concatenate([order[1:][equal], order[:-1][equal]]))
    seen: dict[Any, int] = {}
    for position in suspects.tolist():
        value = array[position].item()
        first = seen.setdefault(value, position)
        if first != position:
            raise PoolError(_twice(value, first, position, where))


def _twice(value: Any, first: int, position: int, where: Where) -> str:
    return (
        f"{where('ids')} is {shown(value)} in {row(position)} as well as in row {first}; ids must "
        "be unique"
    )
