"""Tables of labels and pseudo-labels: Parquet for programs, CSV for spreadsheets.

A CSV is written as the sheets of a campaign are: what a spreadsheet would change or execute
stands in quotes, as a JSON string.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from acqkit.campaign.cells import cell
from acqkit.campaign.label_cells import LabelCells
from acqkit.export.labels import LabelRow
from acqkit.export.pseudo import PseudoLabels
from acqkit.files import whole_file
from acqkit.pool import PairPool

METADATA_KEY = "acqkit"
"""The key of a table's metadata under which its class names are, as JSON."""

_ANNOTATORS = "; "


def labels_parquet(rows: Sequence[LabelRow], pool: PairPool) -> pa.Table:
    """One row a pair that somebody answered; `labels` is null for "can't tell"."""
    return pa.table(
        {
            "id": id_column(pool.ids[[row.position for row in rows]]),
            "labels": pa.array([row.names for row in rows], pa.list_(pa.string())),
            "annotators": pa.array([row.annotators for row in rows], pa.list_(pa.string())),
            "at": pa.array([row.at for row in rows], pa.string()),
            "round": pa.array([row.round for row in rows], pa.int32()),
            "confidence": pa.array([row.confidence for row in rows], pa.float32()),
            "position": pa.array([row.position for row in rows], pa.int64()),
        }
    )


def labels_csv(rows: Sequence[LabelRow], pool: PairPool) -> bytes:
    """The same for people: labels as in the sheets of a campaign."""
    cells = LabelCells(pool.class_names, pool.multilabel)
    header = ("id", "label", "annotators", "at", "round", "confidence")
    return _csv(
        header,
        (
            [
                cell(str(pool.ids[row.position])),
                cells.write(row.names),
                _ANNOTATORS.join(map(cell, row.annotators)),
                row.at,
                row.round,
                f"{row.confidence:.4g}",
            ]
            for row in rows
        ),
    )


def pseudo_parquet(found: PseudoLabels, pool: PairPool) -> pa.Table:
    """One row a train pair without a label.

    `labels` are names, the most probable first; `probabilities` are in the order of the classes
    that the schema's metadata names.
    """
    flat = pa.array(np.ascontiguousarray(found.probabilities, np.float32).ravel())
    width = len(pool.class_names)
    table = pa.table(
        {
            "id": id_column(pool.ids[found.positions]),
            "labels": pa.array(_names(found, pool), pa.list_(pa.string())),
            "confidence": pa.array(found.confidence, pa.float32()),
            "position": pa.array(found.positions, pa.int64()),
            "probabilities": pa.FixedSizeListArray.from_arrays(flat, width),
        }
    )
    about = {"class_names": list(pool.class_names)}
    return table.replace_schema_metadata({METADATA_KEY: json.dumps(about)})


def pseudo_csv(found: PseudoLabels, pool: PairPool) -> bytes:
    """The same for people, the most confident first."""
    cells = LabelCells(pool.class_names, pool.multilabel)
    order = np.argsort(-found.confidence, kind="stable")
    rows = (
        [
            cell(str(pool.ids[found.positions[row]])),
            cells.write(tuple(pool.class_names[c] for c in np.flatnonzero(found.labels[row]))),
            f"{found.confidence[row]:.4g}",
        ]
        for row in order.tolist()
    )
    return _csv(("id", "label", "confidence"), rows)


def _names(found: PseudoLabels, pool: PairPool) -> list[list[str]]:
    order = np.argsort(-found.probabilities, axis=1, kind="stable")
    given = np.take_along_axis(found.labels, order, axis=1) > 0
    return [
        [pool.class_names[c] for c in columns[mask]]
        for columns, mask in zip(order, given, strict=True)
    ]


def id_column(ids: NDArray[Any]) -> pa.Array:
    """Ids as one column: integers or texts as they are, a mixture of both as texts."""
    if ids.dtype.kind in "iu":
        return pa.array(ids)
    return pa.array([str(value) for value in ids.tolist()], pa.string())


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table whole or not at all; raises OSError."""
    with whole_file(path) as file:
        pq.write_table(table, file)


def _csv(header: Iterable[str], rows: Iterable[Sequence[Any]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows(rows)
    text = file.getvalue()
    # Excel takes a file without the mark (BOM) for its own old encoding.
    return text.encode("utf-8" if text.isascii() else "utf-8-sig")
