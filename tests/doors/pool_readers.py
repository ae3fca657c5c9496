"""Readers of pools that share no code with acqkit's, and what they find compared with it."""

from __future__ import annotations

import ast
import csv
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from acqkit.pool import PairPool
from acqkit.pool.arrays import KEYS
from acqkit.pool.display_file import DisplayFile

Columns = dict[str, Any]


def read_npy(data: bytes) -> Any:
    """An array by the format's description (NEP 1), versions 1 to 3."""
    assert data[:6] == b"\x93NUMPY"
    size = (
        struct.unpack("<H", data[8:10])[0] if data[6] == 1 else struct.unpack("<I", data[8:12])[0]
    )
    start = 10 if data[6] == 1 else 12
    header = ast.literal_eval(
        data[start : start + size].decode("utf-8" if data[6] == 3 else "latin1")
    )
    values = np.frombuffer(
        data[start + size :], np.dtype(header["descr"]), int(np.prod(header["shape"]))
    )
    return values.reshape(header["shape"], order="F" if header["fortran_order"] else "C")


def read_arrays(folder: Path) -> Columns:
    """Columns of an `.npz`, or of a folder of `.npy`."""
    if (folder / "modality_a.npy").exists():
        held = {path.stem: path.read_bytes for path in folder.glob("*.npy")}
        arrays = {name: read_npy(read()) for name, read in held.items() if name in KEYS}
    else:
        with zipfile.ZipFile(folder / "pool.npz") as archive:
            names = [name for name in archive.namelist() if name[:-4] in KEYS]
            arrays = {name[:-4]: read_npy(archive.read(name)) for name in names}
    return {name: values.tolist() for name, values in arrays.items()}


def read_rows(path: Path) -> Columns:
    """Columns of a Parquet file with its metadata, as Python objects."""
    schema = pq.read_schema(path)
    meta = json.loads((schema.metadata or {}).get(b"acqkit", b"{}"))
    pair = meta.get("columns") or ["modality_a", "modality_b"]
    # Not what people look at, which is read when they do.
    table = pq.read_table(path, columns=[name for name in schema.names if name in (*KEYS, *pair)])
    columns: Columns = {name: table.column(name).to_pylist() for name in table.column_names}
    both = [columns.pop(name) for name in pair]
    columns |= {"modality_a": both[0], "modality_b": both[1]}
    columns |= {
        key: meta[key] for key in ("class_names", "multilabel") if meta.get(key) is not None
    }
    return columns


def difference(folder: Path, pool: PairPool) -> str | None:
    """What of the pool is not what the files in `folder` hold, or None."""
    parquet = folder / "pool.parquet"
    held = read_rows(parquet) if parquet.exists() else read_arrays(folder)
    for check in (_features, _plain_columns, _labels):
        problem = check(held, pool)
        if problem is not None:
            return problem
    return _sidecar(folder, pool)


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _features(held: Columns, pool: PairPool) -> str | None:
    batch = pool.batch(np.arange(len(pool)))
    for letter in "ab":
        rows = held[f"modality_{letter}"]
        there = held.get(f"modality_{letter}_present") or [row is not None for row in rows]
        got, mask = getattr(batch, letter), getattr(batch, f"present_{letter}")
        if len(got) != len(rows):
            return f"{letter} has {len(got)} rows, wanted {len(rows)}"
        for i, row in enumerate(rows):
            wanted = np.array(row, np.float32) if there[i] else np.zeros(got.shape[1:])
            if wanted.shape != got[i].shape or not np.array_equal(wanted, got[i]):
                return f"{letter} is {got[i].tolist()} in row {i}, wanted {row}"
            if (mask is None or bool(mask[i])) != there[i]:
                return f"{letter} is present in row {i}: {not there[i]}, wanted {there[i]}"
    return None


def _plain_columns(held: Columns, pool: PairPool) -> str | None:
    n = len(pool)
    test = [_text(word) == "test" for word in held.get("split", ["train"] * n)]
    if (pool.test is None and any(test)) or (pool.test is not None and pool.test.tolist() != test):
        return f"split is {pool.test}, wanted {test}"
    wanted = {"ids": held.get("ids", list(range(n))), "group": held.get("group")}
    for name, got in (("ids", pool.ids), ("group", pool.group)):
        values = wanted[name] if wanted[name] is None else [_text(value) for value in wanted[name]]
        if (got is None) != (values is None) or (got is not None and got.tolist() != values):
            return f"{name} is {got}, wanted {values}"
    cost = None if "cost" not in held else np.array(held["cost"], np.float32)
    if (pool.cost is None) != (cost is None) or not np.array_equal(pool.cost, cost):  # type: ignore[arg-type]
        return f"cost is {pool.cost}, wanted {cost}"
    return None


def _labels(held: Columns, pool: PairPool) -> str | None:
    names = list(pool.class_names)
    if "class_names" in held and [str(_text(name)) for name in held["class_names"]] != names:
        return f"classes are {names}, wanted {held['class_names']}"
    # One value, in however many brackets.
    several = np.array(held.get("multilabel", pool.multilabel)).ravel().tolist()
    if several != [pool.multilabel]:
        return f"multilabel is {pool.multilabel}, wanted {several}"
    rows = held.get("labels", [None] * len(pool))
    lists = any(isinstance(row, list) and not _is_row(row) for row in rows)
    if "multilabel" not in held and lists and not pool.multilabel:
        return "lists of names are read as one label a pair"
    rounds = held.get("labeled_round")
    if rounds is not None and pool.labels.round.tolist() != rounds:
        return f"rounds are {pool.labels.round}, wanted {rounds}"
    for i, row in enumerate(rows):
        wanted = _classes(row, names)
        waiting = rounds is not None and rounds[i] < 0
        if pool.truth is not None and _named(pool.truth[i], names) != wanted:
            return f"truth is {_named(pool.truth[i], names)} in row {i}, wanted {wanted}"
        known = set() if rounds is None or waiting else wanted
        if _named(pool.labels.matrix[i], names) != known:
            return f"known is {_named(pool.labels.matrix[i], names)} in row {i}, wanted {known}"
    return None


def _is_row(row: list[Any]) -> bool:
    return bool(row) and all(isinstance(value, int | float) for value in row)


def _classes(row: Any, names: list[str]) -> set[str]:
    if row is None or row in ("", b""):
        return set()
    if isinstance(row, str | bytes):
        return {_text(row)}
    if isinstance(row, int):
        return {names[row]} if row >= 0 else set()
    if _is_row(row):
        assert len(row) == len(names)
        return {name for name, value in zip(names, row, strict=True) if value}
    return {_text(name) for name in row}


def _named(row: Any, names: list[str]) -> set[str]:
    return {names[c] for c in np.flatnonzero(row)}


def _sidecar(folder: Path, pool: PairPool) -> str | None:
    path = folder / "items.csv"
    if not path.exists() or (folder / "pool.parquet").exists():
        return None
    with path.open(newline="", encoding="utf-8-sig") as file:
        header, *rows = (row for row in csv.reader(file) if row)  # an empty line is none
    for name, column in pool.display.items():
        wanted = [row[header.index(name)] for row in rows]
        got = [value.name if isinstance(value, DisplayFile) else value for value in column]
        if got != wanted:
            return f"display column {name} is {got}, wanted {wanted}"
    return None
