"""Pools over a torch `Dataset` or a Hugging Face `datasets.Dataset` of raw pairs.

Neither library is imported: a Hugging Face data set is known by its columns, and all that
is asked of another is `len(dataset)` and `dataset[i]`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, IntArray
from acqkit.errors import PoolError, did_you_mean
from acqkit.pool.arrays import Columns
from acqkit.pool.checks import check_modalities, check_present
from acqkit.pool.scan import first_row
from acqkit.pool.source import ColumnError, Source, row

Key = str | int
_BLOCK = 1024


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
    reader = _reader(dataset)
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
        others["ids"] = _plain(read[keys.id])
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


def _first(reader: _ItemReader, key: Key) -> Any:
    """The first item that is not None."""
    for position in range(len(reader)):
        item = reader.items(np.array([position]), key)[0]
        if item is not None:
            return item
    raise PoolError(f"the data set has no {key!r} in any row")


def _plain(values: list[Any]) -> list[Any]:
    """Tensors of one number as numbers."""
    return [v.item() if getattr(v, "ndim", None) == 0 else v for v in values]


class _ItemReader:
    """Items of any map-style data set; caches the last batch, for which both modalities ask."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self._positions: IntArray = np.zeros(0, dtype=np.int64)
        self._items: list[Any] = []

    def __len__(self) -> int:
        return len(self.dataset)

    def check_key(self, key: Key) -> None:
        item = self.dataset[0]
        known = list(item) if isinstance(item, Mapping) else list(range(len(item)))
        if key not in known:
            hint = did_you_mean(key, known) if isinstance(key, str) else f"known: {known}"
            raise PoolError(f"the data set's items have no part {key!r}; {hint}")

    def items(self, positions: IntArray, key: Key) -> list[Any]:
        """One part of the items at `positions`."""
        if not np.array_equal(positions, self._positions):
            self._items = [self.dataset[int(position)] for position in positions]
            self._positions = positions.copy()
        return [item[key] for item in self._items]

    def columns(self, keys: list[Key]) -> dict[Key, list[Any]]:
        """Whole columns, in one pass over the data set."""
        values: dict[Key, list[Any]] = {key: [] for key in keys}
        for position in range(len(self)) if keys else ():
            item = self.dataset[position]
            for key in values:
                values[key].append(item[key])
        return values

    def class_names(self, key: Key) -> Sequence[str] | None:
        """The names of class numbers, or None where the data set has none."""
        return getattr(self.dataset, "classes", None)

    def label_values(self, key: Key, values: list[Any]) -> list[Any]:
        """Labels as `from_arrays` takes them."""
        return _plain(values)


class _ColumnReader(_ItemReader):
    """Columns of a Hugging Face data set; only those asked for are decoded."""

    def check_key(self, key: Key) -> None:
        if key not in self.dataset.column_names:
            known = self.dataset.column_names
            raise PoolError(f"the data set has no column {key!r}; {did_you_mean(key, known)}")

    def items(self, positions: IntArray, key: Key) -> list[Any]:
        return list(self.dataset.select_columns([key])[positions.tolist()][key])

    def columns(self, keys: list[Key]) -> dict[Key, list[Any]]:
        values: dict[Key, list[Any]] = {key: [] for key in keys}
        for key, column in values.items():
            for start in range(0, len(self), _BLOCK):
                column += self.items(np.arange(start, min(start + _BLOCK, len(self))), key)
        return values

    def class_names(self, key: Key) -> Sequence[str] | None:
        feature = self.dataset.features[key]
        feature = getattr(feature, "feature", feature)
        names: Sequence[str] | None = getattr(feature, "names", None)
        return names

    def label_values(self, key: Key, values: list[Any]) -> list[Any]:
        values = super().label_values(key, values)
        names = self.class_names(key)
        if names is None or not hasattr(self.dataset.features[key], "feature"):
            return values
        return [None if row is None else [names[int(c)] for c in row] for row in values]


def _reader(dataset: Any) -> _ItemReader:
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise PoolError(
            f"{type(dataset).__name__} has no length or no items by position; wanted a map-style "
            "data set (for a stream, save it first)"
        )
    if isinstance(dataset, Mapping):
        raise PoolError(
            f"{type(dataset).__name__} is a mapping of data sets; choose one, for example "
            f"dataset[{next(iter(dataset), 'train')!r}]"
        )
    if len(dataset) == 0:
        raise PoolError("the data set has no items; a pool needs at least one pair")
    is_columns = hasattr(dataset, "column_names") and hasattr(dataset, "select_columns")
    return _ColumnReader(dataset) if is_columns else _ItemReader(dataset)


class RawItems:
    """One modality of a data set as raw items, read when asked for."""

    dim = None

    def __init__(self, reader: _ItemReader, key: Key, present: BoolArray | None) -> None:
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
    return getattr(item, "ndim", 0) == 1 and np.asarray(item).dtype.kind in "fiub"


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
        vector = np.asarray(value)
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
