"""The checks of columns, run once where data enters.

Every function returns the checked column and raises ColumnError naming the first offending row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, FloatArray
from acqkit.errors import PoolError, did_you_mean, shown
from acqkit.half import as_float32, is_bfloat16
from acqkit.labels import SKIPPED, UNLABELED
from acqkit.pool.chunked import ChunkedFeatures
from acqkit.pool.digest_file import FileNotes
from acqkit.pool.scan import blocks, first_row
from acqkit.pool.source import ColumnError, as_text, row, to_array

Masks = tuple[BoolArray | None, BoolArray | None]


def check_modalities(names: Any) -> tuple[str, str]:
    """Two different names."""
    values = [str(name) for name in names] if isinstance(names, Iterable) else [names]
    if isinstance(names, str):
        values = [names]
    if len(values) != 2 or not all(values) or values[0] == values[1]:
        raise ColumnError("modality_names", f"is {shown(values)}, wanted two different names")
    return values[0], values[1]


def check_multilabel(given: Any) -> bool | None:
    """True, False, or None for what the labels say."""
    value = given.item() if getattr(given, "size", 0) == 1 else given
    if value is None or isinstance(value, bool):
        return value
    raise ColumnError("multilabel", f"is {shown(value)}, wanted true or false")


def check_features(values: Any, column: str) -> NDArray[Any]:
    """Numbers `[n, ...]` with at least one pair and one feature; values are not yet looked at."""
    array = to_array(values, column)
    check_numbers(array.dtype, array.shape, column)
    return array


def check_numbers(dtype: np.dtype[Any], shape: tuple[int, ...], column: str) -> None:
    """That an array can be features, by its type and shape `[n, ...]`."""
    if dtype.kind not in "fiub" and not is_bfloat16(dtype):
        raise ColumnError(column, f"has dtype {dtype}, wanted numbers such as float32")
    if len(shape) < 2:
        raise ColumnError(
            column, f"has shape {shape}, wanted [n, width]: one row of features per pair"
        )
    if shape[0] == 0:
        raise ColumnError(column, "has no rows; a pool needs at least one pair")
    if 0 in shape:
        raise ColumnError(column, f"has shape {shape}: no features")


def check_length(values: Any, n: int, column: str) -> None:
    """One row per pair."""
    try:
        length = -1 if isinstance(values, str | bytes) else len(values)
    except TypeError:
        length = -1
    if length < 0:
        raise ColumnError(column, f"is {shown(values)}, wanted a column of {n} rows")
    if length != n:
        raise ColumnError(
            column,
            f"has {length} rows but ",
            also="modality_a",
            rest=f" has {n}; every column needs one row per pair",
        )


def check_finite(array: NDArray[Any], present: BoolArray | None, column: str) -> None:
    """No NaN or infinity, also once read as float32; rows of absent pairs may hold anything.

    A memory-mapped file without any is noted as such, and not read again while it is the same.
    """
    if array.dtype.kind != "f" and not is_bfloat16(array.dtype):
        return
    notes = FileNotes(array)
    if notes.find("finite", bool):
        return
    finite = True
    for start, block in blocks(array):
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(as_float32(block))
        if not bad.any():
            continue
        finite = False
        if present is not None:
            bad[~present[start : start + len(block)]] = False
        index = first_row(bad)
        if index >= 0:
            raise _not_finite(column, start + index)
    if finite:
        notes.keep("finite", True)


def check_chunked(source: ChunkedFeatures, present: BoolArray | None, column: str) -> None:
    """The same of features that are read in chunks, which were looked through."""
    bad_rows = source.not_finite
    wrong = bad_rows if present is None else bad_rows[present[bad_rows]]
    if len(wrong):
        raise _not_finite(column, int(wrong[0]))


def _not_finite(column: str, index: int) -> ColumnError:
    return ColumnError(
        column,
        f"has a NaN or infinite value (as float32), first in {row(index)}; repair that pair or "
        "mark its modality as not present",
    )


def check_present(given: Any, modalities: tuple[str, str], n: int) -> Masks:
    """Masks `[n]` bool by modality, given in order or by name; no pair may lack both."""
    masks = _by_modality(given, modalities)
    checked: list[BoolArray | None] = []
    for letter, mask in zip("ab", masks, strict=True):
        column = f"modality_{letter}_present"
        if mask is None:
            checked.append(None)
            continue
        array = to_array(mask, column)
        if array.dtype != np.bool_ or array.ndim != 1:
            raise ColumnError(
                column,
                f"has dtype {array.dtype} and shape {array.shape}, wanted bool of shape ({n},)",
            )
        check_length(array, n, column)
        checked.append(array)
    if checked[0] is not None and checked[1] is not None:
        index = first_row(~(checked[0] | checked[1]))
        if index >= 0:
            raise ColumnError(
                "modality_a_present",
                "and ",
                also="modality_b_present",
                rest=f" are both false in {row(index)}; a pair needs at least one modality",
            )
    return checked[0], checked[1]


def _by_modality(given: Any, modalities: tuple[str, str]) -> tuple[Any, Any]:
    if isinstance(given, Mapping):
        for name in given:
            if name not in modalities:
                raise PoolError(
                    f"present names the unknown modality {shown(name)}; "
                    f"{did_you_mean(name, modalities)}"
                )
        return given.get(modalities[0]), given.get(modalities[1])
    if not isinstance(given, Sequence) or len(given) != 2:
        raise PoolError(
            "present must be two masks, one per modality (None where every pair has it), or a "
            "mapping from modality names to masks"
        )
    return given[0], given[1]


def check_split(split: Any, n: int) -> BoolArray | None:
    """`[n]` of `train` or `test` to a mask of the test pairs; at least one pair must train."""
    if split is None:
        return None
    check_length(split, n, "split")
    array = to_array(split, "split")
    if array.ndim != 1:
        raise ColumnError("split", f"has shape {array.shape}, wanted ({n},)")
    test = np.zeros(n, dtype=bool)
    for start, block in blocks(array):
        names = as_text(block, "split").astype(np.str_)
        is_test = names == "test"
        index = first_row(~(is_test | (names == "train")))
        if index >= 0:
            raise ColumnError(
                "split",
                f"is {shown(block.item(index))} in {row(start + index)}, wanted 'train' or 'test'",
            )
        test[start : start + len(block)] = is_test
    if test.all():
        raise ColumnError("split", "says 'test' in every row; no pair is left to learn from")
    return test


def check_rounds(rounds: Any, n: int) -> NDArray[np.int32] | None:
    """`[n]` rounds in which pairs were labeled: >= 0, -1 unlabeled, -2 skipped."""
    if rounds is None:
        return None
    check_length(rounds, n, "labeled_round")
    array = to_array(rounds, "labeled_round")
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ColumnError(
            "labeled_round",
            f"has dtype {array.dtype} and shape {array.shape}, wanted integers of shape ({n},)",
        )
    bad = (array < SKIPPED) | (array > np.iinfo(np.int32).max)
    index = first_row(bad)
    if index >= 0:
        raise ColumnError(
            "labeled_round",
            f"is {array[index]} in {row(index)}, wanted a round from 0, "
            f"{UNLABELED} (unlabeled) or {SKIPPED} (skipped)",
        )
    return array.astype(np.int32)


def check_cost(cost: Any, n: int) -> FloatArray | None:
    """`[n]` finite numbers >= 0."""
    if cost is None:
        return None
    check_length(cost, n, "cost")
    array = to_array(cost, "cost")
    if array.ndim != 1 or array.dtype.kind not in "fiu":
        raise ColumnError(
            "cost",
            f"has dtype {array.dtype} and shape {array.shape}, wanted numbers of shape ({n},)",
        )
    for start, block in blocks(array):
        with np.errstate(over="ignore"):
            values = block.astype(np.float32, copy=False)
        index = first_row(~(np.isfinite(values) & (values >= 0)))
        if index >= 0:
            raise ColumnError(
                "cost",
                f"is {block[index]} in {row(start + index)}, wanted a finite "
                "number that is not negative",
            )
    return array.astype(np.float32, copy=False)


def check_group(group: Any, n: int) -> NDArray[Any] | None:
    """`[n]` integers or strings."""
    if group is None:
        return None
    check_length(group, n, "group")
    array = as_text(to_array(group, "group"), "group")
    if array.ndim != 1 or array.dtype.kind not in "iubU":
        raise ColumnError(
            "group",
            f"has dtype {array.dtype} and shape {array.shape}, wanted integers "
            f"or strings of shape ({n},)",
        )
    return array


def check_display(display: Any, n: int) -> Mapping[str, Sequence[Any]]:
    """Columns by name, each `[n]`; values are read only when looked at."""
    if display is None:
        return {}
    if not isinstance(display, Mapping):
        raise PoolError("display must be a mapping from names to columns of n items")
    for name, column in display.items():
        if not hasattr(column, "__getitem__") or isinstance(column, str | bytes):
            raise PoolError(
                f"display column {shown(name)} is {shown(column)}, wanted a column of {n} items"
            )
        check_length(column, n, f"display column {name!r}")
    return dict(display)
