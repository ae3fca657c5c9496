"""Parquet with texts, file names or the content of files; Hugging Face data sets saved to disk."""

from __future__ import annotations

import bisect
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from acqkit.encoding.columns import Column, ListColumn, StoredColumn, Table
from acqkit.errors import PoolError
from acqkit.pool.declared import declared_classes, hugging_face_classes, is_list
from acqkit.pool.sidecar import ParquetRows
from acqkit.pool.source import reading
from acqkit.pool.source import row as in_row

_SPLITS = ("train", "test", "validation")


def open_parquet(paths: Sequence[Path], folder: Path) -> Table:
    """One table of several Parquet files with the same columns; raises PoolError.

    Files called `train-...`, `test-...` and `validation-...`, as Hugging Face calls them, are
    parts of a split; pairs of `validation` are learned from.
    """
    parts = [ParquetRows(path, verify=False) for path in paths]
    names = [_split_of(path.stem) for path in paths]
    return _table(paths, folder, [_Part(p.schema, len(p), p.item, p.column) for p in parts], names)


def open_saved_dataset(folder: Path) -> Table:
    """A data set that Hugging Face's `save_to_disk` wrote; raises PoolError."""
    if (folder / "dataset_dict.json").exists():
        with reading(folder / "dataset_dict.json", "JSON"):
            splits = json.loads((folder / "dataset_dict.json").read_text("utf-8"))["splits"]
        homes = [(folder / name, name) for name in splits]
    else:
        homes = [(folder, "")]
    paths: list[Path] = []
    names: list[str] = []
    for home, name in homes:
        files = _files_of(home)
        paths += files
        names += [_learned(name)] * len(files)
    return _table(paths, folder, [_arrow_part(path) for path in paths], names)


class _Part:
    """One file of a table."""

    def __init__(
        self,
        schema: pa.Schema,
        rows: int,
        item: Callable[[str, int], Any],
        column: Callable[[str], pa.ChunkedArray],
    ) -> None:
        self.schema, self.rows, self.item, self.column = schema, rows, item, column


def _table(
    paths: Sequence[Path], folder: Path, parts: Sequence[_Part], splits: Sequence[str]
) -> Table:
    rows = sum(part.rows for part in parts)
    if not rows:
        raise PoolError(f"{folder if len(paths) != 1 else paths[0]} has no rows")
    schema = parts[0].schema
    for path, part in zip(paths, parts, strict=True):
        if part.schema.names != schema.names:
            raise PoolError(f"{path} has other columns than {paths[0]}; all must have the same")
    columns: dict[str, Column] = {}
    declared = dict(hugging_face_classes(schema))
    several: dict[str, bool] = {}
    for name in schema.names:
        kind = schema.field(name).type
        if _is_content(kind):
            columns[name] = _stored(name, paths, folder, parts)
            continue
        found = [part.column(name) for part in parts]
        if name not in declared and (names := declared_classes(found[0])) is not None:
            declared[name] = names
        if is_list(kind) or name in declared:
            several[name] = is_list(kind)
        values = [
            value
            for path, own in zip(paths, found, strict=True)
            for value in _listed(path, name, own)
        ]
        columns[name] = ListColumn(_named(values, declared.get(name)), folder)
    roles: dict[str, str] = {}
    if any(splits) and "split" not in columns:
        values = [
            split for split, part in zip(splits, parts, strict=True) for _ in range(part.rows)
        ]
        columns["split"] = ListColumn(values, folder)
        roles["split"] = "split"
    path = paths[0] if len(paths) == 1 else folder
    return Table(path, columns, rows, roles, declared, several)


def _listed(path: Path, name: str, column: pa.ChunkedArray) -> list[Any]:
    """The values; raises PoolError for a text that is no UTF-8, which Arrow does not check."""
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        row = next(row for row, value in enumerate(column) if not _is_readable(value))
        raise PoolError(
            f"{path}: {name} is no UTF-8 text in {in_row(row)}; write it as UTF-8"
        ) from None
    return values


def _is_readable(value: pa.Scalar) -> bool:
    try:
        value.as_py()
    except UnicodeDecodeError:
        return False
    return True


def _stored(name: str, paths: Sequence[Path], folder: Path, parts: Sequence[_Part]) -> StoredColumn:
    ends: list[int] = []
    for part in parts:
        ends.append(part.rows + (ends[-1] if ends else 0))

    def get(row: int) -> Any:
        place = bisect.bisect_right(ends, row)
        return parts[place].item(name, row - (ends[place - 1] if place else 0))

    return StoredColumn(get, ends[-1], paths[0] if len(paths) == 1 else folder, folder)


def _is_content(kind: pa.DataType) -> bool:
    """Whether values are the content of files: bytes, or Hugging Face's `Image` and `Audio`."""
    if pa.types.is_struct(kind):
        return {"bytes", "path"} <= {field.name for field in kind}
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return any(test(kind) for test in tests)


def _named(values: list[Any], names: Sequence[str] | None) -> list[Any]:
    """Class numbers as names."""
    if names is None:
        return values

    def name(value: Any) -> Any:
        if isinstance(value, list):
            return [name(one) for one in value]
        if isinstance(value, int):
            return names[value] if 0 <= value < len(names) else None if value == -1 else str(value)
        return value

    return [name(value) for value in values]


def _files_of(home: Path) -> list[Path]:
    state = home / "state.json"
    with reading(state, "JSON"):
        data = json.loads(state.read_text(encoding="utf-8"))
        files = [home / one["filename"] for one in data["_data_files"]]
    if data.get("_indices_files"):
        raise PoolError(f"{home} is a selection of rows; save it with `flatten_indices()`")
    for file in files:
        if not file.exists():
            raise PoolError(f"{home} lacks {file.name}, which state.json names")
    return files


def _arrow_part(path: Path) -> _Part:
    with reading(path, "Arrow"):
        source = pa.memory_map(str(path))
        table = pa.ipc.open_stream(source).read_all()
    return _Part(
        table.schema, table.num_rows, lambda name, row: table[name][row].as_py(), table.column
    )


def _split_of(stem: str) -> str:
    found = [name for name in _SPLITS if stem == name or stem.startswith(f"{name}-")]
    return _learned(found[0]) if found else ""


def _learned(name: str) -> str:
    """`train` or `test`; what is not the test part is learned from."""
    if not name:
        return ""
    return "test" if name == "test" else "train"
