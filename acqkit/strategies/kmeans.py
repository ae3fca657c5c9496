"""Strategy `kmeans`: the pair nearest to each of n centroids."""

from __future__ import annotations

import numpy as np

from acqkit.embeddings import IntArray
from acqkit.interfaces import Component, RoundContext
from acqkit.neighbors import Vectors, kmeans, paired_distances
from acqkit.selection import check_budget
from acqkit.strategies.order import points_of


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
        x = points_of(context, candidates)
        return candidates[central_rows(x, n, context.derive("kmeans"))]


def central_rows(x: Vectors, n: int, seed: int) -> IntArray:
    """`n` distinct rows of `x` `[k, d]`: the nearest to each of n centroids, largest cluster first.

    Where clusters are empty, rows that are farthest from their centroids come after these.
    """
    centroids, cluster = kmeans(x, n, seed)
    distances = paired_distances(x, centroids, cluster[:, None])[:, 0]
    order = np.lexsort((distances, cluster))
    first = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    central = order[first]
    sizes = np.bincount(cluster)
    central = central[np.argsort(-sizes[cluster[central]], kind="stable")]
    outlying = np.argsort(-distances, kind="stable")
    outlying = outlying[~np.isin(outlying, central)]
    return np.concatenate([central, outlying])[:n]
