"""How a message names the file and the column that something is wrong with."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ARGUMENTS = {
    "modality_a": "a",
    "modality_b": "b",
    "modality_names": "modalities",
    "modality_a_present": "present[0]",
    "modality_b_present": "present[1]",
}
"""What `PairPool.from_arrays` calls what files call otherwise."""


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


def nearest(name: str, known: Iterable[str]) -> str:
    """The nearest known name as a hint, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    listed = ", ".join(repr(known_name) for known_name in names[:12])
    return f"known: {listed}{', ...' if len(names) > 12 else ''}"


def one_line(error: Exception) -> str:
    """The text of an error without line breaks or a period at its end."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
