from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from acqkit.models.cca import fit_cca


def whitening(centered: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    """The covariance's inverse square root, by its whole eigenproblem."""
    covariance = centered.T @ centered / len(centered)
    regular = covariance + ridge * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(regular)
    return np.asarray(vectors / np.sqrt(values) @ vectors.T)


@pytest.mark.parametrize(
    ("n", "widths"), [(12, (40, 25)), (12, (40, 5)), (60, (9, 7)), (2, (8, 8))]
)
def test_the_span_of_the_pairs_gives_what_the_whole_space_gives(
    n: int, widths: tuple[int, int]
) -> None:
    rng = np.random.default_rng(n)
    shared = rng.normal(size=(n, 3))
    a, b = (
        (shared @ rng.normal(size=(3, width)) + rng.normal(size=(n, width))).astype(np.float32)
        for width in widths
    )
    k = min(4, n - 1, *widths)
    centered = [x - x.mean(axis=0) for x in (a.astype(float), b.astype(float))]
    whiten = [whitening(x, 0.1) for x in centered]
    cross = whiten[0] @ centered[0].T @ centered[1] @ whiten[1] / n
    left, correlation, right = np.linalg.svd(cross)
    # Directions have no sign, so what both embed is compared by its inner products.
    wanted_a = centered[0] @ whiten[0] @ left[:, :k] * correlation[:k]
    wanted_b = centered[1] @ whiten[1] @ right[:k].T * correlation[:k]
    got_a, got_b = (p.apply(x) for p, x in zip(fit_cca(a, b, k), (a, b), strict=True))
    for got, wanted in (
        (got_a @ got_a.T, wanted_a @ wanted_a.T),
        (got_a @ got_b.T, wanted_a @ wanted_b.T),
    ):
        assert np.allclose(got, wanted, atol=1e-5)


def test_constant_features_and_one_pair_settle() -> None:
    ones = np.ones((5, 9), np.float32)
    for side in (*fit_cca(ones, ones, 3), *fit_cca(ones[:1], ones[:1], 3)):
        assert np.isfinite(side.weight).all()
