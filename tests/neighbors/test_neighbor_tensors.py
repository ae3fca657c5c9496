"""Vectors as tensors give what arrays give, but for the order of summation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from acqkit.embeddings import FloatArray
from acqkit.neighbors import (
    inner_products,
    kmeans,
    knn,
    mean_vector,
    nearest,
    paired_distances,
    search,
    squared_distances,
    tensors,
    unit,
)

N, D = 700, 9


def close(mine: object, wanted: object) -> None:
    np.testing.assert_allclose(np.asarray(mine), np.asarray(wanted), rtol=1e-5, atol=1e-5)


@pytest.fixture
def x() -> FloatArray:
    rows = np.random.default_rng(0).standard_normal((N, D), dtype=np.float32) + 3
    rows[5] = rows[4]
    return rows


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function goes through several blocks, the last of them short."""
    monkeypatch.setattr(tensors, "_HELD", 64 * D)
    monkeypatch.setattr(tensors, "_PRODUCTS", 64 * 100)
    monkeypatch.setattr(tensors, "_QUERIES", 100)


def test_passes_over_vectors(x: FloatArray) -> None:
    t = torch.from_numpy(x)
    out = torch.empty(N)
    close(unit(t).numpy(), unit(x))
    close(mean_vector(t).numpy(), mean_vector(x))
    close(squared_distances(t, t[4], out), squared_distances(x, x[4]))
    assert float(out[4]) == float(out[5]) == 0
    close(inner_products(t, t[4]), inner_products(x, x[4]))
    which = np.arange(2 * N).reshape(N, 2) % 50
    close(paired_distances(t, x[:50], which), paired_distances(x, x[:50], which))


def test_directions_of_rows_of_any_size() -> None:
    rows = torch.tensor([[0.0, 0.0], [1e-30, 0.0], [3e30, 4e30], [3.0, 4.0]])
    close(unit(rows), unit(rows.numpy()))


def test_the_nearest_center_and_neighbors_are_those_of_arrays(x: FloatArray) -> None:
    t = torch.from_numpy(x)
    distances, which = nearest(t, x[:30])
    wanted, of = nearest(x, x[:30])
    close(distances, wanted)
    assert (which == of).mean() > 0.99  # two rows are equal
    squared, found = knn(t, 7)
    wanted, of = knn(x, 7)
    close(squared, wanted)
    assert (found == of).mean() > 0.99
    assert not (found == np.arange(N)[:, None]).any()
    assert knn(t[:3], 7)[1].shape == (3, 2)


def test_kmeans_learns_from_the_rows_that_faiss_draws(
    x: FloatArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acqkit.neighbors.clusters._FEWEST_ROWS", 200)
    centroids, cluster = kmeans(torch.from_numpy(x), 4, seed=3)
    wanted, of = kmeans(x, 4, seed=3)
    np.testing.assert_array_equal(centroids, wanted)
    np.testing.assert_array_equal(cluster, of)


def test_float16_rows_are_worked_on_as_they_are(x: FloatArray) -> None:
    half = torch.from_numpy(x).half()
    close(unit(half.numpy()), unit(half))
    full = half.float()
    torch.testing.assert_close(unit(half), unit(full))
    torch.testing.assert_close(mean_vector(half), mean_vector(full))
    torch.testing.assert_close(inner_products(half, half[3]), inner_products(full, full[3]))
    torch.testing.assert_close(squared_distances(half, half[3]), squared_distances(full, full[3]))
    for mine, wanted in zip(knn(half, 5), knn(full, 5), strict=True):
        np.testing.assert_array_equal(mine, wanted)
    np.testing.assert_array_equal(nearest(half, full[:9])[1], nearest(full, full[:9])[1])


def test_lists_of_many_rows_find_the_share_of_neighbors_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "_WORTH_LISTS", 100)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 6), dtype=np.float32)[rng.integers(0, 40, 900)]
    x += 0.4 * rng.standard_normal((900, 6), dtype=np.float32)
    x[:30] = x[0]  # more duplicates than neighbors
    squared, found = knn(torch.from_numpy(x), 9, recall=0.9)
    wanted = knn(x, 9)[0]
    assert 0.85 < (squared <= wanted[:, -1:] * 1.0001 + 1e-9).mean() < 1
    assert (np.diff(squared, axis=1) >= 0).all()
    assert not (found == np.arange(900)[:, None]).any()
    assert all(len(set(row)) == 9 for row in found.tolist())
    close(squared, paired_distances(x, x, found))
    # As many neighbors as there are others: every list is looked at.
    assert knn(torch.from_numpy(x[:150]), 149, recall=0.5)[1].shape == (150, 149)
