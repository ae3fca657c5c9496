"""Nearest neighbors against brute force, with duplicates and by inverted file."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from acqkit.embeddings import FloatArray
from acqkit.errors import ConfigError
from acqkit.neighbors import knn, knn_among, search


def _brute(x: FloatArray, k: int) -> FloatArray:
    distances = cdist(x.astype(np.float64), x.astype(np.float64), "sqeuclidean")
    np.fill_diagonal(distances, np.inf)
    return np.sort(distances, axis=1)[:, :k].astype(np.float32)


def test_exact_neighbors() -> None:
    x = np.random.default_rng(0).standard_normal((400, 7)).astype(np.float32)
    distances, indices = knn(x, 10)
    np.testing.assert_allclose(distances, _brute(x, 10), rtol=1e-4)
    gathered = ((x[:, None] - x[indices]) ** 2).sum(axis=2)
    np.testing.assert_allclose(distances, gathered, rtol=1e-4)


def test_far_from_the_origin() -> None:
    x = (np.random.default_rng(0).standard_normal((300, 4)) + 3000).astype(np.float32)
    np.testing.assert_allclose(knn(x, 5)[0], _brute(x, 5), rtol=1e-3)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.integers(0, 3), min_size=0, max_size=40),
    k=st.integers(1, 12),
)
def test_duplicates_are_neighbors_and_a_row_is_not_its_own(rows: list[int], k: int) -> None:
    x = np.array(rows, dtype=np.float32)[:, None] * np.ones(3, dtype=np.float32)
    distances, indices = knn(x, k)
    n = len(rows)
    width = max(min(k, n - 1), 0)
    assert distances.shape == indices.shape == (n, width)
    assert (indices != np.arange(n)[:, None]).all()
    assert all(len(set(row)) == width for row in indices.tolist())
    if n:
        np.testing.assert_allclose(distances, _brute(x, width), rtol=1e-5)


def test_inverted_file_reaches_the_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_WORTH_AN_INDEX", 1000)
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((40, 8))
    x = (centers[rng.integers(40, size=4000)] + 0.5 * rng.standard_normal((4000, 8))).astype("f")
    exact = knn(x, 15)[1]
    for recall in (0.8, 0.95, 0.99):
        found = knn(x, 15, recall=recall)[1]
        shares = [len(set(a) & set(b)) / 15 for a, b in zip(found, exact, strict=True)]
        assert np.mean(shares) >= recall - 0.02
        assert (found != np.arange(4000)[:, None]).all() and (found >= 0).all()


def test_inverted_file_with_lists_shorter_than_k(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_WORTH_AN_INDEX", 100)
    x = np.repeat(np.arange(300, dtype=np.float32), 2)[:, None] ** 2 * np.ones(2, np.float32)
    found = knn(x, 40, recall=0.01)[1]
    assert found.shape == (600, 40) and (found >= 0).all()


@pytest.mark.parametrize("recall", [0.0, -1.0, 1.5])
def test_impossible_recall(recall: float) -> None:
    with pytest.raises(ConfigError, match="recall must be above 0"):
        knn(np.zeros((5, 2), dtype=np.float32), 1, recall=recall)


def test_neighbors_of_some_among_some() -> None:
    x = np.random.default_rng(0).standard_normal((60, 5)).astype(np.float32)
    x[41] = x[3]
    rows, targets = np.array([3, 10, 41]), np.arange(0, 50)
    distances, indices = knn_among(x, rows, 6, targets)
    every = cdist(x[rows].astype(np.float64), x[targets].astype(np.float64), "sqeuclidean")
    every[np.arange(3), rows] = np.inf
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :6], rtol=1e-4, atol=1e-5)
    assert indices[0, 0] == 41 and indices[2, 0] == 3 and (indices < 50).all()
    assert knn_among(x, rows, 6, np.arange(1))[0].shape == (3, 0)
