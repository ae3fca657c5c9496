"""Tables of texts and file names: CSV, TSV and JSON lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from acqkit.encoding.columns import ListColumn, Table
from acqkit.errors import PoolError
from acqkit.pool.source import check_repeated, reading


def open_csv(path: Path, folder: Path) -> Table:
    """A table with a header, in UTF-8; every value is a text. Raises PoolError."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    check_utf8(path)
    with reading(path, "CSV"):
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = next(csv.reader(file, delimiter=delimiter), [])
        check_repeated(path, header)
        table = pa_csv.read_csv(
            path,
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        )
    return table_of(path, folder, {name: table[name].to_pylist() for name in table.column_names})


def open_json_lines(path: Path, folder: Path) -> Table:
    """An object a line; a key that a line lacks is null there. Raises PoolError."""
    check_utf8(path)
    with path.open(encoding="utf-8-sig") as file:
        rows = [(number, line) for number, line in enumerate(file, 1) if line.strip()]
    return table_of_objects(path, folder, ((f"line {n}", _parsed(path, n, s)) for n, s in rows))


def table_of_objects(path: Path, folder: Path, objects: Iterable[tuple[str, Any]]) -> Table:
    """A table of JSON objects, each with where it stands; raises PoolError for what is none."""
    rows: list[Mapping[str, Any]] = []
    for where, row in objects:
        if not isinstance(row, dict):
            raise PoolError(f"{path} has no JSON object in {where}; a row is one of column: value")
        rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    return table_of(path, folder, {name: [row.get(name) for row in rows] for name in names})


def table_of(path: Path, folder: Path, values: Mapping[str, Sequence[Any]]) -> Table:
    """A table of columns in memory; raises PoolError where there is no row."""
    rows = len(next(iter(values.values()), ()))
    if not rows:
        raise PoolError(f"{path} has no rows; a pool needs at least one pair")
    listed = {name: any(isinstance(value, list) for value in own) for name, own in values.items()}
    columns = {name: ListColumn(own, folder) for name, own in values.items()}
    several = {name: True for name, is_list in listed.items() if is_list}
    return Table(path, columns, rows, several=several)


def _parsed(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise PoolError(f"{path} has no JSON in line {number} ({error})") from None


def check_utf8(path: Path) -> None:
    """Raise PoolError naming the first line that is not UTF-8."""
    with reading(path), path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise PoolError(
                    f"{path} is not UTF-8 text: line {number} has the byte "
                    f"0x{line[error.start]:02x}; save it as UTF-8"
                ) from None
