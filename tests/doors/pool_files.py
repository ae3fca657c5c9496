"""Pools of `pool_inputs` as files, and what may happen to their bytes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pool_inputs import Damage, Given


def write(given: Given, folder: Path) -> Path:
    """The pool's files in `folder`; where it is to be opened."""
    if given.layout == "parquet":
        _write_parquet(given, folder / "pool.parquet")
    elif given.layout == "npz":
        np.savez(folder / "pool.npz", **given.columns)
    else:
        for name, values in given.columns.items():
            np.save(folder / f"{name}.npy", values)
    if given.sidecar is not None:
        with (folder / "items.csv").open(
            "w", newline="", encoding="utf-8", errors="replace"
        ) as table:
            csv.writer(table).writerows(given.sidecar)
    for damage in given.damage:
        files = sorted(folder.iterdir())
        if files:
            file = files[damage.file % len(files)]
            file.write_bytes(hurt(file.read_bytes(), damage))
    return folder


def _write_parquet(given: Given, path: Path) -> None:
    columns = {}
    for name, (values, kind) in given.columns.items():
        try:
            columns[name] = pa.array(values, kind)
        except (pa.ArrowException, OverflowError):  # no such value in that type
            columns[name] = pa.array([None if value is None else str(value) for value in values])
    table = pa.table(columns)
    if given.metadata:
        table = table.replace_schema_metadata({"acqkit": json.dumps(given.metadata)})
    pq.write_table(table, path, row_group_size=given.group_rows)


def hurt(content: bytes, damage: Damage) -> bytes:
    """Bytes after what happened to them."""
    data = bytearray(content)
    at = int(len(data) * damage.at)
    if damage.how == "cut":
        data = data[:at]
    elif damage.how == "double":
        data[at:at] = data[at : at + damage.byte]
    elif damage.how == "drop":
        del data[at : at + 1 + damage.byte // 8]
    elif data:
        data[at] = damage.byte
    return bytes(data)
