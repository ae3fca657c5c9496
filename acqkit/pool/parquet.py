"""Pools in a Parquet file, or in a data set of many."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from acqkit.embeddings import BoolArray
from acqkit.errors import PoolError, did_you_mean, shown
from acqkit.pool.arrays import Columns, check_unknown, checked_fields
from acqkit.pool.arrow_columns import read_categories, read_column, read_labels
from acqkit.pool.arrow_vectors import is_number
from acqkit.pool.declared import (
    Names,
    declared_classes,
    hugging_face_classes,
    is_list,
    pandas_categories,
)
from acqkit.pool.pairs import PairPool
from acqkit.pool.parquet_features import open_vectors
from acqkit.pool.parquet_parts import ParquetParts
from acqkit.pool.scan import first_row
from acqkit.pool.sidecar import shown_columns
from acqkit.pool.source import ColumnError, Source, row
from acqkit.pool.stored import StoredFile

METADATA_KEY = b"acqkit"
_PLAIN = ("ids", "split", "cost", "group", "labeled_round")
_FEATURES = ("modality_a", "modality_b")
_MASKS = ("modality_a_present", "modality_b_present")
_META = ("columns", "modalities", "class_names", "multilabel")


def open_parquet(
    path: Path | str,
    *,
    files: Sequence[StoredFile] | None = None,
    columns: tuple[str, str] | None = None,
    name: str | None = None,
    modalities: tuple[str, str] | None = None,
    multilabel: bool | None = None,
    verify: bool = True,
) -> PairPool:
    """Open a pool of one row per pair; `files` are those of a data set, else it is one file.

    Features of up to `parquet_features.WHOLE_BYTES` a modality are read into memory, others in
    chunks whenever they are looked at.

    Features are two columns of fixed-size lists of numbers (lists of one length do as
    well), called `modality_a` and `modality_b` unless `columns` or the file's metadata says
    otherwise, or of tensors of a fixed shape; a null is a pair that lacks the modality.
    `labels` are names (one a pair), lists of names (any number a pair), class numbers or lists of
    0/1. Classes are those that a dictionary (pandas' Categorical, polars' Enum) or Hugging Face's
    `ClassLabel` declares, used or not. `ids`, `split`, `cost`, `group`, `labeled_round` and masks
    are as in `.npz`; further columns of text, bytes, or Hugging Face's `Image` and `Audio` are
    for people to look at.

    The schema's metadata may hold, under the key `acqkit`, a JSON object with `columns`,
    `modalities`, `class_names` and `multilabel`. Raises PoolError.
    """
    rows = ParquetParts([StoredFile.local(Path(path))] if files is None else files, verify)
    meta = _metadata(path, rows.schema)
    pair = _feature_columns(path, rows.schema, columns or meta.get("columns"))
    with Source(str(path), names=dict(zip(_FEATURES, pair, strict=True))).naming():
        return _open(path, rows, pair, meta, {
            "name": name or _name(path),
            "modalities": modalities or meta.get("modalities") or _default_modalities(pair),
            "multilabel": meta.get("multilabel") if multilabel is None else multilabel,
        })  # fmt: skip


def _name(path: Path | str) -> str:
    if isinstance(path, str):
        return Path(path.partition("://")[2]).stem
    return path.resolve().parent.name if path.stem == "pool" else path.resolve().stem


def _open(
    path: Path | str,
    rows: ParquetParts,
    pair: tuple[str, str],
    meta: Mapping[str, Any],
    fields: dict[str, Any],
) -> PairPool:
    held = rows.schema.names
    for key in ("class_names", "modality_names", "multilabel"):
        if key in held:
            raise ColumnError(
                key, "is no column of pairs; give it in the schema's metadata, under 'acqkit'"
            )
    check_unknown(held, ("labels", *_PLAIN, *_MASKS, *pair))
    declared = hugging_face_classes(rows.schema)
    present: list[Any] = []
    for letter, key, mask, name in zip("ab", _FEATURES, _MASKS, pair, strict=True):
        fields[letter], there = open_vectors(rows, name, key)
        given = read_column(rows, mask, None) if mask in held else None
        present.append(_agreed(given, there, key, mask))
    for key in _PLAIN:
        if key in held:
            fields[key] = read_column(rows, key, declared.get(key))
    names: Names | None = None
    if "labels" in held:
        kind = rows.schema.field("labels").type
        counts = pandas_categories(rows.schema)
        if is_number(kind) and "labels" in counts:
            fields["labels"], names = read_categories(rows, counts["labels"])
        else:
            fields["labels"] = read_labels(rows, declared.get("labels"))
            names = declared.get("labels") or _declared(rows)
        if fields["multilabel"] is None and _of_names(kind, names):
            fields["multilabel"] = is_list(kind)
    shown = [name for name in held if name not in {"labels", *_PLAIN, *_MASKS, *pair}]
    columns = Columns(
        present=tuple(present),
        class_names=meta.get("class_names") or names,
        display=shown_columns(rows, shown, path.parent if isinstance(path, Path) else None),
        **fields,
    )
    return PairPool(**checked_fields(columns))


def _of_names(kind: pa.DataType, declared: Names | None) -> bool:
    """Whether labels are names or lists of names, whose type says how many a pair may have."""
    if declared is not None:
        return True
    kind = kind.value_type if is_list(kind) else kind
    return not (is_number(kind) or pa.types.is_boolean(kind))


def _agreed(given: Any, there: BoolArray, key: str, mask: str) -> Any:
    """The mask that the file gives, else the one of vectors that are not null."""
    if given is None:
        return None if there.all() else there
    if given.dtype == np.bool_ and (given & ~there).any():
        index = first_row(given & ~there)
        raise ColumnError(key, f"is null in {row(index)} though ", mask, " says it is there")
    return given


def _declared(rows: ParquetParts) -> Names | None:
    """Classes that the type of the labels declares."""
    kind = rows.schema.field("labels").type
    kind = kind.value_type if is_list(kind) else kind
    return declared_classes(rows.column("labels")) if pa.types.is_dictionary(kind) else None


def _metadata(path: Path | str, schema: pa.Schema) -> Mapping[str, Any]:
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        return {}
    try:
        meta = json.loads(text)
    except ValueError:
        meta = None
    if not isinstance(meta, dict):
        raise PoolError(f"{path} has metadata under 'acqkit' that is no JSON object")
    for key in meta:
        if key not in _META:
            raise PoolError(f"{path} has {shown(key)} under 'acqkit'; {did_you_mean(key, _META)}")
    return meta


def _feature_columns(path: Path | str, schema: pa.Schema, given: Any) -> tuple[str, str]:
    pair = _FEATURES if given is None else given
    is_pair = isinstance(pair, list | tuple) and len(pair) == 2 and pair[0] != pair[1]
    if not is_pair or not all(isinstance(name, str) for name in pair):
        raise PoolError(
            f"{path}: columns are {shown(pair)}, wanted the names of two different columns"
        )
    for column in pair:
        if column not in schema.names:
            others = [name for name in schema.names if name not in pair]
            raise PoolError(f"{path} has no column {shown(column)}; {did_you_mean(column, others)}")
    return pair[0], pair[1]


def _default_modalities(pair: tuple[str, str]) -> tuple[str, str]:
    return ("a", "b") if pair == _FEATURES else pair
