"""Columns of a source: raw items to encode, or plain values such as ids, labels and splits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Protocol

from acqkit.encoding.items import FileItem, Item, TextItem, file_stamp
from acqkit.errors import ConfigError, PoolError, did_you_mean, shown
from acqkit.interfaces import ItemKind
from acqkit.pool.display import AUDIO_SUFFIXES, IMAGE_SUFFIXES, is_empty, kind_of

PICTURES = IMAGE_SUFFIXES | {".tif", ".tiff"}
"""Suffixes of files that Pillow reads, and of SVG, which it does not and is listed as a failure."""

_LOOKED_AT = 1000
"""Values read to find out what a column holds."""


class Column(Protocol):
    """One column of a source."""

    @property
    def kind(self) -> ItemKind:
        """What its items are."""
        ...

    def __len__(self) -> int: ...
    def items(self, row: int) -> list[Item]:
        """The raw items of a row: one, several (captions of a picture), or none."""
        ...

    def value(self, row: int) -> Any:
        """What the row holds as plain data."""
        ...


@dataclass(frozen=True)
class Table:
    """Rows of a source; `roles` are the columns that are what they are by the source's kind.

    classes: class names that a column declares, by column. several: whether a column's type
    says that a row may have several labels, by column, where it says so.
    """

    path: Path
    columns: Mapping[str, Column]
    rows: int
    roles: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    several: Mapping[str, bool] = field(default_factory=dict)

    def column(self, name: str, option: str) -> Column:
        """The column of that name; raises ConfigError naming those that there are."""
        if name not in self.columns:
            raise ConfigError(
                f"{option}: {self.path} has no column {shown(name)}; "
                f"{did_you_mean(name, self.columns)}"
            )
        return self.columns[name]


class ListColumn:
    """Values in memory: texts, names of files in `folder`, lists of these, or plain data."""

    def __init__(self, values: Sequence[Any], folder: Path) -> None:
        self._values = values
        self._folder = folder
        first = _first(_flat(value) for value in values[:_LOOKED_AT])
        self._suffix = _suffix(first)
        self.kind: ItemKind = kind_of_suffix(self._suffix)

    def __len__(self) -> int:
        return len(self._values)

    def items(self, row: int) -> list[Item]:
        """Texts or files of the row."""
        return [self._item(value) for value in _flat(self._values[row]) if not _is_blank(value)]

    def value(self, row: int) -> Any:
        """The value as it is."""
        return self._values[row]

    def _item(self, value: Any) -> Item:
        if self._suffix:
            return FileItem(self._folder, str(value), self._suffix == ".txt")
        return TextItem(str(value))


class StoredColumn:
    """Contents of files inside of another file, read when asked for.

    get: the value at a row: bytes, or Hugging Face's mapping of `bytes` and `path`.
    """

    def __init__(self, get: Callable[[int], Any], rows: int, file: Path, folder: Path) -> None:
        self._get = get
        self._rows = rows
        self._file = file
        self._folder = folder
        self._lock = threading.Lock()  # readers of one file take turns
        first = next((found for row in range(min(rows, 16)) if (found := self._content(row))), b"")
        self.kind: ItemKind = (
            kind_of(first) if isinstance(first, bytes) else kind_of_suffix(_suffix(first))
        )

    def __len__(self) -> int:
        return self._rows

    def items(self, row: int) -> list[Item]:
        """The row's file."""
        return [StoredItem(self, row)]

    def value(self, row: int) -> Any:
        """The name of the row's file, where it has one."""
        with self._lock:
            found = self._get(row)
        return found.get("path") if isinstance(found, Mapping) else None

    def stamp(self, row: int) -> bytes | None:
        """Of the file that holds all, and the row."""
        return file_stamp(self._file, str(row))

    def where(self, row: int) -> str:
        """The row as lists name it."""
        return f"{self._file.name}, row {row} (counted from 0)"

    def read(self, row: int) -> bytes:
        """The content; raises PoolError where there is none."""
        content = self._content(row)
        if isinstance(content, str):
            found = FileItem(self._folder, content).read()
            return found if isinstance(found, bytes) else found.encode()
        if not content:
            raise PoolError("is empty")
        return content

    def _content(self, row: int) -> bytes | str:
        with self._lock:
            found = self._get(row)
        if isinstance(found, Mapping):
            found = found.get("bytes") or found.get("path")
        return found or b""


@dataclass(frozen=True, slots=True)
class StoredItem:
    """One row of a `StoredColumn`."""

    column: StoredColumn
    row: int

    @property
    def where(self) -> str:
        return self.column.where(self.row)

    def stamp(self) -> bytes | None:
        """Of the file that holds it, and the row."""
        return self.column.stamp(self.row)

    def read(self) -> bytes:
        """The content; raises PoolError where there is none."""
        return self.column.read(self.row)


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _first(rows: Iterable[list[Any]]) -> Any:
    return next((value for row in rows for value in row if not _is_blank(value)), None)


def _is_blank(value: Any) -> bool:
    return is_empty(value) or (isinstance(value, str) and not value.strip())


def _suffix(value: Any) -> str:
    """The suffix of a file's name; "" for prose, and for what is no text."""
    if not isinstance(value, str) or "\n" in value or "://" in value or len(value) > 1024:
        return ""
    suffix = PurePath(value).suffix.lower()
    return suffix if suffix in PICTURES | AUDIO_SUFFIXES | {".txt"} else ""


def kind_of_suffix(suffix: str) -> ItemKind:
    """What files with a suffix such as `.png` are; texts, where it is none of those known."""
    if suffix in PICTURES:
        return "image"
    return "audio" if suffix in AUDIO_SUFFIXES else "text"
