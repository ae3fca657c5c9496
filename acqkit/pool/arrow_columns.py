"""Columns of a Parquet file as `checked_fields` takes them; the file's schema decides how.

A null never becomes a number: where a whole vector is null the pair lacks the modality, and any
other null is an error that names the row and the column.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from acqkit.pool.arrow_vectors import (
    ROWS_READ,
    Rows,
    is_number,
    number_in,
    read_vectors,
    shown_type,
)
from acqkit.pool.coded import Coded
from acqkit.pool.declared import Names, is_list
from acqkit.pool.source import ColumnError, row
from acqkit.scratch import scratch


def read_column(rows: Rows, name: str, names: Names | None) -> Any:
    """A column of one value a pair, none of them null: `[n]` numbers, or texts as an array.

    Numbers of a `ClassLabel` with these `names` are read as the names that they stand for.
    """
    kind = rows.schema.field(name).type
    if pa.types.is_nested(kind):
        raise ColumnError(name, f"has type {shown_type(kind)}, wanted one value per pair")
    if names is not None and pa.types.is_integer(kind):
        blocks = _without_nulls(rows, name)
        named = Coded.of(blocks, len(rows), lambda c, i: _named(c, names, name, i))
        return np.array(named.cells)[named.codes]
    if is_number(kind) or pa.types.is_boolean(kind):
        return _numbers(_without_nulls(rows, name), len(rows), kind)
    return _texts(rows, name)


def read_labels(rows: Rows, names: Names | None) -> Any:
    """The column `labels` as `from_arrays` takes it; `names` are those of a `ClassLabel`.

    Names as `Coded`, with None for null; numbers and 0/1 rows as arrays.
    """
    kind, n = rows.schema.field("labels").type, len(rows)
    blocks = rows.blocks("labels", ROWS_READ)
    if names is not None and pa.types.is_integer(kind):
        return Coded.of(
            blocks, n, lambda c, i: None if c in (None, -1) else _named(c, names, "labels", i)
        )
    if names is not None and is_list(kind) and pa.types.is_integer(kind.value_type):
        return Coded.of(
            blocks, n, lambda c, i: c and [_named(each, names, "labels", i) for each in c]
        )
    if number_in(kind) is not None:
        matrix, known = read_vectors(rows, "labels", "labels")
        if not known.all():
            raise ColumnError("labels", f"is null in {row(int(np.argmin(known)))}")
        return matrix
    if pa.types.is_integer(kind):
        signed = kind if pa.types.is_signed_integer(kind) else pa.int64()
        return _numbers((_filled(block) for block in blocks), n, signed)
    if pa.types.is_nested(kind) and not is_list(kind):
        raise ColumnError("labels", f"has type {shown_type(kind)}, wanted names or lists of names")
    if is_text(kind.value_type if is_list(kind) else kind):
        return Coded.of(blocks, n, lambda value, _: value)
    if pa.types.is_dictionary(kind):  # of numbers, which are categories
        return Coded.of(blocks, n, lambda c, _: None if c is None else str(c))
    return rows.column("labels").to_pylist()


def _filled(block: pa.Array) -> pa.Array:
    """Class numbers with -1 for null, for which unsigned ones have no room."""
    if pa.types.is_unsigned_integer(block.type):
        try:
            block = block.cast(pa.int64())
        except pa.ArrowInvalid as error:
            raise ColumnError("labels", f"is no class number ({error})") from None
    return block.fill_null(-1) if block.null_count else block


def _without_nulls(rows: Rows, name: str) -> Iterator[pa.Array]:
    start = 0
    for block in rows.blocks(name, ROWS_READ):
        if block.null_count:
            first = int(np.argmax(block.is_null().to_numpy(zero_copy_only=False)))
            raise ColumnError(name, f"is null in {row(start + first)}")
        yield block
        start += len(block)


def _numbers(blocks: Iterator[pa.Array], n: int, kind: pa.DataType) -> NDArray[Any]:
    found = scratch(n, np.dtype(kind.to_pandas_dtype()))
    start = 0
    for block in blocks:
        found[start : start + len(block)] = block.to_numpy(zero_copy_only=False)
        start += len(block)
    return found


def read_categories(rows: Rows, count: int) -> tuple[Coded, Names]:
    """Labels that were `count` categories and no texts, as names, and all names in order."""
    coded = Coded.of(rows.blocks("labels", ROWS_READ), len(rows), lambda value, _: value)
    used = sorted(value for value in coded.cells if value is not None)
    if len(used) != count:
        raise ColumnError(
            "labels",
            f"had {count} categories when pandas wrote them, of which the file keeps the "
            f"{len(used)} in use, because they are no texts; save categories as texts",
        )
    cells = [None if value is None else str(value) for value in coded.cells]
    return Coded(cells, coded.codes), list(map(str, used))


def is_text(kind: pa.DataType) -> bool:
    """Whether values are texts, also those that a dictionary has once."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


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


def _texts(rows: Rows, name: str) -> NDArray[Any]:
    kind = rows.schema.field(name).type
    if not is_text(kind) and not pa.types.is_dictionary(kind):
        values = [value for block in _without_nulls(rows, name) for value in block.to_pylist()]
        ends = [
            i for i, value in enumerate(values) if isinstance(value, bytes) and value[-1:] == b"\0"
        ]
        if ends:
            raise _nul(name, ends[0])
        return np.array(values)
    width = 1
    for block in _without_nulls(rows, name):
        width = max(width, pc.max(pc.utf8_length(_as_text(block))).as_py() or 0)
    found = scratch(len(rows), f"U{width}")
    start = 0
    for block in rows.blocks(name, ROWS_READ):
        texts = _as_text(block)
        ends = pc.ends_with(texts, "\0").to_numpy(zero_copy_only=False)
        if ends.any():
            raise _nul(name, start + int(np.argmax(ends)))
        found[start : start + len(block)] = texts.to_numpy(zero_copy_only=False)
        start += len(block)
    return found


def _as_text(block: pa.Array) -> pa.Array:
    # From a dictionary in two steps, for Arrow has none from its numbers to large texts.
    kind = block.type
    return (block.cast(kind.value_type) if pa.types.is_dictionary(kind) else block).cast(
        pa.large_string()
    )


def _nul(column: str, index: int) -> ColumnError:
    return ColumnError(column, f"ends in a NUL character in {row(index)}; remove it")
