"""Strategy `lcmd`: the farthest pair of the cluster that is spread the most."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from acqkit.embeddings import FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.neighbors import (
    Kind,
    beside,
    filled,
    library_of,
    mean_vector,
    nearest,
    squared_distances,
    whole_numbers,
)
from acqkit.selection import check_budget
from acqkit.strategies.order import points_of, settled


class Lcmd(Component):
    """Repeatedly the farthest pair of the cluster with the largest sum of squared distances."""

    holds_means: ClassVar[bool] = True

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
        x, centers = points_of(context, candidates), points_of(context, settled(context))
        rows, squared = largest_cluster(x, centers, n)
        return Selection(candidates[rows], np.sqrt(squared))


def largest_cluster(x: Kind, centers: Kind, n: int) -> tuple[IntArray, FloatArray]:
    """`n` distinct rows of `x` `[u, d]`, with centers `[l, d]`, and squared distances `[n]`.

    Of equals the first wins; rows that equal a center come last.
    """
    rows = np.empty(n, dtype=np.int64)
    squared = np.empty(n, dtype=np.float32)
    if len(centers):
        distances, cluster = (beside(values, like=x) for values in nearest(x, centers))
    else:
        distances = squared_distances(x, mean_vector(x))
        cluster = beside(np.zeros(len(x), dtype=np.int64), like=x)
    free = beside(np.ones(len(x), dtype=bool), like=x)
    step = filled(len(x), 0, like=x)
    for i in range(n):
        if i == 0 and not len(centers):
            rows[0] = int(distances.argmin())
            squared[0] = float(distances[rows[0]])
            distances[:] = np.inf
        else:
            rows[i] = _farthest_of_largest(distances, cluster, free, len(centers) + max(i, 1))
            squared[i] = float(distances[rows[i]])
        free[rows[i]] = False
        squared_distances(x, x[rows[i]], step)
        closer = step < distances
        distances[closer] = step[closer]
        distances[rows[i]] = 0
        cluster[closer] = len(centers) + i
    return rows, squared


def _farthest_of_largest(distances: Any, cluster: Any, free: Any, clusters: int) -> int:
    sums = _sums(distances, cluster, clusters)
    inside = free & (cluster == int(sums.argmax())) if float(sums.max()) > 0 else free
    return int(library_of(distances).where(inside, distances, -1).argmax())


def _sums(distances: Any, cluster: Any, clusters: int) -> Any:
    """The sum of the distances of each cluster, `[clusters]`."""
    if not isinstance(distances, Tensor):
        return np.bincount(cluster, weights=distances)
    parts = whole_numbers(distances)
    return parts.new_zeros(clusters).index_add_(0, cluster, parts)
