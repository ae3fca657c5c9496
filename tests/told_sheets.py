"""Sheets of small pools, filled in, saved and told without a campaign."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.campaign import Batch
from acqkit.campaign.answers import parse_labels
from acqkit.cli.sheets import read_sheet, sheet_bytes
from acqkit.pool import PairPool

Rows = list[list[str]]


def made_pool(
    ids: Any = None,
    names: Sequence[str] = ("cat", "dog"),
    multilabel: bool = False,
    /,
    **display: Any,  # of any name, so also of those above
) -> PairPool:
    n = 3 if ids is None else len(ids)
    return PairPool.from_arrays(
        np.ones((n, 2)), np.ones((n, 2)), ids=ids, class_names=names, multilabel=multilabel,
        display=display,
    )  # fmt: skip


def asked(pool: PairPool) -> bytes:
    """The sheet of a batch of all pairs."""
    ids = tuple(pool.ids.tolist())
    return sheet_bytes(Batch("batch-000", 0, ids, np.arange(len(pool)), pending=ids), pool)


def rows_of(sheet: bytes) -> Rows:
    return list(csv.reader(io.StringIO(sheet.decode("utf-8-sig"), newline="")))


def saved(rows: Rows, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def told(sheet: bytes, pool: PairPool) -> dict[Any, Any]:
    """The answers of a sheet by id, as classes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.csv"
        path.write_bytes(sheet)
        answers = read_sheet(path, pool)
    if not answers:
        return {}
    parsed = parse_labels(answers["batch-000"], pool)
    return {pool.ids.item(position): classes for position, classes in parsed.items()}


def through_csv(sheet: bytes, labels: list[str]) -> Rows:
    rows = rows_of(sheet)
    assert [row[-1] for row in rows] == ["label", *[""] * len(labels)]
    return [rows[0], *[[*row[:-1], label] for row, label in zip(rows[1:], labels, strict=True)]]
