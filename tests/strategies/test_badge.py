"""BADGE: factored distances equal those of the gradients themselves; draws as k-means++ does."""

from __future__ import annotations

import numpy as np
import pytest
from scenarios import context_of
from scipy.spatial.distance import cdist

from acqkit.embeddings import FloatArray
from acqkit.errors import EmbeddingError
from acqkit.selection import select
from acqkit.strategies import Badge
from acqkit.strategies.badge import FactoredGradients, hallucinated_residual, plus_plus


def _residual_and_means(multilabel: bool, n: int = 120) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(0)
    p = rng.random((n, 5)).astype(np.float32)
    if not multilabel:
        p /= p.sum(axis=1, keepdims=True)
    return hallucinated_residual(p, multilabel), rng.standard_normal((n, 9)).astype(np.float32)


def _materialized(residual: FloatArray, mean: FloatArray) -> FloatArray:
    outer = residual[:, :, None].astype(np.float64) * mean[:, None, :]
    return np.asarray(outer.reshape(len(mean), -1))


@pytest.mark.parametrize("multilabel", [False, True])
def test_factored_distances_equal_materialized_ones(multilabel: bool) -> None:
    residual, mean = _residual_and_means(multilabel)
    g = _materialized(residual, mean)
    gradients = FactoredGradients(residual, mean)
    np.testing.assert_allclose(gradients.squared_lengths, (g**2).sum(axis=1), rtol=1e-5)
    for row in (0, 17, 119):
        wanted = cdist(g, g[row : row + 1], "sqeuclidean")[:, 0]
        got = gradients.squared_distances(row)
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
        assert got[row] == 0


def test_residual_is_against_the_likeliest_labels() -> None:
    p = np.array([[0.2, 0.7, 0.1]], dtype=np.float32)
    np.testing.assert_allclose(hallucinated_residual(p, False), [[0.2, -0.3, 0.1]], rtol=1e-6)
    p = np.array([[0.5, 0.9, 0.1]], dtype=np.float32)
    np.testing.assert_allclose(hallucinated_residual(p, True), [[-0.5, -0.1, 0.1]], rtol=1e-5)


def test_first_the_longest_then_in_proportion_to_squared_distance() -> None:
    residual, mean = _residual_and_means(False, n=5)
    g = _materialized(residual, mean)
    first = int((g**2).sum(axis=1).argmax())
    weights = ((g - g[first]) ** 2).sum(axis=1)
    draws = 4000
    counts = np.zeros(5)
    gradients = FactoredGradients(residual, mean)
    for seed in range(draws):
        rows, squared = plus_plus(gradients, 2, np.random.default_rng(seed))
        assert rows[0] == first
        np.testing.assert_allclose(squared[1], weights[rows[1]], rtol=1e-4)
        counts[rows[1]] += 1
    expected = weights / weights.sum() * draws
    assert (np.abs(counts - expected) <= 4 * np.sqrt(expected) + 1e-9).all()


def test_distances_are_to_the_nearest_pick() -> None:
    residual, mean = _residual_and_means(True)
    g = _materialized(residual, mean)
    rows, squared = plus_plus(FactoredGradients(residual, mean), 40, np.random.default_rng(1))
    assert len(set(rows.tolist())) == 40
    for i in range(1, 40):
        nearest = ((g[rows[:i]] - g[rows[i]]) ** 2).sum(axis=1).min()
        np.testing.assert_allclose(squared[i], nearest, rtol=1e-3, atol=1e-5)


def test_copies_are_drawn_only_when_nothing_else_is_left() -> None:
    residual, mean = _residual_and_means(False, n=6)
    copies = np.repeat(np.arange(6), 30)
    gradients = FactoredGradients(residual[copies], mean[copies] + np.float32(50))
    for seed in range(20):
        rows, squared = plus_plus(gradients, 12, np.random.default_rng(seed))
        assert set(copies[rows[:6]].tolist()) == set(range(6))
        assert len(set(rows.tolist())) == 12 and (squared[6:] == 0).all()


def test_certain_pairs_have_no_gradient_and_are_left_to_chance() -> None:
    n = 30
    p = np.eye(4, dtype=np.float32)[np.arange(n) % 4]
    p[5] = 0.25
    means = np.random.default_rng(0).standard_normal((n, 3)).astype(np.float32)
    selections = [
        select(Badge(), context_of(means, probabilities=p, seed=seed), 4) for seed in range(6)
    ]
    assert all(s.positions[0] == 5 for s in selections)
    assert len({tuple(s.positions.tolist()) for s in selections}) > 3


def test_without_probabilities_the_error_says_what_to_do() -> None:
    with pytest.raises(EmbeddingError, match="label an initial set"):
        select(Badge(), context_of(np.ones((5, 2), dtype=np.float32)), 1)
