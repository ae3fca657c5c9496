"""A summary of a pool as plain data, which is JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, IntArray
from acqkit.half import is_bfloat16
from acqkit.pool.chunked import ChunkedFeatures
from acqkit.pool.display import display_columns
from acqkit.pool.features import ArrayFeatures, FeatureSource, FeatureSubset
from acqkit.pool.pairs import PairPool
from acqkit.pool.scan import blocks


def describe(pool: PairPool) -> dict[str, Any]:
    """Sizes, modalities, classes with counts, and optional columns of a pool.

    Counts and labels per pair are of the truth where it is known, else of the labels known
    so far, else None. `labeled_test` counts the labeled pairs of the test part; `no_class` those
    that have a truth, which is none of the classes.
    """
    matrix, of = _matrix(pool)
    counts = None if matrix is None else _counts(matrix)
    labeled = 0 if pool.known is None else len(pool.known.labeled)
    rows = labeled if of == "known" else len(pool)
    test = 0 if pool.test is None else int(pool.test.sum())
    classes: Any = list(pool.class_names)
    if counts is not None:
        classes = dict(zip(pool.class_names, counts.tolist(), strict=True))
    return {
        "name": pool.name,
        "n": len(pool),
        "train": len(pool) - test,
        "test": test,
        "modalities": {
            name: _modality(source, mask)
            for name, source, mask in zip(pool.modalities, pool.features, pool.present, strict=True)
        },
        "multilabel": pool.multilabel,
        "labels": of,
        "labels_per_pair": float(counts.sum() / rows) if counts is not None and rows else None,
        "labeled": labeled,
        "labeled_test": 0
        if pool.known is None
        else len(pool.known.take(pool.test_positions).labeled),
        "no_class": len(pool) - _with_class(matrix) if matrix is not None and of == "truth" else 0,
        "classes": classes,
        "ids": "positions" if pool.explicit_ids is None else str(pool.explicit_ids.dtype),
        "cost": pool.cost is not None,
        "group": pool.group is not None,
        "display": {column.name: column.kind for column in display_columns(pool)},
    }


def _modality(source: FeatureSource, mask: BoolArray | None) -> dict[str, Any]:
    base = source.base if isinstance(source, FeatureSubset) else source
    array = base.array if isinstance(base, ArrayFeatures) else None
    stored = base.dtype if isinstance(base, ChunkedFeatures) else getattr(array, "dtype", None)
    named = "bfloat16" if stored is not None and is_bfloat16(stored) else str(stored)
    return {
        "width": source.dim,
        "dtype": "raw items" if stored is None else named,
        "missing": 0 if mask is None else int((~mask).sum()),
        "memory_mapped": isinstance(array, np.memmap),
    }


def _matrix(pool: PairPool) -> tuple[NDArray[np.uint8] | None, str]:
    if pool.truth is not None:
        return pool.truth, "truth"
    if pool.known is not None:
        return pool.known.matrix, "known"
    return None, "none"


def _with_class(matrix: NDArray[np.uint8]) -> int:
    return sum(int(block.any(axis=1).sum()) for _, block in blocks(matrix))


def _counts(matrix: NDArray[np.uint8]) -> IntArray:
    counts = np.zeros(matrix.shape[1], dtype=np.int64)
    for _, block in blocks(matrix):
        counts += block.sum(axis=0, dtype=np.int64)
    return counts
