"""From columns as given to the checked fields of a `PairPool`: the one door for all sources."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray
from acqkit.errors import PoolError
from acqkit.labels import LabelState
from acqkit.pool import checks
from acqkit.pool.features import ArrayFeatures, FeatureSource
from acqkit.pool.ids import check_ids
from acqkit.pool.label_input import LabelReader, Labels
from acqkit.pool.scan import first_row
from acqkit.pool.where import Where, row


@dataclass(frozen=True)
class Columns:
    """What a source found, not yet checked; `PairPool.from_arrays` says what each may be."""

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


def checked_fields(columns: Columns, where: Where) -> dict[str, Any]:
    """The fields of a `PairPool`; raises PoolError for the first column that is wrong."""
    modalities = checks.check_modalities(columns.modalities, where)
    given = (columns.a, columns.b)
    features = (_features(given[0], "modality_a", where), _features(given[1], "modality_b", where))
    n = len(features[0])
    checks.check_length(features[1], n, "modality_b", where)
    present = checks.check_present(columns.present, modalities, n, where)
    ids = check_ids(columns.ids, n, where)
    test = checks.check_split(columns.split, n, where)
    multilabel = checks.check_multilabel(columns.multilabel, where)
    rounds = checks.check_rounds(columns.labeled_round, n, where)
    optional = np.zeros(n, dtype=bool) if rounds is None else rounds < 0
    reader = LabelReader(n, optional, where)
    labels = reader.read(columns.labels, columns.class_names, multilabel)
    truth, known = _split_knowledge(labels, rounds, test, where)
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
        "cost": checks.check_cost(columns.cost, n, where),
        "group": checks.check_group(columns.group, n, where),
        "display": checks.check_display(columns.display, n, where),
    }
    # Last, because it is the one check that reads everything.
    for source, mask, letter in zip(features, present, "ab", strict=True):
        if isinstance(source, ArrayFeatures):
            checks.check_finite(source.array, mask, f"modality_{letter}", where)
    return fields


def _features(values: Any, column: str, where: Where) -> FeatureSource:
    if hasattr(values, "rows") and hasattr(values, "dim"):
        source: FeatureSource = values
        return source
    return ArrayFeatures(checks.check_features(values, column, where))


def _split_knowledge(
    labels: Labels, rounds: NDArray[np.int32] | None, test: BoolArray | None, where: Where
) -> tuple[NDArray[np.uint8] | None, LabelState | None]:
    """What is the truth of a simulation, and what is known before the first round.

    Without rounds, labels are the truth and nothing is known. With rounds, the labels of
    labeled pairs are known; they are the truth as well if pairs not yet labeled have
    labels too.
    """
    if rounds is None:
        return labels.matrix, None
    if labels.matrix is None:
        index = first_row(rounds >= 0)
        if index >= 0:
            raise PoolError(
                f"{where('labeled_round')} is {rounds[index]} in {row(index)} but there is no "
                "column labels"
            )
        return None, LabelState(rounds, np.zeros((len(rounds), len(labels.class_names)), np.uint8))
    matrix = np.array(labels.matrix)
    matrix[rounds < 0] = 0
    known = LabelState(rounds, matrix)
    waiting = rounds < 0 if test is None else (rounds < 0) & ~test
    if waiting.any() and not labels.matrix[waiting].any():
        return None, known
    if not labels.multilabel:
        unlabeled = rounds < 0
        index = first_row(unlabeled & ~np.asarray(labels.matrix).any(axis=1))
        if index >= 0:
            raise PoolError(
                f"{where('labels')} has no label in {row(index)} though other pairs with "
                "labeled_round -1 have one; give the truth of all pairs or of none"
            )
    return labels.matrix, known


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
"""The names of columns in every file layout; others are ignored."""


def check_keys(held: Collection[str], where: Where) -> None:
    """Both modalities are there, and no mask is of another; raises PoolError."""
    for key in held:
        if key.startswith("modality_") and key.endswith("_present") and key not in KEYS:
            raise PoolError(
                f"{where(key)} is a mask of an unknown modality; it must be called "
                "modality_a_present or modality_b_present"
            )
    for key in ("modality_a", "modality_b"):
        if key not in held:
            listed = ", ".join(repr(name) for name in list(held)[:12])
            raise PoolError(f"{where.whole} has no {key!r}; it holds {listed or 'nothing'}")


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
        columns["modalities"] = np.atleast_1d(data["modality_names"]).tolist()
    columns["multilabel"] = data.get("multilabel")
    columns.update({key: value for key, value in overrides.items() if value is not None})
    return Columns(**columns)
