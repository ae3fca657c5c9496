"""Strategy `lcmd`: the farthest pair of the cluster that is spread the most."""

from __future__ import annotations

import numpy as np

from acqkit.embeddings import FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.neighbors import nearest, squared_distances
from acqkit.selection import check_budget
from acqkit.strategies.order import settled, unified_means


class Lcmd(Component):
    """Repeatedly the farthest pair of the cluster with the largest sum of squared distances."""

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks in the order of choice (Holzmüller et al. 2023, LCMD-TP).

        Candidates belong to the nearest center: a labeled pair, one that waits for an answer,
        or an earlier pick. The cluster with the largest sum of squared distances, which is where
        the pool is dense and far from any label, gives its farthest candidate. Distances are
        Euclidean between unified means; without any center, the first pick is the candidate
        nearest to the candidates' mean. Scores are the distances to the center when picked (of
        that first pick: to the mean). One pass over the candidates per pick.
        """
        check_budget(n, len(context.candidates))
        candidates = context.canonical(context.candidates)
        x = unified_means(context.embeddings, candidates)
        centers = unified_means(context.embeddings, settled(context))
        rows, squared = largest_cluster(x, centers, n)
        return Selection(candidates[rows], np.sqrt(squared))


def largest_cluster(x: FloatArray, centers: FloatArray, n: int) -> tuple[IntArray, FloatArray]:
    """`n` distinct rows of `x` `[u, d]`, with centers `[l, d]`, and squared distances `[n]`.

    Of equals the first wins; rows that equal a center come last.
    """
    rows = np.empty(n, dtype=np.int64)
    squared = np.empty(n, dtype=np.float32)
    if len(centers):
        distances, cluster = nearest(x, centers)
    else:
        middle = x.mean(axis=0, dtype=np.float64).astype(np.float32)
        distances, cluster = squared_distances(x, middle), np.zeros(len(x), dtype=np.int64)
    free = np.ones(len(x), dtype=bool)
    step = np.empty(len(x), dtype=np.float32)
    for i in range(n):
        if i == 0 and not len(centers):
            rows[0] = np.argmin(distances)
            squared[0] = distances[rows[0]]
            distances[:] = np.inf
        else:
            rows[i] = _farthest_of_largest(distances, cluster, free)
            squared[i] = distances[rows[i]]
        free[rows[i]] = False
        squared_distances(x, x[rows[i]], step)
        closer = step < distances
        distances[closer] = step[closer]
        distances[rows[i]] = 0
        cluster[closer] = len(centers) + i
    return rows, squared


def _farthest_of_largest(distances: FloatArray, cluster: IntArray, free: np.ndarray) -> int:
    sums = np.bincount(cluster, weights=distances)
    inside = free & (cluster == np.argmax(sums)) if sums.max() > 0 else free
    return int(np.argmax(np.where(inside, distances, -1)))
