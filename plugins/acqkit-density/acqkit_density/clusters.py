"""Semantic regions: k-means on unified means, in one pass over pools of any size."""

from __future__ import annotations

import functools

import numpy as np

from acqkit import PairEmbeddings
from acqkit.embeddings import FloatArray, IntArray
from acqkit.engine import LOCAL, Engine, row_blocks
from acqkit.neighbors import kmeans, kmeans_centroids, nearest, unit
from acqkit_density.sample import SampleSizes

_ITERATIONS = 5
"""Of k-means on large pools; what more of them change is not seen in the picks."""
_ROUGH_ITERATIONS = 3
_FEWEST_ROUGH = 8_192
"""Rows from which the regions of a sample are learned at the least."""
_NEAR_GROUPS = 6
"""Groups of centers in which the nearest center is looked for; the nearest is in one of them for
all but a few rows in a hundred."""
_BLOCK = 16_384
"""Rows of a large pool that are read at a time: 8 MiB a modality at width 128."""


def semantic_regions(
    means: PairEmbeddings,
    order: IntArray,
    wanted: int,
    seed: int,
    sizes: SampleSizes,
    engine: Engine = LOCAL,
) -> tuple[int, IntArray]:
    """How many regions there are, and the region `[n]` of each pair of `order` `[n]`.

    Spherical k-means on unified means. In large pools it learns from the beginning of `order`,
    which is a random one, and every pair goes to the nearest center among those of nearby groups,
    which the engine looks for.
    """
    head = order[: max(sizes.whole, sizes.per_region * wanted)]
    points = unit(means.take(head).unified_mean())
    if len(order) <= sizes.whole:
        centers, region = kmeans(points, wanted, seed, spherical=True)
        return len(centers), region
    centers = _centers(points, wanted, seed, _ITERATIONS)
    assign = functools.partial(_assigned, means, _GroupedCenters(centers, seed))
    return len(centers), np.concatenate(list(engine.map(assign, row_blocks(order, _BLOCK))))


def rough_regions(
    points: FloatArray, wanted: int, seed: int, sizes: SampleSizes
) -> tuple[int, IntArray]:
    """Regions of unit vectors `[n, d]` in random order that need only hold what is near.

    From half the rows a region and fewer iterations than `semantic_regions`.
    """
    learned = points[: max(_FEWEST_ROUGH, sizes.per_region // 2 * wanted)]
    centers = _centers(learned, wanted, seed, _ROUGH_ITERATIONS)
    return len(centers), _GroupedCenters(centers, seed).nearest(points)


def _centers(points: FloatArray, wanted: int, seed: int, iterations: int) -> FloatArray:
    return kmeans_centroids(points, wanted, seed, spherical=True, iterations=iterations)


def _assigned(means: PairEmbeddings, centers: _GroupedCenters, positions: IntArray) -> IntArray:
    """The center of each pair at some positions; for workers."""
    return centers.nearest(unit(means.take(positions).unified_mean()))


class _GroupedCenters:
    """Centers `[K, d]` in √K groups; a row is compared with those of the groups nearest to it."""

    def __init__(self, centers: FloatArray, seed: int) -> None:
        groups = max(1, int(np.sqrt(len(centers))))
        self.groups, member = kmeans(centers, groups, seed, spherical=True)
        close = np.argsort(-self.groups @ self.groups.T, axis=1, kind="stable")[:, :_NEAR_GROUPS]
        self.members = [np.flatnonzero(np.isin(member, near)) for near in close]
        self.centers = centers

    def nearest(self, rows: FloatArray) -> IntArray:
        """The center of each of the unit vectors `rows` `[k, d]`."""
        group = nearest(rows, self.groups)[1]
        found = np.empty(len(rows), dtype=np.int64)
        by_group = np.argsort(group, kind="stable")
        for own in np.split(by_group, np.flatnonzero(np.diff(group[by_group])) + 1):
            members = self.members[group[own[0]]]
            best = (rows[own] @ self.centers[members].T).argmax(axis=1)
            found[own] = members[best]
        return found
