"""Reading `pairs.parquet`: ids, and what people look at of each pair."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acqkit.errors import ExportError, PoolError
from acqkit.pool.sidecar import ParquetRows

PICTURE = "picture of "
NAME = "file of "
TEXT = "text of "
"""How the names of columns begin; what follows is the name of the pool's own column."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What people look at of one column of a pair: a text, a file's name, a picture; or none."""

    column: str
    text: str | None = None
    file: str | None = None
    picture: bytes | None = None


class ShownPairs:
    """Reads what `write_pairs` wrote; raises ExportError where it is damaged."""

    def __init__(self, path: Path) -> None:
        try:
            self._rows = ParquetRows(path)
            self.ids: list[Any] = self._rows.column("id").to_pylist()
        except PoolError as error:
            raise ExportError(f"{error}; export again") from None
        names = self._rows.schema.names
        self.columns = [name.removeprefix(TEXT) for name in names if name.startswith(TEXT)]
        self._names = frozenset(names)

    def __len__(self) -> int:
        return len(self.ids)

    def shown(self, position: int) -> list[Shown]:
        """What people look at of one pair, a value a column."""
        return [
            Shown(
                column,
                self._value(TEXT + column, position),
                self._value(NAME + column, position),
                self._value(PICTURE + column, position),
            )
            for column in self.columns
        ]

    def _value(self, name: str, position: int) -> Any:
        if name not in self._names:
            return None
        try:
            return self._rows.item(name, position)
        except PoolError as error:
            raise ExportError(f"{error}; export again") from None

    def position_of(self, pair: str) -> int | None:
        """The pair whose id reads so; None where there is none."""
        return self._by_text.get(pair)

    @functools.cached_property
    def _by_text(self) -> dict[str, int]:
        return {str(value): position for position, value in enumerate(self.ids)}
