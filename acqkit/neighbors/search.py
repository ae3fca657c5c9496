"""Nearest neighbors among the rows of one array, exact or with a measured recall."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from acqkit.embeddings import FloatArray, IntArray
from acqkit.errors import ConfigError
from acqkit.neighbors import tensors
from acqkit.neighbors.backend import library as faiss
from acqkit.neighbors.kinds import Vectors, on_host
from acqkit.neighbors.lists import knn_in_lists
from acqkit.neighbors.vectors import paired_distances

_WORTH_AN_INDEX = 10_000
"""Fewer rows are searched exactly in the time that an index takes to build."""

_WORTH_LISTS = 1 << 18
"""The same of a tensor: a GPU compares as many rows with each other in half a second."""

_QUERIES_TO_TUNE = 512
"""Rows on which recall is measured, with a standard error of at most 1% at a recall of 0.95."""


def knn(x: Vectors, k: int, *, recall: float = 1.0, seed: int = 0) -> tuple[FloatArray, IntArray]:
    """The `k` nearest other rows of each row of `x` `[n, d]`, nearest first.

    Returns squared distances `[n, k]` float32 and indices `[n, k]` int64; `k` becomes
    n - 1 where there are no more. A row is no neighbor of itself, but its duplicates are.
    With `recall` below 1 and many rows, an inverted file is searched, over so many of its
    lists that on a sample of rows at least this share of the true neighbors is found. Of a
    tensor, lists are compared with those near them, and only from some 260,000 rows on.

    Raises ConfigError when `recall` is not in (0, 1].
    """
    if not 0 < recall <= 1:
        raise ConfigError(f"recall must be above 0 and at most 1, got {recall}")
    n, d = x.shape
    k = max(min(k, n - 1), 0)
    if k == 0:
        return np.zeros((n, 0), dtype=np.float32), np.zeros((n, 0), dtype=np.int64)
    if isinstance(x, Tensor):
        whole = recall == 1 or n < _WORTH_LISTS
        squared, which = tensors.knn(x, k) if whole else knn_in_lists(x, k, recall, seed)
        return on_host(squared), on_host(which)
    # Centered, because rounding in the search grows with the distance from the origin.
    centered = x - x.mean(axis=0, dtype=np.float64).astype(np.float32)
    exact = faiss.IndexFlatL2(d)
    exact.add(centered)
    if recall == 1 or n < _WORTH_AN_INDEX:
        found = exact.search(centered, k + 1)[1]
    else:
        found = _search_lists(centered, k + 1, exact, recall, seed)
    indices = _without_self(found, np.arange(n))
    return _sorted(paired_distances(x, x, indices), indices)


def knn_among(
    x: FloatArray, rows: IntArray, k: int, targets: IntArray
) -> tuple[FloatArray, IntArray]:
    """As an exact `knn`, of some `rows` `[r]` of `x` only and among some rows `targets` `[t]`.

    `k` becomes t - 1 where there are no more. Squared distances `[r, k]`, indices `[r, k]`.
    """
    k = max(min(k, len(targets) - 1), 0)
    if k == 0 or len(rows) == 0:
        return np.zeros((len(rows), k), np.float32), np.zeros((len(rows), k), np.int64)
    known = x[targets]
    origin = known.mean(axis=0, dtype=np.float64).astype(np.float32)
    index = faiss.IndexFlatL2(x.shape[1])
    index.add(known - origin)
    queries = x[rows]
    found = targets[index.search(queries - origin, k + 1)[1]]
    indices = _without_self(found, rows)
    return _sorted(paired_distances(queries, x, indices), indices)


def _search_lists(x: FloatArray, k: int, exact: Any, recall: float, seed: int) -> IntArray:
    """Indices `[n, k]` from an inverted file with √n lists, probing enough to reach `recall`."""
    n, d = x.shape
    lists = int(np.sqrt(n))
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(d), d, lists)
    index.cp.seed, index.cp.niter = seed % 2**31, 10
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, 64
    index.train(x)
    index.add(x)
    rows = np.linspace(0, n - 1, _QUERIES_TO_TUNE).astype(np.int64)
    queries = np.ascontiguousarray(x[rows])
    true = exact.search(queries, k)[0][:, -1:]
    index.nprobe = 1
    while index.nprobe < lists and _recall(index.search(queries, k)[0], true) < recall:
        index.nprobe = min(max(index.nprobe + 1, index.nprobe * 3 // 2), lists)
    found: IntArray = index.search(x, k)[1]
    short = np.flatnonzero(found[:, -1] < 0)  # its lists held fewer than k rows
    if len(short):
        found[short] = exact.search(np.ascontiguousarray(x[short]), k)[1]
    return found


def _recall(distances: FloatArray, kth: FloatArray) -> float:
    """Share of found distances `[q, k]` within the true k-th `[q, 1]`, so that ties count."""
    return float((distances <= kth * 1.0001 + 1e-12).mean())


def _without_self(found: IntArray, rows: IntArray) -> IntArray:
    """Indices `[n, k + 1]` without the row itself, or without the last where it is not found.

    With k or more duplicates the row itself may be missing, and is seldom the first.
    """
    n, width = found.shape
    drop = found == rows[:, None]
    drop[~drop.any(axis=1), -1] = True
    others: IntArray = found[~drop].reshape(n, width - 1)
    return others


def _sorted(distances: FloatArray, indices: IntArray) -> tuple[FloatArray, IntArray]:
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(distances, order, axis=1), np.take_along_axis(indices, order, axis=1)
