"""The sparse kernel graph of a pool: who covers whom, and how dense it is around each pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from acqkit import PairEmbeddings
from acqkit.embeddings import FloatArray
from acqkit.neighbors import knn, unit


@dataclass(frozen=True, eq=False, slots=True)
class NeighborGraph:
    """Squared distances `[n, k]` to, and indices `[n, k]` of, each pair's nearest others.

    Rows with fewer than k neighbors (small regions) are filled with the row's own index at
    distance infinity.
    """

    distances: FloatArray
    indices: NDArray[np.int64]

    def density(self) -> FloatArray:
        """ρ `[n]`: the inverse of the mean distance to the neighbors, relative to its median."""
        known = np.isfinite(self.distances)
        roots = np.sqrt(np.where(known, self.distances, 0.0))
        mean = roots.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        typical = float(np.median(mean[mean > 0])) if (mean > 0).any() else 1.0
        return np.asarray(typical / np.maximum(mean, 1e-3 * typical), dtype=np.float32)

    def kernel(self, bandwidth: float) -> sparse.csr_matrix:
        """k(i, j) = exp(−‖xᵢ − xⱼ‖² / σ²) over the symmetrized graph, `[n, n]`, diagonal 1."""
        n, k = self.indices.shape
        rows = np.repeat(np.arange(n), k)
        values = np.exp(-self.distances.ravel().astype(np.float64) / bandwidth)
        half = sparse.csr_matrix((values, (rows, self.indices.ravel())), shape=(n, n))
        half.setdiag(0.0)
        both = half.maximum(half.T) + sparse.identity(n, format="csr")
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
    """The graph of unit vectors `[n, d]`; inside regions `[n]` when those are given."""
    n = len(points)
    if region is None:
        return _search(points, min(k, n - 1))
    distances = np.full((n, k), np.inf, dtype=np.float32)
    indices = np.repeat(np.arange(n)[:, None], k, axis=1)
    order = np.argsort(region, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(region[order])) + 1):
        width = min(k, len(rows) - 1)
        if width:
            found = _search(np.ascontiguousarray(points[rows]), width)
            distances[rows, :width] = found.distances
            indices[rows, :width] = rows[found.indices]
    return NeighborGraph(distances, indices)


def _search(points: FloatArray, k: int) -> NeighborGraph:
    if k < 1:
        n = len(points)
        return NeighborGraph(np.zeros((n, 0), np.float32), np.zeros((n, 0), np.int64))
    distances, indices = knn(points, k)
    return NeighborGraph(distances, indices)
