"""small-text: query strategies over indices, with a classifier that has predicted already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from small_text.query_strategies.bayesian import BALD
from small_text.query_strategies.coresets import greedy_coreset
from small_text.query_strategies.strategies import (
    BreakingTies,
    EmbeddingKMeans,
    LeastConfidence,
    PredictionEntropy,
)

from acqkit.embeddings import FloatArray, IntArray
from acqkit.neighbors import unit
from suite.speed.scene import Scene


@dataclass(frozen=True, eq=False)
class Predicted:
    """A classifier whose predictions for all pairs are there."""

    everywhere: FloatArray
    samples: FloatArray

    def predict_proba(self, dataset: Any, dropout_sampling: int = 1) -> FloatArray:
        """`[n, c]`, or with sampling `[n, passes, c]`."""
        return self.everywhere if dropout_sampling == 1 else self.samples


def _core_set(scene: Scene, batch: int) -> Callable[[], IntArray]:
    unlabeled, labeled = scene.unlabeled, scene.labeled

    def run() -> IntArray:
        rows = greedy_coreset(scene.mean, unlabeled, labeled, batch, distance_metric="euclidean")
        return np.asarray(unlabeled[rows])

    return run


def _by_confidence(strategy: Callable[[], Any]) -> Any:
    def prepare(scene: Scene, batch: int) -> Callable[[], IntArray]:
        model = Predicted(scene.probabilities, scene.samples)
        unlabeled, labeled = scene.unlabeled, scene.labeled
        dataset, y = scene.labels, scene.labels[labeled]

        def run() -> IntArray:
            return np.asarray(strategy().query(model, dataset, unlabeled, labeled, y, n=batch))

        return run

    return prepare


def _bald(scene: Scene, batch: int) -> Callable[[], IntArray]:
    unlabeled, labeled = scene.unlabeled, scene.labeled
    samples = np.ascontiguousarray(scene.samples.transpose(1, 0, 2))
    model, y = Predicted(scene.probabilities, samples), scene.labels[labeled]

    def run() -> IntArray:
        strategy = BALD(dropout_samples=len(scene.samples))
        return np.asarray(strategy.query(model, scene.labels, unlabeled, labeled, y, n=batch))

    return run


def _kmeans(scene: Scene, batch: int) -> Callable[[], IntArray]:
    unlabeled, labeled = scene.unlabeled, scene.labeled
    x, y = unit(scene.mean), scene.labels[labeled]

    def run() -> IntArray:
        strategy = EmbeddingKMeans(normalize=False)
        rows = strategy.sample(None, x, unlabeled, labeled, y, batch, x)
        return np.asarray(unlabeled[rows])

    return run


PREPARE = {
    "k-center": _core_set,
    "margin": _by_confidence(BreakingTies),
    "entropy": _by_confidence(PredictionEntropy),
    "least confidence": _by_confidence(LeastConfidence),
    "bald": _bald,
    "kmeans": _kmeans,
}
