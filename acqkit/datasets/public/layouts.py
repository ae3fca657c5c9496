"""What a layout of a data set is: which files hold what, under which names."""

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
class Piece:
    """Some pairs as read: features `[n, d]`, labels `[n]` numbers or `[n, c]` 0/1, their side.

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
        """What must be there: per file its alternative names or patterns."""
        ...

    def read(self, index: FileIndex, classes: tuple[int, ...]) -> list[Piece]:
        """The pairs; raises PoolError for what is not as it should be."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """An array by alternative file names and alternative keys; `column` of a list file."""

    files: tuple[str, ...]
    keys: tuple[str, ...] = ()
    column: int | None = None

    def read(self, index: FileIndex) -> tuple[NDArray[Any], str]:
        """The array, and what messages call it."""
        path = index.path(self.files)
        if path is None:
            raise PoolError(f"{index.folder} has no {' or '.join(self.files)}")
        return read_array(path, self.keys, self.column), _called(path, self.keys)


def _called(path: Path, keys: tuple[str, ...]) -> str:
    return f"{path}: {'/'.join(keys)}" if keys else str(path)


@dataclass(frozen=True, slots=True)
class Part:
    """Pairs whose images, texts and labels are stored row by row alike."""

    image: Stored
    text: Stored
    labels: Stored
    test: bool | None = None

    def __iter__(self) -> Iterator[Stored]:
        return iter((self.image, self.text, self.labels))


@dataclass(frozen=True, slots=True)
class FileLayout:
    """A layout of plain arrays: its parts follow one another in the pool.

    `test_rows` is a file of positions, from 0, of the pairs for evaluation; it may be missing.
    """

    name: str
    parts: tuple[Part, ...]
    source: str
    class_names: tuple[str, ...] | None = None
    test_rows: Stored | None = None

    def files(self) -> list[tuple[str, ...]]:
        """What must be there, each file once."""
        return list(dict.fromkeys(stored.files for part in self.parts for stored in part))

    def read(self, index: FileIndex, classes: tuple[int, ...]) -> list[Piece]:
        """The parts in their order; raises PoolError naming the array that is wrong."""
        return [self._read(part, index, classes) for part in self.parts]

    def _read(self, part: Part, index: FileIndex, classes: tuple[int, ...]) -> Piece:
        given, where = part.labels.read(index)
        labels = label_rows(given, classes, where)
        n = len(labels)
        image = pairs_first(*part.image.read(index), n, where)
        text = pairs_first(*part.text.read(index), n, where)
        test = None if part.test is None else np.full(n, part.test)
        if self.test_rows is not None and index.path(self.test_rows.files) is not None:
            test = _marked(*self.test_rows.read(index), n)
        return Piece(image, text, labels, test, self.class_names)


def _marked(rows: NDArray[Any], where: str, n: int) -> BoolArray:
    if rows.size == 0 or rows.min() < 0 or rows.max() >= n:
        raise PoolError(f"{where} names rows that are not there, wanted rows from 0 to {n - 1}")
    test = np.zeros(n, dtype=bool)
    test[rows.reshape(-1).astype(np.int64)] = True
    return test
