"""From rows of a table to pairs: which rows are of one pair, and what the pair is called.

Rows with one id are one pair: a picture with several captions is as many rows, or one row with a
list. One of the two modalities is then the same in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import IntArray
from acqkit.encoding.columns import Column, Table
from acqkit.encoding.items import FileItem, Item
from acqkit.errors import PoolError, shown
from acqkit.pool.source import row as in_row

_ID_COLUMNS = ("id", "ids")


@dataclass(frozen=True)
class RawPairs:
    """Pairs of a table; `ids` `[n]`; rows of pair i are `rows[starts[i]:starts[i + 1]]`.

    ids_from: how people are told where the ids come from.
    """

    ids: Sequence[Any]
    starts: IntArray
    rows: IntArray
    a: Column
    b: Column
    ids_from: str

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, pair: int) -> list[int]:
        """The rows of a pair."""
        found: list[int] = self.rows[self.starts[pair] : self.starts[pair + 1]].tolist()
        return found

    def items(self, column: Column, pair: int) -> list[Item]:
        """The distinct items of a pair in one of its columns."""
        rows = self.rows_of(pair)
        return list(dict.fromkeys(item for row in rows for item in column.items(row)))


def raw_pairs(table: Table, a: Column, b: Column, id_column: str | None) -> RawPairs:
    """The pairs of a table, in the order of their first rows.

    Raises PoolError for an id that is missing, or of different items in both modalities.
    """
    ids, ids_from = _ids(table, a, b, id_column)
    places: dict[Any, list[int]] = {}
    for row, value in enumerate(ids):
        places.setdefault(value, []).append(row)
    starts = np.cumsum([0, *map(len, places.values())], dtype=np.int64)
    rows = np.array([row for own in places.values() for row in own], dtype=np.int64)
    pairs = RawPairs(list(places), starts, rows, a, b, ids_from)
    for pair in np.flatnonzero(np.diff(starts) > 1).tolist():
        _check_one_pair(table, pairs, pair)
    return pairs


def _ids(table: Table, a: Column, b: Column, name: str | None) -> tuple[list[Any], str]:
    name = name or table.roles.get("id")
    if name is None:
        name = next((known for known in _ID_COLUMNS if known in table.columns), None)
    if name is not None:
        column = table.column(name, "--id")
        values = [column.value(row) for row in range(table.rows)]
        for row, value in enumerate(values):
            if value is None or value == "" or not isinstance(value, str | int):
                raise PoolError(
                    f"{table.path}: {name} is {shown(value)} in {in_row(row)}, wanted a text or an "
                    "integer; every row needs an id"
                )
        if len({type(value) for value in values}) > 1:
            values = [str(value) for value in values]
        return values, f"the column {name}"
    for column in (a, b):
        names = [_file_name(column, row) for row in range(table.rows)]
        if None not in names:
            return names, "names of files"
    return list(range(table.rows)), "numbers of rows; rows may be added at the end alone"


def _file_name(column: Column, row: int) -> str | None:
    items = column.items(row)
    return items[0].name if len(items) == 1 and isinstance(items[0], FileItem) else None


def _check_one_pair(table: Table, pairs: RawPairs, pair: int) -> None:
    counts = [len(pairs.items(column, pair)) for column in (pairs.a, pairs.b)]
    if min(counts) > 1:
        rows = pairs.rows_of(pair)
        raise PoolError(
            f"{table.path}: the id {shown(pairs.ids[pair])} in {in_row(rows[0])} has another "
            f"pair in row {rows[1]}; ids must be unique, but for several texts of one item"
        )


def id_array(ids: Sequence[Any]) -> NDArray[Any]:
    """Ids `[n]`, texts or integers, as an array."""
    return np.array(ids)
