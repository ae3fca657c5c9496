"""Pools over a torch `Dataset` or a Hugging Face `datasets.Dataset` of raw pairs.

Neither library is imported: a Hugging Face data set is known by its columns, and all that
is asked of another is `len(dataset)` and `dataset[i]`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, IntArray
from acqkit.errors import PoolError, shown
from acqkit.pool.arrays import Columns
from acqkit.pool.checks import check_modalities, check_present
from acqkit.pool.dataset_items import ItemReader, Key, plain, reader_of
from acqkit.pool.scan import first_row
from acqkit.pool.source import ColumnError, Source, row, to_array
from acqkit.tensors import as_numpy


@dataclass(frozen=True, slots=True)
class DatasetKeys:
    """Which parts of an item are its modalities, its label and its id."""

    a: Key
    b: Key
    label: Key | None = None
    id: Key | None = None

    @property
    def source(self) -> Source:
        """The data set as messages name it."""
        keys = {"modality_a": self.a, "modality_b": self.b, "labels": self.label, "ids": self.id}
        names = {column: repr(key) for column, key in keys.items() if key is not None}
        return Source("the data set", names=names)


def dataset_columns(
    dataset: Any,
    keys: DatasetKeys,
    *,
    class_names: Sequence[str] | None,
    modalities: tuple[str, str] | None,
    **others: Any,
) -> Columns:
    """The columns of a pool over `dataset`; raises PoolError naming the item."""
    reader = reader_of(dataset)
    for key in (keys.a, keys.b, keys.label, keys.id):
        if key is not None:
            reader.check_key(key)
    if modalities is None:
        modalities = (str(keys.a), str(keys.b)) if isinstance(keys.a, str) else ("a", "b")
    given = others.pop("present", (None, None))
    masks = check_present(given, check_modalities(modalities), len(reader))
    first = {key: _first(reader, key) for key in (keys.a, keys.b)}
    vectors = [key for key, item in first.items() if _is_vector(item)]
    read = reader.columns([*vectors, *(key for key in (keys.label, keys.id) if key is not None)])
    sides: list[Any] = []
    present: list[BoolArray | None] = []
    for key, mask in zip((keys.a, keys.b), masks, strict=True):
        if key in vectors:
            array, mask = _stack(read[key], mask, key)
            sides.append(array)
        else:
            sides.append(RawItems(reader, key, mask))
        present.append(mask)
    if keys.label is not None:
        others["labels"] = reader.label_values(keys.label, read[keys.label])
        class_names = class_names or reader.class_names(keys.label)
    if keys.id is not None:
        others["ids"] = plain(read[keys.id])
    shown = {
        name: ShownItems(side)
        for name, side, key in zip(modalities, sides, (keys.a, keys.b), strict=True)
        if isinstance(side, RawItems) and _is_shown(first[key])
    }
    others.setdefault("display", shown)
    return Columns(
        a=sides[0],
        b=sides[1],
        class_names=class_names,
        modalities=modalities,
        present=tuple(present),
        **others,
    )


def _first(reader: ItemReader, key: Key) -> Any:
    """The first item that is not None."""
    for position in range(len(reader)):
        item = reader.items(np.array([position]), key)[0]
        if item is not None:
            return item
    raise PoolError(f"the data set has no {key!r} in any row")


class RawItems:
    """One modality of a data set as raw items, read when asked for."""

    dim = None

    def __init__(self, reader: ItemReader, key: Key, present: BoolArray | None) -> None:
        self._reader = reader
        self._key = key
        self._present = present

    def __len__(self) -> int:
        return len(self._reader)

    def rows(self, positions: IntArray) -> list[Any]:
        """The items `[k]` at `positions`; raises PoolError for one that is missing."""
        items = self._reader.items(positions, self._key)
        for position, item in zip(positions.tolist(), items, strict=True):
            if item is None and (self._present is None or self._present[position]):
                raise PoolError(
                    f"the data set has no {self._key!r} in {row(position)}; mark it in `present` "
                    "as a pair that lacks this modality"
                )
        return items


class ShownItems(Sequence[Any]):
    """Raw items for display: text, bytes, and images as PNG bytes."""

    def __init__(self, items: RawItems) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        item = self._items.rows(np.array([range(len(self))[index]]))[0]
        return _png(item) if _is_picture(item) else item


def _is_picture(item: Any) -> bool:
    # What Pillow's images have in common, without asking for Pillow.
    return hasattr(item, "save") and hasattr(item, "mode") and hasattr(item, "size")


def _is_shown(item: Any) -> bool:
    return isinstance(item, str | bytes) or _is_picture(item)


def _png(image: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _is_vector(item: Any) -> bool:
    if isinstance(item, list | tuple):
        return bool(item) and all(isinstance(v, int | float) for v in item)
    return getattr(item, "ndim", 0) == 1 and as_numpy(item).dtype.kind in "fiub"


def _stack(
    values: list[Any], mask: BoolArray | None, key: Key
) -> tuple[NDArray[Any], BoolArray | None]:
    """Vectors to an array `[n, d]`; a pair without one is marked as absent."""
    width = len(next(value for value in values if value is not None))
    array = np.zeros((len(values), width), dtype=np.float32)
    present = np.ones(len(values), dtype=bool)
    for position, value in enumerate(values):
        if value is None:
            present[position] = False
            continue
        vector = to_array(value, repr(key))
        if vector.dtype.kind not in "fiub":
            raise ColumnError(repr(key), f"is {shown(value)} in {row(position)}, wanted numbers")
        if vector.shape != (width,):
            raise ColumnError(
                repr(key),
                f"has shape {vector.shape} in {row(position)}, wanted "
                f"({width},) as in the first item",
            )
        array[position] = vector
    if mask is not None:
        missing = first_row(mask & ~present)
        if missing >= 0:
            raise ColumnError(
                repr(key), f"is missing in {row(missing)} though `present` says it is there"
            )
        return array, mask
    return array, None if present.all() else present
