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

Ints = NDArray[np.int64]
_AROUND = 1_000
"""Rows that a row is compared with where neighbors are looked for by regions, if it has them."""
_HELD = 1 << 24
"""Distances held at a time: 64 MiB."""
_PIECE = 512
"""Values a row that are partitioned at a time; of more, each takes four times as long."""
_RECALL = 0.95
"""Share of the true neighbors that is enough where an exact search takes seconds."""


@dataclass(frozen=True, eq=False, slots=True)
class NeighborGraph:
    """Squared distances `[t, k]` to, and indices `[t, k]` of, the nearest others of t rows.

    Those are `rows` `[t]`, ascending, out of `total`. Neighbors are in any order. Rows with
    fewer than k (small regions) are filled with the row's own index at distance infinity.
    """

    distances: FloatArray
    indices: Ints
    rows: Ints
    total: int

    def reach(self) -> FloatArray:
        """Squared distance `[t]` to the farthest neighbor; infinite where there are fewer than k.

        0 where k is 0.
        """
        return np.asarray(self.distances.max(axis=1, initial=0.0))

    def density(self) -> FloatArray:
        """ρ `[t]`: the inverse of the mean distance to the neighbors, relative to its median."""
        known = np.isfinite(self.distances)
        roots = np.sqrt(np.where(known, self.distances, 0.0))
        mean = roots.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        typical = float(np.median(mean[mean > 0])) if (mean > 0).any() else 1.0
        return np.asarray(typical / np.maximum(mean, 1e-3 * typical), dtype=np.float32)

    def kernel(self, bandwidth: float) -> sparse.csr_matrix:
        """k(i, j) = exp(−‖xᵢ − xⱼ‖² / σ²) over the graph, `[total, t]`, float32, k(j, j) = 1.

        Row i holds those of the t rows that have i among their neighbors, and where all rows
        have neighbors also those that are among its own: the graph is then symmetrized.
        """
        t, k = self.distances.shape
        # Each row also holds itself, at distance 0; what is infinitely far is left out.
        values = np.empty((t, k + 1), dtype=np.float32)
        values[:, 0] = 1.0
        np.multiply(self.distances, np.float32(-1 / bandwidth), out=values[:, 1:])
        np.exp(values[:, 1:], out=values[:, 1:])
        columns = np.empty((t, k + 1), dtype=np.int32)
        columns[:, 0] = self.rows
        columns[:, 1:] = self.indices
        starts = np.arange(0, (k + 1) * t + 1, k + 1, dtype=np.int32)
        half = sparse.csr_matrix((values.ravel(), columns.ravel(), starts), shape=(t, self.total))
        half.eliminate_zeros()
        return half.maximum(half.T).tocsr() if t == self.total else half.T.tocsr()


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
    points: FloatArray, k: int, region: Ints | None = None, asked: Ints | None = None
) -> NeighborGraph:
    """The graph of points `[n, d]`, exact up to 10,000 of them, beyond to a recall of 0.95.

    With regions `[n]`, a row's neighbors are looked for in its own and the nearest others, in
    one beside its own at the least, and about 1,000 rows in all; then only those of some rows
    may be `asked` for, ascending [all].
    """
    total = len(points)
    if region is None:
        return _search(points, min(k, total - 1))
    return _search_by_regions(points, k, region, np.arange(total) if asked is None else asked)


def _search_by_regions(points: FloatArray, k: int, region: Ints, asked: Ints) -> NeighborGraph:
    """One product a region, of its rows that are asked for with all rows near it."""
    total = len(points)
    distances = np.full((len(asked), k), np.inf, dtype=np.float32)
    indices = np.repeat(asked[:, None], k, axis=1)
    place = np.full(total, -1)
    place[asked] = np.arange(len(asked))
    # Within a region, the rows that are asked for lead.
    order = np.argsort(2 * region + (place < 0), kind="stable")
    ends = np.append(np.flatnonzero(np.diff(region[order])) + 1, total)
    members = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
    points = points[order]
    # Around their mean, since rounding is in proportion to squared lengths.
    points -= points.mean(axis=0)
    halves = np.einsum("nd,nd->n", points, points) / 2
    beside = max(1, _AROUND * len(members) // total - 1)
    near = knn(np.stack([points[rows].mean(axis=0) for rows in members]), beside)[1]
    for rows, others in zip(members, near, strict=True):
        around = [rows, *(members[other] for other in others)]
        known = np.concatenate([order[part] for part in around])
        against = np.concatenate([points[part] for part in around])
        half = np.concatenate([halves[part] for part in around])
        width = min(k, len(known) - 1)
        leading = int(np.count_nonzero(place[order[rows]] >= 0)) if width else 0
        for own in _chunks(leading, _HELD // len(known)):
            apart = against[own] @ against.T
            np.subtract(half[None], apart, out=apart)
            np.fill_diagonal(apart[:, own], np.inf)
            nearest = _smallest(apart, width)
            squared = 2 * (np.take_along_axis(apart, nearest, axis=1) + half[own, None])
            found = place[known[own]]
            distances[found, :width] = np.maximum(squared, 0)
            indices[found, :width] = known[nearest]
    return NeighborGraph(distances, indices, asked, total)


def _chunks(rows: int, size: int) -> Iterator[slice]:
    for start in range(0, rows, max(1, size)):
        yield slice(start, min(start + max(1, size), rows))


def _smallest(values: FloatArray, k: int) -> Ints:
    """Columns `[n, k]` of the k smallest of each row, ascending; of equal ones, the first.

    By the k-th value and a comparison, which takes a fifth of the time of `argpartition`.
    """
    last = _kth_smallest(values, k)
    chosen = values <= last
    if np.count_nonzero(chosen) > chosen.shape[0] * k:
        tied = values == last
        room = k - np.count_nonzero(values < last, axis=1)[:, None]
        chosen &= ~tied | (tied.cumsum(axis=1) <= room)
    return np.asarray(np.flatnonzero(chosen).reshape(-1, k) % chosen.shape[1])


def _kth_smallest(values: FloatArray, k: int) -> FloatArray:
    """The k-th smallest value `[n, 1]` of each row: that of the k smallest of its pieces."""
    starts = range(0, values.shape[1], _PIECE)
    pieces = [values[:, start : start + _PIECE] for start in starts]
    smallest = [np.partition(p, min(k, p.shape[1]) - 1, axis=1)[:, :k] for p in pieces]
    return np.asarray(np.partition(np.concatenate(smallest, axis=1), k - 1, axis=1)[:, k - 1 : k])


def _search(points: FloatArray, k: int) -> NeighborGraph:
    n = len(points)
    if k < 1:
        found = np.zeros((n, 0), np.float32), np.zeros((n, 0), np.int64)
    else:
        found = knn(points, k, recall=_RECALL)
    return NeighborGraph(*found, np.arange(n), n)
