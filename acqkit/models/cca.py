"""Canonical correlation analysis: a common space for two modalities without any label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import FloatArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Projection:
    """One modality into the common space: (x - center) @ weight, weight `[width, d]`."""

    center: Matrix
    weight: Matrix

    def apply(self, features: FloatArray) -> FloatArray:
        """Features `[k, width]` to embeddings `[k, d]` float32."""
        return np.asarray((features - self.center) @ self.weight, dtype=np.float32)


def fit_cca(
    a: FloatArray, b: FloatArray, components: int, ridge: float = 0.1
) -> tuple[Projection, Projection]:
    """Directions of highest correlation between `a` `[n, da]` and `b` `[n, db]`.

    At most `components` of them, each weighted by its correlation, so that cosine trusts
    what the modalities share most. `ridge` is a share of the mean variance added to each
    covariance's diagonal (Hotelling 1936; ridge: Vinod 1976), which also settles constant
    features and fewer pairs than dimensions. Work is done in the span of the pairs, so that it
    grows with the smaller of `n` and the width, cubed.
    """
    center_a, center_b = (np.asarray(x, np.float64).mean(axis=0) for x in (a, b))
    centered_a, centered_b = a - center_a, b - center_b
    whiten_a, whiten_b = (_whitening(x, ridge) for x in (centered_a, centered_b))
    cross = (centered_a @ whiten_a).T @ (centered_b @ whiten_b) / len(a)
    left, correlation, right = np.linalg.svd(cross, full_matrices=False)
    d = min(components, len(correlation))
    return (
        Projection(center_a, whiten_a @ left[:, :d] * correlation[:d]),
        Projection(center_b, whiten_b @ right[:d].T * correlation[:d]),
    )


def _whitening(centered: Matrix, ridge: float) -> Matrix:
    """Directions `[width, r]` in which `centered` `[n, width]` varies, scaled to variance 1.

    r is at most n: no pair reaches the directions left out, whose correlation is 0.
    """
    n, width = centered.shape
    if n < width:
        _, singular, transposed = np.linalg.svd(centered, full_matrices=False)
        values, vectors = singular**2 / n, transposed.T
    else:
        values, vectors = np.linalg.eigh(centered.T @ centered / n)
    mean_variance = float(np.square(centered).sum()) / n / width
    regular = np.maximum(values, 0) + ridge * (mean_variance if mean_variance > 0 else 1.0)
    return np.asarray(vectors / np.sqrt(regular))
