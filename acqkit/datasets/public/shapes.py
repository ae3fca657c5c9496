"""Arrays as releases store them, brought to one shape: a row per pair."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import IntArray
from acqkit.errors import PoolError


def pairs_first(array: NDArray[Any], where: str, n: int, labels: str) -> NDArray[Any]:
    """Features `[n, d]`, transposed where a release has them as `[d, n]`; raises PoolError.

    Copies of one file differ in this (its readers transpose it or do not), so that the
    number of pairs decides, as the labels have it.
    """
    if array.ndim != 2:
        kind = "pixels" if array.ndim > 2 else "one number per pair"
        raise PoolError(
            f"{where} has shape {array.shape}, which looks like {kind}; wanted features of shape "
            f"({n}, width), such as the output of an image network"
        )
    if array.shape[0] == n:
        return array
    if array.shape[1] == n:
        return np.ascontiguousarray(array.T)  # pairs are read by row
    raise PoolError(
        f"{where} has shape {array.shape} but {labels} has {n} pairs; all files must come from "
        "the same release"
    )


def label_rows(array: NDArray[Any], classes: tuple[int, ...], where: str) -> NDArray[Any]:
    """Class numbers `[n]`, or a matrix `[n, c]` with one of the wanted numbers of classes."""
    if array.ndim == 1 or (array.ndim == 2 and 1 in array.shape):
        numbers: NDArray[Any] = np.asarray(array).reshape(-1)
        if numbers.size == 0 or np.any(numbers != np.rint(numbers)):
            raise PoolError(f"{where} has values that are not class numbers")
        return numbers.astype(np.int64)
    if array.ndim == 2 and array.shape[1] in classes:
        return array
    if array.ndim == 2 and array.shape[0] in classes:
        return array.T
    wanted = " or ".join(str(count) for count in classes)
    raise PoolError(
        f"{where} has shape {array.shape}, wanted one column for each of {wanted} classes or one "
        "class number per pair; is this the file of another data set?"
    )


def one_hot(numbers: IntArray, classes: tuple[int, ...], where: str) -> NDArray[np.uint8]:
    """Class numbers from 0 or from 1, `[n]`, as 0/1 `[n, classes]`; raises PoolError."""
    first, last = int(numbers.min()), int(numbers.max())
    count = next((c for c in classes if last - first < c), None)
    if first not in (0, 1) or count is None:
        raise PoolError(
            f"{where} has class numbers from {first} to {last}, wanted {max(classes)} classes "
            "from 0 or from 1"
        )
    return np.eye(count, dtype=np.uint8)[numbers - first]


def joined(arrays: list[NDArray[Any]], where: str) -> NDArray[Any]:
    """Parts `[n_i, d]` as one `[n, d]`; a single part stays as it is (memory-mapped)."""
    if len(arrays) == 1:
        return arrays[0]
    widths = sorted({array.shape[1] for array in arrays})
    if len(widths) > 1:
        raise PoolError(
            f"{where} has {widths[0]} columns in one part and {widths[1]} in another; all files "
            "must come from the same release"
        )
    dtype = np.result_type(*arrays)
    narrow = dtype if dtype.itemsize <= 4 else np.dtype(np.float32)
    return np.concatenate(arrays, dtype=narrow, casting="same_kind")
