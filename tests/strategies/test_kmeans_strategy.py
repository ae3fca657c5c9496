"""The strategy `kmeans`: the middle of each cluster."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scenarios import blobs, context_of
from scipy.spatial.distance import cdist

from acqkit.neighbors import clusters, kmeans, unit
from acqkit.selection import select
from acqkit.strategies import KMeans
from acqkit.strategies.pool_points import PoolPoints


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


@pytest.mark.parametrize("directions", [False, True])
def test_a_pool_is_clustered_as_its_means_would_be_held_whole(directions: bool) -> None:
    x = blobs(700, 5)
    context, everybody = context_of(x), np.arange(700)
    order = context.canonical(everybody)
    held = unit(x[order]) if directions else x[order]
    centroids, wanted = kmeans(held, 5, seed=3)
    cluster, squared = PoolPoints(context, everybody, directions=directions).clusters(5, seed=3)
    np.testing.assert_array_equal(cluster[order], wanted)
    distances = ((held - centroids[wanted]) ** 2).sum(axis=1)
    np.testing.assert_allclose(squared[order], distances, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_of_a_large_pool_k_means_learns_from_the_first_in_canonical_order(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(clusters, "_FEWEST_ROWS", 250)
    monkeypatch.setattr("acqkit.strategies.pool_points._ROWS", 64)
    x = blobs(700, 5)
    context, everybody = replace(context_of(x), device=device), np.arange(700)
    centroids = kmeans(x[context.canonical(everybody)[:250]], 5, seed=3)[0]
    cluster, squared = PoolPoints(context, everybody).clusters(5, seed=3)
    distances = cdist(x, centroids)
    np.testing.assert_array_equal(cluster, distances.argmin(axis=1))
    np.testing.assert_allclose(np.sqrt(squared), distances.min(axis=1), rtol=1e-4)
