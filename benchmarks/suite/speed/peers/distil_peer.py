"""DISTIL: the selections alone, without the data loader that feeds them one pair at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from distil.active_learning_strategies.badge import init_centers
from distil.active_learning_strategies.core_set import CoreSet

from acqkit.embeddings import FloatArray, IntArray
from suite.speed.scene import Scene


def _core_set(scene: Scene, batch: int) -> Callable[[], IntArray]:
    unlabeled = scene.unlabeled

    def run() -> IntArray:
        x, known = scene.mean[unlabeled], scene.mean[scene.labeled]
        rows = CoreSet.furthest_first(None, x, known, batch)
        return np.asarray(unlabeled[np.array(rows)])

    return run


def _badge(scene: Scene, batch: int) -> Callable[[], IntArray]:
    unlabeled = scene.unlabeled

    def run() -> IntArray:
        rows = init_centers(_gradients(scene, unlabeled), batch, "cpu")
        return np.asarray(unlabeled[np.array(rows)])

    return run


def _gradients(scene: Scene, rows: IntArray) -> FloatArray:
    """The gradient embeddings `[u, c·d]`, as the package makes them."""
    residual = scene.probabilities[rows]
    residual[np.arange(len(rows)), residual.argmax(axis=1)] -= 1
    product = residual[:, :, None] * scene.mean[rows][:, None, :]
    return product.reshape(len(rows), -1)


PREPARE = {"k-center": _core_set, "badge": _badge}
