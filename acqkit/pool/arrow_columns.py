"""Columns of a Parquet file as `checked_fields` takes them; the file's schema decides how.

A null never becomes a number: where a whole vector is null the pair lacks the modality, and any
other null is an error that names the row and the column.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, IntArray
from acqkit.errors import shown
from acqkit.pool.declared import Names, is_list
from acqkit.pool.scan import first_row
from acqkit.pool.sidecar import ParquetRows
from acqkit.pool.source import ColumnError, row

_ROWS_READ = 8192
"""Vectors in memory beside the array that they are copied to."""


def read_vectors(rows: ParquetRows, name: str, key: str) -> tuple[NDArray[Any], BoolArray]:
    """Column `name` of lists or tensors as `[n, ...]`, and the mask `[n]` of those not null.

    `key` is the column's name in messages. Raises ColumnError naming the first row that has a
    null inside, or another shape than those before it.
    """
    kind = rows.schema.field(name).type
    number = _number_in(kind)
    if number is None:
        raise ColumnError(key, f"has type {shown_type(kind)}, wanted fixed-size lists of numbers")
    n = len(rows)
    present = np.zeros(n, dtype=bool)
    array: NDArray[Any] | None = None
    start = 0
    for block in rows.blocks(name, _ROWS_READ):
        there = start + np.flatnonzero(block.is_valid().to_numpy(zero_copy_only=False))
        start += len(block)
        if not len(there):
            continue
        vectors = _vectors(block.drop_null(), key, there, None if array is None else array.shape)
        if array is None:
            array = np.zeros((n, *vectors.shape[1:]), np.dtype(number.to_pandas_dtype()))
        array[there] = vectors
        present[there] = True
    if array is None:
        raise ColumnError(key, "is null in every row; a modality needs a vector in some pair")
    return array, present


def _number_in(kind: pa.DataType) -> pa.DataType | None:
    """The type of the numbers in lists or tensors, None where there are none."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if not is_list(kind):
        return None
    while is_list(kind):
        kind = kind.value_type
    return kind if is_number(kind) or pa.types.is_boolean(kind) else None


def _vectors(
    values: pa.Array, key: str, at: IntArray, wanted: tuple[int, ...] | None
) -> NDArray[Any]:
    """Lists or tensors, none of them null, as `[k, ...]`; `at` `[k]` are their rows."""
    tensor = values if isinstance(values, pa.FixedShapeTensorArray) else None
    values = values.storage if isinstance(values, pa.ExtensionArray) else values
    shape: list[int] = []
    while is_list(values.type):
        _refuse_null(values, key, at)
        lengths = _lengths(values)
        level = len(shape) + 1
        length = int(lengths[0]) if wanted is None or level >= len(wanted) else wanted[level]
        bad = first_row(lengths != length)
        if bad >= 0:
            raise ColumnError(
                key,
                f"has {lengths[bad]} numbers in {row(at[bad * len(at) // len(lengths)])}, wanted "
                f"{length} as in the rows before",
            )
        if length == 0:
            raise ColumnError(key, f"is an empty list in {row(at[0])}, wanted numbers")
        shape.append(length)
        values = values.flatten()
    _refuse_null(values, key, at)
    if tensor is not None:  # its axes may be stored in another order
        return np.asarray(tensor.to_numpy_ndarray())
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(len(at), *shape)


def _refuse_null(values: pa.Array, key: str, at: IntArray) -> None:
    if values.null_count:
        index = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))
        raise ColumnError(
            key,
            f"has a null inside of the list in {row(at[index * len(at) // len(values)])}; give a "
            "number, or null for the whole list of a pair that lacks the modality",
        )


def _lengths(values: pa.Array) -> IntArray:
    if pa.types.is_fixed_size_list(values.type):
        return np.full(len(values), values.type.list_size)
    return np.asarray(pc.list_value_length(values).to_numpy(zero_copy_only=False), dtype=np.int64)


