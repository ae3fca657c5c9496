"""From columns as given to the checked fields of a `PairPool`, for every source."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray
from acqkit.errors import shown
from acqkit.labels import LabelState
from acqkit.pool import checks
from acqkit.pool.chunked import ChunkedFeatures
from acqkit.pool.declared import declared_classes
from acqkit.pool.features import ArrayFeatures, FeatureSource
from acqkit.pool.ids import check_ids
from acqkit.pool.label_input import LabelReader, Labels
from acqkit.pool.scan import blocks, first_row
from acqkit.pool.source import ColumnError, as_text, row
from acqkit.scratch import sparse


@dataclass(frozen=True)
class Columns:
    """Columns of a source, not yet checked; `PairPool.from_arrays` says what each may be."""

    a: Any
    b: Any
    labels: Any = None
    class_names: Any = None
    ids: Any = None
    modalities: Any = ("a", "b")
    name: str = "pool"
    multilabel: bool | None = None
    split: Any = None
    present: Any = (None, None)
    cost: Any = None
    group: Any = None
    display: Any = None
    labeled_round: Any = None


def checked_fields(columns: Columns) -> dict[str, Any]:
    """The fields of a `PairPool`; raises ColumnError for the first column that is wrong."""
    modalities = checks.check_modalities(columns.modalities)
    names = declared_classes(columns.labels) if columns.class_names is None else columns.class_names
    given = (columns.a, columns.b)
    features = (_features(given[0], "modality_a"), _features(given[1], "modality_b"))
    n = len(features[0])
    checks.check_length(features[1], n, "modality_b")
    present = checks.check_present(columns.present, modalities, n)
    ids = check_ids(columns.ids, n)
    test = checks.check_split(columns.split, n)
    multilabel = checks.check_multilabel(columns.multilabel)
    rounds = checks.check_rounds(columns.labeled_round, n)
    optional = np.zeros(n, dtype=bool) if rounds is None else rounds < 0
    reader = LabelReader(n, optional)
    labels = reader.read(columns.labels, names, multilabel)
    truth, known = _truth_and_known(labels, rounds, test)
    fields = {
        "features": features,
        "class_names": labels.class_names,
        "name": columns.name,
        "modalities": modalities,
        "explicit_ids": ids,
        "multilabel": labels.multilabel,
        "truth": truth,
        "known": known,
        "test": test,
        "present": present,
        "cost": checks.check_cost(columns.cost, n),
        "group": checks.check_group(columns.group, n),
        "display": checks.check_display(columns.display, n),
    }
    # Last, because it is the only check that reads all features.
    for source, mask, letter in zip(features, present, "ab", strict=True):
        if isinstance(source, ArrayFeatures):
            checks.check_finite(source.array, mask, f"modality_{letter}")
        elif isinstance(source, ChunkedFeatures):
            checks.check_chunked(source, mask, f"modality_{letter}")
    return fields


def _features(values: Any, column: str) -> FeatureSource:
    if hasattr(values, "rows") and hasattr(values, "dim"):
        source: FeatureSource = values
        return source
    return ArrayFeatures(checks.check_features(values, column))


def _truth_and_known(
    labels: Labels, rounds: NDArray[np.int32] | None, test: BoolArray | None
) -> tuple[NDArray[np.uint8] | None, LabelState | None]:
    """Labels as the truth of a simulation and as what is known before the first round.

    Without rounds, labels are the truth and nothing is known. With rounds, the labels of
    labeled pairs are known; they are the truth as well if pairs not yet labeled have
    labels too.
    """
    if rounds is None:
        return labels.matrix, None
    if labels.matrix is None:
        index = first_row(rounds >= 0)
        if index >= 0:
            raise ColumnError(
                "labeled_round", f"is {rounds[index]} in {row(index)} but there is no column labels"
            )
        return None, LabelState(rounds, np.zeros((len(rounds), len(labels.class_names)), np.uint8))
    # Pages of memory that nobody writes to take none: labels of few pairs are little.
    matrix = sparse(labels.matrix.shape, np.uint8)
    labeled = np.flatnonzero(rounds >= 0)
    matrix[labeled] = labels.matrix[labeled]
    known = LabelState(rounds, matrix)
    waiting = rounds < 0
    if test is not None and (waiting & ~test).any():
        waiting &= ~test  # that test pairs have labels makes no truth
    if waiting.any() and not _any_label(labels.matrix, waiting):
        return None, known
    if not labels.multilabel:
        unlabeled = rounds < 0
        index = first_row(unlabeled & ~_labeled_rows(labels.matrix))
        if index >= 0:
            raise ColumnError(
                "labels",
                f"has no label in {row(index)} though other pairs with "
                "labeled_round -1 have one; give the truth of all pairs or of none",
            )
    return labels.matrix, known


def _labeled_rows(matrix: NDArray[np.uint8]) -> BoolArray:
    """Which rows have a label, `[n]`."""
    return np.concatenate([block.any(axis=1) for _, block in blocks(matrix)])


def _any_label(matrix: NDArray[np.uint8], among: BoolArray) -> bool:
    each = (block[among[start : start + len(block)]].any() for start, block in blocks(matrix))
    return any(each)


KEYS = (
    "modality_a",
    "modality_b",
    "labels",
    "class_names",
    "ids",
    "split",
    "cost",
    "group",
    "labeled_round",
    "modality_a_present",
    "modality_b_present",
    "modality_names",
    "multilabel",
)
"""The names of columns in every file layout; others are ignored, unless they are near to one."""

_NEAR = 0.8
"""Likeness (`difflib`'s ratio) from which an unknown name is taken for a misspelled one: `label`
for `labels` has .91 and `id` for `ids` .80, while a column `post` is no `cost` (.75)."""


def check_keys(held: Collection[str]) -> None:
    """Raise ColumnError unless both modalities are there and every mask is of one of them."""
    for key in held:
        if key.startswith("modality_") and key.endswith("_present") and key not in KEYS:
            raise ColumnError(
                key,
                "is a mask of an unknown modality; it must be called "
                "modality_a_present or modality_b_present",
            )
    for key in ("modality_a", "modality_b"):
        if key not in held:
            listed = ", ".join(repr(name) for name in list(held)[:12])
            raise ColumnError(None, f"has no {key!r}; it holds {listed or 'nothing'}")
    check_unknown(held, KEYS)


def check_unknown(held: Collection[str], known: Collection[str]) -> None:
    """Raise ColumnError for a column that has nearly the name of one which is not there."""
    missing = [name for name in known if name not in held]
    for name in held:
        plain = name.lower().replace("-", "_").replace(" ", "_")
        near = difflib.get_close_matches(plain, missing, n=1, cutoff=_NEAR)
        if near and name not in known:
            raise ColumnError(
                None,
                f"has an unknown column {shown(name)}; did you mean {near[0]!r}? Rename it "
                "to that, or to something else",
            )


def read_mapping(data: Mapping[str, Any], **overrides: Any) -> Columns:
    """Columns by the names in `KEYS`; an override that is None changes nothing."""
    columns: dict[str, Any] = {
        "a": data["modality_a"],
        "b": data["modality_b"],
        "present": (data.get("modality_a_present"), data.get("modality_b_present")),
    }
    for key in ("labels", "class_names", "ids", "split", "cost", "group", "labeled_round"):
        columns[key] = data.get(key)
    if "modality_names" in data:
        columns["modalities"] = as_text(
            np.atleast_1d(data["modality_names"]), "modality_names"
        ).tolist()
    columns["multilabel"] = data.get("multilabel")
    columns.update({key: value for key, value in overrides.items() if value is not None})
    return Columns(**columns)
