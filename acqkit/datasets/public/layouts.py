"""The layout of a data set: which files hold which arrays, under which keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acqkit.datasets.public.arrays import read_array
from acqkit.datasets.public.files import FileIndex
from acqkit.datasets.public.shapes import label_rows, pairs_first
from acqkit.embeddings import BoolArray
from acqkit.errors import PoolError


@dataclass(frozen=True, eq=False, slots=True)
class Subset:
    """Arrays of some pairs: features `[n, d]`, labels `[n]` numbers or `[n, c]` 0/1.

    `test` is None where the release does not say which pairs are for evaluation.
    """

    image: NDArray[Any]
    text: NDArray[Any]
    labels: NDArray[Any]
    test: BoolArray | None = None
    class_names: tuple[str, ...] | None = None


class Layout(Protocol):
    """One way in which a data set is published."""

    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str:
        """Repository and path, or page, that the layout was learned from."""
        ...

    def files(self) -> list[tuple[str, ...]]:
        """The files needed, each with its alternative names or patterns."""
        ...

    def read(self, index: FileIndex, classes: tuple[int, ...]) -> list[Subset]:
        """The pairs; raises PoolError naming the array that is wrong."""
        ...


@dataclass(frozen=True, slots=True)
class StoredArray:
    """An array by alternative file names and alternative keys; `column` of a list file."""

    files: tuple[str, ...]
    keys: tuple[str, ...] = ()
    column: int | None = None

    def read(self, index: FileIndex) -> tuple[NDArray[Any], str]:
        """The array, and its name for messages."""
        path = index.path(self.files)
        if path is None:
            raise PoolError(f"{index.folder} has no {' or '.join(self.files)}")
        return read_array(path, self.keys, self.column), _name(path, self.keys)


def _name(path: Path, keys: tuple[str, ...]) -> str:
    return f"{path}: {'/'.join(keys)}" if keys else str(path)


@dataclass(frozen=True, slots=True)
class StoredSubset:
    """Pairs whose images, texts and labels are stored row by row alike."""

    image: StoredArray
    text: StoredArray
    labels: StoredArray
    test: bool | None = None

    def __iter__(self) -> Iterator[StoredArray]:
        return iter((self.image, self.text, self.labels))


@dataclass(frozen=True, slots=True)
class FileLayout:
    """A layout of plain arrays: its subsets follow one another in the pool.

    `test_rows` is a file of positions, from 0, of the pairs for evaluation; it may be missing.
    """

    name: str
    subsets: tuple[StoredSubset, ...]
    source: str
    class_names: tuple[str, ...] | None = None
    test_rows: StoredArray | None = None

    def files(self) -> list[tuple[str, ...]]:
        """The files needed, each once, with their alternative names."""
        return list(dict.fromkeys(stored.files for subset in self.subsets for stored in subset))

    def read(self, index: FileIndex, classes: tuple[int, ...]) -> list[Subset]:
        """The subsets in their order; raises PoolError naming the array that is wrong."""
        return [self._read(subset, index, classes) for subset in self.subsets]

    def _read(self, stored: StoredSubset, index: FileIndex, classes: tuple[int, ...]) -> Subset:
        given, where = stored.labels.read(index)
        labels = label_rows(given, classes, where)
        n = len(labels)
        image = pairs_first(*stored.image.read(index), n, where)
        text = pairs_first(*stored.text.read(index), n, where)
        test = None if stored.test is None else np.full(n, stored.test)
        if self.test_rows is not None and index.path(self.test_rows.files) is not None:
            test = _marked(*self.test_rows.read(index), n)
        return Subset(image, text, labels, test, self.class_names)


def _marked(rows: NDArray[Any], where: str, n: int) -> BoolArray:
    if rows.size == 0 or rows.min() < 0 or rows.max() >= n:
        raise PoolError(f"{where} names rows that are not there, wanted rows from 0 to {n - 1}")
    test = np.zeros(n, dtype=bool)
    test[rows.reshape(-1).astype(np.int64)] = True
    return test
