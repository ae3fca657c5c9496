"""Neighbors of many points by way of their regions, in matrix products that fit the cache.

The plain search, `acqkit.neighbors.knn`, takes four times as long at 100,000 points. What shaped
this one: products of a region's points with those around it are too small to keep a processor busy
one by one, so regions of like size are multiplied together; and choosing the k smallest of 800
distances takes as long as the product, so a distance carries its column along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.engine import Engine
from acqkit.neighbors import knn, on_device
from acqkit_density.neighbors.there import nearest_columns_there

Group = list[tuple[int, slice]]
"""Regions by number, each with which of its rows."""
Compare = Callable[[IntArray, IntArray, IntArray, IntArray, int], tuple[IntArray, FloatArray]]
"""As `nearest_columns`, with the factors."""
_HELD = 1 << 24
"""Distances held at a time in a large region: 64 MiB."""
_TOGETHER = 1 << 18
"""Distances of several regions held at a time: 1 MiB, which stays in the cache."""
_ALIKE = 8
"""Regions whose numbers of rows differ by less are ordered by their columns: little is padded."""
_NOWHERE = 1e30
"""Squared distance of padding, farther than any point."""
_PIECE = 512
"""Values of a row that are partitioned at a time; of more, each may take four times as long."""
_PACKED = 4_096
"""Columns whose number replaces the last 12 bits of a distance."""


def neighbors_by_region(
    points: FloatArray,
    k: int,
    region: IntArray,
    rows: IntArray,
    around: int,
    engine: Engine,
    device: str = "cpu",
) -> tuple[FloatArray, IntArray]:
    """Squared distances `[t, 1 + k]` and indices `[t, 1 + k]` as a `NeighborGraph` has them.

    Of `rows` `[t]` of points `[n, d]`, each compared with its own region (`region` `[n]`) and so
    many others, at least one, as hold about `around` points in all. On a `device` other than
    `cpu`, torch compares them, more regions at a time.
    """
    place = np.full(len(points), -1)
    place[rows] = np.arange(len(rows))
    distances = np.full((len(rows), 1 + k), np.inf, dtype=np.float32)
    distances[:, 0] = 0
    indices = np.repeat(rows[:, None], 1 + k, axis=1)
    regions = _Regions.of(points, region, place < 0, around)
    leading = [int(np.count_nonzero(place[regions.order[s]] >= 0)) for s in regions.spans]
    on_cpu = device == "cpu"
    columns = [len(known) for known in regions.around]
    groups = _groups(leading, columns, _TOGETHER if on_cpu else _HELD)
    if on_cpu:
        compare = partial(nearest_columns, regions.factors)
        search = partial(_Regions.nearest, regions, k=k, compare=compare)
        answers = engine.map(search, groups, thread_safe=True)
    else:
        compare = partial(nearest_columns_there, on_device(regions.factors, device))
        answers = map(partial(_Regions.nearest, regions, k=k, compare=compare), groups)
    for own, squared, others in answers:
        found, width = place[own], 1 + squared.shape[1]
        distances[found, 1:width] = squared
        indices[found, 1:width] = np.where(np.isinf(squared), own[:, None], others)
    return distances, indices


@dataclass(frozen=True, eq=False, slots=True)
class _Regions:
    """Points by region, as factors of their distances.

    Row i stands for point `order[i]`, the last one for padding. A region is a span of rows;
    `around` it are those of the regions that are near, its own first. factors `[n + 1, d + 2]` are
    (x, 1, ½‖x‖²): the product of one and another's (−x, ½‖x‖², 1) is half their squared distance.
    """

    order: IntArray
    spans: list[IntArray]
    around: list[IntArray]
    factors: FloatArray

    @classmethod
    def of(cls, points: FloatArray, region: IntArray, last: BoolArray, around: int) -> _Regions:
        """Within a region, points that are `last` `[n]` come after the others."""
        total = len(points)
        order = np.argsort(2 * region + last, kind="stable")
        sizes = np.bincount(region)
        spans = np.split(np.arange(total), sizes[sizes > 0].cumsum()[:-1])
        factors = _factors(points, order)
        beside = max(1, around * len(spans) // total - 1)
        means = [factors[span[0] : span[-1] + 1, : points.shape[1]].mean(axis=0) for span in spans]
        near = knn(np.stack(means), beside)[1]
        known = [
            np.concatenate([span, *(spans[other] for other in others)])
            for span, others in zip(spans, near, strict=True)
        ]
        return cls(order, spans, known, factors)

    def nearest(
        self, group: Group, k: int, compare: Compare
    ) -> tuple[IntArray, FloatArray, IntArray]:
        """Points `[m]` of a group, and up to k nearest others: distances and which, `[m, w]`.

        At distance infinity where there are fewer. All regions of the group are padded to one
        shape: one by one, calls would take as long as sums.
        """
        none = len(self.order)
        own = _padded([self.spans[number][rows] for number, rows in group], none)
        known = _padded([self.around[number] for number, _ in group], none)
        height, width = own.shape[1], known.shape[1]
        first = np.array([self.spans[number][0] for number, _ in group])
        itself = np.minimum(own - first[:, None], width - 1)
        rows = np.flatnonzero(own < none)
        column, squared = compare(own, known, itself, rows, min(k, width))
        squared[squared > _NOWHERE] = np.inf
        others = known.ravel().take(column + width * (rows // height)[:, None])
        return self.order[own.ravel()[rows]], squared, self.order.take(others, mode="clip")


def nearest_columns(
    factors: FloatArray, own: IntArray, known: IntArray, itself: IntArray, rows: IntArray, k: int
) -> tuple[IntArray, FloatArray]:
    """Of so many `rows` `[m]` of `own`, the k nearest of `known`: columns and distances `[m, k]`.

    Rows of factors `[n + 1, d + 2]`: own `[g, h]` and known `[g, w]`, of g groups; itself `[g, h]`
    is the column of each of own, which is left out. rows count own row by row.
    """
    apart = _facing(factors[own]) @ factors[known].transpose(0, 2, 1)
    np.put_along_axis(apart, itself[:, :, None], np.inf, axis=2)
    width = known.shape[1]
    column = smallest_columns(apart.reshape(-1, width), k)[rows]
    return column, 2 * abs(apart.ravel().take(column + width * rows[:, None]))


def _factors(points: FloatArray, order: IntArray) -> FloatArray:
    """Factors `[n + 1, d + 2]` of points `[n, d]` in an `order`, and of one for padding."""
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


def _groups(rows: list[int], columns: list[int], together: int) -> Iterator[Group]:
    """Regions whose products are taken together, each with which of its `rows` (a count).

    A group has `together` products at most where it is of several regions, else 64 MiB. Those
    that are nearly as high and wide go together, so that little is padded.
    """
    group: Group = []
    height = width = 0
    for number in np.lexsort((np.array(columns), np.array(rows) // _ALIKE)).tolist():
        for own in _chunks(rows[number], _HELD // columns[number]):
            height, width = max(height, own.stop - own.start), max(width, columns[number])
            if group and (len(group) + 1) * height * width > together:
                yield group
                group, height, width = [], own.stop - own.start, columns[number]
            group.append((number, own))
    if group:
        yield group


def _chunks(rows: int, size: int) -> Iterator[slice]:
    for start in range(0, rows, max(1, size)):
        yield slice(start, min(start + max(1, size), rows))


def _padded(rows: list[IntArray], filler: int) -> IntArray:
    """Rows of different lengths as one array, filled up with `filler`."""
    padded = np.full((len(rows), max(len(row) for row in rows)), filler)
    for out, row in zip(padded, rows, strict=True):
        out[: len(row)] = row
    return padded


def smallest_columns(values: FloatArray, k: int, packed: int = _PACKED) -> IntArray:
    """Columns `[n, k]` of the k smallest of each row, in any order, by what they are without sign.

    As `np.argpartition` but for values that agree in their leading 12 of 24 bits, in half the
    time: the number of a column takes the place of the last bits of its value, so that what is
    partitioned carries it along. More columns than `packed` are taken in parts.
    """
    width, piece = values.shape[1], max(packed, 2 * k)
    if width > piece:
        starts = range(0, width, piece)
        parts = [values[:, start : start + piece] for start in starts]
        found = np.concatenate(
            [
                start + smallest_columns(p, min(k, p.shape[1]), packed)
                for start, p in zip(starts, parts, strict=True)
            ],
            axis=1,
        )
        inner = smallest_columns(np.take_along_axis(values, found, axis=1), k, packed)
        return np.take_along_axis(found, inner, axis=1)
    # But for the sign, bits of floats are in order when read as integers.
    last = np.int32((1 << (width - 1).bit_length()) - 1)
    keys = values.view(np.int32) & (np.int32(0x7FFFFFFF) & ~last)
    keys |= np.arange(width, dtype=np.int32)
    pieces = [keys[:, start : start + _PIECE] for start in range(0, width, _PIECE)]
    leading = [np.partition(p, min(k, p.shape[1]) - 1, axis=1)[:, :k] for p in pieces]
    smallest = np.partition(np.concatenate(leading, axis=1), k - 1, axis=1)[:, :k]
    return np.asarray(smallest & last, dtype=np.int64)
