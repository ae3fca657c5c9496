"""modAL: functions of a classifier, here one that has predicted already, and of X."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from modAL.density import information_density
from modAL.uncertainty import entropy_sampling, margin_sampling, uncertainty_sampling
from modAL.utils.selection import multi_argmax

from acqkit.embeddings import FloatArray, IntArray
from suite.speed.scene import Scene


@dataclass(frozen=True, eq=False)
class Predicted:
    """A classifier whose predictions are its input."""

    def predict_proba(self, X: FloatArray) -> FloatArray:
        """X itself."""
        return X


def _uncertain(sample: Callable[..., Any]) -> Any:
    def prepare(scene: Scene, batch: int) -> Callable[[], IntArray]:
        unlabeled = scene.unlabeled
        p = np.ascontiguousarray(scene.probabilities[unlabeled])
        return lambda: np.asarray(unlabeled[sample(Predicted(), p, n_instances=batch)[0]])

    return prepare


def _information_density(scene: Scene, batch: int) -> Callable[[], IntArray]:
    unlabeled = scene.unlabeled

    def run() -> IntArray:
        density = information_density(scene.mean[unlabeled])
        return np.asarray(unlabeled[multi_argmax(density, n_instances=batch)[0]])

    return run


PREPARE = {
    "margin": _uncertain(margin_sampling),
    "entropy": _uncertain(entropy_sampling),
    "least confidence": _uncertain(uncertainty_sampling),
    "coverage": _information_density,
}
