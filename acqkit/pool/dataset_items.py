"""Items of data sets, by position and by part, read in one of two ways.

A Hugging Face data set without a transform is read by column; of any other, all that is asked is
`len(dataset)` and `dataset[i]`. Whatever a data set raises becomes a sentence here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from acqkit.embeddings import IntArray
from acqkit.errors import PoolError, did_you_mean
from acqkit.pool.source import one_line, row

Key = str | int
_BLOCK = 1024
_WANTED = "wanted a map-style data set (for a stream, save it first)"


def plain(values: list[Any]) -> list[Any]:
    """Tensors of one number as numbers."""
    return [v.item() if getattr(v, "ndim", None) == 0 else v for v in values]


class ItemReader:
    """Items of any map-style data set; caches the last batch, for which both modalities ask."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self._positions: IntArray = np.zeros(0, dtype=np.int64)
        self._items: list[Any] = []

    def __len__(self) -> int:
        return len(self.dataset)

    def check_key(self, key: Key) -> None:
        item = self._item(0)
        try:
            known = list(item) if isinstance(item, Mapping) else list(range(len(item)))
        except TypeError:
            raise PoolError(
                f"the data set's items are {type(item).__name__} objects, wanted tuples or mappings"
            ) from None
        if key not in known:
            hint = did_you_mean(key, known) if isinstance(key, str) else f"known: {known}"
            raise PoolError(f"the data set's items have no part {key!r}; {hint}")

    def _item(self, position: int) -> Any:
        try:
            return self.dataset[position]
        except NotImplementedError:
            raise PoolError(
                f"{type(self.dataset).__name__} gives no items by position; {_WANTED}"
            ) from None
        except Exception as error:
            # The cause is the data set's own, whose author wants to see where it arose.
            raise PoolError(
                f"the data set gives no item in {row(position)} "
                f"({type(error).__name__}: {one_line(error)})"
            ) from error

    def _part(self, position: int, item: Any, key: Key) -> Any:
        try:
            return item[key]
        except (LookupError, TypeError):
            raise PoolError(f"the data set's item has no part {key!r} in {row(position)}") from None

    def items(self, positions: IntArray, key: Key) -> list[Any]:
        """One part of the items at `positions`."""
        if not np.array_equal(positions, self._positions):
            self._items = [self._item(int(position)) for position in positions]
            self._positions = positions.copy()
        return [
            self._part(position, item, key)
            for position, item in zip(positions.tolist(), self._items, strict=True)
        ]

    def columns(self, keys: list[Key]) -> dict[Key, list[Any]]:
        """Whole columns, in one pass over the data set."""
        values: dict[Key, list[Any]] = {key: [] for key in keys}
        for position in range(len(self)) if keys else ():
            item = self._item(position)
            for key in values:
                values[key].append(self._part(position, item, key))
        return values

    def class_names(self, key: Key) -> Sequence[str] | None:
        """The names of class numbers, or None where the data set has none."""
        features = getattr(self.dataset, "features", None)
        if isinstance(features, Mapping):  # Hugging Face's
            feature = features.get(key)
            named: Sequence[str] | None = getattr(
                getattr(feature, "feature", feature), "names", None
            )
            return named
        classes = getattr(self.dataset, "classes", None)
        if not isinstance(classes, list | tuple):
            return classes
        # torchvision's ImageNet gives each class as a tuple of synonyms.
        return [", ".join(map(str, c)) if isinstance(c, tuple) else c for c in classes]

    def label_values(self, key: Key, values: list[Any]) -> list[Any]:
        """Labels as `from_arrays` takes them: lists of class numbers as lists of names."""
        values = plain(values)
        names = self.class_names(key)
        features = getattr(self.dataset, "features", None)
        if names is None or not isinstance(features, Mapping):
            return values
        if not hasattr(features[key], "feature"):
            return [None if value == -1 else value for value in values]
        return [None if row is None else [names[int(c)] for c in row] for row in values]


class _ColumnReader(ItemReader):
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


def reader_of(dataset: Any) -> ItemReader:
    """The reader for a data set; raises PoolError for what has no items by position."""
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise PoolError(
            f"{type(dataset).__name__} has no length or no items by position; {_WANTED}"
        )
    if isinstance(dataset, Mapping):
        raise PoolError(
            f"{type(dataset).__name__} is a mapping of data sets; choose one, for example "
            f"dataset[{next(iter(dataset), 'train')!r}]"
        )
    try:
        n = len(dataset)
    except Exception as error:  # noqa: BLE001 - some know only when asked that they have none
        raise PoolError(
            f"{type(dataset).__name__} has no length ({one_line(error)}); {_WANTED}"
        ) from None
    if n == 0:
        raise PoolError("the data set has no items; a pool needs at least one pair")
    is_columns = hasattr(dataset, "column_names") and hasattr(dataset, "select_columns")
    # A transform may need columns that nobody asks for, and give others than are stored.
    return (
        _ColumnReader(dataset) if is_columns and not _transforms(dataset) else ItemReader(dataset)
    )


def _transforms(dataset: Any) -> bool:
    """Whether a Hugging Face data set has been given a transform of its items."""
    return bool(getattr(dataset, "format", {}).get("type") == "custom")
