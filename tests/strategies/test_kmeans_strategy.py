"""The strategy `kmeans`: the middle of each cluster."""

from __future__ import annotations

import numpy as np
from scenarios import blobs, context_of
from scipy.spatial.distance import cdist

from acqkit.neighbors import kmeans
from acqkit.selection import select
from acqkit.strategies import KMeans


def test_picks_the_candidate_nearest_to_each_centroid() -> None:
    x = blobs(400, 6)
    context = context_of(x, labeled=range(20))
    candidates = context.canonical(context.candidates)
    centroids, cluster = kmeans(x[candidates], 6, context.derive("kmeans"))
    distances = cdist(x[candidates], centroids)
    distances[cluster[:, None] != np.arange(6)] = np.inf
    wanted = candidates[distances.argmin(axis=0)]
    picks = select(KMeans(), context, 6).positions
    assert sorted(picks.tolist()) == sorted(wanted.tolist())
    sizes = np.bincount(cluster)
    assert picks[0] in wanted[sizes == sizes.max()]


def test_fewer_distinct_pairs_than_clusters() -> None:
    x = np.repeat(blobs(3, 3), 20, axis=0)
    picks = select(KMeans(), context_of(x), 10).positions
    assert {int(p) // 20 for p in picks[:3]} == {0, 1, 2}
