"""ALiPy: query strategies over indices of a training set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from alipy.query_strategy.query_labels import (
    QueryInstanceCoresetGreedy,
    QueryInstanceGraphDensity,
    QueryInstanceUncertainty,
)

from acqkit.embeddings import IntArray
from suite.speed.scene import Scene


def _uncertain(measure: str) -> Any:
    def prepare(scene: Scene, batch: int) -> Callable[[], IntArray]:
        unlabeled = scene.unlabeled
        p = np.array(scene.probabilities[unlabeled])
        strategy = QueryInstanceUncertainty(measure=measure)
        return lambda: np.asarray(strategy.select_by_prediction_mat(unlabeled, p, batch_size=batch))

    return prepare


def _over_embeddings(strategy: Callable[..., Any]) -> Any:
    def prepare(scene: Scene, batch: int) -> Callable[[], IntArray]:
        x, y, everything = scene.mean, scene.labels, np.arange(len(scene.labels))

        def run() -> IntArray:
            made = strategy(x, y, everything)
            return np.asarray(made.select(scene.labeled, scene.unlabeled, batch_size=batch))

        return run

    return prepare


PREPARE = {
    "k-center": _over_embeddings(QueryInstanceCoresetGreedy),
    "margin": _uncertain("margin"),
    "entropy": _uncertain("entropy"),
    "least confidence": _uncertain("least_confident"),
    "coverage": _over_embeddings(QueryInstanceGraphDensity),
}
