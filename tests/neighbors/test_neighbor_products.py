"""Counts over tiles against whole matrices of products."""

from __future__ import annotations

import numpy as np
import pytest

from acqkit.embeddings import FloatArray
from acqkit.neighbors import count_similar, count_similar_among, most_similar_other, products, unit


@pytest.fixture(autouse=True, params=[1, 7, 64, 1024])
def _tile(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_TILE", request.param)


def _unit(n: int, seed: int) -> FloatArray:
    return unit(np.random.default_rng(seed).standard_normal((n, 5)).astype(np.float32))


@pytest.mark.parametrize(("n", "m"), [(90, 37), (1, 1), (3, 0), (0, 3)])
def test_count_similar(n: int, m: int) -> None:
    x, targets = _unit(n, 0), _unit(m, 1)
    np.testing.assert_array_equal(count_similar(x, targets, 0.3), (x @ targets.T >= 0.3).sum(1))


@pytest.mark.parametrize(("n", "m"), [(90, 90), (90, 37), (70, 64), (5, 1), (1, 1)])
def test_count_similar_among(n: int, m: int) -> None:
    x = _unit(n, 0)
    counted = np.random.default_rng(1).random(m) < 0.6
    wanted = (x @ x[:m][counted].T >= 0.3).sum(axis=1)
    np.testing.assert_array_equal(count_similar_among(x, counted, 0.3), wanted)


def test_most_similar_other() -> None:
    x, targets = _unit(50, 0), _unit(80, 1)
    rng = np.random.default_rng(2)
    groups, target_groups = rng.integers(3, size=50), rng.integers(2, size=80)
    product = np.where(groups[:, None] == target_groups, -1, x @ targets.T)
    got = most_similar_other(x, groups, targets, target_groups)
    np.testing.assert_allclose(got, product.max(axis=1), rtol=1e-6)
    alone = most_similar_other(x, np.zeros(50, int), targets, np.zeros(80, int))
    np.testing.assert_array_equal(alone, -1)
