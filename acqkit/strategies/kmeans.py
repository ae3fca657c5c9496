"""Strategy `kmeans`: the pair nearest to each of n centroids."""

from __future__ import annotations

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
        candidates = context.canonical(context.candidates)
        points = PoolPoints(context, candidates)
        return candidates[_central(*points.clusters(n, context.derive("kmeans")), n)]


def central_rows(x: FloatArray, n: int, seed: int) -> IntArray:
    """`n` distinct rows of `x` `[k, d]`: the nearest to each of n centroids, largest cluster first.

    Where clusters are empty, rows that are farthest from their centroids come after these.
    """
    centroids, cluster = kmeans(x, n, seed)
    return _central(cluster, paired_distances(x, centroids, cluster[:, None])[:, 0], n)


def _central(cluster: IntArray, distances: FloatArray, n: int) -> IntArray:
    """As `central_rows`, of clusters `[k]` and distances `[k]` to their centroids."""
    least = np.full(int(cluster.max()) + 1, np.inf, dtype=np.float32)
    np.minimum.at(least, cluster, distances)
    reached = np.flatnonzero(distances == least[cluster])
    central = reached[np.unique(cluster[reached], return_index=True)[1]]
    sizes = np.bincount(cluster)
    central = central[np.argsort(-sizes[cluster[central]], kind="stable")]
    if len(central) == n:
        return central
    outlying = np.argsort(-distances, kind="stable")
    outlying = outlying[~np.isin(outlying, central)]
    return np.concatenate([central, outlying])[:n]