def read_column(rows: ParquetRows, name: str, names: Names | None) -> Any:
    """A column of one value a pair, none of them null: `[n]` numbers, or texts as an array.

    Numbers of a `ClassLabel` with these `names` are read as the names that they stand for.
    """
    values = _plain(rows.column(name))
    if values.null_count:
        raise ColumnError(name, f"is null in {row(_first_null(values))}")
    kind = values.type
    if pa.types.is_nested(kind):
        raise ColumnError(name, f"has type {shown_type(kind)}, wanted one value per pair")
    if names is not None and pa.types.is_integer(kind):
        return np.array([_named(c, names, name, i) for i, c in enumerate(values.to_pylist())])
    if is_number(kind) or pa.types.is_boolean(kind):
        return values.to_numpy()
    return _texts(values.to_pylist(), name)


def read_labels(rows: ParquetRows, names: Names | None) -> Any:
    """The column `labels` as `from_arrays` takes it; `names` are those of a `ClassLabel`.

    A list, with None for null, unless all are numbers or 0/1 rows.
    """
    values = _plain(rows.column("labels"))
    kind = values.type
    if names is not None and pa.types.is_integer(kind):
        listed = enumerate(values.to_pylist())
        return [None if c is None or c == -1 else _named(c, names, "labels", i) for i, c in listed]
    if names is not None and is_list(kind) and pa.types.is_integer(kind.value_type):
        return [
            None if one is None else [_named(c, names, "labels", i) for c in one]
            for i, one in enumerate(values.to_pylist())
        ]
    if _number_in(kind) is not None:
        matrix, known = read_vectors(rows, "labels", "labels")
        if not known.all():
            raise ColumnError("labels", f"is null in {row(int(np.argmin(known)))}")
        return matrix
    if is_number(kind) and not values.null_count:
        return values.to_numpy()
    if pa.types.is_nested(kind) and not is_list(kind):
        raise ColumnError("labels", f"has type {shown_type(kind)}, wanted names or lists of names")
    return values.to_pylist()


def read_categories(rows: ParquetRows, count: int) -> tuple[list[str | None], Names]:
    """Labels that were `count` categories and no texts, as names, and all names in order."""
    values = rows.column("labels").to_pylist()
    used = sorted({value for value in values if value is not None})
    if len(used) != count:
        raise ColumnError(
            "labels",
            f"had {count} categories when pandas wrote them, of which the file keeps the "
            f"{len(used)} in use, because they are no texts; save categories as texts",
        )
    return [None if value is None else str(value) for value in values], list(map(str, used))


def is_number(kind: pa.DataType) -> bool:
    """Whether an Arrow type is one of integers or floats."""
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def shown_type(kind: pa.DataType) -> str:
    """An Arrow type as messages show it."""
    return shown(str(kind))[1:-1]


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Categories of a dictionary as what they stand for; numbers that are categories as names."""
    kind = values.type
    if not pa.types.is_dictionary(kind):
        return values
    values = values.cast(kind.value_type)
    return values.cast(pa.string()) if is_number(kind.value_type) else values


def _named(number: int | None, names: Names, column: str, index: int) -> str:
    if number is None:
        raise ColumnError(column, f"has a null inside of the list in {row(index)}")
    if not 0 <= number < len(names):
        raise ColumnError(
            column,
            f"has the class number {number} in {row(index)}, but the file declares {len(names)} "
            "classes",
        )
    return names[number]


def _texts(values: list[Any], column: str) -> NDArray[Any]:
    for index, value in enumerate(values):
        if isinstance(value, str | bytes) and value[-1:] in ("\0", b"\0"):
            raise ColumnError(column, f"ends in a NUL character in {row(index)}; remove it")
    return np.array(values)


def _first_null(values: pa.ChunkedArray) -> int:
    return int(np.argmax(values.is_null().to_numpy()))
