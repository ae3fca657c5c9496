"""Classes that a column declares, used or not: in its type, or in metadata beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

Names = Sequence[str]


def declared_classes(values: Any) -> Names | None:
    """Class names in the order in which the type of `values` declares them, or None.

    Types that declare classes are pandas' Categorical, polars' Enum and Arrow's dictionary,
    also inside of lists.
    """
    if isinstance(values, pa.ChunkedArray | pa.Array):
        return _of_arrow(values)
    categories = getattr(getattr(values, "dtype", None), "categories", None)
    return None if not np.iterable(categories) else [str(name) for name in categories]


def _of_arrow(values: pa.ChunkedArray | pa.Array) -> Names | None:
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    kind = values.type
    if is_list(kind):
        kind, chunks = kind.value_type, [chunk.flatten() for chunk in chunks]
    if not pa.types.is_dictionary(kind):
        return None
    names = (name for chunk in chunks for name in chunk.dictionary.to_pylist())
    return [str(name) for name in dict.fromkeys(names) if name is not None]


def hugging_face_classes(schema: pa.Schema) -> Mapping[str, Names]:
    """The names of every `ClassLabel` column, also in lists, by Hugging Face's metadata."""
    text = (schema.metadata or {}).get(b"huggingface")
    try:
        features = json.loads(text or b"{}")["info"]["features"]
        found = {name: _class_label(feature) for name, feature in features.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}  # Other versions write other metadata.
    return {name: names for name, names in found.items() if names is not None}


def pandas_categories(schema: pa.Schema) -> Mapping[str, int]:
    """How many categories pandas' metadata says that a column has, by name.

    Parquet keeps categories that are texts; of others only their number is told.
    """
    text = (schema.metadata or {}).get(b"pandas")
    try:
        columns = json.loads(text or b"{}")["columns"]
        return {
            str(column["name"]): int(column["metadata"]["num_categories"])
            for column in columns
            if column["pandas_type"] == "categorical"
        }
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}  # Other versions write other metadata.


def _class_label(feature: Any) -> Names | None:
    if isinstance(feature, list) and len(feature) == 1:  # how old versions write a list
        return _class_label(feature[0])
    if not isinstance(feature, dict):
        return None
    if feature.get("_type") == "ClassLabel":
        names = feature["names"]
        return [str(name) for name in names]
    return _class_label(feature.get("feature"))


def is_list(kind: pa.DataType) -> bool:
    """Whether an Arrow type is a list of any kind."""
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)
