"""Columns of vectors in Parquet files: lists or tensors of numbers, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, IntArray
from acqkit.errors import shown
from acqkit.pool.declared import is_list
from acqkit.pool.scan import first_row
from acqkit.pool.source import ColumnError, row
from acqkit.scratch import scratch

ROWS_READ = 8192
"""Rows in memory beside the array that they are copied to."""


class Vectors(NamedTuple):
    """A block of a column of vectors: `size` rows from `start` on, of which those `at` `[k]` are
    not null and have the values `rows` `[k, ...]`."""

    start: int
    size: int
    at: IntArray
    rows: NDArray[Any]


class Rows(Protocol):
    """Columns of one file, or of several."""

    schema: pa.Schema

    def __len__(self) -> int: ...
    def column(self, name: str) -> pa.ChunkedArray:
        """A whole column."""
        ...

    def blocks(self, name: str, size: int) -> Iterator[pa.Array]:
        """A column in arrays of at most `size` rows."""
        ...


def vector_blocks(rows: Rows, name: str, key: str) -> Iterator[Vectors]:
    """Column `name` of lists or tensors, block by block; those that are null as a whole left out.

    `key` is the column's name in messages. Raises ColumnError naming the first row that has a
    null inside, or another shape than those before it.
    """
    kind = rows.schema.field(name).type
    if number_in(kind) is None:
        raise ColumnError(key, f"has type {shown_type(kind)}, wanted fixed-size lists of numbers")
    shape: tuple[int, ...] | None = None
    start = 0
    for block in rows.blocks(name, ROWS_READ):
        there = start + np.flatnonzero(block.is_valid().to_numpy(zero_copy_only=False))
        if len(there):
            vectors = decoded(block, key, there, shape)
            shape = vectors.shape
            yield Vectors(start, len(block), there, vectors)
        start += len(block)


def read_vectors(rows: Rows, name: str, key: str) -> tuple[NDArray[Any], BoolArray]:
    """Column `name` of lists or tensors as `[n, ...]`, and the mask `[n]` of those not null.

    `key` is the column's name in messages. Raises ColumnError as `vector_blocks` does, and where
    all rows are null.
    """
    present = np.zeros(len(rows), dtype=bool)
    array: NDArray[Any] | None = None
    for block in vector_blocks(rows, name, key):
        if array is None:
            array = scratch((len(rows), *block.rows.shape[1:]), block.rows.dtype)
        array[block.at], present[block.at] = block.rows, True
    if array is None:
        raise ColumnError(key, "is null in every row; a modality needs a vector in some pair")
    return array, present


def decoded(
    block: pa.Array, key: str, at: IntArray, wanted: tuple[int, ...] | None
) -> NDArray[Any]:
    """The lists or tensors of a block that are not null, in the rows `at` `[k]`, as `[k, ...]`."""
    return _vectors(block if len(block) == len(at) else block.drop_null(), key, at, wanted)


def number_in(kind: pa.DataType) -> pa.DataType | None:
    """The type of the numbers in lists or tensors, None where there are none."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if not is_list(kind):
        return None
    while is_list(kind):
        kind = kind.value_type
    known = is_number(kind) or pa.types.is_boolean(kind) or _is_bfloat16(kind)
    return kind if known else None


def _is_bfloat16(kind: pa.DataType) -> bool:
    """Whether these are two bytes each, also by a name such as Lance's `lance.bfloat16`."""
    storage = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    return bool(pa.types.is_fixed_size_binary(storage) and storage.byte_width == 2)


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
    if _is_bfloat16(values.type):
        stored = values.storage if isinstance(values, pa.ExtensionArray) else values
        pairs = np.frombuffer(stored.buffers()[1], "V2")
        return pairs[stored.offset : stored.offset + len(stored)].reshape(len(at), *shape)
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


def is_number(kind: pa.DataType) -> bool:
    """Whether an Arrow type is one of integers or floats."""
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def shown_type(kind: pa.DataType) -> str:
    """An Arrow type as messages show it."""
    return shown(str(kind))[1:-1]
