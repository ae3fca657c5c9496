"""Hard inputs: finite, allowed, and what makes careless formulas give NaN."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acqkit.embeddings import FloatArray, ModalityEmbeddings
from acqkit.testing.scenes import Scene

TINY = 1e-30
"""So near zero that no float32 result may differ from the one for zero."""


def certain(scene: Scene, zero: float = 0.0) -> Scene:
    """Every third pair has class probabilities of exactly 0 and 1 (`zero` for 0)."""

    def change(side: ModalityEmbeddings) -> ModalityEmbeddings:
        assert side.probabilities is not None
        probabilities = side.probabilities.copy()
        rows = probabilities[::3]
        best = rows == rows.max(axis=1, keepdims=True)
        probabilities[::3] = np.where(best, np.float32(1), np.float32(zero))
        return replace(side, probabilities=probabilities)

    return scene.changed(change)


def zero_vectors(scene: Scene) -> Scene:
    """Every fourth pair has a mean of exactly zero, which has no direction."""

    def change(side: ModalityEmbeddings) -> ModalityEmbeddings:
        mean = side.mean.copy()
        mean[::4] = 0
        return replace(side, mean=mean)

    return scene.changed(change)


def far_out(scene: Scene) -> Scene:
    """Means up to a million, variances from 1e-12 to a million."""

    def change(side: ModalityEmbeddings) -> ModalityEmbeddings:
        mean = side.mean.copy()
        mean[::5] *= np.float32(1e6) / np.abs(mean).max()
        n, d = mean.shape
        exponents = np.linspace(-12, 6, n, dtype=np.float32)[:, None]
        variance: FloatArray = np.broadcast_to(np.float32(10) ** exponents, (n, d)).copy()
        return replace(side, mean=mean, variance=variance)

    return scene.changed(change)


def vanishing(scene: Scene) -> Scene:
    """Means of the order of 1e-12, as after a collapse of the training."""
    return scene.changed(lambda side: replace(side, mean=side.mean * np.float32(1e-12)))


HARD = {
    "probabilities of exactly 0 and 1": certain,
    "zero vectors": zero_vectors,
    "means up to 1e6 and variances from 1e-12 to 1e6": far_out,
    "means near zero": vanishing,
}
