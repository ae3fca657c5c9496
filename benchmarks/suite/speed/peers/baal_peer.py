"""BAAL: heuristics over predictions `[n, c, passes]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from baal.active.heuristics import BALD, Certainty, Entropy, Margin

from acqkit.embeddings import IntArray
from suite.speed.scene import Scene


def _of_one_pass(heuristic: Callable[[], Any]) -> Any:
    def prepare(scene: Scene, batch: int) -> Callable[[], IntArray]:
        unlabeled = scene.unlabeled
        p = np.ascontiguousarray(scene.probabilities[unlabeled])
        return lambda: np.asarray(unlabeled[heuristic()(p)[:batch]])

    return prepare


def _bald(scene: Scene, batch: int) -> Callable[[], IntArray]:
    unlabeled = scene.unlabeled
    p = np.ascontiguousarray(scene.samples[:, unlabeled].transpose(1, 2, 0))
    return lambda: np.asarray(unlabeled[BALD()(p)[:batch]])


PREPARE = {
    "margin": _of_one_pass(Margin),
    "entropy": _of_one_pass(Entropy),
    "least confidence": _of_one_pass(Certainty),
    "bald": _bald,
}
