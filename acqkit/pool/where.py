"""How a message names the file and the column that something is wrong with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.errors import PoolError

ARGUMENTS = {
    "modality_a": "a",
    "modality_b": "b",
    "modality_names": "modalities",
    "modality_a_present": "present[0]",
    "modality_b_present": "present[1]",
}
"""What `PairPool.from_arrays` calls what files call otherwise."""

_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Where:
    """Where columns come from: one file, a folder with a `.npy` each, or arguments.

    `names` says what the source itself calls a column.
    """

    file: str | None = None
    folder: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, column: str) -> str:
        name = self.names.get(column, column)
        if self.file is None:
            return name
        return f"{self.file}/{name}.npy" if self.folder else f"{self.file}: {name}"

    def short(self, column: str) -> str:
        """The column alone, where the file was named already."""
        name = self.names.get(column, column)
        return f"{name}.npy" if self.folder else name

    @property
    def whole(self) -> str:
        """The source itself."""
        return self.file or "the pool"


def row(index: int) -> str:
    """A row as messages call it."""
    return f"row {index} (counted from 0)"


def one_line(error: Exception) -> str:
    """The text of an error in one short line without a period at its end."""
    return _shortened(str(error)).rstrip(".") or type(error).__name__


def shown(value: object) -> str:
    """A user's value as messages show it: in one short line."""
    return _shortened(repr(value))


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."


def check_repeated(path: object, names: Iterable[str]) -> None:
    """Columns of one file have different names; raises PoolError."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise PoolError(f"{path} has more than one column {name!r}; rename one")
        seen.add(name)


def as_text(values: NDArray[Any], column: str, where: Where) -> NDArray[Any]:
    """Bytes as the text they are in UTF-8; other values as they are."""
    if values.dtype.kind != "S":
        return values
    try:
        return np.char.decode(values, "utf-8")
    except UnicodeDecodeError:
        raise PoolError(f"{where(column)} holds bytes that are not UTF-8 text") from None
