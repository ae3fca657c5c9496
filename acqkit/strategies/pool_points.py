"""Unified means of a pool and their k-means: read from front to back, or held on a device."""

from __future__ import annotations

import functools

import numpy as np

from acqkit.embeddings import FloatArray, IntArray, PairEmbeddings
from acqkit.engine import row_blocks
from acqkit.interfaces import RoundContext
from acqkit.neighbors import Vectors, kmeans_centroids, nearest, rows_learned_from, unit
from acqkit.strategies.order import means_only, points_of, unified_means

_ROWS = 4_096
"""Rows assigned at a time: 2 MiB of means of width 128, which stay in the cache."""


class PoolPoints:
    """Unified means of the pairs at ascending `positions` `[m]`; `directions`: of length 1.

    Where the round's device is `cpu` they are read when asked for, since to gather a large pool
    takes longer than its clusters. On another device all are brought there once.
    """

    def __init__(
        self, context: RoundContext, positions: IntArray, *, directions: bool = False
    ) -> None:
        self._context, self._positions, self._directions = context, positions, directions
        self._held: Vectors | None = None
        if context.device != "cpu":
            self._held = self.at(slice(None))

    def at(self, rows: IntArray | slice) -> Vectors:
        """Means `[r, d]` at some `rows` `[r]` of `positions`: an array, or a tensor there."""
        if self._held is not None:
            return self._held[rows]
        points = points_of(self._context, self._positions[rows])
        shown: Vectors = unit(points) if self._directions else points
        return shown

    def clusters(self, k: int, seed: int) -> tuple[IntArray, FloatArray]:
        """The cluster `[m]` of each pair, and squared distances `[m]` to its centroid.

        k-means learns from the first in canonical order, which are a random sample, in as many
        clusters as there are pairs at most. As `kmeans` in canonical order, where that would learn
        from all of them. Pairs are assigned by the round's engine, but for those on a device.
        """
        k = min(k, len(self._positions))
        first = self._context.canonical(self._positions, rows_learned_from(k))
        learned = self.at(np.searchsorted(self._positions, first))
        centroids = kmeans_centroids(learned, k, seed)
        if self._held is not None:
            squared, cluster = nearest(self._held, centroids)
            return cluster, squared
        cluster = np.empty(len(self._positions), dtype=np.int64)
        squared = np.empty(len(self._positions), dtype=np.float32)
        means = means_only(self._context.embeddings)
        assign = functools.partial(_assigned, means, self._directions, centroids)
        blocks, start = row_blocks(self._positions, _ROWS), 0
        for distances, found in self._context.engine.map(assign, blocks):
            rows = slice(start, start + len(found))
            squared[rows], cluster[rows] = distances, found
            start = rows.stop
        return cluster, squared


def _assigned(
    means: PairEmbeddings, directions: bool, centroids: FloatArray, positions: IntArray
) -> tuple[FloatArray, IntArray]:
    """`nearest` of the unified means at some positions; for workers."""
    points = unified_means(means, positions)
    return nearest(unit(points) if directions else points, centroids)
