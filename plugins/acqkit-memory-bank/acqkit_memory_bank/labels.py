"""`PseudoLabels`: what a table of pre-annotations holds, and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.errors import PoolError

_METADATA_KEY = b"acqkit_memory_bank"
_COLUMNS = ("id", "labels", "confidence", "agreement", "known", "position", "probabilities")


@dataclass(frozen=True, eq=False, slots=True)
class PseudoLabels:
    """Labels of `n` pairs: the known ones, and for the others what is most likely.

    ids `[n]` and positions `[n]` in the pool; class_names `[c]`; probabilities `[n, c]`, known
    labels themselves where a pair is `labeled` `[n]`; labels `[n, c]` uint8 0/1, at least one a
    pair unless a person gave none; confidence `[n]` in [0, 1], 1 where labeled, else how likely
    the least likely of the pair's labels is; agreement `[n]` in [0, 1], the cosine of what the
    classifier says of the two modalities (1 where it says nothing of one): low agreement of a
    labeled pair is a reason to look at it again.
    """

    ids: NDArray[Any]
    positions: IntArray
    class_names: tuple[str, ...]
    probabilities: FloatArray
    labels: NDArray[np.uint8]
    confidence: FloatArray
    agreement: FloatArray
    labeled: BoolArray

    def __post_init__(self) -> None:
        n, classes = len(self.ids), len(self.class_names)
        for name in ("probabilities", "labels"):
            _check_shape(name, getattr(self, name), (n, classes))
        for name in ("positions", "confidence", "agreement", "labeled"):
            _check_shape(name, getattr(self, name), (n,))

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: IntArray | BoolArray) -> PseudoLabels:
        """Some rows, by number `[k]` or by mask `[n]`: `table.take(table.confidence > 0.9)`."""
        return PseudoLabels(
            self.ids[rows],
            self.positions[rows],
            self.class_names,
            self.probabilities[rows],
            self.labels[rows],
            self.confidence[rows],
            self.agreement[rows],
            self.labeled[rows],
        )

    def names(self) -> list[list[str]]:
        """Names of each pair's classes, the most probable first."""
        order = np.argsort(-self.probabilities, axis=1, kind="stable")
        given = np.take_along_axis(self.labels, order, axis=1) > 0
        return [
            [self.class_names[column] for column in columns[mask]]
            for columns, mask in zip(order, given, strict=True)
        ]

    def to_parquet(self, path: Path | str) -> None:
        """Write one row a pair, as an annotation tool wants it.

        Columns: `id`; `labels`, a list of class names, the most probable first; `confidence`;
        `agreement`; `known`, whether a person gave the labels; `position` in the pool; and
        `probabilities`, a list with one number per class, in the order of the class names that
        the schema's metadata holds.
        """
        width = len(self.class_names)
        flat = pa.array(np.ascontiguousarray(self.probabilities, dtype=np.float32).ravel())
        columns = (
            pa.array(self.ids.tolist()),
            pa.array(self.names(), pa.list_(pa.string())),
            pa.array(self.confidence, pa.float32()),
            pa.array(self.agreement, pa.float32()),
            pa.array(self.labeled, pa.bool_()),
            pa.array(self.positions, pa.int64()),
            pa.FixedSizeListArray.from_arrays(flat, width),
        )
        table = pa.Table.from_arrays(list(columns), names=list(_COLUMNS))
        about = json.dumps({"class_names": list(self.class_names)}).encode()
        pq.write_table(table.replace_schema_metadata({_METADATA_KEY: about}), str(path))

    @classmethod
    def from_parquet(cls, path: Path | str) -> PseudoLabels:
        """Read what `to_parquet` wrote; labels that were edited since are read as edited.

        Raises PoolError for a file that is no such table or names a class it does not declare.
        """
        try:
            table = pq.read_table(str(path))
        except (OSError, pa.ArrowInvalid) as error:
            reason = str(error).splitlines()[0]
            raise PoolError(f"{path} cannot be read as Parquet ({reason})") from None
        about = (table.schema.metadata or {}).get(_METADATA_KEY)
        missing = [name for name in _COLUMNS if name not in table.column_names]
        if about is None or missing:
            raise PoolError(
                f"{path} is no table of pseudo-labels: "
                f"{'lacks ' + ', '.join(missing) if missing else 'its metadata name no classes'}; "
                "give a file that PseudoLabels.to_parquet wrote"
            )
        names = tuple(json.loads(about)["class_names"])
        columns = {name: table[name].combine_chunks() for name in _COLUMNS}
        probabilities = columns["probabilities"].flatten().to_numpy(zero_copy_only=False)
        return cls(
            np.array(columns["id"].to_pylist()),
            columns["position"].to_numpy(zero_copy_only=False),
            names,
            probabilities.reshape(len(table), len(names)),
            _matrix(columns["labels"].to_pylist(), names, path),
            columns["confidence"].to_numpy(zero_copy_only=False),
            columns["agreement"].to_numpy(zero_copy_only=False),
            columns["known"].to_numpy(zero_copy_only=False),
        )


def _matrix(given: list[list[str]], names: tuple[str, ...], path: Path | str) -> NDArray[np.uint8]:
    number = {name: column for column, name in enumerate(names)}
    matrix = np.zeros((len(given), len(names)), dtype=np.uint8)
    for row, labels in enumerate(given):
        unknown = [name for name in labels if name not in number]
        if unknown:
            raise PoolError(
                f"{path} gives row {row} the class {unknown[0]!r}, which is none of its "
                f"{len(names)} classes; correct the name"
            )
        matrix[row, [number[name] for name in labels]] = 1
    return matrix


def _check_shape(name: str, values: NDArray[Any], wanted: tuple[int, ...]) -> None:
    if values.shape != wanted:
        raise PoolError(f"{name} of pseudo-labels has shape {values.shape}, wanted {wanted}")
