"""Pools in one Parquet file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray
from acqkit.errors import PoolError, did_you_mean
from acqkit.pool.arrays import Columns, checked_fields
from acqkit.pool.pairs import PairPool
from acqkit.pool.sidecar import UNREADABLE, ParquetRows, shown_columns
from acqkit.pool.source import ColumnError, Source, one_line, row, shown

METADATA_KEY = b"acqkit"
_PLAIN = ("labels", "ids", "split", "cost", "group", "labeled_round")
_FEATURES = ("modality_a", "modality_b")
_MASKS = ("modality_a_present", "modality_b_present")


def open_parquet(
    path: Path,
    *,
    columns: tuple[str, str] | None = None,
    name: str | None = None,
    modalities: tuple[str, str] | None = None,
    multilabel: bool | None = None,
) -> PairPool:
    """Open a pool of one row per pair.

    Features are two columns of fixed-size lists of numbers (lists of one length do as
    well), called `modality_a` and `modality_b` unless `columns` or the file's metadata says
    otherwise; a null is a pair that lacks the modality. `labels` are names, lists of names,
    class numbers or lists of 0/1. `ids`, `split`, `cost`, `group`, `labeled_round` and masks
    are as in `.npz`; further columns of text or bytes are for people to look at.

    The schema's metadata may hold, under the key `acqkit`, a JSON object with `columns`,
    `modalities`, `class_names` and `multilabel`. Raises PoolError.
    """
    try:
        rows = ParquetRows(path)
        meta = _metadata(path, rows.schema)
        pair = _feature_columns(path, rows.schema, columns or meta.get("columns"))
        with Source(str(path), names=dict(zip(_FEATURES, pair, strict=True))).naming():
            return _open(path, rows, pair, meta, {
                "name": name or (path.resolve().parent.name if path.stem == "pool" else path.stem),
                "modalities": modalities or meta.get("modalities") or _default_modalities(pair),
                "multilabel": meta.get("multilabel") if multilabel is None else multilabel,
            })  # fmt: skip
    except UNREADABLE as error:
        raise PoolError(
            f"{path} cannot be read as Parquet ({one_line(error)}); it may be truncated"
        ) from None


def _open(
    path: Path,
    rows: ParquetRows,
    pair: tuple[str, str],
    meta: Mapping[str, Any],
    fields: dict[str, Any],
) -> PairPool:
    file = pq.ParquetFile(path)
    present: list[Any] = []
    for letter, key, name in zip("ab", _FEATURES, pair, strict=True):
        fields[letter], mask = _features(file, name, key)
        masks = f"{key}_present"
        present.append(_column(file, masks) if masks in rows.schema.names else mask)
    for key in _PLAIN:
        if key in rows.schema.names:
            fields[key] = _column(file, key)
    taken = {*_PLAIN, *_MASKS, *pair}
    shown = [name for name in rows.schema.names if name not in taken]
    columns = Columns(
        present=tuple(present),
        class_names=meta.get("class_names"),
        display=shown_columns(rows, shown, path.parent),
        **fields,
    )
    return PairPool(**checked_fields(columns))


def _metadata(path: Path, schema: pa.Schema) -> Mapping[str, Any]:
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        return {}
    try:
        meta = json.loads(text)
    except ValueError:
        meta = None
    if not isinstance(meta, dict):
        raise PoolError(f"{path} has metadata under 'acqkit' that is no JSON object")
    return meta


def _feature_columns(path: Path, schema: pa.Schema, given: Any) -> tuple[str, str]:
    pair = given or _FEATURES
    if isinstance(pair, str) or len(pair) != 2:
        raise PoolError(f"{path}: columns are {shown(pair)}, wanted the names of two columns")
    for column in pair:
        if column not in schema.names:
            others = [name for name in schema.names if name not in pair]
            raise PoolError(f"{path} has no column {shown(column)}; {did_you_mean(column, others)}")
    return pair[0], pair[1]


def _default_modalities(pair: tuple[str, str]) -> tuple[str, str]:
    return ("a", "b") if pair == _FEATURES else pair


def _features(file: pq.ParquetFile, name: str, key: str) -> tuple[NDArray[Any], BoolArray | None]:
    """Column `name` of vectors as an array `[n, d]`, and the mask of rows that are not null."""
    kind = file.schema_arrow.field(name).type
    is_list = any(
        test(kind)
        for test in (pa.types.is_fixed_size_list, pa.types.is_list, pa.types.is_large_list)
    )
    if not is_list or not _is_number(kind.value_type):
        raise ColumnError(key, f"has type {kind}, wanted fixed-size lists of numbers")
    dtype = np.dtype(kind.value_type.to_pandas_dtype())
    n, width = file.metadata.num_rows, None
    present = np.ones(n, dtype=bool)
    array: NDArray[Any] = np.zeros((n, 0), dtype=dtype)
    start = 0
    for batch in file.iter_batches(batch_size=8192, columns=[name]):
        values = batch.column(0)
        there = values.is_valid().to_numpy(zero_copy_only=False)
        if there.any():
            width = _width(values, there, width, start, key)
            array = np.zeros((n, width), dtype=dtype) if array.shape[1] != width else array
            flat = values.drop_null().flatten().to_numpy(zero_copy_only=False)
            array[start + np.flatnonzero(there)] = flat.reshape(-1, width)
        present[start : start + len(values)] = there
        start += len(values)
    return array, None if present.all() else present


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _width(values: pa.Array, there: BoolArray, width: int | None, start: int, key: str) -> int:
    if pa.types.is_fixed_size_list(values.type):
        return int(values.type.list_size)
    lengths = pc.list_value_length(values).to_numpy(zero_copy_only=False)
    lengths = np.where(there, lengths, -1).astype(np.int64)
    wanted = int(lengths[there][0]) if width is None else width
    bad = there & (lengths != wanted)
    if bad.any():
        index = int(np.argmax(bad))
        raise ColumnError(
            key,
            f"has {lengths[index]} numbers in {row(start + index)}, wanted {wanted} as "
            "in the rows before",
        )
    return wanted


def _column(file: pq.ParquetFile, name: str) -> Any:
    """A column other than features: an array of numbers or strings, or a list of rows."""
    values = file.read(columns=[name]).column(0)
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if pa.types.is_fixed_size_list(kind) and _is_number(kind.value_type) and name == "labels":
        if values.null_count:
            raise ColumnError(name, f"is null in {row(_first_null(values))}")
        flat = values.combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(-1, kind.list_size)
    if name == "labels":
        return values.to_pylist() if values.null_count or not _is_number(kind) else _numpy(values)
    if values.null_count:
        raise ColumnError(name, f"is null in {row(_first_null(values))}")
    if _is_number(kind) or pa.types.is_boolean(kind):
        return _numpy(values)
    if pa.types.is_nested(kind):
        raise ColumnError(name, f"has type {kind}, wanted one value per pair")
    return np.array(values.to_pylist())


def _numpy(values: pa.ChunkedArray) -> NDArray[Any]:
    return np.asarray(values.to_numpy())


def _first_null(values: pa.ChunkedArray) -> int:
    return int(np.argmax(values.is_null().to_numpy()))
