"""Display columns from a sidecar: a Parquet or CSV file beside a pool, one row per pair."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from acqkit.errors import PoolError
from acqkit.pool.digest import items_digest
from acqkit.pool.display import first_shown, kind_of_name
from acqkit.pool.display_file import DisplayFile
from acqkit.pool.source import check_digest, check_repeated, reading

NAMES = ("items.parquet", "items.csv", "captions.csv")
"""Names of sidecars, the first one that exists is used."""

DIGESTS = "acqkit.digests"
"""The key of a file's metadata under which `write_items` keeps a digest per column and group."""

_READ_AHEAD = 1 << 23
"""Bytes (8 MiB) in one request to an object store: fewer are slower, more take memory."""

HIDDEN = frozenset({"category", "class", "id", "ids", "label", "labels", "split"})
"""Columns that are never displayed: they identify the pair or give its label away."""


def open_sidecar(
    folder: Path, features: NDArray[Any], verify: bool = True
) -> Mapping[str, Sequence[Any]]:
    """The display columns of the first of `NAMES` in `folder`, one row per row of `features`.

    Where `verify`, items of a saved pool are compared with their digests when they are looked at.
    Raises PoolError where the file cannot be read or has another number of rows.
    """
    if features.ndim == 0:  # `check_features` explains it.
        return {}
    n = len(features)
    for name in NAMES:
        path = folder / name
        if path.exists():
            return (
                _open_parquet(path, n, verify) if path.suffix == ".parquet" else _open_csv(path, n)
            )
    return {}


def _open_parquet(path: Path, n: int, verify: bool) -> Mapping[str, Sequence[Any]]:
    rows = ParquetRows(path, verify)
    _check_rows(path, len(rows), n)
    return shown_columns(rows, [str(name) for name in rows.schema.names], path.parent)


def shown_columns(
    rows: Items, names: Sequence[str], folder: Path | None
) -> Mapping[str, Sequence[Any]]:
    """The columns of `names` that hold text or bytes, on demand; files lie in `folder`, if any."""
    columns: dict[str, Sequence[Any]] = {}
    for name in names:
        kind = rows.schema.field(name).type
        if name not in HIDDEN and _is_shown(kind):
            column = ParquetColumn(rows, name)
            columns[name] = column if folder is None else with_files(column, folder)
    return columns


class Items(Protocol):
    """Rows of a file, or of several, of which single values are asked for."""

    schema: pa.Schema

    def __len__(self) -> int: ...
    def item(self, column: str, index: int) -> Any:
        """One value as a Python object."""
        ...


