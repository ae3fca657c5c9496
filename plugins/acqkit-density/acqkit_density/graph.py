"""The sparse kernel graph of a pool: who covers whom, and how dense it is around each pair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from acqkit import PairEmbeddings
from acqkit.embeddings import FloatArray
from acqkit.neighbors import knn, unit

_COMPARED = 1 << 26
"""Distances computed in all where neighbors are looked for by regions: about two seconds."""
_HELD = 1 << 24
"""Distances held at a time: 64 MiB."""
_RECALL = 0.95
"""Share of the true neighbors that is enough where an exact search takes seconds."""


@dataclass(frozen=True, eq=False, slots=True)
class NeighborGraph:
    """Squared distances `[n, k]` to, and indices `[n, k]` of, each pair's nearest others.

    In any order. Rows with fewer than k neighbors (small regions) are filled with the row's own
    index at distance infinity.
    """

    distances: FloatArray
    indices: NDArray[np.int64]

    def reach(self) -> FloatArray:
        """Squared distance `[n]` to the farthest neighbor; infinite where there are fewer than k.

        0 where k is 0.
        """
        return np.asarray(self.distances.max(axis=1, initial=0.0))

    def density(self) -> FloatArray:
        """ρ `[n]`: the inverse of the mean distance to the neighbors, relative to its median."""
        known = np.isfinite(self.distances)
        roots = np.sqrt(np.where(known, self.distances, 0.0))
        mean = roots.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        typical = float(np.median(mean[mean > 0])) if (mean > 0).any() else 1.0
        return np.asarray(typical / np.maximum(mean, 1e-3 * typical), dtype=np.float32)

    def kernel(self, bandwidth: float) -> sparse.csr_matrix:
        """k(i, j) = exp(−‖xᵢ − xⱼ‖² / σ²) over the symmetrized graph, `[n, n]`, diagonal 1."""
        n = len(self.indices)
        # Each row also holds itself, at distance 0; what is infinitely far is left out.
        known = np.isfinite(self.distances)
        distances = np.column_stack([np.zeros(n), self.distances])
        kept = np.column_stack([np.ones(n, dtype=bool), known])
        columns = np.column_stack([np.arange(n, dtype=np.int32), self.indices.astype(np.int32)])
        starts = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32)
        values = np.exp(distances[kept] / -bandwidth)
        half = sparse.csr_matrix((values, columns[kept], starts), shape=(n, n))
        both = half.maximum(half.T)
        both.eliminate_zeros()
        return both.tocsr()


def pair_points(embeddings: PairEmbeddings) -> FloatArray:
    """Pairs as points `[n, 2d]` of unit length: near only where both modalities are near.

    For unit means μᵃ, μᵇ the point is ½[μᵃ + μᵇ, μᵃ − μᵇ]: squared distances are the mean of
    both modalities' own, as for the two side by side, and swapping the modalities changes
    no bit of them. Where one is missing, the present one stands for both.
    """
    a, b = unit(embeddings.a.mean), unit(embeddings.b.mean)
    for present, own, other in ((embeddings.a.present, a, b), (embeddings.b.present, b, a)):
        if present is not None:
            own[~present] = other[~present]
    points = np.empty((len(a), 2 * a.shape[1]), dtype=np.float32)
    np.add(a, b, out=points[:, : a.shape[1]])
    np.subtract(a, b, out=points[:, a.shape[1] :])
    points *= np.float32(0.5)
    return points


def neighbor_graph(
    points: FloatArray, k: int, region: NDArray[np.int64] | None = None
) -> NeighborGraph:
    """The graph of unit vectors `[n, d]`, exact up to 10,000 of them, beyond to a recall of 0.95.

    With regions `[n]`, a row's neighbors are looked for in its own and the nearest others, in
    all where rows are few, and in one beside its own at the least.
    """
    if region is None:
        return _search(points, min(k, len(points) - 1))
    distances = np.full((len(points), k), np.inf, dtype=np.float32)
    indices = np.repeat(np.arange(len(points))[:, None], k, axis=1)
    order = np.argsort(region, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(region[order])) + 1)
    beside = max(1, _COMPARED * len(members) // len(points) ** 2 - 1)
    near = knn(np.stack([points[rows].mean(axis=0) for rows in members]), beside)[1]
    for rows, others in zip(members, near, strict=True):
        known = np.concatenate([rows, *(members[other] for other in others)])
        width = min(k, len(known) - 1)
        if width:
            around = points[known]
            for own in _chunks(len(rows), _HELD // len(known)):
                found = _search_at_once(around, own, width)
                distances[rows[own], :width] = found.distances
                indices[rows[own], :width] = known[found.indices]
    return NeighborGraph(distances, indices)


def _chunks(rows: int, size: int) -> Iterator[slice]:
    for start in range(0, rows, max(1, size)):
        yield slice(start, min(start + max(1, size), rows))


def _search_at_once(points: FloatArray, own: slice, k: int) -> NeighborGraph:
    """The `k` nearest others of the rows `own`, from one product: far quicker than an index."""
    # Around their mean, since rounding is in proportion to squared lengths.
    centered = points - points[own].mean(axis=0)
    squares = np.einsum("nd,nd->n", centered, centered)
    distances = centered[own] @ centered.T
    distances *= -2
    distances += squares[own, None]
    distances += squares
    np.maximum(distances, 0, out=distances)
    np.fill_diagonal(distances[:, own], np.inf)
    indices = _smallest(distances, k)
    return NeighborGraph(np.take_along_axis(distances, indices, axis=1), indices)


def _smallest(values: FloatArray, k: int) -> NDArray[np.int64]:
    """Columns `[n, k]` of the k smallest of each row, ascending; of equal ones, the first.

    By the k-th value and a comparison, which takes a third of the time of `argpartition`.
    """
    last = np.partition(values, k - 1, axis=1)[:, k - 1 : k]
    chosen = values <= last
    if np.count_nonzero(chosen) > chosen.shape[0] * k:
        tied = values == last
        room = k - np.count_nonzero(values < last, axis=1)[:, None]
        chosen &= ~tied | (tied.cumsum(axis=1) <= room)
    return np.asarray(np.flatnonzero(chosen).reshape(-1, k) % chosen.shape[1])


def _search(points: FloatArray, k: int) -> NeighborGraph:
    if k < 1:
        n = len(points)
        return NeighborGraph(np.zeros((n, 0), np.float32), np.zeros((n, 0), np.int64))
    distances, indices = knn(points, k, recall=_RECALL)
    return NeighborGraph(distances, indices)
