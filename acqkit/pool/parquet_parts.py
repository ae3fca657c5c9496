"""The rows of one or many Parquet files as those of one: a data set, also in hive-style folders."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from acqkit.embeddings import IntArray
from acqkit.errors import PoolError
from acqkit.pool.sidecar import NAMES, ParquetRows
from acqkit.pool.stored import StoredFile

_OPEN = 4
"""Files that are held open: a process may have only so many, and a data set has thousands."""

_NOT_SENT = ("_open", "_footers")


class ParquetParts:
    """Files with the same columns, one after the other in the order of their names.

    A folder called `KEY=VALUE` is a column KEY with that value in all rows of the files in it; the
    values of a key are integers where all of them are. Raises PoolError where a file cannot be
    read, and where its columns are others than those of the first one.
    """

    def __init__(self, files: Sequence[StoredFile], verify: bool = True) -> None:
        self.files = tuple(files)
        self._verify = verify
        self._open: OrderedDict[int, ParquetRows] = OrderedDict()
        self._footers: dict[int, pq.FileMetaData] = {}
        """Those of an object store, each of which is a request."""
        stored = self.part(0).schema
        self.groups: list[list[int]] = []
        for number, file in enumerate(self.files):
            _check_alike(self.files[0], stored, file, self.part(number).schema)
            self.groups.append(self.part(number).groups)
        self.folders = _folders(self.files, stored)
        self.schema: pa.Schema = stored
        for name, values in self.folders.items():
            self.schema = self.schema.append(pa.field(name, _array(values[:1]).type))
        sizes = [sum(groups) for groups in self.groups]
        self.starts: IntArray = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])

    def __getstate__(self) -> dict[str, Any]:
        """Without the files that are open: another process opens them for itself."""
        return {name: each for name, each in vars(self).items() if name not in _NOT_SENT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _open=OrderedDict(), _footers={})

    def __len__(self) -> int:
        return int(self.starts[-1])

    def part(self, number: int) -> ParquetRows:
        """The rows of a file."""
        if number not in self._open:
            file = self.files[number]
            if file.system is None:
                self._open[number] = ParquetRows(Path(file.name), self._verify)
            else:
                footer = self._footers.get(number)
                rows = ParquetRows(file.name, self._verify, file.opened(), footer)
                self._open[number], self._footers[number] = rows, rows.footer
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)
        self._open.move_to_end(number)
        return self._open[number]

    def item(self, column: str, index: int) -> Any:
        """One value as a Python object."""
        number = int(np.searchsorted(self.starts, index, side="right")) - 1
        if column in self.folders:
            return self.folders[column][number]
        return self.part(number).item(column, index - int(self.starts[number]))

    def column(self, name: str) -> pa.ChunkedArray:
        """A whole column."""
        kind = self.schema.field(name).type
        if name in self.folders:
            return pa.chunked_array(self.blocks(name, len(self)), kind)
        columns = (self.part(number).column(name) for number in range(len(self.files)))
        return pa.chunked_array([chunk for column in columns for chunk in column.chunks], kind)

    def blocks(self, name: str, size: int) -> Iterator[pa.Array]:
        """A column in arrays of at most `size` rows."""
        kind = self.schema.field(name).type
        for number, groups in enumerate(self.groups):
            if name not in self.folders:
                yield from self.part(number).blocks(name, size)
                continue
            value, rows = pa.scalar(self.folders[name][number], kind), sum(groups)
            for start in range(0, rows, size):
                yield pa.repeat(value, min(size, rows - start))


def data_files(files: Sequence[StoredFile]) -> list[StoredFile]:
    """Those of a folder that are of its data set: Parquet files, but sidecars and hidden ones."""
    return [
        file
        for file in files
        if file.parts[-1].endswith(".parquet")
        and not any(part.startswith((".", "_")) for part in file.parts)
        and file.parts[-1] not in NAMES
    ]


def _check_alike(first: StoredFile, wanted: pa.Schema, file: StoredFile, schema: pa.Schema) -> None:
    if schema.equals(wanted, check_metadata=False):
        return
    fields = {*zip(schema.names, map(str, schema.types), strict=True)}
    other = sorted({*zip(wanted.names, map(str, wanted.types), strict=True)} ^ fields)
    name = other[0][0] if other else "order"
    raise PoolError(
        f"{file.name} has other columns than {first.name}, first in {name!r}: the files of a data "
        "set have the same columns of the same types in the same order"
    )


def _folders(files: Sequence[StoredFile], schema: pa.Schema) -> dict[str, list[Any]]:
    """Values by the key of folders called `KEY=VALUE`, one a file."""
    found: list[dict[str, str]] = []
    for file in files:
        pairs = (part.partition("=") for part in file.parts[:-1] if "=" in part)
        found.append({unquote(key): unquote(value) for key, _, value in pairs})
        if found[-1].keys() != found[0].keys():
            raise PoolError(
                f"{file.name} lies in other KEY=VALUE folders than {files[0].name}; give all files "
                "of a data set the same keys"
            )
    columns: dict[str, list[Any]] = {}
    for key in found[0]:
        if key in schema.names:
            raise PoolError(
                f"{files[0].name} has a column {key!r} and lies in a folder '{key}=...'; one of "
                "them must go"
            )
        values = [each[key] for each in found]
        columns[key] = [int(each) for each in values] if all(map(_is_int, values)) else values
    return columns


def _is_int(value: str) -> bool:
    return value.lstrip("-").isdecimal() and str(int(value)) == value


def _array(values: list[Any]) -> pa.Array:
    return pa.array(values)
