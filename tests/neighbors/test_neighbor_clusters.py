"""k-means and nearest centers against scikit-learn and the definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from acqkit.embeddings import FloatArray
from acqkit.neighbors import kmeans, nearest, unit


def _blobs(n: int = 600, k: int = 6, d: int = 5) -> FloatArray:
    rng = np.random.default_rng(0)
    centers = 5 * rng.standard_normal((k, d))
    return (centers[rng.integers(k, size=n)] + rng.standard_normal((n, d))).astype(np.float32)


def _inertia(x: FloatArray, centroids: FloatArray) -> float:
    return float(cdist(x, centroids, "sqeuclidean").min(axis=1).sum())


def test_as_good_as_scikit_learn_from_random_starts() -> None:
    x = _blobs()
    theirs = [KMeans(6, init="random", n_init=1, random_state=s).fit(x).inertia_ for s in range(10)]
    ours = [_inertia(x, kmeans(x, 6, s)[0]) for s in range(10)]
    assert np.median(ours) <= 1.1 * np.median(theirs)
    assert min(ours) <= 1.01 * min(theirs)


def test_every_row_is_in_its_nearest_cluster() -> None:
    x = _blobs()
    centroids, cluster = kmeans(x, 9, 1)
    assert centroids.shape == (9, 5)
    np.testing.assert_array_equal(cluster, cdist(x, centroids).argmin(axis=1))


def test_a_seed_gives_one_clustering_and_leaves_global_generators_alone() -> None:
    x = _blobs()
    state = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    first, again, other = (kmeans(x, 9, seed)[1] for seed in (2**62 + 5, 2**62 + 5, 7))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # type: ignore[index]  # noqa: NPY002


def test_spherical_centroids_have_length_one() -> None:
    centroids, _ = kmeans(unit(_blobs()), 6, 0, spherical=True)
    np.testing.assert_allclose(np.linalg.norm(centroids, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(("n", "k"), [(1, 1), (3, 10), (10, 10), (11, 10), (0, 3)])
def test_fewer_rows_than_clusters(n: int, k: int, capfd: pytest.CaptureFixture[str]) -> None:
    x = _blobs(max(n, 1))[:n]
    centroids, cluster = kmeans(x, k, 0)
    assert centroids.shape == (min(n, k), 5) and cluster.shape == (n,)
    assert ((cluster >= 0) & (cluster < max(len(centroids), 1))).all()
    assert capfd.readouterr() == ("", "")


def test_constant_rows_share_one_cluster(capfd: pytest.CaptureFixture[str]) -> None:
    centroids, cluster = kmeans(np.ones((50, 4), dtype=np.float32), 5, 0)
    assert np.isfinite(centroids).all() and len(np.unique(cluster)) == 1
    assert capfd.readouterr() == ("", "")


def test_more_rows_than_are_trained_on_are_all_assigned() -> None:
    x = np.tile(_blobs(), (70, 1))
    _, cluster = kmeans(x, 6, 0)
    assert len(cluster) == 42_000
    np.testing.assert_array_equal(cluster[:600], cluster[-600:])


@pytest.mark.parametrize("offset", [0.0, 2000.0])
def test_nearest_center(offset: float) -> None:
    x, centers = _blobs() + np.float32(offset), _blobs(20) + np.float32(offset)
    wanted = cdist(x.astype(np.float64), centers.astype(np.float64), "sqeuclidean")
    distances, index = nearest(x, centers)
    np.testing.assert_array_equal(index, wanted.argmin(axis=1))
    np.testing.assert_allclose(distances, wanted.min(axis=1), rtol=1e-4)
