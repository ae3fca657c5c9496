"""Strategy `kmeans`: the pair nearest to each of n centroids."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from acqkit.embeddings import FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext
from acqkit.neighbors import kmeans, paired_distances
from acqkit.selection import check_budget
from acqkit.strategies.pool_points import PoolPoints


class KMeans(Component):
    """The candidates nearest to the centroids of k-means with one cluster per pick."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        """`n` picks `[n]`: k-means of the candidates' unified means, largest cluster first.

        Representative sampling, Xu et al. 2003, of all candidates instead of those in a margin.
        Where clusters are empty, because fewer than `n` candidates differ, the candidates
        farthest from their centroids are picked as well.
        """
        check_budget(n, len(context.candidates))
        candidates = np.sort(context.candidates)
        cluster, squared = PoolPoints(context, candidates).clusters(n, context.derive("kmeans"))

        def in_order(rows: IntArray) -> IntArray:
            return np.searchsorted(candidates, context.canonical(candidates[rows]))

        return candidates[_central(cluster, squared, n, in_order)]


def central_rows(x: FloatArray, n: int, seed: int) -> IntArray:
    """`n` distinct rows of `x` `[k, d]`: the nearest to each of n centroids, largest cluster first.

    Where clusters are empty, rows that are farthest from their centroids come after these.
    """
    centroids, cluster = kmeans(x, n, seed)
    distances = paired_distances(x, centroids, cluster[:, None])[:, 0]
    return _central(cluster, distances, n, lambda rows: rows)


def _central(
    cluster: IntArray, distances: FloatArray, n: int, in_order: Callable[[IntArray], IntArray]
) -> IntArray:
    """As `central_rows`, of clusters `[k]` and distances `[k]` to their centroids.

    in_order: rows in the order in which the first of equals wins.
    """
    least = np.full(int(cluster.max()) + 1, np.inf, dtype=np.float32)
    np.minimum.at(least, cluster, distances)
    reached = in_order(np.flatnonzero(distances == least[cluster]))
    central = reached[np.unique(cluster[reached], return_index=True)[1]]
    sizes = np.bincount(cluster)
    central = central[np.argsort(-sizes[cluster[central]], kind="stable")]
    if len(central) == n:
        return central
    others = in_order(np.setdiff1d(np.arange(len(cluster)), central))
    outlying = others[np.argsort(-distances[others], kind="stable")]
    return np.concatenate([central, outlying])[:n]
