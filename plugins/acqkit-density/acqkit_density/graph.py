"""The sparse kernel graph of a pool: who covers whom, and how dense it is around each pair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from acqkit import PairEmbeddings
from acqkit.embeddings import BoolArray, FloatArray
from acqkit.neighbors import knn, unit
from acqkit.threads import in_threads
from acqkit_density.covering import Covering

Ints = NDArray[np.int64]
Group = list[tuple[int, slice]]
"""Regions by number, each with which of its rows."""
_AROUND = 800
"""Rows that a row is compared with where neighbors are looked for by regions, if it has them."""
_HELD = 1 << 24
"""Distances held at a time: 64 MiB."""
_TOGETHER = 1 << 18
"""Distances of several regions held at a time: 1 MiB, which stays in the cache."""
_ALIKE = 8
"""Regions whose rows are fewer apart are ordered by their columns."""
_NOWHERE = 1e30
"""Farther than any point."""
_PIECE = 512
"""Values a row that are partitioned at a time; of more, each may take four times as long."""
_PACKED = 4_096
"""Columns that are told apart by the last 12 bits of a value."""
_RECALL = 0.95
"""Share of the true neighbors that is enough where an exact search takes seconds."""


@dataclass(frozen=True, eq=False, slots=True)
class NeighborGraph:
    """Squared distances to, and indices of, the nearest of t rows, `[t, 1 + k]`.

    The first is the row itself, at distance 0; then its k nearest others out of `total`, in any
    order. Rows with fewer (small regions) are filled with their own index at distance infinity.
    """

    distances: FloatArray
    indices: Ints
    total: int

    def density(self) -> FloatArray:
        """ρ `[t]`: the inverse of the mean distance to the neighbors, relative to its median."""
        known = np.isfinite(self.distances)
        roots = np.sqrt(np.where(known, self.distances, 0.0))
        mean = roots.sum(axis=1) / np.maximum(known.sum(axis=1) - 1, 1)
        typical = float(np.median(mean[mean > 0])) if (mean > 0).any() else 1.0
        return np.asarray(typical / np.maximum(mean, 1e-3 * typical), dtype=np.float32)

    def bandwidth(self) -> float:
        """σ²: how far neighborhoods typically reach.

        Where no row has k neighbors, what there are of them count.
        """
        reach = self.distances.max(axis=1)
        if not np.isfinite(reach).any():
            reach = np.where(np.isfinite(self.distances), self.distances, 0).max(axis=1)
        return max(float(np.median(reach[np.isfinite(reach)])), 1e-6)

    def covering(self) -> Covering:
        """k(i, j) = exp(−‖xᵢ − xⱼ‖² / σ²) of all i among the neighbors of row j, k(j, j) = 1."""
        kernel = self.distances * np.float32(-1 / self.bandwidth())
        return Covering(self.indices, np.exp(kernel, out=kernel), self.total)

    def kernel(self) -> sparse.csr_matrix:
        """The same as `[total, total]`, float32; of a graph of all rows only.

        Symmetrized: row i holds those that have i among their neighbors or are among its own.
        """
        covering = self.covering()
        t, width = covering.rows.shape
        starts = np.arange(0, width * t + 1, width, dtype=np.int32)
        parts = covering.kernel.ravel(), covering.rows.ravel().astype(np.int32), starts
        half = sparse.csr_matrix(parts, shape=(t, self.total))
        half.eliminate_zeros()
        return half.maximum(half.T).tocsr()


def pair_points(embeddings: PairEmbeddings) -> FloatArray:
    """Pairs as points `[n, 2d]` of unit length: near only where both modalities are near.

    For unit means μᵃ, μᵇ the point is ½[μᵃ + μᵇ, μᵃ − μᵇ]: squared distances are the mean of
    both modalities' own, as for the two side by side, and swapping the modalities changes
    no bit of them. Where one is missing, the present one stands for both.
    """
    a, b = unit_sides(embeddings)
    points = np.empty((len(a), 2 * a.shape[1]), dtype=np.float32)
    np.add(a, b, out=points[:, : a.shape[1]])
    np.subtract(a, b, out=points[:, a.shape[1] :])
    points *= np.float32(0.5)
    return points


def unit_sides(embeddings: PairEmbeddings) -> tuple[FloatArray, FloatArray]:
    """Means of both modalities at unit length, `[n, d]` each; what is missing is as the other."""
    a, b = unit(embeddings.a.mean), unit(embeddings.b.mean)
    for present, own, other in ((embeddings.a.present, a, b), (embeddings.b.present, b, a)):
        if present is not None:
            own[~present] = other[~present]
    return a, b


def neighbor_graph(
    points: FloatArray, k: int, region: Ints | None = None, asked: Ints | None = None
) -> NeighborGraph:
    """The graph of points `[n, d]`, exact up to 10,000 of them, beyond to a recall of 0.95.

    With regions `[n]`, a row's neighbors are looked for in its own and the nearest others, in
    one beside its own at the least, and about 800 rows in all; then only those of some rows
    may be `asked` for, ascending [all].
    """
    total = len(points)
    if region is None:
        return _search(points, min(k, total - 1))
    return _search_by_regions(points, k, region, np.arange(total) if asked is None else asked)


def _search_by_regions(points: FloatArray, k: int, region: Ints, asked: Ints) -> NeighborGraph:
    place = np.full(len(points), -1)
    place[asked] = np.arange(len(asked))
    distances = np.full((len(asked), 1 + k), np.inf, dtype=np.float32)
    distances[:, 0] = 0
    indices = np.repeat(asked[:, None], 1 + k, axis=1)
    regions = _Regions.of(points, region, place < 0)

    def search(group: Group) -> None:
        own, squared, others = regions.nearest(group, k)
        found, width = place[own], 1 + squared.shape[1]
        distances[found, 1:width] = squared
        indices[found, 1:width] = np.where(np.isinf(squared), own[:, None], others)

    leading = [int(np.count_nonzero(place[regions.order[s]] >= 0)) for s in regions.spans]
    in_threads(search, _groups(leading, [len(known) for known in regions.around]))
    return NeighborGraph(distances, indices, len(points))


@dataclass(frozen=True, eq=False, slots=True)
class _Regions:
    """Points by region, as factors of their distances.

    Row i stands for point `order[i]`, the last one for none. A region is a span of rows, around
    it are those of the regions that are near, its own first. factors `[n + 1, d + 2]` are
    (x, 1, ½‖x‖²): the product of one and another's (−x, ½‖x‖², 1) is half their squared distance.
    """

    order: Ints
    spans: list[Ints]
    around: list[Ints]
    factors: FloatArray

    @classmethod
    def of(cls, points: FloatArray, region: Ints, last: BoolArray) -> _Regions:
        """Within a region, points that are `last` `[n]` come after the others."""
        total = len(points)
        order = by_number(2 * region + last)
        sizes = np.bincount(region)
        spans = np.split(np.arange(total), sizes[sizes > 0].cumsum()[:-1])
        factors = _factors(points, order)
        beside = max(1, _AROUND * len(spans) // total - 1)
        means = [factors[span[0] : span[-1] + 1, : points.shape[1]].mean(axis=0) for span in spans]
        near = knn(np.stack(means), beside)[1]
        around = [
            np.concatenate([span, *(spans[other] for other in others)])
            for span, others in zip(spans, near, strict=True)
        ]
        return cls(order, spans, around, factors)

    def nearest(self, group: Group, k: int) -> tuple[Ints, FloatArray, Ints]:
        """Points `[m]` of a group, and up to k nearest others: distances and which, `[m, w]`.

        At distance infinity where there are fewer. All regions of the group are padded to one
        shape: one by one, calls would take as long as sums.
        """
        none = len(self.order)
        own = _padded([self.spans[number][rows] for number, rows in group], none)
        known = _padded([self.around[number] for number, _ in group], none)
        apart = _facing(self.factors[own]) @ self.factors[known].transpose(0, 2, 1)
        height, width = apart.shape[1:]
        first = np.array([self.spans[number][0] for number, _ in group])
        itself = np.minimum(own - first[:, None], width - 1)
        np.put_along_axis(apart, itself[:, :, None], np.inf, axis=2)
        rows = np.flatnonzero(own < none)
        column = _smallest(apart.reshape(-1, width), min(k, width))[rows]
        squared = 2 * abs(apart.ravel().take(column + width * rows[:, None]))
        squared[squared > _NOWHERE] = np.inf
        others = known.ravel().take(column + width * (rows // height)[:, None])
        return self.order[own.ravel()[rows]], squared, self.order.take(others, mode="clip")


def _factors(points: FloatArray, order: Ints) -> FloatArray:
    """Factors `[n + 1, d + 2]` of points `[n, d]` in an `order`, and of one that is nowhere."""
    n, d = points.shape
    factors = np.zeros((n + 1, d + 2), dtype=np.float32)
    # Around their mean, since rounding is in proportion to squared lengths.
    np.subtract(points[order], points.mean(axis=0), out=factors[:n, :d])
    factors[:, d] = 1.0
    factors[:n, d + 1] = np.einsum("nd,nd->n", factors[:n, :d], factors[:n, :d]) / 2
    factors[n, d + 1] = 2 * _NOWHERE
    return factors


def _facing(factors: FloatArray) -> FloatArray:
    """Factors `[..., d + 2]` of the other side of a product."""
    facing = -factors
    facing[..., -2], facing[..., -1] = factors[..., -1], factors[..., -2]
    return facing


def by_number(numbers: Ints) -> Ints:
    """Rows in the order of their numbers `[n]`, at least 0; of equal ones in their own.

    Four times as fast as a stable sort.
    """
    n = len(numbers)
    return np.argsort(numbers * n + np.arange(n))


def _groups(rows: list[int], columns: list[int]) -> Iterator[Group]:
    """Regions whose products are taken together, each with which of its `rows` (a count).

    A group's products are at most 1 MiB where they are of several regions, else 64 MiB. Those
    that are nearly as high and wide go together, so that little is padded.
    """
    group: Group = []
    height = width = 0
    for number in np.lexsort((np.array(columns), np.array(rows) // _ALIKE)).tolist():
        for own in _chunks(rows[number], _HELD // columns[number]):
            height, width = max(height, own.stop - own.start), max(width, columns[number])
            if group and (len(group) + 1) * height * width > _TOGETHER:
                yield group
                group, height, width = [], own.stop - own.start, columns[number]
            group.append((number, own))
    if group:
        yield group


def _chunks(rows: int, size: int) -> Iterator[slice]:
    for start in range(0, rows, max(1, size)):
        yield slice(start, min(start + max(1, size), rows))


def _padded(rows: list[Ints], filler: int) -> Ints:
    """Rows of different lengths as one array, filled up with `filler`."""
    padded = np.full((len(rows), max(len(row) for row in rows)), filler)
    for out, row in zip(padded, rows, strict=True):
        out[: len(row)] = row
    return padded


def _smallest(values: FloatArray, k: int) -> Ints:
    """Columns `[n, k]` of the k smallest of each row, in any order, by what they are without sign.

    The number of a column takes the place of the last bits of its value, 12 of 24 where k is at
    most 2,048, so that what is partitioned carries it along: half the time of finding the
    columns afterwards.
    """
    width, piece = values.shape[1], max(_PACKED, 2 * k)
    if width > piece:
        starts = range(0, width, piece)
        parts = [values[:, start : start + piece] for start in starts]
        found = np.concatenate(
            [
                start + _smallest(p, min(k, p.shape[1]))
                for start, p in zip(starts, parts, strict=True)
            ],
            axis=1,
        )
        inner = _smallest(np.take_along_axis(values, found, axis=1), k)
        return np.take_along_axis(found, inner, axis=1)
    # But for the sign, bits of floats are in order when read as integers.
    last = np.int32((1 << (width - 1).bit_length()) - 1)
    keys = values.view(np.int32) & (np.int32(0x7FFFFFFF) & ~last)
    keys |= np.arange(width, dtype=np.int32)
    pieces = [keys[:, start : start + _PIECE] for start in range(0, width, _PIECE)]
    leading = [np.partition(p, min(k, p.shape[1]) - 1, axis=1)[:, :k] for p in pieces]
    smallest = np.partition(np.concatenate(leading, axis=1), k - 1, axis=1)[:, :k]
    return np.asarray(smallest & last, dtype=np.int64)


def _search(points: FloatArray, k: int) -> NeighborGraph:
    n = len(points)
    distances, indices = knn(points, k, recall=_RECALL)
    with_itself = np.pad(distances, ((0, 0), (1, 0))), np.column_stack((np.arange(n), indices))
    return NeighborGraph(*with_itself, n)