def _is_shown(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_struct(kind):  # pictures and sounds as Hugging Face stores them
        return {field.name for field in kind} == {"bytes", "path"}
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return any(test(kind) for test in (*tests, *binary))


def write_items(path: Path, schema: pa.Schema, groups: Iterable[Mapping[str, list[Any]]]) -> None:
    """Write columns of texts or bytes, a row group each of `groups`, with digests of all."""
    digests: dict[str, list[str]] = {name: [] for name in schema.names}
    with pq.ParquetWriter(path, schema) as writer:
        for columns in groups:
            writer.write_table(pa.table(columns, schema=schema))
            for name, kept in digests.items():
                kept.append(items_digest(columns[name]))
        writer.add_key_value_metadata({DIGESTS: json.dumps(digests)})


class ParquetRows:
    """A Parquet file read by row group; the last group of each column is cached.

    opened: what Arrow reads instead of the file at `path`; footer: its own, where it was read
    before. Every method raises PoolError where the file cannot be read.
    """

    def __init__(
        self,
        path: Path | str,
        verify: bool = True,
        opened: Any = None,
        footer: pq.FileMetaData | None = None,
    ) -> None:
        self._path = path
        with reading(path, "Parquet"):
            self._file = (
                pq.ParquetFile(path, memory_map=True)
                if opened is None
                else pq.ParquetFile(opened, metadata=footer, buffer_size=_READ_AHEAD)
            )
            self.schema: pa.Schema = self._file.schema_arrow
            self.footer = metadata = self._file.metadata
            sizes = [metadata.row_group(g).num_rows for g in range(metadata.num_row_groups)]
            # Counts of single columns are not looked at: Arrow ends the process over some of them.
            if metadata.num_rows != sum(sizes):
                raise _contradicts(path, metadata.num_rows, sum(sizes))
            digests = (metadata.metadata or {}).get(DIGESTS.encode(), b"{}")
            self._digests: dict[str, list[str]] = json.loads(digests) if verify else {}
        check_repeated(path, self.schema.names)
        if self._digests:
            check_digest(path, str(sorted(self._digests)), str(sorted(self.schema.names)))
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
        self._cache: dict[str, tuple[int, pa.ChunkedArray]] = {}

    def __len__(self) -> int:
        return int(self._starts[-1])

    def item(self, column: str, index: int) -> Any:
        """One value as a Python object."""
        group = int(np.searchsorted(self._starts, index, side="right")) - 1
        cached = self._cache.get(column)
        if cached is None or cached[0] != group:
            cached = self._cache[column] = (group, self._group(column, group))
        return cached[1][index - int(self._starts[group])].as_py()

    def column(self, name: str) -> pa.ChunkedArray:
        """A whole column."""
        groups = [self._group(name, g) for g in range(len(self._starts) - 1)]
        chunks = [chunk for group in groups for chunk in group.chunks]
        return pa.chunked_array(chunks, self.schema.field(name).type)

    @property
    def groups(self) -> list[int]:
        """Rows of each row group."""
        return [int(rows) for rows in np.diff(self._starts)]

    def blocks(self, name: str, size: int) -> Iterator[pa.Array]:
        """A column in arrays of at most `size` rows."""
        for group in range(len(self._starts) - 1):
            yield from self.group_blocks(group, name, size)

    def group_blocks(self, group: int, name: str, size: int) -> Iterator[pa.Array]:
        """A column of one row group in arrays of at most `size` rows."""
        found = 0
        with reading(f"{self._path}: {name}"):
            # By name, because a column `x.y` counts as a part of a column `x` as well.
            for batch in self._file.iter_batches(size, [group], [name]):
                yield batch.column(name)
                found += len(batch)
        self._check_group(name, found, self.groups[group])

    def _group(self, name: str, group: int) -> pa.ChunkedArray:
        with reading(f"{self._path}: {name}"):
            values = self._file.read_row_group(group, columns=[name]).column(name)
            self._check_group(name, len(values), int(np.diff(self._starts)[group]))
            if name in self._digests:
                found = items_digest(values.to_pylist())
                check_digest(f"{self._path}: {name}", self._digests[name][group], found)
            return values

    def _check_group(self, name: str, found: int, wanted: int) -> None:
        """Arrow reads what a damaged file has of a column, and what follows it then moves up."""
        if found != wanted:
            raise _contradicts(f"{self._path}: {name}", wanted, found)


def _contradicts(what: object, wanted: int, found: int) -> PoolError:
    return PoolError(
        f"{what} is damaged: it has {found} rows where it says that it has {wanted}; get the file "
        "again"
    )


class ParquetColumn(Sequence[Any]):
    """One column of a Parquet file, read on demand."""

    def __init__(self, rows: Items, name: str) -> None:
        self._rows = rows
        self._name = name

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        value = self._rows.item(self._name, range(len(self))[index])
        if not isinstance(value, Mapping):
            return value
        return value["path"] if value["bytes"] is None else value["bytes"]


def _open_csv(path: Path, n: int) -> Mapping[str, Sequence[Any]]:
    with reading(path, "CSV"):
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = next(csv.reader(file), [])
        texts = pa_csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()))
        parse = pa_csv.ParseOptions(newlines_in_values=True)
        table = pa_csv.read_csv(path, parse_options=parse, convert_options=texts)
    check_repeated(path, header)
    _check_rows(path, table.num_rows, n)
    return {
        name: with_files(_ArrowColumn(table.column(name)), path.parent)
        for name in table.column_names
        if name not in HIDDEN
    }


class _ArrowColumn(Sequence[Any]):
    def __init__(self, values: pa.ChunkedArray) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> Any:
        return self._values[range(len(self))[index]].as_py()


def with_files(column: Sequence[Any], folder: Path) -> Sequence[Any]:
    """The column with its names as files in `folder`, if its first value is a file name."""
    first = first_shown(column)
    is_name = isinstance(first, str) and kind_of_name(first) != "text"
    return _FileColumn(column, folder) if is_name else column


class _FileColumn(Sequence[Any]):
    def __init__(self, names: Sequence[Any], folder: Path) -> None:
        self._names = names
        self._folder = folder

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: Any) -> Any:
        value = self._names[index]
        # Hugging Face stores some values as bytes and others as paths.
        return DisplayFile(self._folder, value) if value and isinstance(value, str) else value


def _check_rows(path: Path, rows: int, n: int) -> None:
    if rows != n:
        raise PoolError(
            f"{path} has {rows} rows but the pool beside it has {n} pairs; it needs one row per "
            "pair in the same order"
        )
