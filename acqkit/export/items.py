"""Writing `pairs.parquet`: ids, and what people look at, small enough to be carried along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from acqkit.errors import PoolError
from acqkit.export.shown import NAME, PICTURE, TEXT, Shown
from acqkit.export.tables import id_column
from acqkit.pool import PairPool
from acqkit.pool.display import DisplayColumn, display_columns, is_empty, kind_of
from acqkit.pool.display_file import DisplayFile
from acqkit.pool.sidecar import write_items
from acqkit.report.media import redrawn

_ROWS = 256
"""Pairs in memory at a time; also a group, of which a search reads all for one pair."""


def write_pairs(path: Path, pool: PairPool) -> None:
    """A row a pair, row = position: texts as they are, pictures drawn anew and small.

    Of sounds, the files' names are kept. Raises OSError.
    """
    columns = display_columns(pool)
    ids = id_column(pool.ids)
    fields = [("id", ids.type), ("split", pa.string())]
    for column in columns:
        fields.append((TEXT + column.name, pa.string()))
        if column.kind != "text":
            fields.append((NAME + column.name, pa.string()))
        if column.kind == "image":
            fields.append((PICTURE + column.name, pa.binary()))
    write_items(path, pa.schema(fields), _groups(pool, ids, columns))


def _groups(
    pool: PairPool, ids: pa.Array, columns: Sequence[DisplayColumn]
) -> Iterator[Mapping[str, list[Any]]]:
    for start in range(0, len(pool), _ROWS):
        rows = range(start, min(start + _ROWS, len(pool)))
        group: dict[str, list[Any]] = {
            "id": ids[rows.start : rows.stop].to_pylist(),
            "split": ["test" if pool.test is not None and pool.test[i] else "train" for i in rows],
        }
        for column in columns:
            shown = [_shown(column, i) for i in rows]
            group[TEXT + column.name] = [each.text for each in shown]
            if column.kind != "text":
                group[NAME + column.name] = [each.file for each in shown]
            if column.kind == "image":
                group[PICTURE + column.name] = [each.picture for each in shown]
        yield group


def _shown(column: DisplayColumn, position: int) -> Shown:
    value = column.values[position]
    if is_empty(value):
        return Shown(column.name)
    if isinstance(value, Path):
        value = DisplayFile.at(value)
    name = value.name if isinstance(value, DisplayFile) else None
    if column.kind == "text":
        return Shown(column.name, text=_text(value))
    if column.kind == "audio":
        return Shown(column.name, file=name)
    try:
        data = value.read() if isinstance(value, DisplayFile) else value
    except PoolError:
        return Shown(column.name, file=name)
    if kind_of(data) != "image":
        return Shown(column.name, file=name)
    return Shown(column.name, file=name, picture=redrawn(bytes(data)))


def _text(value: Any) -> str:
    is_bytes = isinstance(value, bytes | bytearray | memoryview)
    text = bytes(value).decode("utf-8", "replace") if is_bytes else str(value)
    # Half of a surrogate pair is no character, and Parquet takes characters alone.
    return text.encode("utf-8", "replace").decode("utf-8")
